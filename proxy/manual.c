/* SPDX-License-Identifier: Apache-2.0 */
/* The manual page: written by hand where people explain, from the tables where they list. */
#include "proxy/cli.h"

static const char beginning[] =
	".TH SALLYPORT 1 \"\" \"sallyport " SALLYPORT_VERSION "\" \"User Commands\"\n"
	".SH NAME\n"
	"sallyport \\- the one guarded way out of an agent sandbox\n"
	".SH SYNOPSIS\n"
	".B sallyport\n"
	".I COMMAND\n"
	".RI [ FLAG ...]\n"
	".SH DESCRIPTION\n"
	"sallyport is a forward proxy for tools that know\n"
	".B HTTPS_PROXY\n"
	"and nothing else.\n"
	"It judges each request by its name and by the addresses that the name resolves to, refuses\n"
	"what no list allows with a reason that a person and an agent can read, and records each\n"
	"decision.\n";

static const char status[] = ".SH EXIT STATUS\n"
			     ".TP\n.B 0\nDone; for\n.BR check :\nallowed.\n"
			     ".TP\n.B 1\nRefused, or failed with one sentence on standard error.\n"
			     ".TP\n.B 2\nWrong usage.\n";

static const char signals[] =
	".SH SIGNALS\n"
	"What\n.B sallyport serve\ndoes on a signal:\n"
	".TP\n.B HUP\nLoads the configuration again. A bad one changes nothing and says why.\n"
	".TP\n.BR TERM \", \" INT\n"
	"Stops accepting, lets connections finish within\n.B timeouts.drain\nand ends.\n"
	"A second one ends at once.\n"
	".TP\n.B USR1\nWrites the metrics to the log, in the text format of Prometheus.\n";

static const char files[] =
	".SH FILES\n"
	".TP\n.I /etc/sallyport/config.toml\nThe configuration.\n"
	".TP\n.I /etc/sallyport/requirements.toml\n"
	"What the configuration may not change: its scalars are pinned, its deny entries add up.\n"
	".TP\n.I /var/lib/sallyport\n"
	"State: events that the collector has not taken yet. See\n.BR state.directory .\n";

static const char environment[] =
	".SH ENVIRONMENT\n"
	".TP\n.B SALLYPORT_CONFIG\nThe configuration, where\n.B \\-\\-config\nis not given.\n"
	".TP\n.BR STATE_DIRECTORY \", \" XDG_STATE_HOME\nWhere state is kept, where no file says.\n"
	".TP\n.BR OTEL_EXPORTER_OTLP_ENDPOINT \", \" OTEL_EXPORTER_OTLP_HEADERS \", ...\"\n"
	"The variables of OpenTelemetry exporters, their LOGS forms,\n.BR OTEL_SERVICE_NAME ,\n"
	".BR OTEL_RESOURCE_ATTRIBUTES ,\n.B OTEL_LOGS_EXPORTER\nand\n.B OTEL_SDK_DISABLED\n"
	"count where no file says anything.\n"
	".TP\n.B SALLYPORT_CONTROL\nThe control endpoint, where\n.B \\-\\-control\nis not given.\n"
	".TP\n.B SALLYPORT_TOKEN\nThe token for it; else\n.I admin.token\nin the state directory.\n"
	".TP\n.B NO_COLOR\nNo colour on a terminal.\n";

static const char examples[] =
	".SH EXAMPLES\n"
	"Run with two allowed names and nothing else:\n"
	".PP\n.nf\n"
	"    sallyport serve \\-\\-allow github.com \\-\\-allow \\(aq*.openai.com\\(aq\n"
	".fi\n.PP\n"
	"Point the tools of this shell at it:\n"
	".PP\n.nf\n"
	"    eval \"$(sallyport env)\"\n"
	".fi\n.PP\n"
	"Ask what would happen, and why:\n"
	".PP\n.nf\n"
	"    sallyport check github.com:22\n"
	".fi\n";

/* A hyphen that is typed is a minus sign in roff; a dollar or a quote is itself. */
static void roff(FILE *out, const char *text)
{
	for (; *text; text++)
		fputs(*text == '-'      ? "\\-"
			: *text == '\\' ? "\\e"
					: (const char[]){*text, '\0'},
			out);
}

static void commands(FILE *out)
{
	size_t count;
	const struct command *rows = cli_commands(&count);

	fputs(".SH COMMANDS\n", out);
	for (size_t i = 0; i < count; i++) {
		fprintf(out, ".TP\n.B \"sallyport %s %s\"\n", rows[i].name, rows[i].operands);
		roff(out, rows[i].summary);
		fputs("\n", out);
		for (enum flag f = 0; f < FLAG_HELP; f++) {
			if (!(rows[i].flags & (1u << f)))
				continue;
			fputs(".RB [ ", out);
			roff(out, cli_flag(f)->name);
			fputs(" ]\n", out);
		}
	}
}

static void options(FILE *out)
{
	fputs(".SH OPTIONS\n", out);
	for (enum flag f = 0; f < FLAG_COUNT; f++) {
		const struct flag_row *row = cli_flag(f);
		fputs(".TP\n.B ", out);
		roff(out, row->name);
		fprintf(out, " %s\n", row->value ? row->value : "");
		roff(out, row->help);
		fputs("\n", out);
	}
}

void manual_write(FILE *out)
{
	fputs(beginning, out);
	commands(out);
	options(out);
	fputs(".SH CONFIGURATION\n"
	      "TOML. Options of [network] may also stand in [experimental_network] or above the first\n"
	      "table. Each option is shown with its default.\n",
		out);
	config_help(out, OPTION_MAN);
	fputs(status, out);
	fputs(signals, out);
	fputs(files, out);
	fputs(environment, out);
	fputs(examples, out);
}
