# SPDX-License-Identifier: Apache-2.0
"""A program in a pseudo-terminal: keys in, the picture out. Knows as much of a terminal as the program
under test uses: a picture begins at home and ends with what erases the rest."""

import fcntl
import os
import pty
import re
import select
import signal
import struct
import termios
import time

WAIT = 20
ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


class Terminal:
    def __init__(self, argv, columns=100, rows=30, environment=None):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.execvpe(argv[0], argv, environment or dict(os.environ))
        self.raw = b""
        self.status = None
        self.resize(columns, rows)

    def resize(self, columns, rows):
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def send(self, keys):
        os.write(self.fd, keys.encode())

    def read(self, seconds):
        """True when something came."""
        if not select.select([self.fd], [], [], seconds)[0]:
            return False
        try:
            piece = os.read(self.fd, 65536)
        except OSError:
            piece = b""
        self.raw += piece
        return bool(piece)

    def text(self):
        return self.raw.decode("utf-8", "replace")

    def picture(self):
        """The lines of the last whole picture, without escapes and what blank ends they have."""
        pictures = re.findall(r"\x1b\[H(.*?)\x1b\[J", self.text(), re.DOTALL)
        if not pictures:
            return []
        return [ESCAPES.sub("", line).rstrip() for line in pictures[-1].split("\r\n")]

    def wait_for(self, sure, what=""):
        """Until sure(lines of the picture) is true."""
        end = time.monotonic() + WAIT
        while not sure(self.picture()):
            if time.monotonic() > end:
                raise TimeoutError(f"{what}:\n" + "\n".join(self.picture()) + "\n" + self.text()[-500:])
            self.read(0.1)
        return self.picture()

    def wait_text(self, text):
        return self.wait_for(lambda lines: any(text in line for line in lines), text)

    def wait_gone(self, text):
        return self.wait_for(lambda lines: lines and not any(text in line for line in lines), "not " + text)

    def modes(self):
        """The local modes as they are now: is a line edited, is it echoed?"""
        local = termios.tcgetattr(self.fd)[3]
        return bool(local & termios.ICANON), bool(local & termios.ECHO)

    def signal(self, number):
        os.kill(self.pid, number)

    def wait_stopped(self):
        """Until it is stopped, as by ^Z."""
        pid, status = os.waitpid(self.pid, os.WUNTRACED)
        assert pid == self.pid and os.WIFSTOPPED(status), status

    def end(self):
        """Reads what is left; the exit status, negative for a signal."""
        end = time.monotonic() + WAIT
        while self.status is None:
            self.read(0.05)
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.status = os.waitstatus_to_exitcode(status)
            elif time.monotonic() > end:
                os.kill(self.pid, signal.SIGKILL)
                os.waitpid(self.pid, 0)
                raise TimeoutError("the program does not end:\n" + self.text()[-500:])
        while self.read(0.05):
            pass
        return self.status

    def close(self):
        if self.status is None:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
            self.status = -9
        os.close(self.fd)
