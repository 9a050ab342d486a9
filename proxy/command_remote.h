/* SPDX-License-Identifier: Apache-2.0 */
/* proxy/command_remote.h: what the commands that talk to a running proxy have in common: where its
 * control endpoint is, with which token, and the words of a decision. */
#ifndef SALLYPORT_PROXY_COMMAND_REMOTE_H
#define SALLYPORT_PROXY_COMMAND_REMOTE_H

#include "control/remote.h"
#include "proxy/cli.h"

/* Opens a remote as the flags, the environment and the configuration say. EXIT_DONE, or another code
 * with the sentence printed; then there is nothing to close.
 *
 *   endpoint  --control, else $SALLYPORT_CONTROL, else [listen] control (a unix socket first), else
 *             control.sock in the state directory
 *   token     $SALLYPORT_TOKEN, else admin.token in the state directory; never an argument, which
 *             everybody on the machine could read */
int command_remote_open(const struct arguments *a, struct remote *ret_remote);

/* The decision that the flags make. EXIT_DONE, or EXIT_USAGE with the sentence printed. */
int command_decision(const struct arguments *a, bool allow, struct remote_decision *ret_decision);

/* The flag's value is one of "one|two|three", or not given. */
bool command_word_fits(const struct arguments *a, enum flag flag, const char *words);

#endif
