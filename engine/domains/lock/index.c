/* Objects of the lock domain: lookups, birth, hooks, and the view that says which owner holds what.
 *
 * Happy path: the store's hook calls enlist at birth and link after every change; link puts the
 * instant at which the lock ends where lists and settle look for it. What the indexes need
 * is there before: neither can fail.
 *
 * I-LOCK-1: a lock is in the map and in the order by name exactly once, its weight there is
 * hf__lock_ends(); it is in `endings` iff that is an instant. I-LOCK-2: hf__lock_ends() depends
 * on the value and on state->incarnation alone, and the latter changes only in
 * hf__lock_opened(). */
#include <stddef.h>

#include "domains/common/objects.h"
#include "domains/lock/lock.h"

struct hf_bytes hf__lock_name(const struct hf__lock *lock)
{
	return hf_bytes_of(lock->name, lock->len);
}

struct hf__lock_image hf__lock_image_of(const struct hf__lock *lock, enum hf__lock_cause cause,
                                        int64_t setback)
{
	return (struct hf__lock_image){
	    .cause = cause,
	    .name = hf__lock_name(lock),
	    .token = lock->value.token,
	    .owner = hf__blob_bytes(lock->value.owner),
	    .acquired_at = lock->value.acquired_at,
	    .lease_until = hf__to_shown(lock->value.lease_until, setback),
	};
}

/* --- Views ------------------------------------------------------------------------------------ */

int64_t hf__lock_ends(const struct hf__lock *lock)
{
	if (lock->value.lease_until != HF_UNSET)
		return lock->value.lease_until;
	/* The version is that of the grant or of the newest renewal: its writer is of that
	 * incarnation. */
	return lock->value.version < hf__lock_state_of(lock)->incarnation ? INT64_MIN : INT64_MAX;
}

bool hf__lock_held(const struct hf__lock *lock, int64_t mono)
{
	return lock && (hf__lock_ends(lock) > mono || hf__lock_ends(lock) == INT64_MAX);
}

/* --- Lookup ----------------------------------------------------------------------------------- */

static bool lock_equal(const void *lock, const void *key)
{
	const struct hf_bytes *name = key;
	return hf__bytes_equal(hf__lock_name(lock), *name);
}

static uint64_t lock_hash(const struct hf__map *map, const void *lock)
{
	const struct hf_bytes name = hf__lock_name(lock);
	return hf__map_hash(map, name.data, name.len);
}

static struct hf__map *lock_map(const struct hf__object *object)
{
	return &hf__lock_state_of((const void *)object)->locks;
}

static bool running_equal(const void *running, const void *key)
{
	const struct hf_bytes *name = key;
	return hf__bytes_equal(((const struct hf__lock_running *)running)->name, *name);
}

static uint64_t running_hash(const struct hf__map *map, const void *running)
{
	const struct hf_bytes name = ((const struct hf__lock_running *)running)->name;
	return hf__map_hash(map, name.data, name.len);
}

static uint64_t hash_of(const struct hf__lock_state *state, struct hf_bytes name)
{
	return hf__map_hash(&state->locks, name.data, name.len);
}

struct hf__lock *hf__lock_find(const struct hf__lock_state *state, struct hf_bytes name)
{
	return hf__map_find(&state->locks, hash_of(state, name), lock_equal, &name);
}

const struct hf__object *hf__lock_depends(const struct hf__lock_state *state,
                                          const struct hf__lock *lock, struct hf_bytes name)
{
	return hf__removed_depends(&state->removed, &state->locks, lock ? &lock->object : NULL, name);
}

uint64_t hf__lock_wait_key(const struct hf__lock_state *state, struct hf_bytes name)
{
	return hf__wait_key(HF__DOMAIN_LOCK, hash_of(state, name));
}

struct hf__lock_running *hf__lock_running_find(const struct hf__lock_state *state,
                                               struct hf_bytes name)
{
	const uint64_t hash = hf__map_hash(&state->running, name.data, name.len);
	return hf__map_find(&state->running, hash, running_equal, &name);
}

bool hf__lock_run_begins(struct hf__lock_state *state, struct hf__lock_running *running)
{
	if (!hf__map_reserve(&state->running))
		return false;
	hf__map_insert(&state->running, running, running_hash(&state->running, running));
	running->in = true;
	return true;
}

void hf__lock_run_ends(struct hf__lock_state *state, struct hf__lock_running *running)
{
	hf__map_remove(&state->running, running);
	hf__map_trim(&state->running);
	running->in = false;
}

/* --- Hooks ------------------------------------------------------------------------------------ */

static void lock_enlist(struct hf__object *object)
{
	struct hf__lock *lock = (void *)object;
	struct hf__lock_state *state = hf__lock_state_of(lock);
	hf__map_insert(&state->locks, lock, lock_hash(&state->locks, lock));
}

static void lock_delist(struct hf__object *object)
{
	struct hf__lock *lock = (void *)object;
	hf__map_remove(&hf__lock_state_of(lock)->locks, lock);
}

static int64_t lock_deadline(const struct hf__heap_node *node)
{
	return hf__lock_ends(hf__lock_of_ending(node));
}

static void lock_link(struct hf__object *object)
{
	struct hf__lock *lock = (void *)object;
	const int64_t ends = hf__lock_ends(lock);
	hf__index_insert(&hf__lock_state_of(lock)->by_name, lock);
	if (ends == INT64_MAX)
		return;
	hf__heap_insert(&hf__lock_state_of(lock)->endings, &lock->ending);
}

static void lock_unlink(struct hf__object *object)
{
	struct hf__lock *lock = (void *)object;
	hf__index_remove(&hf__lock_state_of(lock)->by_name, lock);
	if (hf__heap_in(&lock->ending))
		hf__heap_remove(&hf__lock_state_of(lock)->endings, &lock->ending);
}

static uint64_t lock_wait_key(const struct hf__object *object)
{
	return hf__wait_key(HF__DOMAIN_LOCK, lock_hash(lock_map(object), object));
}

static struct hf__object *lock_number(const struct hf__object *object)
{
	const struct hf__lock *lock = (const void *)object;
	return hf__removed_number(&hf__lock_state_of(lock)->removed,
	                          lock_hash(&hf__lock_state_of(lock)->locks, lock));
}

static const struct hf__type lock_type = {
    .name = "lock",
    .value_offset = offsetof(struct hf__lock, value),
    .value_size = sizeof(struct hf__lock_value),
    .blob_count = 1,
    .blob_offsets = {offsetof(struct hf__lock, value.owner)},
    .enlist = lock_enlist,
    .delist = lock_delist,
    .map = lock_map,
    .link = lock_link,
    .unlink = lock_unlink,
    .wait_key = lock_wait_key,
    .number = lock_number,
};

/* --- Birth ------------------------------------------------------------------------------------ */

struct hf__lock *hf__lock_new(struct hf__lock_state *state, struct hf_bytes name)
{
	struct hf__lock *lock = hf__small_alloc(sizeof *lock + name.len);
	if (!lock)
		return NULL;
	hf__object_is(&lock->object, &lock_type);
	lock->object.container = &state->root;
	lock->value.lease_until = HF_UNSET;
	lock->len = (uint16_t)name.len;
	memcpy(lock->name, name.data, name.len);
	return lock;
}

static int compare_names(const void *a, const void *b)
{
	return hf__bytes_compare(hf__lock_name(a), hf__lock_name(b));
}

static int64_t weigh(const void *lock, uint8_t *tag)
{
	(void)tag;
	return hf__lock_ends(lock);
}

static const struct hf__index_type by_name = {
    .fields = {1, {HF__NAME_FIELD(struct hf__lock)}},
    .compare = compare_names,
    .weight = weigh,
};

int hf__lock_state_init(void *raw, const struct hf__domain_env *env)
{
	struct hf__lock_state *state = raw;
	state->incarnation = UINT64_MAX;
	hf__object_is(&state->root, &hf__plain_type);
	state->endings.deadline = lock_deadline;
	hf__removed_init(&state->removed);
	hf__index_init(&state->by_name, &by_name, env->nodes);
	return hf__map_init(&state->locks, lock_hash, env->hash_key) &&
	               hf__map_init(&state->running, running_hash, env->hash_key)
	           ? HF_OK
	           : HF_ENOMEM;
}

/* --- A new incarnation ------------------------------------------------------------------------ */

void hf__lock_opened(void *raw, uint64_t first_lsn)
{
	struct hf__lock_state *state = raw;
	const struct hf__held held = {.map = &state->locks,
	                              .nodes = state->by_name.nodes,
	                              .out = lock_unlink,
	                              .in = lock_link,
	                              .newest_unleased = UINT64_MAX,
	                              .incarnation = &state->incarnation};
	hf__objects_opened(&held, first_lsn);
}
