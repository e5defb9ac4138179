/* What an object costs in memory, kind by kind.
 *
 *     bench_memory [OBJECTS] [DIRECTORY]
 *
 * For each kind a process of its own opens an empty store, puts a tenth of the objects (100,000 of
 * 1,000,000 unless told otherwise) and then the rest, under random keys of 16 bytes. The figure is
 * what its resident memory grew by in the second part, an object, without the bytes that are the
 * caller's own: key parts, type, subject, owner, fingerprint and payload. So what an empty store
 * needs counts for nothing, and what the allocator adds to each object counts. */
#include "lib/live_set.h"
#include "lib/machine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PAYLOAD = 100, KEY = 16, BATCH = 100 };

/* One object in the making. */
struct piece {
	char key[KEY];
	struct hf_write write;
	struct hf_bytes id, payload;
};

static int put_document(hf_store *s, const struct piece *p, uint32_t orders)
{
	const struct hf_document_put_args args = {
	    .write = p->write, .key = {hf_str("c"), p->id}, .payload = p->payload, .orders = orders};
	return hf_document_put(s, NULL, &args, NULL, NULL);
}

static int put_document_of_one(hf_store *s, const struct piece *p)
{
	return put_document(s, p, HF_DOCUMENT_UPDATED);
}

static int put_document_of_two(hf_store *s, const struct piece *p)
{
	return put_document(s, p, HF_DOCUMENT_ORDERS_DEFAULT);
}

static int put_event(hf_store *s, const struct piece *p)
{
	const struct hf_timeline_append_args args = {.write = p->write,
	                                             .key = {hf_str("t"), p->id},
	                                             .type = hf_str("changed"),
	                                             .subject = hf_str("subject7"),
	                                             .payload = p->payload};
	return hf_timeline_append(s, NULL, &args, NULL, NULL);
}

static int put_cursor(hf_store *s, const struct piece *p)
{
	const struct hf_cursor_advance_args args = {
	    .write = p->write, .key = {p->id, hf_str("s"), hf_str("subject7")}, .sequence = 1};
	return hf_cursor_advance(s, NULL, &args, NULL, NULL);
}

static int put_record(hf_store *s, const struct piece *p)
{
	const struct hf_inbox_input record = {.account = hf_str("a"),
	                                      .thread = p->id,
	                                      .payload = p->payload,
	                                      .unread = true,
	                                      .updated_at = 1};
	const struct hf_inbox_save_args args = {
	    .write = p->write, .user = hf_str("u"), .records = &record, .count = 1};
	return hf_inbox_save(s, NULL, &args, NULL, NULL);
}

static int put_item(hf_store *s, const struct piece *p)
{
	const struct hf_outbox_enqueue_args args = {
	    .write = p->write, .queue = hf_str("q"), .id = p->id, .payload = p->payload};
	return hf_outbox_enqueue(s, NULL, &args, NULL, NULL);
}

static int put_response(hf_store *s, const struct piece *p)
{
	const struct hf_idempotency_put_args args = {.write = p->write,
	                                             .key = {hf_str("s"), p->id},
	                                             .fingerprint = hf_bytes_of(p->key, 8),
	                                             .status = 200,
	                                             .response = p->payload};
	return hf_idempotency_put(s, NULL, &args, NULL, NULL);
}

static int put_lock(hf_store *s, const struct piece *p)
{
	const struct hf_lock_acquire_args args = {.write = p->write,
	                                          .name = p->id,
	                                          .owner = hf_bytes_of(p->key, 8),
	                                          .lease_us = INT64_C(86400) * 1000000};
	return hf_lock_acquire(s, NULL, &args, NULL, NULL);
}

static const struct kind {
	const char *name;
	int (*put)(hf_store *s, const struct piece *p);
	unsigned own; /* bytes of it that are the caller's */
	unsigned bar;
} kinds[] = {
    {"document, one order", put_document_of_one, 1 + KEY + PAYLOAD, 128},
    {"document, two orders", put_document_of_two, 1 + KEY + PAYLOAD, 152},
    {"event", put_event, 1 + KEY + 7 + 8 + PAYLOAD, 192},
    {"cursor", put_cursor, 1 + KEY + 8, 224},
    {"record", put_record, 2 + KEY + PAYLOAD, 216},
    {"item", put_item, 1 + KEY + PAYLOAD, 208},
    {"response", put_response, 1 + KEY + 8 + PAYLOAD, 160},
    {"lock", put_lock, KEY + 8, 144},
};

static void put_all(hf_store *store, const struct kind *kind, uint64_t count, uint64_t *x)
{
	char payload[PAYLOAD];
	memset(payload, 'p', sizeof payload);
	for (uint64_t i = 0; i < count; i++) {
		struct piece p = {.write.durability = HF_OS};
		for (unsigned k = 0; k < KEY; k++) {
			*x = *x * 6364136223846793005u + 1442695040888963407u;
			p.key[k] = (char)('a' + (*x >> 33) % 26);
		}
		p.id = hf_bytes_of(p.key, KEY);
		p.payload = hf_bytes_of(payload, sizeof payload);
		const int rc = kind->put(store, &p);
		if (rc != HF_OK) {
			fprintf(stderr, "%s: %s\n", kind->name, hf_code_name(rc));
			_exit(2);
		}
	}
}

static double resident_bytes(void)
{
	FILE *file = fopen("/proc/self/statm", "r");
	unsigned long long pages = 0;
	if (!file || fscanf(file, "%*u %llu", &pages) != 1)
		_exit(2);
	(void)fclose(file);
	return (double)pages * (double)sysconf(_SC_PAGESIZE);
}

/* Ends the process: 0, met; 1, not met; 2, it went wrong. */
static void measure(const struct kind *kind, uint64_t objects, const char *path)
{
	const struct hf_options options = {
	    .create = true, .compact_bytes = UINT64_MAX, .no_background = true};
	hf_store *store;
	uint64_t x = 20261130;
	if (hf_open(path, &options, &store, NULL) != HF_OK)
		_exit(2);
	put_all(store, kind, objects / 10, &x);
	const double before = resident_bytes();
	put_all(store, kind, objects - objects / 10, &x);
	const double each = (resident_bytes() - before) / (double)(objects - objects / 10);
	const bool met = each - kind->own <= kind->bar;
	printf("%-22s %5.0f bytes, %3u of them the caller's: %5.0f beyond (bar %3u): %s\n", kind->name,
	       each, kind->own, each - kind->own, kind->bar, met ? "met" : "NOT MET");
	(void)fflush(stdout);
	_exit(hf_close(store, NULL) == HF_OK ? !met : 2);
}

int main(int argc, char **argv)
{
	const uint64_t objects = argc > 1 ? strtoull(argv[1], NULL, 10) : 1000000;
	int status = 0;
	if (objects < 10) {
		fprintf(stderr, "usage: bench_memory [OBJECTS] [DIRECTORY]\n");
		return 2;
	}
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds && status < 2; i++) {
		char path[4096];
		int how = 0;
		(void)snprintf(path, sizeof path, "%s/bench-memory-%d", argc > 2 ? argv[2] : ".",
		               (int)getpid());
		if (mkdir(path, 0700) != 0)
			return 2;
		if (i == 0)
			(void)machine_print(path);
		(void)fflush(stdout);
		const pid_t child = fork();
		if (child == 0)
			measure(&kinds[i], objects, path);
		if (child < 0 || waitpid(child, &how, 0) != child || !WIFEXITED(how))
			return 2;
		status = WEXITSTATUS(how) > status ? WEXITSTATUS(how) : status;
		directory_remove(path);
	}
	return status;
}
