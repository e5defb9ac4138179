/* Snapshot files: a whole state as entries, with the payloads beside them. A file is written in one
 * pass, as into a pipe, and read by position. No I/O of its own: sink and source are the caller's.
 *
 * What fails says which of four things it was, never a mixture: HF_ECORRUPT (the bytes are proven
 * damage), HF_EIO (sink or source failed: errno), HF_ENOMEM, HF_EVERSION (a newer format). */
#ifndef HF_LOG_SNAPSHOT_H
#define HF_LOG_SNAPSHOT_H

#include <stdatomic.h>

#include "base/bytes.h"
#include "base/hash.h"
#include "log/entry.h"
#include "log/format.h"

#define HF__SNAPSHOT_HEADER_SIZE 512u /* one sector; the first block follows at once */
#define HF__SNAPSHOT_TRAILER_SIZE 64u
#define HF__SNAPSHOT_BLOCK_HEADER 32u
#define HF__SNAPSHOT_ENTRY_HEADER 16u
#define HF__SNAPSHOT_REF_SIZE 24u
/* Raw bytes of one block at most. */
#define HF__SNAPSHOT_ENTRIES_MAX (36u << 20)
#define HF__SNAPSHOT_PAYLOAD_MAX (16u << 10)
#define HF__SNAPSHOT_DIRECTORY_ITEMS 8192u
/* A payload of up to so many bytes stands in the body itself. */
#define HF__SNAPSHOT_INLINE_MAX 256u
/* In the u32 length before a payload: a reference stands in the place of its bytes. */
#define HF__SNAPSHOT_REF_BIT (UINT32_C(1) << 31)

/* The first sector. */
struct hf__snapshot_header {
	uint32_t format_major, format_minor;
	uint32_t compat, ro_compat, incompat;
	uint8_t uuid[16];
	uint16_t epoch;
	/* where the log goes on behind it; segment 0: it begins anew there, as after an import */
	struct hf__position position;
	bool exported; /* content hashes are zero: the content key does not leave its store */
	uint64_t lsn; /* of the last entry that it holds the effect of; 0: the state is empty */
	uint64_t chain; /* hash of the last group before it; 0: none */
	uint64_t incarnation_lsn;
	int64_t clock; /* the store's clock plus the set-backs, of the newest entry */
	int64_t setback; /* sum of the set-backs */
};

void hf__snapshot_header_encode(const struct hf__snapshot_header *header,
                                uint8_t out[HF__SNAPSHOT_HEADER_SIZE]);
/* Of its blocks and its trailer, before the offset is added. That of an export does not depend on
 * uuid and epoch: equal states give equal bytes behind the header. */
uint64_t hf__snapshot_seed(const struct hf__snapshot_header *header);
/* Under the uuid, epoch and number that it bears itself, of whatever store. With HF_EVERSION the
 * frozen head is in *out. */
HF_CHECKED int hf__snapshot_header_decode(const uint8_t *bytes, size_t len,
                                          struct hf__snapshot_header *out);
/* Is it this store's? */
bool hf__snapshot_header_of(const struct hf__log_id *id, const struct hf__snapshot_header *header);

void hf__snapshot_name(uint64_t lsn, char out[HF__NAME_MAX]);
/* While it is being made. */
void hf__snapshot_tmp_name_of(uint64_t lsn, char out[HF__NAME_MAX]);
/* false: not a snapshot's name. */
bool hf__snapshot_name_parse(const char *name, uint64_t *lsn);
bool hf__snapshot_tmp_name(const char *name); /* a leftover of one in the making */

/* Where a payload lies. */
struct hf__snapshot_ref {
	uint32_t block; /* among the payload blocks, from 0 */
	uint32_t offset; /* in its raw bytes */
	struct hf__hash128 content; /* zero in an export */
};
void hf__snapshot_ref_put(const struct hf__snapshot_ref *ref, uint8_t out[HF__SNAPSHOT_REF_SIZE]);
struct hf__snapshot_ref hf__snapshot_ref_get(const uint8_t at[HF__SNAPSHOT_REF_SIZE]);

/* --- Writing ---------------------------------------------------------------------------------- */

struct hf__snapshot_sink {
	/* takes all `len` bytes, behind those before; 0 or an errno value */
	int (*write)(void *ctx, const void *data, size_t len);
	void *ctx;
};

/* One in the making; a zeroed one holds nothing. After a call that failed each one fails the same
 * way. */
struct hf__snapshot_writer {
	struct hf__snapshot_header header;
	struct hf__snapshot_sink sink;
	uint64_t seed; /* of blocks and trailer, before the offset is added */
	uint64_t at; /* length of the file so far */
	uint64_t entry_count, entries_blocks, payload_blocks;
	/* the open blocks, with room for a header before them; the directory has none */
	struct hf__writer entries, payload, directory;
	struct hf__writer packed;
	struct ZSTD_CCtx_s *zstd;
	int rc; /* of the first failure */
	int os_errno; /* with HF_EIO */
};

HF_CHECKED int hf__snapshot_begin(struct hf__snapshot_writer *w,
                                  const struct hf__snapshot_header *header,
                                  struct hf__snapshot_sink sink);
/* Of more than HF__SNAPSHOT_INLINE_MAX bytes. `out` is what stands for it in a body. */
HF_CHECKED int hf__snapshot_put_payload(struct hf__snapshot_writer *w, struct hf_bytes bytes,
                                        struct hf__hash128 content,
                                        uint8_t out[HF__SNAPSHOT_REF_SIZE]);
/* Its lsn, domain, kind, flags (HF__ENTRY_IGNORABLE or none) and body. */
HF_CHECKED int hf__snapshot_put_entry(struct hf__snapshot_writer *w, const struct hf__entry *entry);
/* What is left, the directory, the trailer: then the file is whole. */
HF_CHECKED int hf__snapshot_end(struct hf__snapshot_writer *w);
void hf__snapshot_writer_deinit(struct hf__snapshot_writer *w);

/* --- Reading ---------------------------------------------------------------------------------- */

struct hf__snapshot_source {
	/* *got < len only at the end of the file; 0 or an errno value; from any thread */
	int (*read)(void *ctx, void *buffer, size_t len, uint64_t at, size_t *got);
	void *ctx;
	uint64_t size; /* of the file */
};

/* Why a call failed. */
struct hf__snapshot_fault {
	uint64_t at; /* offset in the file */
	int os_errno; /* with HF_EIO */
	const char *what; /* a sentence; NULL: nothing about the file */
};

#define HF__SNAPSHOT_IDLE 4u

/* A zeroed one holds nothing. */
struct hf__snapshot_reader {
	struct hf__snapshot_header header;
	uint64_t entry_count;
	uint64_t payload_blocks;
	/* the rest is the reader's own */
	struct hf__snapshot_source source;
	uint64_t seed;
	bool features_unknown;
	uint64_t entries_blocks, blocks;
	uint64_t raw_bytes; /* of the entries, decompressed; known once all of it was verified */
	uint64_t *items; /* of every block offset | type, in file order; then where they end */
	uint64_t *entries_at; /* of every entries block its index among the items */
	/* what decompressing takes, kept for the next call */
	_Atomic(struct hf__snapshot_bench *) idle[HF__SNAPSHOT_IDLE];
	/* Told, by hf__snapshot_each(), before an entry is given to its function, which one comes
	 * after it, with the same argument. NULL: it is not told. */
	void (*expect)(void *arg, const struct hf__entry *entry);
};

/* Reads header, trailer and directory. `r` may be anything before; after a failure it holds
 * nothing but, with HF_EVERSION, the frozen head. `fault` may be NULL, here and below. */
HF_CHECKED int hf__snapshot_open(struct hf__snapshot_reader *r, struct hf__snapshot_source source,
                                 struct hf__snapshot_fault *fault);
/* What is not there of a file that is damaged. */
struct hf__snapshot_gaps {
	bool header; /* it does not verify: what the caller assumed was taken */
	bool end; /* how many blocks are missing behind the last one is not known */
	uint64_t bytes; /* where no block begins */
	uint64_t at; /* the first of them */
};
/* The same for a file whose header, trailer or directory is damaged: blocks verify one by one. With
 * gaps payload blocks behind the first of them have no number any more: those are not there.
 * entry_count is 0 if the trailer is damaged. HF_OK, HF_EVERSION, HF_EIO, HF_ENOMEM. */
HF_CHECKED int hf__snapshot_open_damaged(struct hf__snapshot_reader *r,
                                         struct hf__snapshot_source source,
                                         const struct hf__snapshot_header *assumed,
                                         struct hf__snapshot_gaps *gaps,
                                         struct hf__snapshot_fault *fault);
/* Something other than 0 ends the walk and is returned. */
typedef int (*hf__snapshot_entry_fn)(void *arg, const struct hf__entry *entry);
/* Every entry, in order; `at` and `setback` are those of the snapshot, the body is borrowed until
 * fn returns. Payload blocks are not read. */
HF_CHECKED int hf__snapshot_each(struct hf__snapshot_reader *r, hf__snapshot_entry_fn fn, void *arg,
                                 struct hf__snapshot_fault *fault);
/* The same over damaged blocks: `damaged` is told of each, with its length, and may not end the
 * walk. Their entries are not given, or not all of them. *given: entries. */
typedef void (*hf__snapshot_damaged_fn)(void *arg, const struct hf__snapshot_fault *fault,
                                        uint64_t len);
HF_CHECKED int hf__snapshot_each_whole(struct hf__snapshot_reader *r, hf__snapshot_entry_fn fn,
                                       hf__snapshot_damaged_fn damaged, void *arg, uint64_t *given,
                                       struct hf__snapshot_fault *fault);
/* The `len` bytes that a reference stands for; of `out` nothing is to be used after a failure. On
 * any number of threads at once. */
HF_CHECKED int hf__snapshot_payload(struct hf__snapshot_reader *r,
                                    const struct hf__snapshot_ref *ref, uint32_t len, uint8_t *out,
                                    struct hf__snapshot_fault *fault);
/* Every block: with what hf__snapshot_open read, every byte of the file. */
HF_CHECKED int hf__snapshot_verify(struct hf__snapshot_reader *r, struct hf__snapshot_fault *fault);
/* The same in steps of one block; a zeroed pass begins it. *done: it was the last step. */
struct hf__snapshot_pass {
	uint64_t next; /* block */
	uint64_t entries, raw_bytes; /* so far */
};
HF_CHECKED int hf__snapshot_verify_next(struct hf__snapshot_reader *r,
                                        struct hf__snapshot_pass *pass, bool *done,
                                        struct hf__snapshot_fault *fault);
void hf__snapshot_reader_deinit(struct hf__snapshot_reader *r);

#endif
