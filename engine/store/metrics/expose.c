/* See expose.h. Numbers are written by hand: what printf makes of a fraction depends on the host's
 * locale. Failure modes: no memory for a piece is remembered, and said at the end; a `write` that
 * wants no more is not called again. */
#include "store/metrics/expose.h"

#include <string.h>

#define PREFIX "holdfast_"
#define PIECE ((size_t)32768)

/* --- Pieces ----------------------------------------------------------------------------------- */

static void put(struct hf__exposition *e, const char *text)
{
	hf__put_bytes(&e->piece, hf_str(text));
}

static void hand_over(struct hf__exposition *e)
{
	if (e->piece.len > 0 && !e->piece.bad && !e->ended)
		e->ended = !e->write(e->ctx, (const char *)e->piece.data, e->piece.len);
	e->piece.len = 0;
}

int hf__exposition_end(struct hf__exposition *e)
{
	if (e->openmetrics)
		put(e, "# EOF\n");
	hand_over(e);
	const bool bad = e->piece.bad;
	hf__writer_deinit(&e->piece);
	return bad ? HF_ENOMEM : e->ended ? HF_ECANCELED : HF_OK;
}

/* --- Families --------------------------------------------------------------------------------- */

static bool ends_with(const char *name, const char *end)
{
	const size_t len = strlen(name), tail = strlen(end);
	return len >= tail && strcmp(name + len - tail, end) == 0;
}

static void about(struct hf__exposition *e, const char *what, const char *says)
{
	put(e, "# ");
	put(e, what);
	put(e, " " PREFIX);
	put(e, e->family);
	if (!e->openmetrics) /* there samples have the family's name */
		put(e, e->suffix);
	put(e, " ");
	put(e, says);
	put(e, "\n");
}

void hf__family(struct hf__exposition *e, enum hf__family_kind kind, const char *name,
                const char *help)
{
	static const char *const types[] = {"gauge", "counter", "histogram", "info"},
	                         *const suffixes[] = {"", "_total", "", "_info"};
	e->family = name;
	e->suffix = suffixes[kind];
	about(e, "HELP", help);
	about(e, "TYPE", kind == HF__FAMILY_INFO && !e->openmetrics ? "gauge" : types[kind]);
	if (e->openmetrics && ends_with(name, "_seconds"))
		about(e, "UNIT", "seconds");
	if (e->openmetrics && ends_with(name, "_bytes"))
		about(e, "UNIT", "bytes");
}

/* --- Labels ----------------------------------------------------------------------------------- */

/* Length of the character of UTF-8 that stands there; 0: none does. */
static size_t character(const uint8_t *at, size_t len)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	const size_t size = at[0] < 0x80       ? 1
	                    : at[0] >> 5 == 6  ? 2
	                    : at[0] >> 4 == 14 ? 3
	                    : at[0] >> 3 == 30 ? 4
	                                       : 0;
	if (size <= 1)
		return size;
	if (size > len)
		return 0;
	uint32_t point = at[0] & (0x7fu >> size);
	for (size_t i = 1; i < size; i++) {
		if (at[i] >> 6 != 2)
			return 0;
		point = point << 6 | (at[i] & 0x3fu);
	}
	const bool sound = point >= least[size] && point <= 0x10ffff && point >> 11 != 0x1b;
	return sound ? size : 0;
}

static bool is_utf8(struct hf_bytes bytes)
{
	const uint8_t *at = bytes.data;
	for (size_t left = bytes.len; left > 0;) {
		const size_t size = character(at, left);
		if (size == 0)
			return false;
		at += size;
		left -= size;
	}
	return true;
}

static void put_hex(struct hf__exposition *e, uint8_t byte)
{
	static const char digits[] = "0123456789abcdef";
	hf__put_u8(&e->piece, (uint8_t)digits[byte >> 4]);
	hf__put_u8(&e->piece, (uint8_t)digits[byte & 15]);
}

/* What is no UTF-8 stands as \xNN, and what could be taken for that is escaped once more. */
static void put_escaped(struct hf__exposition *e, struct hf_bytes value, bool utf8)
{
	const uint8_t *at = value.data;
	for (size_t left = value.len; left > 0;) {
		const size_t size = character(at, left);
		if (size == 0) {
			put(e, "\\\\x");
			put_hex(e, *at);
		} else if (*at == '\n') {
			put(e, "\\n");
		} else if (*at == '\\') {
			put(e, utf8 ? "\\\\" : "\\\\\\\\");
		} else if (*at == '"') {
			put(e, "\\\"");
		} else {
			hf__put_bytes(&e->piece, hf_bytes_of(at, size));
		}
		at += size > 0 ? size : 1;
		left -= size > 0 ? size : 1;
	}
}

void hf__sample(struct hf__exposition *e)
{
	if (e->piece.len > PIECE)
		hand_over(e);
	e->labels = 0;
	put(e, PREFIX);
	put(e, e->family);
	put(e, e->suffix);
}

static void begin_label(struct hf__exposition *e, const char *name, const char *more)
{
	put(e, e->labels++ > 0 ? "," : "{");
	put(e, name);
	put(e, more);
	put(e, "=\"");
}

void hf__label(struct hf__exposition *e, const char *name, const char *value)
{
	hf__label_bytes(e, name, hf_str(value));
}

void hf__label_bytes(struct hf__exposition *e, const char *name, struct hf_bytes value)
{
	const bool utf8 = is_utf8(value);
	begin_label(e, name, "");
	put_escaped(e, value, utf8);
	put(e, "\"");
	if (utf8)
		return;
	begin_label(e, name, "_hex");
	for (size_t i = 0; i < value.len; i++)
		put_hex(e, ((const uint8_t *)value.data)[i]);
	put(e, "\"");
}

/* --- Values ----------------------------------------------------------------------------------- */

static void put_number(struct hf__exposition *e, uint64_t value, unsigned digits)
{
	char text[24];
	unsigned at = sizeof text;
	do {
		text[--at] = (char)('0' + value % 10);
		value /= 10;
	} while (value > 0 || sizeof text - at < digits);
	hf__put_bytes(&e->piece, hf_bytes_of(text + at, sizeof text - at));
}

/* value / 10^digits. */
static void put_fraction(struct hf__exposition *e, uint64_t value, unsigned digits)
{
	uint64_t whole = 1;
	for (unsigned i = 0; i < digits; i++)
		whole *= 10;
	put_number(e, value / whole, 1);
	for (value %= whole; value > 0 && value % 10 == 0; digits--)
		value /= 10;
	if (value == 0)
		return;
	put(e, ".");
	put_number(e, value, digits);
}

static void begin_value(struct hf__exposition *e)
{
	put(e, e->labels > 0 ? "} " : " ");
}

void hf__value(struct hf__exposition *e, uint64_t value)
{
	begin_value(e);
	put_number(e, value, 1);
	put(e, "\n");
}

void hf__value_us(struct hf__exposition *e, int64_t us)
{
	begin_value(e);
	if (us < 0)
		put(e, "-");
	put_fraction(e, us < 0 ? -(uint64_t)us : (uint64_t)us, 6);
	put(e, "\n");
}

void hf__value_ns(struct hf__exposition *e, uint64_t ns)
{
	begin_value(e);
	put_fraction(e, ns, 9);
	put(e, "\n");
}

void hf__gauge(struct hf__exposition *e, const char *name, const char *help, uint64_t value)
{
	hf__family(e, HF__FAMILY_GAUGE, name, help);
	hf__sample(e);
	hf__value(e, value);
}

void hf__gauge_us(struct hf__exposition *e, const char *name, const char *help, int64_t us)
{
	hf__family(e, HF__FAMILY_GAUGE, name, help);
	hf__sample(e);
	hf__value_us(e, us);
}

void hf__counter(struct hf__exposition *e, const char *name, const char *help, uint64_t value)
{
	hf__family(e, HF__FAMILY_COUNTER, name, help);
	hf__sample(e);
	hf__value(e, value);
}

/* --- Histograms ------------------------------------------------------------------------------- */

static void part(struct hf__exposition *e, const char *suffix, const char *label, const char *value)
{
	e->suffix = suffix;
	hf__sample(e);
	if (label)
		hf__label(e, label, value);
}

static void bucket(struct hf__exposition *e, const char *label, const char *value)
{
	part(e, "_bucket", label, value);
	begin_label(e, "le", "");
}

void hf__histogram(struct hf__exposition *e, const struct hf__histogram *h,
                   const struct hf__buckets *buckets, const char *label, const char *value)
{
	uint64_t count = 0;
	unsigned next = 0;
	for (unsigned k = buckets->low; k <= buckets->high; k++) {
		while (next <= k)
			count += h->of[next++];
		bucket(e, label, value);
		put_fraction(e, UINT64_C(1) << k, buckets->nanoseconds ? 9 : 0);
		put(e, e->openmetrics && !buckets->nanoseconds ? ".0\"" : "\"");
		hf__value(e, count);
	}
	while (next < sizeof h->of / sizeof *h->of)
		count += h->of[next++];
	bucket(e, label, value);
	put(e, "+Inf\"");
	hf__value(e, count);
	part(e, "_sum", label, value);
	if (buckets->nanoseconds)
		hf__value_ns(e, h->sum);
	else
		hf__value(e, h->sum);
	part(e, "_count", label, value);
	hf__value(e, count);
}
