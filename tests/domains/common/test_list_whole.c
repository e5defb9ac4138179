/* tier: fast, threads */
/* A list without a limit shows one moment, although it is gathered in steps between which others
 * change what is listed (domains/common/whole.h): each transaction moves one from one object to
 * another, and what a list shows adds up. */
#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

#include "holdfast/holdfast.h"
#include "lib/settings.h"
#include "lib/sim/sim_os.h"
#include "lib/test.h"

enum { OBJECTS = 2500, WRITERS = 2, LISTS = 40 };

static const char *id_of(unsigned i, char out[16])
{
	(void)snprintf(out, 16, "o%05u", i);
	return out;
}

/* --- What is moved ---------------------------------------------------------------------------- */

/* One kind of object, each of which holds a number. */
struct kind {
	int (*set)(hf_store *store, hf_txn *txn, unsigned object, int64_t number);
	/* The sum of all and how many there are, of a list in pages of `limit`. */
	int64_t (*sum)(hf_store *store, size_t limit, size_t *count);
};

static int set_document(hf_store *store, hf_txn *txn, unsigned object, int64_t number)
{
	char id[16];
	const struct hf_document_put_args args = {.write.durability = HF_OS,
	                                          .key = {hf_str("c"), hf_str(id_of(object, id))},
	                                          .created_at = object + 1,
	                                          .payload = hf_bytes_of(&number, sizeof number)};
	return hf_document_put(store, txn, &args, NULL, NULL);
}

static int64_t sum_documents(hf_store *store, size_t limit, size_t *count)
{
	struct hf_document_page page = {0};
	struct hf_document_list_args args = {.collection = hf_str("c"), .limit = limit};
	int64_t sum = 0, number;
	*count = 0;
	do {
		struct hf_memory *before = page.memory;
		assert_int_equal(hf_document_list(store, &args, HF_READ_UNDURABLE, &page, NULL), HF_OK);
		hf_release(before);
		for (size_t i = 0; i < page.count; i++) {
			assert_int_equal(page.items[i].payload.len, sizeof number);
			memcpy(&number, page.items[i].payload.data, sizeof number);
			sum += number;
			assert_int_equal(page.items[i].created_at, *count + i + 1);
		}
		*count += page.count;
		args.page = page.next;
	} while (page.next);
	hf_release(page.memory);
	return sum;
}

/* By its attempts, which no claim moves here. */
static int set_item(hf_store *store, hf_txn *txn, unsigned object, int64_t number)
{
	char id[16];
	const struct hf_outbox_put_args args = {.write.durability = HF_OS,
	                                        .queue = hf_str("q"),
	                                        .item = {.id = hf_str(id_of(object, id)),
	                                                 .attempts = (uint32_t)number,
	                                                 .enqueued_at = 5,
	                                                 .available_at = 5}};
	return hf_outbox_put(store, txn, &args, NULL, NULL);
}

static int64_t sum_items(hf_store *store, size_t limit, size_t *count)
{
	struct hf_outbox_items page = {0};
	struct hf_outbox_list_args args = {.queue = hf_str("q"), .limit = limit};
	int64_t sum = 0;
	*count = 0;
	do {
		struct hf_memory *before = page.memory;
		assert_int_equal(hf_outbox_list(store, &args, HF_READ_UNDURABLE, &page, NULL), HF_OK);
		hf_release(before);
		for (size_t i = 0; i < page.count; i++)
			sum += page.items[i].attempts;
		*count += page.count;
		args.page = page.next;
	} while (page.next);
	hf_release(page.memory);
	return sum;
}

static const struct kind kinds[] = {{set_document, sum_documents}, {set_item, sum_items}};

/* --- Beside writers --------------------------------------------------------------------------- */

enum { EACH = 100 };

struct mover {
	hf_store *store;
	const struct kind *kind;
	pthread_t thread;
	unsigned first; /* its own objects, so that it knows their numbers */
	int64_t number[OBJECTS / WRITERS];
	atomic_bool *over;
};

/* From near the beginning of the list to near its end, so that a list that is half of one moment
 * and half of another does not add up. */
static void move_one(struct mover *mover, unsigned round)
{
	const unsigned half = OBJECTS / WRITERS / 2, from = round % half, to = from + half;
	hf_txn *txn;
	assert_int_equal(hf_txn_begin(mover->store, &txn, NULL), HF_OK);
	const int64_t by = round / half % 2 ? -1 : 1;
	mover->number[from] -= by;
	mover->number[to] += by;
	int rc = mover->kind->set(mover->store, txn, mover->first + from, mover->number[from]);
	if (rc == HF_OK)
		rc = mover->kind->set(mover->store, txn, mover->first + to, mover->number[to]);
	assert_int_equal(rc, HF_OK);
	assert_int_equal(hf_txn_commit(txn, HF_OS, NULL), HF_OK);
}

static void *move(void *arg)
{
	struct mover *mover = arg;
	for (unsigned round = 0; !atomic_load(mover->over); round++) {
		move_one(mover, round);
		if (round % 8 == 7) /* some lists come to an end in steps */
			(void)nanosleep(&(struct timespec){.tv_nsec = 2000000}, NULL);
	}
	return NULL;
}

static void beside_writers(const struct kind *kind)
{
	struct stage *stage = stage_open(SETTING_LIVE);
	struct mover *movers = calloc(WRITERS, sizeof *movers);
	atomic_bool over = false;
	size_t count;
	assert_non_null(movers);
	for (unsigned i = 0; i < OBJECTS; i++)
		assert_int_equal(kind->set(stage->store, NULL, i, EACH), HF_OK);
	assert_int_equal(kind->sum(stage->store, 0, &count), OBJECTS * EACH);
	assert_int_equal(count, OBJECTS);
	assert_int_equal(kind->sum(stage->store, 700, &count), OBJECTS * EACH);
	assert_int_equal(count, OBJECTS);
	for (unsigned i = 0; i < WRITERS; i++) {
		movers[i] = (struct mover){
		    .store = stage->store, .kind = kind, .first = i * (OBJECTS / WRITERS), .over = &over};
		for (unsigned j = 0; j < OBJECTS / WRITERS; j++)
			movers[i].number[j] = EACH;
		assert_int_equal(pthread_create(&movers[i].thread, NULL, move, &movers[i]), 0);
	}
	for (unsigned i = 0; i < LISTS; i++) {
		assert_int_equal(kind->sum(stage->store, 0, &count), OBJECTS * EACH);
		assert_int_equal(count, OBJECTS);
	}
	atomic_store(&over, true);
	for (unsigned i = 0; i < WRITERS; i++)
		assert_int_equal(pthread_join(movers[i].thread, NULL), 0);
	free(movers);
	stage_drop(stage);
}

static void documents_add_up(void **unused)
{
	(void)unused;
	beside_writers(&kinds[0]);
}

static void items_add_up(void **unused)
{
	(void)unused;
	beside_writers(&kinds[1]);
}

/* --- At rest ---------------------------------------------------------------------------------- */

static bool is_called(const struct hf_timeline_event *event, unsigned i)
{
	char id[16];
	return strcmp((const char *)event->key.id.data, id_of(i, id)) == 0;
}

/* Nothing is lost or given twice where steps meet, and what a list has beside its items is so. */
static void lists_of_exactly_some_steps_are_whole(void **unused)
{
	(void)unused;
	static const unsigned counts[] = {0, 1, 999, 1000, 1001, 2000, 2001};
	struct stage *stage = stage_open(SETTING_LIVE);
	unsigned made = 0;
	char id[16];
	for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
		hf_txn *txn;
		assert_int_equal(hf_txn_begin(stage->store, &txn, NULL), HF_OK);
		for (; made < counts[i]; made++) {
			const struct hf_timeline_append_args args = {
			    .key = {hf_str("t"), hf_str(id_of(made, id))},
			    .type = hf_str("made"),
			    .happened_at = made / 3 + 1}; /* ties, too */
			assert_int_equal(hf_timeline_append(stage->store, txn, &args, NULL, NULL), HF_OK);
		}
		assert_int_equal(hf_txn_commit(txn, HF_OS, NULL), HF_OK);
		for (unsigned ascending = 0; ascending < 2; ascending++) {
			struct hf_timeline_page page = {0};
			const struct hf_timeline_query_args args = {.filter.timeline = hf_str("t"),
			                                            .ascending = ascending};
			assert_int_equal(hf_timeline_query(stage->store, &args, 0, &page, NULL), HF_OK);
			assert_true(page.count == made && page.total == made && !page.next);
			for (unsigned j = 0; j < made; j++)
				assert_true(is_called(&page.items[ascending ? j : made - 1 - j], j));
			hf_release(page.memory);
		}
	}
	stage_drop(stage);
}

/* Behind the first step all documents would have expired. */
static void pass_time(void *arg, struct sim *sim, uint64_t index, enum sim_call kind,
                      const char *name)
{
	(void)index;
	(void)name;
	if (kind != SIM_READ || *(bool *)arg)
		return;
	*(bool *)arg = true;
	sim_advance(sim, 3600000000);
}

static void time_that_passes_between_steps_ends_nothing(void **unused)
{
	(void)unused;
	struct stage *stage = stage_open_with(SETTING_LIVE, &(struct hf_options){.inline_max = 1});
	struct hf_document_page page = {0};
	const struct hf_document_list_args args = {.collection = hf_str("c")};
	bool passed = false;
	char id[16];
	hf_txn *txn;
	if (stage->memory) { /* no read of a disk at which time could pass */
		stage_drop(stage);
		return;
	}
	assert_int_equal(hf_txn_begin(stage->store, &txn, NULL), HF_OK);
	for (unsigned i = 0; i < OBJECTS; i++) {
		const struct hf_document_put_args put = {.key = {hf_str("c"), hf_str(id_of(i, id))},
		                                         .payload = hf_str("on disk"),
		                                         .ttl_us = 60000000};
		assert_int_equal(hf_document_put(stage->store, txn, &put, NULL, NULL), HF_OK);
	}
	assert_int_equal(hf_txn_commit(txn, HF_DURABLE, NULL), HF_OK);
	sim_observe(stage->sim, pass_time, &passed);
	assert_int_equal(hf_document_list(stage->store, &args, 0, &page, NULL), HF_OK);
	sim_observe(stage->sim, NULL, NULL);
	assert_true(passed && page.count == OBJECTS);
	for (unsigned i = 0; i < OBJECTS; i++)
		assert_string_equal((const char *)page.items[i].payload.data, "on disk");
	hf_release(page.memory);
	assert_int_equal(hf_document_list(stage->store, &args, 0, &page, NULL), HF_OK);
	assert_int_equal(page.count, 0);
	hf_release(page.memory);
	stage_drop(stage);
}

static void a_wrong_page_is_refused_as_before(void **unused)
{
	(void)unused;
	struct stage *stage = stage_open(SETTING_LIVE);
	struct hf_document_page page = {0};
	struct hf_error error = {0};
	const struct hf_document_list_args args = {.collection = hf_str("c"), .page = "AAAA"};
	assert_int_equal(hf_document_list(stage->store, &args, 0, &page, &error), HF_EINVAL);
	assert_true(error.code == HF_EINVAL && error.text[0] && !page.memory);
	stage_drop(stage);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(documents_add_up),
	    cmocka_unit_test(items_add_up),
	    cmocka_unit_test(lists_of_exactly_some_steps_are_whole),
	    cmocka_unit_test(time_that_passes_between_steps_ends_nothing),
	    cmocka_unit_test(a_wrong_page_is_refused_as_before),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
