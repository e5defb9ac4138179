/* Fuzz target: a whole store as one file, from a stranger, as `hf_import` takes it.
 *
 * The first byte chooses: bit 0, whether the rest is a script (else a file); bit 1, whether all
 * checksums of a file are made right first. A script takes apart what a real export holds and puts
 * it together again with entries changed, swapped, doubled and left out, all checksums right.
 * Whatever comes of it: - it is refused with a code of its own and nothing is made, or it becomes a
 * store; - what became a store opens, is sound, and its export is a file that is taken again, the
 * same behind the header. A violation aborts. The store lies on a simulated disk. */
#include <stdlib.h>

#include "base/hash.h"
#include "holdfast/holdfast.h"
#include "lib/sim/sim_parent.h"
#include "store/store.h"
#include "store/transfer/build.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { SCRIPT = 1, RESEALED = 2, MOST = 64, HEADER = 512, TRAILER = 64, BLOCK = 32 };

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
	if (len == 0)
		return 0;
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
	*got = at < file->len ? file->len - (size_t)at : 0;
	*got = *got < len ? *got : len;
	memcpy(buffer, file->data + at, *got);
	return 0;
}

static struct hf__snapshot_sink sink_of(struct file *file)
{
	return (struct hf__snapshot_sink){file_write, file};
}

/* --- A real export ---------------------------------------------------------------------------- */

static void fill(hf_store *store)
{
	static char bytes[700];
	const struct hf_outbox_enqueue_args item = {
	    .queue = hf_str("q"), .id = hf_str("i"), .payload = hf_bytes_of(bytes, 300)};
	const struct hf_document_put_args first = {
	    .key = {hf_str("c"), hf_str("a")}, .payload = hf_str("x"), .group = hf_str("g")};
	const struct hf_document_put_args second = {.key = {hf_str("c"), hf_str("b")},
	                                            .payload = hf_bytes_of(bytes, 700)};
	const struct hf_cursor_advance_args cursor = {.key = {hf_str("c"), hf_str("s"), hf_str("")},
	                                              .sequence = 5};
	const struct hf_lock_acquire_args lock = {.name = hf_str("l"), .owner = hf_str("o")};
	const struct hf_timeline_append_args event = {.key = {hf_str("t"), hf_str("e")},
	                                              .type = hf_str("y"),
	                                              .happened_at = 7,
	                                              .payload = hf_str("p")};
	require(hf_outbox_enqueue(store, NULL, &item, NULL, NULL) == HF_OK);
	require(hf_document_put(store, NULL, &first, NULL, NULL) == HF_OK);
	require(hf_document_put(store, NULL, &second, NULL, NULL) == HF_OK);
	require(hf_cursor_advance(store, NULL, &cursor, NULL, NULL) == HF_OK);
	require(hf_lock_acquire(store, NULL, &lock, NULL, NULL) == HF_OK);
	require(hf_timeline_append(store, NULL, &event, NULL, NULL) == HF_OK);
}

static hf_store *open_on(struct sim *sim)
{
	const struct hf_options options = {
	    .create = true, .no_background = true, .segment_size = 65536};
	hf_store *store;
	require(hf__store_open(sim_os(sim), hf__all_domains(), &options, &store, NULL) == HF_OK);
	return store;
}

static void export_to(hf_store *store, struct file *file)
{
	struct hf_snapshot_file facts = {0};
	require(hf__export_to(store, sink_of(file), &facts, NULL) == HF_OK);
}

static struct parts {
	struct hf__snapshot_header header;
	struct hf__entry entries[MOST];
	size_t count;

} whole;

static int keep(void *arg, const struct hf__entry *entry)
{
	struct parts *p = arg;
	uint8_t *body = malloc(entry->body.len + 1);
	require(body != NULL && p->count < MOST);
	memcpy(body, entry->body.data, entry->body.len);
	p->entries[p->count] = *entry;
	p->entries[p->count++].body.data = body;
	return 0;
}

static void prepare(void)
{
	struct sim *sim = sim_new(sim_profile_strict(), 1);
	struct hf__snapshot_reader reader;
	struct file file = {0};
	hf_store *store = open_on(sim);
	fill(store);
	export_to(store, &file);
	const struct hf__snapshot_source source = {file_read, &file, file.len};
	require(hf__snapshot_open(&reader, source, NULL) == HF_OK);
	whole.header = reader.header;
	require(hf__snapshot_each(&reader, keep, &whole, NULL) == HF_OK);
	hf__snapshot_reader_deinit(&reader);
	require(hf_close(store, NULL) == HF_OK);
	sim_free(sim);
	free(file.data);
}

/* --- Scripts ---------------------------------------------------------------------------------- */

/* A change of the list, or of one byte of a body. */
static void change(struct parts *p, struct hf__reader *script)
{
	const uint8_t what = hf__get_u8(script);
	require(p->count > 0); /* the last one stays */
	const size_t at = hf__get_u8(script) % p->count, other = hf__get_u8(script) % p->count;
	struct hf__entry *e = &p->entries[at];
	const struct hf__entry was = *e;
	switch (what % 8) {
	case 0:
		*e = p->entries[other];
		p->entries[other] = was;
		break;
	case 1:
		if (p->count < MOST)
			p->entries[p->count++] = was;
		break;
	case 2:
		if (p->count > 1)
			*e = p->entries[--p->count];
		break;
	case 3:
		e->kind = hf__get_u8(script) % 8;
		break;
	case 4:
		e->domain = hf__get_u8(script) % 12;
		break;
	case 5:
		e->lsn = 1 + hf__get_u8(script) % p->header.lsn;
		break;
	default:
		if (e->body.len > 0) {
			uint8_t *body = (uint8_t *)(uintptr_t)e->body.data;
			body[hf__get_u8(script) % e->body.len] ^= hf__get_u8(script);
		}
	}
}

static void put_together(const struct parts *p, struct file *file)
{
	static const uint8_t bytes[700];
	struct hf__snapshot_writer w;
	uint8_t ref[HF__SNAPSHOT_REF_SIZE];
	const struct hf__hash128 none = {0};
	int rc = hf__snapshot_begin(&w, &p->header, sink_of(file));
	if (rc == HF_OK)
		rc = hf__snapshot_put_payload(&w, hf_bytes_of(bytes, 300), none, ref);
	if (rc == HF_OK)
		rc = hf__snapshot_put_payload(&w, hf_bytes_of(bytes, 700), none, ref);
	for (size_t i = 0; i < p->count && rc == HF_OK; i++)
		rc = hf__snapshot_put_entry(&w, &p->entries[i]);
	require(rc == HF_OK && hf__snapshot_end(&w) == HF_OK);
	hf__snapshot_writer_deinit(&w);
}

static void script_file(const uint8_t *data, size_t size, struct file *file)
{
	static struct parts p;
	struct hf__reader script = hf__reader(hf_bytes_of(data, size));
	p.header = whole.header;
	p.count = 0;
	for (size_t i = 0; i < whole.count; i++)
		require(keep(&p, &whole.entries[i]) == 0);
	void *bodies[MOST];
	const size_t count = p.count;
	for (size_t i = 0; i < count; i++)
		bodies[i] = (void *)(uintptr_t)p.entries[i].body.data;
	for (unsigned i = 0; i < 16 && script.left > 3; i++)
		change(&p, &script);
	put_together(&p, file);
	for (size_t i = 0; i < count; i++)
		free(bodies[i]);
}

/* --- Files ------------------------------------------------------------------------------------ */

static void reseal(struct file *file)
{
	uint8_t *data = file->data;
	struct hf__snapshot_header h = {.format_major = 2, .exported = true, .epoch = 1};
	if (file->len < HEADER + TRAILER || file->len % 8 != 0)
		return;
	h.lsn = hf__load_u64(data + 64) % 1000;
	h.clock = (int64_t)hf__load_u64(data + 88);
	hf__snapshot_header_encode(&h, data);
	const uint64_t seed = hf__snapshot_seed(&h);
	const size_t end = file->len - TRAILER;
	for (size_t at = HEADER; end - at >= BLOCK;) {
		uint8_t *block = data + at;
		const size_t stored = hf__load_u32(block + 8);
		const size_t len = BLOCK + (stored + 7) / 8 * 8;
		if (memcmp(block, "hfsb", 4) != 0 || len > end - at)
			break;
		hf__store_u64(block + 16, hf__checksum(block + BLOCK, stored, seed + at));
		hf__store_u64(block + 24, hf__checksum(block, 24, seed + at));
		at += len;
	}
	static const char magic[8] = {'h', 'f', 's', 'n', 'a', 'p', 'e', 'n'};
	memcpy(data + end, magic, sizeof magic);
	hf__store_u64(data + end + 48, file->len);
	hf__store_u64(data + end + 56, hf__checksum(data + end, 56, seed + end));
}

/* --- Import ----------------------------------------------------------------------------------- */

static int import_of(struct sim_parent *parent, struct file *file, struct hf_error *error)
{
	struct hf__meter meter = {0};
	struct hf_snapshot_file made = {0};
	const struct hf__build how = {
	    .parent = sim_parent_seam(parent),
	    .name = "store",
	    .domains = hf__all_domains(),
	    .source = {file_read, file, file->len},
	    .segment_size = 65536,
	    .meter = &meter,
	};
	return hf__build_store(&how, &made, error);
}

static void import_all(struct file *file, unsigned depth)
{
	struct sim_parent *parent = sim_parent_new(sim_profile_strict(), 2);
	struct hf_error error = {0};
	const int rc = import_of(parent, file, &error);
	require(rc == HF_OK || rc == HF_ECORRUPT || rc == HF_EVERSION || rc == HF_ETOOBIG);
	require(rc == error.code && (rc == HF_OK || error.text[0]));
	require((sim_parent_name(parent, 0) == NULL) == (rc != HF_OK));
	if (rc == HF_OK) {
		struct file again = {0};
		hf_store *store = open_on(sim_parent_dir(parent, "store"));
		require(hf__state_verify(store, NULL) == HF_OK);
		export_to(store, &again);
		if (depth >
		    0) /* what it was may have been written otherwise; from here on it is the same */
			require(again.len == file->len &&
			        memcmp(again.data + HEADER, file->data + HEADER, file->len - HEADER) == 0);
		else
			import_all(&again, depth + 1);
		require(hf_close(store, NULL) == HF_OK);
		free(again.data);
	} else {
		require(depth == 0);
	}
	sim_parent_free(parent);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct file file = {0};
	if (whole.count == 0)
		prepare();
	if (size == 0)
		return 0;
	if (data[0] & SCRIPT)
		script_file(data + 1, size - 1, &file);
	else
		(void)file_write(&file, data + 1, size - 1);
	if (file.len > 0 && (data[0] & (SCRIPT | RESEALED)) == RESEALED)
		reseal(&file);
	if (file.len > 0)
		import_all(&file, 0);
	free(file.data);
	return 0;
}
