/* SPDX-License-Identifier: Apache-2.0 */
/* The whole tree is copied out in one pass, so that the rest of the program walks plain structs and
 * neither templates nor exceptions reach further than this file. */
#include "policy/toml.h"

/* Header-only: a shared libtomlplusplus would bring a second C++ runtime into the process. */
#define TOML_HEADER_ONLY                1
#define TOML_EXCEPTIONS                 1
#define TOML_ENABLE_FORMATTERS          0
#define TOML_ENABLE_WINDOWS_COMPAT      0
#define TOML_ENABLE_UNRELEASED_FEATURES 0
#include <algorithm>
#include <cstdio>
#include <deque>
#include <new>
#include <toml++/toml.h>
#include <vector>

struct toml_document {
	toml::table table; /* owns the strings that the values point into */
	std::deque<toml_value> values; /* a deque never moves what it holds */
	toml_value *root;
};

namespace
{

slice slice_from(const std::string_view &view)
{
	return slice{view.data(), view.size()};
}

toml_place place_from(const toml::source_region &region)
{
	return toml_place{region.begin.line, region.begin.column};
}

/* A table header may be followed by keys of another part of the file, so a table stands where its
 * key does. */
bool comes_before(const toml_value *a, const toml_value *b)
{
	if (a->key_place.line != b->key_place.line)
		return a->key_place.line < b->key_place.line;
	return a->key_place.column < b->key_place.column;
}

toml_value *copy(toml_document &document, const toml::node &node);

void copy_array(toml_document &document, const toml::array &array, toml_value &ret_parent)
{
	toml_value *last = nullptr;

	for (const toml::node &element : array) {
		toml_value *child = copy(document, element);
		if (last)
			last->next = child;
		else
			ret_parent.first = child;
		last = child;
	}
}

/* The library keeps keys in the order of the alphabet; people read from the top. */
void copy_table(toml_document &document, const toml::table &table, toml_value &ret_parent)
{
	std::vector<toml_value *> children;

	children.reserve(table.size());
	for (auto &&[key, node] : table) {
		toml_value *child = copy(document, node);
		child->key = slice_from(key.str());
		child->key_place = place_from(key.source());
		children.push_back(child);
	}
	std::stable_sort(children.begin(), children.end(), comes_before);
	for (size_t i = 0; i + 1 < children.size(); i++)
		children[i]->next = children[i + 1];
	if (!children.empty())
		ret_parent.first = children[0];
}

/* Depth is bounded by the parser (TOML_MAX_NESTED_VALUES). */
toml_value *copy(toml_document &document, const toml::node &node)
{
	toml_value &value = document.values.emplace_back();

	value.place = place_from(node.source());
	if (const auto *table = node.as_table()) {
		value.type = TOML_TABLE;
		copy_table(document, *table, value);
	} else if (const auto *array = node.as_array()) {
		value.type = TOML_ARRAY;
		copy_array(document, *array, value);
	} else if (const auto *text = node.as_string()) {
		value.type = TOML_TEXT;
		value.text = slice_from(text->get());
	} else if (const auto *integer = node.as_integer()) {
		value.type = TOML_INTEGER;
		value.integer = integer->get();
	} else if (const auto *number = node.as_floating_point()) {
		value.type = TOML_FLOAT;
		value.number = number->get();
	} else if (const auto *boolean = node.as_boolean()) {
		value.type = TOML_BOOLEAN;
		value.boolean = boolean->get();
	} else {
		value.type = TOML_TIME;
	}
	return &value;
}

toml_document *fail(toml_fault *ret_fault, toml_place place, std::string_view text)
{
	ret_fault->place = place;
	snprintf(ret_fault->text, sizeof(ret_fault->text), "%.*s",
		static_cast<int>(std::min<size_t>(text.size(), sizeof(ret_fault->text) - 1)),
		text.data());
	return nullptr;
}

} /* namespace */

extern "C" struct toml_document *toml_parse(struct slice text, struct toml_fault *ret_fault)
{
	toml_document *document = nullptr;

	try {
		document = new toml_document{};
		document->table = toml::parse(std::string_view(text.ptr ? text.ptr : "", text.len));
		document->root = copy(*document, document->table);
		return document;
	} catch (const toml::parse_error &error) {
		delete document;
		return fail(ret_fault, place_from(error.source()), error.description());
	} catch (const std::bad_alloc &) {
		delete document;
		return fail(ret_fault, toml_place{0, 0}, "out of memory");
	} catch (const std::exception &error) {
		delete document;
		return fail(ret_fault, toml_place{0, 0}, error.what());
	}
}

extern "C" void toml_free(struct toml_document *d)
{
	delete d;
}

extern "C" const struct toml_value *toml_root(const struct toml_document *d)
{
	return d->root;
}
