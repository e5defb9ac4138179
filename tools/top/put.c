/* See put.h.
 *
 * I-TOP-1: bytes of the store reach the terminal through put_bytes() alone, which lets only
 * printable characters of the terminal's character set pass; every other byte stands as \xNN. */
#include "top/put.h"

#ifdef HOLDFAST_TOP
#include "print/text.h"

#include <langinfo.h>
#include <ncurses.h>
#include <stdio.h>
#include <stdlib.h>
#include <wchar.h>

enum { WIDE_MAX = 1024 };

static bool utf8, colours;

void put_begin(void)
{
	const char *no = getenv("NO_COLOR");
	utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
	colours = (!no || !no[0]) && has_colors() && start_color() == OK;
	if (!colours)
		return;
	const short ground = use_default_colors() == OK ? -1 : COLOR_BLACK;
	(void)init_pair(GOOD, COLOR_GREEN, ground);
	(void)init_pair(WARN, COLOR_YELLOW, ground);
	(void)init_pair(BAD, COLOR_RED, ground);
}

static attr_t look_of(int style)
{
	switch (style) {
	case TITLE:
		return A_REVERSE;
	case HEAD:
		return A_BOLD;
	case DIM:
		return A_DIM;
	case GOOD:
		return colours ? COLOR_PAIR(GOOD) : A_NORMAL;
	case WARN:
		return colours ? COLOR_PAIR(WARN) : A_BOLD;
	case BAD:
		return colours ? COLOR_PAIR(BAD) | A_BOLD : A_BOLD;
	default:
		return A_NORMAL;
	}
}

void put_style(int style)
{
	(void)attrset((int)look_of(style));
}

/* --- Text ------------------------------------------------------------------------------------- */

static uint32_t decode(const unsigned char *at, size_t len)
{
	uint32_t code = len == 1 ? at[0] : at[0] & (0xffu >> (len + 1));
	for (size_t i = 1; i < len; i++)
		code = code << 6 | (at[i] & 63u);
	return code;
}

/* The next character as it is to be shown, in `out`: its bytes are skipped, its columns given. */
static int next_shown(const unsigned char *at, size_t left, size_t *used, wchar_t out[5])
{
	const size_t len = text_shown(at, left);
	if (len == 1 || (len > 1 && utf8)) {
		const wchar_t c = (wchar_t)decode(at, len);
		const int width = len == 1 ? 1 : wcwidth(c);
		if (width > 0) { /* what takes no room would change its neighbour */
			out[0] = c;
			out[1] = 0;
			*used = len;
			return width;
		}
	}
	*used = 1;
	(void)swprintf(out, 5, L"\\x%02x", at[0]);
	return 4;
}

/* At most `width` columns from (y, x) on; cut text ends with an ellipsis. Gives its width. */
int put_bytes(int y, int x, int width, int style, struct hf_bytes bytes)
{
	wchar_t line[WIDE_MAX] = {0};
	size_t wide = 0, fits = 0;
	int columns = 0, fit_columns = 0;
	if (width <= 0 || width >= WIDE_MAX - 8)
		return 0;
	for (size_t at = 0; at < bytes.len;) {
		wchar_t one[5];
		size_t used;
		const int more =
		    next_shown((const unsigned char *)bytes.data + at, bytes.len - at, &used, one);
		if (columns + more > width) {
			wide = fits;
			columns = fit_columns + 1;
			line[wide++] = utf8 ? L'…' : L'>';
			break;
		}
		for (const wchar_t *c = one; *c; c++)
			line[wide++] = *c;
		columns += more;
		at += used;
		if (columns < width) {
			fits = wide;
			fit_columns = columns;
		}
	}
	put_style(style);
	(void)mvaddnwstr(y, x, line, (int)wide);
	put_style(PLAIN);
	return columns;
}

int put(int y, int x, int style, const char *text)
{
	return put_bytes(y, x, COLS - x, style, hf_str(text));
}

void put_right(int y, int x, int width, int style, const char *text)
{
	const int len = (int)strlen(text);
	(void)put_bytes(y, x + (len < width ? width - len : 0), width, style, hf_str(text));
}
#endif
