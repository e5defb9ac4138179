/* One round: which files, one after the other, and what a failure means. docs/scrub.md.
 *
 * I-SCRUB-1: nothing here calls anything of the seam that changes a file or a name. I-SCRUB-4: each
 * step reads a piece or ends a file, and a file is read twice at most. */
#include "store/scrub/round.h"

#include <errno.h>
#include <stdlib.h>

/* --- Which files ------------------------------------------------------------------------------ */

static bool add(struct hf__scrub_round *r, struct hf__scrub_target target)
{
	struct hf__scrub_target *more = hf__grown(r->targets, r->count, &r->cap, sizeof *more, 16);
	if (!more)
		return false;
	r->targets = more;
	r->targets[r->count++] = target;
	return true;
}

static int note_name(void *arg, const char *name)
{
	struct hf__scrub_target target = {.kind = HF__SCRUB_SNAPSHOT};
	if (!hf__snapshot_name_parse(name, &target.number))
		return 0;
	return add(arg, target) ? 0 : ENOMEM;
}

/* I-SCRUB-2: those whose successor is durable. The lock is held. */
static bool note_segments(struct hf__scrub_round *r)
{
	const struct hf_store *s = r->store;
	const uint32_t durable = s->durable.end.segment;
	const uint32_t head = durable > s->scrub.head ? durable : s->scrub.head;
	bool memory = true;
	for (size_t i = 0; i < s->guard.count && memory; i++)
		if (s->guard.sealed[i].segment < head)
			memory = add(r, (struct hf__scrub_target){.kind = HF__SCRUB_SEGMENT,
			                                          .number = s->guard.sealed[i].segment,
			                                          .successor = head});
	return memory;
}

/* IDENTITY, snapshots from the newest on, segments from the oldest on. */
static int compare(const void *a, const void *b)
{
	const struct hf__scrub_target *left = a, *right = b;
	if (left->kind != right->kind)
		return left->kind < right->kind ? -1 : 1;
	const int by_number = (left->number > right->number) - (left->number < right->number);
	return left->kind == HF__SCRUB_SNAPSHOT ? -by_number : by_number;
}

static void name_of(const struct hf__scrub_target *t, char out[HF__NAME_MAX])
{
	if (t->kind == HF__SCRUB_SEGMENT)
		hf__segment_name((uint32_t)t->number, out);
	else if (t->kind == HF__SCRUB_SNAPSHOT)
		hf__snapshot_name(t->number, out);
	else
		memcpy(out, HF__NAME_IDENTITY, sizeof HF__NAME_IDENTITY);
}

/* For progress; what cannot be asked counts as nothing. */
static void know_sizes(struct hf__scrub_round *r)
{
	for (size_t i = 0; i < r->count; i++) {
		struct hf__scrub_file file;
		struct hf__snapshot_fault fault;
		char name[HF__NAME_MAX];
		name_of(&r->targets[i], name);
		if (hf__scrub_open(&file, r->store->os, name, &fault) == HF_OK)
			r->targets[i].size = file.size;
		r->total += r->targets[i].size;
		hf__scrub_file_close(&file);
	}
}

static int list(struct hf__scrub_round *r, struct hf_error *error)
{
	struct hf_store *s = r->store;
	bool memory = add(r, (struct hf__scrub_target){.kind = HF__SCRUB_IDENTITY});
	const int rc = memory ? s->os->list(s->os->ctx, note_name, r) : ENOMEM;
	if (rc != 0)
		return hf__read_failed(error, "the directory could not be read", rc);
	(void)pthread_mutex_lock(&s->lock);
	memory = note_segments(r);
	(void)pthread_mutex_unlock(&s->lock);
	if (!memory)
		return hf__fail(error, HF_ENOMEM, 0, "no memory for the names of files");
	qsort(r->targets, r->count, sizeof *r->targets, compare);
	for (size_t i = 0; i + 1 < r->count; i++)
		if (r->targets[i].kind == HF__SCRUB_SEGMENT)
			r->targets[i].successor = (uint32_t)r->targets[i + 1].number;
	know_sizes(r);
	return HF_OK;
}

int hf__scrub_begin(struct hf_store *s, struct hf__scrub_round **out, struct hf_error *error)
{
	struct hf__scrub_round *r = hf__alloc(sizeof *r);
	*out = NULL;
	if (!r)
		return hf__fail(error, HF_ENOMEM, 0, "no memory for a scrub");
	r->store = s;
	r->file.file = -1;
	const int rc = list(r, error);
	if (rc == HF_OK)
		*out = r;
	else
		hf__scrub_end(r);
	return rc;
}

/* --- One file --------------------------------------------------------------------------------- */

static void leave_file(struct hf__scrub_round *r)
{
	hf__snapshot_reader_deinit(&r->snapshot);
	memset(&r->snapshot, 0, sizeof r->snapshot);
	hf__scrub_file_close(&r->file);
	r->walk = (struct hf__scrub_walk){0};
}

static void next_file(struct hf__scrub_round *r)
{
	leave_file(r);
	r->before += r->targets[r->index].size;
	r->index++;
	r->again = false;
}

static int check_identity(struct hf__scrub_round *r, struct hf__snapshot_fault *fault)
{
	struct hf__identity identity;
	const uint8_t *bytes;
	int rc = HF_ECORRUPT;
	if (r->file.size == HF__IDENTITY_SIZE) {
		rc = hf__scrub_see(&r->file, 0, HF__IDENTITY_SIZE, &bytes, fault);
		if (rc != HF_OK)
			return rc;
		rc = hf__identity_decode(bytes, HF__IDENTITY_SIZE, &identity);
	}
	if (rc != HF_OK)
		fault->what = "it does not verify";
	return rc;
}

static int open_file(struct hf__scrub_round *r, bool *done, struct hf__snapshot_fault *fault)
{
	char name[HF__NAME_MAX];
	name_of(&r->targets[r->index], name);
	const int rc = hf__scrub_open(&r->file, r->store->os, name, fault);
	if (rc != HF_OK)
		return rc;
	switch (r->targets[r->index].kind) {
	case HF__SCRUB_SEGMENT:
		return hf__scrub_segment_open(r, fault);
	case HF__SCRUB_SNAPSHOT:
		return hf__scrub_snapshot_open(r, done, fault);
	default:
		*done = true;
		return check_identity(r, fault);
	}
}

static int look(struct hf__scrub_round *r, bool *done, struct hf__snapshot_fault *fault)
{
	if (!r->file.open)
		return open_file(r, done, fault);
	return r->targets[r->index].kind == HF__SCRUB_SEGMENT ? hf__scrub_segment_step(r, done, fault)
	                                                      : hf__scrub_snapshot_step(r, done, fault);
}

/* --- What a failure means --------------------------------------------------------------------- */

/* Was it removed or replaced meanwhile, or its descriptor closed by the host? */
static bool gone(const struct hf__scrub_round *r, const struct hf__snapshot_fault *fault)
{
	const struct hf__os *os = r->store->os;
	if (!r->file.open)
		return fault->os_errno == ENOENT;
	return os->same(os->ctx, r->file.file, r->file.name) == ESTALE;
}

/* The decision table of docs/scrub.md. */
static int judge(struct hf__scrub_round *r, int rc, const struct hf__snapshot_fault *fault,
                 struct hf_error *error)
{
	const int code = rc == HF_EIO ? hf__code_of_reading(fault->os_errno) : rc;
	if (gone(r, fault) || rc == HF_EVERSION) {
		next_file(r);
		return HF_OK;
	}
	if (code == HF_ENOMEM || code == HF_ENOSPACE) {
		leave_file(r);
		return code == HF_ENOMEM
		           ? hf__fail(error, code, 0, "no memory for a scrub")
		           : hf__os_failed(error, "a file could not be opened", fault->os_errno);
	}
	if (rc == HF_ECORRUPT && !r->again) {
		leave_file(r);
		r->again = true;
		return HF_OK;
	}
	hf__scrub_found(r, rc == HF_ECORRUPT ? rc : HF_EIO, fault);
	next_file(r);
	return HF_OK;
}

int hf__scrub_step(struct hf__scrub_round *r, uint64_t *bytes, bool *done, struct hf_error *error)
{
	struct hf__snapshot_fault fault = {0};
	bool through = false;
	*bytes = 0;
	*done = r->index >= r->count;
	if (*done)
		return HF_OK;
	const uint64_t before = r->file.open ? r->file.read : 0;
	int rc = look(r, &through, &fault);
	*bytes = r->file.read - before;
	if (rc != HF_OK) {
		rc = judge(r, rc, &fault, error);
	} else if (through) {
		hf__scrub_verified(r);
		next_file(r);
	}
	*done = r->index >= r->count;
	return rc;
}

void hf__scrub_end(struct hf__scrub_round *r)
{
	if (!r)
		return;
	leave_file(r);
	hf__free(r->targets);
	hf__free(r);
}
