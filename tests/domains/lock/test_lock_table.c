/* tier: fast */
/* Every cell of the lock tables: each operation on a lock in each state, with its code,
 * `changed`, version and the lock that results, run on a live store, after reopening, and on a
 * state loaded from a snapshot; each mutation plainly, with an expected version that is right,
 * with one that is wrong, inside a transaction, and inside one that fails afterwards.
 *
 * Each cell has a lock of its own, so all of them are arranged in one store, carried over
 * together, and then performed. */
#include "holdfast/lock.h"
#include "lib/domains/table.h"
#include "lib/test.h"

#define SECOND INT64_C(1000000)
/* the rest is arranged when the first leases are over and that is logged */
#define LOGGED (STAGE_NOW + 20 * SECOND)
#define NOW (STAGE_NOW + 60 * SECOND)
#define LEASE_SHORT (10 * SECOND)
#define LEASE_LONG (3600 * SECOND)
#define LEASE_NEW (60 * SECOND) /* 60s in words, where NOW is now+60s */
#define PAST (STAGE_NOW - 5 * SECOND)

/* The states a lock is arranged in. */
enum state {
	FREE, /* never held */
	RELEASED,
	MINE, /* held by this owner and token, lease running */
	UNLEASED, /* the same without a lease: ends when the store is closed */
	NEWER, /* held by this owner, by a later grant than that of our token */
	OTHER, /* held by another owner; our token is of an earlier grant */
	OVER, /* held by this token, lease over */
	ENDED, /* the same, and that is logged */
	STATES,
};

static const char *const state_names[STATES] = {"free",
                                                "released",
                                                "held",
                                                "held without lease",
                                                "held by a newer grant",
                                                "held by another",
                                                "lease over",
                                                "lease over and logged"};

struct cell {
	char name[48];
	hf_token ours; /* the token that operations present */
	hf_token held; /* the token that holds the lock; 0: none */
};

/* --- A lock as text: "owner token@lease acquired" --------------------------------------------- */

static char time_letter(hf_time time)
{
	static const struct table_time known[] = {
	    {LOGGED, 'A'},          {NOW, 'N'},     {PAST, 'P'}, {LOGGED + LEASE_LONG, 'L'},
	    {NOW + LEASE_NEW, 'M'}, {HF_UNSET, '-'}};
	return table_letter(known, sizeof known / sizeof *known, time);
}

/* The lock as text, "" for a free one, and its version. */
static hf_lsn look(hf_store *store, const void *of, char out[TABLE_TEXT])
{
	const struct cell *cell = of;
	struct hf_lock_got got = {0};
	struct hf_error error = {0};
	const int rc = hf_lock_get(store, hf_str(cell->name), 0, &got, &error);
	out[0] = '\0';
	if (rc == HF_ENOTFOUND)
		return 0;
	if (rc != HF_OK)
		fail_msg("get: %s", error.text);
	assert_true(hf__bytes_equal(got.lock.name, hf_str(cell->name)));
	const char token = got.lock.token == cell->ours   ? 't'
	                   : got.lock.token == cell->held ? 'o'
	                                                  : 'n';
	(void)snprintf(out, TABLE_TEXT, "%.*s %c@%c %c", (int)got.lock.owner.len,
	               (const char *)got.lock.owner.data, token, time_letter(got.lock.lease_until),
	               time_letter(got.lock.acquired_at));
	const hf_lsn version = got.lock.version;
	assert_true(version != 0);
	hf_release(got.memory);
	return version;
}

/* --- The table -------------------------------------------------------------------------------- */

static bool word(const struct trial *t, const char *name, struct op_value *out)
{
	const struct cell *cell = t->cell;
	out->bytes = hf_str(cell->name);
	out->number = (int64_t)cell->ours;
	return strcmp(name, "lock") == 0 || strcmp(name, "ours") == 0;
}

static void note(void *ctx)
{
	*(unsigned *)ctx += 1;
}

static int with_lock(struct trial *t)
{
	const struct cell *cell = t->cell;
	unsigned calls = 0;
	const struct hf_lock_with_args args = {.name = hf_str(cell->name)};
	const int rc = hf_lock_with(t->store, &args, note, &calls, &t->error);
	assert_int_equal(calls, rc == HF_OK ? 1 : 0);
	return rc;
}

/* Held by our token with or without a lease; held by any other; free. ENDED is the same as OVER. */
#define BY_TOKEN(mine, unleased) \
	{ \
		"ESTALE", "ESTALE", mine, unleased, "ESTALE", "ESTALE", "ESTALE" \
	}
#define BY_OWNER(lock, other) \
	{ \
		lock, lock, lock, lock, lock, other, lock \
	}
#define BY_ANY(free, held) \
	{ \
		free, free, held, held, held, held, free \
	}
#define ACQUIRE "hf_lock_acquire name=$lock owner="
#define RENEW "hf_lock_renew name=$lock token=$ours"
#define PUT "hf_lock_put name=$lock acquired_at=now+-5s owner="

static const struct table_row rows[] = {
    TABLE_ROW("acquire", TABLE_ONE, ACQUIRE "w1 lease_us=60s", BY_OWNER("w1 n@M N", "EHELD")),
    TABLE_ROW("acquire without lease", TABLE_ONE, ACQUIRE "w1", BY_OWNER("w1 n@- N", "EHELD")),
    TABLE_ROW("acquire by another", TABLE_ONE, ACQUIRE "w2 lease_us=60s",
              {"w2 n@M N", "w2 n@M N", "EHELD", "EHELD", "EHELD", "w2 n@M N", "w2 n@M N"}),
    TABLE_ROW("renew", TABLE_ONE, RENEW " lease_us=60s", BY_TOKEN("w1 t@M A", "w1 t@M A")),
    TABLE_ROW("renew without lease", TABLE_ONE, RENEW, BY_TOKEN("w1 t@- A", "=")),
    TABLE_ROW("release", TABLE_ONE, "hf_lock_release name=$lock token=$ours",
              BY_TOKEN("gone", "gone")),
    TABLE_ROW("force_release", TABLE_ONE,
              "hf_lock_force_release name=$lock reason=the_holder_hangs", BY_ANY("=", "gone")),
    TABLE_ROW("put", TABLE_ONE, PUT "w1 lease_until=now+120s", BY_OWNER("w1 n@M P", "EHELD")),
    TABLE_ROW("put past", TABLE_ONE, PUT "w2 lease_until=now+60s", BY_OWNER("=", "=")),
    TABLE_ROW("guard", TABLE_GUARD, "hf_lock_guard name=$lock", BY_OWNER("=", "=")),
    TABLE_ROW("guard_held", TABLE_GUARD, "hf_lock_guard_held name=$lock token=$ours",
              BY_TOKEN("=", "=")),
    TABLE_ROW("check", TABLE_READ, "hf_lock_check name=$lock token=$ours", BY_TOKEN("=", "=")),
    {.name = "with_lock", .sort = TABLE_READ, .run = with_lock, .outcome = BY_ANY("=", "EHELD")},
};

/* The state that the setting makes of it: closing the store frees what is held without a lease. */
static unsigned state_in(unsigned state, enum setting setting)
{
	if (state == ENDED || (state == UNLEASED && setting == SETTING_REOPENED))
		return OVER;
	return state;
}

static const char *text_of_state(unsigned state)
{
	static const char *const texts[STATES] = {
	    [FREE] = "",          [RELEASED] = "",      [MINE] = "w1 t@L A", [UNLEASED] = "w1 t@- A",
	    [NEWER] = "w1 o@L A", [OTHER] = "w2 o@L A", [OVER] = "",
	};
	return texts[state];
}

/* --- Arranging -------------------------------------------------------------------------------- */

static void expect_ok(int rc, const struct hf_error *error)
{
	if (rc != HF_OK)
		fail_msg("arranging: %s", error->text);
}

static hf_token grant(hf_store *store, const struct cell *cell, const char *owner, int64_t lease)
{
	struct hf_error error = {0};
	struct hf_result result = {0};
	const struct hf_lock_acquire_args args = {
	    .name = hf_str(cell->name), .owner = hf_str(owner), .lease_us = lease};
	expect_ok(hf_lock_acquire(store, NULL, &args, &result, &error), &error);
	return result.token;
}

static void give_back(hf_store *store, const struct cell *cell)
{
	struct hf_error error = {0};
	const struct hf_lock_release_args args = {.name = hf_str(cell->name), .token = cell->ours};
	expect_ok(hf_lock_release(store, NULL, &args, NULL, &error), &error);
}

static void arrange(hf_store *store, void *of, unsigned number, unsigned state)
{
	struct cell *cell = of;
	(void)snprintf(cell->name, sizeof cell->name, "%s/%u", state_names[state], number);
	cell->ours = 77; /* where there never was one */
	if (state == FREE)
		return;
	cell->ours = grant(store, cell, "w1",
	                   state == UNLEASED                 ? 0
	                   : state == OVER || state == ENDED ? LEASE_SHORT
	                                                     : LEASE_LONG);
	if (state == RELEASED || state == OTHER)
		give_back(store, cell);
	if (state == NEWER || state == OTHER) {
		cell->held = grant(store, cell, state == NEWER ? "w1" : "w2", LEASE_LONG);
		assert_true(cell->held > cell->ours);
	}
}

/* --- Running it ------------------------------------------------------------------------------- */

static bool is_logged(unsigned state)
{
	return state == ENDED;
}

static void compare_tokens(struct trial *t)
{
	const struct cell *cell = t->cell;
	const bool granted = t->result.changed && strstr(t->after, " n@");
	if (granted && (t->result.token <= cell->ours || t->result.token <= cell->held ||
	                (t->result.token & ((UINT64_C(1) << 48) - 1)) != t->version))
		table_wrong(t, "a new token, made of the version", "another");
	if (t->result.changed && strstr(t->after, " t@") && t->result.token != cell->ours)
		table_wrong(t, "the token that stays", "another");
}

static const struct table table = {.rows = rows,
                                   .row_count = sizeof rows / sizeof *rows,
                                   .cell_size = sizeof(struct cell),
                                   .states = STATES,
                                   .state_names = state_names,
                                   .logged = LOGGED,
                                   .now = NOW,
                                   .arrange = arrange,
                                   .look = look,
                                   .text = text_of_state,
                                   .word = word,
                                   .spoiler = "hf_lock_guard write.expect=7 name=no_such_lock",
                                   .is_logged = is_logged,
                                   .state_in = state_in,
                                   .compare = compare_tokens};

static void every_cell_holds_in_every_setting(void **unused)
{
	(void)unused;
	table_run(&table);
}

static void the_cells_are_those_of_the_design(void **unused)
{
	(void)unused;
	table_is_listed("lock", &table);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_cells_are_those_of_the_design),
	    cmocka_unit_test(every_cell_holds_in_every_setting),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
