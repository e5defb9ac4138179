/* What the text of a JSON value stands for. The texts were parsed before, so their form is known
 * to be right; what is checked here is whether the value fits. */
#include "json/json_in.h"

#include <math.h>
#include <stdlib.h>

/* --- Strings ---------------------------------------------------------------------------------- */

static unsigned hex4(const char *text)
{
	unsigned value = 0;
	for (int i = 0; i < 4; i++) {
		const char c = text[i];
		value = value << 4 | (unsigned)(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
	}
	return value;
}

static char *put_utf8(char *out, unsigned code)
{
	if (code < 0x80) {
		*out++ = (char)code;
		return out;
	}
	if (code < 0x800) {
		*out++ = (char)(0xC0 | code >> 6);
	} else if (code < 0x10000) {
		*out++ = (char)(0xE0 | code >> 12);
		*out++ = (char)(0x80 | (code >> 6 & 0x3F));
	} else {
		*out++ = (char)(0xF0 | code >> 18);
		*out++ = (char)(0x80 | (code >> 12 & 0x3F));
		*out++ = (char)(0x80 | (code >> 6 & 0x3F));
	}
	*out++ = (char)(0x80 | (code & 0x3F));
	return out;
}

/* Reads what follows `\u`. NULL: half of a surrogate pair. */
static const char *take_code(const char *at, const char *end, unsigned *code)
{
	*code = hex4(at);
	at += 4;
	if (*code < 0xD800 || *code > 0xDFFF)
		return at;
	if (*code > 0xDBFF || end - at < 6 || at[0] != '\\' || at[1] != 'u')
		return NULL;
	const unsigned low = hex4(at + 2);
	if (low < 0xDC00 || low > 0xDFFF)
		return NULL;
	*code = 0x10000 + ((*code - 0xD800) << 10) + (low - 0xDC00);
	return at + 6;
}

static char plain_escape(char c)
{
	static const char letters[] = "bfnrt", values[] = "\b\f\n\r\t";
	const char *found = strchr(letters, c);
	return found ? values[found - letters] : c;
}

bool json_string(struct hf_bytes value, char **out, size_t *len)
{
	const char *at = (const char *)value.data + 1, *end = (const char *)value.data + value.len - 1;
	char *to = malloc(value.len + 1); /* no escape is shorter than what it stands for */
	*out = to;
	*len = 0;
	if (!to)
		return false;
	while (at < end) {
		unsigned code;
		if (*at != '\\') {
			*to++ = *at++;
		} else if (at[1] != 'u') {
			*to++ = plain_escape(at[1]);
			at += 2;
		} else {
			at = take_code(at + 2, end, &code);
			if (!at)
				return false;
			to = put_utf8(to, code);
		}
	}
	*to = '\0';
	*len = (size_t)(to - *out);
	return true;
}

/* --- Numbers ---------------------------------------------------------------------------------- */

/* A number's text taken apart: digits with `point` of them before the decimal point (possibly
 * negative or beyond the digits). */
struct decimal {
	const char *text, *end; /* mantissa, with its point */
	bool negative;
	int64_t point;
};

/* An exponent beyond any that matters is cut to one that still decides everything. */
static int64_t read_exponent(const char *at, const char *end)
{
	const bool negative = at < end && *at == '-';
	int64_t value = 0;
	if (at < end && (*at == '-' || *at == '+'))
		at++;
	for (; at < end; at++)
		if (value < INT64_C(1) << 40)
			value = value * 10 + (*at - '0');
	return negative ? -value : value;
}

static struct decimal take_apart(struct hf_bytes value)
{
	const char *at = value.data, *end = at + value.len;
	struct decimal d = {.negative = *at == '-'};
	if (d.negative)
		at++;
	d.text = d.end = at;
	while (d.end < end && *d.end != 'e' && *d.end != 'E')
		d.end++;
	const char *point = memchr(at, '.', (size_t)(d.end - at));
	d.point = (point ? point : d.end) - at;
	if (d.end < end)
		d.point += read_exponent(d.end + 1, end);
	return d;
}

/* value * 10 + digit on the negative side, where there is room for one more. */
static bool append_digit(int64_t *value, int digit)
{
	return !__builtin_mul_overflow(*value, 10, value) &&
	       !__builtin_sub_overflow(*value, digit, value);
}

bool json_integer(struct hf_bytes value, int scale, int64_t *out, bool *exact)
{
	const struct decimal d = take_apart(value);
	int64_t wanted = d.point + scale; /* digits that count */
	int64_t sum = 0;
	*exact = true;
	for (const char *at = d.text; at < d.end; at++) {
		if (*at == '.')
			continue;
		if (wanted > 0 && !append_digit(&sum, *at - '0'))
			return false;
		if (wanted-- <= 0 && *at != '0')
			*exact = false;
	}
	for (; wanted > 0 && sum != 0; wanted--)
		if (!append_digit(&sum, 0))
			return false;
	if (!d.negative && sum == INT64_MIN)
		return false;
	*out = d.negative ? sum : -sum;
	return true;
}

bool json_real(struct hf_bytes value, double *out)
{
	char *text = malloc(value.len + 1);
	if (!text)
		return false;
	memcpy(text, value.data, value.len);
	text[value.len] = '\0';
	*out = strtod(text, NULL);
	free(text);
	return isfinite(*out);
}
