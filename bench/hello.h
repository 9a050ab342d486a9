/* SPDX-License-Identifier: Apache-2.0 */
/* bench/hello.h: a ClientHello as a current client sends it: TLS 1.3 with its usual extensions,
 * padded to 517 bytes. Source: RFC 8446 §4.1.2, RFC 6066 §3, RFC 7685. */
#ifndef SALLYPORT_BENCH_HELLO_H
#define SALLYPORT_BENCH_HELLO_H

#include <stddef.h>

#define HELLO_SIZE 517

/* Writes HELLO_SIZE bytes that name `name` (1..150 bytes) in SNI; an empty name leaves SNI out. */
void hello_write(const char *name, unsigned char ret_bytes[HELLO_SIZE]);

#endif
