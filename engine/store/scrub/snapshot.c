/* A snapshot, block by block. It never changes once it has its name. */
#include "store/scrub/round.h"

#include <errno.h>

static int source_read(void *ctx, void *buffer, size_t len, uint64_t at, size_t *got)
{
	struct hf__scrub_file *f = ctx;
	struct hf__snapshot_fault fault = {0};
	const uint8_t *bytes;
	*got = 0;
	if (at >= f->size)
		return 0;
	const size_t there = len < f->size - at ? len : (size_t)(f->size - at);
	const int rc = hf__scrub_see(f, at, there, &bytes, &fault);
	if (rc == HF_ECORRUPT)
		return 0; /* the file has become shorter */
	if (rc != HF_OK)
		return rc == HF_ENOMEM ? ENOMEM : fault.os_errno;
	memcpy(buffer, bytes, there);
	*got = there;
	return 0;
}

int hf__scrub_snapshot_open(struct hf__scrub_round *r, bool *done, struct hf__snapshot_fault *fault)
{
	const struct hf__snapshot_source source = {source_read, &r->file, r->file.size};
	const int rc = hf__snapshot_open(&r->snapshot, source, fault);
	if (rc != HF_OK)
		return rc;
	r->pass = (struct hf__snapshot_pass){0};
	const struct hf__snapshot_header *header = &r->snapshot.header;
	/* put here by hand: openings pass over it */
	*done = header->exported || !hf__snapshot_header_of(&r->store->id, header);
	if (*done || header->lsn == r->targets[r->index].number)
		return HF_OK;
	*fault = (struct hf__snapshot_fault){.what = "it is of another place than its name says"};
	return HF_ECORRUPT;
}

int hf__scrub_snapshot_step(struct hf__scrub_round *r, bool *done, struct hf__snapshot_fault *fault)
{
	const uint64_t before = r->file.read;
	int rc = HF_OK;
	while (rc == HF_OK && !*done && r->file.read == before)
		rc = hf__snapshot_verify_next(&r->snapshot, &r->pass, done, fault);
	return rc;
}
