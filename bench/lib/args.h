/* What every benchmark of the bars takes on its command line. */
#ifndef BENCH_ARGS_H
#define BENCH_ARGS_H

#include <stdbool.h>
#include <stdint.h>

/* Rounds that a bar is judged by, and as many again when the disk was unsteady. */
enum { ROUNDS_JUDGED = 9, ROUNDS_MAX = 2 * ROUNDS_JUDGED };

enum { DIRECTORY_MAX = 4096 };

struct args {
	const char *directory; /* where the databases are made; a build tree lies on a disk */
	const char *out; /* the report that ./run bench puts together; NULL: only print */
	unsigned rounds;
	double seconds; /* of one slice, at most 1 */
	uint64_t objects; /* 0: as many as the bar says */
	bool quick; /* few short rounds: figures, no verdicts */
};

/* --dir, --out, --rounds, --seconds, --objects, --quick. Ends the process with 2, and a line that
 * says how it is called, when it cannot read them. */
struct args args_parse(int argc, char **argv, double seconds);

/* Makes a directory below that of the arguments, named after the benchmark. False, with the reason
 * printed, when it cannot. */
bool args_directory(const struct args *args, const char *name, char out[DIRECTORY_MAX]);

/* Where this program lies. */
const char *program_directory(void);

/* The objects to use: what was asked for, else `all`, or `quick` of a quick run. */
uint64_t args_objects(const struct args *args, uint64_t all, uint64_t quick);

#endif
