/* Entries -> state: the only writer of the idempotency domain's state, live, in replay and from
 * a snapshot.
 *
 * Happy path: decode, find scope and entry, compare with what this must follow, make the new
 * value beside the old one, put it in place between the two halves of the hook. Failure modes: a
 * body, or a body at this state, that no decide wrote is HF_ECORRUPT before anything was
 * touched; no memory leaves what this change did so far to its owner, which undoes it.
 *
 * Whether the old entry had ended is judged at the log entry's own time. In replay everything
 * that is owned without a lease counts as ended, since its incarnation is not known
 * yet: that only accepts more. */
#include "domains/idempotency/apply.h"
#include "domains/common/objects.h"

struct hf__idem_image hf__idem_image_of(const struct hf__idem_entry *entry,
                                        enum hf__idem_cause cause, int64_t setback)
{
	const struct hf__idem_value *value = &entry->value;
	const struct hf__idem_claim claim = hf__idem_claim_of(value);
	return (struct hf__idem_image){
	    .cause = cause,
	    .scope = hf__container_name(hf__idem_scope_of(entry)),
	    .key = hf__idem_key(entry),
	    .fingerprint = hf__idem_fingerprint(value),
	    .created_at = value->created_at,
	    .expires_at = hf__idem_expires_at(entry, setback),
	    .computed = value->computed,
	    .token = claim.token,
	    .lease_until = hf__to_shown(claim.lease_until, setback),
	    .status = value->status,
	    .version = entry->object.changed,
	};
}

/* --- Values ----------------------------------------------------------------------------------- */

/* The fingerprint, and before it who owns the key until it is done. false: out of memory. */
static bool keep_given(const struct hf__idem_value *old, const struct hf__entry *entry,
                       const struct hf__idem_image *image, struct hf__blob **out)
{
	if (entry->kind == HF__IDEM_DONE)
		return hf__blob_keep(old->given, image->fingerprint, out);
	const struct hf__idem_claim claim = {
	    .token = image->token,
	    .lease_until = hf__to_mono(image->lease_until, entry->setback),
	    .expires_at = hf__to_mono(image->expires_at, entry->setback),
	    .version = entry->lsn,
	};
	uint8_t bytes[sizeof claim + HF_IDEMPOTENCY_FINGERPRINT_MAX];
	memcpy(bytes, &claim, sizeof claim);
	if (image->fingerprint.len > 0)
		memcpy(bytes + sizeof claim, image->fingerprint.data, image->fingerprint.len);
	return hf__blob_new(hf_bytes_of(bytes, sizeof claim + image->fingerprint.len), out);
}

/* The value after the log entry; `out` holds nothing new on failure. */
static int make_value(const struct hf__idem_state *state, const struct hf__entry *entry,
                      const struct hf__idem_entry *of, const struct hf__idem_image *image,
                      struct hf__idem_value *out)
{
	const struct hf__idem_value *old = &of->value;
	const bool never = image->expires_at == HF_UNSET;
	const int64_t end = never ? INT64_MAX : image->expires_at;
	*out = (struct hf__idem_value){
	    .created_at = image->created_at,
	    .end = image->computed ? hf__to_mono(end, entry->setback) : end,
	    .computed = image->computed,
	    .never = never,
	    .status = image->status,
	    .done = entry->kind == HF__IDEM_DONE,
	    .len = old->len,
	};
	if (!keep_given(old, entry, image, &out->given))
		return HF_ENOMEM;
	const int rc =
	    out->done ? hf__payload_keep(&state->env, entry, image->response, &out->response) : HF_OK;
	if (rc == HF_OK)
		return HF_OK;
	out->response = (struct hf__kept){NULL};
	hf__value_drop(hf__type(&of->object), old, out);
	return rc;
}

/* --- What an entry must follow ---------------------------------------------------------------- */

static bool follows(const struct hf__idem_entry *old, const struct hf__entry *entry,
                    const struct hf__idem_image *image)
{
	switch (image->cause) {
	case HF__IDEM_STATE:
		return !old;
	case HF__IDEM_BEGIN:
		return !old || !hf__idem_alive(old, HF__INSTANT_AT(entry));
	case HF__IDEM_COMPLETE:
		return old && !old->value.done && old->value.created_at == image->created_at &&
		       hf__bytes_equal(hf__idem_fingerprint(&old->value), image->fingerprint);
	case HF__IDEM_ABANDON:
		return old && !old->value.done;
	case HF__IDEM_REMOVE:
		return old;
	default:
		return true;
	}
}

/* --- Kinds of entries ------------------------------------------------------------------------- */

static int add_entry(struct hf__idem_state *state, struct hf__change *change,
                     const struct hf__entry *entry, const struct hf__idem_image *image)
{
	int rc;
	struct hf__idem_scope *scope = hf__container_get(state, change, image->scope, &rc);
	if (!scope)
		return rc;
	struct hf__idem_entry *new = hf__idem_entry_new(scope, image->key);
	if (!new)
		return HF_ENOMEM;
	struct hf__idem_value value;
	rc = make_value(state, entry, new, image, &value);
	if (rc != HF_OK) {
		hf__small_free(new);
		return rc;
	}
	new->value = value;
	return hf__change_add(change, &new->object);
}

static int change_entry(const struct hf__idem_state *state, struct hf__change *change,
                        const struct hf__entry *entry, struct hf__idem_entry *old,
                        const struct hf__idem_image *image)
{
	struct hf__idem_value value;
	const int rc = make_value(state, entry, old, image, &value);
	return rc == HF_OK ? hf__change_set(change, &old->object, &value) : rc;
}

static int apply_whole(struct hf__idem_state *state, struct hf__change *change,
                       const struct hf__entry *entry, const struct hf__idem_image *image)
{
	struct hf__idem_entry *old = hf__idem_find(state, image->scope, image->key);
	if (entry->lsn == 0 || !follows(old, entry, image))
		return HF_ECORRUPT;
	return old ? change_entry(state, change, entry, old, image)
	           : add_entry(state, change, entry, image);
}

static int apply_gone(struct hf__idem_state *state, struct hf__change *change,
                      const struct hf__entry *entry, const struct hf__idem_image *image)
{
	struct hf__idem_entry *old = hf__idem_find(state, image->scope, image->key);
	return follows(old, entry, image) ? hf__change_remove(change, &old->object) : HF_ECORRUPT;
}

static int apply_ended(struct hf__idem_state *state, struct hf__change *change,
                       const struct hf__entry *entry, const struct hf__idem_image *image)
{
	struct hf__idem_entry *old = hf__idem_find(state, image->scope, image->key);
	if (!old || old->object.changed != image->version || hf__idem_alive(old, HF__INSTANT_AT(entry)))
		return HF_ECORRUPT;
	return hf__change_remove(change, &old->object);
}

static int apply_cleared(struct hf__idem_state *state, struct hf__change *change,
                         const struct hf__idem_image *image)
{
	struct hf__idem_scope *scope = hf__container_find(state, image->scope);
	if (!scope || hf__index_count(&scope->by_key) == 0)
		return HF_ECORRUPT;
	struct hf__object *entry;
	while ((entry = hf__index_first_object(&scope->by_key))) {
		const int rc = hf__change_remove(change, entry);
		if (rc != HF_OK)
			return rc;
	}
	return HF_OK;
}

int hf__idem_apply(void *raw, struct hf__change *change, const struct hf__entry *entry)
{
	struct hf__idem_state *state = raw;
	struct hf__idem_image image;
	if (!hf__idem_decode(entry->kind, entry->lsn, entry->body, &image))
		return HF_ECORRUPT;
	if (image.session != 0) /* this version writes none */
		return HF_EVERSION;
	switch (entry->kind) {
	case HF__IDEM_OWNED:
	case HF__IDEM_DONE:
		return apply_whole(state, change, entry, &image);
	case HF__IDEM_GONE:
		return apply_gone(state, change, entry, &image);
	case HF__IDEM_ENDED:
		return apply_ended(state, change, entry, &image);
	default:
		return apply_cleared(state, change, &image);
	}
}
