/* A store on a simulated disk that gets full. */
#ifndef TESTS_FULL_DISK_CASE_H
#define TESTS_FULL_DISK_CASE_H

#include "lib/crash/life.h"
#include "lib/sim/sim_os.h"
#include "lib/test.h"
#include "store/store.h"

enum { KIB = 1 << 10, BLOCK = 4096 };

static struct hf_error error;

static inline struct sim *new_disk(bool promises)
{
	struct sim_profile profile = sim_profile_forgetful();
	profile.no_allocate = !promises;
	struct sim *sim = sim_new(profile, 1);
	sim_set_now(sim, INT64_C(1000000000));
	return sim;
}

static inline int try_open(struct sim *sim, uint32_t segment_size, hf_store **store)
{
	const struct hf_options options = {
	    .create = true, .no_background = true, .segment_size = segment_size};
	error = (struct hf_error){0};
	return hf__store_open(sim_os(sim), hf__all_domains(), &options, store, &error);
}

static inline hf_store *open_sized(struct sim *sim, uint32_t segment_size)
{
	hf_store *store = NULL;
	const int rc = try_open(sim, segment_size, &store);
	if (rc != HF_OK)
		fail_msg("open: %s: %s", hf_code_name(rc), error.text);
	return store;
}

static inline int enqueue(hf_store *store, unsigned number, size_t bytes)
{
	return life_enqueue(store, number, bytes, HF_DURABLE, &error);
}

static inline struct hf_info info_of(hf_store *store)
{
	struct hf_info info = {0};
	assert_int_equal(hf_get_info(store, &info, NULL), HF_OK);
	return info;
}

/* Items of so many bytes until there is no room. How many. */
static inline unsigned fill(hf_store *store, unsigned from, size_t bytes)
{
	unsigned number = from;
	int rc;
	while ((rc = enqueue(store, number, bytes)) == HF_OK)
		number++;
	if (rc != HF_ENOSPACE)
		fail_msg("%s: %s", hf_code_name(rc), error.text);
	assert_int_equal(info_of(store).fault, 0);
	return number;
}

static inline void close_store(hf_store *store)
{
	assert_int_equal(hf_close(store, &error), HF_OK);
}

/* To the last byte of the last segment. */
static inline unsigned fill_up(hf_store *store)
{
	unsigned number = 0;
	for (size_t bytes = 16 * KIB; bytes > 0; bytes /= 4)
		number = fill(store, number, bytes);
	return number;
}

#endif
