/* The store's insides, shared by the rooms of store/ alone: its struct, in parts, and what those
 * rooms offer that have no header of their own. Which rooms there are: docs/architecture.md.
 *
 * Locking: `lock` guards everything that is not marked otherwise. It is never held over I/O. The
 * leader that writes (writer.owned) owns the in-flight buffer, writer.file for writing, and
 * writer.chain; the one that syncs (writer.syncing) keeps writer.file open;
 * the thread that prepares (segments.preparing = true) owns the making of segments.next. */
#ifndef HF_STORE_INTERNAL_H
#define HF_STORE_INTERNAL_H

#include <pthread.h>
#include <stdatomic.h>

#include "log/group.h"
#include "log/identity.h"
#include "log/segment.h"
#include "log/witness.h"
#include "object/change.h"
#include "store/call/error.h"
#include "store/call/finish.h"
#include "store/call/lines.h"
#include "store/call/payload_files.h"
#include "store/call/refuse.h"
#include "store/call/tickets.h"
#include "store/clock.h"
#include "store/commit/guard.h"
#include "store/commit/maintain.h"
#include "store/commit/progress.h"
#include "store/commit/segments.h"
#include "store/commit/sink.h"
#include "store/commit/witness.h"
#include "store/compact/due.h"
#include "store/compact/readers.h"
#include "store/recover/handle.h"
#include "store/scrub/scrub.h"
#include "store/snapshot/base.h"
#include "store/snapshot/take.h"
#include "store/store.h"
#include "store/transact/seen.h"
#include "store/wait/started.h"
#include "store/watch/watch.h"

#define HF__DOMAINS_MAX 16u
/* A group that has grown to this takes no more transactions: one write of a megabyte is as good
 * as it gets. */
#define HF__GROUP_SOFT_MAX (1u << 20)
#define HF__INLINE_DEFAULT 256u
#define HF__SEGMENT_DEFAULT (64u << 20)
#define HF__COMPACT_BYTES_DEFAULT (UINT64_C(64) << 20)
#define HF__COMPACT_RATE_DEFAULT (UINT64_C(64) << 20)
#define HF__SEGMENT_FIRST_MAX (512u << 10)
#define HF__WORD_WRITE 2u /* the first of those for what is only to be written */
#define HF__WORDS 4u

/* A group in the making. Two take turns: one fills while the other is in flight. */
struct hf__buffer {
	/* room for the segment's header when it opens one, the group's header, entries */
	struct hf__writer bytes;
	size_t header; /* where in `bytes` the group's header lies: 0, or HF__SEGMENT_HEADER_SIZE */
	struct hf__position start; /* where on disk the group's header will lie */
	uint64_t first_lsn, last_lsn; /* last_lsn is first_lsn - 1 while empty */
	struct hf__position end; /* once sealed */
	uint32_t entries;
	uint32_t transactions;
	bool begun; /* start is set: the next group goes here */
	bool durable; /* a caller wants it synced */
	bool opens_segment; /* the first group of segment start.segment */
};

/* Whether a leader does well to wait for the threads that were just acknowledged: see gather.c. */
struct hf__gather {
	uint32_t target; /* transactions that may come soon */
	uint32_t skipped;
	double flush_ns; /* moving average of one flush */
	double worth; /* moving average of gain over cost */
};

/* The openings that the log shows, oldest first, and when each wrote its newest entry that is
 * no ending (mono): incarnation.c. */
struct hf__incarnation {
	uint64_t first_lsn;
	int64_t last_at;
};
struct hf__incarnations {
	struct hf__incarnation *all;
	size_t count, cap;
};
/* Replay: this one wrote an entry that is no ending. false: out of memory. */
bool hf__incarnation_note(struct hf_store *s, uint64_t first_lsn, int64_t at);

/* What is in memory, and how it came there: the same for a writer, a reader and a follower. */
struct hf__world {
	struct hf__domain_env env;
	void *states[HF__DOMAINS_MAX];
	struct hf__change change;
	struct hf__clock clock;
	uint64_t next_lsn;
	uint64_t incarnation_lsn; /* the first LSN of this opening */
	uint64_t recovered_lsn; /* the last entry that this opening found */
	struct hf__incarnations incarnations; /* those before this one */
};

/* Groups in the making, and the end of the log: where the next one goes, and what it follows. */
struct hf__log_writer {
	struct hf__buffer buffers[2];
	unsigned filling;
	unsigned inflight;
	/* The right to write (commit/flush.c). `writing` ends without the lock, as soon as the group is
	 * with the kernel; what it came to then waits in `summed` until it is noted under the lock. */
	bool owned;
	_Atomic bool writing;
	uint32_t turn; /* of the newest owner */
	struct hf__log_position summed; /* lsn 0: there was no group */
	bool syncing; /* the right to sync is taken */
	/* How far the newest of both get, and on which of two words those sleep that they serve. */
	uint64_t write_lsn, sync_lsn;
	unsigned write_word, sync_word;
	_Atomic uint32_t sync_waiters; /* threads that wait for durability and do not lead */
	bool sync_wanted; /* a caller waits for durability beyond what the filling group wants */
	bool began; /* "not clean" was written: this opening may write to the log. The leader's */
	bool wrote; /* this incarnation wrote a group */
	/* the next group opens a segment: after an unclean stop, in a new store, in another boot, when
	 * the segment is full */
	bool must_rotate;
	bool jumped; /* the next segment begins after an LSN jump */
	uint32_t rotate_need; /* smallest size of the segment to rotate to */
	bool rotate_grows; /* that leaves some of the disk to removals */
	int file; /* the segment being written, -1 before the first */
	uint32_t segment_size;
	struct hf__position end;
	uint64_t chain;
	uint64_t previous_lsn; /* last LSN that a sealed group holds */
	pthread_cond_t room; /* a buffer was taken, or the next segment is there */
	_Atomic uint32_t room_waiters; /* changed under the lock */
	_Atomic uint32_t pending; /* transactions in the filling buffer, for the gathering leader */
	struct hf__gather gather;
};

struct hf__follow;

struct hf_store {
	struct hf__lent lent; /* first: of a transaction's handle there is nothing else */
	const struct hf__os *os;
	struct hf__os *owned_os; /* released by close; NULL: the caller's */
	void (*release_os)(struct hf__os *os);
	const struct hf__domains *domains;
	uint8_t row_of[256]; /* by the id of a domain: which of its rows, counted from 1; 0: none */
	unsigned clock_row; /* of the domain that sets the clock back; domains->count: none */
	/* NULL in one that is only looked at: it writes nothing */
	const struct hf__sink *sink;
	struct hf__follow *follow; /* of a read-only handle (follow/follow.h); else NULL */
	const struct hf__progress *progress;
	struct hf_options options;
	struct hf__log_id id;
	struct hf__identity identity;
	uint32_t align; /* HF__ALIGN or the padding: where groups end */
	uint8_t boot_id[16];
	uint64_t random_state;

	pthread_mutex_t lock;
	struct hf__world world;
	struct hf__log_writer writer;
	struct hf__segments segments;
	struct hf__tidying tidy;
	struct hf__guard guard;
	struct hf__witness_file witness;

	/* Progress. Written under the lock, read without it. */
	_Atomic uint64_t written_lsn;
	_Atomic uint64_t durable_lsn;
	struct hf__log_position durable; /* where that is; what the newest word ought to say */
	_Atomic int fault; /* write-once: the first code that failed the store */
	int fault_errno;
	_Atomic bool flushing; /* a group or a sync is in flight; written under the lock */
	/* Waiters sleep on one of two words for what is to be durable, or of two for what is only to be
	 * written: that of the newest flush, which serves them, or the other. */
	_Atomic uint32_t words[HF__WORDS];
	_Atomic uint32_t sleepers[HF__WORDS];
	struct hf__upkeep upkeep;

	/* Callers. */
	struct hf__async async;
	struct hf__waits waits;
	struct hf__started started;
	struct hf__payload_files payload_files;
	struct hf__base bases[HF__BASES];
	unsigned base_slot; /* of the newest one that is used; the lock guards it */
	struct hf__taking taking;
	struct hf__readers readers;
	struct hf__compaction compaction;
	struct hf__scrub scrub;
	struct hf__counts counts;
	/* waiters for what becomes durable; NULL for a store that is only looked at */
	struct hf__watch *watch;

	struct hf_info info; /* counters and facts of recovery */
};

static inline struct hf__buffer *hf__filling(struct hf_store *s)
{
	return &s->writer.buffers[s->writer.filling];
}

/* The snapshot that payloads are in now: empty if there is none. */
static inline struct hf__base *hf__newest_base(struct hf_store *s)
{
	return &s->bases[s->base_slot];
}
void hf__bases_close(struct hf_store *s);

/* Is there nothing to wait for? Needs no lock. */
static inline bool hf__reached(const struct hf_store *s, struct hf__ticket ticket)
{
	return atomic_load_explicit(&s->written_lsn, memory_order_acquire) >= ticket.changed &&
	       atomic_load_explicit(&s->durable_lsn, memory_order_acquire) >= ticket.due;
}

/* A read of a domain as the store is now, whose clock shows `mono`. The lock is held. */
static inline struct hf__query hf__query_now(struct hf_store *s, unsigned index, int64_t mono,
                                             struct hf__answer *answer)
{
	struct hf__query q = {.state = s->world.states[index],
	                      .mono = mono,
	                      .setback = hf__setback(s, s->world.states),
	                      .wall = s->world.clock.wall,
	                      .epoch = s->id.epoch,
	                      .answer = answer};
	q.now = hf__to_shown(mono, q.setback);
	return q;
}

/* One operation of a transaction. */
struct hf__op {
	const struct hf__verb *verb;
	const void *args;
	struct hf_result *result;
	struct hf__answer *answer;
	struct hf__waiter *waiter; /* NULL: the caller does not wait */
	bool direct; /* the result is there, and as it is today (call/sized.h) */
	/* In a transaction: where the token goes that it grants, and where the one lies that its
	 * arguments name (transact/named.h). NULL: none. */
	hf_token *granted;
	const hf_token *named;
};

struct hf_txn {
	struct hf__lent lent; /* hf_txn_reads() */
	struct hf_store *store;
	struct hf__arena arena;
	struct hf__op *ops;
	size_t count, cap;
	/* operations that could not be added: if there are any it cannot be committed */
	size_t refused;
	size_t first_refused; /* index of the first of them */
	struct hf__seen *seen; /* by its reads; newest first */
};

/* sequence.c. The lock is held. Looks whether what was seen is so (NULL: nothing was), decides and
 * applies the operations, in one group, or leaves no trace. *ticket says what the answer (HF_OK and
 * refusals alike) has to wait for. May release the lock while it waits for room. */
int hf__sequence(struct hf_store *s, const struct hf__op *ops, size_t count,
                 const struct hf__seen *seen, enum hf_durability durability,
                 struct hf__ticket *ticket, struct hf_error *error);

/* txn.c. Nothing to commit, or nothing that may be: *done, with the code. */
int hf__check_txn(const hf_txn *txn, bool *done, struct hf_error *error);

/* returning.c. The object that an operation gives back, if it was asked to: nothing is given yet;
 * what was given is taken back; it is given as it is now, after decide. The lock is held for the
 * last. */
void hf__returned_clear(const struct hf__op *op);
void hf__returned_back(const struct hf__op *op);
int hf__returned_give(struct hf__decision *d, const struct hf__op *op);
/* After HF_ENOTFOUND: HF_OK and nothing changed, if the object may be missing (hf_write). A refusal
 * comes before all changes, and what it rests on was noted. */
int hf__missing(struct hf__decision *d, const struct hf__op *op, struct hf_result *result);
/* After a failure: all results and objects zero, all answers dropped. */
void hf__clear_results(const struct hf__op *ops, size_t count);
/* Is there a struct to give it in? HF_OK or HF_EINVAL. */
int hf__returned_check(const struct hf__verb *verb, const struct hf_write *write,
                       struct hf__text *why);

/* random.c. A spread-out u64 from the store's generator. The lock is held. */
uint64_t hf__random(struct hf_store *s);

/* txn.c. May a call of this form wait, with a thread or without? */
HF_CHECKED int hf__check_waiting(struct hf_store *store, struct hf__op *op, int64_t wait_us,
                                 struct hf_error *error);

/* wait.c. */
/* As a commit of one operation, waiting up to wait_us (not 0). Not under the lock. */
int hf__commit_wait(struct hf_store *s, const struct hf__op *op, enum hf_durability durability,
                    int64_t wait_us, struct hf_error *error);
/* For hf_close, not under the lock: no call waits any more, and those that do are sent away;
 * later, waits until they have left. */
void hf__waits_cancel(struct hf_store *s);
void hf__waits_close(struct hf_store *s);

/* commit.c. */
/* Waits until everything up to ticket->changed was handed to the kernel and up to ticket->due is
 * durable; leads a flush if no thread does. HF_OK or HF_EUNCERTAIN. Not under the lock. */
int hf__wait_for(struct hf_store *s, struct hf__ticket ticket);
/* The same for a caller that holds the lock, which is released: sequencing and going to sleep
 * take it once. */
int hf__wait_unlock(struct hf_store *s, struct hf__ticket ticket);
/* The next flush will do for this ticket, unless the one under way does. The lock is held. */
void hf__want(struct hf_store *s, struct hf__ticket ticket);
/* Leads the flush that the ticket needs, with a sync or without. false: another thread is at it, or
 * the store failed. The lock is held, released meanwhile. */
bool hf__lead_for(struct hf_store *s, struct hf__ticket ticket);
/* Would it, with nothing but a write? The lock is held. */
bool hf__only_to_be_written(const struct hf_store *s, struct hf__ticket ticket);
/* Gets the filling buffer taken, by leading or by waiting for the leader. The lock is held. */
void hf__make_room(struct hf_store *s);

/* flusher.c. */
/* Something is about to be handed out: may it, and is there a thread to see to it? The lock is
 * held. HF_OK, HF_ECANCELED, HF_ENOMEM. */
int hf__flusher_start(struct hf_store *s, struct hf_error *error);
/* For hf_close: wakes the waiters for tickets, answers them all, calls what is to be called, ends
 * the thread. Not under the lock. */
void hf__flusher_stop(struct hf_store *s);

/* spare.c. Memory that nothing uses any more: taken away under the lock, freed without it. */
struct hf__spare {
	void *blocks[5];
	bool any;
};
/* After a flush of `written` (NULL: none): what is much larger than the newest uses of it. The
 * lock is held. */
void hf__spare_after(struct hf_store *s, struct hf__buffer *written, struct hf__spare *spare);
/* Nothing is going on: all but a little. The lock is held. */
void hf__spare_idle(struct hf_store *s, struct hf__spare *spare);
void hf__spare_free(struct hf__spare *spare);

/* gather.c. The leader, lock held, about to seal: may release it for some microseconds. */
void hf__gather(struct hf_store *s);
/* After a flush of `nanoseconds` that made `served` transactions durable, with `queued` more
 * already there. */
void hf__gather_learn(struct hf_store *s, int64_t nanoseconds, uint32_t served, uint32_t queued);

/* open.c. The defaults filled in; HF_EINVAL for what cannot be. */
HF_CHECKED int hf__check_options(const struct hf_options *in, struct hf_options *out,
                                 struct hf_error *error);

/* create.c. Makes a store in a directory that holds none. */
int hf__create(struct hf_store *s, struct hf_error *error);
/* Its parts, for a directory that is known to be empty but for what the log begins behind: what
 * names a new store, of epoch 1; its files, IDENTITY last. 0 or an errno value. */
HF_CHECKED int hf__identity_draw(const struct hf__os *os, uint32_t segment_size, uint32_t pad,
                                 struct hf__identity *out);
HF_CHECKED int hf__create_files(const struct hf__os *os, const struct hf__identity *identity);
/* Puts the same IDENTITY in place anew, with these features beside its own, and makes its name
 * durable. A sync of the directory alone would not do: after a failed one the change counts as
 * stored. */
int hf__publish_again(struct hf_store *s, uint32_t incompat, struct hf_error *error);

/* recover.c. The directory is locked, identity and witness file are open. Fills states and log
 * end. */
int hf__recover(struct hf_store *s, struct hf_error *error);

/* state.c. */
int hf__states_init(struct hf_store *s, void **states);
void hf__states_deinit(struct hf_store *s, void **states);
/* What openings before `first_lsn` held without a lease has ended. */
void hf__states_opened(struct hf_store *s, uint64_t first_lsn);
const struct hf__domain *hf__domain_by_id(const struct hf_store *s, uint8_t id, unsigned *index);
/* May this version take an entry of a group that verified? HF_OK with its row; HF_ENOTFOUND: a
 * newer version wrote it and says that it may be passed over; HF_EVERSION: a newer version wrote
 * it. */
int hf__entry_readable(const struct hf_store *s, const struct hf__entry *entry,
                       const struct hf__domain **row, unsigned *index);
/* Is that kind, body version and cause known? `row` may be NULL. */
bool hf__entry_known(const struct hf__domain *row, const struct hf__entry *entry);
/* Does it log what had ended by itself? Those change no answer. */
bool hf__entry_is_ending(const struct hf__domain *row, const struct hf__entry *entry);
/* Names that are gone (removed.h). No change is under way. The first is for a running store:
 * true says that more could go at once. The others are for what was read, after each entry and
 * at the end, before any answer was given. */
bool hf__sweep_removed(struct hf_store *s, size_t keep, unsigned budget);
void hf__sweep_applied(struct hf_store *s, void *const *states);
void hf__sweep_all(struct hf_store *s, void *const *states);

/* answer.c. Loads what is still on disk, after the wait: all of it, whatever fails. What cannot
 * be read becomes {NULL, 0}; the first failure is the answer. */
int hf__answer_load_all(struct hf_store *s, struct hf__answer *answer, struct hf_error *error);
/* The struct that it was filled into lies elsewhere now; payloads still to be read are of that. */
void hf__answer_moved(struct hf__answer *answer, const void *from, size_t size, void *to);
/* The segments that it will read from: see hf__pins_want. */
int hf__answer_wants(struct hf_store *s, const struct hf__answer *answer, struct hf__pins *pins,
                     struct hf__pins *missing);

/* event.c. */
/* What the entry says as an event; borrows from it. */
void hf__event_of(const struct hf_store *s, const struct hf__entry *entry, struct hf_event *out);
/* As hf__entry_readable, with a sentence. */
int hf__event_readable(const struct hf_store *s, const struct hf__entry *entry,
                       struct hf_error *error);

#endif
