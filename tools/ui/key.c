/* The key of a page: 256 random bits of the kernel's, in hexadecimal digits. One in a file can be
 * known to others beforehand, as to a collector of metrics; nobody else may read that file. */
#include "cli/stream.h"
#include "ui/ui.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

enum { KEY_LEAST = 32 };

static bool draw(char out[UI_KEY_SIZE])
{
	unsigned char bytes[UI_KEY_BYTES];
	size_t got = 0;
	while (got < sizeof bytes) {
		const ssize_t n = getrandom(bytes + got, sizeof bytes - got, 0);
		if (n < 0 && errno != EINTR)
			return false;
		got += n > 0 ? (size_t)n : 0;
	}
	for (size_t i = 0; i < sizeof bytes; i++)
		(void)snprintf(out + 2 * i, 3, "%02x", bytes[i]);
	return true;
}

static bool usable(const char *key)
{
	const size_t len = strlen(key);
	return len >= KEY_LEAST && len < UI_KEY_SIZE &&
	       strspn(key, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_") == len;
}

static int read_key(struct cli *cli, int file, const char *path, char out[UI_KEY_SIZE])
{
	struct stat about;
	size_t got = 0;
	if (fstat(file, &about) != 0)
		return cli_fail_file(cli, "cannot read", path, errno);
	if (!S_ISREG(about.st_mode) || (about.st_uid != geteuid() && about.st_uid != 0) ||
	    (about.st_mode & 077) != 0) {
		return cli_fail_with(cli, HF_EACCESS,
		                     "%s: a key must be a file that its owner alone may read (chmod 600)",
		                     path);
	}
	char text[UI_KEY_SIZE + 1]; /* a byte more than fits, to see that there is one */
	const int why = stream_read(file, text, sizeof text - 1, &got);
	if (why != 0)
		return cli_fail_file(cli, "cannot read", path, why);
	text[got] = '\0';
	text[strcspn(text, "\r\n")] = '\0';
	if (!usable(text)) {
		return cli_fail_with(cli, HF_EINVAL,
		                     "%s: a key has %d to %d letters, digits, '-' and '_' on one line",
		                     path, KEY_LEAST, UI_KEY_SIZE - 1);
	}
	memcpy(out, text, strlen(text) + 1);
	return CLI_OK;
}

static int write_key(struct cli *cli, int file, const char *path, const char *key)
{
	char line[UI_KEY_SIZE + 1];
	(void)snprintf(line, sizeof line, "%s\n", key);
	const int why = stream_write(file, line, strlen(line));
	return why == 0 ? CLI_OK : cli_fail_file(cli, "cannot write", path, why);
}

int key_make(struct cli *cli, const char *path, char out[UI_KEY_SIZE])
{
	const bool drawn = draw(out);
	if (!drawn)
		return cli_fail_with(cli, HF_EIO, "the system gives no random numbers");
	if (!path)
		return CLI_OK;
	int file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	const bool made = file >= 0;
	if (!made && errno == EEXIST)
		file = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (file < 0)
		return cli_fail_file(cli, "cannot open", path, errno);
	const int status = made ? write_key(cli, file, path, out) : read_key(cli, file, path, out);
	const int closed = close(file);
	return status != CLI_OK || closed == 0 ? status
	                                       : cli_fail_file(cli, "cannot write", path, errno);
}

bool key_equal(const char *key, const char *given, size_t len)
{
	const size_t own = strlen(key);
	unsigned char differs = own != len;
	for (size_t i = 0; i < own; i++)
		differs |=
		    (unsigned char)((unsigned char)key[i] ^ (unsigned char)(len > 0 ? given[i % len] : 0));
	return differs == 0;
}
