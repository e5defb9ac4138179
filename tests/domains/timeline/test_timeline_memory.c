/* tier: fast */
/* Out of memory, at each allocation that each timeline operation makes: a clean HF_ENOMEM,
 * nothing done, nothing leaked (under the address sanitizer), and the same operation works
 * afterwards. */
#include "lib/operation/op_scene.h"
#include "lib/test.h"

#define APPEND "hf_timeline_append type=t subject=s happened_at=4 payload=some_bytes key.timeline="

static const char arrangement[] =
    APPEND "tl key.id=a & " APPEND "tl key.id=b & " APPEND "tl key.id=c";

static const struct memory_case cases[] = {
    {"append", 2, APPEND "tl key.id=new"},
    {"append to a new timeline", 3, APPEND "elsewhere key.id=new"},
    {"append again", 0, APPEND "tl key.id=b"},
    {"retain", 0, "hf_timeline_retain timeline=tl max_events=1"},
    {"clear", 0, "hf_timeline_clear timeline=tl"},
    {"in a transaction", 6,
     "hf_timeline_guard write.expect=absent key.timeline=tl key.id=new ; hf_timeline_retain "
     "timeline=tl max_events=1 ; hf_timeline_clear timeline=tl ; " APPEND "tl key.id=new"},
    {"get", 1, "hf_timeline_get timeline=tl id=b -> payload=some_bytes"},
    {"query", 3,
     "hf_timeline_query filter.timeline=tl filter.subject=s filter.type=t limit=2 -> count=2 "
     "total=3 next"},
    {"count", 0, "hf_timeline_count filter.timeline=tl -> value=3"},
    {"latest_at", 0, "hf_timeline_latest_at timeline=tl -> value=4"},
    {"names", 2, "hf_timeline_names"},
};

static void any_allocation_may_fail_in_any_operation(void **unused)
{
	(void)unused;
	memory_sweep(arrangement, NULL, cases, sizeof cases / sizeof *cases);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(any_allocation_may_fail_in_any_operation),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
