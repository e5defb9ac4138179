/* tier: fast */
/* Exports of a handle for reading: the same bytes as of the writer, whatever it does meanwhile. */
#include "store/follow/follow.h"
#include "store/transfer/transfer_case.h"

static hf_store *follow(struct stage *stage)
{
	const struct hf_options options = {.no_background = true};
	struct hf_error error = {0};
	hf_store *store;
	if (hf__store_open_read(sim_opener(stage->sim, 1), hf__all_domains(), &options, &store,
	                        &error) != HF_OK)
		fail_msg("open_read: %s", error.text);
	return store;
}

static void expect_same(struct stage *stage, hf_store *reader)
{
	struct memory_file writers = export_of(stage->store), readers = export_of(reader);
	struct hf_error error;
	assert_true(memory_equal(&writers, &readers));
	assert_int_equal(judge(&readers, NULL, 0, &error), HF_OK);
	memory_free(&writers);
	memory_free(&readers);
}

static void a_reader_exports_what_the_writer_does(void **state)
{
	(void)state;
	struct churn churn;
	struct stage *stage = case_begin(&churn, "reader", 4000, 200);
	hf_store *reader = follow(stage);
	expect_same(stage, reader);
	for (unsigned round = 0; round < 12; round++) {
		for (unsigned i = 0; i < 40; i++)
			churn_step(&churn, stage->store);
		if (round % 4 == 1)
			assert_int_equal(hf_snapshot(stage->store, NULL), HF_OK);
		if (round % 4 == 3)
			stage_switch(stage);
		churn_nudge(&churn, stage->store);
		assert_int_equal(hf_sync(stage->store, NULL), HF_OK);
		expect_same(stage, reader);
	}
	assert_int_equal(hf_close(reader, NULL), HF_OK);
	churn_deinit(&churn);
	stage_close(stage);
}

static void an_empty_store_is_exported_by_a_reader(void **state)
{
	(void)state;
	struct stage *stage = stage_open(SETTING_LIVE);
	hf_store *reader = follow(stage);
	expect_same(stage, reader);
	assert_int_equal(hf_close(reader, NULL), HF_OK);
	stage_close(stage);
}

/* The writer works, and the reader catches up, between any two pieces of the file: what is written
 * is the state at the cut all the same. */
struct beside {
	struct stage *stage;
	struct churn *churn;
	hf_store *reader;
	struct memory_file file;
	unsigned writes;
};

static int write_beside(void *ctx, const void *data, size_t len)
{
	struct beside *b = ctx;
	for (unsigned i = 0; i < 10; i++)
		churn_step(b->churn, b->stage->store);
	assert_int_equal(hf_sync(b->stage->store, NULL), HF_OK);
	assert_int_equal(hf_refresh(b->reader, NULL, NULL), HF_OK);
	b->writes++;
	return memory_write(&b->file, data, len);
}

static void what_is_applied_meanwhile_is_not_in_it(void **state)
{
	(void)state;
	struct churn churn;
	struct stage *stage = case_begin(&churn, "meanwhile", 4000, 600);
	struct beside b = {.stage = stage, .churn = &churn, .reader = follow(stage)};
	struct memory_file before = export_of(stage->store);
	struct hf_snapshot_file facts = {0};
	const struct hf__snapshot_sink sink = {write_beside, &b};
	assert_int_equal(hf__export_to(b.reader, sink, &facts, NULL), HF_OK);
	assert_true(b.writes > 5);
	assert_true(memory_equal(&before, &b.file));
	churn_nudge(&churn, stage->store);
	assert_int_equal(hf_sync(stage->store, NULL), HF_OK);
	expect_same(stage, b.reader);
	assert_int_equal(hf_close(b.reader, NULL), HF_OK);
	memory_free(&before);
	memory_free(&b.file);
	churn_deinit(&churn);
	stage_close(stage);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_reader_exports_what_the_writer_does),
	    cmocka_unit_test(an_empty_store_is_exported_by_a_reader),
	    cmocka_unit_test(what_is_applied_meanwhile_is_not_in_it),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
