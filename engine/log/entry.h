/* An entry: one checksummed mutation. Header and body have checksums of their own, so no length
 * is used before it is verified. */
#ifndef HF_LOG_ENTRY_H
#define HF_LOG_ENTRY_H

#include "base/bytes.h"
#include "log/format.h"

enum hf__entry_flags {
	HF__ENTRY_LAST = 1, /* the last entry of its transaction */
	HF__ENTRY_IGNORABLE = 2, /* a reader that does not know domain or kind may skip it */
};

struct hf__entry {
	uint64_t lsn;
	int64_t at; /* store clock when it was sequenced */
	uint8_t domain;
	uint8_t kind;
	uint8_t flags;
	/* not on disk, by the group: the first LSN of the opening that wrote it; 0: not known */
	uint64_t incarnation;
	struct hf_bytes body; /* borrowed */
	/* not on disk: the sum of set-backs before it; shown times plus it are times that no
	 * set-back moves (store/clock.h) */
	int64_t setback;
	/* of the body's first byte; segment 0: it lies in no segment (a snapshot) */
	struct hf__position place;
	/* not on disk: 0: of the log; else payloads may stand elsewhere in the file, which is this
	 * one of the store's bases, counted from 1 */
	uint8_t in_snapshot;
};

/* Opens an entry at the end of `w`: the body is put next. Returns where its header lies. */
size_t hf__entry_begin(struct hf__writer *w);
/* Closes it: fills the header that begins at `header`, but for its checksums, and pads to
 * HF__ALIGN. */
void hf__entry_end(struct hf__writer *w, size_t header, const struct hf__entry *entry);
/* Sets flags of an entry that has ended and is not summed yet. */
void hf__entry_mark(uint8_t *ended, uint8_t flags);
/* Its checksums, which the LSN seeds: now it verifies. Returns its size: where the next one is. */
size_t hf__entry_sum(uint8_t *ended, const struct hf__log_id *id, uint64_t lsn);
/* Decodes and verifies the entry at bytes[0]; *size = header, body and padding. place of *out is
 * left zero. HF_ECORRUPT when anything is off, padding that is not zero included. */
HF_CHECKED int hf__entry_decode(const struct hf__log_id *id, uint64_t lsn, struct hf_bytes bytes,
                                struct hf__entry *out, size_t *size);
/* The same, of which no more is wanted than where the next one is and the flags. false: *size and
 * *flags are as they were. */
bool hf__entry_verify(const struct hf__log_id *id, uint64_t lsn, struct hf_bytes bytes,
                      size_t *size, uint8_t *flags);
/* For the check, which finds what is damaged: the two halves of decoding, each by itself. Does a
 * header verify here? */
bool hf__entry_header_valid(const struct hf__log_id *id, uint64_t lsn, struct hf_bytes bytes);
/* Does the body verify that this header announces, valid or not? */
bool hf__entry_body_valid(const struct hf__log_id *id, uint64_t lsn, struct hf_bytes bytes);
/* Could a header stand here? Without hashing: a length that fits, flags and reserved bytes as
 * they may be. */
bool hf__entry_possible(const struct hf__log_id *id, struct hf_bytes bytes);
/* What bytes that may be anything say of domain, kind and body, which lies within them; no more of
 * *out is set. false: there is none. */
bool hf__entry_glance(struct hf_bytes bytes, struct hf__entry *out);
/* The same for bytes that hf__entry_decode (or hf__group_verify_body) found valid already:
 * reads, checks nothing. Returns the size. */
size_t hf__entry_read(uint64_t lsn, const uint8_t *valid, struct hf__entry *out);

#endif
