/* Two stores that are asked the same, and what they say, in words that can be compared. Failures
 * are reported through cmocka. */
#ifndef TESTS_LIB_ASKED_H
#define TESTS_LIB_ASKED_H

#include "lib/domains/deeds.h"
#include "lib/sim/sim_os.h"

enum { ASK_TOGETHER = 3, SAID_MAX = 32768, READS = 47 };

/* Answers in words, one after the other. LSNs that the asking itself was given are never told. */
struct said {
	bool without_lsns; /* versions and tokens only as there or not */
	bool without_counts; /* leaves out those that may lag endings */
	char text[SAID_MAX];
	size_t len;
};

/* Performs one deed alone, or up to ASK_TOGETHER in a transaction, with no more than HF_OS
 * asked. */
void ask_deeds(hf_store *s, const struct deed *deeds, size_t count, struct said *said);
/* What came of deeds that were performed: the code, which one failed and why, or all that they
 * gave. Frees what is in the places. */
void say_outcome(struct said *said, int rc, unsigned failed, const char *why, struct place *places,
                 size_t count);
/* A read of any domain; which < READS. */
void ask_read(hf_store *s, unsigned which, struct said *said);

struct pair {
	struct sim *sims[2];
	hf_store *stores[2];
	struct hf_options options[2];
};

/* Two new stores that nothing tells apart, without background threads, at DEED_NOW. */
void pair_open(struct pair *pair);
void pair_open_with(struct pair *pair, struct hf_options first, struct hf_options second);
void pair_close(struct pair *pair);
void pair_reopen(struct pair *pair);
void pair_advance(struct pair *pair, int64_t us);
/* Up to ASK_TOGETHER deeds, the same for both, with the tokens that are each store's own; 0: a
 * read is to be asked. */
size_t pair_draw(struct pair *pair, struct hf_rng *rng, unsigned focus,
                 struct deed deeds[2][ASK_TOGETHER]);
/* Fails the test, with what was asked, unless both said the same. */
void pair_agree(const struct said said[2], const struct deed *deeds, size_t count, unsigned read);

#endif
