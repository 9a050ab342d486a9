/* SPDX-License-Identifier: Apache-2.0 */
#include "proxy/search_results.h"

#include "policy/json_rows.h"
#include "policy/path.h"
#include "proxy/markup.h"

/* Texts of one result, decoded. */
struct gathered {
	char bytes[LIMIT_SEARCH_RESULT_BYTES];
	size_t len;
};

struct reading {
	search_text_cb each;
	void *owner;
	size_t told;
	struct gathered title, snippet, url;
};

static struct slice text_of(const struct gathered *f)
{
	size_t len = f->len > 0 && f->bytes[f->len - 1] == ' ' ? f->len - 1 : f->len;

	return slice_from(f->bytes, len);
}

/* Tells what was gathered, if it leads anywhere, and forgets it. */
static void flush(struct reading *r)
{
	struct search_text text = {text_of(&r->title), text_of(&r->url), text_of(&r->snippet)};

	bool web = slice_starts(text.url, SLICE("https://")) ||
		   slice_starts(text.url, SLICE("http://"));
	if (web && r->told < LIMIT_SEARCH_RESULTS) {
		r->told++;
		r->each(r->owner, &text);
	}
	r->title.len = r->snippet.len = r->url.len = 0;
}

static void set_url(struct reading *r, struct slice url)
{
	r->url.len = 0;
	if (url.len > sizeof(r->url.bytes))
		return; /* a part of a URL is another URL */
	if (url.len > 0)
		memcpy(r->url.bytes, url.ptr, url.len);
	r->url.len = url.len;
}

static void add_text(struct gathered *f, struct slice text)
{
	f->len = markup_decode(text, f->bytes, f->len, sizeof(f->bytes));
}

/* ---- JSON ---------------------------------------------------------------------------------- */

/* Some providers set the words that were found off, whether asked for plain text or not. Other tags
 * may be what a result is about. */
static bool is_decoration(struct slice name)
{
	return slice_equal_nocase(name, SLICE("strong")) || slice_equal_nocase(name, SLICE("b")) ||
	       slice_equal_nocase(name, SLICE("em"));
}

static void add_json_text(struct gathered *f, struct slice text)
{
	struct slice rest = text, before = text;
	struct markup m;

	for (;;) {
		enum markup_kind kind = markup_next(&rest, &m);
		size_t taken = before.len - rest.len;
		bool tag = kind == MARKUP_OPEN || kind == MARKUP_CLOSE;
		if (!(tag && is_decoration(m.name)))
			add_text(f, slice_first(before, taken));
		if (kind == MARKUP_END)
			return;
		before = rest;
	}
}

static void on_row(void *owner, const struct slice texts[JSON_COLUMNS])
{
	struct reading *r = owner;

	add_json_text(&r->title, texts[0]);
	set_url(r, texts[1]);
	add_json_text(&r->snippet, texts[2]);
	flush(r);
}

static void read_json(struct reading *r, const struct provider *p, struct slice body)
{
	const struct json_rows rows = {.list = slice_of(p->list),
		.columns = {slice_of(p->title), slice_of(p->url), slice_of(p->snippet)},
		.most = 4 * LIMIT_SEARCH_RESULTS, /* some lead nowhere */
		.on_row = on_row,
		.owner = r};

	json_rows_read(body, &rows);
}

/* ---- DuckDuckGo ---------------------------------------------------------------------------- */

/* The address inside "//duckduckgo.com/l/?uddg=ADDRESS&rut=…", or the link itself. */
static void set_link(struct reading *r, struct slice href)
{
	char link[4 * LIMIT_SEARCH_RESULT_BYTES];
	struct slice rest = slice_from(link, markup_decode(href, link, 0, sizeof(link)));
	struct slice path = slice_first(rest, slice_find(rest, '?'));
	size_t len = 0, taken;

	if (!slice_ends(path, SLICE("duckduckgo.com/l/"))) {
		set_url(r, rest);
		return;
	}
	rest = slice_after(rest, path.len + 1);
	while (rest.len > 0 && !slice_starts(rest, SLICE("uddg=")))
		rest = slice_after(rest, slice_find(rest, '&') + 1);
	rest = slice_after(slice_first(rest, slice_find(rest, '&')), 5);
	/* What is decoded is never longer, so it may stand where it came from. */
	for (; rest.len > 0; rest = slice_after(rest, taken))
		link[len++] = (char)path_byte(rest, &taken);
	set_url(r, slice_from(link, len));
}

/* The classes of the link and the snippet of a result. */
struct classes {
	struct slice link, snippet;
};

static void read_page(struct reading *r, const struct classes *classes, struct slice body)
{
	struct gathered *into = NULL;
	struct slice until = {NULL, 0};
	enum markup_kind kind;
	struct markup m;

	while ((kind = markup_next(&body, &m)) != MARKUP_END) {
		if (kind == MARKUP_TEXT) {
			if (into)
				add_text(into, m.text);
			continue;
		}
		if (kind == MARKUP_CLOSE) {
			if (into && slice_equal_nocase(m.name, until))
				into = NULL;
			continue;
		}
		if (markup_has_class(m.attributes, classes->link)) {
			flush(r);
			set_link(r, markup_attribute(m.attributes, SLICE("href")));
			into = &r->title;
			until = m.name;
		} else if (markup_has_class(m.attributes, classes->snippet)) {
			into = &r->snippet;
			until = m.name;
		}
	}
	flush(r);
}

void search_results_read(
	const struct provider *p, struct slice body, search_text_cb each, void *owner)
{
	static const struct classes html = {{"result__a", 9}, {"result__snippet", 15}};
	static const struct classes lite = {{"result-link", 11}, {"result-snippet", 14}};
	struct reading r = {.each = each, .owner = owner};

	if (!p || body.len > LIMIT_SEARCH_ANSWER)
		return;
	switch ((enum provider_answer)p->answer) {
	case PROVIDER_ANSWER_OPAQUE:
		break;
	case PROVIDER_ANSWER_JSON:
		read_json(&r, p, body);
		break;
	case PROVIDER_ANSWER_DUCKDUCKGO_HTML:
		read_page(&r, &html, body);
		break;
	case PROVIDER_ANSWER_DUCKDUCKGO_LITE:
		read_page(&r, &lite, body);
		break;
	}
}
