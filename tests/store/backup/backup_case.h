/* What the tests of backups share: a store and its backup, beside each other in one simulated
 * directory. */
#ifndef TESTS_BACKUP_CASE_H
#define TESTS_BACKUP_CASE_H

#include "lib/churn/churn.h"
#include "lib/follow/follower.h"
#include "lib/rng.h"
#include "lib/sim/sim_parent.h"
#include "lib/test.h"
#include "log/identity.h"
#include "store/backup/backup.h"
#include "store/check/readonly.h"
#include "store/store.h"

#define SOURCE "store"
#define DEST "backup"
#define BACK "back"

enum { CASE_SEGMENT = 16 << 10, BY = 1 }; /* BY: the opener of another process */

static const struct hf_options case_writing = {
    .create = true, .no_background = true, .segment_size = CASE_SEGMENT};

static inline struct sim *source_of(struct sim_parent *parent)
{
	struct sim *sim = sim_parent_dir(parent, SOURCE);
	return sim ? sim : sim_parent_add(parent, SOURCE);
}

/* A writer of the source, which is made if there is none. */
static inline hf_store *case_writer(struct sim_parent *parent)
{
	return follower_writer(source_of(parent), &case_writing);
}

static inline int backup_with(struct sim_parent *parent, bool link, struct hf_backup_facts *facts,
                              struct hf_error *error)
{
	struct hf__meter meter = {0};
	struct hf_backup_facts ignored = {0};
	const struct hf__backup how = {
	    .source = sim_opener(source_of(parent), SIM_OPENERS - 1),
	    .parent = sim_parent_seam(parent),
	    .name = DEST,
	    .domains = hf__all_domains(),
	    .link = link,
	    .meter = &meter,
	};
	*error = (struct hf_error){0};
	const int rc = hf__backup(&how, facts ? facts : &ignored, error);
	assert_int_equal(error->code, rc);
	assert_true(rc == HF_OK || error->text[0]);
	return rc;
}

static inline struct hf_backup_facts backup_must(struct sim_parent *parent, bool link)
{
	struct hf_backup_facts facts = {0};
	struct hf_error error;
	if (backup_with(parent, link, &facts, &error) != HF_OK)
		fail_msg("backup: %s", error.text);
	return facts;
}

static inline int restore_with(struct sim_parent *parent, const struct hf_restore_options *options,
                               struct hf_snapshot_file *made, struct hf_error *error)
{
	struct hf__meter meter = {0};
	struct hf_snapshot_file ignored = {0};
	const struct hf__restore how = {
	    .backup = sim_opener(sim_parent_dir(parent, DEST), SIM_OPENERS - 1),
	    .parent = sim_parent_seam(parent),
	    .name = BACK,
	    .domains = hf__all_domains(),
	    .options = options,
	    .meter = &meter,
	};
	*error = (struct hf_error){0};
	const int rc = hf__restore(&how, made ? made : &ignored, error);
	assert_int_equal(error->code, rc);
	assert_true(rc == HF_OK || error->text[0]);
	return rc;
}

static inline struct hf_snapshot_file restore_must(struct sim_parent *parent, bool replace)
{
	const struct hf_restore_options options = {.replace = replace};
	struct hf_snapshot_file made = {0};
	struct hf_error error;
	if (restore_with(parent, &options, &made, &error) != HF_OK)
		fail_msg("restore: %s", error.text);
	return made;
}

/* Every byte and every rule, and nothing that is not of a backup. */
static inline void expect_clean(struct sim *sim)
{
	struct hf_fsck_summary sum = {0};
	struct hf_error error = {0};
	if (hf__fsck(sim_opener(sim, BY), hf__all_domains(), NULL, NULL, NULL, &sum, &error) != HF_OK)
		fail_msg("fsck: %s", error.text);
	for (unsigned i = 0; i < HF_FSCK_SEVERITIES; i++)
		assert_int_equal(sum.findings[i], 0);
	assert_true(sum.state_checked);
}

static inline uint64_t digest_of(struct sim *sim)
{
	hf_store *store = follower_open(sim, BY);
	const uint64_t digest = follower_digest(store);
	follower_verify(store);
	assert_int_equal(hf_close(store, NULL), HF_OK);
	return digest;
}

static inline size_t names_in(struct sim_parent *parent)
{
	char name[SIM_NAME_MAX + 1];
	uint64_t size;
	size_t n = 0, dirs = 0;
	while (sim_list(sim_parent_files(parent), n, name, &size))
		n++;
	while (sim_parent_name(parent, dirs))
		dirs++;
	return n + dirs;
}

#endif
