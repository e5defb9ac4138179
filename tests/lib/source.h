/* The source tree, and rules over it: for the tests that keep the rules of the house. */
#ifndef HF_TESTS_SOURCE_H
#define HF_TESTS_SOURCE_H

#include <stdbool.h>
#include <stddef.h>

#define TREE_FILES_MAX 512

struct file {
	char path[200]; /* from the root: engine/base/mem.c */
	char *text; /* as it is */
	char *plain; /* comments blanked, line by line the same */
	char *code; /* comments and the insides of literals blanked */
};

struct tree {
	struct file *files;
	size_t count;
};

struct tree tree_new(void);
/* All .c and .h files below a folder of the project, "engine". */
void tree_read(struct tree *tree, const char *folder);
/* A made-up file; takes over `text`, which comes from malloc. */
void tree_add(struct tree *tree, const char *path, char *text);
/* The file of that path, put together from two parts; NULL when there is none. */
const struct file *tree_find(const struct tree *tree, const char *folder, const char *name);
void tree_free(struct tree *tree);

/* A rule looks at one file of a tree and reports what breaks it with offend(). */
typedef void source_rule(const struct tree *tree, const struct file *file);
/* Counts the offence and prints "path:line: what". */
__attribute__((format(printf, 3, 4))) void offend(const struct file *file, size_t line,
                                                  const char *format, ...);
/* All offences of a tree, printed. */
size_t tree_offences(const struct tree *tree, source_rule *rule);
/* Those of one file, in silence: for trying out the rule itself. */
size_t file_offences(const struct tree *tree, const struct file *file, source_rule *rule);

bool source_starts_with(const char *text, const char *prefix);
bool source_ends_with(const char *text, const char *suffix);

#endif
