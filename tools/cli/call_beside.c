/* What commands read beside their own call, by the rows of what that takes: see call.h. */
#include "cli/call.h"
#include "print/out.h"
#include "print/show.h"

enum { PAGE = 256 };

/* What `read` takes, about that name. */
static void about(const struct hf_api_call *read, struct hf_bytes name, union rows_given *args)
{
	rows_clear(read->takes, args);
	if (strcmp(read->takes->name, "hf_bytes") == 0)
		*(struct hf_bytes *)(void *)args = name;
	else
		row_put_bytes(&rows_all(read->takes)->row[0], args, name);
}

int call_count(struct cli *cli, struct hf_bytes name, const void *mutation)
{
	const struct hf_api_call *read = rows_call(cli->command->counts);
	union rows_given args, answer = {0};
	struct hf_error error = {0};
	uint64_t sum = 0;
	about(read, name, &args);
	if (strcmp(read->takes->name, "hf_bytes") != 0)
		rows_copy(read->takes, &args, cli->call->takes, mutation);
	if (rows_read(read, cli->store, &args, &answer, &error) != HF_OK)
		return cli_fail(cli, &error);
	if (read->fills) {
		const struct rows *rows = rows_all(read->fills);
		for (size_t i = 0; i < rows->count; i++)
			if (rows_names(cli->command->counted, rows->row[i].member->name))
				sum += (uint64_t)row_number(&rows->row[i], &answer);
	} else {
		memcpy(&sum, &answer, sizeof sum);
	}
	return cli_would(cli, sum, cli->command->did);
}

int call_about(struct cli *cli, const char *read, struct hf_bytes name)
{
	const struct hf_api_call *call = rows_call(read);
	union rows_given args, answer = {0};
	struct hf_error error = {0};
	const int status = cli_open(cli);
	if (status != CLI_OK)
		return status;
	about(call, name, &args);
	if (rows_read(call, cli->store, &args, &answer, &error) != HF_OK)
		return cli_fail(cli, &error);
	if (strcmp(call->takes->name, "hf_bytes") == 0)
		show_object(cli->out, call->fills, &answer, name, false);
	else
		show_counted(cli->out, call->fills, &answer, call->takes, &args);
	return CLI_OK;
}

int call_each(struct cli *cli, const char *list, void *args,
              int (*one)(void *ctx, const void *item), void *ctx)
{
	const struct hf_api_call *call = rows_call(list);
	const struct rows takes = *rows_all(call->takes);
	struct rows_page page = {0};
	int status = CLI_OK;
	const struct row *limit = rows_find(&takes, "limit");
	if (!row_is_set(limit, args))
		row_store(limit, args, PAGE);
	do {
		union rows_given answer = {0};
		struct hf_error error = {0};
		memcpy((char *)args + rows_find(&takes, "page")->offset, &page.next, sizeof page.next);
		const int rc = rows_read(call, cli->store, args, &answer, &error);
		hf_release(page.memory);
		rows_page(call->fills, &answer, &page);
		if (rc != HF_OK)
			return cli_fail(cli, &error);
		for (size_t i = 0; i < page.count && status == CLI_OK; i++)
			status = one(ctx, page.items + i * page.of->size);
	} while (status == CLI_OK && page.next);
	hf_release(page.memory);
	return status;
}
