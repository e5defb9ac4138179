/* tier: fast */
/* fsck on every kind of damage: it must name the right file, offset, LSN range and objects,
 * change nothing, and agree with what an opening says.
 *
 * The fixture: a store on the simulated disk, segments of 16 KiB, one entry a group, so that
 * what stands where is known from hf_log_each and from FORMAT.md: an entry begins behind its
 * group's frame and header of 112 bytes. Items j001, j002, ... are enqueued, some claimed and
 * completed later. */
#include <errno.h>

#include "base/hash.h"
#include "base/mem.h"
#include "holdfast/holdfast.h"
#include "lib/crash/damage.h"
#include "lib/log_build.h"
#include "lib/rng.h"
#include "lib/test.h"
#include "log/identity.h"
#include "log/segment.h"
#include "store/check/readonly.h"
#include "store/store.h"

/* 2026-11-20T09:30:00Z */
#define NOW INT64_C(1795167000000000)

enum {
	SEGMENT = 16 << 10,
	ENTRIES_MAX = 400,
	FINDINGS_MAX = 16,
	OBJECTS_MAX = 8,
	ITEMS = 60,
	PAYLOAD = 500
};

/* --- Fixture ---------------------------------------------------------------------------------- */

struct place {
	hf_lsn lsn;
	uint32_t segment, offset, body_len; /* of the entry */
	char text[200];
};

struct fixture {
	struct sim *sim;
	struct place places[ENTRIES_MAX];
	size_t count;
};

static bool note_place(void *ctx, const struct hf_log_entry *entry)
{
	struct fixture *f = ctx;
	assert_true(f->count < ENTRIES_MAX);
	struct place *place = &f->places[f->count++];
	*place = (struct place){entry->lsn, entry->segment, entry->offset, entry->body_len, ""};
	snprintf(place->text, sizeof place->text, "%s", entry->text);
	return true;
}

static hf_store *open_store(struct sim *sim, bool create)
{
	const struct hf_options options = {
	    .create = create, .no_background = true, .segment_size = SEGMENT};
	struct hf_error error = {0};
	hf_store *store = NULL;
	if (hf__store_open(sim_os(sim), hf__all_domains(), &options, &store, &error) != HF_OK)
		fail_msg("open: %s", error.text);
	return store;
}

static void enqueue(hf_store *store, const char *queue, const char *id)
{
	uint8_t payload[PAYLOAD];
	memset(payload, 'p', sizeof payload);
	const struct hf_outbox_enqueue_args args = {
	    .queue = hf_str(queue), .id = hf_str(id), .payload = hf_bytes_of(payload, sizeof payload)};
	assert_int_equal(hf_outbox_enqueue(store, NULL, &args, NULL, NULL), HF_OK);
}

static void finish(hf_store *store, const char *queue, const char *id)
{
	struct hf_result result = {0};
	const struct hf_outbox_claim_args claim = {
	    .queue = hf_str(queue), .id = hf_str(id), .owner = hf_str("w")};
	assert_int_equal(hf_outbox_claim(store, NULL, &claim, NULL, &result, NULL), HF_OK);
	const struct hf_outbox_complete_args complete = {
	    .queue = hf_str(queue), .id = hf_str(id), .token = result.token};
	assert_int_equal(hf_outbox_complete(store, NULL, &complete, NULL, NULL), HF_OK);
}

static void advance(hf_store *store, int64_t sequence)
{
	const struct hf_cursor_advance_args args = {
	    .key = {.consumer = hf_str("mailer"), .stream = hf_str("events")},
	    .sequence = sequence,
	    .delivery_id = hf_str("d")};
	assert_int_equal(hf_cursor_advance(store, NULL, &args, NULL, NULL), HF_OK);
}

static void save(hf_store *store, const char *user, const char *thread)
{
	const struct hf_inbox_input record = {.thread = hf_str(thread),
	                                      .payload = hf_str("hello"),
	                                      .unread = true,
	                                      .updated_at = HF_UNSET};
	const struct hf_inbox_save_args args = {
	    .user = hf_str(user), .records = &record, .count = 1, .generated_at = NOW};
	assert_int_equal(hf_inbox_save(store, NULL, &args, NULL, NULL), HF_OK);
}

static void fill(hf_store *store)
{
	char id[8];
	for (int i = 1; i <= ITEMS; i++) {
		snprintf(id, sizeof id, "j%03d", i);
		enqueue(store, "jobs", id);
		if (i % 5 == 0)
			advance(store, i);
		if (i % 7 == 0)
			save(store, "ann", id);
	}
	finish(store, "jobs", "j003");
	finish(store, "jobs", "j030");
	advance(store, 1000);
}

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof *f);
	assert_non_null(f);
	f->sim = sim_new(sim_profile_strict(), 1);
	sim_set_now(f->sim, NOW);
	hf_store *store = open_store(f->sim, true);
	fill(store);
	assert_int_equal(hf_close(store, NULL), HF_OK);
	assert_int_equal(hf__log_each(sim_os(f->sim), hf__all_domains(), 0, 0, note_place, f, NULL),
	                 HF_OK);
	assert_true(f->places[f->count - 1].segment >= 3);
	sim_checkpoint(f->sim);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;
	sim_free(f->sim);
	free(f);
	return 0;
}

/* The entry whose description contains all of `words`; the first one. */
static const struct place *place_of(const struct fixture *f, const char *verb, const char *name)
{
	for (size_t i = 0; i < f->count; i++)
		if (strstr(f->places[i].text, verb) && strstr(f->places[i].text, name))
			return &f->places[i];
	fail_msg("no entry %s %s", verb, name);
	return NULL;
}

static const char *file_of(uint32_t segment)
{
	static char name[HF__NAME_MAX];
	hf__segment_name(segment, name);
	return name;
}

static void flip(struct fixture *f, const char *file, uint64_t byte)
{
	assert_true(sim_flip_bit(f->sim, file, byte * 8 + 3));
}

/* --- What fsck said --------------------------------------------------------------------------- */

struct said_object {
	enum hf_fsck_how how;
	hf_lsn lsn;
	char text[200];
};

struct said {
	struct hf_fsck_finding findings[FINDINGS_MAX];
	char files[FINDINGS_MAX][48], what[FINDINGS_MAX][256];
	struct said_object objects[FINDINGS_MAX][OBJECTS_MAX];
	size_t object_counts[FINDINGS_MAX];
	size_t count;
	struct hf_fsck_summary summary;
	struct hf_error error;
	int rc;
};

static void note_finding(void *ctx, const struct hf_fsck_finding *finding)
{
	struct said *said = ctx;
	assert_true(said->count < FINDINGS_MAX);
	const size_t at = said->count++;
	said->findings[at] = *finding;
	snprintf(said->files[at], sizeof said->files[at], "%s", finding->file);
	snprintf(said->what[at], sizeof said->what[at], "%s", finding->what);
	for (size_t i = 0; i < finding->object_count && i < OBJECTS_MAX; i++) {
		struct said_object *object = &said->objects[at][said->object_counts[at]++];
		*object = (struct said_object){finding->objects[i].how, finding->objects[i].lsn, ""};
		snprintf(object->text, sizeof object->text, "%s: %s", finding->objects[i].domain,
		         finding->objects[i].text);
	}
	assert_non_null(strstr("leftover torn tail I/O error newer format damage",
	                       hf_fsck_severity_name((int)finding->severity)));
}

/* Checks the disk as it is, and that checking changed nothing. */
static struct said *check(struct sim *sim)
{
	static struct said said;
	const uint64_t version = sim_version(sim);
	said = (struct said){.count = 0};
	said.rc = hf__fsck(sim_os(sim), hf__all_domains(), NULL, note_finding, &said, &said.summary,
	                   &said.error);
	assert_true(sim_version(sim) == version);
	if (said.rc == HF_OK || said.rc == HF_ECORRUPT || said.rc == HF_EIO || said.rc == HF_EVERSION)
		assert_int_equal(said.summary.verdict, said.rc);
	if (said.rc != HF_OK)
		assert_int_equal(said.error.code, said.rc);
	return &said;
}

static void show(const struct said *said)
{
	for (size_t i = 0; i < said->count; i++) {
		const struct hf_fsck_finding *f = &said->findings[i];
		print_message(
		    "  %s: %s +%llu (%llu) LSN %llu-%llu: %s\n", hf_fsck_severity_name((int)f->severity),
		    said->files[i], (unsigned long long)f->offset, (unsigned long long)f->length,
		    (unsigned long long)f->first_lsn, (unsigned long long)f->last_lsn, said->what[i]);
		for (size_t j = 0; j < said->object_counts[i]; j++)
			print_message("    %d %llu %s\n", (int)said->objects[i][j].how,
			              (unsigned long long)said->objects[i][j].lsn, said->objects[i][j].text);
	}
}

struct expected {
	enum hf_fsck_severity severity;
	const char *file;
	uint64_t offset;
	hf_lsn first, last;
};

static void expect(const struct said *said, size_t at, struct expected e)
{
	if (at < said->count) {
		const struct hf_fsck_finding *f = &said->findings[at];
		if (f->severity == e.severity && strcmp(said->files[at], e.file) == 0 &&
		    f->offset == e.offset && f->first_lsn == e.first && f->last_lsn == e.last)
			return;
	}
	show(said);
	fail_msg("finding %zu is not: %s: %s +%llu LSN %llu-%llu", at,
	         hf_fsck_severity_name((int)e.severity), e.file, (unsigned long long)e.offset,
	         (unsigned long long)e.first, (unsigned long long)e.last);
}

static void expect_object(const struct said *said, size_t at, enum hf_fsck_how how, hf_lsn lsn,
                          const char *words)
{
	for (size_t i = 0; i < said->object_counts[at]; i++) {
		const struct said_object *object = &said->objects[at][i];
		if (object->how == how && object->lsn == lsn && strstr(object->text, words))
			return;
	}
	show(said);
	fail_msg("finding %zu names no object %d of LSN %llu with %s", at, (int)how,
	         (unsigned long long)lsn, words);
}

static void expect_verdict(const struct said *said, int verdict, size_t findings)
{
	if (said->rc != verdict || said->count != findings) {
		show(said);
		fail_msg("%s with %zu findings instead of %s with %zu (%s)", hf_code_name(said->rc),
		         said->count, hf_code_name(verdict), findings, said->error.text);
	}
}

static void back(struct fixture *f)
{
	(void)sim_rollback(f->sim);
}

/* Every test begins with the whole store. */
static int begin(void **state)
{
	struct fixture *f = *state;
	sim_clear_faults(f->sim);
	back(f);
	return 0;
}

/* --- Whole ------------------------------------------------------------------------------------ */

/* Of the domains that are not named the fixture writes none. */
static uint64_t objects_written(const char *domain)
{
	if (strcmp(domain, "outbox") == 0)
		return ITEMS - 2;
	if (strcmp(domain, "cursor") == 0)
		return 1;
	return strcmp(domain, "inbox") == 0 ? ITEMS / 7 + 1 : 0;
}

static void a_whole_store_is_clean_and_counted(void **state)
{
	struct fixture *f = *state;
	const struct said *said = check(f->sim);
	show(said);
	expect_verdict(said, HF_OK, 0);
	assert_true(said->summary.state_checked && said->summary.last_stop == HF_FSCK_STOP_CLEAN);
	assert_true(said->summary.entries == f->count && said->summary.groups == f->count);
	assert_true(said->summary.last_lsn == f->places[f->count - 1].lsn &&
	            said->summary.first_lsn == 1);
	assert_int_equal(said->summary.domain_count, hf__all_domains()->count);
	for (size_t i = 0; i < said->summary.domain_count; i++)
		assert_true(said->summary.domains[i].objects ==
		            objects_written(said->summary.domains[i].name));
}

/* --- Damage to the log ------------------------------------------------------------------------ */

static void damaged_body_names_the_entry(void **state)
{
	struct fixture *f = *state;
	const struct place *p = place_of(f, "enqueue", "j010");
	flip(f, file_of(p->segment), p->offset + ENTRY_HEADER + p->body_len - 9);
	const struct said *said = check(f->sim);
	expect_verdict(said, HF_ECORRUPT, 1);
	expect(said, 0,
	       (struct expected){HF_FSCK_DAMAGE, file_of(p->segment), p->offset - GROUP_HEADER, p->lsn,
	                         p->lsn});
	assert_true(said->findings[0].length ==
	            GROUP_HEADER + ENTRY_HEADER + (p->body_len + 7u) / 8 * 8);
	expect_object(said, 0, HF_FSCK_UNREADABLE, p->lsn, "j010");
	assert_false(said->summary.state_checked);
	assert_true(said->summary.entries == f->count - 1 &&
	            said->summary.entries_after_damage == f->count - p->lsn);
	assert_string_equal(said->error.file, file_of(p->segment));
	assert_true(said->error.offset == p->offset - GROUP_HEADER && said->error.first_lsn == p->lsn &&
	            said->error.last_lsn == p->lsn);
	back(f);
}

static void damaged_entry_header_names_the_entry(void **state)
{
	struct fixture *f = *state;
	const struct place *p = place_of(f, "enqueue", "j010");
	flip(f, file_of(p->segment), p->offset + 9);
	const struct said *said = check(f->sim);
	expect_verdict(said, HF_ECORRUPT, 1);
	expect(said, 0,
	       (struct expected){HF_FSCK_DAMAGE, file_of(p->segment), p->offset - GROUP_HEADER, p->lsn,
	                         p->lsn});
	expect_object(said, 0, HF_FSCK_UNREADABLE, p->lsn, "j010");
	back(f);
}

static void damaged_group_header_names_the_whole_entries_behind_it(void **state)
{
	struct fixture *f = *state;
	const struct place *p = place_of(f, "enqueue", "j011");
	for (uint32_t byte = 0; byte < GROUP_HEADER; byte += 11) {
		flip(f, file_of(p->segment), p->offset - GROUP_HEADER + byte);
		const struct said *said = check(f->sim);
		expect_verdict(said, HF_ECORRUPT, 1);
		expect(said, 0,
		       (struct expected){HF_FSCK_DAMAGE, file_of(p->segment), p->offset - GROUP_HEADER,
		                         p->lsn, p->lsn});
		expect_object(said, 0, HF_FSCK_CUT_OFF, p->lsn, "j011");
		back(f);
	}
}

static void later_entries_tell_what_is_missing(void **state)
{
	struct fixture *f = *state;
	const struct place *p = place_of(f, "enqueue", "j003"), *claim = place_of(f, "claim", "j003"),
	                   *done = place_of(f, "complete", "j003");
	flip(f, file_of(p->segment), p->offset + ENTRY_HEADER + 4);
	flip(f, file_of(p->segment), p->offset + 9);
	const struct said *said = check(f->sim);
	expect_verdict(said, HF_ECORRUPT, 1);
	expect(said, 0,
	       (struct expected){HF_FSCK_DAMAGE, file_of(p->segment), p->offset - GROUP_HEADER, p->lsn,
	                         p->lsn});
	expect_object(said, 0, HF_FSCK_PRESUPPOSED, claim->lsn, "j003");
	expect_object(said, 0, HF_FSCK_PRESUPPOSED, done->lsn, "j003");
	back(f);
}

static void lost_sectors_give_the_range_of_all_that_is_gone(void **state)
{
	static const uint8_t zeros[2 * HF__SECTOR];
	struct fixture *f = *state;
	const struct place *p = place_of(f, "enqueue", "j012");
	const uint32_t at = p->offset / HF__SECTOR * HF__SECTOR;
	const struct place *first = NULL, *last = NULL;
	for (size_t i = 0; i < f->count; i++) {
		const struct place *q = &f->places[i];
		const uint32_t end = q->offset + ENTRY_HEADER + q->body_len;
		if (q->segment != p->segment || end <= at || q->offset - GROUP_HEADER >= at + sizeof zeros)
			continue;
		first = first ? first : q;
		last = q;
	}
	assert_non_null(first);
	assert_non_null(last);
	if (!first || !last)
		return;
	assert_true(first->lsn < last->lsn);
	sim_write_file(f->sim, file_of(p->segment), at, zeros, sizeof zeros);
	const struct said *said = check(f->sim);
	expect_verdict(said, HF_ECORRUPT, 1);
	expect(said, 0,
	       (struct expected){HF_FSCK_DAMAGE, file_of(p->segment), first->offset - GROUP_HEADER,
	                         first->lsn, last->lsn});
	assert_true(said->summary.entries == f->count - (last->lsn - first->lsn + 1));
	back(f);
}

static void each_damage_of_several_is_a_finding(void **state)
{
	struct fixture *f = *state;
	const struct place *a = place_of(f, "enqueue", "j004"), *b = place_of(f, "enqueue", "j009"),
	                   *c = place_of(f, "enqueue", "j040");
	assert_true(a->segment == b->segment && c->segment != a->segment);
	flip(f, file_of(a->segment), a->offset + 200);
	flip(f, file_of(b->segment), b->offset + 200);
	flip(f, file_of(c->segment), c->offset + 200);
	const struct said *said = check(f->sim);
	expect_verdict(said, HF_ECORRUPT, 3);
	expect(said, 0,
	       (struct expected){HF_FSCK_DAMAGE, file_of(a->segment), a->offset - GROUP_HEADER, a->lsn,
	                         a->lsn});
	expect(said, 1,
	       (struct expected){HF_FSCK_DAMAGE, file_of(b->segment), b->offset - GROUP_HEADER, b->lsn,
	                         b->lsn});
	expect(said, 2,
	       (struct expected){HF_FSCK_DAMAGE, file_of(c->segment), c->offset - GROUP_HEADER, c->lsn,
	                         c->lsn});
	expect_object(said, 2, HF_FSCK_UNREADABLE, c->lsn, "j040");
	back(f);
}

static void damage_at_the_very_end_is_told_by_the_witness(void **state)
{
	struct fixture *f = *state;
	const struct place *p = &f->places[f->count - 1];
	flip(f, file_of(p->segment), p->offset + ENTRY_HEADER);
	const struct said *said = check(f->sim);
	expect_verdict(said, HF_ECORRUPT, 1);
	expect(said, 0,
	       (struct expected){HF_FSCK_DAMAGE, file_of(p->segment), p->offset - GROUP_HEADER, p->lsn,
	                         p->lsn});
	expect_object(said, 0, HF_FSCK_UNREADABLE, p->lsn, "cursor");
	back(f);
}

/* A body changed and sealed again: only the state shows that it cannot be. */
static void an_entry_that_cannot_follow_is_damage(void **state)
{
	struct fixture *f = *state;
	/* The last claim: the complete behind it is the end of what the log says about this item. */
	const struct place *p = place_of(f, "complete", "j030");
	uint8_t group[GROUP_HEADER + ENTRY_HEADER + 200];
	const uint32_t len = GROUP_HEADER + ENTRY_HEADER + (p->body_len + 7u) / 8 * 8;
	assert_true(len <= sizeof group);
	assert_true(sim_read_file(f->sim, file_of(p->segment), p->offset - GROUP_HEADER, group, len));
	uint8_t *id = memmem(group, len, "j030", 4);
	assert_non_null(id);
	id[3] = '9'; /* j039 is queued: nobody can complete it */
	struct hf__identity identity;
	uint8_t sector[HF__IDENTITY_SIZE];
	assert_true(sim_read_file(f->sim, HF__NAME_IDENTITY, 0, sector, sizeof sector));
	assert_int_equal(hf__identity_decode(sector, sizeof sector, &identity), HF_OK);
	struct hf__log_id name = {.epoch = identity.epoch,
	                          .seed = hf__seed_base(identity.uuid, identity.epoch)};
	memcpy(name.uuid, identity.uuid, sizeof name.uuid);
	hf__store_u64(group + GROUP_HEADER + ENTRY_BODY_SUM,
	              hf__checksum(group + GROUP_HEADER + ENTRY_HEADER, p->body_len,
	                           hf__seed_at(name.seed, p->lsn)));
	log_build_reseal_entry(&name, p->lsn, group + GROUP_HEADER);
	log_build_reseal_group(&name, group);
	sim_write_file(f->sim, file_of(p->segment), p->offset - GROUP_HEADER, group, len);
	const struct said *said = check(f->sim);
	/* The group behind it names the hash of the one that was there. */
	expect_verdict(said, HF_ECORRUPT, 2);
	expect(said, 0,
	       (struct expected){HF_FSCK_DAMAGE, file_of(p->segment), p->offset, p->lsn, p->lsn});
	expect_object(said, 0, HF_FSCK_CUT_OFF, p->lsn, "j039");
	back(f);
}

/* --- Segments --------------------------------------------------------------------------------- */

static hf_lsn first_of(const struct fixture *f, uint32_t segment)
{
	for (size_t i = 0; i < f->count; i++)
		if (f->places[i].segment == segment)
			return f->places[i].lsn;
	fail_msg("no entry in segment %u", segment);
	return 0;
}

static uint32_t last_segment(const struct fixture *f)
{
	return f->places[f->count - 1].segment;
}

static hf_lsn last_of(const struct fixture *f, uint32_t segment)
{
	return segment == last_segment(f) ? f->places[f->count - 1].lsn : first_of(f, segment + 1) - 1;
}

static uint32_t end_of(const struct fixture *f, uint32_t segment)
{
	const struct place *p = &f->places[last_of(f, segment) - 1];
	return p->offset + ENTRY_HEADER + (p->body_len + 7u) / 8 * 8;
}

static void damaged_segment_header_costs_no_entry(void **state)
{
	struct fixture *f = *state;
	for (uint32_t segment = f->places[0].segment; segment <= last_segment(f); segment++) {
		flip(f, file_of(segment), 72);
		const struct said *said = check(f->sim);
		expect_verdict(said, HF_ECORRUPT, 1);
		expect(said, 0,
		       (struct expected){HF_FSCK_DAMAGE, file_of(segment), 0, first_of(f, segment),
		                         last_of(f, segment)});
		assert_true(said->summary.entries == f->count && said->summary.entries_after_damage == 0);
		back(f);
	}
}

static void a_missing_segment_gives_the_range_that_it_held(void **state)
{
	struct fixture *f = *state;
	for (uint32_t segment = f->places[0].segment; segment <= last_segment(f); segment++) {
		assert_true(sim_remove_file(f->sim, file_of(segment)));
		const struct said *said = check(f->sim);
		expect_verdict(said, HF_ECORRUPT, 1);
		expect(said, 0,
		       (struct expected){HF_FSCK_DAMAGE, file_of(segment), 0, first_of(f, segment),
		                         last_of(f, segment)});
		assert_true(said->summary.entries ==
		            f->count - (last_of(f, segment) - first_of(f, segment) + 1));
		back(f);
	}
}

static void a_segment_cut_short_gives_the_range(void **state)
{
	struct fixture *f = *state;
	const struct place *p = place_of(f, "enqueue", "j010");
	assert_true(sim_truncate_file(f->sim, file_of(p->segment), p->offset + 10));
	const struct said *said = check(f->sim);
	/* A segment that is not the last one may be shorter than it was made, but not than its log. */
	expect_verdict(said, HF_ECORRUPT, 1);
	expect(said, 0,
	       (struct expected){HF_FSCK_DAMAGE, file_of(p->segment), p->offset - GROUP_HEADER, p->lsn,
	                         last_of(f, p->segment)});
	back(f);
}

static void exchanged_segments_are_named_both(void **state)
{
	struct fixture *f = *state;
	char a[HF__NAME_MAX], b[HF__NAME_MAX];
	hf__segment_name(f->places[0].segment, a);
	hf__segment_name(f->places[0].segment + 1, b);
	assert_true(sim_rename_file(f->sim, a, "aside"));
	assert_true(sim_rename_file(f->sim, b, a));
	assert_true(sim_rename_file(f->sim, "aside", b));
	const struct said *said = check(f->sim);
	assert_int_equal(said->rc, HF_ECORRUPT);
	bool named[2] = {false, false};
	for (size_t i = 0; i < said->count; i++) {
		named[0] = named[0] || strcmp(said->files[i], a) == 0;
		named[1] = named[1] || strcmp(said->files[i], b) == 0;
	}
	assert_true(named[0] && named[1]);
	back(f);
}

static void two_headers_damaged_side_by_side_cost_no_entry(void **state)
{
	struct fixture *f = *state;
	const uint32_t first = f->places[0].segment;
	flip(f, file_of(first), 72);
	flip(f, file_of(first + 1), 72);
	const struct said *said = check(f->sim);
	expect_verdict(said, HF_ECORRUPT, 2);
	expect(said, 0,
	       (struct expected){HF_FSCK_DAMAGE, file_of(first), 0, first_of(f, first),
	                         last_of(f, first)});
	expect(said, 1,
	       (struct expected){HF_FSCK_DAMAGE, file_of(first + 1), 0, first_of(f, first + 1),
	                         last_of(f, first + 1)});
	assert_true(said->summary.entries == f->count);
	back(f);
}

static void a_missing_segment_behind_a_damaged_header_is_noticed(void **state)
{
	struct fixture *f = *state;
	const uint32_t first = f->places[0].segment;
	assert_true(sim_remove_file(f->sim, file_of(first)));
	flip(f, file_of(first + 1), 72);
	const struct said *said = check(f->sim);
	expect_verdict(said, HF_ECORRUPT, 2);
	expect(said, 0,
	       (struct expected){HF_FSCK_DAMAGE, file_of(first + 1), 0, first_of(f, first),
	                         last_of(f, first + 1)});
	expect(said, 1,
	       (struct expected){HF_FSCK_DAMAGE, file_of(first + 1), HF__SEGMENT_HEADER_SIZE,
	                         first_of(f, first), last_of(f, first)});
	back(f);
}

/* --- The other files -------------------------------------------------------------------------- */

static void damaged_identity_leaves_the_log_readable(void **state)
{
	struct fixture *f = *state;
	flip(f, HF__NAME_IDENTITY, 100);
	const struct said *said = check(f->sim);
	expect_verdict(said, HF_ECORRUPT, 1);
	expect(said, 0, (struct expected){HF_FSCK_DAMAGE, HF__NAME_IDENTITY, 0, 0, 0});
	assert_true(said->summary.entries == f->count);
	back(f);
	assert_true(sim_remove_file(f->sim, HF__NAME_IDENTITY));
	said = check(f->sim);
	expect_verdict(said, HF_ECORRUPT, 1);
	expect(said, 0, (struct expected){HF_FSCK_DAMAGE, HF__NAME_IDENTITY, 0, 0, 0});
	back(f);
}

static void a_newer_format_is_no_damage(void **state)
{
	struct fixture *f = *state;
	struct hf__identity identity;
	uint8_t sector[HF__IDENTITY_SIZE];
	assert_true(sim_read_file(f->sim, HF__NAME_IDENTITY, 0, sector, sizeof sector));
	assert_int_equal(hf__identity_decode(sector, sizeof sector, &identity), HF_OK);
	identity.format_major = 3;
	hf__identity_encode(&identity, sector);
	sim_write_file(f->sim, HF__NAME_IDENTITY, 0, sector, sizeof sector);
	const struct said *said = check(f->sim);
	expect_verdict(said, HF_EVERSION, 1);
	expect(said, 0, (struct expected){HF_FSCK_NEWER, HF__NAME_IDENTITY, 0, 0, 0});
	assert_int_equal(said->summary.format, 3);
	back(f);
}

static void each_slot_of_the_witness_is_checked(void **state)
{
	struct fixture *f = *state;
	uint8_t slots[2][HF__WITNESS_SLOT_SIZE];
	for (unsigned i = 0; i < 2; i++)
		assert_true(sim_read_file(f->sim, HF__NAME_WITNESS, i * 4096, slots[i], sizeof slots[i]));
	const unsigned newest = hf__load_u64(slots[1] + 8) > hf__load_u64(slots[0] + 8);
	flip(f, HF__NAME_WITNESS, newest * HF__WITNESS_SLOT_STEP + 40);
	/* Without the newest word nothing says that the stop was clean: it may have been a crash. */
	const struct said *said = check(f->sim);
	expect_verdict(said, HF_OK, 1);
	expect(said, 0,
	       (struct expected){HF_FSCK_TORN, HF__NAME_WITNESS, newest * HF__WITNESS_SLOT_STEP, 0, 0});
	back(f);
	flip(f, HF__NAME_WITNESS, (1 - newest) * HF__WITNESS_SLOT_STEP + 40);
	said = check(f->sim);
	expect_verdict(said, HF_ECORRUPT, 1);
	expect(said, 0,
	       (struct expected){HF_FSCK_DAMAGE, HF__NAME_WITNESS, (1 - newest) * HF__WITNESS_SLOT_STEP,
	                         0, 0});
	back(f);
	assert_true(sim_remove_file(f->sim, HF__NAME_WITNESS));
	said = check(f->sim);
	expect_verdict(said, HF_ECORRUPT, 1);
	expect(said, 0, (struct expected){HF_FSCK_DAMAGE, HF__NAME_WITNESS, 0, 0, 0});
	back(f);
	assert_true(sim_truncate_file(f->sim, HF__NAME_WITNESS, 700));
	said = check(f->sim);
	expect_verdict(said, HF_ECORRUPT, 1);
	expect(said, 0, (struct expected){HF_FSCK_DAMAGE, HF__NAME_WITNESS, 700, 0, 0});
	back(f);
}

/* --- Harmless --------------------------------------------------------------------------------- */

static void a_torn_tail_is_no_damage(void **state)
{
	struct fixture *f = *state;
	uint8_t torn[300];
	memset(torn, 0x5a, sizeof torn);
	sim_write_file(f->sim, file_of(last_segment(f)), end_of(f, last_segment(f)), torn, sizeof torn);
	const struct said *said = check(f->sim);
	expect_verdict(said, HF_OK, 1);
	expect(said, 0,
	       (struct expected){HF_FSCK_TORN, file_of(last_segment(f)), end_of(f, last_segment(f)), 0,
	                         0});
	assert_true(said->findings[0].length == sizeof torn && said->summary.torn_bytes == sizeof torn);
	assert_true(said->summary.state_checked && said->summary.last_stop == HF_FSCK_STOP_UNCLEAN);
	back(f);
}

static void leftovers_are_no_damage(void **state)
{
	struct fixture *f = *state;
	const uint32_t first = f->places[0].segment;
	const uint64_t pinned_end = end_of(f, first);
	sim_write_file(f->sim, "segment-00000009.tmp", 0, "x", 1);
	sim_write_file(f->sim, "notes", 0, "x", 1);
	sim_write_file(f->sim, file_of(first), pinned_end + 40, "left", 4);
	sim_write_file(f->sim, "segment-000000f0", 600, "left", 4);
	assert_true(sim_remove_file(f->sim, HF__NAME_LOCK));
	const struct said *said = check(f->sim);
	expect_verdict(said, HF_OK, 5);
	expect(said, 0, (struct expected){HF_FSCK_LEFTOVER, file_of(first), pinned_end, 0, 0});
	expect(said, 1, (struct expected){HF_FSCK_LEFTOVER, "segment-000000f0", 0, 0, 0});
	assert_true(said->summary.findings[HF_FSCK_LEFTOVER] == 5 && said->summary.state_checked);
	back(f);
}

static void a_failed_read_is_no_damage(void **state)
{
	struct fixture *f = *state;
	sim_add_fault(
	    f->sim, (struct sim_fault){
	                .kinds = SIM_READ, .name = "segment-00000002", .error = 5, .persistent = true});
	const struct said *said = check(f->sim);
	assert_int_equal(said->rc, HF_EIO);
	assert_true(said->count >= 1);
	for (size_t i = 0; i < said->count; i++)
		expect(said, i,
		       (struct expected){HF_FSCK_IO, "segment-00000002", 0, said->findings[i].first_lsn,
		                         said->findings[i].last_lsn});
	sim_clear_faults(f->sim);
	back(f);
}

static void an_empty_directory_holds_no_store(void **state)
{
	(void)state;
	struct sim *sim = sim_new(sim_profile_strict(), 2);
	const struct said *said = check(sim);
	assert_int_equal(said->rc, HF_ENOTFOUND);
	assert_int_equal(said->count, 0);
	sim_free(sim);
}

static void a_fresh_store_is_clean(void **state)
{
	(void)state;
	struct sim *sim = sim_new(sim_profile_strict(), 3);
	assert_int_equal(hf_close(open_store(sim, true), NULL), HF_OK);
	expect_verdict(check(sim), HF_OK, 0);
	sim_free(sim);
}

/* --- No memory -------------------------------------------------------------------------------- */

struct veto {
	unsigned left;
};

static bool fail_after(void *ctx, size_t size)
{
	struct veto *veto = ctx;
	(void)size;
	if (veto->left == 0)
		return true;
	veto->left--;
	return false;
}

/* Each allocation fails in its turn, and all after it: never a verdict, never a finding of
 * damage that is none. */
static void without_memory_there_is_no_verdict(void **state)
{
	struct fixture *f = *state;
	const struct place *p = place_of(f, "enqueue", "j010");
	flip(f, file_of(p->segment), p->offset + 40);
	struct said said = {.count = 0};
	for (unsigned i = 0;; i = i < 40 ? i + 1 : i + i / 7) {
		struct veto veto = {i};
		hf__mem_set_veto(fail_after, &veto);
		said = (struct said){.count = 0};
		said.rc = hf__fsck(sim_os(f->sim), hf__all_domains(), NULL, note_finding, &said,
		                   &said.summary, &said.error);
		hf__mem_set_veto(NULL, NULL);
		if (said.rc == HF_ECORRUPT)
			break;
		assert_int_equal(said.rc, HF_ENOMEM);
		assert_int_equal(said.error.code, HF_ENOMEM);
		assert_int_equal(said.count, 0);
	}
	expect_verdict(&said, HF_ECORRUPT, 1);
	back(f);
}

/* A writer that has the store open has not stopped, cleanly or not; the reader is another
 * opener of the same disk. */
static void beside_a_writer_nothing_has_stopped(void **state)
{
	struct fixture *f = *state;
	const struct hf_options options = {.no_background = true, .segment_size = SEGMENT};
	hf_store *store = NULL;
	assert_int_equal(
	    hf__store_open(sim_opener(f->sim, 1), hf__all_domains(), &options, &store, NULL), HF_OK);
	assert_int_equal(check(f->sim)->summary.last_stop, HF_FSCK_STOP_NONE);
	assert_int_equal(hf_close(store, NULL), HF_OK);
	assert_int_equal(check(f->sim)->summary.last_stop, HF_FSCK_STOP_CLEAN);
	back(f);
}

static void a_check_that_did_not_happen_has_no_verdict(void **state)
{
	struct fixture *f = *state;
	struct hf_fsck_summary summary;
	static const enum sim_call calls[] = {SIM_BOOT_ID, SIM_RANDOM};
	for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++) {
		sim_add_fault(f->sim,
		              (struct sim_fault){.kinds = calls[i], .error = EIO, .persistent = true});
		const int rc =
		    hf__fsck(sim_os(f->sim), hf__all_domains(), NULL, NULL, NULL, &summary, NULL);
		sim_clear_faults(f->sim);
		assert_true(rc != HF_OK || summary.checked);
		assert_true(summary.checked || summary.verdict == rc);
		assert_int_equal(summary.last_stop,
		                 summary.checked ? HF_FSCK_STOP_CLEAN : HF_FSCK_STOP_UNKNOWN);
	}
	back(f);
}

/* --- With openings ---------------------------------------------------------------------------- */

/* Bits far apart, all over the store: fsck says damage wherever an opening refuses, and is clean
 * only where nothing is wrong. */
static void fsck_and_opening_agree(void **state)
{
	struct fixture *f = *state;
	struct hf_rng rng = hf_rng_for("fsck");
	char name[SIM_NAME_MAX + 1];
	uint64_t size = 0;
	unsigned refused = 0, noticed = 0, flips = 0;
	for (size_t i = 0; sim_list(f->sim, i, name, &size); i++) {
		for (uint64_t bit = hf_rng_below(&rng, 4001); bit < size * 8; bit += 4001, flips++) {
			struct hf_error error = {0};
			hf_store *store = NULL;
			assert_true(sim_flip_bit(f->sim, name, bit));
			const struct said *said = check(f->sim);
			const bool sound = said->count == 0;
			const int verdict = said->rc;
			const struct hf_options options = {.no_background = true, .segment_size = SEGMENT};
			const int rc =
			    hf__store_open(sim_os(f->sim), hf__all_domains(), &options, &store, &error);
			(void)hf_close(store, NULL);
			if ((rc != HF_OK && verdict != HF_ECORRUPT) || (rc == HF_OK && sound && bit / 8 < 512))
				fail_msg("%s bit %llu: opening says %s, fsck says %s", name,
				         (unsigned long long)bit, hf_code_name(rc), hf_code_name(verdict));
			refused += rc != HF_OK;
			noticed += !sound;
			back(f);
		}
	}
	print_message("figure: fsck, %u flips: an opening refuses %u, fsck notices %u\n", flips,
	              refused, noticed);
	assert_true(refused > 0 && noticed >= refused);
	/* Only flips behind the log's ends, where the next header has said that nothing exists, are
	 * seen and harmless; none is overlooked. */
	assert_int_equal(noticed, flips);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(a_whole_store_is_clean_and_counted, begin),
	    cmocka_unit_test_setup(damaged_body_names_the_entry, begin),
	    cmocka_unit_test_setup(damaged_entry_header_names_the_entry, begin),
	    cmocka_unit_test_setup(damaged_group_header_names_the_whole_entries_behind_it, begin),
	    cmocka_unit_test_setup(later_entries_tell_what_is_missing, begin),
	    cmocka_unit_test_setup(lost_sectors_give_the_range_of_all_that_is_gone, begin),
	    cmocka_unit_test_setup(each_damage_of_several_is_a_finding, begin),
	    cmocka_unit_test_setup(damage_at_the_very_end_is_told_by_the_witness, begin),
	    cmocka_unit_test_setup(an_entry_that_cannot_follow_is_damage, begin),
	    cmocka_unit_test_setup(damaged_segment_header_costs_no_entry, begin),
	    cmocka_unit_test_setup(a_missing_segment_gives_the_range_that_it_held, begin),
	    cmocka_unit_test_setup(a_segment_cut_short_gives_the_range, begin),
	    cmocka_unit_test_setup(exchanged_segments_are_named_both, begin),
	    cmocka_unit_test_setup(two_headers_damaged_side_by_side_cost_no_entry, begin),
	    cmocka_unit_test_setup(a_missing_segment_behind_a_damaged_header_is_noticed, begin),
	    cmocka_unit_test_setup(damaged_identity_leaves_the_log_readable, begin),
	    cmocka_unit_test_setup(a_newer_format_is_no_damage, begin),
	    cmocka_unit_test_setup(each_slot_of_the_witness_is_checked, begin),
	    cmocka_unit_test_setup(a_torn_tail_is_no_damage, begin),
	    cmocka_unit_test_setup(leftovers_are_no_damage, begin),
	    cmocka_unit_test_setup(a_failed_read_is_no_damage, begin),
	    cmocka_unit_test_setup(an_empty_directory_holds_no_store, begin),
	    cmocka_unit_test_setup(a_fresh_store_is_clean, begin),
	    cmocka_unit_test_setup(without_memory_there_is_no_verdict, begin),
	    cmocka_unit_test_setup(beside_a_writer_nothing_has_stopped, begin),
	    cmocka_unit_test_setup(a_check_that_did_not_happen_has_no_verdict, begin),
	    cmocka_unit_test_setup(fsck_and_opening_agree, begin),
	};
	return cmocka_run_group_tests_name("fsck", tests, set_up, tear_down);
}
