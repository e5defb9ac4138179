/* Backups. See holdfast/api.h. */
#include "holdfast/backup.h"
#include "api/row.h"

/* clang-format off */
const struct hf_api_struct hf__api_backup_options = SIZED(hf_backup_options,
	{AT(hf_backup_options, link), HF_API_BOOL},
	{AT(hf_backup_options, progress), HF_API_FUNCTION},
	{AT(hf_backup_options, ctx), HF_API_CONTEXT});

const struct hf_api_struct hf__api_backup_facts = SIZED(hf_backup_facts,
	{AT(hf_backup_facts, uuid), HF_API_UINT, .elements = 16},
	{AT(hf_backup_facts, epoch), HF_API_UINT},
	{AT(hf_backup_facts, incremental), HF_API_BOOL},
	{AT(hf_backup_facts, lsn), HF_API_LSN},
	{AT(hf_backup_facts, files), HF_API_UINT},
	{AT(hf_backup_facts, bytes), HF_API_UINT},
	{AT(hf_backup_facts, copied), HF_API_UINT},
	{AT(hf_backup_facts, shared), HF_API_UINT},
	{AT(hf_backup_facts, linked), HF_API_UINT},
	{AT(hf_backup_facts, kept), HF_API_UINT});

const struct hf_api_struct hf__api_restore_options = SIZED(hf_restore_options,
	{AT(hf_restore_options, replace), HF_API_BOOL},
	{AT(hf_restore_options, allow_unsafe_fs), HF_API_BOOL},
	{AT(hf_restore_options, epoch_above), HF_API_UINT},
	{AT(hf_restore_options, wait_us), HF_API_WAIT},
	{AT(hf_restore_options, progress), HF_API_FUNCTION},
	{AT(hf_restore_options, ctx), HF_API_CONTEXT});

static const struct hf_api_struct *const structs[] = {
	&hf__api_backup_options, &hf__api_backup_facts, &hf__api_restore_options, NULL,
};

static const struct hf_api_call calls[] = {
	{CALL(hf_backup), HF_API_WAIT_CALL, .takes = &hf__api_backup_options,
	 .fills = &hf__api_backup_facts},
	{CALL(hf_restore), HF_API_WAIT_CALL, .takes = &hf__api_restore_options,
	 .fills = &hf__api_snapshot_file},
	{0},
};

const struct hf_api_part hf__api_backup_part = {"backup", structs, calls};
