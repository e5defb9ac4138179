/* Outbox entries: each kind in bytes and in words; damaged bodies; and bodies that are well formed but could not have been written at the
 * state they meet. Apply refuses all of them and is as it was. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "domains/domains.h"
#include "domains/outbox_apply.h"
#include "store/change.h"

#define SECOND INT64_C(1000000)
#define AT INT64_C(1795167000000000)
#define LSN 1000u
#define TOKEN (UINT64_C(3) << 48 | 7)

/* --- Bytes and words -------------------------------------------------------------------------------------------------------- */

#define FIELDS .queue = {"jobs", 4}, .id = {"42", 2}, .enqueued_at = AT, .available_at = AT, .lease_until = HF_UNSET, .until = HF_UNSET

static const struct sample {
	enum hf__outbox_kind kind;
	struct hf__outbox_image image;
	const char *words;
} samples[] = {
    {HF__OUTBOX_ITEM,
     {FIELDS, .cause = HF__OUTBOX_ENQUEUE, .status = HF_OUTBOX_QUEUED, .seq = LSN, .payload = {"hello", 5}},
     "enqueue jobs/42 5 bytes queued"},
    {HF__OUTBOX_ITEM,
     {FIELDS, .cause = HF__OUTBOX_STATE, .status = HF_OUTBOX_SENDING, .seq = 5, .token = TOKEN, .owner = {"w1", 2}},
     "state jobs/42 0 bytes by w1 without lease"},
    {HF__OUTBOX_ITEM,
     {FIELDS, .cause = HF__OUTBOX_PUT, .status = HF_OUTBOX_FAILED, .seq = 5, .attempts = 3, .last_error = {"no \"route\"", 10}},
     "put jobs/42 0 bytes failed attempts 3 error \"no \\x22route\\x22\""},
    {HF__OUTBOX_CHANGED,
     {.queue = {"jobs", 4},
      .id = {"42", 2},
      .cause = HF__OUTBOX_CLAIM,
      .status = HF_OUTBOX_SENDING,
      .token = UINT64_C(3) << 48 | LSN,
      .lease_until = AT + 30 * SECOND,
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
     {.queue = {"jobs", 4}, .id = {"42", 2}, .cause = HF__OUTBOX_COMPLETE, .lease_until = HF_UNSET, .until = HF_UNSET},
     "complete jobs/42"},
    {HF__OUTBOX_ENDED,
     {.queue = {"jobs", 4}, .id = {"42", 2}, .token = TOKEN, .lease_until = HF_UNSET, .until = HF_UNSET},
     "claim over jobs/42"},
    {HF__OUTBOX_GONE,
     {.queue = {"jobs", 4}, .id = {"42", 2}, .cause = HF__OUTBOX_COMPLETE, .lease_until = HF_UNSET, .until = AT + 60 * SECOND},
     "complete jobs/42 blocks 60s"},
    {HF__OUTBOX_SETTINGS,
     {.queue = {"jobs", 4}, .cause = HF__OUTBOX_CONFIGURE, .max_attempts = 7, .dedup_max = 9, .lease_until = HF_UNSET, .until = HF_UNSET},
     "configure jobs max_attempts 7"},
    {HF__OUTBOX_SETTINGS,
     {.queue = {"jobs", 4},
      .cause = HF__OUTBOX_STATE,
      .max_attempts = 7,
      .dedup_window = 90 * SECOND,
      .dedup_max = 9,
      .paused = true,
      .dropped = 3,
      .lease_until = HF_UNSET,
      .until = HF_UNSET},
     "configure jobs max_attempts 7 dedup_window 90s dedup_max 9 paused"},
    {HF__OUTBOX_SETTINGS,
     {.queue = {"jobs", 4},
      .cause = HF__OUTBOX_PAUSE,
      .max_attempts = 7,
      .dedup_max = 9,
      .paused = true,
      .lease_until = HF_UNSET,
      .until = HF_UNSET},
     "pause jobs"},
    {HF__OUTBOX_ITEM,
     {FIELDS, .cause = HF__OUTBOX_PUT, .status = HF_OUTBOX_QUEUED, .seq = 5, .group = {"ann", 3}, .payload = {"hello", 5}, .noted = true,
      .rerun_payload = {"again!", 6}, .rerun_enqueued_at = AT, .rerun_available_at = AT},
     "put jobs/42 5 bytes group ann queued rerun noted, 6 bytes"},
    {HF__OUTBOX_CHANGED, {FIELDS, .cause = HF__OUTBOX_RERUN, .status = HF_OUTBOX_QUEUED}, "rerun jobs/42 queued"},
    {HF__OUTBOX_NOTED, {FIELDS, .payload = {"again!", 6}}, "note rerun jobs/42 6 bytes"},
    {HF__OUTBOX_REDRIVEN,
     {.queue = {"jobs", 4}, .available_at = AT, .count = 2, .ids = {"\1\0a\3\0b c", 8}, .lease_until = HF_UNSET, .until = HF_UNSET},
     "redrive jobs 2 items: a \"b c\""},
    {HF__OUTBOX_DONE,
     {.queue = {"jobs", 4}, .id = {"42", 2}, .lease_until = HF_UNSET, .until = AT + 60 * SECOND},
     "completed jobs/42 blocks 60s"},
    {HF__OUTBOX_FADED, {.queue = {"jobs", 4}, .id = {"42", 2}, .lease_until = HF_UNSET, .until = HF_UNSET}, "blocks no more jobs/42"},
    {HF__OUTBOX_DROPPED, {.queue = {"jobs", 4}, .dropped = 2, .lease_until = HF_UNSET, .until = HF_UNSET}, "drop jobs 2 completed ids"},
    {HF__OUTBOX_CLEARED, {.queue = {"jobs", 4}, .lease_until = HF_UNSET, .until = HF_UNSET}, "clear jobs"},
};

enum { SAMPLES = sizeof samples / sizeof samples[0] };

static struct hf_bytes bytes_of(const struct hf__writer *w)
{
	return hf_bytes(w->data, w->len);
}

static void entries_tell_what_they_do(void **unused)
{
	(void)unused;
	for (unsigned i = 0; i < SAMPLES; i++) {
		struct hf__writer body = {0};
		char words[200] = "";
		struct hf__text text = {words, sizeof words, 0};
		hf__outbox_encode(&body, samples[i].kind, &samples[i].image, false);
		const struct hf__entry entry = {.lsn = LSN, .at = AT, .kind = (uint8_t)samples[i].kind, .body = bytes_of(&body)};
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
	    {HF__OUTBOX_DROPPED, 0, "drop", false, true},
	    {HF__OUTBOX_CLEARED, 0, "clear", true, true},
	    {HF__OUTBOX_SETTINGS, HF__OUTBOX_PAUSE, "pause", false, false},
	};
	const struct hf_bytes a[] = {{"jobs", 4}, {"a", 1}}, bc[] = {{"jobs", 4}, {"b c", 3}}, other[] = {{"jobs", 4}, {"d", 1}};
	for (unsigned i = 0; i < SAMPLES; i++) {
		for (size_t r = 0; r < sizeof rows / sizeof rows[0]; r++) {
			struct hf__writer body = {0};
			struct hf__about about;
			if (samples[i].kind != rows[r].kind || samples[i].image.cause != rows[r].cause)
				continue;
			hf__outbox_encode(&body, samples[i].kind, &samples[i].image, false);
			const struct hf__entry entry = {.lsn = LSN, .at = AT, .kind = (uint8_t)samples[i].kind, .body = bytes_of(&body)};
			assert_true(hf__outbox_domain.about(&entry, &about));
			assert_string_equal(about.operation, rows[r].operation);
			assert_true(about.removed == rows[r].removed && about.many == rows[r].many);
			assert_int_equal(about.parts, samples[i].image.id.len > 0 ? 2 : 1);
			/* Only a redrive names some of many. */
			const bool redrive = entry.kind == HF__OUTBOX_REDRIVEN;
			assert_true(hf__outbox_concerns(&entry, a, 2) && hf__outbox_concerns(&entry, bc, 2) && hf__outbox_concerns(&entry, other, 1));
			assert_true(hf__outbox_concerns(&entry, other, 2) == !redrive);
			hf__writer_deinit(&body);
		}
	}
	struct hf__about about;
	assert_false(hf__outbox_domain.about(&(struct hf__entry){.lsn = LSN, .kind = HF__OUTBOX_ITEM}, &about));
}

/* Whatever is accepted means exactly one body: encoding it again gives the same bytes. And words are found for anything. */
static bool try_body(uint8_t kind, struct hf_bytes body)
{
	struct hf__outbox_image image;
	char words[300] = "";
	struct hf__text text = {words, sizeof words, 0};
	const struct hf__entry entry = {.lsn = LSN, .at = AT, .kind = kind, .body = body};
	hf__outbox_domain.describe(&entry, &text);
	assert_true(words[0] != '\0');
	if (!hf__outbox_decode(kind, LSN, body, &image))
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
			assert_false(try_body(kind, hf_bytes(body.data, len)));
		for (size_t bit = 0; bit < body.len * 8; bit++) {
			body.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
			(void)try_body(kind, bytes_of(&body));
			body.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
		}
		hf__put_u8(&body, 0);
		assert_false(try_body(kind, bytes_of(&body)));
		for (unsigned other = 0; other < 256; other++)
			if (other != kind)
				assert_false(try_body((uint8_t)other, hf_bytes(body.data, body.len - 1)));
		hf__writer_deinit(&body);
	}
}

/* Bodies of version 1, from before groups, reruns, pauses and completed ids. */
static void bodies_of_version_1_mean_what_they_meant(void **unused)
{
	(void)unused;
	static const struct {
		enum hf__outbox_kind kind;
		uint8_t bytes[64];
		size_t len;
	} old[] = {
	    {HF__OUTBOX_SETTINGS, {1, 1, 0, 'q', 7, 0, 0, 0}, 8},
	    {HF__OUTBOX_GONE, {1, 1, 0, 'q', HF__OUTBOX_COMPLETE, 1, 0, 'i'}, 8},
	    {HF__OUTBOX_ITEM,
	     {1,
	      1,
	      0,
	      'q',
	      HF__OUTBOX_PUT,
	      1,
	      0,
	      'i',
	      5,
	      0,
	      0,
	      0,
	      0,
	      0,
	      0,
	      0,
	      HF_OUTBOX_QUEUED,
	      2,
	      0,
	      0,
	      0,
	      3,
	      0,
	      0,
	      0,
	      4,
	      0,
	      0,
	      0,
	      6,
	      0,
	      0,
	      0,
	      0,
	      0,
	      0,
	      0,
	      7,
	      0,
	      0,
	      0,
	      0,
	      0,
	      0,
	      0,
	      0,
	      0,
	      1,
	      0,
	      0,
	      0,
	      'p'},
	     52},
	    {HF__OUTBOX_CLEARED, {1, 1, 0, 'q'}, 4},
	    {HF__OUTBOX_ENDED, {1, 1, 0, 'q', 1, 0, 'i', 5, 0, 0, 0, 0, 0, 0, 0}, 15},
	};
	struct hf__outbox_image image;
	for (size_t i = 0; i < sizeof old / sizeof old[0]; i++) {
		assert_true(hf__outbox_decode((uint8_t)old[i].kind, LSN, hf_bytes(old[i].bytes, old[i].len), &image));
		assert_true(image.until == HF_UNSET && image.group.len == 0 && !image.noted && !image.paused && image.dedup_window == 0);
		assert_true(hf__bytes_equal(image.queue, hf_str("q")));
		if (old[i].kind == HF__OUTBOX_SETTINGS)
			assert_true(image.max_attempts == 7 && image.dedup_max == HF_OUTBOX_DEDUP_MAX);
		if (old[i].kind == HF__OUTBOX_ITEM)
			assert_true(image.attempts == 2 && image.max_attempts == 3 && image.priority == 4 && image.seq == 5 && image.enqueued_at == 6 &&
			            image.available_at == 7 && hf__bytes_equal(image.payload, hf_str("p")));
	}
	/* What version 1 did not have, it does not have now. */
	assert_false(hf__outbox_decode(HF__OUTBOX_FADED, LSN, hf_bytes((uint8_t[]){1, 1, 0, 'q', 1, 0, 'i'}, 7), &image));
	assert_true(hf__outbox_decode(HF__OUTBOX_FADED, LSN, hf_bytes((uint8_t[]){2, 1, 0, 'q', 1, 0, 'i'}, 7), &image));
	assert_false(hf__outbox_decode(HF__OUTBOX_FADED, LSN, hf_bytes((uint8_t[]){3, 1, 0, 'q', 1, 0, 'i'}, 7), &image));
	assert_false(hf__outbox_decode(HF__OUTBOX_FADED, LSN, hf_bytes((uint8_t[]){0, 1, 0, 'q', 1, 0, 'i'}, 7), &image));
}

/* --- State ------------------------------------------------------------------------------------------------------------------ */

struct bench {
	void *state;
	struct hf__change change;
};

static void bench_init(struct bench *b)
{
	static const struct hf__domain_env env = {.inline_max = 256, .epoch = 3};
	*b = (struct bench){.state = calloc(1, hf__outbox_domain.state_size)};
	assert_non_null(b->state);
	assert_int_equal(hf__outbox_domain.init(b->state, &env), HF_OK);
	hf__outbox_domain.opened(b->state, 1);
}

static void bench_deinit(struct bench *b)
{
	hf__outbox_domain.deinit(b->state);
	hf__change_deinit(&b->change);
	free(b->state);
}

static int apply(struct bench *b, uint64_t lsn, enum hf__outbox_kind kind, const struct hf__outbox_image *image)
{
	struct hf__writer body = {0};
	hf__outbox_encode(&body, kind, image, false);
	const struct hf__entry entry = {.lsn = lsn, .at = AT, .kind = (uint8_t)kind, .body = bytes_of(&body)};
	hf__change_begin(&b->change, lsn, true);
	const int rc = hf__outbox_domain.apply(b->state, &b->change, &entry);
	if (rc == HF_OK)
		hf__change_keep(&b->change);
	else
		hf__change_undo(&b->change);
	hf__writer_deinit(&body);
	char why[200] = "";
	struct hf__text text = {why, sizeof why, 0};
	if (hf__outbox_domain.verify(b->state, &text) != HF_OK)
		fail_msg("%s", why);
	return rc;
}

static struct hf__outbox_image image_for(const char *id, enum hf__outbox_cause cause, uint8_t status)
{
	return (struct hf__outbox_image){
	    .queue = hf_str("jobs"), .id = hf_str(id), .cause = cause, .status = status, .lease_until = HF_UNSET, .until = HF_UNSET};
}

/* "queued" (LSN 1), "held" (LSN 2, claimed at 3), "failed" (LSN 4, failed at 5), "noted" (LSN 6, claimed at 7, a rerun noted at 8), "done"
 * (completed at 9), "free" (LSN 10). "held" and "queued" are of one group. */
static void bench_fill(struct bench *b)
{
	static const char *const ids[] = {"queued", "held", "failed"};
	static const uint64_t lsns[] = {1, 2, 4};
	for (unsigned i = 0; i < 3; i++) {
		struct hf__outbox_image item = image_for(ids[i], HF__OUTBOX_ENQUEUE, HF_OUTBOX_QUEUED);
		item.seq = lsns[i];
		item.group = hf_str(i < 2 ? "g" : "");
		assert_int_equal(apply(b, lsns[i], HF__OUTBOX_ITEM, &item), HF_OK);
		if (i == 1) {
			struct hf__outbox_image claim = image_for("held", HF__OUTBOX_CLAIM, HF_OUTBOX_SENDING);
			claim.token = 3;
			claim.owner = hf_str("w");
			assert_int_equal(apply(b, 3, HF__OUTBOX_CHANGED, &claim), HF_OK);
		}
	}
	struct hf__outbox_image failed = image_for("failed", HF__OUTBOX_MARK_FAILED, HF_OUTBOX_FAILED);
	failed.attempts = 1;
	assert_int_equal(apply(b, 5, HF__OUTBOX_CHANGED, &failed), HF_OK);
	struct hf__outbox_image noted = image_for("noted", HF__OUTBOX_ENQUEUE, HF_OUTBOX_QUEUED);
	noted.seq = 6;
	assert_int_equal(apply(b, 6, HF__OUTBOX_ITEM, &noted), HF_OK);
	noted = image_for("noted", HF__OUTBOX_CLAIM, HF_OUTBOX_SENDING);
	noted.token = 7;
	noted.owner = hf_str("w");
	assert_int_equal(apply(b, 7, HF__OUTBOX_CHANGED, &noted), HF_OK);
	noted = image_for("noted", HF__OUTBOX_STATE, 0);
	noted.payload = hf_str("again");
	assert_int_equal(apply(b, 8, HF__OUTBOX_NOTED, &noted), HF_OK);
	struct hf__outbox_image done = image_for("done", HF__OUTBOX_STATE, 0);
	done.until = AT + SECOND;
	assert_int_equal(apply(b, 9, HF__OUTBOX_DONE, &done), HF_OK);
	struct hf__outbox_image unbound = image_for("free", HF__OUTBOX_ENQUEUE, HF_OUTBOX_QUEUED);
	unbound.seq = 10;
	assert_int_equal(apply(b, 10, HF__OUTBOX_ITEM, &unbound), HF_OK);
}

static const struct misfit {
	const char *what;
	enum hf__outbox_kind kind;
	const char *id;
	enum hf__outbox_cause cause;
	uint8_t status;
	uint32_t attempts;
	uint64_t seq, token;
	int32_t priority;
	int code;
} misfits[] = {
    {"a change of nothing", HF__OUTBOX_CHANGED, "nothing", HF__OUTBOX_RETRY, HF_OUTBOX_QUEUED, 0, 0, 0, 0, HF_ECORRUPT},
    {"the end of nothing", HF__OUTBOX_GONE, "nothing", HF__OUTBOX_REMOVE, 0, 0, 0, 0, 0, HF_ECORRUPT},
    {"nothing over", HF__OUTBOX_ENDED, "nothing", 0, 0, 0, 0, 3, 0, HF_ECORRUPT},
    {"enqueued twice", HF__OUTBOX_ITEM, "queued", HF__OUTBOX_ENQUEUE, HF_OUTBOX_QUEUED, 0, LSN, 0, 0, HF_ECORRUPT},
    {"state over an item", HF__OUTBOX_ITEM, "queued", HF__OUTBOX_STATE, HF_OUTBOX_QUEUED, 0, 1, 0, 0, HF_ECORRUPT},
    {"replaced, which was not there", HF__OUTBOX_ITEM, "nothing", HF__OUTBOX_REPLACE, HF_OUTBOX_QUEUED, 0, LSN, 0, 0, HF_ECORRUPT},
    {"replaced, but failed", HF__OUTBOX_ITEM, "failed", HF__OUTBOX_REPLACE, HF_OUTBOX_QUEUED, 1, 4, 0, 0, HF_ECORRUPT},
    {"replaced at another place", HF__OUTBOX_ITEM, "queued", HF__OUTBOX_REPLACE, HF_OUTBOX_QUEUED, 0, 6, 0, 0, HF_ECORRUPT},
    {"put at another place", HF__OUTBOX_ITEM, "queued", HF__OUTBOX_PUT, HF_OUTBOX_QUEUED, 0, 6, 0, 0, HF_ECORRUPT},
    {"a place that is taken", HF__OUTBOX_ITEM, "new", HF__OUTBOX_STATE, HF_OUTBOX_QUEUED, 0, 2, 0, 0, HF_ECORRUPT},
    {"a place from the future", HF__OUTBOX_ITEM, "new", HF__OUTBOX_STATE, HF_OUTBOX_QUEUED, 0, LSN + 1, 0, 0, HF_ECORRUPT},
    {"a claim by an old token", HF__OUTBOX_CHANGED, "queued", HF__OUTBOX_CLAIM, HF_OUTBOX_SENDING, 0, 0, 3, 0, HF_ECORRUPT},
    {"extended by another", HF__OUTBOX_CHANGED, "held", HF__OUTBOX_EXTEND, HF_OUTBOX_SENDING, 0, 0, 2, 0, HF_ECORRUPT},
    {"extended, but queued", HF__OUTBOX_CHANGED, "queued", HF__OUTBOX_EXTEND, HF_OUTBOX_SENDING, 0, 0, 3, 0, HF_ECORRUPT},
    {"released, but queued", HF__OUTBOX_CHANGED, "queued", HF__OUTBOX_RELEASE, HF_OUTBOX_QUEUED, 0, 0, 0, 0, HF_ECORRUPT},
    {"released and counted", HF__OUTBOX_CHANGED, "held", HF__OUTBOX_RELEASE, HF_OUTBOX_QUEUED, 1, 0, 0, 0, HF_ECORRUPT},
    {"failed and not counted", HF__OUTBOX_CHANGED, "held", HF__OUTBOX_FAIL, HF_OUTBOX_QUEUED, 0, 0, 0, 0, HF_ECORRUPT},
    {"another priority", HF__OUTBOX_CHANGED, "held", HF__OUTBOX_RELEASE, HF_OUTBOX_QUEUED, 0, 0, 0, 9, HF_ECORRUPT},
    {"retried, but queued", HF__OUTBOX_CHANGED, "queued", HF__OUTBOX_RETRY, HF_OUTBOX_QUEUED, 0, 0, 0, 0, HF_ECORRUPT},
    {"completed, but failed", HF__OUTBOX_GONE, "failed", HF__OUTBOX_COMPLETE, 0, 0, 0, 0, 0, HF_ECORRUPT},
    {"over by another token", HF__OUTBOX_ENDED, "held", 0, 0, 0, 0, 2, 0, HF_ECORRUPT},
    {"over, but queued", HF__OUTBOX_ENDED, "queued", 0, 0, 0, 0, 3, 0, HF_ECORRUPT},
    {"cleared, but empty", HF__OUTBOX_CLEARED, "", 0, 0, 0, 0, 0, 0, HF_ECORRUPT},
    {"replaced into another group", HF__OUTBOX_ITEM, "held", HF__OUTBOX_REPLACE, HF_OUTBOX_QUEUED, 0, 2, 0, 0, HF_ECORRUPT},
    {"completed, but to be run again", HF__OUTBOX_GONE, "noted", HF__OUTBOX_COMPLETE, 0, 0, 0, 0, 0, HF_ECORRUPT},
    {"run again, but nothing was noted", HF__OUTBOX_CHANGED, "held", HF__OUTBOX_RERUN, HF_OUTBOX_QUEUED, 0, 0, 0, 0, HF_ECORRUPT},
    {"run again, but counted", HF__OUTBOX_CHANGED, "noted", HF__OUTBOX_RERUN, HF_OUTBOX_QUEUED, 1, 0, 0, 0, HF_ECORRUPT},
    {"a note beside the queued", HF__OUTBOX_NOTED, "queued", 0, 0, 0, 0, 0, 0, HF_ECORRUPT},
    {"a note beside nothing", HF__OUTBOX_NOTED, "nothing", 0, 0, 0, 0, 0, 0, HF_ECORRUPT},
    {"completed, but live", HF__OUTBOX_DONE, "queued", 0, 0, 0, 0, 0, 0, HF_ECORRUPT},
    {"completed twice", HF__OUTBOX_DONE, "done", 0, 0, 0, 0, 0, 0, HF_ECORRUPT},
    {"the end of no completed id", HF__OUTBOX_FADED, "queued", 0, 0, 0, 0, 0, 0, HF_ECORRUPT},
    {"more dropped than there are", HF__OUTBOX_DROPPED, "", 0, 0, 2, 0, 0, 0, HF_ECORRUPT},
    {"redriven, but not failed", HF__OUTBOX_REDRIVEN, "queued", 0, 0, 0, 0, 0, 0, HF_ECORRUPT},
    {"redriven, but nothing", HF__OUTBOX_REDRIVEN, "nothing", 0, 0, 0, 0, 0, 0, HF_ECORRUPT},
    {"redriven twice", HF__OUTBOX_REDRIVEN, "failed", 0, 0, 2, 0, 0, 0, HF_ECORRUPT},
    /* What fits, lest the bench refuses everything. */
    {"run again", HF__OUTBOX_CHANGED, "noted", HF__OUTBOX_RERUN, HF_OUTBOX_QUEUED, 0, 0, 0, 0, HF_OK},
    {"noted anew", HF__OUTBOX_NOTED, "noted", 0, 0, 0, 0, 0, 0, HF_OK},
    {"completed by hand", HF__OUTBOX_DONE, "new", 0, 0, 0, 0, 0, 0, HF_OK},
    {"over for a completed id", HF__OUTBOX_FADED, "done", 0, 0, 0, 0, 0, 0, HF_OK},
    {"dropped", HF__OUTBOX_DROPPED, "", 0, 0, 1, 0, 0, 0, HF_OK},
    {"redriven", HF__OUTBOX_REDRIVEN, "failed", 0, 0, 0, 0, 0, 0, HF_OK},
    {"put into another group", HF__OUTBOX_ITEM, "held", HF__OUTBOX_PUT, HF_OUTBOX_QUEUED, 0, 2, 0, 0, HF_OK},
    {"put, though completed", HF__OUTBOX_ITEM, "done", HF__OUTBOX_PUT, HF_OUTBOX_QUEUED, 0, LSN, 0, 0, HF_OK},
    {"released", HF__OUTBOX_CHANGED, "held", HF__OUTBOX_RELEASE, HF_OUTBOX_QUEUED, 0, 0, 0, 0, HF_OK},
    {"extended", HF__OUTBOX_CHANGED, "held", HF__OUTBOX_EXTEND, HF_OUTBOX_SENDING, 0, 0, 3, 0, HF_OK},
    {"retried", HF__OUTBOX_CHANGED, "failed", HF__OUTBOX_RETRY, HF_OUTBOX_QUEUED, 1, 0, 0, 0, HF_OK},
    {"completed", HF__OUTBOX_GONE, "held", HF__OUTBOX_COMPLETE, 0, 0, 0, 0, 0, HF_OK},
    {"over", HF__OUTBOX_ENDED, "held", 0, 0, 0, 0, 3, 0, HF_OK},
    {"replaced", HF__OUTBOX_ITEM, "queued", HF__OUTBOX_REPLACE, HF_OUTBOX_QUEUED, 0, 1, 0, 0, HF_OK},
    {"a place that is free", HF__OUTBOX_ITEM, "new", HF__OUTBOX_STATE, HF_OUTBOX_QUEUED, 0, 3, 0, 0, HF_OK},
};

static void entries_that_do_not_fit_the_state_are_refused(void **unused)
{
	(void)unused;
	struct hf__writer ids = {0};
	for (size_t i = 0; i < sizeof misfits / sizeof misfits[0]; i++) {
		const struct misfit *m = &misfits[i];
		struct bench bench;
		struct hf__outbox_image image = image_for(m->id, m->cause, m->status);
		bench_init(&bench);
		bench_fill(&bench);
		image.attempts = m->attempts;
		image.seq = m->seq;
		image.token = m->token;
		image.priority = m->priority;
		image.owner = hf_str("w");
		/* "replaced" stays where it was: the group too. */
		image.group = hf_str(m->cause == HF__OUTBOX_REPLACE && strcmp(m->id, "queued") == 0 ? "g" : "");
		image.dropped = m->attempts;
		image.until = m->kind == HF__OUTBOX_DONE ? AT + SECOND : HF_UNSET;
		ids.len = 0;
		for (image.count = 0; image.count < (m->attempts ? m->attempts : 1); image.count++)
			hf__put_short(&ids, image.id);
		image.ids = bytes_of(&ids);
		if (m->kind == HF__OUTBOX_CLEARED)
			image.queue = hf_str("empty");
		const int rc = apply(&bench, LSN, m->kind, &image);
		if (rc != m->code)
			fail_msg("%s: %s", m->what, hf_code_name(rc));
		bench_deinit(&bench);
	}
	hf__writer_deinit(&ids);
}

/* --- Verify notices --------------------------------------------------------------------------------------------------------- */

static void verify_notices_what_is_wrong(void **unused)
{
	(void)unused;
	for (unsigned fault = 0; fault < 14; fault++) {
		struct bench bench;
		char why[200] = "";
		struct hf__text text = {why, sizeof why, 0};
		bench_init(&bench);
		bench_fill(&bench);
		struct hf__outbox_state *state = bench.state;
		struct hf__outbox_item *item = hf__outbox_find(state, hf_str("jobs"), hf_str("held"));
		struct hf__outbox_queue *queue = hf__outbox_queue_find(state, hf_str("jobs"));
		const uint32_t attempts = item->value.attempts;
		assert_int_equal(hf__outbox_domain.verify(state, &text), HF_OK);
		if (fault == 0)
			item->value.attempts++; /* beside the hook */
		else if (fault == 1)
			item->line.weight--;
		else if (fault == 2)
			hf__heap_remove(&queue->held, &item->held);
		else if (fault == 3)
			state->incarnation = 100; /* behind everybody's back */
		else if (fault == 4)
			hf__map_remove(&state->items, &item->node);
		else if (fault == 5)
			queue->value.max_attempts = 0;
		else if (fault == 6)
			hf__order_remove(&queue->ready, hf__order_first(&queue->ready));
		else if (fault == 7)
			item->value.seq = 100;
		else if (fault == 8)
			queue->blocked++;
		else if (fault == 9)
			item->member->group->held--;
		else if (fault == 10)
			item->member->node.weight--;
		else if (fault == 11)
			item->member->group->members++;
		else if (fault == 12)
			hf__heap_remove(&state->fading, hf__heap_first(&state->fading));
		else
			queue->value.dedup_window = -1;
		assert_int_equal(hf__outbox_domain.verify(state, &text), HF_ECORRUPT);
		assert_true(why[0] != '\0');
		if (fault == 4) /* or it would not be freed */
			hf__map_insert(&state->items, &item->node, item->node.hash);
		item->value.attempts = attempts;
		if (fault == 11)
			item->member->group->members--;
		bench_deinit(&bench);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(entries_tell_what_they_do),
	    cmocka_unit_test(entries_tell_what_they_are_about),
	    cmocka_unit_test(damaged_bodies_are_refused_or_mean_what_they_say),
	    cmocka_unit_test(bodies_of_version_1_mean_what_they_meant),
	    cmocka_unit_test(entries_that_do_not_fit_the_state_are_refused),
	    cmocka_unit_test(verify_notices_what_is_wrong),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
