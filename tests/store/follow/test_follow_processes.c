/* tier: medium, threads */
/* Processes: a writer with threads that compacts, is killed and begins anew, and followers that
 * read all the time. None reports a failure, and in the end all have the same state. HF_LONG=1: ten
 * of them, for a minute. */
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/hash.h"
#include "lib/real_store.h"
#include "lib/rng.h"
#include "lib/test.h"
#include "store/store.h"

enum {
	THREADS = 6,
	FOLLOWERS_MAX = 10,
	LIVES = 4,
	LIFE_MS = 900,
	LIFE_LONG_MS = 15000,
	OBJECTS = 64,
	BIG = 1500,
};

static unsigned followers = 4, life_ms = LIFE_MS;

/* Between all processes. */
static struct shared {
	atomic_bool over; /* the writer stands still: followers tell their digest */
	atomic_bool done; /* the writer may close */
	atomic_bool ready; /* its digest is there */
	_Atomic uint64_t digest[FOLLOWERS_MAX + 1];
	atomic_uint reads[FOLLOWERS_MAX], fresh[FOLLOWERS_MAX];
	atomic_uint acknowledged;
	char wrong[FOLLOWERS_MAX + 1][512];
} * shared;

static struct real_store *real;

static uint64_t digest_of(hf_store *store)
{
	struct hf__writer dump = {0};
	const uint64_t digest =
	    hf__state_dump(store, &dump, NULL) == HF_OK ? hf__checksum(dump.data, dump.len, 1) : 0;
	hf__writer_deinit(&dump);
	return digest;
}

static int complain(unsigned who, const char *what, const struct hf_error *error)
{
	(void)snprintf(shared->wrong[who], sizeof shared->wrong[who], "%s: %s (%s at %llu)", what,
	               error->text, error->file, (unsigned long long)error->offset);
	return 1;
}

/* --- The writer ------------------------------------------------------------------------------- */

static hf_store *writing;

/* A document and a cursor that say the same number, in one transaction. */
static int put_pair(struct hf_rng *rng, unsigned object, uint64_t number)
{
	char id[16], bytes[BIG];
	hf_txn *txn;
	(void)snprintf(id, sizeof id, "o%u", object);
	memset(bytes, 'a' + (int)(number % 26), sizeof bytes);
	(void)snprintf(bytes, sizeof bytes, "%llu", (unsigned long long)number);
	const struct hf_document_put_args put = {
	    .key = {hf_str("c"), hf_str(id)},
	    .payload = hf_bytes_of(bytes, hf_rng_chance(rng, 1, 2) ? sizeof bytes : 40)};
	const struct hf_cursor_advance_args advance = {.key = {hf_str("c"), hf_str("s"), hf_str(id)},
	                                               .sequence = (int64_t)number};
	if (hf_txn_begin(writing, &txn, NULL) != HF_OK)
		return HF_ENOMEM;
	if (hf_document_put(writing, txn, &put, NULL, NULL) != HF_OK ||
	    hf_cursor_advance(writing, txn, &advance, NULL, NULL) != HF_OK) {
		hf_txn_abandon(txn);
		return HF_EINVAL;
	}
	return hf_txn_commit(txn, hf_rng_chance(rng, 1, 4) ? HF_OS : HF_DURABLE, NULL);
}

static void *write_on(void *arg)
{
	const unsigned thread = *(const unsigned *)arg;
	struct hf_rng rng = hf_rng((uint64_t)getpid() * 31 + thread);
	uint64_t number = (uint64_t)getpid() << 20;
	while (!atomic_load(&shared->over)) {
		const unsigned object = thread + THREADS * (unsigned)hf_rng_below(&rng, OBJECTS / THREADS);
		(void)put_pair(&rng, object, ++number);
		(void)atomic_fetch_add(&shared->acknowledged, 1);
	}
	return NULL;
}

static int writer(void *arg)
{
	const bool last = arg != NULL;
	struct hf_error error = {0};
	const struct hf_options options = {
	    .create = true, .segment_size = 128u << 10, .compact_bytes = 256u << 10};
	pthread_t threads[THREADS];
	unsigned numbers[THREADS];
	if (hf_open(real->path, &options, &writing, &error) != HF_OK)
		return complain(FOLLOWERS_MAX, "writer", &error);
	for (unsigned i = 0; i < THREADS; i++) {
		numbers[i] = i;
		(void)pthread_create(&threads[i], NULL, write_on, &numbers[i]);
	}
	for (unsigned i = 0; i < THREADS; i++)
		(void)pthread_join(threads[i], NULL);
	if (!last || hf_sync(writing, &error) != HF_OK)
		return complain(FOLLOWERS_MAX, "writer", &error);
	atomic_store(&shared->digest[FOLLOWERS_MAX], digest_of(writing));
	atomic_store(&shared->ready, true);
	while (!atomic_load(&shared->done))
		real_sleep_ms(1);
	return hf_close(writing, NULL) == HF_OK ? 0 : 1;
}

/* --- Followers -------------------------------------------------------------------------------- */

/* Both say the same, in one state. */
static int check_pair(unsigned who, hf_store *store, unsigned object)
{
	char id[16];
	struct hf_document_got document = {0};
	struct hf_cursor_got cursor = {0};
	struct hf_error error = {0};
	bool changed;
	(void)snprintf(id, sizeof id, "o%u", object);
	const struct hf_document_key key = {hf_str("c"), hf_str(id)};
	const struct hf_cursor_key place = {hf_str("c"), hf_str("s"), hf_str(id)};
	if (hf_refresh(store, &changed, &error) != HF_OK)
		return complain(who, "refresh", &error);
	const int first = hf_document_get(store, &key, 0, &document, &error);
	if (first != HF_OK && first != HF_ENOTFOUND)
		return complain(who, "document", &error);
	const int second = hf_cursor_get(store, &place, 0, &cursor, &error);
	if (second != first)
		return complain(who, "the cursor of a document", &error);
	const bool same = first != HF_OK || strtoll(document.document.payload.data, NULL, 10) ==
	                                        cursor.cursor.last_sequence;
	hf_release(document.memory);
	hf_release(cursor.memory);
	return same ? 0 : complain(who, "half a transaction is shown", &error);
}

static int open_reader(unsigned who, hf_store **store)
{
	struct hf_error error = {0};
	const struct hf_options options = {.no_refresh = true};
	const int rc = hf_open_read(real->path, &options, store, &error);
	return rc == HF_OK ? 0 : complain(who, "open_read", &error);
}

static int tell_digest(unsigned who, hf_store *store)
{
	struct hf_error error = {0};
	while (!atomic_load(&shared->ready))
		real_sleep_ms(1);
	real_sleep_ms(50); /* the word in the witness may follow the answer */
	if (hf_refresh(store, NULL, &error) != HF_OK)
		return complain(who, "refresh", &error);
	atomic_store(&shared->digest[who], digest_of(store));
	return 0;
}

static int follow(void *arg)
{
	const unsigned who = *(const unsigned *)arg;
	struct hf_rng rng = hf_rng(who + 1);
	hf_store *store;
	int rc = open_reader(who, &store);
	while (rc == 0 && !atomic_load(&shared->over)) {
		rc = check_pair(who, store, (unsigned)hf_rng_below(&rng, OBJECTS));
		(void)atomic_fetch_add(&shared->reads[who], 1);
		/* Most follow all the time; one begins anew, as commands do. */
		if (rc == 0 && who == 0 && hf_rng_chance(&rng, 1, 20)) {
			(void)hf_close(store, NULL);
			rc = open_reader(who, &store);
			(void)atomic_fetch_add(&shared->fresh[who], 1);
		}
	}
	if (rc == 0)
		rc = tell_digest(who, store);
	return rc == 0 && hf_close(store, NULL) == HF_OK ? 0 : 1;
}

/* --- The test --------------------------------------------------------------------------------- */

static pid_t spawn(int (*body)(void *arg), void *arg)
{
	const pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		_exit(body(arg));
	return pid;
}

static void expect_end(pid_t pid, unsigned who)
{
	int status = 0;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		fail_msg("process %u ended with %d: %s", who, status, shared->wrong[who]);
}

static void followers_of_a_writer_that_is_killed_have_its_state(void **state)
{
	pid_t pids[FOLLOWERS_MAX], pid = -1;
	unsigned numbers[FOLLOWERS_MAX], reads = 0;
	int last = 1;
	if (getenv("HF_LONG")) {
		followers = FOLLOWERS_MAX;
		life_ms = LIFE_LONG_MS;
	}
	real = *state;
	shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_true(shared != MAP_FAILED);
	real_open(real);
	real_close(real);
	for (unsigned i = 0; i < followers; i++) {
		numbers[i] = i;
		pids[i] = spawn(follow, &numbers[i]);
	}
	for (unsigned life = 0; life < LIVES; life++) {
		pid = spawn(writer, life + 1 == LIVES ? &last : NULL);
		real_sleep_ms(life_ms);
		if (life + 1 < LIVES) {
			assert_int_equal(kill(pid, SIGKILL), 0);
			assert_int_equal(waitpid(pid, NULL, 0), pid);
		}
	}
	atomic_store(&shared->over, true);
	for (unsigned i = 0; i < followers; i++) {
		expect_end(pids[i], i);
		reads += atomic_load(&shared->reads[i]);
	}
	atomic_store(&shared->done, true);
	expect_end(pid, FOLLOWERS_MAX);
	for (unsigned i = 0; i < followers; i++)
		assert_int_equal(atomic_load(&shared->digest[i]),
		                 atomic_load(&shared->digest[FOLLOWERS_MAX]));
	printf("figure: %u commits, %u looks, %u openings\n", atomic_load(&shared->acknowledged), reads,
	       atomic_load(&shared->fresh[0]));
	assert_true(reads > 200);
	assert_int_equal(munmap(shared, sizeof *shared), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(followers_of_a_writer_that_is_killed_have_its_state,
	                                    real_setup, real_teardown),
	};
	return cmocka_run_group_tests_name("following in processes", tests, NULL, NULL);
}
