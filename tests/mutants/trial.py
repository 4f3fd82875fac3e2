"""Runs the tests: once each to see which mutants it asks about, then per mutant those that may notice it."""

import os
import re
import resource
import signal
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

# A mutant may take this many times what the tests took without it, and this many seconds at least. It is
# the processor's time that counts, so a busy machine makes no difference.
PATIENCE = 8
LEAST_SECONDS = 4
# A mutant that eats memory ends here instead of with the machine.
MEMORY = 3 << 30


@dataclass
class Test:
    binary: Path
    name: str
    seconds: float = 0.0
    asks: set = field(default_factory=set)


class Tests:
    """The tests in these executables."""

    def __init__(self, binaries, directory, jobs):
        self.directory = directory
        self.jobs = jobs
        self.environment = {
            **os.environ,
            # The same cases in each run, and no notes about those that failed.
            "PROPTEST_RNG_SEED": "1",
            "PROPTEST_DISABLE_FAILURE_PERSISTENCE": "1",
            "RUST_BACKTRACE": "0",
            "CARGO_MANIFEST_DIR": str(directory),
        }
        self.tests = [Test(binary, name) for binary in binaries for name in self._names(binary)]
        self.asking = {}

    def _names(self, binary):
        def listed(*more):
            command = [binary, "--list", "--format", "terse", *more]
            ran = subprocess.run(command, capture_output=True, text=True, check=True, cwd=self.directory)
            return re.findall(r"(?m)^(.*): test$", ran.stdout)

        ignored = set(listed("--ignored"))
        return [name for name in listed() if name not in ignored]

    def trace(self, directory):
        """Runs each test by itself without a mutant: it must pass, and shows which mutants it asks about."""

        def one(numbered):
            number, test = numbered
            file = directory / str(number)
            began = time.monotonic()
            result, text = self._run(test.binary, [test.name], {"MUTANT_TRACE": str(file)}, 600)
            test.seconds = time.monotonic() - began
            if result != "passed":
                return f"{test.name} fails without a mutant:\n{text}"
            test.asks = {int(line) for line in file.read_text().split()} if file.exists() else set()
            return None

        with ThreadPoolExecutor(self.jobs) as pool:
            failures = [failure for failure in pool.map(one, enumerate(self.tests)) if failure]
        if failures:
            raise SystemExit("\n".join(failures))
        for test in self.tests:
            for number in test.asks:
                self.asking.setdefault(number, []).append(test)

    def take_times(self, others):
        """Takes over how long each test took there; none of them is asked which mutants it reaches."""
        known = {(test.name): test.seconds for test in others.tests}
        for test in self.tests:
            test.seconds = known.get(test.name, 0.1)

    def verdict(self, mutant, reaching=None):
        """What becomes of a mutant: (`caught`, `timeout` or `missed`; the test that noticed)."""
        tests = self.asking.get(mutant.number, []) if reaching is None else reaching
        module = _module(mutant.file)
        ordered = sorted(tests, key=lambda test: (not test.name.startswith(module), test.seconds))
        size = 1
        while ordered:
            binary = ordered[0].binary
            now = [test for test in ordered[:size] if test.binary == binary]
            taken = {id(test) for test in now}
            ordered = [test for test in ordered if id(test) not in taken]
            limit = max(LEAST_SECONDS, PATIENCE * sum(test.seconds for test in now))
            names = [test.name for test in now]
            result, text = self._run(binary, names, {"MUTANT": str(mutant.number)}, limit)
            if result == "failed":
                noticed = re.findall(r"(?m)^test (\S+)(?: - should panic)? \.\.\. FAILED", text)
                return "caught", noticed[0] if noticed else names[0]
            if result == "timeout":
                return "timeout", names[0]
            size *= 2
        return "missed", None

    def _run(self, binary, names, more, seconds):
        def limits():
            resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
            resource.setrlimit(resource.RLIMIT_CPU, (int(seconds) + 1, int(seconds) + 2))
            os.nice(5)

        command = [binary, "--exact", "--test-threads=1", *names]
        try:
            ran = subprocess.run(
                command,
                cwd=self.directory,
                env={**self.environment, **more},
                preexec_fn=limits,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                timeout=20 * seconds + 60,
            )
        except subprocess.TimeoutExpired:
            return "timeout", ""
        text = ran.stdout.decode(errors="replace")
        if ran.returncode in {-signal.SIGXCPU, -signal.SIGKILL}:
            return "timeout", text
        if ran.returncode == 0 and f" {len(names)} passed" not in text:
            raise SystemExit(f"not all of these tests ran: {names}\n{text}")
        return ("passed" if ran.returncode == 0 else "failed"), text


def _module(file):
    """The module that a file holds, as the names of its unit tests begin."""
    path = file.split("/src/", 1)[1].removesuffix(".rs").removesuffix("/mod")
    return path.replace("/", "::") + "::"
