/* Inboxes and records in memory: how they are found, and how they enter and leave the indexes.
 *
 * A record enters map and key order at birth, and the two load orders and its inbox's counters
 * with its value. */
#include "domains/common/container.h"
#include "domains/inbox/inbox.h"

/* --- Maps ------------------------------------------------------------------------------------- */

struct full_key {
	struct hf_bytes user, account, thread;
};

static size_t join(uint8_t *to, size_t len, struct hf_bytes part)
{
	memcpy(to + len, part.data, part.len);
	to[len + part.len] = 0;
	return len + part.len + 1;
}

/* The parts of a full key joined by NUL, which none of them holds. All maps of a state hash
 * alike. */
uint64_t hf__inbox_hash(const struct hf__inbox *inbox, struct hf_bytes account,
                        struct hf_bytes thread)
{
	uint8_t joined[3 * (HF_KEY_MAX + 1)];
	const size_t len =
	    join(joined, join(joined, join(joined, 0, hf__inbox_user(inbox)), account), thread);
	return hf__map_hash(&inbox->state->records, joined, len);
}

static struct full_key key_of(const struct hf__record *record)
{
	return (struct full_key){hf__inbox_user(hf__record_inbox(record)), hf__record_account(record),
	                         hf__record_thread(record)};
}

static bool record_has_key(const struct hf__map_node *node, const void *raw)
{
	const struct full_key *key = raw;
	const struct full_key at = key_of(hf__record_of_map(node));
	return hf__bytes_equal(at.thread, key->thread) && hf__bytes_equal(at.account, key->account) &&
	       hf__bytes_equal(at.user, key->user);
}

static bool inbox_has_user(const struct hf__map_node *node, const void *user)
{
	return hf__bytes_equal(hf__inbox_user(hf__inbox_of_map(node)), *(const struct hf_bytes *)user);
}

struct hf__inbox *hf__inbox_find(const struct hf__inbox_state *state, struct hf_bytes user)
{
	struct hf__map_node *node = hf__name_find(&state->users, user, inbox_has_user);
	return node ? hf__inbox_of_map(node) : NULL;
}

const struct hf__object *hf__inbox_depends(const struct hf__inbox_state *state,
                                           const struct hf__inbox *inbox, struct hf_bytes user)
{
	return hf__removed_depends(&state->removed, &state->users, inbox ? &inbox->object : NULL, user);
}

struct hf__record *hf__record_find(const struct hf__inbox *inbox, struct hf_bytes account,
                                   struct hf_bytes thread)
{
	if (!inbox)
		return NULL;
	const struct full_key key = {hf__inbox_user(inbox), account, thread};
	struct hf__map_node *node = hf__map_find(
	    &inbox->state->records, hf__inbox_hash(inbox, account, thread), record_has_key, &key);
	return node ? hf__record_of_map(node) : NULL;
}

/* --- Objects ---------------------------------------------------------------------------------- */

static void free_memory(struct hf__object *object)
{
	hf__free(object);
}

/* An inbox without records, without a value of its own and without a standing tombstone is no
 * state. */
int64_t hf__inbox_listed_until(const struct hf__inbox *inbox)
{
	if (inbox->value.version != 0 || hf__inbox_total(inbox) > 0)
		return INT64_MAX;
	return hf__index_most(&inbox->tombs);
}

void hf__inbox_tag(struct hf__inbox *inbox)
{
	hf__name_until(&inbox->state->by_name, &inbox->by_name, hf__inbox_listed_until(inbox));
}

static void enlist_inbox(struct hf__object *object)
{
	struct hf__inbox *inbox = (struct hf__inbox *)(void *)object;
	hf__name_enlist(&inbox->state->users, &inbox->node, &inbox->state->by_name, &inbox->by_name,
	                hf__inbox_user(inbox));
}

static void delist_inbox(struct hf__object *object)
{
	struct hf__inbox *inbox = (struct hf__inbox *)(void *)object;
	hf__name_delist(&inbox->state->users, &inbox->node, &inbox->state->by_name, &inbox->by_name);
}

static void link_inbox(struct hf__object *object)
{
	hf__inbox_tag((struct hf__inbox *)(void *)object);
}

static void enlist_record(struct hf__object *object)
{
	struct hf__record *record = (struct hf__record *)(void *)object;
	struct hf__inbox *inbox = hf__record_inbox(record);
	const uint64_t hash =
	    hf__inbox_hash(inbox, hf__record_account(record), hf__record_thread(record));
	hf__map_insert(&inbox->state->records, &record->node, hash);
	hf__index_insert(&inbox->views[HF__INBOX_BY_KEY], &record->nodes[HF__INBOX_BY_KEY]);
	hf__inbox_tag(inbox);
}

static void delist_record(struct hf__object *object)
{
	struct hf__record *record = (struct hf__record *)(void *)object;
	struct hf__inbox *inbox = hf__record_inbox(record);
	hf__map_remove(&inbox->state->records, &record->node);
	hf__index_remove(&inbox->views[HF__INBOX_BY_KEY], &record->nodes[HF__INBOX_BY_KEY]);
	hf__inbox_tag(inbox);
}

static void insert_weighted(struct hf__inbox *inbox, struct hf__record *record,
                            enum hf__inbox_view view)
{
	/* HF_UNSET is the least weight: always awake */
	record->nodes[view].weight = record->value.snoozed_until;
	hf__index_insert(&inbox->views[view], &record->nodes[view]);
}

static void link_record(struct hf__object *object)
{
	struct hf__record *record = (struct hf__record *)(void *)object;
	struct hf__inbox *inbox = hf__record_inbox(record);
	insert_weighted(inbox, record, HF__INBOX_IN_LOAD_ORDER);
	insert_weighted(inbox, record, HF__INBOX_BY_ACCOUNT);
	hf__index_update(&inbox->views[HF__INBOX_BY_KEY], &record->nodes[HF__INBOX_BY_KEY],
	                 (int64_t)record->value.saved, hf__record_tag(record));
	inbox->dismissed += record->value.dismissed;
	inbox->unread += record->value.unread && !record->value.dismissed;
	inbox->unseen += record->value.seen_at == HF_UNSET && !record->value.dismissed;
}

static void unlink_record(struct hf__object *object)
{
	struct hf__record *record = (struct hf__record *)(void *)object;
	struct hf__inbox *inbox = hf__record_inbox(record);
	hf__index_remove(&inbox->views[HF__INBOX_IN_LOAD_ORDER],
	                 &record->nodes[HF__INBOX_IN_LOAD_ORDER]);
	hf__index_remove(&inbox->views[HF__INBOX_BY_ACCOUNT], &record->nodes[HF__INBOX_BY_ACCOUNT]);
	inbox->dismissed -= record->value.dismissed;
	inbox->unread -= record->value.unread && !record->value.dismissed;
	inbox->unseen -= record->value.seen_at == HF_UNSET && !record->value.dismissed;
}

static bool inbox_idle(const struct hf__object *object)
{
	const struct hf__inbox *inbox = (const struct hf__inbox *)(const void *)object;
	return inbox->value.version == 0 && hf__inbox_total(inbox) == 0 &&
	       hf__index_count(&inbox->tombs) == 0;
}

static struct hf__object *inbox_number(const struct hf__object *object)
{
	const struct hf__inbox *inbox = (const struct hf__inbox *)(const void *)object;
	return hf__removed_number(inbox->vacancy.home, inbox->node.hash);
}

static const struct hf__type inbox_type = {
    .name = "inbox",
    .value_offset = offsetof(struct hf__inbox, value),
    .value_size = sizeof(struct hf__inbox_value),
    .blob_count = 2,
    .blob_offsets = {offsetof(struct hf__inbox, value.status),
                     offsetof(struct hf__inbox, value.extra)},
    .enlist = enlist_inbox,
    .delist = delist_inbox,
    .link = link_inbox,
    .free = free_memory,
    .number = inbox_number,
    .idle = inbox_idle,
    .vacancy_offset = offsetof(struct hf__inbox, vacancy),
};

/* The root holds no value: it is only ever noted as the container of something that changed. */
static const struct hf__type root_type = {.name = "inboxes",
                                          .value_offset = sizeof(struct hf__object)};

static const struct hf__type record_type = {
    .name = "record",
    .value_offset = offsetof(struct hf__record, value),
    .value_size = sizeof(struct hf__record_value),
    .blob_count = 1,
    .blob_offsets = {offsetof(struct hf__record, value.payload.bytes)},
    .enlist = enlist_record,
    .delist = delist_record,
    .link = link_record,
    .unlink = unlink_record,
    .free = free_memory,
};

struct hf__inbox *hf__inbox_new(struct hf__inbox_state *state, struct hf_bytes user)
{
	struct hf__inbox *inbox = hf__alloc(sizeof *inbox + user.len);
	if (!inbox)
		return NULL;
	inbox->object.type = &inbox_type;
	inbox->object.container = &state->root;
	inbox->state = state;
	inbox->vacancy.home = &state->removed;
	for (unsigned i = 0; i < HF__INBOX_VIEWS; i++)
		hf__index_init(&inbox->views[i], &hf__inbox_views[i]);
	hf__index_init(&inbox->tombs, &hf__tombs_by_key);
	inbox->value.generated_at = HF_UNSET;
	inbox->len = (uint16_t)user.len;
	memcpy(inbox->name, user.data, user.len);
	return inbox;
}

struct hf__record *hf__record_new(struct hf__inbox *inbox, struct hf_bytes account,
                                  struct hf_bytes thread)
{
	struct hf__record *record = hf__alloc(sizeof *record + account.len + thread.len);
	if (!record)
		return NULL;
	record->object.type = &record_type;
	record->object.container = &inbox->object;
	record->value.snoozed_until = HF_UNSET;
	record->lens[0] = (uint16_t)account.len;
	record->lens[1] = (uint16_t)thread.len;
	memcpy(record->text, account.data, account.len);
	memcpy(record->text + account.len, thread.data, thread.len);
	return record;
}

bool hf__inbox_indexes_init(struct hf__inbox_state *state, const struct hf__domain_env *env)
{
	state->env = *env;
	state->root.type = &root_type;
	hf__removed_init(&state->removed);
	hf__index_init(&state->by_name, &hf__inbox_by_name);
	return hf__map_init(&state->users, env->hash_key) &&
	       hf__map_init(&state->records, env->hash_key) &&
	       hf__map_init(&state->tombs, env->hash_key);
}
