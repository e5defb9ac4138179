/* Fuzz target: page tokens, in every list there is.
 *
 * The first byte chooses the list, the second what becomes of the rest:
 *  - text: it is the token;
 *  - position: it is a sort position, put into a token of that list whose check value is right,
 *    so that what reads positions is reached;
 *  - patched: the position of a real token of that list, with bytes of it changed.
 * Whatever the token, the answer is a page or HF_EINVAL; and the walk that goes on from such a
 * page ends, having given no more than there is. */
#include <stdlib.h>

#include "base/hash.h"
#include "base/text.h"
#include "lib/settings.h"
#include "lib/used_once.h"
#include "store/internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { OBJECTS = 9, TOKEN_MAX = 12000, HEAD = 9, CHECK = 8 };
enum mode { MODE_TEXT, MODE_POSITION, MODE_PATCHED, MODES };

static struct stage *stage;

static void require(bool holds)
{
	if (!holds)
		abort();
}

/* --- What there is to list -------------------------------------------------------------------- */

static void fill_one(hf_store *store, const char *id, int64_t n)
{
	const struct hf_inbox_input record = {.account = hf_str(n % 2 ? "a" : "b"),
	                                      .thread = hf_str(id),
	                                      .unread = n % 3 == 0,
	                                      .dismissed = n % 4 == 0,
	                                      .score = (double)(n % 3),
	                                      .updated_at = n};
	const struct hf_inbox_save_args save = {
	    .user = hf_str("u"), .records = &record, .count = 1, .generated_at = 10 + n / 2};
	require(hf_inbox_save(store, NULL, &save, NULL, NULL) == HF_OK);
	const struct hf_inbox_put_tombstone_args tomb = {.key = {hf_str("v"), hf_str("a"), hf_str(id)},
	                                                 .until = STAGE_NOW + 100000000 + n};
	require(hf_inbox_put_tombstone(store, NULL, &tomb, NULL, NULL) == HF_OK);
	const struct hf_cursor_advance_args cursor = {.key = {hf_str(id), hf_str("s"), hf_str("x")},
	                                              .sequence = 1 + n / 2};
	require(hf_cursor_advance(store, NULL, &cursor, NULL, NULL) == HF_OK);
	const struct hf_outbox_enqueue_args item = {
	    .queue = hf_str("q"), .id = hf_str(id), .group = hf_str(n % 2 ? "g" : "")};
	require(hf_outbox_enqueue(store, NULL, &item, NULL, NULL) == HF_OK);
	const struct hf_outbox_put_completed_args done = {
	    .queue = hf_str("r"), .id = hf_str(id), .until = STAGE_NOW + 100000000};
	require(hf_outbox_put_completed(store, NULL, &done, NULL, NULL) == HF_OK);
	const struct hf_idempotency_put_args entry = {.key = {hf_str("k"), hf_str(id)},
	                                              .expires_at = HF_UNSET};
	require(hf_idempotency_put(store, NULL, &entry, NULL, NULL) == HF_OK);
	const struct hf_document_put_args document = {.key = {hf_str("d"), hf_str(id)},
	                                              .group = hf_str(n % 2 ? "g" : ""),
	                                              .created_at = 1 + n / 3,
	                                              .now = 20 - n,
	                                              .orders = 15};
	require(hf_document_put(store, NULL, &document, NULL, NULL) == HF_OK);
	const struct hf_timeline_append_args event = {.key = {hf_str("t"), hf_str(id)},
	                                              .type = hf_str("y"),
	                                              .subject = hf_str(n % 2 ? "j" : ""),
	                                              .happened_at = 1 + n / 2};
	require(hf_timeline_append(store, NULL, &event, NULL, NULL) == HF_OK);
}

static void fill(void)
{
	stage = stage_open(SETTING_LIVE);
	for (int64_t n = 0; n < OBJECTS; n++) {
		const char id[] = {(char)('0' + n), n % 3 == 0 ? 'z' : '\0', '\0'};
		fill_one(stage->store, id, n);
		for (size_t i = 0; i < used_once_count; i++)
			require(used_once[i].fill(stage->store, NULL, id) == HF_OK);
	}
}

/* --- The lists -------------------------------------------------------------------------------- */

/* What a page is, whatever of. */
struct page {
	size_t count;
	const char *next;
	struct hf_memory *memory;
};

typedef int list_fn(const char *token, struct page *out);

#define PAGE(got) ((struct page){(got).count, (got).next, (got).memory})

static int names(const char *token, struct page *out,
                 int (*list)(hf_store *, const struct hf_names_args *, unsigned,
                             struct hf_name_page *, struct hf_error *))
{
	struct hf_name_page got = {0};
	const int rc =
	    list(stage->store, &(struct hf_names_args){.limit = 2, .page = token}, 0, &got, NULL);
	*out = PAGE(got);
	return rc;
}

static int users(const char *token, struct page *out)
{
	return names(token, out, hf_inbox_names);
}

static int queues(const char *token, struct page *out)
{
	return names(token, out, hf_outbox_names);
}

static int scopes(const char *token, struct page *out)
{
	return names(token, out, hf_idempotency_names);
}

static int collections(const char *token, struct page *out)
{
	return names(token, out, hf_document_names);
}

static int timelines(const char *token, struct page *out)
{
	return names(token, out, hf_timeline_names);
}

static int records(const char *token, struct page *out)
{
	struct hf_inbox_page got = {0};
	const struct hf_inbox_load_args args = {.user = hf_str("u"), .limit = 2, .page = token};
	const int rc = hf_inbox_load(stage->store, &args, 0, &got, NULL);
	*out = PAGE(got);
	return rc;
}

static int records_of_account(const char *token, struct page *out)
{
	struct hf_inbox_page got = {0};
	const struct hf_inbox_load_args args = {
	    .user = hf_str("u"), .account = hf_str("a"), .limit = 2, .page = token};
	const int rc = hf_inbox_load(stage->store, &args, 0, &got, NULL);
	*out = PAGE(got);
	return rc;
}

static int dismissed(const char *token, struct page *out)
{
	struct hf_inbox_key_page got = {0};
	const int rc = hf_inbox_list_dismissed(
	    stage->store,
	    &(struct hf_inbox_list_dismissed_args){.user = hf_str("u"), .limit = 1, .page = token}, 0,
	    &got, NULL);
	*out = PAGE(got);
	return rc;
}

static int tombstones(const char *token, struct page *out)
{
	struct hf_inbox_tombstone_page got = {0};
	const struct hf_inbox_list_tombstones_args args = {
	    .user = hf_str("v"), .limit = 2, .page = token};
	const int rc = hf_inbox_list_tombstones(stage->store, &args, 0, &got, NULL);
	*out = PAGE(got);
	return rc;
}

static int cursors(const char *token, struct page *out)
{
	struct hf_cursor_page got = {0};
	const int rc = hf_cursor_list(
	    stage->store, &(struct hf_cursor_list_args){.limit = 2, .page = token}, 0, &got, NULL);
	*out = PAGE(got);
	return rc;
}

static int cursors_of_subject(const char *token, struct page *out)
{
	struct hf_cursor_page got = {0};
	const struct hf_cursor_list_args args = {.subject = hf_str("x"), .limit = 2, .page = token};
	const int rc = hf_cursor_list(stage->store, &args, 0, &got, NULL);
	*out = PAGE(got);
	return rc;
}

static int lag(const char *token, struct page *out)
{
	struct hf_cursor_lag_page got = {0};
	const struct hf_cursor_list_lag_args args = {.stream = hf_str("s"), .limit = 2, .page = token};
	const int rc = hf_cursor_list_lag(stage->store, &args, 0, &got, NULL);
	*out = PAGE(got);
	return rc;
}

static int items(const char *token, struct page *out)
{
	struct hf_outbox_items got = {0};
	const int rc = hf_outbox_list(
	    stage->store,
	    &(struct hf_outbox_list_args){.queue = hf_str("q"), .limit = 2, .page = token}, 0, &got,
	    NULL);
	*out = PAGE(got);
	return rc;
}

static int completed(const char *token, struct page *out)
{
	struct hf_outbox_completed_page got = {0};
	const struct hf_outbox_list_completed_args args = {
	    .queue = hf_str("r"), .limit = 2, .page = token};
	const int rc = hf_outbox_list_completed(stage->store, &args, 0, &got, NULL);
	*out = PAGE(got);
	return rc;
}

static int entries(const char *token, struct page *out)
{
	struct hf_idempotency_page got = {0};
	const struct hf_idempotency_list_args args = {.scope = hf_str("k"), .limit = 2, .page = token};
	const int rc = hf_idempotency_list(stage->store, &args, 0, &got, NULL);
	*out = PAGE(got);
	return rc;
}

static int documents_by(const char *token, struct page *out, enum hf_document_by by,
                        bool descending, bool by_group)
{
	struct hf_document_page got = {0};
	const struct hf_document_list_args args = {.collection = hf_str("d"),
	                                           .by = by,
	                                           .descending = descending,
	                                           .by_group = by_group,
	                                           .limit = 2,
	                                           .page = token};
	const int rc = hf_document_list(stage->store, &args, 0, &got, NULL);
	*out = PAGE(got);
	return rc;
}

static int documents(const char *token, struct page *out)
{
	return documents_by(token, out, HF_DOCUMENT_BY_ANY, false, false);
}

static int documents_down(const char *token, struct page *out)
{
	return documents_by(token, out, HF_DOCUMENT_BY_UPDATED, true, false);
}

static int documents_of_group(const char *token, struct page *out)
{
	return documents_by(token, out, HF_DOCUMENT_BY_CREATED, false, true);
}

static int events_in(const char *token, struct page *out, bool ascending, const char *subject)
{
	struct hf_timeline_page got = {0};
	const struct hf_timeline_query_args args = {
	    .filter = {.timeline = hf_str("t"), .subject = hf_str(subject)},
	    .ascending = ascending,
	    .limit = 2,
	    .page = token};
	const int rc = hf_timeline_query(stage->store, &args, 0, &got, NULL);
	*out = PAGE(got);
	return rc;
}

static int events(const char *token, struct page *out)
{
	return events_in(token, out, false, "");
}

static int events_up(const char *token, struct page *out)
{
	return events_in(token, out, true, "");
}

static int events_of_subject(const char *token, struct page *out)
{
	return events_in(token, out, false, "j");
}

static int locks(const char *token, struct page *out)
{
	struct hf_lock_page got = {0};
	const int rc = hf_lock_list(
	    stage->store, &(struct hf_lock_list_args){.limit = 2, .page = token}, 0, &got, NULL);
	*out = PAGE(got);
	return rc;
}

static list_fn *const lists[] = {users,
                                 queues,
                                 scopes,
                                 collections,
                                 timelines,
                                 records,
                                 records_of_account,
                                 dismissed,
                                 tombstones,
                                 cursors,
                                 cursors_of_subject,
                                 lag,
                                 items,
                                 completed,
                                 entries,
                                 documents,
                                 documents_down,
                                 documents_of_group,
                                 events,
                                 events_up,
                                 events_of_subject,
                                 locks};

/* --- Tokens ----------------------------------------------------------------------------------- */

static char token[TOKEN_MAX * 2];

/* The first page's, taken apart: version and query, position, check. */
static size_t real_token(list_fn *list, uint8_t *bytes)
{
	struct page page;
	size_t len = 0;
	require(list(NULL, &page) == HF_OK && page.next != NULL);
	require(hf__base64url_decode(page.next, strlen(page.next), bytes, &len) && len >= HEAD + CHECK);
	hf_release(page.memory);
	return len;
}

static void seal(uint8_t *bytes, size_t position)
{
	const size_t len = HEAD + position;
	hf__store_u64(
	    bytes + len,
	    hf__checksum(bytes, len, hf__seed_at(stage->store->id.seed, UINT64_C(0x70616765))));
	token[hf__base64url_encode(bytes, len + CHECK, token)] = '\0';
}

static void make_token(enum mode mode, list_fn *list, struct hf__reader *in)
{
	static uint8_t bytes[TOKEN_MAX];
	const size_t len = in->left < 6000 ? in->left : 6000;
	if (mode == MODE_TEXT) {
		const struct hf_bytes text = hf__get_bytes(in, len);
		if (len > 0)
			memcpy(token, text.data, len);
		token[len] = '\0';
		return;
	}
	size_t position = real_token(list, bytes) - HEAD - CHECK;
	if (mode == MODE_POSITION) {
		const struct hf_bytes own = hf__get_bytes(in, len);
		if (len > 0)
			memcpy(bytes + HEAD, own.data, len);
		position = len;
	}
	while (mode == MODE_PATCHED && in->left >= 2 && position > 0) {
		const size_t at = hf__get_u8(in) % position;
		bytes[HEAD + at] = hf__get_u8(in);
	}
	seal(bytes, position);
}

static void walk(list_fn *list)
{
	struct page page;
	size_t given = 0;
	int rc = list(token, &page);
	require(rc == HF_OK || rc == HF_EINVAL);
	require(rc == HF_OK || (page.count == 0 && !page.memory));
	while (rc == HF_OK && page.next) {
		require(page.count > 0 && strlen(page.next) < sizeof token);
		given += page.count;
		require(given <= 2 * OBJECTS + 4);
		memcpy(token, page.next, strlen(page.next) + 1);
		hf_release(page.memory);
		rc = list(token, &page);
		require(rc == HF_OK); /* what the library gave it takes */
	}
	hf_release(page.memory);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct hf__reader in = hf__reader(hf_bytes_of(data, size));
	if (!stage)
		fill();
	list_fn *list = lists[hf__get_u8(&in) % (sizeof lists / sizeof *lists)];
	make_token(hf__get_u8(&in) % MODES, list, &in);
	walk(list);
	return 0;
}
