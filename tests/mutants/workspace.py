"""A copy of the repository, the mutants in it, and what the compiler says to them."""

import json
import os
import re
import shutil
import subprocess
from collections import defaultdict
from pathlib import Path

from rust import Source
from switched import Switched, alone

PACKAGE = "nymi-core"
LIBRARY = f"{PACKAGE}/src/lib.rs"
SWITCH = Path(__file__).with_name("switch.rs")

# In the copy only: the switches need std, and the compiler's opinion of a mutant's style is not asked.
HEAD = "#![allow(warnings, arithmetic_overflow, overflowing_literals, unconditional_panic, clippy::all)]\n"


class DoesNotBuild(Exception):
    """An error of the compiler that no mutant explains."""


class Workspace:
    """The copy, written anew; what was built for the last one is used again."""

    def __init__(self, root, copy, say):
        self.copy, self.say = copy, say
        listed = _run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], root).stdout
        files = {name for name in listed.split("\0") if name and (root / name).is_file()}
        for old in copy.rglob("*"):
            if old.is_file() and str(old.relative_to(copy)) not in files:
                old.unlink()
        # Read once: whoever works on the repository meanwhile does not disturb the run.
        self.texts = {}
        for name in sorted(files):
            content = (root / name).read_bytes()
            _write(copy / name, content)
            if name.startswith(f"{PACKAGE}/src/"):
                self.texts[name] = content.decode()
        self.environment = {
            **os.environ,
            "CARGO_TARGET_DIR": str(copy.parent / "build"),
            "CARGO_PROFILE_DEV_OPT_LEVEL": "1",
            "CARGO_PROFILE_DEV_DEBUG": "0",
            "CARGO_INCREMENTAL": "1",
            "CARGO_TERM_COLOR": "never",
        }
        self.switched = {}
        self.written = {}
        # Functions that constants were found to call: (file, name).
        self.constant = set()

    def original(self, name):
        """The text of a file; that of the library's root is made ready for switches."""
        text = self.texts[name]
        if name == LIBRARY:
            text = re.sub(r"(?m)^#!\[(no_std|forbid\(.*\))\]\n", "", text)
            at = re.search(r"(?m)^(?!//!)", text).start()
            text = text[:at] + HEAD + text[at:] + "#[doc(hidden)]\npub mod mutant;\n"
        return text

    def code(self, mutant):
        """The line of code that a mutant is on."""
        return self.texts[mutant.file].splitlines()[mutant.start[0] - 1].strip()

    def switch_on(self, mutants, operator_places):
        """Compiles all of these in behind switches, as far as that can be.

        The executables of the tests, the mutants that have no switch, and those that cannot be.
        """
        count = max((mutant.number for mutant in mutants), default=0) + 1
        _write(self.copy / PACKAGE / "src/mutant.rs", SWITCH.read_text().replace("COUNT", str(count)).encode())
        by_file = _grouped(mutants, lambda mutant: mutant.file)
        for name in self.texts:
            if name == LIBRARY:
                self._put(name, self.original(name))
            else:
                places = operator_places.get(name, ())
                self.switched[name] = Switched(self.original(name), by_file.get(name, []), places)
        for arguments in (["check", "--lib"], ["test", "--no-run", "--lib", "--tests"]):
            while True:
                for name, file in self.switched.items():
                    self.written[name] = file.rendered()
                    self._put(name, str(self.written[name]))
                executables, errors = self.cargo(arguments)
                if not errors:
                    break
                before, constant = len(self.mutants()), len(self.constant)
                for error in errors:
                    self._blame(error)
                dropped = before - len(self.mutants())
                if not dropped and len(self.constant) == constant:
                    raise DoesNotBuild(errors[0]["rendered"])
                self.say(f"{len(errors)} errors of the compiler: {dropped} mutants left for later")
        files = self.switched.values()
        unswitchable = [mutant for file in files for mutant in file.unswitchable]
        return executables, unswitchable, [mutant for file in files for mutant in file.unviable]

    def _blame(self, error):
        """Leaves out the mutants that this error is about, or lets a function be `const` again."""
        not_const = re.match(r"cannot call non-const (?:associated )?(?:function|method) `(.*)` in", error["message"])
        if not_const:
            name = re.sub(r"<[^<>]*>", "", not_const[1]).split("::")[-1]
            notes = [span["file_name"] for note in error["children"] for span in note["spans"]]
            for file in notes or list(self.switched):
                self.constant.add((file, name))
                self.switched[file].keep_const(name)
            return
        spans = sorted(error["spans"], key=lambda span: not span["is_primary"])
        for span in spans:
            mutants = _owner(self.written, span)
            if mutants:
                self.switched[span["file_name"]].drop(mutants, wrong=True)
                return
        if error["code"] and error["code"]["code"] == "E0004":
            self._blame_arms(spans[0])
            return
        # The compiler stumbled further on: all of that function are left out.
        for span in spans:
            for mutant in self._before(span):
                file = self.switched[mutant.file]
                file.drop([other for other in file.mutants() if other.around == mutant.around])
                return
        raise DoesNotBuild(error["rendered"])

    def _blame_arms(self, span):
        """A `match` that is no longer exhaustive, with guards on its arms: those are left out."""
        output = self.written[span["file_name"]]
        source = Source(str(output))
        token = source.at(_place(output, span)[0])
        while source.word(token) != "{":
            token = source.partner.get(token, token) + 1
        within = source.starts[token], source.end(source.partner[token])
        arms = [mutant for mutant in output.inside(*within) if mutant.genre == "MatchArm"]
        self.switched[span["file_name"]].drop(arms)

    def _before(self, span):
        output = self.written.get(span["file_name"])
        return output.before(_place(output, span)[0]) if output else []

    def mutants(self):
        return [mutant for file in self.switched.values() for mutant in file.mutants()]

    def viable(self, mutants):
        """Those of the mutants that compile when they are simply made, one at a time or as good as that."""
        waiting, viable = list(mutants), []
        while waiting:
            tried, later, taken = [], [], defaultdict(list)
            for mutant in waiting:
                around = taken[mutant.file]
                if all(mutant.around[1] <= first or last <= mutant.around[0] for first, last in around):
                    around.append(mutant.around)
                    tried.append(mutant)
                else:
                    later.append(mutant)
            found = self._compiling(tried)
            viable += found
            self.say(f"of {len(tried)} without a switch {len(found)} compile; {len(later)} to go")
            waiting = later
        return viable

    def _compiling(self, mutants):
        while mutants:
            outputs = self._make(mutants)
            _, errors = self.cargo(["check", "--lib"])
            if not errors:
                return mutants
            bad = set()
            for error in errors:
                owners = [mutant for span in error["spans"] for mutant in _owner(outputs, span)]
                if not owners:
                    raise DoesNotBuild(error["rendered"])
                bad.update(mutant.number for mutant in owners)
            mutants = [mutant for mutant in mutants if mutant.number not in bad]
        return mutants

    def build_alone(self, mutant):
        """Builds the tests with this one mutant and no switch; none if it does not compile."""
        self._make([mutant])
        executables, errors = self.cargo(["test", "--no-run", "--lib", "--tests"])
        return None if errors else executables

    def _make(self, mutants):
        by_file = _grouped(mutants, lambda mutant: mutant.file)
        outputs = {name: alone(Source(self.original(name)), found) for name, found in by_file.items()}
        for name in self.switched:
            self._put(name, str(outputs.get(name) or self.original(name)))
        return outputs

    def _put(self, name, text):
        _write(self.copy / name, text.encode())

    def cargo(self, arguments):
        """The executables of tests that cargo made, and the compiler's errors."""
        command = ["cargo", *arguments, "--quiet", "--package", PACKAGE, "--message-format=json", "--locked"]
        ran = subprocess.run(command, cwd=self.copy, env=self.environment, capture_output=True, text=True)
        executables, errors = [], []
        for line in ran.stdout.splitlines():
            message = json.loads(line)
            if message["reason"] == "compiler-artifact" and message.get("executable"):
                if message["target"]["kind"][0] in {"lib", "test"}:
                    executables.append(Path(message["executable"]))
            elif message["reason"] == "compiler-message":
                found = message["message"]
                if found["level"].startswith("error") and found["spans"]:
                    found["spans"] = [_outside_macros(span) for span in found["spans"]]
                    errors.append(found)
        if ran.returncode and not errors:
            raise DoesNotBuild(ran.stderr)
        return executables, errors


def _outside_macros(span):
    """Where in the code the macro is used that the compiler points into."""
    while span["expansion"]:
        span = {**span["expansion"]["span"], "is_primary": span["is_primary"]}
    return span


def _owner(outputs, span):
    """The mutants whose text in the written files the compiler points at."""
    output = outputs.get(span["file_name"])
    return output.owner(*_place(output, span)) if output else []


def _place(output, span):
    """Where in the written text the compiler points; it counts bytes."""
    text = str(output).encode()
    return tuple(len(text[: span[edge]].decode()) for edge in ("byte_start", "byte_end"))


def _write(path, content):
    """Writes a file unless it says so already: cargo goes by the time of the last change."""
    if not path.is_file() or path.read_bytes() != content:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def _run(command, directory):
    return subprocess.run(command, cwd=directory, check=True, capture_output=True, text=True)


def _grouped(items, key):
    groups = defaultdict(list)
    for item in items:
        groups[key(item)].append(item)
    return groups


def empty(path):
    shutil.rmtree(path, ignore_errors=True)
    path.mkdir(parents=True)
