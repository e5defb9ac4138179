/* tier: medium */
/* A client that holds most of the room and moves nothing is closed after two seconds, so that
 * others find some. */
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "lib/test.h"
#include "lib/tools/served.h"

enum { MIB = 1 << 20, PATIENCE = 60 };

static time_t seconds(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec;
}

static void put(struct served *served, size_t len)
{
	char *payload = calloc(1, len);
	const struct hf_document_put_args args = {.key = {hf_str("c"), hf_str("1")},
	                                          .payload = hf_bytes_of(payload, len)};
	assert_non_null(payload);
	assert_int_equal(hf_document_put(served->store, NULL, &args, NULL, NULL), HF_OK);
	free(payload);
}

static void who_holds_most_and_moves_nothing_is_closed(void **state)
{
	struct served served;
	struct hf_error error;
	size_t len, got = 0;
	(void)state;
	served_begin(&served, NULL, 20 * MIB);
	put(&served, 7 * MIB);
	int deaf[2], idle = served_connect(&served);
	char *bytes = served_spell("DOCUMENT.GET c 1", &len);
	for (int i = 0; i < 2; i++) { /* 8 MiB each */
		deaf[i] = served_connect(&served);
		assert_int_equal(send(deaf[i], bytes, len, 0), (ssize_t)len);
	}
	assert_int_equal(serve_run(served.serve, 0, &error), HF_OK);
	const time_t began = seconds();
	for (const time_t until = began + PATIENCE; got < 7 * MIB && seconds() < until;) {
		int other = served_connect(&served);
		char *answer = served_say(&served, other, bytes, len, &got);
		free(answer);
		close(other);
		(void)usleep(50000);
	}
	assert_true(got > 7 * MIB);
	assert_true(seconds() - began >= 1);
	char *answer = served_call(&served, idle, "PING", NULL); /* who holds nothing stays */
	assert_string_equal(answer, "+PONG\r\n");
	free(answer);
	free(bytes);
	close(deaf[0]);
	close(deaf[1]);
	close(idle);
	served_end(&served);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(who_holds_most_and_moves_nothing_is_closed),
	};
	return cmocka_run_group_tests_name("clients that move nothing", tests, NULL, NULL);
}
