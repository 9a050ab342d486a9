/* SPDX-License-Identifier: Apache-2.0 */
#include "proxy/serve.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

enum {
	EXIT_USAGE = 2,
	/* Patterns on one command line; more belong into a file. */
	LISTED_MOST = 256,
};

static int usage(void)
{
	fprintf(stderr,
		"usage: sallyport serve [--config F] [--requirements F] [--allow P]… [--deny P]…\n");
	return EXIT_USAGE;
}

static int serve(int argc, char **argv)
{
	static const struct option options[] = {
		{"config", required_argument, NULL, 'c'},
		{"requirements", required_argument, NULL, 'r'},
		{"allow", required_argument, NULL, 'a'},
		{"deny", required_argument, NULL, 'd'},
		{NULL, 0, NULL, 0},
	};
	const char *allow[LISTED_MOST], *deny[LISTED_MOST];
	struct config_sources sources = {.allow = allow, .deny = deny};

	for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
		if (option == 'c')
			sources.config_file = optarg;
		else if (option == 'r')
			sources.requirements_file = optarg;
		else if (option == 'a' && sources.allow_count < LISTED_MOST)
			allow[sources.allow_count++] = optarg;
		else if (option == 'd' && sources.deny_count < LISTED_MOST)
			deny[sources.deny_count++] = optarg;
		else
			return usage();
	}
	return optind == argc ? serve_run(&sources) : usage();
}

int main(int argc, char **argv)
{
	if (argc >= 2 && strcmp(argv[1], "serve") == 0)
		return serve(argc - 1, argv + 1);
	return usage();
}
