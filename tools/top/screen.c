/* The terminal: looks, keys, signals. It waits with poll(), since a terminal that is gone would
 * make ncurses give "no key" without end. SIGINT, SIGTERM and SIGHUP end it as `q` does, with the
 * terminal put back first. */
#include "top/put.h"
#include "top/top.h"

#ifdef HOLDFAST_TOP
#include <errno.h>
#include <locale.h>
#include <ncurses.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <term.h>
#include <unistd.h>

enum { INTERVALS_LEAST_US = 100000, INTERVALS_MOST_US = 60000000 };

static volatile sig_atomic_t ended;

static void end(int signal)
{
	(void)signal;
	ended = 1;
}

/* Before ncurses, which leaves alone what is handled. */
static bool handle_signals(void)
{
	static const int which[] = {SIGINT, SIGTERM, SIGHUP};
	struct sigaction action = {.sa_handler = end};
	(void)sigemptyset(&action.sa_mask);
	for (size_t i = 0; i < sizeof which / sizeof *which; i++)
		if (sigaction(which[i], &action, NULL) != 0)
			return false;
	return true;
}

/* --- Keys ------------------------------------------------------------------------------------- */

static void scroll_by(struct top *top, long rows)
{
	const size_t count = top->look.state.queue_count;
	const size_t most = count > top->rows ? count - top->rows : 0;
	const long first = (long)top->first + rows;
	top->first = first < 0 ? 0 : (size_t)first < most ? (size_t)first : most;
}

static void choose(struct top *top, int step)
{
	top->sort = (enum top_sort)(((int)top->sort + step + TOP_SORTS) % TOP_SORTS);
	top->reverse = false;
	top->first = 0;
}

static void change_interval(struct top *top, bool longer)
{
	top->interval_us = longer ? top->interval_us * 2 : top->interval_us / 2;
	if (top->interval_us < INTERVALS_LEAST_US)
		top->interval_us = INTERVALS_LEAST_US;
	if (top->interval_us > INTERVALS_MOST_US)
		top->interval_us = INTERVALS_MOST_US;
}

static void take_key(struct top *top, int key)
{
	switch (key) {
	case 'q':
	case 'Q':
		ended = 1;
		break;
	case 'p':
	case ' ':
		top->paused = !top->paused;
		break;
	case 's':
		choose(top, 1);
		break;
	case 'S':
		choose(top, -1);
		break;
	case 'r':
		top->reverse = !top->reverse;
		break;
	case '+':
	case '-':
		change_interval(top, key == '+');
		break;
	case 'j':
	case KEY_DOWN:
		scroll_by(top, 1);
		break;
	case 'k':
	case KEY_UP:
		scroll_by(top, -1);
		break;
	case KEY_NPAGE:
		scroll_by(top, (long)top->rows);
		break;
	case KEY_PPAGE:
		scroll_by(top, -(long)top->rows);
		break;
	case 'g':
	case KEY_HOME:
		top->first = 0;
		break;
	case 'G':
	case KEY_END:
		scroll_by(top, LOOK_QUEUES_MAX);
		break;
	case 'L' - '@': /* drawn anew, as programs on a terminal do */
		(void)clearok(curscr, TRUE);
		break;
	default:
		break;
	}
}

/* Until there are keys or `until` is over. false: the terminal is gone. */
static bool wait_for_keys(int64_t until)
{
	struct pollfd terminal = {.fd = STDIN_FILENO, .events = POLLIN};
	const int64_t left = until - cli_monotonic();
	const int ms = left > 0 ? (int)((left + 999) / 1000) : 0;
	const int got = poll(&terminal, 1, ms);
	if (got < 0)
		return errno == EINTR;
	return got == 0 || !(terminal.revents & (POLLHUP | POLLERR | POLLNVAL));
}

static void loop(struct top *top)
{
	int64_t next = cli_monotonic() + top->interval_us;
	bool there = true;
	while (!ended && there) {
		top_sort(top);
		top_draw(top);
		there = wait_for_keys(next);
		int key, keys = 0;
		while (there && !ended && keys++ < 100 && (key = getch()) != ERR) {
			take_key(top, key);
			if (key == '+' || key == '-')
				next = cli_monotonic() + top->interval_us;
		}
		/* poll() said that there is something, and it is the end of the input */
		there = there && !(keys == 1 && feof(stdin));
		if (cli_monotonic() >= next) {
			if (!top->paused)
				(void)look_again(&top->look); /* what failed is on the screen */
			next = cli_monotonic() + top->interval_us;
		}
	}
}

/* ncurses is begun only with a terminal that it knows: it keeps memory when it fails. */
static SCREEN *begin(const char *kind)
{
	int found = 0;
	if (!kind || !kind[0] || setupterm(kind, STDOUT_FILENO, &found) != OK)
		return NULL;
	(void)del_curterm(cur_term);
	return newterm(NULL, stdout, stdin);
}

int top_screen(struct top *top)
{
	const char *kind = getenv("TERM");
	if (!handle_signals())
		return cli_fail_with(top->cli, HF_EIO, "signals cannot be handled");
	(void)setlocale(LC_CTYPE, ""); /* without one it stays ASCII */
	SCREEN *screen = begin(kind);
	if (!screen)
		return cli_fail_with(top->cli, HF_EACCESS,
		                     "TERM is '%s', which is no terminal that is known here; "
		                     "'holdfast top --once' gives one look as text",
		                     kind ? kind : "");
	(void)cbreak();
	(void)noecho();
	(void)nodelay(stdscr, TRUE);
	(void)keypad(stdscr, TRUE);
	(void)curs_set(0);
	put_begin();
	loop(top);
	(void)endwin();
	delscreen(screen);
	return CLI_OK;
}
#endif
