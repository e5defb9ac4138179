/* See base.h. */
#include "store/internal.h"

static int read_file(void *ctx, void *buffer, size_t len, uint64_t at, size_t *got)
{
	const struct hf__base *base = ctx;
	return base->os->read(base->os->ctx, base->file, buffer, len, at, got);
}

int hf__base_open(struct hf__base *base, const struct hf__os *os, const char *name,
                  struct hf__snapshot_fault *fault)
{
	struct hf__snapshot_source source = {.read = read_file, .ctx = base};
	*base = (struct hf__base){.os = os, .file = -1};
	int rc = os->open(os->ctx, name, 0, &base->file);
	if (rc == 0)
		rc = os->size(os->ctx, base->file, &source.size);
	*fault = (struct hf__snapshot_fault){.os_errno = rc};
	const int code = rc ? HF_EIO : hf__snapshot_open(&base->reader, source, fault);
	if (code != HF_OK)
		hf__base_close(base);
	return code;
}

void hf__base_close(struct hf__base *base)
{
	if (!base->os)
		return;
	hf__snapshot_reader_deinit(&base->reader);
	if (base->file >= 0)
		(void)base->os->close(base->os->ctx, base->file); /* it was read only */
	*base = (struct hf__base){.file = -1};
}

void hf__bases_close(struct hf_store *s)
{
	for (unsigned i = 0; i < HF__BASES; i++)
		hf__base_close(&s->bases[i]);
}

int hf__base_payload(struct hf__base *base, const struct hf__payload *payload, uint8_t *out,
                     int *os_errno)
{
	const struct hf__snapshot_ref ref = {
	    .block = payload->segment, .offset = payload->offset, .content = payload->content};
	struct hf__snapshot_fault fault = {0};
	*os_errno = base->os->same(base->os->ctx, base->file, NULL);
	if (*os_errno)
		return HF_EIO; /* the host closed the descriptor: what is read now is another file */
	const int rc = hf__snapshot_payload(&base->reader, &ref, payload->len, out, &fault);
	*os_errno = fault.os_errno;
	return rc;
}
