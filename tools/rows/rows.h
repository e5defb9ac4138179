/* Structs of the public interface, handled by their rows (holdfast/api.h), so that a new member
 * needs no line here: options and arguments of commands, objects as people and programs see them,
 * lines of a file, and whether two objects are equal. */
#ifndef TOOLS_ROWS_H
#define TOOLS_ROWS_H

#include <stddef.h>

#include "holdfast/api.h"
#include "holdfast/holdfast.h"

enum { ROWS_MAX = 48 };

/* A member that holds a value: of the struct itself or of one that stands in it. What every
 * mutation has (struct hf_write) and the size that structs begin with are left out. */
struct row {
	const struct hf_api_member *member;
	const struct hf_api_member *in; /* the member whose struct has it; NULL: none */
	size_t offset; /* from the start of the outermost struct */
};

struct rows {
	struct row row[ROWS_MAX];
	size_t count;
};

/* What any call takes or fills. */
union rows_given {
	max_align_t align;
	char bytes[512];
};

/* By name; NULL: there is none. */
const struct hf_api_call *rows_call(const char *name);
const struct hf_api_struct *rows_struct(const char *name);

/* Good as long as the program uses at most 64 structs. */
const struct rows *rows_all(const struct hf_api_struct *of);
/* Adds those of a struct that stands behind, at `base`. */
void rows_behind(const struct hf_api_struct *of, size_t base, struct rows *out);
/* Without those of `hidden`; those of `last` come last, in that order. Both are names between
 * spaces, or NULL. */
void rows_in_order(const struct hf_api_struct *of, const char *hidden, const char *last,
                   struct rows *out);
const struct row *rows_find(const struct rows *rows, const char *name);
/* Is the word one of those? `words` may be NULL. */
bool rows_names(const char *words, const char *word);

/* The first member behind the size. */
const struct hf_api_member *rows_first(const struct hf_api_struct *of);
/* What a mutation's arguments say of every mutation. */
struct hf_write *rows_write(const struct hf_api_struct *of, void *args);
/* Zero, but for times, which are not set, and the size. */
void rows_clear(const struct hf_api_struct *of, void *object);
/* Into each member of `to` what `from` has under the same name. */
void rows_copy(const struct hf_api_struct *to_of, void *to, const struct hf_api_struct *from_of,
               const void *from);
/* Are all members equal but the key, those of `apart`, and, unless NULL, those not in `only`? */
bool rows_equal(const struct hf_api_struct *of, const void *a, const void *b, const char *apart,
                const char *only);
/* Bytes of all its keys, texts and payloads. */
size_t rows_bytes(const struct hf_api_struct *of, const void *object);
/* The value as a number: of enumerations, flags and whole numbers. */
int64_t row_number(const struct row *row, const void *object);
void row_store(const struct row *row, void *object, int64_t value);
bool row_is_set(const struct row *row, const void *object); /* neither zero, empty, nor no time */
/* Has the member bytes (keys, texts, payloads)? */
bool row_has_bytes(const struct row *row);
static inline struct hf_bytes row_bytes(const struct row *row, const void *object)
{
	const void *at = (const char *)object + row->offset;
	return *(const struct hf_bytes *)at;
}
static inline void row_put_bytes(const struct row *row, void *object, struct hf_bytes bytes)
{
	void *at = (char *)object + row->offset;
	*(struct hf_bytes *)at = bytes;
}

/* The word of an enumeration, in the spelling of the interface; "" for none. */
const char *row_word(const struct hf_api_member *member, int64_t value);
/* A word of an enumeration, or words of flags with commas between; their underscores may be
 * written as hyphens. */
bool row_parse_words(const struct hf_api_member *member, const char *text, size_t len,
                     int64_t *out);
/* The word with hyphens, as options spell it. */
void row_hyphens(const char *word, char *out, size_t size);
/* Flags as such words, with hyphens. */
void row_flags_text(const struct hf_api_member *member, int64_t flags, char *out, size_t size);

/* What a page of a list has. */
struct rows_page {
	const struct hf_api_struct *of; /* of an item */
	const char *items;
	size_t count;
	const struct hf_api_struct *beside_of; /* of what stands beside each item; NULL: nothing */
	const char *beside; /* NULL: nothing does */
	const char *next; /* NULL: it is the last */
	struct hf_memory *memory;
};

void rows_page(const struct hf_api_struct *of, const void *page, struct rows_page *out);

/* Calls by their rows. `args`: what it takes, of struct hf_bytes too; NULL where it takes
 * nothing. */
HF_CHECKED int rows_mutate(const struct hf_api_call *call, hf_store *store, hf_txn *txn,
                           const void *args, struct hf_result *result, struct hf_error *error);
HF_CHECKED int rows_read(const struct hf_api_call *call, hf_store *store, const void *args,
                         void *out, struct hf_error *error);

#endif
