#include "lib/args.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const double quick_seconds = 0.2;
enum { ROUNDS_QUICK = 3 };

const char *program_directory(void)
{
	static char path[4096];
	const ssize_t len = readlink("/proc/self/exe", path, sizeof path - 1);
	char *slash;
	if (len <= 0)
		return ".";
	path[len] = '\0';
	slash = strrchr(path, '/');
	if (slash)
		*slash = '\0';
	return path;
}

static void usage(const char *program)
{
	fprintf(stderr,
	        "usage: %s [--quick] [--rounds N (to %d)] [--seconds LENGTH-OF-A-SLICE (to 1)]\n"
	        "       [--objects N] [--dir DIRECTORY] [--out FILE]\n",
	        program, ROUNDS_JUDGED);
	exit(2);
}

struct args args_parse(int argc, char **argv, double seconds)
{
	static const struct option options[] = {{"dir", required_argument, NULL, 'd'},
	                                        {"out", required_argument, NULL, 'o'},
	                                        {"rounds", required_argument, NULL, 'r'},
	                                        {"seconds", required_argument, NULL, 's'},
	                                        {"objects", required_argument, NULL, 'n'},
	                                        {"quick", no_argument, NULL, 'q'},
	                                        {NULL, 0, NULL, 0}};
	struct args args = {.directory = program_directory()};
	for (int c; (c = getopt_long(argc, argv, "", options, NULL)) != -1;)
		if (c == 'd')
			args.directory = optarg;
		else if (c == 'o')
			args.out = optarg;
		else if (c == 'r')
			args.rounds = (unsigned)strtoul(optarg, NULL, 10);
		else if (c == 's')
			args.seconds = strtod(optarg, NULL);
		else if (c == 'n')
			args.objects = strtoull(optarg, NULL, 10);
		else if (c == 'q')
			args.quick = true;
		else
			usage(argv[0]);
	if (args.rounds == 0)
		args.rounds = args.quick ? ROUNDS_QUICK : ROUNDS_JUDGED;
	if (args.seconds <= 0)
		args.seconds = args.quick ? quick_seconds : seconds;
	if (optind != argc || args.rounds > ROUNDS_JUDGED || args.seconds > 1)
		usage(argv[0]);
	setvbuf(stdout, NULL, _IOLBF, 0);
	return args;
}

uint64_t args_objects(const struct args *args, uint64_t all, uint64_t quick)
{
	if (args->objects > 0)
		return args->objects;
	return args->quick ? quick : all;
}

bool args_directory(const struct args *args, const char *name, char out[DIRECTORY_MAX])
{
	(void)snprintf(out, DIRECTORY_MAX, "%s/bench-%s-XXXXXX", args->directory, name);
	if (mkdtemp(out))
		return true;
	perror(out);
	return false;
}
