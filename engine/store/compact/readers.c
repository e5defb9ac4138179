/* See readers.h.
 *
 * I-MOVE-1: between an object's naming a place and the end of reading there, the file of that place
 * is not removed and its descriptor not closed. */
#include "store/internal.h"

#include "os/thread.h"

#define POLL_US 200

void hf__reader_enter(struct hf_store *s, uint8_t *mine)
{
	if (*mine)
		return;
	*mine = (uint8_t)(s->readers.turn + 1);
	(void)atomic_fetch_add(&s->readers.inside[s->readers.turn], 1);
}

void hf__reader_leave(struct hf_store *s, uint8_t *mine)
{
	if (*mine)
		(void)atomic_fetch_sub(&s->readers.inside[*mine - 1], 1);
	*mine = 0;
}

static bool wait_until_empty(struct hf_store *s, unsigned turn)
{
	while (atomic_load(&s->readers.inside[turn]) > 0) {
		if (atomic_load(&s->taking.stopping))
			return false;
		hf__thread_sleep(POLL_US);
	}
	return true;
}

bool hf__readers_drain(struct hf_store *s)
{
	/* The other count may still hold those that an earlier call, which gave up, waited for. */
	if (!wait_until_empty(s, s->readers.turn ^ 1))
		return false;
	(void)pthread_mutex_lock(&s->lock);
	const unsigned before = s->readers.turn;
	s->readers.turn ^= 1;
	(void)pthread_mutex_unlock(&s->lock);
	return wait_until_empty(s, before);
}
