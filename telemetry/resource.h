/* SPDX-License-Identifier: Apache-2.0 */
/* telemetry/resource.h: who the records are from: service.name, service.version,
 * service.instance.id (new for each process), host.name and what the operator adds.
 * Source: OpenTelemetry resource semantic conventions; OTEL_RESOURCE_ATTRIBUTES is key=value
 * pairs separated by commas, values percent-encoded (W3C Baggage). */
#ifndef SALLYPORT_TELEMETRY_RESOURCE_H
#define SALLYPORT_TELEMETRY_RESOURCE_H

#include "telemetry/otlp.h"

/*   name     service.name; "sallyport" gives way to one in `extra`
 *   version  service.version
 *   extra    OTEL_RESOURCE_ATTRIBUTES as it stands, or NULL
 * A malformed `extra` is left out as a whole, with a line in the log. False when it is too large. */
bool resource_init(struct otlp_origin *o, const char *name, const char *version, const char *extra);

#endif
