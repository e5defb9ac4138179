/* tier: fast */
/* A put in a transaction keeps copies of all that its arguments borrow, whatever its length, in one
 * piece of memory: the caller's bytes may go as soon as the call returns. */
#include "api/api.h"
#include "holdfast/holdfast.h"
#include "lib/rng.h"
#include "lib/settings.h"
#include "lib/test.h"

enum { PUTS = 400, NAME = 40, BYTES = 9000 };

struct put {
	uint8_t collection[NAME], id[NAME], group[NAME], payload[BYTES];
	size_t lens[4];
};

static void fill(struct hf_rng *rng, uint8_t *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		bytes[i] = (uint8_t)(1 + hf_rng_below(rng, 255));
}

static void make(struct hf_rng *rng, struct put *put, unsigned i)
{
	put->lens[0] = 1 + (size_t)hf_rng_below(rng, 9);
	put->lens[1] = 8 + (size_t)hf_rng_below(rng, NAME - 8);
	put->lens[2] = hf_rng_chance(rng, 1, 3) ? 0 : (size_t)hf_rng_below(rng, NAME);
	put->lens[3] = (size_t)hf_rng_below(rng, hf_rng_chance(rng, 1, 8) ? BYTES : 40);
	memset(put->collection, 'c', sizeof put->collection);
	fill(rng, put->id, sizeof put->id);
	memset(put->id, '0', 8);
	for (unsigned k = 0; k < 4; k++, i /= 10)
		put->id[k] = (uint8_t)('0' + i % 10);
	fill(rng, put->group, sizeof put->group);
	fill(rng, put->payload, put->lens[3]);
}

static struct hf_document_put_args args_of(const struct put *put)
{
	return (struct hf_document_put_args){
	    .key = {hf_bytes_of(put->collection, put->lens[0]), hf_bytes_of(put->id, put->lens[1])},
	    .group = hf_bytes_of(put->lens[2] ? put->group : NULL, put->lens[2]),
	    .payload = hf_bytes_of(put->lens[3] ? put->payload : NULL, put->lens[3])};
}

static bool is(struct hf_bytes bytes, const uint8_t *wanted, size_t len)
{
	return bytes.len == len && (len == 0 || memcmp(bytes.data, wanted, len) == 0);
}

static void bytes_of_a_put_in_a_transaction_may_go(void **state)
{
	static struct put puts[PUTS], scratch;
	struct hf_rng rng = hf_rng_for("borrowed");
	struct stage *stage = stage_open(SETTING_LIVE);
	hf_txn *txn;
	(void)state;
	assert_int_equal(hf_txn_begin(stage->store, &txn, NULL), HF_OK);
	for (unsigned i = 0; i < PUTS; i++) {
		make(&rng, &puts[i], i);
		scratch = puts[i];
		const struct hf_document_put_args args = args_of(&scratch);
		assert_int_equal(hf_document_put(stage->store, txn, &args, NULL, NULL), HF_OK);
		memset(&scratch, 0xee, sizeof scratch);
	}
	assert_int_equal(hf_txn_commit(txn, HF_DURABLE, NULL), HF_OK);
	for (unsigned i = 0; i < PUTS; i++) {
		const struct put *put = &puts[i];
		const struct hf_document_key key = args_of(put).key;
		struct hf_document_got got = {0};
		assert_int_equal(hf_document_get(stage->store, &key, 0, &got, NULL), HF_OK);
		assert_true(is(got.document.group, put->group, put->lens[2]));
		assert_true(is(got.document.payload, put->payload, put->lens[3]));
		hf_release(got.memory);
	}
	stage_close(stage);
}

static unsigned borrowed_by(const struct hf_api_struct *of)
{
	unsigned count = 0;
	for (const struct hf_api_member *member = of->members; member->name; member++)
		if (member->type == HF_API_KEY || member->type == HF_API_TEXT ||
		    member->type == HF_API_BYTES)
			count++;
		else if (member->type == HF_API_STRUCT)
			count += borrowed_by(member->of);
	return count;
}

/* put_copy() names them one by one: another member that borrows bytes has to be added there. */
static void a_put_borrows_four_members(void **state)
{
	(void)state;
	assert_int_equal(borrowed_by(&hf__api_document_put_args), 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(bytes_of_a_put_in_a_transaction_may_go),
	    cmocka_unit_test(a_put_borrows_four_members),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
