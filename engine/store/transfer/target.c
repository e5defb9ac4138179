/* The place of a store: see target.h. Failure modes: a directory that is not empty may hold
 * anything of others. Only what is a store's by its name is ever removed, and only when the
 * caller asked for it and the store's lock is held. */
#include "store/transfer/target.h"

#include <errno.h>

enum { LEFTOVERS_AT_ONCE = 16 };

/* --- What lies there -------------------------------------------------------------------------- */

static int any_name(void *arg, const char *name)
{
	(void)arg;
	(void)name;
	return -1;
}

static bool is_ours(const char *name)
{
	static const char *const names[] = {
	    HF__NAME_LOCK,    HF__NAME_IDENTITY,       HF__NAME_IDENTITY ".tmp",
	    HF__NAME_WITNESS, HF__NAME_WITNESS ".tmp", "sorting.tmp"};
	uint32_t number;
	uint64_t lsn;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	return hf__segment_name_parse(name, &number) || hf__segment_tmp_name(name) ||
	       hf__snapshot_name_parse(name, &lsn) || hf__snapshot_tmp_name(name);
}

static int find_foreign(void *arg, const char *name)
{
	if (is_ours(name))
		return 0;
	struct hf__text text = {arg, HF__PARENT_NAME_MAX, 0};
	hf__text_add_quoted(&text, hf_str(name));
	return -1;
}

static int read_identity(struct hf__target *t, struct hf_error *error)
{
	const struct hf__os *os = t->os;
	uint8_t bytes[HF__IDENTITY_SIZE + 1];
	size_t got = 0;
	int file = -1;
	int rc = os->open(os->ctx, HF__NAME_IDENTITY, 0, &file);
	if (rc == ENOENT)
		return hf__fail(error, HF_ECONFLICT, 0,
		                "the directory holds something else than a store: that never goes");
	if (rc == 0) {
		rc = os->read(os->ctx, file, bytes, sizeof bytes, 0, &got);
		const int closed = os->close(os->ctx, file);
		rc = rc ? rc : closed;
	}
	if (rc)
		return hf__read_failed(error, "the store that is to go could not be read", rc);
	rc = hf__identity_decode(bytes, got, &t->identity);
	if (rc == HF_EVERSION)
		return hf__fail(error, rc, 0, "the store that is to go was written by a newer format");
	return rc == HF_OK ? rc
	                   : hf__fail_at(error, HF_ECORRUPT, HF__NAME_IDENTITY, 0,
	                                 HF__NAME_IDENTITY " of the store that is to go is damaged, "
	                                                   "so that its epoch is not known");
}

static int take_lock(struct hf__target *t, int64_t wait_us, struct hf_error *error)
{
	const int rc = t->os->lock(t->os->ctx, HF__NAME_LOCK, wait_us);
	if (rc == EAGAIN || rc == EDEADLK || rc == ESTALE)
		return hf__fail(error, HF_ELOCKED, rc, "the store that is to go is open");
	return rc ? hf__os_failed(error, "the lock of the store that is to go could not be taken", rc)
	          : HF_OK;
}

static bool is_backup(const struct hf__target *t)
{
	return (t->identity.incompat & HF__FEATURE_BACKUP) != 0;
}

/* With its lock, so that nothing of it changes any more. */
static int look_at_store(struct hf__target *t, int64_t wait_us, struct hf_error *error)
{
	char name[HF__PARENT_NAME_MAX] = "";
	int rc = read_identity(t, error);
	if (rc == HF_OK && is_backup(t) != t->backup)
		rc = hf__fail(error, HF_ECONFLICT, 0, "the directory holds a %s: that never goes for a %s",
		              t->backup ? "store" : "backup", t->backup ? "backup" : "store");
	if (rc == HF_OK)
		rc = take_lock(t, wait_us, error);
	if (rc != HF_OK)
		return rc;
	const int listed = t->os->list(t->os->ctx, find_foreign, name);
	if (listed == -1)
		return hf__fail(error, HF_ECONFLICT, 0,
		                "the directory also holds %s, which is no part of a store: move it away",
		                name);
	return listed ? hf__read_failed(error, "the directory could not be read", listed)
	              : read_identity(t, error); /* it may have been another one until then */
}

int hf__target_look(struct hf__target *t, bool replace, int64_t wait_us, struct hf_error *error)
{
	const struct hf__parent *parent = t->parent;
	int rc = parent->enter(parent->ctx, t->name, &t->os);
	if (rc) {
		t->os = NULL;
		return rc == ENOENT ? HF_OK : hf__os_failed(error, "the directory could not be opened", rc);
	}
	rc = t->os->list(t->os->ctx, any_name, NULL);
	if (rc == 0)
		hf__target_leave(t);
	if (rc == 0)
		return HF_OK;
	if (rc != -1)
		return hf__read_failed(error, "the directory could not be read", rc);
	return replace ? look_at_store(t, wait_us, error)
	               : hf__fail(error, HF_ECONFLICT, 0, "the directory is not empty");
}

void hf__target_leave(struct hf__target *t)
{
	if (t->os)
		t->parent->leave(t->parent->ctx, t->os);
	t->os = NULL;
}

/* --- Removing --------------------------------------------------------------------------------- */

static int find_file(void *arg, const char *name)
{
	if (strcmp(name, HF__NAME_IDENTITY) == 0)
		return 0;
	memcpy(arg, name, strlen(name) + 1);
	return -1;
}

/* Crash: some of them are left, IDENTITY among them unless all others are gone. */
int hf__directory_empty(const struct hf__os *os)
{
	char name[HF__PARENT_NAME_MAX];
	int rc = os->list(os->ctx, find_file, name);
	while (rc == -1) {
		rc = os->unlink(os->ctx, name);
		if (rc == 0)
			rc = os->list(os->ctx, find_file, name);
	}
	if (rc)
		return rc;
	rc = os->unlink(os->ctx, HF__NAME_IDENTITY);
	return rc == ENOENT ? 0 : rc;
}

static bool has_identity(const struct hf__os *os)
{
	int file = -1;
	const int rc = os->open(os->ctx, HF__NAME_IDENTITY, 0, &file);
	if (rc == 0)
		(void)os->close(os->ctx, file);
	return rc != ENOENT; /* what cannot be known may be one */
}

static void clear_directory(const struct hf__parent *parent, const char *name, bool whole)
{
	struct hf__os *os;
	if (parent->enter(parent->ctx, name, &os) != 0)
		return;
	/* who builds in it holds its lock */
	const bool idle = os->lock(os->ctx, HF__NAME_LOCK, 0) == 0;
	const bool goes = idle && (whole || !has_identity(os)) && hf__directory_empty(os) == 0;
	parent->leave(parent->ctx, os);
	if (goes)
		(void)parent->remove(parent->ctx, name); /* it is in no file's way */
}

struct leftovers {
	const char *prefix;
	char names[LEFTOVERS_AT_ONCE][HF__PARENT_NAME_MAX];
	size_t count;
};

static int note_leftover(void *arg, const char *name)
{
	struct leftovers *l = arg;
	if (hf__beside_is(l->prefix, name) && l->count < LEFTOVERS_AT_ONCE)
		memcpy(l->names[l->count++], name, strlen(name) + 1);
	return 0;
}

void hf__leftovers_clear(const struct hf__parent *parent, const char *prefix, bool whole)
{
	struct leftovers l = {.prefix = prefix};
	if (parent->os->list(parent->os->ctx, note_leftover, &l) != 0)
		return;
	for (size_t i = 0; i < l.count; i++)
		clear_directory(parent, l.names[i], whole);
}
