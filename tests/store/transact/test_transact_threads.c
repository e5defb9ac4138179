/* tier: fast, threads */
/* Eight threads move amounts between a hundred documents and list them meanwhile, page by page,
 * each by hf_transact(). The sum never differs, and the history is serialisable: taken in the order
 * of their commits, every transaction read what those before it left, and every list shows the
 * state behind one of them. */
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>

#include "holdfast/holdfast.h"
#include "lib/rng.h"
#include "lib/sim/sim_os.h"
#include "lib/test.h"
#include "os/thread.h"
#include "store/store.h"

enum { ACCOUNTS = 100, THREADS = 8, MOVES = 60, EACH = 100, MOST = THREADS * MOVES };
#define NOW INT64_C(1795167000000000)

/* What one transaction read and wrote. */
struct move {
	unsigned account[2];
	hf_lsn read[2], written[2];
	int64_t amount, had[2];
};
struct list {
	hf_lsn version[ACCOUNTS];
	int64_t sum;
	size_t count;
};

struct mover {
	pthread_t thread;
	hf_store *store;
	struct hf_rng rng;
	struct move moves[MOVES];
	struct list lists[MOVES];
	unsigned moved, refused, calls;
};

static struct hf_bytes name_of(unsigned account, char name[8])
{
	(void)snprintf(name, 8, "a%03u", account);
	return hf_str(name);
}

static void put(hf_store *store, hf_txn *txn, unsigned account, int64_t amount,
                struct hf_result *result)
{
	char name[8];
	const struct hf_document_put_args args = {.key = {hf_str("accounts"), name_of(account, name)},
	                                          .payload = hf_bytes_of(&amount, sizeof amount)};
	assert_int_equal(hf_document_put(store, txn, &args, result, NULL), HF_OK);
}

static int64_t get(hf_store *store, unsigned account, hf_lsn *version)
{
	char name[8];
	const struct hf_document_key key = {hf_str("accounts"), name_of(account, name)};
	struct hf_document_got got = {0};
	int64_t amount;
	assert_int_equal(hf_document_get(store, &key, 0, &got, NULL), HF_OK);
	assert_int_equal(got.document.payload.len, sizeof amount);
	memcpy(&amount, got.document.payload.data, sizeof amount);
	*version = got.document.version;
	hf_release(got.memory);
	return amount;
}

/* --- Transactions ----------------------------------------------------------------------------- */

struct moving {
	struct mover *mover;
	struct move *move;
	struct hf_result results[2];
};

static int move(void *ctx, hf_store *store, hf_txn *txn, struct hf_error *error)
{
	struct moving *m = ctx;
	struct move *move = m->move;
	(void)error;
	m->mover->calls++;
	for (unsigned i = 0; i < 2; i++)
		move->had[i] = get(store, move->account[i], &move->read[i]);
	(void)sched_yield(); /* here others get in between */
	if (move->had[0] < move->amount)
		return HF_EBLOCKED; /* it has not so much */
	put(store, txn, move->account[0], move->had[0] - move->amount, &m->results[0]);
	put(store, txn, move->account[1], move->had[1] + move->amount, &m->results[1]);
	return HF_OK;
}

/* In pages: what changes between two of them must not be overlooked. */
static int list(void *ctx, hf_store *store, hf_txn *txn, struct hf_error *error)
{
	struct hf_document_list_args args = {.collection = hf_str("accounts"), .limit = 30};
	struct hf_document_page page = {0};
	struct list *out = ctx;
	char token[256];
	(void)txn;
	*out = (struct list){.sum = 0};
	do {
		const int rc = hf_document_list(store, &args, 0, &page, error);
		if (rc != HF_OK)
			return rc;
		for (size_t i = 0; i < page.count; i++) {
			const struct hf_document *d = &page.items[i];
			int64_t amount;
			memcpy(&amount, d->payload.data, sizeof amount);
			out->sum += amount;
			out->version[strtoul((const char *)d->key.id.data + 1, NULL, 10)] = d->version;
		}
		out->count += page.count;
		args.page = page.next ? strcpy(token, page.next) : NULL;
		hf_release(page.memory);
		(void)sched_yield();
	} while (args.page);
	return HF_OK;
}

static void move_once(struct mover *mover)
{
	struct moving m = {.mover = mover, .move = &mover->moves[mover->moved]};
	struct move *move_ = m.move;
	/* five take part in every move, so that they are in each other's way */
	const bool gives = hf_rng_chance(&mover->rng, 1, 2);
	move_->account[gives] = (unsigned)hf_rng_below(&mover->rng, 5);
	move_->account[!gives] = 5 + (unsigned)hf_rng_below(&mover->rng, ACCOUNTS - 5);
	move_->amount = hf_rng_range(&mover->rng, 1, EACH / 10);
	const int rc = hf_transact(mover->store, move, &m, 1000000, HF_OS, NULL);
	if (rc == HF_EBLOCKED) {
		mover->refused++;
		return;
	}
	assert_int_equal(rc, HF_OK);
	for (unsigned i = 0; i < 2; i++)
		move_->written[i] = m.results[i].version;
	mover->moved++;
}

static void *work(void *arg)
{
	struct mover *mover = arg;
	for (unsigned i = 0; i < MOVES; i++) {
		move_once(mover);
		assert_int_equal(hf_transact(mover->store, list, &mover->lists[i], 1000000, HF_OS, NULL),
		                 HF_OK);
	}
	return NULL;
}

/* --- Judging ---------------------------------------------------------------------------------- */

static int by_commit(const void *a, const void *b)
{
	const struct move *x = *(const struct move *const *)a, *y = *(const struct move *const *)b;
	return x->written[1] < y->written[1] ? -1 : x->written[1] > y->written[1];
}

static void judge(struct mover *movers, const hf_lsn *born)
{
	static const struct move *order[MOST];
	hf_lsn now[ACCOUNTS];
	size_t count = 0, lists = 0;
	for (unsigned t = 0; t < THREADS; t++)
		for (unsigned i = 0; i < movers[t].moved; i++)
			order[count++] = &movers[t].moves[i];
	qsort(order, count, sizeof order[0], by_commit);
	memcpy(now, born, sizeof now);
	for (size_t i = 0; i <= count; i++) {
		for (unsigned t = 0; t < THREADS; t++)
			for (unsigned j = 0; j < MOVES; j++)
				lists += memcmp(movers[t].lists[j].version, now, sizeof now) == 0;
		for (unsigned j = 0; i < count && j < 2; j++)
			assert_int_equal(order[i]->read[j], now[order[i]->account[j]]);
		for (unsigned j = 0; i < count && j < 2; j++)
			now[order[i]->account[j]] = order[i]->written[j];
	}
	assert_int_equal(lists, THREADS * MOVES); /* each is the state behind one commit */
}

static void sums_never_differ_and_an_order_explains_it_all(void **state)
{
	static struct mover movers[THREADS];
	struct hf_rng rng = hf_rng_for("transact");
	const struct hf_options options = {.create = true, .no_background = true};
	struct sim *sim = sim_new(sim_profile_strict(), 1);
	hf_store *store;
	hf_lsn born[ACCOUNTS];
	unsigned calls = 0, moved = 0, refused = 0;
	(void)state;
	sim_set_now(sim, NOW);
	assert_int_equal(hf__store_open(sim_os(sim), hf__all_domains(), &options, &store, NULL), HF_OK);
	for (unsigned i = 0; i < ACCOUNTS; i++) {
		struct hf_result result = {0};
		put(store, NULL, i, EACH, &result);
		born[i] = result.version;
	}
	memset(movers, 0, sizeof movers);
	for (unsigned i = 0; i < THREADS; i++) {
		movers[i].store = store;
		movers[i].rng = hf_rng(hf_rng_below(&rng, UINT64_MAX));
		assert_int_equal(hf__thread_start(&movers[i].thread, work, &movers[i]), 0);
	}
	for (unsigned i = 0; i < THREADS; i++)
		(void)pthread_join(movers[i].thread, NULL);
	for (unsigned i = 0; i < THREADS; i++) {
		calls += movers[i].calls;
		moved += movers[i].moved;
		refused += movers[i].refused;
		for (unsigned j = 0; j < MOVES; j++) {
			assert_int_equal(movers[i].lists[j].count, ACCOUNTS);
			assert_int_equal(movers[i].lists[j].sum, ACCOUNTS * EACH);
		}
	}
	judge(movers, born);
	print_message("%u moves, %u refused, %u tries more\n", moved, refused, calls - moved - refused);
	assert_true(moved > MOST / 2 && calls > moved + refused);
	assert_int_equal(hf_close(store, NULL), HF_OK);
	sim_free(sim);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(sums_never_differ_and_an_order_explains_it_all),
	};
	return cmocka_run_group_tests_name("transact threads", tests, NULL, NULL);
}
