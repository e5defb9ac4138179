/* Whole stores as one file: export, import, and the check of such a file.
 *
 * A file holds the state at one LSN, compressed and with checksums over every byte. Exports of one
 * state are equal byte for byte, but for the first 512 bytes, which name the store; so is what is
 * exported from a store that a file was imported to. What belongs to a store alone (its log, its
 * content key) is not in it. */
#ifndef HOLDFAST_TRANSFER_H
#define HOLDFAST_TRANSFER_H

#include "holdfast/types.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What a file says about itself. */
struct hf_snapshot_file {
	size_t size; /* types.h */
	/* of the store that it was exported from; of the new one after an import */
	uint8_t uuid[16];
	uint16_t epoch;
	bool exported; /* false: it is a snapshot out of a store's directory */
	hf_lsn lsn; /* of the last entry that it holds the effect of; 0: the state is empty */
	hf_time clock; /* of that entry, as the store's clock showed it; HF_UNSET: there is none */
	uint64_t entries;
	uint64_t bytes; /* of the file */
};

/* --- Export ----------------------------------------------------------------------------------- */

struct hf_export_options {
	size_t size; /* types.h */
	bool replace; /* a file of that name goes; else that is HF_ECONFLICT */
	hf_progress_fn progress; /* may be NULL */
	void *ctx; /* for it */
};

/* Writes the state as it is now to file `path`, while writers go on, and returns when the file is
 * durable. It is written beside under another name (0600), synced, read back and verified, and then
 * renamed: there is a whole file of that name, or it is as before. *out (nullable) says what is in
 * it. A handle of hf_open_read() will do: so another process exports a store that is in use; it
 * takes memory for the bodies of all objects. It waits while this handle takes a snapshot or
 * compacts. Errors: HF_ECANCELED (the store is being closed), HF_ECONFLICT (a file of that name is
 * there), HF_EACCESS (no such directory, no permission, an odd path, the directory is a store),
 * HF_ENOSPACE, HF_ENOMEM, HF_EIO, HF_ECORRUPT (a payload of the store is damaged), HF_EINVAL,
 * HF_ELAGGED: nothing was done. HF_EUNCERTAIN (the log or the directory could not be synced),
 * HF_EFAILED, HF_EFORK. Thread-safe. */
HF_API HF_CHECKED int hf_export(hf_store *store, const char *path,
                                const struct hf_export_options *options,
                                struct hf_snapshot_file *out, struct hf_error *error);

/* The same to a descriptor: a pipe, a socket, a file behind its present position. Written from
 * front to end and, if it is a file, synced; not read back. After a failure the reader has part of
 * a file, which nothing takes for a whole one. Waits as long as the reader does not read; the store
 * cannot be closed meanwhile. `fd` stays the caller's; SIGPIPE is not raised. HF_EIO with
 * os_errno EPIPE: the reader went away. */
HF_API HF_CHECKED int hf_export_fd(hf_store *store, int fd, const struct hf_export_options *options,
                                   struct hf_snapshot_file *out, struct hf_error *error);

/* --- Check ------------------------------------------------------------------------------------ */

struct hf_verify_options {
	size_t size; /* types.h */
	/* bytes of entries once decompressed; 0: 64 MiB and 1,000 times the file */
	uint64_t max_bytes;
	hf_progress_fn progress; /* may be NULL */
	void *ctx; /* for it */
};

/* Would an import take this file? Reads every byte, decodes every entry and payload and checks
 * every rule of every domain; writes nothing. Takes the memory of the state. *out (nullable) is
 * filled if so. Errors: HF_ECORRUPT (error->file and offset say where), HF_EVERSION (then *out has
 * uuid and epoch), HF_ETOOBIG, HF_EACCESS (no such file), HF_EIO, HF_ENOMEM, HF_EINVAL. */
HF_API HF_CHECKED int hf_verify_snapshot(const char *path, const struct hf_verify_options *options,
                                         struct hf_snapshot_file *out, struct hf_error *error);

/* --- Import ----------------------------------------------------------------------------------- */

struct hf_import_options {
	size_t size; /* types.h */
	bool replace; /* the store in the directory goes, in one step; else that is HF_ECONFLICT */
	bool allow_unsafe_fs; /* as in hf_options */
	uint16_t epoch_above; /* the new epoch is greater than this, too */
	/* of the new store, as in hf_options; 0: as the replaced store has them, else the defaults */
	uint32_t segment_size;
	uint32_t pad;
	int64_t wait_us; /* how long to wait for the lock of the store that goes; -1: forever */
	uint64_t max_size; /* bytes of a file that comes through a pipe; 0: 64 GiB */
	/* bytes of entries once decompressed; 0: 64 MiB and 1,000 times the file */
	uint64_t max_bytes;
	hf_progress_fn progress; /* may be NULL */
	void *ctx; /* for it */
};

/* Makes a store out of a file: in `directory`, which must not exist or be empty, in a directory
 * that does. All of the file is verified first; the store is built beside under another name and
 * put in its place by one rename: a failure or a crash leaves the target as it was, and what it
 * left behind is removed by the next import there. The new store has a uuid of its own and an epoch
 * above those of the file, of the store that goes, and of epoch_above; LSNs go on from the file's.
 * What was held without a lease is held no longer. *out (nullable) describes the new store.
 *
 * With `replace` the lock of the store that goes is taken, and the two directories are exchanged in
 * one step. HF_ECONFLICT: the directory holds something that is no part of a store, or the file
 * system cannot exchange names.
 *
 * Errors: HF_ECORRUPT (error->offset says where in the file), HF_EVERSION, HF_ETOOBIG (a bound, or
 * no epoch is left above: 65,535 is the greatest), HF_ECONFLICT (the target is not empty),
 * HF_ELOCKED (the store that goes is open), HF_EACCESS, HF_EUNSAFEFS, HF_ENOSPACE, HF_ENOMEM,
 * HF_EIO, HF_EINVAL: the target is as it was. HF_EUNCERTAIN: it is as it was or whole. */
HF_API HF_CHECKED int hf_import(const char *path, const char *directory,
                                const struct hf_import_options *options,
                                struct hf_snapshot_file *out, struct hf_error *error);

/* The same from a descriptor. What cannot be read at any place (a pipe) is read to its end and kept
 * in a file without a name beside the target meanwhile. `fd` stays the caller's. */
HF_API HF_CHECKED int hf_import_fd(int fd, const char *directory,
                                   const struct hf_import_options *options,
                                   struct hf_snapshot_file *out, struct hf_error *error);

#ifdef __cplusplus
}
#endif

#endif
