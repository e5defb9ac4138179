/* Running operations, shared by the files of crash_verbs*.c: see crash_script.h. */
#ifndef TESTS_LIB_CRASH_VERBS_H
#define TESTS_LIB_CRASH_VERBS_H

#include "lib/crash/crash_script.h"

/* The names of an operation, cut apart. */
struct names {
	char text[160];
	struct hf_bytes part[NAMES_MAX];
	const char *cstr[NAMES_MAX];
	size_t count;
};

/* `size` bytes that depend on the name. */
struct hf_bytes verb_bytes(const char *name, uint32_t size);
struct hf_write verb_write(const struct call *c);
void verb_tell_version(struct tale *told, uint64_t version);
/* Epochs stay the same in these tests: the low bits of a token are an LSN. */
void verb_tell_token(struct tale *told, hf_token token);

/* One function for verbs that are alike; each picks by c->op->verb. */
int verb_inbox_save(const struct call *c, const struct names *n);
int verb_inbox_mark(const struct call *c, const struct names *n);
int verb_inbox_one(const struct call *c, const struct names *n);
int verb_inbox_many(const struct call *c, const struct names *n);
int verb_inbox_get(const struct call *c, const struct names *n);
int verb_inbox_load(const struct call *c, const struct names *n);
int verb_inbox_dismissed(const struct call *c, const struct names *n);
int verb_inbox_bury(const struct call *c, const struct names *n);
int verb_inbox_mark_all(const struct call *c, const struct names *n);
int verb_inbox_tombstones(const struct call *c, const struct names *n);
int verb_inbox_figures(const struct call *c, const struct names *n);
int verb_cursor_change(const struct call *c, const struct names *n);
int verb_cursor_get(const struct call *c, const struct names *n);
int verb_cursor_list(const struct call *c, const struct names *n);
int verb_cursor_lag(const struct call *c, const struct names *n);
int verb_outbox_enqueue(const struct call *c, const struct names *n);
int verb_outbox_enqueue_many(const struct call *c, const struct names *n);
int verb_outbox_queue(const struct call *c, const struct names *n);
int verb_outbox_claim(const struct call *c, const struct names *n);
int verb_outbox_holding(const struct call *c, const struct names *n);
int verb_outbox_outside(const struct call *c, const struct names *n);
int verb_outbox_get(const struct call *c, const struct names *n);
int verb_outbox_list(const struct call *c, const struct names *n);
int verb_outbox_stats(const struct call *c, const struct names *n);
int verb_timeline_change(const struct call *c, const struct names *n);
int verb_timeline_get(const struct call *c, const struct names *n);
int verb_timeline_query(const struct call *c, const struct names *n);
int verb_timeline_figures(const struct call *c, const struct names *n);
int verb_idem_begin(const struct call *c, const struct names *n);
int verb_idem_owning(const struct call *c, const struct names *n);
int verb_idem_raw(const struct call *c, const struct names *n);
int verb_idem_look(const struct call *c, const struct names *n);
int verb_migration(const struct call *c, const struct names *n);
int verb_migrations(const struct call *c, const struct names *n);
int verb_lock_change(const struct call *c, const struct names *n);
int verb_lock_with(const struct call *c, const struct names *n);
int verb_lock_get(const struct call *c, const struct names *n);
int verb_lock_list(const struct call *c, const struct names *n);
int verb_document_change(const struct call *c, const struct names *n);
int verb_document_get(const struct call *c, const struct names *n);
int verb_document_list(const struct call *c, const struct names *n);
int verb_document_figures(const struct call *c, const struct names *n);
int verb_outbox_whole(const struct call *c, const struct names *n);
int verb_outbox_completed(const struct call *c, const struct names *n);

#endif
