/* tier: fast */
/* The worked example of FORMAT.md: its hex dumps are parsed out of the document and compared
 * with what the encoders produce, and what the document says is decoded from the dumped bytes.
 * When this fails the right dump is printed. */
#include <zstd.h>

#include "base/bytes.h"
#include "base/hash.h"
#include "lib/log_build.h"
#include "lib/test.h"
#include "log/identity.h"
#include "log/scan.h"
#include "log/segment.h"
#include "log/snapshot.h"
#include "log/witness.h"

#define FORMAT HF_SOURCE_DIR "/engine/log/FORMAT.md"

enum { EXAMPLE_SIZE = 16384, LINE = 16, LINE_TEXT = 256 };

/* --- The example, as the document tells it ---------------------------------------------------- */

static const int64_t half_past_nine = INT64_C(1795167000000000); /* 2026-11-20T09:30:00Z */

static struct hf__log_id example_id(void)
{
	struct hf__log_id id = {.epoch = 1};
	for (uint8_t i = 0; i < 16; i++)
		id.uuid[i] = (uint8_t)(0x11 * i); /* 00112233-4455-6677-8899-aabbccddeeff */
	id.seed = hf__seed_base(id.uuid, id.epoch);
	return id;
}

static size_t encode_identity(uint8_t out[EXAMPLE_SIZE])
{
	const struct hf__log_id id = example_id();
	struct hf__identity identity = {.format_major = 2, .epoch = 1, .segment_size = EXAMPLE_SIZE};
	memcpy(identity.uuid, id.uuid, 16);
	memset(identity.content_key, 0xC5, 16);
	hf__identity_encode(&identity, out);
	return HF__IDENTITY_SIZE;
}

static void put_entry(struct hf__writer *w, const struct hf__log_id *id,
                      const struct hf__entry *entry)
{
	const size_t header = hf__entry_begin(w);
	hf__put_bytes(w, entry->body);
	log_build_entry_end(w, header, id, entry);
}

/* One transaction of two entries, LSNs 1 and 2. */
static struct hf__group_header put_group(struct hf__writer *w, const struct hf__log_id *id)
{
	const size_t at = hf__group_begin(w);
	const struct hf__entry hello = {
	    .lsn = 1, .at = half_past_nine, .domain = 2, .kind = 1, .body = hf_str("hello")};
	const struct hf__entry holdfast = {
	    .lsn = 2,
	    .at = half_past_nine + 1,
	    .domain = 3,
	    .kind = 2,
	    .flags = HF__ENTRY_LAST | HF__ENTRY_IGNORABLE,
	    .body = hf_str("holdfast"),
	};
	put_entry(w, id, &hello);
	put_entry(w, id, &holdfast);
	struct hf__group_header header = {
	    .epoch = 1,
	    .place = {1, 512},
	    .incarnation_lsn = 1,
	    .first_lsn = 1,
	    .nonce = UINT64_C(0x0123456789abcdef),
	    .entry_count = 2,
	};
	memcpy(header.uuid, id->uuid, 16);
	log_build_group_end(w, at, id, &header, HF__ALIGN);
	return header;
}

static size_t encode_segment(uint8_t out[EXAMPLE_SIZE])
{
	const struct hf__log_id id = example_id();
	struct hf__segment_header header = {
	    .format_major = 2, .epoch = 1, .number = 1, .size = EXAMPLE_SIZE, .first_lsn = 1};
	struct hf__writer w = {0};
	memcpy(header.uuid, id.uuid, 16);
	hf__put_zeros(&w, HF__SEGMENT_HEADER_SIZE);
	(void)put_group(&w, &id);
	assert_false(w.bad);
	hf__segment_header_encode(&id, &header, w.data);
	memset(out, 0, EXAMPLE_SIZE);
	memcpy(out, w.data, w.len);
	hf__writer_deinit(&w);
	return EXAMPLE_SIZE;
}

/* The other slot was never written. */
static size_t encode_witness(uint8_t out[EXAMPLE_SIZE])
{
	const struct hf__log_id id = example_id();
	struct hf__writer w = {0};
	hf__put_zeros(&w, HF__SEGMENT_HEADER_SIZE);
	const struct hf__group_header group = put_group(&w, &id);
	struct hf__witness witness = {.generation = 1,
	                              .end = {1, (uint32_t)w.len},
	                              .lsn = 2,
	                              .chain = group.hash,
	                              .clean = true,
	                              .clock = half_past_nine + 2000000,
	                              .wall = half_past_nine + 2000000,
	                              .boot_clock = 90000000};
	memset(witness.boot_id, 0xB0, 16);
	memset(out, 0, HF__WITNESS_SIZE);
	hf__witness_encode(&id, &witness, out + HF__WITNESS_SLOT_STEP);
	hf__writer_deinit(&w);
	return HF__WITNESS_SIZE;
}

/* The payload of the snapshot: 33 times "holdfast". */
enum { PAYLOAD_LEN = 264 };

static void put_payload(uint8_t out[PAYLOAD_LEN])
{
	for (size_t i = 0; i < PAYLOAD_LEN; i++)
		out[i] = (uint8_t) "holdfast"[i % 8];
}

static struct hf__hash128 payload_hash(void)
{
	uint8_t key[16], payload[PAYLOAD_LEN];
	memset(key, 0xC5, sizeof key);
	put_payload(payload);
	return hf__content_hash(key, payload, sizeof payload);
}

struct sunk {
	uint8_t *out;
	size_t len;
};

static int sink(void *ctx, const void *data, size_t len)
{
	struct sunk *sunk = ctx;
	assert_true(len <= EXAMPLE_SIZE - sunk->len);
	memcpy(sunk->out + sunk->len, data, len);
	sunk->len += len;
	return 0;
}

/* Two entries, the second of which refers to its payload. */
static size_t encode_snapshot(uint8_t out[EXAMPLE_SIZE])
{
	const struct hf__log_id id = example_id();
	struct hf__writer log = {0};
	hf__put_zeros(&log, HF__SEGMENT_HEADER_SIZE);
	const struct hf__group_header group = put_group(&log, &id);
	struct hf__snapshot_header header = {
	    .format_major = 2,
	    .epoch = 1,
	    .position = {1, (uint32_t)log.len},
	    .lsn = 2,
	    .chain = group.hash,
	    .incarnation_lsn = 1,
	    .clock = half_past_nine + 1,
	};
	memcpy(header.uuid, id.uuid, 16);
	hf__writer_deinit(&log);
	struct sunk sunk = {.out = out};
	struct hf__snapshot_writer w;
	uint8_t payload[PAYLOAD_LEN], body[4 + HF__SNAPSHOT_REF_SIZE];
	memset(out, 0, EXAMPLE_SIZE);
	put_payload(payload);
	hf__store_u32(body, HF__SNAPSHOT_REF_BIT | PAYLOAD_LEN);
	assert_int_equal(hf__snapshot_begin(&w, &header, (struct hf__snapshot_sink){sink, &sunk}), 0);
	assert_int_equal(
	    hf__snapshot_put_payload(&w, hf_bytes_of(payload, PAYLOAD_LEN), payload_hash(), body + 4),
	    HF_OK);
	const struct hf__entry hello = {
	    .lsn = 1, .domain = 2, .kind = 1, .body = hf_str("hello, holdfast")};
	const struct hf__entry holdfast = {.lsn = 2,
	                                   .domain = 3,
	                                   .kind = 2,
	                                   .flags = HF__ENTRY_IGNORABLE,
	                                   .body = hf_bytes_of(body, sizeof body)};
	assert_int_equal(hf__snapshot_put_entry(&w, &hello), HF_OK);
	assert_int_equal(hf__snapshot_put_entry(&w, &holdfast), HF_OK);
	assert_int_equal(hf__snapshot_end(&w), HF_OK);
	hf__snapshot_writer_deinit(&w);
	return sunk.len;
}

static const struct file {
	const char *name;
	size_t (*encode)(uint8_t out[EXAMPLE_SIZE]);
	bool frames; /* what zstd makes is that of one version of it */
} files[] = {
    {"IDENTITY", encode_identity, false},
    {"WITNESS", encode_witness, false},
    {"segment-00000001", encode_segment, false},
    {"snapshot-000000000002", encode_snapshot, true},
};

/* --- Reading the document --------------------------------------------------------------------- */

static bool parse_hex(const char **at, unsigned digits, uint32_t *out)
{
	*out = 0;
	for (unsigned i = 0; i < digits; i++, (*at)++) {
		const char *all = "0123456789abcdef", *found = **at ? strchr(all, **at) : NULL;
		if (!found)
			return false;
		*out = *out << 4 | (uint32_t)(found - all);
	}
	return true;
}

/* "00000200  68 66 67 72 ... " sixteen bytes; what follows them is for people. */
static void parse_line(const char *line, uint8_t *out, size_t size, uint32_t *next)
{
	uint32_t offset, byte;
	const char *at = line;
	assert_true(parse_hex(&at, 8, &offset));
	assert_true(offset % LINE == 0 && offset >= *next && offset < size && size - offset >= LINE);
	*next = offset + LINE;
	assert_true(*at++ == ' ');
	for (size_t i = 0; i < LINE; i++) {
		assert_true(*at++ == ' ');
		assert_true(parse_hex(&at, 2, &byte));
		out[offset + i] = (uint8_t)byte;
	}
}

/* The block that begins with "```hexdump NAME SIZE". Lines that it leaves out are zero. Returns
 * the size, 0 when there is none. */
static size_t read_dump(const char *name, uint8_t out[EXAMPLE_SIZE])
{
	FILE *document = fopen(FORMAT, "r");
	char line[LINE_TEXT], opening[LINE_TEXT];
	unsigned long size = 0;
	uint32_t next = 0;
	assert_non_null(document);
	memset(out, 0, EXAMPLE_SIZE);
	(void)snprintf(opening, sizeof opening, "```hexdump %s ", name);
	while (size == 0 && fgets(line, sizeof line, document)) {
		if (strncmp(line, opening, strlen(opening)) == 0) {
			size = strtoul(line + strlen(opening), NULL, 10);
			assert_true(size > 0 && size <= EXAMPLE_SIZE);
		}
	}
	while (size != 0 && fgets(line, sizeof line, document) && line[0] != '`')
		parse_line(line, out, size, &next);
	assert_int_equal(fclose(document), 0);
	return size;
}

static void print_dump(const struct file *file, const uint8_t *bytes, size_t size)
{
	print_message("```hexdump %s %zu\n", file->name, size);
	for (size_t at = 0; at < size; at += LINE) {
		if (hf__bytes_zero(bytes + at, LINE))
			continue;
		print_message("%08zx ", at);
		for (size_t i = 0; i < LINE; i++)
			print_message(" %02x", bytes[at + i]);
		print_message("  |");
		for (size_t i = 0; i < LINE; i++) {
			const uint8_t c = bytes[at + i];
			print_message("%c", c >= 0x20 && c < 0x7f ? c : '.');
		}
		print_message("|\n");
	}
	print_message("```\n");
}

/* --- Tests ------------------------------------------------------------------------------------ */

static void the_dumps_are_what_the_encoders_write(void **state)
{
	(void)state;
	bool same = true;
	for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
		uint8_t told[EXAMPLE_SIZE], made[EXAMPLE_SIZE];
		if (files[i].frames && ZSTD_versionNumber() / 100 != 105)
			continue; /* it is read all the same, below */
		const size_t size = files[i].encode(made);
		if (read_dump(files[i].name, told) != size || memcmp(told, made, size) != 0) {
			print_dump(&files[i], made, size);
			same = false;
		}
	}
	assert_true(same);
}

static int check_entry(void *arg, const struct hf__entry *entry)
{
	unsigned *count = arg;
	const bool first = (*count)++ == 0;
	assert_int_equal(entry->lsn, first ? 1 : 2);
	assert_int_equal(entry->at, half_past_nine + (first ? 0 : 1));
	assert_int_equal(entry->domain, first ? 2 : 3);
	assert_int_equal(entry->kind, first ? 1 : 2);
	assert_int_equal(entry->flags, first ? 0 : 3);
	assert_int_equal(entry->place.offset, first ? 0x290 : 0x2b8);
	assert_int_equal(entry->body.len, first ? 5 : 8);
	assert_memory_equal(entry->body.data, first ? "hello" : "holdfast", entry->body.len);
	return 0;
}

/* From the document alone to the entries, the way an opening goes. */
static void the_dumped_store_is_read_as_the_document_says(void **state)
{
	(void)state;
	uint8_t bytes[EXAMPLE_SIZE];
	struct hf__identity identity;
	assert_int_equal(hf__identity_decode(bytes, read_dump("IDENTITY", bytes), &identity), HF_OK);
	struct hf__log_id id = {.epoch = identity.epoch};
	memcpy(id.uuid, identity.uuid, 16);
	id.seed = hf__seed_base(id.uuid, id.epoch);
	assert_true(id.seed == example_id().seed);

	struct hf__witness witness;
	assert_true(hf__witness_pick(&id, bytes, read_dump("WITNESS", bytes), &witness));
	assert_true(witness.clean);

	struct hf__segment_header header;
	const size_t size = read_dump("segment-00000001", bytes);
	assert_int_equal(hf__segment_header_decode(&id, bytes, size, &header), HF_OK);
	assert_int_equal(header.size, size);
	const struct hf__scan_input input = {
	    .id = &id,
	    .bytes = {bytes, size},
	    .segment = header.number,
	    .from = HF__SEGMENT_HEADER_SIZE,
	    .next_lsn = header.first_lsn,
	    .witness_end = witness.end.offset,
	    .witness_lsn = witness.lsn,
	    .witness_chain = witness.chain,
	};
	struct hf__scan_verdict verdict;
	unsigned count = 0;
	assert_int_equal(hf__scan(&input, check_entry, &count, &verdict), 0);
	assert_int_equal(count, 2);
	assert_int_equal(verdict.kind, HF__SCAN_CLEAN);
	assert_int_equal(verdict.end, witness.end.offset);
	assert_true(verdict.previous_hash == witness.chain);
	assert_int_equal(verdict.next_lsn, 3);
}

static int source(void *ctx, void *buffer, size_t len, uint64_t at, size_t *got)
{
	memcpy(buffer, (const uint8_t *)ctx + at, len);
	*got = len;
	return 0;
}

static int check_state_entry(void *arg, const struct hf__entry *entry)
{
	unsigned *count = arg;
	const bool first = (*count)++ == 0;
	assert_int_equal(entry->lsn, first ? 1 : 2);
	assert_int_equal(entry->domain, first ? 2 : 3);
	assert_int_equal(entry->kind, first ? 1 : 2);
	assert_int_equal(entry->flags, first ? 0 : 2);
	assert_int_equal(entry->body.len, first ? 15 : 28);
	if (first) {
		assert_memory_equal(entry->body.data, "hello, holdfast", 15);
		return 0;
	}
	const uint8_t *body = entry->body.data;
	const struct hf__snapshot_ref ref = hf__snapshot_ref_get(body + 4);
	assert_true(hf__load_u32(body) == (UINT32_C(1) << 31 | PAYLOAD_LEN));
	assert_true(ref.block == 0 && ref.offset == 0);
	assert_true(ref.content.low == payload_hash().low && ref.content.high == payload_hash().high);
	return 0;
}

static void the_dumped_snapshot_is_read_as_the_document_says(void **state)
{
	(void)state;
	uint8_t bytes[EXAMPLE_SIZE], payload[PAYLOAD_LEN], out[PAYLOAD_LEN];
	const size_t size = read_dump("snapshot-000000000002", bytes);
	const struct hf__log_id id = example_id();
	const struct hf__snapshot_ref ref = {0};
	struct hf__snapshot_reader r;
	unsigned count = 0;
	assert_int_equal(hf__snapshot_open(&r, (struct hf__snapshot_source){source, bytes, size}, NULL),
	                 HF_OK);
	assert_true(hf__snapshot_header_of(&id, &r.header));
	assert_true(r.header.lsn == 2 && r.header.position.segment == 1 && !r.header.exported);
	assert_true(r.header.position.offset == 0x2c0 && r.header.incarnation_lsn == 1);
	assert_true(r.header.clock == half_past_nine + 1 && r.header.setback == 0);
	assert_true(r.header.chain == UINT64_C(0x86308d331384733a));
	assert_int_equal(hf__snapshot_each(&r, check_state_entry, &count, NULL), HF_OK);
	assert_int_equal(count, 2);
	put_payload(payload);
	assert_int_equal(hf__snapshot_payload(&r, &ref, PAYLOAD_LEN, out, NULL), HF_OK);
	assert_memory_equal(out, payload, PAYLOAD_LEN);
	assert_int_equal(hf__snapshot_verify(&r, NULL), HF_OK);
	hf__snapshot_reader_deinit(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_dumps_are_what_the_encoders_write),
	    cmocka_unit_test(the_dumped_store_is_read_as_the_document_says),
	    cmocka_unit_test(the_dumped_snapshot_is_read_as_the_document_says),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
