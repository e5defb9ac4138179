/* What the simulated disk is made of: for tests/lib/sim_*.c alone. See sim_os.h for what it
 * promises.
 *
 * A sector is 512 bytes that never change, shared by any number of tables, files and disks by
 * reference count; NULL is a sector of zeros. A table is a file's sectors, shared as a whole and
 * copied when one of its holders changes it. So cloning a disk or making a crash image costs a
 * few references, and a table's hash is kept up to date as sectors are set. */
#ifndef TESTS_LIB_SIM_DISK_H
#define TESTS_LIB_SIM_DISK_H

#include "lib/sim/sim_os.h"

#include <pthread.h>
#include <stdatomic.h>

/* --- sim_table.c: memory, sectors, tables ----------------------------------------------------- */

void *sim_memory(size_t size); /* zeroed; aborts when there is none */
void *sim_grow(void *old, size_t *cap, size_t need, size_t item); /* the added part is not zeroed */
uint64_t sim_mix(uint64_t a, uint64_t b);

struct sector {
	atomic_uint refs;
	uint64_t hash;
	uint8_t data[SIM_SECTOR];
};

struct sector *sector_new(const uint8_t data[SIM_SECTOR]); /* NULL for zeros */
struct sector *sector_ref(struct sector *sector);
void sector_unref(struct sector *sector);
const uint8_t *sector_data(const struct sector *sector);

struct table {
	atomic_uint refs;
	uint64_t hash; /* the sum over all sectors of hash and place; 0 when all are zeros */
	size_t count;
	struct sector *sectors[];
};

/* A NULL table is all zeros. */
struct table *table_ref(struct table *table);
void table_unref(struct table *table);
struct sector *table_get(const struct table *table, size_t at); /* borrowed */
/* takes over the reference to `sector` */
void table_set(struct table **table, size_t at, struct sector *sector);
void table_cut(struct table **table, uint64_t size); /* zeros from `size` on */
uint64_t table_hash(const struct table *table);

/* --- sim_disk.c: files and what is pending in them -------------------------------------------- */

enum { VERSIONS_MAX = 64 }; /* of one sector: beyond it the second oldest goes */

/* One write's effect on one sector. `ghost`: its sync failed and dropped it; it may or may not
 * be stored, and no sync will tell. */
struct version {
	struct sector *content; /* of the whole sector, as the cache held it after the write */
	uint64_t write; /* number of the write call: pieces of one write share it */
	uint32_t at; /* sector number */
	uint16_t low, high; /* the bytes written */
	bool ghost;
};

struct resize {
	uint64_t size;
	uint64_t write;
	bool ghost;
};

struct file {
	struct table *view, *durable;
	uint64_t view_size, durable_size;
	struct version *versions; /* oldest first */
	size_t version_count, version_cap;
	struct resize *resizes; /* oldest first */
	size_t resize_count, resize_cap;
	uint8_t *counts; /* versions per sector */
	size_t counts_cap;
	uint64_t holes; /* bytes that take no room: at the end of the file */
	unsigned sync_failed; /* bits: openers that saw its sync fail */
};

void file_free(struct file *file);
struct file *file_clone(const struct file *file);
/* Writes into the cache. `write` numbers the call. */
void file_write(struct file *file, uint64_t at, const void *data, size_t len, uint64_t write);
size_t file_read(const struct file *file, uint64_t at, void *out, size_t len);
void file_extend(struct file *file, uint64_t size, uint64_t write);
void file_cut(struct file *file, uint64_t size); /* what reads see */
void file_cut_durable(struct file *file, uint64_t size);
/* makes durable what was written by calls <= up_to and is no ghost */
void file_sync(struct file *file, uint64_t up_to);
void file_sync_failed(struct file *file, bool drops, bool reads_old);
void file_evict(struct file *file);
/* Is anything pending that a sync would still have to store? */
bool file_dirty(const struct file *file);
/* `unit`: what a pending write endangers: 1, its own bytes; SIM_SECTOR or SIM_PAGE, all of those
 * that it touches. */
bool file_synced(const struct file *file, uint64_t at, uint64_t len, uint64_t unit);
/* Does this version rewrite just what is durable there? Then it can harm nothing. */
bool version_same(const struct file *file, const struct version *version);

/* --- sim_dir.c: names ------------------------------------------------------------------------- */

struct entry {
	char name[SIM_NAME_MAX + 1];
	uint32_t file;
};

struct dir {
	struct entry *entries; /* in name order */
	size_t count, cap;
};

enum op_kind { OP_CREATE, OP_RENAME, OP_UNLINK, OP_CUT };

struct op {
	enum op_kind kind;
	char from[SIM_NAME_MAX + 1], to[SIM_NAME_MAX + 1]; /* to: of a rename only */
	uint32_t file; /* created or renamed; unused for unlink */
	uint64_t seq; /* number of the call */
	uint64_t size; /* of a cut: what is left */
	bool ghost;
};

int name_check(const char *name); /* 0, EINVAL, ENAMETOOLONG */
struct entry *dir_find(const struct dir *dir, const char *name);
void dir_put(struct dir *dir, const char *name, uint32_t file);
void dir_remove(struct dir *dir, const char *name);
void dir_apply(struct dir *dir, const struct op *op);
void dir_copy(struct dir *to, const struct dir *from); /* `to` is empty or valid */
void dir_deinit(struct dir *dir);

/* --- The disk --------------------------------------------------------------------------------- */

struct handle {
	bool used, writable;
	unsigned opener;
	uint32_t file;
	char name[SIM_NAME_MAX + 1];
};

struct opener {
	struct sim *sim;
	unsigned number;
	struct hf__os os;
	bool dir_sync_failed;
};

enum { HANDLES_MAX = 4096, FAULTS_MAX = 8 };

struct fault {
	struct sim_fault what;
	uint64_t seen;
};

/* What a checkpoint keeps and a rollback brings back. */
struct disk {
	struct file **files; /* by number; NULL where free */
	size_t file_count, file_cap;
	struct dir view, durable;
	struct op *ops; /* oldest first */
	size_t op_count, op_cap;
	/* what used to be at each place of some file, for lost sectors to show again */
	struct table *stale;
	uint64_t version;
};

struct plan; /* sim_crash.c */

struct sim {
	struct disk disk;
	struct disk saved;
	bool has_saved;
	struct sim_profile profile;
	uint64_t seed, rng, boot;
	int64_t now_us, ticks_ns, boot_us;
	uint64_t capacity;
	bool copies;
	uint64_t bytes_read;
	unsigned sync_delay_us;
	bool forked, unsafe;
	struct opener openers[SIM_OPENERS];
	int lock_owner; /* -1: free */
	struct handle *handles;
	size_t handle_count, handle_cap;
	sim_observer observer;
	void *observer_arg;
	uint64_t calls;
	struct fault faults[FAULTS_MAX];
	size_t fault_count;
	uint64_t fault_hits;
	struct sim_broken broken;
	uint64_t versions; /* source of disk.version: never repeats on one sim */
	uint64_t writes; /* numbers of calls that change something */
	struct plan *plan; /* of the version it was made for */
	pthread_mutex_t mutex; /* recursive: the observer calls back */
	pthread_cond_t lock_free;
};

void sim_enter(struct sim *sim);
void sim_leave(struct sim *sim);
uint64_t sim_random64(struct sim *sim);
void sim_changed(struct sim *sim); /* gives the disk a new version */

void disk_copy(struct disk *to, const struct disk *from); /* `to` is zeroed */
void disk_deinit(struct disk *disk);
/* sim_machine.c: an empty machine */
struct sim *sim_blank(struct sim_profile profile, uint64_t seed);
void sim_inherit(struct sim *to, const struct sim *from); /* clocks and counters, not the disk */
uint32_t disk_add(struct disk *disk, struct file *file); /* its number */
struct file *disk_file(const struct disk *disk, uint32_t number);
void disk_sweep(struct sim *sim); /* frees the files that nothing stands for any more */
struct op *disk_op(struct sim *sim, enum op_kind kind, const char *from, const char *to,
                   uint32_t file);
void disk_sync_dir(struct disk *disk, uint64_t up_to);
void plan_free(struct plan *plan);

/* --- sim_os.c and sim_io.c: the seam ---------------------------------------------------------- */

/* What a call is told before it works. `error` 0: go on as usual. */
struct verdict {
	int error;
	bool falsely;
	size_t prefix;
};

void opener_init(struct sim *sim, unsigned number); /* fills the table of functions */
/* Begins every call but the clocks: takes the mutex, tells the observer, asks the faults. */
struct verdict call_enter(struct sim *sim, enum sim_call kind, const char *name);
int call_leave(struct sim *sim, int err);
void sync_pause(struct sim *sim); /* takes the time of a sync, without the mutex */
uint32_t file_make(struct sim *sim, const char *name); /* an empty file; its entry is pending */

int io_open(void *ctx, const char *name, unsigned flags, int *out);
int io_close(void *ctx, int number);
int io_read(void *ctx, int number, void *buffer, size_t len, uint64_t at, size_t *got);
int io_write(void *ctx, int number, const void *data, size_t len, uint64_t at);
int io_sync(void *ctx, int number);
int io_size(void *ctx, int number, uint64_t *out);
int io_allocate(void *ctx, int number, uint64_t size);
int io_punch(void *ctx, int number, uint64_t at, uint64_t len);
int io_room(void *ctx, uint64_t *out);

#endif
