/* Starting a wait without a thread, and taking what it got: between the domains, which know what is
 * waited for, and serve.c, which decides. */
#include <assert.h>

#include "store/internal.h"
#include "store/wait/serve.h"

static int check_write(const struct hf__op *op, struct hf_error *error)
{
	const struct hf_write *write = &((const struct hf__args *)op->args)->write;
	if (write->returning)
		return hf__fail(error, HF_EINVAL, 0, "%s: what is started gives back no object",
		                op->verb->name);
	if (!write->cancel)
		return HF_OK;
	return hf__fail(error, HF_EINVAL, 0, "%s: what was started is cancelled by hf_wait_cancel()",
	                op->verb->name);
}

int hf__wait_attach(struct hf_store *s, struct hf_wait *w, int64_t wait_us, struct hf_error *error)
{
	const int64_t now = s->os->ticks(s->os->ctx);
	w->waiter.until = wait_us < 0 ? INT64_MAX : hf__ticks_after(now, wait_us);
	if (s->waits.closing)
		return hf__fail(error, HF_ECANCELED, 0, "the store is being closed");
	int rc = hf__flusher_start(s, error);
	if (rc == HF_OK && hf__serve_start(s) != 0)
		rc = hf__fail(error, HF_ENOMEM, 0, "the thread that waits could not be started");
	if (rc == HF_OK && hf__started_attach(s, w) != HF_OK)
		rc = hf__fail(error, HF_ENOMEM, 0, "no memory for a wait");
	return rc;
}

static int start(struct hf_store *s, struct hf_wait *w, int64_t wait_us, struct hf_error *error)
{
	const int rc = hf__call_begin(s, error); /* closing waits until it has left */
	if (rc != HF_OK)
		return rc;
	(void)pthread_mutex_lock(&s->lock);
	const int attached = hf__wait_attach(s, w, wait_us, error);
	if (attached == HF_OK)
		hf__serve_try(s, w);
	(void)pthread_mutex_unlock(&s->lock);
	hf__async_tell(s);
	hf__call_end(s);
	return attached;
}

int hf__wait_start(struct hf_store *store, const struct hf__startable *what, const void *args,
                   int64_t wait_us, struct hf_wait **out, struct hf_error *error)
{
	struct hf__op op = {.verb = what->verb, .args = args};
	*out = NULL;
	int rc = hf__check_waiting(store, &op, wait_us, error);
	if (rc == HF_OK)
		rc = check_write(&op, error);
	if (rc != HF_OK)
		return rc;
	struct hf_wait *w = hf__started_new();
	if (w) {
		w->what = what;
		w->args = what->copy(&w->arena, args, &w->result);
	}
	rc = w && w->args ? start(store, w, wait_us, error)
	                  : hf__fail(error, HF_ENOMEM, 0, "no memory for a wait");
	if (rc == HF_OK)
		*out = w;
	else if (w)
		hf__started_unref(w);
	return rc;
}

/* --- Taking ----------------------------------------------------------------------------------- */

/* In its own words, or in those that end a wait from outside. */
static int answer_of(const struct hf_wait *w, struct hf_error *error)
{
	if (w->code == HF_OK)
		return HF_OK;
	if (w->error && w->code == w->error->code) {
		if (error)
			*error = *w->error;
		return w->code;
	}
	return hf__fail(error, w->code, 0, "%s: %s", w->what ? w->what->verb->name : "feed next",
	                w->why ? w->why : hf_code_name(w->code));
}

int hf__wait_answer(struct hf_wait *w, struct hf_error *error)
{
	int state = HF__WAIT_ENDED;
	/* by compare and exchange: a closed store has no lock any more */
	if (atomic_compare_exchange_strong(&w->state, &state, HF__WAIT_TAKEN))
		return answer_of(w, error);
	if (state == HF__WAIT_TAKEN)
		return hf__fail(error, HF_ENOTFOUND, 0, "the answer of this wait was taken");
	return hf__fail(error, HF_EBLOCKED, 0, "the wait has not ended yet");
}

int hf__wait_take(struct hf_wait *w, const struct hf__startable *what, void **args,
                  struct hf_result *result, bool *taken, struct hf_error *error)
{
	*taken = false;
	if (w->what != what)
		return hf__fail(error, HF_EINVAL, 0, "this wait is for something else");
	const int gate = hf__gate_enter(&w->home->gate, w->home->store, error);
	if (gate == HF_EFORK)
		return gate;
	struct hf_store *s = gate == HF_OK ? w->home->store : NULL;
	if (s)
		(void)pthread_mutex_lock(&s->lock);
	const int rc = hf__wait_answer(w, error);
	*taken = atomic_load(&w->state) == HF__WAIT_TAKEN && (rc == HF_OK || w->holds);
	if (*taken) {
		*args = w->args;
		*result = w->result;
		w->holds = false;
	}
	if (s) {
		if (!w->fn)
			hf__link_remove(&w->ended);
		hf__started_let_go(s, w);
		(void)pthread_mutex_unlock(&s->lock);
		hf__gate_leave(&w->home->gate);
	}
	return rc;
}
