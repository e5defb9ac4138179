/* What entries of the inbox domain are about, for feeds and subscriptions. A CHANGE of one record
 * is about that record; one of none or of several is about the inbox, and which records it is about
 * can be asked (I-INBOX-ABOUT: exactly its items; for a mark of all, which names none, all that
 * it may have touched). */
#include "domains/inbox/inbox.h"

static bool about_change(struct hf_bytes body, struct hf__about *out)
{
	static const char *const operations[HF__INBOX_CAUSES] = {
	    "state", "save", "save", "prune", "trim", "remove", "clear", "expire", "tombstone"};
	struct hf__inbox_change head;
	struct hf__inbox_item item;
	if (!hf__inbox_get_change(body, &head))
		return false;
	out->operation = operations[head.cause];
	out->key[0] = head.user;
	out->parts = 1;
	out->many = head.count > 1;
	out->removed = head.count > 0;
	for (uint32_t i = 0; i < head.count && hf__inbox_get_item(&head.items, &item); i++)
		out->removed = out->removed && item.what != HF__INBOX_PUT;
	if (head.count == 1) {
		out->key[1] = item.account;
		out->key[2] = item.thread;
		out->parts = 3;
	}
	return true;
}

static bool about_mark(struct hf_bytes body, struct hf__about *out)
{
	static const char *const operations[] = {
	    "", "dismiss", "undismiss", "mark_read", "mark_unread", "mark_seen", "snooze"};
	enum hf__inbox_mark mark;
	struct hf__inbox_key key;
	struct hf__inbox_image image;
	if (!hf__inbox_get_mark(body, &mark, &key, &image))
		return false;
	out->operation = operations[mark];
	out->key[0] = key.user;
	out->key[1] = key.account;
	out->key[2] = key.thread;
	out->parts = 3;
	return true;
}

static bool about_all(struct hf_bytes body, struct hf__about *out)
{
	struct hf__inbox_all all;
	if (!hf__inbox_get_all(body, &all))
		return false;
	out->operation = all.mark == HF__INBOX_MARK_READ ? "mark_all_read" : "dismiss_all";
	out->key[0] = all.user;
	out->key[1] = all.account;
	out->parts = all.account.len > 0 ? 2 : 1;
	out->many = true;
	return true;
}

static bool about_value(const struct hf__entry *entry, struct hf__about *out)
{
	struct hf__inbox_status status;
	struct hf__inbox_value value;
	const bool is_status = entry->kind == HF__INBOX_STATUS;
	out->operation = is_status ? "set_status" : "state";
	out->parts = 1;
	const bool good = is_status ? hf__inbox_get_status(entry->body, &status)
	                            : hf__inbox_get_state(entry->body, &value, &status);
	out->key[0] = status.user;
	return good;
}

bool hf__inbox_about(const struct hf__entry *entry, struct hf__about *out)
{
	*out = (struct hf__about){0};
	switch (entry->kind) {
	case HF__INBOX_CHANGE:
		return about_change(entry->body, out);
	case HF__INBOX_MARK:
		return about_mark(entry->body, out);
	case HF__INBOX_ALL:
		return about_all(entry->body, out);
	case HF__INBOX_STATUS:
	case HF__INBOX_STATE:
		return about_value(entry, out);
	default:
		return false;
	}
}

/* A mark of all names no records: it may concern each of the account. */
static bool all_concerns(struct hf_bytes body, struct hf_bytes account)
{
	struct hf__inbox_all all;
	return hf__inbox_get_all(body, &all) &&
	       (all.account.len == 0 || hf__bytes_equal(all.account, account));
}

/* The user is right already. Is there an item of this account, and of this thread if one is
 * asked for? */
bool hf__inbox_concerns(const struct hf__entry *entry, const struct hf_bytes *key, unsigned parts)
{
	struct hf__inbox_change head;
	struct hf__inbox_item item;
	if (entry->kind == HF__INBOX_ALL && parts >= 2)
		return all_concerns(entry->body, key[1]);
	if (entry->kind != HF__INBOX_CHANGE || parts < 2)
		return true;
	if (!hf__inbox_get_change(entry->body, &head))
		return false;
	for (uint32_t i = 0; i < head.count && hf__inbox_get_item(&head.items, &item); i++)
		if (hf__bytes_equal(item.account, key[1]) &&
		    (parts < 3 || hf__bytes_equal(item.thread, key[2])))
			return true;
	return false;
}
