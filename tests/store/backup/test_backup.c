/* tier: fast */
/* Backups: whole, clean, with everything that was acknowledged, whatever the writer was at; read
 * and never written; and stores of them, which go on under another name. */
#include "store/backup/backup_case.h"

enum { LIVES = 28 }; /* a simulated directory has room for 64 */

/* --- Copies ----------------------------------------------------------------------------------- */

/* Random work with snapshots, compactions and rotation, a backup now and then, openings that end
 * in every way. */
static void a_backup_holds_what_was_acknowledged(void **state)
{
	(void)state;
	struct sim_parent *parent = sim_parent_new(sim_profile_weak(), 3);
	struct churn churn;
	unsigned kept = 0, behind = 0;
	sim_set_now(sim_parent_files(parent), OP_NOW);
	churn_init(&churn, "acknowledged", 20, 1500);
	struct hf_rng *rng = &churn.random.rng;
	for (unsigned life = 0; life < LIVES; life++) {
		hf_store *writer = case_writer(parent);
		for (uint64_t left = hf_rng_below(rng, 30); left > 0; left--) {
			churn_step(&churn, writer);
			if (hf_rng_chance(rng, 1, 25))
				assert_int_equal(hf_snapshot(writer, NULL), HF_OK);
			if (hf_rng_chance(rng, 1, 40))
				assert_int_equal(hf_compact(writer, NULL), HF_OK);
		}
		assert_int_equal(hf_sync(writer, NULL), HF_OK);
		const uint64_t digest = follower_digest(writer);
		const struct hf_backup_facts facts = backup_must(parent, hf_rng_chance(rng, 1, 2));
		struct sim *backup = sim_parent_dir(parent, DEST);
		expect_clean(backup);
		assert_int_equal(digest_of(backup), digest);
		assert_int_equal(facts.incremental, life > 0);
		assert_int_equal(facts.copied + facts.kept + facts.linked + facts.shared, facts.bytes);
		kept += facts.kept > 0;
		behind += facts.files > 1;
		assert_int_equal(names_in(parent), 2);
		for (uint64_t left = hf_rng_below(rng, 6); left > 0; left--)
			churn_step(&churn, writer); /* not all of it is synced */
		if (hf_rng_chance(rng, 1, 2))
			follower_kill(source_of(parent), writer);
		else
			assert_int_equal(hf_close(writer, NULL), HF_OK);
		/* Of a dead store: what an opening would find. */
		(void)backup_must(parent, false);
		expect_clean(backup = sim_parent_dir(parent, DEST));
		assert_int_equal(digest_of(backup), digest_of(source_of(parent)));
	}
	assert_true(kept > LIVES / 3 && behind > LIVES / 3);
	churn_deinit(&churn);
	sim_parent_free(parent);
}

static void an_empty_store_is_backed_up_and_restored(void **state)
{
	(void)state;
	struct sim_parent *parent = sim_parent_new(sim_profile_strict(), 3);
	hf_store *writer = case_writer(parent);
	assert_int_equal(backup_must(parent, false).lsn, 0);
	expect_clean(sim_parent_dir(parent, DEST));
	assert_int_equal(hf_close(writer, NULL), HF_OK);
	assert_int_equal(backup_must(parent, false).lsn, 0);
	assert_int_equal(restore_must(parent, false).epoch, 2);
	expect_clean(sim_parent_dir(parent, BACK));
	sim_parent_free(parent);
}

/* A writer that works between the look at the log and the copy of its files. */
struct meanwhile {
	struct churn churn;
	hf_store *writer;
	enum sim_call at;
	bool done;
};

static void write_meanwhile(void *arg, struct sim_parent *parent, uint64_t index,
                            enum sim_call kind, const char *name)
{
	struct meanwhile *m = arg;
	(void)parent, (void)index, (void)name;
	if (kind != m->at || m->done)
		return;
	m->done = true;
	for (unsigned i = 0; i < 100; i++)
		churn_step(&m->churn, m->writer);
	assert_int_equal(hf_sync(m->writer, NULL), HF_OK);
}

static void a_copy_ends_where_the_log_did(void **state)
{
	(void)state;
	for (int shares = 0; shares < 2; shares++) {
		struct sim_parent *parent = sim_parent_new(sim_profile_weak(), 3);
		struct meanwhile m = {.at = shares ? SIM_CLONE : SIM_MAKE_DIR};
		const struct hf_options large = {
		    .create = true, .no_background = true, .segment_size = 1 << 20};
		if (shares)
			sim_parent_share(parent);
		m.writer = follower_writer(source_of(parent), &large);
		churn_init(&m.churn, "meanwhile", 20, 1500);
		for (unsigned i = 0; i < 100; i++)
			churn_step(&m.churn, m.writer);
		assert_int_equal(hf_sync(m.writer, NULL), HF_OK);
		const uint64_t digest = follower_digest(m.writer);
		sim_parent_observe(parent, write_meanwhile, &m);
		const struct hf_backup_facts facts = backup_must(parent, false);
		sim_parent_observe(parent, NULL, NULL);
		assert_true(m.done && follower_digest(m.writer) != digest);
		assert_int_equal(facts.shared, shares ? facts.bytes : 0);
		expect_clean(sim_parent_dir(parent, DEST));
		assert_int_equal(digest_of(sim_parent_dir(parent, DEST)), digest);
		assert_int_equal(hf_close(m.writer, NULL), HF_OK);
		churn_deinit(&m.churn);
		sim_parent_free(parent);
	}
}

/* --- What is read and never written ----------------------------------------------------------- */

static void expect_refused(struct sim *sim, bool create)
{
	const struct hf_options options = {.create = create, .no_background = true};
	const uint64_t before = sim_hash(sim);
	struct hf_error error = {0};
	hf_store *store = NULL;
	assert_int_equal(hf__store_open(sim_os(sim), hf__all_domains(), &options, &store, &error),
	                 HF_EREADONLY);
	assert_null(store);
	assert_non_null(strstr(error.text, "restore"));
	assert_int_equal(sim_hash(sim), before);
}

static void an_opening_of_a_backup_is_refused_and_changes_nothing(void **state)
{
	(void)state;
	struct sim_parent *parent = sim_parent_new(sim_profile_strict(), 3);
	hf_store *writer = case_writer(parent);
	assert_int_equal(hf_close(writer, NULL), HF_OK);
	(void)backup_must(parent, false);
	expect_refused(sim_parent_dir(parent, DEST), false);
	expect_refused(sim_parent_dir(parent, DEST), true);
	sim_parent_free(parent);
}

/* --- Targets ---------------------------------------------------------------------------------- */

static void expect_conflict(struct sim_parent *parent, int code)
{
	struct hf_error error;
	struct sim *sim = sim_parent_dir(parent, DEST);
	const uint64_t before = sim_hash(sim);
	const size_t names = names_in(parent);
	assert_int_equal(backup_with(parent, false, NULL, &error), code);
	assert_int_equal(sim_hash(sim), before);
	assert_int_equal(names_in(parent), names);
}

static void what_is_no_backup_of_this_store_stays(void **state)
{
	(void)state;
	struct sim_parent *parent = sim_parent_new(sim_profile_strict(), 3);
	assert_int_equal(hf_close(case_writer(parent), NULL), HF_OK);
	/* another store */
	struct sim *sim = sim_parent_add(parent, DEST);
	assert_int_equal(hf_close(follower_writer(sim, &case_writing), NULL), HF_OK);
	expect_conflict(parent, HF_ECONFLICT);
	/* no store at all */
	struct sim_parent *other = sim_parent_new(sim_profile_strict(), 4);
	assert_int_equal(hf_close(case_writer(other), NULL), HF_OK);
	sim_write_file(sim_parent_add(other, DEST), "thesis.txt", 0, "some", 4);
	expect_conflict(other, HF_ECONFLICT);
	sim_parent_free(parent);
	sim_parent_free(other);
}

static void a_backup_of_another_store_stays(void **state)
{
	(void)state;
	struct sim_parent *parent = sim_parent_new(sim_profile_strict(), 3);
	assert_int_equal(hf_close(case_writer(parent), NULL), HF_OK);
	(void)backup_must(parent, false);
	(void)restore_must(parent, false);
	/* the restored one, in the place of the first */
	struct hf__parent *seam = sim_parent_seam(parent);
	assert_int_equal(seam->exchange(seam->ctx, SOURCE, BACK), 0);
	expect_conflict(parent, HF_ECONFLICT);
	/* something else in it */
	assert_int_equal(seam->exchange(seam->ctx, SOURCE, BACK), 0);
	(void)backup_must(parent, false);
	sim_write_file(sim_parent_dir(parent, DEST), "notes", 0, "some", 4);
	expect_conflict(parent, HF_ECONFLICT);
	sim_parent_free(parent);
}

/* A process may be at work with it. */
static void a_plain_copy_of_the_store_stays(void **state)
{
	(void)state;
	struct sim_parent *parent = sim_parent_new(sim_profile_strict(), 3);
	const struct hf__parent *seam = sim_parent_seam(parent);
	char name[SIM_NAME_MAX + 1];
	uint64_t size;
	assert_int_equal(hf_close(case_writer(parent), NULL), HF_OK);
	struct sim *source = source_of(parent), *copy = sim_parent_add(parent, DEST);
	for (size_t i = 0; sim_list(source, i, name, &size); i++)
		assert_int_equal(seam->link(seam->ctx, sim_os(source), name, sim_os(copy)), 0);
	expect_conflict(parent, HF_ECONFLICT);
	sim_parent_free(parent);
}

static void a_backup_of_a_damaged_or_newer_identity_stays(void **state)
{
	(void)state;
	struct sim_parent *parent = sim_parent_new(sim_profile_strict(), 3);
	uint8_t bytes[HF__IDENTITY_SIZE];
	assert_int_equal(hf_close(case_writer(parent), NULL), HF_OK);
	(void)backup_must(parent, false);
	struct sim *sim = sim_parent_dir(parent, DEST);
	assert_true(sim_read_file(sim, "IDENTITY", 0, bytes, sizeof bytes));
	assert_true(sim_flip_bit(sim, "IDENTITY", 800));
	expect_conflict(parent, HF_ECONFLICT);
	struct hf__identity identity;
	assert_int_equal(hf__identity_decode(bytes, sizeof bytes, &identity), HF_OK);
	identity.incompat |= 1u << 30;
	hf__identity_encode(&identity, bytes);
	sim_write_file(sim, "IDENTITY", 0, bytes, sizeof bytes);
	expect_conflict(parent, HF_ECONFLICT);
	sim_parent_free(parent);
}

static void no_backup_goes_into_a_store(void **state)
{
	(void)state;
	struct sim_parent *parent = sim_parent_new(sim_profile_strict(), 3);
	struct hf_error error;
	assert_int_equal(hf_close(case_writer(parent), NULL), HF_OK);
	sim_write_file(sim_parent_files(parent), "IDENTITY", 0, "some", 4);
	assert_int_equal(backup_with(parent, false, NULL, &error), HF_EACCESS);
	assert_int_equal(names_in(parent), 2);
	sim_parent_free(parent);
}

static void a_backup_goes_for_no_store(void **state)
{
	(void)state;
	struct sim_parent *parent = sim_parent_new(sim_profile_strict(), 3);
	assert_int_equal(hf_close(case_writer(parent), NULL), HF_OK);
	(void)backup_must(parent, false);
	struct sim *sim = sim_parent_dir(parent, DEST);
	const uint64_t before = sim_hash(sim);
	struct hf__meter meter = {0};
	struct hf_snapshot_file made = {0};
	struct hf_error error = {0};
	const struct hf_restore_options options = {.replace = true};
	const struct hf__restore how = {
	    .backup = sim_opener(source_of(parent), BY),
	    .parent = sim_parent_seam(parent),
	    .name = DEST,
	    .domains = hf__all_domains(),
	    .options = &options,
	    .meter = &meter,
	};
	assert_int_equal(hf__restore(&how, &made, &error), HF_ECONFLICT);
	assert_int_equal(sim_hash(sim), before);
	assert_int_equal(names_in(parent), 2);
	sim_parent_free(parent);
}

static void a_damaged_store_is_no_backup(void **state)
{
	(void)state;
	struct sim_parent *parent = sim_parent_new(sim_profile_strict(), 3);
	struct churn churn;
	struct hf_error error;
	churn_init(&churn, "damaged", 20, 1500);
	hf_store *writer = case_writer(parent);
	for (unsigned i = 0; i < 100; i++)
		churn_step(&churn, writer);
	assert_int_equal(hf_close(writer, NULL), HF_OK);
	(void)backup_must(parent, false);
	const uint64_t digest = digest_of(sim_parent_dir(parent, DEST));
	assert_true(sim_flip_bit(source_of(parent), "segment-00000001", 8 * 2000));
	assert_int_equal(backup_with(parent, false, NULL, &error), HF_ECORRUPT);
	assert_non_null(strstr(error.text, "fsck"));
	assert_string_equal(error.file, "segment-00000001");
	assert_int_equal(digest_of(sim_parent_dir(parent, DEST)), digest);
	assert_int_equal(names_in(parent), 2);
	churn_deinit(&churn);
	sim_parent_free(parent);
}

static bool find_snapshot(struct sim *sim, char name[SIM_NAME_MAX + 1], uint64_t *size)
{
	for (size_t i = 0; sim_list(sim, i, name, size); i++)
		if (strncmp(name, "snapshot-", 9) == 0)
			return true;
	return false;
}

/* A compaction removes the log before a snapshot, then older snapshots that stand there. */
static void a_snapshot_without_its_log_is_left_out_and_no_damage(void **state)
{
	(void)state;
	struct sim_parent *parent = sim_parent_new(sim_profile_strict(), 3);
	struct churn churn;
	struct hf_error error = {0};
	char name[SIM_NAME_MAX + 1];
	uint64_t size = 0;
	churn_init(&churn, "without its log", 20, 1500);
	hf_store *writer = case_writer(parent);
	for (unsigned i = 0; i < 60; i++)
		churn_step(&churn, writer);
	assert_int_equal(hf_snapshot(writer, NULL), HF_OK);
	struct sim *source = source_of(parent);
	assert_true(find_snapshot(source, name, &size));
	uint8_t *bytes = malloc(size);
	assert_non_null(bytes);
	assert_true(sim_read_file(source, name, 0, bytes, size));
	for (unsigned i = 0; i < 300; i++)
		churn_step(&churn, writer);
	assert_int_equal(hf_compact(writer, NULL), HF_OK);
	assert_int_equal(hf_close(writer, NULL), HF_OK);
	sim_write_file(source, name, 0, bytes, size);
	if (hf__fsck(sim_opener(source, BY), hf__all_domains(), NULL, NULL, NULL, NULL, &error) !=
	    HF_OK)
		fail_msg("fsck: %s", error.text);
	assert_int_equal(backup_must(parent, false).files, 2);
	expect_clean(sim_parent_dir(parent, DEST));
	assert_false(sim_read_file(sim_parent_dir(parent, DEST), name, 0, NULL, 0));
	free(bytes);
	churn_deinit(&churn);
	sim_parent_free(parent);
}

/* --- Stores of backups ------------------------------------------------------------------------ */

static hf_token acquire(hf_store *store, const char *name)
{
	const struct hf_lock_acquire_args args = {.name = hf_str(name), .owner = hf_str("me")};
	struct hf_result result = {0};
	assert_int_equal(hf_lock_acquire(store, NULL, &args, &result, NULL), HF_OK);
	return result.token;
}

static void a_restored_store_has_the_state_and_goes_on(void **state)
{
	(void)state;
	struct sim_parent *parent = sim_parent_new(sim_profile_weak(), 3);
	struct churn churn;
	sim_set_now(sim_parent_files(parent), OP_NOW);
	churn_init(&churn, "restored", 20, 1500);
	hf_store *writer = case_writer(parent);
	for (unsigned i = 0; i < 400; i++) {
		churn_step(&churn, writer);
		if (i == 200)
			assert_int_equal(hf_compact(writer, NULL), HF_OK);
	}
	const hf_token before = acquire(writer, "leader");
	assert_int_equal(hf_close(writer, NULL), HF_OK);
	const struct hf_backup_facts facts = backup_must(parent, false);
	struct sim *backup = sim_parent_dir(parent, DEST);
	const uint64_t bytes = sim_hash(backup);
	const struct hf_snapshot_file made = restore_must(parent, false);
	assert_true(made.epoch == facts.epoch + 1 && made.lsn == facts.lsn);
	assert_memory_not_equal(made.uuid, facts.uuid, sizeof made.uuid);
	expect_clean(sim_parent_dir(parent, BACK));
	assert_int_equal(digest_of(sim_parent_dir(parent, BACK)), digest_of(backup));
	hf_store *store = follower_writer(sim_parent_dir(parent, BACK), &case_writing);
	assert_true(acquire(store, "leader") > before);
	for (unsigned i = 0; i < 100; i++)
		churn_step(&churn, store);
	assert_int_equal(hf_close(store, NULL), HF_OK);
	expect_clean(sim_parent_dir(parent, BACK));
	/* Again, in its place: the epoch is above both. */
	assert_int_equal(restore_must(parent, true).epoch, facts.epoch + 2);
	assert_int_equal(digest_of(sim_parent_dir(parent, BACK)), digest_of(backup));
	assert_int_equal(sim_hash(backup), bytes);
	assert_int_equal(names_in(parent), 3);
	churn_deinit(&churn);
	sim_parent_free(parent);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_backup_holds_what_was_acknowledged),
	    cmocka_unit_test(an_empty_store_is_backed_up_and_restored),
	    cmocka_unit_test(a_copy_ends_where_the_log_did),
	    cmocka_unit_test(an_opening_of_a_backup_is_refused_and_changes_nothing),
	    cmocka_unit_test(what_is_no_backup_of_this_store_stays),
	    cmocka_unit_test(a_backup_of_another_store_stays),
	    cmocka_unit_test(a_plain_copy_of_the_store_stays),
	    cmocka_unit_test(a_backup_of_a_damaged_or_newer_identity_stays),
	    cmocka_unit_test(no_backup_goes_into_a_store),
	    cmocka_unit_test(a_backup_goes_for_no_store),
	    cmocka_unit_test(a_damaged_store_is_no_backup),
	    cmocka_unit_test(a_snapshot_without_its_log_is_left_out_and_no_damage),
	    cmocka_unit_test(a_restored_store_has_the_state_and_goes_on),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
