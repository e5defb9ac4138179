/* Between crash_play.c and crash_step.c: a player at work. */
#ifndef TESTS_LIB_CRASH_STEP_H
#define TESTS_LIB_CRASH_STEP_H

#include "lib/crash/crash_play.h"

/* crash_play.c. */
/* only the first is kept */
__attribute__((format(printf, 2, 3))) void play_wrong(struct player *p, const char *format, ...);
bool play_rehearses(const struct player *p);
struct play_note *play_note_of(const struct player *p); /* of the current step */
/* A failure may change an answer into one of these, never into another. */
bool play_is_failure(int code);
bool play_store_failed(const struct player *p);
/* A live step answered otherwise than in the rehearsal. */
void play_diverge(struct player *p, int code, const struct hf_error *error);

/* crash_step.c. */
/* Before a step: the state that it will make may be on disk from now on. Its number, or 0 when
 * it makes none. */
size_t play_submit_state(struct player *p, bool durable);
void play_do(struct player *p, const struct step *step);
/* After a fault changed an answer: reads go on, mutations are only tried when the store has
 * failed, and must say so. */
void play_do_diverged(struct player *p, const struct step *step);
void play_abandon(struct player *p, const struct step *step);
void play_submit(struct player *p, const struct step *step);
void play_wait(struct player *p);
void play_flush(struct player *p);

#endif
