/* The outbox at work: a crew drains it and is killed in the middle, a second one finishes, then
 * what has failed gets another chance until everything is delivered. */
#include "demo.h"
#include "report.h"

#include <stdio.h>
#include <stdlib.h>

enum { ROUNDS_MAX = 12 };

/* What one crew has done, by its acknowledgements. */
struct round {
	size_t completed, failed;
};

static void report_round(const char *chapter, const char *what, const struct round *round,
                         const struct hf_outbox_stats *left)
{
	unsigned long long to_go = left->queued.items + left->failed.items;

	report_line(chapter, "%-49s %11zu %9zu %7llu", what, round->completed, round->failed, to_go);
}

static bool note_ack(void *arg, enum crew_step step, hf_token token)
{
	struct demo *demo = arg;

	if (demo->ack_count == demo->ack_room) {
		demo->ack_room = demo->ack_room ? demo->ack_room * 2 : 1024;
		demo->acks = realloc(demo->acks, demo->ack_room * sizeof(*demo->acks));
		must_be(demo->acks != NULL, "there is memory for the acknowledgements");
	}
	demo->acks[demo->ack_count++] = (struct ack){step, token};
	return !demo->kill_at || demo->ack_count < demo->kill_at;
}

static struct round drain(struct demo *demo, bool to_be_killed)
{
	struct crew_order order = {.path = STORE,
	                           .queue = QUEUE,
	                           .threads = WORKERS,
	                           .seed = demo->seed,
	                           .sabotage = demo->sabotage};
	struct round round = {0};
	size_t before = demo->ack_count;
	bool killed;

	must_be(crew_run(&order, note_ack, demo, &killed),
	        to_be_killed ? "the first crew was killed" : "a crew came to its end");
	must_be(killed == to_be_killed, "a crew is killed when, and only when, it is to be");
	for (size_t i = before; i < demo->ack_count; i++)
		*(demo->acks[i].step == CREW_COMPLETED ? &round.completed : &round.failed) += 1;
	return round;
}

static struct hf_outbox_stats count(hf_store *store)
{
	struct hf_outbox_stats stats = {0};
	struct hf_error error;

	must(hf_outbox_get_stats(store, hf_str(QUEUE), 0, &stats, &error), &error, "stats");
	return stats;
}

static void be_killed(struct demo *demo)
{
	struct hf_outbox_stats stats = {0};
	struct hf_error error;
	struct hf_info info = {0};
	struct round round;
	hf_store *store;

	/* Somewhere in the middle of what is queued; the seed says where. */
	demo->kill_at = (demo->item_count - demo->was_failed) / 3 + demo->seed % 20;
	round = drain(demo, true);
	demo->kill_at = 0;
	store = store_open();
	must(hf_get_info(store, &info, &error), &error, "info");
	demo->killed_lsn = info.last_lsn;
	stats = count(store);
	must_be(stats.sending.items == 0, "whatever the dead process held is free again");
	inbox_check(demo, store);
	cursor_check(store);
	store_close(store);
	report_line("drain", "%d threads; the sender refuses now and then          %11s %9s %7s",
	            WORKERS, "delivered", "refused", "to go");
	report_round("", "a first crew, killed by SIGKILL", &round, &stats);
	report_line("reopen", "%llu log entries replayed, inbox and cursor as they were",
	            (unsigned long long)info.replayed);
}

/* Every failed item is to be tried again, all of them or none. Gives their number. */
static size_t redrive(hf_store *store)
{
	struct hf_outbox_list_args query = {
	    .queue = hf_str(QUEUE), .status = HF_OUTBOX_FAILED, .without_payload = true};
	struct hf_outbox_items failed = {0};
	struct hf_error error;
	size_t count_of;
	hf_txn *txn;

	must(hf_outbox_list(store, &query, 0, &failed, &error), &error, "list");
	must(hf_txn_begin(store, &txn, &error), &error, "begin");
	for (size_t i = 0; i < failed.count; i++) {
		struct hf_outbox_retry_args retry = {.queue = query.queue, .id = failed.items[i].id};
		must(hf_outbox_retry(store, txn, &retry, NULL, &error), &error, "retry");
	}
	must(hf_txn_commit(txn, HF_DURABLE, &error), &error, "redrive");
	count_of = failed.count;
	hf_release(failed.memory);
	return count_of;
}

/* One crew that comes to its end, and what it leaves. */
static struct hf_outbox_stats finish(struct demo *demo, const char *chapter, const char *what)
{
	struct round round = drain(demo, false);
	hf_store *store = store_open();
	struct hf_outbox_stats left = count(store);

	store_close(store);
	report_round(chapter, what, &round, &left);
	return left;
}

/* Until nothing is failed; until a crew leaves something queued, which is wrong and will be
 * seen; or for too long, which is too. */
static void finish_all(struct demo *demo)
{
	struct hf_outbox_stats left = finish(demo, "drain", "a second crew, to the end");

	for (int i = 0; i < ROUNDS_MAX && left.failed.items && !left.queued.items; i++) {
		hf_store *store = store_open();
		char what[64];
		snprintf(what, sizeof(what), "%zu failed: queued again", redrive(store));
		store_close(store);
		left = finish(demo, i ? "" : "redrive", what);
	}
}

void work_all(struct demo *demo)
{
	be_killed(demo);
	finish_all(demo);

	hf_store *store = store_open();
	const struct hf_outbox_stats stats = count(store);
	inbox_check(demo, store);
	cursor_check(store);
	store_close(store);
	report_fact(stats.queued.items + stats.sending.items + stats.failed.items == 0,
	            "nothing is queued, held or failed at the end", "%llu queued, %llu failed",
	            (unsigned long long)stats.queued.items, (unsigned long long)stats.failed.items);
	/* The two checks above, and those right after the kill, have ended the process if not. */
	report_fact(true, "what was dismissed stays dismissed: after a later save, after the kill",
	            "%zu of %zu records", demo->was_dismissed + DISMISSALS, demo->record_count);
	report_fact(true, "the cursor stands where it was reset to, with the reason", "1 cursor");
}
