/* tier: fast */
/* Timelines while an opening makes their orders late: the events of a log are all there at the end,
 * a cut in between removes what it says, and an event that comes twice is damage, whenever it is
 * found. */
#include "domains/common/domains.h"
#include "domains/timeline/timeline.h"
#include "lib/logged.h"
#include "lib/test.h"

enum { EVENTS = 300 };

static char id[16];

/* Ids come in another order than times. */
static struct hf__timeline_position event_at(unsigned i)
{
	(void)snprintf(id, sizeof id, "e%05u", i * 7919 % 10007);
	return (struct hf__timeline_position){.happened_at = 1000 + i,
	                                      .id = hf_str(id),
	                                      .type = {"made", 4},
	                                      .subject = {i % 2 ? "job" : "row", 3}};
}

static int apply(struct bare *bare, struct hf__writer *w, enum hf__timeline_kind kind, uint64_t lsn)
{
	const struct hf__entry entry = {.lsn = lsn,
	                                .at = 1,
	                                .domain = HF__DOMAIN_TIMELINE,
	                                .kind = (uint8_t)kind,
	                                .body = hf_bytes_of(w->data, w->len)};
	const int rc = bare_apply(bare, &entry);
	if (rc == HF_OK)
		hf__change_keep(&bare->change);
	hf__writer_deinit(w);
	return rc;
}

static int append(struct bare *bare, unsigned i, uint64_t lsn)
{
	struct hf__writer w = {0};
	const struct hf__timeline_event_image image = {
	    .cause = HF__TIMELINE_APPEND, .timeline = {"audit", 5}, .at = event_at(i)};
	hf__timeline_put_event(&w, &image);
	hf__put_long(&w, image.payload);
	return apply(bare, &w, HF__TIMELINE_EVENT, lsn);
}

/* Up to event i, which is the `count`th. */
static int cut(struct bare *bare, unsigned i, uint64_t count, uint64_t lsn)
{
	struct hf__writer w = {0};
	const struct hf__timeline_position at = event_at(i);
	const struct hf__timeline_cut removed = {.cause = HF__TIMELINE_RETAIN,
	                                         .timeline = {"audit", 5},
	                                         .count = count,
	                                         .happened_at = at.happened_at,
	                                         .id = at.id};
	hf__timeline_put_cut(&w, &removed);
	return apply(bare, &w, HF__TIMELINE_CUT, lsn);
}

static void begin(struct bare *bare, unsigned events)
{
	bare_init(bare, &hf__timeline_domain);
	hf__index_late_begin(&bare->change.nodes);
	for (unsigned i = 0; i < events; i++)
		assert_int_equal(append(bare, i, i + 1), HF_OK);
}

static const struct hf__timeline *audit(const struct bare *bare)
{
	return hf__container_find(bare->state, hf_str("audit"));
}

static void all_events_are_there_at_the_end(void **state)
{
	struct bare bare;
	(void)state;
	begin(&bare, EVENTS);
	assert_true(hf__index_is_late(&audit(&bare)->views[HF__TIMELINE_BY_ID]));
	assert_int_equal(hf__index_late_end(&bare.change.nodes), HF_OK);
	bare_verify(&bare, HF_OK);
	assert_int_equal(hf__timeline_total(audit(&bare)), EVENTS);
	bare_deinit(&bare);
}

static void a_cut_in_between_removes_what_it_says(void **state)
{
	struct bare bare;
	(void)state;
	begin(&bare, EVENTS);
	assert_int_equal(cut(&bare, 99, 99, EVENTS + 1), HF_ECORRUPT);
	assert_int_equal(cut(&bare, 99, 100, EVENTS + 2), HF_OK);
	for (unsigned i = EVENTS; i < 3 * EVENTS; i++)
		assert_int_equal(append(&bare, i, i + 10), HF_OK);
	assert_int_equal(cut(&bare, 100, 1, 3 * EVENTS + 10), HF_OK);
	assert_int_equal(hf__index_late_end(&bare.change.nodes), HF_OK);
	bare_verify(&bare, HF_OK);
	assert_int_equal(hf__timeline_total(audit(&bare)), 3 * EVENTS - 101);
	bare_deinit(&bare);
}

static void an_event_that_comes_twice_is_found_at_the_end(void **state)
{
	struct bare bare;
	(void)state;
	for (unsigned which = 0; which < EVENTS; which += 13) {
		begin(&bare, EVENTS);
		const int rc = append(&bare, which, EVENTS + 1);
		assert_true(rc == HF_OK || rc == HF_ECORRUPT);
		if (rc == HF_OK)
			assert_int_equal(hf__index_late_end(&bare.change.nodes), HF_ECORRUPT);
		bare_deinit(&bare);
	}
}

/* What is removed would be one of two: nothing is. */
static void no_cut_follows_one_that_came_twice(void **state)
{
	struct bare bare;
	(void)state;
	begin(&bare, EVENTS);
	assert_int_equal(append(&bare, 50, EVENTS + 1), HF_OK);
	assert_int_equal(cut(&bare, 99, 101, EVENTS + 2), HF_ECORRUPT);
	assert_int_equal(cut(&bare, 99, 100, EVENTS + 3), HF_ECORRUPT);
	assert_int_equal(hf__index_late_end(&bare.change.nodes), HF_ECORRUPT);
	bare_deinit(&bare);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(all_events_are_there_at_the_end),
	    cmocka_unit_test(a_cut_in_between_removes_what_it_says),
	    cmocka_unit_test(an_event_that_comes_twice_is_found_at_the_end),
	    cmocka_unit_test(no_cut_follows_one_that_came_twice),
	};
	return cmocka_run_group_tests_name("timeline/late", tests, NULL, NULL);
}
