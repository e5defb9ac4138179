/* Putting documents: new ones, and others in place of those there. */
#include "domains/common/verb.h"
#include "domains/document/document.h"

/* --- Form ------------------------------------------------------------------------------------- */

static int check_expiry(const struct hf_document_put_args *args, struct hf__text *why)
{
	if (args->ttl_us < 0)
		hf__text_add(why, "ttl_us must not be negative");
	else if (args->ttl_us > 0 && hf__given(&args->write, args->expires_at) != HF_UNSET)
		hf__text_add(why, "expires_at and ttl_us say the same thing: give one");
	else if (args->expires_computed && hf__given(&args->write, args->expires_at) == HF_UNSET)
		hf__text_add(why, "expires_computed goes with an expires_at");
	else
		return HF_OK;
	return HF_EINVAL;
}

static int put_check(const void *raw, struct hf__text *why)
{
	const struct hf_document_put_args *args = raw;
	int rc = hf__document_check_key(&args->key, why);
	if (rc == HF_OK)
		rc = hf__check_part("group", args->group, true, why);
	if (rc == HF_OK)
		rc = check_expiry(args, why);
	if (rc != HF_OK)
		return rc;
	if (args->orders > HF__DOCUMENT_ALL)
		return hf__refuse(why, HF_EINVAL, "no such orders: %u", args->orders);
	return hf__check_bytes("payload", args->payload, HF_PAYLOAD_MAX, why);
}

/* What hf__copy_args() gives by the table, in one piece: transactions are mostly of puts. */
static void *put_copy(struct hf__arena *arena, const void *raw)
{
	const struct hf_document_put_args *args = raw;
	struct hf_bytes in[] = {args->key.collection, args->key.id, args->group, args->payload};
	size_t size = sizeof *args;
	for (size_t i = 0; i < sizeof in / sizeof *in; i++)
		size += in[i].len; /* whose form was checked */
	struct hf_document_put_args *copy = hf__arena_room(arena, size);
	if (!copy)
		return NULL;
	uint8_t *to = (uint8_t *)(copy + 1);
	for (size_t i = 0; i < sizeof in / sizeof *in; i++) {
		hf__copy(to, in[i].data, in[i].len);
		in[i].data = to;
		to += in[i].len;
	}
	*copy = *args;
	copy->key = (struct hf_document_key){in[0], in[1]};
	copy->group = in[2];
	copy->payload = in[3];
	return copy;
}

/* --- Deciding --------------------------------------------------------------------------------- */

static int choose_orders(struct hf__decision *d, const struct hf__collection *collection,
                         const struct hf_document_put_args *args, uint8_t *orders)
{
	*orders = (uint8_t)(args->orders ? args->orders : (unsigned)HF_DOCUMENT_ORDERS_DEFAULT);
	if (!hf__collection_live(collection, HF__INSTANT_OF(d)))
		return HF_OK;
	*orders = (uint8_t)collection->value.orders;
	if (args->orders == 0 || args->orders == collection->value.orders)
		return HF_OK;
	hf__depends(d, &collection->head.object);
	return hf__refuse_named(&d->why, HF_ECONFLICT, args->key.collection,
	                        "the collection holds documents and keeps orders %u, not %u",
	                        collection->value.orders, args->orders);
}

static int64_t expiry_of(const struct hf_document_put_args *args, int64_t now)
{
	if (args->ttl_us > 0)
		return hf__time_after(now, args->ttl_us);
	return hf__given(&args->write, args->expires_at);
}

/* The document as it is to be; `old` is NULL for a new one. */
static struct hf__document_image image_of(const struct hf__decision *d,
                                          const struct hf_document_put_args *args,
                                          const struct hf__document *old, uint8_t orders)
{
	struct hf__document_image image = {
	    .cause = old ? HF__DOCUMENT_REPLACE : HF__DOCUMENT_CREATE,
	    .collection = args->key.collection,
	    .id = args->key.id,
	    .orders = orders,
	    .group = args->group,
	    .updated_at = hf__given_or(&args->write, args->now, d->stamp),
	    .expires_at = expiry_of(args, d->now),
	    .computed = args->ttl_us > 0 || args->expires_computed,
	    .payload = args->payload,
	};
	image.created_at = hf__given_or(&args->write, args->created_at,
	                                old ? old->value.created_at : image.updated_at);
	return image;
}

/* What kind of end it has counts: one that the store computed moves with its clock. */
static bool same(const struct hf__document *old, const struct hf__document_image *image,
                 int64_t setback)
{
	const struct hf__document_value *value = &old->value;
	return value->created_at == image->created_at && value->updated_at == image->updated_at &&
	       hf__document_expires_at(old, setback) == image->expires_at &&
	       value->computed == image->computed &&
	       hf__bytes_equal(hf__blob_bytes(value->group), image->group) &&
	       hf__payload_equal(&hf__document_collection(old)->state->env, &value->payload,
	                         image->payload);
}

/* All that a collection still has may have expired. If it is to keep other orders from now on,
 * that is logged first: in one entry, since it may be much. */
static int make_way(struct hf__decision *d, const struct hf__collection *collection,
                    const struct hf__document_image *image)
{
	if (!collection || hf__collection_size(collection) == 0 ||
	    collection->value.orders == image->orders)
		return HF_OK;
	const struct hf__document_image expired = {.cause = HF__DOCUMENT_EXPIRE,
	                                           .collection = image->collection};
	hf__document_encode(hf__entry_body(d), HF__DOCUMENT_CLEARED, &expired, false);
	return hf__emit(d, HF__DOCUMENT_CLEARED);
}

static int put_decide(void *state, struct hf__decision *d, const void *raw,
                      struct hf_result *result)
{
	const struct hf_document_put_args *args = raw;
	const struct hf__collection *collection = hf__container_find(state, args->key.collection);
	struct hf__document *old;
	uint8_t orders = 0;
	int rc = hf__document_look(state, d, &args->write, &args->key, &old);
	if (rc == HF_OK)
		rc = choose_orders(d, collection, args, &orders);
	if (rc != HF_OK)
		return rc;
	const struct hf__document_image image = image_of(d, args, old, orders);
	const bool over = image.expires_at != HF_UNSET && image.expires_at <= d->now;
	result->version = old ? old->object.changed : 0;
	if (old ? same(old, &image, d->setback) : over)
		return HF_OK;
	rc = make_way(d, collection, &image);
	if (rc != HF_OK)
		return rc;
	hf__changed(result, over ? 0 : hf__next_lsn(d));
	hf__document_encode(hf__entry_body(d), HF__DOCUMENT_WHOLE, &image, false);
	return hf__emit(d, HF__DOCUMENT_WHOLE);
}

HF__MUTATION(hf_document_put, document_put_args, hf__run, "document put", HF__DOMAIN_DOCUMENT,
             .check = put_check, .decide = put_decide, .copy = put_copy,
             .giving = &hf__document_put_giving);
