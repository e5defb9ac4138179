/* Puts objects that were read from a file into a store, by these rules: what is there and equal
 * is left as it is; what is there and different is a conflict, unless the caller asked to
 * replace; what the file does not name stays. So the same file can be imported again, after a
 * crash for example, and only what was missing is written.
 *
 * A file is gone through up to three times: LOAD_CHECK without a store, which only adds up
 * sizes; LOAD_JUDGE, which puts every object into a transaction that is thrown away, so that the
 * library has judged it; LOAD_WRITE. A file that fits into one transaction needs no judging of
 * its own: it is all or nothing. */
#ifndef TOOLS_LOAD_H
#define TOOLS_LOAD_H

#include "json/split.h"

enum load_pass { LOAD_CHECK, LOAD_JUDGE, LOAD_WRITE };

struct load {
	struct cli *cli;
	const struct input *input;
	enum load_pass pass;
	bool replace; /* --replace */
	bool batched; /* more than one transaction */
	const char *noun; /* what a piece is called in sentences */
	const struct piece *piece; /* the one at work; NULL: the file as a whole */
	hf_txn *txn;
	size_t pending; /* bytes in the transaction, guessed from above */
	uint64_t total; /* the same of the whole file, from LOAD_CHECK */
	uint64_t added, replaced, same; /* objects, of this pass */
	uint64_t batches; /* committed */
	unsigned orders; /* of the document at work */
};

/* All of these give CLI_OK, or an exit status with the sentence printed. */

HF_CHECKED int load_begin(struct load *load, enum load_pass pass);
/* Commits what is pending (LOAD_WRITE). */
HF_CHECKED int load_end(struct load *load);
/* Throws away what is pending. */
void load_abandon(struct load *load);

HF_CHECKED int load_cursor(struct load *load, const struct hf_cursor *cursor);
/* `whole` false: only id, payload, status, attempts and enqueued_at were in the file; the others
 * are compared with nothing. */
HF_CHECKED int load_item(struct load *load, const struct hf_outbox_item *item, bool whole);
HF_CHECKED int load_queue(struct load *load, const struct hf_outbox_configure_args *settings,
                          bool paused);
/* A completed id that blocks; one whose time is over is nothing. */
HF_CHECKED int load_completed(struct load *load, struct hf_bytes queue,
                              const struct hf_outbox_completed_id *completed);
/* Events never change: one that is there with other content is in conflict, --replace or not. */
HF_CHECKED int load_event(struct load *load, const struct hf_timeline_event *event);
/* A done entry. One that has expired is left out. */
HF_CHECKED int load_idem(struct load *load, const struct hf_idempotency_entry *entry);
/* A name that is recorded already stays as it is, whenever that was. */
HF_CHECKED int load_migration(struct load *load, const struct hf_migration_entry *migration);
/* With the orders of its collection; 0: not given. One that has expired by now adds nothing. */
HF_CHECKED int load_document(struct load *load, const struct hf_document *document,
                             unsigned orders);
/* The member whose words the orders are. */
const struct hf_api_member *load_orders(void);
/* Held for its owner, with a token of this store; one whose lease is over stays free. */
HF_CHECKED int load_lock(struct load *load, const struct hf_lock *lock);
/* A record with all its times and marks. */
HF_CHECKED int load_record(struct load *load, const struct hf_inbox_record *record);
/* What is remembered of a record that went. One whose time is over is passed over. */
HF_CHECKED int load_tombstone(struct load *load, const struct hf_inbox_tombstone *tomb);
/* A record as a poller's save: never a conflict, and no dismissal is lost. */
HF_CHECKED int load_saved(struct load *load, struct hf_bytes user,
                          const struct hf_inbox_input *record, hf_time generated_at);
/* The inbox itself; generated_at only goes forward. */
HF_CHECKED int load_generated_at(struct load *load, struct hf_bytes user, hf_time generated_at);
/* Its status (NULL: that stays) and what is kept beside it. `overrule`: others are no conflict. */
HF_CHECKED int load_status(struct load *load, struct hf_bytes user, const struct hf_bytes *status,
                           struct hf_bytes extra, bool overrule);
/* Both, as one object that is counted; without a status (NULL) that and what is beside it stay. */
HF_CHECKED int load_inbox(struct load *load, struct hf_bytes user, hf_time generated_at,
                          const struct hf_bytes *status, struct hf_bytes extra);

/* Prints what is wrong at the piece at work. */
int load_fail(struct load *load, int code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
