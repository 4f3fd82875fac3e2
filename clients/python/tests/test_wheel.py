"""What a wheel is named after: the library in it."""

import os
import shutil
import subprocess
import sys
import tempfile
import unittest
import zipfile
from pathlib import Path

from nymi._library import library

PROGRAM = Path(__file__).resolve().parents[1] / "wheel-platform"


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, PROGRAM, *arguments], capture_output=True, text=True, check=False)


class Platform(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.library = self.folder / "libnymi_api.so.1"
        shutil.copy(library()._name, self.library)

    def wheel(self, name: str, tag: str, *parts: str) -> subprocess.CompletedProcess[str]:
        """The check of a wheel of that name and tag, with the library and other parts in it."""
        path = self.folder / f"nymi-1-{name}.whl"
        with zipfile.ZipFile(path, "w") as files:
            files.write(self.library, "nymi/libnymi_api.so.1")
            files.writestr("nymi-1.dist-info/WHEEL", f"Wheel-Version: 1.0\nTag: {tag}\n")
            for part in parts:
                files.writestr(part, "")
        return run("--check", str(path))

    def test_a_wheel_says_what_its_library_needs(self) -> None:
        found = run(str(self.library))
        self.assertRegex(found.stdout, r"^manylinux_2_\d+_\w+\n$")
        self.assertRegex(found.stderr, r"the library needs glibc 2\.\d+ for \w+")
        true, other = f"py3-none-{found.stdout.strip()}", "py3-none-manylinux_2_5_x86_64"
        parts = ["nymi/py.typed", "nymi/_generated.py", "nymi-1.dist-info/RECORD", "nymi-1.dist-info/LICENSES-THIRD-PARTY"]
        self.assertEqual(self.wheel(true, true, *parts).returncode, 0)
        for name, tag in ((other, other), (true, other), (other, true)):
            refused = self.wheel(name, tag, *parts)
            self.assertEqual(refused.returncode, 1)
            self.assertIn(f"the library is for {true}", refused.stderr)
        for index in range(len(parts)):
            self.assertEqual(self.wheel(true, true, *parts[:index], *parts[index + 1 :]).returncode, 1)

    def of_a_library(self, needed: str, *symbols: str) -> subprocess.CompletedProcess[str]:
        """For a library that needs these, as objdump tells of it."""
        program = self.folder / "objdump"
        said = {"-f": "x: file format elf64-x86-64", "-p": f"  NEEDED  {needed}", "-T": "\n".join(symbols)}
        cases = "".join(f"{option}) cat <<'END'\n{text}\nEND\n;;\n" for option, text in said.items())
        program.write_text(f"#!/bin/sh\ncase $1 in\n{cases}esac\n")
        program.chmod(0o755)
        path = f"{self.folder}{os.pathsep}{os.environ['PATH']}"
        command = [sys.executable, str(PROGRAM), str(self.library)]
        return subprocess.run(command, capture_output=True, text=True, check=False, env=os.environ | {"PATH": path})

    def test_the_newest_version_of_glibc_counts_as_numbers(self) -> None:
        line = "0000000000000000      DF *UND*  0000000000000000 ({}) {}"
        older = [line.format("GLIBC_2.2.5", "read"), line.format("GLIBC_2.9", "pipe2"), line.format("GCC_3.0", "_Unwind_Resume")]
        for version, function in (("2.28", "fcntl64"), ("2.34", "dlsym"), ("2.100", "later")):
            for symbols in ([*older, line.format(f"GLIBC_{version}", function)], [line.format(f"GLIBC_{version}", function), *older]):
                found = self.of_a_library("libc.so.6", *symbols)
                self.assertEqual(found.stdout, f"manylinux_{version.replace('.', '_')}_x86_64\n", found.stderr)
                self.assertIn(f"glibc {version} for {function}\n", found.stderr)
        for needed, symbols in (
            ("libssl.so.3", older),
            ("libgcc_s.so.1", [*older, line.format("GCC_12.0.0", "new")]),
            ("libc.so.6", []),
        ):
            refused = self.of_a_library(needed, *symbols)
            self.assertEqual((refused.returncode, refused.stdout), (1, ""))

    def test_what_is_no_library_is_refused(self) -> None:
        self.library.write_text("nothing")
        self.assertEqual(run(str(self.library)).returncode, 1)
