/* SPDX-License-Identifier: Apache-2.0 */
/* control/page.c: the files of the page, as they are in the program. Whoever may connect may read
 * them; they show nothing before somebody signs in. Source: CSP Level 3, Trusted Types, Fetch
 * (Cross-Origin-Resource-Policy), HTML (Cross-Origin-Opener-Policy). */
#include "control/call.h"
#include "control/embedded.h"

#include <assert.h>

/* Scripts, styles and calls of this origin only; no inline code, no frame around the page, no base
 * or form that leads elsewhere, and no markup or code made out of strings. data: is for the icon that
 * shows a number. */
static const char POLICY[] = "default-src 'none'; script-src 'self'; style-src 'self'; "
			     "img-src 'self' data:; connect-src 'self'; form-action 'none'; "
			     "base-uri 'none'; frame-ancestors 'none'; "
			     "require-trusted-types-for 'script'; trusted-types 'none'";

static void serve(struct call *call)
{
	bool front = slice_equal(call->path, SLICE("/"));
	const struct embedded *file = embedded_find(front ? SLICE("/index.html") : call->path);

	assert(file); /* each route below has its file */
	call_field(call, "Content-Security-Policy", POLICY);
	call_field(call, "Cross-Origin-Opener-Policy", "same-origin");
	call_field(call, "Cross-Origin-Resource-Policy", "same-origin");
	call_reply_text(call, 200, file->type, file->bytes);
}

const struct route page_routes[] = {
	{"GET", "/", ROLE_NOBODY, serve, NULL},
	{"GET", "/api.js", ROLE_NOBODY, serve, NULL},
	{"GET", "/app.js", ROLE_NOBODY, serve, NULL},
	{"GET", "/badge.js", ROLE_NOBODY, serve, NULL},
	{"GET", "/card.js", ROLE_NOBODY, serve, NULL},
	{"GET", "/chart.js", ROLE_NOBODY, serve, NULL},
	{"GET", "/decide.js", ROLE_NOBODY, serve, NULL},
	{"GET", "/dialog.js", ROLE_NOBODY, serve, NULL},
	{"GET", "/dom.js", ROLE_NOBODY, serve, NULL},
	{"GET", "/grants.js", ROLE_NOBODY, serve, NULL},
	{"GET", "/icon.svg", ROLE_NOBODY, serve, NULL},
	{"GET", "/insights.js", ROLE_NOBODY, serve, NULL},
	{"GET", "/names.js", ROLE_NOBODY, serve, NULL},
	{"GET", "/questions.js", ROLE_NOBODY, serve, NULL},
	{"GET", "/stream.js", ROLE_NOBODY, serve, NULL},
	{"GET", "/style.css", ROLE_NOBODY, serve, NULL},
	{"GET", "/traffic.js", ROLE_NOBODY, serve, NULL},
	{"GET", "/words.js", ROLE_NOBODY, serve, NULL},
	{0},
};
