/* holdfast: an embeddable, durable state engine. This header includes the whole public API. */
#ifndef HOLDFAST_H
#define HOLDFAST_H

#include "holdfast/admin.h"
#include "holdfast/api.h"
#include "holdfast/async.h"
#include "holdfast/backup.h"
#include "holdfast/clock.h"
#include "holdfast/cursor.h"
#include "holdfast/document.h"
#include "holdfast/feed.h"
#include "holdfast/idempotency.h"
#include "holdfast/inbox.h"
#include "holdfast/lock.h"
#include "holdfast/metrics.h"
#include "holdfast/migration.h"
#include "holdfast/outbox.h"
#include "holdfast/outbox_claim.h"
#include "holdfast/outbox_drain.h"
#include "holdfast/outbox_read.h"
#include "holdfast/salvage.h"
#include "holdfast/store.h"
#include "holdfast/timeline.h"
#include "holdfast/transfer.h"
#include "holdfast/types.h"
#include "holdfast/version.h"
#include "holdfast/wait.h"

#endif
