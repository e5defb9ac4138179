/* A sealed segment, group by group. I-SCRUB-2: what lies before the end that its successor's header
 * names never changes. */
#include "store/scrub/round.h"

#include <errno.h>

static int damaged(struct hf__snapshot_fault *fault, uint64_t at, const char *what)
{
	*fault = (struct hf__snapshot_fault){.at = at, .what = what};
	return HF_ECORRUPT;
}

/* Where the segment ends is what the next one's first sector says. That one is hot, or its turn
 * comes: what is wrong with it is not said here. */
static int know_successor(struct hf__scrub_round *r, const struct hf__scrub_target *t,
                          struct hf__snapshot_fault *fault)
{
	const struct hf_store *s = r->store;
	struct hf__scrub_walk *w = &r->walk;
	uint8_t sector[HF__SEGMENT_HEADER_SIZE];
	char name[HF__NAME_MAX];
	size_t got = 0;
	int file = -1;
	hf__segment_name(t->successor, name);
	int rc = s->os->open(s->os->ctx, name, 0, &file);
	if (rc == 0) {
		rc = s->os->read(s->os->ctx, file, sector, sizeof sector, 0, &got);
		(void)s->os->close(s->os->ctx, file); /* only read */
	}
	if (rc != 0 && rc != ENOENT) {
		*fault = (struct hf__snapshot_fault){
		    .os_errno = rc, .what = "the header of the next segment could not be read"};
		return HF_EIO;
	}
	w->judged = rc == 0 && hf__segment_header_decode(&s->id, sector, got, &w->successor) == HF_OK &&
	            w->successor.number == t->successor &&
	            w->successor.previous_end.segment == t->number;
	return HF_OK;
}

int hf__scrub_segment_open(struct hf__scrub_round *r, struct hf__snapshot_fault *fault)
{
	const struct hf__scrub_target *t = &r->targets[r->index];
	struct hf__segment_header header;
	const uint8_t *bytes;
	int rc = know_successor(r, t, fault);
	if (rc == HF_OK)
		rc = hf__scrub_see(&r->file, 0, HF__SEGMENT_HEADER_SIZE, &bytes, fault);
	if (rc != HF_OK)
		return rc;
	rc = hf__segment_header_decode(&r->store->id, bytes, HF__SEGMENT_HEADER_SIZE, &header);
	if (rc == HF_EVERSION)
		return rc;
	if (rc != HF_OK || header.number != t->number)
		return damaged(fault, 0, "its header does not verify");
	r->walk.at = HF__SEGMENT_HEADER_SIZE;
	r->walk.next_lsn = header.first_lsn;
	r->walk.previous_hash = header.previous_hash;
	const uint32_t end = r->walk.successor.previous_end.offset;
	if (r->walk.judged && end > r->file.size)
		return damaged(fault, r->file.size, "it is shorter than the next segment says");
	if (r->walk.judged)
		r->file.size = end; /* nothing behind that exists */
	return HF_OK;
}

/* Does a header stand here that goes on from the group before? `left`: bytes up to the end. */
static bool goes_on(const struct hf__scrub_round *r, const uint8_t *bytes, uint64_t left,
                    struct hf__group_header *out)
{
	const struct hf__scrub_walk *w = &r->walk;
	const uint64_t number = r->targets[r->index].number;
	return hf__group_decode_header(&r->store->id, hf_bytes_of(bytes, HF__GROUP_HEADER_SIZE), out) ==
	           HF_OK &&
	       out->place.segment == number && out->place.offset == w->at &&
	       out->durable_lsn < out->first_lsn && out->first_lsn == w->next_lsn &&
	       out->previous_hash == w->previous_hash && hf__group_size(out) <= left;
}

static int group(struct hf__scrub_round *r, bool *whole, struct hf__snapshot_fault *fault)
{
	struct hf__scrub_walk *w = &r->walk;
	struct hf__group_header header;
	const uint8_t *bytes;
	const uint64_t left = r->file.size - w->at;
	*whole = false;
	if (left < HF__GROUP_HEADER_SIZE)
		return HF_OK;
	int rc = hf__scrub_see(&r->file, w->at, HF__GROUP_HEADER_SIZE, &bytes, fault);
	if (rc != HF_OK || !goes_on(r, bytes, left, &header))
		return rc;
	rc = hf__scrub_see(&r->file, w->at, hf__group_size(&header), &bytes, fault);
	if (rc != HF_OK || hf__group_verify_body(&r->store->id, &header,
	                                         hf_bytes_of(bytes, hf__group_size(&header))) != HF_OK)
		return rc;
	w->at += hf__group_size(&header);
	w->next_lsn = header.first_lsn + header.entry_count;
	w->previous_hash = header.hash;
	*whole = true;
	return HF_OK;
}

/* Behind the last group that is whole. */
static int judge(const struct hf__scrub_round *r, struct hf__snapshot_fault *fault)
{
	const struct hf__scrub_walk *w = &r->walk;
	if (!w->judged)
		return HF_OK;
	if (w->at != r->file.size)
		return damaged(fault, w->at,
		               "a group before the end that the next segment names is damaged");
	if (w->next_lsn != w->successor.previous_lsn + 1 ||
	    w->previous_hash != w->successor.previous_hash)
		return damaged(fault, w->at, "the next segment goes on from another group");
	return HF_OK;
}

int hf__scrub_segment_step(struct hf__scrub_round *r, bool *done, struct hf__snapshot_fault *fault)
{
	const uint64_t before = r->file.read;
	bool whole = true;
	while (whole) {
		/* A second piece is the next step's. */
		if (r->file.read != before &&
		    !hf__scrub_seen(&r->file, r->walk.at, HF__GROUP_HEADER_SIZE) &&
		    r->file.size - r->walk.at >= HF__GROUP_HEADER_SIZE)
			return HF_OK;
		const int rc = group(r, &whole, fault);
		if (rc != HF_OK)
			return rc;
	}
	*done = true;
	return judge(r, fault);
}
