# SPDX-License-Identifier: Apache-2.0
"""A throw-away CA and leaves, made with the openssl command at test time."""

import base64
import hashlib
import pathlib
import ssl
import subprocess

NAMES = [
    "*.allowed.test",
    "*.plain.test",
    "*.raw.test",
    "example.com",
    "unlisted.test",
    "new.example",
    "*.held.test",
]


class Certificates:
    def __init__(self, directory):
        self.directory = pathlib.Path(directory)
        self.directory.mkdir(parents=True, exist_ok=True)
        self.ca = str(self.directory / "ca.pem")
        self._openssl(
            *"req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2".split(),
            *["-subj", "/CN=Test CA", "-keyout", "ca.key", "-out", "ca.pem"],
            *["-addext", "keyUsage=critical,keyCertSign,cRLSign"],
        )
        self.leaf, self.key = self.issue("leaf", NAMES)

    def issue(self, stem, names):
        """A leaf for `names`, signed by the CA: paths of certificate and key."""
        extensions = self.directory / f"{stem}.ext"
        alternatives = ",".join(f"DNS:{name}" for name in names) + ",IP:127.0.0.1"
        extensions.write_text(
            f"subjectAltName={alternatives}\n"
            "basicConstraints=CA:FALSE\nextendedKeyUsage=serverAuth,clientAuth\n"
        )
        self._openssl(
            *"req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes".split(),
            *["-subj", f"/CN={stem}", "-keyout", f"{stem}.key", "-out", f"{stem}.csr"],
        )
        self._openssl(
            *["x509", "-req", "-in", f"{stem}.csr", "-CA", "ca.pem", "-CAkey", "ca.key"],
            *["-CAcreateserial", "-days", "2", "-extfile", extensions.name],
            *["-out", f"{stem}.pem"],
        )
        return str(self.directory / f"{stem}.pem"), str(self.directory / f"{stem}.key")

    def server(self):
        """A TLS server context with the leaf."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.leaf, self.key)
        return context

    def client(self):
        """A TLS client context that trusts the CA."""
        return ssl.create_default_context(cafile=self.ca)

    def spki(self):
        """The leaf's public key hash, as Chromium wants it."""
        public = self._openssl("x509", "-in", "leaf.pem", "-pubkey", "-noout")
        lines = public.decode().strip().splitlines()[1:-1]
        der = base64.b64decode("".join(lines))
        return base64.b64encode(hashlib.sha256(der).digest()).decode()

    def _openssl(self, *arguments):
        done = subprocess.run(
            ["openssl", *arguments], cwd=self.directory, capture_output=True, check=False
        )
        if done.returncode != 0:
            raise RuntimeError(f"openssl {arguments[0]}: {done.stderr.decode()}")
        return done.stdout
