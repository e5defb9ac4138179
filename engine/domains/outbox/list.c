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

/* --- One page --------------------------------------------------------------------------------- */

/* What a page is asked for, and where its walk stands. */
struct walk {
	const struct hf_outbox_list_args *args;
	const struct hf__outbox_queue *queue; /* NULL: nothing is listed */
	struct hf__outbox_walk items;
	struct hf_bytes name; /* of the queue, in the answer */
	const struct hf__listed *got;
	struct hf_outbox_place *places; /* of the items: their seqs */
	size_t count; /* of these */
};

/* Behind a seq. */
static const void *first(void *ctx, const void *after)
{
	struct walk *walk = ctx;
	const uint64_t *seq = after;
	if (!walk->queue)
		return NULL;
	hf__outbox_walk_begin(&walk->items, walk->queue, walk->args->status, walk->items.t,
	                      seq ? *seq : 0);
	return hf__outbox_walk_next(&walk->items);
}

static const void *next(void *ctx, const void *item)
{
	struct walk *walk = ctx;
	(void)item; /* the newest one */
	return hf__outbox_walk_next(&walk->items);
}

static bool has_prefix(const void *item, const void *walk)
{
	return hf__begins_with(hf__outbox_id(item), ((const struct walk *)walk)->args->id_prefix);
}

static int copy_item(struct hf__query *q, const void *raw, void *ctx, void *out)
{
	struct walk *walk = ctx;
	const struct hf__outbox_item *item = raw;
	if (!walk->places)
		walk->places = hf__answer_items(q->answer, walk->got->count * sizeof *walk->places);
	if (!walk->places)
		return HF_ENOMEM;
	walk->places[walk->count++].place = item->value.seq;
	return hf__outbox_answer(q->answer, item, walk->name, walk->items.t,
	                         walk->args->without_payload, out);
}

static const struct hf__fields by_seq = {
    1, {{.kind = HF__FIELD_U64, .offset = offsetof(struct hf__outbox_item, value.seq)}}};

static const struct hf__list item_list = {
    .item = sizeof(struct hf_outbox_item),
    .position = sizeof(uint64_t),
    .token = {1, {{.kind = HF__FIELD_U64}}},
    .place = &by_seq,
    .foreign = HF__FOREIGN_LIST,
    .copy = copy_item,
    .first = first,
    .next = next,
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

/* Claims that are over: what they left is seen elsewhere, logged or not. */
static size_t count_over(const struct hf__outbox_queue *queue, struct hf__outbox_time t)
{
	size_t count = 0;
	for (const struct hf__outbox_item *item = hf__outbox_first_over(queue, t); item;
	     item = hf__outbox_next_over(item, t))
		count++;
	return count;
}

/* *end: the seq behind which the next page begins; 0: this is the last. */
static int read_page(struct hf__query *q, const struct hf_outbox_list_args *args,
                     struct hf_outbox_items *out, uint64_t *end)
{
	struct walk walk = {.args = args, .items.t = HF__OUTBOX_TIME(q)};
	struct hf__listing list = {.list = &item_list,
	                           .ctx = &walk,
	                           .page = args->page,
	                           .limit = args->limit,
	                           .after = args->after > 0 ? &args->after : NULL,
	                           .wanted = args->id_prefix.len > 0 ? has_prefix : NULL};
	int rc = check_list(args, &q->why);
	if (rc == HF_OK)
		rc = query_of(args, &list.query);
	if (rc == HF_OK)
		rc = hf__answer_bytes(q->answer, args->queue, &walk.name);
	if (rc != HF_OK)
		return rc;
	walk.queue = hf__container_find(q->state, args->queue);
	walk.got = &list.got;
	list.depends = hf__container_depends(q->state, walk.queue, args->queue);
	if (walk.queue && hf__query_seen(q))
		hf__query_sees(q, count_over(walk.queue, walk.items.t));
	rc = hf__list_into(q, &list, &out->items);
	out->places = walk.places;
	out->places_count = walk.count;
	*end = list.end ? ((const struct hf__outbox_item *)list.end)->value.seq : 0;
	return rc;
}

static int read_list(struct hf__query *q, const void *args, void *out)
{
	uint64_t end;
	return read_page(q, args, out, &end);
}

/* --- Lists with a predicate ------------------------------------------------------------------- */

/* Items that were asked about at a time: read with their payloads, so not many. */
#define MATCH_STEP 64u

/* What matched so far: copies, since the pages they were found on are released. */
struct matches {
	struct hf__answer memory;
	struct hf__whole all;
	struct hf_bytes queue; /* its name, copied once */
};

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

static int keep_match(struct matches *matches, const struct hf_outbox_item *item,
                      const struct hf_outbox_place *place)
{
	struct hf_outbox_item copy = *item;
	const struct hf_outbox_items one = {
	    .items = &copy, .count = 1, .places = place, .places_count = 1};
	int rc = matches->queue.data ? HF_OK
	                             : hf__answer_bytes(&matches->memory, item->queue, &matches->queue);
	for (const struct hf_api_member *m = hf__api_outbox_item.members; m->name && rc == HF_OK; m++) {
		struct hf_bytes *bytes = (void *)((uint8_t *)&copy + m->offset);
		if (m->type == HF_API_KEY || m->type == HF_API_TEXT || m->type == HF_API_BYTES)
			rc = bytes == &copy.queue ? HF_OK : hf__answer_bytes(&matches->memory, *bytes, bytes);
	}
	copy.queue = matches->queue;
	if (rc == HF_OK && item->rerun)
		rc = keep_rerun(matches, item->rerun, &copy.rerun);
	return rc == HF_OK ? hf__whole_take(&matches->all, &one) : rc;
}

/* One page of them. */
struct step {
	struct hf_outbox_list_args args;
	struct hf_outbox_items got;
	uint64_t end; /* behind which the next one begins; 0: it is the last */
};

static int read_step(struct hf__query *q, void *raw)
{
	struct step *step = raw;
	return read_page(q, &step->args, &step->got, &step->end);
}

/* For a dry answer. */
static void *copy_step(struct hf__arena *arena, const void *raw)
{
	struct step *copy = hf__arena_copy(arena, raw, sizeof *copy);
	return copy && hf__copy_borrowed(arena, &copy->args, &hf__api_outbox_list_args) ? copy : NULL;
}

/* Asks about the items of one page. *full: the limit is reached; step->end is then the last one
 * asked about, if anything follows it. */
static int match_step(struct step *step, const struct hf_outbox_list_args *args,
                      struct matches *matches, bool *full)
{
	for (size_t i = 0; i < step->got.count && !*full; i++) {
		const struct hf_outbox_place *place = &step->got.places[i];
		if (!args->match(args->match_ctx, &step->got.items[i]))
			continue;
		const int rc = keep_match(matches, &step->got.items[i], place);
		if (rc != HF_OK)
			return rc;
		*full = args->limit > 0 && matches->all.of[0].count == args->limit;
		if (*full && (step->end > 0 || i + 1 < step->got.count))
			step->end = place->place;
	}
	return HF_OK;
}

/* *end: as in a step, of all of them. */
static int collect_matches(hf_store *store, const struct hf_outbox_list_args *args,
                           struct matches *matches, unsigned flags, uint64_t *end,
                           struct hf_error *error)
{
	/* Had the queue changed since the first step, that one would tell. */
	struct hf__asking asking = {.domain = HF__DOMAIN_OUTBOX, .read = read_step, .copy = copy_step};
	struct step step = {.args = *args};
	bool full = false;
	step.args.limit = MATCH_STEP;
	do {
		struct hf__answer answer;
		step.got = (struct hf_outbox_items){0};
		int rc = hf__read(store, &asking, &step, flags, &answer, error);
		if (rc != HF_OK)
			return rc;
		rc = match_step(&step, args, matches, &full);
		hf__answer_reset(&answer);
		if (rc != HF_OK)
			return hf__fail(error, rc, 0, "no memory for the answer");
		asking.covered = true;
		step.args.page = NULL;
		step.args.after = step.end;
	} while (step.end > 0 && !full);
	*end = step.end;
	return HF_OK;
}

static int put_token(struct hf__answer *answer, const struct hf_outbox_list_args *args,
                     uint64_t seq, const char **out)
{
	uint8_t position[sizeof seq];
	uint64_t query;
	hf__store_u64(position, seq);
	const int rc = query_of(args, &query);
	return rc == HF_OK ? hf__page_token(answer, query, hf_bytes_of(position, sizeof position), out)
	                   : rc;
}

static int give_matches(const struct hf_outbox_list_args *args, uint64_t end,
                        struct matches *matches, struct hf_outbox_items *out,
                        struct hf_error *error)
{
	struct hf_outbox_items list = {0};
	if (hf__whole_give(&matches->all, &matches->memory, &list) != HF_OK ||
	    (end > 0 && put_token(&matches->memory, args, end, &list.next) != HF_OK))
		return hf__fail(error, HF_ENOMEM, 0, "no memory for the answer");
	const int rc = hf__give_memory(&matches->memory, &list.memory, error);
	if (rc == HF_OK)
		*out = list;
	return rc;
}

static int list_matching(hf_store *store, const struct hf_outbox_list_args *args, unsigned flags,
                         struct hf_outbox_items *out, struct hf_error *error)
{
	struct matches matches = {.memory = {.store = store}};
	uint64_t end = 0;
	hf__whole_begin(&matches.all, &hf__api_outbox_items);
	int rc = collect_matches(store, args, &matches, flags, &end, error);
	if (rc == HF_OK)
		rc = give_matches(args, end, &matches, out, error);
	hf__answer_reset(&matches.memory); /* empty when it was given */
	hf__whole_reset(&matches.all);
	return rc;
}

/* --- Public ----------------------------------------------------------------------------------- */

static const struct hf__reading list_reading = {
    .domain = HF__DOMAIN_OUTBOX,
    .read = read_list,
    .size = sizeof(struct hf_outbox_items),
    .memory = offsetof(struct hf_outbox_items, memory),
    .takes = &hf__api_outbox_list_args,
    .fills = &hf__api_outbox_items,
    .limit = offsetof(struct hf_outbox_list_args, limit),
    .page = offsetof(struct hf_outbox_list_args, page),
};

int hf_outbox_list(hf_store *store, const struct hf_outbox_list_args *args, unsigned flags,
                   struct hf_outbox_items *out, struct hf_error *error)
{
	HF__CALL;
	const struct hf_outbox_list_args *given = args;
	HF__TAKE(outbox_list_args, args);
	if (!args->match)
		return hf__read_into(store, &list_reading, given, flags, out, error);
	struct hf_outbox_items list = {0};
	int rc = hf__took(&hf__api_outbox_list_args, args, error);
	if (rc == HF_OK)
		rc = hf__can_give(&hf__api_outbox_items, out, error);
	if (rc == HF_OK)
		rc = list_matching(store, args, flags, &list, error);
	hf__give(&hf__api_outbox_items, out, &list);
	return rc;
}
