"""Finds and loads the C library."""

from __future__ import annotations

import ctypes
import functools
import os
import sys
from pathlib import Path

from ._generated import ABI_VERSION
from .errors import LibraryNotFoundError

NAMES = {"win32": ("nymi_api.dll",), "darwin": ("libnymi_api.dylib",)}.get(
    sys.platform, ("libnymi_api.so.1", "libnymi_api.so")
)


class Config(ctypes.Structure):
    """struct NymiClientConfig, without the callbacks' types: this package has none."""

    _fields_ = [
        ("size", ctypes.c_size_t),
        ("nea_name", ctypes.c_char_p),
        ("agent_url", ctypes.c_char_p),
        ("store_directory", ctypes.c_char_p),
        ("log_directory", ctypes.c_char_p),
        ("log_level", ctypes.c_uint32),
        ("on_log_level", ctypes.c_uint32),
        ("on_update", ctypes.c_void_p),
        ("on_log", ctypes.c_void_p),
        ("user_data", ctypes.c_void_p),
    ]


class Error(ctypes.Structure):
    """struct NymiError."""

    _fields_ = [
        ("code", ctypes.c_uint32),
        ("nsl", ctypes.c_uint32),
        ("message", ctypes.c_char_p),
        ("detail", ctypes.c_char_p),
    ]


_POINTER = ctypes.c_void_p
_OUT = ctypes.POINTER(ctypes.c_void_p)
_ERROR = ctypes.POINTER(ctypes.POINTER(Error))
_FUNCTIONS: dict[str, tuple[list[type], type | None]] = {
    "nymi_client_new": ([ctypes.POINTER(Config), _OUT, _ERROR], ctypes.c_uint32),
    "nymi_client_terminate": ([_POINTER], ctypes.c_uint32),
    "nymi_client_free": ([_POINTER], ctypes.c_uint32),
    "nymi_client_put": ([_POINTER, ctypes.c_char_p, _ERROR], ctypes.c_uint32),
    "nymi_client_get": ([_POINTER, ctypes.c_uint32, _OUT, _ERROR], ctypes.c_uint32),
    "nymi_client_descriptor": ([_POINTER, ctypes.POINTER(ctypes.c_int), _ERROR], ctypes.c_uint32),
    "nymi_string_free": ([_POINTER], None),
    "nymi_error_free": ([ctypes.POINTER(Error)], None),
    "nymi_abi_version": ([], ctypes.c_uint32),
    "nymi_version": ([], ctypes.c_char_p),
}


def candidates() -> list[str]:
    """Where the library is looked for, in this order: beside the package, NYMI_LIBRARY, the system's."""
    here = Path(__file__).parent
    beside = [str(path) for path in map(here.joinpath, NAMES) if path.exists()]
    named = [path] if (path := os.environ.get("NYMI_LIBRARY")) else []
    return beside + named + list(NAMES)


@functools.cache
def library() -> ctypes.CDLL:
    """The library, loaded at the first call."""
    refused = []
    for path in candidates():
        try:
            loaded = ctypes.CDLL(path)
        except OSError as why:
            refused.append(str(why))
            continue
        declare(loaded)
        if (found := loaded.nymi_abi_version()) != ABI_VERSION:
            raise LibraryNotFoundError(f"{path} has the binary interface {found}; this package needs {ABI_VERSION}")
        return loaded
    raise LibraryNotFoundError("the C library was not found; set NYMI_LIBRARY to its file: " + "; ".join(refused))


def declare(loaded: ctypes.CDLL) -> None:
    """Sets the types of the functions that this package calls."""
    for name, (arguments, result) in _FUNCTIONS.items():
        try:
            function = getattr(loaded, name)
        except AttributeError:
            raise LibraryNotFoundError(f"{loaded._name} has no function {name}") from None
        function.argtypes, function.restype = arguments, result


def library_version() -> str:
    """The version of the C library, for logs and support."""
    version: bytes = library().nymi_version()
    return version.decode()
