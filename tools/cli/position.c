/* See position.h. */
#include "cli/position.h"
#include "cli/args.h"
#include "print/text.h"

#include <ctype.h>

enum { POSITION_MAX = 128, PARTS_MAX = 8, WORD_MAX = 8192 };

/* --- Parts ------------------------------------------------------------------------------------ */

static int hex_digit(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *at = c ? strchr(digits, tolower((unsigned char)c)) : NULL;
	return at ? (int)(at - digits) : -1;
}

/* In place; false: a % without two digits behind it. */
static bool decode(char *text, size_t *len)
{
	size_t at = 0;
	for (size_t i = 0; i < *len; i++) {
		char c = text[i];
		if (c == '%') {
			const int high = i + 1 < *len ? hex_digit(text[i + 1]) : -1,
			          low = i + 2 < *len ? hex_digit(text[i + 2]) : -1;
			if (high < 0 || low < 0)
				return false;
			c = (char)(high * 16 + low);
			i += 2;
		}
		text[at++] = c;
	}
	*len = at;
	return true;
}

static bool read_part(const struct hf_api_member *member, char *text, void *to)
{
	size_t len = strlen(text);
	switch (member->type) {
	case HF_API_KEY:
		if (!decode(text, &len))
			return false;
		*(struct hf_bytes *)to = hf_bytes_of(text, len);
		return true;
	case HF_API_TIME:
		*(hf_time *)to = HF_UNSET;
		return len == 0 || strcmp(text, "none") == 0 || text_parse_time(text, len, to);
	case HF_API_REAL:
		return len == 0 || text_parse_real(text, to);
	default:
		return len == 0 || text_parse_i64(text, len, to);
	}
}

/* --- All of it -------------------------------------------------------------------------------- */

static int complain(struct cli *cli, const struct hf_api_struct *of, const char *text)
{
	char words[160] = "";
	size_t len = 0;
	for (const struct hf_api_member *m = of->members; m->name; m++)
		len += (size_t)snprintf(words + len, sizeof words - len, "%s%s", len ? "," : "", m->name);
	for (char *c = words; *c; c++)
		*c = (char)toupper((unsigned char)*c);
	return cli_usage(cli, "--after: '%s' is not %s (in a key %%2C is a comma, %%25 a %%)", text,
	                 words);
}

int position_read(struct cli *cli, const struct hf_api_struct *of, const char *text,
                  const void **out)
{
	static _Alignas(max_align_t) char position[POSITION_MAX];
	static char words[WORD_MAX];
	char *parts[PARTS_MAX];
	size_t count = 0, members = 0;
	while (of->members[members].name)
		members++;
	if (of->size > sizeof position || strlen(text) >= sizeof words)
		return complain(cli, of, text);
	memset(position, 0, sizeof position);
	memcpy(words, text, strlen(text) + 1);
	for (char *rest = words, *part; (part = strsep(&rest, ",")) != NULL;) {
		if (count == members || count == PARTS_MAX)
			return complain(cli, of, text);
		parts[count++] = part;
	}
	for (size_t i = 0, skipped = members - count; i < members; i++) {
		const struct hf_api_member *member = &of->members[i];
		if (i < skipped ? member->type != HF_API_KEY
		                : !read_part(member, parts[i - skipped], position + member->offset))
			return complain(cli, of, text);
	}
	*out = position;
	return CLI_OK;
}
