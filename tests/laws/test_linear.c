/* tier: fast */
/* The checker of histories itself, on a register whose histories can be judged by eye and,
 * random ones, by trying every order. */
#include "lib/history/linear.h"
#include "lib/rng.h"
#include "lib/test.h"

/* write(value), or read that gave value. */
struct access {
	bool write;
	uint64_t value;
};

static bool step(void *state, const struct linear_op *op)
{
	const struct access *access = op->what;
	uint64_t held;
	memcpy(&held, state, sizeof held);
	if (!access->write)
		return held == access->value;
	memcpy(state, &access->value, sizeof held);
	return true;
}

static const struct linear_model cell = {sizeof(uint64_t), step};
static const struct access write1 = {true, 1}, write2 = {true, 2}, read0 = {false, 0},
                           read1 = {false, 1}, read2 = {false, 2};

static enum linear_verdict judge(const struct linear_op *ops, size_t count)
{
	const uint64_t zero = 0;
	size_t stuck = 0;
	return linear_check(&cell, &zero, ops, count, &stuck);
}

static void one_after_the_other_must_agree(void **state)
{
	(void)state;
	const struct linear_op good[] = {
	    {1, 2, false, &read0}, {3, 4, false, &write1}, {5, 6, false, &read1}};
	const struct linear_op bad[] = {{1, 2, false, &write1}, {3, 4, false, &read0}};
	assert_int_equal(judge(good, 3), LINEAR_YES);
	assert_int_equal(judge(bad, 2), LINEAR_NO);
	assert_int_equal(judge(good, 0), LINEAR_YES);
}

static void what_overlaps_may_come_in_either_order(void **state)
{
	(void)state;
	const struct linear_op before[] = {{1, 4, false, &write1}, {2, 3, false, &read0}};
	const struct linear_op after[] = {{1, 4, false, &write1}, {2, 3, false, &read1}};
	/* The two readers overlap with the writer, but not with each other: new before old is no
	 * order. */
	const struct linear_op back[] = {
	    {1, 8, false, &write1}, {2, 3, false, &read1}, {4, 5, false, &read0}};
	assert_int_equal(judge(before, 2), LINEAR_YES);
	assert_int_equal(judge(after, 2), LINEAR_YES);
	assert_int_equal(judge(back, 3), LINEAR_NO);
}

static void what_is_unsure_happened_or_did_not(void **state)
{
	(void)state;
	const struct linear_op did[] = {{1, 2, true, &write1}, {3, 4, false, &read1}};
	const struct linear_op did_not[] = {{1, 2, true, &write1}, {3, 4, false, &read0}};
	/* Once it has been seen not to have happened it does not happen any more. */
	const struct linear_op late[] = {
	    {1, 2, true, &write1}, {3, 4, false, &read0}, {5, 6, false, &read1}};
	const struct linear_op during[] = {
	    {1, 9, true, &write1}, {3, 4, false, &read0}, {5, 6, false, &read1}};
	assert_int_equal(judge(did, 2), LINEAR_YES);
	assert_int_equal(judge(did_not, 2), LINEAR_YES);
	assert_int_equal(judge(late, 3), LINEAR_NO);
	assert_int_equal(judge(during, 3), LINEAR_YES);
}

static void the_operation_that_cannot_be_explained_is_named(void **state)
{
	(void)state;
	const uint64_t zero = 0;
	size_t stuck = 9;
	const struct linear_op ops[] = {{1, 2, false, &write1},
	                                {3, 4, false, &read1},
	                                {5, 6, false, &read2},
	                                {7, 8, false, &write2},
	                                {9, 10, false, &read2}};
	assert_int_equal(linear_check(&cell, &zero, ops, 5, &stuck), LINEAR_NO);
	assert_int_equal(stuck, 2);
}

/* --- Against trying every order --------------------------------------------------------------- */

enum { FEW = 6, HISTORIES = 4000 };

/* Every order of the operations not in `done`, unsure ones left out or not. */
static bool try_all(const struct linear_op *ops, size_t count, unsigned done, uint64_t held)
{
	bool over = true;
	for (size_t i = 0; i < count; i++) {
		uint64_t next = held;
		bool may = !(done >> i & 1);
		over = over && (!may || ops[i].unsure);
		for (size_t j = 0; j < count && may; j++)
			may = (done >> j & 1) || ops[j].unsure || ops[j].answered > ops[i].asked;
		if (!may || !step(&next, &ops[i]))
			continue;
		unsigned then = done | 1u << i;
		for (size_t j = 0; j < count; j++)
			then |= ops[j].unsure && ops[j].answered < ops[i].asked ? 1u << j : 0;
		if (try_all(ops, count, then, next))
			return true;
	}
	return over;
}

static void random_histories_are_judged_as_by_trying_every_order(void **state)
{
	struct hf_rng rng = hf_rng_for("linear");
	unsigned yes = 0;
	(void)state;
	for (unsigned round = 0; round < HISTORIES; round++) {
		struct linear_op ops[FEW];
		struct access accesses[FEW];
		uint64_t instants[2 * FEW];
		for (size_t i = 0; i < 2 * FEW; i++) {
			const size_t j = (size_t)hf_rng_below(&rng, i + 1);
			instants[i] = instants[j];
			instants[j] = i + 1;
		}
		for (size_t i = 0; i < FEW; i++) {
			const uint64_t a = instants[2 * i], b = instants[2 * i + 1];
			accesses[i] = (struct access){hf_rng_below(&rng, 2) == 0, hf_rng_below(&rng, 3)};
			ops[i] = (struct linear_op){a < b ? a : b, a < b ? b : a, hf_rng_below(&rng, 4) == 0,
			                            &accesses[i]};
		}
		const bool expected = try_all(ops, FEW, 0, 0);
		assert_int_equal(judge(ops, FEW), expected ? LINEAR_YES : LINEAR_NO);
		yes += expected;
	}
	/* else it would not tell much */
	assert_in_range(yes, HISTORIES / 20, HISTORIES - HISTORIES / 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(one_after_the_other_must_agree),
	    cmocka_unit_test(what_overlaps_may_come_in_either_order),
	    cmocka_unit_test(what_is_unsure_happened_or_did_not),
	    cmocka_unit_test(the_operation_that_cannot_be_explained_is_named),
	    cmocka_unit_test(random_histories_are_judged_as_by_trying_every_order),
	};
	return cmocka_run_group_tests_name("linear", tests, NULL, NULL);
}
