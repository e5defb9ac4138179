/* Waits that no thread waits for: a claim, a lock or what comes next in a feed is waited for in the
 * background, any number of them from one thread, each to be cancelled from any thread. This is
 * what event loops need, and callers whose waits end with a context.
 *
 * hf_wait *wait;
 * rc = hf_lock_acquire_start(store, &args, &wait, &error);       // at once
 * ...                                                            // the eventfd is readable
 * while (hf_waits_ended(store, ended, 64, &count, &error) == HF_OK && count > 0)
 *     ... rc = hf_lock_acquire_take(ended[i], &result, &error);  // HF_OK: it is yours
 *         hf_wait_free(ended[i]);
 *
 * A wait stands in line with the threads that wait for the same (docs/waiting.md). It ends with a
 * grant, a refusal, the end of its time, hf_wait_cancel(), hf_cancel_waits() or hf_close(). A grant
 * is told of only when it is as durable as write.durability asks, so what is taken can be acted
 * upon. Its answer is taken once.
 *
 * Nothing is lost between a grant and its taking. A grant that was not taken when its wait is
 * cancelled or freed, or the store closed, goes back by itself: an item with its attempts, lost and
 * place as they were, a lock free (also one that its own owner took over). The next in line gets
 * it. What was taken is the caller's to complete or release. A lease runs from the grant, not from
 * the taking; it ends as any lease does.
 *
 * Starting (hf_outbox_claim_next_start(), hf_lock_acquire_start(), hf_feed_next_start()) takes the
 * arguments of the call that waits with a thread, and copies them; write.ticket, write.cancel and
 * write.returning must be NULL. *out has to be freed. A wait of 0 ends at once with what there is;
 * -1 is forever. It answers about the form and the store alone (HF_EINVAL, HF_ENOMEM,
 * HF_EREADONLY, HF_EFORK, HF_ECANCELED: the store is closing): whatever the state says comes with
 * the answer, a refusal too.
 *
 * Taking (..._take()) answers as the call that waits does, and: HF_EBLOCKED, it has not ended yet
 * and is as it was; HF_ENOTFOUND, its answer was taken; HF_ECANCELED, it was cancelled or the store
 * closed, nothing is held; HF_EINVAL, it is a wait for something else.
 *
 * Told of: hf_eventfd() is written (async.h), and the wait is then given by hf_waits_ended(), or
 * its callback is called, or it is found by hf_wait_poll(); also when it was cancelled. One
 * eventfd write stands for all that ended together; one that is made later is readable at once when
 * a wait has ended that was not given yet.
 *
 * hf_lock_with() and hf_outbox_pause() are not started: the one runs a callback on its caller's
 * thread, the other grants nothing.
 *
 * Who serves them: a thread of the store that the first one starts, whatever their number, which
 * also keeps their deadlines. With options.no_background there is none: hf_maintain() and
 * hf_flush() do it, and hf_wait_block(); the eventfd is then also readable when there is something
 * for them to do but for deadlines.
 *
 * A handle may outlive its store, and belongs to its caller: hf_wait_free() ends it. The calls on
 * waits may run beside hf_close(), but for those that start one. In a forked child they answer
 * HF_EFORK, and hf_wait_free() frees no more than memory. */
#ifndef HOLDFAST_WAIT_H
#define HOLDFAST_WAIT_H

#include "holdfast/types.h"

#ifdef __cplusplus
extern "C" {
#endif

/* HF_OK: it has ended, or was taken. HF_ETIMEDOUT: not yet. Takes no lock. HF_EFORK, also where it
 * had ended. */
HF_API HF_CHECKED int hf_wait_poll(hf_wait *wait, struct hf_error *error);

/* Sleeps until it has ended, at most wait_us of real time (-1: forever): then HF_ETIMEDOUT. Of a
 * wait that the store's closing ended it answers HF_OK as well. Not from a callback of a wait or
 * ticket. HF_EINVAL, HF_EFORK. */
HF_API HF_CHECKED int hf_wait_block(hf_wait *wait, int64_t wait_us, struct hf_error *error);

/* Ends it, and gives back what it was granted and was not taken; from any thread, callbacks too.
 * HF_OK: nothing of it is held, now or in future, and taking it answers HF_ECANCELED, unless it had
 * ended without a grant before: then that stays its answer. HF_ENOTFOUND: its answer was taken,
 * which has whatever it was granted. HF_EFORK. May wait for room as a commit with a ticket does,
 * and for a thread that is just deciding for it. It does not wait until what goes back is durable:
 * what a crash or failure takes back with it is held as by a process that died. */
HF_API HF_CHECKED int hf_wait_cancel(hf_wait *wait, struct hf_error *error);

/* It has ended, also by hf_wait_cancel(). May use the store, take, cancel and free this wait or
 * others and start new ones; must not close the store. */
typedef void (*hf_wait_fn)(void *ctx, hf_wait *wait);

/* Calls `fn` once, when the wait ends (it may have already), never from within this call and never
 * under a lock: where the callbacks of tickets are called, one at a time (hf_ticket_callback()).
 * Not after it was freed: hf_wait_free() on another thread waits until `fn` has returned. Then
 * hf_waits_ended() does not give it. Errors: HF_EINVAL (no fn, or it has one), HF_ECANCELED (the
 * store was closed: it will not be called), HF_EFORK. */
HF_API HF_CHECKED int hf_wait_callback(hf_wait *wait, hf_wait_fn fn, void *ctx,
                                       struct hf_error *error);

/* Gives up to `max` waits that have ended, in that order, each once; those with a callback, and
 * those that were taken or freed already, are not among them. *count 0: there is none now. They
 * stay their callers', who must not free one while another thread is given it. HF_EFORK.
 * Thread-safe. */
HF_API HF_CHECKED int hf_waits_ended(hf_store *store, hf_wait **out, size_t max, size_t *count,
                                     struct hf_error *error);

/* Cancels it unless it was taken, and frees the handle; NULL is allowed. Before or after the store
 * is closed, and from callbacks, its own too. No other call on it may run or follow. */
HF_API void hf_wait_free(hf_wait *wait);

#ifdef __cplusplus
}
#endif

#endif
