# SPDX-License-Identifier: Apache-2.0
"""The candidates of a bench run: the bare relay, sallyport and its peers from Debian, each started
with a generated configuration in a directory of the run, pinned to one core.

Every peer keeps its access log, as sallyport keeps its events; nothing else is tuned beyond what
ten thousand connections need.
"""

import os
import resource
import shutil
import socket
import subprocess
import time

DESCRIPTORS = min(65536, resource.getrlimit(resource.RLIMIT_NOFILE)[1])
NAME = "bench.test"
REFUSED = "refused.test:443"
RELEASED = "released.test"  # held, and resolvable
DENIED = "denied.test"


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def family(pid):
    """A process and its descendants."""
    parents = {}
    for entry in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{entry}/stat") as f:
                fields = f.read().rpartition(")")[2].split()
            parents[int(entry)] = int(fields[1])
        except OSError:
            pass
    found = [pid]
    for ancestor in found:
        found += [child for child, parent in parents.items() if parent == ancestor]
    return found


class Peer:
    """One candidate. `direct`: it does not speak CONNECT and routes by SNI to one origin."""

    name = ""
    program = ""
    direct = False
    forwards = True  # absolute-form requests
    refuses = True  # a CONNECT that is not listed gets 403
    settle_ms = 100  # its work after the last connection

    def __init__(self, run, core):
        self.run = run
        self.core = core
        self.process = None
        self.environment = {}
        self.port = free_port()
        self.folder = os.path.join(run.folder, self.name.replace(" ", "-"))

    def installed(self):
        return shutil.which(self.program, path="/usr/sbin:/usr/bin:/sbin:/bin") or (
            os.path.isfile(self.program) and self.program
        )

    def target(self, origin_port):
        return f"{NAME}:{origin_port}"

    def write(self, name, text):
        path = os.path.join(self.folder, name)
        with open(path, "w") as f:
            f.write(text)
        return path

    def command(self):
        """Writes the configuration; returns the command line."""
        raise NotImplementedError

    def prepare(self):
        """In the child before exec: one core, all descriptors."""
        if self.core is not None:
            os.sched_setaffinity(0, {self.core})
        resource.setrlimit(resource.RLIMIT_NOFILE, (DESCRIPTORS, DESCRIPTORS))

    def arguments(self):
        """What bench/load is to know of this candidate beside its port."""
        return []

    def start(self):
        os.makedirs(self.folder, exist_ok=True)
        os.chmod(self.folder, 0o777)  # Squid changes its user
        self.output = open(os.path.join(self.folder, "output"), "w")
        self.process = subprocess.Popen(
            self.command(),
            stdin=subprocess.DEVNULL,
            stdout=self.output,
            stderr=self.output,
            preexec_fn=self.prepare,
            env={**os.environ, **self.environment},
        )
        deadline = time.monotonic() + 15
        while time.monotonic() < deadline and self.process.poll() is None:
            with socket.socket() as s:
                if s.connect_ex(("127.0.0.1", self.port)) == 0:
                    time.sleep(0.3)
                    return
            time.sleep(0.05)
        self.stop()
        with open(os.path.join(self.folder, "output")) as f:
            raise RuntimeError(f"{self.name} did not start: {f.read()[-2000:]}")

    def pids(self):
        return family(self.process.pid)

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(15)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.output.close()


class Relay(Peer):
    """The limit. `head` and `splice` as bench/relay.c explains."""

    head = "connect"
    splice = False
    origin = "tls"

    def __init__(self, run, core):
        super().__init__(run, core)
        self.program = os.path.join(run.build, "bench", "relay")

    def command(self):
        port = self.run.origin_port(self.origin)
        words = [self.program, "--port", str(self.port), "--origin-port", str(port)]
        return words + ["--head", self.head] + (["--splice"] if self.splice else [])


class RelayCopy(Relay):
    name = "bare relay"


class RelaySplice(Relay):
    name = "bare relay, splice"
    splice = True


class RelayDirect(Relay):
    name = "bare relay, no CONNECT"
    head = "none"
    direct = True


class RelayHttp(Relay):
    name = "bare relay, HTTP"
    head = "none"
    origin = "http"


class RelayRefuse(Relay):
    name = "bare 403"
    head = "refuse"


class Sallyport(Peer):
    name = "sallyport"
    workers = 1
    settle_ms = 1500  # the exporter's batch interval and some

    def __init__(self, run, core):
        super().__init__(run, core)
        self.program = os.path.join(run.build, "sallyport")

    def listen(self):
        """What else stands in [listen], and tables behind it."""
        return ""

    def network(self):
        return 'unlisted = "deny"'

    def command(self):
        # Nothing is left of an earlier candidate of the same name, questions above all.
        shutil.rmtree(os.path.join(self.folder, "state"), ignore_errors=True)
        hosts = self.write("hosts", f"127.0.0.1 {NAME} {RELEASED}\n")
        config = self.write(
            "config.toml",
            f"""workers = {self.workers}
[listen]
proxy = ["127.0.0.1:{self.port}"]
{self.listen()}
[network]
{self.network()}
allowed_domains = [
  {{ domain = "{NAME}:{self.run.origin_port("tls")}", addresses = ["127.0.0.1"] }},
  {{ domain = "{NAME}:{self.run.origin_port("http")}", addresses = ["127.0.0.1"], protocol = "http" }},
]
[dns]
servers = ["127.0.0.1:9"]
hosts_file = "{hosts}"
[otel]
exporter = {{ otlp-http = {{ endpoint = "{self.run.collector.url}", protocol = "binary" }} }}
log = "none"
[state]
directory = "{self.folder}/state"
""",
        )
        return [self.program, "serve", "--config", config]


class SallyportTwo(Sallyport):
    name = "sallyport, two workers"
    workers = 2


class SallyportHold(Sallyport):
    """Names on no list wait; every bound is above what the run holds. Where one process may not have
    as many descriptors as that, it gets more workers, each with a table of descriptors of its own."""

    name = "sallyport, holding"
    settle_ms = 2500
    held = 50000

    def __init__(self, run, core):
        super().__init__(run, core)
        self.control = free_port()
        spare = 1000 + self.held // 10  # workers do not share connections evenly
        if DESCRIPTORS < self.held + spare:
            self.workers = -(-self.held // (DESCRIPTORS - spare))
            self.environment["LD_PRELOAD"] = os.path.join(run.build, "bench", "own_files.so")

    def listen(self):
        return f"""control = ["127.0.0.1:{self.control}"]
[approvals]
hold_timeout = "1h"
pending_ttl = "1h"
max_waiting = 1000000
max_waiting_per_identity = 1000000
max_waiting_per_question = 1000000
max_questions = 65536
max_questions_per_identity = 65536
[limits]
connections = 1000000
"""

    def network(self):
        return f"""unlisted = "hold"
allow_local_binding = true
denied_domains = ["{DENIED}"]
"""

    def token(self):
        """Of the administrator, which lies in the state directory."""
        with open(os.path.join(self.folder, "state", "admin.token")) as f:
            return f.read().strip()

    def arguments(self):
        return ["--control", str(self.control), "--token", self.token()]


class SallyportRelease(SallyportHold):
    """As many as one approval releases."""

    held = 1000


class SallyportQuiet(SallyportHold):
    """Configured alike, and holds next to nothing."""

    name = "sallyport, holding nothing"


class RelaySecure(Relay):
    """Both handshakes, with one leaf for all."""

    name = "bare TLS relay"

    def __init__(self, run, core):
        super().__init__(run, core)
        self.program = os.path.join(run.build, "bench", "relay_secure")

    def command(self):
        c = self.run.certificates
        return [
            self.program, "--port", str(self.port), "--origin-port", str(self.run.origin_port("tls")),
            "--name", NAME, "--certificate", c.leaf, "--key", c.key, "--roots", c.ca,
        ]


class SallyportInside(Sallyport):
    """A rule about requests, so that every tunnel is looked into."""

    name = "sallyport, looking inside"

    def listen(self):
        return f"""[tls]
ca = "memory"
extra_roots = "{self.run.certificates.ca}"
[[network.rules]]
domain = "{NAME}:*"
methods = ["GET"]
action = "allow"
"""


class Mitmproxy(Peer):
    name = "mitmproxy"
    program = "mitmdump"

    def target(self, origin_port):
        return f"127.0.0.1:{origin_port}"  # it has no hosts file of its own

    def command(self):
        return [
            self.installed(), "--quiet", "--listen-host", "127.0.0.1", "--listen-port", str(self.port),
            "--set", f"confdir={self.folder}",
            "--set", f"ssl_verify_upstream_trusted_ca={self.run.certificates.ca}",
        ]


class Squid(Peer):
    name = "Squid"
    program = "squid"

    def command(self):
        hosts = self.write("hosts", f"127.0.0.1 {NAME}\n")
        config = self.write(
            "squid.conf",
            f"""http_port 127.0.0.1:{self.port}
hosts_file {hosts}
acl listed dstdomain {NAME}
http_access allow listed
http_access deny all
cache deny all
cache_log {self.folder}/cache.log
access_log stdio:{self.folder}/access.log
pid_filename none
pinger_enable off
shutdown_lifetime 0 seconds
max_filedescriptors {DESCRIPTORS}
coredump_dir {self.folder}
visible_hostname bench
""",
        )
        return [self.installed(), "-N", "-f", config]


class SquidInside(Squid):
    """ssl_bump: the upstream first, then the client, as sallyport does it."""

    name = "Squid, ssl_bump"
    certgen = "/usr/lib/squid/security_file_certgen"

    def installed(self):
        return os.path.exists(self.certgen) and super().installed()

    def command(self):
        words = super().command()
        authority = self.run.certificates.authority(self.folder)
        store = os.path.join(self.folder, "leaves")
        shutil.rmtree(store, ignore_errors=True)
        subprocess.run([self.certgen, "-c", "-s", store, "-M", "4MB"], check=True, capture_output=True)
        subprocess.run(["chown", "-R", "proxy", store], check=True)
        with open(words[-1]) as f:
            text = f.read().replace(
                f"http_port 127.0.0.1:{self.port}\n",
                f"http_port 127.0.0.1:{self.port} ssl-bump generate-host-certificates=on "
                f"tls-cert={authority}\n"
                f"sslcrtd_program {self.certgen} -s {store} -M 4MB\n"
                f"tls_outgoing_options cafile={self.run.certificates.ca}\n"
                "ssl_bump stare all\nssl_bump bump all\n",
            )
        self.write("squid.conf", text)
        return words


class Tinyproxy(Peer):
    name = "tinyproxy"
    program = "tinyproxy"

    def target(self, origin_port):
        return f"127.0.0.1:{origin_port}"  # it has no hosts file of its own

    def command(self):
        refused = self.write("filter", "^refused\\.test$\n")
        config = self.write(
            "tinyproxy.conf",
            f"""Port {self.port}
Listen 127.0.0.1
Timeout 600
MaxClients 12000
Allow 127.0.0.0/8
Filter "{refused}"
LogFile "{self.folder}/access.log"
LogLevel Connect
""",
        )
        return [self.installed(), "-d", "-c", config]


class Haproxy(Peer):
    name = "HAProxy"
    program = "haproxy"
    direct = True
    forwards = refuses = False

    def command(self):
        config = self.write(
            "haproxy.cfg",
            f"""global
  maxconn {(DESCRIPTORS - 200) // 2}
  nbthread 1
  maxpipes 64
  log stdout format raw local0
defaults
  mode tcp
  log global
  option tcplog
  option splice-auto
  timeout connect 5s
  timeout client 10m
  timeout server 10m
frontend proxy
  bind 127.0.0.1:{self.port}
  tcp-request inspect-delay 5s
  tcp-request content accept if {{ req.ssl_sni -i {NAME} }}
  tcp-request content reject
  default_backend origin
backend origin
  server one 127.0.0.1:{self.run.origin_port("tls")}
""",
        )
        return [self.installed(), "-f", config, "-db"]


class Nginx(Peer):
    name = "nginx stream"
    program = "nginx"
    direct = True
    forwards = refuses = False
    module = "/usr/lib/nginx/modules/ngx_stream_module.so"

    def installed(self):
        return os.path.exists(self.module) and super().installed()

    def command(self):
        config = self.write(
            "nginx.conf",
            f"""load_module {self.module};
daemon off;
user root;
pid {self.folder}/pid;
error_log {self.folder}/error.log;
worker_processes 1;
worker_rlimit_nofile {DESCRIPTORS};
events {{ worker_connections {DESCRIPTORS}; }}
stream {{
  log_format one '$remote_addr [$time_local] $ssl_preread_server_name $status $bytes_sent';
  access_log {self.folder}/access.log one;
  map $ssl_preread_server_name $origin {{
    {NAME} 127.0.0.1:{self.run.origin_port("tls")};
    default "";
  }}
  server {{
    listen 127.0.0.1:{self.port};
    ssl_preread on;
    proxy_pass $origin;
  }}
}}
""",
        )
        return [self.installed(), "-c", config, "-e", f"{self.folder}/error.log"]


PEERS = [Squid, Tinyproxy, Haproxy, Nginx]
