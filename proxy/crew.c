/* SPDX-License-Identifier: Apache-2.0 */
#include "proxy/crew.h"

#include "proxy/listener.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	RING_BYTES_CONTROL = 64 * 1024,
	/* What is not delivered by then at the end goes to the spool. */
	EXPORTER_STOP_MS = 5000,
	PATH_SIZE = 4096,
};

/* `workers` that share the bound on connections: those that run. */
static struct settings settings_of(
	const struct config *config, const struct crew_shared *shared, uint32_t workers)
{
	return (struct settings){
		.policy = config->policy,
		.secrets = shared->secrets,
		.inspection = shared->inspection,
		.head_ms = config->head_ms,
		.keepalive_ms = config->keepalive_ms,
		.hello_ms = config->hello_ms,
		.dns_ms = config->dns_ms,
		.connect_ms = config->connect_ms,
		.response_ms = config->response_ms,
		.idle_ms = config->idle_ms,
		.hold_ms = config->hold_ms,
		.sessions = (config->connections + workers - 1) / workers,
	};
}

/* ---- rings and exporter ------------------------------------------------------------------- */

static bool directory_make(const char *path)
{
	char part[PATH_SIZE];
	size_t len = strlen(path);

	if (len == 0 || len >= sizeof(part))
		return false;
	memcpy(part, path, len + 1);
	for (size_t i = 1; i <= len; i++) {
		if (part[i] != '/' && part[i] != '\0')
			continue;
		char kept = part[i];
		part[i] = '\0';
		if (mkdir(part, 0700) != 0 && errno != EEXIST)
			return false;
		part[i] = kept;
	}
	return access(path, W_OK | X_OK) == 0;
}

bool crew_make_directory(const struct config *config, char *ret_error, size_t error_size)
{
	if (directory_make(config->state_directory))
		return true;
	snprintf(ret_error, error_size,
		"cannot write to the state directory %s: %s; set [state] directory",
		config->state_directory, strerror(errno));
	return false;
}

static bool rings_open(struct crew *c, const struct config *config, char *error, size_t size)
{
	char path[PATH_SIZE];

	for (size_t i = 0; i <= config->workers; i++) {
		bool control = i == config->workers;
		snprintf(path, sizeof(path), control ? "%s/ring.control" : "%s/ring.%zu",
			config->state_directory, i);
		c->rings[i] = ring_open(path, control ? RING_BYTES_CONTROL : RING_BYTES_WORKER);
		if (!c->rings[i]) {
			snprintf(error, size, "cannot use %s: %s%s", path, strerror(errno),
				errno == EWOULDBLOCK
					? "; another sallyport runs on this state directory"
					: "");
			return false;
		}
		c->ring_count++;
	}
	return true;
}

static bool exporter_begin(struct crew *c, const struct config *config, char *error, size_t size)
{
	char spool[PATH_SIZE];
	bool collects = config->exporter == EXPORTER_OTLP_HTTP;

	snprintf(spool, sizeof(spool), "%s/spool.db", config->state_directory);
	const struct exporter_options options = {
		.endpoint = collects ? config->otel_endpoint : NULL,
		.headers = config->otel_headers,
		.ca = config->otel_ca,
		.certificate = config->otel_certificate,
		.key = config->otel_key,
		.gzip = config->otel_gzip,
		.gzip_spool = config->otel_gzip_spool,
		.timeout_ms = config->otel_timeout_ms,
		.spool = spool,
		.ring_directory = config->state_directory,
		.digest = c->digest,
		.spool_bytes = config->spool_bytes,
		.json = strcmp(config->log, "none") == 0 ? NULL : config->log,
		.service_name = config->service_name,
		.service_version = SALLYPORT_VERSION,
		.resource_attributes = config->resource_attributes,
	};
	c->exporter = exporter_start(&options, c->rings, c->ring_count, error, size);
	return c->exporter != NULL;
}

/* ---- listeners and workers ---------------------------------------------------------------- */

/* One socket for each worker and address. The first bind of port 0 fixes the port for the rest. */
static bool bind_all(struct crew *c, const struct config *config,
	int fds[LIMIT_WORKERS][LIMIT_LISTENERS], char *error, size_t size)
{
	c->proxy_count = config->proxy_count;
	for (size_t i = 0; i < config->proxy_count; i++) {
		c->proxies[i] = config->proxy[i].at;
		int status = listener_probe(&c->proxies[i]);
		for (size_t worker = 0; status >= 0 && worker < config->workers; worker++) {
			status = listener_bind(&c->proxies[i]);
			fds[worker][i] = status;
		}
		if (status < 0) {
			char text[ADDRESS_TEXT_SIZE];
			address_format(&c->proxies[i].address, text);
			snprintf(error, size, "cannot listen on %s port %u: %s", text,
				c->proxies[i].port, strerror(-status));
			return false;
		}
	}
	return true;
}

static bool workers_start(struct crew *c, const struct config *config,
	int fds[LIMIT_WORKERS][LIMIT_LISTENERS], char *error, size_t size)
{
	const struct resolver_options resolver = {
		.servers = config->dns_server_count ? config->dns_servers : NULL,
		.server_count = config->dns_server_count,
		.hosts_file = config->hosts_file,
		.timeout_ms = config->dns_ms,
	};
	const struct settings settings = settings_of(config, &c->shared, config->workers);

	for (size_t i = 0; i < config->workers; i++) {
		const struct worker_options options = {
			.index = (unsigned)i,
			.listen_fds = fds[i],
			.listen_count = config->proxy_count,
			.resolver = &resolver,
			.settings = &settings,
			.via = c->via,
			.ring = c->rings[i],
			.clerk = c->clerk,
		};
		c->workers[i] = worker_start(&options, error, size);
		if (!c->workers[i])
			return false;
		c->worker_count++;
	}
	return true;
}

static bool via_make(struct crew *c)
{
	uint32_t random;

	if (uv_random(NULL, NULL, &random, sizeof(random), 0, NULL) != 0)
		return false;
	snprintf(c->via, sizeof(c->via), "sallyport-%08x", random);
	return true;
}

/* Nobody reaches the proxy or its control endpoint through the proxy. */
static bool add_own(const struct crew *c, struct policy *policy)
{
	return policy_add_own(policy, c->proxies, c->proxy_count) &&
	       policy_add_own(policy, c->own, c->own_count);
}

bool crew_start(struct crew *c, struct config *config, const struct crew_options *options,
	char *ret_error, size_t error_size)
{
	int(*fds)[LIMIT_LISTENERS] = calloc(LIMIT_WORKERS, sizeof(*fds));

	*c = (struct crew){.clerk = options->clerk,
		.own_count = options->own_count,
		.digest = options->digest,
		.shared = options->shared};
	memcpy(c->own, options->own, options->own_count * sizeof(c->own[0]));
	snprintf(ret_error, error_size, "out of memory");
	bool started = fds && via_make(c) && bind_all(c, config, fds, ret_error, error_size) &&
		       add_own(c, config->policy) && rings_open(c, config, ret_error, error_size) &&
		       exporter_begin(c, config, ret_error, error_size) &&
		       workers_start(c, config, fds, ret_error, error_size);
	free(fds);
	return started;
}

bool crew_rekey(struct crew *c, struct secrets *secrets)
{
	bool told = true;

	for (size_t i = 0; i < c->worker_count; i++)
		told = worker_rekey(c->workers[i], secrets) && told;
	return told;
}

bool crew_reload(struct crew *c, struct config *config, const struct crew_shared *shared)
{
	const struct settings settings = settings_of(config, shared, (uint32_t)c->worker_count);
	bool told = add_own(c, config->policy);

	for (size_t i = 0; i < c->worker_count; i++)
		told = worker_reload(c->workers[i], &settings) && told;
	return told;
}

void crew_drain(struct crew *c, uint32_t within_ms)
{
	for (size_t i = 0; i < c->worker_count; i++)
		worker_drain(c->workers[i], within_ms);
}

bool crew_has_ended(const struct crew *c)
{
	for (size_t i = 0; i < c->worker_count; i++)
		if (!worker_has_ended(c->workers[i]))
			return false;
	return true;
}

struct exporter_counts crew_stop(struct crew *c)
{
	struct exporter_counts counts = {0};

	for (size_t i = 0; i < c->worker_count; i++)
		worker_join(c->workers[i]);
	if (c->exporter)
		counts = exporter_stop(c->exporter, EXPORTER_STOP_MS);
	for (size_t i = 0; i < c->ring_count; i++)
		ring_close(c->rings[i]);
	*c = (struct crew){0};
	return counts;
}

void crew_record(struct crew *c, const struct event *e)
{
	ring_record(c->rings[c->ring_count - 1], e);
	exporter_wake(c->exporter);
}

void crew_metrics(const struct crew *c, FILE *out)
{
	const struct metrics *metrics[LIMIT_WORKERS];
	const struct exporter_counts counts = exporter_counts(c->exporter);

	for (size_t i = 0; i < c->worker_count; i++)
		metrics[i] = &c->workers[i]->metrics;
	metrics_write(out, metrics, c->worker_count, &counts);
}
