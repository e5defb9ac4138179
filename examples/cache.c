/* A cache of documents with expiry: answers that are slow to get are kept for a while, in memory
 * and on disk, so that a restart begins warm.
 *
 * What has expired is gone for every call from that very instant; nobody has to sweep. A cache
 * loses nothing that could not be had again, so its writes do without a disk flush (mode `os`:
 * they survive a killed process, not a power cut). */
#include "example.h"

#define RATES hf_str("exchange rates")
enum { CITIES = 50 };

static int asked; /* how often the slow source was asked */

static size_t ask_source(const char *id, char *answer, size_t size)
{
	asked++;
	return (size_t)snprintf(answer, size, "rate of %s, answer %d", id, asked);
}

/* From the cache, or from the source and kept for so long. `group` is what it was made from, to
 * be forgotten together. */
static void look_up(hf_store *store, const char *id, const char *group, int64_t ttl_us,
                    char *answer, size_t size)
{
	const struct hf_document_key key = {RATES, hf_str(id)};
	struct hf_document_got got = {0};
	struct hf_error error;

	const int rc = hf_document_get(store, &key, HF_READ_UNDURABLE, &got, &error);
	if (rc == HF_OK) {
		snprintf(answer, size, "%.*s", TEXT(got.document.payload));
		hf_release(got.memory);
		return;
	}
	if (rc != HF_ENOTFOUND)
		must(rc, &error);
	const struct hf_document_put_args put = {.write.durability = HF_OS,
	                                         .key = key,
	                                         .payload =
	                                             hf_bytes_of(answer, ask_source(id, answer, size)),
	                                         .group = hf_str(group),
	                                         .ttl_us = ttl_us,
	                                         /* the one order that is needed below */
	                                         .orders = HF_DOCUMENT_GROUP_UPDATED};
	must(hf_document_put(store, NULL, &put, NULL, &error), &error);
}

static uint64_t entries(hf_store *store, const char *group)
{
	const struct hf_document_count_args args = {.collection = RATES, .group = hf_str(group)};
	struct hf_document_counts counted = {0};
	struct hf_error error;

	must(hf_document_count(store, &args, 0, &counted, &error), &error);
	return counted.documents;
}

/* What was made from a source that changed is forgotten, all at once. If one is added or expires
 * meanwhile, the group is listed again. */
static int forget(void *group, hf_store *store, hf_txn *txn, struct hf_error *error)
{
	const struct hf_document_list_args list = {.collection = RATES,
	                                           .group = *(const struct hf_bytes *)group,
	                                           .by = HF_DOCUMENT_BY_UPDATED,
	                                           .without_payload = true};
	struct hf_document_page page = {0};

	must(hf_document_list(store, &list, 0, &page, error), error);
	for (size_t i = 0; i < page.count; i++) {
		const struct hf_document_remove_args gone = {.key = page.items[i].key};
		must(hf_document_remove(store, txn, &gone, NULL, error), error);
	}
	hf_release(page.memory);
	return HF_OK;
}

/* Fills the cache, and is killed. */
static void first_life(hf_store *store)
{
	char id[24], answer[64];

	for (int i = 0; i < CITIES; i++) {
		snprintf(id, sizeof id, "city-%d", i);
		look_up(store, id, i % 2 ? "bank" : "market", SECONDS(3600), answer, sizeof answer);
		look_up(store, id, i % 2 ? "bank" : "market", SECONDS(3600), answer, sizeof answer);
	}
	check(asked == CITIES, "each was asked for once");
}

int main(void)
{
	struct hf_bytes bank = hf_str("bank");
	struct hf_error error;
	char answer[64];

	run_and_kill(first_life);

	hf_store *store = open_store();
	look_up(store, "city-7", "bank", SECONDS(3600), answer, sizeof answer);
	check(asked == 0 && strcmp(answer, "rate of city-7, answer 8") == 0,
	      "after the restart the cache is warm");

	look_up(store, "brief", "bank", MILLISECONDS(50), answer, sizeof answer);
	check(asked == 1, "what is not in the cache is asked for");
	usleep(60000);
	look_up(store, "brief", "bank", MILLISECONDS(50), answer, sizeof answer);
	check(asked == 2 && strcmp(answer, "rate of brief, answer 2") == 0,
	      "and asked for again when its time is over");
	usleep(60000);
	check(entries(store, "bank") == CITIES / 2, "what has expired is not counted, swept or not");

	must(hf_transact(store, forget, &bank, 0, HF_OS, &error), &error);
	check(entries(store, "bank") == 0, "a group is forgotten");
	check(entries(store, "market") == CITIES / 2, "and only that one");
	close_store(store);
	return 0;
}
