/* What the tests of snapshot files share: a file in memory, a state to be put into one, and a
 * reading that compares everything it is given with that state. */
#ifndef TESTS_SNAPSHOT_CASE_H
#define TESTS_SNAPSHOT_CASE_H

#include <errno.h>

#include "base/mem.h"
#include "lib/log_build.h"
#include "lib/rng.h"
#include "lib/test.h"
#include "log/snapshot.h"

enum { CASE_HEADER = 512, CASE_BLOCK = 32, CASE_TRAILER = 64, CASE_TAG = 12 };

/* --- The file --------------------------------------------------------------------------------- */

struct case_file {
	uint8_t *data;
	size_t len, cap;
	size_t calls; /* of the sink or the source so far */
	size_t fail_at; /* this call, counted from 1, fails; 0: none */
};

static inline int case_write(void *ctx, const void *data, size_t len)
{
	struct case_file *file = ctx;
	if (++file->calls == file->fail_at)
		return ENOSPC;
	if (len > file->cap - file->len) {
		file->cap = 2 * file->cap + len;
		file->data = realloc(file->data, file->cap);
		assert_non_null(file->data);
	}
	memcpy(file->data + file->len, data, len);
	file->len += len;
	return 0;
}

static inline int case_read(void *ctx, void *buffer, size_t len, uint64_t at, size_t *got)
{
	struct case_file *file = ctx;
	if (++file->calls == file->fail_at)
		return EIO;
	*got = at < file->len ? file->len - (size_t)at : 0;
	*got = *got < len ? *got : len;
	memcpy(buffer, file->data + at, *got);
	return 0;
}

static inline void case_file_free(struct case_file *file)
{
	free(file->data);
	*file = (struct case_file){0};
}

static inline struct hf__snapshot_source case_source(struct case_file *file)
{
	return (struct hf__snapshot_source){case_read, file, file->len};
}

/* --- The state -------------------------------------------------------------------------------- */

/* Its body is LSN and payload_len, and then the payload as a long. */
struct case_entry {
	uint64_t lsn;
	uint8_t domain, kind, flags;
	uint32_t len;
	const uint8_t *payload;
};

struct case_state {
	struct hf__snapshot_header header;
	const struct case_entry *entries;
	size_t count;
};

static inline struct hf__snapshot_header case_header(uint64_t lsn)
{
	const struct hf__log_id id = log_build_id(0x5A, 300);
	struct hf__snapshot_header header = {
	    .format_major = 2,
	    .epoch = id.epoch,
	    .position = {9, 4096},
	    .lsn = lsn,
	    .chain = UINT64_C(0xfedcba9876543210),
	    .incarnation_lsn = 17,
	    .clock = 1795167000000000,
	    .setback = 3000000,
	};
	memcpy(header.uuid, id.uuid, 16);
	return header;
}

static inline struct hf__hash128 case_content(const struct case_entry *entry)
{
	return (struct hf__hash128){entry->lsn * 3, ~entry->lsn};
}

static inline int case_put(struct hf__snapshot_writer *w, const struct case_entry *e)
{
	const bool apart = e->len > 256;
	struct hf__writer body = {0};
	int rc = HF_OK;
	hf__put_u64(&body, e->lsn);
	hf__put_u32(&body, e->len);
	hf__put_u32(&body, apart ? e->len | UINT32_C(1) << 31 : e->len);
	if (apart) {
		uint8_t ref[24];
		rc = hf__snapshot_put_payload(w, hf_bytes_of(e->payload, e->len), case_content(e), ref);
		hf__put_bytes(&body, hf_bytes_of(ref, sizeof ref));
	} else {
		hf__put_bytes(&body, hf_bytes_of(e->payload, e->len));
	}
	if (rc == HF_OK && body.bad)
		rc = HF_ENOMEM;
	const struct hf__entry entry = {.lsn = e->lsn,
	                                .domain = e->domain,
	                                .kind = e->kind,
	                                .flags = e->flags,
	                                .body = hf_bytes_of(body.data, body.len)};
	if (rc == HF_OK)
		rc = hf__snapshot_put_entry(w, &entry);
	hf__writer_deinit(&body);
	return rc;
}

/* Writes it all; *os_errno as the writer says. */
static inline int case_write_state(const struct case_state *state, struct case_file *file,
                                   int *os_errno)
{
	struct hf__snapshot_writer w;
	const struct hf__snapshot_sink sink = {case_write, file};
	int rc = hf__snapshot_begin(&w, &state->header, sink);
	for (size_t i = 0; rc == HF_OK && i < state->count; i++)
		rc = case_put(&w, &state->entries[i]);
	/* After a failure each call fails the same way. */
	const int end = hf__snapshot_end(&w);
	if (rc == HF_OK)
		rc = end;
	else if (rc == w.rc)
		assert_int_equal(end, rc);
	*os_errno = w.os_errno;
	hf__snapshot_writer_deinit(&w);
	hf__snapshot_writer_deinit(&w); /* of one that holds nothing */
	return rc;
}

static inline struct case_file case_written(const struct case_state *state)
{
	struct case_file file = {0};
	int os_errno;
	assert_int_equal(case_write_state(state, &file, &os_errno), HF_OK);
	assert_int_equal(os_errno, 0);
	file.calls = 0;
	return file;
}

/* --- Reading ---------------------------------------------------------------------------------- */

struct case_walk {
	const struct case_state *state;
	struct hf__snapshot_ref *refs; /* of the entries that have one */
	size_t at;
};

/* Nothing but what the state has is ever handed out, in its order. */
static inline int case_entry(void *arg, const struct hf__entry *entry)
{
	struct case_walk *walk = arg;
	assert_true(walk->at < walk->state->count);
	const struct case_entry *e = &walk->state->entries[walk->at];
	struct hf__reader body = hf__reader(entry->body);
	const int64_t shown = walk->state->header.clock - walk->state->header.setback;
	assert_true(entry->lsn == e->lsn && entry->at == shown);
	assert_true(entry->domain == e->domain && entry->kind == e->kind && entry->flags == e->flags);
	assert_true(entry->setback == walk->state->header.setback && entry->place.segment == 0);
	assert_true(hf__get_u64(&body) == e->lsn && hf__get_u32(&body) == e->len);
	if (e->len > 256) {
		assert_true(hf__get_u32(&body) == (e->len | UINT32_C(1) << 31));
		const struct hf_bytes ref = hf__get_bytes(&body, 24);
		assert_false(body.bad);
		walk->refs[walk->at] = hf__snapshot_ref_get(ref.data);
	} else {
		const struct hf_bytes payload = hf__get_long(&body);
		assert_int_equal(payload.len, e->len);
		assert_true(e->len == 0 || memcmp(payload.data, e->payload, e->len) == 0);
	}
	assert_true(hf__reader_done(&body));
	walk->at++;
	return 0;
}

static inline int case_payloads(struct hf__snapshot_reader *r, const struct case_walk *walk,
                                struct hf__snapshot_fault *fault)
{
	int first = HF_OK;
	for (size_t i = 0; i < walk->state->count; i++) {
		const struct case_entry *e = &walk->state->entries[i];
		const bool exported = walk->state->header.exported;
		if (e->len <= 256)
			continue;
		const struct hf__hash128 content = walk->refs[i].content, should = case_content(e);
		assert_true(content.low == (exported ? 0 : should.low));
		assert_true(content.high == (exported ? 0 : should.high));
		uint8_t *out = malloc(e->len);
		assert_non_null(out);
		const int rc = hf__snapshot_payload(r, &walk->refs[i], e->len, out, fault);
		if (rc == HF_OK)
			assert_memory_equal(out, e->payload, e->len);
		else if (first == HF_OK)
			first = rc;
		free(out);
	}
	return first;
}

static inline void case_fault_is(int rc, const struct hf__snapshot_fault *fault)
{
	assert_true((rc != HF_OK) == (fault->what != NULL));
	assert_int_equal(fault->os_errno, rc == HF_EIO ? EIO : 0);
}

/* Opens, walks, reads every payload, verifies: what comes is what the state has, or nothing.
 * Returns the first failure. *verified: what the verification alone says, HF_ECORRUPT where there
 * is nothing to verify. */
static inline int case_read_state(const struct case_state *state, struct case_file *file,
                                  int *verified)
{
	struct hf__snapshot_reader r;
	struct hf__snapshot_fault fault;
	struct case_walk walk = {.state = state};
	*verified = HF_ECORRUPT;
	int rc = hf__snapshot_open(&r, case_source(file), &fault);
	case_fault_is(rc, &fault);
	if (rc != HF_OK) {
		hf__snapshot_reader_deinit(&r);
		return rc;
	}
	walk.refs = calloc(state->count + 1, sizeof *walk.refs);
	assert_non_null(walk.refs);
	rc = hf__snapshot_each(&r, case_entry, &walk, &fault);
	case_fault_is(rc, &fault);
	if (rc == HF_OK) {
		assert_int_equal(walk.at, state->count);
		rc = case_payloads(&r, &walk, &fault);
	}
	*verified = hf__snapshot_verify(&r, &fault);
	case_fault_is(*verified, &fault);
	if (rc == HF_OK)
		rc = *verified;
	free(walk.refs);
	hf__snapshot_reader_deinit(&r);
	return rc;
}

static inline void case_holds(const struct case_state *state, struct case_file *file)
{
	int verified;
	assert_int_equal(case_read_state(state, file, &verified), HF_OK);
	assert_int_equal(verified, HF_OK);
}

/* A small state with everything in it: two entries blocks would be large, so one; payloads in it,
 * beside it, compressed, not compressed, and over several blocks. */
static inline struct case_state case_small(void)
{
	static uint8_t text[40000], noise[700];
	static struct case_entry entries[] = {
	    {1, 10, 1, 0, 5, text},  {40, 1, 1, 0, 256, text},    {7, 3, 2, 2, 0, text},
	    {8, 3, 1, 0, 257, text}, {99, 8, 255, 2, 700, noise}, {100, 255, 0, 0, 40000, text},
	};
	struct hf_rng rng = hf_rng(7);
	hf_rng_fill(&rng, noise, sizeof noise);
	for (size_t i = 0; i < sizeof text; i++)
		text[i] = (uint8_t)((size_t) "hold fast "[i % 10] + i / 4000);
	return (struct case_state){case_header(100), entries, sizeof entries / sizeof *entries};
}

#endif
