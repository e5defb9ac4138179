/* See walk.h. */
#include "store/snapshot/walk.h"

#include <limits.h>

#include "object/container.h"
#include "os/thread.h"
#include "store/snapshot/sorter.h"

#define STEPS_AT_ONCE 4u
#define PAUSE_US 30
#define PAUSE_BUSY_US 80 /* others commit: the walk is in no hurry then */
#define HOLD_NS \
	8000 /* a commit that finds the lock taken spins for about so long before it sleeps */
#define HOLD_OBJECTS 64u
#define LOOK_EACH 4u /* objects between two looks at the clock */

/* --- One object ------------------------------------------------------------------------------- */

static const struct hf__domain *row_of(const struct hf__walk *w)
{
	return w->domains->rows[w->row];
}

static int give_object(struct hf__walk *w, const struct hf__domain *row,
                       const struct hf__object *object)
{
	if (w->visit) {
		w->visit(w->ctx, (struct hf__object *)(uintptr_t)object);
		return HF_OK;
	}
	if (object->changed > w->observer.upto)
		return HF_OK;
	w->emitter->row = row;
	return row->show(object, w->emitter);
}

/* A container stands in a snapshot with its newest change, as long as it holds or says something;
 * what it says itself is an entry of its own. */
static int give_container(struct hf__walk *w, const struct hf__domain *row,
                          const struct hf__object *object)
{
	struct hf__emitter *emitter = w->emitter;
	if (w->visit || !hf__type(object)->idle || object->changed > w->observer.upto ||
	    hf__type(object)->idle(object))
		return HF_OK;
	emitter->row = row;
	const int rc = row->show_container ? row->show_container(object, emitter) : HF_OK;
	if (rc != HF_OK)
		return rc;
	hf__put_bytes(&emitter->body, hf__container_name(object));
	return emitter->emit(emitter, object->changed, HF__CONTAINER_ENTRY);
}

/* --- What changes meanwhile ------------------------------------------------------------------- */

static void before(struct hf__observer *observer, const struct hf__object *object)
{
	struct hf__walk *w = (void *)observer;
	const struct hf__domain *row = w->domains->rows[observer->domain];
	if (w->rc == HF_OK)
		w->rc =
		    hf__type(object)->idle ? give_container(w, row, object) : give_object(w, row, object);
}

/* Before the object there. */
static void stand(struct hf__walk *w, struct hf__index_at at)
{
	w->at = at;
	w->observer.next = hf__index_object(at);
}

static void stand_behind(struct hf__walk *w, const struct hf__object *object)
{
	if (!w->at.leaf)
		w->at = hf__index_find(w->index, object);
	stand(w, hf__index_next(w->at));
}

static void leaves(struct hf__observer *observer)
{
	struct hf__walk *w = (void *)observer;
	w->at = (struct hf__index_at){0};
	stand_behind(w, observer->next);
	w->at = (struct hf__index_at){0};
}

/* --- The walk --------------------------------------------------------------------------------- */

static void enter(struct hf__walk *w, const void *owner)
{
	w->owner = owner;
	w->shelf = 0;
}

/* The next container of a domain that has its shelves in them; NULL: it was the last. */
static int next_owner(struct hf__walk *w)
{
	const void *state = w->states[w->row];
	if (!row_of(w)->in_containers) {
		w->owner = NULL;
		return HF_OK;
	}
	const void *container =
	    w->owner == state ? hf__container_first(state) : hf__container_next(state, w->owner);
	enter(w, container);
	return container ? give_container(w, row_of(w), container) : HF_OK;
}

static int next_row(struct hf__walk *w)
{
	if (w->in_row)
		w->row++;
	w->in_row = w->row < w->domains->count;
	if (!w->in_row)
		return HF_OK;
	void *state = w->states[w->row];
	const struct hf__domain *row = row_of(w);
	const struct hf__object *single = row->setback_object ? row->setback_object(state) : NULL;
	enter(w, state);
	w->container = NULL;
	return single ? give_object(w, row, single) : HF_OK;
}

/* To the next index that has objects, or one step towards it. */
static int go_on(struct hf__walk *w)
{
	if (!w->owner)
		return next_row(w);
	const struct hf__domain *row = row_of(w);
	const bool has = row->shelf && row->in_containers == (w->owner != w->states[w->row]);
	w->index = has ? row->shelf(w->owner, w->shelf) : NULL;
	if (!w->index)
		return next_owner(w);
	w->shelf++;
	stand(w, hf__index_first(w->index));
	return HF_OK;
}

/* Of a domain whose shelves are in its state: its containers come with the first of their
 * objects. */
static int give_container_of(struct hf__walk *w, const struct hf__object *object)
{
	const struct hf__object *container = object->container;
	if (row_of(w)->in_containers || container == w->container)
		return HF_OK;
	w->container = container;
	return container ? give_container(w, row_of(w), container) : HF_OK;
}

static int give_next(struct hf__walk *w)
{
	const struct hf__object *object = w->observer.next;
	stand_behind(w, object);
	const int rc = give_container_of(w, object);
	return rc == HF_OK ? give_object(w, row_of(w), object) : rc;
}

int hf__walk_step(struct hf__walk *w, unsigned budget, bool *more)
{
	int rc = w->rc;
	w->at = (struct hf__index_at){0}; /* anything may have changed since */
	for (*more = true; rc == HF_OK && budget > 0 && *more; budget--) {
		rc = w->observer.next ? give_next(w) : go_on(w);
		*more = w->row < w->domains->count;
	}
	return rc;
}

int hf__walk_hold(struct hf__walk *w, const struct hf__os *os, bool *more)
{
	const int64_t until = os->ticks(os->ctx) + HOLD_NS;
	int rc = HF_OK;
	*more = true;
	for (unsigned given = 0; rc == HF_OK && *more && given < HOLD_OBJECTS; given += LOOK_EACH) {
		rc = hf__walk_step(w, LOOK_EACH, more);
		if (os->ticks(os->ctx) >= until)
			break;
	}
	return rc;
}

static void start(struct hf__walk *w, const struct hf__domains *domains, void *const *states,
                  uint64_t upto, struct hf__emitter *emitter)
{
	*w = (struct hf__walk){
	    .observer = {.upto = upto, .before = before, .leaves = leaves},
	    .domains = domains,
	    .states = states,
	    .emitter = emitter,
	};
}

void hf__walk_begin(struct hf__walk *w, const struct hf__domains *domains, void *const *states,
                    uint64_t upto, struct hf__emitter *emitter, struct hf__change *change)
{
	start(w, domains, states, upto, emitter);
	change->observer = &w->observer;
}

/* Nothing changed at or before LSN 0, so what changes gives nothing. */
void hf__walk_visit(struct hf__walk *w, const struct hf__domains *domains, void *const *states,
                    hf__visit_fn visit, void *ctx, struct hf__change *change)
{
	start(w, domains, states, 0, NULL);
	w->visit = visit;
	w->ctx = ctx;
	change->observer = &w->observer;
}

/* A thread that takes a mutex again at once is there before a sleeper is awake: without this a
 * commit waits for all of the walk (p99.9 22 ms, 100,000 objects). A short walk is over before. */
void hf__walk_pause(struct hf__walk *w, uint64_t next_lsn)
{
	const bool busy = next_lsn != w->seen_lsn;
	w->seen_lsn = next_lsn;
	if (++w->steps > STEPS_AT_ONCE)
		hf__thread_sleep_sharp(busy ? PAUSE_BUSY_US : PAUSE_US);
}

void hf__walk_end(struct hf__change *change)
{
	change->observer = NULL;
}

int hf__walk_state(const struct hf__domain *row, void *state, struct hf__emitter *emitter)
{
	const struct hf__domains one = {&row, 1};
	struct hf__walk w;
	bool more = true;
	int rc = HF_OK;
	start(&w, &one, &state, UINT64_MAX, emitter);
	while (more && rc == HF_OK)
		rc = hf__walk_step(&w, UINT_MAX, &more);
	return rc;
}

static int give_sorted(void *arg, const struct hf__sorted *entry, const uint8_t *body,
                       const struct hf__sorted_ref *refs)
{
	struct hf__emitter *emitter = arg;
	(void)refs; /* the emitter's payload() wrote bytes */
	hf__put_bytes(&emitter->body, hf_bytes_of(body, entry->body_len));
	return emitter->emit(emitter, entry->lsn, entry->kind);
}

int hf__walk_sorted(const struct hf__domain *row, void *state, struct hf__emitter *emitter)
{
	struct hf__sorter sorter;
	int os_errno = 0;
	hf__sorter_init(&sorter, NULL, NULL);
	sorter.into.ctx = emitter->ctx;
	sorter.into.setback = emitter->setback;
	sorter.into.payload = emitter->payload;
	int rc = hf__walk_state(row, state, &sorter.into);
	emitter->row = row;
	if (rc == HF_OK)
		rc = hf__sorter_give(&sorter, give_sorted, emitter, &os_errno);
	hf__sorter_deinit(&sorter);
	return rc;
}
