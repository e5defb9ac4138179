/* tier: fast */
/* Out of memory, at each allocation that each outbox operation makes: a clean HF_ENOMEM, nothing
 * done, nothing leaked (under the address sanitizer), and the same operation works afterwards. */
#include "lib/operation/op_scene.h"
#include "lib/test.h"

#define ITEM "queue=jobs id="
#define ENQUEUE "hf_outbox_enqueue " ITEM
#define CLAIM "hf_outbox_claim owner=w " ITEM
#define PUT "hf_outbox_put queue=jobs item.last_error=error item.payload=other item.id="

/* What is noted stands behind the others: the lists begin with what has no error or group. */
static const char arrangement[] = ENQUEUE
    "queued payload=p & " ENQUEUE "queued_too payload=p & " ENQUEUE "held payload=p & " ENQUEUE
    "over payload=p priority=9 & " CLAIM "held lease_us=3600s => held & " CLAIM
    "over lease_us=1s & time 2 & " ENQUEUE "noted payload=p priority=9 group=g & " CLAIM
    "noted lease_us=3600s => noted & " ENQUEUE "noted payload=again dedup=rerun & "
    "hf_outbox_put_completed queue=with_ids id=a until=now+9999999s & "
    "hf_outbox_put queue=failed_ones item.id=a item.status=failed & "
    "hf_outbox_put_completed queue=with_ids id=b until=now+9999999s & "
    "hf_outbox_put queue=failed_ones item.id=b item.status=failed";

static bool only_noted(void *ctx, const struct hf_outbox_item *item)
{
	(void)ctx;
	return item->rerun != NULL;
}

static bool any(void *ctx, const struct hf_outbox_item *item)
{
	(void)ctx;
	return item->id.len > 0;
}

static int list_with(struct op_scene *s, hf_outbox_match_fn match, size_t limit)
{
	struct hf_outbox_items items = {0};
	const struct hf_outbox_list_args args = {
	    .queue = hf_str("jobs"), .match = match, .limit = limit};
	const int rc = hf_outbox_list(s->store, &args, 0, &items, NULL);
	assert_int_equal(items.count, rc != HF_OK ? 0 : limit ? 2 : 1);
	assert_true(rc != HF_OK || limit == 0 || items.next);
	assert_true(rc != HF_OK || limit > 0 ||
	            memcmp(items.items[0].rerun->payload.data, "again", 5) == 0);
	hf_release(items.memory);
	return rc;
}

static int list_noted(struct op_scene *s)
{
	return list_with(s, only_noted, 0);
}

static int list_matching(struct op_scene *s)
{
	return list_with(s, any, 2);
}

static const struct op_special specials[] = {
    {"list noted", list_noted}, {"list matching", list_matching}, {NULL, NULL}};

static const struct memory_case cases[] = {
    {"enqueue", 2, ENQUEUE "new payload=some_payload"},
    {"enqueue into a new queue", 3, "hf_outbox_enqueue queue=another_queue id=new payload=p"},
    {"enqueue REPLACE", 1, ENQUEUE "queued payload=another dedup=replace"},
    {"put", 2, PUT "queued item.status=failed"},
    {"enqueue into a new group", 3, ENQUEUE "new payload=p group=a_new_group"},
    {"enqueue RERUN", 1, ENQUEUE "held payload=again dedup=rerun"},
    {"complete with a rerun noted", 1, "hf_outbox_complete " ITEM "noted token=$noted"},
    {"put into another group with a rerun", 8,
     "hf_outbox_resume queue=jobs ; " PUT
     "noted item.group=another_group item.rerun.payload=again"},
    {"complete and block", 4,
     "hf_outbox_configure queue=jobs dedup_window_us=1s ; hf_outbox_complete " ITEM
     "held token=$held"},
    {"put_completed", 1, "hf_outbox_put_completed " ITEM "done until=now+9999999s"},
    {"completed", 3, "hf_outbox_list_completed queue=with_ids limit=1 -> count=1 next"},
    {"pause of a new queue", 1, "hf_outbox_pause queue=never_seen"},
    {"redrive", 0, "hf_outbox_redrive queue=failed_ones"},
    {"configure", 0, "hf_outbox_configure queue=jobs max_attempts=2"},
    {"clear", 0, "hf_outbox_clear queue=jobs"},
    {"claim", 3, CLAIM "queued -> count=1"},
    {"claim_next", 5, "hf_outbox_claim_next queue=jobs max=2 owner=w -> count=2"},
    {"claim_next in a transaction", 8,
     "hf_outbox_resume queue=jobs ; hf_outbox_claim_next queue=jobs max=2 owner=w -> count=2"},
    {"extend", 0, "hf_outbox_extend " ITEM "held token=$held lease_us=7"},
    {"complete", 0, "hf_outbox_complete " ITEM "held token=$held"},
    {"fail", 1, "hf_outbox_fail " ITEM "held token=$held reason=a_reason"},
    {"release", 0, "hf_outbox_release " ITEM "held token=$held"},
    {"remove", 0, "hf_outbox_remove " ITEM "held"},
    {"mark_failed", 1, "hf_outbox_mark_failed " ITEM "held reason=no"},
    {"retry", 0, "hf_outbox_retry " ITEM "held"},
    {"settle", 0, "settle"},
    {"get", 1, "hf_outbox_get " ITEM "held -> id=held"},
    {"get of one with a rerun", 1, "hf_outbox_get " ITEM "noted -> rerun"},
    {"list matching those with a rerun", 6, "list noted"},
    {"list", 3, "hf_outbox_list queue=jobs limit=2 -> count=2 next"},
    {"list matching", 5, "list matching"},
};

static void any_allocation_may_fail_in_any_operation(void **unused)
{
	(void)unused;
	memory_sweep(arrangement, specials, cases, sizeof cases / sizeof *cases);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(any_allocation_may_fail_in_any_operation),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
