/* SPDX-License-Identifier: Apache-2.0 */
/* control/tell.h: what happens elsewhere, for the event stream and the long polls: control_tell,
 * control_turn and control_reloaded of control.h, and what stream.c needs of them. */
#ifndef SALLYPORT_CONTROL_TELL_H
#define SALLYPORT_CONTROL_TELL_H

struct control;

/* Nobody listened to decisions and ends until now: the digest's rows so far are not told. */
void tell_skip_rows(struct control *c);

/* Runs the long polls that something happened for; from the loop, never from within the desk. */
void tell_wake(struct control *c);

#endif
