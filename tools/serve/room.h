/* Memory of all connections together, which has a bound: what a client sends, what waits to be sent
 * to one, and what a transaction keeps. Who would go beyond it is told so and loses no more than
 * its own command or connection. */
#ifndef TOOLS_SERVE_ROOM_H
#define TOOLS_SERVE_ROOM_H

#include <stdbool.h>
#include <stddef.h>

struct room {
	size_t used, most;
};

/* As realloc(), for something that had `had` bytes; 0 frees it. NULL: there is no more, and the old
 * one is as it was. */
void *room_resize(struct room *room, void *at, size_t had, size_t want);
/* Counts what is kept elsewhere. */
bool room_take(struct room *room, size_t bytes);
void room_give(struct room *room, size_t bytes);

/* Pieces that are freed together. */
struct arena {
	struct room *room;
	struct arena_piece *newest;
};

/* Zeroed; NULL: there is no more. */
void *arena_get(struct arena *arena, size_t count, size_t size);
void arena_clear(struct arena *arena);

#endif
