/* `holdfast top`: what is watched and how it is shown. */
#ifndef TOOLS_TOP_H
#define TOOLS_TOP_H

#include "cli/cli.h"
#include "look/look.h"

/* By what queues are sorted. */
enum top_sort {
	TOP_BY_OLDEST,
	TOP_BY_NAME,
	TOP_BY_READY,
	TOP_BY_DELAYED,
	TOP_BY_BLOCKED,
	TOP_BY_SENDING,
	TOP_BY_FAILED,
	TOP_SORTS, /* how many */
};

struct top {
	struct cli *cli;
	struct look look;
	int64_t interval_us;
	int64_t stuck_us; /* a claim held for so long is stuck */
	bool paused;
	enum top_sort sort;
	bool reverse;
	size_t first; /* the first queue on the screen */
	size_t rows; /* of queues, that the screen has */
};

/* Sorts the queues of the newest look; ties by name. */
void top_sort(struct top *top);
/* One look as text or, with --json, as objects; two where rates are asked for. */
int top_once(struct top *top, bool rates);
/* On the terminal, until a key or a signal ends it. */
int top_screen(struct top *top);

/* How many claims are stuck; *more: perhaps others, which were not looked at. */
size_t top_stuck(const struct top *top, bool *more);

#ifdef HOLDFAST_TOP
/* Draws everything on the terminal that ncurses was told of. */
void top_draw(struct top *top);
#endif

#endif
