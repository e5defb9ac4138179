/* What the machine says about itself: for os/posix.c alone. */
#ifndef HF_OS_OS_CHECK_H
#define HF_OS_OS_CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

int hf__check_random(void *buffer, size_t len);
/* Zeros where the machine does not tell. 0, or ENOMEM. */
int hf__check_boot_id(uint8_t out[16]);
/* Can the file system under `dir` keep promises? As the seam's safe() says. */
int hf__check_filesystem(int dir, char *name, size_t cap, bool *is_volatile);

/* Exposed for tests: 36 characters of hexadecimal digits and dashes into 16 bytes. */
bool hf__check_parse_boot_id(const char *text, size_t len, uint8_t out[16]);
/* Exposed for tests: does the line of mount `id` in the text of a mountinfo file say that its
 * super block ignores syncs ("volatile" or "fsync=volatile")? *found: there is such a line. */
bool hf__check_mount_volatile(const char *text, size_t len, uint64_t id, bool *found);
/* Exposed for tests: may a store lie on a file system of this magic number, and does it live in
 * memory only? Its name, NULL for one that is unknown, which may. */
const char *hf__check_magic(uint32_t magic, bool *refused, bool *is_volatile);

#endif
