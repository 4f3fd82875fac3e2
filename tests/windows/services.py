"""nymi-nes.exe and nymi-agent.exe as services of Windows: services.py FOLDER [TIMES]

FOLDER holds both; each is started, asked and stopped TIMES times (1). WINE and WINEPREFIX say
how programs for Windows are run; one has to run all the time, or Wine ends the services.
"""

import os
import re
import subprocess
import sys
import tempfile
import time
import urllib.request

from wine import LIMIT_S, WINE, awaited, by_cmd, check, read, says

# Of Windows' winerror.h, those that its service manager gives.
MEANINGS = {
    5: "access is denied",
    1053: "the service did not answer in time",
    1055: "another service is being started",
    1056: "the service runs already",
    1060: "there is no such service",
    1062: "the service does not run",
    1072: "the service is marked for deletion",
    1722: "the service manager does not answer",
}
ANOTHER_IS_STARTED = 1055
# The manager may wait three times for a start, each as long as tests/windows/run allows it.
MANAGER_LIMIT_S = 200


class Service:
    """A service that the manager knows from here on."""

    def __init__(self, program, *arguments):
        self.name = os.path.basename(program).removesuffix(".exe")
        self.log = os.path.splitext(arguments[1].removeprefix("Z:"))[0] + ".log"
        command = subprocess.list2cmdline(["Z:" + program.replace("/", "\\"), *arguments])
        self.manager("create", "binPath=", command)

    def asked(self, verb, *more):
        """What the manager says, and the number of its error or 0. Wine's sc names that only in its own log."""
        found = subprocess.run(
            [WINE, "sc", verb, self.name, *more], env=os.environ | {"WINEDEBUG": "-all,err+sc"},
            text=True, capture_output=True, timeout=MANAGER_LIMIT_S, check=False,
        )
        number = re.search(r"err:sc:.* (\d+)\s*$", found.stderr)
        code = 0 if found.returncode == 0 else int(number[1]) if number else -1
        return found.stdout + found.stderr, code

    def manager(self, verb, *more, unless=0):
        """As `asked`; it has to do it, or to refuse it with the number `unless`."""
        said, code = self.asked(verb, *more)
        if code not in (0, unless):
            state = self.asked("query")[0].strip()
            check(False, f"sc {verb} {self.name}: error {code}, {MEANINGS.get(code, 'not named here')}",
                  f"\nsc said: {said.strip()}\nsc query: {state}\nits log: {read(self.log).strip() or 'empty'}")
        return said, code

    def start(self):
        """Wine refuses a start when it has waited three seconds for another's, as that of its RpcSs: then again."""
        deadline = time.monotonic() + MANAGER_LIMIT_S
        while self.manager("start", unless=ANOTHER_IS_STARTED)[1] != 0:
            check(time.monotonic() < deadline, self.name, "is not started: another service is, all the time")
            time.sleep(1)

    def comes_to(self, state):
        awaited(self.name, state, lambda: re.search(rf"STATE +: \d+ +{state}", self.manager("query")[0]))


def cannot_be_started_by_a_person(program, *arguments):
    refused = subprocess.run(by_cmd(program, *arguments), text=True, capture_output=True, timeout=LIMIT_S, check=False)
    is_told = refused.returncode == 1 and "cannot run as a service" in refused.stderr
    check(is_told, program, "ended with", refused.returncode, refused.stderr)


def is_a_service(program, *arguments, times):
    """Windows starts it, it serves, and it ends when it is told to."""
    service = Service(program, *arguments)
    for _ in range(times):
        began = time.monotonic()
        service.start()
        after = time.monotonic() - began
        port = awaited(service.name, "place", lambda: re.search(r"127\.0\.0\.1:(\d+)", read(service.log)))[1]
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=LIMIT_S) as answer:
            check(answer.status == 200, service.name, "answers", answer.status)
        service.comes_to("RUNNING")
        service.manager("stop")
        awaited(service.name, "end", lambda: "has ended" in read(service.log))
        service.comes_to("STOPPED")
        os.remove(service.log)
        print(f"{os.path.basename(program)}: runs as a service, {after:.1f} s after it was to start, and stops", flush=True)
    service.manager("delete")


def both(folder, times=1):
    """Server, with an enterprise of its own, and agent."""
    with tempfile.TemporaryDirectory() as place:
        server, agent = (os.path.join(folder, name) for name in ("nymi-nes.exe", "nymi-agent.exe"))
        for name, text in (
            ("nes", '[nes]\nlisten = "127.0.0.1:0"\ndata_dir = "data"\ngrade = "bronze"\n'),
            ("agent", '[agent]\nlisten = "127.0.0.1:0"\n[webapi]\nlisten = "127.0.0.1:0"\n'),
        ):
            with open(os.path.join(place, f"{name}.toml"), "w", encoding="utf-8") as file:
                file.write(text)
        of_server = ("--config", f"Z:{place}/nes.toml", "service")
        of_agent = ("--config", f"Z:{place}/agent.toml", "--service")
        says(server, *of_server[:2], "evaluation", "Works")
        for program, arguments in ((server, of_server), (agent, of_agent)):
            cannot_be_started_by_a_person(program, *arguments)
            is_a_service(program, *arguments, times=times)


if __name__ == "__main__":
    both(os.path.realpath(sys.argv[1]), *map(int, sys.argv[2:3]))
