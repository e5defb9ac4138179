/* For those who look after stores: what is there, what the log says, and whether every byte of
 * it is sound.
 *
 * The names of all inboxes and queues are reads of an open store, like those of the other
 * headers. hf_log_each() and hf_fsck() work on a directory: they open files for reading only,
 * take no lock, create, change and remove nothing, and may run beside a writer (or on a
 * read-only medium). What a writer changes while they look is read again before it is called
 * damage. */
#ifndef HOLDFAST_ADMIN_H
#define HOLDFAST_ADMIN_H

#include "holdfast/feed.h"
#include "holdfast/types.h"

#ifdef __cplusplus
extern "C" {
#endif

/* --- Names ------------------------------------------------------------------------------------ */

/* Which names. Zeroed: all of them. */
struct hf_names_args {
	size_t size; /* types.h */
	size_t limit; /* names of a page; 0: all */
	const char *page; /* `next` of the page before; NULL: the first page */
	struct hf_bytes after; /* begins behind this name (types.h), if given */
};

struct hf_name_page {
	size_t size; /* types.h */
	const struct hf_bytes *items;
	size_t count;
	const char *next; /* token of the next page, NULL at the end */
	struct hf_memory *memory; /* free it with hf_release() */
};

/* The users of all inboxes that hold anything (records, tombstones that stand, a generated_at, a
 * status), compared as bytes, in O(log n + page). *out is zeroed on failure. Errors as for every
 * read; HF_EINVAL for a damaged `page` or one of another query. */
HF_API HF_CHECKED int hf_inbox_names(hf_store *store, const struct hf_names_args *args,
                                     unsigned flags, struct hf_name_page *out,
                                     struct hf_error *error);
/* The same for the queues of the outbox that hold items or completed ids, or were ever
 * configured. */
HF_API HF_CHECKED int hf_outbox_names(hf_store *store, const struct hf_names_args *args,
                                      unsigned flags, struct hf_name_page *out,
                                      struct hf_error *error);

/* The names of the domains that this version knows, by index; NULL behind the last. */
HF_API const char *hf_domain_name(unsigned index);

/* --- The log ---------------------------------------------------------------------------------- */

/* An entry as it lies in the log. Pointers live until the callback returns. */
struct hf_log_entry {
	size_t size; /* set by the library: types.h */
	hf_lsn lsn;
	hf_time at; /* the store's clock when it was sequenced */
	const char *domain; /* "inbox"; "unknown" for a domain this version does not know */
	uint8_t domain_id; /* on disk */
	uint8_t kind; /* among the domain's */
	bool transaction_end; /* the last entry of its transaction */
	/* one line of what it did, caller bytes escaped; empty with HF_LOG_WITHOUT_TEXT */
	const char *text;
	uint32_t segment; /* the number of the file it lies in */
	uint32_t offset; /* where in it the entry begins */
	uint32_t body_len; /* bytes of its body */
	/* Above 0: the entry sets the store's clock back by so much. `at` of an entry before it,
	 * less this, is that entry's time by the clock from here on. */
	int64_t set_back_us;
	const struct hf_event *event; /* the same as the change feed gives it: operation, key, body */
};

enum hf_log_flags {
	HF_LOG_WITHOUT_TEXT = 1, /* `text` stays empty: faster */
};

/* false ends the reading, which then returns HF_OK. */
typedef bool (*hf_log_fn)(void *ctx, const struct hf_log_entry *entry);

/* Calls back for every entry of the log of the store in directory `path` from LSN `from` on, in
 * order, each once. What a crash left behind the log's end, or a writer has not finished, is not
 * part of it; beside a writer the newest entries may not be durable yet. Entries before proven
 * damage are delivered, then the answer is HF_ECORRUPT and `error` says where. HF_ENOTFOUND (no
 * store), HF_EVERSION, HF_EIO, HF_ENOMEM, HF_EINVAL. */
HF_API HF_CHECKED int hf_log_each(const char *path, hf_lsn from, unsigned flags, hf_log_fn each,
                                  void *ctx, struct hf_error *error);

/* --- Files of the log ------------------------------------------------------------------------- */

/* Why a file is there. What retention or a subscription of the writer keeps cannot be seen from
 * outside: hf_segments_each() calls that HF_SEGMENT_COVERED, too. */
enum hf_segment_keeper {
	HF_SEGMENT_HEAD = 0, /* the end of the log, and what is prepared behind it */
	HF_SEGMENT_LOG = 1, /* no snapshot covers all of it */
	HF_SEGMENT_PAYLOADS = 2, /* a snapshot covers it, and payloads of objects still lie in it */
	HF_SEGMENT_BASE = 3, /* the snapshot that an opening begins with */
	HF_SEGMENT_COVERED = 4, /* the next compaction may remove it */
	HF_SEGMENT_RETAINED = 5, /* covered, and kept by options.retain_us and retain_bytes */
	HF_SEGMENT_SUBSCRIBED = 6, /* covered, and a subscription has not been given all of it */
	/* it was removed, and takes room until the processes that have it open let go of it */
	HF_SEGMENT_READERS = 7,
};

/* A segment or a snapshot. Pointers live until the callback returns. */
struct hf_segment {
	size_t size; /* set by the library: types.h */
	const char *file;
	bool snapshot;
	uint32_t number; /* of the segment; 0 for a snapshot */
	uint64_t bytes; /* of the file */
	hf_lsn first_lsn; /* of the entries in it; 0: none, and of a snapshot */
	hf_lsn last_lsn; /* the same; of a snapshot: its own; 0: none */
	uint64_t entries; /* in the log; 0 for a snapshot */
	uint64_t entry_bytes; /* of them */
	uint64_t live_entries; /* that gave an object its newest change */
	/* of those entries, and of payloads that objects have in others; of a snapshot: of payloads */
	uint64_t live_bytes;
	uint64_t payload_bytes; /* of objects whose payload is read from here */
	enum hf_segment_keeper keeper;
	/* other processes that have it open, but for the one that writes the store, as far as this one
	 * may see: its own user's (root: all), of the same machine and container */
	uint32_t open_by;
};

typedef void (*hf_segment_fn)(void *ctx, const struct hf_segment *segment);

/* The word for it: "head", "log", "payloads", "base", "covered", "retained", "subscribed",
 * "readers"; never NULL. */
HF_API const char *hf_segment_keeper_name(int keeper);

/* Calls back for every snapshot and every segment of the store in directory `path`, snapshots
 * first, each kind by number, those that only readers keep behind all others. Takes the memory of
 * the state, and reads all of the log; beside a writer figures of the newest entries may lag.
 * Errors as for hf_open_read() and hf_log_each(). */
HF_API HF_CHECKED int hf_segments_each(const char *path, hf_segment_fn each, void *ctx,
                                       struct hf_error *error);
/* The same of a store that this process has open for writing, which knows what its retention and
 * its subscriptions keep (feeds keep nothing: one that is passed is HF_EGONE). `each` must not use
 * the store. Also HF_EREADONLY, HF_EFORK. Thread-safe. */
HF_API HF_CHECKED int hf_segments_of(hf_store *store, hf_segment_fn each, void *ctx,
                                     struct hf_error *error);

/* --- Checking --------------------------------------------------------------------------------- */

enum hf_fsck_severity {
	HF_FSCK_LEFTOVER = 0, /* harmless: no part of the store */
	/* harmless: what a crash left behind the log's end, never acknowledged as far as can be
	 * known */
	HF_FSCK_TORN = 1,
	HF_FSCK_IO = 2, /* could not be read: not damage */
	HF_FSCK_NEWER = 3, /* written by a newer format */
	/* bytes that were durable are not there, or a state breaks its own invariants */
	HF_FSCK_DAMAGE = 4,
};
#define HF_FSCK_SEVERITIES 5u

/* The word for it: "leftover", "torn tail", "I/O error", "newer format", "damage"; never NULL. */
HF_API const char *hf_fsck_severity_name(int severity);

enum hf_fsck_how {
	/* the entry's own bytes are damaged: `text` is what can be made out, and may be wrong in
	 * part */
	HF_FSCK_UNREADABLE = 0,
	HF_FSCK_CUT_OFF = 1, /* the entry is whole, but lies in a group that is not */
	/* a later, whole entry needs something that was lost: what it names is affected */
	HF_FSCK_PRESUPPOSED = 2,
};

/* Something that a finding affects. */
struct hf_fsck_object {
	enum hf_fsck_how how;
	hf_lsn lsn; /* of the entry that names it */
	const char *domain; /* "outbox"; "unknown" */
	const char *text; /* the entry in one line, which names the object; caller bytes escaped */
};

/* Pointers live until the callback returns. */
struct hf_fsck_finding {
	size_t size; /* set by the library: types.h */
	enum hf_fsck_severity severity;
	/* name in the store's directory; "" for a finding about the state that the log gives */
	const char *file;
	uint64_t offset; /* where in the file it begins */
	uint64_t length; /* bytes concerned; 0: not known or not bytes */
	hf_lsn first_lsn; /* entries that are lost or affected, or 0, 0; both ends are part of it */
	hf_lsn last_lsn; /* HF_ABSENT: how far it goes is not known */
	const char *what; /* one sentence */
	const struct hf_fsck_object *objects; /* by LSN */
	size_t object_count;
	uint64_t objects_left_out; /* more than options->max_objects */
};

typedef void (*hf_fsck_fn)(void *ctx, const struct hf_fsck_finding *finding);

struct hf_fsck_options {
	size_t size; /* types.h */
	size_t max_objects; /* named with one finding; 0: 100 */
	/* bytes; called between files, with report's ctx. May be NULL */
	void (*progress)(void *ctx, uint64_t done, uint64_t total);
};

#define HF_FSCK_DOMAINS_MAX 16u

struct hf_fsck_domain {
	const char *name;
	uint64_t entries; /* whole entries of it in the log */
	/* counted one by one in the state that the log gives; 0 unless state_checked */
	uint64_t objects;
};

/* How the last writer left the store. */
enum hf_fsck_stop {
	HF_FSCK_STOP_UNKNOWN = 0, /* nothing that was read says */
	HF_FSCK_STOP_CLEAN = 1, /* it was closed, and the log ends where the witness says */
	HF_FSCK_STOP_UNCLEAN = 2, /* it was not: a crash, a kill */
	HF_FSCK_STOP_NONE = 3, /* nothing stopped: a writer has the store open while it is checked */
};

/* The word for it: "unknown", "clean", "unclean", "a writer is at work"; never NULL. */
HF_API const char *hf_fsck_stop_name(int stop);

/* Everything in it was counted by this very check. */
struct hf_fsck_summary {
	size_t size; /* types.h */
	/* a check took place. false: there is no verdict, and everything else here is zero */
	bool checked;
	/* HF_OK, HF_ECORRUPT, HF_EVERSION, HF_EIO: the gravest finding. If not `checked`: what
	 * hf_fsck returned, never HF_OK */
	int verdict;
	uint8_t uuid[16];
	uint16_t epoch;
	uint32_t format; /* major version; 0: not known */
	uint64_t files; /* read */
	uint64_t bytes; /* of them */
	uint64_t segments; /* that hold part of the log */
	uint64_t groups; /* whole ones */
	uint64_t transactions; /* in whole groups */
	uint64_t entries; /* in whole groups */
	/* of `groups`: whole, but behind damage: they can be read, not applied with certainty */
	uint64_t groups_after_damage;
	uint64_t entries_after_damage;
	hf_lsn first_lsn, last_lsn; /* of whole entries; 0: none */
	uint64_t torn_bytes; /* behind the log's end */
	enum hf_fsck_stop last_stop;
	hf_time clock; /* what the store's clock would show now (clock.h); 0 unless state_checked */
	int64_t clock_ahead_us; /* by how much that is ahead of the wall clock */
	/* the log was whole: it was replayed, and every invariant of every domain recounted */
	bool state_checked;
	uint64_t findings[HF_FSCK_SEVERITIES]; /* by severity */
	size_t domain_count;
	struct hf_fsck_domain domains[HF_FSCK_DOMAINS_MAX];
};

/* Reads every byte of every file of the store in directory `path` and calls `report` (nullable)
 * for each finding, in the order in which it comes upon them. Goes on behind damage as far as
 * anything can be made out. Returns the verdict, with the first finding of that kind in `error`:
 * HF_OK (leftovers and a torn tail are no damage), HF_ECORRUPT, HF_EVERSION, HF_EIO; *out
 * (nullable) is filled, out->checked is true. With out->checked false there was no check, and so
 * no verdict: HF_ENOTFOUND (no store), HF_EIO and the like (the directory cannot be opened, the
 * machine does not answer), HF_ENOMEM, HF_EINVAL, HF_ECANCELED (a writer changed too much
 * meanwhile: try again). HF_OK always comes with a verdict. */
HF_API HF_CHECKED int hf_fsck(const char *path, const struct hf_fsck_options *options,
                              hf_fsck_fn report, void *ctx, struct hf_fsck_summary *out,
                              struct hf_error *error);

#ifdef __cplusplus
}
#endif

#endif
