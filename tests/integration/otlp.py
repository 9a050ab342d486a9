# SPDX-License-Identifier: Apache-2.0
"""A collector for tests, and the official OTLP schema to read what it got.

The schema is that of the npm package below, decoded by protoc's descriptors and Python's protobuf:
nothing of sallyport's own encoder is involved. The package is installed once into a cache outside
the repository; later runs need no network."""

import gzip
import http.server
import os
import pathlib
import shutil
import socket
import ssl
import subprocess
import tempfile
import threading
import time

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

PACKAGE = "@opentelemetry/otlp-grpc-exporter-base"
VERSION = "0.35.0"
TOP = pathlib.Path(__file__).resolve().parents[2]
EVENT_NAME_FIELD = 12  # younger than the package's schema, so it must show as an unknown field


def cache_directory():
    base = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return pathlib.Path(os.environ.get("SALLYPORT_TEST_CACHE", base + "/sallyport-tests"))


def protos():
    """The folder of the official .proto files, installed when it is missing."""
    installed = TOP / "build" / "npm" / "node_modules" / PACKAGE
    if (installed / "package.json").exists():
        return installed / "build" / "protos"
    home = cache_directory() / f"otlp-{VERSION}"
    if not home.exists():
        home.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=home.parent) as temporary:
            subprocess.run(
                ["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts",
                 "--prefix", temporary, f"{PACKAGE}@{VERSION}"],
                check=True, stdout=subprocess.DEVNULL, timeout=300)
            installed = pathlib.Path(temporary, "node_modules", PACKAGE, "build", "protos")
            staged = pathlib.Path(temporary, "protos")
            shutil.copytree(installed, staged)
            try:
                staged.rename(home)
            except OSError:  # another run was faster
                assert home.exists()
    return home


class Schema:
    """The official messages as Python classes."""

    SERVICE = "opentelemetry/proto/collector/logs/v1/logs_service.proto"

    def __init__(self):
        with tempfile.NamedTemporaryFile() as out:
            subprocess.run(
                ["protoc", f"--proto_path={protos()}", "--include_imports",
                 f"--descriptor_set_out={out.name}", self.SERVICE], check=True)
            files = descriptor_pb2.FileDescriptorSet.FromString(out.read())
        pool = descriptor_pool.DescriptorPool()
        for file in files.file:
            pool.Add(file)
        request = pool.FindMessageTypeByName(
            "opentelemetry.proto.collector.logs.v1.ExportLogsServiceRequest")
        self.request = message_factory.MessageFactory(pool).GetPrototype(request)


_schema = None


def decode(body):
    """An ExportLogsServiceRequest of the official schema."""
    global _schema
    _schema = _schema or Schema()
    return _schema.request.FromString(body)


def value(any_value):
    kind = any_value.WhichOneof("value")
    return getattr(any_value, kind) if kind else None


def attributes(pairs):
    found = {pair.key: value(pair.value) for pair in pairs}
    assert len(found) == len(pairs), "a key was used twice"
    return found


def unknown(message):
    return {field.field_number: field.data for field in message.UnknownFields()}


def records(body):
    """Every record of a request as a dict, with the resource's attributes in it."""
    found = []
    for resource_logs in decode(body).resource_logs:
        resource = attributes(resource_logs.resource.attributes)
        for scope_logs in resource_logs.scope_logs:
            for record in scope_logs.log_records:
                found.append({
                    "event_name": unknown(record)[EVENT_NAME_FIELD].decode(),
                    "time": record.time_unix_nano,
                    "observed": record.observed_time_unix_nano,
                    "severity": record.severity_number,
                    "severity_text": record.severity_text,
                    "body": value(record.body),
                    "trace_id": record.trace_id.hex(),
                    "span_id": record.span_id.hex(),
                    "flags": record.flags,
                    "attributes": attributes(record.attributes),
                    "resource": resource,
                    "scope": scope_logs.scope.name,
                })
    return found


class Answer:
    """What the collector says to one request. `hold` is an Event that it waits for first."""

    def __init__(self, status=200, headers=(), body=b"", hold=None):
        self.status, self.headers, self.body, self.hold = status, dict(headers), body, hold


class Collector:
    """Listens on a port of the kernel's choice; answers from `answers` in order, then
    `otherwise`."""

    def __init__(self, port=0, tls=None):
        self.answers = []
        self.otherwise = Answer()
        self.requests = []  # (monotonic time, headers, decoded body, status)
        self.connections = []
        self.changed = threading.Condition()
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", port), self._handler())
        self.server.daemon_threads = True
        if tls:
            self.server.socket = tls.wrap_socket(self.server.socket, server_side=True)
        self.port = self.server.server_address[1]
        self.endpoint = f"{'https' if tls else 'http'}://127.0.0.1:{self.port}/v1/logs"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def _handler(collector):
        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self):
                super().setup()
                with collector.changed:
                    collector.connections.append(self.connection)

            def do_POST(self):
                collector._answer(self)

            def log_message(self, *arguments):
                pass

        return Handler

    def _answer(self, handler):
        body = handler.rfile.read(int(handler.headers["Content-Length"]))
        with self.changed:
            answer = self.answers.pop(0) if self.answers else self.otherwise
        if answer.hold:
            answer.hold.wait(30)
        if handler.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        with self.changed:
            self.requests.append(
                (time.monotonic(), dict(handler.headers), body, answer.status, handler.path))
            self.changed.notify_all()
        try:
            handler.send_response(answer.status)
            for name, text in answer.headers.items():
                handler.send_header(name, text)
            handler.send_header("Content-Length", str(len(answer.body)))
            handler.end_headers()
            handler.wfile.write(answer.body)
        except (BrokenPipeError, ConnectionResetError, ssl.SSLError):
            pass

    def accepted(self):
        """The records of every request that was answered with 200."""
        with self.changed:
            done = [request for request in self.requests if request[3] == 200]
        return [record for request in done for record in records(request[2])]

    def wait_requests(self, count, timeout=20):
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.requests) >= count, timeout), \
                f"{len(self.requests)} of {count} requests"

    def wait_records(self, count, timeout=30):
        """Waits until `count` records were accepted in all, and returns them."""
        end = time.monotonic() + timeout
        while True:
            with self.changed:
                seen = len(self.requests)
            found = self.accepted()
            if len(found) >= count:
                return found
            with self.changed:
                assert self.changed.wait_for(
                    lambda: len(self.requests) > seen, end - time.monotonic()), \
                    f"{len(found)} of {count} records"

    def close(self):
        self.server.shutdown()
        self.server.server_close()
        with self.changed:
            for connection in self.connections:
                try:
                    connection.shutdown(socket.SHUT_RDWR)
                except OSError:  # the other side was faster
                    pass
