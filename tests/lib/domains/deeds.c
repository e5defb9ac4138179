/* See deeds.h. */
#include "lib/domains/deeds.h"

#include <inttypes.h>

#include "lib/test.h"

/* The clock is no domain of these: how far it may be set back depends on each store's own. */
static const char *const kinds[DEED_KINDS] = {
    "inbox",    "cursor",      "outbox",   "outbox", /* it has the most operations */
    "document", "idempotency", "timeline", "lock",   "migration"};

static hf_token *fill(const struct deed *deed, struct op_args *args)
{
	struct op_random random = {.rng = hf_rng(deed->seed), .few = true};
	op_random_fill(&random, deed->row, args);
	return op_member(args, "token");
}

int deed_perform(const struct deed *deed, hf_store *s, hf_txn *txn, enum hf_durability durability,
                 struct place *place, struct hf_error *error)
{
	struct op_args args;
	hf_token *token = fill(deed, &args);
	if (token)
		*token = deed->token;
	op_write(&args)->durability = durability;
	place->call = args.call;
	return op_run(&args, s, txn, 0, &place->answer, &place->result, error);
}

void deed_release(struct place *place)
{
	if (place->call)
		op_release(place->call, &place->answer);
}

hf_token deed_token(const struct deed *deed, hf_store *s)
{
	struct op_args args;
	return fill(deed, &args) ? op_holder(&args, s) : 1;
}

struct deed deed_draw(struct hf_rng *rng, hf_store *s, unsigned focus)
{
	struct op_random random = {.rng = hf_rng(hf_rng_next(rng))};
	const size_t kind = hf_rng_chance(rng, 3, 4) ? focus : (size_t)hf_rng_below(rng, DEED_KINDS);
	struct deed deed = {.row = op_random_draw(&random, kinds[kind]), .seed = hf_rng_next(rng)};
	deed.token = hf_rng_chance(rng, 1, 8) ? 1 : deed_token(&deed, s);
	return deed;
}

static void add_word(void *ctx, const struct hf_api_member *m, struct op_value value)
{
	char *text = ctx;
	const size_t len = strlen(text);
	if (value.bytes.len)
		(void)snprintf(text + len, DEED_WORDS - len, " %s=%.*s", m->name, (int)value.bytes.len,
		               (const char *)value.bytes.data);
	else if (value.number)
		(void)snprintf(text + len, DEED_WORDS - len, " %s=%" PRId64, m->name, value.number);
}

const char *deed_words(const struct deed *deed, char out[DEED_WORDS])
{
	struct op_args args;
	hf_token *token = fill(deed, &args);
	if (token)
		*token = deed->token;
	(void)snprintf(out, DEED_WORDS, "%s", args.call->name);
	op_each(args.call->takes, args.args, add_word, out);
	return out;
}
