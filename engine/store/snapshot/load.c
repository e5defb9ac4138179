/* See load.h. */
#include "store/snapshot/load.h"

#include "object/container.h"

/* The newest change of anything in it stands behind the objects that it holds. */
static int load_container(void *state, const struct hf__entry *entry)
{
	struct hf__object *container = hf__container_find(state, entry->body);
	if (!container)
		return HF_ECORRUPT;
	hf__object_note(container, entry->lsn, entry->lsn);
	return HF_OK;
}

int hf__load_entry(const struct hf__domain *row, void *state, struct hf__change *change,
                   const struct hf__entry *entry)
{
	if (entry->kind == HF__CONTAINER_ENTRY)
		return row->removed == hf__containers_removed ? load_container(state, entry) : HF_ECORRUPT;
	hf__change_begin(change, entry->lsn, true);
	const int rc = row->apply(state, change, entry);
	if (rc != HF_OK)
		hf__change_undo(change);
	else
		hf__change_keep(change);
	return rc;
}
