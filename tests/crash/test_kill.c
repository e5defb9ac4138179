/* tier: medium */
/* Real processes on a real file system: a writer is killed at random moments, some of them while
 * it opens the store, and all it was told must be there afterwards. The killed writer is often
 * followed by another one at once, so that recoveries are killed too. */
#include <dirent.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lib/crash/ledger.h"
#include "lib/remove_tree.h"
#include "lib/rng.h"
#include "lib/test.h"
#include "log/segment.h"
#include "store/store.h"

enum { STORES = 6, KILLS_PER_STORE = 50 };

#define LIFE_MAX INT64_C(60000000) /* us, beside a hang */

struct kill_counts {
	unsigned kills, while_opening, while_rotating, recovered;
	uint64_t segments;
};

static struct kill_counts kills;
static struct ledger_counts total;

static int64_t now_us(void)
{
	struct timespec t;
	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

/* Reads what is there. false: the writer has ended and everything was read. */
static bool read_reports(struct ledger *ledger, int pipe, bool *opened)
{
	struct report reports[512];
	const ssize_t got = read(pipe, reports, sizeof reports);
	assert_true(got >= 0);
	assert_int_equal((size_t)got % sizeof reports[0], 0);
	for (size_t i = 0; i < (size_t)got / sizeof reports[0]; i++) {
		*opened = *opened || reports[i].kind == REPORT_OPENED;
		if (!ledger_note(ledger, &reports[i]))
			fail_msg("the writer failed");
	}
	return got > 0;
}

/* A writer is killed `after_us` behind its `answers`-th acknowledgement. Counted by its work, not
 * by the clock alone: a busy machine makes the test slower, not its kills worth less. */
struct life {
	uint64_t answers;
	int64_t after_us;
};

/* Reads for `left_us`, or until there are `answers` acknowledgements. */
static void follow(struct ledger *ledger, int pipe, bool *opened, uint64_t answers, int64_t left_us)
{
	const int64_t end = now_us() + left_us;
	for (int64_t left = left_us; left > 0; left = end - now_us()) {
		if (ledger_counts(ledger).acknowledgements >= answers)
			return;
		struct pollfd poll_for = {.fd = pipe, .events = POLLIN};
		const struct timespec wait = {.tv_sec = left / 1000000, .tv_nsec = left % 1000000 * 1000};
		if (ppoll(&poll_for, 1, &wait, NULL) > 0 && !read_reports(ledger, pipe, opened))
			fail_msg("the writer ended by itself");
	}
}

static void run_and_kill(struct ledger *ledger, const struct writer_start *start, struct life life)
{
	int pipe = -1, status = 0;
	bool opened = false;
	const uint64_t answers = ledger_counts(ledger).acknowledgements + life.answers;
	ledger_begin(ledger);
	const pid_t writer = writer_spawn(start, &pipe);
	assert_true(writer > 0);
	follow(ledger, pipe, &opened, answers, LIFE_MAX);
	if (ledger_counts(ledger).acknowledgements < answers)
		fail_msg("a writer that lives and answers nothing");
	follow(ledger, pipe, &opened, UINT64_MAX, life.after_us);
	assert_int_equal(kill(writer, SIGKILL), 0);
	while (read_reports(ledger, pipe, &opened))
		;
	assert_int_equal(waitpid(writer, &status, 0), writer);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	assert_int_equal(close(pipe), 0);
	kills.kills++;
	kills.while_opening += !opened;
}

/* Did the kill leave a segment in the making? */
static bool segment_unfinished(const char *path)
{
	bool found = false;
	DIR *dir = opendir(path);
	assert_non_null(dir);
	for (const struct dirent *entry = readdir(dir); entry; entry = readdir(dir))
		found = found || hf__segment_tmp_name(entry->d_name);
	assert_int_equal(closedir(dir), 0);
	return found;
}

static void reopen_and_check(struct ledger *ledger, const struct writer_start *start)
{
	struct hf_error error = {0};
	struct hf_info info = {0};
	hf_store *store = NULL;
	struct hf_options options = start->options;
	options.no_background = true;
	int rc = hf_open(start->path, &options, &store, &error);
	if (rc != HF_OK)
		fail_msg("after kill %u: %s: %s", kills.kills, hf_code_name(rc), error.text);
	assert_int_equal(hf_get_info(store, &info, NULL), HF_OK);
	kills.recovered += info.recovered;
	kills.segments = info.segment;
	ledger_check(ledger, store);
	assert_int_equal(hf__state_verify(store, &error), HF_OK);
	rc = hf_close(store, &error);
	if (rc != HF_OK)
		fail_msg("close: %s: %s", hf_code_name(rc), error.text);
}

/* A quarter of them hardly live, the others until they have done a little or some more. */
static struct life some_life(struct hf_rng *rng)
{
	if (hf_rng_chance(rng, 1, 4))
		return (struct life){0, hf_rng_range(rng, 100, 4000)};
	const uint64_t most = hf_rng_chance(rng, 3, 4) ? 10 : 40;
	return (struct life){1 + hf_rng_below(rng, most), hf_rng_range(rng, 0, 3000)};
}

static void add_counts(const struct ledger_counts *c)
{
	total.acknowledgements += c->acknowledgements;
	total.lost += c->lost;
	total.duplicated += c->duplicated;
	total.strange += c->strange;
	total.turned_up += c->turned_up;
	total.vanished += c->vanished;
	total.freed += c->freed;
	total.leased += c->leased;
}

static void kill_writers_of_one_store(unsigned number, struct hf_rng *rng)
{
	static const uint32_t sizes[] = {16 << 10, 64 << 10, 16 << 10, 32 << 10, 256 << 10, 16 << 10};
	char path[] = "kill-XXXXXX";
	assert_non_null(mkdtemp(path));
	struct ledger *ledger = ledger_new();
	struct writer_start start = {
	    .path = path,
	    /* kill -9 asks nothing of the file system: the page cache outlives the process. */
	    .options = {.create = true,
	                .allow_unsafe_fs = true,
	                .segment_size = sizes[number],
	                .pad = (uint32_t[]){0, 512, 4096}[number % 3]},
	};
	for (unsigned i = 0; i < KILLS_PER_STORE; i++) {
		ledger_continue(ledger, &start);
		start.seed = hf_rng_next(rng);
		start.options.no_background = hf_rng_chance(rng, 1, 3);
		run_and_kill(ledger, &start, some_life(rng));
		kills.while_rotating += segment_unfinished(path);
		if (i + 1 == KILLS_PER_STORE || hf_rng_chance(rng, 3, 4))
			reopen_and_check(ledger, &start);
	}
	const struct ledger_counts counts = ledger_counts(ledger);
	printf("segments of %3u KiB, pad %u: %" PRIu64 " acknowledgements, %" PRIu64
	       " segments, %" PRIu64 " items left\n",
	       sizes[number] >> 10, number % 2, counts.acknowledgements, kills.segments, counts.live);
	add_counts(&counts);
	ledger_free(ledger);
	remove_tree(path);
}

static void nothing_acknowledged_is_lost_or_doubled_by_kills(void **state)
{
	(void)state;
	struct hf_rng rng = hf_rng_for("kill");
	for (unsigned i = 0; i < STORES; i++)
		kill_writers_of_one_store(i, &rng);
	printf("figure: kill -9: %u kills (%u while opening, %u while making a segment), %" PRIu64
	       " acknowledgements, lost %" PRIu64 ", duplicated %" PRIu64 ", %u recoveries, %" PRIu64
	       " unanswered calls turned up, %" PRIu64 " did not, %" PRIu64
	       " claims free again, %" PRIu64 " held by their lease\n",
	       kills.kills, kills.while_opening, kills.while_rotating, total.acknowledgements,
	       total.lost, total.duplicated, kills.recovered, total.turned_up, total.vanished,
	       total.freed, total.leased);
	assert_true(total.lost == 0);
	assert_true(total.duplicated == 0);
	assert_true(total.strange == 0);
	assert_int_equal(kills.kills, STORES * KILLS_PER_STORE);
	assert_true(kills.while_opening > 0 && kills.recovered > kills.kills / 4);
	assert_true(total.acknowledgements > 1000 && total.turned_up > 0 && total.vanished > 0 &&
	            total.freed > 0 && total.leased > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(nothing_acknowledged_is_lost_or_doubled_by_kills),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
