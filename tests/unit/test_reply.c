/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/rows.h"

#include "proxy/reply.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct target example = {
	.kind = TARGET_NAME, .host = "evil.test", .host_len = 9, .port = 443};

static const char *text_of(json_t *object, const char *key)
{
	json_t *value = json_object_get(object, key);

	assert_non_null(value);
	return json_is_null(value) ? "null" : json_string_value(value);
}

/* Status line and fields, then JSON of the promised shape, as long as Content-Length says. */
static void every_reason_with_a_status_has_a_whole_reply(void **state)
{
	(void)state;
	for (int i = 0; i < REASON_COUNT; i++) {
		const struct reason_row *row = reason_row((enum reason)i);
		if (row->status == 0)
			continue;
		const struct refusal refusal = {.reason = (enum reason)i,
			.target = &example,
			.protocol = "https_connect",
			.question = 0xab};
		struct buffer b;
		char line[64];
		buffer_init(&b, 8192);
		assert_true(reply_refuse(&b, &refusal));
		assert_true(buffer_append(&b, slice_from("", 1)));
		snprintf(line, sizeof(line), "HTTP/1.1 %u ", row->status);
		ROW_CHECK(row->word, strncmp(b.ptr, line, strlen(line)) == 0, "%s", b.ptr);
		ROW_CHECK(row->word, !strstr(b.ptr, " Error\r\n"), "no phrase for %u", row->status);
		snprintf(line, sizeof(line), "X-Proxy-Error: %s\r\n", row->token);
		ROW_CHECK(row->word, !!strstr(b.ptr, line) == (row->token[0] != 0), "%s", b.ptr);
		const char *body = strstr(b.ptr, "\r\n\r\n") + 4;
		const char *length = strstr(b.ptr, "Content-Length: ");
		ROW_CHECK(row->word, strtoul(length + 16, NULL, 10) == strlen(body), "%s", b.ptr);
		json_t *json = json_loads(body, JSON_REJECT_DUPLICATES, NULL);
		ROW_CHECK(row->word, json != NULL, "%s", body);
		assert_string_equal(text_of(json, "reason"), row->word);
		bool pending = i == REASON_APPROVAL_PENDING;
		assert_string_equal(text_of(json, "status"), pending ? "pending" : "blocked");
		assert_string_equal(text_of(json, "decision"), pending ? "ask" : "deny");
		assert_string_equal(text_of(json, "source"), "baseline_policy");
		assert_string_equal(text_of(json, "host"), "evil.test");
		assert_int_equal(json_integer_value(json_object_get(json, "port")), 443);
		assert_string_equal(text_of(json, "message"), row->message);
		const char *guidance = text_of(json, "guidance");
		ROW_CHECK(row->word, strncmp(guidance, row->guidance, strlen(row->guidance)) == 0,
			"%s", guidance);
		ROW_CHECK(row->word,
			!!strstr(guidance, "internal/questions/q-00000000000000ab") == pending,
			"%s", guidance);
		bool asked = strncmp(row->word, "approval_", strlen("approval_")) == 0;
		json_t *approval = json_object_get(json, "approval");
		ROW_CHECK(row->word, json_is_object(approval) == asked, "%s", body);
		if (asked) {
			assert_string_equal(text_of(approval, "id"), "q-00000000000000ab");
			assert_string_equal(
				text_of(approval, "state"), row->word + strlen("approval_"));
			ROW_CHECK(row->word,
				json_is_integer(json_object_get(approval, "retry_after")) ==
					(row->status == 503),
				"%s", body);
			ROW_CHECK(row->word,
				strstr(b.ptr, "X-Sallyport-Approval: q-00000000000000ab\r\n") !=
					NULL,
				"%s", b.ptr);
		}
		json_decref(json);
		buffer_done(&b);
	}
}

static void malformed_shows_no_host_and_head_no_content(void **state)
{
	struct refusal refusal = {.reason = REASON_BAD_TARGET, .protocol = "http"};
	struct buffer b;
	(void)state;
	buffer_init(&b, 8192);
	assert_true(reply_refuse(&b, &refusal));
	assert_true(buffer_append(&b, slice_from("", 1)));
	assert_non_null(strstr(b.ptr, "\"host\":null,\"port\":null"));
	buffer_done(&b);
	refusal.head_only = true;
	assert_true(reply_refuse(&b, &refusal));
	assert_true(slice_ends(buffer_bytes(&b), SLICE("\r\n\r\n")));
	buffer_done(&b);
	b.bound = 100;
	assert_false(reply_refuse(&b, &refusal));
	buffer_done(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_reason_with_a_status_has_a_whole_reply),
		cmocka_unit_test(malformed_shows_no_host_and_head_no_content),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
