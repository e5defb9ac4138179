/* JSON, written into a buffer. What comes out is correct when every value follows its name;
 * braces are the caller's. Out of memory is remembered in buffer->failed. */
#ifndef TOOLS_JSON_WRITE_H
#define TOOLS_JSON_WRITE_H

#include "holdfast/types.h"
#include "print/buffer.h"

static inline struct hf_bytes buffer_bytes(const struct buffer *buffer)
{
	return hf_bytes_of(buffer->data, buffer->len);
}

void json_put_bytes(struct buffer *to, struct hf_bytes text); /* as they are */
/* with the escapes that JSON demands and no others; `text` must be UTF-8 */
void json_put_string(struct buffer *to, struct hf_bytes text);
/* A member's name, and the comma before it unless it is the first of its object. */
void json_put_name(struct buffer *to, const char *name);

/* Members. Bytes that are no UTF-8 are put under NAME_base64; infinite numbers, which JSON has
 * not, as strings; HF_UNSET as null. */
void json_put_member(struct buffer *to, const char *name, struct hf_bytes value);
void json_put_text(struct buffer *to, const char *name, const char *value);
void json_put_bool(struct buffer *to, const char *name, bool value);
void json_put_u64(struct buffer *to, const char *name, uint64_t value); /* as a string */
void json_put_i64(struct buffer *to, const char *name, int64_t value); /* as a string */
void json_put_int(struct buffer *to, const char *name, long value); /* as a number */
void json_put_real(struct buffer *to, const char *name, double value);
void json_put_time(struct buffer *to, const char *name, hf_time value);

#endif
