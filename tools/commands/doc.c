/* doc: documents, small keyed state with listings. */
#include "cli/orders.h"
#include "commands/commands.h"
#include "print/out.h"
#include "print/show.h"

#include <stdlib.h>

const struct cli_option doc_put_options[] = {
    {"payload", CLI_TEXT, "TEXT", "the payload", false},
    {"payload-file", CLI_TEXT, "FILE", "the payload from a file, `-` is stdin", false},
    {"group", CLI_TEXT, "GROUP", "the group it belongs to (none)", false},
    {"created-at", CLI_TIME, "TIME", "kept as given (what it was, now for a new document)", false},
    {"expires-at", CLI_TIME, "TIME", "gone from then on (never)", false},
    {"ttl", CLI_DURATION, "DURATION", "gone after that time", false},
    {"orders", CLI_TEXT, "ORDERS",
     "what the collection keeps, at its first put: some of "
     "created,updated,group-created,group-updated",
     false},
    {NULL, CLI_SWITCH, NULL, NULL, false},
};

const struct cli_option doc_get_options[] = {
    {"raw", CLI_SWITCH, NULL, "the payload alone, byte for byte", false},
    {NULL, CLI_SWITCH, NULL, NULL, false},
};

const struct cli_option doc_list_options[] = {
    {"group", CLI_TEXT, "GROUP", "only these; '' for documents without a group", false},
    {"by", CLI_CHOICE, "created|updated", "the order (created)", false},
    {"descending", CLI_SWITCH, NULL, "the newest first", false},
    {"without-payload", CLI_SWITCH, NULL, "leave the payloads out: nothing is read from disk",
     false},
    {NULL, CLI_SWITCH, NULL, NULL, false},
};

const struct cli_option doc_count_options[] = {
    {"group", CLI_TEXT, "GROUP", "only these; '' for documents without a group", false},
    {NULL, CLI_SWITCH, NULL, NULL, false},
};

/* --- Changes ---------------------------------------------------------------------------------- */

static void take_times(const struct cli *cli, struct hf_document_put_args *args)
{
	args->created_at = cli_i64(cli, "created-at", HF_UNSET);
	args->expires_at = cli_i64(cli, "expires-at", HF_UNSET);
	args->now = cli_now(cli);
}

int cmd_doc_put(struct cli *cli, int argc, char **argv)
{
	struct hf_document_put_args args = {
	    .write = cli_write(cli),
	    .key = {hf_str(argv[0]), hf_str(argv[1])},
	    .group = cli_bytes(cli, "group"),
	    .ttl_us = cli_i64(cli, "ttl", 0),
	};
	struct hf_result result = {0};
	struct hf_error error = {0};
	char *memory = NULL;
	bool given = false;
	(void)argc;
	take_times(cli, &args);
	if (cli_zero(cli, "ttl"))
		return cli_usage(cli, "--ttl: after 0 it would be gone at once; without it, it stays");
	if (cli_given(cli, "orders") && !orders_parse(cli_bytes(cli, "orders"), &args.orders)) {
		return cli_usage(
		    cli, "--orders: '%s' is not some of created,updated,group-created,group-updated",
		    cli_text(cli, "orders"));
	}
	int status = cli_content(cli, "payload", HF_PAYLOAD_MAX, &args.payload, &given, &memory);
	if (status == CLI_OK)
		status = cli_open(cli);
	if (status == CLI_OK) {
		status = cli_done(cli, hf_document_put(cli->store, NULL, &args, &result, &error), &result,
		                  &error, "put");
	}
	free(memory);
	return status;
}

int cmd_doc_regroup(struct cli *cli, int argc, char **argv)
{
	const struct hf_document_regroup_args args = {.write = cli_write(cli),
	                                              .key = {hf_str(argv[0]), hf_str(argv[1])},
	                                              .group = hf_str(argv[2]),
	                                              .now = cli_now(cli)};
	struct hf_result result = {0};
	struct hf_error error = {0};
	(void)argc;
	const int status = cli_open(cli);
	return status ? status
	              : cli_done(cli, hf_document_regroup(cli->store, NULL, &args, &result, &error),
	                         &result, &error, "moved");
}

int cmd_doc_remove(struct cli *cli, int argc, char **argv)
{
	const struct hf_document_remove_args args = {.write = cli_write(cli),
	                                             .key = {hf_str(argv[0]), hf_str(argv[1])}};
	struct hf_result result = {0};
	struct hf_error error = {0};
	(void)argc;
	const int status = cli_open(cli);
	return status ? status
	              : cli_done(cli, hf_document_remove(cli->store, NULL, &args, &result, &error),
	                         &result, &error, "removed");
}

static int count_clear(struct cli *cli, struct hf_bytes collection)
{
	const struct hf_document_count_args args = {.collection = collection};
	struct hf_document_counts counted;
	struct hf_error error;
	if (hf_document_count(cli->store, &args, 0, &counted, &error) != HF_OK)
		return cli_fail(cli, &error);
	return cli_would_remove(cli, counted.documents);
}

int cmd_doc_clear(struct cli *cli, int argc, char **argv)
{
	const struct hf_document_clear_args args = {.write = cli_write(cli),
	                                            .collection = hf_str(argv[0])};
	struct hf_result result = {0};
	struct hf_error error = {0};
	(void)argc;
	int status = cli_confirm(cli, "remove every document of %s", argv[0]);
	if (status == CLI_OK)
		status = cli_open(cli);
	if (status != CLI_OK)
		return status;
	if (cli_flag(cli, "dry-run"))
		return count_clear(cli, args.collection);
	return cli_done(cli, hf_document_clear(cli->store, NULL, &args, &result, &error), &result,
	                &error, "removed");
}

/* --- Reads ------------------------------------------------------------------------------------ */

int cmd_doc_get(struct cli *cli, int argc, char **argv)
{
	const struct hf_document_key key = {hf_str(argv[0]), hf_str(argv[1])};
	struct hf_document_got got;
	struct hf_error error;
	(void)argc;
	const int status = cli_open(cli);
	if (status != CLI_OK)
		return status;
	if (hf_document_get(cli->store, &key, 0, &got, &error) != HF_OK)
		return cli_fail(cli, &error);
	if (cli_flag(cli, "raw"))
		show_raw(cli->out, got.document.payload);
	else
		show_document(cli->out, &got.document, true);
	hf_release(got.memory);
	return CLI_OK;
}

int cmd_doc_list(struct cli *cli, int argc, char **argv)
{
	const bool bare = cli_flag(cli, "without-payload");
	const struct hf_document_list_args args = {
	    .collection = hf_str(argv[0]),
	    .group = cli_bytes(cli, "group"),
	    .by_group = cli_given(cli, "group"),
	    .by = cli_u64(cli, "by", 0) == 1 ? HF_DOCUMENT_BY_UPDATED : HF_DOCUMENT_BY_CREATED,
	    .descending = cli_flag(cli, "descending"),
	    .without_payload = bare,
	    .limit = cli_u64(cli, "limit", 0),
	    .page = cli_text(cli, "page"),
	};
	struct hf_document_page page;
	struct hf_error error;
	(void)argc;
	const int status = cli_open(cli);
	if (status != CLI_OK)
		return status;
	if (hf_document_list(cli->store, &args, 0, &page, &error) != HF_OK)
		return cli_fail(cli, &error);
	out_list(cli->out, bare ? "id group created_at updated_at expires_at"
	                        : "id group created_at updated_at expires_at payload");
	for (size_t i = 0; i < page.count; i++)
		show_document(cli->out, &page.items[i], !bare);
	show_list_end(cli, page.count, page.next);
	hf_release(page.memory);
	return CLI_OK;
}

int cmd_doc_count(struct cli *cli, int argc, char **argv)
{
	const struct hf_document_count_args args = {.collection = hf_str(argv[0]),
	                                            .group = cli_bytes(cli, "group"),
	                                            .by_group = cli_given(cli, "group")};
	struct hf_document_counts counted;
	struct hf_error error;
	(void)argc;
	const int status = cli_open(cli);
	if (status != CLI_OK)
		return status;
	if (hf_document_count(cli->store, &args, 0, &counted, &error) != HF_OK)
		return cli_fail(cli, &error);
	show_document_count(cli->out, &args, &counted);
	return CLI_OK;
}

int doc_figures(struct cli *cli, struct hf_bytes collection)
{
	const struct hf_document_count_args args = {.collection = collection};
	struct hf_document_counts counted;
	struct hf_error error;
	if (hf_document_count(cli->store, &args, 0, &counted, &error) != HF_OK)
		return cli_fail(cli, &error);
	show_document_count(cli->out, &args, &counted);
	return CLI_OK;
}

int cmd_doc_collections(struct cli *cli, int argc, char **argv)
{
	const struct hf_names_args args = {.limit = cli_u64(cli, "limit", 0),
	                                   .page = cli_text(cli, "page")};
	struct hf_name_page page;
	struct hf_error error;
	(void)argc;
	(void)argv;
	int status = cli_open(cli);
	if (status != CLI_OK)
		return status;
	if (hf_document_names(cli->store, &args, 0, &page, &error) != HF_OK)
		return cli_fail(cli, &error);
	out_list(cli->out, "collection documents orders");
	for (size_t i = 0; i < page.count && status == CLI_OK; i++)
		status = doc_figures(cli, page.items[i]);
	show_list_end(cli, page.count, page.next);
	hf_release(page.memory);
	return status;
}
