/* The seam over the simulated disk: calls on open files (M6, M7, M8). */
#include "lib/sim/sim_disk.h"

#include <errno.h>
#include <string.h>

enum { FILE_MOST_BITS = 40, COPIED = 4096 };

static struct handle *handle_get(const struct opener *opener, int number)
{
	struct sim *sim = opener->sim;
	if (number < 0 || (size_t)number >= sim->handle_count)
		return NULL;
	struct handle *handle = &sim->handles[number];
	return handle->used && handle->opener == opener->number ? handle : NULL;
}

/* The name is copied out: an observer may outlast the handle. */
static void handle_name(const struct opener *opener, int number, char name[SIM_NAME_MAX + 1])
{
	sim_enter(opener->sim);
	const struct handle *handle = handle_get(opener, number);
	memset(name, 0, SIM_NAME_MAX + 1);
	if (handle != NULL)
		memcpy(name, handle->name, SIM_NAME_MAX + 1);
	sim_leave(opener->sim);
}

static struct verdict call_enter_file(struct opener *opener, enum sim_call kind, int number,
                                      struct handle **handle)
{
	char name[SIM_NAME_MAX + 1];
	handle_name(opener, number, name);
	struct verdict verdict = call_enter(opener->sim, kind, name);
	*handle = handle_get(opener, number);
	if (*handle == NULL)
		verdict = (struct verdict){.error = EBADF};
	return verdict;
}

static int handle_new(const struct opener *opener, uint32_t file, const char *name, bool writable,
                      int *out)
{
	struct sim *sim = opener->sim;
	size_t at = 0;
	while (at < sim->handle_count && sim->handles[at].used)
		at++;
	if (at >= HANDLES_MAX)
		return EMFILE;
	if (at == sim->handle_count) {
		sim->handles = sim_grow(sim->handles, &sim->handle_cap, at + 1, sizeof(*sim->handles));
		sim->handle_count++;
	}
	sim->handles[at] =
	    (struct handle){.used = true, .writable = writable, .opener = opener->number, .file = file};
	memcpy(sim->handles[at].name, name, strlen(name) + 1);
	*out = (int)at;
	return 0;
}

static int open_inside(struct opener *opener, const char *name, unsigned flags, int *out)
{
	struct sim *sim = opener->sim;
	int err = name_check(name);
	if (err != 0)
		return err;
	const struct entry *entry = dir_find(&sim->disk.view, name);
	bool create = (flags & HF__OS_CREATE) != 0;
	if (create && entry != NULL)
		return EEXIST;
	if (!create && entry == NULL)
		return ENOENT;
	uint32_t file = create ? file_make(sim, name) : entry->file;
	return handle_new(opener, file, name, (flags & HF__OS_WRITE) != 0, out);
}

int io_open(void *ctx, const char *name, unsigned flags, int *out)
{
	struct opener *opener = ctx;
	struct verdict verdict = call_enter(opener->sim, SIM_OPEN, name);
	int err = verdict.error != 0 ? verdict.error : open_inside(opener, name, flags, out);
	return call_leave(opener->sim, err);
}

int io_close(void *ctx, int number)
{
	struct opener *opener = ctx;
	struct handle *handle = NULL;
	struct verdict verdict = call_enter_file(opener, SIM_CLOSE, number, &handle);
	if (handle != NULL) {
		handle->used = false; /* whatever the answer is */
		disk_sweep(opener->sim);
	}
	return call_leave(opener->sim, verdict.error);
}

int io_read(void *ctx, int number, void *buffer, size_t len, uint64_t at, size_t *got)
{
	struct opener *opener = ctx;
	struct handle *handle = NULL;
	struct verdict verdict = call_enter_file(opener, SIM_READ, number, &handle);
	*got = 0;
	if (verdict.error == 0) {
		*got = file_read(disk_file(&opener->sim->disk, handle->file), at, buffer, len);
		opener->sim->bytes_read += *got;
	}
	return call_leave(opener->sim, verdict.error);
}

static uint64_t disk_bytes(const struct sim *sim)
{
	uint64_t bytes = 0;
	for (size_t i = 0; i < sim->disk.file_count; i++) {
		const struct file *file = sim->disk.files[i];
		bytes += file == NULL || file->holes > file->view_size ? 0 : file->view_size - file->holes;
	}
	return bytes;
}

/* How many of the bytes fit on the disk. */
static size_t room_for(const struct sim *sim, const struct file *file, uint64_t at, size_t len)
{
	uint64_t end = at + len;
	if (sim->capacity == 0 || (end <= file->view_size && !sim->copies))
		return len;
	uint64_t used = disk_bytes(sim);
	uint64_t free_bytes = used < sim->capacity ? sim->capacity - used : 0;
	if (sim->copies && end <= file->view_size) {
		const uint64_t first = at / COPIED, last = (end - 1) / COPIED;
		return len == 0 || (last - first + 1) * COPIED <= free_bytes ? len : 0;
	}
	uint64_t most = file->view_size + free_bytes; /* where the file may end */
	if (end <= most)
		return len;
	return most > at ? (size_t)(most - at) : 0;
}

/* M8: how much of a write is in the cache, and what it answers. */
static int write_outcome(const struct sim *sim, const struct file *file,
                         const struct verdict *verdict, uint64_t at, size_t *len)
{
	if (verdict->error != 0 && verdict->falsely)
		return verdict->error;
	size_t room = room_for(sim, file, at, *len);
	if (verdict->error == 0 && room == *len)
		return 0;
	int err = verdict->error != 0 ? verdict->error : ENOSPC;
	if (verdict->error != 0) {
		size_t prefix = verdict->prefix <= *len ? verdict->prefix : *len / 2;
		room = prefix < room ? prefix : room;
	}
	*len = sim->profile.m8_short_write ? room : 0;
	return err;
}

static int write_inside(struct opener *opener, const struct handle *handle, struct verdict verdict,
                        const void *data, size_t len, uint64_t at)
{
	struct sim *sim = opener->sim;
	if (!handle->writable)
		return EBADF;
	if (at >> FILE_MOST_BITS != 0 || len >> FILE_MOST_BITS != 0)
		return EFBIG;
	struct file *file = disk_file(&sim->disk, handle->file);
	sim->broken.written_again += (file->sync_failed >> opener->number) & 1;
	int err = write_outcome(sim, file, &verdict, at, &len);
	file_write(file, at, data, len, ++sim->writes);
	sim_changed(sim);
	return err;
}

int io_write(void *ctx, int number, const void *data, size_t len, uint64_t at)
{
	struct opener *opener = ctx;
	struct handle *handle = NULL;
	struct verdict verdict = call_enter_file(opener, SIM_WRITE, number, &handle);
	int err = handle == NULL ? EBADF : write_inside(opener, handle, verdict, data, len, at);
	return call_leave(opener->sim, err);
}

static void sync_fail(struct opener *opener, struct file *file)
{
	const struct sim_profile *profile = &opener->sim->profile;
	file_sync_failed(file, profile->m6_sync_drops, profile->m6_reads_old);
	file->sync_failed |= 1u << opener->number;
}

static void sync_store(struct sim *sim, struct file *file, uint64_t up_to)
{
	if (sim->profile.m10_lies)
		return;
	file_sync(file, up_to);
	if (!sim->profile.m3_entry_apart) {
		disk_sync_dir(&sim->disk, up_to);
		disk_sweep(sim);
	}
}

static int sync_inside(struct opener *opener, int number, struct verdict verdict)
{
	struct sim *sim = opener->sim;
	uint64_t up_to = sim->writes;
	sync_pause(sim);
	const struct handle *handle = handle_get(opener, number);
	if (handle == NULL)
		return EBADF; /* closed while it was being synced */
	struct file *file = disk_file(&sim->disk, handle->file);
	sim->broken.synced_again += (file->sync_failed >> opener->number) & 1;
	sim_changed(sim);
	if (verdict.error != 0 && !verdict.falsely) {
		sync_fail(opener, file);
		return verdict.error;
	}
	sync_store(sim, file, up_to);
	if (verdict.error != 0)
		file->sync_failed |= 1u << opener->number;
	return verdict.error;
}

int io_sync(void *ctx, int number)
{
	struct opener *opener = ctx;
	struct handle *handle = NULL;
	struct verdict verdict = call_enter_file(opener, SIM_SYNC, number, &handle);
	int err = handle == NULL ? EBADF : sync_inside(opener, number, verdict);
	return call_leave(opener->sim, err);
}

int io_size(void *ctx, int number, uint64_t *out)
{
	struct opener *opener = ctx;
	struct handle *handle = NULL;
	struct verdict verdict = call_enter_file(opener, SIM_SIZE, number, &handle);
	if (verdict.error == 0)
		*out = disk_file(&opener->sim->disk, handle->file)->view_size;
	return call_leave(opener->sim, verdict.error);
}

/* All or nothing; the room is taken by the size. */
static int allocate_inside(struct opener *opener, const struct handle *handle, uint64_t size)
{
	struct sim *sim = opener->sim;
	struct file *file = disk_file(&sim->disk, handle->file);
	if (!handle->writable)
		return EBADF;
	if (sim->profile.no_allocate || size <= file->view_size)
		return 0;
	if (sim->capacity != 0 && disk_bytes(sim) + (size - file->view_size) > sim->capacity)
		return ENOSPC;
	file_extend(file, size, ++sim->writes);
	sim_changed(sim);
	return 0;
}

int io_allocate(void *ctx, int number, uint64_t size)
{
	struct opener *opener = ctx;
	struct handle *handle = NULL;
	struct verdict verdict = call_enter_file(opener, SIM_ALLOCATE, number, &handle);
	int err = verdict.error;
	if (handle != NULL && (err == 0 || verdict.falsely)) {
		int result = allocate_inside(opener, handle, size);
		err = err != 0 ? err : result;
	}
	return call_leave(opener->sim, err);
}

/* Zeros that are pending like any write, and whose room is free at once. Only the end of a file
 * can be a hole here. */
static int punch_inside(struct opener *opener, const struct handle *handle, uint64_t at,
                        uint64_t len)
{
	static const uint8_t zeros[SIM_SECTOR];
	struct sim *sim = opener->sim;
	struct file *file = disk_file(&sim->disk, handle->file);
	if (!handle->writable || at + len != file->view_size)
		return handle->writable ? EINVAL : EBADF;
	const uint64_t write = ++sim->writes;
	for (uint64_t done = 0; done < len; done += SIM_SECTOR) {
		file_write(file, at + done, zeros, len - done < SIM_SECTOR ? len - done : SIM_SECTOR,
		           write);
	}
	file->holes = len;
	sim_changed(sim);
	return 0;
}

int io_punch(void *ctx, int number, uint64_t at, uint64_t len)
{
	struct opener *opener = ctx;
	struct handle *handle = NULL;
	struct verdict verdict = call_enter_file(opener, SIM_PUNCH, number, &handle);
	int err = verdict.error;
	if (handle != NULL && (err == 0 || verdict.falsely)) {
		int result = punch_inside(opener, handle, at, len);
		err = err != 0 ? err : result;
	}
	return call_leave(opener->sim, err);
}

int io_room(void *ctx, uint64_t *out)
{
	struct sim *sim = ((struct opener *)ctx)->sim;
	struct verdict verdict = call_enter(sim, SIM_ROOM, "");
	uint64_t used = disk_bytes(sim);
	*out = sim->capacity == 0 ? UINT64_MAX : used < sim->capacity ? sim->capacity - used : 0;
	return call_leave(sim, verdict.error);
}
