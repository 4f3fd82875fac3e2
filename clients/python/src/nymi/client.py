"""The client for programs with threads, or with none of their own."""

from __future__ import annotations

import os
import threading
import time
import warnings
import weakref
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future
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


class _Inbox:
    """Updates that nobody took yet."""

    def __init__(self) -> None:
        self._updates = waiting_updates()
        self._changed = threading.Condition()
        self._ended = False

    def add(self, update: Update) -> None:
        with self._changed:
            keep(self._updates, update)
            self._changed.notify()

    def end(self) -> None:
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def take(self, until: float | None) -> Update | None:
        """The oldest update; None if none came before the monotonic time `until`."""
        with self._changed:
            while not self._updates:
                if self._ended:
                    raise ClosedError(Status.TERMINATED)
                left = None if until is None else until - time.monotonic()
                if left is not None and left <= 0:
                    return None
                self._changed.wait(left)
            return self._updates.popleft()


def _read(handle: Handle, router: Router, inbox: _Inbox) -> None:
    """The thread of a client. It knows the client's parts only, so that a client that was dropped can end."""
    try:
        while True:
            if update := handle.get(FOREVER):
                router.deliver(Update.from_json(update))
    except Ended:
        pass
    finally:
        router.end()
        inbox.end()


def _end(handle: Handle, reader: threading.Thread) -> None:
    handle.terminate()
    if reader is not threading.current_thread():
        reader.join()
    handle.free()


class Client:
    """A client of the Nymi platform. It connects in the background, and again whenever the agent was away.

    Every method may be called on any thread; `close` ends those that wait. Operations wait for their answer, at most
    `timeout` seconds (15 unless the client or the call says otherwise, 120 at most), and take an `exchange`: a name by
    which `cancel` finds them.

        with Client("Records") as nymi:
            nymi.init(username=r"CORP\\alice", password=password)
            nymi.subscribe("127.0.0.1")
            tap = nymi.wait_tap()
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
        """Starts a client; that the agent cannot be reached is told by `wait_event`, not here.

        :param nea_name: the application: a letter, then 5 to 17 letters, digits, '.', '_' or '-'.
        :param agent_url: the agent's channel socket; None for NYMI_AGENT_URL, else as the machine is set up.
        :param store_directory: the folder of certificates and keys; None for NYMI_NSL_DIR, else the user's data folder.
        :param log_directory: an existing folder for nymi_api.log; None for no file.
        :param log_level: how much goes into that file.
        :param timeout: seconds that an operation may take that says nothing else.
        :raises LibraryNotFoundError: there is no C library, or another version of it.
        :raises LibraryError: an argument cannot be used, or the system refused something.
        """
        self._timeout = checked_timeout(timeout)
        self._nea_name = nea_name
        settings = Settings(
            nea_name=nea_name,
            agent_url=agent_url,
            store_directory=store_directory,
            log_directory=log_directory,
            log_level=log_level,
        )
        self._handle = Handle(settings)
        self._inbox = _Inbox()
        self._router = Router(self._inbox.add)
        arguments = (self._handle, self._router, self._inbox)
        self._reader = threading.Thread(target=_read, args=arguments, name="nymi", daemon=True)
        try:
            self._reader.start()
        except BaseException:
            self._handle.free()
            raise
        # Also for a client that nobody closed, when it is collected or the process ends.
        self._finish = weakref.finalize(self, _end, self._handle, self._reader)

    def close(self) -> None:
        """Ends the client and every call that waits in it, with ClosedError. Again is harmless."""
        self._finish()

    @property
    def is_closed(self) -> bool:
        """Whether `close` was called."""
        return not self._finish.alive

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self.close()

    def __del__(self) -> None:
        # A constructor that failed left nothing to close.
        if "_finish" in vars(self) and self._finish.alive:
            warnings.warn(f"unclosed {self!r}", ResourceWarning, stacklevel=2, source=self)

    def __repr__(self) -> str:
        return f"<nymi.Client {self._nea_name}>"

    def _run(self, call: Call[T], timeout: float | None, exchange: str | None) -> T:
        limit = self._timeout if timeout is None else checked_timeout(timeout)
        name = self._router.name() if exchange is None else exchange
        future: Future[Update] = Future()
        self._router.expect(name, future.set_result)
        try:
            self._handle.put(call.text(name, limit))
        except BaseException:
            self._router.forget(name)
            raise
        try:
            update = future.result(call.patience(limit))
        except TimeoutError:
            self._give_up(name)
            said = f"No answer within {limit:g} s."
            raise NymiTimeoutError(Status.TIMEOUT_NES, said, operation=str(call.operation)) from None
        except BaseException:
            # Such as KeyboardInterrupt: nobody waits for the answer any more.
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

    def request(
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
        return self._run(_calls.request(operation, payload or {}), timeout, exchange)

    def init(
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
        return self._run(call, timeout, exchange)

    def info(self, *, timeout: float | None = None, exchange: str | None = None) -> InfoAnswer:
        """Versions, and what is connected and heard."""
        return self._run(_calls.info(), timeout, exchange)

    def list_endpoints(
        self, *, timeout: float | None = None, exchange: str | None = None
    ) -> tuple[EndpointInfo, ...]:
        """The terminals that are connected, in the order in which they joined."""
        return self._run(_calls.list_endpoints(), timeout, exchange)

    def subscribe(self, endpoint: str, *, timeout: float | None = None, exchange: str | None = None) -> str:
        """Hears what happens at a terminal, also after the agent was away; answers the terminal's stable id.

        :param endpoint: an id, host name or address; "127.0.0.1" is this machine's.
        :raises EndpointError: nobody knows it.
        """
        return self._run(_calls.subscribe(endpoint), timeout, exchange)

    def unsubscribe(self, endpoint: str, *, timeout: float | None = None, exchange: str | None = None) -> None:
        """Hears a terminal no longer; it is named as in `subscribe`."""
        self._run(_calls.unsubscribe(endpoint), timeout, exchange)

    def lookup(
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
        return self._run(call, timeout, exchange)

    def assert_identity(
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
        return self._run(call, timeout, exchange)

    def user_status(
        self, username: str, domain: str, *, timeout: float | None = None, exchange: str | None = None
    ) -> UserStatusAnswer:
        """The directory's view of an account.

        :raises PolicyError: Check User Status is off.
        """
        return self._run(_calls.user_status(username, domain), timeout, exchange)

    def notify(
        self, band: str, notification: Notification, *, timeout: float | None = None, exchange: str | None = None
    ) -> None:
        """Lets the band vibrate and show a sign."""
        self._run(_calls.notify(band, notification), timeout, exchange)

    def random(self, band: str, length: int, *, timeout: float | None = None, exchange: str | None = None) -> bytes:
        """1 to 64 random bytes from the band."""
        return self._run(_calls.random(band, length), timeout, exchange)

    def sign(
        self, band: str, digest: bytes | str, *, timeout: float | None = None, exchange: str | None = None
    ) -> SignAnswer:
        """A signature with the band's key over a SHA-256 digest: 32 bytes, or hex."""
        return self._run(_calls.sign(band, digest), timeout, exchange)

    def symmetric_key(
        self,
        band: str,
        action: KeyAction,
        key_id: str | None = None,
        *,
        timeout: float | None = None,
        exchange: str | None = None,
    ) -> SymmetricKeyAnswer:
        """Makes, reads or deletes a key that the band keeps; only "create" needs no `key_id`."""
        return self._run(_calls.symmetric_key(band, action, key_id), timeout, exchange)

    def totp(
        self, band: str, action: KeyAction, *, timeout: float | None = None, exchange: str | None = None
    ) -> TotpAnswer:
        """Makes, reads or deletes the secret for one-time passwords that the band keeps."""
        return self._run(_calls.totp(band, action), timeout, exchange)

    def firmware(self, band: str, *, timeout: float | None = None, exchange: str | None = None) -> FirmwareAnswer:
        """The versions of the band."""
        return self._run(_calls.firmware(band), timeout, exchange)

    def cancel(self, exchange: str, *, timeout: float | None = None) -> None:
        """Gives up the operation in flight that was given this name: it raises CancelledError.

        :raises RequestError: 1003, none of that name is in flight.
        """
        self._run(_calls.cancel(exchange), timeout, None)

    def put(self, request: str) -> None:
        """Sends a request as JSON, without waiting; `wait_update` gives what answers it.

        :raises LibraryError: it is not JSON, or longer than 1 MiB.
        """
        self._handle.put(request)

    def wait_update(self, timeout: float | None = None) -> Update:
        """The next update that answers no operation of this client: events, and answers to `put`.

        :param timeout: seconds to wait; None waits without end.
        :raises NymiTimeoutError: none came in time.
        :raises ClosedError: the client was closed, and nothing is left to read.
        """
        update = self._inbox.take(_until(timeout))
        if update is None:
            raise _nothing(timeout)
        return update

    def wait_event(self, timeout: float | None = None) -> Event:
        """The next event: a tap, presence, a change at a terminal, or a NymiError that no request caused.

        Drops answers to `put`. Raises as `wait_update` does.
        """
        until = _until(timeout)
        while update := self._inbox.take(until):
            if event := update.event:
                return event
        raise _nothing(timeout)

    def wait_tap(self, timeout: float | None = None) -> TapEvent:
        """The next tap. Drops the other events before it. Raises as `wait_update` does."""
        until = _until(timeout)
        while update := self._inbox.take(until):
            if isinstance(event := update.event, TapEvent):
                return event
        raise _nothing(timeout)

    def events(self) -> Iterator[Event]:
        """Every event from now on, until the client is closed."""
        while True:
            try:
                event = self.wait_event()
            except ClosedError:
                return
            yield event


def _until(timeout: float | None) -> float | None:
    return None if timeout is None else time.monotonic() + timeout


def _nothing(timeout: float | None) -> NymiTimeoutError:
    return NymiTimeoutError(Result.TIMEOUT, f"Nothing came within {timeout:g} s.")
