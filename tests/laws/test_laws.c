/* tier: fast */
/* The laws that hold for every domain in the table, now and later:
 *
 *   its row is complete                         state == replay(log)              state ==
 *   load(snapshot(state))
 *   state == apply(feed)
 *   no object changes beside the one hook       undo leaves no trace              apply,
 *   describe and about are total on any bytes
 *
 * All are checked on random but legal work (lib/churn/churn.h) and on the entries that it wrote.
 * A new domain is under them as soon as it has a row and churn has operations for it. */
#include "lib/churn/churn.h"
#include "lib/logged.h"
#include "lib/settings.h"
#include "lib/sim/sim_os.h"
#include "lib/test.h"
#include "store/store.h"

enum { STEPS = 860, BETWEEN_CHECKS = 20, MUTATIONS = 12 };

/* --- Rows ------------------------------------------------------------------------------------- */

/* What the row lacks; NULL: nothing. */
static const char *row_lacks(const struct hf__domain *row)
{
	const struct {
		const char *name;
		bool there;
	} members[] = {
	    {"id", row->id != 0},
	    {"name", row->name && row->name[0]},
	    {"state", row->state_size > 0},
	    {"init", row->init != NULL},
	    {"deinit", row->deinit != NULL},
	    {"apply", row->apply != NULL},
	    {"what stands in snapshots",
	     row->shelf || row->setback_object || (row->in_containers && row->show_container)},
	    {"show", row->show != NULL || !(row->shelf || row->setback_object)},
	    {"describe", row->describe != NULL},
	    {"about", row->about != NULL},
	    {"verify", row->verify != NULL},
	    {"settle and next_ending, both or none",
	     (row->settle != NULL) == (row->next_ending != NULL)},
	};
	for (size_t i = 0; i < sizeof members / sizeof members[0]; i++)
		if (!members[i].there)
			return members[i].name;
	return NULL;
}

static void every_row_is_complete(void **state)
{
	(void)state;
	const struct hf__domains *all = hf__all_domains();
	assert_true(all->count >= 3);
	for (unsigned i = 0; i < all->count; i++) {
		if (row_lacks(all->rows[i]))
			fail_msg("domain %u lacks %s", i, row_lacks(all->rows[i]));
		for (unsigned j = 0; j < i; j++)
			assert_true(all->rows[i]->id != all->rows[j]->id &&
			            strcmp(all->rows[i]->name, all->rows[j]->name) != 0);
	}
}

static void a_row_without_a_law_is_noticed(void **state)
{
	(void)state;
	struct hf__domain row = *hf__all_domains()->rows[0];
	row.show = NULL;
	assert_string_equal(row_lacks(&row), "show");
	row = *hf__all_domains()->rows[0];
	row.describe = NULL;
	assert_string_equal(row_lacks(&row), "describe");
	row = *hf__all_domains()->rows[0];
	row.about = NULL;
	assert_string_equal(row_lacks(&row), "about");
	row = *hf__all_domains()->rows[0];
	row.verify = NULL;
	assert_string_equal(row_lacks(&row), "verify");
}

/* --- Replay and snapshot ---------------------------------------------------------------------- */

/* Time passes too, so that leases end and are settled, or not yet. */
static void pass_time(struct churn *churn, struct stage *stage, int64_t *now)
{
	const int64_t passed = (int64_t)hf_rng_below(&churn->random.rng, 20) * 1000000;
	*now += passed;
	sim_advance(stage->sim, passed);
	/* The wall clock is wrong for a moment: churn sets the store's clock back some time. */
	struct hf_clock clock = {0};
	stage_at(stage, *now + 20000000 + (int64_t)hf_rng_below(&churn->random.rng, 100) * 1000000);
	assert_int_equal(hf_clock_get(stage->store, 0, &clock, NULL), HF_OK);
	hf_release(clock.memory);
	stage_at(stage, *now);
	if (hf_rng_chance(&churn->random.rng, 1, 3))
		assert_int_equal(hf_maintain(stage->store, 0, NULL), HF_OK);
}

static void obey_under(const char *name, const struct hf_options *options)
{
	static const enum setting ways[] = {SETTING_LOADED, SETTING_REOPENED, SETTING_FED};
	struct churn churn;
	struct stage *stage = stage_open_with(SETTING_LIVE, options);
	int64_t now = STAGE_NOW;
	churn_init(&churn, name, 15, 1500);
	for (unsigned i = 0; i < STEPS; i++) {
		churn_step(&churn, stage->store);
		if (i % BETWEEN_CHECKS != 0)
			continue;
		stage_switch_to(stage, ways[i / BETWEEN_CHECKS % 3]);
		pass_time(&churn, stage, &now);
	}
	/* Else the operations have all been refused, and nothing was shown. */
	assert_true(churn.refused < churn.steps / 2);
	churn_deinit(&churn);
	stage_close(stage);
}

static void states_equal_replay_snapshot_and_feed(void **state)
{
	(void)state;
	obey_under("laws", &(struct hf_options){.segment_size = 16 << 10});
}

static void states_equal_replay_snapshot_and_feed_with_padding(void **state)
{
	(void)state;
	obey_under("laws, padded", &(struct hf_options){.segment_size = 64 << 10, .pad = 512});
}

static void states_equal_replay_snapshot_and_feed_with_payloads_on_disk(void **state)
{
	(void)state;
	obey_under("laws, on disk", &(struct hf_options){.segment_size = 64 << 10, .inline_max = 1});
}

/* --- Entries ---------------------------------------------------------------------------------- */

static struct logged history;

static int write_history(void **state)
{
	(void)state;
	struct churn churn;
	assert_int_equal(unsetenv("HF_STAGE"), 0); /* the simulated disk is read behind its back */
	struct stage *stage = stage_open(SETTING_LIVE);
	int64_t now = STAGE_NOW;
	churn_init(&churn, "history", 5, 400);
	for (unsigned i = 0; i < STEPS; i++) {
		churn_step(&churn, stage->store);
		if (i % BETWEEN_CHECKS == 0)
			pass_time(&churn, stage, &now);
	}
	churn_deinit(&churn);
	assert_int_equal(hf_sync(stage->store, NULL), HF_OK);
	logged_read(&history, stage->sim);
	stage_close(stage);
	return 0;
}

static int drop_history(void **state)
{
	(void)state;
	logged_free(&history);
	return 0;
}

/* Calls `each` for every entry of every domain, with the state as it was just before the entry;
 * then applies it. */
static void along_history(void (*each)(struct bare *bare, const struct hf__entry *entry,
                                       struct hf_rng *rng))
{
	const struct hf__domains *all = hf__all_domains();
	struct hf_rng rng = hf_rng_for("along");
	for (unsigned i = 0; i < all->count; i++) {
		struct bare bare;
		size_t count = 0;
		bare_init(&bare, all->rows[i]);
		for (size_t j = 0; j < history.count; j++) {
			if (history.entries[j].domain != all->rows[i]->id)
				continue;
			each(&bare, &history.entries[j], &rng);
			assert_int_equal(bare_apply(&bare, &history.entries[j]), HF_OK);
			hf__change_keep(&bare.change);
			count++;
		}
		bare_verify(&bare, HF_OK);
		bare_deinit(&bare);
		/* Else the domain has a row, and churn nothing for it. */
		if (count < 20)
			fail_msg("%zu entries of domain %s", count, all->rows[i]->name);
	}
}

static bool same(const struct hf__writer *a, const struct hf__writer *b)
{
	return hf__bytes_equal(hf_bytes_of(a->data, a->len), hf_bytes_of(b->data, b->len));
}

static void undo_entry(struct bare *bare, const struct hf__entry *entry, struct hf_rng *rng)
{
	(void)rng;
	struct hf__writer before = bare_snapshot(bare);
	assert_int_equal(bare_apply(bare, entry), HF_OK);
	hf__change_undo(&bare->change);
	bare_verify(bare, HF_OK);
	struct hf__writer after = bare_snapshot(bare);
	if (!same(&before, &after))
		fail_msg("%s: undoing entry %llu left a trace", bare->row->name,
		         (unsigned long long)entry->lsn);
	hf__writer_deinit(&before);
	hf__writer_deinit(&after);
}

static void every_entry_can_be_undone_without_a_trace(void **state)
{
	(void)state;
	along_history(undo_entry);
}

/* --- The hook --------------------------------------------------------------------------------- */

static unsigned pokes;

static bool is_blob_pointer(const struct hf__type *type, size_t at)
{
	for (unsigned i = 0; i < type->blob_count; i++)
		if (at >= type->blob_offsets[i] && at < type->blob_offsets[i] + sizeof(void *))
			return true;
	return false;
}

/* Changes one byte of a value, or of a blob that it owns, behind the hook's back, and puts it
 * back. */
static void poke(struct bare *bare, struct hf__object *object, uint8_t *at)
{
	*at ^= 1;
	assert_false(hf__object_sealed(object));
	bare_verify(bare, HF_ECORRUPT);
	*at ^= 1;
	assert_true(hf__object_sealed(object));
	pokes++;
}

static void poke_object(struct bare *bare, struct hf__object *object, struct hf_rng *rng)
{
	const struct hf__type *type = hf__type(object);
	uint8_t *bytes = (uint8_t *)object;
	assert_true(hf__object_sealed(object));
	if (type->value_size == 0)
		return;
	const size_t at = type->value_offset + hf_rng_below(rng, type->value_size);
	if (!is_blob_pointer(type, at))
		poke(bare, object, bytes + at);
	if (type->blob_count == 0)
		return;
	struct hf__blob *blob;
	memcpy(&blob, bytes + type->blob_offsets[hf_rng_below(rng, type->blob_count)], sizeof blob);
	if (blob)
		poke(bare, object, blob->data + hf_rng_below(rng, hf__blob_bytes(blob).len));
}

/* An object that the open change alters and that was there before it; NULL: none. */
static struct hf__object *altered(const struct hf__change *change)
{
	for (size_t i = 0; i < change->count; i++) {
		struct hf__object *object = change->records[i].object;
		bool born = false;
		for (size_t j = 0; j < i; j++)
			born = born ||
			       (change->records[j].object == object && change->records[j].kind == HF__UNDO_ADD);
		if (change->records[i].kind == HF__UNDO_CHANGE && !born)
			return object;
	}
	return NULL;
}

static void poke_what_the_entry_touches(struct bare *bare, const struct hf__entry *entry,
                                        struct hf_rng *rng)
{
	assert_int_equal(bare_apply(bare, entry), HF_OK);
	struct hf__object *object = altered(&bare->change);
	hf__change_undo(&bare->change);
	if (object)
		poke_object(bare, object, rng);
}

static void a_change_beside_the_hook_is_noticed(void **state)
{
	(void)state;
	pokes = 0;
	along_history(poke_what_the_entry_touches);
	assert_true(pokes > 50);
}

/* --- Any bytes -------------------------------------------------------------------------------- */

static unsigned accepted, damaged;

/* In an allocation of its own, so that the address sanitizer sees every byte read beyond it. */
static struct hf_bytes mutated(const struct hf__entry *entry, struct hf_rng *rng)
{
	static const uint8_t extremes[] = {0x00, 0x01, 0x7f, 0x80, 0xff};
	const size_t len = entry->body.len;
	const unsigned how = (unsigned)hf_rng_below(rng, 5);
	const size_t new_len = how == 0   ? hf_rng_below(rng, len + 1)
	                       : how == 1 ? len + hf_rng_below(rng, 40)
	                                  : len;
	uint8_t *bytes = malloc(new_len ? new_len : 1);
	assert_non_null(bytes);
	hf_rng_fill(rng, bytes, new_len);
	if (how < 4 && len > 0)
		memcpy(bytes, entry->body.data, len < new_len ? len : new_len); /* 4: nothing but garbage */
	for (unsigned i = 0; how >= 2 && new_len > 0 && i < 1 + how % 2 * 3; i++) {
		const size_t at = hf_rng_below(rng, new_len);
		if (hf_rng_chance(rng, 1, 2))
			bytes[at] ^= (uint8_t)(1u << hf_rng_below(rng, 8));
		else
			bytes[at] = extremes[hf_rng_below(rng, sizeof extremes)];
	}
	return hf_bytes_of(bytes, new_len);
}

static void describe(const struct hf__domain *row, const struct hf__entry *entry)
{
	static const size_t caps[] = {1, 2, 17, 400};
	row->describe(entry, &(struct hf__text){0});
	for (size_t i = 0; i < sizeof caps / sizeof caps[0]; i++) {
		char *buffer = malloc(caps[i]);
		assert_non_null(buffer);
		buffer[0] = '\0';
		struct hf__text text = {buffer, caps[i], 0};
		row->describe(entry, &text);
		assert_true(strnlen(buffer, caps[i]) < caps[i]);
		assert_true(caps[i] == 1 || buffer[0] != '\0');
		assert_null(strchr(buffer, '\n'));
		free(buffer);
	}
}

/* Borrowed from the entry, or empty. */
static void expect_within(const struct hf__entry *entry, struct hf_bytes part)
{
	const uint8_t *body = entry->body.data, *at = part.data;
	assert_true(part.len == 0 || (at >= body && part.len <= entry->body.len - (size_t)(at - body)));
}

/* Total on any body; an entry that a decide wrote is about something that has a name. */
static void ask_about(const struct hf__domain *row, const struct hf__entry *entry, bool written)
{
	struct hf__about about;
	const bool told = row->about(entry, &about);
	assert_true(told || !written);
	for (unsigned parts = 0; row->concerns && parts <= 3; parts++)
		(void)row->concerns(entry, (struct hf_bytes[]){hf_str("a"), hf_str("b"), hf_str("c")},
		                    parts);
	if (!told)
		return;
	assert_true(about.operation && about.operation[0] && about.parts >= (row->setback ? 0 : 1) &&
	            about.parts <= 3);
	assert_false(written && strcmp(about.operation, "state") == 0);
	assert_true(about.parts == 0 || about.key[0].len > 0);
	for (unsigned i = 0; i < 3; i++) {
		expect_within(entry, about.key[i]);
		assert_true(i < about.parts || about.key[i].len == 0);
	}
	expect_within(entry, about.reason);
	/* What an entry is about, it concerns. */
	assert_true(!row->concerns || about.many || row->concerns(entry, about.key, about.parts));
}

static void try_bytes(struct bare *bare, const struct hf__entry *entry, struct hf_rng *rng)
{
	struct hf__writer before = bare_snapshot(bare);
	describe(bare->row, entry);
	ask_about(bare->row, entry, true);
	for (unsigned i = 0; i < MUTATIONS; i++) {
		struct hf__entry other = *entry;
		other.body = mutated(entry, rng);
		if (hf_rng_chance(rng, 1, 10))
			other.kind = (uint8_t)hf_rng_next(rng);
		describe(bare->row, &other);
		ask_about(bare->row, &other, false);
		const int rc = bare_apply(bare, &other);
		assert_true(rc == HF_OK || rc == HF_ECORRUPT || rc == HF_EVERSION);
		if (rc == HF_OK) {
			bare_verify(bare, HF_OK);
			hf__change_undo(&bare->change);
		}
		accepted += rc == HF_OK;
		damaged += rc == HF_ECORRUPT;
		free((void *)(uintptr_t)other.body.data);
	}
	bare_verify(bare, HF_OK);
	struct hf__writer after = bare_snapshot(bare);
	assert_true(same(&before, &after));
	hf__writer_deinit(&before);
	hf__writer_deinit(&after);
}

static void no_bytes_break_apply_describe_or_about(void **state)
{
	(void)state;
	accepted = damaged = 0;
	along_history(try_bytes);
	printf("figure: mutated entries: %u refused as damage, %u acceptable and sound\n", damaged,
	       accepted);
	assert_true(damaged > 1000);
	assert_true(accepted > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_row_is_complete),
	    cmocka_unit_test(a_row_without_a_law_is_noticed),
	    cmocka_unit_test(states_equal_replay_snapshot_and_feed),
	    cmocka_unit_test(states_equal_replay_snapshot_and_feed_with_padding),
	    cmocka_unit_test(states_equal_replay_snapshot_and_feed_with_payloads_on_disk),
	    cmocka_unit_test(every_entry_can_be_undone_without_a_trace),
	    cmocka_unit_test(a_change_beside_the_hook_is_noticed),
	    cmocka_unit_test(no_bytes_break_apply_describe_or_about),
	};
	return cmocka_run_group_tests(tests, write_history, drop_history);
}
