/* tier: fast */
/* No answer of a timeline gives away what a crash could still take back: reads, refusals and
 * "nothing changed" alike wait until the change that they depend on is durable, and for no other
 * one. */
#include "lib/operation/op_scene.h"
#include "lib/test.h"

#define APPEND "hf_timeline_append type=t happened_at=5 "
#define X "key.timeline=tl key.id=x"
#define OLD "key.timeline=tl key.id=old"
#define ADD APPEND X " payload=p"
#define ADD_ELSEWHERE APPEND "key.timeline=elsewhere key.id=x payload=p"
#define CLEAR "hf_timeline_clear timeline=tl"
#define GET_X "hf_timeline_get timeline=tl id=x"
#define GET_OLD "hf_timeline_get timeline=tl id=old"
#define QUERY "hf_timeline_query filter.timeline=tl filter.type=another -> total=0"
#define COUNT "hf_timeline_count filter.timeline=tl"

static const struct depends_case cases[] = {
    {"get of an event just appended", ADD, GET_X, HF_OK, true},
    {"the same, undurable asked for", ADD, "undurable " GET_X, HF_OK, false},
    {"append of the same again", ADD, ADD, HF_OK, true},
    {"append of another one under its id", ADD, APPEND X " payload=other", HF_ECONFLICT, true},
    {"a version that differs", ADD, ADD " write.expect=absent", HF_ECONFLICT, true},
    {"a query that it does not match", ADD, QUERY, HF_OK, true},
    {"count", ADD, COUNT, HF_OK, true},
    {"latest_at", ADD, "hf_timeline_latest_at timeline=tl", HF_OK, true},
    {"retain that finds nothing to do", ADD, "hf_timeline_retain timeline=tl max_events=9", HF_OK,
     true},
    {"retain that only counts", ADD, "hf_timeline_retain timeline=tl max_events=1 dry_run=1", HF_OK,
     true},
    {"get of an event just cleared", CLEAR, GET_OLD, HF_ENOTFOUND, true},
    {"a version of one just cleared", CLEAR, APPEND OLD " payload=p write.expect=1", HF_ECONFLICT,
     true},
    {"guard that holds by a removal", CLEAR, "hf_timeline_guard write.expect=absent " OLD, HF_OK,
     true},
    {"clear of a timeline just cleared", CLEAR, CLEAR, HF_OK, true},
    {"query of a timeline just cleared", CLEAR, QUERY, HF_OK, true},
    {"names after a clear", CLEAR, "hf_timeline_names", HF_OK, true},
    {"names after an append elsewhere", ADD_ELSEWHERE, "hf_timeline_names", HF_OK, true},
    /* Not waited for: what the answer has nothing to do with. */
    {"get beside another timeline's change", ADD_ELSEWHERE, GET_OLD, HF_OK, false},
    {"a miss beside another timeline's change", ADD_ELSEWHERE, GET_X, HF_ENOTFOUND, false},
    {"count beside another timeline's change", ADD_ELSEWHERE, COUNT, HF_OK, false},
    {"get of another event of the timeline", ADD, GET_OLD, HF_OK, false},
    {"append of another one as it is", ADD, APPEND OLD " payload=p", HF_OK, false},
    {"append of another one as it is not", ADD, APPEND OLD " payload=other", HF_ECONFLICT, false},
};

static void answers_wait_for_what_they_depend_on(void **unused)
{
	(void)unused;
	depends_check(APPEND OLD " payload=p", cases, sizeof cases / sizeof *cases);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(answers_wait_for_what_they_depend_on),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
