/* Every object is looked up before it is put into the transaction, which makes the difference
 * between "added", "the same" and "in conflict". No other process writes to the store meanwhile:
 * this process holds its lock. */
#include "files/load_parts.h"

#include "print/buffer.h"
#include "print/text.h"

#include <stdarg.h>
#include <stdio.h>

/* bytes of one transaction of many; with the largest object still below what one can hold */
#define BATCH_MAX (24u << 20)
#define OVERHEAD 512u /* more than any object needs beside its bytes */

/* --- Sentences -------------------------------------------------------------------------------- */

static void where(const struct load *load, char out[256])
{
	if (load->piece)
		(void)snprintf(out, 256, "%s: %s %llu (byte %llu)", load->input->name, load->noun,
		               (unsigned long long)load->piece->number,
		               (unsigned long long)load->piece->at);
	else
		(void)snprintf(out, 256, "%s", load->input->name);
}

int load_fail(struct load *load, int code, const char *format, ...)
{
	char place[256], what[512];
	va_list args;
	where(load, place);
	va_start(args, format);
	(void)vsnprintf(what, sizeof what, format, args);
	va_end(args);
	return cli_fail_with(load->cli, code, "%s: %s", place, what);
}

int load_refused(struct load *load, const struct hf_error *error)
{
	return load_fail(load, error->code, "%s", error->text);
}

/* The object is there with other content. */
int load_conflict(struct load *load, const char *what, struct hf_bytes name)
{
	struct buffer shown = {0};
	(void)buffer_shown(&shown, name.data, name.len, 60);
	const int rc =
	    load_fail(load, HF_ECONFLICT,
	              "%s \"%s\" is in the store with other content; --replace takes the file's", what,
	              shown.data ? shown.data : "");
	buffer_free(&shown);
	return rc;
}

bool load_is_over(const struct load *load, hf_time until)
{
	return until != HF_UNSET && until <= cli_clock(load->cli);
}

/* --- Transactions ----------------------------------------------------------------------------- */

void load_abandon(struct load *load)
{
	hf_txn_abandon(load->txn);
	load->txn = NULL;
	load->pending = 0;
}

static int finish(struct load *load)
{
	struct hf_error error = {0};
	hf_txn *txn = load->txn;
	if (load->pass != LOAD_WRITE || !txn) {
		load_abandon(load);
		return CLI_OK;
	}
	load->txn = NULL;
	load->pending = 0;
	load->batches++;
	if (hf_txn_commit(txn, cli_write(load->cli).durability, &error) == HF_OK)
		return CLI_OK;
	load->batches--;
	load->piece = NULL;
	return load_refused(load, &error);
}

/* Makes sure of a transaction with room for an object of `bytes`. */
int load_make_room(struct load *load, size_t bytes)
{
	struct hf_error error = {0};
	int rc = CLI_OK;
	bytes += OVERHEAD;
	if (load->pass == LOAD_CHECK) {
		load->total += bytes;
		return CLI_OK;
	}
	if (load->batched && load->pending + bytes > BATCH_MAX)
		rc = finish(load);
	load->pending += bytes;
	if (rc == CLI_OK && !load->txn && hf_txn_begin(load->cli->store, &load->txn, &error) != HF_OK)
		rc = load_refused(load, &error);
	return rc;
}

int load_begin(struct load *load, enum load_pass pass)
{
	load->pass = pass;
	load->piece = NULL;
	load->added = load->replaced = load->same = 0;
	if (pass == LOAD_CHECK)
		load->total = 0;
	return CLI_OK;
}

int load_end(struct load *load)
{
	load->piece = NULL;
	return finish(load);
}

/* What the library said to an operation. */
int load_added(struct load *load, int rc, const struct hf_error *error, uint64_t *count)
{
	if (rc != HF_OK)
		return load_refused(load, error);
	++*count;
	return CLI_OK;
}
