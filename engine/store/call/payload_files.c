/* Descriptors of segments that payloads are read from.
 *
 * Job: a read of a payload costs no open(), and a call that is about to give payloads away
 * has what it needs to read them before it changes anything: a claim that was written and whose
 * payload cannot be read would be charged to its item.
 *
 * Happy path: a segment is opened once and pinned by each reader. Those that no reader pins
 * stay open, HF__PAYLOAD_FILES of them at most; the one that was used longest ago goes
 * first. Segments never change where payloads lie, so a descriptor stays good.
 *
 * Failure modes: with no descriptor left one that no reader pins makes room, and below that the
 * seam has one in reserve; then the call is refused. A descriptor that the host closed is
 * forgotten, and the segment opened again.
 *
 * The table has a mutex of its own, the last to be taken; it is not held while a file is opened. */
#include <errno.h>

#include "store/internal.h"

static struct hf__payload_open *find(struct hf__payload_files *files, uint32_t segment)
{
	for (size_t i = 0; i < files->count; i++)
		if (files->open[i].segment == segment)
			return &files->open[i];
	return NULL;
}

/* Closes it: nothing was written through it. */
static void forget(struct hf_store *s, struct hf__payload_open *entry)
{
	struct hf__payload_files *files = &s->payload_files;
	(void)s->os->close(s->os->ctx, entry->file);
	*entry = files->open[--files->count];
}

/* Closes the one that was used longest ago and that no reader pins; false: there is none. */
static bool forget_oldest(struct hf_store *s)
{
	struct hf__payload_files *files = &s->payload_files;
	struct hf__payload_open *oldest = NULL;
	for (size_t i = 0; i < files->count; i++)
		if (files->open[i].pins == 0 && (!oldest || files->open[i].used < oldest->used))
			oldest = &files->open[i];
	if (oldest)
		forget(s, oldest);
	return oldest != NULL;
}

/* The mutex is held. */
static bool pin_open(struct hf_store *s, uint32_t segment, int *file)
{
	struct hf__payload_open *entry = find(&s->payload_files, segment);
	/* A descriptor that others read from is as it was when they pinned it, or they find out by
	 * the checksum. */
	if (entry && entry->pins == 0 && s->os->same(s->os->ctx, entry->file, NULL) != 0) {
		forget(s, entry);
		entry = NULL;
	}
	if (!entry)
		return false;
	entry->pins++;
	entry->used = ++s->payload_files.turn;
	*file = entry->file;
	return true;
}

bool hf__payload_pin_open(struct hf_store *s, uint32_t segment, int *file)
{
	(void)pthread_mutex_lock(&s->payload_files.lock);
	const bool there = pin_open(s, segment, file);
	(void)pthread_mutex_unlock(&s->payload_files.lock);
	return there;
}

static int open_making_room(struct hf_store *s, uint32_t segment, int *file)
{
	char name[HF__NAME_MAX];
	bool room = true;
	int rc;
	hf__segment_name(segment, name);
	do {
		rc = s->os->open(s->os->ctx, name, 0, file);
		if (rc == EMFILE || rc == ENFILE) {
			(void)pthread_mutex_lock(&s->payload_files.lock);
			room = forget_oldest(s);
			(void)pthread_mutex_unlock(&s->payload_files.lock);
		}
	} while ((rc == EMFILE || rc == ENFILE) && room);
	return rc;
}

/* The mutex is held. Into the table, unless another thread was faster. 0 or ENOMEM; the file is
 * closed then. */
static int add(struct hf_store *s, uint32_t segment, int *file)
{
	struct hf__payload_files *files = &s->payload_files;
	const int opened = *file;
	if (pin_open(s, segment, file)) {
		(void)s->os->close(s->os->ctx, opened);
		return 0;
	}
	struct hf__payload_open *more =
	    hf__grown(files->open, files->count, &files->cap, sizeof *more, HF__PAYLOAD_FILES);
	if (!more) {
		(void)s->os->close(s->os->ctx, opened);
		return ENOMEM;
	}
	files->open = more;
	files->open[files->count++] = (struct hf__payload_open){
	    .segment = segment, .file = opened, .pins = 1, .used = ++files->turn};
	if (files->count > HF__PAYLOAD_FILES)
		(void)forget_oldest(s);
	*file = opened;
	return 0;
}

int hf__payload_pin(struct hf_store *s, uint32_t segment, int *file)
{
	if (hf__payload_pin_open(s, segment, file))
		return 0;
	int rc = open_making_room(s, segment, file);
	if (rc)
		return rc;
	(void)pthread_mutex_lock(&s->payload_files.lock);
	rc = add(s, segment, file);
	(void)pthread_mutex_unlock(&s->payload_files.lock);
	return rc;
}

void hf__payload_unpin(struct hf_store *s, uint32_t segment)
{
	(void)pthread_mutex_lock(&s->payload_files.lock);
	struct hf__payload_open *entry = find(&s->payload_files, segment);
	if (entry)
		entry->pins--;
	if (entry && entry->pins == 0 && entry->used == 0)
		forget(s, entry);
	while (s->payload_files.count > HF__PAYLOAD_FILES && forget_oldest(s)) {
	}
	(void)pthread_mutex_unlock(&s->payload_files.lock);
}

void hf__payload_forget(struct hf_store *s, uint32_t segment)
{
	(void)pthread_mutex_lock(&s->payload_files.lock);
	struct hf__payload_open *entry = find(&s->payload_files, segment);
	if (entry && entry->pins == 0)
		forget(s, entry);
	else if (entry)
		entry->used = 0;
	(void)pthread_mutex_unlock(&s->payload_files.lock);
}

void hf__payload_files_close(struct hf_store *s)
{
	while (s->payload_files.count > 0)
		forget(s, &s->payload_files.open[0]);
	hf__free(s->payload_files.open);
	s->payload_files.open = NULL;
	s->payload_files.cap = 0;
}

/* --- What a call needs ------------------------------------------------------------------------ */

static bool has(const struct hf__pins *pins, uint32_t segment)
{
	/* Payloads that are given together lie together: the newest is the likely one. */
	for (size_t i = pins->count; i > 0; i--)
		if (pins->segments[i - 1] == segment)
			return true;
	return false;
}

static bool push(struct hf__pins *pins, uint32_t segment)
{
	uint32_t *more = hf__grown(pins->segments, pins->count, &pins->cap, sizeof *more, 8);
	if (!more)
		return false;
	pins->segments = more;
	pins->segments[pins->count++] = segment;
	return true;
}

int hf__pins_want(struct hf_store *s, struct hf__pins *pins, struct hf__pins *missing,
                  uint32_t segment)
{
	int file;
	if (has(pins, segment) || has(missing, segment))
		return HF_OK;
	const bool open = hf__payload_pin_open(s, segment, &file);
	if (push(open ? pins : missing, segment))
		return HF_OK;
	if (open)
		hf__payload_unpin(s, segment);
	return HF_ENOMEM;
}

int hf__pins_get(struct hf_store *s, struct hf__pins *pins, struct hf__pins *missing,
                 uint32_t *failed)
{
	int rc = 0, file;
	for (size_t i = 0; i < missing->count && rc == 0; i++) {
		*failed = missing->segments[i];
		rc = hf__payload_pin(s, *failed, &file);
		if (rc == 0 && !push(pins, *failed)) {
			hf__payload_unpin(s, *failed);
			rc = ENOMEM;
		}
	}
	missing->count = 0;
	return rc;
}

void hf__pins_drop(struct hf_store *s, struct hf__pins *pins)
{
	for (size_t i = 0; i < pins->count; i++)
		hf__payload_unpin(s, pins->segments[i]);
	hf__free(pins->segments);
	*pins = (struct hf__pins){0};
}
