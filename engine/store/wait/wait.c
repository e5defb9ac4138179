/* The public calls on a wait that was started (holdfast/wait.h), which may run beside hf_close and
 * after it: each goes through the gate of the store, and finds it shut when nothing is held any
 * more. */
#include <time.h>

#include "store/internal.h"
#include "store/wait/serve.h"

/* Through the gate, and the lock. HF_ECANCELED: the store is closed. */
static int enter(struct hf_wait *w, struct hf_store **out, struct hf_error *error)
{
	const int rc = hf__gate_enter(&w->home->gate, w->home->store, error);
	*out = rc == HF_OK ? w->home->store : NULL;
	if (rc == HF_OK)
		(void)pthread_mutex_lock(&(*out)->lock);
	return rc;
}

static void leave(struct hf_wait *w, struct hf_store *s)
{
	(void)pthread_mutex_unlock(&s->lock);
	hf__async_tell(s);
	hf__gate_leave(&w->home->gate);
}

static bool has_ended(const struct hf_wait *w)
{
	return atomic_load_explicit(&w->state, memory_order_acquire) >= HF__WAIT_ENDED;
}

static int not_yet(struct hf_error *error)
{
	return hf__fail(error, HF_ETIMEDOUT, 0, "the wait has not ended yet");
}

int hf_wait_poll(hf_wait *wait, struct hf_error *error)
{
	HF__CALL;
	/* also where it has ended: the answer is the parent's */
	const int rc = hf__gate_enter(&wait->home->gate, wait->home->store, error);
	if (rc == HF_OK)
		hf__gate_leave(&wait->home->gate);
	if (rc == HF_EFORK)
		return rc;
	return has_ended(wait) ? HF_OK : not_yet(error);
}

/* --- Sleeping --------------------------------------------------------------------------------- */

static struct timespec after(int64_t ns)
{
	struct timespec until;
	(void)clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += (time_t)(ns / 1000000000);
	until.tv_nsec += (long)(ns % 1000000000);
	until.tv_sec += until.tv_nsec / 1000000000L;
	until.tv_nsec %= 1000000000L;
	return until;
}

static bool is_earlier(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec != b->tv_sec ? a->tv_sec < b->tv_sec : a->tv_nsec < b->tv_nsec;
}

/* Without the thread this one looks after deadlines, so it sleeps no longer than to the next.
 * `until` NULL: forever. false: its time is over. */
static bool sleep_until(struct hf_store *s, const struct timespec *until)
{
	struct hf__started *all = &s->started;
	int64_t ns = all->runs ? -1 : hf__started_next(s);
	if (ns > INT64_C(1000000000))
		ns = INT64_C(1000000000);
	if (ns < 0 && !until)
		return pthread_cond_wait(&all->moved, &s->lock) == 0;
	const struct timespec next = ns < 0 ? *until : after(ns < 100000 ? 100000 : ns);
	const bool mine = until && !is_earlier(&next, until);
	return pthread_cond_timedwait(&all->moved, &s->lock, mine ? until : &next) == 0 || !mine;
}

static int block(struct hf_store *s, struct hf_wait *w, const struct timespec *until)
{
	bool late = false;
	while (!has_ended(w)) {
		if (late)
			return HF_ETIMEDOUT;
		if (s->options.no_background && !s->started.serving && !s->started.stopping) {
			hf__flusher_run(s, false);
			if (has_ended(w))
				break;
		}
		late = !sleep_until(s, until);
	}
	return HF_OK;
}

int hf_wait_block(hf_wait *wait, int64_t wait_us, struct hf_error *error)
{
	HF__CALL;
	struct hf_store *s;
	struct timespec until = {0};
	if (wait_us < -1)
		return hf__fail(error, HF_EINVAL, 0, "the wait must be -1 (forever), 0 or more");
	int rc = enter(wait, &s, error);
	if (rc != HF_OK)
		return rc == HF_EFORK ? rc : HF_OK; /* what is closed has ended every wait */
	if (wait_us > 0)
		until = after(wait_us > INT64_MAX / 2000 ? INT64_MAX / 2 : wait_us * 1000);
	s->started.blocked++;
	rc = wait_us == 0 && !has_ended(wait) ? HF_ETIMEDOUT
	                                      : block(s, wait, wait_us > 0 ? &until : NULL);
	s->started.blocked--;
	leave(wait, s);
	return rc == HF_OK ? rc : not_yet(error);
}

/* --- Cancelling ------------------------------------------------------------------------------- */

static int taken(struct hf_error *error)
{
	return hf__fail(error, HF_ENOTFOUND, 0, "the answer of this wait was taken");
}

int hf_wait_cancel(hf_wait *wait, struct hf_error *error)
{
	HF__CALL;
	struct hf_store *s;
	const int rc = enter(wait, &s, error);
	if (rc == HF_EFORK)
		return rc;
	const bool was_taken = atomic_load(&wait->state) == HF__WAIT_TAKEN;
	if (s) {
		hf__serve_cancel(s, wait, "the wait was cancelled");
		/* Another thread decides for it, or gives back. */
		s->started.blocked++;
		while (atomic_load(&wait->state) == HF__WAIT_TRIED)
			(void)pthread_cond_wait(&s->started.moved, &s->lock);
		s->started.blocked--;
		leave(wait, s);
	}
	return was_taken ? taken(error) : HF_OK;
}

/* Neither is told of any more, nor called. */
static void forget(struct hf_store *s, struct hf_wait *w)
{
	w->freed = true;
	hf__link_remove(&w->ended);
	hf__serve_cancel(s, w, "the wait was cancelled");
	while (w->calling && !pthread_equal(s->started.caller, pthread_self()))
		(void)pthread_cond_wait(&s->started.moved, &s->lock);
	hf__started_let_go(s, w);
}

void hf_wait_free(hf_wait *wait)
{
	HF__CALL;
	struct hf_store *s;
	if (!wait)
		return;
	if (enter(wait, &s, NULL) == HF_OK) {
		forget(s, wait);
		leave(wait, s);
	}
	hf__started_unref(wait);
}

/* --- Being told ------------------------------------------------------------------------------- */

static int add_callback(struct hf_store *s, struct hf_wait *w, hf_wait_fn fn, void *ctx,
                        struct hf_error *error)
{
	if (s->async.closing)
		return hf__fail(error, HF_ECANCELED, 0, "the store is closing");
	if (w->fn)
		return hf__fail(error, HF_EINVAL, 0, "this wait has a callback");
	w->fn = fn;
	w->ctx = ctx;
	if (!has_ended(w))
		return HF_OK;
	hf__link_remove(&w->ended);
	hf__link_add(&s->started.calls, &w->ended);
	hf__wake_asleep(&s->async.asleep, &s->async.work);
	return HF_OK;
}

int hf_wait_callback(hf_wait *wait, hf_wait_fn fn, void *ctx, struct hf_error *error)
{
	HF__CALL;
	struct hf_store *s;
	if (!fn)
		return hf__fail(error, HF_EINVAL, 0, "it needs something to call");
	int rc = enter(wait, &s, error);
	if (rc != HF_OK)
		return rc;
	rc = add_callback(s, wait, fn, ctx, error);
	leave(wait, s);
	return rc;
}

int hf_waits_ended(hf_store *store, hf_wait **out, size_t max, size_t *count,
                   struct hf_error *error)
{
	HF__CALL;
	*count = 0;
	const int rc = hf__check_fork(store, error);
	if (rc != HF_OK)
		return rc;
	struct hf__link *ended = &store->started.ended;
	(void)pthread_mutex_lock(&store->lock);
	while (*count < max && !hf__link_empty(ended)) {
		struct hf_wait *w = HF__WAIT_OF(ended->next, ended);
		hf__link_remove(&w->ended);
		out[(*count)++] = w;
	}
	(void)pthread_mutex_unlock(&store->lock);
	return HF_OK;
}
