/* What the machine says about itself: for os_posix.c alone. */
#ifndef HF_OS_OS_CHECK_H
#define HF_OS_OS_CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

int hf__check_random(void *buffer, size_t len);
int hf__check_boot_id(uint8_t out[16]);
/* Can the file system under `dir` keep promises? As the seam's safe() says. */
int hf__check_filesystem(int dir, char *name, size_t cap);

/* Exposed for tests: 36 characters of hexadecimal digits and dashes into 16 bytes. */
bool hf__check_parse_boot_id(const char *text, size_t len, uint8_t out[16]);
/* Exposed for tests: does the line of mount `id` in the text of a mountinfo file name the super block option? *found: there is such
 * a line. */
bool hf__check_mount_option(const char *text, size_t len, uint64_t id, const char *option, bool *found);

#endif
