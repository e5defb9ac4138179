/* tier: fast */
/* What a served store answers, byte for byte: each kind of command in RESP2 and RESP3, sessions,
 * transactions, and whatever is no command. */
#include <sys/socket.h>
#include <unistd.h>

#include "lib/test.h"
#include "lib/tools/served.h"

/* Of an answer: | is the end of a line, ? one byte of any value, and ... at the end whatever
 * follows. */
struct step {
	const char *line;
	const char *answer;
};

static void expect(const char *line, const char *answer, const char *wanted)
{
	const char *at = answer;
	for (const char *mark = wanted; *mark; mark++) {
		if (strcmp(mark, "...") == 0)
			return;
		if (*mark == '|' && at[0] == '\r' && at[1] == '\n')
			at += 2;
		else if (*at && (*mark == '?' || *mark == *at))
			at++;
		else
			fail_msg("%s\nanswered %s\ninstead of %s (at %s)", line, answer, wanted, mark);
	}
	if (*at)
		fail_msg("%s\nanswered %s\nmore than %s", line, answer, wanted);
}

static void play(const struct step *steps, size_t count, const char *password)
{
	struct served served;
	served_begin(&served, password, 0);
	int fd = served_connect(&served);
	for (size_t i = 0; i < count; i++) {
		char *answer = served_call(&served, fd, steps[i].line, NULL);
		expect(steps[i].line, answer, steps[i].answer);
		free(answer);
	}
	close(fd);
	served_end(&served);
}

#define PLAY(steps) play(steps, sizeof(steps) / sizeof *(steps), NULL)

/* What a mutation of a document answers in RESP3, up to what it gives back. */
#define DONE3(changed, version) \
	"|$7|changed|#" changed "|$7|version|" version \
	"|$5|token|_|$5|count|:?|$6|status|:0|$12|available_at|_|$10|left_alone|:0|"

static void a_call_is_a_command_and_its_answer_a_map(void **state)
{
	static const struct step steps[] = {
	    {"PING", "+PONG|"},
	    {"DOCUMENT.PUT c 1 p CREATED_AT 5 NOW 7",
	     "*14|$7|changed|:1|$7|version|$1|1|$5|token|$-1|$5|count|:1|$6|status|:0|"
	     "$12|available_at|$-1|$10|left_alone|:0|"},
	    {"document.get c 1",
	     "*18|$10|collection|$1|c|$2|id|$1|1|$5|group|$-1|$7|payload|$1|p|$10|created_at|$1|5|"
	     "$10|updated_at|$1|7|$10|expires_at|$-1|$16|expires_computed|:0|$7|version|$1|1|"},
	    {"HELLO 3", "%7|$6|server|$8|holdfast|$7|version|..."},
	    {"DOCUMENT.GET c 1",
	     "%9|$10|collection|$1|c|$2|id|$1|1|$5|group|_|$7|payload|$1|p|$10|created_at|$1|5|"
	     "$10|updated_at|$1|7|$10|expires_at|_|$16|expires_computed|#f|$7|version|$1|1|"},
	    {"DOCUMENT.HAS c 1", "#t|"},
	    {"DOCUMENT.HAS c 2", "#f|"},
	    {"DOCUMENT.GET c 2", "-HF_ENOTFOUND no such document: \"2\" in collection \"c\"|"},
	    {"DOCUMENT.PUT c 1 q EXPECT 9", "-HF_ECONFLICT ..."},
	    {"DOCUMENT.PUT c 1 q EXPECT ABSENT", "-HF_ECONFLICT ..."},
	    {"DOCUMENT.PUT c 1 q EXPECT 1 RETURNING 1 RETURNING_PAYLOAD 1 NOW 8",
	     "%8" DONE3("t",
	                "$1|2") "$6|object|%9|$10|collection|$1|c|$2|id|$1|1|$5|group|_|$7|payload|"
	                        "$1|q|$10|created_at|$1|5|$10|updated_at|$1|8|..."},
	    {"DOCUMENT.REMOVE c 1 RETURNING true", "%8" DONE3("t", "_") "$6|object|_|"},
	    {"DOCUMENT.REMOVE c 1", "-HF_ENOTFOUND ..."},
	    {"DOCUMENT.REMOVE c 1 MISSING_OK 1", "%7" DONE3("f", "_")},
	    {"DOCUMENT.PUT c '' p", "-HF_EINVAL ..."},
	    {"DOCUMENT.PUT c 1", "-HF_EINVAL payload is missing|"},
	    {"DOCUMENT.PUT c 1 p GROUP", "-HF_EINVAL group has no value|"},
	    {"DOCUMENT.PUT c 1 p GROUP a GROUP b", "-HF_EINVAL group is given twice|"},
	    {"DOCUMENT.PUT c 1 p COLOUR red", "-HF_EINVAL COLOUR is no argument of this command|"},
	    {"DOCUMENT.PUT c 1 p ORDERS created,id", "%7" DONE3("t", "$1|4")},
	    {"DOCUMENT.COUNT c", "%3|$9|documents|:1|$6|orders|$10|created,id|$5|as_of|..."},
	    {"DOCUMENT.NAMES", "%2|$5|items|*1|$1|c|$4|next|_|"},
	    {"NO.SUCH x", "-ERR unknown command 'NO.SUCH'; HELP lists all|"},
	};
	(void)state;
	PLAY(steps);
}

static void arguments_have_the_types_of_their_members(void **state)
{
	static const struct step steps[] = {
	    {"HELLO 3", "%7|..."},
	    {"OUTBOX.ENQUEUE q 1 p PRIORITY -3 ENQUEUED_AT 0 AVAILABLE_AT 0", "%7|..."},
	    {"OUTBOX.ENQUEUE q 2 p PRIORITY 2147483648", "-HF_EINVAL priority must be a whole ..."},
	    {"OUTBOX.ENQUEUE q 2 p MAX_ATTEMPTS -1", "-HF_EINVAL max_attempts must be ..."},
	    {"OUTBOX.ENQUEUE q 2 p DEDUP later", "-HF_EINVAL dedup has no such word|"},
	    {"OUTBOX.ENQUEUE q 2 p AVAILABLE_AT soon", "-HF_EINVAL available_at must be ..."},
	    {"OUTBOX.CLAIM q 1 w", "-HF_EINVAL OUTBOX.CLAIM needs a LEASE here: ..."},
	    {"OUTBOX.CLAIM q 1 w LEASE 0", "-HF_EINVAL OUTBOX.CLAIM needs a LEASE here: ..."},
	    {"LOCK.ACQUIRE l w LEASE -5", "-HF_EINVAL LOCK.ACQUIRE needs a LEASE here: ..."},
	    {"IDEMPOTENCY.BEGIN s k f", "-HF_EINVAL IDEMPOTENCY.BEGIN needs a LEASE here: ..."},
	    {"IDEMPOTENCY.BEGIN s k f LEASE 30s", "%13|$7|changed|#t|$5|count|:?|$12|available_at|_|$"
	                                          "10|left_alone|:0|$7|outcome|$3|new|..."},
	    {"OUTBOX.CLAIM q 1 w LEASE_US 30000000", "%10|$7|changed|#t|$7|version|$1|3|$5|token|$15|"
	                                             "281474976710659|$5|count|:1|$6|status|:2|..."},
	    {"OUTBOX.EXTEND q 1 seven LEASE 5m", "-HF_EINVAL token must be a token, or @N ..."},
	    {"OUTBOX.FAIL q 1 281474976710659 bad BACKOFF exponential DELAY 1s CAP 1h", "%7|..."},
	    {"OUTBOX.ENQUEUE_MANY q ITEMS 2 4 a x PRIORITY 1 2 b y",
	     "%7|$7|changed|#t|$7|version|_|$5|token|_|$5|count|:2|..."},
	    {"OUTBOX.ENQUEUE_MANY q ITEMS 2 4 a x PRIORITY 1", "-HF_EINVAL items must be how many ..."},
	    {"OUTBOX.ENQUEUE_MANY q ITEMS 18446744073709551615", "-HF_EINVAL items must be ..."},
	    {"OUTBOX.CLAIM_NEXT '' w QUEUES 2 other q MAX 5 LEASE 1m",
	     "%10|$7|changed|#t|$7|version|_|$5|token|_|$5|count|:2|$6|status|:0|$12|available_at|_|"
	     "$10|left_alone|:0|$5|items|*2|%20|$5|queue|$1|q|$2|id|$1|b|..."},
	    {"INBOX.SAVE u RECORDS 1 4 t p SCORE 1.5 GENERATED_AT 9", "%7|..."},
	    {"INBOX.GET u t",
	     "%15|$4|user|$1|u|$7|account|$7|primary|$6|thread|$1|t|$7|payload|$1|p|$6|unread|#f|"
	     "$9|dismissed|#f|$5|score|,1.5|..."},
	    {"CURSOR.ADVANCE c s 9223372036854775807 d SUBJECT j", "%7|..."},
	    {"CURSOR.GET c s SUBJECT j",
	     "%12|$8|consumer|$1|c|$6|stream|$1|s|$7|subject|$1|j|$13|last_sequence|"
	     "$19|9223372036854775807|..."},
	    {"CURSOR.LIST AFTER 2 a s", "%2|$5|items|*1|..."},
	    {"CURSOR.LIST AFTER 1 a", "-HF_EINVAL stream is missing|"},
	    {"CURSOR.LIST PAGE nonsense", "-HF_EINVAL ..."},
	    {"MIGRATION.RECORD m CHECKSUM 18446744073709551615", "%7|..."},
	    {"MIGRATION.LIST", "%2|$5|items|*1|%5|$4|name|$1|m|$10|applied_at|$16|????????????????|"
	                       "$12|has_checksum|#t|$8|checksum|$20|18446744073709551615|..."},
	    {"OUTBOX.PAUSE q WAIT 1s", "-HF_EINVAL OUTBOX.PAUSE cannot WAIT here: ..."},
	};
	(void)state;
	PLAY(steps);
}

static void a_transaction_does_all_or_nothing(void **state)
{
	static const struct step steps[] = {
	    {"EXEC", "-ERR EXEC without MULTI|"},
	    {"DISCARD", "-ERR DISCARD without MULTI|"},
	    {"MULTI", "+OK|"},
	    {"MULTI", "-ERR MULTI calls can not be nested|"},
	    {"OUTBOX.ENQUEUE q 1 p", "+QUEUED|"},
	    {"OUTBOX.CLAIM q 1 w LEASE 30s", "+QUEUED|"},
	    {"PING", "+QUEUED|"},
	    {"DOCUMENT.GET c 1", "+QUEUED|"},
	    {"OUTBOX.COMPLETE q 1 @1", "+QUEUED|"},
	    {"EXEC", "*5|*14|$7|changed|:1|..."},
	    {"OUTBOX.GET q 1", "-HF_ENOTFOUND ..."},
	    {"MULTI", "+OK|"},
	    {"DOCUMENT.PUT c 1 p", "+QUEUED|"},
	    {"LOCK.RELEASE l 7", "+QUEUED|"},
	    {"EXEC", "-HF_ESTALE command 1: ..."},
	    {"DOCUMENT.HAS c 1", ":0|"},
	    {"MULTI", "+OK|"},
	    {"DOCUMENT.PUT c 1 p", "+QUEUED|"},
	    {"DOCUMENT.PUT c 1", "-HF_EINVAL payload is missing|"},
	    {"EXEC", "-EXECABORT Transaction discarded because of previous errors: HF_EINVAL ..."},
	    {"DOCUMENT.HAS c 1", ":0|"},
	    {"MULTI DURABILITY os", "+OK|"},
	    {"OUTBOX.CLAIM q 1 w", "-HF_EINVAL OUTBOX.CLAIM needs a LEASE here: ..."},
	    {"DISCARD", "+OK|"},
	    {"MULTI", "+OK|"},
	    {"LOCK.ACQUIRE l w LEASE 30s WAIT 1s", "-HF_EINVAL ..."},
	    {"OUTBOX.COMPLETE q 1 @0", "-HF_EINVAL ..."},
	    {"SUBSCRIBE x", "-ERR unknown command, or one that cannot be between MULTI and EXEC|"},
	    {"WATCH DOCUMENT c 1", "-ERR WATCH inside MULTI is not allowed|"},
	    {"RESET", "+RESET|"},
	    {"EXEC", "-ERR EXEC without MULTI|"},
	    {"MULTI", "+OK|"},
	    {"EXEC", "*0|"},
	};
	(void)state;
	PLAY(steps);
}

static void what_is_watched_must_be_so_still(void **state)
{
	static const struct step steps[] = {
	    {"WATCH", "-HF_EINVAL WATCH takes ..."},
	    {"WATCH DOCUMENT.PUT c 1 p", "-HF_EINVAL WATCH takes ..."},
	    {"WATCH DOCUMENT c", "-HF_EINVAL id is missing|"},
	    {"WATCH DOCUMENT c 1", "+OK|"},
	    {"DOCUMENT.PUT c 1 other", "*14|..."},
	    {"MULTI", "+OK|"},
	    {"DOCUMENT.PUT c 1 mine", "+QUEUED|"},
	    {"EXEC", "*-1|"},
	    {"WATCH DOCUMENT.LIST c", "+OK|"},
	    {"DOCUMENT.PUT c 2 other", "*14|..."},
	    {"MULTI", "+OK|"},
	    {"EXEC", "*-1|"},
	    {"WATCH DOCUMENT.GUARD c 1 EXPECT 1", "+OK|"},
	    {"WATCH LOCK.GUARD_HELD l 7", "+OK|"},
	    {"MULTI", "+OK|"},
	    {"DOCUMENT.PUT c 3 p", "+QUEUED|"},
	    {"EXEC", "-HF_ESTALE WATCH: ..."},
	    {"WATCH DOCUMENT.GUARD c 1 EXPECT 9", "+OK|"},
	    {"MULTI", "+OK|"},
	    {"EXEC", "*-1|"},
	    {"WATCH DOCUMENT.GUARD c 1 EXPECT 9", "+OK|"},
	    {"UNWATCH", "+OK|"},
	    {"MULTI", "+OK|"},
	    {"DOCUMENT.PUT c 3 p", "+QUEUED|"},
	    {"DOCUMENT.PUT c 4 p EXPECT 77", "+QUEUED|"},
	    {"EXEC", "-HF_ECONFLICT command 1: ..."},
	    {"WATCH DOCUMENT.GUARD c 1 EXPECT 1", "+OK|"},
	    {"MULTI", "+OK|"},
	    {"OUTBOX.ENQUEUE q 1 p", "+QUEUED|"},
	    {"OUTBOX.CLAIM q 1 w LEASE 30s", "+QUEUED|"},
	    {"OUTBOX.COMPLETE q 1 @1", "+QUEUED|"},
	    {"EXEC", "*3|..."},
	};
	(void)state;
	PLAY(steps);
}

static void a_session_is_what_clients_of_redis_expect(void **state)
{
	static const struct step steps[] = {
	    {"PING hey", "$3|hey|"},
	    {"ECHO ''", "$0||"},
	    {"ECHO", "-ERR wrong number of arguments for 'echo' command|"},
	    {"SELECT 0", "+OK|"},
	    {"SELECT 1", "-ERR DB index is out of range: ..."},
	    {"CLIENT GETNAME", "$-1|"},
	    {"CLIENT SETNAME me", "+OK|"},
	    {"CLIENT GETNAME", "$2|me|"},
	    {"CLIENT ID", ":1|"},
	    {"CLIENT SETINFO LIB-NAME x", "+OK|"},
	    {"CLIENT LIST", "$??|id=1 fd=..."},
	    {"CLIENT KILL", "-ERR unknown subcommand ..."},
	    {"COMMAND COUNT", ":1??|"},
	    {"COMMAND INFO outbox.enqueue nothing",
	     "*2|*6|$14|outbox.enqueue|:-4|*1|+write|:0|:0|:0|*-1|"},
	    {"COMMAND DOCS lock.get", "*2|$8|lock.get|*6|$7|summary|$13|LOCK.GET name|..."},
	    {"HELP lock.renew",
	     "*1|$139|LOCK.RENEW name token [LEASE duration] [EXPECT lsn|ABSENT] ..."},
	    {"HELP absent", "*??|..."},
	    {"INFO", "$???|# Server|server_name:holdfast|..."},
	    {"HELLO 4", "-NOPROTO unsupported protocol version|"},
	    {"HELLO 3 SETNAME other", "%7|..."},
	    {"CLIENT GETNAME", "$5|other|"},
	    {"HELLO", "%7|..."},
	    {"AUTH x", "-ERR AUTH was given, and no password is asked for here|"},
	    {"RESET", "+RESET|"},
	    {"CLIENT GETNAME", "$-1|"},
	    {"QUIT", "+OK|"},
	};
	(void)state;
	PLAY(steps);
}

static void who_does_not_give_the_password_gets_nothing(void **state)
{
	static const struct step steps[] = {
	    {"PING", "-NOAUTH Authentication required.|"},
	    {"DOCUMENT.GET c 1", "-NOAUTH Authentication required.|"},
	    {"HELLO 3", "-NOAUTH HELLO must be called with ..."},
	    {"AUTH secreT", "-WRONGPASS invalid ..."},
	    {"AUTH secre", "-WRONGPASS invalid ..."},
	    {"AUTH secretsecret", "-WRONGPASS invalid ..."},
	    {"AUTH ''", "-WRONGPASS invalid ..."},
	    {"AUTH root secret", "-WRONGPASS invalid ..."},
	    {"HELLO 3 AUTH default wrong", "-WRONGPASS invalid ..."},
	    {"PING", "-NOAUTH Authentication required.|"},
	    {"HELLO 3 AUTH default secret SETNAME n", "%7|..."},
	    {"PING", "+PONG|"},
	    {"RESET", "+RESET|"},
	    {"PING", "-NOAUTH Authentication required.|"},
	    {"AUTH secret", "+OK|"},
	    {"PING", "+PONG|"},
	    {"RESET", "+RESET|"},
	    {"A B C D E F G H I J K", "-ERR Protocol error: too many words in a command|"},
	};
	(void)state;
	play(steps, sizeof steps / sizeof *steps, "secret");
}

static const struct {
	const char *bytes;
	const char *answer;
} wrong[] = {
    {"PING\r\n", "-ERR Protocol error: expected '*', inline commands are refused|"},
    {"POST / HTTP/1.1\r\n", ""},
    {"GET / HTTP/1.1\r\n", ""},
    {"Host: localhost\r\n", ""},
    {"P", ""},
    {"\r\n", "-ERR Protocol error: expected '*', inline commands are refused|"},
    {"*x\r\n", "-ERR Protocol error: invalid length|"},
    {"*-2\r\n", "-ERR Protocol error: invalid length|"},
    {"*1\n", "-ERR Protocol error: invalid length|"},
    {"*\r\n", "-ERR Protocol error: invalid length|"},
    {"*1000000\r\n", "-ERR Protocol error: too many words in a command|"},
    {"*99999999999999999999\r\n", "-ERR Protocol error: invalid length|"},
    {"*0000000000000000000000000000000000000001\r\n", "-ERR Protocol error: invalid length|"},
    {"*1\r\n:1\r\n", "-ERR Protocol error: expected '$'|"},
    {"*1\r\n*1\r\n$4\r\nPING\r\n", "-ERR Protocol error: expected '$'|"},
    {"*1\r\n$-1\r\n", "-ERR Protocol error: invalid bulk length|"},
    {"*1\r\n$9223372036854775808\r\n", "-ERR Protocol error: invalid length|"},
    {"*1\r\n$9223372036854775807\r\n", "-ERR Protocol error: invalid length|"},
    {"*1\r\n$35651585\r\n", "-ERR Protocol error: invalid bulk length|"},
    {"*1\r\n$4\r\nPINGxx", "-ERR Protocol error: a word does not end with its line|"},
};

static void what_is_no_command_ends_its_connection(void **state)
{
	struct served served;
	(void)state;
	served_begin(&served, NULL, 0);
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		int fd = served_connect(&served);
		char *answer = served_say(&served, fd, wrong[i].bytes, strlen(wrong[i].bytes), NULL);
		expect(wrong[i].bytes, answer, wrong[i].answer);
		assert_true(served_is_closed(fd));
		free(answer);
		close(fd);
	}
	served_end(&served);
}

static void commands_may_come_in_any_pieces(void **state)
{
	static const char text[] =
	    "*0\r\n*-1\r\n*1\r\n$4\r\nPING\r\n*2\r\n$4\r\nECHO\r\n$4\r\na\r\nb\r\n"
	    "*1\r\n$4\r\nPING\r\n";
	struct served served;
	(void)state;
	served_begin(&served, NULL, 0);
	for (size_t cut = 0; cut < sizeof text; cut++) {
		int fd = served_connect(&served);
		char *first = served_say(&served, fd, text, cut, NULL);
		char *rest = served_say(&served, fd, text + cut, sizeof text - 1 - cut, NULL);
		char all[256];
		(void)snprintf(all, sizeof all, "%s%s", first, rest);
		assert_string_equal(all, "+PONG\r\n$4\r\na\r\nb\r\n+PONG\r\n");
		free(first);
		free(rest);
		close(fd);
	}
	served_end(&served);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_call_is_a_command_and_its_answer_a_map),
	    cmocka_unit_test(arguments_have_the_types_of_their_members),
	    cmocka_unit_test(a_transaction_does_all_or_nothing),
	    cmocka_unit_test(what_is_watched_must_be_so_still),
	    cmocka_unit_test(a_session_is_what_clients_of_redis_expect),
	    cmocka_unit_test(who_does_not_give_the_password_gets_nothing),
	    cmocka_unit_test(what_is_no_command_ends_its_connection),
	    cmocka_unit_test(commands_may_come_in_any_pieces),
	};
	return cmocka_run_group_tests_name("what a served store answers", tests, NULL, NULL);
}
