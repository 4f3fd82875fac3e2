"""Programs for Windows against a running system: live.py FOLDER NYMI [--windows]

FOLDER holds nymi_api.dll and the programs that tests/windows/run compiled; NYMI is the program `nymi` of
this machine, or with --windows nymi.exe, beside nymi-nes.exe and nymi-agent.exe. WINE and WINEPREFIX say how
programs for Windows are run; one has to run all the time, or Wine ends the services.
"""

import contextlib
import getpass
import glob
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import urllib.request

import services
from wine import LIMIT_S, WINE, by_cmd, check, says

FOLDER, NYMI = map(os.path.realpath, sys.argv[1:3])
STORE = os.path.join(os.environ["WINEPREFIX"], "drive_c/users", getpass.getuser(), "AppData/Roaming/Nymi/NSL")
SITE = r"HKLM\Software\Nymi\NES"
DOCUMENT = b"Batch 4711 was released.\n"


class System:
    """A running `nymi up`: that of this machine, or nymi.exe."""

    def __init__(self, nymi, *runner):
        self.nymi = by_cmd(nymi) if runner else [nymi]
        ports = [word for name in ("agent", "webapi", "nes", "page") for word in (f"--{name}-port", "0")]
        command = [*runner, nymi, "up", "--json", "--ephemeral", "--headless", *ports]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        check(line, "nymi up ended before it was ready")
        self.ready = json.loads(line)
        user = self.ready["users"][0]
        self.password = user["password"]
        self.account = f"{user['Domain']}\\{user['Username']}"
        l1 = self.ready["l1"]
        self.l1 = "Z:" + l1.replace("/", "\\") if l1.startswith("/") else l1
        self.nes = self.ready["nes"]
        self.port = self.ready["agent"].rsplit(":", 1)[1].split("/")[0]

    def tap(self):
        serial = self.ready["bands"][0]["SerialNumber"]
        command = [*self.nymi, "tap", serial, "--data", self.ready["data"]]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, timeout=LIMIT_S)

    def end(self):
        self.process.terminate()
        self.process.wait(timeout=LIMIT_S)


def start(system, program, *arguments):
    """A program for Windows; what it says comes as text."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("NYMI_")}
    environment["NYMI_PASSWORD"] = system.password
    return subprocess.Popen(
        ["timeout", str(LIMIT_S), *by_cmd(os.path.join(FOLDER, program), *arguments)],
        env=environment, cwd=FOLDER, stdout=subprocess.PIPE, text=True,
    )


def run(system, program, *arguments):
    """Its exit code and what it said."""
    process = start(system, program, *arguments)
    return process.communicate()[0].strip(), process.returncode


def tapped(system, program, asks, *arguments):
    """What a program says that asks for a tap, and gets one."""
    process = start(system, program, *arguments)
    line = process.stdout.readline()
    check(line.strip() == asks, program, "said", repr(line))
    system.tap()
    said = process.communicate()[0].strip()
    check(process.returncode == 0, program, "ended with", process.returncode, said)
    return said


def signs(system, program):
    """The example's signature holds, by the enterprise's L1 alone."""
    arguments = ["-g", "bronze", "-p", system.port, "-n", system.nes, "-u", system.account,
                 "-l", system.l1, "-d", hashlib.sha256(DOCUMENT).hexdigest()]
    said = tapped(system, program, "tap your band at 127.0.0.1", *arguments)
    signed, token = said.split("\nassertion ")
    check(signed.startswith(f"signed by {system.account} at "), program, "said", signed)
    with tempfile.NamedTemporaryFile() as document:
        document.write(DOCUMENT)
        document.flush()
        verified = subprocess.run(
            [*system.nymi, "assertion", "verify", "--l1", system.ready["l1"], "--grade", "bronze",
             "--document", document_name(system, document), "--json", "-"],
            input=token, text=True, capture_output=True, check=False,
        )
    check(verified.returncode == 0, program, verified.stdout, verified.stderr)
    print(f"{program}: the signature of {system.account} verifies")


def document_name(system, file):
    return file.name if system.ready["l1"].startswith("/") else "Z:" + file.name


def does_everything(system, program):
    # It begins without a certificate.
    shutil.rmtree(STORE, ignore_errors=True)
    arguments = [system.port, system.nes, system.l1, system.account]
    said = tapped(system, program, "tap", *arguments)
    check(said.split(" ")[0] == system.account, program, "said", said)
    print(f"{program}: every operation does what it says")


def registry(*arguments):
    subprocess.run([WINE, "reg", *arguments], check=True, stdout=subprocess.DEVNULL, timeout=LIMIT_S)


@contextlib.contextmanager
def site(values):
    """The machine's administrator has set these."""
    for name, value in values.items():
        registry("add", SITE, "/v", name, "/d", value, "/f")
    yield
    registry("delete", SITE, "/f")


def obeys_the_site(system):
    agent = f"ws://127.0.0.1:{system.port}/socket/websocket"
    with site({"URL": system.nes, "AgentURL": agent}):
        said, code = run(system, "site.exe", system.l1, system.account)
        check((said, code) == (f"{system.nes} {agent}", 0), "site.exe with the registry:", said)
        kept_sealed("SiteTest")
        said, code = run(system, "site.exe", system.l1)
        check((said, code) == (f"{system.nes} {agent}", 0), "site.exe with the store:", said)
    for name, value, word in (("URL", "http://nes.example.com/nes", "init"), ("AgentURL", "ftp://a", "new")):
        with site({"URL": system.nes, "AgentURL": agent} | {name: value}):
            said, code = run(system, "site.exe", system.l1, system.account)
            place = rf"HKEY_LOCAL_MACHINE\Software\Nymi\NES\{name}"
            named = said.startswith(word) and place in said and value in said
            check(named and code == 1, f"{name} is {value}:", said)
    print("site.exe: the registry's URL and AgentURL are used, and named where they cannot be")


def kept_sealed(application):
    """The certificate is in the user's folder, and its key is nothing that can be read there."""
    files = glob.glob(os.path.join(STORE, f"{application}-*.json"))
    check(len(files) == 1, "files in the store:", files)
    with open(files[0], encoding="utf-8") as file:
        stored = json.load(file)
    # PKCS#8 of a P-256 key names the curve.
    curve = "06082a8648ce3d030107"
    check(stored["protection"] == "dpapi" and curve not in stored["key"], "the key is not sealed:", files)
    print("%APPDATA%\\Nymi\\NSL: the certificate's key is sealed with DPAPI")


def against_this_machine(nymi):
    system = System(nymi)
    try:
        signs(system, "tap_to_sign.exe")
        signs(system, "tap_to_sign_classic.exe")
        does_everything(system, "typed.exe")
        does_everything(system, "typed_loaded.exe")
        obeys_the_site(system)
    finally:
        system.end()


def server_and_agent(folder):
    """nymi-nes.exe makes an enterprise, and both serve."""
    for program in ("nymi.exe", "nymi-nes.exe", "nymi-agent.exe"):
        path = os.path.join(folder, program)
        check(says(path, "--version").startswith(program.removesuffix(".exe") + " "), program, "--version")
        check("Usage: " + program in says(path, "--help"), program, "--help")
    with tempfile.TemporaryDirectory() as place:
        nes = os.path.join(folder, "nymi-nes.exe")
        config = os.path.join(place, "nes.toml")
        with open(config, "w", encoding="utf-8") as file:
            file.write('[nes]\nlisten = "127.0.0.1:0"\ndata_dir = "data"\ngrade = "bronze"\n')
        says(nes, "--config", config, "evaluation", "Works")
        check("created" in says(nes, "--config", config, "add-user", "CORP", "alice", secret="a long passphrase\n"))
        check("audit rows" in says(nes, "--config", config, "verify-audit"), "verify-audit")
        with open(os.path.join(place, "data", "l1.pem"), encoding="ascii") as file:
            check("BEGIN CERTIFICATE" in file.read(), "l1.pem")
        serves(nes, place, "--config", config)
        config = os.path.join(place, "agent.toml")
        with open(config, "w", encoding="utf-8") as file:
            file.write('[agent]\nlisten = "127.0.0.1:0"\n[webapi]\nlisten = "127.0.0.1:0"\n')
        agent = os.path.join(folder, "nymi-agent.exe")
        serves(agent, place, "--config", config)


def serves(program, place, *arguments):
    """Its log names where it listens, and something answers there."""
    process = subprocess.Popen([WINE, program, *arguments], cwd=place, stderr=subprocess.PIPE, text=True)
    try:
        for line in process.stderr:
            found = re.search(r"127\.0\.0\.1:(\d+)", line)
            if found:
                break
        else:
            check(False, program, "did not say where it listens")
        with urllib.request.urlopen(f"http://127.0.0.1:{found[1]}/healthz", timeout=LIMIT_S) as answer:
            check(answer.status == 200, program, "answers", answer.status)
        print(f"{os.path.basename(program)}: serves")
    finally:
        process.kill()
        process.wait()


def windows_alone(nymi):
    server_and_agent(os.path.dirname(nymi))
    services.both(os.path.dirname(nymi))
    system = System(nymi, WINE)
    try:
        signs(system, "tap_to_sign.exe")
    finally:
        system.end()


if sys.argv[3:] == ["--windows"]:
    windows_alone(NYMI)
else:
    against_this_machine(NYMI)
