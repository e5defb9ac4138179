/* tier: fast */
/* Contents that lie on disk are compared by all 128 bits of a hash under the store's own key,
 * and read back by the same; what has a length and no bytes is refused by every call before
 * anything is looked at. */
#include "holdfast/holdfast.h"
#include "lib/settings.h"
#include "lib/test.h"
#include "log/entry.h"
#include "store/domain.h"

enum { SIZE = 4096 };

/* --- The hash --------------------------------------------------------------------------------- */

static struct hf__kept on_disk(const struct hf__domain_env *env, const uint8_t *bytes)
{
	struct hf__kept payload;
	const struct hf__entry entry = {.place = {1, 4096}, .body = {bytes, SIZE}};
	assert_int_equal(hf__payload_keep(env, &entry, hf_bytes_of(bytes, SIZE), &payload), HF_OK);
	assert_null(hf__payload_of(&payload).bytes);
	return payload;
}

static void every_bit_of_the_keyed_hash_counts(void **state)
{
	(void)state;
	static uint8_t bytes[SIZE];
	struct hf__domain_env env = {.inline_max = 64, .content_key = {1, 2, 3}};
	struct hf__kept kept = on_disk(&env, bytes);
	assert_true(hf__payload_equal(&env, &kept, hf_bytes_of(bytes, SIZE)));
	assert_false(hf__payload_equal(&env, &kept, hf_bytes_of(bytes, SIZE - 1)));
	const struct hf__payload right = hf__payload_of(&kept);
	for (unsigned bit = 0; bit < 128; bit++) {
		struct hf__payload wrong = right;
		uint64_t *half = bit < 64 ? &wrong.content.low : &wrong.content.high;
		*half ^= UINT64_C(1) << bit % 64;
		hf__payload_moved(&kept, &wrong);
		assert_false(hf__payload_equal(&env, &kept, hf_bytes_of(bytes, SIZE)));
	}
	hf__payload_moved(&kept, &right);
	assert_true(hf__payload_equal(&env, &kept, hf_bytes_of(bytes, SIZE)));
	bytes[SIZE / 2] ^= 1;
	assert_false(hf__payload_equal(&env, &kept, hf_bytes_of(bytes, SIZE)));
	hf__blob_free(kept.bytes);
}

/* A writer that knows no key cannot prepare contents that collide: under another key the hash has
 * nothing in common with it. */
static void the_hash_is_of_the_key_as_well(void **state)
{
	(void)state;
	static const uint8_t bytes[SIZE];
	const struct hf__domain_env env = {.inline_max = 64, .content_key = {1}},
	                            other = {.inline_max = 64, .content_key = {2}};
	const struct hf__kept kept = on_disk(&env, bytes), again = on_disk(&other, bytes);
	const struct hf__hash128 one = hf__payload_of(&kept).content,
	                         two = hf__payload_of(&again).content;
	assert_true(one.low != two.low && one.high != two.high);
	assert_false(hf__payload_equal(&other, &kept, hf_bytes_of(bytes, SIZE)));
	hf__blob_free(kept.bytes);
	hf__blob_free(again.bytes);
}

static void short_ones_are_compared_byte_by_byte(void **state)
{
	(void)state;
	const struct hf__domain_env env = {.inline_max = 64};
	struct hf__kept payload;
	const struct hf__entry entry = {.place = {1, 4096}, .body = {"abc", 3}};
	assert_int_equal(hf__payload_keep(&env, &entry, entry.body, &payload), HF_OK);
	assert_true(payload.bytes && !hf__blob_refers(payload.bytes));
	assert_true(hf__payload_equal(&env, &payload, hf_str("abc")) &&
	            !hf__payload_equal(&env, &payload, hf_str("abd")));
	hf__blob_free(payload.bytes);
}

/* --- A length and no bytes -------------------------------------------------------------------- */

/* One call, by its arguments and the places of all bytes in them. `args` is what the call takes,
 * good but for those. */
#define ARGS_MAX 512
struct row {
	const char *name;
	int (*call)(hf_store *store, hf_txn *txn, const void *args);
	size_t places[6]; /* offsets; the list ends with 0 behind the first */
	size_t count;
};

#define MUTATION(name) \
	static int call_##name(hf_store *store, hf_txn *txn, const void *args) \
	{ \
		return hf_##name(store, txn, args, NULL, NULL); \
	}
MUTATION(cursor_advance)
MUTATION(cursor_reset)
MUTATION(cursor_record_error)
MUTATION(cursor_remove)
MUTATION(inbox_set_status)
MUTATION(inbox_dismiss)
MUTATION(inbox_snooze)
MUTATION(inbox_remove)
MUTATION(inbox_put_tombstone)
MUTATION(inbox_mark_all_read)
MUTATION(inbox_trim)
MUTATION(inbox_prune)
MUTATION(inbox_clear)
MUTATION(outbox_enqueue)
MUTATION(outbox_configure)
MUTATION(outbox_put)
MUTATION(outbox_put_completed)
MUTATION(outbox_extend)
MUTATION(outbox_complete)
MUTATION(outbox_fail)
MUTATION(outbox_release)
MUTATION(outbox_mark_failed)
MUTATION(outbox_retry)
MUTATION(outbox_remove)
MUTATION(outbox_redrive)
MUTATION(outbox_pause)
MUTATION(outbox_clear)
MUTATION(idempotency_complete)
MUTATION(idempotency_abandon)
MUTATION(idempotency_put)
MUTATION(idempotency_remove)
MUTATION(idempotency_clear)
MUTATION(document_put)
MUTATION(document_regroup)
MUTATION(document_remove)
MUTATION(document_clear)
MUTATION(timeline_append)
MUTATION(timeline_retain)
MUTATION(timeline_clear)
MUTATION(lock_acquire)
MUTATION(lock_renew)
MUTATION(lock_release)
MUTATION(lock_force_release)
MUTATION(lock_put)
MUTATION(migration_record)
MUTATION(migration_forget)

#define AT(type, member) offsetof(struct hf_##type, member)
#define ROW(name, n, ...) \
	{ \
#name, call_##name, {__VA_ARGS__ }, n \
	}
#define CURSOR_KEY(type) AT(type, key.consumer), AT(type, key.stream), AT(type, key.subject)
#define INBOX_KEY(type) AT(type, key.user), AT(type, key.account), AT(type, key.thread)

static const struct row rows[] = {
    ROW(cursor_advance, 4, CURSOR_KEY(cursor_advance_args), AT(cursor_advance_args, delivery_id)),
    ROW(cursor_reset, 5, CURSOR_KEY(cursor_reset_args), AT(cursor_reset_args, delivery_id),
        AT(cursor_reset_args, reason)),
    ROW(cursor_record_error, 4, CURSOR_KEY(cursor_record_error_args),
        AT(cursor_record_error_args, message)),
    ROW(cursor_remove, 3, CURSOR_KEY(cursor_remove_args)),
    ROW(inbox_set_status, 2, AT(inbox_set_status_args, user), AT(inbox_set_status_args, status)),
    ROW(inbox_dismiss, 3, INBOX_KEY(inbox_mark_args)),
    ROW(inbox_snooze, 3, INBOX_KEY(inbox_snooze_args)),
    ROW(inbox_remove, 3, INBOX_KEY(inbox_remove_args)),
    ROW(inbox_put_tombstone, 3, INBOX_KEY(inbox_put_tombstone_args)),
    ROW(inbox_mark_all_read, 2, AT(inbox_mark_all_args, user), AT(inbox_mark_all_args, account)),
    ROW(inbox_trim, 1, AT(inbox_trim_args, user)),
    ROW(inbox_prune, 1, AT(inbox_prune_args, user)),
    ROW(inbox_clear, 1, AT(inbox_clear_args, user)),
    ROW(outbox_enqueue, 5, AT(outbox_enqueue_args, queue), AT(outbox_enqueue_args, id),
        AT(outbox_enqueue_args, payload), AT(outbox_enqueue_args, group),
        AT(outbox_enqueue_args, extra)),
    ROW(outbox_configure, 1, AT(outbox_configure_args, queue)),
    ROW(outbox_put, 6, AT(outbox_put_args, queue), AT(outbox_put_args, item.id),
        AT(outbox_put_args, item.payload), AT(outbox_put_args, item.last_error),
        AT(outbox_put_args, item.group), AT(outbox_put_args, item.extra)),
    ROW(outbox_put_completed, 2, AT(outbox_put_completed_args, queue),
        AT(outbox_put_completed_args, id)),
    ROW(outbox_extend, 2, AT(outbox_extend_args, queue), AT(outbox_extend_args, id)),
    ROW(outbox_complete, 2, AT(outbox_complete_args, queue), AT(outbox_complete_args, id)),
    ROW(outbox_fail, 3, AT(outbox_fail_args, queue), AT(outbox_fail_args, id),
        AT(outbox_fail_args, reason)),
    ROW(outbox_release, 2, AT(outbox_release_args, queue), AT(outbox_release_args, id)),
    ROW(outbox_mark_failed, 3, AT(outbox_mark_failed_args, queue), AT(outbox_mark_failed_args, id),
        AT(outbox_mark_failed_args, reason)),
    ROW(outbox_retry, 2, AT(outbox_retry_args, queue), AT(outbox_retry_args, id)),
    ROW(outbox_remove, 2, AT(outbox_remove_args, queue), AT(outbox_remove_args, id)),
    ROW(outbox_redrive, 3, AT(outbox_redrive_args, queue), AT(outbox_redrive_args, group),
        AT(outbox_redrive_args, error)),
    ROW(outbox_pause, 1, AT(outbox_pause_args, queue)),
    ROW(outbox_clear, 1, AT(outbox_clear_args, queue)),
    ROW(idempotency_complete, 3, AT(idempotency_complete_args, key.scope),
        AT(idempotency_complete_args, key.key), AT(idempotency_complete_args, response)),
    ROW(idempotency_abandon, 2, AT(idempotency_abandon_args, key.scope),
        AT(idempotency_abandon_args, key.key)),
    ROW(idempotency_put, 4, AT(idempotency_put_args, key.scope), AT(idempotency_put_args, key.key),
        AT(idempotency_put_args, fingerprint), AT(idempotency_put_args, response)),
    ROW(idempotency_remove, 2, AT(idempotency_remove_args, key.scope),
        AT(idempotency_remove_args, key.key)),
    ROW(idempotency_clear, 1, AT(idempotency_clear_args, scope)),
    ROW(document_put, 4, AT(document_put_args, key.collection), AT(document_put_args, key.id),
        AT(document_put_args, payload), AT(document_put_args, group)),
    ROW(document_regroup, 3, AT(document_regroup_args, key.collection),
        AT(document_regroup_args, key.id), AT(document_regroup_args, group)),
    ROW(document_remove, 2, AT(document_remove_args, key.collection),
        AT(document_remove_args, key.id)),
    ROW(document_clear, 1, AT(document_clear_args, collection)),
    ROW(timeline_append, 5, AT(timeline_append_args, key.timeline),
        AT(timeline_append_args, key.id), AT(timeline_append_args, type),
        AT(timeline_append_args, subject), AT(timeline_append_args, payload)),
    ROW(timeline_retain, 1, AT(timeline_retain_args, timeline)),
    ROW(timeline_clear, 1, AT(timeline_clear_args, timeline)),
    ROW(lock_acquire, 2, AT(lock_acquire_args, name), AT(lock_acquire_args, owner)),
    ROW(lock_renew, 1, AT(lock_renew_args, name)),
    ROW(lock_release, 1, AT(lock_release_args, name)),
    ROW(lock_force_release, 2, AT(lock_force_release_args, name),
        AT(lock_force_release_args, reason)),
    ROW(lock_put, 2, AT(lock_put_args, name), AT(lock_put_args, owner)),
    ROW(migration_record, 1, AT(migration_record_args, name)),
    ROW(migration_forget, 1, AT(migration_forget_args, name)),
};

static void set(char *args, size_t place, struct hf_bytes bytes)
{
	memcpy(args + place, &bytes, sizeof bytes);
}

/* Arguments that are right but for what stands at that place. */
static void fill(const struct row *row, char *args, size_t wrong)
{
	memset(args, 0, ARGS_MAX);
	if (row->call == call_cursor_advance)
		((struct hf_cursor_advance_args *)(void *)args)->sequence = 1;
	if (row->call == call_outbox_put)
		((struct hf_outbox_put_args *)(void *)args)->item.status = HF_OUTBOX_QUEUED;
	if (row->call == call_outbox_put_completed)
		((struct hf_outbox_put_completed_args *)(void *)args)->until = 1;
	if (row->call == call_lock_put)
		((struct hf_lock_put_args *)(void *)args)->acquired_at =
		    ((struct hf_lock_put_args *)(void *)args)->lease_until = 1;
	for (size_t i = 0; i < row->count; i++)
		set(args, row->places[i], i == wrong ? hf_bytes_of(NULL, 5) : hf_str("x"));
}

static void a_length_without_bytes_is_refused_by_every_call(void **state)
{
	(void)state;
	static _Alignas(max_align_t) char args[ARGS_MAX];
	struct stage *stage = stage_open(SETTING_LIVE);
	for (size_t r = 0; r < sizeof rows / sizeof *rows; r++) {
		for (size_t i = 0; i < rows[r].count; i++) {
			hf_txn *txn;
			fill(&rows[r], args, i);
			int rc = rows[r].call(stage->store, NULL, args);
			if (rc != HF_EINVAL)
				fail_msg("%s, bytes %zu: answered %s", rows[r].name, i, hf_code_name(rc));
			assert_int_equal(hf_txn_begin(stage->store, &txn, NULL), HF_OK);
			rc = rows[r].call(stage->store, txn, args);
			if (rc != HF_EINVAL)
				fail_msg("%s in a transaction, bytes %zu: answered %s", rows[r].name, i,
				         hf_code_name(rc));
			hf_txn_abandon(txn);
		}
	}
	const struct hf_bytes none = hf_bytes_of(NULL, 5);
	const struct hf_inbox_input input = {.thread = hf_str("t"), .payload = none};
	const struct hf_inbox_save_args save = {.user = hf_str("u"), .records = &input, .count = 1};
	assert_int_equal(hf_inbox_save(stage->store, NULL, &save, NULL, NULL), HF_EINVAL);
	const struct hf_inbox_set_status_args beside = {
	    .user = hf_str("u"), .extra = none, .set_extra = true};
	assert_int_equal(hf_inbox_set_status(stage->store, NULL, &beside, NULL, NULL), HF_EINVAL);
	struct hf_idempotency_begun begun = {0};
	const struct hf_idempotency_begin_args begin = {.key = {hf_str("s"), hf_str("k")},
	                                                .fingerprint = none};
	assert_int_equal(hf_idempotency_begin(stage->store, NULL, &begin, &begun, NULL, NULL),
	                 HF_EINVAL);
	stage_close(stage);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_bit_of_the_keyed_hash_counts),
	    cmocka_unit_test(the_hash_is_of_the_key_as_well),
	    cmocka_unit_test(short_ones_are_compared_byte_by_byte),
	    cmocka_unit_test(a_length_without_bytes_is_refused_by_every_call),
	};
	return cmocka_run_group_tests_name("contents", tests, NULL, NULL);
}
