/* A random walk of one store on one simulated machine, where several things go wrong one after
 * the other: calls fail in any place, opening included, some of them falsely; processes are
 * killed, clean pages leave the cache, the power goes between calls and inside them.
 *
 * The oracle is a list of the transactions submitted so far, each with the state that it makes.
 * An answer demands that so many of them survive: a durable acknowledgement, a read, a sync and
 * a clean close whatever happens, one in mode os a kill in a boot without failures. A state
 * found by an opening is right when it is that of some transaction not before the demanded one;
 * from then on the later ones are gone and must not return. No LSN that an answer told is issued
 * again. An opening that fails must have met a fault, and nothing is ever called damaged. */
#ifndef TESTS_LIB_COMPOUND_H
#define TESTS_LIB_COMPOUND_H

#include <stddef.h>
#include <stdint.h>

/* What all runs met: to see that they meet something. */
struct compound_stats {
	uint64_t openings, faults, failed_openings, uncertain, refused, kills, cuts, cuts_inside,
	    cuts_in_opening, evictions, acknowledged, rotations, cleans;
};

/* One walk. 0: all was right. Else *why tells, and the steps that led there are printed when
 * `verbose`. */
int compound_run(uint64_t seed, int verbose, struct compound_stats *stats, char *why, size_t cap);

#endif
