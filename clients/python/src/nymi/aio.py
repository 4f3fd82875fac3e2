"""The client for programs with asyncio."""

from __future__ import annotations

import asyncio
import os
import threading
import warnings
from collections.abc import AsyncIterator, Mapping, Sequence
from types import TracebackType
from typing import Any, Self, TypeVar

from . import _calls
from ._calls import DEFAULT_TIMEOUT, Call, checked_timeout
from ._generated import (
    AssertIdentityAnswer,
    EndpointInfo,
    FirmwareAnswer,
    Grade,
    InfoAnswer,
    InitAnswer,
    KeyAction,
    LookupColumn,
    LookupRow,
    NapiLog,
    Notification,
    Result,
    SignAnswer,
    Status,
    SymmetricKeyAnswer,
    TapEvent,
    TotpAnswer,
    UserStatusAnswer,
)
from ._handle import FOREVER, Ended, Handle, Settings
from ._updates import Event, Router, Update, keep, waiting_updates
from .errors import ClosedError, NymiTimeoutError

T = TypeVar("T")


class AsyncClient:
    """A client of the Nymi platform for one event loop: :class:`nymi.Client` with coroutines.

    It is made where the loop runs, and used on that thread. It has no thread where the loop can watch a descriptor, and
    one elsewhere (Windows). A task that is cancelled while it waits for an operation cancels it at the agent, too.

        async with AsyncClient("Records") as nymi:
            await nymi.init(username=r"CORP\\alice", password=password)
            await nymi.subscribe("127.0.0.1")
            tap = await nymi.wait_tap()
    """

    def __init__(
        self,
        nea_name: str,
        *,
        agent_url: str | None = None,
        store_directory: str | os.PathLike[str] | None = None,
        log_directory: str | os.PathLike[str] | None = None,
        log_level: NapiLog = NapiLog.NORMAL,
        timeout: float = DEFAULT_TIMEOUT,
    ) -> None:
        """As that of :class:`nymi.Client`.

        :raises RuntimeError: no event loop runs.
        """
        self._timeout = checked_timeout(timeout)
        self._nea_name = nea_name
        self._loop = asyncio.get_running_loop()
        self._updates = waiting_updates()
        self._arrived = asyncio.Event()
        self._ended = asyncio.Event()
        self._router = Router(self._add)
        self._closing: asyncio.Task[None] | None = None
        self._reader: threading.Thread | None = None
        settings = Settings(
            nea_name=nea_name,
            agent_url=agent_url,
            store_directory=store_directory,
            log_directory=log_directory,
            log_level=log_level,
        )
        self._handle = Handle(settings)
        try:
            self._watch()
        except BaseException:
            self._handle.free()
            del self._handle
            raise

    async def close(self) -> None:
        """Ends the client and everything that waits in it, with ClosedError. Again is harmless."""
        if self._closing is None:
            self._closing = asyncio.ensure_future(self._close())
        # Who closes may be cancelled; the library's memory has to be freed all the same.
        await asyncio.shield(self._closing)

    async def _close(self) -> None:
        await asyncio.to_thread(self._handle.terminate)
        await self._ended.wait()
        if self._reader:
            await asyncio.to_thread(self._reader.join)
        await asyncio.to_thread(self._handle.free)

    @property
    def is_closed(self) -> bool:
        """Whether `close` was called."""
        return self._closing is not None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        await self.close()

    def __del__(self) -> None:
        # A constructor that failed left nothing to close.
        if "_handle" in vars(self) and self._closing is None:
            warnings.warn(f"unclosed {self!r}", ResourceWarning, stacklevel=2, source=self)
            self._handle.free()

    def __repr__(self) -> str:
        return f"<nymi.AsyncClient {self._nea_name}>"

    def _watch(self) -> None:
        """From now on updates are read: by the loop, or by a thread if it cannot watch descriptors."""
        try:
            self._descriptor = self._handle.descriptor()
            self._loop.add_reader(self._descriptor, self._drain)
        except NotImplementedError:
            self._reader = threading.Thread(target=self._read, name="nymi", daemon=True)
            self._reader.start()

    def _drain(self) -> None:
        try:
            while update := self._handle.get(0):
                self._router.deliver(Update.from_json(update))
        except Ended:
            self._loop.remove_reader(self._descriptor)
            self._end()

    def _read(self) -> None:
        try:
            while True:
                if update := self._handle.get(FOREVER):
                    self._loop.call_soon_threadsafe(self._router.deliver, Update.from_json(update))
        except Ended:
            self._loop.call_soon_threadsafe(self._end)

    def _end(self) -> None:
        self._router.end()
        self._ended.set()
        self._arrived.set()

    def _add(self, update: Update) -> None:
        keep(self._updates, update)
        self._arrived.set()

    async def _run(self, call: Call[T], timeout: float | None, exchange: str | None) -> T:
        limit = self._timeout if timeout is None else checked_timeout(timeout)
        name = self._router.name() if exchange is None else exchange
        future: asyncio.Future[Update] = self._loop.create_future()

        def take(update: Update) -> None:
            if not future.done():
                future.set_result(update)

        self._router.expect(name, take)
        try:
            self._handle.put(call.text(name, limit))
        except BaseException:
            self._router.forget(name)
            raise
        try:
            async with asyncio.timeout(call.patience(limit)):
                update = await future
        except TimeoutError:
            self._give_up(name)
            said = f"No answer within {limit:g} s."
            raise NymiTimeoutError(Status.TIMEOUT_NES, said, operation=str(call.operation)) from None
        except BaseException:
            # Such as asyncio.CancelledError: nobody waits for the answer any more.
            self._give_up(name)
            raise
        return call.result(update)

    def _give_up(self, exchange: str) -> None:
        if not self._router.ignore(exchange):
            return
        name = self._router.name()
        self._router.expect(name, lambda _: None)
        try:
            self._handle.put(_calls.cancel(exchange).text(name, self._timeout))
        except ClosedError:
            self._router.forget(name)

    async def request(
        self,
        operation: str,
        payload: Mapping[str, Any] | None = None,
        *,
        timeout: float | None = None,
        exchange: str | None = None,
    ) -> Mapping[str, Any]:
        """Any operation, with the fields of docs/messages.md; answers the payload.

        :raises NymiError: it failed; `status` says why.
        """
        return await self._run(_calls.request(operation, payload or {}), timeout, exchange)

    async def init(
        self,
        *,
        nes_url: str | None = None,
        username: str | None = None,
        password: str | None = None,
        token: str | None = None,
        l1: str | None = None,
        grade: Grade | None = None,
        agent_url: str | None = None,
        nea_name: str | None = None,
        timeout: float | None = None,
        exchange: str | None = None,
    ) -> InitAnswer:
        """Obtains or finds the application's certificate and makes it known to the agent. Comes first.

        Without user and password, or token, the stored certificate of an earlier run is used.

        :param nes_url: the server; None for that of NYMI_NES_URL or of the machine's settings.
        :param username: who asks for the certificate, ``DOMAIN\\\\user`` or ``user@domain``.
        :param l1: the enterprise's root certificate, PEM or a file's path; None for that of NYMI_L1 or the settings.
        :param grade: which certificates must have; None for gold.
        :param agent_url: the agent, if not the client's.
        :param nea_name: the application, if not the client's.
        :raises CertificateError: `nsl` says which error.
        :raises ServerError: the server cannot be reached or refuses.
        """
        call = _calls.init(
            nea_name or self._nea_name,
            nes_url=nes_url,
            username=username,
            password=password,
            token=token,
            l1=l1,
            grade=grade,
            agent_url=agent_url,
        )
        return await self._run(call, timeout, exchange)

    async def info(self, *, timeout: float | None = None, exchange: str | None = None) -> InfoAnswer:
        """Versions, and what is connected and heard."""
        return await self._run(_calls.info(), timeout, exchange)

    async def list_endpoints(
        self, *, timeout: float | None = None, exchange: str | None = None
    ) -> tuple[EndpointInfo, ...]:
        """The terminals that are connected, in the order in which they joined."""
        return await self._run(_calls.list_endpoints(), timeout, exchange)

    async def subscribe(self, endpoint: str, *, timeout: float | None = None, exchange: str | None = None) -> str:
        """Hears what happens at a terminal, also after the agent was away; answers the terminal's stable id.

        :param endpoint: an id, host name or address; "127.0.0.1" is this machine's.
        :raises EndpointError: nobody knows it.
        """
        return await self._run(_calls.subscribe(endpoint), timeout, exchange)

    async def unsubscribe(self, endpoint: str, *, timeout: float | None = None, exchange: str | None = None) -> None:
        """Hears a terminal no longer; it is named as in `subscribe`."""
        await self._run(_calls.unsubscribe(endpoint), timeout, exchange)

    async def lookup(
        self,
        *,
        username: str | None = None,
        domain: str | None = None,
        band: str | None = None,
        nfc_uid: str | None = None,
        serial_number: str | None = None,
        columns: Sequence[LookupColumn] | None = None,
        timeout: float | None = None,
        exchange: str | None = None,
    ) -> tuple[LookupRow, ...]:
        """The bands and users that match all that is given.

        :param columns: what to answer; None for everything.
        :raises NotFoundError: nothing matches.
        """
        call = _calls.lookup(
            username=username,
            domain=domain,
            band=band,
            nfc_uid=nfc_uid,
            serial_number=serial_number,
            columns=columns,
        )
        return await self._run(call, timeout, exchange)

    async def assert_identity(
        self,
        band: str,
        *,
        intent_id: str | None = None,
        document_sha256: bytes | str | None = None,
        meaning: str | None = None,
        audience: str | None = None,
        nonce: str | None = None,
        timeout: float | None = None,
        exchange: str | None = None,
    ) -> AssertIdentityAnswer:
        """Who wears a band, verified and signed by the server.

        :param intent_id: that of the tap, at most 60 s old and good for one assertion; needed with a document or meaning.
        :param document_sha256: the SHA-256 of what is signed: 32 bytes, or hex.
        :param meaning: of the signature, such as "approved".
        :param audience: for whom the assertion is; None for this application.
        :param nonce: comes back in the assertion.
        :raises BandError: the band is away or not authenticated.
        :raises PresenceError: its presence could not be proven.
        :raises AccountError: the user may not sign.
        """
        call = _calls.assert_identity(
            band,
            intent_id=intent_id,
            document_sha256=document_sha256,
            meaning=meaning,
            audience=audience,
            nonce=nonce,
        )
        return await self._run(call, timeout, exchange)

    async def user_status(
        self, username: str, domain: str, *, timeout: float | None = None, exchange: str | None = None
    ) -> UserStatusAnswer:
        """The directory's view of an account.

        :raises PolicyError: Check User Status is off.
        """
        return await self._run(_calls.user_status(username, domain), timeout, exchange)

    async def notify(
        self, band: str, notification: Notification, *, timeout: float | None = None, exchange: str | None = None
    ) -> None:
        """Lets the band vibrate and show a sign."""
        await self._run(_calls.notify(band, notification), timeout, exchange)

    async def random(self, band: str, length: int, *, timeout: float | None = None, exchange: str | None = None) -> bytes:
        """1 to 64 random bytes from the band."""
        return await self._run(_calls.random(band, length), timeout, exchange)

    async def sign(
        self, band: str, digest: bytes | str, *, timeout: float | None = None, exchange: str | None = None
    ) -> SignAnswer:
        """A signature with the band's key over a SHA-256 digest: 32 bytes, or hex."""
        return await self._run(_calls.sign(band, digest), timeout, exchange)

    async def symmetric_key(
        self,
        band: str,
        action: KeyAction,
        key_id: str | None = None,
        *,
        timeout: float | None = None,
        exchange: str | None = None,
    ) -> SymmetricKeyAnswer:
        """Makes, reads or deletes a key that the band keeps; only "create" needs no `key_id`."""
        return await self._run(_calls.symmetric_key(band, action, key_id), timeout, exchange)

    async def totp(
        self, band: str, action: KeyAction, *, timeout: float | None = None, exchange: str | None = None
    ) -> TotpAnswer:
        """Makes, reads or deletes the secret for one-time passwords that the band keeps."""
        return await self._run(_calls.totp(band, action), timeout, exchange)

    async def firmware(self, band: str, *, timeout: float | None = None, exchange: str | None = None) -> FirmwareAnswer:
        """The versions of the band."""
        return await self._run(_calls.firmware(band), timeout, exchange)

    async def cancel(self, exchange: str, *, timeout: float | None = None) -> None:
        """Gives up the operation in flight that was given this name: it raises CancelledError.

        :raises RequestError: 1003, none of that name is in flight.
        """
        await self._run(_calls.cancel(exchange), timeout, None)

    def put(self, request: str) -> None:
        """Sends a request as JSON, without waiting; `wait_update` gives what answers it.

        :raises LibraryError: it is not JSON, or longer than 1 MiB.
        """
        self._handle.put(request)

    async def wait_update(self, timeout: float | None = None) -> Update:
        """The next update that answers no operation of this client: events, and answers to `put`.

        :param timeout: seconds to wait; None waits without end.
        :raises NymiTimeoutError: none came in time.
        :raises ClosedError: the client was closed, and nothing is left to read.
        """
        try:
            async with asyncio.timeout(timeout):
                return await self._next()
        except TimeoutError:
            raise _nothing(timeout) from None

    async def wait_event(self, timeout: float | None = None) -> Event:
        """The next event: a tap, presence, a change at a terminal, or a NymiError that no request caused.

        Drops answers to `put`. Raises as `wait_update` does.
        """
        try:
            async with asyncio.timeout(timeout):
                while True:
                    if event := (await self._next()).event:
                        return event
        except TimeoutError:
            raise _nothing(timeout) from None

    async def wait_tap(self, timeout: float | None = None) -> TapEvent:
        """The next tap. Drops the other events before it. Raises as `wait_update` does."""
        try:
            async with asyncio.timeout(timeout):
                while True:
                    if isinstance(event := (await self._next()).event, TapEvent):
                        return event
        except TimeoutError:
            raise _nothing(timeout) from None

    async def events(self) -> AsyncIterator[Event]:
        """Every event from now on, until the client is closed."""
        while True:
            try:
                event = await self.wait_event()
            except ClosedError:
                return
            yield event

    async def _next(self) -> Update:
        while not self._updates:
            if self._ended.is_set():
                raise ClosedError(Status.TERMINATED)
            self._arrived.clear()
            await self._arrived.wait()
        return self._updates.popleft()


def _nothing(timeout: float | None) -> NymiTimeoutError:
    return NymiTimeoutError(Result.TIMEOUT, f"Nothing came within {timeout:g} s.")
