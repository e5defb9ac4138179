/* Creating a store.
 *
 * A store exists if and only if IDENTITY does. Creation: LOCK, the first segment (zeros, synced,
 * directory synced), WITNESS, then IDENTITY, each under a temporary name, synced, renamed,
 * directory synced. Crash anywhere before the rename is durable: there is no store, and what
 * lies there is zeros, so creating again starts over. Files that hold a log, or a WITNESS or
 * snapshot that speaks of one, but no IDENTITY are never taken for a fresh directory, nor for one
 * without a store (R9).
 *
 * A creation that was killed, or that saw a failure, at its last two steps leaves a store that is
 * seen and need not be on disk. So an opening with an empty log publishes its IDENTITY again before
 * it says that there is one. */
#include "store/internal.h"

#include <errno.h>

#include "log/sector.h"

#define IDENTITY_TMP HF__NAME_IDENTITY ".tmp"
#define WITNESS_TMP HF__NAME_WITNESS ".tmp"
/* What the other files of a new store take at most, with a second IDENTITY. */
#define OTHER_FILES (HF__WITNESS_SIZE + 3 * HF__BLOCK)

struct looking {
	const struct hf__os *os;
	int rc;
	bool data; /* something that may be a log, or speaks of one */
	char victim[HF__NAME_MAX];
};

/* A header may be lost where the log behind it is not, so every byte counts. */
static bool all_zero(const struct hf__os *os, const char *name, int *rc)
{
	uint8_t piece[HF__BLOCK];
	uint64_t at = 0;
	size_t got = 0;
	int file = -1;
	*rc = os->open(os->ctx, name, 0, &file);
	if (*rc)
		return false;
	do {
		*rc = os->read(os->ctx, file, piece, sizeof piece, at, &got);
		at += got;
	} while (*rc == 0 && got == sizeof piece && hf__bytes_zero(piece, got));
	const int closed = os->close(os->ctx, file);
	*rc = *rc ? *rc : closed;
	return *rc == 0 && hf__bytes_zero(piece, got);
}

static int look_for_log(void *arg, const char *name)
{
	struct looking *l = arg;
	uint32_t number = 0;
	uint64_t lsn = 0;
	const bool tells = hf__segment_name_parse(name, &number) || hf__snapshot_name_parse(name, &lsn);
	if (!tells || all_zero(l->os, name, &l->rc))
		return 0;
	l->data = l->rc == 0;
	return -2;
}

/* 0 or errno. */
static int find_log(const struct hf__os *os, bool *data)
{
	struct looking l = {.os = os};
	int rc = os->list(os->ctx, look_for_log, &l);
	rc = l.rc || l.data ? l.rc : rc;
	*data = l.data;
	if (rc == 0 && !l.data) {
		*data = !all_zero(os, HF__NAME_WITNESS, &rc) && rc == 0;
		rc = rc == ENOENT ? 0 : rc;
	}
	return rc;
}

static int lost_identity(struct hf_error *error)
{
	return hf__fail_at(error, HF_ECORRUPT, HF__NAME_IDENTITY, 0,
	                   "the directory holds a log, or a " HF__NAME_WITNESS
	                   " or snapshot of one, but no " HF__NAME_IDENTITY);
}

int hf__find_identity(struct hf_store *s, struct hf_error *error)
{
	bool data = false;
	int rc = hf__read_identity(s, error);
	if (rc != HF_ENOTFOUND)
		return rc;
	const int found = find_log(s->os, &data);
	if (found)
		return hf__read_failed(error, "the directory could not be read", found);
	/* A creation that ends meanwhile has a log only once there is an IDENTITY. */
	rc = data ? hf__read_identity(s, error) : HF_ENOTFOUND;
	if (rc != HF_ENOTFOUND)
		return rc;
	return data ? lost_identity(error)
	            : hf__fail(error, HF_ENOTFOUND, 0, "the directory holds no store");
}

bool hf__log_without_identity(const struct hf__os *os)
{
	bool data = false;
	return find_log(os, &data) == 0 && data;
}

static int look_for_leftover(void *arg, const char *name)
{
	struct looking *l = arg;
	uint32_t number = 0;
	if (!hf__segment_name_parse(name, &number) && !hf__segment_tmp_name(name) &&
	    strcmp(name, HF__NAME_WITNESS) != 0 && strcmp(name, IDENTITY_TMP) != 0 &&
	    strcmp(name, WITNESS_TMP) != 0)
		return 0;
	memcpy(l->victim, name, strlen(name) + 1);
	return -1;
}

/* Removes what a creation that crashed left behind. Anything that may be a log is found first,
 * and then nothing at all is touched. */
static int clear_leftovers(const struct hf__os *os, struct hf_error *error)
{
	struct looking l = {.os = os};
	bool data = false;
	int rc = find_log(os, &data);
	while (rc == 0 && !data && (rc = os->list(os->ctx, look_for_leftover, &l)) == -1) {
		rc = os->unlink(os->ctx, l.victim);
		if (rc)
			return hf__os_failed(error, "what an unfinished creation left could not be removed",
			                     rc);
	}
	if (rc)
		return hf__os_failed(error, "the directory could not be read", rc);
	return data ? lost_identity(error) : HF_OK;
}

static int create_file(const struct hf__os *os, const char *name, const void *data, size_t len)
{
	int file = -1;
	int rc = os->open(os->ctx, name, HF__OS_WRITE | HF__OS_CREATE, &file);
	if (rc)
		return rc;
	rc = os->write(os->ctx, file, data, len, 0);
	if (rc == 0)
		rc = os->sync(os->ctx, file);
	const int closed = os->close(os->ctx, file);
	return rc ? rc : closed;
}

static int create_log(const struct hf__os *os, uint32_t segment_size)
{
	static const uint8_t no_word[HF__WITNESS_SIZE];
	bool unknowable = false;
	int file = -1;
	const uint32_t first =
	    segment_size < HF__SEGMENT_FIRST_MAX ? segment_size : HF__SEGMENT_FIRST_MAX;
	uint32_t size = hf__segment_fit(os, first, HF__SEGMENT_SIZE_MIN, OTHER_FILES);
	int rc = hf__segment_prepare(os, 1, size, &file, &unknowable);
	while (!unknowable && hf__code_of_errno(rc) == HF_ENOSPACE && size > HF__SEGMENT_SIZE_MIN) {
		size = hf__segment_half(size, HF__SEGMENT_SIZE_MIN);
		rc = hf__segment_prepare(os, 1, size, &file, &unknowable);
	}
	if (rc == 0)
		rc = os->close(os->ctx, file);
	if (rc == 0)
		rc = create_file(os, WITNESS_TMP, no_word, sizeof no_word);
	/* Crash: no WITNESS, or one of zeros: only a store has written another one. */
	if (rc == 0)
		rc = os->rename(os->ctx, WITNESS_TMP, HF__NAME_WITNESS);
	return rc ? rc : os->sync_dir(os->ctx);
}

/* Crash: before the rename is durable there is no store; after it a whole one. */
static int publish_identity(const struct hf__os *os, const uint8_t bytes[HF__IDENTITY_SIZE])
{
	int rc = create_file(os, IDENTITY_TMP, bytes, HF__IDENTITY_SIZE);
	if (rc == 0)
		rc = os->rename(os->ctx, IDENTITY_TMP, HF__NAME_IDENTITY);
	return rc ? rc : os->sync_dir(os->ctx);
}

int hf__identity_draw(const struct hf__os *os, uint32_t segment_size, uint32_t pad,
                      struct hf__identity *out)
{
	*out = (struct hf__identity){
	    .format_major = HF__FORMAT_MAJOR,
	    .format_minor = HF__FORMAT_MINOR,
	    .epoch = 1,
	    .segment_size = segment_size,
	    .pad = pad,
	};
	const int rc = os->random(os->ctx, out->uuid, sizeof out->uuid);
	return rc ? rc : os->random(os->ctx, out->content_key, sizeof out->content_key);
}

int hf__create_files(const struct hf__os *os, const struct hf__identity *identity)
{
	uint8_t bytes[HF__IDENTITY_SIZE];
	const int rc = create_log(os, identity->segment_size);
	hf__identity_encode(identity, bytes);
	return rc ? rc : publish_identity(os, bytes);
}

int hf__create(struct hf_store *s, struct hf_error *error)
{
	struct hf__identity identity;
	int rc = clear_leftovers(s->os, error);
	if (rc != HF_OK)
		return rc;
	rc = hf__identity_draw(s->os, s->options.segment_size, s->options.pad, &identity);
	if (rc == 0)
		rc = hf__create_files(s->os, &identity);
	return rc ? hf__os_failed(error, "the store could not be created", rc) : HF_OK;
}

int hf__publish_again(struct hf_store *s, uint32_t incompat, struct hf_error *error)
{
	const struct hf__os *os = s->os;
	uint8_t bytes[HF__IDENTITY_SIZE];
	size_t got = 0;
	int file = -1;
	int rc = os->open(os->ctx, HF__NAME_IDENTITY, 0, &file);
	if (rc == 0) {
		rc = os->read(os->ctx, file, bytes, sizeof bytes, 0, &got);
		const int closed = os->close(os->ctx, file);
		rc = rc ? rc : closed;
	}
	if (rc == 0 && got != sizeof bytes)
		rc = EIO; /* it was whole a moment ago */
	struct hf__head head = hf__head_get(bytes);
	head.incompat |= incompat;
	hf__head_put(bytes, &head); /* the rest stays, whatever wrote it */
	hf__sector_seal(bytes, 0);
	if (rc == 0)
		rc = os->unlink(os->ctx, IDENTITY_TMP);
	if (rc == 0 || rc == ENOENT)
		rc = publish_identity(os, bytes);
	return rc ? hf__os_failed(error, HF__NAME_IDENTITY " could not be made durable", rc) : HF_OK;
}
