/* tier: medium */
/* 1,000 histories of 200 acts each by 8 threads, with kills, power losses and failed syncs in
 * between: each must be explained by some order of its acts (lib/history/linear.h) under a model
 * that knows nothing of the engine (lib/history/history_model.c). */
#include "lib/history/history.h"
#include "lib/rng.h"
#include "lib/test.h"

enum { HISTORIES = 1000 };

static void print_object(const struct history *history, unsigned object)
{
	char line[300];
	for (uint64_t instant = 1, seen = 0; seen < history->count && instant < 100000; instant++) {
		for (size_t i = 0; i < history->count; i++) {
			const struct act *act = &history->acts[i];
			if (act->asked != instant)
				continue;
			seen++;
			if (act->name > ACT_TIME && act->object != object)
				continue;
			history_describe(act, line, sizeof line);
			printf("%s\n", line);
		}
	}
}

static void expect_explained(const struct history *history, uint64_t seed)
{
	unsigned object = 0;
	const struct act *act = NULL;
	char line[300] = "";
	if (history->trouble != HF_OK)
		fail_msg("history %llu: an act was answered %s", (unsigned long long)seed,
		         hf_code_name(history->trouble));
	const enum linear_verdict verdict = history_judge(history, &object, &act);
	if (verdict == LINEAR_YES)
		return;
	print_object(history, object);
	if (act)
		history_describe(act, line, sizeof line);
	fail_msg("history %llu, object %u: %s; stuck at\n%s", (unsigned long long)seed, object,
	         verdict == LINEAR_NO ? "no order explains it" : "too long to judge", line);
}

/* Acts on the same object of which neither was over when the other began: without them any store
 * would do. */
static size_t overlaps(const struct history *history)
{
	size_t count = 0;
	for (size_t i = 0; i < history->count; i++) {
		const struct act *a = &history->acts[i];
		for (size_t j = i + 1; j < history->count; j++) {
			const struct act *b = &history->acts[j];
			count += a->object == b->object && a->name > ACT_TIME && b->name > ACT_TIME &&
			         a->asked < b->answered && b->asked < a->answered;
		}
	}
	return count;
}

static void every_history_is_explained_by_an_order(void **state)
{
	const uint64_t first = hf_test_seed();
	struct history *history = malloc(sizeof *history);
	unsigned reopenings = 0, failed_syncs = 0, kills = 0, power_losses = 0, unsure = 0;
	unsigned granted = 0, cancelled = 0;
	size_t acts = 0, overlapping = 0;
	(void)state;
	assert_non_null(history);
	for (uint64_t i = 0; i < HISTORIES; i++) {
		history_make(history, first + i);
		expect_explained(history, first + i);
		assert_true(history->count >= HISTORY_ACTS);
		acts += history->count;
		overlapping += overlaps(history);
		reopenings += history->reopenings;
		failed_syncs += history->failed_syncs;
		kills += history->kills;
		power_losses += history->power_losses;
		unsure += history->unsure;
		granted += history->waits_granted;
		cancelled += history->waits_cancelled;
	}
	free(history);
	printf("figure: histories: %d of %zu acts in all, %zu pairs overlap, %u reopenings, %u failed "
	       "syncs, %u kills, %u power losses, %u "
	       "acts unsure, %u waits granted, %u cancelled; 0 unexplained\n",
	       HISTORIES, acts, overlapping, reopenings, failed_syncs, kills, power_losses, unsure,
	       granted, cancelled);
	assert_true(granted > HISTORIES && cancelled > HISTORIES);
	assert_true(overlapping > acts / 4);
	assert_true(failed_syncs > HISTORIES / 10 && kills > HISTORIES / 10 &&
	            power_losses > HISTORIES / 10 && unsure > HISTORIES / 2);
}

/* --- The judge would notice ------------------------------------------------------------------- */

/* Makes one answer of that kind another one; false: there is none to change. */
static bool tamper(struct history *history, enum act_name name, int from, int to)
{
	for (size_t i = 0; i < history->count; i++) {
		struct act *act = &history->acts[i];
		if (act->name != name || act->code != from || act->unsure)
			continue;
		act->code = to;
		return true;
	}
	return false;
}

static void a_wrong_answer_is_noticed(void **state)
{
	static const struct {
		enum act_name name;
		int from, to;
	} wrongs[] = {
	    {ACT_COMPLETE, HF_ESTALE, HF_OK},       {ACT_FAIL, HF_ESTALE, HF_OK},
	    {ACT_CLAIM, HF_ECLAIMED, HF_OK},        {ACT_ACQUIRE, HF_EHELD, HF_OK},
	    {ACT_RELEASE, HF_ESTALE, HF_OK},        {ACT_FINISH, HF_ESTALE, HF_OK},
	    {ACT_ADVANCE, HF_ENONMONOTONIC, HF_OK}, {ACT_RENEW, HF_ESTALE, HF_OK},
	    {ACT_COMPLETE, HF_OK, HF_ESTALE},       {ACT_ACQUIRE, HF_OK, HF_EHELD},
	    {ACT_ADVANCE, HF_OK, HF_ENONMONOTONIC}, {ACT_WORK, HF_ECLAIMED, HF_OK},
	    {ACT_WORK, HF_OK, HF_ECLAIMED},         {ACT_MOVE, HF_OK, HF_EBLOCKED},
	    {ACT_MOVE, HF_EBLOCKED, HF_OK},
	};
	struct history *history = malloc(sizeof *history);
	(void)state;
	assert_non_null(history);
	for (size_t i = 0; i < sizeof wrongs / sizeof wrongs[0]; i++) {
		bool noticed = false;
		for (uint64_t seed = 1; seed < 40 && !noticed; seed++) {
			unsigned object;
			const struct act *act;
			history_make(history, seed);
			noticed = tamper(history, wrongs[i].name, wrongs[i].from, wrongs[i].to) &&
			          history_judge(history, &object, &act) == LINEAR_NO;
		}
		if (!noticed)
			fail_msg("row %zu: nobody notices", i);
	}
	free(history);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_history_is_explained_by_an_order),
	    cmocka_unit_test(a_wrong_answer_is_noticed),
	};
	return cmocka_run_group_tests_name("histories", tests, NULL, NULL);
}
