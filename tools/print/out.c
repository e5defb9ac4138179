/* One member has one text; what differs between the two readers is how it is wrapped. For JSON
 * the text goes to yajl, which escapes it; a number, true, false or null is given to it as a
 * number, which it prints as it stands. For people it goes to out_people.c. */
#include "print/out.h"
#include "cli/stream.h"
#include "print/buffer.h"
#include "print/out_people.h"
#include "print/text.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <yajl/yajl_gen.h>

struct out {
	bool json;
	FILE *to;
	yajl_gen gen; /* of the object at hand */
	bool listing;
	struct buffer kept;
	struct people people;
};

static void keep(void *ctx, const char *text, size_t len)
{
	struct out *out = ctx;
	buffer_add(&out->kept, text, len);
}

struct out *out_new(bool json, FILE *to)
{
	struct out *out = calloc(1, sizeof *out);
	if (out) {
		out->json = json;
		out->to = to;
	}
	return out;
}

void out_free(struct out *out)
{
	if (out) {
		if (out->gen)
			yajl_gen_free(out->gen);
		people_free(&out->people);
		buffer_free(&out->kept);
		free(out);
	}
}

/* yajl refuses only what this file never asks of it; should it, or memory run out, that must not
 * go unnoticed. */
static void must(struct out *out, yajl_gen_status status)
{
	if (status != yajl_gen_status_ok)
		out->kept.failed = true;
}

/* --- Objects and lists ------------------------------------------------------------------------ */

void out_list(struct out *out, const char *columns)
{
	out->listing = true;
	if (!out->json)
		people_list(&out->people, columns);
}

void out_list_end(struct out *out, const char *next)
{
	out->listing = false;
	if (!out->json) {
		people_list_end(&out->people, &out->kept);
	} else if (next) {
		out_begin(out, "page");
		out_text(out, "next", next);
		out_end(out);
	}
}

static void string(struct out *out, const char *text, size_t len)
{
	must(out, yajl_gen_string(out->gen, (const unsigned char *)text, len));
}

void out_begin(struct out *out, const char *thing)
{
	char schema[64];
	if (!out->json) {
		people_begin(&out->people);
		return;
	}
	out->gen = yajl_gen_alloc(NULL);
	if (!out->gen || !yajl_gen_config(out->gen, yajl_gen_print_callback, keep, out)) {
		out->kept.failed = true;
		return;
	}
	must(out, yajl_gen_map_open(out->gen));
	snprintf(schema, sizeof schema, "holdfast.%s/1", thing);
	out_text(out, "schema", schema);
}

void out_end(struct out *out)
{
	if (!out->json) {
		people_end(&out->people, &out->kept);
		return;
	}
	if (out->gen) {
		must(out, yajl_gen_map_close(out->gen));
		yajl_gen_free(out->gen);
		out->gen = NULL;
	}
	buffer_text(&out->kept, "\n");
}

void out_open(struct out *out, const char *name)
{
	if (!out->json) {
		people_open(&out->people, name);
	} else if (out->gen) {
		string(out, name, strlen(name));
		must(out, yajl_gen_map_open(out->gen));
	}
}

void out_close(struct out *out)
{
	if (!out->json)
		people_close(&out->people);
	else if (out->gen)
		must(out, yajl_gen_map_close(out->gen));
}

/* --- Members ---------------------------------------------------------------------------------- */

/* `quoted`: a string in JSON; else a number, true, false or null. `shown` is what people get. */
static void member(struct out *out, const char *name, const char *text, size_t len, bool quoted,
                   const char *shown)
{
	if (!out->json) {
		people_member(&out->people, name, shown, strlen(shown));
	} else if (out->gen) {
		string(out, name, strlen(name));
		must(out, quoted ? yajl_gen_string(out->gen, (const unsigned char *)text, len)
		                 : yajl_gen_number(out->gen, text, len));
	}
}

static void base64_member(struct out *out, const char *name, struct hf_bytes bytes)
{
	char full[80];
	const size_t len = text_base64_size(bytes.len);
	char *text = malloc(len + 1);
	if (!text) {
		out->kept.failed = true;
		return;
	}
	text_base64(bytes.data, bytes.len, text);
	snprintf(full, sizeof full, "%s_base64", name);
	member(out, full, text, len, true, "");
	free(text);
}

void out_bytes(struct out *out, const char *name, struct hf_bytes bytes)
{
	if (!out->json)
		people_member(&out->people, name, bytes.data, bytes.len);
	else if (text_is_utf8(bytes.data, bytes.len))
		member(out, name, bytes.len ? bytes.data : "", bytes.len, true, "");
	else
		base64_member(out, name, bytes);
}

void out_text(struct out *out, const char *name, const char *text)
{
	member(out, name, text ? text : "null", strlen(text ? text : "null"), text != NULL,
	       text ? text : "-");
}

void out_u64(struct out *out, const char *name, uint64_t value)
{
	char text[32];
	snprintf(text, sizeof text, "%" PRIu64, value);
	out_text(out, name, text);
}

void out_i64(struct out *out, const char *name, int64_t value)
{
	char text[32];
	snprintf(text, sizeof text, "%" PRId64, value);
	out_text(out, name, text);
}

void out_int(struct out *out, const char *name, long value)
{
	char text[32];
	snprintf(text, sizeof text, "%ld", value);
	member(out, name, text, strlen(text), false, text);
}

void out_real(struct out *out, const char *name, double value)
{
	char text[TEXT_REAL_SIZE];
	if (isfinite(value)) {
		text_real(value, text);
	} else {
		/* JSON has no word for it, so it is a string there. */
		snprintf(text, sizeof text, "%s", value > 0 ? "Infinity" : "-Infinity");
	}
	member(out, name, text, strlen(text), !isfinite(value), text);
}

void out_bool(struct out *out, const char *name, bool value)
{
	const char *text = value ? "true" : "false";
	member(out, name, text, strlen(text), false, value ? "yes" : "no");
}

void out_time(struct out *out, const char *name, hf_time value)
{
	char text[TEXT_TIME_SIZE];
	text_time(value, text);
	out_text(out, name, value == HF_UNSET ? NULL : text);
}

/* --- The rest --------------------------------------------------------------------------------- */

void out_line(struct out *out, const char *format, ...)
{
	char *text = NULL;
	va_list args;
	if (out->json)
		return;
	va_start(args, format);
	const int len = vasprintf(&text, format, args);
	va_end(args);
	if (len < 0) {
		out->kept.failed = true;
		return;
	}
	buffer_add(&out->kept, text, (size_t)len);
	buffer_text(&out->kept, "\n");
	free(text);
}

void out_raw(struct out *out, const void *data, size_t len)
{
	buffer_add(&out->kept, data, len);
}

int out_write(struct out *out)
{
	const int why =
	    out->kept.failed ? ENOMEM : stream_write(fileno(out->to), out->kept.data, out->kept.len);
	buffer_clear(&out->kept);
	return why;
}

int out_flush(struct cli *cli)
{
	const int why = out_write(cli->out);
	if (why == 0)
		return CLI_OK;
	return cli_fail_with(cli, cli_code_of_errno(why), "the output could not be written (%s)%s",
	                     strerror(why),
	                     cli->changed ? "; the change itself was made and is kept" : "");
}
