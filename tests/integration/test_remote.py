# SPDX-License-Identifier: Apache-2.0
"""The commands that talk to a running proxy, against an endpoint that answers as told: what is asked,
what is printed, which exit code. test_approvals_cli.py has the real endpoint."""

import json
import os
import pathlib
import re
import subprocess

import pytest

from control_stub import GRANT, TOKEN, ControlStub, question

ROOT = pathlib.Path(__file__).parents[2]
BINARY = os.environ.get("SALLYPORT") or str(ROOT / "build" / "sallyport")
CLEAN = {k: v for k, v in os.environ.items() if k in ("PATH", "ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS")}


@pytest.fixture
def stub(tmp_path):
    stub = ControlStub(tmp_path / "control.sock")
    yield stub
    stub.stop()


def run(stub, *arguments, status=0, token=TOKEN, **environment):
    environment = {**CLEAN, "SALLYPORT_CONTROL": stub.place, "SALLYPORT_TOKEN": token, **environment}
    done = subprocess.run([BINARY, *map(str, arguments)], capture_output=True, timeout=30, check=False,
                          env=environment)
    done.stdout, done.stderr = done.stdout.decode(), done.stderr.decode()
    assert done.returncode == status, (arguments, done.stdout, done.stderr)
    assert "\x1b" not in done.stdout + done.stderr
    return done


# ---- lists ------------------------------------------------------------------------------------


def test_pending_questions_are_a_table(stub):
    stub.questions = [question(1, "cdn.new.example"), question(2, "b.test", port=8443, waiters=0)]
    said = run(stub, "approvals", "list").stdout.splitlines()
    assert said[0].split() == ["ID", "HOST", "ASKED", "WAITING", "WHO", "WHAT", "FOR"]
    assert re.fullmatch(r"q-0000000000000001  cdn\.new\.example:443  \S+ ago +3 +local  git fetch, git/2\.39",
                        said[1])
    # Columns stand below one another.
    assert said[0].index("HOST") == said[2].index("b.test:8443")
    assert len(said) == 3
    assert stub.calls[0]["query"] == {"state": "pending", "limit": "1000"}


def test_ended_questions_say_how_and_by_whom(stub):
    stub.questions = [question(1, "a.test", state="denied", decision={"decider": "admin"})]
    said = run(stub, "approvals", "list", "--state", "all").stdout
    assert re.search(r"a\.test:443  denied  \S+ ago +admin  local", said)
    assert run(stub, "approvals", "list").stdout == "Nobody waits.\n"


def test_lists_as_json_are_what_the_endpoint_said(stub):
    stub.questions = [question(1, "a.test", justification="für \u202e Leser")]
    done = run(stub, "approvals", "list", "--json")
    assert json.loads(done.stdout) == {"approvals": stub.questions}
    assert done.stdout.isascii()
    stub.grants = [GRANT]
    assert json.loads(run(stub, "grants", "list", "--json").stdout) == {"grants": [GRANT]}


def test_peer_text_cannot_move_the_cursor(stub):
    stub.questions = [question(1, "a.test", justification="\x1b[2Jgo\r\n\u202eon\u009b1m")]
    said = run(stub, "approvals", "list").stdout
    assert r'"\u{1b}[2Jgo\u{d}\u{a}' in said
    assert said.isascii() and said.count("\n") == 2
    said = run(stub, "approvals", "list", LC_ALL="C.UTF-8").stdout
    assert r'\u{a}\u{202e}on\u{9b}1m' in said


def test_letters_that_the_terminal_can_show_pass(stub):
    stub.questions = [question(1, "a.test", justification="für Bücher")]
    assert '"für Bücher"' in run(stub, "approvals", "list", LC_ALL="C.UTF-8").stdout
    assert '"f\\xc3\\xbcr' in run(stub, "approvals", "list", LC_ALL="C").stdout


def test_members_of_another_type_are_left_out(stub):
    odd = [{"id": 7, "host": [], "port": "x", "context": None, "asked_at": "yesterday"}, 3, None]
    stub.script = [lambda handler: handler.reply(200, {"approvals": odd})]
    said = run(stub, "approvals", "list").stdout.splitlines()
    assert said[1].split() == ["-", "-", "-", "0", "-", "-"]
    assert len(said) == 4


# ---- decisions --------------------------------------------------------------------------------


def test_approve_by_id_and_by_host(stub):
    stub.questions = [question(1, "a.test"), question(2, "b.test"), question(3, "b.test", port=8443)]
    said = run(stub, "approvals", "approve", "q-0000000000000001").stdout
    assert said == "approved a.test:443 (once, for local): g-00000000000000b1\n"
    assert stub.calls[-1]["path"] == "/v1/approvals/q-0000000000000001/approve"
    assert stub.calls[-1]["body"] == {}
    run(stub, "approvals", "approve", "B.test:8443")
    assert stub.questions[2]["state"] == "approved"
    run(stub, "approvals", "approve", "b.test")
    assert stub.questions[1]["state"] == "approved"


def test_a_host_of_two_questions_is_not_guessed(stub):
    stub.questions = [question(1, "b.test"), question(2, "b.test", identity="192.0.2.1")]
    done = run(stub, "approvals", "approve", "b.test", status=1)
    assert "2 pending questions are about b.test" in done.stderr
    assert "no pending question is about c.test" in run(stub, "approvals", "deny", "c.test", status=1).stderr
    assert all(call["method"] == "GET" for call in stub.calls)


def test_flags_become_members(stub):
    stub.questions = [question(1, "a.b.test")]
    run(stub, "approvals", "approve", "a.b.test", "--ttl", "1h", "--pattern", "*.b.test", "--everybody",
        "--note", "für alle", "--protocol", "tls", LC_ALL="C.UTF-8")
    assert stub.calls[-1]["body"] == {"scope": "ttl", "ttl": 3600, "pattern": "*.b.test", "identity": "*",
                                      "note": "für alle", "protocol": "tls"}


def test_deny_as_json(stub):
    stub.questions = [question(1, "a.test")]
    value = json.loads(run(stub, "approvals", "deny", "a.test", "--scope", "always", "--json").stdout)
    assert value["approval"]["state"] == "denied" and value["grant"]["scope"] == "always"


def test_a_refusal_is_the_endpoints_sentence(stub):
    stub.questions = [question(1, "a.test", state="denied")]
    done = run(stub, "approvals", "approve", "q-0000000000000001", status=1)
    assert done.stderr == "sallyport: Somebody decided already: denied.\n"
    assert done.stdout == ""
    done = run(stub, "approvals", "approve", "q-00000000000000ff", status=1)
    assert "no such question" in done.stderr


# ---- grants and links -------------------------------------------------------------------------


def test_grants_come_and_go(stub):
    assert run(stub, "grants", "list").stdout == "No grants.\n"
    said = run(stub, "grants", "add", "*.c.test", "--scope", "always", "--note", "mirror").stdout
    assert stub.calls[-1]["body"] == {"decision": "allow", "pattern": "*.c.test", "scope": "always",
                                      "note": "mirror"}
    assert re.search(r"g-00000000000000b1  allow +\*\.c\.test  always  everybody  never +admin  mirror", said)
    run(stub, "grants", "revoke", GRANT["id"])
    assert stub.grants == []
    assert "no such grant" in run(stub, "grants", "revoke", GRANT["id"], status=1).stderr


def test_a_no_ahead_of_time(stub):
    run(stub, "grants", "add", "c.test", "--deny", "--ttl=90s")
    assert stub.calls[-1]["body"] == {"decision": "deny", "pattern": "c.test", "scope": "ttl", "ttl": 90}


def test_link(stub):
    assert run(stub, "link").stdout == "http://127.0.0.1:3129/#signin=abc\n"
    assert json.loads(run(stub, "link", "--json").stdout)["url"].endswith("#signin=abc")


# ---- wrong usage ------------------------------------------------------------------------------

WRONG = {
    "no id": (["approvals", "approve"], "missing ID | HOST"),
    "scope of no kind": (["approvals", "approve", "a.test", "--scope", "ever"], "--scope takes one of"),
    "a time without unit": (["approvals", "deny", "a.test", "--ttl", "90"], "--ttl takes"),
    "half a second": (["approvals", "deny", "a.test", "--ttl", "999ms"], "--ttl takes"),
    "more than a year": (["approvals", "deny", "a.test", "--ttl", "367d"], "--ttl takes"),
    "ttl without time": (["approvals", "approve", "a.test", "--scope", "ttl"], "needs --ttl"),
    "time for ever": (["approvals", "approve", "a.test", "--scope", "always", "--ttl", "1h"], "--scope ttl only"),
    "protocol": (["grants", "add", "a.test", "--ttl", "1h", "--protocol", "ftp"], "--protocol takes one of"),
    "grant once": (["grants", "add", "a.test", "--scope", "once"], "--scope takes one of"),
    "grant for how long": (["grants", "add", "a.test"], "for how long"),
    "state": (["approvals", "list", "--state", "open"], "--state takes one of"),
    "a value for the switch": (["grants", "add", "a.test", "--deny=b.test"], "no value goes with"),
    "a token as argument": (["approvals", "list", "--token", "x"], "unknown flag --token"),
}


@pytest.mark.parametrize("case", WRONG)
def test_wrong_usage_is_exit_2_and_asks_nothing(stub, case):
    arguments, sentence = WRONG[case]
    assert sentence in run(stub, *arguments, status=2).stderr
    assert stub.calls == []


# ---- where and with what ----------------------------------------------------------------------


def test_socket_and_token_are_found_in_the_state_directory(stub, tmp_path):
    stub.questions = [question(1, "a.test")]
    config = tmp_path / "c.toml"
    config.write_text(f'[state]\ndirectory = "{tmp_path}"\n')
    (tmp_path / "admin.token").write_text(TOKEN + "\n")
    arguments = ["approvals", "list", "--config", config]
    assert "a.test" in run(stub, *arguments, token="", SALLYPORT_CONTROL="").stdout
    config.write_text(f'[state]\ndirectory = "{tmp_path}"\n[listen]\n'
                      f'control = ["127.0.0.1:1", "unix:{tmp_path}/control.sock"]\n')
    assert "a.test" in run(stub, *arguments, token="", SALLYPORT_CONTROL="").stdout
    (tmp_path / "admin.token").unlink()
    done = run(stub, *arguments, token="", status=1)
    assert "SALLYPORT_TOKEN is not set" in done.stderr and "admin.token" in done.stderr


def test_the_flag_wins_over_the_variable(stub):
    run(stub, "grants", "list", "--control", stub.place[5:], SALLYPORT_CONTROL="127.0.0.1:1")
    run(stub, "grants", "list", f"--control={stub.place}", SALLYPORT_CONTROL="nonsense://x")


PLACES = {
    "elsewhere": ("http://192.0.2.1:3129", "would show the token"),
    "a name": ("http://gate.example:3129", "would show the token"),
    "a name that begins like this machine": ("http://localhost.example:3129", "would show the token"),
    "an odd scheme": ("file:///etc/passwd", "the control endpoint is"),
    "with user": ("http://a@127.0.0.1:1", "the control endpoint is"),
    "with path": ("http://127.0.0.1:1/x", "the control endpoint is"),
    "long socket": ("unix:/" + "x" * 107, "1 to 107 bytes"),
    "nobody there": ("unix:/nonexistent/control.sock", "is `sallyport serve` running?"),
}


@pytest.mark.parametrize("case", PLACES)
def test_places(stub, case):
    place, sentence = PLACES[case]
    assert sentence in run(stub, "grants", "list", "--control", place, status=1).stderr


def test_a_wrong_token_and_odd_ones(stub):
    assert run(stub, "grants", "list", token="wrong", status=1).stderr == "sallyport: A token is needed.\n"
    for odd in ("a b", "a\r\nX-Evil: 1", "x" * 600, "\x7f"):
        assert "the token is" in run(stub, "grants", "list", token=odd, status=1).stderr
    assert len(stub.calls) == 1


def test_no_proxy_is_used_and_no_redirect_followed(stub):
    def redirect(handler):
        handler.send_response(302)
        handler.send_header("Location", "http://127.0.0.1:1/")
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    stub.script = [redirect]
    assert "answered 302" in run(stub, "grants", "list", status=1).stderr
    run(stub, "grants", "list", http_proxy="http://127.0.0.1:1", ALL_PROXY="http://127.0.0.1:1")


ODD = {
    "no JSON": (b"<html>", "no JSON"),
    "an array": (b"[]", "no object"),
    "half": (b'{"grants": [', "no JSON"),
    "nothing": (b"", "no object"),
}


@pytest.mark.parametrize("case", ODD)
def test_odd_answers_are_errors(stub, case):
    text, sentence = ODD[case]
    stub.script = [lambda handler: handler.reply(200, text=text)]
    assert sentence in run(stub, "grants", "list", status=1).stderr


def test_a_lost_answer_is_an_error(stub):
    def hang_up(handler):
        handler.close_connection = True

    # libcurl tries once more on a connection that was never answered, but not on a new one.
    stub.script = [hang_up]
    assert "no answer from the control endpoint" in run(stub, "grants", "list", status=1).stderr


def test_the_request_says_who_and_where(stub):
    run(stub, "grants", "list")
    assert stub.calls[0]["headers"]["Authorization"] == f"Bearer {TOKEN}"
    assert stub.calls[0]["headers"]["Host"] == "localhost"
