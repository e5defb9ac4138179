/* See pins.h.
 *
 * Job: what a read-only handle shows can be read as long as it shows it, though a writer removes
 * the files. Happy path: all files of one listing are opened, and the listing is compared with a
 * second one: if it is the same, what is open is one state of the store, for files only ever go
 * oldest first, after what replaces them has its name. From then on a name that is kept stands
 * for the descriptor, and every other one for what the directory has now.
 *
 * Failure modes: no descriptor or memory left is reported as it is. A descriptor that the host
 * closed is opened anew by its name.
 */
#include "store/follow/pins.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "log/segment.h"
#include "log/snapshot.h"

/* --- Which files ------------------------------------------------------------------------------ */

static bool is_log(const char *name)
{
	uint32_t number;
	uint64_t lsn;
	return hf__segment_name_parse(name, &number) || hf__snapshot_name_parse(name, &lsn);
}

static int note_name(void *arg, const char *name)
{
	struct hf__pin_names *names = arg;
	if (!is_log(name))
		return 0;
	void *all = hf__grown(names->all, names->count, &names->cap, sizeof *names->all, 16);
	if (!all)
		return ENOMEM;
	names->all = all;
	memset(names->all[names->count], 0, sizeof *names->all); /* they are compared as a whole */
	memcpy(names->all[names->count++], name, strlen(name)); /* a name of the log is short */
	return 0;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(a, b);
}

static int list_names(const struct hf__os *os, struct hf__pin_names *out)
{
	out->count = 0;
	const int rc = os->list(os->ctx, note_name, out);
	if (rc == 0 && out->count > 1)
		qsort(out->all, out->count, sizeof *out->all, compare_names);
	return rc;
}

static bool same_names(const struct hf__pin_names *a, const struct hf__pin_names *b)
{
	return a->count == b->count &&
	       (a->count == 0 || memcmp(a->all, b->all, a->count * sizeof *a->all) == 0);
}

/* --- The table -------------------------------------------------------------------------------- */

static struct hf__pin *find_kept(struct hf__pinned *p, const char *name)
{
	for (size_t i = 0; i < p->count; i++)
		if (p->pins[i].kept && strcmp(p->pins[i].name, name) == 0)
			return &p->pins[i];
	return NULL;
}

static struct hf__pin *find_file(struct hf__pinned *p, int file)
{
	for (size_t i = 0; i < p->count; i++)
		if (p->pins[i].file == file)
			return &p->pins[i];
	return NULL;
}

/* Closes it if nothing needs it. */
static int settle(struct hf__pinned *p, struct hf__pin *pin)
{
	const int file = pin->file;
	if (pin->kept || pin->uses > 0)
		return 0;
	*pin = p->pins[--p->count];
	return p->under->close(p->under->ctx, file); /* nothing was written through it */
}

static void settle_all(struct hf__pinned *p)
{
	for (size_t i = p->count; i > 0; i--)
		(void)settle(p, &p->pins[i - 1]);
}

static int add(struct hf__pinned *p, const char *name, int file, bool kept)
{
	struct hf__pin *pins = hf__grown(p->pins, p->count, &p->cap, sizeof *pins, 16);
	if (!pins)
		return ENOMEM;
	p->pins = pins;
	struct hf__pin *pin = &p->pins[p->count++];
	*pin = (struct hf__pin){.file = file, .uses = kept ? 0 : 1, .kept = kept};
	memcpy(pin->name, name, strnlen(name, sizeof pin->name - 1));
	return 0;
}

/* The lock is held. A descriptor of it that the host closed is forgotten. */
static struct hf__pin *kept_and_open(struct hf__pinned *p, const char *name)
{
	struct hf__pin *pin = find_kept(p, name);
	if (!pin || p->under->same(p->under->ctx, pin->file, NULL) == 0)
		return pin;
	pin->kept = false;
	(void)settle(p, pin);
	return NULL;
}

static int open_named(struct hf__pinned *p, const char *name, bool keep, int *out)
{
	int rc = p->under->open(p->under->ctx, name, 0, out);
	if (rc)
		return rc;
	rc = add(p, name, *out, keep);
	if (rc)
		(void)p->under->close(p->under->ctx, *out);
	return rc;
}

int hf__pinned_open(struct hf__pinned *p, const char *name, int *out)
{
	(void)pthread_mutex_lock(&p->lock);
	const bool was_kept = find_kept(p, name) != NULL;
	struct hf__pin *pin = kept_and_open(p, name);
	int rc = 0;
	if (pin) {
		pin->uses++;
		*out = pin->file;
	} else {
		rc = open_named(p, name, false, out);
		if (rc == 0 && was_kept)
			find_file(p, *out)->kept = true;
	}
	(void)pthread_mutex_unlock(&p->lock);
	return rc;
}

int hf__pinned_close(struct hf__pinned *p, int file)
{
	(void)pthread_mutex_lock(&p->lock);
	struct hf__pin *pin = find_file(p, file);
	int rc = EBADF;
	if (pin && pin->uses > 0) {
		pin->uses--;
		rc = settle(p, pin);
	}
	(void)pthread_mutex_unlock(&p->lock);
	return rc;
}

int hf__pinned_list(const struct hf__pinned *p, hf__os_name_fn each, void *arg)
{
	int rc = 0;
	if (!p->frozen)
		return p->under->list(p->under->ctx, each, arg);
	for (size_t i = 0; i < p->names.count && rc == 0; i++)
		rc = each(arg, p->names.all[i]);
	return rc;
}

/* --- The whole -------------------------------------------------------------------------------- */

void hf__pinned_forget(struct hf__pinned *p)
{
	hf__free(p->pins);
	hf__free(p->names.all);
}

void hf__pinned_deinit(struct hf__pinned *p)
{
	hf__pinned_drop(p);
	(void)pthread_mutex_destroy(&p->lock);
	hf__pinned_forget(p);
}

/* --- What is kept ----------------------------------------------------------------------------- */

int hf__pinned_take(struct hf__pinned *p)
{
	struct hf__pin_names again = {0};
	int rc = list_names(p->under, &p->names);
	(void)pthread_mutex_lock(&p->lock);
	for (size_t i = 0; i < p->names.count && rc == 0; i++) {
		int file;
		if (!kept_and_open(p, p->names.all[i]))
			rc = open_named(p, p->names.all[i], true, &file);
	}
	(void)pthread_mutex_unlock(&p->lock);
	if (rc == 0)
		rc = list_names(p->under, &again);
	if (rc == ENOENT || (rc == 0 && !same_names(&p->names, &again)))
		rc = EAGAIN;
	hf__free(again.all);
	return rc;
}

void hf__pinned_keep(struct hf__pinned *p, int file)
{
	(void)pthread_mutex_lock(&p->lock);
	struct hf__pin *pin = find_file(p, file);
	if (pin)
		pin->kept = true;
	(void)pthread_mutex_unlock(&p->lock);
}

void hf__pinned_let_go(struct hf__pinned *p, uint32_t first, uint32_t last, uint64_t snapshot)
{
	(void)pthread_mutex_lock(&p->lock);
	for (size_t i = 0; i < p->count; i++) {
		struct hf__pin *pin = &p->pins[i];
		uint32_t number = 0;
		uint64_t lsn = 0;
		if (hf__segment_name_parse(pin->name, &number))
			pin->kept = pin->kept && number >= first && number <= last;
		else if (hf__snapshot_name_parse(pin->name, &lsn))
			pin->kept = pin->kept && lsn == snapshot;
	}
	settle_all(p);
	(void)pthread_mutex_unlock(&p->lock);
}

void hf__pinned_drop(struct hf__pinned *p)
{
	(void)pthread_mutex_lock(&p->lock);
	for (size_t i = 0; i < p->count; i++)
		p->pins[i].kept = false;
	settle_all(p);
	(void)pthread_mutex_unlock(&p->lock);
}

int hf__pinned_gone(struct hf__pinned *p, size_t *gone, uint64_t *bytes)
{
	uint32_t number;
	*gone = 0;
	*bytes = 0;
	int rc = list_names(p->under, &p->names);
	(void)pthread_mutex_lock(&p->lock);
	for (size_t i = 0; i < p->count && rc == 0; i++) {
		uint64_t size = 0;
		const struct hf__pin *pin = &p->pins[i];
		if (!pin->kept || !hf__segment_name_parse(pin->name, &number) ||
		    (p->names.count > 0 &&
		     bsearch(pin->name, p->names.all, p->names.count, sizeof *p->names.all, compare_names)))
			continue;
		rc = p->under->size(p->under->ctx, pin->file, &size);
		++*gone;
		*bytes += size;
	}
	(void)pthread_mutex_unlock(&p->lock);
	return rc;
}
