/* See cut.h, and docs/snapshots.md. */
#include "store/snapshot/cut.h"

#include "store/follow/follow.h"

/* --- The cut ---------------------------------------------------------------------------------- */

/* The openings so far, this one with the time of its newest entry, if it wrote one that is no
 * ending: as a replay finds them. The lock is held. */
static bool copy_incarnations(struct hf__cut_state *t)
{
	const struct hf__world *world = &t->store->world;
	const size_t known = world->incarnations.count;
	t->incarnations = hf__alloc((known + 1) * sizeof *t->incarnations);
	if (!t->incarnations)
		return false;
	if (known > 0)
		memcpy(t->incarnations, world->incarnations.all, known * sizeof *t->incarnations);
	t->incarnation_count = known;
	const int64_t before = known > 0 ? t->incarnations[known - 1].last_at : HF_UNSET;
	if (!t->store->follow && t->header.lsn >= world->incarnation_lsn && world->clock.stamp > before)
		t->incarnations[t->incarnation_count++] =
		    (struct hf__incarnation){world->incarnation_lsn, world->clock.stamp};
	return true;
}

/* Of what was sequenced, or of what a handle for reading has got to. The lock is held. */
static uint64_t newest_lsn(const struct hf_store *s, bool fills)
{
	return s->follow || fills ? s->world.next_lsn - 1 : s->writer.previous_lsn;
}

/* Behind everything that was sequenced so far. The lock is held. */
static int cut(struct hf__cut_state *t, struct hf_error *error)
{
	struct hf_store *s = t->store;
	const struct hf__buffer *b = hf__filling(s);
	const bool fills = b->begun && b->entries > 0;
	if (atomic_load(&s->fault))
		return hf__fail_fault(s, error);
	const int shown = hf__follow_whole(s, error);
	if (shown != HF_OK)
		return shown;
	t->logged = s->compaction.logged;
	t->entries = s->compaction.entries;
	s->taking.closed = fills;
	s->taking.at =
	    (struct hf__log_position){s->writer.end, s->writer.previous_lsn, s->writer.chain};
	t->header = (struct hf__snapshot_header){
	    .format_major = HF__FORMAT_MAJOR,
	    .format_minor = HF__FORMAT_MINOR,
	    .compat = s->identity.compat,
	    .ro_compat = s->identity.ro_compat,
	    .incompat = s->identity.incompat,
	    .epoch = s->id.epoch,
	    .lsn = newest_lsn(s, fills),
	    /* an opening behind which no LSN is left writes nothing */
	    .incarnation_lsn =
	        s->world.incarnation_lsn < HF__LSN_MAX ? s->world.incarnation_lsn : HF__LSN_MAX,
	    .clock = s->world.clock.stamp,
	    .setback = hf__setback(s, s->world.states),
	};
	memcpy(t->header.uuid, s->id.uuid, sizeof t->header.uuid);
	if (!copy_incarnations(t))
		return hf__fail(error, HF_ENOMEM, 0, "no memory for a snapshot");
	t->sorter.into.setback = t->header.setback;
	hf__walk_begin(&t->walk, s->domains, s->world.states, s->world.next_lsn - 1, &t->sorter.into,
	               &s->world.change);
	return HF_OK;
}

static int why_spill(int os_errno, struct hf_error *error)
{
	return hf__os_failed(error, "no snapshot was taken: what was sorted could not be kept",
	                     os_errno);
}

static int spill(struct hf__cut_state *t, struct hf__sorted_batch *batch, struct hf_error *error)
{
	int os_errno = 0;
	const int rc = hf__sorter_spill(&t->sorter, batch, &os_errno);
	return rc == 0 ? HF_OK : why_spill(os_errno, error);
}

static int why_walk(int rc, int os_errno, struct hf_error *error)
{
	if (os_errno)
		return why_spill(os_errno, error);
	return hf__fail(error, rc, 0, "no snapshot was taken: %s",
	                rc == HF_ENOMEM ? "no memory" : "an object cannot be written");
}

/* Some objects; what is full is taken away. The lock is held, and released meanwhile. */
static int step(struct hf__cut_state *t, bool *more, struct hf_error *error)
{
	struct hf_store *s = t->store;
	struct hf__sorted_batch batch = {0};
	int rc = hf__walk_hold(&t->walk, s->os, more);
	const bool full = hf__sorter_full(&t->sorter);
	const int os_errno = t->sorter.os_errno;
	const uint64_t next_lsn = s->world.next_lsn;
	if (full)
		hf__sorter_take(&t->sorter, &batch);
	(void)pthread_mutex_unlock(&s->lock);
	if (rc != HF_OK) {
		hf__writer_deinit(&batch.bytes);
		rc = why_walk(rc, os_errno, error);
	} else if (full) {
		rc = spill(t, &batch, error);
	}
	hf__walk_pause(&t->walk, next_lsn);
	(void)pthread_mutex_lock(&s->lock);
	return rc;
}

/* The state at the cut, in the sorter. */
static int walk_all(struct hf__cut_state *t, struct hf_error *error)
{
	struct hf_store *s = t->store;
	bool more = true;
	(void)pthread_mutex_lock(&s->lock);
	int rc = cut(t, error);
	const bool walks = rc == HF_OK;
	while (rc == HF_OK && more)
		rc = step(t, &more, error);
	if (walks)
		hf__walk_end(&s->world.change);
	if (rc == HF_OK && t->walk.rc != HF_OK)
		rc = why_walk(t->walk.rc, t->sorter.os_errno, error);
	(void)pthread_mutex_unlock(&s->lock);
	return rc;
}

/* I-TAKE-2. Then the group of the cut is sealed, and where it ends is known. */
static int wait_until_durable(struct hf__cut_state *t, struct hf_error *error)
{
	struct hf_store *s = t->store;
	(void)pthread_mutex_lock(&s->lock);
	const struct hf__ticket ticket = hf__ticket_for(s, t->header.lsn, t->header.lsn);
	if (hf__wait_unlock(s, ticket) != HF_OK)
		return hf__fail(error, HF_EUNCERTAIN, s->fault_errno,
		                "no snapshot was taken: the log could not be made durable");
	(void)pthread_mutex_lock(&s->lock);
	const struct hf__log_position at = s->taking.at;
	(void)pthread_mutex_unlock(&s->lock);
	t->header.position = at.end;
	t->header.chain = at.chain;
	return at.lsn == t->header.lsn ? HF_OK : hf__fail(error, HF_EFAILED, 0, "the cut was lost");
}

/* --- All of it -------------------------------------------------------------------------------- */

static bool take_turn(struct hf_store *s)
{
	(void)pthread_mutex_lock(&s->lock);
	const bool free = !s->taking.busy;
	s->taking.busy = true;
	(void)pthread_mutex_unlock(&s->lock);
	return free;
}

int hf__cut_turn(struct hf_store *s, struct hf_error *error)
{
	(void)pthread_mutex_lock(&s->lock);
	while (s->taking.busy && !atomic_load(&s->taking.stopping))
		(void)pthread_cond_wait(&s->taking.turn, &s->lock);
	(void)pthread_mutex_unlock(&s->lock);
	return atomic_load(&s->taking.stopping)
	           ? hf__fail(error, HF_ECANCELED, 0, "the store is being closed")
	           : HF_OK;
}

/* A handle for reading has no place to spill to, and what it shows is durable. Its state and the
 * files of its payloads stay until the end. */
static int begin_follow(struct hf__cut_state *t, struct hf_error *error)
{
	const int rc = hf__follow_begin(t->store, error);
	t->following = rc == HF_OK;
	return rc == HF_OK ? walk_all(t, error) : rc;
}

int hf__cut_begin(struct hf__cut_state *t, struct hf_store *s, struct hf_error *error)
{
	*t = (struct hf__cut_state){0};
	hf__sorter_init(&t->sorter, s->follow ? NULL : s->os, s->domains->rows);
	if (!take_turn(s))
		return hf__fail(error, HF_EBLOCKED, 0, "a snapshot is being taken already");
	t->store = s;
	if (s->follow)
		return begin_follow(t, error);
	const int rc = walk_all(t, error);
	return rc == HF_OK ? wait_until_durable(t, error) : rc;
}

void hf__cut_end(struct hf__cut_state *t)
{
	struct hf_store *s = t->store;
	hf__sorter_deinit(&t->sorter);
	hf__free(t->incarnations);
	if (!s)
		return;
	if (t->following)
		hf__follow_end(s);
	(void)pthread_mutex_lock(&s->lock);
	s->taking.busy = s->taking.closed = false;
	(void)pthread_cond_broadcast(&s->taking.turn);
	(void)pthread_mutex_unlock(&s->lock);
}
