/* See list.h. */
#include "domains/common/list.h"

union position {
	uint8_t bytes[HF__POSITION_MAX];
	uint64_t aligned;
};

/* --- Tokens ----------------------------------------------------------------------------------- */

int hf__query_end(struct hf__writer *w, uint64_t *query)
{
	const int rc = w->bad ? HF_ENOMEM : HF_OK;
	*query = hf__query_hash(w);
	hf__writer_deinit(w);
	return rc;
}

static bool lone_part(const struct hf__fields *token)
{
	return token->count == 1 && token->of[0].kind == HF__FIELD_PART;
}

static void put_position(struct hf__writer *w, const struct hf__fields *token,
                         const uint8_t *position)
{
	for (const struct hf__field *field = token->of; field < token->of + token->count; field++) {
		const void *from = position + field->at;
		if (field->kind == HF__FIELD_I64)
			hf__put_i64(w, *(const int64_t *)from);
		else if (field->kind == HF__FIELD_U64)
			hf__put_u64(w, *(const uint64_t *)from);
		else if (field->kind == HF__FIELD_F64)
			hf__put_f64(w, *(const double *)from);
		else if (lone_part(token))
			hf__put_bytes(w, *(const struct hf_bytes *)from);
		else
			hf__put_short(w, *(const struct hf_bytes *)from);
	}
}

static bool get_position(struct hf_bytes bytes, const struct hf__fields *token, uint8_t *position)
{
	struct hf__reader r = hf__reader(bytes);
	for (const struct hf__field *field = token->of; field < token->of + token->count; field++) {
		void *to = position + field->at;
		if (field->kind == HF__FIELD_I64)
			*(int64_t *)to = hf__get_i64(&r);
		else if (field->kind == HF__FIELD_U64)
			*(uint64_t *)to = hf__get_u64(&r);
		else if (field->kind == HF__FIELD_F64)
			*(double *)to = hf__get_f64(&r);
		else if (lone_part(token))
			*(struct hf_bytes *)to = hf__get_bytes(&r, bytes.len);
		else
			*(struct hf_bytes *)to = hf__get_short(&r);
	}
	return hf__reader_done(&r);
}

static int check_part(struct hf__query *q, struct hf_bytes part)
{
	if (hf__key_part_ok(part, true))
		return HF_OK;
	return hf__refuse(&q->why, HF_EINVAL, "after: a part must have at most %u bytes and no NUL",
	                  HF_KEY_MAX);
}

int hf__after_fixed(struct hf__query *q, const char *name, struct hf_bytes fixed,
                    struct hf_bytes *part)
{
	int rc = check_part(q, *part);
	if (rc == HF_OK && part->len > 0 && !hf__bytes_equal(*part, fixed))
		rc =
		    hf__refuse(&q->why, HF_EINVAL,
		               "after: another %s than the list's: it is a position of another list", name);
	*part = fixed;
	if (rc != HF_OK)
		hf__query_refuses(q);
	return rc;
}

/* I-LIST-1: from here on nothing tells it from the position of a token. */
static int take_after(struct hf__query *q, const struct hf__listing *l, union position *position)
{
	const struct hf__fields *token = &l->list->token;
	const uint8_t *given = l->after;
	if (l->page && l->page[0])
		return hf__refuse(&q->why, HF_EINVAL, HF__PAGE_AND_AFTER);
	for (const struct hf__field *field = token->of; field < token->of + token->count; field++) {
		const void *at = given + field->at;
		const int rc =
		    field->kind == HF__FIELD_PART ? check_part(q, *(const struct hf_bytes *)at) : HF_OK;
		if (rc != HF_OK)
			return rc;
	}
	memcpy(position, given, l->list->position);
	return HF_OK;
}

/* *resumed: the position is where the page before ended, or what the caller begins behind; else it
 * begins at the start. */
static int open_token(struct hf__query *q, const struct hf__listing *l, union position *position,
                      bool *resumed)
{
	const struct hf__list *list = l->list;
	struct hf__page page;
	*resumed = l->after != NULL;
	if (l->after)
		return take_after(q, l, position);
	const int rc = hf__page_open(q->answer, l->page, l->query, &page);
	if (rc == HF_EINVAL)
		hf__text_add(&q->why, "%s", list->foreign);
	*resumed = rc == HF_OK && page.after.len > 0;
	if (!*resumed)
		return rc;
	/* What is not in the token is the range's. */
	if (l->range.at)
		memcpy(position, l->range.at, list->position);
	if (get_position(page.after, &list->token, position->bytes))
		return HF_OK;
	return hf__refuse(&q->why, HF_EINVAL, "%s", list->damaged ? list->damaged : list->foreign);
}

static int put_token(struct hf__query *q, struct hf__listing *l, const void *last)
{
	const struct hf__list *list = l->list;
	union position position = {0};
	struct hf__writer w = {0};
	hf__fields_position(list->place ? list->place : &l->range.index->type->fields, last,
	                    position.bytes);
	put_position(&w, &list->token, position.bytes);
	const int rc =
	    w.bad ? HF_ENOMEM
	          : hf__page_token(q->answer, l->query, hf_bytes_of(w.data, w.len), &l->got.next);
	hf__writer_deinit(&w);
	return rc;
}

/* --- The walk: over the range, or what the list's own walk gives ------------------------------ */

struct walk {
	const struct hf__listing *listing;
	struct hf__index_at at; /* of a range */
	const void *object; /* NULL: the end */
	const void *passed; /* the newest that was not wanted */
	unsigned left; /* so many more of these may be */
	bool stopped; /* at `passed` */
};

static void walk_step(struct walk *walk)
{
	const struct hf__listing *l = walk->listing;
	if (!l->list->next)
		walk->at = hf__range_next(&l->range, walk->at);
	walk->object = l->list->next ? l->list->next(l->ctx, walk->object) : hf__index_object(walk->at);
}

/* On to what is wanted. I-LIST-3: or not so far. */
static void walk_settle(struct walk *walk)
{
	const struct hf__listing *l = walk->listing;
	while (l->wanted && walk->object && !l->wanted(walk->object, l->ctx)) {
		walk->passed = walk->object;
		walk->stopped = l->limit > 0 && --walk->left == 0;
		if (walk->stopped)
			walk->object = NULL;
		else
			walk_step(walk);
	}
}

static void walk_begin(struct walk *walk, const void *after)
{
	const struct hf__listing *l = walk->listing;
	if (!l->list->first && l->range.index)
		walk->at = hf__range_first(&l->range, after);
	walk->object = l->list->first ? l->list->first(l->ctx, after) : hf__index_object(walk->at);
	walk->left = HF__LOOK_MAX;
	walk->stopped = false;
	walk_settle(walk);
}

static void walk_on(struct walk *walk)
{
	walk_step(walk);
	walk_settle(walk);
}

int hf__list_page(struct hf__query *q, struct hf__listing *l)
{
	union position position = {0};
	bool resumed;
	if (q->answer->dry) {
		hf__query_depends(q, l->depends);
		return HF_OK;
	}
	int rc = open_token(q, l, &position, &resumed);
	if (rc != HF_OK) {
		hf__query_refuses(q);
		return rc;
	}
	hf__query_depends(q, l->depends);
	const void *after = resumed ? position.bytes : NULL, *last = NULL;
	struct walk walk = {.listing = l};
	for (walk_begin(&walk, after); walk.object && (l->limit == 0 || l->got.count < l->limit);
	     walk_on(&walk))
		l->got.count++;
	uint8_t *item = l->got.items = hf__answer_items(q->answer, l->got.count * l->list->item);
	if (!item)
		return HF_ENOMEM;
	walk_begin(&walk, after);
	for (size_t i = 0; i < l->got.count; i++, item += l->list->item, walk_on(&walk)) {
		last = walk.object;
		rc = l->list->copy(q, last, l->ctx, item);
		if (rc != HF_OK)
			return rc;
	}
	l->end = walk.stopped ? walk.passed : walk.object ? last : NULL;
	return l->end ? put_token(q, l, l->end) : HF_OK;
}

int hf__list_into(struct hf__query *q, struct hf__listing *l, void *page)
{
	const int rc = hf__list_page(q, l);
	memcpy(page, &l->got, sizeof l->got);
	return rc;
}
