/* One change in the making, as the store holds it: what to do to make it final, and what to do
 * to take it back. */
#ifndef HF_OBJECT_CHANGE_H
#define HF_OBJECT_CHANGE_H

#include "object/nodes.h"
#include "object/object.h"

enum hf__undo_kind {
	HF__UNDO_ADD, /* the object was born in this change */
	HF__UNDO_CHANGE, /* its value was changed: the image is what it was */
	HF__UNDO_REMOVE, /* it left all indexes; freed when the change is final */
	HF__UNDO_TOUCH, /* only its LSNs moved: something inside this container changed */
};

#define HF__NO_PLACE UINT32_MAX

struct hf__undo {
	struct hf__object *object;
	enum hf__undo_kind kind;
	bool open; /* CHANGE: hf__after_change has not been called yet */
	uint32_t place; /* the first ADD or CHANGE of its object: where hf__change.places has it */
	uint32_t newest; /* of that record: the newest CHANGE of the object */
	uint32_t next; /* CHANGE: the next one of the object in this change, or HF__NO_PLACE */
	size_t image; /* offset of the value in hf__change.images */
	uint64_t changed, due; /* as they were */
};

/* Sees what is about to change while a snapshot is being taken: store/snapshot/cut.h. */
struct hf__observer {
	uint64_t upto; /* what changed last at or before it is still as the snapshot has to show it */
	unsigned domain; /* which part of the state the entries that are applied belong to */
	const struct hf__object *next; /* the walk stands before this one; NULL: before none */
	/* It is about to change: not in an index, value or LSN yet. */
	void (*before)(struct hf__observer *observer, const struct hf__object *object);
	/* `next` is about to leave an index: the walk goes on behind it. */
	void (*leaves)(struct hf__observer *observer);
};

struct hf__change {
	struct hf__observer *observer; /* NULL: no snapshot is being taken */
	/* of the change: an object whose `changed` is not below it was noted already */
	uint64_t first_lsn;
	uint64_t lsn; /* of the entry being applied */
	bool durable; /* asked to be durable */
	/* The greatest LSNs that objects had before this change: of those it changed or removed, and
	 * of containers touched too. */
	uint64_t prior_due, touched_changed, touched_due;
	struct hf__undo *records;
	size_t count, cap;
	/* By the address of an object: its first ADD or CHANGE. Twice as many as there is room for
	 * records. What stands in a place counts if that record says that it is its place, so they
	 * need not be cleared: a change begins with none. */
	uint32_t *places;
	struct hf__writer images;
	struct hf__index_nodes nodes; /* of all indexes of the states that it changes */
	size_t most_records, most_images; /* that a change used since upkeep looked: spare.c */
	/* a container was left empty: removed.h. Cleared by the store once none waits to go */
	bool emptied;
};

/* Starts a new change; memory of the last one is reused. */
void hf__change_begin(struct hf__change *change, uint64_t first_lsn, bool durable);
/* Makes it final: frees what was replaced and removed. Cannot fail. */
void hf__change_keep(struct hf__change *change);
/* Takes everything back, newest first: objects, indexes, counters and LSNs are as before. Cannot
 * fail. While an opening loads (hf__index_late_begin) nothing is: the states are given up. */
void hf__change_undo(struct hf__change *change);
/* Does it take away more objects than it makes? */
bool hf__change_shrinks(const struct hf__change *change);
void hf__change_deinit(struct hf__change *change);

#endif
