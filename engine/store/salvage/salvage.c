/* A salvage: docs/salvage.md.
 *
 * Happy path: what lies in the source is known by its headers; the state is made once for each
 * beginning that there is (snapshots, newest first; the log alone) until one loses nothing, and
 * otherwise again for the one that loses least; what is lost is reported; the state becomes a file
 * without a name beside the target, and that becomes a store as an import makes one.
 *
 * Failure modes: what cannot be read ends it before anything is made. Whatever fails later leaves
 * the target as it was (I-IMPORT-3); a file without a name goes with its descriptor.
 *
 * I-SALVAGE-1: the source is only read. I-SALVAGE-3: every loss that a beginning brings is
 * reported, and once. */
#include "store/salvage/salvage.h"

#include "store/transfer/target.h"

#define BEGINNINGS_MAX 16u

struct work {
	const struct hf__salvaging *how;
	struct hf__view view;
	struct hf__pass pass;
	struct hf__file_sink sink; /* file -1: none */
	struct hf__meter meter;
	struct hf_salvage_summary *out;
	struct hf_error *error;
};

/* --- The best beginning ----------------------------------------------------------------------- */

/* Snapshots, the newest first, then 0: the log alone. */
static size_t find_beginnings(const struct hf__view *v, uint64_t out[BEGINNINGS_MAX])
{
	size_t count = 0;
	uint64_t before = UINT64_MAX;
	for (bool more = true; more && count < BEGINNINGS_MAX - 1;) {
		uint64_t next = 0;
		for (size_t i = 0; i < v->count; i++) {
			const struct hf__view_file *f = &v->files[i];
			if (f->shown && f->kind == HF__VIEW_SNAPSHOT && f->number < before && f->number > next)
				next = f->number;
		}
		more = next > 0;
		before = next;
		if (more)
			out[count++] = next;
	}
	out[count++] = 0;
	return count;
}

static int try_beginning(struct work *w, uint64_t snapshot)
{
	hf__pass_end(&w->pass);
	return hf__pass_run(&w->pass, &w->view, w->how, snapshot, w->error);
}

/* One with which the state is not sound is passed over while there is another one. */
static int find_best(struct work *w)
{
	uint64_t all[BEGINNINGS_MAX], best = 0, least = UINT64_MAX;
	const size_t count = find_beginnings(&w->view, all);
	bool found = false;
	for (size_t i = 0; i < count; i++) {
		const int rc = try_beginning(w, all[i]);
		if (rc != HF_OK && (rc != HF_ECORRUPT || (i + 1 == count && !found)))
			return rc;
		if (rc != HF_OK || w->pass.unusable || (found && w->pass.lost >= least))
			continue;
		found = true;
		best = all[i];
		least = w->pass.lost;
		if (least == 0)
			return HF_OK;
	}
	return w->pass.snapshot == best && !w->pass.unusable ? HF_OK : try_beginning(w, best);
}

/* --- The report ------------------------------------------------------------------------------- */

static void sum_up(struct work *w)
{
	const struct hf__check *c = &w->pass.check;
	struct hf_salvage_summary *out = w->out;
	out->looked = true;
	memcpy(out->uuid, w->view.id.uuid, sizeof out->uuid);
	out->epoch = w->view.id.epoch;
	out->identity_lost = w->view.adopted;
	out->end_unknown = c->r.witness.generation == 0;
	out->snapshot_lsn = c->store->info.snapshot_lsn;
	out->groups = c->sum.groups;
	out->entries = c->sum.entries;
	out->entries_left_out = c->misfits;
	out->first_lsn = c->sum.first_lsn;
	out->last_lsn = c->sum.last_lsn;
	out->passed_lsn = w->view.mentioned ? w->view.mentioned + HF__LSN_JUMP : 0;
	out->domain_count = c->store->domains->count;
	for (unsigned i = 0; i < c->store->domains->count; i++) {
		out->domains[i].name = c->store->domains->rows[i]->name;
		out->domains[i].entries = c->sum.domains[i].entries;
		out->domains[i].kept = w->pass.kept_objects[i];
		out->domains[i].lost = w->pass.lost_objects[i];
	}
}

/* I-SALVAGE-3 */
static void report(struct work *w)
{
	struct hf__check *c = &w->pass.check;
	for (size_t i = 0; i < c->count; i++) {
		struct hf__finding *f = &c->findings[i];
		if (!f->lost)
			continue;
		f->is.file = hf__view_real(&w->view, f->is.file);
		f->is.objects = f->objects;
		f->is.object_count = f->count;
		f->is.objects_left_out = f->left_out;
		w->out->losses++;
		if (w->how->report)
			w->how->report(w->how->options->ctx, &f->is);
	}
}

/* --- The new store ---------------------------------------------------------------------------- */

static int write_file(struct work *w)
{
	const struct hf__parent *parent = w->how->parent;
	if (!w->how->options->build)
		return hf__keep_look(&w->pass, w->error);
	w->sink = (struct hf__file_sink){.os = parent->os, .file = -1, .meter = &w->meter};
	const int rc = hf__spool_file(parent, w->how->name, &w->sink.file);
	if (rc)
		return hf__os_failed(w->error, "no file could be made beside the new store", rc);
	return hf__keep_write(&w->pass, hf__sink_of(&w->sink), w->error);
}

static int build(struct work *w)
{
	const struct hf__salvaging *how = w->how;
	struct hf__file_source file = {.os = how->parent->os, .file = w->sink.file};
	struct hf_snapshot_file made = {0};
	const struct hf__build build = {
	    .parent = how->parent,
	    .name = how->name,
	    .domains = how->domains,
	    .source = hf__file_source_of(&file, w->sink.written),
	    .has_gaps = true,
	    .allow_unsafe_fs = how->options->allow_unsafe_fs,
	    .epoch_above = how->options->epoch_above,
	    .segment_size = w->view.identity.segment_size,
	    .pad = w->view.identity.pad,
	    .max_bytes = UINT64_MAX,
	    .meter = &w->meter,
	};
	const int rc = hf__build_store(&build, &made, w->error);
	if (rc != HF_OK && rc != HF_EUNCERTAIN)
		return rc;
	w->out->built = true;
	memcpy(w->out->made_uuid, made.uuid, sizeof made.uuid);
	w->out->made_epoch = made.epoch;
	w->out->made_entries = made.entries;
	return rc;
}

/* --- All of it -------------------------------------------------------------------------------- */

static int check_free(struct work *w)
{
	const struct hf__os *os = w->how->source;
	bool held = false;
	const int rc = os->locked(os->ctx, HF__NAME_LOCK, &held);
	if (rc)
		return hf__os_failed(w->error, "whether a writer has the source could not be found out",
		                     rc);
	return held ? hf__fail(w->error, HF_ELOCKED, 0,
	                       "a writer has the source open: what is being written is no damage")
	            : HF_OK;
}

/* Before the long work: is there a place for the new store? */
static int check_target(struct work *w)
{
	struct hf__target target = {.parent = w->how->parent, .name = w->how->name};
	const int rc = hf__target_look(&target, false, 0, w->error);
	hf__target_leave(&target);
	return rc;
}

static int salvage(struct work *w)
{
	int rc = check_free(w);
	if (rc == HF_OK)
		rc = check_target(w);
	if (rc == HF_OK)
		rc = hf__view_open(&w->view, w->how->source, w->error);
	if (rc == HF_OK)
		rc = find_best(w);
	if (rc == HF_OK)
		rc = write_file(w);
	if (rc == HF_OK)
		rc = check_free(w);
	if (rc != HF_OK)
		return rc;
	sum_up(w);
	report(w);
	hf__pass_end(&w->pass); /* its memory is the next state's */
	return w->how->options->build ? build(w) : HF_OK;
}

int hf__salvage(const struct hf__salvaging *how, struct hf_salvage_summary *out,
                struct hf_error *error)
{
	struct work w = {.how = how, .out = out, .error = error, .sink = {.file = -1}};
	w.meter = (struct hf__meter){.fn = how->options->progress, .ctx = how->options->ctx};
	*out = (struct hf_salvage_summary){0};
	if (how->domains->count > HF_FSCK_DOMAINS_MAX)
		return hf__fail(error, HF_EINVAL, 0, "too many domains");
	const int rc = salvage(&w);
	hf__pass_end(&w.pass);
	if (w.view.seam.under)
		hf__view_close(&w.view);
	if (w.sink.file >= 0)
		(void)w.sink.os->close(w.sink.os->ctx, w.sink.file); /* it has no name */
	if (rc == HF_OK)
		hf__meter_end(&w.meter);
	return rc;
}
