/* See sorter.h. A key is: row, 0 for objects and 1 for containers, then each part with a NUL
 * behind it. Parts hold none, so that keys compare as their parts do. */
#include "store/snapshot/sorter.h"

#include <errno.h>

#include "log/snapshot.h"
#include "store/snapshot/order.h"

#define BATCH_BYTES (4u << 20)
#define BATCH_MOST (7u << 20) /* the buffer doubles, and has 8 MiB by then */
#define SPILL_NAME "sorting.tmp"

void hf__sorter_init(struct hf__sorter *sorter, const struct hf__os *os,
                     const struct hf__domain *const *rows)
{
	*sorter = (struct hf__sorter){.os = os, .rows = rows, .spill = -1};
	sorter->into.emit = hf__sorter_emit;
	sorter->into.payload = hf__sorter_refer;
	(void)pthread_mutex_init(&sorter->writing, NULL);
}

void hf__sorter_deinit(struct hf__sorter *sorter)
{
	hf__writer_deinit(&sorter->into.body);
	hf__writer_deinit(&sorter->filling.bytes);
	hf__writer_deinit(&sorter->spare);
	for (size_t i = 0; i < sorter->run_count; i++)
		hf__free(sorter->runs[i].buffer);
	hf__free(sorter->runs);
	if (sorter->spill >= 0)
		(void)sorter->os->close(sorter->os->ctx, sorter->spill); /* it has no name any more */
	sorter->spill = -1;
	(void)pthread_mutex_destroy(&sorter->writing);
}

/* --- Taking entries --------------------------------------------------------------------------- */

int hf__sorter_refer(struct hf__emitter *emitter, const struct hf__payload *payload)
{
	struct hf__sorter *sorter = (void *)emitter;
	const bool here = payload->len == 0 || payload->bytes;
	struct hf__sorted_ref ref = {
	    .at = (uint32_t)(emitter->body.len + sizeof(uint32_t)), .here = here, .payload = *payload};
	ref.payload.bytes = NULL; /* it may be gone by then */
	if (here) {
		hf__put_long(&emitter->body, hf__blob_bytes(payload->bytes));
	} else {
		hf__put_u32(&emitter->body, payload->len | HF__SNAPSHOT_REF_BIT);
		(void)hf__put_room(&emitter->body, HF__SNAPSHOT_REF_SIZE);
	}
	if (!here || payload->len > HF__SNAPSHOT_INLINE_MAX)
		sorter->refs[sorter->ref_count++] = ref;
	return emitter->body.bad ? HF_ENOMEM : HF_OK;
}

static void put_key(struct hf__writer *w, uint8_t row, uint8_t kind, const struct hf__about *about)
{
	hf__put_u8(w, row);
	hf__put_u8(w, kind == HF__CONTAINER_ENTRY);
	for (unsigned i = 0; i < about->parts; i++) {
		hf__put_bytes(w, about->key[i]);
		hf__put_u8(w, 0);
	}
}

/* Which object the entry is about; false: the domain cannot read what it wrote. */
static bool about_of(const struct hf__emitter *emitter, uint64_t lsn, uint8_t kind,
                     struct hf__about *about)
{
	const struct hf_bytes body = hf_bytes_of(emitter->body.data, emitter->body.len);
	*about = (struct hf__about){.key = {body}, .parts = 1};
	if (kind == HF__CONTAINER_ENTRY)
		return true;
	const struct hf__entry entry = {
	    .lsn = lsn, .domain = emitter->row->id, .kind = kind, .body = body};
	*about = (struct hf__about){0};
	return emitter->row->about(&entry, about);
}

static uint8_t row_index(const struct hf__sorter *sorter, const struct hf__domain *row)
{
	uint8_t i = 0;
	while (sorter->rows && sorter->rows[i] != row)
		i++;
	return i;
}

static int write_here(struct hf__sorter *sorter);

int hf__sorter_emit(struct hf__emitter *emitter, uint64_t lsn, uint8_t kind)
{
	struct hf__sorter *sorter = (void *)emitter;
	struct hf__writer *out = &sorter->filling.bytes;
	struct hf__about about;
	const size_t begin = out->len;
	struct hf__sorted entry = {.lsn = lsn,
	                           .kind = kind,
	                           .row = row_index(sorter, emitter->row),
	                           .body_len = (uint32_t)emitter->body.len,
	                           .refs = sorter->ref_count};
	if (sorter->os_errno)
		return HF_EIO;
	if (emitter->body.bad)
		return HF_ENOMEM;
	if (!about_of(emitter, lsn, kind, &about))
		return HF_ECORRUPT;
	(void)hf__put_room(out, sizeof entry);
	put_key(out, entry.row, kind, &about);
	entry.key_len = (uint16_t)(out->len - begin - sizeof entry);
	hf__put_bytes(out, hf_bytes_of(emitter->body.data, emitter->body.len));
	hf__put_bytes(out, hf_bytes_of(sorter->refs, entry.refs * sizeof sorter->refs[0]));
	hf__put_align(out, 8);
	emitter->body.len = 0;
	sorter->ref_count = 0;
	if (out->bad)
		return HF_ENOMEM;
	entry.size = (uint32_t)(out->len - begin);
	memcpy(out->data + begin, &entry, sizeof entry);
	sorter->filling.count++;
	return sorter->os && out->len >= BATCH_MOST ? write_here(sorter) : HF_OK;
}

bool hf__sorter_full(const struct hf__sorter *sorter)
{
	return sorter->os && sorter->filling.bytes.len >= BATCH_BYTES;
}

void hf__sorter_take(struct hf__sorter *sorter, struct hf__sorted_batch *batch)
{
	*batch = sorter->filling;
	sorter->filling = (struct hf__sorted_batch){.bytes = sorter->spare};
	sorter->spare = (struct hf__writer){0};
}

/* --- Sorting and spilling --------------------------------------------------------------------- */

/* A file that goes when it is closed. Crash: it is a temporary file, and the next opening removes
 * it. */
static int open_spill(struct hf__sorter *sorter)
{
	const struct hf__os *os = sorter->os;
	if (sorter->spill >= 0)
		return 0;
	(void)os->unlink(os->ctx, SPILL_NAME);
	int rc = os->open(os->ctx, SPILL_NAME, HF__OS_WRITE | HF__OS_CREATE, &sorter->spill);
	if (rc == 0)
		rc = os->unlink(os->ctx, SPILL_NAME);
	return rc;
}

static int add_run(struct hf__sorter *sorter, uint64_t end)
{
	struct hf__sorted_run *runs =
	    hf__grown(sorter->runs, sorter->run_count, &sorter->run_cap, sizeof *runs, 16);
	if (!runs)
		return ENOMEM;
	sorter->runs = runs;
	sorter->runs[sorter->run_count++] = (struct hf__sorted_run){.at = sorter->spilled, .end = end};
	sorter->spilled = end;
	return 0;
}

/* In pieces, behind what is there. */
static int write_run(struct hf__sorter *sorter, const uint8_t *const *order, size_t count)
{
	const struct hf__os *os = sorter->os;
	struct hf__writer piece = {0};
	uint64_t at = sorter->spilled;
	int rc = 0;
	for (size_t i = 0; i < count && rc == 0; i++) {
		hf__put_bytes(&piece, hf_bytes_of(order[i], hf__sorted_head(order[i]).size));
		if (piece.bad) {
			rc = ENOMEM;
		} else if (piece.len >= HF__SORTED_PIECE || i + 1 == count) {
			rc = os->write(os->ctx, sorter->spill, piece.data, piece.len, at);
			at += piece.len;
			piece.len = 0;
		}
	}
	hf__writer_deinit(&piece);
	return rc ? rc : add_run(sorter, at);
}

static int write_batch(struct hf__sorter *sorter, const struct hf__sorted_batch *batch)
{
	(void)pthread_mutex_lock(&sorter->writing);
	int rc = batch->count > 0 ? open_spill(sorter) : 0;
	const uint8_t **order = rc == 0 ? hf__sorted_order(batch) : NULL;
	if (rc == 0 && !order)
		rc = ENOMEM;
	if (rc == 0 && batch->count > 0)
		rc = write_run(sorter, order, batch->count);
	(void)pthread_mutex_unlock(&sorter->writing);
	hf__free(order);
	return rc;
}

/* The lock of the store is held. A failure ends the snapshot, and is nothing to what changes. */
static int write_here(struct hf__sorter *sorter)
{
	const int rc = write_batch(sorter, &sorter->filling);
	sorter->filling.bytes.len = 0;
	sorter->filling.count = 0;
	sorter->os_errno = rc;
	return rc == 0 ? HF_OK : rc == ENOMEM ? HF_ENOMEM : HF_EIO;
}

int hf__sorter_spill(struct hf__sorter *sorter, struct hf__sorted_batch *batch, int *os_errno)
{
	const int rc = write_batch(sorter, batch);
	/* Whoever fills it holds the lock: what is there need not grow again. */
	hf__writer_deinit(&sorter->spare);
	sorter->spare = batch->bytes;
	sorter->spare.len = 0;
	*batch = (struct hf__sorted_batch){0};
	*os_errno = rc;
	return rc;
}
