"""A client of the C library: the only code that passes pointers."""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from . import _arguments as checked
from ._generated import NapiLog, Result, Status
from ._library import Config, Error, library
from .errors import NymiError, error_of

FOREVER = 0xFFFF_FFFF


class Ended(Exception):
    """The client was terminated, and nothing is left to read."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """How a client is made."""

    nea_name: str
    """The application: a letter, then 5 to 17 letters, digits, '.', '_' or '-'."""
    agent_url: str | None = None
    """The agent's channel socket; None for that of NYMI_AGENT_URL or of /etc/nymi/nes.toml, else this machine's."""
    store_directory: str | os.PathLike[str] | None = None
    """The folder of certificates and keys; None for NYMI_NSL_DIR, else the user's data folder."""
    log_directory: str | os.PathLike[str] | None = None
    """An existing folder for nymi_api.log; None for no file."""
    log_level: NapiLog = NapiLog.NORMAL
    """How much goes into that file."""


class Handle:
    """One client. Every method may be called on any thread; after `free` the library refuses each of them."""

    def __init__(self, settings: Settings) -> None:
        self._library = library()
        level = checked.whole("log_level", settings.log_level)
        self._client = ctypes.c_void_p()
        config = Config(
            size=ctypes.sizeof(Config),
            nea_name=encoded("nea_name", settings.nea_name),
            agent_url=c_text("agent_url", settings.agent_url),
            store_directory=c_path("store_directory", settings.store_directory),
            log_directory=c_path("log_directory", settings.log_directory),
            log_level=level if settings.log_directory is not None else NapiLog.NONE,
        )
        error = ctypes.POINTER(Error)()
        result = self._library.nymi_client_new(ctypes.byref(config), ctypes.byref(self._client), ctypes.byref(error))
        self._check(result, error)

    def put(self, request: bytes, name: str = "request") -> None:
        """Sends a request as JSON, which was `encoded`; `name` is that of the parameter it is made of."""
        error = ctypes.POINTER(Error)()
        result = self._library.nymi_client_put(self._client, request, ctypes.byref(error))
        self._check(result, error, {"json": name})

    def get(self, timeout_ms: int) -> bytes | None:
        """The next update as JSON; None if none came in time."""
        text, error = ctypes.c_void_p(), ctypes.POINTER(Error)()
        result = self._library.nymi_client_get(self._client, timeout_ms, ctypes.byref(text), ctypes.byref(error))
        if result != Result.OKAY:
            self._library.nymi_error_free(error)
        if result in (Result.TIMEOUT, Result.INTERRUPTED):
            return None
        if result in (Result.TERMINATED, Result.BAD_HANDLE):
            raise Ended
        if result != Result.OKAY:
            raise error_of(result, {})
        try:
            return ctypes.string_at(text)
        finally:
            self._library.nymi_string_free(text)

    def descriptor(self) -> int:
        """What can be read while there are updates, and after the end.

        :raises NotImplementedError: on Windows, where it is an event: loops of asyncio watch sockets alone.
        """
        if sys.platform == "win32":
            raise NotImplementedError
        descriptor, error = ctypes.c_int(-1), ctypes.POINTER(Error)()
        result = self._library.nymi_client_descriptor(self._client, ctypes.byref(descriptor), ctypes.byref(error))
        self._check(result, error)
        return descriptor.value

    def terminate(self) -> None:
        """Ends the client; what is queued can still be read."""
        self._library.nymi_client_terminate(self._client)

    def free(self) -> None:
        """Forgets the client. Again is harmless: the library refuses a handle that it does not know."""
        self._library.nymi_client_free(self._client)

    def _check(self, result: int, error: ctypes._Pointer[Error], names: Mapping[str, str] = MappingProxyType({})) -> None:
        if result != Result.OKAY:
            raise self._taken(result, error, names)

    def _taken(self, result: int, error: ctypes._Pointer[Error], names: Mapping[str, str]) -> NymiError:
        """The exception for an error of the library, which is freed; `names` are those of arguments in C that have another here."""
        words: dict[str, Any] = {}
        if error:
            said = error.contents
            words = {
                "error_description": (said.message or b"").decode(),
                "error_specifics": (said.detail or b"").decode(),
                "nsl": said.nsl or None,
            }
            self._library.nymi_error_free(error)
            about, colon, rest = words["error_specifics"].partition(":")
            words["error_specifics"] = names.get(about, about) + colon + rest
        if result in (Result.TERMINATED, Result.BAD_HANDLE):
            # As for who waited when the client was closed: the number of a handle is of no use to programs.
            return error_of(Status.TERMINATED, {})
        return error_of(result, words)


def encoded(name: str, text: Any) -> bytes:
    """As the library takes it; `name` is that of the parameter.

    :raises TypeError: it is no text.
    :raises ValueError: it has a NUL, at which the library would stop reading, or cannot be written as UTF-8. What the
        text is stays out of the exception, and of its context: it may be a request with a password.
    """
    made = checked.text(name, text).encode()
    if b"\0" in made:
        raise ValueError(f"{name} has a NUL character")
    return made


def c_text(name: str, text: Any) -> bytes | None:
    """A text that may be left out, as the library takes it."""
    return None if text is None else encoded(name, text)


def c_path(name: str, path: Any) -> bytes | None:
    """A path that may be left out, as the library takes it."""
    return None if path is None else encoded(name, checked.path(name, path))
