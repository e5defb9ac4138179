/* The fixture of the tests of fsck, and what fsck said of it: a store on the simulated disk,
 * segments of 16 KiB, one entry a group, so that what stands where is known from hf_log_each and
 * from FORMAT.md: an entry begins behind its group's frame and header of 112 bytes. Items j001,
 * j002, ... are enqueued, some claimed and completed later. */
#ifndef TESTS_FSCK_CASE_H
#define TESTS_FSCK_CASE_H

#include "holdfast/holdfast.h"
#include "lib/sim/sim_os.h"
#include "lib/test.h"
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

static inline bool note_place(void *ctx, const struct hf_log_entry *entry)
{
	struct fixture *f = ctx;
	assert_true(f->count < ENTRIES_MAX);
	struct place *place = &f->places[f->count++];
	*place = (struct place){entry->lsn, entry->segment, entry->offset, entry->body_len, ""};
	snprintf(place->text, sizeof place->text, "%s", entry->text);
	return true;
}

static inline hf_store *open_store(struct sim *sim, bool create)
{
	const struct hf_options options = {
	    .create = create, .no_background = true, .segment_size = SEGMENT};
	struct hf_error error = {0};
	hf_store *store = NULL;
	if (hf__store_open(sim_os(sim), hf__all_domains(), &options, &store, &error) != HF_OK)
		fail_msg("open: %s", error.text);
	return store;
}

static inline void enqueue(hf_store *store, const char *queue, const char *id)
{
	uint8_t payload[PAYLOAD];
	memset(payload, 'p', sizeof payload);
	const struct hf_outbox_enqueue_args args = {
	    .queue = hf_str(queue), .id = hf_str(id), .payload = hf_bytes_of(payload, sizeof payload)};
	assert_int_equal(hf_outbox_enqueue(store, NULL, &args, NULL, NULL), HF_OK);
}

static inline void finish(hf_store *store, const char *queue, const char *id)
{
	struct hf_result result = {0};
	const struct hf_outbox_claim_args claim = {
	    .queue = hf_str(queue), .id = hf_str(id), .owner = hf_str("w")};
	assert_int_equal(hf_outbox_claim(store, NULL, &claim, NULL, &result, NULL), HF_OK);
	const struct hf_outbox_complete_args complete = {
	    .queue = hf_str(queue), .id = hf_str(id), .token = result.token};
	assert_int_equal(hf_outbox_complete(store, NULL, &complete, NULL, NULL), HF_OK);
}

static inline void advance(hf_store *store, int64_t sequence)
{
	const struct hf_cursor_advance_args args = {
	    .key = {.consumer = hf_str("mailer"), .stream = hf_str("events")},
	    .sequence = sequence,
	    .delivery_id = hf_str("d")};
	assert_int_equal(hf_cursor_advance(store, NULL, &args, NULL, NULL), HF_OK);
}

static inline void save(hf_store *store, const char *user, const char *thread)
{
	const struct hf_inbox_input record = {.thread = hf_str(thread),
	                                      .payload = hf_str("hello"),
	                                      .unread = true,
	                                      .updated_at = HF_UNSET};
	const struct hf_inbox_save_args args = {
	    .user = hf_str(user), .records = &record, .count = 1, .generated_at = NOW};
	assert_int_equal(hf_inbox_save(store, NULL, &args, NULL, NULL), HF_OK);
}

static inline void fill(hf_store *store)
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

static inline int set_up(void **state)
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

static inline int tear_down(void **state)
{
	struct fixture *f = *state;
	sim_free(f->sim);
	free(f);
	return 0;
}

/* The entry whose description contains all of `words`; the first one. */
static inline const struct place *place_of(const struct fixture *f, const char *verb,
                                           const char *name)
{
	for (size_t i = 0; i < f->count; i++)
		if (strstr(f->places[i].text, verb) && strstr(f->places[i].text, name))
			return &f->places[i];
	fail_msg("no entry %s %s", verb, name);
	return NULL;
}

static inline const char *file_of(uint32_t segment)
{
	static char name[HF__NAME_MAX];
	hf__segment_name(segment, name);
	return name;
}

static inline void flip(struct fixture *f, const char *file, uint64_t byte)
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

static inline void note_finding(void *ctx, const struct hf_fsck_finding *finding)
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
static inline struct said *check(struct sim *sim)
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

static inline void show(const struct said *said)
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

static inline void expect(const struct said *said, size_t at, struct expected e)
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

static inline void expect_verdict(const struct said *said, int verdict, size_t findings)
{
	if (said->rc != verdict || said->count != findings) {
		show(said);
		fail_msg("%s with %zu findings instead of %s with %zu (%s)", hf_code_name(said->rc),
		         said->count, hf_code_name(verdict), findings, said->error.text);
	}
}

static inline void back(struct fixture *f)
{
	(void)sim_rollback(f->sim);
}

/* Every test begins with the whole store. */
static inline int begin(void **state)
{
	struct fixture *f = *state;
	sim_clear_faults(f->sim);
	back(f);
	return 0;
}

/* --- Segments --------------------------------------------------------------------------------- */

static inline hf_lsn first_of(const struct fixture *f, uint32_t segment)
{
	for (size_t i = 0; i < f->count; i++)
		if (f->places[i].segment == segment)
			return f->places[i].lsn;
	fail_msg("no entry in segment %u", segment);
	return 0;
}

static inline uint32_t last_segment(const struct fixture *f)
{
	return f->places[f->count - 1].segment;
}

static inline hf_lsn last_of(const struct fixture *f, uint32_t segment)
{
	return segment == last_segment(f) ? f->places[f->count - 1].lsn : first_of(f, segment + 1) - 1;
}

#endif
