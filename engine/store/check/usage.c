/* What each file of the log is needed for: from outside, without the lock.
 *
 * Happy path: a read-only handle makes the state; a walk over it notes which entries gave an object
 * its newest change and where payloads lie; then the log is read once, and each entry is counted
 * for its segment. Failure modes: as for a read-only handle and for the reading of the log. A
 * writer goes on meanwhile: what it changes between the two is counted as far as it was seen. */
#include <stdlib.h>

#include "store/check/readonly.h"
#include "store/follow/follow.h"
#include "store/snapshot/walk.h"

struct place {
	uint32_t segment, offset, len;
};

struct usage {
	struct hf_store *store;
	struct hf__writer lsns; /* u64: of the newest change of each object */
	struct hf__writer places; /* struct place: payloads in segments */
	uint64_t in_snapshot, objects_before; /* bytes of payloads; objects that are as it shows them */
	struct hf_segment *files;
	char (*names)[HF__NAME_MAX];
	size_t count, cap;
	uint64_t *seen; /* for each, the process that was counted last */
	uint64_t base; /* LSN of the snapshot that the state begins with */
};

/* --- What the state refers to ----------------------------------------------------------------- */

static int note_object(struct hf__emitter *emitter, uint64_t lsn, uint8_t kind)
{
	struct usage *u = emitter->ctx;
	emitter->body.len = 0;
	if (kind == HF__CONTAINER_ENTRY)
		return HF_OK;
	u->objects_before += lsn <= u->base;
	hf__put_bytes(&u->lsns, hf_bytes_of(&lsn, sizeof lsn));
	return u->lsns.bad || emitter->body.bad ? HF_ENOMEM : HF_OK;
}

static int note_payload(struct hf__emitter *emitter, const struct hf__payload *payload)
{
	struct usage *u = emitter->ctx;
	const struct place place = {payload->segment, payload->offset, payload->len};
	if (payload->bytes || payload->len == 0)
		return HF_OK;
	if (payload->in_snapshot)
		u->in_snapshot += payload->len;
	else
		hf__put_bytes(&u->places, hf_bytes_of(&place, sizeof place));
	return u->places.bad ? HF_ENOMEM : HF_OK;
}

static int compare_lsns(const void *a, const void *b)
{
	uint64_t left, right;
	memcpy(&left, a, sizeof left);
	memcpy(&right, b, sizeof right);
	return (left > right) - (left < right);
}

static int compare_places(const void *a, const void *b)
{
	const struct place *left = a, *right = b;
	if (left->segment != right->segment)
		return left->segment < right->segment ? -1 : 1;
	return (left->offset > right->offset) - (left->offset < right->offset);
}

static int walk(struct usage *u, struct hf_error *error)
{
	struct hf_store *s = u->store;
	struct hf__emitter emitter = {.ctx = u, .emit = note_object, .payload = note_payload};
	int rc = hf__follow_begin(s, error);
	if (rc != HF_OK)
		return rc;
	(void)pthread_mutex_lock(&s->lock);
	rc = hf__follow_whole(s, error);
	u->base = s->info.snapshot_lsn;
	emitter.setback = hf__setback(s, s->world.states);
	for (unsigned i = 0; i < s->domains->count && rc == HF_OK; i++)
		rc = hf__walk_state(s->domains->rows[i], s->world.states[i], &emitter);
	(void)pthread_mutex_unlock(&s->lock);
	hf__follow_end(s);
	hf__writer_deinit(&emitter.body);
	if (u->lsns.len > 0)
		qsort(u->lsns.data, u->lsns.len / sizeof(uint64_t), sizeof(uint64_t), compare_lsns);
	if (u->places.len > 0)
		qsort(u->places.data, u->places.len / sizeof(struct place), sizeof(struct place),
		      compare_places);
	return rc == HF_ENOMEM ? hf__fail(error, rc, 0, "no memory for what the state refers to") : rc;
}

/* --- Files ------------------------------------------------------------------------------------ */

static int note_file(void *arg, const char *name)
{
	struct usage *u = arg;
	struct hf_segment file = {.size = sizeof file};
	uint32_t number = 0;
	file.snapshot = hf__snapshot_name_parse(name, &file.last_lsn);
	if (!file.snapshot && !hf__segment_name_parse(name, &number))
		return 0;
	if (u->count == u->cap) {
		const size_t cap = u->cap ? u->cap * 2 : 16;
		struct hf_segment *files = hf__realloc(u->files, cap * sizeof *files);
		u->files = files ? files : u->files;
		char(*names)[HF__NAME_MAX] = files ? hf__realloc(u->names, cap * sizeof *names) : NULL;
		u->names = names ? names : u->names;
		if (!names)
			return -1;
		u->cap = cap;
	}
	file.number = number;
	memcpy(u->names[u->count], name, strlen(name) + 1);
	u->files[u->count++] = file;
	return 0;
}

/* Snapshots first, then segments, each by number. */
static int compare_files(const void *a, const void *b)
{
	const struct hf_segment *left = a, *right = b;
	if (left->snapshot != right->snapshot)
		return left->snapshot ? -1 : 1;
	if (left->number != right->number)
		return left->number < right->number ? -1 : 1;
	return (left->last_lsn > right->last_lsn) - (left->last_lsn < right->last_lsn);
}

static void know_size(const struct hf__os *os, struct hf_segment *file)
{
	int fd = -1;
	if (os->open(os->ctx, file->file, 0, &fd) != 0)
		return; /* it went away meanwhile */
	if (os->size(os->ctx, fd, &file->bytes) != 0)
		file->bytes = 0;
	(void)os->close(os->ctx, fd); /* only read */
}

/* One that has no name any more. Behind all others, so that what follows asks which processes have
 * it open. Without memory it is left out. */
static struct hf_segment *removed_file(struct usage *u, const char *name, uint64_t bytes)
{
	const size_t before = u->count;
	if (note_file(u, name) != 0 || u->count == before)
		return NULL;
	uint64_t *seen = hf__realloc(u->seen, u->count * sizeof *seen);
	if (!seen) {
		u->count = before;
		return NULL;
	}
	seen[before] = 0;
	u->seen = seen;
	u->files[before].bytes = bytes;
	u->files[before].keeper = HF_SEGMENT_READERS;
	return &u->files[before];
}

static void note_holder(void *arg, uint64_t pid, const char *name, bool removed, uint64_t bytes)
{
	struct usage *u = arg;
	struct hf_segment *file = NULL;
	uint32_t number = 0;
	uint64_t lsn = 0;
	const bool snapshot = hf__snapshot_name_parse(name, &lsn);
	if (!snapshot && !hf__segment_name_parse(name, &number))
		return;
	for (size_t i = 0; i < u->count && !file; i++)
		if (u->files[i].snapshot == snapshot && u->files[i].number == number &&
		    (!snapshot || u->files[i].last_lsn == lsn) &&
		    (u->files[i].keeper == HF_SEGMENT_READERS) == removed)
			file = &u->files[i];
	if (!file && removed)
		file = removed_file(u, name, bytes);
	if (!file || u->seen[file - u->files] == pid)
		return;
	u->seen[file - u->files] = pid;
	file->open_by++;
}

static int list(struct usage *u, const struct hf__os *os, struct hf_error *error)
{
	const int rc = os->list(os->ctx, note_file, u);
	if (rc)
		return rc == -1 ? hf__fail(error, HF_ENOMEM, 0, "no memory for the names of files")
		                : hf__read_failed(error, "the directory could not be read", rc);
	if (u->count > 1)
		qsort(u->files, u->count, sizeof *u->files, compare_files);
	u->seen = hf__alloc(u->count * sizeof *u->seen);
	if (!u->seen)
		return hf__fail(error, HF_ENOMEM, 0, "no memory for the names of files");
	if (os->holders)
		os->holders(os->ctx, HF__NAME_LOCK, note_holder, u);
	for (size_t i = 0; i < u->count; i++) {
		if (u->files[i].snapshot)
			hf__snapshot_name(u->files[i].last_lsn, u->names[i]);
		else
			hf__segment_name(u->files[i].number, u->names[i]);
		u->files[i].file = u->names[i];
		if (u->files[i].keeper != HF_SEGMENT_READERS)
			know_size(os, &u->files[i]);
	}
	return HF_OK;
}

/* --- The log ---------------------------------------------------------------------------------- */

static uint64_t payloads_in(const struct usage *u, uint32_t segment, uint32_t from, uint64_t size)
{
	const struct place *all = (const void *)u->places.data;
	size_t low = 0, high = u->places.len / sizeof *all;
	const struct place wanted = {segment, from, 0};
	uint64_t bytes = 0;
	while (low < high) {
		const size_t middle = low + (high - low) / 2;
		if (compare_places(&all[middle], &wanted) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	for (; low < u->places.len / sizeof *all && all[low].segment == segment &&
	       all[low].offset - from < size;
	     low++)
		bytes += all[low].len;
	return bytes;
}

static bool count_entry(void *ctx, const struct hf_log_entry *entry)
{
	struct usage *u = ctx;
	const uint64_t size = HF__ENTRY_HEADER_SIZE + (uint64_t)entry->body_len;
	for (size_t i = 0; i < u->count; i++) {
		struct hf_segment *file = &u->files[i];
		if (file->snapshot || file->number != entry->segment || file->keeper == HF_SEGMENT_READERS)
			continue;
		const uint64_t payloads = payloads_in(u, entry->segment, entry->offset, size);
		/* what the snapshot shows is read from there */
		const bool live = u->lsns.len > 0 && entry->lsn > u->base &&
		                  bsearch(&entry->lsn, u->lsns.data, u->lsns.len / sizeof(uint64_t),
		                          sizeof(uint64_t), compare_lsns) != NULL;
		file->first_lsn = file->first_lsn ? file->first_lsn : entry->lsn;
		file->last_lsn = entry->lsn;
		file->entries++;
		file->entry_bytes += size;
		file->live_entries += live;
		file->live_bytes += live ? size : payloads;
		file->payload_bytes += payloads;
	}
	return true;
}

static void know_keeper(struct usage *u, struct hf_segment *file, bool newest)
{
	if (file->keeper == HF_SEGMENT_READERS)
		return;
	if (file->snapshot) {
		const bool base = file->last_lsn == u->base;
		file->live_entries = base ? u->objects_before : 0;
		file->payload_bytes = file->live_bytes = base ? u->in_snapshot : 0;
		file->keeper = base ? HF_SEGMENT_BASE : HF_SEGMENT_COVERED;
		return;
	}
	file->keeper = newest                     ? HF_SEGMENT_HEAD
	               : file->last_lsn > u->base ? HF_SEGMENT_LOG
	               : file->payload_bytes > 0  ? HF_SEGMENT_PAYLOADS
	                                          : HF_SEGMENT_COVERED;
}

static int give(struct usage *u, const struct hf__os *os, const struct hf__domains *domains,
                hf_segment_fn each, void *ctx, struct hf_error *error)
{
	int rc = walk(u, error);
	if (rc == HF_OK)
		rc = list(u, os, error);
	if (rc == HF_OK)
		rc = hf__log_each(os, domains, 0, HF_LOG_WITHOUT_TEXT, count_entry, u, error);
	for (size_t i = 0; i < u->count && rc == HF_OK; i++) {
		bool newest = true;
		for (size_t k = i + 1; k < u->count; k++)
			newest = newest && u->files[k].entries == 0;
		know_keeper(u, &u->files[i], newest);
		each(ctx, &u->files[i]);
	}
	return rc;
}

int hf__segments_each(const struct hf__os *os, const struct hf__domains *domains,
                      hf_segment_fn each, void *ctx, struct hf_error *error)
{
	struct usage u = {0};
	int rc = hf__store_open_read(os, domains, NULL, &u.store, error);
	if (rc != HF_OK)
		return rc;
	rc = give(&u, os, domains, each, ctx, error);
	const int closed = hf_close(u.store, NULL);
	hf__writer_deinit(&u.lsns);
	hf__writer_deinit(&u.places);
	hf__free(u.files);
	hf__free(u.names);
	hf__free(u.seen);
	return rc == HF_OK ? closed : rc;
}
