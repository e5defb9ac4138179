/* Inboxes: the row of the domain. Job: hold notification records per user, dismissals that
 * stick, and a status. Happy path: a mutation decides what the records it touches are afterwards
 * (inbox/save.c, inbox/mutate.c, inbox_all.c), writes that as one entry (inbox/entry.c), and
 * apply puts it into the indexes (inbox/apply.c, inbox/index.c); reads walk ranges of one index
 * (inbox/read.c). Tombstones end by time: as a view first, settle() below logs it later. Failure
 * modes are those of apply. */
#include "domains/inbox/inbox.h"
#include "domains/common/domains.h"
#include "domains/common/objects.h"

/* --- Life ------------------------------------------------------------------------------------- */

static int inbox_init(void *raw, const struct hf__domain_env *env)
{
	struct hf__inbox_state *state = raw;
	state->endings.deadline = hf__tomb_until;
	const int rc = hf__inbox_state_init(state, env);
	return rc != HF_OK || hf__map_init(&state->tombs, hf__tomb_hash, env->hash_key) ? rc
	                                                                                : HF_ENOMEM;
}

static void inbox_deinit(void *state)
{
	struct hf__inbox_state *s = state;
	hf__objects_free(&s->records);
	hf__objects_free(&s->tombs);
	hf__containers_deinit(state);
}

/* --- Snapshot --------------------------------------------------------------------------------- */

static const struct hf__index *inbox_shelf(const void *owner, unsigned i)
{
	const struct hf__inbox *inbox = owner;
	const struct hf__index *const shelves[] = {&inbox->views[HF__INBOX_BY_KEY], &inbox->tombs};
	return i < 2 ? shelves[i] : NULL;
}

/* One that never had a value is no state: its records bring it back, if there are any. */
static int show_inbox(const void *container, struct hf__emitter *emitter)
{
	const struct hf__inbox *inbox = container;
	if (inbox->value.version == 0)
		return HF_OK;
	hf__inbox_put_state(&emitter->body, hf__container_name(inbox), &inbox->value);
	return emitter->emit(emitter, inbox->value.version, HF__INBOX_STATE);
}

static int show_record(const struct hf__record *record, struct hf__emitter *emitter)
{
	const struct hf__inbox_image image = hf__record_image(record);
	hf__inbox_put_head(&emitter->body, HF__INBOX_CAUSE_STATE,
	                   hf__container_name(hf__record_inbox(record)), 1);
	hf__inbox_put_record(&emitter->body, hf__record_account(record), hf__record_thread(record),
	                     &image);
	const int rc = hf__show_payload(emitter, &record->value.payload);
	return rc == HF_OK ? emitter->emit(emitter, record->object.changed, HF__INBOX_CHANGE) : rc;
}

static int show_tomb(const struct hf__tomb *tomb, struct hf__emitter *emitter)
{
	const struct hf__tomb_value value = hf__tomb_shown(tomb, emitter->setback);
	hf__inbox_put_head(&emitter->body, HF__INBOX_CAUSE_STATE,
	                   hf__container_name(hf__tomb_inbox(tomb)), 1);
	hf__inbox_put_buried(&emitter->body, hf__tomb_account(tomb), hf__tomb_thread(tomb), &value);
	return emitter->emit(emitter, tomb->value.version, HF__INBOX_CHANGE);
}

static int inbox_show(const void *object, struct hf__emitter *emitter)
{
	return hf__type(object) == &hf__record_type ? show_record(object, emitter)
	                                            : show_tomb(object, emitter);
}

/* --- Verify ----------------------------------------------------------------------------------- */

static int unsound(struct hf__text *why, const char *what, struct hf_bytes user)
{
	hf__text_add(why, "%s of inbox ", what);
	hf__text_add_quoted(why, user);
	return HF_ECORRUPT;
}

static bool record_sane(const struct hf__record *record)
{
	const struct hf__record_value *value = &record->value;
	const struct hf__inbox *inbox = hf__record_inbox(record);
	return record->object.changed != 0 && value->saved != 0 &&
	       value->saved <= record->object.changed &&
	       (value->dismissed || value->dismissed_at == HF_UNSET) && value->score == value->score &&
	       hf__object_sealed(&record->object) &&
	       hf__record_find(inbox, hf__record_account(record), hf__record_thread(record)) == record;
}

/* Sound, strictly ascending, as many as by key, with the right sums of weights and tags. */
static bool view_sane(const struct hf__inbox *inbox, enum hf__inbox_view view)
{
	const struct hf__index *order = &inbox->views[view];
	return hf__index_sane(order) && hf__index_count(order) == hf__inbox_total(inbox);
}

static int verify_records(const struct hf__inbox *inbox, struct hf__text *why)
{
	const struct hf__inbox_bound all = {.view = HF__INBOX_BY_KEY};
	uint64_t unread = 0, unseen = 0, dismissed = 0;
	for (struct hf__index_at at = hf__records_first(inbox, &all, NULL); at.leaf;
	     at = hf__records_next(inbox, &all, at)) {
		const struct hf__record *record = hf__index_object(at);
		if (!record_sane(record))
			return unsound(why, "unsound record", hf__container_name(inbox));
		dismissed += record->value.dismissed;
		unread += record->value.unread && !record->value.dismissed;
		unseen += record->value.seen_at == HF_UNSET && !record->value.dismissed;
	}
	if (unread == inbox->unread && unseen == inbox->unseen && dismissed == inbox->dismissed)
		return HF_OK;
	return unsound(why, "wrong counters", hf__container_name(inbox));
}

/* By its tombstones one by one. */
static int64_t listed_until(const struct hf__inbox *inbox)
{
	int64_t until = inbox->value.version != 0 || hf__inbox_total(inbox) > 0 ? INT64_MAX : INT64_MIN;
	for (struct hf__index_at at = hf__index_first(&inbox->tombs); at.leaf;
	     at = hf__index_next(at)) {
		const struct hf__tomb *tomb = hf__index_object(at);
		until = tomb->value.until > until ? tomb->value.until : until;
	}
	return until;
}

static int verify_inbox(const struct hf__inbox *inbox, struct hf__text *why)
{
	const struct hf__inbox_value *value = &inbox->value;
	const bool never = value->version == 0;
	if (never != (value->generated_at == HF_UNSET && value->status_version == 0) ||
	    value->status_version > value->version)
		return unsound(why, "unsound versions", hf__container_name(inbox));
	if (!hf__container_sane(inbox->state, inbox, listed_until(inbox)))
		return unsound(why, "broken seal, map or listing", hf__container_name(inbox));
	for (enum hf__inbox_view view = 0; view < HF__INBOX_VIEWS; view++)
		if (!view_sane(inbox, view))
			return unsound(why, "broken order", hf__container_name(inbox));
	if (!hf__tombs_sane(inbox))
		return unsound(why, "broken tombstones", hf__container_name(inbox));
	return verify_records(inbox, why);
}

static int inbox_verify(const void *state, struct hf__text *why)
{
	const struct hf__inbox_state *s = state;
	size_t inboxes = 0, records = 0, tombs = 0;
	const bool ascending =
	    hf__containers_sane(s) && hf__heap_sane(&s->endings) && s->endings.count == s->tombs.count;
	const struct hf__inbox *inbox = hf__container_first(s);
	for (; inbox && ascending; inbox = hf__container_next(s, inbox)) {
		const int rc = verify_inbox(inbox, why);
		if (rc != HF_OK)
			return rc;
		inboxes++;
		records += hf__inbox_total(inbox);
		tombs += hf__index_count(&inbox->tombs);
	}
	if (ascending && inboxes == s->inboxes.map.count && records == s->records.count &&
	    tombs == s->tombs.count)
		return HF_OK;
	hf__text_add(
	    why,
	    "%zu inboxes, %zu records and %zu tombstones in the orders, %zu, %zu and %zu in the maps",
	    inboxes, records, tombs, s->inboxes.map.count, s->records.count, s->tombs.count);
	return HF_ECORRUPT;
}

/* --- Endings ---------------------------------------------------------------------------------- */

static int64_t inbox_next_ending(const void *raw, int64_t setback)
{
	const struct hf__inbox_state *state = raw;
	return hf__to_shown(hf__first_ending(&state->endings), setback);
}

/* Crash: before the entry is durable the tombstone is gone all the same, as a view; the next
 * opening logs it. */
static int log_ended(struct hf__decision *d, const struct hf__heap_node *due)
{
	const struct hf__tomb *tomb = hf__tomb_of_ending(due);
	struct hf__writer *body = hf__entry_body(d);
	hf__inbox_put_head(body, HF__INBOX_CAUSE_EXPIRE, hf__container_name(hf__tomb_inbox(tomb)), 1);
	hf__inbox_put_lifted(body, hf__tomb_account(tomb), hf__tomb_thread(tomb));
	return hf__emit(d, HF__INBOX_CHANGE);
}

static int inbox_settle(void *raw, struct hf__decision *d, unsigned budget, bool *more)
{
	const struct hf__inbox_state *state = raw;
	*more = false;
	return hf__settle_heap(&state->endings, d->mono, d, &budget, more, log_ended);
}

/* --- Figures ---------------------------------------------------------------------------------- */

static const char *inbox_objects(const void *raw, unsigned kind, uint64_t *count)
{
	const struct hf__inbox_state *state = raw;
	static const char *const kinds[] = {"record", "tombstone"};
	if (kind >= sizeof kinds / sizeof *kinds)
		return NULL;
	*count = kind == 0 ? state->records.count : state->tombs.count;
	return kinds[kind];
}

const struct hf__domain hf__inbox_domain = {
    .id = HF__DOMAIN_INBOX,
    .name = "inbox",
    .kinds = hf__inbox_kinds,
    .api = &hf__api_inbox_part,
    .state_size = sizeof(struct hf__inbox_state),
    .init = inbox_init,
    .deinit = inbox_deinit,
    .apply = hf__inbox_apply,
    .shelf = inbox_shelf,
    .in_containers = true,
    .show = inbox_show,
    .show_container = show_inbox,
    .describe = hf__inbox_describe,
    .about = hf__inbox_about,
    .concerns = hf__inbox_concerns,
    .verify = inbox_verify,
    .removed = hf__containers_removed,
    .settle = inbox_settle,
    .next_ending = inbox_next_ending,
    .objects = inbox_objects,
};
