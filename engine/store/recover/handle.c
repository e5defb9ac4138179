/* The handle of a store: its memory, and what every opening of its files begins with. */
#include "store/recover/handle.h"

#include <errno.h>

#include "base/hash.h"
#include "store/internal.h"

/* Which row is whose: each commit asks. */
static void find_rows(struct hf_store *s, const struct hf__domains *domains)
{
	s->domains = domains;
	s->clock_row = domains->count;
	for (unsigned i = domains->count; i-- > 0;) {
		s->row_of[domains->rows[i]->id] = (uint8_t)(i + 1);
		if (domains->rows[i]->setback)
			s->clock_row = i;
	}
}

struct hf_store *hf__store_new(const struct hf__os *os, const struct hf__domains *domains)
{
	pthread_mutexattr_t adaptive;
	pthread_condattr_t monotonic;
	hf_store *s = hf__alloc(sizeof *s);
	if (!s)
		return NULL;
	s->os = os;
	find_rows(s, domains);
	s->writer.file = s->witness.file = s->segments.making.file = -1;
	hf__clock_init(s);
	s->async.written = s->async.durable = (struct hf__span){1, 0};
	s->async.callbacks.deadline = hf__callback_lsn;
	atomic_init(&s->async.event, -1);
	/* It is held for a microsecond or two: going to sleep over it costs more than looking again:
	 * docs/decisions.md. */
	(void)pthread_mutexattr_init(&adaptive);
#ifdef __GLIBC__
	(void)pthread_mutexattr_settype(&adaptive, PTHREAD_MUTEX_ADAPTIVE_NP);
#endif
	(void)pthread_mutex_init(&s->lock, &adaptive);
	(void)pthread_mutexattr_destroy(&adaptive);
	(void)pthread_mutex_init(&s->payload_files.lock, NULL);
	(void)pthread_mutex_init(&s->guard.lock, NULL);
	(void)pthread_cond_init(&s->writer.room, NULL);
	(void)pthread_cond_init(&s->taking.turn, NULL);
	(void)pthread_cond_init(&s->compaction.wake, NULL);
	(void)pthread_condattr_init(&monotonic);
	(void)pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	(void)pthread_cond_init(&s->upkeep.wake, &monotonic);
	(void)pthread_cond_init(&s->async.work, NULL);
	(void)pthread_cond_init(&s->async.answered, &monotonic);
	(void)pthread_condattr_destroy(&monotonic);
	hf__waits_init(s);
	hf__started_init(s);
	return s;
}

void hf__store_own_os(struct hf_store *store, struct hf__os *os, void (*release)(struct hf__os *os))
{
	store->owned_os = os;
	store->release_os = release;
}

/* --- Identity --------------------------------------------------------------------------------- */

/* None of these is damage. */
static int newer_format(const struct hf__identity *identity, struct hf_error *error)
{
	if (identity->format_major < HF__FORMAT_MAJOR)
		return hf__fail(error, HF_EVERSION, 0,
		                "the store was written in format %u, before the first release",
		                identity->format_major);
	if (identity->format_major > HF__FORMAT_MAJOR)
		return hf__fail(error, HF_EVERSION, 0, "the store was written by a newer format (%u)",
		                identity->format_major);
	return hf__fail(
	    error, HF_EVERSION, 0,
	    "the store was written by a newer format: it has features that this version does not know");
}

int hf__read_identity(struct hf_store *s, struct hf_error *error)
{
	uint8_t bytes[HF__IDENTITY_SIZE + 1]; /* one more: a longer file is no IDENTITY */
	size_t got = 0;
	int file = -1;
	int rc = s->os->open(s->os->ctx, HF__NAME_IDENTITY, 0, &file);
	if (rc == ENOENT)
		return HF_ENOTFOUND;
	if (rc)
		return hf__os_failed(error, HF__NAME_IDENTITY " could not be opened", rc);
	rc = s->os->read(s->os->ctx, file, bytes, sizeof bytes, 0, &got);
	const int closed = s->os->close(s->os->ctx, file);
	if (rc || closed)
		return hf__read_failed(error, HF__NAME_IDENTITY " could not be read", rc ? rc : closed);
	rc = hf__identity_decode(bytes, got, &s->identity);
	if (rc == HF_EVERSION)
		return newer_format(&s->identity, error);
	if (rc != HF_OK)
		return hf__fail_at(error, HF_ECORRUPT, HF__NAME_IDENTITY, 0,
		                   HF__NAME_IDENTITY " is damaged");
	return HF_OK;
}

int hf__prepare_memory(struct hf_store *s, struct hf_error *error)
{
	memcpy(s->id.uuid, s->identity.uuid, sizeof s->id.uuid);
	s->id.epoch = s->identity.epoch;
	s->id.seed = hf__seed_base(s->id.uuid, s->id.epoch);
	s->id.features_unknown =
	    s->id.features_unknown || hf__features_unknown(s->identity.compat, s->identity.ro_compat);
	s->align = s->identity.pad ? s->identity.pad : HF__ALIGN;
	s->world.env.inline_max = s->options.inline_max;
	memcpy(s->world.env.content_key, s->identity.content_key, sizeof s->world.env.content_key);
	s->world.env.epoch = s->id.epoch;
	s->world.env.nodes = &s->world.change.nodes;
	s->world.env.payloads = s;
	s->world.env.incarnations = &s->world.incarnations;
	int rc = s->os->random(s->os->ctx, s->world.env.hash_key, sizeof s->world.env.hash_key);
	if (rc == 0)
		rc = s->os->random(s->os->ctx, &s->random_state, sizeof s->random_state);
	if (rc == 0)
		rc = s->os->boot_id(s->os->ctx, s->boot_id);
	if (rc)
		return hf__os_failed(error, "the machine gives no randomness or boot id", rc);
	rc = hf__states_init(s, s->world.states);
	return rc == HF_OK ? rc : hf__fail(error, rc, 0, "no memory for the store's state");
}

int hf__open_witness(struct hf_store *s, unsigned flags, struct hf_error *error)
{
	const int rc = s->os->open(s->os->ctx, HF__NAME_WITNESS, flags, &s->witness.file);
	if (rc == ENOENT) /* it was durable before the store existed */
		return hf__fail_at(error, HF_ECORRUPT, HF__NAME_WITNESS, 0, HF__NAME_WITNESS " is missing");
	return rc ? hf__os_failed(error, HF__NAME_WITNESS " could not be opened", rc) : HF_OK;
}

/* --- End -------------------------------------------------------------------------------------- */

static int close_file(struct hf_store *s, int *file)
{
	const int rc = *file >= 0 ? s->os->close(s->os->ctx, *file) : 0;
	*file = -1;
	return rc;
}

int hf__store_release_files(struct hf_store *s)
{
	hf__segment_drop(s->os, &s->segments.making);
	int next = s->segments.next.ready ? s->segments.next.file : -1;
	hf__payload_files_close(s);
	hf__bases_close(s);
	const int first = close_file(s, &s->writer.file);
	const int second = close_file(s, &s->witness.file);
	const int third = close_file(s, &next);
	return first ? first : second ? second : third;
}

static void free_event(struct hf_store *s)
{
	const int event = atomic_exchange(&s->async.event, -1);
	if (event >= 0)
		s->os->event_free(s->os->ctx, event);
}

static void free_memory(struct hf_store *s)
{
	hf__states_deinit(s, s->world.states);
	hf__free(s->world.incarnations.all);
	hf__change_deinit(&s->world.change);
	hf__writer_deinit(&s->writer.buffers[0].bytes);
	hf__writer_deinit(&s->writer.buffers[1].bytes);
	hf__free(s->tidy.leftovers);
	hf__free(s->payload_files.open);
	for (unsigned i = 0; i < HF__BASES; i++)
		/* its file is the parent's, or closed */
		hf__snapshot_reader_deinit(&s->bases[i].reader);
	hf__free(s->tidy.cuts);
	hf__free(s->guard.sealed);
	hf__scrub_forget(s);
	if (s->watch)
		hf__watch_unref(s->watch);
	hf__callbacks_forget(s);
	if (s->release_os)
		s->release_os(s->owned_os);
	hf__free(s);
}

/* The parent's thread, lock and files are none of ours. A thread that held the mutex was not
 * copied, and what it was changing may be half changed forever: then the copy stays as it is until
 * the process ends. */
void hf__store_free_copy(struct hf_store *s)
{
	hf__watch_orphan(s->watch);
	free_event(s);
	if (pthread_mutex_trylock(&s->lock) == 0) {
		(void)pthread_mutex_unlock(&s->lock);
		hf__started_forget(s, true);
		free_memory(s);
		return;
	}
	if (s->started.home)
		hf__gate_orphan(&s->started.home->gate);
	if (s->release_os)
		s->release_os(s->owned_os);
}

void hf__store_free(struct hf_store *s)
{
	(void)pthread_cond_destroy(&s->writer.room);
	(void)pthread_cond_destroy(&s->taking.turn);
	(void)pthread_cond_destroy(&s->upkeep.wake);
	(void)pthread_cond_destroy(&s->compaction.wake);
	hf__waits_deinit(s);
	hf__started_deinit(s);
	(void)pthread_cond_destroy(&s->async.work);
	(void)pthread_cond_destroy(&s->async.answered);
	(void)pthread_mutex_destroy(&s->lock);
	hf__payload_files_close(s);
	hf__bases_close(s);
	(void)pthread_mutex_destroy(&s->payload_files.lock);
	(void)pthread_mutex_destroy(&s->guard.lock);
	free_event(s);
	free_memory(s);
}
