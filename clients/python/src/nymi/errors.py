"""What goes wrong, as exceptions with a status: one class for each family of numbers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ._generated import Result, Status


class NymiError(Exception):
    """A failure with a number: a :class:`Status`, or a :class:`Result` of the C library below 1000."""

    status: int
    """The number, such as 3020. Compare it with names: ``error.status == Status.BAND_NOT_PRESENT``."""
    specifics: str
    """What exactly was wrong this time: a field, a host, what was expected. May be empty."""
    operation: str | None
    """The operation that failed, if it was one."""
    nsl: int | None
    """With status 8000, the number of the certificate error."""

    def __init__(
        self,
        status: int,
        description: str = "",
        specifics: str = "",
        *,
        operation: str | None = None,
        nsl: int | None = None,
    ) -> None:
        self.status, self.specifics, self.operation, self.nsl = status, specifics, operation, nsl
        known = _known(status)
        words = [description or (known.description if known else ""), specifics, f"(status {status})"]
        about = f"{operation}: " if operation else ""
        super().__init__(about + " ".join(filter(None, words)))

    def __reduce__(self) -> tuple[Any, ...]:
        # Exceptions cross processes, where arguments that go by name would be lost.
        return _again, (type(self), str(self), dict(vars(self)))

    @property
    def name(self) -> str | None:
        """The name of the number, such as ``BAND_NOT_PRESENT``; None if this version does not know it."""
        known = _known(self.status)
        if known:
            return known.name
        return Result(self.status).name if self.status in list(Result) else None

    @property
    def usual_cause(self) -> str | None:
        """Why it usually happens."""
        known = _known(self.status)
        return known.cause if known else None

    @property
    def remedy(self) -> str | None:
        """What to do about it."""
        known = _known(self.status)
        return known.remedy if known else None


class RequestError(NymiError):
    """1000 to 1009: the request itself; the program has to be changed."""


class CancelledError(RequestError):
    """1006: the operation was cancelled."""


class ClosedError(RequestError):
    """1007: the client was closed."""


class ServerError(NymiError):
    """2000 to 2999: the server cannot be reached, refuses, or is wrong."""


class NotFoundError(ServerError):
    """2201: nothing matches."""


class BandError(NymiError):
    """3000 to 3999: the band is away, locked, out of date, or refuses."""


class NymiTimeoutError(BandError, TimeoutError):
    """3000, 3010, or that nothing came in time. It is a TimeoutError, too."""


class AgentError(NymiError):
    """4000 to 4999: the agent. The client connects again by itself."""


class EndpointError(NymiError):
    """5000 to 5999: the terminal, its adapter or reader."""


class PresenceError(NymiError):
    """6000 to 6009: it could not be proven that the band was there."""


class AccountError(NymiError):
    """6010 to 6999: the user or the user's account."""


class PolicyError(NymiError):
    """7000 to 7999: the policy does not allow it."""


class CertificateError(NymiError):
    """8000 to 8999: certificates; ``nsl`` says which error."""


class InternalError(NymiError):
    """9000 and above: a fault in the platform."""


class LibraryError(NymiError):
    """Below 1000: the C library refused a call; see :class:`Result`."""


class LibraryNotFoundError(OSError):
    """The C library was not found, or does not fit this package."""


def error_of(
    status: int,
    error: Mapping[str, Any],
    operation: str | None = None,
) -> NymiError:
    """The exception for an update that failed."""
    kind = _kind(status)
    description, specifics = error.get("error_description", ""), error.get("error_specifics", "")
    return kind(status, description, specifics, operation=operation, nsl=error.get("nsl"))


def unreadable(what: str, operation: str | None = None) -> NymiError:
    """The exception for a message that is not as described; `what` holds no values, which may be secrets."""
    return error_of(Status.INTERNAL, {"error_specifics": what}, operation)


_SPECIAL: dict[int, type[NymiError]] = {
    Status.CANCELLED: CancelledError,
    Status.TERMINATED: ClosedError,
    Status.NOT_FOUND: NotFoundError,
    Status.TIMEOUT_NES: NymiTimeoutError,
    Status.TIMEOUT_BAND: NymiTimeoutError,
    Result.TIMEOUT: NymiTimeoutError,
    Result.TERMINATED: ClosedError,
}
# Each family begins at its number.
_FAMILIES: list[tuple[int, type[NymiError]]] = [
    (9000, InternalError),
    (8000, CertificateError),
    (7000, PolicyError),
    (6010, AccountError),
    (6000, PresenceError),
    (5000, EndpointError),
    (4000, AgentError),
    (3000, BandError),
    (2000, ServerError),
    (1000, RequestError),
    (0, LibraryError),
]


def _kind(status: int) -> type[NymiError]:
    family = next((kind for first, kind in _FAMILIES if status >= first), NymiError)
    return _SPECIAL.get(status, family)


def _known(status: int) -> Status | None:
    try:
        return Status(status)
    except ValueError:
        return None


def _again(kind: type[NymiError], text: str, fields: dict[str, Any]) -> NymiError:
    error = kind.__new__(kind, text)
    error.args = (text,)
    error.__dict__.update(fields)
    return error
