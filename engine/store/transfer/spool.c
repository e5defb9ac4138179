/* What comes through a pipe, kept until it was verified: see build.h. It has no name, so that
 * nothing of it is left when the process ends. */
#include <errno.h>

#include "store/transfer/build.h"

#define PIECE (256u << 10)
#define FAILED "nothing was imported"

struct spool {
	const struct hf__os *os;
	char prefix[HF__PARENT_NAME_MAX], name[HF__PARENT_NAME_MAX];
};

static int find_leftover(void *arg, const char *name)
{
	struct spool *s = arg;
	if (!hf__beside_is(s->prefix, name))
		return 0;
	memcpy(s->name, name, strlen(name) + 1);
	return -1;
}

/* Crash: an empty file, which the next spool beside this name removes. */
static int make_file(struct spool *s, int *file)
{
	const struct hf__os *os = s->os;
	while (os->list(os->ctx, find_leftover, s) == -1)
		if (os->unlink(os->ctx, s->name) != 0)
			break;
	int rc = hf__beside_name(os, s->prefix, s->name);
	if (rc == 0)
		rc = os->open(os->ctx, s->name, HF__OS_WRITE | HF__OS_CREATE | HF__OS_PRIVATE, file);
	if (rc)
		return rc;
	rc = os->unlink(os->ctx, s->name);
	if (rc) {
		(void)os->close(os->ctx, *file);
		*file = -1;
	}
	return rc;
}

static int copy(const struct hf__os *os, hf__stream_fn read, void *ctx, uint64_t most, int file,
                uint64_t *size, struct hf_error *error)
{
	uint8_t *piece = hf__alloc(PIECE);
	size_t got = 1;
	int rc = 0;
	if (!piece)
		return hf__fail(error, HF_ENOMEM, 0, FAILED ": no memory");
	for (*size = 0; rc == 0 && got > 0 && *size <= most; *size += got) {
		rc = read(ctx, piece, PIECE, &got);
		if (rc == 0 && got > 0 && got <= most - *size)
			rc = os->write(os->ctx, file, piece, got, *size);
		if (rc)
			got = 0;
	}
	hf__free(piece);
	if (rc)
		return hf__os_failed(error, FAILED ": what comes in could not be read or kept", rc);
	return *size <= most ? HF_OK
	                     : hf__fail(error, HF_ETOOBIG, 0,
	                                FAILED ": more comes in than max_size allows (%llu bytes)",
	                                (unsigned long long)most);
}

int hf__spool_file(const struct hf__parent *parent, const char *name, int *file)
{
	struct spool s = {.os = parent->os};
	hf__beside_prefix(name, "spool", s.prefix);
	*file = -1;
	return make_file(&s, file);
}

int hf__spool(const struct hf__parent *parent, const char *name, hf__stream_fn read, void *ctx,
              uint64_t most, int *file, uint64_t *size, struct hf_error *error)
{
	const struct hf__os *os = parent->os;
	int rc = hf__spool_file(parent, name, file);
	if (rc)
		return hf__os_failed(error, FAILED ": no file could be made beside the target", rc);
	rc = copy(os, read, ctx, most, *file, size, error);
	if (rc != HF_OK) {
		(void)os->close(os->ctx, *file);
		*file = -1;
	}
	return rc;
}
