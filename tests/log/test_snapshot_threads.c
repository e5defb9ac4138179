/* tier: fast, threads */
/* Payloads of one snapshot, read on more threads than it keeps memory for. */
#include <pthread.h>

#include "log/snapshot_case.h"

enum { THREADS = 6, COUNT = 200, ROUNDS = 300 };

static uint8_t text[200000];
static struct case_entry entries[COUNT];
static struct hf__snapshot_ref refs[COUNT];

/* As case_read, without a count: on any thread. */
static int plain_read(void *ctx, void *buffer, size_t len, uint64_t at, size_t *got)
{
	const struct case_file *file = ctx;
	*got = at < file->len ? file->len - (size_t)at : 0;
	*got = *got < len ? *got : len;
	memcpy(buffer, file->data + at, *got);
	return 0;
}

struct job {
	struct hf__snapshot_reader *reader;
	uint64_t seed;
	int wrong;
};

static void *read_some(void *arg)
{
	struct job *job = arg;
	struct hf_rng rng = hf_rng(job->seed);
	uint8_t *out = malloc(sizeof text);
	for (int i = 0; i < ROUNDS && out; i++) {
		const size_t which = (size_t)hf_rng_below(&rng, COUNT);
		const struct case_entry *e = &entries[which];
		struct hf__snapshot_fault fault;
		job->wrong +=
		    hf__snapshot_payload(job->reader, &refs[which], e->len, out, &fault) != HF_OK ||
		    memcmp(out, e->payload, e->len) != 0;
	}
	job->wrong += out == NULL;
	free(out);
	return NULL;
}

static void payloads_are_read_beside_each_other(void **state)
{
	(void)state;
	struct hf_rng rng = hf_rng_for("snapshot threads");
	for (size_t i = 0; i < sizeof text; i++)
		text[i] = (uint8_t)(i % 3 ? i >> 7 : hf_rng_below(&rng, 256));
	for (size_t i = 0; i < COUNT; i++)
		entries[i] = (struct case_entry){
		    .lsn = i + 1, .domain = 1, .len = (uint32_t)(300 + i * i), .payload = text + i};
	const struct case_state some = {case_header(COUNT), entries, COUNT};
	struct case_file file = case_written(&some);
	struct hf__snapshot_reader reader;
	const struct hf__snapshot_source source = {plain_read, &file, file.len};
	struct case_walk walk = {.state = &some, .refs = refs};
	assert_int_equal(hf__snapshot_open(&reader, source, NULL), HF_OK);
	assert_int_equal(hf__snapshot_each(&reader, case_entry, &walk, NULL), HF_OK);
	pthread_t threads[THREADS];
	struct job jobs[THREADS];
	for (uint64_t i = 0; i < THREADS; i++) {
		jobs[i] = (struct job){&reader, hf_rng_next(&rng), 0};
		assert_int_equal(pthread_create(&threads[i], NULL, read_some, &jobs[i]), 0);
	}
	/* the walks may run beside them, too */
	assert_int_equal(hf__snapshot_verify(&reader, NULL), HF_OK);
	for (size_t i = 0; i < THREADS; i++) {
		assert_int_equal(pthread_join(threads[i], NULL), 0);
		assert_int_equal(jobs[i].wrong, 0);
	}
	hf__snapshot_reader_deinit(&reader);
	case_file_free(&file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(payloads_are_read_beside_each_other),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
