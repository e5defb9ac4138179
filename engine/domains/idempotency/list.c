/* Lists of a scope's entries, by key. What has ended is passed over by its weight, however much
 * of it lies between. A page token holds the key of the last entry given, so that the walk goes
 * on behind it even when it is gone by then. */
#include "domains/common/list.h"
#include "domains/common/objects.h"
#include "domains/common/read.h"
#include "domains/idempotency/read.h"

static int copy_item(struct hf__query *q, const void *entry, void *args, void *item)
{
	const bool without_response = ((const struct hf_idempotency_list_args *)args)->without_response;
	return hf__idem_answer(q, entry, without_response, item);
}

static const struct hf__list entry_list = {
    .item = sizeof(struct hf_idempotency_entry),
    .position = sizeof(struct hf_bytes),
    .token = {1, {{.kind = HF__FIELD_PART}}},
    .foreign = HF__FOREIGN_LIST,
    .copy = copy_item,
};

static int hash_query(struct hf_bytes scope, uint64_t *query)
{
	struct hf__writer w = {0};
	hf__put_u8(&w, HF__DOMAIN_IDEMPOTENCY);
	hf__put_short(&w, hf_str("list"));
	hf__put_bytes(&w, scope); /* the last of variable length */
	return hf__query_end(&w, query);
}

static int read_list(struct hf__query *q, const void *raw, void *to)
{
	struct hf_idempotency_list_args args = *(const struct hf_idempotency_list_args *)raw;
	struct hf_idempotency_page *out = to;
	const struct hf__index_filter alive = hf__lasting(HF__INSTANT_OF(q));
	struct hf__listing list = {
	    .list = &entry_list, .ctx = &args, .page = args.page, .limit = args.limit};
	int rc = hf__idem_check_scope(args.scope, &q->why);
	if (rc == HF_OK)
		rc = hash_query(args.scope, &list.query);
	if (rc != HF_OK)
		return rc;
	struct hf_idempotency_key after = {0};
	if (args.after) {
		after = *args.after;
		rc = hf__after_fixed(q, "scope", args.scope, &after.scope);
		list.after = &after.key;
	}
	if (rc != HF_OK)
		return rc;
	const struct hf__idem_scope *scope = hf__query_in(q, args.scope);
	list.range = (struct hf__range){.index = scope ? &scope->by_key : NULL, .filter = &alive};
	for (unsigned done = 0; done < 2 && scope && hf__query_seen(q); done++)
		hf__query_sees(q, hf__idem_count(scope, done, HF__INSTANT_OF(q)));
	return hf__list_into(q, &list, &out->items);
}

HF__LIST(hf_idempotency_list, idempotency_list_args, idempotency_page, HF__DOMAIN_IDEMPOTENCY,
         read_list);
