"""Updates, and to whom each of them goes."""

from __future__ import annotations

import itertools
import json
import logging
import threading
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ._generated import EndpointEvent, EventName, PresenceEvent, Status, TapEvent
from ._payload import fields, needed, optional, text, whole
from .errors import InternalError, NymiError, error_of, unreadable

Event = TapEvent | PresenceEvent | EndpointEvent | NymiError
"""What happened: a tap, a band that came or went, a change at a terminal, or a failure that no request caused."""

QUEUE = 4096
"""So many updates wait for the program; then the oldest is dropped."""

_LOG = logging.getLogger("nymi")
_EVENTS: dict[str, Callable[[Mapping[str, Any]], Event]] = {
    EventName.TAP: TapEvent.from_payload,
    EventName.PRESENCE: PresenceEvent.from_payload,
    EventName.ENDPOINT: EndpointEvent.from_payload,
}


@dataclass(frozen=True)
class Update:
    """A message of the library, as it came."""

    operation: str
    """The operation or the event."""
    exchange: str | None
    """That of the request; None for events."""
    status: int
    """0 for success."""
    payload: Mapping[str, Any] = field(repr=False)
    """The answer, or what happened. May hold keys and passwords, so it is not in the repr."""
    error: Mapping[str, Any]
    """What went wrong; empty for success."""

    @classmethod
    def from_json(cls, message: bytes) -> Update:
        """Reads what the library gives. What cannot be read is a failure with status 9000."""
        operation, exchange, named = EventName.ERROR.value, None, "an update"
        try:
            update = _object(message)
            if isinstance(update.get("operation"), str):
                named = f"an update {update['operation']}"
            # Whom it is for is read first: the others need not hear of it.
            exchange = optional(update, "exchange", text)
            operation = needed(update, "operation", text)
            status = needed(update, "status", whole)
            payload, error = optional(update, "payload", fields) or {}, optional(update, "error", fields) or {}
            for name in ("error_description", "error_specifics"):
                optional(error, name, text)
            optional(error, "nsl", whole)
        except InternalError as wrong:
            # Of an event nothing else is known then than that it failed.
            about = EventName.ERROR if exchange is None else operation
            return cls(about, exchange, wrong.status, {}, {"error_specifics": f"{named}: {wrong.specifics}"})
        return cls(operation, exchange, status, payload, error)

    @property
    def is_last(self) -> bool:
        """Whether no other update follows for the same request."""
        return self.payload.get("completed") is not False

    @property
    def event(self) -> Event | None:
        """The event, if it is one that this version knows."""
        if self.exchange is not None:
            return None
        if self.operation == EventName.ERROR:
            return error_of(self.status, self.error)
        read = _EVENTS.get(self.operation)
        try:
            return read(self.payload) if read else None
        except InternalError as wrong:
            return unreadable(f"an event {self.operation}: {wrong.specifics}")

    def answer(self) -> Mapping[str, Any]:
        """The payload.

        :raises NymiError: the request failed.
        """
        if self.status != Status.SUCCESS:
            raise error_of(self.status, self.error, self.operation)
        return self.payload


def _object(message: bytes) -> Mapping[str, Any]:
    """
    :raises InternalError: it is no JSON object.
    """
    try:
        update = json.loads(message)
    except (ValueError, RecursionError):
        update = None
    if not isinstance(update, dict):
        raise unreadable("it is no object")
    return update


def tap_of(update: Update) -> TapEvent | None:
    """The tap that the update is, if it is one.

    :raises InternalError: it cannot be read, or tells that another one could not: who waits for a tap would wait in vain.
    """
    event = update.event
    if isinstance(event, InternalError):
        raise event
    return event if isinstance(event, TapEvent) else None


def waiting_updates() -> deque[Update]:
    """A place for what nobody took yet; add to it with `keep`."""
    return deque(maxlen=QUEUE)


def keep(updates: deque[Update], update: Update) -> None:
    """Adds an update; the oldest has to go if nobody takes them."""
    if len(updates) == updates.maxlen:
        _LOG.warning("%s was dropped: %d updates wait, and nobody takes them", updates[0].operation, len(updates))
    updates.append(update)


Take = Callable[[Update], None]
"""Where an answer goes."""


class Router:
    """Gives each answer to who waits for it, and everything else to `others`."""

    def __init__(self, others: Take) -> None:
        self._others = others
        self._lock = threading.Lock()
        self._waiting: dict[str, Take] = {}
        self._numbers = itertools.count(1)

    def name(self) -> str:
        """A new name for a request."""
        return f"nymi-python-{next(self._numbers)}"

    def expect(self, exchange: str, take: Take) -> None:
        """From now on the answer to `exchange` goes to `take`.

        :raises NymiError: 1005, that name is in use.
        """
        with self._lock:
            if exchange in self._waiting:
                raise error_of(Status.DUPLICATE_EXCHANGE, {"error_specifics": exchange})
            self._waiting[exchange] = take

    def replace(self, exchange: str, take: Take, other: Take) -> bool:
        """The answer goes to `other` instead of `take`; whether that answer is still to come."""
        with self._lock:
            is_waiting = self._waiting.get(exchange) is take
            if is_waiting:
                self._waiting[exchange] = other
            return is_waiting

    def forget(self, exchange: str, take: Take) -> None:
        """No answer will come to `take`: the request was not sent."""
        with self._lock:
            if self._waiting.get(exchange) is take:
                del self._waiting[exchange]

    def deliver(self, update: Update) -> None:
        """Passes an update on."""
        take: Take | None = self._others
        if update.exchange is not None:
            with self._lock:
                if update.exchange in self._waiting:
                    take = self._waiting.pop(update.exchange) if update.is_last else None
        if take:
            take(update)

    def end(self) -> None:
        """After the last update: whoever still waits is told that the client was closed."""
        with self._lock:
            waiting = list(self._waiting.items())
            self._waiting.clear()
        for exchange, take in waiting:
            take(Update("", exchange, Status.TERMINATED, {}, {}))
