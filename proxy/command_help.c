/* SPDX-License-Identifier: Apache-2.0 */
/* sallyport help and version. */
#include "proxy/cli.h"

static const char reasons_head[] =
	"# Reasons\n\n"
	"How connections end: the word in records, logs and counters, and what a refused client "
	"reads.\n"
	"This page is written by `sallyport help reasons --markdown` from `base/reason.def`.\n\n"
	"| reason | status | `X-Proxy-Error` | `Proxy-Status` error | for a person | for an agent |\n"
	"|---|---|---|---|---|---|\n";

static void write_json_row(const struct reason_row *row)
{
	const char *const texts[][2] = {{"reason", row->word}, {"token", row->token},
		{"proxy_status", row->proxy_status}, {"message", row->message},
		{"guidance", row->guidance}};

	fputs("  {", stdout);
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		printf("\"%s\": ", texts[i][0]);
		json_write_text(stdout, slice_of(texts[i][1]));
		fputs(", ", stdout);
	}
	printf("\"status\": %u}", row->status);
}

static void write_row(const struct reason_row *row, bool markdown)
{
	char status[8] = "";

	if (row->status)
		snprintf(status, sizeof(status), "%u", row->status);
	if (markdown)
		printf("| `%s` | %s | %s | %s | %s | %s |\n", row->word, status, row->token,
			row->proxy_status, row->message, row->guidance);
	else
		printf("%-26s %-4s %s\n", row->word, status, row->message);
}

static void write_reasons(bool json, bool markdown)
{
	fputs(json ? "[\n" : markdown ? reasons_head : "", stdout);
	for (enum reason i = 0; i < REASON_COUNT; i++) {
		if (!json) {
			write_row(reason_row(i), markdown);
			continue;
		}
		write_json_row(reason_row(i));
		fputs(i + 1 < REASON_COUNT ? ",\n" : "\n]\n", stdout);
	}
}

int command_help(const struct arguments *a)
{
	const char *about = a->operands[0];
	size_t count, shown = 0;
	const struct command *commands = cli_commands(&count);

	if (!about) {
		cli_usage(stdout, NULL);
		return EXIT_DONE;
	}
	if (strcmp(about, "reasons") == 0) {
		write_reasons(a->given[FLAG_JSON], a->given[FLAG_MARKDOWN]);
		return EXIT_DONE;
	}
	/* "config" stands for all commands that begin so. */
	for (size_t i = 0; i < count; i++) {
		struct slice name = slice_of(commands[i].name);
		if (!slice_equal(slice_first(name, slice_find(name, ' ')), slice_of(about)))
			continue;
		fputs(shown++ > 0 ? "\n" : "", stdout);
		cli_usage(stdout, &commands[i]);
	}
	if (shown > 0)
		return EXIT_DONE;
	fprintf(stderr, "sallyport: no command \"%s\"\n", about);
	return EXIT_USAGE;
}

int command_version(const struct arguments *a)
{
	(void)a;
	puts("sallyport " SALLYPORT_VERSION);
	return EXIT_DONE;
}
