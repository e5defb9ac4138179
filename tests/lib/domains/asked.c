/* See asked.h. */
#include "lib/domains/asked.h"

#include <inttypes.h>

#include "lib/test.h"
#include "store/store.h"

__attribute__((format(printf, 2, 3))) static void say(struct said *said, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	const int len = vsnprintf(said->text + said->len, SAID_MAX - said->len, format, args);
	va_end(args);
	assert_true(len >= 0 && (size_t)len < SAID_MAX - said->len);
	said->len += (size_t)len;
}

/* --- What was answered ------------------------------------------------------------------------ */

/* Of times that follow from the clock as it stands: each store's stamps run ahead of it on their
 * own. */
static bool is_of_the_clock(const struct hf_api_member *m)
{
	return strcmp(m->name, "as_of") == 0;
}

static void say_member(void *ctx, const struct hf_api_member *m, struct op_value value)
{
	struct said *said = ctx;
	const bool lsn = m->type == HF_API_LSN || m->type == HF_API_TOKEN;
	if (is_of_the_clock(m))
		return;
	if (lsn && said->without_lsns)
		value.number = value.number != 0;
	if (value.bytes.len > 0)
		say(said, " %s %.*s", m->name, (int)value.bytes.len, (const char *)value.bytes.data);
	else if (value.number != 0)
		say(said, " %s %" PRId64, m->name, value.number);
}

/* LSNs that the asking itself was given are never told. */
static void say_place(struct said *said, const struct place *place)
{
	const bool without = said->without_lsns;
	said->without_lsns = true;
	op_each_result(&place->result, say_member, said);
	op_each_answer(place->call, &place->answer, say_member, said);
	said->without_lsns = without;
	say(said, " |");
}

void say_outcome(struct said *said, int rc, unsigned failed, const char *why, struct place *places,
                 size_t count)
{
	say(said, "%s at %u %s", hf_code_name(rc), rc == HF_OK ? 0 : failed, rc == HF_OK ? "" : why);
	for (size_t i = 0; i < count; i++) {
		if (rc == HF_OK)
			say_place(said, &places[i]);
		deed_release(&places[i]);
	}
}

void ask_deeds(hf_store *s, const struct deed *deeds, size_t count, struct said *said)
{
	struct place places[ASK_TOGETHER] = {0};
	struct hf_error error = {0};
	hf_txn *txn = NULL;
	int rc;
	if (count == 1) {
		rc = deed_perform(&deeds[0], s, NULL, HF_OS, &places[0], &error);
	} else {
		assert_int_equal(hf_txn_begin(s, &txn, &error), HF_OK);
		for (size_t i = 0; i < count; i++)
			assert_int_equal(deed_perform(&deeds[i], s, txn, HF_DURABLE, &places[i], &error),
			                 HF_OK);
		rc = hf_txn_commit(txn, HF_OS, &error);
	}
	for (size_t i = 0; i < count && rc != HF_OK; i++)
		assert_false(places[i].result.changed);
	say_outcome(said, rc, error.operation, error.text, places, count);
}

/* --- Reading ---------------------------------------------------------------------------------- */

static const struct {
	const char *words;
	bool lags; /* counts endings that are not logged */
} reads[READS] = {
    {"hf_outbox_get_stats queue=que0", true},
    {"hf_outbox_list queue=que0", false},
    {"hf_outbox_list queue=que0 status=queued", false},
    {"hf_outbox_list queue=que0 status=sending", false},
    {"hf_outbox_list queue=que0 status=failed", false},
    {"hf_outbox_get queue=que0 id=it0", false},
    {"hf_outbox_list_completed queue=que0", false},
    {"hf_outbox_names", false},
    {"hf_inbox_count user=user0", false},
    {"hf_inbox_load user=user0", false},
    {"hf_inbox_load user=user0 unread_only=1", false},
    {"hf_inbox_load user=user0 without_dismissed=1", false},
    {"hf_inbox_load user=user0 without_snoozed=1", false},
    {"hf_inbox_list_dismissed user=user0", false},
    {"hf_inbox_list_tombstones user=user0", false},
    {"hf_inbox_get_status user=user0", false},
    {"hf_inbox_names", false},
    {"hf_document_count collection=col0", false},
    {"hf_document_get collection=col0 id=d0", false},
    {"hf_document_get collection=col0 id=d1", false},
    {"hf_document_get collection=col0 id=d2", false},
    {"hf_document_list collection=col0", false},
    {"hf_document_names", false},
    {"hf_cursor_list", false},
    {"hf_cursor_list stream=str0", false},
    {"hf_cursor_list_lag stream=str0 head=9", false},
    {"hf_lock_list", false},
    {"hf_lock_get name=lock0", false},
    {"hf_idempotency_get scope=sc0 key=k0", false},
    {"hf_idempotency_list scope=sc0", false},
    {"hf_idempotency_count scope=sc0", false},
    {"hf_idempotency_names", false},
    {"hf_migration_list", false},
    {"hf_timeline_count filter.timeline=tl0", false},
    {"hf_timeline_query filter.timeline=tl0", false},
    {"hf_timeline_latest_at timeline=tl0", false},
    {"hf_timeline_names", false},
    {"hf_timeline_get timeline=tl0 id=ev0", false},
    {"hf_inbox_get user=user0 thread=th0", false},
    {"hf_cursor_get consumer=con0 stream=str0", false},
    {"hf_idempotency_has scope=sc0 key=k0", false},
    {"hf_document_has collection=col0 id=d0", false},
    {"hf_migration_applied name=mig0", false},
    {"hf_outbox_list queue=que0 id_prefix=i", false},
    {"hf_document_list collection=col0 by=any id_prefix=d", false},
    {"hf_idempotency_list scope=sc over=prefix", false},
    {"hf_idempotency_count_over over=all", false},
};

void ask_read(hf_store *s, unsigned which, struct said *said)
{
	struct op_args args;
	struct op_answer answer;
	op_fill(&args, reads[said->without_counts && reads[which].lags ? which + 1 : which].words,
	        NULL);
	say(said, "%s", hf_code_name(op_run(&args, s, NULL, 0, &answer, NULL, NULL)));
	op_each_answer(args.call, &answer, say_member, said);
	op_release(args.call, &answer);
}

/* --- Two stores ------------------------------------------------------------------------------- */

void pair_open(struct pair *pair)
{
	pair_open_with(pair, (struct hf_options){0}, (struct hf_options){0});
}

void pair_open_with(struct pair *pair, struct hf_options first, struct hf_options second)
{
	pair->options[0] = first;
	pair->options[1] = second;
	for (unsigned i = 0; i < 2; i++) {
		pair->options[i].create = pair->options[i].no_background = true;
		pair->sims[i] = sim_new(sim_profile_strict(), 1);
		sim_set_now(pair->sims[i], DEED_NOW);
		assert_int_equal(hf__store_open(sim_os(pair->sims[i]), hf__all_domains(), &pair->options[i],
		                                &pair->stores[i], NULL),
		                 HF_OK);
	}
}

void pair_reopen(struct pair *pair)
{
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(hf_close(pair->stores[i], NULL), HF_OK);
		assert_int_equal(hf__store_open(sim_os(pair->sims[i]), hf__all_domains(), &pair->options[i],
		                                &pair->stores[i], NULL),
		                 HF_OK);
	}
}

void pair_advance(struct pair *pair, int64_t us)
{
	for (unsigned i = 0; i < 2; i++)
		sim_advance(pair->sims[i], us);
}

size_t pair_draw(struct pair *pair, struct hf_rng *rng, unsigned focus,
                 struct deed deeds[2][ASK_TOGETHER])
{
	const size_t count = hf_rng_below(rng, ASK_TOGETHER + 1);
	for (size_t i = 0; i < count; i++) {
		deeds[0][i] = deeds[1][i] = deed_draw(rng, pair->stores[0], focus);
		if (deeds[0][i].token != 1)
			deeds[1][i].token = deed_token(&deeds[1][i], pair->stores[1]);
	}
	return count;
}

void pair_agree(const struct said said[2], const struct deed *deeds, size_t count, unsigned read)
{
	char words[ASK_TOGETHER][DEED_WORDS] = {"", "", ""};
	for (size_t i = 0; i < count; i++)
		(void)deed_words(&deeds[i], words[i]);
	if (strcmp(said[0].text, said[1].text) != 0)
		fail_msg("asked: %s; %s; %s; read %u: one says \"%s\", the other \"%s\"", words[0],
		         words[1], words[2], read, said[0].text, said[1].text);
}

void pair_close(struct pair *pair)
{
	for (unsigned i = 0; i < 2; i++) {
		(void)hf_close(pair->stores[i], NULL);
		sim_free(pair->sims[i]);
	}
}
