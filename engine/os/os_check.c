/* What the machine says about itself: which boot this is, and whether the file system below can keep a promise.
 *
 * Refused are network file systems whose locks or renames are not what they seem (NFS, SMB, 9p), and an overlay mounted "volatile",
 * which ignores every sync. Everything else is taken at its word: a list of the good ones would refuse the next good one. */
#include "os/os_check.h"

#include "base/mem.h"
#include "base/text.h"
#include "os/os_files.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

enum { BOOT_ID_TEXT = 36, READ_FIRST = 16384, READ_MOST = 64 << 20 };

struct filesystem {
	uint32_t magic;
	bool refused;
	const char *name;
};

enum { MAGIC_OVERLAY = 0x794c7630 };

static const struct filesystem filesystems[] = {
    {0x6969, true, "nfs"},        {0x517b, true, "smb"},       {0xff534d42, true, "cifs"},
    {0xfe534d42, true, "smb2"},   {0x01021997, true, "9p"},    {MAGIC_OVERLAY, false, "overlay"},
    {0xef53, false, "ext4"},      {0x58465342, false, "xfs"},  {0x9123683e, false, "btrfs"},
    {0x2fc12fc1, false, "zfs"},   {0xf2f52010, false, "f2fs"}, {0xca451a4e, false, "bcachefs"},
    {0x01021994, false, "tmpfs"}, {0x65735546, false, "fuse"},
};

/* All of a small file of the kernel's, whose size fstat() does not know. NUL-terminated; hf__free it. */
static int file_slurp(const char *path, char **out, size_t *out_len)
{
	int fd = -1;
	int err = hf__fd_open(AT_FDCWD, path, O_RDONLY, &fd);
	if (err != 0) {
		return err;
	}
	char *text = NULL;
	size_t cap = 0;
	size_t len = 0;
	while (err == 0) {
		if (cap - len < 2) {
			cap = cap == 0 ? READ_FIRST : cap * 2;
			char *grown = cap > READ_MOST ? NULL : hf__realloc(text, cap);
			if (grown == NULL) {
				err = ENOMEM;
				break;
			}
			text = grown;
		}
		ssize_t n = read(fd, text + len, cap - len - 1);
		if (n == 0) {
			break;
		}
		if (n > 0) {
			len += (size_t)n;
		} else if (errno != EINTR) {
			err = errno;
		}
	}
	(void)close(fd); /* nothing was written through it */
	if (err != 0) {
		hf__free(text);
		return err;
	}
	text[len] = '\0';
	*out = text;
	*out_len = len;
	return 0;
}

int hf__check_random(void *buffer, size_t len)
{
	size_t done = 0;
	while (done < len) {
		ssize_t n = getrandom((char *)buffer + done, len - done, 0);
		if (n > 0) {
			done += (size_t)n;
		} else if (n == 0 || errno != EINTR) {
			return n == 0 ? EIO : errno;
		}
	}
	return 0;
}

static int hex_value(char c)
{
	if (c >= '0' && c <= '9') {
		return c - '0';
	}
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool hf__check_parse_boot_id(const char *text, size_t len, uint8_t out[16])
{
	size_t digits = 0;
	if (len < BOOT_ID_TEXT) {
		return false;
	}
	for (size_t i = 0; i < BOOT_ID_TEXT; i++) {
		bool dash = i == 8 || i == 13 || i == 18 || i == 23;
		int value = hex_value(text[i]);
		if (dash ? text[i] != '-' : value < 0) {
			return false;
		}
		if (!dash) {
			uint8_t *byte = &out[digits / 2];
			*byte = (uint8_t)(digits % 2 == 0 ? value << 4 : *byte | value);
			digits++;
		}
	}
	return true;
}

int hf__check_boot_id(uint8_t out[16])
{
	char *text = NULL;
	size_t len = 0;
	int err = file_slurp("/proc/sys/kernel/random/boot_id", &text, &len);
	if (err != 0) {
		return err;
	}
	if (!hf__check_parse_boot_id(text, len, out)) {
		err = EBADMSG;
	}
	hf__free(text);
	return err;
}

/* Cuts the next piece that ends in `end` (or with the text) off the front. */
static struct hf_bytes piece_next(struct hf_bytes *text, char end)
{
	struct hf_bytes piece = *text;
	const void *at = text->len == 0 ? NULL : memchr(text->data, end, text->len);
	if (at != NULL) {
		piece.len = (size_t)((const char *)at - (const char *)text->data);
	}
	size_t taken = at == NULL ? piece.len : piece.len + 1;
	text->data = (const uint8_t *)text->data + taken;
	text->len -= taken;
	return piece;
}

static bool piece_is(struct hf_bytes piece, const char *text)
{
	return piece.len == strlen(text) && memcmp(piece.data, text, piece.len) == 0;
}

static bool piece_is_number(struct hf_bytes piece, uint64_t number)
{
	char digits[24];
	struct hf__text text = {.data = digits, .cap = sizeof(digits)};
	hf__text_add(&text, "%" PRIu64, number);
	return piece_is(piece, digits);
}

/* "id parent device root point options tag... - type source super,options": the super block's options are last. */
bool hf__check_mount_option(const char *text, size_t len, uint64_t id, const char *option, bool *found)
{
	struct hf_bytes rest = {.data = (const uint8_t *)text, .len = len};
	*found = false;
	while (rest.len > 0) {
		struct hf_bytes line = piece_next(&rest, '\n');
		if (!piece_is_number(piece_next(&line, ' '), id)) {
			continue;
		}
		*found = true;
		while (line.len > 0 && !piece_is(piece_next(&line, ' '), "-")) {
		}
		(void)piece_next(&line, ' '); /* type */
		(void)piece_next(&line, ' '); /* source */
		while (line.len > 0) {
			if (piece_is(piece_next(&line, ','), option)) {
				return true;
			}
		}
		return false;
	}
	return false;
}

/* What cannot be looked up counts as volatile: refusing wrongly can be overridden, losing data cannot. */
static bool overlay_volatile(int dir)
{
	struct statx st;
	if (statx(dir, "", AT_EMPTY_PATH, STATX_MNT_ID, &st) != 0 || (st.stx_mask & STATX_MNT_ID) == 0) {
		return true;
	}
	char *text = NULL;
	size_t len = 0;
	if (file_slurp("/proc/self/mountinfo", &text, &len) != 0) {
		return true;
	}
	bool found = false;
	bool is_volatile = hf__check_mount_option(text, len, st.stx_mnt_id, "volatile", &found);
	hf__free(text);
	return is_volatile || !found;
}

int hf__check_filesystem(int dir, char *name, size_t cap)
{
	struct statfs fs;
	if (fstatfs(dir, &fs) != 0) {
		return errno;
	}
	uint32_t magic = (uint32_t)fs.f_type;
	const struct filesystem *known = NULL;
	for (size_t i = 0; i < sizeof(filesystems) / sizeof(filesystems[0]); i++) {
		if (filesystems[i].magic == magic) {
			known = &filesystems[i];
		}
	}
	struct hf__text text = {.data = name, .cap = cap};
	if (known == NULL) {
		hf__text_add(&text, "0x%08" PRIx32, magic);
		return 0;
	}
	bool is_volatile = magic == MAGIC_OVERLAY && overlay_volatile(dir);
	hf__text_add(&text, "%s%s", known->name, is_volatile ? " (volatile)" : "");
	return known->refused || is_volatile ? EOPNOTSUPP : 0;
}
