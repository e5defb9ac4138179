/* See crash_judge.h. */
#include "lib/crash/crash_judge.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "lib/rng.h"

unsigned sweep_pad_index(uint32_t pad)
{
	return pad == 0 ? 0 : pad == 512 ? 1 : 2;
}

const char *sweep_kind_name(enum sweep_kind kind)
{
	static const char *const names[SWEEP_KINDS] = {
	    "torn header", "torn body",     "reordered sectors",     "lost directory entry",
	    "failed sync", "false failure", "crash inside recovery", "crash at rotation",
	};
	return names[kind];
}

void sweep_stats_init(struct sweep_stats *stats)
{
	memset(stats, 0, sizeof *stats);
	(void)pthread_mutex_init(&stats->lock, NULL);
	stats->images = sim_seen_new();
}

void sweep_stats_deinit(struct sweep_stats *stats)
{
	sim_seen_free(stats->images);
	(void)pthread_mutex_destroy(&stats->lock);
}

/* --- Complaints ------------------------------------------------------------------------------- */

static const char *shape_in_words(const struct sim_shape *shape, char *out, size_t cap)
{
	(void)snprintf(out, cap, "kept %u lost %u trashed %u sectors, kept %u lost %u entries%s%s%s%s",
	               shape->kept, shape->lost, shape->trashed, shape->dir_kept, shape->dir_lost,
	               shape->torn ? ", torn" : "", shape->reordered ? ", reordered" : "",
	               shape->size_short ? ", size short" : "", shape->size_long ? ", size long" : "");
	return out;
}

void sweep_complain(struct run *r, const struct sim_shape *shape, uint64_t image, const char *what)
{
	const struct sweep_job *j = r->job->what;
	char pending[600] = "", words[200] = "";
	(void)pthread_mutex_lock(&r->job->stats->lock);
	r->job->stats->wrong++;
	(void)pthread_mutex_unlock(&r->job->stats->lock);
	if (j->quiet || r->job->reports++ >= REPORTS_MAX)
		return;
	if (r->sim)
		sim_describe(r->sim, pending, sizeof pending);
	(void)fprintf(
	    stderr,
	    "WRONG: %s\n  workload %s, disk %s, pad %u, seed %" PRIu64
	    "%s%s\n  step %zu, before call %" PRIu64 " (%s %s)\n  pending: %s\n  image %016" PRIx64
	    ": %s\n  required S_%zu, submitted up to S_%zu\n"
	    "  rerun: HF_SEED=%" PRIu64 " HF_CRASH_JOB=%s/%s/%d %s\n",
	    what, j->script->name, j->disk, j->pad, j->seed, r->about[0] ? ", " : "", r->about,
	    r->player.step, r->call, r->call_name ? r->call_name : "end", r->file ? r->file : "",
	    pending, image, shape ? shape_in_words(shape, words, sizeof words) : "-",
	    r->oracle->required, r->oracle->count - 1, hf_test_seed(), j->script->name, j->disk,
	    (int)j->pad, program_invocation_name);
}

void sweep_complain_of_player(struct run *r)
{
	if (r->player.wrong[0])
		sweep_complain(r, NULL, 0, r->player.wrong);
}

/* --- One image -------------------------------------------------------------------------------- */

static void count_image(struct run *r, struct sim *image, uint64_t hash,
                        const struct sim_shape *shape, const struct found *found)
{
	struct sweep_stats *stats = r->job->stats;
	const bool torn =
	    found->info.torn_bytes > 0 || (found->info.segment == 0 && found->info.recovered);
	const bool body = torn && image_header_survived(image, &found->info);
	const bool is[SWEEP_KINDS] = {
	    [SWEEP_TORN_HEADER] = torn && !body,
	    [SWEEP_TORN_BODY] = body,
	    [SWEEP_REORDERED] = shape->reordered,
	    [SWEEP_LOST_ENTRY] = shape->dir_lost > 0,
	    [SWEEP_FAILED_SYNC] = r->failed_sync,
	    [SWEEP_FALSE_FAILURE] = r->false_failure,
	    [SWEEP_IN_RECOVERY] = r->player.opening && r->player.unclean,
	    [SWEEP_AT_ROTATION] = r->player.rotating,
	};
	const unsigned pad = sweep_pad_index(r->job->what->pad);
	(void)pthread_mutex_lock(&stats->lock);
	if (sim_seen_add(stats->images, hash)) {
		stats->opened[pad]++;
		for (size_t i = 0; i < SWEEP_KINDS; i++)
			stats->kinds[pad][i] += is[i];
	}
	(void)pthread_mutex_unlock(&stats->lock);
}

/* A sampled image goes on: what was recovered is the only state it may have from now on. */
static void second_life(struct run *r, struct sim *image, uint64_t digest, uint64_t hash)
{
	struct oracle oracle;
	char about[sizeof r->about];
	(void)snprintf(about, sizeof about, "second life of image %016" PRIx64, hash);
	oracle_begin(&oracle, digest);
	oracle.told_lsn = r->oracle->told_lsn;
	sweep_live_on(r, image, &oracle, r->job->what->deep_limits, about);
	(void)pthread_mutex_lock(&r->job->stats->lock);
	r->job->stats->deep++;
	(void)pthread_mutex_unlock(&r->job->stats->lock);
}

static bool is_sampled(const struct run *r, uint64_t hash)
{
	const unsigned every = r->job->what->deep_every;
	return every && !r->second_life && hf_rng_mix(hash) % every == 0;
}

/* The image is new: opens it and remembers what it is. */
static void open_new(struct run *r, struct sim *image, uint64_t hash, const struct sim_shape *shape,
                     struct outcome *outcome)
{
	char why[400] = "";
	struct found found = {0};
	struct sim *copy = is_sampled(r, hash) ? sim_clone(image) : NULL;
	if (!image_open_twice(image, &r->player.options, &found, why, sizeof why)) {
		outcome->digest = 0;
		sweep_complain(r, shape, hash, why);
	} else {
		outcome->digest = found.digest;
		outcome->passed_lsn = found.passed_lsn;
		count_image(r, image, hash, shape, &found);
	}
	if (copy && outcome->digest && oracle_judge(r->oracle, found.digest) == ORACLE_RIGHT)
		second_life(r, copy, found.digest, hash); /* may grow the memo: *outcome is stale now */
	sim_free(copy);
}

int sweep_judge_image(void *arg, struct sim *image, const struct sim_shape *shape)
{
	struct run *r = arg;
	bool known = false;
	const uint64_t hash = sim_hash(image);
	/* Without the word to create one, an image without a store is another matter. */
	const uint64_t key = (hash ^ (r->player.options.create ? UINT64_C(0x5bd1e995) : 0)) | 1;
	struct outcome *outcome = memo_find(&r->job->memo, key, &known);
	if (!known)
		open_new(r, image, hash, shape, outcome);
	const struct outcome now = *memo_find(&r->job->memo, key, &known);
	if (now.digest == 0)
		return 0; /* was complained of */
	const enum oracle_verdict verdict = oracle_judge(r->oracle, now.digest);
	if (verdict == ORACLE_LOST)
		sweep_complain(r, shape, hash, "the image has lost what an answer told of");
	else if (verdict == ORACLE_WRONG)
		sweep_complain(r, shape, hash, "the image holds a state that never was");
	if (now.passed_lsn < r->oracle->told_lsn)
		sweep_complain(r, shape, hash, "the image would issue an LSN again that an answer told");
	return 0;
}
