/* The ledger: see ledger.h.
 *
 * Every call is noted twice, when it is about to be made and when it was acknowledged. In
 * between its outcome is open: after a kill it may be found done or not, and whichever it is,
 * that stands from then on. All else must be found exactly so. */
#include "lib/crash/ledger.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "holdfast/holdfast.h"
#include "lib/sim/sim_os.h"

/* The LSN in a token. */
#define LSN_BITS ((UINT64_C(1) << 48) - 1)

enum { COMPLAINTS_SHOWN = 10, STAMPS_OPEN = 8 };

struct item {
	bool begun, enqueued, completing, completed;
	bool leased;
	bool seen; /* by the check that runs */
	uint32_t claimed_in; /* the writer of the newest acknowledged claim */
	hf_token token;
};

struct record {
	uint64_t stamp; /* acknowledged; 0: never saved */
	uint64_t open[STAMPS_OPEN]; /* begun since */
	unsigned open_count;
	bool dismissed, dismissing;
};

struct own {
	uint64_t sequence, sequence_begun;
	struct record records[WRITER_RECORDS];
};

struct ledger {
	struct item *items;
	size_t item_count, item_cap;
	struct own owns[WRITER_THREADS];
	uint32_t writer; /* counted from 1 */
	uint64_t max_lsn, max_lsn_before; /* acknowledged; by earlier writers */
	uint64_t next_sequence, next_stamp;
	unsigned leased_open; /* claims with a lease that were never answered */
	struct sim_seen *lsns;
	struct ledger_counts counts;
	unsigned complaints;
};

static void complain(struct ledger *l, uint64_t *count, const char *what, uint64_t number)
{
	(*count)++;
	if (l->complaints++ < COMPLAINTS_SHOWN)
		printf("writer %u: %s (%" PRIu64 ")\n", l->writer, what, number);
}

struct ledger *ledger_new(void)
{
	struct ledger *l = calloc(1, sizeof *l);
	if (!l)
		abort();
	l->lsns = sim_seen_new();
	l->next_sequence = l->next_stamp = 1;
	return l;
}

void ledger_free(struct ledger *l)
{
	sim_seen_free(l->lsns);
	free(l->items);
	free(l);
}

struct ledger_counts ledger_counts(const struct ledger *l)
{
	return l->counts;
}

void ledger_begin(struct ledger *l)
{
	l->writer++;
	l->max_lsn_before = l->max_lsn;
}

void ledger_continue(const struct ledger *l, struct writer_start *start)
{
	start->next_item = l->item_count ? l->item_count : 1; /* 0 stands for none */
	start->next_sequence = l->next_sequence;
	start->next_stamp = l->next_stamp;
}

/* --- Notes ------------------------------------------------------------------------------------ */

static struct item *item_at(struct ledger *l, uint64_t number)
{
	while (l->item_cap <= number) {
		const size_t cap = l->item_cap ? 2 * l->item_cap : 1024;
		struct item *items = realloc(l->items, cap * sizeof *items);
		if (!items)
			abort();
		memset(items + l->item_cap, 0, (cap - l->item_cap) * sizeof *items);
		l->items = items;
		l->item_cap = cap;
	}
	if (l->item_count <= number)
		l->item_count = (size_t)number + 1;
	return &l->items[number];
}

static void note_lsn(struct ledger *l, uint64_t lsn)
{
	if (!sim_seen_add(l->lsns, lsn))
		complain(l, &l->counts.duplicated, "an LSN was issued twice", lsn);
	if (lsn <= l->max_lsn_before)
		complain(l, &l->counts.duplicated, "an LSN is not greater than those of earlier writers",
		         lsn);
	if (lsn > l->max_lsn)
		l->max_lsn = lsn;
}

static void note_claim(struct ledger *l, const struct report *r)
{
	if (!r->done) {
		l->leased_open += r->leased;
		return;
	}
	l->leased_open -= r->leased;
	if (r->value == 0)
		return; /* there was nothing to claim */
	struct item *item = item_at(l, r->item);
	if (!item->begun)
		complain(l, &l->counts.strange, "an item was claimed that was never enqueued", r->item);
	if (item->completed)
		complain(l, &l->counts.duplicated, "a completed item was claimed", r->item);
	if (item->claimed_in == l->writer || (item->leased && item->claimed_in))
		complain(l, &l->counts.duplicated, "an item was claimed that was claimed already", r->item);
	if (r->value <= item->token || (r->value & LSN_BITS) != r->lsn)
		complain(l, &l->counts.duplicated, "a token is not new", r->item);
	note_lsn(l, r->lsn);
	item->enqueued = true; /* whoever enqueued it may not have been told yet, or never */
	item->completing = false;
	item->claimed_in = l->writer;
	item->token = r->value;
	item->leased = r->leased;
}

static void note_enqueue(struct ledger *l, const struct report *r)
{
	struct item *item = item_at(l, r->item);
	if (!r->done) {
		item->begun = true;
		return;
	}
	item->enqueued = true;
	note_lsn(l, r->lsn);
}

static void note_complete(struct ledger *l, const struct report *r)
{
	struct item *item = item_at(l, r->item);
	item->completing = true;
	if (r->done)
		item->completed = true;
}

static void note_advance(struct ledger *l, const struct report *r)
{
	struct own *own = &l->owns[r->thread];
	own->sequence_begun = r->value;
	if (r->value >= l->next_sequence)
		l->next_sequence = r->value + 1;
	if (!r->done)
		return;
	own->sequence = r->value;
	note_lsn(l, r->lsn);
}

static void note_save(struct ledger *l, const struct report *r)
{
	struct record *record = &l->owns[r->thread].records[r->item];
	if (r->value >= l->next_stamp)
		l->next_stamp = r->value + 1;
	if (!r->done) {
		/* More writers than there are places die between two checks only if a test asks for it. */
		if (record->open_count == STAMPS_OPEN)
			abort();
		record->open[record->open_count++] = r->value;
		return;
	}
	record->stamp = r->value;
	record->open_count = 0;
}

static void note_dismiss(struct ledger *l, const struct report *r)
{
	struct record *record = &l->owns[r->thread].records[r->item];
	record->dismissing = true;
	record->dismissed = record->dismissed || r->done;
}

bool ledger_note(struct ledger *l, const struct report *r)
{
	static void (*const notes[])(struct ledger *, const struct report *) = {
	    [REPORT_ENQUEUE] = note_enqueue,   [REPORT_CLAIM] = note_claim,
	    [REPORT_COMPLETE] = note_complete, [REPORT_ADVANCE] = note_advance,
	    [REPORT_SAVE] = note_save,         [REPORT_DISMISS] = note_dismiss,
	};
	if (r->kind == REPORT_OPENED)
		return true;
	if (r->kind == REPORT_FAILED || r->kind >= sizeof notes / sizeof notes[0] ||
	    r->thread >= WRITER_THREADS) {
		printf("writer %u: call %" PRIu64 " answered %s\n", l->writer, r->item,
		       hf_code_name((int)r->value));
		return false;
	}
	l->counts.acknowledgements += r->done;
	notes[r->kind](l, r);
	return true;
}

/* --- The check -------------------------------------------------------------------------------- */

static bool payload_right(uint64_t number, struct hf_bytes payload)
{
	uint8_t expected[WRITER_PAYLOAD_MAX];
	const size_t len = writer_payload(number, expected);
	return payload.len == len && (len == 0 || memcmp(payload.data, expected, len) == 0);
}

/* Its lease still holds: as it should, or as it may. Completed here, so that it does not stay in
 * the way. */
static void check_held(struct ledger *l, hf_store *store, struct item *item, uint64_t number,
                       const struct hf_outbox_item *found)
{
	if (item->leased && item->token == found->token) {
		l->counts.leased++;
	} else if (l->leased_open > 0 && found->token > item->token) {
		l->leased_open--;
		l->counts.turned_up++;
	} else {
		complain(l, &l->counts.strange, "an item is held by nobody known", number);
	}
	const struct hf_outbox_complete_args args = {
	    .queue = hf_str(WRITER_QUEUE), .id = found->id, .token = found->token};
	if (hf_outbox_complete(store, NULL, &args, NULL, NULL) != HF_OK)
		complain(l, &l->counts.strange, "a held item could not be completed", number);
	item->completed = true;
}

static void check_item(struct ledger *l, hf_store *store, const struct hf_outbox_item *found)
{
	char id[32] = "";
	memcpy(id, found->id.data, found->id.len < sizeof id ? found->id.len : sizeof id - 1);
	const uint64_t number = strtoull(id + strlen("item-"), NULL, 10);
	struct item *item = item_at(l, number);
	if (item->seen)
		complain(l, &l->counts.duplicated, "an item is there twice", number);
	if (item->completed)
		complain(l, &l->counts.duplicated, "a completed item is back", number);
	if (!item->begun || !payload_right(number, found->payload) || found->attempts != 0)
		complain(l, &l->counts.strange, "an item is not as it was enqueued", number);
	l->counts.turned_up += !item->enqueued;
	l->counts.vanished += item->completing && !item->completed;
	item->seen = true;
	item->enqueued = true;
	item->completing = false;
	if (found->status == HF_OUTBOX_SENDING) {
		check_held(l, store, item, number, found);
		return;
	}
	if (found->status != HF_OUTBOX_QUEUED)
		complain(l, &l->counts.strange, "an item is neither queued nor held", number);
	if (item->leased && item->claimed_in)
		complain(l, &l->counts.lost, "a claim is gone before its lease was over", number);
	l->counts.freed += item->claimed_in != 0;
	item->claimed_in = 0;
}

/* Items that the list did not show. */
static void check_missing(struct ledger *l)
{
	for (uint64_t number = 0; number < l->item_count; number++) {
		struct item *item = &l->items[number];
		if (!item->seen && item->begun && !item->completed) {
			if (item->enqueued && !item->completing)
				complain(l, &l->counts.lost, "an item is lost", number);
			l->counts.turned_up += item->enqueued && item->completing;
			l->counts.vanished += !item->enqueued;
			item->completed = true; /* whatever it was, it must not come back */
		}
		item->seen = false;
	}
}

static void check_queue(struct ledger *l, hf_store *store)
{
	struct hf_outbox_items list = {0};
	const struct hf_outbox_list_args args = {.queue = hf_str(WRITER_QUEUE)};
	if (hf_outbox_list(store, &args, 0, &list, NULL) != HF_OK) {
		complain(l, &l->counts.lost, "the queue cannot be read", 0);
		return;
	}
	l->counts.live = list.count;
	for (size_t i = 0; i < list.count; i++)
		check_item(l, store, &list.items[i]);
	hf_release(list.memory);
	check_missing(l);
	l->leased_open = 0;
}

static void check_cursor(struct ledger *l, hf_store *store, unsigned thread)
{
	char consumer[32], delivery[32];
	struct own *own = &l->owns[thread];
	struct hf_cursor_got got = {0};
	const struct hf_cursor_key key = {.consumer =
	                                      hf_bytes_of(consumer, writer_user(thread, consumer)),
	                                  .stream = hf_str("stream")};
	const int rc = hf_cursor_get(store, &key, 0, &got, NULL);
	if (rc != HF_OK && rc != HF_ENOTFOUND)
		complain(l, &l->counts.lost, "a cursor cannot be read", thread);
	const uint64_t sequence = rc == HF_OK ? (uint64_t)got.cursor.last_sequence : 0;
	const size_t len = writer_delivery(sequence, delivery);
	if (sequence < own->sequence)
		complain(l, &l->counts.lost, "a cursor is behind what was acknowledged", sequence);
	else if (sequence != own->sequence && sequence > own->sequence_begun)
		complain(l, &l->counts.strange, "a cursor is ahead of what was asked for", sequence);
	else if (rc == HF_OK && (got.cursor.last_delivery_id.len != len ||
	                         memcmp(got.cursor.last_delivery_id.data, delivery, len) != 0))
		complain(l, &l->counts.strange, "a cursor has another delivery id", sequence);
	l->counts.turned_up += sequence > own->sequence;
	own->sequence = own->sequence_begun = sequence;
	if (rc == HF_OK)
		hf_release(got.memory);
}

static bool stamp_possible(const struct record *record, uint64_t stamp)
{
	bool possible = stamp == record->stamp;
	for (unsigned i = 0; i < record->open_count; i++)
		possible = possible || stamp == record->open[i];
	return possible;
}

static void check_record(struct ledger *l, hf_store *store, unsigned thread, uint64_t number)
{
	char user[32], name[32];
	struct record *record = &l->owns[thread].records[number];
	struct hf_inbox_got got = {0};
	const struct hf_inbox_key key = {.user = hf_bytes_of(user, writer_user(thread, user)),
	                                 .thread = hf_bytes_of(name, writer_thread(number, name))};
	const int rc = hf_inbox_get(store, &key, 0, &got, NULL);
	if (rc != HF_OK && rc != HF_ENOTFOUND)
		complain(l, &l->counts.lost, "a record cannot be read", number);
	uint64_t stamp = 0;
	if (rc == HF_OK && got.record.payload.len == sizeof stamp)
		memcpy(&stamp, got.record.payload.data, sizeof stamp);
	const bool dismissed = rc == HF_OK && got.record.dismissed;
	if (!stamp_possible(record, stamp))
		complain(l, stamp < record->stamp ? &l->counts.lost : &l->counts.strange,
		         "a record is not as it was saved", number);
	if (record->dismissed && !dismissed)
		complain(l, &l->counts.lost, "a dismissed record is back", number);
	if (dismissed && !record->dismissing)
		complain(l, &l->counts.strange, "a record is dismissed that nobody dismissed", number);
	l->counts.turned_up += stamp != record->stamp;
	*record = (struct record){.stamp = stamp, .dismissed = dismissed, .dismissing = dismissed};
	if (rc == HF_OK)
		hf_release(got.memory);
}

/* Every record once and no other. */
static void check_inbox(struct ledger *l, hf_store *store, unsigned thread)
{
	char user[32];
	size_t expected = 0;
	struct hf_inbox_counts counts = {0};
	for (uint64_t i = 0; i < WRITER_RECORDS; i++) {
		check_record(l, store, thread, i);
		expected += l->owns[thread].records[i].stamp != 0;
	}
	if (hf_inbox_count(store, hf_bytes_of(user, writer_user(thread, user)), 0, &counts, NULL) !=
	        HF_OK ||
	    counts.total != expected)
		complain(l, &l->counts.duplicated, "an inbox does not have as many records as were saved",
		         counts.total);
}

void ledger_check(struct ledger *l, hf_store *store)
{
	check_queue(l, store);
	for (unsigned i = 0; i < WRITER_THREADS; i++) {
		check_cursor(l, store, i);
		check_inbox(l, store, i);
	}
}
