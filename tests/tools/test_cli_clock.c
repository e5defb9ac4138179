/* tier: fast */
/* The tool and a store whose clock was ahead of the wall: what is old stays so when it is set
 * back, and what another store imports from it lasts no longer than it did. */
#include <errno.h>
#include <time.h>

#include "base/mem.h"
#include "holdfast/holdfast.h"
#include "lib/remove_tree.h"
#include "lib/test.h"
#include "lib/tools/tool.h"
#include "os/os.h"
#include "store/store.h"

#define STORE "clock-ahead"
#define COPY "clock-copy"
#define MINUTE INT64_C(60000000)
#define HOUR (60 * MINUTE)
#define YEAR (8766 * HOUR)
#define NAMED (INT64_C(4102444800) * 1000000) /* 2100 */

static struct hf_error error;
static int64_t ahead;

#define OK(call) \
	do { \
		if ((call) != HF_OK) \
			fail_msg("%s: %s", #call, error.text); \
	} while (0)

/* --- A store whose wall clock is ahead -------------------------------------------------------- */

static int64_t wall(void)
{
	struct timespec now;
	(void)clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static int64_t wall_ahead(void *ctx)
{
	(void)ctx;
	return wall() + ahead;
}

static void release_os(struct hf__os *os)
{
	hf__os_posix_free(os);
	hf__free(os);
}

static hf_store *open_ahead(const char *path, int64_t by)
{
	const struct hf_options options = {
	    .create = true, .no_background = true, .allow_unsafe_fs = true};
	struct hf__os *os = hf__alloc(sizeof *os);
	hf_store *store;
	assert_int_equal(hf__os_posix_new(path, true, os), 0);
	ahead = by;
	os->now = wall_ahead;
	OK(hf__store_open(os, hf__all_domains(), &options, &store, &error));
	hf__store_own_os(store, os, release_os);
	return store;
}

static hf_store *open_as_it_is(const char *path)
{
	const struct hf_options options = {.no_background = true, .allow_unsafe_fs = true};
	hf_store *store;
	OK(hf_open(path, &options, &store, &error));
	return store;
}

static hf_token claim(hf_store *s, const char *id)
{
	struct hf_result result = {0};
	const struct hf_outbox_enqueue_args enqueue = {.queue = hf_str("q"), .id = hf_str(id)};
	const struct hf_outbox_claim_args args = {
	    .queue = hf_str("q"), .id = hf_str(id), .owner = hf_str("w"), .lease_us = 10 * HOUR};
	OK(hf_outbox_enqueue(s, NULL, &enqueue, NULL, &error));
	OK(hf_outbox_claim(s, NULL, &args, NULL, &result, &error));
	return result.token;
}

/* Everything that ends: computed in two hours, or named. */
static void fill(hf_store *s)
{
	const struct hf_lock_acquire_args lock = {
	    .name = hf_str("l"), .owner = hf_str("o"), .lease_us = 2 * HOUR};
	const struct hf_document_put_args ttl = {.key = {hf_str("c"), hf_str("ttl")},
	                                         .ttl_us = 2 * HOUR};
	const struct hf_document_put_args named = {.key = {hf_str("c"), hf_str("named")},
	                                           .expires_at = NAMED};
	const struct hf_idempotency_put_args kept = {.key = {hf_str("s"), hf_str("ttl")},
	                                             .ttl_us = 2 * HOUR};
	const struct hf_idempotency_put_args given = {.key = {hf_str("s"), hf_str("named")},
	                                              .expires_at = NAMED};
	const struct hf_inbox_input record = {.account = hf_str("a"), .thread = hf_str("t")};
	const struct hf_inbox_save_args save = {.user = hf_str("u"), .records = &record, .count = 1};
	const struct hf_inbox_remove_args removal = {.key = {hf_str("u"), hf_str("a"), hf_str("t")},
	                                             .tombstone_for = 2 * HOUR};
	const struct hf_outbox_enqueue_args later = {
	    .queue = hf_str("q"), .id = hf_str("named"), .available_at = NAMED};
	const struct hf_outbox_fail_args fail = {
	    .queue = hf_str("q"),
	    .id = hf_str("backoff"),
	    .token = claim(s, "backoff"),
	    .backoff = {.kind = HF_OUTBOX_BACKOFF_FIXED, .delay_us = 2 * HOUR}};
	OK(hf_lock_acquire(s, NULL, &lock, NULL, &error));
	OK(hf_document_put(s, NULL, &ttl, NULL, &error));
	OK(hf_document_put(s, NULL, &named, NULL, &error));
	OK(hf_idempotency_put(s, NULL, &kept, NULL, &error));
	OK(hf_idempotency_put(s, NULL, &given, NULL, &error));
	OK(hf_inbox_save(s, NULL, &save, NULL, &error));
	OK(hf_inbox_remove(s, NULL, &removal, NULL, &error));
	OK(hf_outbox_enqueue(s, NULL, &later, NULL, &error));
	OK(hf_outbox_fail(s, NULL, &fail, NULL, &error));
}

/* --- What is old ------------------------------------------------------------------------------ */

static void expect_claims(const char *line, size_t count)
{
	const struct tool tool = {.directory = STORE, .json = true};
	struct ran ran = tool_expect(&tool, line, 0);
	if (json_lines(ran.out) != count)
		fail_msg("%s: %s", line, ran.out);
	tool_free(&ran);
}

static void a_claim_is_as_old_after_a_set_back_as_before(void **state)
{
	(void)state;
	const struct tool tool = {.directory = STORE};
	hf_store *store = open_ahead(STORE, HOUR);
	(void)claim(store, "a");
	OK(hf_close(store, &error));
	expect_claims("claims --stuck --older 0", 1);
	for (unsigned i = 0; i < 2; i++) { /* in two steps */
		struct ran ran = tool_expect(
		    &tool, i ? "clock set-back --reason wrong" : "clock set-back --reason wrong --by 20m",
		    0);
		tool_free(&ran);
		expect_claims("claims", 1);
		expect_claims("claims --stuck --older 0", 1);
		expect_claims("claims --stuck --older 15m", 0);
	}
	/* One that was made behind it keeps its time. */
	store = open_as_it_is(STORE);
	(void)claim(store, "b");
	OK(hf_close(store, &error));
	expect_claims("claims --stuck --older 0", 2);
	expect_claims("claims --stuck --older 15m", 0);
}

/* --- What another store imports --------------------------------------------------------------- */

static struct ran export_of(const char *store)
{
	const struct tool tool = {.directory = store};
	return tool_expect(&tool, "export", 0);
}

static void import_into_copy(const char *lines)
{
	const struct tool tool = {.directory = COPY, .input = lines};
	const struct tool init = {.directory = COPY};
	struct ran ran = tool_expect(&init, "init", 0);
	tool_free(&ran);
	ran = tool_expect(&tool, "import", 0);
	tool_free(&ran);
}

static void expect_two_hours(const char *what, hf_time time)
{
	const int64_t left = time - wall();
	if (left > 2 * HOUR + 2000000 || left < 2 * HOUR - 5 * MINUTE)
		fail_msg("%s: %lld s are left", what, (long long)left / 1000000);
}

static void look_at_copy(void)
{
	hf_store *s = open_as_it_is(COPY);
	struct hf_lock_got lock = {0};
	struct hf_document_got document = {0};
	struct hf_idempotency_got answer = {0};
	struct hf_inbox_tombstone_page stones = {0};
	struct hf_outbox_got item = {0};
	OK(hf_lock_get(s, hf_str("l"), 0, &lock, &error));
	expect_two_hours("lock", lock.lock.lease_until);
	OK(hf_document_get(s, &(struct hf_document_key){hf_str("c"), hf_str("ttl")}, 0, &document,
	                   &error));
	expect_two_hours("document", document.document.expires_at);
	assert_true(document.document.expires_computed);
	hf_release(document.memory);
	OK(hf_document_get(s, &(struct hf_document_key){hf_str("c"), hf_str("named")}, 0, &document,
	                   &error));
	assert_true(document.document.expires_at == NAMED && !document.document.expires_computed);
	OK(hf_idempotency_get(s, &(struct hf_idempotency_key){hf_str("s"), hf_str("ttl")}, 0, &answer,
	                      &error));
	expect_two_hours("answer", answer.entry.expires_at);
	assert_true(answer.entry.expires_computed);
	hf_release(answer.memory);
	OK(hf_idempotency_get(s, &(struct hf_idempotency_key){hf_str("s"), hf_str("named")}, 0, &answer,
	                      &error));
	assert_true(answer.entry.expires_at == NAMED && !answer.entry.expires_computed);
	OK(hf_inbox_list_tombstones(s, &(struct hf_inbox_list_tombstones_args){.user = hf_str("u")}, 0,
	                            &stones, &error));
	assert_int_equal(stones.count, 1);
	expect_two_hours("tombstone", stones.items[0].until);
	hf_release(stones.memory);
	OK(hf_outbox_get(s, &(struct hf_outbox_key){hf_str("q"), hf_str("backoff")}, 0, &item, &error));
	expect_two_hours("backoff", item.item.available_at);
	hf_release(item.memory);
	OK(hf_outbox_get(s, &(struct hf_outbox_key){hf_str("q"), hf_str("named")}, 0, &item, &error));
	assert_true(item.item.available_at == NAMED && !item.item.available_computed);
	hf_release(item.memory);
	hf_release(lock.memory);
	hf_release(document.memory);
	hf_release(answer.memory);
	OK(hf_close(s, &error));
}

static void what_is_imported_from_a_clock_that_was_ahead_lasts_as_long_as_was_left(void **state)
{
	(void)state;
	hf_store *store = open_ahead(STORE, YEAR);
	fill(store);
	OK(hf_close(store, &error));
	struct ran ran = export_of(STORE);
	import_into_copy(ran.out);
	look_at_copy();
	tool_free(&ran);
}

/* From behind the header, which is of its store, to before the end line, whose checksum is of
 * the header too. */
static void cut_to_objects(struct ran *ran)
{
	char *first = strchr(ran->out, '\n'), *end = strstr(ran->out, "{\"kind\":\"end\"");
	assert_true(first && end && first < end);
	*end = '\0';
	memmove(ran->out, first + 1, (size_t)(end - first));
}

static void json_lines_say_of_which_kind_every_end_is(void **state)
{
	(void)state;
	hf_store *store = open_ahead(STORE, 0);
	fill(store);
	OK(hf_close(store, &error));
	struct ran all = export_of(STORE);
	import_into_copy(all.out);
	struct ran again = export_of(COPY);
	cut_to_objects(&all);
	cut_to_objects(&again);
	assert_non_null(strstr(all.out, "\"expires_computed\":true"));
	assert_non_null(strstr(all.out, "\"expires_computed\":false"));
	assert_string_equal(all.out, again.out);
	tool_free(&all);
	tool_free(&again);
}

static int remove_store(void **state)
{
	(void)state;
	remove_tree(STORE);
	return 0;
}

static int remove_stores(void **state)
{
	(void)remove_store(state);
	remove_tree(COPY);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_teardown(a_claim_is_as_old_after_a_set_back_as_before, remove_store),
	    cmocka_unit_test_teardown(
	        what_is_imported_from_a_clock_that_was_ahead_lasts_as_long_as_was_left, remove_stores),
	    cmocka_unit_test_teardown(json_lines_say_of_which_kind_every_end_is, remove_stores),
	};
	unsetenv("HOLDFAST_DIR");
	return cmocka_run_group_tests_name("tool, clock", tests, NULL, NULL);
}
