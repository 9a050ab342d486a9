# SPDX-License-Identifier: Apache-2.0
"""Debian's nginx as an origin: TLS with HTTP/2, and plain, over one directory of files. Its sockets
are made here, on kernel-chosen ports, and handed over the way nginx hands them to its successor."""

import os
import pathlib
import shutil
import signal
import socket
import subprocess

CONFIG = """
daemon off;
worker_processes 1;
{user}
pid {directory}/nginx.pid;
error_log {directory}/error.log warn;
events {{ worker_connections 256; }}
http {{
    default_type application/octet-stream;
    types {{ text/html html; application/json json; text/plain txt; }}
    access_log {directory}/access.log;
    client_body_temp_path {directory}/body;
    proxy_temp_path {directory}/proxy;
    fastcgi_temp_path {directory}/fastcgi;
    uwsgi_temp_path {directory}/uwsgi;
    scgi_temp_path {directory}/scgi;
    client_max_body_size 0;
    server {{
        listen 127.0.0.1:{tls} ssl http2;
        listen 127.0.0.1:{plain};
        ssl_certificate {certificate};
        ssl_certificate_key {key};
        root {root};
        autoindex on;
        location /protocol {{ return 200 "$server_protocol $ssl_server_name"; }}
        {locations}
    }}
}}
"""


class Nginx:
    """root: the directory that it serves; locations: more of the server block."""

    def __init__(self, directory, certificates, root, locations=""):
        self.directory = pathlib.Path(directory)
        self.root = pathlib.Path(root)
        self.sockets = [socket.create_server(("127.0.0.1", 0), backlog=128) for _ in range(2)]
        for s in self.sockets:
            s.setblocking(False)  # nginx takes it that its predecessor did this
        self.tls, self.plain = [s.getsockname()[1] for s in self.sockets]
        config = self.directory / "nginx.conf"
        config.write_text(
            CONFIG.format(
                directory=self.directory,
                user="user root;" if os.geteuid() == 0 else "",  # pytest's files are its own
                tls=self.tls,
                plain=self.plain,
                certificate=certificates.leaf,
                key=certificates.key,
                root=root,
                locations=locations,
            )
        )
        descriptors = [s.fileno() for s in self.sockets]
        self.process = subprocess.Popen(
            [nginx_binary(), "-p", str(self.directory), "-c", str(config)]
            + ["-e", str(self.directory / "error.log")],
            env={**os.environ, "NGINX": "".join(f"{fd};" for fd in descriptors)},
            pass_fds=descriptors,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        # The sockets listen already, so clients may connect before nginx is ready.

    def log(self):
        """The access log so far."""
        path = self.directory / "access.log"
        return path.read_text() if path.exists() else ""

    def stop(self):
        self.process.send_signal(signal.SIGQUIT)
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        for s in self.sockets:
            s.close()


def nginx_binary():
    """Debian keeps it in /usr/sbin, which is not in every PATH."""
    return shutil.which("nginx", path=os.environ["PATH"] + ":/usr/sbin") or "nginx"
