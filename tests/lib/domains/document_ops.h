/* Short words for document operations in tests: one collection, ids as strings, everything else
 * by default. Each fails the test unless the code is HF_OK; where the code is what matters, use
 * the public functions. */
#ifndef TESTS_LIB_DOCUMENT_OPS_H
#define TESTS_LIB_DOCUMENT_OPS_H

#include "holdfast/document.h"
#include "holdfast/store.h"

#define DC_COLLECTION "notes"

/* Key and, unless given, a payload are filled in. */
struct hf_result dc_put(hf_store *store, const char *id, struct hf_document_put_args args);
void dc_regroup(hf_store *store, const char *id, const char *group);
void dc_remove(hf_store *store, const char *id);
bool dc_has(hf_store *store, const char *id);
/* The ids listed, "a b c", in pages of args.limit. Valid until the next call. */
const char *dc_list(hf_store *store, struct hf_document_list_args args);
/* group NULL: of all; "": without a group. */
uint64_t dc_count(hf_store *store, const char *group);
/* The collections listed, in pages of `limit`. Valid until the next call. */
const char *dc_collections(hf_store *store, size_t limit);

#endif
