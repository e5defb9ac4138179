/* Entries of the inbox domain in words, for people who look at a log. Total: any body gets a
 * line. */
#include "domains/inbox/inbox.h"

void hf__inbox_add_name(struct hf__text *text, const struct hf__inbox_key *key)
{
	hf__text_add(text, "user ");
	hf__text_add_quoted(text, key->user);
	hf__text_add(text, " account ");
	hf__text_add_quoted(text, key->account);
	hf__text_add(text, " thread ");
	hf__text_add_quoted(text, key->thread);
}

static void describe_change(struct hf_bytes body, struct hf__text *out)
{
	static const char *const words[HF__INBOX_CAUSES] = {"state of", "save to",   "replace",
	                                                    "prune",    "trim",      "remove from",
	                                                    "clear",    "expire in", "tombstone in"};
	static const char *const whats[HF__INBOX_WHATS] = {"removed", "put", "tombstone for",
	                                                   "tombstone lifted for"};
	struct hf__inbox_change head;
	struct hf__inbox_item item;
	uint32_t puts = 0, tombs = 0;
	if (!hf__inbox_get_change(body, &head)) {
		hf__text_add(out, "damaged inbox change");
		return;
	}
	struct hf__reader items = head.items;
	for (uint32_t i = 0; i < head.count && hf__inbox_get_item(&items, &item); i++) {
		puts += item.what == HF__INBOX_PUT;
		tombs += item.what == HF__INBOX_BURIED;
	}
	hf__text_add(out, "%s inbox ", words[head.cause]);
	hf__text_add_quoted(out, head.user);
	if (head.count != 1 || !hf__inbox_get_item(&head.items, &item)) {
		hf__text_add(out, ": %u put, %u removed", puts, head.count - puts);
		if (tombs > 0)
			hf__text_add(out, ", %u of them leaving tombstones", tombs);
		return;
	}
	hf__text_add(out, ": %s account ", whats[item.what]);
	hf__text_add_quoted(out, item.account);
	hf__text_add(out, " thread ");
	hf__text_add_quoted(out, item.thread);
}

static void describe_mark(struct hf_bytes body, struct hf__text *out)
{
	static const char *const words[] = {
	    "", "dismiss", "undismiss", "mark read", "mark unread", "mark seen", "snooze"};
	enum hf__inbox_mark mark;
	struct hf__inbox_key key;
	struct hf__inbox_image image;
	if (!hf__inbox_get_mark(body, &mark, &key, &image)) {
		hf__text_add(out, "damaged inbox mark");
		return;
	}
	hf__text_add(out, "%s ", words[mark]);
	hf__inbox_add_name(out, &key);
}

static void describe_all(struct hf_bytes body, struct hf__text *out)
{
	struct hf__inbox_all all;
	if (!hf__inbox_get_all(body, &all)) {
		hf__text_add(out, "damaged inbox mark of all");
		return;
	}
	hf__text_add(out, "%s user ",
	             all.mark == HF__INBOX_MARK_READ ? "mark all read" : "dismiss all");
	hf__text_add_quoted(out, all.user);
	if (all.account.len > 0) {
		hf__text_add(out, " account ");
		hf__text_add_quoted(out, all.account);
	}
	hf__text_add(out, ": %u saved up to %llu", all.count, (unsigned long long)all.up_to);
}

static void describe_value(const struct hf__entry *entry, struct hf__text *out)
{
	struct hf__inbox_status status;
	struct hf__inbox_value value;
	const bool is_status = entry->kind == HF__INBOX_STATUS;
	if (!(is_status ? hf__inbox_get_status(entry->body, &status)
	                : hf__inbox_get_state(entry->body, &value, &status))) {
		hf__text_add(out, "damaged inbox %s", is_status ? "status" : "state");
		return;
	}
	hf__text_add(out, "%s of inbox ", is_status ? "status" : "state");
	hf__text_add_quoted(out, status.user);
	hf__text_add(out, ", status of %zu bytes", status.status.len);
	if (status.sets_extra && status.extra.len > 0)
		hf__text_add(out, ", %zu bytes beside it", status.extra.len);
}

void hf__inbox_describe(const struct hf__entry *entry, struct hf__text *out)
{
	if (entry->kind == HF__INBOX_CHANGE)
		describe_change(entry->body, out);
	else if (entry->kind == HF__INBOX_MARK)
		describe_mark(entry->body, out);
	else if (entry->kind == HF__INBOX_ALL)
		describe_all(entry->body, out);
	else if (entry->kind == HF__INBOX_STATUS || entry->kind == HF__INBOX_STATE)
		describe_value(entry, out);
	else
		hf__text_add(out, "unknown inbox entry of kind %u", entry->kind);
}
