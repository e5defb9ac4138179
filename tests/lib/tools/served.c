/* See served.h. */
#include "lib/tools/served.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/test.h"

void served_begin(struct served *served, const char *password, size_t room)
{
	const struct hf_options options = {.no_background = true};
	const struct serve_options how = {.password = password, .room = room, .by_hand = true};
	struct hf_error error;
	assert_int_equal(hf_open_memory(&options, &served->store, &error), HF_OK);
	served->serve = serve_new(served->store, &how, &error);
	assert_non_null(served->serve);
}

void served_end(struct served *served)
{
	serve_free(served->serve);
	assert_int_equal(hf_close(served->store, NULL), HF_OK);
}

int served_connect(struct served *served)
{
	int ends[2];
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
	assert_true(serve_adopt(served->serve, ends[0]));
	return ends[1];
}

static void work(struct served *served)
{
	struct hf_error error;
	assert_int_equal(serve_run(served->serve, 0, &error), HF_OK);
}

/* What is there by now is added. */
static void gather(int fd, char **out, size_t *len)
{
	char piece[65536];
	ssize_t got;
	while ((got = recv(fd, piece, sizeof piece, MSG_DONTWAIT)) > 0) {
		*out = realloc(*out, *len + (size_t)got + 1);
		assert_non_null(*out);
		memcpy(*out + *len, piece, (size_t)got);
		*len += (size_t)got;
	}
	(*out)[*len] = '\0';
}

char *served_hear(struct served *served, int fd, size_t *out_len)
{
	return served_say(served, fd, "", 0, out_len);
}

char *served_say(struct served *served, int fd, const void *data, size_t len, size_t *out_len)
{
	const char *at = data;
	size_t got = 0, before;
	char *out = calloc(1, 1);
	assert_non_null(out);
	do {
		const ssize_t sent = len ? send(fd, at, len, MSG_DONTWAIT | MSG_NOSIGNAL) : 0;
		at += sent > 0 ? sent : 0;
		len = sent >= 0 ? len - (size_t)sent : errno == EAGAIN ? len : 0;
		before = got;
		work(served);
		gather(fd, &out, &got);
	} while (len > 0 || got > before);
	if (out_len)
		*out_len = got;
	return out;
}

char *served_spell(const char *line, size_t *len)
{
	char *bytes = NULL, *copy = strdup(line), *save = NULL;
	FILE *out = open_memstream(&bytes, len);
	size_t words = 1;
	assert_true(copy && out);
	for (const char *at = line; *at; at++)
		words += *at == ' ';
	fprintf(out, "*%zu\r\n", words);
	for (char *word = strtok_r(copy, " ", &save); word; word = strtok_r(NULL, " ", &save)) {
		const char *meant = strcmp(word, "''") == 0 ? "" : word;
		fprintf(out, "$%zu\r\n%s\r\n", strlen(meant), meant);
	}
	assert_int_equal(fclose(out), 0);
	free(copy);
	return bytes;
}

char *served_call(struct served *served, int fd, const char *line, size_t *out_len)
{
	size_t len;
	char *bytes = served_spell(line, &len), *out = served_say(served, fd, bytes, len, out_len);
	free(bytes);
	return out;
}

bool served_is_closed(int fd)
{
	char byte;
	return recv(fd, &byte, 1, MSG_DONTWAIT) == 0 || errno == ECONNRESET;
}
