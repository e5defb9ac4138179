/* Cursors, inboxes, the records of one, locks. */
#include "ui/asked.h"
#include "ui/html.h"
#include "ui/links.h"
#include "ui/ui.h"

#include <inttypes.h>

/* --- Cursors ---------------------------------------------------------------------------------- */

static void cursor_row(struct buffer *to, const struct hf_cursor *cursor, hf_time now)
{
	const struct hf_bytes parts[] = {cursor->key.consumer, cursor->key.stream, cursor->key.subject};
	html_raw(to, "<tr>");
	html_name_cell(to, cursor->key.stream);
	html_name_cell(to, cursor->key.subject);
	html_name_cell(to, cursor->key.consumer);
	buffer_format(to, "<td class=\"number\">%" PRId64 "</td>", cursor->last_sequence);
	html_time_cell(to, cursor->last_delivered_at, now);
	html_count_cell(to, cursor->error_count, true);
	html_name_cell(to, hf_bytes_of(cursor->last_error.data,
	                               cursor->last_error.len < 200 ? cursor->last_error.len : 200));
	html_raw(to, "<td>");
	link_history(to, "cursor", parts, cursor->key.subject.len > 0 ? 3 : 2, "History");
	html_raw(to, "</td></tr>");
}

void page_cursors(struct ui *ui, const struct asked *request, struct answer *answer)
{
	const struct hf_cursor_list_args args = {.limit = UI_PAGE_ROWS,
	                                         .page = asked_text(request, "page")};
	struct hf_cursor_page page = {0};
	struct hf_error error = {0};
	struct buffer *to = &answer->body;
	const int rc = hf_cursor_list(ui->look.store, &args, 0, &page, &error);
	if (rc != HF_OK) {
		refuse_code(answer, rc, error.text);
		return;
	}
	answer->title = answer->here = "Cursors";
	html_raw(to, "<h1>Cursors</h1>");
	if (page.count == 0) {
		html_empty(to, "No consumer has confirmed anything.");
		return;
	}
	html_raw(to, "<div class=\"scroll\"><table><thead><tr><th scope=\"col\">Stream</th>"
	             "<th scope=\"col\">Subject</th><th scope=\"col\">Consumer</th>"
	             "<th scope=\"col\" class=\"number\">Position</th>"
	             "<th scope=\"col\">Delivered</th>"
	             "<th scope=\"col\" class=\"number\">Errors</th>"
	             "<th scope=\"col\">Last error</th><th scope=\"col\"></th></tr></thead><tbody>");
	for (size_t i = 0; i < page.count; i++)
		cursor_row(to, &page.items[i], ui->look.state.clock);
	html_raw(to, "</tbody></table></div>");
	link_next(to, "cursors?", page.next);
	hf_release(page.memory);
}

/* --- Inboxes ---------------------------------------------------------------------------------- */

static int inbox_row(struct ui *ui, struct buffer *to, struct hf_bytes user, struct hf_error *error)
{
	struct hf_inbox_counts counts = {0};
	const int rc = hf_inbox_count(ui->look.store, user, 0, &counts, error);
	if (rc != HF_OK)
		return rc;
	html_raw(to, "<tr><td class=\"name\" title=\"");
	html_text(to, user);
	html_raw(to, "\">");
	link_inbox(to, user);
	html_raw(to, "</td>");
	html_count_cell(to, counts.total, false);
	html_count_cell(to, counts.unread, false);
	html_count_cell(to, counts.unseen, false);
	html_count_cell(to, counts.dismissed, false);
	html_raw(to, "</tr>");
	return HF_OK;
}

void page_inboxes(struct ui *ui, const struct asked *request, struct answer *answer)
{
	const struct hf_names_args args = {.limit = UI_PAGE_ROWS, .page = asked_text(request, "page")};
	struct hf_name_page page = {0};
	struct hf_error error = {0};
	struct buffer *to = &answer->body;
	int rc = hf_inbox_names(ui->look.store, &args, 0, &page, &error);
	if (rc != HF_OK) {
		refuse_code(answer, rc, error.text);
		return;
	}
	answer->title = answer->here = "Inboxes";
	html_raw(to, "<h1>Inboxes</h1>");
	if (page.count == 0) {
		html_empty(to, "No inbox holds anything.");
		return;
	}
	html_raw(to, "<div class=\"scroll\"><table><thead><tr><th scope=\"col\">User</th>"
	             "<th scope=\"col\" class=\"number\">Records</th>"
	             "<th scope=\"col\" class=\"number\">Unread</th>"
	             "<th scope=\"col\" class=\"number\">Unseen</th>"
	             "<th scope=\"col\" class=\"number\">Dismissed</th></tr></thead><tbody>");
	for (size_t i = 0; i < page.count && rc == HF_OK; i++)
		rc = inbox_row(ui, to, page.items[i], &error);
	html_raw(to, "</tbody></table></div>");
	link_next(to, "inboxes?", page.next);
	hf_release(page.memory);
	if (rc != HF_OK)
		refuse_code(answer, rc, error.text);
}

static void record_row(const struct ui *ui, struct buffer *to, struct hf_bytes user,
                       const struct hf_inbox_record *record)
{
	const hf_time now = ui->look.state.clock;
	const struct hf_bytes parts[] = {user, record->key.account, record->key.thread};
	html_raw(to, "<tr>");
	html_name_cell(to, record->key.account);
	html_name_cell(to, record->key.thread);
	html_raw(to, "<td>");
	if (record->dismissed)
		html_raw(to, "<span class=\"status\">dismissed</span> ");
	if (record->unread)
		html_raw(to, "<span class=\"status queued\">unread</span> ");
	if (record->snoozed_until != HF_UNSET && record->snoozed_until > now)
		html_raw(to, "<span class=\"status\">snoozed</span>");
	buffer_format(to, "</td><td class=\"number\">%g</td>", record->score);
	html_time_cell(to, record->updated_at, now);
	if (ui->payloads)
		html_name_cell(to, hf_bytes_of(record->payload.data,
		                               record->payload.len < 200 ? record->payload.len : 200));
	html_raw(to, "<td>");
	link_history(to, "inbox", parts, 3, "History");
	html_raw(to, "</td></tr>");
}

/* A load reads payloads, so a page of records is a short one. */
enum { RECORDS_SHOWN = 20 };

void page_inbox(struct ui *ui, const struct asked *request, struct answer *answer)
{
	const struct hf_inbox_load_args args = {.user = asked_bytes(request, "user"),
	                                        .limit = RECORDS_SHOWN,
	                                        .page = asked_text(request, "page")};
	struct hf_inbox_page page = {0};
	struct hf_error error = {0};
	struct buffer *to = &answer->body;
	const int rc = hf_inbox_load(ui->look.store, &args, 0, &page, &error);
	if (rc != HF_OK) {
		refuse_code(answer, rc, error.text);
		return;
	}
	answer->title = "Inbox";
	answer->here = "Inboxes";
	html_raw(to, "<p class=\"path\"><a href=\"inboxes\">Inboxes</a></p><h1>");
	html_text(to, args.user);
	html_raw(to, "</h1>");
	if (page.count == 0) {
		html_empty(to, "No record here.");
		hf_release(page.memory);
		return;
	}
	html_raw(to, "<div class=\"scroll\"><table><thead><tr><th scope=\"col\">Account</th>"
	             "<th scope=\"col\">Thread</th><th scope=\"col\">Marks</th>"
	             "<th scope=\"col\" class=\"number\">Score</th><th scope=\"col\">Updated</th>");
	if (ui->payloads)
		html_raw(to, "<th scope=\"col\">Payload</th>");
	html_raw(to, "<th scope=\"col\"></th></tr></thead><tbody>");
	for (size_t i = 0; i < page.count; i++)
		record_row(ui, to, args.user, &page.items[i]);
	html_raw(to, "</tbody></table></div>");
	link_next_of_inbox(to, args.user, page.next);
	hf_release(page.memory);
}

/* --- Locks ------------------------------------------------------------------------------------ */

static void lock_row(struct buffer *to, const struct hf_lock *lock, hf_time now)
{
	html_raw(to, "<tr>");
	html_name_cell(to, lock->name);
	html_name_cell(to, lock->owner);
	html_time_cell(to, lock->acquired_at, now);
	html_age_cell(to, now > lock->acquired_at ? now - lock->acquired_at : 0);
	html_age_cell(to, lock->lease_until == HF_UNSET ? -1
	                  : lock->lease_until > now     ? lock->lease_until - now
	                                                : 0);
	html_raw(to, "<td>");
	link_history(to, "lock", &lock->name, 1, "History");
	html_raw(to, "</td></tr>");
}

void page_locks(struct ui *ui, const struct asked *request, struct answer *answer)
{
	const struct hf_lock_list_args args = {.limit = UI_PAGE_ROWS,
	                                       .page = asked_text(request, "page")};
	struct hf_lock_page page = {0};
	struct hf_error error = {0};
	struct buffer *to = &answer->body;
	const int rc = hf_lock_list(ui->look.store, &args, 0, &page, &error);
	if (rc != HF_OK) {
		refuse_code(answer, rc, error.text);
		return;
	}
	answer->title = answer->here = "Locks";
	html_raw(to, "<h1>Locks</h1>");
	if (page.count == 0) {
		html_empty(to, "No lock is held.");
		return;
	}
	html_raw(to, "<div class=\"scroll\"><table><thead><tr><th scope=\"col\">Lock</th>"
	             "<th scope=\"col\">Owner</th><th scope=\"col\">Acquired</th>"
	             "<th scope=\"col\" class=\"number\">Held</th>"
	             "<th scope=\"col\" class=\"number\">Lease left</th><th scope=\"col\"></th></tr>"
	             "</thead><tbody>");
	for (size_t i = 0; i < page.count; i++)
		lock_row(to, &page.items[i], ui->look.state.clock);
	html_raw(to, "</tbody></table></div>");
	link_next(to, "locks?", page.next);
	hf_release(page.memory);
}
