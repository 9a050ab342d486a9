/* SPDX-License-Identifier: Apache-2.0 */
/* tests/unit/drill_world.h: the small world of a drill: who asks, what for, under which rules, and
 * what patterns decisions have; and a matcher of patterns that works on their text. */
#ifndef SALLYPORT_TESTS_DRILL_WORLD_H
#define SALLYPORT_TESTS_DRILL_WORLD_H

#include "policy/desk.h"

enum {
	WORLD_IDENTITIES = 2,
	WORLD_SESSIONS = 3,
	WORLD_TARGETS = 6,
	WORLD_POLICIES = 3,
	WORLD_PATTERNS = 12,
	WORLD_SUBJECTS = 4,
};

/* Who asks for what, by number. */
struct world_ask {
	uint8_t identity, session, target, protocol, subject;
};

void world_init(void); /* aborts without memory */
void world_done(void);

struct world_ask world_ask(uint8_t who, uint8_t what);
struct world_ask world_ask_of(const struct question *q);
struct claimant world_claimant(const struct world_ask *ask);
const struct target *world_target(const struct world_ask *ask);
/* The host itself for 0; a request that a rule holds, and searches of the same words and others. */
struct subject world_subject(uint8_t index);
struct concern world_concern(const struct world_ask *ask);
uint8_t world_subject_of(struct subject subject);
const struct policy *world_policy(unsigned index);
/* What policy_judge says, worked out by hand. */
enum decision world_rules(unsigned policy, const struct world_ask *ask);
/* Empty for 0. */
const char *world_pattern(unsigned index);

/* "*.x.example:443" covers "a.x.example" on port 443, and so on; without a port `allow` means 80 and
 * 443, else all. */
bool world_covers(const char *pattern, bool allow, const struct target *t);

#endif
