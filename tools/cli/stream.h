/* Bytes from and to descriptors that may be anything: files, pipes, terminals, sockets. One that a
 * process shares with others may be non-blocking by their choice; then it is waited for. */
#ifndef TOOLS_STREAM_H
#define TOOLS_STREAM_H

#include <stddef.h>

/* Reads until `len` bytes are there or the stream ends: *got of them. 0 or errno. */
int stream_read(int fd, void *buffer, size_t len, size_t *got);
/* Writes all. 0 or errno. */
int stream_write(int fd, const void *data, size_t len);

#endif
