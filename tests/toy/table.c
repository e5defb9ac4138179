/* The table of domains that the toy's library is linked with, in place of engine/table.c: all of
 * them, and notes. */
#include "domains/common/domains.h"
#include "store/store.h"

extern const struct hf__domain hf__note_domain;

static const struct hf__domain *const rows[] = {
    &hf__clock_domain,       &hf__inbox_domain,    &hf__cursor_domain,   &hf__outbox_domain,
    &hf__idempotency_domain, &hf__document_domain, &hf__timeline_domain, &hf__lock_domain,
    &hf__migration_domain,   &hf__note_domain,
};
static const struct hf__domains all = {rows, sizeof rows / sizeof rows[0]};

const struct hf__domains *hf__all_domains(void)
{
	return &all;
}
