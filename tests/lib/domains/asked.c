/* See asked.h. */
#include "lib/domains/asked.h"

#include "lib/test.h"
#include "store/store.h"

__attribute__((format(printf, 2, 3))) static void say(struct said *said, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	const int len = vsnprintf(said->text + said->len, SAID_MAX - said->len, format, args);
	va_end(args);
	assert_true(len >= 0 && (size_t)len < SAID_MAX - said->len);
	said->len += (size_t)len;
}

/* A version or token. */
static int64_t lsn_of(const struct said *said, uint64_t lsn)
{
	return said->without_lsns ? lsn != 0 : (int64_t)lsn;
}

static void say_bytes(struct said *said, struct hf_bytes bytes)
{
	say(said, " %.*s", (int)bytes.len, bytes.len ? (const char *)bytes.data : "");
}

static void say_numbers(struct said *said, size_t count, const int64_t *numbers)
{
	for (size_t i = 0; i < count; i++)
		say(said, " %lld", (long long)numbers[i]);
}

#define SAY(said, ...) \
	say_numbers((said), sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t), \
	            (const int64_t[]){__VA_ARGS__})

/* --- Asking ----------------------------------------------------------------------------------- */

static void say_place(struct said *said, const struct place *place, bool done)
{
	say(said, " changed %d count %llu version %d token %d |", place->result.changed,
	    (unsigned long long)place->result.count, place->result.version != 0,
	    place->result.token != 0);
	for (size_t i = 0; done && i < place->items.count; i++) {
		say_bytes(said, place->items.items[i].id);
		say_bytes(said, place->items.items[i].payload);
		SAY(said, place->items.items[i].attempts, place->items.items[i].enqueued_at);
	}
	if (!done)
		return;
	SAY(said, place->begun.outcome, place->begun.status, place->begun.lease_until,
	    place->begun.expires_at);
	say_bytes(said, place->begun.response);
}

void say_outcome(struct said *said, int rc, unsigned failed, const char *why, struct place *places,
                 size_t count)
{
	say(said, "%s at %u %s", hf_code_name(rc), rc == HF_OK ? 0 : failed, rc == HF_OK ? "" : why);
	for (size_t i = 0; i < count; i++) {
		if (rc == HF_OK)
			say_place(said, &places[i], true);
		hf_release(places[i].items.memory);
		hf_release(places[i].begun.memory);
	}
}

void ask_deeds(hf_store *s, const struct deed *deeds, size_t count, struct said *said)
{
	struct place places[ASK_TOGETHER] = {0};
	struct hf_error error = {0};
	hf_txn *txn = NULL;
	int rc;
	if (count == 1) {
		rc = deed_perform(&deeds[0], s, NULL, HF_OS, &places[0], &error);
	} else {
		assert_int_equal(hf_txn_begin(s, &txn, &error), HF_OK);
		for (size_t i = 0; i < count; i++)
			assert_int_equal(deed_perform(&deeds[i], s, txn, HF_DURABLE, &places[i], &error),
			                 HF_OK);
		rc = hf_txn_commit(txn, HF_OS, &error);
	}
	for (size_t i = 0; i < count && rc != HF_OK; i++)
		assert_false(places[i].result.changed);
	say_outcome(said, rc, error.operation, error.text, places, count);
}

static void ask_outbox(hf_store *s, unsigned which, struct said *said)
{
	const struct hf_bytes queue = hf_str("q");
	if (which == 0 && !said->without_counts) {
		struct hf_outbox_stats stats;
		assert_int_equal(hf_outbox_get_stats(s, queue, 0, &stats, NULL), HF_OK);
		SAY(said, (int64_t)stats.queued.items, stats.queued.oldest, (int64_t)stats.sending.items,
		    (int64_t)stats.failed.items, stats.paused, (int64_t)stats.blocked,
		    (int64_t)stats.busy_groups, (int64_t)stats.completed, stats.dedup_window_us);
		return;
	}
	struct hf_outbox_items page;
	assert_int_equal(
	    hf_outbox_list(s, &(struct hf_outbox_list_args){.queue = queue, .status = which % 4}, 0,
	                   &page, NULL),
	    HF_OK);
	for (size_t i = 0; i < page.count; i++) {
		say_bytes(said, page.items[i].id);
		SAY(said, page.items[i].status, page.items[i].attempts, lsn_of(said, page.items[i].version),
		    page.items[i].lease_until, page.items[i].rerun != NULL);
	}
	hf_release(page.memory);
}

static void ask_inbox(hf_store *s, unsigned which, struct said *said)
{
	const struct hf_bytes user = hf_str("u");
	if (which == 0) {
		struct hf_inbox_counts counts;
		assert_int_equal(hf_inbox_count(s, user, 0, &counts, NULL), HF_OK);
		SAY(said, (int64_t)counts.total, (int64_t)counts.unread, (int64_t)counts.unseen,
		    (int64_t)counts.dismissed);
		return;
	}
	struct hf_inbox_page page;
	const struct hf_inbox_load_args load = {.user = user,
	                                        .unread_only = which == 1,
	                                        .without_dismissed = which == 2,
	                                        .without_snoozed = which == 3};
	assert_int_equal(hf_inbox_load(s, &load, 0, &page, NULL), HF_OK);
	SAY(said, page.generated_at);
	for (size_t i = 0; i < page.count; i++) {
		say_bytes(said, page.items[i].key.thread);
		SAY(said, lsn_of(said, page.items[i].version), page.items[i].unread,
		    page.items[i].dismissed, page.items[i].snoozed_until);
	}
	hf_release(page.memory);
}

static void ask_documents(hf_store *s, unsigned which, struct said *said)
{
	if (which == 0) {
		struct hf_document_counts counted;
		assert_int_equal(
		    hf_document_count(s, &(struct hf_document_count_args){.collection = hf_str("c")}, 0,
		                      &counted, NULL),
		    HF_OK);
		SAY(said, (int64_t)counted.documents, counted.orders);
		return;
	}
	struct hf_document_got got;
	const int rc =
	    hf_document_get(s, &(struct hf_document_key){hf_str("c"), deed_name(which)}, 0, &got, NULL);
	SAY(said, rc, lsn_of(said, got.document.version), got.document.updated_at);
	say_bytes(said, got.document.payload);
	hf_release(got.memory);
}

static void ask_cursor(hf_store *s, unsigned which, struct said *said)
{
	struct hf_cursor_page page;
	const struct hf_cursor_list_args list = {.stream = hf_str(which == 0   ? ""
	                                                          : which == 1 ? "s"
	                                                                       : "t")};
	assert_int_equal(hf_cursor_list(s, &list, 0, &page, NULL), HF_OK);
	for (size_t i = 0; i < page.count; i++)
		SAY(said, lsn_of(said, page.items[i].version), page.items[i].last_sequence);
	hf_release(page.memory);
}

static void ask_others(hf_store *s, unsigned which, struct said *said)
{
	struct hf_lock_page locks;
	struct hf_idempotency_got entry;
	struct hf_migration_page migrations;
	uint64_t events = 0;
	if (which == 0) {
		assert_int_equal(hf_lock_list(s, NULL, 0, &locks, NULL), HF_OK);
		for (size_t i = 0; i < locks.count; i++)
			SAY(said, lsn_of(said, locks.items[i].token), lsn_of(said, locks.items[i].version));
		hf_release(locks.memory);
	} else if (which == 1) {
		const int rc = hf_idempotency_get(s, &(struct hf_idempotency_key){hf_str("s"), hf_str("a")},
		                                  0, &entry, NULL);
		SAY(said, rc, lsn_of(said, entry.entry.version), entry.entry.done);
		hf_release(entry.memory);
	} else if (which == 2) {
		assert_int_equal(hf_migration_list(s, NULL, 0, &migrations, NULL), HF_OK);
		SAY(said, (int64_t)migrations.count);
		hf_release(migrations.memory);
	} else {
		assert_int_equal(hf_timeline_count(s, &(struct hf_timeline_filter){.timeline = hf_str("t")},
		                                   0, &events, NULL),
		                 HF_OK);
		SAY(said, (int64_t)events);
	}
}

static void ask_names(hf_store *s, unsigned which, struct said *said)
{
	typedef int (*names_fn)(hf_store *, const struct hf_names_args *, unsigned,
	                        struct hf_name_page *, struct hf_error *);
	static const names_fn lists[] = {hf_inbox_names, hf_outbox_names, hf_document_names,
	                                 hf_idempotency_names, hf_timeline_names};
	for (unsigned i = which; i < sizeof lists / sizeof *lists; i += 4) {
		struct hf_name_page page;
		assert_int_equal(lists[i](s, NULL, 0, &page, NULL), HF_OK);
		for (size_t j = 0; j < page.count; j++)
			say_bytes(said, page.items[j]);
		hf_release(page.memory);
	}
}

static void ask_remembered(hf_store *s, unsigned which, struct said *said)
{
	struct hf_inbox_tombstone_page tombs;
	struct hf_outbox_completed_page ids;
	struct hf_idempotency_counts counts;
	if (which % 3 == 0) {
		assert_int_equal(
		    hf_inbox_list_tombstones(
		        s, &(struct hf_inbox_list_tombstones_args){.user = hf_str("u")}, 0, &tombs, NULL),
		    HF_OK);
		for (size_t i = 0; i < tombs.count; i++)
			SAY(said, lsn_of(said, tombs.items[i].version), tombs.items[i].dismissed,
			    tombs.items[i].until);
		hf_release(tombs.memory);
	} else if (which % 3 == 1) {
		assert_int_equal(
		    hf_outbox_list_completed(
		        s, &(struct hf_outbox_list_completed_args){.queue = hf_str("q")}, 0, &ids, NULL),
		    HF_OK);
		for (size_t i = 0; i < ids.count; i++)
			say_bytes(said, ids.ids[i].id);
		hf_release(ids.memory);
	} else {
		assert_int_equal(hf_idempotency_count(s, hf_str("s"), 0, &counts, NULL), HF_OK);
		SAY(said, (int64_t)counts.in_progress, (int64_t)counts.done);
	}
}

void ask_read(hf_store *s, unsigned which, struct said *said)
{
	typedef void (*ask_fn)(hf_store *, unsigned, struct said *);
	static const ask_fn reads[READS / 4] = {ask_outbox, ask_inbox, ask_documents, ask_cursor,
	                                        ask_others, ask_names, ask_remembered};
	reads[which / 4](s, which % 4, said);
}

/* --- Two stores ------------------------------------------------------------------------------- */

void pair_open(struct pair *pair)
{
	pair_open_with(pair, (struct hf_options){0}, (struct hf_options){0});
}

void pair_open_with(struct pair *pair, struct hf_options first, struct hf_options second)
{
	pair->options[0] = first;
	pair->options[1] = second;
	for (unsigned i = 0; i < 2; i++) {
		pair->options[i].create = pair->options[i].no_background = true;
		pair->sims[i] = sim_new(sim_profile_strict(), 1);
		sim_set_now(pair->sims[i], DEED_NOW);
		assert_int_equal(hf__store_open(sim_os(pair->sims[i]), hf__all_domains(), &pair->options[i],
		                                &pair->stores[i], NULL),
		                 HF_OK);
	}
}

void pair_reopen(struct pair *pair)
{
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(hf_close(pair->stores[i], NULL), HF_OK);
		assert_int_equal(hf__store_open(sim_os(pair->sims[i]), hf__all_domains(), &pair->options[i],
		                                &pair->stores[i], NULL),
		                 HF_OK);
	}
}

void pair_advance(struct pair *pair, int64_t us)
{
	for (unsigned i = 0; i < 2; i++)
		sim_advance(pair->sims[i], us);
}

size_t pair_draw(struct pair *pair, struct hf_rng *rng, unsigned focus,
                 struct deed deeds[2][ASK_TOGETHER])
{
	const size_t count = hf_rng_below(rng, ASK_TOGETHER + 1);
	for (size_t i = 0; i < count; i++) {
		deeds[0][i] = deeds[1][i] = deed_draw(rng, pair->stores[0], focus);
		if (deeds[0][i].token != 1)
			deeds[1][i].token = deed_token(&deeds[1][i], pair->stores[1]);
	}
	return count;
}

void pair_agree(const struct said said[2], const struct deed *deeds, size_t count, unsigned read)
{
	char text[200] = "";
	size_t len = 0;
	for (size_t i = 0; i < count; i++)
		len += (size_t)snprintf(text + len, sizeof text - len, " kind %u flag %u other %u name %u,",
		                        deeds[i].which, deeds[i].flag, deeds[i].other, deeds[i].name);
	if (strcmp(said[0].text, said[1].text) != 0)
		fail_msg("asked:%s read %u: one says \"%s\", the other \"%s\"", text, read, said[0].text,
		         said[1].text);
}

void pair_close(struct pair *pair)
{
	for (unsigned i = 0; i < 2; i++) {
		(void)hf_close(pair->stores[i], NULL);
		sim_free(pair->sims[i]);
	}
}
