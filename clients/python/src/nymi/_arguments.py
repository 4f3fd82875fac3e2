"""Checks what programs pass, before anything is sent: a wrong type is a TypeError, a wrong value a ValueError.

Each message names the parameter; none holds the value, which may be a password.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from numbers import Real
from typing import Any

from ._generated import MAX_DEADLINE_MS

MAX_TIMEOUT = MAX_DEADLINE_MS / 1000


def text(name: str, value: Any) -> str:
    """
    :raises TypeError: it is no text.
    :raises ValueError: it cannot be written as UTF-8.
    """
    if not isinstance(value, str):
        raise wrong_type(name, "a str", value)
    if not _is_unicode(value):
        raise ValueError(f"{name} has half of a surrogate pair")
    return value


def optional_text(name: str, value: Any) -> str | None:
    """A text, or None. Raises as `text` does."""
    return None if value is None else text(name, value)


def path(name: str, value: Any) -> str:
    """Raises as `text` does."""
    if not isinstance(value, (str, os.PathLike)) or not isinstance(found := os.fspath(value), str):
        raise wrong_type(name, "a str or an os.PathLike of one", value)
    return text(name, found)


def whole(name: str, value: Any) -> int:
    """
    :raises TypeError: it is no whole number.
    """
    if not isinstance(value, int) or isinstance(value, bool):
        raise wrong_type(name, "an int", value)
    return value


def digest(name: str, value: Any) -> str:
    """Bytes as hex; a text is hex already. Raises as `text` does."""
    if isinstance(value, (bytes, bytearray, memoryview)):
        return value.hex()
    if not isinstance(value, str):
        raise wrong_type(name, "bytes or a str", value)
    return text(name, value)


def texts(name: str, values: Any) -> list[str]:
    """Raises as `text` does."""
    if isinstance(values, (str, bytes)) or not isinstance(values, Iterable):
        raise wrong_type(name, "a list of str", values)
    return [text(f"one of {name}", value) for value in values]


def timeout(value: Any) -> float:
    """The timeout of an operation in seconds.

    :raises TypeError: it is no number.
    :raises ValueError: it is not more than 0 and at most 120.
    """
    seconds = _seconds(value)
    if not 0 < seconds <= MAX_TIMEOUT:
        raise ValueError(f"a timeout of {value} s; it has to be more than 0 and at most {MAX_TIMEOUT:g}")
    return seconds


def wait(value: Any) -> float | None:
    """How many seconds to wait for an update; None is without end.

    :raises TypeError: it is no number.
    :raises ValueError: it is negative or NaN.
    """
    if value is None:
        return None
    seconds = _seconds(value)
    if not seconds >= 0:
        raise ValueError(f"a timeout of {value} s; it has to be 0 or more, or None to wait without end")
    return seconds


def _seconds(value: Any) -> float:
    if not isinstance(value, Real) or isinstance(value, bool):
        raise wrong_type("timeout", "a number of seconds", value)
    return float(value)


def wrong_type(name: str, kind: str, value: Any) -> TypeError:
    """The exception for an argument of another type."""
    return TypeError(f"{name} is {kind}, not {type(value).__name__}")


def _is_unicode(value: str) -> bool:
    # The exception of `encode` holds the text, and would be the context of one that is raised while it is handled.
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True
