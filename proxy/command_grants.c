/* SPDX-License-Identifier: Apache-2.0 */
/* sallyport grants list | add | revoke, and sallyport link. */
#include "proxy/command_remote.h"

static int ended(struct remote *r, bool ok)
{
	remote_close(r);
	return ok ? EXIT_DONE : EXIT_REFUSED;
}

int command_grants_list(const struct arguments *a)
{
	struct remote r;
	int status = command_remote_open(a, &r);

	return status == EXIT_DONE ? ended(&r, remote_grants(&r)) : status;
}

int command_grants_add(const struct arguments *a)
{
	struct remote_decision decision;
	struct remote r;

	if (!command_word_fits(a, FLAG_SCOPE, "ttl|always"))
		return EXIT_USAGE;
	int status = command_decision(a, !a->given[FLAG_NO], &decision);
	if (status == EXIT_DONE && !decision.scope) {
		fprintf(stderr, "sallyport: for how long? --ttl 1h, or --scope always\n");
		return EXIT_USAGE;
	}
	if (status == EXIT_DONE)
		status = command_remote_open(a, &r);
	if (status != EXIT_DONE)
		return status;
	return ended(&r, remote_grant_add(&r, a->operands[0], &decision));
}

int command_grants_revoke(const struct arguments *a)
{
	struct remote r;
	int status = command_remote_open(a, &r);

	return status == EXIT_DONE ? ended(&r, remote_grant_revoke(&r, a->operands[0])) : status;
}

int command_link(const struct arguments *a)
{
	struct remote r;
	int status = command_remote_open(a, &r);

	return status == EXIT_DONE ? ended(&r, remote_link(&r)) : status;
}
