/* tier: fast */
/* What a newer version wrote is no damage: an entry whose checksums hold and whose domain, kind,
 * body version or cause is not known answers HF_EVERSION to a reader that needs it, and is
 * passed over where it says that it may be. For each domain. */
#include "base/hash.h"
#include "holdfast/holdfast.h"
#include "lib/log_build.h"
#include "lib/sim/sim_os.h"
#include "lib/test.h"
#include "log/identity.h"
#include "log/segment.h"
#include "log/witness.h"
#include "store/check/readonly.h"
#include "store/internal.h"

enum {
	GROUP = 512,
	ENTRY = GROUP + 112,
	BODY = ENTRY + 32,
	ENTRY_KIND = 5,
	SIZE = 16 << 10,
	VERSION = 0
};

/* --- One entry of each domain ----------------------------------------------------------------- */

static int inbox(hf_store *s)
{
	const struct hf_inbox_input record = {.thread = hf_str("t"), .payload = hf_str("p")};
	return hf_inbox_save(
	    s, NULL, &(struct hf_inbox_save_args){.user = hf_str("u"), .records = &record, .count = 1},
	    NULL, NULL);
}

static int cursor(hf_store *s)
{
	return hf_cursor_advance(
	    s, NULL,
	    &(struct hf_cursor_advance_args){.key = {.consumer = hf_str("c"), .stream = hf_str("s")},
	                                     .sequence = 5},
	    NULL, NULL);
}

static int outbox(hf_store *s)
{
	return hf_outbox_enqueue(s, NULL,
	                         &(struct hf_outbox_enqueue_args){
	                             .queue = hf_str("q"), .id = hf_str("i"), .payload = hf_str("p")},
	                         NULL, NULL);
}

static int idempotency(hf_store *s)
{
	struct hf_idempotency_begun begun = {0};
	return hf_idempotency_begin(
	    s, NULL,
	    &(struct hf_idempotency_begin_args){.key = {.scope = hf_str("s"), .key = hf_str("k")}},
	    &begun, NULL, NULL);
}

static int document(hf_store *s)
{
	return hf_document_put(
	    s, NULL,
	    &(struct hf_document_put_args){.key = {.collection = hf_str("c"), .id = hf_str("d")},
	                                   .payload = hf_str("p")},
	    NULL, NULL);
}

static int timeline(hf_store *s)
{
	return hf_timeline_append(
	    s, NULL,
	    &(struct hf_timeline_append_args){.key = {.timeline = hf_str("t"), .id = hf_str("e")},
	                                      .type = hf_str("x"),
	                                      .payload = hf_str("p")},
	    NULL, NULL);
}

static int lock(hf_store *s)
{
	return hf_lock_acquire(
	    s, NULL, &(struct hf_lock_acquire_args){.name = hf_str("l"), .owner = hf_str("o")}, NULL,
	    NULL);
}

static int migration(hf_store *s)
{
	return hf_migration_record(s, NULL, &(struct hf_migration_record_args){.name = hf_str("m")},
	                           NULL, NULL);
}

/* cause_at: where in the body the cause stands. */
static const struct domain {
	const char *name;
	int (*write)(hf_store *s);
	size_t cause_at;
} domains[] = {
    {"inbox", inbox, 1},       {"cursor", cursor, 1},
    {"outbox", outbox, 4},     {"idempotency", idempotency, 4},
    {"document", document, 1}, {"timeline", timeline, 1},
    {"lock", lock, 1},         {"migration", migration, 1},
};
enum { DOMAINS = sizeof domains / sizeof domains[0] };

/* --- A store whose only entry is changed, with every checksum right --------------------------- */

static const struct hf_options options = {
    .create = true, .no_background = true, .segment_size = SIZE};

static struct sim *store_with(const struct domain *domain)
{
	struct sim *sim = sim_new(sim_profile_strict(), 1);
	hf_store *store = NULL;
	struct hf_error error;
	assert_int_equal(hf__store_open(sim_os(sim), hf__all_domains(), &options, &store, &error),
	                 HF_OK);
	assert_int_equal(domain->write(store), HF_OK);
	assert_int_equal(hf_close(store, &error), HF_OK);
	return sim;
}

static struct hf__log_id id_of(struct sim *sim)
{
	uint8_t sector[HF__IDENTITY_SIZE];
	struct hf__identity identity;
	assert_true(sim_read_file(sim, "IDENTITY", 0, sector, sizeof sector));
	assert_int_equal(hf__identity_decode(sector, sizeof sector, &identity), HF_OK);
	struct hf__log_id id = {.epoch = identity.epoch,
	                        .seed = hf__seed_base(identity.uuid, identity.epoch)};
	memcpy(id.uuid, identity.uuid, sizeof id.uuid);
	return id;
}

/* The witness names the group's hash. */
static void witness_follows(struct sim *sim, const struct hf__log_id *id, uint64_t hash)
{
	uint8_t file[HF__WITNESS_SIZE];
	struct hf__witness witness;
	assert_true(sim_read_file(sim, "WITNESS", 0, file, sizeof file));
	assert_true(hf__witness_pick(id, file, sizeof file, &witness));
	witness.chain = hash;
	hf__witness_encode(id, &witness, file);
	sim_write_file(sim, "WITNESS", (witness.generation & 1) * HF__WITNESS_SLOT_STEP, file,
	               HF__WITNESS_SLOT_SIZE);
}

static void change(struct sim *sim, size_t at, uint8_t value, bool ignorable)
{
	const struct hf__log_id id = id_of(sim);
	static uint8_t file[SIZE];
	assert_true(sim_read_file(sim, "segment-00000001", 0, file, sizeof file));
	file[at] = value;
	if (at ==
	    /* the body is a byte shorter or longer, as its padding has room: what was padding is
	     * zero, and so is what becomes it */
	    ENTRY)
		file[BODY + value] = 0;
	file[ENTRY + ENTRY_FLAGS] = ignorable ? HF__ENTRY_LAST | HF__ENTRY_IGNORABLE : HF__ENTRY_LAST;
	const size_t len = hf__load_u32(file + ENTRY);
	hf__store_u64(file + ENTRY + ENTRY_BODY_SUM,
	              hf__checksum(file + BODY, len, hf__seed_at(id.seed, 1)));
	log_build_reseal_entry(&id, 1, file + ENTRY);
	log_build_reseal_group(&id, file + GROUP);
	sim_write_file(sim, "segment-00000001", 0, file, sizeof file);
	witness_follows(sim, &id, hf__load_u64(file + GROUP + GROUP_SUM));
}

/* --- Everybody who reads entries -------------------------------------------------------------- */

static void note_finding(void *ctx, const struct hf_fsck_finding *finding)
{
	int *worst = ctx;
	if ((int)finding->severity > *worst)
		*worst = (int)finding->severity;
}

static bool count_entry(void *ctx, const struct hf_log_entry *entry)
{
	(void)entry;
	++*(unsigned *)ctx;
	return true;
}

static int feed_says(struct sim *sim, size_t *given)
{
	hf_feed *feed = NULL;
	struct hf_event_batch batch = {0};
	struct hf_error error;
	assert_int_equal(hf__feed_look(sim_os(sim), hf__all_domains(), 1, &feed, &error), HF_OK);
	int rc = hf_feed_next(feed, 10, 0, &batch, &error);
	rc = rc == HF_ETIMEDOUT ? HF_OK : rc; /* nothing to give */
	*given = batch.count;
	hf_release(batch.memory);
	if (rc == HF_EVERSION) /* and again: nothing is passed over in silence */
		rc = hf_feed_next(feed, 10, 0, &batch, &error);
	hf_feed_close(feed);
	return rc;
}

static void all_say(struct sim *sim, int expected, const char *what, const char *domain)
{
	struct hf_error error = {0};
	struct hf_fsck_summary summary = {0};
	hf_store *store = NULL;
	int worst = -1;
	unsigned entries = 0;
	size_t events = 0;
	const uint64_t before = sim_hash(sim);
	const int checked =
	    hf__fsck(sim_os(sim), hf__all_domains(), NULL, note_finding, &worst, &summary, NULL);
	int logged = hf__log_each(sim_os(sim), hf__all_domains(), 1, 0, count_entry, &entries, NULL);
	int fed = feed_says(sim, &events);
	if (expected == HF_ECORRUPT) /* who only shows entries does not judge their bodies */
		logged = fed = expected;
	assert_true(sim_hash(sim) == before);
	const int opened = hf__store_open(sim_os(sim), hf__all_domains(), &options, &store, &error);
	if (expected != HF_OK)
		assert_true(sim_hash(sim) == before);
	(void)hf_close(store, NULL);
	if (opened != expected || checked != expected || logged != expected || fed != expected)
		fail_msg("%s, %s: open %s, fsck %s, log %s, feed %s", domain, what, hf_code_name(opened),
		         hf_code_name(checked), hf_code_name(logged), hf_code_name(fed));
	assert_int_equal(worst, expected == HF_EVERSION   ? (int)HF_FSCK_NEWER
	                        : expected == HF_ECORRUPT ? (int)HF_FSCK_DAMAGE
	                                                  : -1);
	assert_true(expected == HF_ECORRUPT || (entries == 0 && events == 0));
}

static void changed_says(const struct domain *domain, size_t at, uint8_t value, const char *what)
{
	struct sim *sim = store_with(domain);
	change(sim, at, value, false);
	all_say(sim, HF_EVERSION, what, domain->name);
	change(sim, at, value, true);
	all_say(sim, HF_OK, what, domain->name);
	sim_free(sim);
}

static void an_unknown_domain_is_newer(void **state)
{
	(void)state;
	changed_says(&domains[0], ENTRY + 4, 11, "domain 11");
	changed_says(&domains[0], ENTRY + 4, 9, "domain 9, which is reserved");
	changed_says(&domains[0], ENTRY + 4, 255, "domain 255");
}

static void an_unknown_kind_is_newer_in_every_domain(void **state)
{
	(void)state;
	for (size_t i = 0; i < DOMAINS; i++) {
		changed_says(&domains[i], ENTRY + ENTRY_KIND, 77, "kind 77");
		changed_says(&domains[i], ENTRY + ENTRY_KIND, 255, "kind 255");
	}
}

static void an_unknown_body_version_is_newer_in_every_domain(void **state)
{
	(void)state;
	for (size_t i = 0; i < DOMAINS; i++)
		changed_says(&domains[i], BODY + VERSION, 9, "body version 9");
}

static void an_unknown_cause_is_newer_in_every_domain(void **state)
{
	(void)state;
	for (size_t i = 0; i < DOMAINS; i++)
		changed_says(&domains[i], BODY + domains[i].cause_at, 200, "cause 200");
}

/* Of what is known, a body that no encoder wrote is damage as before: a byte is missing at its
 * end, or one follows. */
static void a_known_body_of_another_length_is_damage(void **state)
{
	(void)state;
	for (size_t i = 0; i < DOMAINS; i++) {
		struct sim *sim = store_with(&domains[i]);
		uint8_t len = 0;
		assert_true(sim_read_file(sim, "segment-00000001", ENTRY, &len, 1));
		change(sim, ENTRY, (uint8_t)(len % 8 == 0 ? len - 1 : len + 1), false);
		all_say(sim, HF_ECORRUPT, "another length", domains[i].name);
		sim_free(sim);
	}
}

/* --- Features --------------------------------------------------------------------------------- */

static void with_masks(struct sim *sim, uint32_t compat, uint32_t ro_compat)
{
	const struct hf__log_id id = id_of(sim);
	struct hf__segment_header header;
	uint8_t sector[512];
	assert_true(sim_read_file(sim, "segment-00000001", 0, sector, sizeof sector));
	assert_int_equal(hf__segment_header_decode(&id, sector, sizeof sector, &header), HF_OK);
	header.compat = compat;
	header.ro_compat = ro_compat;
	hf__segment_header_encode(&id, &header, sector);
	sim_write_file(sim, "segment-00000001", 0, sector, sizeof sector);
}

static void an_unknown_ro_compat_bit_in_a_segment_forbids_writing_only(void **state)
{
	(void)state;
	struct sim *sim = store_with(&domains[1]);
	struct hf_fsck_summary summary = {0};
	struct hf_error error = {0};
	hf_store *store = NULL;
	unsigned entries = 0;
	with_masks(sim, 0, 1u << 7);
	const uint64_t before = sim_hash(sim);
	assert_int_equal(hf__store_open(sim_os(sim), hf__all_domains(), &options, &store, &error),
	                 HF_EVERSION);
	assert_true(sim_hash(sim) == before);
	assert_int_equal(
	    hf__log_each(sim_os(sim), hf__all_domains(), 1, 0, count_entry, &entries, NULL), HF_OK);
	assert_int_equal(entries, 1);
	assert_int_equal(hf__fsck(sim_os(sim), hf__all_domains(), NULL, NULL, NULL, &summary, NULL),
	                 HF_OK);
	sim_free(sim);
}

/* A feature that may be ignored: its segments are written to, and every later header says that
 * it is in force. */
static void a_compat_bit_goes_on_from_segment_to_segment(void **state)
{
	(void)state;
	struct sim *sim = store_with(&domains[1]);
	const struct hf__log_id id = id_of(sim);
	struct hf__segment_header header;
	struct hf_error error = {0};
	hf_store *store = NULL;
	uint8_t sector[512];
	static uint8_t payload[9000];
	with_masks(sim, 1u << 3, 0);
	assert_int_equal(hf__store_open(sim_os(sim), hf__all_domains(), &options, &store, &error),
	                 HF_OK);
	for (unsigned i = 0; i < 2; i++)
		assert_int_equal(
		    hf_document_put(store, NULL,
		                    &(struct hf_document_put_args){
		                        .key = {.collection = hf_str("c"), .id = hf_str(i ? "a" : "b")},
		                        .payload = {payload, sizeof payload}},
		                    NULL, &error),
		    HF_OK);
	assert_int_equal(hf_close(store, &error), HF_OK);
	assert_true(sim_read_file(sim, "segment-00000002", 0, sector, sizeof sector));
	assert_int_equal(hf__segment_header_decode(&id, sector, sizeof sector, &header), HF_OK);
	assert_int_equal(header.compat, 1u << 3);
	sim_free(sim);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_unknown_domain_is_newer),
	    cmocka_unit_test(an_unknown_kind_is_newer_in_every_domain),
	    cmocka_unit_test(an_unknown_body_version_is_newer_in_every_domain),
	    cmocka_unit_test(an_unknown_cause_is_newer_in_every_domain),
	    cmocka_unit_test(a_known_body_of_another_length_is_damage),
	    cmocka_unit_test(an_unknown_ro_compat_bit_in_a_segment_forbids_writing_only),
	    cmocka_unit_test(a_compat_bit_goes_on_from_segment_to_segment),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
