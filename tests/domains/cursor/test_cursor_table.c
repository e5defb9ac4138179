/* tier: fast */
/* Every cell of the contract's cursor table: each operation on a cursor in each state, with its
 * code, `changed`, version and the cursor that results (lib/domains/table.h). */
#include "lib/domains/cursor_cells.h"
#include "lib/operation/op_scene.h"
#include "lib/test.h"

struct cell {
	char consumer[16];
};

static struct hf_cursor_key key_of(const struct cell *cell)
{
	return (struct hf_cursor_key){hf_str(cell->consumer), hf_str("events"), hf_str("")};
}

static hf_lsn look(hf_store *store, const void *cell, char out[TABLE_TEXT])
{
	const struct hf_cursor_key key = key_of(cell);
	return cursor_look(store, &key, out);
}

static hf_time updated_at(const struct trial *t)
{
	struct hf_cursor_got got = {0};
	const struct hf_cursor_key key = key_of(t->cell);
	const int rc = hf_cursor_get(t->store, &key, 0, &got, NULL);
	const hf_time at = rc == HF_OK ? got.cursor.updated_at : ARRANGED;
	hf_release(got.memory);
	return at;
}

static bool word(const struct trial *t, const char *name, struct op_value *out)
{
	const struct cell *cell = t->cell;
	if (strcmp(name, "consumer") == 0)
		out->bytes = hf_str(cell->consumer);
	else if (strcmp(name, "blank") == 0)
		out->bytes = hf_str(" \t\n\v\f\r");
	else if (strcmp(name, "updated") == 0)
		out->number = updated_at(t);
	else
		return false;
	return true;
}

/* --- States ----------------------------------------------------------------------------------- */

#define PLACE "key.consumer=$place key.stream=events "
#define ADVANCE "hf_cursor_advance " PLACE "delivered_at=unset "
#define AT_FIVE ADVANCE "sequence=5 delivery_id=d5 now=now"
#define ERROR "hf_cursor_record_error " PLACE "message="
#define RESET_TO_5 "hf_cursor_reset " PLACE "sequence=5 delivery_id=d5 reason=old delivered_at="

enum state { ABSENT, AT_5, FAILED, UNMOVED, RESET, UNDATED, REMOVED, STATES };

static const char *const state_names[STATES] = {
    [ABSENT] = "absent",
    [AT_5] = "at 5",
    [FAILED] = "at 5, an error noted",
    [UNMOVED] = "created by an error",
    [RESET] = "reset",
    [UNDATED] = "reset without a time of delivery",
    [REMOVED] = "removed",
};

static const char *const state_texts[STATES] = {
    [ABSENT] = "",
    [AT_5] = "5 d5 A - A -",
    [FAILED] = "5 d5 A bad*2 A -",
    [UNMOVED] = "0 - - bad*1 A -",
    [RESET] = "5 d5 G - A old@A",
    [UNDATED] = "5 d5 - - A old@A",
    [REMOVED] = "",
};

static const char *text_of_state(unsigned state)
{
	return state_texts[state];
}

static void arrange(hf_store *store, void *of, unsigned number, unsigned state)
{
	static const char *const steps[STATES] = {
	    [AT_5] = AT_FIVE,
	    [FAILED] = AT_FIVE " & " ERROR "no & " ERROR "bad",
	    [UNMOVED] = ERROR "bad",
	    [RESET] = ADVANCE "sequence=8 delivery_id=d8 & " RESET_TO_5 "now+-3600s",
	    [UNDATED] = RESET_TO_5 "unset",
	    [REMOVED] = AT_FIVE " & hf_cursor_remove key.consumer=$place key.stream=events",
	};
	struct cell *cell = of;
	(void)snprintf(cell->consumer, sizeof cell->consumer, "%u", number);
	struct op_scene scene = {.store = store, .place = cell->consumer};
	if (steps[state])
		assert_int_equal(op_scene_do(&scene, steps[state]), HF_OK);
}

/* --- The table -------------------------------------------------------------------------------- */

#define LOW "ENONMONOTONIC"
#define ONLY_KEY "key.consumer=$consumer key.stream=events"
#define KEY ONLY_KEY " "
#define CURSOR \
	"cursor.key.consumer=$consumer cursor.key.stream=events cursor.updated_at=now " \
	"cursor.version=77 "

/* Words say now for STAGE_NOW, which is ARRANGED. The version of what is put is ignored. */
static const struct table_row rows[] = {
    TABLE_ROW("advance beyond", TABLE_ONE,
              "hf_cursor_advance " KEY "sequence=9 delivery_id=d9 delivered_at=unset",
              {"9 d9 N - N -", "9 d9 N - N -", "9 d9 N - N -", "9 d9 N - N -", "9 d9 N - N old@A",
               "9 d9 N - N old@A", "9 d9 N - N -"}),
    TABLE_ROW("advance beyond, delivered_at zeroed", TABLE_ONE,
              "hf_cursor_advance " KEY "sequence=9 delivery_id=d9",
              {"9 d9 N - N -", "9 d9 N - N -", "9 d9 N - N -", "9 d9 N - N -", "9 d9 N - N old@A",
               "9 d9 N - N old@A", "9 d9 N - N -"}),
    TABLE_ROW("advance beyond, delivered_at given", TABLE_ONE,
              "hf_cursor_advance " KEY "sequence=9 delivery_id=d9 delivered_at=now+-3600s",
              {"9 d9 G - N -", "9 d9 G - N -", "9 d9 G - N -", "9 d9 G - N -", "9 d9 G - N old@A",
               "9 d9 G - N old@A", "9 d9 G - N -"}),
    TABLE_ROW("advance beyond, now given", TABLE_ONE,
              "hf_cursor_advance " KEY
              "sequence=9 delivery_id=d9 delivered_at=unset now=now+-3600s",
              {"9 d9 G - G -", "9 d9 G - G -", "9 d9 G - G -", "9 d9 G - G -", "9 d9 G - G old@A",
               "9 d9 G - G old@A", "9 d9 G - G -"}),
    TABLE_ROW("advance to 5, same delivery", TABLE_ONE,
              "hf_cursor_advance " KEY "sequence=5 delivery_id=d5 delivered_at=unset",
              {"5 d5 N - N -", "5 d5 A - N -", "5 d5 A - N -", "5 d5 N - N -", "5 d5 G - N old@A",
               "5 d5 N - N old@A", "5 d5 N - N -"}),
    TABLE_ROW("advance to 5, same delivery, delivered_at given", TABLE_ONE,
              "hf_cursor_advance " KEY "sequence=5 delivery_id=d5 delivered_at=now+-3600s",
              {"5 d5 G - N -", "5 d5 A - N -", "5 d5 A - N -", "5 d5 G - N -", "5 d5 G - N old@A",
               "5 d5 G - N old@A", "5 d5 G - N -"}),
    TABLE_ROW("advance to 5, same delivery, same now", TABLE_ONE,
              "hf_cursor_advance " KEY "sequence=5 delivery_id=d5 delivered_at=unset now=$updated",
              {"5 d5 A - A -", "=", "5 d5 A - A -", "5 d5 A - A -", "=", "5 d5 A - A old@A",
               "5 d5 A - A -"}),
    TABLE_ROW("advance to 5, other delivery", TABLE_ONE,
              "hf_cursor_advance " KEY "sequence=5 delivery_id=x delivered_at=unset",
              {"5 x N - N -", LOW, LOW, "5 x N - N -", LOW, LOW, "5 x N - N -"}),
    TABLE_ROW("advance to 4", TABLE_ONE,
              "hf_cursor_advance " KEY "sequence=4 delivery_id=d4 delivered_at=unset",
              {"4 d4 N - N -", LOW, LOW, "4 d4 N - N -", LOW, LOW, "4 d4 N - N -"}),
    {.name = "advance to 0",
     .words = "hf_cursor_advance " KEY "sequence=0 delivery_id=d0 delivered_at=unset",
     .form = "EINVAL"},
    {.name = "advance below 0",
     .words = "hf_cursor_advance " KEY "sequence=-1 delivery_id=d0 delivered_at=unset",
     .form = "EINVAL"},
    TABLE_ROW("advance, now unset", TABLE_ONE,
              "hf_cursor_advance " KEY "sequence=9 delivery_id=d9 delivered_at=unset now=unset",
              {"9 d9 N - N -", "9 d9 N - N -", "9 d9 N - N -", "9 d9 N - N -", "9 d9 N - N old@A",
               "9 d9 N - N old@A", "9 d9 N - N -"}),
    TABLE_ROW("reset to 2", TABLE_ONE,
              "hf_cursor_reset " KEY "sequence=2 delivery_id=d2 delivered_at=now+-3600s reason=why",
              {"2 d2 G - N why@N", "2 d2 G - N why@N", "2 d2 G - N why@N", "2 d2 G - N why@N",
               "2 d2 G - N why@N", "2 d2 G - N why@N", "2 d2 G - N why@N"}),
    TABLE_ROW("reset to 0, all cleared", TABLE_ONE,
              "hf_cursor_reset " KEY "sequence=0 delivered_at=unset reason=why",
              {"0 - - - N why@N", "0 - - - N why@N", "0 - - - N why@N", "0 - - - N why@N",
               "0 - - - N why@N", "0 - - - N why@N", "0 - - - N why@N"}),
    {.name = "reset without a reason",
     .words =
         "hf_cursor_reset " KEY "sequence=2 delivery_id=d2 delivered_at=now+-3600s reason=$blank",
     .form = "EREASON"},
    {.name = "reset below 0",
     .words =
         "hf_cursor_reset " KEY "sequence=-1 delivery_id=d2 delivered_at=now+-3600s reason=why",
     .form = "EINVAL"},
    TABLE_ROW("record_error", TABLE_ONE, "hf_cursor_record_error " KEY "message=boom",
              {"0 - - boom*1 N -", "5 d5 A boom*1 N -", "5 d5 A boom*3 N -", "0 - - boom*2 N -",
               "5 d5 G boom*1 N old@A", "5 d5 - boom*1 N old@A", "0 - - boom*1 N -"}),
    {.name = "record_error of blanks",
     .words = "hf_cursor_record_error " KEY "message=$blank",
     .form = "EINVAL"},
    TABLE_ROW("put at 5", TABLE_ONE,
              "hf_cursor_put " CURSOR "cursor.last_sequence=5 cursor.last_delivery_id=d5 "
              "cursor.last_delivered_at=now cursor.reset_at=unset",
              {"5 d5 A - A -", "=", "5 d5 A - A -", "5 d5 A - A -", "5 d5 A - A -", "5 d5 A - A -",
               "5 d5 A - A -"}),
    TABLE_ROW("put at 4 with errors and a reset", TABLE_ONE,
              "hf_cursor_put " CURSOR
              "cursor.last_sequence=4 cursor.last_delivery_id=d4 cursor.last_delivered_at=unset "
              "cursor.last_error=bad cursor.error_count=7 cursor.reset_reason=put "
              "cursor.reset_at=now+-3600s",
              {"4 d4 - bad*7 A put@G", LOW, LOW, "4 d4 - bad*7 A put@G", LOW, LOW,
               "4 d4 - bad*7 A put@G"}),
    {.name = "put below 0",
     .words = "hf_cursor_put " CURSOR
              "cursor.last_sequence=-1 cursor.last_delivered_at=unset cursor.reset_at=unset",
     .form = "EINVAL"},
    TABLE_ROW("remove", TABLE_ONE, "hf_cursor_remove " ONLY_KEY,
              {"ENOTFOUND", "gone", "gone", "gone", "gone", "gone", "ENOTFOUND"}),
    TABLE_ROW("guard", TABLE_GUARD, "hf_cursor_guard " ONLY_KEY,
              {"=", "=", "=", "=", "=", "=", "="}),
};

static const struct table table = {
    .rows = rows,
    .row_count = sizeof rows / sizeof *rows,
    .cell_size = sizeof(struct cell),
    .states = STATES,
    .state_names = state_names,
    .logged = STAGE_NOW,
    .now = NOW,
    .arrange = arrange,
    .look = look,
    .text = text_of_state,
    .word = word,
    .spoiler = "hf_cursor_guard write.expect=7 key.consumer=none key.stream=events"};

static void each_operation_in_each_state_in_each_setting(void **unused)
{
	(void)unused;
	table_run(&table);
}

static void the_cells_are_those_of_the_design(void **unused)
{
	(void)unused;
	table_is_listed("cursor", &table);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_cells_are_those_of_the_design),
	    cmocka_unit_test(each_operation_in_each_state_in_each_setting),
	};
	return cmocka_run_group_tests_name("cursor table", tests, NULL, NULL);
}
