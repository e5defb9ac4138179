/* A cold file as the scrub reads it: through one window, by the seam's cold reading. */
#include "store/scrub/round.h"

#include <errno.h>

int hf__scrub_open(struct hf__scrub_file *f, const struct hf__os *os, const char *name,
                   struct hf__snapshot_fault *fault)
{
	*f = (struct hf__scrub_file){.os = os, .file = -1};
	memcpy(f->name, name, strlen(name) + 1);
	int rc = os->open(os->ctx, name, 0, &f->file);
	f->open = rc == 0;
	if (rc == 0)
		rc = os->size(os->ctx, f->file, &f->size);
	if (rc == 0)
		return HF_OK;
	*fault = (struct hf__snapshot_fault){.os_errno = rc, .what = "it could not be opened"};
	return HF_EIO;
}

bool hf__scrub_seen(const struct hf__scrub_file *f, uint64_t at, size_t len)
{
	return at >= f->window.at && at - f->window.at <= f->window.len &&
	       len <= f->window.len - (size_t)(at - f->window.at);
}

static bool room_for(struct hf__scrub_file *f, size_t len)
{
	if (len <= f->window.cap)
		return true;
	uint8_t *data = hf__alloc(len);
	if (!data)
		return false;
	hf__free(f->window.data);
	f->window.data = data;
	f->window.cap = len;
	f->window.len = 0;
	return true;
}

/* A piece from `at` on, of `len` bytes at least, or up to the end of the file. 0 or errno. */
static int fill(struct hf__scrub_file *f, uint64_t at, size_t len)
{
	const uint64_t left = f->size - at;
	const size_t piece = len > HF__SCRUB_PIECE ? len : HF__SCRUB_PIECE;
	const size_t wanted = left < piece ? (size_t)left : piece;
	size_t got = 0;
	if (!room_for(f, wanted))
		return ENOMEM;
	f->window.len = 0;
	const int rc = f->os->read_cold
	                   ? f->os->read_cold(f->os->ctx, f->file, f->window.data, wanted, at, &got)
	                   : f->os->read(f->os->ctx, f->file, f->window.data, wanted, at, &got);
	f->read += wanted;
	if (rc)
		return rc;
	f->window.at = at;
	f->window.len = got;
	return 0;
}

int hf__scrub_see(struct hf__scrub_file *f, uint64_t at, size_t len, const uint8_t **out,
                  struct hf__snapshot_fault *fault)
{
	*out = NULL;
	if (at > f->size || len > f->size - at) {
		*fault = (struct hf__snapshot_fault){.at = at, .what = "the file is too short"};
		return HF_ECORRUPT;
	}
	const int rc = hf__scrub_seen(f, at, len) ? 0 : fill(f, at, len);
	if (rc) {
		*fault = (struct hf__snapshot_fault){at, rc, "it could not be read"};
		return rc == ENOMEM ? HF_ENOMEM : HF_EIO;
	}
	if (!hf__scrub_seen(f, at, len)) {
		*fault = (struct hf__snapshot_fault){.at = at, .what = "the file has become shorter"};
		return HF_ECORRUPT;
	}
	*out = f->window.data + (at - f->window.at);
	return HF_OK;
}

void hf__scrub_file_close(struct hf__scrub_file *f)
{
	if (f->open)
		(void)f->os->close(f->os->ctx, f->file); /* only read */
	hf__free(f->window.data);
	*f = (struct hf__scrub_file){.file = -1};
}
