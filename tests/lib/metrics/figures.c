/* See figures.h. */
#include "lib/metrics/figures.h"

#include "lib/test.h"

struct parse {
	struct figures *f;
	bool openmetrics;
	char *out; /* where the next word goes */
	char families[200][64]; /* that began */
	unsigned family_count;
	char family[64], type[16];
	bool helped;
	double bucket; /* the newest of the histogram that is read */
};

/* --- Reading -------------------------------------------------------------------------------- */

static bool take(void *ctx, const char *text, size_t len)
{
	struct figures *f = ctx;
	assert_true(len > 0 && !memchr(text, 0, len));
	f->text = realloc(f->text, f->len + len + 1);
	assert_non_null(f->text);
	memcpy(f->text + f->len, text, len);
	f->len += len;
	f->text[f->len] = '\0';
	f->pieces++;
	return true;
}

static const char *word(struct parse *p, const char *from, size_t len)
{
	char *at = p->out;
	memcpy(at, from, len);
	at[len] = '\0';
	p->out += len + 1;
	return at;
}

static void must(bool right, const char *line, size_t len)
{
	if (!right)
		fail_msg("not in the format: %.*s", (int)len, line);
}

static bool is_name(char c)
{
	return (c >= 'a' && c <= 'z') || c == '_';
}

/* Is it UTF-8, by the table of the Unicode standard? */
static bool utf8(const unsigned char *s, size_t len)
{
	for (size_t i = 0; i < len;) {
		unsigned more = 0, low = 0x80, high = 0xbf;
		const unsigned char c = s[i++];
		if (c < 0x80)
			continue;
		if (c >= 0xc2 && c <= 0xdf)
			more = 1;
		else if (c >= 0xe0 && c <= 0xef)
			more = 2;
		else if (c >= 0xf0 && c <= 0xf4)
			more = 3;
		else
			return false;
		low = c == 0xe0 ? 0xa0 : c == 0xf0 ? 0x90 : low;
		high = c == 0xed ? 0x9f : c == 0xf4 ? 0x8f : high;
		for (; more > 0; more--, low = 0x80, high = 0xbf)
			if (i == len || s[i] < low || s[i++] > high)
				return false;
	}
	return true;
}

/* --- Lines ---------------------------------------------------------------------------------- */

/* # TYPE name rest */
static void comment(struct parse *p, const char *line, size_t len)
{
	char what[8] = "", name[64] = "";
	int at = 0;
	must(sscanf(line, "# %7s holdfast_%63s%n", what, name, &at) == 2 && line[at] == ' ', line, len);
	const size_t rest = len - (size_t)at - 1;
	if (strcmp(what, "HELP") == 0) {
		for (unsigned i = 0; i < p->family_count; i++)
			must(strcmp(p->families[i], name) != 0, line, len); /* in two places */
		must(p->family_count < 200 && rest > 0, line, len);
		memcpy(p->families[p->family_count++], name, sizeof name);
		memcpy(p->family, name, sizeof name);
		p->type[0] = '\0';
	} else if (strcmp(what, "TYPE") == 0) {
		must(strcmp(p->family, name) == 0 && p->type[0] == '\0', line, len);
		must(sscanf(line + at, " %15s", p->type) == 1 && strlen(p->type) == rest, line, len);
		must(strcmp(p->type, "gauge") == 0 || strcmp(p->type, "counter") == 0 ||
		         strcmp(p->type, "histogram") == 0 ||
		         (p->openmetrics && strcmp(p->type, "info") == 0),
		     line, len);
	} else {
		must(p->openmetrics && strcmp(what, "UNIT") == 0 && strcmp(p->family, name) == 0 &&
		         strncmp(name + strlen(name) - rest, line + at + 1, rest) == 0,
		     line, len);
	}
}

static const char *quoted(struct parse *p, const char **at)
{
	char *to = p->out;
	const char *s = *at, *begin = to;
	for (; *s != '"'; s++) {
		must(*s != '\n' && *s != '\0', *at, 20);
		if (*s == '\\') {
			s++;
			must(*s == '\\' || *s == '"' || *s == 'n', *at, 20);
			*to++ = *s == 'n' ? '\n' : *s;
		} else {
			*to++ = *s;
		}
	}
	must(utf8((const unsigned char *)begin, (size_t)(to - begin)), *at, (size_t)(s - *at));
	*at = s + 1;
	p->out = to;
	return begin;
}

static const char *labels(struct parse *p, struct figure *figure, const char *at)
{
	if (*at != '{')
		return at;
	do {
		const char *name = ++at;
		while (is_name(*at))
			at++;
		must(at > name && at[0] == '=' && at[1] == '"' && figure->count < FIGURE_LABELS, name, 40);
		struct figure_label *label = &figure->labels[figure->count++];
		label->name = word(p, name, (size_t)(at - name));
		at += 2;
		const char *value = quoted(p, &at);
		label->value = hf_bytes_of(value, (size_t)(p->out - value));
		*p->out++ = '\0';
		for (unsigned i = 0; i + 1 < figure->count; i++)
			must(strcmp(figure->labels[i].name, label->name) != 0, name, 40);
	} while (*at == ',');
	must(*at == '}', at, 10);
	return at + 1;
}

static bool ends(const char *name, const char *end)
{
	const size_t len = strlen(name), tail = strlen(end);
	return len > tail && strcmp(name + len - tail, end) == 0;
}

/* Does it belong to the family that was begun? */
static bool of_family(const struct parse *p, const char *name)
{
	const size_t len = strlen(p->family);
	const char *rest = name + len;
	if (strncmp(name, p->family, len) != 0)
		return false;
	if (strcmp(p->type, "histogram") == 0)
		return strcmp(rest, "_bucket") == 0 || strcmp(rest, "_sum") == 0 ||
		       strcmp(rest, "_count") == 0;
	if (p->openmetrics && strcmp(p->type, "counter") == 0)
		return strcmp(rest, "_total") == 0;
	if (p->openmetrics && strcmp(p->type, "info") == 0)
		return strcmp(rest, "_info") == 0;
	return *rest == '\0' && ends(name, "_total") == (strcmp(p->type, "counter") == 0);
}

/* Buckets grow, and the last is the count. */
static void histogram(struct parse *p, const struct figure *figure, const char *line, size_t len)
{
	if (strcmp(p->type, "histogram") != 0)
		return;
	if (ends(figure->name, "_bucket")) {
		must(figure_label(figure, "le").data && figure->value >= p->bucket, line, len);
		p->bucket = figure->value;
	} else if (ends(figure->name, "_count")) {
		must(figure->value == p->bucket, line, len);
		p->bucket = 0;
	}
}

static void sample(struct parse *p, const char *line, size_t len)
{
	struct figures *f = p->f;
	const char *at = line + strlen("holdfast_");
	must(strncmp(line, "holdfast_", strlen("holdfast_")) == 0, line, len);
	if (f->count == f->cap) {
		f->cap = f->cap ? 2 * f->cap : 256;
		f->all = realloc(f->all, f->cap * sizeof *f->all);
		assert_non_null(f->all);
	}
	struct figure *figure = &f->all[f->count++];
	*figure = (struct figure){0};
	const char *begin = at;
	while (is_name(*at))
		at++;
	figure->name = word(p, begin, (size_t)(at - begin));
	must(p->type[0] && of_family(p, figure->name), line, len);
	at = labels(p, figure, at);
	char *end;
	must(*at == ' ' && at[1] != ' ', line, len);
	figure->value = strtod(at + 1, &end);
	must(end == line + len && strspn(at + 1, "-.0123456789") == (size_t)(end - at - 1), line, len);
	histogram(p, figure, line, len);
}

static int by_labels(const void *a, const void *b)
{
	const struct figure *x = a, *y = b;
	int sign = strcmp(x->name, y->name);
	for (unsigned i = 0; sign == 0 && i < x->count && i < y->count; i++) {
		const struct hf_bytes left = x->labels[i].value, right = y->labels[i].value;
		sign = strcmp(x->labels[i].name, y->labels[i].name);
		if (sign == 0)
			sign = memcmp(left.data, right.data, left.len < right.len ? left.len : right.len);
		if (sign == 0)
			sign = (left.len > right.len) - (left.len < right.len);
	}
	return sign ? sign : (int)x->count - (int)y->count;
}

static void none_twice(const struct figures *f)
{
	if (f->count == 0)
		return;
	struct figure *all = malloc(f->count * sizeof *all);
	assert_non_null(all);
	memcpy(all, f->all, f->count * sizeof *all);
	qsort(all, f->count, sizeof *all, by_labels);
	for (size_t i = 1; i < f->count; i++)
		assert_int_not_equal(by_labels(&all[i - 1], &all[i]), 0);
	free(all);
}

static void parse(struct figures *f, enum hf_metrics_format format)
{
	struct parse p = {.f = f, .openmetrics = format == HF_METRICS_OPENMETRICS};
	bool ended = false;
	f->words = p.out = malloc(2 * f->len + 64);
	assert_non_null(f->words);
	for (const char *line = f->text, *end; line < f->text + f->len; line = end + 1) {
		end = strchr(line, '\n');
		assert_true(end && !ended);
		const size_t len = (size_t)(end - line);
		if (p.openmetrics && len == 5 && memcmp(line, "# EOF", 5) == 0)
			ended = true;
		else if (*line == '#')
			comment(&p, line, len);
		else
			sample(&p, line, len);
	}
	assert_int_equal(ended, p.openmetrics);
	none_twice(f);
}

struct figures figures_of(hf_store *store, enum hf_metrics_format format)
{
	const struct hf_metrics_options options = {.size = sizeof options, .format = format};
	struct figures f = {0};
	struct hf_error error = {0};
	if (hf_metrics(store, take, &f, &options, &error) != HF_OK)
		fail_msg("%s", error.text);
	parse(&f, format);
	return f;
}

struct figures figures_parse(const char *text, size_t len, enum hf_metrics_format format)
{
	struct figures f = {0};
	(void)take(&f, text, len);
	parse(&f, format);
	return f;
}

void figures_free(struct figures *f)
{
	free(f->text);
	free(f->words);
	free(f->all);
	*f = (struct figures){0};
}

/* --- Finding -------------------------------------------------------------------------------- */

static struct hf_bytes raw_label(const struct figure *figure, const char *label)
{
	for (unsigned i = 0; i < figure->count; i++)
		if (strcmp(figure->labels[i].name, label) == 0)
			return figure->labels[i].value;
	return hf_bytes_of(NULL, 0);
}

static unsigned digit(char c)
{
	return (unsigned)(c <= '9' ? c - '0' : c - 'a' + 10);
}

struct hf_bytes figure_label(const struct figure *figure, const char *label)
{
	static char room[8][1024];
	static unsigned turn;
	char name[40];
	(void)snprintf(name, sizeof name, "%s_hex", label);
	const struct hf_bytes hex = raw_label(figure, name);
	if (!hex.data)
		return raw_label(figure, label);
	char *out = room[turn++ % 8];
	const char *digits = hex.data;
	for (size_t i = 0; i < hex.len / 2; i++)
		out[i] = (char)(digit(digits[2 * i]) << 4 | digit(digits[2 * i + 1]));
	return hf_bytes_of(out, hex.len / 2);
}

static bool labelled(const struct figure *figure, const char *label, struct hf_bytes value)
{
	if (!label)
		return true;
	const struct hf_bytes is = figure_label(figure, label);
	return is.data && is.len == value.len &&
	       (is.len == 0 || memcmp(is.data, value.data, is.len) == 0);
}

const struct figure *figures_find(const struct figures *f, const char *name, const char *label,
                                  struct hf_bytes value, const char *label2, const char *value2)
{
	for (size_t i = 0; i < f->count; i++)
		if (strcmp(f->all[i].name, name) == 0 && labelled(&f->all[i], label, value) &&
		    (!label2 || labelled(&f->all[i], label2, hf_str(value2))))
			return &f->all[i];
	return NULL;
}

double figures_get(const struct figures *f, const char *name, const char *label, const char *value)
{
	const struct figure *figure =
	    figures_find(f, name, label, hf_str(label ? value : ""), NULL, NULL);
	if (figure)
		return figure->value;
	fail_msg("there is no %s with %s=%s", name, label ? label : "", label ? value : "");
	return 0;
}

bool figures_has(const struct figures *f, const char *name)
{
	return figures_find(f, name, NULL, hf_str(""), NULL, NULL) != NULL;
}
