/* What the tests of exports and imports share: a file in memory, exports of a store into it, and
 * what an import would say of it. */
#ifndef TESTS_TRANSFER_CASE_H
#define TESTS_TRANSFER_CASE_H

#include <errno.h>

#include "lib/churn/churn.h"
#include "lib/rng.h"
#include "lib/settings.h"
#include "lib/sim/sim_parent.h"
#include "lib/test.h"
#include "store/store.h"
#include "store/transfer/state.h"

/* --- A file in memory ------------------------------------------------------------------------- */

struct memory_file {
	uint8_t *data;
	size_t len, cap;
};

static inline int memory_write(void *ctx, const void *data, size_t len)
{
	struct memory_file *file = ctx;
	if (len > file->cap - file->len) {
		file->cap = 2 * file->cap + len;
		file->data = realloc(file->data, file->cap);
		assert_non_null(file->data);
	}
	memcpy(file->data + file->len, data, len);
	file->len += len;
	return 0;
}

static inline int memory_read(void *ctx, void *buffer, size_t len, uint64_t at, size_t *got)
{
	const struct memory_file *file = ctx;
	*got = at < file->len ? file->len - (size_t)at : 0;
	*got = *got < len ? *got : len;
	if (*got > 0)
		memcpy(buffer, file->data + at, *got);
	return 0;
}

static inline struct hf__snapshot_sink memory_sink(struct memory_file *file)
{
	return (struct hf__snapshot_sink){memory_write, file};
}

static inline struct hf__snapshot_source memory_source(struct memory_file *file)
{
	return (struct hf__snapshot_source){memory_read, file, file->len};
}

static inline void memory_free(struct memory_file *file)
{
	free(file->data);
	*file = (struct memory_file){0};
}

static inline bool memory_equal(const struct memory_file *a, const struct memory_file *b)
{
	return a->len == b->len && memcmp(a->data, b->data, a->len) == 0;
}

/* --- Exports ---------------------------------------------------------------------------------- */

static inline struct memory_file export_of(hf_store *store)
{
	struct memory_file file = {0};
	struct hf_snapshot_file facts = {0};
	struct hf_error error = {0};
	if (hf__export_to(store, memory_sink(&file), &facts, &error) != HF_OK)
		fail_msg("export: %s", error.text);
	assert_int_equal(facts.bytes, file.len);
	return file;
}

/* A store that did `steps` of everything. */
static inline struct stage *case_begin(struct churn *churn, const char *name, size_t big_max,
                                       unsigned steps)
{
	struct stage *stage =
	    stage_open_with(SETTING_REOPENED, &(struct hf_options){.segment_size = 64u << 10});
	churn_init(churn, name, big_max > 300 ? 30 : 0, big_max);
	for (unsigned i = 0; i < steps; i++)
		churn_step(churn, stage->store);
	assert_int_equal(hf_sync(stage->store, NULL), HF_OK);
	return stage;
}

/* What is found out about a file before anything is done with it; with `again`, what its state
 * gives when it is written as the file says of itself. */
static inline int judge(struct memory_file *file, struct memory_file *again, uint64_t max_bytes,
                        struct hf_error *error)
{
	struct sim *sim = sim_new(sim_profile_strict(), 1);
	struct hf__identity identity = {.content_key = {7}};
	struct memory_file ignored = {0};
	struct hf__meter meter = {0};
	struct hf__loaded l;
	*error = (struct hf_error){0};
	int rc = hf__loaded_verify(&l, memory_source(file), max_bytes, &meter, error);
	if (rc == HF_OK)
		rc = hf__loaded_make(&l, sim_os(sim), hf__all_domains(), &identity);
	if (rc == HF_OK)
		rc = hf__loaded_write(&l, &l.reader.header, sim_os(sim),
		                      memory_sink(again ? again : &ignored));
	hf__loaded_free(&l);
	memory_free(&ignored);
	sim_free(sim);
	assert_int_equal(error->code, rc);
	return rc;
}

#endif
