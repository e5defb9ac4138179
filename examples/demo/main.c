/* The main job on real files, start to end: what two programs left behind is imported, worked on
 * and killed in the middle; then three witnesses (the log, the list of what was sent where, and
 * the acknowledgements that workers got) are compared, and both files are given back. Ends with
 * 0 only if everything holds.
 *
 * With --sabotage the workers skip completions and say that they were acknowledged: a fault that
 * the comparison must see.
 *
 * Usage, in an empty directory: demo [--tool PROGRAM] [--data DIRECTORY] [--seed NUMBER]
 * [--sabotage] */
#include "demo.h"
#include "report.h"
#include "tool.h"

#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

hf_store *store_open(void)
{
	hf_store *store;
	struct hf_error error;

	must(hf_open(STORE, NULL, &store, &error), &error, "open");
	return store;
}

void store_close(hf_store *store)
{
	struct hf_error error;

	must(hf_close(store, &error), &error, "close");
}

static bool read_options(int argc, char **argv, struct demo *demo)
{
	static const struct option options[] = {
	    {"tool", required_argument, NULL, 't'},
	    {"data", required_argument, NULL, 'd'},
	    {"seed", required_argument, NULL, 's'},
	    {"sabotage", no_argument, NULL, 'x'},
	    {NULL, 0, NULL, 0},
	};
	char *end = NULL;
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1)
		if (option == 't')
			tool_use(optarg);
		else if (option == 'd')
			demo->data = optarg;
		else if (option == 's')
			demo->seed = strtoull(optarg, &end, 10);
		else if (option == 'x')
			demo->sabotage = true;
		else
			return false;
	return optind == argc && (!end || !*end);
}

int main(int argc, char **argv)
{
	struct demo demo = {.data = HF_SOURCE_DIR "/tests/data", .seed = 7};
	int status;

	if (!read_options(argc, argv, &demo)) {
		fprintf(stderr,
		        "usage: demo [--tool PROGRAM] [--data DIRECTORY] [--seed NUMBER] [--sabotage]\n");
		return 2;
	}
	if (access(STORE, F_OK) == 0) {
		fprintf(stderr, "demo: there is a `" STORE
		                "` here already: run it in an empty directory, as ./run demo does\n");
		return 2;
	}
	report_begin();
	files_read(&demo);
	files_import(&demo);
	inbox_use(&demo);
	cursor_use(&demo);
	work_all(&demo);
	audit_all(&demo);
	files_export(&demo);
	status = report_end();
	if (status)
		printf("run again with --seed %" PRIu64 "\n", demo.seed);
	files_free(&demo);
	return status;
}
