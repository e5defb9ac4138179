/* The one hook for change. State changes only through here, so that every change can be taken
 * back, is noted with its LSN on the object and on what contains it, and can be checked (test
 * builds seal each value with a checksum).
 *
 * A change is a list of records in the order things happened. Keeping it walks forward and frees
 * what is no longer referenced; undoing it walks backward. Neither needs memory, so neither can
 * fail: whatever can fail (room for a record and an image) fails in hf__before_change, when
 * nothing has happened yet.
 *
 * Undoing goes through exactly the values that an object had, one step after the other: whatever
 * order the indexes and counters of a state were filled in is gone through backward, so that none
 * ever holds more than it once held (I-INDEX-1).
 *
 * While an opening loads nothing is taken back: see add_for_good().
 *
 * I-CHANGE-1: between before and after an object is in no value-dependent index. I-CHANGE-2: until
 * the change ends, a blob belongs to the live value of its object or to images of it that follow
 * each other, or to both. */
#include "object/change.h"

#include <assert.h>

#include "base/map.h"
#include "base/mem.h"
#include "object/removed.h"

static void call(void (*hook)(struct hf__object *), struct hf__object *object)
{
	if (hook)
		hook(object);
}

void hf__change_begin(struct hf__change *change, uint64_t first_lsn, bool durable)
{
	change->first_lsn = first_lsn;
	change->lsn = first_lsn;
	change->durable = durable;
	change->prior_due = change->touched_changed = change->touched_due = 0;
	change->count = 0;
	change->images.len = 0;
	change->images.bad = false;
	hf__nodes_end(&change->nodes); /* names that went meanwhile gave some back */
}

bool hf__change_shrinks(const struct hf__change *change)
{
	size_t born = 0, gone = 0;
	for (size_t i = 0; i < change->count; i++) {
		born += change->records[i].kind == HF__UNDO_ADD;
		gone += change->records[i].kind == HF__UNDO_REMOVE;
	}
	return gone > 0 && gone >= born;
}

void hf__change_deinit(struct hf__change *change)
{
	hf__free(change->records);
	hf__free(change->places);
	hf__writer_deinit(&change->images);
	hf__nodes_deinit(&change->nodes);
}

/* --- Which records an object has -------------------------------------------------------------- */

static size_t place_of(const struct hf__change *change, const struct hf__object *object)
{
	const uint64_t mixed = (uint64_t)(uintptr_t)object * UINT64_C(0x9e3779b97f4a7c15);
	return (size_t)(mixed >> 32) & (2 * change->cap - 1);
}

/* The record that stands in a place, NULL: none. */
static struct hf__undo *placed(const struct hf__change *change, size_t place)
{
	const uint32_t i = change->places[place];
	return i < change->count && change->records[i].place == place ? &change->records[i] : NULL;
}

/* The first ADD or CHANGE of the object in this change; NULL: none. */
static struct hf__undo *first_record(const struct hf__change *change,
                                     const struct hf__object *object)
{
	if (change->count == 0 || object->changed < change->first_lsn)
		return NULL; /* not even noted */
	size_t place = place_of(change, object);
	for (struct hf__undo *record; (record = placed(change, place)) != NULL;) {
		if (record->object == object)
			return record;
		place = (place + 1) & (2 * change->cap - 1);
	}
	return NULL;
}

/* The newest record becomes the first of its object. Records go in the reverse order of their
 * coming, so what was placed before another is found without it. */
static void place_record(struct hf__change *change)
{
	struct hf__undo *record = &change->records[change->count - 1];
	size_t place = place_of(change, record->object);
	record->place = HF__NO_PLACE; /* not by what stood there before */
	while (placed(change, place))
		place = (place + 1) & (2 * change->cap - 1);
	change->places[place] = (uint32_t)(change->count - 1);
	record->place = (uint32_t)place;
	record->newest = (uint32_t)(change->count - 1);
}

/* Places all records anew, after their number of places changed. */
static void place_all(struct hf__change *change)
{
	const size_t count = change->count;
	for (change->count = 0; change->count < count;) {
		const struct hf__undo *record = &change->records[change->count++];
		const uint32_t newest = record->newest;
		if (record->place == HF__NO_PLACE)
			continue;
		place_record(change);
		change->records[change->count - 1].newest = newest;
	}
}

/* Room for twice as many records, or nothing happened. */
static int grow(struct hf__change *change)
{
	const size_t cap = change->cap ? change->cap * 2 : 64;
	struct hf__undo *records = hf__realloc(change->records, cap * sizeof *records);
	if (!records)
		return HF_ENOMEM;
	change->records = records;
	uint32_t *places = hf__alloc(2 * cap * sizeof *places);
	if (!places)
		return HF_ENOMEM;
	hf__free(change->places);
	change->places = places;
	change->cap = cap;
	place_all(change);
	return HF_OK;
}

static void raise_lsn(uint64_t *lsn, uint64_t to, uint64_t limit)
{
	if (to > *lsn && to < limit)
		*lsn = to;
}

/* Remembers what the object's newest change was before this one: the answer depends on it. */
static void remember_prior(struct hf__change *change, const struct hf__object *object,
                           enum hf__undo_kind kind)
{
	if (kind != HF__UNDO_TOUCH)
		raise_lsn(&change->prior_due, hf__object_due(object), change->first_lsn);
	raise_lsn(&change->touched_changed, object->changed, change->first_lsn);
	raise_lsn(&change->touched_due, hf__object_due(object), change->first_lsn);
}

/* I-CUT-2. */
static void leave(const struct hf__change *change, struct hf__object *object,
                  void (*hook)(struct hf__object *))
{
	struct hf__observer *observer = change->observer;
	if (observer && observer->next == object)
		observer->leaves(observer);
	call(hook, object);
}

/* Cannot fail after reserve(). */
static struct hf__undo *push(struct hf__change *change, struct hf__object *object,
                             enum hf__undo_kind kind)
{
	assert(change->count < change->cap);
	struct hf__observer *observer = change->observer;
	if (observer && object->changed <= observer->upto && kind != HF__UNDO_ADD &&
	    (kind != HF__UNDO_TOUCH || hf__type(object)->idle))
		observer->before(observer, object);
	remember_prior(change, object, kind);
	struct hf__undo *record = &change->records[change->count++];
	*record = (struct hf__undo){.object = object,
	                            .kind = kind,
	                            .place = HF__NO_PLACE,
	                            .next = HF__NO_PLACE,
	                            .changed = object->changed,
	                            .due = hf__object_due(object)};
	return record;
}

static void note(struct hf__change *change, struct hf__object *object)
{
	hf__object_note(object, change->lsn, change->durable ? change->lsn : hf__object_due(object));
}

/* I-CHANGE-3: what was noted in this change has a record already, unless it was by an object that
 * was added for good. */
static bool needs_touch(const struct hf__change *change, const struct hf__object *object)
{
	return object->changed < change->first_lsn || change->nodes.late;
}

/* How many containers would need a record of their own. */
static size_t containers_to_touch(const struct hf__change *change, const struct hf__object *object)
{
	size_t count = 0;
	for (const struct hf__object *c = object->container; c; c = c->container)
		count += needs_touch(change, c);
	return count;
}

static void touch(struct hf__change *change, struct hf__object *object)
{
	if (needs_touch(change, object))
		(void)push(change, object, HF__UNDO_TOUCH);
	note(change, object);
}

/* Notes the change on everything that contains the object. */
static void touch_containers(struct hf__change *change, const struct hf__object *object)
{
	for (struct hf__object *c = object->container; c; c = c->container)
		touch(change, c);
}

static int reserve_for(struct hf__change *change, const struct hf__object *object)
{
	const size_t wanted =
	    1 + containers_to_touch(change, object) + (hf__type(object)->number != NULL);
	while (change->cap - change->count < wanted) {
		const int rc = grow(change);
		if (rc != HF_OK)
			return rc;
	}
	return hf__nodes_reserve(&change->nodes);
}

/* While an opening loads: if an entry fails, its states are given up, with what the entry did so
 * far. Such an object has no record, nor have its containers by it: they are noted at once. */
static void add_for_good(struct hf__change *change, struct hf__object *object)
{
	const struct hf__type *type = hf__type(object);
	note(change, object);
	for (struct hf__object *c = object->container; c; c = c->container)
		note(change, c);
	call(type->enlist, object);
	call(type->link, object);
	hf__object_seal(object);
	for (struct hf__object *c = object->container; c; c = c->container)
		if (hf__type(c)->idle && hf__removed_grew(c))
			change->emptied = true;
}

int hf__change_add(struct hf__change *change, struct hf__object *object)
{
	const struct hf__type *type = hf__type(object);
	struct hf__map *map = type->map ? type->map(object) : NULL;
	const bool for_good = change->nodes.late && !change->observer && !type->idle;
	if ((map && !hf__map_reserve(map)) ||
	    (for_good ? hf__nodes_reserve(&change->nodes) : reserve_for(change, object)) != HF_OK) {
		hf__object_free(object);
		return HF_ENOMEM;
	}
	if (for_good) {
		add_for_good(change, object);
		return HF_OK;
	}
	(void)push(change, object, HF__UNDO_ADD);
	place_record(change);
	note(change, object);
	touch_containers(change, object);
	call(hf__type(object)->enlist, object);
	call(hf__type(object)->link, object);
	hf__object_seal(object);
	return HF_OK;
}

int hf__before_change(struct hf__change *change, struct hf__object *object)
{
	if (reserve_for(change, object) != HF_OK ||
	    !hf__writer_reserve(&change->images, hf__type(object)->value_size))
		return HF_ENOMEM;
	assert(hf__object_sealed(object));
	struct hf__undo *first = first_record(change, object);
	struct hf__undo *record = push(change, object, HF__UNDO_CHANGE);
	record->open = true;
	record->image = change->images.len;
	hf__put_bytes(&change->images,
	              hf_bytes_of(hf__object_value(object), hf__type(object)->value_size));
	if (first) {
		change->records[first->newest].next = (uint32_t)(change->count - 1);
		first->newest = (uint32_t)(change->count - 1);
	} else {
		place_record(change);
	}
	note(change, object);
	touch_containers(change, object);
	leave(change, object, hf__type(object)->unlink);
	return HF_OK;
}

static const uint8_t *image_of(const struct hf__change *change, const struct hf__undo *record)
{
	return change->images.data + record->image;
}

void hf__after_change(struct hf__change *change, struct hf__object *object)
{
	const struct hf__undo *first = first_record(change, object);
	assert(first);
	struct hf__undo *record = &change->records[first->newest];
	assert(record->object == object && record->open);
	record->open = false;
	call(hf__type(object)->link, object);
	hf__object_seal(object);
}

void hf__value_drop(const struct hf__type *type, const void *kept, const void *value)
{
	for (unsigned i = 0; i < type->blob_count; i++) {
		struct hf__blob *blob = hf__object_blob(type, value, i);
		hf__blob_drop(blob, hf__object_blob(type, kept, i));
	}
}

int hf__change_set(struct hf__change *change, struct hf__object *object, const void *value)
{
	const int rc = hf__before_change(change, object);
	if (rc != HF_OK) {
		hf__value_drop(hf__type(object), hf__object_value(object), value);
		return rc;
	}
	memcpy(hf__object_value(object), value, hf__type(object)->value_size);
	hf__after_change(change, object);
	return HF_OK;
}

int hf__change_remove(struct hf__change *change, struct hf__object *object)
{
	const int rc = reserve_for(change, object);
	if (rc != HF_OK)
		return rc;
	assert(hf__object_sealed(object));
	(void)push(change, object, HF__UNDO_REMOVE);
	note(change, object);
	touch_containers(change, object);
	if (hf__type(object)->number) /* of a name that nothing else will tell of */
		touch(change, hf__type(object)->number(object));
	leave(change, object, hf__type(object)->unlink);
	call(hf__type(object)->delist, object);
	return HF_OK;
}

/* What the object's value became by this step: as the next one found it, or as it is. */
static const uint8_t *value_after(const struct hf__change *change, const struct hf__undo *record)
{
	const struct hf__undo *next =
	    record->next < change->count ? &change->records[record->next] : NULL;
	return next ? image_of(change, next) : hf__object_value(record->object);
}

/* The blobs that this step replaced are garbage now. */
static void free_image(struct hf__change *change, const struct hf__undo *record)
{
	const struct hf__type *type = hf__type(record->object);
	for (unsigned i = 0; i < type->blob_count; i++) {
		struct hf__blob *old = hf__object_blob(type, image_of(change, record), i);
		if (old != hf__object_blob(type, value_after(change, record), i))
			hf__blob_free(old);
	}
}

/* Of the change that ends. */
static void note_use(struct hf__change *change)
{
	change->most_records =
	    change->count > change->most_records ? change->count : change->most_records;
	change->most_images =
	    change->images.len > change->most_images ? change->images.len : change->most_images;
}

static void keep_records(struct hf__change *change)
{
	note_use(change);
	for (size_t i = 0; i < change->count; i++) {
		const struct hf__undo *record = &change->records[i];
		assert(!record->open);
		if (record->kind == HF__UNDO_CHANGE)
			free_image(change, record);
		if (record->kind == HF__UNDO_REMOVE)
			hf__object_gone(record->object);
		else if (hf__type(record->object)->idle && hf__removed_note(record->object))
			change->emptied = true;
	}
	change->count = 0;
}

void hf__change_keep(struct hf__change *change)
{
	if (change->count > 0)
		keep_records(change);
	hf__nodes_end(&change->nodes);
}

static void undo_value(struct hf__change *change, const struct hf__undo *record)
{
	struct hf__object *object = record->object;
	if (!record->open)
		leave(change, object, hf__type(object)->unlink);
	for (unsigned i = 0; i < hf__type(object)->blob_count; i++) {
		struct hf__blob *blob = hf__object_blob(hf__type(object), hf__object_value(object), i);
		if (blob != hf__object_blob(hf__type(object), image_of(change, record), i))
			hf__blob_free(blob);
	}
	memcpy(hf__object_value(object), image_of(change, record), hf__type(object)->value_size);
	call(hf__type(object)->link, object);
	hf__object_seal(object);
}

static void undo_record(struct hf__change *change, const struct hf__undo *record)
{
	struct hf__object *object = record->object;
	switch (record->kind) {
	case HF__UNDO_ADD:
		leave(change, object, hf__type(object)->unlink);
		call(hf__type(object)->delist, object);
		hf__object_free(object);
		return;
	case HF__UNDO_CHANGE:
		undo_value(change, record);
		break;
	case HF__UNDO_REMOVE:
		call(hf__type(object)->enlist, object);
		call(hf__type(object)->link, object);
		break;
	case HF__UNDO_TOUCH:
		break;
	}
	hf__object_note(object, record->changed, record->due);
}

void hf__change_undo(struct hf__change *change)
{
	if (change->nodes.late) { /* what was added for good stands in what an undo would free */
		hf__change_keep(change);
		return;
	}
	note_use(change);
	while (change->count > 0) {
		hf__nodes_ease(&change->nodes);
		undo_record(change, &change->records[--change->count]);
	}
	hf__nodes_end(&change->nodes);
}
