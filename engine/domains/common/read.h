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
};

/* *out is zeroed first. Public reads are one call of this. */
HF_CHECKED int hf__read_into(hf_store *store, const struct hf__reading *reading, const void *args,
                             unsigned flags, void *out, struct hf_error *error);

/* Defines a public read: `parameter` is how it declares its argument, `argument` the pointer that
 * `read` gets of it, `gives` the type of *out. */
#define HF__READ_INTO(function, parameter, argument, gives, domain, read, memory) \
	int function(hf_store *store, parameter, unsigned flags, gives *out, struct hf_error *error) \
	    HF__READ_BODY(argument, gives, domain, read, memory)
#define HF__READ_BODY(argument, gives, domain, read, memory) \
	{ \
		HF__CALL; \
		static const struct hf__reading reading = {domain, read, sizeof(gives), memory}; \
		return hf__read_into(store, &reading, argument, flags, out, error); \
	} \
	_Static_assert(sizeof(gives) > 0, "a complete type")
/* The same of one without an argument; `memory` as in struct hf__reading. */
#define HF__READ_ALL(function, gives, domain, read, memory) \
	int function(hf_store *store, unsigned flags, gives *out, struct hf_error *error) \
	    HF__READ_BODY(NULL, gives, domain, read, memory)
#define HF__READ(function, parameter, argument, gives, domain, read) \
	HF__READ_INTO(function, parameter, argument, gives, domain, read, 0)
/* The same of one that borrows: *out has a struct hf_memory *memory. */
#define HF__READ_MEMORY(function, parameter, argument, gives, domain, read) \
	HF__READ_INTO(function, parameter, argument, gives, domain, read, offsetof(gives, memory))

/* After a successful hf__read(): the answer's memory to the caller. HF_OK or HF_ENOMEM. */
HF_CHECKED int hf__give_memory(struct hf__answer *answer, struct hf_memory **memory,
                               struct hf_error *error);

#endif
