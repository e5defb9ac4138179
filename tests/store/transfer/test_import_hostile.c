/* tier: fast */
/* Files with every checksum right that no export wrote, and files that are none: all are refused,
 * in bounded memory, with nothing made. */
#include "base/mem.h"
#include "store/transfer/import_case.h"

enum { MOST = 4000, MIB = 1 << 20 };

/* --- A file taken apart ----------------------------------------------------------------------- */

struct parts {
	struct hf__snapshot_header header;
	struct hf__entry entries[MOST];
	size_t count;
};

static int keep(void *arg, const struct hf__entry *entry)
{
	struct parts *p = arg;
	assert_true(p->count < MOST);
	uint8_t *body = malloc(entry->body.len + 1);
	assert_non_null(body);
	memcpy(body, entry->body.data, entry->body.len);
	p->entries[p->count] = *entry;
	p->entries[p->count++].body.data = body;
	return 0;
}

static struct parts *take_apart(struct memory_file *file)
{
	struct parts *p = calloc(1, sizeof *p);
	struct hf__snapshot_reader reader;
	assert_non_null(p);
	assert_int_equal(hf__snapshot_open(&reader, memory_source(file), NULL), HF_OK);
	p->header = reader.header;
	assert_int_equal(hf__snapshot_each(&reader, keep, p, NULL), HF_OK);
	hf__snapshot_reader_deinit(&reader);
	return p;
}

static void parts_free(struct parts *p)
{
	for (size_t i = 0; i < p->count; i++)
		free((void *)(uintptr_t)p->entries[i].body.data);
	free(p);
}

/* One payload of 5,000 bytes, if `payload`. */
static struct memory_file put_together(const struct parts *p, bool payload)
{
	static uint8_t bytes[5000];
	struct memory_file file = {0};
	struct hf__snapshot_writer w;
	uint8_t ref[HF__SNAPSHOT_REF_SIZE];
	assert_int_equal(hf__snapshot_begin(&w, &p->header, memory_sink(&file)), HF_OK);
	if (payload)
		assert_int_equal(hf__snapshot_put_payload(&w, hf_bytes_of(bytes, sizeof bytes),
		                                          (struct hf__hash128){0}, ref),
		                 HF_OK);
	for (size_t i = 0; i < p->count; i++)
		assert_int_equal(hf__snapshot_put_entry(&w, &p->entries[i]), HF_OK);
	assert_int_equal(hf__snapshot_end(&w), HF_OK);
	hf__snapshot_writer_deinit(&w);
	return file;
}

static void expect(struct memory_file *file, int want, const char *what, size_t which)
{
	struct sim_parent *parent = sim_parent_new(sim_profile_strict(), 1);
	struct hf_error error;
	const int rc = judge(file, NULL, 0, &error);
	if (rc != want)
		fail_msg("%s %zu: %s instead of %s: %s", what, which, hf_code_name(rc), hf_code_name(want),
		         error.text);
	assert_int_equal(import_into(parent, file, (struct asked){0}, NULL, &error), want);
	assert_int_equal(count_names(parent), want == HF_OK);
	sim_parent_free(parent);
}

static void expect_of(const struct parts *p, int want, const char *what, size_t which)
{
	struct memory_file file = put_together(p, false);
	expect(&file, want, what, which);
	memory_free(&file);
}

struct scene_of_parts {
	struct churn churn;
	struct stage *stage;
	struct parts *parts;
};

static struct scene_of_parts begin(const char *name, unsigned steps)
{
	struct scene_of_parts s;
	s.stage = case_begin(&s.churn, name, 300, steps);
	struct memory_file file = export_of(s.stage->store);
	s.parts = take_apart(&file);
	memory_free(&file);
	expect_of(s.parts, HF_OK, "as it was", 0);
	return s;
}

static void end(struct scene_of_parts *s)
{
	parts_free(s->parts);
	churn_deinit(&s->churn);
	stage_close(s->stage);
}

/* --- Entries ---------------------------------------------------------------------------------- */

static void an_entry_twice_is_refused(void **state)
{
	(void)state;
	struct scene_of_parts s = begin("twice", 150);
	struct parts *p = s.parts;
	for (size_t i = 0; i < p->count; i += 1 + p->count / 60) {
		memmove(&p->entries[i + 1], &p->entries[i], (p->count - i) * sizeof p->entries[0]);
		p->count++;
		expect_of(p, HF_ECORRUPT, "twice", i);
		memmove(&p->entries[i], &p->entries[i + 1], (p->count - i - 1) * sizeof p->entries[0]);
		p->count--;
	}
	end(&s);
}

static void entries_out_of_order_are_refused(void **state)
{
	(void)state;
	struct scene_of_parts s = begin("order", 150);
	struct parts *p = s.parts;
	for (size_t i = 0; i + 1 < p->count; i += 1 + p->count / 60) {
		const struct hf__entry swap = p->entries[i];
		p->entries[i] = p->entries[i + 1];
		p->entries[i + 1] = swap;
		expect_of(p, HF_ECORRUPT, "swapped", i);
		p->entries[i + 1] = p->entries[i];
		p->entries[i] = swap;
	}
	end(&s);
}

static void containers_and_objects_belong_together(void **state)
{
	(void)state;
	struct scene_of_parts s = begin("containers", 150);
	struct parts *p = s.parts;
	unsigned containers = 0;
	for (size_t i = 0; i < p->count; i++) {
		struct hf__entry *e = &p->entries[i];
		if (e->domain == 0 || e->kind != HF__CONTAINER_ENTRY)
			continue;
		containers++;
		const struct hf__entry was = *e;
		e->body = hf_str("no such name"); /* one without objects */
		expect_of(p, HF_ECORRUPT, "named nothing", i);
		*e = was;
		memmove(e, e + 1, (p->count - i - 1) * sizeof *e); /* objects without it */
		p->count--;
		expect_of(p, HF_ECORRUPT, "left out", i);
		memmove(e + 1, e, (p->count - i) * sizeof *e);
		p->count++;
		*e = was;
	}
	assert_true(containers > 5);
	end(&s);
}

static void what_no_version_of_ours_wrote_is_refused(void **state)
{
	(void)state;
	struct scene_of_parts s = begin("unknown", 60);
	struct parts *p = s.parts;
	struct hf__entry *e = &p->entries[p->count / 2];
	const struct hf__entry was = *e;
	e->kind = 200;
	expect_of(p, HF_EVERSION, "a kind", 0);
	*e = was;
	e->domain = 99;
	expect_of(p, HF_EVERSION, "a domain", 0);
	/* May be passed over: what is left has to be a state all the same. */
	e->flags = HF__ENTRY_IGNORABLE;
	p->entries[p->count] = p->entries[p->count - 1];
	*e = was;
	p->entries[p->count].domain = 99;
	p->entries[p->count++].flags = HF__ENTRY_IGNORABLE;
	expect_of(p, HF_OK, "passed over", 0);
	p->count--;
	e->body.len -= e->body.len > 3 ? 3 : e->body.len;
	expect_of(p, HF_ECORRUPT, "cut", 0);
	*e = was;
	end(&s);
}

/* Every bit of a body and every LSN: a state that gives these entries, or none. */
static void changed_bodies_are_another_state_or_none(void **state)
{
	(void)state;
	struct scene_of_parts s = begin("bodies", 120);
	struct parts *p = s.parts;
	struct hf_rng rng = hf_rng_for("bodies");
	unsigned refused = 0, taken = 0;
	for (unsigned round = 0; round < 3000; round++) {
		struct hf__entry *e = &p->entries[hf_rng_below(&rng, p->count)];
		uint8_t *body = (uint8_t *)(uintptr_t)e->body.data;
		const size_t at = (size_t)hf_rng_below(&rng, e->body.len);
		const uint8_t bit = (uint8_t)(1u << hf_rng_below(&rng, 8));
		body[at] ^= bit;
		struct memory_file file = put_together(p, false), again = {0};
		struct hf_error error;
		const int rc = judge(&file, &again, 0, &error);
		assert_true(rc == HF_OK || rc == HF_ECORRUPT || rc == HF_EVERSION);
		refused += rc != HF_OK;
		taken += rc == HF_OK;
		/* what is taken is what is given, entry by entry */
		if (rc == HF_OK)
			assert_true(memory_equal(&file, &again));
		memory_free(&file);
		memory_free(&again);
		body[at] ^= bit;
	}
	assert_true(refused > 100 && taken > 100);
	end(&s);
}

/* --- Header and openings ---------------------------------------------------------------------- */

static void clocks_and_openings_that_cannot_be_are_refused(void **state)
{
	(void)state;
	struct scene_of_parts s = begin("clock", 60);
	struct parts *p = s.parts;
	const struct hf__snapshot_header was = p->header;
	static const int64_t clocks[] = {INT64_MAX, INT64_MIN, INT64_MIN + 1,
	                                 INT64_C(253402300800000000)};
	for (size_t i = 0; i < 4; i++) {
		p->header.clock = clocks[i];
		expect_of(p, HF_ECORRUPT, "clock", i);
	}
	p->header = was;
	p->header.setback = 5;
	expect_of(p, HF_ECORRUPT, "setback", 0);
	p->header = was;
	p->header.clock--; /* before what its opening wrote */
	expect_of(p, HF_ECORRUPT, "opening", 0);
	p->header = was;
	p->header.lsn = HF__LSN_MAX;
	expect_of(p, HF_ETOOBIG, "lsn", 0);
	p->header = was;
	p->header.incompat = 1u << 7;
	expect_of(p, HF_EVERSION, "feature", 0);
	end(&s);
}

/* --- Payloads --------------------------------------------------------------------------------- */

/* Of the only item with a payload in a block. */
static uint8_t *reference_of(struct parts *p)
{
	for (size_t i = 0; i < p->count; i++) {
		uint8_t *at = (uint8_t *)(uintptr_t)p->entries[i].body.data;
		for (size_t n = 0; n + 28 <= p->entries[i].body.len; n++)
			if (hf__load_u32(at + n) == (5000u | HF__SNAPSHOT_REF_BIT))
				return at + n;
	}
	return NULL;
}

static void references_out_of_range_are_refused(void **state)
{
	(void)state;
	static const struct {
		uint32_t len, block, offset;
		int want;
	} cells[] = {
	    {5000, 0, 0, HF_OK},
	    {5000, 1, 0, HF_ECORRUPT},
	    {5000, UINT32_MAX, 0, HF_ECORRUPT},
	    {5000, 0, 4, HF_ECORRUPT},
	    {5000, 0, 8, HF_ECORRUPT},
	    {5000, 0, 16384, HF_ECORRUPT},
	    {5000, 0, UINT32_MAX, HF_ECORRUPT},
	    {5001, 0, 0, HF_ECORRUPT},
	    {HF_PAYLOAD_MAX, 0, 0, HF_ECORRUPT},
	    {256, 0, 0, HF_ECORRUPT},
	    {0, 0, 0, HF_ECORRUPT},
	};
	struct churn churn;
	struct stage *stage = case_begin(&churn, "references", 5000, 0);
	churn_fill(&churn, stage->store, 5000);
	struct memory_file file = export_of(stage->store);
	struct parts *p = take_apart(&file);
	uint8_t *ref = reference_of(p);
	assert_non_null(ref);
	for (size_t i = 0; i < sizeof cells / sizeof *cells; i++) {
		hf__store_u32(ref, cells[i].len | HF__SNAPSHOT_REF_BIT);
		hf__store_u32(ref + 4, cells[i].block);
		hf__store_u32(ref + 8, cells[i].offset);
		struct memory_file forged = put_together(p, true);
		expect(&forged, cells[i].want, "reference", i);
		memory_free(&forged);
	}
	parts_free(p);
	memory_free(&file);
	churn_deinit(&churn);
	stage_close(stage);
}

/* --- Bombs ------------------------------------------------------------------------------------ */

static size_t largest, kept;

static bool count_memory(void *ctx, size_t size)
{
	(void)ctx;
	largest = size > largest ? size : largest;
	kept += size;
	return false;
}

/* Twenty blocks of 36 MiB that zstd makes a few kilobytes of. */
static void a_bomb_is_refused_before_it_takes_memory(void **state)
{
	(void)state;
	struct scene_of_parts s = begin("bomb", 10);
	struct parts *p = s.parts;
	const size_t len = HF__SNAPSHOT_ENTRIES_MAX - HF__SNAPSHOT_ENTRY_HEADER;
	uint8_t *zeros = calloc(1, len);
	assert_non_null(zeros);
	const size_t before = p->count;
	for (unsigned i = 0; i < 20; i++)
		p->entries[p->count++] = (struct hf__entry){.lsn = 1,
		                                            .domain = 99,
		                                            .kind = 1,
		                                            .flags = HF__ENTRY_IGNORABLE,
		                                            .body = hf_bytes_of(zeros, len)};
	struct memory_file file = put_together(p, false);
	assert_true(file.len < MIB);
	struct hf_error error;
	largest = kept = 0;
	hf__mem_set_veto(count_memory, NULL);
	const int rc = judge(&file, NULL, 0, &error);
	hf__mem_set_veto(NULL, NULL);
	assert_int_equal(rc, HF_ETOOBIG);
	assert_true(largest <= HF__SNAPSHOT_ENTRIES_MAX + MIB);
	assert_true(kept <= HF__SNAPSHOT_ENTRIES_MAX + 4 * MIB);
	/* Who wants it may have it. */
	assert_int_equal(judge(&file, NULL, UINT64_MAX, &error), HF_OK);
	memory_free(&file);
	free(zeros);
	p->count = before;
	end(&s);
}

/* --- Bytes ------------------------------------------------------------------------------------ */

static void every_changed_or_missing_byte_is_refused(void **state)
{
	(void)state;
	struct churn churn;
	struct stage *stage = case_begin(&churn, "bytes", 4000, 40);
	struct memory_file file = export_of(stage->store);
	struct hf_error error;
	for (size_t at = 0; at < file.len; at += at < 600 ? 1 : 7) {
		const uint8_t was = file.data[at];
		file.data[at] ^= (uint8_t)(1u << at % 8);
		if (judge(&file, NULL, 0, &error) == HF_OK)
			fail_msg("byte %zu changed, and taken", at);
		file.data[at] = was;
	}
	const size_t len = file.len;
	for (file.len = 0; file.len < len; file.len += file.len < 600 ? 8 : 101)
		assert_int_equal(judge(&file, NULL, 0, &error), HF_ECORRUPT);
	file.len = len;
	memory_write(&file, "more of it", 8);
	expect(&file, HF_ECORRUPT, "more behind it", 0);
	memory_free(&file);
	churn_deinit(&churn);
	stage_close(stage);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_entry_twice_is_refused),
	    cmocka_unit_test(entries_out_of_order_are_refused),
	    cmocka_unit_test(containers_and_objects_belong_together),
	    cmocka_unit_test(what_no_version_of_ours_wrote_is_refused),
	    cmocka_unit_test(changed_bodies_are_another_state_or_none),
	    cmocka_unit_test(clocks_and_openings_that_cannot_be_are_refused),
	    cmocka_unit_test(references_out_of_range_are_refused),
	    cmocka_unit_test(a_bomb_is_refused_before_it_takes_memory),
	    cmocka_unit_test(every_changed_or_missing_byte_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
