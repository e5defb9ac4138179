/* tier: fast */
/* Entries of inbox and cursor as bytes, cut, lengthened, flipped and given another kind: what no
 * mutation can have written is refused as damage and touches nothing; running out of memory
 * anywhere while applying leaves, after undo, what there was; and describing is total. */
#include "base/mem.h"
#include "entry_bench.h"
#include "store/snapshot/walk.h"

static void describe(const struct hf__entry *entry, const struct hf__domain *row)
{
	char text[64];
	struct hf__text out = {text, sizeof text, 0};
	row->describe(entry, &out);
	assert_true(out.len > 0 && strlen(text) == out.len);
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
	assert_int_equal(hf__walk_sorted(b->row, b->state, &emitter), HF_OK);
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
		b->change = (struct hf__change){0};
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

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(bodies_of_any_other_length_are_damage),
	    cmocka_unit_test(flipped_bits_never_leave_a_trace_or_an_unsound_state),
	    cmocka_unit_test(a_body_under_another_kind_is_damage),
	    cmocka_unit_test(running_out_of_memory_anywhere_can_be_undone),
	};
	return cmocka_run_group_tests_name("entry bodies", tests, NULL, NULL);
}
