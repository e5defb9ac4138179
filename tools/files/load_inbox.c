/* Inboxes, their records and tombstones, as load.h has them. */
#include "files/load_parts.h"

#include "print/text.h"
#include "rows/rows.h"

static bool equal_contents(const struct hf_inbox_record *there, const struct hf_inbox_input *given)
{
	return equal_bytes(there->payload, given->payload) && there->unread == given->unread &&
	       same_double(there->score, given->score) && there->updated_at == given->updated_at;
}

static int save_record(struct load *load, const struct hf_inbox_save_args *args, uint64_t *count)
{
	struct hf_error error = {0};
	return load_added(load, hf_inbox_save(load->cli->store, load->txn, args, NULL, &error), &error,
	                  count);
}

static int drop_record(struct load *load, const struct hf_inbox_key *key)
{
	struct hf_error error = {0};
	const struct hf_inbox_remove_args args = {.key = *key};
	uint64_t none = 0;
	return load_added(load, hf_inbox_remove(load->cli->store, load->txn, &args, NULL, &error),
	                  &error, &none);
}

/* HF_OK: *got must be released; HF_ENOTFOUND; else *rc is the exit status. */
static int look_up(struct load *load, const struct hf_inbox_key *key, struct hf_inbox_got *got,
                   int *rc)
{
	struct hf_error error = {0};
	const int code = hf_inbox_get(load->cli->store, key, 0, got, &error);
	*rc = code == HF_OK || code == HF_ENOTFOUND ? CLI_OK : load_refused(load, &error);
	return code;
}

/* *found says whether a tombstone of the key stands; *out is what it says, but for the key. */
static int look_up_tombstone(struct load *load, const struct hf_inbox_key *key,
                             struct hf_inbox_tombstone *out, bool *found)
{
	const struct hf_inbox_list_tombstones_args args = {
	    .user = key->user, .account = key->account, .thread = key->thread};
	struct hf_inbox_tombstone_page page = {0};
	struct hf_error error = {0};
	if (hf_inbox_list_tombstones(load->cli->store, &args, 0, &page, &error) != HF_OK)
		return load_refused(load, &error);
	*found = page.count > 0;
	if (*found)
		*out = page.items[0];
	out->key = *key;
	hf_release(page.memory);
	return CLI_OK;
}

static int bury(struct load *load, const struct hf_inbox_tombstone *tomb, uint64_t *count)
{
	static const struct load_how how = {.of = "hf_inbox_tombstone",
	                                    .put = "hf_inbox_put_tombstone"};
	return load_put(load, &how, tomb, 0, count);
}

/* A record that is not there: what a tombstone says to its return is a conflict too. */
static int add_record(struct load *load, const struct hf_inbox_key *key,
                      const struct hf_inbox_save_args *save)
{
	struct hf_inbox_tombstone tomb;
	uint64_t none = 0;
	bool found = false;
	int rc = look_up_tombstone(load, key, &tomb, &found);
	if (rc != CLI_OK || !found)
		return rc == CLI_OK ? save_record(load, save, &load->added) : rc;
	if (!load->replace)
		return load_conflict(load, "a tombstone of thread", key->thread);
	rc =
	    bury(load,
	         &(struct hf_inbox_tombstone){.key = *key, .dismissed_at = HF_UNSET, .until = HF_UNSET},
	         &none);
	return rc == CLI_OK ? save_record(load, save, &load->replaced) : rc;
}

int load_tombstone(struct load *load, const struct hf_inbox_tombstone *tomb)
{
	struct hf_inbox_tombstone there;
	struct hf_inbox_got got = {0};
	bool found = false;
	int rc = load_make_room(
	    load, 2 * (tomb->key.user.len + tomb->key.account.len + tomb->key.thread.len));
	if (rc != CLI_OK || load->pass == LOAD_CHECK)
		return rc;
	const int code = look_up(load, &tomb->key, &got, &rc);
	hf_release(got.memory);
	if (code == HF_OK && !load->replace)
		return load_conflict(load, "the record of thread", tomb->key.thread);
	if (code == HF_OK)
		rc = drop_record(load, &tomb->key);
	if (rc == CLI_OK)
		rc = look_up_tombstone(load, &tomb->key, &there, &found);
	if (rc != CLI_OK)
		return rc;
	const bool same =
	    found && rows_equal(rows_struct("hf_inbox_tombstone"), &there, tomb, "version", NULL);
	if (found && !same && !load->replace)
		return load_conflict(load, "a tombstone of thread", tomb->key.thread);
	return bury(load, tomb,
	            found || code == HF_OK            ? same ? &load->same : &load->replaced
	            : load_is_over(load, tomb->until) ? &load->same
	                                              : &load->added);
}

int load_record(struct load *load, const struct hf_inbox_record *record)
{
	const struct hf_api_struct *of = rows_struct("hf_inbox_record");
	const struct hf_inbox_key key = record->key;
	struct hf_inbox_input input = {0};
	const struct hf_inbox_save_args save = {.write.literal_times = true,
	                                        .user = key.user,
	                                        .records = &input,
	                                        .count = 1,
	                                        .generated_at = HF_UNSET,
	                                        .restore = true};
	struct hf_inbox_got got = {0};
	/* The key twice: a record that is replaced takes two entries. */
	int rc = load_make_room(load, rows_bytes(of, record) + key.user.len + key.account.len +
	                                  key.thread.len);
	if (rc != CLI_OK || load->pass == LOAD_CHECK)
		return rc;
	rows_copy(rows_struct("hf_inbox_input"), &input, of, record);
	const int code = look_up(load, &key, &got, &rc);
	if (code != HF_OK)
		return code == HF_ENOTFOUND ? add_record(load, &key, &save) : rc;
	if (rows_equal(of, &got.record, record, "saved version", NULL)) {
		load->same++;
	} else if (!load->replace) {
		rc = load_conflict(load, "the record of thread", key.thread);
	} else {
		/* A save keeps marks that are there: to take the file's, the record goes and comes anew. */
		rc = drop_record(load, &key);
		if (rc == CLI_OK)
			rc = save_record(load, &save, &load->replaced);
	}
	hf_release(got.memory);
	return rc;
}

int load_saved(struct load *load, struct hf_bytes user, const struct hf_inbox_input *record,
               hf_time generated_at)
{
	const struct hf_inbox_key key = {
	    .user = user, .account = record->account, .thread = record->thread};
	const struct hf_inbox_save_args save = {.write.literal_times = true,
	                                        .user = user,
	                                        .records = record,
	                                        .count = 1,
	                                        .generated_at = generated_at};
	struct hf_inbox_got got = {0};
	int rc = load_make_room(load, user.len + record->account.len + record->thread.len +
	                                  record->payload.len);
	if (rc != CLI_OK || load->pass == LOAD_CHECK)
		return rc;
	const int code = look_up(load, &key, &got, &rc);
	if (code != HF_OK)
		return code == HF_ENOTFOUND ? save_record(load, &save, &load->added) : rc;
	const bool same = equal_contents(&got.record, record) &&
	                  got.record.snapshot_at == generated_at &&
	                  (got.record.dismissed || !record->dismissed);
	hf_release(got.memory);
	return save_record(load, &save, same ? &load->same : &load->replaced);
}

int load_generated_at(struct load *load, struct hf_bytes user, hf_time generated_at)
{
	const struct hf_inbox_save_args save = {
	    .write.literal_times = true, .user = user, .generated_at = generated_at};
	uint64_t none = 0;
	const int rc = load_make_room(load, user.len);
	return rc != CLI_OK || load->pass == LOAD_CHECK ? rc : save_record(load, &save, &none);
}

int load_status(struct load *load, struct hf_bytes user, const struct hf_bytes *status,
                struct hf_bytes extra, bool overrule)
{
	struct hf_inbox_status there = {0};
	struct hf_error error = {0};
	uint64_t none = 0;
	int rc = load_make_room(load, user.len + (status ? status->len : 0) + extra.len);
	if (rc != CLI_OK || load->pass == LOAD_CHECK)
		return rc;
	if (hf_inbox_get_status(load->cli->store, user, 0, &there, &error) != HF_OK)
		return load_refused(load, &error);
	const struct hf_inbox_set_status_args args = {
	    .user = user, .status = status ? *status : there.status, .extra = extra, .set_extra = true};
	const bool same = (there.version != 0 || !status) && equal_bytes(there.status, args.status) &&
	                  equal_bytes(there.extra, extra);
	if (!same && there.version != 0 && !overrule && !load->replace)
		rc = load_conflict(load, "the status of inbox", user);
	else if (!same)
		rc = load_added(load, hf_inbox_set_status(load->cli->store, load->txn, &args, NULL, &error),
		                &error, &none);
	hf_release(there.memory);
	return rc;
}

/* Where the object is counted once it is in the transaction: the store does not show it before
 * the commit. */
static int find_inbox(struct load *load, struct hf_bytes user, hf_time generated_at,
                      const struct hf_bytes *status, struct hf_bytes extra, uint64_t **count)
{
	const struct hf_inbox_load_args args = {.user = user, .limit = 1};
	struct hf_inbox_page page = {0};
	struct hf_inbox_status there = {0};
	struct hf_error error = {0};
	if (hf_inbox_load(load->cli->store, &args, 0, &page, &error) != HF_OK)
		return load_refused(load, &error);
	const hf_time newest = page.generated_at;
	hf_release(page.memory);
	if (hf_inbox_get_status(load->cli->store, user, 0, &there, &error) != HF_OK)
		return load_refused(load, &error);
	const bool same = !status || (there.version != 0 && equal_bytes(there.status, *status) &&
	                              equal_bytes(there.extra, extra));
	const bool known = newest != HF_UNSET || there.version != 0;
	*count = same && generated_at <= newest ? &load->same : known ? &load->replaced : &load->added;
	hf_release(there.memory);
	return CLI_OK;
}

int load_inbox(struct load *load, struct hf_bytes user, hf_time generated_at,
               const struct hf_bytes *status, struct hf_bytes extra)
{
	uint64_t none = 0, *count = &none;
	int rc = load->pass == LOAD_CHECK ? CLI_OK
	                                  : find_inbox(load, user, generated_at, status, extra, &count);
	if (rc == CLI_OK)
		rc = load_generated_at(load, user, generated_at);
	if (rc == CLI_OK && status)
		rc = load_status(load, user, status, extra, false);
	*count += rc == CLI_OK;
	return rc;
}
