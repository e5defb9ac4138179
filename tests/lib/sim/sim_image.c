/* Whole images of the simulated disk: their hashes and sets of them, checkpoints, copies into a
 * real directory. */
#include "lib/sim/sim_disk.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

uint64_t sim_hash_of(struct sim *sim, const char *prefix)
{
	sim_enter(sim);
	uint64_t hash = 0;
	size_t len = strlen(prefix);
	for (size_t i = 0; i < sim->disk.view.count; i++) {
		const struct entry *entry = &sim->disk.view.entries[i];
		if (strncmp(entry->name, prefix, len) == 0) {
			const struct file *file = disk_file(&sim->disk, entry->file);
			hash += sim_mix(sim_mix(XXH3_64bits(entry->name, strlen(entry->name)), file->view_size),
			                table_hash(file->view));
		}
	}
	sim_leave(sim);
	return hash;
}

uint64_t sim_hash(struct sim *sim)
{
	return sim_hash_of(sim, "");
}

void sim_checkpoint(struct sim *sim)
{
	sim_enter(sim);
	disk_deinit(&sim->saved);
	disk_copy(&sim->saved, &sim->disk);
	sim->has_saved = true;
	sim_leave(sim);
}

bool sim_rollback(struct sim *sim)
{
	sim_enter(sim);
	if (!sim->has_saved)
		abort();
	sim_kill(sim);
	bool changed = sim->disk.version != sim->saved.version;
	if (changed) {
		disk_deinit(&sim->disk);
		disk_copy(&sim->disk, &sim->saved);
	}
	sim_leave(sim);
	return changed;
}

bool sim_list(struct sim *sim, size_t i, char name[SIM_NAME_MAX + 1], uint64_t *size)
{
	sim_enter(sim);
	bool there = i < sim->disk.view.count;
	if (there) {
		const struct entry *entry = &sim->disk.view.entries[i];
		memcpy(name, entry->name, sizeof(entry->name));
		*size = disk_file(&sim->disk, entry->file)->view_size;
	}
	sim_leave(sim);
	return there;
}

static int dump_file(int dir, const char *name, const struct file *file)
{
	int fd = openat(dir, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return errno;
	int err = 0;
	uint8_t part[SIM_SECTOR];
	for (uint64_t at = 0; at < file->view_size && err == 0; at += SIM_SECTOR) {
		size_t len = file_read(file, at, part, sizeof(part));
		if (write(fd, part, len) != (ssize_t)len)
			err = EIO;
	}
	return close(fd) != 0 && err == 0 ? errno : err;
}

int sim_dump(struct sim *sim, const char *path)
{
	if (mkdir(path, 0700) != 0 && errno != EEXIST)
		return errno;
	int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return errno;
	sim_enter(sim);
	int err = 0;
	for (size_t i = 0; i < sim->disk.view.count && err == 0; i++) {
		const struct entry *entry = &sim->disk.view.entries[i];
		err = dump_file(dir, entry->name, disk_file(&sim->disk, entry->file));
	}
	sim_leave(sim);
	(void)close(dir);
	return err;
}

/* --- Hashes seen: open addressing; 0 is kept apart -------------------------------------------- */

struct sim_seen {
	uint64_t *slots;
	size_t cap; /* a power of two */
	size_t count;
	bool zero;
};

struct sim_seen *sim_seen_new(void)
{
	struct sim_seen *seen = sim_memory(sizeof(*seen));
	seen->cap = 256;
	seen->slots = sim_memory(seen->cap * sizeof(*seen->slots));
	return seen;
}

void sim_seen_free(struct sim_seen *seen)
{
	if (seen != NULL) {
		free(seen->slots);
		free(seen);
	}
}

static bool slot_take(uint64_t *slots, size_t cap, uint64_t hash)
{
	size_t at = (size_t)sim_mix(hash, 0) & (cap - 1);
	while (slots[at] != 0 && slots[at] != hash)
		at = (at + 1) & (cap - 1);
	bool fresh = slots[at] == 0;
	slots[at] = hash;
	return fresh;
}

static void seen_grow(struct sim_seen *seen)
{
	size_t cap = seen->cap * 2;
	uint64_t *slots = sim_memory(cap * sizeof(*slots));
	for (size_t i = 0; i < seen->cap; i++)
		if (seen->slots[i] != 0)
			(void)slot_take(slots, cap, seen->slots[i]);
	free(seen->slots);
	seen->slots = slots;
	seen->cap = cap;
}

bool sim_seen_add(struct sim_seen *seen, uint64_t hash)
{
	if (hash == 0) {
		bool fresh = !seen->zero;
		seen->zero = true;
		seen->count += fresh;
		return fresh;
	}
	if (seen->count * 2 >= seen->cap)
		seen_grow(seen);
	bool fresh = slot_take(seen->slots, seen->cap, hash);
	seen->count += fresh;
	return fresh;
}

size_t sim_seen_count(const struct sim_seen *seen)
{
	return seen->count;
}
