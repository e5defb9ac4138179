/* What hf_metrics() gives, read by a parser of the tests' own that takes nothing which the formats
 * do not allow: help and type before the samples of a family, no family in two places, no sample
 * twice, only the escapes that there are, UTF-8, buckets that only grow. */
#ifndef TESTS_LIB_FIGURES_H
#define TESTS_LIB_FIGURES_H

#include "holdfast/holdfast.h"

enum { FIGURE_LABELS = 6 };

struct figure {
	const char *name; /* without holdfast_ */
	struct figure_label {
		const char *name;
		struct hf_bytes value; /* as it was before it was escaped */
	} labels[FIGURE_LABELS];
	unsigned count;
	double value;
};

struct figures {
	char *text, *words; /* as it was given; what the samples point into */
	size_t len, words_len;
	struct figure *all;
	size_t count, cap;
	unsigned pieces;
};

/* Asks for them, and fails the test for text that is none. */
struct figures figures_of(hf_store *store, enum hf_metrics_format format);
struct figures figures_parse(const char *text, size_t len, enum hf_metrics_format format);
void figures_free(struct figures *f);

/* A sample that has this label, if one is named, whose value is that; a name that is no UTF-8 is
 * looked for by its bytes. NULL: there is none. */
const struct figure *figures_find(const struct figures *f, const char *name, const char *label,
                                  struct hf_bytes value, const char *label2, const char *value2);
/* The same without labels, or with one that is text: its value; the test fails without it. */
double figures_get(const struct figures *f, const char *name, const char *label, const char *value);
/* Is there a sample of that name? */
bool figures_has(const struct figures *f, const char *name);
/* The value of that label, as the bytes that it stands for; data NULL: it has none. */
struct hf_bytes figure_label(const struct figure *figure, const char *label);

#endif
