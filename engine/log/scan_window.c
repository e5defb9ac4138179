/* See scan_window.h.
 *
 * Job: a scan goes forward through a file and looks back only as far as it said. Happy path: one
 * buffer, a piece and the group at hand long, is filled from the file again and again. It grows
 * where a group, or what is to be kept, is longer. What is before `keep` is moved away once it is
 * half of the buffer, so each byte is moved less than once on the average. Failure modes: a read
 * that fails, and no memory, are os_errno, and from then on nothing is there. */
#include "log/scan_window.h"

#include <errno.h>
#include <string.h>

#include "base/mem.h"

static uint32_t least(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

static bool is_held(const struct hf__scan_window *w, uint32_t at, uint32_t need)
{
	return at >= w->from && at - w->from <= w->held.len && w->held.len - (at - w->from) >= need;
}

/* A file that ends earlier than it did is none that can be judged: another process cuts it. */
static bool fill(struct hf__scan_window *w, uint8_t *into, uint32_t len, uint32_t at)
{
	size_t got = 0;
	if (w->os_errno == 0)
		w->os_errno = w->read(w->ctx, into, len, at, &got);
	if (w->os_errno == 0 && got < len)
		w->os_errno = EIO;
	return w->os_errno == 0;
}

static void drop(struct hf__scan_window *w, uint32_t keep)
{
	const size_t len = w->held.len, gone = keep > w->from ? keep - w->from : 0;
	if (gone >= len) {
		w->from = keep > w->from ? keep : w->from;
		w->held.len = 0;
	} else if (gone >= len - gone) {
		memmove(w->held.data, w->held.data + gone, len - gone);
		w->from += (uint32_t)gone;
		w->held.len = len - gone;
	}
}

static bool slide(struct hf__scan_window *w, uint32_t keep, uint32_t at, uint32_t need)
{
	drop(w, keep);
	const uint32_t end = w->from + (uint32_t)w->held.len;
	const uint32_t missing = at < end ? need - (end - at) : need + (at - end);
	const uint32_t more = least(missing > w->piece ? missing : w->piece, w->size - end);
	if (!hf__writer_reserve(&w->held, more)) {
		w->os_errno = ENOMEM;
		return false;
	}
	if (!fill(w, w->held.data + w->held.len, more, end))
		return false;
	w->held.len += more;
	return true;
}

struct hf_bytes hf__scan_window_at(struct hf__scan_window *w, uint32_t keep, uint32_t at,
                                   uint32_t need)
{
	need = least(need, w->size - at);
	if (w->os_errno != 0 || (need > 0 && !is_held(w, at, need) && !slide(w, keep, at, need)) ||
	    !is_held(w, at, 1))
		return hf_bytes_of(NULL, 0);
	return hf_bytes_of(w->held.data + (at - w->from), w->held.len - (at - w->from));
}

struct hf_bytes hf__scan_window_peek(struct hf__scan_window *w, uint32_t at, uint32_t beyond)
{
	const uint32_t len = least(HF__WINDOW_PEEK + beyond, w->size - at);
	if (!w->peeked)
		w->peeked = hf__alloc(HF__WINDOW_PEEK + beyond);
	if (!w->peeked)
		w->os_errno = ENOMEM;
	return w->peeked && fill(w, w->peeked, len, at) ? hf_bytes_of(w->peeked, len)
	                                                : hf_bytes_of(NULL, 0);
}

void hf__scan_window_deinit(struct hf__scan_window *w)
{
	hf__writer_deinit(&w->held);
	hf__free(w->peeked);
	w->peeked = NULL;
}
