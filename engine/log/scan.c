/* The scanner: what is the log, and what does it mean that it ends here?
 *
 * Job: walk the groups of one segment, hand out their entries, and judge the first place where
 * no group continues the log. A crash leaves such a place (a group that was never acknowledged),
 * and so does damage (one that was). The two must not be confused: the first is dropped, the
 * second stops the opening.
 *
 * Happy path: a group continues the log if it is valid (group.c), says that it stands where it
 * stands, begins with the next LSN, names the hash of the group before it, and was written when
 * only earlier LSNs were durable. Behind the last one every byte is zero, or the next segment's
 * header has said that the log goes on over there.
 *
 * Let b be the place where the walk stops. Facts are collected and the first row whose fact
 * holds is the verdict:
 *
 *   row                  verdict  fact
 *   outside              CORRUPT  `from` or the pinned end lies outside the file
 *   pin_missed           CORRUPT  pinned, and b is not the pinned end
 *   witness_beyond       CORRUPT  the witness's end lies in this segment, behind b
 *   witness_inside_group CORRUPT  groups pass over the witness's end, none ends there
 *   witness_other_lsn    CORRUPT  a group ends there, but with another LSN than the witness says
 *   witness_other_chain  CORRUPT  ... with that LSN, but not the hash that the witness names
 *   pinned               CLEAN    b is the pinned end; what lies behind it does not exist
 *   witness_lsn_missing  CORRUPT  the witness's LSN is not before the next one
 *   durable_lost         CORRUPT  a later group header says that the LSN missing at b was durable
 *   zero_tail            CLEAN    every byte from b on is zero
 *   torn                 TORN     none of these
 *
 * On durable_lost. The search tries every 8th byte from b on for a group header that verifies
 * and stands where it says. Its body need not be whole: durable_lsn was true when the header was
 * made, whatever became of the rest of its write. So a crash in the middle of the last group
 * still proves that damage before it is no crash. No legal crash leaves such a header in front
 * of a hole, since its writer had seen the hole's group synced. Headers from an earlier
 * use of the segment's number name earlier LSNs and prove nothing.
 *
 * Failure modes: none of its own. Any bytes give a verdict; lengths are compared before use.
 * Time is linear in the file: the walk hashes each byte a fixed number of times, the search
 * hashes at most one header per 8 bytes and never a body. */
#include "log/scan.h"

enum fact {
	FACT_OUTSIDE = 1 << 0,
	FACT_PIN_MISSED = 1 << 1,
	FACT_WITNESS_BEYOND = 1 << 2,
	FACT_WITNESS_INSIDE_GROUP = 1 << 3,
	FACT_WITNESS_OTHER_LSN = 1 << 4,
	FACT_WITNESS_OTHER_CHAIN = 1 << 5,
	FACT_PINNED = 1 << 6,
	FACT_WITNESS_LSN_MISSING = 1 << 7,
	FACT_DURABLE_LOST = 1 << 8,
	FACT_ZERO_TAIL = 1 << 9,
	FACT_ALWAYS = 1 << 10,
};

/* The decision table. Order matters: the first row whose fact holds decides. */
static const struct row {
	enum fact fact;
	enum hf__scan_end kind;
	const char *why;
} rows[] = {
    {FACT_OUTSIDE, HF__SCAN_CORRUPT, "the segment is shorter than its log"},
    {FACT_PIN_MISSED, HF__SCAN_CORRUPT,
     "a group before the end that the next segment names is damaged"},
    {FACT_WITNESS_BEYOND, HF__SCAN_CORRUPT,
     "the witness says that groups after this place were durable"},
    {FACT_WITNESS_INSIDE_GROUP, HF__SCAN_CORRUPT,
     "no group ends where the witness says that the log was durable"},
    {FACT_WITNESS_OTHER_LSN, HF__SCAN_CORRUPT, "the witness names another entry at this place"},
    {FACT_WITNESS_OTHER_CHAIN, HF__SCAN_CORRUPT,
     "the witness names another group at this place: the log and it are of two copies that went "
     "apart"},
    {FACT_PINNED, HF__SCAN_CLEAN, NULL},
    {FACT_WITNESS_LSN_MISSING, HF__SCAN_CORRUPT,
     "the witness says that entries after this place were durable"},
    {FACT_DURABLE_LOST, HF__SCAN_CORRUPT,
     "a later group says that the group missing here was durable"},
    {FACT_ZERO_TAIL, HF__SCAN_CLEAN, NULL},
    {FACT_ALWAYS, HF__SCAN_TORN, NULL},
};

struct walk {
	const struct hf__scan_input *in;
	uint32_t limit; /* nothing from here on exists: end of the file, or the pinned end */
	uint32_t at; /* where the log has got to */
	uint32_t durable_at; /* the same of what is known to be durable, when that was asked last */
	const uint8_t *group; /* that continues the log, wholly in memory */
	unsigned facts;
	struct hf__scan_verdict *out;
};

/* The first byte of the file that may be asked for again. */
static uint32_t kept_from(const struct walk *w)
{
	if (!w->in->window->keeps)
		return w->at;
	/* R7 writes the header again, too, where nothing behind it is known to be durable. */
	return w->durable_at > HF__SEGMENT_HEADER_SIZE ? w->durable_at : 0;
}

static struct hf_bytes bytes_read(const struct walk *w, uint32_t at, uint32_t need)
{
	return hf__scan_window_at(w->in->window, kept_from(w), at, need);
}

/* What is in memory from `at` on, which is not past the limit: `need` bytes at least, if they
 * exist. Valid until the next call that needs some. Inline: a walk asks four times a group, and
 * mostly they are held. */
static inline struct hf_bytes bytes_from(const struct walk *w, uint32_t at, uint32_t need)
{
	const struct hf__scan_input *in = w->in;
	struct hf_bytes held;
	if (at == w->limit)
		return hf_bytes_of(NULL, 0); /* there may be no bytes at all to point into */
	if (!in->window)
		return hf_bytes_of((const uint8_t *)in->bytes.data + at, w->limit - at);
	if (!hf__scan_window_has(in->window, at, need, &held))
		held = bytes_read(w, at, need);
	return held.len > w->limit - at ? hf_bytes_of(held.data, w->limit - at) : held;
}

static uint64_t later_of(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* --- The walk --------------------------------------------------------------------------------- */

bool hf__scan_header_in(const struct hf__scan_input *in, struct hf_bytes bytes, uint32_t at,
                        struct hf__group_header *out)
{
	const struct hf__position here = {in->segment, at};
	return hf__group_stands(bytes, here) && hf__group_decode_header(in->id, bytes, out) == HF_OK &&
	       out->durable_lsn < out->first_lsn;
}

static bool header_at(const struct walk *w, uint32_t at, struct hf__group_header *out)
{
	return hf__scan_header_in(w->in, bytes_from(w, at, HF__GROUP_HEADER_SIZE), at, out);
}

/* Its bytes, wholly in memory; fewer: it reaches past the limit, or could not be read. */
static struct hf_bytes group_bytes(const struct walk *w, const struct hf__group_header *header)
{
	const uint32_t size = hf__group_size(header);
	return bytes_from(w, w->at, size <= w->limit - w->at ? size : 0);
}

/* Does a group continue the log here? It must fit before the limit, hence before the pinned end. */
static bool group_continues(struct walk *w, struct hf__group_header *out)
{
	w->out->damaged_end = 0;
	if (!header_at(w, w->at, out) || out->first_lsn != w->out->next_lsn ||
	    out->previous_hash != w->out->previous_hash)
		return false;
	const struct hf_bytes bytes = group_bytes(w, out);
	w->group = bytes.data;
	if (w->in->whole_at != 0 && w->at == w->in->whole_at)
		return true;
	if (hf__group_verify_body(w->in->id, out, bytes) == HF_OK)
		return true;
	w->out->damaged_end = hf__group_size(out) <= w->limit - w->at ? w->at + hf__group_size(out) : 0;
	return false;
}

/* What seems to be an entry, and lies there wholly, in memory. */
static void expect_entry(const struct walk *w, uint32_t at, void *arg)
{
	struct hf__entry entry;
	const struct hf_bytes bytes = bytes_from(w, at, 0);
	if (hf__entry_glance(bytes, &entry) && entry.domain < 32 &&
	    (w->in->expected & UINT32_C(1) << entry.domain))
		w->in->expect(arg, &entry);
}

/* Where the entry behind these stands: of this group, or the first of the next one. */
static void expect_next(const struct walk *w, const struct hf__group_header *header, uint32_t at,
                        bool last, void *arg)
{
	const uint32_t next = last ? w->at + hf__group_size(header) + HF__GROUP_HEADER_SIZE : at;
	if (w->in->expected && next < w->limit)
		expect_entry(w, next, arg);
}

/* Its entries to the caller, in order. */
static int group_deliver(const struct walk *w, const struct hf__group_header *header,
                         hf__scan_entry_fn each, void *arg)
{
	uint32_t at = w->at + HF__GROUP_HEADER_SIZE;
	for (uint32_t i = 0; i < header->entry_count; i++) {
		struct hf__entry entry;
		const size_t size = hf__entry_read(header->first_lsn + i, w->group + (at - w->at), &entry);
		entry.place = (struct hf__position){w->in->segment, at + HF__ENTRY_HEADER_SIZE};
		entry.incarnation = header->incarnation_lsn;
		at += (uint32_t)size;
		expect_next(w, header, at, i + 1 == header->entry_count, arg);
		const int rc = each(arg, &entry);
		if (rc != 0)
			return rc;
	}
	return 0;
}

static void learn_durable(struct hf__scan_verdict *out, const struct hf__group_header *header)
{
	out->durable_lsn = later_of(out->durable_lsn, header->durable_lsn);
	if (header->durable_lsn >= header->incarnation_lsn)
		out->proven_lsn = later_of(out->proven_lsn, header->durable_lsn);
}

/* Goes on to where the last group ends that is durable as a whole, as far as `lsn` is. The groups
 * before `end` verified already. */
static void follow_durable(struct walk *w, uint64_t lsn)
{
	while (w->durable_at < w->out->end) {
		struct hf__group_header header;
		hf__group_read_header(bytes_from(w, w->durable_at, HF__GROUP_HEADER_SIZE).data, &header);
		if (lsn < header.first_lsn + (header.entry_count - 1))
			return;
		w->durable_at += hf__group_size(&header);
	}
}

/* What is durable as far as the scan knows by now. */
static uint64_t known_durable(const struct walk *w)
{
	return later_of(w->out->durable_lsn, w->in->witness_lsn);
}

/* The log now ends behind this group. Does the witness have a word about that place? */
static void group_take(struct walk *w, const struct hf__group_header *header)
{
	struct hf__scan_verdict *out = w->out;
	const uint32_t begin = w->at, witness = w->in->witness_end;
	w->at += hf__group_size(header);
	out->end = w->at;
	out->next_lsn = header->first_lsn + header->entry_count;
	out->previous_hash = header->hash;
	learn_durable(out, header);
	if (w->in->window && w->in->window->keeps) {
		/* Mostly all that is before this group is, and no header needs to be read again. */
		if (known_durable(w) >= header->first_lsn - 1)
			w->durable_at = begin;
		else
			follow_durable(w, known_durable(w));
	}
	out->groups++;
	out->entries += header->entry_count;
	if (witness > begin && witness < w->at)
		w->facts |= FACT_WITNESS_INSIDE_GROUP;
	if (witness == w->at && w->in->witness_lsn != 0) {
		w->facts |= w->in->witness_lsn != out->next_lsn - 1 ? FACT_WITNESS_OTHER_LSN : 0;
		w->facts |= w->in->witness_chain != header->hash ? FACT_WITNESS_OTHER_CHAIN : 0;
	}
}

static int walk_groups(struct walk *w, hf__scan_entry_fn each, void *arg)
{
	struct hf__group_header header;
	while (group_continues(w, &header)) {
		const int rc = each ? group_deliver(w, &header, each, arg) : 0;
		if (rc != 0)
			return rc;
		group_take(w, &header);
	}
	return 0;
}

/* --- What lies behind ------------------------------------------------------------------------- */

/* What lies behind the log. */
struct tail {
	uint32_t len; /* bytes from the end of the log to the last one that is not zero; 0: none is */
	/* the greatest durable_lsn that any group header beginning among them names */
	uint64_t durable;
};

/* From what was found out before: the first mark at or behind this place. */
static struct tail known_tail(const struct walk *w)
{
	const struct hf__scan_behind *behind = w->in->behind;
	struct tail tail = {.len = behind->data_end > w->at ? behind->data_end - w->at : 0};
	size_t low = 0, high = behind->count;
	while (low < high) {
		const size_t middle = low + (high - low) / 2;
		if (behind->marks[middle].offset < w->at)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == behind->count)
		return tail;
	const struct hf__scan_mark *mark = &behind->marks[low];
	w->out->durable_lsn = later_of(w->out->durable_lsn, mark->durable_lsn);
	w->out->proven_lsn = later_of(w->out->proven_lsn, mark->proven_lsn);
	tail.durable = mark->durable_lsn;
	return tail;
}

/* How many of the bytes there are up to the last one that is not zero. Whole blocks first: a fresh
 * segment of 64 MiB is nearly all zeros. */
static uint32_t used_len(const uint8_t *bytes, uint32_t len)
{
	if (hf__bytes_zero(bytes, len))
		return 0;
	while (len >= HF__BLOCK && hf__bytes_zero(bytes + (len - HF__BLOCK), HF__BLOCK))
		len -= HF__BLOCK;
	while (len > 0 && bytes[len - 1] == 0)
		len--;
	return len;
}

/* A piece, and so much of the next one that a header which begins in this one lies in it. What the
 * walk has seen is looked at as it was then: a writer may be at it. */
static struct hf_bytes piece_at(const struct walk *w, uint32_t at)
{
	const size_t most = HF__WINDOW_PEEK + HF__GROUP_HEADER_SIZE;
	struct hf_bytes piece = bytes_from(w, at, 0);
	if (w->in->window && piece.len <= HF__GROUP_HEADER_SIZE && piece.len < w->limit - at)
		piece = hf__scan_window_peek(w->in->window, at, HF__GROUP_HEADER_SIZE);
	piece.len = piece.len < w->limit - at ? piece.len : w->limit - at;
	piece.len = piece.len < most ? piece.len : most;
	return piece;
}

/* Headers that begin among the first `used` bytes of a piece at `from`. One may end in the zeros
 * behind them: its checksum's last byte can be one. */
static void search_piece(const struct walk *w, struct hf_bytes piece, uint32_t from, uint32_t used,
                         struct tail *tail)
{
	const uint8_t *bytes = piece.data;
	for (uint32_t at = (HF__ALIGN - from % HF__ALIGN) % HF__ALIGN; at < used; at += HF__ALIGN) {
		struct hf__group_header header;
		if (piece.len - at < HF__GROUP_HEADER_SIZE)
			break;
		/* Nearly every place says no here, and there are as many as the segment is long. */
		if (hf__group_magic(bytes + at) &&
		    hf__scan_header_in(w->in, hf_bytes_of(bytes + at, piece.len - at), from + at,
		                       &header)) {
			tail->durable = later_of(tail->durable, header.durable_lsn);
			learn_durable(w->out, &header);
		}
	}
}

static struct tail look_behind(const struct walk *w)
{
	struct tail tail = {0};
	uint32_t own;
	if (w->in->behind)
		return known_tail(w);
	for (uint32_t from = w->at; from < w->limit; from += own) {
		const struct hf_bytes piece = piece_at(w, from);
		if (piece.len == 0)
			break; /* it could not be read */
		own = (uint32_t)piece.len;
		own -= own < w->limit - from ? HF__GROUP_HEADER_SIZE : 0;
		const uint32_t used = used_len(piece.data, own);
		tail.len = used > 0 ? from - w->at + used : tail.len;
		search_piece(w, piece, from, used, &tail);
	}
	return tail;
}

static void collect_facts(struct walk *w)
{
	const struct hf__scan_input *in = w->in;
	struct hf__scan_verdict *out = w->out;
	/* Asked for pinned segments too: it shows how much is lost. */
	const struct tail tail = look_behind(w);
	w->facts |= FACT_ALWAYS;
	w->facts |= tail.len == 0 ? FACT_ZERO_TAIL : 0;
	w->facts |= in->witness_end > w->at ? FACT_WITNESS_BEYOND : 0;
	w->facts |= in->witness_lsn >= out->next_lsn ? FACT_WITNESS_LSN_MISSING : 0;
	if (in->pinned_end != 0)
		w->facts |= w->at == in->pinned_end ? FACT_PINNED : FACT_PIN_MISSED;
	w->facts |= tail.durable >= out->next_lsn ? FACT_DURABLE_LOST : 0;
	out->torn_len = tail.len;
}

/* --- The verdict ------------------------------------------------------------------------------ */

static void decide(struct walk *w)
{
	struct hf__scan_verdict *out = w->out;
	const struct row *row = rows;
	while ((w->facts & row->fact) == 0)
		row++; /* ends: FACT_ALWAYS holds */
	out->kind = row->kind;
	out->why = row->why;
	out->witness_disagrees = row->fact == FACT_WITNESS_INSIDE_GROUP ||
	                         row->fact == FACT_WITNESS_OTHER_LSN ||
	                         row->fact == FACT_WITNESS_OTHER_CHAIN;
	/* Behind damage nothing is written again, so this is never asked; nor of what went. */
	if (!w->in->behind && (!w->in->window || w->in->window->keeps))
		follow_durable(w, known_durable(w));
	out->durable_end = w->durable_at;
	if (row->kind != HF__SCAN_TORN)
		out->torn_len = 0;
	if (row->kind == HF__SCAN_CORRUPT) {
		/* A witness that lies in a later segment says nothing about how much this one lost. */
		const bool here = w->in->pinned_end == 0 || w->in->witness_end != 0;
		out->last_lost_lsn =
		    later_of(out->next_lsn - 1, later_of(out->durable_lsn, here ? w->in->witness_lsn : 0));
	}
}

/* How much of the file can be a segment: no offset computed from it exceeds 32 bits. */
static uint32_t length_of(const struct hf__scan_input *in)
{
	if (in->window)
		return in->window->size;
	return in->bytes.len < HF__SEGMENT_SIZE_MAX ? (uint32_t)in->bytes.len : HF__SEGMENT_SIZE_MAX;
}

int hf__scan(const struct hf__scan_input *input, hf__scan_entry_fn each, void *arg,
             struct hf__scan_verdict *out)
{
	const uint32_t length = length_of(input);
	struct walk w = {.in = input,
	                 .limit = input->pinned_end ? input->pinned_end : length,
	                 .at = input->from,
	                 .durable_at = input->from,
	                 .out = out};
	*out = (struct hf__scan_verdict){
	    .kind = HF__SCAN_CLEAN,
	    .end = input->from,
	    .next_lsn = input->next_lsn,
	    .previous_hash = input->previous_hash,
	    .durable_end = input->from,
	};
	if (w.limit > length || w.at > w.limit) {
		w.limit = w.at; /* no byte is looked at */
		w.facts = FACT_OUTSIDE;
	} else {
		const int rc = walk_groups(&w, each, arg);
		if (rc != 0)
			return rc; /* durable_end is not known yet: `from` stands */
		collect_facts(&w);
	}
	if (input->window && input->window->os_errno != 0)
		return HF_EIO; /* what was not read is no fact */
	decide(&w);
	return 0;
}
