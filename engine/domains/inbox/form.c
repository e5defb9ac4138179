/* The form of what the inbox domain is given: keys, scores, times, and what a mark would change. */
#include "domains/inbox/entry.h"
#include "store/domain.h"

/* Of a double: its sign, and what is not a number beyond. */
#define SIGN (UINT64_C(1) << 63)
#define INFINITE UINT64_C(0x7ff0000000000000)

struct hf_bytes hf__inbox_account(struct hf_bytes account)
{
	return account.len > 0 ? account : hf_str("primary");
}

bool hf__inbox_part_ok(const char *name, struct hf_bytes part, struct hf__text *why)
{
	return hf__check_part(name, part, false, why) == HF_OK;
}

bool hf__inbox_user_ok(struct hf_bytes user, struct hf__text *why)
{
	return hf__inbox_part_ok("user", user, why);
}

bool hf__inbox_key(const struct hf_inbox_key *key, struct hf__inbox_key *out, struct hf__text *why)
{
	out->user = key->user;
	out->account = hf__inbox_account(key->account);
	out->thread = key->thread;
	return hf__inbox_user_ok(out->user, why) && hf__inbox_part_ok("account", out->account, why) &&
	       hf__inbox_part_ok("thread", out->thread, why);
}

int hf__inbox_compare_keys(struct hf_bytes account_a, struct hf_bytes thread_a,
                           struct hf_bytes account_b, struct hf_bytes thread_b)
{
	const int order = hf__bytes_compare(account_a, account_b);
	return order ? order : hf__bytes_compare(thread_a, thread_b);
}

uint64_t hf__score_bits(double score)
{
	uint64_t bits;
	memcpy(&bits, &score, sizeof bits);
	return bits;
}

bool hf__score_nan(double score)
{
	return (hf__score_bits(score) & ~SIGN) > INFINITE;
}

bool hf__inbox_mark_changes(enum hf__inbox_mark mark, bool unread, bool dismissed, int64_t seen_at)
{
	switch (mark) {
	case HF__INBOX_MARK_DISMISS:
		return !dismissed;
	case HF__INBOX_MARK_UNDISMISS:
		return dismissed;
	case HF__INBOX_MARK_READ:
		return unread;
	case HF__INBOX_MARK_UNREAD:
		return !unread;
	case HF__INBOX_MARK_SEEN:
		return seen_at == HF_UNSET;
	case HF__INBOX_MARK_SNOOZE: /* a time alone: the caller compares it */
		return true;
	}
	return false;
}
