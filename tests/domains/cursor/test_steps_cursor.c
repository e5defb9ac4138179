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
}

static void cursor_advance_new(struct scene *scene)
{
	assert_int_equal(advance_one(scene, NULL, scene->count, 5), HF_OK);
}

static void cursor_advance_there(struct scene *scene)
{
	assert_int_equal(advance_one(scene, NULL, scene->count / 2, INT64_C(2) * SCENE_LARGE), HF_OK);
}

static void cursor_replay(struct scene *scene)
{
	sim_advance(scene->sim, SECOND);
	assert_int_equal(advance_one(scene, NULL, scene->count / 2, INT64_C(2) * SCENE_LARGE), HF_OK);
}

static void cursor_refused(struct scene *scene)
{
	assert_int_equal(advance_one(scene, NULL, scene->count / 2, 1), HF_ENONMONOTONIC);
}

static void cursor_reset(struct scene *scene)
{
	char consumer[NAME], stream[NAME], subject[NAME];
	const struct hf_cursor_reset_args args = {
	    .write = write_os,
	    .key = cursor_key(scene->count / 2, consumer, stream, subject),
	    .sequence = 3,
	    .delivered_at = HF_UNSET,
	    .reason = hf_str("again")};
	assert_int_equal(hf_cursor_reset(scene->store, NULL, &args, NULL, NULL), HF_OK);
}

static void cursor_record_error(struct scene *scene)
{
	char consumer[NAME], stream[NAME], subject[NAME];
	const struct hf_cursor_record_error_args args = {
	    .write = write_os,
	    .key = cursor_key(scene->count / 2, consumer, stream, subject),
	    .message = hf_str("no")};
	assert_int_equal(hf_cursor_record_error(scene->store, NULL, &args, NULL, NULL), HF_OK);
}

static void cursor_get(struct scene *scene)
{
	char consumer[NAME], stream[NAME], subject[NAME];
	struct hf_cursor_got got;
	const struct hf_cursor_key key = cursor_key(scene->count / 2 + 1, consumer, stream, subject);
	assert_int_equal(hf_cursor_get(scene->store, &key, HF_READ_UNDURABLE, &got, NULL), HF_OK);
	hf_release(got.memory);
}

static void cursor_remove(struct scene *scene)
{
	char consumer[NAME], stream[NAME], subject[NAME];
	const struct hf_cursor_remove_args args = {
	    .write = write_os, .key = cursor_key(scene->count / 2 + 2, consumer, stream, subject)};
	assert_int_equal(hf_cursor_remove(scene->store, NULL, &args, NULL, NULL), HF_OK);
}

static void expect_list(struct scene *scene, const char *consumer, const char *stream,
                        const char *subject)
{
	struct hf_cursor_page page;
	const struct hf_cursor_list_args args = {.consumer = hf_str(consumer),
	                                         .stream = hf_str(stream),
	                                         .subject = hf_str(subject),
	                                         .limit = PAGE};
	assert_int_equal(hf_cursor_list(scene->store, &args, HF_READ_UNDURABLE, &page, NULL), HF_OK);
	assert_true(page.count >= 1 && page.count <= PAGE);
	hf_release(page.memory);
}

static void cursor_list_all(struct scene *scene)
{
	expect_list(scene, "", "", "");
}

static void cursor_list_consumer(struct scene *scene)
{
	expect_list(scene, "c50", "", "");
}

static void cursor_list_stream(struct scene *scene)
{
	expect_list(scene, "", "s0", "");
}

static void cursor_list_subject(struct scene *scene)
{
	expect_list(scene, "", "", "t7");
}

static void cursor_list_consumer_stream(struct scene *scene)
{
	expect_list(scene, "c50", "s0", "");
}

static void cursor_list_consumer_subject(struct scene *scene)
{
	expect_list(scene, "c50", "", "t7");
}

static void cursor_list_stream_subject(struct scene *scene)
{
	expect_list(scene, "", "s0", "t7");
}

static void cursor_list_one(struct scene *scene)
{
	expect_list(scene, "c50", "s0", "t7");
}

static void expect_lag(struct scene *scene, const char *subject)
{
	struct hf_cursor_lag_page page;
	const struct hf_cursor_list_lag_args args = {.stream = hf_str("s0"),
	                                             .subject = hf_str(subject),
	                                             .head = INT64_C(3) * SCENE_LARGE,
	                                             .limit = PAGE};
	assert_int_equal(hf_cursor_list_lag(scene->store, &args, HF_READ_UNDURABLE, &page, NULL),
	                 HF_OK);
	assert_int_equal(page.count, PAGE);
	hf_release(page.memory);
}

static void cursor_lag(struct scene *scene)
{
	expect_lag(scene, "");
}

static void cursor_lag_subject(struct scene *scene)
{
	expect_lag(scene, "t7");
}

static const struct work cursor_works[] = {
    {"cursor advance, new", 0, cursor_advance_new},
    {"cursor advance", 0, cursor_advance_there},
    {"cursor advance, a replay", 0, cursor_replay},
    {"cursor advance, refused", 0, cursor_refused},
    {"cursor reset", 0, cursor_reset},
    {"cursor record_error", 0, cursor_record_error},
    {"cursor get", 0, cursor_get},
    {"cursor list, all", PAGE, cursor_list_all},
    {"cursor list, consumer", PAGE, cursor_list_consumer},
    {"cursor list, stream", PAGE, cursor_list_stream},
    {"cursor list, subject", PAGE, cursor_list_subject},
    {"cursor list, consumer and stream", PAGE, cursor_list_consumer_stream},
    {"cursor list, consumer and subject", PAGE, cursor_list_consumer_subject},
    {"cursor list, stream and subject", PAGE, cursor_list_stream_subject},
    {"cursor list, all three", PAGE, cursor_list_one},
    {"cursor lag", PAGE, cursor_lag},
    {"cursor lag, one subject", PAGE, cursor_lag_subject},
    {"cursor remove", 0, cursor_remove},
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
