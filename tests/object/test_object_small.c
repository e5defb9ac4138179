/* tier: fast, threads */
/* Memory of objects: pieces against a plain list of what is in use; memory that stays flat while
 * pieces of all sizes come and go, and is given back when they are gone; threads that free what
 * others were given. */
#include <pthread.h>
#include <stdlib.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "lib/rng.h"
#include "lib/test.h"
#include "object/small.h"

enum { SLAB = 32 << 10, LIVE = 4000, ROUNDS = 200000, LARGEST = HF__SMALL_MAX + 100 };

struct piece {
	uint8_t *at;
	size_t size;
	uint8_t sign;
};

static void piece_fill(struct piece *piece, struct hf_rng *rng)
{
	piece->size = hf_rng_below(rng, hf_rng_chance(rng, 1, 50) ? LARGEST : 300);
	piece->sign = (uint8_t)hf_rng_next(rng);
	piece->at = hf__small_alloc(piece->size);
	assert_non_null(piece->at);
	assert_int_equal((uintptr_t)piece->at % 8, 0);
	assert_true(hf__bytes_zero(piece->at, piece->size));
	memset(piece->at, piece->sign, piece->size);
}

/* Not written into since. */
static void piece_drop(struct piece *piece)
{
	for (size_t i = 0; i < piece->size; i++)
		assert_int_equal(piece->at[i], piece->sign);
	hf__small_free(piece->at);
	piece->at = NULL;
}

static void pieces_keep_apart_and_memory_stays_flat(void **state)
{
	(void)state;
	static struct piece pieces[LIVE];
	struct hf_rng rng = hf_rng_for("small model");
	const size_t before = hf__mem_used(), slabs = hf__small_slabs();
	size_t bytes = 0, most = 0;
	for (unsigned i = 0; i < LIVE; i++) {
		piece_fill(&pieces[i], &rng);
		bytes += pieces[i].size;
	}
	for (unsigned i = 0; i < ROUNDS; i++) {
		struct piece *piece = &pieces[hf_rng_below(&rng, LIVE)];
		piece_drop(piece);
		piece_fill(piece, &rng);
		most = hf__small_slabs() > most ? hf__small_slabs() : most;
	}
	/* a slab for each class that is in use, and twice the bytes */
	assert_true((most - slabs) * SLAB <= 2 * bytes + (size_t)100 * SLAB);
	for (unsigned i = 0; i < LIVE; i++)
		piece_drop(&pieces[i]);
	assert_int_equal(hf__small_slabs(), slabs);
	assert_int_equal(hf__mem_used(), before);
	hf__small_free(NULL);
}

/* Many objects of one size, of which all but every hundredth go: what is left stands in slabs
 * that new ones fill first. */
static void what_was_given_back_is_used_first(void **state)
{
	(void)state;
	enum { COUNT = 50000, SIZE = 104 };
	void **pieces = calloc(COUNT, sizeof *pieces);
	assert_non_null(pieces);
	for (unsigned i = 0; i < COUNT; i++)
		assert_non_null(pieces[i] = hf__small_alloc(SIZE));
	const size_t full = hf__small_slabs();
	for (unsigned i = 0; i < COUNT; i++)
		if (i % 100 != 0)
			hf__small_free(pieces[i]);
	for (unsigned i = 0; i < COUNT; i++)
		if (i % 100 != 0)
			assert_non_null(pieces[i] = hf__small_alloc(SIZE));
	assert_int_equal(hf__small_slabs(), full);
	for (unsigned i = 0; i < COUNT; i++)
		hf__small_free(pieces[i]);
	free(pieces);
}

static bool veto_all(void *ctx, size_t size)
{
	(void)ctx;
	return size > 0;
}

static void a_refused_piece_is_null(void **state)
{
	(void)state;
	hf__mem_set_veto(veto_all, NULL);
	assert_null(hf__small_alloc(8));
	assert_null(hf__small_raw(LARGEST));
	hf__mem_set_veto(NULL, NULL);
}

/* --- Threads ---------------------------------------------------------------------------------- */

static struct exchange {
	pthread_mutex_t lock;
	struct piece shelf[64];
} exchange = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void *trade(void *number)
{
	struct hf_rng rng = hf_rng(hf_rng_mix(hf_test_seed() + *(unsigned *)number));
	for (unsigned i = 0; i < 5000; i++) {
		struct piece mine;
		piece_fill(&mine, &rng);
		(void)pthread_mutex_lock(&exchange.lock);
		struct piece *place = &exchange.shelf[hf_rng_below(&rng, 64)];
		const struct piece other = *place;
		*place = mine;
		(void)pthread_mutex_unlock(&exchange.lock);
		mine = other;
		if (mine.at)
			piece_drop(&mine);
	}
	return NULL;
}

static void threads_free_what_others_were_given(void **state)
{
	(void)state;
	enum { THREADS = 4 };
	pthread_t threads[THREADS];
	unsigned numbers[THREADS];
	const size_t before = hf__mem_used();
	for (unsigned i = 0; i < THREADS; i++) {
		numbers[i] = i;
		assert_int_equal(pthread_create(&threads[i], NULL, trade, &numbers[i]), 0);
	}
	for (unsigned i = 0; i < THREADS; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	for (unsigned i = 0; i < 64; i++)
		if (exchange.shelf[i].at)
			piece_drop(&exchange.shelf[i]);
	assert_int_equal(hf__mem_used(), before);
}

int main(void)
{
	(void)hf_test_seed();
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(pieces_keep_apart_and_memory_stays_flat),
	    cmocka_unit_test(what_was_given_back_is_used_first),
	    cmocka_unit_test(a_refused_piece_is_null),
	    cmocka_unit_test(threads_free_what_others_were_given),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
