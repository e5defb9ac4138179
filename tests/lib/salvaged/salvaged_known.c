/* A store that is known by heart: see salvaged_known.h. */
#include "lib/salvaged/salvaged_known.h"

#include "lib/churn/churn.h"
#include "store/recover/recover.h"

/* --- The store -------------------------------------------------------------------------------- */

hf_store *salvaged_open(struct sim *sim, bool create)
{
	const struct hf_options options = {
	    .no_background = true, .segment_size = SEGMENT, .create = create};
	struct hf_error error = {0};
	hf_store *store = NULL;
	if (hf__store_open(sim_os(sim), hf__all_domains(), &options, &store, &error) != HF_OK)
		fail_msg("open: %s", error.text);
	return store;
}

void salvaged_shut(hf_store *store)
{
	assert_int_equal(hf_close(store, NULL), HF_OK);
}

/* As a killed process leaves it. */
static hf_store *kill_and_open(struct sim **sim, hf_store *store)
{
	struct sim *copy = sim_clone(*sim);
	sim_kill(copy);
	salvaged_shut(store);
	sim_free(*sim);
	*sim = copy;
	return salvaged_open(copy, false);
}

static struct sim *make_disk(const char *name, enum salvaged_kind kind, struct sim **past)
{
	struct churn churn;
	struct sim *sim = sim_new(sim_profile_strict(), past ? 5 : 6);
	sim_set_now(sim, KNOWN_NOW);
	churn_init(&churn, name, 30, BIG_MAX);
	hf_store *store = salvaged_open(sim, true);
	for (unsigned i = 0; i < STEPS; i++) {
		churn_step(&churn, store);
		if (i == STEPS / 4 || i == 3 * STEPS / 4)
			store = kill_and_open(&sim, store);
		if (i != STEPS / 2)
			continue;
		if (kind == SALVAGED_SNAPSHOT)
			assert_int_equal(hf_snapshot(store, NULL), HF_OK);
		if (kind == SALVAGED_COMPACTED)
			assert_int_equal(hf_compact(store, NULL), HF_OK);
		salvaged_shut(store);
		if (past)
			*past = sim_clone(sim);
		store = salvaged_open(sim, false);
	}
	salvaged_shut(store);
	churn_deinit(&churn);
	return sim;
}

/* --- Objects ---------------------------------------------------------------------------------- */

static const struct hf__domain *row_of(uint8_t id)
{
	const struct hf__domains *domains = hf__all_domains();
	for (unsigned i = 0; i < domains->count; i++)
		if (domains->rows[i]->id == id)
			return domains->rows[i];
	return NULL;
}

static void know_key(struct known_object *o, struct hf_bytes body)
{
	struct hf__about about = {0};
	const struct hf__entry entry = {
	    .lsn = o->lsn, .domain = o->domain, .kind = o->kind, .body = body};
	if (o->kind == HF__CONTAINER_ENTRY) {
		o->key[0] = body;
		o->parts = 1;
		return;
	}
	assert_true(row_of(o->domain)->about(&entry, &about));
	memcpy(o->key, about.key, sizeof o->key);
	o->parts = about.parts;
}

static void parse_dump(struct objects *objects)
{
	struct hf__reader r = hf__reader(hf_bytes_of(objects->dump.data, objects->dump.len));
	objects->all = calloc(objects->dump.len / 16 + 1, sizeof *objects->all);
	assert_non_null(objects->all);
	while (r.left > 0) {
		const uint8_t domain = hf__get_u8(&r);
		for (;;) {
			const uint8_t *begin = r.at;
			struct known_object o = {.domain = domain, .lsn = hf__get_u64(&r)};
			if (o.lsn == 0)
				break;
			o.kind = hf__get_u8(&r);
			const struct hf_bytes body = hf__get_long(&r);
			assert_false(r.bad);
			o.all = hf_bytes_of(begin, (size_t)(r.at - begin));
			know_key(&o, body);
			objects->all[objects->count++] = o;
		}
	}
}

struct objects salvaged_objects(hf_store *store)
{
	struct objects objects = {0};
	assert_int_equal(hf__state_dump(store, &objects.dump, NULL), HF_OK);
	parse_dump(&objects);
	return objects;
}

void salvaged_objects_free(struct objects *objects)
{
	hf__writer_deinit(&objects->dump);
	free(objects->all);
	*objects = (struct objects){0};
}

static bool same_name(const struct known_object *a, const struct known_object *b)
{
	bool same = a->domain == b->domain && a->parts == b->parts &&
	            (a->kind == HF__CONTAINER_ENTRY) == (b->kind == HF__CONTAINER_ENTRY);
	for (unsigned i = 0; i < a->parts && same; i++)
		same = hf__bytes_equal(a->key[i], b->key[i]);
	return same;
}

/* Several entries may show one name (an item, a completed id): bytes tell them apart. */
const struct known_object *salvaged_find(const struct objects *in, const struct known_object *o)
{
	for (size_t i = 0; i < in->count; i++)
		if (same_name(&in->all[i], o) && hf__bytes_equal(in->all[i].all, o->all))
			return &in->all[i];
	return NULL;
}

/* --- Entries and groups ----------------------------------------------------------------------- */

static bool note_group(void *arg, uint32_t at, const struct hf__group_header *header)
{
	struct salvaged *s = arg;
	struct known_group *g;
	s->groups = realloc(s->groups, (s->group_count + 1) * sizeof *s->groups);
	assert_non_null(s->groups);
	g = &s->groups[s->group_count++];
	*g = (struct known_group){.from = at,
	                          .to = at + hf__group_size(header),
	                          .first = header->first_lsn,
	                          .last = header->first_lsn + header->entry_count - 1};
	hf__segment_name(header->place.segment, g->file);
	return true;
}

static struct hf_bytes own_bytes(struct salvaged *s, struct hf_bytes bytes)
{
	return bytes.len ? hf_bytes_of(hf__arena_copy(&s->memory, bytes.data, bytes.len), bytes.len)
	                 : bytes;
}

static bool note_event(void *ctx, const struct hf_log_entry *entry)
{
	struct salvaged *s = ctx;
	s->events = realloc(s->events, (s->event_count + 1) * sizeof *s->events);
	assert_non_null(s->events);
	struct known_event *e = &s->events[s->event_count++];
	*e = (struct known_event){.is = *entry->event};
	e->is.body = own_bytes(s, e->is.body);
	for (unsigned i = 0; i < e->is.parts; i++)
		e->is.key[i] = own_bytes(s, e->is.key[i]);
	for (e->group = 0; e->group < s->group_count; e->group++)
		if (s->groups[e->group].first <= e->is.lsn && e->is.lsn <= s->groups[e->group].last)
			return true;
	fail_msg("an entry is in no group");
	return false;
}

static void know_files(struct salvaged *s)
{
	struct hf__log_id id = {0};
	uint8_t sector[HF__IDENTITY_SIZE];
	struct hf__identity identity;
	uint32_t number;
	assert_true(sim_read_file(s->disk, HF__NAME_IDENTITY, 0, sector, sizeof sector));
	assert_int_equal(hf__identity_decode(sector, sizeof sector, &identity), HF_OK);
	memcpy(id.uuid, identity.uuid, sizeof id.uuid);
	s->epoch = id.epoch = identity.epoch;
	id.seed = hf__seed_base(id.uuid, id.epoch);
	while (sim_list(s->disk, s->file_count, s->files[s->file_count].name,
	                &s->files[s->file_count].size)) {
		struct known_file *f = &s->files[s->file_count++];
		assert_true(s->file_count < FILES_MAX);
		f->bytes = calloc(1, (size_t)f->size + 1);
		assert_non_null(f->bytes);
		assert_true(f->size == 0 || sim_read_file(s->disk, f->name, 0, f->bytes, (size_t)f->size));
		(void)hf__snapshot_name_parse(f->name, &s->snapshot_lsn);
		if (!hf__segment_name_parse(f->name, &number))
			continue;
		const struct hf__scan_input input = {
		    .id = &id, .bytes = hf_bytes_of(f->bytes, (size_t)f->size), .segment = number};
		hf__scan_headers(&input, HF__SEGMENT_HEADER_SIZE, note_group, s);
	}
}

struct salvaged *salvaged_new(enum salvaged_kind kind)
{
	struct salvaged *s = calloc(1, sizeof *s);
	assert_non_null(s);
	s->kind = kind;
	s->foreign = make_disk("salvaged, foreign", SALVAGED_LOG, NULL);
	s->disk = make_disk("salvaged", kind, &s->past);
	hf_store *store = salvaged_open(s->disk, false);
	s->whole = salvaged_objects(store);
	salvaged_shut(store);
	know_files(s);
	assert_int_equal(hf__log_each(sim_os(s->disk), hf__all_domains(), 0, 0, note_event, s, NULL),
	                 HF_OK);
	s->last_lsn = s->events[s->event_count - 1].is.lsn;
	sim_checkpoint(s->disk);
	return s;
}

void salvaged_free(struct salvaged *s)
{
	for (size_t i = 0; i < s->file_count; i++)
		free(s->files[i].bytes);
	salvaged_objects_free(&s->whole);
	hf__arena_deinit(&s->memory);
	free(s->groups);
	free(s->events);
	sim_free(s->disk);
	sim_free(s->foreign);
	sim_free(s->past);
	free(s);
}

struct sim *salvaged_disk(struct salvaged *s)
{
	return s->disk;
}

struct sim *salvaged_foreign(struct salvaged *s)
{
	return s->foreign;
}

struct sim *salvaged_past(struct salvaged *s)
{
	return s->past;
}

const char *salvaged_file(const struct salvaged *s, size_t i, uint64_t *size)
{
	*size = i < s->file_count ? s->files[i].size : 0;
	return i < s->file_count ? s->files[i].name : NULL;
}

struct salvaged_counts salvaged_counts(const struct salvaged *s)
{
	return s->counts;
}
