"""What needs no live system: exceptions, arguments, the search for the library, and that documents print what is tested."""

import asyncio
import ctypes
import gc
import inspect
import json
import os
import pickle
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest import mock

import nymi
from nymi import _calls, _library
from nymi._calls import Call
from nymi._updates import QUEUE, Router, Update, keep, waiting_updates
from nymi.errors import error_of

ROOT = Path(__file__).resolve().parents[3]
NOWHERE = "ws://127.0.0.1:1"


def everything(error: BaseException | None) -> str:
    """What an exception and those behind it say and hold; without the frames that they went through."""
    if error is None:
        return ""
    held = [getattr(error, name, None) for name in ("object", "doc", "__notes__")]
    return f"{error!r} {vars(error)} {held} {everything(error.__cause__)} {everything(error.__context__)}"


class Exceptions(unittest.TestCase):
    def test_each_family_has_its_class(self) -> None:
        for status, kind in {
            nymi.Status.MISSING_FIELD: nymi.RequestError,
            nymi.Status.CANCELLED: nymi.CancelledError,
            nymi.Status.TERMINATED: nymi.ClosedError,
            nymi.Status.NES_UNREACHABLE: nymi.ServerError,
            nymi.Status.NOT_FOUND: nymi.NotFoundError,
            nymi.Status.TIMEOUT_BAND: nymi.NymiTimeoutError,
            nymi.Status.BAND_NOT_PRESENT: nymi.BandError,
            nymi.Status.AGENT_MISSING: nymi.AgentError,
            nymi.Status.ENDPOINT_MISSING: nymi.EndpointError,
            nymi.Status.PAC_FAILED: nymi.PresenceError,
            nymi.Status.ACCOUNT_LOCKED: nymi.AccountError,
            nymi.Status.FORBIDDEN_BY_POLICY: nymi.PolicyError,
            nymi.Status.CERTIFICATES: nymi.CertificateError,
            nymi.Status.INTERNAL: nymi.InternalError,
            nymi.Result.FORKED: nymi.LibraryError,
        }.items():
            self.assertIs(type(error_of(status, {})), kind, status)
            self.assertEqual(error_of(status, {}).name, status.name)
        self.assertTrue(issubclass(nymi.NymiTimeoutError, TimeoutError))

    def test_every_status_has_a_family(self) -> None:
        for status in nymi.Status:
            self.assertIsNot(type(error_of(status, {})), nymi.NymiError, status)

    def test_words(self) -> None:
        error = error_of(8000, {"error_description": "No.", "error_specifics": "l1", "nsl": 7}, "init")
        self.assertEqual(str(error), "init: No. l1 (status 8000)")
        self.assertEqual((error.nsl, error.operation, error.specifics), (7, "init", "l1"))
        self.assertEqual(error.remedy, nymi.Status.CERTIFICATES.remedy)
        self.assertIn(nymi.Status.AGENT_MISSING.description, str(error_of(4000, {})))

    def test_a_number_of_a_newer_library(self) -> None:
        error = error_of(3999, {"error_description": "New."})
        self.assertIsInstance(error, nymi.BandError)
        self.assertEqual((error.name, error.remedy, str(error)), (None, None, "New. (status 3999)"))

    def test_they_cross_processes(self) -> None:
        for status in (3010, 8000):
            error = error_of(status, {"error_specifics": "here", "nsl": 3}, "sign")
            again = pickle.loads(pickle.dumps(error))
            self.assertIs(type(again), type(error))
            self.assertEqual((str(again), vars(again)), (str(error), vars(error)))


class Routing(unittest.TestCase):
    def update(self, exchange: str | None, **payload: Any) -> Update:
        return Update("firmware", exchange, 0, payload, {})

    def test_answers_go_to_who_waits_and_the_rest_to_others(self) -> None:
        others: list[Update] = []
        taken: list[Update] = []
        router = Router(others.append)
        router.expect("mine", taken.append)
        with self.assertRaises(nymi.RequestError) as raised:
            router.expect("mine", taken.append)
        self.assertEqual(raised.exception.status, nymi.Status.DUPLICATE_EXCHANGE)
        for update in (self.update("mine", completed=False), self.update("other"), self.update(None)):
            router.deliver(update)
        self.assertEqual(([one.exchange for one in others], taken), (["other", None], []))
        router.deliver(self.update("mine", completed=True))
        router.deliver(self.update("mine"))
        self.assertEqual([one.exchange for one in taken], ["mine"])
        self.assertEqual([one.exchange for one in others], ["other", None, "mine"])

    def test_an_answer_that_was_given_up_goes_nowhere(self) -> None:
        others: list[Update] = []
        router = Router(others.append)
        taken: list[Update] = []
        take, nobody = taken.append, lambda _: None
        router.expect("late", take)
        self.assertTrue(router.replace("late", take, nobody))
        router.deliver(self.update("late"))
        self.assertFalse(router.replace("late", take, nobody))
        self.assertEqual((taken, others), ([], []))

    def test_a_name_that_another_request_has_is_left_alone(self) -> None:
        router = Router(lambda _: self.fail("somebody waits"))
        taken: list[Update] = []
        theirs, mine = taken.append, lambda _: self.fail("it was never sent")
        router.expect("shared", theirs)
        self.assertFalse(router.replace("shared", mine, lambda _: None))
        router.forget("shared", mine)
        router.deliver(self.update("shared"))
        self.assertEqual([one.exchange for one in taken], ["shared"])

    def test_when_nobody_takes_updates_the_oldest_goes_and_the_log_says_so(self) -> None:
        updates = waiting_updates()
        for number in range(QUEUE):
            keep(updates, self.update(str(number)))
        with self.assertLogs("nymi", "WARNING") as log:
            keep(updates, self.update("newest"))
        self.assertIn("firmware was dropped", log.output[0])
        self.assertEqual((updates[0].exchange, updates[-1].exchange, len(updates)), ("1", "newest", QUEUE))

    def test_secrets_are_not_in_a_repr(self) -> None:
        self.assertNotIn("hunter2", repr(self.update("x", key="hunter2")))


class Unreadable(unittest.TestCase):
    """Answers and events that are not as described."""

    TAP: Mapping[str, Any] = {
        "endpoint_id": "e",
        "NymiBandID": "C0:00:00:00:00:01",
        "method": "nfc",
        "intent_id": "i",
        "at": "2026-11-22T01:09:02.377Z",
        "NfcUID": "08A1B2C3",
    }
    PRESENCE: Mapping[str, Any] = {
        "endpoint_id": "e",
        "NymiBandID": "C0:00:00:00:00:01",
        "before": "absent",
        "after": "present",
        "authenticated": True,
        "worn": True,
        "rssi": -60,
        "proximity": None,
    }
    TERMINAL: Mapping[str, Any] = {
        "endpoint_id": "e",
        "hostname": None,
        "addresses": ["a"],
        "adapters": [],
        "readers": [],
        "ready": True,
    }

    def refuses(self, call: Call[Any], payload: Any, name: str) -> None:
        with self.assertRaises(nymi.InternalError) as raised:
            call.result(Update(call.operation, "x", 0, payload, {}))
        error = raised.exception
        self.assertEqual((error.status, error.operation), (nymi.Status.INTERNAL, str(call.operation)))
        self.assertIn(f"the field {name} ", error.specifics)
        self.assertNotIn("hunter2", everything(error))

    def test_each_field_is_checked(self) -> None:
        for kind, good in ((nymi.TapEvent, self.TAP), (nymi.PresenceEvent, self.PRESENCE), (nymi.EndpointInfo, self.TERMINAL)):
            kind.from_payload(good)
            for name in good:
                is_needed = name not in ("NfcUID", "hostname", "rssi", "proximity")
                wrong: list[Any] = ["5" if name == "rssi" else 5, {}]
                payloads = [{**good, name: one} for one in wrong]
                absent = {key: one for key, one in good.items() if key != name}
                if is_needed:
                    payloads += [absent, {**good, name: None}]
                else:
                    kind.from_payload(absent)
                for payload in payloads:
                    with self.assertRaises(nymi.InternalError, msg=payload) as raised:
                        kind.from_payload(payload)
                    self.assertEqual(raised.exception.status, nymi.Status.INTERNAL)
                    self.assertIn(f"the field {name} ", raised.exception.specifics)

    def test_true_is_no_number_and_1_is_not_true(self) -> None:
        for payload in ({**self.PRESENCE, "rssi": True}, {**self.PRESENCE, "worn": 1}):
            with self.assertRaises(nymi.InternalError):
                nymi.PresenceEvent.from_payload(payload)

    def test_times(self) -> None:
        for good, microsecond in (("2026-11-22T01:09:02Z", 0), ("2026-11-22T01:09:02.123456789Z", 123456)):
            at = nymi.TapEvent.from_payload({**self.TAP, "at": good}).at
            self.assertEqual((at.utcoffset(), at.microsecond), (timedelta(0), microsecond))
        for bad in ("", "yesterday", "2026-11-22", "2026-13-22T01:09:02Z", "2026-11-22T01:09:02", "2026-11-22T01:09:02+01:00"):
            with self.assertRaisesRegex(nymi.InternalError, "the field at "):
                nymi.TapEvent.from_payload({**self.TAP, "at": bad})

    def test_a_word_of_a_newer_agent_is_taken(self) -> None:
        self.assertEqual(nymi.TapEvent.from_payload({**self.TAP, "method": "uwb"}).method, "uwb")

    def test_answers_of_operations(self) -> None:
        query: dict[str, Any] = dict.fromkeys(("domain", "band", "nfc_uid", "serial_number", "columns"))
        query["username"] = "alice"
        self.refuses(_calls.list_endpoints(), {}, "endpoints")
        self.refuses(_calls.list_endpoints(), {"endpoints": ["hunter2"]}, "endpoints")
        self.refuses(_calls.list_endpoints(), {"endpoints": [{**self.TERMINAL, "addresses": [1]}]}, "addresses")
        self.refuses(_calls.subscribe("e"), {"endpoint_id": 5}, "endpoint_id")
        self.refuses(_calls.info(), {"version": "1", "endpoints": [], "bands": [], "certificate": "hunter2"}, "certificate")
        self.refuses(_calls.lookup(**query), {"matches": {}}, "matches")
        self.refuses(_calls.lookup(**query), {"IsActive": "hunter2"}, "IsActive")
        self.refuses(_calls.symmetric_key("b", "get", "1"), {"key_id": "1", "key": ["hunter2"]}, "key")
        self.refuses(_calls.user_status("u", "d"), {"status": "x", "cached": True, "checked_at": "hunter2"}, "checked_at")
        for random in (None, 5, "0", "0g", "00 11"):
            self.refuses(_calls.random("b", 1), {"random": random}, "random")
        self.assertEqual(_calls.random("b", 2).result(Update("random", "x", 0, {"random": "00fF"}, {})), b"\0\xff")

    def test_an_event_is_a_failure(self) -> None:
        event = Update("tap", None, 0, {**self.TAP, "at": "hunter2"}, {}).event
        assert isinstance(event, nymi.InternalError), event
        self.assertIn("tap: the field at ", event.specifics)
        self.assertNotIn("hunter2", everything(event))

    def test_whole_updates(self) -> None:
        whole = {"operation": "info", "exchange": "1", "status": 0, "payload": {}, "error": {}}
        self.assertEqual(Update.from_json(json.dumps(whole).encode()), Update("info", "1", 0, {}, {}))
        for name, wrong in {"operation": 5, "status": "0", "payload": ["hunter2"], "error": {"error_specifics": 5}}.items():
            update = Update.from_json(json.dumps(whole | {name: wrong}).encode())
            operation = "error" if name == "operation" else "info"
            self.assertEqual((update.operation, update.exchange, update.status), (operation, "1", nymi.Status.INTERNAL), name)
            self.assertIn("the field error_specifics " if name == "error" else f"the field {name} ", update.error["error_specifics"])
            with self.assertRaises(nymi.InternalError) as raised:
                update.answer()
            self.assertNotIn("hunter2", everything(raised.exception))
        deep = b"[" * 100_000
        for text in (b"", b"hunter2", b"[]", b"\xff", deep, json.dumps(whole | {"exchange": 5}).encode()):
            update = Update.from_json(text)
            self.assertEqual((update.exchange, update.status), (None, nymi.Status.INTERNAL))
            self.assertIsInstance(update.event, nymi.InternalError)


class MalformedUpdates(unittest.TestCase):
    """Who waits for what cannot be read hears so, and not that nothing came."""

    TAP: Mapping[str, Any] = {"operation": "tap", "exchange": None, "status": 0, "payload": Unreadable.TAP, "error": {}}
    GONE: Mapping[str, Any] = {
        "operation": "error",
        "exchange": None,
        "status": 4000,
        "payload": {},
        "error": {"error_description": "Nymi Agent missing."},
    }
    BROKEN: Mapping[str, Mapping[str, Any]] = {
        "an event tap: the field at ": {**TAP, "payload": {**Unreadable.TAP, "at": "hunter2"}},
        "an update tap: the field payload ": {**TAP, "payload": ["hunter2"]},
        "an update tap: the field exchange ": {**TAP, "exchange": 5},
        "told by the library": {**GONE, "status": 9000, "error": {"error_specifics": "told by the library"}},
    }

    def test_waiting_for_a_tap(self) -> None:
        for said, broken in self.BROKEN.items():
            with nymi.Client("Records", agent_url=NOWHERE) as client:
                for update in (self.GONE, broken, self.TAP):
                    client._router.deliver(Update.from_json(json.dumps(update).encode()))
                with self.assertRaisesRegex(nymi.InternalError, said) as raised:
                    client.wait_tap(timeout=10)
                self.assertNotIn("hunter2", everything(raised.exception))
                self.assertEqual(client.wait_tap(timeout=10).intent_id, "i")

    def test_waiting_for_a_tap_with_asyncio(self) -> None:
        async def run() -> None:
            for said, broken in self.BROKEN.items():
                async with nymi.AsyncClient("Records", agent_url=NOWHERE) as client:
                    for update in (self.GONE, broken, self.TAP):
                        client._router.deliver(Update.from_json(json.dumps(update).encode()))
                    with self.assertRaisesRegex(nymi.InternalError, said):
                        await client.wait_tap(timeout=10)
                    self.assertEqual((await client.wait_tap(timeout=10)).intent_id, "i")

        asyncio.run(run())

    def test_waiting_for_an_answer(self) -> None:
        answer = {"operation": "firmware", "exchange": "mine", "status": 0, "payload": {}, "error": {}}
        for name, wrong in {"operation": 5, "status": "0", "payload": ["hunter2"], "error": 5}.items():
            broken = json.dumps(answer | {name: wrong}).encode()

            def sent(_: nymi._handle.Handle, request: bytes, name: str) -> None:
                client._router.deliver(Update.from_json(broken))

            with nymi.Client("Records", agent_url=NOWHERE) as client, mock.patch.object(nymi._handle.Handle, "put", sent):
                with self.assertRaisesRegex(nymi.InternalError, f"the field {name} ") as raised:
                    client.firmware("C0:00:00:00:00:01", exchange="mine", timeout=10)
                self.assertNotIn("hunter2", everything(raised.exception))


class Library(unittest.TestCase):
    def test_beside_the_package_then_the_environment_then_the_system(self) -> None:
        with tempfile.TemporaryDirectory() as folder, mock.patch.object(_library, "__file__", f"{folder}/_library.py"):
            with mock.patch.dict(os.environ, NYMI_LIBRARY="/there/lib.so"):
                self.assertEqual(_library.candidates(), ["/there/lib.so", *_library.NAMES])
                beside = Path(folder, _library.NAMES[0])
                beside.touch()
                self.assertEqual(_library.candidates(), [str(beside), "/there/lib.so", *_library.NAMES])

    def test_without_a_library_the_error_says_what_to_do(self) -> None:
        with mock.patch.object(_library, "candidates", lambda: ["/nowhere/lib.so"]):
            with self.assertRaisesRegex(nymi.LibraryNotFoundError, "NYMI_LIBRARY.*/nowhere/lib.so"):
                _library.library.__wrapped__()

    def test_another_library_is_refused(self) -> None:
        with self.assertRaisesRegex(nymi.LibraryNotFoundError, "no function nymi_"):
            _library.declare(ctypes.CDLL(None))

    def test_another_binary_interface_is_refused(self) -> None:
        with mock.patch.object(_library, "ABI_VERSION", 999):
            with self.assertRaisesRegex(nymi.LibraryNotFoundError, "this package needs 999"):
                _library.library.__wrapped__()

    def test_version(self) -> None:
        self.assertRegex(nymi.library_version(), r"^\d+\.\d+\.\d+")


class Arguments(unittest.TestCase):
    def test_what_the_library_refuses_is_an_exception(self) -> None:
        with self.assertRaises(nymi.LibraryError) as raised:
            nymi.Client("x")
        self.assertEqual(raised.exception.status, nymi.Result.BAD_ARGUMENT)
        self.assertIn("nea_name", raised.exception.specifics)

    def test_nul_is_refused_rather_than_cut_off(self) -> None:
        with self.assertRaisesRegex(ValueError, "NUL"):
            nymi.Client("Records\0Evil", agent_url=NOWHERE)
        with nymi.Client("Records", agent_url=NOWHERE) as client, self.assertRaisesRegex(ValueError, "NUL"):
            client.put('{"operation":"info"}\0')

    def test_half_a_surrogate_pair_is_told_without_the_text(self) -> None:
        half = "a\ud800"
        with nymi.Client("Records", agent_url=NOWHERE) as client:
            calls: list[Callable[[], object]] = [
                lambda: client.init(username=half, password="hunter2"),
                lambda: client.init(username="hunter2", password=half),
                lambda: client.request("info", {"hunter2": half}),
                lambda: client.info(exchange=half + "hunter2"),
                lambda: client.cancel(half + "hunter2"),
                lambda: client.put('{"hunter2":"' + half),
                lambda: nymi.Client(half + "hunter2"),
                lambda: nymi.Client("Records", agent_url=half + "hunter2"),
                lambda: nymi.Client("Records", store_directory=half + "hunter2"),
            ]
            for call in calls:
                self.refuses_half(call)
            self.assertEqual(client._router._waiting, {})
            self.refuses_half(lambda: client.init(username=half, exchange="mine"))
            client.info(exchange="mine")

    def test_so_it_is_with_asyncio(self) -> None:
        half = "a\ud800"

        async def refuses(waiting: Awaitable[object]) -> None:
            try:
                await waiting
            except ValueError as error:
                self.refuses_half(mock.Mock(side_effect=error))
            else:
                self.fail("it was taken")

        async def run() -> None:
            async with nymi.AsyncClient("Records", agent_url=NOWHERE) as client:
                await refuses(client.init(username=half, password="hunter2"))
                await refuses(client.info(exchange=half + "hunter2"))
                await refuses(client.cancel(half + "hunter2"))
                self.refuses_half(lambda: client.put('{"hunter2":"' + half))
                self.refuses_half(lambda: nymi.AsyncClient(half + "hunter2"))
                self.assertEqual(client._router._waiting, {})
                await refuses(client.init(username=half, exchange="mine"))
                await client.info(exchange="mine")

        asyncio.run(run())

    def refuses_half(self, call: Callable[[], object]) -> None:
        with self.assertRaisesRegex(ValueError, "half of a surrogate pair") as raised:
            call()
        self.assertIs(type(raised.exception), ValueError)
        self.assertNotIn("hunter2", everything(raised.exception))

    def test_another_type_or_nothing_is_told_with_the_name_of_the_parameter(self) -> None:
        make: Any = nymi.Client
        number = "is a str, not int"
        with make("Records", agent_url=NOWHERE) as client:
            wrong: dict[str, Callable[[], object]] = {
                f"username {number}": lambda: client.lookup(username=5),
                f"nfc_uid {number}": lambda: client.lookup(nfc_uid=5),
                "columns is a list of str, not int": lambda: client.lookup(username="a", columns=5),
                "columns is a list of str, not str": lambda: client.lookup(username="a", columns="Domain"),
                f"one of columns {number}": lambda: client.lookup(username="a", columns=["Domain", 5]),
                f"nes_url {number}": lambda: client.init(nes_url=5),
                "l1 is a str, not PosixPath": lambda: client.init(l1=Path("l1.pem")),
                f"grade {number}": lambda: client.init(grade=5),
                "endpoint is a str, not NoneType": lambda: client.subscribe(None),
                f"endpoint {number}": lambda: client.unsubscribe(5),
                f"band {number}": lambda: client.assert_identity(5),
                f"meaning {number}": lambda: client.assert_identity("b", meaning=5),
                "document_sha256 is bytes or a str, not int": lambda: client.assert_identity("b", document_sha256=5),
                f"domain {number}": lambda: client.user_status("a", 5),
                f"notification {number}": lambda: client.notify("b", 5),
                "length is an int, not str": lambda: client.random("b", "5"),
                "length is an int, not bool": lambda: client.random("b", True),
                "digest is bytes or a str, not NoneType": lambda: client.sign("b", None),
                f"action {number}": lambda: client.symmetric_key("b", 5),
                f"key_id {number}": lambda: client.symmetric_key("b", "get", 5),
                "action is a str, not NoneType": lambda: client.totp("b", None),
                "band is a str, not bytes": lambda: client.firmware(b"b"),
                f"operation {number}": lambda: client.request(5),
                "payload is a mapping, not list": lambda: client.request("info", []),
                f"request {number}": lambda: client.put(5),
                "timeout is a number of seconds, not str": lambda: client.info(timeout="5"),
                "timeout is a number of seconds, not bool": lambda: client.wait_tap(timeout=True),
                f"nea_name {number}": lambda: make(5),
                f"agent_url {number}": lambda: make("Records", agent_url=5),
                "store_directory is a str or an os.PathLike of one, not bytes": lambda: make("Records", store_directory=b"/"),
                "log_directory is a str or an os.PathLike of one, not int": lambda: make("Records", log_directory=5),
                "log_level is an int, not str": lambda: make("Records", log_level="5"),
            }
            for said, call in wrong.items():
                with self.assertRaises(TypeError) as raised:
                    call()
                self.assertEqual(str(raised.exception), said)
            with self.assertRaisesRegex(ValueError, "^lookup needs at least one of username, domain, band, nfc_uid and serial_number$"):
                client.lookup()
            self.assertEqual(client._router._waiting, {})

    def test_what_the_library_refuses_goes_by_the_name_of_the_parameter(self) -> None:
        with nymi.Client("Records", agent_url=NOWHERE) as client:
            calls: Mapping[str, Callable[[], object]] = {
                "username: ": lambda: client.lookup(username=""),
                "columns: ": lambda: client.lookup(username="a", columns=[]),
                "endpoint: ": lambda: client.subscribe(""),
                "username: .*; domain: ": lambda: client.user_status("", ""),
                "band: .*; digest: ": lambda: client.sign("b", b"x"),
                "band: .*; length: ": lambda: client.random("b", 0),
            }
            for said, call in calls.items():
                with self.assertRaises(nymi.RequestError) as raised:
                    call()
                self.assertEqual(raised.exception.status, nymi.Status.INVALID_FIELD)
                self.assertRegex(raised.exception.specifics, f"^{said}")
            # Who writes the fields knows them by the names of messages.
            with self.assertRaisesRegex(nymi.RequestError, "endpoint_id: "):
                client.request("subscribe_endpoint", {"endpoint_id": ""})
            with self.assertRaisesRegex(nymi.LibraryError, "payload: "):
                client.request("info", {"text": "x" * (1 << 20)})
            with self.assertRaisesRegex(nymi.LibraryError, "request: "):
                client.put("{")

    def test_a_payload_that_is_not_json_is_told_without_its_values(self) -> None:
        itself: dict[str, Any] = {"hunter2": "hunter2"}
        itself["self"] = itself
        deep: list[Any] = ["hunter2"]
        for _ in range(100_000):
            deep = [deep]
        refused: list[tuple[type[Exception], str, Mapping[Any, Any]]] = [
            (ValueError, "^payload has NaN or Infinity, which JSON has not$", {"hunter2": float("nan")}),
            (ValueError, "^payload has NaN or Infinity", {"hunter2": [{"hunter2": float("-inf")}]}),
            (ValueError, "^payload has NaN or Infinity", {"deadline_ms": float("inf")}),
            (ValueError, "^payload contains itself$", itself),
            (ValueError, "^payload is nested too deeply$", {"hunter2": deep}),
            (ValueError, "^payload has half of a surrogate pair$", {"hunter2\ud800": "hunter2"}),
            (TypeError, "^payload is not JSON: .* bytes ", {"hunter2": b"hunter2"}),
            (TypeError, "^payload is not JSON: .* set ", {"hunter2": {"hunter2"}}),
            (TypeError, "^payload is not JSON: .*tuple", {("hunter2",): 5}),
        ]

        async def run() -> None:
            async with nymi.AsyncClient("Records", agent_url=NOWHERE) as client:
                for kind, said, payload in refused:
                    with self.assertRaisesRegex(kind, said) as raised:
                        await client.request("info", payload)
                    self.assertIs(type(raised.exception), kind)
                    self.assertNotIn("hunter2", everything(raised.exception))
                self.assertEqual(client._router._waiting, {})

        asyncio.run(run())
        with nymi.Client("Records", agent_url=NOWHERE) as client:
            for kind, said, payload in refused:
                with self.assertRaisesRegex(kind, said) as raised:
                    client.request("info", payload)
                self.assertIs(type(raised.exception), kind)
                self.assertNotIn("hunter2", everything(raised.exception))
            self.assertEqual(client._router._waiting, {})
            client.request("info", {"more": [1.5, None, {"a": "b"}]})

    def test_a_name_of_another_type_is_refused_at_once(self) -> None:
        names: list[Any] = [5, b"mine", ["mine"], True]

        async def run() -> None:
            async with nymi.AsyncClient("Records", agent_url=NOWHERE) as client:
                for name in names:
                    with self.assertRaisesRegex(TypeError, "exchange is a str"):
                        await client.info(exchange=name)
                    with self.assertRaisesRegex(TypeError, "exchange is a str"):
                        await client.cancel(name)

        asyncio.run(run())
        with nymi.Client("Records", agent_url=NOWHERE) as client:
            for name in names:
                with self.assertRaisesRegex(TypeError, "exchange is a str"):
                    client.info(exchange=name)
                with self.assertRaisesRegex(TypeError, "exchange is a str"):
                    client.cancel(name)
            self.assertEqual(client._router._waiting, {})

    def test_timeouts_are_in_range(self) -> None:
        with nymi.Client("Records", agent_url=NOWHERE) as client:
            for timeout in (0, -1, 121, float("nan")):
                with self.assertRaisesRegex(ValueError, "timeout"):
                    client.info(timeout=timeout)
        with self.assertRaisesRegex(ValueError, "timeout"):
            nymi.Client("Records", timeout=121)

    NO_WAITS: tuple[float, ...] = (-1.0, -1e-9, float("nan"), float("-inf"))
    LONG_WAITS: tuple[float | None, ...] = (1e10, float("inf"), None)

    def test_waits_are_in_range(self) -> None:
        with nymi.Client("Records", agent_url=NOWHERE) as client:
            for wait in (client.wait_tap, client.wait_event, client.wait_update):
                for wrong in self.NO_WAITS:
                    with self.assertRaisesRegex(ValueError, "timeout"):
                        wait(timeout=wrong)
            self.assertIsInstance(client.wait_event(timeout=20), nymi.AgentError)
            with self.assertRaises(nymi.NymiTimeoutError):
                client.wait_tap(timeout=0)
            tap = Update.from_json(json.dumps(MalformedUpdates.TAP).encode())
            for timeout in self.LONG_WAITS:
                threading.Timer(0.1, client._router.deliver, [tap]).start()
                self.assertEqual(client.wait_tap(timeout=timeout).intent_id, "i")

    def test_waits_are_in_range_with_asyncio(self) -> None:
        async def run() -> None:
            async with nymi.AsyncClient("Records", agent_url=NOWHERE) as client:
                for wait in (client.wait_tap, client.wait_event, client.wait_update):
                    for wrong in self.NO_WAITS:
                        with self.assertRaisesRegex(ValueError, "timeout"):
                            await wait(timeout=wrong)
                self.assertIsInstance(await client.wait_event(timeout=20), nymi.AgentError)
                with self.assertRaises(nymi.NymiTimeoutError):
                    await client.wait_tap(timeout=0)
                tap = Update.from_json(json.dumps(MalformedUpdates.TAP).encode())
                for timeout in self.LONG_WAITS:
                    asyncio.get_running_loop().call_later(0.1, client._router.deliver, tap)
                    self.assertEqual((await client.wait_tap(timeout=timeout)).intent_id, "i")

        asyncio.run(run())

    def test_a_request_that_is_not_json_or_too_long(self) -> None:
        with nymi.Client("Records", agent_url=NOWHERE) as client:
            for request in ("{", '"' + "x" * (1 << 20) + '"'):
                with self.assertRaises(nymi.LibraryError) as raised:
                    client.put(request)
                self.assertEqual(raised.exception.status, nymi.Result.BAD_ARGUMENT)

    def test_an_asyncio_client_needs_a_loop(self) -> None:
        with self.assertRaises(RuntimeError):
            nymi.AsyncClient("Records")


class SameClients(unittest.TestCase):
    def test_both_have_the_same_functions(self) -> None:
        def public(kind: type) -> dict[str, inspect.Signature]:
            found = inspect.getmembers(kind, inspect.isfunction)
            return {name: inspect.signature(one) for name, one in found if name == "__init__" or name[0] != "_"}

        clients = public(nymi.Client), public(nymi.AsyncClient)
        self.assertEqual(clients[0].keys(), clients[1].keys())
        for name, signature in clients[0].items():
            self.assertEqual(signature.parameters, clients[1][name].parameters, name)

    def test_every_operation_has_a_function(self) -> None:
        short = {"subscribe_endpoint": "subscribe", "unsubscribe_endpoint": "unsubscribe"}
        for operation in nymi.Operation:
            self.assertTrue(hasattr(nymi.Client, short.get(operation, operation)), operation)


class Documents(unittest.TestCase):
    def test_the_manual_prints_the_tested_program_and_it_is_short(self) -> None:
        example = (ROOT / "clients/python/examples/tap_to_sign.py").read_text()
        page = (ROOT / "docs/manual/python.md").read_text()
        self.assertIn(f"```python\n{example}```\n", page, "copy examples/tap_to_sign.py into docs/manual/python.md")
        self.assertLess(len(example.splitlines()), 30)

    def test_the_package_has_the_version_of_the_platform(self) -> None:
        cargo = (ROOT / "Cargo.toml").read_text().split("[workspace.package]")[1]
        version = next(line for line in cargo.splitlines() if line.startswith("version = "))
        self.assertIn(f"\n{version}\n", (ROOT / "clients/python/pyproject.toml").read_text())

    def test_importing_needs_no_library(self) -> None:
        program = "import nymi; print(nymi.Client)"
        environment = os.environ | {"NYMI_LIBRARY": "/nowhere"}
        subprocess.run([sys.executable, "-W", "error", "-c", program], env=environment, check=True, capture_output=True)


class Tools(unittest.TestCase):
    def test_the_matrix_of_conformance_prints_its_usage(self) -> None:
        def run(*arguments: str) -> subprocess.CompletedProcess[str]:
            command = [sys.executable, str(ROOT / "clients/scenarios/matrix"), *arguments]
            return subprocess.run(command, capture_output=True, text=True)

        missing = run("--check", "/nowhere/python.json")
        self.assertEqual((missing.returncode, missing.stdout), (1, ""))
        self.assertRegex(missing.stderr, r"^matrix: there are no results in /nowhere/python\.json; .*clients/scenarios/rig.*\n$")
        with tempfile.TemporaryDirectory() as folder:
            for text in ("", "[]", "{}", '{"client":"x","transport":"native","results":[{}]}'):
                broken = Path(folder, "broken.json")
                broken.write_text(text)
                refused = run(str(broken))
                self.assertEqual((refused.returncode, refused.stdout), (1, ""))
                self.assertRegex(refused.stderr, rf"^matrix: {broken} .*clients/scenarios/rig.*\n$")
        for help in ("--help", "-h"):
            asked = run(help)
            self.assertEqual((asked.returncode, asked.stderr), (0, ""))
            self.assertIn("matrix [--check] RESULTS.json...", asked.stdout)
        for wrong in ((), ("--chekc", "results.json"), ("--check", "--check")):
            refused = run(*wrong)
            self.assertEqual((refused.returncode, refused.stdout), (1, ""))
            self.assertIn("matrix [--check] RESULTS.json...", refused.stderr)
            self.assertNotIn("Traceback", refused.stderr)


class Ends(unittest.TestCase):
    def test_after_close_everything_says_so(self) -> None:
        client = nymi.Client("Records", agent_url=NOWHERE)
        client.close()
        client.close()
        self.assertTrue(client.is_closed)
        calls: list[Callable[[], object]] = [
            client.info,
            lambda: client.init(),
            lambda: client.subscribe("127.0.0.1"),
            lambda: client.request("firmware", {}),
            lambda: client.cancel("x"),
            lambda: client.put("{}"),
            lambda: self.drained(client.wait_update),
            lambda: self.drained(client.wait_event),
            client.wait_tap,
        ]
        for call in calls:
            with self.assertRaises(nymi.ClosedError) as raised:
                call()
            self.assertEqual(raised.exception.status, nymi.Status.TERMINATED)
            self.assertIsNotNone(raised.exception.remedy)
        self.assertEqual(list(client.events()), [])

    def drained(self, wait: Callable[[float], object]) -> None:
        while True:
            wait(5)

    def test_so_it_is_with_asyncio(self) -> None:
        async def run() -> None:
            client = nymi.AsyncClient("Records", agent_url=NOWHERE)
            await client.close()
            await client.close()
            with self.assertRaises(nymi.ClosedError) as put:
                client.put("{}")
            self.assertEqual(put.exception.status, nymi.Status.TERMINATED)
            calls: list[Callable[[], Awaitable[object]]] = [client.info, lambda: client.subscribe("e"), client.wait_tap]
            for call in calls:
                with self.assertRaises(nymi.ClosedError) as raised:
                    await call()
                self.assertEqual(raised.exception.status, nymi.Status.TERMINATED)

        asyncio.run(run())

    def test_a_client_that_nobody_closed_warns_and_is_freed(self) -> None:
        client = nymi.Client("Records", agent_url=NOWHERE)
        handle, reader = client._handle, client._reader
        with self.assertWarns(ResourceWarning):
            del client
        self.assertFalse(reader.is_alive())
        with self.assertRaises(nymi.ClosedError):
            handle.put(b"{}")

    def test_so_does_one_of_asyncio_when_its_loop_is_gone(self) -> None:
        handles = []

        async def forget() -> None:
            handles.append(nymi.AsyncClient("Records", agent_url=NOWHERE)._handle)

        with self.assertWarns(ResourceWarning):
            asyncio.run(forget())
            gc.collect()
        with self.assertRaises(nymi.ClosedError):
            handles[0].put(b"{}")

    def test_so_does_one_that_has_a_thread(self) -> None:
        parts: list[tuple[nymi._handle.Handle, threading.Thread]] = []

        async def forget() -> None:
            client = nymi.AsyncClient("Records", agent_url=NOWHERE)
            assert client._reader
            parts.append((client._handle, client._reader))
            await client.info()

        for is_open in (False, True):
            loop = asyncio.new_event_loop()
            with mock.patch.object(nymi._handle.Handle, "descriptor", side_effect=NotImplementedError):
                loop.run_until_complete(forget())
            if not is_open:
                loop.close()
            with self.assertWarns(ResourceWarning):
                gc.collect()
            handle, reader = parts.pop()
            reader.join(10)
            self.assertFalse(reader.is_alive())
            with self.assertRaises(nymi.ClosedError):
                handle.put(b"{}")
            loop.close()

    def test_a_close_that_the_end_of_the_loop_cuts_off_frees_the_client(self) -> None:
        async def run() -> nymi.AsyncClient:
            client = nymi.AsyncClient("Records", agent_url=NOWHERE)
            closing = asyncio.ensure_future(client.close())
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            self.assertFalse(closing.done())
            return client

        handle = asyncio.run(run())._handle
        self.assertEqual(handle._library.nymi_client_terminate(handle._client), nymi.Result.BAD_HANDLE)

    def test_a_flood_of_updates_leaves_the_loop_to_others(self) -> None:
        event = json.dumps(MalformedUpdates.TAP).encode()

        async def run() -> None:
            async with nymi.AsyncClient("Records", agent_url=NOWHERE) as client:
                with mock.patch.object(client._handle, "get", mock.Mock(side_effect=[event] * 1000 + [None])) as get:
                    client._drain()
                    self.assertLessEqual(get.call_count, 64)
                await client.info()

        asyncio.run(run())

    def test_a_reader_that_fails_ends_what_waits_and_is_not_asked_again(self) -> None:
        async def run() -> None:
            loop = asyncio.get_running_loop()
            failures: list[BaseException] = []
            loop.set_exception_handler(lambda _, context: failures.append(context["exception"]))
            async with nymi.AsyncClient("Records", agent_url=NOWHERE) as client:
                waiting = asyncio.ensure_future(client.wait_tap())
                await asyncio.sleep(0)
                failure = error_of(nymi.Result.FORKED, {})
                with mock.patch.object(client._handle, "get", side_effect=failure) as get:
                    client.put('{"operation":"info","exchange":"x"}')
                    with self.assertRaises(nymi.ClosedError):
                        await waiting
                    await asyncio.sleep(0.05)
                    self.assertEqual((failures, get.call_count), ([failure], 1))

        asyncio.run(asyncio.wait_for(run(), 20))

    def test_hundreds_of_clients_leave_nothing(self) -> None:
        def resources() -> tuple[int, int]:
            return len(os.listdir("/proc/self/fd")), len(os.listdir("/proc/self/task"))

        async def some(count: int) -> None:
            for _ in range(count):
                async with nymi.AsyncClient("Records", agent_url=NOWHERE) as client:
                    await client.info()

        nymi.Client("Records", agent_url=NOWHERE).close()
        asyncio.run(some(2))
        before = resources()
        for _ in range(100):
            with nymi.Client("Records", agent_url=NOWHERE) as client:
                client.info()
        asyncio.run(some(100))
        # A thread that was joined may still be listed for a moment, before as after.
        until = time.monotonic() + 10
        while any(now > then for now, then in zip(resources(), before)):
            self.assertLess(time.monotonic(), until, (resources(), before))
            time.sleep(0.01)


if __name__ == "__main__":
    unittest.main()
