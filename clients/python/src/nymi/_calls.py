"""The operations, once for both clients: what is sent, and how the answer is read."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar, get_args

from . import _arguments as checked
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
    Status,
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
GRACE = 2.0
"""How many seconds longer than the agent a client waits: the agent's own refusal says more."""

_PARAMETERS = {
    "query.Username": "username",
    "query.Domain": "domain",
    "query.NymiBandID": "band",
    "query.NfcUID": "nfc_uid",
    "query.SerialNumber": "serial_number",
    "lookup_keys": "columns",
    "Username": "username",
    "Domain": "domain",
    "device": "band",
    "endpoint_id": "endpoint",
    "hash": "digest",
    "deadline_ms": "timeout",
}
"""The parameters of this package for the fields of messages that go by another name."""
_FIELD = re.compile(rf"(^|; )({'|'.join(map(re.escape, _PARAMETERS))})(?=:| is missing)")


@dataclass(frozen=True)
class Call(Generic[T]):
    """One request."""

    operation: str
    payload: Mapping[str, Any]
    read: Callable[[Mapping[str, Any]], T]
    is_raw: bool = False
    """Whether the program wrote the payload itself."""

    def text(self, exchange: str, timeout: float) -> str:
        """The request as JSON; a deadline in the payload counts more than the timeout.

        :raises TypeError: the payload has what JSON has not, such as bytes.
        :raises ValueError: it has NaN or Infinity, is nested too deeply, or contains itself.
        """
        payload = {"deadline_ms": math.ceil(timeout * 1000), **self.payload}
        return _json({"operation": self.operation, "exchange": exchange, "payload": payload})

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
        if not self.is_raw and update.status in (Status.MISSING_FIELD, Status.INVALID_FIELD):
            specifics = _FIELD.sub(lambda found: found[1] + _PARAMETERS[found[2]], update.error.get("error_specifics", ""))
            update = replace(update, error={**update.error, "error_specifics": specifics})
        answer = update.answer()
        try:
            return self.read(answer)
        except InternalError as wrong:
            raise unreadable(wrong.specifics, str(self.operation)) from None


def _json(request: Mapping[str, Any]) -> str:
    made, wrong = _written(request, allow_nan=False)
    if made is not None:
        return made
    # Anew, and not while the other one is handled, which may hold values.
    if isinstance(wrong, TypeError):
        raise TypeError(f"payload is not JSON: {wrong}")
    if isinstance(wrong, RecursionError):
        raise ValueError("payload is nested too deeply")
    if _written(request, allow_nan=True)[0] is not None:
        raise ValueError("payload has NaN or Infinity, which JSON has not")
    raise ValueError("payload contains itself")


def _written(request: Mapping[str, Any], allow_nan: bool) -> tuple[str | None, Exception | None]:
    try:
        return json.dumps(request, ensure_ascii=False, allow_nan=allow_nan), None
    except (TypeError, ValueError, RecursionError) as wrong:
        return None, wrong


def _given(**fields: Any) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}


def _texts(**fields: Any) -> dict[str, Any]:
    """Those of the texts that are given, which go by the same name as their parameters."""
    return _given(**{name: checked.optional_text(name, value) for name, value in fields.items()})


def request(operation: str, payload: Mapping[str, Any] | None) -> Call[Mapping[str, Any]]:
    fields = {} if payload is None else payload
    if not isinstance(fields, Mapping):
        raise checked.wrong_type("payload", "a mapping", payload)
    return Call(checked.text("operation", operation), fields, lambda answer: answer, is_raw=True)


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
    fields = _texts(
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

    return Call(Operation.SUBSCRIBE_ENDPOINT, {"endpoint_id": checked.text("endpoint", endpoint)}, read)


def unsubscribe(endpoint: str) -> Call[None]:
    fields = {"endpoint_id": checked.text("endpoint", endpoint)}
    return Call(Operation.UNSUBSCRIBE_ENDPOINT, fields, lambda _: None)


def lookup(
    *,
    username: str | None,
    domain: str | None,
    band: str | None,
    nfc_uid: str | None,
    serial_number: str | None,
    columns: Sequence[LookupColumn] | None,
) -> Call[tuple[LookupRow, ...]]:
    query = _given(
        Username=checked.optional_text("username", username),
        Domain=checked.optional_text("domain", domain),
        NymiBandID=checked.optional_text("band", band),
        NfcUID=checked.optional_text("nfc_uid", nfc_uid),
        SerialNumber=checked.optional_text("serial_number", serial_number),
    )
    if not query:
        raise ValueError("lookup needs at least one of username, domain, band, nfc_uid and serial_number")
    keys = list(get_args(LookupColumn)) if columns is None else checked.texts("columns", columns)

    def read(answer: Mapping[str, Any]) -> tuple[LookupRow, ...]:
        matches = LookupAnswer.from_payload(answer).matches
        return (LookupRow.from_payload(answer),) if matches is None else matches

    return Call(Operation.LOOKUP, {"query": query, "lookup_keys": keys}, read)


def assert_identity(
    band: str,
    *,
    intent_id: str | None,
    document_sha256: bytes | str | None,
    meaning: str | None,
    audience: str | None,
    nonce: str | None,
) -> Call[AssertIdentityAnswer]:
    fields = {"assert_type": "assert_user", "device": checked.text("band", band)}
    fields |= _texts(intent_id=intent_id, meaning=meaning, audience=audience, nonce=nonce)
    if document_sha256 is not None:
        fields["document_sha256"] = checked.digest("document_sha256", document_sha256)
    return Call(Operation.ASSERT_IDENTITY, fields, AssertIdentityAnswer.from_payload)


def user_status(username: str, domain: str) -> Call[UserStatusAnswer]:
    fields = {"Username": checked.text("username", username), "Domain": checked.text("domain", domain)}
    return Call(Operation.USER_STATUS, fields, UserStatusAnswer.from_payload)


def _of_band(band: str, **words: str) -> dict[str, Any]:
    """The band of an operation, and words, which go by the same name as their parameters."""
    return {"device": checked.text("band", band)} | {name: checked.text(name, word) for name, word in words.items()}


def notify(band: str, notification: Notification) -> Call[None]:
    return Call(Operation.NOTIFY, _of_band(band, notification=notification), lambda _: None)


def random(band: str, length: int) -> Call[bytes]:
    def read(answer: Mapping[str, Any]) -> bytes:
        return needed(answer, "random", from_hex)

    return Call(Operation.RANDOM, _of_band(band) | {"length": checked.whole("length", length)}, read)


def sign(band: str, digest: bytes | str) -> Call[SignAnswer]:
    fields = _of_band(band) | {"hash": checked.digest("digest", digest)}
    return Call(Operation.SIGN, fields, SignAnswer.from_payload)


def symmetric_key(band: str, action: KeyAction, key_id: str | None) -> Call[SymmetricKeyAnswer]:
    fields = _of_band(band, action=action) | _texts(key_id=key_id)
    return Call(Operation.SYMMETRIC_KEY, fields, SymmetricKeyAnswer.from_payload)


def totp(band: str, action: KeyAction) -> Call[TotpAnswer]:
    return Call(Operation.TOTP, _of_band(band, action=action), TotpAnswer.from_payload)


def firmware(band: str) -> Call[FirmwareAnswer]:
    return Call(Operation.FIRMWARE, _of_band(band), FirmwareAnswer.from_payload)


def cancel(exchange: str) -> Call[None]:
    return Call(Operation.CANCEL, {"exchange": checked.text("exchange", exchange)}, lambda _: None)
