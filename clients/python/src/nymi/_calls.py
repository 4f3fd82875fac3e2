"""The operations, once for both clients: what is sent, and how the answer is read."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar, get_args

from ._generated import (
    DEFAULT_DEADLINE_MS,
    MAX_DEADLINE_MS,
    AssertIdentityAnswer,
    EndpointInfo,
    FirmwareAnswer,
    Grade,
    InfoAnswer,
    InitAnswer,
    KeyAction,
    ListEndpointsAnswer,
    LookupAnswer,
    LookupColumn,
    LookupRow,
    Notification,
    Operation,
    SignAnswer,
    SubscribeEndpointAnswer,
    SymmetricKeyAnswer,
    TotpAnswer,
    UserStatusAnswer,
)
from ._payload import from_hex, needed
from ._updates import Update
from .errors import InternalError, unreadable

T = TypeVar("T")

DEFAULT_TIMEOUT = DEFAULT_DEADLINE_MS / 1000
MAX_TIMEOUT = MAX_DEADLINE_MS / 1000
GRACE = 2.0
"""How many seconds longer than the agent a client waits: the agent's own refusal says more."""


@dataclass(frozen=True)
class Call(Generic[T]):
    """One request."""

    operation: str
    payload: Mapping[str, Any]
    read: Callable[[Mapping[str, Any]], T]

    def text(self, exchange: str, timeout: float) -> str:
        """The request as JSON; a deadline in the payload counts more than the timeout."""
        payload = {"deadline_ms": math.ceil(timeout * 1000), **self.payload}
        return json.dumps(
            {"operation": self.operation, "exchange": exchange, "payload": payload}, ensure_ascii=False
        )

    def patience(self, timeout: float) -> float:
        """How many seconds the answer may take before the client gives it up by itself."""
        deadline = self.payload.get("deadline_ms")
        if isinstance(deadline, int) and 0 < deadline <= MAX_DEADLINE_MS:
            timeout = deadline / 1000
        return timeout + GRACE

    def result(self, update: Update) -> T:
        """The answer that the update holds.

        :raises NymiError: it tells a failure, or cannot be read.
        """
        answer = update.answer()
        try:
            return self.read(answer)
        except InternalError as wrong:
            raise unreadable(wrong.specifics, str(self.operation)) from None


def checked_timeout(timeout: float) -> float:
    """The timeout of an operation in seconds.

    :raises ValueError: it is not more than 0 and at most 120.
    """
    if not 0 < timeout <= MAX_TIMEOUT:
        raise ValueError(f"a timeout of {timeout} s; it has to be more than 0 and at most {MAX_TIMEOUT:g}")
    return timeout


def checked_wait(timeout: float | None) -> float | None:
    """How many seconds to wait for an update; None is without end.

    :raises ValueError: it is negative or NaN.
    """
    if timeout is not None and not timeout >= 0:
        raise ValueError(f"a timeout of {timeout} s; it has to be 0 or more, or None to wait without end")
    return timeout


def checked_exchange(exchange: str) -> str:
    """The name of an operation. With another type no answer would be found to be its own.

    :raises TypeError: it is not a text.
    """
    if not isinstance(exchange, str):
        raise TypeError(f"exchange is a str, not {type(exchange).__name__}")
    return exchange


def _given(**fields: Any) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}


def _hex(digest: bytes | str | None) -> str | None:
    return digest if digest is None or isinstance(digest, str) else digest.hex()


def request(operation: str, payload: Mapping[str, Any]) -> Call[Mapping[str, Any]]:
    return Call(operation, payload, lambda answer: answer)


def init(
    nea_name: str,
    *,
    nes_url: str | None,
    username: str | None,
    password: str | None,
    token: str | None,
    l1: str | None,
    grade: Grade | None,
    agent_url: str | None,
) -> Call[InitAnswer]:
    fields = _given(
        nea_name=nea_name,
        nes_url=nes_url,
        username=username,
        password=password,
        token=token,
        l1=l1,
        grade=grade,
        agent_url=agent_url,
    )
    return Call(Operation.INIT, fields, InitAnswer.from_payload)


def info() -> Call[InfoAnswer]:
    return Call(Operation.INFO, {}, InfoAnswer.from_payload)


def list_endpoints() -> Call[tuple[EndpointInfo, ...]]:
    def read(answer: Mapping[str, Any]) -> tuple[EndpointInfo, ...]:
        return ListEndpointsAnswer.from_payload(answer).endpoints

    return Call(Operation.LIST_ENDPOINTS, {}, read)


def subscribe(endpoint: str) -> Call[str]:
    def read(answer: Mapping[str, Any]) -> str:
        return SubscribeEndpointAnswer.from_payload(answer).endpoint_id

    return Call(Operation.SUBSCRIBE_ENDPOINT, {"endpoint_id": endpoint}, read)


def unsubscribe(endpoint: str) -> Call[None]:
    return Call(Operation.UNSUBSCRIBE_ENDPOINT, {"endpoint_id": endpoint}, lambda _: None)


def lookup(
    *,
    username: str | None,
    domain: str | None,
    band: str | None,
    nfc_uid: str | None,
    serial_number: str | None,
    columns: Sequence[LookupColumn] | None,
) -> Call[tuple[LookupRow, ...]]:
    query = _given(Username=username, Domain=domain, NymiBandID=band, NfcUID=nfc_uid, SerialNumber=serial_number)
    keys = get_args(LookupColumn) if columns is None else columns

    def read(answer: Mapping[str, Any]) -> tuple[LookupRow, ...]:
        matches = LookupAnswer.from_payload(answer).matches
        return (LookupRow.from_payload(answer),) if matches is None else matches

    return Call(Operation.LOOKUP, {"query": query, "lookup_keys": list(keys)}, read)


def assert_identity(
    band: str,
    *,
    intent_id: str | None,
    document_sha256: bytes | str | None,
    meaning: str | None,
    audience: str | None,
    nonce: str | None,
) -> Call[AssertIdentityAnswer]:
    fields = _given(
        assert_type="assert_user",
        device=band,
        intent_id=intent_id,
        document_sha256=_hex(document_sha256),
        meaning=meaning,
        audience=audience,
        nonce=nonce,
    )
    return Call(Operation.ASSERT_IDENTITY, fields, AssertIdentityAnswer.from_payload)


def user_status(username: str, domain: str) -> Call[UserStatusAnswer]:
    return Call(Operation.USER_STATUS, {"Username": username, "Domain": domain}, UserStatusAnswer.from_payload)


def notify(band: str, notification: Notification) -> Call[None]:
    return Call(Operation.NOTIFY, {"device": band, "notification": notification}, lambda _: None)


def random(band: str, length: int) -> Call[bytes]:
    def read(answer: Mapping[str, Any]) -> bytes:
        return needed(answer, "random", from_hex)

    return Call(Operation.RANDOM, {"device": band, "length": length}, read)


def sign(band: str, digest: bytes | str) -> Call[SignAnswer]:
    return Call(Operation.SIGN, {"device": band, "hash": _hex(digest)}, SignAnswer.from_payload)


def symmetric_key(band: str, action: KeyAction, key_id: str | None) -> Call[SymmetricKeyAnswer]:
    fields = _given(device=band, action=action, key_id=key_id)
    return Call(Operation.SYMMETRIC_KEY, fields, SymmetricKeyAnswer.from_payload)


def totp(band: str, action: KeyAction) -> Call[TotpAnswer]:
    return Call(Operation.TOTP, {"device": band, "action": action}, TotpAnswer.from_payload)


def firmware(band: str) -> Call[FirmwareAnswer]:
    return Call(Operation.FIRMWARE, {"device": band}, FirmwareAnswer.from_payload)


def cancel(exchange: str) -> Call[None]:
    return Call(Operation.CANCEL, {"exchange": checked_exchange(exchange)}, lambda _: None)
