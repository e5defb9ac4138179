/* What operations look at and what they change: the model behind the oracle. One row per verb.
 * See crash_script.h.
 *
 * Objects are named by domain, place and name: "i ann/t1", "c orders/mailer", "o jobs/42".
 * Containers are "i ann/", settings "i ann/#". What changes an object changes its container too.
 * An answer about one object depends on that object only, there or gone; one about many depends
 * on the container. */
#include "lib/crash/crash_script.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum looks {
	AT_NAMES, /* the objects that are named */
	AT_PLACE, /* the container */
	AT_SETTING, /* the container's own value */
	AT_NAMES_AND_SETTING,
};

static const struct row {
	const char *name;
	char domain;
	bool reads;
	enum looks looks;
} rows[VERBS] = {
    [VERB_NONE] = {"nothing", ' ', true, AT_PLACE},
    [INBOX_SAVE] = {"inbox save", 'i', false, AT_PLACE},
    [INBOX_REPLACE] = {"inbox save replace", 'i', false, AT_PLACE},
    [INBOX_SET_STATUS] = {"inbox set_status", 'i', false, AT_SETTING},
    [INBOX_DISMISS] = {"inbox dismiss", 'i', false, AT_NAMES},
    [INBOX_UNDISMISS] = {"inbox undismiss", 'i', false, AT_NAMES},
    [INBOX_MARK_READ] = {"inbox mark_read", 'i', false, AT_NAMES},
    [INBOX_MARK_UNREAD] = {"inbox mark_unread", 'i', false, AT_NAMES},
    [INBOX_MARK_SEEN] = {"inbox mark_seen", 'i', false, AT_NAMES},
    [INBOX_REMOVE] = {"inbox remove", 'i', false, AT_NAMES},
    [INBOX_GUARD] = {"inbox guard", 'i', false, AT_NAMES},
    [INBOX_PRUNE] = {"inbox prune", 'i', false, AT_PLACE},
    [INBOX_TRIM] = {"inbox trim", 'i', false, AT_PLACE},
    [INBOX_CLEAR] = {"inbox clear", 'i', false, AT_PLACE},
    [INBOX_GET] = {"inbox get", 'i', true, AT_NAMES},
    [INBOX_LOAD] = {"inbox load", 'i', true, AT_PLACE},
    [INBOX_DISMISSED] = {"inbox dismissed", 'i', true, AT_PLACE},
    [INBOX_COUNTS] = {"inbox counts", 'i', true, AT_PLACE},
    [INBOX_STATUS] = {"inbox status", 'i', true, AT_SETTING},
    [INBOX_SNOOZE] = {"inbox snooze", 'i', false, AT_NAMES},
    [INBOX_BURY] = {"inbox remove, tombstone", 'i', false, AT_NAMES},
    [INBOX_PUT_TOMBSTONE] = {"inbox put_tombstone", 'i', false, AT_NAMES},
    [INBOX_MARK_ALL_READ] = {"inbox mark_all_read", 'i', false, AT_PLACE},
    [INBOX_DISMISS_ALL] = {"inbox dismiss_all", 'i', false, AT_PLACE},
    [INBOX_TOMBSTONES] = {"inbox tombstones", 'i', true, AT_PLACE},
    [CURSOR_ADVANCE] = {"cursor advance", 'c', false, AT_NAMES},
    [CURSOR_RESET] = {"cursor reset", 'c', false, AT_NAMES},
    [CURSOR_RECORD_ERROR] = {"cursor record_error", 'c', false, AT_NAMES},
    [CURSOR_REMOVE] = {"cursor remove", 'c', false, AT_NAMES},
    [CURSOR_GUARD] = {"cursor guard", 'c', false, AT_NAMES},
    [CURSOR_GET] = {"cursor get", 'c', true, AT_NAMES},
    [CURSOR_LIST] = {"cursor list", 'c', true, AT_PLACE},
    [CURSOR_LAG] = {"cursor lag", 'c', true, AT_PLACE},
    [OUTBOX_ENQUEUE] = {"outbox enqueue", 'o', false, AT_NAMES},
    [OUTBOX_ENQUEUE_OR_REPLACE] = {"outbox enqueue replace", 'o', false, AT_NAMES},
    [OUTBOX_ENQUEUE_MANY] = {"outbox enqueue_many", 'o', false, AT_NAMES},
    [OUTBOX_PUT] = {"outbox put", 'o', false, AT_NAMES},
    [OUTBOX_CONFIGURE] = {"outbox configure", 'o', false, AT_SETTING},
    [OUTBOX_CLEAR] = {"outbox clear", 'o', false, AT_PLACE},
    [OUTBOX_CLAIM] = {"outbox claim", 'o', false, AT_NAMES},
    [OUTBOX_CLAIM_NEXT] = {"outbox claim_next", 'o', false, AT_PLACE},
    [OUTBOX_EXTEND] = {"outbox extend", 'o', false, AT_NAMES},
    [OUTBOX_COMPLETE] = {"outbox complete", 'o', false, AT_NAMES},
    [OUTBOX_FAIL] = {"outbox fail", 'o', false, AT_NAMES_AND_SETTING},
    [OUTBOX_RELEASE] = {"outbox release", 'o', false, AT_NAMES},
    [OUTBOX_REMOVE] = {"outbox remove", 'o', false, AT_NAMES},
    [OUTBOX_MARK_FAILED] = {"outbox mark_failed", 'o', false, AT_NAMES},
    [OUTBOX_RETRY] = {"outbox retry", 'o', false, AT_NAMES},
    [OUTBOX_GUARD] = {"outbox guard", 'o', false, AT_NAMES},
    [OUTBOX_GUARD_CLAIM] = {"outbox guard_claim", 'o', false, AT_NAMES},
    [OUTBOX_GET] = {"outbox get", 'o', true, AT_NAMES},
    [OUTBOX_LIST] = {"outbox list", 'o', true, AT_PLACE},
    [OUTBOX_STATS] = {"outbox stats", 'o', true, AT_PLACE},
    [TIMELINE_APPEND] = {"timeline append", 't', false, AT_NAMES},
    [TIMELINE_RETAIN] = {"timeline retain", 't', false, AT_PLACE},
    [TIMELINE_CLEAR] = {"timeline clear", 't', false, AT_PLACE},
    [TIMELINE_GUARD] = {"timeline guard", 't', false, AT_NAMES},
    [TIMELINE_GET] = {"timeline get", 't', true, AT_NAMES},
    [TIMELINE_QUERY] = {"timeline query", 't', true, AT_PLACE},
    [TIMELINE_COUNT] = {"timeline count", 't', true, AT_PLACE},
    [TIMELINE_LATEST_AT] = {"timeline latest_at", 't', true, AT_PLACE},
    [IDEM_BEGIN] = {"idempotency begin", 'k', false, AT_NAMES},
    [IDEM_COMPLETE] = {"idempotency complete", 'k', false, AT_NAMES},
    [IDEM_ABANDON] = {"idempotency abandon", 'k', false, AT_NAMES},
    [IDEM_PUT] = {"idempotency put", 'k', false, AT_NAMES},
    [IDEM_REMOVE] = {"idempotency remove", 'k', false, AT_NAMES},
    [IDEM_CLEAR] = {"idempotency clear", 'k', false, AT_PLACE},
    [IDEM_GUARD] = {"idempotency guard", 'k', false, AT_NAMES},
    [IDEM_GUARD_OWNER] = {"idempotency guard_owner", 'k', false, AT_NAMES},
    [IDEM_GET] = {"idempotency get", 'k', true, AT_NAMES},
    [IDEM_HAS] = {"idempotency has", 'k', true, AT_NAMES},
    [IDEM_LIST] = {"idempotency list", 'k', true, AT_PLACE},
    [IDEM_COUNT] = {"idempotency count", 'k', true, AT_PLACE},
    [MIGRATION_RECORD] = {"migration record", 'm', false, AT_NAMES},
    [MIGRATION_FORGET] = {"migration forget", 'm', false, AT_NAMES},
    [MIGRATION_GUARD] = {"migration guard", 'm', false, AT_NAMES},
    [MIGRATION_LIST] = {"migrations", 'm', true, AT_PLACE},
    [LOCK_ACQUIRE] = {"lock acquire", 'l', false, AT_NAMES},
    [LOCK_PUT] = {"lock put", 'l', false, AT_NAMES},
    [LOCK_RENEW] = {"lock renew", 'l', false, AT_NAMES},
    [LOCK_RELEASE] = {"lock release", 'l', false, AT_NAMES},
    [LOCK_FORCE_RELEASE] = {"lock force_release", 'l', false, AT_NAMES},
    [LOCK_GUARD] = {"lock guard", 'l', false, AT_NAMES},
    [LOCK_GUARD_HELD] = {"lock guard_held", 'l', false, AT_NAMES},
    [LOCK_WITH] = {"lock with", 'l', true, AT_NAMES},
    [LOCK_CHECK] = {"lock check", 'l', true, AT_NAMES},
    [LOCK_GET] = {"lock get", 'l', true, AT_NAMES},
    [LOCK_LIST] = {"lock list", 'l', true, AT_PLACE},
    [DOCUMENT_PUT] = {"document put", 'd', false, AT_NAMES},
    [DOCUMENT_REGROUP] = {"document regroup", 'd', false, AT_NAMES},
    [DOCUMENT_REMOVE] = {"document remove", 'd', false, AT_NAMES},
    [DOCUMENT_CLEAR] = {"document clear", 'd', false, AT_PLACE},
    [DOCUMENT_GUARD] = {"document guard", 'd', false, AT_NAMES},
    [DOCUMENT_GET] = {"document get", 'd', true, AT_NAMES},
    [DOCUMENT_HAS] = {"document has", 'd', true, AT_NAMES},
    [DOCUMENT_LIST] = {"document list", 'd', true, AT_PLACE},
    [DOCUMENT_COUNT] = {"document count", 'd', true, AT_PLACE},
    [OUTBOX_ENQUEUE_RERUN] = {"outbox enqueue rerun", 'o', false, AT_NAMES},
    [OUTBOX_ENQUEUE_GROUPED] = {"outbox enqueue into a group", 'o', false, AT_NAMES},
    [OUTBOX_CLAIM_GROUPED] = {"outbox claim of a group", 'o', false, AT_PLACE},
    [OUTBOX_PUT_COMPLETED] = {"outbox put_completed", 'o', false, AT_NAMES},
    [OUTBOX_WINDOW] = {"outbox configure a window", 'o', false, AT_SETTING},
    [OUTBOX_PAUSE] = {"outbox pause", 'o', false, AT_SETTING},
    [OUTBOX_RESUME] = {"outbox resume", 'o', false, AT_SETTING},
    [OUTBOX_REDRIVE] = {"outbox redrive", 'o', false, AT_PLACE},
    [OUTBOX_COMPLETED] = {"outbox completed", 'o', true, AT_PLACE},
    [OUTBOX_CLAIM_BOUNDED] = {"outbox claim with max_run", 'o', false, AT_NAMES},
    [OUTBOX_MAX_LOST] = {"outbox configure max_lost", 'o', false, AT_SETTING},
    [OUTBOX_GET_LOST] = {"outbox get, claim over", 'o', true, AT_NAMES_AND_SETTING},
    [OUTBOX_RESCHEDULE] = {"outbox reschedule", 'o', false, AT_NAMES},
    [OUTBOX_PRUNE] = {"outbox prune", 'o', false, AT_PLACE},
};

const char *script_verb_name(enum verb verb)
{
	return rows[verb].name;
}

bool script_reads(const struct op *op)
{
	return rows[op->verb].reads;
}

size_t script_ops(const struct step *step)
{
	size_t count = 0;
	while (count < OPS_MAX && step->ops[count].verb != VERB_NONE)
		count++;
	return count;
}

int script_answer(const struct step *step)
{
	for (size_t i = 0; i < script_ops(step); i++)
		if (step->ops[i].answer != HF_OK)
			return step->ops[i].answer;
	return HF_OK;
}

bool script_changes(const struct step *step)
{
	bool changes = false;
	if (step->kind == STEP_ABANDON || script_answer(step) != HF_OK)
		return false;
	for (size_t i = 0; i < script_ops(step); i++)
		changes = changes || step->ops[i].changes;
	return changes;
}

/* The n-th of the names; false past the last. */
static bool name_at(const char *names, size_t nth, char *out, size_t cap)
{
	const char *at = names ? names : "";
	for (; nth > 0 && *at; nth--) {
		at += strcspn(at, " ");
		at += *at == ' ';
	}
	const size_t len = strcspn(at, " ");
	if (len == 0 || len >= cap)
		return false;
	memcpy(out, at, len);
	out[len] = '\0';
	return true;
}

static void object_name(const struct op *op, const char *name, char *out, size_t cap)
{
	const int len = snprintf(out, cap, "%c %s/%s", rows[op->verb].domain, op->place, name);
	if (len < 0 || (size_t)len >= cap)
		abort(); /* a workload with names that are too long */
}

void script_object_name(const struct op *op, size_t nth, char *out, size_t cap)
{
	char name[32] = "#";
	if (rows[op->verb].looks != AT_SETTING)
		(void)name_at(op->names, nth, name, sizeof name);
	object_name(op, name, out, cap);
}

static void each_name(const struct op *op, script_object each, void *arg)
{
	char name[32], object[64];
	for (size_t i = 0; name_at(op->names, i, name, sizeof name); i++) {
		object_name(op, name, object, sizeof object);
		each(arg, object);
	}
}

static void each_one(const struct op *op, const char *name, script_object each, void *arg)
{
	char object[64];
	object_name(op, name, object, sizeof object);
	each(arg, object);
}

void script_looks_at(const struct op *op, script_object each, void *arg)
{
	const enum looks looks = rows[op->verb].looks;
	if (looks == AT_NAMES || looks == AT_NAMES_AND_SETTING)
		each_name(op, each, arg);
	if (looks == AT_SETTING || looks == AT_NAMES_AND_SETTING)
		each_one(op, "#", each, arg);
	if (looks == AT_PLACE)
		each_one(op, "", each, arg);
}

void script_touches(const struct op *op, script_object each, void *arg)
{
	if (rows[op->verb].looks == AT_SETTING)
		each_one(op, "#", each, arg);
	else
		each_name(op, each, arg);
	each_one(op, "", each, arg);
}
