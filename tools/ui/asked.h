/* What a request asks for. Parameters are any bytes: `%00` and `%ff` are read as such. */
#ifndef TOOLS_UI_ASKED_H
#define TOOLS_UI_ASKED_H

#include "holdfast/types.h"

enum { ASKED_TARGET_MAX = 8192, ASKED_PARAMETERS_MAX = 16 };

struct parameter {
	const char *name;
	struct hf_bytes value; /* a NUL stands behind it */
};

struct asked {
	char *memory; /* the target, taken apart in place */
	const char *path; /* decoded; NULL where `wrong` is set */
	struct parameter parameters[ASKED_PARAMETERS_MAX];
	size_t count;
	unsigned wrong; /* 0, or the status that refuses the target: 400, 414 */
	bool begun; /* its first call was made */
	const char *accept; /* what its client takes; NULL: it does not say */
};

/* NULL: no memory. */
struct asked *asked_read(const char *target);
void asked_free(struct asked *request);

/* Empty: it was not given. */
struct hf_bytes asked_bytes(const struct asked *request, const char *name);
/* NULL: not given, or empty. A text that ends where the first NUL is. */
const char *asked_text(const struct asked *request, const char *name);
/* `otherwise` if it was not given or is no number. */
uint64_t asked_u64(const struct asked *request, const char *name, uint64_t otherwise);

#endif
