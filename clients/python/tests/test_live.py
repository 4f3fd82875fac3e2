"""Against a live system: NYMI_READY is the first line of `nymi up --json`."""

import asyncio
import base64
import contextlib
import hashlib
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import nymi
from nymi._handle import Handle

READY: dict[str, Any] = json.loads(os.environ.get("NYMI_READY", "{}"))
EXAMPLES = Path(__file__).resolve().parents[1] / "examples"
STORE = tempfile.TemporaryDirectory()
unittest.addModuleCleanup(STORE.cleanup)


def account(index: int = 0) -> dict[str, Any]:
    user = READY["users"][index]
    return {"username": f"{user['Domain']}\\{user['Username']}", "password": user["password"]}


def band(index: int = 0) -> str:
    name: str = READY["bands"][index]["NymiBandID"]
    return name


def hardware(command: str) -> None:
    host, _, port = READY["nymulator"].rpartition(":")
    with socket.create_connection((host, int(port)), 10) as connection:
        connection.sendall(f"{command}\n".encode())
        answer = connection.makefile().readline()
    assert answer.startswith("ok"), answer


@contextlib.contextmanager
def muted(index: int) -> Iterator[None]:
    """A band that is heard but answers nothing."""
    hardware(f"mute {band(index)} on")
    try:
        yield
    finally:
        hardware(f"mute {band(index)} off")


@contextlib.contextmanager
def client() -> Iterator[nymi.Client]:
    with nymi.Client("RecordsPy", agent_url=READY["agent"], store_directory=STORE.name) as made:
        made.init(nes_url=READY["nes"], l1=READY["l1"], grade="bronze", **account())
        made.subscribe("127.0.0.1")
        yield made


@contextlib.asynccontextmanager
async def async_client() -> AsyncIterator[nymi.AsyncClient]:
    async with nymi.AsyncClient("RecordsPy", agent_url=READY["agent"], store_directory=STORE.name) as made:
        await made.init(nes_url=READY["nes"], l1=READY["l1"], grade="bronze", **account())
        await made.subscribe("127.0.0.1")
        yield made


def is_free(records: nymi.Client, exchange: str) -> bool:
    """Whether no call of that name is in flight, for this client and for the agent."""
    try:
        records.info(exchange=exchange)
    except nymi.RequestError as error:
        assert error.status == nymi.Status.DUPLICATE_EXCHANGE, error
        return False
    return True


def becomes_free(records: nymi.Client, exchange: str) -> None:
    """A call that was cancelled ends at once; else its name would be taken until its deadline, for 15 s."""
    until = time.monotonic() + 10
    while not is_free(records, exchange):
        assert time.monotonic() < until, f"{exchange} is still in flight"


def interrupted_put(operation: str, is_sent: bool) -> Any:
    """Ctrl-C while a request is sent: after the library took it, or before."""
    put = Handle.put

    def interrupted(handle: Handle, request: bytes, name: str) -> None:
        is_interrupted = json.loads(request)["operation"] == operation
        if is_sent or not is_interrupted:
            put(handle, request, name)
        if is_interrupted:
            raise KeyboardInterrupt

    return mock.patch.object(Handle, "put", interrupted)


def claims(assertion: str) -> Any:
    part = assertion.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


@unittest.skipUnless(READY, "needs NYMI_READY")
class Sync(unittest.TestCase):
    def test_a_tap_signs_a_document(self) -> None:
        digest = hashlib.sha256(b"record").digest()
        with client() as records:
            hardware(f"tap {band()} nfc")
            tap = records.wait_tap(timeout=20)
            self.assertEqual((tap.nymi_band_id, tap.method), (band(), "nfc"))
            signed = records.assert_identity(
                tap.nymi_band_id, intent_id=tap.intent_id, document_sha256=digest, meaning="approved"
            )
            self.assertEqual(signed.username, READY["users"][0]["Username"])
            self.assertIn(digest.hex(), json.dumps(claims(signed.assertion)))
            self.assertLess(abs(signed.verified_at.timestamp() - time.time()), 60)

    def test_a_failure_has_status_and_class(self) -> None:
        with client() as records:
            with self.assertRaises(nymi.BandError) as raised:
                records.assert_identity("C0:00:00:00:00:01")
            self.assertEqual(raised.exception.status, nymi.Status.BAND_NOT_PRESENT)
            self.assertEqual(raised.exception.operation, "assert_identity")
            with self.assertRaises(nymi.NotFoundError):
                records.lookup(username="nobody")

    def test_lookup_gives_rows(self) -> None:
        with client() as records:
            (row,) = records.lookup(band=band())
            self.assertEqual(row.username, READY["users"][0]["Username"])
            rows = records.lookup(domain=READY["users"][0]["Domain"], columns=["Username"])
            self.assertEqual(len(rows), len(READY["users"]))
            self.assertIsNone(rows[0].nymi_band_id)

    def test_another_thread_cancels_a_call(self) -> None:
        with client() as records, muted(1):
            outcome: list[BaseException] = []

            def ask() -> None:
                try:
                    records.firmware(band(1), exchange="slow")
                except nymi.NymiError as error:
                    outcome.append(error)

            asking = threading.Thread(target=ask)
            asking.start()
            until = time.monotonic() + 10
            while True:
                try:
                    records.cancel("slow")
                    break
                except nymi.RequestError:
                    # The other thread has not asked yet.
                    self.assertLess(time.monotonic(), until)
            asking.join(10)
            self.assertIsInstance(outcome[0], nymi.CancelledError)

    def test_an_interrupted_call_is_cancelled_at_the_agent(self) -> None:
        with client() as records, muted(1):

            def interrupt() -> None:
                while is_free(records, "slow"):
                    pass
                signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)

            interrupting = threading.Thread(target=interrupt)
            interrupting.start()
            with self.assertRaises(KeyboardInterrupt):
                while True:
                    with contextlib.suppress(nymi.RequestError):
                        # The name may be taken by the other thread at first.
                        records.firmware(band(1), exchange="slow")
            interrupting.join()
            becomes_free(records, "slow")

    def test_an_interrupt_before_or_after_a_call_was_sent_leaves_nothing(self) -> None:
        with client() as records, muted(1):
            for is_sent in (True, False):
                with interrupted_put("firmware", is_sent), self.assertRaises(KeyboardInterrupt):
                    records.firmware(band(1), exchange="slow")
                becomes_free(records, "slow")

    def test_an_operation_ends_in_time(self) -> None:
        with client() as records, muted(1):
            began = time.monotonic()
            with self.assertRaises(TimeoutError) as raised:
                records.firmware(band(1), timeout=0.5)
            self.assertLess(time.monotonic() - began, 3)
            self.assertEqual(getattr(raised.exception, "status", None), nymi.Status.TIMEOUT_BAND)

    def test_close_ends_calls_that_wait(self) -> None:
        with client() as records, muted(1):
            outcome: list[BaseException] = []

            def wait(call: Any, *arguments: Any) -> None:
                try:
                    while True:
                        call(*arguments)
                except nymi.NymiError as error:
                    outcome.append(error)

            threads = [threading.Thread(target=wait, args=call) for call in ((records.firmware, band(1)), (records.wait_tap,))]
            for thread in threads:
                thread.start()
            records.close()
            for thread in threads:
                thread.join(10)
            self.assertEqual([type(error) for error in outcome], [nymi.ClosedError] * 2)

    def test_several_threads_at_once(self) -> None:
        with client() as records:
            found: list[str | None] = []

            def ask(index: int) -> None:
                for _ in range(10):
                    found.append(records.lookup(band=band(index % 2), columns=["Username"])[0].username)

            threads = [threading.Thread(target=ask, args=(index,)) for index in range(4)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            names = [user["Username"] for user in READY["users"][:2]]
            self.assertEqual(sorted(filter(None, found)), sorted(names * 20))

    def test_nothing_in_time_is_a_timeout(self) -> None:
        with nymi.Client("RecordsPy", agent_url=READY["agent"], store_directory=STORE.name) as records:
            for wait in (records.wait_update, records.wait_event, records.wait_tap):
                with self.assertRaises(nymi.NymiTimeoutError) as raised:
                    wait(timeout=0.05)
                self.assertEqual(raised.exception.status, nymi.Result.TIMEOUT)

    def test_a_fork_is_told_that_it_cannot(self) -> None:
        program = (
            "import os, nymi\n"
            "client = nymi.Client('RecordsPy', agent_url='ws://127.0.0.1:1')\n"
            "if os.fork() == 0:\n"
            "    try: client.put('{}')\n"
            "    except nymi.LibraryError as error: os._exit(error.status)\n"
            "    os._exit(0)\n"
            "print(os.waitstatus_to_exitcode(os.wait()[1]))\n"
            "client.close()\n"
        )
        run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
        self.assertEqual(int(run.stdout), nymi.Result.FORKED, run.stderr)


@unittest.skipUnless(READY, "needs NYMI_READY")
class Async(unittest.IsolatedAsyncioTestCase):
    async def test_a_tap_signs(self) -> None:
        async with async_client() as records:
            await asyncio.to_thread(hardware, f"tap {band()} nfc")
            tap = await records.wait_tap(timeout=20)
            signed = await records.assert_identity(tap.nymi_band_id, intent_id=tap.intent_id, meaning="approved")
            self.assertEqual(signed.username, READY["users"][0]["Username"])

    async def test_it_has_no_thread_of_python(self) -> None:
        before = threading.active_count()
        async with async_client():
            self.assertEqual(threading.active_count(), before)

    async def test_where_the_loop_cannot_watch_a_thread_does(self) -> None:
        refused = mock.patch.object(asyncio.get_running_loop(), "add_reader", side_effect=NotImplementedError)
        for cannot in (refused, mock.patch("sys.platform", "win32")):
            with cannot:
                made = async_client()
                records = await made.__aenter__()
            self.assertIn("nymi", [thread.name for thread in threading.enumerate()])
            self.assertTrue(any(endpoint.ready for endpoint in await records.list_endpoints()))
            self.assertIsNotNone(await records.wait_event(timeout=10))
            await made.__aexit__(None, None, None)

    async def test_a_cancelled_task_cancels_at_the_agent(self) -> None:
        async with async_client() as records:
            with muted(1):
                task = asyncio.create_task(records.firmware(band(1), exchange="slow"))
                await records.info()
                task.cancel()
                with self.assertRaises(asyncio.CancelledError):
                    await task
                # The name is free again once the agent has ended it; in 15 s it would have ended by itself.
                async with asyncio.timeout(5):
                    while True:
                        try:
                            await records.info(exchange="slow")
                            break
                        except nymi.RequestError as error:
                            self.assertEqual(error.status, nymi.Status.DUPLICATE_EXCHANGE)
                            await asyncio.sleep(0)

    async def test_many_at_once(self) -> None:
        async with async_client() as records:
            answers = await asyncio.gather(*(records.lookup(band=band(index % 2)) for index in range(40)))
            names = [row.username for (row,) in answers]
            self.assertEqual(names, [user["Username"] for user in READY["users"][:2]] * 20)

    async def test_events_until_the_client_is_closed(self) -> None:
        async with async_client() as records:
            heard = []
            async for event in records.events():
                heard.append(event)
                if isinstance(event, nymi.PresenceEvent) and not records.is_closed:
                    await records.close()
            self.assertTrue(any(isinstance(event, nymi.EndpointEvent) for event in heard))

    async def test_close_ends_what_waits(self) -> None:
        async with async_client() as records:
            with muted(1):
                waiting = [asyncio.create_task(records.firmware(band(1))), asyncio.create_task(records.wait_tap())]
                await records.info()
                await records.close()
                ends = await asyncio.gather(*waiting, return_exceptions=True)
                self.assertEqual([type(end) for end in ends], [nymi.ClosedError] * 2)
                with self.assertRaises(nymi.ClosedError):
                    await records.info()


@unittest.skipUnless(READY, "needs NYMI_READY")
class Examples(unittest.TestCase):
    def run_example(self, name: str, arguments: list[str], taps: list[int]) -> str:
        """What it printed; a band is tapped whenever it asks for a tap."""
        environment = os.environ | {
            "NYMI_NES_URL": READY["nes"],
            "NYMI_AGENT_URL": READY["agent"],
            "NYMI_L1": READY["l1"],
            "NYMI_NSL_DIR": STORE.name,
            "NYMI_USER": account()["username"],
            "NYMI_PASSWORD": account()["password"],
        }
        command = [sys.executable, str(EXAMPLES / name), *arguments]
        with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout
            printed = []
            for line in process.stdout:
                printed.append(line)
                if line.startswith("Tap"):
                    hardware(f"tap {band(taps.pop(0))} nfc")
        self.assertEqual(process.returncode, 0, printed)
        return "".join(printed)

    def test_tap_to_sign(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder, "record.txt")
            file.write_bytes(b"content")
            printed = self.run_example("tap_to_sign.py", [str(file)], [0])
            self.assertIn(READY["users"][0]["Username"], printed)
            signed = claims(Path(folder, "record.txt.jws").read_text())
            self.assertIn(hashlib.sha256(b"content").hexdigest(), json.dumps(signed))

    def test_two_people_sign_a_pdf(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder, "report.pdf")
            file.write_bytes(b"%PDF-1.7\n%%EOF\n")
            printed = self.run_example("sign_pdf.py", [str(file), "written", "reviewed"], [0, 0, 1])
            for user in READY["users"][:2]:
                self.assertIn(user["Username"], printed)
            digest = hashlib.sha256(file.read_bytes()).hexdigest()
            assertions = [claims(one) for one in Path(folder, "report.pdf.jws").read_text().splitlines()]
            self.assertEqual(len(assertions), 2)
            for one, meaning in zip(assertions, ("written", "reviewed"), strict=True):
                self.assertIn(digest, json.dumps(one))
                self.assertIn(meaning, json.dumps(one))

    def test_what_is_not_a_pdf_is_not_signed(self) -> None:
        command = [sys.executable, str(EXAMPLES / "sign_pdf.py"), __file__]
        run = subprocess.run(command, capture_output=True, text=True)
        self.assertNotEqual(run.returncode, 0)
        self.assertIn("is not a PDF", run.stderr)


if __name__ == "__main__":
    unittest.main()
