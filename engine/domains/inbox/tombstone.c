/* Tombstones: what stays of a record that went, so that a later save of its key knows. One that
 * a REPLACE, a trim or a prune left brings the record back dismissed; one that a removal left
 * does not let it come back. Each ends at its deadline as a view; settle (inbox.c) logs that. */
#include "domains/inbox/inbox.h"

/* --- From nodes to objects -------------------------------------------------------------------- */

struct hf__inbox *hf__tomb_inbox(const struct hf__tomb *tomb)
{
	return (struct hf__inbox *)(void *)tomb->object.container;
}

struct hf_bytes hf__tomb_account(const struct hf__tomb *tomb)
{
	return hf_bytes_of(tomb->text, tomb->lens[0]);
}

struct hf_bytes hf__tomb_thread(const struct hf__tomb *tomb)
{
	return hf_bytes_of(tomb->text + tomb->lens[0], tomb->lens[1]);
}

bool hf__tomb_stands(const struct hf__tomb *tomb, int64_t mono)
{
	return tomb->value.until > mono;
}

struct hf__tomb_value hf__tomb_shown(const struct hf__tomb *tomb, int64_t setback)
{
	struct hf__tomb_value value = tomb->value;
	value.until = hf__to_shown(value.until, setback);
	return value;
}

/* --- Indexes ---------------------------------------------------------------------------------- */

static int64_t weigh(const void *tomb, uint8_t *tag)
{
	(void)tag;
	return ((const struct hf__tomb *)tomb)->value.until;
}

/* A position is a struct hf__inbox_key without the user. */
const struct hf__index_type hf__tombs_by_key = {
    .weight = weigh,
    .fields = {2,
               {HF__PART(struct hf__tomb, text, lens, 0, struct hf__inbox_key, account),
                HF__PART(struct hf__tomb, text, lens, 1, struct hf__inbox_key, thread)}},
};

static bool tomb_has_key(const void *object, const void *raw)
{
	const struct hf__inbox_key *key = raw;
	const struct hf__tomb *tomb = object;
	return hf__bytes_equal(hf__tomb_thread(tomb), key->thread) &&
	       hf__bytes_equal(hf__tomb_account(tomb), key->account) &&
	       hf__bytes_equal(hf__container_name(hf__tomb_inbox(tomb)), key->user);
}

struct hf__tomb *hf__tomb_find(const struct hf__inbox *inbox, struct hf_bytes account,
                               struct hf_bytes thread)
{
	if (!inbox || hf__index_count(&inbox->tombs) == 0)
		return NULL;
	const struct hf__inbox_key key = {hf__container_name(inbox), account, thread};
	return hf__map_find(&inbox->state->tombs, hf__inbox_hash(inbox, account, thread), tomb_has_key,
	                    &key);
}

int64_t hf__tomb_until(const struct hf__heap_node *node)
{
	return hf__tomb_of_ending(node)->value.until;
}

uint64_t hf__tomb_hash(const struct hf__map *map, const void *object)
{
	const struct hf__tomb *tomb = object;
	(void)map; /* all of a state hash alike */
	return hf__inbox_hash(hf__tomb_inbox(tomb), hf__tomb_account(tomb), hf__tomb_thread(tomb));
}

static struct hf__map *tomb_map(const struct hf__object *object)
{
	return &hf__tomb_inbox((const void *)object)->state->tombs;
}

static void enlist_tomb(struct hf__object *object)
{
	struct hf__tomb *tomb = (void *)object;
	struct hf__inbox *inbox = hf__tomb_inbox(tomb);
	hf__map_insert(&inbox->state->tombs, tomb, hf__tomb_hash(&inbox->state->tombs, tomb));
}

static void delist_tomb(struct hf__object *object)
{
	struct hf__tomb *tomb = (void *)object;
	struct hf__inbox *inbox = hf__tomb_inbox(tomb);
	hf__map_remove(&inbox->state->tombs, tomb);
	hf__inbox_tag(inbox);
}

static void link_tomb(struct hf__object *object)
{
	struct hf__tomb *tomb = (void *)object;
	struct hf__inbox *inbox = hf__tomb_inbox(tomb);
	hf__index_insert(&inbox->tombs, tomb);
	hf__heap_insert(&inbox->state->endings, &tomb->ending);
	hf__inbox_tag(inbox);
}

static void unlink_tomb(struct hf__object *object)
{
	struct hf__tomb *tomb = (void *)object;
	struct hf__inbox *inbox = hf__tomb_inbox(tomb);
	hf__index_remove(&inbox->tombs, tomb);
	hf__heap_remove(&inbox->state->endings, &tomb->ending);
}

static const struct hf__type tomb_type = {
    .name = "tombstone",
    .value_offset = offsetof(struct hf__tomb, value),
    .value_size = sizeof(struct hf__tomb_value),
    .enlist = enlist_tomb,
    .delist = delist_tomb,
    .map = tomb_map,
    .link = link_tomb,
    .unlink = unlink_tomb,
};

struct hf__tomb *hf__tomb_new(struct hf__inbox *inbox, struct hf_bytes account,
                              struct hf_bytes thread)
{
	struct hf__tomb *tomb = hf__small_alloc(sizeof *tomb + account.len + thread.len);
	if (!tomb)
		return NULL;
	hf__object_is(&tomb->object, &tomb_type);
	tomb->object.container = &inbox->head.object;
	tomb->lens[0] = (uint16_t)account.len;
	tomb->lens[1] = (uint16_t)thread.len;
	memcpy(tomb->text, account.data, account.len);
	memcpy(tomb->text + account.len, thread.data, thread.len);
	return tomb;
}

/* I-INBOX-4: a key has a record or a tombstone, not both. */
static bool tomb_sane(const struct hf__inbox *inbox, const struct hf__tomb *tomb)
{
	const struct hf__tomb_value *value = &tomb->value;
	const struct hf_bytes account = hf__tomb_account(tomb), thread = hf__tomb_thread(tomb);
	return value->version != 0 && value->until != HF_UNSET &&
	       (value->dismissed || value->dismissed_at == HF_UNSET) && hf__heap_in(&tomb->ending) &&
	       hf__object_sealed(&tomb->object) && hf__tomb_find(inbox, account, thread) == tomb &&
	       !hf__record_find(inbox, account, thread);
}

bool hf__tombs_sane(const struct hf__inbox *inbox)
{
	if (!hf__index_sane(&inbox->tombs))
		return false;
	for (struct hf__index_at at = hf__index_first(&inbox->tombs); at.leaf; at = hf__index_next(at))
		if (!tomb_sane(inbox, hf__index_object(at)))
			return false;
	return true;
}
