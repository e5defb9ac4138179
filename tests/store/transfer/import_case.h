/* What the tests of imports share. */
#ifndef TESTS_IMPORT_CASE_H
#define TESTS_IMPORT_CASE_H

#include "log/identity.h"
#include "store/transfer/build.h"
#include "store/transfer/transfer_case.h"

#define TARGET "store"

struct asked {
	bool replace;
	uint32_t epoch_above;
	uint64_t max_bytes;
};

static inline int import_into(struct sim_parent *parent, struct memory_file *file,
                              struct asked asked, struct hf_snapshot_file *made,
                              struct hf_error *error)
{
	struct hf__meter meter = {0};
	struct hf_snapshot_file ignored = {0};
	const struct hf__build how = {
	    .parent = sim_parent_seam(parent),
	    .name = TARGET,
	    .domains = hf__all_domains(),
	    .source = memory_source(file),
	    .replace = asked.replace,
	    .epoch_above = asked.epoch_above,
	    .max_bytes = asked.max_bytes,
	    .segment_size = 64u << 10,
	    .meter = &meter,
	};
	*error = (struct hf_error){0};
	const int rc = hf__build_store(&how, made ? made : &ignored, error);
	assert_int_equal(error->code, rc);
	assert_true(rc == HF_OK || error->text[0]);
	return rc;
}

static inline struct hf_snapshot_file import_must(struct sim_parent *parent,
                                                  struct memory_file *file, struct asked asked)
{
	struct hf_snapshot_file made = {0};
	struct hf_error error;
	if (import_into(parent, file, asked, &made, &error) != HF_OK)
		fail_msg("import: %s", error.text);
	return made;
}

static inline hf_store *open_target(struct sim_parent *parent)
{
	const struct hf_options options = {.no_background = true, .segment_size = 64u << 10};
	struct hf_error error = {0};
	hf_store *store = NULL;
	struct sim *sim = sim_parent_dir(parent, TARGET);
	assert_non_null(sim);
	if (hf__store_open(sim_os(sim), hf__all_domains(), &options, &store, &error) != HF_OK)
		fail_msg("open: %s", error.text);
	return store;
}

static inline struct hf__writer dump_of(hf_store *store)
{
	struct hf__writer dump = {0};
	assert_int_equal(hf__state_dump(store, &dump, NULL), HF_OK);
	return dump;
}

static inline bool same_dump(const struct hf__writer *a, const struct hf__writer *b)
{
	return a->len == b->len && memcmp(a->data, b->data, a->len) == 0;
}

static inline struct hf__identity identity_in(struct sim *sim)
{
	uint8_t bytes[HF__IDENTITY_SIZE];
	struct hf__identity identity;
	assert_true(sim_read_file(sim, "IDENTITY", 0, bytes, sizeof bytes));
	assert_int_equal(hf__identity_decode(bytes, sizeof bytes, &identity), HF_OK);
	return identity;
}

static inline size_t count_names(struct sim_parent *parent)
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
