/* Test builds count the steps of every index, so that a bound on work is a test and not a
 * stopwatch. */
#ifndef HF_BASE_STEPS_H
#define HF_BASE_STEPS_H

#ifdef HF_TESTING
#include <stdint.h>
extern _Thread_local uint64_t hf__steps; /* nodes visited by map, order and heap on this thread */
#define HF__STEP() ((void)hf__steps++)
#else
#define HF__STEP() ((void)0)
#endif

#endif
