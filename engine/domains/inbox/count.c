/* What is known of an inbox as a whole: its counts, kept with every change, its status, and
 * which inboxes there are. */
#include "domains/inbox/inbox.h"
#include "store/call/error.h"

struct counts {
	struct hf_bytes user;
	struct hf_inbox_counts *out;
};

static int read_counts(struct hf__query *q, void *raw)
{
	const struct counts *counts = raw;
	if (!hf__inbox_user_ok(counts->user, &q->why))
		return HF_EINVAL;
	const struct hf__inbox *inbox = hf__inbox_find(q->state, counts->user);
	hf__query_depends(q, hf__inbox_depends(q->state, inbox, counts->user));
	if (!inbox)
		return HF_OK;
	*counts->out = (struct hf_inbox_counts){hf__inbox_total(inbox), inbox->unread, inbox->unseen,
	                                        inbox->dismissed};
	return HF_OK;
}

int hf_inbox_count(hf_store *store, struct hf_bytes user, unsigned flags,
                   struct hf_inbox_counts *out, struct hf_error *error)
{
	HF__CALL;
	struct hf__answer answer;
	struct hf_inbox_counts found = {0};
	struct counts counts = {user, &found};
	memset(out, 0, sizeof *out);
	const int rc = hf__read(store, HF__DOMAIN_INBOX, read_counts, &counts, flags, &answer, error);
	if (rc != HF_OK)
		return rc;
	hf__answer_reset(&answer);
	*out = found;
	return HF_OK;
}

struct status {
	struct hf_bytes user;
	struct hf_inbox_status *out;
};

static int read_status(struct hf__query *q, void *raw)
{
	const struct status *status = raw;
	if (!hf__inbox_user_ok(status->user, &q->why))
		return HF_EINVAL;
	const struct hf__inbox *inbox = hf__inbox_find(q->state, status->user);
	hf__query_depends(q, hf__inbox_depends(q->state, inbox, status->user));
	if (!inbox)
		return HF_OK;
	status->out->version = inbox->value.status_version;
	const int rc =
	    hf__answer_bytes(q->answer, hf__blob_bytes(inbox->value.status), &status->out->status);
	return rc == HF_OK ? hf__answer_bytes(q->answer, hf__blob_bytes(inbox->value.extra),
	                                      &status->out->extra)
	                   : rc;
}

int hf_inbox_get_status(hf_store *store, struct hf_bytes user, unsigned flags,
                        struct hf_inbox_status *out, struct hf_error *error)
{
	HF__CALL;
	struct hf__answer answer;
	struct hf_inbox_status found = {0};
	struct status status = {user, &found};
	memset(out, 0, sizeof *out);
	const int rc = hf__read(store, HF__DOMAIN_INBOX, read_status, &status, flags, &answer, error);
	if (rc != HF_OK)
		return rc;
	found.memory = hf__answer_give(&answer);
	if (!found.memory)
		return hf__fail(error, HF_ENOMEM, 0, "no memory for the answer");
	*out = found;
	return HF_OK;
}

static const struct hf__order *order_of(const void *state)
{
	return &((const struct hf__inbox_state *)state)->by_user;
}

static struct hf_bytes user_of(const struct hf__order_node *node)
{
	return hf__inbox_user(hf__inbox_of_order(node));
}

static const struct hf__object *root_of(const void *state)
{
	return &((const struct hf__inbox_state *)state)->root;
}

int hf_inbox_names(hf_store *store, const struct hf_names_args *args, unsigned flags,
                   struct hf_name_page *out, struct hf_error *error)
{
	HF__CALL;
	static const struct hf__names users = {.domain = HF__DOMAIN_INBOX,
	                                       .operation = "inbox users",
	                                       .order = order_of,
	                                       .name = user_of,
	                                       .root = root_of,
	                                       .mono = true};
	return hf__names_list(store, &users, args, flags, out, error);
}
