/* Who reads payloads at places that an object named under the lock: a compaction moves them, and
 * removes the file only when those that may have seen the old place are through. */
#ifndef HF_STORE_READERS_H
#define HF_STORE_READERS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct hf_store;

/* Two counts: who comes joins the one whose turn it is, and the other only falls. */
struct hf__readers {
	_Atomic uint32_t inside[2];
	unsigned turn; /* the store's lock guards it */
};

/* Joins; *mine (0 before) remembers where. Once for each answer. The lock is held. */
void hf__reader_enter(struct hf_store *s, uint8_t *mine);
/* Leaves, if it had joined. With or without the lock. */
void hf__reader_leave(struct hf_store *s, uint8_t *mine);
/* Waits until all have left that are inside now. Not under the lock; one at a time. false: the
 * store is being closed. */
bool hf__readers_drain(struct hf_store *s);

#endif
