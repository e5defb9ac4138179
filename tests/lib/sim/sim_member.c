/* See sim_member.h. */
#include "lib/sim/sim_member.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { TRIES = 40 };

int member_link(struct sim *from, const char *name, struct sim *to)
{
	const struct entry *entry = dir_find(&from->disk.view, name);
	if (!entry)
		return ENOENT;
	if (dir_find(&to->disk.view, name))
		return EEXIST;
	const uint32_t file = disk_add(&to->disk, file_clone(disk_file(&from->disk, entry->file)));
	disk_op(to, OP_CREATE, name, "", file);
	return 0;
}

/* Each piece of it is a call that may fail, too. */
int member_clone(const struct hf__os *from, int source, const struct hf__os *to, int file)
{
	uint8_t piece[4096];
	size_t got = sizeof piece;
	int err = 0;
	for (uint64_t at = 0; err == 0 && got == sizeof piece; at += got) {
		err = from->read(from->ctx, source, piece, sizeof piece, at, &got);
		if (err == 0 && got > 0)
			err = to->write(to->ctx, file, piece, got, at);
	}
	return err;
}

bool member_survives(enum sim_parent_image image, uint64_t salt, uint64_t at)
{
	return image == SIM_IMAGE_SOME ? sim_mix(salt, at) & 1 : image == SIM_IMAGE_NEW;
}

/* What a sector that was not synced may hold. */
static uint8_t pick_of(const struct sim_profile *profile, enum sim_parent_image image,
                       uint64_t salt, uint64_t at)
{
	uint8_t picks[5] = {0, SIM_PICK_NEWEST};
	size_t count = 2;
	if (image != SIM_IMAGE_SOME)
		return picks[image == SIM_IMAGE_NEW];
	if (profile->m1_subsets && profile->m1_lost_zero)
		picks[count++] = SIM_PICK_ZERO;
	if (profile->m1_subsets && profile->m1_lost_garbage)
		picks[count++] = SIM_PICK_GARBAGE;
	if (profile->m1_subsets && profile->m1_lost_stale)
		picks[count++] = SIM_PICK_STALE;
	/* every other image keeps or loses whole writes only */
	return picks[(sim_mix(salt, at) >> 8) % (salt & 1 ? count : 2)];
}

/* Where a choice is not legal, another one is taken. */
struct sim *member_crash(struct sim *sim, enum sim_parent_image image, uint64_t salt)
{
	const struct sim_pending pending = sim_pending(sim);
	uint8_t *sectors = sim_memory(pending.sectors + 1), *sizes = sim_memory(pending.sizes + 1),
	        *dir_ops = sim_memory(pending.dir_ops + 1);
	struct sim *out = NULL;
	for (unsigned tries = 0; !out && tries < TRIES; tries++) {
		const uint64_t own = sim_mix(salt, tries);
		const struct sim_choice choice = {sectors, sizes, dir_ops, own};
		for (size_t i = 0; i < pending.sectors; i++)
			sectors[i] = pick_of(&sim->profile, image, own, i);
		for (size_t i = 0; i < pending.sizes; i++)
			sizes[i] = SIM_SIZE_FITS;
		for (size_t i = 0; i < pending.dir_ops; i++)
			dir_ops[i] = member_survives(image, own, ~i);
		out = sim_crash(sim, &choice);
	}
	free(sectors);
	free(sizes);
	free(dir_ops);
	return out ? out : sim_crash(sim, NULL);
}
