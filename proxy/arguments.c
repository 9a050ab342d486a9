/* SPDX-License-Identifier: Apache-2.0 */
#include "proxy/arguments.h"

#include "base/utf8.h"

#include <assert.h>

#define COUNT_OF(list) (sizeof(list) / sizeof((list)[0]))

static const struct slice cover = {"***", 3};

/* The line as far as it has come. */
struct line {
	char *text;
	size_t len, size;
	bool full; /* something did not fit: nothing may follow it */
};

static void line_put(struct line *l, struct slice bytes)
{
	if (l->full)
		return;
	l->len += utf8_copy(bytes, l->text + l->len, l->size - l->len);
	/* Where a character did not fit there is no room for the largest one and the NUL. */
	l->full = l->size - l->len <= 4;
}

/* Index of `word` in `s` without case, or s.len. */
static size_t find_word(struct slice s, struct slice word)
{
	for (size_t i = 0; i + word.len <= s.len; i++)
		if (slice_equal_nocase(slice_first(slice_after(s, i), word.len), word))
			return i;
	return s.len;
}

/* The name of a flag, field or variable whose value is nobody's business. */
static bool speaks_of_secret(struct slice name)
{
	const struct slice words[] = {
		SLICE("token"),
		SLICE("secret"),
		SLICE("passw"),
		SLICE("passphrase"),
		SLICE("auth"),
		SLICE("bearer"),
		SLICE("cookie"),
		SLICE("credential"),
		SLICE("api-key"),
		SLICE("api_key"),
		SLICE("apikey"),
		SLICE("access-key"),
		SLICE("access_key"),
		SLICE("private-key"),
		SLICE("private_key"),
		SLICE("signature"),
	};
	for (size_t i = 0; i < COUNT_OF(words); i++)
		if (find_word(name, words[i]) < name.len)
			return true;
	return false;
}

/* A flag whose value is the next argument, and secret. */
static bool announces_secret(struct slice argument)
{
	const struct slice flags[] = {
		SLICE("-u"),
		SLICE("-U"),
		SLICE("--user"),
		SLICE("--proxy-user"),
		SLICE("--pass"),
	};
	for (size_t i = 0; i < COUNT_OF(flags); i++)
		if (slice_equal(argument, flags[i]))
			return true;
	return argument.len > 1 && argument.ptr[0] == '-' &&
	       slice_find(argument, '=') == argument.len &&
	       slice_find(argument, ':') == argument.len && speaks_of_secret(argument);
}

static bool is_name_byte(char c)
{
	char lower = ascii_lower(c);

	return (lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

/* Tokens as well-known services make them, told by how they begin. */
static bool is_token(struct slice rest)
{
	const struct slice beginnings[] = {
		SLICE("ghp_"),
		SLICE("gho_"),
		SLICE("ghs_"),
		SLICE("github_pat_"),
		SLICE("glpat-"),
		SLICE("sk-"),
		SLICE("sk_"),
		SLICE("xoxb-"),
		SLICE("xoxp-"),
		SLICE("AKIA"),
		SLICE("eyJ"),
		SLICE("npm_"),
	};
	size_t len = 0;

	while (len < rest.len && len < 16 && is_name_byte(rest.ptr[len]))
		len++;
	for (size_t i = 0; i < COUNT_OF(beginnings) && len == 16; i++)
		if (slice_starts(rest, beginnings[i]))
			return true;
	return false;
}

/* How much of the argument comes before a secret that its name announces, "=" or ":" included, or
 * before a token. The name may stand in quotes. */
static size_t named_len(struct slice argument)
{
	size_t name = 0;
	bool begins = true; /* a word does, here */

	for (size_t i = 0; i < argument.len; i++) {
		char c = argument.ptr[i];
		if (begins && is_token(slice_after(argument, i)))
			return i;
		if ((c == '=' || c == ':') &&
			speaks_of_secret(slice_from(argument.ptr + name, i - name)))
			return i + 1;
		begins = !is_name_byte(c);
		if (begins && c != '"' && c != '\'' && c != ' ')
			name = i + 1;
	}
	return argument.len;
}

/* How much of it comes before the secret of "Bearer …" and "Basic …", or of a flag inside it: an
 * argument may be a whole command, for a shell. */
static size_t announced_len(struct slice argument)
{
	const struct slice schemes[] = {SLICE("Bearer "), SLICE("Basic ")};
	size_t open = argument.len;

	for (size_t i = 0; i < COUNT_OF(schemes); i++) {
		size_t at = find_word(slice_first(argument, open), schemes[i]);
		if (at < open)
			open = at + schemes[i].len;
	}
	for (size_t at = 0; at < open;) {
		struct slice rest = slice_after(argument, at);
		struct slice word = slice_first(rest, slice_find(rest, ' '));
		at += word.len + 1;
		if (at < open && announces_secret(word))
			open = at;
	}
	return open;
}

/* How much of it comes before what curl's -uNAME:PASSWORD and --user=NAME:PASSWORD give. */
static size_t user_len(struct slice argument)
{
	const struct slice flags[] = {
		SLICE("--user="), SLICE("--proxy-user="), SLICE("-u"), SLICE("-U")};

	for (size_t i = 0; i < COUNT_OF(flags); i++)
		if (slice_starts(argument, flags[i]) &&
			(flags[i].len > 2 || slice_find(argument, ':') < argument.len))
			return flags[i].len;
	return argument.len;
}

/* Bytes until one of `ends`, or all. */
static size_t span_until(struct slice s, const char *ends)
{
	size_t len = 0;

	while (len < s.len && !strchr(ends, s.ptr[len]))
		len++;
	return len;
}

/* One URL from its authority on, user information and query covered. Returns what follows it. */
static struct slice put_url(struct line *l, struct slice rest)
{
	struct slice authority = slice_first(rest, span_until(rest, "/?# \"'"));
	size_t host = authority.len;

	while (host > 0 && authority.ptr[host - 1] != '@')
		host--;
	if (host > 0) {
		line_put(l, cover);
		rest = slice_after(rest, host - 1);
	}
	struct slice path = slice_first(rest, span_until(rest, "? \"'"));
	line_put(l, path);
	rest = slice_after(rest, path.len);
	if (rest.len == 0 || rest.ptr[0] != '?')
		return rest;
	line_put(l, SLICE("?"));
	line_put(l, cover);
	return slice_after(rest, span_until(rest, " \"'"));
}

static void put_open(struct line *l, struct slice text)
{
	const struct slice scheme_end = SLICE("://");

	for (size_t at; (at = find_word(text, scheme_end)) < text.len;) {
		line_put(l, slice_first(text, at + scheme_end.len));
		text = put_url(l, slice_after(text, at + scheme_end.len));
	}
	line_put(l, text);
}

static void put_argument(struct line *l, struct slice argument)
{
	const size_t lens[] = {user_len(argument), named_len(argument), announced_len(argument)};
	size_t open = argument.len;

	for (size_t i = 0; i < COUNT_OF(lens); i++)
		open = lens[i] < open ? lens[i] : open;
	put_open(l, slice_first(argument, open));
	if (open < argument.len && !slice_ends(slice_from(l->text, l->len), cover))
		line_put(l, cover);
}

/* Its -u means "unbuffered", and what follows is the name of a script. */
static bool is_python(struct slice program)
{
	size_t name = program.len;

	while (name > 0 && program.ptr[name - 1] != '/')
		name--;
	return slice_starts(slice_after(program, name), SLICE("python"));
}

size_t arguments_show(struct slice command, char *ret_text, size_t size)
{
	struct line l = {.text = ret_text, .size = size};
	const struct slice program = slice_first(command, slice_find(command, '\0'));
	bool secret = false;

	assert(size >= 8);
	ret_text[0] = '\0';
	put_open(&l, program);
	command = slice_after(command, program.len + 1);
	while (command.len > 0 && !l.full) {
		struct slice argument = slice_first(command, slice_find(command, '\0'));
		command = slice_after(command, argument.len + 1);
		line_put(&l, SLICE(" "));
		if (secret)
			line_put(&l, cover);
		else
			put_argument(&l, argument);
		bool script = slice_equal(argument, SLICE("-u")) && is_python(program);
		secret = !secret && !script && announces_secret(argument);
	}
	/* A process may write what it likes over its arguments, and leave NULs. */
	while (l.len > 0 && l.text[l.len - 1] == ' ')
		l.text[--l.len] = '\0';
	return l.len;
}
