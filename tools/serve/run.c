/* Commands that are calls of the library: see parts.h.
 *
 * None of them waits for a disk. A mutation answers with a ticket. A read is made in a transaction
 * of its own, which is committed with a ticket: what it saw is answered when that is as durable as
 * was asked of it. Should something have changed in between, which only a thread of the store can
 * have done, it reads again.
 *
 * A list is read in pieces, so that no more than a piece lies in memory beside its answer. Its page
 * ends early where it is as long as an answer may be, and after so many pieces, each of which may
 * have passed over thousands of objects that were not asked for. */
#include "serve/parts.h"

#include <stdio.h>
#include <stdlib.h>

enum {
	TRIES = 16,
	TOKEN_SIZE = 8192,
	PIECE_FIRST = 4,
	PIECE_MOST = 1024,
	PIECE_BYTES = 4 << 20,
	PIECES_MAX = 64
};

void run_refuse(struct conn *conn, const struct hf_error *error)
{
	reply_refuse(&conn->reply, hf_code_name(error->code), "%s", error->text);
}

static int refuse(struct hf_error *error, int code, const char *name, const char *text)
{
	*error = (struct hf_error){.code = code};
	(void)snprintf(error->text, sizeof error->text, "%s %s", name, text);
	return code;
}

/* --- Mutations -------------------------------------------------------------------------------- */

int run_check_lease(const struct command *command, const struct decoded *decoded,
                    struct hf_error *error)
{
	if (!command->lease.member || row_number(&command->lease, &decoded->args) > 0)
		return HF_OK;
	return refuse(error, HF_EINVAL, command->name,
	              "needs a LEASE here: a connection is no incarnation, with which one without a "
	              "lease would end");
}

int run_mutation_in(hf_store *store, hf_txn *txn, const struct command *command,
                    const struct decoded *decoded, void *filled, struct hf_result *result,
                    struct hf_error *error)
{
	typedef int (*of_filling)(hf_store *, hf_txn *, const void *, void *, struct hf_result *,
	                          struct hf_error *);
	const struct hf_api_call *call = command->call;
	if (!call->fills)
		return rows_mutate(call, store, txn, &decoded->args, result, error);
	memset(filled, 0, call->fills->size);
	memcpy(filled, &call->fills->size, sizeof call->fills->size);
	return ((of_filling)call->function)(store, txn, &decoded->args, filled, result, error);
}

void run_release(const struct hf_api_struct *of, void *filled)
{
	for (const struct hf_api_member *member = of->members; member->name; member++) {
		struct hf_memory *memory;
		if (member->type != HF_API_MEMORY)
			continue;
		memcpy(&memory, (char *)filled + member->offset, sizeof memory);
		hf_release(memory);
		memset((char *)filled + member->offset, 0, sizeof memory);
	}
}

static void run_mutation(struct conn *conn, const struct command *command, struct decoded *decoded)
{
	struct hf_result result = {.size = sizeof result};
	union rows_given filled = {0}, object = {0};
	struct hf_ticket ticket = {0, 0};
	struct hf_error error = {0};
	const struct hf_api_struct *fills = command->call->fills, *of = command->call->object;
	const size_t begin = conn->reply.len;
	decoded->write->ticket = &ticket;
	if (decoded->returning) {
		memcpy(&object, &of->size, sizeof of->size);
		decoded->write->returning = &object;
	}
	const int rc =
	    run_mutation_in(conn->serve->store, NULL, command, decoded, &filled, &result, &error);
	if (rc == HF_OK) {
		/* gone: all of it is zero */
		const bool there = decoded->returning && row_is_set(&rows_all(of)->row[0], &object);
		reply_result(&conn->reply, command, &result, &filled, there ? &object : NULL,
		             decoded->returning);
	} else {
		run_refuse(conn, &error);
	}
	if (fills)
		run_release(fills, &filled);
	if (decoded->returning)
		run_release(of, &object);
	conn_answer(conn, begin, &ticket);
}

/* --- Reads ------------------------------------------------------------------------------------ */

static int call_read(const struct hf_api_call *call, hf_store *store, const void *args, void *out,
                     struct hf_error *error)
{
	typedef int (*of_nothing)(hf_store *, const void *, unsigned, struct hf_error *);
	if (call->fills) {
		memset(out, 0, call->fills->size);
		return rows_read(call, store, args, out, error);
	}
	if (call->gives)
		return rows_read(call, store, args, out, error);
	return ((of_nothing)call->function)(store, args, 0, error);
}

/* A list as far as it was read. */
struct listing {
	struct reply items, beside;
	size_t count, pieces;
	char next[TOKEN_SIZE];
	bool more;
};

static int read_piece(hf_store *store, const struct command *command, struct decoded *decoded,
                      struct listing *listing, union rows_given *page, struct hf_error *error)
{
	struct rows_page found;
	const int rc = call_read(command->call, store, &decoded->args, page, error);
	if (rc != HF_OK)
		return rc;
	rows_page(command->call->fills, page, &found);
	reply_elements(&listing->items, found.of, found.items, found.count);
	if (found.beside)
		reply_elements(&listing->beside, found.beside_of, found.beside, found.count);
	listing->count += found.count;
	listing->more = found.next != NULL;
	if (found.next && strlen(found.next) >= sizeof listing->next)
		return refuse(error, HF_ETOOBIG, command->name, "has too long a token of its next page");
	(void)snprintf(listing->next, sizeof listing->next, "%s", found.next ? found.next : "");
	return HF_OK;
}

/* Piece after piece; each as long as the one before lets expect that it fits. */
static int read_list(hf_store *store, const struct command *command, struct decoded *decoded,
                     struct listing *listing, union rows_given *page, struct hf_error *error)
{
	const int64_t asked = row_number(&command->limit, &decoded->args);
	const size_t wanted = asked > 0 && asked < LIST_DEFAULT ? (size_t)asked : LIST_DEFAULT;
	size_t piece = PIECE_FIRST;
	for (;;) {
		const size_t left = wanted - listing->count, before = listing->items.len;
		row_store(&command->limit, &decoded->args, (int64_t)(piece < left ? piece : left));
		const int rc = read_piece(store, command, decoded, listing, page, error);
		if (rc != HF_OK)
			return rc;
		if (listing->items.failed || listing->beside.failed)
			return refuse(error, HF_ENOMEM, command->name,
			              "gives more than there is memory for: a smaller LIMIT, WITHOUT_PAYLOAD");
		if (!listing->more || listing->count >= wanted || listing->items.len >= PAGE_BYTES_MAX ||
		    ++listing->pieces == PIECES_MAX)
			return HF_OK;
		run_release(command->call->fills, page);
		const size_t each = (listing->items.len - before) / (piece ? piece : 1) + 1;
		piece = PIECE_BYTES / each < 1 ? 1 : PIECE_BYTES / each;
		piece = piece > PIECE_MOST ? PIECE_MOST : piece;
		const char *next = listing->next;
		memcpy(decoded->args.bytes + command->page.offset, &next, sizeof next);
		if (command->after.member)
			memset(decoded->args.bytes + command->after.offset, 0, command->after.member->size);
	}
}

static int run_list(struct serve *serve, hf_store *store, const struct command *command,
                    struct decoded *decoded, struct reply *reply, struct hf_error *error)
{
	union rows_given page = {0};
	struct listing *listing = arena_get(&serve->arena, 1, sizeof *listing);
	const union rows_given args = decoded->args; /* it may be read again */
	if (!listing)
		return refuse(error, HF_ENOMEM, command->name, "has no memory");
	listing->items = listing->beside =
	    (struct reply){.room = reply->room, .protocol = reply->protocol};
	const int rc = read_list(store, command, decoded, listing, &page, error);
	if (rc == HF_OK)
		reply_page(reply, command->call->fills, &page, &listing->items, listing->count,
		           &listing->beside, listing->more ? listing->next : NULL);
	run_release(command->call->fills, &page);
	reply_free(&listing->items);
	reply_free(&listing->beside);
	decoded->args = args;
	return rc;
}

static int read_from(struct serve *serve, hf_store *store, const struct command *command,
                     struct decoded *decoded, struct reply *reply, struct hf_error *error)
{
	const struct hf_api_call *call = command->call;
	union rows_given out = {0};
	if (command->limit.member && command->page.member)
		return run_list(serve, store, command, decoded, reply, error);
	const int rc = call_read(call, store, &decoded->args, &out, error);
	if (rc == HF_OK && call->fills)
		reply_struct(reply, call->fills, &out);
	else if (rc == HF_OK)
		reply_plain(reply, call->gives, &out);
	if (call->fills)
		run_release(call->fills, &out);
	return rc;
}

int run_read_in(struct serve *serve, hf_txn *txn, const struct command *command,
                struct decoded *decoded, struct reply *reply, struct hf_error *error)
{
	return read_from(serve, hf_txn_reads(txn), command, decoded, reply, error);
}

/* Did it look at anything, so that its refusal rests on that? */
static bool looked(int rc)
{
	return rc == HF_OK || rc == HF_ENOTFOUND || rc == HF_ESTALE || rc == HF_ECLAIMED ||
	       rc == HF_EHELD || rc == HF_ECONFLICT || rc == HF_EGONE;
}

static void run_read(struct conn *conn, const struct command *command, struct decoded *decoded)
{
	const size_t begin = conn->reply.len;
	struct hf_ticket ticket = {0, 0};
	struct hf_error error = {0}, ends = {0};
	int rc = HF_ECONFLICT;
	for (unsigned tries = 0; tries < TRIES && rc == HF_ECONFLICT; tries++) {
		hf_txn *txn;
		ticket = (struct hf_ticket){0, 0};
		reply_cut(&conn->reply, begin);
		rc = hf_txn_begin(conn->serve->store, &txn, &error);
		if (rc != HF_OK)
			break;
		const int read = run_read_in(conn->serve, txn, command, decoded, &conn->reply, &error);
		if (looked(read)) {
			rc = hf_txn_commit_async(txn, HF_DURABLE, &ticket, &ends);
			error = rc == HF_OK ? error : ends;
			rc = rc == HF_OK ? read : rc;
		} else {
			hf_txn_abandon(txn);
			rc = read;
		}
	}
	if (rc == HF_EFAILED || rc == HF_ECONFLICT) {
		/* A store that failed gives what was durable; it commits nothing, and waits for nothing.
		 * Nor is it worth another try where threads of the store were faster each time. */
		ticket = (struct hf_ticket){0, 0};
		reply_cut(&conn->reply, begin);
		rc = read_from(conn->serve, conn->serve->store, command, decoded, &conn->reply, &error);
	}
	if (rc != HF_OK) {
		reply_cut(&conn->reply, begin);
		run_refuse(conn, &error);
	}
	conn_answer(conn, begin, &ticket);
}

/* --- Any command ------------------------------------------------------------------------------ */

static void run_call(struct conn *conn, const struct command *command, const struct hf_bytes *words,
                     size_t count)
{
	const size_t begin = conn->reply.len;
	struct decoded decoded;
	struct hf_error error = {0};
	int rc = command_decode(conn->serve->commands, command, words, count, NULL, 0,
	                        &conn->serve->arena, &decoded, &error);
	if (rc == HF_OK)
		rc = run_check_lease(command, &decoded, &error);
	const bool waits =
	    rc == HF_OK && command->wait.member && row_number(&command->wait, &decoded.args) != 0;
	if (waits && !command->start)
		rc = refuse(&error, HF_EINVAL, command->name,
		            "cannot WAIT here: call it without, and look again");
	if (rc != HF_OK) {
		run_refuse(conn, &error);
		conn_answer(conn, begin, NULL);
	} else if (waits) {
		wait_start(conn, command, &decoded);
	} else if (decoded.write) {
		run_mutation(conn, command, &decoded);
	} else {
		run_read(conn, command, &decoded);
	}
}

void run_command(struct conn *conn, const struct hf_bytes *words, size_t count)
{
	const size_t begin = conn->reply.len;
	if (!conn->known && !session_is(words[0], "HELLO") && !session_is(words[0], "AUTH") &&
	    !session_is(words[0], "QUIT") && !session_is(words[0], "RESET")) {
		reply_refuse(&conn->reply, "NOAUTH", "Authentication required.");
		conn_answer(conn, begin, NULL);
		return;
	}
	if (channel_run(conn, words, count) || multi_run(conn, words, count) ||
	    session_run(conn, words, count))
		return;
	if (session_is(words[0], "FEED.READ")) {
		wait_feed(conn, words, count);
		return;
	}
	const struct command *command = commands_find(conn->serve->commands, words[0]);
	if (command) {
		run_call(conn, command, words + 1, count - 1);
		return;
	}
	char shown[64];
	(void)snprintf(shown, sizeof shown, "%.*s",
	               words[0].len < sizeof shown ? (int)words[0].len : (int)sizeof shown - 1,
	               (const char *)words[0].data);
	for (char *at = shown; *at; at++)
		*at = *at >= ' ' && *at < 0x7f ? *at : '?';
	reply_refuse(&conn->reply, "ERR", "unknown command '%s'; HELP lists all", shown);
	conn_answer(conn, begin, NULL);
}
