/* tier: fast, threads */
/* A ninth domain, linked by a second table of domains: what every domain gets from its row. Notes
 * are stored, listed, replayed, dumped and loaded, fed, and found sound by fsck. (The tool and the
 * binding against the toy's library: check_toy.) */
#include "base/bytes.h"
#include "holdfast/holdfast.h"
#include "lib/real_store.h"
#include "lib/test.h"
#include "store/store.h"
#include "toy/note/note.h"

static void put(struct real_store *real, hf_txn *txn, const char *name, const char *text)
{
	const struct hf_note_put_args args = {.name = hf_str(name), .text = hf_str(text)};
	assert_int_equal(hf_note_put(real->store, txn, &args, NULL, &real->error), HF_OK);
}

/* "a=1 b=2 ": what the list gives. */
static void expect_notes(struct real_store *real, const char *expected)
{
	struct hf_note_page page = {0};
	char text[200] = "";
	assert_int_equal(hf_note_list(real->store, 0, &page, &real->error), HF_OK);
	for (size_t i = 0; i < page.count; i++) {
		const struct hf_note *note = &page.items[i];
		assert_true(note->version > 0 && note->written_at > 0);
		snprintf(text + strlen(text), sizeof text - strlen(text), "%.*s=%.*s ", (int)note->name.len,
		         (const char *)note->name.data, (int)note->text.len, (const char *)note->text.data);
	}
	assert_string_equal(text, expected);
	hf_release(page.memory);
}

static void fill(struct real_store *real)
{
	hf_txn *txn;
	put(real, NULL, "b", "2");
	assert_int_equal(hf_txn_begin(real->store, &txn, NULL), HF_OK);
	put(real, txn, "c", "3");
	put(real, txn, "a", "0");
	put(real, txn, "a", "1");
	put(real, txn, "b", "");
	assert_int_equal(hf_txn_commit(txn, HF_DURABLE, &real->error), HF_OK);
	expect_notes(real, "a=1 c=3 ");
}

static void notes_are_stored_listed_and_replayed(void **state)
{
	struct real_store *real = *state;
	const struct hf_note_put_args wrong = {.name = hf_str("")},
	                              newer = {.write.expect = HF_ABSENT, .name = hf_str("a")};
	fill(real);
	assert_int_equal(hf_note_put(real->store, NULL, &wrong, NULL, &real->error), HF_EINVAL);
	assert_int_equal(hf_note_put(real->store, NULL, &newer, NULL, &real->error), HF_ECONFLICT);
	real_close(real);
	real_open(real);
	expect_notes(real, "a=1 c=3 ");
}

static void a_refused_transaction_leaves_no_note(void **state)
{
	struct real_store *real = *state;
	const struct hf_note_put_args newer = {.write.expect = HF_ABSENT, .name = hf_str("a")};
	hf_txn *txn;
	fill(real);
	assert_int_equal(hf_txn_begin(real->store, &txn, NULL), HF_OK);
	put(real, txn, "a", "9");
	put(real, txn, "d", "4");
	assert_int_equal(hf_note_put(real->store, txn, &newer, NULL, NULL), HF_OK);
	assert_int_equal(hf_txn_commit(txn, HF_DURABLE, &real->error), HF_ECONFLICT);
	expect_notes(real, "a=1 c=3 ");
}

static void a_dump_of_the_state_holds_them(void **state)
{
	struct real_store *real = *state;
	struct hf__writer before = {0}, after = {0};
	fill(real);
	assert_int_equal(hf__state_dump(real->store, &before, &real->error), HF_OK);
	assert_int_equal(
	    hf__state_load(real->store, hf_bytes_of(before.data, before.len), &real->error), HF_OK);
	expect_notes(real, "a=1 c=3 ");
	assert_int_equal(hf__state_dump(real->store, &after, &real->error), HF_OK);
	assert_int_equal(before.len, after.len);
	assert_memory_equal(before.data, after.data, after.len);
	hf__writer_deinit(&before);
	hf__writer_deinit(&after);
}

static void the_feed_and_fsck_know_them(void **state)
{
	struct real_store *real = *state;
	struct hf_fsck_summary summary = {0};
	struct hf_event_batch batch = {0};
	hf_feed *feed;
	char text[100];
	fill(real);
	assert_int_equal(hf_feed_open(real->store, 1, &feed, &real->error), HF_OK);
	assert_int_equal(hf_feed_next(feed, 100, 0, &batch, &real->error), HF_OK);
	assert_int_equal(batch.count, 5);
	assert_string_equal(batch.events[4].domain, "note");
	assert_string_equal(batch.events[4].operation, "put");
	assert_true(batch.events[4].removed && !batch.events[3].removed);
	hf_event_text(&batch.events[4], text, sizeof text);
	assert_string_equal(text, "put \"b\"");
	hf_release(batch.memory);
	hf_feed_close(feed);
	real_close(real);
	assert_int_equal(hf_fsck(real->path, NULL, NULL, NULL, &summary, &real->error), HF_OK);
	assert_string_equal(summary.domains[summary.domain_count - 1].name, "note");
	assert_int_equal(summary.domains[summary.domain_count - 1].entries, 5);
	assert_int_equal(summary.domains[summary.domain_count - 1].objects, 2);
}

/* --- A caller of the first release ------------------------------------------------------------ */

#define PUT_FIRST offsetof(struct hf_note_put_args, keep)
#define PAGE_FIRST offsetof(struct hf_note_page, bytes)

/* What such a caller has in memory: so many bytes and no more. */
static void *first_of(const void *today, size_t first, size_t says)
{
	void *old = malloc(first);
	assert_non_null(old);
	memcpy(old, today, first);
	memcpy(old, &says, sizeof says);
	return old;
}

static int put_old(struct real_store *real, hf_txn *txn, const char *text, size_t says)
{
	const struct hf_note_put_args today = {.name = hf_str("n"), .text = hf_str(text)};
	struct hf_note_put_args *old = first_of(&today, PUT_FIRST, says);
	const int rc = hf_note_put(real->store, txn, old, NULL, &real->error);
	free(old);
	return rc;
}

static void a_caller_of_the_first_release_is_served(void **state)
{
	struct real_store *real = *state;
	const size_t sizes[] = {0, PUT_FIRST};
	const size_t pages[] = {0, PAGE_FIRST};
	hf_txn *txn;
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(put_old(real, NULL, "before", sizes[i]), HF_OK);
		assert_int_equal(hf_txn_begin(real->store, &txn, NULL), HF_OK);
		assert_int_equal(put_old(real, txn, "old", sizes[i]), HF_OK);
		assert_int_equal(hf_txn_commit(txn, HF_DURABLE, &real->error), HF_OK);
		expect_notes(real, "n=old ");
		struct hf_note_page *page = first_of(&(struct hf_note_page){0}, PAGE_FIRST, pages[i]);
		assert_int_equal(hf_note_list(real->store, 0, page, NULL), HF_OK);
		struct hf_note_page got = {0};
		memcpy(&got, page, PAGE_FIRST);
		assert_true(got.count == 1 && got.items[0].text.len == 3 && got.size == pages[i]);
		hf_release(got.memory);
		free(page);
	}
	/* One that was compiled today, and says nothing of it, has the first release's members. */
	struct hf_note_put_args args = {.name = hf_str("n"), .text = hf_str("new"), .keep = true};
	struct hf_note_page page = {.bytes = 77};
	assert_int_equal(hf_note_put(real->store, NULL, &args, NULL, NULL), HF_OK);
	assert_int_equal(hf_note_list(real->store, 0, &page, NULL), HF_OK);
	assert_true(page.bytes == 77 && page.count == 1);
	hf_release(page.memory);
	expect_notes(real, "n=new ");
	args.size = sizeof args;
	page.size = sizeof page;
	args.text = hf_str("newer");
	assert_int_equal(hf_note_put(real->store, NULL, &args, NULL, NULL), HF_OK);
	expect_notes(real, "n=new ");
	assert_int_equal(hf_note_list(real->store, 0, &page, NULL), HF_OK);
	assert_true(page.bytes == 3 && page.size == sizeof page);
	hf_release(page.memory);
}

static void what_a_later_release_says_is_refused_unless_it_is_nothing(void **state)
{
	struct real_store *real = *state;
	struct {
		struct hf_note_put_args now;
		uint64_t later;
	} args = {.now = {.size = sizeof args, .name = hf_str("n"), .text = hf_str("t")}};
	hf_txn *txn;
	assert_int_equal(hf_note_put(real->store, NULL, &args.now, NULL, &real->error), HF_OK);
	args.later = 1;
	args.now.text = hf_str("u");
	assert_int_equal(hf_note_put(real->store, NULL, &args.now, NULL, &real->error), HF_EINVAL);
	assert_non_null(strstr(real->error.text, "note put: struct hf_note_put_args has "));
	/* In a transaction it is the operation that is refused, and so the commit. */
	assert_int_equal(hf_txn_begin(real->store, &txn, NULL), HF_OK);
	assert_int_equal(hf_note_put(real->store, txn, &args.now, NULL, &real->error), HF_EINVAL);
	assert_int_equal(hf_txn_commit(txn, HF_DURABLE, &real->error), HF_EINVAL);
	const size_t never[] = {1, PUT_FIRST - 1, (size_t)1 << 40, SIZE_MAX};
	for (size_t i = 0; i < sizeof never / sizeof *never; i++) {
		args.now.size = never[i];
		assert_int_equal(hf_note_put(real->store, NULL, &args.now, NULL, &real->error), HF_EINVAL);
		assert_non_null(strstr(real->error.text, "struct hf_note_put_args never had a size of"));
	}
	expect_notes(real, "n=t ");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, real_setup_open, real_teardown)
	const struct CMUnitTest tests[] = {
	    TEST(notes_are_stored_listed_and_replayed),
	    TEST(a_refused_transaction_leaves_no_note),
	    TEST(a_dump_of_the_state_holds_them),
	    TEST(the_feed_and_fsck_know_them),
	    TEST(a_caller_of_the_first_release_is_served),
	    TEST(what_a_later_release_says_is_refused_unless_it_is_nothing),
	};
	return cmocka_run_group_tests_name("toy", tests, NULL, NULL);
}
