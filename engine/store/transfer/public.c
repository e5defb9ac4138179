/* The public calls, over the real disk. */
#include <errno.h>

#include "os/stream.h"
#include "store/transfer/build.h"
#include "store/transfer/state.h"

/* --- Export ----------------------------------------------------------------------------------- */

/* The directory of `path` and the name in it. */
static int open_parent(const char *path, struct hf__parent *parent, char name[HF__PARENT_NAME_MAX],
                       struct hf_error *error)
{
	int rc = hf__path_given(path, error);
	if (rc != HF_OK)
		return rc;
	rc = hf__parent_posix_new(path, parent, name);
	if (rc == 0)
		return HF_OK;
	if (rc == EINVAL)
		return hf__fail(error, HF_EACCESS, rc, "the path does not end with a name");
	if (rc == ENOENT)
		return hf__fail(error, HF_EACCESS, rc, "the directory above it does not exist");
	return hf__os_failed(error, "the directory above it could not be opened", rc);
}

static int begin(hf_store *store, const struct hf_export_options *options,
                 const struct hf_snapshot_file *out, struct hf_error *error)
{
	int rc = hf__took(&hf__api_export_options, options, error);
	if (rc == HF_OK)
		rc = hf__can_give(&hf__api_snapshot_file, out, error);
	if (rc == HF_OK)
		rc = hf__check_fork(store, error);
	return rc == HF_OK ? hf__call_begin(store, error) : rc; /* closing waits for it */
}

int hf_export(hf_store *store, const char *path, const struct hf_export_options *options,
              struct hf_snapshot_file *out, struct hf_error *error)
{
	HF__CALL;
	HF__TAKE(export_options, options);
	struct hf__parent parent;
	char name[HF__PARENT_NAME_MAX];
	int rc = begin(store, options, out, error);
	if (rc != HF_OK)
		return rc;
	rc = open_parent(path, &parent, name, error);
	if (rc == HF_OK) {
		rc = hf__export(store, &parent, name, options, out, error);
		hf__parent_posix_free(&parent);
	}
	hf__call_end(store);
	return rc;
}

struct stream {
	int fd;
	struct hf__meter meter;
};

static int stream_write(void *ctx, const void *data, size_t len)
{
	struct stream *stream = ctx;
	const int rc = hf__stream_write(stream->fd, data, len);
	hf__meter_add(&stream->meter, len);
	return rc;
}

int hf_export_fd(hf_store *store, int fd, const struct hf_export_options *options,
                 struct hf_snapshot_file *out, struct hf_error *error)
{
	HF__CALL;
	HF__TAKE(export_options, options);
	struct hf_snapshot_file facts = {0};
	int rc = begin(store, options, out, error);
	if (rc != HF_OK)
		return rc;
	struct stream stream = {.fd = fd, .meter = {.fn = options->progress, .ctx = options->ctx}};
	const struct hf__snapshot_sink sink = {.write = stream_write, .ctx = &stream};
	rc = hf__export_to(store, sink, &facts, error);
	const int synced = rc == HF_OK ? hf__stream_sync(fd) : 0;
	if (synced)
		rc = hf__os_failed(error, "the file that was exported to could not be synced", synced);
	if (rc == HF_OK) {
		hf__meter_end(&stream.meter);
		hf__give(&hf__api_snapshot_file, out, &facts);
	}
	hf__call_end(store);
	return rc;
}

/* --- A file to read --------------------------------------------------------------------------- */

struct readable {
	int fd;
	uint64_t begin;
};

static int readable_read(void *ctx, void *buffer, size_t len, uint64_t at, size_t *got)
{
	const struct readable *file = ctx;
	*got = 0;
	return at > UINT64_MAX - file->begin
	           ? EINVAL
	           : hf__stream_read_at(file->fd, buffer, len, file->begin + at, got);
}

static int open_readable(const char *path, int *fd, struct hf_error *error)
{
	int rc = hf__path_given(path, error);
	if (rc != HF_OK)
		return rc;
	rc = hf__stream_open(path, fd);
	if (rc == ENOENT)
		return hf__fail(error, HF_EACCESS, rc, "there is no such file");
	return rc ? hf__os_failed(error, "the file could not be opened", rc) : HF_OK;
}

/* --- Check ------------------------------------------------------------------------------------ */

static int forget(void *ctx, const void *data, size_t len)
{
	(void)ctx;
	(void)data;
	(void)len;
	return 0;
}

static int draw_key(const struct hf__os *os, struct hf__identity *identity, struct hf_error *error)
{
	const int rc = os->random(os->ctx, identity->content_key, sizeof identity->content_key);
	return rc ? hf__os_failed(error, "the machine gives no randomness", rc) : HF_OK;
}

static int verify(struct hf__loaded *l, struct hf__snapshot_source source, const struct hf__os *os,
                  const struct hf_verify_options *options, struct hf__meter *meter,
                  struct hf_error *error)
{
	struct hf__identity identity = {0};
	int rc = hf__loaded_verify(l, source, options->max_bytes, meter, error);
	if (rc == HF_OK)
		rc = draw_key(os, &identity, error);
	if (rc == HF_OK)
		rc = hf__loaded_make(l, os, hf__all_domains(), &identity);
	return rc == HF_OK ? hf__loaded_write(l, &l->reader.header, NULL,
	                                      (struct hf__snapshot_sink){.write = forget})
	                   : rc;
}

/* The machine alone is asked of the directory: for randomness. */
static int verify_fd(int fd, const struct hf_verify_options *options, struct hf_snapshot_file *out,
                     struct hf_error *error)
{
	struct readable file = {.fd = fd};
	struct hf__snapshot_source source = {.read = readable_read, .ctx = &file};
	struct hf__meter meter = {.fn = options->progress, .ctx = options->ctx};
	struct hf__loaded l = {0};
	struct hf__os os;
	if (!hf__stream_seekable(fd, &file.begin, &source.size))
		return hf__fail(error, HF_EACCESS, 0, "it is no file that can be read at any place");
	int rc = hf__os_posix_new("/", false, &os);
	if (rc)
		return hf__os_failed(error, "the machine does not answer", rc);
	meter.total = 3 * source.size;
	rc = verify(&l, source, &os, options, &meter, error);
	if (rc == HF_OK || rc == HF_EVERSION) {
		const struct hf_snapshot_file facts =
		    hf__facts_of(&l.reader.header, l.reader.entry_count, source.size);
		hf__give(&hf__api_snapshot_file, out, &facts);
	}
	if (rc == HF_OK)
		hf__meter_end(&meter);
	hf__loaded_free(&l);
	hf__os_posix_free(&os);
	return rc;
}

int hf_verify_snapshot(const char *path, const struct hf_verify_options *options,
                       struct hf_snapshot_file *out, struct hf_error *error)
{
	HF__CALL;
	HF__TAKE(verify_options, options);
	int fd = -1;
	int rc = hf__took(&hf__api_verify_options, options, error);
	if (rc == HF_OK)
		rc = hf__can_give(&hf__api_snapshot_file, out, error);
	if (rc == HF_OK)
		rc = open_readable(path, &fd, error);
	if (rc != HF_OK)
		return rc;
	rc = verify_fd(fd, options, out, error);
	hf__stream_close(fd);
	return rc;
}

/* --- Import ----------------------------------------------------------------------------------- */

#define SIZE_MOST (UINT64_C(64) << 30)
#define PASSES 4u /* over the file: verified, loaded, written, read back */

struct importing {
	struct hf__parent parent;
	char name[HF__PARENT_NAME_MAX];
	struct readable file;
	struct hf__file_source spooled; /* file -1: nothing was */
	struct hf__meter meter;
};

static int stream_read(void *ctx, void *buffer, size_t len, size_t *got)
{
	const struct readable *file = ctx;
	return hf__stream_read(file->fd, buffer, len, got);
}

static int find_source(struct importing *i, uint64_t most, struct hf__snapshot_source *source,
                       struct hf_error *error)
{
	uint64_t size = 0;
	*source = (struct hf__snapshot_source){.read = readable_read, .ctx = &i->file};
	if (hf__stream_seekable(i->file.fd, &i->file.begin, &source->size))
		return HF_OK;
	i->spooled.os = i->parent.os;
	const int rc = hf__spool(&i->parent, i->name, stream_read, &i->file, most ? most : SIZE_MOST,
	                         &i->spooled.file, &size, error);
	*source = hf__file_source_of(&i->spooled, size);
	return rc;
}

static int import(struct importing *i, const struct hf_import_options *options,
                  struct hf_snapshot_file *out, struct hf_error *error)
{
	struct hf_snapshot_file made = {0};
	struct hf__build how = {
	    .parent = &i->parent,
	    .name = i->name,
	    .domains = hf__all_domains(),
	    .replace = options->replace,
	    .allow_unsafe_fs = options->allow_unsafe_fs,
	    .epoch_above = options->epoch_above,
	    .segment_size = options->segment_size,
	    .pad = options->pad,
	    .wait_us = options->wait_us,
	    .max_bytes = options->max_bytes,
	    .meter = &i->meter,
	};
	int rc = find_source(i, options->max_size, &how.source, error);
	i->meter.total = PASSES * how.source.size;
	if (rc == HF_OK)
		rc = hf__build_store(&how, &made, error);
	if (rc == HF_OK) {
		hf__meter_end(&i->meter);
		hf__give(&hf__api_snapshot_file, out, &made);
	}
	if (i->spooled.file >= 0)
		(void)i->parent.os->close(i->parent.os->ctx, i->spooled.file); /* it has no name */
	return rc;
}

static int import_fd(int fd, const char *directory, const struct hf_import_options *options,
                     struct hf_snapshot_file *out, struct hf_error *error)
{
	struct importing i = {
	    .file = {.fd = fd},
	    .spooled = {.file = -1},
	    .meter = {.fn = options->progress, .ctx = options->ctx},
	};
	int rc = open_parent(directory, &i.parent, i.name, error);
	if (rc != HF_OK)
		return rc;
	rc = import(&i, options, out, error);
	hf__parent_posix_free(&i.parent);
	return rc;
}

static int check_import(const struct hf_import_options *options, const struct hf_snapshot_file *out,
                        struct hf_error *error)
{
	int rc = hf__took(&hf__api_import_options, options, error);
	if (rc == HF_OK)
		rc = hf__can_give(&hf__api_snapshot_file, out, error);
	if (rc == HF_OK && options->wait_us < -1)
		rc = hf__fail(error, HF_EINVAL, 0, "wait_us is out of range");
	return rc;
}

int hf_import_fd(int fd, const char *directory, const struct hf_import_options *options,
                 struct hf_snapshot_file *out, struct hf_error *error)
{
	HF__CALL;
	HF__TAKE(import_options, options);
	const int rc = check_import(options, out, error);
	return rc == HF_OK ? import_fd(fd, directory, options, out, error) : rc;
}

int hf_import(const char *path, const char *directory, const struct hf_import_options *options,
              struct hf_snapshot_file *out, struct hf_error *error)
{
	HF__CALL;
	HF__TAKE(import_options, options);
	int fd = -1;
	int rc = check_import(options, out, error);
	if (rc == HF_OK)
		rc = open_readable(path, &fd, error);
	if (rc != HF_OK)
		return rc;
	rc = import_fd(fd, directory, options, out, error);
	hf__stream_close(fd);
	return rc;
}
