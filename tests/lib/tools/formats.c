/* Files are small here, or the test is not a fast one: they are held whole. */
#include "lib/tools/formats.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/remove_tree.h"
#include "lib/test.h"
#include "lib/tools/json_equal.h"

struct buffer formats_read(const char *path)
{
	struct buffer text = {0};
	char piece[4096];
	FILE *file = fopen(path, "rb");
	if (!file)
		fail_msg("cannot open %s", path);
	for (size_t len; (len = fread(piece, 1, sizeof piece, file)) > 0;)
		buffer_add(&text, piece, len);
	assert_int_equal(ferror(file), 0);
	assert_int_equal(fclose(file), 0);
	assert_false(text.failed);
	buffer_add(&text, "", 0);
	return text;
}

void formats_write(const char *path, const void *data, size_t len)
{
	FILE *file = fopen(path, "wb");
	assert_non_null(file);
	assert_int_equal(fwrite(data, 1, len, file), len);
	assert_int_equal(fclose(file), 0);
}

void formats_init(const char *store)
{
	if (access(store, F_OK) == 0)
		remove_tree(store);
	formats_call(store, "init", 0);
}

void formats_call(const char *store, const char *line, int status)
{
	const struct tool tool = {.directory = store};
	struct ran ran = tool_expect(&tool, line, status);
	tool_free(&ran);
}

static void expect_equal(const char *a, size_t a_len, const char *b, size_t b_len,
                         const char *expected, const char *got)
{
	char why[300];
	if (!json_equal(a, a_len, b, b_len, why, sizeof why))
		fail_msg("%s and %s: %s", expected, got, why);
}

void formats_same(const char *expected, const char *got)
{
	struct buffer a = formats_read(expected), b = formats_read(got);
	expect_equal(a.data, a.len, b.data, b.len, expected, got);
	buffer_free(&a);
	buffer_free(&b);
}

/* Without the line's own sum: a line that was written by hand has none. */
static size_t without_own_sum(const char *line, size_t len)
{
	static const char sum[] = ",\"sum\":\"";
	const size_t own = sizeof sum - 1 + 18;
	return len > own && memcmp(line + len - own, sum, sizeof sum - 1) == 0 ? len - own : 0;
}

static void expect_equal_lines(const char *x, size_t x_len, const char *y, size_t y_len,
                               const char *expected, const char *got)
{
	struct buffer a = {0}, b = {0};
	const size_t x_cut = without_own_sum(x, x_len), y_cut = without_own_sum(y, y_len);
	buffer_add(&a, x, x_cut ? x_cut : x_len);
	buffer_text(&a, x_cut ? "}" : "");
	buffer_add(&b, y, y_cut ? y_cut : y_len);
	buffer_text(&b, y_cut ? "}" : "");
	assert_false(a.failed || b.failed);
	expect_equal(a.data, a.len, b.data, b.len, expected, got);
	buffer_free(&a);
	buffer_free(&b);
}

/* The end line has a checksum over the header, too, which has the store's own uuid. */
static size_t without_sum(const char *line, size_t len)
{
	static const char end[] = "{\"kind\":\"end\"";
	const char *sum = len > sizeof end && memcmp(line, end, sizeof end - 1) == 0
	                      ? strstr(line, ",\"checksum\":")
	                      : NULL;
	return sum && sum < line + len ? (size_t)(sum - line) : 0;
}

void formats_same_lines(const char *expected, const char *got)
{
	struct buffer a = formats_read(expected), b = formats_read(got);
	const char *x = a.data, *y = b.data;
	for (size_t line = 0; *x && *y; line++) {
		const char *x_end = strchr(x, '\n'), *y_end = strchr(y, '\n');
		assert_non_null(x_end);
		assert_non_null(y_end);
		const size_t x_len = without_sum(x, (size_t)(x_end - x)),
		             y_len = without_sum(y, (size_t)(y_end - y));
		if (y_len > 0)
			assert_memory_equal(x, y, x_len > 0 && x_len < y_len ? x_len : y_len);
		else if (line > 0)
			expect_equal_lines(x, (size_t)(x_end - x), y, (size_t)(y_end - y), expected, got);
		x = x_end + 1;
		y = y_end + 1;
	}
	assert_int_equal(*x, 0);
	assert_int_equal(*y, 0);
	buffer_free(&a);
	buffer_free(&b);
}
