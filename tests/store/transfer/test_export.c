/* tier: fast */
/* Exports: one state gives the same bytes whatever went on beside it, they hold nothing of the
 * store that they come from but its name, and what they hold is the state. */
#include "store/transfer/transfer_case.h"

enum { HEADER = 512 };

/* --- Same state, same bytes ------------------------------------------------------------------- */

static void expect_same_export(struct stage *stage, struct memory_file *before, const char *after)
{
	struct memory_file now = export_of(stage->store);
	if (!memory_equal(before, &now))
		fail_msg("%s, another export", after);
	memory_free(&now);
}

static void one_state_gives_the_same_bytes(void **state)
{
	(void)state;
	struct churn churn;
	struct stage *stage = case_begin(&churn, "same bytes", 4000, 400);
	struct memory_file first = export_of(stage->store);
	expect_same_export(stage, &first, "at once");
	stage_switch_to(stage, SETTING_REOPENED);
	expect_same_export(stage, &first, "reopened");
	stage_at(stage, STAGE_NOW + INT64_C(3600) * 1000000);
	expect_same_export(stage, &first, "an hour later, with what ended not logged");
	assert_int_equal(hf_snapshot(stage->store, NULL), HF_OK);
	stage_switch_to(stage, SETTING_REOPENED);
	expect_same_export(stage, &first, "opened with a snapshot");
	memory_free(&first);
	churn_deinit(&churn);
	stage_close(stage);
}

/* An opening that wrote nothing but endings is none that a replay finds. */
static void endings_that_an_opening_logs_are_state_and_the_opening_is_not(void **state)
{
	(void)state;
	struct churn churn;
	struct stage *stage = case_begin(&churn, "endings", 300, 300);
	stage_at(stage, STAGE_NOW + INT64_C(40) * 24 * 3600 * 1000000);
	stage_switch_to(stage, SETTING_REOPENED);
	assert_int_equal(hf_maintain(stage->store, 0, NULL), HF_OK);
	assert_int_equal(hf_sync(stage->store, NULL), HF_OK);
	struct memory_file first = export_of(stage->store);
	stage_switch_to(stage, SETTING_REOPENED);
	expect_same_export(stage, &first, "reopened");
	memory_free(&first);
	churn_deinit(&churn);
	stage_close(stage);
}

static void a_refused_transaction_shows_in_no_export(void **state)
{
	(void)state;
	struct churn churn;
	struct stage *stage = case_begin(&churn, "refused", 300, 50);
	struct memory_file first = export_of(stage->store);
	const struct hf_cursor_advance_args forth = {.key = {hf_str("a"), hf_str("b"), hf_str("c")},
	                                             .sequence = 1000000};
	const struct hf_cursor_advance_args back = {
	    .key = {hf_str("a"), hf_str("b"), hf_str("c")}, .sequence = 1, .delivery_id = hf_str("x")};
	hf_txn *txn;
	assert_int_equal(hf_txn_begin(stage->store, &txn, NULL), HF_OK);
	assert_int_equal(hf_cursor_advance(stage->store, txn, &forth, NULL, NULL), HF_OK);
	assert_int_equal(hf_cursor_advance(stage->store, txn, &back, NULL, NULL), HF_OK);
	assert_int_equal(hf_txn_commit(txn, HF_DURABLE, NULL), HF_ENONMONOTONIC);
	expect_same_export(stage, &first, "after a refusal");
	memory_free(&first);
	churn_deinit(&churn);
	stage_close(stage);
}

/* --- What is in it ---------------------------------------------------------------------------- */

static void only_the_header_names_the_store(void **state)
{
	(void)state;
	struct churn churn;
	struct stage *stage = case_begin(&churn, "name", 300, 100);
	struct memory_file file = export_of(stage->store);
	struct hf__snapshot_header h;
	struct hf_info info = {0};
	assert_int_equal(hf__snapshot_header_decode(file.data, file.len, &h), HF_OK);
	assert_int_equal(hf_get_info(stage->store, &info, NULL), HF_OK);
	assert_true(h.exported && h.lsn == info.last_lsn && h.epoch == info.epoch);
	assert_memory_equal(h.uuid, info.uuid, sizeof h.uuid);
	assert_true(h.position.segment == 0 && h.position.offset == 0 && h.chain == 0);
	assert_true(h.incarnation_lsn == 0 && h.incompat == 0);
	/* Another name in the header, and the rest is as right as before. */
	memset(h.uuid, 0x11, sizeof h.uuid);
	h.epoch = 77;
	hf__snapshot_header_encode(&h, file.data);
	struct hf_error error;
	assert_int_equal(judge(&file, NULL, 0, &error), HF_OK);
	/* Another state in the header, and it is not. */
	h.clock++;
	hf__snapshot_header_encode(&h, file.data);
	assert_int_equal(judge(&file, NULL, 0, &error), HF_ECORRUPT);
	memory_free(&file);
	churn_deinit(&churn);
	stage_close(stage);
}

static int content_is_zero(void *arg, const struct hf__entry *entry)
{
	unsigned *refs = arg;
	const uint8_t *at = entry->body.data;
	for (size_t i = 0; i + 28 <= entry->body.len; i++) {
		const uint32_t len = hf__load_u32(at + i);
		if (len != (5000u | HF__SNAPSHOT_REF_BIT))
			continue;
		const struct hf__snapshot_ref ref = hf__snapshot_ref_get(at + i + 4);
		assert_true(ref.content.low == 0 && ref.content.high == 0);
		++*refs;
	}
	return 0;
}

static void no_content_hash_leaves_the_store(void **state)
{
	(void)state;
	struct churn churn;
	struct stage *stage = case_begin(&churn, "hashes", 5000, 0);
	for (unsigned i = 0; i < 8; i++)
		churn_fill(&churn, stage->store, 5000);
	struct memory_file file = export_of(stage->store);
	struct hf__snapshot_reader reader;
	unsigned refs = 0;
	assert_int_equal(hf__snapshot_open(&reader, memory_source(&file), NULL), HF_OK);
	assert_int_equal(hf__snapshot_each(&reader, content_is_zero, &refs, NULL), HF_OK);
	assert_int_equal(refs, 8);
	hf__snapshot_reader_deinit(&reader);
	memory_free(&file);
	churn_deinit(&churn);
	stage_close(stage);
}

static void its_state_written_again_is_the_file(void **state)
{
	(void)state;
	static const size_t bigs[] = {300, 4000, 16000};
	for (size_t i = 0; i < sizeof bigs / sizeof *bigs; i++) {
		struct churn churn;
		struct stage *stage = case_begin(&churn, "again", bigs[i], 500);
		struct memory_file file = export_of(stage->store), again = {0};
		struct hf_error error;
		if (judge(&file, &again, 0, &error) != HF_OK)
			fail_msg("%s", error.text);
		assert_true(memory_equal(&file, &again));
		memory_free(&file);
		memory_free(&again);
		churn_deinit(&churn);
		stage_close(stage);
	}
}

static void payloads_of_every_size_are_in_it(void **state)
{
	(void)state;
	static const size_t sizes[] = {0, 1, 255, 256, 257, 4096, 16384, 16385, 1 << 20};
	struct stage *stage = stage_open_with(SETTING_REOPENED, &(struct hf_options){0});
	char *bytes = malloc(1 << 20);
	assert_non_null(bytes);
	for (size_t i = 0; i < 1 << 20; i++)
		bytes[i] = (char)(i * i >> 7);
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		char id[16];
		snprintf(id, sizeof id, "%zu", sizes[i]);
		const struct hf_document_put_args put = {.key = {hf_str("c"), hf_str(id)},
		                                         .payload = hf_bytes_of(bytes, sizes[i])};
		assert_int_equal(hf_document_put(stage->store, NULL, &put, NULL, NULL), HF_OK);
	}
	struct memory_file file = export_of(stage->store), again = {0};
	struct hf_error error;
	assert_int_equal(judge(&file, &again, 0, &error), HF_OK);
	assert_true(memory_equal(&file, &again));
	free(bytes);
	memory_free(&file);
	memory_free(&again);
	stage_close(stage);
}

static void an_empty_store_gives_an_empty_file(void **state)
{
	(void)state;
	struct stage *stage = stage_open(SETTING_LIVE);
	struct memory_file file = export_of(stage->store);
	struct hf_error error;
	assert_int_equal(file.len, HEADER + 64);
	assert_int_equal(judge(&file, NULL, 0, &error), HF_OK);
	memory_free(&file);
	stage_close(stage);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(one_state_gives_the_same_bytes),
	    cmocka_unit_test(endings_that_an_opening_logs_are_state_and_the_opening_is_not),
	    cmocka_unit_test(a_refused_transaction_shows_in_no_export),
	    cmocka_unit_test(only_the_header_names_the_store),
	    cmocka_unit_test(no_content_hash_leaves_the_store),
	    cmocka_unit_test(its_state_written_again_is_the_file),
	    cmocka_unit_test(payloads_of_every_size_are_in_it),
	    cmocka_unit_test(an_empty_store_gives_an_empty_file),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
