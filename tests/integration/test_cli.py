# SPDX-License-Identifier: Apache-2.0
"""The command line, word by word: usage, exit codes, shapes of output. Starts and connects nothing."""

import json
import os
import pathlib
import re
import subprocess

import pytest

ROOT = pathlib.Path(__file__).parents[2]
BINARY = os.environ.get("SALLYPORT") or str(ROOT / "build" / "sallyport")
# Nothing of this machine may reach the tests, except what lets a sanitized binary run.
CLEAN = {k: v for k, v in os.environ.items() if k in ("PATH", "ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS")}


def run(*arguments, status=0, **environment):
    done = subprocess.run([BINARY, *map(str, arguments)], capture_output=True, text=True,
                          timeout=20, check=False, env={**CLEAN, **environment})
    assert done.returncode == status, (arguments, done.stdout, done.stderr)
    return done


@pytest.fixture
def config(tmp_path):
    path = tmp_path / "c.toml"
    path.write_text('unlisted = "deny"\nallowed_domains = ["a.test"]\n'
                    '[otel.exporter.otlp-http.headers]\nx-key = "hunter2"\n')
    return path


WRONG = {
    "no command": ([], "a command is missing"),
    "unknown command": (["sreve"], "unknown command sreve"),
    "half a command": (["config"], "write more, as in sallyport config check"),
    "unknown word behind half a command": (["config", "shwo"], "write more, as in sallyport config check"),
    "unknown flag": (["check", "--jsn", "a.test:1"], "unknown flag --jsn"),
    "flag of another command": (["serve", "--json"], "unknown flag --json"),
    "flag before the command": (["--json", "check"], "unknown command --json"),
    "missing operand": (["check"], "missing HOST:PORT"),
    "one operand too many": (["check", "a.test:1", "b.test:1"], "unexpected b.test:1"),
    "operand where none is": (["env", "a"], "unexpected a"),
    "missing value": (["check", "a.test:1", "--config"], "a value is missing behind --config"),
    "empty value": (["check", "a.test:1", "--config="], "a value is missing behind --config="),
    "value of a switch": (["env", "--json=yes"], "no value goes with --json"),
    "bad URL": (["env", "--proxy", "a b"], "--proxy takes a URL"),
    "help of nothing": (["help", "nothing"], 'no command "nothing"'),
}


@pytest.mark.parametrize("case", WRONG)
def test_wrong_usage_is_exit_2_and_one_sentence(case):
    arguments, sentence = WRONG[case]
    done = run(*arguments, status=2)
    assert done.stdout == ""
    assert sentence in done.stderr.splitlines()[0]


HELPED = ["serve", "check", "config check", "config show", "config help", "env", "approvals list",
          "approvals watch", "approvals approve", "approvals deny", "grants list", "grants add", "grants revoke", "tail", "search key", "search providers", "search list", "search show", "search find",
          "search purge", "search export", "search import", "search stats", "link", "ca init", "ca show", "ca bundle",
          "help", "version"]


@pytest.mark.parametrize("command", HELPED)
def test_every_command_has_help(command):
    words = command.split()
    said = run(*words, "--help").stdout
    assert said.startswith(f"sallyport {command}")
    assert "--help" in said
    assert run(*words, "-h").stdout == said
    assert said in run("help", words[0]).stdout


def test_help_and_version():
    said = run("--help").stdout
    assert said == run("help").stdout == run("-h").stdout
    for command in HELPED:
        assert re.search(rf"^  {command}\b", said, re.MULTILINE), command
    version = run("--version").stdout
    assert re.fullmatch(r"sallyport \d+\.\d+\.\d+\n", version)
    assert run("version").stdout == version


def test_check(config):
    said = run("check", "a.test:443", "--config", config).stdout
    assert said.startswith("a.test:443 is allowed") and f"{config}:2" in said
    assert "\x1b" not in said
    said = run("check", f"--config={config}", "--", "b.test", status=1).stdout
    assert said.startswith("b.test:443 is refused, not_allowed")


def test_check_takes_entries_of_the_command_line(config):
    flags = ["--config", config, "--allow", "b.test", "--allow", "c.test", "--deny", "c.test"]
    assert "--allow" in run("check", "b.test:443", *flags).stdout
    value = json.loads(run("check", "c.test:443", "--json", *flags, status=1).stdout)
    assert value["reason"] == "denied"
    assert value["rule"] == {"pattern": "c.test", "file": "--deny", "line": 0}


def test_check_as_json(config):
    value = json.loads(run("check", "a.test:443", "--json", "--config", config).stdout)
    assert value == {"host": "a.test", "port": 443, "decision": "allow", "reason": "none",
                     "source": "baseline_policy", "protocol": "tls",
                     "rule": {"pattern": "a.test", "file": str(config), "line": 2},
                     "text": value["text"]}
    value = json.loads(run("check", "a..b:443", "--json", "--config", config, status=1).stdout)
    assert (value["host"], value["port"], value["reason"]) == (None, None, "bad_target")


def test_control_bytes_stay_escaped(config):
    done = run("check", "a\x1b[31m.test:443", "--config", config, status=1)
    assert "\x1b" not in done.stdout + done.stderr
    odd = config.parent / "c\x1bd.toml"
    odd.write_text("mdoe = 1\n")
    assert "\x1b" not in run("config", "check", "--config", odd, status=1).stderr


def test_a_bad_configuration_names_its_place(config, tmp_path):
    bad = tmp_path / "bad.toml"
    bad.write_text('[timeouts]\n  idle = 3\n')
    for command in (["config", "check"], ["config", "show"], ["check", "a.test:1"], ["env"], ["serve"]):
        done = run(*command, "--config", bad, status=1)
        assert f"{bad}:2:10: idle must be a duration" in done.stderr, command
    value = json.loads(run("config", "check", "--json", "--config", bad, status=1).stdout)
    assert (value["good"], value["file"], value["line"], value["column"]) == (False, str(bad), 2, 10)


def test_a_file_that_is_not_there_is_one_sentence(tmp_path):
    done = run("config", "check", "--config", tmp_path / "none.toml", status=1)
    assert done.stderr.count("\n") == 1
    assert "No such file" in done.stderr


def test_config_check(config, tmp_path):
    requirements = tmp_path / "r.toml"
    requirements.write_text("managed_allowed_domains_only = true\n")
    done = run("config", "check", "--config", config, "--requirements", requirements)
    assert done.stdout == f"{config}\n{requirements}\ngood: 0 allow and 0 deny entries\n"
    assert f"a.test ({config}:2)" in done.stderr
    value = json.loads(run("config", "check", "--json", "--config", config).stdout)
    assert value == {"notices": [], "good": True, "allow": 1, "deny": 0}


def test_the_file_is_found_by_its_variable(config):
    assert f"{config}:2" in run("check", "a.test", SALLYPORT_CONFIG=str(config)).stdout
    other = config.parent / "other.toml"
    other.write_text("")
    run("check", "a.test", "--config", other, status=1, SALLYPORT_CONFIG=str(config))


def test_config_show_loads_again(config, tmp_path):
    shown = run("config", "show", "--config", config).stdout
    assert f"# {config}:2" in shown
    assert "hunter2" not in shown
    again = tmp_path / "again.toml"
    again.write_text(shown)
    once_more = run("config", "show", "--config", again).stdout
    without_origin = re.compile(r"  # .*")
    assert without_origin.sub("", once_more) == without_origin.sub("", shown)


def test_config_show_as_json(config):
    done = run("config", "show", "--json", "--config", config, OTEL_SERVICE_NAME="gate")
    assert "hunter2" not in done.stdout
    value = json.loads(done.stdout)
    options = value["options"]
    assert options["network.unlisted"] == {
        "value": "deny", "source": "config", "file": str(config), "line": 1}
    assert options["timeouts.idle"] == {"value": "1h", "source": "default"}
    assert options["otel.service_name"] == {
        "value": "gate", "source": "environment", "file": "OTEL_SERVICE_NAME"}
    assert options["otel.exporter.otlp-http.headers"]["value"] == {"x-key": "***"}
    assert value["entries"][0]["entry"] == "a.test"


def test_config_help_lists_what_config_show_shows(config):
    table = json.loads(run("config", "help", "--json").stdout)
    names = {".".join(filter(None, (row["section"], row["name"]))) for row in table}
    shown = json.loads(run("config", "show", "--json", "--config", config).stdout)["options"]
    assert set(shown) <= names
    text = run("config", "help").stdout
    for row in table:
        assert f"  {row['name']} = " in text
        assert row["help"].endswith(".")


def test_reasons():
    rows = json.loads(run("help", "reasons", "--json").stdout)
    assert {"not_allowed", "denied", "sni_mismatch"} <= {row["reason"] for row in rows}
    assert "not_allowed" in run("help", "reasons").stdout


def evaluated(shell):
    script = shell + "\nenv"
    seen = subprocess.run(["/bin/sh", "-c", script], capture_output=True, text=True, check=True,
                          env={}).stdout
    return dict(line.split("=", 1) for line in seen.splitlines())


PROXIES = {
    "the default": ('', [], "http://127.0.0.1:3128"),
    "a listener": ('listen.proxy = ["127.0.0.2:8080"]', [], "http://127.0.0.2:8080"),
    "IPv6": ('listen.proxy = ["[::1]:8080"]', [], "http://[::1]:8080"),
    "everywhere": ('listen.proxy = ["0.0.0.0:80"]\nlisten.allow_remote = true', [], "http://127.0.0.1:80"),
    "everywhere, IPv6": ('listen.proxy = ["[::]:80"]\nlisten.allow_remote = true', [], "http://[::1]:80"),
    "a URL": ('', ["--proxy", "http://gate.test:1/"], "http://gate.test:1/"),
    "host and port": ('', ["--proxy", "gate.test:1"], "http://gate.test:1"),
    "quotes": ('', ["--proxy", "http://a';echo:b@gate.test"], "http://a';echo:b@gate.test"),
}


@pytest.mark.parametrize("case", PROXIES)
def test_env_survives_the_shell(case, tmp_path):
    text, flags, url = PROXIES[case]
    path = tmp_path / "c.toml"
    path.write_text(text)
    shell = evaluated(run("env", "--config", path, *flags).stdout)
    plain = json.loads(run("env", "--json", "--config", path, *flags).stdout)
    assert plain["HTTPS_PROXY"] == plain["https_proxy"] == plain["npm_config_https_proxy"] == url
    assert plain["NO_PROXY"] == "localhost,127.0.0.1,::1"
    assert plain["NODE_USE_ENV_PROXY"] == "1"
    for name, value in plain.items():
        assert shell[name] == value, name


def test_env_cannot_know_a_port_that_the_kernel_chooses(tmp_path):
    path = tmp_path / "c.toml"
    path.write_text('listen.proxy = ["127.0.0.1:0"]')
    assert "--proxy URL" in run("env", "--config", path, status=1).stderr


def test_a_full_disk_is_not_success():
    with open("/dev/full", "w", encoding="ascii") as full:
        done = subprocess.run([BINARY, "config", "help"], stdout=full, check=False, env=CLEAN)
    assert done.returncode == 1


def test_the_starter_configuration_is_good():
    done = run("config", "check", "--config", ROOT / "packaging" / "config.toml")
    assert done.stderr == ""
    run("check", "api.openai.com:443", "--config", ROOT / "packaging" / "config.toml")
    run("check", "example.com:443", "--config", ROOT / "packaging" / "config.toml", status=1)


def test_the_manual_has_its_sections():
    page = run("config", "help", "--man").stdout
    sections = re.findall(r"^\.SH (.*)$", page, re.MULTILINE)
    assert sections == ["NAME", "SYNOPSIS", "DESCRIPTION", "COMMANDS", "OPTIONS", "CONFIGURATION",
                        "EXIT STATUS", "SIGNALS", "FILES", "ENVIRONMENT", "EXAMPLES"]
    assert page.isascii()
