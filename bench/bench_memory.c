/* Bar 1: what an object costs in memory, kind by kind.
 *
 * For each kind a process of its own opens an empty store, puts a tenth of the objects (a million
 * of ten million unless told otherwise) and then the rest, under random keys of 16 bytes. The
 * figure is what its resident memory grew by in the second part, an object, without the bytes that
 * are the caller's own: key parts, type, subject, owner, fingerprint and payload. So what an empty
 * store needs counts for nothing, and what the allocator adds to each object counts. */
#include "lib/live_set.h"
#include "lib/report.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PAYLOAD = 100, KEY = 16, OBJECTS = 10000000, OBJECTS_QUICK = 100000 };

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
	FILE *file = fopen("/proc/self/statm", "re");
	char line[128], *resident;
	if (!file || !fgets(line, sizeof line, file))
		_exit(2);
	(void)fclose(file);
	(void)strtoull(line, &resident, 10);
	return (double)strtoull(resident, NULL, 10) * (double)sysconf(_SC_PAGESIZE);
}

/* Sends the bytes of one object to `out`, and ends the process. */
static void measure(const struct kind *kind, uint64_t objects, const char *path, int out)
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
	const uint64_t rest = objects - objects / 10;
	const double each = (resident_bytes() - before) / (double)rest;
	const bool told = write(out, &each, sizeof each) == sizeof each;
	_exit(hf_close_at_exit(store, NULL) == HF_OK && told ? 0 : 2);
}

/* Below 0: it went wrong. */
static double measured(const struct kind *kind, uint64_t objects, const char *path)
{
	int ends[2], status = 0;
	double each = -1;
	(void)fflush(NULL); /* the child must not print it again */
	if (mkdir(path, 0700) != 0 || pipe2(ends, O_CLOEXEC) != 0)
		return -1;
	const pid_t child = fork();
	if (child == 0)
		measure(kind, objects, path, ends[1]);
	(void)close(ends[1]);
	const bool told = read(ends[0], &each, sizeof each) == sizeof each;
	(void)close(ends[0]);
	const bool ended = child > 0 && waitpid(child, &status, 0) == child && status == 0;
	directory_remove(path);
	return told && ended ? each : -1;
}

int main(int argc, char **argv)
{
	static struct report report;
	const struct args args = args_parse(argc, argv, 1);
	const uint64_t objects = args_objects(&args, OBJECTS, OBJECTS_QUICK);
	char path[4096], text[128];
	bool good = report_begin(&report, &args, "memory of an object beyond the bytes of the caller");
	report_note(&report,
	            "(RSS with %llu objects - RSS with %llu) / %llu, keys of 16 random letters, "
	            "payloads of 100 bytes",
	            (unsigned long long)objects, (unsigned long long)(objects / 10),
	            (unsigned long long)(objects - objects / 10));
	(void)snprintf(path, sizeof path, "%s/bench-memory-%d", args.directory, (int)getpid());
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds && good; i++) {
		const struct kind *kind = &kinds[i];
		const double each = measured(kind, objects, path);
		good = each >= 0;
		if (!good) {
			fprintf(stderr, "%s: it went wrong\n", kind->name);
			break;
		}
		(void)snprintf(text, sizeof text, "memory, %s: bytes", kind->name);
		report_count(&report, "1", text, AT_MOST, kind->bar, each - kind->own);
		report_cell(&report, "memory", kind->name, "bytes", each - kind->own);
		report_cell(&report, "memory", kind->name, "the caller's", kind->own);
	}
	return report_end(&report) || !good;
}
