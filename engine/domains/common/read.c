/* The ends of a read: its result zeroed first, given or taken back afterwards. */
#include "domains/common/read.h"
#include "store/call/error.h"

struct running {
	const struct hf__reading *reading;
	const void *args;
	void *out;
};

static int run(struct hf__query *q, void *raw)
{
	const struct running *running = raw;
	return running->reading->read(q, running->args, running->out);
}

int hf__give_memory(struct hf__answer *answer, struct hf_memory **memory, struct hf_error *error)
{
	*memory = hf__answer_give(answer);
	return *memory ? HF_OK : hf__fail(error, HF_ENOMEM, 0, "no memory for the answer");
}

int hf__read_into(hf_store *store, const struct hf__reading *reading, const void *args,
                  unsigned flags, void *out, struct hf_error *error)
{
	struct hf__answer answer;
	struct hf_memory *memory = NULL;
	struct running running = {reading, args, out};
	memset(out, 0, reading->size);
	int rc = hf__read(store, reading->domain, run, &running, flags, &answer, error);
	if (rc == HF_OK && reading->memory == 0)
		hf__answer_reset(&answer);
	else if (rc == HF_OK)
		rc = hf__give_memory(&answer, &memory, error);
	if (rc != HF_OK)
		memset(out, 0, reading->size);
	else if (memory)
		memcpy((uint8_t *)out + reading->memory, &memory, sizeof memory);
	return rc;
}
