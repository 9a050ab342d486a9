# SPDX-License-Identifier: Apache-2.0
"""An OTLP/HTTP collector that decodes with the official schema (the .proto files of the npm package
@opentelemetry/otlp-grpc-exporter-base), and can be slow, refuse, die and come back.
Source: OTLP 1.0 specification, OTLP/HTTP."""

import gzip
import http.server
import importlib
import pathlib
import subprocess
import sys
import threading
import time
from dataclasses import dataclass

PROTOS = "node_modules/@opentelemetry/otlp-grpc-exporter-base/build/protos"
SERVICE = "opentelemetry/proto/collector/logs/v1/logs_service.proto"
EVENT_NAME = 12  # LogRecord.event_name came to the schema after the release that the package has


def compile_schema(npm, directory):
    """Python modules of the official .proto files; returns the logs service's."""
    root = pathlib.Path(npm) / PROTOS
    files = sorted(str(path.relative_to(root)) for path in root.rglob("*.proto"))
    subprocess.run(
        ["protoc", f"--proto_path={root}", f"--python_out={directory}", *files], check=True
    )
    sys.path.insert(0, str(directory))
    return importlib.import_module("opentelemetry.proto.collector.logs.v1.logs_service_pb2")


@dataclass
class LogRecord:
    """One record as a collector sees it."""

    name: str
    attributes: dict
    body: str
    message: object  # the decoded protobuf
    resource: dict

    @property
    def reason(self):
        return self.attributes.get("network.policy.reason") or self.attributes.get(
            "network_proxy.reason"
        )


def plain(value):
    """An AnyValue as a Python value."""
    kind = value.WhichOneof("value")
    return getattr(value, kind) if kind else None


def attributes_of(message):
    keys = [item.key for item in message.attributes]
    assert len(keys) == len(set(keys)), f"attribute keys repeat: {keys}"
    return {item.key: plain(item.value) for item in message.attributes}


def event_name(message):
    for unknown in message.UnknownFields():
        if unknown.field_number == EVENT_NAME:
            return unknown.data.decode("utf-8")
    raise AssertionError("the record has no event_name")


class Collector:
    """schema: the module of compile_schema. `answer` may be replaced while it runs: it takes the
    decoded request and returns (status, {field: value}, response message or None)."""

    def __init__(self, schema, context=None):
        self.schema = schema
        self.context = context
        self.answer = self.accept
        self.records = []
        self.requests = []  # (path, fields, number of records)
        self.offered = []  # hosts of the records of every request, accepted or not
        self.port = 0
        self._changed = threading.Condition()
        self._server = None
        self.start()

    def accept(self, _request):
        return 200, {}, self.schema.ExportLogsServiceResponse()

    def refuse(self, status, **fields):
        """An answer function for a fixed status."""
        named = {key.replace("_", "-"): value for key, value in fields.items()}
        return lambda _request: (status, named, None)

    @property
    def endpoint(self):
        return f"{'https' if self.context else 'http'}://127.0.0.1:{self.port}/v1/logs"

    def start(self):
        """Listens; after stop() on the same port as before."""
        collector = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):  # noqa: N802  (the library's name)
                collector.take(self)

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True
            connections = []

            def get_request(self):
                connection, address = super().get_request()
                if collector.context:
                    connection = collector.context.wrap_socket(connection, server_side=True)
                self.connections.append(connection)
                return connection, address

            def handle_error(self, *_):
                pass  # the proxy may end a connection whenever it likes

        Server.connections = []
        self._server = Server(("127.0.0.1", self.port), Handler)
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self):
        """Dies: the port is closed and every connection reset."""
        if self._server is None:
            return
        self._server.shutdown()
        self._server.server_close()
        for connection in self._server.connections:
            try:
                connection.shutdown(2)
            except OSError:
                pass
        self._server = None

    def take(self, handler):
        data = handler.rfile.read(int(handler.headers["Content-Length"]))
        if handler.headers.get("Content-Encoding") == "gzip":
            data = gzip.decompress(data)
        request = self.schema.ExportLogsServiceRequest.FromString(data)
        status, fields, response = self.answer(request)
        if status == 200:
            self.keep(request)
        with self._changed:
            records = records_of(request)
            self.requests.append((handler.path, dict(handler.headers), len(records)))
            self.offered += [str(r.attributes.get("server.address", "")) for r in records]
            self._changed.notify_all()
        body = response.SerializeToString() if response is not None else b""
        handler.send_response(status)
        handler.send_header("Content-Type", "application/x-protobuf")
        handler.send_header("Content-Length", str(len(body)))
        for name, value in fields.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(body)

    def keep(self, request):
        """Adds the records of a request to those that arrived."""
        records = records_of(request)
        with self._changed:
            self.records += records
            self._changed.notify_all()

    def wait(self, wanted, count=1, seconds=15):
        """The records for which wanted(record) holds, once there are `count`."""
        until = time.monotonic() + seconds
        with self._changed:
            while True:
                found = [record for record in self.records if wanted(record)]
                if len(found) >= count:
                    return found
                left = until - time.monotonic()
                if left <= 0 or not self._changed.wait(left):
                    raise TimeoutError(f"{len(found)} of {count} records came")

    def wait_for_offer(self, prefix, seconds=15):
        """Until a request brought a record for a host with this prefix."""
        with self._changed:
            if not self._changed.wait_for(
                lambda: any(host.startswith(prefix) for host in self.offered), seconds
            ):
                raise TimeoutError(f"nothing was offered about {prefix}")

    def wait_for_requests(self, count, seconds=15):
        with self._changed:
            if not self._changed.wait_for(lambda: len(self.requests) >= count, seconds):
                raise TimeoutError(f"{len(self.requests)} of {count} requests came")
        return self.requests


def records_of(request):
    """Every record of a request, with its resource."""
    found = []
    for resource in request.resource_logs:
        about = attributes_of(resource.resource)
        for scope in resource.scope_logs:
            for message in scope.log_records:
                found.append(
                    LogRecord(
                        event_name(message),
                        attributes_of(message),
                        message.body.string_value,
                        message,
                        about,
                    )
                )
    return found
