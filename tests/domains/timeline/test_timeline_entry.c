/* tier: fast */
/* Timeline entries: each kind in bytes, in words and as what it is about; damaged bodies; bodies
 * that are well formed but could not have been written at the state they meet; what verify
 * notices; and no memory at each allocation of apply. */
#include "base/mem.h"
#include "domains/common/domains.h"
#include "domains/timeline/timeline.h"
#include "lib/logged.h"
#include "lib/test.h"

/* --- Samples ---------------------------------------------------------------------------------- */

/* clang-format off */
#define EVENT(what, name, time) .event = {.cause = (what), .timeline = {"audit", 5}, \
    .at = {(time), {(name), 2}, {"made", 4}, {"job", 3}}}
#define CUT(what, name, time, many) \
	.cut = {.cause = (what), .timeline = {"audit", 5}, .count = (many), .happened_at = (time), \
	    .id = {(name), 2}}
/* clang-format on */

struct sample {
	const char *name;
	enum hf__timeline_kind kind;
	struct hf__timeline_event_image event;
	struct hf__timeline_cut cut;
	int code; /* of apply, where there are e1 at 10, e2 at 20 and e3 at 20 */
};

static void encode(struct hf__writer *w, const struct sample *s)
{
	if (s->kind == HF__TIMELINE_CUT) {
		hf__timeline_put_cut(w, &s->cut);
		return;
	}
	hf__timeline_put_event(w, &s->event);
	hf__put_long(w, s->event.payload);
}

static struct hf__entry entry_of(const struct hf__writer *w, enum hf__timeline_kind kind,
                                 uint64_t lsn)
{
	return (struct hf__entry){.lsn = lsn,
	                          .at = 1,
	                          .domain = HF__DOMAIN_TIMELINE,
	                          .kind = (uint8_t)kind,
	                          .body = hf_bytes_of(w->data, w->len)};
}

/* --- Words ------------------------------------------------------------------------------------ */

static const struct {
	struct sample sample;
	const char *words, *operation;
	unsigned parts;
	bool removed, many;
} told[] = {
    {{.kind = HF__TIMELINE_EVENT, EVENT(HF__TIMELINE_APPEND, "e1", 10)},
     "append event \"e1\" of timeline \"audit\" type \"made\" subject \"job\" 0 bytes",
     "append",
     2,
     false,
     false},
    {{.kind = HF__TIMELINE_EVENT, EVENT(HF__TIMELINE_STATE, "e1", 10)},
     "state event \"e1\" of timeline \"audit\" type \"made\" subject \"job\" 0 bytes",
     "state",
     2,
     false,
     false},
    {{.kind = HF__TIMELINE_CUT, CUT(HF__TIMELINE_RETAIN, "e2", 20, 2)},
     "retain timeline \"audit\" removes 2 up to \"e2\"",
     "retain",
     1,
     false,
     true},
    {{.kind = HF__TIMELINE_CUT, CUT(HF__TIMELINE_CLEAR, "e3", 20, 3)},
     "clear timeline \"audit\" removes 3 up to \"e3\"",
     "clear",
     1,
     true,
     true},
};

static void entries_tell_what_they_do(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < sizeof told / sizeof told[0]; i++) {
		struct hf__writer body = {0};
		struct hf__about about;
		char words[200] = "";
		struct hf__text text = {words, sizeof words, 0};
		encode(&body, &told[i].sample);
		const struct hf__entry entry = entry_of(&body, told[i].sample.kind, 9);
		hf__timeline_domain.describe(&entry, &text);
		assert_string_equal(words, told[i].words);
		assert_true(hf__timeline_domain.about(&entry, &about));
		assert_string_equal(about.operation, told[i].operation);
		assert_true(about.parts == told[i].parts && about.removed == told[i].removed &&
		            about.many == told[i].many);
		assert_true(hf__bytes_equal(about.key[0], hf_str("audit")) && about.reason.len == 0);
		assert_true(about.parts < 2 || hf__bytes_equal(about.key[1], hf_str("e1")));
		hf__writer_deinit(&body);
	}
}

/* Whatever is accepted means exactly one body: encoding it again gives the same bytes. And words
 * are found for anything. */
static bool try_body(uint8_t kind, struct hf_bytes body)
{
	struct sample got = {.kind = (enum hf__timeline_kind)kind};
	struct hf__about about;
	char words[300] = "";
	struct hf__text text = {words, sizeof words, 0};
	const struct hf__entry entry = {.lsn = 9, .at = 1, .kind = kind, .body = body};
	hf__timeline_domain.describe(&entry, &text);
	assert_true(words[0] != '\0');
	const bool fits = kind == HF__TIMELINE_EVENT
	                      ? hf__timeline_get_event(body, &got.event)
	                      : kind == HF__TIMELINE_CUT && hf__timeline_get_cut(body, &got.cut);
	assert_true(hf__timeline_domain.about(&entry, &about) == fits);
	if (!fits)
		return false;
	struct hf__writer again = {0};
	encode(&again, &got);
	assert_true(hf__bytes_equal(body, hf_bytes_of(again.data, again.len)));
	hf__writer_deinit(&again);
	return true;
}

static void damaged_bodies_are_refused_or_mean_what_they_say(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < sizeof told / sizeof told[0]; i++) {
		struct hf__writer body = {0};
		const uint8_t kind = (uint8_t)told[i].sample.kind;
		encode(&body, &told[i].sample);
		assert_true(try_body(kind, hf_bytes_of(body.data, body.len)));
		for (size_t len = 0; len < body.len; len++)
			assert_false(try_body(kind, hf_bytes_of(body.data, len)));
		for (size_t bit = 0; bit < body.len * 8; bit++) {
			body.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
			(void)try_body(kind, hf_bytes_of(body.data, body.len));
			body.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
		}
		hf__put_u8(&body, 0);
		assert_false(try_body(kind, hf_bytes_of(body.data, body.len)));
		for (unsigned other = 0; other < 256; other++)
			if (other != kind)
				assert_false(try_body((uint8_t)other, hf_bytes_of(body.data, body.len - 1)));
		hf__writer_deinit(&body);
	}
}

/* --- What does not follow --------------------------------------------------------------------- */

static const struct sample misfits[] = {
    {"appended twice", HF__TIMELINE_EVENT, EVENT(HF__TIMELINE_APPEND, "e1", 10),
     .code = HF_ECORRUPT},
    {"state over an event", HF__TIMELINE_EVENT, EVENT(HF__TIMELINE_STATE, "e1", 11),
     .code = HF_ECORRUPT},
    {"at no time", HF__TIMELINE_EVENT, EVENT(HF__TIMELINE_APPEND, "e4", HF_UNSET),
     .code = HF_ECORRUPT},
    {"an event by retention", HF__TIMELINE_EVENT, EVENT(HF__TIMELINE_RETAIN, "e4", 10),
     .code = HF_ECORRUPT},
    {"a cut of nothing", HF__TIMELINE_CUT, CUT(HF__TIMELINE_RETAIN, "e1", 10, 0),
     .code = HF_ECORRUPT},
    {"a cut by appending", HF__TIMELINE_CUT, CUT(HF__TIMELINE_APPEND, "e1", 10, 1),
     .code = HF_ECORRUPT},
    {"a cut at an event that never was", HF__TIMELINE_CUT, CUT(HF__TIMELINE_RETAIN, "e4", 20, 3),
     .code = HF_ECORRUPT},
    {"a cut at another time", HF__TIMELINE_CUT, CUT(HF__TIMELINE_RETAIN, "e1", 11, 1),
     .code = HF_ECORRUPT},
    {"a cut of too many", HF__TIMELINE_CUT, CUT(HF__TIMELINE_RETAIN, "e2", 20, 3),
     .code = HF_ECORRUPT},
    {"a cut of too few", HF__TIMELINE_CUT, CUT(HF__TIMELINE_RETAIN, "e2", 20, 1),
     .code = HF_ECORRUPT},
    {"a cut of ever so many", HF__TIMELINE_CUT, CUT(HF__TIMELINE_RETAIN, "e3", 20, UINT64_MAX),
     .code = HF_ECORRUPT},
    {"a clear that leaves some", HF__TIMELINE_CUT, CUT(HF__TIMELINE_CLEAR, "e2", 20, 2),
     .code = HF_ECORRUPT},
    {"a clear of another timeline", HF__TIMELINE_CUT,
     .cut = {HF__TIMELINE_CLEAR, {"other", 5}, 3, 20, {"e3", 2}}, .code = HF_ECORRUPT},
    /* What fits, lest the bench refuses everything. */
    {"one more", HF__TIMELINE_EVENT, EVENT(HF__TIMELINE_APPEND, "e4", 10), .code = HF_OK},
    {"one from a snapshot", HF__TIMELINE_EVENT, EVENT(HF__TIMELINE_STATE, "e0", INT64_MIN + 1),
     .code = HF_OK},
    {"retain one", HF__TIMELINE_CUT, CUT(HF__TIMELINE_RETAIN, "e2", 20, 2), .code = HF_OK},
    {"retain none", HF__TIMELINE_CUT, CUT(HF__TIMELINE_RETAIN, "e3", 20, 3), .code = HF_OK},
    {"clear", HF__TIMELINE_CUT, CUT(HF__TIMELINE_CLEAR, "e3", 20, 3), .code = HF_OK},
};

enum { MISFITS = sizeof misfits / sizeof misfits[0] };

static int apply(struct bare *bare, const struct sample *sample, uint64_t lsn)
{
	struct hf__writer body = {0};
	encode(&body, sample);
	const struct hf__entry entry = entry_of(&body, sample->kind, lsn);
	const int rc = bare_apply(bare, &entry);
	hf__writer_deinit(&body);
	return rc;
}

static void fill(struct bare *bare)
{
	static const struct sample events[] = {
	    {.kind = HF__TIMELINE_EVENT, EVENT(HF__TIMELINE_APPEND, "e3", 20)},
	    {.kind = HF__TIMELINE_EVENT, EVENT(HF__TIMELINE_APPEND, "e1", 10)},
	    {.kind = HF__TIMELINE_EVENT, EVENT(HF__TIMELINE_APPEND, "e2", 20)},
	};
	bare_init(bare, &hf__timeline_domain);
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(apply(bare, &events[i], i + 1), HF_OK);
		hf__change_keep(&bare->change);
	}
}

static bool same(const struct hf__writer *a, const struct hf__writer *b)
{
	return hf__bytes_equal(hf_bytes_of(a->data, a->len), hf_bytes_of(b->data, b->len));
}

static void entries_that_do_not_fit_the_state_are_refused(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < MISFITS; i++) {
		struct bare bare;
		fill(&bare);
		struct hf__writer before = bare_snapshot(&bare);
		const int rc = apply(&bare, &misfits[i], 7);
		if (rc != misfits[i].code)
			fail_msg("%s: %s", misfits[i].name, hf_code_name(rc));
		if (rc == HF_OK) {
			bare_verify(&bare, HF_OK);
			hf__change_undo(&bare.change);
		}
		bare_verify(&bare, HF_OK);
		struct hf__writer after = bare_snapshot(&bare);
		if (!same(&before, &after))
			fail_msg("%s left a trace", misfits[i].name);
		hf__writer_deinit(&before);
		hf__writer_deinit(&after);
		bare_deinit(&bare);
	}
}

/* --- No memory -------------------------------------------------------------------------------- */

struct veto {
	unsigned at, asked;
};

static bool veto_one(void *ctx, size_t size)
{
	struct veto *veto = ctx;
	(void)size;
	return veto->asked++ == veto->at;
}

static void no_memory_leaves_no_trace(void **unused)
{
	(void)unused;
	unsigned refused = 0;
	struct sample big = {.kind = HF__TIMELINE_EVENT, EVENT(HF__TIMELINE_APPEND, "e9", 15)};
	big.event.timeline = hf_str("a new one");
	big.event.payload = hf_str("a payload");
	for (unsigned at = 0, done = 0; !done; at++) {
		struct bare bare;
		struct veto veto = {.at = at};
		struct hf__writer body = {0};
		fill(&bare);
		struct hf__writer before = bare_snapshot(&bare);
		encode(&body, &big);
		const struct hf__entry entry = entry_of(&body, big.kind, 7);
		hf__mem_set_veto(veto_one, &veto);
		const int rc = bare_apply(&bare, &entry);
		hf__mem_set_veto(NULL, NULL);
		done = rc == HF_OK && veto.asked <= at;
		assert_true(rc == HF_ENOMEM || done);
		refused += rc == HF_ENOMEM;
		if (rc == HF_OK)
			hf__change_undo(&bare.change);
		bare_verify(&bare, HF_OK);
		struct hf__writer after = bare_snapshot(&bare);
		assert_true(same(&before, &after));
		hf__writer_deinit(&before);
		hf__writer_deinit(&after);
		hf__writer_deinit(&body);
		bare_deinit(&bare);
	}
	assert_true(refused >= 3); /* a timeline, an event, its payload */
}

/* --- Verify ----------------------------------------------------------------------------------- */

static void verify_notices_what_is_wrong(void **unused)
{
	(void)unused;
	for (unsigned fault = 0; fault < 8 + HF__TIMELINE_VIEWS; fault++) {
		struct bare bare;
		fill(&bare);
		struct hf__timeline_state *state = bare.state;
		struct hf__timeline *timeline = hf__container_find(state, hf_str("audit"));
		struct hf__timeline_event *event = hf__timeline_event_find(timeline, hf_str("e2"));
		const struct hf__timeline_event_value value = event->value;
		const char type = (char)event->text[2];
		struct hf__blob other = {0};
		bare_verify(&bare, HF_OK);
		if (fault == 0)
			event->value.happened_at += 5; /* beside the hook, and before e3 no more */
		else if (fault == 1)
			event->value.payload.bytes = &other;
		else if (fault == 2)
			event->object.changed = 0;
		else if (fault == 3)
			event->text[2] = 'z'; /* its type is no longer where it stands: equal to nobody's */
		else if (fault == 4)
			timeline->head.until = INT64_MIN;
		else if (fault == 5)
			hf__map_remove(&state->timelines.map, timeline);
		else if (fault == 6)
			event->object.container = NULL;
		else if (fault == 7)
			timeline->views[HF__TIMELINE_BY_PAIR].top.size++;
		else
			hf__index_remove(&timeline->views[fault - 8], event);
		bare_verify(&bare, HF_ECORRUPT);
		event->value = value;
		event->text[2] = (uint8_t)type;
		event->object.container = &timeline->head.object;
		if (fault == 5) /* or it would not be freed */
			hf__map_insert(&state->timelines.map, timeline,
			               state->timelines.map.hash(&state->timelines.map, timeline));
		if (fault >= 8)
			hf__index_insert(&timeline->views[fault - 8], event);
		bare_deinit(&bare);
	}
}

/* A copy that only one order knows stands for an event that is missing there. */
static void verify_notices_an_event_that_is_not_the_one_of_its_id(void **unused)
{
	(void)unused;
	for (unsigned view = 0; view < HF__TIMELINE_BY_ID; view++) {
		struct bare bare;
		fill(&bare);
		struct hf__timeline *timeline = hf__container_find(bare.state, hf_str("audit"));
		struct hf__timeline_event *event = hf__timeline_event_find(timeline, hf_str("e2"));
		const size_t size = sizeof *event + event->lens[0] + event->lens[1] + event->lens[2];
		struct hf__timeline_event *copy = hf__alloc(size);
		assert_non_null(copy);
		hf__index_remove(&timeline->views[view], event);
		memcpy(copy, event, size);
		hf__index_insert(&timeline->views[view], copy);
		bare_verify(&bare, HF_ECORRUPT);
		hf__index_remove(&timeline->views[view], copy);
		hf__index_insert(&timeline->views[view], event);
		bare_verify(&bare, HF_OK);
		hf__free(copy);
		bare_deinit(&bare);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(entries_tell_what_they_do),
	    cmocka_unit_test(damaged_bodies_are_refused_or_mean_what_they_say),
	    cmocka_unit_test(entries_that_do_not_fit_the_state_are_refused),
	    cmocka_unit_test(no_memory_leaves_no_trace),
	    cmocka_unit_test(verify_notices_what_is_wrong),
	    cmocka_unit_test(verify_notices_an_event_that_is_not_the_one_of_its_id),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
