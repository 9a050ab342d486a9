# SPDX-License-Identifier: Apache-2.0
"""`approvals watch` in a pseudo-terminal, against an endpoint that answers as told."""

import os
import pathlib
import signal
import time

import pytest

from control_stub import TOKEN, ControlStub, question
from terminal import Terminal

ROOT = pathlib.Path(__file__).parents[2]
BINARY = os.environ.get("SALLYPORT") or str(ROOT / "build" / "sallyport")
CLEAN = {k: v for k, v in os.environ.items() if k in ("PATH", "ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS")}
SETTLE = 0.6  # a choice that moved by itself is not decided about before


@pytest.fixture
def stub(tmp_path):
    stub = ControlStub(tmp_path / "control.sock")
    yield stub
    stub.stop()


def environment(stub, **more):
    return {**CLEAN, "SALLYPORT_CONTROL": stub.place, "SALLYPORT_TOKEN": TOKEN, "TERM": "xterm-256color",
            "LC_ALL": "C.UTF-8", "TZ": "UTC", **more}


@pytest.fixture
def watch(stub):
    """watch(questions, …): the program with these pending."""
    opened = []

    def start(*questions, columns=100, rows=30, **more):
        stub.questions = list(questions)
        stub.emit("hello", {"resumed": False})
        terminal = Terminal([BINARY, "approvals", "watch"], columns, rows, environment(stub, **more))
        opened.append(terminal)
        return terminal

    yield start
    for terminal in opened:
        terminal.close()


def chosen(lines):
    return next((line[2:] for line in lines if line.startswith("> ")), None)


def decided(stub):
    return [(call["path"].split("/")[-1], call["path"].split("/")[-2][-2:], call["body"])
            for call in stub.calls if call["method"] == "POST"]


# ---- looking ----------------------------------------------------------------------------------


def test_the_picture(watch):
    terminal = watch(question(0xa1, "cdn.new.example", justification="the mirror"),
                     question(0xa2, "b.test", waiters=1))
    lines = terminal.wait_text("cdn.new.example:443")
    assert lines[0] == "sallyport: 2 questions wait  (live)"
    assert chosen(lines).startswith("q-00000000000000a1  cdn.new.example:443")
    text = "\n".join(lines)
    assert "  Domain    new.example" in text
    assert "  It says   the mirror" in text
    assert "a approve once" in lines[-1]
    assert terminal.modes() == (False, False)
    assert "\x1b[?1049h" in terminal.text() and "\x1b[?1049l" not in terminal.text()


def test_questions_come_and_go_live(watch, stub):
    terminal = watch()
    terminal.wait_text("0 questions wait")
    one = question(0xa1, "a.test")
    stub.questions = [one]  # as the list is, whenever it is loaded
    stub.emit("approval", one, "boot-1")
    assert chosen(terminal.wait_text("1 question waits")).startswith("q-00000000000000a1  a.test:443")
    stub.emit("approval", {**one, "waiters": 77}, "boot-2")
    terminal.wait_text(" 77 ")
    stub.emit("approval", {**one, "state": "denied", "decision": {"decider": "somebody"}}, "boot-3")
    terminal.wait_text("a.test:443: denied by somebody")
    assert decided(stub) == []


def test_keys_move_the_choice(watch):
    terminal = watch(*(question(n, f"h{n}.test") for n in range(1, 5)))
    terminal.wait_text("h4.test")
    for keys, host in (("j", "h2"), ("\x1b[B", "h3"), ("k", "h2"), ("\x1b[A", "h1"), ("\x1b[A", "h1"),
                       ("\x1b[F", "h4"), ("\x1bOB", "h4"), ("\x1b[H", "h1")):
        terminal.send(keys)
        terminal.wait_for(lambda lines: host in (chosen(lines) or ""), host)


def test_a_long_list_follows_the_choice(watch):
    terminal = watch(*(question(n, f"h{n}.test") for n in range(1, 51)), rows=20)
    terminal.wait_text("50 questions wait")
    terminal.send("\x1b[F")
    lines = terminal.wait_for(lambda lines: "h50.test" in (chosen(lines) or ""))
    assert len(lines) <= 20
    assert not any("h1.test:" in line for line in lines)


def test_a_new_size_is_a_new_picture(watch):
    name = "a-rather-long-name-that-has-to-be-cut.somewhere.example"
    terminal = watch(question(1, name), columns=120)
    terminal.wait_text(name)
    terminal.resize(60, 24)
    lines = terminal.wait_for(lambda lines: lines and max(map(len, lines)) <= 60 and chosen(lines))
    assert "~" in chosen(lines)
    terminal.resize(150, 40)
    terminal.wait_for(lambda lines: name + ":443" in (chosen(lines) or ""))
    terminal.resize(1, 1)
    terminal.wait_for(lambda lines: len(lines) == 1 and len(lines[0]) <= 1)


def test_peer_text_cannot_draw(watch):
    terminal = watch(question(1, "a.test", justification="\x1b[2J\x1b]0;x\x07\u202eabc\r\n\x9b5m"))
    terminal.wait_text(r"\u{1b}[2J\u{1b}]0;x\u{7}\u{202e}abc\u{d}\u{a}\u{9b}5m")
    assert "\x1b[2J" not in terminal.text() and "\x07" not in terminal.text()


def test_no_colour_where_none_is_wanted(watch):
    terminal = watch(question(1, "a.test"), NO_COLOR="1")
    terminal.wait_text("a.test")
    assert not any(f"\x1b[{n}m" in terminal.text() for n in (2, 31, 32, 33))


# ---- deciding ---------------------------------------------------------------------------------


def test_approve_and_deny(watch, stub):
    terminal = watch(*(question(n, f"h{n}.test") for n in range(1, 4)))
    terminal.wait_text("h3.test")
    time.sleep(SETTLE)
    terminal.send("a")
    terminal.wait_text("h1.test:443: approved")
    terminal.send("j")
    terminal.wait_for(lambda lines: "h3" in (chosen(lines) or ""))
    time.sleep(SETTLE)
    terminal.send("d")
    terminal.wait_text("h3.test:443: denied")
    assert decided(stub) == [("approve", "01", {"scope": "once"}), ("deny", "03", {})]
    assert "h2.test" in chosen(terminal.picture())


def test_a_held_key_decides_once(watch, stub):
    terminal = watch(*(question(n, f"h{n}.test") for n in range(1, 4)))
    terminal.wait_text("h3.test")
    time.sleep(SETTLE)
    terminal.send("aaaaaaaa")
    terminal.wait_text("look again")
    assert decided(stub) == [("approve", "01", {"scope": "once"})]
    time.sleep(SETTLE)
    terminal.send("a")
    terminal.wait_text("h2.test:443: approved")


def test_a_choice_that_was_decided_elsewhere_is_not_taken_for_its_neighbour(watch, stub):
    one = question(1, "h1.test")
    terminal = watch(one, question(2, "h2.test"))
    terminal.wait_text("h2.test")
    time.sleep(SETTLE)
    stub.emit("approval", {**one, "state": "expired"})
    terminal.wait_text("h1.test:443: expired")
    terminal.send("a")
    terminal.wait_text("look again")
    assert decided(stub) == []


MENU = {
    "once": ("1", {"scope": "once"}),
    "session": ("2", {"scope": "session"}),
    "hour": ("3", {"scope": "ttl", "ttl": 3600}),
    "day": ("4", {"scope": "ttl", "ttl": 86400}),
    "always, wider": ("w5", {"scope": "always", "pattern": "*.new.example"}),
    "wider still": ("ww1", {"scope": "once", "pattern": "**.new.example"}),
    "around to the exact name": ("www1", {"scope": "once"}),
    "everybody": ("e2", {"scope": "session", "identity": "*"}),
    "what decides in the list does not here": ("ad2", {"scope": "session"}),
}


@pytest.mark.parametrize("case", MENU)
def test_the_scope_is_chosen(watch, stub, case):
    keys, body = MENU[case]
    terminal = watch(question(1, "cdn.new.example"))
    terminal.wait_text("cdn.new.example")
    time.sleep(SETTLE)
    terminal.send("A")
    terminal.wait_text("Approve cdn.new.example:443 for whoever asked:")
    for key in keys:
        terminal.send(key)
    terminal.wait_text("cdn.new.example:443: approved")
    assert decided(stub) == [("approve", "01", body)]


def test_escape_leaves_the_menu(watch, stub):
    terminal = watch(question(1, "a.test"))
    terminal.wait_text("a.test")
    time.sleep(SETTLE)
    terminal.send("Awe")
    terminal.wait_text("for everybody")
    terminal.send("\x1b")
    terminal.wait_text("a approve once")
    terminal.send("a")
    terminal.wait_text("approved")
    assert decided(stub) == [("approve", "01", {"scope": "once"})]


def test_the_menu_goes_with_its_question(watch, stub):
    one = question(1, "a.test")
    terminal = watch(one, question(2, "b.test"))
    terminal.wait_text("b.test")
    terminal.send("A")
    terminal.wait_text("Approve a.test:443")
    stub.emit("approval", {**one, "state": "expired"})
    terminal.wait_text("a.test:443: expired")
    assert not any("Approve" in line for line in terminal.picture())
    time.sleep(SETTLE)
    terminal.send("A")
    terminal.wait_text("Approve b.test:443")
    stub.questions = [question(3, "c.test")]  # the list is another one, after a new start
    stub.events.put(None)
    stub.emit("hello", {"resumed": False})
    terminal.wait_text("c.test")
    assert not any("Approve" in line for line in terminal.picture())
    assert decided(stub) == []


def test_a_refusal_is_shown(watch, stub):
    terminal = watch(question(1, "a.test"))
    terminal.wait_text("a.test")
    time.sleep(SETTLE)
    stub.questions[0]["state"] = "denied"
    terminal.send("a")
    terminal.wait_text("Somebody decided already: denied.")
    terminal.wait_text("0 questions wait")


# ---- losing and ending ------------------------------------------------------------------------


def test_a_lost_stream_comes_back_where_it_was(watch, stub):
    terminal = watch(question(1, "a.test"))
    terminal.wait_text("a.test")
    stub.emit("approval", question(2, "b.test"), "boot-7")
    terminal.wait_text("b.test")
    stub.events.put(None)
    stub.emit("hello", {"resumed": True})
    stub.emit("approval", question(3, "c.test"), "boot-8")
    terminal.wait_text("c.test")
    streams = [call for call in stub.calls if call["path"] == "/v1/events"]
    assert [call["headers"].get("Last-Event-ID") for call in streams] == [None, "boot-7"]
    assert [call["headers"]["Authorization"] for call in streams] == [f"Bearer {TOKEN}"] * 2
    assert streams[0]["query"] == {"kinds": "approval"}
    lists = [call for call in stub.calls if call["path"] == "/v1/approvals"]
    assert len(lists) == 1


def test_a_stream_that_cannot_go_on_loads_the_list_anew(watch, stub):
    terminal = watch(question(1, "a.test"))
    terminal.wait_text("a.test")
    stub.questions = [question(9, "z.test")]
    stub.events.put(None)
    stub.emit("hello", {"resumed": False})
    terminal.wait_text("z.test")
    assert not any("a.test" in line for line in terminal.picture())


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1,
                                    signal.SIGALRM, signal.SIGABRT, signal.SIGSEGV])
def test_a_signal_leaves_the_terminal_as_it_was(watch, number):
    # Else a sanitizer makes an exit of it.
    options = {name: "handle_segv=0" for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS")}
    terminal = watch(question(1, "a.test"), **options)
    terminal.wait_text("a.test")
    terminal.signal(number)
    modes = None
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline and modes != (True, True):
        terminal.read(0.05)
        modes = terminal.modes()
    assert modes == (True, True)
    assert terminal.end() == -number
    assert terminal.text().rstrip().endswith("\x1b[?25h\x1b[?1049l")


def test_control_c_and_q_end_it(watch):
    for keys, status in (("\x03", -signal.SIGINT), ("q", 0)):
        terminal = watch(question(1, "a.test"))
        terminal.wait_text("a.test")
        terminal.send(keys)
        assert terminal.end() == status
        assert "\x1b[?1049l" in terminal.text()


def test_stopped_and_continued(watch):
    terminal = watch(question(1, "a.test"))
    terminal.wait_text("a.test")
    terminal.signal(signal.SIGSTOP)
    before = len(terminal.raw)
    terminal.signal(signal.SIGCONT)
    while "\x1b[?1049h" not in terminal.raw[before:].decode():
        assert terminal.read(10)
    assert terminal.modes() == (False, False)


def test_suspended_and_back(watch):
    """^Z gives the terminal back; going on takes it again."""
    terminal = watch(question(1, "a.test"))
    terminal.wait_text("a.test")
    terminal.send("\x1a")
    while not terminal.text().endswith("\x1b[?25h\x1b[?1049l"):
        assert terminal.read(10)
    terminal.wait_stopped()
    assert terminal.modes() == (True, True)
    before = len(terminal.raw)
    terminal.signal(signal.SIGCONT)
    while "\x1b[?1049h" not in terminal.raw[before:].decode():
        assert terminal.read(10)
    terminal.wait_text("a.test")
    terminal.send("q")
    assert terminal.end() == 0


def test_a_lost_terminal_ends_it(watch):
    terminal = watch(question(1, "a.test"))
    terminal.wait_text("a.test")
    pid = terminal.pid
    os.close(terminal.fd)
    terminal.fd = os.open(os.devnull, os.O_RDWR)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == -signal.SIGHUP
    terminal.status = 0


def test_a_refused_token_is_a_sentence(stub):
    terminal = Terminal([BINARY, "approvals", "watch"], environment=environment(stub, SALLYPORT_TOKEN="no"))
    assert terminal.end() == 1
    assert "sallyport: A token is needed." in terminal.text()
    assert "\x1b[?1049h" not in terminal.text()
    terminal.close()
