/* What an answer needs before anything may be changed for it: descriptors to read its payloads
 * with. */
#ifndef HF_STORE_NEEDS_H
#define HF_STORE_NEEDS_H

#include "store/internal.h"

/* Held, and still to be opened. Zeroed at first. */
struct hf__needs {
	struct hf__pins pins, missing;
};

/* After a decision: what do its answers need? The lock is held, no file is opened. HF_OK,
 * HF_ENOMEM. */
int hf__needs_look(struct hf_store *s, const struct hf__op *ops, size_t count,
                   struct hf__needs *needs);
/* Opens what is missing. The lock is held, and released meanwhile: nothing may have been done.
 * HF_OK: decide again. */
int hf__needs_open(struct hf_store *s, struct hf__needs *needs, struct hf_error *error);
/* The decision stands: its answers hold what they need. */
void hf__needs_give(const struct hf__op *ops, size_t count, struct hf__needs *needs);
void hf__needs_drop(struct hf_store *s, struct hf__needs *needs);

#endif
