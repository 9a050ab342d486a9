/* SPDX-License-Identifier: Apache-2.0 */
/* policy/policy.h: an immutable snapshot of the rules, and the judgement by it. Built once by the
 * control thread, then shared by reference; judging takes no lock and no memory, and its cost grows
 * with the labels of the name, not with the length of the lists.
 * Order (first that applies): own endpoint, deny list, port not listed, local literal, allow list,
 * unlisted (which a grant may open, policy/grants.h). Deny always wins; an empty allow list allows nothing.
 * Source: shared design §4; special-purpose ranges of RFC 6890 and successors. */
#ifndef SALLYPORT_POLICY_POLICY_H
#define SALLYPORT_POLICY_POLICY_H

#include "base/address.h"
#include "base/reason.h"
#include "policy/search_modes.h"
#include "policy/target.h"

/* ---- judging ------------------------------------------------------------------------------ */

struct policy; /* opaque, reference-counted, thread-safe */

enum decision {
	DECISION_ALLOW,
	DECISION_DENY,
	DECISION_ASK, /* on no list, and somebody may be asked: a live grant, else the approval desk */
};

/* Who decided; the words of the event attribute network.policy.source. */
enum decision_source {
	SOURCE_BASELINE_POLICY,
	SOURCE_MODE_GUARD,
	SOURCE_PROXY_STATE,
	SOURCE_DECIDER
};

/* What runs on an allowed port: decides what a tunnel's first bytes must be. */
enum port_protocol { PORT_TLS, PORT_HTTP, PORT_RAW };

/* One entry of a list, for the record and for `check`. The strings live as long as the policy. */
struct rule {
	const char *pattern; /* as written, escaped, NUL-terminated; NULL for no rule */
	const char *file; /* as given on the command line or in the configuration */
	uint32_t line; /* from 1; 0 for the command line */
};

struct verdict {
	enum decision decision;
	enum reason reason; /* REASON_NONE when allowed; REASON_NOT_ALLOWED for DECISION_ASK */
	enum decision_source source;
	enum port_protocol protocol; /* meaningful unless denied */
	uint32_t entry; /* the deciding entry, a handle for policy_rule; or ENTRY_NONE */
};

#define ENTRY_NONE UINT32_MAX
/* An entry from here on is a rule about requests. */
#define ENTRY_REQUEST UINT32_C(0x80000000)

/* Judge the target by name, port and literal. Must be called before any DNS query. */
struct verdict policy_judge(const struct policy *p, const struct target *t);

/* Judge one resolved (or literal) address of a target that policy_judge allowed with `named`.
 * Denied with REASON_DENIED (the address is on the deny list), REASON_OWN_ENDPOINT or
 * REASON_RESOLVED_LOCAL. */
struct verdict policy_judge_address(const struct policy *p, const struct target *t,
	const struct verdict *named, const struct address *address);

/* Judge an alias (CNAME) that `t` resolved through, as DNS gave it: denied only when the deny list
 * names it on this port (REASON_DENIED) or it is malformed (REASON_DNS_FAILED). */
struct verdict policy_judge_alias(
	const struct policy *p, const struct target *t, struct slice alias);

/* Judge a request method: MODE_LIMITED lets GET, HEAD and OPTIONS pass, and a CONNECT that can be
 * looked into: not to a PORT_RAW. `named` is an allowing or asking verdict. */
struct verdict policy_judge_method(
	const struct policy *p, struct slice method, const struct verdict *named);

/* The rule of an entry in a verdict of this policy; all zero for ENTRY_NONE. By value, because a
 * million stored ones would cost more than the patterns themselves. */
struct rule policy_rule(const struct policy *p, uint32_t entry);

struct policy *policy_ref(struct policy *p);
void policy_unref(struct policy *p); /* NULL is fine; frees with the last reference */

/* Number that grows with each snapshot built in this process; for logs and events. */
uint64_t policy_generation(const struct policy *p);

struct policy_counts {
	uint32_t allow; /* entries */
	uint32_t deny;
	size_t bytes; /* memory of the snapshot */
};
struct policy_counts policy_counts(const struct policy *p);
/* ---- building ----------------------------------------------------------------------------- */

/* What is wrong with an input and what to write instead; fixed size, no ownership. */
struct fault {
	char file[256]; /* "" when the builder is the caller's to complete */
	uint32_t line;
	uint32_t column;
	char text[512]; /* one sentence, peer and file bytes escaped */
};

enum policy_list { LIST_ALLOW, LIST_DENY };
enum policy_mode { MODE_FULL, MODE_LIMITED };
enum policy_unlisted { UNLISTED_HOLD, UNLISTED_DENY };

/* One entry as configuration has it. All slices are copied. */
struct entry {
	enum policy_list list;
	struct slice pattern; /* "*.example.com:8443", "10.0.0.0/8", U-labels allowed */
	struct slice file; /* for the rule; copied once per distinct file */
	uint32_t line;
	bool public_suffix; /* a wildcard at or above a public suffix is meant */
	bool has_protocol;
	enum port_protocol protocol; /* allow entries */
	const struct slice *addresses; /* allow: local ranges its names may resolve to */
	size_t address_count; /* at most LIMIT_ENTRY_PATTERNS */
	const struct slice *except; /* deny: patterns that it does not cover */
	size_t except_count; /* at most LIMIT_ENTRY_PATTERNS */
};

struct policy_settings {
	enum policy_mode mode;
	enum policy_unlisted unlisted;
	bool allow_local_binding, nobody_answers; /* what rules ask about is refused then */
	/* The proxy's own listeners and control endpoints; the unspecified address stands for every
	 * address of this machine, which the builder looks up. Copied. */
	const struct endpoint *own;
	size_t own_count;
	struct search_modes searches;
};

struct policy_builder;

/* NULL without memory. */
struct policy_builder *policy_builder_new(void);
void policy_builder_free(struct policy_builder *b); /* NULL is fine */

/* False with *ret_fault (text only; file, line and column are the caller's) when the entry is
 * malformed or too broad; nothing is ever silently broader. The builder stays usable. */
bool policy_builder_add(
	struct policy_builder *b, const struct entry *entry, struct fault *ret_fault);

/* Consumes the builder. The new policy has one reference. NULL without memory. */
struct policy *policy_builder_finish(
	struct policy_builder *b, const struct policy_settings *settings);

/* Adds own endpoints that are known only after binding (port 0 in the configuration). Only before
 * the policy is shared with another thread. False without memory or beyond LIMIT_OWN_ENDPOINTS. */
bool policy_add_own(struct policy *p, const struct endpoint *own, size_t own_count);

#endif
