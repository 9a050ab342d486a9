/* SPDX-License-Identifier: Apache-2.0 */
/* tests/unit/configs.h: a configuration loaded from texts, its notices kept, its policy asked. */
#ifndef SALLYPORT_TESTS_CONFIGS_H
#define SALLYPORT_TESTS_CONFIGS_H

#include "policy/loading.h"
#include "tests/unit/rows.h"

#include <stdio.h>

struct loaded {
	struct config *config; /* NULL when the load failed */
	char fault[1024];
	char notices[8192]; /* one a line */
};

static inline void keep_notice(void *owner, const char *text)
{
	struct loaded *l = owner;
	size_t used = strlen(l->notices);

	snprintf(l->notices + used, sizeof(l->notices) - used, "%s\n", text);
}

/* NULL texts: no such file. The names are "c.toml" and "r.toml". */
static inline void load_with(struct loaded *l, struct config_sources sources, const char *config,
	const char *requirements)
{
	struct slice texts[2] = {slice_of(config), slice_of(requirements)};
	struct fault fault = {.line = 0};

	memset(l, 0, sizeof(*l));
	sources.config_file = config ? "c.toml" : NULL;
	sources.requirements_file = requirements ? "r.toml" : NULL;
	l->config = config_load_texts(&sources, texts, keep_notice, l, &fault);
	if (!l->config)
		fault_format(&fault, l->fault, sizeof(l->fault));
}

static inline void load(struct loaded *l, const char *config, const char *requirements)
{
	load_with(l, (struct config_sources){.allow_count = 0}, config, requirements);
}

/* "allowed", or the word of the reason. */
static inline const char *judged(const struct config *c, const char *host_port)
{
	struct target target;

	assert_int_equal(target_parse_authority(slice_of(host_port), &target), REASON_NONE);
	struct verdict v = policy_judge(c->policy, &target);
	return v.decision == DECISION_ALLOW ? "allowed" : reason_word(v.reason);
}

/* The value of an option as TOML. */
static inline void value_of(const struct config *c, enum option option, char ret_text[512])
{
	struct buffer out;

	buffer_init(&out, 511);
	setting_write(c, option_row(option), &out);
	struct slice text = buffer_bytes(&out);
	snprintf(ret_text, 512, "%.*s", (int)text.len, text.ptr ? text.ptr : "");
	buffer_done(&out);
}

#endif
