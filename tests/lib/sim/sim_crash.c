/* Builds one crash image from a choice, if the profile allows it: see sim_os.h for the models.
 *
 * First the directory: the chosen changes on top of the durable entries. Then the files that it
 * names: durable content, with the chosen version of each pending sector, cut at the chosen
 * size. Last the shape, for those who count kinds of damage. */
#include "lib/sim/sim_plan.h"

#include <stdlib.h>
#include <string.h>

/* While one image is made. */
struct build {
	struct sim *sim;
	const struct plan *plan;
	const struct sim_choice *choice;
	struct sim *image;
	uint8_t *ops; /* the choice of directory changes with what it brings along */
};

static unsigned spot_pick(const struct build *build, size_t i)
{
	unsigned pick = build->choice->sectors == NULL ? SIM_PICK_NEWEST : build->choice->sectors[i];
	return pick == SIM_PICK_NEWEST ? (unsigned)build->plan->spots[i].count : pick;
}

static bool pick_trashes(unsigned pick)
{
	return pick == SIM_PICK_ZERO || pick == SIM_PICK_GARBAGE || pick == SIM_PICK_STALE;
}

static bool pick_allowed(const struct sim_profile *profile, unsigned pick, size_t versions)
{
	switch (pick) {
	case SIM_PICK_ZERO:
		return profile->m1_subsets && profile->m1_lost_zero;
	case SIM_PICK_GARBAGE:
		return profile->m1_subsets && profile->m1_lost_garbage;
	case SIM_PICK_STALE:
		return profile->m1_subsets && profile->m1_lost_stale;
	default:
		return pick <= versions;
	}
}

/* Without M1 what survives is all writes up to one of them, whole. */
static bool picks_in_order(const struct build *build)
{
	uint64_t last = 0;
	for (size_t i = 0; i < build->plan->spot_count; i++) {
		unsigned pick = spot_pick(build, i);
		uint64_t write =
		    pick == 0 ? 0 : plan_version(build->sim, &build->plan->spots[i], pick - 1)->write;
		last = write > last ? write : last;
	}
	for (size_t i = 0; i < build->plan->spot_count; i++) {
		const struct spot *spot = &build->plan->spots[i];
		unsigned pick = spot_pick(build, i);
		if (pick < spot->count && plan_version(build->sim, spot, pick)->write <= last)
			return false;
	}
	return true;
}

static bool sectors_allowed(const struct build *build)
{
	for (size_t i = 0; i < build->plan->spot_count; i++)
		if (!pick_allowed(&build->sim->profile, spot_pick(build, i), build->plan->spots[i].count))
			return false;
	return build->sim->profile.m1_subsets || picks_in_order(build);
}

/* --- Directory -------------------------------------------------------------------------------- */

/* Without M4 a prefix of the changes survives. */
static bool ops_in_order(const struct build *build)
{
	for (size_t i = 1; i < build->sim->disk.op_count; i++)
		if (build->ops[i] != 0 && build->ops[i - 1] == 0)
			return false;
	return true;
}

/* A name is created anew only where it had been freed: the change that freed it comes along. */
static void ops_complete(struct build *build)
{
	const struct disk *disk = &build->sim->disk;
	for (size_t i = disk->op_count; i-- > 0;) {
		if (build->ops[i] == 0 || disk->ops[i].kind != OP_CREATE)
			continue;
		for (size_t j = i; j-- > 0;) {
			if (disk->ops[j].kind != OP_CREATE && disk->ops[j].kind != OP_CUT &&
			    strcmp(disk->ops[j].from, disk->ops[i].from) == 0) {
				build->ops[j] = 1;
				break;
			}
		}
	}
}

static bool file_newest(const struct build *build, uint32_t file)
{
	for (size_t i = 0; i < build->plan->spot_count; i++) {
		const struct spot *spot = &build->plan->spots[i];
		if (spot->file == file && spot_pick(build, i) != spot->count)
			return false;
	}
	for (size_t i = 0; i < build->plan->resized_count && build->choice->sizes != NULL; i++) {
		unsigned pick = build->choice->sizes[i];
		bool newest =
		    pick >= SIM_SIZE_FITS || pick == disk_file(&build->sim->disk, file)->resize_count;
		if (build->plan->resized[i] == file && !newest)
			return false;
	}
	return true;
}

/* Without "early" renames, one that survived says that the file's data did. */
static bool renames_allowed(const struct build *build)
{
	const struct disk *disk = &build->sim->disk;
	for (size_t i = 0; i < disk->op_count && !build->sim->profile.m4_rename_early; i++)
		if (build->ops[i] != 0 && disk->ops[i].kind == OP_RENAME &&
		    !file_newest(build, disk->ops[i].file))
			return false;
	return true;
}

static bool dir_build(struct build *build)
{
	const struct disk *disk = &build->sim->disk;
	for (size_t i = 0; i < disk->op_count; i++)
		build->ops[i] = build->choice->dir_ops == NULL || build->choice->dir_ops[i] != 0;
	if (!build->sim->profile.m4_dir_subsets && !ops_in_order(build))
		return false;
	ops_complete(build);
	if (!renames_allowed(build))
		return false;
	struct dir *dir = &build->image->disk.view;
	dir_copy(dir, &disk->durable);
	for (size_t i = 0; i < disk->op_count; i++)
		if (build->ops[i] != 0)
			dir_apply(dir, &disk->ops[i]);
	dir_copy(&build->image->disk.durable, dir);
	return true;
}

/* --- Sectors ---------------------------------------------------------------------------------- */

/* Which bytes of a sector may a lost write have harmed? */
static void mask_fill(const struct build *build, const struct spot *spot, bool mask[SIM_SECTOR])
{
	const struct file *file = disk_file(&build->sim->disk, spot->file);
	memset(mask, 0, SIM_SECTOR * sizeof(mask[0]));
	for (size_t i = 0; i < spot->count; i++) {
		const struct version *version = plan_version(build->sim, spot, i);
		if (version_same(file, version))
			continue;
		size_t low = build->sim->profile.pad_hostile ? 0 : version->low;
		size_t high = build->sim->profile.pad_hostile ? SIM_SECTOR : version->high;
		memset(mask + low, true, (high - low) * sizeof(mask[0]));
	}
}

static void garbage_fill(uint64_t salt, const struct spot *spot, uint8_t out[SIM_SECTOR])
{
	uint64_t state = sim_mix(salt, sim_mix(spot->file, spot->at));
	for (size_t i = 0; i < SIM_SECTOR; i += sizeof(state)) {
		state = sim_mix(state, i);
		memcpy(out + i, &state, sizeof(state));
	}
}

/* What the blocks held before: a removed file, else the sector before this one (a block that
 * went to the wrong place), else nothing new. */
static void stale_fill(const struct build *build, const struct spot *spot, uint8_t out[SIM_SECTOR])
{
	const struct file *file = disk_file(&build->sim->disk, spot->file);
	const struct sector *sector = table_get(build->sim->disk.stale, spot->at);
	if (sector == NULL) {
		sector =
		    spot->at > 0 ? table_get(file->view, spot->at - 1) : table_get(file->durable, spot->at);
	}
	memcpy(out, sector_data(sector), SIM_SECTOR);
}

static void rubbish_fill(const struct build *build, const struct spot *spot, unsigned pick,
                         uint8_t out[SIM_SECTOR])
{
	memset(out, 0, SIM_SECTOR);
	if (pick == SIM_PICK_GARBAGE)
		garbage_fill(build->choice->salt, spot, out);
	else if (pick == SIM_PICK_STALE)
		stale_fill(build, spot, out);
}

static struct sector *trash_make(const struct build *build, const struct spot *spot, unsigned pick)
{
	uint8_t whole[SIM_SECTOR];
	uint8_t rubbish[SIM_SECTOR];
	bool mask[SIM_SECTOR];
	memcpy(whole,
	       sector_data(table_get(disk_file(&build->sim->disk, spot->file)->durable, spot->at)),
	       SIM_SECTOR);
	mask_fill(build, spot, mask);
	rubbish_fill(build, spot, pick, rubbish);
	for (size_t i = 0; i < SIM_SECTOR; i++)
		whole[i] = mask[i] ? rubbish[i] : whole[i];
	return sector_new(whole);
}

static struct sector *sector_trash(const struct build *build, size_t nth, unsigned pick)
{
	struct trash *trash = &build->plan->trash[nth][pick - SIM_PICK_ZERO];
	if (!trash->made || trash->salt != build->choice->salt) {
		sector_unref(trash->sector);
		*trash = (struct trash){.sector = trash_make(build, &build->plan->spots[nth], pick),
		                        .salt = build->choice->salt,
		                        .made = true};
	}
	return sector_ref(trash->sector);
}

/* A lost write that changes something takes the rest of its page along, written to or not. */
static bool page_lost(const struct build *build, const struct spot *spot, unsigned pick)
{
	const struct file *file = disk_file(&build->sim->disk, spot->file);
	bool changes = false;
	for (size_t i = 0; i < spot->count; i++)
		changes |= !version_same(file, plan_version(build->sim, spot, i));
	return build->sim->profile.page_hostile && pick_trashes(pick) && changes;
}

static void pages_build(const struct build *build)
{
	for (size_t i = 0; i < build->plan->spot_count; i++) {
		const struct spot *spot = &build->plan->spots[i];
		struct file *file = build->image->disk.files[spot->file];
		unsigned pick = spot_pick(build, i);
		if (file == NULL || !page_lost(build, spot, pick))
			continue;
		struct spot other = *spot;
		for (other.at = spot->at / (SIM_PAGE / SIM_SECTOR) * (SIM_PAGE / SIM_SECTOR);
		     other.at / (SIM_PAGE / SIM_SECTOR) == spot->at / (SIM_PAGE / SIM_SECTOR); other.at++) {
			uint8_t rubbish[SIM_SECTOR];
			rubbish_fill(build, &other, pick, rubbish);
			if ((uint64_t)other.at * SIM_SECTOR < file->view_size)
				table_set(&file->view, other.at, sector_new(rubbish));
		}
	}
}

/* Pages first: a sector that was itself written to has its own fate. */
static void sectors_build(const struct build *build)
{
	pages_build(build);
	for (size_t i = 0; i < build->plan->spot_count; i++) {
		const struct spot *spot = &build->plan->spots[i];
		struct file *file = build->image->disk.files[spot->file];
		unsigned pick = spot_pick(build, i);
		if (file == NULL || pick == 0)
			continue;
		struct sector *sector = pick_trashes(pick)
		                            ? sector_trash(build, i, pick)
		                            : sector_ref(plan_version(build->sim, spot, pick - 1)->content);
		table_set(&file->view, spot->at, sector);
	}
}

/* What did not survive of files that did: the blocks may show it again under a later lost
 * sector. */
static void stale_build(const struct build *build)
{
	for (size_t i = 0; i < build->plan->spot_count; i++) {
		const struct spot *spot = &build->plan->spots[i];
		const struct version *newest = plan_version(build->sim, spot, spot->count - 1);
		if (newest->content != NULL && spot_pick(build, i) != spot->count)
			table_set(&build->image->disk.stale, spot->at, sector_ref(newest->content));
	}
}

/* --- Files and sizes -------------------------------------------------------------------------- */

/* Where the surviving writes of a file end. Trashed sectors did not survive. */
static uint64_t size_needed(const struct build *build, uint32_t number)
{
	uint64_t size = disk_file(&build->sim->disk, number)->durable_size;
	for (size_t i = 0; i < build->plan->spot_count; i++) {
		const struct spot *spot = &build->plan->spots[i];
		unsigned pick = spot_pick(build, i);
		size_t count = pick_trashes(pick) ? 0 : pick;
		for (size_t j = 0; j < count && spot->file == number; j++) {
			uint64_t end =
			    (uint64_t)spot->at * SIM_SECTOR + plan_version(build->sim, spot, j)->high;
			size = end > size ? end : size;
		}
	}
	return size;
}

static bool size_pick(const struct file *file, unsigned pick, uint64_t needed, uint64_t *out)
{
	*out = pick == SIM_SIZE_FITS ? needed : file->durable_size;
	if (pick == SIM_SIZE_NEWEST)
		pick = (unsigned)file->resize_count;
	if (pick != SIM_SIZE_FITS && pick > file->resize_count)
		return false;
	if (pick != SIM_SIZE_FITS && pick > 0)
		*out = file->resizes[pick - 1].size;
	return true;
}

static bool sizes_build(const struct build *build, struct sim_shape *shape)
{
	const struct sim_profile *profile = &build->sim->profile;
	for (size_t i = 0; i < build->plan->resized_count; i++) {
		uint32_t number = build->plan->resized[i];
		struct file *file = build->image->disk.files[number];
		if (file == NULL)
			continue;
		unsigned pick = build->choice->sizes == NULL ? SIM_SIZE_FITS : build->choice->sizes[i];
		uint64_t needed = size_needed(build, number);
		if (!size_pick(disk_file(&build->sim->disk, number), pick, needed, &file->view_size))
			return false;
		if ((file->view_size < needed && !profile->m2_size_lag) ||
		    (file->view_size > needed && !profile->m5_size_early))
			return false;
		shape->size_short |= file->view_size < needed;
		shape->size_long |= file->view_size > needed;
		table_cut(&file->view, file->view_size);
	}
	return true;
}

static void cuts_build(const struct build *build)
{
	const struct disk *disk = &build->sim->disk;
	for (size_t i = 0; i < disk->op_count; i++) {
		struct file *file = disk->ops[i].kind == OP_CUT && build->ops[i] != 0
		                        ? build->image->disk.files[disk->ops[i].file]
		                        : NULL;
		if (file != NULL)
			file_cut(file, disk->ops[i].size);
	}
}

/* The files that the new directory names, with what is durable of them. */
static void files_build(struct build *build)
{
	struct disk *disk = &build->image->disk;
	const struct disk *from = &build->sim->disk;
	disk->file_count = from->file_count;
	disk->files = sim_grow(NULL, &disk->file_cap, disk->file_count, sizeof(*disk->files));
	for (size_t i = 0; i < disk->file_count; i++)
		disk->files[i] = NULL;
	for (size_t i = 0; i < disk->view.count; i++) {
		uint32_t number = disk->view.entries[i].file;
		const struct file *old = disk_file(from, number);
		if (disk->files[number] == NULL) {
			disk->files[number] = sim_memory(sizeof(struct file));
			disk->files[number]->view = table_ref(old->durable);
			disk->files[number]->view_size = old->durable_size;
		}
	}
}

static void files_finish(struct disk *disk)
{
	for (size_t i = 0; i < disk->file_count; i++) {
		struct file *file = disk->files[i];
		if (file != NULL) {
			file->durable = table_ref(file->view);
			file->durable_size = file->view_size;
		}
	}
}

/* --- Shape ------------------------------------------------------------------------------------ */

static void shape_count(const struct build *build, struct sim_shape *shape)
{
	for (size_t i = 0; i < build->plan->spot_count; i++) {
		unsigned pick = spot_pick(build, i);
		shape->trashed += pick_trashes(pick);
		shape->kept += pick == build->plan->spots[i].count;
		shape->lost += pick < build->plan->spots[i].count;
	}
	for (size_t i = 0; i < build->sim->disk.op_count; i++) {
		shape->dir_kept += build->ops[i] != 0;
		shape->dir_lost += build->ops[i] == 0;
	}
}

/* In order of the last write: a survivor after a loss is out of order, a loss beside a survivor
 * of the same write is torn. */
static void shape_order(const struct build *build, struct sim_shape *shape)
{
	uint64_t first_lost = 0;
	uint64_t lost_write = 0;
	uint64_t kept_write = 0;
	for (size_t i = 0; i < build->plan->spot_count; i++) {
		size_t at = build->plan->by_last[i];
		const struct spot *spot = &build->plan->spots[at];
		bool kept = spot_pick(build, at) == spot->count;
		shape->torn |= kept ? lost_write == spot->last_write : kept_write == spot->last_write;
		shape->reordered |= kept && first_lost != 0 && first_lost < spot->last_write;
		if (kept) {
			kept_write = spot->last_write;
		} else {
			lost_write = spot->last_write;
			first_lost = first_lost == 0 ? lost_write : first_lost;
		}
	}
}

struct sim *crash_build(struct sim *sim, const struct sim_choice *choice, struct sim_shape *shape)
{
	struct sim_shape own = {0};
	struct build build = {.sim = sim, .plan = plan_get(sim), .choice = choice};
	if (!sectors_allowed(&build))
		return NULL;
	build.image = sim_blank(sim->profile, sim->seed);
	sim_inherit(build.image, sim);
	build.image->boot++;
	build.image->boot_us = SIM_BOOTED_US;
	/* what it draws from now on is not what the old one would have drawn */
	build.image->rng = sim_mix(sim->rng, 1);
	build.image->disk.stale = table_ref(sim->disk.stale);
	sim_changed(build.image);
	build.ops = sim_memory(sim->disk.op_count + 1);
	bool legal = dir_build(&build);
	if (legal) {
		files_build(&build);
		sectors_build(&build);
		legal = sizes_build(&build, &own);
		cuts_build(&build);
	}
	if (legal) {
		stale_build(&build);
		files_finish(&build.image->disk);
		shape_count(&build, &own);
		shape_order(&build, &own);
	} else {
		sim_free(build.image);
		build.image = NULL;
	}
	free(build.ops);
	if (shape != NULL)
		*shape = own;
	return build.image;
}

struct sim *sim_crash(struct sim *sim, const struct sim_choice *choice)
{
	static const struct sim_choice all = {0};
	sim_enter(sim);
	struct sim *image = crash_build(sim, choice == NULL ? &all : choice, NULL);
	sim_leave(sim);
	return image;
}
