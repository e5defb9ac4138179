/* What the oracle of salvages knows of the whole store: salvaged.c alone. */
#ifndef TESTS_LIB_SALVAGED_KNOWN_H
#define TESTS_LIB_SALVAGED_KNOWN_H

#include "lib/salvaged/salvaged.h"
#include "lib/test.h"
#include "store/check/readonly.h"
#include "store/internal.h"

enum { SEGMENT = 32 << 10, FILES_MAX = 24, LOSSES_MAX = 64, BIG_MAX = 3000, STEPS = 300 };
#define KNOWN_NOW INT64_C(1795167000000000) /* 2026-11-20T09:30:00Z */

struct known_group {
	char file[HF__NAME_MAX];
	uint32_t from, to;
	uint64_t first, last;
	bool lost;
};

struct known_event {
	struct hf_event is;
	size_t group;
	/* Lost; or it concerns several objects of a container of which an entry before it is lost, so
	 * that it may not fit any more. */
	bool doubtful;
};

struct known_object {
	uint64_t lsn;
	uint8_t domain, kind;
	struct hf_bytes all, key[3]; /* of one entry of a dump: LSN, kind, body */
	unsigned parts;
};

struct objects {
	struct hf__writer dump;
	struct known_object *all;
	size_t count;
};

struct known_file {
	char name[SIM_NAME_MAX + 1];
	uint64_t size;
	uint8_t *bytes;
};

struct salvaged {
	enum salvaged_kind kind;
	struct sim *disk, *foreign, *past;
	struct hf__arena memory;
	struct known_file files[FILES_MAX];
	size_t file_count;
	struct known_group *groups;
	struct known_event *events;
	size_t group_count, event_count;
	struct objects whole;
	uint64_t last_lsn, snapshot_lsn;
	uint16_t epoch;
	struct salvaged_counts counts;
	/* of one judgement */
	char what[160];
	struct loss {
		char file[64];
		uint64_t first, last;
	} losses[LOSSES_MAX];
	size_t loss_count;
	bool clock_lost, snapshot_damaged;
};

hf_store *salvaged_open(struct sim *sim, bool create);
void salvaged_shut(hf_store *store);
struct objects salvaged_objects(hf_store *store);
void salvaged_objects_free(struct objects *objects);
/* The same object, with the same bytes; NULL: it is not in there. */
const struct known_object *salvaged_find(const struct objects *in, const struct known_object *o);

#endif
