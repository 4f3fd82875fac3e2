"""What a wheel is named after: the library in it."""

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

    def test_what_is_no_library_is_refused(self) -> None:
        self.library.write_text("nothing")
        self.assertEqual(run(str(self.library)).returncode, 1)
