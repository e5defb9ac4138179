/* One pass of a salvage: the check's own reading of the log, over what the view shows, with one
 * beginning. Every whole entry goes through the same apply as at an opening; one that does not fit
 * behind a gap is left out, and named. Failure modes: what cannot be read is no damage and ends the
 * salvage, and so does what a newer version wrote. */
#include "store/salvage/salvage.h"

#define OBJECTS_DEFAULT 100u

static int look(struct hf__pass *p)
{
	struct hf__check *c = &p->check;
	struct hf__view *v = p->view;
	c->store->identity = v->identity;
	/* the log may begin anywhere: what is missing before is found by its LSNs */
	c->store->identity.incompat |= HF__FEATURE_BEHIND_SNAPSHOT;
	c->store->options.inline_max = HF__INLINE_DEFAULT;
	c->have_identity = true;
	const int rc = hf__prepare_memory(c->store, &c->scratch);
	if (rc != HF_OK)
		return rc;
	hf__check_witness(c);
	hf__check_log(c);
	hf__salvage_cover(c);
	hf__sweep_all(c->store, c->store->world.states);
	return HF_OK;
}

/* --- What became of it ------------------------------------------------------------------------ */

static int find_severity(const struct hf__check *c, enum hf_fsck_severity severity,
                         struct hf_error *error, int rc)
{
	for (size_t i = 0; i < c->count; i++) {
		const struct hf_fsck_finding *is = &c->findings[i].is;
		if (is->severity == severity)
			return hf__fail_at(error, rc, is->file, is->offset, "nothing was salvaged: %s",
			                   is->what);
	}
	return HF_OK;
}

static int judge(struct hf__pass *p, struct hf_error *error)
{
	struct hf__check *c = &p->check;
	if (c->no_memory)
		return hf__fail(error, HF_ENOMEM, 0, "no memory for the state of the source");
	if (c->changed)
		return hf__fail(error, HF_ECANCELED, 0, "files of the source changed meanwhile");
	int rc = find_severity(c, HF_FSCK_NEWER, error, HF_EVERSION);
	if (rc == HF_OK)
		rc = find_severity(c, HF_FSCK_IO, error, HF_EIO);
	for (unsigned i = 0; i < c->store->domains->count && rc == HF_OK && !p->unusable; i++) {
		char why[HF_ERROR_TEXT] = "";
		struct hf__text text = {why, sizeof why, 0};
		if (c->store->domains->rows[i]->verify(c->store->world.states[i], &text) != HF_OK)
			rc = hf__fail(error, HF_ECORRUPT, 0, "what is left makes no sound state: %s", why);
	}
	return rc;
}

/* As far as LSNs say. */
static void count_lost(struct hf__pass *p)
{
	const struct hf__check *c = &p->check;
	p->lost += c->misfits;
	for (size_t i = 0; i < c->count; i++) {
		const struct hf_fsck_finding *is = &c->findings[i].is;
		if (c->findings[i].lost)
			p->lost +=
			    is->first_lsn && is->last_lsn != HF_ABSENT ? is->last_lsn - is->first_lsn + 1 : 1;
	}
}

int hf__pass_run(struct hf__pass *p, struct hf__view *v, const struct hf__salvaging *how,
                 uint64_t snapshot, struct hf_error *error)
{
	struct hf__check *c = &p->check;
	*p = (struct hf__pass){.view = v, .snapshot = snapshot, .base_hole = HF__NO_FINDING};
	c->store = hf__store_new(&v->seam.os, how->domains);
	if (!c->store)
		return hf__fail(error, HF_ENOMEM, 0, "no memory for the state of the source");
	c->r = (struct hf__recovery){.store = c->store, .error = &c->scratch};
	c->max_objects = how->options->max_objects ? how->options->max_objects : OBJECTS_DEFAULT;
	c->progress = how->options->progress;
	c->ctx = how->options->ctx;
	c->certain = true;
	c->hole = HF__NO_FINDING;
	c->begin = hf__salvage_begin;
	c->pass_snapshot = hf__salvage_cover;
	const int rc = look(p);
	if (rc != HF_OK) {
		if (error)
			*error = c->scratch;
		return rc;
	}
	count_lost(p);
	const int judged = judge(p, error);
	return judged == HF_OK && p->base_damaged ? hf__keep_count(p, error) : judged;
}

void hf__pass_end(struct hf__pass *p)
{
	struct hf_store *s = p->check.store;
	if (!s)
		return;
	hf__check_forget(&p->check);
	if (s->witness.file >= 0)
		(void)s->os->close(s->os->ctx, s->witness.file); /* only read */
	hf__store_free(s);
	*p = (struct hf__pass){0};
}
