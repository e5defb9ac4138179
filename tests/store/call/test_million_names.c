/* tier: long */
/* A million names, each used once, in each domain: what they leave in bytes, live and after
 * reopening. And many that come and go in one transaction. */
#include "base/mem.h"
#include "lib/remove_tree.h"
#include "lib/test.h"
#include "lib/used_once.h"
#include "store/store.h"

enum { MILLION = 1000000, BATCH = 5000, WARM = 1000 };
#define LEFT ((size_t)64 << 10)

static hf_store *open_store(void)
{
	const struct hf_options options = {
	    .create = true, .no_background = true, .segment_size = 16u << 20, .allow_unsafe_fs = true};
	struct hf_error error = {0};
	hf_store *store;
	if (hf_open("store", &options, &store, &error) != HF_OK)
		fail_msg("%s", error.text);
	return store;
}

static void expect_little(const struct used_once *row, size_t before, const char *when)
{
	const size_t now = hf__mem_used();
	printf("figure: %s %s: %lld bytes\n", row->domain, when, (long long)now - (long long)before);
	if (now > before + LEFT)
		fail_msg("%s %s: %zu bytes are left", row->domain, when, now - before);
}

static void a_million_names_leave_nothing(void **state)
{
	(void)state;
	for (size_t i = 0; i < used_once_count; i++) {
		const struct used_once *row = &used_once[i];
		hf_store *store = open_store();
		use_once(store, row, "warm", WARM, WARM, HF_DURABLE);
		assert_int_equal(hf_maintain(store, 0, NULL), HF_OK);
		const size_t before = hf__mem_used();
		use_once(store, row, "name", MILLION, BATCH, HF_OS);
		assert_int_equal(hf_sync(store, NULL), HF_OK);
		assert_int_equal(hf_maintain(store, 0, NULL), HF_OK);
		expect_little(row, before, "live");
		assert_int_equal(count_names(store, row), 0);
		assert_int_equal(hf_close(store, NULL), HF_OK);
		store = open_store();
		expect_little(row, before, "reopened");
		assert_int_equal(count_names(store, row), 0);
		assert_int_equal(hf_close(store, NULL), HF_OK);
		remove_tree("store");
	}
}

static void a_hundred_thousand_at_once_leave_nothing(void **state)
{
	(void)state;
	for (size_t i = 0; i < used_once_count; i++) {
		const struct used_once *row = &used_once[i];
		hf_store *store = open_store();
		use_once(store, row, "warm", WARM, WARM, HF_DURABLE);
		assert_int_equal(hf_maintain(store, 0, NULL), HF_OK);
		const size_t before = hf__mem_used();
		use_once(store, row, "name", MILLION / 10, MILLION / 10, HF_OS);
		assert_int_equal(hf_sync(store, NULL), HF_OK);
		assert_int_equal(hf_maintain(store, 0, NULL), HF_OK);
		expect_little(row, before, "after a hundred thousand at once");
		assert_int_equal(hf_close(store, NULL), HF_OK);
		remove_tree("store");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_million_names_leave_nothing),
	    cmocka_unit_test(a_hundred_thousand_at_once_leave_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
