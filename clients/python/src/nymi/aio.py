"""The client for programs with asyncio."""

from __future__ import annotations

import asyncio
import os
import threading
import warnings
import weakref
from collections.abc import AsyncIterator
from types import TracebackType
from typing import Self, TypeVar

from ._async_operations import AsyncOperations
from . import _arguments as checked
from ._calls import DEFAULT_TIMEOUT, Call
from ._exchanges import Exchanges, no_answer
from ._generated import NapiLog, Result, Status, TapEvent
from ._handle import FOREVER, Ended, Handle, Settings, encoded
from ._updates import Event, Router, Update, keep, tap_of, waiting_updates
from .errors import ClosedError, NymiTimeoutError

T = TypeVar("T")

AT_ONCE = 64
"""So many updates are read before the loop's other tasks have their turn."""


class AsyncClient(AsyncOperations):
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
        self._timeout = checked.timeout(timeout)
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
        self._exchanges = Exchanges(self._handle, self._router)
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
        try:
            await asyncio.to_thread(self._handle.terminate)
            await self._ended.wait()
            if self._reader:
                await asyncio.to_thread(self._reader.join)
            await asyncio.to_thread(self._handle.free)
        except BaseException:
            # The loop ends, and all its tasks with it.
            if self._reader is None:
                self._loop.remove_reader(self._descriptor)
            self._handle.free()
            raise

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
            arguments = (self._handle, self._loop, weakref.ref(self))
            self._reader = threading.Thread(target=_read, args=arguments, name="nymi", daemon=True)
            self._reader.start()

    def _drain(self) -> None:
        try:
            for _ in range(AT_ONCE):
                if (update := self._handle.get(0)) is None:
                    return
                self._router.deliver(Update.from_json(update))
        except Ended:
            self._end_drain()
        except BaseException:
            # It would fail again at once, and forever.
            self._end_drain()
            raise

    def _end_drain(self) -> None:
        self._loop.remove_reader(self._descriptor)
        self._end()

    def _end(self) -> None:
        self._router.end()
        self._ended.set()
        self._arrived.set()

    def _add(self, update: Update) -> None:
        keep(self._updates, update)
        self._arrived.set()

    async def _run(self, call: Call[T], timeout: float | None, exchange: str | None) -> T:
        limit = self._timeout if timeout is None else checked.timeout(timeout)
        name = self._router.name() if exchange is None else checked.text("exchange", exchange)
        future: asyncio.Future[Update] = self._loop.create_future()

        def take(update: Update) -> None:
            if not future.done():
                future.set_result(update)

        try:
            async with asyncio.timeout(call.patience(limit)):
                self._exchanges.begin(call, name, limit, take)
                update = await future
        except BaseException as ended:
            # Also asyncio.CancelledError: nobody waits for the answer any more.
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

    async def wait_update(self, timeout: float | None = None) -> Update:
        """The next update that answers no operation of this client: events, and answers to `put`.

        :param timeout: seconds to wait, 0 or more; None waits without end.
        :raises ValueError: the timeout is negative or NaN.
        :raises NymiTimeoutError: none came in time.
        :raises ClosedError: the client was closed, and nothing is left to read.
        """
        try:
            async with asyncio.timeout(checked.wait(timeout)):
                return await self._next()
        except TimeoutError:
            raise _nothing(timeout) from None

    async def wait_event(self, timeout: float | None = None) -> Event:
        """The next event: a tap, presence, a change at a terminal, or a NymiError that no request caused.

        Drops answers to `put`. Raises as `wait_update` does.
        """
        try:
            async with asyncio.timeout(checked.wait(timeout)):
                while True:
                    if event := (await self._next()).event:
                        return event
        except TimeoutError:
            raise _nothing(timeout) from None

    async def wait_tap(self, timeout: float | None = None) -> TapEvent:
        """The next tap. Drops the other events before it. Raises as `wait_update` does.

        :raises InternalError: an update could not be read, which may have been the tap; `specifics` names it.
        """
        try:
            async with asyncio.timeout(checked.wait(timeout)):
                while True:
                    if tap := tap_of(await self._next()):
                        return tap
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


def _read(handle: Handle, loop: asyncio.AbstractEventLoop, client: weakref.ref[AsyncClient]) -> None:
    """The thread of a client whose loop cannot watch descriptors. It does not keep a client that was dropped."""

    def tell(update: Update | None) -> None:
        if here := client():
            if update:
                here._router.deliver(update)
            else:
                here._end()

    def later(update: Update | None) -> bool:
        try:
            loop.call_soon_threadsafe(tell, update)
        except RuntimeError:
            # The loop was closed before the client: nobody waits any more.
            return False
        return True

    try:
        while (update := handle.get(FOREVER)) is None or later(Update.from_json(update)):
            pass
    except Ended:
        pass
    finally:
        later(None)


def _nothing(timeout: float | None) -> NymiTimeoutError:
    return NymiTimeoutError(Result.TIMEOUT, f"Nothing came within {timeout:g} s.")
