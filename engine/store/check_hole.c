/* What can be made out of bytes that ought to be groups. Entries verify one by one under the LSN that their place gives them, so the whole ones in
 * a damaged group can be named, and of one that is damaged itself mostly still what it was about.
 *
 * Places are guessed from what verifies: behind a group's header begins its first entry, behind an entry the next one. Where that ends, the next
 * place at which an entry's header verifies is searched, under the LSNs that may come now. Nothing here is believed: it is told to people. */
#include "base/hash.h"
#include "store/check.h"

/* How many unreadable entries in a row a search gets past. */
#define SEARCH_LSNS 64u

struct hole {
	struct hf__check *c;
	size_t finding;
	const struct hf__scan_input *input;
	uint32_t to;
	uint32_t group_end; /* of the group whose header verified last; 0: none */
	uint64_t lsn; /* of the entry that comes next, as far as is known */
	uint64_t last;
};

static struct hf_bytes bytes_at(const struct hole *h, uint32_t at)
{
	return hf_bytes((const uint8_t *)h->input->bytes.data + at, h->to - at);
}

/* Neither header nor body verify. The length that stands there is right if it leads to the end of the group or to the next entry. */
static size_t guess_entry(const struct hole *h, uint32_t at, uint64_t lsn, struct hf__entry *entry)
{
	struct hf__entry next;
	size_t next_size;
	bool whole_header = false;
	const struct hf_bytes bytes = bytes_at(h, at);
	if (bytes.len < HF__ENTRY_HEADER_SIZE || hf__load_u32(bytes.data) > bytes.len - HF__ENTRY_HEADER_SIZE)
		return 0;
	const size_t size = hf__entry_read(lsn, bytes.data, entry);
	if (size > bytes.len)
		return 0;
	const uint32_t behind = at + (uint32_t)size;
	if (behind != h->group_end)
		(void)hf__entry_salvage(h->input->id, lsn + 1, bytes_at(h, behind), &next, &next_size, &whole_header);
	return behind == h->group_end || whole_header ? size : 0;
}

/* The entry that ought to begin at `at`. Its size, or 0: no telling where the next one begins. */
static size_t name_entry(struct hole *h, uint32_t at, uint64_t lsn)
{
	struct hf__entry entry;
	size_t size = 0;
	bool whole_header = false;
	if (hf__entry_decode(h->input->id, lsn, bytes_at(h, at), &entry, &size) == HF_OK) {
		hf__check_affects(h->c, h->finding, HF_FSCK_CUT_OFF, &entry);
		return size;
	}
	if (!hf__entry_salvage(h->input->id, lsn, bytes_at(h, at), &entry, &size, &whole_header))
		size = guess_entry(h, at, lsn, &entry);
	if (size == 0)
		return 0;
	hf__check_affects(h->c, h->finding, HF_FSCK_UNREADABLE, &entry);
	return size <= h->to - at ? size : h->to - at;
}

/* Does any header verify here under one of the LSNs that may come? Only where the length could be one. */
static bool header_here(const struct hole *h, uint32_t at, uint64_t *lsn)
{
	struct hf__entry entry;
	size_t size;
	bool whole_header = false;
	const uint8_t *bytes = bytes_at(h, at).data;
	if (hf__load_u32(bytes) > h->to - at - HF__ENTRY_HEADER_SIZE || hf__bytes_zero(bytes, HF__ENTRY_HEADER_SIZE))
		return false;
	for (uint64_t i = 0; i < SEARCH_LSNS && h->lsn + i <= h->last && !whole_header; i++) {
		*lsn = h->lsn + i;
		(void)hf__entry_salvage(h->input->id, *lsn, bytes_at(h, at), &entry, &size, &whole_header);
	}
	return whole_header;
}

/* One step: names what begins at `at`, if anything does. Returns where to look next. */
static uint32_t step(struct hole *h, uint32_t at, bool *known)
{
	struct hf__group_header header;
	uint64_t lsn = h->lsn;
	if (hf__scan_header(h->input, at, &header)) {
		h->lsn = header.first_lsn;
		h->group_end = header.body_len < h->input->bytes.len - at ? at + HF__GROUP_HEADER_SIZE + header.body_len : 0; /* without padding */
		*known = true;
		return at + HF__GROUP_HEADER_SIZE;
	}
	const size_t size = *known || header_here(h, at, &lsn) ? name_entry(h, at, lsn) : 0;
	*known = size > 0;
	if (size > 0)
		h->lsn = lsn + 1;
	return size > 0 ? at + (uint32_t)size : at + HF__ALIGN;
}

void hf__check_hole(struct hf__check *c, size_t finding, const struct hf__scan_input *input, uint32_t from, uint32_t to, uint64_t lsn,
                    uint64_t last)
{
	struct hole h = {.c = c, .finding = finding, .input = input, .to = to, .lsn = lsn, .last = last};
	bool known = false;
	for (uint32_t at = from; at < to && to - at >= HF__ENTRY_HEADER_SIZE;) {
		/* A damaged group header first of all: its entries begin behind it all the same. */
		struct hf__group_header header;
		const bool guess = at == from && !hf__scan_header(input, at, &header) && to - at > HF__GROUP_HEADER_SIZE + HF__ENTRY_HEADER_SIZE;
		const size_t size = guess ? name_entry(&h, at + HF__GROUP_HEADER_SIZE, lsn) : 0;
		known = known || size > 0;
		h.lsn += size > 0;
		at = size > 0 ? at + HF__GROUP_HEADER_SIZE + (uint32_t)size : step(&h, at, &known);
	}
}
