/* See op_random.h. */
#include "lib/operation/op_random.h"

#include "lib/test.h"

/* --- The table -------------------------------------------------------------------------------- */

#define RECORD "key.user=user@3 key.account=|acc#2 key.thread=th#11"
#define CURSOR "key.consumer=con#3 key.stream=str@3 key.subject=|sub#2"
#define ITEM "queue=que@2 id=it#20"
#define GROUP "group=|||g@3"
#define ENTRY "key.scope=sc@3 key.key=k#12"
#define DOCUMENT "key.collection=col@2 key.id=d#8"
#define SAVE \
	"user=user@3 records=0..4 generated_at=$time mode=?15:replace restore=?10:1 " \
	"tombstone_for=0|1|10s|3600s"
#define SAVED \
	"account=|acc#2 thread=$thread payload=$payload unread=?60:1 score=0..99 " \
	"updated_at=unset|$time|$time|$time snapshot_at=$time seen_at=unset read_at=unset|$time " \
	"snoozed_until=unset|unset|unset|unset|$time "
#define UNTIL "until=0|now|now+1|now+2s|now+10s|now+3600s"
#define PUT \
	"queue=que@2 item.id=it#20 item.payload=$payload item.status=failed|queued " \
	"item.attempts=0..3 item.lost=0..3 item.extra=||||$sentence item.available_computed=0..1 " \
	"item.priority=0..2 item.enqueued_at=$time item.available_at=$time item.group=|||g@3 " \
	"item.last_error=|$sentence"
#define FINGERPRINT "fingerprint=|f#2|f#2|f#2|f#2"

static const struct row {
	unsigned weight;
	const char *words;
} rows[] = {
    {26, "hf_inbox_save " SAVE " : " SAVED "dismissed_at=unset"},
    {4, "hf_inbox_save " SAVE " : " SAVED "dismissed=1 dismissed_at=$time"},
    {10, "hf_inbox_set_status user=user@3 status=$payload"},
    {8, "hf_inbox_dismiss " RECORD " now=?30:$time"},
    {8, "hf_inbox_undismiss " RECORD " now=?30:$time"},
    {8, "hf_inbox_mark_read " RECORD " now=?30:$time"},
    {8, "hf_inbox_mark_unread " RECORD " now=?30:$time"},
    {8, "hf_inbox_mark_seen " RECORD " now=?30:$time"},
    {10, "hf_inbox_snooze " RECORD " until=?70:$time"},
    {10, "hf_inbox_remove " RECORD " tombstone_for=0|1|10s|3600s"},
    {5, "hf_inbox_put_tombstone " RECORD " dismissed=1 dismissed_at=$time " UNTIL},
    {5, "hf_inbox_put_tombstone " RECORD " dismissed_at=unset " UNTIL},
    {7, "hf_inbox_mark_all_read user=user@3 account=|acc#2 up_to=$lsn"},
    {3, "hf_inbox_dismiss_all user=user@3 account=|acc#2 up_to=$lsn"},
    {3, "hf_inbox_prune user=user@3 keep_accounts=0..2 : bytes=$kept"},
    {6,
     "hf_inbox_trim user=user@3 max_records=0..20 max_age_us=0|500s dry_run=?20:1 now=then+1000s"},
    {1, "hf_inbox_clear user=user@3"},

    {34, "hf_cursor_advance " CURSOR
         " sequence=$next delivery_id=delivery delivered_at=unset|unset|$time"},
    {6, "hf_cursor_advance " CURSOR " sequence=$old delivered_at=unset|unset|$time"},
    {10, "hf_cursor_reset " CURSOR " sequence=$any delivered_at=unset|$time reason=$sentence"},
    {10, "hf_cursor_record_error " CURSOR " message=$sentence"},
    {10, "hf_cursor_remove " CURSOR},

    {40, "hf_outbox_enqueue " ITEM " payload=$payload enqueued_at=?30:$time available_at=?30:$time "
         "priority=-2..2 max_attempts=0..3 dedup=keep|replace|rerun " GROUP},
    {10, "hf_outbox_enqueue_many queue=que@2 items=0..4 : "
         "id=it#20 payload=$payload priority=0..2 " GROUP},
    {7, "hf_outbox_put " PUT},
    {3, "hf_outbox_put " PUT " item.rerun.payload=$payload item.rerun.enqueued_at=$time "
        "item.rerun.available_at=$time item.rerun.available_computed=0..1"},
    {10, "hf_outbox_configure queue=que@2 max_attempts=0..5"},
    /* A window, so that ids go on blocking; few of them, so that some are dropped. */
    {2, "hf_outbox_configure queue=que@2 max_attempts=0..5 dedup_window_us=0|10s|20s|0..99s "
        "dedup_max=0..5 max_lost=never|0..3|0..3"},
    {2, "hf_outbox_configure queue=que@2 max_lost=never|1..2 "
        "leave=max_attempts+dedup_window+dedup_max"},
    {10, "hf_outbox_claim " ITEM " owner=w#3 lease_us=$span max_run_us=0|0|5s|10s"},
    {20, "hf_outbox_claim_next queue=que@2 max=0..3 owner=w#3 lease_us=$span max_run_us=0|0|10s"},
    {8, "hf_outbox_extend " ITEM " lease_us=$span"},
    {10, "hf_outbox_complete " ITEM},
    {8, "hf_outbox_release " ITEM " delay_us=0|5s"},
    {14, "hf_outbox_fail " ITEM " reason=$sentence max_attempts=0..2 "
         "backoff.kind=none|fixed|exponential backoff.delay_us=1s "
         "backoff.cap_us=8s"},
    {6, "hf_outbox_remove " ITEM},
    {6, "hf_outbox_mark_failed " ITEM " reason=$sentence"},
    {6, "hf_outbox_retry " ITEM " reset_attempts=0..1"},
    {2, "hf_outbox_clear queue=que@2"},
    {2, "hf_outbox_pause queue=que@2"},
    {6, "hf_outbox_resume queue=que@2"},
    /* Some are over. */
    {2, "hf_outbox_put_completed " ITEM " until=then|now+30s|now+100000000s"},
    {2, "hf_outbox_prune queue=que@2 status=failed|failed|queued limit=0..2 dry_run=?10:1"},
    {4, "hf_outbox_reschedule " ITEM " set_available_at=0..1 set_priority=1 priority=-2..2 "
        "available_at=then|now+10s|now+100000000s"},
    {4, "hf_outbox_redrive queue=que@2 error=|re attempts_below=0..3 limit=0..3 "
        "reset_attempts=?30:1 dry_run=?10:1 " GROUP},

    {30, "hf_idempotency_begin " ENTRY " lease_us=$span ttl_us=$span " FINGERPRINT},
    {15, "hf_idempotency_complete " ENTRY " status=-1..598 response=$payload ttl_us=$span"},
    {5, "hf_idempotency_abandon " ENTRY},
    {6, "hf_idempotency_put " ENTRY " status=0..2 response=$payload created_at=?50:then "
        "expires_at=0|unset|now+0..799s " FINGERPRINT},
    {3, "hf_idempotency_remove " ENTRY},
    {1, "hf_idempotency_clear scope=sc@3"},

    {25, "hf_migration_record name=mig#30 applied_at=?50:then"},
    {10, "hf_migration_record name=mig#30 has_checksum=1 checksum=0..1"},
    {15, "hf_migration_forget name=mig#30"},

    {27, "hf_lock_acquire name=lock#4 owner=w#3 lease_us=$span"},
    {14, "hf_lock_renew name=lock#4 lease_us=$span"},
    {10, "hf_lock_release name=lock#4"},
    {5, "hf_lock_force_release name=lock#4 reason=$sentence"},
    {4, "hf_lock_put name=lock#4 owner=w#3 acquired_at=5 lease_until=now+0..999s"},

    /* Types are functions of the id, half of the payloads too, so that an event is also appended
     * again as it was; few times, so that orders have ties. */
    {30, "hf_timeline_append key.timeline=tl@2 key.id=ev#150 type=ty%3 subject=|su%5 "
         "happened_at=?60:then+0..39s payload=own%60|$payload"},
    {10, "hf_timeline_append key.timeline=tl@2 key.id=ev#150 type=ty%3 payload=own%60"},
    {8, "hf_timeline_retain timeline=tl@2 max_events=0|1|5..24 max_age_us=0|20s dry_run=?20:1 "
        "now=?50:then+0..39s"},
    {2, "hf_timeline_clear timeline=tl@2"},

    /* Often by nothing: it is seldom ahead of the wall clock. */
    {60, "hf_clock_set_back reason=$sentence by_us=?80:1..10000000"},

    {68, "hf_document_put " DOCUMENT " payload=$payload group=|open|shut created_at=?30:$time "
         "ttl_us=0|1..40s orders=?10:1..63 now=?30:$time"},
    {41, "hf_document_regroup " DOCUMENT " group=|open|shut now=?30:$time"},
    {27, "hf_document_remove " DOCUMENT},
    {14, "hf_document_clear collection=col@2"},
};

/* --- Words ------------------------------------------------------------------------------------ */

uint64_t op_random_below(struct op_random *random, uint64_t bound)
{
	return hf_rng_below(&random->rng, bound);
}

bool op_random_percent(struct op_random *random, unsigned chance)
{
	return op_random_below(random, 100) < chance;
}

static uint64_t below(void *ctx, uint64_t bound)
{
	return op_random_below(ctx, bound);
}

static struct hf_bytes payload(struct op_random *r)
{
	static const char *const few[] = {"", "short",
	                                  "one that is long enough to be left where the log has it"};
	if (r->few)
		return hf_str(few[below(r, 3)]);
	const size_t len = op_random_percent(r, r->big_percent)
	                       ? 300 + (size_t)below(r, r->big_max - 300 + 1)
	                       : (size_t)below(r, 90);
	uint8_t *at = r->bytes + r->used;
	assert_true(len <= OP_ROOM - r->used);
	r->used += len;
	hf_rng_fill(&r->rng, at, len);
	return hf_bytes_of(at, len);
}

/* The n-th of a row of different ones. */
static struct hf_bytes thread(struct op_random *r, size_t n)
{
	static const char *const names[] = {"th0", "th1", "th2", "th3", "th4", "th5",
	                                    "th6", "th7", "th8", "th9", "th10"};
	r->first = n == 0 ? (unsigned)below(r, r->few ? 3 : 8) : r->first;
	return hf_str(names[r->first + n]);
}

static bool word(void *ctx, const char *name, size_t index, struct op_value *out)
{
	static const char *const sentences[] = {"connection refused", "550 mailbox unavailable",
	                                        "zeitüberschreitung", "x"};
	struct op_random *r = ctx;
	const uint64_t so_far = r->few ? 3 : (uint64_t)r->sequence + 1;
	if (strcmp(name, "payload") == 0)
		out->bytes = payload(r);
	else if (strcmp(name, "thread") == 0)
		out->bytes = thread(r, index);
	else if (strcmp(name, "kept") == 0)
		out->bytes = hf_str(index ? "acc0" : "");
	else if (strcmp(name, "sentence") == 0)
		out->bytes = hf_str(sentences[below(r, 4)]);
	else if (strcmp(name, "time") == 0)
		out->number =
		    r->few ? OP_NOW + (int64_t)below(r, 4) : OP_THEN + (int64_t)below(r, 1000) * 1000000;
	else if (strcmp(name, "span") == 0)
		out->number = r->few                     ? (int64_t)below(r, 3) * 10000000
		              : op_random_percent(r, 50) ? 0
		                                         : 1000000 + (int64_t)below(r, 60) * 1000000;
	else if (strcmp(name, "lsn") == 0)
		out->number = r->few ? 0 : (int64_t)below(r, 400);
	else if (strcmp(name, "next") == 0)
		out->number = r->few ? 1 + (int64_t)below(r, 3) : ++r->sequence;
	else if (strcmp(name, "old") == 0)
		out->number = 1 + (int64_t)below(r, so_far);
	else if (strcmp(name, "any") == 0)
		out->number = (int64_t)below(r, so_far);
	else
		return false;
	return true;
}

/* --- Drawing ---------------------------------------------------------------------------------- */

static bool is_of(const struct row *row, const char *domain)
{
	const size_t len = domain ? strlen(domain) : 0;
	return !domain || (strncmp(row->words + 3, domain, len) == 0 && row->words[3 + len] == '_');
}

size_t op_random_draw(struct op_random *random, const char *domain)
{
	uint64_t all = 0;
	size_t i = 0;
	for (; i < sizeof rows / sizeof *rows; i++)
		all += is_of(&rows[i], domain) ? rows[i].weight : 0;
	assert_true(all > 0);
	uint64_t left = below(random, all) + 1;
	for (i = 0;; i++) {
		const uint64_t weight = is_of(&rows[i], domain) ? rows[i].weight : 0;
		if (left <= weight)
			return i;
		left -= weight;
	}
}

void op_random_fill(struct op_random *random, size_t number, struct op_args *out)
{
	const struct op_source source = {below, random->few, word, random};
	op_fill(out, rows[number].words, &source);
}

const char *op_random_words(size_t number)
{
	return rows[number].words;
}

hf_token op_holder(struct op_args *args, hf_store *store)
{
	const struct hf_bytes *queue = op_member(args, "queue"), *id = op_member(args, "id");
	const struct hf_bytes *name = op_member(args, "name");
	const struct hf_idempotency_key *key = op_member(args, "key");
	struct hf_outbox_got item = {0};
	struct hf_idempotency_got entry = {0};
	struct hf_lock_got lock = {0};
	hf_token token = 1;
	if (queue && hf_outbox_get(store, &(struct hf_outbox_key){*queue, *id}, HF_READ_UNDURABLE,
	                           &item, NULL) == HF_OK)
		token = item.item.token;
	else if (name && hf_lock_get(store, *name, HF_READ_UNDURABLE, &lock, NULL) == HF_OK)
		token = lock.lock.token;
	else if (key && hf_idempotency_get(store, key, HF_READ_UNDURABLE, &entry, NULL) == HF_OK)
		token = entry.entry.token;
	hf_release(item.memory);
	hf_release(lock.memory);
	hf_release(entry.memory);
	return token;
}
