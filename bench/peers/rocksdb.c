/* RocksDB: write-ahead log, sync=1, no compression (the values are random). */
#include "peers/peer.h"

#include <rocksdb/c.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const size_t memtable_of_all = (size_t)1 << 30;

struct rocks {
	rocksdb_t *db;
	rocksdb_options_t *options;
	rocksdb_writeoptions_t *write;
	rocksdb_readoptions_t *read;
};

static bool complain(const char *what, char *error)
{
	fprintf(stderr, "rocksdb, %s: %s\n", what, error);
	rocksdb_free(error);
	return false;
}

static bool close_it(void *self)
{
	struct rocks *r = self;
	if (r->db)
		rocksdb_close(r->db);
	rocksdb_options_destroy(r->options);
	rocksdb_writeoptions_destroy(r->write);
	rocksdb_readoptions_destroy(r->read);
	free(r);
	return true;
}

static void *open_it(const struct peer_config *config)
{
	struct rocks *r = calloc(1, sizeof *r);
	char *error = NULL;
	if (!r)
		return NULL;
	r->options = rocksdb_options_create();
	r->write = rocksdb_writeoptions_create();
	r->read = rocksdb_readoptions_create();
	rocksdb_options_set_create_if_missing(r->options, 1);
	rocksdb_options_set_compression(r->options, rocksdb_no_compression);
	if (config->log_only)
		rocksdb_options_set_write_buffer_size(r->options, memtable_of_all);
	rocksdb_writeoptions_set_sync(r->write, 1);
	r->db = rocksdb_open(r->options, config->directory, &error);
	if (r->db)
		return r;
	(void)complain("open", error);
	(void)close_it(r);
	return NULL;
}

static bool put(void *self, unsigned thread, const struct row *rows, size_t count)
{
	struct rocks *r = self;
	char *error = NULL;
	(void)thread;
	if (count == 1) {
		rocksdb_put(r->db, r->write, (const char *)rows->key, ROW_KEY, (const char *)rows->value,
		            rows->len, &error);
	} else {
		rocksdb_writebatch_t *batch = rocksdb_writebatch_create();
		for (size_t i = 0; i < count; i++)
			rocksdb_writebatch_put(batch, (const char *)rows[i].key, ROW_KEY,
			                       (const char *)rows[i].value, rows[i].len);
		rocksdb_write(r->db, r->write, batch, &error);
		rocksdb_writebatch_destroy(batch);
	}
	return !error || complain("put", error);
}

static bool get(void *self, unsigned thread, const struct row *row, void *out, size_t *len)
{
	struct rocks *r = self;
	char *error = NULL;
	(void)thread;
	char *value = rocksdb_get(r->db, r->read, (const char *)row->key, ROW_KEY, len, &error);
	if (error)
		return complain("get", error);
	const bool good = value && *len <= ROW_VALUE_MAX;
	if (good)
		memcpy(out, value, *len);
	rocksdb_free(value);
	return good;
}

const struct peer peer_rocksdb = {.name = "RocksDB",
                                  .settings = "sync=1, no compression, else its defaults",
                                  .open = open_it,
                                  .put = put,
                                  .get = get,
                                  .close = close_it};
