/* Operations on idempotency keys and migrations: see crash_verbs.h. */
#include "lib/crash/work/crash_verbs.h"

void script_tell_begun(struct tale *told, const struct hf_idempotency_begun *b)
{
	hf__put_u8(&told->bytes, (uint8_t)b->outcome);
	verb_tell_token(told, b->token);
	hf__put_i64(&told->bytes, b->lease_until);
	hf__put_i32(&told->bytes, b->status);
	hf__put_long(&told->bytes, b->response);
	hf__put_i64(&told->bytes, b->created_at);
	hf__put_i64(&told->bytes, b->expires_at);
	verb_tell_version(told, b->version);
}

static void tell_entry(struct tale *told, const struct hf_idempotency_entry *e)
{
	hf__put_short(&told->bytes, e->key.key);
	hf__put_short(&told->bytes, e->fingerprint);
	hf__put_u8(&told->bytes, e->done);
	hf__put_i32(&told->bytes, e->status);
	hf__put_long(&told->bytes, e->response);
	hf__put_i64(&told->bytes, e->created_at);
	hf__put_i64(&told->bytes, e->expires_at);
	hf__put_i64(&told->bytes, e->lease_until);
	verb_tell_token(told, e->token);
	verb_tell_version(told, e->version);
}

static struct hf_idempotency_key key_of(const struct call *c, const struct names *n)
{
	return (struct hf_idempotency_key){hf_str(c->op->place), n->part[0]};
}

int verb_idem_begin(const struct call *c, const struct names *n)
{
	const struct hf_idempotency_begin_args args = {.write = verb_write(c),
	                                               .key = key_of(c, n),
	                                               .fingerprint =
	                                                   verb_bytes(n->cstr[0], c->op->size),
	                                               .lease_us = c->op->number};
	return hf_idempotency_begin(c->store, c->txn, &args, c->begun, c->result, c->error);
}

int verb_idem_owning(const struct call *c, const struct names *n)
{
	const struct hf_idempotency_key key = key_of(c, n);
	const struct hf_idempotency_complete_args complete = {.write = verb_write(c),
	                                                      .key = key,
	                                                      .token = c->token,
	                                                      .status = 200,
	                                                      .response =
	                                                          verb_bytes(n->cstr[0], c->op->size),
	                                                      .ttl_us = c->op->number};
	const struct hf_idempotency_abandon_args abandon = {
	    .write = verb_write(c), .key = key, .token = c->token};
	const struct hf_idempotency_guard_owner_args guard = {
	    .write = verb_write(c), .key = key, .token = c->token};
	switch (c->op->verb) {
	case IDEM_COMPLETE:
		return hf_idempotency_complete(c->store, c->txn, &complete, c->result, c->error);
	case IDEM_ABANDON:
		return hf_idempotency_abandon(c->store, c->txn, &abandon, c->result, c->error);
	default:
		return hf_idempotency_guard_owner(c->store, c->txn, &guard, c->result, c->error);
	}
}

int verb_idem_raw(const struct call *c, const struct names *n)
{
	const struct hf_idempotency_key key = key_of(c, n);
	const struct hf_idempotency_put_args put = {.write = verb_write(c),
	                                            .key = key,
	                                            .status = 418,
	                                            .response = verb_bytes(n->cstr[0], c->op->size),
	                                            .created_at = 7,
	                                            .expires_at =
	                                                c->op->number ? c->op->number : HF_UNSET};
	const struct hf_idempotency_remove_args gone = {.write = verb_write(c), .key = key};
	const struct hf_idempotency_clear_args clear = {.write = verb_write(c), .scope = key.scope};
	const struct hf_idempotency_guard_args guard = {.write = verb_write(c), .key = key};
	switch (c->op->verb) {
	case IDEM_PUT:
		return hf_idempotency_put(c->store, c->txn, &put, c->result, c->error);
	case IDEM_REMOVE:
		return hf_idempotency_remove(c->store, c->txn, &gone, c->result, c->error);
	case IDEM_CLEAR:
		return hf_idempotency_clear(c->store, c->txn, &clear, c->result, c->error);
	default:
		return hf_idempotency_guard(c->store, c->txn, &guard, c->result, c->error);
	}
}

static int get(const struct call *c, const struct hf_idempotency_key *key)
{
	struct hf_idempotency_got got;
	const int rc = hf_idempotency_get(c->store, key, c->flags, &got, c->error);
	if (rc == HF_OK)
		tell_entry(c->told, &got.entry);
	hf_release(got.memory);
	return rc;
}

int verb_idem_look(const struct call *c, const struct names *n)
{
	const struct hf_idempotency_key key = key_of(c, n);
	struct hf_idempotency_counts counts;
	struct hf_idempotency_page page;
	const struct hf_idempotency_list_args list = {.scope = key.scope};
	bool has;
	int rc;
	switch (c->op->verb) {
	case IDEM_GET:
		return get(c, &key);
	case IDEM_HAS:
		rc = hf_idempotency_has(c->store, &key, c->flags, &has, c->error);
		hf__put_u8(&c->told->bytes, has);
		return rc;
	case IDEM_COUNT:
		rc = hf_idempotency_count(c->store, key.scope, c->flags, &counts, c->error);
		hf__put_u64(&c->told->bytes, counts.in_progress);
		hf__put_u64(&c->told->bytes, counts.done);
		return rc;
	default:
		rc = hf_idempotency_list(c->store, &list, c->flags, &page, c->error);
		for (size_t i = 0; i < page.count; i++)
			tell_entry(c->told, &page.items[i]);
		hf_release(page.memory);
		return rc;
	}
}

int verb_migration(const struct call *c, const struct names *n)
{
	const struct hf_migration_record_args record = {.write = verb_write(c), .name = n->part[0]};
	const struct hf_migration_forget_args forget = {.write = verb_write(c), .name = n->part[0]};
	const struct hf_migration_guard_args guard = {.write = verb_write(c), .name = n->part[0]};
	switch (c->op->verb) {
	case MIGRATION_RECORD:
		return hf_migration_record(c->store, c->txn, &record, c->result, c->error);
	case MIGRATION_FORGET:
		return hf_migration_forget(c->store, c->txn, &forget, c->result, c->error);
	default:
		return hf_migration_guard(c->store, c->txn, &guard, c->result, c->error);
	}
}

int verb_migrations(const struct call *c, const struct names *n)
{
	struct hf_migration_page page;
	(void)n;
	const int rc = hf_migration_list(c->store, NULL, c->flags, &page, c->error);
	for (size_t i = 0; i < page.count; i++) {
		hf__put_short(&c->told->bytes, page.items[i].name);
		hf__put_i64(&c->told->bytes, page.items[i].applied_at);
		verb_tell_version(c->told, page.items[i].version);
	}
	hf_release(page.memory);
	return rc;
}
