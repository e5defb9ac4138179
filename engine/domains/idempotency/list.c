/* Lists of a scope's entries, by key, and of several scopes', by scope and key. What has ended is
 * passed over by its weight, however much of it lies between. A page token holds the key of the
 * last entry given, or both, so that the walk goes on behind it even when it is gone by then. */
#include "domains/common/list.h"
#include "domains/common/objects.h"
#include "domains/common/read.h"
#include "domains/idempotency/over.h"
#include "domains/idempotency/read.h"

/* `ctx` points to a pointer to the arguments. */
static int copy_item(struct hf__query *q, const void *entry, void *ctx, void *item)
{
	const struct hf_idempotency_list_args *const *args = ctx;
	return hf__idem_answer(q, entry, (*args)->without_response, item);
}

static const struct hf__list entry_list = {
    .item = sizeof(struct hf_idempotency_entry),
    .position = sizeof(struct hf_bytes),
    .token = {1, {{.kind = HF__FIELD_PART}}},
    .foreign = HF__FOREIGN_LIST,
    .copy = copy_item,
};

/* --- Several scopes --------------------------------------------------------------------------- */

#define PLACE(name) .at = offsetof(struct hf_idempotency_key, name)

static const struct hf__fields scope_and_key = {
    2,
    {{.kind = HF__FIELD_OWNER,
      .offset = offsetof(struct hf__idem_scope, name),
      .lens = offsetof(struct hf__container, len),
      PLACE(scope)},
     {.kind = HF__FIELD_PART,
      .offset = offsetof(struct hf__idem_entry, key),
      .lens = offsetof(struct hf__idem_entry, value.len),
      PLACE(key)}}};

/* What a walk over several scopes is asked for, and where it stands. */
struct walk {
	const struct hf_idempotency_list_args *args; /* first: what copy_item() is given */
	const struct hf__idem_state *state;
	struct hf__idem_over over;
	struct hf__index_filter alive;
	struct hf__index_at scope, entry;
};

static struct hf__range entries_of(const struct walk *walk, const struct hf__idem_scope *scope)
{
	return (struct hf__range){.index = &scope->by_key, .filter = &walk->alive};
}

/* From its scope on: the first entry that is there. */
static const void *settle(struct walk *walk)
{
	walk->entry = (struct hf__index_at){0};
	while (walk->scope.leaf && !walk->entry.leaf) {
		const struct hf__range entries = entries_of(walk, hf__index_object(walk->scope));
		walk->entry = hf__range_first(&entries, NULL);
		if (!walk->entry.leaf)
			walk->scope = hf__range_next(&walk->over.scopes, walk->scope);
	}
	return hf__index_object(walk->entry);
}

/* Behind a position: in its own scope, else from the next one on. */
static const void *first(void *ctx, const void *after)
{
	struct walk *walk = ctx;
	const struct hf_idempotency_key *at = after;
	const struct hf__idem_scope *own = at && hf__begins_with(at->scope, walk->over.low)
	                                       ? hf__container_find(walk->state, at->scope)
	                                       : NULL;
	if (own) {
		const struct hf__range entries = entries_of(walk, own);
		walk->scope = hf__index_find(walk->over.scopes.index, own);
		walk->entry = hf__range_first(&entries, &at->key);
		if (walk->entry.leaf)
			return hf__index_object(walk->entry);
	}
	walk->scope = hf__range_first(&walk->over.scopes, at ? &at->scope : NULL);
	return settle(walk);
}

static const void *next(void *ctx, const void *entry)
{
	struct walk *walk = ctx;
	const struct hf__range entries = entries_of(walk, hf__index_object(walk->scope));
	(void)entry; /* the newest one */
	walk->entry = hf__range_next(&entries, walk->entry);
	if (walk->entry.leaf)
		return hf__index_object(walk->entry);
	walk->scope = hf__range_next(&walk->over.scopes, walk->scope);
	return settle(walk);
}

static const struct hf__list entry_list_over = {
    .item = sizeof(struct hf_idempotency_entry),
    .position = sizeof(struct hf_idempotency_key),
    .token = {2, {{.kind = HF__FIELD_PART, PLACE(scope)}, {.kind = HF__FIELD_PART, PLACE(key)}}},
    .place = &scope_and_key,
    .foreign = HF__FOREIGN_LIST,
    .copy = copy_item,
    .first = first,
    .next = next,
};

/* --- The list --------------------------------------------------------------------------------- */

/* I-LIST-2: the same name is another list as a prefix. */
static int hash_query(const struct hf_idempotency_list_args *args, uint64_t *query)
{
	struct hf__writer w = {0};
	hf__put_u8(&w, HF__DOMAIN_IDEMPOTENCY);
	hf__put_short(&w, hf_str("list"));
	hf__put_u8(&w, (uint8_t)args->over);
	hf__put_bytes(&w, args->scope); /* the last of variable length */
	return hf__query_end(&w, query);
}

static int list_over(struct hf__query *q, const struct hf_idempotency_list_args *args,
                     uint64_t query, struct hf_idempotency_page *out)
{
	struct walk walk = {.args = args, .state = q->state, .alive = hf__lasting(HF__INSTANT_OF(q))};
	hf__idem_over(walk.state, args->scope, q->now, &walk.over);
	struct hf__listing list = {.list = &entry_list_over,
	                           .ctx = &walk,
	                           .page = args->page,
	                           .limit = args->limit,
	                           .query = query,
	                           .after = args->after,
	                           .depends = &walk.state->scopes.root};
	if (hf__query_seen(q))
		hf__idem_see(q, &walk.over);
	return hf__list_into(q, &list, &out->items);
}

static int list_scope(struct hf__query *q, const struct hf_idempotency_list_args *args,
                      uint64_t query, struct hf_idempotency_page *out)
{
	struct hf_idempotency_key after;
	const struct hf__index_filter alive = hf__lasting(HF__INSTANT_OF(q));
	struct hf__listing list = {.list = &entry_list,
	                           .ctx = &args,
	                           .page = args->page,
	                           .limit = args->limit,
	                           .query = query};
	if (args->after) {
		after = *args->after;
		list.after = &after.key;
		const int rc = hf__after_fixed(q, "scope", args->scope, &after.scope);
		if (rc != HF_OK)
			return rc;
	}
	const struct hf__idem_scope *scope = hf__query_in(q, args->scope);
	list.range = (struct hf__range){.index = scope ? &scope->by_key : NULL, .filter = &alive};
	for (unsigned done = 0; done < 2 && scope && hf__query_seen(q); done++)
		hf__query_sees(q, hf__idem_count(scope, done, HF__INSTANT_OF(q)));
	return hf__list_into(q, &list, &out->items);
}

static int read_list(struct hf__query *q, const void *raw, void *to)
{
	const struct hf_idempotency_list_args *args = raw;
	uint64_t query;
	int rc = hf__idem_check_over(args->over, args->scope, &q->why);
	if (rc == HF_OK)
		rc = hash_query(args, &query);
	if (rc != HF_OK)
		return rc;
	return args->over == HF_IDEMPOTENCY_OVER_SCOPE ? list_scope(q, args, query, to)
	                                               : list_over(q, args, query, to);
}

HF__LIST(hf_idempotency_list, idempotency_list_args, idempotency_page, HF__DOMAIN_IDEMPOTENCY,
         read_list);
