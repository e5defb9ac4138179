/* Mutations of one record, and of an inbox's status. Each looks at the one object it names, and
 * that is what its answer waits for, refusals and "nothing to do" included. */
#include "domains/common/objects.h"
#include "domains/common/verb.h"
#include "domains/inbox/inbox.h"

#define KEY_AT(args) (offsetof(struct args, key) == offsetof(struct hf_inbox_mark_args, key))
_Static_assert(KEY_AT(hf_inbox_snooze_args) && KEY_AT(hf_inbox_guard_args), "see key_check");

/* What a mutation found. */
struct found {
	struct hf__inbox_key key;
	struct hf__record *record; /* NULL: none */
};

/* --- Form ------------------------------------------------------------------------------------- */

static int check_key(const struct hf_inbox_key *key, struct hf__text *why)
{
	struct hf__inbox_key out;
	return hf__inbox_key(key, &out, why) ? HF_OK : HF_EINVAL;
}

/* Of arguments that are a key, behind struct hf_write, and nothing else that has a form. */
static int key_check(const void *raw, struct hf__text *why)
{
	return check_key(&((const struct hf_inbox_mark_args *)raw)->key, why);
}

static int remove_check(const void *raw, struct hf__text *why)
{
	const struct hf_inbox_remove_args *args = raw;
	if (args->tombstone_for < 0)
		return hf__refuse(why, HF_EINVAL, "tombstone_for must not be below 0");
	return check_key(&args->key, why);
}

static int set_status_check(const void *raw, struct hf__text *why)
{
	const struct hf_inbox_set_status_args *args = raw;
	if (!hf__inbox_user_ok(args->user, why))
		return HF_EINVAL;
	const int rc = hf__check_bytes("status", args->status, HF_INBOX_STATUS_MAX, why);
	return rc == HF_OK && args->set_extra
	           ? hf__check_bytes("extra", args->extra, HF_INBOX_EXTRA_MAX, why)
	           : rc;
}

/* --- Deciding --------------------------------------------------------------------------------- */

/* Finds the record, notes that the answer depends on it (or on the inbox that lacks it), and
 * compares its version. */
static int look(const struct hf__inbox_state *s, struct hf__decision *d,
                const struct hf_write *write, const struct hf_inbox_key *key, struct found *found)
{
	if (!hf__inbox_key(key, &found->key, &d->why))
		return HF_EINVAL; /* checked before: not reached */
	const struct hf__inbox *inbox = hf__container_find(s, found->key.user);
	found->record = hf__record_find(inbox, found->key.account, found->key.thread);
	if (found->record)
		hf__depends(d, &found->record->object);
	else
		hf__depends(d, hf__container_depends(s, inbox, found->key.user));
	const int rc = hf__expect(d, write->expect, found->record ? found->record->object.changed : 0);
	if (rc != HF_OK) {
		hf__text_add(&d->why, ": ");
		hf__inbox_add_name(&d->why, &found->key);
	}
	return rc;
}

/* As look(), for what needs the record. */
static int look_for(const struct hf__inbox_state *s, struct hf__decision *d,
                    const struct hf_write *write, const struct hf_inbox_key *key,
                    struct found *found)
{
	const int rc = look(s, d, write, key, found);
	if (rc != HF_OK || found->record)
		return rc;
	hf__text_add(&d->why, "there is no record of ");
	hf__inbox_add_name(&d->why, &found->key);
	return HF_ENOTFOUND;
}

static void set_mark(struct hf__inbox_image *image, enum hf__inbox_mark mark, int64_t now)
{
	switch (mark) {
	case HF__INBOX_MARK_DISMISS:
	case HF__INBOX_MARK_UNDISMISS:
		image->dismissed = mark == HF__INBOX_MARK_DISMISS;
		image->dismissed_at = image->dismissed ? now : HF_UNSET;
		return;
	case HF__INBOX_MARK_READ:
	case HF__INBOX_MARK_UNREAD:
		image->unread = mark == HF__INBOX_MARK_UNREAD;
		image->read_at = image->unread ? HF_UNSET : now;
		return;
	case HF__INBOX_MARK_SEEN:
		image->seen_at = now;
		return;
	case HF__INBOX_MARK_SNOOZE:
		image->snoozed_until = now;
		return;
	}
}

static int decide_mark(void *state, struct hf__decision *d, const struct hf_inbox_mark_args *args,
                       enum hf__inbox_mark mark, struct hf_result *result)
{
	struct found found;
	const int rc = look_for(state, d, &args->write, &args->key, &found);
	if (rc != HF_OK)
		return rc;
	const struct hf__record_value *value = &found.record->value;
	if (!hf__inbox_mark_changes(mark, value->unread, value->dismissed, value->seen_at)) {
		result->version = found.record->object.changed;
		return HF_OK;
	}
	struct hf__inbox_image image = hf__record_image(found.record);
	set_mark(&image, mark, hf__given_or(&args->write, args->now, d->stamp));
	hf__changed(result, hf__next_lsn(d));
	hf__inbox_put_mark(hf__entry_body(d), mark, &found.key, &image);
	return hf__emit(d, HF__INBOX_MARK);
}

#define DECIDE(function, mark) \
	static int function(void *state, struct hf__decision *d, const void *args, \
	                    struct hf_result *result) \
	{ \
		return decide_mark(state, d, args, mark, result); \
	} \
	_Static_assert((mark) > 0, "a mark")

DECIDE(dismiss_decide, HF__INBOX_MARK_DISMISS);
DECIDE(undismiss_decide, HF__INBOX_MARK_UNDISMISS);
DECIDE(mark_read_decide, HF__INBOX_MARK_READ);
DECIDE(mark_unread_decide, HF__INBOX_MARK_UNREAD);
DECIDE(mark_seen_decide, HF__INBOX_MARK_SEEN);

/* The time itself is compared: a snooze that is over by now is still the one that was asked for. */
static int snooze_decide(void *state, struct hf__decision *d, const void *raw,
                         struct hf_result *result)
{
	const struct hf_inbox_snooze_args *args = raw;
	const int64_t until = hf__given(&args->write, args->until);
	struct found found;
	const int rc = look_for(state, d, &args->write, &args->key, &found);
	if (rc != HF_OK)
		return rc;
	if (found.record->value.snoozed_until == until) {
		result->version = found.record->object.changed;
		return HF_OK;
	}
	struct hf__inbox_image image = hf__record_image(found.record);
	set_mark(&image, HF__INBOX_MARK_SNOOZE, until);
	hf__changed(result, hf__next_lsn(d));
	hf__inbox_put_mark(hf__entry_body(d), HF__INBOX_MARK_SNOOZE, &found.key, &image);
	return hf__emit(d, HF__INBOX_MARK);
}

static int remove_decide(void *state, struct hf__decision *d, const void *raw,
                         struct hf_result *result)
{
	const struct hf_inbox_remove_args *args = raw;
	struct found found;
	const int rc = look_for(state, d, &args->write, &args->key, &found);
	if (rc != HF_OK)
		return rc;
	hf__changed(result, 0);
	struct hf__writer *body = hf__entry_body(d);
	hf__inbox_put_head(body, HF__INBOX_CAUSE_REMOVE, found.key.user, 1);
	if (args->tombstone_for == 0) {
		hf__inbox_put_removed(body, found.key.account, found.key.thread);
	} else {
		const struct hf__tomb_value tomb = {.until = hf__time_after(d->now, args->tombstone_for),
		                                    .dismissed_at = HF_UNSET};
		hf__inbox_put_buried(body, found.key.account, found.key.thread, &tomb);
	}
	return hf__emit(d, HF__INBOX_CHANGE);
}

static int guard_decide(void *state, struct hf__decision *d, const void *raw,
                        struct hf_result *result)
{
	const struct hf_inbox_guard_args *args = raw;
	struct found found;
	const int rc = look(state, d, &args->write, &args->key, &found);
	if (rc == HF_OK && found.record)
		result->version = found.record->object.changed;
	return rc;
}

static int set_status_decide(void *state, struct hf__decision *d, const void *raw,
                             struct hf_result *result)
{
	const struct hf_inbox_set_status_args *args = raw;
	const struct hf__inbox *inbox = hf__look_in(state, d, args->user);
	const uint64_t version = inbox ? inbox->value.status_version : 0;
	const int rc = hf__expect(d, args->write.expect, version);
	if (rc != HF_OK) {
		hf__text_add(&d->why, ": status of inbox ");
		hf__text_add_quoted(&d->why, args->user);
		return rc;
	}
	const bool same_extra =
	    !args->set_extra ||
	    (inbox && hf__bytes_equal(hf__blob_bytes(inbox->value.extra), args->extra));
	if (version != 0 && same_extra &&
	    hf__bytes_equal(hf__blob_bytes(inbox->value.status), args->status)) {
		result->version = version;
		return HF_OK;
	}
	hf__changed(result, hf__next_lsn(d));
	const struct hf__inbox_status status = {args->user, args->status, args->set_extra, args->extra};
	hf__inbox_put_status(hf__entry_body(d), &status);
	return hf__emit(d, HF__INBOX_STATUS);
}

/* --- Copies for transactions ------------------------------------------------------------------ */

static void *set_status_copy(struct hf__arena *arena, const void *args)
{
	struct hf_inbox_set_status_args *copy = hf__arena_copy(arena, args, sizeof *copy);
	if (!copy || !hf__arena_bytes(arena, copy->user, &copy->user) ||
	    !hf__arena_bytes(arena, copy->status, &copy->status))
		return NULL;
	return !copy->set_extra || hf__arena_bytes(arena, copy->extra, &copy->extra) ? copy : NULL;
}

/* --- Public ----------------------------------------------------------------------------------- */

HF__MUTATION(hf_inbox_dismiss, inbox_mark_args, hf__run, "inbox dismiss", HF__DOMAIN_INBOX,
             .check = key_check, .decide = dismiss_decide, .giving = &hf__inbox_giving);
HF__MUTATION(hf_inbox_undismiss, inbox_mark_args, hf__run, "inbox undismiss", HF__DOMAIN_INBOX,
             .check = key_check, .decide = undismiss_decide, .giving = &hf__inbox_giving);
HF__MUTATION(hf_inbox_mark_read, inbox_mark_args, hf__run, "inbox mark_read", HF__DOMAIN_INBOX,
             .check = key_check, .decide = mark_read_decide, .giving = &hf__inbox_giving);
HF__MUTATION(hf_inbox_mark_unread, inbox_mark_args, hf__run, "inbox mark_unread", HF__DOMAIN_INBOX,
             .check = key_check, .decide = mark_unread_decide, .giving = &hf__inbox_giving);
HF__MUTATION(hf_inbox_mark_seen, inbox_mark_args, hf__run, "inbox mark_seen", HF__DOMAIN_INBOX,
             .check = key_check, .decide = mark_seen_decide, .giving = &hf__inbox_giving);
HF__MUTATION(hf_inbox_snooze, inbox_snooze_args, hf__run, "inbox snooze", HF__DOMAIN_INBOX,
             .check = key_check, .decide = snooze_decide, .giving = &hf__inbox_giving);
HF__MUTATION(hf_inbox_remove, inbox_remove_args, hf__run, "inbox remove", HF__DOMAIN_INBOX,
             .check = remove_check, .decide = remove_decide, .giving = &hf__inbox_giving);
HF__MUTATION(hf_inbox_guard, inbox_guard_args, hf__guard_version, "inbox guard", HF__DOMAIN_INBOX,
             .check = key_check, .decide = guard_decide, .giving = &hf__inbox_giving);
HF__MUTATION(hf_inbox_set_status, inbox_set_status_args, hf__run, "inbox set_status",
             HF__DOMAIN_INBOX, .check = set_status_check, .decide = set_status_decide,
             .copy = set_status_copy);
