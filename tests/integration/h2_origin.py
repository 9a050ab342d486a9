# SPDX-License-Identifier: Apache-2.0
"""An origin that speaks HTTP/2 as a test's script says: an origin.Origin script around python3-h2."""

import h2.config
import h2.connection
import h2.events
import h2.exceptions
from h2.settings import SettingCodes, Settings

from origin import Origin


class Asked:
    """What came on one stream."""

    def __init__(self, stream, fields):
        self.stream = stream
        self.fields = fields
        self.body = b""
        self.trailers = None
        self.ended = False
        self.reset = None

    def __getitem__(self, name):
        return dict(self.fields)[name]


class Speaker:
    """One connection. Scripts say what to do by on_request, on_data and on_end, which are called with
    the speaker and what was asked."""

    def __init__(self, peer, script):
        self.peer = peer
        self.script = script
        config = h2.config.H2Configuration(
            client_side=False, header_encoding="utf-8", validate_outbound_headers=False
        )
        self.h2 = h2.connection.H2Connection(config)
        self.asked = {}
        self.went_away = None
        self.done = False

    def run(self, settings):
        values = {getattr(SettingCodes, name): value for name, value in settings.items()}
        if values:
            self.h2.local_settings = Settings(client=False, initial_values=values)
        self.h2.initiate_connection()
        self.flush()
        while not self.done:
            data = self.peer.recv(65536)
            if not data:
                break
            for event in self.h2.receive_data(data):
                self._hear(event)
            self.flush()

    def flush(self):
        self.raw(self.h2.data_to_send())

    def raw(self, data):
        if data:
            self.peer.send(data)

    def answer(self, stream, body=b"ok", *fields, status=200, ended=True):
        self.h2.send_headers(stream, [(":status", str(status)), *fields], end_stream=False)
        self.h2.send_data(stream, body, end_stream=ended)

    def _hear(self, event):
        asked = self.asked.get(getattr(event, "stream_id", None))
        if isinstance(event, h2.events.RequestReceived):
            asked = Asked(event.stream_id, event.headers)
            self.asked[event.stream_id] = asked
            self.script.on_request(self, asked)
        elif isinstance(event, h2.events.ConnectionTerminated):
            self.went_away = (int(event.error_code), event.last_stream_id)
        elif asked is None:
            return
        elif isinstance(event, h2.events.DataReceived):
            asked.body += event.data
            self.script.on_data(self, asked, event.flow_controlled_length)
        elif isinstance(event, h2.events.TrailersReceived):
            asked.trailers = dict(event.headers)
        elif isinstance(event, h2.events.StreamEnded):
            asked.ended = True
            self.script.on_end(self, asked)
        elif isinstance(event, h2.events.StreamReset):
            asked.reset = int(event.error_code)
            self.script.on_reset(self, asked)


class Script:
    """Answers every request when it has ended; tests replace what they mean."""

    def on_request(self, speaker, asked):
        pass

    def on_data(self, speaker, asked, size):
        speaker.h2.acknowledge_received_data(size, asked.stream)

    def on_end(self, speaker, asked):
        speaker.answer(asked.stream)

    def on_reset(self, speaker, asked):
        pass


class H2Origin(Origin):
    """Everything that was asked is in .asked, over all connections."""

    def __init__(self, certificates, script=None, **settings):
        context = certificates.server()
        context.set_alpn_protocols(["h2"])
        self.speakers = []

        def speak(peer):
            speaker = Speaker(peer, script or Script())
            self.speakers.append(speaker)
            try:
                speaker.run(settings)
            except h2.exceptions.ProtocolError as fault:
                self.protocol_fault = fault
                speaker.flush()

        self.protocol_fault = None
        super().__init__(speak, context)

    @property
    def asked(self):
        return [asked for speaker in self.speakers for asked in speaker.asked.values()]
