/* See crash_image.h. */
#include "lib/crash/crash_image.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "lib/crash/crash_play.h"
#include "log/group.h"
#include "log/segment.h"
#include "store/follow/follow.h"

bool image_open(struct sim *image, const struct hf_options *options, struct found *found, char *why,
                size_t cap)
{
	struct hf_error error = {0};
	hf_store *store = NULL;
	int rc = hf__store_open(sim_os(image), hf__all_domains(), options, &store, &error);
	if (rc != HF_OK) {
		(void)snprintf(why, cap, "opening failed: %s: %s (%s at %" PRIu64 ")", hf_code_name(rc),
		               error.text, error.file, error.offset);
		return false;
	}
	bool good = play_digest(store, &found->digest, why, cap) &&
	            hf_get_info(store, &found->info, NULL) == HF_OK;
	found->passed_lsn = hf__passed_lsn(store);
	rc = hf_close(store, &error);
	if (good && rc != HF_OK)
		(void)snprintf(why, cap, "closing failed: %s: %s", hf_code_name(rc), error.text);
	return good && rc == HF_OK;
}

/* A read-only handle on an image without a writer finds the state that an opening finds, and
 * changes nothing. */
static bool image_look(struct sim *image, uint64_t *digest, char *why, size_t cap)
{
	struct hf_error error = {0};
	hf_store *store = NULL;
	const uint64_t before = sim_hash(image);
	const int rc =
	    hf__store_open_read(sim_opener(image, 1), hf__all_domains(), NULL, &store, &error);
	*digest = 0;
	if (rc != HF_OK)
		(void)snprintf(why, cap, "a read-only opening failed: %s: %s (%s at %" PRIu64 ")",
		               hf_code_name(rc), error.text, error.file, error.offset);
	const bool good = rc == HF_OK && play_digest(store, digest, why, cap);
	if (rc == HF_OK)
		(void)hf_close(store, NULL);
	if (good && sim_hash(image) != before)
		(void)snprintf(why, cap, "a read-only opening changed a file");
	return why[0] == '\0';
}

static bool has_store(struct sim *image)
{
	uint64_t size = 0;
	return sim_file_size(image, HF__NAME_IDENTITY, &size);
}

bool image_open_twice(struct sim *image, const struct hf_options *options, struct found *found,
                      char *why, size_t cap)
{
	struct found again = {0};
	const bool existed = has_store(image);
	const uint64_t segments = sim_hash_of(image, "segment-");
	uint64_t seen = 0;
	if (existed && !image_look(image, &seen, why, cap))
		return false;
	if (!image_open(image, options, found, why, cap))
		return false;
	if (existed && found->digest != seen)
		(void)snprintf(why, cap, "a read-only opening found another state");
	if (why[0] != '\0')
		return false;
	const uint64_t opened = sim_hash_of(image, "segment-");
	if (existed && opened != segments) {
		(void)snprintf(why, cap, "opening changed a segment");
		return false;
	}
	if (!image_open(image, options, &again, why, cap))
		return false;
	if (again.info.rewritten_bytes != 0)
		(void)snprintf(why, cap, "the second opening wrote %" PRIu64 " bytes again",
		               again.info.rewritten_bytes);
	else if (again.digest != found->digest)
		(void)snprintf(why, cap, "the second opening found another state");
	else if (again.passed_lsn < found->passed_lsn)
		(void)snprintf(why, cap, "the second opening would issue LSNs again that were passed over");
	else if (sim_hash_of(image, "segment-") != opened)
		(void)snprintf(why, cap, "the second opening changed a segment");
	return why[0] == '\0';
}

bool image_header_survived(struct sim *image, const struct hf_info *info)
{
	uint8_t bytes[HF__GROUP_HEADER_SIZE];
	struct hf__group_header header;
	struct hf__log_id id = {.epoch = info->epoch, .seed = hf__seed_base(info->uuid, info->epoch)};
	char name[HF__NAME_MAX];
	memcpy(id.uuid, info->uuid, sizeof id.uuid);
	if (info->segment == 0)
		return false;
	hf__segment_name(info->segment, name);
	return sim_read_file(image, name, info->segment_offset, bytes, sizeof bytes) &&
	       hf__group_decode_header(&id, hf_bytes_of(bytes, sizeof bytes), &header) == HF_OK;
}

static struct outcome *memo_place(const struct memo *memo, uint64_t key)
{
	size_t at = (size_t)(key * UINT64_C(0x9e3779b97f4a7c15) >> 20) & (memo->cap - 1);
	while (memo->places[at].key != 0 && memo->places[at].key != key)
		at = (at + 1) & (memo->cap - 1);
	return &memo->places[at];
}

static void memo_grow(struct memo *memo)
{
	const struct memo old = *memo;
	memo->cap = old.cap ? old.cap * 2 : 4096;
	memo->places = calloc(memo->cap, sizeof *memo->places);
	if (!memo->places)
		abort();
	for (size_t i = 0; i < old.cap; i++)
		if (old.places[i].key != 0)
			*memo_place(memo, old.places[i].key) = old.places[i];
	free(old.places);
}

struct outcome *memo_find(struct memo *memo, uint64_t key, bool *found)
{
	if (memo->count * 2 >= memo->cap)
		memo_grow(memo);
	struct outcome *outcome = memo_place(memo, key);
	*found = outcome->key == key;
	if (!*found) {
		outcome->key = key;
		memo->count++;
	}
	return outcome;
}
