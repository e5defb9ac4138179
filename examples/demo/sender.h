/* Where the items are sent: the world outside the store. It fails now and then, always for the
 * same items and attempts under the same seed, and keeps its own list of what it was asked to
 * send and what it took, in a file of its own, synced before it answers: the witness that the
 * store is compared with. */
#ifndef DEMO_SENDER_H
#define DEMO_SENDER_H

#include <holdfast/types.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SENDER_LIST "sender.list"

enum { SENDER_ID_MAX = 63 };

struct sender {
	int list; /* the file */
	uint64_t seed;
};

/* A line of the list. */
struct sent {
	hf_token token; /* of the claim under which it was sent */
	char id[SENDER_ID_MAX + 1];
	bool taken; /* delivered; false: refused */
};

/* Opens the list in the current directory, made if need be. */
bool sender_open(struct sender *sender, uint64_t seed);
void sender_close(struct sender *sender);

/* Sends; true when it was delivered. From any thread. *listed is false when the list could not
 * be kept: the demo is broken then. */
bool sender_send(const struct sender *sender, struct hf_bytes id, uint32_t attempts, hf_token token,
                 bool *listed);

/* The whole list, oldest first, to be freed; NULL, with the reason printed, when it cannot be
 * read. A last line that a kill cut off is no part of it: nobody was answered for it. */
struct sent *sender_read(size_t *count);

#endif
