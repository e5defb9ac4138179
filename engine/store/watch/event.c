/* Entries as events: what the domain says that an entry is about, and which objects it concerns. */
#include "log/entry.h"
#include "store/check/readonly.h"
#include "store/internal.h"

void hf__event_of(const struct hf_store *s, const struct hf__entry *entry, struct hf_event *out)
{
	struct hf__about about = {0};
	unsigned index = 0;
	const struct hf__domain *row = hf__domain_by_id(s, entry->domain, &index);
	*out = (struct hf_event){
	    .lsn = entry->lsn,
	    .at = entry->at,
	    .domain = row ? row->name : "unknown",
	    .operation = "unknown",
	    .transaction_end = (entry->flags & HF__ENTRY_LAST) != 0,
	    .domain_id = entry->domain,
	    .kind = entry->kind,
	    .body = entry->body,
	};
	if (!row || !hf__entry_known(row, entry) || !row->about || !row->about(entry, &about))
		return;
	out->operation = about.operation;
	memcpy(out->key, about.key, sizeof out->key);
	out->parts = about.parts;
	out->removed = about.removed;
	out->many = about.many;
	out->reason = about.reason;
}

int hf__event_readable(const struct hf_store *s, const struct hf__entry *entry,
                       struct hf_error *error)
{
	const struct hf__domain *row;
	unsigned index = 0;
	const int rc = hf__entry_readable(s, entry, &row, &index);
	return rc != HF_EVERSION
	           ? rc
	           : hf__fail(error, rc, 0,
	                      "entry %llu was written by a newer version (domain %u, kind %u)",
	                      (unsigned long long)entry->lsn, entry->domain, entry->kind);
}

bool hf__event_concerns(const struct hf__domains *domains, const struct hf_event *event,
                        const struct hf_bytes *key, unsigned parts)
{
	const unsigned common = event->parts < parts ? event->parts : parts;
	for (unsigned i = 0; i < parts; i++)
		if (!hf__bytes_there(key[i]) || (i < common && !hf__bytes_equal(event->key[i], key[i])))
			return false;
	if (event->parts >= parts || !event->many || event->body.len == 0)
		return event->parts >= parts || event->many;
	const struct hf__entry entry = {.lsn = event->lsn,
	                                .at = event->at,
	                                .domain = event->domain_id,
	                                .kind = event->kind,
	                                .body = event->body};
	for (unsigned i = 0; i < domains->count; i++)
		if (domains->rows[i]->id == event->domain_id)
			return !domains->rows[i]->concerns || domains->rows[i]->concerns(&entry, key, parts);
	return true;
}
