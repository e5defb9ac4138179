/* doc: documents, small keyed state with listings. */
#include "commands/commands.h"

int doc_figures(struct cli *cli, struct hf_bytes collection)
{
	return call_about(cli, "hf_document_count", collection);
}

/* clang-format off */
#define GROUP {"group", "GROUP", "only these; '' for documents without a group"}

const struct cli_command doc_commands[] = {
	{"doc", "put", "COLLECTION ID", "store a document, in place of one that exists",
	 "Nothing stays of the one before but its time of creation.", CLI_ONE_NOW,
	 CALLS(hf_document_put, "put"), .hidden = "expires_computed",
	 OPTIONS(PAYLOAD, {"group", "GROUP", "the group it belongs to (none)"},
		{"created-at", "TIME", "kept as given (what it was, now for a new document)"},
		{"expires-at", "TIME", "gone from then on (never)"},
		{"ttl", "DURATION", "gone after that time",
		 .zero = "--ttl: after 0 it would be gone at once; without it, it stays"},
		{"orders", "ORDERS", "what the collection keeps, at its first put: some of "
		 "created,updated,id,group-created,group-updated,group-id"})},
	{"doc", "get", "COLLECTION ID", "show one document", READS(hf_document_get), OPTIONS(RAW)},
	{"doc", "list", "COLLECTION", "list documents by time, then by ID, or by ID",
	 .flags = CLI_PAGES,
	 LISTS(hf_document_list, "id group created_at updated_at expires_at payload"),
	 OPTIONS(GROUP, {"by", "created|updated|id", "the order (created)"},
		{"descending", NULL, "the newest first"},
		{"id-prefix", "PREFIX", "only IDs that begin with it"}, WITHOUT_PAYLOAD)},
	{"doc", "count", "COLLECTION", "count documents", READS(hf_document_count), OPTIONS(GROUP)},
	{"doc", "collections", "", "list the collections that hold documents", .flags = CLI_PAGES,
	 LISTS(hf_document_names, "collection documents orders"), .each = doc_figures},
	{"doc", "regroup", "COLLECTION ID GROUP", "move a document into another group; '' is none",
	 .flags = CLI_MARK_NOW, CALLS(hf_document_regroup, "moved")},
	{"doc", "remove", "COLLECTION ID", "remove a document", .flags = CLI_MARK,
	 CALLS(hf_document_remove, "removed")},
	{"doc", "clear", "COLLECTION", "remove every document of a collection", .flags = CLI_MANY,
	 CALLS(hf_document_clear, "removed"), .confirm = "remove every document of %s",
	 COUNTS(hf_document_count, "documents")},
	{0},
};
