/* See names.h. One page of names, in byte order: a position is the last name given, so a walk goes
 * on behind it even when that is gone by then. */
#include "domains/common/names.h"

#include "domains/common/read.h"
#include "object/container.h"

struct request {
	const struct hf__names *names;
	const struct hf_names_args *args;
};

/* The walk: by name, past what holds nothing now. */
struct walk {
	const struct hf__names *names;
	const struct hf__index *index;
	struct hf__index_filter holding;
	struct hf__instant at;
	struct hf__index_at place; /* of the newest name */
};

/* From here on. */
static const void *settle_on(struct walk *walk, struct hf__index_at at)
{
	at = hf__index_pass(walk->index, at, &walk->holding);
	while (at.leaf && walk->names->listed && !walk->names->listed(hf__index_object(at), walk->at))
		at = hf__index_pass(walk->index, hf__index_next(at), &walk->holding);
	walk->place = at;
	return hf__index_object(at);
}

static const void *first(void *ctx, const void *after)
{
	struct walk *walk = ctx;
	return settle_on(walk,
	                 after ? hf__index_after(walk->index, after, 1) : hf__index_first(walk->index));
}

static const void *next(void *ctx, const void *container)
{
	struct walk *walk = ctx;
	(void)container; /* the newest one */
	return settle_on(walk, hf__index_next(walk->place));
}

static int copy(struct hf__query *q, const void *container, void *ctx, void *item)
{
	(void)ctx;
	return hf__answer_bytes(q->answer, hf__container_name(container), item);
}

static const struct hf__list list_of_names = {
    .item = sizeof(struct hf_bytes),
    .position = sizeof(struct hf_bytes),
    .token = {1, {{.kind = HF__FIELD_PART}}},
    .foreign = HF__FOREIGN_LIST,
    .copy = copy,
    .first = first,
    .next = next,
};

static int read_names(struct hf__query *q, const void *raw, void *to)
{
	const struct request *request = raw;
	const struct hf__names *names = request->names;
	struct hf_name_page *out = to;
	const struct hf__containers *containers = q->state;
	struct walk walk = {.names = names, .at = HF__INSTANT_OF(q)};
	struct hf__listing list = {.list = &list_of_names,
	                           .ctx = &walk,
	                           .page = request->args->page,
	                           .limit = request->args->limit,
	                           .after = request->args->after.len > 0 ? &request->args->after : NULL,
	                           .depends = &containers->root};
	walk.holding = hf__index_above(names->mono ? q->mono : q->now);
	walk.index = list.range.index = &containers->by_name;
	struct hf__writer w = {0};
	hf__put_u8(&w, names->domain);
	hf__put_short(&w, hf_str(names->operation));
	int rc = hf__query_end(&w, &list.query);
	return rc == HF_OK ? hf__list_into(q, &list, &out->items) : rc;
}

/* The names are static. */
static void *copy_request(struct hf__arena *arena, const void *raw)
{
	struct request *copy = hf__arena_copy(arena, raw, sizeof *copy);
	struct hf_names_args *args = hf__arena_alloc(arena, sizeof *args);
	if (!copy || !args)
		return NULL;
	copy->args = args; /* nothing of them is looked at */
	return copy;
}

int hf__names_list(struct hf_store *store, const struct hf__names *names,
                   const struct hf_names_args *args, unsigned flags, struct hf_name_page *out,
                   struct hf_error *error)
{
	const struct request request = {names, args};
	const struct hf__reading reading = {.domain = names->domain,
	                                    .read = read_names,
	                                    .size = sizeof *out,
	                                    .memory = offsetof(struct hf_name_page, memory),
	                                    .fills = &hf__api_name_page,
	                                    .copy = copy_request};
	const int rc = hf__took(&hf__api_names_args, args, error);
	if (rc != HF_OK) {
		hf__clear(&hf__api_name_page, out);
		return rc;
	}
	return hf__read_into(store, &reading, &request, flags, out, error);
}
