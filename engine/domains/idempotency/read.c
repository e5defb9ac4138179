/* Reads of the idempotency domain but lists: one entry, whether there is one, counts, which
 * scopes there are. All show views: what has ended is not there, logged or not. */
#include "domains/common/read.h"
#include "domains/common/objects.h"
#include "domains/idempotency/over.h"
#include "domains/idempotency/read.h"

int hf__idem_answer(struct hf__query *q, const struct hf__idem_entry *entry, bool without_response,
                    struct hf_idempotency_entry *out)
{
	const struct hf__idem_value *value = &entry->value;
	const struct hf__idem_claim claim = hf__idem_claim_of(value);
	*out = (struct hf_idempotency_entry){
	    .done = value->done,
	    .status = value->status,
	    .created_at = value->created_at,
	    .expires_at = hf__idem_expires_at(entry, q->setback),
	    .expires_computed = value->computed,
	    .token = claim.token,
	    .lease_until = hf__to_shown(claim.lease_until, q->setback),
	    .version = entry->object.changed,
	};
	int rc =
	    hf__answer_bytes(q->answer, hf__container_name(hf__idem_scope_of(entry)), &out->key.scope);
	if (rc == HF_OK)
		rc = hf__answer_bytes(q->answer, hf__idem_key(entry), &out->key.key);
	if (rc == HF_OK)
		rc = hf__answer_bytes(q->answer, hf__idem_fingerprint(value), &out->fingerprint);
	if (rc == HF_OK && !without_response)
		rc = hf__answer_payload(q->answer, &value->response, &out->response);
	return rc;
}

/* --- One entry -------------------------------------------------------------------------------- */

/* Finds the entry (*out NULL: none, or it has ended) and notes what the answer depends on. */
static int look(struct hf__query *q, const struct hf_idempotency_key *key,
                const struct hf__idem_entry **out)
{
	const struct hf__idem_state *state = q->state;
	const int rc = hf__idem_check_key(key, &q->why);
	if (rc != HF_OK)
		return rc;
	const struct hf__idem_entry *entry = hf__idem_find(state, key->scope, key->key);
	const struct hf__idem_scope *scope = entry ? NULL : hf__container_find(state, key->scope);
	*out = entry && hf__idem_alive(entry, HF__INSTANT_OF(q)) ? entry : NULL;
	if (*out)
		hf__query_depends(q, &entry->object);
	else
		hf__query_absent(q,
		                 entry ? &entry->object : hf__container_depends(state, scope, key->scope));
	return HF_OK;
}

static int read_entry(struct hf__query *q, const void *raw, void *out)
{
	const struct hf_idempotency_key *key = raw;
	struct hf_idempotency_got *got = out;
	const struct hf__idem_entry *entry;
	const int rc = look(q, key, &entry);
	if (rc != HF_OK)
		return rc;
	if (entry)
		return hf__idem_answer(q, entry, false, &got->entry);
	hf__text_add(&q->why, "no such key: ");
	hf__idem_add_name(&q->why, key->scope, key->key);
	return HF_ENOTFOUND;
}

static const void *complete_key(const void *raw, struct hf_bytes room[3], struct hf_bytes *sent)
{
	const struct hf_idempotency_complete_args *args = raw;
	(void)room;
	*sent = args->response;
	return &args->key;
}

static const void *put_key(const void *raw, struct hf_bytes room[3], struct hf_bytes *sent)
{
	const struct hf_idempotency_put_args *args = raw;
	(void)room;
	*sent = args->response;
	return &args->key;
}

const struct hf__giving hf__idem_giving = HF__GIVING(idempotency_got, read_entry, NULL);
const struct hf__giving hf__idem_complete_giving =
    HF__GIVING(idempotency_got, read_entry, complete_key);
const struct hf__giving hf__idem_put_giving = HF__GIVING(idempotency_got, read_entry, put_key);

HF__GET(hf_idempotency_get, const struct hf_idempotency_key *key, key, idempotency_got,
        HF__DOMAIN_IDEMPOTENCY, read_entry);

static int read_has(struct hf__query *q, const void *key, void *out)
{
	bool *found = out;
	const struct hf__idem_entry *entry;
	const int rc = look(q, key, &entry);
	*found = rc == HF_OK && entry;
	return rc;
}

HF__HAS(hf_idempotency_has, const struct hf_idempotency_key *key, key, HF__DOMAIN_IDEMPOTENCY,
        read_has);

/* --- Counts ----------------------------------------------------------------------------------- */

static int read_count(struct hf__query *q, const void *raw, void *out)
{
	const struct hf_bytes *name = raw;
	struct hf_idempotency_counts *counts = out;
	const int rc = hf__idem_check_scope(*name, &q->why);
	if (rc != HF_OK)
		return rc;
	const struct hf__idem_scope *scope = hf__query_in(q, *name);
	counts->as_of = q->now;
	if (!scope)
		return HF_OK;
	counts->in_progress = hf__idem_count(scope, false, HF__INSTANT_OF(q));
	counts->done = hf__idem_count(scope, true, HF__INSTANT_OF(q));
	hf__query_sees(q, counts->in_progress);
	hf__query_sees(q, counts->done);
	return HF_OK;
}

HF__FIGURES(hf_idempotency_count, struct hf_bytes scope, &scope, idempotency_counts,
            HF__DOMAIN_IDEMPOTENCY, read_count);

static int read_count_over(struct hf__query *q, const void *raw, void *out)
{
	const struct hf_idempotency_count_args *args = raw;
	struct hf_idempotency_counts *counts = out;
	const struct hf__idem_state *state = q->state;
	struct hf__idem_over over;
	if (args->over == HF_IDEMPOTENCY_OVER_SCOPE)
		return read_count(q, &args->scope, out);
	const int rc = hf__idem_check_over(args->over, args->scope, &q->why);
	if (rc != HF_OK)
		return rc;
	hf__query_depends(q, &state->scopes.root);
	hf__idem_over(state, args->scope, q->now, &over);
	counts->as_of = q->now;
	counts->in_progress = hf__idem_count_over(&over, false, HF__INSTANT_OF(q));
	counts->done = hf__idem_count_over(&over, true, HF__INSTANT_OF(q));
	hf__query_sees(q, counts->in_progress);
	hf__query_sees(q, counts->done);
	return HF_OK;
}

HF__COUNT(hf_idempotency_count_over, idempotency_count_args, idempotency_counts,
          HF__DOMAIN_IDEMPOTENCY, read_count_over);

/* --- Scopes ----------------------------------------------------------------------------------- */

static bool scope_listed(const void *scope, struct hf__instant at)
{
	const struct hf__index_filter alive = hf__lasting(at);
	return hf__index_first_pass(&((const struct hf__idem_scope *)scope)->by_key, &alive).leaf !=
	       NULL;
}

HF__NAMES(hf_idempotency_names, HF__DOMAIN_IDEMPOTENCY, .operation = "idempotency scopes",
          .listed = scope_listed);
