/* SPDX-License-Identifier: Apache-2.0 */
/* proxy/exchange_input.h: the client's bytes, for the files of the exchange. */
#ifndef SALLYPORT_PROXY_EXCHANGE_INPUT_H
#define SALLYPORT_PROXY_EXCHANGE_INPUT_H

#include "proxy/exchange.h"

/* The client's next bytes: what was read before, else one read. The slice is the shared buffer's or
 * client_in's; what the parser leaves goes through exchange_keep. */
enum wire_result exchange_input(struct exchange *x, struct wire *client,
	struct relay_ground *ground, struct slice *ret_input);

/* False without memory. */
bool exchange_keep(struct exchange *x, struct slice rest);

#endif
