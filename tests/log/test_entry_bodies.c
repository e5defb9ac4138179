/* tier: fast */
/* Entries of inbox and cursor as bytes: what no mutation can have written is refused as damage
 * and touches nothing, whatever is cut, added or flipped; running out of memory anywhere while
 * applying leaves, after undo, what there was; and describing is total. The rows are driven
 * directly, without a store. */
#include "base/mem.h"
#include "domains/common/domains.h"
#include "domains/cursor/cursor.h"
#include "domains/inbox/inbox.h"
#include "lib/test.h"
#include "object/change.h"

/* --- A state without a store ------------------------------------------------------------------ */

struct bench {
	const struct hf__domain *row;
	void *state;
	struct hf__change change;
	uint64_t lsn; /* of the next entry */
};

static void bench_init(struct bench *b, const struct hf__domain *row)
{
	const struct hf__domain_env env = {.inline_max = 16};
	*b = (struct bench){.row = row, .state = hf__alloc(row->state_size), .lsn = 1};
	assert_non_null(b->state);
	assert_int_equal(row->init(b->state, &env), HF_OK);
}

static void bench_deinit(struct bench *b)
{
	b->row->deinit(b->state);
	hf__free(b->state);
	hf__change_deinit(&b->change);
}

static void describe(const struct hf__entry *entry, const struct hf__domain *row)
{
	char text[64];
	struct hf__text out = {text, sizeof text, 0};
	row->describe(entry, &out);
	assert_true(out.len > 0 && strlen(text) == out.len);
}

/* Applies one entry and keeps it, or undoes what it did. */
static int apply(struct bench *b, uint8_t kind, struct hf_bytes body, bool keep)
{
	const struct hf__entry entry = {
	    .lsn = b->lsn, .at = 1, .domain = b->row->id, .kind = kind, .body = body};
	hf__change_begin(&b->change, b->lsn, true);
	const int rc = b->row->apply(b->state, &b->change, &entry);
	if (rc == HF_OK && keep) {
		hf__change_keep(&b->change);
		b->lsn++;
	} else {
		hf__change_undo(&b->change);
	}
	return rc;
}

static int collect(struct hf__emitter *emitter, uint64_t lsn, uint8_t kind)
{
	struct hf__writer *out = emitter->ctx;
	hf__put_u64(out, lsn);
	hf__put_u8(out, kind);
	hf__put_long(out, hf_bytes_of(emitter->body.data, emitter->body.len));
	emitter->body.len = 0;
	return HF_OK;
}

static int collect_payload(struct hf__emitter *emitter, const struct hf__payload *payload)
{
	assert_int_equal(payload->segment, 0);
	hf__put_long(&emitter->body, hf__blob_bytes(payload->bytes));
	return HF_OK;
}

static struct hf__writer snapshot(const struct bench *b)
{
	char why[200] = "";
	struct hf__text text = {why, sizeof why, 0};
	struct hf__writer out = {0};
	struct hf__emitter emitter = {.ctx = &out, .emit = collect, .payload = collect_payload};
	if (b->row->verify(b->state, &text) != HF_OK)
		fail_msg("verify: %s", why);
	assert_int_equal(b->row->snapshot(b->state, &emitter), HF_OK);
	hf__writer_deinit(&emitter.body);
	return out;
}

static void expect_state(const struct bench *b, const struct hf__writer *want)
{
	struct hf__writer now = snapshot(b);
	assert_true(
	    hf__bytes_equal(hf_bytes_of(now.data, now.len), hf_bytes_of(want->data, want->len)));
	hf__writer_deinit(&now);
}

/* --- Histories that mutations write ----------------------------------------------------------- */

struct body {
	uint8_t kind;
	struct hf__writer bytes;
};

enum { HISTORY_MAX = 32 };

struct history {
	const struct hf__domain *row;
	struct body bodies[HISTORY_MAX];
	size_t count;
};

static struct hf__writer *add(struct history *h, uint8_t kind)
{
	assert_true(h->count < HISTORY_MAX);
	h->bodies[h->count].kind = kind;
	return &h->bodies[h->count++].bytes;
}

static void history_deinit(struct history *h)
{
	for (size_t i = 0; i < h->count; i++)
		hf__writer_deinit(&h->bodies[i].bytes);
}

static struct hf_bytes body_bytes(const struct body *body)
{
	return hf_bytes_of(body->bytes.data, body->bytes.len);
}

static const struct hf__cursor_position mailer = {
    .part = {{"mailer", 6}, {"events", 6}, {"orders", 6}}};

static struct hf__cursor_image cursor_image(int64_t sequence)
{
	return (struct hf__cursor_image){.last_sequence = sequence,
	                                 .delivery_id = hf_str("d"),
	                                 .last_delivered_at = 5,
	                                 .updated_at = 6,
	                                 .reset_at = HF_UNSET};
}

static void cursor_history(struct history *h)
{
	*h = (struct history){.row = &hf__cursor_domain};
	struct hf__cursor_image image = cursor_image(3);
	image.last_error = hf_str("bad");
	image.error_count = 2;
	image.reset_reason = hf_str("old");
	image.reset_at = 1;
	hf__cursor_put_set(add(h, HF__CURSOR_SET), HF__CURSOR_STATE, &mailer, &image);
	image = cursor_image(4);
	hf__cursor_put_set(add(h, HF__CURSOR_SET), HF__CURSOR_ADVANCE, &mailer, &image);
	image.updated_at = 9;
	hf__cursor_put_set(add(h, HF__CURSOR_SET), HF__CURSOR_REPLAY, &mailer, &image);
	image.last_error = hf_str("boom");
	image.error_count = 1;
	hf__cursor_put_set(add(h, HF__CURSOR_SET), HF__CURSOR_RECORD_ERROR, &mailer, &image);
	image = cursor_image(0);
	image.reset_reason = hf_str("why");
	image.reset_at = image.updated_at;
	hf__cursor_put_set(add(h, HF__CURSOR_SET), HF__CURSOR_RESET, &mailer, &image);
	image = cursor_image(7);
	image.last_error = hf_str("late");
	image.error_count = 3;
	hf__cursor_put_set(add(h, HF__CURSOR_SET), HF__CURSOR_PUT, &mailer, &image);
	hf__cursor_put_remove(add(h, HF__CURSOR_REMOVE), &mailer);
}

static const struct hf__inbox_image fresh = {.unread = true,
                                             .score = 1.5,
                                             .updated_at = 2,
                                             .snapshot_at = 3,
                                             .seen_at = HF_UNSET,
                                             .read_at = HF_UNSET,
                                             .dismissed_at = HF_UNSET,
                                             .snoozed_until = HF_UNSET};
/* Entries here are of the instant 1: the first has ended by then, the others stand. */
static const struct hf__tomb_value removal = {.until = 1, .dismissed_at = HF_UNSET};
static const struct hf__tomb_value standing = {.until = 2, .dismissed_at = HF_UNSET};
static const struct hf__tomb_value dismissal = {.until = 60, .dismissed = true, .dismissed_at = 9};

static void put_head(struct hf__writer *w, enum hf__inbox_cause cause, int64_t generated_at,
                     uint32_t count)
{
	hf__inbox_put_change(
	    w, &(struct hf__inbox_change){
	           .cause = cause, .user = hf_str("u"), .generated_at = generated_at, .count = count});
}

static void put_record(struct hf__writer *w, const char *thread,
                       const struct hf__inbox_image *image, const char *payload)
{
	hf__inbox_put_record(w, hf_str("a"), hf_str(thread), image);
	hf__put_long(w, hf_str(payload));
}

static void inbox_marks(struct history *h)
{
	const struct hf__inbox_key key = {hf_str("u"), hf_str("a"), hf_str("t1")};
	struct hf__inbox_image image = fresh;
	image.seen_at = 7;
	hf__inbox_put_mark(add(h, HF__INBOX_MARK), HF__INBOX_MARK_SEEN, &key, &image);
	image.unread = false;
	image.read_at = 8;
	hf__inbox_put_mark(add(h, HF__INBOX_MARK), HF__INBOX_MARK_READ, &key, &image);
	image.unread = true;
	image.read_at = HF_UNSET;
	hf__inbox_put_mark(add(h, HF__INBOX_MARK), HF__INBOX_MARK_UNREAD, &key, &image);
	image.dismissed = true;
	image.dismissed_at = 9;
	hf__inbox_put_mark(add(h, HF__INBOX_MARK), HF__INBOX_MARK_DISMISS, &key, &image);
	image.dismissed = false;
	image.dismissed_at = HF_UNSET;
	hf__inbox_put_mark(add(h, HF__INBOX_MARK), HF__INBOX_MARK_UNDISMISS, &key, &image);
	image.snoozed_until = 12;
	hf__inbox_put_mark(add(h, HF__INBOX_MARK), HF__INBOX_MARK_SNOOZE, &key, &image);
}

/* All that is read and dismissed at once, tombstones that come and go, and a state entry with
 * everything. */
static void inbox_tombs(struct history *h)
{
	struct hf__inbox_all all = {
	    .mark = HF__INBOX_MARK_READ, .user = hf_str("u"), .up_to = 2, .at = 10, .count = 3};
	hf__inbox_put_all(add(h, HF__INBOX_ALL), &all);
	all = (struct hf__inbox_all){.mark = HF__INBOX_MARK_DISMISS,
	                             .user = hf_str("u"),
	                             .account = hf_str("a"),
	                             .up_to = 5,
	                             .at = 11,
	                             .count = 3};
	hf__inbox_put_all(add(h, HF__INBOX_ALL), &all);
	struct hf__inbox_image image = fresh;
	image.dismissed = true;
	struct hf__writer *w = add(h, HF__INBOX_CHANGE);
	put_head(w, HF__INBOX_CAUSE_REPLACE, 4, 4);
	put_record(w, "t0", &fresh, "new");
	hf__inbox_put_buried(w, hf_str("a"), hf_str("t1"), &dismissal);
	put_record(w, "t2", &image, "grown");
	hf__inbox_put_removed(w, hf_str("a"), hf_str("t3"));
	w = add(h, HF__INBOX_CHANGE);
	put_head(w, HF__INBOX_CAUSE_REMOVE, HF_UNSET, 1);
	hf__inbox_put_buried(w, hf_str("a"), hf_str("t2"), &removal);
	w = add(h, HF__INBOX_CHANGE);
	put_head(w, HF__INBOX_CAUSE_TOMBSTONE, HF_UNSET, 1);
	hf__inbox_put_buried(w, hf_str("a"), hf_str("t1"), &removal);
	w = add(h, HF__INBOX_CHANGE);
	put_head(w, HF__INBOX_CAUSE_UPSERT, HF_UNSET, 1);
	put_record(w, "t1", &image, "back");
	w = add(h, HF__INBOX_CHANGE);
	put_head(w, HF__INBOX_CAUSE_EXPIRE, HF_UNSET, 1);
	hf__inbox_put_lifted(w, hf_str("a"), hf_str("t2"));
	w = add(h, HF__INBOX_CHANGE);
	put_head(w, HF__INBOX_CAUSE_STATE, HF_UNSET, 1);
	hf__inbox_put_buried(w, hf_str("a"), hf_str("t4"), &dismissal);
	w = add(h, HF__INBOX_CHANGE);
	put_head(w, HF__INBOX_CAUSE_CLEAR, HF_UNSET, 2);
	hf__inbox_put_removed(w, hf_str("a"), hf_str("t1"));
	hf__inbox_put_lifted(w, hf_str("a"), hf_str("t4"));
}

static void inbox_history(struct history *h)
{
	*h = (struct history){.row = &hf__inbox_domain};
	/* The state's LSN is 1, so its status cannot be newer. */
	hf__inbox_put_state(add(h, HF__INBOX_STATE), hf_str("v"),
	                    &(struct hf__inbox_value){.generated_at = 2, .status_version = 1});
	struct hf__writer *w = add(h, HF__INBOX_CHANGE);
	put_head(w, HF__INBOX_CAUSE_UPSERT, 3, 3);
	put_record(w, "t1", &fresh, "short");
	put_record(w, "t2", &fresh, "");
	put_record(w, "t3", &fresh, "a payload of more than sixteen bytes");
	inbox_marks(h);
	hf__inbox_put_status(
	    add(h, HF__INBOX_STATUS),
	    &(struct hf__inbox_status){hf_str("u"), hf_str("busy"), true, hf_str("beside")});
	inbox_tombs(h);
	w = add(h, HF__INBOX_CHANGE);
	put_head(w, HF__INBOX_CAUSE_TRIM, HF_UNSET, 1);
	hf__inbox_put_removed(w, hf_str("a"), hf_str("t0"));
	w = add(h, HF__INBOX_CHANGE);
	put_head(w, HF__INBOX_CAUSE_STATE, HF_UNSET, 1);
	struct hf__inbox_image image = fresh;
	image.snoozed_until = 40;
	image.saved = 3;
	put_record(w, "t9", &image, "");
}

/* --- Cutting, adding, flipping ---------------------------------------------------------------- */

typedef void (*each_fn)(struct bench *b, const struct body *body);

/* Calls `each` before every entry of the history. */
static void along(void (*make)(struct history *), each_fn each)
{
	struct history h;
	struct bench b;
	make(&h);
	bench_init(&b, h.row);
	for (size_t i = 0; i < h.count; i++) {
		each(&b, &h.bodies[i]);
		if (apply(&b, h.bodies[i].kind, body_bytes(&h.bodies[i]), true) != HF_OK)
			fail_msg("entry %zu of the %s history was refused", i, h.row->name);
	}
	bench_deinit(&b);
	history_deinit(&h);
}

static void try_lengths(struct bench *b, const struct body *body)
{
	struct hf__writer before = snapshot(b);
	uint8_t *copy = malloc(body->bytes.len + 1);
	assert_non_null(copy);
	memcpy(copy, body->bytes.data, body->bytes.len);
	copy[body->bytes.len] = 0;
	for (size_t len = 0; len <= body->bytes.len + 1; len++) {
		if (len == body->bytes.len)
			continue;
		/* At the end of an allocation of its own, so that reading on is seen. */
		uint8_t *cut = malloc(len ? len : 1);
		assert_non_null(cut);
		memcpy(cut, copy, len);
		describe(&(struct hf__entry){.kind = body->kind, .body = {cut, len}}, b->row);
		if (apply(b, body->kind, hf_bytes_of(cut, len), false) != HF_ECORRUPT)
			fail_msg("%s kind %u: accepted with %zu of %zu bytes", b->row->name, body->kind, len,
			         body->bytes.len);
		free(cut);
	}
	free(copy);
	expect_state(b, &before);
	hf__writer_deinit(&before);
}

static void bodies_of_any_other_length_are_damage(void **state)
{
	(void)state;
	along(cursor_history, try_lengths);
	along(inbox_history, try_lengths);
}

/* A flip may make another valid body; then it must apply, verify, and undo. */
static void try_flips(struct bench *b, const struct body *body)
{
	struct hf__writer before = snapshot(b);
	uint8_t *copy = malloc(body->bytes.len);
	assert_non_null(copy);
	memcpy(copy, body->bytes.data, body->bytes.len);
	for (size_t bit = 0; bit < body->bytes.len * 8; bit++) {
		copy[bit / 8] ^= (uint8_t)(1u << bit % 8);
		describe(&(struct hf__entry){.kind = body->kind, .body = {copy, body->bytes.len}}, b->row);
		const int rc = apply(b, body->kind, hf_bytes_of(copy, body->bytes.len), false);
		assert_true(rc == HF_OK || rc == HF_ECORRUPT || rc == HF_EVERSION);
		assert_true(bit >= 8 || rc == HF_ECORRUPT); /* another version of the body */
		copy[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	free(copy);
	expect_state(b, &before);
	hf__writer_deinit(&before);
}

static void flipped_bits_never_leave_a_trace_or_an_unsound_state(void **state)
{
	(void)state;
	along(cursor_history, try_flips);
	along(inbox_history, try_flips);
}

static void try_kinds(struct bench *b, const struct body *body)
{
	for (unsigned kind = 0; kind < 256; kind++) {
		describe(&(struct hf__entry){.kind = (uint8_t)kind, .body = body_bytes(body)}, b->row);
		if (kind != body->kind)
			assert_int_equal(apply(b, (uint8_t)kind, body_bytes(body), false), HF_ECORRUPT);
	}
}

static void a_body_under_another_kind_is_damage(void **state)
{
	(void)state;
	along(cursor_history, try_kinds);
	along(inbox_history, try_kinds);
}

/* --- Memory ----------------------------------------------------------------------------------- */

static bool veto(void *ctx, size_t size)
{
	size_t *left = ctx;
	(void)size;
	if (*left == 0)
		return true;
	--*left;
	return false;
}

static void try_memory(struct bench *b, const struct body *body)
{
	struct hf__writer before = snapshot(b);
	for (size_t budget = 0;; budget++) {
		size_t left = budget;
		/* The change's own memory is new each time, so that its growth fails too. */
		hf__change_deinit(&b->change);
		b->change = (struct hf__change){.id = b->change.id};
		hf__mem_set_veto(veto, &left);
		const int rc = apply(b, body->kind, body_bytes(body), false);
		hf__mem_set_veto(NULL, NULL);
		expect_state(b, &before);
		if (rc == HF_OK)
			break;
		assert_int_equal(rc, HF_ENOMEM);
		assert_true(budget < 100);
	}
	hf__writer_deinit(&before);
}

static void running_out_of_memory_anywhere_can_be_undone(void **state)
{
	(void)state;
	along(cursor_history, try_memory);
	along(inbox_history, try_memory);
}

/* --- Rules ------------------------------------------------------------------------------------ */

/* A state with one cursor at 4 "d", or one inbox "u" with record a/t1 (dismissed) at
 * generated_at 3 and tombstones: of a/t5, which has ended, of a/t6, a dismissal, and of a/t7, a
 * removal. */
static void arrange_cursor(struct bench *b)
{
	struct hf__writer w = {0};
	const struct hf__cursor_image image = cursor_image(4);
	bench_init(b, &hf__cursor_domain);
	hf__cursor_put_set(&w, HF__CURSOR_ADVANCE, &mailer, &image);
	assert_int_equal(apply(b, HF__CURSOR_SET, hf_bytes_of(w.data, w.len), true), HF_OK);
	hf__writer_deinit(&w);
}

static void expect_damage(struct bench *b, uint8_t kind, struct hf__writer *w, const char *what)
{
	if (apply(b, kind, hf_bytes_of(w->data, w->len), false) != HF_ECORRUPT)
		fail_msg("accepted: %s", what);
	w->len = 0;
}

static void cursor_entries_that_break_a_rule_are_damage(void **state)
{
	(void)state;
	static char longest[HF_CURSOR_ERROR_MAX + 1];
	memset(longest, 'x', sizeof longest);
	struct bench b;
	arrange_cursor(&b);
	struct hf__cursor_position other = mailer;
	other.part[HF__SUBJECT] = hf_str("other");
	const struct hf__cursor_image good = cursor_image(5);
	struct hf__writer w = {0};
	const struct {
		const char *what;
		enum hf__cursor_cause cause;
		struct hf__cursor_image image;
	} images[] = {
	    {"an advance that goes back", HF__CURSOR_ADVANCE, cursor_image(3)},
	    {"an advance that stays", HF__CURSOR_ADVANCE, cursor_image(4)},
	    {"a replay that moves", HF__CURSOR_REPLAY, good},
	    {"a cause from nowhere", (enum hf__cursor_cause)6, good},
	    {"a put that goes back", HF__CURSOR_PUT, cursor_image(3)},
	    {"the state of a cursor that is there", HF__CURSOR_STATE, good},
	    {"an error that moves",
	     HF__CURSOR_RECORD_ERROR,
	     {.last_sequence = 5,
	      .delivery_id = {"d", 1},
	      .error_count = 1,
	      .last_error = {"x", 1},
	      .reset_at = HF_UNSET}},
	    {"an error that skips a count",
	     HF__CURSOR_RECORD_ERROR,
	     {.last_sequence = 4,
	      .delivery_id = {"d", 1},
	      .error_count = 2,
	      .last_error = {"x", 1},
	      .reset_at = HF_UNSET}},
	    {"an error too long",
	     HF__CURSOR_RECORD_ERROR,
	     {.last_sequence = 4,
	      .error_count = 1,
	      .last_error = {longest, sizeof longest},
	      .reset_at = HF_UNSET}},
	    {"errors without words", HF__CURSOR_STATE, {.error_count = 1, .reset_at = HF_UNSET}},
	    {"a reset without a reason", HF__CURSOR_RESET, {.last_sequence = 1, .reset_at = 0}},
	    {"a reset with a blank reason",
	     HF__CURSOR_RESET,
	     {.last_sequence = 1, .reset_at = 0, .reset_reason = {" ", 1}}},
	    {"a reason without a reset",
	     HF__CURSOR_STATE,
	     {.last_sequence = 1, .reset_at = HF_UNSET, .reset_reason = {"x", 1}}},
	    {"a position below 0",
	     HF__CURSOR_RESET,
	     {.last_sequence = -1, .reset_at = 0, .reset_reason = {"x", 1}}},
	    {"no time of change",
	     HF__CURSOR_RESET,
	     {.updated_at = HF_UNSET, .reset_at = HF_UNSET, .reset_reason = {"x", 1}}},
	};
	for (size_t i = 0; i < sizeof images / sizeof images[0]; i++) {
		hf__cursor_put_set(&w, images[i].cause, &mailer, &images[i].image);
		expect_damage(&b, HF__CURSOR_SET, &w, images[i].what);
	}
	hf__cursor_put_remove(&w, &other);
	expect_damage(&b, HF__CURSOR_REMOVE, &w, "a removal of nothing");
	const struct hf_bytes parts[] = {{" x", 2}, {"x\n", 2}, {"a\0b", 3}, {longest, HF_KEY_MAX + 1}};
	for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
		for (unsigned part = 0; part < HF__CURSOR_PARTS; part++) {
			struct hf__cursor_position bad = mailer;
			bad.part[part] = parts[i];
			hf__cursor_put_set(&w, HF__CURSOR_ADVANCE, &bad, &good);
			expect_damage(&b, HF__CURSOR_SET, &w, "a part that breaks the rules");
		}
	hf__writer_deinit(&w);
	bench_deinit(&b);
}

static void arrange_inbox(struct bench *b)
{
	struct hf__writer w = {0};
	struct hf__inbox_image image = fresh;
	image.dismissed = true;
	image.dismissed_at = 4;
	bench_init(b, &hf__inbox_domain);
	put_head(&w, HF__INBOX_CAUSE_UPSERT, 3, 1);
	put_record(&w, "t1", &image, "x");
	assert_int_equal(apply(b, HF__INBOX_CHANGE, hf_bytes_of(w.data, w.len), true), HF_OK);
	w.len = 0;
	put_head(&w, HF__INBOX_CAUSE_TOMBSTONE, HF_UNSET, 1);
	hf__inbox_put_buried(&w, hf_str("a"), hf_str("t5"), &removal);
	assert_int_equal(apply(b, HF__INBOX_CHANGE, hf_bytes_of(w.data, w.len), true), HF_OK);
	w.len = 0;
	put_head(&w, HF__INBOX_CAUSE_TOMBSTONE, HF_UNSET, 1);
	hf__inbox_put_buried(&w, hf_str("a"), hf_str("t6"), &dismissal);
	assert_int_equal(apply(b, HF__INBOX_CHANGE, hf_bytes_of(w.data, w.len), true), HF_OK);
	w.len = 0;
	put_head(&w, HF__INBOX_CAUSE_TOMBSTONE, HF_UNSET, 1);
	hf__inbox_put_buried(&w, hf_str("a"), hf_str("t7"), &standing);
	assert_int_equal(apply(b, HF__INBOX_CHANGE, hf_bytes_of(w.data, w.len), true), HF_OK);
	hf__writer_deinit(&w);
}

static void expect_change_damage(struct bench *b, const char *what, enum hf__inbox_cause cause,
                                 int64_t generated_at, const char *items)
{
	struct hf__writer w = {0};
	/* Each item is two characters: + (put), d (put as dismissed), ! (put as no number), s or S
	 * (put as saved earlier or later), - (removed), b (tombstone of a removal), B (of a
	 * dismissal), e (without an end), ? (of a removal, with a time of dismissal) or l (lifted),
	 * then the digit of the thread. */
	put_head(&w, cause, generated_at, (uint32_t)(strlen(items) / 2));
	for (const char *at = items; *at; at += 2) {
		const char thread[] = {'t', at[1], 0};
		struct hf__inbox_image image = fresh;
		image.dismissed = at[0] == 'd';
		if (at[0] == '!')
			image.score = __builtin_nan("");
		image.saved = at[0] == 's' ? 1 : at[0] == 'S' ? 99 : 0;
		struct hf__tomb_value tomb = at[0] == 'B' ? dismissal : removal;
		if (at[0] == 'e')
			tomb.until = HF_UNSET;
		if (at[0] == '?')
			tomb.dismissed_at = 1;
		if (at[0] == '-')
			hf__inbox_put_removed(&w, hf_str("a"), hf_str(thread));
		else if (at[0] == 'l')
			hf__inbox_put_lifted(&w, hf_str("a"), hf_str(thread));
		else if (strchr("bBe?", at[0]))
			hf__inbox_put_buried(&w, hf_str("a"), hf_str(thread), &tomb);
		else
			put_record(&w, thread, &image, "y");
	}
	expect_damage(b, HF__INBOX_CHANGE, &w, what);
	hf__writer_deinit(&w);
}

static void inbox_changes_that_break_a_rule_are_damage(void **state)
{
	(void)state;
	struct bench b;
	arrange_inbox(&b);
	expect_change_damage(&b, "a save that un-dismisses", HF__INBOX_CAUSE_UPSERT, 4, "+1");
	expect_change_damage(&b, "a save that does nothing", HF__INBOX_CAUSE_UPSERT, HF_UNSET, "");
	expect_change_damage(&b, "a replacement that does nothing", HF__INBOX_CAUSE_REPLACE, HF_UNSET,
	                     "");
	expect_change_damage(&b, "generated_at that stays", HF__INBOX_CAUSE_UPSERT, 3, "+2");
	expect_change_damage(&b, "generated_at that goes back", HF__INBOX_CAUSE_UPSERT, 2, "+2");
	expect_change_damage(&b, "an upsert that removes", HF__INBOX_CAUSE_UPSERT, 4, "-1");
	expect_change_damage(&b, "keys out of order", HF__INBOX_CAUSE_UPSERT, 4, "+3+2");
	expect_change_damage(&b, "a key twice", HF__INBOX_CAUSE_UPSERT, 4, "+2+2");
	expect_change_damage(&b, "a key put and removed", HF__INBOX_CAUSE_REPLACE, 4, "-1d1");
	expect_change_damage(&b, "no number", HF__INBOX_CAUSE_UPSERT, 4, "!2");
	expect_change_damage(&b, "a removal of nothing", HF__INBOX_CAUSE_REMOVE, HF_UNSET, "-2");
	expect_change_damage(&b, "a removal of two", HF__INBOX_CAUSE_REMOVE, HF_UNSET, "-1-2");
	expect_change_damage(&b, "a removal that puts", HF__INBOX_CAUSE_REMOVE, HF_UNSET, "+2");
	expect_change_damage(&b, "a removal that moves generated_at", HF__INBOX_CAUSE_REMOVE, 4, "-1");
	expect_change_damage(&b, "a clearing that puts", HF__INBOX_CAUSE_CLEAR, HF_UNSET, "+2");
	expect_change_damage(&b, "a clearing that moves generated_at", HF__INBOX_CAUSE_CLEAR, 4, "");
	expect_change_damage(&b, "a trim that puts", HF__INBOX_CAUSE_TRIM, HF_UNSET, "d1");
	expect_change_damage(&b, "a prune that moves generated_at", HF__INBOX_CAUSE_PRUNE, 4, "-1");
	expect_change_damage(&b, "the state of a record that is there", HF__INBOX_CAUSE_STATE, HF_UNSET,
	                     "d1");
	expect_change_damage(&b, "the state of two records", HF__INBOX_CAUSE_STATE, HF_UNSET, "+2+3");
	expect_change_damage(&b, "a cause from nowhere", HF__INBOX_CAUSES, HF_UNSET, "-1");
	expect_change_damage(&b, "a save that was earlier", HF__INBOX_CAUSE_UPSERT, 4, "s2");
	expect_change_damage(&b, "a state that was saved later", HF__INBOX_CAUSE_STATE, HF_UNSET, "S2");
	expect_change_damage(&b, "an upsert that buries", HF__INBOX_CAUSE_UPSERT, 4, "B1");
	expect_change_damage(&b, "an upsert that lifts", HF__INBOX_CAUSE_UPSERT, 4, "l5");
	expect_change_damage(&b, "a replacement that lifts", HF__INBOX_CAUSE_REPLACE, 4, "l5");
	expect_change_damage(&b, "a replacement that buries as removed", HF__INBOX_CAUSE_REPLACE, 4,
	                     "b1");
	expect_change_damage(&b, "a replacement that buries nothing", HF__INBOX_CAUSE_REPLACE, 4, "B2");
	expect_change_damage(&b, "a removal that buries as dismissed", HF__INBOX_CAUSE_REMOVE, HF_UNSET,
	                     "B1");
	expect_change_damage(&b, "a removal that buries nothing", HF__INBOX_CAUSE_REMOVE, HF_UNSET,
	                     "b2");
	expect_change_damage(&b, "a trim that buries as removed", HF__INBOX_CAUSE_TRIM, HF_UNSET, "b1");
	expect_change_damage(&b, "a trim that buries nothing", HF__INBOX_CAUSE_TRIM, HF_UNSET, "B2");
	expect_change_damage(&b, "a trim that lifts", HF__INBOX_CAUSE_TRIM, HF_UNSET, "l5");
	expect_change_damage(&b, "a prune that buries as removed", HF__INBOX_CAUSE_PRUNE, HF_UNSET,
	                     "b1");
	expect_change_damage(&b, "a clearing that buries", HF__INBOX_CAUSE_CLEAR, HF_UNSET, "B1");
	expect_change_damage(&b, "an end of nothing", HF__INBOX_CAUSE_EXPIRE, HF_UNSET, "l2");
	expect_change_damage(&b, "an end of a record", HF__INBOX_CAUSE_EXPIRE, HF_UNSET, "-1");
	expect_change_damage(&b, "a tombstone on a record", HF__INBOX_CAUSE_TOMBSTONE, HF_UNSET, "b1");
	expect_change_damage(&b, "a tombstone without an end", HF__INBOX_CAUSE_TOMBSTONE, HF_UNSET,
	                     "e2");
	expect_change_damage(&b, "a removal with a time of dismissal", HF__INBOX_CAUSE_TOMBSTONE,
	                     HF_UNSET, "?2");
	expect_change_damage(&b, "the state of a tombstone that is there", HF__INBOX_CAUSE_STATE,
	                     HF_UNSET, "b5");
	expect_change_damage(&b, "an end that is not due", HF__INBOX_CAUSE_EXPIRE, HF_UNSET, "l6");
	expect_change_damage(&b, "a save that forgets a dismissal", HF__INBOX_CAUSE_UPSERT, 4, "+6");
	expect_change_damage(&b, "a save of what must not come back", HF__INBOX_CAUSE_UPSERT, 4, "d7");
	expect_change_damage(&b, "the state of a record that has a tombstone", HF__INBOX_CAUSE_STATE,
	                     HF_UNSET, "+5");
	bench_deinit(&b);
}

static void inbox_marks_that_break_a_rule_are_damage(void **state)
{
	(void)state;
	struct bench b;
	struct hf__writer w = {0};
	arrange_inbox(&b);
	struct hf__inbox_image now = fresh; /* as it is: unread, unseen, dismissed */
	now.dismissed = true;
	now.dismissed_at = 4;
	struct hf__inbox_image read = now, seen = now, undismissed = now;
	read.unread = false;
	read.read_at = 9;
	seen.seen_at = 9;
	undismissed.dismissed = false;
	undismissed.dismissed_at = HF_UNSET;
	struct hf__inbox_image both = read;
	both.seen_at = 9;
	struct hf__inbox_image snoozed = read;
	snoozed.snoozed_until = 9;
	const struct {
		const char *what;
		enum hf__inbox_mark mark;
		struct hf__inbox_image image;
		const char *thread;
	} marks[] = {
	    {"a mark from nowhere", (enum hf__inbox_mark)7, read, "t1"},
	    {"a snooze that changes nothing", HF__INBOX_MARK_SNOOZE, now, "t1"},
	    {"a snooze that marks as read", HF__INBOX_MARK_SNOOZE, snoozed, "t1"},
	    {"a mark on nothing", HF__INBOX_MARK_READ, read, "t2"},
	    {"dismissing the dismissed", HF__INBOX_MARK_DISMISS, now, "t1"},
	    {"a dismissal that is none", HF__INBOX_MARK_DISMISS, undismissed, "t1"},
	    {"reading that marks as seen", HF__INBOX_MARK_READ, both, "t1"},
	    {"seeing that marks as read", HF__INBOX_MARK_SEEN, both, "t1"},
	    {"seeing that un-dismisses", HF__INBOX_MARK_SEEN, undismissed, "t1"},
	    {"seeing without a time", HF__INBOX_MARK_SEEN, now, "t1"},
	    {"unreading the unread", HF__INBOX_MARK_UNREAD, now, "t1"},
	    {"undismissing that marks as seen", HF__INBOX_MARK_UNDISMISS, seen, "t1"},
	};
	for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++) {
		const struct hf__inbox_key key = {hf_str("u"), hf_str("a"), hf_str(marks[i].thread)};
		hf__inbox_put_mark(&w, marks[i].mark, &key, &marks[i].image);
		expect_damage(&b, HF__INBOX_MARK, &w, marks[i].what);
	}
	hf__inbox_put_state(&w, hf_str("u"), &(struct hf__inbox_value){.generated_at = 2});
	expect_damage(&b, HF__INBOX_STATE, &w, "the state of an inbox that is there");
	hf__inbox_put_state(&w, hf_str("v"),
	                    &(struct hf__inbox_value){.generated_at = 2, .status_version = 99});
	expect_damage(&b, HF__INBOX_STATE, &w, "a status newer than its entry");
	hf__inbox_put_state(&w, hf_str("v"), &(struct hf__inbox_value){.generated_at = HF_UNSET});
	expect_damage(&b, HF__INBOX_STATE, &w, "an inbox without a value");
	hf__writer_deinit(&w);
	bench_deinit(&b);
}

static void inbox_marks_of_all_that_break_a_rule_are_damage(void **state)
{
	(void)state;
	struct bench b;
	struct hf__writer w = {0};
	arrange_inbox(&b);
	const struct hf__inbox_all good = {
	    .mark = HF__INBOX_MARK_READ, .user = hf_str("u"), .up_to = 1, .at = 9, .count = 1};
	const struct {
		const char *what;
		struct hf__inbox_all all;
	} rows[] = {
	    {"of an inbox that is not there", {good.mark, hf_str("v"), {0}, 1, 9, 1}},
	    {"of an account that has none", {good.mark, hf_str("u"), hf_str("b"), 1, 9, 1}},
	    {"that counts too many", {good.mark, hf_str("u"), {0}, 1, 9, 2}},
	    {"that counts none", {good.mark, hf_str("u"), {0}, 1, 9, 0}},
	    {"up to nothing", {good.mark, hf_str("u"), {0}, 0, 9, 1}},
	    {"up to itself", {good.mark, hf_str("u"), {0}, 5, 9, 1}},
	    {"at no time", {good.mark, hf_str("u"), {0}, 1, HF_UNSET, 1}},
	    {"of another kind", {HF__INBOX_MARK_SEEN, hf_str("u"), {0}, 1, 9, 1}},
	    {"of what is dismissed", {HF__INBOX_MARK_DISMISS, hf_str("u"), {0}, 1, 9, 1}},
	    {"without a user", {good.mark, {0}, {0}, 1, 9, 1}},
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		hf__inbox_put_all(&w, &rows[i].all);
		expect_damage(&b, HF__INBOX_ALL, &w, rows[i].what);
	}
	hf__inbox_put_all(&w, &good);
	assert_int_equal(apply(&b, HF__INBOX_ALL, hf_bytes_of(w.data, w.len), false), HF_OK);
	hf__writer_deinit(&w);
	bench_deinit(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(bodies_of_any_other_length_are_damage),
	    cmocka_unit_test(flipped_bits_never_leave_a_trace_or_an_unsound_state),
	    cmocka_unit_test(a_body_under_another_kind_is_damage),
	    cmocka_unit_test(running_out_of_memory_anywhere_can_be_undone),
	    cmocka_unit_test(cursor_entries_that_break_a_rule_are_damage),
	    cmocka_unit_test(inbox_changes_that_break_a_rule_are_damage),
	    cmocka_unit_test(inbox_marks_that_break_a_rule_are_damage),
	    cmocka_unit_test(inbox_marks_of_all_that_break_a_rule_are_damage),
	};
	return cmocka_run_group_tests_name("entry bodies", tests, NULL, NULL);
}
