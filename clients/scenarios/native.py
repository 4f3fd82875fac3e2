"""Runs the scenarios with nothing between them and the C library: rig native.py LIBRARY RESULTS.json [ID...]

Shows that the scenarios say what the library does, whatever wrapper a language puts around it. Of the Python package
it takes the declarations of the C functions alone. NYMI_VERBOSE=1 names every scenario. The runner of the Python
package gives `play` players of its own.
"""

import ctypes
import functools
import json
import os
import re
import socket
import sys
import tempfile
import threading
import time
from pathlib import Path

# Behind an installed package, which has the same declarations.
sys.path.append(str(Path(__file__).parents[1] / "python/src"))
from nymi._generated import Result  # noqa: E402
from nymi._library import Config, declare  # noqa: E402

SCENARIOS = Path(__file__).with_name("scenarios.json")
EVENT_S = 10
QUIET_S = 0.3
POLL_MS = 200


class Failed(Exception):
    """A step did not go as the scenario says."""


def load(path):
    library = ctypes.CDLL(path)
    declare(library)
    return library


def difference(pattern, value, at="payload"):
    """What of a value is not as the pattern says, or None."""
    shown = f"{at}: expected {json.dumps(pattern)}, found {json.dumps(value)}"
    if isinstance(pattern, list):
        if not isinstance(value, list) or len(value) != len(pattern):
            return shown
        return next(filter(None, map(difference, pattern, value)), None)
    if not isinstance(pattern, dict):
        return None if type(pattern) is type(value) and pattern == value else shown
    operator = next((key for key in pattern if key.startswith("$")), None)
    wanted = pattern.get(operator)
    if operator == "$type":
        kinds = {"string": str, "boolean": bool, "object": dict, "array": list, "number": (int, float)}
        return None if isinstance(value, kinds[wanted]) else shown
    if operator == "$match":
        return None if isinstance(value, str) and re.search(wanted, value) else shown
    if operator == "$length":
        return None if isinstance(value, list) and len(value) == wanted else shown
    if operator == "$contains":
        return None if isinstance(value, list) and any(difference(wanted, one) is None for one in value) else shown
    if not isinstance(value, dict):
        return shown
    for key, one in pattern.items():
        if one == {"$absent": True}:
            fault = f"{at}.{key} is there" if key in value else None
        else:
            fault = difference(one, value[key], f"{at}.{key}") if key in value else f"{at}.{key} is missing"
        if fault:
            return fault
    return None


def filled(value, variables):
    if isinstance(value, str):
        whole = re.fullmatch(r"\$\{(\w+)\}", value)
        return variables[whole[1]] if whole else re.sub(r"\$\{(\w+)\}", lambda name: variables[name[1]], value)
    if isinstance(value, list):
        return [filled(one, variables) for one in value]
    if isinstance(value, dict):
        return {key: filled(one, variables) for key, one in value.items()}
    return value


class Player:
    """A client, and what it was told and nobody took yet."""

    def __init__(self, library, name, agent, store):
        self.library, self.count = library, 0
        self.updates, self.changed = [], threading.Condition()
        config = Config(ctypes.sizeof(Config), name.encode(), agent.encode(), store.encode())
        self.client = ctypes.c_void_p()
        if result := library.nymi_client_new(ctypes.byref(config), ctypes.byref(self.client), None):
            raise Failed(f"nymi_client_new: {result}")
        self.reader = threading.Thread(target=self.read)
        self.closing = False
        self.reader.start()

    def read(self):
        while not self.closing:
            text = ctypes.c_void_p()
            result = self.library.nymi_client_get(self.client, POLL_MS, ctypes.byref(text), None)
            if result == Result.TIMEOUT:
                continue
            if result == Result.TERMINATED:
                return
            update = json.loads(ctypes.string_at(text))
            self.library.nymi_string_free(text)
            with self.changed:
                self.updates.append(update)
                self.changed.notify_all()

    def close(self):
        self.closing = True
        self.reader.join()
        self.library.nymi_client_free(self.client)

    def put(self, text):
        if result := self.library.nymi_client_put(self.client, text.encode(), None):
            raise Failed(f"nymi_client_put: {result}")

    def take(self, fits, what, seconds=EVENT_S):
        """The oldest update that fits, taken out."""
        until = time.monotonic() + seconds
        with self.changed:
            while True:
                for index, update in enumerate(self.updates):
                    if fits(update):
                        return self.updates.pop(index)
                if not self.changed.wait(max(0, until - time.monotonic())) and time.monotonic() >= until:
                    raise Failed(f"{what} did not come; there was {json.dumps(self.updates)[:600]}")

    def start(self, call):
        self.count += 1
        exchange = f"step-{self.count}"
        self.put(json.dumps({"exchange": exchange, **call}))
        return exchange

    def answer(self, exchange):
        def is_last(update):
            return update["exchange"] == exchange and update["payload"].get("completed") is not False

        return self.take(is_last, f"the answer to {exchange}", seconds=20)


class Run:
    """One scenario, or its end."""

    def __init__(self, rig, make, store):
        self.rig, self.make, self.store = rig, make, store
        self.saved, self.players, self.started, self.init = dict(rig["variables"]), {}, {}, True
        self.saved["init"] = self.init_payload("RecordsA")

    def init_payload(self, name):
        user = self.rig["users"][0]
        account = f"{user['Domain']}\\{user['Username']}"
        place = {"nes_url": self.rig["nes"], "l1": self.rig["l1"], "grade": "bronze"}
        return {"nea_name": name, "username": account, "password": user["password"], **place}

    def player(self, which):
        if which not in self.players:
            name = f"Records{which.upper()}"
            player = self.players[which] = self.make(name, self.rig["agent"], self.store)
            if self.init:
                exchange = player.start({"operation": "init", "payload": self.init_payload(name)})
                check({"status": 0}, player.answer(exchange), "init")
        return self.players[which]

    def close(self):
        for player in self.players.values():
            player.close()

    def step(self, step):
        step = filled(step, self.saved)
        if "hardware" in step or "link" in step:
            return self.control(step.get("hardware") or f"link {step['link']}")
        player = self.player(step.get("client", "a"))
        kinds = {
            "request": self.request,
            "start": self.start,
            "await": self.wait,
            "raw": self.raw,
            "event": self.event,
            "no_event": self.no_event,
            "connection": self.connection,
        }
        return next(run for kind, run in kinds.items() if kind in step)(player, step)

    def control(self, command):
        host, _, port = self.rig["control"].rpartition(":")
        with socket.create_connection((host, int(port)), EVENT_S) as connection:
            connection.sendall(f"{command}\n".encode())
            answer = connection.makefile().readline().strip()
        if not answer.startswith("ok"):
            raise Failed(f"{command}: {answer}")

    def request(self, player, step):
        until = time.monotonic() + step.get("retry_ms", 0) / 1000
        while True:
            update = player.answer(player.start(step["request"]))
            try:
                check(step["expect"], update, step["request"]["operation"])
            except Failed:
                if time.monotonic() >= until:
                    raise
                time.sleep(QUIET_S)
            else:
                return self.keep(step, update["payload"])

    def start(self, player, step):
        self.started[step["as"]] = player.start(step["start"])

    def wait(self, player, step):
        check(step["expect"], player.answer(self.started[step["await"]]), step["await"])

    def raw(self, player, step):
        player.put(step["raw"].ljust(step.get("pad_to", 0)))
        for pattern in step["updates"]:
            player.take(lambda update: difference(pattern, update) is None, f"the update {json.dumps(pattern)}")

    def is_event(self, step, name):
        pattern = {"exchange": None, "operation": name, "payload": step["where"]}
        return lambda update: difference(pattern, update) is None

    def event(self, player, step):
        what = f"{step['event']} {json.dumps(step['where'])}"
        self.keep(step, player.take(self.is_event(step, step["event"]), what)["payload"])

    def no_event(self, player, step):
        time.sleep(QUIET_S)
        if any(map(self.is_event(step, step["no_event"]), player.updates)):
            raise Failed(f"{step['no_event']} {json.dumps(step['where'])} came")

    def connection(self, player, step):
        if step["connection"] == "lost":
            pattern = {"operation": "error", "exchange": None, "status": 4000}
            player.take(lambda update: difference(pattern, update) is None, "the loss of the connection")
        else:
            back = {"operation": "list_endpoints", "payload": {}}
            self.request(player, {"request": back, "expect": {"status": 0}, "retry_ms": 20_000})

    def keep(self, step, payload):
        self.saved.update({name: payload[key] for name, key in step.get("save", {}).items()})


def check(expect, update, what):
    specifics = update["error"].get("error_specifics", "")
    if update["status"] != expect["status"]:
        raise Failed(f"{what}: expected status {expect['status']}, found {update['status']}: {specifics}")
    if not re.search(expect.get("specifics", ""), specifics):
        raise Failed(f"{what}: expected specifics {expect['specifics']}, found {specifics}")
    if fault := difference(expect.get("payload", {}), update["payload"]):
        raise Failed(f"{what}: {fault}")


def run_one(scenario, *place):
    run, detail = Run(*place), None
    run.init = scenario.get("init", True)
    try:
        run.player("a")
        for number, step in enumerate(scenario["steps"], 1):
            try:
                run.step(step)
            except Failed as failure:
                raise Failed(f"step {number}: {failure}") from None
    except Failed as failure:
        detail = str(failure)
    run.close()
    # Whatever happened, the next scenario finds things as they were.
    tidy = Run(*place)
    try:
        for step in scenario.get("finally", []):
            tidy.step(step)
    except Failed as failure:
        detail = detail or f"finally: {failure}"
    tidy.close()
    return detail


def play(client, make, results, *ids):
    """Runs the scenarios with players that make(name, agent, store) makes; the exit code."""
    rig, found = json.loads(os.environ["NYMI_RIG"]), []
    with tempfile.TemporaryDirectory() as store:
        for scenario in json.loads(SCENARIOS.read_text(encoding="utf-8"))["scenarios"]:
            if ids and scenario["id"] not in ids:
                continue
            applies, began = "native" in scenario["transports"], time.monotonic()
            detail = run_one(scenario, rig, make, store) if applies else None
            outcome = "failed" if detail else "passed" if applies else "not applicable"
            result = {"id": scenario["id"], "outcome": outcome, "ms": round((time.monotonic() - began) * 1000)}
            found.append(result | ({"detail": detail} if detail else {}))
            if detail or os.environ.get("NYMI_VERBOSE"):
                print(outcome, scenario["id"], f"({result['ms']} ms)", detail or "", flush=True)
    counts = {outcome: sum(one["outcome"] == outcome for one in found) for outcome in ("passed", "failed", "not applicable")}
    print(f"{client}:", ", ".join(f"{count} {outcome}" for outcome, count in counts.items()))
    Path(results).write_text(json.dumps({"client": client, "transport": "native", "results": found}, indent=2) + "\n")
    return 1 if counts["failed"] else 0


def main(library, results, *ids):
    return play("C library", functools.partial(Player, load(library)), results, *ids)


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    sys.exit(main(*sys.argv[1:]))
