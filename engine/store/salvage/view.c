/* The source of a salvage: a seam that opens for reading, and shows each file under the name that
 * its header says. What reads a store through it needs not know that files were renamed, exchanged
 * or doubled.
 *
 * I-SALVAGE-1: nothing that this seam offers creates, changes or removes anything. */
#include "store/salvage/salvage.h"

#include <errno.h>

static const struct hf__view *view_of(void *ctx)
{
	return ctx; /* the seam is its first member */
}

static void shown_name(const struct hf__view_file *f, char out[HF__NAME_MAX])
{
	if (f->kind == HF__VIEW_SNAPSHOT)
		hf__snapshot_name(f->number, out);
	else
		hf__segment_name((uint32_t)f->number, out);
}

static const struct hf__view_file *find(const struct hf__view *v, const char *name)
{
	char shown[HF__NAME_MAX];
	for (size_t i = 0; i < v->count; i++) {
		if (!v->files[i].shown)
			continue;
		shown_name(&v->files[i], shown);
		if (strcmp(shown, name) == 0)
			return &v->files[i];
	}
	return NULL;
}

static bool is_part(const char *name)
{
	uint32_t number;
	uint64_t lsn;
	return hf__segment_name_parse(name, &number) || hf__snapshot_name_parse(name, &lsn);
}

static int view_open(void *ctx, const char *name, unsigned flags, int *out)
{
	const struct hf__view *v = view_of(ctx);
	const struct hf__os *under = v->seam.under;
	const struct hf__view_file *f = find(v, name);
	if (flags)
		return EROFS; /* I-SALVAGE-1 */
	if (!f && is_part(name))
		return ENOENT;
	return under->open(under->ctx, f ? f->name : name, 0, out);
}

static int view_close(void *ctx, int file)
{
	const struct hf__os *under = view_of(ctx)->seam.under;
	return under->close(under->ctx, file);
}

static int view_list(void *ctx, hf__os_name_fn each, void *arg)
{
	const struct hf__view *v = view_of(ctx);
	char shown[HF__NAME_MAX];
	int rc = 0;
	for (size_t i = 0; i < v->count && rc == 0; i++) {
		if (!v->files[i].shown)
			continue;
		shown_name(&v->files[i], shown);
		rc = each(arg, shown);
	}
	return rc;
}

const char *hf__view_real(const struct hf__view *v, const char *name)
{
	const struct hf__view_file *f = find(v, name);
	return f ? f->name : name;
}

int hf__view_read(struct hf__view *v, const struct hf__view_file *f, size_t len)
{
	const struct hf__os *os = v->seam.under;
	size_t got = 0;
	int file = -1;
	const size_t wanted = len && len < f->size ? len : (size_t)f->size;
	v->bytes.len = 0;
	if (!hf__writer_reserve(&v->bytes, wanted + 1))
		return hf__fail(v->error, HF_ENOMEM, 0, "no memory for a file of the source");
	int rc = os->open(os->ctx, f->name, 0, &file);
	if (rc == 0) {
		rc = os->read(os->ctx, file, v->bytes.data, wanted, 0, &got);
		const int closed = os->close(os->ctx, file);
		rc = rc ? rc : closed;
	}
	v->bytes.len = got;
	return rc ? hf__read_failed(v->error, "the source could not be read", rc) : HF_OK;
}

void hf__view_init(struct hf__view *v, const struct hf__os *source, struct hf_error *error)
{
	*v = (struct hf__view){.error = error};
	hf__pinned_init(&v->seam, source);
	v->seam.os.open = view_open;
	v->seam.os.close = view_close;
	v->seam.os.list = view_list;
}

void hf__view_close(struct hf__view *v)
{
	hf__pinned_deinit(&v->seam);
	hf__free(v->files);
	hf__arena_deinit(&v->names);
	hf__writer_deinit(&v->bytes);
}
