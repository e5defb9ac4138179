/* Texts are put together from lists of odd pieces. Keys have their number in them, so that no
 * two are the same. */
#include "lib/tools/json_random.h"

#include <stdio.h>
#include <string.h>

#define PICK(rng, list) ((list)[hf_rng_below((rng), sizeof(list) / sizeof *(list))])

/* --- Values ----------------------------------------------------------------------------------- */

static const char *const numbers[] = {"0",
                                      "-0",
                                      "1.0",
                                      "1E+2",
                                      "1e400",
                                      "-1e-400",
                                      "12345678901234567890",
                                      "0.10",
                                      "-0.0",
                                      "5e-324",
                                      "0e0",
                                      "123e-2",
                                      "9007199254740993",
                                      "1e0001",
                                      "-1E-07",
                                      "3.14159265358979323846264338327950288",
                                      "18446744073709551616",
                                      "42"};

/* Pieces of strings that any text may have. */
static const char *const pieces[] = {"a",
                                     "Zoë",
                                     "\\\"",
                                     "\\\\",
                                     "\\/",
                                     "\\b\\f\\n\\r\\t",
                                     "\\u00e9",
                                     "\\u00E9",
                                     "e\\u0301",
                                     "e\xCC\x81",
                                     "\\ud83d\\ude80",
                                     "🚀",
                                     "\xE2\x80\xA8",
                                     "\xF4\x8F\xBF\xBF",
                                     "\\uFFFF",
                                     "\x7F",
                                     "  ",
                                     "C:\\\\temp",
                                     "\xEF\xBB\xBF",
                                     "日本",
                                     "'"};

/* And those that no key can have: NUL, halves of surrogate pairs. */
static const char *const wild[] = {"\\u0000", "\\ud800", "\\uDC00", "\\u001f"};

static void space(struct hf_rng *rng, struct buffer *to)
{
	static const char *const spaces[] = {" ", "\n", "\t", "\r\n", "   "};
	while (hf_rng_chance(rng, 1, 5))
		buffer_text(to, PICK(rng, spaces));
}

static void letters(struct hf_rng *rng, struct buffer *to, bool any)
{
	for (uint64_t count = hf_rng_below(rng, 5); count; count--)
		buffer_text(to, any && hf_rng_chance(rng, 1, 8) ? PICK(rng, wild) : PICK(rng, pieces));
}

static void string(struct hf_rng *rng, struct buffer *to)
{
	buffer_text(to, "\"");
	letters(rng, to, true);
	buffer_text(to, "\"");
}

static void value(struct hf_rng *rng, struct buffer *to, unsigned depth);

static void container(struct hf_rng *rng, struct buffer *to, unsigned depth, bool object)
{
	buffer_text(to, object ? "{" : "[");
	space(rng, to);
	for (uint64_t left = hf_rng_below(rng, 4); left; left--) {
		if (object) {
			string(rng, to);
			space(rng, to);
			buffer_text(to, ":");
		}
		value(rng, to, depth + 1);
		buffer_text(to, left > 1 ? "," : "");
		space(rng, to);
	}
	buffer_text(to, object ? "}" : "]");
}

static void value(struct hf_rng *rng, struct buffer *to, unsigned depth)
{
	static const char *const words[] = {"true", "false", "null"};
	space(rng, to);
	switch (hf_rng_below(rng, depth < 5 ? 6 : 4)) {
	case 0:
		buffer_text(to, PICK(rng, words));
		break;
	case 1:
	case 2:
		buffer_text(to, PICK(rng, numbers));
		break;
	case 3:
		string(rng, to);
		break;
	default:
		container(rng, to, depth, hf_rng_chance(rng, 1, 2));
	}
	space(rng, to);
}

/* --- Objects of members in any order ---------------------------------------------------------- */

enum { MEMBERS_MAX = 12 };

struct members {
	struct buffer text[MEMBERS_MAX]; /* "name":value */
	size_t count;
};

static struct buffer *begin(struct members *m, const char *name)
{
	struct buffer *to = &m->text[m->count++];
	buffer_format(to, "\"%s\":", name);
	return to;
}

/* Members nobody knows. */
static void add_unknown(struct hf_rng *rng, struct members *m)
{
	for (uint64_t count = hf_rng_below(rng, 4); count; count--) {
		struct buffer *to = &m->text[m->count++];
		buffer_text(to, "\"x");
		letters(rng, to, true);
		buffer_text(to, "\":");
		value(rng, to, 2);
	}
}

static void shuffle(struct hf_rng *rng, struct members *m)
{
	for (size_t i = m->count; i > 1; i--) {
		const size_t other = (size_t)hf_rng_below(rng, i);
		const struct buffer moved = m->text[i - 1];
		m->text[i - 1] = m->text[other];
		m->text[other] = moved;
	}
}

static void finish(struct hf_rng *rng, struct members *m, struct buffer *to)
{
	buffer_text(to, "{");
	for (size_t i = 0; i < m->count; i++) {
		space(rng, to);
		buffer_add(to, m->text[i].data, m->text[i].len);
		space(rng, to);
		buffer_text(to, i + 1 < m->count ? "," : "");
		buffer_free(&m->text[i]);
	}
	buffer_text(to, "}");
	m->count = 0;
}

static void key(struct hf_rng *rng, struct buffer *to, size_t number)
{
	buffer_format(to, "\"%zu", number);
	letters(rng, to, false);
	buffer_text(to, "\"");
}

/* --- Outbox ----------------------------------------------------------------------------------- */

static void entry(struct hf_rng *rng, size_t number, struct members *m)
{
	static const char *const attempts[] = {"0", "3", "2.0", "1E+1", "-0", "4294967295", "0.5e1"};
	static const char *const times[] = {
	    "1600000000000",         "1.6e12",       "1600000000000.5", "-5", "0",
	    "1600000000000.1234567", "1600000000123"};
	static const char *const statuses[] = {"\"queued\"", "\"failed\"", "\"sending\"",
	                                       "\"queu\\u0065d\""};
	key(rng, begin(m, "id"), number);
	value(rng, begin(m, "item"), 0);
	if (!hf_rng_chance(rng, 1, 6))
		buffer_text(begin(m, "status"), PICK(rng, statuses));
	if (!hf_rng_chance(rng, 1, 6))
		buffer_text(begin(m, "attempts"), PICK(rng, attempts));
	if (!hf_rng_chance(rng, 1, 6))
		buffer_text(begin(m, "enqueuedAt"), PICK(rng, times));
	/* As the program itself writes them, or not. */
	if (hf_rng_chance(rng, 1, 2)) {
		add_unknown(rng, m);
		shuffle(rng, m);
	}
}

/* The text with every "status":"sending" of an entry as "queued". Nothing random has these
 * letters. */
static void expect_queued(const struct buffer *from, struct buffer *to)
{
	static const char was[] = "\"status\":\"sending\"", is[] = "\"status\":\"queued\"";
	const char *at = from->data, *found;
	for (; (found = strstr(at, was)); at = found + sizeof was - 1) {
		buffer_add(to, at, (size_t)(found - at));
		buffer_text(to, is);
	}
	buffer_text(to, at);
}

void json_random_outbox(struct hf_rng *rng, size_t entries, struct buffer *file,
                        struct buffer *expected)
{
	struct members m = {0};
	const size_t count = (size_t)hf_rng_below(rng, entries + 1);
	buffer_clear(file);
	buffer_clear(expected);
	space(rng, file);
	buffer_text(file, "[");
	for (size_t i = 0; i < count; i++) {
		entry(rng, i, &m);
		finish(rng, &m, file);
		buffer_text(file, i + 1 < count ? "," : "");
		space(rng, file);
	}
	buffer_text(file, "]");
	space(rng, file);
	expect_queued(file, expected);
}

/* --- Notifications ---------------------------------------------------------------------------- */

static const char *const times[] = {"\"2026-11-20T09:30:00Z\"",
                                    "\"2026-11-20T09:30:00.5+02:00\"",
                                    "\"2026-11-20T09:30:00.123456789Z\"",
                                    "\"2024-02-29T23:59:59.999999Z\"",
                                    "null",
                                    "\"1969-12-31T23:59:59Z\"",
                                    "\"2026-11-20T09:30:00.000000Z\""};

static void notification(struct hf_rng *rng, size_t number, struct members *m)
{
	static const char *const accounts[] = {"\"primary\"", "\"work\"", "\"\"", "\"w\\u00f6rk\""};
	static const char *const scores[] = {"0",
	                                     "-0",
	                                     "1.0",
	                                     "1E+2",
	                                     "-0.0",
	                                     "61.213",
	                                     "1e-400",
	                                     "1.7976931348623157e308",
	                                     "12345678901234567890",
	                                     "0.10"};
	static const char *const flags[] = {"true", "false"};
	key(rng, begin(m, "thread_id"), number);
	if (!hf_rng_chance(rng, 1, 4))
		buffer_text(begin(m, "account_id"), PICK(rng, accounts));
	if (!hf_rng_chance(rng, 1, 4))
		buffer_text(begin(m, "unread"), PICK(rng, flags));
	if (!hf_rng_chance(rng, 1, 4))
		buffer_text(begin(m, "dismissed"), PICK(rng, flags));
	if (!hf_rng_chance(rng, 1, 4))
		buffer_text(begin(m, "score"), PICK(rng, scores));
	if (!hf_rng_chance(rng, 1, 4))
		buffer_text(begin(m, "updated_at"), PICK(rng, times));
	add_unknown(rng, m);
	shuffle(rng, m);
}

void json_random_inbox(struct hf_rng *rng, size_t records, struct buffer *file)
{
	struct members top = {0}, m = {0};
	const size_t count = (size_t)hf_rng_below(rng, records + 1);
	if (!hf_rng_chance(rng, 1, 5))
		buffer_text(begin(&top, "generated_at"), PICK(rng, times));
	struct buffer *list = begin(&top, "notifications");
	buffer_text(list, "[");
	for (size_t i = 0; i < count; i++) {
		space(rng, list);
		notification(rng, i, &m);
		finish(rng, &m, list);
		buffer_text(list, i + 1 < count ? "," : "");
	}
	space(rng, list);
	buffer_text(list, "]");
	if (!hf_rng_chance(rng, 1, 3))
		value(rng, begin(&top, "poller_status"), 1);
	if (hf_rng_chance(rng, 1, 2)) {
		add_unknown(rng, &top);
		shuffle(rng, &top);
	}
	buffer_clear(file);
	finish(rng, &top, file);
}
