/* Words that client libraries send and that are no calls of the library: see parts.h. */
#include "serve/parts.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <strings.h>

#include "print/text.h"

enum { SYNTAX_MAX = 2048, INFO_MAX = 4096 };

bool session_is(struct hf_bytes word, const char *text)
{
	return word.len == strlen(text) && strncasecmp(word.data, text, word.len) == 0;
}

static void say_ok(struct conn *conn)
{
	reply_simple(&conn->reply, "OK");
}

static void arguments_wrong(struct conn *conn, const char *word)
{
	reply_refuse(&conn->reply, "ERR", "wrong number of arguments for '%s' command", word);
}

/* --- Who is there ----------------------------------------------------------------------------- */

/* Takes as long whatever is given, and wherever it differs. */
static bool is_password(const char *password, struct hf_bytes given)
{
	const size_t len = strlen(password);
	const volatile unsigned char *a = (const volatile unsigned char *)password;
	const unsigned char *b = given.data;
	unsigned differs = len != given.len;
	for (size_t i = 0; i < given.len; i++)
		differs |= (unsigned)a[len ? i % len : 0] ^ b[i];
	return differs == 0;
}

static bool authenticate(struct conn *conn, struct hf_bytes user, struct hf_bytes password)
{
	const char *wanted = conn->serve->options.password;
	if (!wanted) {
		reply_refuse(&conn->reply, "ERR", "AUTH was given, and no password is asked for here");
		return false;
	}
	const bool same = is_password(wanted, password);
	if (same && session_is(user, "default")) {
		conn->known = true;
		return true;
	}
	reply_refuse(&conn->reply, "WRONGPASS", "invalid username-password pair or user is disabled.");
	return false;
}

static void run_auth(struct conn *conn, const struct hf_bytes *words, size_t count)
{
	if (count != 2 && count != 3)
		arguments_wrong(conn, "auth");
	else if (authenticate(conn, count == 3 ? words[1] : hf_str("default"), words[count - 1]))
		say_ok(conn);
}

static bool set_name(struct conn *conn, struct hf_bytes name)
{
	bool ok = name.len < sizeof conn->name;
	for (size_t i = 0; ok && i < name.len; i++)
		ok = ((const char *)name.data)[i] > ' ' && ((const char *)name.data)[i] < 0x7f;
	if (!ok) {
		reply_refuse(&conn->reply, "ERR",
		             "Client names cannot contain spaces, newlines or special characters, and have "
		             "at most %d bytes",
		             NAME_MAX_BYTES - 1);
		return false;
	}
	memcpy(conn->name, name.len ? name.data : "", name.len);
	conn->name[name.len] = '\0';
	return true;
}

static void say_hello(struct conn *conn)
{
	struct reply *reply = &conn->reply;
	reply_map(reply, 7);
	reply_text(reply, "server");
	reply_text(reply, "holdfast");
	reply_text(reply, "version");
	reply_text(reply, hf_version());
	reply_text(reply, "proto");
	reply_integer(reply, reply->protocol);
	reply_text(reply, "id");
	reply_integer(reply, (int64_t)conn->id);
	reply_text(reply, "mode");
	reply_text(reply, "standalone");
	reply_text(reply, "role");
	reply_text(reply, "master");
	reply_text(reply, "modules");
	reply_array(reply, 0);
}

static void run_hello(struct conn *conn, const struct hf_bytes *words, size_t count)
{
	int protocol = conn->reply.protocol;
	struct hf_bytes name = {NULL, 0};
	size_t at = 1;
	if (count > 1) {
		protocol = session_is(words[1], "2") ? 2 : session_is(words[1], "3") ? 3 : 0;
		if (protocol == 0) {
			reply_refuse(&conn->reply, "NOPROTO", "unsupported protocol version");
			return;
		}
		at = 2;
	}
	for (; at < count; at++) {
		if (session_is(words[at], "AUTH") && count - at > 2) {
			if (!authenticate(conn, words[at + 1], words[at + 2]))
				return;
			at += 2;
		} else if (session_is(words[at], "SETNAME") && count - at > 1) {
			name = words[++at];
		} else {
			reply_refuse(&conn->reply, "ERR", "Syntax error in HELLO option");
			return;
		}
	}
	if (!conn->known) {
		reply_refuse(&conn->reply, "NOAUTH",
		             "HELLO must be called with the client already authenticated, otherwise the "
		             "HELLO <proto> AUTH <user> <pass> option can be used");
		return;
	}
	if (name.data && !set_name(conn, name))
		return;
	conn->reply.protocol = protocol;
	say_hello(conn);
}

/* --- Small ones ------------------------------------------------------------------------------- */

static void run_ping(struct conn *conn, const struct hf_bytes *words, size_t count)
{
	if (count > 2) {
		arguments_wrong(conn, "ping");
	} else if (conn->channels_count > 0 && conn->reply.protocol == 2) {
		reply_array(&conn->reply, 2);
		reply_text(&conn->reply, "pong");
		reply_bulk(&conn->reply, count == 2 ? words[1] : hf_str(""));
	} else if (count == 2) {
		reply_bulk(&conn->reply, words[1]);
	} else {
		reply_simple(&conn->reply, "PONG");
	}
}

static void run_echo(struct conn *conn, const struct hf_bytes *words, size_t count)
{
	if (count == 2)
		reply_bulk(&conn->reply, words[1]);
	else
		arguments_wrong(conn, "echo");
}

static void run_select(struct conn *conn, const struct hf_bytes *words, size_t count)
{
	if (count == 2 && session_is(words[1], "0"))
		say_ok(conn);
	else
		reply_refuse(&conn->reply, "ERR", "DB index is out of range: a store is number 0");
}

static void run_quit(struct conn *conn, const struct hf_bytes *words, size_t count)
{
	(void)words;
	(void)count;
	say_ok(conn);
	conn->last = true;
}

static void run_reset(struct conn *conn, const struct hf_bytes *words, size_t count)
{
	(void)words;
	(void)count;
	multi_free(conn);
	channels_free(conn);
	conn->name[0] = '\0';
	conn->reply.protocol = 2;
	conn->known = !conn->serve->options.password;
	reply_simple(&conn->reply, "RESET");
}

/* --- CLIENT ----------------------------------------------------------------------------------- */

static void list_clients(struct conn *conn)
{
	struct reply list = {.room = conn->reply.room, .protocol = 2};
	for (const struct conn *one = conn->serve->conns; one; one = one->next) {
		char line[256];
		const int len = snprintf(line, sizeof line,
		                         "id=%" PRIu64 " fd=%d name=%s age=%" PRId64 " resp=%d sub=%u\n",
		                         one->id, one->source.fd, one->name, loop_seconds() - one->since,
		                         one->reply.protocol, one->channels_count);
		reply_add(&list, line, (size_t)len);
	}
	if (list.failed)
		conn->reply.failed = true;
	else
		reply_bulk(&conn->reply, hf_bytes_of(list.data, list.len));
	reply_free(&list);
}

static void run_client(struct conn *conn, const struct hf_bytes *words, size_t count)
{
	const struct hf_bytes what = count > 1 ? words[1] : hf_str("");
	if (session_is(what, "SETNAME") && count == 3) {
		if (set_name(conn, words[2]))
			say_ok(conn);
	} else if (session_is(what, "GETNAME") && count == 2) {
		reply_text(&conn->reply, conn->name[0] ? conn->name : NULL);
	} else if (session_is(what, "ID") && count == 2) {
		reply_integer(&conn->reply, (int64_t)conn->id);
	} else if (session_is(what, "SETINFO") && count == 4) {
		say_ok(conn); /* of no use here */
	} else if (session_is(what, "LIST")) {
		list_clients(conn);
	} else {
		reply_refuse(&conn->reply, "ERR",
		             "unknown subcommand or wrong number of arguments for 'client': SETNAME, "
		             "GETNAME, ID, SETINFO, LIST");
	}
}

/* --- What there is ---------------------------------------------------------------------------- */

static void lower(const char *name, char out[COMMAND_NAME_MAX])
{
	size_t i = 0;
	for (; name[i] && i + 1 < COMMAND_NAME_MAX; i++)
		out[i] = (char)tolower((unsigned char)name[i]);
	out[i] = '\0';
}

static size_t placed(const struct command *command)
{
	size_t count = 0;
	for (size_t i = 0; command->takes && i < command->takes->count; i++)
		count += command->takes->argument[i].placed;
	return count;
}

/* Name, arity, flags, and that there are no keys to be found by place. */
static void say_command(struct reply *reply, const struct command *command)
{
	char name[COMMAND_NAME_MAX];
	const bool writes = command->call->kind == HF_API_MUTATION;
	lower(command->name, name);
	reply_array(reply, 6);
	reply_text(reply, name);
	reply_integer(reply, -(int64_t)(1 + placed(command)));
	reply_array(reply, 1);
	reply_simple(reply, writes ? "write" : "readonly");
	for (int i = 0; i < 3; i++)
		reply_integer(reply, 0);
}

static void say_docs(struct conn *conn, const struct command *command)
{
	struct reply *reply = &conn->reply;
	char syntax[SYNTAX_MAX], name[COMMAND_NAME_MAX];
	command_syntax(conn->serve->commands, command, syntax, sizeof syntax);
	lower(command->name, name);
	reply_text(reply, name);
	reply_map(reply, 3);
	reply_text(reply, "summary");
	reply_text(reply, syntax);
	reply_text(reply, "since");
	reply_text(reply, hf_version());
	reply_text(reply, "group");
	*strchr(name, '.') = '\0';
	reply_text(reply, name);
}

/* Those of `words`, or all. */
static size_t chosen(const struct conn *conn, const struct hf_bytes *words, size_t count)
{
	size_t found = 0;
	for (size_t i = 0; i < count; i++)
		found += commands_find(conn->serve->commands, words[i]) != NULL;
	return count ? found : commands_count(conn->serve->commands);
}

static void run_docs(struct conn *conn, const struct hf_bytes *words, size_t count)
{
	const struct commands *commands = conn->serve->commands;
	reply_map(&conn->reply, chosen(conn, words, count));
	for (size_t i = 0; i < (count ? count : commands_count(commands)); i++) {
		const struct command *command =
		    count ? commands_find(commands, words[i]) : commands_at(commands, i);
		if (command)
			say_docs(conn, command);
	}
}

static void run_command_word(struct conn *conn, const struct hf_bytes *words, size_t count)
{
	const struct commands *commands = conn->serve->commands;
	const struct hf_bytes what = count > 1 ? words[1] : hf_str("");
	if (session_is(what, "COUNT") && count == 2) {
		reply_integer(&conn->reply, (int64_t)commands_count(commands));
	} else if (session_is(what, "DOCS")) {
		run_docs(conn, words + 2, count - 2);
	} else if (session_is(what, "LIST") && count == 2) {
		reply_array(&conn->reply, commands_count(commands));
		for (size_t i = 0; i < commands_count(commands); i++)
			reply_text(&conn->reply, commands_at(commands, i)->name);
	} else if (count == 1 || session_is(what, "INFO")) {
		const size_t named = count > 2 ? count - 2 : 0;
		reply_array(&conn->reply, named ? named : commands_count(commands));
		for (size_t i = 0; i < (named ? named : commands_count(commands)); i++) {
			const struct command *command =
			    named ? commands_find(commands, words[2 + i]) : commands_at(commands, i);
			if (command)
				say_command(&conn->reply, command);
			else
				reply_no_array(&conn->reply);
		}
	} else {
		reply_refuse(&conn->reply, "ERR",
		             "unknown subcommand or wrong number of arguments for 'command': COUNT, DOCS, "
		             "INFO, LIST");
	}
}

/* HELP: how each command is written. HELP name: of one, or of a domain. HELP absent: the calls of
 * the library that are none. */
static void run_help(struct conn *conn, const struct hf_bytes *words, size_t count)
{
	const struct commands *commands = conn->serve->commands;
	struct reply lines = {.room = conn->reply.room, .protocol = 2};
	size_t found = 0;
	const struct hf_api_call *call;
	if (count > 1 && session_is(words[1], "absent")) {
		for (; (call = commands_absent(found)) != NULL; found++)
			reply_text(&lines, call->name);
	} else {
		for (size_t i = 0; i < commands_count(commands); i++) {
			const struct command *command = commands_at(commands, i);
			const size_t domain = strcspn(command->name, ".");
			char syntax[SYNTAX_MAX];
			if (count > 1 && !session_is(words[1], command->name) &&
			    !(words[1].len == domain && strncasecmp(words[1].data, command->name, domain) == 0))
				continue;
			command_syntax(conn->serve->commands, command, syntax, sizeof syntax);
			reply_text(&lines, syntax);
			found++;
		}
	}
	reply_array(&conn->reply, found);
	reply_add(&conn->reply, lines.data, lines.len);
	conn->reply.failed = conn->reply.failed || lines.failed;
	reply_free(&lines);
}

static void run_info(struct conn *conn, const struct hf_bytes *words, size_t count)
{
	const struct serve *serve = conn->serve;
	struct hf_info info = {.size = sizeof info};
	struct hf_error error;
	char text[INFO_MAX];
	(void)words;
	(void)count;
	if (hf_get_info(serve->store, &info, &error) != HF_OK) {
		run_refuse(conn, &error);
		return;
	}
	const int len = snprintf(
	    text, sizeof text,
	    "# Server\r\nserver_name:holdfast\r\nholdfast_version:%s\r\nredis_mode:standalone\r\n\r\n"
	    "# Clients\r\nconnected_clients:%u\r\nmaxclients:%u\r\n\r\n"
	    "# Memory\r\nserve_bytes:%zu\r\nserve_bytes_max:%zu\r\n\r\n"
	    "# Stats\r\ntotal_connections_received:%" PRIu64 "\r\nrejected_connections:%" PRIu64
	    "\r\ntotal_commands_processed:%" PRIu64 "\r\n\r\n"
	    "# Store\r\nlast_lsn:%" PRIu64 "\r\ndurable_lsn:%" PRIu64 "\r\ngroups:%" PRIu64
	    "\r\nentries:%" PRIu64 "\r\nsyncs:%" PRIu64 "\r\nfault:%s\r\nclock:%" PRId64
	    "\r\nclock_ahead_us:%" PRId64 "\r\nlog_bytes:%" PRIu64 "\r\nsnapshot_bytes:%" PRIu64
	    "\r\ncompactions:%" PRIu64 "\r\nscrub_findings:%" PRIu64 "\r\n",
	    hf_version(), serve->count, serve->most, serve->room.used, serve->room.most,
	    serve->connections_made, serve->connections_refused, serve->commands_run, info.last_lsn,
	    info.durable_lsn, info.groups, info.entries, info.syncs,
	    info.fault ? hf_code_name(info.fault) : "none", info.clock, info.clock_ahead_us,
	    info.log_bytes, info.snapshot_bytes, info.compactions, info.scrub_findings);
	reply_bulk(&conn->reply, hf_bytes_of(text, (size_t)len));
}

/* --- All of them ------------------------------------------------------------------------------ */

bool session_run(struct conn *conn, const struct hf_bytes *words, size_t count)
{
	static const struct {
		const char *word;
		void (*run)(struct conn *, const struct hf_bytes *, size_t);
	} all[] = {{"HELLO", run_hello},
	           {"AUTH", run_auth},
	           {"PING", run_ping},
	           {"ECHO", run_echo},
	           {"SELECT", run_select},
	           {"CLIENT", run_client},
	           {"COMMAND", run_command_word},
	           {"INFO", run_info},
	           {"HELP", run_help},
	           {"RESET", run_reset},
	           {"QUIT", run_quit}};
	for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
		if (session_is(words[0], all[i].word)) {
			const size_t begin = conn->reply.len;
			all[i].run(conn, words, count);
			conn_answer(conn, begin, NULL);
			return true;
		}
	}
	return false;
}
