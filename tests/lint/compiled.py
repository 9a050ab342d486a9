# SPDX-License-Identifier: Apache-2.0
"""How the files of a build directory are compiled, for the scripts that ask a compiler."""
import concurrent.futures
import json
import os
import shlex
import subprocess


def commands(build):
    """Source path from the root → its compiler arguments, without the output and the source."""
    with open(os.path.join(build, "compile_commands.json"), encoding="utf-8") as file:
        database = json.load(file)
    root = os.getcwd()
    found = {}
    for entry in database:
        path = os.path.relpath(os.path.join(entry["directory"], entry["file"]), root)
        if path.startswith("..") or path.startswith("build"):
            continue
        arguments = shlex.split(entry["command"])
        cut = arguments.index("-MD") if "-MD" in arguments else arguments.index("-o")
        found[path] = arguments[:cut]
    return found


def run_all(jobs, workers=os.cpu_count()):
    """Runs (name, argv, cwd) side by side; yields (name, status, output) in the order given."""
    def one(job):
        name, argv, cwd = job
        done = subprocess.run(argv, cwd=cwd, capture_output=True, text=True)
        return name, done.returncode, done.stdout + done.stderr
    with concurrent.futures.ThreadPoolExecutor(workers) as pool:
        yield from pool.map(one, jobs)
