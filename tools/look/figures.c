/* See look.h. All in ASCII, so that a byte is a column. */
#include "look/look.h"

#include <inttypes.h>
#include <stdio.h>

void figure_count(uint64_t value, char out[FIGURE_SIZE])
{
	char digits[FIGURE_SIZE];
	const int len = snprintf(digits, sizeof digits, "%" PRIu64, value);
	char *to = out;
	for (int i = 0; i < len; i++) {
		if (i > 0 && (len - i) % 3 == 0)
			*to++ = ',';
		*to++ = digits[i];
	}
	*to = '\0';
}

void figure_short(uint64_t value, char out[FIGURE_SIZE])
{
	static const char letters[] = {'k', 'M', 'G', 'T', 'P', 'E'};
	if (value < 1000000) {
		figure_count(value, out);
		return;
	}
	double scaled = (double)value / 1000;
	size_t letter = 0;
	while (scaled >= 999.95 && letter + 1 < sizeof letters) {
		scaled /= 1000;
		letter++;
	}
	snprintf(out, FIGURE_SIZE, "%.1f%c", scaled, letters[letter]);
}

void figure_bytes(double value, char out[FIGURE_SIZE])
{
	static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
	size_t unit = 0;
	if (value < 0) {
		snprintf(out, FIGURE_SIZE, "-");
		return;
	}
	while (value >= 1023.5 && unit + 1 < sizeof units / sizeof *units) {
		value /= 1024;
		unit++;
	}
	snprintf(out, FIGURE_SIZE, "%.*f %s", unit > 0 && value < 99.95 ? 1 : 0, value, units[unit]);
}

void figure_age(int64_t us, char out[FIGURE_SIZE])
{
	const int64_t seconds = us / 1000000;
	if (us < 0)
		snprintf(out, FIGURE_SIZE, "-");
	else if (seconds < 10)
		snprintf(out, FIGURE_SIZE, "%" PRId64 ".%" PRId64 "s", seconds, us / 100000 % 10);
	else if (seconds < 60)
		snprintf(out, FIGURE_SIZE, "%" PRId64 "s", seconds);
	else if (seconds < 3600)
		snprintf(out, FIGURE_SIZE, "%" PRId64 "m%02" PRId64 "s", seconds / 60, seconds % 60);
	else if (seconds < 86400)
		snprintf(out, FIGURE_SIZE, "%" PRId64 "h%02" PRId64 "m", seconds / 3600, seconds / 60 % 60);
	else
		snprintf(out, FIGURE_SIZE, "%" PRId64 "d%02" PRId64 "h", seconds / 86400,
		         seconds / 3600 % 24);
}

void figure_rate(double value, char out[FIGURE_SIZE])
{
	if (value < 0)
		snprintf(out, FIGURE_SIZE, "-");
	else if (value < 0.05)
		snprintf(out, FIGURE_SIZE, "0");
	else if (value < 99.95)
		snprintf(out, FIGURE_SIZE, "%.1f", value);
	else
		figure_count((uint64_t)(value + 0.5), out);
}
