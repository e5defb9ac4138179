/* Three witnesses are compared. The log says what the store did; the sender's list, kept
 * elsewhere, what was really sent; the acknowledgements, told by workers as they came, what the
 * store has promised. A claim is known by its token, which holds the number of its log entry. */
#include "demo.h"
#include "report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum outcome {
	OUTCOME_NONE, /* its holder died, or never ended it */
	OUTCOME_COMPLETED,
	OUTCOME_FAILED,
};

struct claim {
	hf_lsn lsn;
	struct item *item;
	enum outcome outcome;
	unsigned sends; /* in the sender's list */
	unsigned acks;
	bool taken; /* the sender took it */
};

struct audit {
	struct demo *demo;
	struct claim *claims; /* by LSN */
	size_t count, room;
	/* entries about this queue that cannot be: of no item, outcomes without a claim */
	size_t strange;
};

/* --- The log ---------------------------------------------------------------------------------- */

static void add_claim(struct audit *audit, struct item *item, hf_lsn lsn)
{
	if (audit->count == audit->room) {
		audit->room = audit->room ? audit->room * 2 : 1024;
		audit->claims = realloc(audit->claims, audit->room * sizeof(*audit->claims));
		must_be(audit->claims != NULL, "there is memory for the claims");
	}
	audit->claims[audit->count++] = (struct claim){.lsn = lsn, .item = item};
	item->claim = audit->count;
}

static void end_claim(struct audit *audit, struct item *item, enum outcome outcome)
{
	struct claim *claim = item->claim ? &audit->claims[item->claim - 1] : NULL;

	if (claim && claim->outcome == OUTCOME_NONE)
		claim->outcome = outcome;
	else
		audit->strange++;
	item->completions += outcome == OUTCOME_COMPLETED;
}

/* An entry reads "complete commits/ID ...". */
static bool note_entry(void *ctx, const struct hf_log_entry *entry)
{
	struct audit *audit = ctx;
	const char *key =
	    strcmp(entry->domain, "outbox") == 0 ? strstr(entry->text, " " QUEUE "/") : NULL;
	struct item *item;
	size_t verb;

	if (!key)
		return true;
	verb = (size_t)(key - entry->text);
	key += strlen(" " QUEUE "/");
	item = files_item(audit->demo, hf_bytes_of(key, strcspn(key, " ")));
	if (!item)
		audit->strange++;
	else if (verb == 5 && memcmp(entry->text, "claim", verb) == 0)
		add_claim(audit, item, entry->lsn);
	else if (verb == 8 && memcmp(entry->text, "complete", verb) == 0)
		end_claim(audit, item, OUTCOME_COMPLETED);
	else if (verb == 4 && memcmp(entry->text, "fail", verb) == 0)
		end_claim(audit, item, OUTCOME_FAILED);
	return true;
}

static int compare_lsn(const void *left, const void *right)
{
	hf_lsn a = ((const struct claim *)left)->lsn, b = ((const struct claim *)right)->lsn;

	return (a > b) - (a < b);
}

static struct claim *find_claim(const struct audit *audit, hf_token token)
{
	struct claim wanted = {.lsn = token & ((UINT64_C(1) << 48) - 1)};

	return audit->count ? bsearch(&wanted, audit->claims, audit->count, sizeof(wanted), compare_lsn)
	                    : NULL;
}

/* --- Acknowledgements against the log --------------------------------------------------------- */

static void check_acks(struct audit *audit, enum crew_step step, enum outcome outcome,
                       const char *what)
{
	size_t told = 0, found = 0;

	for (size_t i = 0; i < audit->demo->ack_count; i++) {
		const struct ack *ack = &audit->demo->acks[i];
		struct claim *claim = find_claim(audit, ack->token);
		if (ack->step != step)
			continue;
		told++;
		if (claim && claim->outcome == outcome && ++claim->acks == 1)
			found++;
	}
	report_fact(told && found == told, what, "%zu of %zu", found, told);
}

/* What was done and not told: only where the kill came between. */
static void check_untold(struct audit *audit)
{
	size_t before = 0, after = 0;

	for (size_t i = 0; i < audit->count; i++) {
		const struct claim *claim = &audit->claims[i];
		if (claim->outcome != OUTCOME_NONE && !claim->acks)
			*(claim->lsn <= audit->demo->killed_lsn ? &before : &after) += 1;
	}
	report_fact(before <= WORKERS && !after,
	            "what is in the log unacknowledged was cut off by the kill itself", "%zu",
	            before + after);
}

/* --- The sender's list against the log -------------------------------------------------------- */

static void check_list(struct audit *audit)
{
	size_t lines, once = 0, agreed = 0;
	struct sent *list = sender_read(&lines);

	must_be(list != NULL, "the sender's list can be read");
	for (size_t i = 0; i < lines; i++) {
		struct claim *claim = find_claim(audit, list[i].token);
		if (!claim || strcmp(claim->item->id, list[i].id) != 0)
			continue;
		claim->taken = list[i].taken;
		claim->item->taken += list[i].taken;
		once += ++claim->sends == 1;
		agreed += claim->outcome == OUTCOME_NONE ||
		          (claim->outcome == OUTCOME_COMPLETED) == list[i].taken;
	}
	report_fact(lines && once == lines,
	            "every send was made under a claim in the log, and no claim sent twice",
	            "%zu sends, %zu claims", lines, audit->count);
	report_fact(agreed == lines && !audit->strange,
	            "the log says of each send what the sender says of it", "%zu of %zu", agreed,
	            lines);
	free(list);
}

/* A claim that came to no end is one that was open at the kill; nothing else may have been sent
 * again after the sender took it. */
static void check_again(struct audit *audit)
{
	size_t open = 0, open_sent = 0, open_taken = 0, others = 0, twice = 0;

	for (size_t i = 0; i < audit->count; i++) {
		const struct claim *claim = &audit->claims[i];
		bool at_kill = claim->lsn <= audit->demo->killed_lsn;
		if (claim->outcome != OUTCOME_NONE)
			continue;
		open += at_kill;
		open_sent += at_kill && claim->sends;
		open_taken += at_kill && claim->taken;
		others += !at_kill;
	}
	for (size_t i = 0; i < audit->demo->item_count; i++)
		twice += audit->demo->items[i].taken > 1 ? audit->demo->items[i].taken - 1 : 0;
	report_fact(open <= WORKERS && !others && twice == open_taken,
	            "only items whose claim was open at the kill were sent again",
	            "%zu open, %zu sent again (%zu of them taken twice)", open, open_sent, twice);
}

static void check_all(struct audit *audit)
{
	size_t delivered = 0;

	for (size_t i = 0; i < audit->demo->item_count; i++) {
		const struct item *item = &audit->demo->items[i];
		delivered += item->completions == 1 && item->taken >= 1;
	}
	report_fact(delivered == audit->demo->item_count,
	            "every imported item was delivered, and completed exactly once", "%zu of %zu",
	            delivered, audit->demo->item_count);
}

void audit_all(struct demo *demo)
{
	struct audit audit = {.demo = demo};
	struct hf_error error;

	must(hf_log_each(STORE, 0, 0, note_entry, &audit, &error), &error, "reading the log");
	check_acks(&audit, CREW_COMPLETED, OUTCOME_COMPLETED,
	           "no acknowledged completion is lost: each is in the log");
	check_acks(&audit, CREW_FAILED, OUTCOME_FAILED,
	           "no acknowledged failure is lost: each is in the log");
	check_untold(&audit);
	check_list(&audit);
	check_again(&audit);
	check_all(&audit);
	free(audit.claims);
}
