/* The history of one object: what `holdfast why` shows, the newest first.
 *
 * No index leads from an object to its entries, so the log is read backwards in windows of LSNs,
 * each forwards, until there are enough rows or HISTORY_US is over; the next page goes on below.
 * Reading 20,000 entries takes 10 ms. A feed of its own reads, so no lock is held meanwhile. */
#include "print/object.h"
#include "ui/asked.h"
#include "ui/html.h"
#include "ui/ui.h"

#include <inttypes.h>
#include <stdlib.h>

enum { WINDOW = 20000, ROWS = 50, TEXT_MAX = 1024, BATCH = 4096 };
#define HISTORY_US 200000

struct happening {
	hf_lsn lsn;
	hf_time at;
	bool removed;
	char text[TEXT_MAX];
};

struct history {
	const struct object *object;
	struct happening rows[ROWS]; /* the newest of the window that is read, as a ring */
	size_t count; /* that the window had */
	struct happening *found; /* of all windows, the newest first */
	size_t found_count;
	hf_lsn below; /* what is older than this was not looked at; 0: all was */
	bool gone; /* the log does not go back further */
};

/* --- One window ------------------------------------------------------------------------------- */

static void take_event(struct history *history, const struct hf_event *event)
{
	if (strcmp(event->domain, history->object->kind) != 0 ||
	    !hf_event_concerns(event, history->object->part, history->object->parts))
		return;
	struct happening *row = &history->rows[history->count++ % ROWS];
	row->lsn = event->lsn;
	row->at = event->at;
	row->removed = event->removed;
	hf_event_text(event, row->text, sizeof row->text);
}

/* Entries from `from` to `to`. */
static int read_window(const char *directory, struct history *history, hf_lsn from, hf_lsn to,
                       struct hf_error *error)
{
	hf_feed *feed;
	int rc = hf_feed_open_path(directory, from, &feed, error);
	if (rc == HF_EGONE) {
		history->gone = true;
		rc = hf_feed_open_path(directory, 0, &feed, error);
	}
	if (rc != HF_OK)
		return rc;
	bool more = true;
	while (more && rc == HF_OK) {
		struct hf_event_batch batch = {0};
		rc = hf_feed_next(feed, BATCH, 0, &batch, error);
		more = rc == HF_OK && batch.count > 0;
		for (size_t i = 0; more && i < batch.count; i++) {
			more = batch.events[i].lsn <= to;
			if (more)
				take_event(history, &batch.events[i]);
		}
		hf_release(batch.memory);
	}
	hf_feed_close(feed);
	return rc;
}

/* The window's rows behind what was found, the newest first. What has no place begins the next
 * page. */
static void take_rows(struct history *history, hf_lsn from)
{
	const size_t kept = history->count < ROWS ? history->count : ROWS;
	const size_t room = ROWS - history->found_count;
	const size_t taken = kept < room ? kept : room;
	for (size_t i = 0; i < taken; i++)
		history->found[history->found_count++] = history->rows[(history->count - 1 - i) % ROWS];
	history->below = from;
	if (taken < history->count)
		history->below = history->found[history->found_count - 1].lsn;
	history->gone = history->gone && taken == history->count;
	history->count = 0;
}

static int read_back(const char *directory, struct history *history, hf_lsn below,
                     struct hf_error *error)
{
	const int64_t until = cli_monotonic() + HISTORY_US;
	int rc = HF_OK;
	history->below = below;
	while (rc == HF_OK && history->below > 1 && !history->gone && history->found_count < ROWS &&
	       cli_monotonic() < until) {
		const hf_lsn to = history->below - 1, from = to > WINDOW ? to - WINDOW + 1 : 0;
		rc = read_window(directory, history, from, to, error);
		if (rc == HF_OK)
			take_rows(history, from);
	}
	return rc;
}

/* --- The page --------------------------------------------------------------------------------- */

static void add_form(struct buffer *to, const char *of)
{
	html_raw(to, "<h1>History</h1><form action=\"history\" method=\"get\" role=\"search\">"
	             "<label for=\"of\">Object</label>"
	             "<input id=\"of\" name=\"of\" type=\"text\" spellcheck=\"false\" "
	             "autocomplete=\"off\" placeholder=\"outbox/email/job-17\" value=\"");
	html_string(to, of ? of : "");
	html_raw(to, "\"><button type=\"submit\">Show</button></form>");
	if (!of)
		html_empty(to, "KIND/KEY, its parts separated by slashes: outbox/QUEUE/ITEM, "
		               "cursor/CONSUMER/STREAM, inbox/USER/ACCOUNT/THREAD, lock/NAME, "
		               "document/COLLECTION/ID, timeline/NAME/ID. In a part %2F is a slash. With "
		               "parts left out at the end it is about all objects that begin so.");
}

static void add_rows(struct buffer *to, const struct history *history, hf_time now)
{
	html_raw(to, "<div class=\"scroll\"><table class=\"history\"><thead><tr>"
	             "<th scope=\"col\" class=\"number\">LSN</th><th scope=\"col\">Time</th>"
	             "<th scope=\"col\">What</th></tr></thead><tbody>");
	for (size_t i = 0; i < history->found_count; i++) {
		const struct happening *row = &history->found[i];
		buffer_format(to, "<tr><td class=\"number\">%" PRIu64 "</td>", row->lsn);
		html_time_cell(to, row->at, now);
		html_raw(to, "<td class=\"what\">");
		html_string(to, row->text);
		if (row->removed)
			html_raw(to, " <span class=\"status\">gone</span>");
		html_raw(to, "</td></tr>");
	}
	html_raw(to, "</tbody></table></div>");
}

static void add_history(struct buffer *to, const struct history *history, const char *of,
                        hf_time now)
{
	const bool more = history->below > 1 && !history->gone;
	if (history->found_count > 0)
		add_rows(to, history, now);
	else if (more)
		html_empty(to, "Nothing so far.");
	else
		html_empty(to, "No entry of the log that is kept concerns it.");
	if (!more) {
		html_raw(to, "<p class=\"empty\">That is all that the log has.</p>");
		return;
	}
	html_raw(to, "<p class=\"next\"><a href=\"history?of=");
	html_url(to, hf_str(of));
	buffer_format(to,
	              "&amp;below=%" PRIu64 "\" rel=\"next\">Entries before LSN %" PRIu64 "</a></p>",
	              history->below, history->below);
}

static void show_history(struct ui *ui, const char *of, const struct object *object, hf_lsn below,
                         struct answer *answer)
{
	struct history *history = calloc(1, sizeof *history);
	struct hf_error error = {0};
	if (history)
		history->found = calloc(ROWS, sizeof *history->found);
	if (!history || !history->found) {
		free(history);
		refuse(answer, 503, "There is no memory for this page.");
		return;
	}
	history->object = object;
	const int rc = read_back(ui->look.directory, history, below, &error);
	if (rc == HF_OK)
		add_history(&answer->body, history, of, cli_wall());
	else
		refuse_code(answer, rc, error.text);
	free(history->found);
	free(history);
}

void page_history(struct ui *ui, const struct asked *request, struct answer *answer)
{
	const struct hf_bytes given = asked_bytes(request, "of");
	const char *of = asked_text(request, "of");
	struct object object;
	char *memory = NULL;
	answer->title = answer->here = "History";
	add_form(&answer->body, of);
	if (!of)
		return;
	const char *wrong =
	    strlen(of) != given.len ? "has a byte 0" : object_parse(of, &object, &memory);
	if (wrong) {
		html_raw(&answer->body, "<p class=\"notice bad\">This ");
		html_string(&answer->body, wrong);
		html_raw(&answer->body, ".</p>");
		answer->status = 400;
	} else {
		(void)pthread_mutex_lock(&ui->lock);
		const hf_lsn newest = ui->look.state.info.last_lsn;
		(void)pthread_mutex_unlock(&ui->lock);
		const hf_lsn below = asked_u64(request, "below", newest + 1);
		show_history(ui, of, &object, below <= newest ? below : newest + 1, answer);
	}
	free(memory);
}
