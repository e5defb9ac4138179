/* What is known of an inbox as a whole: its counts, kept with every change, its status, and
 * which inboxes there are. */
#include "domains/common/read.h"
#include "domains/inbox/inbox.h"

static int read_counts(struct hf__query *q, const void *raw, void *out)
{
	const struct hf_bytes *user = raw;
	struct hf_inbox_counts *counts = out;
	if (!hf__inbox_user_ok(*user, &q->why))
		return HF_EINVAL;
	const struct hf__inbox *inbox = hf__inbox_find(q->state, *user);
	hf__query_depends(q, hf__inbox_depends(q->state, inbox, *user));
	if (!inbox)
		return HF_OK;
	*counts = (struct hf_inbox_counts){hf__inbox_total(inbox), inbox->unread, inbox->unseen,
	                                   inbox->dismissed};
	return HF_OK;
}

static const struct hf__reading count_reading = {HF__DOMAIN_INBOX, read_counts,
                                                 sizeof(struct hf_inbox_counts), 0};

int hf_inbox_count(hf_store *store, struct hf_bytes user, unsigned flags,
                   struct hf_inbox_counts *out, struct hf_error *error)
{
	HF__CALL;
	return hf__read_into(store, &count_reading, &user, flags, out, error);
}

static int read_status(struct hf__query *q, const void *raw, void *out)
{
	const struct hf_bytes *user = raw;
	struct hf_inbox_status *status = out;
	if (!hf__inbox_user_ok(*user, &q->why))
		return HF_EINVAL;
	const struct hf__inbox *inbox = hf__inbox_find(q->state, *user);
	hf__query_depends(q, hf__inbox_depends(q->state, inbox, *user));
	if (!inbox)
		return HF_OK;
	status->version = inbox->value.status_version;
	const int rc =
	    hf__answer_bytes(q->answer, hf__blob_bytes(inbox->value.status), &status->status);
	return rc == HF_OK
	           ? hf__answer_bytes(q->answer, hf__blob_bytes(inbox->value.extra), &status->extra)
	           : rc;
}

static const struct hf__reading get_status_reading = {HF__DOMAIN_INBOX, read_status,
                                                      sizeof(struct hf_inbox_status),
                                                      offsetof(struct hf_inbox_status, memory)};

int hf_inbox_get_status(hf_store *store, struct hf_bytes user, unsigned flags,
                        struct hf_inbox_status *out, struct hf_error *error)
{
	HF__CALL;
	return hf__read_into(store, &get_status_reading, &user, flags, out, error);
}

int hf_inbox_names(hf_store *store, const struct hf_names_args *args, unsigned flags,
                   struct hf_name_page *out, struct hf_error *error)
{
	HF__CALL;
	static const struct hf__names users = {.domain = HF__DOMAIN_INBOX,
	                                       .operation = "inbox users",
	                                       .by_name = offsetof(struct hf__inbox_state, by_user),
	                                       .root = offsetof(struct hf__inbox_state, root),
	                                       .mono = true};
	return hf__names_list(store, &users, args, flags, out, error);
}
