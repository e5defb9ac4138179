/* See op_scene.h. */
#include "lib/operation/op_scene.h"

#include "base/mem.h"
#include "lib/test.h"
#include "store/store.h"

enum { TOGETHER = 8, STEPS_MAX = 2048 };

/* What follows `separator` in the text, which is cut there; NULL: nothing. */
static char *cut(char *text, const char *separator)
{
	char *at = strstr(text, separator);
	if (!at)
		return NULL;
	*at = '\0';
	return at + strlen(separator);
}

static bool begins(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

static bool token_word(void *ctx, const char *word, size_t index, struct op_value *out)
{
	const struct op_scene *scene = ctx;
	if (scene->place && strcmp(word, "place") == 0) {
		out->bytes = hf_str(scene->place);
		return true;
	}
	for (size_t i = scene->count; i-- > 0;)
		if (strcmp(scene->tokens[i].name, word) == 0) {
			out->number = (int64_t)scene->tokens[i].token;
			return true;
		}
	return scene->word && scene->word(scene->ctx, word, index, out);
}

/* --- What was answered ------------------------------------------------------------------------ */

struct wanted {
	const char *name, *value; /* value NULL: not empty */
	bool met;
};

static void compare(void *ctx, const struct hf_api_member *m, struct op_value value)
{
	struct wanted *w = ctx;
	char text[64];
	if (strcmp(m->name, w->name) != 0)
		return;
	if (value.bytes.len > 0)
		(void)snprintf(text, sizeof text, "%.*s", (int)value.bytes.len,
		               (const char *)value.bytes.data);
	else
		(void)snprintf(text, sizeof text, "%lld", (long long)value.number);
	w->met = w->met || (w->value ? strcmp(text, w->value) == 0 : strcmp(text, "0") != 0);
}

static void compare_all(const struct hf_api_call *call, const struct op_answer *answer,
                        const struct hf_result *result, char *wants)
{
	for (char *want = wants; want; want = wants) {
		wants = cut(want, " ");
		struct wanted w = {want, cut(want, "="), false};
		if (call->fills || call->gives)
			op_each_answer(call, answer, compare, &w);
		else
			op_each_result(result, compare, &w);
		if (!w.met)
			fail_msg("%s: the answer has no %s %s", call->name, w.name, w.value ? w.value : "");
	}
}

static void is_empty(void *ctx, const struct hf_api_member *m, struct op_value value)
{
	if (value.bytes.len > 0 || (strcmp(m->name, "count") == 0 && value.number != 0))
		*(bool *)ctx = false;
}

/* --- Steps ------------------------------------------------------------------------------------ */

/* One operation of a step. */
struct slot {
	struct op_args args;
	struct op_answer answer;
	struct hf_result result;
	char *wants, *token;
};

static void nothing(void *ctx)
{
	(void)ctx;
}

static int run_one(struct op_scene *scene, char *words, hf_txn *txn, struct slot *slot)
{
	const struct op_source source = {.word = token_word, .ctx = scene};
	const char undurable[] = "undurable ";
	const bool flag = begins(words, undurable);
	slot->wants = cut(words, " -> ");
	slot->token = cut(words, " => ");
	op_fill(&slot->args, words + (flag ? strlen(undurable) : 0), &source);
	if (slot->args.call->kind == HF_API_WAIT_CALL)
		return hf_lock_with(scene->store, (const void *)slot->args.args, nothing, NULL, NULL);
	if (op_write(&slot->args))
		op_write(&slot->args)->durability = scene->durability;
	return op_run(&slot->args, scene->store, txn, flag ? HF_READ_UNDURABLE : 0, &slot->answer,
	              &slot->result, NULL);
}

/* An operation is over, or its transaction is. */
static void finish(struct op_scene *scene, struct slot *slot, int rc, bool alone)
{
	const struct hf_api_call *call = slot->args.call;
	bool empty = true;
	if (rc == HF_OK && slot->wants)
		compare_all(call, &slot->answer, &slot->result, slot->wants);
	if (rc == HF_OK && slot->token) {
		assert_true(scene->count < sizeof scene->tokens / sizeof *scene->tokens);
		(void)snprintf(scene->tokens[scene->count].name, sizeof scene->tokens[0].name, "%s",
		               slot->token);
		scene->tokens[scene->count++].token = slot->result.token;
	}
	if (alone && rc != HF_OK && call->fills && call->kind != HF_API_WAIT_CALL)
		op_each_answer(call, &slot->answer, is_empty, &empty);
	assert_true(empty);
	op_release(call, &slot->answer);
}

static int add_all(struct op_scene *scene, char *words, hf_txn *txn, struct slot *slots,
                   size_t *count)
{
	int rc = HF_OK;
	for (*count = 0; words && rc == HF_OK; ++*count) {
		char *rest = cut(words, " ; ");
		assert_true(*count < TOGETHER);
		rc = run_one(scene, words, txn, &slots[*count]);
		words = rest;
	}
	return rc;
}

static int transaction(struct op_scene *scene, char *words)
{
	struct slot slots[TOGETHER] = {0};
	size_t count = 0;
	hf_txn *txn;
	int rc = hf_txn_begin(scene->store, &txn, NULL);
	if (rc != HF_OK)
		return rc;
	rc = add_all(scene, words, txn, slots, &count);
	if (rc == HF_OK)
		rc = hf_txn_commit(txn, HF_DURABLE, NULL);
	else
		hf_txn_abandon(txn);
	for (size_t i = 0; i < count; i++)
		finish(scene, &slots[i], rc, false);
	return rc;
}

static int run_step(struct op_scene *scene, char *words)
{
	struct slot slot = {0};
	if (begins(words, "time ")) {
		stage_at(scene->stage, STAGE_NOW + strtoll(words + strlen("time "), NULL, 10) * 1000000);
		return HF_OK;
	}
	if (strcmp(words, "settle") == 0)
		return hf_maintain(scene->store, 0, NULL);
	for (const struct op_special *one = scene->specials; one && one->name; one++)
		if (strcmp(words, one->name) == 0)
			return one->run(scene);
	if (strstr(words, " ; ") || strstr(words, "_guard"))
		return transaction(scene, words);
	const int rc = run_one(scene, words, NULL, &slot);
	finish(scene, &slot, rc, true);
	return rc;
}

/* Adds the last step to the transaction, if there is one. Its answers are filled when that is
 * committed, so `slots` must live until then. */
static int run_steps(struct op_scene *scene, const char *steps, hf_txn *txn,
                     struct slot slots[TOGETHER], size_t *count)
{
	char text[STEPS_MAX], *words = text;
	int rc = HF_OK;
	assert_true(strlen(steps) < sizeof text);
	memcpy(text, steps, strlen(steps) + 1);
	while (words && rc == HF_OK) {
		char *rest = cut(words, " & ");
		rc = rest || !txn ? run_step(scene, words) : add_all(scene, words, txn, slots, count);
		words = rest;
	}
	return rc;
}

int op_scene_do(struct op_scene *scene, const char *steps)
{
	return run_steps(scene, steps, NULL, NULL, NULL);
}

void op_scene_open(struct op_scene *scene, const char *arrangement)
{
	*scene = (struct op_scene){.stage = stage_open(SETTING_LIVE)};
	scene->store = scene->stage->store;
	assert_int_equal(op_scene_do(scene, arrangement), HF_OK);
}

/* --- Out of memory ---------------------------------------------------------------------------- */

struct veto {
	unsigned at; /* the number of the allocation that fails */
	unsigned asked;
};

static bool veto_one(void *ctx, size_t size)
{
	struct veto *veto = ctx;
	(void)size;
	return veto->asked++ == veto->at;
}

/* Runs the operation with allocation number `at` failing. true: it makes no more of them. */
static bool run_with(const char *arrangement, const struct op_special *specials,
                     const struct memory_case *one, unsigned at, unsigned *refused)
{
	struct op_scene scene;
	struct veto veto = {.at = at};
	op_scene_open(&scene, arrangement);
	scene.specials = specials;
	struct hf__writer before = stage_dump(scene.stage);
	hf__mem_set_veto(veto_one, &veto);
	const int rc = op_scene_do(&scene, one->steps);
	hf__mem_set_veto(NULL, NULL);
	if (rc == HF_ENOMEM) {
		struct hf__writer after = stage_dump(scene.stage);
		stage_verify(scene.stage);
		if (!hf__bytes_equal(hf_bytes_of(before.data, before.len),
		                     hf_bytes_of(after.data, after.len)))
			fail_msg("%s, allocation %u: refused, and yet something changed", one->name, at);
		hf__writer_deinit(&after);
		++*refused;
		if (op_scene_do(&scene, one->steps) != HF_OK)
			fail_msg("%s, allocation %u: does not work afterwards", one->name, at);
	} else if (rc != HF_OK) {
		fail_msg("%s, allocation %u: %s", one->name, at, hf_code_name(rc));
	}
	hf__writer_deinit(&before);
	stage_close(scene.stage);
	return veto.asked <= at;
}

void memory_sweep(const char *arrangement, const struct op_special *specials,
                  const struct memory_case *cases, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		unsigned at = 0, refused = 0;
		while (!run_with(arrangement, specials, &cases[i], at, &refused))
			assert_true(++at < 200);
		if (refused < cases[i].allocations)
			fail_msg("%s: refused %u times, not %u", cases[i].name, refused, cases[i].allocations);
	}
}

/* --- What waits for what ---------------------------------------------------------------------- */

static hf_lsn durable_lsn(hf_store *store)
{
	struct hf_info info = {0};
	assert_int_equal(hf_get_info(store, &info, NULL), HF_OK);
	return info.durable_lsn;
}

void depends_check(const char *arrangement, const struct depends_case *cases, size_t count)
{
	for (const struct depends_case *one = cases; one < cases + count; one++) {
		struct op_scene scene;
		struct hf__ticket ticket;
		struct slot slots[TOGETHER] = {0};
		size_t changes = 0;
		hf_txn *txn;
		op_scene_open(&scene, arrangement);
		assert_int_equal(hf_txn_begin(scene.store, &txn, NULL), HF_OK);
		if (run_steps(&scene, one->change, txn, slots, &changes) != HF_OK)
			fail_msg("%s: its change is refused", one->name);
		assert_int_equal(hf__submit(scene.store, txn, HF_DURABLE, &ticket, NULL), HF_OK);
		for (size_t i = 0; i < changes; i++)
			op_release(slots[i].args.call, &slots[i].answer);
		assert_true(ticket.due > 0 && durable_lsn(scene.store) < ticket.due);
		const int rc = op_scene_do(&scene, one->answer);
		if (rc != one->code)
			fail_msg("%s: %s", one->name, hf_code_name(rc));
		if ((durable_lsn(scene.store) >= ticket.due) != one->waits)
			fail_msg("%s: %s", one->name, one->waits ? "did not wait" : "waited");
		/* It would have been waited for in any case had the answer written anything. */
		assert_int_equal(hf_sync(scene.store, NULL), HF_OK);
		if (durable_lsn(scene.store) != ticket.due)
			fail_msg("%s: it wrote something", one->name);
		stage_close(scene.stage);
	}
}
