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

static struct hf__container *container_of(const struct hf__object *object)
{
	return (struct hf__container *)(uintptr_t)object;
}

void hf__removed_init(struct hf__removed *removed)
{
	*removed = (struct hf__removed){0};
	for (unsigned i = 0; i < HF__REMOVED_NUMBERS; i++)
		hf__object_is(&removed->numbers[i], &hf__plain_type);
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

static void line_leave(struct hf__container *c)
{
	if (c->older)
		c->older->newer = c->newer;
	else
		c->home->oldest = c->newer;
	if (c->newer)
		c->newer->older = c->older;
	else
		c->home->newest = c->older;
	c->older = c->newer = NULL;
	c->in = false;
	c->home->waiting--;
}

static void line_enter(struct hf__container *c)
{
	c->older = c->home->newest;
	if (c->older)
		c->older->newer = c;
	else
		c->home->oldest = c;
	c->home->newest = c;
	c->in = true;
	c->home->waiting++;
}

bool hf__removed_note(struct hf__object *object)
{
	struct hf__container *c = container_of(object);
	if (object->changed > c->home->final)
		c->home->final = object->changed;
	if (c->in)
		line_leave(c);
	if (hf__type(object)->idle(object))
		line_enter(c);
	return c->in;
}

/* --- Going ------------------------------------------------------------------------------------ */

/* I-REMOVED-2. */
static void remember(struct hf__object *number, const struct hf__object *container)
{
	const uint64_t due = hf__object_due(container), before = hf__object_due(number);
	hf__object_note(number,
	                container->changed > number->changed ? container->changed : number->changed,
	                due > before ? due : before);
}

static void let_go(struct hf__container *c)
{
	struct hf__object *object = &c->object;
	assert(hf__type(object)->idle(object)); /* I-REMOVED-1 */
	line_leave(c);
	remember(hf__type(object)->number(object), object);
	if (hf__type(object)->unlink)
		hf__type(object)->unlink(object);
	if (hf__type(object)->delist)
		hf__type(object)->delist(object);
	hf__object_gone(object);
}

bool hf__removed_sweep(struct hf__removed *removed, uint64_t durable, size_t keep, unsigned budget)
{
	while (removed->waiting > keep && removed->oldest->object.changed <= durable) {
		if (budget-- == 0)
			return true;
		let_go(removed->oldest);
	}
	return false;
}

/* --- Verify ----------------------------------------------------------------------------------- */

bool hf__removed_right(const struct hf__object *object)
{
	const struct hf__container *c = container_of(object);
	return object->changed > c->home->final || c->in == hf__type(object)->idle(object);
}

bool hf__removed_sane(const struct hf__removed *removed)
{
	const struct hf__container *before = NULL;
	size_t count = 0;
	for (const struct hf__container *c = removed->oldest; c && count <= removed->waiting;
	     c = c->newer, count++) {
		if (!c->in || c->older != before || c->home != removed)
			return false;
		before = c;
	}
	return count == removed->waiting && removed->newest == before;
}
