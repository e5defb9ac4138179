/* See between.h. */
#include "lib/follow/between.h"

static const struct hf__os *pass(void *ctx)
{
	struct between *b = ctx;
	b->calls++;
	if (b->before && !b->inside) {
		b->inside = true;
		b->before(b->ctx);
		b->inside = false;
	}
	return b->under;
}

static const struct hf__os *under(void *ctx)
{
	return ((struct between *)ctx)->under;
}

static int b_open(void *ctx, const char *name, unsigned flags, int *out)
{
	const struct hf__os *os = pass(ctx);
	return os->open(os->ctx, name, flags, out);
}

static int b_close(void *ctx, int file)
{
	const struct hf__os *os = pass(ctx);
	return os->close(os->ctx, file);
}

static int b_same(void *ctx, int file, const char *name)
{
	const struct hf__os *os = under(ctx);
	return os->same(os->ctx, file, name);
}

static int b_read(void *ctx, int file, void *buffer, size_t len, uint64_t at, size_t *got)
{
	const struct hf__os *os = pass(ctx);
	return os->read(os->ctx, file, buffer, len, at, got);
}

static int b_write(void *ctx, int file, const void *data, size_t len, uint64_t at)
{
	const struct hf__os *os = pass(ctx);
	return os->write(os->ctx, file, data, len, at);
}

static int b_sync(void *ctx, int file)
{
	const struct hf__os *os = pass(ctx);
	return os->sync(os->ctx, file);
}

static int b_size(void *ctx, int file, uint64_t *out)
{
	const struct hf__os *os = under(ctx);
	return os->size(os->ctx, file, out);
}

static int b_rename(void *ctx, const char *from, const char *to)
{
	const struct hf__os *os = pass(ctx);
	return os->rename(os->ctx, from, to);
}

static int b_unlink(void *ctx, const char *name)
{
	const struct hf__os *os = pass(ctx);
	return os->unlink(os->ctx, name);
}

static int b_cut(void *ctx, const char *name, uint64_t size)
{
	const struct hf__os *os = pass(ctx);
	return os->cut(os->ctx, name, size);
}

static int b_allocate(void *ctx, int file, uint64_t size)
{
	const struct hf__os *os = pass(ctx);
	return os->allocate(os->ctx, file, size);
}

static int b_punch(void *ctx, int file, uint64_t at, uint64_t len)
{
	const struct hf__os *os = pass(ctx);
	return os->punch(os->ctx, file, at, len);
}

static int b_room(void *ctx, uint64_t *out)
{
	const struct hf__os *os = under(ctx);
	return os->room(os->ctx, out);
}

static int b_sync_dir(void *ctx)
{
	const struct hf__os *os = pass(ctx);
	return os->sync_dir(os->ctx);
}

static int b_list(void *ctx, hf__os_name_fn each, void *arg)
{
	const struct hf__os *os = pass(ctx);
	return os->list(os->ctx, each, arg);
}

static int b_lock(void *ctx, const char *name, int64_t wait_us)
{
	const struct hf__os *os = pass(ctx);
	return os->lock(os->ctx, name, wait_us);
}

static int b_unlock(void *ctx)
{
	const struct hf__os *os = pass(ctx);
	return os->unlock(os->ctx);
}

static int b_held(void *ctx)
{
	const struct hf__os *os = under(ctx);
	return os->held(os->ctx);
}

static int b_locked(void *ctx, const char *name, bool *held)
{
	const struct hf__os *os = under(ctx);
	return os->locked(os->ctx, name, held);
}

static int64_t b_now(void *ctx)
{
	const struct hf__os *os = under(ctx);
	return os->now(os->ctx);
}

static int64_t b_ticks(void *ctx)
{
	const struct hf__os *os = under(ctx);
	return os->ticks(os->ctx);
}

static int64_t b_boot_clock(void *ctx)
{
	const struct hf__os *os = under(ctx);
	return os->boot_clock(os->ctx);
}

static int b_random(void *ctx, void *buffer, size_t len)
{
	const struct hf__os *os = under(ctx);
	return os->random(os->ctx, buffer, len);
}

static int b_boot_id(void *ctx, uint8_t out[16])
{
	const struct hf__os *os = under(ctx);
	return os->boot_id(os->ctx, out);
}

static bool b_forked(void *ctx)
{
	const struct hf__os *os = under(ctx);
	return os->forked(os->ctx);
}

static int b_safe(void *ctx, char *name, size_t cap, bool *is_volatile)
{
	const struct hf__os *os = under(ctx);
	return os->safe(os->ctx, name, cap, is_volatile);
}

void between_init(struct between *b, const struct hf__os *os, void (*before)(void *ctx), void *ctx)
{
	*b = (struct between){.under = os, .before = before, .ctx = ctx};
	b->os = (struct hf__os){
	    .ctx = b,
	    .open = b_open,
	    .close = b_close,
	    .same = b_same,
	    .read = b_read,
	    .write = b_write,
	    .sync = b_sync,
	    .size = b_size,
	    .rename = b_rename,
	    .unlink = b_unlink,
	    .cut = b_cut,
	    .allocate = b_allocate,
	    .punch = b_punch,
	    .room = b_room,
	    .sync_dir = b_sync_dir,
	    .list = b_list,
	    .lock = b_lock,
	    .unlock = b_unlock,
	    .held = b_held,
	    .locked = b_locked,
	    .now = b_now,
	    .ticks = b_ticks,
	    .boot_clock = b_boot_clock,
	    .random = b_random,
	    .boot_id = b_boot_id,
	    .forked = b_forked,
	    .event_new = os->event_new, /* they know no context */
	    .event_tell = os->event_tell,
	    .event_free = os->event_free,
	    .event_clear = os->event_clear,
	    .safe = b_safe,
	};
}
