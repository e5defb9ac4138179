/* User instructions, counted by valgrind (callgrind): exact, the same on every machine of a kind,
 * and not moved by what else runs. The program runs itself under it, and says inside where the
 * parts that count begin and end. */
#ifndef BENCH_COUNTED_H
#define BENCH_COUNTED_H

#include <stdbool.h>

/* Can anything be counted here? Valgrind's header was there when this was compiled. */
bool counted_can(void);

/* Inside: what follows counts; what was counted so far is a part of its own. */
void counted_begin(void);
void counted_end(void);

/* Runs this program under valgrind with `words` (NULL at the end) behind "--inside", and gives the
 * instructions of its first `parts` parts. False, with the reason printed, when it failed.
 * `directory` takes files for a moment. */
bool counted_run(const char *directory, const char *const words[], double *out, unsigned parts);

#endif
