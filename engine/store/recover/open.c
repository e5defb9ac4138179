/* Opening and closing. A store exists if and only if IDENTITY does; create.c makes one. */
#include "store/internal.h"

#include <errno.h>

#include "base/hash.h"

/* --- Opening ---------------------------------------------------------------------------------- */

static int check_options(const struct hf_options *in, struct hf_options *out,
                         struct hf_error *error)
{
	*out = in ? *in : (struct hf_options){0};
	if (out->segment_size == 0)
		out->segment_size = HF__SEGMENT_DEFAULT;
	if (out->inline_max == 0)
		out->inline_max = HF__INLINE_DEFAULT;
	if (out->segment_size < HF__SEGMENT_SIZE_MIN || out->segment_size > HF__SEGMENT_SIZE_MAX)
		return hf__fail(error, HF_EINVAL, 0, "segment_size %u is not between 16 KiB and 1 GiB",
		                out->segment_size);
	if (out->pad != 0 && out->pad != HF__SECTOR && out->pad != HF__BLOCK)
		return hf__fail(error, HF_EINVAL, 0,
		                "groups cannot be padded to %u bytes: 0, 512 and 4096 are possible",
		                out->pad);
	if (out->inline_max > HF_PAYLOAD_MAX || out->wait_us < -1)
		return hf__fail(error, HF_EINVAL, 0, "inline_max or wait_us is out of range");
	out->segment_size = (out->segment_size + HF__BLOCK - 1) & ~(HF__BLOCK - 1);
	return HF_OK;
}

static int check_machine(struct hf_store *s, struct hf_error *error)
{
	char fs[64] = "";
	const int rc = s->os->safe(s->os->ctx, fs, sizeof fs, &s->info.volatile_fs);
	if (rc == 0 || s->options.allow_unsafe_fs)
		return HF_OK;
	if (rc != EOPNOTSUPP)
		return hf__os_failed(error, "the file system could not be examined", rc);
	return hf__fail(error, HF_EUNSAFEFS, rc,
	                "the file system (%s) cannot keep the promises of a durable store%s", fs,
	                strcmp(fs, "fuse") == 0
	                    ? ": a program serves it, such as fuse-overlayfs in a rootless container;"
	                      " put the store on a volume of the host's disk"
	                    : "");
}

static int take_lock(struct hf_store *s, struct hf_error *error)
{
	const int rc = s->os->lock(s->os->ctx, HF__NAME_LOCK, s->options.wait_us);
	if (rc == EDEADLK)
		return hf__fail(error, HF_ELOCKED, 0,
		                "this process has the store open already: use that handle");
	if (rc == EAGAIN)
		return hf__fail_held(s, error);
	if (rc == ESTALE)
		return hf__fail(error, HF_ELOCKED, rc,
		                "the directory or its " HF__NAME_LOCK " was replaced meanwhile: try again");
	return rc ? hf__os_failed(error, "the store's lock could not be taken", rc) : HF_OK;
}

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

static int may_write(const struct hf_store *s, struct hf_error *error)
{
	if (s->identity.ro_compat & ~HF__FEATURE_RO_COMPAT_KNOWN)
		return hf__fail(error, HF_EVERSION, 0,
		                "the store has features that this version may not write");
	return HF_OK;
}

/* A caller that only looks for a store makes nothing, not even a lock, where there is none. */
static int check_there(struct hf_store *s, struct hf_error *error)
{
	int file = -1;
	if (s->options.create)
		return HF_OK;
	const int rc = s->os->open(s->os->ctx, HF__NAME_IDENTITY, 0, &file);
	if (rc == ENOENT)
		return hf__fail(error, HF_ENOTFOUND, rc, "the directory holds no store");
	if (rc == 0)
		(void)s->os->close(s->os->ctx, file); /* it is read once the lock is held */
	return HF_OK;
}

/* The identity, made first when asked. */
static int find_store(struct hf_store *s, bool *made, struct hf_error *error)
{
	int rc = hf__read_identity(s, error);
	if (rc != HF_ENOTFOUND)
		return rc;
	if (!s->options.create)
		return hf__fail(error, HF_ENOTFOUND, 0, "the directory holds no store");
	rc = hf__create(s, error);
	*made = rc == HF_OK;
	return rc == HF_OK ? hf__read_identity(s, error) : rc;
}

int hf__prepare_memory(struct hf_store *s, struct hf_error *error)
{
	memcpy(s->id.uuid, s->identity.uuid, sizeof s->id.uuid);
	s->id.epoch = s->identity.epoch;
	s->id.seed = hf__seed_base(s->id.uuid, s->id.epoch);
	s->id.features_unknown =
	    s->id.features_unknown || hf__features_unknown(s->identity.compat, s->identity.ro_compat);
	s->align = s->identity.pad ? s->identity.pad : HF__ALIGN;
	s->env.inline_max = s->options.inline_max;
	memcpy(s->env.content_key, s->identity.content_key, sizeof s->env.content_key);
	s->env.epoch = s->id.epoch;
	s->env.payloads = s;
	s->env.incarnations = &s->incarnations;
	int rc = s->os->random(s->os->ctx, s->env.hash_key, sizeof s->env.hash_key);
	if (rc == 0)
		rc = s->os->random(s->os->ctx, &s->random_state, sizeof s->random_state);
	if (rc == 0)
		rc = s->os->boot_id(s->os->ctx, s->boot_id);
	if (rc)
		return hf__os_failed(error, "the machine gives no randomness or boot id", rc);
	rc = hf__states_init(s, s->states);
	return rc == HF_OK ? rc : hf__fail(error, rc, 0, "no memory for the store's state");
}

int hf__open_witness(struct hf_store *s, unsigned flags, struct hf_error *error)
{
	const int rc = s->os->open(s->os->ctx, HF__NAME_WITNESS, flags, &s->witness_file);
	if (rc == ENOENT) /* it was durable before the store existed */
		return hf__fail_at(error, HF_ECORRUPT, HF__NAME_WITNESS, 0, HF__NAME_WITNESS " is missing");
	return rc ? hf__os_failed(error, HF__NAME_WITNESS " could not be opened", rc) : HF_OK;
}

static int open_locked(struct hf_store *s, struct hf_error *error)
{
	bool made = false;
	int rc = find_store(s, &made, error);
	if (rc == HF_OK)
		rc = may_write(s, error);
	if (rc == HF_OK)
		rc = hf__prepare_memory(s, error);
	if (rc == HF_OK)
		rc = hf__open_witness(s, HF__OS_WRITE, error);
	if (rc == HF_OK)
		rc = hf__recover(s, error);
	if (rc == HF_OK && s->end.segment == 0 && !made)
		rc = hf__publish_again(s, error);
	if (rc == HF_OK && !s->options.no_background && hf__maintenance_start(s) != 0)
		rc = hf__fail(error, HF_ENOMEM, 0, "the maintenance thread could not be started");
	return rc;
}

/* --- Closing ---------------------------------------------------------------------------------- */

static int close_file(struct hf_store *s, int *file)
{
	const int rc = *file >= 0 ? s->os->close(s->os->ctx, *file) : 0;
	*file = -1;
	return rc;
}

static int release_files(struct hf_store *s)
{
	hf__segment_drop(s->os, &s->making);
	int next = s->next.ready ? s->next.file : -1;
	hf__payload_files_close(s);
	const int first = close_file(s, &s->file);
	const int second = close_file(s, &s->witness_file);
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
	hf__states_deinit(s, s->states);
	hf__free(s->incarnations.all);
	hf__change_deinit(&s->change);
	hf__writer_deinit(&s->buffers[0].bytes);
	hf__writer_deinit(&s->buffers[1].bytes);
	hf__free(s->leftovers);
	hf__free(s->payload_files.open);
	hf__free(s->cuts);
	hf__free(s->sealed);
	if (s->watch)
		hf__watch_unref(s->watch);
	hf__flusher_forget(s);
	if (s->release_os)
		s->release_os(s->owned_os);
	hf__free(s);
}

/* In a forked child. The parent's thread, lock and files are none of ours. A thread that held
 * the mutex was not copied, and what it was changing may be half changed forever: then the copy
 * stays as it is until the process ends. */
static void free_copy(struct hf_store *s)
{
	hf__watch_orphan(s->watch);
	free_event(s);
	if (pthread_mutex_trylock(&s->lock) == 0) {
		(void)pthread_mutex_unlock(&s->lock);
		free_memory(s);
	} else if (s->release_os) {
		s->release_os(s->owned_os);
	}
}

void hf__store_free(struct hf_store *s)
{
	(void)pthread_cond_destroy(&s->room);
	(void)pthread_cond_destroy(&s->maintenance);
	hf__waits_deinit(s);
	(void)pthread_cond_destroy(&s->async.work);
	(void)pthread_cond_destroy(&s->async.answered);
	(void)pthread_mutex_destroy(&s->lock);
	hf__payload_files_close(s);
	(void)pthread_mutex_destroy(&s->payload_files.lock);
	free_event(s);
	free_memory(s);
}

void hf__store_own_os(struct hf_store *store, struct hf__os *os, void (*release)(struct hf__os *os))
{
	store->owned_os = os;
	store->release_os = release;
}

struct hf_store *hf__store_new(const struct hf__os *os, const struct hf__domains *domains)
{
	pthread_mutexattr_t adaptive;
	pthread_condattr_t monotonic;
	hf_store *s = hf__alloc(sizeof *s);
	if (!s)
		return NULL;
	s->os = os;
	s->domains = domains;
	s->file = s->witness_file = s->making.file = -1;
	hf__clock_init(s);
	s->async.written = s->async.durable = (struct hf__span){1, 0};
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
	(void)pthread_cond_init(&s->room, NULL);
	(void)pthread_condattr_init(&monotonic);
	(void)pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	(void)pthread_cond_init(&s->maintenance, &monotonic);
	(void)pthread_cond_init(&s->async.work, NULL);
	(void)pthread_cond_init(&s->async.answered, &monotonic);
	(void)pthread_condattr_destroy(&monotonic);
	hf__waits_init(s);
	return s;
}

int hf__store_open(const struct hf__os *os, const struct hf__domains *domains,
                   const struct hf_options *options, struct hf_store **out, struct hf_error *error)
{
	*out = NULL;
	hf_store *s = domains->count <= HF__DOMAINS_MAX ? hf__store_new(os, domains) : NULL;
	if (!s)
		return hf__fail(error, HF_ENOMEM, 0, "no memory for a store");
	int rc = check_options(options, &s->options, error);
	s->watch = hf__watch_new(s);
	if (rc == HF_OK && !s->watch)
		rc = hf__fail(error, HF_ENOMEM, 0, "no memory for a store");
	if (rc == HF_OK)
		rc = check_machine(s, error);
	if (rc == HF_OK)
		rc = check_there(s, error);
	if (rc == HF_OK)
		rc = take_lock(s, error);
	const bool locked = rc == HF_OK;
	if (rc == HF_OK)
		rc = open_locked(s, error);
	if (rc == HF_OK) {
		*out = s;
		return HF_OK;
	}
	/* Nothing was handed out: results of closing cannot make it worse. */
	(void)release_files(s);
	if (locked)
		(void)os->unlock(os->ctx);
	hf__store_free(s);
	return rc;
}

/* Everything durable, then the witness's word that the log ends exactly here. */
static int stop_clean(struct hf_store *s, struct hf_error *error)
{
	if (atomic_load(&s->fault))
		return hf__fail(error, HF_EFAILED, s->fault_errno,
		                "the store had failed; what was acknowledged as durable is safe");
	const int rc = hf_sync(s, error);
	if (rc != HF_OK || !s->wrote)
		return rc;
	/* Crash: without this word the next open takes the stop for unclean, which costs it a
	 * segment and an LSN jump. */
	hf__witness_tell(s, s->end, s->previous_lsn, s->chain, true);
	if (atomic_load(&s->fault))
		return hf__fail(error, HF_EUNCERTAIN, s->fault_errno, "the witness could not be synced");
	return HF_OK;
}

/* Everything but the memory. */
static int close_store(hf_store *store, struct hf_error *error)
{
	/* Everybody is sent away before anybody is waited for: a callback of a subscription may be
	 * waiting for a lock. */
	hf__waits_cancel(store);
	hf__watch_close(store->watch);
	hf__waits_close(store);
	hf__flusher_stop(store);
	hf__maintenance_stop(store);
	int rc = stop_clean(store, error);
	int closed = release_files(store);
	const int unlocked = store->os->unlock(store->os->ctx);
	closed = closed ? closed : unlocked;
	if (rc == HF_OK && closed)
		rc = hf__fail(error, HF_EUNCERTAIN, closed, "closing a file failed (error %d)", closed);
	return rc;
}

static int close_copy(hf_store *store, struct hf_error *error)
{
	const int forked = hf__check_fork(store, error);
	free_copy(store);
	return forked;
}

int hf_close(hf_store *store, struct hf_error *error)
{
	HF__CALL;
	if (!store)
		return HF_OK;
	if (store->os->forked(store->os->ctx))
		return close_copy(store, error);
	const int rc = close_store(store, error);
	hf__store_free(store);
	return rc;
}

int hf_close_at_exit(hf_store *store, struct hf_error *error)
{
	HF__CALL;
	if (!store)
		return HF_OK;
	return store->os->forked(store->os->ctx) ? close_copy(store, error) : close_store(store, error);
}
