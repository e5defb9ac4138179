/* A simulated disk: the seam of os/os.h over memory, which knows what a read sees and what a
 * power loss may leave.
 *
 * Every file has a view (what reads see: the page cache), a durable state (what storage holds
 * for certain) and the writes pending in between, sector by sector. A crash image is the durable
 * state plus any legal choice among what is pending. Making one does not disturb the running
 * disk, and costs about as much as the sectors it chooses: all content is shared, nothing is
 * copied.
 *
 * struct sim *sim = sim_new(sim_profile_weak(), seed); sim_observe(sim, at_each_call, &sweep);
 *       // called before every seam call: enumerate crash images there ... run a workload over
 * sim_os(sim) ... sim_each_crash(sim, NULL, open_and_compare, &sweep); sim_free(sim);
 *
 * Sectors are 512 bytes. A pending write of several sectors is several pending sectors; several
 * writes of one sector are several versions of one pending sector (version n is the whole sector
 * as the cache held it after the n-th of them).
 *
 * Assumed of every disk, hostile or not: a write of exactly the bytes that are durable there
 * already cannot change them, not even torn or lost. Recovery (rule R7) writes the same bytes
 * again before it serves them and rests on this.
 *
 * Not modelled: links; several directories: sim_parent.h. A file that is cut is cut at once for
 * readers; until the directory is synced a crash may bring the rest back. Memory comes from malloc,
 * not from base/mem.h, so that allocation faults hit the engine alone; out of memory in here
 * aborts. */
#ifndef TESTS_LIB_SIM_OS_H
#define TESTS_LIB_SIM_OS_H

#include "os/os.h"

enum {
	SIM_SECTOR = 512,
	SIM_PAGE = 4096,
	SIM_NAME_MAX = 63, /* longer names are ENAMETOOLONG */
	SIM_OPENERS = 4,
};

/* What this disk may do beyond the friendliest one; a zeroed profile is a disk that keeps all it
 * was given, in order. */
struct sim_profile {
	/* any subset of the unsynced sectors survives, in any order; off: a prefix of whole writes */
	bool m1_subsets;
	/* What a lost sector may hold instead of its old content. Without pad_hostile only inside
	 * the bytes that were being written. */
	bool m1_lost_zero;
	bool m1_lost_garbage;
	/* bytes of a removed file or of an overwritten version at the same position */
	bool m1_lost_stale;
	/* a lost sector is trashed as a whole, with synced bytes in it; for stores with pad 512 */
	bool pad_hostile;
	/* ... and with it the whole page of 4 KiB that it lies in; for stores with pad 4096 */
	bool page_hostile;
	/* data may survive without the size that covers it: any size since the last sync */
	bool m2_size_lag;
	/* sync of a file says nothing about its directory entry; off: it makes all earlier entries
	 * durable */
	bool m3_entry_apart;
	bool m4_dir_subsets; /* any subset of the directory changes survives; off: a prefix */
	bool m4_rename_early; /* a rename may survive where the file's data does not */
	bool m5_size_early; /* a size may survive without the data: zeros up to it */
	/* a failed sync makes the bytes clean: not stored, and a later sync says 0 and stores
	 * nothing of them */
	bool m6_sync_drops;
	bool m6_reads_old; /* ... and reads see the old bytes from then on; off: the new ones */
	/* an injected false failure really does its work; off: it is a real one */
	bool m7_false_failure;
	bool m8_short_write; /* a failed write leaves a prefix; off: nothing */
	bool m9_dir_sync_drops; /* as m6, for sync_dir */
	/* allocate() answers 0 and does nothing, as file systems do that cannot promise room */
	bool no_allocate;
	/* sync and sync_dir answer 0 and store nothing for certain: outside the contract, for
	 * detection tests */
	bool m10_lies;
};

struct sim_profile sim_profile_strict(void); /* nothing: all switches off */
/* like ext4 and XFS: m1_subsets, lost_zero, m2, m5, m6, m7, m8, m9, m4_rename_early */
struct sim_profile sim_profile_ordered(void);
/* the weakest legal file system: M1 to M9, powersafe overwrite kept */
struct sim_profile sim_profile_weak(void);
struct sim_profile sim_profile_hostile(void); /* weak, and pad_hostile */
struct sim_profile sim_profile_forgetful(void); /* weak, and m6_reads_old */
struct sim_profile sim_profile_pages(void); /* hostile, and page_hostile: a disk of 4 KiB blocks */

struct sim;

struct sim *sim_new(struct sim_profile profile, uint64_t seed);
void sim_free(struct sim *sim); /* NULL is fine */
/* an exact copy, pending and all; without openings, locks, faults and observer. Cheap */
struct sim *sim_clone(struct sim *sim);
/* from now on; what is pending stays pending */
void sim_set_profile(struct sim *sim, struct sim_profile profile);

/* The seam. Each opener stands for another process (or another opening in this one): it has its
 * own lock and open files. */
struct hf__os *sim_os(struct sim *sim); /* opener 0 */
struct hf__os *sim_opener(struct sim *sim, unsigned which); /* which < SIM_OPENERS */

/* --- The machine ------------------------------------------------------------------------------ */

/* What the boot-time clock shows after each boot. */
#define SIM_BOOTED_US INT64_C(20000000)

/* The wall clock and the boot-time clock stand still until told; the monotonic one also moves 1
 * microsecond at each reading, so that no wait for a moment is endless. */
void sim_set_now(struct sim *sim, int64_t now_us); /* the wall clock alone: somebody sets it */
void sim_advance(struct sim *sim, int64_t us); /* all clocks: time passes */
/* the machine sleeps so long: the monotonic clock stands meanwhile */
void sim_suspend(struct sim *sim, int64_t us);

/* kill -9 of everything: open files and locks go, the page cache and the boot id stay. */
void sim_kill(struct sim *sim);
/* The same of one process. */
void sim_kill_one(struct sim *sim, unsigned which);
/* An orderly restart of the machine: what is dirty is stored, what a failed sync had dropped is
 * not; a new boot id. */
void sim_reboot(struct sim *sim);
/* Memory pressure: clean pages leave the cache. Reads no longer see what a failed sync had
 * dropped. */
void sim_evict(struct sim *sim);
void sim_set_forked(struct sim *sim, bool forked);
void sim_set_safe(struct sim *sim, bool safe); /* true at first */
/* of all files together; a write beyond it is ENOSPC. 0: no limit */
void sim_set_capacity(struct sim *sim, uint64_t bytes);
/* Writing copies: bytes that are there already need room too, in blocks of 4 KiB, which is free
 * again at once. */
void sim_set_copies(struct sim *sim, bool copies);
uint64_t sim_used(struct sim *sim); /* bytes of all files that have a name */
uint64_t sim_bytes_read(struct sim *sim); /* by all reads so far */
/* Real time that each sync takes, without the disk's mutex: what is written meanwhile is not
 * covered by it. */
void sim_set_sync_delay(struct sim *sim, unsigned us);

/* --- Watching calls and making them fail ------------------------------------------------------ */

enum sim_call {
	SIM_OPEN = 1 << 0,
	SIM_CLOSE = 1 << 1,
	SIM_READ = 1 << 2,
	SIM_WRITE = 1 << 3,
	SIM_SYNC = 1 << 4,
	SIM_SIZE = 1 << 5,
	SIM_RENAME = 1 << 6,
	SIM_UNLINK = 1 << 7,
	SIM_SYNC_DIR = 1 << 8,
	SIM_LIST = 1 << 9,
	SIM_LOCK = 1 << 10,
	SIM_UNLOCK = 1 << 11,
	SIM_RANDOM = 1 << 12,
	SIM_BOOT_ID = 1 << 13,
	SIM_SAFE = 1 << 14,
	SIM_CUT = 1 << 15,
	SIM_ALLOCATE = 1 << 16,
	SIM_ROOM = 1 << 17,
	SIM_PUNCH = 1 << 18,
	/* of directories in a directory: sim_parent.h */
	SIM_MAKE_DIR = 1 << 19,
	SIM_REMOVE_DIR = 1 << 20,
	SIM_MOVE_DIR = 1 << 21,
	SIM_EXCHANGE = 1 << 22,
	SIM_ENTER = 1 << 23,
	SIM_LINK = 1 << 24,
	SIM_CLONE = 1 << 25,
	SIM_ALL_CALLS = (1 << 26) - 1,
	/* Those that change what a crash leaves. */
	SIM_CHANGES = SIM_OPEN | SIM_WRITE | SIM_SYNC | SIM_RENAME | SIM_UNLINK | SIM_SYNC_DIR |
	              SIM_LOCK | SIM_CUT | SIM_ALLOCATE | SIM_PUNCH | SIM_MAKE_DIR | SIM_REMOVE_DIR |
	              SIM_MOVE_DIR | SIM_EXCHANGE,
};
const char *sim_call_name(enum sim_call kind);

/* Called before every seam call (clocks and forked() are none), under the disk's mutex: other
 * threads' calls wait. `name` is the file's name at its opening ("" for calls without one). It
 * may use any function of this header on `sim` — sim_each_crash above all — and run stores on
 * other disks; it must not call the seam of `sim` itself. */
typedef void (*sim_observer)(void *arg, struct sim *sim, uint64_t index, enum sim_call kind,
                             const char *name);
void sim_observe(struct sim *sim, sim_observer observer, void *arg); /* NULL: off */
uint64_t sim_calls(struct sim *sim); /* seam calls so far; the index of the next one */
/* moves whenever the set of possible crash images may have changed */
uint64_t sim_version(struct sim *sim);

struct sim_fault {
	unsigned kinds; /* of enum sim_call, or-ed */
	const char *name; /* only calls on files whose name begins so; NULL: all. Not copied */
	uint64_t nth; /* the nth matching call from now on: 1 is the next. 0 is taken as 1 */
	int error;
	bool persistent; /* that call and all matching ones after it; else that one only */
	bool falsely; /* M7: the work is done, the answer is the error */
	/* M8: bytes of a failed write that are in the cache; SIZE_MAX (or too many): half of them */
	size_t prefix;
};
void sim_add_fault(struct sim *sim, struct sim_fault fault); /* up to 8; adding more aborts */
void sim_clear_faults(struct sim *sim);
/* failures injected since the last clear; refusals for capacity are not counted */
uint64_t sim_fault_hits(struct sim *sim);

/* --- What a power loss may leave -------------------------------------------------------------- */

struct sim_pending {
	size_t sectors; /* sectors with unsynced versions */
	size_t versions; /* of all of them */
	size_t sizes; /* files whose size is not durable */
	size_t dir_ops; /* unsynced creations, renames, unlinks */
};
struct sim_pending sim_pending(struct sim *sim);

/* Picks for sectors: 0 is the old content, n the n-th version, or one of these. */
enum { SIM_PICK_ZERO = 0xF0, SIM_PICK_GARBAGE, SIM_PICK_STALE, SIM_PICK_NEWEST };
/* Picks for sizes: 0 is the durable size, n the n-th after it, or what the surviving data needs,
 * or the last. */
enum { SIM_SIZE_FITS = 0xF0, SIM_SIZE_NEWEST };

/* One crash state. The arrays are as long as sim_pending says, sectors and entries in the order
 * in which they were first changed, sizes file by file; sim_describe tells which is which. NULL
 * means: all sectors or changes survived, sizes are what the surviving data needs. */
struct sim_choice {
	const uint8_t *sectors;
	const uint8_t *sizes;
	/* 0 or 1. Creating a name anew brings along the change that had freed it */
	const uint8_t *dir_ops;
	uint64_t salt; /* of the garbage */
};

/* The machine after a power loss: a new disk, nothing pending, a new boot id, the clocks and
 * profile of the old one. NULL when the profile does not allow this choice. */
struct sim *sim_crash(struct sim *sim, const struct sim_choice *choice);

/* What kind of image it is, to count kinds of damage. */
struct sim_shape {
	/* sectors: newest version; an older one or none; zeros, garbage, stale */
	unsigned kept, lost, trashed;
	unsigned dir_kept, dir_lost;
	bool torn; /* of one write some sectors survived, others did not */
	bool reordered; /* a sector survived whose write came after the write of a lost one */
	bool size_short, size_long; /* a file's size is less, is more than its surviving data needs */
};

struct sim_limits {
	unsigned exhaustive; /* up to this many unsynced sectors: every subset. Default 10 */
	size_t product; /* most images of one exhaustive walk. Default 4096 */
	size_t samples; /* random choices beyond what is walked in order. Default 64 */
	uint64_t salt; /* varies samples and garbage */
};

/* Return non-zero to end the walk. `image` is the walk's own: clone it to keep it; opening and
 * changing it is fine. */
typedef int (*sim_each)(void *arg, struct sim *image, const struct sim_shape *shape);

/* Walks distinct crash images of this moment. Up to limits->exhaustive unsynced sectors: every
 * subset of sectors times every subset of directory changes (and size outcomes), once per
 * content of the lost sectors, as far as limits->product allows; beyond it, both sides each
 * against the other's extremes, and samples. More sectors: every prefix, single omission, single
 * survivor, and samples. Images equal in all bytes are given once per walk. Returns what ended
 * the walk, or 0. *visited (may be NULL): images given. */
int sim_each_crash(struct sim *sim, const struct sim_limits *limits, sim_each each, void *arg,
                   size_t *visited);

/* One line on a choice of pending things, for messages: "seg-1[3,4] size 0/512 create tmp".
 * Always NUL-terminated. */
void sim_describe(struct sim *sim, char *out, size_t cap);

/* Would these bytes be found in every crash image? (Name, size and content.) Asked at an
 * acknowledgement, it catches an answer given before its sync. Unknown file, or bytes past its
 * end: false. */
bool sim_synced(struct sim *sim, const char *name, uint64_t at, uint64_t len);

/* Rules of order that the disk sees broken, counted as they happen. */
struct sim_broken {
	/* sync of a file, or sync_dir, after one had failed, by the same opener */
	unsigned synced_again;
	unsigned written_again; /* a write to a file after its sync had failed, by the same opener */
	unsigned renamed_unsynced; /* a rename of a file with unsynced bytes */
	unsigned left_open; /* files still open when their opener gave up its lock */
};
struct sim_broken sim_broken(struct sim *sim);

/* --- Whole images, and damage ----------------------------------------------------------------- */

/* Of the view: names, sizes, content. Costs one step a file. */
uint64_t sim_hash(struct sim *sim);
/* Of the files whose name begins so: "no segment was changed". */
uint64_t sim_hash_of(struct sim *sim, const char *prefix);

/* Remembers the disk / brings it back (open files and locks go). One checkpoint a disk; rolling
 * back keeps it. Nearly free when nothing changed. sim_rollback tells whether something had: a
 * write that kept all bytes counts. */
void sim_checkpoint(struct sim *sim);
bool sim_rollback(struct sim *sim);

/* The helpers below change view and durable state alike, call no observer and meet no fault.
 * false: no such file, or a position past its end. Writing creates the file and extends it. */
bool sim_read_file(struct sim *sim, const char *name, uint64_t at, void *out, size_t len);
void sim_write_file(struct sim *sim, const char *name, uint64_t at, const void *data, size_t len);
/* bit 0 is the lowest of byte 0 */
bool sim_flip_bit(struct sim *sim, const char *name, uint64_t bit);
/* shorter or longer (zeros) */
bool sim_truncate_file(struct sim *sim, const char *name, uint64_t size);
bool sim_remove_file(struct sim *sim, const char *name);
bool sim_rename_file(struct sim *sim, const char *from, const char *to);
bool sim_file_size(struct sim *sim, const char *name, uint64_t *size);
/* The i-th file in name order: false past the last. */
bool sim_list(struct sim *sim, size_t i, char name[SIM_NAME_MAX + 1], uint64_t *size);
/* Writes the view into a real directory (made if missing), to look at an image with other tools.
 * 0 or an errno value. */
int sim_dump(struct sim *sim, const char *path);

/* A set of image hashes, to count distinct images over many walks. Not thread-safe. */
struct sim_seen;
struct sim_seen *sim_seen_new(void);
void sim_seen_free(struct sim_seen *seen);
bool sim_seen_add(struct sim_seen *seen, uint64_t hash); /* true: it was new */
size_t sim_seen_count(const struct sim_seen *seen);

#endif
