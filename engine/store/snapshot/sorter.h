/* Entries of a snapshot in their order: by domain, then objects by key, then containers by name.
 *
 * Job: take entries in any order, some of them twice, and give each once, in order, in bounded
 * memory. Happy path: entries gather in a buffer; when it is full it is taken away, sorted and
 * written behind the runs before it in a file without a name (the spill); at the end the runs are
 * merged. Failure modes: no memory, and a spill that cannot be written or read, end the snapshot
 * and nothing else.
 *
 * What changes gives its entries under the store's lock, where little is to be done: the thread
 * that takes the snapshot takes full buffers away between the steps of the walk. One transaction
 * may give more than memory has, and no step comes in between. So a buffer that has grown to
 * nearly twice a full one is written where it is, which takes about as long as to fill it. */
#ifndef HF_STORE_SNAPSHOT_SORTER_H
#define HF_STORE_SNAPSHOT_SORTER_H

#include <pthread.h>

#include "os/os.h"
#include "store/domain.h"

/* A payload that need not stand in the body as it does here: behind its u32 length, at `at`, are
 * its bytes (`here`), or 24 bytes that stand for it. */
struct hf__sorted_ref {
	uint32_t at;
	bool here;
	struct hf__payload payload; /* unless it is here: where it lies */
};
#define HF__SORTED_REFS 2u

/* One entry. Key, body and references follow it. */
struct hf__sorted {
	uint32_t size; /* of all of it, a multiple of 8 */
	uint32_t body_len;
	uint64_t lsn;
	uint16_t key_len;
	uint8_t kind;
	uint8_t row; /* of the table of domains */
	uint32_t refs;
};

struct hf__sorted_run {
	uint64_t at, end; /* in the spill: what is left of it */
	uint8_t *buffer; /* read from there */
	size_t len, used;
};

/* Entries that wait to be sorted. */
struct hf__sorted_batch {
	struct hf__writer bytes;
	size_t count;
};

struct hf__sorter {
	struct hf__emitter into; /* first: domains write here */
	const struct hf__os *os; /* NULL: nothing is spilled */
	const struct hf__domain *const *rows; /* of the table; NULL: there is one */
	struct hf__sorted_batch filling;
	struct hf__sorted_ref refs[HF__SORTED_REFS]; /* of the entry in the making */
	uint32_t ref_count;
	/* The thread that takes the snapshot alone. */
	struct hf__writer spare; /* empty: the buffer of the batch before */
	int spill; /* -1: none */
	uint64_t spilled; /* bytes */
	struct hf__sorted_run *runs;
	size_t run_count, run_cap;
	/* Held while a batch is written. It is taken last, and no other lock is waited for with it. */
	pthread_mutex_t writing;
	int os_errno; /* why what was given could not be written; the lock of the store guards it */
};

/* `os` may be NULL. */
void hf__sorter_init(struct hf__sorter *sorter, const struct hf__os *os,
                     const struct hf__domain *const *rows);
void hf__sorter_deinit(struct hf__sorter *sorter);

/* Callbacks of `into`. HF_EIO: what is there could not be written, for `os_errno`. */
int hf__sorter_emit(struct hf__emitter *emitter, uint64_t lsn, uint8_t kind);
int hf__sorter_refer(struct hf__emitter *emitter, const struct hf__payload *payload);

/* Is it time to take the buffer away? The store's lock is held. */
bool hf__sorter_full(const struct hf__sorter *sorter);
/* Takes the buffer away; the lock is held. Then, without it, sorts and writes it. */
void hf__sorter_take(struct hf__sorter *sorter, struct hf__sorted_batch *batch);
HF_CHECKED int hf__sorter_spill(struct hf__sorter *sorter, struct hf__sorted_batch *batch,
                                int *os_errno);

/* What is given. HF_OK, or a code that ends it. */
typedef int (*hf__sorted_fn)(void *arg, const struct hf__sorted *entry, const uint8_t *body,
                             const struct hf__sorted_ref *refs);
/* All of it, in order, each once. Nothing is added any more. */
HF_CHECKED int hf__sorter_give(struct hf__sorter *sorter, hf__sorted_fn give, void *arg,
                               int *os_errno);

#endif
