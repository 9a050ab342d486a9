/* SPDX-License-Identifier: Apache-2.0 */
#include "proxy/cli.h"

#include "base/escape.h"

#include <stdlib.h>

#define BIT(flag) (1u << (flag))
#define FILES     (BIT(FLAG_CONFIG) | BIT(FLAG_REQUIREMENTS))
#define SOURCES   (FILES | BIT(FLAG_ALLOW) | BIT(FLAG_DENY))
/* What the commands take that talk to a running proxy, and those among them that decide. */
#define REMOTE   (FILES | BIT(FLAG_CONTROL) | BIT(FLAG_JSON))
#define DECISION (REMOTE | BIT(FLAG_SCOPE) | BIT(FLAG_TTL) | BIT(FLAG_PROTOCOL) | BIT(FLAG_NOTE))
/* Which answers of the store of searches are meant. */
#define WHICH  (BIT(FLAG_KEY) | BIT(FLAG_PROVIDER) | BIT(FLAG_QUERIES) | BIT(FLAG_OLDER))
#define ANSWER (DECISION | BIT(FLAG_PATTERN) | BIT(FLAG_EVERYBODY))

static const char config_path[] = "/etc/sallyport/config.toml";
static const char requirements_path[] = "/etc/sallyport/requirements.toml";

static const struct flag_row flags[FLAG_COUNT] = {
	[FLAG_CONFIG] = {"--config", "FILE",
		"The configuration. Else $SALLYPORT_CONFIG, else /etc/sallyport/config.toml if it exists."},
	[FLAG_REQUIREMENTS] = {"--requirements", "FILE",
		"What the configuration may not change. Else /etc/sallyport/requirements.toml if it exists."},
	[FLAG_ALLOW] = {"--allow", "PATTERN",
		"One more entry of the local allow list; may be repeated."},
	[FLAG_DENY] = {"--deny", "PATTERN",
		"One more entry of the local deny list; may be repeated."},
	[FLAG_PROXY] = {"--proxy", "URL",
		"Where the proxy is reached. Else the first listener of the configuration."},
	[FLAG_CONTROL] = {"--control", "PLACE",
		"The control endpoint: unix:/path or http://127.0.0.1:PORT. Else $SALLYPORT_CONTROL, else the configuration's."},
	[FLAG_STATE] = {"--state", "STATE",
		"pending, approved, denied, expired, withdrawn or all. Else pending."},
	[FLAG_SCOPE] = {"--scope", "SCOPE", "For how long: once, session, ttl or always."},
	[FLAG_TTL] = {"--ttl", "TIME", "For this long, such as 30m, 1h or 7d; means --scope ttl."},
	[FLAG_PATTERN] = {"--pattern", "PATTERN",
		"For more than the one name, such as *.example.com."},
	[FLAG_EVERYBODY] = {"--everybody", NULL,
		"For every client, not only for the one that asks."},
	[FLAG_PROTOCOL] = {"--protocol", "WORD",
		"What may flow: tls, http or raw. Else by the port."},
	[FLAG_SUBJECT] = {"--subject", "TEXT",
		"Only for requests that a rule with action = \"hold\" asks about, as a question shows it: \"POST /repos/\"."},
	[FLAG_NOTE] = {"--note", "TEXT", "Why; kept with the decision."},
	[FLAG_KEY] = {"--key", "KEY", "The answers of this key, as `search key` prints it."},
	[FLAG_PROVIDER] = {"--provider", "NAME", "The answers of this provider."},
	[FLAG_QUERIES] = {"--pattern", "GLOB",
		"The answers whose query fits, such as '*penguin*'."},
	[FLAG_OLDER] = {"--older-than", "TIME", "Stored or validated before that, such as 30d."},
	[FLAG_ALL] = {"--all", NULL, "All of them."},
	[FLAG_AFTER] = {"--after", "ID", "Go on behind this one."},
	[FLAG_MOST] = {"--most", "COUNT", "At most so many."},
	[FLAG_METHOD] = {"--method", "METHOD",
		"The method of the request to a URL; -X for short. Else GET."},
	[FLAG_DATA] = {"--data", "TEXT",
		"The content of the request, which is a POST then; -d for short."},
	[FLAG_NO] = {"--deny", NULL, "Remember a no instead of a yes."},
	[FLAG_FORCE] = {"--force", NULL,
		"Replace the CA that is there, at once: clients must take the new one."},
	[FLAG_ROTATE] = {"--rotate", NULL,
		"Make the next CA now; both are exported, and it signs 30 days later."},
	[FLAG_OUTPUT] = {"--output", "FILE",
		"Write to this file, mode 0644, instead of standard output."},
	[FLAG_CA] = {"--ca", "DIRECTORY",
		"Where the tools see ca.pem, bundle.pem and truststore.p12. Else where they are written, if they are there."},
	[FLAG_JSON] = {"--json", NULL, "Print JSON."},
	[FLAG_MARKDOWN] = {"--markdown", NULL, "Print Markdown."},
	[FLAG_MAN] = {"--man", NULL, "Print the manual page as roff."},
	[FLAG_HELP] = {"--help", NULL, "Print what the command does and takes."},
};

static const struct command commands[] = {
	{"serve", "", 0, 0, SOURCES, "Run the proxy.", command_serve},
	{"check", "HOST:PORT | URL", 1, 1, SOURCES | BIT(FLAG_METHOD) | BIT(FLAG_JSON),
		"Say what would happen to a host or a request and which line says so; connects nothing.",
		command_check},
	{"config check", "", 0, 0, SOURCES | BIT(FLAG_JSON),
		"Load the configuration and say what is wrong with it.", command_config_check},
	{"config show", "", 0, 0, SOURCES | BIT(FLAG_JSON),
		"Print the values that count, and where each comes from.", command_config_show},
	{"config help", "", 0, 0, BIT(FLAG_JSON) | BIT(FLAG_MARKDOWN) | BIT(FLAG_MAN),
		"Print every option of the configuration.", command_config_help},
	{"env", "", 0, 0, SOURCES | BIT(FLAG_PROXY) | BIT(FLAG_CA) | BIT(FLAG_JSON),
		"Print the variables that point tools at the proxy, for eval \"$(sallyport env)\".",
		command_env},
	{"approvals list", "", 0, 0, REMOTE | BIT(FLAG_STATE),
		"Print the questions that wait for a decision.", command_approvals_list},
	{"approvals watch", "", 0, 0, REMOTE,
		"Decide at this terminal as questions come; elsewhere print them as they come.",
		command_approvals_watch},
	{"approvals approve", "ID | HOST", 1, 1, ANSWER,
		"Say yes to a question; once, where no scope is given.", command_approvals_approve},
	{"approvals deny", "ID | HOST", 1, 1, ANSWER, "Say no to a question.",
		command_approvals_deny},
	{"grants list", "", 0, 0, REMOTE, "Print the decisions that are remembered.",
		command_grants_list},
	{"grants add", "PATTERN", 1, 1, DECISION | BIT(FLAG_NO) | BIT(FLAG_SUBJECT),
		"Decide ahead of time.", command_grants_add},
	{"grants revoke", "ID", 1, 1, REMOTE,
		"Take a decision back; connections that went by it end.", command_grants_revoke},
	{"tail", "", 0, 0, REMOTE, "Print what happens, as it happens.", command_tail},
	{"ca init", "", 0, 0, FILES | BIT(FLAG_FORCE) | BIT(FLAG_ROTATE) | BIT(FLAG_JSON),
		"Make the CA that signs for intercepted hosts, before the proxy does.",
		command_ca_init},
	{"ca show", "", 0, 0, FILES | BIT(FLAG_JSON), "Print what the CA is, and its files.",
		command_ca_show},
	{"ca bundle", "", 0, 0, FILES | BIT(FLAG_OUTPUT),
		"Print the CA and the system's roots as PEM.", command_ca_bundle},
	{"search key", "URL", 1, 1, SOURCES | BIT(FLAG_METHOD) | BIT(FLAG_DATA) | BIT(FLAG_JSON),
		"Say what a request searches for and the key of its answer; connects nothing.",
		command_search_key},
	{"search providers", "", 0, 0, SOURCES | BIT(FLAG_JSON) | BIT(FLAG_MARKDOWN),
		"Print the web searches that are known, own ones first.", command_search_providers},
	{"search list", "", 0, 0, FILES | WHICH | BIT(FLAG_AFTER) | BIT(FLAG_MOST) | BIT(FLAG_JSON),
		"Print the answers that are stored.", command_search_list},
	{"search show", "ID | KEY", 1, 1, FILES | BIT(FLAG_JSON), "Print one of them.",
		command_search_show},
	{"search find", "WORDS", 1, 1, FILES | BIT(FLAG_MOST) | BIT(FLAG_JSON),
		"Print the stored results in which all the words occur.", command_search_find},
	{"search purge", "", 0, 0, FILES | WHICH | BIT(FLAG_ALL) | BIT(FLAG_JSON),
		"Remove answers.", command_search_purge},
	{"search export", "", 0, 0, FILES | WHICH, "Print answers as lines of JSON.",
		command_search_export},
	{"search import", "FILE", 1, 1, SOURCES | BIT(FLAG_JSON),
		"Take answers from lines of JSON or a web archive (WARC), all of them or none.",
		command_search_import},
	{"search stats", "", 0, 0, FILES | BIT(FLAG_MOST) | BIT(FLAG_JSON),
		"Print how full the store is, what it answered and what was missed most.",
		command_search_stats},
	{"link", "", 0, 0, REMOTE, "Print a link that signs a browser in once.", command_link},
	{"help", "[COMMAND | reasons]", 0, OPERANDS_MAX, BIT(FLAG_JSON) | BIT(FLAG_MARKDOWN),
		"Print this, the help of a command, or the reasons that a refused client sees.",
		command_help},
	{"version", "", 0, 0, 0, "Print the version.", command_version},
};

enum { COMMAND_COUNT = sizeof(commands) / sizeof(commands[0]) };

const struct command *cli_commands(size_t *ret_count)
{
	*ret_count = COMMAND_COUNT;
	return commands;
}

const struct flag_row *cli_flag(enum flag flag)
{
	return &flags[flag];
}

/* ---- help ---------------------------------------------------------------------------------- */

static void list_flags(FILE *out, const struct command *command)
{
	char left[40];

	for (enum flag i = 0; i < FLAG_COUNT; i++) {
		if (!(command->flags & BIT(i)) && i != FLAG_HELP)
			continue;
		snprintf(left, sizeof(left), "%s%s%s", flags[i].name, flags[i].value ? " " : "",
			flags[i].value ? flags[i].value : "");
		fprintf(out, "  %-22s %s\n", left, flags[i].help);
	}
}

void cli_usage(FILE *out, const struct command *command)
{
	char left[40];

	if (command) {
		fprintf(out, "sallyport %s%s%s [FLAG]...\n%s\n\n", command->name,
			command->operands[0] ? " " : "", command->operands, command->summary);
		list_flags(out, command);
		return;
	}
	fputs("sallyport COMMAND [FLAG]...\nThe one guarded way out of an agent sandbox.\n\n", out);
	for (size_t i = 0; i < COMMAND_COUNT; i++) {
		snprintf(left, sizeof(left), "%s%s%s", commands[i].name,
			commands[i].operands[0] ? " " : "", commands[i].operands);
		fprintf(out, "  %-28s %s\n", left, commands[i].summary);
	}
	fputs("\n`sallyport COMMAND --help` lists the flags of a command.\n"
	      "Exit status: 0 done or allowed, 1 refused or failed, 2 wrong usage.\n",
		out);
}

/* Returns EXIT_USAGE. */
static int wrong_usage(const struct command *command, const char *what, const char *word)
{
	fprintf(stderr, "sallyport: %s%s%s\n", what, word ? " " : "", word ? word : "");
	fprintf(stderr, "Try `sallyport %s%s--help`.\n", command ? command->name : "",
		command ? " " : "");
	return EXIT_USAGE;
}

/* ---- parsing ------------------------------------------------------------------------------- */

/* The command that the words begin with; *ret_used is how many of them it took. */
static const struct command *find_command(char **words, int count, int *ret_used)
{
	char two[64];

	for (size_t i = 0; i < COMMAND_COUNT; i++) {
		*ret_used = strchr(commands[i].name, ' ') ? 2 : 1;
		if (count < *ret_used)
			continue;
		snprintf(two, sizeof(two), *ret_used == 2 ? "%s %s" : "%s", words[0],
			*ret_used == 2 ? words[1] : "");
		if (strcmp(two, commands[i].name) == 0)
			return &commands[i];
	}
	return NULL;
}

static int unknown_command(const char *word)
{
	struct slice first = slice_of(word);

	for (size_t i = 0; i < COMMAND_COUNT; i++) {
		struct slice name = slice_of(commands[i].name);
		size_t space = slice_find(name, ' ');
		if (space < name.len && slice_equal(slice_first(name, space), first))
			return wrong_usage(NULL, "write more, as in sallyport", commands[i].name);
	}
	return wrong_usage(NULL, "unknown command", word);
}

/* The flag of "--name" or "--name=value" that the command takes; FLAG_COUNT when there is none. */
static enum flag find_flag(const struct command *command, const char *word, const char **ret_value)
{
	struct slice all = slice_of(word);
	struct slice name = slice_first(all, slice_find(all, '='));

	*ret_value = name.len < all.len ? word + name.len + 1 : NULL;
	if (strcmp(word, "-h") == 0)
		return FLAG_HELP;
	if (strcmp(word, "-X") == 0 && command->flags & BIT(FLAG_METHOD))
		return FLAG_METHOD;
	if (strcmp(word, "-d") == 0 && command->flags & BIT(FLAG_DATA))
		return FLAG_DATA;
	for (enum flag i = 0; i < FLAG_COUNT; i++)
		if ((i == FLAG_HELP || command->flags & BIT(i)) &&
			slice_equal(name, slice_of(flags[i].name)))
			return i;
	return FLAG_COUNT;
}

/* The lists of --allow and --deny, as long as the arguments at most. */
struct entries {
	const char **allow, **deny;
};

static void keep(struct arguments *a, struct entries *e, enum flag flag, const char *value)
{
	a->given[flag] = true;
	a->values[flag] = value;
	if (flag == FLAG_ALLOW)
		e->allow[a->sources.allow_count++] = value;
	if (flag == FLAG_DENY)
		e->deny[a->sources.deny_count++] = value;
}

/* EXIT_DONE, or EXIT_USAGE with the sentence printed. */
static int parse(struct arguments *a, struct entries *e, char **words, int count)
{
	size_t operands = 0;
	bool only_operands = false;

	for (int i = 0; i < count; i++) {
		const char *word = words[i], *value;
		if (only_operands || word[0] != '-') {
			if (operands == a->command->most)
				return wrong_usage(a->command, "unexpected", word);
			a->operands[operands++] = word;
			continue;
		}
		only_operands = strcmp(word, "--") == 0;
		if (only_operands)
			continue;
		enum flag flag = find_flag(a->command, word, &value);
		if (flag == FLAG_COUNT)
			return wrong_usage(a->command, "unknown flag", word);
		if (!flags[flag].value && value)
			return wrong_usage(a->command, "no value goes with", flags[flag].name);
		if (flags[flag].value && !value && i + 1 < count)
			value = words[++i];
		if (flags[flag].value && (!value || value[0] == '\0'))
			return wrong_usage(a->command, "a value is missing behind", word);
		keep(a, e, flag, value);
	}
	if (operands < a->command->least && !a->given[FLAG_HELP])
		return wrong_usage(a->command, "missing", a->command->operands);
	return EXIT_DONE;
}

/* The default places may be empty, now; a file that appears there counts from the next reload. */
static void find_files(struct arguments *a)
{
	const char *variable = getenv("SALLYPORT_CONFIG");
	struct config_sources *s = &a->sources;

	s->config_file = a->values[FLAG_CONFIG];
	if (!s->config_file && variable && variable[0])
		s->config_file = variable;
	s->config_optional = !s->config_file;
	if (s->config_optional)
		s->config_file = config_path;
	s->requirements_file = a->values[FLAG_REQUIREMENTS];
	s->requirements_optional = !s->requirements_file;
	if (s->requirements_optional)
		s->requirements_file = requirements_path;
}

static int run(struct arguments *a)
{
	if (a->given[FLAG_HELP]) {
		cli_usage(stdout, a->command);
		return EXIT_DONE;
	}
	find_files(a);
	return a->command->run(a);
}

int cli_run(int argc, char **argv)
{
	struct arguments a = {.command = NULL};
	struct entries e;
	int used = 0;

	if (argc < 2)
		return wrong_usage(NULL, "a command is missing", NULL);
	if (strcmp(argv[1], "--version") == 0)
		return command_version(&a);
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)
		return command_help(&a);
	a.command = find_command(argv + 1, argc - 1, &used);
	if (!a.command)
		return unknown_command(argv[1]);
	e.allow = calloc((size_t)argc, sizeof(*e.allow));
	e.deny = calloc((size_t)argc, sizeof(*e.deny));
	a.sources.allow = e.allow;
	a.sources.deny = e.deny;
	int status = EXIT_REFUSED;
	if (e.allow && e.deny)
		status = parse(&a, &e, argv + 1 + used, argc - 1 - used);
	else
		fprintf(stderr, "sallyport: out of memory\n");
	if (status == EXIT_DONE)
		status = run(&a);
	/* What could not be written was not done: a full disk, a closed pipe. */
	if (fflush(stdout) != 0 && status == EXIT_DONE)
		status = EXIT_REFUSED;
	free(e.allow);
	free(e.deny);
	return status;
}

/* ---- shared by the commands ---------------------------------------------------------------- */

static void on_notice(void *owner, const char *text)
{
	(void)owner;
	fprintf(stderr, "sallyport: %s\n", text);
}

struct config *cli_load(const struct arguments *a, bool notices)
{
	struct fault fault = {.line = 0};
	char text[sizeof(fault.file) + sizeof(fault.text) + 32];
	struct config *c = config_load(&a->sources, notices ? on_notice : NULL, NULL, &fault);

	if (!c) {
		fault_format(&fault, text, sizeof(text));
		fprintf(stderr, "sallyport: %s\n", text);
	}
	return c;
}

void json_write_text(FILE *out, struct slice text)
{
	size_t size = text.len * 6 + 16;
	char *escaped = malloc(size);

	fputc('"', out);
	if (escaped)
		fwrite(escaped, 1, escape_json(text, escaped, size), out);
	fputc('"', out);
	free(escaped);
}
