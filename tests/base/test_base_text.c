/* tier: fast */
/* Text that never overflows, base64url with one spelling only, and the text rules of the
 * contract. */
#include <sys/mman.h>

#include "base/bytes.h"
#include "base/text.h"
#include "lib/rng.h"
#include "lib/test.h"
#include "print/text.h"

static bool bytes_are(struct hf_bytes bytes, const char *text)
{
	return hf__bytes_equal(bytes, hf_str(text));
}

static void text_is_cut_at_the_end_of_its_buffer(void **state)
{
	(void)state;
	for (size_t cap = 1; cap < 12; cap++) {
		char *exact = malloc(cap);
		assert_non_null(exact);
		struct hf__text text = {exact, cap, 0};
		hf__text_add(&text, "%d-%s", 12, "abc");
		hf__text_add(&text, "%s", "xyz");
		assert_memory_equal(exact, "12-abcxyz", text.len);
		assert_int_equal(text.len, cap > 9 ? 9 : cap - 1);
		assert_int_equal(exact[text.len], 0);
		free(exact);
	}
	struct hf__text nowhere = {0};
	hf__text_add(&nowhere, "%s", "swallowed");
	hf__text_add_quoted(&nowhere, hf_str("swallowed"));
	assert_int_equal(nowhere.len, 0);
}

static void quoted_bytes_are_escaped_and_cut(void **state)
{
	(void)state;
	char buffer[400], expected[200];
	struct hf__text text = {buffer, sizeof buffer, 0};
	hf__text_add_quoted(&text, hf_bytes_of("a\"b\\c\n\0~\x7f\xff ", 11));
	assert_string_equal(buffer, "\"a\\x22b\\x5cc\\x0a\\x00~\\x7f\\xff \"");
	char letters[121];
	memset(letters, 'k', sizeof letters);
	memset(expected, 'k', sizeof expected);
	expected[0] = expected[121] = '"';
	text.len = 0;
	hf__text_add_quoted(&text, hf_bytes_of(letters, 120));
	expected[122] = 0;
	assert_string_equal(buffer, expected);
	text.len = 0;
	hf__text_add_quoted(&text, hf_bytes_of(letters, 121)); /* 60 of each end */
	memcpy(expected + 61, "\"...\"", 5);
	memset(expected + 66, 'k', 60);
	strcpy(expected + 126, "\"");
	assert_string_equal(buffer, expected);
	text.len = 0;
	hf__text_add_quoted(&text, hf_bytes_of(NULL, 0));
	assert_string_equal(buffer, "\"\"");
}

static size_t encode(uint32_t code, char out[4])
{
	if (code < 0x80)
		return (void)(out[0] = (char)code), 1;
	const size_t len = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
	for (size_t i = len; i-- > 1; code >>= 6)
		out[i] = (char)(0x80 | (code & 63));
	out[0] = (char)((0xf00u >> len & 0xff) | code);
	return len;
}

/* Every code point, and every byte alone: the library and the tool show the same, and hide
 * exactly what could mislead. */
static void what_is_shown_is_valid_utf8_that_misleads_nobody(void **state)
{
	(void)state;
	for (uint32_t code = 0; code <= 0x10ffff; code++) {
		char text[4];
		const size_t len = encode(code, text);
		const bool surrogate = code >= 0xd800 && code <= 0xdfff;
		const bool control = code < 0x20 || (code >= 0x7f && code <= 0x9f);
		const bool turns = code == 0x61c || code == 0x200e || code == 0x200f ||
		                   (code >= 0x202a && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069);
		const bool hidden = surrogate || control || turns || code == 0x2028 || code == 0x2029;
		assert_int_equal(hf__shown((const uint8_t *)text, len), hidden ? 0 : len);
		assert_int_equal(text_shown(text, len), hidden ? 0 : len);
		if (len > 1)
			assert_int_equal(hf__shown((const uint8_t *)text, len - 1), 0);
	}
	for (unsigned byte = 0x80; byte < 0x100; byte++) {
		const uint8_t alone = (uint8_t)byte;
		assert_int_equal(hf__shown(&alone, 1), 0);
		assert_int_equal(text_shown(&alone, 1), 0);
	}
}

/* A wrong length must cost no more than a refusal: what lies between the ends is not looked at. */
static void of_quoted_bytes_without_end_only_both_ends_are_read(void **state)
{
	enum { PAGE = 4096 };
	const size_t size = (size_t)1 << 30;
	char buffer[256] = "";
	struct hf__text text = {buffer, sizeof buffer, 0};
	char *letters = mmap(NULL, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	(void)state;
	assert_ptr_not_equal(letters, MAP_FAILED);
	assert_int_equal(mprotect(letters, PAGE, PROT_READ | PROT_WRITE), 0);
	assert_int_equal(mprotect(letters + size - PAGE, PAGE, PROT_READ | PROT_WRITE), 0);
	memset(letters, 'a', PAGE);
	memset(letters + size - PAGE, 'z', PAGE);
	hf__text_add_quoted_within(&text, hf_bytes_of(letters, size), 8);
	assert_string_equal(buffer, "\"aaaa\"...\"zzzz\"");
	memcpy(letters + size - 5, "\xd0\xb7\xd0\xb7.", 5);
	text.len = 0;
	hf__text_add_quoted_within(&text, hf_bytes_of(letters, size), 8);
	assert_string_equal(buffer, "\"aaaa\"...\"\xd0\xb7.\"");
	assert_int_equal(munmap(letters, size), 0);
	/* No object is that long. */
	text.len = 0;
	hf__text_add_quoted(&text, hf_bytes_of("x", SIZE_MAX));
	assert_string_equal(buffer, "\"\"");
}

static void quoted_text_is_cut_in_the_middle_between_characters(void **state)
{
	(void)state;
	char buffer[64];
	struct hf__text text = {buffer, sizeof buffer, 0};
	hf__text_add_quoted_within(&text, hf_str("\xd0\xb7\xd0\xb0\xd0\xba\xd0\xb0\xd0\xb7"), 10);
	assert_string_equal(buffer, "\"\xd0\xb7\xd0\xb0\xd0\xba\xd0\xb0\xd0\xb7\"");
	text.len = 0;
	/* halves of 4 bytes */
	hf__text_add_quoted_within(&text, hf_str("\xd0\xb7\xd0\xb0\xd0\xba\xd0\xb0\xd0\xb7"), 9);
	assert_string_equal(buffer, "\"\xd0\xb7\xd0\xb0\"...\"\xd0\xb0\xd0\xb7\"");
	text.len = 0;
	/* an escape has four: it fits whole or not at all */
	hf__text_add_quoted_within(&text, hf_str("a\nb\nc"), 9);
	assert_string_equal(buffer, "\"a\"...\"c\"");
	text.len = 0;
	hf__text_add_quoted_within(&text, (struct hf_bytes){NULL, 5}, 9);
	assert_string_equal(buffer, "\"\"");
}

static void the_end_of_a_buffer_cuts_between_characters(void **state)
{
	(void)state;
	const char *letters = "a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80";
	for (size_t cap = 1; cap < 13; cap++) {
		char buffer[16];
		struct hf__text text = {buffer, cap, 0};
		hf__text_add(&text, "%s", letters);
		assert_true(text_is_utf8(buffer, strlen(buffer)));
		assert_int_equal(strlen(buffer), hf__utf8_cut(hf_str(letters), cap - 1).len);
		const size_t len = text.len;
		hf__text_add(&text, "z");
		assert_int_equal(text.len, len + (cap > 11));
	}
}

/* --- base64url -------------------------------------------------------------------------------- */

static bool decodes(const char *text, const char *expected)
{
	uint8_t out[64];
	size_t len = 0;
	return hf__base64url_decode(text, strlen(text), out, &len) &&
	       bytes_are(hf_bytes_of(out, len), expected);
}

static bool refused(const char *text, size_t len)
{
	uint8_t out[64];
	size_t out_len;
	return !hf__base64url_decode(text, len, out, &out_len);
}

static void base64url_knows_the_vectors_of_the_rfc(void **state)
{
	(void)state;
	static const char *const pairs[][2] = {
	    {"", ""},           {"f", "Zg"},          {"fo", "Zm8"},          {"foo", "Zm9v"},
	    {"foob", "Zm9vYg"}, {"fooba", "Zm9vYmE"}, {"foobar", "Zm9vYmFy"}, {"\xfb\xff", "-_8"}};
	for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
		char out[32];
		assert_int_equal(hf__base64url_encode(pairs[i][0], strlen(pairs[i][0]), out),
		                 strlen(pairs[i][1]));
		assert_string_equal(out, pairs[i][1]);
		assert_true(decodes(pairs[i][1], pairs[i][0]));
	}
}

static void base64url_round_trips_in_exactly_the_room_it_asks_for(void **state)
{
	(void)state;
	struct hf_rng rng = hf_rng_for("base64url");
	for (size_t len = 0; len < 100; len++) {
		uint8_t data[100];
		size_t text_len = (len * 4 + 2) / 3, out_len = 0;
		char *text = malloc(text_len + 1);
		uint8_t *out = malloc(text_len * 3 / 4 + 1);
		assert_true(text && out);
		hf_rng_fill(&rng, data, len);
		assert_int_equal(hf__base64url_encode(data, len, text), text_len);
		assert_int_equal(strlen(text), text_len);
		assert_true(hf__base64url_decode(text, text_len, out, &out_len));
		assert_int_equal(out_len, len);
		assert_memory_equal(out, data, len);
		free(text);
		free(out);
	}
}

static void base64url_refuses_every_other_spelling(void **state)
{
	(void)state;
	assert_true(refused("Zg==", 4)); /* padding */
	assert_true(refused("Z", 1)); /* no byte has one letter */
	assert_true(refused("Zm9vY", 5));
	assert_true(refused("Zh", 2)); /* left-over bits: Zg is the spelling */
	assert_true(refused("Zm9", 3));
	assert_true(refused("Zm+v", 4)); /* the other alphabet */
	assert_true(refused("Zm/v", 4));
	assert_true(refused("Zm v", 4));
	assert_true(refused("Zm9v\n", 5));
	assert_true(refused("Zm\0v", 4));
	assert_true(refused("Zm\xe9v", 4));
}

/* Whatever decodes must encode to the same text again; tried for all texts of up to two letters
 * and many of three. */
static void base64url_texts_have_one_meaning_and_bytes_one_text(void **state)
{
	(void)state;
	struct hf_rng rng = hf_rng_for("one spelling");
	size_t accepted = 0;
	for (uint32_t i = 0; i < 300000; i++) {
		char text[3], again[8];
		size_t len = i < 256 ? 1 : i < 256 + 65536 ? 2 : 3;
		uint32_t value = len == 3 ? (uint32_t)hf_rng_next(&rng) : i - (len == 2 ? 256 : 0);
		for (size_t k = 0; k < len; k++)
			text[k] = (char)(value >> 8 * k & 0xff);
		uint8_t out[8];
		size_t out_len = 0;
		if (hf__base64url_decode(text, len, out, &out_len)) {
			accepted++;
			assert_int_equal(hf__base64url_encode(out, out_len, again), len);
			assert_memory_equal(again, text, len);
		}
	}
	assert_true(accepted >= 256); /* one byte each in two letters, and some of three */
}

/* --- UTF-8 ------------------------------------------------------------------------------------ */

/* The length of the sequence at `at`, by decoding its value: the definition, not the trick. */
static size_t model_length(const uint8_t *at, size_t left)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	size_t len = at[0] >= 0xf8 ? 1 : at[0] >= 0xf0 ? 4 : at[0] >= 0xe0 ? 3 : at[0] >= 0xc0 ? 2 : 1;
	if (len == 1 || len > left)
		return 1;
	uint32_t value = at[0] & (0xffu >> (len + 1));
	for (size_t i = 1; i < len; i++) {
		if ((at[i] & 0xc0) != 0x80)
			return 1;
		value = value << 6 | (at[i] & 0x3fu);
	}
	bool surrogate = value >= 0xd800 && value <= 0xdfff;
	return value < least[len] || value > 0x10ffff || surrogate ? 1 : len;
}

static size_t model_cut(const uint8_t *data, size_t len, size_t max)
{
	size_t at = 0;
	while (at < len) {
		size_t next = at + model_length(data + at, len - at);
		if (next > max)
			break;
		at = next;
	}
	return at;
}

static void utf8_cut_matches_a_reading_from_the_start(void **state)
{
	(void)state;
	/* Bytes at the borders of every rule, so that random strings of them often are sequences,
	 * and often nearly are. */
	static const uint8_t borders[] = {'a',  0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc1,
	                                  0xc2, 0xdf, 0xe0, 0xe1, 0xec, 0xed, 0xee, 0xef, 0xf0, 0xf1,
	                                  0xf3, 0xf4, 0xf5, 0xf8, 0xff, 0x80, 0xbf, 0x9f};
	struct hf_rng rng = hf_rng_for("utf8");
	for (int round = 0; round < 60000; round++) {
		uint8_t data[12];
		size_t len = (size_t)hf_rng_below(&rng, sizeof data + 1);
		for (size_t i = 0; i < len; i++)
			data[i] = borders[hf_rng_below(&rng, sizeof borders)];
		for (size_t max = 0; max <= len + 1; max++) {
			struct hf_bytes cut = hf__utf8_cut(hf_bytes_of(data, len), max);
			assert_int_equal(cut.len, model_cut(data, len, max));
			assert_true(cut.len == 0 || cut.data == data);
		}
	}
}

static void utf8_cut_keeps_whole_characters(void **state)
{
	(void)state;
	const char *text = "a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80z"; /* 1, 2, 3, 4 and 1 bytes */
	static const size_t expected[] = {0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10, 11, 11};
	for (size_t max = 0; max < sizeof expected / sizeof *expected; max++)
		assert_int_equal(hf__utf8_cut(hf_str(text), max).len, expected[max]);
	assert_int_equal(hf__utf8_cut(hf_bytes_of("\x80\x80\x80\x80", 4), 3).len, 3);
	assert_int_equal(hf__utf8_cut(hf_bytes_of(NULL, 0), 0).len, 0);
}

/* --- Trim and keys ---------------------------------------------------------------------------- */

static void trim_takes_white_space_off_both_ends_only(void **state)
{
	(void)state;
	assert_true(bytes_are(hf__trim(hf_str(" \t\n\v\f\r a b \r\n")), "a b"));
	assert_true(bytes_are(hf__trim(hf_str("x")), "x"));
	assert_int_equal(hf__trim(hf_bytes_of("\0 a \0", 5)).len, 5);
	assert_true(bytes_are(hf__trim(hf_str("\xe3\x80\x80 \xc2\xa0"
	                                      "a\xe2\x80\x83"
	                                      "b\xc2\x85\xe2\x80\xa8")),
	                      "a\xe2\x80\x83"
	                      "b"));
	/* the neighbours of \t and \r */
	assert_true(bytes_are(hf__trim(hf_str("\x08\x0e")), "\x08\x0e"));
	/* Half a character, a byte alone, a spelling that is too long: no UTF-8, so no white space. */
	static const char *const kept[] = {"\xe3\x80", "\x85",         "\xa0",     "\xc2",
	                                   "\xc0\xa0", "\xe0\x82\xa0", "\xe2\x80", "\xf0\x82\x80\x80"};
	for (size_t i = 0; i < sizeof kept / sizeof *kept; i++)
		assert_true(bytes_are(hf__trim(hf_str(kept[i])), kept[i]));
	assert_int_equal(hf__trim(hf_str(" \t ")).len, 0);
	assert_int_equal(hf__trim(hf_bytes_of(NULL, 0)).len, 0);
}

static void white_space_is_what_unicode_calls_so(void **state)
{
	(void)state;
	static const uint32_t spaces[] = {0x09,   0x0a,   0x0b,   0x0c,   0x0d,   0x20,   0x85,
	                                  0xa0,   0x1680, 0x2000, 0x2001, 0x2002, 0x2003, 0x2004,
	                                  0x2005, 0x2006, 0x2007, 0x2008, 0x2009, 0x200a, 0x2028,
	                                  0x2029, 0x202f, 0x205f, 0x3000};
	size_t known = 0;
	for (uint32_t code = 0; code <= 0x10ffff; code++) {
		char text[9] = {0};
		const bool space = known < sizeof spaces / sizeof *spaces && spaces[known] == code;
		const size_t len = encode(code, text);
		assert_int_equal(hf__blank(hf_bytes_of(text, len)), space);
		assert_int_equal(text_trim(hf_bytes_of(text, len)).len == 0, space);
		text[len] = 'x';
		(void)encode(code, text + len + 1);
		assert_int_equal(hf__trim(hf_bytes_of(text, 2 * len + 1)).len, space ? 1 : 2 * len + 1);
		assert_int_equal(text_trim(hf_bytes_of(text, 2 * len + 1)).len, space ? 1 : 2 * len + 1);
		known += space;
	}
	assert_int_equal(known, sizeof spaces / sizeof *spaces);
}

static void blank_is_empty_or_space_only(void **state)
{
	(void)state;
	assert_true(hf__blank(hf_bytes_of(NULL, 0)));
	assert_true(hf__blank(hf_str("")));
	assert_true(hf__blank(hf_str(" \t\n\v\f\r")));
	assert_false(hf__blank(hf_str(" . ")));
	assert_false(hf__blank(hf_bytes_of("\0", 1)));
}

static void key_parts_are_1_to_512_bytes_without_nul(void **state)
{
	(void)state;
	char key[HF_KEY_MAX + 1];
	memset(key, 0xfe, sizeof key);
	for (size_t len = 1; len <= HF_KEY_MAX; len++)
		assert_true(hf__key_part_ok(hf_bytes_of(key, len), false));
	assert_false(hf__key_part_ok(hf_bytes_of(key, HF_KEY_MAX + 1), false));
	assert_false(hf__key_part_ok(hf_bytes_of(key, HF_KEY_MAX + 1), true));
	assert_false(hf__key_part_ok(hf_bytes_of(NULL, 0), false));
	assert_false(hf__key_part_ok(hf_bytes_of(NULL, 5), true));
	assert_true(hf__key_part_ok(hf_bytes_of(NULL, 0), true));
	for (size_t at = 0; at < HF_KEY_MAX; at++) {
		key[at] = '\0';
		assert_false(hf__key_part_ok(hf_bytes_of(key, HF_KEY_MAX), true));
		key[at] = 'k';
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(text_is_cut_at_the_end_of_its_buffer),
	    cmocka_unit_test(quoted_bytes_are_escaped_and_cut),
	    cmocka_unit_test(what_is_shown_is_valid_utf8_that_misleads_nobody),
	    cmocka_unit_test(of_quoted_bytes_without_end_only_both_ends_are_read),
	    cmocka_unit_test(quoted_text_is_cut_in_the_middle_between_characters),
	    cmocka_unit_test(the_end_of_a_buffer_cuts_between_characters),
	    cmocka_unit_test(base64url_knows_the_vectors_of_the_rfc),
	    cmocka_unit_test(base64url_round_trips_in_exactly_the_room_it_asks_for),
	    cmocka_unit_test(base64url_refuses_every_other_spelling),
	    cmocka_unit_test(base64url_texts_have_one_meaning_and_bytes_one_text),
	    cmocka_unit_test(utf8_cut_matches_a_reading_from_the_start),
	    cmocka_unit_test(utf8_cut_keeps_whole_characters),
	    cmocka_unit_test(trim_takes_white_space_off_both_ends_only),
	    cmocka_unit_test(white_space_is_what_unicode_calls_so),
	    cmocka_unit_test(blank_is_empty_or_space_only),
	    cmocka_unit_test(key_parts_are_1_to_512_bytes_without_nul),
	};
	return cmocka_run_group_tests_name("base/text", tests, NULL, NULL);
}
