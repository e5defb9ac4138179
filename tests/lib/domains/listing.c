#include "lib/domains/listing.h"

#include "api/api.h"
#include "lib/test.h"

static const struct hf_api_member *member_of(const struct hf_api_struct *of, const char *name)
{
	for (const struct hf_api_member *m = of->members; m->name; m++)
		if (strcmp(m->name, name) == 0)
			return m;
	return NULL;
}

/* --- Items ------------------------------------------------------------------------------------ */

static void keep_member(void *ctx, const struct hf_api_member *m, struct op_value value)
{
	struct listed *item = ctx;
	assert_true(item->count < LISTED_MEMBERS && value.bytes.len <= LISTED_BYTES);
	const size_t i = item->count++;
	item->of[i].name = m->name;
	item->of[i].bits = (uint64_t)value.number;
	item->of[i].len = value.bytes.len;
	if (value.bytes.len > 0)
		memcpy(item->of[i].bytes, value.bytes.data, value.bytes.len);
	if (m->type != HF_API_KEY)
		return;
	const size_t len = strlen(item->name);
	(void)snprintf(item->name + len, sizeof item->name - len, "%s%.*s", len ? " " : "",
	               (int)value.bytes.len, item->of[i].bytes);
}

static void keep_item(const struct hf_api_struct *of, const unsigned char *at, struct listed *out)
{
	static const struct hf_api_member whole = {.name = "name", .type = HF_API_KEY};
	*out = (struct listed){0};
	if (of == &hf__api_bytes)
		keep_member(out, &whole,
		            (struct op_value){.bytes = *(const struct hf_bytes *)(const void *)at});
	else
		op_each(of, at, keep_member, out);
}

static size_t find_member(const struct listed *item, const char *name)
{
	for (size_t i = 0; i < item->count; i++)
		if (strcmp(item->of[i].name, name) == 0)
			return i;
	fail_msg("an item has no %s", name);
	return 0;
}

static void copy_member(const struct listed *item, const char *name, const struct hf_api_member *m,
                        unsigned char *to)
{
	const size_t i = find_member(item, name);
	if (m->type == HF_API_KEY)
		memcpy(to, &(struct hf_bytes){item->of[i].bytes, item->of[i].len}, m->size);
	else
		memcpy(to, &item->of[i].bits, m->size);
}

/* --- Pages ------------------------------------------------------------------------------------ */

/* Into `after` of the arguments; `one` is room for what that points to. */
static void put_after(const struct listing *listing, const struct listed_from *from,
                      struct op_args *args)
{
	const struct hf_api_member *m = member_of(args->call->takes, "after");
	assert_non_null(m);
	unsigned char *at = args->args + m->offset, *one = args->one;
	const struct listed *item = from->after;
	if (m->type == HF_API_ONE)
		memcpy(at, &(void *){one}, sizeof(void *));
	if (from->position) {
		memcpy(m->type == HF_API_ONE ? one : at, from->position,
		       m->type == HF_API_ONE ? m->of->size : m->size);
	} else if (m->type == HF_API_ONE) {
		for (const struct hf_api_member *p = m->of->members; p->name; p++)
			copy_member(item, strcmp(p->name, "at") == 0 ? listing->at : p->name, p,
			            one + p->offset);
	} else if (m->type == HF_API_KEY) {
		copy_member(item, "name", m, at);
	} else if (item->place) {
		memcpy(at, &item->place, sizeof item->place);
	} else {
		copy_member(item, "version", m, at);
	}
}

static void keep_page(const struct hf_api_struct *of, const struct op_answer *answer,
                      struct listed_page *out)
{
	const struct hf_api_member *items = of->members, *next = member_of(of, "next"),
	                           *places = member_of(of, "places");
	while (items->type != HF_API_MANY)
		items++;
	const unsigned char *first =
	    *(const unsigned char *const *)(const void *)(answer->bytes + items->offset);
	const hf_lsn *place =
	    places ? *(const hf_lsn *const *)(const void *)(answer->bytes + places->offset) : NULL;
	const char *token = *(const char *const *)(const void *)(answer->bytes + next->offset);
	memcpy(&out->count, answer->bytes + items[1].offset, sizeof out->count);
	assert_true(out->count <= LISTED_MAX);
	for (size_t i = 0; i < out->count; i++) {
		keep_item(items->of, first + i * items->of->size, &out->items[i]);
		out->items[i].place = place ? place[i] : 0;
	}
	(void)snprintf(out->next, sizeof out->next, "%s", token ? token : "");
}

int listing_read(struct op_scene *scene, const struct listing *listing, struct listed_from from,
                 size_t limit, struct listed_page *out)
{
	static struct op_args args;
	struct op_answer answer;
	*out = (struct listed_page){0};
	op_fill(&args, listing->list, NULL);
	const struct hf_api_struct *takes = args.call->takes;
	memcpy(args.args + member_of(takes, "limit")->offset, &limit, sizeof limit);
	memcpy(args.args + member_of(takes, "page")->offset, &from.page, sizeof from.page);
	if (from.after || from.position)
		put_after(listing, &from, &args);
	memset(&answer, 0, sizeof answer);
	memcpy(answer.bytes, &args.call->fills->size, sizeof args.call->fills->size);
	typedef int (*read)(hf_store *, const void *, unsigned, void *, struct hf_error *);
	const int rc = ((read)args.call->function)(scene->store, args.args, 0, answer.bytes, NULL);
	if (rc == HF_OK)
		keep_page(args.call->fills, &answer, out);
	op_release(args.call, &answer);
	return rc;
}

const char *listed_names(const struct listed_page *page)
{
	static char names[2][LISTED_MAX * 128];
	static unsigned turn;
	char *out = names[turn++ % 2];
	size_t len = 0;
	out[0] = '\0';
	for (size_t i = 0; i < page->count; i++)
		len += (size_t)snprintf(out + len, sizeof names[0] - len, "%s%s", i ? "," : "",
		                        page->items[i].name);
	return out;
}

/* --- Removing --------------------------------------------------------------------------------- */

static bool item_word(void *ctx, const char *word, size_t index, struct op_value *out)
{
	const struct listed *item = ctx;
	const size_t i = find_member(item, word);
	(void)index;
	*out = (struct op_value){.number = (int64_t)item->of[i].bits,
	                         .bytes = {item->of[i].bytes, item->of[i].len}};
	return true;
}

void listing_remove(struct op_scene *scene, const struct listing *listing,
                    const struct listed *item)
{
	scene->word = item_word;
	scene->ctx = (void *)(uintptr_t)item;
	assert_int_equal(op_scene_do(scene, listing->gone), HF_OK);
	scene->word = NULL;
}
