"""Takes fields out of the JSON objects of messages, each as what it has to be.

What reads one value is composed: ``needed(payload, "addresses", every(text))``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, TypeVar

T = TypeVar("T")

_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", re.ASCII)
_HEX = re.compile(r"([0-9A-Fa-f]{2})*")


class _Wrong(Exception):
    """A value is not what it has to be. It does not say which: values may be secrets."""


def needed(payload: Mapping[str, Any], name: str, read: Callable[[Any], T]) -> T:
    """A field that has to be there.

    :raises InternalError: it is missing, or not what it has to be.
    """
    try:
        return read(payload.get(name))
    except _Wrong:
        pass
    # Here, as exceptions need the table of statuses, whose module needs this one.
    from .errors import unreadable

    raise unreadable(f"the field {name} is missing or not what it has to be")


def optional(payload: Mapping[str, Any], name: str, read: Callable[[Any], T]) -> T | None:
    """A field that may be missing, or null.

    :raises InternalError: it is not what it has to be.
    """
    return None if payload.get(name) is None else needed(payload, name, read)


def text(value: Any) -> str:
    if not isinstance(value, str):
        raise _Wrong
    return value


def word(value: Any) -> Any:
    """A text of which this version knows some values; a newer agent may have others."""
    return text(value)


def truth(value: Any) -> bool:
    if not isinstance(value, bool):
        raise _Wrong
    return value


def whole(value: Any) -> int:
    """A whole number; in Python true and false are some, too."""
    if not isinstance(value, int) or isinstance(value, bool):
        raise _Wrong
    return value


def time(value: Any) -> datetime:
    """A time of RFC 3339 in UTC; digits beyond those of microseconds are left out."""
    if _TIME.fullmatch(text(value)):
        try:
            return datetime.fromisoformat(value)
        except ValueError:
            # Such as a 13th month.
            pass
    raise _Wrong


def from_hex(value: Any) -> bytes:
    if not _HEX.fullmatch(text(value)):
        raise _Wrong
    return bytes.fromhex(value)


def fields(value: Any) -> Mapping[str, Any]:
    """An object as it came."""
    if not isinstance(value, dict):
        raise _Wrong
    return value


def part(read: Callable[[Mapping[str, Any]], T]) -> Callable[[Any], T]:
    """An object that `read` makes something of."""
    return lambda value: read(fields(value))


def every(read: Callable[[Any], T]) -> Callable[[Any], tuple[T, ...]]:
    """A list."""

    def read_list(value: Any) -> tuple[T, ...]:
        if not isinstance(value, list):
            raise _Wrong
        return tuple(map(read, value))

    return read_list
