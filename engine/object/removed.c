/* See removed.h. Job: forget containers that hold nothing, and remember of them what rule 2 and
 * guards need.
 *
 * Happy path: when a change is final, the store's hook notes every container that it touched;
 * those that are idle stand in a line, in the order of their newest change. Before the next
 * change, and in upkeep, the first of them go once their newest change is durable, a few at a
 * time: their LSNs go into the number of their name. Nothing is logged, no answer changes: an
 * empty container is no state.
 *
 * Why nothing can still point at one that goes: no change is under way, so no undo record and no
 * operation of a transaction names it; what was inside was freed when the change that removed it
 * became final; waits, pages and callers know names, not objects.
 *
 * Crash: replay makes and forgets containers by the same rules; those that it finds idle at the
 * end go at once, since all it read is durable.
 *
 * I-REMOVED-1: a container whose newest change is final is in the line iff it is idle.
 * I-REMOVED-2: a number is never below the LSNs of a container of its names that went. */
#include "object/removed.h"

#include <assert.h>

static const struct hf__type number_type = {.name = "names that are gone",
                                            .value_offset = sizeof(struct hf__object)};

static struct hf__vacancy *vacancy_of(const struct hf__object *container)
{
	return (struct hf__vacancy *)(void *)((uint8_t *)(uintptr_t)container +
	                                      container->type->vacancy_offset);
}

void hf__removed_init(struct hf__removed *removed)
{
	*removed = (struct hf__removed){0};
	for (unsigned i = 0; i < HF__REMOVED_NUMBERS; i++)
		removed->numbers[i].type = &number_type;
}

/* By the end of the hash that maps use last. */
struct hf__object *hf__removed_number(struct hf__removed *removed, uint64_t hash)
{
	_Static_assert(HF__REMOVED_NUMBERS == 1u << (64 - 58), "six bits choose a number");
	return &removed->numbers[hash >> 58];
}

const struct hf__object *hf__removed_depends(const struct hf__removed *removed,
                                             const struct hf__map *map,
                                             const struct hf__object *container,
                                             struct hf_bytes name)
{
	return container ? container : &removed->numbers[hf__map_hash(map, name.data, name.len) >> 58];
}

/* --- The line --------------------------------------------------------------------------------- */

static void line_leave(struct hf__object *container)
{
	struct hf__vacancy *v = vacancy_of(container);
	if (v->older)
		vacancy_of(v->older)->newer = v->newer;
	else
		v->home->oldest = v->newer;
	if (v->newer)
		vacancy_of(v->newer)->older = v->older;
	else
		v->home->newest = v->older;
	v->older = v->newer = NULL;
	v->in = false;
	v->home->waiting--;
}

static void line_enter(struct hf__object *container)
{
	struct hf__vacancy *v = vacancy_of(container);
	v->older = v->home->newest;
	if (v->older)
		vacancy_of(v->older)->newer = container;
	else
		v->home->oldest = container;
	v->home->newest = container;
	v->in = true;
	v->home->waiting++;
}

bool hf__removed_note(struct hf__object *container)
{
	struct hf__removed *home = vacancy_of(container)->home;
	if (container->changed > home->final)
		home->final = container->changed;
	if (vacancy_of(container)->in)
		line_leave(container);
	if (container->type->idle(container))
		line_enter(container);
	return vacancy_of(container)->in;
}

/* --- Going ------------------------------------------------------------------------------------ */

/* I-REMOVED-2. */
static void remember(struct hf__object *number, const struct hf__object *container)
{
	if (container->changed > number->changed)
		number->changed = container->changed;
	if (container->due > number->due)
		number->due = container->due;
}

static void let_go(struct hf__object *container)
{
	assert(container->type->idle(container)); /* I-REMOVED-1 */
	line_leave(container);
	remember(container->type->number(container), container);
	if (container->type->unlink)
		container->type->unlink(container);
	if (container->type->delist)
		container->type->delist(container);
	hf__object_free(container);
}

bool hf__removed_sweep(struct hf__removed *removed, uint64_t durable, size_t keep, unsigned budget)
{
	while (removed->waiting > keep && removed->oldest->changed <= durable) {
		if (budget-- == 0)
			return true;
		let_go(removed->oldest);
	}
	return false;
}

/* --- Verify ----------------------------------------------------------------------------------- */

bool hf__removed_right(const struct hf__object *container)
{
	const struct hf__vacancy *v = vacancy_of(container);
	return container->changed > v->home->final || v->in == container->type->idle(container);
}

bool hf__removed_sane(const struct hf__removed *removed)
{
	const struct hf__object *before = NULL;
	size_t count = 0;
	for (const struct hf__object *c = removed->oldest; c && count <= removed->waiting;
	     c = vacancy_of(c)->newer, count++) {
		if (!vacancy_of(c)->in || vacancy_of(c)->older != before || vacancy_of(c)->home != removed)
			return false;
		before = c;
	}
	return count == removed->waiting && removed->newest == before;
}
