/* tier: fast */
/* Lists of what begins with a prefix: every prefix of few and strange bytes, in every order, both
 * directions, groups, pages, and behind every position, compared with the whole list filtered; and
 * how much a page passes over (I-LIST-3). */
#include "base/steps.h"
#include "lib/settings.h"
#include "lib/test.h"

#include "holdfast/holdfast.h"

/* All strings of one to three of these bytes. */
static const char letters[] = {'a', '\x7f', '\xfe', '\xff'};
enum { LETTERS = sizeof letters, IDS = 4 + 16 + 64, PREFIXES = 1 + 4 + 16 + 64 };

static char text[IDS][4];
static size_t lens[IDS];

static struct hf_bytes id_of(size_t i)
{
	return hf_bytes_of(text[i], lens[i]);
}

static void make_ids(void)
{
	size_t made = 0;
	for (size_t len = 1, of = LETTERS; len <= 3; len++, of *= LETTERS)
		for (size_t i = 0; i < of; i++, made++) {
			lens[made] = len;
			for (size_t at = 0, rest = i; at < len; at++, rest /= LETTERS)
				text[made][at] = letters[rest % LETTERS];
		}
	assert_int_equal(made, IDS);
}

/* Empty, and each id. */
static struct hf_bytes prefix_of(size_t i)
{
	return i == 0 ? hf_bytes_of(NULL, 0) : id_of(i - 1);
}

static bool matches(struct hf_bytes id, struct hf_bytes prefix)
{
	return prefix.len <= id.len &&
	       (prefix.len == 0 || memcmp(id.data, prefix.data, prefix.len) == 0);
}

/* --- Documents -------------------------------------------------------------------------------- */

static void put(hf_store *store, const char *collection, struct hf_bytes id, size_t i,
                unsigned orders)
{
	const struct hf_document_put_args args = {.write.durability = HF_OS,
	                                          .key = {hf_str(collection), id},
	                                          .group = hf_str(i % 3 ? "g" : ""),
	                                          .created_at = STAGE_NOW + (hf_time)(i * 37 % 50),
	                                          .now = STAGE_NOW + (hf_time)(i * 53 % 31),
	                                          .orders = orders};
	assert_int_equal(hf_document_put(store, NULL, &args, NULL, NULL), HF_OK);
}

struct seen {
	size_t ids[IDS]; /* by number */
	struct hf_document_position at[IDS];
	size_t count;
};

static size_t number_of(struct hf_bytes id)
{
	for (size_t i = 0; i < IDS; i++)
		if (lens[i] == id.len && memcmp(text[i], id.data, id.len) == 0)
			return i;
	fail();
	return 0;
}

static void list_documents(hf_store *store, struct hf_document_list_args args, struct seen *out)
{
	static char token[512];
	args.size = sizeof args;
	out->count = 0;
	do {
		struct hf_document_page page = {0};
		assert_int_equal(hf_document_list(store, &args, 0, &page, NULL), HF_OK);
		assert_true(args.limit == 0 || page.count <= args.limit);
		for (size_t i = 0; i < page.count; i++) {
			const size_t id = number_of(page.items[i].key.id);
			out->at[out->count] = (struct hf_document_position){args.by == HF_DOCUMENT_BY_UPDATED
			                                                        ? page.items[i].updated_at
			                                                        : page.items[i].created_at,
			                                                    id_of(id)};
			out->ids[out->count++] = id;
		}
		args.page = page.next ? memcpy(token, page.next, strlen(page.next) + 1) : NULL;
		args.after = NULL;
		hf_release(page.memory);
	} while (args.page);
}

/* The items of `all` from `first` on that match are what `args` gives. */
static void expect_part(hf_store *store, const struct hf_document_list_args *args,
                        const struct seen *all, size_t first)
{
	static struct seen part;
	size_t at = 0;
	list_documents(store, *args, &part);
	for (size_t i = first; i < all->count; i++)
		if (matches(id_of(all->ids[i]), args->id_prefix))
			assert_true(at < part.count && part.ids[at++] == all->ids[i]);
	assert_int_equal(at, part.count);
}

static void a_prefix_of_documents_is_the_list_filtered(void **state)
{
	static struct seen all;
	(void)state;
	make_ids();
	struct stage *stage = stage_open(SETTING_LIVE);
	for (size_t i = 0; i < IDS; i++)
		put(stage->store, "c", id_of(i * 29 % IDS), i, 63);
	stage_switch_to(stage, SETTING_REOPENED);
	static const enum hf_document_by by[] = {HF_DOCUMENT_BY_CREATED, HF_DOCUMENT_BY_UPDATED,
	                                         HF_DOCUMENT_BY_ID};
	for (unsigned way = 0; way < 3 * 2 * 3; way++) {
		struct hf_document_list_args args = {.collection = hf_str("c"),
		                                     .by = by[way % 3],
		                                     .descending = way / 3 % 2,
		                                     .by_group = way / 6 > 0,
		                                     .group = hf_str(way / 6 > 1 ? "g" : "")};
		list_documents(stage->store, args, &all);
		assert_int_equal(all.count, way / 6 == 0 ? IDS : way / 6 == 1 ? IDS / 3 : IDS / 3 * 2);
		for (size_t i = 0; i < PREFIXES; i++) {
			args.id_prefix = prefix_of(i);
			args.limit = i % 4;
			expect_part(stage->store, &args, &all, 0);
			for (size_t at = i % 5; at < all.count; at += 5) { /* inside and outside of it */
				args.after = &all.at[at];
				expect_part(stage->store, &args, &all, at + 1);
			}
			args.after = NULL;
		}
	}
	stage_close(stage);
}

static int page_of(hf_store *store, struct hf_document_list_args args)
{
	struct hf_document_page page = {0};
	args.size = sizeof args;
	const int rc = hf_document_list(store, &args, 0, &page, NULL);
	hf_release(page.memory);
	return rc;
}

static void an_order_by_id_is_kept_where_it_was_asked_for(void **state)
{
	(void)state;
	make_ids();
	struct stage *stage = stage_open(SETTING_LIVE);
	const struct hf_document_list_args by_id = {.collection = hf_str("c"), .by = HF_DOCUMENT_BY_ID},
	                                   of_group = {.collection = hf_str("c"),
	                                               .by = HF_DOCUMENT_BY_ID,
	                                               .by_group = true};
	put(stage->store, "c", id_of(0), 0, 0);
	assert_int_equal(page_of(stage->store, by_id), HF_EINVAL);
	assert_int_equal(page_of(stage->store, of_group), HF_EINVAL);
	const struct hf_document_clear_args clear = {.collection = hf_str("c")};
	assert_int_equal(hf_document_clear(stage->store, NULL, &clear, NULL, NULL), HF_OK);
	put(stage->store, "c", id_of(0), 0, HF_DOCUMENT_GROUP_ID);
	put(stage->store, "c", id_of(1), 1, 0);
	stage_switch_to(stage, SETTING_LOADED);
	assert_int_equal(page_of(stage->store, by_id), HF_EINVAL);
	assert_int_equal(page_of(stage->store, of_group), HF_OK);
	struct hf_document_counts counts = {0};
	const struct hf_document_count_args group = {.collection = hf_str("c"), .group = hf_str("g")};
	assert_int_equal(hf_document_count(stage->store, &group, 0, &counts, NULL), HF_OK);
	assert_true(counts.documents == 1 && counts.orders == HF_DOCUMENT_GROUP_ID);
	/* by any: whichever it keeps, of a group too */
	const struct hf_document_list_args any = {
	    .collection = hf_str("c"), .by = HF_DOCUMENT_BY_ANY, .group = hf_str("g")};
	assert_int_equal(page_of(stage->store, any), HF_OK);
	stage_close(stage);
}

static void a_prefix_is_part_of_the_token_and_has_the_form_of_a_key(void **state)
{
	(void)state;
	make_ids();
	struct stage *stage = stage_open(SETTING_LIVE);
	for (size_t i = 0; i < IDS; i++)
		put(stage->store, "c", id_of(i), i, 63);
	struct hf_document_list_args args = {.size = sizeof args,
	                                     .collection = hf_str("c"),
	                                     .by = HF_DOCUMENT_BY_ID,
	                                     .id_prefix = hf_str("a"),
	                                     .limit = 1};
	struct hf_document_page page = {0};
	assert_int_equal(hf_document_list(stage->store, &args, 0, &page, NULL), HF_OK);
	args.page = page.next;
	assert_int_equal(page_of(stage->store, args), HF_OK);
	args.id_prefix = hf_str("aa");
	assert_int_equal(page_of(stage->store, args), HF_EINVAL);
	args.id_prefix = hf_bytes_of(NULL, 0);
	assert_int_equal(page_of(stage->store, args), HF_EINVAL);
	hf_release(page.memory);
	args.page = NULL;
	static char longest[HF_KEY_MAX + 1];
	memset(longest, '\xff', sizeof longest);
	const struct hf_bytes bad[] = {{longest, sizeof longest}, {"a\0", 2}, {NULL, 2}};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		args.id_prefix = bad[i];
		assert_int_equal(page_of(stage->store, args), HF_EINVAL);
		const struct hf_outbox_list_args items = {
		    .size = sizeof items, .queue = hf_str("q"), .id_prefix = bad[i]};
		struct hf_outbox_items list = {0};
		assert_int_equal(hf_outbox_list(stage->store, &items, 0, &list, NULL), HF_EINVAL);
	}
	args.id_prefix = hf_bytes_of(longest, HF_KEY_MAX);
	assert_int_equal(page_of(stage->store, args), HF_OK);
	stage_close(stage);
}

/* --- Queues ----------------------------------------------------------------------------------- */

static bool every(void *ctx, const struct hf_outbox_item *item)
{
	(void)ctx;
	(void)item;
	return true;
}

static size_t list_items(hf_store *store, struct hf_outbox_list_args args, size_t ids[IDS])
{
	static char token[512];
	size_t count = 0;
	args.size = sizeof args;
	do {
		struct hf_outbox_items page = {.size = sizeof page};
		assert_int_equal(hf_outbox_list(store, &args, 0, &page, NULL), HF_OK);
		assert_true(page.places_count == page.count);
		for (size_t i = 0; i < page.count; i++)
			ids[count++] = number_of(page.items[i].id);
		args.page = page.next ? memcpy(token, page.next, strlen(page.next) + 1) : NULL;
		hf_release(page.memory);
	} while (args.page);
	return count;
}

static void a_prefix_of_items_is_the_list_filtered(void **state)
{
	static size_t all[IDS], part[IDS];
	(void)state;
	make_ids();
	struct stage *stage = stage_open(SETTING_LIVE);
	for (size_t i = 0; i < IDS; i++) {
		const struct hf_outbox_enqueue_args args = {
		    .write.durability = HF_OS, .queue = hf_str("q"), .id = id_of(i * 29 % IDS)};
		assert_int_equal(hf_outbox_enqueue(stage->store, NULL, &args, NULL, NULL), HF_OK);
		const struct hf_outbox_mark_failed_args fail = {
		    .write.durability = HF_OS, .queue = args.queue, .id = args.id, .reason = hf_str("r")};
		if (i % 4 == 1)
			assert_int_equal(hf_outbox_mark_failed(stage->store, NULL, &fail, NULL, NULL), HF_OK);
	}
	for (unsigned way = 0; way < 3 * 4 * 2; way++) {
		struct hf_outbox_list_args args = {
		    .queue = hf_str("q"),
		    .status = (enum hf_outbox_status[]){HF_OUTBOX_ANY, HF_OUTBOX_QUEUED,
		                                        HF_OUTBOX_FAILED}[way % 3],
		    .limit = way / 3 % 4,
		    .match = way >= 12 ? every : NULL};
		const size_t count = list_items(stage->store, args, all);
		for (size_t i = 0; i < PREFIXES; i++) {
			size_t at = 0;
			args.id_prefix = prefix_of(i);
			const size_t found = list_items(stage->store, args, part);
			for (size_t j = 0; j < count; j++)
				if (matches(id_of(all[j]), args.id_prefix))
					assert_true(at < found && part[at++] == all[j]);
			assert_int_equal(at, found);
		}
	}
	stage_close(stage);
}

/* --- What is passed over ---------------------------------------------------------------------- */

enum { OTHERS = 10000, LOOK = 4096 };

static void fill_others(hf_store *store)
{
	char id[16];
	for (unsigned i = 0; i <= OTHERS;) {
		hf_txn *txn;
		assert_int_equal(hf_txn_begin(store, &txn, NULL), HF_OK);
		for (unsigned end = i + 1000; i < end && i <= OTHERS; i++) {
			(void)snprintf(id, sizeof id, "%s%u", i == OTHERS ? "wanted" : "other", i);
			const struct hf_document_put_args document = {.key = {hf_str("c"), hf_str(id)},
			                                              .orders = 63};
			const struct hf_outbox_enqueue_args item = {.queue = hf_str("q"), .id = hf_str(id)};
			assert_int_equal(hf_document_put(store, txn, &document, NULL, NULL), HF_OK);
			assert_int_equal(hf_outbox_enqueue(store, txn, &item, NULL, NULL), HF_OK);
		}
		assert_int_equal(hf_txn_commit(txn, HF_OS, NULL), HF_OK);
	}
}

static void a_page_passes_over_so_many_and_no_more(void **state)
{
	static char token[512];
	struct stage *stage = stage_open_with(SETTING_LIVE, &(struct hf_options){0});
	size_t pages = 0, items = 0;
	(void)state;
	fill_others(stage->store);
	struct hf_document_list_args args = {
	    .size = sizeof args, .collection = hf_str("c"), .id_prefix = hf_str("wanted"), .limit = 5};
	do {
		struct hf_document_page page = {.size = sizeof page};
		hf__steps = 0;
		assert_int_equal(hf_document_list(stage->store, &args, 0, &page, NULL), HF_OK);
		assert_true(hf__steps <= 2 * LOOK + 200);
		assert_true(page.count == (pages == OTHERS / LOOK));
		args.page = page.next ? memcpy(token, page.next, strlen(page.next) + 1) : NULL;
		hf_release(page.memory);
	} while (pages++, args.page);
	assert_int_equal(pages, OTHERS / LOOK + 1);
	args.limit = 0; /* to the end */
	struct hf_document_page all = {.size = sizeof all};
	assert_int_equal(hf_document_list(stage->store, &args, 0, &all, NULL), HF_OK);
	assert_true(all.count == 1 && !all.next);
	hf_release(all.memory);
	args.by = HF_DOCUMENT_BY_ID; /* nothing is passed over */
	args.limit = 5;
	hf__steps = 0;
	assert_int_equal(hf_document_list(stage->store, &args, 0, &all, NULL), HF_OK);
	assert_true(all.count == 1 && !all.next && hf__steps < 60);
	hf_release(all.memory);
	struct hf_outbox_list_args queue = {
	    .size = sizeof queue, .queue = hf_str("q"), .id_prefix = hf_str("wanted"), .limit = 1};
	do {
		struct hf_outbox_items page = {.size = sizeof page};
		hf__steps = 0;
		assert_int_equal(hf_outbox_list(stage->store, &queue, 0, &page, NULL), HF_OK);
		assert_true(hf__steps <= 2 * LOOK + 200);
		items += page.count;
		queue.page = page.next ? memcpy(token, page.next, strlen(page.next) + 1) : NULL;
		hf_release(page.memory);
	} while (pages++, queue.page);
	assert_true(items == 1 && pages == 2 * (OTHERS / LOOK + 1));
	queue.match = every; /* in steps, until the page is full or the list at its end */
	struct hf_outbox_items page = {.size = sizeof page};
	assert_int_equal(hf_outbox_list(stage->store, &queue, 0, &page, NULL), HF_OK);
	assert_true(page.count == 1 && !page.next);
	hf_release(page.memory);
	queue.match = NULL; /* all of it, in steps of which the first ones give nothing */
	queue.limit = 0;
	assert_int_equal(hf_outbox_list(stage->store, &queue, 0, &page, NULL), HF_OK);
	assert_true(page.count == 1 && page.places_count == 1 && !page.next);
	assert_memory_equal(page.items[0].id.data, "wanted", 6);
	hf_release(page.memory);
	stage_drop(stage);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_prefix_of_documents_is_the_list_filtered),
	    cmocka_unit_test(an_order_by_id_is_kept_where_it_was_asked_for),
	    cmocka_unit_test(a_prefix_is_part_of_the_token_and_has_the_form_of_a_key),
	    cmocka_unit_test(a_prefix_of_items_is_the_list_filtered),
	    cmocka_unit_test(a_page_passes_over_so_many_and_no_more),
	};
	return cmocka_run_group_tests_name("lists of a prefix", tests, NULL, NULL);
}
