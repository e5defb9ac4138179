/* Which migrations were applied, in the order in which they were. A page token holds the LSN of
 * the last one given. */
#include "domains/migration/migration.h"
#include "store/call/error.h"

struct list {
	const struct hf_migration_list_args *args;
	uint64_t query;
	struct hf_migration_page *out;
};

static int hash_query(uint64_t *query)
{
	struct hf__writer w = {0};
	hf__put_u8(&w, HF__DOMAIN_MIGRATION);
	hf__put_short(&w, hf_str("list"));
	const int rc = w.bad ? HF_ENOMEM : HF_OK;
	*query = hf__query_hash(&w);
	hf__writer_deinit(&w);
	return rc;
}

static int find_start(struct hf__query *q, const struct list *list, uint64_t *after)
{
	struct hf__page page;
	int rc = hf__page_open(q->answer, list->args->page, list->query, &page);
	if (rc == HF_OK && page.after.len != 0 && page.after.len != sizeof *after)
		rc = HF_EINVAL;
	if (rc == HF_EINVAL)
		hf__text_add(&q->why, "the page token is damaged or belongs to another list");
	*after = rc == HF_OK && page.after.len > 0 ? hf__load_u64(page.after.data) : 0;
	return rc;
}

static int put_token(struct hf__query *q, const struct list *list, uint64_t lsn)
{
	uint8_t position[sizeof lsn];
	hf__store_u64(position, lsn);
	return hf__page_token(q->answer, list->query, hf_bytes_of(position, sizeof position),
	                      &list->out->next);
}

static int fill(struct hf__query *q, const struct list *list, const struct hf__migration *migration,
                size_t count)
{
	const struct hf__migration_state *state = q->state;
	struct hf_migration_entry *items = hf__answer_alloc(q->answer, count * sizeof *items);
	if (!items)
		return HF_ENOMEM;
	for (size_t i = 0; i < count;
	     i++, migration = hf__migration_after(state, items[i - 1].version)) {
		const int rc = hf__answer_bytes(q->answer, hf__migration_name(migration), &items[i].name);
		if (rc != HF_OK)
			return rc;
		items[i].applied_at = migration->value.applied_at;
		items[i].has_checksum = migration->value.has_checksum;
		items[i].checksum = migration->value.checksum;
		items[i].version = migration->value.version;
	}
	list->out->items = items;
	list->out->count = count;
	/* `migration` is the first one of the next page. */
	return migration && count > 0 ? put_token(q, list, items[count - 1].version) : HF_OK;
}

static int read_list(struct hf__query *q, void *raw)
{
	const struct list *list = raw;
	const struct hf__migration_state *state = q->state;
	uint64_t after;
	const int rc = find_start(q, list, &after);
	if (rc != HF_OK)
		return rc;
	hf__query_depends(q, &state->root);
	const struct hf__migration *first = hf__migration_after(state, after);
	const size_t left =
	    first ? hf__index_count(&state->by_lsn) - hf__index_rank(&first->by_lsn) : 0;
	return fill(q, list, first,
	            list->args->limit > 0 && list->args->limit < left ? list->args->limit : left);
}

int hf_migration_list(hf_store *store, const struct hf_migration_list_args *args, unsigned flags,
                      struct hf_migration_page *out, struct hf_error *error)
{
	HF__CALL;
	static const struct hf_migration_list_args all = {0};
	struct hf__answer answer;
	struct hf_migration_page page = {0};
	struct list list = {.args = args ? args : &all, .out = &page};
	*out = page;
	int rc = hash_query(&list.query);
	if (rc != HF_OK)
		return hf__fail(error, rc, 0, "no memory for the answer");
	rc = hf__read(store, HF__DOMAIN_MIGRATION, read_list, &list, flags, &answer, error);
	if (rc != HF_OK)
		return rc;
	page.memory = hf__answer_give(&answer);
	if (!page.memory)
		return hf__fail(error, HF_ENOMEM, 0, "no memory for the answer");
	*out = page;
	return HF_OK;
}
