/* See beside.h. Failure modes: whatever fails before the rename leaves the target as it was; what
 * cannot be removed has a name that the next try knows. */
#include "store/transfer/beside.h"

#include <errno.h>

void hf__beside_init(struct hf__beside *b, const struct hf__parent *parent, const char *name,
                     const char *word, const char *failed)
{
	*b = (struct hf__beside){.parent = parent, .failed = failed};
	hf__beside_prefix(name, word, b->prefix);
}

static int failed(const struct hf__beside *b, const char *what, int rc, struct hf_error *error)
{
	char words[160] = "";
	struct hf__text text = {words, sizeof words, 0};
	hf__text_add(&text, "%s%s", b->failed, what);
	const int code = hf__os_failed(error, words, rc);
	if (code != HF_ENOTFOUND)
		return code;
	if (error)
		error->code = HF_EACCESS; /* an odd place: what was looked for is there */
	return HF_EACCESS;
}

/* Crash: a directory that the next try removes. */
int hf__beside_make(struct hf__beside *b, const char *like, struct hf_error *error)
{
	const struct hf__parent *parent = b->parent;
	int rc = hf__beside_name(parent->os, b->prefix, b->name);
	if (rc == 0)
		rc = parent->make(parent->ctx, b->name, like);
	b->made = rc == 0;
	if (rc == 0)
		rc = parent->enter(parent->ctx, b->name, &b->os);
	if (rc) {
		b->os = NULL;
		return failed(b, ": no directory could be made beside the target", rc, error);
	}
	rc = b->os->lock(b->os->ctx, HF__NAME_LOCK, 0);
	return rc ? failed(b, ": what is being built could not be locked", rc, error) : HF_OK;
}

/* An error that the kernel gives before it has done anything; after others it is not known. */
static int refused(const struct hf__beside *b, int rc, struct hf_error *error)
{
	switch (rc) {
	case EOPNOTSUPP:
		return hf__fail(error, HF_ECONFLICT, rc,
		                "%s: this file system cannot exchange two directories in one step",
		                b->failed);
	case ENOTEMPTY:
	case EEXIST:
		return hf__fail(error, HF_ECONFLICT, rc,
		                "%s: something came to lie in the directory meanwhile", b->failed);
	case EBUSY:
		return hf__fail(error, HF_EACCESS, rc,
		                "%s: the directory is in use by the system, such as a mount point",
		                b->failed);
	case ENOTDIR:
	case ENOENT:
	case EACCES:
	case EPERM:
	case EROFS:
	case EXDEV:
	case ENOSPC:
	case EDQUOT:
		return failed(b, ": what is new could not get its name", rc, error);
	default:
		return hf__fail(error, HF_EUNCERTAIN, rc,
		                "what is new may have got its name or not (error %d)", rc);
	}
}

/* Crash: the name stands for what it stood for, or for all of what is new. */
int hf__beside_publish(struct hf__beside *b, const struct hf__target *target,
                       struct hf_error *error)
{
	const struct hf__parent *parent = b->parent;
	int rc = target->os ? parent->exchange(parent->ctx, b->name, target->name)
	                    : parent->move(parent->ctx, b->name, target->name);
	if (rc)
		return refused(b, rc, error);
	rc = parent->os->sync_dir(parent->os->ctx);
	return rc ? hf__fail(error, HF_EUNCERTAIN, rc,
	                     "what is new is there, but the directory above it could not be synced "
	                     "(error %d)",
	                     rc)
	          : HF_OK;
}

void hf__beside_remove_old(struct hf__beside *b, struct hf__target *target)
{
	const struct hf__parent *parent = b->parent;
	const bool empty = hf__directory_empty(target->os) == 0;
	hf__target_leave(target);
	if (empty)
		(void)parent->remove(parent->ctx, b->name); /* else the next try does */
}

void hf__beside_abandon(struct hf__beside *b)
{
	const struct hf__parent *parent = b->parent;
	if (b->os)
		(void)hf__directory_empty(b->os);
	hf__beside_leave(b);
	if (b->made)
		(void)parent->remove(parent->ctx, b->name); /* else the next try does */
}

void hf__beside_leave(struct hf__beside *b)
{
	if (b->os)
		b->parent->leave(b->parent->ctx, b->os);
	b->os = NULL;
}
