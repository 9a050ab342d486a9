# SPDX-License-Identifier: Apache-2.0
"""sallyport search key and search providers: what a request searches for, said without a proxy."""

import json
import re

from test_cli import ROOT, run

BRAVE = "https://api.search.brave.com/res/v1/web/search"


def key(*arguments, **options):
    return json.loads(run("search", "key", "--json", *arguments, **options).stdout)


def test_the_example_of_the_page_is_what_is_printed():
    page = (ROOT / "docs" / "search.md").read_text()
    url, said = re.search(r"\$ sallyport search key '([^']+)'\n(.*?)\$ ", page, re.DOTALL).groups()
    assert run("search", "key", url).stdout == said


def test_data_is_a_post_of_the_type_that_it_looks_like():
    tavily = key("-d", '{"query": "a  b", "api_key": "hunter2", "days": 3}', "https://api.tavily.com/search")
    assert tavily["provider"] == "tavily"
    assert tavily["query"] == "a b"
    assert tavily["search"] == 'tavily api.tavily.com:443/search days:3 query:"a b"'
    assert re.fullmatch("[0-9a-f]{64}", tavily["key"])
    form = key("--data=q=a+b", "https://html.duckduckgo.com/html/")
    assert form["key"] == key("https://html.duckduckgo.com/html/?q=a%20b")["key"]


def test_what_is_no_search_is_exit_1_and_says_why(tmp_path):
    for arguments, sentence in {
        (BRAVE,): "no search: ",
        ("-X", "PUT", BRAVE + "?q=a"): "no search: ",
        ("https://www.example.com/?q=a",): "no search: ",
        ("-X", "POST", "https://html.duckduckgo.com/html/"): "a search that is refused: the content",
        (BRAVE + "?q=100%",): 'a search that is refused: a "%"',
    }.items():
        assert run("search", "key", *arguments, status=1).stdout.startswith(sentence)
        assert key(*arguments, status=1)["provider"] is None
    assert "write a URL" in run("search", "key", "ftp://a.test/", status=2).stderr
    assert run("search", "key", "--config", tmp_path / "absent.toml", BRAVE + "?q=a", status=1).stdout == ""


def test_own_providers_come_first_and_name_their_line(tmp_path):
    config = tmp_path / "c.toml"
    config.write_text('unlisted = "deny"\n[[search.providers]]\nname = "searxng"\nhosts = ["searx.corp.example"]\n')
    own = key("--config", config, "https://searx.corp.example/?q=a&format=json")
    assert own["search"] == 'searxng searx.corp.example:443/ format="json" q="a"'
    listed = json.loads(run("search", "providers", "--json", "--config", config).stdout)["providers"]
    assert [p["name"] for p in listed][:2] == ["searxng", "brave"]
    assert (listed[0]["file"], listed[0]["line"]) == (str(config), 2)
    assert listed[0]["defaults"] == {"pageno": 1, "format": "html"}
    assert listed[1]["file"] is None
    text = run("search", "providers", "--config", config).stdout
    assert f"{config}:2" in text.splitlines()[2]
