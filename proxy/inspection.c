/* SPDX-License-Identifier: Apache-2.0 */
#include "proxy/inspection.h"

#include "base/log.h"
#include "certs/leaves.h"
#include "proxy/ca.h"
#include "tls/facade.h"
#include "tls/upstream.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

struct inspection {
	_Atomic uint32_t references;
	int64_t leaf_lifetime_s;
	char *directory; /* of the exported files */
	struct vault *vault; /* the control thread's */
	struct roots *roots;
	struct leaves *leaves;
	struct facades *facades;
};

struct inspector {
	uint32_t references;
	struct inspection *inspection;
	struct upstreams *upstreams;
	struct cipher_ground ground;
};

static int64_t now_s(void)
{
	return (int64_t)time(NULL);
}

/* ---- of the process ----------------------------------------------------------------------- */

struct inspection *inspection_ref(struct inspection *i)
{
	atomic_fetch_add_explicit(&i->references, 1, memory_order_relaxed);
	return i;
}

void inspection_unref(struct inspection *i)
{
	if (!i || atomic_fetch_sub_explicit(&i->references, 1, memory_order_acq_rel) != 1)
		return;
	facades_free(i->facades);
	leaves_free(i->leaves);
	roots_unref(i->roots);
	vault_close(i->vault);
	free(i->directory);
	free(i);
}

/* Clients read the exported files; that they can is a part of starting. */
static bool export_view(
	struct inspection *i, const struct vault_view *view, struct trouble *trouble)
{
	return bundle_export(i->directory, view, i->roots, trouble);
}

static bool open_all(struct inspection *i, const struct config *config, struct trouble *trouble)
{
	i->vault = ca_open(config, VAULT_CREATE, trouble);
	i->roots = i->vault ? ca_roots(config, trouble) : NULL;
	if (!i->roots)
		return false;
	struct vault_view view = vault_view(i->vault);
	i->leaves = leaves_new(view.issuer, i->leaf_lifetime_s, config->leaves, trouble);
	bool done = i->leaves && export_view(i, &view, trouble);
	vault_view_done(&view);
	return done;
}

struct inspection *inspection_new(const struct config *config, char *ret_error, size_t size)
{
	struct inspection *i = calloc(1, sizeof(*i));
	struct trouble trouble = {.text = "out of memory"};

	if (i) {
		atomic_init(&i->references, 1);
		i->leaf_lifetime_s = config->leaf_lifetime_s;
		i->directory = strdup(config->export_directory);
		i->facades = facades_new();
		if (i->directory && i->facades && open_all(i, config, &trouble))
			return i;
	}
	snprintf(ret_error, size, "%s", trouble.text);
	inspection_unref(i);
	return NULL;
}

void inspection_turn(struct inspection *i)
{
	struct trouble trouble;
	enum vault_turn turn = vault_turn(i->vault, now_s(), &trouble);
	bool done = turn != VAULT_FAILED;

	if (turn == VAULT_CHANGED) {
		struct vault_view view = vault_view(i->vault);
		done = leaves_set_issuer(i->leaves, view.issuer, i->leaf_lifetime_s, &trouble) &&
		       export_view(i, &view, &trouble);
		vault_view_done(&view);
	}
	if (!done)
		log_warning("certificate authority: %s", trouble.text);
}

/* ---- of a worker -------------------------------------------------------------------------- */

struct inspector *inspector_new(struct inspection *i)
{
	struct inspector *inspector = malloc(sizeof(*inspector));
	struct upstreams *upstreams = upstreams_new(roots_store(i->roots));

	if (!inspector || !upstreams) {
		upstreams_free(upstreams);
		free(inspector);
		return NULL;
	}
	inspector->references = 1;
	inspector->inspection = inspection_ref(i);
	inspector->upstreams = upstreams;
	return inspector;
}

struct inspector *inspector_ref(struct inspector *i)
{
	i->references++;
	return i;
}

void inspector_unref(struct inspector *i)
{
	if (!i || --i->references > 0)
		return;
	upstreams_free(i->upstreams);
	inspection_unref(i->inspection);
	free(i);
}

struct cipher_ground *inspector_ground(struct inspector *i)
{
	return &i->ground;
}

struct engine *inspector_upstream(struct inspector *i, const struct target *target,
	struct slice alpn, enum reason *ret_reason)
{
	const struct upstream_target to = {
		.name = target_host(target),
		.port = target->port,
		.alpn = alpn,
	};
	enum tls_fault fault = TLS_FAULT_NONE;
	struct engine *engine = upstream_open(i->upstreams, &to, &fault);

	*ret_reason = tls_fault_reason(fault, TLS_PEER_UPSTREAM);
	return engine;
}

static struct leaf *leaf_for(struct inspection *i, const struct target *target)
{
	struct leaf_name name = {.host = target_host(target)};
	struct trouble trouble;

	if (target->kind == TARGET_ADDRESS)
		name.address = target->address;
	struct leaf *leaf = leaves_get(i->leaves, &name, now_s(), &trouble);
	if (!leaf)
		log_warning("no certificate for a host: %s", trouble.text);
	return leaf;
}

struct engine *inspector_facade(
	struct inspector *i, const struct target *target, enum alpn alpn, enum reason *ret_reason)
{
	struct inspection *all = i->inspection;
	struct leaf *leaf = leaf_for(all, target);
	enum tls_fault fault = TLS_FAULT_INTERNAL;
	struct engine *engine = NULL;

	if (leaf) {
		const struct facade_face face = {
			.name = target_host(target),
			.alpn = alpn,
			.certificate = leaf_certificate(leaf),
			.key = leaf_key(leaf),
			.issuers = leaf_issuers(leaf),
		};
		engine = facade_open(all->facades, &face, &fault);
		leaf_unref(leaf);
	}
	*ret_reason = tls_fault_reason(fault, TLS_PEER_CLIENT);
	return engine;
}
