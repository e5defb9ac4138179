/* See outbox_cells.h. */
#include "lib/domains/outbox_cells.h"
#include "lib/test.h"

/* --- An item as text: "status attempts times payload error token owner@lease" ----------------- */

static char time_letter(hf_time time)
{
	static const struct {
		hf_time time;
		char letter;
	} known[] = {{ARRANGED, 'A'},
	             {NOW, 'N'},
	             {DELAYED, 'D'},
	             {NOW + PAUSE, 'R'},
	             {LOGGED + LEASE_LONG, 'L'},
	             {NOW + LEASE_NEW, 'M'},
	             {HF_UNSET, '-'}};
	/* What the store fills in is later from operation to operation. */
	if (time > NOW && time < NOW + PAUSE / 10)
		return 'N';
	for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
		if (known[i].time == time)
			return known[i].letter;
	return '?';
}

static int add_rest(const struct hf_outbox_item *item, char *out, size_t size)
{
	int len = 0;
	if (item->rerun)
		len =
		    snprintf(out, size, " +%.*s %c%c", (int)item->rerun->payload.len,
		             (const char *)item->rerun->payload.data, time_letter(item->rerun->enqueued_at),
		             time_letter(item->rerun->available_at));
	if (item->group.len > 0)
		len += snprintf(out + len, size - (size_t)len, " /%.*s", (int)item->group.len,
		                (const char *)item->group.data);
	return len;
}

void cell_render(const struct cell *cell, const struct hf_outbox_item *item, char out[TEXT_MAX])
{
	static const char *const names[] = {"?", "queued", "sending", "failed"};
	static const char lost[] =
	    "lost 1 times: the worker died or let the lease pass, without an answer";
	const bool is_lost = hf__bytes_equal(item->last_error, hf_str(lost));
	const struct hf_bytes error = is_lost ? hf_str("LOST") : item->last_error;
	const int error_len = (int)error.len;
	int len = snprintf(out, TEXT_MAX, "%s %u %c%c %.*s %.*s", names[item->status], item->attempts,
	                   time_letter(item->enqueued_at), time_letter(item->available_at),
	                   (int)item->payload.len, (const char *)item->payload.data,
	                   error_len ? error_len : 1, error_len ? (const char *)error.data : "-");
	if (item->status != HF_OUTBOX_SENDING) {
		assert_true(item->token == 0 && item->owner.len == 0 && item->lease_until == HF_UNSET);
		(void)add_rest(item, out + len, TEXT_MAX - (size_t)len);
		return;
	}
	const char token = item->token == cell->ours ? 't' : item->token == cell->held ? 'o' : 'n';
	len += snprintf(out + len, TEXT_MAX - (size_t)len, " %c %.*s@%c", token, (int)item->owner.len,
	                (const char *)item->owner.data, time_letter(item->lease_until));
	(void)add_rest(item, out + len, TEXT_MAX - (size_t)len);
}

/* The item as text, "" for none, and its version. */
hf_lsn cell_look(hf_store *store, const struct cell *cell, char out[TEXT_MAX])
{
	struct hf_outbox_got got = {0};
	struct hf_error error = {0};
	const struct hf_outbox_key key = {hf_str(cell->queue), hf_str("id")};
	const int rc = hf_outbox_get(store, &key, 0, &got, &error);
	out[0] = '\0';
	if (rc == HF_ENOTFOUND)
		return 0;
	if (rc != HF_OK)
		fail_msg("get: %s", error.text);
	assert_true(got.item.version != 0);
	const hf_lsn version = got.item.version;
	cell_render(cell, &got.item, out);
	hf_release(got.memory);
	return version;
}

/* --- Arranging -------------------------------------------------------------------------------- */

static void expect_ok(int rc, const struct hf_error *error)
{
	if (rc != HF_OK)
		fail_msg("arranging: %s", error->text);
}

static hf_token arrange_claim(hf_store *store, const struct cell *cell, const char *id,
                              int64_t lease)
{
	struct hf_error error = {0};
	struct hf_result result = {0};
	const struct hf_outbox_claim_args args = {
	    .queue = hf_str(cell->queue), .id = hf_str(id), .owner = hf_str("w1"), .lease_us = lease};
	expect_ok(hf_outbox_claim(store, NULL, &args, NULL, &result, &error), &error);
	return result.token;
}

static void arrange_item(hf_store *store, const struct cell *cell, const char *id,
                         const char *payload, const char *group, hf_time available_at,
                         enum hf_outbox_dedup dedup)
{
	struct hf_error error = {0};
	const struct hf_outbox_enqueue_args item = {.queue = hf_str(cell->queue),
	                                            .id = hf_str(id),
	                                            .payload = hf_str(payload),
	                                            .enqueued_at = ARRANGED,
	                                            .available_at = available_at,
	                                            .group = hf_str(group),
	                                            .dedup = dedup};
	expect_ok(hf_outbox_enqueue(store, NULL, &item, NULL, &error), &error);
}

static void arrange_release(hf_store *store, const struct cell *cell)
{
	struct hf_error error = {0};
	const struct hf_outbox_release_args give_back = {
	    .queue = hf_str(cell->queue), .id = hf_str("id"), .token = cell->ours};
	expect_ok(hf_outbox_release(store, NULL, &give_back, NULL, &error), &error);
}

/* States of a queue or of others that the item's own state goes with. */
static void arrange_around(hf_store *store, struct cell *cell, enum state state)
{
	struct hf_error error = {0};
	if (state == BLOCKED || state == BEHIND)
		arrange_item(store, cell, "first", "f", "g", ARRANGED, HF_OUTBOX_KEEP);
	if (state == BLOCKED)
		(void)arrange_claim(store, cell, "first", LEASE_LONG);
	const struct hf_outbox_configure_args window = {
	    .queue = hf_str(cell->queue),
	    .dedup_window_us = state == COMPLETED ? LEASE_LONG : LEASE_SHORT};
	if (state == COMPLETED || state == COMPLETED_OVER)
		expect_ok(hf_outbox_configure(store, NULL, &window, NULL, &error), &error);
	const struct hf_outbox_configure_args once = {.queue = hf_str(cell->queue), .max_lost = 1};
	if (state == LOST || state == LOST_ENDED)
		expect_ok(hf_outbox_configure(store, NULL, &once, NULL, &error), &error);
	if (state == PAUSED)
		expect_ok(hf_outbox_pause(store, NULL,
		                          &(struct hf_outbox_pause_args){.queue = hf_str(cell->queue)},
		                          NULL, &error),
		          &error);
}

static void arrange_claimed(hf_store *store, struct cell *cell, enum state state)
{
	struct hf_error error = {0};
	const bool is_short = state == OVER || state == ENDED || state == LOST || state == LOST_ENDED,
	           unleased = state == UNLEASED;
	cell->ours = arrange_claim(store, cell, "id",
	                           unleased   ? 0
	                           : is_short ? LEASE_SHORT
	                                      : LEASE_LONG);
	if (!is_short)
		cell->held = cell->ours;
	if (state == OTHER) {
		arrange_release(store, cell);
		cell->held = arrange_claim(store, cell, "id", LEASE_LONG);
		assert_true(cell->held > cell->ours);
	}
	if (state == NOTED || state == NOTED_QUEUED)
		arrange_item(store, cell, "id", "r", "", ARRANGED, HF_OUTBOX_RERUN);
	if (state == NOTED_QUEUED)
		arrange_release(store, cell);
	const struct hf_outbox_complete_args done = {
	    .queue = hf_str(cell->queue), .id = hf_str("id"), .token = cell->ours};
	if (state == COMPLETED || state == COMPLETED_OVER)
		expect_ok(hf_outbox_complete(store, NULL, &done, NULL, &error), &error);
}

void cell_arrange(hf_store *store, struct cell *cell, enum state state)
{
	static const bool claimed[STATES] = {
	    [MINE] = true,           [OTHER] = true, [OVER] = true,         [ENDED] = true,
	    [UNLEASED] = true,       [NOTED] = true, [NOTED_QUEUED] = true, [COMPLETED] = true,
	    [COMPLETED_OVER] = true, [LOST] = true,  [LOST_ENDED] = true};
	struct hf_error error = {0};
	const bool later = state == LATER || state == FAILED_LATER;
	arrange_around(store, cell, state);
	arrange_item(store, cell, state == ABSENT ? "another" : "id", "p",
	             state == BLOCKED || state == BEHIND ? "g" : "", later ? DELAYED : ARRANGED,
	             HF_OUTBOX_KEEP);
	if (claimed[state])
		arrange_claimed(store, cell, state);
	if (state == FAILED || state == FAILED_LATER) {
		const struct hf_outbox_mark_failed_args give_up = {
		    .queue = hf_str(cell->queue), .id = hf_str("id"), .reason = hf_str("boom")};
		expect_ok(hf_outbox_mark_failed(store, NULL, &give_up, NULL, &error), &error);
	}
}
