/* Spellings: times as RFC 3339, bytes as base64, durations, numbers, UTF-8. Pure functions;
 * nothing here knows of commands or JSON. */
#ifndef TOOLS_TEXT_H
#define TOOLS_TEXT_H

#include "holdfast/types.h"

enum { TEXT_TIME_SIZE = 48, TEXT_REAL_SIZE = 32 };

/* 2026-11-20T09:30:00.000000Z; years beyond 0000 to 9999, and HF_UNSET, give @MICROSECONDS,
 * which text_parse_time() reads as well. */
void text_time(hf_time time, char out[TEXT_TIME_SIZE]);
/* RFC 3339 with up to six digits of fraction (more must be zeros) and Z or an offset, or
 * @MICROSECONDS. The whole of `text`. */
HF_CHECKED bool text_parse_time(const char *text, size_t len, hf_time *out);
/* The same for what others wrote: a time without Z or an offset is UTC. */
HF_CHECKED bool text_parse_time_utc(const char *text, size_t len, hf_time *out);

/* The shortest decimal that reads back as the same double. */
void text_real(double value, char out[TEXT_REAL_SIZE]);
/* The very same double: zeros of both signs differ. */
bool same_double(double a, double b);
bool equal_bytes(struct hf_bytes a, struct hf_bytes b);

/* 250us, 250ms, 30s, 5m, 2h, 7d or a plain number of seconds, whole or decimal; not negative. */
HF_CHECKED bool text_parse_duration(const char *text, int64_t *us);
/* decimal digits only */
HF_CHECKED bool text_parse_u64(const char *text, size_t len, uint64_t *out);
HF_CHECKED bool text_parse_i64(const char *text, size_t len, int64_t *out);
HF_CHECKED bool text_parse_real(const char *text, double *out);

/* Bytes of the character at the start that is shown to people as it is; 0: its first byte is to
 * be escaped, being a control, part of a mark that turns the direction of text or of a line
 * separator, or no UTF-8. The library's sentences follow the same rule. len > 0. */
size_t text_shown(const void *data, size_t len);
/* Without the white space (as Unicode has it) at both ends, as the store takes the parts of a
 * cursor's key. */
struct hf_bytes text_trim(struct hf_bytes text);
/* Is it valid UTF-8: shortest forms, no surrogates, up to U+10FFFF? */
bool text_is_utf8(const void *data, size_t len);

/* Standard base64 with padding. Size of the encoding, without a NUL; both write no NUL. */
size_t text_base64_size(size_t len);
void text_base64(const void *data, size_t len, char *out);
/* `out` has room for len / 4 * 3 bytes. Only the canonical encoding is taken. */
HF_CHECKED bool text_parse_base64(const char *text, size_t len, void *out, size_t *out_len);

#endif
