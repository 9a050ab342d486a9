#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""reviewer_example.py --secret-file FILE [--port PORT] [--allow NAME]... [--deny NAME]...

Answers sallyport's questions (docs/reviewer.md) by two lists: NAME and the names below it are allowed for
an hour, or denied; about everything else a person is asked. Only the standard library is needed; the
webhook part is for other reviewers to import."""

import argparse
import hashlib
import hmac
import http.server
import json
import pathlib
import sys
import time

QUESTION_BYTES = 64 * 1024
FRESH_SECONDS = 300
ASK = {"decision": "ask"}

# ---- the webhook -------------------------------------------------------------------------------


def is_genuine(secret, field, body, now):
    """True when somebody who has the secret signed this body not long ago: "t=UNIX,v1=HEX"."""
    parts = dict(part.split("=", 1) for part in field.split(",") if "=" in part)
    at, seal = parts.get("t", ""), parts.get("v1", "")
    if not (at.isascii() and at.isdigit() and len(at) <= 12) or abs(now - int(at)) > FRESH_SECONDS:
        return False
    expected = hmac.new(secret, at.encode() + b"." + body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(expected.encode(), seal.encode())


class Webhook(http.server.BaseHTTPRequestHandler):
    """`server.decide` makes an answer of a question; when it fails, a person is asked."""

    protocol_version = "HTTP/1.1"
    timeout = 60

    def do_POST(self):
        length = self.headers.get("Content-Length", "")
        if not length.isdigit() or int(length) > QUESTION_BYTES:
            self.close_connection = True
            return self.reply(413, {"error": "a question has a length, of at most 64 KiB"})
        body = self.rfile.read(int(length))
        field = self.headers.get("X-Sallyport-Signature", "")
        if not is_genuine(self.server.secret, field, body, time.time()):
            return self.reply(401, {"error": "not signed with this secret, or long ago"})
        try:
            question = json.loads(body)
            answer = self.server.decide(question)
        except Exception as fault:  # pylint: disable=broad-except
            print(f"cannot decide: {fault!r}", file=sys.stderr, flush=True)
            return self.reply(200, ASK)
        print(f"{json.dumps(question['host'])}: {json.dumps(answer)}", flush=True)
        return self.reply(200, answer)

    def reply(self, status, value):
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def serve(port, secret_file, decide):
    """Answers on loopback until the process ends. The secret is the file without its line end."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Webhook)
    server.secret = pathlib.Path(secret_file).read_bytes().removesuffix(b"\n").removesuffix(b"\r")
    server.decide = decide
    print(f"listening on http://127.0.0.1:{server.server_port}/", flush=True)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        pass


def arguments(about):
    """The arguments that every reviewer has."""
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("--secret-file", required=True, metavar="FILE")
    parser.add_argument("--port", type=int, default=8181, help="on 127.0.0.1; 0: any")
    return parser


# ---- the rules ---------------------------------------------------------------------------------


def is_below(name, host):
    return host == name or host.endswith("." + name)


def by_lists(allow, deny):
    def decide(question):
        # This one knows names. What is done there, or searched for, is for a person.
        if question.get("subject") is not None:
            return {"decision": "ask"}
        host = question["host"]
        for name in deny:
            if is_below(name, host):
                return {"decision": "deny", "note": f"{name} is on the reviewer's list"}
        for name in allow:
            if is_below(name, host):
                answer = {"decision": "allow", "scope": "ttl", "ttl": 3600, "note": f"part of {name}"}
                # One question is enough for all its names, where they are somebody's own.
                if f"**.{name}" in question["wider"]:
                    answer["pattern"] = f"**.{name}"
                return answer
        return ASK

    return decide


def main():
    parser = arguments("Answers sallyport's questions by two lists.")
    parser.add_argument("--allow", action="append", default=[], metavar="NAME")
    parser.add_argument("--deny", action="append", default=[], metavar="NAME")
    given = parser.parse_args()
    serve(given.port, given.secret_file, by_lists(given.allow, given.deny))


if __name__ == "__main__":
    main()
