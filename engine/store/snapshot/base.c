/* See base.h. */
#include <errno.h>

#include "store/internal.h"

static int read_file(void *ctx, void *buffer, size_t len, uint64_t at, size_t *got)
{
	const struct hf__base *base = ctx;
	return base->os->read(base->os->ctx, base->file, buffer, len, at, got);
}

static int open_file(struct hf__base *base, const struct hf__os *os, const char *name,
                     struct hf__snapshot_source *source, struct hf__snapshot_fault *fault)
{
	*source = (struct hf__snapshot_source){.read = read_file, .ctx = base};
	*base = (struct hf__base){.os = os, .file = -1};
	int rc = os->open(os->ctx, name, 0, &base->file);
	if (rc == 0)
		rc = os->size(os->ctx, base->file, &source->size);
	*fault = (struct hf__snapshot_fault){.os_errno = rc};
	return rc ? HF_EIO : HF_OK;
}

int hf__base_open(struct hf__base *base, const struct hf__os *os, const char *name,
                  struct hf__snapshot_fault *fault)
{
	struct hf__snapshot_source source;
	int rc = open_file(base, os, name, &source, fault);
	if (rc == HF_OK)
		rc = hf__snapshot_open(&base->reader, source, fault);
	if (rc != HF_OK)
		hf__base_close(base);
	return rc;
}

int hf__base_open_damaged(struct hf__base *base, const struct hf__os *os, const char *name,
                          const struct hf__snapshot_header *assumed, struct hf__snapshot_gaps *gaps,
                          struct hf__snapshot_fault *fault)
{
	struct hf__snapshot_source source;
	int rc = open_file(base, os, name, &source, fault);
	if (rc == HF_OK)
		rc = hf__snapshot_open_damaged(&base->reader, source, assumed, gaps, fault);
	if (rc != HF_OK)
		hf__base_close(base);
	return rc;
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

bool hf__base_is_own(const struct hf__log_id *id, uint64_t lsn,
                     const struct hf__snapshot_header *header)
{
	return hf__snapshot_header_of(id, header) && header->lsn == lsn && !header->exported;
}

int hf__base_header(const struct hf__os *os, const struct hf__log_id *id, uint64_t lsn,
                    struct hf__snapshot_header *header, uint64_t *size, int *os_errno)
{
	uint8_t bytes[HF__SNAPSHOT_HEADER_SIZE];
	char name[HF__NAME_MAX];
	size_t got = 0;
	int file = -1;
	hf__snapshot_name(lsn, name);
	int rc = os->open(os->ctx, name, 0, &file);
	if (rc == 0) {
		rc = os->read(os->ctx, file, bytes, sizeof bytes, 0, &got);
		if (rc == 0 && size)
			rc = os->size(os->ctx, file, size);
		(void)os->close(os->ctx, file); /* it was read only */
	}
	*os_errno = rc;
	if (rc != 0)
		return rc == ENOENT ? HF_ENOTFOUND : HF_EIO;
	return hf__snapshot_header_decode(bytes, got, header) == HF_OK &&
	               hf__base_is_own(id, lsn, header)
	           ? HF_OK
	           : HF_ENOTFOUND;
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
