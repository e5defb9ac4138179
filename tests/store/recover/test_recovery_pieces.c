/* tier: fast */
/* An opening reads a segment piece by piece: what it holds in memory does not grow with segments,
 * but for what is written again because the disk may not have it (R7). */
#include <unistd.h>

#include "base/mem.h"
#include "lib/real_store.h"
#include "lib/test.h"

enum { SEGMENT = 16 << 20, ITEM = 60000, ITEMS = 200 };

static const struct hf_options options = {
    .create = true, .inline_max = 1, .segment_size = SEGMENT, .no_background = true};

struct largest {
	size_t one; /* allocation */
};

static bool note(void *ctx, size_t size)
{
	struct largest *largest = ctx;
	largest->one = size > largest->one ? size : largest->one;
	return false;
}

static void put(struct real_store *real, unsigned from, unsigned to, enum hf_durability durability)
{
	static char payload[ITEM];
	for (unsigned i = from; i < to; i++) {
		char id[16];
		(void)snprintf(id, sizeof id, "%u", i);
		memset(payload, (int)('a' + i % 26), sizeof payload);
		const struct hf_document_put_args args = {.write.durability = durability,
		                                          .key = {hf_str("c"), hf_str(id)},
		                                          .payload = hf_bytes_of(payload, sizeof payload)};
		assert_int_equal(hf_document_put(real->store, NULL, &args, NULL, &real->error), HF_OK);
	}
}

/* They are all there, and whole. */
static void look(struct real_store *real, unsigned count)
{
	struct hf_document_page page = {0};
	const struct hf_document_list_args args = {.collection = hf_str("c")};
	assert_int_equal(hf_document_list(real->store, &args, 0, &page, &real->error), HF_OK);
	assert_int_equal(page.count, count);
	for (size_t i = 0; i < page.count; i++) {
		const char *bytes = page.items[i].payload.data;
		assert_int_equal(page.items[i].payload.len, ITEM);
		assert_true(bytes[0] >= 'a' && bytes[0] == bytes[ITEM - 1]);
	}
	hf_release(page.memory);
}

static size_t open_and_note(struct real_store *real)
{
	struct largest largest = {0};
	hf__mem_set_veto(note, &largest);
	const int rc = real_open_at(real, NULL, options);
	hf__mem_set_veto(NULL, NULL);
	assert_int_equal(rc, HF_OK);
	return largest.one;
}

static void an_opening_holds_no_whole_segment(void **state)
{
	struct real_store *real = *state;
	assert_int_equal(real_open_at(real, NULL, options), HF_OK);
	put(real, 0, ITEMS, HF_OS);
	real_close(real);
	assert_true(open_and_note(real) <= 1 << 20);
	look(real, ITEMS);
	/* Through a snapshot, whose place lies in the middle of a segment, too. */
	assert_int_equal(hf_snapshot(real->store, &real->error), HF_OK);
	put(real, ITEMS, ITEMS + 5, HF_OS);
	real_close(real);
	assert_true(open_and_note(real) <= 1 << 20);
	look(real, ITEMS + 5);
}

static int die_behind_writes(void *arg)
{
	struct real_store *real = arg;
	if (real_open_at(real, NULL, options) != HF_OK)
		return 1;
	put(real, ITEMS / 2, ITEMS, HF_OS);
	_exit(0);
}

/* An opening does not know how much of the last segment is on the disk: it holds all of that, and
 * writes it again. */
static void what_may_not_be_on_the_disk_is_written_again(void **state)
{
	struct real_store *real = *state;
	struct hf_info info = {0};
	assert_int_equal(real_open_at(real, NULL, options), HF_OK);
	put(real, 0, ITEMS / 2, HF_DURABLE);
	real_close(real);
	assert_int_equal(real_in_child(die_behind_writes, real), 0);
	assert_true(open_and_note(real) <= SEGMENT);
	assert_int_equal(hf_get_info(real->store, &info, NULL), HF_OK);
	assert_true(info.recovered);
	assert_true(info.rewritten_bytes > 4u << 20); /* all that the last segment has */
	look(real, ITEMS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(an_opening_holds_no_whole_segment, real_setup,
	                                    real_teardown),
	    cmocka_unit_test_setup_teardown(what_may_not_be_on_the_disk_is_written_again, real_setup,
	                                    real_teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
