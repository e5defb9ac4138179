/* tier: fast, threads */
/* The files that the next opening needs, while the store is open: cut, or a snapshot that goes. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/real_store.h"
#include "lib/test.h"
#include "store/internal.h"

static void copy_file(const char *from, const char *to)
{
	char command[512];
	(void)snprintf(command, sizeof command, "cp -a '%s' '%s'", from, to);
	assert_int_equal(system(command), 0);
}

static uint64_t size_of(const char *path)
{
	struct stat st;
	assert_int_equal(stat(path, &st), 0);
	return (uint64_t)st.st_size;
}

/* As if a second were over. */
static void let_it_look(struct real_store *real)
{
	atomic_store(&real->store->guard.looked_at, 0);
}

/* After a second at most the store has noticed: by a commit, or by upkeep without one. */
static void assert_fails(struct real_store *real, bool upkeep, const char *what)
{
	let_it_look(real);
	const int rc = upkeep ? hf_maintain(real->store, 0, &real->error) : real_enqueue(real, "x", 10);
	if (rc != HF_EUNCERTAIN)
		fail_msg("%s: %s", what, hf_code_name(rc));
	assert_int_equal(real_enqueue(real, "later", 10), HF_EFAILED);
	assert_non_null(strstr(real->error.text, "cut"));
	assert_int_equal(hf_close(real->store, NULL), HF_EFAILED);
	real->store = NULL;
}

static void fill(struct real_store *real, uint32_t beyond)
{
	struct hf_info info = {0};
	assert_int_equal(
	    real_open_at(
	        real, NULL,
	        (struct hf_options){.create = true, .no_background = true, .segment_size = 16384}),
	    HF_OK);
	for (unsigned i = 0; i < 100 && info.segment <= beyond; i++) {
		char id[16];
		(void)snprintf(id, sizeof id, "%u-%u", beyond, i);
		assert_int_equal(real_enqueue(real, id, 9000), HF_OK);
		assert_int_equal(hf_get_info(real->store, &info, NULL), HF_OK);
	}
}

/* A file that the next opening needs, and how much of it. */
static uint64_t needed(struct real_store *real, unsigned which, char path[192])
{
	const struct hf__position sealed = real->store->guard.sealed[0];
	char name[32];
	struct hf_info info = {0};
	assert_int_equal(hf_get_info(real->store, &info, NULL), HF_OK);
	(void)snprintf(name, sizeof name, "segment-%08x", which == 0 ? info.segment : sealed.segment);
	(void)snprintf(path, 192, "%s", real_file(real, which == 2 ? "IDENTITY" : name));
	return which == 1 ? sealed.offset : size_of(path);
}

static int is_snapshot(void *arg, const char *name)
{
	if (strncmp(name, "snapshot-", 9) == 0)
		(void)snprintf(arg, 32, "%s", name);
	return 0;
}

static void snapshot_name(struct real_store *real, char out[32])
{
	const struct hf__os *os = real->store->os;
	out[0] = '\0';
	assert_int_equal(os->list(os->ctx, is_snapshot, out), 0);
}

/* The segment that is written to, which has the size that its header states; one before it, which
 * need not have more than its groups; IDENTITY: by a byte, or to nothing. */
static void a_file_that_was_cut_fails_the_store(void **state)
{
	struct real_store *real = *state;
	for (unsigned i = 0; i < 12; i++) {
		char path[192];
		fill(real, 3 + i);
		const uint64_t end = needed(real, i / 4, path);
		copy_file(path, real_beside(real, "whole"));
		assert_int_equal(truncate(path, i % 2 ? (off_t)end - 1 : 0), 0);
		assert_fails(real, i / 2 % 2, path);
		assert_int_equal(rename(real_beside(real, "whole"), path), 0);
	}
	real_open(real);
}

/* The log before it is gone: without it the next opening has nothing. */
static void a_snapshot_that_goes_or_is_cut_fails_the_store(void **state)
{
	enum { REMOVED, CUT, REPLACED, WAYS };
	struct real_store *real = *state;
	for (unsigned i = 0; i < 4 * WAYS; i++) {
		char name[32], path[192];
		fill(real, 3 + i);
		assert_int_equal(hf_compact(real->store, &real->error), HF_OK);
		snapshot_name(real, name);
		if (i % 2) { /* the one that the opening began with, too */
			real_close(real);
			real_open(real);
		}
		(void)snprintf(path, sizeof path, "%s", real_file(real, name));
		copy_file(path, real_beside(real, "whole"));
		if (i / 4 == REMOVED)
			assert_int_equal(unlink(path), 0);
		else if (i / 4 == CUT)
			assert_int_equal(truncate(path, (off_t)size_of(path) - 1), 0);
		else {
			copy_file(real_file(real, "IDENTITY"), real_beside(real, "other"));
			assert_int_equal(rename(real_beside(real, "other"), path), 0);
		}
		assert_fails(real, i / 2 % 2, name);
		assert_int_equal(rename(real_beside(real, "whole"), path), 0);
	}
}

struct looking {
	struct real_store *real;
	atomic_bool stop;
	unsigned looks;
};

static void *look_all_the_time(void *arg)
{
	struct looking *l = arg;
	while (!atomic_load(&l->stop)) {
		atomic_store(&l->real->store->guard.looked_at, 0);
		(void)hf__guard_upkeep(l->real->store);
		l->looks++;
	}
	return NULL;
}

/* What a compaction removes is not missed by a look that listed it before. */
static void a_look_beside_compactions_misses_nothing(void **state)
{
	struct real_store *real = *state;
	struct looking l = {.real = real};
	struct hf_info info = {0};
	pthread_t thread;
	fill(real, 3);
	assert_int_equal(pthread_create(&thread, NULL, look_all_the_time, &l), 0);
	for (unsigned i = 0; i < 60; i++) {
		for (unsigned k = 0; k < 8; k++) {
			char id[16];
			(void)snprintf(id, sizeof id, "%u", k);
			const struct hf_outbox_remove_args remove = {.queue = hf_str("q"), .id = hf_str(id)};
			(void)real_enqueue(real, id, 9000);
			assert_int_equal(hf_outbox_remove(real->store, NULL, &remove, NULL, NULL), HF_OK);
		}
		assert_int_equal(hf_compact(real->store, &real->error), HF_OK);
	}
	atomic_store(&l.stop, true);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(hf_get_info(real->store, &info, NULL), HF_OK);
	assert_int_equal(info.fault, 0);
	print_message("%u looks\n", l.looks);
}

#define WITH_STORE(test) cmocka_unit_test_setup_teardown(test, real_setup, real_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    WITH_STORE(a_file_that_was_cut_fails_the_store),
	    WITH_STORE(a_snapshot_that_goes_or_is_cut_fails_the_store),
	    WITH_STORE(a_look_beside_compactions_misses_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
