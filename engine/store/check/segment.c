/* One segment of the log, all of it. The scan judges, as in recovery; where it says CORRUPT the
 * damage is reported, and the scan is started again at the next whole group behind it, as often
 * as it takes.
 *
 * I-CHECK-1: every restart lies behind the last one, or takes the group that stopped it; so it
 * ends. */
#include "store/check/check.h"

struct segment {
	struct hf__check *c;
	struct hf__segment_file *found;
	const struct hf__segment_file *next;
	char name[HF__NAME_MAX];
	struct hf__scan_input input;
	bool cut; /* the file ends before its log does */
	uint64_t cut_last; /* the last entry that is known to be missing then; 0: none */
	struct hf__scan_behind behind; /* found out at the first damage */
	struct hf__scan_mark *marks; /* of it */
	size_t marks_cap;
};

/* --- Damage ----------------------------------------------------------------------------------- */

static uint32_t limit_of(const struct segment *s)
{
	const struct hf__scan_input *in = &s->input;
	return in->pinned_end ? in->pinned_end : (uint32_t)in->bytes.len;
}

/* The end of what is not zero behind `from`. */
static uint32_t end_of_data(const struct segment *s, uint32_t from)
{
	const uint8_t *bytes = s->input.bytes.data;
	uint32_t end = limit_of(s);
	while (end > from && bytes[end - 1] == 0)
		end--;
	return end;
}

static bool note_mark(void *arg, uint32_t at, const struct hf__group_header *header)
{
	struct segment *s = arg;
	struct hf__scan_mark *marks =
	    hf__grown(s->marks, s->behind.count, &s->marks_cap, sizeof *marks, 64);
	s->c->no_memory = s->c->no_memory || !marks;
	if (!marks)
		return false;
	s->marks = marks;
	const uint64_t proven =
	    header->durable_lsn >= header->incarnation_lsn ? header->durable_lsn : 0;
	s->marks[s->behind.count++] = (struct hf__scan_mark){at, header->durable_lsn, proven};
	return true;
}

static uint64_t greater(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* However often the scan is begun anew behind damage, what lies behind is looked through once:
 * what every header from `from` on says, and from the back the greatest of it. */
static void look_behind(struct segment *s, uint32_t from)
{
	if (s->input.behind)
		return;
	s->behind.data_end = end_of_data(s, from);
	hf__scan_headers(&s->input, from, note_mark, s);
	for (size_t i = s->behind.count; i-- > 1;) {
		s->marks[i - 1].durable_lsn = greater(s->marks[i - 1].durable_lsn, s->marks[i].durable_lsn);
		s->marks[i - 1].proven_lsn = greater(s->marks[i - 1].proven_lsn, s->marks[i].proven_lsn);
	}
	s->behind.marks = s->marks;
	s->input.behind = &s->behind;
}

/* The last entry that is gone when nothing whole follows in this segment. */
static uint64_t last_lost(const struct segment *s, const struct hf__scan_verdict *v)
{
	struct hf__group_header header;
	uint64_t last = v->last_lost_lsn;
	if (s->input.pinned_end)
		return s->next->header.previous_lsn;
	if (hf__scan_header(&s->input, v->end, &header) &&
	    header.first_lsn + (header.entry_count - 1) > last)
		last = header.first_lsn + (header.entry_count - 1);
	return last;
}

static void restart_at(struct segment *s, uint32_t at, uint64_t next_lsn, uint64_t previous_hash)
{
	s->input.from = at;
	s->input.next_lsn = next_lsn;
	s->input.previous_hash = previous_hash;
}

/* The groups are sound, but the witness does not fit them. Goes on without it. */
static void report_witness(struct segment *s, const struct hf__scan_verdict *v)
{
	const size_t finding =
	    hf__check_note(s->c, HF_FSCK_DAMAGE, s->name, s->input.witness_end, 0, "%s", v->why);
	hf__check_range(s->c, finding, s->input.witness_lsn, s->input.witness_lsn);
	s->input.witness_end = 0;
	s->input.witness_lsn = 0;
	restart_at(s, v->end, v->next_lsn, v->previous_hash);
}

static uint32_t greater_end(const struct segment *s, uint32_t from)
{
	return s->behind.data_end > from ? s->behind.data_end : from;
}

/* Bytes that ought to be groups. False: nothing whole follows. */
static bool report_hole(struct segment *s, const struct hf__scan_verdict *v)
{
	struct hf__check *c = s->c;
	struct hf__group_header header;
	uint32_t to = 0;
	look_behind(s, v->end);
	const bool more = hf__scan_find(&s->input, v->damaged_end ? v->damaged_end : v->end,
	                                v->next_lsn, &to, &header);
	if (!more && s->cut && s->cut_last >= v->next_lsn)
		return false; /* the end that is missing begins here: that is said once */
	if (!more)
		to = s->input.pinned_end ? s->input.pinned_end : greater_end(s, v->end);
	const uint64_t last = more ? header.first_lsn - 1 : last_lost(s, v);
	const size_t finding =
	    hf__check_note(c, HF_FSCK_DAMAGE, s->name, v->end, to - v->end, "%s", v->why);
	hf__check_range(c, finding, v->next_lsn, last);
	hf__check_hole(c, finding, &s->input, v->end, to, more ? &header : NULL, v->next_lsn, last);
	hf__check_lost(c, finding);
	if (more) {
		restart_at(s, to, header.first_lsn, header.previous_hash);
		s->input.whole_at = to;
	}
	return more;
}

static void report_torn(struct segment *s, const struct hf__scan_verdict *v)
{
	struct hf__check *c = s->c;
	const size_t finding =
	    hf__check_note(c, HF_FSCK_TORN, s->name, v->end, v->torn_len,
	                   "what a crash left behind the end of the log; no opening reads it");
	hf__check_hole(c, finding, &s->input, v->end, v->end + v->torn_len, NULL, v->next_lsn,
	               HF_ABSENT);
	c->sum.torn_bytes += v->torn_len;
}

/* --- The walk --------------------------------------------------------------------------------- */

/* Without a header nothing says with which entry the segment begins: with that of its first
 * whole group. */
static void find_begin(struct segment *s)
{
	struct hf__check *c = s->c;
	struct hf__group_header header;
	uint64_t first = 0;
	uint32_t at = 0;
	s->input.next_lsn = c->r.next_lsn;
	if (s->found->header_rc == HF_OK || s->input.bytes.len < HF__SEGMENT_HEADER_SIZE)
		return;
	if (!hf__scan_find(&s->input, HF__SEGMENT_HEADER_SIZE, c->r.next_lsn, &at, &header) ||
	    at != HF__SEGMENT_HEADER_SIZE)
		return;
	/* Numbers may jump: the group names the one before it. */
	if (hf__check_unsaid(c, header.first_lsn - 1, &first) &&
	    header.previous_hash != c->r.previous_hash) {
		const size_t finding = hf__check_note(c, HF_FSCK_DAMAGE, s->name, at, 0,
		                                      "the segment does not follow the one before it");
		hf__check_range(c, finding, first, header.first_lsn - 1);
		hf__check_lost(c, finding);
	}
	restart_at(s, at, header.first_lsn, header.previous_hash);
	s->input.whole_at = at;
}

static void take_verdict(struct segment *s, const struct hf__scan_verdict *v, bool certain)
{
	struct hf__check *c = s->c;
	c->r.verdict = *v;
	c->r.next_lsn = v->next_lsn;
	c->r.previous_hash = v->previous_hash;
	c->sum.groups += v->groups;
	if (!certain)
		c->sum.groups_after_damage += v->groups;
}

static void walk(struct segment *s)
{
	struct hf__scan_verdict v;
	for (bool more = true; more;) {
		const bool certain = s->c->certain;
		if (hf__scan(&s->input, hf__check_entry, s->c, &v) != 0) {
			s->c->no_memory = true;
			return;
		}
		take_verdict(s, &v, certain);
		more = v.kind == HF__SCAN_CORRUPT;
		if (more && v.witness_disagrees)
			report_witness(s, &v);
		else if (more)
			more = report_hole(s, &v);
	}
	if (v.kind == HF__SCAN_TORN && !s->cut)
		report_torn(s, &v);
}

/* --- Ends ------------------------------------------------------------------------------------- */

/* The file ends before its log does. What is there can still be read. */
static void allow_cut(struct segment *s)
{
	const size_t len = s->input.bytes.len;
	s->cut = len < HF__SEGMENT_HEADER_SIZE || s->input.pinned_end > len;
	if (!s->cut)
		return;
	s->input.pinned_end = 0;
	s->input.witness_end = 0;
	s->input.witness_lsn = 0;
}

static void report_cut(struct segment *s, uint32_t pinned_end, uint64_t last)
{
	struct hf__check *c = s->c;
	const uint32_t len = (uint32_t)s->input.bytes.len;
	const uint32_t end = len < HF__SEGMENT_HEADER_SIZE ? len : c->r.verdict.end;
	if (last < c->r.next_lsn) {
		/* No entry is missing; an opening refuses it all the same. */
		if (pinned_end > len)
			(void)hf__check_note(c, HF_FSCK_DAMAGE, s->name, end, len - end,
			                     "the next segment says that this one ends behind its file");
		return;
	}
	const size_t finding = hf__check_note(c, HF_FSCK_DAMAGE, s->name, end, len - end,
	                                      "the file ends before the log does");
	hf__check_range(c, finding, c->r.next_lsn, last);
	hf__check_hole(c, finding, &s->input, end, len, NULL, c->r.next_lsn, last);
	hf__check_lost(c, finding);
}

/* Bytes that the next header cut off. */
static void check_cut_off(struct segment *s, uint32_t pinned_end)
{
	const uint8_t *bytes = s->input.bytes.data;
	const size_t len = s->input.bytes.len;
	if (pinned_end == 0 || pinned_end >= len ||
	    hf__bytes_zero(bytes + pinned_end, len - pinned_end))
		return;
	(void)hf__check_note(s->c, HF_FSCK_LEFTOVER, s->name, pinned_end, len - pinned_end,
	                     "what a crash left here is cut off by the next segment");
}

static bool read_segment(struct segment *s)
{
	struct hf__check *c = s->c;
	const int rc = hf__recovery_read(&c->r, s->found, 0);
	if (rc == HF_OK) {
		c->sum.files++;
		c->sum.bytes += c->r.bytes.len;
		c->done += c->r.bytes.len;
		c->sum.segments++;
		return true;
	}
	if (rc != HF_ECORRUPT && s->found->header_rc != HF_EIO) /* said already */
		hf__check_unread(c, s->name, rc, c->scratch.os_errno);
	c->certain = false;
	if (rc == HF_ECORRUPT && c->begin)
		hf__check_lost(c, hf__check_note(c, HF_FSCK_DAMAGE, s->name, 0, 0,
		                                 "nothing of this segment was read"));
	return false;
}

void hf__check_segment(struct hf__check *c, struct hf__segment_file *f,
                       const struct hf__segment_file *next)
{
	struct segment s = {.c = c, .found = f, .next = next};
	hf__segment_name(f->number, s.name);
	if (f->header_rc == HF_EVERSION || !read_segment(&s))
		return;
	s.input = hf__recovery_input(&c->r, f, next);
	const uint32_t pinned_end = s.input.pinned_end;
	const uint64_t witnessed = c->r.witness.end.segment == f->number ? c->r.witness.lsn : 0;
	const uint64_t last = pinned_end ? next->header.previous_lsn : witnessed;
	if (!pinned_end && c->r.witness.end.segment > f->number)
		s.input.witness_lsn = 0; /* it speaks of what follows, whatever became of that */
	find_begin(&s);
	if (f->header_rc == HF_OK)
		restart_at(&s, HF__SEGMENT_HEADER_SIZE, f->header.first_lsn, f->header.previous_hash);
	allow_cut(&s);
	s.cut_last = last;
	if (s.input.bytes.len >= HF__SEGMENT_HEADER_SIZE)
		walk(&s);
	hf__free(s.marks);
	if (s.cut)
		report_cut(&s, pinned_end, last);
	check_cut_off(&s, pinned_end);
}
