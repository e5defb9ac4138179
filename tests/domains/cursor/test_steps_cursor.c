/* tier: medium, long */
/* Index steps among many cursors: see lib/scene.h. */
#include "lib/scene.h"
#include "lib/test.h"

static struct hf_cursor_key cursor_key(unsigned i, char consumer[NAME], char stream[NAME],
                                       char subject[NAME])
{
	return (struct hf_cursor_key){numbered(consumer, "c", i % 100), numbered(stream, "s", i / 1000),
	                              numbered(subject, "t", i / 100 % 10)};
}

static int advance_one(struct scene *scene, hf_txn *txn, unsigned i, int64_t sequence)
{
	char consumer[NAME], stream[NAME], subject[NAME];
	const struct hf_cursor_advance_args args = {.write = write_os,
	                                            .key = cursor_key(i, consumer, stream, subject),
	                                            .sequence = sequence,
	                                            .delivery_id = hf_str("d")};
	return hf_cursor_advance(scene->store, txn, &args, NULL, NULL);
}

/* A hundred consumers of ten subjects on each stream. */
static void fill_cursors(struct scene *scene)
{
	for (unsigned i = 0; i < scene->count;) {
		hf_txn *txn = NULL;
		assert_int_equal(hf_txn_begin(scene->store, &txn, NULL), HF_OK);
		for (unsigned n = 0; n < BATCH && i < scene->count; n++, i++)
			assert_int_equal(
			    advance_one(scene, txn, i, 1 + (int64_t)(i * UINT64_C(7919) % scene->count)),
			    HF_OK);
		assert_int_equal(hf_txn_commit(txn, HF_OS, NULL), HF_OK);
	}
	(void)numbered(scene->page, "t", scene->count / 200 % 10);
}

static void advance_new(struct scene *scene)
{
	assert_int_equal(advance_one(scene, NULL, scene->count, 5), HF_OK);
}

static void advance_there(struct scene *scene)
{
	assert_int_equal(advance_one(scene, NULL, scene->count / 2, INT64_C(2) * SCENE_LARGE), HF_OK);
}

static void replay(struct scene *scene)
{
	sim_advance(scene->sim, SECOND);
	advance_there(scene);
}

static void refused(struct scene *scene)
{
	assert_int_equal(advance_one(scene, NULL, scene->count / 2, 1), HF_ENONMONOTONIC);
}

/* The one with the number count / 2, and n more. */
#define HALF(n) "key.consumer=c" n " key.stream=$s.2000.0 key.subject=$page"
#define LIST "undurable hf_cursor_list limit=10"
#define LAG "undurable hf_cursor_list_lag stream=s0 head=3000000 limit=10"
#define BEHIND "after.consumer=c5 after.subject=t3"
#define TEN " -> count=10"

static const struct work cursor_works[] = {
    WORK("cursor advance, new", 0, advance_new),
    WORK("cursor advance", 0, advance_there),
    WORK("cursor advance, a replay", 0, replay),
    WORK("cursor advance, refused", 0, refused),
    STEPS("cursor reset", 0,
          "hf_cursor_reset sequence=3 delivered_at=unset reason=again " HALF("0")),
    STEPS("cursor record_error", 0, "hf_cursor_record_error message=no " HALF("0")),
    STEPS("cursor get", 0, "undurable hf_cursor_get consumer=c1 stream=$s.2000.0 subject=$page"),
    STEPS("cursor list, all", PAGE, LIST TEN),
    STEPS("cursor list, consumer", PAGE, LIST " consumer=c50 -> count"),
    STEPS("cursor list, stream", PAGE, LIST " stream=s0" TEN),
    STEPS("cursor list, subject", PAGE, LIST " subject=t7" TEN),
    STEPS("cursor list, consumer and stream", PAGE, LIST " consumer=c50 stream=s0 -> count"),
    STEPS("cursor list, consumer and subject", PAGE, LIST " consumer=c50 subject=t7 -> count"),
    STEPS("cursor list, stream and subject", PAGE, LIST " stream=s0 subject=t7" TEN),
    STEPS("cursor list, all three", PAGE, LIST " consumer=c50 stream=s0 subject=t7 -> count=1"),
    STEPS("cursor list, behind a position", PAGE, LIST " " BEHIND " after.stream=s0" TEN),
    STEPS("cursor list, subject, behind one", PAGE,
          LIST " subject=t7 after.stream=s0 after.consumer=c5" TEN),
    STEPS("cursor lag, behind a position", PAGE,
          LAG " after.last_sequence=400 after.subject=t3 after.consumer=c5" TEN),
    STEPS("cursor lag", PAGE, LAG TEN),
    STEPS("cursor lag, one subject", PAGE, LAG " subject=t7" TEN),
    STEPS("cursor remove", 0, "hf_cursor_remove " HALF("2")),
};

static void many_cursors_cost_what_a_thousand_do(void **state)
{
	(void)state;
	compare_steps(fill_cursors, cursor_works, sizeof cursor_works / sizeof cursor_works[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(many_cursors_cost_what_a_thousand_do),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
