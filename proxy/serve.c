/* SPDX-License-Identifier: Apache-2.0 */
#include "proxy/serve.h"

#include "base/container.h"
#include "base/log.h"
#include "base/trim.h"
#include "policy/quantity.h"
#include "policy/requests.h"
#include "proxy/serve_inside.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
	/* How often files are looked at for changes; a change is taken once it has stood for two. */
	WATCH_MS = 500,
	UPKEEP_MS = 3600 * 1000,
	ENDED_MS = 20,
};

/* ---- notices ------------------------------------------------------------------------------ */

static void on_notice(void *owner, const char *text)
{
	(void)owner;
	log_warning("%s", text);
}

static void print_ready(const struct serve *s)
{
	const struct policy_counts counts = policy_counts(s->config->policy);
	char text[QUANTITY_TEXT_SIZE];

	for (size_t i = 0; i < s->crew.proxy_count; i++) {
		endpoint_format(&s->crew.proxies[i], text, sizeof(text));
		log_info("listening on %s", text);
	}
	bool asks = s->config->unlisted == UNLISTED_HOLD && config_can_ask(s->config);
	log_info("%u entries allow, %u deny; everything else %s", counts.allow, counts.deny,
		asks ? "waits for a decision" : "is refused");
	log_info("events go to %s; JSON lines: %s; state in %s",
		s->config->exporter == EXPORTER_OTLP_HTTP ? s->config->otel_endpoint
							  : "no collector",
		s->config->log, s->config->state_directory);
	serve_print_control(s);
	/* With the port as bound: where the kernel chose it, only this process knows. Brackets mean
	 * something to a shell. */
	const char *quote = s->crew.proxies[0].address.family == 6 ? "'" : "";
	endpoint_format_near(&s->crew.proxies[0], text, sizeof(text));
	log_info("point a tool at it: eval \"$(%s env --proxy %shttp://%s%s)\"",
		program_invocation_name, quote, text, quote);
}

static void record_config(struct serve *s, const char *actor, const char *text, bool refused)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	const struct event e = {
		.name = EVENT_CONFIG_CHANGED,
		.time_ns = (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec,
		.actor = slice_of(actor),
		.text = slice_of(text),
		.refused = refused,
	};
	crew_record(&s->crew, &e);
}

/* ---- inspection --------------------------------------------------------------------------- */

/* What the rules of `config` need to look into tunnels, once and then for good: made at the first load
 * that needs it. False with a sentence. */
static bool open_inspection(
	struct serve *s, const struct config *config, char *ret_error, size_t size)
{
	if (s->inspection || !policy_inspects_any(config->policy))
		return true;
	s->inspection = inspection_new(config, ret_error, size);
	return s->inspection != NULL;
}

static void on_upkeep(uv_timer_t *timer)
{
	struct serve *s = CONTAINER(timer, struct serve, upkeep);

	if (s->inspection)
		inspection_turn(s->inspection);
}

/* ---- credentials -------------------------------------------------------------------------- */

/* A secret has changed by itself. */
static void on_rekeyed(void *owner, const char *text)
{
	struct serve *s = owner;

	if (!crew_rekey(&s->crew, keyring_secrets(s->keyring)))
		log_error("a worker could not be told of a new credential; reload");
	record_config(s, "credential", text, false);
	if (s->control)
		control_reloaded(s->control, "credential", text, false);
}

static struct crew_shared shared(const struct serve *s)
{
	return (struct crew_shared){
		.inspection = s->inspection, .secrets = keyring_secrets(s->keyring)};
}

/* ---- reload ------------------------------------------------------------------------------- */

/* A number that changes when any of the files does, is replaced, appears or goes away. */
static uint64_t files_stamp(const struct config *config)
{
	uint64_t stamp = 14695981039346656037u;

	for (const char *const *file = config_files(config); *file; file++) {
		struct stat st = {0};
		if (stat(*file, &st) != 0)
			st.st_size = -1;
		const uint64_t parts[] = {(uint64_t)st.st_ino, (uint64_t)st.st_size,
			(uint64_t)st.st_mtim.tv_sec, (uint64_t)st.st_mtim.tv_nsec};
		for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
			stamp = (stamp ^ parts[i]) * 1099511628211u;
	}
	return stamp;
}

/* The whole snapshot is built and validated before anything is swapped: a bad file changes
 * nothing. */
bool serve_reload(struct serve *s, const char *actor, char *ret_text, size_t size)
{
	struct fault fault;
	struct config *config = config_load(s->sources, on_notice, NULL, &fault);

	s->loaded_stamp = s->seen_stamp = files_stamp(s->config);
	if (!config)
		fault_format(&fault, ret_text, size);
	if (config && !(open_inspection(s, config, ret_text, size) &&
			      keyring_load(s->keyring, config->policy, ret_text, size))) {
		config_free(config);
		config = NULL;
	}
	if (!config) {
		log_error("configuration refused, nothing changed: %s", ret_text);
	} else {
		size_t len = config_difference(s->config, config, ret_text, size);
		if (keyring_changes(s->keyring) > 0)
			snprintf(ret_text + len, size - len, "; credentials: %zu changed",
				keyring_changes(s->keyring));
		const struct crew_shared with = shared(s);
		if (!crew_reload(&s->crew, config, &with))
			log_error(
				"a worker could not be told of the new configuration; reload again");
		clerk_reload(&s->clerk, config);
		config_free(s->config);
		s->config = config;
		s->loaded_stamp = s->seen_stamp = files_stamp(config);
		char why[512];
		if (!serve_open_reviewer(s, why, sizeof(why)))
			log_error("people are asked, the reviewer is not: %s", why);
		log_info("configuration reloaded: %s", ret_text);
	}
	record_config(s, actor, ret_text, !config);
	if (s->control)
		control_reloaded(s->control, actor, ret_text, !config);
	return config != NULL;
}

static void reload(struct serve *s, const char *actor)
{
	char text[1024];

	serve_reload(s, actor, text, sizeof(text));
}

static void on_watch(uv_timer_t *timer)
{
	struct serve *s = CONTAINER(timer, struct serve, watch);
	uint64_t stamp = files_stamp(s->config);

	/* Half-written files are not read: only what has not moved since the last look. */
	bool stands = stamp == s->seen_stamp;
	s->seen_stamp = stamp;
	if (stands && stamp != s->loaded_stamp && !s->draining)
		reload(s, "file change");
}

/* ---- signals ------------------------------------------------------------------------------ */

static void on_ended(uv_timer_t *timer)
{
	struct serve *s = CONTAINER(timer, struct serve, ended);

	if (crew_has_ended(&s->crew))
		uv_stop(&s->loop);
}

static void drain(struct serve *s)
{
	uint32_t within_ms = s->draining ? 0 : s->config->drain_ms;

	log_info(s->draining ? "ending at once" : "draining: no new connections, at most %u ms",
		within_ms);
	s->draining = true;
	crew_drain(&s->crew, within_ms);
	uv_timer_start(&s->ended, on_ended, ENDED_MS, ENDED_MS);
}

static void log_metrics(const struct serve *s)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	if (!out)
		return;
	crew_metrics(&s->crew, out);
	fclose(out);
	/* One write, so that lines of other threads do not come between. */
	ssize_t ignored = write(STDERR_FILENO, text, len);
	(void)ignored;
	free(text);
}

static void on_signal(uv_signal_t *handle, int number)
{
	struct serve *s = handle->data;

	if (number == SIGHUP) {
		reload(s, "SIGHUP");
		exporter_reopen(s->crew.exporter);
	} else if (number == SIGUSR1) {
		log_metrics(s);
		exporter_wake(s->crew.exporter); /* whoever asks wants to see the events, too */
	} else {
		drain(s);
	}
}

static void watch_signals(struct serve *s)
{
	static const int numbers[SERVE_SIGNALS] = {SIGINT, SIGTERM, SIGHUP, SIGUSR1};

	for (size_t i = 0; i < SERVE_SIGNALS; i++) {
		uv_signal_init(&s->loop, &s->signals[i]);
		s->signals[i].data = s;
		uv_signal_start(&s->signals[i], on_signal, numbers[i]);
	}
}

/* ---- start and end ------------------------------------------------------------------------ */

/* A proxy holds two descriptors for each session; the soft limit is made for other programs. */
static void raise_descriptors(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == limit.rlim_max)
		return;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

/* Threads take the mask of their maker: signals are the control thread's alone. On failure those that
 * had started have ended. */
static bool start_crew(struct serve *s, char *error, size_t size)
{
	sigset_t all, before;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	struct endpoint own[LIMIT_LISTENERS];
	const struct crew_options options = {
		.clerk = &s->clerk.box,
		.own = own,
		.own_count = s->control ? control_endpoints(s->control, own) : 0,
		.digest = s->digest,
		.shared = shared(s),
	};
	bool started = crew_start(&s->crew, s->config, &options, error, size);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (!started) {
		crew_drain(&s->crew, 0);
		crew_stop(&s->crew);
	}
	return started;
}

/* Everything in the order in which it needs each other; undone on failure. */
static bool start(struct serve *s, char *error, size_t size)
{
	if (!crew_make_directory(s->config, error, size) ||
		!open_inspection(s, s->config, error, size) ||
		!(s->keyring = keyring_new(&s->loop, on_rekeyed, s)) ||
		!keyring_load(s->keyring, s->config->policy, error, size) ||
		!clerk_open(&s->clerk, &s->loop, s->config, error, size))
		return false;
	if (serve_open_control(s, error, size) && serve_open_reviewer(s, error, size) &&
		start_crew(s, error, size))
		return true;
	serve_close_reviewer(s);
	serve_close_control(s);
	clerk_close(&s->clerk, NULL);
	return false;
}

static void on_walk_close(uv_handle_t *handle, void *unused)
{
	(void)unused;
	if (!uv_is_closing(handle))
		uv_close(handle, NULL);
}

static int serve_loop(struct serve *s)
{
	uv_timer_init(&s->loop, &s->watch);
	uv_timer_init(&s->loop, &s->ended);
	uv_timer_start(&s->watch, on_watch, WATCH_MS, WATCH_MS);
	uv_timer_init(&s->loop, &s->upkeep);
	uv_timer_start(&s->upkeep, on_upkeep, UPKEEP_MS, UPKEEP_MS);
	watch_signals(s);
	serve_begin_control(s);
	clerk_begin(&s->clerk, &s->crew);
	print_ready(s);
	record_config(s, "start", "started", false);
	trim_memory();
	uv_run(&s->loop, UV_RUN_DEFAULT);
	serve_close_reviewer(s);
	serve_close_control(s);
	clerk_close(&s->clerk, NULL);
	struct exporter_counts counts = crew_stop(&s->crew);
	log_info("ended; %llu records delivered, %llu waiting on disk, %llu lost",
		(unsigned long long)counts.delivered, (unsigned long long)counts.spooled,
		(unsigned long long)counts.dropped);
	keyring_close(s->keyring);
	uv_walk(&s->loop, on_walk_close, NULL);
	uv_run(&s->loop, UV_RUN_DEFAULT);
	uv_loop_close(&s->loop);
	return 0;
}

int serve_run(const struct config_sources *sources)
{
	struct serve s = {.sources = sources};
	struct fault fault;
	char error[1024];

	signal(SIGPIPE, SIG_IGN);
	raise_descriptors();
	s.config = config_load(sources, on_notice, NULL, &fault);
	if (!s.config) {
		fault_format(&fault, error, sizeof(error));
		log_error("%s", error);
		return 1;
	}
	s.digest = digest_new();
	s.loaded_stamp = s.seen_stamp = files_stamp(s.config);
	int status = 1;
	if (uv_loop_init(&s.loop) != 0) {
		log_error("out of memory or descriptors");
	} else if (!start(&s, error, sizeof(error))) {
		log_error("%s", error);
		keyring_close(s.keyring);
		uv_run(&s.loop, UV_RUN_DEFAULT);
		uv_loop_close(&s.loop);
	} else {
		status = serve_loop(&s);
	}
	keyring_free(s.keyring);
	inspection_unref(s.inspection);
	config_free(s.config);
	digest_free(s.digest);
	return status;
}
