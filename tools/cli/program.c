/* See program.h. */
#include "cli/program.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

static bool can_run(const char *path)
{
	struct stat about;
	return stat(path, &about) == 0 && S_ISREG(about.st_mode) && access(path, X_OK) == 0;
}

char *program_find(const char *name)
{
	const char *at = getenv("PATH");
	if (strchr(name, '/'))
		return can_run(name) ? strdup(name) : NULL;
	for (at = at ? at : "/bin:/usr/bin"; *name;) {
		char *path = NULL;
		const size_t len = strcspn(at, ":");
		if (asprintf(&path, "%.*s%s%s", (int)len, len ? at : "", len ? "/" : "./", name) < 0)
			return NULL;
		if (can_run(path))
			return path;
		free(path);
		if (at[len] == '\0')
			break;
		at += len + 1;
	}
	return NULL;
}

bool program_dies_with(pid_t parent)
{
	/* Asked for first: a parent that died before that is seen afterwards. */
	return prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && getppid() == parent;
}

static bool handle_both(void (*how)(int))
{
	return signal(SIGPIPE, how) != SIG_ERR && signal(SIGXFSZ, how) != SIG_ERR;
}

bool signals_ignore(void)
{
	return handle_both(SIG_IGN);
}

bool program_takes_signals(void)
{
	return handle_both(SIG_DFL);
}
