/* Backups on a real disk beside threads that write and one that compacts. */
#ifndef TESTS_BESIDE_CASE_H
#define TESTS_BESIDE_CASE_H

#include <dirent.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/follow/follower.h"
#include "lib/real_store.h"
#include "lib/remove_tree.h"
#include "lib/test.h"

enum { WRITERS_MAX = 8, BIG = 1500, SEGMENT = 64 << 10 };

struct beside {
	struct real_store *real;
	atomic_bool over;
	atomic_uint done[WRITERS_MAX]; /* what each document says, as acknowledged */
	atomic_bool failed;
};

struct beside_writer {
	struct beside *beside;
	unsigned number;
};

static inline int beside_put(hf_store *store, unsigned number, unsigned value)
{
	char id[16], bytes[BIG];
	(void)snprintf(id, sizeof id, "w%u", number);
	memset(bytes, (int)(value & 0x7f), sizeof bytes);
	(void)snprintf(bytes, sizeof bytes, "%u", value);
	const struct hf_document_put_args args = {
	    .key = {hf_str("c"), hf_str(id)},
	    .payload = hf_bytes_of(bytes, value % 2 ? sizeof bytes : 40),
	};
	return hf_document_put(store, NULL, &args, NULL, NULL);
}

static inline void *beside_write(void *arg)
{
	const struct beside_writer *w = arg;
	struct beside *b = w->beside;
	while (!atomic_load(&b->over) && !atomic_load(&b->failed)) {
		const unsigned value = atomic_load(&b->done[w->number]) + 1;
		if (beside_put(b->real->store, w->number, value) != HF_OK)
			atomic_store(&b->failed, true);
		else
			atomic_store(&b->done[w->number], value);
	}
	return NULL;
}

static inline void *beside_compact(void *arg)
{
	struct beside *b = arg;
	while (!atomic_load(&b->over)) {
		const int rc = hf_compact(b->real->store, NULL);
		if (rc != HF_OK && rc != HF_EBLOCKED)
			atomic_store(&b->failed, true);
		real_sleep_ms(3);
	}
	return NULL;
}

/* The document of a writer: what it says; 0: there is none. */
static inline unsigned beside_value(hf_store *store, unsigned number)
{
	char id[16];
	struct hf_document_got got = {0};
	(void)snprintf(id, sizeof id, "w%u", number);
	const struct hf_document_key key = {hf_str("c"), hf_str(id)};
	const int rc = hf_document_get(store, &key, 0, &got, NULL);
	if (rc == HF_ENOTFOUND)
		return 0;
	assert_int_equal(rc, HF_OK);
	const char *bytes = got.document.payload.data;
	const unsigned value = (unsigned)strtoul(bytes, NULL, 10);
	assert_int_equal(got.document.payload.len, value % 2 ? BIG : 40);
	assert_true(value % 2 == 0 || bytes[BIG - 1] == (char)(value & 0x7f));
	hf_release(got.memory);
	return value;
}

/* Of all files, byte for byte, but for LOCK; names too. */
static inline uint64_t beside_hash(const char *path)
{
	uint64_t sum = 0;
	DIR *dir = opendir(path);
	assert_non_null(dir);
	for (struct dirent *entry; (entry = readdir(dir)) != NULL;) {
		char name[512];
		static uint8_t bytes[1 << 20];
		size_t got;
		if (entry->d_name[0] == '.' || strcmp(entry->d_name, "LOCK") == 0)
			continue;
		(void)snprintf(name, sizeof name, "%s/%s", path, entry->d_name);
		FILE *file = fopen(name, "rb");
		assert_non_null(file);
		uint64_t hash = 14695981039346656037u;
		for (const char *at = entry->d_name; *at; at++)
			hash = (hash ^ (uint8_t)*at) * 1099511628211u;
		while ((got = fread(bytes, 1, sizeof bytes, file)) > 0)
			for (size_t i = 0; i < got; i++)
				hash = (hash ^ bytes[i]) * 1099511628211u;
		(void)fclose(file);
		sum += hash;
	}
	(void)closedir(dir);
	return sum;
}

static inline void beside_clean(const char *path)
{
	struct hf_fsck_summary sum = {0};
	struct hf_error error = {0};
	if (hf_fsck(path, NULL, NULL, NULL, &sum, &error) != HF_OK)
		fail_msg("fsck of %s: %s", path, error.text);
	for (unsigned i = 0; i < HF_FSCK_SEVERITIES; i++)
		assert_int_equal(sum.findings[i], 0);
	assert_true(sum.state_checked);
}

static inline void beside_restored(struct beside *b, const char *backup, uint64_t digest)
{
	char path[128];
	struct hf_error error = {0};
	hf_store *store = NULL;
	const struct hf_options options = {.no_background = true, .allow_unsafe_fs = true};
	const struct hf_restore_options restore = {.allow_unsafe_fs = true};
	(void)snprintf(path, sizeof path, "%s", real_beside(b->real, "restored"));
	if (hf_restore(backup, path, &restore, NULL, &error) != HF_OK)
		fail_msg("restore: %s", error.text);
	beside_clean(path);
	assert_int_equal(hf_open(path, &options, &store, NULL), HF_OK);
	assert_int_equal(follower_digest(store), digest);
	assert_int_equal(beside_put(store, 0, 1), HF_OK);
	assert_int_equal(hf_close(store, NULL), HF_OK);
	remove_tree(path);
}

/* One backup: it opens, is clean, has all that was acknowledged before, and becomes a store. */
static inline void beside_round(struct beside *b, const char *name, bool link, unsigned writers)
{
	unsigned before[WRITERS_MAX];
	char path[128];
	struct hf_backup_facts facts = {.size = sizeof facts};
	const struct hf_backup_options options = {.size = sizeof options, .link = link};
	struct hf_error error = {0};
	hf_store *store = NULL;
	(void)snprintf(path, sizeof path, "%s", real_beside(b->real, name));
	for (unsigned i = 0; i < writers; i++)
		before[i] = atomic_load(&b->done[i]);
	if (hf_backup(b->real->path, path, &options, &facts, &error) != HF_OK)
		fail_msg("backup: %s (%s)", error.text, hf_code_name(error.code));
	assert_int_equal(facts.copied + facts.shared + facts.linked + facts.kept, facts.bytes);
	beside_clean(path);
	assert_int_equal(hf_open_read(path, NULL, &store, &error), HF_OK);
	for (unsigned i = 0; i < writers; i++)
		assert_true(beside_value(store, i) >= before[i]);
	const uint64_t digest = follower_digest(store);
	assert_int_equal(hf_close(store, NULL), HF_OK);
	beside_restored(b, path, digest);
}

/* `rounds` backups beside so many writers and compactions; of each third one the bytes are
 * compared again when all is over. */
static inline void beside_run(struct real_store *real, unsigned rounds, unsigned writers)
{
	struct beside b = {.real = real};
	struct beside_writer each[WRITERS_MAX];
	pthread_t threads[WRITERS_MAX], compacts;
	uint64_t *hashes = calloc(rounds, sizeof *hashes), all = 0;
	char name[32];
	assert_non_null(hashes);
	for (unsigned i = 0; i < writers; i++) {
		each[i] = (struct beside_writer){&b, i};
		assert_int_equal(pthread_create(&threads[i], NULL, beside_write, &each[i]), 0);
	}
	assert_int_equal(pthread_create(&compacts, NULL, beside_compact, &b), 0);
	for (unsigned i = 0; i < rounds; i++) {
		(void)snprintf(name, sizeof name, i % 3 ? "again" : "kept-%u", i);
		beside_round(&b, name, i % 2 == 0, writers);
		if (i % 3 == 0)
			hashes[i] = beside_hash(real_beside(real, name));
	}
	atomic_store(&b.over, true);
	for (unsigned i = 0; i < writers; i++)
		(void)pthread_join(threads[i], NULL);
	(void)pthread_join(compacts, NULL);
	assert_false(atomic_load(&b.failed));
	for (unsigned i = 0; i < writers; i++) {
		assert_int_equal(beside_value(real->store, i), atomic_load(&b.done[i]));
		all += atomic_load(&b.done[i]);
	}
	assert_true(all > rounds); /* a machine may be busy with other things */
	assert_int_equal(hf_compact(real->store, NULL), HF_OK);
	real_close(real);
	assert_int_equal(real_open_at(real, NULL, (struct hf_options){.segment_size = SEGMENT}), HF_OK);
	assert_int_equal(beside_put(real->store, 0, 1), HF_OK);
	for (unsigned i = 0; i < rounds; i += 3) {
		(void)snprintf(name, sizeof name, "kept-%u", i);
		assert_int_equal(beside_hash(real_beside(real, name)), hashes[i]);
	}
	free(hashes);
}

#endif
