"""The survivors that no test can notice, each with its reason: explained.toml."""

import re
import tomllib
from pathlib import Path

FILE = Path(__file__).with_name("explained.toml")


class Explained:
    def __init__(self):
        self.entries = tomllib.loads(FILE.read_text()).get("mutant", [])
        self.used = [0] * len(self.entries)
        for entry in self.entries:
            if set(entry) - {"times"} != {"name", "code", "reason"}:
                raise SystemExit(f"explained.toml: name, code and reason (and perhaps times) are wanted: {entry}")

    def covers(self, mutant, code):
        """Whether an entry names this survivor, which is on this line of code."""
        found = self._entry(mutant, code)
        if found is None:
            return False
        self.used[found] += 1
        return True

    def complaints(self, tried):
        """What is wrong with the entries, after those mutants (with their code) were all tried."""
        known = {self._entry(mutant, code) for mutant, code in tried}
        files = {mutant.file for mutant, _ in tried}
        for index, entry in enumerate(self.entries):
            if index in known and self.used[index] != entry.get("times", 1):
                yield f"explains {entry.get('times', 1)} survivors, and there are {self.used[index]}: {entry['name']}"
            elif index not in known and entry["name"].split(": ", 1)[0] in files:
                yield f"there is no such mutant: {entry['name']}"

    def _entry(self, mutant, code):
        for index, entry in enumerate(self.entries):
            if entry["name"] == unnumbered(mutant.name) and entry["code"] == code:
                return index
        return None


def unnumbered(name):
    """A mutant's name without the line and column, which other changes move."""
    return re.sub(r"^([^:]*):\d+:\d+: ", r"\1: ", name)
