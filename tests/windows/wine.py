"""Programs for Windows under Wine: WINE and WINEPREFIX say how they are run."""

import contextlib
import os
import subprocess
import sys
import time

WINE = os.environ["WINE"]
LIMIT_S = 90


def check(condition, *shown):
    if not condition:
        sys.exit("tests/windows: " + " ".join(map(str, shown)))


def by_cmd(program, *arguments):
    """What runs a program, given by its path on this machine, and ends with its code: tests/windows/run says why."""
    return [WINE, "cmd", "/c", "Z:" + os.path.realpath(program).replace("/", "\\"), *arguments]


def says(*command, secret=""):
    """What a console program says; it has to end well."""
    found = subprocess.run(by_cmd(*command), input=secret, text=True, capture_output=True, timeout=LIMIT_S, check=False)
    check(found.returncode == 0, *command, "ended with", found.returncode, found.stdout, found.stderr)
    return found.stdout + found.stderr


def read(path):
    with contextlib.suppress(FileNotFoundError), open(path, encoding="utf-8") as file:
        return file.read()
    return ""


def awaited(name, what, found):
    """What comes, within a time."""
    deadline = time.monotonic() + LIMIT_S
    while not (value := found()):
        check(time.monotonic() < deadline, name, "did not come to its", what)
        time.sleep(0.2)
    return value
