/* The state from nothing: what an opening for writing would find, or, beside a writer, what the
 * witness knows to be durable.
 *
 * Happy path: all files of the log are opened (pins.h), the facts are collected and the log is
 * replayed as recovery does it. Where no writer has the store open its log ends where an opening
 * would let it end, and the same damage is found. Beside a writer it ends at the witness's word:
 * what lies before is durable and is never written again, so nothing that the writer does
 * meanwhile can look like damage, and what lies behind is not looked at.
 *
 * Failure modes: files that come and go meanwhile, a writer that opens the store. So a failure
 * starts a new attempt, and is believed when the next one fails in the same place, with the same
 * files. A store that writers open again and again while it is loaded is loaded as if it were
 * held all the time.
 *
 * I-FOLLOW-2: what is shown beside a writer is durable. I-FOLLOW-3: what is shown while nobody
 * holds the store is what an opening would find, and no writer opened it until it was read. */
#include "store/follow/follow.h"

#include <errno.h>

#define ATTEMPTS_MAX 100u
#define DEAD_ATTEMPTS 4u /* with a writer that came meanwhile */

/* Of one attempt. */
struct found {
	struct hf__recovery r;
	struct hf_error failure;
	struct hf__witness word;
	struct hf__position end; /* what the state ends with */
	uint64_t lsn, chain;
	bool clean; /* nothing lies behind it, and the witness says that it was closed there */
};

/* --- One attempt ------------------------------------------------------------------------------ */

static int take_files(struct hf__follow *f, struct hf_error *error)
{
	const int rc = hf__pinned_take(&f->files);
	if (rc == EAGAIN)
		return hf__fail(error, HF_ELAGGED, 0,
		                "the store's files change faster than they can be opened");
	return rc ? hf__read_failed(error, "the store's files could not be opened", rc) : HF_OK;
}

static int read_facts(struct hf__follow *f, struct found *found)
{
	struct hf_store *s = f->store;
	int rc = hf__find_identity(s, &found->failure);
	if (rc == HF_OK)
		rc = hf__prepare_memory(s, &found->failure);
	if (rc == HF_OK)
		rc = hf__open_witness(s, 0, &found->failure);
	if (rc == HF_OK)
		rc = hf__recovery_collect(&found->r);
	found->word = found->r.witness;
	return rc;
}

/* Beside a writer: H is where the witness says, however much came behind it. */
static int end_at_witness(struct hf__recovery *r)
{
	const uint32_t number = r->witness.end.segment;
	r->up_to_witness = true;
	r->head = NULL;
	for (size_t i = 0; i < r->count && number != 0; i++)
		if (r->found[i].number == number && r->found[i].header_rc == HF_OK)
			r->head = &r->found[i];
	return r->head || number == 0
	           ? HF_OK
	           : hf__corrupt(
	                 r, number, 0,
	                 "the segment that the witness names is missing or its header is damaged");
}

static struct hf__recovery_bound bound_of(const struct hf_options *o)
{
	return (struct hf__recovery_bound){.is = o->at_lsn != 0 || o->at_time != 0,
	                                   .lsn = o->at_lsn ? o->at_lsn : HF__LSN_MAX,
	                                   .time = o->at_time ? o->at_time : INT64_MAX};
}

static int replay(struct hf__follow *f, struct found *found, bool beside)
{
	struct hf__recovery *r = &found->r;
	bool all_zero = false;
	int rc = take_files(f, &found->failure);
	f->files.frozen = true;
	if (rc == HF_OK)
		rc = read_facts(f, found);
	if (rc == HF_OK && beside)
		rc = end_at_witness(r);
	r->bound = bound_of(&f->store->options);
	if (rc == HF_OK)
		rc = hf__recovery_load(r, &all_zero);
	f->files.frozen = false;
	if (rc == HF_OK && f->store->options.at_lsn >= r->next_lsn && !r->bound.reached)
		rc = hf__fail(r->error, HF_EINVAL, 0, "there is no entry %llu yet",
		              (unsigned long long)f->store->options.at_lsn);
	if (rc != HF_OK)
		return rc;
	found->lsn = r->next_lsn - 1;
	found->chain = r->previous_hash;
	found->end = (struct hf__position){0, 0};
	found->clean = all_zero && found->word.generation == 0;
	if (r->head) {
		found->end = (struct hf__position){r->head->number, r->verdict.end};
		found->clean = hf__recovery_stopped_clean(r);
	}
	return HF_OK;
}

/* Did a writer open the store while it was read as one without a writer? I-FOLLOW-3. */
static int check_alone(struct hf__follow *f, struct found *found)
{
	struct hf__recovery again = {.store = f->store, .error = &found->failure};
	const int rc = hf__recovery_witness(&again);
	if (rc != HF_OK)
		return rc;
	if (!hf__follow_is_held(f) && again.witness.generation == found->word.generation)
		return HF_OK;
	return hf__fail(&found->failure, HF_ELAGGED, 0,
	                "the store is opened and written again and again while it is read");
}

/* --- The state is there ----------------------------------------------------------------------- */

bool hf__follow_is_held(const struct hf__follow *f)
{
	const struct hf__os *os = f->store->os;
	bool held = false;
	/* What cannot be known may be so: then only what is proven is shown. */
	return os->locked(os->ctx, HF__NAME_LOCK, &held) != 0 || held;
}

void hf__follow_reached(struct hf__follow *f)
{
	struct hf_store *s = f->store;
	s->world.next_lsn = f->tail.next_lsn;
	s->world.recovered_lsn = s->world.next_lsn - 1;
	atomic_store(&s->written_lsn, s->world.next_lsn - 1);
	atomic_store(&s->durable_lsn, s->world.next_lsn - 1);
}

void hf__follow_end_opening(struct hf__follow *f)
{
	f->ended = true;
	hf__states_opened(f->store, f->store->world.next_lsn);
}

static void take_over(struct hf__follow *f, const struct found *found, bool beside)
{
	struct hf_store *s = f->store;
	const struct hf__witness *w = &found->word;
	const struct hf__base *base = hf__newest_base(s);
	const uint32_t first = base->os ? base->reader.header.position.segment : 0;
	(void)pthread_mutex_lock(&s->lock);
	hf__sweep_all(s, s->world.states);
	hf__tail_put(&f->tail, found->end, found->lsn, found->chain);
	f->segment = found->end.segment;
	f->apply.incarnation = found->r.incarnation;
	f->word = *w;
	f->judged = beside ? UINT64_MAX : w->generation;
	f->held = beside;
	f->ended = false;
	hf__follow_reached(f);
	hf__states_opened(s, found->r.incarnation);
	const bool past = found->r.bound.is;
	if (!past && (!beside || (w->clean && w->lsn == found->lsn)))
		hf__follow_end_opening(f);
	if (past)
		hf__clock_stand(s, s->options.at_time ? s->options.at_time : HF_UNSET);
	else
		hf__clock_resume(s, w);
	f->whole = f->loaded = true;
	f->loads++;
	s->info.recovered = !beside && !found->clean;
	s->info.torn_bytes = beside ? 0 : found->r.verdict.torn_len;
	(void)pthread_mutex_unlock(&s->lock);
	hf__pinned_let_go(&f->files, first, found->end.segment, s->info.snapshot_lsn);
}

/* --- Attempts --------------------------------------------------------------------------------- */

static bool same_failure(const struct hf_error *a, const struct hf_error *b)
{
	return a->code == b->code && a->offset == b->offset && a->first_lsn == b->first_lsn &&
	       a->os_errno == b->os_errno && strcmp(a->file, b->file) == 0;
}

/* No other attempt would come to anything else. */
static bool final(int rc)
{
	return rc == HF_OK || rc == HF_ENOMEM || rc == HF_EINVAL || rc == HF_EVERSION ||
	       rc == HF_ENOSPACE || rc == HF_EACCESS;
}

static int attempt(struct hf__follow *f, struct found *found, bool beside)
{
	*found = (struct found){0};
	found->r.store = f->store;
	found->r.error = &found->failure;
	hf__follow_drop(f);
	int rc = replay(f, found, beside);
	if (rc == HF_OK && !beside)
		rc = check_alone(f, found);
	if (rc == HF_OK)
		take_over(f, found, beside);
	hf__recovery_free(&found->r);
	hf__recovery_forget(&found->r);
	return rc;
}

static uint64_t listing_of(const struct hf__follow *f)
{
	const struct hf__pin_names *names = &f->files.names;
	return hf__checksum(names->all, names->count * sizeof *names->all, 0);
}

static int load(struct hf__follow *f, struct hf_error *error)
{
	struct found found;
	struct hf_error before = {0};
	uint64_t listing = 0;
	unsigned alone = 0;
	int rc = HF_OK;
	for (unsigned i = 0; i < ATTEMPTS_MAX; i++) {
		const bool beside = hf__follow_is_held(f) || alone == DEAD_ATTEMPTS;
		alone += !beside;
		rc = attempt(f, &found, beside);
		if (final(rc))
			break;
		if (rc != HF_ELAGGED && i > 0 && listing == listing_of(f) &&
		    same_failure(&found.failure, &before))
			break;
		before = found.failure;
		listing = listing_of(f);
	}
	if (rc == HF_OK)
		return rc;
	hf__follow_drop(f);
	if (error)
		*error = found.failure;
	return rc;
}

int hf__follow_load(struct hf__follow *f, struct hf_error *error)
{
	struct hf_store *s = f->store;
	(void)pthread_rwlock_wrlock(&f->in_use);
	(void)pthread_mutex_lock(&s->lock);
	f->whole = f->loaded = false;
	(void)pthread_mutex_unlock(&s->lock);
	const int rc = load(f, error);
	(void)pthread_rwlock_unlock(&f->in_use);
	return rc;
}
