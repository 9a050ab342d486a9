/* SPDX-License-Identifier: Apache-2.0 */
/* proxy/wiping.h: memory for a library that is given secrets: whatever it gives back was overwritten. */
#ifndef SALLYPORT_PROXY_WIPING_H
#define SALLYPORT_PROXY_WIPING_H

#include <nghttp2/nghttp2.h>

/* For a session of libnghttp2; never changes. */
nghttp2_mem *wiping_memory(void);

#endif
