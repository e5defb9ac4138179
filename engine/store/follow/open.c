/* Read-only handles: opening, what they say of themselves, closing. */
#include "holdfast/store.h"
#include "store/follow/follow.h"

/* A handle that writes nothing has nothing to make known. */
static const struct hf__progress nothing;

static int check_options(const struct hf_options *in, struct hf_options *out,
                         struct hf_error *error)
{
	*out = in ? *in : (struct hf_options){0};
	if (out->inline_max == 0)
		out->inline_max = HF__INLINE_DEFAULT;
	if (out->inline_max > HF_PAYLOAD_MAX)
		return hf__fail(error, HF_EINVAL, 0, "inline_max is out of range");
	if (out->at_time < 0 && out->at_time != HF_UNSET)
		return hf__fail(error, HF_EINVAL, 0, "at_time is before 1970");
	if (out->at_time == HF_UNSET)
		out->at_time = 0;
	out->no_refresh = out->no_refresh || out->at_lsn != 0 || out->at_time != 0;
	return HF_OK;
}

/* The store's seam is that of the pinned files from here on. */
static struct hf__follow *follow_new(struct hf_store *s)
{
	struct hf__follow *f = hf__alloc(sizeof *f);
	if (!f)
		return NULL;
	f->store = s;
	(void)pthread_mutex_init(&f->turn, NULL);
	(void)pthread_rwlock_init(&f->in_use, NULL);
	hf__pinned_init(&f->files, s->os);
	s->os = &f->files.os;
	hf__tail_init(&f->tail, s);
	f->apply.store = s;
	return f;
}

static int open_follow(struct hf_store *s, const struct hf_options *options, struct hf_error *error)
{
	char name[64] = "";
	int rc = check_options(options, &s->options, error);
	if (rc != HF_OK)
		return rc;
	hf__counts_init(s);
	s->watch = hf__watch_new(s);
	if (!s->watch)
		return hf__fail(error, HF_ENOMEM, 0, "no memory for a store");
	/* Nothing is promised that depends on it. */
	(void)s->os->safe(s->os->ctx, name, sizeof name, &s->info.volatile_fs);
	(void)pthread_mutex_lock(&s->follow->turn);
	rc = hf__follow_load(s->follow, error);
	s->options.progress = NULL; /* its ctx may go now */
	(void)pthread_mutex_unlock(&s->follow->turn);
	return rc;
}

int hf__store_open_read(const struct hf__os *os, const struct hf__domains *domains,
                        const struct hf_options *options, struct hf_store **out,
                        struct hf_error *error)
{
	*out = NULL;
	struct hf_store *s = domains->count <= HF__DOMAINS_MAX ? hf__store_new(os, domains) : NULL;
	if (s) {
		s->progress = &nothing;
		s->follow = follow_new(s);
	}
	const int rc = s && s->follow ? open_follow(s, options, error)
	                              : hf__fail(error, HF_ENOMEM, 0, "no memory for a store");
	if (rc == HF_OK) {
		*out = s;
		return HF_OK;
	}
	if (s && s->follow)
		hf__follow_close(s);
	if (s)
		hf__store_free(s);
	return rc;
}

int hf_refresh(hf_store *store, bool *changed, struct hf_error *error)
{
	HF__CALL;
	if (changed)
		*changed = false;
	int rc = hf__check_fork(store, error);
	if (rc != HF_OK)
		return rc;
	struct hf__follow *f = store->follow;
	if (!f || store->options.at_lsn != 0 || store->options.at_time != 0)
		return rc; /* the past does not change */
	(void)pthread_mutex_lock(&f->turn);
	const uint64_t lsn = f->tail.next_lsn, loads = f->loads;
	const bool ended = f->ended;
	rc = hf__follow_catch_up(f, error);
	if (changed)
		*changed =
		    rc == HF_OK && (lsn != f->tail.next_lsn || loads != f->loads || ended != f->ended);
	(void)pthread_mutex_unlock(&f->turn);
	return rc;
}

/* --- The end ---------------------------------------------------------------------------------- */

static void free_left(struct hf__follow *f)
{
	for (struct hf__follow_left *left; (left = f->left) != NULL; hf__free(left)) {
		f->left = left->next;
		f->place->release(left->os);
	}
}

void hf__follow_close(struct hf_store *s)
{
	struct hf__follow *f = s->follow;
	(void)hf__store_release_files(s); /* they were only read */
	hf__tail_deinit(&f->tail);
	hf__pinned_deinit(&f->files);
	(void)pthread_mutex_destroy(&f->turn);
	(void)pthread_rwlock_destroy(&f->in_use);
	s->os = f->files.under;
	s->follow = NULL;
	free_left(f);
	hf__free(f);
}

/* Its locks may be held forever; its files are the parent's. */
void hf__follow_forget(struct hf_store *s)
{
	struct hf__follow *f = s->follow;
	hf__writer_deinit(&f->tail.bytes);
	hf__writer_deinit(&f->tail.facts.bytes);
	hf__recovery_forget(&f->tail.facts);
	hf__pinned_forget(&f->files);
	s->os = f->files.under;
	for (unsigned i = 0; i < HF__BASES; i++)
		s->bases[i].file = -1;
	s->follow = NULL;
	free_left(f);
	hf__free(f);
}
