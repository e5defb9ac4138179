#include "lib/logged.h"

#include "base/hash.h"
#include "domains/common/domains.h"
#include "lib/test.h"
#include "log/identity.h"
#include "log/scan.h"
#include "log/segment.h"
#include "store/snapshot/walk.h"

/* --- Entries ---------------------------------------------------------------------------------- */

static int note_entry(void *arg, const struct hf__entry *entry)
{
	struct logged *l = arg;
	if (l->count == l->cap) {
		l->cap = l->cap ? 2 * l->cap : 256;
		l->entries = realloc(l->entries, l->cap * sizeof *l->entries);
		assert_non_null(l->entries);
	}
	uint8_t *body = malloc(entry->body.len ? entry->body.len : 1);
	assert_non_null(body);
	memcpy(body, entry->body.data, entry->body.len);
	struct hf__entry *copy = &l->entries[l->count++];
	*copy = *entry;
	copy->body.data = body;
	copy->place = (struct hf__position){0, 0};
	return 0;
}

static struct hf__log_id log_id(struct sim *sim)
{
	uint8_t bytes[HF__IDENTITY_SIZE];
	struct hf__identity identity;
	struct hf__log_id id = {0};
	assert_true(sim_read_file(sim, HF__NAME_IDENTITY, 0, bytes, sizeof bytes));
	assert_int_equal(hf__identity_decode(bytes, sizeof bytes, &identity), HF_OK);
	memcpy(id.uuid, identity.uuid, sizeof id.uuid);
	id.epoch = identity.epoch;
	id.seed = hf__seed_base(id.uuid, id.epoch);
	return id;
}

/* One that was prepared and not used yet holds none. */
static void read_segment(struct logged *l, struct sim *sim, const struct hf__log_id *id,
                         const char *name, uint64_t size)
{
	struct hf__segment_header header;
	struct hf__scan_verdict verdict;
	uint8_t *bytes = malloc((size_t)size);
	assert_non_null(bytes);
	assert_true(sim_read_file(sim, name, 0, bytes, (size_t)size));
	if (hf__segment_header_decode(id, bytes, (size_t)size, &header) == HF_OK) {
		const struct hf__scan_input input = {.id = id,
		                                     .bytes = hf_bytes_of(bytes, (size_t)size),
		                                     .segment = header.number,
		                                     .from = HF__SEGMENT_HEADER_SIZE,
		                                     .next_lsn = header.first_lsn,
		                                     .previous_hash = header.previous_hash};
		assert_int_equal(hf__scan(&input, note_entry, l, &verdict), 0);
		assert_int_equal(verdict.kind, HF__SCAN_CLEAN);
	}
	free(bytes);
}

/* As replay knows them. */
static void note_setbacks(struct logged *l)
{
	struct bare clock;
	bare_init(&clock, &hf__clock_domain);
	for (size_t i = 0; i < l->count; i++) {
		l->entries[i].setback = clock.row->setback(clock.state);
		if (l->entries[i].domain != clock.row->id)
			continue;
		assert_int_equal(bare_apply(&clock, &l->entries[i]), HF_OK);
		hf__change_keep(&clock.change);
	}
	bare_deinit(&clock);
}

void logged_read(struct logged *l, struct sim *sim)
{
	const struct hf__log_id id = log_id(sim);
	char name[SIM_NAME_MAX + 1];
	uint64_t size;
	uint32_t number;
	*l = (struct logged){0};
	for (size_t i = 0; sim_list(sim, i, name, &size); i++)
		if (hf__segment_name_parse(name, &number))
			read_segment(l, sim, &id, name, size);
	assert_true(l->count > 0);
	note_setbacks(l);
}

void logged_free(struct logged *l)
{
	for (size_t i = 0; i < l->count; i++)
		free((void *)(uintptr_t)l->entries[i].body.data);
	free(l->entries);
}

/* --- A state without a store ------------------------------------------------------------------ */

void bare_init(struct bare *b, const struct hf__domain *row)
{
	const struct hf__domain_env env = {.inline_max = 64, .epoch = 1, .nodes = &b->change.nodes};
	*b = (struct bare){.row = row, .state = hf__alloc(row->state_size)};
	assert_non_null(b->state);
	assert_int_equal(row->init(b->state, &env), HF_OK);
}

void bare_deinit(struct bare *b)
{
	b->row->deinit(b->state);
	hf__free(b->state);
	hf__change_deinit(&b->change);
}

int bare_apply(struct bare *b, const struct hf__entry *entry)
{
	hf__change_begin(&b->change, entry->lsn, true);
	const int rc = b->row->apply(b->state, &b->change, entry);
	if (rc != HF_OK)
		hf__change_undo(&b->change);
	return rc;
}

static int take_entry(struct hf__emitter *emitter, uint64_t lsn, uint8_t kind)
{
	struct hf__writer *out = emitter->ctx;
	assert_false(emitter->body.bad);
	assert_true(lsn != 0);
	hf__put_u64(out, lsn);
	hf__put_u8(out, kind);
	hf__put_long(out, hf_bytes_of(emitter->body.data, emitter->body.len));
	emitter->body.len = 0;
	return HF_OK;
}

/* Entries without a place keep all payloads in memory. */
static int take_payload(struct hf__emitter *emitter, const struct hf__payload *payload)
{
	assert_int_equal(payload->segment, 0);
	hf__put_long(&emitter->body, hf__blob_bytes(payload->bytes));
	return HF_OK;
}

struct hf__writer bare_snapshot(const struct bare *b)
{
	struct hf__writer out = {0};
	struct hf__emitter emitter = {.ctx = &out, .emit = take_entry, .payload = take_payload};
	assert_int_equal(hf__walk_sorted(b->row, b->state, &emitter), HF_OK);
	hf__writer_deinit(&emitter.body);
	assert_false(out.bad);
	return out;
}

void bare_verify(const struct bare *b, int expected)
{
	char why[200] = "";
	struct hf__text text = {why, sizeof why, 0};
	const int rc = b->row->verify(b->state, &text);
	if (rc != expected)
		fail_msg("%s: verify answered %s: %s", b->row->name, hf_code_name(rc), why);
}
