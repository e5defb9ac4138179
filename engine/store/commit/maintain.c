/* Upkeep: the next segment ahead of need, endings settled in the log, the witness synced when
 * idle, leftovers removed. By one thread, or by the host through hf_maintain(). None of it
 * changes an answer, and none of it is needed for correctness. */
#include "store/internal.h"
#include "store/wait/serve.h"

#include <time.h>

#include "os/thread.h"

#define SETTLE_BATCH 256u
#define FORGET_BATCH 64u
#define BUSY_INTERVAL_NS 20000000L
#define IDLE_INTERVAL_NS 1000000000L
#define SHORTEST_SLEEP_NS 1000000L
#define MAKING_NS 5000000L

/* --- Settling --------------------------------------------------------------------------------- */

struct settle_args {
	size_t size; /* as all arguments begin; durability and nothing else */
	struct hf_write write;
	const struct hf__domain *row;
	bool *more;
};

static int settle_check(const void *args, struct hf__text *why)
{
	(void)args;
	(void)why;
	return HF_OK;
}

static int settle_decide(void *state, struct hf__decision *d, const void *args,
                         struct hf_result *result)
{
	const struct settle_args *a = args;
	(void)result;
	return a->row->settle(state, d, SETTLE_BATCH, a->more);
}

static void *settle_copy(struct hf__arena *arena, const void *args)
{
	return hf__arena_copy(arena, args, sizeof(struct settle_args));
}

/* One batch of one domain's endings. The entries are handed to the kernel, not synced: they
 * change no answer. */
static int settle_batch(struct hf_store *s, const struct hf__domain *row, bool *more,
                        struct hf_error *error)
{
	const struct hf__verb verb = {.name = "settle",
	                              .domain = row->id,
	                              .check = settle_check,
	                              .decide = settle_decide,
	                              .copy = settle_copy};
	const struct settle_args args = {.write.durability = HF_OS, .row = row, .more = more};
	*more = false;
	return hf__mutate(s, NULL, &verb, &args, NULL, NULL, error);
}

int hf__settle(struct hf_store *s, uint8_t domain, struct hf_error *error)
{
	unsigned index = 0;
	const struct hf__domain *row = hf__domain_by_id(s, domain, &index);
	bool more = row && row->settle;
	while (more) {
		const int rc = settle_batch(s, row, &more, error);
		if (rc != HF_OK)
			return rc;
	}
	return HF_OK;
}

/* The instant at which a domain next has something to settle; INT64_MAX: none. The lock is held. */
static int64_t ending_of(const struct hf_store *s, unsigned i, int64_t setback)
{
	const struct hf__domain *row = s->domains->rows[i];
	return row->settle && row->next_ending ? row->next_ending(s->world.states[i], setback)
	                                       : INT64_MAX;
}

static bool settle_due(struct hf_store *s, unsigned i)
{
	(void)pthread_mutex_lock(&s->lock);
	const int64_t ending = ending_of(s, i, hf__setback(s, s->world.states));
	const bool due = ending < INT64_MAX && ending <= hf__clock(s);
	(void)pthread_mutex_unlock(&s->lock);
	return due;
}

static bool time_left(struct hf_store *s, int64_t until)
{
	return until == INT64_MAX || s->os->ticks(s->os->ctx) < until;
}

static int settle_all(struct hf_store *s, int64_t until, struct hf_error *error)
{
	for (unsigned i = 0; i < s->domains->count; i++) {
		bool more = settle_due(s, i);
		while (more && time_left(s, until)) {
			const int rc = settle_batch(s, s->domains->rows[i], &more, error);
			if (rc != HF_OK)
				return rc;
		}
	}
	return HF_OK;
}

int hf__settle_all(struct hf_store *s, struct hf_error *error)
{
	return settle_all(s, INT64_MAX, error);
}

int hf__settle_within(struct hf__decision *d, unsigned budget, bool *more)
{
	const struct hf__decision own = *d;
	const struct hf_store *s = d->store;
	const uint64_t first = s->world.next_lsn;
	int rc = HF_OK;
	*more = false;
	for (unsigned i = 0; i < s->domains->count && rc == HF_OK && !*more; i++) {
		const struct hf__domain *row = s->domains->rows[i];
		const uint64_t done = s->world.next_lsn - first;
		if (!row->settle)
			continue;
		d->domain = row->id;
		d->domain_index = i;
		d->state = s->world.states[i];
		rc = row->settle(d->state, d, done < budget ? budget - (unsigned)done : 0, more);
	}
	d->domain = own.domain;
	d->domain_index = own.domain_index;
	d->state = own.state;
	return rc;
}

/* --- The round -------------------------------------------------------------------------------- */

/* A waiter measures real time; a clock that was set forward is noticed here. */
static void wake_waiters(struct hf_store *s)
{
	(void)pthread_mutex_lock(&s->lock);
	hf__wait_wake_due(s);
	hf__started_due(s);
	(void)pthread_mutex_unlock(&s->lock);
}

/* Waits without a thread, of the library either: they are decided, settle and are called back here.
 * Of a store that has failed, too. */
static void serve_waits(struct hf_store *s)
{
	(void)pthread_mutex_lock(&s->lock);
	if (s->options.no_background && s->started.home)
		hf__flusher_run(s, true);
	(void)pthread_mutex_unlock(&s->lock);
	hf__async_tell(s);
}

/* Names that are gone, and memory that a large use left. In steps, so that no caller waits long
 * for the lock. */
static void forget(struct hf_store *s, int64_t until, bool quiet)
{
	struct hf__spare spare = {0};
	bool more = true;
	while (more) {
		(void)pthread_mutex_lock(&s->lock);
		more =
		    s->world.change.emptied && hf__sweep_removed(s, 0, FORGET_BATCH) && time_left(s, until);
		if (!more && quiet && !s->flushing)
			hf__spare_idle(s, &spare);
		(void)pthread_mutex_unlock(&s->lock);
	}
	hf__spare_free(&spare);
}

/* What a round of the thread left over. */
struct outcome {
	bool room; /* the next segment is there, in the making, or not needed yet */
	bool more; /* it is in the making */
};

/* While groups are being written they vouch for each other: the witness is synced when nothing
 * is (`quiet`), at rotation and at close. The next segment is made bit by bit, for so long at
 * most: what ends does not wait for it. */
static int round_of_upkeep(struct hf_store *s, int64_t until, int64_t making_until, bool quiet,
                           struct outcome *out, struct hf_error *error)
{
	wake_waiters(s);
	*out = (struct outcome){.room = true};
	int rc = hf__guard_upkeep(s);
	if (rc == HF_OK)
		rc = settle_all(s, until, error);
	if (rc == HF_OK) {
		/* No room now is no failure: the commit that needs the segment says so. A failed sync
		 * has failed the store. */
		const int made = hf__prepare_ahead(s, making_until, until != making_until, &out->more);
		out->room = made == HF_OK;
		rc = made == HF_EUNCERTAIN ? made : HF_OK;
	}
	if (rc == HF_OK && quiet && hf__witness_sync(s) != 0)
		rc = HF_EUNCERTAIN;
	if (rc == HF_OK)
		hf__tidy(s);
	forget(s, until, quiet);
	hf__async_tell(s);
	return rc;
}

int hf_maintain(hf_store *store, int64_t budget_us, struct hf_error *error)
{
	HF__CALL;
	int rc = hf__check_writable(store, error);
	if (rc != HF_OK)
		return rc;
	if (budget_us < 0)
		return hf__fail(error, HF_EINVAL, 0, "a budget must not be negative");
	serve_waits(store);
	if (atomic_load(&store->fault))
		return hf__fail_fault(store, error);
	const int64_t began = store->os->ticks(store->os->ctx);
	const int64_t until = budget_us == 0 ? INT64_MAX : hf__ticks_after(began, budget_us);
	struct outcome out;
	rc = round_of_upkeep(store, until, until, true, &out, error);
	if (rc == HF_OK)
		rc = hf__compact_upkeep(store, budget_us == 0);
	if (rc == HF_OK)
		hf__scrub_upkeep(store, until);
	(void)hf__dispatcher_run(store->watch); /* what it leaves, the next call takes */
	return rc == HF_EUNCERTAIN
	           ? hf__fail(error, rc, store->fault_errno, "a sync failed: reopen the store")
	           : rc;
}

/* --- The thread ------------------------------------------------------------------------------- */

/* No longer than `most`, and up when the next thing of any domain ends: there may be no calls.
 * The lock is held. */
static long time_to_sleep(struct hf_store *s, long most)
{
	int64_t first = INT64_MAX;
	const int64_t setback = hf__setback(s, s->world.states);
	for (unsigned i = 0; i < s->domains->count; i++) {
		const int64_t ending = ending_of(s, i, setback);
		first = ending < first ? ending : first;
	}
	const int64_t now = hf__clock(s);
	const uint64_t us = first > now ? (uint64_t)first - (uint64_t)now : 0;
	if (us >= (uint64_t)most / 1000)
		return most;
	return us < SHORTEST_SLEEP_NS / 1000 ? SHORTEST_SLEEP_NS : (long)us * 1000;
}

static void sleep_for(struct hf_store *s, long nanoseconds)
{
	struct timespec until;
	(void)clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_nsec += nanoseconds;
	until.tv_sec += until.tv_nsec / 1000000000L;
	until.tv_nsec %= 1000000000L;
	(void)pthread_cond_timedwait(&s->upkeep.wake, &s->lock, &until);
}

static void *thread_main(void *arg)
{
	struct hf_store *s = arg;
	uint64_t seen = 0;
	hf__thread_name("hf-maintain");
	bool hopeless = false;
	struct outcome out = {0};
	(void)pthread_mutex_lock(&s->lock);
	while (!s->upkeep.stopping) {
		/* Short rounds while something is written, long ones when idle; a commit or an ending
		 * wakes a long one. After a round without success nothing does: to find the disk still
		 * full costs much, and commits look for room themselves. */
		const bool idle = seen == s->world.next_lsn && !s->witness.unsynced;
		seen = s->world.next_lsn;
		s->upkeep.asleep = idle && !hopeless && !out.more;
		const long most = hf__scrub_sleep(s, idle ? IDLE_INTERVAL_NS : BUSY_INTERVAL_NS);
		sleep_for(s, hopeless   ? IDLE_INTERVAL_NS
		             : out.more ? SHORTEST_SLEEP_NS
		                        : time_to_sleep(s, most));
		s->upkeep.asleep = false;
		hopeless = atomic_load(&s->fault) != 0;
		if (s->upkeep.stopping || hopeless)
			continue;
		const bool quiet = seen == s->world.next_lsn;
		(void)pthread_mutex_unlock(&s->lock);
		/* A call that needs what fails here gets the failure itself. */
		const int64_t making_until = s->os->ticks(s->os->ctx) + MAKING_NS;
		hopeless =
		    round_of_upkeep(s, INT64_MAX, making_until, quiet, &out, NULL) != HF_OK || !out.room;
		hopeless = hf__compact_upkeep(s, false) != HF_OK || hopeless;
		hf__scrub_upkeep(s, s->os->ticks(s->os->ctx) + MAKING_NS);
		(void)pthread_mutex_lock(&s->lock);
	}
	(void)pthread_mutex_unlock(&s->lock);
	return NULL;
}

int hf__maintenance_start(struct hf_store *s)
{
	const int rc = hf__thread_start(&s->upkeep.thread, thread_main, s);
	s->upkeep.runs = rc == 0;
	return rc;
}

void hf__maintenance_stop(struct hf_store *s)
{
	if (!s->upkeep.runs)
		return;
	(void)pthread_mutex_lock(&s->lock);
	s->upkeep.stopping = true;
	(void)pthread_cond_signal(&s->upkeep.wake);
	(void)pthread_mutex_unlock(&s->lock);
	(void)pthread_join(s->upkeep.thread, NULL);
	s->upkeep.runs = false;
}

void hf__maintenance_nudge(struct hf_store *s)
{
	hf__wake_asleep(&s->upkeep.asleep, &s->upkeep.wake);
}
