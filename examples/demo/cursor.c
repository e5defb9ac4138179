/* The cursor: forward by deliveries, back only with a reason. */
#include "demo.h"
#include "report.h"

#include <string.h>

#define REASON "replay after an outage"

enum { REACHED = 42, RESET_TO = 40 };

static const struct hf_cursor_key *cursor_key(void)
{
	static const struct hf_cursor_key key = {{"mailer", 6}, {"events", 6}, {NULL, 0}};

	return &key;
}

void cursor_use(struct demo *demo)
{
	hf_store *store = store_open();
	struct hf_cursor_advance_args advance = {
	    .key = *cursor_key(), .sequence = REACHED, .delivery_id = hf_str("d-42")};
	struct hf_cursor_reset_args reset = {
	    .key = *cursor_key(), .sequence = RESET_TO, .delivered_at = HF_UNSET};
	struct hf_error error;

	(void)demo;
	must(hf_cursor_advance(store, NULL, &advance, NULL, &error), &error, "advance");
	advance.sequence = REACHED - 1;
	must_be(hf_cursor_advance(store, NULL, &advance, NULL, &error) == HF_ENONMONOTONIC,
	        "a cursor does not go back by itself");
	must_be(hf_cursor_reset(store, NULL, &reset, NULL, &error) == HF_EREASON,
	        "no reset without a reason");
	reset.reason = hf_str(REASON);
	must(hf_cursor_reset(store, NULL, &reset, NULL, &error), &error, "reset");
	cursor_check(store);
	store_close(store);
	report_line("cursor",
	            "mailer on events: advanced to %d, %d refused, reset to %d because of \"%s\"",
	            REACHED, REACHED - 1, RESET_TO, REASON);
}

void cursor_check(hf_store *store)
{
	struct hf_cursor_got got = {0};
	struct hf_error error;

	must(hf_cursor_get(store, cursor_key(), 0, &got, &error), &error, "get");
	must_be(got.cursor.last_sequence == RESET_TO &&
	            same_bytes(got.cursor.reset_reason, hf_str(REASON)),
	        "the cursor stands where it was reset to, with the reason");
	hf_release(got.memory);
}
