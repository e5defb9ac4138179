/* Damage on disk: see damage.h.
 *
 * The whole store is a checkpoint of the simulated disk, and every judgement ends with a
 * rollback to it. The state it holds is kept as canonical bytes, payloads included, and compared
 * byte by byte. */
#include "lib/crash/damage.h"

#include <inttypes.h>

#include "lib/churn/churn.h"
#include "lib/rng.h"
#include "lib/test.h"
#include "log/segment.h"
#include "store/store.h"

enum {
	SEGMENT = 64 << 10,
	NEARLY_FULL = SEGMENT - 700,
	ENTRIES_MIN = 200,
	NUDGE = 240, /* no shorter than a short entry with its group */
	SEGMENTS = 3,
	/* Payloads on disk, of a hundred: many at first, so that a flip in a later segment has few
	 * entries to replay before it is found; few where padding takes the room. */
	BIG_AT_FIRST = 80,
	BIG_LATER = 8,
	BIG_PADDED = 8,
	BIG_MAX = 8000,
	FILL_OVERHEAD = 320, /* what an item costs beside its payload, at most */
	WRONG_SHOWN = 10,
	FILES_MAX = 16,
};

/* 2026-11-20T09:30:00Z */
#define NOW INT64_C(1795167000000000)

struct damage {
	struct sim *disk, *past, *foreign;
	struct hf_options options;
	struct hf__writer state; /* of the whole store */
	struct hf__writer dump; /* of the store that is judged */
	hf_lsn last_lsn;
	size_t segments;
	uint32_t numbers[FILES_MAX]; /* of the segments */
	struct damage_counts counts;
};

/* --- The store -------------------------------------------------------------------------------- */

static hf_store *open_whole(struct sim *sim, const struct hf_options *options)
{
	struct hf_error error = {0};
	hf_store *store = NULL;
	const int rc = hf__store_open(sim_os(sim), hf__all_domains(), options, &store, &error);
	if (rc != HF_OK)
		fail_msg("open: %s: %s", hf_code_name(rc), error.text);
	return store;
}

static void close_whole(hf_store *store)
{
	struct hf_error error = {0};
	const int rc = hf_close(store, &error);
	if (rc != HF_OK)
		fail_msg("close: %s: %s", hf_code_name(rc), error.text);
}

static struct hf_info info_of(hf_store *store)
{
	struct hf_info info = {0};
	assert_int_equal(hf_get_info(store, &info, NULL), HF_OK);
	return info;
}

struct file_list {
	char names[FILES_MAX][SIM_NAME_MAX + 1];
	uint64_t sizes[FILES_MAX];
	size_t count;
};

static struct file_list files_of(struct sim *sim)
{
	struct file_list list = {.count = 0};
	while (list.count < FILES_MAX &&
	       sim_list(sim, list.count, list.names[list.count], &list.sizes[list.count]))
		list.count++;
	assert_true(list.count < FILES_MAX);
	return list;
}

/* Zeros for later are no part of the log. */
static bool is_prepared(struct sim *sim, const char *name)
{
	uint8_t header[HF__SEGMENT_HEADER_SIZE];
	return sim_read_file(sim, name, 0, header, sizeof header) &&
	       hf__bytes_zero(header, sizeof header);
}

static void remove_prepared(struct sim *sim)
{
	const struct file_list list = files_of(sim);
	uint32_t number;
	for (size_t i = 0; i < list.count; i++)
		if (hf__segment_name_parse(list.names[i], &number) && is_prepared(sim, list.names[i]))
			assert_true(sim_remove_file(sim, list.names[i]));
}

/* Numbers of the segments of the log, in order. */
static size_t list_segments(struct sim *sim, uint32_t numbers[FILES_MAX])
{
	const struct file_list list = files_of(sim);
	size_t count = 0;
	for (size_t i = 0; i < list.count; i++)
		if (hf__segment_name_parse(list.names[i], &numbers[count]) &&
		    !is_prepared(sim, list.names[i]))
			count++;
	return count;
}

static bool in_last_segment(struct sim *sim)
{
	uint32_t numbers[FILES_MAX];
	return list_segments(sim, numbers) >= SEGMENTS;
}

/* One step towards a store whose segments are full to the end and which has enough entries. */
static void work(struct churn *churn, hf_store *store, const struct hf_info *info, bool last,
                 uint32_t pad)
{
	const uint32_t room = SEGMENT - info->segment_offset;
	/* LSNs are dense */
	const uint64_t missing = info->last_lsn < ENTRIES_MIN ? ENTRIES_MIN - info->last_lsn : 0;
	const bool fillable = room > 2 * FILL_OVERHEAD && room <= FILL_OVERHEAD + BIG_MAX;
	if (last && missing > 0 && (fillable || missing * (pad == 512 ? HF__SECTOR : NUDGE) >= room))
		churn_nudge(churn, store);
	else if (fillable)
		churn_fill(churn, store, room - FILL_OVERHEAD);
	else
		churn_step(churn, store);
}

/* Works until there are so many entries, and the last segment holds at least `end` bytes. */
static void work_until(struct churn *churn, struct sim *sim, hf_store *store, uint64_t entries,
                       uint32_t end, uint32_t pad)
{
	struct hf_info info = info_of(store);
	for (bool last = in_last_segment(sim);
	     !last || info.segment_offset < end || info.last_lsn < entries;
	     last = in_last_segment(sim)) {
		churn->random.big_percent = pad == 512 ? BIG_PADDED : last ? BIG_LATER : BIG_AT_FIRST;
		work(churn, store, &info, last, pad);
		info = info_of(store);
	}
}

static struct sim *make_store(const struct hf_options *options, const char *name, uint64_t seed,
                              struct sim **past)
{
	struct hf_options creating = *options;
	struct churn churn;
	struct sim *sim = sim_new(sim_profile_strict(), seed);
	creating.create = true;
	sim_set_now(sim, NOW);
	churn_init(&churn, name, BIG_LATER, BIG_MAX);
	hf_store *store = open_whole(sim, &creating);
	if (past) {
		work_until(&churn, sim, store, 0, SEGMENT / 2, options->pad);
		close_whole(store);
		*past = sim_clone(sim);
		store = open_whole(sim, options);
	}
	work_until(&churn, sim, store, ENTRIES_MIN, NEARLY_FULL, options->pad);
	close_whole(store);
	remove_prepared(sim);
	churn_deinit(&churn);
	return sim;
}

/* The state, and the disk it lies on, must stay as they are through an opening and a closing
 * that change nothing. */
static void take_state(struct damage *d)
{
	struct hf_error error = {0};
	hf_store *store = open_whole(d->disk, &d->options);
	const struct hf_info info = info_of(store);
	const uint64_t version = sim_version(d->disk);
	assert_false(info.recovered);
	assert_true(info.replayed >= ENTRIES_MIN);
	d->segments = list_segments(d->disk, d->numbers);
	assert_true(d->segments >= SEGMENTS);
	d->last_lsn = info.last_lsn;
	assert_int_equal(hf__state_verify(store, &error), HF_OK);
	assert_int_equal(hf__state_dump(store, &d->state, &error), HF_OK);
	close_whole(store);
	assert_true(sim_version(d->disk) == version);
	sim_checkpoint(d->disk);
	printf("store: %" PRIu64 " entries, %zu segments, %zu bytes of state\n", info.replayed,
	       d->segments, d->state.len);
}

struct damage *damage_new(uint32_t pad)
{
	struct damage *d = calloc(1, sizeof *d);
	assert_non_null(d);
	d->options = (struct hf_options){.no_background = true, .pad = pad, .segment_size = SEGMENT};
	d->disk = make_store(&d->options, "damage", 1, &d->past);
	d->foreign = make_store(&d->options, "damage, foreign", 2, NULL);
	take_state(d);
	return d;
}

void damage_free(struct damage *d)
{
	hf__writer_deinit(&d->state);
	hf__writer_deinit(&d->dump);
	sim_free(d->disk);
	sim_free(d->past);
	sim_free(d->foreign);
	free(d);
}

struct sim *damage_disk(struct damage *d)
{
	return d->disk;
}

struct sim *damage_past(struct damage *d)
{
	return d->past;
}

struct sim *damage_foreign(struct damage *d)
{
	return d->foreign;
}

size_t damage_segments(const struct damage *d)
{
	return d->segments;
}

uint32_t damage_segment(const struct damage *d, size_t i)
{
	assert_true(i < d->segments);
	return d->numbers[i];
}

struct damage_counts damage_counts(const struct damage *d)
{
	return d->counts;
}

/* --- The judgement ---------------------------------------------------------------------------- */

static void wrong(struct damage *d, const struct damage_what *what, const char *why,
                  const char *detail)
{
	if (d->counts.wrong++ < WRONG_SHOWN)
		print_error("WRONG: %s, %s at %" PRIu64 ": %s (%s)\n", what->how, what->file, what->at, why,
		            detail);
}

static void judge_refusal(struct damage *d, const struct damage_what *what, int rc, bool changed,
                          const struct hf_error *error)
{
	d->counts.refused++;
	d->counts.corrupt += rc == HF_ECORRUPT;
	d->counts.version += rc == HF_EVERSION;
	d->counts.not_found += rc == HF_ENOTFOUND;
	if (rc != HF_ECORRUPT && rc != HF_EVERSION && rc != HF_ENOTFOUND)
		wrong(d, what, "refused with a code that does not mean damage", hf_code_name(rc));
	else if (changed)
		wrong(d, what, "an opening that refused has changed the disk", error->text);
	else if (error->code != rc || !error->text[0])
		wrong(d, what, "refused without a word", hf_code_name(rc));
}

/* A state that opened: what does it hold? */
static void judge_state(struct damage *d, const struct damage_what *what, hf_store *store)
{
	struct hf_error error = {0};
	const struct hf_info info = info_of(store);
	d->dump.len = 0;
	const int rc = hf__state_dump(store, &d->dump, &error);
	if (hf__passed_lsn(store) < d->last_lsn)
		wrong(d, what, "numbering went back", "an LSN would be issued twice");
	else if (rc == HF_ECORRUPT || rc == HF_EIO)
		d->counts.payload++;
	else if (rc != HF_OK)
		wrong(d, what, "the state could not be read", error.text);
	else if (!hf__bytes_equal(hf_bytes_of(d->dump.data, d->dump.len),
	                          hf_bytes_of(d->state.data, d->state.len)))
		wrong(d, what, "another state, silently", "dumps differ");
	else
		d->counts.harmless++;
	d->counts.recovered += rc == HF_OK && info.recovered;
}

void damage_judge(struct damage *d, const struct damage_what *what)
{
	struct hf_error error = {0};
	hf_store *store = NULL;
	const uint64_t version = sim_version(d->disk);
	d->counts.opened++;
	int rc = hf__store_open(sim_os(d->disk), hf__all_domains(), &d->options, &store, &error);
	if (rc != HF_OK) {
		judge_refusal(d, what, rc, sim_version(d->disk) != version, &error);
	} else {
		judge_state(d, what, store);
		rc = hf_close(store, &error);
		if (rc != HF_OK)
			wrong(d, what, "closing failed", error.text);
	}
	(void)sim_rollback(d->disk);
}

void damage_report(const struct damage *d, const char *title)
{
	const struct damage_counts *c = &d->counts;
	printf("figure: damage, %s: %" PRIu64 " opened, %" PRIu64 " refused (%" PRIu64
	       " corrupt, %" PRIu64 " newer version, %" PRIu64 " no store), %" PRIu64
	       " harmless (%" PRIu64 " of them recovered), %" PRIu64 " with a damaged payload, %" PRIu64
	       " wrong\n",
	       title, c->opened, c->refused, c->corrupt, c->version, c->not_found, c->harmless,
	       c->recovered, c->payload, c->wrong);
	assert_true(c->wrong == 0);
	assert_true(c->opened > 0 && c->refused + c->harmless + c->payload == c->opened);
}

/* --- Kinds of damage -------------------------------------------------------------------------- */

void damage_each_file(struct damage *d,
                      void (*each)(struct damage *damage, const char *name, uint64_t size))
{
	const struct file_list list = files_of(d->disk);
	for (size_t i = 0; i < list.count; i++)
		each(d, list.names[i], list.sizes[i]);
}

uint64_t damage_bits(struct damage *d)
{
	const struct file_list list = files_of(d->disk);
	uint64_t bits = 0;
	for (size_t i = 0; i < list.count; i++)
		bits += list.sizes[i] * 8;
	return bits;
}

void damage_flips(struct damage *d, uint64_t first, uint64_t step)
{
	const struct file_list list = files_of(d->disk);
	uint64_t bit = first; /* from the start of file i */
	for (size_t i = 0; i < list.count; i++) {
		for (; bit < list.sizes[i] * 8; bit += step) {
			assert_true(sim_flip_bit(d->disk, list.names[i], bit));
			damage_judge(d, &(struct damage_what){"bit flipped", list.names[i], bit});
		}
		bit -= list.sizes[i] * 8;
	}
}

void damage_truncations(struct damage *d, const char *file, uint64_t step, uint64_t phase)
{
	uint64_t size = 0;
	assert_true(sim_file_size(d->disk, file, &size));
	for (uint64_t left = size; left-- > 0;) {
		if (left % step != phase % step)
			continue;
		assert_true(sim_truncate_file(d->disk, file, left));
		damage_judge(d, &(struct damage_what){"cut off", file, left});
	}
}

void damage_rot(struct damage *d, unsigned count)
{
	const struct file_list list = files_of(d->disk);
	struct hf_rng rng = hf_rng_for("rot");
	hf_store *store = open_whole(d->disk, &d->options);
	for (unsigned i = 0; i < count; i++) {
		const size_t file = hf_rng_below(&rng, list.count);
		const uint64_t bit = hf_rng_below(&rng, list.sizes[file] * 8);
		if (list.sizes[file] < SEGMENT)
			continue;
		d->counts.opened++;
		assert_true(sim_flip_bit(d->disk, list.names[file], bit));
		judge_state(d, &(struct damage_what){"bit flipped while open", list.names[file], bit},
		            store);
		assert_true(sim_flip_bit(d->disk, list.names[file], bit));
	}
	close_whole(store);
	(void)sim_rollback(d->disk);
}
