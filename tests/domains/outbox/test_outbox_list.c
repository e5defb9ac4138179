/* tier: fast */
/* Outbox lists: pages, their tokens, predicates. */
#include "lib/domains/outbox_ops.h"
#include "lib/settings.h"
#include "lib/test.h"

static struct hf_bytes queue(void)
{
	return hf_str(OB_QUEUE);
}

/* --- Lists ------------------------------------------------------------------------------------ */

static void fill(hf_store *store, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		char id[16];
		(void)snprintf(id, sizeof id, "%03u", i);
		ob_enqueue(store, id, id, 0, 0);
	}
}

static void a_walk_over_pages_gives_each_item_once_whatever_happens_around_it(void **unused)
{
	(void)unused;
	struct stage *stage = stage_open(SETTING_LIVE);
	struct hf_outbox_items page = {0};
	unsigned seen[40] = {0};
	fill(stage->store, 30);
	for (unsigned pages = 0; pages == 0 || page.next; pages++) {
		struct hf_outbox_items before = page;
		char id[16];
		const struct hf_outbox_list_args args = {.queue = queue(), .limit = 4, .page = page.next};
		assert_int_equal(hf_outbox_list(stage->store, &args, 0, &page, NULL), HF_OK);
		hf_release(before.memory);
		for (size_t i = 0; i < page.count; i++)
			seen[strtoul(page.items[i].id.data, NULL, 10)]++;
		/* Remove the page's last item, claim one ahead, fail one behind, add one; and pages
		 * outlive a reopening. */
		const struct hf_outbox_remove_args gone = {.queue = queue(),
		                                           .id = page.items[page.count - 1].id};
		assert_int_equal(hf_outbox_remove(stage->store, NULL, &gone, NULL, NULL), HF_OK);
		if (pages < 5) {
			(void)snprintf(id, sizeof id, "%03u", 25 + pages);
			(void)ob_claim(stage->store, id, 0);
			(void)snprintf(id, sizeof id, "%03u", pages * 4);
			ob_mark_failed(stage->store, id);
			(void)snprintf(id, sizeof id, "%03u", 30 + pages);
			ob_enqueue(stage->store, id, id, 0, 0);
		}
		stage_switch_to(stage, (enum setting)(pages % SETTINGS));
	}
	hf_release(page.memory);
	for (unsigned i = 0; i < 35; i++)
		assert_int_equal(seen[i], 1);
	stage_close(stage);
}

static void a_page_token_works_for_its_own_list_only(void **unused)
{
	(void)unused;
	struct stage *stage = stage_open(SETTING_LIVE), *other = stage_open(SETTING_LIVE);
	struct hf_outbox_items page = {0}, none = {0};
	fill(stage->store, 5);
	struct hf_outbox_list_args args = {.queue = queue(), .limit = 2};
	assert_int_equal(hf_outbox_list(stage->store, &args, 0, &page, NULL), HF_OK);
	args.page = page.next;
	args.status = HF_OUTBOX_QUEUED;
	assert_int_equal(hf_outbox_list(stage->store, &args, 0, &none, NULL), HF_EINVAL);
	args.status = HF_OUTBOX_ANY;
	args.queue = hf_str("others");
	assert_int_equal(hf_outbox_list(stage->store, &args, 0, &none, NULL), HF_EINVAL);
	args.queue = queue();
	char damaged[256];
	for (size_t i = 0; i < strlen(page.next); i++) {
		(void)snprintf(damaged, sizeof damaged, "%s", page.next);
		damaged[i] = damaged[i] == 'A' ? 'B' : 'A';
		args.page = damaged;
		assert_int_equal(hf_outbox_list(stage->store, &args, 0, &none, NULL), HF_EINVAL);
		assert_true(none.count == 0 && !none.memory);
	}
	args.page = "not a token";
	assert_int_equal(hf_outbox_list(stage->store, &args, 0, &none, NULL), HF_EINVAL);
	hf_release(page.memory);
	stage_close(other);
	stage_close(stage);
}

struct matcher {
	hf_store *store;
	unsigned asked;
};

/* Those whose number ends in 7; asks the store things meanwhile, which a held lock would not
 * survive. */
static bool ends_in_7(void *ctx, const struct hf_outbox_item *item)
{
	struct matcher *matcher = ctx;
	const uint8_t *payload = item->payload.data;
	matcher->asked++;
	assert_string_equal(ob_status(matcher->store, "nobody"), "");
	return item->payload.len == 3 && payload[2] == '7';
}

static void a_predicate_sees_copies_and_pages_count_matches(void **unused)
{
	(void)unused;
	struct stage *stage = stage_open(SETTING_LIVE);
	struct matcher matcher = {.store = stage->store};
	struct hf_outbox_items page = {0};
	char ids[128] = "";
	unsigned pages = 0;
	fill(stage->store, 150);
	ob_mark_failed(stage->store, "017");
	do {
		struct hf_outbox_items before = page;
		const struct hf_outbox_list_args args = {.queue = queue(),
		                                         .status = HF_OUTBOX_QUEUED,
		                                         .match = ends_in_7,
		                                         .match_ctx = &matcher,
		                                         .limit = 4,
		                                         .page = page.next};
		assert_int_equal(hf_outbox_list(stage->store, &args, 0, &page, NULL), HF_OK);
		hf_release(before.memory);
		for (size_t i = 0; i < page.count; i++)
			(void)snprintf(ids + strlen(ids), sizeof ids - strlen(ids), "%.3s ",
			               (const char *)page.items[i].payload.data);
		assert_true(page.count == 4 || !page.next);
		pages++;
	} while (page.next);
	hf_release(page.memory);
	assert_string_equal(ids, "007 027 037 047 057 067 077 087 097 107 117 127 137 147 ");
	assert_int_equal(pages, 4);
	assert_int_equal(matcher.asked, 149);
	stage_close(stage);
}

static void a_list_without_payloads_leaves_them_empty(void **unused)
{
	(void)unused;
	struct stage *stage = stage_open(SETTING_LIVE);
	struct hf_outbox_items page = {0};
	fill(stage->store, 2);
	const struct hf_outbox_list_args args = {.queue = queue(), .without_payload = true};
	assert_int_equal(hf_outbox_list(stage->store, &args, 0, &page, NULL), HF_OK);
	assert_int_equal(page.count, 2);
	assert_int_equal(page.items[1].payload.len, 0);
	hf_release(page.memory);
	stage_close(stage);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_walk_over_pages_gives_each_item_once_whatever_happens_around_it),
	    cmocka_unit_test(a_page_token_works_for_its_own_list_only),
	    cmocka_unit_test(a_predicate_sees_copies_and_pages_count_matches),
	    cmocka_unit_test(a_list_without_payloads_leaves_them_empty),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
