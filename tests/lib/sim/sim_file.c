/* One file of the simulated disk: what reads see, what is durable, and the versions pending in
 * between (M1, M2, M5, M6, M8).
 *
 * A write puts one version per touched sector at the end of the list; a sync takes versions off
 * it and into the durable table; a failed sync leaves them as ghosts, which may be on the disk
 * or not and which only a newer version of the same sector can lay. */
#include "lib/sim/sim_disk.h"

#include <stdlib.h>
#include <string.h>

void file_free(struct file *file)
{
	if (file == NULL)
		return;
	for (size_t i = 0; i < file->version_count; i++)
		sector_unref(file->versions[i].content);
	table_unref(file->view);
	table_unref(file->durable);
	free(file->versions);
	free(file->resizes);
	free(file->counts);
	free(file);
}

static void *array_copy(const void *from, size_t count, size_t item, size_t *cap)
{
	*cap = count;
	if (count == 0)
		return NULL;
	void *copy = sim_memory(count * item);
	memcpy(copy, from, count * item);
	return copy;
}

struct file *file_clone(const struct file *file)
{
	struct file *copy = sim_memory(sizeof(*copy));
	*copy = *file;
	copy->view = table_ref(file->view);
	copy->durable = table_ref(file->durable);
	copy->versions = array_copy(file->versions, file->version_count, sizeof(*file->versions),
	                            &copy->version_cap);
	copy->resizes =
	    array_copy(file->resizes, file->resize_count, sizeof(*file->resizes), &copy->resize_cap);
	copy->counts = array_copy(file->counts, file->version_count == 0 ? 0 : file->counts_cap, 1,
	                          &copy->counts_cap);
	for (size_t i = 0; i < copy->version_count; i++)
		(void)sector_ref(copy->versions[i].content);
	return copy;
}

bool version_same(const struct file *file, const struct version *version)
{
	uint64_t end = (uint64_t)version->at * SIM_SECTOR + version->high;
	const uint8_t *durable = sector_data(table_get(file->durable, version->at));
	const uint8_t *data = sector_data(version->content);
	return end <= file->durable_size && memcmp(data + version->low, durable + version->low,
	                                           (size_t)(version->high - version->low)) == 0;
}

static uint8_t *file_count(struct file *file, size_t at)
{
	size_t old = file->counts_cap;
	file->counts = sim_grow(file->counts, &file->counts_cap, at + 1, 1);
	memset(file->counts + old, 0, file->counts_cap - old);
	return &file->counts[at];
}

/* A sector written over and over without a sync (a witness, say) keeps its first and its newest
 * versions; what the lost one wrote counts as written by its successor. */
static void versions_thin(struct file *file, uint32_t at)
{
	size_t found = 0;
	for (size_t i = 0; i < file->version_count; i++) {
		if (file->versions[i].at != at || ++found != 2)
			continue;
		size_t next = i + 1;
		while (file->versions[next].at != at)
			next++;
		struct version *heir = &file->versions[next];
		heir->low = file->versions[i].low < heir->low ? file->versions[i].low : heir->low;
		heir->high = file->versions[i].high > heir->high ? file->versions[i].high : heir->high;
		sector_unref(file->versions[i].content);
		memmove(&file->versions[i], &file->versions[i + 1],
		        (file->version_count - i - 1) * sizeof(*file->versions));
		file->version_count--;
		file->counts[at]--;
		return;
	}
}

static void version_add(struct file *file, struct version version)
{
	uint8_t *count = file_count(file, version.at);
	file->versions = sim_grow(file->versions, &file->version_cap, file->version_count + 1,
	                          sizeof(*file->versions));
	file->versions[file->version_count++] = version;
	if (++*count > VERSIONS_MAX)
		versions_thin(file, version.at);
}

static void sector_write(struct file *file, struct version piece, const uint8_t *data)
{
	struct sector *old = table_get(file->view, piece.at);
	size_t len = (size_t)(piece.high - piece.low);
	bool kept = memcmp(sector_data(old) + piece.low, data, len) == 0;
	if (kept) {
		piece.content = sector_ref(old);
	} else {
		uint8_t whole[SIM_SECTOR];
		memcpy(whole, sector_data(old), SIM_SECTOR);
		memcpy(whole + piece.low, data, len);
		piece.content = sector_new(whole);
	}
	/* Writing what is there and durable leaves nothing pending. With other versions pending it
	 * may still lay a ghost. */
	bool calm = piece.at >= file->counts_cap || file->counts[piece.at] == 0;
	if (kept && calm && version_same(file, &piece)) {
		sector_unref(piece.content);
		return;
	}
	table_set(&file->view, piece.at, sector_ref(piece.content));
	version_add(file, piece);
}

static void resize_add(struct file *file, uint64_t size, uint64_t write)
{
	file->resizes =
	    sim_grow(file->resizes, &file->resize_cap, file->resize_count + 1, sizeof(*file->resizes));
	file->resizes[file->resize_count++] = (struct resize){.size = size, .write = write};
	file->view_size = size;
}

void file_extend(struct file *file, uint64_t size, uint64_t write)
{
	if (size > file->view_size)
		resize_add(file, size, write);
}

void file_cut(struct file *file, uint64_t size)
{
	if (size < file->view_size) {
		table_cut(&file->view, size);
		file->view_size = size;
		file->holes = 0;
	}
}

/* What was pending behind the cut is no more. */
void file_cut_durable(struct file *file, uint64_t size)
{
	size_t kept = 0;
	if (size >= file->durable_size)
		return;
	for (size_t i = 0; i < file->version_count; i++) {
		struct version *version = &file->versions[i];
		if ((uint64_t)version->at * SIM_SECTOR < size) {
			file->versions[kept++] = *version;
		} else {
			file->counts[version->at]--;
			sector_unref(version->content);
		}
	}
	file->version_count = kept;
	table_cut(&file->durable, size);
	file->durable_size = size;
}

void file_write(struct file *file, uint64_t at, const void *data, size_t len, uint64_t write)
{
	uint64_t end = at + len;
	for (const uint8_t *from = data; at < end;) {
		uint64_t low = at % SIM_SECTOR;
		uint64_t left = end - at;
		uint64_t high = left < SIM_SECTOR - low ? low + left : SIM_SECTOR;
		struct version piece = {.write = write,
		                        .at = (uint32_t)(at / SIM_SECTOR),
		                        .low = (uint16_t)low,
		                        .high = (uint16_t)high};
		sector_write(file, piece, from);
		from += high - low;
		at += high - low;
	}
	bool ghost = file->resize_count > 0 && file->resizes[file->resize_count - 1].ghost;
	if (len > 0 && (end > file->view_size || (end == file->view_size && ghost)))
		resize_add(file, end, write);
}

size_t file_read(const struct file *file, uint64_t at, void *out, size_t len)
{
	if (at >= file->view_size)
		return 0;
	if (len > file->view_size - at)
		len = (size_t)(file->view_size - at);
	for (size_t done = 0; done < len;) {
		size_t low = (size_t)((at + done) % SIM_SECTOR);
		size_t part = len - done < SIM_SECTOR - low ? len - done : SIM_SECTOR - low;
		const struct sector *sector = table_get(file->view, (size_t)((at + done) / SIM_SECTOR));
		memcpy((uint8_t *)out + done, sector_data(sector) + low, part);
		done += part;
	}
	return len;
}

/* Keeps the versions that a sync did not settle: newer ones, and ghosts of sectors of which
 * nothing newer was stored. */
static void versions_settle(struct file *file, uint64_t up_to)
{
	size_t kept = 0;
	for (size_t i = 0; i < file->version_count; i++) {
		struct version *version = &file->versions[i];
		bool stored = !version->ghost && version->write <= up_to;
		bool laid = version->ghost && file->counts[version->at] == 0;
		if (stored || laid)
			sector_unref(version->content);
		else
			file->versions[kept++] = *version;
	}
	file->version_count = kept;
	memset(file->counts, 0, file->counts_cap);
	for (size_t i = 0; i < kept; i++)
		file->counts[file->versions[i].at]++;
}

static void resizes_settle(struct file *file, uint64_t up_to)
{
	for (size_t i = 0; i < file->resize_count; i++)
		if (!file->resizes[i].ghost && file->resizes[i].write <= up_to)
			file->durable_size = file->resizes[i].size;
	size_t kept = 0;
	for (size_t i = 0; i < file->resize_count; i++)
		if (file->resizes[i].size > file->durable_size)
			file->resizes[kept++] = file->resizes[i];
	file->resize_count = kept;
}

void file_sync(struct file *file, uint64_t up_to)
{
	for (size_t i = 0; i < file->version_count; i++) {
		struct version *version = &file->versions[i];
		if (!version->ghost && version->write <= up_to) {
			table_set(&file->durable, version->at, sector_ref(version->content));
			file->counts[version->at] = 0; /* settled: older ghosts go too */
		}
	}
	if (file->version_count > 0)
		versions_settle(file, up_to);
	resizes_settle(file, up_to);
}

void file_sync_failed(struct file *file, bool drops, bool reads_old)
{
	if (!drops)
		return; /* still dirty: the next sync tries again */
	for (size_t i = 0; i < file->version_count; i++)
		file->versions[i].ghost = true;
	for (size_t i = 0; i < file->resize_count; i++)
		file->resizes[i].ghost = true;
	if (reads_old) {
		table_unref(file->view);
		file->view = table_ref(file->durable);
	}
}

bool file_dirty(const struct file *file)
{
	for (size_t i = 0; i < file->version_count; i++)
		if (!file->versions[i].ghost)
			return true;
	return file->resize_count > 0 && !file->resizes[file->resize_count - 1].ghost;
}

void file_evict(struct file *file)
{
	if (file_dirty(file))
		return;
	for (size_t i = 0; i < file->version_count; i++)
		sector_unref(file->versions[i].content);
	file->version_count = 0;
	file->resize_count = 0;
	if (file->counts != NULL)
		memset(file->counts, 0, file->counts_cap);
	table_cut(&file->durable, file->durable_size);
	table_unref(file->view);
	file->view = table_ref(file->durable);
	file->view_size = file->durable_size;
}

bool file_synced(const struct file *file, uint64_t at, uint64_t len, uint64_t unit)
{
	if (at > file->durable_size || len > file->durable_size - at)
		return false;
	for (size_t i = 0; i < file->version_count; i++) {
		const struct version *version = &file->versions[i];
		uint64_t start = (uint64_t)version->at * SIM_SECTOR;
		uint64_t low = (start + version->low) / unit * unit;
		uint64_t high = (start + version->high + unit - 1) / unit * unit;
		if (low < at + len && high > at && !version_same(file, version))
			return false;
	}
	return true;
}
