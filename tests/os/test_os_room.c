/* tier: fast */
/* The seam's calls about room, over the real disk: asking for it, giving it back, cutting a
 * file. */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/remove_tree.h"
#include "lib/test.h"
#include "os/os.h"

enum { BLOCK = 4096, SIZE = 16 * BLOCK };

static char place[] = "/tmp/hf-room-XXXXXX";
static struct hf__os os;

static int begin(void **state)
{
	(void)state;
	memset(place + sizeof place - 7, 'X', 6);
	assert_non_null(mkdtemp(place));
	assert_int_equal(hf__os_posix_new(place, false, &os), 0);
	return 0;
}

static int end(void **state)
{
	(void)state;
	hf__os_posix_free(&os);
	remove_tree(place);
	return 0;
}

static struct stat stat_of(const char *name)
{
	char path[64];
	struct stat st;
	(void)snprintf(path, sizeof path, "%s/%s", place, name);
	assert_int_equal(stat(path, &st), 0);
	return st;
}

static int make(const char *name)
{
	static uint8_t bytes[SIZE];
	int file = -1;
	memset(bytes, 'b', sizeof bytes);
	assert_int_equal(os.open(os.ctx, name, HF__OS_WRITE | HF__OS_CREATE, &file), 0);
	assert_int_equal(os.write(os.ctx, file, bytes, sizeof bytes, 0), 0);
	return file;
}

static void a_file_is_cut_and_never_grows_by_it(void **state)
{
	(void)state;
	const int file = make("f");
	assert_int_equal(os.cut(os.ctx, "f", 2 * SIZE), 0);
	assert_int_equal(stat_of("f").st_size, SIZE);
	assert_int_equal(os.cut(os.ctx, "f", BLOCK), 0);
	assert_int_equal(stat_of("f").st_size, BLOCK);
	assert_int_equal(os.close(os.ctx, file), 0);
	assert_int_equal(os.cut(os.ctx, "none", BLOCK), ENOENT);
	assert_int_equal(os.cut(os.ctx, "../f", BLOCK), EINVAL);
}

static void a_file_with_a_second_name_is_not_cut(void **state)
{
	char from[64], to[64];
	(void)state;
	assert_int_equal(os.close(os.ctx, make("f")), 0);
	(void)snprintf(from, sizeof from, "%s/f", place);
	(void)snprintf(to, sizeof to, "%s/backup", place);
	assert_int_equal(link(from, to), 0);
	assert_int_equal(os.cut(os.ctx, "f", BLOCK), EMLINK);
	assert_int_equal(stat_of("f").st_size, SIZE);
	assert_int_equal(unlink(to), 0);
	assert_int_equal(os.cut(os.ctx, "f", BLOCK), 0);
}

static void what_is_no_plain_file_is_not_cut(void **state)
{
	char from[64], to[64];
	(void)state;
	assert_int_equal(os.close(os.ctx, make("f")), 0);
	(void)snprintf(from, sizeof from, "%s/f", place);
	(void)snprintf(to, sizeof to, "%s/link", place);
	assert_int_equal(symlink(from, to), 0);
	assert_true(os.cut(os.ctx, "link", BLOCK) != 0);
	assert_int_equal(stat_of("f").st_size, SIZE);
	assert_int_equal(unlink(to), 0);
	assert_int_equal(mkfifo(to, 0600), 0);
	assert_true(os.cut(os.ctx, "link", BLOCK) != 0);
}

static void room_is_asked_for_before_anything_is_written(void **state)
{
	uint64_t room = 0;
	int file = -1;
	(void)state;
	assert_int_equal(os.room(os.ctx, &room), 0);
	assert_true(room > 0);
	assert_int_equal(os.open(os.ctx, "f", HF__OS_WRITE | HF__OS_CREATE, &file), 0);
	assert_int_equal(os.allocate(os.ctx, file, SIZE), 0);
	assert_true(stat_of("f").st_size == SIZE || stat_of("f").st_size == 0);
	if (room < INT64_MAX / 4) {
		const int rc = os.allocate(os.ctx, file, INT64_MAX / 2);
		assert_true(rc == ENOSPC || rc == EFBIG || rc == EDQUOT || rc == 0);
	}
	assert_int_equal(os.close(os.ctx, file), 0);
}

static void room_given_back_reads_as_zeros(void **state)
{
	uint8_t bytes[SIZE];
	size_t got = 0;
	(void)state;
	const int file = make("f");
	const int rc = os.punch(os.ctx, file, 2 * BLOCK, SIZE - 2 * BLOCK);
	assert_int_equal(stat_of("f").st_size, SIZE);
	assert_int_equal(os.read(os.ctx, file, bytes, sizeof bytes, 0, &got), 0);
	assert_int_equal(got, SIZE);
	for (size_t i = 0; i < SIZE; i++)
		assert_int_equal(bytes[i], rc == 0 && i >= 2 * BLOCK ? 0 : 'b');
	assert_int_equal(os.close(os.ctx, file), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(a_file_is_cut_and_never_grows_by_it, begin, end),
	    cmocka_unit_test_setup_teardown(a_file_with_a_second_name_is_not_cut, begin, end),
	    cmocka_unit_test_setup_teardown(what_is_no_plain_file_is_not_cut, begin, end),
	    cmocka_unit_test_setup_teardown(room_is_asked_for_before_anything_is_written, begin, end),
	    cmocka_unit_test_setup_teardown(room_given_back_reads_as_zeros, begin, end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
