/* What exists: the table of domains. A test links another one. */
#include "domains/common/domains.h"
#include "store/store.h"

/* The order is also that of a snapshot: by id, but for the clock, by whose set-backs all that
 * follows is read. */
/* clang-format off */
static const struct hf__domain *const rows[] = {
    &hf__clock_domain,
    &hf__inbox_domain,
    &hf__cursor_domain,
    &hf__outbox_domain,
    &hf__idempotency_domain,
    &hf__document_domain,
    &hf__timeline_domain,
    &hf__lock_domain,
    &hf__migration_domain,
};
/* clang-format on */

static const struct hf__domains all = {rows, sizeof rows / sizeof rows[0]};

const struct hf__domains *hf__all_domains(void)
{
	return &all;
}
