/* tier: fast */
/* Cold reading on the real disk: the same bytes as by any other reading, and the system's cache
 * afterwards as it was before. */
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/rng.h"
#include "posix_place.h"

enum { PAGES = 64, PAGE = 4096, ODD = 1234, SIZE = PAGES * PAGE + ODD };

static void make(const struct place *place, uint8_t *bytes)
{
	const struct hf__os *os = &place->os;
	struct hf_rng rng = hf_rng_for("cold");
	int file;
	hf_rng_fill(&rng, bytes, SIZE);
	assert_int_equal(os->open(os->ctx, "f", HF__OS_WRITE | HF__OS_CREATE, &file), 0);
	assert_int_equal(os->write(os->ctx, file, bytes, SIZE, 0), 0);
	assert_int_equal(os->sync(os->ctx, file), 0);
	assert_int_equal(posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED), 0);
	assert_int_equal(os->close(os->ctx, file), 0);
}

/* Pages of the file that are in memory. */
static unsigned resident(const struct place *place)
{
	char path[160];
	unsigned char pages[PAGES + 1];
	unsigned count = 0;
	const int fd = open(inside(place, "f", path), O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	void *map = mmap(NULL, SIZE, PROT_NONE, MAP_SHARED, fd, 0);
	assert_true(map != MAP_FAILED);
	assert_int_equal(mincore(map, SIZE, pages), 0);
	for (unsigned i = 0; i <= PAGES; i++)
		count += pages[i] & 1;
	(void)munmap(map, SIZE);
	(void)close(fd);
	return count;
}

static void any_part_is_read_as_it_is(void **state)
{
	struct place *place = *state;
	const struct hf__os *os = &place->os;
	static uint8_t bytes[SIZE], got_bytes[SIZE];
	struct hf_rng rng = hf_rng_for("parts");
	int file;
	size_t got;
	make(place, bytes);
	assert_int_equal(os->open(os->ctx, "f", 0, &file), 0);
	for (unsigned i = 0; i < 300; i++) {
		const uint64_t at = hf_rng_below(&rng, SIZE + PAGE);
		const size_t len = (size_t)hf_rng_below(&rng, i % 2 ? 100 : SIZE);
		const size_t there = at >= SIZE ? 0 : len < SIZE - at ? len : (size_t)(SIZE - at);
		assert_int_equal(os->read_cold(os->ctx, file, got_bytes, len, at, &got), 0);
		assert_int_equal(got, there);
		if (there > 0)
			assert_memory_equal(got_bytes, bytes + at, there);
	}
	assert_int_equal(os->close(os->ctx, file), 0);
}

static void the_cache_is_as_it_was(void **state)
{
	struct place *place = *state;
	const struct hf__os *os = &place->os;
	static uint8_t bytes[SIZE], got_bytes[SIZE];
	int file, hot;
	size_t got;
	make(place, bytes);
	if (resident(place) > 0)
		skip(); /* the file system keeps its files in memory */
	assert_int_equal(os->open(os->ctx, "f", 0, &file), 0);
	assert_int_equal(os->read_cold(os->ctx, file, got_bytes, SIZE, 0, &got), 0);
	assert_int_equal(got, SIZE);
	assert_int_equal(resident(place), 0);
	/* what others have in memory stays there */
	assert_int_equal(os->open(os->ctx, "f", 0, &hot), 0);
	assert_int_equal(os->read(os->ctx, hot, got_bytes, SIZE, 0, &got), 0);
	const unsigned before = resident(place);
	assert_true(before > PAGES / 2);
	assert_int_equal(os->read_cold(os->ctx, file, got_bytes, SIZE, 0, &got), 0);
	assert_int_equal(resident(place), before);
	assert_memory_equal(got_bytes, bytes, SIZE);
	assert_int_equal(os->close(os->ctx, hot), 0);
	assert_int_equal(os->close(os->ctx, file), 0);
}

static void behind_the_end_there_is_nothing(void **state)
{
	struct place *place = *state;
	const struct hf__os *os = &place->os;
	static uint8_t bytes[SIZE];
	uint8_t one;
	int file;
	size_t got = 9;
	make(place, bytes);
	assert_int_equal(os->open(os->ctx, "f", 0, &file), 0);
	assert_int_equal(os->read_cold(os->ctx, file, &one, 1, SIZE, &got), 0);
	assert_int_equal(got, 0);
	assert_int_equal(os->read_cold(os->ctx, file, &one, 0, 0, &got), 0);
	assert_int_equal(got, 0);
	assert_int_not_equal(os->read_cold(os->ctx, file, &one, 1, UINT64_MAX, &got), 0);
	assert_int_equal(os->close(os->ctx, file), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    WITH_PLACE(any_part_is_read_as_it_is),
	    WITH_PLACE(the_cache_is_as_it_was),
	    WITH_PLACE(behind_the_end_there_is_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
