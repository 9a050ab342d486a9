/* SPDX-License-Identifier: Apache-2.0 */
/* sallyport approvals list | watch | approve | deny, and sallyport tail. */
#include "control/tail.h"
#include "control/watch.h"
#include "proxy/command_remote.h"

static int ended(struct remote *r, bool ok)
{
	remote_close(r);
	return ok ? EXIT_DONE : EXIT_REFUSED;
}

int command_approvals_list(const struct arguments *a)
{
	const char *state = a->values[FLAG_STATE];
	struct remote r;

	if (!command_word_fits(a, FLAG_STATE, "pending|approved|denied|expired|withdrawn|all"))
		return EXIT_USAGE;
	int status = command_remote_open(a, &r);
	if (status != EXIT_DONE)
		return status;
	return ended(&r, remote_approvals(&r, state ? state : "pending"));
}

int command_approvals_watch(const struct arguments *a)
{
	struct remote r;
	int status = command_remote_open(a, &r);

	return status == EXIT_DONE ? ended(&r, watch_run(&r)) : status;
}

int command_tail(const struct arguments *a)
{
	struct remote r;
	int status = command_remote_open(a, &r);

	if (status != EXIT_DONE)
		return status;
	return ended(&r, tail_run(&r, "approval,grant,decision,closed,config"));
}

static int decide(const struct arguments *a, bool allow)
{
	struct remote_decision decision;
	struct remote r;
	int status = command_decision(a, allow, &decision);

	if (status == EXIT_DONE)
		status = command_remote_open(a, &r);
	if (status != EXIT_DONE)
		return status;
	return ended(&r, remote_decide(&r, a->operands[0], &decision));
}

int command_approvals_approve(const struct arguments *a)
{
	return decide(a, true);
}

int command_approvals_deny(const struct arguments *a)
{
	return decide(a, false);
}
