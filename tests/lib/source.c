/* The source tree as tests of its rules see it.
 *
 * Job: read all C files below a folder, blank out what is no code, count and print offences.
 *
 * Happy path: tree_new, tree_read, tree_offences with a rule, tree_free. Made-up files go in
 * with tree_add, so that every rule can be seen to fire.
 *
 * Failure: a file that cannot be read fails the test; so does a tree of more than TREE_FILES_MAX
 * files. */
#include "lib/source.h"
#include "lib/test.h"

#include <dirent.h>

#ifndef HF_SOURCE_DIR
#error "HF_SOURCE_DIR must name the directory that holds engine/"
#endif

/* --- Reading ---------------------------------------------------------------------------------- */

bool source_starts_with(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

bool source_ends_with(const char *text, const char *suffix)
{
	size_t len = strlen(text), tail = strlen(suffix);
	return len >= tail && strcmp(text + len - tail, suffix) == 0;
}

static void blank(char *from, const char *to)
{
	for (; from < to; from++)
		*from = *from == '\n' ? '\n' : ' ';
}

static char *comment_end(char *at)
{
	char *end = strstr(at, at[1] == '/' ? "\n" : "*/");
	return !end ? at + strlen(at) : at[1] == '/' ? end : end + 2;
}

static char *literal_end(char *at)
{
	char quote = *at++;
	while (*at && *at != quote && *at != '\n')
		at += *at == '\\' && at[1] ? 2 : 1;
	return *at ? at + 1 : at;
}

static char *text_blanked(const char *text, bool literals)
{
	char *copy = strdup(text);
	assert_non_null(copy);
	char *at = copy;
	while (*at) {
		char *end = at + 1;
		if (at[0] == '/' && (at[1] == '/' || at[1] == '*')) {
			end = comment_end(at);
			blank(at, end);
		} else if (*at == '"' || *at == '\'') {
			end = literal_end(at);
			if (literals)
				blank(at + 1, end - 1);
		}
		at = end;
	}
	return copy;
}

void tree_add(struct tree *tree, const char *path, char *text)
{
	assert_true(tree->count < TREE_FILES_MAX && strlen(path) < sizeof tree->files->path);
	struct file *file = &tree->files[tree->count++];
	strcpy(file->path, path);
	file->text = text;
	file->plain = text_blanked(text, false);
	file->code = text_blanked(text, true);
}

static char *file_read(const char *path)
{
	FILE *stream = fopen(path, "rb");
	assert_non_null(stream);
	assert_int_equal(fseek(stream, 0, SEEK_END), 0);
	long size = ftell(stream);
	assert_true(size >= 0);
	rewind(stream);
	char *text = calloc(1, (size_t)size + 1);
	assert_non_null(text);
	assert_int_equal(fread(text, 1, (size_t)size, stream), (size_t)size);
	fclose(stream);
	return text;
}

void tree_read(struct tree *tree, const char *folder)
{
	char path[4096];
	snprintf(path, sizeof path, "%s/%s", HF_SOURCE_DIR, folder);
	DIR *stream = opendir(path);
	if (!stream && (source_ends_with(folder, ".c") || source_ends_with(folder, ".h")))
		tree_add(tree, folder, file_read(path));
	for (struct dirent *entry = stream ? readdir(stream) : NULL; entry; entry = readdir(stream)) {
		if (entry->d_name[0] != '.') {
			snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
			tree_read(tree, path);
		}
	}
	if (stream)
		closedir(stream);
}

struct tree tree_new(void)
{
	struct tree tree = {calloc(TREE_FILES_MAX, sizeof(struct file)), 0};
	assert_non_null(tree.files);
	return tree;
}

void tree_free(struct tree *tree)
{
	for (size_t i = 0; i < tree->count; i++) {
		free(tree->files[i].text);
		free(tree->files[i].plain);
		free(tree->files[i].code);
	}
	free(tree->files);
}

const struct file *tree_find(const struct tree *tree, const char *folder, const char *name)
{
	char path[400];
	snprintf(path, sizeof path, "%s%s", folder, name);
	for (size_t i = 0; i < tree->count; i++)
		if (strcmp(tree->files[i].path, path) == 0)
			return &tree->files[i];
	return NULL;
}

/* --- Offences --------------------------------------------------------------------------------- */

static size_t offences;
static bool quiet;

void offend(const struct file *file, size_t line, const char *format, ...)
{
	offences++;
	if (quiet)
		return;
	va_list arguments;
	va_start(arguments, format);
	printf("%s:%zu: ", file->path, line);
	vprintf(format, arguments);
	printf("\n");
	va_end(arguments);
}

size_t tree_offences(const struct tree *tree, source_rule *rule)
{
	offences = 0;
	for (size_t i = 0; i < tree->count; i++)
		rule(tree, &tree->files[i]);
	return offences;
}

size_t file_offences(const struct tree *tree, const struct file *file, source_rule *rule)
{
	offences = 0;
	quiet = true;
	rule(tree, file);
	quiet = false;
	return offences;
}
