/* A snapshot file becomes a state: see state.h, and docs/transfer.md.
 *
 * Happy path: every block is verified, then every entry goes through the same apply as at an
 * opening, each domain verifies what came about, and the state is given again as a snapshot would
 * give it. That has to be the file, entry by entry: so nothing in it stands twice, in another
 * order, or without effect, and no container without what makes it one.
 *
 * Failure modes: any byte may be anything, with right checksums. A block takes 36 MiB at most; the
 * entries together are counted before the first of them is kept. The comparison is by a hash under
 * the new store's content key, which no file can know.
 *
 * I-IMPORT-1: a state is taken only if it gives the file's entries again. I-IMPORT-2: no clock of a
 * file is behind the year 9999, and no LSN so great that none are left. */
#include "store/transfer/state.h"

#include "store/snapshot/load.h"
#include "store/snapshot/write.h"

#define BOUND_LEAST (UINT64_C(64) << 20)
#define BOUND_FACTOR 1000u
/* The store's clock believes no wall clock beyond it. */
#define CLOCK_LAST INT64_C(253402300799999999)
#define STEP 4096u

/* --- Failures --------------------------------------------------------------------------------- */

static int damaged(struct hf__loaded *l, uint64_t at, const char *what)
{
	return hf__fail_at(l->error, HF_ECORRUPT, "", at, "the file is no whole snapshot: %s", what);
}

static int failed(struct hf__loaded *l, int rc, const struct hf__snapshot_fault *fault)
{
	if (rc == HF_ENOMEM)
		return hf__fail(l->error, rc, 0, "no memory for the state in the file");
	if (rc == HF_EIO)
		return hf__read_failed(l->error, "the file could not be read", fault->os_errno);
	if (rc == HF_EVERSION)
		return hf__fail_at(l->error, rc, "", fault->at, "a newer version wrote %s",
		                   fault->what ? "the file" : "an entry of the file");
	return damaged(l, fault->at,
	               fault->what ? fault->what
	               : l->why    ? l->why
	                           : "an entry cannot follow from those before it");
}

/* --- Every block ------------------------------------------------------------------------------ */

static int check_header(struct hf__loaded *l)
{
	const struct hf__snapshot_header *h = &l->reader.header;
	if (h->lsn == 0)
		return h->setback == 0 ? HF_OK : damaged(l, 0, "an empty state was set back");
	if (h->clock <= HF_UNSET + 1 || hf__to_shown(h->clock, h->setback) > CLOCK_LAST)
		return damaged(l, 0, "its clock shows no time that can be");
	return h->lsn < HF__LSN_MAX - 2 * HF__LSN_JUMP
	           ? HF_OK
	           : hf__fail(l->error, HF_ETOOBIG, 0, "the file leaves no LSNs for a store");
}

int hf__loaded_verify(struct hf__loaded *l, struct hf__snapshot_source source, uint64_t max_bytes,
                      struct hf__meter *meter, struct hf_error *error)
{
	struct hf__snapshot_fault fault = {0};
	*l = (struct hf__loaded){.meter = meter, .error = error};
	l->source = (struct hf__metered){source, meter};
	if (max_bytes == 0)
		max_bytes = source.size > (UINT64_MAX - BOUND_LEAST) / BOUND_FACTOR
		                ? UINT64_MAX
		                : BOUND_LEAST + BOUND_FACTOR * source.size;
	int rc = hf__snapshot_open(&l->reader, hf__metered_source(&l->source), &fault);
	if (rc == HF_OK)
		rc = hf__snapshot_verify(&l->reader, &fault);
	if (rc != HF_OK)
		return failed(l, rc, &fault);
	if (l->reader.raw_bytes > max_bytes)
		return hf__fail(error, HF_ETOOBIG, 0,
		                "the file holds %llu bytes of entries, more than max_bytes allows (%llu)",
		                (unsigned long long)l->reader.raw_bytes, (unsigned long long)max_bytes);
	return check_header(l);
}

/* --- The same entries? ------------------------------------------------------------------------ */

/* `refs`: what is to stand for payloads that lie elsewhere. */
static int digest(struct hf__loaded *l, struct hf__content_digest *d, const struct hf__entry *entry,
                  const struct hf__sorted_ref *refs, uint32_t count)
{
	struct hf__writer *w = &l->scratch;
	w->len = 0;
	hf__put_u64(w, d->hash.low);
	hf__put_u64(w, d->hash.high);
	hf__put_u64(w, entry->lsn);
	hf__put_u8(w, entry->domain);
	hf__put_u8(w, entry->kind);
	const size_t body = w->len;
	hf__put_bytes(w, entry->body);
	if (w->bad) {
		hf__writer_deinit(w);
		return HF_ENOMEM;
	}
	for (uint32_t i = 0; i < count; i++) {
		const struct hf__payload *p = &refs[i].payload;
		const struct hf__snapshot_ref ref = {p->segment, p->offset, p->content};
		if (!refs[i].here)
			hf__snapshot_ref_put(&ref, w->data + body + refs[i].at);
	}
	d->hash = hf__content_hash(l->store->identity.content_key, w->data, w->len);
	d->entries++;
	return HF_OK;
}

static int give_entry(void *ctx, const struct hf__entry *entry, const struct hf__sorted_ref *refs,
                      uint32_t count)
{
	struct hf__loaded *l = ctx;
	l->lsn = entry->lsn;
	return digest(l, &l->given, entry, refs, count);
}

static int give_payload(void *ctx, const struct hf__payload *payload, uint8_t *out, int *os_errno)
{
	struct hf__loaded *l = ctx;
	const struct hf__snapshot_ref ref = {payload->segment, payload->offset, payload->content};
	struct hf__snapshot_fault fault = {0};
	const int rc = hf__snapshot_payload(&l->reader, &ref, payload->len, out, &fault);
	*os_errno = fault.os_errno;
	return rc;
}

/* --- Entries become state --------------------------------------------------------------------- */

static int broken(struct hf__loaded *l, const char *why)
{
	l->why = why;
	return HF_ECORRUPT;
}

/* The openings of the source: all of them are over. */
static int load_own(struct hf__loaded *l, const struct hf__entry *entry)
{
	struct hf__reader body = hf__reader(entry->body);
	const struct hf__incarnation is = {entry->lsn, hf__get_i64(&body)};
	if (entry->kind != HF__STORE_INCARNATION)
		return entry->flags & HF__ENTRY_IGNORABLE ? HF_OK : HF_EVERSION;
	if (!hf__reader_done(&body) || is.last_at > l->reader.header.clock || is.last_at == HF_UNSET)
		return broken(l, "an opening of its store cannot be");
	if (l->found.entries > 0 || (l->incarnations > 0 && (is.first_lsn <= l->last.first_lsn ||
	                                                     is.last_at <= l->last.last_at)))
		return broken(l, "the openings of its store are out of order");
	l->last = is;
	l->incarnations++;
	return hf__incarnation_note(l->store, is.first_lsn, is.last_at) ? HF_OK : HF_ENOMEM;
}

static int load_entry(void *arg, const struct hf__entry *entry)
{
	struct hf__loaded *l = arg;
	struct hf_store *s = l->store;
	unsigned index = 0;
	const struct hf__domain *row = hf__domain_by_id(s, entry->domain, &index);
	struct hf__entry known = *entry;
	known.in_snapshot = true;
	if (entry->domain == HF__DOMAIN_STORE)
		return load_own(l, entry);
	int rc = row && entry->kind == HF__CONTAINER_ENTRY ? HF_OK
	                                                   : hf__entry_readable(s, entry, &row, &index);
	if (rc != HF_OK)
		return rc == HF_ENOTFOUND ? HF_OK : rc;
	rc = hf__load_entry(row, s->world.states[index], &s->world.change, &known);
	hf__sweep_applied(s, s->world.states);
	return rc == HF_OK ? digest(l, &l->found, entry, NULL, 0) : rc;
}

static int verify_states(struct hf__loaded *l)
{
	struct hf_store *s = l->store;
	for (unsigned i = 0; i < s->domains->count; i++) {
		char why[HF_ERROR_TEXT] = "";
		struct hf__text text = {why, sizeof why, 0};
		if (s->domains->rows[i]->verify(s->world.states[i], &text) != HF_OK)
			return damaged(l, HF__SNAPSHOT_HEADER_SIZE, why);
	}
	return hf__setback(s, s->world.states) == l->reader.header.setback
	           ? HF_OK
	           : damaged(l, 0, "its header and its entries differ about the clock");
}

int hf__loaded_make(struct hf__loaded *l, const struct hf__os *os,
                    const struct hf__domains *domains, const struct hf__identity *identity)
{
	struct hf__snapshot_fault fault = {0};
	l->store = domains->count <= HF__DOMAINS_MAX ? hf__store_new(os, domains) : NULL;
	if (!l->store)
		return failed(l, HF_ENOMEM, &fault);
	l->store->identity = *identity;
	l->store->options.inline_max = HF__INLINE_DEFAULT;
	int rc = hf__prepare_memory(l->store, l->error);
	if (rc != HF_OK)
		return rc;
	rc = hf__snapshot_each(&l->reader, load_entry, l, &fault);
	if (rc != HF_OK)
		return failed(l, rc, &fault);
	hf__sweep_all(l->store, l->store->world.states);
	return verify_states(l);
}

/* --- And again entries ------------------------------------------------------------------------ */

static int spill(struct hf__cut_state *cut, int *os_errno)
{
	struct hf__sorted_batch batch;
	if (!hf__sorter_full(&cut->sorter))
		return HF_OK;
	hf__sorter_take(&cut->sorter, &batch);
	return hf__sorter_spill(&cut->sorter, &batch, os_errno) == 0 ? HF_OK : HF_EIO;
}

/* Nothing changes meanwhile, so that no lock is needed. */
static int sort_all(struct hf__loaded *l, int *os_errno)
{
	struct hf__world *world = &l->store->world;
	struct hf__cut_state *cut = &l->cut;
	bool more = true;
	int rc = HF_OK;
	hf__walk_begin(&cut->walk, l->store->domains, world->states, HF__LSN_MAX, &cut->sorter.into,
	               &world->change);
	while (more && rc == HF_OK) {
		rc = hf__walk_step(&cut->walk, STEP, &more);
		*os_errno = cut->sorter.os_errno;
		if (rc == HF_OK)
			rc = spill(cut, os_errno);
	}
	hf__walk_end(&world->change);
	return rc;
}

int hf__loaded_write(struct hf__loaded *l, const struct hf__snapshot_header *header,
                     const struct hf__os *spill_to, struct hf__snapshot_sink sink)
{
	struct hf__cut_state *cut = &l->cut;
	int os_errno = 0;
	*cut = (struct hf__cut_state){
	    .store = l->store,
	    .header = *header,
	    .incarnations = l->store->world.incarnations.all,
	    .incarnation_count = l->store->world.incarnations.count,
	    .payload = give_payload,
	    .seen = give_entry,
	    .ctx = l,
	};
	hf__sorter_init(&cut->sorter, spill_to, l->store->domains->rows);
	cut->sorter.into.setback = header->setback;
	int rc = sort_all(l, &os_errno);
	if (rc == HF_OK)
		rc = hf__cut_write(cut, sink, NULL, &os_errno);
	hf__sorter_deinit(&cut->sorter);
	if (rc == HF_EIO && os_errno)
		return hf__os_failed(l->error, "a file could not be written or read", os_errno);
	if (rc != HF_OK)
		return rc == HF_ENOMEM
		           ? failed(l, rc, NULL)
		           : hf__fail_at(l->error, HF_ECORRUPT, "", HF__SNAPSHOT_HEADER_SIZE,
		                         "the file is no whole snapshot: it has not the payload of the "
		                         "entry of LSN %llu",
		                         (unsigned long long)l->lsn);
	/* I-IMPORT-1 */
	return l->has_gaps || memcmp(&l->found, &l->given, sizeof l->found) == 0
	           ? HF_OK
	           : damaged(l, HF__SNAPSHOT_HEADER_SIZE,
	                     "its entries are not those of a state, each once and in order");
}

void hf__loaded_free(struct hf__loaded *l)
{
	if (l->store)
		hf__store_free(l->store);
	hf__snapshot_reader_deinit(&l->reader);
	hf__writer_deinit(&l->scratch);
	memset(l, 0, sizeof *l);
}
