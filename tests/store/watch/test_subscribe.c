/* tier: fast */
/* Subscriptions, driven by hand (no thread): what they tell, what their rings lose and say so,
 * their eventfd, callbacks, and how they end. */
#include <poll.h>

#include "base/bytes.h"
#include "holdfast/holdfast.h"
#include "lib/followed.h"
#include "lib/sim/sim_os.h"
#include "lib/test.h"
#include "store/store.h"

static struct sim *sim;
static hf_store *store;

static int begin(void **state)
{
	(void)state;
	const struct hf_options options = {
	    .create = true, .no_background = true, .segment_size = 16 << 10};
	sim = sim_new(sim_profile_strict(), 3);
	return hf__store_open(sim_os(sim), hf__all_domains(), &options, &store, NULL);
}

static int end(void **state)
{
	(void)state;
	sim_free(sim);
	return 0;
}

static void close_store(void)
{
	assert_int_equal(hf_close(store, NULL), HF_OK);
	assert_int_equal(sim_broken(sim).left_open, 0);
}

/* --- Changes ---------------------------------------------------------------------------------- */

static void enqueue(const char *queue, const char *id)
{
	const struct hf_outbox_enqueue_args args = {
	    .queue = hf_str(queue), .id = hf_str(id), .payload = hf_str("p")};
	assert_int_equal(hf_outbox_enqueue(store, NULL, &args, NULL, NULL), HF_OK);
}

static void clear(const char *queue)
{
	assert_int_equal(hf_outbox_clear(store, NULL,
	                                 &(struct hf_outbox_clear_args){.queue = hf_str(queue)}, NULL,
	                                 NULL),
	                 HF_OK);
}

static void configure(const char *queue)
{
	const struct hf_outbox_configure_args args = {.queue = hf_str(queue), .max_attempts = 9};
	assert_int_equal(hf_outbox_configure(store, NULL, &args, NULL, NULL), HF_OK);
}

static void reset_cursor(const char *consumer, const char *reason)
{
	const struct hf_cursor_reset_args args = {.key = {hf_str(consumer), hf_str("s"), hf_str("")},
	                                          .sequence = 4,
	                                          .reason = hf_str(reason)};
	assert_int_equal(hf_cursor_reset(store, NULL, &args, NULL, NULL), HF_OK);
}

static void save(const char *user, const char *const *threads, size_t count)
{
	struct hf_inbox_input records[4];
	memset(records, 0, sizeof records);
	for (size_t i = 0; i < count; i++)
		records[i].thread = hf_str(threads[i]);
	const struct hf_inbox_save_args args = {
	    .user = hf_str(user), .records = records, .count = count, .generated_at = 5};
	assert_int_equal(hf_inbox_save(store, NULL, &args, NULL, NULL), HF_OK);
}

/* One of everything that a filter could tell apart. */
static void change_everything(void)
{
	enqueue("q", "a");
	enqueue("q", "b");
	enqueue("other", "a");
	configure("q");
	clear("q");
	reset_cursor("c", "why not");
	save("u", (const char *const[]){"t1"}, 1);
	save("u", (const char *const[]){"t2", "t3"}, 2);
	save("v", (const char *const[]){"t1"}, 1);
}

/* --- Events as text: "outbox enqueue q/a", then " removed", " many", " (reason)"; "gap of 3
 * from 7" --- */

static void render(const struct hf_event *event, char *out, size_t cap)
{
	if (event->lost) {
		snprintf(out, cap, "gap of %llu from %llu", (unsigned long long)event->lost,
		         (unsigned long long)event->lsn);
		return;
	}
	int len = snprintf(out, cap, "%s %s ", event->domain, event->operation);
	for (unsigned i = 0; i < event->parts; i++)
		len += snprintf(out + len, cap - (size_t)len, "%s%.*s", i ? "/" : "",
		                (int)event->key[i].len, (const char *)event->key[i].data);
	len += snprintf(out + len, cap - (size_t)len, "%s%s", event->removed ? " removed" : "",
	                event->many ? " many" : "");
	if (event->reason.len > 0)
		snprintf(out + len, cap - (size_t)len, " (%.*s)", (int)event->reason.len,
		         (const char *)event->reason.data);
}

/* Takes what is there and compares it with the lines; NULL ends them. */
static void expect_events(hf_subscription *subscription, const char *const *lines)
{
	struct followed followed = {0};
	char line[200];
	assert_int_equal(followed_subscription(&followed, subscription, 0, NULL), HF_OK);
	size_t count = 0;
	for (; lines[count]; count++) {
		if (count == followed.count)
			fail_msg("missing: %s", lines[count]);
		render(&followed.events[count], line, sizeof line);
		assert_string_equal(line, lines[count]);
	}
	if (count < followed.count) {
		render(&followed.events[count], line, sizeof line);
		fail_msg("too many: %s", line);
	}
	followed_free(&followed);
}

static hf_subscription *subscribe(const struct hf_subscribe_args *args)
{
	struct hf_error error = {0};
	hf_subscription *subscription;
	if (hf_subscribe(store, args, &subscription, &error) != HF_OK)
		fail_msg("subscribe: %s", error.text);
	return subscription;
}

/* --- Filters ---------------------------------------------------------------------------------- */

static const struct {
	const char *name;
	struct hf_subscribe_args args;
	const char *lines[10];
} filters[] = {
    {"all",
     {0},
     {"outbox enqueue q/a", "outbox enqueue q/b", "outbox enqueue other/a", "outbox configure q",
      "outbox clear q removed many", "cursor reset c/s/ (why not)", "inbox save u/primary/t1",
      "inbox save u many", "inbox save v/primary/t1", NULL}},
    {"a domain", {.domain = "cursor"}, {"cursor reset c/s/ (why not)", NULL}},
    {"a queue",
     {.domain = "outbox", .key = {{"q", 1}}, .parts = 1},
     {"outbox enqueue q/a", "outbox enqueue q/b", "outbox configure q",
      "outbox clear q removed many", NULL}},
    {"an item",
     {.domain = "outbox", .key = {{"q", 1}, {"a", 1}}, .parts = 2},
     {"outbox enqueue q/a", "outbox clear q removed many", NULL}},
    {"an item elsewhere",
     {.domain = "outbox", .key = {{"other", 5}, {"a", 1}}, .parts = 2},
     {"outbox enqueue other/a", NULL}},
    {"a user",
     {.domain = "inbox", .key = {{"u", 1}}, .parts = 1},
     {"inbox save u/primary/t1", "inbox save u many", NULL}},
    {"an account",
     {.domain = "inbox", .key = {{"u", 1}, {"primary", 7}}, .parts = 2},
     {"inbox save u/primary/t1", "inbox save u many", NULL}},
    {"a record of a save",
     {.domain = "inbox", .key = {{"u", 1}, {"primary", 7}, {"t3", 2}}, .parts = 3},
     {"inbox save u many", NULL}},
    {"a record of none",
     {.domain = "inbox", .key = {{"u", 1}, {"primary", 7}, {"t9", 2}}, .parts = 3},
     {NULL}},
    {"another account", {.domain = "inbox", .key = {{"u", 1}, {"work", 4}}, .parts = 2}, {NULL}},
    {"a cursor without a subject",
     {.domain = "cursor", .key = {{"c", 1}, {"s", 1}, {"", 0}}, .parts = 3},
     {"cursor reset c/s/ (why not)", NULL}},
    {"a cursor with one",
     {.domain = "cursor", .key = {{"c", 1}, {"s", 1}, {"x", 1}}, .parts = 3},
     {NULL}},
};

enum { FILTERS = sizeof filters / sizeof filters[0] };

static void a_filter_lets_through_what_concerns_its_objects(void **state)
{
	(void)state;
	hf_subscription *subscriptions[FILTERS];
	enqueue("q", "before"); /* nobody hears of it */
	for (size_t i = 0; i < FILTERS; i++)
		subscriptions[i] = subscribe(&filters[i].args);
	change_everything();
	for (size_t i = 0; i < FILTERS; i++) {
		print_message("%s\n", filters[i].name);
		expect_events(subscriptions[i], filters[i].lines);
		hf_unsubscribe(subscriptions[i]);
	}
	close_store();
}

static void what_cannot_be_is_refused(void **state)
{
	(void)state;
	static char longest[HF_KEY_MAX + 1];
	memset(longest, 'k', sizeof longest);
	const struct hf_subscribe_args wrong[] = {
	    {.domain = "outbix"},
	    {.domain = ""},
	    {.parts = 1, .key = {{"q", 1}}},
	    {.domain = "outbox", .parts = 4},
	    {.domain = "outbox", .parts = 1, .key = {{longest, sizeof longest}}},
	    {.domain = "outbox", .parts = 1, .key = {{"a\0b", 3}}},
	    {.ring = (1u << 20) + 1},
	};
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
		struct hf_error error = {0};
		hf_subscription *subscription = NULL;
		assert_int_equal(hf_subscribe(store, &wrong[i], &subscription, &error), HF_EINVAL);
		assert_true(!subscription && error.text[0]);
	}
	hf_subscription *subscription;
	assert_int_equal(hf_outbox_subscribe(store, hf_str(""), NULL, NULL, &subscription, NULL),
	                 HF_EINVAL);
	assert_int_equal(hf_outbox_subscribe(store, hf_str("q"), NULL, NULL, &subscription, NULL),
	                 HF_EINVAL);
	hf_unsubscribe(NULL);
	close_store();
}

/* --- Ring and eventfd ------------------------------------------------------------------------- */

static bool readable(const hf_subscription *subscription)
{
	struct pollfd fd = {.fd = hf_subscription_eventfd(subscription), .events = POLLIN};
	assert_true(poll(&fd, 1, 0) >= 0);
	return fd.revents & POLLIN;
}

static void pump(void)
{
	assert_int_equal(hf_maintain(store, 0, NULL), HF_OK);
}

static void a_full_ring_says_how_many_are_lost_and_where_they_are(void **state)
{
	(void)state;
	hf_subscription *small = subscribe(&(struct hf_subscribe_args){.ring = 2}),
	                *large = subscribe(NULL);
	const char *ids[] = {"a", "b", "c", "d", "e", "f"};
	for (size_t i = 0; i < 5; i++)
		enqueue("q", ids[i]);
	pump();
	/* One is taken: not yet room for more than the gap. */
	struct hf_event_batch batch = {0};
	assert_int_equal(hf_subscription_next(small, 1, 0, &batch, NULL), HF_OK);
	assert_true(batch.count == 1 && batch.events[0].lsn == 1 && batch.next == 0 && readable(small));
	hf_release(batch.memory);
	enqueue("q", ids[5]);
	expect_events(small, (const char *const[]){"outbox enqueue q/b", "gap of 4 from 3", NULL});
	/* From there on all comes again, and a feed gives what was lost. */
	clear("q");
	enqueue("q", "g");
	expect_events(small,
	              (const char *const[]){"outbox clear q removed many", "outbox enqueue q/g", NULL});
	hf_feed *feed;
	assert_int_equal(hf_feed_open(store, 3, &feed, NULL), HF_OK);
	assert_int_equal(hf_feed_next(feed, 4, 0, &batch, NULL), HF_OK);
	assert_true(batch.count == 4 && batch.events[0].lsn == 3 && batch.events[3].lsn == 6);
	hf_release(batch.memory);
	hf_feed_close(feed);
	struct followed all = {0};
	assert_int_equal(followed_subscription(&all, large, 3, NULL), HF_OK);
	assert_int_equal(all.count, 8);
	followed_free(&all);
	hf_unsubscribe(small);
	hf_unsubscribe(large);
	close_store();
}

static void gaps_and_events_take_turns(void **state)
{
	(void)state;
	hf_subscription *one = subscribe(&(struct hf_subscribe_args){.ring = 1});
	enqueue("q", "a");
	enqueue("q", "b");
	pump();
	expect_events(one, (const char *const[]){"outbox enqueue q/a", "gap of 1 from 2", NULL});
	enqueue("q", "c");
	enqueue("q", "d");
	enqueue("q", "e");
	pump();
	expect_events(one, (const char *const[]){"outbox enqueue q/c", "gap of 2 from 4", NULL});
	hf_unsubscribe(one);
	close_store();
}

static void the_eventfd_is_readable_while_there_is_something(void **state)
{
	(void)state;
	hf_subscription *subscription = subscribe(&(struct hf_subscribe_args){.domain = "outbox"});
	struct hf_event_batch batch = {0};
	assert_true(hf_subscription_eventfd(subscription) >= 0 && !readable(subscription));
	reset_cursor("c", "not its business");
	pump();
	assert_false(readable(subscription));
	enqueue("q", "a");
	enqueue("q", "b");
	pump();
	assert_true(readable(subscription));
	assert_int_equal(hf_subscription_next(subscription, 1, 0, &batch, NULL), HF_OK);
	hf_release(batch.memory);
	assert_true(readable(subscription));
	assert_int_equal(hf_subscription_next(subscription, 1, 0, &batch, NULL), HF_OK);
	hf_release(batch.memory);
	assert_false(readable(subscription));
	assert_int_equal(hf_subscription_next(subscription, 1, 0, &batch, NULL), HF_OK);
	assert_true(batch.count == 0 && !batch.memory);
	assert_int_equal(hf_subscription_next(subscription, 1, -2, &batch, NULL), HF_EINVAL);
	/* The end of the store is something too. */
	close_store();
	assert_true(readable(subscription));
	assert_int_equal(hf_subscription_next(subscription, 1, -1, &batch, NULL), HF_ECANCELED);
	hf_unsubscribe(subscription);
}

static void what_is_not_durable_is_not_told(void **state)
{
	(void)state;
	hf_subscription *subscription = subscribe(NULL);
	const struct hf_outbox_enqueue_args args = {
	    .write.durability = HF_OS, .queue = hf_str("q"), .id = hf_str("a")};
	enqueue("q", "first"); /* so that the incarnation's first group is out */
	expect_events(subscription, (const char *const[]){"outbox enqueue q/first", NULL});
	assert_int_equal(hf_outbox_enqueue(store, NULL, &args, NULL, NULL), HF_OK);
	expect_events(subscription, (const char *const[]){NULL});
	assert_int_equal(hf_sync(store, NULL), HF_OK);
	expect_events(subscription, (const char *const[]){"outbox enqueue q/a", NULL});
	hf_unsubscribe(subscription);
	close_store();
}

/* --- Failures --------------------------------------------------------------------------------- */

static void what_cannot_be_read_is_told_and_comes_when_it_can(void **state)
{
	(void)state;
	hf_subscription *subscription = subscribe(NULL);
	struct hf_event_batch batch = {0};
	struct hf_error error = {0};
	enqueue("q", "a");
	sim_add_fault(sim,
	              (struct sim_fault){.kinds = SIM_READ | SIM_OPEN, .error = 5, .persistent = true});
	assert_int_equal(hf_subscription_next(subscription, 0, -1, &batch, &error), HF_EIO);
	assert_true(error.code == HF_EIO && error.text[0] && readable(subscription));
	sim_clear_faults(sim);
	expect_events(subscription, (const char *const[]){"outbox enqueue q/a", NULL});
	assert_false(readable(subscription));
	/* A store that failed says so, forever. */
	sim_add_fault(sim, (struct sim_fault){.kinds = SIM_SYNC, .error = 5, .persistent = true});
	const struct hf_outbox_clear_args args = {.queue = hf_str("q")};
	assert_int_equal(hf_outbox_clear(store, NULL, &args, NULL, NULL), HF_EUNCERTAIN);
	for (unsigned i = 0; i < 2; i++)
		assert_int_equal(hf_subscription_next(subscription, 0, -1, &batch, &error), HF_EFAILED);
	hf_unsubscribe(subscription);
	assert_int_equal(hf_close(store, NULL), HF_EFAILED);
}

/* --- Callbacks -------------------------------------------------------------------------------- */

struct heard {
	unsigned count;
	hf_lsn last;
	hf_subscription *mine, *ends;
};

static void hear(void *ctx, const struct hf_event *event)
{
	struct heard *heard = ctx;
	assert_true(event->lsn > heard->last && event->body.len > 0);
	heard->last = event->lsn;
	heard->count++;
	/* No lock is held: the store can be used. */
	struct hf_info info = {0};
	assert_int_equal(hf_get_info(store, &info, NULL), HF_OK);
	assert_true(info.durable_lsn >= event->lsn);
	if (heard->count == 2 && heard->ends) {
		hf_unsubscribe(heard->ends);
		heard->ends = NULL;
	}
}

static void a_callback_hears_of_its_queue(void **state)
{
	(void)state;
	struct heard heard = {0};
	struct hf_event_batch batch = {0};
	hf_subscription *subscription;
	assert_int_equal(hf_outbox_subscribe(store, hf_str("q"), hear, &heard, &subscription, NULL),
	                 HF_OK);
	assert_int_equal(hf_subscription_eventfd(subscription), -1);
	assert_int_equal(hf_subscription_next(subscription, 0, 0, &batch, NULL), HF_EINVAL);
	change_everything();
	pump();
	assert_int_equal(heard.count, 4);
	pump();
	assert_int_equal(heard.count, 4);
	hf_outbox_unsubscribe(subscription);
	enqueue("q", "later");
	pump();
	assert_int_equal(heard.count, 4);
	close_store();
}

static void a_callback_may_end_itself_and_others(void **state)
{
	(void)state;
	struct heard first = {0}, second = {0}, third = {0};
	hf_subscription *a, *b, *c;
	assert_int_equal(hf_outbox_subscribe(store, hf_str("q"), hear, &first, &a, NULL), HF_OK);
	assert_int_equal(hf_outbox_subscribe(store, hf_str("q"), hear, &second, &b, NULL), HF_OK);
	assert_int_equal(hf_outbox_subscribe(store, hf_str("q"), hear, &third, &c, NULL), HF_OK);
	first.ends = b; /* the one behind it, before that heard anything */
	third.ends = c; /* itself */
	for (unsigned i = 0; i < 4; i++) {
		char id[16];
		snprintf(id, sizeof id, "i%u", i);
		enqueue("q", id);
	}
	pump();
	assert_int_equal(first.count, 4);
	assert_int_equal(second.count, 0);
	assert_int_equal(third.count, 2);
	enqueue("q", "more");
	pump();
	assert_true(first.count == 5 && second.count == 0 && third.count == 2);
	hf_unsubscribe(a);
	close_store();
}

static void enqueue_back(void *ctx, const struct hf_event *event)
{
	unsigned *count = ctx;
	(void)event;
	if (++*count < 3)
		enqueue("q", *count == 1 ? "again" : "and again");
}

static void a_callback_may_change_what_it_watches(void **state)
{
	(void)state;
	unsigned count = 0;
	hf_subscription *subscription;
	assert_int_equal(
	    hf_outbox_subscribe(store, hf_str("q"), enqueue_back, &count, &subscription, NULL), HF_OK);
	enqueue("q", "a");
	pump();
	assert_int_equal(count, 3);
	close_store();
	hf_unsubscribe(subscription); /* after the store */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(a_filter_lets_through_what_concerns_its_objects, begin,
	                                    end),
	    cmocka_unit_test_setup_teardown(what_cannot_be_is_refused, begin, end),
	    cmocka_unit_test_setup_teardown(a_full_ring_says_how_many_are_lost_and_where_they_are,
	                                    begin, end),
	    cmocka_unit_test_setup_teardown(gaps_and_events_take_turns, begin, end),
	    cmocka_unit_test_setup_teardown(the_eventfd_is_readable_while_there_is_something, begin,
	                                    end),
	    cmocka_unit_test_setup_teardown(what_is_not_durable_is_not_told, begin, end),
	    cmocka_unit_test_setup_teardown(what_cannot_be_read_is_told_and_comes_when_it_can, begin,
	                                    end),
	    cmocka_unit_test_setup_teardown(a_callback_hears_of_its_queue, begin, end),
	    cmocka_unit_test_setup_teardown(a_callback_may_end_itself_and_others, begin, end),
	    cmocka_unit_test_setup_teardown(a_callback_may_change_what_it_watches, begin, end),
	};
	return cmocka_run_group_tests_name("subscribe", tests, NULL, NULL);
}
