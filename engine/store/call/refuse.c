/* See refuse.h. */
#include "store/call/refuse.h"

#include <errno.h>

#include "store/internal.h"

int hf__fail_fork(struct hf_error *error)
{
	return hf__fail(error, HF_EFORK, 0,
	                "this store was opened by the parent process: open it again here");
}

int hf__check_fork(const struct hf_store *s, struct hf_error *error)
{
	if (s->lent.reads_of)
		return hf__fail(error, HF_EREADONLY, 0,
		                "this handle is a transaction's, for its reads and operations alone: use "
		                "the store's");
	return s->os->forked(s->os->ctx) ? hf__fail_fork(error) : HF_OK;
}

int hf__check_writable(const struct hf_store *s, struct hf_error *error)
{
	const int rc = hf__check_fork(s, error);
	if (rc != HF_OK || s->sink)
		return rc;
	return hf__fail(error, HF_EREADONLY, 0,
	                "this handle was opened for reading only: open the store with hf_open");
}

/* The first line of the lock file; empty when it says nothing. */
static struct hf_bytes holder(struct hf_store *s, char *line, size_t cap)
{
	const struct hf__os *os = s->os;
	size_t got = 0;
	int file = -1;
	if (os->open(os->ctx, HF__NAME_LOCK, 0, &file) != 0)
		return hf_bytes_of(line, 0);
	if (os->read(os->ctx, file, line, cap, 0, &got) != 0)
		got = 0;
	(void)os->close(os->ctx, file); /* nothing was written through it */
	const char *end = memchr(line, '\n', got);
	return hf_bytes_of(line, end ? (size_t)(end - line) : got);
}

int hf__fail_held(struct hf_store *s, struct hf_error *error)
{
	char line[96], who[320] = "";
	struct hf__text text = {who, sizeof who, 0};
	const struct hf_bytes told = holder(s, line, sizeof line);
	if (told.len > 0) {
		hf__text_add(&text, ": ");
		hf__text_add_quoted(&text, told);
	}
	return hf__fail(error, HF_ELOCKED, EAGAIN, "another opener writes this store%s", who);
}

int hf__fail_fault(const struct hf_store *s, struct hf_error *error)
{
	if (s->fault_errno == ESTALE)
		return hf__fail(error, HF_EFAILED, ESTALE,
		                "the store failed: its directory or a file in it was replaced, removed, "
		                "cut or closed beneath it; "
		                "look what lies there, then reopen");
	return hf__fail(error, HF_EFAILED, s->fault_errno,
	                "the store failed earlier: close and reopen it");
}
