/* tier: fast */
/* No answer of the outbox gives away what a crash could still take back: reads, refusals and
 * "nothing changed" alike wait until the change that they depend on is durable, and for no other
 * one. */
#include "lib/operation/op_scene.h"
#include "lib/test.h"

#define ADD "hf_outbox_enqueue queue=jobs id=x"
#define ADD_ELSEWHERE "hf_outbox_enqueue queue=elsewhere id=x"
#define TAKE "hf_outbox_remove queue=jobs id=queued"
#define CLEAR "hf_outbox_clear queue=jobs"
#define CLAIM "hf_outbox_claim owner=w lease_us=1000s queue=jobs id="
#define GIVE_BACK "hf_outbox_release queue=jobs id=held token=$held"
#define EXTEND "hf_outbox_extend queue=jobs id=held token=$held lease_us=2000s"
#define CONFIGURE "hf_outbox_configure queue=jobs max_attempts=9"
#define NOTE "hf_outbox_enqueue queue=jobs id=held enqueued_at=1 available_at=1 dedup=rerun"
#define PAUSE "hf_outbox_pause queue=jobs"
#define REDRIVE "hf_outbox_redrive queue=jobs"
#define COMPLETE_W1 "hf_outbox_complete queue=window id=w1 token=$window"
#define PUT_COMPLETED "hf_outbox_put_completed queue=jobs id=x until=now+9999999s"
#define GET_X "hf_outbox_get queue=jobs id=x"
#define GET_QUEUED "hf_outbox_get queue=jobs id=queued"
#define CLAIM_NONE "hf_outbox_claim_next queue=jobs max=5 owner=w -> count=0"
#define GUARD_CLAIM "hf_outbox_guard_claim queue=jobs id=held token=$held"
#define COMPLETED "hf_outbox_list_completed queue=jobs"
#define STATS "hf_outbox_get_stats queue=jobs"

static const struct depends_case cases[] = {
    {"get of an item just added", ADD, GET_X, HF_OK, true},
    {"the same, undurable asked for", ADD, "undurable " GET_X, HF_OK, false},
    {"list in which nothing new is", ADD, "hf_outbox_list queue=jobs status=failed", HF_OK, true},
    {"stats", ADD, STATS, HF_OK, true},
    {"enqueue of a live id", ADD, ADD, HF_OK, true},
    {"a version that differs", ADD, ADD " write.expect=absent", HF_ECONFLICT, true},
    {"get of an item just claimed", CLAIM "queued", GET_QUEUED, HF_OK, true},
    {"claim of an item just claimed", CLAIM "queued", CLAIM "queued", HF_ECLAIMED, true},
    {"claim_next where all is claimed", CLAIM "queued", CLAIM_NONE, HF_OK, true},
    {"get of an item just removed", TAKE, GET_QUEUED, HF_ENOTFOUND, true},
    {"claim of an item just removed", TAKE, CLAIM "queued", HF_ENOTFOUND, true},
    {"claim_next where all is removed", TAKE, CLAIM_NONE, HF_OK, true},
    {"remove of an item just removed", TAKE, TAKE, HF_ENOTFOUND, true},
    {"guard that holds by a removal", TAKE,
     "hf_outbox_guard write.expect=absent queue=jobs id=queued", HF_OK, true},
    {"clear of a queue just cleared", CLEAR, CLEAR, HF_OK, true},
    {"retry of an item just given back", GIVE_BACK, "hf_outbox_retry queue=jobs id=held", HF_OK,
     true},
    {"complete of an item just given back", GIVE_BACK,
     "hf_outbox_complete queue=jobs id=held token=$held", HF_ESTALE, true},
    {"guard_claim on an item just given back", GIVE_BACK, GUARD_CLAIM, HF_ESTALE, true},
    {"guard_claim on an item just extended", EXTEND, GUARD_CLAIM, HF_OK, true},
    {"extend to where it is", EXTEND, EXTEND, HF_OK, true},
    {"configure to what it is", CONFIGURE, CONFIGURE, HF_OK, true},
    {"enqueue RERUN of what is noted just so", NOTE, NOTE, HF_OK, true},
    {"claim beside another of the group", CLAIM "g1", CLAIM "g2", HF_EBLOCKED, true},
    {"pause of a queue just paused", PAUSE, PAUSE, HF_OK, true},
    {"claim_next of a queue just paused", PAUSE, CLAIM_NONE, HF_OK, true},
    {"redrive of what was just redriven", REDRIVE, REDRIVE, HF_OK, true},
    {"enqueue of an id just completed", COMPLETE_W1, "hf_outbox_enqueue queue=window id=w1", HF_OK,
     true},
    {"enqueue of an id just put as completed", PUT_COMPLETED, ADD, HF_OK, true},
    {"put_completed once more", PUT_COMPLETED, PUT_COMPLETED, HF_OK, true},
    {"completed", PUT_COMPLETED, COMPLETED, HF_OK, true},
    {"completed beside another queue's change", ADD_ELSEWHERE, COMPLETED, HF_OK, false},
    /* Not waited for: what the answer has nothing to do with. */
    {"get beside another queue's change", ADD_ELSEWHERE, GET_QUEUED, HF_OK, false},
    {"a miss beside another queue's change", ADD_ELSEWHERE, GET_X, HF_ENOTFOUND, false},
    {"stats beside another queue's change", ADD_ELSEWHERE, STATS, HF_OK, false},
    {"get of another item of the queue", ADD, GET_QUEUED, HF_OK, false},
};

/* Two of a group, which are delayed; one that failed; and one held in a queue with a window. */
static const char arrangement[] =
    "hf_outbox_enqueue queue=jobs id=held payload=p & " CLAIM "held => held & "
    "hf_outbox_enqueue queue=jobs id=queued payload=p & "
    "hf_outbox_enqueue queue=jobs id=g1 group=g available_at=now+9999999s & "
    "hf_outbox_enqueue queue=jobs id=g2 group=g available_at=now+9999999s & "
    "hf_outbox_enqueue queue=jobs id=failed available_at=now+9999999s & "
    "hf_outbox_mark_failed queue=jobs id=failed reason=no & "
    "hf_outbox_configure queue=window dedup_window_us=1000s & "
    "hf_outbox_enqueue queue=window id=w1 & hf_outbox_claim queue=window id=w1 owner=w => window";

static void answers_wait_for_what_they_depend_on(void **unused)
{
	(void)unused;
	depends_check(arrangement, cases, sizeof cases / sizeof *cases);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(answers_wait_for_what_they_depend_on),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
