/* Descriptors that the caller gave: files, pipes, sockets, for reading or writing from front to
 * end. They stay the caller's. 0 or an errno value. */
#ifndef HF_OS_STREAM_H
#define HF_OS_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* For reading, close-on-exec; links are followed, a pipe is waited for. */
int hf__stream_open(const char *path, int *out);
void hf__stream_close(int fd);

/* All of it. A reader that went away is EPIPE and no signal, a limit on sizes EFBIG. One that does
 * not block is waited for. */
int hf__stream_write(int fd, const void *data, size_t len);
/* A regular file is synced; for what else there is nothing to be done. */
int hf__stream_sync(int fd);
/* Up to `len` bytes; *got is 0 at the end. */
int hf__stream_read(int fd, void *buffer, size_t len, size_t *got);

/* Can it be read at any place? Then what lies behind its present position is `size` bytes from
 * `begin` on. */
bool hf__stream_seekable(int fd, uint64_t *begin, uint64_t *size);
/* `len` bytes; *got < len only at the end. */
int hf__stream_read_at(int fd, void *buffer, size_t len, uint64_t at, size_t *got);

#endif
