/* Doing work once: begin, complete, abandon.
 *
 * What begin found goes into the caller's struct in the moment of the decision; a response that
 * lies on disk is loaded into the given memory after the commit. A decision may be run again,
 * and a decided begin may still fail to be written: what was handed out before is then taken
 * back first. */
#include <stddef.h>

#include "domains/common/verb.h"
#include "domains/idempotency/verb.h"

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))

const char *hf_idempotency_outcome_name(enum hf_idempotency_outcome outcome)
{
	HF__CALL;
	static const char *const names[] = {"UNDECIDED", "NEW", "MISMATCH", "IN_PROGRESS", "REPLAY"};
	return (size_t)outcome < COUNT_OF(names) ? names[outcome] : "UNKNOWN";
}

/* --- Begin ------------------------------------------------------------------------------------ */

/* Arguments as they go through the store: where to hand things out comes along. */
struct begin {
	struct hf_idempotency_begin_args args;
	struct hf_idempotency_begun *out;
};

static void take_back(struct hf_idempotency_begun *out)
{
	if (!hf__may_give(&hf__api_idempotency_begun, out))
		return;
	hf_release(out->memory);
	hf__clear(&hf__api_idempotency_begun, out);
}

static int begin_check(const void *raw, struct hf__text *why)
{
	const struct begin *call = raw;
	int rc = hf__idem_check_key(&call->args.key, why);
	if (rc == HF_OK)
		rc = hf__idem_check_fingerprint(call->args.fingerprint, why);
	if (rc == HF_OK)
		rc = hf__check_span("the lease", call->args.lease_us, why);
	if (rc == HF_OK)
		rc = hf__check_span("the ttl", call->args.ttl_us, why);
	if (rc == HF_OK && !call->out)
		rc = hf__refuse(why, HF_EINVAL, "it needs somewhere to put what it found");
	return rc == HF_OK ? hf__check_given(&hf__api_idempotency_begun, call->out, why) : rc;
}

/* The work is the caller's. It never expires before the lease is over. */
static int begin_new(struct hf__decision *d, const struct hf_idempotency_begin_args *args,
                     struct hf_idempotency_begun *out, struct hf_result *result)
{
	struct hf__idem_image image = {
	    .cause = HF__IDEM_BEGIN,
	    .scope = args->key.scope,
	    .key = args->key.key,
	    .fingerprint = args->fingerprint,
	    .created_at = d->stamp,
	    .expires_at = hf__idem_expiry(d->now, args->ttl_us),
	    .computed = true,
	    .token = hf__token(d->epoch, hf__next_lsn(d)),
	    .lease_until = args->lease_us ? hf__time_after(d->now, args->lease_us) : HF_UNSET,
	};
	if (image.expires_at < image.lease_until)
		image.expires_at = image.lease_until;
	const struct hf_idempotency_begun found = {
	    .outcome = HF_IDEMPOTENCY_NEW,
	    .token = image.token,
	    .lease_until = image.lease_until,
	    .created_at = image.created_at,
	    .expires_at = image.expires_at,
	    .expires_computed = image.computed,
	    .version = hf__next_lsn(d),
	};
	hf__give(&hf__api_idempotency_begun, out, &found);
	result->token = image.token;
	return hf__idem_emit(d, HF__IDEM_OWNED, &image, result);
}

/* There is an entry: says what it is. */
static int begin_again(struct hf__decision *d, const struct hf__idem_entry *entry,
                       struct hf_bytes fingerprint, struct hf_idempotency_begun *out)
{
	const struct hf__idem_value *value = &entry->value;
	struct hf_idempotency_begun found = {
	    .outcome = HF_IDEMPOTENCY_MISMATCH,
	    .lease_until = HF_UNSET,
	    .created_at = value->created_at,
	    .expires_at = hf__idem_expires_at(entry, d->setback),
	    .expires_computed = value->computed,
	    .version = entry->object.changed,
	};
	if (hf__bytes_equal(hf__idem_fingerprint(value), fingerprint)) {
		found.outcome = value->done ? HF_IDEMPOTENCY_REPLAY : HF_IDEMPOTENCY_IN_PROGRESS;
		found.lease_until = hf__to_shown(hf__idem_claim_of(value).lease_until, d->setback);
		found.status = value->status;
	}
	hf__give(&hf__api_idempotency_begun, out, &found);
	if (found.outcome != HF_IDEMPOTENCY_REPLAY)
		return HF_OK;
	/* Into the caller's own: it is loaded behind the commit. */
	const int rc = hf__answer_payload(d->answer, &value->response, &out->response);
	if (rc != HF_OK)
		return rc;
	out->memory = hf__answer_give(d->answer);
	return out->memory ? HF_OK : HF_ENOMEM;
}

static int begin_decide(void *state, struct hf__decision *d, const void *raw,
                        struct hf_result *result)
{
	const struct begin *call = raw;
	struct hf__idem_entry *entry;
	hf__answer_reset(d->answer);
	take_back(call->out);
	const int rc = hf__idem_look(state, d, &call->args.write, &call->args.key, &entry);
	if (rc != HF_OK)
		return rc;
	if (!entry)
		return begin_new(d, &call->args, call->out, result);
	result->version = entry->object.changed;
	return begin_again(d, entry, call->args.fingerprint, call->out);
}

static void *begin_copy(struct hf__arena *arena, const void *call)
{
	return hf__copy_args(arena, call, sizeof(struct begin), &hf__api_idempotency_begin_args);
}

int hf_idempotency_begin(hf_store *store, hf_txn *txn, const struct hf_idempotency_begin_args *args,
                         struct hf_idempotency_begun *out, struct hf_result *result,
                         struct hf_error *error)
{
	HF__CALL;
	static const struct hf__verb verb = {.name = "idempotency begin",
	                                     .domain = HF__DOMAIN_IDEMPOTENCY,
	                                     .check = begin_check,
	                                     .decide = begin_decide,
	                                     .copy = begin_copy,
	                                     .takes = &hf__api_idempotency_begin_args,
	                                     .grants = true};
	HF__TAKE(idempotency_begin_args, args);
	const struct begin call = {*args, out};
	struct hf__answer answer = {0};
	hf__clear(&hf__api_idempotency_begun, out);
	const int rc = hf__mutate(store, txn, &verb, &call, result, &answer, error);
	if (rc != HF_OK)
		take_back(out);
	return rc;
}

/* --- Complete --------------------------------------------------------------------------------- */

static int complete_check(const void *raw, struct hf__text *why)
{
	const struct hf_idempotency_complete_args *args = raw;
	int rc = hf__idem_check_key(&args->key, why);
	if (rc == HF_OK)
		rc = hf__check_span("the ttl", args->ttl_us, why);
	return rc == HF_OK ? hf__check_bytes("response", args->response, HF_PAYLOAD_MAX, why) : rc;
}

static int complete_decide(void *state, struct hf__decision *d, const void *raw,
                           struct hf_result *result)
{
	const struct hf_idempotency_complete_args *args = raw;
	struct hf__idem_entry *entry;
	const int rc = hf__idem_require_owner(state, d, &args->write, &args->key, args->token, &entry);
	if (rc != HF_OK)
		return rc;
	struct hf__idem_image image = hf__idem_image_of(entry, HF__IDEM_COMPLETE, d->setback);
	image.expires_at = hf__idem_expiry(d->now, args->ttl_us);
	image.token = 0;
	image.lease_until = HF_UNSET;
	image.status = args->status;
	image.response = args->response;
	return hf__idem_emit(d, HF__IDEM_DONE, &image, result);
}

HF__MUTATION(hf_idempotency_complete, idempotency_complete_args, hf__run, "idempotency complete",
             HF__DOMAIN_IDEMPOTENCY, .check = complete_check, .decide = complete_decide,
             .token_at = offsetof(struct hf_idempotency_complete_args, token),
             .giving = &hf__idem_complete_giving);

/* --- Abandon ---------------------------------------------------------------------------------- */

static int abandon_decide(void *state, struct hf__decision *d, const void *raw,
                          struct hf_result *result)
{
	const struct hf_idempotency_abandon_args *args = raw;
	const struct hf__idem_image image = {
	    .cause = HF__IDEM_ABANDON, .scope = args->key.scope, .key = args->key.key};
	struct hf__idem_entry *entry;
	const int rc = hf__idem_require_owner(state, d, &args->write, &args->key, args->token, &entry);
	return rc == HF_OK ? hf__idem_emit(d, HF__IDEM_GONE, &image, result) : rc;
}

HF__MUTATION(hf_idempotency_abandon, idempotency_abandon_args, hf__run, "idempotency abandon",
             HF__DOMAIN_IDEMPOTENCY, .check = hf__idem_check_lone_key, .decide = abandon_decide,
             .token_at = offsetof(struct hf_idempotency_abandon_args, token),
             .giving = &hf__idem_giving);
