#include "lib/live_set.h"

#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/pool.h"

enum { PAYLOAD_MAX = 1024, NAMES = 64, DOMAINS = 7 };

struct piece {
	uint64_t number, version;
	struct hf_write write;
	char id[24], in[16];
	unsigned char payload[PAYLOAD_MAX];
	size_t len;
};

/* Half of them stay in memory, half lie on the disk. */
static void fill(struct piece *p)
{
	uint64_t x = p->number * UINT64_C(0x9e3779b97f4a7c15) ^ p->version;
	p->len = 40 + (size_t)(p->number * 7919 % 500);
	for (size_t i = 0; i < p->len; i++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		p->payload[i] = (unsigned char)('a' + x % 26);
	}
	(void)snprintf(p->id, sizeof p->id, "o%llu", (unsigned long long)p->number);
	(void)snprintf(p->in, sizeof p->in, "n%llu", (unsigned long long)(p->number / DOMAINS % NAMES));
}

static struct hf_bytes payload_of(const struct piece *p)
{
	return hf_bytes_of(p->payload, p->len);
}

static int put_document(hf_store *s, const struct piece *p)
{
	const struct hf_document_put_args args = {
	    .write = p->write, .key = {hf_str(p->in), hf_str(p->id)}, .payload = payload_of(p)};
	return hf_document_put(s, NULL, &args, NULL, NULL);
}

static int put_record(hf_store *s, const struct piece *p)
{
	const struct hf_inbox_input record = {.thread = hf_str(p->id),
	                                      .payload = payload_of(p),
	                                      .unread = p->version % 2 == 0,
	                                      .updated_at = 1 + (hf_time)p->version};
	const struct hf_inbox_save_args args = {.write = p->write,
	                                        .user = hf_str(p->in),
	                                        .records = &record,
	                                        .count = 1,
	                                        .generated_at = 1 + (hf_time)p->version};
	return hf_inbox_save(s, NULL, &args, NULL, NULL);
}

static int put_cursor(hf_store *s, const struct piece *p)
{
	const struct hf_cursor_advance_args args = {
	    .write = p->write,
	    .key = {hf_str(p->in), hf_str("stream"), hf_str(p->id)},
	    .sequence = 1 + (int64_t)p->version,
	    .delivery_id = hf_bytes_of(p->payload, p->len / 8)};
	return hf_cursor_advance(s, NULL, &args, NULL, NULL);
}

static int put_item(hf_store *s, const struct piece *p)
{
	const struct hf_outbox_enqueue_args args = {.write = p->write,
	                                            .queue = hf_str(p->in),
	                                            .id = hf_str(p->id),
	                                            .payload = payload_of(p),
	                                            .dedup = HF_OUTBOX_REPLACE};
	return hf_outbox_enqueue(s, NULL, &args, NULL, NULL);
}

static int put_response(hf_store *s, const struct piece *p)
{
	const struct hf_idempotency_put_args args = {.write = p->write,
	                                             .key = {hf_str(p->in), hf_str(p->id)},
	                                             .response = payload_of(p),
	                                             .status = (int32_t)p->version,
	                                             .ttl_us = INT64_C(86400) * 365 * 1000000};
	return hf_idempotency_put(s, NULL, &args, NULL, NULL);
}

/* A timeline of its own, which keeps its newest event. */
static int put_event(hf_store *s, const struct piece *p)
{
	char version[24];
	(void)snprintf(version, sizeof version, "v%llu", (unsigned long long)p->version);
	const struct hf_timeline_append_args args = {.write = p->write,
	                                             .key = {hf_str(p->id), hf_str(version)},
	                                             .type = hf_str("changed"),
	                                             .happened_at = 1 + (hf_time)p->version,
	                                             .payload = payload_of(p)};
	const struct hf_timeline_retain_args retain = {
	    .write.durability = HF_OS, .timeline = hf_str(p->id), .max_events = 1};
	const int rc = hf_timeline_append(s, NULL, &args, NULL, NULL);
	return rc == HF_OK && p->version > 0 ? hf_timeline_retain(s, NULL, &retain, NULL, NULL) : rc;
}

static int put_lock(hf_store *s, const struct piece *p)
{
	const struct hf_lock_acquire_args args = {.write = p->write,
	                                          .name = hf_str(p->id),
	                                          .owner = hf_str(p->in),
	                                          .lease_us = INT64_C(86400) * 365 * 1000000};
	return hf_lock_acquire(s, NULL, &args, NULL, NULL);
}

int live_put(hf_store *store, uint64_t number, uint64_t version, enum hf_durability durability)
{
	static int (*const puts[DOMAINS])(hf_store *, const struct piece *) = {
	    put_document, put_record, put_cursor, put_item, put_response, put_event, put_lock};
	struct piece p = {.number = number, .version = version, .write.durability = durability};
	fill(&p);
	return puts[number % DOMAINS](store, &p);
}

/* --- The directory ---------------------------------------------------------------------------- */

uint64_t directory_bytes(const char *path)
{
	DIR *directory = opendir(path);
	uint64_t bytes = 0;
	const struct dirent *entry;
	struct stat st;
	if (!directory)
		return 0;
	while ((entry = readdir(directory)) != NULL)
		if (fstatat(dirfd(directory), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
		    S_ISREG(st.st_mode))
			bytes += (uint64_t)st.st_blocks * 512;
	(void)closedir(directory);
	return bytes;
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
	(void)st;
	(void)kind;
	(void)ftw;
	return remove(path);
}

void directory_remove(const char *path)
{
	(void)nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

double open_ms(const char *path)
{
	const struct hf_options options = {.no_background = true};
	hf_store *store;
	struct hf_error error = {0};
	const uint64_t began = bench_ticks();
	if (hf_open(path, &options, &store, &error) != HF_OK) {
		fprintf(stderr, "open: %s\n", error.text);
		return -1;
	}
	const double ms = (double)(bench_ticks() - began) / 1e6;
	return hf_close(store, NULL) == HF_OK ? ms : -1;
}
