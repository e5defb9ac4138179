/* tier: fast */
/* A get of a payload that lies on disk opens nothing: descriptors of segments stay open,
 * and so does that of a snapshot. */
#include "holdfast/holdfast.h"
#include "lib/settings.h"
#include "lib/sim/sim_os.h"
#include "lib/test.h"

enum { COUNT = 40, SIZE = 3000, GETS = 400 };

struct calls {
	unsigned opens, reads;
};

static void count_calls(void *arg, struct sim *sim, uint64_t index, enum sim_call kind,
                        const char *name)
{
	struct calls *calls = arg;
	(void)sim;
	(void)index;
	(void)name;
	calls->opens += kind == SIM_OPEN;
	calls->reads += kind == SIM_READ;
}

static struct hf_document_key key_of(unsigned n, char id[16])
{
	(void)snprintf(id, 16, "d%u", n);
	return (struct hf_document_key){hf_str("c"), hf_str(id)};
}

static void put_all(hf_store *store)
{
	static char payload[SIZE];
	char id[16];
	for (unsigned i = 0; i < COUNT; i++) {
		memset(payload, (int)('a' + i % 26), sizeof payload);
		const struct hf_document_put_args args = {.key = key_of(i, id),
		                                          .payload = hf_bytes_of(payload, SIZE)};
		assert_int_equal(hf_document_put(store, NULL, &args, NULL, NULL), HF_OK);
	}
}

static void get_all(hf_store *store, unsigned gets)
{
	char id[16];
	for (unsigned i = 0; i < gets; i++) {
		const struct hf_document_key key = key_of(i * 7 % COUNT, id);
		struct hf_document_got got = {0};
		assert_int_equal(hf_document_get(store, &key, 0, &got, NULL), HF_OK);
		assert_int_equal(got.document.payload.len, SIZE);
		assert_int_equal(*(const char *)got.document.payload.data, 'a' + i * 7 % COUNT % 26);
		hf_release(got.memory);
	}
}

static void expect_no_opens(struct stage *stage)
{
	struct calls calls = {0, 0};
	get_all(stage->store, COUNT); /* each segment once */
	sim_observe(stage->sim, count_calls, &calls);
	get_all(stage->store, GETS);
	sim_observe(stage->sim, NULL, NULL);
	assert_int_equal(calls.opens, 0);
	assert_true(calls.reads > 0); /* they do lie there */
}

static void gets_from_the_log_open_nothing(void **state)
{
	(void)state;
	struct stage *stage = stage_open(SETTING_LIVE);
	put_all(stage->store);
	expect_no_opens(stage);
	stage_drop(stage);
}

static void gets_from_a_snapshot_open_nothing(void **state)
{
	(void)state;
	struct stage *stage = stage_open(SETTING_LIVE);
	put_all(stage->store);
	assert_int_equal(hf_compact(stage->store, NULL), HF_OK);
	struct calls calls = {0, 0};
	get_all(stage->store, COUNT);
	sim_observe(stage->sim, count_calls, &calls);
	get_all(stage->store, GETS);
	sim_observe(stage->sim, NULL, NULL);
	assert_int_equal(calls.opens, 0);
	stage_drop(stage);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(gets_from_the_log_open_nothing),
	    cmocka_unit_test(gets_from_a_snapshot_open_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
