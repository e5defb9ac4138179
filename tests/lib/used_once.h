/* Names that are used once: for each domain, how something of a name comes and goes, and how its
 * containers are listed. */
#ifndef TESTS_LIB_USED_ONCE_H
#define TESTS_LIB_USED_ONCE_H

#include "holdfast/holdfast.h"

struct used_once {
	const char *domain;
	/* Each uses the name alone, and both together leave nothing of it. */
	int (*fill)(hf_store *store, hf_txn *txn, const char *name);
	int (*empty)(hf_store *store, hf_txn *txn, const char *name);
	/* The names of containers that hold something; NULL: the domain lists none. */
	int (*names)(hf_store *store, const struct hf_names_args *args, unsigned flags,
	             struct hf_name_page *out, struct hf_error *error);
	/* Looks for what is not there: HF_OK. */
	int (*look)(hf_store *store, const char *name, unsigned flags);
};

extern const struct used_once used_once[];
extern const size_t used_once_count;

/* Fills the names "<prefix>0" to count - 1 and empties them, in transactions of `batch` names
 * each. */
void use_once(hf_store *store, const struct used_once *row, const char *prefix, size_t count,
              size_t batch, enum hf_durability durability);
/* How many names the row's list gives. */
size_t count_names(hf_store *store, const struct used_once *row);

#endif
