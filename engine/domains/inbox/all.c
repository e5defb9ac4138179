/* Marking all records of an inbox, or of one of its accounts, at once: one ALL entry whatever
 * the count. What it touches is named by a bound on the LSN of the last save, so that a record
 * which came after the caller looked stays as it is. */
#include "domains/common/objects.h"
#include "domains/common/verb.h"
#include "domains/inbox/save.h"

static int all_check(const void *raw, struct hf__text *why)
{
	const struct hf_inbox_mark_all_args *args = raw;
	const int rc = hf__check_many(&args->write, args->user, why);
	if (rc != HF_OK || args->account.len == 0)
		return rc;
	return hf__inbox_part_ok("account", args->account, why) ? HF_OK : HF_EINVAL;
}

static uint32_t count_changes(const struct hf__inbox *inbox, const struct hf__inbox_all *all)
{
	const struct hf__inbox_bound range = hf__inbox_all_range(all);
	uint32_t count = 0;
	for (struct hf__index_at at = hf__records_first(inbox, &range, NULL); at.leaf;
	     at = hf__records_next(inbox, &range, at))
		count++;
	return count;
}

static int decide_all(void *state, struct hf__decision *d,
                      const struct hf_inbox_mark_all_args *args, enum hf__inbox_mark mark,
                      struct hf_result *result)
{
	const struct hf__inbox *inbox = hf__look_in(state, d, args->user);
	if (!inbox)
		return HF_OK;
	struct hf__inbox_all all = {.mark = mark,
	                            .user = args->user,
	                            .account = args->account,
	                            .at = hf__given_or(&args->write, args->now, d->stamp)};
	const uint64_t newest = hf__next_lsn(d) - 1;
	all.up_to = args->up_to == 0 || args->up_to > newest ? newest : args->up_to;
	all.count = count_changes(inbox, &all);
	result->count = all.count;
	result->changed = all.count > 0;
	if (!result->changed)
		return HF_OK;
	hf__inbox_put_all(hf__entry_body(d), &all);
	return hf__emit(d, HF__INBOX_ALL);
}

static int mark_all_read_decide(void *state, struct hf__decision *d, const void *args,
                                struct hf_result *result)
{
	return decide_all(state, d, args, HF__INBOX_MARK_READ, result);
}

static int dismiss_all_decide(void *state, struct hf__decision *d, const void *args,
                              struct hf_result *result)
{
	return decide_all(state, d, args, HF__INBOX_MARK_DISMISS, result);
}

HF__MUTATION(hf_inbox_mark_all_read, inbox_mark_all_args, hf__run, "inbox mark_all_read",
             HF__DOMAIN_INBOX, .check = all_check, .decide = mark_all_read_decide);
HF__MUTATION(hf_inbox_dismiss_all, inbox_mark_all_args, hf__run, "inbox dismiss_all",
             HF__DOMAIN_INBOX, .check = all_check, .decide = dismiss_all_decide);
