/* Opening. A store exists if and only if IDENTITY does; create.c makes one. */
#include "store/internal.h"

#include <errno.h>

int hf__check_options(const struct hf_options *in, struct hf_options *out, struct hf_error *error)
{
	*out = in ? *in : (struct hf_options){0};
	if (out->segment_size == 0)
		out->segment_size = HF__SEGMENT_DEFAULT;
	if (out->inline_max == 0)
		out->inline_max = HF__INLINE_DEFAULT;
	if (out->compact_bytes == 0)
		out->compact_bytes = HF__COMPACT_BYTES_DEFAULT;
	if (out->at_lsn != 0 || (out->at_time != 0 && out->at_time != HF_UNSET))
		return hf__fail(error, HF_EINVAL, 0, "a state of the past can only be read");
	if (out->retain_us < 0)
		return hf__fail(error, HF_EINVAL, 0, "retain_us must not be negative");
	if (out->scrub_interval_us < 0)
		return hf__fail(error, HF_EINVAL, 0, "scrub_interval_us must not be negative");
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

/* I-BACKUP-1 */
static int refuse_backup(struct hf_error *error)
{
	return hf__fail(error, HF_EREADONLY, 0,
	                "the directory holds a backup, which is read and never written: 'holdfast "
	                "restore' makes a store of it");
}

static int may_write(const struct hf_store *s, struct hf_error *error)
{
	if (s->identity.incompat & HF__FEATURE_BACKUP)
		return refuse_backup(error);
	if (s->identity.ro_compat & ~HF__FEATURE_RO_COMPAT_KNOWN)
		return hf__fail(error, HF_EVERSION, 0,
		                "the store has features that this version may not write");
	return HF_OK;
}

/* A caller that only looks for a store makes nothing, not even a lock, where there is none, or a
 * backup. Whatever else is found is found again once the lock is held. */
static int check_there(struct hf_store *s, struct hf_error *error)
{
	const int rc = hf__read_identity(s, NULL);
	if (rc == HF_ENOTFOUND && !s->options.create)
		return hf__find_identity(s, error);
	return rc == HF_OK && (s->identity.incompat & HF__FEATURE_BACKUP) ? refuse_backup(error)
	                                                                  : HF_OK;
}

/* The identity, made first when asked. */
static int find_store(struct hf_store *s, bool *made, struct hf_error *error)
{
	int rc = s->options.create ? hf__read_identity(s, error) : hf__find_identity(s, error);
	if (rc != HF_ENOTFOUND || !s->options.create)
		return rc;
	rc = hf__create(s, error);
	*made = rc == HF_OK;
	return rc == HF_OK ? hf__read_identity(s, error) : rc;
}

/* The witness may fail while it is written, so tickets look twice. */
static const struct hf__progress progress = {
    .changed = {hf__maintenance_nudge},
    .ended = {hf__async_ended, hf__started_flushed, hf__tidy_ended, hf__witness_ended},
    .advanced = {hf__async_advanced, hf__watch_advanced, hf__witness_advanced, hf__tidy_advanced,
                 hf__async_advanced},
    .failed = {hf__watch_failed, hf__wait_wake_all, hf__async_failed, hf__started_failed},
};

static int open_locked(struct hf_store *s, struct hf_error *error)
{
	bool made = false;
	int rc = find_store(s, &made, error);
	s->segments.made_first = made;
	if (rc == HF_OK)
		rc = may_write(s, error);
	if (rc == HF_OK)
		rc = hf__prepare_memory(s, error);
	if (rc == HF_OK)
		rc = hf__open_witness(s, HF__OS_WRITE, error);
	if (rc == HF_OK)
		rc = hf__recover(s, error);
	HF__PROBE3(recover, s->info.replayed, s->info.recovered, rc);
	s->scrub.head = s->writer.end.segment;
	if (rc == HF_OK && s->writer.end.segment == 0 && !made)
		rc = hf__publish_again(s, 0, error);
	if (rc == HF_OK && !s->options.no_background && hf__maintenance_start(s) != 0)
		rc = hf__fail(error, HF_ENOMEM, 0, "the maintenance thread could not be started");
	return rc;
}

int hf__store_open(const struct hf__os *os, const struct hf__domains *domains,
                   const struct hf_options *options, struct hf_store **out, struct hf_error *error)
{
	*out = NULL;
	hf_store *s = domains->count <= HF__DOMAINS_MAX ? hf__store_new(os, domains) : NULL;
	if (!s)
		return hf__fail(error, HF_ENOMEM, 0, "no memory for a store");
	s->sink = &hf__local_sink;
	s->progress = &progress;
	int rc = hf__check_options(options, &s->options, error);
	if (rc == HF_OK)
		hf__counts_init(s);
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
		s->options.progress = NULL; /* its ctx may go now */
		*out = s;
		return HF_OK;
	}
	/* Nothing was handed out: results of closing cannot make it worse. */
	(void)hf__store_release_files(s);
	if (locked)
		(void)os->unlock(os->ctx);
	hf__store_free(s);
	return rc;
}
