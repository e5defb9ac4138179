/* What the verbs of all domains share. Job: the forms that several domains ask for, and guards,
 * which change nothing and let a transaction stand only if an object is as expected. Happy path:
 * the verb runs. Failure modes: HF_EINVAL with the reason. A guard without a transaction has
 * nothing to guard, and one of a version needs one to expect: both are refused as a matter of
 * form. */
#ifndef HF_DOMAINS_VERB_H
#define HF_DOMAINS_VERB_H

#include <stddef.h>

#include "base/text.h"
#include "store/domain.h"

/* --- Form ------------------------------------------------------------------------------------- */

/* Of what concerns no single object: it expects no version. */
int hf__check_unversioned(const struct hf_write *write, struct hf__text *why);

/* --- Public ----------------------------------------------------------------------------------- */

/* Defines a public mutation: its arguments are struct hf_<args>, whose table is hf__api_<args>;
 * `run` is one of the functions below; then what is left of its struct hf__verb, name and domain
 * first:
 *	HF__MUTATION(hf_lock_put, lock_put_args, hf__run, "lock put", HF__DOMAIN_LOCK,
 *	             .check = put_check, .decide = put_decide);
 */
#define HF__MUTATION(function, args_tag, run, ...) \
	int function(hf_store *store, hf_txn *txn, const struct hf_##args_tag *args, \
	             struct hf_result *result, struct hf_error *error) \
	{ \
		HF__CALL; \
		static const struct hf__verb verb = {__VA_ARGS__, .takes = &hf__api_##args_tag}; \
		if (!hf__is_today(verb.takes, args)) \
			return hf__run_taken(run, store, txn, &verb, args, result, error); \
		return run(store, txn, &verb, args, result, error); \
	} \
	HF__ARGS_BEGIN_WELL(struct hf_##args_tag)

/* What a mutation is given begins as struct hf__args does. */
#define HF__ARGS_BEGIN_WELL(type) \
	_Static_assert(offsetof(type, size) == offsetof(struct hf__args, size) && \
	                   offsetof(type, write) == offsetof(struct hf__args, write), \
	               "it begins as struct hf__args does")

/* What the result says of one object that was changed; 0: it has no version any more. */
static inline void hf__changed(struct hf_result *result, uint64_t version)
{
	result->changed = true;
	result->count = 1;
	result->version = version;
}

/* --- Running ---------------------------------------------------------------------------------- */

/* hf__mutate() for verbs without an answer; the arguments begin as struct hf__args does. */
HF_CHECKED static inline int hf__run(hf_store *store, hf_txn *txn, const struct hf__verb *verb,
                                     const void *args, struct hf_result *result,
                                     struct hf_error *error)
{
	return hf__mutate(store, txn, verb, args, result, NULL, error);
}

/* As `run` does, by arguments that are not as they are today. */
typedef int (*hf__run_fn)(hf_store *store, hf_txn *txn, const struct hf__verb *verb,
                          const void *args, struct hf_result *result, struct hf_error *error);
HF_CHECKED int hf__run_taken(hf__run_fn run, hf_store *store, hf_txn *txn,
                             const struct hf__verb *verb, const void *args,
                             struct hf_result *result, struct hf_error *error);

/* What concerns no single object: refused if it expects a version. */
HF_CHECKED int hf__run_unversioned(hf_store *store, hf_txn *txn, const struct hf__verb *verb,
                                   const void *args, struct hf_result *result,
                                   struct hf_error *error);
/* In a transaction, what might wait without one: refused if it would. */
HF_CHECKED int hf__run_at_once(hf_store *store, hf_txn *txn, const struct hf__verb *verb,
                               const void *args, int64_t wait_us, struct hf_result *result,
                               struct hf_error *error);

/* Guards an object's version: args->write.expect. The verb's check has only the key to look at. */
HF_CHECKED int hf__guard_version(hf_store *store, hf_txn *txn, const struct hf__verb *verb,
                                 const void *args, struct hf_result *result,
                                 struct hf_error *error);
/* Guards by a token, with or without a version. */
HF_CHECKED int hf__guard_token(hf_store *store, hf_txn *txn, const struct hf__verb *verb,
                               const void *args, struct hf_result *result, struct hf_error *error);

#endif
