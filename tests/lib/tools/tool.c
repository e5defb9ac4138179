/* The streams are files in the current directory, which is the test's own: no pipe can fill up
 * and hang anyone. */
#include "lib/tools/tool.h"
#include "lib/test.h"

#include <fcntl.h>
#include <pty.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <yajl/yajl_tree.h>

static char *slurp(int file, size_t *len)
{
	const off_t end = lseek(file, 0, SEEK_END);
	assert_true(end >= 0);
	char *text = malloc((size_t)end + 1);
	assert_non_null(text);
	assert_int_equal(pread(file, text, (size_t)end, 0), end);
	text[end] = '\0';
	*len = (size_t)end;
	assert_int_equal(close(file), 0);
	return text;
}

/* A file without a name. */
static int scratch(const char *content)
{
	char name[] = "stream-XXXXXX";
	const int file = mkostemp(name, O_CLOEXEC);
	assert_true(file >= 0);
	assert_int_equal(unlink(name), 0);
	if (content) {
		assert_int_equal(write(file, content, strlen(content)), (ssize_t)strlen(content));
		assert_int_equal(lseek(file, 0, SEEK_SET), 0);
	}
	return file;
}

enum { LATE_US = 20000 };

/* In the child: a non-blocking pipe, [0] for reading. The tool goes on in a child of its own where
 * `to_read` is set, as what writes; else as what reads. The other one, which is this process, moves
 * the bytes between the pipe and `file`, and ends as the tool does. */
static int non_blocking(int file, bool to_read)
{
	char bytes[4096];
	int ends[2], status = 0;
	if (pipe2(ends, O_CLOEXEC) != 0 || fcntl(ends[0], F_SETFL, to_read ? 0 : O_NONBLOCK) != 0 ||
	    fcntl(ends[1], F_SETFL, to_read ? O_NONBLOCK : 0) != 0)
		_exit(125);
	const pid_t tool = fork();
	if (tool == 0) {
		(void)close(ends[!to_read]);
		return ends[to_read];
	}
	(void)close(ends[to_read]);
	if (signal(SIGPIPE, SIG_IGN) == SIG_ERR || usleep(LATE_US) != 0)
		_exit(125);
	const int from = to_read ? ends[0] : file, to = to_read ? file : ends[1];
	for (ssize_t n = 1; n > 0;) {
		n = read(from, bytes, sizeof bytes);
		if (n > 0 && write(to, bytes, (size_t)n) != n)
			break; /* it reads none of it */
	}
	(void)close(ends[!to_read]);
	if (waitpid(tool, &status, 0) != tool || !WIFEXITED(status))
		_exit(125);
	_exit(WEXITSTATUS(status));
}

static int stdout_of(enum tool_stdout to, int kept)
{
	int ends[2];
	switch (to) {
	case TOOL_STDOUT_FULL:
		return open("/dev/full", O_WRONLY | O_CLOEXEC);
	case TOOL_STDOUT_GONE:
		if (pipe2(ends, O_CLOEXEC) != 0)
			return -1;
		close(ends[0]);
		return ends[1];
	case TOOL_STDOUT_SLOW:
		return non_blocking(kept, true);
	default:
		return kept;
	}
}

/* Under the address sanitizer a process of the tool spends ten times as long on its beginning and
 * on the look for leaks at its end as on its work. Where the test has one thread, so that a forked
 * child may do anything, the tool's main() runs in the child itself; every eighth time, and
 * without a sanitizer always, it is the program that users get. */
#ifdef HF_TOOL_MAIN
int holdfast_main(int argc, char **argv);

static bool in_a_program_of_its_own(unsigned run)
{
	struct stat tasks; /* "." and ".." and one for each thread */
	return run % 8 == 0 || stat("/proc/self/task", &tasks) != 0 || tasks.st_nlink > 3;
}
#else
#define holdfast_main(argc, argv) 125

static bool in_a_program_of_its_own(unsigned run)
{
	(void)run;
	return true;
}
#endif

/* In the child. */
static void become_tool(const struct tool *tool, const char *const *words, int in, int out, int err,
                        bool in_child)
{
	char *argv[TOOL_WORDS_MAX + 5] = {NULL};
	size_t count = 0;
	argv[count++] = (char *)(uintptr_t) "holdfast";
	if (tool->directory) {
		argv[count++] = (char *)(uintptr_t) "-C";
		argv[count++] = (char *)(uintptr_t)tool->directory;
	}
	if (tool->json)
		argv[count++] = (char *)(uintptr_t) "--json";
	for (; *words; words++)
		argv[count++] = (char *)(uintptr_t)*words;
	for (const char *const *variable = tool->variables; variable && *variable; variable += 2)
		setenv(variable[0], variable[1], 1);
	const int to = stdout_of(tool->to, out);
	const int from = tool->late_input ? non_blocking(in, false) : in;
	if (dup2(from, 0) != 0 || dup2(to, 1) != 1 || dup2(err, 2) != 2 ||
	    (tool->to == TOOL_STDOUT_CLOSED && close(1) != 0) || (tool->no_input && close(0) != 0))
		_exit(125);
	if (in_child) {
		const int status = holdfast_main((int)count, argv);
		(void)fflush(NULL);
		_exit(status);
	}
	execv(HF_TOOL, argv);
	_exit(125);
}

/* The end of a terminal for a process, with `answer` typed already at the other, which is given
 * as well. */
static int terminal(const char *answer, int *typist)
{
	int end = -1;
	assert_int_equal(openpty(typist, &end, NULL, NULL, NULL), 0);
	assert_int_equal(write(*typist, answer, strlen(answer)), (ssize_t)strlen(answer));
	return end;
}

struct ran tool_run(const struct tool *tool, const char *const *words)
{
	int typist = -1;
	const int in = tool->answer ? terminal(tool->answer, &typist) : scratch(tool->input);
	const int out = scratch(NULL), err = scratch(NULL);
	struct ran ran = {.status = -1};
	int status = 0;
	static unsigned runs;
	const bool in_child = !in_a_program_of_its_own(runs++);
	const pid_t child = fork();
	if (child == 0)
		become_tool(tool, words, in, out, tool->answer ? in : err, in_child);
	assert_true(child > 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	ran.status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
	assert_int_not_equal(ran.status, 125); /* HF_TOOL could not be started */
	assert_int_equal(close(in), 0);
	assert_true(typist < 0 || close(typist) == 0);
	ran.out = slurp(out, &ran.out_len);
	ran.err = slurp(err, &ran.err_len);
	return ran;
}

void tool_free(struct ran *ran)
{
	free(ran->out);
	free(ran->err);
	*ran = (struct ran){0};
}

struct ran tool_call(const struct tool *tool, const char *line)
{
	char *copy = strdup(line);
	const char *words[TOOL_WORDS_MAX + 1] = {NULL};
	size_t count = 0;
	assert_non_null(copy);
	for (char *save = NULL, *word = strtok_r(copy, " ", &save); word;
	     word = strtok_r(NULL, " ", &save)) {
		assert_true(count < TOOL_WORDS_MAX);
		words[count++] = strcmp(word, "''") == 0 ? "" : word;
	}
	struct ran ran = tool_run(tool, words);
	free(copy);
	return ran;
}

struct ran tool_expect(const struct tool *tool, const char *line, int status)
{
	struct ran ran = tool_call(tool, line);
	if (ran.status != status) {
		fail_msg("holdfast %s\nended with %d instead of %d\nstdout: %s\nstderr: %s", line,
		         ran.status, status, ran.out, ran.err);
	}
	return ran;
}

/* --- JSON ------------------------------------------------------------------------------------- */

static yajl_val parse(const char *line, size_t len)
{
	char why[256] = "";
	char *copy = strndup(line, len);
	assert_non_null(copy);
	yajl_val value = yajl_tree_parse(copy, why, sizeof why);
	if (!value)
		fail_msg("no JSON: %s\n%s", copy, why);
	free(copy);
	return value;
}

size_t json_lines(const char *text)
{
	static const char *schema_path[] = {"schema", NULL}, *kind_path[] = {"kind", NULL};
	size_t count = 0;
	while (*text) {
		const size_t len = strcspn(text, "\n");
		assert_int_equal(text[len], '\n'); /* the last line is whole, too */
		yajl_val value = parse(text, len);
		const char *schema = YAJL_GET_STRING(yajl_tree_get(value, schema_path, yajl_t_string));
		if (!schema || strncmp(schema, "holdfast.", 9) != 0)
			assert_non_null(yajl_tree_get(value, kind_path, yajl_t_string));
		yajl_tree_free(value);
		text += len + 1;
		count++;
	}
	return count;
}

static const char *last_line(const char *text)
{
	const char *start = text;
	for (const char *at = text; *at; at++)
		if (at[0] == '\n' && at[1])
			start = at + 1;
	return start;
}

static void spell(yajl_val value, char *out, size_t size)
{
	const char *text = YAJL_IS_STRING(value)   ? YAJL_GET_STRING(value)
	                   : YAJL_IS_NUMBER(value) ? YAJL_GET_NUMBER(value)
	                   : YAJL_IS_TRUE(value)   ? "true"
	                   : YAJL_IS_FALSE(value)  ? "false"
	                   : YAJL_IS_NULL(value)   ? "null"
	                                           : "(not a scalar)";
	snprintf(out, size, "%s", text);
}

bool json_member(const char *text, const char *path, char *out, size_t size)
{
	char copy[128];
	const char *names[8] = {NULL};
	size_t count = 0;
	const char *line = last_line(text);
	if (!*line)
		return false;
	snprintf(copy, sizeof copy, "%s", path);
	for (char *save = NULL, *name = strtok_r(copy, ".", &save); name && count < 7;
	     name = strtok_r(NULL, ".", &save))
		names[count++] = name;
	yajl_val tree = parse(line, strcspn(line, "\n"));
	yajl_val value = yajl_tree_get(tree, names, yajl_t_any);
	if (value)
		spell(value, out, size);
	yajl_tree_free(tree);
	return value != NULL;
}
