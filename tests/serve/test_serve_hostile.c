/* tier: fast */
/* Clients of a served store that do what no client should: they send halves, read nothing, ask for
 * too much, hang up at any byte. Memory stays within its bound, and others are answered. */
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/test.h"
#include "lib/tools/served.h"

enum { KIB = 1 << 10, MIB = 1 << 20, IDLE = 300 };

static void answers_with(struct served *served, int fd, const char *line, const char *wanted)
{
	char *answer = served_call(served, fd, line, NULL);
	if (strncmp(answer, wanted, strlen(wanted)) != 0)
		fail_msg("%s\nanswered %.200s\ninstead of %s", line, answer, wanted);
	free(answer);
}

static void put(struct served *served, const char *id, size_t len)
{
	char *payload = calloc(1, len);
	const struct hf_document_put_args args = {.key = {hf_str("c"), hf_str(id)},
	                                          .payload = hf_bytes_of(payload, len)};
	assert_non_null(payload);
	assert_int_equal(hf_document_put(served->store, NULL, &args, NULL, NULL), HF_OK);
	free(payload);
}

/* Writes as often as the other side takes it. */
static size_t flood(struct served *served, int fd, const char *line, size_t times)
{
	struct hf_error error;
	size_t len, sent = 0;
	char *bytes = served_spell(line, &len);
	for (; sent < times; sent++) {
		if (send(fd, bytes, len, MSG_DONTWAIT | MSG_NOSIGNAL) != (ssize_t)len)
			break;
		if (sent % 64 == 0)
			assert_int_equal(serve_run(served->serve, 0, &error), HF_OK);
	}
	assert_int_equal(serve_run(served->serve, 0, &error), HF_OK);
	free(bytes);
	return sent;
}

/* By all connections. */
static size_t bytes_kept(struct served *served, int fd)
{
	char *answer = served_call(served, fd, "INFO", NULL);
	const char *bytes = strstr(answer, "serve_bytes:");
	assert_non_null(bytes);
	const size_t kept = strtoul(bytes + strlen("serve_bytes:"), NULL, 10);
	free(answer);
	return kept;
}

static void who_reads_nothing_is_answered_no_more_than_a_little(void **state)
{
	struct served served;
	(void)state;
	served_begin(&served, NULL, 16 * MIB);
	put(&served, "large", 200 * KIB);
	int deaf = served_connect(&served), other = served_connect(&served);
	/* a million answers of 200 KB would be 200 GB */
	assert_true(flood(&served, deaf, "DOCUMENT.GET c large", 1000000) < 100000);
	answers_with(&served, other, "PING", "+PONG");
	answers_with(&served, other, "DOCUMENT.HAS c large", ":1");
	assert_true(bytes_kept(&served, other) < 4 * MIB);
	close(deaf);
	answers_with(&served, other, "CLIENT LIST", "$");
	close(other);
	served_end(&served);
}

static void what_is_too_large_for_the_room_is_refused(void **state)
{
	struct served served;
	char *big = calloc(1, 4 * MIB);
	static const char head[] = "*4\r\n$12\r\nDOCUMENT.PUT\r\n$1\r\nc\r\n$1\r\n1\r\n$16000000\r\n";
	(void)state;
	assert_non_null(big);
	served_begin(&served, NULL, 4 * MIB);
	int greedy = served_connect(&served), other = served_connect(&served);
	char *none = served_say(&served, greedy, head, sizeof head - 1, NULL);
	char *answer = served_say(&served, greedy, big, 4 * MIB, NULL);
	assert_memory_equal(answer, "-HF_ENOMEM ", 11);
	assert_true(served_is_closed(greedy));
	answers_with(&served, other, "PING", "+PONG");
	put(&served, "1", 6 * MIB); /* more than all connections may keep */
	answers_with(&served, other, "DOCUMENT.GET c 1", "-HF_ENOMEM ");
	assert_true(served_is_closed(other));
	free(none);
	free(answer);
	free(big);
	close(greedy);
	close(other);
	served_end(&served);
}

static void a_list_is_as_long_as_an_answer_may_be(void **state)
{
	struct served served;
	char id[16];
	(void)state;
	served_begin(&served, NULL, 0);
	for (int i = 0; i < 1200; i++) {
		(void)snprintf(id, sizeof id, "%d", i);
		put(&served, id, 10);
	}
	int fd = served_connect(&served);
	answers_with(&served, fd, "DOCUMENT.LIST c", "*4\r\n$5\r\nitems\r\n*1000\r\n");
	answers_with(&served, fd, "DOCUMENT.LIST c LIMIT 0", "*4\r\n$5\r\nitems\r\n*1000\r\n");
	answers_with(&served, fd, "DOCUMENT.LIST c LIMIT 7", "*4\r\n$5\r\nitems\r\n*7\r\n");
	for (int i = 0; i < 6; i++) {
		(void)snprintf(id, sizeof id, "%d", i);
		put(&served, id, 9 * MIB);
	}
	/* four of them fill an answer */
	answers_with(&served, fd, "DOCUMENT.LIST c", "*4\r\n$5\r\nitems\r\n*4\r\n");
	close(fd);
	served_end(&served);
}

static void transactions_have_a_bound(void **state)
{
	struct served served;
	size_t len;
	(void)state;
	served_begin(&served, NULL, 0);
	int fd = served_connect(&served);
	answers_with(&served, fd, "MULTI", "+OK");
	char *bytes = served_spell("PING", &len);
	char *many = malloc(len * 16384);
	assert_non_null(many);
	for (size_t i = 0; i < 16384; i++)
		memcpy(many + i * len, bytes, len);
	size_t got;
	char *answer = served_say(&served, fd, many, len * 16384, &got);
	assert_int_equal(got, 16384 * strlen("+QUEUED\r\n"));
	answers_with(&served, fd, "PING", "-ERR ");
	answers_with(&served, fd, "DOCUMENT.PUT c 1 p", "-HF_ETOOBIG ");
	answers_with(&served, fd, "EXEC", "-EXECABORT ");
	answers_with(&served, fd, "DOCUMENT.HAS c 1", ":0");
	free(answer);
	free(many);
	free(bytes);
	close(fd);
	served_end(&served);
}

static void hanging_up_at_any_byte_harms_nothing(void **state)
{
	static const char *const lines[] = {"MULTI",
	                                    "WATCH DOCUMENT c 1",
	                                    "DOCUMENT.PUT c 1 p",
	                                    "LOCK.ACQUIRE l w LEASE 30s",
	                                    "SUBSCRIBE *",
	                                    "OUTBOX.CLAIM_NEXT q w LEASE 1m WAIT 1h",
	                                    "FEED.READ 0 WAIT forever"};
	struct served served;
	(void)state;
	served_begin(&served, NULL, 0);
	int other = served_connect(&served);
	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
		size_t len;
		char *bytes = served_spell(lines[i], &len);
		for (size_t cut = 0; cut <= len; cut++) {
			int fd = served_connect(&served);
			char *answer = served_say(&served, fd, bytes, cut, NULL);
			free(answer);
			close(fd);
		}
		free(bytes);
	}
	answers_with(&served, other, "INFO", "$");
	char *answer = served_call(&served, other, "CLIENT LIST", NULL);
	assert_null(strstr(strstr(answer, "id=") + 1, "id=")); /* nobody else is left */
	free(answer);
	close(other);
	served_end(&served);
}

static void idle_connections_cost_others_nothing_but_their_descriptors(void **state)
{
	struct served served;
	int idle[IDLE];
	(void)state;
	served_begin(&served, NULL, 0);
	for (int i = 0; i < IDLE; i++) {
		idle[i] = served_connect(&served);
		if (i % 2) {
			char *answer = served_say(&served, idle[i], "*2\r\n$4\r\nEC", 10, NULL);
			free(answer);
		}
	}
	int fd = served_connect(&served);
	for (int i = 0; i < 1000; i++)
		answers_with(&served, fd, "PING", "+PONG");
	assert_true(bytes_kept(&served, fd) < IDLE * 20 * KIB);
	for (int i = 0; i < IDLE; i++)
		close(idle[i]);
	close(fd);
	served_end(&served);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(who_reads_nothing_is_answered_no_more_than_a_little),
	    cmocka_unit_test(what_is_too_large_for_the_room_is_refused),
	    cmocka_unit_test(a_list_is_as_long_as_an_answer_may_be),
	    cmocka_unit_test(transactions_have_a_bound),
	    cmocka_unit_test(hanging_up_at_any_byte_harms_nothing),
	    cmocka_unit_test(idle_connections_cost_others_nothing_but_their_descriptors),
	};
	return cmocka_run_group_tests_name("clients of no good will", tests, NULL, NULL);
}
