/* tier: medium */
/* The reader in tests/stranger and the engine say the same of stores with snapshots: what an
 * opening begins with, every entry and payload byte of it, what is replayed behind it, and what
 * kind of end the log has. Plain, snapshotted, compacted, restored and backed-up stores, as they
 * are, killed, and with bits flipped and files gone. */
#include <dirent.h>
#include <unistd.h>

#include "holdfast/holdfast.h"
#include "lib/churn/churn.h"
#include "lib/remove_tree.h"
#include "lib/sim/sim_os.h"
#include "lib/test.h"
#include "lib/tools/stranger.h"
#include "store/store.h"

enum { IMAGES = 240, LINE = STRANGER_LINE, SEGMENT = 16 << 10, FILE_MAX = 4 << 20, WORDS = 5 };

struct world {
	struct hf_rng rng;
	unsigned count;
	char (*expected)[LINE];
	const char *path;
};

/* --- Images ----------------------------------------------------------------------------------- */

static void damage(struct world *w, struct sim *image)
{
	char name[SIM_NAME_MAX + 1];
	uint64_t size = 0;
	unsigned files = 0;
	while (sim_list(image, files, name, &size))
		files++;
	for (uint64_t i = 1 + hf_rng_below(&w->rng, 2); i > 0; i--)
		if (sim_list(image, (size_t)hf_rng_below(&w->rng, files), name, &size) && size > 0)
			assert_true(sim_flip_bit(image, name, hf_rng_below(&w->rng, size * 8)));
	if (hf_rng_chance(&w->rng, 1, 6) &&
	    sim_list(image, (size_t)hf_rng_below(&w->rng, files), name, &size))
		assert_true(sim_remove_file(image, name));
	if (hf_rng_chance(&w->rng, 1, 10) &&
	    sim_list(image, (size_t)hf_rng_below(&w->rng, files), name, &size))
		assert_true(sim_truncate_file(image, name, hf_rng_below(&w->rng, size + 1)));
}

static void keep(struct world *w, struct sim *sim, bool damaged)
{
	struct sim *image = sim_clone(sim);
	char path[LINE];
	if (w->count < IMAGES) {
		if (damaged)
			damage(w, image);
		(void)snprintf(path, sizeof path, "%s/%03u", w->path, w->count);
		assert_int_equal(sim_dump(image, path), 0);
		stranger_engine(image, w->expected[w->count]);
		w->count++;
	}
	sim_free(image);
}

static void keep_some(struct world *w, struct sim *sim)
{
	keep(w, sim, false);
	for (unsigned i = 0; i < 3; i++)
		keep(w, sim, true);
}

/* A life of a store: snapshots and compactions among the work; kept while it is open (as a kill
 * leaves it), and closed. */
static void live(struct world *w, struct sim *sim, struct churn *churn, bool compacts)
{
	const struct hf_options options = {
	    .create = true, .no_background = true, .segment_size = SEGMENT};
	hf_store *store = NULL;
	assert_int_equal(hf__store_open(sim_os(sim), hf__all_domains(), &options, &store, NULL), HF_OK);
	for (unsigned i = 0; i < 60; i++) {
		churn_step(churn, store);
		if (hf_rng_chance(&w->rng, 1, 25))
			assert_int_equal(compacts ? hf_compact(store, NULL) : hf_snapshot(store, NULL), HF_OK);
		if (hf_rng_chance(&w->rng, 1, 30))
			keep(w, sim, hf_rng_chance(&w->rng, 1, 2));
	}
	if (hf_rng_chance(&w->rng, 1, 3))
		sim_kill(sim);
	(void)hf_close(store, NULL);
	keep_some(w, sim);
}

/* --- What has other names --------------------------------------------------------------------- */

static void take_in(const char *directory, struct sim *sim)
{
	uint8_t *bytes = malloc(FILE_MAX);
	DIR *names = opendir(directory);
	assert_non_null(names);
	assert_non_null(bytes);
	for (const struct dirent *entry; (entry = readdir(names)) != NULL;) {
		char path[600];
		if (entry->d_name[0] == '.')
			continue;
		(void)snprintf(path, sizeof path, "%s/%s", directory, entry->d_name);
		FILE *file = fopen(path, "rb");
		assert_non_null(file);
		const size_t size = fread(bytes, 1, FILE_MAX, file);
		assert_true(size < FILE_MAX);
		sim_write_file(sim, entry->d_name, 0, bytes, size);
		assert_int_equal(fclose(file), 0);
	}
	(void)closedir(names);
	free(bytes);
}

/* A backup of a store, and a store of the backup, both made in real directories. */
static void back_up(struct world *w, unsigned number, bool compacts)
{
	char store_path[LINE], backup_path[LINE], restored_path[LINE];
	struct churn churn;
	hf_store *store;
	(void)snprintf(store_path, sizeof store_path, "%s/store", w->path);
	(void)snprintf(backup_path, sizeof backup_path, "%s/backup", w->path);
	(void)snprintf(restored_path, sizeof restored_path, "%s/restored", w->path);
	const struct hf_options options = {
	    .create = true, .no_background = true, .allow_unsafe_fs = true, .segment_size = SEGMENT};
	churn_init(&churn, compacts ? "compacted" : "backed up", 25, 3000);
	assert_int_equal(hf_open(store_path, &options, &store, NULL), HF_OK);
	for (unsigned i = 0; i < 80 + number; i++)
		churn_step(&churn, store);
	if (compacts)
		assert_int_equal(hf_compact(store, NULL), HF_OK);
	for (unsigned i = 0; i < 10; i++)
		churn_step(&churn, store);
	assert_int_equal(hf_sync(store, NULL), HF_OK);
	assert_int_equal(hf_backup(store_path, backup_path, NULL, NULL, NULL), HF_OK);
	assert_int_equal(hf_close(store, NULL), HF_OK);
	assert_int_equal(hf_restore(backup_path, restored_path, NULL, NULL, NULL), HF_OK);
	for (unsigned i = 0; i < 2; i++) {
		struct sim *sim = sim_new(sim_profile_strict(), number);
		take_in(i ? restored_path : backup_path, sim);
		keep_some(w, sim);
		sim_free(sim);
	}
	churn_deinit(&churn);
	remove_tree(store_path);
	remove_tree(backup_path);
	remove_tree(restored_path);
}

/* --- What the stranger says ------------------------------------------------------------------- */

static void compare(struct world *w)
{
	static const char *const words[WORDS] = {"clean", "unclean", "corrupt", "backup", "empty-"};
	char list[LINE], line[LINE], engine[LINE];
	unsigned kinds[WORDS] = {0}, based = 0, different = 0;
	(void)snprintf(list, sizeof list, "%s/list", w->path);
	FILE *names = fopen(list, "w");
	assert_non_null(names);
	for (unsigned i = 0; i < w->count; i++)
		(void)fprintf(names, "%s/%03u\n", w->path, i);
	assert_int_equal(fclose(names), 0);
	FILE *reader = stranger_start(list);
	for (unsigned i = 0; i < w->count; i++) {
		if (!fgets(line, sizeof line, reader))
			fail_msg("the reader ended at image %u", i);
		(void)snprintf(engine, sizeof engine, "%s\n", w->expected[i]);
		for (unsigned k = 0; k < WORDS; k++)
			kinds[k] += strncmp(line, words[k], strlen(words[k])) == 0;
		unsigned fields = 0;
		for (const char *at = line; *at; at++)
			fields += *at == ' ';
		based += fields == 8;
		different += strcmp(line, engine) != 0;
		if (strcmp(line, engine) != 0)
			print_message("image %u: the stranger says %s          the engine says %s", i, line,
			              engine);
	}
	assert_int_equal(pclose(reader), 0);
	print_message(
	    "figure: %u images, %u begin with a snapshot; %u clean, %u unclean, %u corrupt, %u "
	    "backups, %u without a log; %u told differently\n",
	    w->count, based, kinds[0], kinds[1], kinds[2], kinds[3], kinds[4], different);
	assert_int_equal(different, 0);
	assert_true(based > 60);
	for (unsigned k = 0; k < WORDS; k++)
		assert_true(kinds[k] >= 2);
}

static void a_stranger_reads_snapshots_as_the_engine_does(void **state)
{
	char path[] = "stranger-XXXXXX";
	struct world w = {.rng = hf_rng_for("stranger snapshots"),
	                  .expected = calloc(IMAGES, sizeof *w.expected)};
	(void)state;
	assert_non_null(w.expected);
	assert_non_null(mkdtemp(path));
	w.path = path;
	for (unsigned number = 0; number < 4; number++)
		back_up(&w, number, number % 2);
	for (unsigned number = 0; w.count < IMAGES; number++) {
		char seed[32];
		struct churn churn;
		struct sim *sim = sim_new(sim_profile_weak(), number);
		(void)snprintf(seed, sizeof seed, "snapshots %u", number);
		churn_init(&churn, seed, 25, 3000);
		for (unsigned life = 0; life < 4 && w.count < IMAGES; life++)
			live(&w, sim, &churn, (number + life) % 2);
		churn_deinit(&churn);
		sim_free(sim);
	}
	compare(&w);
	for (unsigned i = 0; i < w.count; i++) {
		char image[LINE];
		(void)snprintf(image, sizeof image, "%s/%03u", path, i);
		remove_tree(image);
	}
	remove_tree(path);
	free(w.expected);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_stranger_reads_snapshots_as_the_engine_does)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
