/* The migration domain's insides, shared by the files of migration/ alone.
 *
 *   migration.c  the row: objects, entries, apply, snapshot, verify
 *   run.c        mutations, hf_migrate
 *   read.c       lists
 *
 * There are few of them, so two orders are all the indexes: by name, to find one; by the LSN
 * that recorded it, to tell in which order they were applied. An object never changes while it
 * lives. */
#ifndef HF_DOMAINS_MIGRATION_STATE_H
#define HF_DOMAINS_MIGRATION_STATE_H

#include "holdfast/migration.h"
#include "log/entry.h"
#include "object/index.h"
#include "store/domain.h"

struct hf__migration_state {
	struct hf__object root; /* the container of all; never changes itself */
	struct hf__index by_name;
	struct hf__index by_lsn;
};

struct hf__migration_value {
	uint64_t version;
	int64_t applied_at;
	uint64_t checksum; /* of what it did, by the caller; 0 without has_checksum */
	bool has_checksum;
};

struct hf__migration {
	struct hf__object object; /* container: the root */
	struct hf__migration_state *state;
	struct hf__migration_value value;
	uint16_t len;
	uint8_t name[];
};

/* On disk: never renumber. */
enum hf__migration_kind { HF__MIGRATION_APPLIED = 1, HF__MIGRATION_FORGOTTEN = 2 };
enum hf__migration_cause {
	HF__MIGRATION_STATE = 0, /* from a snapshot */
	HF__MIGRATION_APPLY = 1, /* with its effect */
	HF__MIGRATION_RECORD = 2, /* the name alone */
	HF__MIGRATION_CAUSES = 3,
};

void hf__migration_put_applied(struct hf__writer *w, enum hf__migration_cause cause,
                               struct hf_bytes name, const struct hf__migration_value *value);
void hf__migration_put_forgotten(struct hf__writer *w, struct hf_bytes name);

struct hf__migration *hf__migration_find(const struct hf__migration_state *state,
                                         struct hf_bytes name);
struct hf_bytes hf__migration_name(const struct hf__migration *migration);
/* The first one that was recorded after `lsn`, or NULL. */
struct hf__migration *hf__migration_after(const struct hf__migration_state *state, uint64_t lsn);

#endif
