/* The raw store: put, remove, clear; and the guards, which only look. */
#include <stddef.h>

#include "domains/common/objects.h"
#include "domains/common/verb.h"
#include "domains/idempotency/over.h"
#include "domains/idempotency/verb.h"

/* --- Put -------------------------------------------------------------------------------------- */

static int put_check(const void *raw, struct hf__text *why)
{
	const struct hf_idempotency_put_args *args = raw;
	int rc = hf__idem_check_key(&args->key, why);
	if (rc == HF_OK)
		rc = hf__idem_check_fingerprint(args->fingerprint, why);
	if (rc == HF_OK)
		rc = hf__check_bytes("response", args->response, HF_PAYLOAD_MAX, why);
	if (rc == HF_OK)
		rc = hf__check_span("ttl_us", args->ttl_us, why);
	const bool named = hf__given(&args->write, args->expires_at) != HF_UNSET;
	if (rc != HF_OK)
		return rc;
	if (named && args->ttl_us > 0)
		hf__text_add(why, "expires_at and ttl_us say the same thing: give one");
	else if (!named && args->expires_computed)
		hf__text_add(why, "expires_computed goes with an expires_at");
	else
		return HF_OK;
	return HF_EINVAL;
}

static struct hf__idem_image image_of_put(const struct hf_idempotency_put_args *args,
                                          const struct hf__idem_entry *old,
                                          const struct hf__decision *d)
{
	struct hf__idem_image image = {
	    .cause = HF__IDEM_PUT,
	    .scope = args->key.scope,
	    .key = args->key.key,
	    .fingerprint = args->fingerprint,
	    .created_at =
	        hf__given_or(&args->write, args->created_at, old ? old->value.created_at : d->stamp),
	    .expires_at = args->expires_at,
	    .computed = args->expires_computed,
	    .lease_until = HF_UNSET,
	    .status = args->status,
	    .response = args->response,
	};
	if (args->ttl_us > 0 || (args->expires_at == 0 && !args->write.literal_times)) {
		image.expires_at = hf__idem_expiry(d->now, args->ttl_us);
		image.computed = true;
	}
	return image;
}

/* What kind of end it has counts: one that the store computed moves with its clock. */
static bool put_changes(const struct hf__idem_entry *old, const struct hf__idem_image *image,
                        int64_t setback)
{
	const struct hf__idem_value *value = &old->value;
	return !value->done || value->created_at != image->created_at ||
	       hf__idem_expires_at(old, setback) != image->expires_at ||
	       value->computed != image->computed || value->status != image->status ||
	       !hf__bytes_equal(hf__idem_fingerprint(value), image->fingerprint) ||
	       !hf__payload_equal(&hf__idem_scope_of(old)->state->env, &value->response,
	                          image->response);
}

static int put_decide(void *state, struct hf__decision *d, const void *raw,
                      struct hf_result *result)
{
	const struct hf_idempotency_put_args *args = raw;
	struct hf__idem_entry *entry;
	const int rc = hf__idem_look(state, d, &args->write, &args->key, &entry);
	if (rc != HF_OK)
		return rc;
	const struct hf__idem_image image = image_of_put(args, entry, d);
	const bool ended = image.expires_at != HF_UNSET && image.expires_at <= d->now;
	if (entry ? put_changes(entry, &image, d->setback) : !ended) {
		const int emitted = hf__idem_emit(d, HF__IDEM_DONE, &image, result);
		result->version = ended ? 0 : result->version;
		return emitted;
	}
	result->version = entry ? entry->object.changed : 0;
	return HF_OK;
}

HF__MUTATION(hf_idempotency_put, idempotency_put_args, hf__run, "idempotency put",
             HF__DOMAIN_IDEMPOTENCY, .check = put_check, .decide = put_decide,
             .giving = &hf__idem_put_giving);

/* --- Remove ----------------------------------------------------------------------------------- */

static int remove_decide(void *state, struct hf__decision *d, const void *raw,
                         struct hf_result *result)
{
	const struct hf_idempotency_remove_args *args = raw;
	const struct hf__idem_image image = {
	    .cause = HF__IDEM_REMOVE, .scope = args->key.scope, .key = args->key.key};
	struct hf__idem_entry *entry;
	const int rc = hf__idem_look(state, d, &args->write, &args->key, &entry);
	if (rc != HF_OK)
		return rc;
	return entry ? hf__idem_emit(d, HF__IDEM_GONE, &image, result)
	             : hf__idem_refuse(d, HF_ENOTFOUND, "no such key", &args->key);
}

HF__MUTATION(hf_idempotency_remove, idempotency_remove_args, hf__run, "idempotency remove",
             HF__DOMAIN_IDEMPOTENCY, .check = hf__idem_check_lone_key, .decide = remove_decide,
             .giving = &hf__idem_giving);

/* --- Clear ------------------------------------------------------------------------------------ */

static int clear_check(const void *raw, struct hf__text *why)
{
	const struct hf_idempotency_clear_args *args = raw;
	return hf__idem_check_over(args->over, args->scope, why);
}

/* What had ended goes along, uncounted; alone it is left to upkeep. */
static int clear_one(struct hf__decision *d, const struct hf__idem_scope *scope,
                     struct hf_result *result)
{
	const struct hf__idem_image image = {.scope = hf__container_name(scope)};
	const size_t count = hf__idem_count(scope, false, HF__INSTANT_OF(d)) +
	                     hf__idem_count(scope, true, HF__INSTANT_OF(d));
	if (count == 0)
		return HF_OK;
	result->changed = true;
	result->count += count;
	hf__idem_encode(hf__entry_body(d), HF__IDEM_CLEARED, &image, false);
	return hf__emit(d, HF__IDEM_CLEARED);
}

/* One after the other, each found behind the name of the one before: a place is good until
 * something changes. */
static int clear_several(const struct hf__idem_state *state, struct hf__decision *d,
                         struct hf_bytes prefix, struct hf_result *result)
{
	struct hf__idem_over over;
	uint8_t text[HF_KEY_MAX];
	struct hf_bytes name = {0};
	int rc = HF_OK;
	hf__depends(d, &state->scopes.root);
	hf__idem_over(state, prefix, d->now, &over);
	while (rc == HF_OK) {
		const struct hf__idem_scope *scope =
		    hf__index_object(hf__range_first(&over.scopes, name.len > 0 ? &name : NULL));
		if (!scope)
			break;
		name = hf__container_name(scope);
		memcpy(text, name.data, name.len);
		name.data = text;
		rc = clear_one(d, scope, result);
	}
	return rc;
}

static int clear_decide(void *state, struct hf__decision *d, const void *raw,
                        struct hf_result *result)
{
	const struct hf_idempotency_clear_args *args = raw;
	if (args->over != HF_IDEMPOTENCY_OVER_SCOPE)
		return clear_several(state, d, args->scope, result);
	const struct hf__idem_scope *scope = hf__look_in(state, d, args->scope);
	return scope ? clear_one(d, scope, result) : HF_OK;
}

HF__MUTATION(hf_idempotency_clear, idempotency_clear_args, hf__run_unversioned, "idempotency clear",
             HF__DOMAIN_IDEMPOTENCY, .check = clear_check, .decide = clear_decide);

/* --- Guards ----------------------------------------------------------------------------------- */

static int guard_decide(void *state, struct hf__decision *d, const void *raw,
                        struct hf_result *result)
{
	const struct hf_idempotency_guard_args *args = raw;
	struct hf__idem_entry *entry;
	const int rc = hf__idem_look(state, d, &args->write, &args->key, &entry);
	result->version = entry ? entry->object.changed : 0;
	return rc;
}

HF__MUTATION(hf_idempotency_guard, idempotency_guard_args, hf__guard_version, "idempotency guard",
             HF__DOMAIN_IDEMPOTENCY, .check = hf__idem_check_lone_key, .decide = guard_decide,
             .giving = &hf__idem_giving);

static int guard_owner_decide(void *state, struct hf__decision *d, const void *raw,
                              struct hf_result *result)
{
	const struct hf_idempotency_guard_owner_args *args = raw;
	struct hf__idem_entry *entry;
	const int rc = hf__idem_require_owner(state, d, &args->write, &args->key, args->token, &entry);
	if (rc != HF_OK)
		return rc;
	result->version = entry->object.changed;
	result->token = args->token;
	return HF_OK;
}

HF__MUTATION(hf_idempotency_guard_owner, idempotency_guard_owner_args, hf__guard_token,
             "idempotency guard owner", HF__DOMAIN_IDEMPOTENCY, .check = hf__idem_check_lone_key,
             .decide = guard_owner_decide,
             .token_at = offsetof(struct hf_idempotency_guard_owner_args, token),
             .giving = &hf__idem_giving);
