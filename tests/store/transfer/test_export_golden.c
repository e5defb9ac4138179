/* tier: fast */
/* An export that an earlier version wrote is taken by this one, and holds what it held:
 * tests/data/export-2 has one of a store with entries of every domain, and the state that it gives.
 * They are never made anew once a version was released; until then:
 *
 * HF_GOLDEN_WRITE=1 ./test_export_golden
 */
#include "store/transfer/import_case.h"

#define FILE_NAME HF_SOURCE_DIR "/tests/data/export-2/state.snapshot"
#define STATE_NAME HF_SOURCE_DIR "/tests/data/export-2/state.expected"

enum { MOST = 1 << 20, STEPS = 400 };

static struct memory_file read_whole(const char *name)
{
	struct memory_file file = {.data = malloc(MOST), .cap = MOST};
	FILE *from = fopen(name, "r");
	assert_non_null(file.data);
	if (!from)
		fail_msg("%s cannot be opened", name);
	file.len = fread(file.data, 1, MOST, from);
	assert_int_equal(fclose(from), 0);
	return file;
}

static void write_whole(const char *name, const void *data, size_t len)
{
	FILE *to = fopen(name, "w");
	assert_non_null(to);
	assert_int_equal(fwrite(data, 1, len, to), len);
	assert_int_equal(fclose(to), 0);
}

static void make_golden(void)
{
	struct churn churn;
	struct stage *stage = case_begin(&churn, "golden", 300, STEPS);
	churn_fill(&churn, stage->store, 300);
	assert_int_equal(hf_sync(stage->store, NULL), HF_OK);
	struct memory_file file = export_of(stage->store);
	struct hf__writer dump = stage_dump(stage);
	write_whole(FILE_NAME, file.data, file.len);
	write_whole(STATE_NAME, dump.data, dump.len);
	hf__writer_deinit(&dump);
	memory_free(&file);
	churn_deinit(&churn);
	stage_close(stage);
}

/* An import of it gives that state, and so do all that it becomes. */
static void what_was_exported_once_is_taken_for_ever(void **state)
{
	(void)state;
	if (getenv("HF_GOLDEN_WRITE"))
		make_golden();
	struct memory_file file = read_whole(FILE_NAME), want = read_whole(STATE_NAME);
	struct sim_parent *parent = sim_parent_new(sim_profile_strict(), 1);
	const struct hf_snapshot_file made = import_must(parent, &file, (struct asked){0});
	assert_true(made.exported && made.epoch == 2 && made.lsn > 100 && made.entries > 50);
	hf_store *store = open_target(parent);
	struct hf__writer dump = dump_of(store);
	assert_int_equal(dump.len, want.len);
	assert_memory_equal(dump.data, want.data, want.len);
	hf__writer_deinit(&dump);
	assert_int_equal(hf_close(store, NULL), HF_OK);
	sim_parent_free(parent);
	memory_free(&file);
	memory_free(&want);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_was_exported_once_is_taken_for_ever),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
