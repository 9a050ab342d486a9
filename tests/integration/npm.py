# SPDX-License-Identifier: Apache-2.0
"""What the tests take from npm, installed once into build/npm at the versions of the lock file."""

import filecmp
import pathlib
import shutil
import subprocess

HERE = pathlib.Path(__file__).parent
LISTS = ("package.json", "package-lock.json")
CACHE = HERE.parents[1] / "build" / "npm"


def install(directory=CACHE):
    """The directory with node_modules; fetches nothing when it is up to date."""
    done = directory / ".installed"
    if done.exists() and all(
        (directory / name).exists() and filecmp.cmp(HERE / name, directory / name, shallow=False)
        for name in LISTS
    ):
        return directory
    directory.mkdir(parents=True, exist_ok=True)
    for name in LISTS:
        shutil.copy(HERE / name, directory / name)
    subprocess.run(
        ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"],
        cwd=directory,
        check=True,
        capture_output=True,
        timeout=300,
    )
    done.touch()
    return directory
