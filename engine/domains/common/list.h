/* One page of a list, for every list call. Job: check the token, walk what is listed, copy each of
 * it into the answer, make the next token. A page is walked twice, once to count and once to fill,
 * so that its items lie in one piece and only these are reserved. Failure modes: a token that is
 * damaged or of another list is HF_EINVAL, as is a position that cannot be one; no memory is
 * HF_ENOMEM. I-LIST-1 and I-LIST-2: docs/interface/lists.md. */
#ifndef HF_DOMAINS_LIST_H
#define HF_DOMAINS_LIST_H

#include "object/range.h"
#include "store/domain.h"

/* How one call lists. */
struct hf__list {
	size_t item; /* the size of one */
	size_t position; /* of a struct that holds a position: at most HF__POSITION_MAX */
	/* What of a position a token holds, so that the walk goes on behind the last item even when
	 * that is gone by then: only `kind` and `at` of each field count. A lone PART is all there is:
	 * its bytes stand in the token as they are, others behind their length. */
	struct hf__fields token;
	/* What fills a position from an object. NULL: the fields of the index that is walked. */
	const struct hf__fields *place;
	/* The words for a token that is damaged or of another list; `damaged` for one whose position
	 * cannot be read (NULL: the same). */
	const char *foreign, *damaged;
	int (*copy)(struct hf__query *q, const void *object, void *ctx, void *item);
	/* A walk that is more than one range: the first object behind `after` (NULL: of all), and the
	 * next one. NULL: the range is walked. */
	const void *(*first)(void *ctx, const void *after);
	const void *(*next)(void *ctx, const void *object);
};

#define HF__POSITION_MAX 128u
#define HF__LOOK_MAX 4096u
#define HF__FOREIGN_LIST "the page token is damaged or belongs to another list"
#define HF__PAGE_AND_AFTER "page and after both say where the page begins: give one"
#define HF__FOREIGN_QUERY "the page token is damaged or belongs to another query"

/* What a page begins with that callers get, but for what a domain puts before it. */
struct hf__listed {
	void *items;
	size_t count;
	const char *next;
};

/* One page of it. */
struct hf__listing {
	const struct hf__list *list;
	void *ctx; /* for the callbacks */
	uint64_t query; /* hf__query_end() */
	const char *page; /* the token, or NULL */
	/* A position that the caller gave to begin behind: a struct as the token's members lie in, all
	 * that the range has filled in; NULL: none. It is looked at here: parts, and that there is no
	 * token beside it. */
	const void *after;
	size_t limit; /* 0: all */
	/* Is it wanted? NULL: all are. Of those that are not a page with a limit passes over
	 * HF__LOOK_MAX, and ends there (I-LIST-3). */
	bool (*wanted)(const void *object, const void *ctx);
	struct hf__range range; /* without an index: nothing is listed */
	const struct hf__object *depends; /* noted once the token is right; NULL: noted already */
	struct hf__listed got; /* what it gives */
	const void *end; /* the object behind which the next page begins; NULL: this is the last */
};

HF_CHECKED int hf__list_page(struct hf__query *q, struct hf__listing *listing);
/* The same into `page`, where items, count and next of a public page lie behind each other. */
HF_CHECKED int hf__list_into(struct hf__query *q, struct hf__listing *listing, void *page);

/* A part of such a position that the list selects by: taken from there where it is empty; HF_EINVAL
 * when it is another one. */
HF_CHECKED int hf__after_fixed(struct hf__query *q, const char *name, struct hf_bytes fixed,
                               struct hf_bytes *part);

/* Hashes what was put into `w` and frees that: what ties a token to its list. HF_OK or
 * HF_ENOMEM. */
HF_CHECKED int hf__query_end(struct hf__writer *w, uint64_t *query);

#endif
