/* A sorted model of an inbox, random changes to it and to a store, and what a load, the dismissed
 * and the counts must give then. */
#ifndef TESTS_INBOX_MODEL_H
#define TESTS_INBOX_MODEL_H

#include "holdfast/inbox.h"
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

static inline struct model *model_new(void)
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

static inline double random_score(struct hf_rng *rng)
{
	static const double scores[] = {
	    0.0, -0.0, 1.0, 1.0, -2.5, 1e300, __builtin_inf(), -__builtin_inf(), 0x1p-1074};
	return scores[hf_rng_below(rng, sizeof scores / sizeof scores[0])];
}

static inline struct hf_inbox_input random_input(struct entry *e, struct hf_rng *rng)
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

static inline void note_saved(struct entry *e, const struct hf_inbox_input *input,
                              hf_time generated_at)
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
static inline void save_some(struct stage *stage, struct model *m, struct hf_rng *rng,
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

static inline struct hf_inbox_key key_of(const struct entry *e)
{
	return (struct hf_inbox_key){hf_str("u"), hf_str(e->account), hf_str(e->thread)};
}

static inline void mark_one(struct stage *stage, struct entry *e, struct hf_rng *rng)
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
static inline void mark_many(struct stage *stage, struct model *m, struct hf_rng *rng)
{
	const char *account = hf_rng_chance(rng, 1, 2) ? accounts[hf_rng_below(rng, ACCOUNTS)] : "";
	const struct hf_inbox_mark_all_args args = {.user = hf_str("u"), .account = hf_str(account)};
	const bool read = hf_rng_chance(rng, 2, 3);
	struct hf_result result = {0};
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

static inline struct model *fill(struct stage *stage, struct hf_rng *rng)
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
static inline int compare_loaded(const void *a, const void *b)
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

static inline bool selects(const struct hf_inbox_load_args *f, const struct entry *e)
{
	return e->there && (f->account.len == 0 || strcmp(f->account.data, e->account) == 0) &&
	       (!f->unread_only || e->unread) && (!f->without_dismissed || !e->dismissed) &&
	       (!f->without_snoozed || e->snoozed_until <= STAGE_NOW);
}

static inline bool same_text(struct hf_bytes bytes, const char *text)
{
	return bytes.len == strlen(text) && memcmp(bytes.data, text, bytes.len) == 0;
}

static inline bool is_entry(const struct hf_inbox_record *r, const struct entry *e)
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

static inline void check_load(struct stage *stage, struct model *m,
                              struct hf_inbox_load_args filter)
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

static inline void check_all_loads(struct stage *stage, struct model *m)
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

#endif
