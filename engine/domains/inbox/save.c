/* Saving records. A save is one CHANGE entry that lists, in key order, the records as they are
 * afterwards and (REPLACE) the keys that go, so that exactly those take its LSN as their
 * version. One that finds nothing to do writes nothing.
 *
 * A named key without a record may have a tombstone: of a removal, then the key is passed over;
 * of a dismissal, then the record comes back dismissed. What a REPLACE does not name, a trim and
 * a prune drop leaves a tombstone if it was dismissed.
 *
 * Deciding walks twice: once to count (the entry begins with the count, and nothing is begun
 * that might turn out empty), once to write. */
#include "domains/inbox/save.h"
#include "domains/common/verb.h"

/* --- Form ------------------------------------------------------------------------------------- */

int hf__check_many(const struct hf_write *write, struct hf_bytes user, struct hf__text *why)
{
	if (write->expect != 0)
		return hf__refuse(why, HF_EINVAL, "many records have no single version to expect");
	return hf__inbox_user_ok(user, why) ? HF_OK : HF_EINVAL;
}

int hf__check_tombstone_for(int64_t tombstone_for, struct hf__text *why)
{
	return tombstone_for >= HF_INBOX_NO_TOMBSTONE
	           ? HF_OK
	           : hf__refuse(why, HF_EINVAL, "tombstone_for must not be below -1");
}

static int check_input(const struct hf_inbox_save_args *args, const struct hf_inbox_input *input,
                       struct hf__text *why)
{
	if (!hf__inbox_part_ok("account", hf__inbox_account(input->account), why) ||
	    !hf__inbox_part_ok("thread", input->thread, why))
		return HF_EINVAL;
	const int rc = hf__check_bytes("payload", input->payload, HF_PAYLOAD_MAX, why);
	if (rc != HF_OK)
		return rc;
	if (hf__score_nan(input->score))
		return hf__refuse(why, HF_EINVAL, "a score is not a number");
	if (args->restore && !input->dismissed &&
	    hf__given(&args->write, input->dismissed_at) != HF_UNSET)
		return hf__refuse(why, HF_EINVAL, "a record that is not dismissed has a dismissed_at");
	return HF_OK;
}

/* The same key twice is found by sorting: neighbours. */
static int check_distinct(const struct hf_inbox_save_args *args, struct hf__text *why)
{
	struct hf__named named;
	const int rc = hf__named_init(&named, args);
	if (rc != HF_OK)
		return rc;
	int found = HF_OK;
	for (size_t i = 1; i < named.count && found == HF_OK; i++)
		if (hf__compare_inputs(named.items[i - 1], named.items[i]) == 0)
			found = hf__refuse(why, HF_EINVAL, "the same account and thread twice");
	hf__named_deinit(&named);
	return found;
}

static int save_check(const void *raw, struct hf__text *why)
{
	const struct hf_inbox_save_args *args = raw;
	int rc = hf__check_many(&args->write, args->user, why);
	if (rc == HF_OK && args->write.returning && args->count != 1)
		rc = hf__refuse(why, HF_EINVAL, "write.returning: a save of one record gives it back");
	if (rc == HF_OK)
		rc = hf__check_tombstone_for(args->tombstone_for, why);
	if (rc == HF_OK && args->mode != HF_INBOX_UPSERT && args->mode != HF_INBOX_REPLACE)
		rc = hf__refuse(why, HF_EINVAL, "no such save mode");
	if (rc == HF_OK && args->count > 0 && !args->records)
		return hf__refuse(why, HF_EINVAL, "records are missing");
	size_t room = HF_TRANSACTION_MAX;
	for (size_t i = 0; i < args->count && rc == HF_OK; i++) {
		rc = check_input(args, &args->records[i], why);
		const size_t size =
		    rc == HF_OK ? args->records[i].payload.len + args->records[i].thread.len : 0;
		if (size > room)
			rc = hf__refuse(why, HF_ETOOBIG, "the records are more than a transaction can hold");
		room -= size < room ? size : room;
	}
	return rc == HF_OK ? check_distinct(args, why) : rc;
}

/* --- Save ------------------------------------------------------------------------------------- */

struct save {
	const struct hf_inbox_save_args *args;
	const struct hf__inbox *inbox; /* NULL: a new one */
	int64_t now; /* of what the save itself dismisses */
	int64_t clock, mono; /* the store's: deadlines are set by the one and judged by the other */
	uint32_t count; /* items found, or written so far */
	uint64_t left_alone; /* records that only_newer kept as they are */
	struct hf__writer *out; /* NULL: only count */
};

static int64_t snapshot_at(const struct save *save, const struct hf_inbox_input *input)
{
	return hf__given(&save->args->write,
	                 save->args->restore ? input->snapshot_at : save->args->generated_at);
}

static struct hf__inbox_image new_image(const struct save *save, const struct hf_inbox_input *input)
{
	const struct hf_write *write = &save->args->write;
	struct hf__inbox_image image = {
	    .unread = input->unread,
	    .dismissed = input->dismissed,
	    .score = input->score,
	    .updated_at = hf__given(write, input->updated_at),
	    .snapshot_at = snapshot_at(save, input),
	    .seen_at = HF_UNSET,
	    .read_at = HF_UNSET,
	    .dismissed_at = input->dismissed ? save->now : HF_UNSET,
	    .snoozed_until = HF_UNSET,
	};
	if (save->args->restore) {
		image.seen_at = hf__given(write, input->seen_at);
		image.read_at = hf__given(write, input->read_at);
		image.dismissed_at = hf__given(write, input->dismissed_at);
		image.snoozed_until = hf__given(write, input->snoozed_until);
	}
	return image;
}

/* What a record becomes whose tombstone says that it was dismissed, and when. */
static void dismiss_again(struct hf__inbox_image *image, const struct hf__tomb *tomb)
{
	image->dismissed = true;
	if (tomb->value.dismissed_at != HF_UNSET)
		image->dismissed_at = tomb->value.dismissed_at;
}

/* What an existing record becomes: the input's content, and of its marks only a new dismissal. */
static struct hf__inbox_image merged_image(const struct save *save,
                                           const struct hf_inbox_input *input,
                                           const struct hf__record *record)
{
	struct hf__inbox_image image = hf__record_image(record);
	image.saved = 0;
	image.unread = input->unread;
	image.score = input->score;
	image.updated_at = hf__given(&save->args->write, input->updated_at);
	image.snapshot_at = snapshot_at(save, input);
	if (input->dismissed && !image.dismissed) {
		image.dismissed = true;
		image.dismissed_at = save->now;
	}
	return image;
}

static bool stays(const struct hf__record *record, const struct hf__inbox_image *image,
                  struct hf_bytes payload)
{
	const struct hf__record_value *value = &record->value;
	return value->unread == image->unread && value->dismissed == image->dismissed &&
	       hf__score_bits(value->score) == hf__score_bits(image->score) &&
	       value->updated_at == image->updated_at && value->snapshot_at == image->snapshot_at &&
	       hf__payload_equal(&hf__record_inbox(record)->state->env, &value->payload, payload);
}

static void save_named(struct save *save, const struct hf_inbox_input *input)
{
	const struct hf_bytes account = hf__inbox_account(input->account);
	const struct hf__record *record = hf__record_find(save->inbox, account, input->thread);
	const struct hf__tomb *tomb =
	    record ? NULL : hf__tomb_find(save->inbox, account, input->thread);
	const bool stands = tomb && hf__tomb_stands(tomb, save->mono);
	if (stands && !tomb->value.dismissed)
		return;
	if (record && save->args->only_newer &&
	    hf__given(&save->args->write, input->updated_at) < record->value.updated_at) {
		save->left_alone++;
		return;
	}
	struct hf__inbox_image image =
	    record ? merged_image(save, input, record) : new_image(save, input);
	if (stands)
		dismiss_again(&image, tomb);
	if (record && stays(record, &image, input->payload))
		return;
	save->count++;
	if (!save->out)
		return;
	hf__inbox_put_record(save->out, account, input->thread, &image);
	hf__put_long(save->out, input->payload);
}

static void save_unnamed(struct save *save, const struct hf__record *record)
{
	save->count++;
	if (save->out)
		hf__inbox_put_dropped(save->out, record, save->args->tombstone_for, save->clock);
}

void hf__inbox_put_dropped(struct hf__writer *w, const struct hf__record *record,
                           int64_t tombstone_for, int64_t now)
{
	const int64_t span = tombstone_for ? tombstone_for : HF_INBOX_TOMBSTONE_DEFAULT;
	if (!record->value.dismissed || span == HF_INBOX_NO_TOMBSTONE) {
		hf__inbox_put_removed(w, hf__record_account(record), hf__record_thread(record));
		return;
	}
	const struct hf__tomb_value tomb = {.until = hf__time_after(now, span),
	                                    .dismissed = true,
	                                    .dismissed_at = record->value.dismissed_at};
	hf__inbox_put_buried(w, hf__record_account(record), hf__record_thread(record), &tomb);
}

static int compare_input(const struct hf_inbox_input *input, const struct hf__record *record)
{
	return hf__inbox_compare_keys(hf__inbox_account(input->account), input->thread,
	                              hf__record_account(record), hf__record_thread(record));
}

/* Merges the named with what is there (REPLACE only), in key order. */
static void save_walk(struct save *save, const struct hf__named *named)
{
	const struct hf__inbox_bound all = {.view = HF__INBOX_BY_KEY};
	const bool replace = save->args->mode == HF_INBOX_REPLACE && save->inbox;
	struct hf__index_at at = {0};
	if (replace)
		at = hf__records_first(save->inbox, &all, NULL);
	size_t i = 0;
	save->count = 0;
	save->left_alone = 0;
	while (i < named->count || at.leaf) {
		const struct hf__record *record = hf__index_object(at);
		const int order = !record             ? -1
		                  : i == named->count ? 1
		                                      : compare_input(named->items[i], record);
		if (order <= 0)
			save_named(save, named->items[i++]);
		else
			save_unnamed(save, record);
		if (order >= 0)
			at = hf__records_next(save->inbox, &all, at);
	}
}

static int save_emit(struct hf__decision *d, struct save *save, const struct hf__named *named,
                     int64_t generated_at)
{
	const struct hf__inbox_change head = {
	    .cause =
	        save->args->mode == HF_INBOX_REPLACE ? HF__INBOX_CAUSE_REPLACE : HF__INBOX_CAUSE_UPSERT,
	    .user = save->args->user,
	    .generated_at = generated_at,
	    .count = save->count,
	};
	save->out = hf__entry_body(d);
	hf__inbox_put_change(save->out, &head);
	save_walk(save, named);
	return hf__emit(d, HF__INBOX_CHANGE);
}

static int save_decide(void *state, struct hf__decision *d, const void *raw,
                       struct hf_result *result)
{
	const struct hf_inbox_save_args *args = raw;
	struct save save = {.args = args,
	                    .inbox = hf__container_find(state, args->user),
	                    .clock = d->now,
	                    .mono = d->mono};
	save.now = hf__given_or(&args->write, args->now, d->stamp);
	struct hf__named named;
	hf__depends(d, hf__container_depends(state, save.inbox, args->user));
	int rc = hf__named_init(&named, args);
	if (rc != HF_OK)
		return rc;
	save_walk(&save, &named);
	const int64_t newest = save.inbox ? save.inbox->value.generated_at : HF_UNSET;
	const int64_t generated_at = hf__given(&args->write, args->generated_at);
	const bool moves = generated_at > newest;
	result->count = save.count;
	result->left_alone = save.left_alone;
	result->changed = save.count > 0 || moves;
	if (result->changed)
		rc = save_emit(d, &save, &named, moves ? generated_at : HF_UNSET);
	hf__named_deinit(&named);
	return rc;
}

/* --- Copies for transactions ------------------------------------------------------------------ */

static void *save_copy(struct hf__arena *arena, const void *args)
{
	struct hf_inbox_save_args *copy =
	    hf__copy_args(arena, args, sizeof *copy, &hf__api_inbox_save_args);
	if (!copy)
		return NULL;
	struct hf_inbox_input *records =
	    hf__arena_copy(arena, copy->records, copy->count * sizeof *records);
	for (size_t i = 0; records && i < copy->count; i++)
		if (!hf__copy_borrowed(arena, &records[i], &hf__api_inbox_input))
			return NULL;
	copy->records = records;
	return records ? copy : NULL;
}

/* --- Public ----------------------------------------------------------------------------------- */

HF__MUTATION(hf_inbox_save, inbox_save_args, hf__run, "inbox save", HF__DOMAIN_INBOX,
             .check = save_check, .decide = save_decide, .copy = save_copy,
             .giving = &hf__inbox_save_giving);
