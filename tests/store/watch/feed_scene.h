/* What the tests of test_feed, test_feed_faults share. */
#ifndef TESTS_FEED_SCENE_H
#define TESTS_FEED_SCENE_H

#include "lib/churn/churn.h"
#include "lib/followed.h"
#include "lib/logged.h"
#include "lib/test.h"
#include "log/format.h"
#include "store/check/readonly.h"
#include "store/store.h"

enum { STEPS = 600, SEGMENT = 16 << 10 };

struct scene {
	struct sim *sim;
	hf_store *store;
	struct hf_options options;
};

static inline void open_store(struct scene *scene)
{
	struct hf_error error = {0};
	if (hf__store_open(sim_os(scene->sim), hf__all_domains(), &scene->options, &scene->store,
	                   &error) != HF_OK)
		fail_msg("open: %s", error.text);
}

static inline struct scene begin(uint32_t pad)
{
	struct scene scene = {
	    .sim = sim_new(sim_profile_weak(), 7),
	    .options = {.create = true, .no_background = true, .pad = pad, .segment_size = SEGMENT}};
	open_store(&scene);
	return scene;
}

static inline void end(struct scene *scene)
{
	(void)hf_close(scene->store, NULL);
	sim_free(scene->sim);
}

static inline hf_lsn advance(struct scene *scene, int64_t sequence, enum hf_durability durability)
{
	struct hf_result result = {0};
	const struct hf_cursor_advance_args args = {.write.durability = durability,
	                                            .key = {hf_str("c"), hf_str("s"), hf_str("")},
	                                            .sequence = sequence,
	                                            .delivery_id = hf_str("d")};
	assert_int_equal(hf_cursor_advance(scene->store, NULL, &args, &result, NULL), HF_OK);
	return result.version;
}

static inline hf_feed *open_feed(hf_store *store, hf_lsn from)
{
	struct hf_error error = {0};
	hf_feed *feed;
	if (hf_feed_open(store, from, &feed, &error) != HF_OK)
		fail_msg("from %llu: %s", (unsigned long long)from, error.text);
	return feed;
}

/* All that a new feed gives from there on. */
static inline struct followed all_from(hf_store *store, hf_lsn from)
{
	struct followed followed = {0};
	hf_feed *feed = open_feed(store, from);
	assert_int_equal(followed_feed(&followed, feed, 0, NULL), HF_OK);
	hf_feed_close(feed);
	return followed;
}

static inline void churn_a_while(struct scene *scene, const char *name)
{
	struct churn churn;
	churn_init(&churn, name, 15, 1500);
	for (unsigned i = 0; i < STEPS; i++)
		churn_step(&churn, scene->store);
	churn_deinit(&churn);
	assert_int_equal(hf_sync(scene->store, NULL), HF_OK);
}

#endif
