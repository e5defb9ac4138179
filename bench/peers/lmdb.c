/* LMDB with its defaults: a commit syncs; one writer at a time. A get is a transaction of its own,
 * which each thread keeps and renews: the cheapest way that there is. */
#include "peers/peer.h"

#include <lmdb.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const size_t map_bytes = (size_t)16 << 30;

struct lmdb {
	MDB_env *env;
	MDB_dbi rows;
	unsigned threads;
	MDB_txn *readers[];
};

static bool complain(const char *what, int rc)
{
	fprintf(stderr, "lmdb, %s: %s\n", what, mdb_strerror(rc));
	return false;
}

static bool close_it(void *self)
{
	struct lmdb *l = self;
	for (unsigned i = 0; i < l->threads; i++)
		mdb_txn_abort(l->readers[i]);
	if (l->env)
		mdb_env_close(l->env);
	free(l);
	return true;
}

static int open_rows(struct lmdb *l, const struct peer_config *config)
{
	MDB_txn *txn;
	int rc = mdb_env_create(&l->env);
	if (rc == 0)
		rc = mdb_env_set_mapsize(l->env, map_bytes);
	if (rc == 0)
		rc = mdb_env_set_maxreaders(l->env, config->threads + 8);
	if (rc == 0) /* the transactions belong to no thread: this one closes them */
		rc = mdb_env_open(l->env, config->directory, MDB_NOTLS, 0600);
	if (rc == 0)
		rc = mdb_txn_begin(l->env, NULL, 0, &txn);
	if (rc != 0)
		return rc;
	rc = mdb_dbi_open(txn, NULL, 0, &l->rows);
	return rc == 0 ? mdb_txn_commit(txn) : rc;
}

static void *open_it(const struct peer_config *config)
{
	struct lmdb *l = calloc(1, sizeof *l + config->threads * sizeof(MDB_txn *));
	if (!l)
		return NULL;
	l->threads = config->threads;
	int rc = open_rows(l, config);
	for (unsigned i = 0; i < l->threads && rc == 0; i++) {
		rc = mdb_txn_begin(l->env, NULL, MDB_RDONLY, &l->readers[i]);
		if (rc == 0)
			mdb_txn_reset(l->readers[i]);
	}
	if (rc == 0)
		return l;
	(void)complain("open", rc);
	(void)close_it(l);
	return NULL;
}

static bool put(void *self, unsigned thread, const struct row *rows, size_t count)
{
	struct lmdb *l = self;
	MDB_txn *txn;
	(void)thread;
	int rc = mdb_txn_begin(l->env, NULL, 0, &txn);
	if (rc != 0)
		return complain("begin", rc);
	for (size_t i = 0; i < count && rc == 0; i++) {
		MDB_val key = {ROW_KEY, (void *)(uintptr_t)rows[i].key};
		MDB_val value = {rows[i].len, (void *)(uintptr_t)rows[i].value};
		rc = mdb_put(txn, l->rows, &key, &value, 0);
	}
	if (rc == 0)
		rc = mdb_txn_commit(txn);
	else
		mdb_txn_abort(txn);
	return rc == 0 || complain("put", rc);
}

static bool get(void *self, unsigned thread, const struct row *row, void *out, size_t *len)
{
	struct lmdb *l = self;
	MDB_txn *txn = l->readers[thread];
	MDB_val key = {ROW_KEY, (void *)(uintptr_t)row->key}, value;
	int rc = mdb_txn_renew(txn);
	if (rc != 0)
		return complain("renew", rc);
	rc = mdb_get(txn, l->rows, &key, &value);
	if (rc == 0 && value.mv_size <= ROW_VALUE_MAX) {
		*len = value.mv_size;
		memcpy(out, value.mv_data, value.mv_size);
	}
	mdb_txn_reset(txn);
	return rc == 0 || complain("get", rc);
}

const struct peer peer_lmdb = {.name = "LMDB",
                               .settings = "synchronous commits (the default); a get renews a "
                                           "read transaction",
                               .open = open_it,
                               .put = put,
                               .get = get,
                               .close = close_it};
