/* Fuzz target: snapshot files.
 *
 * The first byte chooses: bit 0, whether the rest is a script (else a file); bit 1, whether every
 * checksum of the file is made right first, wherever a block or the trailer stands, so that the
 * code behind the checksums, and zstd, is reached with what no writer writes; bit 2, whether the
 * directory is made right, too. A script builds a file with the writer and then changes a byte of
 * it: nothing but what was written may come out of that, and it is never whole. Whatever the bytes,
 * what walk, payloads and verification say has to go together. A violation aborts. */
#include <stdlib.h>

#include "base/hash.h"
#include "lib/log_build.h"
#include "log/snapshot.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { SCRIPT = 1, RESEALED = 2, DIRECTORY = 4 };
enum { HEADER = 512, TRAILER = 64, BLOCK = 32, SUM = 504, ITEMS = 64, OUT = 1 << 17 };

static void require(bool holds)
{
	if (!holds)
		abort();
}

struct file {
	uint8_t *data;
	size_t len, cap;
};

static int file_write(void *ctx, const void *data, size_t len)
{
	struct file *file = ctx;
	if (len > file->cap - file->len) {
		file->cap = 2 * file->cap + len;
		file->data = realloc(file->data, file->cap);
		require(file->data != NULL);
	}
	memcpy(file->data + file->len, data, len);
	file->len += len;
	return 0;
}

static int file_read(void *ctx, void *buffer, size_t len, uint64_t at, size_t *got)
{
	const struct file *file = ctx;
	require(at <= file->len && len <= file->len - at); /* nothing is asked for that is not there */
	memcpy(buffer, file->data + at, len);
	*got = len;
	return 0;
}

/* --- Making checksums right ------------------------------------------------------------------- */

static uint64_t reseal_header(uint8_t *data)
{
	static const uint8_t magic[8] = "hfsnapsh";
	const struct hf__log_id id = log_build_id(0xA5, 7);
	memcpy(data, magic, sizeof magic);
	hf__store_u32(data + 8, 2);
	hf__store_u32(data + 24, 0);
	memcpy(data + 32, id.uuid, 16);
	hf__store_u16(data + 48, id.epoch);
	hf__store_u64(data + SUM,
	              hf__checksum(data, SUM, hf__seed_at(id.seed, hf__load_u32(data + 52))));
	const bool exported = hf__load_u32(data + 60) & 1;
	return hf__seed_at(exported ? hf__checksum(data + 56, 48, 0) : id.seed,
	                   hf__load_u64(data + 64));
}

static size_t block_size(const uint8_t *block)
{
	return BLOCK + ((size_t)hf__load_u32(block + 8) + 7) / 8 * 8;
}

static void reseal_block(uint8_t *block, uint64_t seed)
{
	hf__store_u64(block + 16, hf__checksum(block + BLOCK, hf__load_u32(block + 8), seed));
	hf__store_u64(block + 24, hf__checksum(block, 24, seed));
}

/* Walks the blocks as their headers say, as far as they do; with `directory`, lets the directory
 * and the trailer say what was found. */
static void reseal(struct file *file, bool directory)
{
	uint8_t *data = file->data;
	uint64_t items[ITEMS], kinds[4] = {0};
	size_t at = HEADER, count = 0;
	if (file->len < HEADER + TRAILER || file->len % 8 != 0)
		return;
	const uint64_t seed = reseal_header(data);
	const size_t end = file->len - TRAILER;
	uint8_t *trailer = data + end;
	uint64_t first = end;
	while (end - at >= BLOCK && memcmp(data + at, "hfsb", 4) == 0 &&
	       block_size(data + at) <= end - at) {
		const unsigned type = data[at + 4] & 3;
		uint8_t *raw = data + at + BLOCK;
		if (type == 3 && directory && hf__load_u32(data + at + 8) >= 8 * count)
			for (size_t i = 0; i < count; i++)
				hf__store_u64(raw + 8 * i, items[i]);
		if (type == 3 && first == end)
			first = at;
		if (type != 3 && count < ITEMS)
			items[count++] = at | type;
		kinds[type]++;
		reseal_block(data + at, seed + at);
		at += block_size(data + at);
	}
	static const char magic[8] = {'h', 'f', 's', 'n', 'a', 'p', 'e', 'n'};
	memcpy(trailer, magic, sizeof magic);
	if (directory) {
		hf__store_u64(trailer + 8, first);
		hf__store_u64(trailer + 16, kinds[3]);
		hf__store_u64(trailer + 32, kinds[1]);
		hf__store_u64(trailer + 40, kinds[2]);
		hf__store_u64(trailer + 48, file->len);
	}
	hf__store_u64(trailer + 56, hf__checksum(trailer, 56, seed + end));
}

/* --- Reading ---------------------------------------------------------------------------------- */

struct walk {
	struct hf__snapshot_reader *reader;
	uint64_t entries, refs;
	uint64_t digest; /* of everything that was handed out */
};

static uint8_t out[OUT];

static void take(struct walk *walk, const void *data, size_t len)
{
	walk->digest = hf__checksum(data, len, walk->digest);
}

/* Every body may be a reference: its first 28 bytes are taken for one. */
static int take_entry(void *arg, const struct hf__entry *entry)
{
	struct walk *walk = arg;
	const uint8_t *body = entry->body.data;
	require(entry->lsn != 0 && entry->lsn <= walk->reader->header.lsn);
	take(walk, &entry->lsn, sizeof entry->lsn);
	take(walk, body, entry->body.len);
	walk->entries++;
	if (entry->body.len < 4 + HF__SNAPSHOT_REF_SIZE)
		return 0;
	const uint32_t len = hf__load_u32(body) & ~HF__SNAPSHOT_REF_BIT;
	const struct hf__snapshot_ref ref = hf__snapshot_ref_get(body + 4);
	struct hf__snapshot_fault fault;
	if (len > OUT)
		return 0;
	const int rc = hf__snapshot_payload(walk->reader, &ref, len, out, &fault);
	require(rc == HF_OK || (rc == HF_ECORRUPT && fault.what));
	if (rc == HF_OK) {
		walk->refs++;
		take(walk, out, len);
	}
	return 0;
}

/* Is it whole? */
static bool read_all(struct file *file, struct walk *walk)
{
	struct hf__snapshot_reader r;
	struct hf__snapshot_fault fault;
	const struct hf__snapshot_source source = {file_read, file, file->len};
	*walk = (struct walk){.reader = &r};
	int rc = hf__snapshot_open(&r, source, &fault);
	require(rc == HF_OK || rc == HF_ECORRUPT || rc == HF_EVERSION);
	require((rc == HF_OK) == (fault.what == NULL) && fault.os_errno == 0);
	if (rc != HF_OK)
		return false;
	const int each = hf__snapshot_each(&r, take_entry, walk, &fault);
	require(each == HF_OK || (each == HF_ECORRUPT && fault.what));
	require(each != HF_OK || walk->entries == r.entry_count);
	rc = hf__snapshot_verify(&r, &fault);
	require(rc == HF_OK || (rc == HF_ECORRUPT && fault.what && fault.at <= file->len));
	require(rc != HF_OK || each == HF_OK);
	hf__snapshot_reader_deinit(&r);
	return rc == HF_OK;
}

/* --- Scripts ---------------------------------------------------------------------------------- */

static uint8_t next_byte(struct hf__reader *script)
{
	return hf__get_u8(script);
}

/* Each step: how long its payload is, and what it consists of. */
static void build(struct file *file, struct hf__reader *script)
{
	static const uint32_t lens[] = {0, 5, 256, 257, 300, 4096, 16384, 16385, 40000};
	static uint8_t payload[40000];
	const struct hf__log_id id = log_build_id(0xA5, 7);
	struct hf__snapshot_header header = {.format_major = 2, .epoch = id.epoch, .lsn = 64};
	struct hf__snapshot_writer w;
	memcpy(header.uuid, id.uuid, 16);
	header.exported = next_byte(script) & 1;
	int rc = hf__snapshot_begin(&w, &header, (struct hf__snapshot_sink){file_write, file});
	for (uint64_t lsn = 1; rc == HF_OK && lsn <= 32 && script->left > 4; lsn++) {
		const uint32_t len = lens[next_byte(script) % (sizeof lens / sizeof *lens)];
		uint8_t body[4 + 256] = {0};
		uint64_t noise = hf__get_u8(script);
		for (uint32_t i = 0; i < len; i++) {
			payload[i] = (uint8_t)(noise >> 8);
			noise = noise % 2 ? noise * 6364136223846793005u + 1442695040888963407u : noise + i;
		}
		hf__store_u32(body, len > 256 ? len | HF__SNAPSHOT_REF_BIT : len);
		if (len > 256)
			rc = hf__snapshot_put_payload(&w, hf_bytes_of(payload, len),
			                              (struct hf__hash128){lsn, len}, body + 4);
		else
			memcpy(body + 4, payload, len);
		const struct hf__entry entry = {
		    .lsn = lsn, .domain = 3, .kind = 1, .body = hf_bytes_of(body, sizeof body)};
		if (rc == HF_OK)
			rc = hf__snapshot_put_entry(&w, &entry);
	}
	require(rc == HF_OK && hf__snapshot_end(&w) == HF_OK);
	hf__snapshot_writer_deinit(&w);
}

static void script_run(const uint8_t *data, size_t size)
{
	struct file file = {0};
	struct hf__reader script = hf__reader(hf_bytes_of(data, size));
	struct walk whole, damaged;
	const uint32_t where = hf__get_u32(&script);
	const uint8_t change = hf__get_u8(&script);
	build(&file, &script);
	require(read_all(&file, &whole));
	file.data[where % file.len] ^= change;
	const bool still = read_all(&file, &damaged);
	require(still == (change == 0));
	/* what was handed out by a walk that came to its end is all of it, payloads apart that lie in
	 * the damage */
	require(damaged.entries <= whole.entries && damaged.refs <= whole.refs);
	if (damaged.entries == whole.entries && damaged.refs == whole.refs)
		require(damaged.digest == whole.digest);
	free(file.data);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct walk walk;
	if (size == 0)
		return 0;
	const uint8_t how = *data++;
	size--;
	if (how & SCRIPT) {
		script_run(data, size);
		return 0;
	}
	struct file file = {.data = malloc(size + 1), .len = size};
	require(file.data != NULL);
	memcpy(file.data, data, size);
	if (how & RESEALED)
		reseal(&file, (how & DIRECTORY) != 0);
	(void)read_all(&file, &walk);
	free(file.data);
	return 0;
}
