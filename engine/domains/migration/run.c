/* Applying migrations, and what can be done to their names.
 *
 * Happy path of hf_migrate(): for each name that is not there yet, the callback fills a
 * transaction, the name is added behind what it wants done, on the condition that it is still
 * absent, and all of it is committed as one. Failure modes: a callback or a commit that fails
 * leaves no trace of that migration; a list that is wrong as a whole, or in one checksum, is
 * refused before anything is applied. A caller that another thread's hf_migrate() overtook
 * meets the condition (or a refusal that the other's effects caused), finds the name, and goes
 * on as if it had been there all along. */
#include "domains/common/verb.h"
#include "domains/migration/migration.h"
#include "store/call/error.h"

/* --- Form ------------------------------------------------------------------------------------- */

static int check_name(struct hf_bytes name, struct hf__text *why)
{
	return hf__check_part("the name of a migration", name, false, why);
}

/* --- Deciding --------------------------------------------------------------------------------- */

/* Finds it (*out NULL: not applied), notes what the answer depends on, and compares its version
 * with the expected one. */
static int look(const struct hf__migration_state *state, struct hf__decision *d,
                const struct hf_write *write, struct hf_bytes name,
                const struct hf__migration **out)
{
	*out = hf__migration_find(state, name);
	hf__depends(d, *out ? &(*out)->object : &state->root);
	const int rc = hf__expect(d, write->expect, *out ? (*out)->value.version : 0);
	if (rc != HF_OK) {
		hf__text_add(&d->why, ": ");
		hf__text_add_quoted(&d->why, name);
	}
	return rc;
}

/* An applied migration is not changed afterwards. One side without a checksum says nothing. */
static int check_content(const struct hf__migration_value *value, struct hf_bytes name,
                         bool has_checksum, uint64_t checksum, struct hf__text *why)
{
	if (!value->has_checksum || !has_checksum || value->checksum == checksum)
		return HF_OK;
	return hf__refuse_named(why, HF_ECONFLICT, name,
	                        "it was applied with checksum %016llx, not %016llx",
	                        (unsigned long long)value->checksum, (unsigned long long)checksum);
}

static int record(void *state, struct hf__decision *d, const struct hf_migration_record_args *args,
                  enum hf__migration_cause cause, struct hf_result *result)
{
	const struct hf__migration *migration;
	const int rc = look(state, d, &args->write, args->name, &migration);
	if (rc != HF_OK)
		return rc;
	if (migration) {
		result->version = migration->value.version;
		return check_content(&migration->value, args->name, args->has_checksum, args->checksum,
		                     &d->why);
	}
	hf__changed(result, hf__next_lsn(d));
	const struct hf__migration_value value = {
	    .applied_at = hf__given_or(&args->write, args->applied_at, d->stamp),
	    .has_checksum = args->has_checksum,
	    .checksum = args->checksum,
	};
	hf__migration_put_applied(hf__entry_body(d), cause, args->name, &value);
	return hf__emit(d, HF__MIGRATION_APPLIED);
}

static int record_decide(void *state, struct hf__decision *d, const void *args,
                         struct hf_result *result)
{
	return record(state, d, args, HF__MIGRATION_RECORD, result);
}

static int apply_decide(void *state, struct hf__decision *d, const void *args,
                        struct hf_result *result)
{
	return record(state, d, args, HF__MIGRATION_APPLY, result);
}

static int forget_decide(void *state, struct hf__decision *d, const void *raw,
                         struct hf_result *result)
{
	const struct hf_migration_forget_args *args = raw;
	const struct hf__migration *migration;
	const int rc = look(state, d, &args->write, args->name, &migration);
	if (rc != HF_OK)
		return rc;
	if (!migration)
		return hf__refuse_named(&d->why, HF_ENOTFOUND, args->name, "it was not applied");
	hf__changed(result, 0);
	hf__migration_put_forgotten(hf__entry_body(d), args->name);
	return hf__emit(d, HF__MIGRATION_FORGOTTEN);
}

static int guard_decide(void *state, struct hf__decision *d, const void *raw,
                        struct hf_result *result)
{
	const struct hf_migration_guard_args *args = raw;
	const struct hf__migration *migration;
	const int rc = look(state, d, &args->write, args->name, &migration);
	result->version = migration ? migration->value.version : 0;
	return rc;
}

/* --- Public ----------------------------------------------------------------------------------- */

HF__MUTATION(hf_migration_record, migration_record_args, hf__run, "migration record",
             HF__DOMAIN_MIGRATION, .decide = record_decide);
HF__MUTATION(hf_migration_forget, migration_forget_args, hf__run, "migration forget",
             HF__DOMAIN_MIGRATION, .decide = forget_decide);
HF__MUTATION(hf_migration_guard, migration_guard_args, hf__guard_version, "migration guard",
             HF__DOMAIN_MIGRATION, .decide = guard_decide);

/* --- Migrate ---------------------------------------------------------------------------------- */

static int check_list(const struct hf_migration *list, size_t count, struct hf_error *error)
{
	if (!list && count > 0)
		return hf__fail(error, HF_EINVAL, 0, "migrations are missing");
	for (size_t i = 0; i < count; i++) {
		char why[HF_ERROR_TEXT] = "";
		struct hf__text text = {why, sizeof why, 0};
		int rc = check_name(list[i].name, &text);
		for (size_t j = 0; j < i && rc == HF_OK; j++) {
			if (!hf__bytes_equal(list[i].name, list[j].name))
				continue;
			hf__text_add(&text, "two migrations have the name ");
			hf__text_add_quoted(&text, list[i].name);
			rc = HF_EINVAL;
		}
		if (rc != HF_OK)
			return hf__fail(error, rc, 0, "%s", why);
	}
	return HF_OK;
}

struct applied {
	struct hf_bytes name;
	bool has_checksum;
	uint64_t checksum;
	bool found; /* by read_applied */
};

static int read_applied(struct hf__query *q, void *raw)
{
	struct applied *applied = raw;
	const struct hf__migration_state *state = q->state;
	const int rc = check_name(applied->name, &q->why);
	if (rc != HF_OK)
		return rc;
	const struct hf__migration *migration = hf__migration_find(state, applied->name);
	if (migration)
		hf__query_depends(q, &migration->object);
	else
		hf__query_absent(q, &state->root);
	applied->found = migration;
	if (!migration)
		return HF_OK;
	return check_content(&migration->value, applied->name, applied->has_checksum, applied->checksum,
	                     &q->why);
}

static void *copy_applied(struct hf__arena *arena, const void *raw)
{
	struct applied *copy = hf__arena_copy(arena, raw, sizeof *copy);
	return copy && hf__arena_bytes(arena, copy->name, &copy->name) ? copy : NULL;
}

static int is_applied(hf_store *store, struct applied applied, unsigned flags, bool *out,
                      struct hf_error *error)
{
	static const struct hf__asking asking = {
	    .domain = HF__DOMAIN_MIGRATION, .read = read_applied, .copy = copy_applied};
	struct hf__answer answer;
	const int rc = hf__read(store, &asking, &applied, flags, &answer, error);
	if (rc == HF_OK)
		hf__answer_reset(&answer);
	*out = rc == HF_OK && applied.found;
	return rc;
}

int hf_migration_applied(hf_store *store, struct hf_bytes name, unsigned flags, bool *out,
                         struct hf_error *error)
{
	HF__CALL;
	return is_applied(store, (struct applied){.name = name}, flags, out, error);
}

struct whole {
	const struct hf_migration *list;
	size_t count;
};

/* An older program on a newer store: all that it knows is applied, and more was after it. One
 * that has something to apply goes on from there. */
static bool ends_early(const struct hf__migration_state *state, const struct whole *whole,
                       const struct hf__migration *newest)
{
	for (size_t i = 0; i < whole->count && newest; i++) {
		const struct hf__migration *found = hf__migration_find(state, whole->list[i].name);
		if (!found || found == newest)
			return false;
	}
	return newest;
}

/* What is wrong with any of them refuses all of them. */
static int read_whole(struct hf__query *q, void *raw)
{
	const struct whole *whole = raw;
	const struct hf__migration_state *state = q->state;
	const struct hf__migration *newest = hf__index_object(hf__index_last(&state->by_lsn));
	hf__query_depends(q, &state->root);
	if (ends_early(state, whole, newest))
		return hf__refuse_named(&q->why, HF_ECONFLICT, hf__migration_name(newest),
		                        "the list of migrations ends before what was applied");
	for (size_t i = 0; i < whole->count; i++) {
		const struct hf_migration *one = &whole->list[i];
		const struct hf__migration *found = hf__migration_find(state, one->name);
		const int rc = found ? check_content(&found->value, one->name, one->has_checksum,
		                                     one->checksum, &q->why)
		                     : HF_OK;
		if (rc != HF_OK)
			return rc;
	}
	return HF_OK;
}

static int check_whole(hf_store *store, const struct hf_migration *list, size_t count,
                       struct hf_error *error)
{
	struct whole whole = {list, count};
	static const struct hf__asking asking = {.domain = HF__DOMAIN_MIGRATION, .read = read_whole};
	struct hf__answer answer;
	const int rc = hf__read(store, &asking, &whole, 0, &answer, error);
	if (rc == HF_OK)
		hf__answer_reset(&answer);
	return rc;
}

/* Puts the migration's name in front of what went wrong. */
static int name_failure(struct hf_bytes name, int rc, struct hf_error *error)
{
	char text[sizeof error->text] = "";
	struct hf__text named = {text, sizeof text, 0};
	hf__text_add(&named, "migration ");
	hf__text_add_quoted(&named, name);
	hf__text_add(&named, ": %s",
	             error->code == rc && error->text[0] ? error->text : hf_code_name(rc));
	error->code = rc;
	memcpy(error->text, text, sizeof text);
	return rc;
}

/* The callback's operations and the name as one. The name comes last, so that a refusal's index
 * is the callback's own. */
static int apply_one(hf_store *store, const struct hf_migration *migration, struct hf_error *error)
{
	static const struct hf__verb verb = {.name = "migration",
	                                     .domain = HF__DOMAIN_MIGRATION,
	                                     .decide = apply_decide,
	                                     .takes = &hf__api_migration_record_args};
	const struct hf_migration_record_args args = {.write.expect = HF_ABSENT,
	                                              .name = migration->name,
	                                              .has_checksum = migration->has_checksum,
	                                              .checksum = migration->checksum};
	hf_txn *txn = NULL;
	int rc = hf_txn_begin(store, &txn, error);
	if (rc != HF_OK)
		return rc;
	if (migration->fill)
		rc = migration->fill(migration->ctx, store, txn, error);
	if (rc == HF_OK)
		rc = hf__mutate(store, txn, &verb, &args, NULL, NULL, error);
	/* Crash: before the commit is durable neither the effect nor the name is there; afterwards
	 * both are. */
	if (rc == HF_OK)
		return hf_txn_commit(txn, HF_DURABLE, error);
	hf_txn_abandon(txn);
	return rc;
}

/* Applies it unless it is applied; *applied says whether this call did it. */
static int migrate_one(hf_store *store, const struct hf_migration *migration, bool *applied,
                       struct hf_error *error)
{
	bool found;
	*applied = false;
	const struct applied wanted = {.name = migration->name,
	                               .has_checksum = migration->has_checksum,
	                               .checksum = migration->checksum};
	int rc = is_applied(store, wanted, 0, &found, error);
	if (rc != HF_OK || found)
		return rc;
	rc = apply_one(store, migration, error);
	if (rc == HF_OK) {
		*applied = true;
		return rc;
	}
	/* Another caller may have been faster, whatever the refusal was. What could not be made
	 * durable is not found: the read fails too. */
	return is_applied(store, wanted, 0, &found, NULL) == HF_OK && found ? HF_OK : rc;
}

int hf_migrate(hf_store *store, const struct hf_migration *list, size_t count,
               struct hf_migrated *out, struct hf_error *error)
{
	HF__CALL;
	struct hf_migrated done = {0};
	struct hf_error failure = {0};
	int rc = hf__can_give(&hf__api_migrated, out, &failure);
	if (rc == HF_OK)
		rc = check_list(list, count, &failure);
	if (rc == HF_OK)
		rc = check_whole(store, list, count, &failure);
	for (size_t i = 0; i < count && rc == HF_OK; i++) {
		bool applied;
		rc = migrate_one(store, &list[i], &applied, &failure);
		if (rc != HF_OK)
			(void)name_failure(list[i].name, rc, &failure);
		else
			*(applied ? &done.applied : &done.skipped) += 1;
	}
	hf__give(&hf__api_migrated, out, &done);
	if (rc != HF_OK && error)
		*error = failure;
	return rc;
}
