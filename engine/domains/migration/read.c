/* Which migrations were applied, in the order in which they were. A page token holds the LSN of
 * the last one given. */
#include "domains/common/read.h"
#include "domains/common/list.h"
#include "domains/migration/migration.h"

static int copy_item(struct hf__query *q, const void *raw, void *ctx, void *item)
{
	const struct hf__migration *migration = raw;
	struct hf_migration_entry *out = item;
	(void)ctx;
	out->applied_at = migration->value.applied_at;
	out->has_checksum = migration->value.has_checksum;
	out->checksum = migration->value.checksum;
	out->version = migration->value.version;
	return hf__answer_bytes(q->answer, hf__migration_name(migration), &out->name);
}

static const struct hf__list migration_list = {
    .item = sizeof(struct hf_migration_entry),
    .position = sizeof(uint64_t),
    .token = {1, {{.kind = HF__FIELD_U64}}},
    .foreign = HF__FOREIGN_LIST,
    .copy = copy_item,
};

static int read_list(struct hf__query *q, const void *raw, void *to)
{
	const struct hf_migration_list_args *args = raw;
	const struct hf__migration_state *state = q->state;
	struct hf_migration_page *out = to;
	struct hf__listing list = {.list = &migration_list,
	                           .page = args->page,
	                           .limit = args->limit,
	                           .after = args->after > 0 ? &args->after : NULL,
	                           .range = {.index = &state->by_lsn},
	                           .depends = &state->root};
	struct hf__writer w = {0};
	hf__put_u8(&w, HF__DOMAIN_MIGRATION);
	hf__put_short(&w, hf_str("list"));
	int rc = hf__query_end(&w, &list.query);
	return rc == HF_OK ? hf__list_into(q, &list, &out->items) : rc;
}

HF__LIST(hf_migration_list, migration_list_args, migration_page, HF__DOMAIN_MIGRATION, read_list);
