/* Builds segments; see log_build.h. A failure in here is a failure of the test's machine
 * (memory): it aborts. */
#include "lib/log_build.h"

#include <stdlib.h>

#include "base/hash.h"

struct hf__log_id log_build_id(uint8_t fill, uint16_t epoch)
{
	struct hf__log_id id = {.epoch = epoch};
	memset(id.uuid, fill, sizeof id.uuid);
	id.seed = hf__seed_base(id.uuid, epoch);
	return id;
}

struct log_build log_build(uint32_t align)
{
	struct log_build b = {.id = log_build_id(0xA5, 7),
	                      .segment = 3,
	                      .align = align,
	                      .next_lsn = 100,
	                      .previous_hash = 0x1234};
	hf__put_zeros(&b.w, HF__SEGMENT_HEADER_SIZE);
	b.start[0] = HF__SEGMENT_HEADER_SIZE;
	b.first_lsn[0] = b.next_lsn;
	b.chain[0] = b.previous_hash;
	b.durable_lsn = b.next_lsn - 1;
	return b;
}

void log_build_entry_end(struct hf__writer *w, size_t header, const struct hf__log_id *id,
                         const struct hf__entry *entry)
{
	hf__entry_end(w, header, entry);
	if (!w->bad)
		(void)hf__entry_sum(w->data + header, id, entry->lsn);
}

void log_build_group_end(struct hf__writer *w, size_t at, const struct hf__log_id *id,
                         struct hf__group_header *header, uint32_t align)
{
	hf__group_end(w, at, header, align);
	if (!w->bad)
		hf__group_sum(w->data + at, id, header);
}

static void put_entry(struct log_build *b, uint64_t lsn, uint8_t flags, size_t body_len)
{
	const size_t header = hf__entry_begin(&b->w);
	for (size_t i = 0; i < body_len; i++)
		hf__put_u8(&b->w, (uint8_t)(lsn + 7 * i + 1));
	const struct hf__entry entry = {
	    .lsn = lsn, .at = 1795167000000000 + (int64_t)lsn, .domain = 2, .kind = 5, .flags = flags};
	log_build_entry_end(&b->w, header, &b->id, &entry);
}

void log_build_group(struct log_build *b, uint32_t entries, size_t body_len)
{
	if (b->groups == LOG_BUILD_GROUPS)
		abort();
	const size_t at = hf__group_begin(&b->w);
	for (uint32_t i = 0; i < entries; i++)
		put_entry(b, b->next_lsn + i, i + 1 == entries ? HF__ENTRY_LAST : 0, body_len);
	struct hf__group_header header = {
	    .epoch = b->id.epoch,
	    .place = {b->segment, (uint32_t)at},
	    .incarnation_lsn = b->first_lsn[0],
	    .first_lsn = b->next_lsn,
	    .durable_lsn = b->durable_lsn,
	    .previous_hash = b->previous_hash,
	    .nonce = UINT64_C(0x1122334455667788) + b->groups,
	    .entry_count = entries,
	};
	memcpy(header.uuid, b->id.uuid, sizeof header.uuid);
	log_build_group_end(&b->w, at, &b->id, &header, b->align);
	if (b->w.bad)
		abort();
	b->durable_lsn = b->next_lsn - 1;
	b->next_lsn += entries;
	b->previous_hash = header.hash;
	b->groups++;
	b->start[b->groups] = (uint32_t)b->w.len;
	b->first_lsn[b->groups] = b->next_lsn;
	b->chain[b->groups] = b->previous_hash;
}

void log_build_fill(struct log_build *b, size_t size)
{
	if (size > b->w.len)
		hf__put_zeros(&b->w, size - b->w.len);
	if (b->w.bad)
		abort();
}

void log_build_free(struct log_build *b)
{
	hf__writer_deinit(&b->w);
}

void log_build_reseal_group(const struct hf__log_id *id, uint8_t *group)
{
	const uint64_t seed = hf__seed_at(id->seed, hf__load_u64(group + GROUP_FIRST_LSN));
	const uint32_t body_len = hf__load_u32(group + GROUP_BODY_LEN);
	hf__store_u64(group + GROUP_BODY_HASH, hf__checksum(group + GROUP_HEADER, body_len, seed));
	log_build_reseal_headers(id, group);
}

void log_build_reseal_headers(const struct hf__log_id *id, uint8_t *group)
{
	const uint64_t seed = hf__seed_at(id->seed, hf__load_u64(group + GROUP_FIRST_LSN));
	uint8_t framed[GROUP_FRAME_SUM + 8];
	hf__store_u64(group + GROUP_SUM,
	              hf__checksum(group + GROUP_PORTABLE, GROUP_SUM - GROUP_PORTABLE, seed));
	memcpy(framed, group, GROUP_FRAME_SUM);
	memcpy(framed + GROUP_FRAME_SUM, group + GROUP_SUM, 8);
	hf__store_u64(group + GROUP_FRAME_SUM, hf__checksum(framed, sizeof framed, seed));
}

void log_build_reseal_entry(const struct hf__log_id *id, uint64_t lsn, uint8_t *entry)
{
	hf__store_u64(entry + ENTRY_SUM, hf__checksum(entry, ENTRY_SUM, hf__seed_at(id->seed, lsn)));
}
