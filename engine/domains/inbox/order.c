/* The orders of an inbox's records, and steps within a range that pass over what was not asked
 * for. */
#include "domains/inbox/inbox.h"

#define RECORD struct hf__record
#define POSITION struct hf__inbox_position
/* A record's class, as two fields. */
#define CLASS \
	HF__FIELD(HF__FIELD_U8, RECORD, value.dismissed, POSITION, dismissed), \
	    HF__FIELD(HF__FIELD_U8, RECORD, value.unread, POSITION, unread)
/* Newest first; HF_UNSET is the smallest value, so it comes last. Highest score first. */
#define SNAPSHOT HF__DESCENDING(HF__FIELD_I64, RECORD, value.snapshot_at, POSITION, snapshot_at)
#define SCORE HF__DESCENDING(HF__FIELD_F64, RECORD, value.score, POSITION, score)
#define ACCOUNT HF__PART(RECORD, text, lens, 0, POSITION, account)
#define THREAD HF__PART(RECORD, text, lens, 1, POSITION, thread)

/* HF_UNSET is the least weight: always awake. */
static int64_t weigh_snooze(const void *record, uint8_t *tag)
{
	(void)tag;
	return ((const RECORD *)record)->value.snoozed_until;
}

static int64_t weigh_save(const void *record, uint8_t *tag)
{
	*tag = hf__record_tag(record);
	return (int64_t)((const RECORD *)record)->value.saved;
}

const struct hf__index_type hf__inbox_views[HF__INBOX_VIEWS] = {
    [HF__INBOX_IN_LOAD_ORDER] = {.fields = {6, {CLASS, SNAPSHOT, SCORE, ACCOUNT, THREAD}},
                                 .weight = weigh_snooze},
    [HF__INBOX_BY_ACCOUNT] = {.fields = {6, {CLASS, ACCOUNT, SNAPSHOT, SCORE, THREAD}},
                              .weight = weigh_snooze},
    [HF__INBOX_BY_KEY] = {.fields = {2, {ACCOUNT, THREAD}}, .weight = weigh_save},
};

/* What callers see: no class. */
static const struct hf__fields load_order = {4, {SNAPSHOT, SCORE, ACCOUNT, THREAD}};

/* --- What a record says of itself ------------------------------------------------------------- */

struct hf__inbox *hf__record_inbox(const struct hf__record *record)
{
	return (struct hf__inbox *)(void *)record->object.container;
}

struct hf_bytes hf__record_account(const struct hf__record *record)
{
	return hf_bytes_of(record->text, record->lens[0]);
}

struct hf_bytes hf__record_thread(const struct hf__record *record)
{
	return hf_bytes_of(record->text + record->lens[0], record->lens[1]);
}

struct hf__inbox_image hf__record_image(const struct hf__record *record)
{
	const struct hf__record_value *value = &record->value;
	return (struct hf__inbox_image){
	    .unread = value->unread,
	    .dismissed = value->dismissed,
	    .score = value->score,
	    .updated_at = value->updated_at,
	    .snapshot_at = value->snapshot_at,
	    .seen_at = value->seen_at,
	    .read_at = value->read_at,
	    .dismissed_at = value->dismissed_at,
	    .snoozed_until = value->snoozed_until,
	    .saved = value->saved == record->object.changed ? 0 : value->saved,
	};
}

uint8_t hf__record_class(const struct hf__record *record)
{
	return (uint8_t)(record->value.unread | record->value.dismissed << 1);
}

uint8_t hf__record_tag(const struct hf__record *record)
{
	return (uint8_t)(1u << hf__record_class(record));
}

size_t hf__inbox_total(const struct hf__inbox *inbox)
{
	return hf__index_count(&inbox->views[HF__INBOX_BY_KEY]);
}

int hf__record_compare_load(const struct hf__record *a, const struct hf__record *b)
{
	return hf__fields_compare(&load_order, a, b);
}

/* --- Ranges ----------------------------------------------------------------------------------- */

/* `filter` is what the range's filter is kept in; NULL: all records of the range. */
static struct hf__range range_of(const struct hf__inbox *inbox, const struct hf__inbox_bound *bound,
                                 struct hf__index_filter *filter)
{
	if (filter)
		*filter = (struct hf__index_filter){.low = INT64_MIN,
		                                    .high = bound->bounded ? bound->most : INT64_MAX,
		                                    .tags = bound->tags};
	return (struct hf__range){.index = &inbox->views[bound->view],
	                          .fields = bound->fields,
	                          .at = &bound->at,
	                          .filter = filter};
}

struct hf__index_at hf__records_first(const struct hf__inbox *inbox,
                                      const struct hf__inbox_bound *bound,
                                      const struct hf__inbox_position *after)
{
	struct hf__index_filter filter;
	const struct hf__range range = range_of(inbox, bound, &filter);
	struct hf__inbox_position behind;
	if (after) {
		behind = *after;
		behind.dismissed = bound->at.dismissed;
		behind.unread = bound->at.unread;
	}
	return hf__range_first(&range, after ? &behind : NULL);
}

struct hf__index_at hf__records_next(const struct hf__inbox *inbox,
                                     const struct hf__inbox_bound *bound, struct hf__index_at at)
{
	struct hf__index_filter filter;
	const struct hf__range range = range_of(inbox, bound, &filter);
	return hf__range_next(&range, at);
}

struct hf__index_at hf__records_beyond(const struct hf__inbox *inbox,
                                       const struct hf__inbox_bound *bound)
{
	return hf__index_after(&inbox->views[bound->view], &bound->at, bound->fields);
}

/* --- Backwards, and counting ------------------------------------------------------------------ */

struct hf__index_at hf__records_last(const struct hf__inbox *inbox,
                                     const struct hf__inbox_bound *bound)
{
	struct hf__range range = range_of(inbox, bound, NULL);
	range.reverse = true;
	return hf__range_first(&range, NULL);
}

struct hf__index_at hf__records_prev(const struct hf__inbox *inbox,
                                     const struct hf__inbox_bound *bound, struct hf__index_at at)
{
	struct hf__range range = range_of(inbox, bound, NULL);
	range.reverse = true;
	return hf__range_next(&range, at);
}

size_t hf__records_up_to(const struct hf__inbox *inbox, const struct hf__inbox_bound *bound)
{
	const struct hf__range range = range_of(inbox, bound, NULL);
	return hf__range_until(&range);
}
