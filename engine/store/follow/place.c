/* A store whose directory was exchanged for another one, as an import does it: the path leads to a
 * new store, and the descriptors to the old one, which has no writer any more.
 *
 * Happy path: each look asks the seam whether the path still leads to what is open. If it does not,
 * the handle lets go of all that it has, takes the seam of what lies there now, and loads. Uuid and
 * epoch are others, so nothing of the old store is taken for one of the new. Failure modes: what
 * cannot be opened is reported, and the handle stays where it was. Feeds that read the old store
 * are told that it is gone. */
#include <errno.h>

#include "store/follow/follow.h"

void hf__follow_drop(struct hf__follow *f)
{
	struct hf_store *s = f->store;
	hf__tail_close(&f->tail);
	hf__payload_files_close(s);
	hf__bases_close(s);
	if (s->witness.file >= 0)
		(void)s->os->close(s->os->ctx, s->witness.file); /* it is only read */
	s->witness.file = -1;
	hf__states_deinit(s, s->world.states);
	s->world.incarnations.count = 0;
	hf__pinned_drop(&f->files);
	s->info = (struct hf_info){.volatile_fs = s->info.volatile_fs};
}

uint64_t hf__follow_places(const struct hf_store *s)
{
	return s->follow ? atomic_load(&s->follow->places) : 0;
}

void hf__follow_at(struct hf_store *s, const struct hf__follow_place *place)
{
	s->follow->place = place;
}

/* The seam is left; `keeper` holds it as long as the handle, for feeds. */
static void leave(struct hf__follow *f, struct hf__os *fresh, struct hf__follow_left *keeper)
{
	struct hf_store *s = f->store;
	(void)pthread_rwlock_wrlock(&f->in_use);
	(void)pthread_mutex_lock(&s->lock);
	f->whole = f->loaded = false;
	(void)pthread_mutex_unlock(&s->lock);
	hf__follow_drop(f);
	keeper->os = s->owned_os;
	keeper->next = f->left;
	f->left = keeper;
	s->owned_os = fresh;
	f->files.under = fresh;
	f->word = (struct hf__witness){0};
	hf__clock_init(s);
	(void)atomic_fetch_add(&f->places, 1);
	(void)pthread_rwlock_unlock(&f->in_use);
}

int hf__follow_move(struct hf__follow *f, struct hf_error *error)
{
	struct hf__os *fresh = NULL;
	if (!f->place)
		return HF_OK;
	const int rc = f->place->again(f->files.under, &fresh);
	if (rc != ESTALE)
		return rc ? hf__os_failed(error, "the store that lies there now could not be opened", rc)
		          : HF_OK;
	struct hf__follow_left *keeper = hf__alloc(sizeof *keeper);
	if (!keeper) {
		f->place->release(fresh);
		return hf__fail(error, HF_ENOMEM, 0, "no memory for the store that lies there now");
	}
	leave(f, fresh, keeper);
	return HF_OK;
}
