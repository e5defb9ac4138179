/* The library for the model test: the engine that users get, with one more way in, which opens a
 * store whose wall clock is a number that the test sets. Everything else is the real thing: real
 * files, real locks, a real process to be killed. */
#include <errno.h>

#include "base/mem.h"
#include "holdfast/holdfast.h"
#include "os/os.h"
#include "store/store.h"

HF_API void hf_model_clock(int64_t now, int64_t since_boot);
HF_API HF_CHECKED int hf_model_open(const char *path, const struct hf_options *options,
                                    hf_store **out, struct hf_error *error);
HF_API HF_CHECKED int hf_model_verify(hf_store *store, struct hf_error *error);

static int64_t wall, boot;

/* What every store that is opened here takes for the time of day and for the time since the
 * machine was started, from now on. */
void hf_model_clock(int64_t now, int64_t since_boot)
{
	wall = now;
	boot = since_boot;
}

static int64_t wall_now(void *ctx)
{
	(void)ctx;
	return wall;
}

static int64_t boot_clock(void *ctx)
{
	(void)ctx;
	return boot;
}

static void release_os(struct hf__os *os)
{
	hf__os_posix_free(os);
	hf__free(os);
}

/* As hf_open. */
int hf_model_open(const char *path, const struct hf_options *options, hf_store **out,
                  struct hf_error *error)
{
	*out = NULL;
	struct hf__os *os = hf__alloc(sizeof *os);
	if (!os)
		return HF_ENOMEM;
	const int rc = hf__os_posix_new(path, options->create, os);
	if (rc != 0) {
		hf__free(os);
		return rc == ENOENT ? HF_ENOTFOUND : HF_EIO;
	}
	os->now = wall_now;
	os->boot_clock = boot_clock;
	const int opened = hf__store_open(os, hf__all_domains(), options, out, error);
	if (opened != HF_OK)
		release_os(os);
	else
		hf__store_own_os(*out, os, release_os);
	return opened;
}

/* Every invariant of every domain, recounted. */
int hf_model_verify(hf_store *store, struct hf_error *error)
{
	return hf__state_verify(store, error);
}
