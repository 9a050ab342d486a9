# SPDX-License-Identifier: Apache-2.0
"""The files that real clients fetch: a page, a git repository, a Python index, an npm registry, an
apt repository. Each holds the line MARK somewhere that only a whole, correct transfer brings out."""

import base64
import hashlib
import io
import json
import os
import pathlib
import subprocess
import tarfile
import zipfile

MARK = "hello from behind the gate"


def run(*command, **more):
    subprocess.run(command, check=True, capture_output=True, **more)


def build(root, npm_base):
    """Fills the directory `root`. npm_base is the URL that `root` will be served under."""
    root = pathlib.Path(root)
    (root / "page.html").write_text(f"<!doctype html><title>x</title><p id=mark>{MARK}</p>")
    (root / "big.bin").write_bytes(os.urandom(1 << 20) * 8)
    build_git(root / "demo.git")
    build_index(root / "simple" / "demo")
    build_registry(root / "npm", npm_base + "/npm")
    build_apt(root / "apt")


def git_environment():
    """Of nobody in particular."""
    quiet = {"GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null"}
    author = {
        f"GIT_{role}_{what}": value
        for role in ("AUTHOR", "COMMITTER")
        for what, value in (("NAME", "A"), ("EMAIL", "a@example.com"))
    }
    return {**os.environ, **quiet, **author}


def build_git(bare):
    """A bare repository for git's dumb protocol, plain files; and one for the smart one."""
    work = bare.parent / "git-work"
    env = git_environment()
    run("git", "init", "-q", "-b", "main", str(work), env=env)
    (work / "README").write_text(MARK + "\n")
    run("git", "-C", str(work), "add", ".", env=env)
    run("git", "-C", str(work), "commit", "-q", "-m", "first", env=env)
    run("git", "clone", "-q", "--bare", str(work), str(bare), env=env)
    run("git", "-C", str(bare), "update-server-info", env=env)
    smart = bare.parent / "smart" / bare.name
    smart.parent.mkdir()
    run("git", "clone", "-q", "--bare", str(work), str(smart), env=env)


def build_crate(bare):
    """A bare repository with a library for cargo."""
    env = git_environment()
    work = bare.parent / "crate-work"
    run("git", "init", "-q", "-b", "main", str(work), env=env)
    (work / "Cargo.toml").write_text('[package]\nname = "demo"\nversion = "1.0.0"\n[lib]\npath = "lib.rs"\n')
    (work / "lib.rs").write_text(f'pub const MARK: &str = "{MARK}";\n')
    run("git", "-C", str(work), "add", ".", env=env)
    run("git", "-C", str(work), "commit", "-q", "-m", "first", env=env)
    run("git", "clone", "-q", "--bare", str(work), str(bare), env=env)


def build_index(directory):
    """A PEP 503 page with one wheel."""
    directory.mkdir(parents=True)
    wheel = "demo-1.0-py3-none-any.whl"
    with zipfile.ZipFile(directory / wheel, "w") as archive:
        archive.writestr("demo.py", f"MARK = {MARK!r}\n")
        archive.writestr(
            "demo-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: demo\nVersion: 1.0\n"
        )
        archive.writestr(
            "demo-1.0.dist-info/WHEEL",
            "Wheel-Version: 1.0\nGenerator: x\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        )
        archive.writestr("demo-1.0.dist-info/RECORD", "")
    (directory / "index.html").write_text(f'<!doctype html><a href="{wheel}">{wheel}</a>')


def build_registry(directory, base):
    """One package, as a registry describes it."""
    directory.mkdir(parents=True)
    files = {
        "package/package.json": json.dumps({"name": "demo", "version": "1.0.0"}),
        "package/index.js": f"module.exports = {MARK!r}\n",
    }
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w:gz") as tar:
        for name, text in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(text)
            tar.addfile(info, io.BytesIO(text.encode()))
    tarball = archive.getvalue()
    (directory / "demo-1.0.0.tgz").write_bytes(tarball)
    integrity = "sha512-" + base64.b64encode(hashlib.sha512(tarball).digest()).decode()
    dist = {"tarball": f"{base}/demo-1.0.0.tgz", "integrity": integrity}
    version = {"name": "demo", "version": "1.0.0", "dist": dist}
    (directory / "demo").write_text(
        json.dumps(
            {"name": "demo", "dist-tags": {"latest": "1.0.0"}, "versions": {"1.0.0": version}}
        )
    )


def build_apt(directory):
    """A flat repository with one package."""
    package = directory.parent / "apt-work"
    (package / "DEBIAN").mkdir(parents=True)
    (package / "DEBIAN" / "control").write_text(
        "Package: demo\nVersion: 1.0\nArchitecture: all\nMaintainer: A <a@example.com>\n"
        f"Description: {MARK}\n"
    )
    directory.mkdir()
    run("dpkg-deb", "--build", "--root-owner-group", str(package), str(directory / "demo_1.0_all.deb"))
    packages = subprocess.run(
        ["dpkg-scanpackages", "."], cwd=directory, check=True, capture_output=True
    ).stdout
    (directory / "Packages").write_bytes(packages)
