/* tier: fast */
/* Blobs: owned, immutable; of every size around those at which their memory comes from
 * elsewhere. */
#include "base/mem.h"
#include "lib/test.h"
#include "object/blob.h"
#include "object/small.h"

static bool veto_all(void *ctx, size_t size)
{
	(void)ctx;
	(void)size;
	return true;
}

static int veto_off(void **state)
{
	(void)state;
	hf__mem_set_veto(NULL, NULL);
	return 0;
}

static void blobs_own_a_copy_and_null_is_empty(void **state)
{
	(void)state;
	char source[] = "value";
	struct hf__blob *blob;
	assert_true(hf__blob_new(hf_str(source), &blob));
	source[0] = 'X';
	assert_true(hf__bytes_equal(hf__blob_bytes(blob), hf_str("value")));
	hf__blob_free(blob);
	assert_true(hf__blob_new(hf_bytes_of(NULL, 0), &blob));
	assert_null(blob);
	assert_int_equal(hf__blob_bytes(NULL).len, 0);
	hf__mem_set_veto(veto_all, NULL);
	assert_false(hf__blob_new(hf_str(source), &blob));
	assert_null(blob);
}

static void a_blob_of_any_size_is_given_back_whole(void **state)
{
	(void)state;
	static uint8_t bytes[HF__SMALL_MAX + 64];
	const size_t before = hf__mem_used();
	for (size_t len = 1; len < sizeof bytes; len++) {
		struct hf__blob *blob, *same;
		bytes[len - 1] = (uint8_t)len;
		assert_true(hf__blob_new(hf_bytes_of(bytes, len), &blob));
		blob->head |= len % 2 ? HF__BLOB_REFERS : 0;
		assert_true(hf__bytes_equal(hf__blob_bytes(blob), hf_bytes_of(bytes, len)));
		assert_int_equal(hf__blob_refers(blob), len % 2);
		assert_true(hf__blob_keep(blob, hf_bytes_of(bytes, len), &same));
		assert_ptr_equal(same, blob);
		hf__blob_drop(same, blob);
		hf__blob_free(blob);
	}
	hf__blob_free(NULL);
	assert_int_equal(hf__mem_used(), before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_teardown(blobs_own_a_copy_and_null_is_empty, veto_off),
	    cmocka_unit_test(a_blob_of_any_size_is_given_back_whole),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
