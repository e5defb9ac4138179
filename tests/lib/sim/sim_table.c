/* Memory, sectors and tables of sectors: see sim_disk.h. */
#include "lib/sim/sim_disk.h"

#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

static const uint8_t zeros[SIM_SECTOR];

void *sim_memory(size_t size)
{
	void *memory = calloc(1, size);
	if (memory == NULL)
		abort(); /* a test double has nobody to tell */
	return memory;
}

void *sim_grow(void *old, size_t *cap, size_t need, size_t item)
{
	if (need <= *cap)
		return old;
	size_t grown = *cap == 0 ? 8 : *cap;
	while (grown < need)
		grown *= 2;
	void *memory = realloc(old, grown * item);
	if (memory == NULL)
		abort();
	*cap = grown;
	return memory;
}

/* One round of splitmix64 over both. */
uint64_t sim_mix(uint64_t a, uint64_t b)
{
	uint64_t x = a * 0x9e3779b97f4a7c15u + b + 0x9e3779b97f4a7c15u;
	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
	return x ^ (x >> 31);
}

struct sector *sector_new(const uint8_t data[SIM_SECTOR])
{
	if (memcmp(data, zeros, SIM_SECTOR) == 0)
		return NULL;
	struct sector *sector = malloc(sizeof(*sector));
	if (sector == NULL)
		abort();
	atomic_init(&sector->refs, 1);
	sector->hash = XXH3_64bits(data, SIM_SECTOR);
	memcpy(sector->data, data, SIM_SECTOR);
	return sector;
}

struct sector *sector_ref(struct sector *sector)
{
	if (sector != NULL)
		atomic_fetch_add_explicit(&sector->refs, 1, memory_order_relaxed);
	return sector;
}

void sector_unref(struct sector *sector)
{
	if (sector != NULL && atomic_fetch_sub_explicit(&sector->refs, 1, memory_order_acq_rel) == 1)
		free(sector);
}

const uint8_t *sector_data(const struct sector *sector)
{
	return sector == NULL ? zeros : sector->data;
}

static struct table *table_new(size_t count)
{
	struct table *table = sim_memory(sizeof(*table) + count * sizeof(table->sectors[0]));
	atomic_init(&table->refs, 1);
	table->count = count;
	return table;
}

struct table *table_ref(struct table *table)
{
	if (table != NULL)
		atomic_fetch_add_explicit(&table->refs, 1, memory_order_relaxed);
	return table;
}

void table_unref(struct table *table)
{
	if (table == NULL || atomic_fetch_sub_explicit(&table->refs, 1, memory_order_acq_rel) != 1)
		return;
	for (size_t i = 0; i < table->count; i++)
		sector_unref(table->sectors[i]);
	free(table);
}

struct sector *table_get(const struct table *table, size_t at)
{
	return table == NULL || at >= table->count ? NULL : table->sectors[at];
}

/* A table of `count` sectors at least that nobody else holds. */
static struct table *table_own(struct table *table, size_t count)
{
	size_t have = table == NULL ? 0 : table->count;
	bool shared = table != NULL && atomic_load_explicit(&table->refs, memory_order_acquire) > 1;
	if (have >= count && !shared && table != NULL)
		return table;
	struct table *own = table_new(have >= count ? have : count + count / 2);
	if (table != NULL) {
		own->hash = table->hash;
		for (size_t i = 0; i < have; i++)
			own->sectors[i] = sector_ref(table->sectors[i]);
		table_unref(table);
	}
	return own;
}

static uint64_t place_hash(const struct sector *sector, size_t at)
{
	return sector == NULL ? 0 : sim_mix(sector->hash, at);
}

void table_set(struct table **table, size_t at, struct sector *sector)
{
	struct sector *old = table_get(*table, at);
	if (old == sector) {
		sector_unref(sector);
		return;
	}
	*table = table_own(*table, at + 1);
	(*table)->hash += place_hash(sector, at) - place_hash(old, at);
	(*table)->sectors[at] = sector;
	sector_unref(old);
}

void table_cut(struct table **table, uint64_t size)
{
	size_t count = *table == NULL ? 0 : (*table)->count;
	size_t at = (size_t)(size / SIM_SECTOR);
	size_t keep = (size_t)(size % SIM_SECTOR);
	if (keep != 0 && table_get(*table, at) != NULL) {
		uint8_t data[SIM_SECTOR] = {0};
		memcpy(data, sector_data(table_get(*table, at)), keep);
		table_set(table, at, sector_new(data));
	}
	for (size_t i = keep == 0 ? at : at + 1; i < count; i++)
		if (table_get(*table, i) != NULL)
			table_set(table, i, NULL);
}

uint64_t table_hash(const struct table *table)
{
	return table == NULL ? 0 : table->hash;
}
