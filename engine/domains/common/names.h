/* Paged lists of the names of a domain's containers (inboxes, queues): one walk of one ordered
 * index. */
#ifndef HF_DOMAINS_NAMES_H
#define HF_DOMAINS_NAMES_H

#include "domains/common/list.h"
#include "holdfast/admin.h"
#include "store/domain.h"

/* A container that holds nothing is no state and no answer shows it, although it may still be
 * there (removed.h). What decides is the weight of its node in the index: the instant from which
 * on it holds nothing, INT64_MAX for one that needs a change for that, INT64_MIN for one that
 * holds nothing now. So what ends by time ends in the list too. */

/* What a domain says of its containers. */
struct hf__names {
	uint8_t domain;
	const char *operation; /* ties page tokens to this list */
	/* Where the weight is only the latest that may be, of instants of both scales: is it listed?
	 * NULL: the weight says so. */
	bool (*listed)(const void *container, struct hf__instant at);
	bool mono; /* what ends here, the store computed: the weights are mono times (store/clock.h) */
};

/* Defines the public read of a domain; the rest is of struct hf__names. *out is zeroed first. */
#define HF__NAMES(function, domain_, ...) \
	int function(hf_store *store, const struct hf_names_args *args, unsigned flags, \
	             struct hf_name_page *out, struct hf_error *error) \
	{ \
		HF__CALL; \
		HF__TAKE(names_args, args); \
		static const struct hf__names names = {.domain = (domain_), __VA_ARGS__}; \
		return hf__names_list(store, &names, args, flags, out, error); \
	} \
	_Static_assert((domain_) > 0, "a domain of the table")
HF_CHECKED int hf__names_list(struct hf_store *store, const struct hf__names *names,
                              const struct hf_names_args *args, unsigned flags,
                              struct hf_name_page *out, struct hf_error *error);

#endif
