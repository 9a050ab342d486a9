/* SPDX-License-Identifier: Apache-2.0 */
/* sallyport config check | show | help. */
#include "proxy/cli.h"

#include <unistd.h>

/* Notices as the elements of a JSON array. */
static void write_notice(void *owner, const char *text)
{
	bool *any = owner;

	fputs(*any ? ",\n    " : "\n    ", stdout);
	json_write_text(stdout, slice_of(text));
	*any = true;
}

/* For a pipeline that checks a configuration before it is rolled out. */
static int check_json(const struct arguments *a)
{
	struct fault fault = {.line = 0};
	bool any = false;

	fputs("{\n  \"notices\": [", stdout);
	struct config *c = config_load(&a->sources, write_notice, &any, &fault);
	printf("%s],\n  \"good\": %s", any ? "\n  " : "", c ? "true" : "false");
	if (c) {
		struct policy_counts counts = policy_counts(c->policy);
		printf(",\n  \"allow\": %u,\n  \"deny\": %u\n}\n", counts.allow, counts.deny);
	} else {
		fputs(",\n  \"file\": ", stdout);
		json_write_text(stdout, slice_of(fault.file));
		printf(",\n  \"line\": %u,\n  \"column\": %u,\n  \"text\": ", fault.line,
			fault.column);
		json_write_text(stdout, slice_of(fault.text));
		fputs("\n}\n", stdout);
	}
	bool good = c != NULL;
	config_free(c);
	return good ? EXIT_DONE : EXIT_REFUSED;
}

int command_config_check(const struct arguments *a)
{
	if (a->given[FLAG_JSON])
		return check_json(a);
	struct config *c = cli_load(a, true);
	if (!c)
		return EXIT_REFUSED;
	struct policy_counts counts = policy_counts(c->policy);
	for (const char *const *file = config_files(c); *file; file++)
		if (access(*file, F_OK) == 0)
			printf("%s\n", *file);
	printf("good: %u allow and %u deny entries\n", counts.allow, counts.deny);
	config_free(c);
	return EXIT_DONE;
}

int command_config_show(const struct arguments *a)
{
	struct config *c = cli_load(a, false);

	if (!c)
		return EXIT_REFUSED;
	config_show(c, stdout, a->given[FLAG_JSON]);
	config_free(c);
	return EXIT_DONE;
}

int command_config_help(const struct arguments *a)
{
	static const char markdown[] =
		"# Options\n\n"
		"Every option of `config.toml` and `requirements.toml`. "
		"Those of `[network]` may also stand in `[experimental_network]` or above the first "
		"table.\n"
		"This page is written by `sallyport config help --markdown` from `policy/option.def`.\n";

	if (a->given[FLAG_MAN]) {
		manual_write(stdout);
		return EXIT_DONE;
	}
	if (a->given[FLAG_JSON]) {
		config_help(stdout, OPTION_JSON);
		return EXIT_DONE;
	}
	if (a->given[FLAG_MARKDOWN]) {
		fputs(markdown, stdout);
		config_help(stdout, OPTION_MARKDOWN);
		return EXIT_DONE;
	}
	fputs("Options of config.toml and requirements.toml, with their defaults. Those of [network]\n"
	      "may also stand in [experimental_network] or above the first table.\n\n",
		stdout);
	config_help(stdout, OPTION_TEXT);
	return EXIT_DONE;
}
