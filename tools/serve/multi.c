/* Transactions of a connection: see parts.h.
 *
 * MULTI begins one, and each call behind it is an operation of it or a read in it, at once: what is
 * wrong with its form is said at once, and EXEC then does nothing. EXEC commits. What a read in it
 * saw, and what WATCH looked at before, has to be so still: else EXEC answers null and did
 * nothing, as where another connection changed a watched key. Any other refusal names the command
 * by its index.
 *
 * WATCH takes words like a call: a read, whose answer is not given, or a guard. With a domain in
 * place of a call it is its get. */
#include "serve/parts.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* A command between MULTI and EXEC. */
struct slot {
	const struct command *command; /* NULL: `words` hold its answer already */
	bool returning;
	struct hf_result result;
	union rows_given filled, object;
	struct reply words;
};

struct multi {
	hf_txn *txn;
	bool open; /* MULTI was given; else WATCH alone */
	bool spoilt; /* one of its commands was refused */
	char why[HF_ERROR_TEXT + 64];
	enum hf_durability durability;
	uint32_t watched; /* by WATCH, whose guards are the first operations */
	uint32_t operations;
	struct hf_result guarded;
	struct slot **slots;
	uint32_t *operation_of; /* of each; UINT32_MAX: it is none */
	size_t count, cap;
	size_t taken; /* bytes of room for what the library keeps */
};

bool multi_is_open(const struct conn *conn)
{
	return conn->multi && conn->multi->open;
}

static void slot_free(struct room *room, struct slot *slot)
{
	if (slot->command && slot->command->call->fills)
		run_release(slot->command->call->fills, &slot->filled);
	if (slot->command && slot->returning)
		run_release(slot->command->call->object, &slot->object);
	reply_free(&slot->words);
	(void)room_resize(room, slot, sizeof *slot, 0);
}

void multi_free(struct conn *conn)
{
	struct multi *multi = conn->multi;
	struct room *room = &conn->serve->room;
	if (!multi)
		return;
	conn->multi = NULL;
	hf_txn_abandon(multi->txn);
	for (size_t i = 0; i < multi->count; i++)
		slot_free(room, multi->slots[i]);
	(void)room_resize(room, multi->slots, multi->cap * sizeof *multi->slots, 0);
	(void)room_resize(room, multi->operation_of, multi->cap * sizeof *multi->operation_of, 0);
	room_give(room, multi->taken);
	(void)room_resize(room, multi, sizeof *multi, 0);
}

/* The one that there is, or a new one; NULL, refused. */
static struct multi *multi_of(struct conn *conn)
{
	struct hf_error error = {.code = HF_ENOMEM, .text = "there is no memory for a transaction"};
	if (conn->multi)
		return conn->multi;
	struct multi *multi = room_resize(&conn->serve->room, NULL, 0, sizeof *multi);
	if (multi) {
		*multi = (struct multi){.open = false};
		if (hf_txn_begin(conn->serve->store, &multi->txn, &error) == HF_OK)
			return conn->multi = multi;
		(void)room_resize(&conn->serve->room, multi, sizeof *multi, 0);
	}
	run_refuse(conn, &error);
	return NULL;
}

/* Grows two arrays as one. */
static bool room_for_slot(struct room *room, struct multi *multi)
{
	const size_t had = multi->cap, cap = had ? 2 * had : 8;
	if (multi->count < had)
		return true;
	uint32_t *operations =
	    room_resize(room, multi->operation_of, had * sizeof *operations, cap * sizeof *operations);
	if (!operations)
		return false;
	multi->operation_of = operations;
	struct slot **slots =
	    room_resize(room, multi->slots, had * sizeof *slots, cap * sizeof(struct slot *));
	if (!slots) { /* back, so that one size is that of both */
		operations =
		    room_resize(room, operations, cap * sizeof *operations, had * sizeof *operations);
		multi->operation_of = had ? operations : NULL;
		return false;
	}
	multi->slots = slots;
	multi->cap = cap;
	return true;
}

static struct slot *new_slot(struct conn *conn)
{
	struct multi *multi = conn->multi;
	struct room *room = &conn->serve->room;
	if (multi->count >= MULTI_MAX || !room_for_slot(room, multi))
		return NULL;
	struct slot *slot = room_resize(room, NULL, 0, sizeof *slot);
	if (!slot)
		return NULL;
	memset(slot, 0, sizeof *slot);
	slot->result.size = sizeof slot->result;
	slot->words = (struct reply){.room = room, .protocol = conn->reply.protocol};
	multi->operation_of[multi->count] = UINT32_MAX;
	multi->slots[multi->count++] = slot;
	return slot;
}

/* Refuses a command of it, and with it all. */
static void spoil(struct conn *conn, const char *code, const char *text)
{
	struct multi *multi = conn->multi;
	if (multi->open && !multi->spoilt) {
		multi->spoilt = true;
		(void)snprintf(multi->why, sizeof multi->why, "%s %s", code, text);
	}
	reply_refuse(&conn->reply, code, "%s", text);
}

/* --- Operations and reads --------------------------------------------------------------------- */

static int add_operation(struct conn *conn, struct slot *slot, struct decoded *decoded,
                         size_t bytes, struct hf_error *error)
{
	struct multi *multi = conn->multi;
	const struct hf_api_struct *of = decoded->command->call->object;
	if (!room_take(&conn->serve->room, bytes)) {
		*error = (struct hf_error){.code = HF_ENOMEM, .text = "there is no memory for this"};
		return HF_ENOMEM;
	}
	multi->taken += bytes;
	if (decoded->returning) {
		memcpy(&slot->object, &of->size, sizeof of->size);
		decoded->write->returning = &slot->object;
	}
	const int rc = run_mutation_in(conn->serve->store, multi->txn, decoded->command, decoded,
	                               &slot->filled, &slot->result, error);
	if (rc == HF_OK) {
		slot->command = decoded->command;
		slot->returning = decoded->returning;
		multi->operation_of[multi->count - 1] = multi->operations++;
	}
	return rc;
}

static size_t bytes_of(const struct hf_bytes *words, size_t count)
{
	size_t bytes = 64;
	for (size_t i = 0; i < count; i++)
		bytes += words[i].len + 16;
	return bytes;
}

static void queue_call(struct conn *conn, const struct command *command,
                       const struct hf_bytes *words, size_t count)
{
	struct multi *multi = conn->multi;
	struct decoded decoded;
	struct hf_error error = {0};
	const size_t before = multi->count;
	struct slot *slot = new_slot(conn);
	if (!slot) {
		spoil(conn, "HF_ETOOBIG", "a transaction of so many commands, or so large, is refused");
		return;
	}
	int rc = command_decode(conn->serve->commands, command, words + 1, count - 1,
	                        multi->operation_of, before, &conn->serve->arena, &decoded, &error);
	if (rc == HF_OK)
		rc = run_check_lease(command, &decoded, &error);
	if (rc == HF_OK && decoded.write)
		rc = add_operation(conn, slot, &decoded, bytes_of(words, count), &error);
	else if (rc == HF_OK)
		rc = run_read_in(conn->serve, multi->txn, command, &decoded, &slot->words, &error);
	if (rc == HF_OK && slot->words.failed) {
		error = (struct hf_error){.code = HF_ENOMEM, .text = "there is no memory for its answer"};
		rc = HF_ENOMEM;
	}
	if (rc != HF_OK && !decoded.write && rc != HF_EINVAL && rc != HF_ENOMEM) {
		/* that a read finds nothing is its answer */
		reply_cut(&slot->words, 0);
		reply_refuse(&slot->words, hf_code_name(rc), "%s", error.text);
		rc = HF_OK;
	}
	if (rc == HF_OK)
		reply_simple(&conn->reply, "QUEUED");
	else
		spoil(conn, hf_code_name(rc), error.text);
}

static bool may_be_queued(struct hf_bytes word)
{
	return session_is(word, "PING") || session_is(word, "ECHO") || session_is(word, "INFO") ||
	       session_is(word, "CLIENT") || session_is(word, "COMMAND") ||
	       session_is(word, "SELECT") || session_is(word, "HELP");
}

static void queue_word(struct conn *conn, const struct hf_bytes *words, size_t count)
{
	const size_t begin = conn->reply.len;
	struct slot *slot = may_be_queued(words[0]) ? new_slot(conn) : NULL;
	if (!slot) {
		spoil(conn, "ERR", "unknown command, or one that cannot be between MULTI and EXEC");
		return;
	}
	/* Its answer goes elsewhere: session_run() counts it. */
	const size_t ready = conn->ready, answers = conn->answers_count;
	(void)session_run(conn, words, count);
	reply_add(&slot->words, conn->reply.data + begin, conn->reply.len - begin);
	conn->ready = ready;
	conn->answers_count = answers;
	reply_cut(&conn->reply, begin);
	if (slot->words.failed)
		spoil(conn, "HF_ENOMEM", "there is no memory for its answer");
	else
		reply_simple(&conn->reply, "QUEUED");
}

/* --- WATCH ------------------------------------------------------------------------------------ */

static const struct command *watched(const struct conn *conn, struct hf_bytes word)
{
	char name[COMMAND_NAME_MAX];
	const struct command *command = commands_find(conn->serve->commands, word);
	if (command || word.len > 20)
		return command;
	(void)snprintf(name, sizeof name, "%.*s.GET", (int)word.len, (const char *)word.data);
	return commands_find(conn->serve->commands, hf_str(name));
}

static void run_watch(struct conn *conn, const struct hf_bytes *words, size_t count)
{
	struct decoded decoded;
	struct hf_error error = {0};
	struct reply unseen = {.room = conn->reply.room, .protocol = 2};
	const struct command *command = count > 1 ? watched(conn, words[1]) : NULL;
	const bool guard = command && strstr(command->name, ".GUARD");
	if (multi_is_open(conn)) {
		spoil(conn, "ERR", "WATCH inside MULTI is not allowed");
		return;
	}
	if (!command || (command->call->kind == HF_API_MUTATION && !guard)) {
		reply_refuse(&conn->reply, "HF_EINVAL",
		             "WATCH takes a read or a guard with its words (DOCUMENT.GET collection id), "
		             "or a domain and a key (DOCUMENT collection id)");
		return;
	}
	struct multi *multi = multi_of(conn);
	if (!multi)
		return;
	int rc = command_decode(conn->serve->commands, command, words + 2, count - 2, NULL, 0,
	                        &conn->serve->arena, &decoded, &error);
	if (rc == HF_OK && multi->watched++ >= MULTI_MAX) {
		rc = HF_ETOOBIG;
		error = (struct hf_error){.code = rc, .text = "so many guards are refused"};
	}
	if (rc == HF_OK && guard) {
		rc = run_mutation_in(conn->serve->store, multi->txn, command, &decoded, NULL,
		                     &multi->guarded, &error);
		multi->operations += rc == HF_OK;
	} else if (rc == HF_OK) {
		rc = run_read_in(conn->serve, multi->txn, command, &decoded, &unseen, &error);
		reply_free(&unseen);
		rc = rc == HF_EINVAL || rc == HF_ENOMEM ? rc : HF_OK;
	}
	if (rc == HF_OK)
		reply_simple(&conn->reply, "OK");
	else
		run_refuse(conn, &error);
}

/* --- EXEC ------------------------------------------------------------------------------------- */

static void reply_slots(struct conn *conn)
{
	const struct multi *multi = conn->multi;
	reply_array(&conn->reply, multi->count);
	for (size_t i = 0; i < multi->count; i++) {
		const struct slot *slot = multi->slots[i];
		const struct hf_api_struct *of = slot->command ? slot->command->call->object : NULL;
		if (!slot->command) {
			reply_add(&conn->reply, slot->words.data, slot->words.len);
			continue;
		}
		const bool there = slot->returning && row_is_set(&rows_all(of)->row[0], &slot->object);
		reply_result(&conn->reply, slot->command, &slot->result, &slot->filled,
		             there ? &slot->object : NULL, slot->returning);
	}
}

/* Which command is this operation? -1: one of WATCH. */
static int64_t command_of(const struct multi *multi, uint32_t operation)
{
	for (size_t i = 0; i < multi->count; i++)
		if (multi->operation_of[i] == operation)
			return (int64_t)i;
	return -1;
}

/* Is it about the whole, so that the operation says nothing? */
static bool is_of_all(int rc)
{
	return rc == HF_ENOMEM || rc == HF_ENOSPACE || rc == HF_EUNCERTAIN || rc == HF_EFAILED ||
	       rc == HF_ECANCELED || rc == HF_ETOOBIG;
}

static void reply_refused(struct conn *conn, int rc, const struct hf_error *error)
{
	const struct multi *multi = conn->multi;
	const int64_t index =
	    error->operation == HF_OPERATION_READ ? -1 : command_of(multi, error->operation);
	if (is_of_all(rc))
		run_refuse(conn, error);
	else if (rc == HF_ECONFLICT && index < 0)
		reply_no_array(&conn->reply);
	else if (index < 0)
		reply_refuse(&conn->reply, hf_code_name(rc), "WATCH: %s", error->text);
	else
		reply_refuse(&conn->reply, hf_code_name(rc), "command %" PRId64 ": %s", index, error->text);
}

/* DURABILITY and its word, behind the first word. */
static bool durability_of(const struct hf_bytes *words, size_t count, enum hf_durability *out)
{
	const bool os = count == 3 && session_is(words[2], "os");
	*out = os ? HF_OS : *out;
	return count == 1 || (count == 3 && session_is(words[1], "DURABILITY") &&
	                      (os || session_is(words[2], "durable")));
}

static void run_exec(struct conn *conn, const struct hf_bytes *words, size_t count, size_t begin)
{
	struct multi *multi = conn->multi;
	struct hf_error error = {0};
	struct hf_ticket ticket = {0, 0};
	if (!multi_is_open(conn)) {
		reply_refuse(&conn->reply, "ERR", "EXEC without MULTI");
	} else if (!durability_of(words, count, &multi->durability)) {
		spoil(conn, "ERR", "EXEC takes nothing, or DURABILITY durable|os");
	} else if (multi->spoilt) {
		reply_refuse(&conn->reply, "EXECABORT",
		             "Transaction discarded because of previous errors: %s", multi->why);
		multi_free(conn);
	} else {
		const int rc = hf_txn_commit_async(multi->txn, multi->durability, &ticket, &error);
		multi->txn = NULL;
		if (rc == HF_OK)
			reply_slots(conn);
		else
			reply_refused(conn, rc, &error);
		multi_free(conn);
	}
	conn_answer(conn, begin, &ticket);
}

static void run_multi(struct conn *conn, const struct hf_bytes *words, size_t count)
{
	enum hf_durability durability = HF_DURABLE;
	if (multi_is_open(conn)) {
		reply_refuse(&conn->reply, "ERR", "MULTI calls can not be nested");
	} else if (!durability_of(words, count, &durability)) {
		reply_refuse(&conn->reply, "ERR", "MULTI takes nothing, or DURABILITY durable|os");
	} else if (multi_of(conn)) {
		conn->multi->open = true;
		conn->multi->durability = durability;
		reply_simple(&conn->reply, "OK");
	}
}

bool multi_run(struct conn *conn, const struct hf_bytes *words, size_t count)
{
	const size_t begin = conn->reply.len;
	if (session_is(words[0], "EXEC")) {
		run_exec(conn, words, count, begin);
		return true;
	}
	if (session_is(words[0], "MULTI")) {
		run_multi(conn, words, count);
	} else if (session_is(words[0], "WATCH")) {
		run_watch(conn, words, count);
	} else if (session_is(words[0], "UNWATCH") ||
	           (session_is(words[0], "DISCARD") && multi_is_open(conn))) {
		if (session_is(words[0], "DISCARD") || !multi_is_open(conn))
			multi_free(conn);
		reply_simple(&conn->reply, "OK");
	} else if (session_is(words[0], "DISCARD")) {
		reply_refuse(&conn->reply, "ERR", "DISCARD without MULTI");
	} else if (multi_is_open(conn) && !session_is(words[0], "QUIT") &&
	           !session_is(words[0], "RESET")) {
		const struct command *command = commands_find(conn->serve->commands, words[0]);
		if (command)
			queue_call(conn, command, words, count);
		else
			queue_word(conn, words, count);
	} else {
		return false;
	}
	conn_answer(conn, begin, NULL);
	return true;
}
