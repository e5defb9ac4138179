/* Text into fixed buffers, and the few text rules of the contract. */
#ifndef HF_BASE_TEXT_H
#define HF_BASE_TEXT_H

#include <stdarg.h>

#include "base/bytes.h"
#include "holdfast/types.h"

/* Appends to a caller's buffer, always NUL-terminated, silently cut at its end, between two
 * characters of UTF-8. A zeroed text swallows everything. */
struct hf__text {
	char *data;
	size_t cap;
	size_t len;
};

__attribute__((format(printf, 2, 3))) void hf__text_add(struct hf__text *text, const char *format,
                                                        ...);
__attribute__((format(printf, 2, 0))) void hf__text_addv(struct hf__text *text, const char *format,
                                                         va_list arguments);

/* Refuses: says why, and gives the code. The second adds a name in quotes: why: "name". */
__attribute__((format(printf, 3, 4))) int hf__refuse(struct hf__text *why, int code,
                                                     const char *format, ...);
__attribute__((format(printf, 4, 5))) int
hf__refuse_named(struct hf__text *why, int code, struct hf_bytes name, const char *format, ...);

/* Bytes of the character of UTF-8 at the start that a terminal shows as one; 0: what stands
 * there is none (controls, marks that turn the direction of text, line separators, bytes that
 * are no UTF-8), and its first byte is to be escaped. len > 0. */
size_t hf__shown(const uint8_t *at, size_t len);
/* Bytes as people read them, in sentences and in the lines that describe entries: in double
 * quotes; what hf__shown() does not show, quotes and backslashes as \xNN; at most `max` bytes
 * between the quotes: more is cut in the middle, as "head"..."tail". */
#define HF__QUOTED_MAX 120u
void hf__text_add_quoted_within(struct hf__text *text, struct hf_bytes bytes, size_t max);
void hf__text_add_quoted(struct hf__text *text, struct hf_bytes bytes); /* within HF__QUOTED_MAX */
/* Plain names stay plain; whatever could be taken for something else is quoted. */
void hf__text_add_name(struct hf__text *text, struct hf_bytes name);

/* RFC 4648 URL-safe alphabet without padding. Encoded size of n bytes: (n * 4 + 2) / 3. Returns
 * the length written; out must have room for it plus a NUL. */
size_t hf__base64url_encode(const void *data, size_t len, char *out);
/* false for any character, length or left-over bit that the encoder would not have written. out
 * has room for len * 3 / 4. */
bool hf__base64url_decode(const char *text, size_t len, uint8_t *out, size_t *out_len);

/* The longest prefix of at most `max` bytes that does not cut a UTF-8 sequence in two; bytes
 * that are no UTF-8 count as one each. */
struct hf_bytes hf__utf8_cut(struct hf_bytes bytes, size_t max);
/* Without the white space at both ends: all code points with the property White_Space of
 * Unicode, in UTF-8. Bytes that are no UTF-8 are no white space. */
struct hf_bytes hf__trim(struct hf_bytes bytes);
/* Empty or white space only. */
bool hf__blank(struct hf_bytes bytes);
/* Are the bytes there? {NULL, n} with n above 0 is a broken form. */
static inline bool hf__bytes_there(struct hf_bytes bytes)
{
	return bytes.data || bytes.len == 0;
}
/* The form of contents: bytes that are there (HF_EINVAL), at most `max` of them (HF_ETOOBIG).
 * HF_OK, or the code with `why` about the `name`. */
HF_CHECKED int hf__check_bytes(const char *name, struct hf_bytes bytes, size_t max,
                               struct hf__text *why);
/* Fits the rule for key parts: 1 to HF_KEY_MAX bytes (0 too when empty is allowed), no NUL. */
static inline bool hf__key_part_ok(struct hf_bytes bytes, bool may_be_empty)
{
	if (bytes.len == 0)
		return may_be_empty;
	return bytes.data && bytes.len <= HF_KEY_MAX && !hf__has_nul(bytes.data, bytes.len);
}

#endif
