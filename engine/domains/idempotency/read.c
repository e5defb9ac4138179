/* Reads of the idempotency domain but lists: one entry, whether there is one, counts, which
 * scopes there are. All show views: what has ended is not there, logged or not. */
#include "domains/idempotency/read.h"
#include "store/call/error.h"

int hf__idem_answer(struct hf__query *q, const struct hf__idem_entry *entry, bool without_response,
                    struct hf_idempotency_entry *out)
{
	const struct hf__idem_value *value = &entry->value;
	*out = (struct hf_idempotency_entry){
	    .done = value->done,
	    .status = value->status,
	    .created_at = value->created_at,
	    .expires_at = hf__idem_expires_at(entry, q->setback),
	    .expires_computed = value->computed,
	    .token = value->token,
	    .lease_until = hf__to_shown(value->lease_until, q->setback),
	    .version = value->version,
	};
	int rc =
	    hf__answer_bytes(q->answer, hf__idem_scope_name(hf__idem_scope_of(entry)), &out->key.scope);
	if (rc == HF_OK)
		rc = hf__answer_bytes(q->answer, hf__idem_key(entry), &out->key.key);
	if (rc == HF_OK)
		rc = hf__answer_bytes(q->answer, hf__blob_bytes(value->fingerprint), &out->fingerprint);
	if (rc == HF_OK && !without_response)
		rc = hf__answer_payload(q->answer, &value->response, &out->response);
	return rc;
}

int hf__idem_give(struct hf__answer *answer, struct hf_memory **memory, struct hf_error *error)
{
	*memory = hf__answer_give(answer);
	return *memory ? HF_OK : hf__fail(error, HF_ENOMEM, 0, "no memory for the answer");
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
	const struct hf__idem_scope *scope = entry ? NULL : hf__idem_scope_find(state, key->scope);
	hf__query_depends(q, entry ? &entry->object : hf__idem_scope_depends(state, scope, key->scope));
	*out = entry && hf__idem_alive(entry, HF__INSTANT_OF(q)) ? entry : NULL;
	return HF_OK;
}

struct get {
	const struct hf_idempotency_key *key;
	struct hf_idempotency_entry *out;
};

static int read_entry(struct hf__query *q, void *raw)
{
	const struct get *get = raw;
	const struct hf__idem_entry *entry;
	const int rc = look(q, get->key, &entry);
	if (rc != HF_OK)
		return rc;
	if (entry)
		return hf__idem_answer(q, entry, false, get->out);
	hf__text_add(&q->why, "no such key: ");
	hf__idem_add_name(&q->why, get->key->scope, get->key->key);
	return HF_ENOTFOUND;
}

int hf_idempotency_get(hf_store *store, const struct hf_idempotency_key *key, unsigned flags,
                       struct hf_idempotency_got *out, struct hf_error *error)
{
	HF__CALL;
	struct hf__answer answer;
	struct hf_idempotency_got got = {0};
	struct get get = {key, &got.entry};
	*out = got;
	int rc = hf__read(store, HF__DOMAIN_IDEMPOTENCY, read_entry, &get, flags, &answer, error);
	if (rc == HF_OK)
		rc = hf__idem_give(&answer, &got.memory, error);
	if (rc == HF_OK)
		*out = got;
	return rc;
}

struct has {
	const struct hf_idempotency_key *key;
	bool found;
};

static int read_has(struct hf__query *q, void *raw)
{
	struct has *has = raw;
	const struct hf__idem_entry *entry;
	const int rc = look(q, has->key, &entry);
	has->found = rc == HF_OK && entry;
	return rc;
}

int hf_idempotency_has(hf_store *store, const struct hf_idempotency_key *key, unsigned flags,
                       bool *out, struct hf_error *error)
{
	HF__CALL;
	struct hf__answer answer;
	struct has has = {key, false};
	*out = false;
	const int rc = hf__read(store, HF__DOMAIN_IDEMPOTENCY, read_has, &has, flags, &answer, error);
	if (rc == HF_OK) {
		hf__answer_reset(&answer);
		*out = has.found;
	}
	return rc;
}

/* --- Counts ----------------------------------------------------------------------------------- */

struct count {
	struct hf_bytes scope;
	struct hf_idempotency_counts *out;
};

static int read_count(struct hf__query *q, void *raw)
{
	const struct count *count = raw;
	const int rc = hf__idem_check_scope(count->scope, &q->why);
	if (rc != HF_OK)
		return rc;
	const struct hf__idem_scope *scope = hf__idem_scope_find(q->state, count->scope);
	count->out->as_of = q->now;
	hf__query_depends(q, hf__idem_scope_depends(q->state, scope, count->scope));
	if (!scope)
		return HF_OK;
	count->out->in_progress = hf__idem_count(scope, false, HF__INSTANT_OF(q));
	count->out->done = hf__idem_count(scope, true, HF__INSTANT_OF(q));
	return HF_OK;
}

int hf_idempotency_count(hf_store *store, struct hf_bytes scope, unsigned flags,
                         struct hf_idempotency_counts *out, struct hf_error *error)
{
	HF__CALL;
	struct hf__answer answer;
	struct hf_idempotency_counts counts = {0};
	struct count count = {scope, &counts};
	*out = counts;
	const int rc =
	    hf__read(store, HF__DOMAIN_IDEMPOTENCY, read_count, &count, flags, &answer, error);
	if (rc == HF_OK) {
		hf__answer_reset(&answer);
		*out = counts;
	}
	return rc;
}

/* --- Scopes ----------------------------------------------------------------------------------- */

static const struct hf__order *order_of(const void *state)
{
	return &((const struct hf__idem_state *)state)->by_name;
}

static struct hf_bytes name_of(const struct hf__order_node *node)
{
	return hf__idem_scope_name(hf__idem_scope_of_order(node));
}

static const struct hf__object *root_of(const void *state)
{
	return &((const struct hf__idem_state *)state)->root;
}

static bool scope_listed(const struct hf__order_node *node, struct hf__instant at)
{
	const struct hf__order_filter alive = hf__lasting(at);
	return hf__order_first_pass(&hf__idem_scope_of_order(node)->by_key, &alive) != NULL;
}

int hf_idempotency_names(hf_store *store, const struct hf_names_args *args, unsigned flags,
                         struct hf_name_page *out, struct hf_error *error)
{
	HF__CALL;
	static const struct hf__names scopes = {.domain = HF__DOMAIN_IDEMPOTENCY,
	                                        .operation = "idempotency scopes",
	                                        .order = order_of,
	                                        .name = name_of,
	                                        .root = root_of,
	                                        .listed = scope_listed};
	return hf__names_list(store, &scopes, args, flags, out, error);
}
