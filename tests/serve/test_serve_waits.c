/* tier: fast */
/* Commands that wait, and messages: a wait blocks its connection alone, who hangs up gives back,
 * what a slow reader was not told is counted. */
#include <sys/socket.h>
#include <unistd.h>

#include "lib/test.h"
#include "lib/tools/served.h"

static char *call(struct served *served, int fd, const char *line)
{
	return served_call(served, fd, line, NULL);
}

static void answers(struct served *served, int fd, const char *line, const char *begins)
{
	char *answer = call(served, fd, line);
	if (strncmp(answer, begins, strlen(begins)) != 0 || (!*begins && *answer))
		fail_msg("%s\nanswered %.300s\ninstead of %s", line, answer, begins);
	free(answer);
}

static void hears(struct served *served, int fd, const char *what, bool there)
{
	char *heard = served_hear(served, fd, NULL);
	if ((strstr(heard, what) != NULL) != there)
		fail_msg("heard %.600s\nwhich %s %s", heard, there ? "lacks" : "has", what);
	free(heard);
}

/* Of an item, attempts and lost as they were. */
static void is_queued_as_before(struct served *served, int fd)
{
	char *answer = call(served, fd, "OUTBOX.GET q 1");
	assert_non_null(strstr(answer, "queued"));
	assert_non_null(strstr(answer, "attempts\r\n:0\r\n"));
	assert_non_null(strstr(answer, "lost\r\n:0\r\n"));
	free(answer);
}

static void a_wait_blocks_its_connection_alone(void **state)
{
	struct served served;
	(void)state;
	served_begin(&served, NULL, 0);
	int waits = served_connect(&served), other = served_connect(&served);
	answers(&served, waits, "OUTBOX.CLAIM_NEXT q w LEASE 1m WAIT 1h", "");
	answers(&served, waits, "PING", ""); /* behind it, in order */
	answers(&served, other, "PING", "+PONG");
	answers(&served, other, "OUTBOX.ENQUEUE q 1 hello", "*14");
	char *heard = served_hear(&served, waits, NULL);
	assert_non_null(strstr(heard, "hello"));
	assert_non_null(strstr(heard, "+PONG"));
	assert_true(strstr(heard, "+PONG") > strstr(heard, "hello"));
	free(heard);
	answers(&served, waits, "LOCK.ACQUIRE l a LEASE 1m", "*14");
	answers(&served, other, "LOCK.ACQUIRE l b LEASE 1m WAIT forever", "");
	answers(&served, waits, "LOCK.FORCE_RELEASE l it-hangs", "*14");
	hears(&served, other, "token", true);
	answers(&served, waits, "LOCK.ACQUIRE l a LEASE 1m WAIT -7", "-HF_EINVAL");
	close(waits);
	close(other);
	served_end(&served);
}

static void who_hangs_up_while_waiting_takes_nothing(void **state)
{
	struct served served;
	(void)state;
	served_begin(&served, NULL, 0);
	int other = served_connect(&served);
	for (int half = 0; half < 2; half++) {
		int gone = served_connect(&served), next = served_connect(&served);
		answers(&served, gone, "OUTBOX.CLAIM_NEXT q w LEASE 1m WAIT 1h", "");
		if (half)
			assert_int_equal(shutdown(gone, SHUT_WR), 0);
		else
			close(gone);
		answers(&served, next, "OUTBOX.CLAIM_NEXT q w LEASE 1m WAIT 1h", "");
		answers(&served, other, "OUTBOX.ENQUEUE q 1 p", "*14");
		hears(&served, next, "sending", true);
		close(next);
		if (half)
			close(gone);
		answers(&served, other, "OUTBOX.CLEAR q", "*14");
	}
	close(other);
	served_end(&served);
}

static void what_was_granted_to_who_is_gone_goes_back_uncounted(void **state)
{
	struct served served;
	size_t len;
	(void)state;
	served_begin(&served, NULL, 0);
	int gone = served_connect(&served), other = served_connect(&served);
	answers(&served, gone, "OUTBOX.CLAIM_NEXT q w LEASE 1m WAIT 1h", "");
	char *bytes = served_spell("OUTBOX.ENQUEUE q 1 p", &len);
	assert_int_equal(send(other, bytes, len, 0), (ssize_t)len); /* seen in the same turn */
	close(gone);
	char *answer = served_hear(&served, other, NULL);
	free(answer);
	free(bytes);
	is_queued_as_before(&served, other);
	close(other);
	served_end(&served);
}

static void what_was_sent_to_who_did_not_read_it_goes_back_too(void **state)
{
	struct served served;
	(void)state;
	served_begin(&served, NULL, 0);
	int other = served_connect(&served);
	for (int reads = 0; reads < 2; reads++) {
		char piece[4096];
		int claims = served_connect(&served), locks = served_connect(&served);
		answers(&served, claims, "OUTBOX.CLAIM_NEXT q w LEASE 1m WAIT 1h", "");
		answers(&served, other, "LOCK.ACQUIRE l w LEASE 1m", "*14");
		answers(&served, locks, "LOCK.ACQUIRE l x LEASE 1m WAIT 1h", "");
		answers(&served, other, "OUTBOX.ENQUEUE q 1 p", "*14");
		answers(&served, other, "LOCK.FORCE_RELEASE l it-hangs", "*14");
		hears(&served, other, "anything", false);
		if (reads) {
			assert_true(recv(claims, piece, sizeof piece, MSG_DONTWAIT) > 0);
			assert_true(recv(locks, piece, sizeof piece, MSG_DONTWAIT) > 0);
		}
		close(claims);
		close(locks);
		hears(&served, other, "anything", false);
		if (reads) {
			answers(&served, other, "OUTBOX.CLAIM q 1 w LEASE 1m", "-HF_ECLAIMED");
			answers(&served, other, "LOCK.ACQUIRE l y LEASE 1m", "-HF_EHELD");
		} else {
			is_queued_as_before(&served, other);
			answers(&served, other, "LOCK.GET l", "-HF_ENOTFOUND");
			answers(&served, other, "OUTBOX.CLEAR q", "*14");
		}
	}
	close(other);
	served_end(&served);
}

static void a_feed_is_read_from_any_place_and_waited_for(void **state)
{
	struct served served;
	(void)state;
	served_begin(&served, NULL, 0);
	int reads = served_connect(&served), other = served_connect(&served);
	answers(&served, other, "DOCUMENT.PUT c 1 p", "*14");
	char *answer = call(&served, reads, "FEED.READ 0 LIMIT 10");
	assert_non_null(strstr(answer, "$3\r\nlsn\r\n$1\r\n1\r\n"));
	assert_non_null(strstr(answer, "$4\r\nnext\r\n$1\r\n2\r\n"));
	free(answer);
	answers(&served, reads, "FEED.READ 2 WAIT 1h", "");
	answers(&served, other, "DOCUMENT.PUT c 2 p", "*14");
	hears(&served, reads, "$3\r\nlsn\r\n$1\r\n2\r\n", true);
	answers(&served, reads, "FEED.READ 3", "*4\r\n$6\r\nevents\r\n*0\r\n");
	answers(&served, reads, "FEED.READ 99", "-HF_EINVAL");
	answers(&served, reads, "FEED.READ", "-HF_EINVAL");
	answers(&served, reads, "FEED.READ 1 LIMIT", "-HF_EINVAL");
	answers(&served, reads, "FEED.READ 1 WAIT soon", "-HF_EINVAL");
	answers(&served, reads, "FEED.READ 1 COLOUR red", "-HF_EINVAL");
	close(reads);
	close(other);
	served_end(&served);
}

static void messages_tell_what_changed(void **state)
{
	struct served served;
	struct hf_error error;
	(void)state;
	served_begin(&served, NULL, 0);
	int hears_all = served_connect(&served), other = served_connect(&served);
	answers(&served, hears_all, "SUBSCRIBE outbox:a%3Ab document",
	        "*3\r\n$9\r\nsubscribe\r\n$12\r\noutbox:a%3Ab\r\n:1\r\n*3\r\n$9\r\nsubscribe\r\n");
	answers(&served, hears_all, "DOCUMENT.GET c 1", "-ERR only (UN)SUBSCRIBE ");
	answers(&served, hears_all, "PING x", "*2\r\n$4\r\npong\r\n$1\r\nx\r\n");
	answers(&served, hears_all, "SUBSCRIBE nothing", "-HF_EINVAL");
	answers(&served, hears_all, "SUBSCRIBE outbox:a:b:c:d", "-HF_EINVAL");
	answers(&served, hears_all, "SUBSCRIBE outbox:%41", "-HF_EINVAL");
	answers(&served, hears_all, "PSUBSCRIBE *", "-ERR there are no patterns");
	answers(&served, other, "OUTBOX.ENQUEUE a:b 1 p", "*14");
	answers(&served, other, "OUTBOX.ENQUEUE other 1 p", "*14");
	answers(&served, other, "DOCUMENT.PUT c 1 p", "*14");
	assert_int_equal(hf_maintain(served.store, 0, &error), HF_OK);
	char *heard = served_hear(&served, hears_all, NULL);
	assert_non_null(strstr(heard, "\"operation\":\"enqueue\",\"key1\":\"a:b\",\"key2\":\"1\""));
	assert_non_null(strstr(heard, "$7\r\nmessage\r\n$8\r\ndocument\r\n"));
	assert_null(strstr(heard, "\"key1\":\"other\""));
	free(heard);
	answers(&served, hears_all, "UNSUBSCRIBE document",
	        "*3\r\n$11\r\nunsubscribe\r\n$8\r\ndocument\r\n:1\r\n");
	answers(&served, hears_all, "UNSUBSCRIBE", "*3\r\n$11\r\nunsubscribe\r\n$12\r\n");
	answers(&served, hears_all, "UNSUBSCRIBE", "*3\r\n$11\r\nunsubscribe\r\n$-1\r\n:0\r\n");
	answers(&served, hears_all, "HELLO 3", "%7");
	answers(&served, hears_all, "SUBSCRIBE *", ">3\r\n$9\r\nsubscribe\r\n$1\r\n*\r\n:1\r\n");
	answers(&served, hears_all, "DOCUMENT.HAS c 1", "#t");
	close(hears_all);
	close(other);
	served_end(&served);
}

static void who_reads_slowly_is_told_how_much_was_lost(void **state)
{
	struct served served;
	struct hf_error error;
	(void)state;
	served_begin(&served, NULL, 0);
	int slow = served_connect(&served), other = served_connect(&served);
	answers(&served, slow, "SUBSCRIBE outbox", "*3");
	for (int round = 0; round < 12; round++) {
		for (int i = 0; i < 1000; i++) {
			char id[16];
			(void)snprintf(id, sizeof id, "%d", round * 1000 + i);
			const struct hf_outbox_enqueue_args args = {.queue = hf_str("q"), .id = hf_str(id)};
			assert_int_equal(hf_outbox_enqueue(served.store, NULL, &args, NULL, NULL), HF_OK);
		}
		assert_int_equal(hf_maintain(served.store, 0, &error), HF_OK);
		answers(&served, other, "PING", "+PONG");
	}
	hears(&served, slow, "\"lost\":\"", true);
	close(slow);
	close(other);
	served_end(&served);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_wait_blocks_its_connection_alone),
	    cmocka_unit_test(who_hangs_up_while_waiting_takes_nothing),
	    cmocka_unit_test(what_was_granted_to_who_is_gone_goes_back_uncounted),
	    cmocka_unit_test(what_was_sent_to_who_did_not_read_it_goes_back_too),
	    cmocka_unit_test(a_feed_is_read_from_any_place_and_waited_for),
	    cmocka_unit_test(messages_tell_what_changed),
	    cmocka_unit_test(who_reads_slowly_is_told_how_much_was_lost),
	};
	return cmocka_run_group_tests_name("waits and messages of a served store", tests, NULL, NULL);
}
