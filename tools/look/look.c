/* See look.h. */
#include "look/look.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>

/* After an unclean stop numbering jumps by more than this, in a new segment (recovery): no count of
 * changes. */
#define JUMP (UINT64_C(1) << 20)
#define NOTED_US 60000000 /* a note is shown */

static int64_t monotonic(void)
{
	struct timespec now = {0};
	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static hf_time wall(void)
{
	struct timespec now = {0};
	(void)clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* --- What happened in between ----------------------------------------------------------------- */

/* That a writer came or went is less than what may have been noted a moment before. */
static void note(struct look *look, bool grave, const char *text)
{
	const bool other = look->noted_at != HF_UNSET && wall() - look->noted_at < NOTED_US;
	if (!grave && look->noted_grave && other)
		return;
	look->noted_grave = grave;
	snprintf(look->note, sizeof look->note, "%s", text);
	look->noted_at = wall();
}

static bool other_store(const struct hf_info *a, const struct hf_info *b)
{
	return memcmp(a->uuid, b->uuid, sizeof a->uuid) != 0 || a->epoch != b->epoch;
}

static void compare(struct look *look, const struct hf_info *before, const struct hf_info *now,
                    const struct look_disk *disk)
{
	if (other_store(before, now))
		note(look, true, "another store lies here now (import, restore or salvage)");
	else if (now->last_lsn < before->last_lsn)
		note(look, true, "the log ends earlier than it did: an older copy lies here now");
	else if (look->disk.snapshot_lsn > disk->snapshot_lsn)
		note(look, true, "a new snapshot is there: the store was compacted");
	else if (before->writer && !now->writer)
		note(look, false, "its writer has ended; what is held without a lease is free");
	else if (!before->writer && now->writer)
		note(look, false, "a writer has opened it");
}

static void rate(struct look *look, const struct hf_info *before, const struct hf_info *now,
                 int64_t us)
{
	const double bytes = look->rates.bytes, seconds = (double)us / 1e6;
	look->rates = (struct look_rates){-1, -1};
	if (us <= 0 || other_store(before, now) || now->last_lsn < before->last_lsn)
		return;
	const uint64_t changes = now->last_lsn - before->last_lsn;
	const bool same =
	    now->segment == before->segment && now->segment_offset >= before->segment_offset;
	look->rates.bytes = same ? (now->segment_offset - before->segment_offset) / seconds : bytes;
	if (same || changes <= JUMP)
		look->rates.changes = (double)changes / seconds;
}

/* --- One look --------------------------------------------------------------------------------- */

static int fail(struct look *look, int code, const struct hf_error *error)
{
	look->code = code;
	snprintf(look->text, sizeof look->text, "%s", error->text);
	look->rates = (struct look_rates){-1, -1};
	if (look->failing_since == HF_UNSET)
		look->failing_since = wall();
	return code;
}

static int open_anew(struct look *look, hf_store **out, struct hf_error *error)
{
	const struct hf_options options = {
	    .no_background = true, .no_refresh = true, .allow_unsafe_fs = look->allow_unsafe_fs};
	return hf_open_read(look->directory, &options, out, error);
}

/* Is a store there under its name? A handle goes on with the files that it has. */
static bool is_there(const char *directory)
{
	struct stat about;
	char path[PATH_MAX];
	return snprintf(path, sizeof path, "%s/IDENTITY", directory) < (int)sizeof path &&
	       stat(path, &about) == 0;
}

/* A handle that cannot follow may be one whose store is gone, for good or to come again. What
 * another handle would run into as well is not asked twice. */
static int refresh(struct look *look, struct hf_error *error)
{
	hf_store *fresh;
	int rc = hf_refresh(look->store, NULL, error);
	if (rc == HF_ENOMEM || rc == HF_ENOSPACE || rc == HF_ELAGGED ||
	    (rc == HF_OK && is_there(look->directory)))
		return rc;
	rc = open_anew(look, &fresh, error);
	if (rc != HF_OK)
		return rc;
	(void)hf_close(look->store, NULL); /* nothing was written through it */
	look->store = fresh;
	return HF_OK;
}

static int collect(struct look *look, bool first)
{
	struct hf_error error = {0};
	struct look_state state = {0};
	int rc = first ? HF_OK : refresh(look, &error);
	if (rc == HF_OK)
		rc = look_collect(look->store, &state, &error);
	const int64_t now = monotonic();
	const struct hf_info *seen = rc == HF_OK ? &state.info : &look->state.info;
	const struct look_disk disk = look->disk;
	look_at_disk(look->directory, seen->segment, seen->segment_offset, &look->disk);
	if (rc != HF_OK) {
		look_free(&state);
		return fail(look, rc, &error);
	}
	look_date_claims(look, &state);
	if (look->looked_at > 0) {
		compare(look, &look->state.info, &state.info, &disk);
		rate(look, &look->state.info, &state.info, now - look->looked_at);
	}
	look_free(&look->state);
	look->state = state;
	look->looked_at = now;
	look->code = HF_OK;
	look->failing_since = HF_UNSET;
	return HF_OK;
}

int look_begin(struct look *look, const char *directory, bool allow_unsafe_fs, hf_store *store)
{
	*look = (struct look){.directory = directory,
	                      .allow_unsafe_fs = allow_unsafe_fs,
	                      .store = store,
	                      .rates = {-1, -1},
	                      .failing_since = HF_UNSET,
	                      .noted_at = HF_UNSET};
	return collect(look, true);
}

int look_again(struct look *look)
{
	return collect(look, false);
}

void look_end(struct look *look)
{
	look_free(&look->state);
	free(look->dates);
	(void)hf_close(look->store, NULL); /* nothing was written through it */
	look->store = NULL;
}
