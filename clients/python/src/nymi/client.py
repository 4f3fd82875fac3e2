"""The client for programs with threads, or with none of their own."""

from __future__ import annotations

import os
import threading
import time
import warnings
import weakref
from collections.abc import Iterator
from concurrent.futures import Future
from types import TracebackType
from typing import Self, TypeVar

from . import _arguments as checked
from ._calls import DEFAULT_TIMEOUT, Call
from ._exchanges import Exchanges, no_answer
from ._generated import NapiLog, Result, Status, TapEvent
from ._handle import FOREVER, Ended, Handle, Settings, encoded
from ._operations import Operations
from ._updates import Event, Router, Update, keep, tap_of, waiting_updates
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
                self._changed.wait(None if left is None else min(left, threading.TIMEOUT_MAX))
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


class Client(Operations):
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
        :raises TypeError: an argument has another type.
        :raises ValueError: the timeout is out of range, or a text has a NUL character or half of a surrogate pair.
        """
        self._timeout = checked.timeout(timeout)
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
        self._exchanges = Exchanges(self._handle, self._router)
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
        limit = self._timeout if timeout is None else checked.timeout(timeout)
        name = self._router.name() if exchange is None else checked.text("exchange", exchange)
        future: Future[Update] = Future()
        take = future.set_result
        try:
            self._exchanges.begin(call, name, limit, take)
            update = future.result(call.patience(limit))
        except BaseException as ended:
            # Also KeyboardInterrupt, which comes at any moment: nobody waits for the answer any more.
            self._exchanges.give_up(name, take)
            if isinstance(ended, TimeoutError):
                raise no_answer(call, limit) from None
            raise
        return call.result(update)

    def put(self, request: str) -> None:
        """Sends a request as JSON, without waiting; `wait_update` gives what answers it.

        :raises LibraryError: it is not JSON, or longer than 1 MiB.
        :raises TypeError: it is no text.
        :raises ValueError: it has a NUL character or half of a surrogate pair.
        """
        self._handle.put(encoded("request", request))

    def wait_update(self, timeout: float | None = None) -> Update:
        """The next update that answers no operation of this client: events, and answers to `put`.

        :param timeout: seconds to wait, 0 or more; None waits without end.
        :raises ValueError: the timeout is negative or NaN.
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
        """The next tap. Drops the other events before it. Raises as `wait_update` does.

        :raises InternalError: an update could not be read, which may have been the tap; `specifics` names it.
        """
        until = _until(timeout)
        while update := self._inbox.take(until):
            if tap := tap_of(update):
                return tap
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
    wait = checked.wait(timeout)
    return None if wait is None else time.monotonic() + wait


def _nothing(timeout: float | None) -> NymiTimeoutError:
    return NymiTimeoutError(Result.TIMEOUT, f"Nothing came within {timeout:g} s.")
