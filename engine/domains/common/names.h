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
	/* Where its state has the index by name, and the object that is noted with every change of a
	 * container. */
	size_t by_name, root;
	/* Where the weight is only the latest that may be, of instants of both scales: is it listed?
	 * NULL: the weight says so. */
	bool (*listed)(const void *container, struct hf__instant at);
	bool mono; /* what ends here, the store computed: the weights are mono times (store/clock.h) */
};

/* Puts the node right: listed while now < until (INT64_MAX: forever, INT64_MIN: not at all).
 * Costs nothing while it stays the same. The node is in the order, which it entered with a
 * weight of INT64_MIN. */
void hf__name_until(struct hf__index *order, struct hf__index_node *node, int64_t until);

/* Defines the public read of a domain whose state has `root` and `by_name`; the rest is of struct
 * hf__names. *out is zeroed first. */
#define HF__NAMES(function, state, domain_, ...) \
	int function(hf_store *store, const struct hf_names_args *args, unsigned flags, \
	             struct hf_name_page *out, struct hf_error *error) \
	{ \
		HF__CALL; \
		static const struct hf__names names = {.domain = (domain_), \
		                                       .by_name = offsetof(state, by_name), \
		                                       .root = offsetof(state, root), \
		                                       __VA_ARGS__}; \
		return hf__names_list(store, &names, args, flags, out, error); \
	} \
	_Static_assert(sizeof(state) > 0, "a complete type")
HF_CHECKED int hf__names_list(struct hf_store *store, const struct hf__names *names,
                              const struct hf_names_args *args, unsigned flags,
                              struct hf_name_page *out, struct hf_error *error);

#endif
