/* Objects of the idempotency domain: lookups, birth, when an entry ends, and the hooks that put
 * entries into the indexes and take them out.
 *
 * Happy path: the store's hook calls enlist at birth and link after every change; link computes
 * the end once and puts it into every index as the weight; unlink needs no more than the nodes.
 * What the indexes need is there before: neither can fail.
 *
 * I-IDEM-1: an entry is in by_key, in the one by_end that its value says, and in `endings` iff
 * it ends some time; all four tell the same end. I-IDEM-2: the end depends on the value and on
 * state->incarnation alone, and the latter changes only in hf__idem_opened(). I-IDEM-3: a
 * scope's weight among the scopes is the latest end of its entries. */
#include "domains/common/objects.h"
#include "domains/idempotency/idempotency.h"

#include <stddef.h>

/* --- From node to object ---------------------------------------------------------------------- */

struct hf__idem_scope *hf__idem_scope_of(const struct hf__idem_entry *entry)
{
	return (void *)entry->object.container;
}

struct hf_bytes hf__idem_key(const struct hf__idem_entry *entry)
{
	return hf_bytes_of(entry->key, entry->value.len);
}

struct hf__idem_claim hf__idem_claim_of(const struct hf__idem_value *value)
{
	struct hf__idem_claim claim = {.lease_until = HF_UNSET};
	if (!value->done)
		memcpy(&claim, value->given->data, sizeof claim);
	return claim;
}

struct hf_bytes hf__idem_fingerprint(const struct hf__idem_value *value)
{
	const struct hf_bytes bytes = hf__blob_bytes(value->given);
	const size_t before = value->done ? 0 : sizeof(struct hf__idem_claim);
	return before ? hf_bytes_of(value->given->data + before, bytes.len - before) : bytes;
}

/* --- Ends ------------------------------------------------------------------------------------- */

int64_t hf__idem_end(const struct hf__idem_entry *entry)
{
	const struct hf__idem_value *value = &entry->value;
	if (value->done)
		return value->end;
	const struct hf__idem_claim claim = hf__idem_claim_of(value);
	if (claim.lease_until != HF_UNSET)
		return claim.lease_until;
	const bool ours = claim.version >= hf__idem_scope_of(entry)->state->incarnation;
	return ours ? claim.expires_at : INT64_MIN;
}

bool hf__idem_alive(const struct hf__idem_entry *entry, struct hf__instant at)
{
	return !hf__over(hf__idem_end(entry), entry->value.computed, at);
}

int64_t hf__idem_expires_at(const struct hf__idem_entry *entry, int64_t setback)
{
	const struct hf__idem_value *value = &entry->value;
	if (value->never)
		return HF_UNSET;
	const int64_t at = value->done ? value->end : hf__idem_claim_of(value).expires_at;
	return value->computed ? hf__to_shown(at, setback) : at;
}

/* A position in the order of ends. */
struct end {
	bool computed;
	int64_t at;
	struct hf_bytes key;
};

#define ENTRY struct hf__idem_entry
#define KEY \
	.kind = HF__FIELD_PART, .offset = offsetof(ENTRY, key), .lens = offsetof(ENTRY, value.len)

/* A position is the key. */
static int compare_keys(const void *a, const void *b)
{
	return hf__bytes_compare(hf__idem_key(a), hf__idem_key(b));
}

/* The weight is the end, the tag says whether it was computed. */
static int64_t weigh(const void *object, uint8_t *tag)
{
	const ENTRY *entry = object;
	*tag = entry->value.computed ? HF__COMPUTED : 0;
	return entry->value.end;
}

static const struct hf__index_type by_key = {
    .fields = {1, {{KEY}}}, .compare = compare_keys, .weight = weigh};

static const struct hf__index_type by_end = {
    .fields = {3,
               {HF__FIELD(HF__FIELD_U8, ENTRY, value.computed, struct end, computed),
                HF__FIELD(HF__FIELD_I64, ENTRY, value.end, struct end, at),
                {KEY, .at = offsetof(struct end, key)}}},
};

static size_t count_up_to(const struct hf__index *order, bool computed, int64_t at)
{
	const struct end end = {computed, at, {NULL, 0}};
	const struct hf__range ends = {.index = order, .fields = 2, .at = &end};
	return hf__range_until(&ends);
}

size_t hf__idem_count(const struct hf__idem_scope *scope, bool done, struct hf__instant at)
{
	const struct hf__index *order = &scope->by_end[done];
	const size_t named = count_up_to(order, false, INT64_MAX) - count_up_to(order, false, at.now);
	return named + hf__index_count(order) - count_up_to(order, true, at.mono);
}

/* --- Lookup ----------------------------------------------------------------------------------- */

static bool entry_equal(const void *object, const void *raw)
{
	const struct hf__idem_entry *entry = object;
	return hf__pair_is(raw, hf__container_name(hf__idem_scope_of(entry)), hf__idem_key(entry));
}

static uint64_t entry_hash(const struct hf__map *map, const void *object)
{
	const struct hf__idem_entry *entry = object;
	return hf__pair_hash(map, hf__container_name(hf__idem_scope_of(entry)), hf__idem_key(entry));
}

static struct hf__map *entry_map(const struct hf__object *object)
{
	return &hf__idem_scope_of((const void *)object)->state->entries;
}

struct hf__idem_entry *hf__idem_find(const struct hf__idem_state *state, struct hf_bytes scope,
                                     struct hf_bytes key)
{
	return hf__pair_find(&state->entries, scope, key, entry_equal);
}

/* --- Hooks ------------------------------------------------------------------------------------ */

/* I-IDEM-3. */
static void scope_weigh(struct hf__idem_scope *scope)
{
	hf__container_until(scope, hf__index_most(&scope->by_key));
}

static void entry_enlist(struct hf__object *object)
{
	struct hf__idem_entry *entry = (void *)object;
	const struct hf__idem_scope *scope = hf__idem_scope_of(entry);
	hf__map_insert(&scope->state->entries, entry, entry_hash(&scope->state->entries, entry));
}

static void entry_delist(struct hf__object *object)
{
	hf__map_remove(entry_map(object), object);
}

static int64_t entry_deadline(const struct hf__heap_node *node)
{
	return hf__idem_of_ending(node)->value.end;
}

static void note_claim(struct hf__idem_state *state, const struct hf__idem_value *value)
{
	const struct hf__idem_claim claim = hf__idem_claim_of(value);
	if (claim.lease_until == HF_UNSET && claim.version > state->newest_unleased)
		state->newest_unleased = claim.version;
}

static void entry_link(struct hf__object *object)
{
	struct hf__idem_entry *entry = (void *)object;
	struct hf__idem_scope *scope = hf__idem_scope_of(entry);
	struct hf__idem_state *state = scope->state;
	struct hf__idem_value *value = &entry->value;
	value->end = hf__idem_end(entry);
	hf__index_insert(&scope->by_key, entry);
	hf__index_insert(&scope->by_end[value->done], entry);
	if (value->end != INT64_MAX)
		hf__heap_insert(&state->endings[value->computed], &entry->ending);
	if (!value->done)
		note_claim(state, value);
	scope_weigh(scope);
}

static void entry_unlink(struct hf__object *object)
{
	struct hf__idem_entry *entry = (void *)object;
	struct hf__idem_scope *scope = hf__idem_scope_of(entry);
	hf__index_remove(&scope->by_key, entry);
	hf__index_remove(&scope->by_end[entry->value.done], entry);
	if (hf__heap_in(&entry->ending))
		hf__heap_remove(&scope->state->endings[entry->value.computed], &entry->ending);
	scope_weigh(scope);
}

/* Under another incarnation the end, which is a part of the value, may be another. */
static void entry_in(struct hf__object *object)
{
	entry_link(object);
	hf__object_seal(object);
}

static bool scope_idle(const struct hf__object *object)
{
	return hf__index_count(&((const struct hf__idem_scope *)(const void *)object)->by_key) == 0;
}

static const struct hf__type entry_type = {
    .name = "idempotency entry",
    .value_offset = offsetof(struct hf__idem_entry, value),
    .value_size = sizeof(struct hf__idem_value),
    .blob_count = 2,
    .blob_offsets = {offsetof(struct hf__idem_entry, value.response.bytes),
                     offsetof(struct hf__idem_entry, value.given)},
    .payload_count = 1,
    .enlist = entry_enlist,
    .delist = entry_delist,
    .map = entry_map,
    .link = entry_link,
    .unlink = entry_unlink,
};

/* --- Birth ------------------------------------------------------------------------------------ */

static void scope_init(void *container, void *state)
{
	struct hf__idem_scope *scope = container;
	scope->state = state;
	struct hf__index_nodes *nodes = scope->state->scopes.nodes;
	hf__index_init(&scope->by_key, &by_key, nodes);
	hf__index_init(&scope->by_end[false], &by_end, nodes);
	hf__index_init(&scope->by_end[true], &by_end, nodes);
}

static const struct hf__container_type scope_type = {
    .object = {.name = "idempotency scope",
               .value_offset = offsetof(struct hf__idem_scope, name),
               HF__CONTAINER(struct hf__idem_scope),
               .idle = scope_idle},
    .size = sizeof(struct hf__idem_scope),
    .by_name = HF__INDEX_OF_NAMES(struct hf__idem_scope),
    .init = scope_init,
    .indexes_at = offsetof(struct hf__idem_scope, by_key),
    .indexes = 3,
};

struct hf__idem_entry *hf__idem_entry_new(struct hf__idem_scope *scope, struct hf_bytes key)
{
	struct hf__idem_entry *entry = hf__small_alloc(sizeof *entry + key.len);
	if (!entry)
		return NULL;
	hf__object_is(&entry->object, &entry_type);
	entry->object.container = &scope->head.object;
	entry->value.len = (uint16_t)key.len;
	memcpy(entry->key, key.data, key.len);
	return entry;
}

int hf__idem_state_init(void *raw, const struct hf__domain_env *env)
{
	struct hf__idem_state *state = raw;
	state->env = *env;
	state->endings[0].deadline = state->endings[1].deadline = entry_deadline;
	state->incarnation = UINT64_MAX;
	return hf__containers_init(state, &scope_type, env->hash_key, env->nodes) &&
	               hf__map_init(&state->entries, entry_hash, env->hash_key)
	           ? HF_OK
	           : HF_ENOMEM;
}

/* --- A new incarnation ------------------------------------------------------------------------ */

/* Until now everything owned without a lease had ended. */
void hf__idem_opened(void *raw, uint64_t first_lsn)
{
	struct hf__idem_state *state = raw;
	const struct hf__held held = {.map = &state->entries,
	                              .nodes = state->env.nodes,
	                              .out = entry_unlink,
	                              .in = entry_in,
	                              .newest_unleased = state->newest_unleased,
	                              .incarnation = &state->incarnation};
	hf__objects_opened(&held, first_lsn);
}
