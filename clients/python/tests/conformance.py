"""Runs the scenarios with this package: rig conformance.py FOLDER [ID...]; one result each for Client and AsyncClient."""

import asyncio
import concurrent.futures
import dataclasses
import json
import re
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path

import nymi

ROOT = Path(__file__).resolve().parents[3]
sys.path += [str(ROOT / "clients"), str(ROOT / "clients/scenarios")]
import native  # noqa: E402
from generator.model import Api, pascal, snake  # noqa: E402


def names_of_fields():
    """For each dataclass the names that its fields have in messages."""
    api = Api.load()
    parts = [(one.name, one.fields) for one in api.objects]
    parts += [(f"{pascal(one.name)}Event", one.fields) for one in api.events]
    for operation in api.operations_of_applications:
        answer = api.answer(operation)
        parts.append((answer.name, api.inherited(answer)))
    return {name: {snake(field.name): field.name for field in fields} for name, fields in parts}


NAMES = names_of_fields()


def message(answer):
    """What the package made of an answer, as the message says it. A field without value is absent."""
    if dataclasses.is_dataclass(answer):
        values = {one.name: getattr(answer, one.name) for one in dataclasses.fields(answer)}
        names = NAMES[type(answer).__name__]
        return {names[name]: message(value) for name, value in values.items() if value is not None}
    if isinstance(answer, datetime):
        return answer.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return [message(one) for one in answer] if isinstance(answer, tuple) else answer


# Each operation of the package: the function, the fields it takes by their names there, and the answer as a message.
def same(answer):
    return message(answer) if dataclasses.is_dataclass(answer) else {}


def rows(found):
    return message(found[0]) if len(found) == 1 else {"matches": message(found)}


QUERY = {"Username": "username", "Domain": "domain", "NymiBandID": "band", "NfcUID": "nfc_uid", "SerialNumber": "serial_number"}
INIT = ("nea_name", "nes_url", "token", "username", "password", "agent_url", "grade", "l1")
TYPED = {
    "init": ("init", {name: name for name in INIT}, same),
    "info": ("info", {}, same),
    "list_endpoints": ("list_endpoints", {}, lambda endpoints: {"endpoints": message(endpoints)}),
    "subscribe_endpoint": ("subscribe", {"endpoint_id": "endpoint"}, lambda endpoint: {"endpoint_id": endpoint}),
    "lookup": ("lookup", QUERY | {"lookup_keys": "columns"}, rows),
    "assert_identity": (
        "assert_identity",
        {"device": "band"} | {name: name for name in ("intent_id", "document_sha256", "meaning", "audience", "nonce")},
        same,
    ),
    "user_status": ("user_status", {"Username": "username", "Domain": "domain"}, same),
    "notify": ("notify", {"device": "band", "notification": "notification"}, same),
    "random": ("random", {"device": "band", "length": "length"}, lambda some: {"random": some.hex()}),
    "sign": ("sign", {"device": "band", "hash": "digest"}, same),
    "symmetric_key": ("symmetric_key", {"device": "band", "action": "action", "key_id": "key_id"}, same),
    "totp": ("totp", {"device": "band", "action": "action"}, same),
    "firmware": ("firmware", {"device": "band"}, same),
    "cancel": ("cancel", {"exchange": "exchange"}, same),
}
NEEDED = {"init": {"nea_name"}, "subscribe_endpoint": {"endpoint_id"}, "sign": {"device", "hash"}, "cancel": {"exchange"}}

# The fields that are no text.
WORDLESS = {"lookup_keys": list, "length": int}


def typed(call):
    """The function of the package for a request, its arguments, how to read the answer, and the fields by parameter; None if
    there is none.

    Requests that no function of the package would make, such as one without a needed field or with a number for a text, go
    through `request`.
    """
    operation, payload = call["operation"], dict(call["payload"])
    if operation not in TYPED or not NEEDED.get(operation, set()) <= payload.keys():
        return None
    function, fields, read = TYPED[operation]
    if operation == "lookup":
        if not payload["query"]:
            return None
        payload |= payload.pop("query")
    if operation == "assert_identity" and payload.pop("assert_type", None) != "assert_user":
        return None
    deadline = payload.pop("deadline_ms", None)
    if not payload.keys() <= fields.keys() or deadline is not None and not 0 < deadline <= 120_000:
        return None
    if not all(isinstance(value, WORDLESS.get(name, str)) for name, value in payload.items()):
        return None
    arguments = {fields[name]: value for name, value in payload.items()}
    return function, arguments | ({"timeout": deadline / 1000} if deadline else {}), read, {one: name for name, one in fields.items()}


class Player(native.Player):
    """A Client, played as the bare library is."""

    def __init__(self, name, agent, store):
        self.updates, self.changed = [], threading.Condition()
        self.workers = concurrent.futures.ThreadPoolExecutor(8)
        self.open(name, agent_url=agent, store_directory=store)
        self.reader = threading.Thread(target=self.read)
        self.reader.start()

    def open(self, name, **settings):
        self.client = nymi.Client(name, **settings)

    def call(self, function, *arguments, **named):
        """What the client answers."""
        return getattr(self.client, function)(*arguments, **named)

    def read(self):
        while True:
            try:
                update = self.call("wait_update")
            except nymi.ClosedError:
                return
            known = update.event
            if update.exchange is None and update.operation in ("tap", "presence", "endpoint"):
                # What programs are given, so that a field that is read wrongly is noticed.
                payload = message(known)
            else:
                payload = update.payload
            with self.changed:
                self.updates.append(dataclasses.asdict(update) | {"payload": payload})
                self.changed.notify_all()

    def close(self):
        self.call("close")
        self.reader.join()
        self.workers.shutdown()

    def put(self, text):
        try:
            self.client.put(text)
        except nymi.NymiError as error:
            raise native.Failed(str(error)) from None

    def start(self, call):
        return self.workers.submit(self.do, call)

    def answer(self, started):
        return started.result()

    def do(self, call):
        fields = {}
        try:
            if found := typed(call):
                function, arguments, read, fields = found
                payload = read(self.call(function, **arguments))
            else:
                payload = self.call("request", call["operation"], call["payload"])
        except nymi.NymiError as error:
            # Functions of the package name their parameters, where scenarios have fields.
            names = re.compile(rf"(^|; )({'|'.join(fields)})(?=:| is missing)")
            specifics = names.sub(lambda one: one[1] + fields[one[2]], error.specifics) if fields else error.specifics
            return {"status": error.status, "payload": {}, "error": {"error_specifics": specifics}}
        return {"status": 0, "payload": payload, "error": {}}


class AsyncPlayer(Player):
    """An AsyncClient in a loop of its own."""

    def open(self, name, **settings):
        self.loop = asyncio.new_event_loop()
        self.runner = threading.Thread(target=self.loop.run_forever)
        self.runner.start()

        async def make():
            return nymi.AsyncClient(name, **settings)

        self.client = asyncio.run_coroutine_threadsafe(make(), self.loop).result()

    def call(self, function, *arguments, **named):
        coroutine = getattr(self.client, function)(*arguments, **named)
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result()

    def close(self):
        super().close()
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.runner.join()
        self.loop.close()


def main(folder, *ids):
    failed = 0
    for client, make, file in (("Python", Player, "python.json"), ("Python, asyncio", AsyncPlayer, "python-asyncio.json")):
        failed |= native.play(client, make, Path(folder, file), *ids)
    return failed


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    sys.exit(main(*sys.argv[1:]))
