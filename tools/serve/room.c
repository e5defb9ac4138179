/* See room.h. */
#include "serve/room.h"

#include <stdlib.h>

bool room_take(struct room *room, size_t bytes)
{
	if (bytes > room->most - room->used)
		return false;
	room->used += bytes;
	return true;
}

void room_give(struct room *room, size_t bytes)
{
	room->used -= bytes;
}

void *room_resize(struct room *room, void *at, size_t had, size_t want)
{
	if (want == 0) {
		free(at);
		room_give(room, had);
		return NULL;
	}
	if (want > had && !room_take(room, want - had))
		return NULL;
	void *grown = realloc(at, want);
	if (!grown && want > had)
		room_give(room, want - had);
	if (grown && want < had)
		room_give(room, had - want);
	return grown;
}

/* What is given stands behind it. */
struct arena_piece {
	struct arena_piece *before;
	size_t bytes;
	max_align_t given[];
};

void *arena_get(struct arena *arena, size_t count, size_t size)
{
	const size_t head = sizeof(struct arena_piece);
	if (size && count > ((size_t)1 << 40) / size)
		return NULL;
	const size_t bytes = head + count * size;
	if (!room_take(arena->room, bytes))
		return NULL;
	struct arena_piece *piece = calloc(1, bytes);
	if (!piece) {
		room_give(arena->room, bytes);
		return NULL;
	}
	*piece = (struct arena_piece){.before = arena->newest, .bytes = bytes};
	arena->newest = piece;
	return piece->given;
}

void arena_clear(struct arena *arena)
{
	while (arena->newest) {
		struct arena_piece *piece = arena->newest;
		arena->newest = piece->before;
		room_give(arena->room, piece->bytes);
		free(piece);
	}
}
