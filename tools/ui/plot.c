/* The plots of the last hour, as SVG in the page: lines over SAMPLES places, the newest at the
 * right. What could not be read is a gap. */
#include "ui/html.h"
#include "ui/ui.h"

enum { WIDTH = 720, HEIGHT = 96 };

enum form { COUNT, RATE, BYTES, SECONDS };

struct series {
	const char *name;
	double (*value)(const struct sample *sample); /* below 0: none */
};

static double changes_of(const struct sample *sample)
{
	return sample->changes;
}

static double ready_of(const struct sample *sample)
{
	return (double)sample->ready;
}

static double sending_of(const struct sample *sample)
{
	return (double)sample->sending;
}

static double failed_of(const struct sample *sample)
{
	return (double)sample->failed;
}

static double due_of(const struct sample *sample)
{
	return sample->oldest_due_s;
}

static double disk_of(const struct sample *sample)
{
	return (double)sample->disk;
}

static void write_value(struct buffer *to, enum form form, double value)
{
	char text[FIGURE_SIZE];
	if (form == BYTES)
		figure_bytes(value, text);
	else if (form == SECONDS)
		figure_age((int64_t)(value * 1e6), text);
	else if (form == RATE)
		figure_rate(value, text);
	else
		figure_count((uint64_t)value, text);
	buffer_text(to, value < 0 ? "–" : text);
}

static double highest(const struct samples *samples, const struct series *series, size_t count)
{
	double most = 0;
	for (size_t s = 0; s < count; s++)
		for (size_t i = 0; i < samples->count; i++) {
			const struct sample *sample = samples_at(samples, i);
			const double value = sample->good ? series[s].value(sample) : -1;
			most = value > most ? value : most;
		}
	return most;
}

/* The next round value, so that the scale does not move with every sample. */
static double rounded_up(enum form form, double value)
{
	static const double spans[] = {1,    2,    5,    10,    30,    60,    120,    300,    600,
	                               1800, 3600, 7200, 21600, 43200, 86400, 172800, 432000, 864000};
	const double base = form == BYTES ? 2 : 10;
	double step = form == BYTES ? 1024 : 1;
	if (form == SECONDS)
		for (size_t i = 0; i < sizeof spans / sizeof *spans; i++)
			if (value <= spans[i])
				return spans[i];
	while (step * base <= value)
		step *= base;
	return value <= step       ? step
	       : value <= 2 * step ? 2 * step
	       : value <= 5 * step ? 5 * step
	                           : 10 * step;
}

/* How many samples are drawn: not the whole hour while most of it is empty. */
static size_t window_of(const struct samples *samples)
{
	static const size_t minutes[] = {5, 15, 30};
	for (size_t i = 0; i < sizeof minutes / sizeof *minutes; i++)
		if (samples->count <= minutes[i] * 60 / SAMPLE_EVERY_S)
			return minutes[i] * 60 / SAMPLE_EVERY_S;
	return SAMPLES;
}

static void add_line(struct buffer *to, const struct samples *samples, const struct series *series,
                     size_t index, double top)
{
	const double width = (double)WIDTH / (double)(window_of(samples) - 1);
	bool pen = false;
	buffer_format(to, "<path class=\"line s%zu\" d=\"", index);
	for (size_t back = samples->count; back-- > 0;) {
		const struct sample *sample = samples_at(samples, back);
		const double value = sample->good ? series->value(sample) : -1;
		if (value >= 0)
			buffer_format(to, "%s%.1f %.1f", pen ? "L" : "M", WIDTH - (double)back * width,
			              HEIGHT - value / top * HEIGHT);
		pen = value >= 0;
	}
	if (pen)
		html_raw(to, "h.5"); /* a single point is seen too */
	html_raw(to, "\"/>");
}

static void add_legend(struct buffer *to, const struct samples *samples,
                       const struct series *series, size_t count, enum form form)
{
	const struct sample *newest = samples_at(samples, 0);
	html_raw(to, "<p class=\"legend\">");
	for (size_t i = 0; i < count; i++) {
		buffer_format(to, "<span class=\"key s%zu\"></span>%s <b>", i, series[i].name);
		write_value(to, form, newest && newest->good ? series[i].value(newest) : -1);
		html_raw(to, "</b> ");
	}
	html_raw(to, "</p>");
}

static void add_plot(struct buffer *to, const struct samples *samples, const char *title,
                     const struct series *series, size_t count, enum form form)
{
	const double most = highest(samples, series, count), top = rounded_up(form, most);
	buffer_format(to, "<figure><figcaption>%s</figcaption>", title);
	add_legend(to, samples, series, count, form);
	buffer_format(to,
	              "<svg viewBox=\"0 0 %d %d\" preserveAspectRatio=\"none\" role=\"img\" "
	              "aria-label=\"%s in the last hour, at most ",
	              WIDTH, HEIGHT, title);
	write_value(to, form, most);
	buffer_format(to, "\"><path class=\"grid\" d=\"M0 0H%dM0 %dH%dM0 %dH%d\"/>", WIDTH, HEIGHT / 2,
	              WIDTH, HEIGHT, WIDTH);
	for (size_t i = 0; i < count && samples->count > 0; i++)
		add_line(to, samples, &series[i], i, top);
	buffer_format(to, "</svg><p class=\"axis\"><span>%zu min ago</span><span>scale 0 to ",
	              window_of(samples) * SAMPLE_EVERY_S / 60);
	write_value(to, form, top);
	html_raw(to, "</span><span>now</span></p></figure>");
}

void add_plots(struct ui *ui, struct answer *answer)
{
	static const struct series changes[] = {{"a second", changes_of}};
	static const struct series items[] = {
	    {"ready", ready_of}, {"sending", sending_of}, {"failed", failed_of}};
	static const struct series due[] = {{"now", due_of}};
	static const struct series disk[] = {{"used", disk_of}};
	struct buffer *to = &answer->body;
	html_raw(to, "<section class=\"plots\" aria-label=\"The last hour\">");
	add_plot(to, &ui->samples, "Changes", changes, 1, RATE);
	add_plot(to, &ui->samples, "Items", items, 3, COUNT);
	add_plot(to, &ui->samples, "Oldest due", due, 1, SECONDS);
	add_plot(to, &ui->samples, "Disk", disk, 1, BYTES);
	html_raw(to, "</section>");
}
