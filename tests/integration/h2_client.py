# SPDX-License-Identifier: Apache-2.0
"""A client of HTTP/2 that says what a test wants, frame by frame, through an inspected tunnel, and
keeps what it hears, stream by stream. Frames are python3-h2's; bytes that it would not make may be
sent raw."""

import json
import time

import h2.config
import h2.connection
import h2.events
import h2.stream

from gate import REASONS

WAIT = 10


class Heard:
    """What came on one stream."""

    def __init__(self):
        self.interims = []
        self.fields = None
        self.body = b""
        self.trailers = None
        self.ended = False
        self.reset = None  # the error code

    @property
    def status(self):
        return int(self.fields[":status"])

    def json(self):
        return json.loads(self.body)


class Client:
    """Over a wire on which TLS with ALPN h2 is up."""

    def __init__(self, wire, strict=True, **settings):
        self.wire = wire
        config = h2.config.H2Configuration(
            client_side=True,
            header_encoding="utf-8",
            validate_outbound_headers=strict,
            normalize_outbound_headers=strict,
        )
        self.h2 = h2.connection.H2Connection(config)
        self.streams = {}
        self.went_away = None  # (error code, last stream)
        self.remote = {}
        self.closed = False
        self.unread = b""
        self.h2.initiate_connection()
        if settings:
            self.h2.update_settings({getattr(h2.settings.SettingCodes, n): v
                                     for n, v in settings.items()})
        self.flush()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.wire.close()

    def flush(self):
        self.raw(self.h2.data_to_send())

    def raw(self, data):
        if data:
            self.wire.send(data)

    def ask(self, method, authority, path, *fields, body=None, ended=True, pseudo=()):
        """A request; the number of its stream."""
        stream = self.h2.get_next_available_stream_id()
        head = [(":method", method), (":scheme", "https"), (":authority", authority)]
        head += [(":path", path), *pseudo, *fields]
        self.h2.send_headers(stream, head, end_stream=ended and body is None)
        if body is not None:
            self.h2.send_data(stream, body, end_stream=ended)
        self.streams[stream] = Heard()
        self.flush()
        return stream

    def reserve(self):
        """The number of a stream that the test opens by itself."""
        stream = self.h2.get_next_available_stream_id()
        begun = self.h2._begin_new_stream(stream, h2.connection.AllowedStreamIDs.ODD)
        self.h2.state_machine.process_input(h2.connection.ConnectionInputs.SEND_HEADERS)
        begun.state_machine.process_input(h2.stream.StreamInputs.SEND_HEADERS)
        self.streams[stream] = Heard()
        return stream

    def send_head(self, fields, ended=True):
        """A head as it is, whatever it is; the number of its stream."""
        stream = self.h2.get_next_available_stream_id()
        self.h2.send_headers(stream, fields, end_stream=ended)
        self.streams[stream] = Heard()
        self.flush()
        return stream

    def listen(self, until, seconds=WAIT):
        """Takes what comes until until() is true or the connection ends."""
        end = time.monotonic() + seconds
        while not until() and not self.closed:
            if time.monotonic() > end:
                raise TimeoutError("the proxy says nothing")
            data = self.wire.recv(65536)
            if not data:
                self.closed = True
                break
            self.take(data)

    def take(self, data):
        """One frame after the other: python3-h2 takes nothing after a GOAWAY, and streams go on."""
        self.unread += data
        while len(self.unread) >= 9:
            size = 9 + int.from_bytes(self.unread[:3], "big")
            if len(self.unread) < size:
                break
            frame, self.unread = self.unread[:size], self.unread[size:]
            for event in self.h2.receive_data(frame):
                self._hear(event)
        self.flush()

    def heard(self, stream):
        """All of one stream."""
        heard = self.streams[stream]
        self.listen(lambda: heard.ended or heard.reset is not None)
        return heard

    def get(self, authority, path, *fields):
        return self.heard(self.ask("GET", authority, path, *fields))

    def _hear(self, event):
        heard = self.streams.get(getattr(event, "stream_id", None))
        if isinstance(event, h2.events.ConnectionTerminated):
            self.went_away = (int(event.error_code), event.last_stream_id)
            self.h2.state_machine.state = h2.connection.ConnectionState.CLIENT_OPEN
        elif isinstance(event, h2.events.RemoteSettingsChanged):
            self.remote.update({k: v.new_value for k, v in event.changed_settings.items()})
        elif heard is None:
            return
        elif isinstance(event, h2.events.InformationalResponseReceived):
            heard.interims.append(dict(event.headers))
        elif isinstance(event, h2.events.ResponseReceived):
            heard.fields = dict(event.headers)
        elif isinstance(event, h2.events.TrailersReceived):
            heard.trailers = dict(event.headers)
        elif isinstance(event, h2.events.DataReceived):
            heard.body += event.data
            self.h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
        elif isinstance(event, h2.events.StreamEnded):
            heard.ended = True
        elif isinstance(event, h2.events.StreamReset):
            heard.reset = int(event.error_code)


def assert_refused(heard, word, host, port):
    """A refusal as one of HTTP/1.1, in HTTP/2's clothes."""
    row = REASONS[word]
    assert heard.status == row.status, (heard.fields, heard.body)
    assert f'details="{word}"' in heard.fields["proxy-status"], heard.body
    assert heard.fields["proxy-status"].startswith(f"sallyport; error={row.proxy_status}")
    assert heard.fields.get("x-proxy-error") == (row.token or None)
    assert heard.fields["cache-control"] == "no-store"
    assert heard.fields["content-type"] == "application/json"
    assert "connection" not in heard.fields
    value = heard.json()
    assert value["reason"] == word
    assert (value["host"], value["port"]) == (host, port)
    assert (value["message"], value["guidance"]) == (row.message, row.guidance)
