/* See rows.h. Walks are linear: a struct has a dozen rows. What a list or an import would look up
 * for each object is remembered, in tables in which a newer entry takes the place of an older one;
 * the tool has one thread. */
#include "rows/rows.h"

#include <stdint.h>
#include <stdio.h>

enum { REMEMBERED = 64, PLANS = 16 };

/* --- By name ---------------------------------------------------------------------------------- */

/* Names are literals, so that their address tells most of them apart. */
static size_t place_of(const void *key, size_t places)
{
	return ((uintptr_t)key >> 3) % places;
}

const struct hf_api_call *rows_call(const char *name)
{
	static const struct hf_api_call *remembered[REMEMBERED];
	const struct hf_api_call **found = &remembered[place_of(name, REMEMBERED)];
	const struct hf_api_part *part;
	if (*found && strcmp((*found)->name, name) == 0)
		return *found;
	for (unsigned i = 0; (part = hf_api_describe(i)) != NULL; i++)
		for (const struct hf_api_call *call = part->calls; call->name; call++)
			if (strcmp(call->name, name) == 0)
				return *found = call;
	return NULL;
}

const struct hf_api_struct *rows_struct(const char *name)
{
	static const struct hf_api_struct *remembered[REMEMBERED];
	const struct hf_api_struct **found = &remembered[place_of(name, REMEMBERED)];
	const struct hf_api_part *part;
	if (*found && strcmp((*found)->name, name) == 0)
		return *found;
	for (unsigned i = 0; (part = hf_api_describe(i)) != NULL; i++)
		for (const struct hf_api_struct *const *of = part->structs; *of; of++)
			if (strcmp((*of)->name, name) == 0)
				return *found = *of;
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
		else if (member->type != HF_API_STRUCT && member->type != HF_API_SIZE &&
		         out->count < ROWS_MAX)
			out->row[out->count++] = (struct row){member, in, base + member->offset};
}

const struct rows *rows_all(const struct hf_api_struct *of)
{
	static struct {
		const struct hf_api_struct *of;
		struct rows rows;
	} remembered[REMEMBERED];
	size_t place = place_of(of, REMEMBERED);
	/* Entries stay: the rows of one struct are in use while those of another are asked for. */
	for (size_t i = 0; i < REMEMBERED && remembered[place].of && remembered[place].of != of; i++)
		place = (place + 1) % REMEMBERED;
	struct rows *rows = &remembered[place].rows;
	if (remembered[place].of != of) {
		rows->count = 0;
		add_rows(of, NULL, 0, rows);
		remembered[place].of = of;
	}
	return rows;
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
	const struct rows *all = rows_all(of);
	out->count = 0;
	for (size_t i = 0; i < all->count; i++)
		if (!rows_names(hidden, all->row[i].member->name) &&
		    !rows_names(last, all->row[i].member->name))
			out->row[out->count++] = all->row[i];
	while (last && *last) {
		char name[64];
		const size_t len = strcspn(last, " ");
		snprintf(name, sizeof name, "%.*s", (int)len, last);
		const struct row *row = rows_find(all, name);
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

/* Laid out as the library's tables say, it is as large as the library has it. */
static void begin_with_size(const struct hf_api_struct *of, void *object)
{
	if (of->first)
		memcpy(object, &of->size, sizeof of->size);
}

const struct hf_api_member *rows_first(const struct hf_api_struct *of)
{
	return of->first ? &of->members[1] : of->members;
}

struct hf_write *rows_write(const struct hf_api_struct *of, void *args)
{
	const struct hf_api_member *member = of->members;
	while (strcmp(member->name, "write") != 0)
		member++;
	void *at = (char *)args + member->offset;
	return at;
}

void rows_clear(const struct hf_api_struct *of, void *object)
{
	const struct rows *rows = rows_all(of);
	memset(object, 0, of->size);
	begin_with_size(of, object);
	for (size_t i = 0; i < rows->count; i++)
		if (rows->row[i].member->type == HF_API_TIME)
			row_store(&rows->row[i], object, HF_UNSET);
}

/* From where to where. */
struct plan {
	const struct hf_api_struct *to, *from;
	size_t count;
	struct {
		size_t to, from, size;
	} move[ROWS_MAX];
};

static void make_plan(const struct hf_api_struct *to, const struct hf_api_struct *from,
                      struct plan *plan)
{
	const struct rows *into = rows_all(to), *all = rows_all(from);
	*plan = (struct plan){.to = to, .from = from};
	for (size_t i = 0; i < into->count; i++) {
		const struct row *row = &into->row[i], *given = rows_find(all, row->member->name);
		if (given && given->member->size == row->member->size) {
			plan->move[plan->count].to = row->offset;
			plan->move[plan->count].from = given->offset;
			plan->move[plan->count++].size = row->member->size;
		}
	}
}

void rows_copy(const struct hf_api_struct *to_of, void *to, const struct hf_api_struct *from_of,
               const void *from)
{
	static struct plan plans[PLANS];
	struct plan *plan = &plans[place_of(to_of, PLANS)];
	if (plan->to != to_of || plan->from != from_of)
		make_plan(to_of, from_of, plan);
	for (size_t i = 0; i < plan->count; i++)
		memcpy((char *)to + plan->move[i].to, (const char *)from + plan->move[i].from,
		       plan->move[i].size);
}

static bool equal_values(const struct row *row, const void *a, const void *b)
{
	const void *left = (const char *)a + row->offset, *right = (const char *)b + row->offset;
	if (row_has_bytes(row)) {
		const struct hf_bytes *x = left, *y = right;
		return x->len == y->len && (x->len == 0 || memcmp(x->data, y->data, x->len) == 0);
	}
	if (row->member->type != HF_API_ONE)
		return memcmp(left, right, row->member->size) == 0;
	const void *const *x = left, *const *y = right;
	return *x && *y ? rows_equal(row->member->of, *x, *y, NULL, NULL) : !*x && !*y;
}

bool rows_equal(const struct hf_api_struct *of, const void *a, const void *b, const char *apart,
                const char *only)
{
	const struct rows *rows = rows_all(of);
	for (size_t i = 0; i < rows->count; i++) {
		const struct row *row = &rows->row[i];
		const char *name = row->member->name;
		if (equal_values(row, a, b))
			continue;
		const bool counts = !(row->in && strcmp(row->in->name, "key") == 0) &&
		                    !rows_names(apart, name) && (!only || rows_names(only, name));
		if (counts)
			return false;
	}
	return true;
}

size_t rows_bytes(const struct hf_api_struct *of, const void *object)
{
	const struct rows *rows = rows_all(of);
	size_t bytes = 0;
	for (size_t i = 0; i < rows->count; i++) {
		const void *at = (const char *)object + rows->row[i].offset;
		if (row_has_bytes(&rows->row[i]))
			bytes += ((const struct hf_bytes *)at)->len;
		else if (rows->row[i].member->type == HF_API_ONE && *(const void *const *)at)
			bytes += rows_bytes(rows->row[i].member->of, *(const void *const *)at);
	}
	return bytes;
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
		return row_bytes(row, object).len > 0;
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
		if (member->type == HF_API_MANY && out->of) {
			memcpy(&out->beside, at, sizeof out->beside);
			out->beside_of = member->of;
		} else if (member->type == HF_API_MANY) {
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
	if (call->fills)
		begin_with_size(call->fills, out);
	if (!call->takes)
		return ((of_nothing)call->function)(store, 0, out, error);
	if (strcmp(call->takes->name, "hf_bytes") == 0)
		return ((of_bytes)call->function)(store, *(const struct hf_bytes *)args, 0, out, error);
	return ((of_args)call->function)(store, args, 0, out, error);
}
