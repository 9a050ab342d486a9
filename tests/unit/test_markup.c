/* SPDX-License-Identifier: Apache-2.0 */
#include "proxy/markup.h"
#include "tests/unit/rows.h"

#include <stdio.h>

/* All tokens as "<name>", "</name>" and texts, with bars between them. */
static void tokens(const char *html, char *ret_text, size_t size)
{
	struct slice rest = slice_of(html);
	enum markup_kind kind;
	struct markup m;
	size_t used = 0;

	ret_text[0] = '\0';
	while ((kind = markup_next(&rest, &m)) != MARKUP_END) {
		struct slice shown = kind == MARKUP_TEXT ? m.text : m.name;
		const char *before = kind == MARKUP_TEXT ? "" : kind == MARKUP_OPEN ? "<" : "</";
		used += (size_t)snprintf(ret_text + used, size - used, "%s%s%.*s%s",
			used > 0 ? "|" : "", before, (int)shown.len, shown.ptr,
			kind == MARKUP_TEXT ? "" : ">");
	}
}

static void pages_are_tags_and_texts(void **state)
{
	static const struct {
		const char *name, *html, *tokens;
	} rows[] = {
		{"nothing", "", ""},
		{"text", "a b", "a b"},
		{"a tag", "a<b>c</b>d", "a|<b>|c|</b>|d"},
		{"attributes", "<a href=\"x\" id=y>z</a >", "<a>|z|</a>"},
		{"an end inside quotes", "<a title=\"a>b\" x='>'>c", "<a>|c"},
		{"a quote in a name", "<a it's>b'>c", "<a>|b'>c"},
		{"empty tag", "a<br/>b<br />c", "a|<br>|b|<br>|c"},
		{"no tag", "a < b <3 >", "a < b <3 >"},
		{"a sign at the end", "a<", "a<"},
		{"a tag without an end", "a<b", "a|<b>"},
		{"an end of nothing", "a</", "a|</>"},
		{"a quote without an end", "a<b c=\"d>e", "a|<b>"},
		{"comment", "a<!-- <b> -->c", "a|c"},
		{"comment without an end", "a<!-- <b>", "a"},
		{"two comments", "<!--a--><!--b-->c", "c"},
		{"declarations", "<!DOCTYPE html><?xml ?>a", "a"},
		{"script", "a<script>if (a<b) '<i>'</script>c", "a|<script>|</script>|c"},
		{"script in capitals", "<SCRIPT><b></Script >c", "<SCRIPT>|</Script>|c"},
		{"style without an end", "<style>a<b>", "<style>"},
	};
	char text[256];

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		tokens(rows[i].html, text, sizeof(text));
		ROW_CHECK(rows[i].name, strcmp(text, rows[i].tokens) == 0, "%s", text);
	}
}

static void attributes_have_values(void **state)
{
	static const struct {
		const char *name, *attributes, *value; /* of "href"; NULL: not there */
	} rows[] = {
		{"none", "", NULL},
		{"double quotes", " href=\"a b\"", "a b"},
		{"single quotes", " href='a \"b'", "a \"b"},
		{"no quotes", " href=a/b?c=d ", "a/b?c=d"},
		{"white space", " href\n=\t 'a'", "a"},
		{"capitals", " HREF=a", "a"},
		{"behind others", " id='href=x' class=b href=a", "a"},
		{"the first of two", " href=a href=b", "a"},
		{"without a value", " disabled href", ""},
		{"without a value before another", " href id=a", ""},
		{"a name that ends so", " data-href=a", NULL},
		{"a value that is missing", " href=", ""},
		{"a quote that is missing", " href='a", "a"},
		{"odd signs", " = / href=a", "a"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct slice got = markup_attribute(slice_of(rows[i].attributes), SLICE("href"));
		bool same = rows[i].value ? got.ptr && slice_equal(got, slice_of(rows[i].value))
					  : !got.ptr;
		ROW_CHECK(rows[i].name, same, "%.*s", (int)got.len, got.ptr ? got.ptr : "");
	}
	assert_true(markup_has_class(SLICE(" class='a b\tc'"), SLICE("b")));
	assert_true(markup_has_class(SLICE(" class=c"), SLICE("c")));
	assert_false(markup_has_class(SLICE(" class='ab b-c'"), SLICE("b")));
	assert_false(markup_has_class(SLICE(""), SLICE("b")));
}

static void characters_have_names(void **state)
{
	static const struct {
		const char *name, *in, *out;
	} rows[] = {
		{"plain", "a b", "a b"},
		{"named", "&lt;b&gt; &amp;amp; &quot;x&quot;", "<b> &amp; \"x\""},
		{"decimal", "it&#39;s &#252;", "it's \303\274"},
		{"hexadecimal", "it&#x27;s &#X1F600;", "it's \360\237\230\200"},
		{"three bytes", "&#8211;&ndash;", "\342\200\223\342\200\223"},
		{"space", " \n a\t&nbsp; b ", "a b "},
		{"unknown", "&foo; &; & &#; &#x;", "&foo; &; & &#; &#x;"},
		{"no end", "&amp", "&amp"},
		{"no end of a number", "&#39", "&#39"},
		{"NUL", "a&#0;b", "a&#0;b"},
		{"surrogate", "&#xD800;", "&#xD800;"},
		{"beyond", "&#x110000;", "&#x110000;"},
		{"number that is too long", "&#00000000000039;", "&#00000000000039;"},
		{"control", "a&#27;[31mb\001", "a[31mb"},
	};
	char text[64];

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		size_t len = markup_decode(slice_of(rows[i].in), text, 0, sizeof(text));
		ROW_CHECK(rows[i].name, slice_equal(slice_from(text, len), slice_of(rows[i].out)),
			"%.*s", (int)len, text);
	}
	/* Goes on where it stopped, and stops where there is no room for a whole character. */
	size_t len = markup_decode(SLICE("a "), text, 0, 4);
	len = markup_decode(SLICE(" b&uuml;"), text, len, 4);
	assert_true(slice_equal(slice_from(text, len), SLICE("a b")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pages_are_tags_and_texts),
		cmocka_unit_test(attributes_have_values),
		cmocka_unit_test(characters_have_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
