/* hf_fsck.
 *
 * Job: every byte of every file, and the state that follows from them; read only. Happy path:
 * one pass: the identity, the witness, the segments in the order of the log (each group
 * verified, each entry applied), then every domain verifies its state and gives every object.
 *
 * Failure modes: whatever is not as it should be is a finding, and the pass goes on behind it.
 * Nothing keeps a writer out, and what one changes under a pass can look like damage; so a pass
 * that found anything is believed only when the next one finds the same. No memory ends the
 * check. */
#include "store/check/check.h"

#define PASSES_MAX 10u
#define OBJECTS_DEFAULT 100u

/* What looks like an unclean stop is none while a writer has the store open. */
static void know_stop(struct hf__check *c)
{
	const struct hf__os *os = c->store->os;
	bool held = false;
	if (os->locked(os->ctx, HF__NAME_LOCK, &held) == 0 && held)
		c->sum.last_stop = HF_FSCK_STOP_NONE;
}

static int look(struct hf__check *c)
{
	const int rc = hf__check_identity(c);
	if (rc != HF_OK)
		return rc;
	if (c->have_identity) {
		hf__check_witness(c);
		hf__check_log(c);
		hf__check_slots(c);
		hf__check_states(c);
		hf__check_snapshots(c);
	}
	hf__check_others(c);
	know_stop(c);
	return c->no_memory ? HF_ENOMEM : HF_OK;
}

static void end_pass(struct hf__check *c)
{
	struct hf_store *s = c->store;
	hf__check_forget(c);
	if (s->witness.file >= 0)
		(void)s->os->close(s->os->ctx, s->witness.file); /* only read */
	hf__store_free(s);
}

/* A pass with a handle of its own; on success the caller ends it. */
static int pass(struct hf__check *c, const struct hf__check *settings, const struct hf__os *os,
                const struct hf__domains *domains)
{
	*c = *settings;
	c->store = hf__store_new(os, domains);
	if (!c->store)
		return HF_ENOMEM;
	c->r = (struct hf__recovery){.store = c->store, .error = &c->scratch};
	const int rc = look(c);
	if (rc != HF_OK)
		end_pass(c);
	return rc;
}

static int explain(int rc, const struct hf_error *why, struct hf_error *error)
{
	if (rc == HF_ENOTFOUND)
		return hf__fail(error, rc, 0, "the directory holds no store");
	if (rc == HF_ENOMEM)
		return hf__fail(error, rc, 0, "no memory to check the store");
	if (error)
		*error = *why;
	return rc;
}

/* Passes until one finds nothing, or two in a row the same. *c is then the one to tell of. */
static int believe(struct hf__check *c, const struct hf__check *settings, const struct hf__os *os,
                   const struct hf__domains *domains)
{
	uint64_t before = 0;
	for (unsigned i = 0; i < PASSES_MAX; i++) {
		const int rc = pass(c, settings, os, domains);
		if (rc != HF_OK)
			return rc;
		const uint64_t signature = hf__check_signature(c);
		if (!c->changed && (signature == 0 || (i > 0 && signature == before)))
			return HF_OK;
		before = c->changed ? 0 : signature;
		end_pass(c);
	}
	return HF_ECANCELED;
}

int hf__fsck(const struct hf__os *os, const struct hf__domains *domains,
             const struct hf_fsck_options *options, hf_fsck_fn report, void *ctx,
             struct hf_fsck_summary *out, struct hf_error *error)
{
	const struct hf__check settings = {
	    .max_objects = options && options->max_objects ? options->max_objects : OBJECTS_DEFAULT,
	    .report = report,
	    .progress = options ? options->progress : NULL,
	    .ctx = ctx,
	    .certain = true,
	    .hole = HF__NO_FINDING,
	};
	struct hf__check c = settings;
	int rc =
	    domains->count <= HF_FSCK_DOMAINS_MAX ? believe(&c, &settings, os, domains) : HF_EINVAL;
	if (rc != HF_OK && out)
		*out = (struct hf_fsck_summary){.verdict = rc};
	if (rc == HF_ECANCELED)
		return hf__fail(error, rc, 0, "a writer changed the store during every pass: try again");
	if (rc != HF_OK)
		return explain(rc, &c.scratch, error);
	c.sum.checked = true;
	rc = hf__check_tell(&c, error);
	if (out)
		*out = c.sum;
	end_pass(&c);
	return rc;
}
