/* Rule 2 as a law over all domains: whatever an answer could have been told apart by, it waits for.
 *
 * Two stores have the same history. In one of them something more is changed, durably, and left undurable. Then both are asked the same: an operation
 * that asks for no more than the kernel, a transaction of several, or a read. If the answers differ, then the first one rests on that change, and
 * the change must be durable by now. Nobody has to know which object an answer depends on: the other store tells. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "lib/acts.h"
#include "lib/sim_os.h"
#include "store/internal.h"

enum { TRIALS = 1000, HISTORY = 24, TOGETHER = 3, SAID = 8192 };

/* --- What is said ------------------------------------------------------------------------------------------------------------- */

/* An answer in words, without anything that depends on how far the log has got. */
struct said {
	char text[SAID];
	size_t len;
};

__attribute__((format(printf, 2, 3))) static void say(struct said *said, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	const int len = vsnprintf(said->text + said->len, SAID - said->len, format, args);
	va_end(args);
	assert_true(len >= 0 && (size_t)len < SAID - said->len);
	said->len += (size_t)len;
}

static void say_bytes(struct said *said, struct hf_bytes bytes)
{
	say(said, " %.*s", (int)bytes.len, bytes.len ? (const char *)bytes.data : "");
}

static void say_numbers(struct said *said, size_t count, const int64_t *numbers)
{
	for (size_t i = 0; i < count; i++)
		say(said, " %lld", (long long)numbers[i]);
}

#define SAY(said, ...) say_numbers((said), sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t), (const int64_t[]){__VA_ARGS__})

/* --- Asking ---------------------------------------------------------------------------------------------------------------------- */

static void say_place(struct said *said, const struct place *place, bool done)
{
	say(said, " changed %d count %llu version %d token %d |", place->result.changed, (unsigned long long)place->result.count,
	    place->result.version != 0, place->result.token != 0);
	for (size_t i = 0; done && i < place->items.count; i++) {
		say_bytes(said, place->items.items[i].id);
		say_bytes(said, place->items.items[i].payload);
		SAY(said, place->items.items[i].attempts, place->items.items[i].enqueued_at);
	}
	if (!done)
		return;
	SAY(said, place->begun.outcome, place->begun.status, place->begun.lease_until, place->begun.expires_at);
	say_bytes(said, place->begun.response);
}

/* One alone, or several in a transaction. */
static void ask_acts(hf_store *s, const struct act *acts, size_t count, struct said *said)
{
	struct place places[TOGETHER] = {0};
	struct hf_error error = {0};
	hf_txn *txn = NULL;
	int rc;
	if (count == 1) {
		rc = act_perform(&acts[0], s, NULL, HF_OS, &places[0], &error);
	} else {
		assert_int_equal(hf_txn_begin(s, &txn, &error), HF_OK);
		for (size_t i = 0; i < count; i++)
			assert_int_equal(act_perform(&acts[i], s, txn, HF_DURABLE, &places[i], &error), HF_OK);
		rc = hf_txn_commit(txn, HF_OS, &error);
	}
	say(said, "%s at %u %s", hf_code_name(rc), rc == HF_OK ? 0 : error.operation, rc == HF_OK ? "" : error.text);
	for (size_t i = 0; i < count; i++) {
		say_place(said, &places[i], rc == HF_OK);
		hf_release(places[i].items.memory);
		hf_release(places[i].begun.memory);
	}
}

static void ask_outbox(hf_store *s, unsigned which, struct said *said)
{
	const struct hf_bytes queue = hf_str("q");
	if (which == 0) {
		struct hf_outbox_stats stats;
		assert_int_equal(hf_outbox_stats(s, queue, 0, &stats, NULL), HF_OK);
		SAY(said, (int64_t)stats.queued.items, stats.queued.oldest, (int64_t)stats.sending.items, (int64_t)stats.failed.items, stats.paused,
		    (int64_t)stats.blocked, (int64_t)stats.busy_groups, (int64_t)stats.completed, stats.dedup_window_us);
		return;
	}
	struct hf_outbox_items page;
	assert_int_equal(hf_outbox_list(s, &(struct hf_outbox_list){.queue = queue, .status = which % 4}, 0, &page, NULL), HF_OK);
	for (size_t i = 0; i < page.count; i++) {
		say_bytes(said, page.items[i].id);
		SAY(said, page.items[i].status, page.items[i].attempts, (int64_t)page.items[i].version, page.items[i].lease_until,
		    page.items[i].rerun != NULL);
	}
	hf_release(page.memory);
}

static void ask_inbox(hf_store *s, unsigned which, struct said *said)
{
	const struct hf_bytes user = hf_str("u");
	if (which == 0) {
		struct hf_inbox_counts counts;
		assert_int_equal(hf_inbox_counts(s, user, 0, &counts, NULL), HF_OK);
		SAY(said, (int64_t)counts.total, (int64_t)counts.unread, (int64_t)counts.unseen, (int64_t)counts.dismissed);
		return;
	}
	struct hf_inbox_page page;
	const struct hf_inbox_load load = {
	    .user = user, .unread_only = which == 1, .without_dismissed = which == 2, .without_snoozed = which == 3};
	assert_int_equal(hf_inbox_load(s, &load, 0, &page, NULL), HF_OK);
	SAY(said, page.generated_at);
	for (size_t i = 0; i < page.count; i++) {
		say_bytes(said, page.items[i].key.thread);
		SAY(said, (int64_t)page.items[i].version, page.items[i].unread, page.items[i].dismissed, page.items[i].snoozed_until);
	}
	hf_release(page.memory);
}

static void ask_documents(hf_store *s, unsigned which, struct said *said)
{
	if (which == 0) {
		struct hf_document_counted counted;
		assert_int_equal(hf_document_count(s, &(struct hf_document_count){.collection = hf_str("c")}, 0, &counted, NULL), HF_OK);
		SAY(said, (int64_t)counted.documents, counted.orders);
		return;
	}
	struct hf_document_got got;
	const int rc = hf_document_get(s, &(struct hf_document_key){hf_str("c"), act_name(which)}, 0, &got, NULL);
	SAY(said, rc, (int64_t)got.document.version, got.document.updated_at);
	say_bytes(said, got.document.payload);
	hf_release(got.memory);
}

static void ask_cursor(hf_store *s, unsigned which, struct said *said)
{
	struct hf_cursor_page page;
	const struct hf_cursor_list list = {.stream = hf_str(which == 0 ? "" : which == 1 ? "s" : "t")};
	assert_int_equal(hf_cursor_list(s, &list, 0, &page, NULL), HF_OK);
	for (size_t i = 0; i < page.count; i++)
		SAY(said, (int64_t)page.items[i].version, page.items[i].last_sequence);
	hf_release(page.memory);
}

static void ask_others(hf_store *s, unsigned which, struct said *said)
{
	struct hf_lock_page locks;
	struct hf_idempotency_got entry;
	struct hf_migration_page migrations;
	uint64_t events = 0;
	if (which == 0) {
		assert_int_equal(hf_lock_list(s, NULL, 0, &locks, NULL), HF_OK);
		for (size_t i = 0; i < locks.count; i++)
			SAY(said, (int64_t)locks.items[i].token, (int64_t)locks.items[i].version);
		hf_release(locks.memory);
	} else if (which == 1) {
		const int rc = hf_idempotency_get(s, &(struct hf_idempotency_key){hf_str("s"), hf_str("a")}, 0, &entry, NULL);
		SAY(said, rc, (int64_t)entry.entry.version, entry.entry.done);
		hf_release(entry.memory);
	} else if (which == 2) {
		assert_int_equal(hf_migrations(s, NULL, 0, &migrations, NULL), HF_OK);
		SAY(said, (int64_t)migrations.count);
		hf_release(migrations.memory);
	} else {
		assert_int_equal(hf_timeline_count(s, &(struct hf_timeline_filter){.timeline = hf_str("t")}, 0, &events, NULL), HF_OK);
		SAY(said, (int64_t)events);
	}
}

static void ask_read(hf_store *s, unsigned which, struct said *said)
{
	typedef void (*ask_fn)(hf_store *, unsigned, struct said *);
	static const ask_fn reads[] = {ask_outbox, ask_inbox, ask_documents, ask_cursor, ask_others};
	reads[which % 5](s, which / 5 % 4, said);
}

/* --- The law ------------------------------------------------------------------------------------------------------------------- */

struct pair {
	struct sim *sims[2];
	hf_store *stores[2];
};

static void pair_open(struct pair *pair)
{
	const struct hf_options options = {.create = true, .no_background = true};
	for (unsigned i = 0; i < 2; i++) {
		pair->sims[i] = sim_new(sim_profile_strict(), 1);
		sim_set_now(pair->sims[i], ACTS_NOW);
		assert_int_equal(hf__store_open(sim_os(pair->sims[i]), hf__all_domains(), &options, &pair->stores[i], NULL), HF_OK);
	}
}

static void pair_close(struct pair *pair)
{
	for (unsigned i = 0; i < 2; i++) {
		(void)hf_close(pair->stores[i], NULL);
		sim_free(pair->sims[i]);
	}
}

static void live_on(struct pair *pair, struct hf_rng *rng, unsigned focus)
{
	const size_t steps = 4 + hf_rng_below(rng, HISTORY);
	for (size_t i = 0; i < steps; i++) {
		const struct act act = act_draw(rng, pair->stores[0], focus);
		const int64_t later = hf_rng_chance(rng, 1, 4) ? hf_rng_range(rng, 1, 12) * ACTS_SECOND : 0;
		int rc[2];
		for (unsigned j = 0; j < 2; j++) {
			struct place place = {0};
			rc[j] = act_perform(&act, pair->stores[j], NULL, HF_DURABLE, &place, NULL);
			hf_release(place.items.memory);
			hf_release(place.begun.memory);
			sim_advance(pair->sims[j], later);
		}
		assert_int_equal(rc[0], rc[1]);
	}
}

static hf_lsn last_lsn(const hf_store *s)
{
	return s->next_lsn - 1;
}

/* Something more, durable when anybody waits for it, which nobody does. false: it changed nothing. */
static bool change_more(hf_store *s, const struct act *act)
{
	struct place place = {0};
	struct hf__ticket ticket;
	hf_txn *txn;
	const hf_lsn before = last_lsn(s);
	assert_int_equal(hf_txn_begin(s, &txn, NULL), HF_OK);
	assert_int_equal(act_perform(act, s, txn, HF_DURABLE, &place, NULL), HF_OK);
	const int rc = hf__submit(s, txn, HF_DURABLE, &ticket, NULL);
	hf_release(place.items.memory);
	hf_release(place.begun.memory);
	return rc == HF_OK && last_lsn(s) > before;
}

static void what_can_be_told_from_an_answer_is_durable(void **state)
{
	struct hf_rng rng = hf_rng_for("answers");
	unsigned told = 0, changes = 0;
	(void)state;
	for (unsigned trial = 0; trial < TRIALS; trial++) {
		struct pair pair;
		struct said said[2] = {0};
		struct act acts[TOGETHER] = {0};
		pair_open(&pair);
		const unsigned focus = (unsigned)hf_rng_below(&rng, ACT_KINDS);
		live_on(&pair, &rng, focus);
		const struct act more = act_draw(&rng, pair.stores[0], focus);
		const size_t count = hf_rng_below(&rng, TOGETHER + 1); /* 0: a read */
		const unsigned which = (unsigned)hf_rng_below(&rng, 20);
		for (size_t i = 0; i < count; i++)
			acts[i] = act_draw(&rng, pair.stores[1], focus);
		if (change_more(pair.stores[0], &more)) {
			const hf_lsn due = last_lsn(pair.stores[0]);
			for (unsigned i = 0; i < 2; i++)
				count == 0 ? ask_read(pair.stores[i], which, &said[i]) : ask_acts(pair.stores[i], acts, count, &said[i]);
			const hf_lsn durable = atomic_load(&pair.stores[0]->durable_lsn);
			const bool differ = strcmp(said[0].text, said[1].text) != 0;
			changes++;
			told += differ;
			if (differ && durable < due)
				fail_msg(
				    "trial %u: kind %u flag %u other %u name %u came before, %zu asked (kind %u flag %u other %u name %u, read %u), and "
				    "\"%s\" was said instead of \"%s\" while LSN %llu was not durable, only %llu",
				    trial, more.which, more.flag, more.other, more.name, count, acts[0].which, acts[0].flag, acts[0].other, acts[0].name,
				    which, said[0].text, said[1].text, (unsigned long long)due, (unsigned long long)durable);
		}
		pair_close(&pair);
	}
	print_message("%u changes, %u of them told\n", changes, told);
	assert_true(changes > TRIALS / 3 && told > TRIALS / 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_can_be_told_from_an_answer_is_durable),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
