/* The files of a store, by their names and sizes: part of own.h. */
#include "store/metrics/own.h"

#include <errno.h>

#include "store/snapshot/base.h"

struct names {
	uint32_t *segments;
	size_t count, cap;
	uint64_t *snapshots;
	size_t snapshot_count, snapshot_cap;
};

static int note_name(void *arg, const char *name)
{
	struct names *n = arg;
	uint32_t number;
	uint64_t lsn;
	if (hf__snapshot_name_parse(name, &lsn)) {
		uint64_t *all =
		    hf__grown(n->snapshots, n->snapshot_count, &n->snapshot_cap, sizeof *all, 8);
		if (!all)
			return ENOMEM;
		n->snapshots = all;
		all[n->snapshot_count++] = lsn;
	} else if (hf__segment_name_parse(name, &number)) {
		uint32_t *all = hf__grown(n->segments, n->count, &n->cap, sizeof *all, 64);
		if (!all)
			return ENOMEM;
		n->segments = all;
		all[n->count++] = number;
	}
	return 0;
}

/* 0; ENOENT: it went meanwhile; errno. */
static int size_of(const struct hf__os *os, const char *name, uint64_t *size)
{
	int file = -1, rc = os->open(os->ctx, name, 0, &file);
	if (rc)
		return rc;
	rc = os->size(os->ctx, file, size);
	(void)os->close(os->ctx, file); /* only read */
	return rc;
}

static bool add_size(const struct hf__os *os, const char *name, uint64_t *files, uint64_t *bytes,
                     uint64_t *size)
{
	const int rc = size_of(os, name, size);
	*files += rc == 0;
	*bytes += rc == 0 ? *size : 0;
	return rc == 0 || rc == ENOENT;
}

static bool look_at_snapshots(struct hf_store *s, const struct names *n,
                              struct hf__files_found *out, uint32_t *covered)
{
	for (size_t i = 0; i < n->snapshot_count; i++) {
		struct hf__snapshot_header header;
		char name[HF__NAME_MAX];
		uint64_t size = 0;
		int os_errno;
		hf__snapshot_name(n->snapshots[i], name);
		if (!add_size(s->os, name, &out->snapshots, &out->snapshot_bytes, &size))
			return false;
		if (n->snapshots[i] <= out->newest)
			continue;
		const int rc = hf__base_header(s->os, &s->id, n->snapshots[i], &header, &size, &os_errno);
		if (rc != HF_OK && rc != HF_ENOTFOUND)
			return false;
		if (rc != HF_OK)
			continue;
		out->newest = header.lsn;
		out->newest_bytes = size;
		out->newest_clock = header.clock;
		*covered = header.position.segment;
	}
	return true;
}

static bool look_at_segments(struct hf_store *s, const struct names *n, uint32_t covered,
                             struct hf__files_found *out)
{
	for (size_t i = 0; i < n->count; i++) {
		char name[HF__NAME_MAX];
		uint64_t size = 0;
		hf__segment_name(n->segments[i], name);
		if (!add_size(s->os, name, &out->segments, &out->segment_bytes, &size))
			return false;
		out->covered_bytes += n->segments[i] < covered ? size : 0;
	}
	return true;
}

void hf__files_find(struct hf_store *s, struct hf__files_found *out)
{
	struct names n = {0};
	uint32_t covered = 0;
	*out = (struct hf__files_found){0};
	out->known = s->os->list(s->os->ctx, note_name, &n) == 0 &&
	             look_at_snapshots(s, &n, out, &covered) && look_at_segments(s, &n, covered, out);
	hf__free(n.segments);
	hf__free(n.snapshots);
}
