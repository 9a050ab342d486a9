/* SPDX-License-Identifier: Apache-2.0 */
/* control/key.h: what somebody pressed, from the bytes that a terminal sends. Source: ECMA-48 §5.4
 * (control sequences), and the SS3 form that xterm sends in application mode. */
#ifndef SALLYPORT_CONTROL_KEY_H
#define SALLYPORT_CONTROL_KEY_H

#include "base/slice.h"

/* A printable character is itself. */
enum key {
	KEY_NONE = 0, /* a control or sequence that means nothing here */
	KEY_ENTER = '\r',
	KEY_ESCAPE = 0x1b,
	KEY_UP = 0x100,
	KEY_DOWN,
	KEY_HOME,
	KEY_END,
	KEY_MORE, /* the bytes end inside a sequence; nothing was taken */
};

/* The first key of `bytes`, which are moved behind it; at least one byte long. `last`: no more bytes
 * are on their way, so that an escape alone is the key. */
int key_next(struct slice *bytes, bool last);

#endif
