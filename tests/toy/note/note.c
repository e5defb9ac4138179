/* Notes: the whole domain. A note is a container that holds nothing but its value: it goes when
 * its text does. Happy path: put writes a NOTE; apply gives the note of that name its value.
 * Failure modes: a body that no mutation wrote is HF_ECORRUPT; the change's owner undoes it when
 * there is no memory. */
#include "toy/note/note.h"
#include "domains/common/objects.h"
#include "domains/common/read.h"
#include "domains/common/verb.h"
#include "log/entry.h"

enum { DOMAIN_NOTE = 15, NOTE = 1, BODY_VERSION = 1 };
extern const struct hf_api_part hf__api_note_part;
extern const struct hf_api_struct hf__api_note_put_args, hf__api_note_page;
extern const struct hf__domain hf__note_domain;

struct value {
	struct hf__blob *text;
	int64_t written_at;
	uint64_t version; /* 0: it is not there */
};
struct note {
	struct hf__container head;
	struct value value;
	uint8_t name[];
};

static void encode(struct hf__writer *w, const struct hf_note *note)
{
	hf__put_u8(w, BODY_VERSION);
	hf__put_short(w, note->name);
	hf__put_short(w, note->text);
	hf__put_i64(w, note->written_at);
}

static bool decode(const struct hf__entry *entry, struct hf_note *out)
{
	struct hf__reader r = hf__reader(entry->body);
	const uint8_t version = hf__get_u8(&r);
	*out = (struct hf_note){.name = hf__get_short(&r), .version = entry->lsn};
	out->text = hf__get_short(&r);
	out->written_at = hf__get_i64(&r);
	return version == BODY_VERSION && entry->kind == NOTE && hf__reader_done(&r) &&
	       hf__key_part_ok(out->name, false) && out->text.len <= HF_KEY_MAX;
}

static bool note_about(const struct hf__entry *entry, struct hf__about *out)
{
	struct hf_note note;
	const bool sound = decode(entry, &note);
	*out = (struct hf__about){
	    .operation = "put", .key[0] = note.name, .parts = 1, .removed = note.text.len == 0};
	return sound;
}

static void note_describe(const struct hf__entry *entry, struct hf__text *out)
{
	struct hf__about about;
	hf__text_add(out, note_about(entry, &about) ? "put " : "damaged ");
	hf__text_add_quoted(out, about.key[0]);
}

static bool idle(const struct hf__object *note)
{
	return ((const struct note *)(const void *)note)->value.version == 0;
}

static const struct hf__container_type note_type = {
    .object = {.name = "note",
               .value_offset = offsetof(struct note, value),
               .value_size = sizeof(struct value),
               .blob_count = 1,
               .blob_offsets = {offsetof(struct note, value.text)},
               HF__CONTAINER(struct note),
               .idle = idle},
    .size = sizeof(struct note),
    .by_name = HF__INDEX_OF_NAMES(struct note),
};

static struct hf_note note_of(const struct note *note)
{
	return (struct hf_note){hf__container_name(note), hf__blob_bytes(note->value.text),
	                        note->value.written_at, note->value.version};
}

static int note_init(void *state, const struct hf__domain_env *env)
{
	return hf__containers_init(state, &note_type, env->hash_key, env->nodes) ? HF_OK : HF_ENOMEM;
}

static int note_apply(void *state, struct hf__change *change, const struct hf__entry *entry)
{
	struct hf_note said;
	struct value value = {0};
	int rc;
	if (!decode(entry, &said))
		return HF_ECORRUPT;
	struct note *note = hf__container_get(state, change, said.name, &rc);
	if (!note)
		return rc;
	if (said.text.len > 0)
		value = (struct value){NULL, said.written_at, said.version};
	if (!hf__blob_new(said.text, &value.text))
		return HF_ENOMEM;
	return hf__change_set(change, &note->head.object, &value);
}

static int note_show(const void *container, struct hf__emitter *emitter)
{
	const struct hf_note note = note_of(container);
	encode(&emitter->body, &note);
	return emitter->emit(emitter, note.version, NOTE);
}

static int note_verify(const void *state, struct hf__text *why)
{
	bool sound = hf__containers_sane(state);
	for (const struct note *note = hf__container_first(state); note && sound;
	     note = hf__container_next(state, note))
		sound = hf__container_sane(state, note, INT64_MIN);
	return sound ? HF_OK : hf__refuse(why, HF_ECORRUPT, "the notes and their order disagree");
}

static int put_decide(void *state, struct hf__decision *d, const void *given,
                      struct hf_result *result)
{
	const struct hf_note_put_args *args = given;
	const struct note *note = hf__look_in(state, d, args->name);
	const uint64_t version = note ? note->value.version : 0;
	const int rc = hf__expect(d, args->write.expect, version);
	if (rc != HF_OK || (version == 0 ? args->text.len == 0 : args->keep))
		return rc;
	hf__changed(result, args->text.len > 0 ? hf__next_lsn(d) : 0);
	encode(hf__entry_body(d), &(struct hf_note){args->name, args->text, d->stamp, 0});
	return hf__emit(d, NOTE);
}

HF__MUTATION(hf_note_put, note_put_args, hf__run, "note put", DOMAIN_NOTE, .decide = put_decide);

static int read_list(struct hf__query *q, const void *args, void *out)
{
	const struct hf__containers *state = q->state;
	struct hf_note_page *page = out;
	(void)args;
	hf__query_depends(q, &state->root);
	struct hf_note *to = hf__answer_alloc(q->answer, state->map.count * sizeof *to);
	int rc = to ? HF_OK : HF_ENOMEM;
	page->items = to;
	for (const struct note *note = hf__container_first(state); note && rc == HF_OK;
	     note = hf__container_next(state, note)) {
		*to = note_of(note);
		if (to->version == 0)
			continue;
		rc = hf__answer_bytes(q->answer, to->name, &to->name);
		if (rc == HF_OK)
			rc = hf__answer_bytes(q->answer, to->text, &to->text);
		page->count++;
		page->bytes += to->text.len;
		to++;
	}
	return rc;
}

HF__GET_ALL(hf_note_list, note_page, DOMAIN_NOTE, read_list, offsetof(struct hf_note_page, memory));

static const struct hf__kind kinds[] = {{NOTE, BODY_VERSION, 0, 0, 0}, {0, 0, 0, 0, 0}};
const struct hf__domain hf__note_domain = {.id = DOMAIN_NOTE,
                                           .name = "note",
                                           .kinds = kinds,
                                           .api = &hf__api_note_part,
                                           .state_size = sizeof(struct hf__containers),
                                           .init = note_init,
                                           .deinit = hf__containers_deinit,
                                           .apply = note_apply,
                                           .in_containers = true,
                                           .show_container = note_show,
                                           .describe = note_describe,
                                           .about = note_about,
                                           .verify = note_verify,
                                           .removed = hf__containers_removed};
