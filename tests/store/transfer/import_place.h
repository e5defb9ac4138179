/* An import into nothing, or in the place of a store: what is there before, and what comes. */
#ifndef TESTS_IMPORT_PLACE_H
#define TESTS_IMPORT_PLACE_H

#include "store/transfer/import_case.h"

struct place {
	struct churn churn;
	struct stage *stage;
	struct memory_file older, file; /* what is there, if anything, and what comes */
	struct hf__writer older_dump, dump;
	bool replaces;
};

static inline struct place begin(const char *name, bool replaces, unsigned steps)
{
	struct place p = {.replaces = replaces};
	p.stage = case_begin(&p.churn, name, 300, 10);
	p.older = export_of(p.stage->store);
	p.older_dump = stage_dump(p.stage);
	for (unsigned i = 0; i < steps; i++)
		churn_step(&p.churn, p.stage->store);
	churn_fill(&p.churn, p.stage->store, 300);
	assert_int_equal(hf_sync(p.stage->store, NULL), HF_OK);
	p.file = export_of(p.stage->store);
	p.dump = stage_dump(p.stage);
	return p;
}

static inline void end(struct place *p)
{
	memory_free(&p->older);
	memory_free(&p->file);
	hf__writer_deinit(&p->older_dump);
	hf__writer_deinit(&p->dump);
	churn_deinit(&p->churn);
	stage_close(p->stage);
}

static inline struct sim_parent *parent_for(struct place *p, struct sim_profile profile)
{
	struct sim_parent *parent = sim_parent_new(profile, 11);
	if (p->replaces)
		(void)import_must(parent, &p->older, (struct asked){0});
	return parent;
}

static inline int try_import(struct place *p, struct sim_parent *parent)
{
	struct hf_error error;
	return import_into(parent, &p->file, (struct asked){.replace = p->replaces}, NULL, &error);
}

/* Opens what lies at the target, in a copy; NULL: there is nothing, or an empty directory. */
static inline bool holds(struct sim_parent *parent, const struct hf__writer *want)
{
	struct sim *sim = sim_parent_dir(parent, TARGET);
	struct hf_error error = {0};
	struct hf_options options = {.no_background = true};
	hf_store *store;
	if (!sim)
		return want == NULL;
	struct sim *copy = sim_clone(sim);
	sim_kill(copy);
	const int rc = hf__store_open(sim_os(copy), hf__all_domains(), &options, &store, &error);
	bool same = false;
	if (rc == HF_OK) {
		struct hf__writer dump = dump_of(store);
		same = want && same_dump(&dump, want);
		hf__writer_deinit(&dump);
		assert_int_equal(hf_close(store, NULL), HF_OK);
	} else {
		same = rc == HF_ENOTFOUND && !want;
	}
	sim_free(copy);
	return same;
}

static inline bool is_as_before(struct place *p, struct sim_parent *parent)
{
	return holds(parent, p->replaces ? &p->older_dump : NULL);
}

static inline bool is_whole(struct place *p, struct sim_parent *parent)
{
	return holds(parent, &p->dump);
}

/* Once more, whatever was left: the target may be whole already. */
static inline void import_again(struct place *p, struct sim_parent *parent)
{
	struct hf_error error;
	if (is_as_before(p, parent))
		assert_int_equal(try_import(p, parent), HF_OK);
	else if (import_into(parent, &p->file, (struct asked){.replace = true}, NULL, &error) != HF_OK)
		fail_msg("again: %s", error.text);
	assert_true(is_whole(p, parent));
	assert_int_equal(count_names(parent), 1);
}

#endif
