/* tier: fast */
/* Every command of the tool's table, as a process: a script of all of them does what the library
 * does. */
#include "cli/names.h"
#include "lib/remove_tree.h"
#include "lib/test.h"
#include "lib/tools/tool.h"

#define STORE "store"

/* TOKEN and VERSION in a line stand for the last that was seen. */
static const struct step {
	const char *line;
	int status;
	const char *expect; /* "member=value member=value" of the last line of JSON */
	size_t lines; /* objects it must print; 0: not looked at */
} script[] = {
    {"init", 0, "created=true", 1},
    {"init", 0, "created=false", 1},
    {"info", 0, "last_lsn=0 last_stop=clean format=2", 1},
    {"metrics --openmetrics", 0, "schema=holdfast.metrics/1", 1},
    {"version", 0, "schema=holdfast.version/1", 1},

    /* inbox */
    {"inbox save ann t1 t2 --payload one --score 2.5 --unread --updated-at "
     "2026-01-02T03:04:05+01:00 --generated-at 2026-01-02T00:00:00Z",
     0, "changed=true count=2 version=0", 1},
    {"inbox get ann t1", 0,
     "user=ann account=primary thread=t1 unread=true dismissed=false score=2.5 "
     "updated_at=2026-01-02T02:04:05.000000Z "
     "snapshot_at=2026-01-02T00:00:00.000000Z seen_at=null payload=one version=1",
     1},
    {"inbox save ann t3 --account work --dismissed --now @1000000 --restore --snapshot-at @1 "
     "--seen-at @2 --read-at @3 --dismissed-at @4",
     0, "count=1", 1},
    {"inbox get ann t3 --account work", 0,
     "account=work dismissed=true snapshot_at=1970-01-01T00:00:00.000001Z "
     "seen_at=1970-01-01T00:00:00.000002Z "
     "read_at=1970-01-01T00:00:00.000003Z dismissed_at=1970-01-01T00:00:00.000004Z",
     1},
    {"inbox counts ann", 0, "total=3 unread=2 unseen=2 dismissed=1", 1},
    {"inbox dismiss ann t1 --now 2026-02-01T00:00:00Z --expect 1", 0, "changed=true count=1", 1},
    {"inbox dismiss ann t1", 0, "changed=false", 1},
    {"inbox dismiss ann t1 --expect 1", 4, "", 0},
    {"inbox get ann t1", 0, "dismissed=true dismissed_at=2026-02-01T00:00:00.000000Z", 1},
    {"inbox save ann t1 --payload again", 0, "changed=true", 1},
    {"inbox get ann t1", 0, "dismissed=true payload=again", 1},
    {"inbox dismissed ann", 0, "thread=t3 account=work", 2},
    {"inbox undismiss ann t1", 0, "changed=true", 1},
    {"inbox get ann t1", 0, "dismissed=false dismissed_at=null", 1},
    {"inbox unread ann t1", 0, "changed=true", 1},
    {"inbox get ann t1", 0, "unread=true read_at=null", 1},
    {"inbox read ann t1 --now @5", 0, "changed=true", 1},
    {"inbox get ann t1", 0, "unread=false read_at=1970-01-01T00:00:00.000005Z", 1},
    {"inbox seen ann t1 --now @6", 0, "changed=true", 1},
    {"inbox get ann t1", 0, "seen_at=1970-01-01T00:00:00.000006Z", 1},
    {"inbox load ann", 0, "", 4},
    {"inbox load ann --unread", 0, "thread=t2", 2},
    {"inbox load ann --without-dismissed", 0, "", 3},
    {"inbox load ann --account work", 0, "thread=t3", 2},
    {"inbox load ann --limit 1", 0, "schema=holdfast.page/1", 3},
    {"inbox status get ann", 0, "version=0", 1},
    {"inbox status set ann --status ok --expect absent", 0, "changed=true", 1},
    {"inbox status set ann --status ok", 0, "changed=false", 1},
    {"inbox status get ann", 0, "status=ok", 1},
    {"inbox snooze ann t2 --until 2999-01-01T00:00:00Z", 0, "changed=true", 1},
    {"inbox get ann t2", 0, "snoozed_until=2999-01-01T00:00:00.000000Z saved=1", 1},
    {"inbox load ann --without-snoozed", 0, "", 3},
    {"inbox snooze ann t2 --for 1h", 0, "changed=true", 1},
    {"inbox snooze ann t2", 2, "", 0},
    {"inbox snooze ann t2 --for 1h --until now", 2, "", 0},
    {"inbox wake ann t2", 0, "changed=true", 1},
    {"inbox wake ann t2", 0, "changed=false", 1},
    {"inbox get ann t2", 0, "snoozed_until=null", 1},
    {"inbox load ann --without-snoozed", 0, "", 4},
    {"inbox unread ann t1", 0, "changed=true", 1},
    {"inbox read-all ann --up-to 1 --now @7", 0, "changed=true count=1 version=0", 1},
    {"inbox get ann t2", 0, "unread=false read_at=1970-01-01T00:00:00.000007Z", 1},
    {"inbox read-all ann --account work", 0, "changed=false count=0", 1},
    {"inbox read-all ann --up-to 0", 2, "", 0},
    {"inbox remove ann t2", 0, "changed=true", 1},
    {"inbox get ann t2", 1, "", 0},
    {"inbox prune ann work --dry-run", 0, "schema=holdfast.dry-run/1 count=1", 1},
    {"inbox prune ann", 0, "changed=false count=0", 1},
    {"inbox prune ann work --yes", 0, "changed=true count=1", 1},
    {"inbox save bob a b c", 0, "count=3", 1},
    {"inbox trim bob --max-records 2 --dry-run", 0, "count=1", 1},
    {"inbox trim bob --max-records 2 --yes", 0, "changed=true count=1", 1},
    {"inbox trim bob --max-age 1h --yes --durability os", 0, "changed=false", 1},
    {"inbox dismiss-all bob --now @8", 0, "changed=true count=2", 1},
    {"inbox dismiss-all bob", 0, "changed=false", 1},
    {"inbox save bob d --replace --yes", 0, "count=3", 1},
    {"inbox tombstones bob", 0,
     "user=bob account=primary dismissed=true dismissed_at=1970-01-01T00:00:00.000008Z", 2},
    {"inbox tombstones bob --limit 1", 0, "schema=holdfast.page/1", 2},
    {"inbox save bob a b c", 0, "changed=true count=3", 1},
    {"inbox counts bob", 0, "total=4 dismissed=2", 1},
    {"inbox remove bob a --tombstone-for 1h", 0, "changed=true", 1},
    {"inbox save bob a --generated-at @1", 0, "changed=false count=0", 1},
    {"inbox tombstones bob", 0, "thread=a dismissed=false dismissed_at=null", 1},
    {"inbox lift bob b", 4, "", 0},
    {"inbox lift bob a", 0, "changed=true", 1},
    {"inbox lift bob a", 0, "changed=false", 1},
    {"inbox save bob d --replace --tombstone-for 0 --yes", 0, "count=3", 1},
    {"inbox tombstones bob", 0, "", 0},
    {"inbox clear bob --dry-run", 0, "count=1", 1},
    {"inbox clear bob -y", 0, "count=1", 1},
    {"inbox counts bob", 0, "total=0", 1},
    /* cursor */
    {"cursor advance mailer events 42 --subject s --delivery-id d-42 --delivered-at @7 --now @8 "
     "--expect absent",
     0, "changed=true count=1", 1},
    {"cursor get mailer events --subject s", 0,
     "consumer=mailer stream=events subject=s last_sequence=42 last_delivery_id=d-42 "
     "last_delivered_at=1970-01-01T00:00:00.000007Z "
     "updated_at=1970-01-01T00:00:00.000008Z error_count=0 reset_at=null",
     1},
    {"cursor get mailer events", 1, "", 0},
    {"cursor advance mailer events 41 --subject s", 4, "", 0},
    {"cursor error mailer events timeout --subject s", 0, "changed=true", 1},
    {"cursor get mailer events --subject s", 0, "last_sequence=42 last_error=timeout error_count=1",
     1},
    {"cursor reset mailer events 7 --subject s --reason replay --delivery-id d-7 --now @9", 0,
     "changed=true", 1},
    {"cursor get mailer events --subject s", 0,
     "last_sequence=7 last_delivery_id=d-7 last_delivered_at=null reset_reason=replay "
     "reset_at=1970-01-01T00:00:00.000009Z error_count=0",
     1},
    {"cursor reset mailer events -- -1", 2, "", 0},
    {"cursor reset mailer events 3 --subject s --reason again --dry-run", 0,
     "schema=holdfast.cursor-reset/1 last_sequence=7 last_delivery_id=d-7 sequence=3 reason=again "
     "delivered_at=null dry_run=true",
     1},
    {"cursor reset mailer events 3 --reason again --dry-run", 0, "last_sequence=null sequence=3",
     1},
    {"cursor reset mailer events 3 --subject s --reason again --dry-run --expect absent", 4, "", 0},
    {"cursor reset mailer events 3 --subject s --reason '' --dry-run", 4, "", 0},
    {"cursor get mailer events --subject s", 0, "last_sequence=7 reset_reason=replay", 1},
    {"cursor put p events 5 --delivery-id d --delivered-at @1 --error x --updated-at @2 "
     "--reset-reason r --reset-at @3",
     0, "changed=true", 1},
    {"cursor get p events", 0,
     "last_sequence=5 last_delivery_id=d last_delivered_at=1970-01-01T00:00:00.000001Z "
     "last_error=x error_count=1 "
     "updated_at=1970-01-01T00:00:00.000002Z reset_reason=r reset_at=1970-01-01T00:00:00.000003Z",
     1},
    {"cursor put p events 4", 4, "", 0},
    {"cursor put p events 6 --error-count 2", 2, "", 0},
    {"cursor remove p events", 0, "changed=true", 1},
    {"cursor advance sms events 9", 0, "changed=true", 1},
    {"cursor list", 0, "", 2},
    {"cursor list --consumer sms", 0, "consumer=sms", 1},
    {"cursor list --stream events --subject ''", 0, "consumer=sms", 1},
    {"cursor list --limit 1", 0, "schema=holdfast.page/1", 2},
    {"cursor list --after zzz,events,", 0, "consumer=mailer", 1},
    {"cursor list --after ,%65vents,", 0, "", 2},
    {"cursor lag events 10", 0, "schema=holdfast.cursor-lag/1 consumer=sms lag=1", 2},
    {"cursor lag events 10 --subject s", 0, "consumer=mailer lag=3", 1},
    {"cursor remove sms events", 0, "changed=true", 1},
    {"cursor remove sms events", 1, "", 0},

    /* outbox */
    {"outbox enqueue mail i1 --payload hello --priority -3 --max-attempts 7 --enqueued-at @10 "
     "--available-at @11",
     0, "changed=true", 1},
    {"outbox get mail i1", 0,
     "queue=mail id=i1 status=queued attempts=0 max_attempts=7 priority=-3 "
     "enqueued_at=1970-01-01T00:00:00.000010Z "
     "available_at=1970-01-01T00:00:00.000011Z payload=hello",
     1},
    {"outbox enqueue mail i1 --payload other", 0, "changed=false", 1},
    {"outbox enqueue mail i1 --payload other --dedup replace", 0, "changed=true", 1},
    {"outbox get mail i1", 0, "payload=other priority=-3", 1},
    {"outbox enqueue mail i2 i3 i1", 0, "changed=true count=2", 1},
    {"outbox enqueue mail i4 --available-at 2999-01-01T00:00:00Z", 0, "changed=true", 1},
    {"outbox list mail", 0, "id=i4", 4},
    {"outbox list mail --containing the --status queued", 0, "id=i1", 1},
    {"outbox list mail --without-payload --limit 2", 0, "schema=holdfast.page/1", 3},
    {"outbox claim mail i4 --owner me --lease 5m", 0, "id=i4 status=sending owner=me", 1},
    {"outbox claim mail i4", 4, "", 0},
    {"outbox extend mail i4 TOKEN --lease 10m", 0, "changed=true token=TOKEN", 1},
    {"outbox extend mail i4 TOKEN --lease 0", 2, "", 0},
    {"outbox release mail i4 TOKEN --delay 1h", 0, "changed=true", 1},
    {"outbox complete mail i4 TOKEN", 4, "", 0},
    {"outbox claim-next mail", 0, "id=i1", 1},
    {"outbox fail mail i1 TOKEN --reason smtp --backoff fixed --delay 1h --cap 2h", 0,
     "changed=true", 1},
    {"outbox get mail i1", 0, "status=queued attempts=1 last_error=smtp", 1},
    {"outbox claim-next mail --max 5", 0, "id=i3", 2},
    {"outbox complete mail i3 TOKEN", 0, "changed=true count=1 version=0", 1},
    {"outbox get mail i3", 1, "", 0},
    {"outbox claim-next mail", 0, "", 0},
    {"outbox mark-failed mail i2 --reason gone", 0, "changed=true", 1},
    {"outbox get mail i2", 0, "status=failed attempts=1 last_error=gone", 1},
    {"outbox stats mail", 0, "queued.items=2 sending.items=0 failed.items=1 max_attempts=5", 1},
    {"outbox retry mail i2", 0, "changed=true", 1},
    {"outbox reschedule mail i2", 2, "", 0},
    {"outbox reschedule mail i2 --available-at 2999-01-01T00:00:00Z --priority 3", 0,
     "changed=true", 1},
    {"outbox get mail i2", 0,
     "status=queued attempts=1 priority=3 available_at=2999-01-01T00:00:00.000000Z", 1},
    {"outbox reschedule mail i2 --priority 3", 0, "changed=false", 1},
    {"outbox reschedule mail i2 --available-at now --priority 0", 0, "changed=true", 1},
    {"outbox reschedule mail i0 --priority 0", 1, "", 0},
    {"outbox get mail i2", 0, "status=queued attempts=1", 1},
    {"outbox configure mail --max-attempts 2 --expect absent", 0, "changed=true", 1},
    {"outbox stats mail", 0, "max_attempts=2 max_lost=10", 1},
    {"outbox configure mail --max-attempts 2 --max-lost 3", 0, "changed=true", 1},
    {"outbox stats mail", 0, "max_attempts=2 max_lost=3", 1},
    {"outbox configure mail --max-attempts 2 --max-lost never", 0, "changed=true", 1},
    {"outbox configure mail --max-lost lots", 2, "", 0},
    {"outbox put mail i9 --status failed --attempts 4 --last-error x --payload p --enqueued-at @12",
     0, "changed=true", 1},
    {"outbox get mail i9", 0,
     "status=failed attempts=4 last_error=x available_at=1970-01-01T00:00:00.000012Z payload=p", 1},
    {"outbox remove mail i9", 0, "changed=true", 1},
    {"outbox drain mail -- false", 1, "sent=0 failed=1 left=0 changed=0", 1},
    {"outbox get mail i2", 0, "status=failed last_error=exit status 1", 1},
    {"outbox drain mail --with-delayed cat", 0, "sent=2 failed=0 left=0 changed=0", 1},
    {"outbox clear mail --dry-run", 0, "count=1", 1},
    {"outbox clear mail --yes", 0, "changed=true count=1", 1},
    {"outbox list mail", 0, "", 0},

    /* idem */
    {"idem begin pay k1 --fingerprint f --lease 1h", 0, "outcome=NEW scope=pay key=k1", 1},
    {"idem begin pay k1 --fingerprint f", 4, "", 0},
    {"idem begin pay k1 --fingerprint g", 4, "", 0},
    {"idem get pay k1", 0, "state=in_progress fingerprint=f token=TOKEN", 1},
    {"idem count pay", 0, "scope=pay in_progress=1 done=0", 1},
    {"idem complete pay k1 1", 4, "", 0},
    {"idem complete pay k1 TOKEN --status 201 --response made --ttl 1h", 0, "changed=true count=1",
     1},
    {"idem begin pay k1 --fingerprint f", 0, "outcome=REPLAY status=201 response=made", 1},
    {"idem begin pay k2 --lease 0", 2, "", 0},
    {"idem begin pay k2", 0, "outcome=NEW", 1},
    {"idem abandon pay k2 TOKEN", 0, "changed=true version=0", 1},
    {"idem abandon pay k2 TOKEN", 4, "", 0},
    {"idem get pay k2", 1, "", 0},
    {"idem put pay k3 --status -1 --response r --fingerprint x --created-at @7 --expires-at none "
     "--expect absent",
     0, "changed=true", 1},
    {"idem get pay k3", 0,
     "state=done status=-1 response=r fingerprint=x created_at=1970-01-01T00:00:00.000007Z "
     "expires_at=null",
     1},
    {"idem put pay k3 --expect absent", 4, "", 0},
    {"idem list pay --limit 1", 0, "schema=holdfast.page/1", 2},
    {"idem list p --over prefix --limit 1", 0, "schema=holdfast.page/1", 2},
    {"idem list --over all", 0, "scope=pay key=k3", 2},
    {"idem list --after pay,k2 --over all", 0, "key=k3", 1},
    {"idem list pay --after k2", 0, "key=k3", 1},
    {"idem list pay --over all", 2, "", 0},
    {"idem list", 2, "", 0},
    {"idem count --over all", 0, "done=2", 1},
    {"idem clear p --over prefix --dry-run", 0, "count=2", 1},
    {"idem clear x --over prefix --yes", 0, "changed=false", 1},
    {"idem list pay --without-response", 0, "key=k3", 2},
    {"idem remove pay k3", 0, "changed=true count=1", 1},
    {"idem remove pay k3", 1, "", 0},
    {"idem clear pay --dry-run", 0, "count=1", 1},
    {"idem clear pay --yes", 0, "changed=true count=1", 1},
    {"idem clear a:b --yes", 0, "changed=false", 1},

    /* migration */
    {"migration record m1 --applied-at @5", 0, "changed=true", 1},
    {"migration record m1", 0, "changed=false", 1},
    {"migration record m1 --checksum 7", 0, "changed=false", 1},
    {"migration list", 0, "name=m1 applied_at=1970-01-01T00:00:00.000005Z checksum=null", 1},
    {"migration record m2 --checksum 0", 0, "changed=true", 1},
    {"migration record m2 --checksum 18446744073709551615", 4, "", 0},
    {"migration forget m1", 0, "changed=true", 1},
    {"migration list", 0, "name=m2 checksum=0", 1},
    {"migration forget m2", 0, "changed=true", 1},
    {"migration forget m1", 1, "", 0},
    /* clock: it may be ahead of the wall by a few microseconds, read one after the other; what
     * set-back does is in test_clock */
    {"clock show", 0, "set_back_us=0 set_back_at=null difference_us=0", 1},
    {"clock set-back --reason none --by 1h", 0, "schema=holdfast.result/1", 1},
    {"clock set-back --by 1h", 2, "", 0},
    {"clock set-back --reason none --by 1h --to now", 2, "", 0},
    {"clock set-back --reason none --by 0s", 2, "", 0},
    /* queue: the rest is in test_cli_queue */
    {"queue pause mail", 0, "changed=true", 1},
    {"queue resume mail", 0, "changed=true", 1},
    {"queue stats mail", 0, "queue=mail paused=false", 1},
    {"queue redrive mail", 0, "changed=false count=0", 1},
    {"outbox put pruned i1 --status failed --attempts 1 --last-error x", 0, "changed=true", 1},
    {"outbox put pruned i2 --status failed --attempts 1 --last-error x", 0, "changed=true", 1},
    {"queue prune pruned --dry-run", 0, "count=2", 1},
    {"queue prune pruned --max 1 --yes", 0, "changed=true count=1", 1},
    {"queue prune pruned --status queued --yes", 0, "changed=false count=0", 1},
    {"queue prune pruned --yes", 0, "changed=true count=1", 1},
    {"queue completed mail", 0, "", 0},
    {"queue drain mail true", 0, "sent=0", 1},
    {"claims", 0, "", 0},
    {"top --once", 0, "", 0},

    /* Of bob's inbox and of the queue that was pruned nothing is left, so they are gone. */
    {"stats", 0, "schema=holdfast.stats/1 inboxes=1 queues=1 cursors=1", 3},

    /* timeline: the rest is in test_cli_timeline */
    {"timeline append audit e1 made --happened-at @5", 0, "changed=true count=1", 1},
    {"timeline get audit e1", 0, "schema=holdfast.timeline-event/1 id=e1", 1},
    {"timeline query audit", 0, "id=e1", 1},
    {"timeline count audit", 0, "events=1", 1},
    {"timeline latest audit", 0, "latest_at=1970-01-01T00:00:00.000005Z", 1},
    {"timeline list", 0, "timeline=audit events=1", 1},
    {"timeline list --after aud", 0, "timeline=audit", 1},
    {"timeline list --after audit", 0, "", 0},
    {"timeline retain audit --max-events 1 --yes", 0, "changed=false", 1},
    {"timeline clear audit --yes", 0, "changed=true count=1", 1},
    /* doc: the rest is in test_cli_doc */
    {"doc put jobs a --payload one --group open", 0, "changed=true count=1", 1},
    {"doc get jobs a", 0, "schema=holdfast.document/1 id=a group=open payload=one", 1},
    {"doc list jobs", 0, "id=a", 1},
    {"doc list jobs --by id", 2, "", 0},
    {"doc list jobs --id-prefix a", 0, "id=a", 1},
    {"doc list jobs --id-prefix b", 0, "", 0},
    {"doc list jobs --after 1970-01-01T00:00:00Z,", 0, "id=a", 1},
    {"doc list jobs --descending --after none,a", 0, "", 0},
    {"doc list jobs --after a", 2, "", 0},
    {"doc count jobs", 0, "documents=1", 1},
    {"doc collections", 0, "collection=jobs documents=1", 1},
    {"doc regroup jobs a done --returning", 0,
     "schema=holdfast.document/1 id=a group=done payload=one", 1},
    {"doc regroup jobs a shut", 0, "changed=true", 1},
    {"doc remove jobs a", 0, "changed=true", 1},
    {"doc clear jobs --yes", 0, "changed=false count=0", 1},
    /* lock: the rest is in test_cli_lock */
    {"lock acquire leader me --lease 1h", 0, "changed=true count=1", 1},
    {"lock check leader TOKEN", 0, "schema=holdfast.lock-check/1 name=leader held=true", 1},
    {"lock get leader", 0, "schema=holdfast.lock/1 name=leader owner=me token=TOKEN", 1},
    {"lock list", 0, "name=leader", 1},
    {"lock renew leader TOKEN --lease 2h", 0, "changed=true token=TOKEN", 1},
    {"lock renew leader TOKEN --lease 3h --returning", 0, "schema=holdfast.lock/1 owner=me", 1},
    {"lock release leader 1 --returning", 4, "", 0},
    {"lock release leader TOKEN", 0, "changed=true version=0", 1},
    {"lock force-release leader --reason hangs --yes", 0, "changed=false", 1},
    {"run-locked leader true", 0, "", 0},

    {"snapshot take", 0, "schema=holdfast.snapshot/1", 1},
    {"snapshot export store.snapshot", 0,
     "schema=holdfast.snapshot-export/1 file=store.snapshot epoch=1 exported=true", 1},
    {"snapshot export store.snapshot", 4, "", 0},
    {"snapshot export store.snapshot --replace", 0, "epoch=1", 1},
    {"snapshot verify store.snapshot", 0, "schema=holdfast.snapshot-file/1 epoch=1 exported=true",
     1},
    {"snapshot verify store/IDENTITY", 5, "", 0},
    {"snapshot verify missing", 7, "", 0},
    {"compact", 0, "schema=holdfast.compact/1", 1},
    {"stats --user ann", 0, "user=ann", 1},
    {"stats --queue mail", 0, "queue=mail", 1},
    {"--at 1 info", 0, "durable_lsn=1", 1},
    {"--at '' info", 2, "", 0},
    {"--at 2026-01-01T00:00:00Z info", 0, "durable_lsn=0", 1},
    {"--at never info", 2, "HF_EINVAL", 0},
    {"--at 1 inbox clear ann --yes", 2, "HF_EINVAL", 0},
    {"log", 0, "", 0},
    {"why outbox/mail/i9", 0, "operation=clear many=true", 0},
    {"fsck", 0, "", 0},
    {"export", 0, "", 0},
    /* the log begins anew behind it */
    {"snapshot import store.snapshot", 4, "", 0},
    {"snapshot import store/IDENTITY --replace", 5, "", 0},
    {"snapshot import store.snapshot --replace --epoch-above 65536", 2, "", 0},
    {"snapshot import store.snapshot --replace --epoch-above 65535", 7, "", 0},
    {"snapshot import store.snapshot --replace", 0,
     "schema=holdfast.snapshot-import/1 file=store.snapshot epoch=2 exported=true", 1},
    {"info", 0, "epoch=2 last_stop=clean", 1},
    {"snapshot import store.snapshot --replace --epoch-above 6", 0, "epoch=7", 1},
    {"fsck", 0, "verdict=sound findings=0", 0},
    {"backup store.backup", 0, "schema=holdfast.backup/1 backup=store.backup incremental=false", 1},
    {"backup store.backup --link", 0, "epoch=7 incremental=true copied=0", 1},
    {"backup store", 4, "", 0},
    {"restore store.backup", 4, "", 0},
    {"restore missing --replace", 1, "", 0},
    {"restore store.backup --replace --epoch-above 65536", 2, "", 0},
    {"restore store.backup --replace", 0, "schema=holdfast.restore/1 backup=store.backup epoch=8",
     1},
    {"backup store.backup", 4, "", 0},
    {"fsck", 0, "verdict=sound findings=0", 0},
    {"segments", 0, "schema=holdfast.segment/1 entries=0", 0},
    {"salvage missing store.saved", 1, "", 0},
    {"salvage store store.saved --epoch-above 65536", 2, "", 0},
    {"salvage store store/saved", 2, "", 0},
    {"salvage store store.backup", 4, "", 0},
    {"salvage store store.saved", 0,
     "schema=holdfast.salvage/1 from=store built=false losses=0 epoch=8", 1},
    {"salvage store store.saved --yes", 0, "built=true losses=0 epoch=8", 1},
    {"salvage store store.saved --yes", 4, "", 0},
    {"help", 0, "", 0},
    /* serve, ui: what they do is in tests/serve/ and tests/operate/ */
    {"ui --listen 0.0.0.0:0", 2, "", 0},
    {"serve --resp 127.0.0.1:0", 2, "", 0},
    {"serve --resp none/socket", 7, "", 0},
};

/* A missing blank inside an expected value would end it: in expectations such a value is cut
 * where the blank would be. */
static void check_members(const struct step *step, const char *out, const char *token)
{
	char copy[512];
	snprintf(copy, sizeof copy, "%s", step->expect);
	for (char *save = NULL, *pair = strtok_r(copy, " ", &save); pair;
	     pair = strtok_r(NULL, " ", &save)) {
		char found[256];
		char *value = strchr(pair, '=');
		if (!value)
			continue; /* the rest of a value with blanks */
		*value++ = '\0';
		const char *wanted = strcmp(value, "TOKEN") == 0 ? token : value;
		if (!json_member(out, pair, found, sizeof found))
			fail_msg("holdfast %s\nno member %s in %s", step->line, pair, out);
		if (strcmp(found, wanted) != 0 &&
		    !(strchr(found, ' ') && strncmp(found, wanted, strlen(wanted)) == 0)) {
			fail_msg("holdfast %s\n%s is %s instead of %s in %s", step->line, pair, found, wanted,
			         out);
		}
	}
}

/* `line` with TOKEN replaced. */
static void fill_in(const char *line, const char *token, char *out, size_t size)
{
	const char *at = strstr(line, "TOKEN");
	if (at)
		snprintf(out, size, "%.*s%s%s", (int)(at - line), line, token, at + 5);
	else
		snprintf(out, size, "%s", line);
}

static void a_script_of_all_commands_does_what_the_library_does(void **state)
{
	const struct tool tool = {.directory = STORE, .json = true};
	char token[32] = "0", line[512];
	(void)state;
	for (size_t i = 0; i < sizeof script / sizeof *script; i++) {
		const struct step *step = &script[i];
		fill_in(step->line, token, line, sizeof line);
		struct ran ran = tool_expect(&tool, line, step->status);
		/* Data as JSON on stdout, or a complaint as JSON on stderr; a status beside data (a send
		 * failed) is no complaint. */
		const size_t lines = json_lines(ran.out);
		if (step->lines && lines != step->lines) {
			fail_msg("holdfast %s\nprinted %zu objects instead of %zu: %s", line, lines,
			         step->lines, ran.out);
		}
		if (step->status && step->lines) {
			assert_string_equal(ran.err, "");
		} else if (step->status) {
			assert_int_equal(json_lines(ran.err), 1);
			assert_string_equal(ran.out, "");
		}
		check_members(step, ran.out, token);
		char fresh[sizeof token];
		if (*ran.out && json_member(ran.out, "token", fresh, sizeof fresh))
			memcpy(token, fresh, sizeof token);
		tool_free(&ran);
	}
}

static void the_script_uses_every_command_of_the_table(void **state)
{
	(void)state;
	for (const struct cli_command *row = cli_next(NULL); row; row = cli_next(row)) {
		char name[NAME_SIZE];
		size_t uses = 0;
		command_name(row, name);
		for (size_t i = 0; i < sizeof script / sizeof *script; i++) {
			const size_t len = strlen(name);
			uses += strncmp(script[i].line, name, len) == 0 &&
			        (script[i].line[len] == ' ' || script[i].line[len] == '\0');
		}
		/* What import reads is a matter of its own: see the tests of formats. */
		if (uses == 0 && strcmp(name, "import") != 0)
			fail_msg("no step uses '%s'", name);
	}
}

static int remove_store(void **state)
{
	(void)state;
	remove_tree(STORE);
	(void)remove("store.snapshot");
	remove_tree("store.backup");
	remove_tree("store.saved");
	return 0;
}

int main(void)
{
	/* The script drains, for which the tool starts threads; test_cli_drain does that under TSan. */
	(void)unsetenv("HF_ONE_THREAD");
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_teardown(a_script_of_all_commands_does_what_the_library_does,
	                              remove_store),
	    cmocka_unit_test(the_script_uses_every_command_of_the_table),
	};
	return cmocka_run_group_tests_name("round trips of the tool", tests, NULL, NULL);
}
