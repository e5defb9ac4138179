/* A backup, one onto an older one, one with second names, a restore, one in the place of a store:
 * what is there before, what is to be there afterwards, and what a machine shows. */
#ifndef TESTS_BACKUP_PLACE_H
#define TESTS_BACKUP_PLACE_H

#include "store/backup/backup_case.h"
#include "store/follow/follow.h"

enum work { FRESH, ONTO, LINKED, RESTORE, REPLACE, WORKS };

static const char *const work_names[WORKS] = {"backup", "incremental", "linked", "restore",
                                              "restore in place"};

/* A machine with a store, whose newer state is to be copied (or whose backup is to be restored),
 * and what the target shows before and after. */
struct place {
	enum work work;
	struct churn churn;
	struct sim_parent *parent;
	const char *target;
	uint64_t before, after; /* digests; 0: nothing is there before */
	uint64_t from; /* what is read, byte for byte */
};

static inline void work_on(struct place *p, unsigned steps)
{
	hf_store *writer = case_writer(p->parent);
	for (unsigned i = 0; i < steps; i++)
		churn_step(&p->churn, writer);
	churn_nudge(&p->churn, writer);
	assert_int_equal(hf_compact(writer, NULL), HF_OK);
	for (unsigned i = 0; i < steps; i++)
		churn_step(&p->churn, writer);
	churn_fill(&p->churn, writer, 300);
	assert_int_equal(hf_close(writer, NULL), HF_OK);
}

static inline struct sim *read_by(struct place *p, struct sim_parent *parent)
{
	return sim_parent_dir(parent, p->work >= RESTORE ? DEST : SOURCE);
}

/* `name`: of the seed of its random work. */
static inline struct place begin(enum work work, const char *name, unsigned steps,
                                 struct sim_profile profile)
{
	struct place p = {.work = work, .target = work >= RESTORE ? BACK : DEST};
	p.parent = sim_parent_new(profile, 11);
	churn_init(&p.churn, name, 10, 300);
	work_on(&p, steps);
	if (work != FRESH)
		(void)backup_must(p.parent, false);
	if (work == REPLACE)
		(void)restore_must(p.parent, false);
	if (work == ONTO || work == REPLACE)
		p.before = digest_of(sim_parent_dir(p.parent, p.target));
	work_on(&p, steps);
	if (work == LINKED) {
		struct hf__parent *seam = sim_parent_seam(p.parent);
		assert_int_equal(hf__directory_empty(sim_os(sim_parent_dir(p.parent, DEST))), 0);
		assert_int_equal(seam->remove(seam->ctx, DEST), 0);
	}
	if (work >= RESTORE)
		(void)backup_must(p.parent, false);
	assert_int_equal(sim_parent_seam(p.parent)->os->sync_dir(sim_parent_seam(p.parent)->os->ctx),
	                 0);
	p.after = digest_of(source_of(p.parent));
	p.from = sim_hash(read_by(&p, p.parent));
	return p;
}

static inline void end(struct place *p)
{
	churn_deinit(&p->churn);
	sim_parent_free(p->parent);
}

/* The machine anew, everything on it durable. */
static inline struct sim_parent *machine(struct place *p)
{
	return sim_parent_crash(p->parent, SIM_IMAGE_NEW, 0);
}

static inline int try_work(struct place *p, struct sim_parent *parent, bool replace)
{
	const struct hf_restore_options options = {.replace = replace};
	struct hf_error error;
	return p->work >= RESTORE ? restore_with(parent, &options, NULL, &error)
	                          : backup_with(parent, p->work == LINKED, NULL, &error);
}

/* What the target shows; 0: nothing is there, or an empty directory. 1: neither. */
static inline uint64_t shown(struct place *p, struct sim_parent *parent)
{
	struct sim *sim = sim_parent_dir(parent, p->target);
	hf_store *store = NULL;
	struct hf_error error = {0};
	uint64_t digest = 1;
	if (!sim)
		return 0;
	struct sim *copy = sim_clone(sim);
	const int rc =
	    hf__store_open_read(sim_opener(copy, BY), hf__all_domains(), NULL, &store, &error);
	if (rc == HF_OK) {
		digest = follower_digest(store);
		assert_int_equal(hf_close(store, NULL), HF_OK);
		expect_clean(copy);
	} else if (rc == HF_ENOTFOUND) {
		digest = 0;
	}
	sim_free(copy);
	return digest;
}

static inline bool is_legal(struct place *p, struct sim_parent *parent)
{
	const uint64_t is = shown(p, parent);
	return (is == p->before || is == p->after) && sim_hash(read_by(p, parent)) == p->from;
}

static inline size_t names_after(struct place *p)
{
	return p->work >= RESTORE ? 3 : 2;
}

/* Once more, whatever was left. */
static inline void again(struct place *p, struct sim_parent *parent)
{
	const int rc = try_work(p, parent, p->work == REPLACE || shown(p, parent) != 0);
	if (rc != HF_OK)
		fail_msg("%s again: code %d", work_names[p->work], rc);
	assert_int_equal(shown(p, parent), p->after);
	assert_int_equal(names_in(parent), names_after(p));
}

#endif
