/* The first page: totals, the last hour, the queues that need a look, the claims held longest. And
 * /healthz. */
#include "ui/html.h"
#include "ui/links.h"
#include "ui/ui.h"

#include <inttypes.h>
#include <stdlib.h>

enum { QUEUES_SHOWN = 12, CLAIMS_SHOWN = 8 };
#define STUCK_US INT64_C(900000000)
#define AHEAD_US 60000000

/* --- Totals ----------------------------------------------------------------------------------- */

static void card(struct buffer *to, const char *name, const char *value, const char *kind)
{
	buffer_format(to, "<div class=\"card %s\"><dt>%s</dt><dd>%s</dd></div>", kind, name, value);
}

static void count_card(struct buffer *to, const char *name, uint64_t value, bool bad)
{
	char text[FIGURE_SIZE];
	figure_count(value, text);
	card(to, name, text, bad && value > 0 ? "bad" : "");
}

static size_t stuck(const struct look_state *state)
{
	size_t count = 0;
	for (size_t i = 0; i < state->claim_count; i++)
		count += look_stuck(state, &state->claims[i], STUCK_US);
	return count;
}

static void add_cards(const struct look *look, struct buffer *to)
{
	const struct look_state *state = &look->state;
	const struct look_totals *totals = &state->totals;
	char text[FIGURE_SIZE];
	html_raw(to, "<dl class=\"cards\">");
	count_card(to, "Ready", totals->ready, false);
	count_card(to, "Delayed", totals->delayed, false);
	count_card(to, "Blocked", totals->blocked, false);
	count_card(to, "Sending", totals->sending, false);
	count_card(to, "Failed", totals->failed, true);
	count_card(to, "Stuck claims", stuck(state), true);
	figure_age(totals->oldest_due == HF_UNSET      ? -1
	           : state->clock > totals->oldest_due ? state->clock - totals->oldest_due
	                                               : 0,
	           text);
	card(to, "Oldest due", totals->oldest_due == HF_UNSET ? "–" : text, "");
	figure_rate(look->rates.changes, text);
	card(to, "Changes/s", look->rates.changes < 0 ? "–" : text, "");
	html_raw(to, "</dl>");
}

/* --- Queues ----------------------------------------------------------------------------------- */

static int compare_urgency(const void *a, const void *b)
{
	const struct look_queue *const *left = a, *const *right = b;
	const hf_time l = (*left)->stats.oldest_due, r = (*right)->stats.oldest_due;
	if (l == r)
		return ((*left)->stats.failed.items < (*right)->stats.failed.items) -
		       ((*left)->stats.failed.items > (*right)->stats.failed.items);
	return l == HF_UNSET ? 1 : r == HF_UNSET ? -1 : l < r ? -1 : 1;
}

static void add_queues(const struct look_state *state, struct buffer *to)
{
	const struct look_queue **order = calloc(state->queue_count + 1, sizeof *order);
	html_raw(to, "<section><h2>Queues, the longest due first</h2>");
	if (state->queue_count == 0) {
		html_empty(to, "No queue holds anything.");
	} else if (order) {
		for (size_t i = 0; i < state->queue_count; i++)
			order[i] = &state->queues[i];
		qsort(order, state->queue_count, sizeof *order, compare_urgency);
		queue_table_begin(to);
		for (size_t i = 0; i < state->queue_count && i < QUEUES_SHOWN; i++)
			queue_row(to, order[i]);
		queue_table_end(to);
		if (state->queue_count > QUEUES_SHOWN)
			buffer_format(to, "<p><a href=\"queues\">All %zu%s queues</a></p>", state->queue_count,
			              state->more_queues ? "+" : "");
	}
	html_raw(to, "</section>");
	free(order);
}

/* --- The store -------------------------------------------------------------------------------- */

static void member_bytes(struct buffer *to, const char *name, double bytes, bool known)
{
	char text[FIGURE_SIZE];
	figure_bytes(bytes, text);
	html_member(to, name);
	buffer_text(to, known ? text : "–");
	html_member_end(to);
}

static void member_count(struct buffer *to, const char *name, uint64_t value)
{
	char text[FIGURE_SIZE];
	figure_count(value, text);
	html_member(to, name);
	buffer_text(to, text);
	html_member_end(to);
}

static void add_store(const struct look *look, struct buffer *to)
{
	const struct hf_info *info = &look->state.info;
	char text[FIGURE_SIZE];
	html_raw(to, "<section><h2>Store</h2><dl class=\"members\">");
	member_count(to, "Newest LSN", info->last_lsn);
	member_bytes(to, "Log", (double)look->disk.log, true);
	member_bytes(to, "Snapshot", (double)look->disk.snapshot, look->disk.snapshot > 0);
	member_bytes(to, "Disk used", (double)look->disk.used, look->disk.known);
	member_bytes(to, "Disk free", (double)look->disk.free, look->disk.known);
	member_count(to, "Queues", look->state.queue_count);
	member_count(to, "Locks held", look->state.locks);
	html_member(to, "Clock ahead");
	figure_age(info->clock_ahead_us, text);
	buffer_format(to, info->clock_ahead_us > AHEAD_US ? "<span class=\"warn\">%s</span>" : "%s",
	              text);
	html_member_end(to);
	html_member(to, "Fault");
	html_string(to, info->fault ? hf_code_name(info->fault) : "none");
	html_member_end(to);
	html_member(to, "Epoch");
	buffer_format(to, "%u", info->epoch);
	html_member_end(to);
	html_member(to, "Format");
	buffer_format(to, "%u", info->format);
	html_member_end(to);
	html_member(to, "UUID");
	for (size_t i = 0; i < sizeof info->uuid; i++)
		buffer_format(to, "%s%02x", i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "",
		              info->uuid[i]);
	html_member_end(to);
	html_raw(to, "</dl></section>");
}

void page_overview(struct ui *ui, const struct asked *request, struct answer *answer)
{
	(void)request;
	answer->title = "Overview";
	answer->here = "Overview";
	html_raw(&answer->body, "<h1 class=\"hidden\">Overview</h1>");
	add_cards(&ui->look, &answer->body);
	add_plots(ui, answer);
	html_raw(&answer->body, "<div class=\"columns\"><div>");
	add_queues(&ui->look.state, &answer->body);
	html_raw(&answer->body, "<section><h2>Claims held longest</h2>");
	list_claims(ui, answer, CLAIMS_SHOWN);
	html_raw(&answer->body, "</section></div>");
	add_store(&ui->look, &answer->body);
	html_raw(&answer->body, "</div>");
}

/* --- /healthz --------------------------------------------------------------------------------- */

/* 503: the store failed, could not be read at the newest look, or is damaged as far as a look
 * meets it. For programs: a word, then what there is to say. */
void page_health(struct ui *ui, const struct asked *request, struct answer *answer)
{
	const struct look *look = &ui->look;
	const int code = look->code != HF_OK ? look->code : look->state.info.fault;
	(void)request;
	answer->type = "text/plain; charset=utf-8";
	if (code == HF_OK) {
		buffer_format(&answer->body, "ok\nwriter %s\nlsn %" PRIu64 "\n",
		              look->state.info.writer ? "at work" : "none", look->state.info.last_lsn);
		return;
	}
	answer->status = 503;
	buffer_format(&answer->body, "failed\n%s ", hf_code_name(code));
	(void)buffer_shown(&answer->body, look->text, strlen(look->text), 0);
	buffer_text(&answer->body, "\n");
}
