/* See hold.h. */
#include "commands/hold.h"

#include <errno.h>
#include <time.h>

#define PAUSE_US 50000LL /* between two tries: others need the store in between */

int64_t hold_ticks(void)
{
	struct timespec now;
	clock_gettime(CLOCK_BOOTTIME, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int hold_close(struct cli *cli)
{
	struct hf_error error = {0};
	const int rc = hf_close(cli->store, &error);
	cli->store = NULL;
	return rc == HF_OK ? CLI_OK : cli_fail(cli, &error);
}

static void pause_for(int64_t us)
{
	struct timespec left = {.tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000};
	while (nanosleep(&left, &left) != 0 && errno == EINTR) {
	}
}

int hold_acquire(struct cli *cli, const struct hf_lock_acquire_args *args, struct hf_result *result,
                 int64_t *began, struct hf_error *error)
{
	struct hf_lock_acquire_args once = *args;
	const int64_t first = hold_ticks();
	once.wait_us = 0;
	for (;;) {
		*error = (struct hf_error){0};
		int status = cli_open(cli);
		if (status != CLI_OK)
			return status;
		if (began)
			*began = hold_ticks();
		if (hf_lock_acquire(cli->store, NULL, &once, result, error) == HF_OK)
			return CLI_OK;
		status = hold_close(cli);
		if (status != CLI_OK) {
			*error = (struct hf_error){0};
			return status;
		}
		const int64_t left = args->wait_us - (hold_ticks() - first);
		if (error->code != HF_EHELD || args->wait_us == 0)
			return cli_exit_of(error->code);
		if (left <= 0) {
			error->code = HF_ETIMEDOUT;
			return CLI_BUSY;
		}
		pause_for(left < PAUSE_US ? left : PAUSE_US);
	}
}
