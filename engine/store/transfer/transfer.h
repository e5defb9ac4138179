/* What export, import and check of a snapshot file have in common. */
#ifndef HF_STORE_TRANSFER_H
#define HF_STORE_TRANSFER_H

#include "holdfast/transfer.h"
#include "os/parent.h"
#include "store/snapshot/cut.h"

/* What a snapshot says of itself. */
struct hf_snapshot_file hf__facts_of(const struct hf__snapshot_header *header, uint64_t entries,
                                     uint64_t bytes);

/* --- Progress --------------------------------------------------------------------------------- */

struct hf__meter {
	hf_progress_fn fn; /* NULL: not asked for */
	void *ctx;
	uint64_t done, total;
	uint64_t told; /* `done` when it was told last */
};
void hf__meter_add(struct hf__meter *meter, uint64_t bytes);
void hf__meter_end(struct hf__meter *meter);

/* --- Files ------------------------------------------------------------------------------------ */

/* A file of the seam that is written from front to end, synced now and then, so that the log's
 * flushes do not wait for all of it. */
struct hf__file_sink {
	const struct hf__os *os;
	int file;
	uint64_t written, synced;
	struct hf__meter *meter;
};
struct hf__snapshot_sink hf__sink_of(struct hf__file_sink *sink);

/* A source that counts what is read of another one. */
struct hf__metered {
	struct hf__snapshot_source of;
	struct hf__meter *meter;
};
struct hf__snapshot_source hf__metered_source(struct hf__metered *metered);

struct hf__file_source {
	const struct hf__os *os;
	int file;
};
struct hf__snapshot_source hf__file_source_of(struct hf__file_source *source, uint64_t size);

/* Reads the file `name` whole, and verifies it (I-EXPORT-2). HF_OK, HF_EIO (also for
 * what is not as it was written), HF_ENOMEM. */
HF_CHECKED int hf__read_back(const struct hf__os *os, const char *name, struct hf__meter *meter,
                             const char *what, struct hf_error *error);

/* A store's directory holds its own files alone: nothing is made in the directory of `os` if a
 * store lies there, perhaps in the place of one of its files. HF_OK, or HF_EACCESS with a sentence
 * that begins with `failed`. */
HF_CHECKED int hf__outside_stores(const struct hf__os *os, const char *failed,
                                  struct hf_error *error);

/* ".NAME.WORD-" and 16 digits: of what is being made beside NAME. */
#define HF__BESIDE_DIGITS 16u
void hf__beside_prefix(const char *name, const char *word, char out[HF__PARENT_NAME_MAX]);
bool hf__beside_is(const char *prefix, const char *name);
/* A new name. An errno value, of the machine's randomness. */
HF_CHECKED int hf__beside_name(const struct hf__os *os, const char *prefix,
                               char out[HF__PARENT_NAME_MAX]);

/* --- Export ----------------------------------------------------------------------------------- */

HF_CHECKED int hf__export(struct hf_store *store, const struct hf__parent *parent, const char *name,
                          const struct hf_export_options *options, struct hf_snapshot_file *out,
                          struct hf_error *error);
/* In one pass, wherever to. `os_errno` of the sink is told. */
HF_CHECKED int hf__export_to(struct hf_store *store, struct hf__snapshot_sink sink,
                             struct hf_snapshot_file *facts, struct hf_error *error);

#endif
