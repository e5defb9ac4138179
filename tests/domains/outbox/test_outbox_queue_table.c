/* tier: fast */
/* Operations on a queue as a whole, on queues in each state: pause, resume, configure,
 * claim_next, redrive, clear, completed ids; with their answers and the figures that stats give
 * afterwards, in every setting, plainly, in a transaction, and where the settings have a version
 * with one that is right and one that is wrong. */
#include "lib/domains/cells.h"
#include "lib/domains/outbox_cells.h"
#include "lib/operation/op_scene.h"
#include "lib/test.h"

/* --- States ----------------------------------------------------------------------------------- */

/* In words (lib/operation/op_scene.h), where now is ARRANGED. */
#define ADD "hf_outbox_enqueue queue=$place payload=p enqueued_at=now "
#define NOW_DUE ADD "available_at=now "
#define HOLD "hf_outbox_claim queue=$place owner=w lease_us=3600s id="
#define FAIL "hf_outbox_mark_failed queue=$place id="
#define COMPLETE "hf_outbox_complete queue=$place id="
#define AND " & "

enum { STATES_OF_QUEUE = 11 };

static const struct {
	const char *name;
	const char *arranged; /* NULL: nothing */
	const char *figures;
} states[STATES_OF_QUEUE] = {
    {"no queue", NULL, "q0 s0 f0"},
    {"configured", "hf_outbox_configure queue=$place max_attempts=7", "q0 s0 f0 7x"},
    {"queued items", NOW_DUE "id=a" AND NOW_DUE "id=b priority=-1", "q2 s0 f0"},
    {"delayed item", ADD "id=a available_at=now+86400s", "q1 s0 f0"},
    {"paused", NOW_DUE "id=a" AND "hf_outbox_pause queue=$place", "q1 s0 f0 paused"},
    {"held item", NOW_DUE "id=a" AND HOLD "a", "q0 s1 f0"},
    {"failed items",
     NOW_DUE "id=a group=g" AND FAIL "a reason=boom" AND NOW_DUE "id=b" AND FAIL "b reason=bang",
     "q0 s0 f2"},
    /* The second of its group is more urgent; its turn it is not. */
    {"grouped items",
     NOW_DUE "id=a group=g" AND NOW_DUE "id=b group=g priority=-5" AND NOW_DUE "id=c group=h",
     "q3 s0 f0 g2/0/1"},
    {"busy group", NOW_DUE "id=a group=g" AND NOW_DUE "id=b group=g" AND HOLD "a",
     "q1 s1 f0 g1/1/1"},
    {"delayed group", ADD "id=a group=g available_at=now+86400s" AND NOW_DUE "id=b group=g",
     "q2 s0 f0 g1/0/1"},
    {"completed ids",
     "hf_outbox_configure queue=$place dedup_window_us=3600s" AND NOW_DUE "id=a" AND HOLD
     "a => a" AND COMPLETE "a token=$a" AND NOW_DUE "id=b" AND HOLD "b => b" AND COMPLETE
     "b token=$b",
     "q0 s0 f0 d2/0 window"},
};

/* --- Operations ------------------------------------------------------------------------------- */

/* "=": HF_OK, nothing changed; else "COUNT: figures afterwards [ids claimed]". */
struct operation {
	const char *name;
	const char *words;
	bool versioned; /* of the queue's settings */
	const char *outcome[STATES_OF_QUEUE];
};

/* clang-format off: a row is a state */
/* What configure leaves is not looked at. */
static const struct operation operations[] = {
    {"claim_next",
     "hf_outbox_claim_next queue=$queue max=10 owner=w lease_us=3600s",
     false,
     {"=", "=", "2: q0 s2 f0 [b a]", "=", "=", "=", "=", "2: q1 s2 f0 g2/2/1 [a c]", "=", "=",
      "="}},
    {"pause",
     "hf_outbox_pause queue=$queue",
     true,
     {"1: q0 s0 f0 paused", "1: q0 s0 f0 7x paused", "1: q2 s0 f0 paused", "1: q1 s0 f0 paused",
      "=", "1: q0 s1 f0 paused", "1: q0 s0 f2 paused", "1: q3 s0 f0 g2/0/1 paused",
      "1: q1 s1 f0 g1/1/1 paused", "1: q2 s0 f0 g1/0/1 paused", "1: q0 s0 f0 d2/0 window paused"}},
    {"resume",
     "hf_outbox_resume queue=$queue",
     true,
     {"=", "=", "=", "=", "1: q1 s0 f0", "=", "=", "=", "=", "=", "="}},
    {"configure",
     "hf_outbox_configure queue=$queue max_attempts=7",
     true,
     {"1: q0 s0 f0 7x", "=", "1: q2 s0 f0 7x", "1: q1 s0 f0 7x", "1: q1 s0 f0 7x paused",
      "1: q0 s1 f0 7x", "1: q0 s0 f2 7x", "1: q3 s0 f0 g2/0/1 7x", "1: q1 s1 f0 g1/1/1 7x",
      "1: q2 s0 f0 g1/0/1 7x", "1: q0 s0 f0 d2/0 7x"}},
    {"configure for one completed id",
     "hf_outbox_configure queue=$queue dedup_window_us=3600s dedup_max=1",
     true,
     {"1: q0 s0 f0 window", "1: q0 s0 f0 window", "1: q2 s0 f0 window", "1: q1 s0 f0 window",
      "1: q1 s0 f0 window paused", "1: q0 s1 f0 window", "1: q0 s0 f2 window",
      "1: q3 s0 f0 g2/0/1 window", "1: q1 s1 f0 g1/1/1 window", "1: q2 s0 f0 g1/0/1 window",
      "1: q0 s0 f0 d1/1 window"}},
    {"configure, the rest left",
     "hf_outbox_configure queue=$queue max_attempts=7 max_lost=1 dedup_window_us=-5 dedup_max=1 "
     "leave=max_lost+dedup_window+dedup_max",
     true,
     {"1: q0 s0 f0 7x", "=", "1: q2 s0 f0 7x", "1: q1 s0 f0 7x", "1: q1 s0 f0 7x paused",
      "1: q0 s1 f0 7x", "1: q0 s0 f2 7x", "1: q3 s0 f0 g2/0/1 7x", "1: q1 s1 f0 g1/1/1 7x",
      "1: q2 s0 f0 g1/0/1 7x", "1: q0 s0 f0 d2/0 7x window"}},
    {"redrive",
     "hf_outbox_redrive queue=$queue",
     false,
     {"=", "=", "=", "=", "=", "=", "2: q2 s0 f0 g1/0/0", "=", "=", "=", "="}},
    {"redrive a group",
     "hf_outbox_redrive queue=$queue group=g",
     false,
     {"=", "=", "=", "=", "=", "=", "1: q1 s0 f1 g1/0/0", "=", "=", "=", "="}},
    {"redrive by error",
     "hf_outbox_redrive queue=$queue error=an",
     false,
     {"=", "=", "=", "=", "=", "=", "1: q1 s0 f1", "=", "=", "=", "="}},
    {"redrive the first",
     "hf_outbox_redrive queue=$queue limit=1 enqueued_before=now+60s attempts_below=2",
     false,
     {"=", "=", "=", "=", "=", "=", "1: q1 s0 f1 g1/0/0", "=", "=", "=", "="}},
    {"redrive none",
     "hf_outbox_redrive queue=$queue attempts_below=1",
     false,
     {"=", "=", "=", "=", "=", "=", "=", "=", "=", "=", "="}},
    {"prune",
     "hf_outbox_prune queue=$queue",
     false,
     {"=", "=", "=", "=", "=", "=", "2: q0 s0 f0", "=", "=", "=", "="}},
    {"prune the queued",
     "hf_outbox_prune queue=$queue status=queued enqueued_before=now+60s",
     false,
     {"=", "=", "2: q0 s0 f0", "1: q0 s0 f0", "1: q0 s0 f0 paused", "=", "=", "3: q0 s0 f0",
      "1: q0 s1 f0 g1/1/0", "2: q0 s0 f0", "="}},
    {"prune the first",
     "hf_outbox_prune queue=$queue status=queued limit=1",
     false,
     {"=", "=", "1: q1 s0 f0", "1: q0 s0 f0", "1: q0 s0 f0 paused", "=", "=", "1: q2 s0 f0 g2/0/0",
      "1: q0 s1 f0 g1/1/0", "1: q1 s0 f0 g1/0/0", "="}},
    {"prune none",
     "hf_outbox_prune queue=$queue enqueued_before=now",
     false,
     {"=", "=", "=", "=", "=", "=", "=", "=", "=", "=", "="}},
    {"clear",
     "hf_outbox_clear queue=$queue",
     false,
     {"=", "=", "2: q0 s0 f0", "1: q0 s0 f0", "1: q0 s0 f0 paused", "1: q0 s0 f0", "2: q0 s0 f0",
      "3: q0 s0 f0", "2: q0 s0 f0", "2: q0 s0 f0", "0: q0 s0 f0 window"}},
    {"put_completed",
     "hf_outbox_put_completed queue=$queue id=x until=now+86400s",
     false,
     {"1: q0 s0 f0 d1/0", "1: q0 s0 f0 d1/0 7x", "1: q2 s0 f0 d1/0", "1: q1 s0 f0 d1/0",
      "1: q1 s0 f0 d1/0 paused", "1: q0 s1 f0 d1/0", "1: q0 s0 f2 d1/0", "1: q3 s0 f0 g2/0/1 d1/0",
      "1: q1 s1 f0 g1/1/1 d1/0", "1: q2 s0 f0 g1/0/1 d1/0", "1: q0 s0 f0 d3/0 window"}},
    {"put_completed of a known id",
     "hf_outbox_put_completed queue=$queue id=a until=now+86400s",
     false,
     {"1: q0 s0 f0 d1/0", "1: q0 s0 f0 d1/0 7x", "=", "=", "=", "=", "=", "=", "=", "=",
      "1: q0 s0 f0 d2/0 window"}},
    {"put_completed too late",
     "hf_outbox_put_completed queue=$queue id=x until=now+60s",
     false,
     {"=", "=", "=", "=", "=", "=", "=", "=", "=", "=", "="}},
    {"enqueue_many",
     "hf_outbox_enqueue_many queue=$queue items=3 : id=$item group=$group",
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
	struct hf_outbox_stats stats = {0};
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

static bool word(void *queue, const char *name, size_t index, struct op_value *out)
{
	static const char *const items[] = {"a", "b", "x"};
	out->bytes = hf_str(strcmp(name, "queue") == 0  ? (const char *)queue
	                    : strcmp(name, "item") == 0 ? items[index]
	                    : index == 2                ? "g"
	                                                : "");
	return true;
}

static void run_cell(const struct stage *stage, unsigned op, unsigned state, unsigned manner)
{
	const struct operation *operation = &operations[op];
	const bool same = operation->outcome[state][0] == '=';
	char name[48], before[TEXT_MAX], after[TEXT_MAX], got[2 * TEXT_MAX];
	struct hf_result result = {0};
	struct hf_error error = {0};
	(void)snprintf(name, sizeof name, "%u %u %u", op, state, manner);
	struct op_args args;
	struct op_answer answer;
	const struct op_source source = {.word = word, .ctx = name};
	hf_txn *txn = NULL;
	op_fill(&args, operation->words, &source);
	const hf_lsn version = figures(stage->store, hf_str(name), before);
	if (strcmp(before, states[state].figures) != 0)
		fail_msg("%s, arranged: %s", states[state].name, before);
	if (operation->versioned && manner == EXPECTING) {
		op_write(&args)->expect = version ? version + 1 : 77;
		assert_int_equal(op_run(&args, stage->store, NULL, 0, &answer, &result, &error),
		                 HF_ECONFLICT);
		op_write(&args)->expect = version ? version : HF_ABSENT;
	}
	if (manner == IN_TXN)
		assert_int_equal(hf_txn_begin(stage->store, &txn, NULL), HF_OK);
	int rc = op_run(&args, stage->store, txn, 0, &answer, &result, &error);
	if (manner == IN_TXN && rc == HF_OK)
		rc = hf_txn_commit(txn, HF_DURABLE, &error);
	if (rc != HF_OK)
		fail_msg("%s on %s, %s: %s", operation->name, states[state].name,
		         setting_name(stage->setting), error.text);
	const hf_lsn version_after = figures(stage->store, hf_str(name), after);
	if (args.call->fills)
		add_claimed((const void *)answer.bytes, after);
	(void)snprintf(got, sizeof got, "%u: %s", (unsigned)result.count, after);
	if (strcmp(same ? before : got, same ? after : operation->outcome[state]) != 0 ||
	    result.changed == same || (same && result.count))
		fail_msg("%s on %s, %s: %s", operation->name, states[state].name,
		         setting_name(stage->setting), got);
	if (operation->versioned)
		assert_true((version_after != version) == !same && result.version == version_after);
	else
		assert_true(version_after == version);
	op_release(args.call, &answer);
}

static void arrange(struct stage *stage, const char *queue, const char *steps)
{
	struct op_scene scene = {.stage = stage, .store = stage->store, .place = queue};
	if (steps)
		assert_int_equal(op_scene_do(&scene, steps), HF_OK);
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
				arrange(stage, name, states[state].arranged);
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
