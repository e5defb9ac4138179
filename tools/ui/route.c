/* Which page is where; the frame that all have; refusals. */
#include "ui/asked.h"
#include "ui/html.h"
#include "ui/ui.h"

static const struct {
	const char *path;
	page_fn *page;
	bool unlocked; /* it does not use the look */
} pages[] = {
    {"", page_overview, false},       {"queues", page_queues, false},
    {"queue", page_queue, false},     {"item", page_item, false},
    {"claims", page_claims, false},   {"cursors", page_cursors, false},
    {"inboxes", page_inboxes, false}, {"inbox", page_inbox, false},
    {"locks", page_locks, false},     {"history", page_history, true},
    {"healthz", page_health, false},  {"metrics", page_metrics, false},
};

static void give_asset(const struct asset *asset, struct answer *answer)
{
	answer->type = asset->type;
	buffer_add(&answer->body, asset->begin, (size_t)(asset->end - asset->begin));
}

void route(struct ui *ui, const char *path, const struct asked *request, struct answer *answer)
{
	const struct asset *asset = asset_find(path);
	if (asset && asset->type) {
		give_asset(asset, answer);
		return;
	}
	for (size_t i = 0; i < sizeof pages / sizeof *pages; i++) {
		if (strcmp(pages[i].path, path) != 0)
			continue;
		if (!pages[i].unlocked)
			(void)pthread_mutex_lock(&ui->lock);
		pages[i].page(ui, request, answer);
		if (!pages[i].unlocked)
			(void)pthread_mutex_unlock(&ui->lock);
		return;
	}
	refuse(answer, 404, "There is no such page.");
}

/* --- Refusals --------------------------------------------------------------------------------- */

static const char *name_of(unsigned status)
{
	switch (status) {
	case 400:
		return "Bad request";
	case 403:
		return "Forbidden";
	case 404:
		return "Not found";
	case 405:
		return "Method not allowed";
	case 414:
		return "Address too long";
	default:
		return "Not available";
	}
}

/* Without the frame: who is not let in learns nothing of the store. */
void refuse(struct answer *answer, unsigned status, const char *why)
{
	buffer_clear(&answer->body);
	answer->status = status;
	answer->title = NULL;
	answer->type = "text/html; charset=utf-8";
	html_raw(&answer->body, "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>");
	html_string(&answer->body, name_of(status));
	buffer_format(&answer->body, "</title><h1>%u ", status);
	html_string(&answer->body, name_of(status));
	html_raw(&answer->body, "</h1><p>");
	html_string(&answer->body, why);
	html_raw(&answer->body, "</p>\n");
}

void refuse_code(struct answer *answer, int code, const char *why)
{
	const unsigned status = code == HF_ENOTFOUND || code == HF_EGONE  ? 404
	                        : code == HF_EINVAL || code == HF_ETOOBIG ? 400
	                                                                  : 503;
	refuse(answer, status, why);
}

/* --- The frame -------------------------------------------------------------------------------- */

static void add_nav(struct buffer *to, const char *here)
{
	static const char *const entries[][2] = {
	    {"./", "Overview"},     {"queues", "Queues"}, {"claims", "Claims"},  {"cursors", "Cursors"},
	    {"inboxes", "Inboxes"}, {"locks", "Locks"},   {"history", "History"}};
	for (size_t i = 0; i < sizeof entries / sizeof *entries; i++)
		buffer_format(to, "<a href=\"%s\"%s>%s</a>", entries[i][0],
		              here && strcmp(here, entries[i][1]) == 0 ? " aria-current=\"page\"" : "",
		              entries[i][1]);
}

static void add_status(struct buffer *to, const struct ui *ui)
{
	const struct look *look = &ui->look;
	if (look->code != HF_OK)
		html_raw(to, "<span class=\"pill bad\">not readable</span>");
	else if (look->state.info.fault)
		html_raw(to, "<span class=\"pill bad\">failed</span>");
	else if (look->state.info.writer)
		html_raw(to, "<span class=\"pill good\">writer at work</span>");
	else
		html_raw(to, "<span class=\"pill\">no writer</span>");
}

/* What went wrong, or happened in the last minute. */
static void add_notice(struct buffer *to, const struct ui *ui)
{
	const struct look *look = &ui->look;
	if (look->code != HF_OK) {
		html_raw(to, "<p class=\"notice bad\" role=\"alert\"><strong>");
		html_string(to, hf_code_name(look->code));
		html_raw(to, "</strong> ");
		html_string(to, look->text);
		html_raw(to, ". What is shown is how the store was before. Since ");
		html_time(to, look->failing_since, cli_wall());
		html_raw(to, "</p>");
	} else if (look->noted_at != HF_UNSET && cli_wall() - look->noted_at < 60000000) {
		html_raw(to, "<p class=\"notice\">");
		html_time(to, look->noted_at, cli_wall());
		html_raw(to, ": ");
		html_string(to, look->note);
		html_raw(to, "</p>");
	}
}

static void fill(struct buffer *to, const struct ui *ui, const struct answer *answer,
                 const char *name, size_t len)
{
	const struct hf_bytes directory = hf_str(ui->look.directory);
	if (len == 5 && memcmp(name, "title", len) == 0)
		html_string(to, answer->title);
	else if (len == 3 && memcmp(name, "nav", len) == 0)
		add_nav(to, answer->here);
	else if (len == 6 && memcmp(name, "status", len) == 0)
		add_status(to, ui);
	else if (len == 6 && memcmp(name, "notice", len) == 0)
		add_notice(to, ui);
	else if (len == 5 && memcmp(name, "store", len) == 0)
		html_text(to, directory);
	else if (len == 4 && memcmp(name, "main", len) == 0)
		buffer_add(to, answer->body.data, answer->body.len);
}

/* frame.html, with what is asked for in the places of {{title}}, {{main}} and so on. */
void frame(struct ui *ui, struct answer *answer)
{
	const struct asset *asset = asset_find("frame.html");
	struct buffer page = {0};
	const char *at = asset->begin;
	(void)pthread_mutex_lock(&ui->lock);
	while (at < asset->end) {
		const char *open = memmem(at, (size_t)(asset->end - at), "{{", 2);
		const char *close = open ? memmem(open, (size_t)(asset->end - open), "}}", 2) : NULL;
		if (!close)
			break;
		buffer_add(&page, at, (size_t)(open - at));
		fill(&page, ui, answer, open + 2, (size_t)(close - open - 2));
		at = close + 2;
	}
	(void)pthread_mutex_unlock(&ui->lock);
	buffer_add(&page, at, (size_t)(asset->end - at));
	page.failed = page.failed || answer->body.failed;
	buffer_free(&answer->body);
	answer->body = page;
}
