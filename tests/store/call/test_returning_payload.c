/* tier: fast */
/* The payload of what a mutation gives back: only when it is asked for, from memory if the call
 * sent it, read as a claim reads it otherwise; and no memory, at each allocation. */
#include <errno.h>

#include "holdfast/holdfast.h"
#include "lib/operation/op_scene.h"
#include "lib/settings.h"
#include "lib/sim/sim_os.h"
#include "lib/test.h"

enum { SIZE = 3000 };
static char sent[SIZE];

static struct stage *open_stage(void)
{
	memset(sent, 'p', sizeof sent);
	return stage_open_with(SETTING_LIVE, &(struct hf_options){.inline_max = 1});
}

static void count_reads(void *arg, struct sim *sim, uint64_t index, enum sim_call kind,
                        const char *name)
{
	(void)sim;
	(void)index;
	(void)name;
	*(unsigned *)arg += kind == SIM_READ;
}

/* --- What the caller sent --------------------------------------------------------------------- */

static int put(hf_store *store, struct hf_document_got *got, bool payload, struct hf_result *result)
{
	const struct hf_document_put_args args = {
	    .write = {.returning = got, .returning_payload = payload},
	    .key = {hf_str("c"), hf_str("d")},
	    .payload = hf_bytes_of(sent, SIZE),
	    .now = 7};
	return hf_document_put(store, NULL, &args, result, NULL);
}

static void a_payload_that_was_sent_is_not_read(void **unused)
{
	(void)unused;
	struct stage *stage = open_stage();
	struct hf_result result = {0};
	unsigned reads = 0;
	sim_observe(stage->sim, count_reads, &reads);
	for (unsigned i = 0; i < 4; i++) {
		struct hf_document_got got = {0};
		const bool payload = i % 2 == 0;
		assert_int_equal(put(stage->store, &got, payload, &result), HF_OK);
		assert_true(result.changed == (i == 0) && got.document.version == result.version);
		assert_int_equal(got.document.payload.len, payload ? SIZE : 0);
		if (payload)
			assert_memory_equal(got.document.payload.data, sent, SIZE);
		assert_true(payload || !got.document.payload.data);
		hf_release(got.memory);
	}
	assert_int_equal(reads, 0);
	sim_observe(stage->sim, NULL, NULL);
	stage_close(stage);
}

static void a_live_item_that_stays_has_its_own_payload(void **unused)
{
	(void)unused;
	struct stage *stage = open_stage();
	static char other[SIZE];
	struct hf_outbox_enqueue_args args = {
	    .queue = hf_str("q"), .id = hf_str("i"), .payload = hf_bytes_of(sent, SIZE)};
	struct hf_outbox_got got = {0};
	struct hf_result result = {0};
	assert_int_equal(hf_outbox_enqueue(stage->store, NULL, &args, NULL, NULL), HF_OK);
	args.payload = hf_bytes_of(other, SIZE); /* as long, and another */
	args.write = (struct hf_write){.returning = &got, .returning_payload = true};
	assert_int_equal(hf_outbox_enqueue(stage->store, NULL, &args, &result, NULL), HF_OK);
	assert_false(result.changed);
	assert_int_equal(got.item.payload.len, SIZE);
	assert_memory_equal(got.item.payload.data, sent, SIZE);
	hf_release(got.memory);
	stage_close(stage);
}

/* --- One that lies on disk -------------------------------------------------------------------- */

static int regroup(hf_store *store, const char *group, struct hf_document_got *got, bool payload,
                   struct hf_error *error)
{
	const struct hf_document_regroup_args args = {
	    .write = {.returning = got, .returning_payload = payload},
	    .key = {hf_str("c"), hf_str("d")},
	    .group = hf_str(group)};
	return hf_document_regroup(store, NULL, &args, NULL, error);
}

static void a_payload_that_cannot_be_read_leaves_the_change_and_the_object(void **unused)
{
	(void)unused;
	struct stage *stage = open_stage();
	struct hf_document_got got = {0};
	struct hf_error error = {0};
	assert_int_equal(put(stage->store, NULL, false, NULL), HF_OK);
	assert_int_equal(regroup(stage->store, "a", &got, true, NULL), HF_OK);
	assert_memory_equal(got.document.payload.data, sent, SIZE);
	hf_release(got.memory);
	sim_add_fault(stage->sim,
	              (struct sim_fault){.kinds = SIM_READ, .error = EIO, .persistent = true});
	/* Not asked for, it is not read. */
	assert_int_equal(regroup(stage->store, "b", &got, false, NULL), HF_OK);
	assert_string_equal((const char *)got.document.group.data, "b");
	hf_release(got.memory);
	assert_int_equal(regroup(stage->store, "c", &got, true, &error), HF_EIO);
	assert_string_equal((const char *)got.document.group.data, "c");
	assert_true(got.memory && got.document.payload.len == 0 && !got.document.payload.data);
	hf_release(got.memory);
	sim_clear_faults(stage->sim);
	const struct hf_document_key key = {hf_str("c"), hf_str("d")};
	assert_int_equal(hf_document_get(stage->store, &key, 0, &got, NULL), HF_OK);
	assert_string_equal((const char *)got.document.group.data, "c");
	hf_release(got.memory);
	stage_close(stage);
}

static void one_whose_file_cannot_be_opened_keeps_the_change_from_being_made(void **unused)
{
	(void)unused;
	struct stage *stage = open_stage();
	struct hf_document_got got = {0};
	assert_int_equal(put(stage->store, NULL, false, NULL), HF_OK);
	stage->setting = SETTING_REOPENED;
	stage_switch(stage); /* no descriptor of an older segment is open */
	struct hf__writer before = stage_dump(stage);
	stage->setting = SETTING_REOPENED;
	stage_switch(stage);
	sim_add_fault(stage->sim,
	              (struct sim_fault){.kinds = SIM_OPEN, .error = EMFILE, .persistent = true});
	const int rc = regroup(stage->store, "a", &got, true, NULL);
	sim_clear_faults(stage->sim);
	assert_true(rc == HF_OK || rc == HF_ENOSPACE); /* the reserve may do for one file */
	struct hf__writer after = stage_dump(stage);
	assert_int_equal(rc == HF_OK, got.memory != NULL);
	if (rc != HF_OK)
		assert_true(hf__bytes_equal(hf_bytes_of(before.data, before.len),
		                            hf_bytes_of(after.data, after.len)));
	hf__writer_deinit(&before);
	hf__writer_deinit(&after);
	hf_release(got.memory);
	stage_close(stage);
}

/* --- No memory -------------------------------------------------------------------------------- */

static int fail_item(struct op_scene *scene)
{
	struct hf_outbox_got got = {0};
	const struct hf_outbox_mark_failed_args args = {
	    .write = {.returning = &got, .returning_payload = true},
	    .queue = hf_str("q"),
	    .id = hf_str("i"),
	    .reason = hf_str("a reason")};
	const int rc = hf_outbox_mark_failed(scene->store, NULL, &args, NULL, NULL);
	assert_int_equal(rc == HF_OK, got.memory != NULL);
	assert_int_equal(got.item.attempts, rc == HF_OK);
	hf_release(got.memory);
	return rc;
}

static int advance_twice(struct op_scene *scene)
{
	struct hf_cursor_got got[2] = {{0}};
	hf_txn *txn = NULL;
	int rc = hf_txn_begin(scene->store, &txn, NULL);
	for (unsigned i = 0; i < 2 && rc == HF_OK; i++) {
		const struct hf_cursor_advance_args args = {.write.returning = &got[i],
		                                            .key = {hf_str("c"), hf_str("s"), hf_str("")},
		                                            .sequence = i + 1};
		rc = hf_cursor_advance(scene->store, txn, &args, NULL, NULL);
	}
	if (rc == HF_OK)
		rc = hf_txn_commit(txn, HF_DURABLE, NULL);
	else
		hf_txn_abandon(txn);
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(rc == HF_OK, got[i].memory != NULL);
		hf_release(got[i].memory);
	}
	return rc;
}

static void any_allocation_may_fail(void **unused)
{
	(void)unused;
	static const struct op_special specials[] = {
	    {"fail item", fail_item}, {"advance twice", advance_twice}, {0}};
	static const struct memory_case cases[] = {
	    {"fail", 4, "fail item"},
	    {"advance in a transaction", 8, "advance twice"},
	};
	memory_sweep("hf_outbox_enqueue queue=q id=i payload=text group=g", specials, cases,
	             sizeof cases / sizeof *cases);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_payload_that_was_sent_is_not_read),
	    cmocka_unit_test(a_live_item_that_stays_has_its_own_payload),
	    cmocka_unit_test(a_payload_that_cannot_be_read_leaves_the_change_and_the_object),
	    cmocka_unit_test(one_whose_file_cannot_be_opened_keeps_the_change_from_being_made),
	    cmocka_unit_test(any_allocation_may_fail),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
