/* See operation.h: arguments out of words. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/api.h"
#include "lib/operation/operation.h"

struct filling {
	struct op_args *out;
	const struct op_source *source;
	const char *each; /* what elements are filled by */
	size_t index; /* of the element */
};

enum { WORD_MAX = 200 };

__attribute__((noreturn, format(printf, 1, 2))) static void wrong(const char *format, ...)
{
	va_list args;
	va_start(args, format);
	(void)vfprintf(stderr, format, args);
	va_end(args);
	(void)fputc('\n', stderr);
	abort();
}

static uint64_t below(const struct filling *f, uint64_t bound)
{
	return f->source && f->source->below ? f->source->below(f->source->ctx, bound) : 0;
}

/* --- Values ----------------------------------------------------------------------------------- */

static struct op_value word_of(const struct filling *f, const char *word)
{
	struct op_value value = {0};
	if (!f->source || !f->source->word || !f->source->word(f->source->ctx, word, f->index, &value))
		wrong("there is no word $%s", word);
	return value;
}

/* One of the alternatives, chosen in `text`; NULL: the member is left alone. */
static char *choose(const struct filling *f, char *text)
{
	size_t count = 1;
	if (text[0] == '?') {
		const unsigned long percent = strtoul(text + 1, &text, 10);
		if (below(f, 100) >= percent)
			return NULL;
		text++;
	}
	for (const char *at = text; *at; at++)
		count += *at == '|';
	for (uint64_t skip = count > 1 ? below(f, count) : 0; skip > 0; skip--)
		(void)strsep(&text, "|");
	return strsep(&text, "|");
}

static struct hf_bytes text_of(struct filling *f, const char *text)
{
	struct op_args *out = f->out;
	char *const start = out->text + out->used;
	size_t len = 0;
	while (*text && len + 12 < OP_TEXT_MAX - out->used) {
		const char kind = *text;
		if (kind != '#' && kind != '@' && kind != '%') {
			start[len++] = *text++;
			continue;
		}
		unsigned bound = (unsigned)strtoul(text + 1, (char **)&text, 10);
		if (f->source && f->source->few)
			bound = kind == '@' ? 1 : kind == '#' && bound > 3 ? 3 : bound;
		if (kind != '%')
			out->last = (unsigned)below(f, bound);
		len += (size_t)snprintf(start + len, 12, "%u", kind == '%' ? out->last % bound : out->last);
	}
	start[len] = '\0';
	out->used += len + 1;
	return hf_bytes_of(start, len);
}

static int64_t term_of(const struct filling *f, const struct hf_api_member *m, const char *term)
{
	static const struct {
		const char *word;
		int64_t value;
	} known[] = {{"now", OP_NOW},
	             {"then", OP_THEN},
	             {"unset", HF_UNSET},
	             {"never", HF_NEVER},
	             {"absent", (int64_t)HF_ABSENT}};
	for (const struct hf_api_word *w = m->words; w && w->word; w++)
		if (strcmp(w->word, term) == 0)
			return w->value;
	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (strcmp(known[i].word, term) == 0)
			return known[i].value;
	char *end;
	int64_t number = strtoll(term, &end, 10);
	if (end == term)
		wrong("%s: there is no word %s", m->name, term);
	if (end[0] == '.')
		number += (int64_t)below(f, (uint64_t)(strtoll(end + 2, &end, 10) - number + 1));
	return *end == 's' ? number * 1000000 : number;
}

static int64_t number_of(const struct filling *f, const struct hf_api_member *m, char *terms)
{
	int64_t sum = 0;
	while (terms)
		sum += term_of(f, m, strsep(&terms, "+"));
	return sum;
}

/* --- Members ---------------------------------------------------------------------------------- */

static void fill_all(struct filling *f, const struct hf_api_struct *of, unsigned char *object,
                     const char *words);

static void put_number(const struct hf_api_member *m, unsigned char *at, int64_t number)
{
	const double real = (double)number / 4;
	if (m->type == HF_API_REAL)
		memcpy(at, &real, sizeof real);
	else
		memcpy(at, &number, m->size);
}

static void fill_elements(struct filling *f, const struct hf_api_member *m, unsigned char *object,
                          size_t count)
{
	unsigned char *const elements = f->out->each;
	if (count > OP_EACH_MAX || m->of->size > sizeof f->out->each / OP_EACH_MAX)
		wrong("%s: too many", m->name);
	for (f->index = 0; f->index < count; f->index++)
		fill_all(f, m->of, elements + f->index * m->of->size, f->each);
	f->index = 0;
	memcpy(object + m->offset, &(void *){elements}, sizeof(void *));
	put_number(m + 1, object + m[1].offset, (int64_t)count);
}

static bool is_bytes(const struct hf_api_member *m)
{
	return m->type == HF_API_KEY || m->type == HF_API_TEXT || m->type == HF_API_BYTES ||
	       m->type == HF_API_STRING;
}

/* What `value` says, into the member. */
static void fill_member(struct filling *f, const struct hf_api_member *m, unsigned char *object,
                        char *text)
{
	text = choose(f, text);
	if (!text)
		return;
	const bool asks = text[0] == '$', bytes = is_bytes(m);
	const struct op_value value = asks    ? word_of(f, text + 1)
	                              : bytes ? (struct op_value){.bytes = text_of(f, text)}
	                                      : (struct op_value){.number = number_of(f, m, text)};
	if (m->type == HF_API_MANY)
		fill_elements(f, m, object, (size_t)value.number);
	else if (m->type == HF_API_STRING)
		memcpy(object + m->offset, &value.bytes.data, sizeof value.bytes.data);
	else if (bytes)
		memcpy(object + m->offset, &value.bytes, sizeof value.bytes);
	else if (m->type == HF_API_REAL && value.real != 0)
		memcpy(object + m->offset, &value.real, sizeof value.real);
	else
		put_number(m, object + m->offset, value.number);
}

/* The member at the path, and in *object the struct that it is one of. */
static const struct hf_api_member *member_at(struct op_args *out, const struct hf_api_struct *of,
                                             unsigned char **object, const char *path)
{
	const size_t len = strcspn(path, ".");
	for (const struct hf_api_member *m = of->members; m->name; m++) {
		if (strlen(m->name) != len || strncmp(m->name, path, len) != 0)
			continue;
		if (!path[len])
			return m;
		if (m->type == HF_API_ONE)
			memcpy(*object + m->offset, &(void *){out->one}, sizeof(void *));
		*object = m->type == HF_API_ONE ? out->one : *object + m->offset;
		return member_at(out, m->of, object, path + len + 1);
	}
	return NULL;
}

static void fill_all(struct filling *f, const struct hf_api_struct *of, unsigned char *object,
                     const char *words)
{
	static const struct hf_api_member whole = {.name = "bytes", .type = HF_API_KEY};
	char copy[OP_TEXT_MAX], *rest = copy, *word;
	memset(object, 0, of->size);
	if (strlen(words) >= sizeof copy)
		wrong("too long: %s", words);
	memcpy(copy, words, strlen(words) + 1);
	while ((word = strsep(&rest, " ")) != NULL && word[0] != ':') {
		if (!*word)
			continue;
		unsigned char *in = object;
		char *value = strchr(word, '=');
		if (!value)
			wrong("%s: no value in \"%s\"", of->name, word);
		*value = '\0';
		const struct hf_api_member *m =
		    of == &hf__api_bytes ? &whole : member_at(f->out, of, &in, word);
		if (!m)
			wrong("%s has no member %s", of->name, word);
		fill_member(f, m, in, value + 1);
	}
}

void op_fill(struct op_args *out, const char *words, const struct op_source *source)
{
	const size_t len = strcspn(words, " ");
	const char *each = strstr(words, " : ");
	struct filling f = {out, source, each ? each + 3 : "", 0};
	out->call = op_find(words, len);
	out->used = out->last = 0;
	memset(out->one, 0, sizeof out->one);
	memset(out->args, 0, sizeof out->args);
	if (out->call->takes && out->call->takes->size > sizeof out->args)
		wrong("%s takes too much", words);
	if (out->call->takes)
		fill_all(&f, out->call->takes, out->args, words + len);
	/* As it is compiled today: zero would be its first release, without later members. */
	if (out->call->takes && out->call->takes->first)
		memcpy(out->args, &out->call->takes->size, sizeof out->call->takes->size);
}

void *op_member(struct op_args *args, const char *path)
{
	unsigned char *object = args->args;
	const struct hf_api_member *m = member_at(args, args->call->takes, &object, path);
	return m ? object + m->offset : NULL;
}
