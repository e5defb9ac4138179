/* tier: fast, threads */
/* A mutation gives back the object as it left it, in the same moment; refused, it gives none. That
 * it is what a get would give is compared for all operations by the cells and the laws
 * (lib/operation/returned.h). */
#include <errno.h>
#include <pthread.h>

#include "holdfast/async.h"
#include "lib/operation/returned.h"
#include "lib/settings.h"
#include "lib/sim/sim_os.h"
#include "lib/test.h"

static const struct hf_cursor_key key = {{"c", 1}, {"s", 1}, {NULL, 0}};

static int record_error(hf_store *store, hf_txn *txn, struct hf_cursor_got *got, hf_lsn expect)
{
	const struct hf_cursor_record_error_args args = {
	    .write = {.expect = expect, .returning = got}, .key = key, .message = hf_str("refused")};
	return hf_cursor_record_error(store, txn, &args, NULL, NULL);
}

/* --- Form ------------------------------------------------------------------------------------- */

/* All bits of the struct are set but for its size: it may not be touched, and the operation not
 * done. */
static void refuse_wrong_object(hf_store *store, const struct hf_api_call *call)
{
	struct op_args args;
	struct op_answer answer, got;
	struct hf_error error = {0};
	op_fill(&args, call->name, NULL);
	memset(got.bytes, 0xff, sizeof got.bytes);
	*(size_t *)(void *)got.bytes = sizeof(size_t) + 1; /* no release of any had that */
	op_write(&args)->returning = got.bytes;
	assert_int_equal(op_run(&args, store, NULL, 0, &answer, NULL, &error), HF_EINVAL);
	const char *says = call->object ? call->object->name : "write.returning";
	if (!strstr(error.text, says))
		fail_msg("%s says \"%s\"", call->name, error.text);
	for (size_t i = sizeof(size_t); i < sizeof got.bytes; i++)
		assert_int_equal(got.bytes[i], 0xff);
}

static void what_has_no_object_to_give_and_wrong_structs_are_refused(void **unused)
{
	(void)unused;
	struct stage *stage = stage_open(SETTING_LIVE);
	const struct hf_api_part *part;
	unsigned with = 0, without = 0;
	for (unsigned i = 0; (part = hf_api_describe(i)) != NULL; i++)
		for (const struct hf_api_call *call = part->calls; call->name; call++) {
			if (call->kind != HF_API_MUTATION || strstr(call->name, "guard"))
				continue; /* a guard is refused for having no transaction */
			refuse_wrong_object(stage->store, call);
			*(call->object ? &with : &without) += 1;
		}
	assert_int_equal(with, 36);
	assert_true(without >= 18);
	stage_close(stage);
}

static void a_save_of_several_has_no_one_object_to_give_back(void **unused)
{
	(void)unused;
	struct stage *stage = stage_open(SETTING_LIVE);
	const struct hf_inbox_input records[] = {{.thread = hf_str("a")}, {.thread = hf_str("b")}};
	struct hf_inbox_got got = {0};
	struct hf_inbox_save_args args = {
	    .write.returning = &got, .user = hf_str("u"), .records = records};
	for (args.count = 0; args.count < 3; args.count += 2)
		assert_int_equal(hf_inbox_save(stage->store, NULL, &args, NULL, NULL), HF_EINVAL);
	args.count = 1;
	assert_int_equal(hf_inbox_save(stage->store, NULL, &args, NULL, NULL), HF_OK);
	assert_string_equal((const char *)got.record.key.thread.data, "a");
	assert_string_equal((const char *)got.record.key.account.data, "primary");
	hf_release(got.memory);
	stage_close(stage);
}

/* --- Transactions ----------------------------------------------------------------------------- */

static void in_a_transaction_each_operation_gives_what_it_left(void **unused)
{
	(void)unused;
	struct stage *stage = stage_open(SETTING_LIVE);
	struct hf_cursor_got got[3] = {{0}};
	hf_txn *txn;
	assert_int_equal(hf_txn_begin(stage->store, &txn, NULL), HF_OK);
	for (unsigned i = 0; i < 2; i++)
		assert_int_equal(record_error(stage->store, txn, &got[i], 0), HF_OK);
	const struct hf_cursor_remove_args args = {.write.returning = &got[2], .key = key};
	assert_int_equal(hf_cursor_remove(stage->store, txn, &args, NULL, NULL), HF_OK);
	assert_null(got[0].memory); /* nothing has happened yet */
	assert_int_equal(hf_txn_commit(txn, HF_DURABLE, NULL), HF_OK);
	assert_true(got[0].cursor.error_count == 1 && got[1].cursor.error_count == 2);
	assert_true(got[0].cursor.version < got[1].cursor.version);
	assert_null(got[2].memory);
	for (unsigned i = 0; i < 3; i++)
		hf_release(got[i].memory);
	stage_close(stage);
}

static void a_transaction_that_is_refused_gives_none_of_them(void **unused)
{
	(void)unused;
	struct stage *stage = stage_open(SETTING_LIVE);
	struct hf_cursor_got got[2] = {{0}};
	for (unsigned abandon = 0; abandon < 2; abandon++) {
		hf_txn *txn;
		assert_int_equal(hf_txn_begin(stage->store, &txn, NULL), HF_OK);
		memset((char *)&got[0] + sizeof(size_t), 0xff, sizeof got[0] - sizeof(size_t));
		assert_int_equal(record_error(stage->store, txn, &got[0], 0), HF_OK);
		assert_int_equal(record_error(stage->store, txn, &got[1], 9), HF_OK);
		assert_null(got[0].memory);
		if (abandon)
			hf_txn_abandon(txn);
		else
			assert_int_equal(hf_txn_commit(txn, HF_DURABLE, NULL), HF_ECONFLICT);
		for (unsigned i = 0; i < 2; i++)
			assert_true(!got[i].memory && !got[i].cursor.key.consumer.data &&
			            got[i].cursor.error_count == 0);
	}
	stage_close(stage);
}

/* --- Durability ------------------------------------------------------------------------------- */

static void an_object_that_did_not_change_is_as_durable_as_any_answer(void **unused)
{
	(void)unused;
	struct stage *stage = stage_open(SETTING_LIVE);
	struct hf_ticket ticket;
	struct hf_document_got got = {0};
	struct hf_document_put_args args = {
	    .write.ticket = &ticket, .key = {hf_str("c"), hf_str("d")}, .now = 7};
	assert_int_equal(hf_document_put(stage->store, NULL, &args, NULL, NULL), HF_OK);
	args.write = (struct hf_write){.returning = &got};
	struct hf_result result = {0};
	assert_int_equal(hf_document_put(stage->store, NULL, &args, &result, NULL), HF_OK);
	assert_true(!result.changed && got.document.version == result.version);
	assert_int_equal(hf_ticket_poll(stage->store, &ticket, NULL), HF_OK);
	hf_release(got.memory);
	/* With a ticket of its own it is there at once. */
	args.write = (struct hf_write){.returning = &got, .ticket = &ticket};
	args.now = 8;
	assert_int_equal(hf_document_put(stage->store, NULL, &args, &result, NULL), HF_OK);
	assert_true(result.changed && got.document.updated_at == 8);
	assert_int_equal(hf_ticket_poll(stage->store, &ticket, NULL), HF_ETIMEDOUT);
	hf_release(got.memory);
	stage_close(stage);
}

static void a_failed_sync_gives_nothing(void **unused)
{
	(void)unused;
	struct stage *stage = stage_open(SETTING_LIVE);
	struct hf_cursor_got got = {0};
	sim_add_fault(stage->sim, (struct sim_fault){.kinds = SIM_SYNC, .error = EIO});
	assert_int_equal(record_error(stage->store, NULL, &got, 0), HF_EUNCERTAIN);
	assert_true(!got.memory && got.cursor.error_count == 0);
	assert_int_equal(hf_close(stage->store, NULL), HF_EFAILED);
	sim_free(stage->sim);
	free(stage);
}

/* --- Several threads -------------------------------------------------------------------------- */

enum { THREADS = 8, EACH = 50 };

struct counter {
	hf_store *store;
	pthread_t thread;
	uint64_t count[EACH];
	hf_lsn version[EACH];
};

static void *count_errors(void *arg)
{
	struct counter *counter = arg;
	for (unsigned i = 0; i < EACH; i++) {
		struct hf_cursor_got got = {0};
		if (record_error(counter->store, NULL, &got, 0) == HF_OK) {
			counter->count[i] = got.cursor.error_count;
			counter->version[i] = got.cursor.version;
		}
		hf_release(got.memory);
	}
	return NULL;
}

static void each_of_several_threads_gets_the_state_that_it_made(void **unused)
{
	(void)unused;
	static struct counter counters[THREADS];
	struct stage *stage = stage_open(SETTING_LIVE);
	hf_lsn version[THREADS * EACH + 1] = {0};
	sim_set_sync_delay(stage->sim, 20);
	for (unsigned i = 0; i < THREADS; i++) {
		counters[i].store = stage->store;
		assert_int_equal(pthread_create(&counters[i].thread, NULL, count_errors, &counters[i]), 0);
	}
	for (unsigned i = 0; i < THREADS; i++)
		assert_int_equal(pthread_join(counters[i].thread, NULL), 0);
	for (unsigned i = 0; i < THREADS * EACH; i++) {
		const uint64_t count = counters[i / EACH].count[i % EACH];
		assert_true(count >= 1 && count <= THREADS * EACH && version[count] == 0);
		version[count] = counters[i / EACH].version[i % EACH];
	}
	for (unsigned i = 1; i <= THREADS * EACH; i++)
		assert_true(version[i] > version[i - 1]);
	stage_close(stage);
}

static void *release_lock(void *arg)
{
	hf_store *store = arg;
	struct hf_lock_got got = {0};
	struct hf_lock_force_release_args args = {.name = hf_str("l"), .reason = hf_str("over")};
	assert_int_equal(hf_lock_get(store, hf_str("l"), 0, &got, NULL), HF_OK);
	assert_int_equal(hf_lock_force_release(store, NULL, &args, NULL, NULL), HF_OK);
	hf_release(got.memory);
	return NULL;
}

static void a_lock_that_was_waited_for_is_given_as_it_was_granted(void **unused)
{
	(void)unused;
	struct stage *stage = stage_open(SETTING_LIVE);
	pthread_t thread;
	struct hf_lock_got first = {0}, second = {0};
	struct hf_lock_acquire_args args = {
	    .write.returning = &first, .name = hf_str("l"), .owner = hf_str("a")};
	struct hf_result result = {0};
	assert_int_equal(hf_lock_acquire(stage->store, NULL, &args, NULL, NULL), HF_OK);
	args.write.returning = &second;
	args.owner = hf_str("b");
	args.wait_us = 1;
	assert_int_equal(hf_lock_acquire(stage->store, NULL, &args, NULL, NULL), HF_ETIMEDOUT);
	assert_null(second.memory);
	args.wait_us = -1;
	args.lease_us = 5;
	assert_int_equal(pthread_create(&thread, NULL, release_lock, stage->store), 0);
	assert_int_equal(hf_lock_acquire(stage->store, NULL, &args, &result, NULL), HF_OK);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_true(second.lock.token == result.token && second.lock.token > first.lock.token);
	assert_string_equal((const char *)second.lock.owner.data, "b");
	assert_int_equal(second.lock.lease_until, STAGE_NOW + 5);
	hf_release(first.memory);
	hf_release(second.memory);
	stage_close(stage);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_has_no_object_to_give_and_wrong_structs_are_refused),
	    cmocka_unit_test(a_save_of_several_has_no_one_object_to_give_back),
	    cmocka_unit_test(in_a_transaction_each_operation_gives_what_it_left),
	    cmocka_unit_test(a_transaction_that_is_refused_gives_none_of_them),
	    cmocka_unit_test(an_object_that_did_not_change_is_as_durable_as_any_answer),
	    cmocka_unit_test(a_failed_sync_gives_nothing),
	    cmocka_unit_test(each_of_several_threads_gets_the_state_that_it_made),
	    cmocka_unit_test(a_lock_that_was_waited_for_is_given_as_it_was_granted),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
