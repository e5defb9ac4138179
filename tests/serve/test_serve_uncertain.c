/* tier: fast */
/* A served store whose sync fails: no answer that rests on it is given for good, those before it
 * stand, and what was durable can still be read. */
#include <errno.h>
#include <unistd.h>

#include "lib/patient.h"
#include "lib/test.h"
#include "lib/tools/served.h"

static void is_answered(struct served *served, int fd, const char *line, const char *wanted)
{
	char *answer = served_call(served, fd, line, NULL);
	if (strncmp(answer, wanted, strlen(wanted)) != 0)
		fail_msg("%s\nanswered %.300s\ninstead of %s", line, answer, wanted);
	free(answer);
}

static void what_a_failed_sync_leaves_open_is_called_uncertain(void **state)
{
	static const char *const lines[] = {"DOCUMENT.PUT c 1 large-or-not", "PING", "DOCUMENT.GET c 1",
	                                    "ECHO x", "LOCK.GET none"};
	static const char uncertain[] =
	    "-HF_EUNCERTAIN the write or sync failed: it may turn up after reopening\r\n";
	const struct serve_options how = {.by_hand = true};
	struct patient *p = patient_new(sim_profile_weak(), 0);
	struct served served = {.store = p->store};
	char all[2048] = "", wanted[1024];
	(void)state;
	served.serve = serve_new(p->store, &how, &p->error);
	assert_non_null(served.serve);
	int fd = served_connect(&served);
	is_answered(&served, fd, "DOCUMENT.PUT c 0 p", "*14");
	sim_add_fault(p->sim, (struct sim_fault){.kinds = SIM_SYNC, .error = EIO});
	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
		char *bytes = served_spell(lines[i], &(size_t){0});
		strcat(all, bytes);
		free(bytes);
	}
	char *answer = served_say(&served, fd, all, strlen(all), NULL);
	(void)snprintf(wanted, sizeof wanted, "%s+PONG\r\n%s$1\r\nx\r\n", uncertain, uncertain);
	if (strncmp(answer, wanted, strlen(wanted)) != 0)
		fail_msg("answered %s", answer);
	is_answered(&served, fd, "DOCUMENT.PUT c 2 p", "-HF_EFAILED ");
	is_answered(&served, fd, "DOCUMENT.GET c 0", "*18");
	is_answered(&served, fd, "MULTI", "+OK");
	is_answered(&served, fd, "DOCUMENT.PUT c 2 p", "+QUEUED");
	is_answered(&served, fd, "EXEC", "-HF_EFAILED ");
	is_answered(&served, fd, "PING", "+PONG");
	free(answer);
	close(fd);
	serve_free(served.serve);
	patient_close_failed(p);
	patient_free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_a_failed_sync_leaves_open_is_called_uncertain),
	};
	return cmocka_run_group_tests_name("a served store that fails", tests, NULL, NULL);
}
