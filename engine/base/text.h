/* Text into fixed buffers, and the few text rules of the contract. */
#ifndef HF_BASE_TEXT_H
#define HF_BASE_TEXT_H

#include "holdfast/types.h"

/* Appends to a caller's buffer, always NUL-terminated, silently cut at its end. A zeroed text swallows everything. */
struct hf__text {
	char *data;
	size_t cap;
	size_t len;
};

__attribute__((format(printf, 2, 3))) void hf__text_add(struct hf__text *text, const char *format, ...);
/* In double quotes; bytes outside printable ASCII, quotes and backslashes as \xNN; cut after 60 bytes with "...". */
void hf__text_add_quoted(struct hf__text *text, struct hf_bytes bytes);

/* RFC 4648 URL-safe alphabet without padding. Encoded size of n bytes: (n * 4 + 2) / 3. Returns the length written; out must
 * have room for it plus a NUL. */
size_t hf__base64url_encode(const void *data, size_t len, char *out);
/* false for any character, length or left-over bit that the encoder would not have written. out has room for len * 3 / 4. */
bool hf__base64url_decode(const char *text, size_t len, uint8_t *out, size_t *out_len);

/* The longest prefix of at most `max` bytes that does not cut a UTF-8 sequence in two; bytes that are no UTF-8 count as one each. */
struct hf_bytes hf__utf8_cut(struct hf_bytes bytes, size_t max);
/* Without the ASCII white space (space, \t \n \v \f \r) at both ends. */
struct hf_bytes hf__trim(struct hf_bytes bytes);
/* Empty or ASCII white space only. */
bool hf__blank(struct hf_bytes bytes);
/* Fits the rule for key parts: 1 to HF_KEY_MAX bytes (0 too when empty is allowed), no NUL. */
bool hf__key_part_ok(struct hf_bytes bytes, bool may_be_empty);

#endif
