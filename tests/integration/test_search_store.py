# SPDX-License-Identifier: Apache-2.0
"""sallyport search list, show, find, purge, export, import and stats, on a file without a proxy."""

import gzip
import http.server
import json
import os
import stat
import subprocess
import threading

import pytest

from test_cli import run

KEY = "00112233445566778899aabbccddeeff00112233445566778899aabbccddee"


def line(number, **members):
    answer = dict(
        sallyport_search=1, key=f"{KEY}{number:02x}", provider="brave" if number % 2 else "kagi",
        query=f"word{number} and ümlaut", search=f"brave q=word{number}", stored=1700000000 + number,
        lifetime=60, fields="Content-Type: application/json\r\n",
        results=[f"Title {number}", f"https://a.test/{number}", "penguins \u202e swim"],
        body=json.dumps({"number": number}))
    answer.update(members)
    return json.dumps(answer) + "\n"


@pytest.fixture
def store(tmp_path):
    """A function that runs `search COMMAND` on a store of its own."""
    config = tmp_path / "config.toml"
    config.write_text(f'[state]\ndirectory = "{tmp_path}"\n')

    def command(*arguments, **options):
        return run("search", *arguments, "--config", str(config), **options)
    return command


@pytest.fixture
def filled(store, tmp_path):
    file = tmp_path / "answers.jsonl"
    file.write_text("".join(line(n) for n in range(1, 11)))
    assert store("import", str(file)).stdout.startswith("10 answers taken, 0 ")
    return store


def entries(store, *arguments):
    return json.loads(store("list", "--json", *arguments).stdout)


def test_without_a_store_there_is_one_sentence(store):
    done = store("list", status=1)
    assert done.stdout == ""
    assert "search.db cannot be opened: No such file" in done.stderr


def test_what_is_imported_is_listed_shown_and_found(filled, tmp_path):
    assert stat.S_IMODE(os.stat(tmp_path / "search.db").st_mode) == 0o600
    page = entries(filled, "--most", "4")
    assert [entry["query"] for entry in page["entries"]] == [f"word{n} and ümlaut" for n in range(1, 5)]
    rest = entries(filled, "--after", str(page["next"]))
    assert len(rest["entries"]) == 6 and rest["next"] is None
    assert len(entries(filled, "--provider", "kagi")["entries"]) == 5
    assert len(entries(filled, "--pattern", "word1*")["entries"]) == 2
    assert len(entries(filled, "--older-than", "1d")["entries"]) == 10
    table = filled("list").stdout.splitlines()
    assert table[0].split() == ["ID", "STORED", "PROVIDER", "BYTES", "HITS", "QUERY"]
    assert len(table) == 11
    shown = json.loads(filled("show", "--json", KEY + "03").stdout)
    assert json.loads(shown["body"]) == {"number": 3}
    assert shown["results"][0]["url"] == "https://a.test/3"
    said = filled("show", str(shown["id"])).stdout
    assert "Title 3" in said and "\u202e" not in said
    assert filled("show", "999", status=1).stderr == "sallyport: there is no such answer\n"
    assert "Title 7" in filled("find", "title 7 penguins").stdout
    assert "no such answer" in filled("find", "title nothing", status=1).stderr


def test_an_export_is_an_import(filled, store, tmp_path):
    out = filled("export", "--provider", "brave").stdout
    assert [json.loads(text)["provider"] for text in out.splitlines()] == ["brave"] * 5
    again = tmp_path / "again.gz"
    again.write_bytes(gzip.compress(filled("export").stdout.encode()))
    assert json.loads(filled("import", "--json", str(again)).stdout) == {"taken": 0, "known": 10, "passed": 0}
    filled("purge", "--all")
    assert json.loads(filled("import", "--json", str(again)).stdout)["taken"] == 10


def test_one_bad_line_imports_nothing(store, tmp_path):
    file = tmp_path / "answers.jsonl"
    file.write_text(line(1) + line(2, fields="Set-Cookie: a=b\r\n") + "{}\n")
    done = store("import", str(file), status=1)
    assert done.stderr.splitlines() == [
        f"{file}:2: fields that are none, or that are not kept",
        f"{file}:3: sallyport_search is not 1",
        f"sallyport: {file}: 2 faults, nothing is imported"]
    assert entries(store)["entries"] == []


def test_a_web_archive_is_imported(store, tmp_path):
    uri = "https://api.search.brave.com/res/v1/web/search?q=knots&api_key=s3cret"
    body = json.dumps({"web": {"results": [{"title": "Knots", "url": "https://knots.test/", "description": "bowline"}]}})
    records = ""
    for kind, block in (("request", f"GET /{uri.split('/', 3)[3]} HTTP/1.1\r\nHost: api.search.brave.com\r\n"
                                    "X-Subscription-Token: s3cret\r\n\r\n"),
                        ("response", "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nSet-Cookie: s3cret\r\n"
                                     f"Content-Length: {len(body)}\r\n\r\n{body}")):
        records += (f"WARC/1.0\r\nWARC-Type: {kind}\r\nWARC-Target-URI: {uri}\r\nWARC-Date: 2023-11-14T22:13:20Z\r\n"
                    f"Content-Type: application/http; msgtype={kind}\r\nContent-Length: {len(block)}\r\n\r\n{block}\r\n\r\n")
    file = tmp_path / "knots.warc.gz"
    file.write_bytes(gzip.compress(records.encode()))
    assert store("import", str(file)).stdout.startswith("1 answers taken")
    entry = entries(store)["entries"][0]
    assert (entry["provider"], entry["query"]) == ("brave", "knots")
    assert entry["key"] == json.loads(run("search", "key", "--json", uri).stdout)["key"]
    assert "bowline" in store("find", "--json", "bowline").stdout
    assert "s3cret" not in store("export").stdout
    for name in ("search.db", "search.db-wal"):
        if (tmp_path / name).exists():
            assert b"s3cret" not in (tmp_path / name).read_bytes()


class Engine(http.server.BaseHTTPRequestHandler):
    """A search engine that answers in chunks and by the client's language."""
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.send_response(200)
        for name, value in {"Content-Type": "text/html", "Transfer-Encoding": "chunked", "Set-Cookie": "id=s3cret",
                            "Vary": "Accept-Language", "ETag": '"1"'}.items():
            self.send_header(name, value)
        self.end_headers()
        for part in (b"<p>knots", b" and bends</p>"):
            self.wfile.write(b"%x\r\n%s\r\n" % (len(part), part))
        self.wfile.write(b"0\r\n\r\n")

    def log_message(self, *arguments):
        pass


def test_an_archive_that_wget_made(tmp_path):
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Engine) as engine:
        threading.Thread(target=engine.serve_forever, daemon=True).start()
        place = f"127.0.0.1:{engine.server_port}"
        subprocess.run(["wget", "-q", "--no-proxy", "--warc-file=knots", "-O", "page", "--header=Cookie: id=s3cret",
                        f"http://{place}/find?q=tie+knots", f"http://{place}/about"],
                       cwd=tmp_path, check=True, timeout=20)
        engine.shutdown()
    config = tmp_path / "config.toml"
    config.write_text(f"""[state]
directory = "{tmp_path}"
[[search.providers]]
name = "corp"
hosts = ["{place}"]
paths = ["/find"]
query = "q"
""")
    said = run("search", "import", "--json", str(tmp_path / "knots.warc.gz"), "--config", str(config)).stdout
    assert json.loads(said)["taken"] == 1
    line = json.loads(run("search", "export", "--config", str(config)).stdout)
    assert line["query"] == "tie knots"
    assert line["body"] == "<p>knots and bends</p>"
    assert "s3cret" not in json.dumps(line) and "variant" in line


def test_purging_says_which(filled):
    assert "say which" in filled("purge", status=2).stderr
    assert "say which" in filled("purge", "--all", "--provider", "kagi", status=2).stderr
    assert filled("purge", "--pattern", "word1*").stdout == "2 answers removed\n"
    assert json.loads(filled("purge", "--json", "--key", KEY + "03").stdout) == {"removed": 1}
    assert filled("purge", "--provider", "kagi").stdout == "4 answers removed\n"
    statistics = json.loads(filled("stats", "--json").stdout)
    assert statistics["entries"] == 3 and statistics["missed"] == []
    assert "answers   3" in filled("stats").stdout
