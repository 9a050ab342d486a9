# SPDX-License-Identifier: Apache-2.0
"""The authority and the leaf of the origin that speaks TLS, made anew for each run."""

import os
import shutil
import subprocess


def openssl(*words):
    subprocess.run(["openssl", *words], check=True, capture_output=True)


class Certificates:
    """P-256 throughout, as sallyport's own."""

    def __init__(self, folder, name):
        at = lambda file: os.path.join(folder, file)  # noqa: E731
        self.ca, self.ca_key, self.leaf, self.key = at("ca.pem"), at("ca.key"), at("leaf.pem"), at("leaf.key")
        new_key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
        openssl(
            "req", "-x509", *new_key, "-keyout", self.ca_key, "-out", self.ca, "-days", "2", "-subj", "/CN=bench CA",
            "-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign",
        )
        openssl(
            "req", "-x509", *new_key, "-CA", self.ca, "-CAkey", self.ca_key, "-keyout", self.key, "-out", self.leaf,
            "-days", "2", "-subj", f"/CN={name}", "-addext", f"subjectAltName=DNS:{name}",
            "-addext", "basicConstraints=critical,CA:FALSE", "-addext", "extendedKeyUsage=serverAuth",
        )

    def authority(self, folder):
        """The authority with its key in one file, for a peer that makes leaves by it."""
        path = os.path.join(folder, "authority.pem")
        with open(path, "wb") as out:
            for part in (self.ca, self.ca_key):
                with open(part, "rb") as f:
                    shutil.copyfileobj(f, out)
        os.chmod(path, 0o644)
        return path
