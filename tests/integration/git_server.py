# SPDX-License-Identifier: Apache-2.0
"""git's smart HTTP protocol: git's own http-backend behind a small CGI server on loopback.
Source: git-http-backend(1), RFC 3875."""

import http.server
import os
import pathlib
import re
import subprocess
import threading


class GitServer:
    """Serves the bare repositories in `root`, for reading and writing, by the smart protocol only.
    `requests` has "METHOD path?query" of each, in order, with " chunked" behind it where the body
    came so."""

    def __init__(self, root):
        server = self
        self.root = pathlib.Path(root)
        self.requests = []

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):  # noqa: N802  (the library's name)
                server.take(self)

            do_POST = do_GET

            def log_message(self, *_):
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def take(self, handler):
        chunked = "chunked" in handler.headers.get("Transfer-Encoding", "")
        self.requests.append(f"{handler.command} {handler.path}{' chunked' if chunked else ''}")
        body = read_chunks(handler.rfile) if chunked else read_length(handler)
        done = subprocess.run(
            ["git", "-c", "http.getanyfile=false", "-c", "http.receivepack=true", "http-backend"],
            input=body,
            env=self.environment(handler, len(body)),
            capture_output=True,
            check=False,
        )
        head, _, page = done.stdout.partition(b"\r\n\r\n")
        fields = re.findall(r"([\w-]+): ([^\r\n]*)", head.decode("latin-1"))
        status = dict(fields).get("Status", "200" if head else "500")
        handler.send_response(int(status.split()[0]))
        for name, value in fields:
            if name != "Status":
                handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(page)))
        handler.end_headers()
        handler.wfile.write(page)

    def environment(self, handler, length):
        path, _, query = handler.path.partition("?")
        given = {
            "CONTENT_TYPE": handler.headers.get("Content-Type"),
            "HTTP_CONTENT_ENCODING": handler.headers.get("Content-Encoding"),
            "GIT_PROTOCOL": handler.headers.get("Git-Protocol"),
        }
        return {
            "PATH": os.environ["PATH"],
            "GIT_CONFIG_GLOBAL": "/dev/null",
            "GIT_CONFIG_SYSTEM": "/dev/null",
            "GIT_PROJECT_ROOT": str(self.root),
            "GIT_HTTP_EXPORT_ALL": "1",
            "REQUEST_METHOD": handler.command,
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "CONTENT_LENGTH": str(length),
            "REMOTE_ADDR": handler.client_address[0],
            **{name: value for name, value in given.items() if value},
        }

    def stop(self):
        self._server.shutdown()
        self._server.server_close()


def read_length(handler):
    return handler.rfile.read(int(handler.headers.get("Content-Length", "0")))


def read_chunks(stream):
    body = b""
    while size := int(stream.readline(), 16):
        body += stream.read(size)
        stream.readline()
    stream.readline()  # the empty line behind the last chunk; git sends no trailers
    return body
