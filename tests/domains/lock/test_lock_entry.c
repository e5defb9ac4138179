/* tier: fast */
/* Entries of the lock domain as bytes: what follows from nothing that a mutation could have done
 * is damage and touches nothing; what entries are about, in words and in parts. The row is
 * driven directly, without a store. (Cut, flipped and arbitrary bytes: test_laws.) */
#include "domains/common/domains.h"
#include "domains/lock/lock.h"
#include "lib/test.h"
#include "object/change.h"

#define AT INT64_C(1000000)

struct bench {
	void *state;
	struct hf__change change;
	struct hf__writer body;
	uint64_t lsn; /* of the next entry */
};

static void bench_init(struct bench *b)
{
	const struct hf__domain_env env = {.inline_max = 16, .nodes = &b->change.nodes};
	*b = (struct bench){.state = hf__alloc(hf__lock_domain.state_size), .lsn = 1};
	assert_non_null(b->state);
	assert_int_equal(hf__lock_domain.init(b->state, &env), HF_OK);
}

static void bench_deinit(struct bench *b)
{
	char why[200];
	struct hf__text text = {why, sizeof why, 0};
	assert_int_equal(hf__lock_domain.verify(b->state, &text), HF_OK);
	hf__lock_domain.deinit(b->state);
	hf__free(b->state);
	hf__change_deinit(&b->change);
	hf__writer_deinit(&b->body);
}

static struct hf__entry entry_of(const struct bench *b, enum hf__lock_kind kind, int64_t at)
{
	return (struct hf__entry){.lsn = b->lsn,
	                          .at = at,
	                          .domain = HF__DOMAIN_LOCK,
	                          .kind = (uint8_t)kind,
	                          .body = hf_bytes_of(b->body.data, b->body.len)};
}

/* Applies what lies in b->body, and keeps it if it is right. */
static int apply(struct bench *b, enum hf__lock_kind kind, int64_t at)
{
	const struct hf__entry entry = entry_of(b, kind, at);
	hf__change_begin(&b->change, b->lsn, true);
	const int rc = hf__lock_domain.apply(b->state, &b->change, &entry);
	if (rc == HF_OK) {
		hf__change_keep(&b->change);
		b->lsn++;
	} else {
		hf__change_undo(&b->change);
	}
	b->body.len = 0;
	return rc;
}

static int put_held(struct bench *b, enum hf__lock_cause cause, const char *owner, uint64_t token,
                    int64_t acquired_at, int64_t until, int64_t at)
{
	const struct hf__lock_image image = {.cause = cause,
	                                     .name = hf_str("a"),
	                                     .owner = hf_str(owner),
	                                     .token = token,
	                                     .acquired_at = acquired_at,
	                                     .lease_until = until};
	hf__lock_encode(&b->body, HF__LOCK_HELD, &image);
	return apply(b, HF__LOCK_HELD, at);
}

static int put_free(struct bench *b, enum hf__lock_cause cause, uint64_t token, const char *reason,
                    int64_t at)
{
	const struct hf__lock_image image = {
	    .cause = cause, .name = hf_str("a"), .token = token, .reason = hf_str(reason)};
	hf__lock_encode(&b->body, HF__LOCK_FREE, &image);
	return apply(b, HF__LOCK_FREE, at);
}

/* --- What is damage --------------------------------------------------------------------------- */

static void entries_of_a_free_lock_that_break_a_rule_are_damage(void **unused)
{
	(void)unused;
	struct bench b;
	static char longest[HF_LOCK_REASON_MAX + 2];
	memset(longest, 'x', sizeof longest - 1);
	bench_init(&b);
	b.lsn = 10;
	/* a grant of another entry */
	assert_int_equal(put_held(&b, HF__LOCK_ACQUIRE, "w", 9, AT, HF_UNSET, AT), HF_ECORRUPT);
	assert_int_equal(put_held(&b, HF__LOCK_PUT, "w", 11, AT, AT + 5, AT), HF_ECORRUPT);
	/* put without a lease */
	assert_int_equal(put_held(&b, HF__LOCK_PUT, "w", 10, AT, HF_UNSET, AT), HF_ECORRUPT);
	/* acquired at no time */
	assert_int_equal(put_held(&b, HF__LOCK_ACQUIRE, "w", 10, HF_UNSET, HF_UNSET, AT), HF_ECORRUPT);
	/* by nobody */
	assert_int_equal(put_held(&b, HF__LOCK_ACQUIRE, "", 10, AT, HF_UNSET, AT), HF_ECORRUPT);
	/* a token of the future */
	assert_int_equal(put_held(&b, HF__LOCK_STATE, "w", 11, AT, HF_UNSET, AT), HF_ECORRUPT);
	/* of no entry */
	assert_int_equal(put_held(&b, HF__LOCK_STATE, "w", UINT64_C(1) << 48, AT, HF_UNSET, AT),
	                 HF_ECORRUPT);
	/* held by nobody */
	assert_int_equal(put_held(&b, HF__LOCK_RENEW, "w", 5, AT, HF_UNSET, AT), HF_ECORRUPT);
	assert_int_equal(put_free(&b, HF__LOCK_RELEASE, 5, "", AT), HF_ECORRUPT);
	assert_int_equal(put_free(&b, HF__LOCK_FORCE, 5, "why", AT), HF_ECORRUPT);
	assert_int_equal(put_free(&b, HF__LOCK_ENDED, 5, "", AT), HF_ECORRUPT);
	assert_int_equal(put_held(&b, HF__LOCK_CAUSES, "w", 10, AT, HF_UNSET, AT), HF_ECORRUPT);
	/* A lock that is there, for the reasons. */
	assert_int_equal(put_held(&b, HF__LOCK_ACQUIRE, "w", 10, AT, HF_UNSET, AT), HF_OK);
	assert_int_equal(put_free(&b, HF__LOCK_FORCE, 10, " ", AT), HF_ECORRUPT);
	assert_int_equal(put_free(&b, HF__LOCK_FORCE, 10, longest, AT), HF_ECORRUPT);
	assert_int_equal(put_free(&b, HF__LOCK_RELEASE, 10, "a reason", AT), HF_ECORRUPT);
	assert_int_equal(put_free(&b, HF__LOCK_FORCE, 10, "why", AT), HF_OK);
	bench_deinit(&b);
}

static void entries_that_do_not_follow_from_who_holds_the_lock_are_damage(void **unused)
{
	(void)unused;
	struct bench b;
	bench_init(&b);
	assert_int_equal(put_held(&b, HF__LOCK_ACQUIRE, "w", 1, AT, AT + 100, AT), HF_OK);
	/* I-LOCK-3: two holders */
	assert_int_equal(put_held(&b, HF__LOCK_ACQUIRE, "v", 2, AT, AT + 100, AT + 99), HF_ECORRUPT);
	assert_int_equal(put_held(&b, HF__LOCK_PUT, "v", 2, AT, AT + 100, AT + 99), HF_ECORRUPT);
	/* the state of what is there */
	assert_int_equal(put_held(&b, HF__LOCK_STATE, "w", 1, AT, AT + 100, AT), HF_ECORRUPT);
	/* renewed by another */
	assert_int_equal(put_held(&b, HF__LOCK_RENEW, "v", 1, AT, AT + 200, AT), HF_ECORRUPT);
	/* acquired at another time */
	assert_int_equal(put_held(&b, HF__LOCK_RENEW, "w", 1, AT + 1, AT + 200, AT), HF_ECORRUPT);
	/* ended before its end */
	assert_int_equal(put_free(&b, HF__LOCK_ENDED, 1, "", AT + 99), HF_ECORRUPT);
	assert_int_equal(put_held(&b, HF__LOCK_RENEW, "w", 1, AT, AT + 200, AT), HF_OK);
	/* the owner takes it over */
	assert_int_equal(put_held(&b, HF__LOCK_ACQUIRE, "w", 3, AT, AT + 300, AT), HF_OK);
	/* by a stale token */
	assert_int_equal(put_held(&b, HF__LOCK_RENEW, "w", 1, AT, AT + 200, AT), HF_ECORRUPT);
	assert_int_equal(put_free(&b, HF__LOCK_RELEASE, 1, "", AT), HF_ECORRUPT);
	assert_int_equal(put_free(&b, HF__LOCK_ENDED, 1, "", AT + 300), HF_ECORRUPT);
	/* its lease is over */
	assert_int_equal(put_held(&b, HF__LOCK_ACQUIRE, "v", 4, AT + 300, HF_UNSET, AT + 300), HF_OK);
	/* Without a lease an incarnation may have ended in between, which no entry tells of. */
	assert_int_equal(put_held(&b, HF__LOCK_ACQUIRE, "w", 5, AT, HF_UNSET, AT), HF_OK);
	assert_int_equal(put_free(&b, HF__LOCK_ENDED, 5, "", AT), HF_OK);
	bench_deinit(&b);
}

/* --- What entries are about ------------------------------------------------------------------- */

static const struct {
	enum hf__lock_kind kind;
	struct hf__lock_image image;
	const char *text, *operation, *reason;
	bool removed;
} told[] = {
    {HF__LOCK_HELD,
     {HF__LOCK_ACQUIRE, {"a b", 3}, 7, {"w1", 2}, AT, AT + 2500000, {NULL, 0}, 0},
     "acquire \"a b\" by \"w1\" lease 2.500000s",
     "acquire",
     "",
     false},
    {HF__LOCK_HELD,
     {HF__LOCK_RENEW, {"a", 1}, 5, {"w1", 2}, AT, HF_UNSET, {NULL, 0}, 0},
     "renew \"a\" by \"w1\" without lease",
     "renew",
     "",
     false},
    {HF__LOCK_HELD,
     {HF__LOCK_PUT, {"a", 1}, 7, {"w1", 2}, AT, AT - 1, {NULL, 0}, 0},
     "put \"a\" by \"w1\" lease 0.000000s",
     "put",
     "",
     false},
    {HF__LOCK_FREE,
     {HF__LOCK_RELEASE, {"a", 1}, 5, {NULL, 0}, 0, 0, {NULL, 0}, 0},
     "release \"a\"",
     "release",
     "",
     true},
    {HF__LOCK_FREE,
     {HF__LOCK_FORCE, {"a", 1}, 5, {NULL, 0}, 0, 0, {"it hangs", 8}, 0},
     "force_release \"a\" because \"it hangs\"",
     "force_release",
     "it hangs",
     true},
    {HF__LOCK_FREE,
     {HF__LOCK_ENDED, {"a", 1}, 5, {NULL, 0}, 0, 0, {NULL, 0}, 0},
     "ended \"a\"",
     "ended",
     "",
     true},
};

static void entries_tell_what_they_are_about(void **unused)
{
	(void)unused;
	struct bench b;
	bench_init(&b);
	b.lsn = 7;
	for (size_t i = 0; i < sizeof told / sizeof told[0]; i++) {
		char text[100];
		struct hf__text out = {text, sizeof text, 0};
		struct hf__about about;
		hf__lock_encode(&b.body, told[i].kind, &told[i].image);
		const struct hf__entry entry = entry_of(&b, told[i].kind, AT);
		hf__lock_domain.describe(&entry, &out);
		assert_string_equal(text, told[i].text);
		assert_true(hf__lock_domain.about(&entry, &about));
		assert_string_equal(about.operation, told[i].operation);
		assert_true(about.parts == 1 && hf__bytes_equal(about.key[0], told[i].image.name));
		assert_true(about.removed == told[i].removed && !about.many &&
		            hf__bytes_equal(about.reason, hf_str(told[i].reason)));
		b.body.len--;
		const struct hf__entry cut = entry_of(&b, told[i].kind, AT);
		assert_false(hf__lock_domain.about(&cut, &about));
		b.body.len = 0;
	}
	bench_deinit(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(entries_of_a_free_lock_that_break_a_rule_are_damage),
	    cmocka_unit_test(entries_that_do_not_follow_from_who_holds_the_lock_are_damage),
	    cmocka_unit_test(entries_tell_what_they_are_about),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
