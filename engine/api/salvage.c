/* A new store out of a damaged one. See holdfast/api.h. */
#include "holdfast/salvage.h"
#include "api/row.h"

/* clang-format off */
const struct hf_api_struct hf__api_salvage_options = SIZED(hf_salvage_options,
	{AT(hf_salvage_options, build), HF_API_BOOL},
	{AT(hf_salvage_options, allow_unsafe_fs), HF_API_BOOL},
	{AT(hf_salvage_options, epoch_above), HF_API_UINT},
	{AT(hf_salvage_options, max_objects), HF_API_UINT, .zero = "100"},
	{AT(hf_salvage_options, progress), HF_API_FUNCTION},
	{AT(hf_salvage_options, ctx), HF_API_CONTEXT});

const struct hf_api_struct hf__api_salvage_domain = STRUCT(hf_salvage_domain,
	{AT(hf_salvage_domain, name), HF_API_STRING},
	{AT(hf_salvage_domain, entries), HF_API_UINT},
	{AT(hf_salvage_domain, kept), HF_API_UINT},
	{AT(hf_salvage_domain, lost), HF_API_UINT});

const struct hf_api_struct hf__api_salvage_summary = SIZED(hf_salvage_summary,
	{AT(hf_salvage_summary, looked), HF_API_BOOL},
	{AT(hf_salvage_summary, built), HF_API_BOOL},
	{AT(hf_salvage_summary, uuid), HF_API_UINT, .elements = 16},
	{AT(hf_salvage_summary, epoch), HF_API_UINT},
	{AT(hf_salvage_summary, identity_lost), HF_API_BOOL},
	{AT(hf_salvage_summary, end_unknown), HF_API_BOOL},
	{AT(hf_salvage_summary, snapshot_lsn), HF_API_LSN, .zero = "from the log"},
	{AT(hf_salvage_summary, groups), HF_API_UINT},
	{AT(hf_salvage_summary, entries), HF_API_UINT},
	{AT(hf_salvage_summary, entries_left_out), HF_API_UINT},
	{AT(hf_salvage_summary, first_lsn), HF_API_LSN, .zero = "none"},
	{AT(hf_salvage_summary, last_lsn), HF_API_LSN, .zero = "none"},
	{AT(hf_salvage_summary, passed_lsn), HF_API_LSN},
	{AT(hf_salvage_summary, losses), HF_API_UINT},
	{AT(hf_salvage_summary, made_uuid), HF_API_UINT, .elements = 16},
	{AT(hf_salvage_summary, made_epoch), HF_API_UINT},
	{AT(hf_salvage_summary, made_entries), HF_API_UINT},
	{AT(hf_salvage_summary, domain_count), HF_API_UINT},
	{AT(hf_salvage_summary, domains), HF_API_STRUCT, .of = &hf__api_salvage_domain,
	 .elements = HF_FSCK_DOMAINS_MAX});

static const struct hf_api_struct *const structs[] = {
	&hf__api_salvage_options, &hf__api_salvage_domain, &hf__api_salvage_summary, NULL,
};

static const struct hf_api_call calls[] = {
	{CALL(hf_salvage), HF_API_WAIT_CALL, .takes = &hf__api_salvage_options,
	 .fills = &hf__api_salvage_summary},
	{0},
};

const struct hf_api_part hf__api_salvage_part = {"salvage", structs, calls};
