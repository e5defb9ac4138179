/* Changing files by hand, on view and durable state alike: damage for corruption sweeps,
 * fixtures for the rest. Whatever was pending in a file that is changed so is settled first. */
#include "lib/sim/sim_disk.h"

#include <string.h>

static struct file *file_named(const struct sim *sim, const char *name)
{
	const struct entry *entry = dir_find(&sim->disk.view, name);
	return entry == NULL ? NULL : disk_file(&sim->disk, entry->file);
}

/* What reads see becomes what is durable. */
static void file_settle(struct file *file)
{
	for (size_t i = 0; i < file->version_count; i++)
		sector_unref(file->versions[i].content);
	file->version_count = 0;
	file->resize_count = 0;
	if (file->counts != NULL)
		memset(file->counts, 0, file->counts_cap);
	/* One table with one holder while it is edited, so that it is not copied for nothing. */
	table_unref(file->durable);
	file->durable = NULL;
}

static void file_settled(struct file *file)
{
	file->durable = table_ref(file->view);
	file->durable_size = file->view_size;
}

bool sim_read_file(struct sim *sim, const char *name, uint64_t at, void *out, size_t len)
{
	sim_enter(sim);
	const struct file *file = file_named(sim, name);
	bool read = file != NULL && file_read(file, at, out, len) == len;
	sim_leave(sim);
	return read;
}

static void sector_patch(struct file *file, uint64_t at, const uint8_t *data, size_t len)
{
	uint8_t whole[SIM_SECTOR];
	size_t sector = (size_t)(at / SIM_SECTOR);
	memcpy(whole, sector_data(table_get(file->view, sector)), SIM_SECTOR);
	memcpy(whole + at % SIM_SECTOR, data, len);
	table_set(&file->view, sector, sector_new(whole));
}

void sim_write_file(struct sim *sim, const char *name, uint64_t at, const void *data, size_t len)
{
	sim_enter(sim);
	struct file *file = file_named(sim, name);
	if (file == NULL) {
		file = sim_memory(sizeof(*file));
		uint32_t number = disk_add(&sim->disk, file);
		dir_put(&sim->disk.view, name, number);
		dir_put(&sim->disk.durable, name, number);
	}
	file_settle(file);
	for (size_t done = 0; done < len;) {
		size_t room = SIM_SECTOR - (size_t)((at + done) % SIM_SECTOR);
		size_t part = len - done < room ? len - done : room;
		sector_patch(file, at + done, (const uint8_t *)data + done, part);
		done += part;
	}
	file->view_size = at + len > file->view_size ? at + len : file->view_size;
	file_settled(file);
	sim_changed(sim);
	sim_leave(sim);
}

bool sim_flip_bit(struct sim *sim, const char *name, uint64_t bit)
{
	sim_enter(sim);
	struct file *file = file_named(sim, name);
	bool there = file != NULL && bit / 8 < file->view_size;
	if (there) {
		uint64_t at = bit / 8;
		uint8_t byte =
		    sector_data(table_get(file->view, (size_t)(at / SIM_SECTOR)))[at % SIM_SECTOR];
		byte = (uint8_t)(byte ^ (1u << bit % 8));
		file_settle(file);
		sector_patch(file, at, &byte, 1);
		file_settled(file);
		sim_changed(sim);
	}
	sim_leave(sim);
	return there;
}

bool sim_truncate_file(struct sim *sim, const char *name, uint64_t size)
{
	sim_enter(sim);
	struct file *file = file_named(sim, name);
	if (file != NULL) {
		file_settle(file);
		table_cut(&file->view, size);
		file->view_size = size;
		file_settled(file);
		sim_changed(sim);
	}
	sim_leave(sim);
	return file != NULL;
}

/* Changes that mention the name are settled along with it. */
static void ops_forget(struct disk *disk, const char *name)
{
	size_t kept = 0;
	for (size_t i = 0; i < disk->op_count; i++) {
		struct op op = disk->ops[i];
		if (strcmp(op.from, name) != 0 && strcmp(op.to, name) != 0)
			disk->ops[kept++] = op;
	}
	disk->op_count = kept;
}

bool sim_remove_file(struct sim *sim, const char *name)
{
	sim_enter(sim);
	bool there = file_named(sim, name) != NULL;
	if (there) {
		ops_forget(&sim->disk, name);
		dir_remove(&sim->disk.view, name);
		dir_remove(&sim->disk.durable, name);
		disk_sweep(sim);
		sim_changed(sim);
	}
	sim_leave(sim);
	return there;
}

bool sim_rename_file(struct sim *sim, const char *from, const char *to)
{
	sim_enter(sim);
	const struct entry *entry = dir_find(&sim->disk.view, from);
	bool there = entry != NULL && strcmp(from, to) != 0;
	if (there) {
		uint32_t number = entry->file;
		ops_forget(&sim->disk, from);
		ops_forget(&sim->disk, to);
		dir_remove(&sim->disk.view, from);
		dir_remove(&sim->disk.durable, from);
		dir_put(&sim->disk.view, to, number);
		dir_put(&sim->disk.durable, to, number);
		disk_sweep(sim);
		sim_changed(sim);
	}
	sim_leave(sim);
	return there;
}

bool sim_file_size(struct sim *sim, const char *name, uint64_t *size)
{
	sim_enter(sim);
	const struct file *file = file_named(sim, name);
	*size = file == NULL ? 0 : file->view_size;
	sim_leave(sim);
	return file != NULL;
}
