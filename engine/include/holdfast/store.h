/* Opening and closing a store, what holds for every call on one, and transactions.
 *
 * Unless its comment says otherwise a function is thread-safe; but one transaction belongs to one
 * thread. Arguments, and what they borrow, need live only until the call returns.
 *
 * A mutation takes (store, txn, args, result, error). With txn NULL it commits at once with
 * args->write.durability. Otherwise it is checked for form, copied into the transaction and
 * answered HF_OK; its preconditions are checked at the commit. `result` (nullable) is filled
 * when the mutation is committed, and must live until then. Beside the errors named with it a
 * mutation may answer HF_EINVAL (form), HF_ECONFLICT (args->write.expect), HF_ETOOBIG
 * (transaction, payload), HF_ENOMEM, HF_ENOSPACE, HF_EUNCERTAIN, HF_EFAILED, HF_EREADONLY,
 * HF_EFORK.
 *
 * A read takes a store, or a transaction's handle (hf_txn_reads()), and `flags`, enum
 * hf_read_flags, of which the latter needs none. *out is zeroed on failure; on success out->memory,
 * where there is one, is freed with hf_release(). Beside the errors named with it a read may
 * answer HF_EINVAL, HF_ENOMEM, HF_EUNCERTAIN, HF_EFAILED, HF_EFORK, and, where it gives payloads
 * or responses, HF_EIO and HF_ECORRUPT.
 *
 * A list gives a page: at most `limit` objects (0: all) from the place that `page` names, a
 * token that `next` of the page before gave; NULL or empty: the first page. `next` is NULL when
 * there is no more. HF_EINVAL for a damaged token or one of another query. */
#ifndef HOLDFAST_STORE_H
#define HOLDFAST_STORE_H

#include "holdfast/types.h"

#ifdef __cplusplus
extern "C" {
#endif

struct hf_options {
	size_t size; /* types.h */
	bool create; /* make the store if the directory holds none (0700, files 0600) */
	bool no_background; /* start no thread: the host calls hf_maintain() */
	/* open on a file system that cannot keep the promises: served over a network, by a program
	 * (FUSE) or by a virtual machine's host; an overlay mounted volatile */
	bool allow_unsafe_fs;
	/* at creation only: groups of the log end at multiples of so many bytes. 0: directly behind
	 * each other, which assumes that an interrupted write to part of a sector cannot damage the
	 * rest of it. 512 or 4096: no two groups share a sector, or a block, of that size, so
	 * nothing is assumed of the disk; costs up to 511 or 4,095 bytes a group. Anything else is
	 * HF_EINVAL */
	uint32_t pad;
	/* bytes of a full-grown log segment, 16 KiB to 1 GiB, rounded up to 4 KiB; 0 = 64 MiB. The
	 * first of a store has at most 512 KiB, each next one twice what the last held, less on a
	 * full disk */
	uint32_t segment_size;
	uint32_t inline_max; /* payloads up to this many bytes are kept in memory; 0 = 256 */
	/* how long to wait for another process to close the store: 0 not at all, -1 forever */
	int64_t wait_us;
	/* Bytes of log behind the newest snapshot up to which no compaction begins by itself (from
	 * there on it begins when they exceed 3/4 of what lives, or when 100,000 entries and more
	 * than there are objects would have to be replayed); 0 = 64 MiB, UINT64_MAX: never by itself.
	 * The thread of upkeep begins it, or hf_maintain() */
	uint64_t compact_bytes;
	/* bytes a second that a compaction writes beside commits; 0 = 64 MiB where it began by itself,
	 * as fast as it goes where it was asked for; UINT64_MAX: as fast as it goes */
	uint64_t compact_rate;
	/* what a compaction keeps of the log before its snapshot, for the feed, the history of an
	 * object and states of the past: entries of so many microseconds, and at most so many bytes.
	 * 0 and 0: nothing; only one of them: whatever the other would say */
	int64_t retain_us;
	uint64_t retain_bytes;
	/* of hf_open_read(): the handle shows the state as it was opened, until hf_refresh() brings it
	 * up to date; else each call does */
	bool no_refresh;
	/* hf_open_read() only: the state as it was, which then stands, its clock too. at_lsn: behind
	 * the transaction that has this entry; at_time: behind the last transaction whose entries were
	 * logged at or before it. 0 and 0: as it is; both: whichever is earlier. HF_EGONE: older than
	 * what retain_us and retain_bytes kept; HF_EINVAL: there is no such entry yet */
	hf_lsn at_lsn;
	hf_time at_time;
	/* while it is opened: bytes of the snapshot and of the log behind it, by segments; may be
	 * NULL */
	hf_progress_fn progress;
	void *ctx;
	/* bytes a second of sealed segments and snapshots that upkeep reads again and verifies; 0: none
	 * (hf_scrub, hf_info.scrub_findings) */
	uint64_t scrub_bytes_per_second;
	/* from the beginning of one round over all of them to that of the next, at least; 0 = a day */
	int64_t scrub_interval_us;
};

/* Opens the store in directory `path` for writing and takes its lock. NULL options are the
 * defaults. On success *out must be closed with hf_close(). Recovers after a crash: everything
 * acknowledged as durable is there.
 *
 * Files are 0600, plus what the directory's group may; when root opens a directory of another
 * user, new files get its owner and group. While the store is open its files must keep their
 * names: within a second of one being replaced, removed or cut, or of one of its descriptors being
 * closed by the host, the store fails (HF_EFAILED). Of more than 64 older segments it looks at 64 a
 * second, in turn; of snapshots at the newest.
 *
 * Errors: HF_ENOTFOUND (no store, create not asked), HF_ELOCKED (names the holder, as far as
 * known), HF_ECORRUPT (error names file, offset, LSN range; nothing was changed), HF_EVERSION,
 * HF_EUNSAFEFS, HF_EACCESS (no permission, read-only, an odd path; LOCK, WITNESS or the newest
 * segment has a second name), HF_EIO, HF_ENOMEM, HF_ENOSPACE (disk, quota, descriptors),
 * HF_EINVAL. */
HF_API HF_CHECKED int hf_open(const char *path, const struct hf_options *options, hf_store **out,
                              struct hf_error *error);

/* Opens a new, empty store that lives in memory and ends with its handle, for tests of programs
 * that use the library: the same engine, which answers, waits, refuses and tells as one in a
 * directory does. It touches no file, descriptor or directory (but for hf_eventfd() and the like),
 * and "durable" means nothing beyond the handle: hf_info.volatile_fs is true. hf_export() copies it
 * into a file, which hf_import() makes a directory of. Each call makes another store; what takes a
 * path knows none of them, and refuses ":memory:", by which bindings name one, as HF_EINVAL (a
 * directory of that name is "./:memory:").
 *
 * Of the options create, allow_unsafe_fs and wait_us do not matter; compact_bytes 0 = 4 MiB, so
 * that what is gone takes no memory, and segment_size 0 = a 32nd part of that or of what is to be
 * retained, 128 KiB at least. Memory is all its room: HF_ENOSPACE and HF_ENOMEM mean that there is
 * no more. Errors: HF_EINVAL, HF_ENOMEM, HF_ENOSPACE. */
HF_API HF_CHECKED int hf_open_memory(const struct hf_options *options, hf_store **out,
                                     struct hf_error *error);

/* Opens the store in directory `path` for reading only, beside its writer or after it.
 * Any number of processes may. Takes no lock, creates, changes and removes nothing, needs no
 * permission to write, and keeps no writer waiting. Of the options inline_max and no_refresh
 * count; NULL: the defaults. Reads, hf_get_info(), hf_feed_open() and hf_export() work on the
 * handle; every mutation and hf_txn_commit(), hf_sync(), hf_flush(), hf_maintain(), hf_snapshot(),
 * hf_compact() and hf_subscribe() answer HF_EREADONLY.
 *
 * It shows what is durable: beside a writer what the files prove to be, which may lag the
 * writer's last answer by a moment; when no writer has it open all that an opening would find,
 * and then what was held without a lease is shown as ended. Each call looks first what is new
 * (unless no_refresh), and sees whole transactions. What it shows can be read though the writer
 * removes the files: they stay open, which keeps their room on the disk until the next call that
 * finds much of it gone.
 *
 * Errors, of the opening and of each later call: HF_ECORRUPT (proven damage), HF_EIO, HF_ENOMEM,
 * HF_ENOSPACE (no descriptor is left: it needs one for each segment), HF_ELAGGED (the files change
 * faster than they can be read: try again), HF_EVERSION, HF_EACCESS, HF_ENOTFOUND (no store),
 * HF_EINVAL. */
HF_API HF_CHECKED int hf_open_read(const char *path, const struct hf_options *options,
                                   hf_store **out, struct hf_error *error);

/* Looks what is new, as each call on a read-only handle does by itself. *changed (nullable): the
 * handle shows something that it did not. On a handle that writes: HF_OK, nothing changed.
 * Thread-safe. Errors as of hf_open_read(), HF_EFORK. */
HF_API HF_CHECKED int hf_refresh(hf_store *store, bool *changed, struct hf_error *error);

/* Makes everything durable, answers every ticket, marks the stop clean, releases the lock and
 * frees the handle in every case; NULL is allowed. No other call may be running or follow, but
 * for those that wait (for something to have, for a ticket, for the feed): they return
 * HF_ECANCELED, and closing waits until they have. In a forked child it only frees. Returns
 * HF_EUNCERTAIN when the final sync failed, HF_EFAILED when the store had failed before: all
 * acknowledged durable changes are safe even then. */
HF_API int hf_close(hf_store *store, struct hf_error *error);

/* As hf_close, for a process that ends right after it: the handle and the state that it holds in
 * memory are not freed but left to the end of the process, which is a tenth of what a short
 * command costs. The handle must not be used any more all the same. */
HF_API int hf_close_at_exit(hf_store *store, struct hf_error *error);

/* Ends every call that waits for a lock or for work, and each later one that allows a wait, with
 * HF_ECANCELED; nothing else changes. For hosts that must know all their threads out of the
 * store before they call hf_close(), as garbage-collected languages do. Thread-safe. HF_EFORK. */
HF_API HF_CHECKED int hf_cancel_waits(hf_store *store, struct hf_error *error);

/* Ends the call that waits with `cancel` in its arguments, and each later one that is given it,
 * with HF_ECANCELED. A call that has been granted something already answers HF_OK: what was
 * granted is never lost. The call keeps its place among the waiters until then. From any thread,
 * while the store is open; not from a signal handler. Errors: HF_EINVAL (NULL), HF_EFORK. */
HF_API HF_CHECKED int hf_cancel(hf_store *store, struct hf_cancel_flag *cancel,
                                struct hf_error *error);

/* Makes every change made so far, of either durability, survive power loss. Thread-safe. */
HF_API HF_CHECKED int hf_sync(hf_store *store, struct hf_error *error);

/* Does up to `budget_us` microseconds of upkeep (0 = all that is due): prepares the next log
 * segment, settles ended leases in the log, syncs the witness, takes changes to subscriptions
 * (feed.h); and compacts if that is due, as a whole, which may take longer than the budget: with
 * a budget of 0 a fifth of what options.compact_bytes says makes it due. Needed only with
 * no_background. Thread-safe. */
HF_API HF_CHECKED int hf_maintain(hf_store *store, int64_t budget_us, struct hf_error *error);

/* Writes a snapshot of the state as it is now into the store's directory, while writers go on, and
 * returns when it is durable: the next opening reads it and what the log has behind it. One at a
 * time. Errors: HF_EBLOCKED (one is being taken), HF_ENOSPACE, HF_ENOMEM, HF_EIO, HF_ECORRUPT (a
 * payload is damaged), HF_ECANCELED (the store is being closed): nothing was done. HF_EUNCERTAIN,
 * HF_EFAILED, HF_EFORK. Thread-safe. */
HF_API HF_CHECKED int hf_snapshot(hf_store *store, struct hf_error *error);

/* Takes a snapshot as hf_snapshot() does, and removes the log and the snapshots that it covers, but
 * for what options.retain_us and retain_bytes keep and what a subscription has not been given yet:
 * the store then takes as much room as what lives in it. Payloads are read from the snapshot from
 * then on. A feed that was further back is HF_EGONE. Needs room for a second snapshot. Commits go
 * on meanwhile. Errors as for hf_snapshot(); whatever fails, nothing is lost, and the next call
 * does what is left. HF_EBLOCKED also when an earlier one could not end: reopen. Thread-safe. */
HF_API HF_CHECKED int hf_compact(hf_store *store, struct hf_error *error);

/* Reads IDENTITY, every snapshot and every segment that the log has left once, from the device
 * where the system lets it, and verifies them, while writers go on. Writes and removes nothing, and
 * the store goes on whatever it finds. `bytes_per_second`: at most so many; 0: as fast as it goes.
 * `progress` (nullable) is called behind each piece, with `ctx`. A file that a compaction removes
 * meanwhile is passed over. HF_OK: all of it verifies. HF_ECORRUPT, HF_EIO: the first finding, with
 * file and offset; all are counted in hf_info. HF_ECANCELED (the store is being closed), HF_ENOMEM,
 * HF_ENOSPACE (no descriptor), HF_EREADONLY, HF_EFORK: it was not ended. Thread-safe. */
HF_API HF_CHECKED int hf_scrub(hf_store *store, uint64_t bytes_per_second, hf_progress_fn progress,
                               void *ctx, struct hf_error *error);

struct hf_info {
	size_t size; /* types.h */
	uint8_t uuid[16];
	uint16_t epoch;
	uint32_t format; /* major version of the format on disk */
	/* newest entry that was handed to the kernel; until the first group of this opening is
	 * durable: durable_lsn */
	hf_lsn last_lsn;
	hf_lsn durable_lsn; /* everything up to here survives power loss */
	uint32_t segment; /* number of the segment being written */
	uint32_t segment_offset; /* where in it the log ends */
	bool recovered; /* this opening followed an unclean stop and made a tail durable again */
	uint64_t rewritten_bytes; /* how much of the tail it wrote again */
	/* bytes after the end of the log that a crash left behind (0 after a clean stop) */
	uint64_t torn_bytes;
	uint64_t replayed; /* entries replayed by this opening */
	hf_lsn snapshot_lsn; /* of the snapshot that this opening began with; 0: of none */
	uint32_t snapshots_damaged; /* newer ones that this opening had to pass over */
	uint64_t groups; /* groups written since open */
	uint64_t entries; /* entries written since open */
	uint64_t syncs; /* log syncs since open */
	int fault; /* 0, or the code that failed the store for good */
	/* the file system lives in memory (tmpfs, ramfs) or ignores syncs: nothing here survives the
	 * machine's end */
	bool volatile_fs;
	hf_time clock; /* what the store's clock shows (clock.h) */
	int64_t clock_ahead_us; /* by how much that is ahead of the wall clock */
	uint64_t signals; /* writes to the eventfd since open (async.h) */
	uint64_t compactions; /* that ended well since open */
	uint64_t log_bytes; /* of log behind the newest snapshot: what an opening replays */
	uint64_t snapshot_bytes; /* of the newest snapshot; 0: there is none */
	bool read_only; /* the handle was opened with hf_open_read(); `entries` and the like are 0 */
	bool writer; /* the store is open for writing somewhere; true of a handle that writes */
	/* Since open, of options.scrub_bytes_per_second and hf_scrub(): whole rounds, bytes read, and
	 * files that did not verify or could not be read; the same finding counts once */
	uint64_t scrub_rounds;
	uint64_t scrub_bytes;
	uint64_t scrub_findings;
	/* the newest of them: the file ("": there is none), where in it, HF_ECORRUPT or HF_EIO, and
	 * what the store's clock showed. `holdfast fsck` says what is affected */
	char scrub_file[48];
	uint64_t scrub_offset;
	int scrub_code;
	hf_time scrub_at;
};

/* Figures of an open store, without waiting for durability. Thread-safe. */
HF_API HF_CHECKED int hf_get_info(hf_store *store, struct hf_info *out, struct hf_error *error);

/* --- Transactions -----------------------------------------------------------------------------
 * The preconditions of its operations are checked at commit, in order, each against the state that
 * the earlier operations left, and the first that fails aborts all. */

/* Starts an empty transaction; end it with hf_txn_commit() or hf_txn_abandon(). A transaction is
 * not thread-safe. */
HF_API HF_CHECKED int hf_txn_begin(hf_store *store, hf_txn **out, struct hf_error *error);

/* Commits and frees the transaction in every case. On failure nothing happened, error->operation
 * is the index of the failing operation (counting from 0 in the order they were added), and all
 * results are zero. HF_EINVAL: adding an operation had failed, so the rest is not committed
 * without it. HF_EUNCERTAIN: all or nothing may turn up after reopen. The one failure after the
 * commit is HF_EIO or HF_ECORRUPT with results that are not zero: all of it stands, but a
 * payload that operation error->operation gives back (a claim's, a replayed response) could not
 * be read, and is {NULL, 0}. */
HF_API HF_CHECKED int hf_txn_commit(hf_txn *txn, enum hf_durability durability,
                                    struct hf_error *error);

/* Frees the transaction without a trace; NULL is allowed. */
HF_API void hf_txn_abandon(hf_txn *txn);

/* How many operations were added: the index of the next one, for HF_TOKEN_OF(). */
HF_API uint32_t hf_txn_count(const hf_txn *txn);

/* The store as this transaction reads it. Every read call takes the handle in place of the store's;
 * it shows the committed state, not what the transaction is going to do, and what it saw must be so
 * at the commit: the version of an object or that there is none, for a list, a count or figures the
 * newest change of the container, and nothing of it ended by time. Else the commit is HF_ECONFLICT,
 * with error->operation HF_OPERATION_READ. A read does not wait until what it shows is durable: the
 * commit does, also one without operations, which says that all reads were true at one instant.
 * Operations of this transaction take the handle too. All other calls on it are HF_EREADONLY. It
 * ends with the transaction, and like it belongs to one thread. Never NULL. */
HF_API hf_store *hf_txn_reads(hf_txn *txn);

/* Fills the transaction. `store` is hf_txn_reads(txn): for reads and operations alike. It neither
 * commits nor abandons the transaction, and may be called several times: it should do nothing else
 * that lasts. `error` is never NULL. Called outside every lock. */
typedef int (*hf_transact_fn)(void *ctx, hf_store *store, hf_txn *txn, struct hf_error *error);

#define HF_TRANSACT_TRIES 100u

/* Read, decide, write: begins a transaction, lets `fn` fill it, and commits. When that is
 * HF_ECONFLICT it begins anew, at most `tries` times in all (0: HF_TRANSACT_TRIES), then it answers
 * HF_ECONFLICT. No lock is held meanwhile: a try fails because another commit did not.
 *
 * Anything but HF_OK from `fn` ends it with that code and with what it wrote into *error, and
 * nothing is committed. Like a commit this answer depends on what was read: if that is not so any
 * more, `fn` is called again. Other errors as of hf_txn_commit(), HF_EINVAL (no `fn`), HF_ENOMEM.
 * Thread-safe. */
HF_API HF_CHECKED int hf_transact(hf_store *store, hf_transact_fn fn, void *ctx, uint32_t tries,
                                  enum hf_durability durability, struct hf_error *error);

#ifdef __cplusplus
}
#endif

#endif
