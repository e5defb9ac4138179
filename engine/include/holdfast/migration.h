/* Migrations of the caller's own data: changes of everything that is in a store, each made
 * exactly once in its life.
 *
 * A migration has a name and a callback that fills a transaction. The store remembers the names
 * of those that were applied; a name is recorded in the same transaction as the effect, so
 * neither is ever there without the other.
 *
 * What holds for every call, and which errors any of them may answer, stands in store.h. Two
 * hf_migrate() at once on one store apply each migration once. */
#ifndef HOLDFAST_MIGRATION_H
#define HOLDFAST_MIGRATION_H

#include "holdfast/types.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Fills the transaction with what the migration does; it may read the store. It neither commits
 * nor abandons the transaction. Anything but HF_OK ends hf_migrate() with that code and with
 * what it wrote into *error (never NULL). Called outside every lock. */
typedef int (*hf_migration_fill_fn)(void *ctx, hf_store *store, hf_txn *txn,
                                    struct hf_error *error);

struct hf_migration {
	struct hf_bytes name; /* 1 to HF_KEY_MAX bytes, none of them NUL; forever the same */
	hf_migration_fill_fn fill; /* NULL: nothing but the name is recorded */
	void *ctx;
	/* With has_checksum: a checksum of what it does, by whatever the caller likes. It is kept
	 * beside the name; applied with another one the whole list is HF_ECONFLICT. Without on
	 * either side nothing is compared. */
	bool has_checksum;
	uint64_t checksum;
};

struct hf_migrated {
	size_t size; /* types.h */
	size_t applied; /* by this call */
	size_t skipped; /* applied before, or by another caller meanwhile */
	/* On failure: applied + skipped is the index of the one that failed. */
};

/* Applies, in the order of the list, those that were not applied yet, each in a durable
 * transaction of its own. The first failure ends it: the store is as before that one, those
 * before it stay applied, error->text begins with its name, and error->operation is the index of
 * the operation that its callback added. Before anything is done: HF_EINVAL for a name that
 * breaks the rules or comes twice; HF_ECONFLICT for a list that ends before what was applied
 * (all of it is applied, as an empty one always is, and the newest of all that were applied is
 * not in it), and for one in which any name was applied with another checksum. *out (nullable)
 * is filled in every case. */
HF_API HF_CHECKED int hf_migrate(hf_store *store, const struct hf_migration *list, size_t count,
                                 struct hf_migrated *out, struct hf_error *error);

/* --- Names without effect --------------------------------------------------------------------- */

struct hf_migration_record_args {
	size_t size; /* types.h */
	struct hf_write write;
	struct hf_bytes name;
	hf_time applied_at; /* not given: now */
	bool has_checksum; /* as in hf_migration */
	uint64_t checksum;
};

/* Records a migration as applied without doing anything: for an import, and for a store that
 * came to be as it is by other means. changed = false when it was applied already; HF_ECONFLICT:
 * with another checksum. */
HF_API HF_CHECKED int hf_migration_record(hf_store *store, hf_txn *txn,
                                          const struct hf_migration_record_args *args,
                                          struct hf_result *result, struct hf_error *error);

struct hf_migration_forget_args {
	size_t size; /* types.h */
	struct hf_write write;
	struct hf_bytes name;
};

/* Forgets that it was applied, so that hf_migrate() applies it again; its effects stay.
 * HF_ENOTFOUND. */
HF_API HF_CHECKED int hf_migration_forget(hf_store *store, hf_txn *txn,
                                          const struct hf_migration_forget_args *args,
                                          struct hf_result *result, struct hf_error *error);

struct hf_migration_guard_args {
	size_t size; /* types.h */
	struct hf_write write; /* expect must not be 0 */
	struct hf_bytes name;
};

/* Writes nothing; aborts the transaction with HF_ECONFLICT unless the name was recorded at
 * version write.expect (HF_ABSENT: was not). HF_EINVAL without a transaction. */
HF_API HF_CHECKED int hf_migration_guard(hf_store *store, hf_txn *txn,
                                         const struct hf_migration_guard_args *args,
                                         struct hf_result *result, struct hf_error *error);

/* --- What was applied ------------------------------------------------------------------------- */

/* Was it applied? */
HF_API HF_CHECKED int hf_migration_applied(hf_store *store, struct hf_bytes name, unsigned flags,
                                           bool *out, struct hf_error *error);

struct hf_migration_entry {
	struct hf_bytes name;
	hf_time applied_at;
	bool has_checksum;
	uint64_t checksum; /* 0 without has_checksum */
	hf_lsn version; /* of the entry that recorded it */
};

struct hf_migration_list_args {
	size_t size; /* types.h */
	size_t limit; /* names of a page; 0: all */
	const char *page; /* `next` of the page before; NULL: the first page */
	hf_lsn after; /* begins behind this `version` (types.h), if given */
};

struct hf_migration_page {
	size_t size; /* types.h */
	const struct hf_migration_entry *items;
	size_t count;
	const char *next; /* token of the next page, NULL at the end */
	struct hf_memory *memory; /* free it with hf_release() */
};

/* What was applied, in the order in which it was. *out is zeroed on failure. HF_EINVAL for a
 * damaged `page` or one of another query. `args` may be NULL. */
HF_API HF_CHECKED int hf_migration_list(hf_store *store, const struct hf_migration_list_args *args,
                                        unsigned flags, struct hf_migration_page *out,
                                        struct hf_error *error);

#ifdef __cplusplus
}
#endif

#endif
