/* SPDX-License-Identifier: Apache-2.0 */
/* proxy/crew.h: all workers of the process together with what they write to: their rings and the
 * exporter. Started and stopped as one; used by the control thread only. */
#ifndef SALLYPORT_PROXY_CREW_H
#define SALLYPORT_PROXY_CREW_H

#include "policy/config.h"
#include "proxy/worker.h"
#include "telemetry/exporter.h"

/* What all workers take references of. */
struct crew_shared {
	struct inspection *inspection; /* NULL: no tunnel is looked into */
	struct secrets *secrets; /* of the policy's credentials; NULL: it has none */
};

struct crew {
	struct worker *workers[LIMIT_WORKERS];
	size_t worker_count;
	struct ring *rings[LIMIT_WORKERS + 1]; /* the last is the control thread's own */
	size_t ring_count;
	struct exporter *exporter;
	struct endpoint proxies[LIMIT_LISTENERS]; /* as bound */
	size_t proxy_count;
	struct endpoint own[LIMIT_LISTENERS]; /* control endpoints */
	size_t own_count;
	struct mailbox *clerk;
	struct digest *digest;
	struct crew_shared shared; /* at the start */
	char via[32]; /* our Via pseudonym, random for each start */
};

/* Makes the state directory where it is missing. False with a sentence. */
bool crew_make_directory(const struct config *config, char *ret_error, size_t error_size);

struct crew_options {
	struct mailbox *clerk; /* of the control thread; NULL: nobody decides */
	const struct endpoint *own; /* control endpoints as bound; copied */
	size_t own_count; /* at most LIMIT_LISTENERS */
	struct digest *digest; /* fed by the exporter; NULL: none */
	struct crew_shared shared;
};

/* Binds, maps the rings, starts exporter and workers. The configuration's policy learns the bound
 * endpoints. False with a sentence in ret_error; the process is to exit then. */
bool crew_start(struct crew *c, struct config *config, const struct crew_options *options,
	char *ret_error, size_t error_size);

/* New rules and settings for every worker. False when one could not be told. */
bool crew_reload(struct crew *c, struct config *config, const struct crew_shared *shared);

/* Other secrets for the same policy. False likewise. */
bool crew_rekey(struct crew *c, struct secrets *secrets);

/* Stop accepting, finish within `within_ms`. May be called again with less. */
void crew_drain(struct crew *c, uint32_t within_ms);

/* Every worker's thread is about to end. */
bool crew_has_ended(const struct crew *c);

/* Joins the workers, delivers or spools the last records, frees. Returns the last counts. */
struct exporter_counts crew_stop(struct crew *c);

/* A record of the control thread's own. */
void crew_record(struct crew *c, const struct event *e);

/* All counters as Prometheus text. */
void crew_metrics(const struct crew *c, FILE *out);

#endif
