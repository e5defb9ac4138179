/* Salvage of a damaged disk, judged: see salvaged.h. */
#include <inttypes.h>
#include <stdarg.h>

#include "lib/salvaged/salvaged_known.h"
#include "store/salvage/salvage.h"

/* --- What survives ---------------------------------------------------------------------------- */

static const struct known_file *file_of(const struct salvaged *s, const char *name)
{
	for (size_t i = 0; i < s->file_count; i++)
		if (strcmp(s->files[i].name, name) == 0)
			return &s->files[i];
	return NULL;
}

/* The bytes [from, to) of a file of the whole store, in any file that is it. */
static bool lies_somewhere(struct salvaged *s, const struct known_file *f, uint32_t from,
                           uint32_t to)
{
	char name[SIM_NAME_MAX + 1];
	uint64_t size;
	uint8_t *bytes = malloc(to - from + HF__SECTOR);
	bool found = false;
	assert_non_null(bytes);
	for (size_t i = 0; !found && sim_list(s->disk, i, name, &size); i++) {
		if (size < to)
			continue;
		const bool named = strcmp(name, f->name) == 0;
		assert_true(sim_read_file(s->disk, name, 0, bytes, HF__SECTOR));
		if (!named && memcmp(bytes, f->bytes, HF__SECTOR) != 0)
			continue;
		assert_true(sim_read_file(s->disk, name, from, bytes, to - from));
		found = memcmp(bytes, f->bytes + from, to - from) == 0;
	}
	free(bytes);
	return found;
}

static bool doubtful_before(const struct salvaged *s, size_t i)
{
	const struct hf_event *many = &s->events[i].is;
	bool doubtful = false;
	for (size_t n = 0; n < i && !doubtful; n++) {
		const struct hf_event *is = &s->events[n].is;
		doubtful =
		    s->events[n].doubtful && is->domain_id == many->domain_id &&
		    (is->parts == 0 || many->parts == 0 || hf__bytes_equal(is->key[0], many->key[0]));
	}
	return doubtful;
}

/* Returns how many groups behind `base` are gone. */
static size_t know_groups(struct salvaged *s, uint64_t base)
{
	size_t lost = 0;
	for (size_t i = 0; i < s->group_count; i++) {
		struct known_group *g = &s->groups[i];
		g->lost = g->first > base && !lies_somewhere(s, file_of(s, g->file), g->from, g->to);
		lost += g->lost;
	}
	return lost;
}

static bool snapshot_whole(struct salvaged *s)
{
	bool whole = s->snapshot_lsn > 0;
	for (size_t i = 0; i < s->file_count; i++) {
		uint64_t lsn;
		if (hf__snapshot_name_parse(s->files[i].name, &lsn))
			whole = lies_somewhere(s, &s->files[i], 0, (uint32_t)s->files[i].size);
	}
	return whole;
}

static void know_lost(struct salvaged *s)
{
	const bool whole = snapshot_whole(s);
	const bool log = know_groups(s, 0) == 0 && s->kind != SALVAGED_COMPACTED;
	(void)know_groups(s, whole ? s->snapshot_lsn : 0);
	s->clock_lost = false;
	s->snapshot_damaged = s->snapshot_lsn > 0 && !whole && !log;
	for (size_t i = 0; i < s->event_count; i++) {
		struct known_event *e = &s->events[i];
		const bool lost = s->groups[e->group].lost;
		s->clock_lost = s->clock_lost || (lost && e->is.domain_id == HF__DOMAIN_CLOCK);
		e->doubtful = lost || (e->is.many && doubtful_before(s, i));
	}
}

/* --- The judgement ---------------------------------------------------------------------------- */

__attribute__((format(printf, 2, 3))) static void wrong(const struct salvaged *s,
                                                        const char *format, ...)
{
	char why[300];
	va_list arguments;
	va_start(arguments, format);
	(void)vsnprintf(why, sizeof why, format, arguments);
	va_end(arguments);
	fail_msg("%s: %s", s->what, why);
}

static void note_loss(void *ctx, const struct hf_fsck_finding *finding)
{
	struct salvaged *s = ctx;
	assert_true(s->loss_count < LOSSES_MAX);
	struct loss *loss = &s->losses[s->loss_count++];
	(void)snprintf(loss->file, sizeof loss->file, "%s", finding->file);
	loss->first = finding->first_lsn;
	loss->last = finding->last_lsn;
	if (getenv("SALVAGED_SHOW"))
		printf("loss: %s at %" PRIu64 "+%" PRIu64 ", %" PRIu64 "-%" PRIu64 ": %s\n", finding->file,
		       finding->offset, finding->length, finding->first_lsn, finding->last_lsn,
		       finding->what);
	assert_true(finding->what[0] != '\0');
}

int salvaged_run(struct sim *disk, struct sim_parent *parent, bool build, hf_fsck_fn report,
                 void *ctx, struct hf_salvage_summary *sum, struct hf_error *error)
{
	const struct hf_salvage_options options = {.build = build, .ctx = ctx};
	const struct hf__salvaging how = {
	    .source = sim_os(disk),
	    .parent = sim_parent_seam(parent),
	    .name = SALVAGED_TARGET,
	    .domains = hf__all_domains(),
	    .options = &options,
	    .report = report,
	};
	*error = (struct hf_error){0};
	*sum = (struct hf_salvage_summary){0};
	const int rc = hf__salvage(&how, sum, error);
	assert_int_equal(error->code, rc);
	assert_true(rc == HF_OK || error->text[0]);
	return rc;
}

/* A container need not be what the first part of a key names. */
static bool domain_lost(const struct salvaged *s, uint8_t domain)
{
	bool lost = false;
	for (size_t i = 0; i < s->event_count && !lost; i++)
		lost = s->groups[s->events[i].group].lost && s->events[i].is.domain_id == domain;
	return lost;
}

static bool concerned(const struct salvaged *s, const struct known_object *o)
{
	bool is = s->clock_lost || (o->kind == HF__CONTAINER_ENTRY && domain_lost(s, o->domain));
	for (size_t i = 0; i < s->event_count && !is; i++) {
		const struct known_event *e = &s->events[i];
		is = e->doubtful && e->is.domain_id == o->domain &&
		     hf__event_concerns(hf__all_domains(), &e->is, o->key, o->parts);
	}
	return is;
}

/* What a damaged snapshot had cannot be told from its bytes. */
static bool may_differ(const struct salvaged *s, const struct known_object *o)
{
	return concerned(s, o) || s->snapshot_damaged;
}

static void compare_objects(struct salvaged *s, const struct objects *made)
{
	for (size_t i = 0; i < s->whole.count; i++) {
		const struct known_object *o = &s->whole.all[i];
		const bool there = salvaged_find(made, o) != NULL;
		s->counts.kept += there;
		s->counts.gone += !there;
		if (!there && !may_differ(s, o))
			wrong(s, "an object of domain %u, kind %u, LSN %" PRIu64 ", is not as it was",
			      o->domain, o->kind, o->lsn);
	}
	for (size_t i = 0; i < made->count; i++)
		if (!salvaged_find(&s->whole, &made->all[i]) && !may_differ(s, &made->all[i]))
			wrong(s, "an object of domain %u, kind %u, LSN %" PRIu64 ", came from nowhere",
			      made->all[i].domain, made->all[i].kind, made->all[i].lsn);
}

static unsigned times_reported(const struct salvaged *s, uint64_t lsn)
{
	unsigned times = 0;
	for (size_t i = 0; i < s->loss_count; i++)
		times += s->losses[i].first > 0 && s->losses[i].first <= lsn && lsn <= s->losses[i].last;
	return times;
}

/* Of what is gone from the end of the log the witness alone knows. */
static bool traceless(struct salvaged *s, uint64_t lsn)
{
	const struct known_file *witness = file_of(s, HF__NAME_WITNESS);
	bool last = true;
	for (size_t i = 0; i < s->group_count; i++)
		last = last && (s->groups[i].lost || s->groups[i].last < lsn);
	return last && !lies_somewhere(s, witness, 0, (uint32_t)witness->size);
}

static void compare_losses(struct salvaged *s)
{
	for (size_t i = 0; i < s->event_count; i++) {
		const struct known_event *e = &s->events[i];
		const bool lost = s->groups[e->group].lost;
		const unsigned times = times_reported(s, e->is.lsn);
		if (times != lost && !s->snapshot_damaged && !(times == 0 && traceless(s, e->is.lsn)))
			wrong(s, "the loss of entry %" PRIu64 " was reported %u times, and it is %s", e->is.lsn,
			      times, lost ? "lost" : "there");
	}
}

static void check_sound(const struct salvaged *s, struct sim *made)
{
	struct hf_fsck_summary sum = {0};
	struct hf_error error = {0};
	if (hf__fsck(sim_os(made), hf__all_domains(), NULL, NULL, NULL, &sum, &error) != HF_OK)
		wrong(s, "fsck of the new store: %s", error.text);
	for (unsigned i = 0; i < HF_FSCK_SEVERITIES; i++)
		if (sum.findings[i] != 0)
			wrong(s, "fsck of the new store has findings");
	assert_true(sum.state_checked);
}

/* What was damaged has to be found by both, or by neither. */
static void compare_verdict(const struct salvaged *s, int fsck)
{
	if (fsck == HF_OK && s->loss_count > 0)
		wrong(s, "fsck finds nothing, and something is lost from %s", s->losses[0].file);
}

static void compare_store(struct salvaged *s, struct sim_parent *parent,
                          const struct hf_salvage_summary *sum)
{
	struct sim *made = sim_parent_dir(parent, SALVAGED_TARGET);
	assert_non_null(made);
	check_sound(s, made);
	hf_store *store = salvaged_open(made, false);
	/* a number that nothing mentions any more is not known */
	if (hf__passed_lsn(store) < s->last_lsn + HF__LSN_JUMP && !s->snapshot_damaged &&
	    !traceless(s, s->last_lsn))
		wrong(s, "numbers would be issued twice");
	if (sum->made_epoch != s->epoch + 1)
		wrong(s, "the epoch is %u", sum->made_epoch);
	struct objects objects = salvaged_objects(store);
	compare_objects(s, &objects);
	salvaged_objects_free(&objects);
	salvaged_shut(store);
}

/* Nothing tells of a store in whose directory nothing tells which one it is. */
static bool may_be_none(const struct salvaged *s)
{
	bool lost = s->snapshot_lsn == 0;
	for (size_t i = 0; i < s->group_count; i++)
		lost = lost && s->groups[i].lost;
	return lost;
}

static void judge(struct salvaged *s)
{
	struct sim_parent *parent = sim_parent_new(sim_profile_strict(), 7);
	struct hf_salvage_summary sum = {0};
	struct hf_error error;
	const uint64_t version = sim_version(s->disk);
	sim_set_now(sim_parent_files(parent), KNOWN_NOW);
	s->loss_count = 0;
	know_lost(s);
	const int fsck = hf__fsck(sim_os(s->disk), hf__all_domains(), NULL, NULL, NULL, NULL, NULL);
	const int rc = salvaged_run(s->disk, parent, true, note_loss, s, &sum, &error);
	if (sim_version(s->disk) != version)
		wrong(s, "the source was changed");
	if (rc != HF_OK && (rc != HF_ENOTFOUND || !may_be_none(s)))
		wrong(s, "salvage: %s: %s", hf_code_name(rc), error.text);
	if (rc == HF_OK) {
		assert_true(sum.looked && sum.built && sum.losses == s->loss_count);
		compare_losses(s);
		compare_verdict(s, fsck);
		compare_store(s, parent, &sum);
	}
	s->counts.judged++;
	s->counts.whole += s->loss_count == 0;
	s->counts.losses += s->loss_count;
	sim_parent_free(parent);
	(void)sim_rollback(s->disk);
}

void salvaged_judge(struct salvaged *s, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	(void)vsnprintf(s->what, sizeof s->what, format, arguments);
	va_end(arguments);
	judge(s);
}

bool salvaged_is_whole(struct salvaged *s, struct sim_parent *parent)
{
	struct sim *made = sim_parent_dir(parent, SALVAGED_TARGET);
	struct sim *copy = made ? sim_clone(made) : NULL;
	const struct hf_options options = {.no_background = true, .segment_size = SEGMENT};
	hf_store *store = NULL;
	bool same = false;
	if (!copy)
		return false;
	sim_kill(copy);
	if (hf__store_open(sim_os(copy), hf__all_domains(), &options, &store, NULL) == HF_OK) {
		struct objects objects = salvaged_objects(store);
		same = objects.dump.len == s->whole.dump.len &&
		       memcmp(objects.dump.data, s->whole.dump.data, objects.dump.len) == 0;
		salvaged_objects_free(&objects);
		salvaged_shut(store);
	}
	sim_free(copy);
	return same;
}
