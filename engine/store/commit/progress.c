/* See progress.h. */
#include "store/commit/progress.h"

#include <limits.h>

#include "store/commit/futex.h"
#include "store/internal.h"

struct hf__ticket hf__ticket_for(const struct hf_store *s, uint64_t changed, uint64_t due)
{
	/* Before any LSN of this incarnation gets out, its first group has to be durable: else a
	 * power loss could leave a log that looks as if it had been closed cleanly before, and the
	 * same LSNs would be issued again. */
	if (changed >= s->world.incarnation_lsn && due < s->world.incarnation_lsn)
		due = s->world.incarnation_lsn;
	return (struct hf__ticket){changed, due};
}

uint64_t hf__durable_end(const struct hf_store *s)
{
	/* Until this opening has made something durable, its durable_lsn says where numbering goes
	 * on, which may be a jump away from the log's end. */
	const uint64_t durable = atomic_load_explicit(&s->durable_lsn, memory_order_acquire);
	return durable >= s->world.incarnation_lsn ? durable : s->world.recovered_lsn;
}

void hf__progress_bump(struct hf_store *s, unsigned first)
{
	for (unsigned word = first; word < HF__WORDS; word++)
		(void)atomic_fetch_add(&s->words[word], 1);
}

void hf__room_wake(struct hf_store *s)
{
	if (s->writer.room_waiters > 0)
		(void)pthread_cond_broadcast(&s->writer.room);
}

void hf__fault(struct hf_store *s, int os_errno)
{
	if (!atomic_load(&s->fault)) {
		s->fault_errno = os_errno;
		atomic_store(&s->fault, HF_EFAILED);
	}
	hf__progress_bump(s, 0);
	for (unsigned word = 0; word < HF__WORDS; word++)
		hf__futex_wake(&s->words[word], INT_MAX);
	hf__room_wake(s);
	for (size_t i = 0; s->progress->failed[i]; i++)
		s->progress->failed[i](s);
}
