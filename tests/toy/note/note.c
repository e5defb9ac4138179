/* Notes: the whole domain. Happy path: put writes a NOTE; apply makes an object of it, in place of
 * the one that has the name. Failure modes: a body that no mutation wrote is HF_ECORRUPT; no memory
 * is undone by the change's owner. A name is there once, with a text. */
#include "toy/note/note.h"
#include "base/outer.h"
#include "domains/common/read.h"
#include "domains/common/verb.h"
#include "log/entry.h"
#include "object/index.h"

enum { DOMAIN_NOTE = 15, NOTE = 1, BODY_VERSION = 1 };
extern const struct hf_api_part hf__api_note_part;
extern const struct hf_api_struct hf__api_note_put_args;
extern const struct hf__domain hf__note_domain;

struct state {
	struct hf__object root;
	struct hf__index by_name;
};
struct note {
	struct hf__object object;
	struct state *state;
	struct hf__index_node by_name;
	struct hf_note note; /* its bytes lie below */
	uint8_t bytes[];
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

HF__DEFINE_OUTER(of_node, struct hf__index_node, struct note, by_name);

static struct hf_bytes name_of(const void *note)
{
	return ((const struct note *)note)->note.name;
}

static const struct hf__index_type by_name = {
    .node = offsetof(struct note, by_name),
    .fields = {1, {{.kind = HF__FIELD_CALL, .bytes = name_of}}},
};

static struct note *find(const struct state *state, struct hf_bytes name)
{
	struct note *found = of_node(hf__index_seek(&state->by_name, &name, 1));
	return found && hf__bytes_equal(found->note.name, name) ? found : NULL;
}

static void enlist(struct hf__object *object)
{
	struct note *note = (void *)object;
	hf__index_insert(&note->state->by_name, &note->by_name);
}

static void delist(struct hf__object *object)
{
	struct note *note = (void *)object;
	hf__index_remove(&note->state->by_name, &note->by_name);
}

static const struct hf__type root_type = {.value_offset = sizeof(struct hf__object)};
static const struct hf__type note_type = {.name = "note",
                                          .value_offset = offsetof(struct note, note),
                                          .value_size = sizeof(struct hf_note),
                                          .enlist = enlist,
                                          .delist = delist};

static int note_init(void *raw, const struct hf__domain_env *env)
{
	struct state *state = raw;
	(void)env;
	state->root.type = &root_type;
	hf__index_init(&state->by_name, &by_name);
	return HF_OK;
}

static void note_deinit(void *raw)
{
	struct state *state = raw;
	for (struct note *note; (note = of_node(hf__index_first(&state->by_name)));) {
		delist(&note->object);
		hf__object_free(&note->object);
	}
}

static int note_apply(void *raw, struct hf__change *change, const struct hf__entry *entry)
{
	struct hf_note said;
	if (!decode(entry, &said))
		return HF_ECORRUPT;
	struct note *note = find(raw, said.name);
	const int rc = note ? hf__change_remove(change, &note->object) : HF_OK;
	if (rc != HF_OK || said.text.len == 0)
		return rc;
	note = hf__alloc(sizeof *note + said.name.len + said.text.len);
	if (!note)
		return HF_ENOMEM;
	note->object.type = &note_type;
	note->state = raw;
	note->object.container = &note->state->root;
	note->note = said;
	note->note.name.data = memcpy(note->bytes, said.name.data, said.name.len);
	note->note.text.data = memcpy(note->bytes + said.name.len, said.text.data, said.text.len);
	return hf__change_add(change, &note->object);
}

static int note_snapshot(const void *raw, struct hf__emitter *emitter)
{
	int rc = HF_OK;
	const struct hf__index_node *node = hf__index_first(&((const struct state *)raw)->by_name);
	for (; node && rc == HF_OK; node = hf__index_next(node)) {
		encode(&emitter->body, &of_node(node)->note);
		rc = emitter->emit(emitter, of_node(node)->note.version, NOTE);
	}
	return rc;
}

static int note_verify(const void *raw, struct hf__text *why)
{
	if (hf__index_sane(&((const struct state *)raw)->by_name))
		return HF_OK;
	hf__text_add(why, "the order of notes is broken");
	return HF_ECORRUPT;
}

static int put_decide(void *raw, struct hf__decision *d, const void *given,
                      struct hf_result *result)
{
	const struct hf_note_put_args *args = given;
	const struct note *note = find(raw, args->name);
	hf__depends(d, note ? &note->object : &((struct state *)raw)->root);
	const int rc = hf__expect(d, args->write.expect, note ? note->note.version : 0);
	if (rc != HF_OK || (!note && args->text.len == 0))
		return rc;
	hf__changed(result, args->text.len > 0 ? hf__next_lsn(d) : 0);
	encode(hf__entry_body(d), &(struct hf_note){args->name, args->text, d->stamp, 0});
	return hf__emit(d, NOTE);
}

HF__MUTATION(hf_note_put, note_put_args, hf__run, "note put", DOMAIN_NOTE, .decide = put_decide);

static int read_list(struct hf__query *q, const void *args, void *out)
{
	const struct state *state = q->state;
	struct hf_note_page *page = out;
	(void)args;
	hf__query_depends(q, &state->root);
	struct hf_note *items =
	    hf__answer_alloc(q->answer, hf__index_count(&state->by_name) * sizeof *items);
	const struct hf__index_node *node = items ? hf__index_first(&state->by_name) : NULL;
	int rc = items ? HF_OK : HF_ENOMEM;
	for (page->items = items; node && rc == HF_OK; node = hf__index_next(node)) {
		struct hf_note *to = &items[page->count++];
		*to = of_node(node)->note;
		rc = hf__answer_bytes(q->answer, to->name, &to->name);
		if (rc == HF_OK)
			rc = hf__answer_bytes(q->answer, to->text, &to->text);
	}
	return rc;
}

int hf_note_list(hf_store *store, unsigned flags, struct hf_note_page *out, struct hf_error *error)
{
	HF__CALL;
	static const struct hf__reading reading = {DOMAIN_NOTE, read_list, sizeof *out,
	                                           offsetof(struct hf_note_page, memory)};
	return hf__read_into(store, &reading, NULL, flags, out, error);
}

static const struct hf__kind kinds[] = {{NOTE, BODY_VERSION, 0, 0, 0}, {0, 0, 0, 0, 0}};
const struct hf__domain hf__note_domain = {.id = DOMAIN_NOTE,
                                           .name = "note",
                                           .kinds = kinds,
                                           .api = &hf__api_note_part,
                                           .state_size = sizeof(struct state),
                                           .init = note_init,
                                           .deinit = note_deinit,
                                           .apply = note_apply,
                                           .snapshot = note_snapshot,
                                           .describe = note_describe,
                                           .about = note_about,
                                           .verify = note_verify};
