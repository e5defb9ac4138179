/* An inbox server: a poller saves what it found at some mail provider, the user's client loads
 * it, reads and dismisses.
 *
 * The poller knows nothing of what the user did: each of its pictures says "unread, not
 * dismissed" of everything again. The inbox keeps the two apart, so a picture never brings back
 * what was dismissed, however late it arrives and whatever was killed in between. */
#include "example.h"

#include <inttypes.h>

#define USER hf_str("ada")
#define T0 INT64_C(1763631000000000) /* when the poller took its first picture */

struct mail {
	const char *thread, *subject;
	double score; /* how much it matters */
};

static const struct mail mails[] = {
    {"t-1", "Lunch?", 0.2},
    {"t-2", "The bridge is closed", 0.9},
    {"t-3", "You have won", 0.1},
    {"t-4", "Minutes of the meeting", 0.5},
};
enum { MAILS = sizeof mails / sizeof *mails };

/* POST /inbox/ada: one picture of the poller, saved as a whole or not at all. Says how many
 * records it changed. */
static uint64_t save(hf_store *store, size_t count, hf_time taken_at)
{
	struct hf_inbox_input records[MAILS];
	struct hf_result result = {0};
	struct hf_error error;

	for (size_t i = 0; i < count; i++)
		records[i] = (struct hf_inbox_input){.thread = hf_str(mails[i].thread),
		                                     .payload = hf_str(mails[i].subject),
		                                     .unread = true,
		                                     .score = mails[i].score,
		                                     .updated_at = taken_at};
	const struct hf_inbox_save_args args = {
	    .user = USER, .records = records, .count = count, .generated_at = taken_at};
	must(hf_inbox_save(store, NULL, &args, &result, &error), &error);
	return result.count;
}

/* GET /inbox/ada: what is to be shown, all of it as of one moment. Gives the threads in the order
 * of the list, as "t-2 t-4 ". */
static void load(hf_store *store, char *threads, size_t size)
{
	const struct hf_inbox_load_args args = {.user = USER, .without_dismissed = true};
	struct hf_inbox_page page = {0};
	struct hf_error error;
	size_t used = 0;

	threads[0] = '\0';
	must(hf_inbox_load(store, &args, 0, &page, &error), &error);
	for (size_t i = 0; i < page.count; i++) {
		const struct hf_inbox_record *mail = &page.items[i];
		printf("   %c %.1f   %.*s\n", mail->unread ? '*' : ' ', mail->score, TEXT(mail->payload));
		used += (size_t)snprintf(threads + used, size - used, "%.*s ", TEXT(mail->key.thread));
	}
	hf_release(page.memory);
}

/* The first life of the server: it ends by kill -9. */
static void first_life(hf_store *store)
{
	struct hf_error error;
	char shown[64];

	check(save(store, 3, T0) == 3, "the first picture has three new records");
	load(store, shown, sizeof shown);
	check(strcmp(shown, "t-2 t-1 t-3 ") == 0, "of one picture, what matters most comes first");

	/* POST /inbox/ada/t-2/read, POST /inbox/ada/t-3/dismiss */
	const struct hf_inbox_mark_args read = {.key = {.user = USER, .thread = hf_str("t-2")}};
	const struct hf_inbox_mark_args dismiss = {.key = {.user = USER, .thread = hf_str("t-3")}};
	must(hf_inbox_mark_read(store, NULL, &read, NULL, &error), &error);
	must(hf_inbox_dismiss(store, NULL, &dismiss, NULL, &error), &error);
}

int main(void)
{
	struct hf_inbox_counts counts = {0};
	struct hf_error error;
	char shown[64];

	run_and_kill(first_life);

	hf_store *store = open_store();
	load(store, shown, sizeof shown);
	check(strcmp(shown, "t-2 t-1 ") == 0,
	      "what was dismissed before the kill is dismissed after it");

	/* The same picture again: a poller that does not know whether its request got through just
	 * repeats it. */
	save(store, 3, T0);
	/* And a new one, with everything in it, unread and undismissed. */
	save(store, MAILS, T0 + SECONDS(60));
	load(store, shown, sizeof shown);
	check(strcmp(shown, "t-2 t-4 t-1 ") == 0, "no later picture brings it back");

	must(hf_inbox_count(store, USER, 0, &counts, &error), &error);
	printf("%" PRIu64 " records, %" PRIu64 " unread, %" PRIu64 " dismissed\n", counts.total,
	       counts.unread, counts.dismissed);
	check(counts.total == 4 && counts.dismissed == 1,
	      "it is still there for those who look for it");
	close_store(store);
	return 0;
}
