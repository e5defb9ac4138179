/* tier: fast */
/* Every cell of the contract's outbox table for what looks at a queue, and for drain: each of
 * them on a queue whose item is in each state of lib/domains/outbox_cells.h, in every setting.
 * Each cell has a queue of its own. */
#include "holdfast/outbox_drain.h"
#include "lib/domains/cells.h"
#include "lib/domains/outbox_cells.h"
#include "lib/test.h"

/* --- Operations: they tell ids, in order ------------------------------------------------------ */

struct asking {
	hf_store *store;
	const struct cell *cell;
	char told[TEXT_MAX];
};

static void tell(struct asking *a, struct hf_bytes id)
{
	const size_t len = strlen(a->told);
	(void)snprintf(a->told + len, TEXT_MAX - len, "%s%.*s", len ? " " : "", (int)id.len,
	               (const char *)id.data);
}

static int get(struct asking *a)
{
	struct hf_outbox_got got = {0};
	const int rc = hf_outbox_get(
	    a->store, &(struct hf_outbox_key){hf_str(a->cell->queue), hf_str("id")}, 0, &got, NULL);
	if (rc == HF_OK)
		tell(a, got.item.id);
	hf_release(got.memory);
	return rc;
}

/* All pages of it. */
static int list_with(struct asking *a, struct hf_outbox_list_args args)
{
	struct hf_outbox_items page = {.memory = NULL}, before;
	int rc;
	args.queue = hf_str(a->cell->queue);
	do {
		before = page;
		rc = hf_outbox_list(a->store, &args, 0, &page, NULL);
		hf_release(before.memory);
		for (size_t i = 0; i < page.count; i++)
			tell(a, page.items[i].id);
		args.page = page.next;
	} while (rc == HF_OK && args.page);
	hf_release(page.memory);
	return rc;
}
static int list(struct asking *a)
{
	return list_with(a, (struct hf_outbox_list_args){.limit = 0});
}
static int list_pages(struct asking *a)
{
	return list_with(a, (struct hf_outbox_list_args){.limit = 1, .without_payload = true});
}
static int list_pending(struct asking *a)
{
	return list_with(a, (struct hf_outbox_list_args){.status = HF_OUTBOX_QUEUED});
}
static int list_sending(struct asking *a)
{
	return list_with(a, (struct hf_outbox_list_args){.status = HF_OUTBOX_SENDING});
}
static int list_failed(struct asking *a)
{
	return list_with(a, (struct hf_outbox_list_args){.status = HF_OUTBOX_FAILED});
}
static bool is_f(void *ctx, const struct hf_outbox_item *item)
{
	(void)ctx;
	return hf__bytes_equal(item->payload, hf_str("f"));
}
static int list_matching(struct asking *a)
{
	return list_with(a, (struct hf_outbox_list_args){.match = is_f});
}

static int stats(struct asking *a)
{
	struct hf_outbox_stats s = {0};
	const int rc = hf_outbox_get_stats(a->store, hf_str(a->cell->queue), 0, &s, NULL);
	(void)snprintf(a->told, TEXT_MAX, "q%u s%u f%u d%u%s", (unsigned)s.queued.items,
	               (unsigned)s.sending.items, (unsigned)s.failed.items, (unsigned)s.completed,
	               s.paused ? " paused" : "");
	assert_true((s.queued.oldest == HF_UNSET) == (s.queued.items == 0) &&
	            (s.failed.oldest == HF_UNSET) == (s.failed.items == 0));
	return rc;
}

static int completed(struct asking *a)
{
	struct hf_outbox_completed_page page = {0};
	const int rc = hf_outbox_list_completed(
	    a->store, &(struct hf_outbox_list_completed_args){.queue = hf_str(a->cell->queue)}, 0,
	    &page, NULL);
	for (size_t i = 0; i < page.count; i++)
		tell(a, page.ids[i].id);
	hf_release(page.memory);
	return rc;
}

static unsigned send_it(void *ctx, const struct hf_outbox_item *item, char *reason, size_t size)
{
	(void)reason;
	(void)size;
	tell(ctx, item->id);
	return HF_OUTBOX_SEND_DONE;
}
static unsigned send_in_vain(void *ctx, const struct hf_outbox_item *item, char *reason,
                             size_t size)
{
	tell(ctx, item->id);
	(void)snprintf(reason, size, "no");
	return HF_OUTBOX_SEND_FAILED;
}
static int drain_with(struct asking *a, struct hf_outbox_drain_args args)
{
	struct hf_outbox_drained done = {0};
	args.queue = hf_str(a->cell->queue);
	args.ctx = a;
	const int rc = hf_outbox_drain(a->store, &args, &done, NULL);
	const size_t len = strlen(a->told);
	(void)snprintf(a->told + len, TEXT_MAX - len, ": %u %u %u %u", (unsigned)done.sent,
	               (unsigned)done.failed, (unsigned)done.left, (unsigned)done.changed);
	return rc;
}
static int drain(struct asking *a)
{
	return drain_with(a, (struct hf_outbox_drain_args){.send = send_it});
}
static int drain_delayed_too(struct asking *a)
{
	return drain_with(a, (struct hf_outbox_drain_args){.send = send_it, .with_delayed = true});
}
static int drain_in_vain(struct asking *a)
{
	return drain_with(a, (struct hf_outbox_drain_args){.send = send_in_vain});
}
static int drain_finally_in_vain(struct asking *a)
{
	return drain_with(a, (struct hf_outbox_drain_args){.send = send_in_vain, .max_attempts = 1});
}

/* --- The table -------------------------------------------------------------------------------- */

/* What it tells; NULL: HF_ENOTFOUND. ENDED: the same as OVER, LOST_ENDED: as LOST. */
struct operation {
	const char *name;
	int (*run)(struct asking *a);
	const char *tells[STATES];
};

/* clang-format off: in the order of enum state */
#define NO NULL
static const struct operation operations[] = {
    {"get",
     get,
     {NO, "id", "id", "id", "id", "id", NULL, "id", "id", "id", "id", "id", "id", "id", "id", NO,
      NO, "id"}},
    {"list",
     list,
     {"another", "id", "id", "id", "id", "id", NULL, "id", "id", "id", "first id", "first id", "id",
      "id", "id", "", "", "id"}},
    {"list in pages",
     list_pages,
     {"another", "id", "id", "id", "id", "id", NULL, "id", "id", "id", "first id", "first id", "id",
      "id", "id", "", "", "id"}},
    {"list the pending",
     list_pending,
     {"another", "id", "id", "", "", "id", NULL, "", "", "", "id", "first id", "", "id", "id", "",
      "", ""}},
    {"list the sending",
     list_sending,
     {"", "", "", "id", "id", "", NULL, "id", "", "", "first", "", "id", "", "", "", "", ""}},
    {"list the failed",
     list_failed,
     {"", "", "", "", "", "", NULL, "", "id", "id", "", "", "", "", "", "", "", "id"}},
    {"list by payload",
     list_matching,
     {"", "", "", "", "", "", NULL, "", "", "", "first", "first", "", "", "", "", "", ""}},
    {"stats",
     stats,
     {"q1 s0 f0 d0", "q1 s0 f0 d0", "q1 s0 f0 d0", "q0 s1 f0 d0", "q0 s1 f0 d0", "q1 s0 f0 d0",
      NULL, "q0 s1 f0 d0", "q0 s0 f1 d0", "q0 s0 f1 d0", "q1 s1 f0 d0", "q2 s0 f0 d0",
      "q0 s1 f0 d0", "q1 s0 f0 d0", "q1 s0 f0 d0 paused", "q0 s0 f0 d1", "q0 s0 f0 d0",
      "q0 s0 f1 d0"}},
    {"completed",
     completed,
     {"", "", "", "", "", "", NULL, "", "", "", "", "", "", "", "", "id", "", ""}},
    {"drain",
     drain,
     {"another: 1 0 0 0", "id: 1 0 0 0", ": 0 0 0 0", ": 0 0 0 0", ": 0 0 0 0", "id: 1 0 0 0", NULL,
      ": 0 0 0 0", ": 0 0 0 0", ": 0 0 0 0", ": 0 0 1 0", "first id: 2 0 0 0", ": 0 0 0 0",
      "id: 1 0 0 0", ": 0 0 1 0", ": 0 0 0 0", ": 0 0 0 0", ": 0 0 0 0"}},
    {"drain delayed items too",
     drain_delayed_too,
     {"another: 1 0 0 0", "id: 1 0 0 0", "id: 1 0 0 0", ": 0 0 0 0", ": 0 0 0 0", "id: 1 0 0 0",
      NULL, ": 0 0 0 0", ": 0 0 0 0", ": 0 0 0 0", ": 0 0 1 0", "first id: 2 0 0 0", ": 0 0 0 0",
      "id: 1 0 0 0", ": 0 0 1 0", ": 0 0 0 0", ": 0 0 0 0", ": 0 0 0 0"}},
    {"drain in vain",
     drain_in_vain,
     {"another: 0 0 1 0", "id: 0 0 1 0", ": 0 0 0 0", ": 0 0 0 0", ": 0 0 0 0", "id: 0 0 1 0", NULL,
      ": 0 0 0 0", ": 0 0 0 0", ": 0 0 0 0", ": 0 0 1 0", "first: 0 0 2 0", ": 0 0 0 0",
      "id: 0 0 1 0", ": 0 0 1 0", ": 0 0 0 0", ": 0 0 0 0", ": 0 0 0 0"}},
    {"drain in vain, one attempt",
     drain_finally_in_vain,
     {"another: 0 1 0 0", "id: 0 1 0 0", ": 0 0 0 0", ": 0 0 0 0", ": 0 0 0 0", "id: 0 1 0 0", NULL,
      ": 0 0 0 0", ": 0 0 0 0", ": 0 0 0 0", ": 0 0 1 0", "first id: 0 2 0 0", ": 0 0 0 0",
      "id: 0 1 0 0", ": 0 0 1 0", ": 0 0 0 0", ": 0 0 0 0", ": 0 0 0 0"}},
};
/* clang-format on */

enum { OPERATIONS = sizeof operations / sizeof operations[0] };

static const char *const state_names[STATES] = {"absent",
                                                "queued",
                                                "queued later",
                                                "sending",
                                                "sending, other token",
                                                "lease over",
                                                "lease over, logged",
                                                "sending without lease",
                                                "failed",
                                                "failed later",
                                                "queued, group busy",
                                                "queued behind its group",
                                                "sending, rerun noted",
                                                "queued, rerun noted",
                                                "queued, paused",
                                                "completed",
                                                "completed, window over",
                                                "lease over, max_lost reached",
                                                "lease over, max_lost reached, logged"};

/* The state that the setting makes of it: closing the store ends claims without lease. */
static enum state state_in(enum state state, enum setting setting)
{
	if (state == LOST_ENDED)
		return LOST;
	return state == ENDED || (state == UNLEASED && setting == SETTING_REOPENED) ? OVER : state;
}

static void run_cell(const struct operation *op, enum state state, const struct stage *stage,
                     const struct cell *cell)
{
	struct asking asking = {.store = stage->store, .cell = cell, .told = ""};
	const char *want = op->tells[state_in(state, stage->setting)];
	const int rc = op->run(&asking);
	if (rc != (want ? HF_OK : HF_ENOTFOUND) || strcmp(asking.told, want ? want : "") != 0)
		fail_msg("%s on %s, %s: %s, \"%s\"", op->name, state_names[state],
		         setting_name(stage->setting), hf_code_name(rc), asking.told);
}

static void run_setting(enum setting setting)
{
	static struct cell cells[OPERATIONS * STATES];
	struct stage *stage = stage_open(setting);
	memset(cells, 0, sizeof cells);
	/* Twice: what is to be settled in the log comes first. */
	for (unsigned pass = 0; pass < 2; pass++) {
		for (unsigned i = 0; i < OPERATIONS * STATES; i++) {
			if ((i % STATES == ENDED || i % STATES == LOST_ENDED) == (pass == 1))
				continue;
			(void)snprintf(cells[i].queue, sizeof cells[i].queue, "%u", i);
			cell_arrange(stage->store, &cells[i], (enum state)(i % STATES));
		}
		stage_at(stage, pass == 0 ? LOGGED : NOW);
		if (pass == 0)
			assert_int_equal(hf_maintain(stage->store, 0, NULL), HF_OK);
	}
	stage_switch(stage);
	for (unsigned i = 0; i < OPERATIONS * STATES; i++)
		run_cell(&operations[i / STATES], (enum state)(i % STATES), stage, &cells[i]);
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
	return i < OPERATIONS ? operations[i].name : NULL;
}

static const char *state_name(size_t i)
{
	return i < STATES ? state_names[i] : NULL;
}

static void the_cells_are_those_of_the_design(void **unused)
{
	(void)unused;
	cells_are_listed("outbox, reads and drain", operation_name, state_name);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_cells_are_those_of_the_design),
	    cmocka_unit_test(every_cell_holds_in_every_setting),
	};
	return cmocka_run_group_tests_name("outbox table, reads and drain", tests, NULL, NULL);
}
