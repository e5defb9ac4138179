/* tier: fast, threads */
/* What goes wrong around the engine: writes, syncs and directory syncs that fail, at each of
 * them in turn; a full disk, at each point; no memory, at each allocation. Who was in or behind
 * a failure hears HF_EUNCERTAIN, who comes later HF_EFAILED; what can be refused cleanly is, and
 * then nothing has happened. */
#include "store/commit/fault_case.h"

/* --- Failed writes and syncs ------------------------------------------------------------------ */

/* An object that was durable before anything failed. */
#define SECOND INT64_C(1000001)

static const struct hf_cursor_key old_key = {{"old", 3}, {"o", 1}, {NULL, 0}};

static struct patient *patient_with_past(struct sim_profile profile)
{
	struct patient *p = patient_new(profile, 0);
	const struct hf_cursor_advance_args args = {.key = old_key, .sequence = 7};
	assert_int_equal(hf_cursor_advance(p->store, NULL, &args, NULL, &p->error), HF_OK);
	return p;
}

/* Puts through a rotation with some upkeep on the way; ends with the first failure and gives its
 * code. */
static int work(struct patient *p)
{
	for (int i = 0; i < 90; i++) {
		const int rc = i % 16 == 15 ? hf_maintain(p->store, 0, &p->error) : patient_put(p);
		if (rc != HF_OK)
			return rc;
	}
	return HF_OK;
}

static void assert_failed_for_good(struct patient *p)
{
	struct hf_cursor_got got = {0};
	hf_txn *txn = NULL;
	assert_int_not_equal(patient_info(p).fault, 0);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(patient_put(p), HF_EFAILED);
		assert_int_equal(hf_sync(p->store, &p->error), HF_EFAILED);
		assert_int_equal(hf_maintain(p->store, 0, &p->error), HF_EFAILED);
	}
	assert_int_equal(hf_txn_begin(p->store, &txn, &p->error), HF_OK);
	const struct hf_cursor_advance_args args = {.key = old_key, .sequence = 8};
	assert_int_equal(hf_cursor_advance(p->store, txn, &args, NULL, &p->error), HF_OK);
	assert_int_equal(hf_txn_commit(txn, HF_DURABLE, &p->error), HF_EFAILED);
	/* What was durable can still be read. */
	assert_int_equal(hf_cursor_get(p->store, &old_key, 0, &got, &p->error), HF_OK);
	assert_int_equal(got.cursor.last_sequence, 7);
	hf_release(got.memory);
	assert_int_equal(hf__state_verify(p->store, &p->error), HF_OK);
}

/* Closes and opens again: everything acknowledged is there, the uncertain one or not, nothing
 * else; and the store works. */
static void assert_recovers(struct patient *p, size_t uncertain)
{
	const size_t acknowledged = p->puts;
	patient_close_failed(p);
	sim_clear_faults(p->sim);
	patient_reopen(p);
	const uint64_t found = patient_sequence(p);
	assert_true(found >= acknowledged && found <= acknowledged + uncertain);
	patient_recovers(p, found);
	patient_close(p);
	patient_has(p, found + 1);
}

/* One run with this fault at the nth such call. false: there are not so many. */
static bool fail_at(struct sim_fault fault, uint64_t nth)
{
	struct patient *p = patient_with_past(sim_profile_weak());
	fault.nth = nth;
	sim_add_fault(p->sim, fault);
	int rc = work(p);
	const bool met = sim_fault_hits(p->sim) > 0;
	if (rc == HF_OK && met)
		/* behind the back of the last one (the witness): it shows at the next */
		rc = patient_put(p);
	if (met) {
		assert_true(rc == HF_EUNCERTAIN || rc == HF_EFAILED);
		assert_failed_for_good(p);
		const struct sim_broken broken = sim_broken(p->sim);
		assert_int_equal(broken.synced_again, 0);
		assert_int_equal(broken.written_again, 0);
		assert_recovers(p, rc == HF_EUNCERTAIN);
	} else {
		assert_int_equal(rc, HF_OK);
	}
	patient_free(p);
	return met;
}

static void fail_everywhere(struct sim_fault fault, uint64_t at_least)
{
	uint64_t nth = 1;
	while (fail_at(fault, nth))
		nth++;
	assert_true(nth > at_least);
}

static void a_failed_sync_fails_the_store_for_good(void **state)
{
	(void)state;
	fail_everywhere((struct sim_fault){.kinds = SIM_SYNC, .error = EIO}, 70);
}

static void a_sync_that_failed_falsely_is_believed_to_have_failed(void **state)
{
	(void)state;
	fail_everywhere((struct sim_fault){.kinds = SIM_SYNC, .error = EIO, .falsely = true}, 70);
}

static void a_failed_directory_sync_fails_the_store_for_good(void **state)
{
	(void)state;
	fail_everywhere((struct sim_fault){.kinds = SIM_SYNC_DIR, .error = EIO}, 1);
	fail_everywhere((struct sim_fault){.kinds = SIM_SYNC_DIR, .error = EIO, .falsely = true}, 1);
}

static void a_failed_write_to_the_log_or_witness_fails_the_store_for_good(void **state)
{
	(void)state;
	fail_everywhere(
	    (struct sim_fault){
	        .kinds = SIM_WRITE, .name = "segment-00000001", .error = EIO, .prefix = SIZE_MAX},
	    60);
	fail_everywhere((struct sim_fault){.kinds = SIM_WRITE, .name = "WITNESS", .error = EIO}, 60);
	/* Even a full disk: the blocks were there before, so this is no matter of room. */
	fail_everywhere(
	    (struct sim_fault){
	        .kinds = SIM_WRITE, .name = "segment-00000001", .error = ENOSPC, .falsely = true},
	    60);
}

/* A group of several: all of them are in it, so all of them hear the same; a refusal that rests
 * on it too. */
static void everyone_in_a_failed_group_is_told(void **state)
{
	(void)state;
	struct patient *p = patient_with_past(sim_profile_weak());
	struct hf__ticket tickets[3];
	patient_puts(p, 1);
	for (int i = 0; i < 3; i++) {
		const struct hf_cursor_advance_args args = {.key = {hf_str("c"), hf_str("s"), hf_str("")},
		                                            .sequence = 10 + i};
		hf_txn *txn = NULL;
		assert_int_equal(hf_txn_begin(p->store, &txn, &p->error), HF_OK);
		assert_int_equal(hf_cursor_advance(p->store, txn, &args, NULL, &p->error), HF_OK);
		assert_int_equal(
		    hf__submit(p->store, txn, i == 1 ? HF_OS : HF_DURABLE, &tickets[i], &p->error), HF_OK);
	}
	sim_add_fault(p->sim, (struct sim_fault){.kinds = SIM_SYNC, .name = "segment-", .error = EIO});
	const struct hf_cursor_advance_args back = {.key = {hf_str("c"), hf_str("s"), hf_str("")},
	                                            .sequence = 5};
	assert_int_equal(hf_cursor_advance(p->store, NULL, &back, NULL, &p->error), HF_EUNCERTAIN);
	/* the one in mode os too: it was written, but what it saw is not durable */
	for (int i = 0; i < 3; i++)
		assert_int_equal(hf__wait(p->store, &tickets[i], &p->error), HF_EUNCERTAIN);
	struct hf_cursor_got got = {0};
	assert_int_equal(hf_cursor_get(p->store, &back.key, 0, &got, &p->error), HF_EFAILED);
	assert_failed_for_good(p);
	patient_free(p);
}

/* "It is there already" would tell of an item that a crash takes away. */
static void nothing_changed_is_no_answer_either(void **state)
{
	(void)state;
	struct patient *p = patient_with_past(sim_profile_weak());
	const struct hf_outbox_enqueue_args args = {.queue = hf_str("q"), .id = hf_str("i")};
	struct hf__ticket ticket;
	hf_txn *txn = NULL;
	assert_int_equal(hf_txn_begin(p->store, &txn, &p->error), HF_OK);
	assert_int_equal(hf_outbox_enqueue(p->store, txn, &args, NULL, &p->error), HF_OK);
	assert_int_equal(hf__submit(p->store, txn, HF_DURABLE, &ticket, &p->error), HF_OK);
	sim_add_fault(p->sim, (struct sim_fault){.kinds = SIM_SYNC, .name = "segment-", .error = EIO});
	assert_int_equal(hf_outbox_enqueue(p->store, NULL, &args, NULL, &p->error), HF_EUNCERTAIN);
	assert_int_equal(hf__wait(p->store, &ticket, &p->error), HF_EUNCERTAIN);
	assert_failed_for_good(p);
	patient_free(p);
}

/* --- Threads ---------------------------------------------------------------------------------- */

enum { THREADS = 6 };

struct crowd {
	hf_store *store;
	atomic_uint next;
	unsigned acknowledged[THREADS];
	int code[THREADS];
};

static void *crowd_member(void *arg)
{
	struct crowd *crowd = arg;
	const unsigned me = atomic_fetch_add(&crowd->next, 1);
	char name[8];
	(void)snprintf(name, sizeof name, "c%u", me);
	for (int64_t i = 1;; i++) {
		const struct hf_cursor_advance_args args = {
		    .key = {hf_str(name), hf_str("crowd"), hf_str("")}, .sequence = i};
		crowd->code[me] = hf_cursor_advance(crowd->store, NULL, &args, NULL, NULL);
		if (crowd->code[me] != HF_OK)
			return NULL;
		crowd->acknowledged[me]++;
	}
}

static void assert_crowd_kept(struct patient *p, const struct crowd *crowd)
{
	for (unsigned i = 0; i < THREADS; i++) {
		char name[8];
		struct hf_cursor_got got = {0};
		(void)snprintf(name, sizeof name, "c%u", i);
		const struct hf_cursor_key key = {hf_str(name), hf_str("crowd"), hf_str("")};
		const int rc = hf_cursor_get(p->store, &key, 0, &got, &p->error);
		const int64_t found = rc == HF_OK ? got.cursor.last_sequence : 0;
		assert_true(found >= crowd->acknowledged[i]);
		assert_true(found <= (int64_t)crowd->acknowledged[i] + (crowd->code[i] == HF_EUNCERTAIN));
		hf_release(got.memory);
	}
}

/* Leaders and followers: no caller is told of a success that is none, no waiter waits forever. */
static void a_crowd_behind_a_failed_sync_is_told(void **state)
{
	(void)state;
	struct patient *p = patient_with_past(sim_profile_strict());
	struct crowd crowd = {.store = p->store};
	pthread_t threads[THREADS];
	sim_set_sync_delay(p->sim, 300);
	sim_add_fault(
	    p->sim, (struct sim_fault){.kinds = SIM_SYNC, .name = "segment-", .nth = 12, .error = EIO});
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, crowd_member, &crowd), 0);
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	unsigned uncertain = 0;
	for (int i = 0; i < THREADS; i++) {
		assert_true(crowd.code[i] == HF_EUNCERTAIN || crowd.code[i] == HF_EFAILED);
		uncertain += crowd.code[i] == HF_EUNCERTAIN;
	}
	assert_true(uncertain > 0);
	assert_failed_for_good(p);
	patient_close_failed(p);
	sim_clear_faults(p->sim);
	sim_set_sync_delay(p->sim, 0);
	patient_reopen(p);
	assert_crowd_kept(p, &crowd);
	patient_free(p);
}

/* --- A full disk ------------------------------------------------------------------------------ */

static void a_full_disk_is_refused_cleanly_at_every_write_of_the_next_segment(void **state)
{
	(void)state;
	for (uint64_t nth = 1; nth <= 4; nth++) {
		struct patient *p = patient_with_past(sim_profile_weak());
		const struct sim_fault full = {.kinds = SIM_WRITE,
		                               .name = "segment-00000002.tmp",
		                               .nth = nth,
		                               .error = ENOSPC,
		                               .persistent = true,
		                               .prefix = 100 * nth};
		sim_add_fault(p->sim, full);
		int rc;
		do
			rc = patient_put(p);
		while (rc == HF_OK);
		assert_int_equal(rc, HF_ENOSPACE);
		/* 16 KiB and the half: there must be room for more than one group */
		assert_int_equal(sim_fault_hits(p->sim), 2);
		const uint64_t lsn = p->lsn[p->puts - 1];
		assert_int_equal(patient_info(p).fault, 0);
		patient_has(p, p->puts);
		sim_clear_faults(p->sim);
		assert_int_equal(patient_put(p), HF_ENOSPACE); /* a refusal is believed for a second */
		sim_advance(p->sim, SECOND);
		patient_puts(p, 1); /* there is room again */
		assert_int_equal(p->result.version, lsn + 1);
		patient_close(p);
		patient_has(p, p->puts);
		patient_free(p);
	}
}

static void a_full_disk_is_refused_as_long_as_it_is_full(void **state)
{
	(void)state;
	static const uint8_t large[40u << 10] = {1};
	struct patient *p = patient_with_past(sim_profile_strict());
	const struct hf_outbox_enqueue_args args = {
	    .queue = hf_str("q"), .id = hf_str("i"), .payload = hf_bytes_of(large, sizeof large)};
	sim_set_capacity(p->sim, 20u << 10);
	for (int i = 0; i < 3; i++)
		assert_int_equal(hf_outbox_enqueue(p->store, NULL, &args, NULL, &p->error), HF_ENOSPACE);
	/* Upkeep that finds no room is no failure, and what fits where the log is goes on. */
	assert_int_equal(hf_maintain(p->store, 0, &p->error), HF_OK);
	patient_puts(p, 3);
	sim_set_capacity(p->sim, 0);
	sim_advance(p->sim, SECOND);
	assert_int_equal(hf_outbox_enqueue(p->store, NULL, &args, NULL, &p->error), HF_OK);
	patient_puts(p, 1);
	patient_close(p);
	patient_has(p, 4);
	patient_free(p);
}

static void creation_on_a_full_disk_leaves_nothing_that_matters(void **state)
{
	(void)state;
	for (uint64_t capacity = 1; capacity < 19u << 10; capacity += 900) {
		struct patient *p = calloc(1, sizeof *p);
		assert_non_null(p);
		p->sim = sim_new(sim_profile_weak(), 3);
		sim_set_now(p->sim, SCRIPT_NOW);
		p->options =
		    (struct hf_options){.create = true, .no_background = true, .segment_size = 16u << 10};
		sim_set_capacity(p->sim, capacity);
		const int rc = patient_open(p);
		if (rc == HF_OK)
			patient_close(p);
		else
			assert_int_equal(rc, HF_ENOSPACE);
		sim_set_capacity(p->sim, 0);
		patient_reopen(p);
		patient_recovers(p, 0);
		assert_int_equal(p->result.version, 1);
		patient_free(p);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_failed_sync_fails_the_store_for_good),
	    cmocka_unit_test(a_sync_that_failed_falsely_is_believed_to_have_failed),
	    cmocka_unit_test(a_failed_directory_sync_fails_the_store_for_good),
	    cmocka_unit_test(a_failed_write_to_the_log_or_witness_fails_the_store_for_good),
	    cmocka_unit_test(everyone_in_a_failed_group_is_told),
	    cmocka_unit_test(nothing_changed_is_no_answer_either),
	    cmocka_unit_test(a_crowd_behind_a_failed_sync_is_told),
	    cmocka_unit_test(a_full_disk_is_refused_cleanly_at_every_write_of_the_next_segment),
	    cmocka_unit_test(a_full_disk_is_refused_as_long_as_it_is_full),
	    cmocka_unit_test(creation_on_a_full_disk_leaves_nothing_that_matters),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
