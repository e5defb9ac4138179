#include "lib/churn/writers.h"

#include <sched.h>

#include "lib/test.h"

enum { BIG = 1500, SMALL = 40 };

static size_t length_of(unsigned value)
{
	return value % 2 ? BIG : SMALL;
}

int writers_put(hf_store *store, unsigned number, unsigned value, enum hf_durability durability)
{
	char id[16], bytes[BIG];
	(void)snprintf(id, sizeof id, "w%u", number);
	memset(bytes, (int)(value & 0x7f), sizeof bytes);
	(void)snprintf(bytes, sizeof bytes, "%u", value);
	const struct hf_document_put_args args = {.write.durability = durability,
	                                          .key = {hf_str("c"), hf_str(id)},
	                                          .payload = hf_bytes_of(bytes, length_of(value))};
	return hf_document_put(store, NULL, &args, NULL, NULL);
}

int writers_read(hf_store *store, unsigned number, unsigned flags, unsigned *value)
{
	char id[16];
	struct hf_document_got got = {0};
	(void)snprintf(id, sizeof id, "w%u", number);
	const struct hf_document_key key = {hf_str("c"), hf_str(id)};
	const int rc = hf_document_get(store, &key, flags, &got, NULL);
	*value = 0;
	if (rc != HF_OK)
		return rc;
	const char *bytes = got.document.payload.data;
	const size_t len = got.document.payload.len;
	*value = (unsigned)strtoul(bytes, NULL, 10);
	const bool whole = len == length_of(*value) && bytes[len - 1] == (char)(*value & 0x7f);
	hf_release(got.memory);
	return whole ? HF_OK : HF_ECORRUPT;
}

static void *write_on(void *arg)
{
	struct writer *w = arg;
	struct writers *all = w->all;
	const unsigned number = (unsigned)(w - all->each);
	while (!atomic_load(&all->over) && !atomic_load(&all->failed)) {
		const unsigned value = atomic_load(&w->done) + 1;
		const enum hf_durability durability = all->mixed && value % 3 ? HF_OS : HF_DURABLE;
		if (writers_put(all->store, number, value, durability) == HF_OK)
			atomic_store(&w->done, value);
		else
			atomic_store(&all->failed, true);
	}
	return NULL;
}

void writers_start(struct writers *writers, hf_store *store, unsigned count)
{
	assert_true(count <= WRITERS_MOST);
	writers->store = store;
	writers->count = count;
	atomic_store(&writers->over, false);
	for (unsigned i = 0; i < count; i++) {
		struct writer *w = &writers->each[i];
		w->all = writers;
		assert_int_equal(pthread_create(&w->thread, NULL, write_on, w), 0);
	}
	for (unsigned i = 0; i < count; i++)
		while (atomic_load(&writers->each[i].done) == 0 && !atomic_load(&writers->failed))
			(void)sched_yield();
}

void writers_stop(struct writers *writers)
{
	atomic_store(&writers->over, true);
	for (unsigned i = 0; i < writers->count; i++)
		assert_int_equal(pthread_join(writers->each[i].thread, NULL), 0);
	assert_false(atomic_load(&writers->failed));
}

void writers_expect(const struct writers *writers, hf_store *store)
{
	for (unsigned i = 0; i < writers->count; i++) {
		unsigned value;
		assert_int_equal(writers_read(store, i, 0, &value), HF_OK);
		assert_int_equal(value, atomic_load(&writers->each[i].done));
	}
}
