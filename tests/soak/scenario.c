/* SPDX-License-Identifier: Apache-2.0 */
/* The mix: good connections, refused ones, and ends of every kind at every phase. */
#include "tests/soak/caller.h"

#define OPEN(place)                                                                                \
	{send_head, place},                                                                        \
	{                                                                                          \
		expect_reply, 200                                                                  \
	}
#define RELAY(place)                                                                               \
	OPEN(place), {send_hello, 0},                                                              \
	{                                                                                          \
		read_answer, CALLER_ANSWER                                                         \
	}

#define INSIDE(place)                                                                              \
	OPEN(place),                                                                               \
	{                                                                                          \
		handshake, 0                                                                       \
	}

const struct scenario scenarios[] = {
	{"tunnel", 200, {RELAY(PLACE_GOOD)}},
	{"tunnel, upload", 40, {RELAY(PLACE_GOOD), {upload, 100000}}},
	{"tunnel, long answer", 40,
		{OPEN(PLACE_BIG), {send_hello, 0}, {read_answer, CALLER_BIG_ANSWER}}},
	{"tunnel on a raw port", 20,
		{OPEN(PLACE_RAW), {send_noise, 517}, {read_answer, CALLER_ANSWER}}},
	{"head in pieces", 20,
		{{send_head_in_pieces, PLACE_GOOD}, {expect_reply, 200}, {send_hello, 0},
			{read_answer, CALLER_ANSWER}}},
	{"hello in pieces", 20,
		{OPEN(PLACE_GOOD), {send_hello_in_pieces, 0}, {read_answer, CALLER_ANSWER}}},
	{"hello in records", 20,
		{OPEN(PLACE_GOOD), {send_hello_in_records, 20}, {read_answer, CALLER_ANSWER}}},
	{"plain request inside a tunnel", 30,
		{OPEN(PLACE_PLAIN), {send_inner_get, PLACE_PLAIN}, {read_response, CALLER_ANSWER},
			{send_inner_get, PLACE_PLAIN}, {read_response, CALLER_ANSWER}}},
	{"plain requests", 60,
		{{send_get, PLACE_PLAIN}, {read_response, CALLER_ANSWER}, {send_get, PLACE_PLAIN},
			{read_response, CALLER_ANSWER}, {send_post, PLACE_PLAIN},
			{read_response, CALLER_ANSWER}}},
	{"plain request, then refused", 20,
		{{send_get, PLACE_PLAIN}, {read_response, CALLER_ANSWER}, {send_get, PLACE_REFUSED},
			{expect_refusal, 403}}},

	{"refused tunnel", 80, {{send_head, PLACE_REFUSED}, {expect_refusal, 403}}},
	{"refused request", 30, {{send_get, PLACE_REFUSED}, {expect_refusal, 403}}},
	{"refused while sending", 10,
		{{send_head, PLACE_REFUSED}, {send_noise, 517}, {expect_refusal, 403}}},
	{"refused, reset", 20, {{send_head, PLACE_REFUSED}, {reset, 0}}},
	{"held, approved", 40,
		{OPEN(PLACE_HELD), {send_hello, PLACE_HELD}, {read_answer, CALLER_ANSWER}}},
	{"held with early bytes, approved", 20,
		{{send_head, PLACE_HELD}, {send_hello, PLACE_HELD},
			{read_response, CALLER_ANSWER}}},
	{"held request, approved", 20,
		{{send_get, PLACE_HELD_PLAIN}, {read_response, CALLER_ANSWER}}},
	{"held request after another", 20,
		{{send_get, PLACE_PLAIN}, {read_response, CALLER_ANSWER},
			{send_get, PLACE_HELD_PLAIN}, {read_response, CALLER_ANSWER}}},
	{"held body, approved", 20,
		{{send_post, PLACE_HELD_PLAIN}, {read_response, CALLER_ANSWER}}},
	{"held, denied", 20, {{send_head, PLACE_DENIED}, {expect_refusal, 403}}},
	{"held body, denied", 20, {{send_post, PLACE_DENIED}, {expect_refusal, 403}}},
	{"held, timed out", 1, {{send_head, PLACE_UNANSWERED}, {expect_refusal, 503}}},
	{"held body, timed out", 1, {{send_post, PLACE_UNANSWERED}, {expect_refusal, 503}}},
	{"reset while held", 20, {{send_head, PLACE_UNANSWERED}, {reset, 0}}},
	{"reset while a body is held", 10, {{send_post, PLACE_UNANSWERED}, {reset, 0}}},
	{"reset as it is approved", 20, {{send_head, PLACE_HELD}, {reset, 0}}},
	{"close while held", 20, {{send_head, PLACE_UNANSWERED}}},
	{"close with early bytes held", 10,
		{{send_head, PLACE_UNANSWERED}, {send_hello, PLACE_UNANSWERED}}},
	{"half-close while held", 20,
		{{send_get, PLACE_UNANSWERED}, {half_close, 0}, {expect_silence, 0}}},

	{"malformed", 80, {{send_malformed, 0}, {expect_refusal, 400}}},
	{"malformed, reset", 10, {{send_malformed, 0}, {reset, 0}}},
	{"nobody listens", 20, {{send_head, PLACE_DEAD}, {expect_refusal, 502}}},
	{"plain, nobody listens", 10, {{send_get, PLACE_DEAD}, {expect_reply, 502}}},

	{"wrong name in the hello", 40,
		{OPEN(PLACE_GOOD), {send_wrong_hello, 0}, {expect_silence, 0}}},
	{"no name in the hello", 20,
		{OPEN(PLACE_GOOD), {send_nameless_hello, 0}, {expect_silence, 0}}},
	{"no hello", 20, {OPEN(PLACE_GOOD), {send_noise, 517}, {expect_silence, 0}}},

	{"reset after connect", 20, {{reset, 0}}},
	{"reset within the head", 20, {{send_half_head, PLACE_GOOD}, {reset, 0}}},
	{"reset after the head", 20, {{send_head, PLACE_GOOD}, {reset, 0}}},
	{"reset after 200", 20, {OPEN(PLACE_GOOD), {reset, 0}}},
	{"reset within the hello", 20, {OPEN(PLACE_GOOD), {send_half_hello, 0}, {reset, 0}}},
	{"reset after the hello", 20, {OPEN(PLACE_GOOD), {send_hello, 0}, {reset, 0}}},
	{"reset after the answer", 20, {RELAY(PLACE_GOOD), {reset, 0}}},
	{"reset within the upload", 20, {RELAY(PLACE_GOOD), {upload, 60000}, {reset, 0}}},
	{"reset within the answer", 20,
		{OPEN(PLACE_BIG), {send_hello, 0}, {read_answer, 20000}, {reset, 0}}},
	{"reset within a plain request", 10, {{send_get, PLACE_PLAIN}, {reset, 0}}},

	{"close after connect", 20, {{NULL, 0}}},
	{"close within the head", 20, {{send_half_head, PLACE_GOOD}}},
	{"close after the head", 20, {{send_head, PLACE_GOOD}}},
	{"close after 200", 20, {OPEN(PLACE_GOOD)}},
	{"close within the hello", 20, {OPEN(PLACE_GOOD), {send_half_hello, 0}}},
	{"close after the hello", 20, {OPEN(PLACE_GOOD), {send_hello, 0}}},
	{"close within the answer", 20, {OPEN(PLACE_BIG), {send_hello, 0}, {read_answer, 20000}}},

	{"client half-closes", 40, {RELAY(PLACE_GOOD), {half_close, 0}, {expect_end, 0}}},
	{"client half-closes at once", 20,
		{OPEN(PLACE_GOOD), {send_hello, 0}, {half_close, 0}, {expect_end, 0}}},
	{"origin half-closes", 40, {RELAY(PLACE_HALF), {upload, 50000}}},
	{"origin half-closes, reset", 10, {RELAY(PLACE_HALF), {upload, 50000}, {reset, 0}}},
	{"origin resets", 30, {OPEN(PLACE_RESET), {send_hello, 0}, {expect_end, 0}}},
	{"origin resets at once", 20, {{send_head, PLACE_RESET_AT_ONCE}, {expect_end, 0}}},
	{"plain, origin resets at once", 10,
		{{send_get, PLACE_RESET_AT_ONCE}, {expect_reply, 502}}},

	{"inside", 8,
		{INSIDE(PLACE_INSIDE), {get_inside, PLACE_INSIDE}, {read_inside, CALLER_ANSWER},
			{get_inside, PLACE_INSIDE}, {read_inside, CALLER_ANSWER}}},
	{"inside, refused", 4,
		{INSIDE(PLACE_INSIDE), {post_inside, PLACE_INSIDE}, {expect_inside, 403}}},
	{"inside, another host", 4,
		{INSIDE(PLACE_INSIDE), {get_inside, PLACE_PLAIN}, {expect_inside, 421}}},
	{"inside, origin resets at once", 4,
		{{send_head, PLACE_INSIDE_RESET}, {send_hello, PLACE_INSIDE}, {expect_end, 0}}},
	{"close after the handshake", 4, {INSIDE(PLACE_INSIDE)}},
	{"reset after the handshake", 4, {INSIDE(PLACE_INSIDE), {reset, 0}}},
	{"reset within the handshake", 4,
		{OPEN(PLACE_INSIDE), {send_hello, PLACE_INSIDE}, {reset, 0}}},
	{"close within the handshake", 4, {OPEN(PLACE_INSIDE), {send_hello, PLACE_INSIDE}}},
	{"reset after a request inside", 4,
		{INSIDE(PLACE_INSIDE), {get_inside, PLACE_INSIDE}, {reset, 0}}},

	{"head stalls", 1, {{send_half_head, PLACE_GOOD}, {expect_refusal, 408}}},
	{"nothing is sent", 1, {{expect_end, 0}}},
	{"hello stalls", 1, {OPEN(PLACE_GOOD), {send_half_hello, 0}, {expect_silence, 0}}},
	{"no hello is sent", 1, {OPEN(PLACE_GOOD), {expect_silence, 0}}},
};

const size_t scenario_count = sizeof(scenarios) / sizeof(scenarios[0]);
