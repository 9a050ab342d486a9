# SPDX-License-Identifier: Apache-2.0
"""A webhook that answers as a test tells it to: raw bytes, so that nonsense is possible too."""

import json
import queue
import socket
import ssl
import threading
import time

from message import Malformed, Reader

WAIT = 30  # a first handshake reads all authorities of the system, which takes a sanitizer a while


def reply(value, status="200 OK", fields="Connection: close\r\n"):
    """An HTTP answer, as bytes."""
    body = value if isinstance(value, bytes) else json.dumps(value).encode()
    head = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n{fields}\r\n"
    return head.encode() + body


class Asked:
    """One question that came; `answer` sends bytes and ends the connection."""

    def __init__(self, connection, message):
        self.connection = connection
        self.message = message
        self.done = False

    @property
    def question(self):
        return json.loads(self.message.body)

    def answer(self, data):
        self.done = True
        try:
            self.connection.sendall(data)
            self.connection.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def answer_value(self, value):
        self.answer(reply(value))

    def gone(self, seconds=WAIT):
        """True when the other side hangs up."""
        self.connection.settimeout(seconds)
        try:
            return self.connection.recv(1) == b""
        except ConnectionResetError:
            return True
        except TimeoutError:
            return False


class ReviewerStub:
    """Listens on loopback. `say` is what every question is answered with at once, bytes; None leaves
    them to the test, which takes them with `next`."""

    def __init__(self, context=None, say=None):
        self.say = say
        self.context = context
        self.came = queue.Queue()
        self.asked = []
        self.failures = []  # of connections without a question, such as broken handshakes
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self.listener.getsockname()[1]
        self.thread = threading.Thread(target=self._accept, daemon=True)
        self.thread.start()

    @property
    def url(self):
        return f"{'https' if self.context else 'http'}://127.0.0.1:{self.port}/review"

    def _accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        connection.settimeout(WAIT)
        try:
            if self.context:
                connection = self.context.wrap_socket(connection, server_side=True)
            message = Reader(connection.recv).request()
        except (OSError, ssl.SSLError, Malformed) as fault:
            message = None
            self.failures.append(fault)
        if message is None:
            self.failures.append("nothing was asked")
            connection.close()
            return
        asked = Asked(connection, message)
        self.asked.append(asked)
        say = self.say
        if say is None:
            self.came.put(asked)
        else:
            asked.answer(say)

    def next(self, host=None):
        """The next question; it is about `host`."""
        asked = self.came.get(timeout=WAIT)
        assert host in (None, asked.question["host"]), asked.question
        return asked

    def failed(self):
        """Until there was such a connection."""
        until = time.monotonic() + WAIT
        while not self.failures:
            assert time.monotonic() < until
            time.sleep(0.005)

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.thread.join()
        for asked in self.asked:
            asked.connection.close()
