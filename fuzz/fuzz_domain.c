/* Fuzz target: what every domain does with an entry: apply, describe, about, concerns, verify,
 * snapshot, and undo.
 *
 * An input is a script. Its first byte chooses the domain; then each step takes one of the
 * entries that a store really wrote (lib/churn/churn.h, made once, so the corpus does not depend on
 * how bodies look) as it is, with some bytes changed, cut or made longer, or a body of its own,
 * and applies it to a state. Checksums do not come into it: apply is behind them. What must
 * hold, whatever the bytes:
 *  - apply answers HF_OK, HF_ECORRUPT or HF_EVERSION, and HF_ENOMEM only when an allocation was
 *    made to fail;
 *  - what it took, about can name; describe ends in its buffer;
 *  - what it refused, and what is taken back, leaves no trace in the snapshot;
 *  - after every change the domain's own verify finds nothing;
 *  - at the end the snapshot loads into an empty state, which gives the same snapshot.
 * A violation aborts. */
#include <stdlib.h>

#include "base/mem.h"
#include "lib/churn/churn.h"
#include "lib/logged.h"
#include "lib/settings.h"
#include "object/removed.h"
#include "store/snapshot/load.h"
#include "store/store.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { HISTORY_STEPS = 300, BETWEEN_PAUSES = 20, STEPS_MAX = 30, BODY_MAX = 4096 };

enum what { AS_IS, PASSED, PATCHED, RESIZED, OWN, SEVERAL, ELSEWHERE, SWEEP };
enum { UNDONE = 8, EARLIER = 16, LATER = 32, NO_MEMORY = 64, OPENED = 128 };

static void require(bool holds)
{
	if (!holds)
		abort();
}

/* --- What a store wrote ----------------------------------------------------------------------- */

static struct logged history;

static void write_history(void)
{
	struct churn churn;
	int64_t now = STAGE_NOW;
	require(setenv("HF_SEED", "1", 0) == 0);
	struct stage *stage = stage_open(SETTING_LIVE);
	churn_init(&churn, "fuzz", 5, 400);
	for (unsigned i = 0; i < HISTORY_STEPS; i++) {
		churn_step(&churn, stage->store);
		if (i % BETWEEN_PAUSES != 0)
			continue;
		now += 7000000;
		stage_at(stage, now);
		require(hf_maintain(stage->store, 0, NULL) == HF_OK);
	}
	churn_deinit(&churn);
	require(hf_sync(stage->store, NULL) == HF_OK);
	logged_read(&history, stage->sim);
	stage_drop(stage);
}

/* --- One script ------------------------------------------------------------------------------- */

struct script {
	struct hf__reader in;
	struct bare bare;
	size_t at; /* in the history: the next entry, of any domain */
	uint64_t lsn; /* the newest that was used */
	unsigned veto; /* so many allocations succeed */
	bool opened; /* once in the life of a state */
};

static bool veto(void *ctx, size_t size)
{
	struct script *s = ctx;
	(void)size;
	return s->veto-- == 0;
}

/* The next entry of the script's domain; NULL: there is none. */
static const struct hf__entry *next_entry(struct script *s)
{
	for (size_t i = 0; i < history.count; i++) {
		const struct hf__entry *entry = &history.entries[s->at];
		s->at = (s->at + 1) % history.count;
		if (entry->domain == s->bare.row->id)
			return entry;
	}
	return NULL;
}

static bool same(const struct hf__writer *a, const struct hf__writer *b)
{
	return a->len == b->len && (a->len == 0 || memcmp(a->data, b->data, a->len) == 0);
}

static bool ask(const struct hf__domain *row, const struct hf__entry *entry)
{
	static const struct hf_bytes key[] = {{"que1", 4}, {"b", 1}, {"c", 1}};
	struct hf__about about;
	char text[64] = "";
	struct hf__text out = {text, sizeof text, 0};
	row->describe(entry, &out);
	require(strnlen(text, sizeof text) < sizeof text && text[0] != '\0');
	for (unsigned parts = 0; row->concerns && parts <= 3; parts++)
		(void)row->concerns(entry, key, parts);
	if (!row->about(entry, &about))
		return false;
	require(about.operation && about.operation[0] && about.parts >= 1 && about.parts <= 3);
	for (unsigned i = 0; i < about.parts; i++)
		require(about.key[i].len == 0 || (about.key[i].data >= entry->body.data &&
		                                  (const uint8_t *)about.key[i].data + about.key[i].len <=
		                                      (const uint8_t *)entry->body.data + entry->body.len));
	return true;
}

/* `trusted`: as a store wrote it; what it leaves is looked at by whoever tries several of them. */
static void try_entry(struct script *s, struct hf__entry *entry, uint8_t how, bool trusted)
{
	struct hf__writer before = {0};
	if (!trusted || how & UNDONE)
		before = bare_snapshot(&s->bare);
	entry->lsn = entry->lsn > s->lsn ? entry->lsn : s->lsn + 1;
	entry->at += how & EARLIER ? -INT64_C(100000000) : how & LATER ? INT64_C(40000000000) : 0;
	const bool named = ask(s->bare.row, entry);
	if (how & NO_MEMORY) {
		s->veto = hf__get_u8(&s->in) % 24u;
		hf__mem_set_veto(veto, s);
	}
	const int rc = bare_apply(&s->bare, entry);
	hf__mem_set_veto(NULL, NULL);
	require(rc == HF_OK || rc == HF_ECORRUPT || rc == HF_EVERSION ||
	        (rc == HF_ENOMEM && (how & NO_MEMORY)));
	require(rc != HF_OK || named);
	if (rc == HF_OK && !(how & UNDONE)) {
		hf__change_keep(&s->bare.change);
		s->lsn = entry->lsn;
	} else if (rc == HF_OK) {
		hf__change_undo(&s->bare.change);
	}
	if (before.data && (rc != HF_OK || how & UNDONE)) {
		struct hf__writer after = bare_snapshot(&s->bare);
		require(same(&before, &after));
		hf__writer_deinit(&after);
	}
	hf__writer_deinit(&before);
	if (!trusted)
		bare_verify(&s->bare, HF_OK);
}

/* The body in an allocation of its own size, so that a sanitizer sees the first byte read beyond
 * it. */
static uint8_t *body_of(struct hf__entry *entry, size_t len)
{
	uint8_t *body = calloc(1, len ? len : 1);
	require(body != NULL);
	const size_t kept = len < entry->body.len ? len : entry->body.len;
	if (kept > 0)
		memcpy(body, entry->body.data, kept);
	entry->body = hf_bytes_of(body, len);
	return body;
}

static void patch(struct script *s, uint8_t *body, size_t len)
{
	for (unsigned left = hf__get_u8(&s->in) % 6u + 1; left > 0 && len > 0; left--) {
		const size_t at = hf__get_u16(&s->in) % len;
		body[at] = hf__get_u8(&s->in);
	}
}

static void altered(struct script *s, enum what what, uint8_t how)
{
	const struct hf__entry *entry = next_entry(s);
	if (!entry)
		return;
	struct hf__entry copy = *entry;
	const size_t len = what == RESIZED ? hf__get_u16(&s->in) % BODY_MAX : copy.body.len;
	uint8_t *body = body_of(&copy, len);
	if (what != AS_IS)
		patch(s, body, len);
	try_entry(s, &copy, how, what == AS_IS);
	free(body);
}

static void own(struct script *s, uint8_t how)
{
	struct hf__entry entry = {
	    .lsn = s->lsn + 1, .at = STAGE_NOW, .domain = s->bare.row->id, .kind = hf__get_u8(&s->in)};
	const size_t len = hf__get_u8(&s->in);
	entry.body = hf__get_bytes(&s->in, len);
	uint8_t *body = body_of(&entry, entry.body.len);
	try_entry(s, &entry, how, false);
	free(body);
}

static void step(struct script *s)
{
	const uint8_t how = hf__get_u8(&s->in);
	const enum what what = how & 7;
	struct hf__removed *removed = s->bare.row->removed ? s->bare.row->removed(s->bare.state) : NULL;
	if (how & OPENED && !s->opened && s->bare.row->opened) {
		s->bare.row->opened(s->bare.state, s->lsn + 1);
		s->opened = true;
	}
	switch (what) {
	case PASSED:
		(void)next_entry(s);
		break;
	case OWN:
		own(s, how);
		break;
	case SEVERAL:
		for (unsigned i = 0; i < 12; i++)
			altered(s, AS_IS, how & NO_MEMORY);
		bare_verify(&s->bare, HF_OK);
		break;
	case ELSEWHERE:
		s->at = hf__get_u16(&s->in) % history.count;
		break;
	case SWEEP:
		if (removed)
			(void)hf__removed_sweep(removed, how & LATER ? UINT64_MAX : s->lsn - 1, 0, 100);
		break;
	default:
		altered(s, what, how);
	}
}

/* --- The end ---------------------------------------------------------------------------------- */

static void load(struct bare *bare, const struct hf__writer *snapshot)
{
	struct hf__reader r = hf__reader(hf_bytes_of(snapshot->data, snapshot->len));
	while (r.left > 0) {
		struct hf__entry entry = {.lsn = hf__get_u64(&r),
		                          .at = STAGE_NOW,
		                          .domain = bare->row->id,
		                          .kind = hf__get_u8(&r)};
		entry.body = hf__get_long(&r);
		require(!r.bad && hf__load_entry(bare->row, bare->state, &bare->change, &entry) == HF_OK);
	}
}

static void round_trip(const struct script *s)
{
	struct bare other;
	struct hf__writer first = bare_snapshot(&s->bare);
	bare_init(&other, s->bare.row);
	load(&other, &first);
	bare_verify(&other, HF_OK);
	struct hf__writer second = bare_snapshot(&other);
	require(same(&first, &second));
	hf__writer_deinit(&first);
	hf__writer_deinit(&second);
	bare_deinit(&other);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct hf__domains *all = hf__all_domains();
	struct script s = {.in = hf__reader(hf_bytes_of(data, size)), .lsn = 1};
	if (history.count == 0)
		write_history();
	bare_init(&s.bare, all->rows[hf__get_u8(&s.in) % all->count]);
	for (unsigned i = 0; i < STEPS_MAX && s.in.left > 0; i++)
		step(&s);
	round_trip(&s);
	bare_deinit(&s.bare);
	return 0;
}
