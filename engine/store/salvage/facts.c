/* What lies in the source: which store its files are of, which of them are segments and snapshots
 * of it, and which LSNs they mention. A header says more than a name: what was renamed is taken for
 * what it is, and of two copies the one of which more verifies.
 *
 * I-SALVAGE-2: every LSN that a header, a group or a witness of the store mentions is at most
 * v->mentioned. */
#include <errno.h>

#include "store/salvage/salvage.h"

/* A greater LSN that only the name of a file says is none. */
#define NAMED_MAX (HF__LSN_MAX / 2)

/* --- Listing ---------------------------------------------------------------------------------- */

static int note_name(void *arg, const char *name)
{
	struct hf__view *v = arg;
	if (hf__segment_tmp_name(name) || hf__snapshot_tmp_name(name))
		return 0; /* nothing half made is taken for anything */
	struct hf__view_file *files = hf__grown(v->files, v->count, &v->cap, sizeof *files, 16);
	if (!files)
		return ENOMEM;
	v->files = files;
	const char *own = hf__arena_copy(&v->names, name, strlen(name) + 1);
	v->files[v->count++] = (struct hf__view_file){.name = own};
	return own ? 0 : ENOMEM;
}

/* --- One file --------------------------------------------------------------------------------- */

static void know_by_name(struct hf__view_file *f)
{
	uint32_t number;
	if (hf__segment_name_parse(f->name, &number) && number > 0) {
		f->kind = HF__VIEW_SEGMENT;
		f->number = number;
	} else if (hf__snapshot_name_parse(f->name, &f->number)) {
		f->kind = HF__VIEW_SNAPSHOT;
	}
}

static void know_by_header(struct hf__view *v, struct hf__view_file *f)
{
	struct hf__snapshot_header snapshot;
	if (hf__segment_header_whole(v->bytes.data, v->bytes.len, &f->head)) {
		f->whole = true;
		f->kind = HF__VIEW_SEGMENT;
		f->number = f->head.number;
		return;
	}
	if (hf__snapshot_header_decode(v->bytes.data, v->bytes.len, &snapshot) != HF_OK)
		return;
	f->whole = true;
	f->kind = snapshot.exported ? HF__VIEW_OTHER : HF__VIEW_SNAPSHOT;
	f->number = snapshot.lsn;
	f->head.epoch = snapshot.epoch;
	memcpy(f->head.uuid, snapshot.uuid, sizeof f->head.uuid);
}

/* Its file may lie behind it: to go on without would lose what is there. */
static int is_link(struct hf__view *v, const char *name)
{
	return hf__fail_at(v->error, HF_EACCESS, name, 0,
	                   "%s is a symbolic link: put the file itself in its place, or remove it",
	                   name);
}

/* What is no regular file is none of a store. */
static int look_at(struct hf__view *v, struct hf__view_file *f)
{
	const struct hf__os *os = v->seam.under;
	int file = -1;
	int rc = os->open(os->ctx, f->name, 0, &file);
	if (rc == ELOOP) {
		know_by_name(f);
		return f->kind == HF__VIEW_OTHER ? HF_OK : is_link(v, f->name);
	}
	if (rc == EISDIR || rc == ENXIO || rc == ENOENT)
		return HF_OK;
	if (rc == 0) {
		rc = os->size(os->ctx, file, &f->size);
		const int closed = os->close(os->ctx, file);
		rc = rc ? rc : closed;
	}
	if (rc)
		return hf__read_failed(v->error, "the source could not be read", rc);
	rc = hf__view_read(v, f, HF__SECTOR);
	know_by_name(f);
	if (rc == HF_OK)
		know_by_header(v, f);
	return rc;
}

/* --- Which store? ----------------------------------------------------------------------------- */

static bool bears(const struct hf__view_file *f, const uint8_t uuid[16], uint16_t epoch)
{
	return f->whole && f->head.epoch == epoch && memcmp(f->head.uuid, uuid, 16) == 0;
}

static uint64_t bytes_of(const struct hf__view *v, const uint8_t uuid[16], uint16_t epoch)
{
	uint64_t bytes = 0;
	for (size_t i = 0; i < v->count; i++)
		bytes += bears(&v->files[i], uuid, epoch) ? v->files[i].size + 1 : 0;
	return bytes;
}

/* The store of most bytes. false: no file names one. */
static bool adopt(struct hf__view *v)
{
	uint64_t most = 0;
	for (size_t i = 0; i < v->count; i++) {
		const struct hf__view_file *f = &v->files[i];
		const uint64_t bytes = f->whole ? bytes_of(v, f->head.uuid, f->head.epoch) : 0;
		if (bytes <= most)
			continue;
		most = bytes;
		v->identity = (struct hf__identity){.format_major = HF__FORMAT_MAJOR};
		v->identity.epoch = f->head.epoch;
		memcpy(v->identity.uuid, f->head.uuid, sizeof v->identity.uuid);
	}
	v->adopted = v->adopted || most > 0;
	return most > 0;
}

/* A file that cannot be opened or is damaged says nothing; one of a newer format says that nothing
 * here is to be touched. */
static int read_identity(struct hf__view *v, bool *known)
{
	const struct hf__os *os = v->seam.under;
	uint8_t bytes[HF__IDENTITY_SIZE + 1];
	size_t got = 0;
	int file = -1;
	*known = false;
	int rc = os->open(os->ctx, HF__NAME_IDENTITY, 0, &file);
	if (rc == ELOOP)
		return is_link(v, HF__NAME_IDENTITY);
	if (rc == ENOENT || rc == EISDIR || rc == ENXIO)
		return HF_OK;
	if (rc == 0) {
		rc = os->read(os->ctx, file, bytes, sizeof bytes, 0, &got);
		const int closed = os->close(os->ctx, file);
		rc = rc ? rc : closed;
	}
	if (rc)
		return hf__read_failed(v->error, HF__NAME_IDENTITY " could not be read", rc);
	const int code = hf__identity_decode(bytes, got, &v->identity);
	*known = code == HF_OK;
	return code == HF_EVERSION
	           ? hf__fail(v->error, code, 0, "the store was written by a newer format")
	           : HF_OK;
}

static bool any_whole(const struct hf__view *v)
{
	bool any = false;
	for (size_t i = 0; i < v->count; i++)
		any = any || v->files[i].whole;
	return any;
}

static int know_store(struct hf__view *v)
{
	bool known;
	const int rc = read_identity(v, &known);
	if (rc != HF_OK)
		return rc;
	/* One that fits no file was put in the place of the right one. */
	const bool fits =
	    known && (bytes_of(v, v->identity.uuid, v->identity.epoch) > 0 || !any_whole(v));
	if (!fits && !adopt(v) && !known)
		return hf__fail(v->error, HF_ENOTFOUND, 0,
		                "the directory holds no file that says which store it is of");
	v->adopted = v->adopted && !fits;
	memcpy(v->id.uuid, v->identity.uuid, sizeof v->id.uuid);
	v->id.epoch = v->identity.epoch;
	v->id.seed = hf__seed_base(v->id.uuid, v->id.epoch);
	v->id.features_unknown = hf__features_unknown(v->identity.compat, v->identity.ro_compat);
	return HF_OK;
}

/* --- LSNs ------------------------------------------------------------------------------------- */

static void mention(struct hf__view *v, uint64_t lsn)
{
	if (lsn > v->mentioned && lsn <= HF__LSN_MAX)
		v->mentioned = lsn;
}

static bool mention_group(void *arg, uint32_t at, const struct hf__group_header *header)
{
	struct hf__view *v = arg;
	(void)at;
	mention(v, header->first_lsn + (header->entry_count - 1));
	mention(v, header->durable_lsn);
	return true;
}

/* The witness is the check's to judge; here its LSNs count. */
static int mention_witness(struct hf__view *v)
{
	const struct hf__os *os = v->seam.under;
	uint8_t bytes[HF__WITNESS_SIZE] = {0};
	struct hf__witness slot;
	size_t got = 0;
	int file = -1;
	int rc = os->open(os->ctx, HF__NAME_WITNESS, 0, &file);
	if (rc == ELOOP)
		return is_link(v, HF__NAME_WITNESS);
	if (rc == ENOENT || rc == EISDIR || rc == ENXIO)
		return HF_OK;
	if (rc == 0) {
		rc = os->read(os->ctx, file, bytes, sizeof bytes, 0, &got);
		const int closed = os->close(os->ctx, file);
		rc = rc ? rc : closed;
	}
	if (rc)
		return hf__read_failed(v->error, HF__NAME_WITNESS " could not be read", rc);
	for (unsigned i = 0; i < 2; i++)
		if (hf__witness_decode(&v->id, bytes + (size_t)i * HF__WITNESS_SLOT_STEP,
		                       HF__WITNESS_SLOT_SIZE, &slot) == HF_OK)
			mention(v, slot.lsn);
	return HF_OK;
}

/* All of a segment: what it mentions, and how much of it follows from its header. */
static int read_segment(struct hf__view *v, struct hf__view_file *f)
{
	struct hf__segment_header header;
	struct hf__scan_verdict verdict;
	if (f->size > HF__SEGMENT_SIZE_MAX)
		return HF_OK;
	const int rc = hf__view_read(v, f, 0);
	if (rc != HF_OK || v->bytes.len < HF__SEGMENT_HEADER_SIZE)
		return rc;
	struct hf__scan_input input = {
	    .id = &v->id,
	    .bytes = hf_bytes_of(v->bytes.data, v->bytes.len),
	    .segment = (uint32_t)f->number,
	    .from = HF__SEGMENT_HEADER_SIZE,
	};
	hf__scan_headers(&input, input.from, mention_group, v);
	if (hf__segment_header_decode(&v->id, v->bytes.data, v->bytes.len, &header) != HF_OK)
		return HF_OK;
	mention(v, header.first_lsn);
	mention(v, header.previous_lsn);
	input.next_lsn = header.first_lsn;
	input.previous_hash = header.previous_hash;
	f->worth = hf__scan(&input, NULL, NULL, &verdict) == 0 ? verdict.end : 0;
	return HF_OK;
}

static int read_whole(void *ctx, void *buffer, size_t len, uint64_t at, size_t *got)
{
	const struct hf__view *v = ctx;
	*got = at < v->bytes.len ? v->bytes.len - (size_t)at : 0;
	*got = *got < len ? *got : len;
	if (*got > 0)
		memcpy(buffer, v->bytes.data + at, *got);
	return 0;
}

/* A snapshot of which there is no other copy need not be read here. */
static int weigh_snapshot(struct hf__view *v, struct hf__view_file *f)
{
	struct hf__snapshot_reader reader;
	const int rc = hf__view_read(v, f, 0);
	if (rc != HF_OK)
		return rc;
	const struct hf__snapshot_source source = {.read = read_whole, .ctx = v, .size = v->bytes.len};
	int verified = hf__snapshot_open(&reader, source, NULL);
	f->worth = verified == HF_OK;
	if (verified == HF_OK)
		verified = hf__snapshot_verify(&reader, NULL);
	f->worth += verified == HF_OK;
	hf__snapshot_reader_deinit(&reader);
	return verified == HF_ENOMEM
	           ? hf__fail(v->error, verified, 0, "no memory for a snapshot of the source")
	           : HF_OK;
}

/* --- Which files? ----------------------------------------------------------------------------- */

static bool has_own_name(const struct hf__view_file *f)
{
	char name[HF__NAME_MAX];
	if (f->kind == HF__VIEW_SNAPSHOT)
		hf__snapshot_name(f->number, name);
	else
		hf__segment_name((uint32_t)f->number, name);
	return strcmp(name, f->name) == 0;
}

static bool better(const struct hf__view_file *a, const struct hf__view_file *b)
{
	if (a->whole != b->whole)
		return a->whole;
	if (a->worth != b->worth)
		return a->worth > b->worth;
	return has_own_name(a) && !has_own_name(b);
}

/* The better one of what is the same segment or snapshot; NULL: there is none. */
static struct hf__view_file *rival(struct hf__view *v, const struct hf__view_file *f)
{
	for (size_t i = 0; i < v->count; i++) {
		struct hf__view_file *other = &v->files[i];
		if (other != f && other->shown && other->kind == f->kind && other->number == f->number)
			return other;
	}
	return NULL;
}

static int show(struct hf__view *v, struct hf__view_file *f)
{
	struct hf__view_file *other = rival(v, f);
	if (other && f->kind == HF__VIEW_SNAPSHOT) {
		int rc = weigh_snapshot(v, f);
		if (rc == HF_OK && other->worth == 0)
			rc = weigh_snapshot(v, other);
		if (rc != HF_OK)
			return rc;
	}
	if (!other || better(f, other)) {
		f->shown = true;
		if (other)
			other->shown = false;
	}
	return HF_OK;
}

static int choose(struct hf__view *v, struct hf__view_file *f)
{
	const bool ours = bears(f, v->id.uuid, v->id.epoch);
	int rc = HF_OK;
	if (f->kind == HF__VIEW_OTHER || (f->whole && !ours))
		return HF_OK;
	if (f->kind == HF__VIEW_SNAPSHOT)
		mention(v, f->whole || f->number <= NAMED_MAX ? f->number : 0);
	else
		rc = read_segment(v, f);
	return rc == HF_OK ? show(v, f) : rc;
}

int hf__view_open(struct hf__view *v, const struct hf__os *source, struct hf_error *error)
{
	hf__view_init(v, source, error);
	const struct hf__os *os = v->seam.under;
	const int listed = os->list(os->ctx, note_name, v);
	if (listed)
		return listed == ENOMEM ? hf__fail(v->error, HF_ENOMEM, 0, "no memory for the names")
		                        : hf__read_failed(v->error, "the source could not be read", listed);
	int rc = HF_OK;
	for (size_t i = 0; i < v->count && rc == HF_OK; i++)
		rc = look_at(v, &v->files[i]);
	if (rc == HF_OK)
		rc = know_store(v);
	for (size_t i = 0; i < v->count && rc == HF_OK; i++)
		rc = choose(v, &v->files[i]);
	return rc == HF_OK ? mention_witness(v) : rc;
}
