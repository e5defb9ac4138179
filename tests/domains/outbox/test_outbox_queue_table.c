/* tier: fast */
/* Operations on a queue as a whole, on queues in each state: pause, resume, configure,
 * claim_next, redrive, clear, completed ids; with their answers and the figures that stats give
 * afterwards, in every setting, plainly, in a transaction, and where the settings have a version
 * with one that is right and one that is wrong. */
#include "lib/domains/cells.h"
#include "lib/domains/outbox_cells.h"
#include "lib/test.h"

#define HOUR (3600 * SECOND)

/* --- States ----------------------------------------------------------------------------------- */

struct arranging {
	hf_store *store;
	struct hf_bytes queue;
};

static void expect_ok(int rc, const struct hf_error *error)
{
	if (rc != HF_OK)
		fail_msg("arranging: %s", error->text);
}

static void add(const struct arranging *at, const char *id, const char *group, int32_t priority,
                hf_time available_at)
{
	struct hf_error error = {0};
	const struct hf_outbox_enqueue_args args = {.queue = at->queue,
	                                            .id = hf_str(id),
	                                            .payload = hf_str("p"),
	                                            .enqueued_at = ARRANGED,
	                                            .available_at = available_at,
	                                            .priority = priority,
	                                            .group = hf_str(group)};
	expect_ok(hf_outbox_enqueue(at->store, NULL, &args, NULL, &error), &error);
}

static hf_token hold(const struct arranging *at, const char *id)
{
	struct hf_error error = {0};
	struct hf_result result;
	const struct hf_outbox_claim_args args = {
	    .queue = at->queue, .id = hf_str(id), .owner = hf_str("w"), .lease_us = HOUR};
	expect_ok(hf_outbox_claim(at->store, NULL, &args, NULL, &result, &error), &error);
	return result.token;
}

static void settings(const struct arranging *at, uint32_t max_attempts, int64_t window)
{
	struct hf_error error = {0};
	const struct hf_outbox_configure_args args = {
	    .queue = at->queue, .max_attempts = max_attempts, .dedup_window_us = window};
	expect_ok(hf_outbox_configure(at->store, NULL, &args, NULL, &error), &error);
}

static void arrange_nothing(const struct arranging *at)
{
	(void)at;
}
static void arrange_configured(const struct arranging *at)
{
	settings(at, 7, 0);
}
static void arrange_queued(const struct arranging *at)
{
	add(at, "a", "", 0, ARRANGED);
	add(at, "b", "", -1, ARRANGED);
}
static void arrange_delayed(const struct arranging *at)
{
	add(at, "a", "", 0, DELAYED);
}
static void arrange_paused(const struct arranging *at)
{
	struct hf_error error = {0};
	add(at, "a", "", 0, ARRANGED);
	expect_ok(hf_outbox_pause(at->store, NULL, &(struct hf_outbox_pause_args){.queue = at->queue},
	                          NULL, &error),
	          &error);
}
static void arrange_held(const struct arranging *at)
{
	add(at, "a", "", 0, ARRANGED);
	(void)hold(at, "a");
}
static void arrange_failed(const struct arranging *at)
{
	static const char *const ids[] = {"a", "b"}, *const reasons[] = {"boom", "bang"};
	struct hf_error error = {0};
	for (unsigned i = 0; i < 2; i++) {
		add(at, ids[i], i == 0 ? "g" : "", 0, ARRANGED);
		const struct hf_outbox_mark_failed_args args = {
		    .queue = at->queue, .id = hf_str(ids[i]), .reason = hf_str(reasons[i])};
		expect_ok(hf_outbox_mark_failed(at->store, NULL, &args, NULL, &error), &error);
	}
}
/* The second of its group is more urgent; its turn it is not. */
static void arrange_grouped(const struct arranging *at)
{
	add(at, "a", "g", 0, ARRANGED);
	add(at, "b", "g", -5, ARRANGED);
	add(at, "c", "h", 0, ARRANGED);
}
static void arrange_busy(const struct arranging *at)
{
	add(at, "a", "g", 0, ARRANGED);
	add(at, "b", "g", 0, ARRANGED);
	(void)hold(at, "a");
}
static void arrange_head_delayed(const struct arranging *at)
{
	add(at, "a", "g", 0, DELAYED);
	add(at, "b", "g", 0, ARRANGED);
}
static void arrange_completed(const struct arranging *at)
{
	static const char *const ids[] = {"a", "b"};
	struct hf_error error = {0};
	settings(at, 0, HOUR);
	for (unsigned i = 0; i < 2; i++) {
		add(at, ids[i], "", 0, ARRANGED);
		const struct hf_outbox_complete_args args = {
		    .queue = at->queue, .id = hf_str(ids[i]), .token = hold(at, ids[i])};
		expect_ok(hf_outbox_complete(at->store, NULL, &args, NULL, &error), &error);
	}
}

enum { STATES_OF_QUEUE = 11 };

static const struct {
	const char *name;
	void (*arrange)(const struct arranging *at);
	const char *figures;
} states[STATES_OF_QUEUE] = {
    {"no queue", arrange_nothing, "q0 s0 f0"},
    {"configured", arrange_configured, "q0 s0 f0 7x"},
    {"queued items", arrange_queued, "q2 s0 f0"},
    {"delayed item", arrange_delayed, "q1 s0 f0"},
    {"paused", arrange_paused, "q1 s0 f0 paused"},
    {"held item", arrange_held, "q0 s1 f0"},
    {"failed items", arrange_failed, "q0 s0 f2"},
    {"grouped items", arrange_grouped, "q3 s0 f0 g2/0/1"},
    {"busy group", arrange_busy, "q1 s1 f0 g1/1/1"},
    {"delayed group", arrange_head_delayed, "q2 s0 f0 g1/0/1"},
    {"completed ids", arrange_completed, "q0 s0 f0 d2/0 window"},
};

/* --- Operations ------------------------------------------------------------------------------- */

struct doing {
	hf_store *store;
	hf_txn *txn;
	struct hf_bytes queue;
	hf_lsn expect;
	struct hf_result *result;
	struct hf_error *error;
	struct hf_outbox_items claimed;
};

#define THIS .write.expect = c->expect, .queue = c->queue

static int claim_next(struct doing *c)
{
	const struct hf_outbox_claim_next_args args = {THIS, .max = 10, .owner = hf_str("w"),
	                                               .lease_us = HOUR};
	return hf_outbox_claim_next(c->store, c->txn, &args, &c->claimed, c->result, c->error);
}
static int pause_it(struct doing *c)
{
	return hf_outbox_pause(c->store, c->txn, &(struct hf_outbox_pause_args){THIS}, c->result,
	                       c->error);
}
static int resume_it(struct doing *c)
{
	return hf_outbox_resume(c->store, c->txn, &(struct hf_outbox_pause_args){THIS}, c->result,
	                        c->error);
}
static int configure_attempts(struct doing *c)
{
	const struct hf_outbox_configure_args args = {THIS, .max_attempts = 7};
	return hf_outbox_configure(c->store, c->txn, &args, c->result, c->error);
}
static int configure_one_id(struct doing *c)
{
	const struct hf_outbox_configure_args args = {THIS, .dedup_window_us = HOUR, .dedup_max = 1};
	return hf_outbox_configure(c->store, c->txn, &args, c->result, c->error);
}
/* What is left is not looked at. */
static int configure_the_rest_left(struct doing *c)
{
	const struct hf_outbox_configure_args args = {THIS,
	                                              .max_attempts = 7,
	                                              .max_lost = 1,
	                                              .dedup_window_us = -5,
	                                              .dedup_max = 1,
	                                              .leave = HF_OUTBOX_LEAVE_MAX_LOST |
	                                                       HF_OUTBOX_LEAVE_DEDUP_WINDOW |
	                                                       HF_OUTBOX_LEAVE_DEDUP_MAX};
	return hf_outbox_configure(c->store, c->txn, &args, c->result, c->error);
}
static int redrive(struct doing *c)
{
	return hf_outbox_redrive(c->store, c->txn, &(struct hf_outbox_redrive_args){THIS}, c->result,
	                         c->error);
}
static int redrive_group(struct doing *c)
{
	return hf_outbox_redrive(c->store, c->txn,
	                         &(struct hf_outbox_redrive_args){THIS, .group = hf_str("g")},
	                         c->result, c->error);
}
static int redrive_error(struct doing *c)
{
	return hf_outbox_redrive(c->store, c->txn,
	                         &(struct hf_outbox_redrive_args){THIS, .error = hf_str("an")},
	                         c->result, c->error);
}
static int redrive_first(struct doing *c)
{
	const struct hf_outbox_redrive_args args = {THIS, .limit = 1, .enqueued_before = NOW,
	                                            .attempts_below = 2};
	return hf_outbox_redrive(c->store, c->txn, &args, c->result, c->error);
}
static int redrive_none(struct doing *c)
{
	const struct hf_outbox_redrive_args args = {THIS, .attempts_below = 1};
	return hf_outbox_redrive(c->store, c->txn, &args, c->result, c->error);
}
static int prune(struct doing *c)
{
	return hf_outbox_prune(c->store, c->txn, &(struct hf_outbox_prune_args){THIS}, c->result,
	                       c->error);
}
static int prune_queued(struct doing *c)
{
	const struct hf_outbox_prune_args args = {THIS, .status = HF_OUTBOX_QUEUED,
	                                          .enqueued_before = NOW};
	return hf_outbox_prune(c->store, c->txn, &args, c->result, c->error);
}
static int prune_first(struct doing *c)
{
	const struct hf_outbox_prune_args args = {THIS, .status = HF_OUTBOX_QUEUED, .limit = 1};
	return hf_outbox_prune(c->store, c->txn, &args, c->result, c->error);
}
static int prune_none(struct doing *c)
{
	const struct hf_outbox_prune_args args = {THIS, .enqueued_before = ARRANGED};
	return hf_outbox_prune(c->store, c->txn, &args, c->result, c->error);
}
static int clear_it(struct doing *c)
{
	return hf_outbox_clear(c->store, c->txn, &(struct hf_outbox_clear_args){THIS}, c->result,
	                       c->error);
}
static int put_completed(struct doing *c, const char *id, hf_time until)
{
	const struct hf_outbox_put_completed_args args = {THIS, .id = hf_str(id), .until = until};
	return hf_outbox_put_completed(c->store, c->txn, &args, c->result, c->error);
}
static int put_completed_new(struct doing *c)
{
	return put_completed(c, "x", DELAYED);
}
static int put_completed_known(struct doing *c)
{
	return put_completed(c, "a", DELAYED);
}
static int put_completed_over(struct doing *c)
{
	return put_completed(c, "x", NOW);
}
static int enqueue_many(struct doing *c)
{
	static const struct hf_outbox_input items[] = {
	    {.id = {"a", 1}}, {.id = {"b", 1}}, {.id = {"x", 1}, .group = {"g", 1}}};
	const struct hf_outbox_enqueue_many_args args = {THIS, .items = items, .count = 3};
	return hf_outbox_enqueue_many(c->store, c->txn, &args, c->result, c->error);
}

/* "=": HF_OK, nothing changed; else "COUNT: figures afterwards [ids claimed]". */
struct operation {
	const char *name;
	int (*run)(struct doing *c);
	bool versioned; /* of the queue's settings */
	const char *outcome[STATES_OF_QUEUE];
};

/* clang-format off: a row is a state */
static const struct operation operations[] = {
    {"claim_next",
     claim_next,
     false,
     {"=", "=", "2: q0 s2 f0 [b a]", "=", "=", "=", "=", "2: q1 s2 f0 g2/2/1 [a c]", "=", "=",
      "="}},
    {"pause",
     pause_it,
     true,
     {"1: q0 s0 f0 paused", "1: q0 s0 f0 7x paused", "1: q2 s0 f0 paused", "1: q1 s0 f0 paused",
      "=", "1: q0 s1 f0 paused", "1: q0 s0 f2 paused", "1: q3 s0 f0 g2/0/1 paused",
      "1: q1 s1 f0 g1/1/1 paused", "1: q2 s0 f0 g1/0/1 paused", "1: q0 s0 f0 d2/0 window paused"}},
    {"resume", resume_it, true, {"=", "=", "=", "=", "1: q1 s0 f0", "=", "=", "=", "=", "=", "="}},
    {"configure",
     configure_attempts,
     true,
     {"1: q0 s0 f0 7x", "=", "1: q2 s0 f0 7x", "1: q1 s0 f0 7x", "1: q1 s0 f0 7x paused",
      "1: q0 s1 f0 7x", "1: q0 s0 f2 7x", "1: q3 s0 f0 g2/0/1 7x", "1: q1 s1 f0 g1/1/1 7x",
      "1: q2 s0 f0 g1/0/1 7x", "1: q0 s0 f0 d2/0 7x"}},
    {"configure for one completed id",
     configure_one_id,
     true,
     {"1: q0 s0 f0 window", "1: q0 s0 f0 window", "1: q2 s0 f0 window", "1: q1 s0 f0 window",
      "1: q1 s0 f0 window paused", "1: q0 s1 f0 window", "1: q0 s0 f2 window",
      "1: q3 s0 f0 g2/0/1 window", "1: q1 s1 f0 g1/1/1 window", "1: q2 s0 f0 g1/0/1 window",
      "1: q0 s0 f0 d1/1 window"}},
    {"configure, the rest left",
     configure_the_rest_left,
     true,
     {"1: q0 s0 f0 7x", "=", "1: q2 s0 f0 7x", "1: q1 s0 f0 7x", "1: q1 s0 f0 7x paused",
      "1: q0 s1 f0 7x", "1: q0 s0 f2 7x", "1: q3 s0 f0 g2/0/1 7x", "1: q1 s1 f0 g1/1/1 7x",
      "1: q2 s0 f0 g1/0/1 7x", "1: q0 s0 f0 d2/0 7x window"}},
    {"redrive",
     redrive,
     false,
     {"=", "=", "=", "=", "=", "=", "2: q2 s0 f0 g1/0/0", "=", "=", "=", "="}},
    {"redrive a group",
     redrive_group,
     false,
     {"=", "=", "=", "=", "=", "=", "1: q1 s0 f1 g1/0/0", "=", "=", "=", "="}},
    {"redrive by error",
     redrive_error,
     false,
     {"=", "=", "=", "=", "=", "=", "1: q1 s0 f1", "=", "=", "=", "="}},
    {"redrive the first",
     redrive_first,
     false,
     {"=", "=", "=", "=", "=", "=", "1: q1 s0 f1 g1/0/0", "=", "=", "=", "="}},
    {"redrive none", redrive_none, false, {"=", "=", "=", "=", "=", "=", "=", "=", "=", "=", "="}},
    {"prune", prune, false, {"=", "=", "=", "=", "=", "=", "2: q0 s0 f0", "=", "=", "=", "="}},
    {"prune the queued",
     prune_queued,
     false,
     {"=", "=", "2: q0 s0 f0", "1: q0 s0 f0", "1: q0 s0 f0 paused", "=", "=", "3: q0 s0 f0",
      "1: q0 s1 f0 g1/1/0", "2: q0 s0 f0", "="}},
    {"prune the first",
     prune_first,
     false,
     {"=", "=", "1: q1 s0 f0", "1: q0 s0 f0", "1: q0 s0 f0 paused", "=", "=", "1: q2 s0 f0 g2/0/0",
      "1: q0 s1 f0 g1/1/0", "1: q1 s0 f0 g1/0/0", "="}},
    {"prune none", prune_none, false, {"=", "=", "=", "=", "=", "=", "=", "=", "=", "=", "="}},
    {"clear",
     clear_it,
     false,
     {"=", "=", "2: q0 s0 f0", "1: q0 s0 f0", "1: q0 s0 f0 paused", "1: q0 s0 f0", "2: q0 s0 f0",
      "3: q0 s0 f0", "2: q0 s0 f0", "2: q0 s0 f0", "0: q0 s0 f0 window"}},
    {"put_completed",
     put_completed_new,
     false,
     {"1: q0 s0 f0 d1/0", "1: q0 s0 f0 d1/0 7x", "1: q2 s0 f0 d1/0", "1: q1 s0 f0 d1/0",
      "1: q1 s0 f0 d1/0 paused", "1: q0 s1 f0 d1/0", "1: q0 s0 f2 d1/0", "1: q3 s0 f0 g2/0/1 d1/0",
      "1: q1 s1 f0 g1/1/1 d1/0", "1: q2 s0 f0 g1/0/1 d1/0", "1: q0 s0 f0 d3/0 window"}},
    {"put_completed of a known id",
     put_completed_known,
     false,
     {"1: q0 s0 f0 d1/0", "1: q0 s0 f0 d1/0 7x", "=", "=", "=", "=", "=", "=", "=", "=",
      "1: q0 s0 f0 d2/0 window"}},
    {"put_completed too late",
     put_completed_over,
     false,
     {"=", "=", "=", "=", "=", "=", "=", "=", "=", "=", "="}},
    {"enqueue_many",
     enqueue_many,
     false,
     {"3: q3 s0 f0 g1/0/0", "3: q3 s0 f0 g1/0/0 7x", "1: q3 s0 f0 g1/0/0", "2: q3 s0 f0 g1/0/0",
      "2: q3 s0 f0 g1/0/0 paused", "2: q2 s1 f0 g1/0/0", "1: q1 s0 f2 g1/0/0", "1: q4 s0 f0 g2/0/2",
      "1: q2 s1 f0 g1/1/2", "1: q3 s0 f0 g1/0/2", "1: q1 s0 f0 g1/0/0 d2/0 window"}},
};
/* clang-format on */

enum { OPERATIONS_ON_QUEUE = sizeof operations / sizeof operations[0] };

/* --- Figures ---------------------------------------------------------------------------------- */

static hf_lsn figures(hf_store *store, struct hf_bytes queue, char out[TEXT_MAX])
{
	struct hf_outbox_stats stats;
	assert_int_equal(hf_outbox_get_stats(store, queue, 0, &stats, NULL), HF_OK);
	int len = snprintf(out, TEXT_MAX, "q%u s%u f%u", (unsigned)stats.queued.items,
	                   (unsigned)stats.sending.items, (unsigned)stats.failed.items);
	if (stats.groups)
		len += snprintf(out + len, TEXT_MAX - (size_t)len, " g%u/%u/%u", (unsigned)stats.groups,
		                (unsigned)stats.busy_groups, (unsigned)stats.blocked);
	assert_true(stats.groups || (!stats.busy_groups && !stats.blocked));
	if (stats.completed || stats.dropped)
		len += snprintf(out + len, TEXT_MAX - (size_t)len, " d%u/%u", (unsigned)stats.completed,
		                (unsigned)stats.dropped);
	if (stats.max_attempts != HF_OUTBOX_ATTEMPTS)
		len += snprintf(out + len, TEXT_MAX - (size_t)len, " %ux", stats.max_attempts);
	if (stats.dedup_window_us)
		len += snprintf(out + len, TEXT_MAX - (size_t)len, " window");
	if (stats.paused)
		(void)snprintf(out + len, TEXT_MAX - (size_t)len, " paused");
	return stats.settings_version;
}

static void add_claimed(const struct hf_outbox_items *items, char text[TEXT_MAX])
{
	size_t len = strlen(text);
	for (size_t i = 0; i < items->count; i++) {
		const struct hf_bytes id = items->items[i].id;
		len += (size_t)snprintf(text + len, TEXT_MAX - len, "%s%.*s", i ? " " : " [", (int)id.len,
		                        (const char *)id.data);
	}
	if (items->count > 0)
		(void)snprintf(text + len, TEXT_MAX - len, "]");
}

/* --- Performing ------------------------------------------------------------------------------- */

enum manner { PLAINLY, EXPECTING, IN_TXN, MANNERS };

static void run_cell(const struct stage *stage, unsigned op, unsigned state, unsigned manner)
{
	const struct operation *operation = &operations[op];
	const bool same = operation->outcome[state][0] == '=';
	char name[48], before[TEXT_MAX], after[TEXT_MAX], got[2 * TEXT_MAX];
	struct hf_result result;
	struct hf_error error = {0};
	(void)snprintf(name, sizeof name, "%u %u %u", op, state, manner);
	struct doing call = {
	    .store = stage->store, .queue = hf_str(name), .result = &result, .error = &error};
	const hf_lsn version = figures(stage->store, call.queue, before);
	if (strcmp(before, states[state].figures) != 0)
		fail_msg("%s, arranged: %s", states[state].name, before);
	if (operation->versioned && manner == EXPECTING) {
		call.expect = version ? version + 1 : 77;
		assert_int_equal(operation->run(&call), HF_ECONFLICT);
		call.expect = version ? version : HF_ABSENT;
	}
	if (manner == IN_TXN)
		assert_int_equal(hf_txn_begin(stage->store, &call.txn, NULL), HF_OK);
	int rc = operation->run(&call);
	if (manner == IN_TXN && rc == HF_OK)
		rc = hf_txn_commit(call.txn, HF_DURABLE, &error);
	if (rc != HF_OK)
		fail_msg("%s on %s, %s: %s", operation->name, states[state].name,
		         setting_name(stage->setting), error.text);
	const hf_lsn version_after = figures(stage->store, call.queue, after);
	add_claimed(&call.claimed, after);
	(void)snprintf(got, sizeof got, "%u: %s", (unsigned)result.count, after);
	if (strcmp(same ? before : got, same ? after : operation->outcome[state]) != 0 ||
	    result.changed == same || (same && result.count))
		fail_msg("%s on %s, %s: %s", operation->name, states[state].name,
		         setting_name(stage->setting), got);
	if (operation->versioned)
		assert_true((version_after != version) == !same && result.version == version_after);
	else
		assert_true(version_after == version);
	hf_release(call.claimed.memory);
}

static void run_setting(enum setting setting)
{
	struct stage *stage = stage_open(setting);
	for (unsigned pass = 0; pass < 2; pass++) {
		for (unsigned i = 0; i < OPERATIONS_ON_QUEUE * STATES_OF_QUEUE * MANNERS; i++) {
			char name[48];
			const unsigned op = i / (STATES_OF_QUEUE * MANNERS),
			               state = i / MANNERS % STATES_OF_QUEUE, manner = i % MANNERS;
			(void)snprintf(name, sizeof name, "%u %u %u", op, state, manner);
			if (pass == 0)
				states[state].arrange(&(struct arranging){stage->store, hf_str(name)});
			else
				run_cell(stage, op, state, manner);
		}
		stage_at(stage, NOW);
		if (pass == 0)
			stage_switch(stage);
	}
	stage_close(stage);
}

static void every_cell_holds_in_every_setting(void **unused)
{
	(void)unused;
	for (enum setting setting = 0; setting < SETTINGS; setting++)
		run_setting(setting);
}

static const char *operation_name(size_t i)
{
	return i < OPERATIONS_ON_QUEUE ? operations[i].name : NULL;
}

static const char *state_name(size_t i)
{
	return i < STATES_OF_QUEUE ? states[i].name : NULL;
}

static void the_cells_are_those_of_the_design(void **unused)
{
	(void)unused;
	cells_are_listed("outbox, queues", operation_name, state_name);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_cells_are_those_of_the_design),
	    cmocka_unit_test(every_cell_holds_in_every_setting),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
