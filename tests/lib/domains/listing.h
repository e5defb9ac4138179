/* Any list of the library, in words, and the position of what it gives: what tests of all lists
 * share. What a position is made of, and where a page stands in an answer, the tables of
 * engine/api say. */
#ifndef TESTS_LIB_LISTING_H
#define TESTS_LIB_LISTING_H

#include "lib/operation/op_scene.h"

struct listing {
	const char *list; /* a call and its arguments (operation.h), without limit, page, after */
	const char *at; /* the member of an item that `at` of a position is; NULL: it has none */
	/* What removes an item; $member is one of the item's. NULL: nothing does. */
	const char *gone;
};

enum { LISTED_MAX = 16, LISTED_MEMBERS = 32, LISTED_BYTES = 48, LISTED_TOKEN = 2048 };

/* An item, copied. */
struct listed {
	struct {
		const char *name;
		uint64_t bits; /* of a number */
		size_t len;
		char bytes[LISTED_BYTES];
	} of[LISTED_MEMBERS];
	size_t count;
	char name[128]; /* all its keys, with blanks between */
	hf_lsn place; /* where the page tells it beside the item */
};

struct listed_page {
	struct listed items[LISTED_MAX];
	size_t count;
	char next[LISTED_TOKEN]; /* "": the last page */
};

/* Where a page begins; all NULL: at the start. */
struct listed_from {
	const char *page;
	const struct listed *after;
	const void *position; /* instead of `after`: what the arguments have there, or point to */
};

/* The answer's code; the page is empty unless that is HF_OK. */
int listing_read(struct op_scene *scene, const struct listing *listing, struct listed_from from,
                 size_t limit, struct listed_page *out);
/* Removes it. */
void listing_remove(struct op_scene *scene, const struct listing *listing,
                    const struct listed *item);
/* Names of the items, with commas between. */
const char *listed_names(const struct listed_page *page);

#endif
