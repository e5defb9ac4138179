/* A mutation that shows the object as it is afterwards, instead of what was done. See call.h. */
#include "cli/call.h"
#include "print/show.h"

union object {
	max_align_t align;
	char bytes[512];
};

static struct hf_memory *memory_of(const struct hf_api_struct *of, const void *object)
{
	struct hf_memory *memory = NULL;
	for (const struct hf_api_member *m = of->members; m->name; m++)
		if (m->type == HF_API_MEMORY)
			memcpy(&memory, (const char *)object + m->offset, sizeof memory);
	return memory;
}

int call_returning(struct cli *cli, void *args)
{
	const struct hf_api_struct *of = cli->call->object;
	struct hf_write *write = rows_write(cli->call->takes, args);
	struct hf_result result = {0};
	struct hf_error error = {0};
	union object object = {0};
	write->returning = &object;
	write->returning_payload = true;
	const int rc = rows_mutate(cli->call, cli->store, NULL, args, &result, &error);
	struct hf_memory *memory = memory_of(of, &object);
	if (rc == HF_OK && memory) {
		const struct hf_api_member *first = rows_first(of);
		show_object(cli->out, first->of, (const char *)&object + first->offset, hf_str(NULL),
		            false);
	}
	hf_release(memory);
	return rc == HF_OK && memory ? CLI_OK : cli_done(cli, rc, &result, &error, cli->command->did);
}
