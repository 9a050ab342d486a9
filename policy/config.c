/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/config.h"

#include "base/escape.h"
#include "policy/loading.h"
#include "policy/provider_items.h"
#include "policy/quantity.h"
#include "policy/requests.h"
#include "policy/rules.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static_assert(sizeof(enum policy_mode) == sizeof(unsigned), "setting.c stores words as unsigned");

struct quote quote(struct slice bytes)
{
	struct quote q;

	escape_text(bytes, q.text, sizeof(q.text));
	return q;
}

bool loading_fail(struct loading *l, struct toml_place place, const char *format, ...)
{
	va_list arguments;

	*l->fault = (struct fault){.line = place.line, .column = place.column};
	if (l->file)
		escape_text(slice_of(l->file), l->fault->file, sizeof(l->fault->file));
	va_start(arguments, format);
	vsnprintf(l->fault->text, sizeof(l->fault->text), format, arguments);
	va_end(arguments);
	return false;
}

bool loading_out_of_memory(struct loading *l)
{
	*l->fault = (struct fault){.text = "out of memory"};
	l->out_of_memory = true;
	return false;
}

struct origin loading_origin(const struct loading *l, struct toml_place place)
{
	return (struct origin){.layer = l->layer, .file = l->file, .place = place};
}

void loading_notice(struct loading *l, const struct origin *from, const char *format, ...)
{
	char text[6144], *at = text;
	size_t left = sizeof(text);
	va_list arguments;

	if (!l->on_notice)
		return;
	if (from->file) {
		at += escape_text(slice_of(from->file), text, sizeof(text) / 4);
		left -= (size_t)(at - text);
		int len = from->place.line > 0 ? snprintf(at, left, ":%u: ", from->place.line)
					       : snprintf(at, left, ": ");
		at += len;
		left -= (size_t)len;
	}
	va_start(arguments, format);
	vsnprintf(at, left, format, arguments);
	va_end(arguments);
	l->on_notice(l->owner, text);
}

size_t fault_format(const struct fault *f, char *ret_text, size_t size)
{
	int len;

	if (f->file[0] == '\0')
		len = snprintf(ret_text, size, "%s", f->text);
	else if (f->line == 0)
		len = snprintf(ret_text, size, "%s: %s", f->file, f->text);
	else
		len = snprintf(
			ret_text, size, "%s:%u:%u: %s", f->file, f->line, f->column, f->text);
	return (size_t)len < size ? (size_t)len : size - 1;
}

/* ---- files --------------------------------------------------------------------------------- */

/* Remembers the name; NULL without memory. */
static const char *remember_file(struct loading *l, const char *path)
{
	struct config_trace *t = l->trace;
	char **grown = realloc(t->files, (t->file_count + 2) * sizeof(*grown));

	if (!grown)
		return NULL;
	t->files = grown;
	t->files[t->file_count] = strdup(path);
	t->files[t->file_count + 1] = NULL;
	return t->files[t->file_count] ? t->files[t->file_count++] : NULL;
}

bool loading_watch(struct loading *l, struct slice path)
{
	char *copy = strndup(path.ptr, path.len);
	bool kept = copy && remember_file(l, copy);

	free(copy);
	return kept || loading_out_of_memory(l);
}

/* All of an open file; its size may change meanwhile, so the end is where read says. */
static bool read_all(int fd, size_t expected, struct slice *ret_bytes)
{
	size_t size = expected + 1, len = 0;
	char *bytes = malloc(size);

	while (bytes && len < size) {
		ssize_t got = read(fd, bytes + len, size - len);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0) {
			if (got == 0) {
				*ret_bytes = slice_from(bytes, len);
				return true;
			}
			break;
		}
		len += (size_t)got;
	}
	/* A file that grows while it is read is taken as being written: the next reload sees it. */
	if (bytes && len == size)
		errno = EBUSY;
	free(bytes);
	return false;
}

bool loading_read(
	struct loading *l, const char *path, struct toml_place asked_at, struct slice *ret_bytes)
{
	struct stat status;
	/* A fifo or a terminal must not make a reload wait. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	const char *why = NULL;

	if (!remember_file(l, path)) {
		if (fd >= 0)
			close(fd);
		return loading_out_of_memory(l);
	}
	if (fd < 0 || fstat(fd, &status) < 0)
		why = strerror(errno);
	else if (!S_ISREG(status.st_mode))
		why = "not a regular file";
	else if (status.st_size > LIMIT_CONFIG_BYTES)
		why = "larger than 256MiB";
	else if (!read_all(fd, (size_t)status.st_size, ret_bytes))
		why = strerror(errno);
	if (fd >= 0)
		close(fd);
	if (why) {
		char shown[384]; /* a path cut short helps nobody */
		escape_text(slice_of(path), shown, sizeof(shown));
		return loading_fail(l, asked_at, "cannot read %s: %s", shown, why);
	}
	return true;
}

/* ---- the load ------------------------------------------------------------------------------ */

/* False for no file, and for an optional one that does not exist; that one is remembered. Anything
 * else that is wrong with it is found when it is read. */
static bool is_there(struct loading *l, const char *path, bool optional)
{
	struct stat status;

	if (!path)
		return false;
	if (!optional || stat(path, &status) == 0 || errno != ENOENT)
		return true;
	/* Without memory to remember it, reading it says so. */
	return !remember_file(l, path);
}

/* The parser's sentence. It escapes some of the bytes that it quotes, so a backslash may stay; what
 * is not ASCII becomes one question mark for each character. */
static bool not_toml(struct loading *l, struct toml_fault *fault)
{
	static const struct slice prefix = {"Error while ", sizeof("Error while ") - 1};
	size_t len = 0;

	for (const char *c = fault->text; *c; c++) {
		unsigned char byte = (unsigned char)*c;
		if (byte < 0x80 || byte >= 0xc0)
			fault->text[len++] = byte >= 0x20 && byte < 0x7f ? *c : '?';
	}
	fault->text[len] = '\0';
	struct slice text = slice_from(fault->text, len);
	return loading_fail(l, fault->place, "not TOML: %s",
		slice_starts(text, prefix) ? fault->text + prefix.len : fault->text);
}

/* Reads, parses and applies one of the two files. `text` NULL: it is read from `path`. */
static bool load_file(
	struct loading *l, enum layer layer, const char *path, const struct slice *text)
{
	struct toml_document **document = &l->documents[layer == LAYER_REQUIREMENTS];
	struct toml_fault fault;
	struct slice bytes = {NULL, 0};

	l->layer = layer;
	l->file = NULL;
	if (text) {
		bytes = *text;
		l->file = remember_file(l, path);
	} else {
		if (!loading_read(l, path, (struct toml_place){0, 0}, &bytes))
			return false;
		l->file = l->trace->files[l->trace->file_count - 1];
	}
	if (!l->file)
		return loading_out_of_memory(l);
	*document = toml_parse(bytes, &fault);
	if (!text)
		free((void *)(uintptr_t)bytes.ptr);
	if (*document)
		return layer_document(l, toml_root(*document));
	if (fault.place.line == 0)
		return loading_out_of_memory(l);
	return not_toml(l, &fault);
}

/* One per core that this process may use; that is what a container or taskset leaves it. */
static uint32_t cores(void)
{
	cpu_set_t set;
	int count = sched_getaffinity(0, sizeof(set), &set) == 0 ? CPU_COUNT(&set) : 1;

	return count < 1 ? 1 : count > LIMIT_WORKERS ? LIMIT_WORKERS : (uint32_t)count;
}

/* What an operator set and what this version does not do yet. */
static void tell_later(struct loading *l)
{
	static const struct origin nowhere = {.layer = LAYER_DEFAULT};
	char label[96];

	for (enum option i = 0; i < OPTION_COUNT; i++) {
		const struct option_row *row = option_row(i);
		struct origin *from = &l->trace->origins[i];
		struct buffer text;
		if (row->effect != OPTION_LATER || from->layer == LAYER_DEFAULT)
			continue;
		buffer_init(&text, LIMIT_CONFIG_BYTES);
		setting_write(l->config, row, &text);
		option_label(row, label, sizeof(label));
		if (!slice_equal(buffer_bytes(&text), slice_of(row->standard)))
			loading_notice(l, from, "%s has no effect in this version", label);
		buffer_done(&text);
	}
	if (l->config->unlisted == UNLISTED_HOLD && !config_can_ask(l->config))
		loading_notice(l, &nowhere,
			"nobody can answer, so names on no list are refused: set control in [listen], or unlisted = \"deny\"");
	if (l->config->policy && policy_holds_any(l->config->policy) && !config_can_ask(l->config))
		loading_notice(l, &nowhere,
			"nobody can answer, so what rules with action = \"hold\" cover is refused: set control in [listen], or write \"deny\"");
}

bool config_can_ask(const struct config *c)
{
	return c->control_count > 0 ||
	       (c->reviewer != REVIEWER_USER && c->reviewer_endpoint != NULL);
}

static bool load(struct loading *l, const struct slice *texts)
{
	const struct config_sources *s = l->sources;

	if (!layer_defaults(l) || !layer_environment(l))
		return false;
	if (is_there(l, s->config_file, s->config_optional) &&
		!load_file(l, LAYER_CONFIG, s->config_file, texts ? &texts[0] : NULL))
		return false;
	if (!lists_collect_command(l))
		return false;
	if (is_there(l, s->requirements_file, s->requirements_optional) &&
		!load_file(l, LAYER_REQUIREMENTS, s->requirements_file, texts ? &texts[1] : NULL))
		return false;
	if (l->config->workers == 0)
		l->config->workers = cores();
	if (!state_find(l) || !state_find_ca(l) || !state_find_search(l) ||
		!state_find_control(l) || !loading_check(l) || !lists_build(l))
		return false;
	layer_settle_gzip(l);
	tell_later(l);
	return true;
}

struct config *config_load_texts(const struct config_sources *sources, const struct slice texts[2],
	config_notice_cb on_notice, void *owner, struct fault *ret_fault)
{
	struct loading l = {
		.sources = sources, .on_notice = on_notice, .owner = owner, .fault = ret_fault};

	l.config = calloc(1, sizeof(*l.config));
	l.trace = calloc(1, sizeof(*l.trace));
	bool loaded = l.config && l.trace;
	if (l.config)
		l.config->trace = l.trace;
	else
		free(l.trace);
	loaded = loaded ? load(&l, texts) : loading_out_of_memory(&l);
	toml_free(l.documents[0]);
	toml_free(l.documents[1]);
	if (loaded)
		return l.config;
	config_free(l.config);
	return NULL;
}

struct config *config_load(const struct config_sources *sources, config_notice_cb on_notice,
	void *owner, struct fault *ret_fault)
{
	return config_load_texts(sources, NULL, on_notice, owner, ret_fault);
}

void config_free(struct config *c)
{
	if (!c)
		return;
	policy_unref(c->policy);
	setting_free_all(c);
	if (c->trace) {
		lists_free(c->trace);
		rules_free(c->trace);
		provider_items_free(c->trace);
		for (size_t i = 0; i < c->trace->file_count; i++)
			free(c->trace->files[i]);
		free(c->trace->files);
		free(c->trace);
	}
	free(c);
}

const char *const *config_files(const struct config *c)
{
	static const char *const none[] = {NULL};

	return c->trace->files ? (const char *const *)c->trace->files : none;
}
