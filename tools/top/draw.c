/* One screen: the store above, queues in the middle, claims below, keys at the bottom. Drawn whole
 * each time; ncurses sends what changed. Columns that do not fit are left out by their weight, the
 * name takes what is left. */
#include "top/put.h"
#include "top/top.h"

#ifdef HOLDFAST_TOP
#include "print/text.h"

#include <ncurses.h>

enum { LEAST_ROWS = 6, LEAST_COLUMNS = 30 };

/* --- The store -------------------------------------------------------------------------------- */

/* "12:30:05Z" of a time. */
static void time_of_day(hf_time time, char out[FIGURE_SIZE])
{
	char full[TEXT_TIME_SIZE];
	text_time(time, full);
	if (strlen(full) > 19 && full[10] == 'T')
		snprintf(out, FIGURE_SIZE, "%.8sZ", full + 11);
	else
		snprintf(out, FIGURE_SIZE, "?");
}

static void draw_title(const struct top *top)
{
	const struct look *look = &top->look;
	char right[96], clock[FIGURE_SIZE];
	time_of_day(look->state.wall, clock);
	snprintf(right, sizeof right, " %s%s ",
	         look->code != HF_OK       ? "NOT READABLE  "
	         : top->paused             ? "paused  "
	         : look->state.info.writer ? "writer at work  "
	                                   : "no writer  ",
	         clock);
	const int width = (int)strlen(right);
	put_style(TITLE);
	(void)mvhline(0, 0, ' ', COLS);
	const int x = 1 + put(0, 1, TITLE, "holdfast top");
	if (COLS > x + width + 8)
		(void)put_bytes(0, x + 2, COLS - width - x - 3, TITLE, hf_str(look->directory));
	if (COLS > x + width)
		(void)put(0, COLS - width, TITLE, right);
}

/* Parts of a line with room between; what does not fit whole is left out. */
struct line {
	int y, x;
	int gap; /* 0: 3 */
};

static void part(struct line *line, int style, const char *label, const char *value,
                 const char *unit)
{
	const int width = (int)(strlen(label) + strlen(value) + strlen(unit));
	if (line->x + width > COLS)
		return;
	line->x += put(line->y, line->x, DIM, label);
	line->x += put(line->y, line->x, style, value);
	line->x += put(line->y, line->x, DIM, unit) + (line->gap ? line->gap : 3);
}

static void draw_log(const struct look *look, int y)
{
	struct line line = {.y = y, .x = 1};
	char text[FIGURE_SIZE];
	figure_rate(look->rates.changes, text);
	part(&line, PLAIN, "changes ", text, "/s");
	figure_bytes(look->rates.bytes, text);
	part(&line, PLAIN, "written ", text, "/s");
	figure_count(look->state.info.last_lsn, text);
	part(&line, PLAIN, "LSN ", text, "");
	figure_bytes((double)look->disk.log, text);
	part(&line, PLAIN, "log ", text, "");
	figure_bytes((double)look->disk.snapshot, text);
	part(&line, PLAIN, "snapshot ", look->disk.snapshot ? text : "none", "");
	figure_short(look->state.locks, text);
	part(&line, PLAIN, "locks ", text, "");
}

static void draw_disk(const struct look *look, int y)
{
	const struct look_disk *disk = &look->disk;
	const struct hf_info *info = &look->state.info;
	struct line line = {.y = y, .x = 1};
	char text[FIGURE_SIZE];
	figure_bytes((double)disk->used, text);
	part(&line, PLAIN, "disk ", disk->known ? text : "-", "");
	figure_bytes((double)disk->free, text);
	const bool tight = disk->known && disk->free < disk->size / 20;
	part(&line, tight ? BAD : PLAIN, "free ", disk->known ? text : "-", "");
	const bool ahead = info->clock_ahead_us > 60000000;
	figure_age(info->clock_ahead_us, text);
	part(&line, ahead ? WARN : PLAIN, "clock ahead ", text, "");
	part(&line, info->fault ? BAD : GOOD, "fault ",
	     info->fault ? hf_code_name(info->fault) : "none", "");
	if (info->volatile_fs)
		part(&line, WARN, "", "memory only", "");
}

/* What needs an operator comes first: a line that is too short loses its end. */
static void draw_totals(const struct top *top, int y)
{
	const struct look_totals *totals = &top->look.state.totals;
	bool more;
	const size_t stuck = top_stuck(top, &more);
	const struct {
		const char *label;
		uint64_t value;
		int style;
		const char *unit;
	} parts[] = {
	    {"queues ", top->look.state.queue_count, PLAIN, top->look.state.more_queues ? "+" : ""},
	    {"ready ", totals->ready, PLAIN, ""},
	    {"sending ", totals->sending, PLAIN, ""},
	    {"failed ", totals->failed, totals->failed ? BAD : PLAIN, ""},
	    {"stuck ", stuck, stuck ? BAD : PLAIN, more ? "+" : ""},
	    {"delayed ", totals->delayed, PLAIN, ""},
	    {"blocked ", totals->blocked, PLAIN, ""}};
	struct line line = {.y = y, .x = 1};
	char text[FIGURE_SIZE];
	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
		figure_short(parts[i].value, text);
		part(&line, parts[i].style, parts[i].label, text, parts[i].unit);
	}
}

/* What went wrong, else what happened in the last minute. */
static void draw_message(const struct top *top, int y)
{
	const struct look *look = &top->look;
	char text[HF_ERROR_TEXT + 64], at[FIGURE_SIZE];
	if (look->code != HF_OK) {
		time_of_day(look->failing_since, at);
		snprintf(text, sizeof text, "since %s %s: %s", at, hf_code_name(look->code), look->text);
		(void)put(y, 1, BAD, text);
	} else if (look->noted_at != HF_UNSET && look->state.wall - look->noted_at < 60000000) {
		time_of_day(look->noted_at, at);
		snprintf(text, sizeof text, "%s: %s", at, look->note);
		(void)put(y, 1, WARN, text);
	}
}

/* --- Queues ----------------------------------------------------------------------------------- */

struct column {
	const char *title;
	int width;
	int weight; /* the lightest goes first where there is no room */
	enum top_sort sort;
};

static const struct column columns[] = {
    {"READY", 8, 9, TOP_BY_READY},     {"DELAYED", 8, 5, TOP_BY_DELAYED},
    {"BLOCKED", 8, 3, TOP_BY_BLOCKED}, {"SENDING", 8, 7, TOP_BY_SENDING},
    {"FAILED", 8, 8, TOP_BY_FAILED},   {"OLDEST DUE", 12, 6, TOP_BY_OLDEST},
    {"STATE", 7, 2, TOP_SORTS},
};
enum { COLUMNS = sizeof columns / sizeof *columns, NAME_LEAST = 16 };

/* Which are shown; the width that is left for the name. */
static int choose_columns(bool shown[COLUMNS])
{
	int left = COLS - 2;
	for (int i = 0; i < COLUMNS; i++) {
		shown[i] = true;
		left -= columns[i].width;
	}
	while (left < NAME_LEAST) {
		int lightest = -1;
		for (int i = 0; i < COLUMNS; i++)
			if (shown[i] && (lightest < 0 || columns[i].weight < columns[lightest].weight))
				lightest = i;
		if (lightest < 0)
			break;
		shown[lightest] = false;
		left += columns[lightest].width;
	}
	return left;
}

static void draw_heads(const struct top *top, int y, const bool shown[COLUMNS], int name_width)
{
	const char arrow = top->reverse ? '^' : 'v';
	char text[64];
	snprintf(text, sizeof text, "%s%c", "QUEUE", top->sort == TOP_BY_NAME ? arrow : ' ');
	(void)put(y, 1, HEAD, text);
	for (int i = 0, x = 1 + name_width; i < COLUMNS; i++) {
		if (!shown[i])
			continue;
		const bool sorted = columns[i].sort == top->sort;
		snprintf(text, sizeof text, "%s%c", columns[i].title, arrow);
		if (!sorted)
			text[strlen(text) - 1] = '\0';
		put_right(y, x, columns[i].width, HEAD, text);
		x += columns[i].width;
	}
}

static int fill(const struct look_queue *queue, int column, char text[FIGURE_SIZE])
{
	const struct hf_outbox_stats *stats = &queue->stats;
	const uint64_t counts[] = {stats->ready, stats->delayed, stats->blocked, stats->sending.items,
	                           stats->failed.items};
	if (column < 5) {
		figure_short(counts[column], text);
		return counts[column] == 0 ? DIM : column == 4 ? BAD : PLAIN;
	}
	if (column == 5) {
		const bool due = stats->oldest_due != HF_UNSET;
		figure_age(due && stats->as_of > stats->oldest_due ? stats->as_of - stats->oldest_due
		           : due                                   ? 0
		                                                   : -1,
		           text);
		return due ? PLAIN : DIM;
	}
	snprintf(text, FIGURE_SIZE, "%s", stats->paused ? "paused" : "");
	return WARN;
}

static void draw_queues(struct top *top, int y, int rows)
{
	const struct look_state *state = &top->look.state;
	bool shown[COLUMNS];
	char text[FIGURE_SIZE];
	const int name_width = choose_columns(shown);
	top->rows = rows > 1 ? (size_t)rows - 1 : 0;
	if (top->first + top->rows > state->queue_count)
		top->first = state->queue_count > top->rows ? state->queue_count - top->rows : 0;
	draw_heads(top, y, shown, name_width);
	if (state->queue_count == 0)
		(void)put(y + 1, 1, DIM, "no queue holds anything");
	for (size_t row = 0; row < top->rows && top->first + row < state->queue_count; row++) {
		const struct look_queue *queue = &state->queues[top->first + row];
		const int at = y + 1 + (int)row;
		(void)put_bytes(at, 1, name_width - 1, PLAIN, queue->name);
		for (int i = 0, x = 1 + name_width; i < COLUMNS; i++) {
			if (!shown[i])
				continue;
			const int style = fill(queue, i, text);
			put_right(at, x, columns[i].width, style, text);
			x += columns[i].width;
		}
	}
}

/* --- Claims ----------------------------------------------------------------------------------- */

/* How wide a name is, and what there is room for. */
struct parts {
	int name;
	bool owner, lease;
};

enum { SPAN = 11 };

static struct parts claim_parts(void)
{
	const bool owner = COLS >= 60, lease = COLS >= 50;
	const int names = COLS - 1 - SPAN - (lease ? SPAN : 0);
	return (struct parts){names / (owner ? 3 : 2), owner, lease};
}

static void draw_claim(const struct top *top, const struct look_claim *claim, int y)
{
	const struct look_state *state = &top->look.state;
	const struct parts parts = claim_parts();
	const bool stuck = look_stuck(state, claim, top->stuck_us);
	const int style = stuck ? BAD : PLAIN;
	char text[FIGURE_SIZE];
	int x = 1 + 2 * parts.name;
	(void)put(y, 0, style, stuck ? "!" : " ");
	(void)put_bytes(y, 1, parts.name - 1, style, claim->queue);
	(void)put_bytes(y, 1 + parts.name, parts.name - 1, style, claim->id);
	if (parts.owner) {
		(void)put_bytes(y, x, parts.name - 1, PLAIN, claim->owner);
		x += parts.name;
	}
	figure_age(look_held(state, claim), text);
	put_right(y, x, SPAN, style, claim->dated == LOOK_BEFORE_LOG ? "before log" : text);
	figure_age(claim->lease_until > state->clock ? claim->lease_until - state->clock : 0, text);
	if (parts.lease)
		put_right(y, x + SPAN, SPAN, PLAIN, claim->lease_until == HF_UNSET ? "none" : text);
}

static void draw_claims(const struct top *top, int y, int rows)
{
	const struct look_state *state = &top->look.state;
	const struct parts parts = claim_parts();
	int x = 1 + 2 * parts.name;
	if (rows < 2)
		return;
	if (state->claim_count == 0) {
		(void)put(y, 1, DIM, "no item is claimed");
		return;
	}
	(void)put_bytes(y, 1, parts.name - 1, HEAD, hf_str("CLAIMED FROM"));
	(void)put_bytes(y, 1 + parts.name, parts.name - 1, HEAD, hf_str("ITEM"));
	if (parts.owner) {
		(void)put_bytes(y, x, parts.name - 1, HEAD, hf_str("OWNER"));
		x += parts.name;
	}
	put_right(y, x, SPAN, HEAD, "HELD");
	if (parts.lease)
		put_right(y, x + SPAN, SPAN, HEAD, "LEASE LEFT");
	for (int row = 1; row < rows && (size_t)row <= state->claim_count; row++)
		draw_claim(top, &state->claims[row - 1], y + row);
}

/* --- All of it -------------------------------------------------------------------------------- */

static void draw_keys(const struct top *top, int y)
{
	static const char *const sorts[] = {"oldest",  "name",    "ready", "delayed",
	                                    "blocked", "sending", "failed"};
	struct line line = {.y = y, .x = 1, .gap = 2};
	char interval[FIGURE_SIZE], sort[FIGURE_SIZE];
	snprintf(interval, sizeof interval, " every %.1fs", (double)top->interval_us / 1e6);
	snprintf(sort, sizeof sort, " sort: %s", sorts[top->sort]);
	part(&line, HEAD, "", "q", " quit");
	part(&line, HEAD, "", "p", top->paused ? " go on" : " pause");
	part(&line, HEAD, "", "s", sort);
	part(&line, HEAD, "", "r", " reverse");
	part(&line, HEAD, "", "+-", interval);
	if (top->look.state.queue_count > top->rows) {
		char place[64];
		snprintf(place, sizeof place, "%zu-%zu of %zu", top->first + 1, top->first + top->rows,
		         top->look.state.queue_count);
		part(&line, PLAIN, "", place, "");
	}
}

void top_draw(struct top *top)
{
	(void)erase();
	if (LINES < LEAST_ROWS || COLS < LEAST_COLUMNS) {
		(void)put(0, 0, PLAIN, "too small");
		(void)refresh();
		return;
	}
	draw_title(top);
	draw_log(&top->look, 1);
	const bool all = LINES >= 12; /* else the queues alone */
	if (all) {
		draw_disk(&top->look, 2);
		draw_totals(top, 3);
	}
	draw_message(top, all ? 4 : 1);
	const int body = all ? 5 : 2, rows = LINES - 1 - body;
	const int wanted = (int)(top->look.state.claim_count < 64 ? top->look.state.claim_count : 64) +
	                   1 + (top->look.state.claim_count == 0);
	const int third = rows / 3 > 4 ? rows / 3 : 4;
	const int spare = rows - 2 - (int)top->look.state.queue_count;
	int claims = wanted < third ? wanted : third;
	if (spare > claims)
		claims = wanted < spare ? wanted : spare;
	if (!all)
		claims = 0;
	draw_queues(top, body, rows - claims - (claims > 0));
	draw_claims(top, LINES - 1 - claims, claims);
	draw_keys(top, LINES - 1);
	(void)refresh();
}
#endif
