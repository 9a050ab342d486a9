/* SPDX-License-Identifier: Apache-2.0 */
/* proxy/cli.h: the command line: one table of commands, one of flags, and what was given. The help,
 * the manual page and the parser read the same tables. */
#ifndef SALLYPORT_PROXY_CLI_H
#define SALLYPORT_PROXY_CLI_H

#include "policy/config.h"

enum exit_code { EXIT_DONE = 0, EXIT_REFUSED = 1, EXIT_USAGE = 2 };

enum flag {
	FLAG_CONFIG,
	FLAG_REQUIREMENTS,
	FLAG_ALLOW,
	FLAG_DENY,
	FLAG_PROXY,
	FLAG_CONTROL,
	FLAG_STATE,
	FLAG_SCOPE,
	FLAG_TTL,
	FLAG_PATTERN,
	FLAG_EVERYBODY,
	FLAG_PROTOCOL,
	FLAG_SUBJECT,
	FLAG_NOTE,
	FLAG_KEY,
	FLAG_PROVIDER,
	FLAG_QUERIES,
	FLAG_OLDER,
	FLAG_ALL,
	FLAG_AFTER,
	FLAG_MOST,
	FLAG_METHOD,
	FLAG_DATA,
	FLAG_NO,
	FLAG_FORCE,
	FLAG_ROTATE,
	FLAG_OUTPUT,
	FLAG_CA,
	FLAG_JSON,
	FLAG_MARKDOWN,
	FLAG_MAN,
	FLAG_HELP,
	FLAG_COUNT
};

struct flag_row {
	const char *name; /* "--config"; two rows may have one, when no command takes both */
	const char *value; /* what it takes, for the help; NULL for a switch */
	const char *help; /* one sentence */
};

struct arguments;

struct command {
	const char *name; /* one word, or two */
	const char *operands; /* for the help; "" for none */
	size_t least, most; /* how many operands */
	unsigned flags; /* a bit for each flag it takes; FLAG_HELP is taken by all */
	const char *summary; /* one sentence */
	int (*run)(const struct arguments *a); /* an exit code */
};

enum { OPERANDS_MAX = 1 };

/* What was given. Everything is borrowed from the process's arguments. */
struct arguments {
	const struct command *command;
	const char *operands[OPERANDS_MAX]; /* NULL where there is none */
	bool given[FLAG_COUNT];
	const char *values[FLAG_COUNT]; /* the last one of a flag that may be repeated */
	struct config_sources sources; /* with the default places filled in */
};

/* Parses, runs, returns the exit code. */
int cli_run(int argc, char **argv);

/* The tables. */
const struct command *cli_commands(size_t *ret_count);
const struct flag_row *cli_flag(enum flag flag);

/* Loads the configuration of these arguments; what is wrong or worth a notice goes to standard
 * error, notices only where they are wanted. NULL after an error. */
struct config *cli_load(const struct arguments *a, bool notices);

/* The commands, each in its file. */
int command_serve(const struct arguments *a);
int command_check(const struct arguments *a);
int command_config_check(const struct arguments *a);
int command_config_show(const struct arguments *a);
int command_config_help(const struct arguments *a);
int command_env(const struct arguments *a);
int command_approvals_list(const struct arguments *a);
int command_approvals_watch(const struct arguments *a);
int command_approvals_approve(const struct arguments *a);
int command_approvals_deny(const struct arguments *a);
int command_grants_list(const struct arguments *a);
int command_grants_add(const struct arguments *a);
int command_grants_revoke(const struct arguments *a);
int command_tail(const struct arguments *a);
int command_ca_init(const struct arguments *a);
int command_ca_show(const struct arguments *a);
int command_ca_bundle(const struct arguments *a);
int command_search_key(const struct arguments *a);
int command_search_providers(const struct arguments *a);
int command_search_list(const struct arguments *a);
int command_search_show(const struct arguments *a);
int command_search_find(const struct arguments *a);
int command_search_purge(const struct arguments *a);
int command_search_export(const struct arguments *a);
int command_search_import(const struct arguments *a);
int command_search_stats(const struct arguments *a);
int command_link(const struct arguments *a);
int command_help(const struct arguments *a);
int command_version(const struct arguments *a);

/* The help of all commands, or of one. */
void cli_usage(FILE *out, const struct command *command);

/* The manual page, as roff. */
void manual_write(FILE *out);

/* Writes `text` as a JSON string, quotes included. */
void json_write_text(FILE *out, struct slice text);

#endif
