/* Text.
 *
 * Job: build one-line texts in fixed buffers (errors, describe), and hold the text rules that
 * several operations share: what of a caller's bytes is shown to people and how, base64url for
 * page tokens, cutting at a UTF-8 boundary, trimming, key parts.
 *
 * Happy path: pure functions over borrowed bytes; nothing allocates.
 *
 * Failure modes: a text that does not fit is cut, and stays a NUL-terminated string. Decoding
 * accepts exactly what the encoder writes, so that a page token has one spelling only. */
#include "base/text.h"

#include <stdio.h>

/* --- UTF-8 ------------------------------------------------------------------------------------ */

/* How long a sequence this lead byte begins, and the range its second byte must be in: that is
 * where overlong forms, surrogates and values above U+10FFFF show. 1 for every byte that begins
 * no longer one. */
static size_t lead_length(uint8_t lead, uint8_t *low, uint8_t *high)
{
	*low = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
	*high = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
	if (lead >= 0xc2 && lead <= 0xdf)
		return 2;
	if (lead >= 0xe0 && lead <= 0xef)
		return 3;
	return lead >= 0xf0 && lead <= 0xf4 ? 4 : 1;
}

/* The length of the UTF-8 sequence at the start, 1 when there is none. len > 0. */
static size_t sequence_length(const uint8_t *at, size_t len)
{
	uint8_t low, high;
	size_t wanted = lead_length(at[0], &low, &high);
	if (wanted > len)
		return 1;
	for (size_t i = 1; i < wanted; i++) {
		if (at[i] < low || at[i] > high)
			return 1;
		low = 0x80;
		high = 0xbf;
	}
	return wanted;
}

/* --- Adding ----------------------------------------------------------------------------------- */

/* The length without a sequence at the end that the end of the buffer cut in two. */
static size_t without_cut_sequence(const char *data, size_t len)
{
	uint8_t low, high;
	for (size_t back = 1; back <= 3 && back <= len; back++) {
		const uint8_t byte = (uint8_t)data[len - back];
		if (byte < 0x80 || byte > 0xbf)
			return lead_length(byte, &low, &high) > back ? len - back : len;
	}
	return len;
}

void hf__text_addv(struct hf__text *text, const char *format, va_list arguments)
{
	if (text->len >= text->cap)
		return;
	size_t room = text->cap - text->len; /* the NUL's place included */
	int wanted = vsnprintf(text->data + text->len, room, format, arguments);
	if (wanted < 0) {
		text->data[text->len] = '\0'; /* a conversion that failed adds nothing */
	} else if ((size_t)wanted < room) {
		text->len += (size_t)wanted;
	} else {
		text->len = without_cut_sequence(text->data, text->cap - 1);
		text->data[text->len] = '\0';
		text->cap = text->len + 1; /* full: what comes later must not stand behind what was cut */
	}
}

void hf__text_add(struct hf__text *text, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	hf__text_addv(text, format, arguments);
	va_end(arguments);
}

int hf__refuse(struct hf__text *why, int code, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	hf__text_addv(why, format, arguments);
	va_end(arguments);
	return code;
}

int hf__refuse_named(struct hf__text *why, int code, struct hf_bytes name, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	hf__text_addv(why, format, arguments);
	va_end(arguments);
	hf__text_add(why, ": ");
	hf__text_add_quoted(why, name);
	return code;
}

/* --- Quoting ---------------------------------------------------------------------------------- */

/* Controls of the second kind (U+0080 to U+009F), U+061C, U+200E and U+200F, U+2028 to U+202E,
 * U+2066 to U+2069. */
static bool misleads(const uint8_t *at, size_t len)
{
	if (len == 2)
		return (at[0] == 0xc2 && at[1] < 0xa0) || (at[0] == 0xd8 && at[1] == 0x9c);
	if (len != 3 || at[0] != 0xe2)
		return false;
	if (at[1] == 0x80)
		return at[2] == 0x8e || at[2] == 0x8f || (at[2] >= 0xa8 && at[2] <= 0xae);
	return at[1] == 0x81 && at[2] >= 0xa6 && at[2] <= 0xa9;
}

size_t hf__shown(const uint8_t *at, size_t len)
{
	if (at[0] < 0x80)
		return at[0] >= 0x20 && at[0] != 0x7f;
	const size_t sequence = sequence_length(at, len);
	return sequence > 1 && !misleads(at, sequence) ? sequence : 0;
}

/* One step of quoting: so many bytes come in, so many go out. */
struct quoted {
	size_t in, out;
};

static struct quoted quoted_at(struct hf_bytes bytes, size_t i)
{
	const uint8_t *at = (const uint8_t *)bytes.data + i;
	const size_t shown = *at == '"' || *at == '\\' ? 0 : hf__shown(at, bytes.len - i);
	return shown ? (struct quoted){shown, shown} : (struct quoted){1, 4};
}

static void add_range(struct hf__text *text, struct hf_bytes bytes, size_t from, size_t to)
{
	const uint8_t *at = bytes.data;
	while (from < to) {
		const struct quoted step = quoted_at(bytes, from);
		if (step.out > step.in)
			hf__text_add(text, "\\x%02x", at[from]);
		else
			hf__text_add(text, "%.*s", (int)step.in, (const char *)at + from);
		from += step.in;
	}
}

/* Where the last `room` bytes of the quoted text begin. However long it is, only its end is looked
 * at: no byte goes out as nothing. */
static size_t tail_of(struct hf_bytes bytes, size_t room)
{
	const uint8_t *at = bytes.data;
	size_t tail = bytes.len > room ? bytes.len - room : 0, left = 0;
	while (tail > 0 && (at[tail] & 0xc0) == 0x80 && bytes.len - tail < room + 4)
		tail--; /* perhaps in the middle of a character */
	for (size_t i = tail; i < bytes.len;) {
		const struct quoted step = quoted_at(bytes, i);
		left += step.out;
		i += step.in;
	}
	while (left > room) {
		const struct quoted step = quoted_at(bytes, tail);
		left -= step.out;
		tail += step.in;
	}
	return tail;
}

void hf__text_add_quoted_within(struct hf__text *text, struct hf_bytes bytes, size_t max)
{
	size_t total = 0, head = 0;
	if (!bytes.data || bytes.len > PTRDIFF_MAX)
		bytes.len = 0; /* a form that is about to be refused */
	for (size_t i = 0; i < bytes.len && total <= max;) {
		const struct quoted step = quoted_at(bytes, i);
		total += step.out;
		i += step.in;
		head = total <= max / 2 ? i : head;
	}
	hf__text_add(text, "\"");
	if (total <= max) {
		add_range(text, bytes, 0, bytes.len);
	} else {
		const size_t tail = tail_of(bytes, max / 2);
		add_range(text, bytes, 0, head);
		/* the dots stand outside: inside they could be the caller's own */
		hf__text_add(text, "\"...\"");
		add_range(text, bytes, tail, bytes.len);
	}
	hf__text_add(text, "\"");
}

void hf__text_add_quoted(struct hf__text *text, struct hf_bytes bytes)
{
	hf__text_add_quoted_within(text, bytes, HF__QUOTED_MAX);
}

void hf__text_add_name(struct hf__text *text, struct hf_bytes name)
{
	const uint8_t *at = name.data;
	bool plain = name.len > 0 && name.len <= 60;
	for (size_t i = 0; i < name.len && plain; i++)
		plain = at[i] > ' ' && at[i] < 0x7f && at[i] != '"' && at[i] != '\\' && at[i] != '/';
	if (plain)
		hf__text_add(text, "%.*s", (int)name.len, (const char *)at);
	else
		hf__text_add_quoted(text, name);
}

/* --- base64url -------------------------------------------------------------------------------- */

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

size_t hf__base64url_encode(const void *data, size_t len, char *out)
{
	const uint8_t *at = data;
	size_t written = 0;
	uint32_t bits = 0;
	unsigned held = 0; /* bits not yet written: 0, 2 or 4 between bytes */
	for (size_t i = 0; i < len; i++) {
		bits = bits << 8 | at[i];
		for (held += 8; held >= 6; held -= 6)
			out[written++] = alphabet[bits >> (held - 6) & 63];
	}
	if (held)
		out[written++] = alphabet[bits << (6 - held) & 63];
	out[written] = '\0';
	return written;
}

/* 0 to 63, or -1. */
static int letter_value(char c)
{
	const char *found = c ? strchr(alphabet, c) : NULL; /* strchr would find the NUL, too */
	return found ? (int)(found - alphabet) : -1;
}

bool hf__base64url_decode(const char *text, size_t len, uint8_t *out, size_t *out_len)
{
	size_t written = 0;
	uint32_t bits = 0;
	unsigned held = 0;
	for (size_t i = 0; i < len; i++) {
		int value = letter_value(text[i]);
		if (value < 0)
			return false;
		bits = bits << 6 | (uint32_t)value;
		held += 6;
		if (held >= 8) {
			held -= 8;
			out[written++] = (uint8_t)(bits >> held);
		}
	}
	/* Six bits left over: a letter too many. Ones among the left-over bits: the encoder writes
	 * zeros there. */
	if (held == 6 || (bits & ((1u << held) - 1)) != 0)
		return false;
	*out_len = written;
	return true;
}

/* --- Rules of the contract -------------------------------------------------------------------- */

struct hf_bytes hf__utf8_cut(struct hf_bytes bytes, size_t max)
{
	if (bytes.len <= max)
		return bytes;
	/* A lead byte is never inside another sequence, so the only one that the cut can hit begins
	 * at most 3 bytes before it. */
	const uint8_t *at = bytes.data;
	for (size_t back = 1; back <= 3 && back <= max; back++) {
		size_t start = max - back;
		if (sequence_length(at + start, bytes.len - start) > back)
			return hf_bytes_of(at, start);
	}
	return hf_bytes_of(at, max);
}

/* The length of the white space at the start; 0: there is none. */
static size_t space_length(const uint8_t *at, size_t len)
{
	if (len >= 1 && at[0] < 0x80)
		return at[0] == ' ' || (at[0] >= '\t' && at[0] <= '\r');
	if (len >= 2 && at[0] == 0xc2)
		return at[1] == 0x85 || at[1] == 0xa0 ? 2 : 0;
	if (len < 3)
		return 0;
	const uint32_t code = (at[0] & 15u) << 12 | (at[1] & 63u) << 6 | (at[2] & 63u);
	const bool space = code == 0x1680 || (code >= 0x2000 && code <= 0x200a) || code == 0x2028 ||
	                   code == 0x2029 || code == 0x202f || code == 0x205f || code == 0x3000;
	return space && sequence_length(at, len) == 3 ? 3 : 0;
}

struct hf_bytes hf__trim(struct hf_bytes bytes)
{
	const uint8_t *at = bytes.data;
	size_t start = 0, end = bytes.len, step;
	if (!at || bytes.len > HF_PAYLOAD_MAX)
		return bytes; /* its end is not looked at: the check of the length refuses it */
	while ((step = space_length(at + start, end - start)) > 0)
		start += step;
	for (size_t back = 1; back <= 3 && back <= end - start; back++) {
		/* No byte inside a sequence begins one: what ends here as white space does not begin
		 * inside another character. */
		if (space_length(at + end - back, back) == back) {
			end -= back;
			back = 0;
		}
	}
	return end > start ? hf_bytes_of(at + start, end - start) : hf_bytes_of(NULL, 0);
}

bool hf__blank(struct hf_bytes bytes)
{
	return hf__trim(bytes).len == 0;
}

int hf__check_bytes(const char *name, struct hf_bytes bytes, size_t max, struct hf__text *why)
{
	if (!hf__bytes_there(bytes)) {
		hf__text_add(why, "the %s has a length and no bytes", name);
		return HF_EINVAL;
	}
	if (bytes.len <= max)
		return HF_OK;
	hf__text_add(why, "the %s has %zu bytes, more than %zu", name, bytes.len, max);
	return HF_ETOOBIG;
}
