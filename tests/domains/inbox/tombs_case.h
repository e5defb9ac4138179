/* What tests of tombstones share: saves and removals, and a key as text. */
#ifndef TESTS_TOMBS_CASE_H
#define TESTS_TOMBS_CASE_H

#include "holdfast/admin.h"
#include "holdfast/inbox.h"
#include "lib/settings.h"
#include "lib/test.h"

#define HOUR INT64_C(3600000000)
#define NOW (STAGE_NOW + HOUR)

static inline hf_lsn last_lsn(hf_store *store)
{
	struct hf_info info = {0};
	assert_int_equal(hf_get_info(store, &info, NULL), HF_OK);
	return info.last_lsn;
}

static inline struct hf_result save(hf_store *store, const char *user, const char *thread,
                                    enum hf_inbox_save_mode mode, int64_t tombstone_for)
{
	const struct hf_inbox_input record = {
	    .thread = hf_str(thread), .payload = hf_str("p"), .unread = true, .updated_at = 1};
	const struct hf_inbox_save_args args = {.user = hf_str(user),
	                                        .records = &record,
	                                        .count = thread ? 1 : 0,
	                                        .generated_at = HF_UNSET,
	                                        .mode = mode,
	                                        .tombstone_for = tombstone_for};
	struct hf_result result = {0};
	struct hf_error error = {0};
	if (hf_inbox_save(store, NULL, &args, &result, &error) != HF_OK)
		fail_msg("save: %s", error.text);
	return result;
}

static inline struct hf_inbox_key key_of(const char *user)
{
	return (struct hf_inbox_key){hf_str(user), {0}, hf_str("t")};
}

static inline int remove_it(hf_store *store, const char *user, int64_t tombstone_for)
{
	const struct hf_inbox_remove_args args = {.key = key_of(user), .tombstone_for = tombstone_for};
	return hf_inbox_remove(store, NULL, &args, NULL, NULL);
}

/* --- The key as text: the record, or the tombstone -------------------------------------------- */

static inline const char *moment(hf_time time)
{
	return time == HF_UNSET                 ? "-"
	       : stage_stamped(time, STAGE_NOW) ? "A"
	       : stage_stamped(time, NOW)       ? "N"
	       : time == 7                      ? "7"
	                                        : "?";
}

static inline void add_tombstones(hf_store *store, const char *user, char out[64])
{
	struct hf_inbox_tombstone_page page = {0}, one = {0};
	const struct hf_inbox_list_tombstones_args all = {.user = hf_str(user)},
	                                           exact = {.user = hf_str(user),
	                                                    .thread = hf_str("t")};
	assert_int_equal(hf_inbox_list_tombstones(store, &all, 0, &page, NULL), HF_OK);
	assert_int_equal(hf_inbox_list_tombstones(store, &exact, 0, &one, NULL), HF_OK);
	assert_true(page.count <= 1 && one.count == page.count && !page.next && !one.next);
	if (page.count > 0) {
		const struct hf_inbox_tombstone *t = &page.items[0];
		assert_int_equal(t->until, one.items[0].until);
		assert_true(t->version != 0 && t->version == one.items[0].version);
		(void)snprintf(out, 64, "%s d:%s u:%d", t->dismissed ? "dismissal" : "removal",
		               moment(t->dismissed_at), (int)((t->until - STAGE_NOW) / HOUR));
	}
	hf_release(page.memory);
	hf_release(one.memory);
}

static inline void look(hf_store *store, const char *user, char out[64])
{
	const struct hf_inbox_key key = key_of(user);
	struct hf_inbox_got got = {0};
	out[0] = '\0';
	add_tombstones(store, user, out);
	const int rc = hf_inbox_get(store, &key, 0, &got, NULL);
	if (rc == HF_OK) {
		assert_string_equal(out, ""); /* a record or a tombstone, not both */
		(void)snprintf(out, 64, "record d:%s",
		               got.record.dismissed ? moment(got.record.dismissed_at) : "no");
		hf_release(got.memory);
	} else {
		assert_int_equal(rc, HF_ENOTFOUND);
	}
}

#endif
