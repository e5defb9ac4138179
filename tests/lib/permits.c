/* See permits.h. */
#include "lib/permits.h"

#include <stddef.h>

#include "log/entry.h"

enum { DOMAIN = 9, SET = 1 };

struct boxes;
struct box {
	struct hf__object object;
	struct boxes *boxes;
	uint64_t number;
	struct {
		uint32_t permits;
	} value;
};

struct boxes {
	struct box *box[PERMITS_BOXES]; /* NULL: never filled */
};

static uint64_t key_of(uint64_t number)
{
	return hf__wait_key(DOMAIN, number);
}

static uint64_t box_key(const struct hf__object *object)
{
	return key_of(((const struct box *)object)->number);
}

static void box_enlist(struct hf__object *object)
{
	struct box *box = (struct box *)object;
	box->boxes->box[box->number] = box;
}

static void box_delist(struct hf__object *object)
{
	struct box *box = (struct box *)object;
	box->boxes->box[box->number] = NULL;
}

static void box_free(struct hf__object *object)
{
	hf__free(object);
}

static const struct hf__type box_type = {
    .name = "box",
    .value_offset = offsetof(struct box, value),
    .value_size = sizeof((struct box *)NULL)->value,
    .enlist = box_enlist,
    .delist = box_delist,
    .free = box_free,
    .wait_key = box_key,
};

static int boxes_init(void *state, const struct hf__domain_env *env)
{
	(void)state;
	(void)env;
	return HF_OK;
}

static void boxes_deinit(void *raw)
{
	struct boxes *state = raw;
	for (unsigned i = 0; i < PERMITS_BOXES; i++)
		if (state->box[i])
			hf__object_free(&state->box[i]->object);
}

static int boxes_apply(void *raw, struct hf__change *change, const struct hf__entry *entry)
{
	struct boxes *state = raw;
	struct hf__reader r = hf__reader(entry->body);
	const uint8_t number = hf__get_u8(&r);
	const uint32_t permits = hf__get_u32(&r);
	if (!hf__reader_done(&r) || number >= PERMITS_BOXES || entry->kind != SET)
		return HF_ECORRUPT;
	struct box *box = state->box[number];
	if (box) {
		if (hf__before_change(change, &box->object) != HF_OK)
			return HF_ENOMEM;
		box->value.permits = permits;
		hf__after_change(change, &box->object);
		return HF_OK;
	}
	box = hf__alloc(sizeof *box);
	if (!box)
		return HF_ENOMEM;
	hf__object_is(&box->object, &box_type);
	box->boxes = state;
	box->number = number;
	box->value.permits = permits;
	return hf__change_add(change, &box->object);
}

static void boxes_describe(const struct hf__entry *entry, struct hf__text *out)
{
	hf__text_add(out, "permits, kind %u", entry->kind);
}

static int boxes_verify(const void *state, struct hf__text *why)
{
	(void)state;
	(void)why;
	return HF_OK;
}

static const struct hf__domain boxes_row = {
    .id = DOMAIN,
    .name = "boxes",
    .state_size = sizeof(struct boxes),
    .init = boxes_init,
    .deinit = boxes_deinit,
    .apply = boxes_apply,
    .describe = boxes_describe,
    .verify = boxes_verify,
};
static const struct hf__domain *const rows[] = {&boxes_row};

const struct hf__domains *permits_domains(void)
{
	static const struct hf__domains domains = {rows, 1};
	return &domains;
}

uint32_t permits_in(const void *state, unsigned box)
{
	const struct boxes *boxes = state;
	return boxes->box[box] ? boxes->box[box]->value.permits : 0;
}

static int move_check(const void *raw, struct hf__text *why)
{
	const struct permits_move *move = raw;
	if (move->box < PERMITS_BOXES)
		return HF_OK;
	hf__text_add(why, "no such box");
	return HF_EINVAL;
}

static int move_decide(void *raw, struct hf__decision *d, const void *args,
                       struct hf_result *result)
{
	const struct boxes *state = raw;
	const struct permits_move *move = args;
	const struct box *box = state->box[move->box];
	const uint32_t permits = box ? box->value.permits : 0;
	hf__depends(d, box ? &box->object : NULL);
	if (move->take > 0 && (d->now < move->opens_at || permits < move->take ||
	                       hf__wait_behind(d, key_of(move->box)))) {
		hf__wait_on(d, key_of(move->box), d->now < move->opens_at ? move->opens_at : INT64_MAX);
		hf__text_add(&d->why, "%u permits", permits);
		return HF_EBLOCKED;
	}
	struct hf__writer *w = hf__entry_body(d);
	hf__put_u8(w, (uint8_t)move->box);
	hf__put_u32(w, permits - move->take + move->give);
	result->changed = true;
	result->version = hf__next_lsn(d);
	return hf__emit(d, SET);
}

static void *move_copy(struct hf__arena *arena, const void *args)
{
	return hf__arena_copy(arena, args, sizeof(struct permits_move));
}

const struct hf__verb permits_verb = {.name = "move permits",
                                      .domain = DOMAIN,
                                      .check = move_check,
                                      .decide = move_decide,
                                      .copy = move_copy};
