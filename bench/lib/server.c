#include "lib/server.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { TRIES = 45000, TRY_US = 2000 };

static bool complain(const char *what)
{
	fprintf(stderr, "%s: %s\n", what, strerror(errno));
	return false;
}

int socket_connect(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || strlen(path) >= sizeof address.sun_path)
		return -1;
	memcpy(address.sun_path, path, strlen(path));
	if (connect(fd, (const struct sockaddr *)&address, sizeof address) == 0)
		return fd;
	(void)close(fd);
	return -1;
}

bool server_place(struct server *server)
{
	*server = (struct server){.pid = 0};
	(void)snprintf(server->directory, sizeof server->directory, "/tmp/holdfast-bench-XXXXXX");
	if (!mkdtemp(server->directory))
		return complain("a directory for a socket");
	(void)snprintf(server->socket, sizeof server->socket, "%s/socket", server->directory);
	return true;
}

static void become(const char *const argv[], const char *log)
{
	const int out = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	const int in = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && dup2(in, STDIN_FILENO) == STDIN_FILENO &&
	    dup2(out, STDOUT_FILENO) == STDOUT_FILENO && dup2(out, STDERR_FILENO) == STDERR_FILENO)
		(void)execvp(argv[0], (char *const *)(uintptr_t)argv);
	_exit(127);
}

bool server_start(struct server *server, const char *const argv[], const char *log)
{
	const struct timespec pause = {.tv_nsec = TRY_US * 1000L};
	(void)fflush(stdout); /* the child must not print it again */
	server->pid = fork();
	if (server->pid == 0)
		become(argv, log);
	if (server->pid < 0) {
		server->pid = 0;
		return complain(argv[0]);
	}
	for (unsigned i = 0; i < TRIES; i++) {
		const int fd = socket_connect(server->socket);
		int status;
		if (fd >= 0) {
			(void)close(fd);
			return true;
		}
		if (waitpid(server->pid, &status, WNOHANG) == server->pid) {
			server->pid = 0;
			break;
		}
		(void)nanosleep(&pause, NULL);
	}
	fprintf(stderr, "%s does not answer; its words are in %s\n", argv[0], log);
	(void)server_stop(server, SIGKILL);
	return false;
}

bool server_stop(struct server *server, int signal)
{
	int status = 0;
	bool good = true;
	if (server->pid > 0) {
		good = kill(server->pid, signal) == 0 && waitpid(server->pid, &status, 0) == server->pid;
		good =
		    good && (WIFSIGNALED(status) ? WTERMSIG(status) == signal : WEXITSTATUS(status) == 0);
	}
	server->pid = 0;
	(void)unlink(server->socket);
	(void)rmdir(server->directory);
	return good;
}
