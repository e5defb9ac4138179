/* Numbers, durations, UTF-8 and base64. Each reader takes the whole of its text or says no: half
 * a number is a typing error, and "12 apples" must not become 12. Overflow is looked for before
 * it happens, by division. */
#include "print/text.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* --- Numbers ---------------------------------------------------------------------------------- */

bool text_parse_u64(const char *text, size_t len, uint64_t *out)
{
	uint64_t value = 0;
	if (len == 0)
		return false;
	for (size_t i = 0; i < len; i++) {
		const unsigned digit = (unsigned)(unsigned char)text[i] - '0';
		if (digit > 9 || value > (UINT64_MAX - digit) / 10)
			return false;
		value = value * 10 + digit;
	}
	*out = value;
	return true;
}

bool text_parse_i64(const char *text, size_t len, int64_t *out)
{
	const bool negative = len > 0 && text[0] == '-';
	uint64_t value = 0;
	if (!text_parse_u64(text + negative, len - negative, &value) ||
	    value > (uint64_t)INT64_MAX + negative)
		return false;
	/* INT64_MIN has no positive twin: negating as unsigned is defined for it as well. */
	*out = negative ? (int64_t)(0 - value) : (int64_t)value;
	return true;
}

bool text_parse_real(const char *text, double *out)
{
	char *end = NULL;
	if (text[0] == '\0' || isspace((unsigned char)text[0]))
		return false;
	errno = 0;
	*out = strtod(text, &end);
	/* Out of range: infinity for a finite text is an error, a number that is nearly nothing is
	 * not. */
	return *end == '\0' && !(errno == ERANGE && isinf(*out));
}

bool equal_bytes(struct hf_bytes a, struct hf_bytes b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

bool same_double(double a, double b)
{
	uint64_t x, y;
	memcpy(&x, &a, sizeof x);
	memcpy(&y, &b, sizeof y);
	return x == y;
}

void text_real(double value, char out[TEXT_REAL_SIZE])
{
	for (int digits = 15; digits <= 17; digits++) {
		snprintf(out, TEXT_REAL_SIZE, "%.*g", digits, value);
		if (strtod(out, NULL) == value)
			return;
	}
}

/* --- Durations -------------------------------------------------------------------------------- */

/* Microseconds of the unit; 0: no such unit. */
static int64_t unit_us(const char *unit)
{
	static const struct {
		const char *name;
		int64_t us;
	} units[] = {
	    {"", 1000000},     {"us", 1},           {"ms", 1000},         {"s", 1000000},
	    {"m", 60000000LL}, {"h", 3600000000LL}, {"d", 86400000000LL}, {"w", 604800000000LL}};
	for (size_t i = 0; i < sizeof units / sizeof *units; i++)
		if (strcmp(unit, units[i].name) == 0)
			return units[i].us;
	return 0;
}

/* Digits after the point as a share of one unit, cut below a microsecond. */
static int64_t fraction_us(const char *digits, size_t len, int64_t unit)
{
	int64_t sum = 0;
	for (size_t i = 0; i < len && unit > 0; i++) {
		/* Each step looks at a tenth of the unit before; what the division drops is less than a
		 * microsecond in all. */
		sum += unit * (digits[i] - '0') / 10;
		unit /= 10;
	}
	return sum;
}

bool text_parse_duration(const char *text, int64_t *us)
{
	const size_t whole = strspn(text, "0123456789");
	const bool point = text[whole] == '.';
	const char *fraction = text + whole + point;
	const size_t decimals = point ? strspn(fraction, "0123456789") : 0;
	const int64_t unit = unit_us(fraction + decimals);
	uint64_t count = 0;
	if (!text_parse_u64(text, whole, &count) || (point && decimals == 0) || unit == 0 ||
	    count >= (uint64_t)(INT64_MAX / unit))
		return false;
	*us = (int64_t)count * unit + fraction_us(fraction, decimals, unit);
	/* What is not 0 but less than a microsecond must not become 0, which means something else. */
	return *us != 0 || strspn(fraction, "0") >= decimals;
}

/* --- UTF-8 ------------------------------------------------------------------------------------ */

/* Bytes of the sequence that begins at `at`, 0 when it is none. */
static size_t sequence_len(const unsigned char *at, size_t left)
{
	const unsigned char lead = at[0];
	const size_t len = lead < 0x80                   ? 1
	                   : lead >= 0xc2 && lead < 0xe0 ? 2
	                   : lead >= 0xe0 && lead < 0xf0 ? 3
	                   : lead >= 0xf0 && lead < 0xf5 ? 4
	                                                 : 0;
	if (len == 0 || len > left)
		return 0;
	for (size_t i = 1; i < len; i++)
		if ((at[i] & 0xc0) != 0x80)
			return 0;
	/* Longer than needed, surrogates, beyond U+10FFFF: the second byte decides. */
	const bool bad = (lead == 0xe0 && at[1] < 0xa0) || (lead == 0xed && at[1] > 0x9f) ||
	                 (lead == 0xf0 && at[1] < 0x90) || (lead == 0xf4 && at[1] > 0x8f);
	return bad ? 0 : len;
}

bool text_is_utf8(const void *data, size_t len)
{
	const unsigned char *at = data;
	for (size_t i = 0; i < len;) {
		const size_t step = sequence_len(at + i, len - i);
		if (step == 0)
			return false;
		i += step;
	}
	return true;
}

/* U+0080 to U+009F, U+061C, U+200E and U+200F, U+2028 to U+202E, U+2066 to U+2069. */
static bool misleads(uint32_t code)
{
	return (code >= 0x80 && code <= 0x9f) || code == 0x61c || code == 0x200e || code == 0x200f ||
	       (code >= 0x2028 && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069);
}

size_t text_shown(const void *data, size_t len)
{
	const unsigned char *at = data;
	const size_t sequence = sequence_len(at, len);
	if (sequence <= 1)
		return sequence == 1 && at[0] >= 0x20 && at[0] != 0x7f;
	uint32_t code = at[0] & (0xffu >> (sequence + 1));
	for (size_t i = 1; i < sequence; i++)
		code = code << 6 | (at[i] & 63u);
	return misleads(code) ? 0 : sequence;
}

/* The length of the white space at the start; 0: none. */
static size_t space_len(const unsigned char *at, size_t left)
{
	const size_t len = left > 0 ? sequence_len(at, left) : 0;
	if (len <= 1)
		return len == 1 && (at[0] == ' ' || (at[0] >= '\t' && at[0] <= '\r'));
	uint32_t code = at[0] & (0xffu >> (len + 1));
	for (size_t i = 1; i < len; i++)
		code = code << 6 | (at[i] & 63u);
	const bool space = code == 0x85 || code == 0xa0 || code == 0x1680 ||
	                   (code >= 0x2000 && code <= 0x200a) || code == 0x2028 || code == 0x2029 ||
	                   code == 0x202f || code == 0x205f || code == 0x3000;
	return space ? len : 0;
}

struct hf_bytes text_trim(struct hf_bytes text)
{
	const unsigned char *at = text.data;
	size_t start = 0, end = text.len, kept;
	while (start < end && space_len(at + start, end - start) > 0)
		start += space_len(at + start, end - start);
	/* A byte of a character's inside begins none, so a space that ends here is one. */
	do {
		kept = end;
		for (size_t back = 1; back <= 3 && back <= end - start && kept == end; back++)
			end -= space_len(at + end - back, back) == back ? back : 0;
	} while (kept != end);
	return hf_bytes_of(at ? at + start : NULL, end - start);
}

/* --- base64 ----------------------------------------------------------------------------------- */

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

size_t text_base64_size(size_t len)
{
	return len / 3 * 4 + (len % 3 ? 4 : 0);
}

void text_base64(const void *data, size_t len, char *out)
{
	const unsigned char *in = data;
	for (size_t i = 0; i < len; i += 3) {
		const size_t left = len - i;
		const uint32_t bits = (uint32_t)in[i] << 16 | (left > 1 ? (uint32_t)in[i + 1] << 8 : 0) |
		                      (left > 2 ? in[i + 2] : 0u);
		*out++ = alphabet[bits >> 18];
		*out++ = alphabet[bits >> 12 & 63];
		*out++ = left > 1 ? alphabet[bits >> 6 & 63] : '=';
		*out++ = left > 2 ? alphabet[bits & 63] : '=';
	}
}

/* Value of a digit, 64 when it is none. */
static uint32_t digit_of(char c)
{
	const char *found = c ? strchr(alphabet, c) : NULL;
	return found ? (uint32_t)(found - alphabet) : 64;
}

bool text_parse_base64(const char *text, size_t len, void *out, size_t *out_len)
{
	unsigned char *to = out;
	size_t written = 0;
	if (len % 4 != 0)
		return false;
	for (size_t i = 0; i < len; i += 4) {
		/* Only the last four may be padded. */
		const size_t padding = i + 4 < len          ? 0
		                       : text[i + 3] != '=' ? 0
		                       : text[i + 2] != '=' ? 1
		                                            : 2;
		uint32_t bits = 0;
		for (size_t j = 0; j < 4; j++) {
			const uint32_t digit = j < 4 - padding ? digit_of(text[i + j]) : 0;
			if (digit > 63)
				return false;
			bits = bits << 6 | digit;
		}
		const unsigned char bytes[3] = {(unsigned char)(bits >> 16), (unsigned char)(bits >> 8),
		                                (unsigned char)bits};
		/* Bits that fall off must be zero: else two texts would mean the same bytes. */
		if ((padding >= 1 && bytes[2]) || (padding == 2 && bytes[1]))
			return false;
		memcpy(to + written, bytes, 3 - padding);
		written += 3 - padding;
	}
	*out_len = written;
	return true;
}
