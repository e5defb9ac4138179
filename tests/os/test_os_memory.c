/* tier: fast */
/* The disk in memory keeps the seam's promises: it answers as the simulated disk does, whatever is
 * asked of it, and takes the memory of what lies on it and no more. */
#include <errno.h>

#include "base/mem.h"
#include "lib/rng.h"
#include "lib/sim/sim_os.h"
#include "lib/test.h"

enum { NAMES = 5, OPEN = 6, STEPS = 20000, MOST = 200000, PIECE = 64 << 10, MANY = 300 };

static struct hf__os os;

static int begin(void **state)
{
	(void)state;
	assert_int_equal(hf__os_memory_new(&os), 0);
	return 0;
}

static int end(void **state)
{
	(void)state;
	hf__os_memory_free(&os);
	hf__os_memory_free(&os); /* harmless */
	return 0;
}

static int make(const char *name)
{
	int file = -1;
	assert_int_equal(os.open(os.ctx, name, HF__OS_WRITE | HF__OS_CREATE, &file), 0);
	return file;
}

static int put(int file, const char *text, uint64_t at)
{
	return os.write(os.ctx, file, text, strlen(text), at);
}

/* --- The same answers ------------------------------------------------------------------------- */

struct pair {
	const struct hf__os *one, *other;
	int files[OPEN][2]; /* of both; -1 where closed */
	struct hf_rng rng;
};

static const char *a_name(struct pair *p)
{
	static const char *const names[NAMES] = {"a", "b", "c", "IDENTITY", "segment-00000001"};
	return names[hf_rng_below(&p->rng, NAMES)];
}

static void same_errno(int one, int other, const char *what)
{
	if (one != other)
		fail_msg("%s: %d here, %d there", what, one, other);
}

static void open_one(struct pair *p, int files[2])
{
	const char *name = a_name(p);
	const unsigned flags = HF__OS_WRITE | (hf_rng_chance(&p->rng, 1, 2) ? HF__OS_CREATE : 0);
	if (files[0] >= 0) {
		same_errno(p->one->close(p->one->ctx, files[0]), p->other->close(p->other->ctx, files[1]),
		           "close");
		files[0] = files[1] = -1;
		return;
	}
	const int rc = p->one->open(p->one->ctx, name, flags, &files[0]);
	same_errno(rc, p->other->open(p->other->ctx, name, flags, &files[1]), "open");
}

static void write_one(struct pair *p, const int files[2])
{
	static uint8_t bytes[MOST];
	const size_t len = hf_rng_below(&p->rng, hf_rng_chance(&p->rng, 1, 4) ? MOST : 5000);
	const uint64_t at = hf_rng_below(&p->rng, MOST);
	if (hf_rng_chance(&p->rng, 1, 3))
		memset(bytes, 0, len);
	else
		hf_rng_fill(&p->rng, bytes, len);
	same_errno(p->one->write(p->one->ctx, files[0], bytes, len, at),
	           p->other->write(p->other->ctx, files[1], bytes, len, at), "write");
}

static void read_one(struct pair *p, const int files[2], uint64_t at, size_t len)
{
	static uint8_t here[3 * MOST], there[3 * MOST];
	size_t got[2];
	uint64_t size[2] = {0, 0};
	memset(here, 7, len);
	memset(there, 9, len);
	same_errno(p->one->read(p->one->ctx, files[0], here, len, at, &got[0]),
	           p->other->read(p->other->ctx, files[1], there, len, at, &got[1]), "read");
	assert_int_equal(got[0], got[1]);
	assert_memory_equal(here, there, got[0]);
	same_errno(p->one->size(p->one->ctx, files[0], &size[0]),
	           p->other->size(p->other->ctx, files[1], &size[1]), "size");
	assert_int_equal(size[0], size[1]);
}

static void change_one(struct pair *p, const int files[2])
{
	const uint64_t at = hf_rng_below(&p->rng, 2 * MOST);
	uint64_t size = 0;
	const char *name = a_name(p), *to = a_name(p);
	switch (hf_rng_below(&p->rng, 5)) {
	case 0:
		same_errno(p->one->rename(p->one->ctx, name, to), p->other->rename(p->other->ctx, name, to),
		           "rename");
		break;
	case 1:
		same_errno(p->one->unlink(p->one->ctx, name), p->other->unlink(p->other->ctx, name),
		           "unlink");
		break;
	case 2:
		same_errno(p->one->cut(p->one->ctx, name, at), p->other->cut(p->other->ctx, name, at),
		           "cut");
		break;
	case 3:
		same_errno(p->one->allocate(p->one->ctx, files[0], at),
		           p->other->allocate(p->other->ctx, files[1], at), "allocate");
		break;
	default:
		if (files[0] >= 0 && p->one->size(p->one->ctx, files[0], &size) == 0 && at < size)
			same_errno(p->one->punch(p->one->ctx, files[0], at, size - at),
			           p->other->punch(p->other->ctx, files[1], at, size - at), "punch");
	}
}

static int add_name(void *arg, const char *name)
{
	char *names = arg;
	const size_t len = strlen(names);
	names[len] = name[0] == 'I' ? 'd' : name[0] == 's' ? 'e' : name[0];
	return 0;
}

static int by_letter(const void *a, const void *b)
{
	return *(const char *)a - *(const char *)b;
}

static void names_are_the_same(const struct pair *p)
{
	char here[NAMES + 1] = "", there[NAMES + 1] = "";
	assert_int_equal(p->one->list(p->one->ctx, add_name, here), 0);
	assert_int_equal(p->other->list(p->other->ctx, add_name, there), 0);
	qsort(here, strlen(here), 1, by_letter);
	qsort(there, strlen(there), 1, by_letter);
	assert_string_equal(here, there);
}

static void it_answers_as_the_simulated_disk_does(void **state)
{
	(void)state;
	struct sim *sim = sim_new(sim_profile_strict(), 1);
	struct pair p = {.one = &os, .other = sim_os(sim), .rng = hf_rng_for("disk in memory")};
	memset(p.files, 0xff, sizeof p.files);
	for (unsigned i = 0; i < STEPS; i++) {
		int *files = p.files[hf_rng_below(&p.rng, OPEN)];
		switch (hf_rng_below(&p.rng, 8)) {
		case 0:
		case 1:
			open_one(&p, files);
			break;
		case 2:
		case 3:
			write_one(&p, files);
			break;
		case 4:
			change_one(&p, files);
			break;
		case 5:
			names_are_the_same(&p);
			break;
		default:
			read_one(&p, files, hf_rng_below(&p.rng, 2 * MOST), hf_rng_below(&p.rng, MOST));
		}
	}
	for (unsigned i = 0; i < OPEN; i++)
		if (p.files[i][0] >= 0)
			read_one(&p, p.files[i], 0, 3 * MOST);
	sim_free(sim);
}

/* --- Memory ----------------------------------------------------------------------------------- */

static void what_goes_gives_its_memory_back(void **state)
{
	static uint8_t bytes[10 * PIECE];
	(void)state;
	memset(bytes, 'x', sizeof bytes);
	const int kept = make("kept"), gone = make("gone");
	const size_t before = hf__mem_used();
	assert_int_equal(os.write(os.ctx, gone, bytes, sizeof bytes, 0), 0);
	assert_true(hf__mem_used() >= before + sizeof bytes);
	assert_int_equal(os.punch(os.ctx, gone, 2 * PIECE, 4 * PIECE), 0);
	assert_true(hf__mem_used() <= before + 7 * PIECE);
	assert_int_equal(os.cut(os.ctx, "gone", PIECE), 0);
	assert_true(hf__mem_used() <= before + 2 * PIECE);
	assert_int_equal(os.unlink(os.ctx, "gone"), 0);
	assert_true(hf__mem_used() > before + PIECE / 2); /* it is open */
	assert_int_equal(os.close(os.ctx, gone), 0);
	assert_true(hf__mem_used() < before + PIECE / 2);
	assert_int_equal(os.write(os.ctx, kept, bytes, sizeof bytes, 0), 0);
	assert_int_equal(os.close(os.ctx, kept), 0);
	assert_int_equal(os.unlink(os.ctx, "kept"), 0);
	assert_true(hf__mem_used() < before + PIECE / 2);
}

static bool refuse(void *ctx, size_t size)
{
	(void)ctx;
	(void)size;
	return true;
}

static void what_was_allocated_or_written_is_written_without_memory(void **state)
{
	static const uint8_t zeros[2 * PIECE];
	static uint8_t bytes[3 * PIECE];
	uint8_t byte = 0;
	size_t got = 0;
	(void)state;
	const int file = make("f");
	memset(bytes, 'x', sizeof bytes);
	const int written = make("written");
	assert_int_equal(os.write(os.ctx, written, zeros, sizeof zeros, 0), 0);
	assert_int_equal(os.allocate(os.ctx, file, sizeof bytes), 0);
	hf__mem_set_veto(refuse, NULL);
	const int fits = os.write(os.ctx, file, bytes, sizeof bytes, 0);
	const int over = os.write(os.ctx, written, bytes, sizeof zeros, 0);
	const int beyond = put(file, "more", sizeof bytes);
	const int larger = os.allocate(os.ctx, file, MANY * PIECE);
	int other = -1;
	const int making = os.open(os.ctx, "g", HF__OS_WRITE | HF__OS_CREATE, &other);
	hf__mem_set_veto(NULL, NULL);
	assert_int_equal(fits, 0);
	assert_int_equal(over, 0);
	assert_int_equal(os.close(os.ctx, written), 0);
	assert_int_equal(beyond, ENOSPC);
	assert_int_equal(larger, ENOSPC);
	assert_int_equal(making, ENOSPC);
	assert_int_equal(os.open(os.ctx, "g", 0, &other), ENOENT);
	assert_int_equal(os.read(os.ctx, file, &byte, 1, sizeof bytes - 1, &got), 0);
	assert_int_equal(byte, 'x');
	assert_int_equal(os.close(os.ctx, file), 0);
}

/* --- The rest --------------------------------------------------------------------------------- */

static int remove_each(void *arg, const char *name)
{
	*(unsigned *)arg += 1;
	return os.unlink(os.ctx, name);
}

static void who_lists_may_remove_what_it_is_given(void **state)
{
	char name[16];
	unsigned seen = 0;
	(void)state;
	for (unsigned i = 0; i < MANY; i++) {
		(void)snprintf(name, sizeof name, "f%u", i);
		assert_int_equal(os.close(os.ctx, make(name)), 0);
	}
	assert_int_equal(os.list(os.ctx, remove_each, &seen), 0);
	assert_int_equal(seen, MANY);
	assert_int_equal(os.list(os.ctx, remove_each, &seen), 0);
	assert_int_equal(seen, MANY);
}

static void a_file_is_known_by_the_name_that_it_has_now(void **state)
{
	(void)state;
	const int file = make("f");
	assert_int_equal(os.same(os.ctx, file, "f"), 0);
	assert_int_equal(os.rename(os.ctx, "f", "g"), 0);
	assert_int_equal(os.same(os.ctx, file, "g"), 0);
	assert_int_equal(os.same(os.ctx, file, "f"), ESTALE);
	const int other = make("f");
	assert_int_equal(os.rename(os.ctx, "f", "g"), 0);
	assert_int_equal(os.same(os.ctx, file, "g"), ESTALE);
	assert_int_equal(os.same(os.ctx, file, NULL), 0);
	assert_int_equal(os.same(os.ctx, other, "g"), 0);
	assert_int_equal(os.close(os.ctx, other), 0);
	assert_int_equal(os.close(os.ctx, file), 0);
}

static void odd_names_and_places_are_refused(void **state)
{
	static const char *const odd[] = {"", ".", "..", "a/b", "/etc/passwd"};
	int file = -1;
	(void)state;
	for (unsigned i = 0; i < sizeof odd / sizeof odd[0]; i++) {
		assert_int_equal(os.open(os.ctx, odd[i], HF__OS_CREATE, &file), EINVAL);
		assert_int_equal(os.unlink(os.ctx, odd[i]), EINVAL);
		assert_int_equal(os.rename(os.ctx, "f", odd[i]), EINVAL);
	}
	file = make("f");
	assert_int_equal(put(file, "x", UINT64_MAX), EFBIG);
	assert_int_equal(os.allocate(os.ctx, file, UINT64_MAX), EFBIG);
	assert_int_equal(os.punch(os.ctx, file, UINT64_MAX - 1, UINT64_MAX), 0);
	assert_int_equal(os.close(os.ctx, file), 0);
	assert_int_equal(os.close(os.ctx, file), EBADF);
	assert_int_equal(os.same(os.ctx, file, "f"), ESTALE);
	assert_int_equal(os.close(os.ctx, -1), EBADF);
}

static void its_lock_is_held_once_and_two_disks_are_two(void **state)
{
	struct hf__os other;
	bool held = true;
	int file = -1;
	(void)state;
	assert_int_equal(hf__os_memory_new(&other), 0);
	assert_int_equal(os.locked(os.ctx, "LOCK", &held), 0);
	assert_false(held);
	assert_int_equal(os.lock(os.ctx, "LOCK", 0), 0);
	assert_int_equal(os.lock(os.ctx, "LOCK", 0), EAGAIN);
	assert_int_equal(os.held(os.ctx), 0);
	assert_int_equal(other.lock(other.ctx, "LOCK", 0), 0);
	assert_int_equal(os.unlock(os.ctx), 0);
	assert_int_equal(os.unlock(os.ctx), EINVAL);
	assert_int_equal(os.close(os.ctx, make("f")), 0);
	assert_int_equal(other.open(other.ctx, "f", 0, &file), ENOENT);
	hf__os_memory_free(&other);
}

#define ON_A_DISK(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    ON_A_DISK(it_answers_as_the_simulated_disk_does),
	    ON_A_DISK(what_goes_gives_its_memory_back),
	    ON_A_DISK(what_was_allocated_or_written_is_written_without_memory),
	    ON_A_DISK(who_lists_may_remove_what_it_is_given),
	    ON_A_DISK(a_file_is_known_by_the_name_that_it_has_now),
	    ON_A_DISK(odd_names_and_places_are_refused),
	    ON_A_DISK(its_lock_is_held_once_and_two_disks_are_two),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
