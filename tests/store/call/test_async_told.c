/* tier: fast */
/* Who is told that a ticket is answered: callbacks, in which order and where; the eventfd, how
 * often. One thread does everything, as in test_async. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/mem.h"
#include "lib/patient.h"
#include "lib/test.h"

static struct hf_ticket advance(struct patient *p, const char *consumer, int64_t sequence,
                                enum hf_durability durability)
{
	struct hf_ticket ticket;
	const struct hf_cursor_advance_args args = {
	    .write = {.durability = durability, .ticket = &ticket},
	    .key = {hf_str(consumer), hf_str("told"), hf_str("")},
	    .sequence = sequence};
	assert_int_equal(hf_cursor_advance(p->store, NULL, &args, &p->result, &p->error), HF_OK);
	return ticket;
}

/* The newest advance once more, with the time that it had: nothing changes. */
static struct hf_ticket replay_as_it_was(struct patient *p, const char *consumer)
{
	struct hf_ticket ticket;
	struct hf_cursor_got got = {0};
	const struct hf_cursor_key key = {hf_str(consumer), hf_str("told"), hf_str("")};
	assert_int_equal(hf_cursor_get(p->store, &key, 0, &got, &p->error), HF_OK);
	const struct hf_cursor_advance_args args = {.write = {.ticket = &ticket},
	                                            .key = key,
	                                            .sequence = (int64_t)got.cursor.last_sequence,
	                                            .now = got.cursor.updated_at};
	assert_int_equal(hf_cursor_advance(p->store, NULL, &args, &p->result, &p->error), HF_OK);
	hf_release(got.memory);
	return ticket;
}

static struct patient *begun(void)
{
	struct patient *p = patient_new(sim_profile_weak(), 0);
	patient_puts(p, 1);
	return p;
}

static void flush(struct patient *p)
{
	assert_int_equal(hf_flush(p->store, &p->error), HF_OK);
}

/* --- Callbacks -------------------------------------------------------------------------------- */

enum { CALLS = 64 };

/* What was called, in order. */
struct calls {
	struct patient *p;
	struct hf_ticket tickets[CALLS];
	int codes[CALLS];
	size_t count;
	int rc; /* of what a callback did itself */
};

static void note(void *ctx, const struct hf_ticket *ticket, int code)
{
	struct calls *calls = ctx;
	assert_true(calls->count < CALLS);
	calls->tickets[calls->count] = *ticket;
	calls->codes[calls->count++] = code;
}

static void call_me(struct patient *p, struct hf_ticket ticket, hf_ticket_fn fn,
                    struct calls *calls)
{
	assert_int_equal(hf_ticket_callback(p->store, &ticket, fn, calls, &p->error), HF_OK);
}

static void assert_calls(const struct calls *calls, size_t count, int code)
{
	assert_int_equal(calls->count, count);
	for (size_t i = 0; i < count; i++) {
		assert_int_equal(calls->codes[i], code);
		assert_true(i == 0 || calls->tickets[i].changed > calls->tickets[i - 1].changed);
	}
}

static void callbacks_come_in_the_order_of_lsns_whatever_they_were_asked_for_in(void **state)
{
	static const size_t order[] = {3, 0, 5, 1, 4, 2};
	(void)state;
	struct patient *p = begun();
	struct calls calls = {.p = p};
	struct hf_ticket tickets[6];
	for (int i = 0; i < 6; i++)
		tickets[i] = advance(p, "c", i + 1, i % 3 == 1 ? HF_OS : HF_DURABLE);
	for (int i = 0; i < 6; i++)
		call_me(p, tickets[order[i]], note, &calls);
	assert_int_equal(calls.count, 0);
	/* Flushing is not enough: they are called where that was said, and nowhere else. */
	assert_int_equal(hf_sync(p->store, &p->error), HF_OK);
	assert_int_equal(hf_ticket_wait(p->store, &tickets[5], -1, &p->error), HF_OK);
	assert_int_equal(hf_maintain(p->store, 0, &p->error), HF_OK);
	assert_int_equal(calls.count, 0);
	flush(p);
	assert_calls(&calls, 6, HF_OK);
	flush(p);
	assert_calls(&calls, 6, HF_OK); /* once each */
	patient_free(p);
}

/* Nothing overtakes: what is written already waits for what is still to be durable before it. */
static void a_callback_waits_for_those_before_it(void **state)
{
	(void)state;
	struct patient *p = begun();
	struct calls calls = {.p = p};
	const struct hf_ticket first = advance(p, "c", 1, HF_DURABLE);
	const struct hf_ticket answered = {1, 1};
	call_me(p, first, note, &calls);
	call_me(p, advance(p, "d", 1, HF_OS), note, &calls);
	call_me(p, answered, note, &calls); /* answered long ago: called all the same, and first */
	assert_int_equal(calls.count, 0);
	flush(p);
	assert_calls(&calls, 3, HF_OK);
	assert_true(calls.tickets[0].changed == 1 && calls.tickets[1].changed == first.changed);
	patient_free(p);
}

/* Commits anew, asks for another call and flushes: what is asked for meanwhile comes after, in
 * the same hf_flush. */
static void note_and_go_on(void *ctx, const struct hf_ticket *ticket, int code)
{
	struct calls *calls = ctx;
	const size_t before = calls->count;
	note(ctx, ticket, code);
	if (calls->count >= 4)
		return;
	call_me(calls->p, advance(calls->p, "again", (int64_t)calls->count, HF_DURABLE), note_and_go_on,
	        calls);
	flush(calls->p);
	assert_int_equal(calls->count, before + 1); /* no call within a call */
}

static void a_callback_may_use_the_store(void **state)
{
	(void)state;
	struct patient *p = begun();
	struct calls calls = {.p = p};
	call_me(p, advance(p, "c", 1, HF_DURABLE), note_and_go_on, &calls);
	flush(p);
	assert_calls(&calls, 4, HF_OK);
	patient_free(p);
}

static void a_callback_hears_of_a_failure(void **state)
{
	(void)state;
	struct patient *p = begun();
	struct calls calls = {.p = p};
	const struct hf_ticket before = advance(p, "c", 1, HF_DURABLE);
	flush(p);
	const struct hf_ticket lost = advance(p, "c", 2, HF_DURABLE);
	call_me(p, lost, note, &calls);
	sim_add_fault(p->sim, (struct sim_fault){.kinds = SIM_SYNC, .name = "segment-", .error = EIO});
	assert_int_equal(hf_flush(p->store, &p->error), HF_EUNCERTAIN);
	assert_calls(&calls, 1, HF_EUNCERTAIN);
	/* Asked for afterwards: the same, and what was durable before stays so. */
	call_me(p, lost, note, &calls);
	call_me(p, before, note, &calls);
	assert_int_equal(hf_flush(p->store, &p->error), HF_EFAILED);
	assert_int_equal(calls.count, 3);
	assert_int_equal(calls.codes[1], HF_OK);
	assert_int_equal(calls.codes[2], HF_EUNCERTAIN);
	patient_close_failed(p);
	patient_free(p);
}

/* hf_close answers everything. What a callback begins then is refused: else there would be no
 * end. */
static void note_and_try(void *ctx, const struct hf_ticket *ticket, int code)
{
	struct calls *calls = ctx;
	struct hf_ticket another = {8, 8};
	const struct hf_cursor_advance_args args = {.write.ticket = &another,
	                                            .key = {hf_str("late"), hf_str("told"), hf_str("")},
	                                            .sequence = 1};
	note(ctx, ticket, code);
	calls->rc = hf_cursor_advance(calls->p->store, NULL, &args, NULL, NULL);
	assert_int_equal(another.changed, 0);
	assert_int_equal(hf_ticket_callback(calls->p->store, ticket, note, calls, NULL), HF_ECANCELED);
}

static void closing_calls_what_is_still_to_be_called(void **state)
{
	(void)state;
	struct patient *p = begun();
	struct calls calls = {.p = p};
	for (int i = 0; i < 5; i++)
		call_me(p, advance(p, "c", i + 1, i == 2 ? HF_OS : HF_DURABLE), note_and_try, &calls);
	patient_close(p);
	assert_calls(&calls, 5, HF_OK);
	assert_int_equal(calls.rc, HF_ECANCELED);
	patient_reopen(p);
	/* The same when the last sync fails. */
	calls.count = 0;
	(void)advance(p, "c", 6, HF_DURABLE);
	call_me(p, advance(p, "c", 7, HF_DURABLE), note_and_try, &calls);
	sim_add_fault(p->sim, (struct sim_fault){.kinds = SIM_SYNC, .name = "segment-", .error = EIO});
	patient_close_failed(p);
	assert_calls(&calls, 1, HF_EUNCERTAIN);
	sim_clear_faults(p->sim);
	/* A forked child frees them and calls nothing. */
	patient_reopen(p);
	calls.count = 0;
	(void)advance(p, "c", 8, HF_DURABLE);
	call_me(p, advance(p, "c", 9, HF_DURABLE), note, &calls);
	patient_kill(p);
	assert_int_equal(calls.count, 0);
	patient_free(p);
}

static bool never(void *ctx, size_t size)
{
	(void)ctx;
	(void)size;
	return true;
}

static void a_callback_that_is_refused_is_not_called(void **state)
{
	(void)state;
	struct patient *p = begun();
	struct calls calls = {.p = p};
	const struct hf_ticket ticket = advance(p, "c", 1, HF_DURABLE);
	const struct hf_ticket unknown = {ticket.changed + 1, ticket.due};
	assert_int_equal(hf_ticket_callback(p->store, &ticket, NULL, &calls, &p->error), HF_EINVAL);
	assert_int_equal(hf_ticket_callback(p->store, &unknown, note, &calls, &p->error), HF_EINVAL);
	hf__mem_set_veto(never, NULL);
	assert_int_equal(hf_ticket_callback(p->store, &ticket, note, &calls, &p->error), HF_ENOMEM);
	hf__mem_set_veto(NULL, NULL);
	sim_set_forked(p->sim, true);
	assert_int_equal(hf_ticket_callback(p->store, &ticket, note, &calls, &p->error), HF_EFORK);
	sim_set_forked(p->sim, false);
	flush(p);
	patient_close(p);
	assert_int_equal(calls.count, 0);
	patient_free(p);
}

/* --- The eventfd ------------------------------------------------------------------------------ */

/* Put between the store and the seam: an event is told of by whoever was given its number. */
static uint64_t tells;

static int told(void *ctx, int event)
{
	(void)ctx;
	tells++;
	return write(event, &(uint64_t){1}, sizeof(uint64_t)) == sizeof(uint64_t) ? 0 : EIO;
}

static bool readable(int event)
{
	uint64_t count = 0;
	const ssize_t got = read(event, &count, sizeof count);
	assert_true(got == (ssize_t)sizeof count || errno == EAGAIN);
	return got > 0;
}

static void the_eventfd_is_written_once_for_each_sync_at_most(void **state)
{
	(void)state;
	struct patient *p = begun();
	struct hf__os os = *sim_os(p->sim);
	int event, again;
	os.event_tell = told;
	tells = 0;
	patient_close(p);
	assert_int_equal(hf__store_open(&os, hf__all_domains(), &p->options, &p->store, &p->error),
	                 HF_OK);
	assert_int_equal(hf_eventfd(p->store, &event, &p->error), HF_OK);
	assert_int_equal(hf_eventfd(p->store, &again, &p->error), HF_OK);
	assert_int_equal(event, again);
	assert_true((fcntl(event, F_GETFD) & FD_CLOEXEC) && (fcntl(event, F_GETFL) & O_NONBLOCK));
	/* Who waits for himself needs no telling. */
	patient_puts(p, 3);
	assert_false(readable(event));
	assert_int_equal(tells, 0);
	const uint64_t syncs = patient_info(p).syncs;
	for (int i = 1; i <= 10; i++) {
		for (int j = 0; j < i; j++)
			(void)advance(p, "c", 100 * i + j, j % 3 == 1 ? HF_OS : HF_DURABLE);
		assert_false(readable(event));
		flush(p);
		assert_true(readable(event));
		assert_false(readable(event));
		assert_int_equal(tells, i);
	}
	assert_int_equal(patient_info(p).syncs, syncs + 10);
	assert_int_equal(patient_info(p).signals, 10);
	/* Answered when it is given: nobody flushes, and nothing is told. A replay alone would
	 * change updated_at, which is later each time. */
	const struct hf_ticket replay = replay_as_it_was(p, "c");
	assert_false(p->result.changed);
	assert_int_equal(hf_ticket_poll(p->store, &replay, &p->error), HF_OK);
	flush(p);
	assert_false(readable(event));
	/* Mode os alone: told of when it is written. What then becomes durable was answered before. */
	(void)advance(p, "d", 1, HF_OS);
	flush(p);
	assert_true(readable(event));
	assert_int_equal(hf_sync(p->store, &p->error), HF_OK);
	assert_false(readable(event));
	patient_close(p);
	assert_int_equal(fcntl(event, F_GETFD), -1);
	patient_free(p);
}

static void the_eventfd_tells_of_a_failure_once(void **state)
{
	static const char *const files[] = {"segment-", "WITNESS"};
	(void)state;
	for (int i = 0; i < 2; i++) {
		struct patient *p = begun();
		int event;
		/* the first word of an opening is synced at once: now there is one that is not */
		patient_puts(p, 1);
		assert_int_equal(hf_eventfd(p->store, &event, &p->error), HF_OK);
		const struct hf_ticket lost = advance(p, "c", 1, HF_DURABLE);
		sim_add_fault(p->sim,
		              (struct sim_fault){.kinds = SIM_SYNC, .name = files[i], .error = EIO});
		/* Upkeep syncs the witness: the store fails with nobody flushing. */
		assert_int_equal(i == 0 ? hf_flush(p->store, &p->error)
		                        : hf_maintain(p->store, 0, &p->error),
		                 HF_EUNCERTAIN);
		assert_true(readable(event));
		assert_int_equal(hf_ticket_poll(p->store, &lost, &p->error), HF_EUNCERTAIN);
		assert_int_equal(hf_flush(p->store, &p->error), HF_EFAILED);
		assert_int_equal(hf_sync(p->store, &p->error), HF_EFAILED);
		assert_false(readable(event));
		assert_int_equal(patient_info(p).signals, 1);
		patient_close_failed(p);
		patient_free(p);
	}
}

static int no_event(void *ctx, int *out)
{
	(void)ctx;
	(void)out;
	return EMFILE;
}

static void no_descriptor_is_no_disaster(void **state)
{
	(void)state;
	struct patient *p = begun();
	struct hf__os os = *sim_os(p->sim);
	int event = 5;
	os.event_new = no_event;
	patient_close(p);
	assert_int_equal(hf__store_open(&os, hf__all_domains(), &p->options, &p->store, &p->error),
	                 HF_OK);
	assert_int_equal(hf_eventfd(p->store, &event, &p->error), HF_ENOSPACE);
	assert_int_equal(event, -1);
	assert_int_equal(p->error.os_errno, EMFILE);
	const struct hf_ticket ticket = advance(p, "c", 1, HF_DURABLE);
	flush(p);
	assert_int_equal(hf_ticket_poll(p->store, &ticket, &p->error), HF_OK);
	patient_close(p);
	patient_free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(callbacks_come_in_the_order_of_lsns_whatever_they_were_asked_for_in),
	    cmocka_unit_test(a_callback_waits_for_those_before_it),
	    cmocka_unit_test(a_callback_may_use_the_store),
	    cmocka_unit_test(a_callback_hears_of_a_failure),
	    cmocka_unit_test(closing_calls_what_is_still_to_be_called),
	    cmocka_unit_test(a_callback_that_is_refused_is_not_called),
	    cmocka_unit_test(the_eventfd_is_written_once_for_each_sync_at_most),
	    cmocka_unit_test(the_eventfd_tells_of_a_failure_once),
	    cmocka_unit_test(no_descriptor_is_no_disaster),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
