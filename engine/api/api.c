/* See api.h. */
#include "api/api.h"

#include <string.h>

const struct hf_api_part *const hf__api_common[] = {
    &hf__api_types_part,   &hf__api_store_part,    &hf__api_feed_part,
    &hf__api_admin_part,   &hf__api_transfer_part, &hf__api_backup_part,
    &hf__api_salvage_part, &hf__api_metrics_part,  NULL};

const struct hf_api_struct *hf__api_struct_of(const struct hf_api_part *part, const char *name)
{
	for (const struct hf_api_struct *const *at = part->structs; *at; at++)
		if (strcmp((*at)->name, name) == 0)
			return *at;
	return NULL;
}
