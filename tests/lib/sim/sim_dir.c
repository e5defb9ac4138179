/* The names of the simulated disk, and the set of its files (M3, M4, M9). */
#include "lib/sim/sim_disk.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int name_check(const char *name)
{
	if (*name == '\0' || strchr(name, '/') != NULL || strcmp(name, ".") == 0 ||
	    strcmp(name, "..") == 0)
		return EINVAL;
	return strlen(name) > SIM_NAME_MAX ? ENAMETOOLONG : 0;
}

/* Where the name is, or where it would go. */
static size_t dir_place(const struct dir *dir, const char *name, bool *found)
{
	size_t at = 0;
	int order = -1;
	while (at < dir->count && (order = strcmp(dir->entries[at].name, name)) < 0)
		at++;
	*found = at < dir->count && order == 0;
	return at;
}

struct entry *dir_find(const struct dir *dir, const char *name)
{
	bool found = false;
	size_t at = dir_place(dir, name, &found);
	return found ? &dir->entries[at] : NULL;
}

void dir_put(struct dir *dir, const char *name, uint32_t file)
{
	bool found = false;
	size_t at = dir_place(dir, name, &found);
	if (!found || !dir->entries) { /* an empty directory finds nothing */
		dir->entries = sim_grow(dir->entries, &dir->cap, dir->count + 1, sizeof(*dir->entries));
		memmove(&dir->entries[at + 1], &dir->entries[at],
		        (dir->count - at) * sizeof(*dir->entries));
		dir->count++;
		memcpy(dir->entries[at].name, name, strlen(name) + 1);
	}
	dir->entries[at].file = file;
}

void dir_remove(struct dir *dir, const char *name)
{
	bool found = false;
	size_t at = dir_place(dir, name, &found);
	if (found) {
		dir->count--;
		memmove(&dir->entries[at], &dir->entries[at + 1],
		        (dir->count - at) * sizeof(*dir->entries));
	}
}

void dir_apply(struct dir *dir, const struct op *op)
{
	if (op->kind == OP_CREATE) {
		dir_put(dir, op->from, op->file);
		return;
	}
	if (op->kind == OP_CUT)
		return; /* the name stays */
	/* A rename whose old name stands for another file by now (an earlier change was lost) takes
	 * only the new name. */
	const struct entry *entry = dir_find(dir, op->from);
	if (op->kind == OP_UNLINK || (entry != NULL && entry->file == op->file))
		dir_remove(dir, op->from);
	if (op->kind == OP_RENAME)
		dir_put(dir, op->to, op->file);
}

void dir_copy(struct dir *to, const struct dir *from)
{
	to->entries = sim_grow(to->entries, &to->cap, from->count, sizeof(*to->entries));
	if (from->count > 0)
		memcpy(to->entries, from->entries, from->count * sizeof(*to->entries));
	to->count = from->count;
}

void dir_deinit(struct dir *dir)
{
	free(dir->entries);
	*dir = (struct dir){0};
}

/* --- The set of files ------------------------------------------------------------------------- */

uint32_t disk_add(struct disk *disk, struct file *file)
{
	size_t number = 0;
	while (number < disk->file_count && disk->files[number] != NULL)
		number++;
	if (number == disk->file_count) {
		disk->files = sim_grow(disk->files, &disk->file_cap, number + 1, sizeof(*disk->files));
		disk->file_count++;
	}
	disk->files[number] = file;
	return (uint32_t)number;
}

struct file *disk_file(const struct disk *disk, uint32_t number)
{
	return disk->files[number];
}

void disk_copy(struct disk *to, const struct disk *from)
{
	to->files = sim_grow(NULL, &to->file_cap, from->file_count, sizeof(*to->files));
	for (size_t i = 0; i < from->file_count; i++)
		to->files[i] = from->files[i] == NULL ? NULL : file_clone(from->files[i]);
	to->file_count = from->file_count;
	dir_copy(&to->view, &from->view);
	dir_copy(&to->durable, &from->durable);
	to->ops = sim_grow(NULL, &to->op_cap, from->op_count, sizeof(*to->ops));
	if (from->op_count > 0)
		memcpy(to->ops, from->ops, from->op_count * sizeof(*to->ops));
	to->op_count = from->op_count;
	to->stale = table_ref(from->stale);
	to->version = from->version;
}

void disk_deinit(struct disk *disk)
{
	for (size_t i = 0; i < disk->file_count; i++)
		file_free(disk->files[i]);
	free(disk->files);
	dir_deinit(&disk->view);
	dir_deinit(&disk->durable);
	free(disk->ops);
	table_unref(disk->stale);
	*disk = (struct disk){0};
}

static bool dir_holds(const struct dir *dir, size_t file)
{
	for (size_t i = 0; i < dir->count; i++)
		if (dir->entries[i].file == file)
			return true;
	return false;
}

static bool file_needed(const struct sim *sim, size_t file)
{
	if (dir_holds(&sim->disk.view, file) || dir_holds(&sim->disk.durable, file))
		return true;
	for (size_t i = 0; i < sim->disk.op_count; i++)
		if (sim->disk.ops[i].kind != OP_UNLINK && sim->disk.ops[i].file == file)
			return true;
	for (size_t i = 0; i < sim->handle_count; i++)
		if (sim->handles[i].used && sim->handles[i].file == file)
			return true;
	return false;
}

/* The blocks of a file that is gone for good may show through lost sectors later. */
static void stale_keep(struct disk *disk, const struct table *table)
{
	for (size_t i = 0; table != NULL && i < table->count; i++)
		if (table->sectors[i] != NULL)
			table_set(&disk->stale, i, sector_ref(table->sectors[i]));
}

void disk_sweep(struct sim *sim)
{
	struct disk *disk = &sim->disk;
	for (size_t i = 0; i < disk->file_count; i++) {
		if (disk->files[i] != NULL && !file_needed(sim, i)) {
			stale_keep(disk, disk->files[i]->view);
			file_free(disk->files[i]);
			disk->files[i] = NULL;
			plan_free(sim->plan); /* it may name the file */
			sim->plan = NULL;
		}
	}
}

struct op *disk_op(struct sim *sim, enum op_kind kind, const char *from, const char *to,
                   uint32_t file)
{
	struct disk *disk = &sim->disk;
	struct op op = {.kind = kind, .file = file, .seq = ++sim->writes};
	memcpy(op.from, from, strlen(from) + 1);
	memcpy(op.to, to, strlen(to) + 1);
	dir_apply(&disk->view, &op);
	disk->ops = sim_grow(disk->ops, &disk->op_cap, disk->op_count + 1, sizeof(*disk->ops));
	disk->ops[disk->op_count++] = op;
	sim_changed(sim);
	return &disk->ops[disk->op_count - 1];
}

static bool op_touches(const struct op *op, const struct op *other)
{
	return strcmp(op->from, other->from) == 0 || strcmp(op->from, other->to) == 0 ||
	       (op->kind == OP_RENAME &&
	        (strcmp(op->to, other->from) == 0 || strcmp(op->to, other->to) == 0));
}

/* A change that was dropped by a failed sync and has since been overtaken by a stored one of the
 * same name is history. */
static bool ghost_laid(const struct disk *disk, size_t at, uint64_t up_to)
{
	for (size_t i = at + 1; i < disk->op_count; i++) {
		const struct op *later = &disk->ops[i];
		if (!later->ghost && later->seq <= up_to && op_touches(&disk->ops[at], later))
			return true;
	}
	return false;
}

void disk_sync_dir(struct disk *disk, uint64_t up_to)
{
	size_t kept = 0;
	for (size_t i = 0; i < disk->op_count; i++) {
		struct op op = disk->ops[i];
		if (!op.ghost && op.seq <= up_to) {
			dir_apply(&disk->durable, &op);
			if (op.kind == OP_CUT)
				file_cut_durable(disk->files[op.file], op.size);
		} else if (!op.ghost || !ghost_laid(disk, i, up_to)) {
			disk->ops[kept++] = op;
		}
	}
	disk->op_count = kept;
}
