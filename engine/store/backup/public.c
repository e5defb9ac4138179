/* The public calls, over the real disk. */
#include <errno.h>

#include "store/backup/backup.h"

/* --- Places ----------------------------------------------------------------------------------- */

struct places {
	struct hf__os from; /* what is read */
	struct hf__parent parent; /* where the new one is to stand */
	char name[HF__PARENT_NAME_MAX];
};

static int open_from(const char *path, struct hf__os *os, struct hf_error *error)
{
	const int rc = hf__os_posix_new(path, false, os);
	if (rc == ENOENT)
		return hf__fail(error, HF_ENOTFOUND, rc, "there is no such directory");
	return rc ? hf__os_failed(error, "the directory could not be opened", rc) : HF_OK;
}

static int open_parent(const char *path, struct places *p, struct hf_error *error)
{
	const int rc = hf__parent_posix_new(path, &p->parent, p->name);
	if (rc == EINVAL)
		return hf__fail(error, HF_EACCESS, rc, "the path does not end with a name");
	if (rc == ENOENT)
		return hf__fail(error, HF_EACCESS, rc, "the directory above it does not exist");
	return rc ? hf__os_failed(error, "the directory above it could not be opened", rc) : HF_OK;
}

static int open_places(struct places *p, const char *from, const char *to, struct hf_error *error)
{
	if (!from || !from[0] || !to || !to[0])
		return hf__fail(error, HF_EINVAL, 0, "two paths are needed");
	int rc = hf__path_given(from, error);
	if (rc == HF_OK)
		rc = hf__path_given(to, error);
	if (rc == HF_OK)
		rc = open_from(from, &p->from, error);
	if (rc == HF_OK) {
		rc = open_parent(to, p, error);
		if (rc != HF_OK)
			hf__os_posix_free(&p->from);
	}
	return rc;
}

static void close_places(struct places *p)
{
	hf__parent_posix_free(&p->parent);
	hf__os_posix_free(&p->from);
}

/* --- Calls ------------------------------------------------------------------------------------ */

int hf_backup(const char *path, const char *dest, const struct hf_backup_options *options,
              struct hf_backup_facts *out, struct hf_error *error)
{
	HF__CALL;
	HF__TAKE(backup_options, options);
	struct hf_backup_facts facts = {0};
	struct places p = {0};
	int rc = hf__took(&hf__api_backup_options, options, error);
	if (rc == HF_OK)
		rc = hf__can_give(&hf__api_backup_facts, out, error);
	if (rc == HF_OK)
		rc = open_places(&p, path, dest, error);
	if (rc != HF_OK)
		return rc;
	struct hf__meter meter = {.fn = options->progress, .ctx = options->ctx};
	const struct hf__backup how = {
	    .source = &p.from,
	    .parent = &p.parent,
	    .name = p.name,
	    .domains = hf__all_domains(),
	    .link = options->link,
	    .meter = &meter,
	};
	rc = hf__backup(&how, &facts, error);
	if (rc == HF_OK) {
		hf__meter_end(&meter);
		hf__give(&hf__api_backup_facts, out, &facts);
	}
	close_places(&p);
	return rc;
}

int hf_restore(const char *backup, const char *directory, const struct hf_restore_options *options,
               struct hf_snapshot_file *out, struct hf_error *error)
{
	HF__CALL;
	HF__TAKE(restore_options, options);
	struct hf_snapshot_file made = {0};
	struct places p = {0};
	int rc = hf__took(&hf__api_restore_options, options, error);
	if (rc == HF_OK)
		rc = hf__can_give(&hf__api_snapshot_file, out, error);
	if (rc == HF_OK && options->wait_us < -1)
		rc = hf__fail(error, HF_EINVAL, 0, "wait_us is out of range");
	if (rc == HF_OK)
		rc = open_places(&p, backup, directory, error);
	if (rc != HF_OK)
		return rc;
	struct hf__meter meter = {.fn = options->progress, .ctx = options->ctx};
	const struct hf__restore how = {
	    .backup = &p.from,
	    .parent = &p.parent,
	    .name = p.name,
	    .domains = hf__all_domains(),
	    .options = options,
	    .meter = &meter,
	};
	rc = hf__restore(&how, &made, error);
	if (rc == HF_OK) {
		hf__meter_end(&meter);
		hf__give(&hf__api_snapshot_file, out, &made);
	}
	close_places(&p);
	return rc;
}
