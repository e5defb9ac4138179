/* What export, import and check have in common: see transfer.h. */
#include "store/transfer/transfer.h"

#include <errno.h>
#include <stdio.h>

#define SYNC_BYTES (4u << 20)
#define TELL_BYTES (1u << 20)

struct hf_snapshot_file hf__facts_of(const struct hf__snapshot_header *header, uint64_t entries,
                                     uint64_t bytes)
{
	struct hf_snapshot_file facts = {
	    .epoch = header->epoch,
	    .exported = header->exported,
	    .lsn = header->lsn,
	    .clock = header->lsn ? hf__to_shown(header->clock, header->setback) : HF_UNSET,
	    .entries = entries,
	    .bytes = bytes,
	};
	memcpy(facts.uuid, header->uuid, sizeof facts.uuid);
	return facts;
}

/* --- Progress --------------------------------------------------------------------------------- */

void hf__meter_add(struct hf__meter *meter, uint64_t bytes)
{
	meter->done += bytes;
	if (meter->total > 0 && meter->done > meter->total)
		meter->done = meter->total; /* a block was read twice */
	if (!meter->fn || meter->done - meter->told < TELL_BYTES)
		return;
	meter->told = meter->done;
	meter->fn(meter->ctx, meter->done, meter->total);
}

void hf__meter_end(struct hf__meter *meter)
{
	if (meter->total > 0)
		meter->done = meter->total;
	if (meter->fn)
		meter->fn(meter->ctx, meter->done, meter->total);
}

/* --- Files ------------------------------------------------------------------------------------ */

static int sink_write(void *ctx, const void *data, size_t len)
{
	struct hf__file_sink *sink = ctx;
	int rc = sink->os->write(sink->os->ctx, sink->file, data, len, sink->written);
	sink->written += len;
	hf__meter_add(sink->meter, len);
	if (rc == 0 && sink->written - sink->synced >= SYNC_BYTES) {
		rc = sink->os->sync(sink->os->ctx, sink->file);
		sink->synced = sink->written;
	}
	return rc;
}

struct hf__snapshot_sink hf__sink_of(struct hf__file_sink *sink)
{
	return (struct hf__snapshot_sink){.write = sink_write, .ctx = sink};
}

static int metered_read(void *ctx, void *buffer, size_t len, uint64_t at, size_t *got)
{
	struct hf__metered *metered = ctx;
	const int rc = metered->of.read(metered->of.ctx, buffer, len, at, got);
	hf__meter_add(metered->meter, *got);
	return rc;
}

struct hf__snapshot_source hf__metered_source(struct hf__metered *metered)
{
	return (struct hf__snapshot_source){
	    .read = metered_read, .ctx = metered, .size = metered->of.size};
}

static int file_read(void *ctx, void *buffer, size_t len, uint64_t at, size_t *got)
{
	const struct hf__file_source *source = ctx;
	return source->os->read(source->os->ctx, source->file, buffer, len, at, got);
}

struct hf__snapshot_source hf__file_source_of(struct hf__file_source *source, uint64_t size)
{
	return (struct hf__snapshot_source){.read = file_read, .ctx = source, .size = size};
}

static int verify_whole(struct hf__snapshot_source source, struct hf__snapshot_fault *fault)
{
	struct hf__snapshot_reader reader;
	int rc = hf__snapshot_open(&reader, source, fault);
	if (rc == HF_OK)
		rc = hf__snapshot_verify(&reader, fault);
	hf__snapshot_reader_deinit(&reader);
	return rc;
}

int hf__read_back(const struct hf__os *os, const char *name, struct hf__meter *meter,
                  const char *what, struct hf_error *error)
{
	struct hf__file_source file = {.os = os, .file = -1};
	struct hf__metered metered = {.meter = meter};
	struct hf__snapshot_fault fault = {0};
	uint64_t size = 0;
	int rc = os->open(os->ctx, name, 0, &file.file);
	if (rc)
		return hf__read_failed(error, what, rc);
	rc = os->size(os->ctx, file.file, &size);
	metered.of = hf__file_source_of(&file, size);
	const int code = rc ? HF_EIO : verify_whole(hf__metered_source(&metered), &fault);
	const int closed = os->close(os->ctx, file.file);
	if (code == HF_ENOMEM)
		return hf__fail(error, code, 0, "%s: no memory", what);
	if (code != HF_OK && (rc || fault.os_errno))
		return hf__read_failed(error, what, rc ? rc : fault.os_errno);
	if (code != HF_OK)
		return hf__fail_at(error, HF_EIO, name, fault.at,
		                   "%s: what was written is not what is read", what);
	return closed ? hf__read_failed(error, what, closed) : HF_OK;
}

/* --- Places ----------------------------------------------------------------------------------- */

int hf__outside_stores(const struct hf__os *os, const char *failed, struct hf_error *error)
{
	/* the second tells of a store that lost the first */
	static const char *const names[] = {HF__NAME_IDENTITY, HF__NAME_WITNESS};
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		int file = -1;
		const int rc = os->open(os->ctx, names[i], 0, &file);
		if (rc == 0)
			(void)os->close(os->ctx, file); /* nothing was read */
		if (rc == 0 || rc == EACCES)
			return hf__fail(error, HF_EACCESS, 0,
			                "%s: the directory above it is a store, which has its own files alone",
			                failed);
	}
	return HF_OK;
}

/* --- Names ------------------------------------------------------------------------------------ */

#define NAME_KEPT 200 /* of the target's name: the rest has to fit behind it */

void hf__beside_prefix(const char *name, const char *word, char out[HF__PARENT_NAME_MAX])
{
	(void)snprintf(out, HF__PARENT_NAME_MAX, ".%.*s.%s-", NAME_KEPT, name, word);
}

bool hf__beside_is(const char *prefix, const char *name)
{
	const size_t len = strlen(prefix);
	return strncmp(name, prefix, len) == 0 &&
	       strspn(name + len, "0123456789abcdef") == HF__BESIDE_DIGITS &&
	       name[len + HF__BESIDE_DIGITS] == '\0';
}

int hf__beside_name(const struct hf__os *os, const char *prefix, char out[HF__PARENT_NAME_MAX])
{
	uint64_t number = 0;
	const int rc = os->random(os->ctx, &number, sizeof number);
	if (rc == 0)
		(void)snprintf(out, HF__PARENT_NAME_MAX, "%.*s%016llx", NAME_KEPT + 16, prefix,
		               (unsigned long long)number);
	return rc;
}
