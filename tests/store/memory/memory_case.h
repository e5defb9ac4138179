/* A store in memory, and documents of the collection "c" in it. */
#ifndef TESTS_MEMORY_CASE_H
#define TESTS_MEMORY_CASE_H

#include "holdfast/holdfast.h"
#include "lib/real_store.h"
#include "lib/test.h"

static inline hf_store *open_with(const struct hf_options *options)
{
	hf_store *store;
	struct hf_error error = {0};
	if (hf_open_memory(options, &store, &error) != HF_OK)
		fail_msg("%s", error.text);
	return store;
}

static inline void close_store(hf_store *store)
{
	assert_int_equal(hf_close(store, NULL), HF_OK);
}

static inline int put(hf_store *store, const char *id, const char *payload, size_t len)
{
	const struct hf_document_put_args args = {.key = {hf_str("c"), hf_str(id)},
	                                          .payload = {payload, len}};
	return hf_document_put(store, NULL, &args, NULL, NULL);
}

/* Is it there, with that payload? */
static inline bool has(hf_store *store, const char *id, const char *payload, size_t len)
{
	struct hf_document_got out = {0};
	const struct hf_document_key key = {hf_str("c"), hf_str(id)};
	const int rc = hf_document_get(store, &key, 0, &out, NULL);
	assert_true(rc == HF_OK || rc == HF_ENOTFOUND);
	const bool found = rc == HF_OK && out.document.payload.len == len &&
	                   memcmp(out.document.payload.data, payload, len) == 0;
	hf_release(out.memory);
	return found;
}

static inline struct hf_info info_of(hf_store *store)
{
	struct hf_info info = {0};
	assert_int_equal(hf_get_info(store, &info, NULL), HF_OK);
	return info;
}

#endif
