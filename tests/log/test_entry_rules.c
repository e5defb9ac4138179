/* tier: fast */
/* Entries of inbox and cursor that can be read and break a rule are refused as damage and touch
 * nothing. */
#include "entry_bench.h"

static const struct hf__tomb_value standing = {.until = 2, .dismissed_at = HF_UNSET};

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
	    cmocka_unit_test(cursor_entries_that_break_a_rule_are_damage),
	    cmocka_unit_test(inbox_changes_that_break_a_rule_are_damage),
	    cmocka_unit_test(inbox_marks_that_break_a_rule_are_damage),
	    cmocka_unit_test(inbox_marks_of_all_that_break_a_rule_are_damage),
	};
	return cmocka_run_group_tests_name("entry rules", tests, NULL, NULL);
}
