/* The store of a model test, served to one client of this process: the loop of `holdfast serve` in
 * a thread of its own, so that the test sets the clock and does upkeep as before. */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "holdfast/holdfast.h"
#include "serve/serve.h"

HF_API HF_CHECKED int hf_model_serve(hf_store *store, void **out, int *client);
HF_API void hf_model_serve_end(void *served);

struct served {
	struct serve *serve;
	pthread_t thread;
	int end;
};

static void *run(void *served)
{
	const struct served *of = served;
	struct hf_error error;
	if (serve_run(of->serve, -1, &error) != HF_OK)
		abort();
	return NULL;
}

/* *client: its end of the connection, the caller's to close. */
int hf_model_serve(hf_store *store, void **out, int *client)
{
	static const struct serve_options options = {.by_hand = true};
	struct served *served = calloc(1, sizeof *served);
	struct hf_error error;
	int ends[2];
	if (!served || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
		abort();
	served->end = eventfd(0, EFD_CLOEXEC);
	served->serve = serve_new(store, &options, &error);
	if (!served->serve || serve_until(served->serve, served->end, &error) != HF_OK ||
	    !serve_adopt(served->serve, ends[0]) ||
	    pthread_create(&served->thread, NULL, run, served) != 0)
		abort();
	*out = served;
	*client = ends[1];
	return HF_OK;
}

void hf_model_serve_end(void *served)
{
	struct served *of = served;
	const uint64_t one = 1;
	if (write(of->end, &one, sizeof one) != sizeof one || pthread_join(of->thread, NULL) != 0)
		abort();
	serve_free(of->serve);
	(void)close(of->end);
	free(of);
}
