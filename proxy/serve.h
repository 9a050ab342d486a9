/* SPDX-License-Identifier: Apache-2.0 */
/* proxy/serve.h: the running proxy: from configuration to listeners, workers and exporter, and
 * through signals and reloads to the drain. The control thread; never touches proxied bytes. */
#ifndef SALLYPORT_PROXY_SERVE_H
#define SALLYPORT_PROXY_SERVE_H

#include "policy/config.h"

/* Runs until SIGTERM or SIGINT has drained it. Returns the exit code: 0, or 1 with one sentence on
 * standard error when it could not start. Sources must outlive the call, for reloads. */
int serve_run(const struct config_sources *sources);

#endif
