/* Reads: take the answer under the lock, then wait until the newest change that it depends on is
 * as durable as was asked of it (rule 2), starting the sync if no other thread will. */
#include "store/follow/follow.h"

uint64_t hf__query_last_lsn(const struct hf__query *q)
{
	return q->answer->store->world.next_lsn - 1;
}

static int settle_durability(struct hf_store *s, const struct hf__query *q, unsigned flags,
                             bool failed_before, struct hf_error *error)
{
	struct hf__ticket ticket = hf__ticket_for(s, q->need_changed, q->need_due);
	if (flags & HF_READ_UNDURABLE) {
		/* Nothing but the rule that keeps LSNs from being issued twice: the first group,
		 * whichever LSN it is that would get out. */
		ticket.due = q->need_changed >= s->world.incarnation_lsn ? s->world.incarnation_lsn : 0;
		ticket.changed = 0;
	}
	if (hf__reached(s, ticket))
		return HF_OK;
	if (failed_before)
		return hf__fail(error, HF_EFAILED, s->fault_errno,
		                "the answer needs changes that were never made durable: reopen the store");
	const int rc = hf__wait_for(s, ticket);
	return rc == HF_OK ? rc
	                   : hf__fail(error, rc, s->fault_errno,
	                              "the changes that the answer shows could not be made durable: "
	                              "reopen the store");
}

static int refuse(struct hf_error *error, int rc, const char *why)
{
	return hf__fail(error, rc, 0, "%s", why[0] ? why : hf_code_name(rc));
}

/* In a transaction it is the commit that waits: I-SEEN-2. */
static int note(hf_txn *txn, const struct hf__asking *asking, unsigned index, const void *args,
                int rc, const struct hf__facts *facts, unsigned *flags)
{
	*flags |= HF_READ_UNDURABLE;
	return hf__seen_note(txn, asking, index, args, rc, facts) == HF_OK ? rc : HF_ENOMEM;
}

/* All steps are of one instant: nothing that is listed changed, and time that passes meanwhile does
 * not count. Any change is newer than all that the first step depended on. */
static void note_step(struct hf__stepping *stepping, const struct hf__query *q)
{
	stepping->moved = stepping->begun && stepping->changed != q->need_changed;
	stepping->begun = true;
	stepping->mono = q->mono;
	stepping->changed = q->need_changed;
}

static int64_t instant_of(struct hf_store *store, const struct hf__stepping *stepping)
{
	return stepping && stepping->begun
	           ? stepping->mono
	           : hf__clock_mono(store, hf__setback(store, store->world.states));
}

bool hf__may_step(const struct hf_store *store)
{
	return !store->lent.reads_of;
}

static int read_state(struct hf_store *store, hf_txn *txn, const struct hf__asking *asking,
                      unsigned index, void *args, unsigned flags, struct hf__answer *answer,
                      struct hf_error *error)
{
	char why[HF_ERROR_TEXT]; /* not all zeroed: most reads say nothing */
	struct hf__facts facts;
	why[0] = '\0';
	(void)pthread_mutex_lock(&store->lock);
	int rc = hf__follow_whole(store, error);
	if (rc != HF_OK) {
		(void)pthread_mutex_unlock(&store->lock);
		return rc;
	}
	struct hf__query q = hf__query_now(store, index, instant_of(store, asking->stepping), answer);
	q.why = (struct hf__text){why, sizeof why, 0};
	facts.count = 0;
	q.facts = txn ? &facts : NULL;
	hf__query_depends(&q, hf__setback_object(store));
	facts.form = true;
	rc = asking->read(&q, args);
	if (asking->stepping)
		note_step(asking->stepping, &q);
	facts.form = facts.form && rc == HF_EINVAL;
	const bool failed_before = atomic_load(&store->fault) != 0;
	(void)pthread_mutex_unlock(&store->lock);
	if (txn)
		rc = note(txn, asking, index, args, rc, &facts, &flags);
	/* A refusal (no such object) is an answer too. */
	int waited = settle_durability(store, &q, flags, failed_before, error);
	if (waited == HF_OK && rc == HF_OK)
		waited = hf__answer_load_all(store, answer, error);
	if (waited == HF_OK && rc == HF_OK)
		return HF_OK;
	hf__answer_reset(answer);
	return waited != HF_OK ? waited : refuse(error, rc, why);
}

int hf__read(struct hf_store *store, const struct hf__asking *asking, void *args, unsigned flags,
             struct hf__answer *answer, struct hf_error *error)
{
	unsigned index = 0;
	hf_txn *txn = asking->copy ? store->lent.reads_of : NULL;
	if (txn)
		store = txn->store;
	if (!asking->stepping || !asking->stepping->begun)
		*answer = (struct hf__answer){.store = store};
	else
		answer->scratch = &asking->stepping->scratch;
	int rc = hf__check_fork(store, error);
	if (rc != HF_OK)
		return rc;
	if (!hf__domain_by_id(store, asking->domain, &index))
		return hf__fail(error, HF_EINVAL, 0, "no domain %u", asking->domain);
	rc = hf__follow_begin(store, error);
	if (rc != HF_OK)
		return rc;
	rc = read_state(store, txn, asking, index, args, flags, answer, error);
	hf__follow_end(store);
	return rc;
}
