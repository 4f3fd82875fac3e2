#!/usr/bin/env python3
"""Changes the core in small ways and sees which changes no test notices.

cargo-mutants makes the list of changes (mutants). Building each takes a minute, so they are all built in at
once behind switches; each test shows once which of them it reaches, and a mutant is run against those tests
only. What has no switch (constants, functions that constants use) is built one at a time.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from explained import Explained
from switched import Mutant
from trial import Tests
from workspace import PACKAGE, Workspace, empty

ROOT = Path(__file__).resolve().parents[2]
OUT = ROOT / "target/mutants.out"
SCRATCH = ROOT / "target/mutants"
KINDS = ("caught", "missed", "timeout", "unviable")


def main():
    arguments = parsed()
    began = time.monotonic()
    change = ["--in-diff", arguments.in_diff] if arguments.in_diff else []
    listed = listing(arguments.file, arguments.re, *change)
    mutants = [Mutant.of(number, found) for number, found in enumerate(listed, 1)]
    if arguments.again:
        names = set((OUT / "missed.txt").read_text().splitlines())
        mutants = [mutant for mutant in mutants if mutant.name in names]
    if arguments.in_diff and not mutants:
        return say("no mutants: the change has no code of the core to try")
    if not mutants:
        raise SystemExit("no mutants: nothing matches")
    mutants = chosen(mutants, arguments.most)
    say(f"{len(mutants)} mutants")
    workspace = Workspace(ROOT, SCRATCH / "copy", say)
    outcomes = Outcomes(mutants, workspace.code)
    executables, without_switch, unviable = workspace.switch_on(mutants, operators())
    tests = with_copies_of(executables, arguments.jobs)
    empty(SCRATCH / "trace")
    tests.trace(SCRATCH / "trace")
    switched = workspace.mutants()
    say(f"{len(switched)} are behind switches; {len(tests.tests)} tests pass without them")
    with ThreadPoolExecutor(arguments.jobs) as pool:
        for mutant, verdict in zip(switched, pool.map(tests.verdict, switched)):
            outcomes.add(mutant, *verdict)

    viable = workspace.viable(without_switch)
    numbers = {mutant.number for mutant in viable}
    unviable += [mutant for mutant in without_switch if mutant.number not in numbers]
    for mutant in unviable:
        outcomes.add(mutant, "unviable")
    if arguments.switched_only:
        say(f"{len(viable)} that have no switch are left out")
        outcomes.left_out = viable
    else:
        one_at_a_time(workspace, viable, tests, outcomes, arguments.jobs)
    sys.exit(outcomes.close(time.monotonic() - began, partly=partly(arguments)))


def partly(arguments):
    """Whether only a part of the files that were asked for was tried."""
    return bool(arguments.again or arguments.re or arguments.in_diff or arguments.most)


def chosen(mutants, most):
    """At most so many, spread evenly over the list."""
    if not most or len(mutants) <= most:
        return mutants
    say(f"{most} of {len(mutants)}, spread evenly")
    return [mutants[place * len(mutants) // most] for place in range(most)]


def parsed():
    parser = argparse.ArgumentParser(
        prog="tests/mutants/run",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="Results: target/mutants.out. It fails if a change survived that explained.toml does not explain.",
    )
    parser.add_argument("-f", "--file", action="append", default=[], metavar="GLOB", help="only files like this")
    parser.add_argument("-F", "--re", action="append", default=[], metavar="REGEX", help="only mutants named like this")
    parser.add_argument("--in-diff", metavar="FILE", help="only what this diff of the repository changes")
    parser.add_argument("--most", type=int, metavar="NUMBER", help="at most so many")
    parser.add_argument("--again", action="store_true", help="only those that the last run missed")
    parser.add_argument("--switched-only", action="store_true", help="leave out what has no switch (slow to build)")
    parser.add_argument("-j", "--jobs", type=int, default=os.cpu_count(), help="processes at a time")
    return parser.parse_args()


def listing(files=(), expressions=(), *more):
    """The mutants that cargo-mutants would make."""
    command = ["cargo", "mutants", "--list", "--json", "--package", PACKAGE, *more]
    for option, values in (("--file", files), ("--re", expressions)):
        for value in values:
            command += [option, value]
    found = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout
    # Of a diff without any, it prints nothing.
    return json.loads(found or "[]")


def operators():
    """For each file, the places of all binary operators."""
    places = {}
    for found in listing((), (), "--no-config"):
        if found["genre"] == "BinaryOperator":
            start = found["span"]["start"]
            places.setdefault(found["file"], set()).add((start["line"], start["column"]))
    return places


def with_copies_of(executables, jobs, name="bin"):
    """The tests in copies of these: the next build writes over the originals."""
    directory = SCRATCH / name
    empty(directory)
    copies = [Path(shutil.copy2(executable, directory)) for executable in executables]
    return Tests(copies, SCRATCH / "copy" / PACKAGE, jobs)


def one_at_a_time(workspace, mutants, known, outcomes, jobs):
    """Builds each of these mutants and runs all tests, the quick ones first."""
    for mutant in mutants:
        executables = workspace.build_alone(mutant)
        if executables is None:
            outcomes.add(mutant, "unviable")
            continue
        tests = with_copies_of(executables, jobs, "alone")
        tests.take_times(known)
        outcomes.add(mutant, *tests.verdict(mutant, tests.tests))


class Outcomes:
    """What became of each mutant, on the screen and in files."""

    def __init__(self, mutants, code):
        self.mutants = mutants
        self.code = code
        self.names = {kind: [] for kind in KINDS}
        self.tried = []
        self.left_out = []
        self.unexplained = []
        self.explained = Explained()
        OUT.mkdir(parents=True, exist_ok=True)
        self.noticed = open(OUT / "noticed-by.txt", "w", encoding="utf-8")

    def add(self, mutant, kind, noticed=None):
        self.names[kind].append(mutant.name)
        code = self.code(mutant)
        self.tried.append((mutant, code))
        if noticed:
            self.noticed.write(f"{mutant.name}\t{noticed}\n")
        if kind == "missed" and not self.explained.covers(mutant, code):
            self.unexplained.append(mutant.name)
            say(f"MISSED   {mutant.name}\n           {code}")

    def close(self, seconds, partly):
        """Writes the files and the summary; the status to end with."""
        self.noticed.close()
        for kind in KINDS:
            (OUT / f"{kind}.txt").write_text("".join(f"{name}\n" for name in sorted(self.names[kind])))
        complaints = [] if partly else list(self.explained.complaints(self.tried))
        for complaint in complaints:
            say(f"explained.toml: {complaint}")
        counts = {kind: len(names) for kind, names in self.names.items()}
        say(
            f"{len(self.mutants)} mutants in {int(seconds // 60)}m {int(seconds % 60)}s: {counts['caught']} caught, "
            f"{counts['timeout']} timeouts, {counts['unviable']} unviable, {counts['missed']} missed "
            f"({counts['missed'] - len(self.unexplained)} explained), {len(self.left_out)} left out"
        )
        return 1 if self.unexplained or complaints else 0


def say(text):
    print(text, flush=True)


if __name__ == "__main__":
    main()
