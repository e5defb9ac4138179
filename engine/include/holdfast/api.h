/* The public interface as data: every public struct with its members, every public call. For what
 * lays structs out, copies, checks, prints or passes them on without a line for each of them:
 * bindings above all. A program in C needs none of it.
 *
 * Tables are constant and live as long as the library. The structs of this header stand in them,
 * too; a binding that lays them out by hand compares their sizes (hf_struct_size()) first. */
#ifndef HOLDFAST_API_H
#define HOLDFAST_API_H

#include "holdfast/types.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What a member is. C's type follows from it and from the member's size. */
enum hf_api_type {
	HF_API_BOOL = 1,
	HF_API_INT = 2, /* signed */
	HF_API_UINT = 3, /* unsigned */
	HF_API_REAL = 4, /* double */
	HF_API_TIME = 5, /* hf_time */
	HF_API_SPAN = 6, /* int64_t, microseconds, never negative in arguments */
	HF_API_WAIT = 7, /* the same of a wait: 0 not at all, -1 forever */
	HF_API_LSN = 8, /* hf_lsn: a version, where a position in the log is not named */
	HF_API_TOKEN = 9, /* hf_token */
	HF_API_ENUM = 10, /* one of `words` */
	HF_API_FLAGS = 11, /* any of `words`, or'd; unsigned */
	HF_API_KEY = 12, /* struct hf_bytes: a key part, 1 to HF_KEY_MAX bytes without NUL */
	HF_API_TEXT = 13, /* struct hf_bytes: for people to read */
	HF_API_BYTES = 14, /* struct hf_bytes: opaque */
	HF_API_STRING = 15, /* const char *, up to its NUL */
	HF_API_CHARS = 16, /* char[size], up to its NUL */
	HF_API_STRUCT = 17, /* `of`, in place */
	HF_API_ONE = 18, /* pointer to one `of`, or NULL */
	HF_API_MANY = 19, /* pointer to an array of `of`; the next member counts it */
	HF_API_MEMORY = 20, /* struct hf_memory *, for hf_release() */
	HF_API_FUNCTION = 21, /* a callback */
	HF_API_CONTEXT = 22, /* void * */
	HF_API_SIZE = 23, /* size_t: how much of the struct there is (types.h); its first member */
};

/* A value of an enumeration. */
struct hf_api_word {
	const char
	    *word; /* the constant's name behind its prefix, in small letters; NULL ends a list */
	int64_t value;
};

struct hf_api_struct;

struct hf_api_member {
	const char *name; /* NULL ends a list */
	size_t offset;
	size_t size; /* of the whole member */
	enum hf_api_type type;
	unsigned elements; /* above 0: an array of so many */
	const struct hf_api_struct *of; /* STRUCT, ONE, MANY; else NULL */
	const struct hf_api_word *words; /* ENUM, FLAGS; else NULL */
	uint64_t most; /* TEXT, BYTES of arguments: so many bytes at most; 0: no bound of its own */
	bool optional; /* KEY of arguments: may be empty */
	const char *zero; /* what a zeroed member stands for, in the header's words, or NULL */
	const char *label; /* what a refusal calls it; NULL: its name */
};

struct hf_api_struct {
	const char *name; /* "hf_outbox_item" */
	size_t size;
	size_t first; /* as of its first release; 0: it does not begin with its size */
	const struct hf_api_member *members;
};

enum hf_api_kind {
	/* (store, txn, args, result, error), with the answer before the result where there is one */
	HF_API_MUTATION = 1,
	HF_API_READ = 2, /* (store, args, flags, out, error), without args or out where it has none */
	HF_API_WAIT_CALL = 3, /* may wait for a disk, another caller or a callback */
	HF_API_PLAIN_CALL = 4, /* anything else */
};

/* To be cast to the function's type. */
typedef void (*hf_api_fn)(void);

struct hf_api_call {
	const char *name; /* "hf_outbox_get"; NULL ends a list */
	hf_api_fn function;
	enum hf_api_kind kind;
	const struct hf_api_struct *takes; /* by address, struct hf_bytes by value; or NULL */
	/* what it fills: of a mutation beside struct hf_result; NULL: nothing, or a plain value */
	const struct hf_api_struct *fills;
	enum hf_api_type gives; /* that plain value; 0: none */
	/* of a mutation: what `returning` of its struct hf_write points to; NULL: it gives no object
	 * back */
	const struct hf_api_struct *object;
};

/* The structs and calls of a domain, or of what all have in common. */
struct hf_api_part {
	const char *name; /* that of the domain; "types", "store", "feed", ... */
	const struct hf_api_struct *const *structs; /* up to NULL; those that others need come first */
	const struct hf_api_call *calls;
};

/* Part `index`; NULL behind the last. */
HF_API const struct hf_api_part *hf_api_describe(unsigned index);

#ifdef __cplusplus
}
#endif

#endif
