/* See rows.h. Walks are linear: a struct has a dozen rows. */
#include "rows/rows.h"

#include <stdio.h>

/* --- By name ---------------------------------------------------------------------------------- */

const struct hf_api_call *rows_call(const char *name)
{
	const struct hf_api_part *part;
	for (unsigned i = 0; (part = hf_api_describe(i)) != NULL; i++)
		for (const struct hf_api_call *call = part->calls; call->name; call++)
			if (strcmp(call->name, name) == 0)
				return call;
	return NULL;
}

const struct hf_api_struct *rows_struct(const char *name)
{
	const struct hf_api_part *part;
	for (unsigned i = 0; (part = hf_api_describe(i)) != NULL; i++)
		for (const struct hf_api_struct *const *of = part->structs; *of; of++)
			if (strcmp((*of)->name, name) == 0)
				return *of;
	return NULL;
}

bool rows_names(const char *words, const char *word)
{
	const size_t len = strlen(word);
	for (const char *at = words; at && (at = strstr(at, word)) != NULL; at += len)
		if ((at == words || at[-1] == ' ') && (at[len] == '\0' || at[len] == ' '))
			return true;
	return false;
}

/* --- All of a struct -------------------------------------------------------------------------- */

static void add_rows(const struct hf_api_struct *of, const struct hf_api_member *in, size_t base,
                     struct rows *out)
{
	for (const struct hf_api_member *member = of->members; member->name; member++)
		if (member->type == HF_API_STRUCT && strcmp(member->of->name, "hf_write") != 0)
			add_rows(member->of, member, base + member->offset, out);
		else if (member->type != HF_API_STRUCT && out->count < ROWS_MAX)
			out->row[out->count++] = (struct row){member, in, base + member->offset};
}

void rows_of(const struct hf_api_struct *of, struct rows *out)
{
	out->count = 0;
	add_rows(of, NULL, 0, out);
}

void rows_behind(const struct hf_api_struct *of, size_t base, struct rows *out)
{
	add_rows(of, NULL, base, out);
}

const struct row *rows_find(const struct rows *rows, const char *name)
{
	for (size_t i = 0; i < rows->count; i++)
		if (strcmp(rows->row[i].member->name, name) == 0)
			return &rows->row[i];
	return NULL;
}

void rows_in_order(const struct hf_api_struct *of, const char *hidden, const char *last,
                   struct rows *out)
{
	struct rows all;
	rows_of(of, &all);
	out->count = 0;
	for (size_t i = 0; i < all.count; i++)
		if (!rows_names(hidden, all.row[i].member->name) &&
		    !rows_names(last, all.row[i].member->name))
			out->row[out->count++] = all.row[i];
	while (last && *last) {
		char name[64];
		const size_t len = strcspn(last, " ");
		snprintf(name, sizeof name, "%.*s", (int)len, last);
		const struct row *row = rows_find(&all, name);
		if (row)
			out->row[out->count++] = *row;
		last += len + (last[len] == ' ');
	}
}

/* --- Values ----------------------------------------------------------------------------------- */

bool row_has_bytes(const struct row *row)
{
	const enum hf_api_type type = row->member->type;
	return type == HF_API_KEY || type == HF_API_TEXT || type == HF_API_BYTES;
}

void rows_clear(const struct hf_api_struct *of, void *object)
{
	struct rows rows;
	rows_of(of, &rows);
	memset(object, 0, of->size);
	for (size_t i = 0; i < rows.count; i++)
		if (rows.row[i].member->type == HF_API_TIME)
			*(hf_time *)(void *)((char *)object + rows.row[i].offset) = HF_UNSET;
}

void rows_copy(const struct hf_api_struct *to_of, void *to, const struct hf_api_struct *from_of,
               const void *from)
{
	struct rows into, out_of;
	rows_of(to_of, &into);
	rows_of(from_of, &out_of);
	for (size_t i = 0; i < into.count; i++) {
		const struct row *row = &into.row[i], *given = rows_find(&out_of, row->member->name);
		if (given && given->member->size == row->member->size)
			memcpy((char *)to + row->offset, (const char *)from + given->offset, row->member->size);
	}
}

int64_t row_number(const struct row *row, const void *object)
{
	const void *at = (const char *)object + row->offset;
	if (row->member->size == sizeof(bool))
		return *(const bool *)at;
	if (row->member->size == sizeof(int64_t))
		return *(const int64_t *)at;
	return row->member->type == HF_API_INT ? (int64_t) * (const int32_t *)at
	                                       : (int64_t) * (const uint32_t *)at;
}

void row_store(const struct row *row, void *object, int64_t value)
{
	void *at = (char *)object + row->offset;
	if (row->member->size == sizeof(bool))
		*(bool *)at = value != 0;
	else if (row->member->size == sizeof(int64_t))
		*(int64_t *)at = value;
	else
		*(uint32_t *)at = (uint32_t)value;
}

bool row_is_set(const struct row *row, const void *object)
{
	if (row_has_bytes(row))
		return ((const struct hf_bytes *)(const void *)((const char *)object + row->offset))->len >
		       0;
	const int64_t value = row_number(row, object);
	return row->member->type == HF_API_TIME ? value != HF_UNSET : value != 0;
}

/* --- Words ------------------------------------------------------------------------------------ */

const char *row_word(const struct hf_api_member *member, int64_t value)
{
	for (const struct hf_api_word *word = member->words; word->word; word++)
		if (word->value == value)
			return word->word;
	return "";
}

static bool same_word(const char *word, const char *text, size_t len)
{
	size_t i = 0;
	for (; i < len && word[i]; i++)
		if (word[i] != text[i] && !(word[i] == '_' && text[i] == '-'))
			return false;
	return i == len && !word[i];
}

static bool parse_word(const struct hf_api_member *member, const char *text, size_t len,
                       int64_t *out)
{
	for (const struct hf_api_word *word = member->words; word->word; word++) {
		if (same_word(word->word, text, len)) {
			*out |= word->value;
			return true;
		}
	}
	return false;
}

bool row_parse_words(const struct hf_api_member *member, const char *text, size_t len, int64_t *out)
{
	*out = 0;
	for (;;) {
		const char *comma = member->type == HF_API_FLAGS && len ? memchr(text, ',', len) : NULL;
		const size_t word = comma ? (size_t)(comma - text) : len;
		if (!parse_word(member, text, word, out))
			return false;
		if (!comma)
			return true;
		text += word + 1;
		len -= word + 1;
	}
}

void row_hyphens(const char *word, char *out, size_t size)
{
	snprintf(out, size, "%s", word);
	for (char *at = out; *at; at++)
		*at = *at == '_' ? '-' : *at;
}

void row_flags_text(const struct hf_api_member *member, int64_t flags, char *out, size_t size)
{
	size_t len = 0;
	out[0] = '\0';
	for (const struct hf_api_word *word = member->words; word->word; word++)
		if (flags & word->value)
			len += (size_t)snprintf(out + len, size - len, "%s%s", len ? "," : "", word->word);
	for (char *at = out; *at; at++)
		*at = *at == '_' ? '-' : *at;
}

/* --- Pages and calls -------------------------------------------------------------------------- */

void rows_page(const struct hf_api_struct *of, const void *page, struct rows_page *out)
{
	*out = (struct rows_page){0};
	for (const struct hf_api_member *member = of->members; member->name; member++) {
		const char *at = (const char *)page + member->offset;
		if (member->type == HF_API_MANY) {
			out->of = member->of;
			memcpy(&out->items, at, sizeof out->items);
			memcpy(&out->count, (const char *)page + member[1].offset, sizeof out->count);
		} else if (member->type == HF_API_STRING) {
			memcpy(&out->next, at, sizeof out->next);
		} else if (member->type == HF_API_MEMORY) {
			memcpy(&out->memory, at, sizeof out->memory);
		}
	}
}

int rows_mutate(const struct hf_api_call *call, hf_store *store, hf_txn *txn, const void *args,
                struct hf_result *result, struct hf_error *error)
{
	typedef int (*mutation)(hf_store *, hf_txn *, const void *, struct hf_result *,
	                        struct hf_error *);
	return ((mutation)call->function)(store, txn, args, result, error);
}

int rows_read(const struct hf_api_call *call, hf_store *store, const void *args, void *out,
              struct hf_error *error)
{
	typedef int (*of_nothing)(hf_store *, unsigned, void *, struct hf_error *);
	typedef int (*of_bytes)(hf_store *, struct hf_bytes, unsigned, void *, struct hf_error *);
	typedef int (*of_args)(hf_store *, const void *, unsigned, void *, struct hf_error *);
	if (!call->takes)
		return ((of_nothing)call->function)(store, 0, out, error);
	if (strcmp(call->takes->name, "hf_bytes") == 0)
		return ((of_bytes)call->function)(store, *(const struct hf_bytes *)args, 0, out, error);
	return ((of_args)call->function)(store, args, 0, out, error);
}
