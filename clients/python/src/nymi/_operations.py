"""The operations of a client."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from . import _calls
from ._calls import Call
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
    Notification,
    SignAnswer,
    SymmetricKeyAnswer,
    TotpAnswer,
    UserStatusAnswer,
)

T = TypeVar("T")


class Operations(ABC):
    """A method for each operation."""

    _nea_name: str

    @abstractmethod
    def _run(self, call: Call[T], timeout: float | None, exchange: str | None) -> T:
        """Sends a request and waits for its answer."""

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
        :raises TypeError: the payload is no mapping, or has what JSON has not, such as bytes.
        :raises ValueError: it has NaN or Infinity, is nested too deeply, or contains itself.
        """
        return self._run(_calls.request(operation, payload), timeout, exchange)

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
        :raises ValueError: nothing is given.
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
