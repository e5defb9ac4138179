/* An at-least-once consumer: it reads a stream, acts on each event, and notes in a cursor how
 * far it got.
 *
 * First the effect, then the cursor: a consumer that dies in between acts on that one event
 * again, and on no other. (The other order would be at-most-once. Effects that live in the store
 * itself go into one transaction with the cursor, and then happen exactly once: the second half
 * shows that, with a document that counts.) */
#include "example.h"

#include <fcntl.h>
#include <inttypes.h>

enum { EVENTS = 20, DIES_AT = 7, REFUSED_AT = 12 };

/* The stream: event n has the sequence n. In a service it is a log, a table, a topic. */
static const struct hf_cursor_key mailer = {.consumer = {"mailer", 6}, .stream = {"signups", 7}};

static const struct hf_document_key total = {.collection = {"totals", 6},
                                             .id = {"mails confirmed", 15}};

/* The effect that cannot be taken back: a line in a file stands for a mail. The mail server
 * refuses one of them, once. */
static bool send_mail(int64_t sequence)
{
	static bool refused;
	char line[32];

	if (sequence == REFUSED_AT && !refused) {
		refused = true;
		return false;
	}
	const int fd = open("mails", O_WRONLY | O_CREAT | O_APPEND, 0600);
	const int length = snprintf(line, sizeof line, "welcome %" PRId64 "\n", sequence);
	need(fd >= 0 && write(fd, line, (size_t)length) == length && close(fd) == 0, "mails");
	printf("   mail %s", line);
	return true;
}

/* Where to go on: behind what was confirmed. */
static int64_t next_event(hf_store *store)
{
	struct hf_cursor_got got = {0};
	struct hf_error error;

	const int rc = hf_cursor_get(store, &mailer, 0, &got, &error);
	if (rc == HF_ENOTFOUND)
		return 1;
	must(rc, &error);
	if (got.cursor.error_count > 0)
		printf("   event %" PRId64 " failed: %.*s\n", got.cursor.last_sequence + 1,
		       TEXT(got.cursor.last_error));
	const int64_t next = got.cursor.last_sequence + 1;
	hf_release(got.memory);
	return next;
}

/* One confirmation: the position, and the count of mails in the same transaction. If another
 * consumer changes the count meanwhile, it is read again. */
static int confirm(void *ctx, hf_store *store, hf_txn *txn, struct hf_error *error)
{
	const struct hf_cursor_advance_args advance = {.key = mailer, .sequence = *(int64_t *)ctx};
	struct hf_document_put_args put = {.key = total};
	struct hf_document_got got = {0};
	char count[24] = "0";

	const int rc = hf_document_get(store, &total, 0, &got, error);
	if (rc == HF_OK)
		snprintf(count, sizeof count, "%.*s", TEXT(got.document.payload));
	else if (rc != HF_ENOTFOUND)
		return rc;
	hf_release(got.memory);
	snprintf(count, sizeof count, "%ld", strtol(count, NULL, 10) + 1);
	put.payload = hf_str(count);
	must(hf_cursor_advance(store, txn, &advance, NULL, error), error);
	return hf_document_put(store, txn, &put, NULL, error);
}

/* Works until the end of the stream; dies in the worst moment if told so. */
static void consume(hf_store *store, int64_t dies_at)
{
	struct hf_error error;

	for (int64_t sequence; (sequence = next_event(store)) <= EVENTS;) {
		if (!send_mail(sequence)) {
			const struct hf_cursor_record_error_args note = {
			    .key = mailer, .message = hf_str("451 try again later")};
			must(hf_cursor_record_error(store, NULL, &note, NULL, &error), &error);
			continue; /* the position stays: the same event again */
		}
		if (sequence == dies_at)
			return;
		must(hf_transact(store, confirm, &sequence, 0, HF_DURABLE, &error), &error);
	}
}

static void first_life(hf_store *store)
{
	consume(store, DIES_AT);
}

static void check_mails(void)
{
	int times[EVENTS + 1] = {0}, once = 0;
	char line[32];
	FILE *mails = fopen("mails", "r");

	need(mails != NULL, "mails");
	while (fgets(line, sizeof line, mails)) {
		const long number = strtol(line + strlen("welcome "), NULL, 10);
		times[number > 0 && number <= EVENTS ? number : 0]++;
	}
	fclose(mails);
	for (int i = 1; i <= EVENTS; i++)
		once += times[i] == 1;
	check(times[0] == 0 && times[DIES_AT] == 2 && once == EVENTS - 1,
	      "every mail went out; only the one at the kill went out twice");
}

int main(void)
{
	const struct hf_cursor_advance_args back = {.key = mailer, .sequence = 3};
	const struct hf_cursor_reset_args reset = {
	    .key = mailer,
	    .sequence = 18,
	    .delivered_at = HF_UNSET,
	    .reason = hf_str("mails 19 and 20 bounced: the server was misconfigured")};
	struct hf_document_got got = {0};
	struct hf_error error;

	run_and_kill(first_life);
	hf_store *store = open_store();
	check(next_event(store) == DIES_AT, "the second life goes on behind what was confirmed");
	consume(store, 0);
	check_mails();
	must(hf_document_get(store, &total, 0, &got, &error), &error);
	check(equal(got.document.payload, hf_str("20")),
	      "what was counted together with the cursor was counted exactly once");
	hf_release(got.memory);

	check(hf_cursor_advance(store, NULL, &back, NULL, &error) == HF_ENONMONOTONIC,
	      "a cursor does not go back by mistake");
	printf("   %s\n", error.text);
	must(hf_cursor_reset(store, NULL, &reset, NULL, &error), &error);
	check(next_event(store) == 19, "it does for a reason, which is kept");
	close_store(store);
	return 0;
}
