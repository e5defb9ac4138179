/* tier: fast */
/* Lists of locks: order, views, pages, tokens, stats, against a plain array. */
#include "holdfast/lock.h"
#include "lib/rng.h"
#include "lib/settings.h"
#include "lib/test.h"

#define SECOND INT64_C(1000000)

enum { LOCKS = 120, TEXT = 4096 };

/* What is held, as far as this test knows: the end of each lock's lease; 0: free, INT64_MAX: no
 * lease. */
struct model {
	int64_t until[LOCKS];
	hf_token tokens[LOCKS];
};

/* Names whose order by bytes is not that by number. */
static struct hf_bytes name_of(unsigned i, char out[16])
{
	(void)snprintf(out, 16, "%c%u", i % 3 ? 'a' : '\xe9', i * 37 % 127);
	return hf_str(out);
}

static int compare_texts(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The names held at `now`, "a b c ", in byte order. */
static void expected(const struct model *model, int64_t now, char out[TEXT])
{
	char texts[LOCKS][16], *sorted[LOCKS];
	size_t count = 0, len = 0;
	for (unsigned i = 0; i < LOCKS; i++) {
		if (model->until[i] <= now)
			continue;
		(void)name_of(i, texts[count]);
		sorted[count] = texts[count];
		count++;
	}
	qsort(sorted, count, sizeof sorted[0], compare_texts);
	out[0] = '\0';
	for (size_t i = 0; i < count; i++)
		len += (size_t)snprintf(out + len, TEXT - len, "%s ", sorted[i]);
}

static void add_items(const struct hf_lock_page *page, char out[TEXT])
{
	for (size_t i = 0; i < page->count; i++) {
		const size_t len = strlen(out);
		(void)snprintf(out + len, TEXT - len, "%.*s ", (int)page->items[i].name.len,
		               (const char *)page->items[i].name.data);
	}
}

/* All pages of `limit`, one after the other. */
static void walk(hf_store *store, size_t limit, char out[TEXT])
{
	char token[512] = "";
	out[0] = '\0';
	do {
		struct hf_lock_page page = {0};
		const struct hf_lock_list_args args = {.limit = limit, .page = token};
		assert_int_equal(hf_lock_list(store, &args, 0, &page, NULL), HF_OK);
		assert_true(limit == 0 || page.count <= limit);
		assert_true(!page.next || page.count == limit);
		add_items(&page, out);
		(void)snprintf(token, sizeof token, "%s", page.next ? page.next : "");
		hf_release(page.memory);
	} while (token[0]);
}

static void change_one(struct hf_rng *rng, struct model *model, hf_store *store, int64_t now)
{
	char text[16];
	const unsigned i = (unsigned)hf_rng_below(rng, LOCKS);
	const struct hf_bytes name = name_of(i, text);
	struct hf_result result = {0};
	const bool held = model->until[i] > now;
	const int64_t lease = (int64_t)hf_rng_below(rng, 4) * 10 * SECOND;
	const struct hf_lock_acquire_args acquire = {
	    .name = name, .owner = hf_str("w"), .lease_us = lease};
	const struct hf_lock_release_args release = {.name = name, .token = model->tokens[i]};
	const struct hf_lock_renew_args renew = {
	    .name = name, .token = model->tokens[i], .lease_us = lease};
	switch (hf_rng_below(rng, 3)) {
	case 0:
		assert_int_equal(hf_lock_acquire(store, NULL, &acquire, &result, NULL), HF_OK);
		model->tokens[i] = result.token;
		model->until[i] = lease ? now + lease : INT64_MAX;
		return;
	case 1:
		assert_int_equal(hf_lock_release(store, NULL, &release, NULL, NULL),
		                 held ? HF_OK : HF_ESTALE);
		model->until[i] = 0;
		return;
	default:
		assert_int_equal(hf_lock_renew(store, NULL, &renew, NULL, NULL), held ? HF_OK : HF_ESTALE);
		if (held)
			model->until[i] = lease ? now + lease : INT64_MAX;
		return;
	}
}

static void compare(struct stage *stage, const struct model *model, int64_t now)
{
	char want[TEXT], got[TEXT];
	expected(model, now, want);
	for (size_t limit = 0; limit < 20; limit += 3) {
		walk(stage->store, limit, got);
		assert_string_equal(got, want);
	}
}

static void lists_show_what_is_held_in_byte_order_in_pages_of_any_size(void **unused)
{
	(void)unused;
	for (enum setting setting = 0; setting < SETTINGS; setting++) {
		struct hf_rng rng = hf_rng_for("lock list");
		struct stage *stage = stage_open(setting);
		struct model model = {{0}, {0}};
		int64_t now = STAGE_NOW;
		for (unsigned round = 0; round < 12; round++) {
			for (unsigned i = 0; i < 40; i++)
				change_one(&rng, &model, stage->store, now);
			now += 5 * SECOND;
			stage_at(stage, now);
			if (round % 3 == 1)
				assert_int_equal(hf_maintain(stage->store, 0, NULL), HF_OK);
			compare(stage, &model, now);
			stage_switch(stage);
			if (setting == SETTING_REOPENED) /* who had no lease lost the lock */
				for (unsigned i = 0; i < LOCKS; i++)
					model.until[i] = model.until[i] == INT64_MAX ? 0 : model.until[i];
			compare(stage, &model, now);
		}
		stage_close(stage);
	}
}

static hf_token hold(hf_store *store, const char *name, int64_t lease)
{
	struct hf_result result = {0};
	const struct hf_lock_acquire_args args = {
	    .name = hf_str(name), .owner = hf_str("the owner"), .lease_us = lease};
	assert_int_equal(hf_lock_acquire(store, NULL, &args, &result, NULL), HF_OK);
	return result.token;
}

static void a_walk_goes_on_when_its_last_lock_is_free_by_then(void **unused)
{
	(void)unused;
	struct stage *stage = stage_open(SETTING_LIVE);
	struct hf_lock_page first = {0}, second = {0};
	const hf_token b = hold(stage->store, "b", SECOND);
	(void)hold(stage->store, "a", 0);
	(void)hold(stage->store, "d", 0);
	assert_int_equal(
	    hf_lock_list(stage->store, &(struct hf_lock_list_args){.limit = 2}, 0, &first, NULL),
	    HF_OK);
	assert_int_equal(first.count, 2);
	assert_true(first.items[1].token == b && first.items[1].lease_until == STAGE_NOW + SECOND &&
	            stage_stamped(first.items[1].acquired_at, STAGE_NOW));
	assert_true(hf__bytes_equal(first.items[1].owner, hf_str("the owner")));
	stage_at(stage, STAGE_NOW + SECOND);
	(void)hold(stage->store, "c", 0);
	assert_int_equal(hf_lock_list(stage->store, &(struct hf_lock_list_args){.page = first.next}, 0,
	                              &second, NULL),
	                 HF_OK);
	assert_int_equal(second.count, 2);
	assert_true(hf__bytes_equal(second.items[0].name, hf_str("c")) &&
	            hf__bytes_equal(second.items[1].name, hf_str("d")));
	assert_null(second.next);
	hf_release(first.memory);
	hf_release(second.memory);
	stage_close(stage);
}

static void damaged_page_tokens_are_refused(void **unused)
{
	(void)unused;
	struct stage *stage = stage_open(SETTING_LIVE);
	struct hf_lock_page page = {0}, none = {0};
	struct hf_error error = {0};
	char token[512];
	(void)hold(stage->store, "a", 0);
	(void)hold(stage->store, "b", 0);
	assert_int_equal(
	    hf_lock_list(stage->store, &(struct hf_lock_list_args){.limit = 1}, 0, &page, NULL), HF_OK);
	(void)snprintf(token, sizeof token, "%s", page.next);
	hf_release(page.memory);
	for (size_t i = 0; token[i]; i++) {
		const char was = token[i];
		token[i] = was == 'A' ? 'B' : 'A';
		assert_int_equal(hf_lock_list(stage->store, &(struct hf_lock_list_args){.page = token}, 0,
		                              &none, &error),
		                 HF_EINVAL);
		assert_true(none.count == 0 && !none.memory);
		token[i] = was;
	}
	assert_string_equal(error.text, "the page token is damaged or belongs to another list");
	stage_close(stage);
}

static void an_empty_list_is_no_error(void **unused)
{
	(void)unused;
	struct stage *stage = stage_open(SETTING_LIVE);
	struct hf_lock_page page = {0};
	struct hf_lock_stats stats = {0};
	assert_int_equal(hf_lock_list(stage->store, NULL, 0, &page, NULL), HF_OK);
	assert_true(page.count == 0 && !page.next);
	hf_release(page.memory);
	assert_int_equal(hf_lock_get_stats(stage->store, 0, &stats, NULL), HF_OK);
	assert_true(stats.held == 0 && stats.next_ending == HF_UNSET && stats.as_of == STAGE_NOW);
	stage_close(stage);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(lists_show_what_is_held_in_byte_order_in_pages_of_any_size),
	    cmocka_unit_test(a_walk_goes_on_when_its_last_lock_is_free_by_then),
	    cmocka_unit_test(damaged_page_tokens_are_refused),
	    cmocka_unit_test(an_empty_list_is_no_error),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
