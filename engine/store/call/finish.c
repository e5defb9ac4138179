/* How a call ends that sequenced something: it waits until its answer may be given, and loads
 * what is still on disk. */
#include "store/call/finish.h"

#include "store/internal.h"

/* After the wait: what a claim gives back may still lie on disk. The commit stands whatever
 * happens here, so results and answers stay, and the first failure to read is reported. */
static int load_answers(struct hf_store *s, const struct hf__op *ops, size_t count,
                        struct hf_error *error)
{
	int first = HF_OK;
	for (size_t i = 0; i < count; i++) {
		const int rc = ops[i].answer
		                   ? hf__answer_load_all(s, ops[i].answer, first == HF_OK ? error : NULL)
		                   : HF_OK;
		if (rc != HF_OK && first == HF_OK && error && count > 1)
			error->operation = (uint32_t)i;
		first = first == HF_OK ? rc : first;
	}
	return first;
}

int hf__commit_end(struct hf_store *s, const struct hf__op *ops, size_t count, int rc,
                   struct hf__ticket ticket, struct hf_error *error)
{
	/* A refusal waits like an answer: its cause must be durable. */
	const int waited = hf__wait_unlock(s, ticket);
	hf__async_tell(s); /* sequencing may have failed the store */
	if (waited != HF_OK) {
		hf__clear_results(ops, count);
		return hf__fail(error, waited, s->fault_errno,
		                "the write or sync failed: reopen the store, then look");
	}
	return rc == HF_OK ? load_answers(s, ops, count, error) : rc;
}

/* Of what a ticket waits for, what its caller waits for all the same: no LSN of this incarnation
 * gets out, and neither does a token, before its first group is durable (hf__ticket_for). Once
 * in an opening. */
static struct hf__ticket first_group(const struct hf_store *s, struct hf__ticket ticket)
{
	const uint64_t first = s->world.incarnation_lsn;
	return (struct hf__ticket){0, ticket.due >= first ? first : 0};
}

/* Payloads of a claim are loaded by this end too: what lies in no buffer any more was written. */
int hf__commit_end_async(struct hf_store *s, const struct hf__op *ops, size_t count, int rc,
                         struct hf__ticket ticket, struct hf_ticket *out, struct hf_error *error)
{
	hf__async_hand_out(s, ticket);
	rc = hf__commit_end(s, ops, count, rc, first_group(s, ticket), error);
	/* A failure of that wait is the answer; nothing more is to come. */
	if (rc != HF_EUNCERTAIN)
		*out = (struct hf_ticket){ticket.changed, ticket.due};
	return rc;
}

/* --- What was sequenced before ---------------------------------------------------------------- */

int hf__wait(struct hf_store *store, const struct hf__ticket *ticket, struct hf_error *error)
{
	const int rc = hf__wait_for(store, *ticket);
	return rc == HF_OK ? rc
	                   : hf__fail(error, rc, store->fault_errno,
	                              "the write or sync failed: reopen the store, then look");
}

int hf_sync(hf_store *store, struct hf_error *error)
{
	HF__CALL;
	int rc = hf__check_writable(store, error);
	if (rc != HF_OK)
		return rc;
	(void)pthread_mutex_lock(&store->lock);
	const uint64_t last = store->world.next_lsn - 1;
	const int fault = atomic_load(&store->fault);
	(void)pthread_mutex_unlock(&store->lock);
	if (fault)
		return hf__fail_fault(store, error);
	rc = hf__wait_for(store, (struct hf__ticket){last, last});
	return rc == HF_OK ? HF_OK
	                   : hf__fail(error, rc, store->fault_errno,
	                              "the sync failed: reopen the store, then look");
}
