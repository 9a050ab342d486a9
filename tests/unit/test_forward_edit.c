/* SPDX-License-Identifier: Apache-2.0 */
/* Heads that rules change on their way. */
#include "tests/unit/edits.h"
#include "tests/unit/heads.h"

#define HELD                                                                                       \
	RULE "\"a.test\"\nstrip_headers = [\"cookie\"]\n" PUT ", placeholder = \"held-outside\" }\n"

static void opened(struct edits *e, struct edit **ret_edit)
{
	struct request_view view = edits_view("GET", "/", "Authorization: held-outside\n");

	*e = (struct edits){.target = rules_target("a.test:443")};
	edits_open(e, HELD, NULL);
	assert_int_equal(edit_new(&e->place, &view, ret_edit), REASON_NONE);
}

static void requests_are_changed(void **state)
{
	struct message *m = read_head(MESSAGE_REQUEST,
		"GET / HTTP/1.1\r\nHost: a.test\r\nCookie: a\r\nAuthorization: held-outside\r\nX: y\r\nConnection: x-z, authorization\r\nX-Z: 1\r\n\r\n",
		NULL);
	struct edits e;
	struct edit *edit;
	struct buffer b;

	(void)state;
	opened(&e, &edit);
	buffer_init(&b, 4096);
	assert_true(forward_request(&b, message_head(m),
		&(struct forward_place){.target = &e.target,
			.path = SLICE("/"),
			.via = "gate",
			.secure = true,
			.edit = edit}));
	struct slice got = buffer_bytes(&b);
	ROW_CHECK("request",
		slice_equal(got,
			SLICE("GET / HTTP/1.1\r\nHost: a.test\r\nX: y\r\nauthorization: Bearer secret-0\r\n" VIA
			      "\r\n")),
		"%.*s", (int)got.len, got.ptr);
	assert_true(b.secret);
	buffer_done(&b);
	message_free(m);
	edit_free(edit);
	edits_close(&e);
}

static void responses_lose_the_secret(void **state)
{
	struct message *m = read_head(MESSAGE_RESPONSE,
		"HTTP/1.1 302 Found\r\nLocation: /?k=secret-0&l=secret-0\r\nCookie: x\r\nX: y\r\n\r\n",
		"GET");
	static const struct field trailers[] = {
		{{"X-Sum", 5}, {"secret-0", 8}, FIELD_OTHER},
		{{"Cookie", 6}, {"x", 1}, FIELD_OTHER},
		{{"X", 1}, {"y", 1}, FIELD_OTHER},
	};
	struct edits e;
	struct edit *edit;
	struct buffer b;
	bool chunked, close;

	(void)state;
	opened(&e, &edit);
	const struct forward_client client = {1, true, false, 0, edit};
	buffer_init(&b, 4096);
	assert_true(forward_response(&b, message_head(m), &client, "gate", &chunked, &close));
	assert_true(forward_last_chunk(&b, trailers, COUNT(trailers), edit));
	struct slice got = buffer_bytes(&b);
	ROW_CHECK("response",
		slice_equal(got,
			SLICE("HTTP/1.1 302 Found\r\nLocation: /?k=held-outside&l=held-outside\r\nCookie: x\r\nX: y\r\nTransfer-Encoding: chunked\r\n" VIA
			      "\r\n0\r\nX-Sum: held-outside\r\nX: y\r\n\r\n")),
		"%.*s", (int)got.len, got.ptr);
	assert_false(b.secret);
	buffer_done(&b);
	message_free(m);
	edit_free(edit);
	edits_close(&e);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(requests_are_changed),
		cmocka_unit_test(responses_lose_the_secret),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
