/* Runs that are sorted each, as one. They are few: each holds megabytes, so that the least of them
 * is found by looking at all would be one comparison a megabyte; a heap of them makes it a few. */
#include "store/snapshot/order.h"

#include <errno.h>

/* --- Runs ------------------------------------------------------------------------------------- */

struct merge {
	struct hf__sorter *sorter;
	size_t *heap; /* runs by their next entry, the least first */
	size_t count;
	struct hf__writer newest; /* what was given last: the same one may come again */
	hf__sorted_fn give;
	void *arg;
	int os_errno;
};

static const uint8_t *front(const struct merge *m, size_t run)
{
	const struct hf__sorted_run *r = &m->sorter->runs[run];
	return r->buffer + r->used;
}

static bool whole(const struct hf__sorted_run *r)
{
	const size_t left = r->len - r->used;
	return left >= sizeof(struct hf__sorted) && hf__sorted_head(r->buffer + r->used).size <= left;
}

/* Reads on, so that the next entry is whole. A larger one than a piece gets a larger buffer. */
static int refill(struct merge *m, struct hf__sorted_run *r)
{
	const struct hf__os *os = m->sorter->os;
	while (!whole(r) && r->at < r->end) {
		const size_t left = r->len - r->used;
		size_t want = left >= sizeof(struct hf__sorted)
		                  ? hf__sorted_head(r->buffer + r->used).size + HF__SORTED_PIECE
		                  : HF__SORTED_PIECE;
		uint8_t *buffer = hf__alloc(want);
		size_t got = 0;
		if (!buffer)
			return ENOMEM;
		if (left > 0)
			memcpy(buffer, r->buffer + r->used, left);
		hf__free(r->buffer);
		r->buffer = buffer;
		want -= left;
		if (want > r->end - r->at)
			want = (size_t)(r->end - r->at);
		const int rc = os->read(os->ctx, m->sorter->spill, buffer + left, want, r->at, &got);
		if (rc || got != want)
			return rc ? rc : EIO;
		r->at += got;
		r->len = left + got;
		r->used = 0;
	}
	return 0;
}

static void sift(struct merge *m, size_t i)
{
	for (;;) {
		size_t least = i;
		for (size_t child = 2 * i + 1; child <= 2 * i + 2 && child < m->count; child++)
			if (hf__sorted_compare(front(m, m->heap[child]), front(m, m->heap[least])) < 0)
				least = child;
		if (least == i)
			return;
		const size_t swap = m->heap[i];
		m->heap[i] = m->heap[least];
		m->heap[least] = swap;
		i = least;
	}
}

/* --- Giving ----------------------------------------------------------------------------------- */

static int give(struct merge *m, const uint8_t *at)
{
	const struct hf__sorted entry = hf__sorted_head(at);
	if (m->newest.len > 0 && hf__sorted_compare(m->newest.data, at) == 0)
		return HF_OK;
	m->newest.len = 0;
	hf__put_bytes(&m->newest, hf_bytes_of(at, entry.size));
	if (m->newest.bad)
		return HF_ENOMEM;
	struct hf__sorted_ref refs[HF__SORTED_REFS] = {{0}};
	const uint8_t *body = hf__sorted_key(at) + entry.key_len;
	if (entry.refs > 0)
		memcpy(refs, body + entry.body_len, entry.refs * sizeof refs[0]);
	return m->give(m->arg, &entry, m->newest.data + (body - at), refs);
}

static int next_of(struct merge *m, size_t run)
{
	struct hf__sorted_run *r = &m->sorter->runs[run];
	r->used += hf__sorted_head(front(m, run)).size;
	m->os_errno = refill(m, r);
	if (m->os_errno)
		return HF_EIO;
	if (!whole(r)) {
		m->heap[0] = m->heap[--m->count];
		hf__free(r->buffer);
		r->buffer = NULL;
	}
	sift(m, 0);
	return HF_OK;
}

static int merge_runs(struct merge *m)
{
	int rc = HF_OK;
	for (size_t i = 0; i < m->sorter->run_count && rc == HF_OK; i++) {
		m->os_errno = refill(m, &m->sorter->runs[i]);
		rc = m->os_errno ? HF_EIO : HF_OK;
		m->heap[m->count++] = i;
	}
	for (size_t i = m->count; i > 0 && rc == HF_OK; i--)
		sift(m, i - 1);
	while (m->count > 0 && rc == HF_OK) {
		rc = give(m, front(m, m->heap[0]));
		if (rc == HF_OK)
			rc = next_of(m, m->heap[0]);
	}
	return rc;
}

static int give_batch(struct merge *m)
{
	const struct hf__sorted_batch *batch = &m->sorter->filling;
	const uint8_t **order = hf__sorted_order(batch);
	int rc = order ? HF_OK : HF_ENOMEM;
	for (size_t i = 0; i < batch->count && rc == HF_OK; i++)
		rc = give(m, order[i]);
	hf__free(order);
	return rc;
}

/* What is left in memory is a run too, unless there is no other. */
static int prepare(struct merge *m)
{
	struct hf__sorted_batch batch;
	if (m->sorter->run_count == 0 || m->sorter->filling.count == 0)
		return HF_OK;
	hf__sorter_take(m->sorter, &batch);
	const int rc = hf__sorter_spill(m->sorter, &batch, &m->os_errno);
	hf__writer_deinit(&m->sorter->spare); /* nothing fills it any more */
	return rc == 0 ? HF_OK : HF_EIO;
}

int hf__sorter_give(struct hf__sorter *sorter, hf__sorted_fn fn, void *arg, int *os_errno)
{
	struct merge m = {.sorter = sorter, .give = fn, .arg = arg};
	int rc = prepare(&m);
	if (rc == HF_OK && sorter->run_count == 0)
		rc = give_batch(&m);
	else if (rc == HF_OK) {
		m.heap = hf__alloc(sorter->run_count * sizeof *m.heap);
		rc = m.heap ? merge_runs(&m) : HF_ENOMEM;
	}
	if (rc == HF_EIO && m.os_errno == ENOMEM)
		rc = HF_ENOMEM;
	*os_errno = m.os_errno;
	hf__free(m.heap);
	hf__writer_deinit(&m.newest);
	return rc;
}
