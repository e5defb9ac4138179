/* The calls of a walk to its store, and what their answers demand. */
#include <inttypes.h>
#include <string.h>

#include "base/bytes.h"
#include "lib/crash/compound_walk.h"
#include "lib/crash/crash_play.h"
#include "store/follow/follow.h"

/* --- What is there ---------------------------------------------------------------------------- */

static const char *const names[OBJECTS] = {"a", "b", "c", "x", "y"};

static struct hf_cursor_key cursor_key(size_t object)
{
	return (struct hf_cursor_key){hf_str("me"), hf_str("in"), hf_str(names[object])};
}

static uint32_t stamp_of(struct hf_bytes payload)
{
	return payload.len >= sizeof(uint32_t) ? hf__load_u32(payload.data) : 0;
}

static int read_object(struct walk *w, size_t object, uint32_t *at, struct hf_error *error)
{
	struct hf_memory *memory = NULL;
	int rc;
	*at = 0;
	if (object < CURSORS) {
		struct hf_cursor_got got = {0};
		const struct hf_cursor_key key = cursor_key(object);
		rc = hf_cursor_get(w->store, &key, 0, &got, error);
		*at = rc == HF_OK ? (uint32_t)got.cursor.last_sequence : 0;
		memory = rc == HF_OK ? got.memory : NULL;
	} else {
		struct hf_outbox_got got = {0};
		const struct hf_outbox_key key = {hf_str("q"), hf_str(names[object])};
		rc = hf_outbox_get(w->store, &key, 0, &got, error);
		*at = rc == HF_OK ? stamp_of(got.item.payload) : 0;
		memory = rc == HF_OK ? got.memory : NULL;
	}
	hf_release(memory);
	return rc == HF_ENOTFOUND ? HF_OK : rc;
}

/* What an answer that looked at the object demands. */
static void demand_object(struct walk *w, size_t object)
{
	struct account *a = &w->account;
	for (size_t i = a->count; i > a->required; i--)
		if (a->durable[i] && a->states[i].at[object] != a->states[i - 1].at[object]) {
			a->required = i;
			break;
		}
	if (a->required_killed < a->required)
		a->required_killed = a->required;
}

static void demand(struct walk *w, size_t number, bool durable)
{
	struct account *a = &w->account;
	if (durable && number > a->required)
		a->required = number;
	if (number > a->required_killed)
		a->required_killed = number;
}

bool walk_store_failed(struct walk *w)
{
	struct hf_info info = {0};
	return w->store && hf_get_info(w->store, &info, NULL) == HF_OK && info.fault != 0;
}

static void tell(struct walk *w, uint64_t lsn)
{
	if (lsn > w->account.told)
		w->account.told = lsn;
}

void walk_look_at_info(struct walk *w)
{
	struct hf_info info = {0};
	if (hf_get_info(w->store, &info, NULL) != HF_OK) {
		walk_wrong(w, "no info");
		return;
	}
	if (info.durable_lsn > info.last_lsn)
		walk_wrong(w, "info says more is durable than was written");
	tell(w, info.last_lsn);
	w->stats->rotations += info.segment != w->segment && w->segment != 0;
	w->segment = info.segment;
}

/* --- Opening and closing ---------------------------------------------------------------------- */

/* Which state is it? From then on it is the newest one. */
static void judge_opened(struct walk *w)
{
	struct account *a = &w->account;
	struct state found = {0};
	struct hf_error error = {0};
	const bool failing = walk_faults_met(w) != w->hits_at_boot;
	const size_t least = failing ? a->required : a->required_killed;
	for (size_t i = 0; i < OBJECTS; i++) {
		const int rc = read_object(w, i, &found.at[i], &error);
		if (w->image)
			return; /* the machine is off already */
		if (rc != HF_OK && walk_faults_met(w) != w->hits_at_open) {
			walk_discard_store(w); /* nobody knows what state it has: it must not be gone on with */
			return;
		}
		if (rc != HF_OK) {
			walk_wrong(w, "reading %s after opening: %s: %s", names[i], hf_code_name(rc),
			           error.text);
			return;
		}
	}
	size_t number = a->count + 1;
	while (number > 0 && memcmp(&a->states[number - 1], &found, sizeof found) != 0)
		number--;
	if (number == 0)
		walk_wrong(w, "the store holds a state that never was: %u %u %u %u %u", found.at[0],
		           found.at[1], found.at[2], found.at[3], found.at[4]);
	else if (number - 1 < least)
		walk_wrong(w, "what transactions %zu to %zu answered is gone", number, least);
	if (w->why[0])
		return;
	a->count = a->required = a->required_killed = number - 1;
	walk_say(w, "opened at %zu", a->count);
}

static bool may_fail(int rc, bool met)
{
	if (rc == HF_EUNCERTAIN || rc == HF_EFAILED || rc == HF_EIO || rc == HF_ENOSPACE)
		return met;
	return false;
}

/* A read-only handle and an opening agree on what lies there, each on a copy without faults. */
static void compare_looks(struct walk *w)
{
	struct sim *copy = sim_clone(w->sim);
	const uint64_t before = sim_hash(copy);
	struct hf_options options = w->options;
	struct hf_error looked = {0}, opened = {0};
	uint64_t seen = 0, found = 0;
	hf_store *store = NULL;
	options.create = false;
	const int look =
	    hf__store_open_read(sim_opener(copy, 1), hf__all_domains(), NULL, &store, &looked);
	bool good = look != HF_OK || play_digest(store, &seen, w->why, sizeof w->why);
	(void)hf_close(store, NULL);
	if (sim_hash(copy) != before)
		walk_wrong(w, "a read-only opening changed a file");
	store = NULL;
	const int open = hf__store_open(sim_os(copy), hf__all_domains(), &options, &store, &opened);
	good = good && (open != HF_OK || play_digest(store, &found, w->why, sizeof w->why));
	if (good && (look != open || seen != found))
		walk_wrong(w, "a read-only opening: %s (%s), an opening: %s (%s)", hf_code_name(look),
		           looked.text, hf_code_name(open), opened.text);
	(void)hf_close(store, NULL);
	sim_free(copy);
}

void walk_open_store(struct walk *w)
{
	struct hf_error error = {0};
	if (sim_hash(w->sim) % 4 == 0)
		compare_looks(w);
	w->hits_at_open = walk_faults_met(w);
	w->stats->openings++;
	w->opening = true;
	const int rc =
	    hf__store_open(sim_os(w->sim), hf__all_domains(), &w->options, &w->store, &error);
	w->opening = false;
	walk_say(w, "open: %s %s", hf_code_name(rc), rc == HF_OK ? "" : error.text);
	if (!w->image && rc == HF_OK) {
		w->account.exists = true;
		w->options.create = false;
		judge_opened(w);
		if (w->store && !w->image && !w->why[0])
			walk_look_at_info(w);
	} else if (!w->image) {
		w->stats->failed_openings++;
		if (!may_fail(rc, walk_faults_met(w) != w->hits_at_open))
			walk_wrong(w, "opening: %s: %s (%s at %" PRIu64 ")", hf_code_name(rc), error.text,
			           error.file, error.offset);
	}
	walk_after_call(w);
	w->options.create = !w->account.exists;
}

void walk_close_store(struct walk *w)
{
	struct hf_error error = {0};
	const bool failed = walk_store_failed(w);
	const int rc = hf_close(w->store, &error);
	w->store = NULL;
	w->ticket_count = 0;
	walk_say(w, "close: %s", hf_code_name(rc));
	if (rc == HF_OK && failed)
		walk_wrong(w, "a failed store closed with HF_OK");
	else if (rc == HF_OK)
		demand(w, w->account.count, true);
	else if (!failed && !may_fail(rc, walk_faults_met(w) != w->hits_at_open))
		walk_wrong(w, "closing: %s: %s", hf_code_name(rc), error.text);
	w->stats->cleans += rc == HF_OK;
	walk_after_call(w);
}

/* --- Transactions ----------------------------------------------------------------------------- */

static int submit(struct walk *w, size_t object, uint32_t stamp, struct hf_write write,
                  struct hf_result *result, struct hf_error *error)
{
	static uint8_t payload[BIG_MOST];
	static char delivery[300];
	if (object < CURSORS) {
		memset(delivery, 'd', sizeof delivery);
		const struct hf_cursor_advance_args args = {
		    .write = write,
		    .key = cursor_key(object),
		    .sequence = stamp,
		    .delivery_id = hf_bytes_of(delivery, 1 + walk_below(w, sizeof delivery))};
		return hf_cursor_advance(w->store, NULL, &args, result, error);
	}
	hf__store_u32(payload, stamp);
	const struct hf_outbox_enqueue_args args = {
	    .write = write,
	    .queue = hf_str("q"),
	    .id = hf_str(names[object]),
	    .dedup = HF_OUTBOX_REPLACE,
	    .payload = hf_bytes_of(payload, BIG_LEAST + walk_below(w, BIG_MOST - BIG_LEAST)),
	};
	return hf_outbox_enqueue(w->store, NULL, &args, result, error);
}

/* The LSN gets out: it must not have before. */
static void answered(struct walk *w, size_t number, uint64_t lsn, bool durable)
{
	demand(w, number, durable);
	w->stats->acknowledged++;
	tell(w, lsn);
}

void walk_commit(struct walk *w)
{
	struct account *a = &w->account;
	struct hf_error error = {0};
	struct hf_result result = {0};
	struct hf_ticket ticket = {0};
	const size_t object = walk_below(w, OBJECTS);
	const bool durable = walk_chance(w, 65);
	const bool async = w->ticket_count < TICKETS && walk_chance(w, 20);
	if (a->count == TRANSACTIONS)
		return;
	const size_t number = ++a->count;
	const uint64_t told = a->told;
	a->states[number] = a->states[number - 1];
	a->states[number].at[object] = ++a->stamps;
	a->durable[number] = durable;
	const struct hf_write write = {.durability = durable ? HF_DURABLE : HF_OS,
	                               .ticket = async ? &ticket : NULL};
	const int rc = submit(w, object, a->stamps, write, &result, &error);
	walk_say(w, "%zu: %s%s %s: %s, LSN %" PRIu64, number, async ? "async " : "",
	         durable ? "durable" : "os", names[object], hf_code_name(rc), result.version);
	if (rc == HF_OK && result.version <= told)
		walk_wrong(w, "LSN %" PRIu64 " was issued although %" PRIu64 " had been told",
		           result.version, told);
	if (rc == HF_OK && async)
		w->tickets[w->ticket_count++] = (struct ticket){ticket, result.version, number, durable};
	else if (rc == HF_OK)
		answered(w, number, result.version, durable);
	else if (!may_fail(rc, walk_faults_met(w) != w->hits_at_open))
		walk_wrong(w, "commit: %s: %s", hf_code_name(rc), error.text);
	w->stats->uncertain += rc == HF_EUNCERTAIN;
	if (rc != HF_OK && rc != HF_EUNCERTAIN) { /* refused: it must never show */
		w->stats->refused++;
		a->count--;
	}
	walk_after_call(w);
}

/* Tickets are answered in any order of asking. */
static void poll_tickets(struct walk *w)
{
	size_t kept = 0;
	for (size_t i = 0; i < w->ticket_count; i++) {
		const struct ticket t = w->tickets[i];
		const int rc = hf_ticket_poll(w->store, &t.ticket, NULL);
		if (rc == HF_OK)
			answered(w, t.number, t.lsn, t.durable);
		else if (rc == HF_ETIMEDOUT)
			w->tickets[kept++] = t;
		else if (rc != HF_EUNCERTAIN || walk_faults_met(w) == w->hits_at_open)
			walk_wrong(w, "ticket of %zu: %s", t.number, hf_code_name(rc));
	}
	w->ticket_count = kept;
}

void walk_flush(struct walk *w)
{
	struct hf_error error = {0};
	const int rc = hf_flush(w->store, &error);
	walk_say(w, "flush: %s", hf_code_name(rc));
	if (rc != HF_OK && !may_fail(rc, walk_faults_met(w) != w->hits_at_open))
		walk_wrong(w, "flush: %s: %s", hf_code_name(rc), error.text);
	if (!w->image)
		poll_tickets(w);
	walk_after_call(w);
}

void walk_sync_store(struct walk *w)
{
	struct hf_error error = {0};
	const int rc = hf_sync(w->store, &error);
	walk_say(w, "sync: %s", hf_code_name(rc));
	if (rc == HF_OK)
		demand(w, w->account.count, true);
	else if (!may_fail(rc, walk_faults_met(w) != w->hits_at_open))
		walk_wrong(w, "sync: %s: %s", hf_code_name(rc), error.text);
	walk_after_call(w);
}

void walk_maintain(struct walk *w)
{
	struct hf_error error = {0};
	const int rc =
	    hf_maintain(w->store, walk_chance(w, 50) ? 0 : 1 + (int64_t)walk_below(w, 50), &error);
	walk_say(w, "maintain: %s", hf_code_name(rc));
	if (rc != HF_OK && !may_fail(rc, walk_faults_met(w) != w->hits_at_open))
		walk_wrong(w, "maintain: %s: %s", hf_code_name(rc), error.text);
	walk_after_call(w);
}

void walk_look(struct walk *w)
{
	struct hf_error error = {0};
	uint32_t at = 0;
	const size_t object = walk_below(w, OBJECTS);
	const int rc = read_object(w, object, &at, &error);
	walk_say(w, "read %s: %s, %u", names[object], hf_code_name(rc), at);
	if (rc != HF_OK && !may_fail(rc, walk_faults_met(w) != w->hits_at_open))
		walk_wrong(w, "read: %s: %s", hf_code_name(rc), error.text);
	if (rc == HF_OK && at != w->account.states[w->account.count].at[object] &&
	    !walk_store_failed(w))
		walk_wrong(w, "%s is at %u, not at %u", names[object], at,
		           w->account.states[w->account.count].at[object]);
	if (rc == HF_OK && !walk_store_failed(w))
		demand_object(w, object);
	walk_after_call(w);
}
