/* Texts that are imported into stores of the tool, and what an export must print. */
#ifndef TESTS_FORMATS_CASE_H
#define TESTS_FORMATS_CASE_H

#include "holdfast/holdfast.h"
#include "lib/test.h"
#include "lib/tools/formats.h"
#include "lib/tools/json_equal.h"

static inline void write_text(const char *path, const char *text)
{
	formats_write(path, text, strlen(text));
}

/* Imports `text` with those options; the exit status must be `status`. */
static inline void import_text(const char *store, const char *options, const char *text, int status)
{
	char line[200];
	write_text("file", text);
	snprintf(line, sizeof line, "import %s file", options);
	formats_call(store, line, status);
}

/* What `export` with those options gives must be equal to `text`. */
static inline void expect_export(const char *store, const char *options, const char *text)
{
	const struct tool tool = {.directory = store};
	char line[200], why[300];
	snprintf(line, sizeof line, "export %s -", options);
	struct ran ran = tool_expect(&tool, line, 0);
	if (!json_equal(text, strlen(text), ran.out, ran.out_len, why, sizeof why))
		fail_msg("%s\nwanted: %s\ngot: %s", why, text, ran.out);
	tool_free(&ran);
}

static inline hf_store *open_store(const char *path)
{
	const struct hf_options options = {.no_background = true};
	struct hf_error error = {0};
	hf_store *store;
	if (hf_open(path, &options, &store, &error) != HF_OK)
		fail_msg("%s", error.text);
	return store;
}

static inline hf_lsn last_lsn(const char *path)
{
	struct hf_info info = {0};
	hf_store *store = open_store(path);
	assert_int_equal(hf_get_info(store, &info, NULL), HF_OK);
	assert_int_equal(hf_close(store, NULL), HF_OK);
	return info.last_lsn;
}

#endif
