/* Migrations that were applied. See holdfast/api.h. */
#include "holdfast/migration.h"
#include "api/row.h"

/* clang-format off */
const struct hf_api_struct hf__api_migration = STRUCT(hf_migration,
	{AT(hf_migration, name), HF_API_KEY},
	{AT(hf_migration, fill), HF_API_FUNCTION, .zero = "nothing but the name is recorded"},
	{AT(hf_migration, ctx), HF_API_CONTEXT},
	{AT(hf_migration, has_checksum), HF_API_BOOL},
	{AT(hf_migration, checksum), HF_API_UINT});

const struct hf_api_struct hf__api_migrated = SIZED(hf_migrated,
	{AT(hf_migrated, applied), HF_API_UINT},
	{AT(hf_migrated, skipped), HF_API_UINT});

const struct hf_api_struct hf__api_migration_record_args = SIZED(hf_migration_record_args,
	{AT(hf_migration_record_args, write), HF_API_STRUCT, .of = &hf__api_write},
	{AT(hf_migration_record_args, name), HF_API_KEY, .label = "the name of a migration"},
	{AT(hf_migration_record_args, applied_at), HF_API_TIME, .zero = "now"},
	{AT(hf_migration_record_args, has_checksum), HF_API_BOOL},
	{AT(hf_migration_record_args, checksum), HF_API_UINT});

const struct hf_api_struct hf__api_migration_forget_args = SIZED(hf_migration_forget_args,
	{AT(hf_migration_forget_args, write), HF_API_STRUCT, .of = &hf__api_write},
	{AT(hf_migration_forget_args, name), HF_API_KEY, .label = "the name of a migration"});

const struct hf_api_struct hf__api_migration_guard_args = SIZED(hf_migration_guard_args,
	{AT(hf_migration_guard_args, write), HF_API_STRUCT, .of = &hf__api_write},
	{AT(hf_migration_guard_args, name), HF_API_KEY, .label = "the name of a migration"});

const struct hf_api_struct hf__api_migration_entry = STRUCT(hf_migration_entry,
	{AT(hf_migration_entry, name), HF_API_KEY},
	{AT(hf_migration_entry, applied_at), HF_API_TIME},
	{AT(hf_migration_entry, has_checksum), HF_API_BOOL},
	{AT(hf_migration_entry, checksum), HF_API_UINT},
	{AT(hf_migration_entry, version), HF_API_LSN});

const struct hf_api_struct hf__api_migration_list_args = SIZED(hf_migration_list_args,
	{AT(hf_migration_list_args, limit), HF_API_UINT, .zero = "all"},
	{AT(hf_migration_list_args, page), HF_API_STRING, .zero = "the first page"},
	{AT(hf_migration_list_args, after), HF_API_LSN});

const struct hf_api_struct hf__api_migration_page = SIZED(hf_migration_page,
	{AT(hf_migration_page, items), HF_API_MANY, .of = &hf__api_migration_entry},
	{AT(hf_migration_page, count), HF_API_UINT},
	{AT(hf_migration_page, next), HF_API_STRING},
	{AT(hf_migration_page, memory), HF_API_MEMORY});

static const struct hf_api_struct *const structs[] = {
	&hf__api_migration, &hf__api_migrated, &hf__api_migration_record_args,
	&hf__api_migration_forget_args, &hf__api_migration_guard_args, &hf__api_migration_entry,
	&hf__api_migration_list_args, &hf__api_migration_page, NULL,
};

static const struct hf_api_call calls[] = {
	{CALL(hf_migrate), HF_API_WAIT_CALL, .takes = &hf__api_migration, .fills = &hf__api_migrated},
	{CALL(hf_migration_record), HF_API_MUTATION, .takes = &hf__api_migration_record_args},
	{CALL(hf_migration_forget), HF_API_MUTATION, .takes = &hf__api_migration_forget_args},
	{CALL(hf_migration_guard), HF_API_MUTATION, .takes = &hf__api_migration_guard_args},
	{CALL(hf_migration_applied), HF_API_READ, .takes = &hf__api_bytes, .gives = HF_API_BOOL},
	{CALL(hf_migration_list), HF_API_READ, .takes = &hf__api_migration_list_args,
	 .fills = &hf__api_migration_page},
	{0},
};

const struct hf_api_part hf__api_migration_part = {"migration", structs, calls};
