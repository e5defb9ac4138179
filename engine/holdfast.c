/* The public ways in over the real disk, and what the table of domains says. */
#include "holdfast/holdfast.h"

#include <errno.h>

#include "api/api.h"
#include "log/entry.h"
#include "store/call/error.h"
#include "store/check/readonly.h"
#include "store/follow/follow.h"
#include "store/store.h"

#define REPLACED_TRIES 8u

static void release_os(struct hf__os *os)
{
	hf__os_posix_free(os);
	hf__free(os);
}

static int open_directory(const char *path, bool create, struct hf__os *os, struct hf_error *error)
{
	const int rc = hf__os_posix_new(path, create, os);
	if (rc == 0)
		return HF_OK;
	if (rc == ENOENT)
		return hf__fail(error, HF_ENOTFOUND, rc,
		                create ? "the directory above it does not exist"
		                       : "there is no such directory");
	return hf__os_failed(error, "the directory could not be opened", rc);
}

/* The seam to a directory, for the caller that frees it with release_os. */
static int new_os(const char *path, bool create, struct hf__os **out, struct hf_error *error)
{
	*out = NULL;
	int rc = hf__path_given(path, error);
	if (rc != HF_OK)
		return rc;
	struct hf__os *os = hf__alloc(sizeof *os);
	if (!os)
		return hf__fail(error, HF_ENOMEM, 0, "no memory for a store");
	rc = open_directory(path, create, os, error);
	if (rc != HF_OK)
		hf__free(os);
	else
		*out = os;
	return rc;
}

static int open_once(const char *path, const struct hf_options *options, hf_store **out,
                     struct hf_error *error)
{
	struct hf__os *os;
	*out = NULL;
	int rc = new_os(path, options->create, &os, error);
	if (rc != HF_OK)
		return rc;
	rc = hf__store_open(os, hf__all_domains(), options, out, error);
	if (rc != HF_OK)
		release_os(os);
	else
		hf__store_own_os(*out, os, release_os);
	return rc;
}

int hf_open(const char *path, const struct hf_options *options, hf_store **out,
            struct hf_error *error)
{
	HF__CALL;
	HF__TAKE(options, options);
	struct hf_error failure = {0};
	int rc = hf__took(&hf__api_options, options, error);
	*out = NULL;
	if (rc != HF_OK)
		return rc;
	/* A caller that waited for a store that was replaced meanwhile wants the one that lies there
	 * now. */
	for (unsigned i = 0; i < REPLACED_TRIES; i++) {
		failure = (struct hf_error){0};
		rc = open_once(path, options, out, &failure);
		if (rc != HF_ELOCKED || failure.os_errno != ESTALE)
			break;
	}
	if (rc != HF_OK && error)
		*error = failure;
	return rc;
}

/* --- In memory -------------------------------------------------------------------------------- */

/* A log in memory is not worth keeping, and its room is that of the host. Short segments make an
 * opening short, but there should not be thousands of them. */
#define MEMORY_COMPACT_BYTES (UINT64_C(4) << 20)
#define MEMORY_SEGMENTS 32u
#define MEMORY_SEGMENT_MIN (UINT64_C(128) << 10)
#define MEMORY_SEGMENT_MAX (UINT64_C(64) << 20)

static uint32_t memory_segment(const struct hf_options *options)
{
	uint64_t log = options->compact_bytes;
	if (options->retain_bytes > log)
		log = options->retain_bytes;
	if (options->retain_us > 0 && options->retain_bytes == 0)
		log = UINT64_MAX;
	const uint64_t size = log / MEMORY_SEGMENTS;
	return (uint32_t)(size < MEMORY_SEGMENT_MIN   ? MEMORY_SEGMENT_MIN
	                  : size > MEMORY_SEGMENT_MAX ? MEMORY_SEGMENT_MAX
	                                              : size);
}

static struct hf_options for_memory(struct hf_options options)
{
	options.create = true;
	if (options.compact_bytes == 0)
		options.compact_bytes = MEMORY_COMPACT_BYTES;
	if (options.segment_size == 0)
		options.segment_size = memory_segment(&options);
	return options;
}

static void release_memory(struct hf__os *os)
{
	hf__os_memory_free(os);
	hf__free(os);
}

int hf_open_memory(const struct hf_options *options, hf_store **out, struct hf_error *error)
{
	HF__CALL;
	HF__TAKE(options, options);
	*out = NULL;
	int rc = hf__took(&hf__api_options, options, error);
	if (rc != HF_OK)
		return rc;
	const struct hf_options asked = for_memory(*options);
	struct hf__os *os = hf__alloc(sizeof *os);
	if (!os || hf__os_memory_new(os) != 0) {
		hf__free(os);
		return hf__fail(error, HF_ENOMEM, 0, "no memory for a store");
	}
	rc = hf__store_open(os, hf__all_domains(), &asked, out, error);
	if (rc != HF_OK)
		release_memory(os);
	else
		hf__store_own_os(*out, os, release_memory);
	return rc;
}

/* --- Read-only -------------------------------------------------------------------------------- */

/* As hf__follow_place says. */
static int open_again(const struct hf__os *os, struct hf__os **out)
{
	struct hf__os *fresh = hf__alloc(sizeof *fresh);
	if (!fresh)
		return ENOMEM;
	const int rc = hf__os_posix_again(os, fresh);
	if (rc == ESTALE)
		*out = fresh;
	else
		hf__free(fresh);
	return rc;
}

static const struct hf__follow_place place = {open_again, release_os};

int hf_open_read(const char *path, const struct hf_options *options, hf_store **out,
                 struct hf_error *error)
{
	HF__CALL;
	HF__TAKE(options, options);
	struct hf__os *os;
	*out = NULL;
	int rc = hf__took(&hf__api_options, options, error);
	if (rc == HF_OK)
		rc = new_os(path, false, &os, error);
	if (rc != HF_OK)
		return rc;
	rc = hf__store_open_read(os, hf__all_domains(), options, out, error);
	if (rc != HF_OK) {
		release_os(os);
		return rc;
	}
	hf__store_own_os(*out, os, release_os);
	hf__follow_at(*out, &place);
	return HF_OK;
}

int hf_log_each(const char *path, hf_lsn from, unsigned flags, hf_log_fn each, void *ctx,
                struct hf_error *error)
{
	HF__CALL;
	struct hf__os *os;
	int rc = new_os(path, false, &os, error);
	if (rc != HF_OK)
		return rc;
	rc = hf__log_each(os, hf__all_domains(), from, flags, each, ctx, error);
	release_os(os);
	return rc;
}

int hf_feed_open_path(const char *path, hf_lsn from, hf_feed **out, struct hf_error *error)
{
	HF__CALL;
	struct hf__os *os;
	*out = NULL;
	int rc = new_os(path, false, &os, error);
	if (rc != HF_OK)
		return rc;
	rc = hf__feed_look(os, hf__all_domains(), from, out, error);
	if (rc != HF_OK)
		release_os(os);
	else
		hf__feed_own_os(*out, os, release_os);
	return rc;
}

const char *hf_domain_name(unsigned index)
{
	HF__CALL;
	const struct hf__domains *all = hf__all_domains();
	return index < all->count ? all->rows[index]->name : NULL;
}

const struct hf_api_part *hf_api_describe(unsigned index)
{
	HF__CALL;
	const struct hf__domains *all = hf__all_domains();
	unsigned common = 0;
	while (hf__api_common[common] && common < index)
		common++;
	if (hf__api_common[common])
		return hf__api_common[common];
	return index - common < all->count ? all->rows[index - common]->api : NULL;
}

size_t hf_struct_size(const char *name)
{
	HF__CALL;
	const struct hf_api_part *part;
	for (unsigned i = 0; name && (part = hf_api_describe(i)) != NULL; i++) {
		const struct hf_api_struct *found = hf__api_struct_of(part, name);
		if (found)
			return found->size;
	}
	return 0;
}

static void add_key(struct hf__text *text, const struct hf_event *event)
{
	hf__text_add(text, "%s", event->operation);
	for (unsigned i = 0; i < event->parts; i++) {
		hf__text_add(text, " ");
		hf__text_add_quoted(text, event->key[i]);
	}
}

bool hf_event_concerns(const struct hf_event *event, const struct hf_bytes *key, unsigned parts)
{
	HF__CALL;
	return hf__event_concerns(hf__all_domains(), event, key, parts);
}

void hf_event_text(const struct hf_event *event, char *out, size_t cap)
{
	HF__CALL;
	struct hf__text text = {out, cap, 0};
	const struct hf__entry entry = {.lsn = event->lsn,
	                                .at = event->at,
	                                .domain = event->domain_id,
	                                .kind = event->kind,
	                                .body = event->body};
	if (cap > 0)
		out[0] = '\0';
	if (event->lost) {
		hf__text_add(&text, "%llu changes from %llu on are not told",
		             (unsigned long long)event->lost, (unsigned long long)event->lsn);
		return;
	}
	const struct hf__domains *all = hf__all_domains();
	for (unsigned i = 0; i < all->count; i++) {
		if (all->rows[i]->id != event->domain_id || event->body.len == 0)
			continue;
		all->rows[i]->describe(&entry, &text);
		return;
	}
	add_key(&text, event);
}

const char *hf_segment_keeper_name(int keeper)
{
	HF__CALL;
	static const char *const names[] = {"head",    "log",      "payloads",   "base",
	                                    "covered", "retained", "subscribed", "readers"};
	return keeper >= 0 && (size_t)keeper < sizeof names / sizeof names[0] ? names[keeper]
	                                                                      : "unknown";
}

int hf_segments_each(const char *path, hf_segment_fn each, void *ctx, struct hf_error *error)
{
	HF__CALL;
	struct hf__os *os;
	if (!each)
		return hf__fail(error, HF_EINVAL, 0, "a callback is needed");
	int rc = new_os(path, false, &os, error);
	if (rc != HF_OK)
		return rc;
	rc = hf__segments_each(os, hf__all_domains(), each, ctx, error);
	release_os(os);
	return rc;
}

static int fsck(const char *path, const struct hf_fsck_options *options, hf_fsck_fn report,
                void *ctx, struct hf_fsck_summary *out, struct hf_error *error)
{
	struct hf__os *os;
	int rc = new_os(path, false, &os, error);
	out->verdict = rc;
	if (rc != HF_OK)
		return rc;
	rc = hf__fsck(os, hf__all_domains(), options, report, ctx, out, error);
	release_os(os);
	return rc;
}

int hf_fsck(const char *path, const struct hf_fsck_options *options, hf_fsck_fn report, void *ctx,
            struct hf_fsck_summary *out, struct hf_error *error)
{
	HF__CALL;
	HF__TAKE(fsck_options, options);
	struct hf_fsck_summary summary = {0};
	int rc = hf__can_give(&hf__api_fsck_summary, out, error);
	if (rc != HF_OK)
		return rc;
	rc = hf__took(&hf__api_fsck_options, options, error);
	summary.verdict = rc;
	if (rc == HF_OK)
		rc = fsck(path, options, report, ctx, &summary, error);
	hf__give(&hf__api_fsck_summary, out, &summary);
	return rc;
}
