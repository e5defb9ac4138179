/* Lists of an outbox, in enqueue order. They show views: an item whose claim is over is queued,
 * logged or not.
 *
 * Without a predicate a page is one read. With one it is several short ones, since the predicate
 * is called outside every lock: it is asked about copies, and what matched is copied again into
 * one answer. A page token holds the seq of the last item given. */
#include "domains/common/list.h"
#include "domains/common/objects.h"
#include "domains/common/read.h"
#include "domains/common/whole.h"
#include "domains/outbox/verb.h"
#include "store/call/error.h"

/* --- Lists ------------------------------------------------------------------------------------ */

/* What a page of a list is asked for, and what it gives. */
struct page {
	const struct hf_outbox_list_args *args;
	uint64_t query;
	const char *token; /* where it begins, or NULL: ... */
	uint64_t after; /* ... after this seq */
	size_t limit; /* 0: all */
	struct hf_outbox_item *items;
	struct hf_outbox_place *places; /* of the items: their seqs */
	size_t count;
	bool more;
	uint64_t end; /* the seq behind which the next page begins */
};

static int query_of(const struct hf_outbox_list_args *args, uint64_t *query)
{
	struct hf__writer w = {0};
	hf__put_u8(&w, HF__DOMAIN_OUTBOX);
	hf__put_short(&w, hf_str("list"));
	hf__put_short(&w, args->queue);
	hf__put_short(&w, args->id_prefix);
	hf__put_u8(&w, (uint8_t)args->status);
	return hf__query_end(&w, query);
}

static int check_list(const struct hf_outbox_list_args *args, struct hf__text *why)
{
	int rc = hf__check_part("queue", args->queue, false, why);
	if (rc == HF_OK)
		rc = hf__check_part("id_prefix", args->id_prefix, true, why);
	if (rc != HF_OK || (unsigned)args->status <= HF_OUTBOX_FAILED)
		return rc;
	return hf__refuse(why, HF_EINVAL, "no such status: %d", (int)args->status);
}

/* Where the page begins: a token holds the seq of the item before, as a caller may do. */
static int find_start(struct hf__query *q, struct page *page)
{
	struct hf__page opened;
	if (!page->token || q->answer->dry)
		return HF_OK;
	if (page->args->after > 0 && page->token[0])
		return hf__refuse(&q->why, HF_EINVAL, HF__PAGE_AND_AFTER);
	int rc = hf__page_open(q->answer, page->token, page->query, &opened);
	if (rc == HF_OK && opened.after.len != 0 && opened.after.len != sizeof page->after)
		rc = HF_EINVAL;
	if (rc == HF_EINVAL)
		hf__text_add(&q->why, "the page token is damaged or belongs to another list");
	if (rc == HF_OK && opened.after.len > 0)
		page->after = hf__load_u64(opened.after.data);
	return rc;
}

/* A walk past the items without the prefix; a page with a limit passes over HF__LOOK_MAX. */
struct look {
	struct hf__outbox_walk walk;
	const struct page *page;
	unsigned left;
	uint64_t stopped; /* at the item with this seq; 0: not */
};

static struct look look_begin(const struct hf__query *q, const struct hf__outbox_queue *queue,
                              const struct page *page)
{
	struct look look = {.page = page, .left = HF__LOOK_MAX};
	hf__outbox_walk_begin(&look.walk, queue, page->args->status, HF__OUTBOX_TIME(q), page->after);
	return look;
}

/* NULL: no more, or it stopped. */
static const struct hf__outbox_item *look_next(struct look *look)
{
	const struct hf__outbox_item *item = NULL;
	while (!look->stopped && (item = hf__outbox_walk_next(&look->walk)) != NULL &&
	       !hf__begins_with(hf__outbox_id(item), look->page->args->id_prefix))
		if (look->page->limit > 0 && --look->left == 0)
			look->stopped = item->value.seq;
	return look->stopped ? NULL : item;
}

/* How many items the page has: only these are reserved, however many others the queue holds. */
static size_t count_page(const struct hf__query *q, const struct hf__outbox_queue *queue,
                         struct page *page)
{
	struct look look = look_begin(q, queue, page);
	size_t count = 0;
	while ((page->more = look_next(&look) != NULL) && (page->limit == 0 || count < page->limit))
		count++;
	page->more = page->more || look.stopped;
	page->end = look.stopped;
	return count;
}

static int fill_page(struct hf__query *q, const struct hf__outbox_queue *queue, struct page *page)
{
	const size_t room = count_page(q, queue, page);
	struct look look = look_begin(q, queue, page);
	struct hf_bytes name;
	page->items = hf__answer_items(q->answer, room * sizeof *page->items);
	page->places = hf__answer_items(q->answer, room * sizeof *page->places);
	if (!page->items || !page->places ||
	    hf__answer_bytes(q->answer, hf__container_name(queue), &name) != HF_OK)
		return HF_ENOMEM;
	for (; page->count < room; page->count++) {
		const struct hf__outbox_item *item = look_next(&look);
		const int rc = hf__outbox_answer(q->answer, item, name, look.walk.t,
		                                 page->args->without_payload, &page->items[page->count]);
		if (rc != HF_OK)
			return rc;
		page->places[page->count].place = item->value.seq;
	}
	if (page->end == 0)
		page->end = room > 0 ? page->places[room - 1].place : page->after;
	return HF_OK;
}

/* Claims that are over: what they left is seen elsewhere, logged or not. */
static size_t count_over(const struct hf__outbox_queue *queue, struct hf__outbox_time t)
{
	size_t count = 0;
	for (const struct hf__outbox_item *item = hf__outbox_first_over(queue, t); item;
	     item = hf__outbox_next_over(item, t))
		count++;
	return count;
}

static int read_page(struct hf__query *q, void *raw)
{
	struct page *page = raw;
	int rc = check_list(page->args, &q->why);
	if (rc == HF_OK)
		rc = query_of(page->args, &page->query);
	if (rc == HF_OK)
		rc = find_start(q, page);
	if (rc != HF_OK) {
		hf__query_refuses(q);
		return rc;
	}
	const struct hf__outbox_queue *queue = hf__query_in(q, page->args->queue);
	if (queue && hf__query_seen(q))
		hf__query_sees(q, count_over(queue, HF__OUTBOX_TIME(q)));
	return queue && !q->answer->dry ? fill_page(q, queue, page) : HF_OK;
}

/* For a dry answer. */
static void *copy_page(struct hf__arena *arena, const void *raw)
{
	struct page *copy = hf__arena_copy(arena, raw, sizeof *copy);
	if (!copy)
		return NULL;
	copy->args = hf__copy_args(arena, copy->args, sizeof *copy->args, &hf__api_outbox_list_args);
	return copy->args ? copy : NULL;
}

static const struct hf__asking first_page = {
    .domain = HF__DOMAIN_OUTBOX, .read = read_page, .copy = copy_page};
/* Of a list that several pages make: had the queue changed since the first, that one would tell. */
static const struct hf__asking later_page = {
    .domain = HF__DOMAIN_OUTBOX, .read = read_page, .copy = copy_page, .covered = true};

static int put_token(struct hf__answer *answer, uint64_t query, uint64_t seq, const char **out)
{
	uint8_t position[sizeof seq];
	hf__store_u64(position, seq);
	return hf__page_token(answer, query, hf_bytes_of(position, sizeof position), out);
}

/* --- Lists without a limit: domains/common/whole.h -------------------------------------------- */

struct gathered {
	struct hf__whole items, places; /* the steps are of the items */
};

/* What one step gave; the scratch that it lies in goes with the items. */
static int take(struct page *page, struct gathered *all)
{
	page->after = page->end;
	page->token = NULL;
	const int rc = hf__whole_take(&all->places, page->places, page->count);
	return rc == HF_OK ? hf__whole_take(&all->items, page->items, page->count) : rc;
}

static int give(struct page *page, struct gathered *all, struct hf__answer *answer)
{
	page->count = all->items.count;
	const int rc = hf__whole_give(&all->places, answer, &page->places);
	return rc == HF_OK ? hf__whole_give(&all->items, answer, &page->items) : rc;
}

/* Once through the list. HF_OK with stepping.moved: there is no answer. */
static int gather(hf_store *store, struct page *page, unsigned flags, struct hf__answer *answer,
                  struct gathered *all, struct hf_error *error)
{
	struct hf__asking step = first_page;
	bool first = true;
	int rc = HF_OK;
	step.stepping = &all->items.stepping;
	do {
		page->count = 0;
		page->more = false;
		page->limit = HF__WHOLE_STEP;
		const int got = hf__read(store, &step, page, flags, answer, error);
		if (got != HF_OK || step.stepping->moved) {
			hf__answer_reset(answer);
			return got;
		}
		if (!page->more && first)
			return HF_OK; /* they are all, and where they belong */
		first = false;
		rc = take(page, all);
	} while (page->more && rc == HF_OK);
	if (rc == HF_OK)
		rc = give(page, all, answer);
	if (rc == HF_OK)
		return rc;
	hf__answer_reset(answer);
	return hf__fail(error, rc, 0, "no memory for the answer");
}

/* *done: it was; else the queue changes too often. */
static int read_in_steps(hf_store *store, struct page *page, unsigned flags,
                         struct hf__answer *answer, bool *done, struct hf_error *error)
{
	const struct page given = *page;
	struct gathered all = {{.item = sizeof *page->items}, {.item = sizeof *page->places}};
	int rc = HF_OK;
	for (unsigned i = 0; i < HF__WHOLE_TRIES && !*done; i++) {
		struct hf_error mine = {0}; /* tries that were not the last one must not show */
		*page = given;
		rc = gather(store, page, flags, answer, &all, &mine);
		*done = !all.items.stepping.moved;
		if (*done && rc != HF_OK && error)
			*error = mine;
		hf__whole_reset(&all.items);
		hf__whole_reset(&all.places);
	}
	if (!*done)
		*page = given;
	return rc;
}

/* --- Lists without a predicate ---------------------------------------------------------------- */

static int list_plain(hf_store *store, struct page *page, unsigned flags,
                      struct hf_outbox_items *out, struct hf_error *error)
{
	struct hf__answer answer;
	struct hf_outbox_items list = {0};
	bool done = false;
	int rc = HF_OK;
	if (page->args->limit == 0 && hf__may_step(store))
		rc = read_in_steps(store, page, flags, &answer, &done, error);
	if (!done) {
		page->limit = page->args->limit;
		rc = hf__read(store, &first_page, page, flags, &answer, error);
	}
	if (rc != HF_OK)
		return rc;
	list.items = page->items;
	list.count = list.places_count = page->count;
	list.places = page->places;
	if (page->more && put_token(&answer, page->query, page->end, &list.next) != HF_OK) {
		hf__answer_reset(&answer);
		return hf__fail(error, HF_ENOMEM, 0, "no memory for the answer");
	}
	rc = hf__give_memory(&answer, &list.memory, error);
	if (rc == HF_OK)
		*out = list;
	return rc;
}

/* --- Lists with a predicate ------------------------------------------------------------------- */

/* Items that were asked about at a time: read with their payloads, so not many. */
#define MATCH_STEP 64u

/* What matched so far: copies, since the pages they were found on are released. */
struct matches {
	struct hf__answer memory;
	struct hf_outbox_item *items; /* heap */
	struct hf_outbox_place *places; /* heap */
	size_t count, cap;
	struct hf_bytes queue; /* its name, copied once */
};

static bool grow(struct matches *matches)
{
	if (matches->count < matches->cap)
		return true;
	const size_t cap = matches->cap ? matches->cap * 2 : MATCH_STEP;
	struct hf_outbox_item *items = hf__realloc(matches->items, cap * sizeof *items);
	if (!items)
		return false;
	matches->items = items;
	struct hf_outbox_place *places = hf__realloc(matches->places, cap * sizeof *places);
	if (!places)
		return false;
	matches->places = places;
	matches->cap = cap;
	return true;
}

static int keep_rerun(struct matches *matches, const struct hf_outbox_rerun *rerun,
                      const struct hf_outbox_rerun **out)
{
	struct hf_outbox_rerun *copy = hf__answer_alloc(&matches->memory, sizeof *copy);
	if (!copy)
		return HF_ENOMEM;
	*copy = *rerun;
	*out = copy;
	return hf__answer_bytes(&matches->memory, rerun->payload, &copy->payload);
}

static int keep_match(struct matches *matches, const struct hf_outbox_item *item, uint64_t seq)
{
	if (!grow(matches))
		return HF_ENOMEM;
	matches->places[matches->count].place = seq;
	struct hf_outbox_item *copy = &matches->items[matches->count];
	*copy = *item;
	int rc = matches->queue.data ? HF_OK
	                             : hf__answer_bytes(&matches->memory, item->queue, &matches->queue);
	for (const struct hf_api_member *m = hf__api_outbox_item.members; m->name && rc == HF_OK; m++) {
		struct hf_bytes *bytes = (void *)((uint8_t *)copy + m->offset);
		if (m->type == HF_API_KEY || m->type == HF_API_TEXT || m->type == HF_API_BYTES)
			rc = bytes == &copy->queue ? HF_OK : hf__answer_bytes(&matches->memory, *bytes, bytes);
	}
	copy->queue = matches->queue;
	if (rc == HF_OK && item->rerun)
		rc = keep_rerun(matches, item->rerun, &copy->rerun);
	matches->count += rc == HF_OK;
	return rc;
}

/* Asks about the items of one page. *full: the limit is reached; page->after is then the last
 * item asked about, and page->more says whether anything follows it. */
static int match_page(struct page *page, struct matches *matches, bool *full)
{
	const struct hf_outbox_list_args *args = page->args;
	for (size_t i = 0; i < page->count && !*full; i++) {
		page->after = page->places[i].place;
		if (!args->match(args->match_ctx, &page->items[i]))
			continue;
		const int rc = keep_match(matches, &page->items[i], page->after);
		if (rc != HF_OK)
			return rc;
		*full = args->limit > 0 && matches->count == args->limit;
		page->more = page->more || (*full && i + 1 < page->count);
	}
	if (!*full)
		page->after = page->end;
	page->token = NULL;
	return HF_OK;
}

static int collect_matches(hf_store *store, struct page *page, struct matches *matches,
                           unsigned flags, struct hf_error *error)
{
	const struct hf__asking *asking = &first_page;
	bool full = false;
	do {
		struct hf__answer answer;
		page->count = 0;
		page->more = false;
		page->limit = MATCH_STEP;
		int rc = hf__read(store, asking, page, flags, &answer, error);
		asking = &later_page;
		if (rc != HF_OK)
			return rc;
		rc = match_page(page, matches, &full);
		hf__answer_reset(&answer);
		if (rc != HF_OK)
			return hf__fail(error, rc, 0, "no memory for the answer");
	} while (page->more && !full);
	return HF_OK;
}

static int give_matches(const struct page *page, struct matches *matches,
                        struct hf_outbox_items *out, struct hf_error *error)
{
	struct hf_outbox_items list = {.count = matches->count};
	struct hf_outbox_item *items =
	    hf__answer_alloc(&matches->memory, matches->count * sizeof *items);
	struct hf_outbox_place *places =
	    hf__answer_alloc(&matches->memory, matches->count * sizeof *places);
	if (!items || !places ||
	    (page->more && put_token(&matches->memory, page->query, page->after, &list.next) != HF_OK))
		return hf__fail(error, HF_ENOMEM, 0, "no memory for the answer");
	if (matches->count > 0) {
		memcpy(items, matches->items, matches->count * sizeof *items);
		memcpy(places, matches->places, matches->count * sizeof *places);
	}
	list.items = items;
	list.places = places;
	list.places_count = matches->count;
	const int rc = hf__give_memory(&matches->memory, &list.memory, error);
	if (rc == HF_OK)
		*out = list;
	return rc;
}

static int list_matching(hf_store *store, struct page *page, unsigned flags,
                         struct hf_outbox_items *out, struct hf_error *error)
{
	struct matches matches = {.memory = {.store = store}};
	int rc = collect_matches(store, page, &matches, flags, error);
	if (rc == HF_OK)
		rc = give_matches(page, &matches, out, error);
	hf__answer_reset(&matches.memory); /* empty when it was given */
	hf__free(matches.items);
	hf__free(matches.places);
	return rc;
}

int hf_outbox_list(hf_store *store, const struct hf_outbox_list_args *args, unsigned flags,
                   struct hf_outbox_items *out, struct hf_error *error)
{
	HF__CALL;
	HF__TAKE(outbox_list_args, args);
	struct page page = {.args = args, .token = args->page, .after = args->after};
	struct hf_outbox_items list = {0};
	int rc = hf__took(&hf__api_outbox_list_args, args, error);
	if (rc == HF_OK)
		rc = hf__can_give(&hf__api_outbox_items, out, error);
	if (rc == HF_OK)
		rc = args->match ? list_matching(store, &page, flags, &list, error)
		                 : list_plain(store, &page, flags, &list, error);
	hf__give(&hf__api_outbox_items, out, &list);
	return rc;
}
