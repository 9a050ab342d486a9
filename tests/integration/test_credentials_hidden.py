# SPDX-License-Identifier: Apache-2.0
"""Secrets that rules put into requests are nowhere else: everything that the proxy says, keeps or
would leave in a core is searched for them, byte for byte and in the usual encodings."""

import base64
import http.client
import pathlib
import re
import resource
import signal
import socket
import subprocess
import time
import urllib.parse

import pytest

import clients
import memory
import record
import sallyport
import test_inspection as inspection
from collector import Collector
from conftest import PATIENT
from control import Control
from nginx import Nginx
from origin import Origin, answering, ok

FILE, VARIABLE, COMMAND, BASIC = (
    f"{name}.allowed.test" for name in ("file", "variable", "command", "basic")
)
SECRETS = {
    FILE: "tk+4fJ9/very=secret%indeed",
    VARIABLE: "sk~Zx71&from;the environment",
    COMMAND: "np_Lk55-printed-by-a-command",
    BASIC: "pw:8Qm2-in-a-pair",
    "later": "tk+the-next-one/after=the%first",
}
HELD = "kept-outside-basic"


def forms(secret):
    """How a secret may be written."""
    raw = secret.encode()
    found = {raw, raw.hex().encode(), raw.hex().upper().encode(), raw.hex(" ").encode()}
    found |= {urllib.parse.quote(secret, safe="").encode(), urllib.parse.quote_plus(secret).encode()}
    found |= {"".join(f"%{byte:02x}" for byte in raw).encode(), raw.decode().encode("utf-16-le")}
    for before in (b"", b"x", b"xx"):
        encoded = base64.b64encode(before + raw)
        # Without the digits that its neighbours have a part in.
        inner = encoded[4 if before else 0 : -4]
        found |= {inner, inner.translate(bytes.maketrans(b"+/", b"-_"))}
    return found


def find(data, where):
    for secret in SECRETS.values():
        for form in forms(secret):
            at = data.find(form)
            assert at < 0, f"{form!r} is in {where}: …{data[max(0, at - 80) : at + 80]!r}…"


def write(path, text):
    path.write_text(text)
    path.chmod(0o600)
    return str(path)


def rule(host, **inject):
    inject = {"header": "authorization", "prefix": "Bearer ", **inject}
    return {"domain": host, "action": "allow", "inject": inject}


# Says no to whoever has not the right one, and repeats nothing.
CHECKING = """
location / {{
    if ($http_authorization !~ "^(Bearer|Basic) [^ ]") {{ return 401; }}
    return 200 "done";
}}
location /back/ {{
    add_header X-Got "$http_authorization" always;
    return 302 "http://www.plain.test/?$http_authorization";
}}
""".replace("{{", "{").replace("}}", "}")


class Place:
    """A proxy with everything that may keep or tell something, and origins."""

    def __init__(self, start, certificates, packages, schema, directory):
        self.directory = directory
        self.offered = []
        self.collector = Collector(schema)
        self.collector.answer = self.keep
        self.token = directory / "token"
        rules = [
            rule(FILE, file=write(self.token, SECRETS[FILE] + "\n")),
            rule(VARIABLE, env="HIDDEN_TOKEN"),
            rule(COMMAND, command=["cat", write(directory / "printed", SECRETS[COMMAND])]),
            rule(BASIC, file=write(directory / "pair", SECRETS[BASIC]), placeholder=HELD),
            rule("gone.allowed.test", command=["false"]),
        ]
        self.gate = start(
            {
                "listen": {"control": [f"unix:{directory}/control.sock", "127.0.0.1:0"]},
                "network": {"rules": rules, "unlisted": "hold"},
                "otel": {"exporter": {"otlp-http": {"endpoint": self.collector.endpoint}}},
                "tls": {"extra_roots": certificates.ca},
                "approvals": {"hold_timeout": "1s"},
                "timeouts": PATIENT,
            },
            environment={"HIDDEN_TOKEN": SECRETS[VARIABLE]},
        )
        self.proxy = self.gate.proxy
        self.gate.trust = inspection.Trust(self.proxy, certificates)
        (directory / "root").mkdir()
        self.nginx = Nginx(directory, certificates, directory / "root", CHECKING)
        (directory / "home").mkdir()
        self.desk = clients.Desk(
            self.gate, self.nginx, self.gate.trust, packages, directory / "home", None
        )

    def keep(self, request):
        self.offered.append(request.SerializeToString())
        return self.collector.accept(request)

    def stop(self):
        self.nginx.stop()
        self.collector.stop()


@pytest.fixture
def place(start, certificates, packages, schema, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # where a core would go
    place = Place(start, certificates, packages, schema, tmp_path)
    yield place
    place.stop()


ALL = ((FILE, "/"), (VARIABLE, "/"), (COMMAND, "/"), (BASIC, "/"))
BACK = ((FILE, "/back/"),)


def use(place, pages=ALL + BACK, versions=("--http1.1", "--http2")):
    """Secrets go out, and into answers that try to tell them; what clients saw."""
    said = []
    for version in versions:
        for host, path in pages:
            done, text = place.desk.run(
                *("curl", "-svi", version, "--cacert", place.desk.certificates.ca),
                *("-u", f"me:{HELD}" if host == BASIC else "own:own", "-o", "/dev/null"),
                *("-D", "-", place.desk.tls(host, path)),
            )
            assert done and ("302" if path == "/back/" else "200") in text, text
            said.append(text)
    return said


def refuse(place, certificates):
    """Every refusal that has to do with a credential."""
    said = []
    with Origin(answering(ok()), certificates.server()) as origin:
        for host, path, status in (
            (FILE, f"/{HELD}", 403),
            ("gone.allowed.test", "/", 503),
        ):
            with inspection.inside(place.gate, origin, host) as wire:
                wire.send(inspection.request("GET", host, origin.port, path=path))
                reply = wire.reply()
                assert reply.status == status
                said.append(reply.raw + reply.body)
    return said


def rotate(place):
    """The file changes, then goes; a broken one is refused. Both are said."""
    for change, words in (
        (lambda: write(place.token, SECRETS["later"]), "credentials: 1 changed"),
        (
            lambda: write(place.token, SECRETS["later"] + "\nsecond line"),
            "control character; the one from before stays",
        ),
        (place.token.unlink, "No such file or directory; the one from before stays"),
    ):
        mark = len(place.proxy.err.lines)
        change()
        place.proxy.signal(signal.SIGHUP)
        assert place.proxy.err.wait(words, mark), words


READ = (
    *("/", "/openapi.json", "/metrics", "/healthz", "/readyz", "/v1/approvals?state=all"),
    *("/v1/grants", "/v1/policy", "/v1/connections", "/v1/blocked", "/v1/insights"),
    f"/v1/check?host={FILE}&port=443",
)


def said_by_control(place):
    control = Control(place.proxy)
    control.connection = lambda timeout=10: UnixAt(place.directory / "control.sock", timeout)
    found = {path: control.call("GET", path).body for path in READ}
    assert FILE.encode() in b"".join(found.values())
    found["/v1/reload"] = control.call("POST", "/v1/reload", {}).body
    connection = control.connection(1)
    connection.request(
        "GET", "/v1/events", headers={"Authorization": f"Bearer {control.token}", "Last-Event-ID": "0"}
    )
    stream = connection.getresponse()
    found["/v1/events"] = b""
    try:
        while data := stream.read1(65536):
            found["/v1/events"] += data
    except (TimeoutError, socket.timeout, http.client.HTTPException):
        pass
    connection.close()
    return found


class UnixAt(http.client.HTTPConnection):
    def __init__(self, path, timeout):
        super().__init__("localhost", timeout=timeout)
        self.path = str(path)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


def said_by_commands(place):
    commands = (
        ("config", "show"),
        ("config", "show", "--json"),
        ("config", "check"),
        ("config", "check", "--json"),
        ("check", "-X", "GET", f"https://{FILE}/"),
        ("env",),
    )
    found = {}
    for command in commands:
        done = subprocess.run(
            [sallyport.BINARY, *command, "--config", str(place.proxy.path)],
            capture_output=True,
            check=False,
        )
        found[" ".join(command)] = done.stdout + done.stderr
    shown = found["config show --json"].decode()
    assert str(place.token) in shown and "HIDDEN_TOKEN" in shown and "cat" in shown
    assert "printed" not in shown  # an argument may be a secret itself
    return found


def files_below(directory):
    return {
        str(path): path.read_bytes()
        for path in sorted(pathlib.Path(directory).rglob("*"))
        if path.is_file()
    }


def test_secrets_are_nowhere_else(place, certificates):
    said = use(place) + refuse(place, certificates)
    rotate(place)
    said += use(place, BACK)
    # What happens while the collector is away is kept on disk.
    place.collector.wait(lambda r: r.name == record.DECISION, 10)
    place.collector.stop()
    said += use(place, BACK)
    place.proxy.settle()
    for number, text in enumerate(said):
        find(text if isinstance(text, bytes) else text.encode(), f"what client {number} saw")
    for data in place.offered:
        find(data, "what the collector got")
    assert any(FILE.encode() in data for data in place.offered)
    for where, data in {**said_by_control(place), **said_by_commands(place)}.items():
        find(data, where)
    find(place.proxy.records.path.read_bytes(), "the JSON lines")
    find(place.proxy.said().encode(), "what the proxy printed")
    state = files_below(place.proxy.config["state"]["directory"])
    assert any("spool" in path for path in state) and any("ring" in path for path in state)
    for path, data in state.items():
        find(data, path)
    find(pathlib.Path(f"/proc/{place.proxy.process.pid}/environ").read_bytes(), "its environment")


def test_secrets_are_in_no_core(place):
    use(place, ALL)
    place.proxy.settle()
    pid = place.proxy.process.pid
    if not memory.measurable(pid):
        pytest.skip("a sanitizer's memory is no core")
    find(memory.read(pid), "its memory")
    apart = memory.read(pid, dumped=False)
    assert all(secret.encode() in apart for host, secret in SECRETS.items() if host != "later")
    pattern = pathlib.Path("/proc/sys/kernel/core_pattern").read_text(encoding="ascii").strip()
    resource.prlimit(pid, resource.RLIMIT_CORE, (resource.RLIM_INFINITY,) * 2)
    sallyport.running.remove(place.proxy)
    place.proxy.signal(signal.SIGABRT)
    place.proxy.wait()
    cores = list(place.directory.glob("core*"))
    if not re.fullmatch(r"core[\w.%]*", pattern) or not cores:
        return
    data = memory.dense(cores[0].read_bytes())
    assert b"HIDDEN_TOKEN" in data
    find(data, "its core")
