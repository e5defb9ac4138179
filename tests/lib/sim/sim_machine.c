/* The life of a simulated machine: making it, its settings, ends of processes and boots, what is
 * known to be durable. */
#include "lib/sim/sim_disk.h"

#include <stdlib.h>
#include <string.h>

enum { START_US = 1700000000 }; /* seconds: some day in 2023 */

struct sim_profile sim_profile_strict(void)
{
	return (struct sim_profile){0};
}

struct sim_profile sim_profile_ordered(void)
{
	return (struct sim_profile){
	    .m1_subsets = true,
	    .m1_lost_zero = true,
	    .m2_size_lag = true,
	    .m4_rename_early = true,
	    .m5_size_early = true,
	    .m6_sync_drops = true,
	    .m7_false_failure = true,
	    .m8_short_write = true,
	    .m9_dir_sync_drops = true,
	};
}

struct sim_profile sim_profile_weak(void)
{
	struct sim_profile profile = sim_profile_ordered();
	profile.m1_lost_garbage = true;
	profile.m1_lost_stale = true;
	profile.m3_entry_apart = true;
	profile.m4_dir_subsets = true;
	profile.no_allocate = true;
	return profile;
}

struct sim_profile sim_profile_hostile(void)
{
	struct sim_profile profile = sim_profile_weak();
	profile.pad_hostile = true;
	return profile;
}

struct sim_profile sim_profile_forgetful(void)
{
	struct sim_profile profile = sim_profile_weak();
	profile.m6_reads_old = true;
	profile.no_allocate = false;
	return profile;
}

struct sim_profile sim_profile_pages(void)
{
	struct sim_profile profile = sim_profile_hostile();
	profile.page_hostile = true;
	return profile;
}

/* A machine without a disk. */
struct sim *sim_blank(struct sim_profile profile, uint64_t seed)
{
	struct sim *sim = sim_memory(sizeof(*sim));
	sim->profile = profile;
	sim->seed = seed;
	sim->now_us = (int64_t)START_US * 1000000;
	sim->boot_us = SIM_BOOTED_US;
	sim->lock_owner = -1;
	pthread_mutexattr_t recursive;
	if (pthread_mutexattr_init(&recursive) != 0 ||
	    pthread_mutexattr_settype(&recursive, PTHREAD_MUTEX_RECURSIVE) != 0 ||
	    pthread_mutex_init(&sim->mutex, &recursive) != 0 ||
	    pthread_cond_init(&sim->lock_free, NULL) != 0)
		abort();
	(void)pthread_mutexattr_destroy(&recursive);
	for (unsigned i = 0; i < SIM_OPENERS; i++)
		opener_init(sim, i);
	return sim;
}

struct sim *sim_new(struct sim_profile profile, uint64_t seed)
{
	return sim_blank(profile, seed);
}

void sim_free(struct sim *sim)
{
	if (sim == NULL)
		return;
	plan_free(sim->plan);
	disk_deinit(&sim->disk);
	disk_deinit(&sim->saved);
	free(sim->handles);
	(void)pthread_mutex_destroy(&sim->mutex);
	(void)pthread_cond_destroy(&sim->lock_free);
	free(sim);
}

void sim_inherit(struct sim *to, const struct sim *from)
{
	to->rng = from->rng;
	to->boot = from->boot;
	to->now_us = from->now_us;
	to->ticks_ns = from->ticks_ns;
	to->boot_us = from->boot_us;
	to->capacity = from->capacity;
	to->copies = from->copies;
	to->unsafe = from->unsafe;
	to->versions = from->versions;
	to->writes = from->writes;
}

struct sim *sim_clone(struct sim *sim)
{
	sim_enter(sim);
	struct sim *copy = sim_blank(sim->profile, sim->seed);
	sim_inherit(copy, sim);
	disk_copy(&copy->disk, &sim->disk);
	disk_sweep(copy); /* files that only an opening kept */
	sim_leave(sim);
	return copy;
}

struct hf__os *sim_opener(struct sim *sim, unsigned which)
{
	return which < SIM_OPENERS ? &sim->openers[which].os : NULL;
}

struct hf__os *sim_os(struct sim *sim)
{
	return sim_opener(sim, 0);
}

void sim_set_profile(struct sim *sim, struct sim_profile profile)
{
	sim_enter(sim);
	sim->profile = profile;
	sim_changed(sim);
	sim_leave(sim);
}

void sim_set_now(struct sim *sim, int64_t now_us)
{
	sim_enter(sim);
	sim->now_us = now_us;
	sim_leave(sim);
}

void sim_advance(struct sim *sim, int64_t us)
{
	sim_enter(sim);
	sim->now_us += us;
	sim->ticks_ns += us * 1000;
	sim->boot_us += us;
	sim_leave(sim);
}

void sim_suspend(struct sim *sim, int64_t us)
{
	sim_enter(sim);
	sim->now_us += us;
	sim->boot_us += us;
	sim_leave(sim);
}

void sim_set_forked(struct sim *sim, bool forked)
{
	sim_enter(sim);
	sim->forked = forked;
	sim_leave(sim);
}

void sim_set_safe(struct sim *sim, bool safe)
{
	sim_enter(sim);
	sim->unsafe = !safe;
	sim_leave(sim);
}

void sim_set_capacity(struct sim *sim, uint64_t bytes)
{
	sim_enter(sim);
	sim->capacity = bytes;
	sim_leave(sim);
}

void sim_set_copies(struct sim *sim, bool copies)
{
	sim_enter(sim);
	sim->copies = copies;
	sim_leave(sim);
}

uint64_t sim_used(struct sim *sim)
{
	uint64_t used = 0;
	sim_enter(sim);
	for (size_t i = 0; i < sim->disk.view.count; i++)
		used += disk_file(&sim->disk, sim->disk.view.entries[i].file)->view_size;
	sim_leave(sim);
	return used;
}

uint64_t sim_bytes_read(struct sim *sim)
{
	sim_enter(sim);
	const uint64_t bytes = sim->bytes_read;
	sim_leave(sim);
	return bytes;
}

void sim_set_sync_delay(struct sim *sim, unsigned us)
{
	sim_enter(sim);
	sim->sync_delay_us = us;
	sim_leave(sim);
}

/* --- Ends of processes and boots -------------------------------------------------------------- */

void sim_kill(struct sim *sim)
{
	sim_enter(sim);
	for (size_t i = 0; i < sim->handle_count; i++)
		sim->handles[i].used = false;
	for (unsigned i = 0; i < SIM_OPENERS; i++)
		sim->openers[i].dir_sync_failed = false;
	sim->lock_owner = -1;
	(void)pthread_cond_broadcast(&sim->lock_free);
	disk_sweep(sim);
	sim_leave(sim);
}

void sim_kill_one(struct sim *sim, unsigned which)
{
	sim_enter(sim);
	for (size_t i = 0; i < sim->handle_count; i++)
		if (sim->handles[i].opener == which)
			sim->handles[i].used = false;
	sim->openers[which].dir_sync_failed = false;
	if (sim->lock_owner == (int)which)
		sim->lock_owner = -1;
	(void)pthread_cond_broadcast(&sim->lock_free);
	disk_sweep(sim);
	sim_leave(sim);
}

void sim_evict(struct sim *sim)
{
	sim_enter(sim);
	for (size_t i = 0; i < sim->disk.file_count; i++)
		if (sim->disk.files[i] != NULL)
			file_evict(sim->disk.files[i]);
	/* Sizes are no pages. */
	for (size_t i = 0; i < sim->disk.op_count; i++)
		if (sim->disk.ops[i].kind == OP_CUT)
			file_cut(sim->disk.files[sim->disk.ops[i].file], sim->disk.ops[i].size);
	sim_changed(sim);
	sim_leave(sim);
}

void sim_reboot(struct sim *sim)
{
	sim_enter(sim);
	sim_kill(sim);
	struct disk *disk = &sim->disk;
	for (size_t i = 0; i < disk->file_count; i++)
		if (disk->files[i] != NULL)
			file_sync(disk->files[i], sim->writes);
	disk_sync_dir(disk, sim->writes);
	disk->op_count = 0;
	dir_copy(&disk->view, &disk->durable);
	sim_evict(sim);
	disk_sweep(sim);
	sim->boot++;
	sim->boot_us = SIM_BOOTED_US;
	sim_leave(sim);
}

/* --- Watching and failing --------------------------------------------------------------------- */

const char *sim_call_name(enum sim_call kind)
{
	static const char *const names[] = {
	    "open",     "close",    "read",     "write", "sync",   "size",     "rename",
	    "unlink",   "sync_dir", "list",     "lock",  "unlock", "random",   "boot_id",
	    "safe",     "cut",      "allocate", "room",  "punch",  "make_dir", "remove_dir",
	    "move_dir", "exchange", "enter",    "link",  "clone"};
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (kind == 1u << i)
			return names[i];
	return "?";
}

void sim_observe(struct sim *sim, sim_observer observer, void *arg)
{
	sim_enter(sim);
	sim->observer = observer;
	sim->observer_arg = arg;
	sim_leave(sim);
}

uint64_t sim_calls(struct sim *sim)
{
	sim_enter(sim);
	uint64_t calls = sim->calls;
	sim_leave(sim);
	return calls;
}

uint64_t sim_version(struct sim *sim)
{
	sim_enter(sim);
	uint64_t version = sim->disk.version;
	sim_leave(sim);
	return version;
}

void sim_add_fault(struct sim *sim, struct sim_fault fault)
{
	sim_enter(sim);
	if (sim->fault_count == FAULTS_MAX)
		abort();
	sim->faults[sim->fault_count++] = (struct fault){.what = fault};
	sim_leave(sim);
}

void sim_clear_faults(struct sim *sim)
{
	sim_enter(sim);
	sim->fault_count = 0;
	sim->fault_hits = 0;
	sim_leave(sim);
}

uint64_t sim_fault_hits(struct sim *sim)
{
	sim_enter(sim);
	uint64_t hits = sim->fault_hits;
	sim_leave(sim);
	return hits;
}

struct sim_broken sim_broken(struct sim *sim)
{
	sim_enter(sim);
	struct sim_broken broken = sim->broken;
	sim_leave(sim);
	return broken;
}

static bool op_names(const struct op *op, const char *name)
{
	return strcmp(op->from, name) == 0 || (op->kind == OP_RENAME && strcmp(op->to, name) == 0);
}

static bool entry_synced(const struct disk *disk, const char *name, uint32_t file)
{
	const struct entry *durable = dir_find(&disk->durable, name);
	if (durable == NULL || durable->file != file)
		return false;
	for (size_t i = 0; i < disk->op_count; i++)
		if (op_names(&disk->ops[i], name))
			return false;
	return true;
}

bool sim_synced(struct sim *sim, const char *name, uint64_t at, uint64_t len)
{
	sim_enter(sim);
	const struct entry *entry = dir_find(&sim->disk.view, name);
	bool synced = entry != NULL && entry_synced(&sim->disk, name, entry->file) &&
	              file_synced(disk_file(&sim->disk, entry->file), at, len,
	                          sim->profile.page_hostile  ? SIM_PAGE
	                          : sim->profile.pad_hostile ? SIM_SECTOR
	                                                     : 1);
	sim_leave(sim);
	return synced;
}
