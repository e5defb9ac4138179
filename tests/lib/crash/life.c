/* See life.h. */
#include "lib/crash/life.h"
#include "lib/test.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#define QUEUE hf_str("q")

int life_enqueue(hf_store *store, unsigned number, size_t bytes, enum hf_durability durability,
                 struct hf_error *error)
{
	static uint8_t payload[LIFE_PAYLOAD_MAX];
	assert_true(bytes <= sizeof payload);
	char id[16];
	(void)snprintf(id, sizeof id, "%u", number);
	const struct hf_outbox_enqueue_args args = {.write.durability = durability,
	                                            .queue = QUEUE,
	                                            .id = hf_str(id),
	                                            .payload = hf_bytes_of(payload, bytes)};
	return hf_outbox_enqueue(store, NULL, &args, NULL, error);
}

int life_remove(hf_store *store, unsigned number, struct hf_error *error)
{
	char id[16];
	(void)snprintf(id, sizeof id, "%u", number);
	return hf_outbox_remove(store, NULL,
	                        &(struct hf_outbox_remove_args){.queue = QUEUE, .id = hf_str(id)}, NULL,
	                        error);
}

uint64_t life_pending(hf_store *store)
{
	const struct hf_outbox_list_args list = {.queue = QUEUE, .without_payload = true};
	struct hf_outbox_items page = {0};
	assert_int_equal(hf_outbox_list(store, &list, 0, &page, NULL), HF_OK);
	const uint64_t count = page.count;
	hf_release(page.memory);
	return count;
}

static void live_and_die(const char *path, unsigned first, unsigned count, size_t bytes)
{
	const struct hf_options options = {.create = true};
	hf_store *store = NULL;
	int rc = hf_open(path, &options, &store, NULL);
	for (unsigned i = 0; i < count && rc == HF_OK; i++)
		rc = life_enqueue(store, first + i, bytes, HF_DURABLE, NULL);
	if (rc == HF_OK)
		(void)kill(getpid(), SIGKILL);
	_exit(1);
}

void life_killed(const char *path, unsigned first, unsigned count, size_t bytes)
{
	int status = 0;
	(void)fflush(NULL);
	const pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0)
		live_and_die(path, first, count, bytes);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}
