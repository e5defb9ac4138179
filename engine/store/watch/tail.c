/* See tail.h.
 *
 * Happy path: the next group is found behind the one before it, verified as recovery would
 * (place, LSN, hash of the one before, checksums of header and body), and its entries are handed
 * out. Where no group follows although the log is known to be durable further on, the next
 * segment takes over: its header says where this one ends, and whether numbering jumped.
 *
 * Why it can be believed without a lock. Up to `limit` all was written before it was said to be
 * durable, and none of it is ever written again. What is read beyond that may be anything; it is
 * looked at only under a limit that covers it, and read anew first: bytes read too early do not
 * verify. Nor does a torn group that an unclean stop left at the end, else recovery had kept it.
 *
 * Failure modes: a read that fails is HF_EIO, a segment that is gone HF_EGONE; bytes that must
 * be there and do not verify, with no next segment that goes on here, are HF_ECORRUPT. The place
 * stays where it was.
 *
 * I-TAIL-1: entries come in the order of LSNs, each once; a gap is a jump that a segment's
 * header states. I-TAIL-2: no entry above `limit` comes. */
#include "store/watch/tail.h"

#include <assert.h>
#include <errno.h>

/* One read brings this much, so that small groups cost no read of their own. */
#define PIECE (64u << 10)
#define KEPT (1u << 20) /* what a large group needed beyond it is given back */
#define LISTINGS_MAX 20u /* of a directory that changes between listing and looking */

void hf__tail_init(struct hf__tail *t, struct hf_store *store)
{
	*t = (struct hf__tail){.store = store, .next_lsn = 1, .file = -1};
	t->facts.store = store;
}

void hf__tail_close(struct hf__tail *t)
{
	if (t->file >= 0)
		(void)t->store->os->close(t->store->os->ctx, t->file); /* it was only read */
	t->file = -1;
	t->bytes.len = 0;
	t->bytes_at = 0;
}

void hf__tail_deinit(struct hf__tail *t)
{
	hf__tail_close(t);
	hf__writer_deinit(&t->bytes);
	hf__writer_deinit(&t->facts.bytes);
	hf__recovery_forget(&t->facts);
}

static void enter_segment(struct hf__tail *t, const struct hf__segment_header *h)
{
	hf__tail_close(t);
	t->segment = h->number;
	t->offset = HF__SEGMENT_HEADER_SIZE;
	t->next_lsn = h->first_lsn;
	t->previous_hash = h->previous_hash;
	t->left = 0;
}

void hf__tail_put(struct hf__tail *t, struct hf__position end, uint64_t lsn, uint64_t chain)
{
	hf__tail_close(t);
	t->segment = end.segment;
	t->offset = end.offset;
	t->next_lsn = lsn + 1;
	t->previous_hash = chain;
	t->left = 0;
}

/* --- Segments --------------------------------------------------------------------------------- */

static int damaged(const struct hf__tail *t, const char *why, struct hf_error *error)
{
	char name[HF__NAME_MAX] = "";
	if (t->segment)
		hf__segment_name(t->segment, name);
	const int rc = hf__fail_at(error, HF_ECORRUPT, name, t->offset, "%s", why);
	if (error)
		error->first_lsn = t->next_lsn;
	return rc;
}

/* Lists the directory anew and calls `look` for its segments. A file that is gone by the time it
 * is looked at is a reason to list again. */
static int with_listing(struct hf__tail *t,
                        int (*look)(struct hf__tail *t, uint64_t from, uint64_t limit),
                        uint64_t from, uint64_t limit, struct hf_error *error)
{
	struct hf_error failure = {0};
	int rc = HF_OK;
	for (unsigned i = 0; i < LISTINGS_MAX; i++) {
		failure = (struct hf_error){0};
		t->facts.error = &failure;
		t->facts.count = 0;
		rc = hf__recovery_list(&t->facts);
		if (rc == HF_OK)
			rc = look(t, from, limit);
		if (rc != HF_EIO || failure.os_errno != ENOENT)
			break;
	}
	t->facts.error = NULL;
	if (failure.code != 0 && error)
		*error = failure;
	return rc;
}

/* Reads the header. *there: it is one, of a segment that began no later than `limit`. */
static int read_header(struct hf__tail *t, struct hf__segment_file *f, uint64_t limit, bool *there)
{
	const int rc = hf__recovery_header(&t->facts, f);
	*there = rc == HF_OK && f->header_rc == HF_OK && f->header.first_lsn <= limit;
	return rc;
}

/* Is this segment kept no more, nor any before it? Then those behind it are what retention left;
 * else one that is missing between is damage. */
static int look_up_to_here(struct hf__tail *t, uint64_t limit, bool *gone)
{
	*gone = true;
	for (size_t i = 0; i < t->facts.count && t->facts.found[i].number <= t->segment; i++) {
		bool there = false;
		const int rc = read_header(t, &t->facts.found[i], limit, &there);
		if (rc != HF_OK)
			return rc;
		*gone = *gone && !there;
	}
	return HF_OK;
}

/* The segment that goes on where this one ends. HF_ENOTFOUND: there is none. HF_EGONE: it was
 * there, and is not kept any more. */
static int look_for_next(struct hf__tail *t, uint64_t from, uint64_t limit)
{
	const struct hf__segment_file *oldest = NULL;
	(void)from;
	for (size_t i = 0; i < t->facts.count; i++) {
		struct hf__segment_file *f = &t->facts.found[i];
		bool there = false;
		if (f->number <= t->segment)
			continue;
		/* One that holds no whole group begins just behind the end: an unclean stop left it, and
		 * the log went on from its beginning. */
		const int rc = read_header(t, f, limit + 1, &there);
		if (rc != HF_OK)
			return rc;
		if (!there)
			continue;
		oldest = oldest ? oldest : f;
		const struct hf__segment_header *h = &f->header;
		if (h->previous_end.segment != t->segment ||
		    (t->segment && h->previous_end.offset != t->offset) ||
		    h->previous_lsn != t->next_lsn - 1 || h->previous_hash != t->previous_hash)
			continue;
		enter_segment(t, h);
		return HF_OK;
	}
	bool gone = oldest && oldest->header.previous_lsn >= t->next_lsn;
	const int rc = gone ? look_up_to_here(t, limit + 1, &gone) : HF_OK;
	return rc != HF_OK ? rc : gone ? HF_EGONE : HF_ENOTFOUND;
}

/* From the newest segment back along the chain to the one where `from` is, or would be next. */
static int look_for_start(struct hf__tail *t, uint64_t from, uint64_t limit)
{
	const struct hf__segment_file *oldest = NULL;
	uint32_t wanted = 0;
	for (size_t i = t->facts.count; i-- > 0;) {
		struct hf__segment_file *f = &t->facts.found[i];
		bool there = false;
		if (oldest && f->number != wanted)
			continue;
		const int rc = read_header(t, f, limit, &there);
		if (rc != HF_OK)
			return rc;
		if (!there)
			continue;
		oldest = f;
		wanted = f->header.previous_end.segment;
		if ((from != 0 && f->header.previous_lsn < from) || wanted == 0)
			break;
	}
	if (!oldest) {
		uint64_t imported = 0;
		const int rc = hf__recovery_imported(&t->facts, &imported);
		hf__tail_put(t, (struct hf__position){0, 0}, imported, 0);
		const bool gone = from > limit + 1 || (from != 0 && from <= imported);
		return rc == HF_OK && gone ? HF_EGONE : rc;
	}
	enter_segment(t, &oldest->header);
	/* Between the two lies a jump: what was never given out is followed by what comes next. */
	return from == 0 || from > oldest->header.previous_lsn ? HF_OK : HF_EGONE;
}

int hf__tail_seek(struct hf__tail *t, uint64_t from, uint64_t limit, struct hf_error *error)
{
	const int rc = with_listing(t, look_for_start, from, limit, error);
	if (rc != HF_EGONE)
		return rc;
	return hf__fail(error, rc, 0, "the log holds no entry %llu: it is older than what is kept",
	                (unsigned long long)from);
}

/* --- Bytes ------------------------------------------------------------------------------------ */

static int open_file(struct hf__tail *t, struct hf_error *error)
{
	char name[HF__NAME_MAX];
	if (t->file >= 0)
		return HF_OK;
	hf__segment_name(t->segment, name);
	const int rc = t->store->os->open(t->store->os->ctx, name, 0, &t->file);
	if (rc == 0)
		return HF_OK;
	t->file = -1;
	if (rc == ENOENT)
		return hf__fail(error, HF_EGONE, rc, "%s is not kept any more", name);
	return hf__read_failed(error, name, rc);
}

static int read_piece(struct hf__tail *t, uint32_t at, size_t len, struct hf_error *error)
{
	const struct hf__os *os = t->store->os;
	size_t got = 0;
	if (len <= PIECE && t->bytes.cap > KEPT)
		hf__writer_deinit(&t->bytes);
	t->bytes.len = 0;
	t->bytes_at = at;
	if (!hf__writer_reserve(&t->bytes, len))
		return hf__fail(error, HF_ENOMEM, 0, "no memory to read the log");
	const int rc = os->read(os->ctx, t->file, t->bytes.data, len, at, &got);
	if (rc)
		return hf__read_failed(error, "the log could not be read", rc);
	t->bytes.len = got;
	return HF_OK;
}

/* *out: the `len` bytes at `at`, or fewer where the file ends. */
static int see(struct hf__tail *t, uint32_t at, size_t len, bool anew, struct hf_bytes *out,
               struct hf_error *error)
{
	const size_t skipped = at >= t->bytes_at ? at - t->bytes_at : SIZE_MAX;
	if (anew || skipped > t->bytes.len || t->bytes.len - skipped < len) {
		const int rc = read_piece(t, at, len > PIECE ? len : PIECE, error);
		if (rc != HF_OK)
			return rc;
	}
	const size_t from = at - t->bytes_at;
	const size_t left = t->bytes.len - from;
	*out = hf_bytes_of(t->bytes.data + from, left < len ? left : len);
	return HF_OK;
}

/* --- Groups ----------------------------------------------------------------------------------- */

/* Does this header stand here and go on from `lsn` and `hash`? */
static bool header_follows(const struct hf__tail *t, struct hf_bytes bytes, uint32_t at,
                           uint64_t lsn, uint64_t hash, struct hf__group_header *out)
{
	return bytes.len == HF__GROUP_HEADER_SIZE &&
	       hf__group_decode_header(&t->store->id, bytes, out) == HF_OK &&
	       out->place.segment == t->segment && out->place.offset == at && out->first_lsn == lsn &&
	       out->previous_hash == hash && out->durable_lsn < out->first_lsn;
}

static uint64_t last_of(const struct hf__group_header *h)
{
	return h->first_lsn + h->entry_count - 1;
}

/* Is the next group here? *here says so; then `h` is its header, and all its bytes verify: what
 * an unclean stop tore may have a header that does. */
static int look_here(struct hf__tail *t, bool anew, bool *here, struct hf__group_header *h,
                     struct hf_error *error)
{
	struct hf_bytes bytes;
	*here = false;
	int rc = see(t, t->offset, HF__GROUP_HEADER_SIZE, anew, &bytes, error);
	if (rc != HF_OK || !header_follows(t, bytes, t->offset, t->next_lsn, t->previous_hash, h))
		return rc;
	rc = see(t, t->offset, hf__group_size(h), false, &bytes, error);
	if (rc == HF_OK)
		*here = hf__group_verify_body(&t->store->id, h, bytes) == HF_OK;
	return rc;
}

/* What was read earlier may have been read too early. */
static int look_twice(struct hf__tail *t, bool *here, struct hf__group_header *h,
                      struct hf_error *error)
{
	*here = false;
	if (t->segment == 0)
		return HF_OK;
	int rc = open_file(t, error);
	if (rc == HF_OK)
		rc = look_here(t, false, here, h, error);
	if (rc == HF_OK && !*here)
		rc = look_here(t, true, here, h, error);
	return rc;
}

static void enter_group(struct hf__tail *t, const struct hf__group_header *h, uint64_t skip)
{
	t->left = last_of(h) < skip ? 0 : h->entry_count;
	t->entry_at = t->offset - t->bytes_at + HF__GROUP_HEADER_SIZE;
	t->entry_lsn = h->first_lsn;
	t->incarnation = h->incarnation_lsn;
	t->offset += hf__group_size(h);
	t->next_lsn = last_of(h) + 1;
	t->previous_hash = h->hash;
}

/* Goes into the next group, or into the next segment. */
static int step(struct hf__tail *t, uint64_t limit, uint64_t skip, struct hf_error *error)
{
	struct hf__group_header h;
	bool here = false;
	int rc = look_twice(t, &here, &h, error);
	if (rc != HF_OK)
		return rc;
	if (here && last_of(&h) > limit)
		return HF_ENOTFOUND; /* not reached: limits lie between groups */
	if (here) {
		enter_group(t, &h, skip);
		return HF_OK;
	}
	rc = with_listing(t, look_for_next, 0, limit, error);
	if (rc == HF_EGONE)
		return hf__fail(error, rc, 0,
		                "the log holds no entry %llu any more: it is older than what is kept",
		                (unsigned long long)t->next_lsn);
	return rc == HF_ENOTFOUND
	           ? damaged(t, "a group of the log that was durable is damaged or missing", error)
	           : rc;
}

/* A tail that sleeps at the end of the log keeps little. */
static void drop_large(struct hf__tail *t)
{
	if (t->bytes.cap <= KEPT)
		return;
	hf__writer_deinit(&t->bytes);
	t->bytes_at = 0;
}

int hf__tail_next(struct hf__tail *t, uint64_t limit, uint64_t skip, struct hf__entry *out,
                  struct hf_error *error)
{
	while (t->left == 0) {
		if (t->next_lsn > limit) {
			drop_large(t);
			return HF_ENOTFOUND;
		}
		const int rc = step(t, limit, skip, error);
		if (rc != HF_OK)
			return rc;
	}
	const size_t size = hf__entry_read(t->entry_lsn, t->bytes.data + t->entry_at, out);
	out->incarnation = t->incarnation;
	out->place = (struct hf__position){t->segment,
	                                   t->bytes_at + (uint32_t)t->entry_at + HF__ENTRY_HEADER_SIZE};
	t->entry_at += size;
	t->entry_lsn++;
	t->left--;
	return HF_OK;
}

/* --- From outside ----------------------------------------------------------------------------- */

/* A group behind the next one says how far the log was durable when it was written. */
static int learn_from_next(struct hf__tail *t, uint64_t *limit, struct hf_error *error)
{
	struct hf__group_header h, behind;
	struct hf_bytes bytes;
	bool here = false;
	if (t->segment == 0 || t->left > 0)
		return HF_OK;
	int rc = look_twice(t, &here, &h, error);
	if (rc != HF_OK || !here)
		return rc;
	const uint32_t at = t->offset + hf__group_size(&h);
	rc = see(t, at, HF__GROUP_HEADER_SIZE, false, &bytes, error);
	if (rc == HF_OK && header_follows(t, bytes, at, last_of(&h) + 1, h.hash, &behind) &&
	    behind.durable_lsn > *limit)
		*limit = behind.durable_lsn;
	return rc;
}

int hf__tail_learn(struct hf__tail *t, uint64_t *limit, struct hf_error *error)
{
	t->facts.error = error;
	const int rc = hf__recovery_witness(&t->facts);
	t->facts.error = NULL;
	if (rc != HF_OK)
		return rc;
	if (t->facts.witness.lsn > *limit)
		*limit = t->facts.witness.lsn;
	return *limit < t->next_lsn ? learn_from_next(t, limit, error) : HF_OK;
}
