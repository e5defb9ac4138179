/* Names that are gone. What was used once and is empty now costs nothing: containers (queues,
 * inboxes, streams, ...) go when they hold nothing, and of all names that ever went one of 64
 * numbers remembers the newest removal.
 *
 * A number is an object without a value, chosen by the keyed hash of the name, so that no
 * caller can aim at it. What finds no object of a name depends on its number, as it would depend on
 * the container if that were still there: an answer waits until the removal is as durable as was
 * asked, and a guard on absence sees that something happened. The number moves only when a name
 * of it goes. It may therefore make an answer wait, or a guard fail, because of another name; it
 * never lets one pass wrongly. */
#ifndef HF_OBJECT_REMOVED_H
#define HF_OBJECT_REMOVED_H

#include "base/map.h"
#include "object/object.h"

struct hf__container;

#define HF__REMOVED_NUMBERS 64u
/* So many empty containers stay for the next change of them: what is filled and emptied all the
 * time is not made anew each time. Upkeep lets them go too. */
#define HF__REMOVED_KEPT 16u

/* Of one domain. */
struct hf__removed {
	struct hf__object numbers[HF__REMOVED_NUMBERS];
	/* empty containers in the order of their newest change */
	struct hf__container *oldest, *newest;
	size_t waiting; /* how many */
	uint64_t final; /* the newest change of any container that is final */
};

/* Stands first in every container that goes when it is empty; its name lies at its end. See
 * object/container.h. */
struct hf__container {
	struct hf__object object;
	struct hf__removed *home; /* set at birth */
	struct hf__container *older, *newer;
	int64_t until; /* listed until then: hf__container_until() */
	bool in; /* waits to go: I-REMOVED-1 */
	uint16_t len; /* of the name */
};

void hf__removed_init(struct hf__removed *removed);
/* `hash` is that of the name, by hf__map_hash. */
struct hf__object *hf__removed_number(struct hf__removed *removed, uint64_t hash);
/* What an answer depends on that is about a container, or about one that is not there. `map` is
 * the one that has it by name. */
const struct hf__object *hf__removed_depends(const struct hf__removed *removed,
                                             const struct hf__map *map,
                                             const struct hf__object *container,
                                             struct hf_bytes name);

/* For object/change.c: a change that touched this container is final. It enters the line if it is
 * idle, else leaves it. true: it waits to go. */
bool hf__removed_note(struct hf__object *container);
/* The same where something was added for good: what held or said anything does so still. */
static inline bool hf__removed_grew(struct hf__object *container)
{
	const struct hf__container *c = (const struct hf__container *)(const void *)container;
	if (c->in)
		return hf__removed_note(container);
	if (container->changed > c->home->final)
		c->home->final = container->changed;
	return false;
}
/* Lets go up to `budget` of those that wait, oldest first, while more than `keep` do and the
 * newest change of the oldest is at or before `durable`. No change is under way. true: more
 * could go at once. */
bool hf__removed_sweep(struct hf__removed *removed, uint64_t durable, size_t keep, unsigned budget);

/* For verify: I-REMOVED-1. */
bool hf__removed_right(const struct hf__object *container);
bool hf__removed_sane(const struct hf__removed *removed);

#endif
