/* SPDX-License-Identifier: Apache-2.0 */
#include "proxy/ca.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

struct vault *ca_open(const struct config *c, enum vault_how how, struct trouble *ret_trouble)
{
	char host[256] = "";

	if (gethostname(host, sizeof(host) - 1) != 0)
		host[0] = '\0';
	const struct vault_settings settings = {
		.directory = c->ca_directory,
		.in_memory = c->ca == CA_MEMORY,
		.lifetime_s = c->ca_lifetime_s,
		.host = host,
		.permitted = c->ca_names,
	};
	return vault_open(&settings, how, (int64_t)time(NULL), ret_trouble);
}

struct roots *ca_roots(const struct config *c, struct trouble *ret_trouble)
{
	return roots_load(&(struct roots_sources){.file = c->roots, .extra_file = c->extra_roots},
		ret_trouble);
}

bool ca_export(const struct config *c, const struct vault_view *view, const struct roots *roots,
	struct trouble *ret_trouble)
{
	return bundle_export(c->export_directory, view, roots, ret_trouble);
}

bool ca_path(const struct config *c, enum bundle_part part, char ret_path[CA_PATH_SIZE])
{
	int len = snprintf(ret_path, CA_PATH_SIZE, "%s/%s", c->export_directory, bundle_file(part));

	return len > 0 && len < CA_PATH_SIZE;
}
