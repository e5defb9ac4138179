/* tier: fast */
/* Outbox entries: each kind in bytes, in words and for watchers; damaged bodies; bodies of newer
 * programs. What fits a state and what does not is in test_outbox_apply. */
#include "domains/common/domains.h"
#include "domains/outbox/apply.h"
#include "lib/test.h"

#define SECOND INT64_C(1000000)
#define AT INT64_C(1795167000000000)
#define LSN 1000u
#define TOKEN (UINT64_C(3) << 48 | 7)

/* --- Bytes and words -------------------------------------------------------------------------- */

#define FIELDS \
	.queue = {"jobs", 4}, .id = {"42", 2}, .enqueued_at = AT, .available_at = AT, \
	.lease_until = HF_UNSET, .run_until = HF_UNSET, .until = HF_UNSET

static const struct sample {
	enum hf__outbox_kind kind;
	struct hf__outbox_image image;
	const char *words;
} samples[] = {
    {HF__OUTBOX_ITEM,
     {FIELDS, .cause = HF__OUTBOX_ENQUEUE, .status = HF_OUTBOX_QUEUED, .seq = LSN,
      .payload = {"hello", 5}},
     "enqueue jobs/42 5 bytes queued"},
    {HF__OUTBOX_ITEM,
     {FIELDS, .cause = HF__OUTBOX_STATE, .status = HF_OUTBOX_SENDING, .seq = 5, .token = TOKEN,
      .owner = {"w1", 2}},
     "state jobs/42 0 bytes by w1 without lease"},
    {HF__OUTBOX_ITEM,
     {FIELDS, .cause = HF__OUTBOX_PUT, .status = HF_OUTBOX_FAILED, .seq = 5, .attempts = 3,
      .last_error = {"no \"route\"", 10}},
     "put jobs/42 0 bytes failed attempts 3 error \"no \\x22route\\x22\""},
    {HF__OUTBOX_CHANGED,
     {.queue = {"jobs", 4},
      .id = {"42", 2},
      .cause = HF__OUTBOX_CLAIM,
      .status = HF_OUTBOX_SENDING,
      .token = UINT64_C(3) << 48 | LSN,
      .lease_until = AT + 30 * SECOND,
      .run_until = AT + 90 * SECOND,
      .until = HF_UNSET,
      .owner = {"w1", 2}},
     "claim jobs/42 by w1 lease 30s"},
    {HF__OUTBOX_CHANGED,
     {.queue = {"my jobs", 7},
      .id = {"a/b", 3},
      .cause = HF__OUTBOX_FAIL,
      .status = HF_OUTBOX_QUEUED,
      .attempts = 1,
      .available_at = AT + 1500000,
      .lease_until = HF_UNSET,
      .until = HF_UNSET,
      .last_error = {"down", 4}},
     "fail \"my jobs\"/\"a/b\" queued in 1.5s attempts 1 error \"down\""},
    {HF__OUTBOX_GONE,
     {.queue = {"jobs", 4},
      .id = {"42", 2},
      .cause = HF__OUTBOX_COMPLETE,
      .lease_until = HF_UNSET,
      .until = HF_UNSET},
     "complete jobs/42"},
    {HF__OUTBOX_ENDED,
     {FIELDS, .token = TOKEN, .status = HF_OUTBOX_QUEUED, .lost = 2, .computed = true},
     "claim over jobs/42 queued lost 2"},
    {HF__OUTBOX_ENDED,
     {FIELDS, .token = TOKEN, .status = HF_OUTBOX_FAILED, .lost = 3, .last_error = {"lost", 4}},
     "claim over jobs/42 failed lost 3 error \"lost\""},
    {HF__OUTBOX_GONE,
     {.queue = {"jobs", 4},
      .id = {"42", 2},
      .cause = HF__OUTBOX_COMPLETE,
      .lease_until = HF_UNSET,
      .until = AT + 60 * SECOND},
     "complete jobs/42 blocks 60s"},
    {HF__OUTBOX_SETTINGS,
     {.queue = {"jobs", 4},
      .cause = HF__OUTBOX_CONFIGURE,
      .max_attempts = 7,
      .max_lost = HF_NEVER,
      .dedup_max = 9,
      .lease_until = HF_UNSET,
      .until = HF_UNSET},
     "configure jobs max_attempts 7 max_lost never"},
    {HF__OUTBOX_SETTINGS,
     {.queue = {"jobs", 4},
      .cause = HF__OUTBOX_STATE,
      .max_attempts = 7,
      .max_lost = 4,
      .dedup_window = 90 * SECOND,
      .dedup_max = 9,
      .paused = true,
      .dropped = 3,
      .lease_until = HF_UNSET,
      .until = HF_UNSET},
     "configure jobs max_attempts 7 max_lost 4 dedup_window 90s dedup_max 9 paused"},
    {HF__OUTBOX_SETTINGS,
     {.queue = {"jobs", 4},
      .cause = HF__OUTBOX_PAUSE,
      .max_attempts = 7,
      .max_lost = 4,
      .dedup_max = 9,
      .paused = true,
      .lease_until = HF_UNSET,
      .until = HF_UNSET},
     "pause jobs"},
    {HF__OUTBOX_ITEM,
     {FIELDS, .cause = HF__OUTBOX_PUT, .status = HF_OUTBOX_QUEUED, .seq = 5, .group = {"ann", 3},
      .extra = {"{}", 2}, .payload = {"hello", 5}, .noted = true, .rerun_payload = {"again!", 6},
      .rerun_enqueued_at = AT, .rerun_available_at = AT},
     "put jobs/42 5 bytes group ann queued rerun noted, 6 bytes"},
    {HF__OUTBOX_CHANGED,
     {FIELDS, .cause = HF__OUTBOX_RERUN, .status = HF_OUTBOX_QUEUED},
     "rerun jobs/42 queued"},
    {HF__OUTBOX_NOTED, {FIELDS, .payload = {"again!", 6}}, "note rerun jobs/42 6 bytes"},
    {HF__OUTBOX_REDRIVEN,
     {.queue = {"jobs", 4},
      .available_at = AT,
      .count = 2,
      .ids = {"\1\0a\3\0b c", 8},
      .lease_until = HF_UNSET,
      .until = HF_UNSET},
     "redrive jobs 2 items: a \"b c\""},
    {HF__OUTBOX_PRUNED,
     {.queue = {"jobs", 4},
      .count = 2,
      .ids = {"\1\0a\3\0b c", 8},
      .lease_until = HF_UNSET,
      .until = HF_UNSET},
     "prune jobs 2 items: a \"b c\""},
    {HF__OUTBOX_DONE,
     {.queue = {"jobs", 4}, .id = {"42", 2}, .lease_until = HF_UNSET, .until = AT + 60 * SECOND},
     "completed jobs/42 blocks 60s"},
    {HF__OUTBOX_FADED,
     {.queue = {"jobs", 4}, .id = {"42", 2}, .lease_until = HF_UNSET, .until = HF_UNSET},
     "blocks no more jobs/42"},
    {HF__OUTBOX_DROPPED,
     {.queue = {"jobs", 4}, .dropped = 2, .lease_until = HF_UNSET, .until = HF_UNSET},
     "drop jobs 2 completed ids"},
    {HF__OUTBOX_CLEARED,
     {.queue = {"jobs", 4}, .lease_until = HF_UNSET, .until = HF_UNSET},
     "clear jobs"},
};

enum { SAMPLES = sizeof samples / sizeof samples[0] };

static struct hf_bytes bytes_of(const struct hf__writer *w)
{
	return hf_bytes_of(w->data, w->len);
}

static void entries_tell_what_they_do(void **unused)
{
	(void)unused;
	for (unsigned i = 0; i < SAMPLES; i++) {
		struct hf__writer body = {0};
		char words[200] = "";
		struct hf__text text = {words, sizeof words, 0};
		hf__outbox_encode(&body, samples[i].kind, &samples[i].image, false);
		const struct hf__entry entry = {
		    .lsn = LSN, .at = AT, .kind = (uint8_t)samples[i].kind, .body = bytes_of(&body)};
		hf__outbox_domain.describe(&entry, &text);
		assert_string_equal(words, samples[i].words);
		hf__writer_deinit(&body);
	}
}

static void entries_tell_what_they_are_about(void **unused)
{
	(void)unused;
	static const struct {
		enum hf__outbox_kind kind;
		enum hf__outbox_cause cause;
		const char *operation;
		bool removed, many;
	} rows[] = {
	    {HF__OUTBOX_CHANGED, HF__OUTBOX_RERUN, "complete", false, false},
	    {HF__OUTBOX_GONE, HF__OUTBOX_COMPLETE, "complete", true, false},
	    {HF__OUTBOX_NOTED, 0, "enqueue", false, false},
	    {HF__OUTBOX_DONE, 0, "put_completed", true, false},
	    {HF__OUTBOX_FADED, 0, "end", true, false},
	    {HF__OUTBOX_ENDED, 0, "end", false, false},
	    {HF__OUTBOX_REDRIVEN, 0, "redrive", false, true},
	    {HF__OUTBOX_PRUNED, 0, "prune", true, true},
	    {HF__OUTBOX_DROPPED, 0, "drop", false, true},
	    {HF__OUTBOX_CLEARED, 0, "clear", true, true},
	    {HF__OUTBOX_SETTINGS, HF__OUTBOX_PAUSE, "pause", false, false},
	};
	const struct hf_bytes a[] = {{"jobs", 4}, {"a", 1}}, bc[] = {{"jobs", 4}, {"b c", 3}},
	                      other[] = {{"jobs", 4}, {"d", 1}};
	for (unsigned i = 0; i < SAMPLES; i++) {
		for (size_t r = 0; r < sizeof rows / sizeof rows[0]; r++) {
			struct hf__writer body = {0};
			struct hf__about about;
			if (samples[i].kind != rows[r].kind || samples[i].image.cause != rows[r].cause)
				continue;
			hf__outbox_encode(&body, samples[i].kind, &samples[i].image, false);
			const struct hf__entry entry = {
			    .lsn = LSN, .at = AT, .kind = (uint8_t)samples[i].kind, .body = bytes_of(&body)};
			assert_true(hf__outbox_domain.about(&entry, &about));
			assert_string_equal(about.operation, rows[r].operation);
			assert_true(about.removed == rows[r].removed && about.many == rows[r].many);
			assert_int_equal(about.parts, samples[i].image.id.len > 0 ? 2 : 1);
			/* These name some of many. */
			const bool redrive =
			    entry.kind == HF__OUTBOX_REDRIVEN || entry.kind == HF__OUTBOX_PRUNED;
			assert_true(hf__outbox_concerns(&entry, a, 2) && hf__outbox_concerns(&entry, bc, 2) &&
			            hf__outbox_concerns(&entry, other, 1));
			assert_true(hf__outbox_concerns(&entry, other, 2) == !redrive);
			hf__writer_deinit(&body);
		}
	}
	struct hf__about about;
	assert_false(
	    hf__outbox_domain.about(&(struct hf__entry){.lsn = LSN, .kind = HF__OUTBOX_ITEM}, &about));
}

/* Whatever is accepted means exactly one body: encoding it again gives the same bytes. And words
 * are found for anything. */
static bool try_body(uint8_t kind, struct hf_bytes body)
{
	struct hf__outbox_image image;
	char words[300] = "";
	struct hf__text text = {words, sizeof words, 0};
	const struct hf__entry entry = {.lsn = LSN, .at = AT, .kind = kind, .body = body};
	hf__outbox_domain.describe(&entry, &text);
	assert_true(words[0] != '\0');
	if (hf__outbox_decode(kind, LSN, body, &image) != HF_OK)
		return false;
	struct hf__writer again = {0};
	hf__outbox_encode(&again, (enum hf__outbox_kind)kind, &image, false);
	assert_true(hf__bytes_equal(body, bytes_of(&again)));
	hf__writer_deinit(&again);
	return true;
}

static void damaged_bodies_are_refused_or_mean_what_they_say(void **unused)
{
	(void)unused;
	for (unsigned i = 0; i < SAMPLES; i++) {
		struct hf__writer body = {0};
		hf__outbox_encode(&body, samples[i].kind, &samples[i].image, false);
		const uint8_t kind = (uint8_t)samples[i].kind;
		assert_true(try_body(kind, bytes_of(&body)));
		for (size_t len = 0; len < body.len; len++)
			assert_false(try_body(kind, hf_bytes_of(body.data, len)));
		for (size_t bit = 0; bit < body.len * 8; bit++) {
			body.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
			(void)try_body(kind, bytes_of(&body));
			body.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
		}
		hf__put_u8(&body, 0);
		assert_false(try_body(kind, bytes_of(&body)));
		for (unsigned other = 0; other < 256; other++)
			if (other != kind)
				assert_false(try_body((uint8_t)other, hf_bytes_of(body.data, body.len - 1)));
		hf__writer_deinit(&body);
	}
}

/* Another program wrote it: nothing is wrong with the bytes. */
static void what_a_newer_program_wrote_is_no_damage(void **unused)
{
	(void)unused;
	static const struct {
		uint8_t kind, bytes[8];
		size_t len;
		int rc;
	} rows[] = {
	    {HF__OUTBOX_FADED, {1, 1, 0, 'q', 1, 0, 'i'}, 7, HF_OK},
	    {HF__OUTBOX_FADED, {2, 1, 0, 'q', 1, 0, 'i'}, 7, HF_EVERSION},
	    {HF__OUTBOX_FADED, {255}, 1, HF_EVERSION},
	    {HF__OUTBOX_FADED, {0, 1, 0, 'q', 1, 0, 'i'}, 7, HF_ECORRUPT},
	    {HF__OUTBOX_FADED, {0}, 0, HF_ECORRUPT},
	    {HF__OUTBOX_PRUNED + 1, {1, 1, 0, 'q'}, 4, HF_EVERSION},
	    {255, {1}, 1, HF_EVERSION},
	    {HF__OUTBOX_GONE, {1, 1, 0, 'q', HF__OUTBOX_CAUSES}, 5, HF_EVERSION},
	    {HF__OUTBOX_GONE, {1, 1, 0, 'q', HF__OUTBOX_CLAIM}, 5, HF_ECORRUPT},
	    {HF__OUTBOX_SETTINGS, {1, 1, 0, 'q', 200, 1, 2, 3}, 8, HF_EVERSION},
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct hf__outbox_image image;
		assert_int_equal(
		    hf__outbox_decode(rows[i].kind, LSN, hf_bytes_of(rows[i].bytes, rows[i].len), &image),
		    rows[i].rc);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(entries_tell_what_they_do),
	    cmocka_unit_test(entries_tell_what_they_are_about),
	    cmocka_unit_test(damaged_bodies_are_refused_or_mean_what_they_say),
	    cmocka_unit_test(what_a_newer_program_wrote_is_no_damage),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
