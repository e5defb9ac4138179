/* See real_store.h. */
#include "lib/real_store.h"
#include "lib/test.h"

#include <errno.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

void real_begin(struct real_store *real)
{
	*real = (struct real_store){.base = "/tmp/holdfast-real-XXXXXX"};
	assert_non_null(mkdtemp(real->base));
	(void)snprintf(real->path, sizeof real->path, "%s/store", real->base);
}

void real_end(struct real_store *real)
{
	if (real->store)
		(void)hf_close(real->store, NULL);
	real->store = NULL;
	char command[96];
	(void)snprintf(command, sizeof command, "rm -rf '%s'", real->base);
	assert_int_equal(system(command), 0);
}

int real_setup(void **state)
{
	struct real_store *real = calloc(1, sizeof *real);
	assert_non_null(real);
	real_begin(real);
	*state = real;
	return 0;
}

int real_setup_open(void **state)
{
	(void)real_setup(state);
	assert_int_equal(real_open_at(*state, NULL, (struct hf_options){.create = true}), HF_OK);
	return 0;
}

int real_teardown(void **state)
{
	real_end(*state);
	free(*state);
	return 0;
}

void real_sleep_ms(long ms)
{
	struct timespec left = {ms / 1000, ms % 1000 * 1000000};
	while (nanosleep(&left, &left) != 0 && errno == EINTR)
		;
}

int real_open_at(struct real_store *real, const char *path, struct hf_options options)
{
	options.allow_unsafe_fs = true;
	real->error = (struct hf_error){0};
	return hf_open(path ? path : real->path, &options, &real->store, &real->error);
}

void real_open(struct real_store *real)
{
	if (real_open_at(real, NULL, (struct hf_options){.create = true, .no_background = true}) !=
	    HF_OK)
		fail_msg("%s", real->error.text);
}

void real_close(struct real_store *real)
{
	hf_store *store = real->store;
	real->store = NULL;
	if (hf_close(store, &real->error) != HF_OK)
		fail_msg("%s", real->error.text);
}

static const char *join(const char *directory, const char *name)
{
	static char buffers[8][192];
	static unsigned turn;
	char *out = buffers[turn++ % 8];
	(void)snprintf(out, sizeof buffers[0], "%s/%s", directory, name);
	return out;
}

const char *real_file(const struct real_store *real, const char *name)
{
	return join(real->path, name);
}

const char *real_beside(const struct real_store *real, const char *name)
{
	return join(real->base, name);
}

int real_enqueue(struct real_store *real, const char *id, size_t len)
{
	static uint8_t bytes[1 << 20];
	const struct hf_outbox_enqueue_args args = {
	    .queue = hf_str("q"), .id = hf_str(id), .payload = hf_bytes_of(bytes, len)};
	for (size_t i = 0; i < len; i++)
		bytes[i] = (uint8_t)(i * 31 + (uint8_t)id[0]);
	return hf_outbox_enqueue(real->store, NULL, &args, NULL, &real->error);
}

int real_in_child(int (*body)(void *arg), void *arg)
{
	int status = 0;
	(void)fflush(NULL);
	const pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		_exit(body(arg));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}
