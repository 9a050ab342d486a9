/* SPDX-License-Identifier: Apache-2.0 */
/* What reading a head and writing it anew cost, in CPU time. */
#include "proxy/forward.h"

#include <stdio.h>
#include <time.h>

enum { ROUNDS = 300000 };

static const char connect_head[] = "CONNECT registry.example.com:443 HTTP/1.1\r\n"
				   "Host: registry.example.com:443\r\n"
				   "User-Agent: curl/7.88.1\r\n"
				   "Proxy-Connection: Keep-Alive\r\n"
				   "\r\n";

static const char browser_head[] =
	"GET http://www.example.com/articles/2024/a-page?with=a&query=string HTTP/1.1\r\n"
	"Host: www.example.com\r\n"
	"Proxy-Connection: keep-alive\r\n"
	"Cache-Control: max-age=0\r\n"
	"Upgrade-Insecure-Requests: 1\r\n"
	"User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "
	"Chrome/126.0.0.0 Safari/537.36\r\n"
	"Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,"
	"image/apng,*/*;q=0.8\r\n"
	"Accept-Encoding: gzip, deflate\r\n"
	"Accept-Language: en-US,en;q=0.9\r\n"
	"Cookie: session=0123456789abcdef0123456789abcdef; theme=dark; consent=1\r\n"
	"\r\n";

static double cpu_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static bool read_one(struct message *m, struct slice bytes)
{
	struct slice data;

	return message_read(m, &bytes, &data) == MESSAGE_HEAD &&
	       message_read(m, &bytes, &data) == MESSAGE_END;
}

static int measure(const char *name, struct slice bytes)
{
	struct message *m = message_new(MESSAGE_REQUEST);
	struct target t = {.port = 80, .host_len = 15, .host = "www.example.com"};
	struct buffer out;

	if (!m)
		return 1;
	double start = cpu_ns();
	for (int i = 0; i < ROUNDS; i++) {
		if (!read_one(m, bytes))
			return 1;
		message_next(m);
	}
	printf("%s, parse: %.0f ns\n", name, (cpu_ns() - start) / ROUNDS);
	if (!read_one(m, bytes))
		return 1;
	buffer_init(&out, LIMIT_QUEUE_BYTES);
	start = cpu_ns();
	for (int i = 0; i < ROUNDS; i++) {
		if (!forward_request(&out, message_head(m),
			    &(struct forward_place){
				    .target = &t, .path = SLICE("/"), .via = "gate"}))
			return 1;
		buffer_take(&out, out.len);
	}
	printf("%s, forward: %.0f ns\n", name, (cpu_ns() - start) / ROUNDS);
	message_free(m);
	return 0;
}

int main(void)
{
	return measure("head of a CONNECT", slice_of(connect_head)) |
	       measure("head of a browser's GET", slice_of(browser_head));
}
