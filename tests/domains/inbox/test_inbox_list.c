/* tier: fast */
/* Loads of inboxes against a sorted model: every filter, every page size, in every setting,
 * payloads in memory and on disk; pages while records come and go, leaving tombstones; tokens;
 * status, limits, imports and transactions; and bounds on the steps of pages and counts. */
#include "base/mem.h"
#include "holdfast/inbox.h"
#include "lib/domains/page_steps.h"
#include "lib/rng.h"
#include "lib/settings.h"
#include "lib/test.h"

#define HOUR INT64_C(3600000000)

/* --- The model: a record per account and thread ----------------------------------------------- */

static const char *const accounts[] = {"a", "ab", "primary"};

enum { ACCOUNTS = 3, THREADS = 20, ALL = ACCOUNTS * THREADS, BIG = 700 };

struct entry {
	const char *account;
	char thread[8];
	struct hf_inbox_input now; /* as last saved */
	hf_time snapshot_at;
	bool unread, dismissed, there;
	bool buried, blocked; /* not there: comes back dismissed; does not come back */
	hf_time snoozed_until;
	char payload[BIG];
};

/* In key order. */
struct model {
	struct entry entries[ALL];
	hf_time newest;
};

static struct model *model_new(void)
{
	struct model *m = calloc(1, sizeof *m);
	assert_non_null(m);
	m->newest = HF_UNSET;
	for (size_t i = 0; i < ALL; i++) {
		m->entries[i].account = accounts[i / THREADS];
		m->entries[i].snoozed_until = HF_UNSET;
		(void)snprintf(m->entries[i].thread, sizeof m->entries[i].thread, "t%02zu", i % THREADS);
	}
	return m;
}

static double random_score(struct hf_rng *rng)
{
	static const double scores[] = {
	    0.0, -0.0, 1.0, 1.0, -2.5, 1e300, __builtin_inf(), -__builtin_inf(), 0x1p-1074};
	return scores[hf_rng_below(rng, sizeof scores / sizeof scores[0])];
}

static struct hf_inbox_input random_input(struct entry *e, struct hf_rng *rng)
{
	const size_t len = hf_rng_chance(rng, 1, 3) ? hf_rng_below(rng, BIG + 1) : hf_rng_below(rng, 4);
	hf_rng_fill(rng, e->payload, len);
	/* "primary" is written as nothing at times. */
	const bool implied = strcmp(e->account, "primary") == 0 && hf_rng_chance(rng, 1, 2);
	return (struct hf_inbox_input){.account = hf_str(implied ? "" : e->account),
	                               .thread = hf_str(e->thread),
	                               .payload = hf_bytes_of(e->payload, len),
	                               .unread = hf_rng_chance(rng, 1, 2),
	                               .dismissed = hf_rng_chance(rng, 1, 6),
	                               .score = random_score(rng),
	                               .updated_at = (int64_t)hf_rng_below(rng, 5)};
}

static void note_saved(struct entry *e, const struct hf_inbox_input *input, hf_time generated_at)
{
	if (e->blocked)
		return;
	if (!e->there)
		e->snoozed_until = HF_UNSET;
	e->dismissed = input->dismissed || (e->there && e->dismissed) || e->buried;
	e->buried = false;
	e->unread = input->unread;
	e->now = *input;
	e->snapshot_at = generated_at;
	e->there = true;
}

/* Saves a random choice of records, in random order. */
static void save_some(struct stage *stage, struct model *m, struct hf_rng *rng,
                      enum hf_inbox_save_mode mode)
{
	struct hf_inbox_input inputs[ALL];
	bool named[ALL] = {false};
	size_t count = 0;
	const hf_time generated_at =
	    hf_rng_chance(rng, 1, 8) ? HF_UNSET : (int64_t)hf_rng_below(rng, 6);
	for (int i = 0; i < 25; i++) {
		const size_t which = hf_rng_below(rng, ALL);
		if (named[which])
			continue;
		named[which] = true;
		inputs[count] = random_input(&m->entries[which], rng);
		note_saved(&m->entries[which], &inputs[count++], generated_at);
	}
	for (size_t i = 0; i < ALL && mode == HF_INBOX_REPLACE; i++) {
		struct entry *e = &m->entries[i];
		e->buried = e->buried || (e->there && !named[i] && e->dismissed);
		e->there = e->there && named[i];
	}
	const struct hf_inbox_save_args args = {.user = hf_str("u"),
	                                        .records = inputs,
	                                        .count = count,
	                                        .generated_at = generated_at,
	                                        .mode = mode,
	                                        .write.literal_times = true};
	struct hf_error error = {0};
	if (hf_inbox_save(stage->store, NULL, &args, NULL, &error) != HF_OK)
		fail_msg("save: %s", error.text);
	if (generated_at > m->newest)
		m->newest = generated_at;
}

static struct hf_inbox_key key_of(const struct entry *e)
{
	return (struct hf_inbox_key){hf_str("u"), hf_str(e->account), hf_str(e->thread)};
}

static void mark_one(struct stage *stage, struct entry *e, struct hf_rng *rng)
{
	const struct hf_inbox_mark_args args = {.key = key_of(e)};
	const int want = e->there ? HF_OK : HF_ENOTFOUND;
	const struct hf_inbox_snooze_args snooze = {
	    .key = args.key, .until = STAGE_NOW + hf_rng_range(rng, -1, 1) * HOUR};
	const struct hf_inbox_remove_args bury = {.key = args.key, .tombstone_for = HOUR};
	switch (hf_rng_below(rng, 6)) {
	case 0:
		assert_int_equal(hf_inbox_dismiss(stage->store, NULL, &args, NULL, NULL), want);
		e->dismissed = true;
		break;
	case 1:
		assert_int_equal(hf_inbox_undismiss(stage->store, NULL, &args, NULL, NULL), want);
		e->dismissed = false;
		break;
	case 2:
		assert_int_equal(hf_inbox_mark_read(stage->store, NULL, &args, NULL, NULL), want);
		e->unread = false;
		break;
	case 3:
		assert_int_equal(hf_inbox_snooze(stage->store, NULL, &snooze, NULL, NULL), want);
		e->snoozed_until = snooze.until;
		break;
	case 4:
		if (!e->there || hf_rng_chance(rng, 2, 3))
			break;
		assert_int_equal(hf_inbox_remove(stage->store, NULL, &bury, NULL, NULL), HF_OK);
		e->there = false;
		e->blocked = true;
		break;
	default:
		assert_int_equal(hf_inbox_remove(stage->store, NULL,
		                                 &(struct hf_inbox_remove_args){.key = args.key}, NULL,
		                                 NULL),
		                 want);
		e->there = false;
		break;
	}
}

/* One account's, or all. */
static void mark_many(struct stage *stage, struct model *m, struct hf_rng *rng)
{
	const char *account = hf_rng_chance(rng, 1, 2) ? accounts[hf_rng_below(rng, ACCOUNTS)] : "";
	const struct hf_inbox_mark_all_args args = {.user = hf_str("u"), .account = hf_str(account)};
	const bool read = hf_rng_chance(rng, 2, 3);
	struct hf_result result;
	uint64_t count = 0;
	assert_int_equal((read ? hf_inbox_mark_all_read : hf_inbox_dismiss_all)(stage->store, NULL,
	                                                                        &args, &result, NULL),
	                 HF_OK);
	for (size_t i = 0; i < ALL; i++) {
		struct entry *e = &m->entries[i];
		if (!e->there || (account[0] && strcmp(account, e->account) != 0))
			continue;
		count += read ? e->unread : !e->dismissed;
		e->unread = e->unread && !read;
		e->dismissed = e->dismissed || !read;
	}
	assert_true(result.count == count && result.changed == (count > 0));
}

static struct model *fill(struct stage *stage, struct hf_rng *rng)
{
	struct model *m = model_new();
	for (int round = 0; round < 12; round++) {
		save_some(stage, m, rng, hf_rng_chance(rng, 1, 6) ? HF_INBOX_REPLACE : HF_INBOX_UPSERT);
		for (int i = 0; i < 10; i++)
			mark_one(stage, &m->entries[hf_rng_below(rng, ALL)], rng);
		if (hf_rng_chance(rng, 1, 6))
			mark_many(stage, m, rng);
	}
	save_some(stage, m, rng, HF_INBOX_UPSERT);
	return m;
}

/* snapshot_at descending, score descending (0 before -0), then key order, which is the order of
 * the array. */
static int compare_loaded(const void *a, const void *b)
{
	const struct entry *x = *(const struct entry *const *)a, *y = *(const struct entry *const *)b;
	if (x->snapshot_at != y->snapshot_at)
		return x->snapshot_at > y->snapshot_at ? -1 : 1;
	if (x->now.score > y->now.score || x->now.score < y->now.score)
		return x->now.score > y->now.score ? -1 : 1;
	const int x_minus = __builtin_signbit(x->now.score) != 0,
	          y_minus = __builtin_signbit(y->now.score) != 0;
	if (x_minus != y_minus)
		return x_minus - y_minus;
	return x < y ? -1 : x > y;
}

static bool selects(const struct hf_inbox_load_args *f, const struct entry *e)
{
	return e->there && (f->account.len == 0 || strcmp(f->account.data, e->account) == 0) &&
	       (!f->unread_only || e->unread) && (!f->without_dismissed || !e->dismissed) &&
	       (!f->without_snoozed || e->snoozed_until <= STAGE_NOW);
}

static bool same_text(struct hf_bytes bytes, const char *text)
{
	return bytes.len == strlen(text) && memcmp(bytes.data, text, bytes.len) == 0;
}

static bool is_entry(const struct hf_inbox_record *r, const struct entry *e)
{
	return same_text(r->key.user, "u") && same_text(r->key.account, e->account) &&
	       same_text(r->key.thread, e->thread) && r->payload.len == e->now.payload.len &&
	       memcmp(r->payload.data, e->payload, r->payload.len) == 0 && r->unread == e->unread &&
	       r->dismissed == e->dismissed && r->score == e->now.score &&
	       __builtin_signbit(r->score) == __builtin_signbit(e->now.score) &&
	       r->updated_at == e->now.updated_at && r->snapshot_at == e->snapshot_at &&
	       r->snoozed_until == e->snoozed_until && r->saved != 0 && r->saved <= r->version &&
	       (r->dismissed_at != HF_UNSET) == r->dismissed;
}

/* --- Loads ------------------------------------------------------------------------------------ */

static void check_load(struct stage *stage, struct model *m, struct hf_inbox_load_args filter)
{
	const struct entry *want[ALL];
	size_t count = 0, next = 0;
	for (size_t i = 0; i < ALL; i++)
		if (selects(&filter, &m->entries[i]))
			want[count++] = &m->entries[i];
	qsort(want, count, sizeof want[0], compare_loaded);
	struct hf_inbox_page page = {0};
	do {
		struct hf_error error = {0};
		struct hf_memory *before = page.memory;
		if (hf_inbox_load(stage->store, &filter, 0, &page, &error) != HF_OK)
			fail_msg("load: %s", error.text);
		hf_release(before);
		assert_true(page.generated_at == m->newest);
		assert_true(filter.limit == 0 || page.count <= filter.limit);
		assert_true(!page.next || page.count == filter.limit);
		assert_true(page.count > 0 || count == 0); /* no token leads to an empty page */
		for (size_t i = 0; i < page.count; i++, next++) {
			assert_true(next < count);
			assert_true(is_entry(&page.items[i], want[next]));
		}
		filter.page = page.next;
	} while (page.next);
	hf_release(page.memory);
	assert_int_equal(next, count);
}

static void check_all_loads(struct stage *stage, struct model *m)
{
	static const size_t limits[] = {0, 1, 3, 8, 1000};
	for (int account = -1; account < ACCOUNTS; account++)
		for (unsigned flags = 0; flags < 8; flags++)
			for (size_t limit = 0; limit < sizeof limits / sizeof limits[0]; limit++)
				check_load(stage, m,
				           (struct hf_inbox_load_args){
				               .user = hf_str("u"),
				               .account = hf_str(account < 0 ? NULL : accounts[account]),
				               .unread_only = flags & 1,
				               .without_dismissed = flags & 2,
				               .without_snoozed = flags & 4,
				               .limit = limits[limit],
				           });
}

static void check_dismissed(struct stage *stage, struct model *m, size_t limit)
{
	struct hf_inbox_list_dismissed_args args = {.user = hf_str("u"), .limit = limit};
	struct hf_inbox_key_page keys = {0};
	size_t next = 0;
	do {
		struct hf_memory *before = keys.memory;
		assert_int_equal(hf_inbox_list_dismissed(stage->store, &args, 0, &keys, NULL), HF_OK);
		hf_release(before);
		assert_true(keys.count > 0 || next == 0);
		for (size_t i = 0; i < keys.count; i++, next++) {
			while (next < ALL && !(m->entries[next].there && m->entries[next].dismissed))
				next++;
			assert_true(next < ALL);
			assert_true(same_text(keys.items[i].account, m->entries[next].account));
			assert_true(same_text(keys.items[i].thread, m->entries[next].thread));
		}
		args.page = keys.next;
	} while (keys.next);
	hf_release(keys.memory);
	while (next < ALL && !(m->entries[next].there && m->entries[next].dismissed))
		next++;
	assert_int_equal(next, ALL);
}

static void check_counts(struct stage *stage, const struct model *m)
{
	struct hf_inbox_counts counts;
	uint64_t total = 0, unread = 0, dismissed = 0;
	for (size_t i = 0; i < ALL; i++) {
		const struct entry *e = &m->entries[i];
		total += e->there;
		dismissed += e->there && e->dismissed;
		unread += e->there && e->unread && !e->dismissed;
	}
	assert_int_equal(hf_inbox_count(stage->store, hf_str("u"), 0, &counts, NULL), HF_OK);
	assert_true(counts.total == total && counts.dismissed == dismissed && counts.unread == unread);
	assert_true(counts.unseen == total - dismissed); /* nothing here marks as seen */
}

static void every_filter_and_page_size_gives_the_model_in_order(void **state)
{
	(void)state;
	for (enum setting setting = 0; setting < SETTINGS; setting++) {
		struct hf_rng rng = hf_rng_for("inbox loads");
		struct stage *stage = stage_open(setting);
		struct model *m = fill(stage, &rng);
		stage_switch(stage);
		check_all_loads(stage, m);
		check_counts(stage, m);
		for (size_t limit = 0; limit < 4; limit++)
			check_dismissed(stage, m, limit);
		/* A bigger change on top of the carried state. */
		save_some(stage, m, &rng, HF_INBOX_REPLACE);
		check_load(stage, m, (struct hf_inbox_load_args){.user = hf_str("u")});
		check_counts(stage, m);
		stage_close(stage);
		free(m);
	}
}

static void an_inbox_nobody_wrote_to_is_empty(void **state)
{
	(void)state;
	struct stage *stage = stage_open(SETTING_LIVE);
	struct hf_inbox_page page;
	struct hf_inbox_key_page keys;
	struct hf_inbox_status status;
	struct hf_inbox_counts counts = {1, 1, 1, 1};
	assert_int_equal(hf_inbox_load(stage->store, &(struct hf_inbox_load_args){.user = hf_str("u")},
	                               0, &page, NULL),
	                 HF_OK);
	assert_true(page.count == 0 && page.generated_at == HF_UNSET && !page.next);
	assert_int_equal(hf_inbox_list_dismissed(
	                     stage->store, &(struct hf_inbox_list_dismissed_args){.user = hf_str("u")},
	                     0, &keys, NULL),
	                 HF_OK);
	assert_true(keys.count == 0 && !keys.next);
	assert_int_equal(hf_inbox_get_status(stage->store, hf_str("u"), 0, &status, NULL), HF_OK);
	assert_true(status.status.len == 0 && status.version == 0);
	assert_int_equal(hf_inbox_count(stage->store, hf_str("u"), 0, &counts, NULL), HF_OK);
	assert_true(counts.total == 0 && counts.unread == 0 && counts.unseen == 0 &&
	            counts.dismissed == 0);
	hf_release(page.memory);
	hf_release(keys.memory);
	hf_release(status.memory);
	/* A user that is no key part is an error for all of them. */
	assert_int_equal(hf_inbox_load(stage->store, &(struct hf_inbox_load_args){.user = hf_str("")},
	                               0, &page, NULL),
	                 HF_EINVAL);
	assert_int_equal(hf_inbox_list_dismissed(stage->store,
	                                         &(struct hf_inbox_list_dismissed_args){.limit = 1}, 0,
	                                         &keys, NULL),
	                 HF_EINVAL);
	assert_int_equal(hf_inbox_get_status(stage->store, hf_bytes_of("a\0b", 3), 0, &status, NULL),
	                 HF_EINVAL);
	assert_int_equal(hf_inbox_count(stage->store, hf_str(NULL), 0, &counts, NULL), HF_EINVAL);
	stage_close(stage);
}

static void what_stays_through_a_walk_is_given_exactly_once(void **state)
{
	(void)state;
	struct hf_rng rng = hf_rng_for("inbox walk");
	struct stage *stage = stage_open(SETTING_LIVE);
	struct model *m = fill(stage, &rng);
	unsigned given[ALL] = {0};
	bool stays[ALL];
	for (size_t i = 0; i < ALL; i++)
		stays[i] = m->entries[i].there && i % 2 == 0;
	char *token = NULL;
	do {
		struct hf_inbox_page page;
		assert_int_equal(hf_inbox_load(stage->store,
		                               &(struct hf_inbox_load_args){
		                                   .user = hf_str("u"), .limit = 3, .page = token},
		                               0, &page, NULL),
		                 HF_OK);
		for (size_t i = 0; i < page.count; i++)
			for (size_t e = 0; e < ALL; e += 2)
				given[e] += stays[e] &&
				            same_text(page.items[i].key.account, m->entries[e].account) &&
				            same_text(page.items[i].key.thread, m->entries[e].thread);
		free(token);
		token = page.next ? strdup(page.next) : NULL;
		hf_release(page.memory);
		/* Everything odd comes, moves and goes; flags of the others change, which moves nothing. */
		for (size_t e = 0; e < ALL; e++) {
			const struct hf_inbox_mark_args args = {.key = key_of(&m->entries[e])};
			if (stays[e])
				assert_int_equal(hf_inbox_mark_read(stage->store, NULL, &args, NULL, NULL), HF_OK);
			else if (e % 2)
				mark_one(stage, &m->entries[e], &rng);
		}
	} while (token);
	for (size_t i = 0; i < ALL; i++)
		assert_int_equal(given[i], stays[i]);
	stage_close(stage);
	free(m);
}

static void a_token_is_good_for_its_query_only(void **state)
{
	(void)state;
	struct hf_rng rng = hf_rng_for("inbox tokens");
	struct stage *stage = stage_open(SETTING_LIVE);
	struct model *m = fill(stage, &rng);
	struct hf_inbox_page page, other;
	struct hf_inbox_key_page keys;
	struct hf_error error = {0};
	assert_int_equal(hf_inbox_load(stage->store,
	                               &(struct hf_inbox_load_args){.user = hf_str("u"), .limit = 2}, 0,
	                               &page, NULL),
	                 HF_OK);
	assert_non_null(page.next);
	const struct hf_inbox_load_args wrong[] = {
	    {.user = hf_str("v"), .page = page.next},
	    {.user = hf_str("u"), .account = hf_str("a"), .page = page.next},
	    {.user = hf_str("u"), .unread_only = true, .page = page.next},
	    {.user = hf_str("u"), .without_dismissed = true, .page = page.next},
	    {.user = hf_str("u"), .page = "?"},
	};
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
		assert_int_equal(hf_inbox_load(stage->store, &wrong[i], 0, &other, &error), HF_EINVAL);
		assert_true(other.items == NULL && other.memory == NULL && error.text[0]);
	}
	const struct hf_inbox_list_dismissed_args dismissed = {.user = hf_str("u"), .page = page.next};
	assert_int_equal(hf_inbox_list_dismissed(stage->store, &dismissed, 0, &keys, NULL), HF_EINVAL);
	hf_release(page.memory);
	stage_close(stage);
	free(m);
}

/* --- Status, limits, imports ------------------------------------------------------------------ */

static int set_status(struct stage *stage, struct hf_bytes status, hf_lsn expect,
                      struct hf_result *result)
{
	const struct hf_inbox_set_status_args args = {
	    .write.expect = expect, .user = hf_str("u"), .status = status};
	return hf_inbox_set_status(stage->store, NULL, &args, result, NULL);
}

static void a_status_is_set_once_per_change_and_versioned(void **state)
{
	(void)state;
	for (enum setting setting = 0; setting < SETTINGS; setting++) {
		struct stage *stage = stage_open(setting);
		static char big[HF_INBOX_STATUS_MAX + 1];
		struct hf_result result, again;
		struct hf_inbox_status status;
		memset(big, 's', sizeof big);
		assert_int_equal(set_status(stage, hf_str(""), 1, &result), HF_ECONFLICT);
		assert_int_equal(set_status(stage, hf_str(""), HF_ABSENT, &result), HF_OK);
		assert_true(result.changed && result.version != 0 && result.count == 1);
		assert_int_equal(set_status(stage, hf_str(""), 0, &again), HF_OK);
		assert_true(!again.changed && again.version == result.version && again.count == 0);
		assert_int_equal(
		    set_status(stage, hf_bytes_of(big, HF_INBOX_STATUS_MAX), result.version, &result),
		    HF_OK);
		stage_switch(stage);
		assert_int_equal(set_status(stage, hf_bytes_of(big, sizeof big), 0, NULL), HF_ETOOBIG);
		assert_int_equal(set_status(stage, hf_str("x"), HF_ABSENT, NULL), HF_ECONFLICT);
		assert_int_equal(
		    set_status(stage, hf_bytes_of(big, HF_INBOX_STATUS_MAX), result.version, &again),
		    HF_OK);
		assert_true(!again.changed && again.version == result.version);
		assert_int_equal(hf_inbox_get_status(stage->store, hf_str("u"), 0, &status, NULL), HF_OK);
		assert_true(status.version == result.version && status.status.len == HF_INBOX_STATUS_MAX);
		assert_memory_equal(status.status.data, big, HF_INBOX_STATUS_MAX);
		hf_release(status.memory);
		/* Saving and clearing leave it, and it leaves them. */
		const struct hf_inbox_save_args save = {.user = hf_str("u"), .generated_at = 7};
		assert_int_equal(hf_inbox_save(stage->store, NULL, &save, NULL, NULL), HF_OK);
		assert_int_equal(set_status(stage, hf_str("ok"), result.version, &result), HF_OK);
		struct hf_inbox_page page;
		assert_int_equal(hf_inbox_load(stage->store,
		                               &(struct hf_inbox_load_args){.user = hf_str("u")}, 0, &page,
		                               NULL),
		                 HF_OK);
		assert_true(page.generated_at == 7);
		hf_release(page.memory);
		stage_close(stage);
	}
}

static int save_input(struct stage *stage, const struct hf_inbox_input *input, bool restore)
{
	const struct hf_inbox_save_args args = {.write.literal_times = true,
	                                        .user = hf_str("u"),
	                                        .records = input,
	                                        .count = 1,
	                                        .generated_at = 50,
	                                        .restore = restore};
	return hf_inbox_save(stage->store, NULL, &args, NULL, NULL);
}

static void what_breaks_the_rules_is_refused(void **state)
{
	(void)state;
	struct stage *stage = stage_open(SETTING_LIVE);
	static char longest[HF_KEY_MAX + 1];
	memset(longest, 'k', sizeof longest);
	char *big = calloc(1, HF_PAYLOAD_MAX + 1);
	assert_non_null(big);
	const struct hf_bytes fits = hf_bytes_of(longest, HF_KEY_MAX),
	                      over = hf_bytes_of(longest, HF_KEY_MAX + 1), nul = hf_bytes_of("a\0b", 3);
	const struct {
		struct hf_inbox_input input;
		int code;
	} inputs[] = {
	    {{.account = fits, .thread = fits, .payload = nul}, HF_OK},
	    {{.thread = {0}}, HF_EINVAL},
	    {{.thread = over}, HF_EINVAL},
	    {{.thread = nul}, HF_EINVAL},
	    {{.account = over, .thread = fits}, HF_EINVAL},
	    {{.account = nul, .thread = fits}, HF_EINVAL},
	    {{.thread = fits, .payload = {big, HF_PAYLOAD_MAX + 1}}, HF_ETOOBIG},
	};
	for (size_t i = 0; i < sizeof inputs / sizeof inputs[0]; i++)
		assert_int_equal(save_input(stage, &inputs[i].input, false), inputs[i].code);
	const struct hf_inbox_input heavy[3] = {
	    {.thread = hf_str("1"), .payload = {big, HF_PAYLOAD_MAX}},
	    {.thread = hf_str("2"), .payload = {big, HF_PAYLOAD_MAX}},
	    {.thread = hf_str("3"), .payload = {big, 1}}};
	const struct hf_inbox_save_args args = {.user = hf_str("u"), .records = heavy, .count = 3};
	assert_int_equal(hf_inbox_save(stage->store, NULL, &args, NULL, NULL), HF_ETOOBIG);
	const struct hf_inbox_save_args lost = {.user = hf_str("u"), .count = 3};
	assert_int_equal(hf_inbox_save(stage->store, NULL, &lost, NULL, NULL), HF_EINVAL);
	free(big);
	stage_close(stage);
}

static void an_import_keeps_the_times_of_new_records(void **state)
{
	(void)state;
	struct stage *stage = stage_open(SETTING_LOADED);
	struct hf_inbox_input input = {.thread = hf_str("t"),
	                               .dismissed = true,
	                               .updated_at = HF_UNSET,
	                               .snapshot_at = 0,
	                               .seen_at = 1,
	                               .read_at = HF_UNSET,
	                               .dismissed_at = -3};
	const struct hf_inbox_key key = {hf_str("u"), {0}, hf_str("t")};
	struct hf_inbox_got got;
	assert_int_equal(save_input(stage, &input, true), HF_OK);
	stage_switch(stage);
	assert_int_equal(hf_inbox_get(stage->store, &key, 0, &got, NULL), HF_OK);
	assert_true(got.record.updated_at == HF_UNSET && got.record.snapshot_at == 0 &&
	            got.record.seen_at == 1);
	assert_true(got.record.read_at == HF_UNSET && got.record.dismissed_at == -3 &&
	            got.record.dismissed);
	hf_release(got.memory);
	/* On an existing record only its content counts. */
	input.seen_at = 9;
	input.dismissed = false;
	input.dismissed_at = HF_UNSET;
	input.snapshot_at = 4;
	assert_int_equal(save_input(stage, &input, true), HF_OK);
	assert_int_equal(hf_inbox_get(stage->store, &key, 0, &got, NULL), HF_OK);
	assert_true(got.record.snapshot_at == 4 && got.record.seen_at == 1 &&
	            got.record.dismissed_at == -3 && got.record.dismissed);
	hf_release(got.memory);
	input.dismissed_at = 5;
	assert_int_equal(save_input(stage, &input, true), HF_EINVAL);
	stage_close(stage);
}

static void any_one_field_that_differs_makes_a_save_a_change(void **state)
{
	(void)state;
	struct stage *stage = stage_open(SETTING_LIVE);
	static char text[BIG];
	memset(text, 'p', sizeof text);
	const struct hf_inbox_input same = {
	    .thread = hf_str("t"), .payload = hf_bytes_of(text, BIG), .updated_at = 1};
	struct hf_inbox_input inputs[7] = {same, same, same, same, same, same, same};
	inputs[1].unread = true;
	inputs[2].score = -0.0;
	inputs[3].updated_at = 2;
	inputs[4].payload.len--;
	inputs[5].payload = hf_bytes_of(memset(malloc(BIG), 'q', BIG), BIG);
	inputs[6].dismissed = true; /* last: it stays */
	for (size_t i = 0; i < 7; i++) {
		struct hf_result result;
		const struct hf_inbox_save_args first = {
		    .user = hf_str("u"), .records = &same, .count = 1, .generated_at = 1};
		const struct hf_inbox_save_args then = {
		    .user = hf_str("u"), .records = &inputs[i], .count = 1, .generated_at = 1};
		assert_int_equal(hf_inbox_save(stage->store, NULL, &first, &result, NULL), HF_OK);
		assert_int_equal(hf_inbox_save(stage->store, NULL, &then, &result, NULL), HF_OK);
		assert_true(result.changed == (i > 0) && result.count == (i > 0));
	}
	free((void *)(uintptr_t)inputs[5].payload.data);
	stage_close(stage);
}

/* Removes from the model what a trim must drop; gives the count. */
static uint64_t trim_model(struct model *m, uint64_t max_records, hf_time oldest)
{
	struct entry *loaded[ALL];
	size_t count = 0;
	uint64_t dropped = 0;
	for (size_t i = 0; i < ALL; i++)
		if (m->entries[i].there)
			loaded[count++] = &m->entries[i];
	qsort(loaded, count, sizeof loaded[0], compare_loaded);
	for (size_t i = 0; i < count; i++) {
		if ((max_records == 0 || i < max_records) && loaded[i]->snapshot_at >= oldest)
			continue;
		loaded[i]->there = false;
		dropped++;
	}
	return dropped;
}

static void a_trim_drops_what_lies_beyond_either_bound(void **state)
{
	(void)state;
	struct hf_rng rng = hf_rng_for("inbox trim");
	struct stage *stage = stage_open(SETTING_LIVE);
	for (int round = 0; round < 40; round++) {
		struct model *m = fill(stage, &rng);
		const struct hf_inbox_clear_args clear = {.user = hf_str("u")};
		struct hf_inbox_trim_args args = {.user = hf_str("u"), .now = 10, .dry_run = true};
		struct hf_result dry, done;
		args.max_records = hf_rng_chance(&rng, 1, 4) ? 0 : hf_rng_below(&rng, ALL);
		/* snapshots are at 0 to 5, or unset */
		args.max_age_us = hf_rng_chance(&rng, 1, 4) ? 0 : hf_rng_range(&rng, 4, 12);
		if (hf_rng_chance(&rng, 1, 8))
			args.max_age_us = INT64_MAX;
		assert_int_equal(hf_inbox_trim(stage->store, NULL, &args, &dry, NULL), HF_OK);
		args.dry_run = false;
		assert_int_equal(hf_inbox_trim(stage->store, NULL, &args, &done, NULL), HF_OK);
		const hf_time oldest = args.max_age_us == 0 ? HF_UNSET : args.now - args.max_age_us;
		const uint64_t want = trim_model(m, args.max_records, oldest);
		assert_true(dry.count == want && !dry.changed && done.count == want &&
		            done.changed == (want > 0));
		struct hf_inbox_page page;
		assert_int_equal(
		    hf_inbox_load(stage->store,
		                  &(struct hf_inbox_load_args){.user = hf_str("u"), .limit = 1}, 0, &page,
		                  NULL),
		    HF_OK);
		m->newest = page.generated_at; /* of some round before */
		hf_release(page.memory);
		check_load(stage, m, (struct hf_inbox_load_args){.user = hf_str("u")});
		check_counts(stage, m);
		assert_int_equal(hf_inbox_clear(stage->store, NULL, &clear, NULL, NULL), HF_OK);
		free(m);
	}
	stage_close(stage);
}

/* --- Transactions ----------------------------------------------------------------------------- */

static void add_changes(struct stage *stage, hf_txn *txn, struct model *m,
                        struct hf_result results[6])
{
	static const struct hf_inbox_input input = {
	    .thread = {"fresh", 5}, .payload = {"x", 1}, .unread = true};
	const struct hf_inbox_mark_args fresh = {.key = {hf_str("nobody"), {0}, hf_str("fresh")}};
	const struct hf_inbox_save_args make = {
	    .user = hf_str("nobody"), .records = &input, .count = 1, .generated_at = 99};
	const struct hf_inbox_save_args replace = {.user = hf_str("u"),
	                                           .records = &input,
	                                           .count = 1,
	                                           .generated_at = 99,
	                                           .mode = HF_INBOX_REPLACE};
	const struct hf_inbox_set_status_args status = {.user = hf_str("u"), .status = hf_str("busy")};
	const struct hf_inbox_clear_args clear = {.user = hf_str("u")};
	(void)m;
	assert_int_equal(hf_inbox_save(stage->store, txn, &make, &results[0], NULL), HF_OK);
	/* sees the save */
	assert_int_equal(hf_inbox_dismiss(stage->store, txn, &fresh, &results[1], NULL), HF_OK);
	assert_int_equal(hf_inbox_save(stage->store, txn, &replace, &results[2], NULL), HF_OK);
	assert_int_equal(hf_inbox_set_status(stage->store, txn, &status, &results[3], NULL), HF_OK);
	assert_int_equal(hf_inbox_clear(stage->store, txn, &clear, &results[4], NULL), HF_OK);
	assert_int_equal(hf_inbox_save(stage->store, txn, &replace, &results[5], NULL), HF_OK);
}

static void a_failing_operation_takes_all_of_its_transaction_along(void **state)
{
	(void)state;
	for (enum setting setting = 0; setting < SETTINGS; setting++) {
		struct hf_rng rng = hf_rng_for("inbox transactions");
		struct stage *stage = stage_open(setting);
		struct model *m = fill(stage, &rng);
		struct hf_error error = {0};
		struct hf_result results[6];
		hf_txn *txn;
		stage_switch(stage);
		struct hf__writer before = stage_dump(stage);
		assert_int_equal(hf_txn_begin(stage->store, &txn, &error), HF_OK);
		add_changes(stage, txn, m, results);
		const struct hf_inbox_guard_args guard = {.write.expect = HF_ABSENT,
		                                          .key = {hf_str("nobody"), {0}, hf_str("fresh")}};
		assert_int_equal(hf_inbox_guard(stage->store, txn, &guard, NULL, &error), HF_OK);
		assert_int_equal(hf_txn_commit(txn, HF_DURABLE, &error), HF_ECONFLICT);
		assert_int_equal(error.operation, 6);
		for (size_t i = 0; i < 6; i++)
			assert_true(!results[i].changed && results[i].version == 0 && results[i].count == 0);
		struct hf__writer after = stage_dump(stage);
		assert_true(hf__bytes_equal(hf_bytes_of(before.data, before.len),
		                            hf_bytes_of(after.data, after.len)));
		hf__writer_deinit(&before);
		hf__writer_deinit(&after);
		check_all_loads(stage, m);
		/* Without the guard all of it happens. */
		assert_int_equal(hf_txn_begin(stage->store, &txn, &error), HF_OK);
		add_changes(stage, txn, m, results);
		assert_int_equal(hf_txn_commit(txn, HF_DURABLE, &error), HF_OK);
		for (size_t i = 0; i < 6; i++)
			assert_true(results[i].changed);
		assert_true(results[1].version == results[0].version + 1 || results[0].version == 0);
		assert_int_equal(results[5].count, 1);
		stage_close(stage);
		free(m);
	}
}

static void a_guard_needs_a_transaction_and_an_expectation(void **state)
{
	(void)state;
	struct stage *stage = stage_open(SETTING_LIVE);
	struct hf_error error = {0};
	hf_txn *txn;
	struct hf_inbox_guard_args guard = {.write.expect = HF_ABSENT,
	                                    .key = {hf_str("u"), {0}, hf_str("t")}};
	assert_int_equal(hf_inbox_guard(stage->store, NULL, &guard, NULL, &error), HF_EINVAL);
	assert_int_equal(hf_txn_begin(stage->store, &txn, NULL), HF_OK);
	assert_int_equal(hf_inbox_guard(stage->store, txn, &guard, NULL, &error), HF_OK);
	assert_int_equal(hf_txn_commit(txn, HF_DURABLE, &error), HF_OK);
	assert_int_equal(hf_txn_begin(stage->store, &txn, NULL), HF_OK);
	guard.write.expect = 0;
	assert_int_equal(hf_inbox_guard(stage->store, txn, &guard, NULL, &error), HF_EINVAL);
	assert_int_equal(hf_txn_commit(txn, HF_DURABLE, &error), HF_EINVAL);
	stage_close(stage);
}

/* --- Memory ----------------------------------------------------------------------------------- */

static bool veto(void *ctx, size_t size)
{
	size_t *left = ctx;
	(void)size;
	if (*left == 0)
		return true;
	--*left;
	return false;
}

static int load_once(struct stage *stage, struct hf_error *error)
{
	struct hf_inbox_page page;
	const int rc =
	    hf_inbox_load(stage->store, &(struct hf_inbox_load_args){.user = hf_str("u"), .limit = 5},
	                  0, &page, error);
	assert_true(rc == HF_OK ? page.count == 5 && page.next : !page.memory && !page.items);
	hf_release(page.memory);
	return rc;
}

static int dismissed_once(struct stage *stage, struct hf_error *error)
{
	struct hf_inbox_key_page keys;
	const int rc = hf_inbox_list_dismissed(
	    stage->store, &(struct hf_inbox_list_dismissed_args){.user = hf_str("u"), .limit = 1}, 0,
	    &keys, error);
	assert_true(rc == HF_OK ? keys.count == 1 : !keys.memory && !keys.items);
	hf_release(keys.memory);
	return rc;
}

static int tombs_once(struct stage *stage, struct hf_error *error)
{
	struct hf_inbox_tombstone_page page;
	const int rc = hf_inbox_list_tombstones(
	    stage->store, &(struct hf_inbox_list_tombstones_args){.user = hf_str("u"), .limit = 1}, 0,
	    &page, error);
	assert_true(rc == HF_OK ? page.count == 1 && page.next : !page.memory && !page.items);
	hf_release(page.memory);
	return rc;
}

static int trim_once(struct stage *stage, struct hf_error *error)
{
	const struct hf_inbox_trim_args args = {.user = hf_str("u"), .max_records = 3};
	return hf_inbox_trim(stage->store, NULL, &args, NULL, error);
}

/* A transaction of all that allocates: a new inbox, a replacement, a status, copies of all
 * arguments. */
static int change_once(struct stage *stage, struct hf_error *error)
{
	static const struct hf_inbox_input inputs[] = {{.thread = {"t9", 2}, .payload = {"x", 1}},
	                                               {.thread = {"t1", 2}, .dismissed = true}};
	const struct hf_inbox_save_args make = {
	    .user = hf_str("nobody"), .records = inputs, .count = 2, .generated_at = 99};
	const struct hf_inbox_save_args replace = {
	    .user = hf_str("u"), .records = inputs, .count = 2, .mode = HF_INBOX_REPLACE};
	const struct hf_inbox_set_status_args status = {.user = hf_str("u"), .status = hf_str("busy")};
	const struct hf_bytes keep = hf_str("primary");
	const struct hf_inbox_prune_args prune = {
	    .user = hf_str("u"), .keep_accounts = &keep, .keep_count = 1};
	const struct hf_inbox_put_tombstone_args bury = {
	    .key = {hf_str("u"), {0}, hf_str("x")}, .dismissed_at = HF_UNSET, .until = INT64_MAX};
	const struct hf_inbox_mark_all_args all = {.user = hf_str("nobody")};
	hf_txn *txn;
	int rc = hf_txn_begin(stage->store, &txn, error);
	if (rc != HF_OK)
		return rc;
	rc = hf_inbox_save(stage->store, txn, &make, NULL, error);
	if (rc == HF_OK)
		rc = hf_inbox_save(stage->store, txn, &replace, NULL, error);
	if (rc == HF_OK)
		rc = hf_inbox_set_status(stage->store, txn, &status, NULL, error);
	if (rc == HF_OK)
		rc = hf_inbox_prune(stage->store, txn, &prune, NULL, error);
	if (rc == HF_OK)
		rc = hf_inbox_put_tombstone(stage->store, txn, &bury, NULL, error);
	if (rc == HF_OK)
		rc = hf_inbox_mark_all_read(stage->store, txn, &all, NULL, error);
	if (rc == HF_OK)
		return hf_txn_commit(txn, HF_DURABLE, error);
	hf_txn_abandon(txn);
	return rc;
}

static void running_out_of_memory_anywhere_leaves_no_trace(void **state)
{
	(void)state;
	int (*const operations[])(struct stage *, struct hf_error *) = {
	    load_once, dismissed_once, tombs_once, trim_once, change_once};
	for (size_t i = 0; i < sizeof operations / sizeof operations[0]; i++) {
		struct hf_rng rng = hf_rng_for("inbox memory");
		struct stage *stage = stage_open(SETTING_LIVE);
		struct model *m = fill(stage, &rng);
		struct hf__writer before = stage_dump(stage);
		int rc = HF_ENOMEM;
		for (size_t budget = 0; rc != HF_OK; budget++) {
			size_t left = budget;
			struct hf_error error = {0};
			hf__mem_set_veto(veto, &left);
			rc = operations[i](stage, &error);
			hf__mem_set_veto(NULL, NULL);
			assert_true(rc == HF_OK || (rc == HF_ENOMEM && error.code == HF_ENOMEM));
			struct hf__writer after = stage_dump(stage);
			const bool same = hf__bytes_equal(hf_bytes_of(before.data, before.len),
			                                  hf_bytes_of(after.data, after.len));
			assert_true(same == (rc == HF_ENOMEM || i < 3)); /* reads change nothing at all */
			hf__writer_deinit(&after);
			assert_true(budget < 500);
		}
		hf__writer_deinit(&before);
		stage_close(stage);
		free(m);
	}
}

/* --- Steps ------------------------------------------------------------------------------------ */

static void a_page_takes_no_more_steps_in_a_large_inbox(void **state)
{
	(void)state;
	check_inbox_page_steps(1000);
	check_inbox_page_steps(20000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_filter_and_page_size_gives_the_model_in_order),
	    cmocka_unit_test(an_inbox_nobody_wrote_to_is_empty),
	    cmocka_unit_test(what_stays_through_a_walk_is_given_exactly_once),
	    cmocka_unit_test(a_token_is_good_for_its_query_only),
	    cmocka_unit_test(a_status_is_set_once_per_change_and_versioned),
	    cmocka_unit_test(what_breaks_the_rules_is_refused),
	    cmocka_unit_test(an_import_keeps_the_times_of_new_records),
	    cmocka_unit_test(any_one_field_that_differs_makes_a_save_a_change),
	    cmocka_unit_test(a_trim_drops_what_lies_beyond_either_bound),
	    cmocka_unit_test(a_failing_operation_takes_all_of_its_transaction_along),
	    cmocka_unit_test(a_guard_needs_a_transaction_and_an_expectation),
	    cmocka_unit_test(running_out_of_memory_anywhere_leaves_no_trace),
	    cmocka_unit_test(a_page_takes_no_more_steps_in_a_large_inbox),
	};
	return cmocka_run_group_tests_name("inbox lists", tests, NULL, NULL);
}
