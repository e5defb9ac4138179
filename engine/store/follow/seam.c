/* The seam of a read-only handle (pins.h): it opens, reads and lists, and asks the machine;
 * whatever would create, change or remove something is refused.
 *
 * I-FOLLOW-1: nothing that this seam offers creates, changes or removes anything. */
#include <errno.h>
#include <string.h>

#include "store/follow/pins.h"

static int pin_open(void *ctx, const char *name, unsigned flags, int *out)
{
	return flags ? EROFS : hf__pinned_open(ctx, name, out); /* I-FOLLOW-1 */
}

static int pin_close(void *ctx, int file)
{
	return hf__pinned_close(ctx, file);
}

static int pin_list(void *ctx, hf__os_name_fn each, void *arg)
{
	return hf__pinned_list(ctx, each, arg);
}

static int pin_same(void *ctx, int file, const char *name)
{
	const struct hf__os *under = ((struct hf__pinned *)ctx)->under;
	return under->same(under->ctx, file, name);
}

static int pin_read(void *ctx, int file, void *buffer, size_t len, uint64_t at, size_t *got)
{
	const struct hf__os *under = ((struct hf__pinned *)ctx)->under;
	return under->read(under->ctx, file, buffer, len, at, got);
}

static int pin_size(void *ctx, int file, uint64_t *out)
{
	const struct hf__os *under = ((struct hf__pinned *)ctx)->under;
	return under->size(under->ctx, file, out);
}

static int pin_locked(void *ctx, const char *name, bool *held)
{
	const struct hf__os *under = ((struct hf__pinned *)ctx)->under;
	return under->locked(under->ctx, name, held);
}

static int64_t pin_now(void *ctx)
{
	const struct hf__os *under = ((struct hf__pinned *)ctx)->under;
	return under->now(under->ctx);
}

static int64_t pin_ticks(void *ctx)
{
	const struct hf__os *under = ((struct hf__pinned *)ctx)->under;
	return under->ticks(under->ctx);
}

static int64_t pin_boot_clock(void *ctx)
{
	const struct hf__os *under = ((struct hf__pinned *)ctx)->under;
	return under->boot_clock(under->ctx);
}

static int pin_random(void *ctx, void *buffer, size_t len)
{
	const struct hf__os *under = ((struct hf__pinned *)ctx)->under;
	return under->random(under->ctx, buffer, len);
}

static int pin_boot_id(void *ctx, uint8_t out[16])
{
	const struct hf__os *under = ((struct hf__pinned *)ctx)->under;
	return under->boot_id(under->ctx, out);
}

static bool pin_forked(void *ctx)
{
	const struct hf__os *under = ((struct hf__pinned *)ctx)->under;
	return under->forked(under->ctx);
}

static int pin_safe(void *ctx, char *name, size_t cap, bool *is_volatile)
{
	const struct hf__os *under = ((struct hf__pinned *)ctx)->under;
	return under->safe(under->ctx, name, cap, is_volatile);
}

static int pin_event_new(void *ctx, int *out)
{
	const struct hf__os *under = ((struct hf__pinned *)ctx)->under;
	return under->event_new(under->ctx, out);
}

static int pin_event_tell(void *ctx, int event)
{
	const struct hf__os *under = ((struct hf__pinned *)ctx)->under;
	return under->event_tell(under->ctx, event);
}

static void pin_event_free(void *ctx, int event)
{
	const struct hf__os *under = ((struct hf__pinned *)ctx)->under;
	under->event_free(under->ctx, event);
}

static void pin_event_clear(void *ctx, int event)
{
	const struct hf__os *under = ((struct hf__pinned *)ctx)->under;
	under->event_clear(under->ctx, event);
}

/* --- Refused: I-FOLLOW-1 --- */

static int no_write(void *ctx, int file, const void *data, size_t len, uint64_t at)
{
	(void)ctx, (void)file, (void)data, (void)len, (void)at;
	return EROFS;
}

static int no_change(void *ctx)
{
	(void)ctx;
	return EROFS;
}

static int no_sync(void *ctx, int file)
{
	(void)ctx, (void)file;
	return EROFS;
}

static int no_rename(void *ctx, const char *from, const char *to)
{
	(void)ctx, (void)from, (void)to;
	return EROFS;
}

static int no_unlink(void *ctx, const char *name)
{
	(void)ctx, (void)name;
	return EROFS;
}

static int no_cut(void *ctx, const char *name, uint64_t size)
{
	(void)ctx, (void)name, (void)size;
	return EROFS;
}

static int no_allocate(void *ctx, int file, uint64_t size)
{
	(void)ctx, (void)file, (void)size;
	return EROFS;
}

static int no_punch(void *ctx, int file, uint64_t at, uint64_t len)
{
	(void)ctx, (void)file, (void)at, (void)len;
	return EROFS;
}

static int no_room(void *ctx, uint64_t *out)
{
	(void)ctx;
	*out = 0;
	return 0;
}

static int no_lock(void *ctx, const char *name, int64_t wait_us)
{
	(void)ctx, (void)name, (void)wait_us;
	return EROFS;
}

void hf__pinned_init(struct hf__pinned *p, const struct hf__os *under)
{
	memset(p, 0, sizeof *p);
	atomic_init(&p->under, under);
	(void)pthread_mutex_init(&p->lock, NULL);
	p->os = (struct hf__os){
	    .ctx = p,
	    .open = pin_open,
	    .close = pin_close,
	    .same = pin_same,
	    .read = pin_read,
	    .size = pin_size,
	    .list = pin_list,
	    .locked = pin_locked,
	    .now = pin_now,
	    .ticks = pin_ticks,
	    .boot_clock = pin_boot_clock,
	    .random = pin_random,
	    .boot_id = pin_boot_id,
	    .forked = pin_forked,
	    .event_new = pin_event_new,
	    .event_tell = pin_event_tell,
	    .event_free = pin_event_free,
	    .event_clear = pin_event_clear,
	    .safe = pin_safe,
	    .write = no_write,
	    .sync = no_sync,
	    .rename = no_rename,
	    .unlink = no_unlink,
	    .cut = no_cut,
	    .allocate = no_allocate,
	    .punch = no_punch,
	    .room = no_room,
	    .sync_dir = no_change,
	    .lock = no_lock,
	    .held = no_change,
	    .unlock = no_change,
	};
}
