/* What the reads of all domains share. Job: one const table entry per read call, as struct hf__verb
 * is for mutations. Happy path: `read` fills *out under the store's lock, and the answer's memory
 * becomes the caller's. Failure modes: whatever failed, *out is zeroed and owns nothing. */
#ifndef HF_DOMAINS_READ_H
#define HF_DOMAINS_READ_H

#include <stddef.h>

#include "store/domain.h"

struct hf__reading {
	uint8_t domain;
	/* As hf__read_fn. What it leaves in *out when it fails does not matter. */
	int (*read)(struct hf__query *q, const void *args, void *out);
	size_t size; /* of *out */
	size_t memory; /* where in *out its struct hf_memory * lies; 0: it borrows none */
	const struct hf_api_struct *takes; /* of args; NULL: they are no struct that may grow */
	const struct hf_api_struct *fills; /* the same of *out */
	const struct hf_api_struct *key; /* of args that are a key; NULL: they are none */
	/* A copy of the arguments for a read in a transaction. NULL: by `takes` or `key`, else they are
	 * a struct hf_bytes, or none. */
	void *(*copy)(struct hf__arena *arena, const void *args);
	/* Of a list: where in its arguments `limit` and `page` lie; 0: it is none. */
	size_t limit, page;
};

/* The table of a key; NULL for other arguments. */
#define HF__KEY_OF(argument) \
	_Generic((argument), \
	    const struct hf_cursor_key *: &hf__api_cursor_key, \
	    const struct hf_document_key *: &hf__api_document_key, \
	    const struct hf_idempotency_key *: &hf__api_idempotency_key, \
	    const struct hf_inbox_key *: &hf__api_inbox_key, \
	    const struct hf_outbox_key *: &hf__api_outbox_key, \
	    const struct hf_timeline_key *: &hf__api_timeline_key, \
	    default: NULL)

/* *out is zeroed first. Public reads are one call of this. */
HF_CHECKED int hf__read_into(hf_store *store, const struct hf__reading *reading, const void *args,
                             unsigned flags, void *out, struct hf_error *error);

/* Define public reads. `args` and `gives` are structs that may grow, without their hf_; `parameter`
 * is how the function declares another argument, `argument` the pointer that `read` gets of it.
 * `memory` as in struct hf__reading. */
#define HF__READ_BODY(argument, domain, read, size, memory, takes, fills, key, limit, page) \
	{ \
		HF__CALL; \
		static const struct hf__reading reading = {domain, read, size, memory, takes, \
		                                           fills,  key,  NULL, limit,  page}; \
		return hf__read_into(store, &reading, argument, flags, out, error); \
	} \
	_Static_assert((size) <= HF__SIZED_TODAY, "there is room for it")
/* A list or the like: it has a struct hf_memory *memory, and limit and page among its arguments. */
#define HF__LIST(function, args_tag, gives, domain, read) \
	int function(hf_store *store, const struct hf_##args_tag *args, unsigned flags, \
	             struct hf_##gives *out, struct hf_error *error) \
	    HF__READ_BODY(args, domain, read, sizeof(struct hf_##gives), \
	                  offsetof(struct hf_##gives, memory), &hf__api_##args_tag, &hf__api_##gives, \
	                  NULL, offsetof(struct hf_##args_tag, limit), \
	                  offsetof(struct hf_##args_tag, page))
/* Figures by arguments: no memory. */
#define HF__COUNT(function, args_tag, gives, domain, read) \
	int function(hf_store *store, const struct hf_##args_tag *args, unsigned flags, \
	             struct hf_##gives *out, struct hf_error *error) \
	    HF__READ_BODY(args, domain, read, sizeof(struct hf_##gives), 0, &hf__api_##args_tag, \
	                  &hf__api_##gives, NULL, 0, 0)
/* An object by its key, with memory, and figures without. */
#define HF__GET(function, parameter, argument, gives, domain, read) \
	int function(hf_store *store, parameter, unsigned flags, struct hf_##gives *out, \
	             struct hf_error *error) \
	    HF__READ_BODY(argument, domain, read, sizeof(struct hf_##gives), \
	                  offsetof(struct hf_##gives, memory), NULL, &hf__api_##gives, \
	                  HF__KEY_OF(argument), 0, 0)
#define HF__FIGURES(function, parameter, argument, gives, domain, read) \
	int function(hf_store *store, parameter, unsigned flags, struct hf_##gives *out, \
	             struct hf_error *error) \
	    HF__READ_BODY(argument, domain, read, sizeof(struct hf_##gives), 0, NULL, \
	                  &hf__api_##gives, HF__KEY_OF(argument), 0, 0)
#define HF__GET_ALL(function, gives, domain, read, memory) \
	int function(hf_store *store, unsigned flags, struct hf_##gives *out, struct hf_error *error) \
	    HF__READ_BODY(NULL, domain, read, sizeof(struct hf_##gives), memory, NULL, \
	                  &hf__api_##gives, NULL, 0, 0)
/* What gives back the object that HF__GET reads by the same function. */
#define HF__GIVING(gives, read, key) \
	{ \
		&hf__api_##gives, offsetof(struct hf_##gives, memory), read, key \
	}
/* Whether there is one of that key, and a number by arguments. */
#define HF__HAS(function, parameter, argument, domain, read) \
	int function(hf_store *store, parameter, unsigned flags, bool *out, struct hf_error *error) \
	    HF__READ_BODY(argument, domain, read, sizeof(bool), 0, NULL, NULL, HF__KEY_OF(argument), \
	                  0, 0)
#define HF__NUMBER(function, args_tag, domain, read) \
	int function(hf_store *store, const struct hf_##args_tag *args, unsigned flags, uint64_t *out, \
	             struct hf_error *error) HF__READ_BODY(args, domain, read, sizeof(uint64_t), 0, \
	                                                   &hf__api_##args_tag, NULL, NULL, 0, 0)

/* After a successful hf__read(): the answer's memory to the caller. HF_OK or HF_ENOMEM. */
HF_CHECKED int hf__give_memory(struct hf__answer *answer, struct hf_memory **memory,
                               struct hf_error *error);

#endif
