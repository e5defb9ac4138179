/* The seam over the simulated disk: how calls begin and end, faults, directory (M9), lock,
 * clock. Calls on files are in sim_io.c. */
#include "lib/sim/sim_disk.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "os/event.h"

void sim_enter(struct sim *sim)
{
	(void)pthread_mutex_lock(&sim->mutex);
}

void sim_leave(struct sim *sim)
{
	(void)pthread_mutex_unlock(&sim->mutex);
}

uint64_t sim_random64(struct sim *sim)
{
	sim->rng++;
	return sim_mix(sim->seed, sim->rng);
}

void sim_changed(struct sim *sim)
{
	sim->disk.version = ++sim->versions;
}

static bool fault_matches(const struct fault *fault, enum sim_call kind, const char *name)
{
	const char *prefix = fault->what.name;
	return (fault->what.kinds & (unsigned)kind) != 0 &&
	       (prefix == NULL || strncmp(name, prefix, strlen(prefix)) == 0);
}

static struct verdict faults_ask(struct sim *sim, enum sim_call kind, const char *name)
{
	struct verdict verdict = {0};
	for (size_t i = 0; i < sim->fault_count; i++) {
		struct fault *fault = &sim->faults[i];
		if (!fault_matches(fault, kind, name))
			continue;
		uint64_t nth = fault->what.nth == 0 ? 1 : fault->what.nth;
		fault->seen++;
		bool hit = fault->what.persistent ? fault->seen >= nth : fault->seen == nth;
		if (hit && verdict.error == 0) {
			verdict = (struct verdict){fault->what.error,
			                           fault->what.falsely && sim->profile.m7_false_failure,
			                           fault->what.prefix};
			sim->fault_hits++;
		}
	}
	return verdict;
}

struct verdict call_enter(struct sim *sim, enum sim_call kind, const char *name)
{
	sim_enter(sim);
	if (sim->observer != NULL)
		sim->observer(sim->observer_arg, sim, sim->calls, kind, name);
	sim->calls++;
	return faults_ask(sim, kind, name);
}

int call_leave(struct sim *sim, int err)
{
	sim_leave(sim);
	return err;
}

void sync_pause(struct sim *sim)
{
	unsigned delay = sim->sync_delay_us;
	if (delay != 0) {
		sim_leave(sim);
		struct timespec t = {.tv_sec = delay / 1000000, .tv_nsec = (long)(delay % 1000000) * 1000};
		(void)nanosleep(&t, NULL);
		sim_enter(sim);
	}
}

/* --- The directory ---------------------------------------------------------------------------- */

uint32_t file_make(struct sim *sim, const char *name)
{
	uint32_t file = disk_add(&sim->disk, sim_memory(sizeof(struct file)));
	disk_op(sim, OP_CREATE, name, "", file);
	return file;
}

static int rename_inside(struct sim *sim, const char *from, const char *to)
{
	int err = name_check(from) != 0 ? name_check(from) : name_check(to);
	if (err != 0)
		return err;
	const struct entry *entry = dir_find(&sim->disk.view, from);
	if (entry == NULL)
		return ENOENT;
	if (strcmp(from, to) == 0)
		return 0;
	uint32_t file = entry->file;
	/* What an earlier failed sync has dropped, no sync can store any more. */
	sim->broken.renamed_unsynced += file_dirty(disk_file(&sim->disk, file));
	disk_op(sim, OP_RENAME, from, to, file);
	return 0;
}

static int seam_rename(void *ctx, const char *from, const char *to)
{
	struct opener *opener = ctx;
	struct verdict verdict = call_enter(opener->sim, SIM_RENAME, from);
	int err = verdict.error;
	if (err == 0 || verdict.falsely) {
		int result = rename_inside(opener->sim, from, to);
		err = err != 0 ? err : result;
	}
	return call_leave(opener->sim, err);
}

static int unlink_inside(struct sim *sim, const char *name)
{
	int err = name_check(name);
	if (err != 0)
		return err;
	const struct entry *entry = dir_find(&sim->disk.view, name);
	if (entry == NULL)
		return ENOENT;
	disk_op(sim, OP_UNLINK, name, "", entry->file);
	return 0;
}

static int seam_unlink(void *ctx, const char *name)
{
	struct opener *opener = ctx;
	struct verdict verdict = call_enter(opener->sim, SIM_UNLINK, name);
	int err = verdict.error;
	if (err == 0 || verdict.falsely) {
		int result = unlink_inside(opener->sim, name);
		err = err != 0 ? err : result;
	}
	return call_leave(opener->sim, err);
}

static int cut_inside(struct sim *sim, const char *name, uint64_t size)
{
	int err = name_check(name);
	const struct entry *entry = err == 0 ? dir_find(&sim->disk.view, name) : NULL;
	if (entry == NULL)
		return err != 0 ? err : ENOENT;
	struct file *file = disk_file(&sim->disk, entry->file);
	if (size < file->view_size) {
		disk_op(sim, OP_CUT, name, "", entry->file)->size = size;
		file_cut(file, size);
	}
	return 0;
}

static int seam_cut(void *ctx, const char *name, uint64_t size)
{
	struct opener *opener = ctx;
	struct verdict verdict = call_enter(opener->sim, SIM_CUT, name);
	int err = verdict.error;
	if (err == 0 || verdict.falsely) {
		int result = cut_inside(opener->sim, name, size);
		err = err != 0 ? err : result;
	}
	return call_leave(opener->sim, err);
}

/* M9: what a failed directory sync covered is dropped, like the pages of a file. */
static void sync_dir_fail(struct opener *opener)
{
	struct sim *sim = opener->sim;
	opener->dir_sync_failed = true;
	for (size_t i = 0; sim->profile.m9_dir_sync_drops && i < sim->disk.op_count; i++)
		sim->disk.ops[i].ghost = true;
}

static int seam_sync_dir(void *ctx)
{
	struct opener *opener = ctx;
	struct sim *sim = opener->sim;
	struct verdict verdict = call_enter(sim, SIM_SYNC_DIR, "");
	uint64_t up_to = sim->writes;
	sync_pause(sim);
	sim->broken.synced_again += opener->dir_sync_failed;
	sim_changed(sim);
	if (verdict.error != 0 && !verdict.falsely) {
		sync_dir_fail(opener);
		return call_leave(sim, verdict.error);
	}
	opener->dir_sync_failed = opener->dir_sync_failed || verdict.error != 0;
	if (!sim->profile.m10_lies) {
		disk_sync_dir(&sim->disk, up_to);
		disk_sweep(sim);
	}
	return call_leave(sim, verdict.error);
}

static int seam_list(void *ctx, hf__os_name_fn each, void *arg)
{
	struct opener *opener = ctx;
	struct verdict verdict = call_enter(opener->sim, SIM_LIST, "");
	struct dir names = {0};
	if (verdict.error == 0)
		dir_copy(&names, &opener->sim->disk.view); /* the callback may create and remove */
	sim_leave(opener->sim);
	int err = verdict.error;
	for (size_t i = 0; i < names.count && err == 0; i++)
		err = each(arg, names.entries[i].name);
	dir_deinit(&names);
	return err;
}

/* --- The lock --------------------------------------------------------------------------------- */

static void deadline_after(int64_t wait_us, struct timespec *out)
{
	(void)clock_gettime(CLOCK_REALTIME, out);
	out->tv_sec += wait_us / 1000000;
	out->tv_nsec += wait_us % 1000000 * 1000;
	if (out->tv_nsec >= 1000000000) {
		out->tv_sec++;
		out->tv_nsec -= 1000000000;
	}
}

/* In real time: who holds it is another thread of the test. */
static int lock_await(struct sim *sim, int64_t wait_us)
{
	struct timespec deadline;
	deadline_after(wait_us < 0 ? 0 : wait_us, &deadline);
	int err = 0;
	while (sim->lock_owner >= 0 && wait_us != 0 && err == 0) {
		err = wait_us < 0 ? pthread_cond_wait(&sim->lock_free, &sim->mutex)
		                  : pthread_cond_timedwait(&sim->lock_free, &sim->mutex, &deadline);
	}
	return sim->lock_owner >= 0 ? EAGAIN : 0;
}

static int lock_inside(struct opener *opener, const char *name, int64_t wait_us)
{
	struct sim *sim = opener->sim;
	int err = name_check(name);
	if (err != 0)
		return err;
	err = lock_await(sim, wait_us);
	if (err != 0)
		return err;
	if (dir_find(&sim->disk.view, name) == NULL)
		(void)file_make(sim, name);
	sim->lock_owner = (int)opener->number;
	opener->dir_sync_failed = false; /* a new incarnation may sync what an earlier one failed to */
	for (size_t i = 0; i < sim->disk.file_count; i++)
		if (sim->disk.files[i] != NULL)
			sim->disk.files[i]->sync_failed &= ~(1u << opener->number);
	return 0;
}

static int seam_lock(void *ctx, const char *name, int64_t wait_us)
{
	struct opener *opener = ctx;
	struct verdict verdict = call_enter(opener->sim, SIM_LOCK, name);
	int err = verdict.error != 0 ? verdict.error : lock_inside(opener, name, wait_us);
	return call_leave(opener->sim, err);
}

static int seam_locked(void *ctx, const char *name, bool *held)
{
	const struct opener *opener = ctx;
	(void)name;
	sim_enter(opener->sim);
	*held = opener->sim->lock_owner >= 0;
	sim_leave(opener->sim);
	return 0;
}

static int seam_unlock(void *ctx)
{
	struct opener *opener = ctx;
	struct sim *sim = opener->sim;
	struct verdict verdict = call_enter(sim, SIM_UNLOCK, "");
	if (sim->lock_owner != (int)opener->number)
		return call_leave(sim, EINVAL);
	sim->lock_owner = -1; /* whatever the answer is */
	(void)pthread_cond_broadcast(&sim->lock_free);
	for (size_t i = 0; i < sim->handle_count; i++)
		sim->broken.left_open += sim->handles[i].used && sim->handles[i].opener == opener->number;
	return call_leave(sim, verdict.error);
}

/* --- The machine ------------------------------------------------------------------------------ */

static int64_t seam_now(void *ctx)
{
	struct sim *sim = ((struct opener *)ctx)->sim;
	sim_enter(sim);
	int64_t now = sim->now_us;
	sim_leave(sim);
	return now;
}

static int64_t seam_ticks(void *ctx)
{
	struct sim *sim = ((struct opener *)ctx)->sim;
	sim_enter(sim);
	sim->ticks_ns += 1000;
	int64_t ticks = sim->ticks_ns;
	sim_leave(sim);
	return ticks;
}

static int64_t seam_boot_clock(void *ctx)
{
	struct sim *sim = ((struct opener *)ctx)->sim;
	sim_enter(sim);
	int64_t boot = sim->boot_us;
	sim_leave(sim);
	return boot;
}

static int seam_random(void *ctx, void *buffer, size_t len)
{
	struct sim *sim = ((struct opener *)ctx)->sim;
	struct verdict verdict = call_enter(sim, SIM_RANDOM, "");
	for (size_t i = 0; verdict.error == 0 && i < len; i++)
		((uint8_t *)buffer)[i] = (uint8_t)sim_random64(sim);
	return call_leave(sim, verdict.error);
}

static int seam_boot_id(void *ctx, uint8_t out[16])
{
	struct sim *sim = ((struct opener *)ctx)->sim;
	struct verdict verdict = call_enter(sim, SIM_BOOT_ID, "");
	uint64_t halves[2] = {sim_mix(sim->seed, sim->boot), sim_mix(sim->boot, ~sim->seed)};
	if (verdict.error == 0)
		memcpy(out, halves, sizeof(halves));
	return call_leave(sim, verdict.error);
}

static bool seam_forked(void *ctx)
{
	struct sim *sim = ((struct opener *)ctx)->sim;
	sim_enter(sim);
	bool forked = sim->forked;
	sim_leave(sim);
	return forked;
}

/* Nobody removes, replaces or closes anything behind the store's back here. No call: nothing is
 * asked of the disk. */
static int seam_same(void *ctx, int file, const char *name)
{
	(void)ctx;
	(void)file;
	(void)name;
	return 0;
}

static int seam_held(void *ctx)
{
	(void)ctx;
	return 0;
}

static int seam_safe(void *ctx, char *name, size_t cap, bool *is_volatile)
{
	struct sim *sim = ((struct opener *)ctx)->sim;
	struct verdict verdict = call_enter(sim, SIM_SAFE, "");
	int err = verdict.error != 0 ? verdict.error : sim->unsafe ? EOPNOTSUPP : 0;
	*is_volatile = false;
	if (cap > 0) {
		name[0] = '\0';
		(void)strncat(name, "simulated", cap - 1);
	}
	return call_leave(sim, err);
}

void opener_init(struct sim *sim, unsigned number)
{
	struct opener *opener = &sim->openers[number];
	opener->sim = sim;
	opener->number = number;
	opener->os = (struct hf__os){
	    .ctx = opener,
	    .open = io_open,
	    .close = io_close,
	    .same = seam_same,
	    .read = io_read,
	    .write = io_write,
	    .sync = io_sync,
	    .size = io_size,
	    .rename = seam_rename,
	    .unlink = seam_unlink,
	    .cut = seam_cut,
	    .allocate = io_allocate,
	    .punch = io_punch,
	    .room = io_room,
	    .sync_dir = seam_sync_dir,
	    .list = seam_list,
	    .lock = seam_lock,
	    .unlock = seam_unlock,
	    .held = seam_held,
	    .locked = seam_locked,
	    .now = seam_now,
	    .ticks = seam_ticks,
	    .boot_clock = seam_boot_clock,
	    .random = seam_random,
	    .boot_id = seam_boot_id,
	    .forked = seam_forked,
	    .event_new = hf__event_new,
	    .event_tell = hf__event_tell,
	    .event_free = hf__event_free,
	    .event_clear = hf__event_clear,
	    .safe = seam_safe,
	};
}
