/* SPDX-License-Identifier: Apache-2.0 */
/* policy/config.h: the configuration as values: defaults, config.toml, requirements.toml above it,
 * the command line, all validated before anything starts or is swapped.
 * Source: shared design §9. Every option is one row of policy/option.def. */
#ifndef SALLYPORT_POLICY_CONFIG_H
#define SALLYPORT_POLICY_CONFIG_H

#include "base/limits.h"
#include "policy/policy.h"

#include <stdio.h>

enum { CONFIG_DNS_SERVERS = 8 }; /* most name servers; one more is an error */

/* Where to listen. */
struct listen_at {
	struct endpoint at; /* family 0 for a unix socket; port 0: the kernel chooses */
	char *path; /* unix socket, else NULL; owned by the config */
};

enum otel_exporter { EXPORTER_NONE, EXPORTER_OTLP_HTTP };
enum otel_protocol { OTEL_BINARY };
enum ca_place { CA_DISK, CA_MEMORY };
enum approvals_reviewer { REVIEWER_USER, REVIEWER_AUTO, REVIEWER_AUTO_OLD_WORD };

/* A bit for each word of allowed_web_search_modes, and one that tells an empty list from none. */
enum { SEARCH_CACHED = 1, SEARCH_LIVE = 2, SEARCH_DISABLED = 4 };
#define CONFIG_WORDS_SAID (UINT32_C(1) << 31)

struct config {
	uint32_t workers; /* resolved: 1..LIMIT_WORKERS */

	struct listen_at proxy[LIMIT_LISTENERS];
	size_t proxy_count; /* at least 1 */
	struct listen_at control[LIMIT_LISTENERS];
	size_t control_count;
	bool open_listeners; /* [listen] allow_remote = true: beyond loopback on purpose */

	enum policy_mode mode;
	enum policy_unlisted unlisted;
	bool allow_local_binding;
	bool managed_only; /* managed_allowed_domains_only: already applied to the policy */

	struct endpoint dns_servers[CONFIG_DNS_SERVERS];
	size_t dns_server_count; /* 0: the system's */
	char *hosts_file; /* default /etc/hosts */

	/* [timeouts], milliseconds */
	uint32_t head_ms, hello_ms, dns_ms, connect_ms, response_ms, idle_ms, keepalive_ms,
		drain_ms;
	/* [limits] */
	uint32_t connections; /* per process; beyond: 503 overloaded */

	enum otel_exporter exporter;
	enum otel_protocol otel_protocol;
	char *otel_endpoint; /* URL */
	char *otel_headers; /* "Name: value" lines separated by \n, or NULL */
	char *otel_ca; /* PEM file or NULL */
	char *otel_certificate; /* client certificate PEM or NULL */
	char *otel_key; /* its key or NULL */
	bool otel_gzip;
	bool otel_gzip_spool; /* what waited on disk; false only where gzip = false was said */
	uint32_t otel_timeout_ms;
	uint64_t spool_bytes; /* bound of the spool on disk */
	char *service_name; /* OTEL_SERVICE_NAME, default "sallyport" */
	char *resource_attributes; /* OTEL_RESOURCE_ATTRIBUTES as is, or NULL */
	char *log; /* JSON lines: "stdout", "none" or a file */

	char *state_directory; /* need not exist yet */

	/* [tls] */
	enum ca_place ca;
	char *ca_directory; /* need not exist yet */
	char *export_directory; /* the same */
	char *ca_names; /* separated by commas, or NULL */
	uint32_t ca_lifetime_s, leaf_lifetime_s;
	uint32_t leaves;
	char *roots; /* PEM file, or NULL for the system's */
	char *extra_roots; /* PEM file or NULL */

	/* [approvals] */
	uint32_t hold_ms, pending_ms, deny_ms, session_ms;
	/* Bounds of what waits; beyond: 429 */
	uint32_t waiting, waiting_identity, waiting_question, questions, questions_identity;
	enum approvals_reviewer reviewer;
	char *reviewer_endpoint; /* URL or NULL */
	uint32_t reviewer_ms;
	char *reviewer_secret; /* file or NULL */
	char *reviewer_ca; /* PEM file or NULL */
	uint32_t reviewer_concurrency;
	uint32_t web_search_modes;
	/* [search] */
	char *search_store; /* need not exist yet */
	uint64_t search_bytes, search_entry_bytes;
	uint32_t search_entries, search_age_s, search_ttl_s, search_stale_s;

	struct policy *policy; /* one reference, owned by the config */
	struct config_trace *trace; /* where each value comes from; for the functions below */
};

/* Where things come from; NULL or 0 for what was not given. Borrowed during the call. The
 * environment is read too (OTEL_*, STATE_DIRECTORY, XDG_STATE_HOME, HOME); files win over it. */
struct config_sources {
	const char *config_file;
	const char *requirements_file;
	/* The file need not be there: then it is left out, and still named by config_files, so that it
	 * counts from the next load on once it appears. */
	bool config_optional;
	bool requirements_optional;
	const char *const *allow; /* --allow */
	size_t allow_count;
	const char *const *deny; /* --deny */
	size_t deny_count;
};

/* A warning or notice found while loading; one line without newline, file bytes escaped. Notices may
 * come before an error ends the load. */
typedef void (*config_notice_cb)(void *owner, const char *text);

/* Loads, merges, validates and builds the policy. NULL with *ret_fault on the first error; then
 * nothing was changed anywhere. Free with config_free. Reads files, sends nothing. */
struct config *config_load(const struct config_sources *sources, config_notice_cb on_notice,
	void *owner, struct fault *ret_fault);
void config_free(struct config *c); /* NULL is fine */

/* One line, "FILE:LINE:COLUMN: text", as errors are shown to people. */
size_t fault_format(const struct fault *f, char *ret_text, size_t size);

/* Somebody can decide: there is a control endpoint or a reviewer. Else unlisted = "hold" refuses. */
bool config_can_ask(const struct config *c);

/* Every file the load read (configuration, requirements, lists) or would have read, for watching:
 * NULL-terminated, owned by the config. */
const char *const *config_files(const struct config *c);

/* The effective values with where each comes from, as TOML with comments or as JSON; secrets
 * (otel headers) are masked. */
void config_show(const struct config *c, FILE *out, bool as_json);

/* The option table: as text for `config help`, as Markdown, as a part of the man page, as JSON. */
enum option_format { OPTION_TEXT, OPTION_MARKDOWN, OPTION_MAN, OPTION_JSON };
void config_help(FILE *out, enum option_format format);

/* What changed between two loads, as one short sentence for the config_changed event; with what counts
 * from the next start on only marked as such. */
size_t config_difference(
	const struct config *before, const struct config *after, char *ret_text, size_t size);

#endif
