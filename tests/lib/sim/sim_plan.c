/* Lists what is pending: see sim_plan.h. */
#include "lib/sim/sim_plan.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A version to be sorted: by sector, then by age. */
struct key {
	uint32_t at;
	size_t index;
};

static int key_compare(const void *a, const void *b)
{
	const struct key *x = a;
	const struct key *y = b;
	if (x->at != y->at)
		return x->at < y->at ? -1 : 1;
	return x->index < y->index ? -1 : x->index > y->index;
}

static int spot_compare(const void *a, const void *b)
{
	const struct spot *x = a;
	const struct spot *y = b;
	if (x->first_write != y->first_write)
		return x->first_write < y->first_write ? -1 : 1;
	if (x->file != y->file)
		return x->file < y->file ? -1 : 1;
	return x->at < y->at ? -1 : x->at > y->at;
}

struct late {
	uint64_t write;
	size_t spot;
};

static int late_compare(const void *a, const void *b)
{
	const struct late *x = a;
	const struct late *y = b;
	if (x->write != y->write)
		return x->write < y->write ? -1 : 1;
	return x->spot < y->spot ? -1 : x->spot > y->spot;
}

void plan_free(struct plan *plan)
{
	if (plan != NULL) {
		for (size_t i = 0; i < plan->spot_count; i++)
			for (size_t pick = 0; pick < PICKS_TRASH; pick++)
				sector_unref(plan->trash[i][pick].sector);
		free(plan->trash);
		free(plan->spots);
		free(plan->order);
		free(plan->by_last);
		free(plan->resized);
		free(plan);
	}
}

/* Groups one file's versions into spots. */
static void plan_file(struct plan *plan, uint32_t number, const struct file *file)
{
	struct key *keys = sim_memory((file->version_count + 1) * sizeof(*keys));
	for (size_t i = 0; i < file->version_count; i++)
		keys[i] = (struct key){file->versions[i].at, i};
	qsort(keys, file->version_count, sizeof(*keys), key_compare);
	for (size_t i = 0; i < file->version_count; i++) {
		const struct version *version = &file->versions[keys[i].index];
		plan->order[plan->version_count] = keys[i].index;
		if (i == 0 || keys[i - 1].at != keys[i].at) {
			plan->spots[plan->spot_count++] = (struct spot){.file = number,
			                                                .at = keys[i].at,
			                                                .first = plan->version_count,
			                                                .first_write = version->write};
		}
		struct spot *spot = &plan->spots[plan->spot_count - 1];
		spot->count++;
		spot->last_write = version->write;
		plan->version_count++;
	}
	free(keys);
	if (file->resize_count > 0)
		plan->resized[plan->resized_count++] = number;
}

static void plan_sort_last(struct plan *plan)
{
	struct late *lates = sim_memory((plan->spot_count + 1) * sizeof(*lates));
	for (size_t i = 0; i < plan->spot_count; i++)
		lates[i] = (struct late){plan->spots[i].last_write, i};
	qsort(lates, plan->spot_count, sizeof(*lates), late_compare);
	for (size_t i = 0; i < plan->spot_count; i++)
		plan->by_last[i] = lates[i].spot;
	free(lates);
}

static struct plan *plan_new(const struct disk *disk)
{
	struct plan *plan = sim_memory(sizeof(*plan));
	size_t versions = 0;
	for (size_t i = 0; i < disk->file_count; i++)
		versions += disk->files[i] == NULL ? 0 : disk->files[i]->version_count;
	plan->version = disk->version;
	plan->spots = sim_memory((versions + 1) * sizeof(*plan->spots));
	plan->trash = sim_memory((versions + 1) * sizeof(*plan->trash));
	plan->order = sim_memory((versions + 1) * sizeof(*plan->order));
	plan->by_last = sim_memory((versions + 1) * sizeof(*plan->by_last));
	plan->resized = sim_memory((disk->file_count + 1) * sizeof(*plan->resized));
	for (size_t i = 0; i < disk->file_count; i++)
		if (disk->files[i] != NULL)
			plan_file(plan, (uint32_t)i, disk->files[i]);
	qsort(plan->spots, plan->spot_count, sizeof(*plan->spots), spot_compare);
	plan_sort_last(plan);
	return plan;
}

struct plan *plan_get(struct sim *sim)
{
	if (sim->plan == NULL || sim->plan->version != sim->disk.version) {
		plan_free(sim->plan);
		sim->plan = plan_new(&sim->disk);
	}
	return sim->plan;
}

const struct version *plan_version(const struct sim *sim, const struct spot *spot, size_t nth)
{
	return &disk_file(&sim->disk, spot->file)->versions[sim->plan->order[spot->first + nth]];
}

struct sim_pending sim_pending(struct sim *sim)
{
	sim_enter(sim);
	const struct plan *plan = plan_get(sim);
	struct sim_pending pending = {
	    .sectors = plan->spot_count,
	    .versions = plan->version_count,
	    .sizes = plan->resized_count,
	    .dir_ops = sim->disk.op_count,
	};
	sim_leave(sim);
	return pending;
}

/* --- In words --------------------------------------------------------------------------------- */

static const char *file_label(const struct disk *disk, uint32_t number)
{
	for (size_t i = 0; i < disk->view.count; i++)
		if (disk->view.entries[i].file == number)
			return disk->view.entries[i].name;
	return "(removed)";
}

__attribute__((format(printf, 4, 5))) static void add(char *out, size_t cap, size_t *len,
                                                      const char *format, ...)
{
	va_list args;
	va_start(args, format);
	int n = *len < cap ? vsnprintf(out + *len, cap - *len, format, args) : 0;
	va_end(args);
	*len += n > 0 ? (size_t)n : 0;
}

void sim_describe(struct sim *sim, char *out, size_t cap)
{
	static const char *const kinds[] = {"create", "rename", "unlink", "cut"};
	size_t len = 0;
	sim_enter(sim);
	const struct plan *plan = plan_get(sim);
	add(out, cap, &len, "sectors:");
	for (size_t i = 0; i < plan->spot_count; i++) {
		const struct spot *spot = &plan->spots[i];
		add(out, cap, &len, " %s[%u]x%zu", file_label(&sim->disk, spot->file), spot->at,
		    spot->count);
	}
	add(out, cap, &len, "; sizes:");
	for (size_t i = 0; i < plan->resized_count; i++) {
		const struct file *file = disk_file(&sim->disk, plan->resized[i]);
		add(out, cap, &len, " %s %llu->%llu", file_label(&sim->disk, plan->resized[i]),
		    (unsigned long long)file->durable_size, (unsigned long long)file->view_size);
	}
	add(out, cap, &len, "; entries:");
	for (size_t i = 0; i < sim->disk.op_count; i++) {
		const struct op *op = &sim->disk.ops[i];
		add(out, cap, &len, " %s %s %s", kinds[op->kind], op->from, op->to);
	}
	sim_leave(sim);
}
