/* Queues, the items of one, one item, claims. */
#include "ui/asked.h"
#include "ui/html.h"
#include "ui/links.h"
#include "ui/ui.h"

#include <inttypes.h>

enum { PAYLOAD_SHOWN = 16384 };
#define STUCK_US INT64_C(900000000)

static const char *const statuses[] = {"", "queued", "sending", "failed"};

/* --- Queues ----------------------------------------------------------------------------------- */

void queue_table_begin(struct buffer *to)
{
	html_raw(to, "<div class=\"scroll\"><table><thead><tr><th scope=\"col\">Queue</th>"
	             "<th scope=\"col\" class=\"number\">Ready</th>"
	             "<th scope=\"col\" class=\"number\">Delayed</th>"
	             "<th scope=\"col\" class=\"number\">Blocked</th>"
	             "<th scope=\"col\" class=\"number\">Sending</th>"
	             "<th scope=\"col\" class=\"number\">Failed</th>"
	             "<th scope=\"col\" class=\"number\">Oldest due</th>"
	             "<th scope=\"col\">State</th></tr></thead><tbody>");
}

void queue_table_end(struct buffer *to)
{
	html_raw(to, "</tbody></table></div>");
}

void queue_row(struct buffer *to, const struct look_queue *queue)
{
	const struct hf_outbox_stats *stats = &queue->stats;
	html_raw(to, "<tr><td class=\"name\" title=\"");
	html_text(to, queue->name);
	html_raw(to, "\">");
	link_queue(to, queue->name, 0);
	html_raw(to, "</td>");
	html_count_cell(to, stats->ready, false);
	html_count_cell(to, stats->delayed, false);
	html_count_cell(to, stats->blocked, false);
	html_count_cell(to, stats->sending.items, false);
	html_count_cell(to, stats->failed.items, true);
	html_age_cell(to, stats->oldest_due == HF_UNSET      ? -1
	                  : stats->as_of > stats->oldest_due ? stats->as_of - stats->oldest_due
	                                                     : 0);
	if (stats->paused)
		html_raw(to, "<td><span class=\"pill warn\">paused</span></td></tr>");
	else
		html_raw(to, "<td class=\"none\">open</td></tr>");
}

void page_queues(struct ui *ui, const struct asked *request, struct answer *answer)
{
	const struct hf_names_args args = {.limit = UI_PAGE_ROWS, .page = asked_text(request, "page")};
	struct hf_name_page page = {0};
	struct hf_error error = {0};
	int rc = hf_outbox_names(ui->look.store, &args, 0, &page, &error);
	if (rc != HF_OK) {
		refuse_code(answer, rc, error.text);
		return;
	}
	answer->title = answer->here = "Queues";
	html_raw(&answer->body, "<h1>Queues</h1>");
	if (page.count == 0)
		html_empty(&answer->body, "No queue holds anything.");
	else
		queue_table_begin(&answer->body);
	for (size_t i = 0; i < page.count && rc == HF_OK; i++) {
		struct look_queue queue = {.name = page.items[i]};
		rc = hf_outbox_get_stats(ui->look.store, queue.name, 0, &queue.stats, &error);
		if (rc == HF_OK)
			queue_row(&answer->body, &queue);
	}
	if (page.count > 0)
		queue_table_end(&answer->body);
	link_next(&answer->body, "queues?", page.next);
	hf_release(page.memory);
	if (rc != HF_OK)
		refuse_code(answer, rc, error.text);
}

/* --- One queue -------------------------------------------------------------------------------- */

static void add_tabs(struct buffer *to, struct hf_bytes queue, unsigned chosen,
                     const struct hf_outbox_stats *stats)
{
	static const char *const names[] = {"All", "Queued", "Sending", "Failed"};
	const uint64_t counts[] = {stats->queued.items + stats->sending.items + stats->failed.items,
	                           stats->queued.items, stats->sending.items, stats->failed.items};
	html_raw(to, "<p class=\"tabs\">");
	for (unsigned i = 0; i < 4; i++) {
		char text[FIGURE_SIZE];
		figure_count(counts[i], text);
		html_raw(to, "<a href=\"queue?queue=");
		html_url(to, queue);
		buffer_format(to, "&amp;status=%u\"%s>%s <span>%s</span></a>", i,
		              i == chosen ? " aria-current=\"true\"" : "", names[i], text);
	}
	html_raw(to, "</p>");
}

static void item_row(struct buffer *to, const struct hf_outbox_item *item, hf_time now)
{
	html_raw(to, "<tr><td class=\"name\" title=\"");
	html_text(to, item->id);
	html_raw(to, "\">");
	link_item(to, item->queue, item->id);
	buffer_format(to, "</td><td><span class=\"status %s\">%s</span></td>", statuses[item->status],
	              statuses[item->status]);
	html_count_cell(to, item->attempts, false);
	html_count_cell(to, item->lost, true);
	buffer_format(to, "<td class=\"number\">%" PRId32 "</td>", item->priority);
	html_time_cell(to, item->enqueued_at, now);
	html_time_cell(to, item->available_at, now);
	html_raw(to, "<td class=\"name wide\" title=\"");
	html_text(to, item->last_error);
	html_raw(to, "\">");
	html_text(to, hf_bytes_of(item->last_error.data,
	                          item->last_error.len < 200 ? item->last_error.len : 200));
	html_raw(to, "</td></tr>");
}

static void add_items(struct buffer *to, const struct hf_outbox_items *items, hf_time now)
{
	if (items->count == 0) {
		html_empty(to, "No item of this kind.");
		return;
	}
	html_raw(to, "<div class=\"scroll\"><table><thead><tr><th scope=\"col\">Item</th>"
	             "<th scope=\"col\">Status</th><th scope=\"col\" class=\"number\">Attempts</th>"
	             "<th scope=\"col\" class=\"number\">Lost</th>"
	             "<th scope=\"col\" class=\"number\">Priority</th>"
	             "<th scope=\"col\">Enqueued</th><th scope=\"col\">Available</th>"
	             "<th scope=\"col\">Last error</th></tr></thead><tbody>");
	for (size_t i = 0; i < items->count; i++)
		item_row(to, &items->items[i], now);
	html_raw(to, "</tbody></table></div>");
}

void page_queue(struct ui *ui, const struct asked *request, struct answer *answer)
{
	const uint64_t status = asked_u64(request, "status", 0);
	struct hf_outbox_list_args args = {.queue = asked_bytes(request, "queue"),
	                                   .status = (enum hf_outbox_status)(status & 3),
	                                   .without_payload = true,
	                                   .limit = UI_PAGE_ROWS,
	                                   .page = asked_text(request, "page")};
	struct hf_outbox_items items = {0};
	struct hf_outbox_stats stats = {0};
	struct hf_error error = {0};
	int rc = hf_outbox_get_stats(ui->look.store, args.queue, 0, &stats, &error);
	if (rc == HF_OK)
		rc = hf_outbox_list(ui->look.store, &args, 0, &items, &error);
	if (rc != HF_OK) {
		refuse_code(answer, rc, error.text);
		return;
	}
	answer->title = "Queue";
	answer->here = "Queues";
	html_raw(&answer->body, "<p class=\"path\"><a href=\"queues\">Queues</a></p><h1>");
	html_text(&answer->body, args.queue);
	if (stats.paused)
		html_raw(&answer->body, " <span class=\"pill warn\">paused</span>");
	html_raw(&answer->body, "</h1>");
	add_tabs(&answer->body, args.queue, (unsigned)args.status, &stats);
	add_items(&answer->body, &items, ui->look.state.clock);
	link_next_of_queue(&answer->body, args.queue, (unsigned)args.status, items.next);
	hf_release(items.memory);
}

/* --- One item --------------------------------------------------------------------------------- */

static void add_payload(const struct ui *ui, struct buffer *to, struct hf_bytes payload)
{
	char text[FIGURE_SIZE];
	figure_count(payload.len, text);
	buffer_format(to, "<section><h2>Payload, %s bytes</h2>", text);
	if (!ui->payloads) {
		html_empty(to, "Payloads are not shown. 'holdfast ui --payloads' shows them.");
	} else {
		const size_t len = payload.len < PAYLOAD_SHOWN ? payload.len : PAYLOAD_SHOWN;
		html_raw(to, "<pre class=\"payload\">");
		html_text(to, hf_bytes_of(payload.data, len));
		html_raw(to, "</pre>");
		if (len < payload.len)
			html_empty(to, "The first 16,384 bytes.");
	}
	html_raw(to, "</section>");
}

static void add_members(struct buffer *to, const struct hf_outbox_item *item, hf_time now)
{
	html_raw(to, "<dl class=\"members\">");
	html_member_text(to, "Status", hf_str(statuses[item->status]));
	html_member(to, "Attempts");
	buffer_format(to, "%" PRIu32 ", lost %" PRIu32, item->attempts, item->lost);
	html_member_end(to);
	html_member(to, "Priority");
	buffer_format(to, "%" PRId32, item->priority);
	html_member_end(to);
	html_member_text(to, "Group", item->group);
	html_member(to, "Enqueued");
	html_time(to, item->enqueued_at, now);
	html_member_end(to);
	html_member(to, "Available");
	html_time(to, item->available_at, now);
	html_member_end(to);
	html_member_text(to, "Owner", item->owner);
	if (item->token > 0) {
		html_member(to, "Lease until");
		html_time(to, item->lease_until, now);
		html_member_end(to);
	}
	html_member_text(to, "Last error", item->last_error);
	html_member(to, "Version");
	buffer_format(to, "%" PRIu64, item->version);
	html_member_end(to);
	html_raw(to, "</dl>");
}

void page_item(struct ui *ui, const struct asked *request, struct answer *answer)
{
	const struct hf_outbox_key key = {asked_bytes(request, "queue"), asked_bytes(request, "id")};
	struct hf_outbox_got got = {0};
	struct hf_error error = {0};
	const int rc = hf_outbox_get(ui->look.store, &key, 0, &got, &error);
	if (rc != HF_OK) {
		refuse_code(answer, rc, error.text);
		return;
	}
	struct buffer *to = &answer->body;
	const struct hf_bytes parts[] = {key.queue, key.id};
	answer->title = "Item";
	answer->here = "Queues";
	html_raw(to, "<p class=\"path\"><a href=\"queues\">Queues</a> / ");
	link_queue(to, key.queue, 0);
	html_raw(to, "</p><h1>");
	html_text(to, key.id);
	html_raw(to, "</h1>");
	add_members(to, &got.item, ui->look.state.clock);
	html_raw(to, "<p>");
	link_history(to, "outbox", parts, 2, "History of this item");
	html_raw(to, "</p>");
	add_payload(ui, to, got.item.payload);
	hf_release(got.memory);
}

/* --- Claims ----------------------------------------------------------------------------------- */

void list_claims(struct ui *ui, struct answer *answer, size_t most)
{
	const struct look_state *state = &ui->look.state;
	struct buffer *to = &answer->body;
	if (state->claim_count == 0) {
		html_empty(to, "No item is claimed.");
		return;
	}
	html_raw(to, "<div class=\"scroll\"><table><thead><tr><th scope=\"col\">Queue</th>"
	             "<th scope=\"col\">Item</th><th scope=\"col\">Owner</th>"
	             "<th scope=\"col\" class=\"number\">Held</th>"
	             "<th scope=\"col\" class=\"number\">Lease left</th>"
	             "<th scope=\"col\">State</th></tr></thead><tbody>");
	for (size_t i = 0; i < state->claim_count && i < most; i++) {
		const struct look_claim *claim = &state->claims[i];
		html_raw(to, "<tr><td class=\"name\">");
		link_queue(to, claim->queue, 2);
		html_raw(to, "</td><td class=\"name\">");
		link_item(to, claim->queue, claim->id);
		html_raw(to, "</td>");
		html_name_cell(to, claim->owner);
		if (claim->dated == LOOK_BEFORE_LOG)
			html_raw(to, "<td class=\"number\">before log</td>");
		else
			html_age_cell(to, look_held(state, claim));
		html_age_cell(to, claim->lease_until == HF_UNSET      ? -1
		                  : claim->lease_until > state->clock ? claim->lease_until - state->clock
		                                                      : 0);
		if (look_stuck(state, claim, STUCK_US))
			html_raw(to, "<td><span class=\"pill bad\">stuck</span></td></tr>");
		else
			html_raw(to, "<td class=\"none\">at work</td></tr>");
	}
	html_raw(to, "</tbody></table></div>");
}

void page_claims(struct ui *ui, const struct asked *request, struct answer *answer)
{
	const struct look_state *state = &ui->look.state;
	(void)request;
	answer->title = answer->here = "Claims";
	html_raw(&answer->body,
	         "<h1>Claims</h1><p class=\"lead\">Items that a worker holds, the longest "
	         "held first. Stuck: held for 15 minutes or more.</p>");
	list_claims(ui, answer, LOOK_CLAIMS_MAX);
	if (state->more_claims)
		html_empty(&answer->body, "There are more claims than are looked at here; each queue lists "
		                          "its own.");
}
