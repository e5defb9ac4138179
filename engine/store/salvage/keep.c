/* The state of a pass as a file that says nothing of the log it came from, so that a new store can
 * be built of it. Each payload is read and verified; an object that has lost one is left out, and
 * named.
 *
 * I-SALVAGE-2: the file's LSN lies behind all that the source mentions, by 2^20: what was sequenced
 * and is gone without a trace had none greater, after an unclean stop too. */
#include "store/salvage/salvage.h"
#include "store/snapshot/write.h"

#define STEP 4096u
/* The store's clock believes no wall clock beyond it. */
#define CLOCK_LAST INT64_C(253402300799999999)

struct keeping {
	struct hf__pass *pass;
	struct hf__cut_state cut;
	struct hf__payload_file file;
	struct hf__writer bytes;
	bool counts; /* what is left out is counted, and not noted */
};

/* --- Payloads --------------------------------------------------------------------------------- */

/* The content key is lost with IDENTITY; a block of a snapshot has a checksum of its own. */
static int load(struct keeping *k, const struct hf__payload *payload, uint8_t *out)
{
	struct hf_store *s = k->pass->check.store;
	const int rc = hf__payload_load(s, &k->file, payload, out);
	if (rc != HF_ECORRUPT || !payload->in_snapshot || !k->pass->view->adopted)
		return rc;
	return hf__base_payload(&s->bases[payload->in_snapshot - 1], payload, out, &k->file.os_errno);
}

static int give_payload(void *ctx, const struct hf__payload *payload, uint8_t *out, int *os_errno)
{
	struct keeping *k = ctx;
	const int rc = load(k, payload, out);
	*os_errno = k->file.os_errno;
	return rc;
}

static void note_object(struct keeping *k, const struct hf__entry *entry,
                        const struct hf__payload *payload, unsigned index)
{
	struct hf__check *c = &k->pass->check;
	char name[HF__NAME_MAX] = "";
	k->pass->lost_objects[index]++;
	if (k->counts)
		return;
	hf__payload_file_name(c->store, payload, name);
	const size_t finding =
	    hf__check_note(c, HF_FSCK_DAMAGE, name, payload->in_snapshot ? 0 : payload->offset,
	                   payload->len, "the payload of an object is damaged: the object is left out");
	hf__check_range(c, finding, entry->lsn, entry->lsn);
	hf__check_affects(c, finding, HF_FSCK_UNREADABLE, entry);
	if (finding != HF__NO_FINDING)
		c->findings[finding].lost = true;
}

/* HF_ENOTFOUND: the object has lost a payload. */
static int leaves_out(void *ctx, const struct hf__entry *entry, const struct hf__sorted_ref *refs,
                      uint32_t count)
{
	struct keeping *k = ctx;
	unsigned index = 0;
	(void)hf__domain_by_id(k->pass->check.store, entry->domain, &index);
	for (uint32_t i = 0; i < count; i++) {
		const struct hf__payload *payload = &refs[i].payload;
		k->bytes.len = 0;
		if (refs[i].here)
			continue;
		if (!hf__writer_reserve(&k->bytes, payload->len))
			return HF_ENOMEM;
		const int rc = load(k, payload, k->bytes.data);
		if (rc == HF_OK)
			continue;
		if (rc != HF_ECORRUPT)
			return rc;
		note_object(k, entry, payload, index);
		return HF_ENOTFOUND;
	}
	k->pass->kept_objects[index] += entry->kind != HF__CONTAINER_ENTRY;
	return HF_OK;
}

/* --- The file --------------------------------------------------------------------------------- */

static int64_t greater(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

/* Each opening wrote later than the one before; where a set-back of the clock is lost, entries
 * behind it seem earlier than they were. */
static void order_openings(struct hf__incarnations *in)
{
	for (size_t i = 1; i < in->count; i++)
		if (in->all[i].last_at <= in->all[i - 1].last_at)
			in->all[i].last_at = hf__time_add(in->all[i - 1].last_at, 1);
}

static int64_t choose_clock(const struct hf__pass *p, int64_t setback)
{
	const struct hf_store *s = p->check.store;
	const struct hf__incarnations *in = &s->world.incarnations;
	int64_t clock = s->world.clock.stamp;
	if (in->count > 0)
		clock = greater(clock, in->all[in->count - 1].last_at);
	if (p->check.r.witness.generation > 0)
		clock = greater(clock, p->check.r.witness.clock);
	clock = greater(clock, hf__to_mono(0, setback)); /* of a state without entries */
	return hf__to_shown(clock, setback) > CLOCK_LAST ? hf__to_mono(CLOCK_LAST, setback) : clock;
}

static struct hf__snapshot_header new_header(const struct hf__pass *p)
{
	const struct hf_store *s = p->check.store;
	const uint64_t mentioned = p->view->mentioned;
	struct hf__snapshot_header header = {
	    .format_major = HF__FORMAT_MAJOR,
	    .format_minor = HF__FORMAT_MINOR,
	    .epoch = s->id.epoch,
	    .exported = true,
	    .lsn = mentioned ? mentioned + HF__LSN_JUMP : 0,
	    .setback = hf__setback(s, s->world.states),
	};
	header.clock = choose_clock(p, header.setback);
	memcpy(header.uuid, s->id.uuid, sizeof header.uuid);
	return header;
}

static int sort_all(struct keeping *k)
{
	struct hf__cut_state *cut = &k->cut;
	struct hf__world *world = &cut->store->world;
	bool more = true;
	int rc = HF_OK;
	hf__walk_begin(&cut->walk, cut->store->domains, world->states, HF__LSN_MAX, &cut->sorter.into,
	               &world->change);
	while (more && rc == HF_OK)
		rc = hf__walk_step(&cut->walk, STEP, &more);
	hf__walk_end(&world->change);
	return rc;
}

static int failed(int rc, int os_errno, struct hf_error *error)
{
	if (rc == HF_ENOMEM)
		return hf__fail(error, rc, 0, "no memory for the state of the source");
	if (rc == HF_EIO || os_errno)
		return hf__os_failed(error, "nothing was salvaged: a file could not be written or read",
		                     os_errno);
	return hf__fail(error, rc, 0, "what is left makes no sound state");
}

static int write_state(struct hf__pass *p, struct hf__snapshot_sink sink, bool counts,
                       struct hf_error *error)
{
	struct keeping k = {.pass = p, .counts = counts};
	struct hf_store *s = p->check.store;
	int os_errno = 0;
	order_openings(&s->world.incarnations);
	k.cut = (struct hf__cut_state){
	    .store = s,
	    .header = new_header(p),
	    .incarnations = s->world.incarnations.all,
	    .incarnation_count = s->world.incarnations.count,
	    .payload = give_payload,
	    .leaves_out = leaves_out,
	    .ctx = &k,
	};
	memset(p->lost_objects, 0, sizeof p->lost_objects);
	memset(p->kept_objects, 0, sizeof p->kept_objects);
	hf__sorter_init(&k.cut.sorter, NULL, s->domains->rows);
	k.cut.sorter.into.setback = k.cut.header.setback;
	int rc = sort_all(&k);
	if (rc == HF_OK)
		rc = hf__cut_write(&k.cut, sink, NULL, &os_errno);
	hf__sorter_deinit(&k.cut.sorter);
	hf__payload_file_close(s, &k.file);
	hf__writer_deinit(&k.bytes);
	if (rc == HF_OK && p->check.no_memory)
		rc = HF_ENOMEM;
	return rc == HF_OK ? rc : failed(rc, os_errno, error);
}

int hf__keep_write(struct hf__pass *p, struct hf__snapshot_sink sink, struct hf_error *error)
{
	return write_state(p, sink, false, error);
}

static int forget(void *ctx, const void *data, size_t len)
{
	(void)ctx;
	(void)data;
	(void)len;
	return 0;
}

int hf__keep_look(struct hf__pass *p, struct hf_error *error)
{
	return write_state(p, (struct hf__snapshot_sink){.write = forget}, false, error);
}

int hf__keep_count(struct hf__pass *p, struct hf_error *error)
{
	const int rc = write_state(p, (struct hf__snapshot_sink){.write = forget}, true, error);
	for (unsigned i = 0; i < HF_FSCK_DOMAINS_MAX && rc == HF_OK; i++)
		p->lost += p->lost_objects[i];
	return rc;
}
