/* The files beside the segments. IDENTITY says which store this is: without it nothing else
 * verifies, so when it is gone the name that the segments bear is taken instead. WITNESS is
 * checked slot by slot: one that does not verify is what a crash may leave. */
#include <errno.h>

#include "log/sector.h"
#include "store/check/check.h"

static void count_file(struct hf__check *c, uint64_t bytes)
{
	c->sum.files++;
	c->sum.bytes += bytes;
}

/* --- IDENTITY --------------------------------------------------------------------------------- */

/* Looks for a segment whose header verifies under the name that it bears itself; takes that name
 * for the store's. */
static bool adopt_name(struct hf__check *c)
{
	struct hf__recovery *r = &c->r;
	bool found = false;
	if (hf__recovery_list(r) != HF_OK)
		return false;
	for (size_t i = 0; i < r->count && !found; i++) {
		found = hf__recovery_header(r, &r->found[i]) == HF_OK && r->found[i].foreign;
		if (!found)
			continue;
		const struct hf__head head = hf__head_get(r->bytes.data);
		memcpy(c->store->identity.uuid, head.uuid, sizeof head.uuid);
		c->store->identity.epoch = head.epoch;
		c->store->identity.incompat = head.incompat;
	}
	r->count = 0;
	r->head = NULL;
	return found;
}

static int without_identity(struct hf__check *c, int rc)
{
	const struct hf_error why = c->scratch;
	const bool adopted = adopt_name(c);
	if (rc == HF_ENOTFOUND && !adopted && !hf__log_without_identity(c->store->os))
		return rc;
	c->have_identity = adopted;
	if (rc == HF_ENOTFOUND)
		(void)hf__check_note(c, HF_FSCK_DAMAGE, HF__NAME_IDENTITY, 0, 0,
		                     "the file is missing, and there is a log, or a " HF__NAME_WITNESS
		                     " or snapshot of one");
	else
		(void)hf__check_note(c, HF_FSCK_DAMAGE, HF__NAME_IDENTITY, 0, HF__IDENTITY_SIZE, "%s%s",
		                     why.text,
		                     adopted ? "; the segments tell which store this is"
		                             : ", and no segment tells which store this is");
	return HF_OK;
}

static int look_at_identity(struct hf__check *c)
{
	const int rc = hf__read_identity(c->store, &c->scratch);
	switch (rc) {
	case HF_OK:
		c->have_identity = true;
		c->sum.format = c->store->identity.format_major;
		count_file(c, HF__IDENTITY_SIZE);
		return HF_OK;
	case HF_EVERSION:
		c->sum.format = c->store->identity.format_major;
		(void)hf__check_note(c, HF_FSCK_NEWER, HF__NAME_IDENTITY, 0, HF__IDENTITY_SIZE,
		                     "%s; nothing else was read", c->scratch.text);
		return HF_OK;
	case HF_EIO:
	case HF_EACCESS:
	case HF_ENOSPACE:
		hf__check_unread(c, HF__NAME_IDENTITY, rc, c->scratch.os_errno);
		return HF_OK;
	default:
		return without_identity(c, rc);
	}
}

int hf__check_identity(struct hf__check *c)
{
	c->store->options.inline_max = HF__INLINE_DEFAULT;
	int rc = look_at_identity(c);
	if (rc != HF_OK || !c->have_identity)
		return rc;
	rc = hf__prepare_memory(c->store, &c->scratch);
	memcpy(c->sum.uuid, c->store->id.uuid, sizeof c->sum.uuid);
	c->sum.epoch = c->store->id.epoch;
	return rc;
}

/* --- WITNESS ---------------------------------------------------------------------------------- */

/* Also where the other one says that the store was closed: a crash while that word was written may
 * have left it whole, and the one before it, which was not synced yet, not. */
static void report_slot(struct hf__check *c, unsigned index)
{
	const uint64_t at = (uint64_t)index * HF__WITNESS_SLOT_STEP;
	(void)hf__check_note(c, HF_FSCK_TORN, HF__NAME_WITNESS, at, HF__WITNESS_SLOT_SIZE,
	                     "this slot is not whole, as a crash may leave it: less is known about "
	                     "how far the log was durable");
}

void hf__check_slots(struct hf__check *c)
{
	struct hf__witness slots[2];
	bool whole[2];
	if (!c->have_slots)
		return;
	for (unsigned i = 0; i < 2; i++)
		whole[i] = hf__witness_decode(&c->store->id, c->slots[i], sizeof c->slots[i], &slots[i]) ==
		               HF_OK &&
		           (slots[i].generation & 1) == i;
	for (unsigned i = 0; i < 2; i++) {
		/* Zeros are a slot that was never written; from the second generation on both were. */
		const bool unused = hf__bytes_zero(c->slots[i], sizeof c->slots[i]) &&
		                    (!whole[1 - i] || slots[1 - i].generation < 2);
		if (!whole[i] && !unused)
			report_slot(c, i);
	}
}

void hf__check_witness(struct hf__check *c)
{
	struct hf_store *s = c->store;
	const struct hf__os *os = s->os;
	uint8_t file[HF__WITNESS_SIZE] = {0};
	uint64_t size = 0;
	size_t got = 0;
	int rc = hf__open_witness(s, 0, &c->scratch);
	if (rc == HF_ECORRUPT)
		(void)hf__check_note_error(c, HF_FSCK_DAMAGE);
	else if (rc != HF_OK)
		hf__check_unread(c, HF__NAME_WITNESS, rc, c->scratch.os_errno);
	if (rc != HF_OK)
		return;
	rc = os->size(os->ctx, s->witness.file, &size);
	if (rc == 0)
		rc = os->read(os->ctx, s->witness.file, file, sizeof file, 0, &got);
	if (rc || hf__recovery_witness(&c->r) != HF_OK) {
		hf__check_unread(c, HF__NAME_WITNESS, HF_EIO, rc ? rc : c->scratch.os_errno);
		return;
	}
	count_file(c, size);
	if (size != HF__WITNESS_SIZE)
		(void)hf__check_note(c, size < HF__WITNESS_SIZE ? HF_FSCK_DAMAGE : HF_FSCK_LEFTOVER,
		                     HF__NAME_WITNESS, size < HF__WITNESS_SIZE ? size : HF__WITNESS_SIZE, 0,
		                     "the file has %llu bytes instead of %u", (unsigned long long)size,
		                     HF__WITNESS_SIZE);
	for (unsigned i = 0; i < 2; i++) {
		const size_t at = (size_t)i * HF__WITNESS_SLOT_STEP, behind = at + HF__WITNESS_SLOT_SIZE;
		memcpy(c->slots[i], file + at, HF__WITNESS_SLOT_SIZE);
		if (!hf__bytes_zero(file + behind, HF__WITNESS_SLOT_STEP - HF__WITNESS_SLOT_SIZE))
			(void)hf__check_note(c, HF_FSCK_LEFTOVER, HF__NAME_WITNESS, behind,
			                     HF__WITNESS_SLOT_STEP - HF__WITNESS_SLOT_SIZE,
			                     "what lies behind a slot should be zero; it is never read");
	}
	c->have_slots = got >= HF__WITNESS_SLOT_STEP + HF__WITNESS_SLOT_SIZE;
}

/* --- The rest --------------------------------------------------------------------------------- */

struct others {
	struct hf__check *c;
	bool lock;
};

static int look_at_name(void *arg, const char *name)
{
	static const char tmp[] = ".tmp";
	struct others *others = arg;
	uint32_t number = 0;
	uint64_t lsn = 0;
	const size_t len = strlen(name);
	if (strcmp(name, HF__NAME_LOCK) == 0)
		others->lock = true;
	else if (len >= sizeof tmp && strcmp(name + len - (sizeof tmp - 1), tmp) == 0)
		(void)hf__check_note(others->c, HF_FSCK_LEFTOVER, name, 0, 0,
		                     "a file that was being made; it is never read");
	else if (strcmp(name, HF__NAME_IDENTITY) != 0 && strcmp(name, HF__NAME_WITNESS) != 0 &&
	         !hf__segment_name_parse(name, &number) && !hf__snapshot_name_parse(name, &lsn))
		(void)hf__check_note(others->c, HF_FSCK_LEFTOVER, name, 0, 0,
		                     "no file of a store has this name; it was not read");
	return 0;
}

#define LOCK_MAX 256u /* more than its line ever has */

static void look_at_lock(struct hf__check *c)
{
	const struct hf__os *os = c->store->os;
	uint64_t size = 0;
	int file = -1;
	int rc = os->open(os->ctx, HF__NAME_LOCK, 0, &file);
	if (rc == 0) {
		rc = os->size(os->ctx, file, &size);
		const int closed = os->close(os->ctx, file);
		rc = rc ? rc : closed;
	}
	if (rc) {
		hf__check_unread(c, HF__NAME_LOCK, HF_EIO, rc);
		return;
	}
	count_file(c, 0);
	if (size > LOCK_MAX)
		(void)hf__check_note(
		    c, HF_FSCK_LEFTOVER, HF__NAME_LOCK, 0, size,
		    "the file should hold one line about who has the store; nothing depends on it");
}

void hf__check_others(struct hf__check *c)
{
	const struct hf__os *os = c->store->os;
	struct others others = {.c = c};
	const int rc = os->list(os->ctx, look_at_name, &others);
	if (rc)
		hf__check_unread(c, "", rc == ENOMEM ? HF_ENOMEM : HF_EIO, rc);
	else if (others.lock)
		look_at_lock(c);
	else
		(void)hf__check_note(c, HF_FSCK_LEFTOVER, HF__NAME_LOCK, 0, 0,
		                     "the file is missing; the next opening makes it");
}
