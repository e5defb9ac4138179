/* Why a whole store refuses a call, in words. */
#ifndef HF_STORE_REFUSE_H
#define HF_STORE_REFUSE_H

#include "holdfast/types.h"

struct hf_store;

/* HF_EFORK for a handle that a forked child inherited, HF_EREADONLY for a transaction's, at whose
 * first word alone it looks (transact/seen.h), else HF_OK. Comes before anything else. */
int hf__check_fork(const struct hf_store *s, struct hf_error *error);
/* The same, and HF_EREADONLY for a handle that writes nothing. */
int hf__check_writable(const struct hf_store *s, struct hf_error *error);
/* HF_EFORK, of a handle whose store may not be there any more. */
int hf__fail_fork(struct hf_error *error);
/* HF_ELOCKED, naming the holder of the store as far as its lock file does. */
int hf__fail_held(struct hf_store *s, struct hf_error *error);
/* HF_EFAILED: the store failed earlier, and why. */
int hf__fail_fault(const struct hf_store *s, struct hf_error *error);

#endif
