/* What the machine says about itself: which boot this is, and whether the file system below can
 * keep a promise.
 *
 * Refused is what is not there: file systems that are served from elsewhere, by another machine,
 * another program (FUSE) or the host of a virtual machine, whose locks, renames or syncs are not
 * what they seem, or hold on this side only, so that two mounts of one directory admit two
 * writers; and an overlay that ignores every sync. Everything else is taken at its word: a list
 * of the good ones would refuse the next good one. What lives in memory is taken and reported. */
#include "os/check.h"

#include "base/mem.h"
#include "base/text.h"
#include "os/fd.h"

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
	enum { TAKEN, REFUSED, IN_MEMORY } how;
	const char *name;
};

enum { MAGIC_OVERLAY = 0x794c7630 };

static const struct filesystem filesystems[] = {
    {0x6969, REFUSED, "nfs"},          {0x517b, REFUSED, "smb"},
    {0xff534d42, REFUSED, "cifs"},     {0xfe534d42, REFUSED, "smb2"},
    {0x01021997, REFUSED, "9p"},       {0x65735546, REFUSED, "fuse"},
    {0x00c36400, REFUSED, "ceph"},     {0x0bd00bd0, REFUSED, "lustre"},
    {0x47504653, REFUSED, "gpfs"},     {0x5346414f, REFUSED, "afs"},
    {0x6b414653, REFUSED, "afs"},      {0x786f4256, REFUSED, "vboxsf"},
    {0x73757245, REFUSED, "coda"},     {0x564c, REFUSED, "ncp"},
    {0x19830326, REFUSED, "beegfs"},   {0x20030528, REFUSED, "orangefs"},
    {0xaad7aaea, REFUSED, "panfs"},    {0xbacbacbc, REFUSED, "vmhgfs"},
    {MAGIC_OVERLAY, TAKEN, "overlay"}, {0xef53, TAKEN, "ext4"},
    {0x58465342, TAKEN, "xfs"},        {0x9123683e, TAKEN, "btrfs"},
    {0x2fc12fc1, TAKEN, "zfs"},        {0xf2f52010, TAKEN, "f2fs"},
    {0xca451a4e, TAKEN, "bcachefs"},   {0x01021994, IN_MEMORY, "tmpfs"},
    {0x858458f6, IN_MEMORY, "ramfs"},
};

/* All of a small file of the kernel's, whose size fstat() does not know. NUL-terminated;
 * hf__free it. */
static int file_slurp(const char *path, char **out, size_t *out_len)
{
	int fd = -1;
	int err = hf__fd_open(AT_FDCWD, path, O_RDONLY, &fd);
	if (err != 0)
		return err;
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
		if (n == 0)
			break;
		if (n > 0)
			len += (size_t)n;
		else if (errno != EINTR)
			err = errno;
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
		if (n > 0)
			done += (size_t)n;
		else if (n == 0 || errno != EINTR)
			return n == 0 ? EIO : errno;
	}
	return 0;
}

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool hf__check_parse_boot_id(const char *text, size_t len, uint8_t out[16])
{
	size_t digits = 0;
	if (len < BOOT_ID_TEXT)
		return false;
	for (size_t i = 0; i < BOOT_ID_TEXT; i++) {
		bool dash = i == 8 || i == 13 || i == 18 || i == 23;
		int value = hex_value(text[i]);
		if (dash ? text[i] != '-' : value < 0)
			return false;
		if (!dash) {
			uint8_t *byte = &out[digits / 2];
			*byte = (uint8_t)(digits % 2 == 0 ? value << 4 : *byte | value);
			digits++;
		}
	}
	return true;
}

/* A machine without /proc, or one that keeps it from us, has an unknown boot id. */
int hf__check_boot_id(uint8_t out[16])
{
	char *text = NULL;
	size_t len = 0;
	const int err = file_slurp("/proc/sys/kernel/random/boot_id", &text, &len);
	if (err != 0 || !hf__check_parse_boot_id(text, len, out))
		memset(out, 0, 16);
	hf__free(text);
	return err == ENOMEM ? err : 0;
}

/* Cuts the next piece that ends in `end` (or with the text) off the front. */
static struct hf_bytes piece_next(struct hf_bytes *text, char end)
{
	struct hf_bytes piece = *text;
	const void *at = text->len == 0 ? NULL : memchr(text->data, end, text->len);
	if (at != NULL)
		piece.len = (size_t)((const char *)at - (const char *)text->data);
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

/* "id parent device root point options tag... - type source super,options": the super block's
 * options are last. */
bool hf__check_mount_volatile(const char *text, size_t len, uint64_t id, bool *found)
{
	struct hf_bytes rest = {.data = (const uint8_t *)text, .len = len};
	*found = false;
	while (rest.len > 0) {
		struct hf_bytes line = piece_next(&rest, '\n');
		if (!piece_is_number(piece_next(&line, ' '), id))
			continue;
		*found = true;
		while (line.len > 0 && !piece_is(piece_next(&line, ' '), "-")) {
		}
		(void)piece_next(&line, ' '); /* type */
		(void)piece_next(&line, ' '); /* source */
		while (line.len > 0) {
			const struct hf_bytes option = piece_next(&line, ',');
			if (piece_is(option, "volatile") || piece_is(option, "fsync=volatile"))
				return true;
		}
		return false;
	}
	return false;
}

enum ignoring { SYNCS, IGNORES, UNKNOWN };

/* "mnt_id:", blanks, digits in a line of what /proc says of a descriptor. */
static bool mount_of(const char *text, size_t len, uint64_t *id)
{
	struct hf_bytes rest = {.data = (const uint8_t *)text, .len = len};
	while (rest.len > 0) {
		struct hf_bytes line = piece_next(&rest, '\n');
		if (!piece_is(piece_next(&line, '\t'), "mnt_id:") || line.len == 0)
			continue;
		*id = 0;
		for (size_t i = 0; i < line.len; i++) {
			const uint8_t c = ((const uint8_t *)line.data)[i];
			if (c < '0' || c > '9')
				return false;
			*id = *id * 10 + (uint64_t)(c - '0');
		}
		return true;
	}
	return false;
}

/* What cannot be looked up is refused: refusing wrongly can be overridden, losing data cannot. */
static enum ignoring overlay_ignores_syncs(int dir)
{
	char path[48] = "";
	struct hf__text name = {.data = path, .cap = sizeof(path)};
	char *text = NULL;
	size_t len = 0;
	uint64_t id = 0;
	bool found = false;
	hf__text_add(&name, "/proc/self/fdinfo/%d", dir);
	if (file_slurp(path, &text, &len) != 0)
		return UNKNOWN;
	const bool told = mount_of(text, len, &id);
	hf__free(text);
	if (!told || file_slurp("/proc/self/mountinfo", &text, &len) != 0)
		return UNKNOWN;
	const bool ignores = hf__check_mount_volatile(text, len, id, &found);
	hf__free(text);
	return !found ? UNKNOWN : ignores ? IGNORES : SYNCS;
}

const char *hf__check_magic(uint32_t magic, bool *refused, bool *is_volatile)
{
	*refused = *is_volatile = false;
	for (size_t i = 0; i < sizeof(filesystems) / sizeof(filesystems[0]); i++) {
		if (filesystems[i].magic == magic) {
			*refused = filesystems[i].how == REFUSED;
			*is_volatile = filesystems[i].how == IN_MEMORY;
			return filesystems[i].name;
		}
	}
	return NULL;
}

int hf__check_filesystem(int dir, char *name, size_t cap, bool *is_volatile)
{
	struct statfs fs;
	struct hf__text text = {.data = name, .cap = cap};
	bool refused;
	*is_volatile = false;
	if (fstatfs(dir, &fs) != 0)
		return errno;
	const uint32_t magic = (uint32_t)fs.f_type;
	const char *known = hf__check_magic(magic, &refused, is_volatile);
	if (known == NULL) {
		hf__text_add(&text, "0x%08" PRIx32, magic);
		return 0;
	}
	const enum ignoring how = magic == MAGIC_OVERLAY ? overlay_ignores_syncs(dir) : SYNCS;
	static const char *const words[] = {"", ", volatile", ", perhaps volatile (no /proc)"};
	*is_volatile = *is_volatile || how == IGNORES;
	hf__text_add(&text, "%s%s", known, words[how]);
	return refused || how != SYNCS ? EOPNOTSUPP : 0;
}
