/* The states of all domains: made, dumped, loaded, verified. The laws `state == replay(log)` and
 * `state == load(snapshot(state))` are tested with these. */
#include <limits.h>

#include "log/entry.h"
#include "object/removed.h"
#include "store/recover/recover.h"
#include "store/snapshot/load.h"
#include "store/snapshot/walk.h"

/* Replay and loading let names go as a commit does: what they read is durable. */
#define SWEEP_AT_ONCE 8u

const struct hf__domain *hf__domain_by_id(const struct hf_store *s, uint8_t id, unsigned *index)
{
	return hf__row_of(s, id, index);
}

/* Where the cause of a body stands; its length, if it is too short to have one. */
static size_t cause_place(const struct hf__kind *kind, struct hf_bytes body)
{
	const uint8_t *at = body.data;
	if (kind->cause_at == HF__CAUSE_BEHIND_VERSION || body.len < 3)
		return body.len < 2 ? body.len : 1;
	const size_t place = 3u + hf__load_u16(at + 1);
	return place < body.len ? place : body.len;
}

/* Its row; NULL: the domain says nothing of its kinds. The row that ends them: an unknown one. */
static const struct hf__kind *kind_of(const struct hf__domain *row, const struct hf__entry *entry)
{
	const struct hf__kind *kind = row->kinds;
	while (kind && kind->kind && kind->kind != entry->kind)
		kind++;
	return kind;
}

bool hf__entry_is_ending(const struct hf__domain *row, const struct hf__entry *entry)
{
	const struct hf__kind *kind = kind_of(row, entry);
	if (!kind || kind->ending == 0 || kind->ending == HF__ENDING_ALWAYS)
		return kind && kind->ending != 0;
	const uint8_t *body = entry->body.data;
	const size_t place = cause_place(kind, entry->body);
	return place < entry->body.len && body[place] == kind->ending;
}

bool hf__entry_known(const struct hf__domain *row, const struct hf__entry *entry)
{
	if (!row)
		return false;
	const struct hf__kind *kind = kind_of(row, entry);
	const uint8_t *body = entry->body.data;
	/* what is too short has no version: damage, and for the decoder to find */
	if (!kind || entry->body.len == 0)
		return true;
	if (kind->kind == 0 || body[0] == 0 || body[0] > kind->version)
		return false;
	const size_t place = kind->causes ? cause_place(kind, entry->body) : entry->body.len;
	return place == entry->body.len || body[place] < kind->causes;
}

int hf__entry_readable(const struct hf_store *s, const struct hf__entry *entry,
                       const struct hf__domain **row, unsigned *index)
{
	*row = hf__row_of(s, entry->domain, index);
	if (hf__entry_known(*row, entry))
		return HF_OK;
	return entry->flags & HF__ENTRY_IGNORABLE ? HF_ENOTFOUND : HF_EVERSION;
}

int hf__states_init(struct hf_store *s, void **states)
{
	for (unsigned i = 0; i < s->domains->count; i++) {
		const struct hf__domain *row = s->domains->rows[i];
		states[i] = hf__alloc(row->state_size);
		if (!states[i] || row->init(states[i], &s->world.env) != HF_OK)
			return HF_ENOMEM; /* the caller calls hf__states_deinit all the same */
	}
	return HF_OK;
}

void hf__states_deinit(struct hf_store *s, void **states)
{
	for (unsigned i = 0; i < s->domains->count; i++) {
		if (states[i])
			s->domains->rows[i]->deinit(states[i]);
		hf__free(states[i]);
		states[i] = NULL;
	}
}

void hf__states_opened(struct hf_store *s, uint64_t first_lsn)
{
	for (unsigned i = 0; i < s->domains->count; i++)
		if (s->domains->rows[i]->opened)
			s->domains->rows[i]->opened(s->world.states[i], first_lsn);
}

/* --- Names that are gone ---------------------------------------------------------------------- */

/* true: more could go at once. *left: some wait. */
static bool sweep_states(const struct hf_store *s, void *const *states, uint64_t durable,
                         size_t keep, unsigned budget, bool *left)
{
	bool more = false;
	*left = false;
	for (unsigned i = 0; i < s->domains->count; i++) {
		const struct hf__domain *row = s->domains->rows[i];
		struct hf__removed *removed = row->removed ? row->removed(states[i]) : NULL;
		if (!removed)
			continue;
		more = hf__removed_sweep(removed, durable, keep, budget) || more;
		*left = *left || removed->waiting > 0;
	}
	return more;
}

bool hf__sweep_removed(struct hf_store *s, size_t keep, unsigned budget)
{
	if (s->world.change.observer) /* I-CUT-3 */
		return false;
	return sweep_states(s, s->world.states, atomic_load(&s->durable_lsn), keep, budget,
	                    &s->world.change.emptied);
}

void hf__sweep_applied(struct hf_store *s, void *const *states)
{
	if (s->world.change.emptied && !s->world.change.observer) /* I-CUT-3 */
		(void)sweep_states(s, states, UINT64_MAX, HF__REMOVED_KEPT, SWEEP_AT_ONCE,
		                   &s->world.change.emptied);
}

void hf__sweep_all(struct hf_store *s, void *const *states)
{
	(void)sweep_states(s, states, UINT64_MAX, 0, UINT_MAX, &s->world.change.emptied);
}

/* --- Dump ------------------------------------------------------------------------------------- */

struct dump {
	struct hf_store *store;
	struct hf__writer *out;
	struct hf__payload_file file;
};

static int dump_entry(struct hf__emitter *emitter, uint64_t lsn, uint8_t kind)
{
	struct dump *d = emitter->ctx;
	if (emitter->body.bad)
		return HF_ENOMEM;
	hf__put_u64(d->out, lsn);
	hf__put_u8(d->out, kind);
	hf__put_long(d->out, hf_bytes_of(emitter->body.data, emitter->body.len));
	emitter->body.len = 0;
	return d->out->bad ? HF_ENOMEM : HF_OK;
}

static int dump_payload(struct hf__emitter *emitter, const struct hf__payload *payload)
{
	struct dump *d = emitter->ctx;
	hf__put_u32(&emitter->body, payload->len);
	if (!hf__writer_reserve(&emitter->body, payload->len))
		return HF_ENOMEM;
	uint8_t *to = emitter->body.data + emitter->body.len;
	const bool buffered = hf__payload_from_buffer(d->store, payload, to); /* the lock is held */
	const int rc = buffered ? HF_OK : hf__payload_load(d->store, &d->file, payload, to);
	emitter->body.len += payload->len;
	return rc;
}

int hf__state_dump(struct hf_store *store, struct hf__writer *out, struct hf_error *error)
{
	struct dump d = {.store = store, .out = out, .file.locked = true};
	struct hf__emitter emitter = {.ctx = &d, .emit = dump_entry, .payload = dump_payload};
	int rc = HF_OK;
	(void)pthread_mutex_lock(&store->lock);
	emitter.setback = hf__setback(store, store->world.states);
	for (unsigned i = 0; i < store->domains->count && rc == HF_OK; i++) {
		const struct hf__domain *row = store->domains->rows[i];
		hf__put_u8(out, row->id);
		rc = hf__walk_sorted(row, store->world.states[i], &emitter);
		hf__put_u64(out, 0); /* no entry has LSN 0: the end of the domain */
	}
	(void)pthread_mutex_unlock(&store->lock);
	hf__writer_deinit(&emitter.body);
	hf__payload_file_close(store, &d.file);
	if (rc == HF_OK && out->bad)
		rc = HF_ENOMEM;
	return rc == HF_OK
	           ? rc
	           : hf__fail(error, rc, 0, "the state could not be dumped: %s", hf_code_name(rc));
}

/* --- Load ------------------------------------------------------------------------------------- */

static int load_entry(struct hf_store *s, void *state, const struct hf__domain *row, uint64_t lsn,
                      int64_t setback, struct hf__reader *r)
{
	struct hf__entry entry = {.lsn = lsn,
	                          .at = hf__to_shown(s->world.clock.reached, setback),
	                          .domain = row->id,
	                          .kind = hf__get_u8(r),
	                          .setback = setback};
	entry.body = hf__get_long(r);
	return r->bad ? HF_ECORRUPT : hf__load_entry(row, state, &s->world.change, &entry);
}

static int load_domain(struct hf_store *s, void **states, struct hf__reader *r)
{
	unsigned index = 0;
	const struct hf__domain *row = hf__domain_by_id(s, hf__get_u8(r), &index);
	if (!row)
		return HF_ECORRUPT;
	for (;;) {
		const uint64_t lsn = hf__get_u64(r);
		if (lsn == 0)
			return r->bad ? HF_ECORRUPT : HF_OK;
		const int rc = load_entry(s, states[index], row, lsn, hf__setback(s, states), r);
		if (rc != HF_OK)
			return rc;
		hf__sweep_applied(s, states);
	}
}

/* The states built in `states` are the store's from here on; the old ones come back in their
 * place. */
static void take_states(struct hf_store *s, void **states)
{
	hf__sweep_all(s, states);
	for (unsigned i = 0; i < s->domains->count; i++) {
		void *old = s->world.states[i];
		if (s->domains->rows[i]->opened)
			s->domains->rows[i]->opened(states[i], s->world.incarnation_lsn);
		s->world.states[i] = states[i];
		states[i] = old;
	}
}

/* Orders are made as an opening makes them. */
static int late_end(struct hf_store *s, int rc)
{
	const int ordered = hf__index_late_end(&s->world.change.nodes);
	return rc == HF_OK ? ordered : rc;
}

int hf__state_load(struct hf_store *store, struct hf_bytes dump, struct hf_error *error)
{
	void *states[HF__DOMAINS_MAX] = {NULL};
	struct hf__reader r = hf__reader(dump);
	(void)pthread_mutex_lock(&store->lock);
	int rc = hf__states_init(store, states);
	hf__index_late_begin(&store->world.change.nodes);
	while (rc == HF_OK && r.left > 0)
		rc = load_domain(store, states, &r);
	rc = late_end(store, rc);
	if (rc == HF_OK)
		take_states(store, states);
	hf__states_deinit(store, states);
	(void)pthread_mutex_unlock(&store->lock);
	return rc == HF_OK
	           ? rc
	           : hf__fail(error, rc, 0, "the state could not be loaded: %s", hf_code_name(rc));
}

static int rebuild_entry(struct hf_store *s, void **states, const struct hf__entry *entry)
{
	unsigned index = 0;
	const struct hf__domain *row;
	const int rc = hf__entry_readable(s, entry, &row, &index);
	if (rc != HF_OK)
		return rc == HF_ENOTFOUND ? HF_OK : rc;
	struct hf__entry known = *entry;
	known.setback = hf__setback(s, states);
	return hf__load_entry(row, states[index], &s->world.change, &known);
}

int hf__state_rebuild(struct hf_store *store, const struct hf__entry *entries, size_t count,
                      struct hf_error *error)
{
	void *states[HF__DOMAINS_MAX] = {NULL};
	(void)pthread_mutex_lock(&store->lock);
	int rc = hf__states_init(store, states);
	hf__index_late_begin(&store->world.change.nodes);
	for (size_t i = 0; i < count && rc == HF_OK; i++) {
		rc = rebuild_entry(store, states, &entries[i]);
		hf__sweep_applied(store, states);
	}
	rc = late_end(store, rc);
	if (rc == HF_OK)
		take_states(store, states);
	hf__states_deinit(store, states);
	(void)pthread_mutex_unlock(&store->lock);
	return rc == HF_OK
	           ? rc
	           : hf__fail(error, rc, 0, "the state could not be rebuilt: %s", hf_code_name(rc));
}

/* --- Verify ----------------------------------------------------------------------------------- */

int hf__state_verify(struct hf_store *store, struct hf_error *error)
{
	char why[HF_ERROR_TEXT] = "";
	int rc = HF_OK;
	(void)pthread_mutex_lock(&store->lock);
	for (unsigned i = 0; i < store->domains->count && rc == HF_OK; i++) {
		struct hf__text text = {why, sizeof why, 0};
		rc = store->domains->rows[i]->verify(store->world.states[i], &text);
	}
	(void)pthread_mutex_unlock(&store->lock);
	return rc == HF_OK ? rc : hf__fail(error, rc, 0, "%s", why);
}
