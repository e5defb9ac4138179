/* Times as RFC 3339, by the calendar's arithmetic: no time zone database, no locale, nothing
 * that is not the same on every machine. */
#include "print/text.h"

#include <stdio.h>

#define SECOND 1000000LL
#define DAY (86400 * SECOND)
#define FIRST_YEAR_DAY (-719528LL) /* 0000-01-01 */
#define LAST_YEAR_DAY 2932896LL /* 9999-12-31 */

struct date {
	int64_t year, month, day;
};

/* Days since 1970-01-01 of a date in the Gregorian calendar. Years begin in March here, so that
 * a leap day is a year's last. */
static int64_t days_of(struct date date)
{
	const int64_t year = date.year - (date.month <= 2), era = (year >= 0 ? year : year - 399) / 400;
	const int64_t of_era = year - era * 400;
	const int64_t of_year = (153 * (date.month + (date.month > 2 ? -3 : 9)) + 2) / 5 + date.day - 1;
	return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static struct date date_of(int64_t days)
{
	const int64_t shifted = days + 719468,
	              era = (shifted >= 0 ? shifted : shifted - 146096) / 146097;
	const int64_t of_era = shifted - era * 146097;
	const int64_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
	const int64_t of_year = of_era - (365 * year + year / 4 - year / 100);
	const int64_t month = (5 * of_year + 2) / 153;
	struct date date = {.day = of_year - (153 * month + 2) / 5 + 1,
	                    .month = month < 10 ? month + 3 : month - 9};
	date.year = year + era * 400 + (date.month <= 2);
	return date;
}

void text_time(hf_time time, char out[TEXT_TIME_SIZE])
{
	int64_t days = time / DAY, rest = time % DAY;
	if (rest < 0) {
		rest += DAY;
		days--;
	}
	if (days < FIRST_YEAR_DAY || days > LAST_YEAR_DAY) {
		snprintf(out, TEXT_TIME_SIZE, "@%lld", (long long)time);
		return;
	}
	const struct date date = date_of(days);
	const int seconds = (int)(rest / SECOND);
	snprintf(out, TEXT_TIME_SIZE, "%04d-%02d-%02dT%02d:%02d:%02d.%06dZ", (int)date.year,
	         (int)date.month, (int)date.day, seconds / 3600, seconds / 60 % 60, seconds % 60,
	         (int)(rest % SECOND));
}

/* --- Reading ---------------------------------------------------------------------------------- */

struct reading {
	const char *at;
	size_t left;
	bool bad;
};

static bool next_is(struct reading *r, const char *any)
{
	if (r->left == 0 || *r->at == '\0' || !strchr(any, *r->at))
		return false;
	r->at++;
	r->left--;
	return true;
}

static void expect(struct reading *r, const char *any)
{
	if (!next_is(r, any))
		r->bad = true;
}

/* Exactly `digits` digits, from `least` to `most`. */
static int64_t number(struct reading *r, size_t digits, int64_t least, int64_t most)
{
	uint64_t value = 0;
	if (r->left < digits || !text_parse_u64(r->at, digits, &value) || (int64_t)value < least ||
	    (int64_t)value > most) {
		r->bad = true;
		return least;
	}
	r->at += digits;
	r->left -= digits;
	return (int64_t)value;
}

static bool leap(int64_t year)
{
	return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static int64_t read_date(struct reading *r)
{
	static const int64_t lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	struct date date = {0};
	date.year = number(r, 4, 0, 9999);
	expect(r, "-");
	date.month = number(r, 2, 1, 12);
	expect(r, "-");
	date.day = number(r, 2, 1, lengths[date.month - 1] + (date.month == 2 && leap(date.year)));
	return days_of(date) * DAY;
}

/* Microseconds of the digits after the point. More than six are no time of ours unless they are
 * zeros: nothing is rounded in secret. */
static int64_t read_fraction(struct reading *r)
{
	int64_t value = 0, unit = SECOND / 10;
	if (!next_is(r, "."))
		return 0;
	if (r->left == 0 || *r->at < '0' || *r->at > '9')
		r->bad = true;
	while (!r->bad && r->left > 0 && *r->at >= '0' && *r->at <= '9') {
		const int64_t digit = number(r, 1, 0, 9);
		r->bad = r->bad || (unit == 0 && digit != 0);
		value += digit * unit;
		unit /= 10;
	}
	return value;
}

static int64_t read_clock(struct reading *r)
{
	int64_t time = number(r, 2, 0, 23) * 3600;
	expect(r, ":");
	time += number(r, 2, 0, 59) * 60;
	expect(r, ":");
	/* A leap second counts as the second after it, as the clocks of computers do. */
	time += number(r, 2, 0, 60);
	return time * SECOND + read_fraction(r);
}

static int64_t read_offset(struct reading *r)
{
	if (next_is(r, "Zz"))
		return 0;
	const bool west = r->left > 0 && *r->at == '-';
	expect(r, "+-");
	int64_t offset = number(r, 2, 0, 23) * 3600;
	expect(r, ":");
	offset += number(r, 2, 0, 59) * 60;
	return (west ? -offset : offset) * SECOND;
}

static bool parse_time(const char *text, size_t len, bool zone_optional, hf_time *out)
{
	struct reading r = {.at = text, .left = len};
	if (next_is(&r, "@"))
		return text_parse_i64(r.at, r.left, out);
	int64_t time = read_date(&r);
	expect(&r, "Tt ");
	time += read_clock(&r);
	time -= zone_optional && r.left == 0 ? 0 : read_offset(&r);
	*out = time;
	return !r.bad && r.left == 0;
}

bool text_parse_time(const char *text, size_t len, hf_time *out)
{
	return parse_time(text, len, false, out);
}

bool text_parse_time_utc(const char *text, size_t len, hf_time *out)
{
	return parse_time(text, len, true, out);
}
