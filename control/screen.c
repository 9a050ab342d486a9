/* SPDX-License-Identifier: Apache-2.0 */
#include "control/screen.h"

#include "control/key.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

/* The other screen, no cursor; and back. */
static const char enter[] = "\033[?1049h\033[?25l";
static const char leave[] = "\033[?25h\033[?1049l";

enum { PICTURE_BYTES = 256 * 1024, ESCAPE_MS = 50 };

/* ---- signals ------------------------------------------------------------------------------- */

/* Those that are told to the loop, and those after which nothing is safe but the terminal. Without a
 * handler each of them would end or stop the process and leave the terminal as it is. */
static const int told[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGALRM, SIGVTALRM,
	SIGPROF, SIGXCPU, SIGXFSZ, SIGPIPE, SIGTSTP, SIGWINCH, SIGCONT};
static const int fatal[] = {SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS};
enum { TOLD = sizeof(told) / sizeof(told[0]), FATAL = sizeof(fatal) / sizeof(fatal[0]) };

static struct {
	int pipe[2];
	struct termios before;
	struct sigaction told_before[TOLD], fatal_before[FATAL];
} kept; /* for handlers */

static void on_signal(int number)
{
	unsigned char byte = (unsigned char)number;
	int error = errno;
	ssize_t written = write(kept.pipe[1], &byte, 1);

	(void)written; /* a full pipe holds enough of them */
	errno = error;
}

/* tcsetattr, write and sigaction are safe in a handler. What would have happened happens when the
 * handler returns and the fault comes again, or by raise. */
static void on_fatal(int number)
{
	ssize_t written = write(STDOUT_FILENO, leave, sizeof(leave) - 1);

	(void)written;
	tcsetattr(STDIN_FILENO, TCSANOW, &kept.before);
	for (size_t i = 0; i < FATAL; i++)
		sigaction(fatal[i], &kept.fatal_before[i], NULL);
	raise(number);
}

static void catch_signals(void)
{
	struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};

	sigemptyset(&action.sa_mask);
	for (size_t i = 0; i < TOLD; i++)
		sigaction(told[i], &action, &kept.told_before[i]);
	action.sa_handler = on_fatal;
	action.sa_flags = (int)(SA_NODEFER | SA_RESETHAND);
	for (size_t i = 0; i < FATAL; i++)
		sigaction(fatal[i], &action, &kept.fatal_before[i]);
}

static void release_signals(void)
{
	for (size_t i = 0; i < TOLD; i++)
		sigaction(told[i], &kept.told_before[i], NULL);
	for (size_t i = 0; i < FATAL; i++)
		sigaction(fatal[i], &kept.fatal_before[i], NULL);
}

/* ---- taking and giving back ---------------------------------------------------------------- */

/* False when the terminal is gone. One that is slow, and shared with somebody who does not wait for
 * it, is waited for. */
static bool say(const char *text, size_t len)
{
	struct pollfd output = {.fd = STDOUT_FILENO, .events = POLLOUT};

	while (len > 0) {
		ssize_t written = write(STDOUT_FILENO, text, len);
		if (written < 0 && errno == EAGAIN)
			poll(&output, 1, -1);
		else if (written < 0 && errno != EINTR)
			return false;
		if (written > 0) {
			text += written;
			len -= (size_t)written;
		}
	}
	return true;
}

static void take(void)
{
	struct termios raw = kept.before;

	/* Keys as they come, without echo; ^C and ^Z still are signals. */
	raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO | IEXTEN);
	raw.c_iflag &= ~(tcflag_t)(IXON | ICRNL);
	raw.c_cc[VMIN] = 0;
	raw.c_cc[VTIME] = 0;
	tcsetattr(STDIN_FILENO, TCSAFLUSH, &raw);
	say(enter, sizeof(enter) - 1);
}

static void give_back(void)
{
	say(leave, sizeof(leave) - 1);
	tcsetattr(STDIN_FILENO, TCSAFLUSH, &kept.before);
}

bool screen_is_possible(const struct terminal *t)
{
	const char *kind = getenv("TERM");

	return t->is_terminal && isatty(STDIN_FILENO) == 1 && kind && kind[0] &&
	       strcmp(kind, "dumb") != 0;
}

bool screen_open(struct screen *s, struct terminal *t)
{
	if (tcgetattr(STDIN_FILENO, &kept.before) != 0 ||
		pipe2(kept.pipe, O_CLOEXEC | O_NONBLOCK) != 0)
		return false;
	*s = (struct screen){.terminal = t, .signal_fd = kept.pipe[0]};
	buffer_init(&s->picture, PICTURE_BYTES);
	buffer_init(&s->shown, PICTURE_BYTES);
	catch_signals();
	take();
	return true;
}

void screen_close(struct screen *s)
{
	give_back();
	release_signals();
	close(kept.pipe[0]);
	close(kept.pipe[1]);
	buffer_done(&s->picture);
	buffer_done(&s->shown);
}

void screen_pass_on(const struct screen *s)
{
	if (s->ended_by == 0)
		return;
	signal(s->ended_by, SIG_DFL);
	raise(s->ended_by);
}

/* ---- what comes ---------------------------------------------------------------------------- */

/* Nothing that was drawn counts any more. */
static void forget_picture(struct screen *s)
{
	buffer_done(&s->shown);
	buffer_init(&s->shown, PICTURE_BYTES);
}

static void take_signal(struct screen *s, int number)
{
	switch (number) {
	case SIGPIPE: /* somebody hung up: the write says so, too */
		return;
	case SIGTSTP: /* ^Z: SIGCONT comes when it goes on */
		give_back();
		raise(SIGSTOP);
		break;
	case SIGCONT:
		take();
		break;
	case SIGWINCH:
		break;
	default:
		s->ended_by = number;
		break;
	}
	terminal_measure(s->terminal);
	forget_picture(s);
}

bool screen_signals(struct screen *s)
{
	unsigned char numbers[32];
	ssize_t count = read(s->signal_fd, numbers, sizeof(numbers));

	for (ssize_t i = 0; i < count; i++)
		take_signal(s, numbers[i]);
	return s->ended_by == 0;
}

static bool read_keys(struct screen *s, int timeout_ms)
{
	struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
	size_t room = sizeof(s->pending) - s->pending_len;

	if (room == 0 || poll(&input, 1, timeout_ms) != 1)
		return false;
	ssize_t len = read(STDIN_FILENO, s->pending + s->pending_len, room);
	bool later = len < 0 && (errno == EINTR || errno == EAGAIN);
	if (len > 0)
		s->pending_len += (size_t)len;
	else if (!later && s->ended_by == 0)
		s->ended_by = SIGHUP; /* the terminal is gone */
	return len > 0;
}

int screen_key(struct screen *s)
{
	int key = KEY_NONE;

	read_keys(s, 0);
	while (s->pending_len > 0 && key == KEY_NONE) {
		struct slice bytes = slice_from(s->pending, s->pending_len);
		key = key_next(&bytes, false);
		if (key == KEY_MORE) {
			/* The rest of an arrow key is on its way, or this was Escape itself. */
			bool more = read_keys(s, ESCAPE_MS);
			bytes = slice_from(s->pending, s->pending_len);
			key = key_next(&bytes, !more);
			if (key == KEY_MORE)
				key = key_next(&bytes, true);
		}
		memmove(s->pending, bytes.ptr, bytes.len);
		s->pending_len = bytes.len;
	}
	return key;
}

/* ---- drawing ------------------------------------------------------------------------------- */

void screen_begin(struct screen *s)
{
	buffer_done(&s->picture);
	buffer_init(&s->picture, PICTURE_BYTES);
	buffer_append(&s->picture, SLICE("\033[H"));
	s->lines = 0;
}

void screen_line(struct screen *s, const char *style, const char *text)
{
	struct slice cut = terminal_cut(slice_of(text), s->terminal->columns);

	if (s->lines >= s->terminal->rows)
		return;
	/* No line end behind the last one: it would move the picture up. */
	buffer_format(&s->picture, "%s%s%.*s%s\033[K", s->lines > 0 ? "\r\n" : "", style,
		(int)cut.len, cut.ptr, style[0] ? TERMINAL_PLAIN : "");
	s->lines++;
}

bool screen_end(struct screen *s)
{
	buffer_append(&s->picture, SLICE("\033[J"));
	struct slice now = buffer_bytes(&s->picture);
	if (s->picture.failed || slice_equal(now, buffer_bytes(&s->shown)))
		return !s->picture.failed;
	bool ok = say(now.ptr, now.len);
	struct buffer other = s->shown;
	s->shown = s->picture;
	s->picture = other;
	return ok;
}
