/* What is known of an inbox as a whole: its counts, kept with every change, its status, and
 * which inboxes there are. */
#include "domains/common/objects.h"
#include "domains/common/read.h"
#include "domains/inbox/inbox.h"

static int read_counts(struct hf__query *q, const void *raw, void *out)
{
	const struct hf_bytes *user = raw;
	struct hf_inbox_counts *counts = out;
	if (!hf__inbox_user_ok(*user, &q->why))
		return HF_EINVAL;
	const struct hf__inbox *inbox = hf__query_in(q, *user);
	if (!inbox)
		return HF_OK;
	*counts = (struct hf_inbox_counts){.total = hf__inbox_total(inbox),
	                                   .unread = inbox->unread,
	                                   .unseen = inbox->unseen,
	                                   .dismissed = inbox->dismissed};
	return HF_OK;
}

HF__FIGURES(hf_inbox_count, struct hf_bytes user, &user, inbox_counts, HF__DOMAIN_INBOX,
            read_counts);

static int read_status(struct hf__query *q, const void *raw, void *out)
{
	const struct hf_bytes *user = raw;
	struct hf_inbox_status *status = out;
	if (!hf__inbox_user_ok(*user, &q->why))
		return HF_EINVAL;
	const struct hf__inbox *inbox = hf__query_in(q, *user);
	if (!inbox)
		return HF_OK;
	status->version = inbox->value.status_version;
	if (q->answer->dry)
		return HF_OK;
	const int rc =
	    hf__answer_bytes(q->answer, hf__blob_bytes(inbox->value.status), &status->status);
	return rc == HF_OK
	           ? hf__answer_bytes(q->answer, hf__blob_bytes(inbox->value.extra), &status->extra)
	           : rc;
}

HF__GET(hf_inbox_get_status, struct hf_bytes user, &user, inbox_status, HF__DOMAIN_INBOX,
        read_status);

HF__NAMES(hf_inbox_names, HF__DOMAIN_INBOX, .operation = "inbox users", .mono = true);
