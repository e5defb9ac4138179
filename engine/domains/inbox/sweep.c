/* Removing many records: prune, trim, clear. Each is one CHANGE entry that lists the keys that
 * go, in key order. Dismissed records that a prune or a trim drops leave tombstones, so that no
 * save brings them back undismissed; clear lifts tombstones too. One that finds nothing to do
 * writes nothing. */
#include "domains/common/objects.h"
#include "domains/common/verb.h"
#include "domains/inbox/save.h"

/* --- Form ------------------------------------------------------------------------------------- */

static int prune_check(const void *raw, struct hf__text *why)
{
	const struct hf_inbox_prune_args *args = raw;
	const int rc = hf__check_many(&args->write, args->user, why);
	if (rc != HF_OK)
		return rc;
	if (args->keep_count > 0 && !args->keep_accounts)
		return hf__refuse(why, HF_EINVAL, "accounts are missing");
	if (hf__check_tombstone_for(args->tombstone_for, why) != HF_OK)
		return HF_EINVAL;
	for (size_t i = 0; i < args->keep_count; i++)
		if (!hf__inbox_part_ok("account", hf__inbox_account(args->keep_accounts[i]), why))
			return HF_EINVAL;
	return HF_OK;
}

static int trim_check(const void *raw, struct hf__text *why)
{
	const struct hf_inbox_trim_args *args = raw;
	if (args->max_age_us < 0)
		return hf__refuse(why, HF_EINVAL, "max_age_us must not be below 0");
	if (hf__check_tombstone_for(args->tombstone_for, why) != HF_OK)
		return HF_EINVAL;
	return hf__check_many(&args->write, args->user, why);
}

static int clear_check(const void *raw, struct hf__text *why)
{
	const struct hf_inbox_clear_args *args = raw;
	return hf__check_many(&args->write, args->user, why);
}

/* --- Deciding --------------------------------------------------------------------------------- */

/* Bytes of an item for a key that goes, beside the key itself, and of one that leaves a
 * tombstone. */
#define REMOVED_OVERHEAD 5u
#define BURIED_OVERHEAD 22u

static int check_room(struct hf__decision *d, size_t size)
{
	return size <= HF_TRANSACTION_MAX
	           ? HF_OK
	           : hf__refuse(&d->why, HF_ETOOBIG,
	                        "the keys to remove are more than a transaction can hold");
}

static size_t size_of_victims(const struct hf__victims *victims)
{
	size_t size = 0;
	for (size_t i = 0; i < victims->count; i++) {
		const struct hf__record *record = victims->items[i];
		size += (record->value.dismissed ? BURIED_OVERHEAD : REMOVED_OVERHEAD) + record->lens[0] +
		        record->lens[1];
	}
	return size;
}

/* One entry for all that go, in key order. */
static int remove_records(struct hf__decision *d, const struct hf__inbox *inbox,
                          enum hf__inbox_cause cause, const struct hf__victims *victims,
                          int64_t tombstone_for, struct hf_result *result)
{
	result->count = victims->count;
	result->changed = victims->count > 0;
	if (victims->count == 0)
		return HF_OK;
	const int rc = check_room(d, size_of_victims(victims));
	if (rc != HF_OK)
		return rc;
	struct hf__writer *body = hf__entry_body(d);
	hf__inbox_put_head(body, cause, hf__container_name(inbox), victims->count);
	for (size_t i = 0; i < victims->count; i++)
		hf__inbox_put_dropped(body, victims->items[i], tombstone_for, d->now);
	return hf__emit(d, HF__INBOX_CHANGE);
}

static int remove_and_free(struct hf__decision *d, const struct hf__inbox *inbox,
                           enum hf__inbox_cause cause, struct hf__victims *victims,
                           int64_t tombstone_for, struct hf_result *result)
{
	const int rc = remove_records(d, inbox, cause, victims, tombstone_for, result);
	hf__victims_deinit(victims);
	return rc;
}

static int prune_decide(void *state, struct hf__decision *d, const void *raw,
                        struct hf_result *result)
{
	const struct hf_inbox_prune_args *args = raw;
	struct hf__victims victims;
	const struct hf__inbox *inbox = hf__look_in(state, d, args->user);
	if (!inbox || args->keep_count == 0)
		return HF_OK;
	const int rc = hf__victims_of_prune(&victims, inbox, args);
	return rc == HF_OK ? remove_and_free(d, inbox, HF__INBOX_CAUSE_PRUNE, &victims,
	                                     args->tombstone_for, result)
	                   : rc;
}

static int trim_decide(void *state, struct hf__decision *d, const void *raw,
                       struct hf_result *result)
{
	const struct hf_inbox_trim_args *args = raw;
	struct hf__victims victims;
	const struct hf__inbox *inbox = hf__look_in(state, d, args->user);
	if (!inbox)
		return HF_OK;
	const size_t keep =
	    hf__kept_by_trim(inbox, args, hf__given_or(&args->write, args->now, d->now));
	result->count = hf__inbox_total(inbox) - keep;
	if (args->dry_run || result->count == 0)
		return HF_OK;
	const int rc = hf__victims_of_trim(&victims, inbox, keep);
	return rc == HF_OK ? remove_and_free(d, inbox, HF__INBOX_CAUSE_TRIM, &victims,
	                                     args->tombstone_for, result)
	                   : rc;
}

/* What a clear finds: keys of tombstones that have ended go too, but alone they are nothing to
 * do. */
struct contents {
	size_t records, tombs, bytes;
	bool stands; /* one of the tombstones does */
};

static struct contents contents_of(const struct hf__inbox *inbox, int64_t mono)
{
	const struct hf__inbox_bound all = {.view = HF__INBOX_BY_KEY};
	struct contents found = {0};
	for (struct hf__index_at at = hf__records_first(inbox, &all, NULL); at.leaf;
	     at = hf__records_next(inbox, &all, at), found.records++) {
		const struct hf__record *r = hf__index_object(at);
		found.bytes += REMOVED_OVERHEAD + r->lens[0] + r->lens[1];
	}
	for (struct hf__index_at at = hf__index_first(&inbox->tombs); at.leaf;
	     at = hf__index_next(at), found.tombs++) {
		const struct hf__tomb *tomb = hf__index_object(at);
		found.bytes += REMOVED_OVERHEAD + tomb->lens[0] + tomb->lens[1];
		found.stands = found.stands || hf__tomb_stands(tomb, mono);
	}
	return found;
}

/* Records and tombstones merged, in key order. No key has both. */
static void put_contents(struct hf__writer *body, const struct hf__inbox *inbox)
{
	const struct hf__inbox_bound all = {.view = HF__INBOX_BY_KEY};
	struct hf__index_at next = hf__records_first(inbox, &all, NULL),
	                    next_tomb = hf__index_first(&inbox->tombs);
	while (next.leaf || next_tomb.leaf) {
		const struct hf__record *record = hf__index_object(next);
		const struct hf__tomb *tomb = hf__index_object(next_tomb);
		if (!tomb ||
		    (record && hf__inbox_compare_keys(hf__record_account(record), hf__record_thread(record),
		                                      hf__tomb_account(tomb), hf__tomb_thread(tomb)) < 0)) {
			hf__inbox_put_removed(body, hf__record_account(record), hf__record_thread(record));
			next = hf__records_next(inbox, &all, next);
		} else {
			hf__inbox_put_lifted(body, hf__tomb_account(tomb), hf__tomb_thread(tomb));
			next_tomb = hf__index_next(next_tomb);
		}
	}
}

static int clear_decide(void *state, struct hf__decision *d, const void *raw,
                        struct hf_result *result)
{
	const struct hf_inbox_clear_args *args = raw;
	const struct hf__inbox *inbox = hf__look_in(state, d, args->user);
	if (!inbox)
		return HF_OK;
	const struct contents found = contents_of(inbox, d->mono);
	if (found.records == 0 && !found.stands && inbox->value.generated_at == HF_UNSET)
		return HF_OK;
	const int rc = check_room(d, found.bytes);
	if (rc != HF_OK)
		return rc;
	result->changed = true;
	result->count = found.records;
	struct hf__writer *body = hf__entry_body(d);
	hf__inbox_put_head(body, HF__INBOX_CAUSE_CLEAR, hf__container_name(inbox),
	                   found.records + found.tombs);
	put_contents(body, inbox);
	return hf__emit(d, HF__INBOX_CHANGE);
}

/* --- Copies for transactions ------------------------------------------------------------------ */

static void *prune_copy(struct hf__arena *arena, const void *args)
{
	struct hf_inbox_prune_args *copy = hf__arena_copy(arena, args, sizeof *copy);
	if (!copy || !hf__arena_bytes(arena, copy->user, &copy->user))
		return NULL;
	struct hf_bytes *accounts =
	    hf__arena_copy(arena, copy->keep_accounts, copy->keep_count * sizeof *accounts);
	for (size_t i = 0; accounts && i < copy->keep_count; i++)
		if (!hf__arena_bytes(arena, accounts[i], &accounts[i]))
			return NULL;
	copy->keep_accounts = accounts;
	return accounts ? copy : NULL;
}

/* --- Public ----------------------------------------------------------------------------------- */

HF__MUTATION(hf_inbox_prune, inbox_prune_args, hf__run, "inbox prune", HF__DOMAIN_INBOX,
             .check = prune_check, .decide = prune_decide, .copy = prune_copy);
HF__MUTATION(hf_inbox_trim, inbox_trim_args, hf__run, "inbox trim", HF__DOMAIN_INBOX,
             .check = trim_check, .decide = trim_decide);
HF__MUTATION(hf_inbox_clear, inbox_clear_args, hf__run, "inbox clear", HF__DOMAIN_INBOX,
             .check = clear_check, .decide = clear_decide);
