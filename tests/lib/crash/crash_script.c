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

#define RECORD "key.user=$place key.thread=$id"
#define SAVE \
	"user=$place generated_at=$number records=$names : thread=$name payload=$payload " \
	"unread=$even score=$score updated_at=$number"
#define CURSOR "key.consumer=$id key.stream=$place"
#define ITEM "queue=$place id=$id"
#define ENQUEUE "hf_outbox_enqueue " ITEM " payload=$bytes available_at=$number"
#define EVENT "key.timeline=$place key.id=$id"
#define ENTRY "key.scope=$place key.key=$id"
#define DOCUMENT "key.collection=$place key.id=$id"

static const struct row {
	const char *name;
	enum looks looks;
	/* See lib/operation/operation.h; what the words mean is in crash_verbs.c. */
	const char *words;
} rows[VERBS] = {
    [VERB_NONE] = {"nothing", AT_PLACE, NULL},
    [INBOX_SAVE] = {"inbox save", AT_PLACE, "hf_inbox_save " SAVE},
    [INBOX_REPLACE] = {"inbox save replace", AT_PLACE, "hf_inbox_save mode=replace " SAVE},
    [INBOX_SET_STATUS] = {"inbox set_status", AT_SETTING,
                          "hf_inbox_set_status user=$place status=$bytes"},
    [INBOX_DISMISS] = {"inbox dismiss", AT_NAMES, "hf_inbox_dismiss " RECORD},
    [INBOX_UNDISMISS] = {"inbox undismiss", AT_NAMES, "hf_inbox_undismiss " RECORD},
    [INBOX_MARK_READ] = {"inbox mark_read", AT_NAMES, "hf_inbox_mark_read " RECORD},
    [INBOX_MARK_UNREAD] = {"inbox mark_unread", AT_NAMES, "hf_inbox_mark_unread " RECORD},
    [INBOX_MARK_SEEN] = {"inbox mark_seen", AT_NAMES, "hf_inbox_mark_seen " RECORD},
    [INBOX_REMOVE] = {"inbox remove", AT_NAMES, "hf_inbox_remove " RECORD},
    [INBOX_GUARD] = {"inbox guard", AT_NAMES, "hf_inbox_guard " RECORD},
    [INBOX_PRUNE] = {"inbox prune", AT_PLACE,
                     "hf_inbox_prune user=$place keep_accounts=1 : bytes=nobody"},
    [INBOX_TRIM] = {"inbox trim", AT_PLACE, "hf_inbox_trim user=$place max_records=$number"},
    [INBOX_CLEAR] = {"inbox clear", AT_PLACE, "hf_inbox_clear user=$place"},
    [INBOX_GET] = {"inbox get", AT_NAMES, "hf_inbox_get user=$place thread=$id"},
    [INBOX_LOAD] = {"inbox load", AT_PLACE, "hf_inbox_load user=$place"},
    [INBOX_DISMISSED] = {"inbox dismissed", AT_PLACE, "hf_inbox_list_dismissed user=$place"},
    [INBOX_COUNTS] = {"inbox counts", AT_PLACE, "hf_inbox_count user=$place"},
    [INBOX_STATUS] = {"inbox status", AT_SETTING, "hf_inbox_get_status user=$place"},
    [INBOX_SNOOZE] = {"inbox snooze", AT_NAMES, "hf_inbox_snooze " RECORD " until=$number"},
    [INBOX_BURY] = {"inbox remove, tombstone", AT_NAMES,
                    "hf_inbox_remove " RECORD " tombstone_for=$number"},
    [INBOX_PUT_TOMBSTONE] = {"inbox put_tombstone", AT_NAMES,
                             "hf_inbox_put_tombstone " RECORD
                             " dismissed=1 dismissed_at=7 until=$number"},
    [INBOX_MARK_ALL_READ] = {"inbox mark_all_read", AT_PLACE,
                             "hf_inbox_mark_all_read user=$place up_to=$number"},
    [INBOX_DISMISS_ALL] = {"inbox dismiss_all", AT_PLACE,
                           "hf_inbox_dismiss_all user=$place up_to=$number"},
    [INBOX_TOMBSTONES] = {"inbox tombstones", AT_PLACE, "hf_inbox_list_tombstones user=$place"},
    [CURSOR_ADVANCE] = {"cursor advance", AT_NAMES,
                        "hf_cursor_advance " CURSOR " sequence=$number delivery_id=d now=1"},
    [CURSOR_RESET] = {"cursor reset", AT_NAMES,
                      "hf_cursor_reset " CURSOR
                      " sequence=$number delivered_at=unset reason=$bytes"},
    [CURSOR_RECORD_ERROR] = {"cursor record_error", AT_NAMES,
                             "hf_cursor_record_error " CURSOR " message=$bytes"},
    [CURSOR_REMOVE] = {"cursor remove", AT_NAMES, "hf_cursor_remove " CURSOR},
    [CURSOR_GUARD] = {"cursor guard", AT_NAMES, "hf_cursor_guard " CURSOR},
    [CURSOR_GET] = {"cursor get", AT_NAMES, "hf_cursor_get consumer=$id stream=$place"},
    [CURSOR_LIST] = {"cursor list", AT_PLACE, "hf_cursor_list stream=$place"},
    [CURSOR_LAG] = {"cursor lag", AT_PLACE, "hf_cursor_list_lag stream=$place head=$number"},
    [OUTBOX_ENQUEUE] = {"outbox enqueue", AT_NAMES, ENQUEUE},
    [OUTBOX_ENQUEUE_OR_REPLACE] = {"outbox enqueue replace", AT_NAMES, ENQUEUE " dedup=replace"},
    [OUTBOX_ENQUEUE_MANY] = {"outbox enqueue_many", AT_NAMES,
                             "hf_outbox_enqueue_many queue=$place items=$names : id=$name "
                             "payload=$payload priority=$index"},
    [OUTBOX_PUT] = {"outbox put", AT_NAMES,
                    "hf_outbox_put queue=$place item.id=$id item.payload=$bytes item.attempts=2 "
                    "item.enqueued_at=1 item.available_at=2"},
    [OUTBOX_CONFIGURE] = {"outbox configure", AT_SETTING,
                          "hf_outbox_configure queue=$place max_attempts=$number"},
    [OUTBOX_CLEAR] = {"outbox clear", AT_PLACE, "hf_outbox_clear queue=$place"},
    [OUTBOX_CLAIM] = {"outbox claim", AT_NAMES,
                      "hf_outbox_claim " ITEM " owner=worker lease_us=$number"},
    [OUTBOX_CLAIM_NEXT] =
        {"outbox claim_next", AT_PLACE,
         "hf_outbox_claim_next queue=$place max=$max owner=worker lease_us=$number"},
    [OUTBOX_EXTEND] = {"outbox extend", AT_NAMES,
                       "hf_outbox_extend " ITEM " token=$token lease_us=$number"},
    [OUTBOX_COMPLETE] = {"outbox complete", AT_NAMES, "hf_outbox_complete " ITEM " token=$token"},
    [OUTBOX_FAIL] = {"outbox fail", AT_NAMES_AND_SETTING,
                     "hf_outbox_fail " ITEM
                     " token=$token reason=$bytes backoff.kind=fixed backoff.delay_us=$number"},
    [OUTBOX_RELEASE] = {"outbox release", AT_NAMES,
                        "hf_outbox_release " ITEM " token=$token delay_us=$number"},
    [OUTBOX_REMOVE] = {"outbox remove", AT_NAMES, "hf_outbox_remove " ITEM},
    [OUTBOX_MARK_FAILED] = {"outbox mark_failed", AT_NAMES,
                            "hf_outbox_mark_failed " ITEM " reason=$bytes"},
    [OUTBOX_RETRY] = {"outbox retry", AT_NAMES, "hf_outbox_retry " ITEM},
    [OUTBOX_GUARD] = {"outbox guard", AT_NAMES, "hf_outbox_guard " ITEM},
    [OUTBOX_GUARD_CLAIM] = {"outbox guard_claim", AT_NAMES,
                            "hf_outbox_guard_claim " ITEM " token=$token"},
    [OUTBOX_GET] = {"outbox get", AT_NAMES, "hf_outbox_get " ITEM},
    [OUTBOX_LIST] = {"outbox list", AT_PLACE, "hf_outbox_list queue=$place"},
    [OUTBOX_STATS] = {"outbox stats", AT_PLACE, "hf_outbox_get_stats queue=$place"},
    [TIMELINE_APPEND] = {"timeline append", AT_NAMES,
                         "hf_timeline_append " EVENT
                         " type=$id subject=subject happened_at=$number payload=$bytes"},
    [TIMELINE_RETAIN] = {"timeline retain", AT_PLACE,
                         "hf_timeline_retain timeline=$place max_events=$number"},
    [TIMELINE_CLEAR] = {"timeline clear", AT_PLACE, "hf_timeline_clear timeline=$place"},
    [TIMELINE_GUARD] = {"timeline guard", AT_NAMES, "hf_timeline_guard " EVENT},
    [TIMELINE_GET] = {"timeline get", AT_NAMES, "hf_timeline_get timeline=$place id=$id"},
    [TIMELINE_QUERY] =
        {"timeline query", AT_PLACE,
         "hf_timeline_query filter.timeline=$place filter.subject=subject limit=$number"},
    [TIMELINE_COUNT] = {"timeline count", AT_PLACE, "hf_timeline_count filter.timeline=$place"},
    [TIMELINE_LATEST_AT] = {"timeline latest_at", AT_PLACE,
                            "hf_timeline_latest_at timeline=$place"},
    [IDEM_BEGIN] = {"idempotency begin", AT_NAMES,
                    "hf_idempotency_begin " ENTRY " fingerprint=$bytes lease_us=$number"},
    [IDEM_COMPLETE] = {"idempotency complete", AT_NAMES,
                       "hf_idempotency_complete " ENTRY
                       " token=$token status=200 response=$bytes ttl_us=$number"},
    [IDEM_ABANDON] = {"idempotency abandon", AT_NAMES,
                      "hf_idempotency_abandon " ENTRY " token=$token"},
    [IDEM_PUT] = {"idempotency put", AT_NAMES,
                  "hf_idempotency_put " ENTRY
                  " status=418 response=$bytes created_at=7 expires_at=$expiry"},
    [IDEM_REMOVE] = {"idempotency remove", AT_NAMES, "hf_idempotency_remove " ENTRY},
    [IDEM_CLEAR] = {"idempotency clear", AT_PLACE, "hf_idempotency_clear scope=$place"},
    [IDEM_GUARD] = {"idempotency guard", AT_NAMES, "hf_idempotency_guard " ENTRY},
    [IDEM_GUARD_OWNER] = {"idempotency guard_owner", AT_NAMES,
                          "hf_idempotency_guard_owner " ENTRY " token=$token"},
    [IDEM_GET] = {"idempotency get", AT_NAMES, "hf_idempotency_get scope=$place key=$id"},
    [IDEM_HAS] = {"idempotency has", AT_NAMES, "hf_idempotency_has scope=$place key=$id"},
    [IDEM_LIST] = {"idempotency list", AT_PLACE, "hf_idempotency_list scope=$place"},
    [IDEM_COUNT] = {"idempotency count", AT_PLACE, "hf_idempotency_count scope=$place"},
    [MIGRATION_RECORD] = {"migration record", AT_NAMES, "hf_migration_record name=$id"},
    [MIGRATION_FORGET] = {"migration forget", AT_NAMES, "hf_migration_forget name=$id"},
    [MIGRATION_GUARD] = {"migration guard", AT_NAMES, "hf_migration_guard name=$id"},
    [MIGRATION_LIST] = {"migrations", AT_PLACE, "hf_migration_list"},
    [LOCK_ACQUIRE] = {"lock acquire", AT_NAMES,
                      "hf_lock_acquire name=$id owner=$owner lease_us=$number"},
    [LOCK_PUT] = {"lock put", AT_NAMES,
                  "hf_lock_put name=$id owner=$owner acquired_at=5 lease_until=$until"},
    [LOCK_RENEW] = {"lock renew", AT_NAMES, "hf_lock_renew name=$id token=$token lease_us=$number"},
    [LOCK_RELEASE] = {"lock release", AT_NAMES, "hf_lock_release name=$id token=$token"},
    [LOCK_FORCE_RELEASE] = {"lock force_release", AT_NAMES,
                            "hf_lock_force_release name=$id reason=$bytes"},
    [LOCK_GUARD] = {"lock guard", AT_NAMES, "hf_lock_guard name=$id"},
    [LOCK_GUARD_HELD] = {"lock guard_held", AT_NAMES, "hf_lock_guard_held name=$id token=$token"},
    [LOCK_WITH] = {"lock with", AT_NAMES, "hf_lock_with name=$id"},
    [LOCK_CHECK] = {"lock check", AT_NAMES, "hf_lock_check name=$id token=$token"},
    [LOCK_GET] = {"lock get", AT_NAMES, "hf_lock_get name=$id"},
    [LOCK_LIST] = {"lock list", AT_PLACE, "hf_lock_list"},
    [DOCUMENT_PUT] = {"document put", AT_NAMES,
                      "hf_document_put " DOCUMENT " payload=$bytes group=g1 ttl_us=$number"},
    [DOCUMENT_REGROUP] = {"document regroup", AT_NAMES,
                          "hf_document_regroup " DOCUMENT " group=$group"},
    [DOCUMENT_REMOVE] = {"document remove", AT_NAMES, "hf_document_remove " DOCUMENT},
    [DOCUMENT_CLEAR] = {"document clear", AT_PLACE, "hf_document_clear collection=$place"},
    [DOCUMENT_GUARD] = {"document guard", AT_NAMES, "hf_document_guard " DOCUMENT},
    [DOCUMENT_GET] = {"document get", AT_NAMES, "hf_document_get collection=$place id=$id"},
    [DOCUMENT_HAS] = {"document has", AT_NAMES, "hf_document_has collection=$place id=$id"},
    [DOCUMENT_LIST] = {"document list", AT_PLACE, "hf_document_list collection=$place"},
    [DOCUMENT_COUNT] = {"document count", AT_PLACE,
                        "hf_document_count collection=$place group=$group"},
    [OUTBOX_ENQUEUE_RERUN] = {"outbox enqueue rerun", AT_NAMES,
                              ENQUEUE " dedup=rerun enqueued_at=1"},
    [OUTBOX_ENQUEUE_GROUPED] = {"outbox enqueue into a group", AT_NAMES, ENQUEUE " group=g"},
    [OUTBOX_CLAIM_GROUPED] = {"outbox claim of a group", AT_PLACE,
                              "hf_outbox_claim " ITEM " owner=worker lease_us=$number"},
    [OUTBOX_PUT_COMPLETED] = {"outbox put_completed", AT_NAMES,
                              "hf_outbox_put_completed " ITEM " until=$number"},
    [OUTBOX_WINDOW] = {"outbox configure a window", AT_SETTING,
                       "hf_outbox_configure queue=$place dedup_window_us=$number dedup_max=2"},
    [OUTBOX_PAUSE] = {"outbox pause", AT_SETTING, "hf_outbox_pause queue=$place"},
    [OUTBOX_RESUME] = {"outbox resume", AT_SETTING, "hf_outbox_resume queue=$place"},
    [OUTBOX_REDRIVE] = {"outbox redrive", AT_PLACE, "hf_outbox_redrive queue=$place"},
    [OUTBOX_COMPLETED] = {"outbox completed", AT_PLACE, "hf_outbox_list_completed queue=$place"},
    [OUTBOX_CLAIM_BOUNDED] = {"outbox claim with max_run", AT_NAMES,
                              "hf_outbox_claim " ITEM
                              " owner=worker lease_us=60s max_run_us=$number"},
    [OUTBOX_MAX_LOST] = {"outbox configure max_lost", AT_SETTING,
                         "hf_outbox_configure queue=$place max_lost=$number "
                         "leave=max_attempts+dedup_window+dedup_max"},
    [OUTBOX_GET_LOST] = {"outbox get, claim over", AT_NAMES_AND_SETTING, "hf_outbox_get " ITEM},
    [OUTBOX_RESCHEDULE] = {"outbox reschedule", AT_NAMES,
                           "hf_outbox_reschedule " ITEM " set_available_at=1 available_at=$number"},
    [OUTBOX_PRUNE] = {"outbox prune", AT_PLACE, "hf_outbox_prune queue=$place"},
};

const char *script_verb_name(enum verb verb)
{
	return rows[verb].name;
}

const char *script_words(const struct op *op)
{
	return rows[op->verb].words;
}

bool script_reads(const struct op *op)
{
	const char *words = rows[op->verb].words;
	return op_find(words, strcspn(words, " "))->kind != HF_API_MUTATION;
}

/* The letter of objects: that of the domain's name, but for the one that begins as another. */
static char domain_letter(const struct op *op)
{
	const char *domain = rows[op->verb].words + strlen("hf_");
	return domain[1] == 'd' ? 'k' : domain[0];
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
	const int len = snprintf(out, cap, "%c %s/%s", domain_letter(op), op->place, name);
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
