/* tier: fast */
/* Names of segments, and the making of one: which calls in which order, and what each failure of
 * them means. */
#include <errno.h>

#include "base/bytes.h"
#include "lib/test.h"
#include "log/segment.h"

/* --- Names ------------------------------------------------------------------------------------ */

static void names_are_eight_hexadecimal_digits(void **state)
{
	(void)state;
	char name[HF__NAME_MAX];
	hf__segment_name(1, name);
	assert_string_equal(name, "segment-00000001");
	hf__segment_name(0xdeadbeef, name);
	assert_string_equal(name, "segment-deadbeef");
	hf__segment_name(UINT32_MAX, name);
	assert_string_equal(name, "segment-ffffffff");
}

static void every_name_is_parsed_back(void **state)
{
	(void)state;
	for (uint32_t bit = 0; bit < 32; bit++) {
		char name[HF__NAME_MAX];
		uint32_t number = 0;
		hf__segment_name(UINT32_C(1) << bit, name);
		assert_true(hf__segment_name_parse(name, &number));
		assert_int_equal(number, UINT32_C(1) << bit);
		assert_false(hf__segment_tmp_name(name));
	}
}

static void what_is_not_exactly_a_name_is_none(void **state)
{
	(void)state;
	static const char *const wrong[] = {
	    "",
	    "segment",
	    "segment-",
	    "segment-0000001",
	    "segment-000000001",
	    "segment-00000000",
	    "segment-0000000A",
	    "segment-0000000g",
	    "segment-0000000 ",
	    "segment-00000001 ",
	    "segment-00000001.tmp",
	    "segment-00000001.tm",
	    "Segment-00000001",
	    "xsegment-00000001",
	    "segment_00000001",
	    "segment--0000001",
	    "segment-+0000001",
	    "segment-0x000001",
	    "LOCK",
	};
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		uint32_t number = 99;
		assert_false(hf__segment_name_parse(wrong[i], &number));
		assert_int_equal(number, 99);
	}
}

static void leftovers_are_known_by_their_exact_name(void **state)
{
	(void)state;
	assert_true(hf__segment_tmp_name("segment-00000001.tmp"));
	assert_true(hf__segment_tmp_name("segment-ffffffff.tmp"));
	assert_false(hf__segment_tmp_name("segment-00000001.tmp2"));
	assert_false(hf__segment_tmp_name("segment-00000001.TMP"));
	assert_false(hf__segment_tmp_name("segment-00000001"));
	assert_false(hf__segment_tmp_name("segment-00000000.tmp"));
	assert_false(hf__segment_tmp_name("IDENTITY.tmp"));
	assert_false(hf__segment_tmp_name(".tmp"));
}

/* --- A table that writes down what it is asked ------------------------------------------------ */

enum { FILE_MAX = 64 << 10, HANDLE = 17 };

/* One file under one of two names, and a trace: o open, w write, s sync, r rename, d sync_dir, c
 * close, u unlink. */
struct tape {
	char trace[64]; /* writes in a row are one w */
	char fail; /* which call fails, with `error` */
	int error;
	unsigned fail_at; /* of the writes: which one */
	unsigned writes;
	bool clean_up_fails; /* so does every close */
	bool stale; /* a leftover bears the temporary name */
	bool tmp_there, final_there, open;
	bool all_zero;
	uint64_t end; /* of the writes so far; they must follow each other */
};

static int note(struct tape *tape, char call)
{
	const size_t len = strlen(tape->trace);
	if (call != 'w' || len == 0 || tape->trace[len - 1] != 'w') {
		assert_true(len + 1 < sizeof tape->trace);
		tape->trace[len] = call;
	}
	if (tape->clean_up_fails && call == 'c')
		return EIO;
	const bool fails = tape->fail == call && (call != 'w' || tape->writes++ == tape->fail_at);
	return fails ? tape->error : 0;
}

static int tape_open(void *ctx, const char *name, unsigned flags, int *out)
{
	struct tape *tape = ctx;
	const int rc = note(tape, 'o');
	assert_string_equal(name, "segment-0000002a.tmp");
	assert_int_equal(flags, HF__OS_WRITE | HF__OS_CREATE);
	if (rc != 0 || tape->stale)
		return rc ? rc : EEXIST;
	tape->tmp_there = tape->open = tape->all_zero = true;
	*out = HANDLE;
	return 0;
}

static int tape_close(void *ctx, int file)
{
	struct tape *tape = ctx;
	assert_int_equal(file, HANDLE);
	assert_true(tape->open);
	tape->open = false;
	return note(tape, 'c');
}

static int tape_write(void *ctx, int file, const void *data, size_t len, uint64_t at)
{
	struct tape *tape = ctx;
	const int rc = note(tape, 'w');
	assert_int_equal(file, HANDLE);
	assert_int_equal(len, 4096);
	assert_int_equal(at, tape->end);
	tape->all_zero = tape->all_zero && hf__bytes_zero(data, len);
	tape->end += rc ? 0 : len;
	return rc;
}

static int tape_allocate(void *ctx, int file, uint64_t size)
{
	struct tape *tape = ctx;
	assert_int_equal(file, HANDLE);
	assert_int_equal(tape->end, 0); /* before the first zero */
	assert_true(size > 0);
	return note(tape, 'a');
}

static int tape_sync(void *ctx, int file)
{
	assert_int_equal(file, HANDLE);
	return note(ctx, 's');
}

static int tape_rename(void *ctx, const char *from, const char *to)
{
	struct tape *tape = ctx;
	const int rc = note(tape, 'r');
	assert_string_equal(from, "segment-0000002a.tmp");
	assert_string_equal(to, "segment-0000002a");
	if (rc == 0) {
		tape->tmp_there = false;
		tape->final_there = true;
	}
	return rc;
}

static int tape_unlink(void *ctx, const char *name)
{
	struct tape *tape = ctx;
	const int rc = note(tape, 'u');
	assert_string_equal(name, "segment-0000002a.tmp");
	if (rc != 0)
		return rc;
	const bool there = tape->stale || tape->tmp_there;
	tape->stale = tape->tmp_there = false;
	return there ? 0 : ENOENT;
}

static int tape_sync_dir(void *ctx)
{
	return note(ctx, 'd');
}

static int prepare(struct tape *tape, uint32_t size, int *file, bool *unknowable)
{
	const struct hf__os os = {
	    .ctx = tape,
	    .open = tape_open,
	    .close = tape_close,
	    .write = tape_write,
	    .allocate = tape_allocate,
	    .sync = tape_sync,
	    .rename = tape_rename,
	    .unlink = tape_unlink,
	    .sync_dir = tape_sync_dir,
	};
	return hf__segment_prepare(&os, 42, size, file, unknowable);
}

/* --- Tests ------------------------------------------------------------------------------------ */

static void a_segment_is_filled_synced_renamed_and_its_directory_synced(void **state)
{
	(void)state;
	struct tape tape = {0};
	int file = -5;
	bool unknowable = true;
	assert_int_equal(prepare(&tape, FILE_MAX, &file, &unknowable), 0);
	assert_string_equal(tape.trace, "uoawsrd");
	assert_int_equal(file, HANDLE);
	assert_false(unknowable);
	assert_true(tape.open && tape.final_there && tape.all_zero);
	assert_int_equal(tape.end, FILE_MAX);
}

static void a_leftover_of_the_same_name_is_replaced(void **state)
{
	(void)state;
	struct tape tape = {.stale = true};
	int file;
	bool unknowable;
	assert_int_equal(prepare(&tape, 4096, &file, &unknowable), 0);
	assert_false(tape.stale);
	assert_true(tape.final_there);
	assert_int_equal(tape.end, 4096);
}

/* Every call fails in turn. */
static void each_failure_leaves_nothing_open_and_says_whether_it_can_be_known(void **state)
{
	(void)state;
	static const struct {
		char fail;
		int error;
		const char *trace;
		bool unknowable;
	} cases[] = {
	    {'u', EACCES, "u", false},     {'o', EMFILE, "uo", false},  {'w', ENOSPC, "uoawcu", false},
	    {'a', ENOSPC, "uoacu", false}, {'s', EIO, "uoawscu", true}, {'r', EIO, "uoawsrcu", false},
	    {'d', EIO, "uoawsrdcu", true},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct tape tape = {.fail = cases[i].fail, .error = cases[i].error, .fail_at = 3};
		int file = 0;
		bool unknowable = !cases[i].unknowable;
		assert_int_equal(prepare(&tape, FILE_MAX, &file, &unknowable), cases[i].error);
		assert_string_equal(tape.trace, cases[i].trace);
		assert_int_equal(file, -1);
		assert_int_equal(unknowable, cases[i].unknowable);
		assert_false(tape.open);
		assert_false(tape.tmp_there);
	}
}

static void a_failed_clean_up_does_not_hide_the_first_failure(void **state)
{
	(void)state;
	struct tape tape = {.fail = 'w', .error = ENOSPC, .fail_at = 0, .clean_up_fails = true};
	int file;
	bool unknowable;
	assert_int_equal(prepare(&tape, FILE_MAX, &file, &unknowable), ENOSPC);
	assert_string_equal(tape.trace, "uoawcu");
	assert_false(unknowable);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(names_are_eight_hexadecimal_digits),
	    cmocka_unit_test(every_name_is_parsed_back),
	    cmocka_unit_test(what_is_not_exactly_a_name_is_none),
	    cmocka_unit_test(leftovers_are_known_by_their_exact_name),
	    cmocka_unit_test(a_segment_is_filled_synced_renamed_and_its_directory_synced),
	    cmocka_unit_test(a_leftover_of_the_same_name_is_replaced),
	    cmocka_unit_test(each_failure_leaves_nothing_open_and_says_whether_it_can_be_known),
	    cmocka_unit_test(a_failed_clean_up_does_not_hide_the_first_failure),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
