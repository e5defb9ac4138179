/* Fuzz target: what clients of a served store send.
 *
 * The first byte says what the rest is: bytes of a connection as they are, cut in two somewhere and
 * in RESP2 or RESP3; or lines of words, each of which becomes a command, so that what reads words
 * is reached. They go through the reader, the tables, the decoder, the store and the writer of
 * answers. Whatever they are:
 *  - what comes back is answers, whole and well formed, one for each command at most;
 *  - no byte of memory stays counted once the connection is gone;
 *  - the store's state is sound: looked at when a new store takes its place.
 * A violation aborts. */
#include <stdio.h>
#include <stdlib.h>

#include "serve/parts.h"
#include "store/store.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { RUNS_OF_A_STORE = 300, ROOM = 8 << 20, DEPTH_MAX = 32 };

static hf_store *store;
static struct serve *serve;
static unsigned runs;
static size_t baseline;

static void require(bool holds)
{
	if (!holds)
		abort();
}

static void end(void)
{
	struct hf_error error;
	serve_free(serve);
	require(hf__state_verify(store, &error) == HF_OK);
	require(hf_close(store, &error) == HF_OK);
	serve = NULL;
}

static void begin(void)
{
	const struct hf_options options = {.no_background = true};
	const struct serve_options how = {.room = ROOM, .by_hand = true};
	struct hf_error error;
	if (serve && ++runs < RUNS_OF_A_STORE)
		return;
	if (serve)
		end();
	runs = 0;
	require(hf_open_memory(&options, &store, &error) == HF_OK);
	serve = serve_new(store, &how, &error);
	require(serve != NULL);
	baseline = serve->room.used;
}

/* --- Answers ---------------------------------------------------------------------------------- */

/* The end of a line; NULL: there is none. */
static const char *line_end(const char *at, const char *end)
{
	const char *found = at < end ? memchr(at, '\r', (size_t)(end - at)) : NULL;
	return found && found + 1 < end && found[1] == '\n' ? found : NULL;
}

/* The digits up to there, of lines that have some; -1 where they begin otherwise. */
static long number_of(const char *at, const char *line)
{
	long number = 0;
	if (at == line || *at == '-')
		return -1;
	for (; at < line && *at >= '0' && *at <= '9' && number < ROOM; at++)
		number = number * 10 + (*at - '0');
	return number;
}

static const char *skip_answer(const char *at, const char *end, unsigned depth);

static const char *skip_many(const char *at, const char *end, long count, unsigned depth)
{
	for (long i = 0; i < count; i++)
		at = skip_answer(at, end, depth + 1);
	return at;
}

static const char *skip_answer(const char *at, const char *end, unsigned depth)
{
	const char *line = line_end(at, end);
	if (!line || depth >= DEPTH_MAX)
		abort();
	const long number = number_of(at + 1, line);
	switch (*at) {
	case '+':
	case '-':
	case ':':
	case '_':
	case '#':
	case ',':
		return line + 2;
	case '$':
		if (number < 0)
			return line + 2;
		require(end - (line + 2) >= number + 2 && memcmp(line + 2 + number, "\r\n", 2) == 0);
		return line + 2 + number + 2;
	case '*':
	case '>':
		return skip_many(line + 2, end, number, depth);
	case '%':
		return skip_many(line + 2, end, 2 * number, depth);
	default:
		abort();
	}
}

/* --- Commands --------------------------------------------------------------------------------- */

static void feed(struct conn *conn, const void *data, size_t len)
{
	size_t space;
	void *at = len ? request_space(&conn->request, len, &space) : NULL;
	if (!at)
		return;
	require(space >= len);
	memcpy(at, data, len);
	request_came(&conn->request, len);
	conn->again = true;
}

static void feed_head(struct conn *conn, char letter, size_t number)
{
	char text[32];
	const int len = snprintf(text, sizeof text, "%c%zu\r\n", letter, number);
	feed(conn, text, (size_t)len);
}

/* A line of words with spaces between. */
static void feed_line(struct conn *conn, const char *line, size_t len)
{
	size_t words = 1;
	for (size_t i = 0; i < len; i++)
		words += line[i] == ' ';
	feed_head(conn, '*', words);
	while (words-- > 0) {
		const char *space = words ? memchr(line, ' ', len) : NULL;
		const size_t word = space ? (size_t)(space - line) : len;
		feed_head(conn, '$', word);
		feed(conn, line, word);
		feed(conn, "\r\n", 2);
		line += word + 1;
		len -= space ? word + 1 : len;
	}
}

static void run(struct conn *conn)
{
	struct hf_error error;
	for (unsigned turn = 0; conn->again && !conn->dead && turn < 64; turn++) {
		conn_run(conn);
		require(hf_flush(store, &error) == HF_OK);
		wait_look(serve);
		conn_settle(conn);
	}
	require(conn->answers_count == 0);
	if (conn->dead)
		return;
	require(conn->ready == conn->reply.len && !conn->reply.failed);
	if (conn->reply.len > 0)
		for (const char *at = conn->reply.data, *last = at + conn->reply.len; at < last;)
			at = skip_answer(at, last, 0);
	reply_cut(&conn->reply, 0);
	conn->ready = 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 2)
		return 0;
	begin();
	struct conn *conn = conn_new(serve, -1, true);
	const char *at = (const char *)data + 2, *last = (const char *)data + size;
	require(conn != NULL);
	conn->reply.protocol = data[0] & 1 ? 3 : 2;
	if (data[0] & 2) {
		const size_t len = (size_t)(last - at), cut = len ? data[1] % len : 0;
		feed(conn, at, cut);
		run(conn);
		feed(conn, at + cut, len - cut);
		run(conn);
	}
	while (!(data[0] & 2) && at < last && !conn->dead && !conn->last) {
		const char *line = memchr(at, '\n', (size_t)(last - at));
		feed_line(conn, at, (size_t)((line ? line : last) - at));
		run(conn);
		at = line ? line + 1 : last;
	}
	conn_free(conn);
	require(serve->room.used == baseline);
	return 0;
}
