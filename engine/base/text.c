/* Text.
 *
 * Job: build one-line texts in fixed buffers (errors, describe), and hold the text rules that several operations share: base64url
 * for page tokens, cutting at a UTF-8 boundary, trimming, key parts.
 *
 * Happy path: pure functions over borrowed bytes; nothing allocates.
 *
 * Failure modes: a text that does not fit is cut, and stays a NUL-terminated string. Decoding accepts exactly what the encoder
 * writes, so that a page token has one spelling only. */
#include "base/text.h"

#include <stdarg.h>
#include <stdio.h>

#define QUOTED_MAX ((size_t)60)

void hf__text_add(struct hf__text *text, const char *format, ...)
{
	if (text->len >= text->cap) {
		return;
	}
	size_t room = text->cap - text->len; /* the NUL's place included */
	va_list arguments;
	va_start(arguments, format);
	int wanted = vsnprintf(text->data + text->len, room, format, arguments);
	va_end(arguments);
	if (wanted < 0) {
		text->data[text->len] = '\0'; /* a conversion that failed adds nothing */
	} else {
		text->len += (size_t)wanted < room ? (size_t)wanted : room - 1;
	}
}

void hf__text_add_quoted(struct hf__text *text, struct hf_bytes bytes)
{
	const uint8_t *at = bytes.data;
	hf__text_add(text, "\"");
	for (size_t i = 0; i < bytes.len && i < QUOTED_MAX; i++) {
		bool plain = at[i] >= 0x20 && at[i] < 0x7f && at[i] != '"' && at[i] != '\\';
		if (plain) {
			hf__text_add(text, "%c", at[i]);
		} else {
			hf__text_add(text, "\\x%02x", at[i]);
		}
	}
	/* The dots stand outside: inside they could be the caller's own. */
	hf__text_add(text, bytes.len > QUOTED_MAX ? "\"..." : "\"");
}

/* --- base64url ----------------------------------------------------------------------------------------------------------- */

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

size_t hf__base64url_encode(const void *data, size_t len, char *out)
{
	const uint8_t *at = data;
	size_t written = 0;
	uint32_t bits = 0;
	unsigned held = 0; /* bits not yet written: 0, 2 or 4 between bytes */
	for (size_t i = 0; i < len; i++) {
		bits = bits << 8 | at[i];
		for (held += 8; held >= 6; held -= 6) {
			out[written++] = alphabet[bits >> (held - 6) & 63];
		}
	}
	if (held) {
		out[written++] = alphabet[bits << (6 - held) & 63];
	}
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
		if (value < 0) {
			return false;
		}
		bits = bits << 6 | (uint32_t)value;
		held += 6;
		if (held >= 8) {
			held -= 8;
			out[written++] = (uint8_t)(bits >> held);
		}
	}
	/* Six bits left over: a letter too many. Ones among the left-over bits: the encoder writes zeros there. */
	if (held == 6 || (bits & ((1u << held) - 1)) != 0) {
		return false;
	}
	*out_len = written;
	return true;
}

/* --- Rules of the contract ----------------------------------------------------------------------------------------------- */

/* How long a sequence this lead byte begins, and the range its second byte must be in: that is where overlong forms, surrogates
 * and values above U+10FFFF show. 1 for every byte that begins no longer one. */
static size_t lead_length(uint8_t lead, uint8_t *low, uint8_t *high)
{
	*low = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
	*high = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
	if (lead >= 0xc2 && lead <= 0xdf) {
		return 2;
	}
	if (lead >= 0xe0 && lead <= 0xef) {
		return 3;
	}
	return lead >= 0xf0 && lead <= 0xf4 ? 4 : 1;
}

/* The length of the UTF-8 sequence at the start, 1 when there is none. len > 0. */
static size_t sequence_length(const uint8_t *at, size_t len)
{
	uint8_t low, high;
	size_t wanted = lead_length(at[0], &low, &high);
	if (wanted > len) {
		return 1;
	}
	for (size_t i = 1; i < wanted; i++) {
		if (at[i] < low || at[i] > high) {
			return 1;
		}
		low = 0x80;
		high = 0xbf;
	}
	return wanted;
}

struct hf_bytes hf__utf8_cut(struct hf_bytes bytes, size_t max)
{
	if (bytes.len <= max) {
		return bytes;
	}
	/* A lead byte is never inside another sequence, so the only one that the cut can hit begins at most 3 bytes before it. */
	const uint8_t *at = bytes.data;
	for (size_t back = 1; back <= 3 && back <= max; back++) {
		size_t start = max - back;
		if (sequence_length(at + start, bytes.len - start) > back) {
			return hf_bytes(at, start);
		}
	}
	return hf_bytes(at, max);
}

static bool byte_is_space(uint8_t byte)
{
	return byte == ' ' || (byte >= '\t' && byte <= '\r');
}

struct hf_bytes hf__trim(struct hf_bytes bytes)
{
	const uint8_t *at = bytes.data;
	size_t start = 0, end = bytes.len;
	while (start < end && byte_is_space(at[start])) {
		start++;
	}
	while (end > start && byte_is_space(at[end - 1])) {
		end--;
	}
	return end > start ? hf_bytes(at + start, end - start) : hf_bytes(NULL, 0);
}

bool hf__blank(struct hf_bytes bytes)
{
	return hf__trim(bytes).len == 0;
}

bool hf__key_part_ok(struct hf_bytes bytes, bool may_be_empty)
{
	if (bytes.len == 0) {
		return may_be_empty;
	}
	return bytes.len <= HF_KEY_MAX && memchr(bytes.data, '\0', bytes.len) == NULL;
}
