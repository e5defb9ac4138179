/* What a domain tells operators of what it holds: which figures there are, and a walk over what has
 * them. The store makes text of it (collect.h); a domain knows nothing of that. Part of domain.h's
 * side of the store. docs/operate/metrics.md. */
#ifndef HF_STORE_METRICS_FIGURES_H
#define HF_STORE_METRICS_FIGURES_H

#include "holdfast/types.h"

#define HF__FIGURE_PARTS 3u /* names that one series has, at most */
#define HF__FIGURE_COLUMNS 10u

enum hf__figure_kind { HF__GAUGE, HF__COUNTER };
enum hf__figure_unit { HF__NUMBER, HF__MICROSECONDS }; /* the latter are shown as seconds */

/* One figure. Those of one family stand behind each other. */
struct hf__figure {
	const char *family; /* without holdfast_, and without _total */
	const char *help;
	const char *label, *value; /* that tell it from the others of its family; NULL: it is alone */
	uint8_t kind, unit;
	bool greatest; /* of several names together the greatest one counts, not the sum */
	bool writers; /* only a handle that writes can know it */
};

struct hf__measure;

/* A kind of thing that has figures, and a name of up to three parts. */
struct hf__figures {
	const char *family, *help; /* of how many there are */
	const char *names[HF__FIGURE_PARTS]; /* labels; NULL behind the last */
	const struct hf__figure *of;
	unsigned count;
	/* Tells of those behind m->after, in its own order, by hf__measured(), until that says that it
	 * is enough. The store's lock is held. */
	void (*walk)(const void *state, struct hf__measure *m);
};

/* A step of the walk. */
struct hf__measure {
	int64_t now, mono, setback; /* as in struct hf__query */
	struct hf_bytes after[HF__FIGURE_PARTS]; /* the newest that was told of; empty: none was */
	bool began;
	/* private to collect.c */
	struct hf__collection *collection;
	unsigned left;
	bool enough;
};

/* One of them, with `count` values in the order of its figures; it took `work` more than one that
 * is found at once. false: the step is over, and the next one goes on behind this one. */
bool hf__measured(struct hf__measure *m, const struct hf_bytes *parts, const int64_t *values,
                  unsigned work);

#endif
