/* SPDX-License-Identifier: Apache-2.0 */
/* base/trim.h: memory that start-up touched and running does not need, given back to the kernel. */
#ifndef SALLYPORT_BASE_TRIM_H
#define SALLYPORT_BASE_TRIM_H

/* Drops the resident pages of every loaded object's read-only segments (code, constants). They are
 * clean copies of files: the page cache keeps them and a page comes back with a minor fault when it
 * is next used. Pages that were written (relocated, then protected) are private and stay: they are
 * told by the segment's own flags and left alone. Any thread, at any time; costs some faults. */
void trim_code(void);

/* trim_code, and the heap's free pages too. */
void trim_memory(void);

#endif
