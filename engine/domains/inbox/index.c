/* Inboxes and records in memory: how they are found, and how they enter and leave the indexes.
 *
 * A record enters map and key order at birth, and the two load orders and its inbox's counters
 * with its value. */
#include "domains/common/objects.h"
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
	    join(joined, join(joined, join(joined, 0, hf__container_name(inbox)), account), thread);
	return hf__map_hash(&inbox->state->records, joined, len);
}

static struct full_key key_of(const struct hf__record *record)
{
	return (struct full_key){hf__container_name(hf__record_inbox(record)),
	                         hf__record_account(record), hf__record_thread(record)};
}

static bool record_has_key(const void *record, const void *raw)
{
	const struct full_key *key = raw;
	const struct full_key at = key_of(record);
	return hf__bytes_equal(at.thread, key->thread) && hf__bytes_equal(at.account, key->account) &&
	       hf__bytes_equal(at.user, key->user);
}

struct hf__record *hf__record_find(const struct hf__inbox *inbox, struct hf_bytes account,
                                   struct hf_bytes thread)
{
	if (!inbox)
		return NULL;
	const struct full_key key = {hf__container_name(inbox), account, thread};
	return hf__map_find(&inbox->state->records, hf__inbox_hash(inbox, account, thread),
	                    record_has_key, &key);
}

/* --- Objects ---------------------------------------------------------------------------------- */

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
	hf__container_until(inbox, hf__inbox_listed_until(inbox));
}

static void link_inbox(struct hf__object *object)
{
	hf__inbox_tag((void *)object);
}

static uint64_t record_hash(const struct hf__map *map, const void *object)
{
	const struct full_key key = key_of(object);
	(void)map; /* all of a state hash alike */
	return hf__inbox_hash(hf__record_inbox(object), key.account, key.thread);
}

static struct hf__map *record_map(const struct hf__object *object)
{
	return &hf__record_inbox((const void *)object)->state->records;
}

static void enlist_record(struct hf__object *object)
{
	struct hf__record *record = (void *)object;
	struct hf__map *map = record_map(object);
	hf__map_insert(map, record, record_hash(map, record));
}

static void delist_record(struct hf__object *object)
{
	struct hf__record *record = (void *)object;
	struct hf__inbox *inbox = hf__record_inbox(record);
	hf__map_remove(&inbox->state->records, record);
	hf__inbox_tag(inbox);
}

static void link_record(struct hf__object *object)
{
	struct hf__record *record = (void *)object;
	struct hf__inbox *inbox = hf__record_inbox(record);
	for (unsigned view = 0; view < HF__INBOX_VIEWS; view++)
		hf__index_insert(&inbox->views[view], record);
	inbox->dismissed += record->value.dismissed;
	inbox->unread += record->value.unread && !record->value.dismissed;
	inbox->unseen += record->value.seen_at == HF_UNSET && !record->value.dismissed;
	hf__inbox_tag(inbox);
}

static void unlink_record(struct hf__object *object)
{
	struct hf__record *record = (void *)object;
	struct hf__inbox *inbox = hf__record_inbox(record);
	for (unsigned view = 0; view < HF__INBOX_VIEWS; view++)
		hf__index_remove(&inbox->views[view], record);
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

const struct hf__type hf__record_type = {
    .name = "record",
    .value_offset = offsetof(struct hf__record, value),
    .value_size = sizeof(struct hf__record_value),
    .blob_count = 1,
    .blob_offsets = {offsetof(struct hf__record, value.payload.bytes)},
    .payload_count = 1,
    .enlist = enlist_record,
    .delist = delist_record,
    .map = record_map,
    .link = link_record,
    .unlink = unlink_record,
};

static void inbox_init(void *container, void *state)
{
	struct hf__inbox *inbox = container;
	inbox->state = state;
	for (unsigned i = 0; i < HF__INBOX_VIEWS; i++)
		hf__index_init(&inbox->views[i], &hf__inbox_views[i], inbox->state->inboxes.nodes);
	hf__index_init(&inbox->tombs, &hf__tombs_by_key, inbox->state->inboxes.nodes);
	inbox->value.generated_at = HF_UNSET;
}

static const struct hf__container_type inbox_type = {
    .object = {.name = "inbox",
               .value_offset = offsetof(struct hf__inbox, value),
               .value_size = sizeof(struct hf__inbox_value),
               .blob_count = 2,
               .blob_offsets = {offsetof(struct hf__inbox, value.status),
                                offsetof(struct hf__inbox, value.extra)},
               HF__CONTAINER(struct hf__inbox),
               .link = link_inbox,
               .idle = inbox_idle},
    .size = sizeof(struct hf__inbox),
    .by_name = HF__INDEX_OF_NAMES(struct hf__inbox),
    .init = inbox_init,
    .indexes_at = offsetof(struct hf__inbox, views),
    .indexes = HF__INBOX_VIEWS + 1, /* and tombs */
};

struct hf__record *hf__record_new(struct hf__inbox *inbox, struct hf_bytes account,
                                  struct hf_bytes thread)
{
	struct hf__record *record = hf__small_alloc(sizeof *record + account.len + thread.len);
	if (!record)
		return NULL;
	hf__object_is(&record->object, &hf__record_type);
	record->object.container = &inbox->head.object;
	record->value.snoozed_until = HF_UNSET;
	record->lens[0] = (uint16_t)account.len;
	record->lens[1] = (uint16_t)thread.len;
	memcpy(record->text, account.data, account.len);
	memcpy(record->text + account.len, thread.data, thread.len);
	return record;
}

int hf__inbox_state_init(void *raw, const struct hf__domain_env *env)
{
	struct hf__inbox_state *state = raw;
	state->env = *env;
	return hf__containers_init(state, &inbox_type, env->hash_key, env->nodes) &&
	               hf__map_init(&state->records, record_hash, env->hash_key)
	           ? HF_OK
	           : HF_ENOMEM;
}
