/* What can be done to a cursor. Each mutation looks at the one cursor it names, decides the
 * cursor's whole new value, and writes it as one entry; what it looked at is what its answer
 * waits for, refusals and "nothing to do" included. */
#include "domains/common/verb.h"
#include "domains/cursor/cursor.h"

_Static_assert(offsetof(struct hf_cursor_guard_args, key) ==
                   offsetof(struct hf_cursor_remove_args, key),
               "see key_check");

/* What a mutation found. */
struct found {
	struct hf__cursor_position key;
	struct hf__cursor *cursor; /* NULL: none */
};

/* --- Form ------------------------------------------------------------------------------------- */

static int check_target(const struct hf_cursor_key *key, struct hf__text *why)
{
	struct hf__cursor_position position;
	return hf__cursor_key(key, &position, why) ? HF_OK : HF_EINVAL;
}

static int check_delivery_id(struct hf_bytes id, struct hf__text *why)
{
	if (hf__cursor_delivery_id_ok(id))
		return HF_OK;
	return hf__refuse(why, HF_EINVAL, "delivery_id must have at most %u bytes",
	                  HF_CURSOR_DELIVERY_ID_MAX);
}

static int advance_check(const void *raw, struct hf__text *why)
{
	const struct hf_cursor_advance_args *args = raw;
	if (args->sequence <= 0)
		return hf__refuse(why, HF_EINVAL, "sequence must be above 0");
	const int rc = check_delivery_id(args->delivery_id, why);
	return rc == HF_OK ? check_target(&args->key, why) : rc;
}

static int reset_check(const void *raw, struct hf__text *why)
{
	const struct hf_cursor_reset_args *args = raw;
	if (args->sequence < 0)
		return hf__refuse(why, HF_EINVAL, "sequence must not be below 0");
	int rc = check_delivery_id(args->delivery_id, why);
	if (rc == HF_OK)
		rc = check_target(&args->key, why);
	if (rc != HF_OK)
		return rc;
	if (hf__blank(args->reason))
		return hf__refuse(why, HF_EREASON, "a reset needs a reason");
	return hf__check_bytes("reason", args->reason, HF_CURSOR_REASON_MAX, why);
}

static int record_error_check(const void *raw, struct hf__text *why)
{
	const struct hf_cursor_record_error_args *args = raw;
	if (hf__blank(args->message))
		return hf__refuse(why, HF_EINVAL, "the message is blank");
	if (hf__check_bytes("message", args->message, SIZE_MAX, why) != HF_OK) /* a longer one is cut */
		return HF_EINVAL;
	return check_target(&args->key, why);
}

/* The reason and the time of a reset stand together or not at all. */
static int put_check_reset(const struct hf_cursor_put_args *args, struct hf__text *why)
{
	const struct hf_cursor *cursor = &args->cursor;
	const bool dated = hf__given(&args->write, cursor->reset_at) != HF_UNSET;
	if (dated != (cursor->reset_reason.len > 0))
		return hf__refuse(why, HF_EINVAL, "reset_reason and reset_at need each other");
	if (!dated)
		return HF_OK;
	if (hf__blank(cursor->reset_reason))
		return hf__refuse(why, HF_EREASON, "a reset needs a reason");
	return hf__check_bytes("reason", cursor->reset_reason, HF_CURSOR_REASON_MAX, why);
}

static int put_check(const void *raw, struct hf__text *why)
{
	const struct hf_cursor_put_args *args = raw;
	const struct hf_cursor *cursor = &args->cursor;
	if (cursor->last_sequence < 0)
		return hf__refuse(why, HF_EINVAL, "last_sequence must not be below 0");
	if (hf__check_bytes("last_error", cursor->last_error, SIZE_MAX, why) != HF_OK)
		return HF_EINVAL;
	if ((cursor->error_count == 0) != (cursor->last_error.len == 0))
		return hf__refuse(why, HF_EINVAL, "last_error and error_count need each other");
	int rc = check_delivery_id(cursor->last_delivery_id, why);
	if (rc == HF_OK)
		rc = put_check_reset(args, why);
	return rc == HF_OK ? check_target(&cursor->key, why) : rc;
}

/* Of arguments that are a key, behind struct hf_write, and nothing else that has a form. */
static int key_check(const void *raw, struct hf__text *why)
{
	return check_target(&((const struct hf_cursor_remove_args *)raw)->key, why);
}

/* --- Deciding --------------------------------------------------------------------------------- */

/* Finds the cursor, notes that the answer depends on it, and compares its version with the
 * expected one. */
static int look(const struct hf__cursor_state *s, struct hf__decision *d,
                const struct hf_write *write, const struct hf_cursor_key *key, struct found *found)
{
	if (!hf__cursor_key(key, &found->key, &d->why))
		return HF_EINVAL; /* checked before: not reached */
	found->cursor = hf__cursor_find(s, &found->key);
	hf__depends(d, hf__cursor_depends(s, found->cursor, found->key.part[HF__STREAM]));
	const int rc = hf__expect(d, write->expect, found->cursor ? found->cursor->object.changed : 0);
	if (rc != HF_OK) {
		hf__text_add(&d->why, ": ");
		hf__cursor_add_name(&d->why, &found->key);
	}
	return rc;
}

static int missing(struct hf__decision *d, const struct found *found)
{
	hf__text_add(&d->why, "there is no cursor of ");
	hf__cursor_add_name(&d->why, &found->key);
	return HF_ENOTFOUND;
}

static struct hf__cursor_image image_or_new(const struct hf__cursor *cursor)
{
	if (cursor)
		return hf__cursor_image_of(cursor);
	return (struct hf__cursor_image){.last_delivered_at = HF_UNSET, .reset_at = HF_UNSET};
}

static void clear_error(struct hf__cursor_image *image)
{
	image->last_error = hf_bytes_of(NULL, 0);
	image->error_count = 0;
}

/* Writes the new value, unless it is the old one. */
static int put(struct hf__decision *d, const struct found *found,
               const struct hf__cursor_image *image, enum hf__cursor_cause cause,
               struct hf_result *result)
{
	if (found->cursor) {
		const struct hf__cursor_image old = hf__cursor_image_of(found->cursor);
		result->version = found->cursor->object.changed;
		if (hf__cursor_images_equal(&old, image))
			return HF_OK;
	}
	hf__changed(result, hf__next_lsn(d));
	hf__cursor_put_set(hf__entry_body(d), cause, &found->key, image);
	return hf__emit(d, HF__CURSOR_SET);
}

static int not_monotonic(struct hf__decision *d, const struct found *found,
                         const struct hf__cursor_image *old, int64_t sequence,
                         struct hf_bytes delivery_id)
{
	/* Both positions, and of both delivery ids as much as fits beside them: the numbers stand
	 * first. */
	enum { ID_SHOWN = 40 };
	hf__text_add(&d->why, "at %lld, refused %lld: delivery ids ", (long long)old->last_sequence,
	             (long long)sequence);
	hf__text_add_quoted_within(&d->why, old->delivery_id, ID_SHOWN);
	hf__text_add(&d->why, " and ");
	hf__text_add_quoted_within(&d->why, delivery_id, ID_SHOWN);
	hf__text_add(&d->why, ": ");
	hf__cursor_add_name(&d->why, &found->key);
	return HF_ENONMONOTONIC;
}

static int advance_decide(void *state, struct hf__decision *d, const void *raw,
                          struct hf_result *result)
{
	const struct hf_cursor_advance_args *args = raw;
	struct found found;
	const int rc = look(state, d, &args->write, &args->key, &found);
	if (rc != HF_OK)
		return rc;
	struct hf__cursor_image image = image_or_new(found.cursor);
	const bool forward = args->sequence > image.last_sequence;
	const bool replay = args->sequence == image.last_sequence &&
	                    hf__bytes_equal(args->delivery_id, image.delivery_id);
	if (!forward && !replay)
		return not_monotonic(d, &found, &image, args->sequence, args->delivery_id);
	image.updated_at = hf__given_or(&args->write, args->now, d->stamp);
	clear_error(&image);
	if (forward || image.last_delivered_at == HF_UNSET)
		image.last_delivered_at = hf__given_or(&args->write, args->delivered_at, image.updated_at);
	image.last_sequence = args->sequence;
	image.delivery_id = args->delivery_id;
	return put(d, &found, &image, forward ? HF__CURSOR_ADVANCE : HF__CURSOR_REPLAY, result);
}

static int reset_decide(void *state, struct hf__decision *d, const void *raw,
                        struct hf_result *result)
{
	const struct hf_cursor_reset_args *args = raw;
	struct found found;
	const int rc = look(state, d, &args->write, &args->key, &found);
	if (rc != HF_OK)
		return rc;
	struct hf__cursor_image image = {
	    .last_sequence = args->sequence,
	    .delivery_id = args->delivery_id,
	    .last_delivered_at = hf__given(&args->write, args->delivered_at),
	    .updated_at = hf__given_or(&args->write, args->now, d->stamp),
	    .reset_reason = args->reason,
	};
	image.reset_at = image.updated_at;
	return put(d, &found, &image, HF__CURSOR_RESET, result);
}

static int record_error_decide(void *state, struct hf__decision *d, const void *raw,
                               struct hf_result *result)
{
	const struct hf_cursor_record_error_args *args = raw;
	struct found found;
	const int rc = look(state, d, &args->write, &args->key, &found);
	if (rc != HF_OK)
		return rc;
	struct hf__cursor_image image = image_or_new(found.cursor);
	image.last_error = hf__utf8_cut(args->message, HF_CURSOR_ERROR_MAX);
	image.error_count += image.error_count < UINT64_MAX; /* an import can bring any count */
	image.updated_at = hf__given_or(&args->write, args->now, d->stamp);
	return put(d, &found, &image, HF__CURSOR_RECORD_ERROR, result);
}

static int put_decide(void *state, struct hf__decision *d, const void *raw,
                      struct hf_result *result)
{
	const struct hf_cursor_put_args *args = raw;
	const struct hf_cursor *cursor = &args->cursor;
	struct found found;
	const int rc = look(state, d, &args->write, &cursor->key, &found);
	if (rc != HF_OK)
		return rc;
	const struct hf__cursor_image old = image_or_new(found.cursor);
	if (cursor->last_sequence < old.last_sequence)
		return not_monotonic(d, &found, &old, cursor->last_sequence, cursor->last_delivery_id);
	const struct hf__cursor_image image = {
	    .last_sequence = cursor->last_sequence,
	    .delivery_id = cursor->last_delivery_id,
	    .last_delivered_at = hf__given(&args->write, cursor->last_delivered_at),
	    .last_error = hf__utf8_cut(cursor->last_error, HF_CURSOR_ERROR_MAX),
	    .error_count = cursor->error_count,
	    .updated_at = hf__given_or(&args->write, cursor->updated_at, d->stamp),
	    .reset_reason = cursor->reset_reason,
	    .reset_at = hf__given(&args->write, cursor->reset_at),
	};
	return put(d, &found, &image, HF__CURSOR_PUT, result);
}

static int remove_decide(void *state, struct hf__decision *d, const void *raw,
                         struct hf_result *result)
{
	const struct hf_cursor_remove_args *args = raw;
	struct found found;
	const int rc = look(state, d, &args->write, &args->key, &found);
	if (rc != HF_OK)
		return rc;
	if (!found.cursor)
		return missing(d, &found);
	hf__changed(result, 0);
	hf__cursor_put_remove(hf__entry_body(d), &found.key);
	return hf__emit(d, HF__CURSOR_REMOVE);
}

static int guard_decide(void *state, struct hf__decision *d, const void *raw,
                        struct hf_result *result)
{
	const struct hf_cursor_guard_args *args = raw;
	struct found found;
	const int rc = look(state, d, &args->write, &args->key, &found);
	if (rc == HF_OK && found.cursor)
		result->version = found.cursor->object.changed;
	return rc;
}

/* --- Copies for transactions ------------------------------------------------------------------ */

/* Of the message no more than will be kept. */
static void *record_error_copy(struct hf__arena *arena, const void *args)
{
	struct hf_cursor_record_error_args cut = *(const struct hf_cursor_record_error_args *)args;
	cut.message = hf__utf8_cut(cut.message, HF_CURSOR_ERROR_MAX);
	return hf__copy_args(arena, &cut, sizeof cut, &hf__api_cursor_record_error_args);
}

static void *put_copy(struct hf__arena *arena, const void *args)
{
	struct hf_cursor_put_args cut = *(const struct hf_cursor_put_args *)args;
	cut.cursor.last_error = hf__utf8_cut(cut.cursor.last_error, HF_CURSOR_ERROR_MAX);
	return hf__copy_args(arena, &cut, sizeof cut, &hf__api_cursor_put_args);
}

/* --- Public ----------------------------------------------------------------------------------- */

HF__MUTATION(hf_cursor_advance, cursor_advance_args, hf__run, "cursor advance", HF__DOMAIN_CURSOR,
             .check = advance_check, .decide = advance_decide, .giving = &hf__cursor_giving);
HF__MUTATION(hf_cursor_reset, cursor_reset_args, hf__run, "cursor reset", HF__DOMAIN_CURSOR,
             .check = reset_check, .decide = reset_decide, .giving = &hf__cursor_giving);
HF__MUTATION(hf_cursor_record_error, cursor_record_error_args, hf__run, "cursor record_error",
             HF__DOMAIN_CURSOR, .check = record_error_check, .decide = record_error_decide,
             .copy = record_error_copy, .giving = &hf__cursor_giving);
HF__MUTATION(hf_cursor_put, cursor_put_args, hf__run, "cursor put", HF__DOMAIN_CURSOR,
             .check = put_check, .decide = put_decide, .copy = put_copy,
             .giving = &hf__cursor_put_giving);
HF__MUTATION(hf_cursor_remove, cursor_remove_args, hf__run, "cursor remove", HF__DOMAIN_CURSOR,
             .check = key_check, .decide = remove_decide, .giving = &hf__cursor_giving);
HF__MUTATION(hf_cursor_guard, cursor_guard_args, hf__guard_version, "cursor guard",
             HF__DOMAIN_CURSOR, .check = key_check, .decide = guard_decide,
             .giving = &hf__cursor_giving);
