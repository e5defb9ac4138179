/* What a file looked like beyond what the store's own fields say: the order of members, spellings of numbers, members nobody knows, the order of
 * a list. It is kept as records of two inboxes of its own, only for files that need it, and an export puts it back together with what the store says
 * now. To the engine these are records like all others: JSON Lines carry them, a crash does not lose them.
 *
 *   FRAMES_OUTBOX  account: the queue   thread: the id             payload: the entry's text with 0 in the place of its item
 *   FRAMES_INBOX   account: the user    thread: "file"             payload: the file's text with an empty list
 *                                       thread: "order-00000000"…  payload: account NUL thread NUL … in the order of the file */
#ifndef TOOLS_FRAMES_H
#define TOOLS_FRAMES_H

#include "holdfast/holdfast.h"

#include <stdio.h>

#define FRAMES_OUTBOX "holdfast:outbox-files"
#define FRAMES_INBOX "holdfast:notification-files"
#define FRAMES_FILE "file"

enum { FRAMES_ORDER_SIZE = 32, FRAMES_ORDER_MAX = 1 << 20 /* bytes of one piece of an order */ };

static inline struct hf_inbox_key frames_outbox_key(struct hf_bytes queue, struct hf_bytes id)
{
	return (struct hf_inbox_key){.user = hf_str(FRAMES_OUTBOX), .account = queue, .thread = id};
}

static inline struct hf_inbox_key frames_file_key(struct hf_bytes user)
{
	return (struct hf_inbox_key){.user = hf_str(FRAMES_INBOX), .account = user, .thread = hf_str(FRAMES_FILE)};
}

static inline struct hf_inbox_key frames_order_key(struct hf_bytes user, unsigned number, char thread[FRAMES_ORDER_SIZE])
{
	(void)snprintf(thread, FRAMES_ORDER_SIZE, "order-%08u", number);
	return (struct hf_inbox_key){.user = hf_str(FRAMES_INBOX), .account = user, .thread = hf_str(thread)};
}

#endif
