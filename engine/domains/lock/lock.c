/* Locks: the row of the domain. Job: named locks with one holder at a time. Happy path: a
 * mutation (lock/mutate.c) decides which owner holds the lock afterwards and writes that as one
 * entry (lock/entry.c); apply() below puts it into the indexes (lock/index.c); reads walk them
 * (lock/read.c). What time or a new opening ends, ends as a view first; settle() logs it later.
 * Failure modes: a body that no mutation wrote is HF_ECORRUPT and changes nothing; no memory
 * leaves what the change did so far to its owner, which undoes it.
 *
 * I-LOCK-3: an owner that is granted a lock found it free or had it already, replayed or live. */
#include "domains/lock/lock.h"
#include "domains/common/domains.h"
#include "domains/common/objects.h"

/* --- Life ------------------------------------------------------------------------------------- */

static void lock_deinit(void *raw)
{
	struct hf__lock_state *state = raw;
	hf__objects_free(&state->locks);
	hf__map_deinit(&state->running);
	hf__index_deinit(&state->by_name);
}

/* --- Apply ------------------------------------------------------------------------------------ */

static struct hf__lock_value value_of(const struct hf__lock_image *image,
                                      const struct hf__entry *entry, struct hf__blob *owner)
{
	return (struct hf__lock_value){
	    .version = entry->lsn,
	    .token = image->token,
	    .acquired_at = image->acquired_at,
	    .lease_until = hf__to_mono(image->lease_until, entry->setback),
	    .owner = owner,
	};
}

static int add_lock(struct hf__lock_state *state, struct hf__change *change,
                    const struct hf__lock_image *image, const struct hf__entry *entry)
{
	struct hf__blob *owner;
	struct hf__lock *lock = hf__lock_new(state, image->name);
	if (!lock)
		return HF_ENOMEM;
	if (!hf__blob_new(image->owner, &owner)) {
		hf__small_free(lock);
		return HF_ENOMEM;
	}
	lock->value = value_of(image, entry, owner);
	return hf__change_add(change, &lock->object);
}

static int change_lock(struct hf__lock *lock, struct hf__change *change,
                       const struct hf__lock_image *image, const struct hf__entry *entry)
{
	struct hf__blob *owner;
	if (!hf__blob_keep(lock->value.owner, image->owner, &owner))
		return HF_ENOMEM;
	const struct hf__lock_value value = value_of(image, entry, owner);
	return hf__change_set(change, &lock->object, &value);
}

/* Could it have been free by then? What was held without a lease may have ended with an
 * incarnation, which no entry shows. */
static bool may_be_free(const struct hf__lock *lock, const struct hf__entry *entry)
{
	return lock->value.lease_until == HF_UNSET ||
	       lock->value.lease_until <= hf__to_mono(entry->at, entry->setback);
}

/* Could a mutation with this cause have followed the state there is? */
static bool follows(const struct hf__lock *lock, const struct hf__lock_image *image,
                    const struct hf__entry *entry)
{
	const struct hf__lock_value *value = lock ? &lock->value : NULL;
	const bool same_owner = value && hf__bytes_equal(hf__blob_bytes(value->owner), image->owner);
	switch (image->cause) {
	case HF__LOCK_STATE:
		return !lock;
	case HF__LOCK_ACQUIRE:
	case HF__LOCK_PUT:
		return !lock || same_owner || may_be_free(lock, entry);
	case HF__LOCK_RENEW:
		return same_owner && value->token == image->token &&
		       value->acquired_at == image->acquired_at;
	case HF__LOCK_RELEASE:
	case HF__LOCK_FORCE:
		return value && value->token == image->token;
	case HF__LOCK_ENDED:
		return value && value->token == image->token && may_be_free(lock, entry);
	case HF__LOCK_CAUSES:
		break;
	}
	return false;
}

static int lock_apply(void *raw, struct hf__change *change, const struct hf__entry *entry)
{
	struct hf__lock_state *state = raw;
	struct hf__lock_image image;
	if (entry->lsn == 0 || !hf__lock_decode(entry->kind, entry->lsn, entry->body, &image))
		return HF_ECORRUPT;
	if (image.session != 0) /* this version writes none */
		return HF_EVERSION;
	struct hf__lock *lock = hf__lock_find(state, image.name);
	if (!follows(lock, &image, entry))
		return HF_ECORRUPT;
	if (entry->kind == HF__LOCK_FREE)
		return hf__change_remove(change, &lock->object);
	return lock ? change_lock(lock, change, &image, entry) : add_lock(state, change, &image, entry);
}

/* --- Endings ---------------------------------------------------------------------------------- */

static int64_t lock_next_ending(const void *raw, int64_t setback)
{
	const struct hf__lock_state *state = raw;
	return hf__to_shown(hf__first_ending(&state->endings),
	                    setback); /* INT64_MIN stays what it is */
}

/* Crash: before the entry is durable the lock is free all the same, as a view; the next opening
 * logs it. */
static int log_ended(struct hf__decision *d, const struct hf__heap_node *due)
{
	const struct hf__lock_image image =
	    hf__lock_image_of(hf__lock_of_ending(due), HF__LOCK_ENDED, d->setback);
	hf__lock_encode(hf__entry_body(d), HF__LOCK_FREE, &image);
	return hf__emit(d, HF__LOCK_FREE);
}

static int lock_settle(void *raw, struct hf__decision *d, unsigned budget, bool *more)
{
	const struct hf__lock_state *state = raw;
	*more = false;
	return hf__settle_heap(&state->endings, d->mono, d, &budget, more, log_ended);
}

static struct hf__removed *lock_removed(void *state)
{
	return &((struct hf__lock_state *)state)->removed;
}

/* --- Snapshot --------------------------------------------------------------------------------- */

static const struct hf__index *lock_shelf(const void *state, unsigned i)
{
	return i == 0 ? &((const struct hf__lock_state *)state)->by_name : NULL;
}

/* Whether its lease is over or not. */
static int lock_show(const void *object, struct hf__emitter *emitter)
{
	const struct hf__lock *lock = object;
	const struct hf__lock_image image = hf__lock_image_of(lock, HF__LOCK_STATE, emitter->setback);
	hf__lock_encode(&emitter->body, HF__LOCK_HELD, &image);
	return emitter->emit(emitter, lock->value.version, HF__LOCK_HELD);
}

const struct hf__domain hf__lock_domain = {
    .id = HF__DOMAIN_LOCK,
    .name = "lock",
    .kinds = hf__lock_kinds,
    .api = &hf__api_lock_part,
    .state_size = sizeof(struct hf__lock_state),
    .init = hf__lock_state_init,
    .deinit = lock_deinit,
    .apply = lock_apply,
    .shelf = lock_shelf,
    .show = lock_show,
    .describe = hf__lock_describe,
    .about = hf__lock_about,
    .verify = hf__lock_verify,
    .removed = lock_removed,
    .opened = hf__lock_opened,
    .settle = lock_settle,
    .next_ending = lock_next_ending,
    .figures = &hf__lock_figures,
    .objects = hf__lock_objects,
};
