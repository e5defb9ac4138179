/* tier: fast */
/* Nothing undurable: whatever a feed has given, in this process or from outside, is found in
 * every state that a crash at that moment could leave, with the same bytes under the same LSN. */
#include "base/bytes.h"
#include "lib/churn/churn.h"
#include "lib/followed.h"
#include "lib/sim/sim_os.h"
#include "lib/test.h"
#include "store/check/readonly.h"
#include "store/store.h"

enum { STEPS = 40, LIVES = 4, SEGMENT = 16 << 10 };

static struct {
	struct sim *sim;
	hf_store *store;
	struct hf_options options;
	struct followed given; /* by whichever feed is ahead */
	struct sim_seen *seen;
	uint64_t version;
	unsigned images, moments;
	uint64_t seen_outside; /* entries, of all images */
} world;

static void open_on(struct sim *sim, hf_store **store)
{
	struct hf_error error = {0};
	if (hf__store_open(sim_os(sim), hf__all_domains(), &world.options, store, &error) != HF_OK)
		fail_msg("open: %s (%s at %llu)", error.text, error.file, (unsigned long long)error.offset);
}

static hf_feed *feed_of(hf_store *store, hf_lsn from)
{
	struct hf_error error = {0};
	hf_feed *feed;
	if (hf_feed_open(store, from, &feed, &error) != HF_OK)
		fail_msg("feed: %s", error.text);
	return feed;
}

static void expect_begins_with(const struct followed *found, const struct followed *begin)
{
	assert_true(found->count >= begin->count);
	for (size_t i = 0; i < begin->count; i++)
		assert_true(found->events[i].lsn == begin->events[i].lsn &&
		            hf__bytes_equal(found->events[i].body, begin->events[i].body));
}

/* What a feed from outside gives of an image that nobody has opened since. */
static struct followed look_at(struct sim *image)
{
	struct followed seen = {0};
	struct hf_error error = {0};
	hf_feed *feed;
	int rc = hf__feed_look(sim_opener(image, 1), hf__all_domains(), 0, &feed, &error);
	if (rc == HF_ENOTFOUND) /* the store's making was not durable yet */
		return seen;
	if (rc == HF_OK) {
		rc = followed_feed(&seen, feed, 0, &error);
		hf_feed_close(feed);
	}
	if (rc != HF_OK)
		fail_msg("look: %s (%s at %llu)", error.text, error.file, (unsigned long long)error.offset);
	return seen;
}

/* Is all that was given there, and all that can be seen from outside? */
static int compare_image(void *arg, struct sim *image, const struct sim_shape *shape)
{
	struct followed found = {0};
	hf_store *store;
	(void)arg;
	(void)shape;
	if (!sim_seen_add(world.seen, sim_hash(image)))
		return 0;
	struct followed seen = look_at(image);
	open_on(image, &store);
	hf_feed *feed = feed_of(store, 0);
	struct hf_error error = {0};
	if (followed_feed(&found, feed, 0, &error) != HF_OK)
		fail_msg("%s (%s at %llu, LSN %llu)", error.text, error.file,
		         (unsigned long long)error.offset, (unsigned long long)error.first_lsn);
	hf_feed_close(feed);
	expect_begins_with(&found, &world.given);
	expect_begins_with(&found, &seen);
	world.seen_outside += seen.count;
	followed_free(&found);
	followed_free(&seen);
	assert_int_equal(hf_close(store, NULL), HF_OK);
	world.images++;
	return 0;
}

static void at_each_call(void *arg, struct sim *sim, uint64_t index, enum sim_call kind,
                         const char *name)
{
	const struct sim_limits limits = {.exhaustive = 2, .product = 12, .samples = 4, .salt = index};
	(void)arg;
	(void)kind;
	(void)name;
	if (sim_version(sim) == world.version)
		return; /* nothing that a crash could leave has changed */
	world.version = sim_version(sim);
	world.moments++;
	assert_int_equal(sim_each_crash(sim, &limits, compare_image, NULL, NULL), 0);
}

/* Takes what the feed gives beyond what was given. */
static void take(hf_feed *feed)
{
	struct hf_error error = {0};
	if (followed_feed(&world.given, feed, 0, &error) != HF_OK)
		fail_msg("%s", error.text);
}

static void live(struct churn *churn, unsigned life)
{
	const hf_lsn from = world.given.count ? world.given.next : 1;
	open_on(world.sim, &world.store);
	/* They take turns at being the one that gives, each from where the other has got to. */
	sim_observe(world.sim, at_each_call, NULL);
	hf_feed *inside = feed_of(world.store, from), *outside = NULL;
	for (unsigned i = 0; i < STEPS; i++) {
		churn_step(churn, world.store);
		if (i % 20 < 10) {
			take(inside);
		} else if (i % 20 == 10) {
			assert_int_equal(hf__feed_look(sim_opener(world.sim, 1), hf__all_domains(),
			                               world.given.next, &outside, NULL),
			                 HF_OK);
		} else {
			take(outside);
		}
		if (i % 20 == 19) {
			hf_feed_close(outside);
			hf_feed_close(inside);
			inside = feed_of(world.store, world.given.next);
		}
	}
	hf_feed_close(inside);
	sim_set_forked(world.sim, life % 2 == 0); /* every other end is a kill */
	(void)hf_close(world.store, NULL);
	sim_set_forked(world.sim, false);
	sim_observe(world.sim, NULL, NULL);
	sim_kill(world.sim);
}

static void run(uint32_t pad, struct sim_profile profile)
{
	struct churn churn;
	memset(&world, 0, sizeof world);
	world.options = (struct hf_options){
	    .create = true, .no_background = true, .pad = pad, .segment_size = SEGMENT};
	world.sim = sim_new(profile, 11);
	world.seen = sim_seen_new();
	churn_init(&churn, "feed crash", 20, 1500);
	for (unsigned life = 0; life < LIVES; life++)
		live(&churn, life);
	churn_deinit(&churn);
	print_message("figure: %zu entries given, %u moments, %u distinct images opened\n",
	              world.given.count, world.moments, world.images);
	assert_true(world.given.count > STEPS && world.images > 300 &&
	            world.seen_outside > world.images);
	followed_free(&world.given);
	sim_seen_free(world.seen);
	sim_free(world.sim);
}

static void what_was_given_survives_any_crash(void **state)
{
	(void)state;
	run(0, sim_profile_weak());
}

static void what_was_given_survives_any_crash_of_a_hostile_disk(void **state)
{
	(void)state;
	run(512, sim_profile_hostile());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_was_given_survives_any_crash),
	    cmocka_unit_test(what_was_given_survives_any_crash_of_a_hostile_disk),
	};
	return cmocka_run_group_tests_name("feed and crashes", tests, NULL, NULL);
}
