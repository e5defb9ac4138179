/* Reading a segment: a pure function from bytes to verdicts. No I/O and no allocation but those of
 * the window it may be read through, no recursion, total on any input. */
#ifndef HF_LOG_SCAN_H
#define HF_LOG_SCAN_H

#include "log/group.h"
#include "log/scan_window.h"

/* What lies behind damage, found out once for a scan that goes on behind it again and again: from a
 * group header on, the greatest that it or any later one names. By offset, ascending; headers
 * that change nothing in this are left out. */
struct hf__scan_mark {
	uint32_t offset;
	uint64_t durable_lsn, proven_lsn;
};
struct hf__scan_behind {
	uint32_t data_end; /* every byte from here on is zero */
	const struct hf__scan_mark *marks;
	size_t count;
};

/* What is known before the first byte is read. */
struct hf__scan_input {
	const struct hf__log_id *id;
	struct hf_bytes bytes; /* the whole file, or none: ... */
	struct hf__scan_window *window; /* ... through which the file is read, piece by piece */
	uint32_t segment; /* its number: groups must say the same */
	uint32_t from; /* where the first group begins */
	uint64_t next_lsn; /* the LSN it must begin with */
	uint64_t previous_hash; /* the hash it must follow */
	/* where the next segment's header says this one ends; 0: this is the last one */
	uint32_t pinned_end;
	uint32_t witness_end; /* the witness's offset if it lies in this segment, else 0 */
	uint64_t witness_lsn; /* the witness's LSN, wherever it lies; 0: none */
	uint64_t witness_chain; /* the hash that the witness names */
	const struct hf__scan_behind *behind; /* NULL: not known, the scan looks for itself */
	uint32_t whole_at; /* the group that begins here was found whole already; 0: none */
	/* Told, before an entry is given to the scan's `each`, which one seems to come after it, if it
	 * is of one of these domains (bits). That one is not verified yet: domain, kind and body are
	 * set, and the body may be anything. */
	void (*expect)(void *arg, const struct hf__entry *entry);
	uint32_t expected;
};

enum hf__scan_end {
	/* the log ends at `end` and every byte behind it is zero, or it is the pinned end */
	HF__SCAN_CLEAN,
	/* the log ends at `end`; behind it lies what a crash left, provably never acknowledged as
	 * far as can be known (R5, R8) */
	HF__SCAN_TORN,
	HF__SCAN_CORRUPT, /* bytes that were durable are not there */
};

struct hf__scan_verdict {
	enum hf__scan_end kind;
	uint32_t end; /* end of the last valid group before the first bad byte */
	uint64_t next_lsn; /* the first LSN that is missing at `end` */
	uint64_t previous_hash; /* hash of the last valid group */
	/* greatest durable_lsn named by any valid group header, later ones included */
	uint64_t durable_lsn;
	/* The same, named only by headers that speak of their own opening. A header's durable_lsn that
	 * is less than its incarnation_lsn was known when that opening began, and says nothing
	 * about what it wrote: not even that this segment's header was durable. */
	uint64_t proven_lsn;
	/* End of the last group whose entries are all <= max(durable_lsn, witness_lsn); `from` if
	 * none, or with input->behind, or with a window that keeps nothing. */
	uint32_t durable_end;
	/* the header at `end` would continue the log, but its group is damaged: where it ends; 0: no
	 * such header */
	uint32_t damaged_end;
	uint32_t torn_len; /* HF__SCAN_TORN: bytes from `end` to the last non-zero byte */
	uint64_t groups, entries;
	const char *why; /* HF__SCAN_CORRUPT: static text; else NULL */
	/* HF__SCAN_CORRUPT: for no other reason than what the witness says about a place before
	 * `end` */
	bool witness_disagrees;
	/* HF__SCAN_CORRUPT: entries from next_lsn to here are known to be affected (>= next_lsn - 1) */
	uint64_t last_lost_lsn;
};

/* Called for every entry of every valid group, in order, after its whole group verified.
 * Non-zero ends the scan and is returned. */
typedef int (*hf__scan_entry_fn)(void *arg, const struct hf__entry *entry);

/* Returns 0 with *out filled, or what `each` returned, or HF_EIO with window->os_errno (then *out
 * says how far it got). `each` may be NULL. The decision table of R5 and R6 lives here and nowhere
 * else: pinned end, later group, witness, zero tail. Bytes that a writer is changing meanwhile can
 * look CORRUPT: read them again before believing it. */
int hf__scan(const struct hf__scan_input *input, hf__scan_entry_fn each, void *arg,
             struct hf__scan_verdict *out);

/* A header that verifies and stands where it says: at `at`, where `bytes` begin. Where it says
 * otherwise nothing is hashed. */
bool hf__scan_header_in(const struct hf__scan_input *input, struct hf_bytes bytes, uint32_t at,
                        struct hf__group_header *out);

/* scan_find.c. For the check, which looks behind damage; the input has the whole file in all three.
 * Is there a group header at `at` that verifies and stands where it says? */
bool hf__scan_header(const struct hf__scan_input *input, uint32_t at, struct hf__group_header *out);
/* Calls `each` for every such header from `from` on, in order of place, without regard to
 * bodies; false from `each` ends it. */
void hf__scan_headers(const struct hf__scan_input *input, uint32_t from,
                      bool (*each)(void *arg, uint32_t at, const struct hf__group_header *header),
                      void *arg);
/* The first whole group at or behind `from` that stands where it says and begins with
 * `least_lsn` or later. A header that verifies is believed about its length: none is looked for
 * inside a group whose body is damaged, so every byte is hashed a fixed number of times. */
bool hf__scan_find(const struct hf__scan_input *input, uint32_t from, uint64_t least_lsn,
                   uint32_t *at, struct hf__group_header *out);

#endif
