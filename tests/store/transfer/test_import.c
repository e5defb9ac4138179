/* tier: fast */
/* Imports: the new store has the state of the file, goes on behind its LSNs with a greater epoch,
 * shares nothing else with any other store, and takes the place of nothing but what it was told
 * to. */
#include "store/check/readonly.h"
#include "store/follow/follow.h"
#include "store/transfer/import_case.h"

enum { HEADER = 512 };

static const uint8_t some[4] = "some";

/* --- Round trip ------------------------------------------------------------------------------- */

static void expect_sound(struct sim_parent *parent)
{
	struct hf_fsck_summary sum = {0};
	struct hf_error error = {0};
	if (hf__fsck(sim_os(sim_parent_dir(parent, TARGET)), hf__all_domains(), NULL, NULL, NULL, &sum,
	             &error) != HF_OK)
		fail_msg("fsck: %s", error.text);
	for (unsigned i = 0; i < HF_FSCK_SEVERITIES; i++)
		assert_int_equal(sum.findings[i], 0);
	assert_true(sum.state_checked);
}

/* Export, import, export: equal behind the header, and in all of it but the store's name. */
static void expect_same_file(struct memory_file *file, hf_store *store)
{
	struct memory_file again = export_of(store);
	struct hf__snapshot_header a, b;
	assert_int_equal(again.len, file->len);
	assert_memory_equal(again.data + HEADER, file->data + HEADER, file->len - HEADER);
	assert_int_equal(hf__snapshot_header_decode(file->data, file->len, &a), HF_OK);
	assert_int_equal(hf__snapshot_header_decode(again.data, again.len, &b), HF_OK);
	assert_memory_not_equal(a.uuid, b.uuid, sizeof a.uuid);
	assert_int_equal(b.epoch, a.epoch + 1);
	memcpy(b.uuid, a.uuid, sizeof b.uuid);
	b.epoch = a.epoch;
	hf__snapshot_header_encode(&b, again.data);
	assert_memory_equal(again.data, file->data, HEADER);
	memory_free(&again);
}

static bool no_entry(void *ctx, const struct hf_log_entry *entry)
{
	(void)ctx;
	fail_msg("the log has an entry of LSN %llu", (unsigned long long)entry->lsn);
	return false;
}

/* Before any opening: handles for reading show it, and its log is empty. */
static void expect_readable(struct sim_parent *parent, const struct hf__writer *want)
{
	const struct hf_options options = {.no_background = true};
	const struct hf__os *os = sim_opener(sim_parent_dir(parent, TARGET), 1);
	const uint64_t before = sim_hash(sim_parent_dir(parent, TARGET));
	hf_store *reader;
	struct hf_error error = {0};
	if (hf__store_open_read(os, hf__all_domains(), &options, &reader, &error) != HF_OK)
		fail_msg("open_read: %s", error.text);
	struct hf__writer dump = dump_of(reader);
	assert_true(same_dump(&dump, want));
	hf__writer_deinit(&dump);
	assert_int_equal(hf_close(reader, NULL), HF_OK);
	assert_int_equal(hf__log_each(os, hf__all_domains(), 0, 0, no_entry, NULL, &error), HF_OK);
	assert_int_equal(sim_hash(sim_parent_dir(parent, TARGET)), before);
}

static void round_trip(const char *name, size_t big_max, unsigned steps)
{
	struct churn churn;
	struct stage *stage = case_begin(&churn, name, big_max, steps);
	struct sim_parent *parent = sim_parent_new(sim_profile_weak(), 3);
	struct memory_file file = export_of(stage->store);
	struct hf__writer before = stage_dump(stage);
	sim_set_now(sim_parent_files(parent), STAGE_NOW);
	const struct hf_snapshot_file made = import_must(parent, &file, (struct asked){0});
	expect_sound(parent);
	expect_readable(parent, &before);
	hf_store *store = open_target(parent);
	struct hf_info info = {0};
	assert_int_equal(hf_get_info(store, &info, NULL), HF_OK);
	assert_true(info.epoch == 2 && info.last_lsn == made.lsn && info.snapshot_lsn == made.lsn);
	assert_memory_equal(info.uuid, made.uuid, sizeof info.uuid);
	struct hf__writer after = dump_of(store);
	assert_true(same_dump(&before, &after));
	assert_int_equal(hf__state_verify(store, NULL), HF_OK);
	expect_same_file(&file, store);
	/* It lives: work, a snapshot of its own, another opening. */
	for (unsigned i = 0; i < 150; i++)
		churn_step(&churn, store);
	assert_int_equal(steps % 2 ? hf_snapshot(store, NULL) : hf_compact(store, NULL), HF_OK);
	for (unsigned i = 0; i < 50; i++)
		churn_step(&churn, store);
	assert_int_equal(hf_sync(store, NULL), HF_OK);
	hf__writer_deinit(&after);
	after = dump_of(store);
	assert_int_equal(hf_close(store, NULL), HF_OK);
	expect_sound(parent);
	store = open_target(parent);
	struct hf__writer reopened = dump_of(store);
	assert_true(same_dump(&after, &reopened));
	assert_int_equal(hf_close(store, NULL), HF_OK);
	hf__writer_deinit(&reopened);
	hf__writer_deinit(&before);
	hf__writer_deinit(&after);
	memory_free(&file);
	sim_parent_free(parent);
	churn_deinit(&churn);
	stage_close(stage);
}

static void a_store_of_everything_comes_back_and_lives(void **state)
{
	(void)state;
	round_trip("small", 300, 600);
	round_trip("large", 16000, 400);
	round_trip("few", 300, 3);
}

static void payloads_of_every_size_come_back(void **state)
{
	(void)state;
	static const size_t sizes[] = {0, 256, 257, 16384, 16385, 1 << 20};
	struct stage *stage = stage_open_with(SETTING_REOPENED, &(struct hf_options){0});
	struct sim_parent *parent = sim_parent_new(sim_profile_strict(), 3);
	char *bytes = malloc(1 << 20), id[16];
	assert_non_null(bytes);
	for (size_t i = 0; i < 1 << 20; i++)
		bytes[i] = (char)(i * i >> 5);
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		snprintf(id, sizeof id, "%zu", sizes[i]);
		const struct hf_document_put_args put = {.key = {hf_str("c"), hf_str(id)},
		                                         .payload = hf_bytes_of(bytes, sizes[i])};
		assert_int_equal(hf_document_put(stage->store, NULL, &put, NULL, NULL), HF_OK);
	}
	struct memory_file file = export_of(stage->store);
	(void)import_must(parent, &file, (struct asked){0});
	hf_store *store = open_target(parent);
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		struct hf_document_got got = {0};
		snprintf(id, sizeof id, "%zu", sizes[i]);
		const struct hf_document_key key = {hf_str("c"), hf_str(id)};
		assert_int_equal(hf_document_get(store, &key, 0, &got, NULL), HF_OK);
		assert_int_equal(got.document.payload.len, sizes[i]);
		assert_true(sizes[i] == 0 || memcmp(got.document.payload.data, bytes, sizes[i]) == 0);
		hf_release(got.memory);
	}
	assert_int_equal(hf_close(store, NULL), HF_OK);
	free(bytes);
	memory_free(&file);
	sim_parent_free(parent);
	stage_close(stage);
}

static void an_empty_file_becomes_a_fresh_store_of_a_greater_epoch(void **state)
{
	(void)state;
	struct stage *stage = stage_open(SETTING_LIVE);
	struct sim_parent *parent = sim_parent_new(sim_profile_strict(), 3);
	struct memory_file file = export_of(stage->store);
	assert_int_equal(import_must(parent, &file, (struct asked){.epoch_above = 9}).epoch, 10);
	assert_int_equal(identity_in(sim_parent_dir(parent, TARGET)).incompat, 0);
	expect_sound(parent);
	hf_store *store = open_target(parent);
	struct hf_info info = {0};
	assert_int_equal(hf_get_info(store, &info, NULL), HF_OK);
	assert_true(info.last_lsn == 0 && info.epoch == 10);
	assert_int_equal(hf_close(store, NULL), HF_OK);
	memory_free(&file);
	sim_parent_free(parent);
	stage_close(stage);
}

/* --- LSNs, tokens, keys ----------------------------------------------------------------------- */

static hf_token acquire(hf_store *store, const char *name, hf_lsn *version)
{
	const struct hf_lock_acquire_args args = {.name = hf_str(name), .owner = hf_str("me")};
	struct hf_result result = {0};
	assert_int_equal(hf_lock_acquire(store, NULL, &args, &result, NULL), HF_OK);
	*version = result.version;
	return result.token;
}

static void no_lsn_and_no_token_is_issued_twice(void **state)
{
	(void)state;
	struct stage *stage = stage_open(SETTING_LIVE);
	struct sim_parent *parent = sim_parent_new(sim_profile_strict(), 3);
	hf_lsn lsn = 0, first = 0, second = 0;
	const hf_token held = acquire(stage->store, "held", &lsn);
	struct memory_file file = export_of(stage->store);
	/* The source goes on: what it grants now has the LSN that the new store grants, too. */
	const hf_token there = acquire(stage->store, "next", &first);
	(void)import_must(parent, &file, (struct asked){0});
	hf_store *store = open_target(parent);
	/* What had no lease belonged to the openings of the source, all of which are over. */
	const struct hf_lock_check_args check = {.name = hf_str("held"), .token = held};
	assert_int_equal(hf_lock_check(store, &check, 0, NULL), HF_ESTALE);
	const hf_token here = acquire(store, "next", &second);
	assert_true(first == lsn + 1 && second == first);
	assert_true(here > there && here >> 48 == 2 && there >> 48 == 1);
	assert_true(acquire(store, "held", &second) > held);
	assert_int_equal(hf_close(store, NULL), HF_OK);
	memory_free(&file);
	sim_parent_free(parent);
	stage_close(stage);
}

static void content_key_and_uuid_are_drawn_anew(void **state)
{
	(void)state;
	struct churn churn;
	struct stage *stage = case_begin(&churn, "keys", 4000, 60);
	struct sim_parent *one = sim_parent_new(sim_profile_strict(), 3),
	                  *other = sim_parent_new(sim_profile_strict(), 4);
	struct memory_file file = export_of(stage->store);
	(void)import_must(one, &file, (struct asked){0});
	(void)import_must(other, &file, (struct asked){0});
	const struct hf__identity from = identity_in(stage->sim),
	                          a = identity_in(sim_parent_dir(one, TARGET)),
	                          b = identity_in(sim_parent_dir(other, TARGET));
	assert_memory_not_equal(a.content_key, b.content_key, sizeof a.content_key);
	assert_memory_not_equal(a.content_key, from.content_key, sizeof a.content_key);
	assert_memory_not_equal(a.uuid, b.uuid, sizeof a.uuid);
	assert_memory_not_equal(a.uuid, from.uuid, sizeof a.uuid);
	assert_int_equal(a.incompat, HF__FEATURE_BEHIND_SNAPSHOT);
	memory_free(&file);
	sim_parent_free(one);
	sim_parent_free(other);
	churn_deinit(&churn);
	stage_close(stage);
}

static void the_epoch_is_above_all_that_are_known(void **state)
{
	(void)state;
	static const struct {
		uint32_t above, want;
	} cells[] = {{0, 2}, {1, 2}, {2, 3}, {700, 701}, {65534, 65535}, {65535, 0}, {3, 702}};
	struct churn churn;
	struct stage *stage = case_begin(&churn, "epoch", 300, 20);
	struct sim_parent *kept = sim_parent_new(sim_profile_strict(), 3);
	struct memory_file file = export_of(stage->store);
	for (size_t i = 0; i < sizeof cells / sizeof *cells; i++) {
		const bool last = i + 1 == sizeof cells / sizeof *cells; /* 701 is replaced */
		struct sim_parent *parent = last ? kept : sim_parent_new(sim_profile_strict(), i);
		const struct asked asked = {.epoch_above = cells[i].above, .replace = last};
		struct hf_snapshot_file made = {0};
		struct hf_error error;
		if (cells[i].above == 700)
			(void)import_must(kept, &file, asked);
		const int rc = import_into(parent, &file, asked, &made, &error);
		assert_int_equal(rc, cells[i].want ? HF_OK : HF_ETOOBIG);
		assert_int_equal(made.epoch, cells[i].want);
		assert_int_equal(count_names(parent), cells[i].want ? 1 : 0);
		if (!last)
			sim_parent_free(parent);
	}
	memory_free(&file);
	sim_parent_free(kept);
	churn_deinit(&churn);
	stage_close(stage);
}

/* --- What lies there -------------------------------------------------------------------------- */

struct scene_of_two {
	struct churn churn;
	struct stage *stage;
	struct sim_parent *parent;
	struct memory_file first, second;
};

static struct scene_of_two two_begin(const char *name)
{
	struct scene_of_two s;
	s.stage = case_begin(&s.churn, name, 300, 30);
	s.parent = sim_parent_new(sim_profile_weak(), 3);
	s.first = export_of(s.stage->store);
	for (unsigned i = 0; i < 30; i++)
		churn_step(&s.churn, s.stage->store);
	churn_nudge(&s.churn, s.stage->store);
	s.second = export_of(s.stage->store);
	return s;
}

static void two_end(struct scene_of_two *s)
{
	memory_free(&s->first);
	memory_free(&s->second);
	sim_parent_free(s->parent);
	churn_deinit(&s->churn);
	stage_close(s->stage);
}

static void what_is_not_empty_goes_only_if_asked(void **state)
{
	(void)state;
	struct scene_of_two s = two_begin("not empty");
	struct hf_error error;
	(void)import_must(s.parent, &s.first, (struct asked){0});
	const uint64_t before = sim_hash(sim_parent_dir(s.parent, TARGET));
	assert_int_equal(import_into(s.parent, &s.second, (struct asked){0}, NULL, &error),
	                 HF_ECONFLICT);
	assert_int_equal(sim_hash(sim_parent_dir(s.parent, TARGET)), before);
	assert_int_equal(import_must(s.parent, &s.second, (struct asked){.replace = true}).epoch, 3);
	assert_int_equal(count_names(s.parent), 1);
	expect_sound(s.parent);
	two_end(&s);
}

static void an_empty_directory_is_taken(void **state)
{
	(void)state;
	struct scene_of_two s = two_begin("empty");
	(void)sim_parent_add(s.parent, TARGET);
	(void)import_must(s.parent, &s.first, (struct asked){0});
	assert_int_equal(count_names(s.parent), 1);
	expect_sound(s.parent);
	two_end(&s);
}

static void what_is_no_store_never_goes(void **state)
{
	(void)state;
	struct scene_of_two s = two_begin("no store");
	struct hf_error error;
	struct sim *sim = sim_parent_add(s.parent, TARGET);
	sim_write_file(sim, "thesis.txt", 0, some, sizeof some);
	assert_int_equal(import_into(s.parent, &s.first, (struct asked){.replace = true}, NULL, &error),
	                 HF_ECONFLICT);
	assert_true(sim_read_file(sim, "thesis.txt", 0, NULL, 0));
	assert_int_equal(count_names(s.parent), 1);
	two_end(&s);
}

static void a_store_with_something_else_in_it_does_not_go(void **state)
{
	(void)state;
	struct scene_of_two s = two_begin("something else");
	struct hf_error error;
	(void)import_must(s.parent, &s.first, (struct asked){0});
	sim_write_file(sim_parent_dir(s.parent, TARGET), "notes", 0, some, sizeof some);
	assert_int_equal(
	    import_into(s.parent, &s.second, (struct asked){.replace = true}, NULL, &error),
	    HF_ECONFLICT);
	assert_non_null(strstr(error.text, "notes"));
	two_end(&s);
}

static void a_store_that_is_open_does_not_go(void **state)
{
	(void)state;
	struct scene_of_two s = two_begin("open");
	struct hf_error error;
	(void)import_must(s.parent, &s.first, (struct asked){0});
	hf_store *store = open_target(s.parent);
	assert_int_equal(
	    import_into(s.parent, &s.second, (struct asked){.replace = true}, NULL, &error),
	    HF_ELOCKED);
	churn_nudge(&s.churn, store);
	assert_int_equal(hf_close(store, NULL), HF_OK);
	(void)import_must(s.parent, &s.second, (struct asked){.replace = true});
	two_end(&s);
}

static void a_store_of_a_damaged_or_newer_identity_does_not_go(void **state)
{
	(void)state;
	struct scene_of_two s = two_begin("identity");
	struct hf_error error;
	(void)import_must(s.parent, &s.first, (struct asked){0});
	struct sim *sim = sim_parent_dir(s.parent, TARGET);
	struct hf__identity identity = identity_in(sim);
	uint8_t bytes[HF__IDENTITY_SIZE];
	assert_true(sim_flip_bit(sim, "IDENTITY", 800));
	assert_int_equal(
	    import_into(s.parent, &s.second, (struct asked){.replace = true}, NULL, &error),
	    HF_ECORRUPT);
	identity.incompat = 1u << 30;
	hf__identity_encode(&identity, bytes);
	sim_write_file(sim, "IDENTITY", 0, bytes, sizeof bytes);
	assert_int_equal(
	    import_into(s.parent, &s.second, (struct asked){.replace = true}, NULL, &error),
	    HF_EVERSION);
	two_end(&s);
}

static void a_file_in_the_place_of_the_directory_stays(void **state)
{
	(void)state;
	struct scene_of_two s = two_begin("a file");
	struct hf_error error;
	sim_write_file(sim_parent_files(s.parent), TARGET, 0, some, sizeof some);
	assert_int_equal(import_into(s.parent, &s.first, (struct asked){.replace = true}, NULL, &error),
	                 HF_EACCESS);
	assert_int_equal(count_names(s.parent), 1);
	two_end(&s);
}

static void leftovers_go_and_work_of_others_stays(void **state)
{
	(void)state;
	struct scene_of_two s = two_begin("leftovers");
	static const char *const gone[] = {".store.import-00000000000000aa",
	                                   ".store.import-00000000000000bb"};
	static const char *const stays[] = {".store.import-00000000000000cc",
	                                    ".other.import-00000000000000aa", ".store.import-x"};
	struct hf__os *os;
	struct hf__parent *seam = sim_parent_seam(s.parent);
	for (size_t i = 0; i < 2; i++)
		sim_write_file(sim_parent_add(s.parent, gone[i]), i ? "IDENTITY" : "segment-00000001", 0,
		               some, sizeof some);
	for (size_t i = 0; i < 3; i++)
		sim_write_file(sim_parent_add(s.parent, stays[i]), "WITNESS", 0, some, sizeof some);
	assert_int_equal(seam->enter(seam->ctx, stays[0], &os), 0);
	assert_int_equal(os->lock(os->ctx, "LOCK", 0), 0);
	(void)import_must(s.parent, &s.first, (struct asked){0});
	for (size_t i = 0; i < 2; i++)
		assert_null(sim_parent_dir(s.parent, gone[i]));
	for (size_t i = 0; i < 3; i++)
		assert_non_null(sim_parent_dir(s.parent, stays[i]));
	seam->leave(seam->ctx, os);
	two_end(&s);
}

/* --- Pipes ------------------------------------------------------------------------------------ */

struct pipe_of {
	struct memory_file *file;
	size_t at;
	int fails;
};

static int pipe_read(void *ctx, void *buffer, size_t len, size_t *got)
{
	struct pipe_of *pipe = ctx;
	const size_t left = pipe->file->len - pipe->at, most = len < 700 ? len : 700;
	*got = left < most ? left : most;
	memcpy(buffer, pipe->file->data + pipe->at, *got);
	pipe->at += *got;
	return pipe->at > 700 ? pipe->fails : 0;
}

static void a_pipe_is_kept_without_a_name_and_bounded(void **state)
{
	(void)state;
	struct scene_of_two s = two_begin("pipe");
	const struct hf__parent *seam = sim_parent_seam(s.parent);
	struct hf_error error = {0};
	const uint64_t most[] = {UINT64_MAX, s.first.len, s.first.len - 1, 0};
	sim_write_file(sim_parent_files(s.parent), ".store.spool-00000000000000aa", 0, some, 4);
	for (size_t i = 0; i < 5; i++) {
		struct pipe_of pipe = {.file = &s.first, .fails = i == 4 ? EIO : 0};
		int file = -1;
		uint64_t size = 0;
		const int rc = hf__spool(seam, TARGET, pipe_read, &pipe, most[i % 4], &file, &size, &error);
		assert_int_equal(rc, i < 2 ? HF_OK : i < 4 ? HF_ETOOBIG : HF_EIO);
		assert_int_equal(count_names(s.parent), 0);
		if (rc != HF_OK)
			continue;
		assert_int_equal(size, s.first.len);
		uint8_t *back = malloc(size);
		size_t got = 0;
		assert_non_null(back);
		assert_int_equal(seam->os->read(seam->os->ctx, file, back, size, 0, &got), 0);
		assert_memory_equal(back, s.first.data, size);
		free(back);
		assert_int_equal(seam->os->close(seam->os->ctx, file), 0);
	}
	two_end(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_store_of_everything_comes_back_and_lives),
	    cmocka_unit_test(payloads_of_every_size_come_back),
	    cmocka_unit_test(an_empty_file_becomes_a_fresh_store_of_a_greater_epoch),
	    cmocka_unit_test(no_lsn_and_no_token_is_issued_twice),
	    cmocka_unit_test(content_key_and_uuid_are_drawn_anew),
	    cmocka_unit_test(the_epoch_is_above_all_that_are_known),
	    cmocka_unit_test(what_is_not_empty_goes_only_if_asked),
	    cmocka_unit_test(an_empty_directory_is_taken),
	    cmocka_unit_test(what_is_no_store_never_goes),
	    cmocka_unit_test(a_store_with_something_else_in_it_does_not_go),
	    cmocka_unit_test(a_store_that_is_open_does_not_go),
	    cmocka_unit_test(a_store_of_a_damaged_or_newer_identity_does_not_go),
	    cmocka_unit_test(a_file_in_the_place_of_the_directory_stays),
	    cmocka_unit_test(leftovers_go_and_work_of_others_stays),
	    cmocka_unit_test(a_pipe_is_kept_without_a_name_and_bounded),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
