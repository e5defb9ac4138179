/* The state that the log gives. Entries go through the same apply as an opening's. While nothing
 * was lost, one that does not fit is damage; behind a hole it shows what the hole took. When the
 * log was whole, every domain verifies its state, and every object is counted by giving it as a
 * snapshot would, its payload read from disk and verified. */
#include "store/check/check.h"
#include "store/snapshot/walk.h"

static void report_misfit(struct hf__check *c, const struct hf__entry *entry)
{
	char name[HF__NAME_MAX];
	hf__segment_name(entry->place.segment, name);
	const size_t finding =
	    hf__check_note(c, HF_FSCK_DAMAGE, name, entry->place.offset - HF__ENTRY_HEADER_SIZE,
	                   HF__ENTRY_HEADER_SIZE + entry->body.len,
	                   "the entry cannot follow from the state before it");
	hf__check_range(c, finding, entry->lsn, entry->lsn);
	hf__check_affects(c, finding, HF_FSCK_CUT_OFF, entry);
	hf__check_lost(c, finding);
}

static void report_unknown(struct hf__check *c, const struct hf__entry *entry)
{
	char name[HF__NAME_MAX];
	hf__segment_name(entry->place.segment, name);
	const size_t finding = hf__check_note(
	    c, HF_FSCK_NEWER, name, entry->place.offset - HF__ENTRY_HEADER_SIZE, 0,
	    "a newer version wrote this entry (domain %u, kind %u, body version %u)", entry->domain,
	    entry->kind, entry->body.len ? *(const uint8_t *)entry->body.data : 0u);
	hf__check_range(c, finding, entry->lsn, entry->lsn);
	c->certain = false;
}

static void count_entry(struct hf__check *c, const struct hf__entry *entry)
{
	unsigned index = 0;
	c->at = entry->at;
	c->has_at = true;
	c->sum.entries++;
	c->sum.transactions += (entry->flags & HF__ENTRY_LAST) != 0;
	c->sum.entries_after_damage += !c->certain;
	c->sum.last_lsn = entry->lsn;
	if (c->sum.first_lsn == 0)
		c->sum.first_lsn = entry->lsn;
	if (hf__domain_by_id(c->store, entry->domain, &index))
		c->sum.domains[index].entries++;
}

int hf__check_entry(void *arg, const struct hf__entry *entry)
{
	struct hf__check *c = arg;
	count_entry(c, entry);
	if (entry->lsn <= c->store->info.snapshot_lsn) /* the snapshot shows what it did */
		return 0;
	if (c->pass_snapshot && !c->beyond)
		c->pass_snapshot(c);
	c->beyond = true;
	const int rc = hf__recovery_apply(&c->r, entry);
	if (rc == HF_ENOMEM)
		return rc;
	c->misfits += rc != HF_OK && rc != HF_EVERSION;
	if (rc == HF_EVERSION)
		report_unknown(c, entry);
	else if (rc != HF_OK && c->certain)
		report_misfit(c, entry);
	else if (rc != HF_OK)
		hf__check_affects(c, c->hole, HF_FSCK_PRESUPPOSED, entry);
	return 0;
}

/* --- Recounting ------------------------------------------------------------------------------- */

struct recount {
	struct hf__check *c;
	uint64_t objects;
	struct hf__writer payload;
	struct hf__payload_file file;
};

static int count_object(struct hf__emitter *emitter, uint64_t lsn, uint8_t kind)
{
	struct recount *recount = emitter->ctx;
	(void)lsn;
	recount->objects += kind != HF__CONTAINER_ENTRY;
	emitter->body.len = 0;
	return emitter->body.bad ? HF_ENOMEM : HF_OK;
}

static int read_payload(struct hf__emitter *emitter, const struct hf__payload *payload)
{
	struct recount *recount = emitter->ctx;
	struct hf__check *c = recount->c;
	char name[HF__NAME_MAX] = "";
	recount->payload.len = 0;
	if (!hf__writer_reserve(&recount->payload, payload->len))
		return HF_ENOMEM;
	const int rc = hf__payload_load(c->store, &recount->file, payload, recount->payload.data);
	if (rc == HF_OK || rc == HF_ENOMEM)
		return rc;
	hf__payload_file_name(c->store, payload, name);
	(void)hf__check_note(c, rc == HF_EIO ? HF_FSCK_IO : HF_FSCK_DAMAGE, name, payload->offset,
	                     payload->len,
	                     "a payload cannot be read where its object says that it lies");
	return HF_OK;
}

static void check_state(struct hf__check *c, unsigned index)
{
	const struct hf__domain *row = c->store->domains->rows[index];
	struct recount recount = {.c = c};
	struct hf__emitter emitter = {.ctx = &recount,
	                              .setback = hf__setback(c->store, c->store->world.states),
	                              .emit = count_object,
	                              .payload = read_payload};
	char why[HF_ERROR_TEXT] = "";
	struct hf__text text = {why, sizeof why, 0};
	if (row->verify(c->store->world.states[index], &text) != HF_OK)
		(void)hf__check_note(c, HF_FSCK_DAMAGE, "", 0, 0, "the state of domain %s is unsound: %s",
		                     row->name, why);
	c->no_memory =
	    hf__walk_state(row, c->store->world.states[index], &emitter) == HF_ENOMEM || c->no_memory;
	c->sum.domains[index].objects = recount.objects;
	hf__writer_deinit(&emitter.body);
	hf__writer_deinit(&recount.payload);
	hf__payload_file_close(c->store, &recount.file);
}

/* Nothing but harmless findings so far? */
static bool log_whole(const struct hf__check *c)
{
	bool whole = c->certain;
	for (size_t i = 0; i < c->count && whole; i++)
		whole = c->findings[i].is.severity < HF_FSCK_IO;
	return whole;
}

void hf__check_states(struct hf__check *c)
{
	const struct hf__domains *domains = c->store->domains;
	const uint64_t incarnation =
	    c->r.next_lsn + (c->sum.last_stop == HF_FSCK_STOP_CLEAN ? 0 : HF__LSN_JUMP);
	c->sum.domain_count = domains->count;
	for (unsigned i = 0; i < domains->count; i++)
		c->sum.domains[i].name = domains->rows[i]->name;
	c->sum.state_checked = log_whole(c);
	if (c->sum.state_checked) {
		hf__clock_resume(c->store, &c->r.witness);
		c->sum.clock = hf__clock(c->store);
		c->sum.clock_ahead_us = hf__clock_ahead(c->store, c->sum.clock);
	}
	for (unsigned i = 0; i < domains->count && c->sum.state_checked; i++) {
		if (domains->rows[i]->opened)
			domains->rows[i]->opened(c->store->world.states[i], incarnation);
		check_state(c, i);
	}
}
