/* Segments.
 *
 * Job: names, headers, and files whose blocks are already written.
 *
 * Happy path: ahead of need a file of zeros is made under a temporary name, synced and renamed,
 * so that a commit overwrites written blocks and its sync moves no metadata. It is no part of
 * the log until rotation writes its header together with the first group.
 *
 * Failure modes: until then it may vanish, be short or stay behind under either name; all of
 * that is nothing to the log, and making it anew replaces what is there. A sync that fails
 * leaves it unknown what the disk holds, so the store must fail. A header pins where the segment
 * before it ends: it is believed only if it verifies for this very store and number. */
#include "log/segment.h"

#include <assert.h>
#include <errno.h>

#include "base/bytes.h"
#include "base/hash.h"
#include "log/name.h"
#include "log/sector.h"

#define MAGIC "hfsegmnt"

enum place {
	AT_SIZE = HF__HEAD_SIZE,
	AT_JUMPED = 60,
	AT_END_SEGMENT = 64,
	AT_END_OFFSET = 68,
	AT_FIRST_LSN = 72,
	AT_PREVIOUS_LSN = 80,
	AT_PREVIOUS_HASH = 88,
};

/* --- Header ----------------------------------------------------------------------------------- */

static struct hf__head segment_head(const struct hf__segment_header *header)
{
	struct hf__head head = {
	    .format_major = header->format_major,
	    .format_minor = header->format_minor,
	    .compat = header->compat,
	    .ro_compat = header->ro_compat,
	    .incompat = header->incompat,
	    .epoch = header->epoch,
	    .number = header->number,
	};
	memcpy(head.uuid, header->uuid, sizeof head.uuid);
	return head;
}

void hf__segment_header_encode(const struct hf__log_id *id, const struct hf__segment_header *header,
                               uint8_t out[HF__SEGMENT_HEADER_SIZE])
{
	const struct hf__head head = segment_head(header);
	hf__sector_begin(out, MAGIC);
	hf__head_put(out, &head);
	hf__store_u32(out + AT_SIZE, header->size);
	out[AT_JUMPED] = header->jumped;
	hf__store_u32(out + AT_END_SEGMENT, header->previous_end.segment);
	hf__store_u32(out + AT_END_OFFSET, header->previous_end.offset);
	hf__store_u64(out + AT_FIRST_LSN, header->first_lsn);
	hf__store_u64(out + AT_PREVIOUS_LSN, header->previous_lsn);
	hf__store_u64(out + AT_PREVIOUS_HASH, header->previous_hash);
	hf__sector_seal(out, hf__seed_at(id->seed, header->number));
}

static void segment_take_head(struct hf__segment_header *out, const struct hf__head *head)
{
	out->format_major = head->format_major;
	out->format_minor = head->format_minor;
	out->compat = head->compat;
	out->ro_compat = head->ro_compat;
	out->incompat = head->incompat;
	memcpy(out->uuid, head->uuid, sizeof out->uuid);
	out->epoch = head->epoch;
	out->number = head->number;
}

static void segment_load(struct hf__segment_header *out, const uint8_t *bytes)
{
	out->size = hf__load_u32(bytes + AT_SIZE);
	out->jumped = bytes[AT_JUMPED] == 1;
	out->previous_end.segment = hf__load_u32(bytes + AT_END_SEGMENT);
	out->previous_end.offset = hf__load_u32(bytes + AT_END_OFFSET);
	out->first_lsn = hf__load_u64(bytes + AT_FIRST_LSN);
	out->previous_lsn = hf__load_u64(bytes + AT_PREVIOUS_LSN);
	out->previous_hash = hf__load_u64(bytes + AT_PREVIOUS_HASH);
}

/* Numbering goes on without a gap, unless the header declares one, of at least a jump. */
static bool numbering_possible(const struct hf__segment_header *h)
{
	if (h->first_lsn > HF__LSN_MAX || h->previous_lsn >= h->first_lsn)
		return false;
	const uint64_t step = h->first_lsn - h->previous_lsn;
	return h->jumped ? step > HF__LSN_JUMP : step == 1;
}

/* The first of a store follows nothing; every other one follows a segment of a lower number,
 * past whose header it pins the end. */
static bool previous_possible(const struct hf__segment_header *h)
{
	const struct hf__position end = h->previous_end;
	if (end.segment == 0)
		return end.offset == 0;
	return end.segment < h->number && end.offset >= HF__SEGMENT_HEADER_SIZE &&
	       end.offset % HF__ALIGN == 0;
}

static bool size_possible(uint32_t size)
{
	return size >= HF__BLOCK && size <= HF__SEGMENT_SIZE_MAX && size % HF__BLOCK == 0;
}

/* Reserved bytes are what the encoder leaves zero. */
static bool reserved_allowed(const struct hf__log_id *id, const struct hf__segment_header *header,
                             const uint8_t *bytes)
{
	uint8_t again[HF__SEGMENT_HEADER_SIZE];
	if (id->features_unknown || hf__features_unknown(header->compat, header->ro_compat))
		return true;
	hf__segment_header_encode(id, header, again);
	return memcmp(again, bytes, sizeof again) == 0;
}

int hf__segment_header_decode(const struct hf__log_id *id, const uint8_t *bytes, size_t len,
                              struct hf__segment_header *out)
{
	memset(out, 0, sizeof *out);
	if (len < HF__SEGMENT_HEADER_SIZE)
		return HF_ECORRUPT;
	const struct hf__head head = hf__head_get(bytes);
	if (!hf__sector_valid(bytes, MAGIC, hf__seed_at(id->seed, head.number)))
		return HF_ECORRUPT;
	if (head.epoch != id->epoch || memcmp(head.uuid, id->uuid, sizeof head.uuid) != 0 ||
	    head.number == 0)
		return HF_ECORRUPT;
	const int rc = hf__head_check(&head);
	if (rc == HF_ECORRUPT)
		return rc;
	segment_take_head(out, &head);
	if (rc == HF_EVERSION)
		return rc; /* where the rest lies is the newer version's secret */
	segment_load(out, bytes);
	if (bytes[AT_JUMPED] > 1 || !size_possible(out->size) || !numbering_possible(out) ||
	    !previous_possible(out) || !reserved_allowed(id, out, bytes)) {
		memset(out, 0, sizeof *out);
		return HF_ECORRUPT;
	}
	return HF_OK;
}

bool hf__segment_header_whole(const uint8_t *bytes, size_t len, struct hf__head *out)
{
	if (len < HF__SEGMENT_HEADER_SIZE)
		return false;
	*out = hf__head_get(bytes);
	return hf__sector_valid(bytes, MAGIC,
	                        hf__seed_at(hf__seed_base(out->uuid, out->epoch), out->number));
}

/* --- Names ------------------------------------------------------------------------------------ */

static const struct hf__name segment_kind = {"segment-", 8};

void hf__segment_name(uint32_t number, char out[HF__NAME_MAX])
{
	hf__name_put(&segment_kind, number, out);
}

/* Segment 0 does not exist. */
bool hf__segment_name_parse(const char *name, uint32_t *number)
{
	uint64_t value = 0;
	if (!hf__name_parse(&segment_kind, name, &value) || value == 0)
		return false;
	*number = (uint32_t)value;
	return true;
}

bool hf__segment_tmp_name(const char *name)
{
	uint64_t number = 0;
	return hf__name_tmp(&segment_kind, name, &number) && number > 0;
}

/* --- Making one ------------------------------------------------------------------------------- */

/* As much as is handed to the disk at once: a sync of many megabytes would hold up those of the
 * log. */
#define SYNC_EVERY (256u << 10)

uint32_t hf__segment_half(uint32_t size, uint32_t least)
{
	const uint32_t half = hf__segment_cut_size(size / 2);
	return half > least ? half : least;
}

uint32_t hf__segment_fit(const struct hf__os *os, uint32_t size, uint32_t least, uint32_t spare)
{
	uint64_t room;
	if (os->room(os->ctx, &room) != 0)
		return size;
	while (size > least && (uint64_t)size + spare > room)
		size = hf__segment_half(size, least);
	return size;
}

static void tmp_name(uint32_t number, char out[HF__NAME_MAX])
{
	hf__name_put_tmp(&segment_kind, number, out);
}

void hf__segment_drop(const struct hf__os *os, struct hf__making *m)
{
	char tmp[HF__NAME_MAX];
	if (m->file < 0)
		return;
	/* Best effort: a leftover is harmless. */
	(void)os->close(os->ctx, m->file);
	m->file = -1;
	tmp_name(m->number, tmp);
	(void)os->unlink(os->ctx, tmp);
}

/* The first failure is what the caller must hear of. */
static int given_up(const struct hf__os *os, struct hf__making *m, int rc)
{
	if (rc != 0)
		hf__segment_drop(os, m);
	return rc;
}

int hf__segment_begin(const struct hf__os *os, struct hf__making *m, uint32_t number, uint32_t size)
{
	char tmp[HF__NAME_MAX];
	assert(number != 0 && size != 0 && size % HF__BLOCK == 0);
	*m = (struct hf__making){.number = number, .size = size, .file = -1};
	tmp_name(number, tmp);
	/* What an earlier preparation left is not to be trusted, however whole it looks. */
	int rc = os->unlink(os->ctx, tmp);
	if (rc != 0 && rc != ENOENT)
		return rc;
	rc = os->open(os->ctx, tmp, HF__OS_WRITE | HF__OS_CREATE, &m->file);
	if (rc != 0) {
		m->file = -1;
		return rc;
	}
	/* A full disk is noticed here, before a zero was written. */
	return given_up(os, m, os->allocate(os->ctx, m->file, size));
}

/* In small writes on purpose: one large write makes the page cache keep the file in large
 * pieces, and every later small write and sync of a group then costs as much as such a piece. */
int hf__segment_fill(const struct hf__os *os, struct hf__making *m, uint32_t bytes,
                     bool *unknowable)
{
	static const uint8_t zeros[HF__BLOCK];
	const uint32_t end = bytes < m->size - m->at ? m->at + bytes : m->size;
	int rc = 0;
	*unknowable = false;
	while (rc == 0 && m->at < end) {
		rc = os->write(os->ctx, m->file, zeros, HF__BLOCK, m->at);
		m->at += HF__BLOCK;
		if (rc == 0 && m->at % SYNC_EVERY == 0 && m->at < m->size) {
			/* Crash: as before the last one. */
			rc = os->sync(os->ctx, m->file);
			*unknowable = rc != 0;
		}
	}
	return given_up(os, m, rc);
}

int hf__segment_publish(const struct hf__os *os, struct hf__making *m, int *file, bool *unknowable)
{
	char name[HF__NAME_MAX], tmp[HF__NAME_MAX];
	hf__segment_name(m->number, name);
	tmp_name(m->number, tmp);
	/* Crash: a temporary file of any content. No opening adopts it; the next one to write
	 * removes it. */
	int rc = os->sync(os->ctx, m->file);
	*unknowable = rc != 0;
	if (rc == 0) {
		/* Crash: the name may or may not be there, and if it is, all blocks behind it are. */
		rc = os->rename(os->ctx, tmp, name);
	}
	if (rc == 0) {
		rc = os->sync_dir(os->ctx);
		/* Crash: a whole segment of zeros. Its header does not verify, so it is not the last
		 * segment of the log. */
		*unknowable = rc != 0;
	}
	if (rc == 0) {
		*file = m->file;
		m->file = -1;
	}
	return given_up(os, m, rc);
}

int hf__segment_prepare(const struct hf__os *os, uint32_t number, uint32_t size, int *file,
                        bool *unknowable)
{
	struct hf__making m;
	*file = -1;
	*unknowable = false;
	int rc = hf__segment_begin(os, &m, number, size);
	if (rc == 0)
		rc = hf__segment_fill(os, &m, size, unknowable);
	return rc != 0 ? rc : hf__segment_publish(os, &m, file, unknowable);
}
