/* tier: fast */
/* Log entries of idempotency and migrations as bytes: what no mutation can have written is
 * refused as damage and touches nothing, whatever rule it breaks and whatever is cut off, added
 * or flipped; describing and telling what it is about are total. The rows are driven without a
 * store. */
#include "domains/common/domains.h"
#include "domains/idempotency/entry.h"
#include "domains/migration/migration.h"
#include "lib/logged.h"
#include "lib/test.h"

#define AT INT64_C(1000) /* when entries are written here */
#define TOKEN(lsn) (UINT64_C(1) << 48 | (lsn))

/* --- Bodies ----------------------------------------------------------------------------------- */

/* A body in an allocation of its own, so that reading beyond it is seen. */
static struct hf_bytes own(const void *data, size_t len)
{
	uint8_t *copy = malloc(len ? len : 1);
	assert_non_null(copy);
	if (len > 0)
		memcpy(copy, data, len);
	return hf_bytes_of(copy, len);
}

static struct hf_bytes body_of(enum hf__idem_kind kind, const struct hf__idem_image *image)
{
	struct hf__writer w = {0};
	hf__idem_encode(&w, kind, image, false);
	assert_false(w.bad);
	const struct hf_bytes body = own(w.data, w.len);
	hf__writer_deinit(&w);
	return body;
}

static int try_body(struct bare *bare, uint64_t lsn, int64_t at, uint8_t kind, struct hf_bytes body,
                    bool keep)
{
	char text[64] = "";
	struct hf__text out = {text, sizeof text, 0};
	struct hf__about about;
	const struct hf__entry entry = {
	    .lsn = lsn, .at = at, .domain = bare->row->id, .kind = kind, .body = body};
	bare->row->describe(&entry, &out);
	assert_true(text[0] != '\0');
	const bool told = bare->row->about(&entry, &about);
	const int rc = bare_apply(bare, &entry);
	assert_true(rc == HF_ECORRUPT || rc == HF_OK || rc == HF_EVERSION);
	/* What is applied can be told. */
	assert_true(told || rc != HF_OK);
	assert_true(!told ||
	            (about.operation && about.parts >= 1 && about.parts <= 3 && about.key[0].len > 0));
	if (rc == HF_OK && keep)
		hf__change_keep(&bare->change);
	else if (rc == HF_OK)
		hf__change_undo(&bare->change);
	return rc;
}

static int apply_image(struct bare *bare, uint64_t lsn, int64_t at, enum hf__idem_kind kind,
                       const struct hf__idem_image *image, bool keep)
{
	const struct hf_bytes body = body_of(kind, image);
	const int rc = try_body(bare, lsn, at, (uint8_t)kind, body, keep);
	free((void *)(uintptr_t)body.data);
	return rc;
}

/* --- A state ---------------------------------------------------------------------------------- */

static struct hf__idem_image owned(uint64_t lsn)
{
	return (struct hf__idem_image){.cause = HF__IDEM_BEGIN,
	                               .scope = hf_str("s"),
	                               .key = hf_str("k"),
	                               .fingerprint = hf_str("f"),
	                               .created_at = AT,
	                               .expires_at = AT + 500,
	                               .token = TOKEN(lsn),
	                               .lease_until = AT + 100,
	                               .computed = true};
}

static struct hf__idem_image done(enum hf__idem_cause cause)
{
	return (struct hf__idem_image){.cause = cause,
	                               .scope = hf_str("s"),
	                               .key = hf_str("k"),
	                               .fingerprint = hf_str("f"),
	                               .created_at = AT,
	                               .expires_at = AT + 500,
	                               .lease_until = HF_UNSET,
	                               .status = -1,
	                               .response = hf_str("a response of more than a few bytes"),
	                               .computed = cause == HF__IDEM_COMPLETE};
}

/* "k" of scope "s" owned by LSN 1 until AT + 100; with `is_done` done by LSN 2 until AT + 500. */
static void arrange(struct bare *bare, bool is_done)
{
	bare_init(bare, &hf__idempotency_domain);
	const struct hf__idem_image first = owned(1), second = done(HF__IDEM_COMPLETE);
	assert_int_equal(apply_image(bare, 1, AT, HF__IDEM_OWNED, &first, true), HF_OK);
	if (is_done)
		assert_int_equal(apply_image(bare, 2, AT, HF__IDEM_DONE, &second, true), HF_OK);
}

/* --- Rules ------------------------------------------------------------------------------------ */

#define KEY .scope = {"s", 1}, .key = {"k", 1}
#define OWNED \
	KEY, .created_at = AT, .expires_at = AT + 500, .lease_until = AT + 100, .computed = true

static char long_text[HF_KEY_MAX + 2];

static const struct {
	const char *what;
	bool is_done; /* the state */
	int64_t at;
	enum hf__idem_kind kind;
	struct hf__idem_image image;
} rules[] = {
    {"a begin while somebody owns it",
     false,
     AT + 99,
     HF__IDEM_OWNED,
     {OWNED, .cause = HF__IDEM_BEGIN, .token = TOKEN(3)}},
    {"a begin of what is done",
     true,
     AT + 499,
     HF__IDEM_OWNED,
     {OWNED, .cause = HF__IDEM_BEGIN, .token = TOKEN(3)}},
    {"a begin with the token of another entry",
     false,
     AT + 100,
     HF__IDEM_OWNED,
     {OWNED, .cause = HF__IDEM_BEGIN, .token = TOKEN(2)}},
    {"a begin with a token to come",
     false,
     AT + 100,
     HF__IDEM_OWNED,
     {OWNED, .cause = HF__IDEM_BEGIN, .token = TOKEN(4)}},
    {"an owner without a token", false, AT + 100, HF__IDEM_OWNED, {OWNED, .cause = HF__IDEM_BEGIN}},
    {"a lease beyond the expiry",
     false,
     AT + 100,
     HF__IDEM_OWNED,
     {KEY, .computed = true, .cause = HF__IDEM_BEGIN, .token = TOKEN(3), .expires_at = 5,
      .lease_until = 6}},
    {"an owner forever",
     false,
     AT + 100,
     HF__IDEM_OWNED,
     {KEY, .computed = true, .cause = HF__IDEM_BEGIN, .token = TOKEN(3), .expires_at = HF_UNSET,
      .lease_until = HF_UNSET}},
    {"the state of what is there",
     false,
     AT + 100,
     HF__IDEM_OWNED,
     {OWNED, .cause = HF__IDEM_STATE, .token = TOKEN(3)}},
    {"an owner by a put",
     false,
     AT + 100,
     HF__IDEM_OWNED,
     {OWNED, .cause = HF__IDEM_PUT, .token = TOKEN(3)}},
    {"a cause from nowhere", false, AT, HF__IDEM_DONE, {KEY, .cause = HF__IDEM_CAUSES}},
    {"a completion of nobody's work",
     false,
     AT,
     HF__IDEM_DONE,
     {.scope = {"s", 1}, .key = {"x", 1}, .cause = HF__IDEM_COMPLETE}},
    {"a completion of what is done",
     true,
     AT,
     HF__IDEM_DONE,
     {KEY, .computed = true, .cause = HF__IDEM_COMPLETE, .fingerprint = {"f", 1},
      .created_at = AT}},
    {"a completion of another request",
     false,
     AT,
     HF__IDEM_DONE,
     {KEY, .computed = true, .cause = HF__IDEM_COMPLETE, .fingerprint = {"g", 1},
      .created_at = AT}},
    {"a completion of another begin",
     false,
     AT,
     HF__IDEM_DONE,
     {KEY, .computed = true, .cause = HF__IDEM_COMPLETE, .fingerprint = {"f", 1},
      .created_at = AT + 1}},
    {"a completion forever",
     false,
     AT,
     HF__IDEM_DONE,
     {KEY, .computed = true, .cause = HF__IDEM_COMPLETE, .fingerprint = {"f", 1}, .created_at = AT,
      .expires_at = HF_UNSET}},
    {"a done one by a begin", true, AT + 500, HF__IDEM_DONE, {KEY, .cause = HF__IDEM_BEGIN}},
    {"a birth without a time",
     false,
     AT,
     HF__IDEM_DONE,
     {KEY, .cause = HF__IDEM_PUT, .created_at = HF_UNSET}},
    {"a fingerprint too long",
     false,
     AT,
     HF__IDEM_DONE,
     {KEY, .cause = HF__IDEM_PUT, .fingerprint = {long_text, 65}}},
    {"an abandoned one that is done", true, AT, HF__IDEM_GONE, {KEY, .cause = HF__IDEM_ABANDON}},
    {"an abandoned one that nobody owns",
     false,
     AT,
     HF__IDEM_GONE,
     {.scope = {"t", 1}, .key = {"k", 1}, .cause = HF__IDEM_ABANDON}},
    {"a removal of nothing",
     false,
     AT,
     HF__IDEM_GONE,
     {.scope = {"s", 1}, .key = {"x", 1}, .cause = HF__IDEM_REMOVE}},
    {"a removal by a completion", false, AT, HF__IDEM_GONE, {KEY, .cause = HF__IDEM_COMPLETE}},
    {"an ending before its time", false, AT + 99, HF__IDEM_ENDED, {KEY, .version = 1}},
    {"an ending of an older version", true, AT + 500, HF__IDEM_ENDED, {KEY, .version = 1}},
    {"an ending of a version to come", true, AT + 500, HF__IDEM_ENDED, {KEY, .version = 3}},
    {"an ending of nothing",
     true,
     AT + 500,
     HF__IDEM_ENDED,
     {.scope = {"s", 1}, .key = {"x", 1}, .version = 2}},
    {"a clear of a scope that never was", false, AT, HF__IDEM_CLEARED, {.scope = {"t", 1}}},
    {"a scope with a NUL",
     false,
     AT,
     HF__IDEM_DONE,
     {.scope = {"a\0", 2}, .key = {"k", 1}, .cause = HF__IDEM_PUT}},
    {"a scope of nothing", false, AT, HF__IDEM_DONE, {.key = {"k", 1}, .cause = HF__IDEM_PUT}},
    {"a scope too long",
     false,
     AT,
     HF__IDEM_DONE,
     {.scope = {long_text, HF_KEY_MAX + 1}, .key = {"k", 1}, .cause = HF__IDEM_PUT}},
    {"a key with a space",
     false,
     AT,
     HF__IDEM_DONE,
     {.scope = {"s", 1}, .key = {"k ", 2}, .cause = HF__IDEM_PUT}},
    {"a key too long",
     false,
     AT,
     HF__IDEM_DONE,
     {.scope = {"s", 1}, .key = {long_text, 256}, .cause = HF__IDEM_PUT}},
};

static void entries_that_break_a_rule_are_damage(void **unused)
{
	(void)unused;
	memset(long_text, 'x', HF_KEY_MAX + 1);
	for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
		struct bare bare;
		arrange(&bare, rules[i].is_done);
		struct hf__writer before = bare_snapshot(&bare);
		if (apply_image(&bare, 3, rules[i].at, rules[i].kind, &rules[i].image, false) !=
		    HF_ECORRUPT)
			fail_msg("accepted: %s", rules[i].what);
		struct hf__writer after = bare_snapshot(&bare);
		assert_true(hf__bytes_equal(hf_bytes_of(before.data, before.len),
		                            hf_bytes_of(after.data, after.len)));
		bare_verify(&bare, HF_OK);
		hf__writer_deinit(&before);
		hf__writer_deinit(&after);
		bare_deinit(&bare);
	}
}

/* The same entries with the rule kept: else the table above would show nothing. */
static void entries_that_keep_the_rules_are_applied(void **unused)
{
	(void)unused;
	static const struct {
		bool is_done;
		int64_t at;
		enum hf__idem_kind kind;
		struct hf__idem_image image;
	} rows[] = {
	    {false, AT + 100, HF__IDEM_OWNED, {OWNED, .cause = HF__IDEM_BEGIN, .token = TOKEN(3)}},
	    {true, AT + 500, HF__IDEM_OWNED, {OWNED, .cause = HF__IDEM_BEGIN, .token = TOKEN(3)}},
	    {false,
	     AT,
	     HF__IDEM_DONE,
	     {KEY, .computed = true, .cause = HF__IDEM_COMPLETE, .fingerprint = {"f", 1},
	      .created_at = AT}},
	    {true, AT, HF__IDEM_DONE, {KEY, .cause = HF__IDEM_PUT, .expires_at = HF_UNSET}},
	    {false, AT, HF__IDEM_GONE, {KEY, .cause = HF__IDEM_ABANDON}},
	    {true, AT, HF__IDEM_GONE, {KEY, .cause = HF__IDEM_REMOVE}},
	    {false, AT + 100, HF__IDEM_ENDED, {KEY, .version = 1}},
	    {true, AT + 500, HF__IDEM_ENDED, {KEY, .version = 2}},
	    {true, AT, HF__IDEM_CLEARED, {.scope = {"s", 1}}},
	    {false, AT, HF__IDEM_DONE, {.scope = {"t", 1}, .key = {"a:b", 3}, .cause = HF__IDEM_STATE}},
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct bare bare;
		arrange(&bare, rows[i].is_done);
		assert_int_equal(apply_image(&bare, 3, rows[i].at, rows[i].kind, &rows[i].image, true),
		                 HF_OK);
		bare_verify(&bare, HF_OK);
		bare_deinit(&bare);
	}
}

/* --- Cutting, adding, flipping ---------------------------------------------------------------- */

static void try_lengths(struct bare *bare, uint64_t lsn, int64_t at, uint8_t kind,
                        struct hf_bytes body)
{
	for (size_t len = 0; len <= body.len + 1; len++) {
		uint8_t longer[600] = {0};
		assert_true(body.len < sizeof longer);
		memcpy(longer, body.data, body.len);
		const struct hf_bytes cut = own(longer, len);
		assert_int_equal(try_body(bare, lsn, at, kind, cut, false),
		                 len == body.len ? HF_OK : HF_ECORRUPT);
		free((void *)(uintptr_t)cut.data);
	}
}

/* A flip may make another valid body; then it must apply, verify and undo. */
static void try_flips(struct bare *bare, uint64_t lsn, int64_t at, uint8_t kind,
                      struct hf_bytes body)
{
	const struct hf_bytes flipped = own(body.data, body.len);
	uint8_t *bytes = (uint8_t *)(uintptr_t)flipped.data;
	for (size_t bit = 0; bit < body.len * 8; bit++) {
		bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
		const int rc = try_body(bare, lsn, at, kind, flipped, false);
		assert_true(bit >= 8 || rc == HF_ECORRUPT); /* another version of the body */
		bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	for (unsigned other = 0; other < 256; other++)
		if (other != kind)
			assert_int_equal(try_body(bare, lsn, at, (uint8_t)other, body, false), HF_ECORRUPT);
	free(bytes);
	bare_verify(bare, HF_OK);
}

static void bodies_of_another_length_or_kind_are_damage_and_flips_leave_a_sound_state(void **unused)
{
	(void)unused;
	static const struct {
		bool is_done;
		int64_t at;
		enum hf__idem_kind kind;
		struct hf__idem_image image;
	} rows[] = {
	    {false,
	     AT + 100,
	     HF__IDEM_OWNED,
	     {OWNED, .cause = HF__IDEM_BEGIN, .token = TOKEN(3), .fingerprint = {"fp", 2}}},
	    {false,
	     AT,
	     HF__IDEM_DONE,
	     {KEY, .computed = true, .cause = HF__IDEM_COMPLETE, .fingerprint = {"f", 1},
	      .created_at = AT, .response = {"hello", 5}}},
	    {true, AT, HF__IDEM_GONE, {KEY, .cause = HF__IDEM_REMOVE}},
	    {true, AT + 500, HF__IDEM_ENDED, {KEY, .version = 2}},
	    {true, AT, HF__IDEM_CLEARED, {.scope = {"s", 1}}},
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct bare bare;
		arrange(&bare, rows[i].is_done);
		struct hf__writer before = bare_snapshot(&bare);
		const struct hf_bytes body = body_of(rows[i].kind, &rows[i].image);
		try_lengths(&bare, 3, rows[i].at, (uint8_t)rows[i].kind, body);
		try_flips(&bare, 3, rows[i].at, (uint8_t)rows[i].kind, body);
		struct hf__writer after = bare_snapshot(&bare);
		assert_true(hf__bytes_equal(hf_bytes_of(before.data, before.len),
		                            hf_bytes_of(after.data, after.len)));
		free((void *)(uintptr_t)body.data);
		hf__writer_deinit(&before);
		hf__writer_deinit(&after);
		bare_deinit(&bare);
	}
}

/* --- Migrations ------------------------------------------------------------------------------- */

static void migration_bodies_too(void **unused)
{
	(void)unused;
	static char name[HF_KEY_MAX + 1];
	memset(name, 'x', sizeof name);
	static const struct {
		const char *what; /* NULL: right */
		uint64_t lsn;
		enum hf__migration_cause cause;
		struct hf_bytes name;
		int64_t at;
	} rows[] = {
	    {NULL, 2, HF__MIGRATION_APPLY, {"b", 1}, 7},
	    {NULL, 2, HF__MIGRATION_RECORD, {name, HF_KEY_MAX}, 7},
	    {"a second one of the name", 2, HF__MIGRATION_APPLY, {"a", 1}, 7},
	    {"a second one of the LSN", 1, HF__MIGRATION_STATE, {"b", 1}, 7},
	    {"no LSN", 0, HF__MIGRATION_STATE, {"b", 1}, 7},
	    {"no name", 2, HF__MIGRATION_APPLY, {NULL, 0}, 7},
	    {"a name too long", 2, HF__MIGRATION_APPLY, {name, HF_KEY_MAX + 1}, 7},
	    {"a name with a NUL", 2, HF__MIGRATION_APPLY, {"a\0", 2}, 7},
	    {"no time", 2, HF__MIGRATION_APPLY, {"b", 1}, HF_UNSET},
	    {"a cause from nowhere", 2, HF__MIGRATION_CAUSES, {"b", 1}, 7},
	};
	struct bare bare;
	struct hf__writer w = {0};
	bare_init(&bare, &hf__migration_domain);
	hf__migration_put_applied(
	    &w, HF__MIGRATION_APPLY, hf_str("a"),
	    &(struct hf__migration_value){.applied_at = 5, .has_checksum = true, .checksum = 7});
	assert_int_equal(try_body(&bare, 1, 1, HF__MIGRATION_APPLIED, hf_bytes_of(w.data, w.len), true),
	                 HF_OK);
	struct hf__writer before = bare_snapshot(&bare);
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		w.len = 0;
		hf__migration_put_applied(&w, rows[i].cause, rows[i].name,
		                          &(struct hf__migration_value){.applied_at = rows[i].at});
		const struct hf_bytes body = hf_bytes_of(w.data, w.len);
		if (try_body(&bare, rows[i].lsn, 1, HF__MIGRATION_APPLIED, body, false) !=
		    (rows[i].what ? HF_ECORRUPT : HF_OK))
			fail_msg("%s", rows[i].what ? rows[i].what : "refused");
		if (i == 0) {
			try_lengths(&bare, 2, 1, HF__MIGRATION_APPLIED, body);
			try_flips(&bare, 2, 1, HF__MIGRATION_APPLIED, body);
		}
	}
	w.len = 0;
	hf__migration_put_forgotten(&w, hf_str("b"));
	assert_int_equal(
	    try_body(&bare, 2, 1, HF__MIGRATION_FORGOTTEN, hf_bytes_of(w.data, w.len), false),
	    HF_ECORRUPT);
	w.len = 0;
	hf__migration_put_forgotten(&w, hf_str("a"));
	try_lengths(&bare, 2, 1, HF__MIGRATION_FORGOTTEN, hf_bytes_of(w.data, w.len));
	try_flips(&bare, 2, 1, HF__MIGRATION_FORGOTTEN, hf_bytes_of(w.data, w.len));
	struct hf__writer after = bare_snapshot(&bare);
	assert_true(
	    hf__bytes_equal(hf_bytes_of(before.data, before.len), hf_bytes_of(after.data, after.len)));
	hf__writer_deinit(&before);
	hf__writer_deinit(&after);
	hf__writer_deinit(&w);
	bare_deinit(&bare);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(entries_that_break_a_rule_are_damage),
	    cmocka_unit_test(entries_that_keep_the_rules_are_applied),
	    cmocka_unit_test(bodies_of_another_length_or_kind_are_damage_and_flips_leave_a_sound_state),
	    cmocka_unit_test(migration_bodies_too),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
