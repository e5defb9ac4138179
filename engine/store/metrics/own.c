/* See own.h. What a read-only handle cannot know of the writer is left out. */
#include "store/metrics/own.h"

#include "holdfast/version.h"
#include "store/follow/follow.h"

static uint64_t count_open(struct hf_store *s)
{
	(void)pthread_mutex_lock(&s->payload_files.lock);
	const uint64_t open = s->payload_files.count;
	(void)pthread_mutex_unlock(&s->payload_files.lock);
	return open;
}

void hf__own_gather(struct hf_store *s, struct hf__own *own)
{
	hf__files_find(s, &own->files);
	own->open_segments = count_open(s);
	(void)pthread_mutex_lock(&s->lock);
	hf__info_fill(s, &own->info);
	own->counts = s->counts;
	own->counts.transactions.sum += own->counts.transactions.of[0];
	own->undurable = s->world.next_lsn - 1 - atomic_load(&s->durable_lsn);
	own->replay_entries = s->compaction.entries;
	own->waiting = s->waits.waiting;
	own->mono = s->world.clock.reached; /* info has just read the clock */
	own->fault_errno = s->fault_errno;
	(void)pthread_mutex_unlock(&s->lock);
	own->ticks = s->os->ticks(s->os->ctx);
}

/* --- Which store ------------------------------------------------------------------------------ */

static void add_number(struct hf__exposition *e, const char *label, unsigned value)
{
	char text[16];
	struct hf__text out = {text, sizeof text, 0};
	hf__text_add(&out, "%u", value);
	hf__label(e, label, text);
}

static void expose_store(struct hf__exposition *e, const struct hf__own *own)
{
	const struct hf_info *info = &own->info;
	char uuid[40];
	struct hf__text text = {uuid, sizeof uuid, 0};
	for (unsigned i = 0; i < sizeof info->uuid; i++)
		hf__text_add(&text, i == 4 || i == 6 || i == 8 || i == 10 ? "-%02x" : "%02x",
		             info->uuid[i]);
	hf__family(e, HF__FAMILY_INFO, "build", "The library that gives these figures.");
	hf__sample(e);
	hf__label(e, "version", HF_VERSION);
	add_number(e, "abi", HF_ABI);
	hf__value(e, 1);
	hf__family(e, HF__FAMILY_INFO, "store", "Which store they are of, and of which of its lives.");
	hf__sample(e);
	hf__label(e, "uuid", uuid);
	add_number(e, "epoch", info->epoch);
	add_number(e, "format", info->format);
	hf__value(e, 1);
	hf__gauge(e, "read_only", "1: the handle reads beside the writer, and knows less.",
	          info->read_only);
	hf__gauge(e, "writer_open", "1: the store is open for writing somewhere.", info->writer);
	hf__gauge_us(e, "uptime_seconds", "Since the handle was opened.",
	             (own->ticks - own->counts.opened) / 1000);
	hf__gauge(e, "volatile_fs", "1: the files live in memory, and end with the machine.",
	          info->volatile_fs);
}

/* --- Commits ---------------------------------------------------------------------------------- */

static const struct hf__buckets times = {.low = 10, .high = 34, .nanoseconds = true};
static const struct hf__buckets counts = {.low = 0, .high = 14};

static void expose_commits(struct hf__exposition *e, const struct hf__own *own)
{
	const struct hf__counts *c = &own->counts;
	hf__family(e, HF__FAMILY_HISTOGRAM, "commit_seconds",
	           "From when a transaction was put in order until it was as durable as it asked for.");
	hf__histogram(e, &c->commit[HF__COUNT_DURABLE], &times, "mode", "durable");
	hf__histogram(e, &c->commit[HF__COUNT_OS], &times, "mode", "os");
	hf__family(e, HF__FAMILY_HISTOGRAM, "flush_seconds",
	           "Writing a group of transactions and, with sync, syncing the log.");
	hf__histogram(e, &c->flush[true], &times, "sync", "true");
	hf__histogram(e, &c->flush[false], &times, "sync", "false");
	hf__family(e, HF__FAMILY_HISTOGRAM, "group_transactions", "Transactions of a group.");
	hf__histogram(e, &c->transactions, &counts, NULL, NULL);
	hf__counter(e, "group_bytes", "Bytes of all groups in the log.", c->bytes);
	hf__counter(e, "entries", "Entries that were written to the log.", own->info.entries);
	hf__counter(e, "syncs", "Syncs of the log.", own->info.syncs);
	hf__gauge(e, "undurable_entries", "Entries that are in order, and not durable yet.",
	          own->undurable);
	hf__gauge(e, "waiting_calls", "Calls that wait for a lock or for work.", own->waiting);
}

/* --- The log and its files -------------------------------------------------------------------- */

static void expose_kinds(struct hf__exposition *e, uint64_t log, uint64_t snapshots)
{
	hf__sample(e);
	hf__label(e, "kind", "log");
	hf__value(e, log);
	hf__sample(e);
	hf__label(e, "kind", "snapshots");
	hf__value(e, snapshots);
}

static void expose_files(struct hf__exposition *e, const struct hf__own *own)
{
	const struct hf__files_found *f = &own->files;
	if (!f->known)
		return;
	hf__family(e, HF__FAMILY_GAUGE, "disk_bytes",
	           "Sizes of the files, room that is prepared for the log included.");
	expose_kinds(e, f->segment_bytes, f->snapshot_bytes);
	hf__family(e, HF__FAMILY_GAUGE, "files", "Files of the store.");
	expose_kinds(e, f->segments, f->snapshots);
	hf__gauge(e, "covered_bytes",
	          "Log that the newest snapshot covers: kept by retention, by a subscription, or until "
	          "the next compaction.",
	          f->covered_bytes);
	if (f->newest == 0)
		return;
	const int64_t age = own->mono - f->newest_clock;
	hf__gauge(e, "snapshot_lsn", "The newest entry that the newest snapshot holds.", f->newest);
	hf__gauge(e, "snapshot_bytes", "Size of the newest snapshot.", f->newest_bytes);
	hf__gauge_us(e, "snapshot_age_seconds", "Since that entry was written.", age > 0 ? age : 0);
}

static void expose_log(struct hf__exposition *e, const struct hf__own *own)
{
	const struct hf_info *info = &own->info;
	hf__gauge(e, "last_lsn", "The newest entry that was handed to the system.", info->last_lsn);
	hf__gauge(e, "durable_lsn", "Everything up to this entry survives power loss.",
	          info->durable_lsn);
	hf__gauge_us(e, "clock_ahead_seconds", "How far the store's clock is ahead of the wall clock.",
	             info->clock_ahead_us);
	hf__gauge(e, "open_segments", "Segments that are held open to read payloads.",
	          own->open_segments);
	expose_files(e, own);
	if (info->read_only)
		return;
	hf__gauge(e, "replay_bytes", "Log behind the newest snapshot, which an opening replays.",
	          info->log_bytes);
	hf__gauge(e, "replay_entries", "The same in entries.", own->replay_entries);
}

/* --- Jobs and health -------------------------------------------------------------------------- */

struct job_words {
	const char *ended, *ended_help, *running, *running_help, *took, *took_help;
};

static void expose_job(struct hf__exposition *e, const struct hf__job *job,
                       const struct job_words *words)
{
	hf__family(e, HF__FAMILY_COUNTER, words->ended, words->ended_help);
	hf__sample(e);
	hf__label(e, "result", "ok");
	hf__value(e, job->done);
	hf__sample(e);
	hf__label(e, "result", "failed");
	hf__value(e, job->failed);
	hf__gauge(e, words->running, words->running_help, job->running > 0);
	if (job->took < 0)
		return;
	hf__family(e, HF__FAMILY_GAUGE, words->took, words->took_help);
	hf__sample(e);
	hf__value_ns(e, (uint64_t)job->took);
}

static void expose_health(struct hf__exposition *e, const struct hf__own *own)
{
	static const struct job_words snapshots = {"snapshots",
	                                           "Snapshots that were asked for by themselves.",
	                                           "snapshot_running",
	                                           "1: one is being taken.",
	                                           "snapshot_last_seconds",
	                                           "How long the newest one took."};
	static const struct job_words compactions = {"compactions",
	                                             "Compactions, by themselves or asked for.",
	                                             "compaction_running",
	                                             "1: one is under way.",
	                                             "compaction_last_seconds",
	                                             "How long the newest one took."};
	const struct hf_info *info = &own->info;
	expose_job(e, &own->counts.snapshot, &snapshots);
	expose_job(e, &own->counts.compaction, &compactions);
	hf__gauge(e, "fault", "1: a write or sync failed, and the store with it. Reopen it.",
	          info->fault != 0);
	hf__gauge(e, "fault_code", "The library's code of that; 0: none.", (uint64_t)info->fault);
	hf__gauge(e, "fault_errno", "The system's code of that; 0: none.", (uint64_t)own->fault_errno);
	hf__gauge(e, "unclean_stop", "1: this opening followed a crash or a kill.", info->recovered);
	hf__gauge(e, "snapshots_damaged", "Newer snapshots that this opening had to pass over.",
	          info->snapshots_damaged);
	hf__counter(e, "scrub_rounds", "Whole rounds over the files that are not written any more.",
	            info->scrub_rounds);
	hf__counter(e, "scrub_read_bytes", "Bytes that were read for them.", info->scrub_bytes);
	hf__counter(e, "scrub_findings", "Files that did not verify or could not be read.",
	            info->scrub_findings);
}

void hf__own_expose(struct hf__exposition *e, const struct hf__own *own)
{
	expose_store(e, own);
	expose_log(e, own);
	if (own->info.read_only)
		return;
	expose_commits(e, own);
	expose_health(e, own);
}
