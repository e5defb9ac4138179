/* LevelDB: write-ahead log, sync=1, no compression (the values are random). */
#include "peers/peer.h"

#include <leveldb/c.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const size_t memtable_of_all = (size_t)1 << 30; /* LevelDB takes no more */

struct level {
	leveldb_t *db;
	leveldb_options_t *options;
	leveldb_writeoptions_t *write;
	leveldb_readoptions_t *read;
};

static bool complain(const char *what, char *error)
{
	fprintf(stderr, "leveldb, %s: %s\n", what, error);
	leveldb_free(error);
	return false;
}

static bool close_it(void *self)
{
	struct level *l = self;
	if (l->db)
		leveldb_close(l->db);
	leveldb_options_destroy(l->options);
	leveldb_writeoptions_destroy(l->write);
	leveldb_readoptions_destroy(l->read);
	free(l);
	return true;
}

static void *open_it(const struct peer_config *config)
{
	struct level *l = calloc(1, sizeof *l);
	char *error = NULL;
	if (!l)
		return NULL;
	l->options = leveldb_options_create();
	l->write = leveldb_writeoptions_create();
	l->read = leveldb_readoptions_create();
	leveldb_options_set_create_if_missing(l->options, 1);
	leveldb_options_set_compression(l->options, leveldb_no_compression);
	if (config->log_only)
		leveldb_options_set_write_buffer_size(l->options, memtable_of_all);
	leveldb_writeoptions_set_sync(l->write, 1);
	l->db = leveldb_open(l->options, config->directory, &error);
	if (l->db)
		return l;
	(void)complain("open", error);
	(void)close_it(l);
	return NULL;
}

static bool put(void *self, unsigned thread, const struct row *rows, size_t count)
{
	struct level *l = self;
	char *error = NULL;
	(void)thread;
	if (count == 1) {
		leveldb_put(l->db, l->write, (const char *)rows->key, ROW_KEY, (const char *)rows->value,
		            rows->len, &error);
	} else {
		leveldb_writebatch_t *batch = leveldb_writebatch_create();
		for (size_t i = 0; i < count; i++)
			leveldb_writebatch_put(batch, (const char *)rows[i].key, ROW_KEY,
			                       (const char *)rows[i].value, rows[i].len);
		leveldb_write(l->db, l->write, batch, &error);
		leveldb_writebatch_destroy(batch);
	}
	return !error || complain("put", error);
}

static bool get(void *self, unsigned thread, const struct row *row, void *out, size_t *len)
{
	struct level *l = self;
	char *error = NULL;
	(void)thread;
	char *value = leveldb_get(l->db, l->read, (const char *)row->key, ROW_KEY, len, &error);
	if (error)
		return complain("get", error);
	const bool good = value && *len <= ROW_VALUE_MAX;
	if (good)
		memcpy(out, value, *len);
	leveldb_free(value);
	return good;
}

const struct peer peer_leveldb = {.name = "LevelDB",
                                  .settings = "sync=1, no compression, else its defaults",
                                  .open = open_it,
                                  .put = put,
                                  .get = get,
                                  .close = close_it};
