/* SPDX-License-Identifier: Apache-2.0 */
#include "certs/vault.h"

#include "base/limits.h"
#include "tests/unit/certs.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { LIFE = 400 * DAY, OVERLAP = 30 * DAY };

static char directory[64];

static int enter(void **state)
{
	(void)state;
	return chdir(make_directory(directory));
}

static int leave(void **state)
{
	(void)state;
	assert_int_equal(chdir("/"), 0);
	remove_directory(directory);
	return 0;
}

static const struct vault_settings on_disk = {
	.directory = "ca", .lifetime_s = LIFE, .host = "h", .permitted = "a.test"};
static const struct vault_settings in_memory = {
	.directory = "ca", .in_memory = true, .lifetime_s = LIFE};

/* Fails the test where it cannot. */
static struct vault *opened(const struct vault_settings *s, enum vault_how how, int64_t now_s)
{
	struct trouble t;
	struct vault *v = vault_open(s, how, now_s, &t);

	if (!v)
		fail_msg("%s", t.text);
	return v;
}

struct prints {
	char issuer[65], next[65]; /* "" for none */
};

static struct prints prints_of(const struct vault *v)
{
	struct vault_view view = vault_view(v);
	struct prints p = {.next = ""};

	strcpy(p.issuer, authority_facts(view.issuer)->fingerprint);
	if (view.next)
		strcpy(p.next, authority_facts(view.next)->fingerprint);
	vault_view_done(&view);
	return p;
}

static mode_t mode_of(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 ? st.st_mode & 07777 : 0;
}

static void one_is_made_and_found_again(void **state)
{
	struct vault *v = opened(&on_disk, VAULT_CREATE, NOW);
	struct prints first = prints_of(v);
	struct vault_view view = vault_view(v);
	(void)state;
	assert_int_equal(mode_of("ca"), 0755);
	assert_int_equal(mode_of("ca/authority.pem"), 0600);
	assert_string_equal(authority_facts(view.issuer)->permitted, "a.test");
	assert_int_equal(authority_facts(view.issuer)->until_s, NOW + LIFE);
	vault_close(v);
	/* A view outlives the vault. */
	assert_int_equal(X509_check_ca(authority_certificate(view.issuer)), 1);
	vault_view_done(&view);
	for (enum vault_how how = VAULT_CREATE; how <= VAULT_EXISTING; how++) {
		v = opened(&on_disk, how, NOW);
		assert_string_equal(prints_of(v).issuer, first.issuer);
		assert_string_equal(prints_of(v).next, "");
		vault_close(v);
	}
	v = opened(&on_disk, VAULT_ANEW, NOW);
	struct prints second = prints_of(v);
	assert_string_not_equal(second.issuer, first.issuer);
	vault_close(v);
	v = opened(&on_disk, VAULT_CREATE, NOW);
	assert_string_equal(prints_of(v).issuer, second.issuer);
	vault_close(v);
	vault_close(NULL);
}

static void memory_leaves_no_key(void **state)
{
	struct vault *one = opened(&in_memory, VAULT_CREATE, NOW);
	struct vault *two = opened(&in_memory, VAULT_CREATE, NOW);
	(void)state;
	assert_string_not_equal(prints_of(one).issuer, prints_of(two).issuer);
	assert_int_equal(access("ca", F_OK), 0);
	assert_int_equal(access("ca/authority.pem", F_OK), -1);
	vault_close(one);
	vault_close(two);
}

static void nothing_is_made_where_that_is_not_wanted(void **state)
{
	struct trouble t = {"x"};
	(void)state;
	assert_null(vault_open(&on_disk, VAULT_EXISTING, NOW, &t));
	assert_string_equal(t.text, "");
	assert_int_equal(access("ca", F_OK), -1);
	assert_int_equal(mkdir("ca", 0755), 0);
	t.text[0] = 'x';
	assert_null(vault_open(&on_disk, VAULT_EXISTING, NOW, &t));
	assert_string_equal(t.text, "");
	assert_int_equal(access("ca/authority.pem", F_OK), -1);
}

/* What happens when, hour by hour as it were. */
static void follow(const struct vault_settings *settings)
{
	enum { OLD, BOTH, NEW };
	static const struct {
		const char *name;
		int64_t now_s;
		enum vault_turn turn;
		int phase;
	} rows[] = {
		{"at once", NOW, VAULT_SAME, OLD},
		{"before it is due", NOW + LIFE - 2 * OVERLAP - 1, VAULT_SAME, OLD},
		{"the successor is made", NOW + LIFE - 2 * OVERLAP, VAULT_CHANGED, BOTH},
		{"and made once", NOW + LIFE - 2 * OVERLAP + HOUR, VAULT_SAME, BOTH},
		{"before its time", NOW + LIFE - OVERLAP - 1, VAULT_SAME, BOTH},
		{"it takes over", NOW + LIFE - OVERLAP, VAULT_CHANGED, NEW},
		{"and stays", NOW + LIFE + DAY, VAULT_SAME, NEW},
	};
	struct vault *v = opened(settings, VAULT_CREATE, NOW);
	struct prints old = prints_of(v), next = {.next = ""};
	struct trouble t = {""};

	for (size_t i = 0; i < COUNT(rows); i++) {
		enum vault_turn turn = vault_turn(v, rows[i].now_s, &t);
		ROW_CHECK(rows[i].name, turn == rows[i].turn, "%d %s", turn, t.text);
		struct prints now = prints_of(v);
		if (rows[i].phase == BOTH && !next.next[0])
			next = now;
		bool has_next = now.next[0] != '\0';
		ROW_CHECK(rows[i].name, has_next == (rows[i].phase == BOTH), "%s", now.next);
		const char *issuer = rows[i].phase == NEW ? next.next : old.issuer;
		ROW_CHECK(rows[i].name, strcmp(now.issuer, issuer) == 0, "%s", now.issuer);
	}
	vault_close(v);
}

static void a_successor_follows(void **state)
{
	(void)state;
	follow(&in_memory);
	follow(&on_disk);
	assert_int_equal(access("ca/next.pem", F_OK), -1);
	assert_int_equal(mode_of("ca/authority.pem"), 0600);
}

static void a_short_life_has_a_short_overlap(void **state)
{
	const struct vault_settings brief = {
		.directory = "ca", .in_memory = true, .lifetime_s = 4 * DAY};
	struct vault *v = opened(&brief, VAULT_CREATE, NOW);
	struct trouble t;
	(void)state;
	assert_int_equal(vault_turn(v, NOW + 2 * DAY - 1, &t), VAULT_SAME);
	assert_int_equal(vault_turn(v, NOW + 2 * DAY, &t), VAULT_CHANGED);
	assert_int_equal(vault_turn(v, NOW + 3 * DAY - 1, &t), VAULT_SAME);
	assert_int_equal(vault_turn(v, NOW + 3 * DAY, &t), VAULT_CHANGED);
	vault_close(v);
}

static void a_long_sleep_is_made_up_for(void **state)
{
	struct trouble t = {""};
	struct vault *v = opened(&on_disk, VAULT_CREATE, NOW);
	struct prints first = prints_of(v);
	(void)state;
	/* Too late for an overlap: a day before the end the other one must sign. */
	assert_int_equal(vault_turn(v, NOW + LIFE - DAY - 1, &t), VAULT_CHANGED);
	struct prints both = prints_of(v);
	assert_string_equal(both.issuer, first.issuer);
	assert_int_equal(vault_turn(v, NOW + LIFE - DAY, &t), VAULT_CHANGED);
	assert_string_equal(prints_of(v).issuer, both.next);
	vault_close(v);

	/* Stopped while both were there, started after the old one's end. */
	v = opened(&on_disk, VAULT_ANEW, NOW);
	assert_int_equal(vault_turn(v, NOW + LIFE - OVERLAP - DAY, &t), VAULT_CHANGED);
	both = prints_of(v);
	vault_close(v);
	v = opened(&on_disk, VAULT_CREATE, NOW + LIFE + DAY);
	assert_string_equal(prints_of(v).issuer, both.next);
	vault_close(v);

	/* Stopped before: nobody would believe another one either, so somebody must know. */
	v = opened(&on_disk, VAULT_ANEW, NOW);
	vault_close(v);
	assert_null(vault_open(&on_disk, VAULT_CREATE, NOW + LIFE + 1, &t));
	assert_non_null(strstr(t.text, "`sallyport ca init --force` makes another"));
	v = opened(&on_disk, VAULT_ANEW, NOW + LIFE + 1);
	vault_close(v);
	/* The clock is far behind. */
	assert_null(vault_open(&on_disk, VAULT_CREATE, NOW, &t));
	assert_non_null(strstr(t.text, "is the clock right?"));
}

static void rotation_may_be_asked_for(void **state)
{
	struct trouble t = {""};
	struct vault *v = opened(&on_disk, VAULT_CREATE, NOW);
	struct prints first = prints_of(v);
	(void)state;
	assert_true(vault_rotate(v, NOW, &t));
	struct prints both = prints_of(v);
	assert_string_equal(both.issuer, first.issuer);
	assert_string_not_equal(both.next, "");
	assert_int_equal(mode_of("ca/next.pem"), 0600);
	assert_false(vault_rotate(v, NOW, &t));
	assert_non_null(strstr(t.text, "there is a successor already"));
	assert_int_equal(vault_turn(v, NOW + OVERLAP - 1, &t), VAULT_SAME);
	assert_int_equal(vault_turn(v, NOW + OVERLAP, &t), VAULT_CHANGED);
	assert_string_equal(prints_of(v).issuer, both.next);
	vault_close(v);
	v = opened(&on_disk, VAULT_ANEW, NOW);
	assert_int_equal(access("ca/next.pem", F_OK), -1);
	vault_close(v);
}

static void what_another_process_did_is_seen(void **state)
{
	struct trouble t = {""};
	struct vault *running = opened(&on_disk, VAULT_CREATE, NOW);
	struct vault *command = opened(&on_disk, VAULT_EXISTING, NOW);
	(void)state;
	assert_true(vault_rotate(command, NOW, &t));
	assert_int_equal(vault_turn(running, NOW, &t), VAULT_CHANGED);
	assert_string_equal(prints_of(running).next, prints_of(command).next);
	/* Both were told to: one of them was slower, and has the other's. */
	vault_close(command);
	command = opened(&on_disk, VAULT_ANEW, NOW);
	assert_int_equal(vault_turn(running, NOW, &t), VAULT_CHANGED);
	assert_string_equal(prints_of(running).issuer, prints_of(command).issuer);
	assert_true(vault_rotate(command, NOW, &t));
	assert_true(vault_rotate(running, NOW, &t));
	assert_string_equal(prints_of(running).next, prints_of(command).next);
	vault_close(command);
	vault_close(running);
}

/* ---- files that are not as they should be --------------------------------------------------- */

static void shell(const char *command)
{
	assert_int_equal(system(command), 0); /* NOLINT(cert-env33-c): words of our own */
}

static void spoiled_files_are_refused_and_left_alone(void **state)
{
	static const struct {
		const char *name, *spoil, *trouble;
	} rows[] = {
		{"empty", ": >authority.pem", "ca/authority.pem: no private key"},
		{"nonsense", "echo x >authority.pem", "ca/authority.pem: no private key"},
		{"the key alone", "sed -i '/BEGIN CERT/,$d' authority.pem",
			"ca/authority.pem: no certificate"},
		{"the certificate alone", "sed -i '1,/END PRIV/d' authority.pem",
			"ca/authority.pem: no private key"},
		{"a byte of the certificate", "sed -i '/BEGIN CERT/,$s/M/N/' authority.pem",
			"ca/authority.pem: "},
		{"another's key",
			"sed '1,/END PRIV/d' next.pem >x; sed -i '/BEGIN CERT/,$d' authority.pem; cat x >>authority.pem",
			"ca/authority.pem: the key is not the certificate's"},
		{"the group may read", "chmod 640 authority.pem", "ca/authority.pem: other users"},
		{"a symbolic link", "mv authority.pem x; ln -s x authority.pem",
			"ca/authority.pem: is a symbolic link"},
		{"a directory", "rm authority.pem; mkdir authority.pem",
			"ca/authority.pem: not a plain file"},
		{"the successor", "echo x >next.pem", "ca/next.pem: no private key"},
		{"the directory is open", "chmod 777 .", "ca: other users may put files there"},
	};
	char command[512];
	struct trouble t;
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct vault *v = opened(&on_disk, VAULT_CREATE, NOW);
		assert_true(vault_rotate(v, NOW, &t));
		snprintf(command, sizeof(command), "cd ca && { %s; } && ls -lR >../before",
			rows[i].spoil);
		shell(command);
		t.text[0] = '\0';
		struct vault *other = vault_open(&on_disk, VAULT_CREATE, NOW, &t);
		ROW_CHECK(rows[i].name, !other, "opened");
		ROW_CHECK(rows[i].name,
			strncmp(t.text, rows[i].trouble, strlen(rows[i].trouble)) == 0, "%s",
			t.text);
		/* A running process goes on with what it has. */
		struct prints before = prints_of(v);
		if (strcmp(rows[i].name, "the directory is open") != 0)
			assert_int_equal(vault_turn(v, NOW, &t), VAULT_FAILED);
		assert_string_equal(prints_of(v).issuer, before.issuer);
		shell("cd ca && ls -lR >../after && cmp ../before ../after && rm -rf ../ca");
		vault_close(v);
	}
}

static void a_lost_file_is_made_up_for(void **state)
{
	struct trouble t;
	struct vault *v = opened(&on_disk, VAULT_CREATE, NOW);
	(void)state;
	assert_true(vault_rotate(v, NOW, &t));
	struct prints both = prints_of(v);
	vault_close(v);
	assert_int_equal(unlink("ca/authority.pem"), 0);
	v = opened(&on_disk, VAULT_CREATE, NOW);
	assert_string_equal(prints_of(v).issuer, both.next);
	assert_string_equal(prints_of(v).next, "");
	vault_close(v);
}

static void one_that_others_signed_is_followed_by_none(void **state)
{
	struct trouble t = {""};
	(void)state;
	shell("mkdir ca && cd ca && umask 077 && {"
	      " echo basicConstraints=critical,CA:TRUE; echo keyUsage=critical,keyCertSign; } >ext &&"
	      " openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 9 -subj /CN=root"
	      " -addext keyUsage=critical,keyCertSign -keyout root.key -out root.pem 2>/dev/null &&"
	      " openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=ours"
	      " -keyout authority.pem -out csr 2>/dev/null &&"
	      " openssl x509 -req -in csr -CA root.pem -CAkey root.key -CAcreateserial -days 9"
	      " -extfile ext 2>/dev/null >>authority.pem && cat root.pem >>authority.pem");
	int64_t now_s = (int64_t)time(NULL);
	struct vault *v = opened(&on_disk, VAULT_CREATE, now_s);
	assert_int_equal(vault_turn(v, now_s + 8 * DAY, &t), VAULT_SAME);
	assert_string_equal(prints_of(v).next, "");
	assert_false(vault_rotate(v, now_s, &t));
	assert_non_null(strstr(t.text, "others signed it"));
	vault_close(v);
}

/* ---- processes ------------------------------------------------------------------------------ */

enum { PROCESSES = 8, KILLS = 60 };

static void of_many_one_wins(void **state)
{
	pid_t children[PROCESSES];
	char first[65] = "", print[65];
	int lines[2];
	(void)state;
	assert_int_equal(pipe(lines), 0);
	for (int i = 0; i < PROCESSES; i++) {
		children[i] = fork();
		if (children[i] != 0)
			continue;
		struct trouble t;
		struct vault *v = vault_open(&on_disk, VAULT_CREATE, NOW, &t);
		struct prints p = v ? prints_of(v) : (struct prints){.issuer = "none"};
		_exit(write(lines[1], p.issuer, sizeof(p.issuer)) == sizeof(p.issuer) ? 0 : 1);
	}
	for (int i = 0; i < PROCESSES; i++) {
		assert_int_equal(read(lines[0], print, sizeof(print)), sizeof(print));
		if (i == 0)
			strcpy(first, print);
		assert_string_equal(print, first);
	}
	for (int i = 0; i < PROCESSES; i++)
		assert_int_equal(waitpid(children[i], NULL, 0), children[i]);
	assert_string_not_equal(first, "none");
	close(lines[0]);
	close(lines[1]);
}

/* Makes, rotates, replaces, until it is killed. */
static void churn(void)
{
	struct trouble t;

	for (int i = 0;; i++) {
		struct vault *v = vault_open(&on_disk, i % 3 ? VAULT_CREATE : VAULT_ANEW, NOW, &t);
		if (!v)
			_exit(1);
		if (i % 3 == 1)
			vault_rotate(v, NOW, &t);
		if (i % 3 == 2)
			vault_turn(v, NOW + OVERLAP, &t);
		vault_close(v);
	}
}

static void a_kill_at_any_moment_does_no_harm(void **state)
{
	int status;
	(void)state;
	for (int i = 0; i < KILLS; i++) {
		pid_t child = fork();
		if (child == 0)
			churn();
		/* Over the 5 ms that one round takes, a little further each time. */
		usleep((useconds_t)(i * 5000 / KILLS));
		kill(child, SIGKILL);
		assert_int_equal(waitpid(child, &status, 0), child);
		assert_true(WIFSIGNALED(status));
		struct vault *v = opened(&on_disk, VAULT_CREATE, NOW);
		struct prints before = prints_of(v);
		vault_close(v);
		v = opened(&on_disk, VAULT_EXISTING, NOW);
		assert_string_equal(prints_of(v).issuer, before.issuer);
		vault_close(v);
	}
}

#define IN_DIRECTORY(test) cmocka_unit_test_setup_teardown(test, enter, leave)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_DIRECTORY(one_is_made_and_found_again),
		IN_DIRECTORY(memory_leaves_no_key),
		IN_DIRECTORY(nothing_is_made_where_that_is_not_wanted),
		IN_DIRECTORY(a_successor_follows),
		IN_DIRECTORY(a_short_life_has_a_short_overlap),
		IN_DIRECTORY(a_long_sleep_is_made_up_for),
		IN_DIRECTORY(rotation_may_be_asked_for),
		IN_DIRECTORY(what_another_process_did_is_seen),
		IN_DIRECTORY(spoiled_files_are_refused_and_left_alone),
		IN_DIRECTORY(a_lost_file_is_made_up_for),
		IN_DIRECTORY(one_that_others_signed_is_followed_by_none),
		IN_DIRECTORY(of_many_one_wins),
		IN_DIRECTORY(a_kill_at_any_moment_does_no_harm),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
