/* Whole stores as one file. See holdfast/api.h. */
#include "holdfast/transfer.h"
#include "api/row.h"

/* clang-format off */
const struct hf_api_struct hf__api_snapshot_file = SIZED(hf_snapshot_file,
	{AT(hf_snapshot_file, uuid), HF_API_UINT, .elements = 16},
	{AT(hf_snapshot_file, epoch), HF_API_UINT},
	{AT(hf_snapshot_file, exported), HF_API_BOOL},
	{AT(hf_snapshot_file, lsn), HF_API_LSN},
	{AT(hf_snapshot_file, clock), HF_API_TIME},
	{AT(hf_snapshot_file, entries), HF_API_UINT},
	{AT(hf_snapshot_file, bytes), HF_API_UINT});

const struct hf_api_struct hf__api_export_options = SIZED(hf_export_options,
	{AT(hf_export_options, replace), HF_API_BOOL},
	{AT(hf_export_options, progress), HF_API_FUNCTION},
	{AT(hf_export_options, ctx), HF_API_CONTEXT});

const struct hf_api_struct hf__api_verify_options = SIZED(hf_verify_options,
	{AT(hf_verify_options, max_bytes), HF_API_UINT,
	 .zero = "64 MiB and 1,000 times the file"},
	{AT(hf_verify_options, progress), HF_API_FUNCTION},
	{AT(hf_verify_options, ctx), HF_API_CONTEXT});

const struct hf_api_struct hf__api_import_options = SIZED(hf_import_options,
	{AT(hf_import_options, replace), HF_API_BOOL},
	{AT(hf_import_options, allow_unsafe_fs), HF_API_BOOL},
	{AT(hf_import_options, epoch_above), HF_API_UINT},
	{AT(hf_import_options, segment_size), HF_API_UINT},
	{AT(hf_import_options, pad), HF_API_UINT},
	{AT(hf_import_options, wait_us), HF_API_WAIT},
	{AT(hf_import_options, max_size), HF_API_UINT, .zero = "64 GiB"},
	{AT(hf_import_options, max_bytes), HF_API_UINT,
	 .zero = "64 MiB and 1,000 times the file"},
	{AT(hf_import_options, progress), HF_API_FUNCTION},
	{AT(hf_import_options, ctx), HF_API_CONTEXT});

static const struct hf_api_struct *const structs[] = {
	&hf__api_snapshot_file, &hf__api_export_options, &hf__api_verify_options,
	&hf__api_import_options, NULL,
};

static const struct hf_api_call calls[] = {
	{CALL(hf_export), HF_API_WAIT_CALL, .takes = &hf__api_export_options,
	 .fills = &hf__api_snapshot_file},
	{CALL(hf_export_fd), HF_API_WAIT_CALL, .takes = &hf__api_export_options,
	 .fills = &hf__api_snapshot_file},
	{CALL(hf_verify_snapshot), HF_API_WAIT_CALL, .takes = &hf__api_verify_options,
	 .fills = &hf__api_snapshot_file},
	{CALL(hf_import), HF_API_WAIT_CALL, .takes = &hf__api_import_options,
	 .fills = &hf__api_snapshot_file},
	{CALL(hf_import_fd), HF_API_WAIT_CALL, .takes = &hf__api_import_options,
	 .fills = &hf__api_snapshot_file},
	{0},
};

const struct hf_api_part hf__api_transfer_part = {"transfer", structs, calls};
