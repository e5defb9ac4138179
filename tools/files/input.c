/* Reading twice is what makes "check all of it, then write" possible without holding a file in
 * memory. */
#include "files/input.h"

#include "cli/stream.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static int fail(struct input *input, struct cli *cli, const char *what, int why)
{
	return cli_fail_file(cli, what, input->name, why);
}

int input_open(struct input *input, struct cli *cli, const char *path)
{
	const bool from_stdin = !path || strcmp(path, "-") == 0;
	struct stat status;
	*input = (struct input){
	    .name = from_stdin ? "standard input" : path, .fd = STDIN_FILENO, .close_fd = !from_stdin};
	if (!from_stdin)
		input->fd = open(path, O_RDONLY | O_CLOEXEC);
	if (input->fd < 0 || fstat(input->fd, &status) != 0)
		return fail(input, cli, "cannot read", errno);
	if (S_ISDIR(status.st_mode))
		return fail(input, cli, "cannot read", EISDIR);
	/* A regular file that stdin stands in the middle of is read from there, so it is copied too. */
	if (!from_stdin && S_ISREG(status.st_mode))
		return CLI_OK;
	input->copy = tmpfile();
	return input->copy ? CLI_OK : fail(input, cli, "cannot make a temporary copy of", errno);
}

/* FNV-1a over words: enough to notice that the file was written to in between. */
static uint64_t add_hash(uint64_t hash, const char *data, size_t len)
{
	for (; len >= 8; len -= 8, data += 8) {
		uint64_t word;
		memcpy(&word, data, 8);
		hash = (hash ^ word) * 0x100000001B3u;
		hash ^= hash >> 29;
	}
	for (; len; len--, data++)
		hash = (hash ^ (unsigned char)*data) * 0x100000001B3u;
	return hash;
}

/* As much as there is room for, so that the pieces are the same each time. */
static ssize_t fill(struct input *input)
{
	size_t len = 0;
	const int fd = input->copy && input->reread ? fileno(input->copy) : input->fd;
	const int why = stream_read(fd, input->chunk, INPUT_CHUNK, &len);
	if (why == 0)
		return (ssize_t)len;
	errno = why;
	return -1;
}

static int at_end(struct input *input, struct cli *cli)
{
	if (!input->reread)
		input->first_hash = input->hash;
	if (input->hash == input->first_hash)
		return CLI_OK;
	return cli_fail_with(cli, HF_EIO, "%s was changed while it was read; import it again",
	                     input->name);
}

/* For people who wait at a terminal: how much was read, ten times a second at most. */
static void show_progress(struct input *input, const struct cli *cli)
{
	const int64_t now = cli_monotonic();
	if (!input->shown_at)
		input->shown_at = now + 400000;
	if (!cli_progress(cli) || now - input->shown_at < 100000)
		return;
	input->shown = true;
	input->shown_at = now;
	fprintf(stderr, "%s %s: %llu MiB\r", input->reread ? "importing" : "checking", input->name,
	        (unsigned long long)(input->offset >> 20));
}

static void wipe_progress(struct input *input)
{
	if (input->shown)
		fprintf(stderr, "\33[K");
	input->shown = false;
}

/* A byte order mark at the start says nothing here: texts are UTF-8. */
static void skip_mark(struct input *input)
{
	static const char mark[] = "\xef\xbb\xbf";
	const size_t len = sizeof mark - 1;
	if (input->offset > 0 || input->len < len || memcmp(input->chunk, mark, len) != 0)
		return;
	memmove(input->chunk, input->chunk + len, input->len - len);
	input->len -= len;
	input->offset = len;
}

int input_next(struct input *input, struct cli *cli)
{
	if (input->peeked) {
		input->peeked = false;
		return CLI_OK;
	}
	input->offset += input->len;
	show_progress(input, cli);
	const ssize_t got = fill(input);
	if (got <= 0)
		wipe_progress(input);
	input->len = got > 0 ? (size_t)got : 0;
	skip_mark(input);
	if (got < 0)
		return fail(input, cli, "cannot read", errno);
	if (got == 0)
		return at_end(input, cli);
	if (input->len == 0)
		return input_next(input, cli); /* a byte order mark and nothing behind it */
	input->hash = add_hash(input->hash, input->chunk, input->len);
	if (!input->copy || input->reread)
		return CLI_OK;
	if (fwrite(input->chunk, 1, input->len, input->copy) != input->len || fflush(input->copy) != 0)
		return cli_fail_with(cli, cli_code_of_errno(errno),
		                     "cannot keep a temporary copy of %s: %s", input->name,
		                     strerror(errno));
	return CLI_OK;
}

int input_peek(struct input *input, struct cli *cli)
{
	const int rc = input_next(input, cli);
	input->peeked = rc == CLI_OK;
	return rc;
}

int input_again(struct input *input, struct cli *cli)
{
	const int fd = input->copy ? fileno(input->copy) : input->fd;
	if (lseek(fd, 0, SEEK_SET) != 0)
		return fail(input, cli, "cannot read again", errno);
	input->reread = true;
	input->hash = 0;
	input->offset = 0;
	input->len = 0;
	return CLI_OK;
}

void input_close(struct input *input)
{
	wipe_progress(input);
	if (input->copy)
		(void)fclose(input->copy);
	if (input->close_fd && input->fd >= 0)
		(void)close(input->fd);
}
