"""Sums what llvm-cov exported by module of nymi-core, and compares it with a page or writes the page."""

import collections
import json
import os
import sys

SOURCES = os.path.abspath("nymi-core/src") + "/"
TOLERANCE = 1.0
HEAD = """# Coverage of nymi-core

The share of lines that nymi-core's own tests run: its unit tests and `nymi-core/tests/it`. Unit tests lie in the same
files and are counted too. Tests of other crates run more of it, above all of `band`. Written by
`UPDATE_GENERATED=1 tests/coverage/run`; without that the run fails where a share is more than a point lower.

| module | lines | run | % |
| --- | ---: | ---: | ---: |
"""


def measured(path):
    with open(path, encoding="utf-8") as file:
        files = json.load(file)["data"][0]["files"]
    modules = collections.defaultdict(lambda: [0, 0])
    for entry in files:
        if not entry["filename"].startswith(SOURCES):
            continue
        module = entry["filename"][len(SOURCES) :].split("/")[0].removesuffix(".rs")
        for name in (module, "all"):
            modules[name][0] += entry["summary"]["lines"]["count"]
            modules[name][1] += entry["summary"]["lines"]["covered"]
    if not modules:
        sys.exit("no line of nymi-core was counted")
    return {name: (count, run, 100 * run / count) for name, (count, run) in modules.items()}


def written(page):
    with open(page, encoding="utf-8") as file:
        rows = [line.strip("| \n").split(" | ") for line in file if line.startswith("| `")]
    return {row[0].strip("`"): float(row[3]) for row in rows}


def main():
    export, page = sys.argv[1:]
    modules = measured(export)
    names = sorted(name for name in modules if name != "all") + ["all"]
    table = "".join("| `{}` | {} | {} | {:.1f} |\n".format(name, *modules[name]) for name in names)
    print(table, end="")
    if os.environ.get("UPDATE_GENERATED"):
        with open(page, "w", encoding="utf-8") as file:
            file.write(HEAD + table)
        return
    failed = 0
    for name, before in written(page).items():
        share = modules.get(name, (0, 0, 0.0))[2]
        if share < before - TOLERANCE:
            print(f"{name}: {share:.1f} %, and {page} has {before:.1f} %", file=sys.stderr)
            failed += 1
    print(f"modules: {len(names) - failed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


main()
