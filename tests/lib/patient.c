/* See patient.h. */
#include "lib/patient.h"

#include "base/hash.h"
#include "lib/crash/crash_play.h"
#include "lib/test.h"
#include "store/follow/follow.h"

#define NOW 1000000000

static const struct hf_cursor_key key = {{"c", 1}, {"s", 1}, {NULL, 0}};

static void expect_ok(const struct patient *p, int rc, const char *what)
{
	if (rc != HF_OK)
		fail_msg("%s: %s: %s", what, hf_code_name(rc), p->error.text);
}

static void learn_id(struct patient *p)
{
	uint8_t bytes[HF__IDENTITY_SIZE];
	struct hf__identity identity;
	assert_true(sim_read_file(p->sim, HF__NAME_IDENTITY, 0, bytes, sizeof bytes));
	assert_int_equal(hf__identity_decode(bytes, sizeof bytes, &identity), HF_OK);
	memcpy(p->id.uuid, identity.uuid, sizeof p->id.uuid);
	p->id.epoch = identity.epoch;
	p->id.seed = hf__seed_base(identity.uuid, identity.epoch);
}

struct patient *patient_new(struct sim_profile profile, uint32_t pad)
{
	struct patient *p = calloc(1, sizeof *p);
	assert_non_null(p);
	p->sim = sim_new(profile, 1);
	sim_set_now(p->sim, NOW);
	p->options = (struct hf_options){
	    .create = true, .no_background = true, .pad = pad, .segment_size = 16u << 10};
	patient_reopen(p);
	p->options.create = false;
	learn_id(p);
	return p;
}

void patient_free(struct patient *p)
{
	if (p->store)
		patient_kill(p);
	sim_free(p->sim);
	free(p);
}

int patient_open(struct patient *p)
{
	return hf__store_open(sim_os(p->sim), hf__all_domains(), &p->options, &p->store, &p->error);
}

void patient_reopen(struct patient *p)
{
	expect_ok(p, patient_open(p), "open");
}

void patient_close(struct patient *p)
{
	const int rc = hf_close(p->store, &p->error);
	p->store = NULL;
	expect_ok(p, rc, "close");
}

void patient_close_failed(struct patient *p)
{
	assert_int_equal(hf_close(p->store, &p->error), HF_EFAILED);
	p->store = NULL;
}

void patient_kill(struct patient *p)
{
	play_kill(p->sim, p->store);
	p->store = NULL;
}

struct hf_info patient_info(struct patient *p)
{
	struct hf_info info = {0};
	expect_ok(p, hf_get_info(p->store, &info, &p->error), "info");
	return info;
}

int patient_put(struct patient *p)
{
	const struct hf_cursor_advance_args args = {
	    .key = key, .sequence = (int64_t)p->puts + 1, .delivery_id = hf_str("delivery")};
	const int rc = hf_cursor_advance(p->store, NULL, &args, &p->result, &p->error);
	if (rc != HF_OK)
		return rc;
	assert_true(p->puts < PATIENT_PUTS);
	const struct hf_info info = patient_info(p);
	const struct hf__position end = {info.segment, info.segment_offset};
	const bool same = p->puts > 0 && p->end[p->puts - 1].segment == end.segment;
	p->begin[p->puts] =
	    same ? p->end[p->puts - 1] : (struct hf__position){end.segment, HF__SEGMENT_HEADER_SIZE};
	p->end[p->puts] = end;
	p->lsn[p->puts++] = p->result.version;
	return HF_OK;
}

void patient_puts(struct patient *p, size_t count)
{
	for (size_t i = 0; i < count; i++)
		expect_ok(p, patient_put(p), "put");
}

void patient_rotate(struct patient *p)
{
	if (p->puts == 0)
		patient_puts(p, 1); /* into the first one */
	const uint32_t segment = patient_info(p).segment;
	while (patient_info(p).segment == segment)
		patient_puts(p, 1);
}

uint64_t patient_sequence(struct patient *p)
{
	struct hf_cursor_got got = {0};
	const int rc = hf_cursor_get(p->store, &key, HF_READ_UNDURABLE, &got, &p->error);
	const uint64_t sequence = rc == HF_OK ? (uint64_t)got.cursor.last_sequence : 0;
	hf_release(got.memory);
	if (rc != HF_ENOTFOUND)
		expect_ok(p, rc, "get");
	return sequence;
}

/* A read-only handle on a store without a writer says what an opening says, and changes nothing. */
static int look(struct patient *p, struct hf_error *error, uint64_t *count)
{
	const uint64_t before = sim_hash(p->sim);
	hf_store *store = NULL;
	const int rc =
	    hf__store_open_read(sim_opener(p->sim, 1), hf__all_domains(), NULL, &store, error);
	if (rc == HF_OK) {
		struct patient seen = {.store = store};
		*count = patient_sequence(&seen);
		expect_ok(p, hf__state_verify(store, &p->error), "verify");
		assert_int_equal(hf_close(store, NULL), HF_OK);
	}
	assert_true(sim_hash(p->sim) == before);
	return rc;
}

void patient_has(struct patient *p, uint64_t count)
{
	if (!p->store) {
		uint64_t seen = 0;
		struct hf_error error = {0};
		const int rc = look(p, &error, &seen);
		if (rc != HF_OK)
			fail_msg("a read-only opening gave %s (%s)", hf_code_name(rc), error.text);
		assert_int_equal(seen, count);
		patient_reopen(p);
	}
	assert_int_equal(patient_sequence(p), count);
	expect_ok(p, hf__state_verify(p->store, &p->error), "verify");
}

void patient_refused(struct patient *p, int code)
{
	const uint64_t before = sim_hash(p->sim);
	for (int i = 0; i < 2; i++) {
		p->error = (struct hf_error){0};
		const int rc = patient_open(p);
		if (rc != code)
			fail_msg("opening gave %s (%s), not %s", hf_code_name(rc), p->error.text,
			         hf_code_name(code));
		assert_null(p->store);
		assert_int_equal(p->error.code, code);
		assert_true(p->error.text[0] != '\0');
		assert_true(sim_hash(p->sim) == before);
	}
	struct hf_error error = {0};
	uint64_t seen;
	const int rc = look(p, &error, &seen);
	if (rc != code || strcmp(error.file, p->error.file) != 0 || error.offset != p->error.offset)
		fail_msg("a read-only opening gave %s (%s, %s at %llu), not %s (%s, %s at %llu)",
		         hf_code_name(rc), error.text, error.file, (unsigned long long)error.offset,
		         hf_code_name(code), p->error.text, p->error.file,
		         (unsigned long long)p->error.offset);
}

void patient_recovers(struct patient *p, uint64_t count)
{
	patient_has(p, count);
	p->puts = count;
	patient_puts(p, 1);
	patient_has(p, count + 1);
}

void patient_no_witness(struct patient *p)
{
	uint8_t torn[HF__WITNESS_SIZE];
	memset(torn, 0x5a, sizeof torn);
	sim_write_file(p->sim, HF__NAME_WITNESS, 0, torn, sizeof torn);
}

struct hf__segment_header patient_header(struct patient *p, uint32_t segment)
{
	uint8_t bytes[HF__SEGMENT_HEADER_SIZE];
	char name[HF__NAME_MAX];
	struct hf__segment_header header;
	hf__segment_name(segment, name);
	assert_true(sim_read_file(p->sim, name, 0, bytes, sizeof bytes));
	assert_int_equal(hf__segment_header_decode(&p->id, bytes, sizeof bytes, &header), HF_OK);
	return header;
}

void patient_set_header(struct patient *p, const struct hf__segment_header *header)
{
	uint8_t bytes[HF__SEGMENT_HEADER_SIZE];
	char name[HF__NAME_MAX];
	hf__segment_name(header->number, name);
	hf__segment_header_encode(&p->id, header, bytes);
	sim_write_file(p->sim, name, 0, bytes, sizeof bytes);
}

void patient_zero(struct patient *p, uint32_t segment, uint64_t at, size_t len)
{
	static const uint8_t zeros[4096];
	char name[HF__NAME_MAX];
	hf__segment_name(segment, name);
	assert_true(len <= sizeof zeros);
	sim_write_file(p->sim, name, at, zeros, len);
}

void patient_flip(struct patient *p, uint32_t segment, uint64_t at)
{
	char name[HF__NAME_MAX];
	hf__segment_name(segment, name);
	assert_true(sim_flip_bit(p->sim, name, at * 8 + 3));
}

void patient_flip_put(struct patient *p, size_t put)
{
	patient_flip(p, p->begin[put].segment, (p->begin[put].offset + p->end[put].offset) / 2);
}
