/* The distance of two words is the number of letters that must be put in, taken out, changed, or
 * swapped with their neighbour to make one of the other. Near is a third of the word, at least
 * one letter: beyond that a suggestion is a guess. */
#include "cli/names.h"

#include <string.h>

enum { WORDS_MAX = 4, WORD_MAX = 40 };

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

static size_t distance(const char *left, const char *right)
{
	size_t rows[3][WORD_MAX + 1];
	const size_t n = strlen(left), m = strlen(right);
	if (n > WORD_MAX || m > WORD_MAX)
		return WORD_MAX;
	for (size_t j = 0; j <= m; j++)
		rows[0][j] = j;
	for (size_t i = 1; i <= n; i++) {
		const size_t *before = rows[(i + 1) % 3], *above = rows[(i - 1) % 3];
		size_t *row = rows[i % 3];
		row[0] = i;
		for (size_t j = 1; j <= m; j++) {
			row[j] = least(above[j - 1] + (left[i - 1] != right[j - 1]),
			               least(above[j], row[j - 1]) + 1);
			if (i > 1 && j > 1 && left[i - 1] == right[j - 2] && left[i - 2] == right[j - 1])
				row[j] = least(row[j], before[j - 2] + 1);
		}
	}
	return rows[n % 3][m];
}

static bool near_enough(const char *typed, size_t far)
{
	const size_t allowed = strlen(typed) / 3;
	return far <= (allowed > 0 ? allowed : 1);
}

const char *nearest_word(const char *typed, const char *const *words, size_t count)
{
	const char *best = NULL;
	size_t far = WORD_MAX;
	for (size_t i = 0; i < count; i++) {
		const size_t d = distance(typed, words[i]);
		if (d < far) {
			far = d;
			best = words[i];
		}
	}
	return best && near_enough(typed, far) ? best : NULL;
}

void command_name(const struct cli_command *command, char out[NAME_SIZE])
{
	snprintf(out, NAME_SIZE, "%s%s%s", command->noun, command->verb ? " " : "",
	         command->verb ? command->verb : "");
}

/* The first `count` words with a space between; false when there are fewer or they are too long. */
static bool join(int argc, char **argv, int count, char out[NAME_SIZE])
{
	size_t len = 0;
	memset(out, 0, NAME_SIZE);
	if (count > argc)
		return false;
	for (int i = 0; i < count && len < NAME_SIZE; i++) {
		len += (size_t)snprintf(out + len, NAME_SIZE - len, "%s%.*s", i ? " " : "", (int)NAME_SIZE,
		                        argv[i]);
	}
	return len < NAME_SIZE;
}

static int word_count(const char *name)
{
	int count = 1;
	for (; *name; name++)
		count += *name == ' ';
	return count;
}

const struct cli_command *command_find(int argc, char **argv, int *used)
{
	for (int count = argc < WORDS_MAX ? argc : WORDS_MAX; count > 0; count--) {
		char typed[NAME_SIZE], name[NAME_SIZE];
		const bool fits = join(argc, argv, count, typed);
		for (const struct cli_command *row = cli_next(NULL); fits && row; row = cli_next(row)) {
			if (strncmp(typed, row->noun, strlen(row->noun)) != 0)
				continue;
			command_name(row, name);
			if (strcmp(typed, name) == 0) {
				*used = count;
				return row;
			}
		}
	}
	return NULL;
}

bool noun_exists(const char *noun)
{
	for (const struct cli_command *row = cli_next(NULL); row; row = cli_next(row))
		if (row->verb && strcmp(row->noun, noun) == 0)
			return true;
	return false;
}

/* The noun that the first word is near to: a noun alone, or one whose verb is not near to any. */
static bool noun_suggest(const char *typed, char out[NAME_SIZE])
{
	size_t far = WORD_MAX;
	for (const struct cli_command *row = cli_next(NULL); row; row = cli_next(row)) {
		const size_t d = distance(typed, row->noun);
		if (d > 0 && d < far && near_enough(typed, d)) {
			far = d;
			(void)snprintf(out, NAME_SIZE, "%s", row->noun);
		}
	}
	return far < WORD_MAX;
}

bool command_suggest(int argc, char **argv, char out[NAME_SIZE])
{
	size_t far = WORD_MAX;
	for (const struct cli_command *row = cli_next(NULL); row; row = cli_next(row)) {
		char typed[NAME_SIZE], name[NAME_SIZE];
		command_name(row, name);
		/* Compared with as many words as the name has: what follows are arguments. */
		if (join(argc, argv, word_count(name), typed) ||
		    join(argc, argv, argc < 2 ? argc : 2, typed)) {
			const size_t d = distance(typed, name);
			if (d < far && near_enough(typed, d)) {
				far = d;
				memcpy(out, name, sizeof name);
			}
		}
	}
	return far < WORD_MAX || (argc > 0 && noun_suggest(argv[0], out));
}
