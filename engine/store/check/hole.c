/* What can be made out of bytes that ought to be groups. Entries verify one by one under the LSN
 * that their place gives them, so the whole ones in a damaged group can be named, and of one
 * that is damaged itself mostly still what it was about.
 *
 * Places are guessed from what verifies: behind a group's header begins its first entry, behind
 * an entry the next one. Where that ends, the next place at which an entry's header verifies is
 * searched, under the LSNs that may come now. Nothing here is believed: it is reported to people.
 *
 * I-HOLE-1: the work is linear in the bytes, whatever they are. What a header would have to look
 * like (length, flags, a time near its neighbours') is asked before anything is hashed, and no
 * more than a few times the hole is hashed in all: then what is left goes unnamed. */
#include "base/hash.h"
#include "store/check/check.h"

/* How many unreadable entries in a row a search gets past. */
#define SEARCH_LSNS 64u
/* How often the bytes of a hole may be hashed. */
#define HASHED_TIMES 3u
/* Entries are not further than this from their neighbours in time: the clock may have been set
 * back, or the machine been off. */
#define FAR_US (INT64_C(400) * 86400 * 1000000)
#define FAR_AHEAD_US (10 * FAR_US)

struct hole {
	struct hf__check *c;
	size_t finding;
	const struct hf__scan_input *input;
	uint32_t to;
	uint32_t group_end; /* of the group whose header verified last; 0: none */
	uint64_t lsn; /* of the entry that comes next, as far as is known */
	uint64_t last;
	int64_t earliest, latest; /* times that an entry here may have */
	uint64_t budget; /* bytes that may yet be hashed */
};

static struct hf_bytes bytes_at(const struct hole *h, uint32_t at)
{
	return hf_bytes_of((const uint8_t *)h->input->bytes.data + at, h->to - at);
}

static bool afford(struct hole *h, size_t bytes)
{
	if (h->budget < bytes) {
		h->budget = 0;
		return false;
	}
	h->budget -= bytes;
	return true;
}

static bool header_valid(struct hole *h, uint32_t at, uint64_t lsn)
{
	return afford(h, HF__ENTRY_HEADER_SIZE) &&
	       hf__entry_header_valid(h->input->id, lsn, bytes_at(h, at));
}

/* Its header may be damaged: then the length that it names is worth a try. */
static bool body_valid(struct hole *h, uint32_t at, uint64_t lsn)
{
	const struct hf_bytes bytes = bytes_at(h, at);
	return bytes.len >= HF__ENTRY_HEADER_SIZE &&
	       hf__load_u32(bytes.data) <= bytes.len - HF__ENTRY_HEADER_SIZE &&
	       afford(h, hf__load_u32(bytes.data)) && hf__entry_body_valid(h->input->id, lsn, bytes);
}

/* Neither header nor body verify. The length that stands there is right if it leads to the end
 * of the group or to the next entry. */
static size_t guess_entry(struct hole *h, uint32_t at, uint64_t lsn, size_t size)
{
	if (size > h->to - at)
		return 0;
	const uint32_t behind = at + (uint32_t)size;
	return behind == h->group_end || (behind < h->to && header_valid(h, behind, lsn + 1)) ? size
	                                                                                      : 0;
}

/* The entry that ought to begin at `at`. Its size, or 0: no telling where the next one begins. */
static size_t name_entry(struct hole *h, uint32_t at, uint64_t lsn)
{
	struct hf__entry entry;
	if (h->to - at < HF__ENTRY_HEADER_SIZE)
		return 0;
	size_t size = hf__entry_read(lsn, bytes_at(h, at).data, &entry);
	const size_t left = h->to - at - HF__ENTRY_HEADER_SIZE;
	const bool header = header_valid(h, at, lsn), body = body_valid(h, at, lsn);
	if (!header && !body)
		size = guess_entry(h, at, lsn, size);
	if (size == 0)
		return 0;
	entry.body.len = entry.body.len < left ? entry.body.len : left;
	hf__check_affects(h->c, h->finding, header && body ? HF_FSCK_CUT_OFF : HF_FSCK_UNREADABLE,
	                  &entry);
	return size <= h->to - at ? size : h->to - at;
}

/* Does any header verify here under one of the LSNs that may come? */
static bool header_here(struct hole *h, uint32_t at, uint64_t *lsn)
{
	struct hf__entry entry;
	if (!hf__entry_possible(h->input->id, bytes_at(h, at)))
		return false;
	(void)hf__entry_read(0, bytes_at(h, at).data, &entry);
	if (entry.at < h->earliest || entry.at > h->latest)
		return false;
	for (uint64_t i = 0; i < SEARCH_LSNS && h->lsn + i <= h->last; i++) {
		*lsn = h->lsn + i;
		if (header_valid(h, at, *lsn))
			return true;
	}
	return false;
}

/* Behind a group's header begins its first entry. */
static uint32_t enter_group(struct hole *h, uint32_t at, const struct hf__group_header *header)
{
	h->lsn = header->first_lsn;
	/* without padding */
	h->group_end = header->body_len < h->input->bytes.len - at
	                   ? at + HF__GROUP_HEADER_SIZE + header->body_len
	                   : 0;
	return at + HF__GROUP_HEADER_SIZE;
}

/* One step: names what begins at `at`, if anything does. Returns where to look next. */
static uint32_t step(struct hole *h, uint32_t at, bool *known)
{
	struct hf__group_header header;
	uint64_t lsn = h->lsn;
	if (hf__scan_header(h->input, at, &header)) {
		*known = true;
		return enter_group(h, at, &header);
	}
	const size_t size = *known || header_here(h, at, &lsn) ? name_entry(h, at, lsn) : 0;
	*known = size > 0;
	if (size > 0)
		h->lsn = lsn + 1;
	return size > 0 ? at + (uint32_t)size : at + HF__ALIGN;
}

static int64_t earlier(int64_t at, int64_t by)
{
	return at < INT64_MIN + by ? INT64_MIN : at - by;
}

/* From the whole entry before the hole to that behind it, as far as there are any. */
static void know_times(struct hole *h, const struct hf__group_header *next)
{
	struct hf__entry entry;
	h->earliest = INT64_MIN;
	h->latest = INT64_MAX;
	if (h->c->has_at) {
		h->earliest = earlier(h->c->at, FAR_US);
		h->latest = hf__time_after(h->c->at, FAR_AHEAD_US);
	}
	if (!next)
		return;
	(void)hf__entry_read(next->first_lsn,
	                     (const uint8_t *)h->input->bytes.data + h->to + HF__GROUP_HEADER_SIZE,
	                     &entry);
	h->latest = hf__time_after(entry.at, FAR_US);
	h->earliest = h->c->has_at ? h->earliest : earlier(entry.at, FAR_AHEAD_US);
}

/* The hole begins with a group: its header verifies, or is damaged, and then its entries begin
 * behind it all the same. */
static uint32_t first_step(struct hole *h, uint32_t from, bool *known)
{
	struct hf__group_header header;
	if (hf__scan_header(h->input, from, &header)) {
		*known = true;
		return enter_group(h, from, &header);
	}
	const bool room = h->to - from > HF__GROUP_HEADER_SIZE + HF__ENTRY_HEADER_SIZE;
	const size_t size = room ? name_entry(h, from + HF__GROUP_HEADER_SIZE, h->lsn) : 0;
	*known = size > 0;
	h->lsn += size > 0;
	return size > 0 ? from + HF__GROUP_HEADER_SIZE + (uint32_t)size : from;
}

void hf__check_hole(struct hf__check *c, size_t finding, const struct hf__scan_input *input,
                    uint32_t from, uint32_t to, const struct hf__group_header *next, uint64_t lsn,
                    uint64_t last)
{
	struct hole h = {
	    .c = c, .finding = finding, .input = input, .to = to, .lsn = lsn, .last = last};
	bool known = false;
	if (to - from < HF__ENTRY_HEADER_SIZE)
		return;
	h.budget = HASHED_TIMES * (uint64_t)(to - from) + HF__BLOCK;
	know_times(&h, next);
	for (uint32_t at = first_step(&h, from, &known); at < to && to - at >= HF__ENTRY_HEADER_SIZE;)
		at = step(&h, at, &known);
}
