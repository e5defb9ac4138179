/* Documents and collections in memory: how they are found, and how they enter and leave the
 * indexes at birth, around every change, and at removal.
 *
 * Happy path: the store's hook calls enlist at birth and link after every change; link puts the
 * document where its value says, unlink takes it out by the same rules. What that needs
 * was made beforehand: neither can fail.
 *
 * I-DOCUMENT-1: a document is in exactly the orders that its collection keeps, and in those of
 * what can expire iff it has an expires_at. I-DOCUMENT-2: all documents of a collection have as
 * many places as its orders say, so orders change only while it holds none. */
#include "domains/common/objects.h"
#include "domains/document/document.h"

/* --- From node to object ---------------------------------------------------------------------- */

struct hf__document *hf__document_of_heap(const struct hf__heap_node *node)
{
	return HF__OUTER(node, struct hf__document_ending, heap)->document;
}

/* --- Parts ------------------------------------------------------------------------------------ */

struct hf__document_image hf__document_image_of(const struct hf__document *document,
                                                enum hf__document_cause cause, int64_t setback)
{
	const struct hf__document_value *value = &document->value;
	return (struct hf__document_image){
	    .cause = cause,
	    .collection = hf__container_name(hf__document_collection(document)),
	    .id = hf__document_id(document),
	    .orders = document->orders,
	    .group = hf__blob_bytes(value->group),
	    .created_at = value->created_at,
	    .updated_at = value->updated_at,
	    .expires_at = hf__document_expires_at(document, setback),
	    .computed = value->computed,
	};
}

bool hf__document_over(const struct hf__document *document, struct hf__instant at)
{
	return hf__over(hf__document_until(document), document->value.computed, at);
}

int64_t hf__document_expires_at(const struct hf__document *document, int64_t setback)
{
	return document->value.computed ? hf__to_shown(document->value.expires_at, setback)
	                                : document->value.expires_at;
}

/* Its views, bit by bit: what it stands in by hf__document_stands(). */
static unsigned views_of(const struct hf__document *document)
{
	unsigned views = document->orders;
	if (document->value.expires_at != HF_UNSET && document->ending)
		views |= 1u << HF__DOCUMENT_ENDING |
		         (document->orders & HF__DOCUMENT_GROUPED ? 1u << HF__DOCUMENT_GROUP_ENDING : 0);
	return views;
}

bool hf__document_stands(const struct hf__document *document, enum hf__document_view view)
{
	return (views_of(document) & 1u << view) != 0;
}

enum hf__document_view hf__collection_view(const struct hf__collection *collection)
{
	unsigned view = 0;
	while (view < HF__DOCUMENT_LISTED - 1u && !(collection->value.orders & 1u << view))
		view++;
	return (enum hf__document_view)view;
}

enum hf__document_view hf__collection_group_view(const struct hf__collection *collection)
{
	const uint32_t orders = collection->value.orders;
	return orders & HF_DOCUMENT_GROUP_CREATED   ? HF__DOCUMENT_GROUP_CREATED
	       : orders & HF_DOCUMENT_GROUP_UPDATED ? HF__DOCUMENT_GROUP_UPDATED
	                                            : HF__DOCUMENT_GROUP_ID;
}

static const struct hf__index *any_order(const struct hf__collection *collection)
{
	return &collection->views[hf__collection_view(collection)];
}

size_t hf__collection_size(const struct hf__collection *collection)
{
	return hf__index_count(any_order(collection));
}

int64_t hf__collection_until(const struct hf__collection *collection)
{
	return hf__index_most(any_order(collection));
}

bool hf__collection_live(const struct hf__collection *collection, struct hf__instant at)
{
	if (!collection)
		return false;
	const struct hf__index *order = any_order(collection);
	const struct hf__index_filter there = hf__lasting(at);
	/* usually one of them never ends */
	return hf__index_most(order) == INT64_MAX || hf__index_first_pass(order, &there).leaf != NULL;
}

struct hf__document *hf__collection_any(const struct hf__collection *collection)
{
	return hf__index_first_object(any_order(collection));
}

/* --- Lookup ----------------------------------------------------------------------------------- */

static bool document_equal(const void *object, const void *raw)
{
	const struct hf__document *document = object;
	return hf__pair_is(raw, hf__container_name(hf__document_collection(document)),
	                   hf__document_id(document));
}

static uint64_t document_hash(const struct hf__map *map, const void *object)
{
	const struct hf__document *document = object;
	return hf__pair_hash(map, hf__container_name(hf__document_collection(document)),
	                     hf__document_id(document));
}

static struct hf__map *document_map(const struct hf__object *object)
{
	return &hf__document_collection((const void *)object)->state->documents;
}

struct hf__document *hf__document_find(const struct hf__document_state *state,
                                       struct hf_bytes collection, struct hf_bytes id)
{
	return hf__pair_find(&state->documents, collection, id, document_equal);
}

/* --- Hooks ------------------------------------------------------------------------------------ */

/* The list of collections shows those that hold a document: while the last one lasts. Costs
 * nothing while that stays the same. */
static void note_until(struct hf__collection *collection)
{
	const int64_t until = hf__collection_until(collection);
	hf__container_until(collection, until);
}

static void document_enlist(struct hf__object *object)
{
	struct hf__map *map = document_map(object);
	hf__map_insert(map, object, document_hash(map, object));
}

static void document_delist(struct hf__object *object)
{
	struct hf__document *document = (void *)object;
	struct hf__collection *collection = hf__document_collection(document);
	hf__map_remove(&collection->state->documents, document);
	note_until(collection);
}

static int64_t document_deadline(const struct hf__heap_node *node)
{
	return hf__document_of_heap(node)->value.expires_at;
}

static void document_link(struct hf__object *object)
{
	struct hf__document *document = (void *)object;
	struct hf__collection *collection = hf__document_collection(document);
	for (unsigned left = views_of(document); left != 0; left &= left - 1)
		hf__index_insert(&collection->views[__builtin_ctz(left)], document);
	if (document->value.expires_at != HF_UNSET)
		hf__heap_insert(&collection->state->endings[document->value.computed],
		                &document->ending->heap);
	note_until(collection);
}

static void document_unlink(struct hf__object *object)
{
	struct hf__document *document = (void *)object;
	struct hf__collection *collection = hf__document_collection(document);
	for (unsigned left = views_of(document); left != 0; left &= left - 1)
		hf__index_remove(&collection->views[__builtin_ctz(left)], document);
	if (document->value.expires_at != HF_UNSET)
		hf__heap_remove(&collection->state->endings[document->value.computed],
		                &document->ending->heap);
}

static void document_free(struct hf__object *object)
{
	hf__document_drop((void *)object);
}

static bool collection_idle(const struct hf__object *object)
{
	return hf__collection_size((const void *)object) == 0;
}

static const struct hf__type document_type = {
    .name = "document",
    .value_offset = offsetof(struct hf__document, value),
    .value_size = sizeof(struct hf__document_value),
    .blob_count = 2,
    .blob_offsets = {offsetof(struct hf__document, value.payload.bytes),
                     offsetof(struct hf__document, value.group)},
    .payload_count = 1,
    .enlist = document_enlist,
    .delist = document_delist,
    .map = document_map,
    .link = document_link,
    .unlink = document_unlink,
    .free = document_free,
};

/* --- Birth ------------------------------------------------------------------------------------ */

static void collection_init(void *container, void *state)
{
	struct hf__collection *collection = container;
	collection->state = state;
	for (unsigned i = 0; i < HF__DOCUMENT_VIEWS; i++)
		hf__index_init(&collection->views[i], &hf__document_views[i],
		               collection->state->collections.nodes);
}

static const struct hf__container_type collection_type = {
    .object = {.name = "collection",
               .value_offset = offsetof(struct hf__collection, value),
               .value_size = sizeof(struct hf__collection_value),
               HF__CONTAINER(struct hf__collection),
               .idle = collection_idle},
    .size = sizeof(struct hf__collection),
    .by_name = HF__INDEX_OF_NAMES(struct hf__collection),
    .init = collection_init,
    .indexes_at = offsetof(struct hf__collection, views),
    .indexes = HF__DOCUMENT_VIEWS,
};

struct hf__document *hf__document_new(struct hf__collection *collection, struct hf_bytes id)
{
	struct hf__document *document = hf__small_alloc(sizeof *document + id.len);
	if (!document)
		return NULL;
	hf__object_is(&document->object, &document_type);
	document->object.container = &collection->head.object;
	document->orders = (uint8_t)collection->value.orders;
	document->value.expires_at = HF_UNSET;
	document->len = (uint16_t)id.len;
	hf__copy(document->id, id.data, id.len);
	return document;
}

void hf__document_drop(struct hf__document *document)
{
	hf__small_free(document->ending);
	hf__small_free(document);
}

bool hf__document_may_end(struct hf__document *document)
{
	if (document->ending)
		return true;
	struct hf__document_ending *ending = hf__small_alloc(sizeof *ending);
	if (!ending)
		return false;
	ending->document = document;
	document->ending = ending;
	return true;
}

int hf__document_state_init(void *raw, const struct hf__domain_env *env)
{
	struct hf__document_state *state = raw;
	state->env = *env;
	state->endings[0].deadline = state->endings[1].deadline = document_deadline;
	return hf__containers_init(state, &collection_type, env->hash_key, env->nodes) &&
	               hf__map_init(&state->documents, document_hash, env->hash_key)
	           ? HF_OK
	           : HF_ENOMEM;
}
