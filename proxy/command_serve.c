/* SPDX-License-Identifier: Apache-2.0 */
/* sallyport serve. */
#include "proxy/cli.h"
#include "proxy/serve.h"

int command_serve(const struct arguments *a)
{
	return serve_run(&a->sources);
}
