/* See compound.h. */
#include "lib/crash/compound.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "lib/crash/crash_play.h"
#include "lib/rng.h"
#include "lib/sim/sim_os.h"

enum {
	CURSORS = 3,
	ITEMS = 2,
	OBJECTS = CURSORS + ITEMS,
	TRANSACTIONS = 160,
	TICKETS = 8,
	STEPS = 34,
	FAULTS_MAX = 4,
	SECTORS = 4096,
	BIG_LEAST = 2500,
	BIG_MOST = 7000,
};

/* What every object is at: the number of the transaction that last changed it, 0 when it does
 * not exist. */
struct state {
	uint32_t at[OBJECTS];
};

struct ticket {
	struct hf_ticket ticket;
	uint64_t lsn;
	size_t number;
	bool durable;
};

/* What the answers so far demand. */
struct account {
	struct state states[TRANSACTIONS + 1];
	bool durable[TRANSACTIONS + 1]; /* was asked to be */
	size_t count; /* states[count] is the newest one submitted */
	size_t required, required_killed;
	uint64_t told; /* greatest LSN that an answer told */
	uint32_t stamps; /* given to objects: never the same twice */
	bool exists; /* the store's creation was answered with success */
};

struct walk {
	struct hf_rng rng;
	struct compound_stats *stats;
	struct sim *sim;
	hf_store *store;
	struct hf_options options;
	struct account account;
	struct ticket tickets[TICKETS];
	size_t ticket_count;
	uint64_t hits; /* faults met before the last clearing of them */
	uint64_t hits_at_open; /* faults met when this opening began */
	uint64_t hits_at_boot;
	uint32_t segment;
	unsigned armed; /* faults */
	int verbose;
	bool opening;
	/* A power cut inside a call. */
	uint64_t cut_at; /* in how many calls; 0: none */
	struct sim *image;
	struct account at_cut;
	char why[300];
};

__attribute__((format(printf, 2, 3))) static void wrong(struct walk *w, const char *format, ...)
{
	va_list arguments;
	if (w->why[0])
		return;
	va_start(arguments, format);
	(void)vsnprintf(w->why, sizeof w->why, format, arguments);
	va_end(arguments);
}

__attribute__((format(printf, 2, 3))) static void say(const struct walk *w, const char *format, ...)
{
	va_list arguments;
	if (!w->verbose)
		return;
	va_start(arguments, format);
	(void)vfprintf(stderr, format, arguments);
	va_end(arguments);
	(void)fprintf(stderr, "  [required %zu/%zu of %zu, told %" PRIu64 "]\n", w->account.required,
	              w->account.required_killed, w->account.count, w->account.told);
}

static uint64_t below(struct walk *w, uint64_t bound)
{
	return hf_rng_below(&w->rng, bound);
}

static bool chance(struct walk *w, uint32_t percent)
{
	return hf_rng_chance(&w->rng, percent, 100);
}

static uint64_t faults_met(const struct walk *w)
{
	return w->hits + sim_fault_hits(w->sim);
}

static void clear_faults(struct walk *w)
{
	w->hits += sim_fault_hits(w->sim);
	sim_clear_faults(w->sim);
	w->armed = 0;
}

/* --- The machine ------------------------------------------------------------------------------ */

static struct sim_profile profile_of(struct walk *w)
{
	struct sim_profile profile = chance(w, 70)   ? sim_profile_weak()
	                             : chance(w, 50) ? sim_profile_ordered()
	                                             : sim_profile_hostile();
	profile.m6_reads_old = chance(w, 70);
	return profile;
}

/* Any choice among what is pending that the disk allows. */
static struct sim *power_cut(struct walk *w, struct sim *sim)
{
	uint8_t sectors[SECTORS], sizes[64], ops[256];
	const struct sim_pending pending = sim_pending(sim);
	struct sim *image = NULL;
	for (unsigned attempt = 0; attempt < 4 && !image && pending.sectors <= SECTORS &&
	                           pending.sizes <= 64 && pending.dir_ops <= 256;
	     attempt++) {
		const unsigned mood = (unsigned)below(w, 5);
		for (size_t i = 0; i < pending.sectors; i++) {
			static const uint8_t picks[] = {
			    0, SIM_PICK_NEWEST, SIM_PICK_ZERO, SIM_PICK_GARBAGE, SIM_PICK_STALE, 1};
			sectors[i] = mood == 0   ? 0
			             : mood == 1 ? SIM_PICK_NEWEST
			             : mood == 2 ? picks[below(w, sizeof picks)]
			                         : picks[below(w, 2)];
		}
		for (size_t i = 0; i < pending.sizes; i++)
			sizes[i] = chance(w, 80) ? SIM_SIZE_FITS : SIM_SIZE_NEWEST;
		for (size_t i = 0; i < pending.dir_ops; i++)
			ops[i] = mood == 1 || chance(w, 60);
		const struct sim_choice choice = {sectors, sizes, ops, hf_rng_next(&w->rng)};
		image = sim_crash(sim, &choice);
	}
	return image ? image : sim_crash(sim, NULL);
}

static void at_call(void *arg, struct sim *sim, uint64_t index, enum sim_call kind,
                    const char *name)
{
	struct walk *w = arg;
	(void)index;
	if (w->cut_at == 0 || --w->cut_at > 0)
		return;
	w->image = power_cut(w, sim);
	w->at_cut = w->account;
	w->stats->cuts_inside++;
	w->stats->cuts_in_opening += w->opening;
	say(w, "the power goes before %s %s", sim_call_name(kind), name);
}

static void add_fault(struct walk *w)
{
	static const char *const names[] = {NULL, "segment-", "WITNESS", NULL};
	static const unsigned kinds[] = {SIM_SYNC,     SIM_SYNC,   SIM_SYNC,     SIM_WRITE,
	                                 SIM_SYNC_DIR, SIM_RENAME, SIM_OPEN,     SIM_UNLINK,
	                                 SIM_READ,     SIM_CUT,    SIM_ALLOCATE, SIM_ALL_CALLS};
	const unsigned kind = kinds[below(w, sizeof kinds / sizeof kinds[0])];
	const struct sim_fault fault = {
	    .kinds = kind,
	    .name = names[below(w, sizeof names / sizeof names[0])],
	    .nth = 1 + below(w, kind == SIM_WRITE || kind == SIM_ALL_CALLS ? 24 : 4),
	    .error = chance(w, 75) ? EIO : ENOSPC,
	    .persistent = chance(w, 25),
	    .falsely = chance(w, 35),
	    .prefix = chance(w, 50) ? SIZE_MAX : below(w, 4096),
	};
	sim_add_fault(w->sim, fault);
	w->armed++;
	say(w, "fault: %s %s, number %" PRIu64 "%s%s",
	    kind == SIM_ALL_CALLS ? "any call" : sim_call_name((enum sim_call)kind),
	    fault.name ? fault.name : "", fault.nth, fault.falsely ? ", falsely" : "",
	    fault.persistent ? ", and all after it" : "");
}

static void discard_store(struct walk *w)
{
	if (w->store)
		play_kill(w->sim, w->store);
	else
		sim_kill(w->sim);
	w->store = NULL;
	w->ticket_count = 0;
}

/* The machine comes back with this disk. */
static void power_returns(struct walk *w, struct sim *image)
{
	sim_observe(w->sim, NULL, NULL);
	clear_faults(w);
	discard_store(w);
	sim_free(w->sim);
	w->sim = image;
	w->account.required_killed = w->account.required;
	w->hits_at_boot = w->hits;
	sim_observe(w->sim, at_call, w);
	w->stats->cuts++;
}

/* After a call: did the power go inside it? */
static void after_call(struct walk *w)
{
	if (!w->image)
		return;
	struct sim *image = w->image;
	w->image = NULL;
	w->account = w->at_cut;
	power_returns(w, image);
}

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

static bool store_failed(struct walk *w)
{
	struct hf_info info = {0};
	return w->store && hf_get_info(w->store, &info, NULL) == HF_OK && info.fault != 0;
}

static void tell(struct walk *w, uint64_t lsn)
{
	if (lsn > w->account.told)
		w->account.told = lsn;
}

static void look_at_info(struct walk *w)
{
	struct hf_info info = {0};
	if (hf_get_info(w->store, &info, NULL) != HF_OK) {
		wrong(w, "no info");
		return;
	}
	if (info.durable_lsn > info.last_lsn)
		wrong(w, "info says more is durable than was written");
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
	const bool failing = faults_met(w) != w->hits_at_boot;
	const size_t least = failing ? a->required : a->required_killed;
	for (size_t i = 0; i < OBJECTS; i++) {
		const int rc = read_object(w, i, &found.at[i], &error);
		if (w->image)
			return; /* the machine is off already */
		if (rc != HF_OK && faults_met(w) != w->hits_at_open) {
			discard_store(w); /* nobody knows what state it has: it must not be gone on with */
			return;
		}
		if (rc != HF_OK) {
			wrong(w, "reading %s after opening: %s: %s", names[i], hf_code_name(rc), error.text);
			return;
		}
	}
	size_t number = a->count + 1;
	while (number > 0 && memcmp(&a->states[number - 1], &found, sizeof found) != 0)
		number--;
	if (number == 0)
		wrong(w, "the store holds a state that never was: %u %u %u %u %u", found.at[0], found.at[1],
		      found.at[2], found.at[3], found.at[4]);
	else if (number - 1 < least)
		wrong(w, "what transactions %zu to %zu answered is gone", number, least);
	if (w->why[0])
		return;
	a->count = a->required = a->required_killed = number - 1;
	say(w, "opened at %zu", a->count);
}

static bool may_fail(int rc, bool met)
{
	if (rc == HF_EUNCERTAIN || rc == HF_EFAILED || rc == HF_EIO || rc == HF_ENOSPACE)
		return met;
	return false;
}

static void open_store(struct walk *w)
{
	struct hf_error error = {0};
	w->hits_at_open = faults_met(w);
	w->stats->openings++;
	w->opening = true;
	const int rc =
	    hf__store_open(sim_os(w->sim), hf__all_domains(), &w->options, &w->store, &error);
	w->opening = false;
	say(w, "open: %s %s", hf_code_name(rc), rc == HF_OK ? "" : error.text);
	if (!w->image && rc == HF_OK) {
		w->account.exists = true;
		w->options.create = false;
		judge_opened(w);
		if (w->store && !w->image && !w->why[0])
			look_at_info(w);
	} else if (!w->image) {
		w->stats->failed_openings++;
		if (!may_fail(rc, faults_met(w) != w->hits_at_open))
			wrong(w, "opening: %s: %s (%s at %" PRIu64 ")", hf_code_name(rc), error.text,
			      error.file, error.offset);
	}
	after_call(w);
	w->options.create = !w->account.exists;
}

static void close_store(struct walk *w)
{
	struct hf_error error = {0};
	const bool failed = store_failed(w);
	const int rc = hf_close(w->store, &error);
	w->store = NULL;
	w->ticket_count = 0;
	say(w, "close: %s", hf_code_name(rc));
	if (rc == HF_OK && failed)
		wrong(w, "a failed store closed with HF_OK");
	else if (rc == HF_OK)
		demand(w, w->account.count, true);
	else if (!failed && !may_fail(rc, faults_met(w) != w->hits_at_open))
		wrong(w, "closing: %s: %s", hf_code_name(rc), error.text);
	w->stats->cleans += rc == HF_OK;
	after_call(w);
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
		    .delivery_id = hf_bytes_of(delivery, 1 + below(w, sizeof delivery))};
		return hf_cursor_advance(w->store, NULL, &args, result, error);
	}
	hf__store_u32(payload, stamp);
	const struct hf_outbox_enqueue_args args = {
	    .write = write,
	    .queue = hf_str("q"),
	    .id = hf_str(names[object]),
	    .dedup = HF_OUTBOX_REPLACE,
	    .payload = hf_bytes_of(payload, BIG_LEAST + below(w, BIG_MOST - BIG_LEAST)),
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

static void commit(struct walk *w)
{
	struct account *a = &w->account;
	struct hf_error error = {0};
	struct hf_result result = {0};
	struct hf_ticket ticket = {0};
	const size_t object = below(w, OBJECTS);
	const bool durable = chance(w, 65);
	const bool async = w->ticket_count < TICKETS && chance(w, 20);
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
	say(w, "%zu: %s%s %s: %s, LSN %" PRIu64, number, async ? "async " : "",
	    durable ? "durable" : "os", names[object], hf_code_name(rc), result.version);
	if (rc == HF_OK && result.version <= told)
		wrong(w, "LSN %" PRIu64 " was issued although %" PRIu64 " had been told", result.version,
		      told);
	if (rc == HF_OK && async)
		w->tickets[w->ticket_count++] = (struct ticket){ticket, result.version, number, durable};
	else if (rc == HF_OK)
		answered(w, number, result.version, durable);
	else if (!may_fail(rc, faults_met(w) != w->hits_at_open))
		wrong(w, "commit: %s: %s", hf_code_name(rc), error.text);
	w->stats->uncertain += rc == HF_EUNCERTAIN;
	if (rc != HF_OK && rc != HF_EUNCERTAIN) { /* refused: it must never show */
		w->stats->refused++;
		a->count--;
	}
	after_call(w);
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
		else if (rc != HF_EUNCERTAIN || faults_met(w) == w->hits_at_open)
			wrong(w, "ticket of %zu: %s", t.number, hf_code_name(rc));
	}
	w->ticket_count = kept;
}

static void flush(struct walk *w)
{
	struct hf_error error = {0};
	const int rc = hf_flush(w->store, &error);
	say(w, "flush: %s", hf_code_name(rc));
	if (rc != HF_OK && !may_fail(rc, faults_met(w) != w->hits_at_open))
		wrong(w, "flush: %s: %s", hf_code_name(rc), error.text);
	if (!w->image)
		poll_tickets(w);
	after_call(w);
}

static void sync_store(struct walk *w)
{
	struct hf_error error = {0};
	const int rc = hf_sync(w->store, &error);
	say(w, "sync: %s", hf_code_name(rc));
	if (rc == HF_OK)
		demand(w, w->account.count, true);
	else if (!may_fail(rc, faults_met(w) != w->hits_at_open))
		wrong(w, "sync: %s: %s", hf_code_name(rc), error.text);
	after_call(w);
}

static void maintain(struct walk *w)
{
	struct hf_error error = {0};
	const int rc = hf_maintain(w->store, chance(w, 50) ? 0 : 1 + (int64_t)below(w, 50), &error);
	say(w, "maintain: %s", hf_code_name(rc));
	if (rc != HF_OK && !may_fail(rc, faults_met(w) != w->hits_at_open))
		wrong(w, "maintain: %s: %s", hf_code_name(rc), error.text);
	after_call(w);
}

static void look(struct walk *w)
{
	struct hf_error error = {0};
	uint32_t at = 0;
	const size_t object = below(w, OBJECTS);
	const int rc = read_object(w, object, &at, &error);
	say(w, "read %s: %s, %u", names[object], hf_code_name(rc), at);
	if (rc != HF_OK && !may_fail(rc, faults_met(w) != w->hits_at_open))
		wrong(w, "read: %s: %s", hf_code_name(rc), error.text);
	if (rc == HF_OK && at != w->account.states[w->account.count].at[object] && !store_failed(w))
		wrong(w, "%s is at %u, not at %u", names[object], at,
		      w->account.states[w->account.count].at[object]);
	if (rc == HF_OK && !store_failed(w))
		demand_object(w, object);
	after_call(w);
}

/* --- The walk --------------------------------------------------------------------------------- */

static void happen(struct walk *w)
{
	switch (below(w, 8)) {
	case 0:
	case 1:
		discard_store(w);
		w->stats->kills++;
		say(w, "kill");
		break;
	case 2:
		sim_evict(w->sim);
		w->stats->evictions++;
		say(w, "evict");
		break;
	case 3:
		power_returns(w, power_cut(w, w->sim));
		say(w, "power cut");
		break;
	case 4:
	case 5:
		if (w->cut_at == 0)
			w->cut_at = 1 + below(w, 30);
		break;
	case 6:
		clear_faults(w);
		say(w, "no faults from here on");
		break;
	default:
		sim_advance(w->sim, (int64_t)below(w, 3000000));
		break;
	}
}

static void step_open(struct walk *w)
{
	const uint64_t which = below(w, 20);
	if (which < 9)
		commit(w);
	else if (which < 10)
		sync_store(w);
	else if (which < 12)
		maintain(w);
	else if (which < 13)
		look(w);
	else if (which < 14)
		flush(w);
	else if (which < 15)
		look_at_info(w);
	else if (which < 17 || (which < 18 && store_failed(w)))
		close_store(w);
	else
		happen(w);
}

/* The first flush of an opening fails: what may be on the disk then is what no reading shows. */
static void spoil_first_flush(struct walk *w)
{
	const struct sim_fault fault = {.kinds = SIM_SYNC,
	                                .name = "segment-",
	                                .nth = 1 + below(w, 3),
	                                .error = EIO,
	                                .falsely = chance(w, 50)};
	if (!w->store || w->armed == FAULTS_MAX)
		return;
	sim_add_fault(w->sim, fault);
	w->armed++;
	say(w, "fault: first flush, number %" PRIu64 "%s", fault.nth, fault.falsely ? ", falsely" : "");
}

static void step(struct walk *w)
{
	if (chance(w, 16) && w->armed < FAULTS_MAX)
		add_fault(w);
	if (w->store) {
		step_open(w);
	} else {
		if (chance(w, 25))
			happen(w);
		if (chance(w, 60))
			clear_faults(w);
		open_store(w);
		if (chance(w, 20))
			spoil_first_flush(w);
	}
}

/* At the end the disk works again: the store opens, and what it took then is there after a power
 * cut. */
static void last_words(struct walk *w)
{
	for (unsigned round = 0; round < 2 && !w->why[0]; round++) {
		clear_faults(w);
		w->cut_at = 0;
		if (round > 0)
			power_returns(w, power_cut(w, w->sim));
		else if (w->store && store_failed(w))
			close_store(w);
		clear_faults(w);
		if (!w->store && !w->why[0])
			open_store(w);
		if (!w->why[0] && !w->store)
			wrong(w, "no opening without faults");
		for (unsigned i = 0; i < 2 && !w->why[0]; i++)
			commit(w);
	}
}

int compound_run(uint64_t seed, int verbose, struct compound_stats *stats, char *why, size_t cap)
{
	struct walk *w = calloc(1, sizeof *w);
	if (!w)
		abort();
	w->rng = hf_rng(seed);
	w->stats = stats;
	w->verbose = verbose;
	const struct sim_profile profile = profile_of(w);
	w->options = (struct hf_options){.create = true,
	                                 .no_background = true,
	                                 .pad = profile.pad_hostile ? 512 : 0,
	                                 .segment_size = 16u << 10};
	w->sim = sim_new(profile, seed);
	sim_observe(w->sim, at_call, w);
	for (unsigned i = 0; i < STEPS && !w->why[0]; i++)
		step(w);
	last_words(w);
	stats->faults += faults_met(w);
	(void)snprintf(why, cap, "%s", w->why);
	const int bad = w->why[0] != '\0';
	sim_observe(w->sim, NULL, NULL);
	discard_store(w);
	sim_free(w->sim);
	sim_free(w->image);
	free(w);
	return bad;
}
