/* SPDX-License-Identifier: Apache-2.0 */
/* policy/loading.h: one load under way, and what a finished one remembers of where its values come
 * from. Shared by the steps of config_load and by config_show; nobody else includes it. */
#ifndef SALLYPORT_POLICY_LOADING_H
#define SALLYPORT_POLICY_LOADING_H

#include "base/buffer.h"
#include "policy/config.h"
#include "policy/option.h"
#include "policy/toml.h"

/* Each layer wins over the ones before it; entries of lists add up instead. */
enum layer { LAYER_DEFAULT, LAYER_ENVIRONMENT, LAYER_CONFIG, LAYER_REQUIREMENTS, LAYER_COMMAND };

/* Where a value stands. */
struct origin {
	enum layer layer;
	const char *file; /* or the variable, or "--allow"; owned by the trace or static */
	struct toml_place place; /* all zero where there are no lines */
};

/* An entry of a list as it was before the policy was built. */
struct list_item {
	enum policy_list list;
	bool ignored; /* local, and managed_allowed_domains_only */
	bool is_file;
	char *text; /* as TOML; of a file its path */
	uint64_t digest; /* of a file's bytes */
	uint32_t count; /* of a file's entries */
	struct origin from;
	const struct toml_value *value; /* text or table; NULL for a file; valid while loading */
	struct slice pattern; /* what a text, a key or a table says; valid while loading */
};

struct config_trace {
	struct origin origins[OPTION_COUNT];
	struct list_item *items;
	struct rule_item *rules; /* policy/rules.h */
	struct provider_item *providers; /* policy/provider_items.h */
	size_t item_count, item_size, rule_count, rule_size, provider_count;
	char **files; /* NULL-terminated */
	size_t file_count;
};

struct loading {
	struct config *config;
	struct config_trace *trace; /* config->trace */
	const struct config_sources *sources;
	config_notice_cb on_notice; /* may be NULL */
	void *owner;
	struct fault *fault;
	bool out_of_memory; /* why the fault is there */
	enum layer layer; /* the one being applied */
	const char *file; /* its file, owned by the trace */
	struct toml_document *documents[2]; /* alive until the policy is built */
	struct toml_place listeners[LIMIT_LISTENERS]; /* of config->proxy */
	struct buffer agent_keys; /* seen in this file, for one notice */
};

/* Bytes of a file for a sentence: escaped and cut. Lives as long as the expression it stands in:
 * loading_fail(l, p, "…%s…", quote(s).text). */
struct quote {
	char text[72];
};
struct quote quote(struct slice bytes);

/* Ends the load: fills the fault, returns false. A place of line 0 means the whole file. */
bool loading_fail(struct loading *l, struct toml_place place, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
bool loading_out_of_memory(struct loading *l);

/* Tells the operator something that does not end the load. */
void loading_notice(struct loading *l, const struct origin *from, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* The origin of something at `place` of the file being applied. */
struct origin loading_origin(const struct loading *l, struct toml_place place);

/* ---- layer.c: a document, or the environment, onto the configuration ---------------------- */

/* Applies every default of the table. */
bool layer_defaults(struct loading *l);
/* Applies a parsed document as l->layer. */
bool layer_document(struct loading *l, const struct toml_value *root);
/* Applies the variables (environment.c). What is wrong with one is a notice, as OpenTelemetry
 * asks for, and the variable is ignored. */
bool layer_environment(struct loading *l);
/* Where neither a file nor the environment says whether to compress: not for a collector on this
 * machine. Loopback costs nothing, and compressing a tenth of a connection's whole CPU time. */
void layer_settle_gzip(struct loading *l);

/* ---- setting.c: one value ----------------------------------------------------------------- */

/* Parses, validates and stores `value` in the option's field, and remembers the origin. */
bool setting_apply(struct loading *l, enum option option, const struct toml_value *value);
bool listeners_apply(
	struct loading *l, const struct option_row *row, const struct toml_value *value);
bool servers_apply(struct loading *l, const struct option_row *row, const struct toml_value *value);
bool headers_apply(struct loading *l, const struct option_row *row, const struct toml_value *value);

/* A sentence about a value of the wrong kind, with the default as the example. Returns false. */
bool setting_wrong(struct loading *l, const struct option_row *row, const struct toml_value *value,
	const char *wanted);

/* Frees the fields that the options own. */
void setting_free_all(struct config *c);

/* A TOML string, quoted and escaped; it is a JSON string as well. */
void setting_write_text(struct slice text, struct buffer *out);

/* The field of an option as TOML; nothing when it is not set. */
void setting_write(const struct config *c, const struct option_row *row, struct buffer *out);

/* ---- lists.c: allow and deny entries ------------------------------------------------------ */

/* Remembers the entries or files of a list option; judged when the policy is built. */
bool lists_collect(struct loading *l, const struct option_row *row, const struct toml_value *value);
/* The entries of --allow and --deny. */
bool lists_collect_command(struct loading *l);
/* Builds the policy from all that was collected. */
bool lists_build(struct loading *l);
void lists_free(struct config_trace *trace);

/* ---- check.c ------------------------------------------------------------------------------ */

/* False with the fault when options do not go together. */
bool loading_check(struct loading *l);

/* ---- state.c ------------------------------------------------------------------------------ */

/* Where state lives when no file says so. */
bool state_find(struct loading *l);
/* A place to decide where nobody chose one; sockets without a directory are in the state directory. */
bool state_find_control(struct loading *l);
/* The directories of [tls] and the file of [search], where no file says where. False without memory. */
bool state_find_ca(struct loading *l);
bool state_find_search(struct loading *l);

/* ---- config.c ----------------------------------------------------------------------------- */

/* Reads a regular file whole, at most LIMIT_CONFIG_BYTES, and remembers its name among the files.
 * The bytes are the caller's to free. False with the fault set. */
bool loading_read(
	struct loading *l, const char *path, struct toml_place asked_at, struct slice *ret_bytes);

/* As config_load with the two files' text already in memory (NULL pointers: no such file). */
struct config *config_load_texts(const struct config_sources *sources, const struct slice texts[2],
	config_notice_cb on_notice, void *owner, struct fault *ret_fault);

#endif
