/* tier: fast */
/* A scrub: what it finds and tells, at which pace it reads, and what it does when it cannot. */
#include <errno.h>

#include "base/mem.h"
#include "scrub_case.h"
#include "store/follow/follow.h"

#define MEBIBYTE (UINT64_C(1) << 20)
#define LARGE (1u << 20) /* segments of several pieces */

/* --- What is found ---------------------------------------------------------------------------- */

static void expect_finding(struct scrub_case *c, const char *name, uint64_t byte, uint64_t nth)
{
	const struct hf_info info = figures(c);
	struct hf_error error;
	if (info.scrub_findings != nth || strcmp(info.scrub_file, name) != 0)
		fail_msg("%s, byte %llu: %llu findings, %s", name, (unsigned long long)byte,
		         (unsigned long long)info.scrub_findings, info.scrub_file);
	assert_int_equal(info.scrub_code, HF_ECORRUPT);
	assert_int_equal(info.fault, 0);
	assert_true(info.scrub_at > 0 && info.scrub_at <= info.clock);
	assert_int_equal(hf_scrub(c->store, 0, NULL, NULL, &error), HF_ECORRUPT);
	assert_string_equal(error.file, name);
	assert_int_equal(error.offset, info.scrub_offset);
	assert_int_equal(figures(c).scrub_findings, nth); /* the same one again */
}

static void flip_in_each_file(uint32_t segment_size, unsigned kinds[3])
{
	struct scrub_case c;
	struct hf_rng rng = hf_rng_for("flips");
	char name[SIM_NAME_MAX + 1];
	uint64_t bytes, found = 0;
	case_open(&c, "flips",
	          (struct hf_options){.segment_size = segment_size,
	                              .scrub_bytes_per_second = 16 * MEBIBYTE,
	                              .scrub_interval_us = 1});
	for (size_t i = 0; cold_file(&c, i, name, &bytes); i++)
		for (unsigned flips = 0; flips < 3; flips++) {
			/* the last byte, and any */
			const uint64_t byte = flips == 0 ? bytes - 1 : hf_rng_below(&rng, bytes);
			const uint64_t bit = byte * 8 + hf_rng_below(&rng, 8);
			assert_true(sim_flip_bit(c.sim, name, bit));
			one_round_more(&c);
			one_round_more(&c); /* the first may have been past it */
			expect_finding(&c, name, byte, ++found);
			assert_true(sim_flip_bit(c.sim, name, bit));
			assert_int_equal(hf_scrub(c.store, 0, NULL, NULL, NULL), HF_OK);
			kinds[name[0] == 'I' ? 0 : name[1] == 'e' ? 1 : 2]++;
		}
	case_close(&c);
}

static void a_flipped_bit_in_a_cold_file_is_found_within_a_round(void **state)
{
	(void)state;
	unsigned kinds[3] = {0}; /* identity, segments, snapshots */
	flip_in_each_file(0, kinds);
	assert_true(kinds[0] == 3 && kinds[1] > 30 && kinds[2] >= 3);
	flip_in_each_file(LARGE, kinds);
	assert_true(kinds[0] == 6 && kinds[2] >= 6);
}

static void a_segment_that_became_shorter_is_damage(void **state)
{
	(void)state;
	struct scrub_case c;
	char name[SIM_NAME_MAX + 1] = "";
	uint64_t bytes;
	case_open(&c, "shorter", (struct hf_options){0});
	for (size_t i = 0; strncmp(name, "segment-", 8) != 0; i++)
		assert_true(cold_file(&c, i, name, &bytes));
	struct hf_error error;
	assert_true(sim_truncate_file(c.sim, name, bytes / 2));
	assert_int_equal(hf_scrub(c.store, 0, NULL, NULL, &error), HF_ECORRUPT);
	assert_string_equal(error.file, name);
	case_close(&c);
}

/* --- What is read ----------------------------------------------------------------------------- */

static void count_cold_read(void *arg, struct sim *sim, uint64_t index, enum sim_call kind,
                            const char *name)
{
	unsigned *reads = arg;
	(void)sim;
	(void)index;
	*reads += kind == SIM_READ && strcmp(name, HF__NAME_WITNESS) != 0;
}

static unsigned reads_in_a_day(struct scrub_case *c)
{
	unsigned reads = 0;
	assert_int_equal(hf_maintain(c->store, 0, NULL), HF_OK);
	sim_observe(c->sim, count_cold_read, &reads);
	for (unsigned i = 0; i < 24 * 60; i++) {
		sim_advance(c->sim, 60000000);
		assert_int_equal(hf_maintain(c->store, 0, NULL), HF_OK);
	}
	sim_observe(c->sim, NULL, NULL);
	return reads;
}

static void nothing_is_read_unless_it_is_asked_for(void **state)
{
	(void)state;
	struct scrub_case c;
	case_open(&c, "off", (struct hf_options){0});
	assert_int_equal(reads_in_a_day(&c), 0);
	assert_int_equal(figures(&c).scrub_bytes, 0);
	case_close(&c);
	case_open(&c, "off", (struct hf_options){.scrub_bytes_per_second = MEBIBYTE});
	assert_true(reads_in_a_day(&c) > 30);
	case_close(&c);
}

/* Every byte up to the ends of the log, and hardly any twice. */
static void a_round_reads_all_of_it_once(void **state)
{
	(void)state;
	struct scrub_case c;
	char name[SIM_NAME_MAX + 1];
	uint64_t bytes, all = 0;
	case_open(&c, "once", (struct hf_options){0});
	for (size_t i = 0; cold_file(&c, i, name, &bytes); i++)
		all += bytes;
	const uint64_t before = sim_bytes_read(c.sim);
	assert_int_equal(hf_scrub(c.store, 0, NULL, NULL, NULL), HF_OK);
	const struct hf_info info = figures(&c);
	assert_int_equal(info.scrub_rounds, 1);
	assert_int_equal(info.scrub_findings, 0);
	assert_true(info.scrub_bytes >= all && info.scrub_bytes < all + all / 4 + PIECE);
	assert_true(sim_bytes_read(c.sim) - before < info.scrub_bytes + 200 * 512);
	case_close(&c);
}

/* I-SCRUB-3. What is read is counted by the disk, and time is what the test says. */
static void the_pace_is_kept(void **state)
{
	(void)state;
	struct scrub_case c;
	struct hf_rng rng = hf_rng_for("pace");
	const uint64_t rate = 32 << 10;
	case_open(&c, "pace", (struct hf_options){.scrub_bytes_per_second = rate});
	const uint64_t read_before = sim_bytes_read(c.sim);
	uint64_t us = 0;
	while (figures(&c).scrub_rounds == 0) {
		const int64_t step =
		    (int64_t)hf_rng_below(&rng, hf_rng_chance(&rng, 1, 10) ? 9000000 : 300000);
		sim_advance(c.sim, step);
		us += (uint64_t)step;
		assert_int_equal(hf_maintain(c.store, 0, NULL), HF_OK);
		const uint64_t allowed = rate * (us + 1000000) / 1000000 + PIECE;
		const struct hf_info info = figures(&c);
		assert_true(info.scrub_bytes <= allowed);
		/* headers of segments are read apart: they are hot */
		assert_true(sim_bytes_read(c.sim) - read_before <= allowed + 200 * 512);
	}
	const uint64_t read = figures(&c).scrub_bytes;
	assert_true(read > 4 * rate);
	assert_true(us / 1000000 <= 2 * read / rate + 10); /* and it gets ahead */
	case_close(&c);
}

static void the_next_round_waits_for_its_time(void **state)
{
	(void)state;
	struct scrub_case c;
	const int64_t hour = INT64_C(3600000000);
	case_open(&c, "interval",
	          (struct hf_options){.scrub_bytes_per_second = MEBIBYTE, .scrub_interval_us = hour});
	one_round_more(&c);
	const uint64_t read = figures(&c).scrub_bytes;
	sim_advance(c.sim, hour / 2);
	for (unsigned i = 0; i < 10; i++)
		assert_int_equal(hf_maintain(c.store, 0, NULL), HF_OK);
	assert_int_equal(figures(&c).scrub_bytes, read);
	sim_advance(c.sim, hour / 2);
	one_round_more(&c);
	assert_true(figures(&c).scrub_bytes >= 2 * read);
	case_close(&c);
	assert_int_equal(hf__store_open(NULL, hf__all_domains(),
	                                &(struct hf_options){.scrub_interval_us = -1}, &c.store, NULL),
	                 HF_EINVAL);
}

struct progress {
	uint64_t done, total;
	unsigned calls;
};

static void take_progress(void *ctx, uint64_t done, uint64_t total)
{
	struct progress *p = ctx;
	assert_true(done >= p->done && done <= total && (p->calls == 0 || total == p->total));
	*p = (struct progress){done, total, p->calls + 1};
}

static void progress_goes_up_to_the_end(void **state)
{
	(void)state;
	struct scrub_case c;
	struct progress p = {0};
	case_open(&c, "progress", (struct hf_options){0});
	assert_int_equal(hf_scrub(c.store, 0, take_progress, &p, NULL), HF_OK);
	assert_true(p.calls > 10 && p.total > 0);
	assert_int_equal(p.done, p.total);
	case_close(&c);
}

/* --- What fails ------------------------------------------------------------------------------- */

static uint64_t fail_each_read(uint32_t segment_size)
{
	struct scrub_case c;
	const unsigned kinds = SIM_READ | SIM_OPEN | SIM_SIZE;
	uint64_t nth = 1, told = 0;
	case_open(&c, "fails", (struct hf_options){.segment_size = segment_size});
	for (bool hit = true; hit; nth++) {
		struct hf_error error = {0};
		sim_add_fault(c.sim, (struct sim_fault){.kinds = kinds, .nth = nth, .error = EIO});
		const int rc = hf_scrub(c.store, 0, NULL, NULL, &error);
		hit = sim_fault_hits(c.sim) > 0;
		sim_clear_faults(c.sim);
		/* sizes that are asked for progress alone are no loss */
		assert_true(rc == HF_EIO || (rc == HF_OK && told == 0) || !hit);
		assert_true(rc != HF_EIO || error.file[0] != '\0');
		told += rc == HF_EIO;
		const struct hf_info info = figures(&c);
		assert_int_equal(info.fault, 0);
		assert_true(rc != HF_EIO || info.scrub_code == HF_EIO);
		assert_int_equal(hf_scrub(c.store, 0, NULL, NULL, NULL), HF_OK);
		if (nth % 8 == 0)
			churn_nudge(&c.churn, c.store);
	}
	case_close(&c);
	return told;
}

static void each_read_that_fails_is_told_and_the_store_goes_on(void **state)
{
	(void)state;
	const uint64_t small = fail_each_read(0), large = fail_each_read(LARGE);
	printf("figure: %llu and %llu failed calls told\n", (unsigned long long)small,
	       (unsigned long long)large);
	assert_true(small > 50 && large > 12);
}

static bool veto(void *ctx, size_t size)
{
	unsigned *left = ctx;
	(void)size;
	return (*left)-- == 0;
}

static void no_memory_is_no_damage(void **state)
{
	(void)state;
	struct scrub_case c;
	unsigned tries = 0;
	case_open(&c, "memory", (struct hf_options){0});
	for (int rc = HF_ENOMEM; rc != HF_OK; tries++) {
		unsigned left = tries;
		hf__mem_set_veto(veto, &left);
		rc = hf_scrub(c.store, 0, NULL, NULL, NULL);
		hf__mem_set_veto(NULL, NULL);
		assert_true(rc == HF_OK || rc == HF_ENOMEM);
	}
	assert_true(tries > 20);
	assert_int_equal(figures(&c).scrub_findings, 0);
	case_close(&c);
}

static void no_descriptor_is_no_damage_and_the_round_goes_on_later(void **state)
{
	(void)state;
	struct scrub_case c;
	struct hf_error error;
	case_open(&c, "descriptors", (struct hf_options){.scrub_bytes_per_second = 16 * MEBIBYTE});
	assert_int_equal(hf_maintain(c.store, 0, NULL), HF_OK);
	sim_add_fault(c.sim, (struct sim_fault){.kinds = SIM_OPEN,
	                                        .name = "segment-00000003",
	                                        .error = EMFILE,
	                                        .persistent = true});
	assert_int_equal(hf_scrub(c.store, 0, NULL, NULL, &error), HF_ENOSPACE);
	sim_advance(c.sim, 5000000);
	for (unsigned i = 0; i < 10; i++)
		assert_int_equal(hf_maintain(c.store, 0, NULL), HF_OK);
	sim_clear_faults(c.sim);
	assert_int_equal(hf_scrub(c.store, 0, NULL, NULL, NULL), HF_OK);
	one_round_more(&c);
	assert_int_equal(figures(&c).scrub_findings, 0);
	case_close(&c);
}

static void a_handle_that_only_reads_refuses(void **state)
{
	(void)state;
	struct scrub_case c;
	hf_store *reader;
	case_open(&c, "reader", (struct hf_options){0});
	assert_int_equal(
	    hf__store_open_read(sim_opener(c.sim, 1), hf__all_domains(), NULL, &reader, NULL), HF_OK);
	assert_int_equal(hf_scrub(reader, 0, NULL, NULL, NULL), HF_EREADONLY);
	assert_int_equal(hf_close(reader, NULL), HF_OK);
	case_close(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_flipped_bit_in_a_cold_file_is_found_within_a_round),
	    cmocka_unit_test(a_segment_that_became_shorter_is_damage),
	    cmocka_unit_test(nothing_is_read_unless_it_is_asked_for),
	    cmocka_unit_test(a_round_reads_all_of_it_once),
	    cmocka_unit_test(the_pace_is_kept),
	    cmocka_unit_test(the_next_round_waits_for_its_time),
	    cmocka_unit_test(progress_goes_up_to_the_end),
	    cmocka_unit_test(each_read_that_fails_is_told_and_the_store_goes_on),
	    cmocka_unit_test(no_memory_is_no_damage),
	    cmocka_unit_test(no_descriptor_is_no_damage_and_the_round_goes_on_later),
	    cmocka_unit_test(a_handle_that_only_reads_refuses),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
