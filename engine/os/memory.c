/* A disk in memory: the seam of os.h for a store of which nothing is to survive. No file, no
 * descriptor and no directory is touched; events are eventfds, as everywhere.
 *
 * Syncs are free, since there is nothing that could be lost apart from all of it. Room ends where
 * memory does, which is ENOSPC: what has been allocated, or written once, zeros too, is never
 * refused, as on a disk that promises room. A file without a name lives until it is closed.
 *
 * One lock guards all of it, and is held for a copy. A forked child takes it only if no thread
 * held it: else what it guards may be half changed, and stays. */
#include "os/os.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <string.h>

#include "base/mem.h"
#include "os/event.h"
#include "os/machine.h"
#include "os/memory_file.h"

#define READ_AT_ONCE ((size_t)64 << 10)

struct disk {
	pthread_mutex_t lock;
	struct hf__cookie cookie;
	bool locked; /* the store's lock, on nothing at all */
	struct hf__memory_file **files; /* those with a name */
	size_t count, cap;
	struct hf__memory_file **open; /* by their number; NULL where free */
	size_t open_count, open_cap;
};

/* --- Names and numbers ------------------------------------------------------------------------ */

static bool name_ok(const char *name)
{
	return name && *name && !strchr(name, '/') && strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
}

/* Where it stands among the files; count: nowhere. */
static size_t place_of(const struct disk *d, const char *name)
{
	size_t i = 0;
	while (i < d->count && strcmp(d->files[i]->name, name) != 0)
		i++;
	return i;
}

/* The name stands for nothing any more. */
static void forget_name(struct disk *d, size_t place)
{
	struct hf__memory_file *f = d->files[place];
	d->files[place] = d->files[--d->count];
	f->name[0] = '\0';
	if (f->opens == 0)
		hf__memory_file_free(f);
}

static struct hf__memory_file *file_of(const struct disk *d, int number)
{
	return number >= 0 && (size_t)number < d->open_count ? d->open[number] : NULL;
}

static int number_for(struct disk *d, int *out)
{
	size_t i = 0;
	while (i < d->open_count && d->open[i])
		i++;
	if (i == d->open_count) {
		struct hf__memory_file **more =
		    hf__grown(d->open, i, &d->open_cap, sizeof(struct hf__memory_file *), 8);
		if (!more)
			return ENOSPC;
		d->open = more;
		d->open[d->open_count++] = NULL;
	}
	*out = (int)i;
	return 0;
}

static int make_file(struct disk *d, const char *name, struct hf__memory_file **out)
{
	struct hf__memory_file **more =
	    hf__grown(d->files, d->count, &d->cap, sizeof(struct hf__memory_file *), 8);
	if (!more)
		return ENOSPC;
	d->files = more;
	struct hf__memory_file *f = hf__alloc(sizeof *f);
	if (!f)
		return ENOSPC;
	memcpy(f->name, name, strlen(name) + 1);
	d->files[d->count++] = f;
	*out = f;
	return 0;
}

static int open_locked(struct disk *d, const char *name, unsigned flags, int *out)
{
	const size_t place = place_of(d, name);
	struct hf__memory_file *f = place < d->count ? d->files[place] : NULL;
	int number = -1;
	if (flags & HF__OS_CREATE ? f != NULL : f == NULL)
		return f ? EEXIST : ENOENT;
	int rc = number_for(d, &number);
	if (rc == 0 && !f)
		rc = make_file(d, name, &f);
	if (rc != 0)
		return rc;
	f->opens++;
	d->open[number] = f;
	*out = number;
	return 0;
}

/* --- The seam --------------------------------------------------------------------------------- */

static void take(struct disk *d)
{
	const int rc = pthread_mutex_lock(&d->lock);
	assert(rc == 0); /* only for a lock that is none */
	(void)rc;
}

static int give_up(struct disk *d, int rc)
{
	(void)pthread_mutex_unlock(&d->lock);
	return rc;
}

static int memory_open(void *ctx, const char *name, unsigned flags, int *out)
{
	struct disk *d = ctx;
	if (!name_ok(name))
		return EINVAL;
	if (strlen(name) >= HF__MEMORY_NAME)
		return ENAMETOOLONG;
	take(d);
	return give_up(d, open_locked(d, name, flags, out));
}

static int memory_close(void *ctx, int number)
{
	struct disk *d = ctx;
	take(d);
	struct hf__memory_file *f = file_of(d, number);
	if (!f)
		return give_up(d, EBADF);
	d->open[number] = NULL;
	if (--f->opens == 0 && f->name[0] == '\0')
		hf__memory_file_free(f);
	return give_up(d, 0);
}

static int memory_same(void *ctx, int number, const char *name)
{
	struct disk *d = ctx;
	take(d);
	const struct hf__memory_file *f = file_of(d, number);
	return give_up(d, f && (!name || strcmp(f->name, name) == 0) ? 0 : ESTALE);
}

/* Piece by piece: who writes does not wait for one who reads much. */
static int memory_read(void *ctx, int number, void *buffer, size_t len, uint64_t at, size_t *got)
{
	struct disk *d = ctx;
	uint8_t *out = buffer;
	size_t wanted, found = 0;
	*got = 0;
	do {
		wanted = len - *got < READ_AT_ONCE ? len - *got : READ_AT_ONCE;
		take(d);
		const struct hf__memory_file *f = file_of(d, number);
		if (!f)
			return give_up(d, EBADF);
		hf__memory_file_read(f, out + *got, wanted, at + *got, &found);
		(void)give_up(d, 0);
		*got += found;
	} while (found == wanted && *got < len);
	return 0;
}

static int memory_write(void *ctx, int number, const void *data, size_t len, uint64_t at)
{
	struct disk *d = ctx;
	take(d);
	struct hf__memory_file *f = file_of(d, number);
	return give_up(d, f ? hf__memory_file_write(f, data, len, at) : EBADF);
}

static int memory_sync(void *ctx, int number)
{
	(void)ctx;
	(void)number;
	return 0;
}

static int memory_size(void *ctx, int number, uint64_t *out)
{
	struct disk *d = ctx;
	take(d);
	const struct hf__memory_file *f = file_of(d, number);
	if (f)
		*out = f->size;
	return give_up(d, f ? 0 : EBADF);
}

static int memory_rename(void *ctx, const char *from, const char *to)
{
	struct disk *d = ctx;
	if (!name_ok(from) || !name_ok(to))
		return EINVAL;
	if (strlen(to) >= HF__MEMORY_NAME)
		return ENAMETOOLONG;
	take(d);
	size_t place = place_of(d, from);
	if (place == d->count)
		return give_up(d, ENOENT);
	struct hf__memory_file *f = d->files[place];
	place = place_of(d, to);
	if (place < d->count && d->files[place] != f)
		forget_name(d, place);
	memcpy(f->name, to, strlen(to) + 1);
	return give_up(d, 0);
}

static int memory_unlink(void *ctx, const char *name)
{
	struct disk *d = ctx;
	if (!name_ok(name))
		return EINVAL;
	take(d);
	const size_t place = place_of(d, name);
	if (place == d->count)
		return give_up(d, ENOENT);
	forget_name(d, place);
	return give_up(d, 0);
}

static int memory_cut(void *ctx, const char *name, uint64_t size)
{
	struct disk *d = ctx;
	take(d);
	const size_t place = place_of(d, name);
	if (place == d->count)
		return give_up(d, ENOENT);
	if (d->files[place]->size > size)
		hf__memory_file_cut(d->files[place], size);
	return give_up(d, 0);
}

static int memory_allocate(void *ctx, int number, uint64_t size)
{
	struct disk *d = ctx;
	take(d);
	struct hf__memory_file *f = file_of(d, number);
	return give_up(d, f ? hf__memory_file_allocate(f, size) : EBADF);
}

static int memory_punch(void *ctx, int number, uint64_t at, uint64_t len)
{
	struct disk *d = ctx;
	take(d);
	struct hf__memory_file *f = file_of(d, number);
	if (f)
		hf__memory_file_punch(f, at, len);
	return give_up(d, f ? 0 : EBADF);
}

static int memory_room(void *ctx, uint64_t *out)
{
	(void)ctx;
	*out = UINT64_MAX;
	return 0;
}

static int memory_sync_dir(void *ctx)
{
	(void)ctx;
	return 0;
}

/* All names, of HF__MEMORY_NAME bytes each, and "" behind them; hf__free it. NULL: no memory. */
static char *names_of(struct disk *d)
{
	take(d);
	char *names = hf__alloc((d->count + 1) * HF__MEMORY_NAME);
	for (size_t i = 0; names && i < d->count; i++)
		memcpy(names + i * HF__MEMORY_NAME, d->files[i]->name, HF__MEMORY_NAME);
	(void)give_up(d, 0);
	return names;
}

/* Without the lock: who is given a name may open its file, or remove it. */
static int memory_list(void *ctx, hf__os_name_fn each, void *arg)
{
	char *names = names_of(ctx);
	int rc = names ? 0 : ENOMEM;
	for (const char *name = names; rc == 0 && *name; name += HF__MEMORY_NAME)
		rc = each(arg, name);
	hf__free(names);
	return rc;
}

/* No other handle can have what only this one leads to. */
static int memory_lock(void *ctx, const char *name, int64_t wait_us)
{
	struct disk *d = ctx;
	(void)wait_us;
	if (!name_ok(name))
		return EINVAL;
	take(d);
	const int rc = d->locked ? EAGAIN : 0;
	d->locked = true;
	return give_up(d, rc);
}

static int memory_unlock(void *ctx)
{
	struct disk *d = ctx;
	take(d);
	const int rc = d->locked ? 0 : EINVAL;
	d->locked = false;
	return give_up(d, rc);
}

static int memory_locked(void *ctx, const char *name, bool *held)
{
	struct disk *d = ctx;
	(void)name;
	take(d);
	*held = d->locked;
	return give_up(d, 0);
}

static int memory_held(void *ctx)
{
	bool held = false;
	(void)memory_locked(ctx, NULL, &held);
	return held ? 0 : EINVAL;
}

/* Which boot this is matters to who opens again what another one left. */
static int memory_boot_id(void *ctx, uint8_t out[16])
{
	(void)ctx;
	memset(out, 0, 16);
	return 0;
}

static bool memory_forked(void *ctx)
{
	const struct disk *d = ctx;
	return hf__cookie_forked(&d->cookie);
}

static int memory_safe(void *ctx, char *name, size_t cap, bool *is_volatile)
{
	static const char memory[] = "memory";
	(void)ctx;
	if (cap >= sizeof memory)
		memcpy(name, memory, sizeof memory);
	*is_volatile = true;
	return 0;
}

/* --- Making one ------------------------------------------------------------------------------- */

int hf__os_memory_new(struct hf__os *out)
{
	struct disk *d = hf__alloc(sizeof *d);
	if (!d)
		return ENOMEM;
	int rc = hf__cookie_init(&d->cookie);
	if (rc == 0) {
		rc = pthread_mutex_init(&d->lock, NULL);
		if (rc != 0)
			hf__cookie_deinit(&d->cookie);
	}
	if (rc != 0) {
		hf__free(d);
		return rc;
	}
	*out = (struct hf__os){
	    .ctx = d,
	    .open = memory_open,
	    .close = memory_close,
	    .same = memory_same,
	    .read = memory_read,
	    .write = memory_write,
	    .sync = memory_sync,
	    .size = memory_size,
	    .rename = memory_rename,
	    .unlink = memory_unlink,
	    .cut = memory_cut,
	    .allocate = memory_allocate,
	    .punch = memory_punch,
	    .room = memory_room,
	    .sync_dir = memory_sync_dir,
	    .list = memory_list,
	    .lock = memory_lock,
	    .held = memory_held,
	    .unlock = memory_unlock,
	    .locked = memory_locked,
	    .now = hf__machine_now,
	    .ticks = hf__machine_ticks,
	    .boot_clock = hf__machine_boot_clock,
	    .random = hf__machine_random,
	    .boot_id = memory_boot_id,
	    .forked = memory_forked,
	    .event_new = hf__event_new,
	    .event_tell = hf__event_tell,
	    .event_free = hf__event_free,
	    .event_clear = hf__event_clear,
	    .safe = memory_safe,
	};
	return 0;
}

void hf__os_memory_free(struct hf__os *os)
{
	struct disk *d = os->ctx;
	*os = (struct hf__os){0};
	if (!d)
		return;
	if (pthread_mutex_trylock(&d->lock) != 0)
		return; /* a forked child, in the middle of a change */
	for (size_t i = 0; i < d->open_count; i++) {
		struct hf__memory_file *f = d->open[i];
		if (f && --f->opens == 0 && f->name[0] == '\0')
			hf__memory_file_free(f);
	}
	for (size_t i = 0; i < d->count; i++)
		hf__memory_file_free(d->files[i]);
	hf__free(d->open);
	hf__free(d->files);
	(void)pthread_mutex_unlock(&d->lock);
	(void)pthread_mutex_destroy(&d->lock);
	hf__cookie_deinit(&d->cookie);
	hf__free(d);
}
