/* Operations on documents: see crash_script.h. */
#include "lib/crash/work/crash_verbs.h"

#include <stdio.h>
#include <string.h>

/* The group of that number; 0: none. */
static struct hf_bytes group_of(int64_t number, char out[8])
{
	(void)snprintf(out, 8, "g%d", (int)number);
	return number ? hf_str(out) : hf_str("");
}

static int put(const struct call *c, const struct hf_document_key *key, const char *id)
{
	const struct hf_document_put_args args = {.write = verb_write(c),
	                                          .key = *key,
	                                          .payload = verb_bytes(id, c->op->size),
	                                          .group = hf_str("g1"),
	                                          .ttl_us = c->op->number};
	return hf_document_put(c->store, c->txn, &args, c->result, c->error);
}

int verb_document_change(const struct call *c, const struct names *n)
{
	const struct hf_document_key key = {hf_str(c->op->place), n->part[0]};
	const struct hf_write write = verb_write(c);
	char group[8];
	const struct hf_document_regroup_args regroup = {
	    .write = write, .key = key, .group = group_of(c->op->number, group)};
	const struct hf_document_remove_args gone = {.write = write, .key = key};
	const struct hf_document_clear_args clear = {.write = write, .collection = key.collection};
	const struct hf_document_guard_args guard = {.write = write, .key = key};
	switch (c->op->verb) {
	case DOCUMENT_PUT:
		return put(c, &key, n->cstr[0]);
	case DOCUMENT_REGROUP:
		return hf_document_regroup(c->store, c->txn, &regroup, c->result, c->error);
	case DOCUMENT_REMOVE:
		return hf_document_remove(c->store, c->txn, &gone, c->result, c->error);
	case DOCUMENT_CLEAR:
		return hf_document_clear(c->store, c->txn, &clear, c->result, c->error);
	default:
		return hf_document_guard(c->store, c->txn, &guard, c->result, c->error);
	}
}

static void tell_document(struct tale *told, const struct hf_document *document)
{
	hf__put_short(&told->bytes, document->key.id);
	hf__put_short(&told->bytes, document->group);
	hf__put_long(&told->bytes, document->payload);
	hf__put_i64(&told->bytes, document->created_at);
	hf__put_i64(&told->bytes, document->updated_at);
	hf__put_i64(&told->bytes, document->expires_at);
	verb_tell_version(told, document->version);
}

int verb_document_get(const struct call *c, const struct names *n)
{
	const struct hf_document_key key = {hf_str(c->op->place), n->part[0]};
	struct hf_document_got got;
	const int rc = hf_document_get(c->store, &key, c->flags, &got, c->error);
	if (rc == HF_OK)
		tell_document(c->told, &got.document);
	hf_release(got.memory);
	return rc;
}

int verb_document_list(const struct call *c, const struct names *n)
{
	const struct hf_document_list_args args = {.collection = hf_str(c->op->place)};
	struct hf_document_page page;
	(void)n;
	const int rc = hf_document_list(c->store, &args, c->flags, &page, c->error);
	for (size_t i = 0; i < page.count; i++)
		tell_document(c->told, &page.items[i]);
	hf_release(page.memory);
	return rc;
}

int verb_document_figures(const struct call *c, const struct names *n)
{
	char group[8];
	const struct hf_document_key key = {hf_str(c->op->place), n->part[0]};
	const struct hf_document_count_args args = {.collection = key.collection,
	                                            .group = group_of(c->op->number, group)};
	struct hf_document_counts counted = {0};
	bool there = false;
	int rc;
	if (c->op->verb == DOCUMENT_HAS)
		rc = hf_document_has(c->store, &key, c->flags, &there, c->error);
	else
		rc = hf_document_count(c->store, &args, c->flags, &counted, c->error);
	hf__put_u8(&c->told->bytes, there);
	hf__put_u64(&c->told->bytes, counted.documents);
	hf__put_u32(&c->told->bytes, counted.orders);
	return rc;
}
