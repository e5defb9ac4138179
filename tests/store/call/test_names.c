/* tier: fast */
/* hf_inbox_names and hf_outbox_names: which containers there are, in byte order, page by page,
 * and only those that hold something. */
#include "holdfast/holdfast.h"
#include "lib/sim/sim_os.h"
#include "lib/test.h"
#include "store/store.h"

enum { MANY = 300 };

struct bench {
	struct sim *sim;
	hf_store *store;
};

typedef int names_fn(hf_store *, const struct hf_names_args *, unsigned, struct hf_name_page *,
                     struct hf_error *);

static void open_bench(struct bench *b)
{
	const struct hf_options options = {
	    .create = true, .no_background = true, .segment_size = 64 << 10};
	assert_int_equal(hf__store_open(sim_os(b->sim), hf__all_domains(), &options, &b->store, NULL),
	                 HF_OK);
}

static int set_up(void **state)
{
	struct bench *b = calloc(1, sizeof *b);
	assert_non_null(b);
	b->sim = sim_new(sim_profile_strict(), 1);
	open_bench(b);
	*state = b;
	return 0;
}

static int tear_down(void **state)
{
	struct bench *b = *state;
	assert_int_equal(hf__state_verify(b->store, NULL), HF_OK);
	assert_int_equal(hf_close(b->store, NULL), HF_OK);
	sim_free(b->sim);
	free(b);
	return 0;
}

static void enqueue(hf_store *store, hf_txn *txn, const char *queue, const char *id)
{
	const struct hf_outbox_enqueue_args args = {
	    .queue = hf_str(queue), .id = hf_str(id), .payload = hf_str("p")};
	assert_int_equal(hf_outbox_enqueue(store, txn, &args, NULL, NULL), HF_OK);
}

static void remove_item(hf_store *store, const char *queue, const char *id)
{
	const struct hf_outbox_remove_args args = {.queue = hf_str(queue), .id = hf_str(id)};
	assert_int_equal(hf_outbox_remove(store, NULL, &args, NULL, NULL), HF_OK);
}

static void save(hf_store *store, const char *user, hf_time generated_at)
{
	const struct hf_inbox_input record = {
	    .thread = hf_str("t"), .payload = hf_str("p"), .updated_at = HF_UNSET};
	const struct hf_inbox_save_args args = {
	    .user = hf_str(user), .records = &record, .count = 1, .generated_at = generated_at};
	assert_int_equal(hf_inbox_save(store, NULL, &args, NULL, NULL), HF_OK);
}

static void remove_record(hf_store *store, const char *user)
{
	const struct hf_inbox_remove_args args = {.key = {.user = hf_str(user), .thread = hf_str("t")}};
	assert_int_equal(hf_inbox_remove(store, NULL, &args, NULL, NULL), HF_OK);
}

static void clear_inbox(hf_store *store, const char *user)
{
	const struct hf_inbox_clear_args args = {.user = hf_str(user)};
	assert_int_equal(hf_inbox_clear(store, NULL, &args, NULL, NULL), HF_OK);
}

/* All names in pages of `limit`, each followed by a space. */
static void expect_names(hf_store *store, names_fn *names, size_t limit, const char *expected)
{
	char all[4096] = "", token[512] = "";
	size_t len = 0;
	for (bool more = true; more;) {
		const struct hf_names_args args = {.limit = limit, .page = token[0] ? token : NULL};
		struct hf_name_page page = {0};
		assert_int_equal(names(store, &args, 0, &page, NULL), HF_OK);
		assert_true(limit == 0 || page.count <= limit);
		for (size_t i = 0; i < page.count; i++)
			len += (size_t)snprintf(all + len, sizeof all - len, "%.*s ", (int)page.items[i].len,
			                        (const char *)page.items[i].data);
		more = page.next != NULL;
		snprintf(token, sizeof token, "%s", more ? page.next : "");
		hf_release(page.memory);
	}
	assert_string_equal(all, expected);
}

static void expect_at_all_sizes(hf_store *store, names_fn *names, const char *expected)
{
	for (size_t limit = 0; limit <= 4; limit++)
		expect_names(store, names, limit, expected);
}

static void names_come_in_byte_order_and_pages(void **state)
{
	struct bench *b = *state;
	static const char *const order[] = {"zoe", "ann", "Bob", "an", "annie"};
	expect_at_all_sizes(b->store, hf_inbox_names, "");
	expect_at_all_sizes(b->store, hf_outbox_names, "");
	for (size_t i = 0; i < sizeof order / sizeof order[0]; i++) {
		enqueue(b->store, NULL, order[i], "1");
		save(b->store, order[i], 5);
	}
	expect_at_all_sizes(b->store, hf_inbox_names, "Bob an ann annie zoe ");
	expect_at_all_sizes(b->store, hf_outbox_names, "Bob an ann annie zoe ");
	assert_int_equal(hf_close(b->store, NULL), HF_OK);
	open_bench(b);
	expect_at_all_sizes(b->store, hf_inbox_names, "Bob an ann annie zoe ");
	expect_at_all_sizes(b->store, hf_outbox_names, "Bob an ann annie zoe ");
}

static void what_holds_nothing_is_not_listed(void **state)
{
	struct bench *b = *state;
	enqueue(b->store, NULL, "a", "1");
	enqueue(b->store, NULL, "b", "1");
	remove_item(b->store, "a", "1");
	expect_at_all_sizes(b->store, hf_outbox_names, "b ");
	const struct hf_outbox_configure_args configure = {.queue = hf_str("a"), .max_attempts = 9};
	assert_int_equal(hf_outbox_configure(b->store, NULL, &configure, NULL, NULL), HF_OK);
	expect_at_all_sizes(b->store, hf_outbox_names, "a b ");
	remove_item(b->store, "b", "1");
	enqueue(b->store, NULL, "b", "2");
	expect_at_all_sizes(b->store, hf_outbox_names, "a b ");
	/* An inbox that knows when it was saved, or has a status, is not nothing. */
	save(b->store, "kept", 5);
	save(b->store, "gone", HF_UNSET);
	save(b->store, "cleared", 5);
	remove_record(b->store, "kept");
	remove_record(b->store, "gone");
	expect_at_all_sizes(b->store, hf_inbox_names, "cleared kept ");
	clear_inbox(b->store, "cleared"); /* forgets when it was saved, too */
	const struct hf_inbox_set_status_args status = {.user = hf_str("noted"), .status = hf_str("s")};
	assert_int_equal(hf_inbox_set_status(b->store, NULL, &status, NULL, NULL), HF_OK);
	expect_at_all_sizes(b->store, hf_inbox_names, "kept noted ");
	save(b->store, "gone", HF_UNSET);
	expect_at_all_sizes(b->store, hf_inbox_names, "gone kept noted ");
	clear_inbox(b->store, "kept");
	clear_inbox(b->store, "noted");
	expect_at_all_sizes(b->store, hf_inbox_names, "gone noted ");
}

static void a_refused_transaction_lists_nothing(void **state)
{
	struct bench *b = *state;
	hf_txn *txn = NULL;
	const struct hf_outbox_remove_args missing = {.queue = hf_str("none"), .id = hf_str("1")};
	enqueue(b->store, NULL, "a", "1");
	assert_int_equal(hf_txn_begin(b->store, &txn, NULL), HF_OK);
	enqueue(b->store, txn, "new", "1");
	const struct hf_outbox_remove_args gone = {.queue = hf_str("a"), .id = hf_str("1")};
	assert_int_equal(hf_outbox_remove(b->store, txn, &gone, NULL, NULL), HF_OK);
	assert_int_equal(hf_outbox_remove(b->store, txn, &missing, NULL, NULL), HF_OK);
	assert_int_equal(hf_txn_commit(txn, HF_DURABLE, NULL), HF_ENOTFOUND);
	expect_at_all_sizes(b->store, hf_outbox_names, "a ");
}

static void pages_go_on_behind_what_went_away(void **state)
{
	struct bench *b = *state;
	static const char *const names[] = {"a", "b", "c", "d"};
	for (size_t i = 0; i < 4; i++)
		enqueue(b->store, NULL, names[i], "1");
	struct hf_names_args args = {.limit = 2};
	struct hf_name_page first = {0}, second = {0};
	assert_int_equal(hf_outbox_names(b->store, &args, 0, &first, NULL), HF_OK);
	assert_int_equal(first.count, 2);
	remove_item(b->store, "b", "1");
	remove_item(b->store, "c", "1");
	args.page = first.next;
	assert_int_equal(hf_outbox_names(b->store, &args, 0, &second, NULL), HF_OK);
	assert_int_equal(second.count, 1);
	assert_memory_equal(second.items[0].data, "d", 1);
	assert_null(second.next);
	hf_release(first.memory);
	hf_release(second.memory);
}

static void foreign_and_damaged_tokens_are_refused(void **state)
{
	struct bench *b = *state;
	struct hf_names_args args = {.limit = 1};
	struct hf_name_page page = {0}, other = {0};
	struct hf_error error = {0};
	char token[200];
	enqueue(b->store, NULL, "a", "1");
	enqueue(b->store, NULL, "b", "1");
	save(b->store, "a", 5);
	assert_int_equal(hf_outbox_names(b->store, &args, 0, &page, NULL), HF_OK);
	assert_non_null(page.next);
	snprintf(token, sizeof token, "%s", page.next);
	hf_release(page.memory);
	args.page = token;
	assert_int_equal(hf_inbox_names(b->store, &args, 0, &other, &error), HF_EINVAL);
	assert_null(other.memory);
	assert_true(error.text[0] != '\0');
	for (size_t i = 0; token[i]; i++) {
		const char was = token[i];
		token[i] = was == 'A' ? 'B' : 'A';
		assert_int_equal(hf_outbox_names(b->store, &args, 0, &other, NULL), HF_EINVAL);
		token[i] = was;
	}
	assert_int_equal(hf_outbox_names(b->store, &args, 0, &other, NULL), HF_OK);
	hf_release(other.memory);
}

/* The list of all names waits for the newest change of any of them. */
static void a_name_that_a_crash_could_take_back_is_not_given(void **state)
{
	struct bench *b = *state;
	struct hf_name_page page = {0};
	enqueue(b->store, NULL, "a", "1");
	hf_txn *txn = NULL;
	struct hf__ticket ticket;
	assert_int_equal(hf_txn_begin(b->store, &txn, NULL), HF_OK);
	enqueue(b->store, txn, "b", "1");
	/* sequenced, not synced */
	assert_int_equal(hf__submit(b->store, txn, HF_DURABLE, &ticket, NULL), HF_OK);
	assert_int_equal(hf_outbox_names(b->store, NULL, 0, &page, NULL), HF_OK);
	assert_int_equal(page.count, 2);
	hf_release(page.memory);
	/* Now it is durable: a power loss leaves it. */
	struct hf_info info = {0};
	assert_int_equal(hf_get_info(b->store, &info, NULL), HF_OK);
	assert_true(info.durable_lsn >= ticket.due && ticket.due > 0);
	assert_int_equal(hf__wait(b->store, &ticket, NULL), HF_OK);
}

static void many_names_are_all_given_once(void **state)
{
	struct bench *b = *state;
	char name[16], token[200] = "";
	for (int i = 0; i < MANY; i++) {
		snprintf(name, sizeof name, "q%05d", (int)((unsigned)i * 7919u % MANY));
		enqueue(b->store, NULL, name, "1");
	}
	int seen = 0;
	do {
		const struct hf_names_args args = {.limit = 7, .page = token};
		struct hf_name_page page = {0};
		assert_int_equal(hf_outbox_names(b->store, &args, 0, &page, NULL), HF_OK);
		for (size_t i = 0; i < page.count; i++, seen++) {
			snprintf(name, sizeof name, "q%05d", seen);
			assert_true(page.items[i].len == 6 && memcmp(page.items[i].data, name, 6) == 0);
		}
		snprintf(token, sizeof token, "%s", page.next ? page.next : "");
		hf_release(page.memory);
	} while (token[0]);
	assert_int_equal(seen, MANY);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(names_come_in_byte_order_and_pages, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(what_holds_nothing_is_not_listed, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(a_refused_transaction_lists_nothing, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(pages_go_on_behind_what_went_away, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(foreign_and_damaged_tokens_are_refused, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(a_name_that_a_crash_could_take_back_is_not_given, set_up,
	                                    tear_down),
	    cmocka_unit_test_setup_teardown(many_names_are_all_given_once, set_up, tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
