/* Runs one operation of a workload against a store, through the public interface. See
 * crash_script.h.
 *
 * Everything an operation needs is made from its row: payloads and times are functions of names
 * and numbers, so that running a workload again does exactly the same. What a read gives is
 * written down as bytes, to be compared with another run. */
#include "lib/crash/work/crash_verbs.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define PATTERN_SIZE 8192u

static uint8_t pattern[PATTERN_SIZE];
static pthread_once_t pattern_once = PTHREAD_ONCE_INIT;

/* Printable, without long repeats: usable as reason and error text too, and no sector of it is
 * zero or like another. */
static void pattern_fill(void)
{
	uint64_t x = 88172645463325252u;
	for (size_t i = 0; i < PATTERN_SIZE; i++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		pattern[i] = (uint8_t)('a' + x % 26);
	}
}

struct hf_bytes verb_bytes(const char *name, uint32_t size)
{
	size_t at = 0;
	(void)pthread_once(&pattern_once, pattern_fill);
	for (; *name; name++)
		at = at * 31 + (unsigned char)*name;
	at %= 512;
	if (size > PATTERN_SIZE - at)
		abort(); /* a workload with payloads that are too long */
	return hf_bytes_of(pattern + at, size);
}

static void names_split(const struct op *op, struct names *out)
{
	const char *names = op->names ? op->names : "";
	memset(out, 0, sizeof *out);
	if (strlen(names) >= sizeof out->text)
		abort();
	memcpy(out->text, names, strlen(names) + 1);
	char *rest = NULL;
	for (char *name = strtok_r(out->text, " ", &rest); name; name = strtok_r(NULL, " ", &rest)) {
		if (out->count == NAMES_MAX)
			abort();
		out->cstr[out->count] = name;
		out->part[out->count++] = hf_str(name);
	}
	if (out->count == 0) {
		out->cstr[0] = "-";
		out->part[0] = hf_str("-");
	}
}

struct hf_write verb_write(const struct call *c)
{
	return (struct hf_write){.expect = c->expect, .durability = c->durability, .ticket = c->ticket};
}

void verb_tell_version(struct tale *told, uint64_t version)
{
	hf__put_u64(&told->bytes, version);
	told->lsn = version > told->lsn ? version : told->lsn;
}

void verb_tell_token(struct tale *told, hf_token token)
{
	hf__put_u64(&told->bytes, token >> 48);
	verb_tell_version(told, token & ((UINT64_C(1) << 48) - 1));
}

void script_tell_result(struct tale *told, const struct hf_result *result)
{
	hf__put_u8(&told->bytes, result->changed);
	verb_tell_version(told, result->version);
	verb_tell_token(told, result->token);
	hf__put_u64(&told->bytes, result->count);
}

/* --- The table -------------------------------------------------------------------------------- */

static int (*const runs[VERBS])(const struct call *c, const struct names *n) = {
    [INBOX_SAVE] = verb_inbox_save,
    [INBOX_REPLACE] = verb_inbox_save,
    [INBOX_SET_STATUS] = verb_inbox_many,
    [INBOX_DISMISS] = verb_inbox_mark,
    [INBOX_UNDISMISS] = verb_inbox_mark,
    [INBOX_MARK_READ] = verb_inbox_mark,
    [INBOX_MARK_UNREAD] = verb_inbox_mark,
    [INBOX_MARK_SEEN] = verb_inbox_mark,
    [INBOX_REMOVE] = verb_inbox_one,
    [INBOX_GUARD] = verb_inbox_one,
    [INBOX_PRUNE] = verb_inbox_many,
    [INBOX_TRIM] = verb_inbox_many,
    [INBOX_CLEAR] = verb_inbox_many,
    [INBOX_GET] = verb_inbox_get,
    [INBOX_LOAD] = verb_inbox_load,
    [INBOX_DISMISSED] = verb_inbox_dismissed,
    [INBOX_COUNTS] = verb_inbox_figures,
    [INBOX_STATUS] = verb_inbox_figures,
    [INBOX_SNOOZE] = verb_inbox_bury,
    [INBOX_BURY] = verb_inbox_bury,
    [INBOX_PUT_TOMBSTONE] = verb_inbox_bury,
    [INBOX_MARK_ALL_READ] = verb_inbox_mark_all,
    [INBOX_DISMISS_ALL] = verb_inbox_mark_all,
    [INBOX_TOMBSTONES] = verb_inbox_tombstones,
    [CURSOR_ADVANCE] = verb_cursor_change,
    [CURSOR_RESET] = verb_cursor_change,
    [CURSOR_RECORD_ERROR] = verb_cursor_change,
    [CURSOR_REMOVE] = verb_cursor_change,
    [CURSOR_GUARD] = verb_cursor_change,
    [CURSOR_GET] = verb_cursor_get,
    [CURSOR_LIST] = verb_cursor_list,
    [CURSOR_LAG] = verb_cursor_lag,
    [OUTBOX_ENQUEUE] = verb_outbox_enqueue,
    [OUTBOX_ENQUEUE_OR_REPLACE] = verb_outbox_enqueue,
    [OUTBOX_ENQUEUE_MANY] = verb_outbox_enqueue_many,
    [OUTBOX_PUT] = verb_outbox_queue,
    [OUTBOX_CONFIGURE] = verb_outbox_queue,
    [OUTBOX_CLEAR] = verb_outbox_queue,
    [OUTBOX_CLAIM] = verb_outbox_claim,
    [OUTBOX_CLAIM_NEXT] = verb_outbox_claim,
    [OUTBOX_EXTEND] = verb_outbox_holding,
    [OUTBOX_COMPLETE] = verb_outbox_holding,
    [OUTBOX_FAIL] = verb_outbox_holding,
    [OUTBOX_RELEASE] = verb_outbox_holding,
    [OUTBOX_REMOVE] = verb_outbox_outside,
    [OUTBOX_MARK_FAILED] = verb_outbox_outside,
    [OUTBOX_RETRY] = verb_outbox_outside,
    [OUTBOX_GUARD] = verb_outbox_outside,
    [OUTBOX_GUARD_CLAIM] = verb_outbox_holding,
    [OUTBOX_GET] = verb_outbox_get,
    [OUTBOX_LIST] = verb_outbox_list,
    [OUTBOX_STATS] = verb_outbox_stats,
    [TIMELINE_APPEND] = verb_timeline_change,
    [TIMELINE_RETAIN] = verb_timeline_change,
    [TIMELINE_CLEAR] = verb_timeline_change,
    [TIMELINE_GUARD] = verb_timeline_change,
    [TIMELINE_GET] = verb_timeline_get,
    [TIMELINE_QUERY] = verb_timeline_query,
    [TIMELINE_COUNT] = verb_timeline_figures,
    [TIMELINE_LATEST_AT] = verb_timeline_figures,
    [IDEM_BEGIN] = verb_idem_begin,
    [IDEM_COMPLETE] = verb_idem_owning,
    [IDEM_ABANDON] = verb_idem_owning,
    [IDEM_PUT] = verb_idem_raw,
    [IDEM_REMOVE] = verb_idem_raw,
    [IDEM_CLEAR] = verb_idem_raw,
    [IDEM_GUARD] = verb_idem_raw,
    [IDEM_GUARD_OWNER] = verb_idem_owning,
    [IDEM_GET] = verb_idem_look,
    [IDEM_HAS] = verb_idem_look,
    [IDEM_LIST] = verb_idem_look,
    [IDEM_COUNT] = verb_idem_look,
    [MIGRATION_RECORD] = verb_migration,
    [MIGRATION_FORGET] = verb_migration,
    [MIGRATION_GUARD] = verb_migration,
    [MIGRATION_LIST] = verb_migrations,
    [LOCK_ACQUIRE] = verb_lock_change,
    [LOCK_PUT] = verb_lock_change,
    [LOCK_RENEW] = verb_lock_change,
    [LOCK_RELEASE] = verb_lock_change,
    [LOCK_FORCE_RELEASE] = verb_lock_change,
    [LOCK_GUARD] = verb_lock_change,
    [LOCK_GUARD_HELD] = verb_lock_change,
    [LOCK_WITH] = verb_lock_with,
    [LOCK_CHECK] = verb_lock_get,
    [LOCK_GET] = verb_lock_get,
    [LOCK_LIST] = verb_lock_list,
    [DOCUMENT_PUT] = verb_document_change,
    [DOCUMENT_REGROUP] = verb_document_change,
    [DOCUMENT_REMOVE] = verb_document_change,
    [DOCUMENT_CLEAR] = verb_document_change,
    [DOCUMENT_GUARD] = verb_document_change,
    [DOCUMENT_GET] = verb_document_get,
    [DOCUMENT_HAS] = verb_document_figures,
    [DOCUMENT_LIST] = verb_document_list,
    [DOCUMENT_COUNT] = verb_document_figures,
    [OUTBOX_ENQUEUE_RERUN] = verb_outbox_enqueue,
    [OUTBOX_ENQUEUE_GROUPED] = verb_outbox_enqueue,
    [OUTBOX_CLAIM_GROUPED] = verb_outbox_claim,
    [OUTBOX_PUT_COMPLETED] = verb_outbox_whole,
    [OUTBOX_WINDOW] = verb_outbox_whole,
    [OUTBOX_PAUSE] = verb_outbox_whole,
    [OUTBOX_RESUME] = verb_outbox_whole,
    [OUTBOX_REDRIVE] = verb_outbox_whole,
    [OUTBOX_COMPLETED] = verb_outbox_completed,
    [OUTBOX_CLAIM_BOUNDED] = verb_outbox_claim,
    [OUTBOX_MAX_LOST] = verb_outbox_whole,
    [OUTBOX_GET_LOST] = verb_outbox_get,
    [OUTBOX_RESCHEDULE] = verb_outbox_outside,
    [OUTBOX_PRUNE] = verb_outbox_whole,
};

int script_call(const struct call *call)
{
	struct names names;
	names_split(call->op, &names);
	return runs[call->op->verb](call, &names);
}
