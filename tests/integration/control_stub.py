# SPDX-License-Identifier: Apache-2.0
"""A control endpoint that says what a test wants it to say: the shapes of control/openapi.json, without
a proxy behind. What the real one does is for the real one's tests."""

import copy
import http.server
import json
import queue
import socketserver
import threading
import urllib.parse

TOKEN = "stub-token"

QUESTION = {
    "id": "q-00000000000000a1", "state": "pending", "identity": "local", "session": None,
    "host": "cdn.new.example", "port": 443, "protocol": "https_connect",
    "registrable": "new.example", "unicode": None, "asked_at": "2026-11-21T10:55:08.123Z",
    "expires_at": "2026-11-21T11:10:08.123Z", "decided_at": None, "waiters": 3, "asks": 5,
    "context": {"method": None, "path_class": None, "user_agent": "git/2.39", "traceparent": None,
                "process": {"name": "git", "command": "git fetch", "pid": 7}},
    "justification": None, "wider": ["*.new.example", "**.new.example"], "decision": None,
}
GRANT = {
    "id": "g-00000000000000b1", "decision": "allow", "scope": "always",
    "pattern": "cdn.new.example:443", "identity": None, "session": None, "protocol": None,
    "created_at": "2026-11-21T10:55:08.123Z", "expires_at": None, "decider": "admin", "note": "",
    "question": None,
}


def question(number, host, **more):
    return {**copy.deepcopy(QUESTION), "id": f"q-{number:016x}", "host": host, **more}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def address_string(self):
        return "stub"

    def reply(self, status, value=None, text=None, kind="application/json"):
        body = text if text is not None else json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def problem(self, status, code, detail):
        self.reply(status, {"type": "about:blank", "title": "No", "status": status,
                            "detail": detail, "code": code}, kind="application/problem+json")

    def any(self):
        stub = self.server.stub
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        url = urllib.parse.urlsplit(self.path)
        call = {"method": self.command, "path": url.path, "query": dict(urllib.parse.parse_qsl(url.query)),
                "headers": dict(self.headers.items()), "body": json.loads(body) if body else None}
        stub.calls.append(call)
        if stub.script:
            stub.script.pop(0)(self)
        elif self.headers.get("Authorization") != "Bearer " + TOKEN:
            self.problem(401, "unauthorized", "A token is needed.")
        elif body and self.headers.get("Content-Type") != "application/json":
            self.problem(415, "unsupported_media_type", "JSON only.")
        elif url.path == "/v1/events":
            self.stream(stub)
        else:
            stub.answer(self, call)

    do_GET = do_POST = do_DELETE = any

    def stream(self, stub):
        """Everything put into stub.events, as bytes; None ends the connection."""
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True
        while True:
            piece = stub.events.get()
            if piece is None:
                return
            try:
                self.wfile.write(piece)
                self.wfile.flush()
            except OSError:
                stub.events.put(piece)
                return


class UnixServer(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True
    block_on_close = False


class ControlStub:
    """Listens on a unix socket. `questions` and `grants` are what it lists; `calls` what it was asked;
    `script` functions of the handler that answer the next calls instead."""

    def __init__(self, path):
        self.questions = []
        self.grants = []
        self.calls = []
        self.script = []
        self.events = queue.Queue()
        self.place = f"unix:{path}"
        self.server = UnixServer(str(path), Handler)
        self.server.stub = self
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True)
        self.thread.start()

    def stop(self):
        self.events.put(None)
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    def emit(self, name, data, ident=None):
        lines = ([f"id: {ident}"] if ident else []) + [f"event: {name}", "data: " + json.dumps(data)]
        self.events.put(("\n".join(lines) + "\n\n").encode())

    def asked(self, question_id):
        return next((q for q in self.questions if q["id"] == question_id), None)

    def answer(self, handler, call):
        path = call["path"].split("/")
        if call["path"] == "/v1/approvals":
            state = call["query"].get("state", "pending")
            found = [q for q in self.questions if state in ("all", q["state"])]
            handler.reply(200, {"approvals": found})
        elif call["path"] == "/v1/grants" and call["method"] == "GET":
            handler.reply(200, {"grants": self.grants})
        elif call["path"] == "/v1/grants":
            grant = {**GRANT, **{k: v for k, v in call["body"].items() if k in GRANT}}
            self.grants.append(grant)
            handler.reply(201, grant)
        elif path[:3] == ["", "v1", "grants"] and call["method"] == "DELETE":
            gone = [g for g in self.grants if g["id"] == path[3]]
            if not gone:
                handler.problem(404, "not_found", "There is no such grant.")
                return
            self.grants.remove(gone[0])
            handler.reply(200, gone[0])
        elif path[:3] == ["", "v1", "approvals"] and path[-1] in ("approve", "deny"):
            self.decide(handler, call, path)
        elif call["path"] == "/v1/links":
            handler.reply(201, {"url": "http://127.0.0.1:3129/#signin=abc",
                                "expires_at": "2026-11-21T11:10:08.123Z"})
        else:
            handler.problem(404, "not_found", "There is no such thing here.")

    def decide(self, handler, call, path):
        asked = self.asked(path[3])
        if not asked:
            handler.problem(404, "not_found", "There is no such question.")
        elif asked["state"] != "pending":
            handler.problem(409, "already_decided", f"Somebody decided already: {asked['state']}.")
        else:
            allow = path[-1] == "approve"
            asked["state"] = "approved" if allow else "denied"
            asked["waiters"] = 0
            body = call["body"]
            grant = {**GRANT, "decision": "allow" if allow else "deny",
                     "scope": body.get("scope", "once"), "question": asked["id"],
                     "pattern": body.get("pattern", f"{asked['host']}:{asked['port']}"),
                     "identity": None if body.get("identity") == "*" else asked["identity"]}
            handler.reply(200, {"approval": asked, "grant": grant})
