# SPDX-License-Identifier: Apache-2.0
"""The CA: its commands, and its leaves as others than we see them: verified by OpenSSL, GnuTLS and Go,
and believed by real clients with nothing but the variables of `sallyport env`."""

import http.server
import json
import os
import pathlib
import shutil
import ssl
import stat
import subprocess
import threading

import pytest

from clients import need

ROOT = pathlib.Path(__file__).parents[2]
BINARY = os.environ.get("SALLYPORT") or str(ROOT / "build" / "sallyport")
DRIVER = pathlib.Path(BINARY).resolve().parent / "certs" / "leaf_driver"
CLEAN = {k: v for k, v in os.environ.items() if k in ("PATH", "ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS")}
LONG = "a" * 63 + "." + "b" * 63 + ".test"
HOSTS = ["localhost", "127.0.0.1", "::1", "www.example.com", "xn--bcher-kva.example", LONG]


def run(state, *arguments, status=0):
    done = subprocess.run([BINARY, *map(str, arguments)], capture_output=True, text=True, timeout=20,
                          check=False, env={**CLEAN, "STATE_DIRECTORY": str(state)})
    assert done.returncode == status, (arguments, done.stdout, done.stderr)
    return done


def show(state, *arguments):
    return json.loads(run(state, "ca", "show", "--json", *arguments).stdout)


def mode(path):
    return stat.S_IMODE(os.stat(path).st_mode)


def roles(said):
    return [authority["role"] for authority in said["authorities"]]


# ---- commands ---------------------------------------------------------------------------------


def test_init_makes_one_and_says_where_it_is(tmp_path):
    said = run(tmp_path, "ca", "init").stdout
    directory = tmp_path / "ca"
    assert mode(directory / "authority.pem") == 0o600
    for name in ("ca.pem", "bundle.pem", "truststore.p12"):
        assert mode(directory / name) == 0o644
        assert str(directory / name) in said
    assert said == run(tmp_path, "ca", "show").stdout
    (authority,) = show(tmp_path)["authorities"]
    printed = subprocess.run(["openssl", "x509", "-in", directory / "ca.pem", "-noout", "-fingerprint", "-sha256"],
                             capture_output=True, text=True, check=True).stdout
    assert printed.strip().split("=")[1].replace(":", "").lower() == authority["sha256"]
    assert authority["key"] == "EC P-256" and authority["may_sign"] == ""


def test_a_second_init_replaces_nothing_by_itself(tmp_path):
    run(tmp_path, "ca", "init")
    before = show(tmp_path)
    refused = run(tmp_path, "ca", "init", status=1)
    assert "--rotate" in refused.stderr and "--force" in refused.stderr
    assert show(tmp_path) == before
    both = json.loads(run(tmp_path, "ca", "init", "--rotate", "--json").stdout)
    assert roles(both) == ["signs", "follows"]
    assert both["authorities"][0] == before["authorities"][0]
    assert (tmp_path / "ca" / "ca.pem").read_text().count("BEGIN CERTIFICATE") == 2
    assert "already" in run(tmp_path, "ca", "init", "--rotate", status=1).stderr
    new = json.loads(run(tmp_path, "ca", "init", "--force", "--json").stdout)
    assert roles(new) == ["signs"]
    assert new["authorities"][0]["sha256"] not in {a["sha256"] for a in both["authorities"]}
    assert not (tmp_path / "ca" / "next.pem").exists()
    run(tmp_path, "ca", "init", "--force", "--rotate", status=2)


def test_where_there_is_none(tmp_path):
    for command in (["show"], ["bundle"], ["init", "--rotate"]):
        assert "`sallyport ca init` makes one" in run(tmp_path, "ca", *command, status=1).stderr
    assert list(tmp_path.iterdir()) == []


def test_bundle_has_ours_and_the_systems(tmp_path):
    run(tmp_path, "ca", "init")
    printed = run(tmp_path, "ca", "bundle").stdout
    assert printed == (tmp_path / "ca" / "bundle.pem").read_text()
    ours = (tmp_path / "ca" / "ca.pem").read_text()
    assert printed.startswith(ours) and printed.count("BEGIN CERTIFICATE") > 50
    output = tmp_path / "out.pem"
    assert run(tmp_path, "ca", "bundle", "--output", output).stdout == ""
    assert output.read_text() == printed and mode(output) == 0o644
    assert "not a plain file" in run(tmp_path, "ca", "bundle", "--output", "/dev/null", status=1).stderr
    assert len(ssl.create_default_context(cafile=output).get_ca_certs()) > 50


def test_configuration_counts(tmp_path):
    other = tmp_path / "roots.pem"
    run(tmp_path / "a", "ca", "init")
    shutil.copy(tmp_path / "a" / "ca" / "ca.pem", other)
    config = tmp_path / "c.toml"
    config.write_text(f'unlisted = "deny"\n[tls]\nca_directory = "{tmp_path}/keys"\nexport_directory = "{tmp_path}/public"\n'
                      'ca_lifetime = "10d"\nca_names = "a.test, b.test"\nroots = "roots.pem"\n')
    said = json.loads(run(tmp_path, "ca", "init", "--config", config, "--json").stdout)
    assert said["authorities"][0]["may_sign"] == "a.test, b.test"
    assert said["files"]["bundle"] == f"{tmp_path}/public/bundle.pem"
    assert os.listdir(tmp_path / "keys") == ["authority.pem"]
    assert (tmp_path / "public" / "bundle.pem").read_text().count("BEGIN CERTIFICATE") == 2
    variables = json.loads(run(tmp_path, "env", "--json", "--config", config).stdout)
    assert variables["SSL_CERT_FILE"] == f"{tmp_path}/public/bundle.pem"
    config.write_text('unlisted = "deny"\n[tls]\nca = "memory"\n')
    assert 'ca = "memory"' in run(tmp_path, "ca", "init", "--config", config, status=1).stderr
    config.write_text('unlisted = "deny"\n[tls]\nextra_roots = "bad.pem"\n')
    (tmp_path / "bad.pem").write_text("\n-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
    assert f"{tmp_path}/bad.pem:2: entry 1 is no certificate" in run(
        tmp_path, "ca", "init", "--config", config, status=1).stderr


def test_a_key_that_others_can_read_is_refused(tmp_path):
    run(tmp_path, "ca", "init")
    os.chmod(tmp_path / "ca" / "authority.pem", 0o644)
    assert "chmod 600" in run(tmp_path, "ca", "show", status=1).stderr


def test_env_names_the_files_where_there_are_some(tmp_path):
    plain = json.loads(run(tmp_path, "env", "--json").stdout)
    assert not {name for name in plain if "CERT" in name or "CA" in name.split("_")}
    assert "trustStore" not in plain["JAVA_TOOL_OPTIONS"]
    run(tmp_path, "ca", "init")
    said = json.loads(run(tmp_path, "env", "--json").stdout)
    assert {said[name] for name in ("SSL_CERT_FILE", "CURL_CA_BUNDLE", "GIT_SSL_CAINFO", "REQUESTS_CA_BUNDLE", "PIP_CERT",
                                    "CARGO_HTTP_CAINFO", "npm_config_cafile", "BUNDLE_SSL_CA_CERT",
                                    "AWS_CA_BUNDLE")} == {f"{tmp_path}/ca/bundle.pem"}
    assert {said[name] for name in ("NODE_EXTRA_CA_CERTS", "DENO_CERT")} == {f"{tmp_path}/ca/ca.pem"}
    elsewhere = json.loads(run(tmp_path, "env", "--json", "--proxy", "http://10.0.0.1:3128", "--ca", "/mnt/the ca").stdout)
    assert elsewhere["SSL_CERT_FILE"] == "/mnt/the ca/bundle.pem"
    assert elsewhere["JAVA_TOOL_OPTIONS"] == (
        "-Dhttp.proxyHost=10.0.0.1 -Dhttp.proxyPort=3128 -Dhttps.proxyHost=10.0.0.1 -Dhttps.proxyPort=3128 "
        '-Djavax.net.ssl.trustStoreType=PKCS12 "-Djavax.net.ssl.trustStore=/mnt/the ca/truststore.p12"')
    for url in ("http://user@h:1", "http://[::1]:3128", "https://h:1", "http://h", "http://h:1/x"):
        said = json.loads(run(tmp_path / "none", "env", "--json", "--proxy", url).stdout)
        assert "JAVA_TOOL_OPTIONS" not in said


# ---- leaves -----------------------------------------------------------------------------------


class Minted:
    def __init__(self, directory):
        self.directory = directory
        run(directory, "ca", "init")
        self.ca = directory / "ca" / "ca.pem"
        done = subprocess.run([DRIVER, directory / "ca", *HOSTS], cwd=directory, capture_output=True, text=True,
                              check=False, env=CLEAN)
        assert done.returncode == 0, done.stderr
        # As a tool in a sandbox has them, but for the proxy, which is not part of this.
        said = json.loads(run(directory, "env", "--json").stdout)
        self.environment = {k: v for k, v in said.items() if "proxy" not in k.lower()}
        self.environment["JAVA_TOOL_OPTIONS"] = " ".join(
            option for option in said["JAVA_TOOL_OPTIONS"].split(" ") if "proxy" not in option)

    def pem(self, host):
        return self.directory / f"{host}.pem"

    def run(self, *command, **environment):
        return subprocess.run([*map(str, command)], capture_output=True, text=True, check=False, timeout=60,
                              cwd=self.directory,
                              env={"PATH": os.environ["PATH"], "HOME": str(self.directory), **environment})


@pytest.fixture(scope="module")
def minted(tmp_path_factory):
    return Minted(tmp_path_factory.mktemp("minted"))


def is_address(host):
    return host[0].isdigit() or ":" in host


@pytest.mark.parametrize("host", HOSTS)
def test_openssl_verifies(minted, host):
    flag = "-verify_ip" if is_address(host) else "-verify_hostname"
    command = ["openssl", "verify", "-x509_strict", "-purpose", "sslserver", "-CAfile", minted.ca]
    done = minted.run(*command, flag, host, minted.pem(host))
    assert done.returncode == 0, done.stderr
    other = "192.0.2.1" if is_address(host) else "other.test"
    assert minted.run(*command, flag, other, minted.pem(host)).returncode != 0


@pytest.mark.parametrize("host", [host for host in HOSTS if not is_address(host)])
def test_gnutls_verifies(minted, host):
    command = [need("certtool"), "--verify", "--load-ca-certificate", minted.ca, "--verify-purpose", "1.3.6.1.5.5.7.3.1"]
    done = minted.run(*command, "--verify-hostname", host, "--infile", minted.pem(host))
    assert done.returncode == 0 and "Verified" in done.stdout, done.stdout + done.stderr
    done = minted.run(*command, "--verify-hostname", "other.test", "--infile", minted.pem(host))
    assert done.returncode != 0


GO = """package main

import (
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"os"
)

func main() {
	roots := x509.NewCertPool()
	ca, _ := os.ReadFile(os.Args[1])
	if !roots.AppendCertsFromPEM(ca) {
		panic("no roots")
	}
	for _, host := range os.Args[2:] {
		rest, _ := os.ReadFile(host + ".pem")
		var block *pem.Block
		for block, rest = pem.Decode(rest); block.Type != "CERTIFICATE"; block, rest = pem.Decode(rest) {
		}
		leaf, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			panic(err)
		}
		name := host
		if len(leaf.IPAddresses) > 0 {
			name = "[" + host + "]"
		}
		_, err = leaf.Verify(x509.VerifyOptions{Roots: roots, DNSName: name})
		_, other := leaf.Verify(x509.VerifyOptions{Roots: roots, DNSName: "other.test"})
		fmt.Println(host, err == nil && other != nil, err)
	}
}
"""


def test_go_verifies(minted):
    (minted.directory / "verify.go").write_text(GO)
    done = minted.run(need("go"), "run", "verify.go", minted.ca, *HOSTS, GOPROXY="off", GO111MODULE="off",
                      GOCACHE=str(pathlib.Path(BINARY).resolve().parent / "go-cache"))
    assert done.stdout == "".join(f"{host} true <nil>\n" for host in HOSTS), done.stdout + done.stderr


# ---- clients ----------------------------------------------------------------------------------


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", "5")
        self.end_headers()
        self.wfile.write(b"hello")

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    def __init__(self, pem):
        super().__init__(("127.0.0.1", 0), Handler)
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(pem)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def finish_request(self, request, client_address):
        try:
            with self.context.wrap_socket(request, server_side=True) as secure:
                super().finish_request(secure, client_address)
        except OSError:
            pass  # the client did not believe it


@pytest.fixture(scope="module")
def origins(minted):
    servers = {host: Server(minted.pem(host)) for host in ("localhost", "127.0.0.1", "www.example.com")}
    yield {host: f"https://{'127.0.0.1' if host[0].isdigit() else 'localhost'}:{server.server_port}/"
           for host, server in servers.items()}
    for server in servers.values():
        server.shutdown()


JAVA = """import java.net.*;
public class Get {
	public static void main(String[] urls) {
		for (String url : urls)
			try {
				System.out.println(new String(new URL(url).openStream().readAllBytes()));
			} catch (Exception e) {
				System.out.println(e.getClass().getSimpleName());
			}
	}
}
"""
NODE = "require('https').get(process.argv[1], r => r.pipe(process.stdout)).on('error', e => { console.error(e); process.exit(1) })"
PYTHON = "import sys, urllib.request; print(urllib.request.urlopen(sys.argv[1]).read().decode())"
REQUESTS = "import sys, requests; print(requests.get(sys.argv[1]).text)"
CLIENTS = {
    "curl": ["curl", "-sS"],
    # An older one takes the first address of "localhost", and no other.
    "node": ["node", "--dns-result-order=ipv4first", "-e", NODE],
    "python": ["/usr/bin/python3", "-c", PYTHON],
    "requests": ["/usr/bin/python3", "-c", REQUESTS],
}


@pytest.mark.parametrize("client", CLIENTS)
def test_clients_believe_by_the_variables_alone(minted, origins, client):
    program, *arguments = CLIENTS[client]
    program = need(program)
    for host in ("localhost", "127.0.0.1"):
        done = minted.run(program, *arguments, origins[host], **minted.environment)
        assert done.stdout.strip() == "hello", done.stderr
    wrong = minted.run(program, *arguments, origins["www.example.com"], **minted.environment)
    assert wrong.returncode != 0 and "hello" not in wrong.stdout
    assert minted.run(program, *arguments, origins["localhost"]).returncode != 0


def test_java_believes_by_the_variables_alone(minted, origins):
    """All in one start, which takes its time."""
    (minted.directory / "Get.java").write_text(JAVA)
    done = minted.run(need("java"), "-XX:TieredStopAtLevel=1", "Get.java", *origins.values(), **minted.environment)
    assert done.stdout.split() == ["hello", "hello", "SSLHandshakeException"], done.stderr


def test_java_finds_every_root_in_the_trust_store(minted):
    bundle = (minted.directory / "ca" / "bundle.pem").read_text()
    done = minted.run(need("keytool"), "-list", "-storepass", "any", "-keystore", minted.directory / "ca" / "truststore.p12")
    assert done.stdout.count("trustedCertEntry") == bundle.count("BEGIN CERTIFICATE"), done.stdout + done.stderr
