/* See follower.h. */
#include "lib/follow/follower.h"

#include "base/hash.h"
#include "lib/test.h"
#include "store/follow/follow.h"

uint64_t follower_digest(hf_store *store)
{
	struct hf__writer dump = {0};
	struct hf_error error = {0};
	if (hf__state_dump(store, &dump, &error) != HF_OK)
		fail_msg("dump: %s", error.text);
	const uint64_t digest = hf__checksum(dump.data, dump.len, 7);
	hf__writer_deinit(&dump);
	return digest;
}

hf_store *follower_open(struct sim *sim, unsigned opener)
{
	struct hf_error error = {0};
	hf_store *follower;
	if (hf__store_open_read(sim_opener(sim, opener), hf__all_domains(), NULL, &follower, &error) !=
	    HF_OK)
		fail_msg("open_read: %s (%s at %llu)", error.text, error.file,
		         (unsigned long long)error.offset);
	return follower;
}

uint64_t follower_refresh(hf_store *follower)
{
	struct hf_error error = {0};
	if (hf_refresh(follower, NULL, &error) != HF_OK)
		fail_msg("refresh: %s (%s at %llu, LSN %llu)", error.text, error.file,
		         (unsigned long long)error.offset, (unsigned long long)error.first_lsn);
	return follower_digest(follower);
}

hf_lsn follower_lsn(hf_store *follower)
{
	struct hf_info info = {0};
	assert_int_equal(hf_get_info(follower, &info, NULL), HF_OK);
	return info.durable_lsn;
}

hf_store *follower_writer(struct sim *sim, const struct hf_options *options)
{
	struct hf_error error = {0};
	hf_store *store;
	if (hf__store_open(sim_os(sim), hf__all_domains(), options, &store, &error) != HF_OK)
		fail_msg("open: %s (%s at %llu)", error.text, error.file, (unsigned long long)error.offset);
	return store;
}

void follower_kill(struct sim *sim, hf_store *writer)
{
	sim_set_forked(sim, true);
	(void)hf_close(writer, NULL);
	sim_set_forked(sim, false);
	sim_kill_one(sim, 0);
}

void follower_verify(hf_store *store)
{
	struct hf_error error = {0};
	if (hf__state_verify(store, &error) != HF_OK)
		fail_msg("verify: %s", error.text);
}
