/* tier: fast, threads */
/* Structs that begin with their size, all of them by their tables: what an older or newer caller
 * hands in becomes today's struct, what the library fills ends where the caller's does, and every
 * public call refuses what it cannot understand. Structs lie in memory of exactly their size, so
 * that ASan sees a byte too many. (One that has grown, end to end: test_toy.) */
#include "api/api.h"
#include "holdfast/holdfast.h"
#include "lib/real_store.h"
#include "lib/test.h"
#include "store/call/sized.h"

#define FILL 0xa5

typedef void (*for_struct)(const struct hf_api_struct *of, void *ctx);

static unsigned each_sized(for_struct fn, void *ctx)
{
	const struct hf_api_part *part;
	unsigned count = 0;
	for (unsigned i = 0; (part = hf_api_describe(i)) != NULL; i++)
		for (const struct hf_api_struct *const *at = part->structs; *at; at++)
			if ((*at)->first > 0) {
				fn(*at, ctx);
				count++;
			}
	return count;
}

/* `size` bytes, of which the first ones say `says` and the others are set. */
static uint8_t *one_of(size_t size, size_t says)
{
	uint8_t *bytes = malloc(size);
	assert_non_null(bytes);
	memset(bytes, FILL, size);
	memcpy(bytes, &says, sizeof says);
	return bytes;
}

static bool all_are(const uint8_t *bytes, size_t begin, size_t end, uint8_t value)
{
	for (size_t i = begin; i < end; i++)
		if (bytes[i] != value)
			return false;
	return true;
}

/* The struct as it would be had it begun with so many bytes. */
static struct hf_api_struct grown_from(const struct hf_api_struct *of, size_t first)
{
	struct hf_api_struct grown = *of;
	grown.first = first;
	return grown;
}

/* --- Handed in -------------------------------------------------------------------------------- */

static void expect_taken(const struct hf_api_struct *of, size_t has, size_t says)
{
	union hf__sized today;
	uint8_t *given = one_of(has, says);
	memset(&today, 0x5a, sizeof today);
	assert_ptr_equal(hf__take(of, given, &today), &today);
	assert_int_equal(hf__took(of, &today, NULL), HF_OK);
	const size_t known = has < of->size ? has : of->size;
	assert_int_equal(today.size, of->size);
	assert_true(all_are(today.bytes, sizeof(size_t), known, FILL));
	assert_true(all_are(today.bytes, known, of->size, 0));
	assert_true(all_are(today.bytes, of->size, sizeof today, 0x5a));
	free(given);
}

static void expect_refused(const struct hf_api_struct *of, const void *given, const char *words)
{
	union hf__sized today;
	struct hf_error error = {0};
	char text[120];
	assert_int_equal(hf__took(of, hf__take(of, given, &today), &error), HF_EINVAL);
	assert_true(all_are(today.bytes, sizeof(size_t), of->size, 0));
	(void)snprintf(text, sizeof text, "struct %s %s", of->name, words);
	assert_non_null(strstr(error.text, text));
}

static void take_older(const struct hf_api_struct *of, void *ctx)
{
	(void)ctx;
	for (const struct hf_api_member *m = of->members; m->name; m++) {
		const size_t size = m->offset + m->size;
		const struct hf_api_struct grown = grown_from(of, size);
		expect_taken(&grown, size, 0);
		expect_taken(&grown, size, size);
		if (size > sizeof(size_t)) {
			uint8_t *given = one_of(size, size - 1);
			expect_refused(&grown, given, "never had a size of");
			free(given);
		}
	}
	expect_taken(of, of->size, of->size);
	expect_taken(of, of->first, 0);
}

static void an_older_caller_is_served(void **state)
{
	(void)state;
	assert_true(each_sized(take_older, NULL) > 120);
}

static void take_newer(const struct hf_api_struct *of, void *ctx)
{
	enum { MORE = 24 };
	const size_t size = of->size + MORE,
	             never[] = {1, 7, of->first - 1, HF__SIZED_MOST + 1, SIZE_MAX};
	uint8_t *given = one_of(size, size);
	union hf__sized today;
	(void)ctx;
	memset(given + of->size, 0, MORE);
	(void)hf__take(of, given, &today);
	assert_true(hf__took(of, &today, NULL) == HF_OK && today.size == of->size);
	assert_memory_equal(today.bytes + sizeof(size_t), given + sizeof(size_t),
	                    of->size - sizeof(size_t));
	for (size_t i = 0; i < MORE; i++) {
		given[of->size + i] = 1;
		expect_refused(of, given, "has ");
		given[of->size + i] = 0;
	}
	for (size_t i = 0; i < sizeof never / sizeof *never; i++) {
		memcpy(given, &never[i], sizeof never[i]);
		expect_refused(of, given, "never had a size of");
	}
	free(given);
}

static void a_newer_caller_is_served_if_it_says_nothing_unknown(void **state)
{
	(void)state;
	each_sized(take_newer, NULL);
}

static void nothing_given_is_a_zeroed_struct(void **state)
{
	union hf__sized today;
	(void)state;
	const struct hf_options *taken = hf__take(&hf__api_options, NULL, &today);
	assert_int_equal(hf__took(&hf__api_options, taken, NULL), HF_OK);
	assert_true(all_are(today.bytes, 0, sizeof *taken, 0));
}

/* --- Filled ----------------------------------------------------------------------------------- */

static void expect_filled(const struct hf_api_struct *of, size_t has, size_t says)
{
	uint8_t *out = one_of(has, says);
	union hf__sized today;
	size_t size;
	memset(&today, 0x3c, sizeof today);
	assert_int_equal(hf__can_give(of, out, NULL), HF_OK);
	hf__give(of, out, &today);
	memcpy(&size, out, sizeof size);
	const size_t known = says == 0 ? of->first : says < of->size ? says : of->size;
	assert_int_equal(size, says);
	assert_true(all_are(out, sizeof size, known, 0x3c) && all_are(out, known, has, FILL));
	hf__clear(of, out);
	memcpy(&size, out, sizeof size);
	assert_int_equal(size, says);
	assert_true(all_are(out, sizeof size, known, 0) && all_are(out, known, has, FILL));
	free(out);
}

static void fill_any(const struct hf_api_struct *of, void *ctx)
{
	const size_t never[] = {1, of->first - 1, HF__SIZED_MOST + 1};
	union hf__sized today = {.size = 0};
	(void)ctx;
	assert_true(of->size <= sizeof today);
	for (const struct hf_api_member *m = of->members; m->name; m++) {
		const size_t size = m->offset + m->size;
		const struct hf_api_struct grown = grown_from(of, size);
		expect_filled(&grown, size, size);
		expect_filled(&grown, size, 0);
		expect_filled(&grown, of->size, 0); /* it has more than it says */
	}
	expect_filled(of, of->size, of->size);
	expect_filled(of, of->size + 16, of->size + 16);
	for (size_t i = 0; i < sizeof never / sizeof *never; i++) {
		uint8_t *out = one_of(of->size, never[i]);
		assert_int_equal(hf__can_give(of, out, NULL), HF_EINVAL);
		hf__give(of, out, &today);
		hf__clear(of, out);
		assert_true(all_are(out, sizeof(size_t), of->size, FILL));
		free(out);
	}
}

static void what_is_filled_ends_where_the_callers_struct_ends(void **state)
{
	(void)state;
	each_sized(fill_any, NULL);
}

/* --- Every public call ------------------------------------------------------------------------ */

/* A call that mutates or reads, whatever it takes and fills. */
static int run(const struct hf_api_call *call, hf_store *store, const void *args, void *out,
               struct hf_result *result, struct hf_error *error)
{
	typedef int (*mutate)(hf_store *, hf_txn *, const void *, struct hf_result *,
	                      struct hf_error *);
	typedef int (*answer)(hf_store *, hf_txn *, const void *, void *, struct hf_result *,
	                      struct hf_error *);
	typedef int (*read_all)(hf_store *, unsigned, void *, struct hf_error *);
	typedef int (*read_named)(hf_store *, struct hf_bytes, unsigned, void *, struct hf_error *);
	typedef int (*read_of)(hf_store *, const void *, unsigned, void *, struct hf_error *);
	typedef int (*check)(hf_store *, const void *, unsigned, struct hf_error *);
	if (call->kind == HF_API_MUTATION)
		return call->fills ? ((answer)call->function)(store, NULL, args, out, result, error)
		                   : ((mutate)call->function)(store, NULL, args, result, error);
	if (!call->takes)
		return ((read_all)call->function)(store, 0, out, error);
	if (call->takes == &hf__api_bytes)
		return ((read_named)call->function)(store, hf_str("a"), 0, out, error);
	return call->fills || call->gives ? ((read_of)call->function)(store, args, 0, out, error)
	                                  : ((check)call->function)(store, args, 0, error);
}

static void expect_words(const struct hf_api_call *call, const struct hf_error *error,
                         const struct hf_api_struct *of, const char *words)
{
	char text[120];
	(void)snprintf(text, sizeof text, "struct %s %s", of->name, words);
	if (!strstr(error->text, text))
		fail_msg("%s: \"%s\" has no \"%s\"", call->name, error->text, text);
}

static void try_call(const struct hf_api_call *call, hf_store *store)
{
	union hf__sized args = {.size = 0}, out = {.size = 0};
	struct hf_result result = {0};
	struct hf_error error = {0};
	if (call->takes && call->takes->first) {
		args.size = call->takes->size + 8;
		args.bytes[call->takes->size] = 1;
		assert_int_equal(run(call, store, &args, &out, &result, &error), HF_EINVAL);
		expect_words(call, &error, call->takes, "has ");
		args.size = 3;
		assert_int_equal(run(call, store, &args, &out, &result, &error), HF_EINVAL);
		expect_words(call, &error, call->takes, "never had a size of 3");
	}
	memset(&args, 0, sizeof args);
	if (call->kind == HF_API_MUTATION) {
		result.size = 5;
		assert_int_equal(run(call, store, &args, &out, &result, &error), HF_EINVAL);
		expect_words(call, &error, &hf__api_result, "never had a size of 5");
		assert_int_equal(result.size, 5);
	} else if (call->fills) {
		out.size = 5;
		assert_int_equal(run(call, store, &args, &out, NULL, &error), HF_EINVAL);
		expect_words(call, &error, call->fills, "never had a size of 5");
	}
}

static void every_mutation_and_read_refuses_what_it_does_not_understand(void **state)
{
	struct real_store *real = *state;
	const struct hf_api_part *part;
	struct hf_info before = {0}, after = {0};
	unsigned count = 0;
	assert_int_equal(hf_get_info(real->store, &before, NULL), HF_OK);
	for (unsigned i = 0; (part = hf_api_describe(i)) != NULL; i++)
		for (const struct hf_api_call *call = part->calls; call->name; call++)
			if (call->kind == HF_API_MUTATION || call->kind == HF_API_READ) {
				try_call(call, real->store);
				count++;
			}
	assert_true(count > 90);
	assert_int_equal(hf_get_info(real->store, &after, NULL), HF_OK);
	assert_int_equal(before.last_lsn, after.last_lsn);
}

static bool no_text(void *ctx, const char *text, size_t len)
{
	(void)ctx, (void)text, (void)len;
	return false;
}

/* Those that are neither, by hand: `given` is a struct of theirs whose size was never one. */
static int run_other(const char *name, struct real_store *real, const void *given, bool takes)
{
	const void *in = takes ? given : NULL;
	void *out = takes ? NULL : (void *)(uintptr_t)given;
	struct hf_error *e = &real->error;
	hf_store *store = NULL;
	hf_feed *feed = NULL;
	hf_subscription *sub = NULL;
	hf_wait *wait = NULL;
	const struct hf_lock_acquire_args lock = {.name = hf_str("sized"), .owner = hf_str("o")};
	const struct hf_outbox_claim_next_args item = {.queue = hf_str("no"), .owner = hf_str("o")};
	int rc = -1;
#define IS(call) (strcmp(name, #call) == 0)
	if (IS(hf_open))
		rc = hf_open(real->path, in, &store, e);
	else if (IS(hf_open_memory))
		rc = hf_open_memory(in, &store, e);
	else if (IS(hf_open_read))
		rc = hf_open_read(real->path, in, &store, e);
	else if (IS(hf_get_info))
		rc = hf_get_info(real->store, out, e);
	else if (IS(hf_subscribe))
		rc = hf_subscribe(real->store, in, &sub, e);
	else if (IS(hf_feed_next) && hf_feed_open(real->store, 0, &feed, e) == HF_OK)
		rc = hf_feed_next(feed, 0, 0, out, e);
	else if (IS(hf_subscription_next) && hf_subscribe(real->store, NULL, &sub, e) == HF_OK)
		rc = hf_subscription_next(sub, 0, 0, out, e);
	else if (IS(hf_fsck))
		rc = hf_fsck(real->path, in, NULL, NULL, out, e);
	else if (IS(hf_export))
		rc = hf_export(real->store, real_beside(real, "x"), in, out, e);
	else if (IS(hf_export_fd))
		rc = hf_export_fd(real->store, -1, in, out, e);
	else if (IS(hf_verify_snapshot))
		rc = hf_verify_snapshot(real_beside(real, "x"), in, out, e);
	else if (IS(hf_import))
		rc = hf_import(real_beside(real, "x"), real_beside(real, "y"), in, out, e);
	else if (IS(hf_import_fd))
		rc = hf_import_fd(-1, real_beside(real, "y"), in, out, e);
	else if (IS(hf_backup))
		rc = hf_backup(real->path, real_beside(real, "y"), in, out, e);
	else if (IS(hf_restore))
		rc = hf_restore(real->path, real_beside(real, "y"), in, out, e);
	else if (IS(hf_salvage))
		rc = hf_salvage(real->path, real_beside(real, "y"), in, NULL, out, e);
	else if (IS(hf_lock_with))
		rc = hf_lock_with(real->store, in, NULL, NULL, e);
	else if (IS(hf_outbox_drain))
		rc = hf_outbox_drain(real->store, in, out, e);
	else if (IS(hf_metrics))
		rc = hf_metrics(real->store, no_text, NULL, in, e);
	else if (IS(hf_migrate))
		rc = hf_migrate(real->store, NULL, 0, out, e);
	else if (takes && IS(hf_lock_acquire_start))
		rc = hf_lock_acquire_start(real->store, in, &wait, e);
	else if (takes && IS(hf_outbox_claim_next_start))
		rc = hf_outbox_claim_next_start(real->store, in, &wait, e);
	else if (IS(hf_lock_acquire_take) &&
	         hf_lock_acquire_start(real->store, &lock, &wait, e) == HF_OK)
		rc = hf_lock_acquire_take(wait, out, e);
	else if (IS(hf_outbox_claim_next_take) &&
	         hf_outbox_claim_next_start(real->store, &item, &wait, e) == HF_OK)
		rc = hf_outbox_claim_next_take(wait, out, NULL, e);
	else if (IS(hf_feed_next_take) && hf_feed_open(real->store, 0, &feed, e) == HF_OK &&
	         hf_feed_next_start(feed, 0, 0, &wait, e) == HF_OK)
		rc = hf_feed_next_take(wait, out, e);
	hf_wait_free(wait);
	hf_feed_close(feed);
	hf_unsubscribe(sub);
	return rc;
}

static void every_other_call_refuses_it_too(void **state)
{
	struct real_store *real = *state;
	const struct hf_api_part *part;
	unsigned count = 0;
	for (unsigned i = 0; (part = hf_api_describe(i)) != NULL; i++)
		for (const struct hf_api_call *call = part->calls; call->name; call++)
			for (int takes = 0; takes < 2; takes++) {
				const struct hf_api_struct *of = takes ? call->takes : call->fills;
				union hf__sized given = {.size = 3};
				if (call->kind == HF_API_MUTATION || call->kind == HF_API_READ || !of || !of->first)
					continue;
				const int rc = run_other(call->name, real, &given, takes);
				if (rc != HF_EINVAL)
					fail_msg("%s: %d", call->name, rc);
				expect_words(call, &real->error, of, "never had a size of 3");
				assert_true(given.size == 3 && all_are(given.bytes, 8, sizeof given, 0));
				count++;
			}
	assert_true(count > 25);
}

/* --- Told, and reserved ----------------------------------------------------------------------- */

static bool see_entry(void *ctx, const struct hf_log_entry *entry)
{
	*(unsigned *)ctx += entry->size == sizeof *entry;
	return true;
}

static void see_segment(void *ctx, const struct hf_segment *segment)
{
	*(unsigned *)ctx += segment->size == sizeof *segment;
}

static void see_finding(void *ctx, const struct hf_fsck_finding *finding)
{
	*(unsigned *)ctx += finding->size == sizeof *finding;
}

static void what_a_callback_is_given_says_its_size(void **state)
{
	struct real_store *real = *state;
	unsigned entries = 0, segments = 0, findings = 0;
	assert_int_equal(real_enqueue(real, "a", 10), HF_OK);
	FILE *file = fopen(real_file(real, "segment-00000099.tmp"), "w");
	assert_true(file && fclose(file) == 0);
	assert_int_equal(hf_log_each(real->path, 0, 0, see_entry, &entries, NULL), HF_OK);
	assert_int_equal(hf_segments_each(real->path, see_segment, &segments, NULL), HF_OK);
	assert_int_equal(hf_fsck(real->path, NULL, see_finding, &findings, NULL, NULL), HF_OK);
	assert_true(entries > 0 && segments > 0 && findings > 0);
}

static void what_is_reserved_in_a_write_must_be_zero(void **state)
{
	struct real_store *real = *state;
	struct hf_document_put_args args = {.key = {hf_str("c"), hf_str("k")}};
	args.write.reserved[0] = 1;
	assert_int_equal(hf_document_put(real->store, NULL, &args, NULL, &real->error), HF_EINVAL);
	assert_non_null(strstr(real->error.text, "write.reserved"));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, real_setup_open, real_teardown)
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_older_caller_is_served),
	    cmocka_unit_test(a_newer_caller_is_served_if_it_says_nothing_unknown),
	    cmocka_unit_test(nothing_given_is_a_zeroed_struct),
	    cmocka_unit_test(what_is_filled_ends_where_the_callers_struct_ends),
	    TEST(every_mutation_and_read_refuses_what_it_does_not_understand),
	    TEST(every_other_call_refuses_it_too),
	    TEST(what_a_callback_is_given_says_its_size),
	    TEST(what_is_reserved_in_a_write_must_be_zero),
	};
	return cmocka_run_group_tests_name("sized structs", tests, NULL, NULL);
}
