/* tier: fast */
/* Every cell of the contract's outbox tables: each operation on an item in each state, with its
 * code, `changed`, version and the item that results, in every setting (lib/settings.h); each of
 * them plainly, with an expected version that is right, with one that is wrong, inside a
 * transaction, and inside one that fails afterwards.
 *
 * Each cell has a queue of its own, so all states of an operation are arranged in one store,
 * carried over together, and then performed. */
#include "lib/domains/outbox_cells.h"
#include "lib/domains/table.h"
#include "lib/test.h"

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

/* --- The table -------------------------------------------------------------------------------- */

/* ENDED is the same as OVER, LOST_ENDED as LOST. */
/* clang-format off: a row is a state of enum state */
#define Q "queued 0 AA p -"
#define LATER_Q "queued 0 AD p -"
#define NEW "queued 0 NN q -"
#define NO "ENOTFOUND"
#define ST "ESTALE"
/* Those that need the token: what becomes of an item held with a lease, without one, and with a
 * rerun noted. */
#define HELD(mine, unleased, noted) \
	{ \
		NO, ST, ST, mine, ST, ST, NULL, unleased, ST, ST, ST, ST, noted, ST, ST, NO, NO, ST \
	}
/* The same in every state. */
#define ALWAYS(it) \
	{ \
		it, it, it, it, it, it, NULL, it, it, it, it, it, it, it, it, it, it, it \
	}

#define ITEM "queue=$queue id=id"

static const struct table_row rows[] = {
    TABLE_ROW("claim", TABLE_ONE, "hf_outbox_claim " ITEM " owner=w2 lease_us=60s",
              {NO, "sending 0 AA p - n w2@M", "sending 0 AD p - n w2@M", "ECLAIMED", "ECLAIMED",
               "sending 0 AA p - n w2@M", NULL, "ECLAIMED", "sending 1 AA p boom n w2@M",
               "sending 1 AD p boom n w2@M", "EBLOCKED", "sending 0 AA p - n w2@M /g", "ECLAIMED",
               "sending 0 AA p - n w2@M +r AA", "sending 0 AA p - n w2@M", NO, NO,
               "sending 0 AA p LOST n w2@M"}),
    TABLE_ROW("claim without lease", TABLE_ONE, "hf_outbox_claim " ITEM " owner=w2",
              {NO, "sending 0 AA p - n w2@-", "sending 0 AD p - n w2@-", "ECLAIMED", "ECLAIMED",
               "sending 0 AA p - n w2@-", NULL, "ECLAIMED", "sending 1 AA p boom n w2@-",
               "sending 1 AD p boom n w2@-", "EBLOCKED", "sending 0 AA p - n w2@- /g", "ECLAIMED",
               "sending 0 AA p - n w2@- +r AA", "sending 0 AA p - n w2@-", NO, NO,
               "sending 0 AA p LOST n w2@-"}),
    TABLE_ROW("extend", TABLE_ONE, "hf_outbox_extend " ITEM " token=$ours lease_us=60s",
              HELD("sending 0 AA p - t w1@M", "sending 0 AA p - t w1@M",
                   "sending 0 AA p - t w1@M +r AA")),
    TABLE_ROW("extend without lease", TABLE_ONE, "hf_outbox_extend " ITEM " token=$ours",
              HELD("sending 0 AA p - t w1@-", "=", "sending 0 AA p - t w1@- +r AA")),
    TABLE_ROW("complete", TABLE_ONE, "hf_outbox_complete " ITEM " token=$ours",
              HELD("gone", "gone", "queued 0 AA r -")),
    TABLE_ROW("release", TABLE_ONE, "hf_outbox_release " ITEM " token=$ours",
              HELD(Q, Q, Q " +r AA")),
    TABLE_ROW("release later", TABLE_ONE, "hf_outbox_release " ITEM " token=$ours delay_us=5s",
              HELD("queued 0 AR p -", "queued 0 AR p -", "queued 0 AR p - +r AA")),
    TABLE_ROW("fail", TABLE_ONE, "hf_outbox_fail " ITEM " token=$ours reason=bad",
              HELD("queued 1 AN p bad", "queued 1 AN p bad", "queued 1 AN p bad +r AA")),
    TABLE_ROW("fail with fixed backoff", TABLE_ONE,
              "hf_outbox_fail " ITEM
              " token=$ours reason=bad backoff.kind=fixed backoff.delay_us=5s",
              HELD("queued 1 AR p bad", "queued 1 AR p bad", "queued 1 AR p bad +r AA")),
    TABLE_ROW("fail with capped backoff", TABLE_ONE,
              "hf_outbox_fail " ITEM " token=$ours reason=bad max_attempts=2 backoff.kind=fixed "
              "backoff.delay_us=10s backoff.cap_us=5s",
              HELD("queued 1 AR p bad", "queued 1 AR p bad", "queued 1 AR p bad +r AA")),
    TABLE_ROW("fail finally", TABLE_ONE,
              "hf_outbox_fail " ITEM
              " token=$ours reason=bad max_attempts=1 backoff.kind=fixed backoff.delay_us=5s",
              HELD("failed 1 AA p bad", "failed 1 AA p bad", "failed 1 AA p bad +r AA")),
    TABLE_ROW("guard_claim", TABLE_GUARD, "hf_outbox_guard_claim " ITEM " token=$ours",
              HELD("=", "=", "=")),
    TABLE_ROW("guard", TABLE_GUARD, "hf_outbox_guard " ITEM, ALWAYS("=")),
    TABLE_ROW("mark_failed", TABLE_ONE, "hf_outbox_mark_failed " ITEM " reason=bad",
              {NO, "failed 1 AA p bad", "failed 1 AD p bad", "failed 1 AA p bad",
               "failed 1 AA p bad", "failed 1 AA p bad", NULL, "failed 1 AA p bad",
               "failed 2 AA p bad", "failed 2 AD p bad", "failed 1 AA p bad /g",
               "failed 1 AA p bad /g", "failed 1 AA p bad +r AA", "failed 1 AA p bad +r AA",
               "failed 1 AA p bad", NO, NO, "failed 1 AA p bad"}),
    TABLE_ROW("retry", TABLE_ONE, "hf_outbox_retry " ITEM,
              {NO, "=", "=", Q, Q, "=", NULL, Q, "queued 1 AA p boom", "queued 1 AN p boom", "=",
               "=", Q " +r AA", "=", "=", NO, NO, "queued 0 AA p LOST"}),
    TABLE_ROW("reschedule", TABLE_ONE,
              "hf_outbox_reschedule " ITEM " set_available_at=1 available_at=now+86400s",
              {NO, LATER_Q, "=", "ECLAIMED", "ECLAIMED", LATER_Q, NULL, "ECLAIMED", "ECONFLICT",
               "ECONFLICT", LATER_Q " /g", LATER_Q " /g", "ECLAIMED", LATER_Q " +r AA", LATER_Q, NO,
               NO, "ECONFLICT"}),
    TABLE_ROW("reschedule by priority", TABLE_ONE,
              "hf_outbox_reschedule " ITEM " set_priority=1 priority=-1",
              {NO, Q, LATER_Q, "ECLAIMED", "ECLAIMED", Q, NULL, "ECLAIMED", "ECONFLICT",
               "ECONFLICT", Q " /g", Q " /g", "ECLAIMED", Q " +r AA", Q, NO, NO, "ECONFLICT"}),
    TABLE_ROW("remove", TABLE_ONE, "hf_outbox_remove " ITEM,
              {NO, "gone", "gone", "gone", "gone", "gone", NULL, "gone", "gone", "gone", "gone",
               "gone", "gone", "gone", "gone", NO, NO, "gone"}),
    TABLE_ROW("enqueue", TABLE_ONE, "hf_outbox_enqueue " ITEM " payload=q",
              {NEW, "=", "=", "=", "=", "=", NULL, "=", "=", "=", "=", "=", "=", "=", "=", "=", NEW,
               "="}),
    TABLE_ROW("enqueue REPLACE", TABLE_ONE, "hf_outbox_enqueue " ITEM " payload=q dedup=replace",
              {NEW, NEW, NEW, "=", "=", NEW, NULL, "=", "=", "=", NEW " /g", NEW " /g", "=", NEW,
               NEW, "=", NEW, "="}),
    TABLE_ROW("enqueue REPLACE by the same", TABLE_ONE,
              "hf_outbox_enqueue " ITEM " payload=p enqueued_at=now available_at=now dedup=replace",
              {Q, "=", Q, "=", "=", Q, NULL, "=", "=", "=", "=", "=", "=", Q, "=", "=", Q, "="}),
    TABLE_ROW("enqueue RERUN", TABLE_ONE, "hf_outbox_enqueue " ITEM " payload=q dedup=rerun",
              {NEW, NEW, NEW, "sending 0 AA p - t w1@L +q NN", "sending 0 AA p - o w1@L +q NN", NEW,
               NULL, "sending 0 AA p - t w1@- +q NN", "=", "=", NEW " /g", NEW " /g",
               "sending 0 AA p - t w1@L +q NN", NEW, NEW, "=", NEW, "="}),
    TABLE_ROW("enqueue RERUN by the same", TABLE_ONE,
              "hf_outbox_enqueue " ITEM " payload=r enqueued_at=now available_at=now dedup=rerun",
              {"queued 0 AA r -", "queued 0 AA r -", "queued 0 AA r -",
               "sending 0 AA p - t w1@L +r AA", "sending 0 AA p - o w1@L +r AA", "queued 0 AA r -",
               NULL, "sending 0 AA p - t w1@- +r AA", "=", "=", "queued 0 AA r - /g",
               "queued 0 AA r - /g", "=", "queued 0 AA r -", "queued 0 AA r -", "=",
               "queued 0 AA r -", "="}),
    TABLE_ROW("enqueue into a group", TABLE_ONE, "hf_outbox_enqueue " ITEM " payload=q group=h",
              {NEW " /h", "=", "=", "=", "=", "=", NULL, "=", "=", "=", "=", "=", "=", "=", "=",
               "=", NEW " /h", "="}),
    TABLE_ROW("put failed", TABLE_ONE,
              "hf_outbox_put queue=$queue item.id=id item.payload=q item.status=failed "
              "item.attempts=3 item.enqueued_at=now item.available_at=now+60s item.last_error=old",
              ALWAYS("failed 3 AN q old")),
    TABLE_ROW("put sending", TABLE_ONE,
              "hf_outbox_put queue=$queue item.id=id item.payload=p item.status=sending "
              "item.enqueued_at=now item.available_at=now item.token=77 item.owner=nobody "
              "item.lease_until=now+120s",
              {Q, "=", Q, Q, Q, Q, NULL, Q, Q, Q, Q, Q, Q, Q, "=", Q, Q, Q}),
    TABLE_ROW("put into a group with a rerun", TABLE_ONE,
              "hf_outbox_put queue=$queue item.id=id item.payload=p item.enqueued_at=now "
              "item.available_at=now item.group=h item.rerun.payload=r item.rerun.enqueued_at=now "
              "item.rerun.available_at=now",
              ALWAYS(Q " +r AA /h")),
};
/* clang-format on */

/* The state that the setting makes of it: closing the store ends claims without lease. */
static unsigned state_in(unsigned state, enum setting setting)
{
	if (state == ENDED || (state == UNLEASED && setting == SETTING_REOPENED))
		return OVER;
	return state == LOST_ENDED ? LOST : state;
}

static const char *text_of_state(unsigned state)
{
	static const char *const texts[STATES] = {[ABSENT] = "",
	                                          [QUEUED] = Q,
	                                          [LATER] = "queued 0 AD p -",
	                                          [MINE] = "sending 0 AA p - t w1@L",
	                                          [OTHER] = "sending 0 AA p - o w1@L",
	                                          [OVER] = Q,
	                                          [UNLEASED] = "sending 0 AA p - t w1@-",
	                                          [FAILED] = "failed 1 AA p boom",
	                                          [FAILED_LATER] = "failed 1 AD p boom",
	                                          [BLOCKED] = Q " /g",
	                                          [BEHIND] = Q " /g",
	                                          [NOTED] = "sending 0 AA p - t w1@L +r AA",
	                                          [NOTED_QUEUED] = Q " +r AA",
	                                          [PAUSED] = Q,
	                                          [COMPLETED] = "",
	                                          [COMPLETED_OVER] = "",
	                                          [LOST] = "failed 0 AA p LOST"};
	return texts[state];
}

/* --- Running it ------------------------------------------------------------------------------- */

static bool word(const struct trial *t, const char *name, struct op_value *out)
{
	const struct cell *cell = t->cell;
	out->bytes = hf_str(cell->queue);
	out->number = (int64_t)cell->ours;
	return strcmp(name, "queue") == 0 || strcmp(name, "ours") == 0;
}

static void arrange(hf_store *store, void *of, unsigned number, unsigned state)
{
	struct cell *cell = of;
	(void)snprintf(cell->queue, sizeof cell->queue, "%u", number);
	cell_arrange(store, cell, (enum state)state);
}

static hf_lsn look(hf_store *store, const void *cell, char out[TABLE_TEXT])
{
	return cell_look(store, cell, out);
}

static bool is_logged(unsigned state)
{
	return state == ENDED || state == LOST_ENDED;
}

/* The token, and what a claim gives. */
static void compare_claim(struct trial *t)
{
	const struct cell *cell = t->cell;
	const struct hf_outbox_items *items = (const void *)t->answer.bytes;
	char got[TABLE_TEXT];
	if (t->result.changed && strstr(t->after, " n w2@") &&
	    (t->result.token <= cell->ours ||
	     (t->result.token & ((UINT64_C(1) << 48) - 1)) != t->version))
		table_wrong(t, "a new token, made of the version", "another");
	if (!t->args.call->fills || t->result.token == 0)
		return;
	assert_int_equal(items->count, 1);
	assert_true(items->items[0].version == t->version);
	cell_render(cell, &items->items[0], got);
	assert_string_equal(got, t->after);
}

static const struct table table = {.rows = rows,
                                   .row_count = sizeof rows / sizeof *rows,
                                   .cell_size = sizeof(struct cell),
                                   .states = STATES,
                                   .state_names = state_names,
                                   .logged = LOGGED,
                                   .now = NOW,
                                   .arrange = arrange,
                                   .look = look,
                                   .text = text_of_state,
                                   .word = word,
                                   .spoiler = "hf_outbox_guard write.expect=7 queue=none id=id",
                                   .is_logged = is_logged,
                                   .state_in = state_in,
                                   .compare = compare_claim};

static void every_cell_holds_in_every_setting(void **unused)
{
	(void)unused;
	table_run(&table);
}

static void the_cells_are_those_of_the_design(void **unused)
{
	(void)unused;
	table_is_listed("outbox, items", &table);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_cells_are_those_of_the_design),
	    cmocka_unit_test(every_cell_holds_in_every_setting),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
