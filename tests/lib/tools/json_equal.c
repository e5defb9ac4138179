/* Two cursors walk through both texts side by side, token by token. */
#include "lib/tools/json_equal.h"

#include <stdio.h>
#include <string.h>

enum { DEPTH_MAX = 300 };

struct text {
	const char *start, *at, *end;
};

struct pair {
	struct text a, b;
	char *why;
	size_t size;
	unsigned depth;
};

static bool differ(struct pair *p, const char *what)
{
	snprintf(p->why, p->size, "%s: at byte %zu \"%.*s\" and at byte %zu \"%.*s\"", what,
	         (size_t)(p->a.at - p->a.start),
	         (int)(p->a.end - p->a.at < 40 ? p->a.end - p->a.at : 40), p->a.at,
	         (size_t)(p->b.at - p->b.start),
	         (int)(p->b.end - p->b.at < 40 ? p->b.end - p->b.at : 40), p->b.at);
	return false;
}

static void skip_space(struct text *t)
{
	while (t->at < t->end && (*t->at == ' ' || *t->at == '\t' || *t->at == '\r' || *t->at == '\n'))
		t->at++;
}

static char peek(struct text *t)
{
	skip_space(t);
	return t->at < t->end ? *t->at : '\0';
}

/* --- Strings ---------------------------------------------------------------------------------- */

static int hex(char c)
{
	return c >= '0' && c <= '9'   ? c - '0'
	       : c >= 'a' && c <= 'f' ? c - 'a' + 10
	       : c >= 'A' && c <= 'F' ? c - 'A' + 10
	                              : -1;
}

static bool read_unit(struct text *t, unsigned *unit)
{
	*unit = 0;
	if (t->end - t->at < 4)
		return false;
	for (int i = 0; i < 4; i++) {
		const int digit = hex(*t->at++);
		if (digit < 0)
			return false;
		*unit = *unit << 4 | (unsigned)digit;
	}
	return true;
}

static bool read_escape(struct text *t, unsigned *code)
{
	static const char letters[] = "\"\\/bfnrt", values[] = "\"\\/\b\f\n\r\t";
	if (t->at == t->end)
		return false;
	const char c = *t->at++;
	const char *found = c ? strchr(letters, c) : NULL;
	if (found) {
		*code = (unsigned char)values[found - letters];
		return true;
	}
	unsigned low;
	if (c != 'u' || !read_unit(t, code))
		return false;
	if (*code < 0xD800 || *code > 0xDBFF || t->end - t->at < 6 || t->at[0] != '\\' ||
	    t->at[1] != 'u')
		return true; /* half a pair stands for itself */
	struct text ahead = *t;
	ahead.at += 2;
	if (read_unit(&ahead, &low) && low >= 0xDC00 && low <= 0xDFFF) {
		*code = 0x10000 + ((*code - 0xD800) << 10) + (low - 0xDC00);
		t->at = ahead.at;
	}
	return true;
}

static bool read_utf8(struct text *t, unsigned *code)
{
	const unsigned char first = (unsigned char)*t->at++;
	const int more = first < 0x80 ? 0 : first < 0xE0 ? 1 : first < 0xF0 ? 2 : 3;
	*code = more == 0 ? first : first & (0x3Fu >> more);
	if (t->end - t->at < more)
		return false;
	for (int i = 0; i < more; i++)
		*code = *code << 6 | ((unsigned char)*t->at++ & 0x3Fu);
	return true;
}

/* 1: a character; 0: the end of the string, behind which the text is now; -1: broken. */
static int read_character(struct text *t, unsigned *code)
{
	if (t->at == t->end || (unsigned char)*t->at < 0x20)
		return -1;
	if (*t->at == '"') {
		t->at++;
		return 0;
	}
	if (*t->at != '\\')
		return read_utf8(t, code) ? 1 : -1;
	t->at++;
	return read_escape(t, code) ? 1 : -1;
}

static bool same_strings(struct pair *p)
{
	unsigned a = 0, b = 0;
	if (peek(&p->a) != '"' || peek(&p->b) != '"')
		return differ(p, "not both are strings");
	p->a.at++;
	p->b.at++;
	for (;;) {
		const struct pair here = *p;
		const int more_a = read_character(&p->a, &a), more_b = read_character(&p->b, &b);
		if (more_a < 0 || more_b < 0 || more_a != more_b || (more_a && a != b)) {
			*p = here;
			return differ(p, "strings differ");
		}
		if (!more_a)
			return true;
	}
}

/* --- Values ----------------------------------------------------------------------------------- */

static bool same_values(struct pair *p);

static bool is_end(char c)
{
	return c == '\0' || strchr(" \t\r\n,]}:\"[{", c);
}

/* Numbers, true, false, null: letters up to what ends them. */
static size_t word_length(const struct text *t)
{
	const char *at = t->at;
	while (at < t->end && !is_end(*at))
		at++;
	return (size_t)(at - t->at);
}

static bool same_words(struct pair *p)
{
	const size_t len = word_length(&p->a);
	if (len == 0 || len != word_length(&p->b) || memcmp(p->a.at, p->b.at, len) != 0)
		return differ(p, "numbers or words differ");
	p->a.at += len;
	p->b.at += len;
	return true;
}

static bool same_char(struct pair *p, char c)
{
	if (peek(&p->a) != c || peek(&p->b) != c)
		return false;
	p->a.at++;
	p->b.at++;
	return true;
}

static bool same_members(struct pair *p, bool named, char close)
{
	p->a.at++;
	p->b.at++;
	if (same_char(p, close))
		return true;
	do {
		if (named && (!same_strings(p) || !same_char(p, ':')))
			return *p->why ? false : differ(p, "members differ");
		if (!same_values(p))
			return false;
	} while (same_char(p, ','));
	return same_char(p, close) ||
	       differ(p, named ? "objects differ in length" : "arrays differ in length");
}

static bool same_values(struct pair *p)
{
	const char c = peek(&p->a);
	if (c != peek(&p->b))
		return differ(p, "values differ");
	if (p->depth == DEPTH_MAX)
		return differ(p, "too deep");
	p->depth++;
	const bool same = c == '{'   ? same_members(p, true, '}')
	                  : c == '[' ? same_members(p, false, ']')
	                  : c == '"' ? same_strings(p)
	                             : same_words(p);
	p->depth--;
	return same;
}

bool json_equal(const char *a, size_t a_len, const char *b, size_t b_len, char *why, size_t size)
{
	struct pair p = {.a = {a, a, a + a_len}, .b = {b, b, b + b_len}, .why = why, .size = size};
	why[0] = '\0';
	if (!same_values(&p))
		return false;
	return (peek(&p.a) == '\0' && p.a.at == p.a.end && peek(&p.b) == '\0' && p.b.at == p.b.end) ||
	       differ(&p, "more behind the value");
}
