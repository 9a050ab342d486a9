/* SPDX-License-Identifier: Apache-2.0 */
/* base/container.h: from a member back to the object that holds it. */
#ifndef SALLYPORT_BASE_CONTAINER_H
#define SALLYPORT_BASE_CONTAINER_H

#include <stddef.h>

#define CONTAINER(member_ptr, type, member)                                                        \
	((type *)(void *)((char *)(void *)(member_ptr)-offsetof(type, member)))

#endif
