# SPDX-License-Identifier: Apache-2.0
"""The page of the control endpoint in a real Chromium, with real input, against the real proxy.
After each test the page must have thrown nothing, logged no error and violated no policy."""

import base64
import contextlib
import hashlib
import http.client
import json
import pathlib
import re
import subprocess

import pytest

import origin
from chromium import Browser
from clients import need
from control import WAIT, Control
from dns_stub import Answer

HERE = pathlib.Path(__file__).parent
AUDIT = (HERE / "audit.js").read_text()
FILES = HERE.parents[1] / "control" / "page"

TOKENS = {"admin": "page-test-admin", "viewer": "page-test-viewer"}
HOLDING = {
    "listen": {"control": ["127.0.0.1:0"]},
    "network": {
        "unlisted": "hold",
        "allow_local_binding": True,
        "denied_domains": ["denied.held.test"],
        "rules": [
            {
                "domain": "rule.held.test",
                "methods": ["DELETE"],
                "paths": ["/part/"],
                "action": "hold",
            }
        ],
    },
    "approvals": {"hold_timeout": "60s"},
}
HERE_ADDRESS = Answer(a=["127.0.0.1"])
VIEWS = ("questions", "grants", "live", "blocked", "insights")
# Faults that a test expects, as the browser says them.
NOTHING = r"(?!)"
UNKNOWN = "status of 401"
MOST_CARDS = 50
FOCUSED = """(() => {
    const node = document.activeElement;
    const title = document.getElementById(node.getAttribute("aria-labelledby"));
    return node.ariaLabel || (title ?? node).innerText;
})()"""
CLOSED = "!document.getElementById('dialog').open"


class TcpControl(Control):
    """The endpoint where a browser finds it: the port that the proxy printed."""

    def __init__(self, proxy):
        super().__init__(proxy)
        self.port = int(proxy.err.wait(r"http://127\.0\.0\.1:(\d+)/#signin=").group(1))

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def connection(self, timeout=WAIT):
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)

    def link(self):
        answer = self.call("POST", "/v1/links", {})
        assert answer.status == 201, answer
        return answer.json()["url"]


def write_tokens(directory):
    """One for each role that the tests need, as an operator would add them."""
    directory.mkdir(parents=True, exist_ok=True)
    lines = [f"{r} {r} {hashlib.sha256(t.encode()).hexdigest()}\n" for r, t in TOKENS.items()]
    for name, text in (("tokens", "".join(lines)), ("admin.token", TOKENS["admin"] + "\n")):
        (directory / name).write_text(text)
        (directory / name).chmod(0o600)


def holding(start, changes=None):
    gate = start(
        HOLDING if changes is None else changes, zone={"*.held.test": HERE_ADDRESS}, launch=False
    )
    write_tokens(pathlib.Path(gate.proxy.config["state"]["directory"]))
    gate.proxy.start()
    gate.control = TcpControl(gate.proxy)
    return gate


@pytest.fixture(scope="module")
def held(start):
    return holding(start)


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    browser = Browser(tmp_path_factory.mktemp("chromium"))
    yield browser
    browser.close()


def check(page, gate):
    """What must hold after every test: nothing thrown, nothing refused by the policy, no failed call
    but the expected ones, and every request was one to the endpoint itself."""
    faults, page.faults = page.faults, []
    assert [fault for fault in faults if not re.search(page.expected, fault)] == []
    asked, page.asked = page.asked, []
    ours = (gate.control.url + "/", "data:image/svg+xml,")
    assert [url for url in asked if not url.startswith(ours)] == []


@pytest.fixture
def blank(held, browser):
    """A page that nobody has signed in; what it asks for before is refused with a 401."""
    page = browser.page()
    page.look()
    page.expected = UNKNOWN
    yield page
    page.close()
    check(page, held)


@pytest.fixture(scope="module")
def signed(held, browser):
    page = browser.page()
    page.open(held.control.link())
    page.until_text("#link", "live")
    yield page
    page.close()


@pytest.fixture
def page(held, signed):
    """A page that the admin has just opened, signed in from before."""
    signed.look()
    signed.expected = NOTHING
    signed.open(held.control.url)
    signed.until_text("#link", "live")
    yield signed
    check(signed, held)


class Asker:
    """A client that asks for a host, and waits."""

    def __init__(self, gate, host, port=443, fields=b""):
        self.wire = gate.wire()
        authority = f"{host}:{port}".encode()
        self.wire.send(
            b"CONNECT "
            + authority
            + b" HTTP/1.1\r\nHost: "
            + authority
            + b"\r\n"
            + fields
            + b"\r\n"
        )

    def reply(self):
        return self.wire.reply(b"CONNECT")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.wire.close()


def card(host):
    return f'.card:has(button[aria-label*="{host}"])'


def go(page, view):
    page.click(f'nav a[href="#/{view}"]')
    page.until(f"document.getElementById('{view}').checkVisibility()")


# ---- questions ----------------------------------------------------------------------------------


@contextlib.contextmanager
def curl(gate, host, *options):
    """A real client that waits: the process, and what it gets in the end when it is let through."""
    with origin.Origin(origin.answering(origin.ok(b"at last"))) as there:
        url = f"http://{host}:{there.port}/part/1"
        command = [need("curl"), "-s", "-S", "-w", " %{http_code}", "-x", gate.proxy.url, *options]
        with subprocess.Popen([*command, url], stdout=subprocess.PIPE) as process:
            yield process
            process.kill()
    gate.proxy.settle()


def finished(process):
    return process.communicate(timeout=WAIT)[0].decode()


def test_arrives_and_is_approved_by_mouse(held, page):
    page.until_text("#questions", "Nobody waits")
    with curl(held, "mouse.held.test", "-A", "tool/10 (x)") as client:
        page.until_text("#cards", "mouse.held.test")
        assert page.value("document.title") == "(1) sallyport"
        assert page.value("document.querySelector('link[rel=icon]').href").startswith("data:")
        shown = page.text("#cards")
        assert "tool/10 (x)" in shown and "unverified" in shown and "waiting" in shown
        assert "GET" in shown and "/+/+" in shown and "plain HTTP" in shown
        assert page.value("document.querySelector('.host strong').textContent") == "held.test"
        page.until_text("#said", "local asks for mouse.held.test")
        page.click(f"{card('mouse.held.test')} .primary")
        assert finished(client) == "at last 200"
        page.until_text("#cards", "Approved once by admin")
        page.until("document.title === 'sallyport'")


def test_a_request_that_a_rule_holds(held, page):
    """What is asked about is told apart from the host, in the card, the menu and the grants."""
    with curl(held, "rule.held.test", "-X", "DELETE") as client:
        held.control.question("rule.held.test", waiters=1)
        held.control.approve("rule.held.test")
        page.until_text("#cards .subject", "DELETE /part/")
        shown = page.text("#cards .subject")
        assert "The answer is for them alone" in shown and "/part/1" not in shown
        page.until_text("#said", "asks for DELETE /part/ at rule.held.test")
        page.click(f"{card('DELETE /part/ at rule.held.test')} button[aria-label^='Approve for']")
        page.until_text("#dialog", "Approve DELETE /part/ at")
        page.click("#dialog input[name=scope][value=ttl]")
        page.click("#dialog .primary")
        assert finished(client) == "at last 200"
    go(page, "grants")
    page.until_text("#grants-table", "DELETE /part/")
    grant = next(g for g in held.control.grants() if g["subject"] == "DELETE /part/")
    held.control.revoke(grant["id"])


def test_approved_for_an_hour_by_keyboard(held, page):
    with curl(held, "keys.held.test") as client:
        page.until_text("#cards", "keys.held.test")
        page.press("j", "A")
        page.until("document.getElementById('dialog').open")
        page.press("ArrowDown", "Enter")
        assert finished(client) == "at last 200"
        page.until(CLOSED)
        page.until_text("#cards", "Approved for a time by admin")
        # The focus stays where it was, so that the next key decides nothing by accident.
        assert page.value("document.activeElement.className") == "card settled"
    grant = next(g for g in held.control.grants() if g["pattern"].startswith("keys.held.test"))
    assert grant["scope"] == "ttl" and grant["identity"] == "local"


def test_approved_for_all_below_and_everybody(held, page):
    """Two questions wait; what is chosen for one of them lets both through."""
    with curl(held, "one.wide.held.test") as one, curl(held, "two.wide.held.test") as two:
        page.until_text("#cards", "one.wide.held.test")
        page.until_text("#cards", "two.wide.held.test")
        page.click(f"{card('one.wide.held.test')} button[aria-label^='Approve for']")
        # Everybody has no session, and the page does not offer it.
        everybody = 'document.querySelector("#dialog input[name=identity][value=\'*\']")'
        assert page.value(everybody + ".disabled")
        page.click("#dialog input[name=scope][value=always]")
        page.click('#dialog input[name=pattern][value="*.wide.held.test"]')
        page.click('#dialog input[name=identity][value="*"]')
        page.click("#dialog input[name=note]")
        page.write("for all of them")
        page.click("#dialog .primary")
        # Ports other than 80 and 443 stay in the pattern, and theirs differ.
        assert finished(one) == "at last 200"
        held.control.deny("two.wide.held.test")
        assert finished(two).endswith("403")
    grant = next(g for g in held.control.grants() if g["pattern"].startswith("*.wide.held.test"))
    assert grant["scope"] == "always" and grant["identity"] is None
    assert grant["note"] == "for all of them"


def test_two_keys_approve_and_one_decides_nothing(held, page):
    with origin.Origin(origin.recording) as there:
        with Asker(held, "two.held.test", there.port) as asker:
            page.until_text("#cards", "two.held.test")
            page.press("a")
            page.until("document.activeElement.className === 'card'")
            assert held.control.question("two.held.test")["state"] == "pending"
            page.press("a")
            assert asker.reply().status == 200
        there.wait_for_peers()
    held.proxy.settle()


def test_denied_with_a_note(held, page):
    with Asker(held, "note.held.test") as asker:
        page.until_text("#cards", "note.held.test")
        page.press("j", "D")
        page.until("document.getElementById('dialog').open")
        page.write("not for this build <b>")
        page.click("#dialog .primary")
        reply = asker.reply()
    assert reply.status == 403 and reply.json()["reason"] == "approval_denied"
    page.until_text("#cards", "not for this build <b>")
    page.click("#history summary")
    page.until_text("#history-table", "not for this build <b>")
    assert held.control.question("note.held.test", state="denied")["decision"]["note"] == (
        "not for this build <b>"
    )


def test_somebody_else_was_faster(held, page):
    """The menu stays open and says so; nothing typed is lost, nothing is decided twice."""
    page.expected = "status of 409"
    with Asker(held, "faster.held.test") as asker:
        page.until_text("#cards", "faster.held.test")
        page.press("j", "D")
        page.until("document.getElementById('dialog').open")
        page.write("mine")
        held.control.deny("faster.held.test", note="theirs")
        page.until_text("#cards", "theirs")
        page.click("#dialog .primary")
        page.until_text("#dialog .fault", "Too late")
        assert page.value("document.querySelector('#dialog input[name=note]').value") == "mine"
        assert asker.reply().status == 403
    page.press("Escape")


def test_hostile_words_are_shown_harmless(held, page):
    """Markup, bidi overrides and control bytes from a client are text, and visible as such."""
    name = base64.b64encode("s\u202e<img src=x onerror=alert(1)>:x".encode())
    fields = (
        b"Proxy-Authorization: Basic "
        + name
        + b"\r\nUser-Agent: \xe2\x80\xae<script>x</script>\r\n"
    )
    with Asker(held, "xn--pypal-4ve.held.test", fields=fields) as asker:
        page.until_text("#cards", "xn--pypal-4ve.held.test")
        shown = page.text("#cards")
        assert "\u202e" not in shown and "<img src=x" in shown and "<script>" in shown
        assert "202e" in shown.lower()
        assert "pаypal.held.test" in shown and "Mixes Latin and Cyrillic letters" in shown
        assert page.value("document.querySelectorAll('#cards img, #cards script').length") == 0
        page.press("j", "d")
        assert asker.reply().status == 403


def test_justification_arrives_later(held, page):
    """What an agent says for itself is shown at once, as its own words, and only as words."""
    words = "needed <b>now</b>\u202e, approved by admin"
    with Asker(held, "why.held.test") as asker, held.wire() as agent:
        page.until_text("#cards", "why.held.test")
        assert "own words" not in page.text("#cards")
        url = f"http://sallyport.internal/questions/{held.control.question('why.held.test')['id']}"
        body = json.dumps({"justification": words}).encode()
        agent.send(
            f"POST {url} HTTP/1.1\r\nHost: sallyport.internal\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode()
            + body
        )
        assert agent.reply().status == 200
        page.until_text("#cards figure", "the agent’s own words")
        shown = page.text("#cards figure")
        assert "needed <b>now</b>" in shown and "\u202e" not in shown
        assert page.value("document.querySelector('#cards figure b')") is None
        held.control.deny("why.held.test")
        assert asker.reply().status == 403


# A question that is hostile in every field, as the API could at worst hand it on.
HOSTILE = {
    "id": "q-0000000000000bad",
    "state": "pending",
    "identity": "local",
    "session": "<b>s</b>\u2066" + "w" * 300,
    "host": "<img src=x onerror=alert(1)>.held.test",
    "port": 443,
    "protocol": "https_connect",
    "subject_kind": "search",
    "subject": "<img src=y onerror=alert(4)>\u202e" + "v" * 2000,
    "registrable": "held.test",
    "unicode": "\u202emoc.elpmaxe<svg onload=alert(2)>",
    "asked_at": "2026-11-21T10:55:08.123Z",
    "expires_at": "2036-11-21T10:55:08.123Z",
    "decided_at": None,
    "waiters": 1,
    "asks": 1,
    "context": {
        "method": "<i>GET</i>",
        "path_class": "/" + "<u>+</u>/" * 100,
        "user_agent": "</script><script>alert(3)</script>" + "x" * 2000,
        "traceparent": None,
        "process": {"name": "n", "command": "\u0007" + "y" * 4000 + "<p>", "pid": 7},
    },
    "justification": "please\nclick <a href=//evil.test>here</a>\u202e" + "z" * 4000,
    "wider": [],
    "decision": None,
}


@pytest.mark.parametrize("width", [1280, 360])
def test_hostile_in_every_field(page, width):
    """Whatever reaches the page is text: no element, no request, no wider layout comes of it."""
    page.look(width)
    page.value(
        f"""import('/card.js').then(({{ Card }}) => {{
            const nothing = () => {{}};
            const actions = {{ once: nothing, menu: nothing, deny: nothing, denyWithNote: nothing }};
            const card = new Card({json.dumps(HOSTILE)}, actions);
            document.getElementById('cards').append(card.item);
        }})"""
    )
    shown = page.text("#cards")
    assert "<img src=x onerror=alert(1)>" in shown and "click <a href=//evil.test>here</a>" in shown
    assert "agent’s own words" in shown
    assert not {"\u202e", "\u2066", "\u0007"} & set(shown)
    foreign = "#cards :is(img, svg, script, a, b, i, u, p p)"
    assert page.value(f"document.querySelectorAll({json.dumps(foreign)}).length") == 0
    assert page.overflow() == 0 and page.value(AUDIT) == []
    # However much somebody writes, the buttons are not far below.
    assert page.value("document.querySelector('.card').offsetHeight") < 1400


# What a reader of the page is told, as the browser's accessibility tree has it.
TREE = [
    ("navigation", "Views"),
    ("main", ""),
    ("heading", "Questions"),
    ("list", "Questions that wait for a decision"),
    ("article", "tab.held.test:443"),
    ("heading", "tab.held.test:443"),
    ("button", "Approve once tab.held.test:443"),
    ("button", "Approve for… tab.held.test:443"),
    ("button", "Deny tab.held.test:443"),
    ("button", "Deny with note… tab.held.test:443"),
]


def test_read_aloud_and_by_tab(held, page):
    """Roles and names for a screen reader; the focus goes through them in the order of reading."""
    with Asker(held, "tab.held.test") as asker:
        page.until_text("#cards", "tab.held.test")
        tree = page.tree()
        at = 0
        for entry in TREE:
            assert entry in tree[at:], (entry, tree)
            at = tree.index(entry, at) + 1
        reached = []
        for _ in range(16):
            page.press("Tab")
            reached.append(page.value(FOCUSED))
        wanted = ["Skip to the content", "Grants", "Live", "Blocked", "Insights", "Sign out"]
        wanted += [name for role, name in TREE if role in ("article", "button")]
        assert [name for name in reached if name in wanted] == wanted, reached
        held.control.deny("tab.held.test")
        assert asker.reply().status == 403
        page.until_text("#said", "tab.held.test:443: Denied")


def test_moves_only_for_those_who_like_it(held, page):
    moving = "getComputedStyle(document.querySelector('.card')).animationName"
    with Asker(held, "motion.held.test") as asker:
        page.until_text("#cards", "motion.held.test")
        assert page.value(moving) == "none"
        page.look(motion="no-preference")
        assert page.value(moving) == "arrive"
        held.control.deny("motion.held.test")
        assert asker.reply().status == 403


def test_survives_the_end_of_the_proxy(start, browser):
    """The connection is shown as lost; after a restart the page goes on and the question is there."""
    gate = holding(start)
    blank = browser.page()
    blank.look()
    blank.expected = UNKNOWN + "|ERR_(CONNECTION_REFUSED|INCOMPLETE_CHUNKED_ENCODING)"
    blank.open(gate.control.url)
    blank.click("#token")
    blank.write(TOKENS["admin"])
    blank.press("Enter")
    blank.until_text("#link", "live")
    with Asker(gate, "late.held.test"):
        blank.until_text("#cards", "late.held.test")
        gate.proxy.kill()
        blank.until_text("#link", "Connection lost")
    gate.proxy.config["listen"]["control"] = [f"127.0.0.1:{gate.control.port}"]
    gate.proxy.port = None
    gate.proxy.start()
    blank.until_text("#link", "live")
    blank.until_text("#cards", "late.held.test")
    blank.press("j", "d")
    blank.until_text("#cards", "Denied")
    blank.close()
    check(blank, gate)


def test_a_cookie_ends_with_the_proxy(start, browser):
    """Who came by a link is asked to sign in again, on the page that is open."""
    gate = holding(start)
    page = browser.page()
    page.expected = UNKNOWN + "|ERR_(CONNECTION_REFUSED|INCOMPLETE_CHUNKED_ENCODING)"
    page.open(gate.control.link())
    page.until_text("#link", "live")
    gate.proxy.kill()
    gate.proxy.config["listen"]["control"] = [f"127.0.0.1:{gate.control.port}"]
    gate.proxy.port = None
    gate.proxy.start()
    page.until_text("#signin", "not signed in any more")
    page.close()
    check(page, gate)


def test_many_questions_are_a_bounded_list(held, page):
    """What does not fit waits behind the others, is counted, and moves up."""
    askers = [Asker(held, f"q{n}.many.held.test") for n in range(MOST_CARDS + 3)]
    page.until(f"document.querySelectorAll('.card').length === {MOST_CARDS}")
    page.until_text("#questions-sum", f"{MOST_CARDS + 3} open")
    page.until_text("#questions-more", "3 more questions wait")
    assert page.overflow() == 0
    page.press("/")
    page.write("q7.many")
    page.until("document.querySelectorAll('.card').length === 1")
    page.until_text("#questions-sum", f"1 of {MOST_CARDS + 3} open")
    page.press("Enter")
    page.until(FOCUSED + " === 'q7.many.held.test:443'")
    page.click("#filter")
    page.press("Escape")
    page.until(f"document.querySelectorAll('.card').length === {MOST_CARDS}")
    held.control.grant("*.many.held.test", decision="deny", scope="ttl", ttl=60)
    for asker in askers:
        assert asker.reply().status == 403
    page.until_text("#questions-sum", "")
    page.until("document.querySelectorAll('.card:not(.settled)').length === 0")


# ---- the other views ----------------------------------------------------------------------------


def test_grants_are_made_and_revoked(held, page):
    go(page, "grants")
    page.expected = "status of 422"
    page.click("#grants-add")
    page.write("*.co.uk")
    page.click("#dialog .primary")
    page.until("document.querySelector('#dialog .fault').textContent !== ''")
    page.value("document.querySelector('#dialog input[name=pattern]').select()")
    page.write("*.ahead.held.test:*")
    page.click("#dialog .primary")
    page.until(CLOSED)
    page.until_text("#grants-table", "*.ahead.held.test")
    with origin.Origin(origin.recording) as there, held.wire() as client:
        client.connect(f"a.ahead.held.test:{there.port}".encode())
        page.click('#grants-table button[aria-label^="Revoke *.ahead"]')
        page.until_text("#dialog", "end at once")
        page.click("#dialog .primary")
        assert client.rest() == b""
    page.until("!document.getElementById('grants-table').innerText.includes('ahead')")
    assert not [g for g in held.control.grants() if "ahead" in g["pattern"]]
    held.proxy.settle()


def test_what_would_happen(page):
    go(page, "grants")
    page.until("document.getElementById('grants-sum').textContent !== ''")
    page.click("#check input[name=host]")
    page.write("denied.held.test")
    page.press("Enter")
    page.until_text("#check-answer", "denied.held.test:443 is refused")


def test_live_and_blocked(held, page):
    held.ask(b"CONNECT denied.held.test:443 HTTP/1.1\r\nHost: denied.held.test:443\r\n\r\n")
    with Asker(held, "live.held.test") as asker:
        go(page, "live")
        page.until_text("#live-table", "live.held.test:443")
        page.until_text("#live-table", "waits for a decision")
        go(page, "blocked")
        page.until_text("#blocked-table", "denied.held.test:443")
        page.until_text("#blocked-table", "on the deny list")
        held.control.deny("live.held.test")
        assert asker.reply().status == 403


def test_insights(held, page):
    with origin.Origin(origin.recording) as there:
        with Asker(held, "insight.held.test", there.port) as asker:
            held.control.approve("insight.held.test")
            assert asker.reply().status == 200
    held.proxy.settle()
    go(page, "insights")
    page.until_text("#insights-body", "insight.held.test")
    assert page.value("document.querySelectorAll('#insights .strip svg rect').length") == 180
    page.click("#insights summary")
    page.until_text("#insights table", "Allowed")
    page.click("#insights pre + button")
    page.until(
        "/Copied|Selected/.test(document.querySelector('#insights pre + button').textContent)"
    )


def test_fits_every_screen(held, page):
    """No view is wider than a phone; names and contrast hold in both schemes."""
    long = ".".join(["a" * 60] * 4)[: 253 - len(".held.test")] + ".held.test"
    with Asker(held, long) as asker:
        page.until_text("#cards", "aaaa")
        for width, scheme in ((1280, "light"), (1280, "dark"), (360, "light"), (360, "dark")):
            page.look(width, scheme=scheme)
            for view in VIEWS:
                go(page, view)
                page.until(f"document.querySelector('#{view} .sum').textContent !== ''")
                assert page.overflow() == 0, (view, width)
                assert page.value(AUDIT) == [], (view, width, scheme)
        go(page, "questions")
        page.press("j", "A")
        page.until("document.getElementById('dialog').open")
        assert page.overflow() == 0 and page.value(AUDIT) == []
        page.press("Escape")
        held.control.deny(long)
        assert asker.reply().status == 403


# ---- signing in ---------------------------------------------------------------------------------


def test_a_link_works_once(held, browser, blank):
    link = held.control.link()
    blank.open(link)
    blank.until_text("#link", "live")
    assert "signin" not in blank.value("location.href")
    other = browser.page()
    other.open(link)
    other.until_text("#signin", "used before")
    assert other.text("#bar") == ""
    other.expected = UNKNOWN
    other.close()
    check(other, held)
    blank.click("#signout")
    blank.until_text("#signin", "signed out")
    blank.open(held.control.url)
    blank.until_text("#signin", "sallyport link")


def test_a_viewer_only_looks(held, blank):
    blank.open(held.control.url)
    blank.until_text("#signin", "paste a token")
    blank.click("#token")
    blank.write("wrong")
    blank.press("Enter")
    blank.until_text("#signin-fault", "does not know")
    blank.value("document.getElementById('token').value = ''")
    blank.write(TOKENS["viewer"])
    blank.press("Enter")
    blank.until_text("#link", "live")
    with Asker(held, "look.held.test") as asker:
        blank.until_text("#cards", "look.held.test")
        assert blank.value("document.querySelectorAll('#cards button').length") == 0
        blank.press("j", "a", "A", "d")
        assert held.control.question("look.held.test")["state"] == "pending"
        assert blank.value(CLOSED)
        held.control.deny("look.held.test")
        assert asker.reply().status == 403


def test_files_are_served_as_they_are(held):
    for path in sorted(FILES.iterdir()):
        name = "" if path.name == "index.html" else path.name
        answer = held.control.call("GET", f"/{name}", headers={"Authorization": None})
        assert answer.status == 200 and answer.body == path.read_bytes(), path
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy and "unsafe" not in policy
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


# ---- modules ------------------------------------------------------------------------------------

ROWS = {
    "seconds": ("words", "duration(59.4)", "59 s"),
    "a minute": ("words", "duration(60)", "1 min"),
    "minutes": ("words", "duration(185)", "3 min 5 s"),
    "hours": ("words", "duration(7500)", "2 h 5 min"),
    "a day": ("words", "duration(86400)", "1 day"),
    "days": ("words", "duration(200000)", "2 days 7 h"),
    "before the start": ("words", "duration(-3)", "0 s"),
    "bytes": ("words", "bytes(999)", "999 B"),
    "kilobytes": ("words", "bytes(1000)", "1.0 kB"),
    "nearly a megabyte": ("words", "bytes(999600)", "1.0 MB"),
    "bidi override": ("names", "plain('a\\u202eb')", "a⟨U+202E⟩b"),
    "escape": ("names", "plain('a\\u001b[1mb')", "a⟨U+001B⟩[1mb"),
    "line breaks stay": ("names", "plain('a\\nb')", "a\nb"),
    "half of a pair": ("names", "plain('a\\ud800b')", "a⟨U+D800⟩b"),
    "an address with a port": ("names", "authority('2001:db8::1', 443)", "[2001:db8::1]:443"),
    "one script": ("names", "lookAlike('bücher.example')", None),
    "Japanese": ("names", "lookAlike('日本語ひらカナ.example')", None),
    "another script": ("names", "lookAlike('пример.example')", None),
    "two scripts": (
        *("names", "lookAlike('pаypal.example')"),
        "Mixes Latin and Cyrillic letters in one label: it may imitate another name.",
    ),
    "all twins": (
        *("names", "lookAlike('аррӏе.example')"),
        "Written in Cyrillic letters that look like Latin ones: it may imitate another name.",
    ),
}

# The same stream in one piece and byte by byte; comments and fields without a value count for
# nothing, an event without data is none.
STREAM = ": ping\\n\\nid: b-1\\nevent: hello\\ndata: {}\\n\\nevent: none\\n\\ndata: a\\r\\ndata: b\\r\\n\\r\\nid\\ndata\\n\\n"
PARSED = [["hello", "{}", "b-1"], ["message", "a\nb", "b-1"], ["message", "", ""]]


@pytest.mark.parametrize("row", ROWS)
def test_words(signed, row):
    module, expression, wanted = ROWS[row]
    assert signed.value(f"import('/{module}.js').then((m) => m.{expression})") == wanted


@pytest.mark.parametrize("size", [1, 2, 1000])
def test_stream_parser(signed, size):
    found = signed.value(
        f"""import('/stream.js').then(({{ EventParser }}) => {{
            const found = [];
            const parser = new EventParser((...event) => found.push(event));
            const text = "{STREAM}";
            for (let at = 0; at < text.length; at += {size}) parser.push(text.slice(at, at + {size}));
            return found;
        }})"""
    )
    assert found == PARSED
