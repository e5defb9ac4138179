/* Backups on a real disk beside threads that write and one that compacts. */
#ifndef TESTS_BESIDE_CASE_H
#define TESTS_BESIDE_CASE_H

#include <dirent.h>

#include "lib/churn/writers.h"
#include "lib/follow/follower.h"
#include "lib/real_store.h"
#include "lib/remove_tree.h"
#include "lib/test.h"

enum { SEGMENT = 64 << 10 };

struct beside {
	struct real_store *real;
	struct writers writers;
	atomic_bool failed; /* a compaction was refused */
};

static inline void *beside_compact(void *arg)
{
	struct beside *b = arg;
	while (!atomic_load(&b->writers.over)) {
		const int rc = hf_compact(b->real->store, NULL);
		if (rc != HF_OK && rc != HF_EBLOCKED)
			atomic_store(&b->failed, true);
		real_sleep_ms(3);
	}
	return NULL;
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
	assert_int_equal(writers_put(store, 0, 1, HF_DURABLE), HF_OK);
	assert_int_equal(hf_close(store, NULL), HF_OK);
	remove_tree(path);
}

/* One backup: it opens, is clean, has all that was acknowledged before, and becomes a store. */
static inline void beside_round(struct beside *b, const char *name, bool link)
{
	unsigned before[WRITERS_MOST], value;
	char path[128];
	struct hf_backup_facts facts = {.size = sizeof facts};
	const struct hf_backup_options options = {.size = sizeof options, .link = link};
	struct hf_error error = {0};
	hf_store *store = NULL;
	(void)snprintf(path, sizeof path, "%s", real_beside(b->real, name));
	for (unsigned i = 0; i < b->writers.count; i++)
		before[i] = atomic_load(&b->writers.each[i].done);
	if (hf_backup(b->real->path, path, &options, &facts, &error) != HF_OK)
		fail_msg("backup: %s (%s)", error.text, hf_code_name(error.code));
	assert_int_equal(facts.copied + facts.shared + facts.linked + facts.kept, facts.bytes);
	beside_clean(path);
	assert_int_equal(hf_open_read(path, NULL, &store, &error), HF_OK);
	for (unsigned i = 0; i < b->writers.count; i++) {
		assert_int_equal(writers_read(store, i, 0, &value), HF_OK);
		assert_true(value >= before[i]);
	}
	const uint64_t digest = follower_digest(store);
	assert_int_equal(hf_close(store, NULL), HF_OK);
	beside_restored(b, path, digest);
}

/* `rounds` backups beside so many writers and compactions; of each third one the bytes are
 * compared again when all is over. */
static inline void beside_run(struct real_store *real, unsigned rounds, unsigned writers)
{
	struct beside b = {.real = real};
	pthread_t compacts;
	uint64_t *hashes = calloc(rounds, sizeof *hashes), all = 0;
	char name[32];
	assert_non_null(hashes);
	writers_start(&b.writers, real->store, writers);
	assert_int_equal(pthread_create(&compacts, NULL, beside_compact, &b), 0);
	for (unsigned i = 0; i < rounds; i++) {
		(void)snprintf(name, sizeof name, i % 3 ? "again" : "kept-%u", i);
		beside_round(&b, name, i % 2 == 0);
		if (i % 3 == 0)
			hashes[i] = beside_hash(real_beside(real, name));
	}
	writers_stop(&b.writers);
	(void)pthread_join(compacts, NULL);
	assert_false(atomic_load(&b.failed));
	writers_expect(&b.writers, real->store);
	for (unsigned i = 0; i < writers; i++)
		all += atomic_load(&b.writers.each[i].done);
	assert_true(all > rounds); /* a machine may be busy with other things */
	assert_int_equal(hf_compact(real->store, NULL), HF_OK);
	real_close(real);
	assert_int_equal(real_open_at(real, NULL, (struct hf_options){.segment_size = SEGMENT}), HF_OK);
	assert_int_equal(writers_put(real->store, 0, 1, HF_DURABLE), HF_OK);
	for (unsigned i = 0; i < rounds; i += 3) {
		(void)snprintf(name, sizeof name, "kept-%u", i);
		assert_int_equal(beside_hash(real_beside(real, name)), hashes[i]);
	}
	free(hashes);
}

#endif
