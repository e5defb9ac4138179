/* Memory that a large use left. Job: a transaction of 32 MiB, or a clear of a million objects,
 * must not cost memory from then on.
 *
 * Happy path: group buffers and the records of a change grow as they are needed and are used
 * again. When a flush ends, its leader looks whether one of them is much larger than what its
 * newest use needed; it takes that away under the lock and frees it after the waiters were
 * woken, so that no commit waits for the kernel to take pages back. One large use after another
 * keeps its buffers: what counts is the newest use, and there are two buffers. A store that is
 * idle keeps little; upkeep sees to that.
 *
 * Failure modes: none. What is taken away is made anew when it is needed. */
#include "store/internal.h"

/* Ordinary groups stay below twice HF__GROUP_SOFT_MAX, and so do ordinary changes. */
#define LARGE ((size_t)4 * HF__GROUP_SOFT_MAX)
/* A use of less than 1/MUCH of what is there was a small one. */
#define MUCH 4u
#define KEPT_IDLE ((size_t)8 << 10)

static void take_bytes(struct hf__writer *w, size_t keep, size_t most, struct hf__spare *spare,
                       unsigned block)
{
	if (w->cap <= keep || most > w->cap / MUCH)
		return;
	spare->blocks[block] = w->data;
	spare->any = true;
	*w = (struct hf__writer){0};
}

static void take_records(struct hf__change *change, size_t keep, size_t most,
                         struct hf__spare *spare)
{
	if (change->cap * sizeof *change->records <= keep || most > change->cap / MUCH)
		return;
	spare->blocks[3] = change->records;
	spare->blocks[4] = change->places;
	spare->any = true;
	change->records = NULL;
	change->places = NULL;
	change->cap = 0;
}

static void take_change(struct hf__change *change, size_t keep, bool whatever,
                        struct hf__spare *spare)
{
	take_records(change, keep, whatever ? 0 : change->most_records, spare);
	take_bytes(&change->images, keep, whatever ? 0 : change->most_images, spare, 2);
	change->most_records = change->most_images = 0;
}

void hf__spare_after(struct hf_store *s, struct hf__buffer *written, struct hf__spare *spare)
{
	*spare = (struct hf__spare){0};
	if (written && !written->begun)
		take_bytes(&written->bytes, LARGE, written->bytes.len, spare, 0);
	take_change(&s->world.change, LARGE, false, spare);
}

void hf__spare_idle(struct hf_store *s, struct hf__spare *spare)
{
	*spare = (struct hf__spare){0};
	for (unsigned i = 0; i < 2; i++)
		if (!s->writer.buffers[i].begun)
			take_bytes(&s->writer.buffers[i].bytes, KEPT_IDLE, 0, spare, i);
	take_change(&s->world.change, KEPT_IDLE, true, spare);
	hf__nodes_end(&s->world.change.nodes);
}

void hf__spare_free(struct hf__spare *spare)
{
	for (unsigned i = 0; spare->any && i < sizeof spare->blocks / sizeof *spare->blocks; i++)
		hf__free(spare->blocks[i]);
}
