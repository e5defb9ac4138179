/* Commits that are not waited for: one thread with many of them on their way to the disk.
 *
 * A mutation whose write.ticket is set, and hf_txn_commit_async(), answer as soon as the
 * mutation has been decided: the state in memory has it, every later call sees it, results,
 * tokens and claimed items are filled in. What is missing is that a crash can still take it
 * back: the ticket says until when. It is a plain value, to be polled, waited for, or handed a
 * callback; any number may be out.
 *
 * struct hf_ticket ticket;
 * struct hf_outbox_enqueue_args args = {.write.ticket = &ticket, .queue = ..., .id = ...};
 * rc = hf_outbox_enqueue(store, NULL, &args, &result, &error);   // at once: decided
 * ...
 * rc = hf_ticket_wait(store, &ticket, -1, &error);               // HF_OK: durable
 *
 * EVERY answer of such a call has its ticket: a refusal and changed = false too, since what they
 * rest on may itself not be durable yet. A caller that acts on an answer outside the store (sends,
 * replies, deletes) has to wait for its ticket first: until that is answered, a power loss can
 * take back what the answer says. A call that failed without looking at anything (HF_EINVAL,
 * HF_ENOMEM, HF_EFAILED, ...) leaves the zeroed ticket, for which there is nothing to wait.
 *
 * A ticket is answered with HF_OK, when all that the answer rests on is as durable as was asked
 * (write.durability counts as always: HF_OS means handed to the kernel), or with HF_EUNCERTAIN:
 * a write or sync failed; it may turn up after reopening. Both are final. Order is kept: a
 * durable commit's ticket is answered HF_OK only when all before it are durable.
 *
 * Such a call can still wait: for room, when a megabyte or some hundred thousand entries are on
 * their way; and once in each opening of the store, until its first entry is durable, because no
 * LSN may get out that a crash could have issued again.
 *
 * Who flushes: the first such call starts a thread, which flushes whatever no other thread does.
 * With options.no_background there is none, and the host calls hf_flush(); hf_ticket_wait(),
 * hf_sync() and every waiting mutation flush too. */
#ifndef HOLDFAST_ASYNC_H
#define HOLDFAST_ASYNC_H

#include "holdfast/types.h"

#ifdef __cplusplus
extern "C" {
#endif

/* As hf_txn_commit(), at once; *ticket (must not be NULL) is set whatever it returns. Results
 * and items are filled in when it returns; on a failure they are zero. Further errors:
 * HF_ECANCELED (the store is closing), HF_ENOMEM (the thread could not be started): nothing was
 * done. */
HF_API HF_CHECKED int hf_txn_commit_async(hf_txn *txn, enum hf_durability durability,
                                          struct hf_ticket *ticket, struct hf_error *error);

/* HF_OK or HF_EUNCERTAIN: it is answered. HF_ETIMEDOUT: not yet. Takes no lock and does no I/O:
 * cheap enough to ask for each of many. HF_EFORK. */
HF_API HF_CHECKED int hf_ticket_poll(hf_store *store, const struct hf_ticket *ticket,
                                     struct hf_error *error);

/* Waits until the ticket is answered, flushing if no other thread does, at most wait_us of real
 * time (-1: forever; 0: as hf_ticket_poll()): then HF_ETIMEDOUT. Without the thread
 * (no_background), and while it is in a callback, the time that a flush takes of its own is not
 * cut short. HF_ECANCELED: hf_close() was called meanwhile, which is the one call that may run
 * beside this one; its answer says what became of the ticket. HF_EINVAL: this opening of the
 * store gave no such ticket. Thread-safe. */
HF_API HF_CHECKED int hf_ticket_wait(hf_store *store, const struct hf_ticket *ticket,
                                     int64_t wait_us, struct hf_error *error);

/* A descriptor for a host's event loop (eventfd): readable when tickets were answered since it
 * was last read. Read its eight bytes first, then poll the tickets. It is written at most once
 * for each advance of how far the log is durable (for commits in mode HF_OS alone: of how far it
 * is written) and once when the store fails; hf_get_info() counts the writes. What was answered
 * before the first call is not reported, nor a ticket that is answered when it is given (a refusal
 * on durable ground): poll a new ticket before waiting. The same descriptor for every call;
 * non-blocking; it belongs to the store, whose hf_close() closes it: take it out of the loop
 * before. Errors: HF_ENOSPACE (no descriptor is left), HF_EFORK. */
HF_API HF_CHECKED int hf_eventfd(hf_store *store, int *out, struct hf_error *error);

/* `code` is HF_OK or HF_EUNCERTAIN. */
typedef void (*hf_ticket_fn)(void *ctx, const struct hf_ticket *ticket, int code);

/* Calls `fn` once, when the ticket is answered (it may be already), never from within this call
 * and never under a lock: on the thread that flushes, with no_background in hf_flush() and
 * hf_close(). Calls come one at a time; of those that are asked for, the ticket with the lowest
 * LSN always comes first, and the others wait for it. `fn` may use the store but not close it;
 * while it runs, that thread flushes nothing unless `fn` makes it, so it should be short.
 * hf_close() calls what is still to be called, after the last flush. Errors: HF_EINVAL (no fn;
 * no such ticket), HF_ENOMEM, HF_ECANCELED (closing): it will not be called. HF_EFORK.
 * Thread-safe. */
HF_API HF_CHECKED int hf_ticket_callback(hf_store *store, const struct hf_ticket *ticket,
                                         hf_ticket_fn fn, void *ctx, struct hf_error *error);

/* Flushes until every ticket that is out now is answered, and with no_background calls the
 * callbacks that are due. Thread-safe. HF_EUNCERTAIN: a write or sync failed; HF_EFAILED: the
 * store had failed before. Callbacks are called all the same. */
HF_API HF_CHECKED int hf_flush(hf_store *store, struct hf_error *error);

#ifdef __cplusplus
}
#endif

#endif
