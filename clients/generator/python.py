"""The tables of clients/python/src/nymi, and the operations of its client for asyncio."""

from .model import NOTICE, ROOT, c_values, pascal, screaming, snake

PLAIN = {"string": "str", "integer": "int", "boolean": "bool"}
READERS = {"string": "text", "integer": "whole", "boolean": "truth"}
# The short names are those of the words in messages.
C_NAMES = {
    "NymiResult": "Result",
    "NymiNotification": "NotificationNumber",
    "NymiKeyAction": "KeyActionNumber",
    "NymiEventKind": "EventKind",
}


def _one(api, name):
    if name == "Time":
        return "datetime"
    if name in api.types:
        return PLAIN[api.types[name]["json"]]
    return name


def _type(api, field):
    name = _one(api, field.type)
    if field.list:
        name = f"tuple[{name}, ...]"
    if field.optional or field.nullable:
        name += " | None"
    return name


def _reader(api, field):
    """What of _payload.py reads a value of the field."""
    if field.type == "Time":
        reader = "time"
    elif field.type in api.types:
        reader = READERS[api.types[field.type]["json"]]
    elif field.type in api.enums:
        reader = "word"
    else:
        reader = f"part({field.type}.from_payload)"
    return f"every({reader})" if field.list else reader


def _read(api, field):
    """The expression that takes a field out of `payload`."""
    take = "optional" if field.optional or field.nullable else "needed"
    return f"{take}(payload, {_text(field.name)}, {_reader(api, field)})"


def _dataclass(api, name, doc, fields):
    # Fields with a default come last.
    fields = sorted(fields, key=lambda field: field.optional or field.nullable)
    yield "@dataclass(frozen=True)"
    yield f"class {name}:"
    yield f'    """{doc}"""'
    yield ""
    for field in fields:
        default = " = None" if field.optional or field.nullable else ""
        secret = field.secret and default
        if secret:
            default = " = field(default=None, repr=False)"
        yield f"    {snake(field.name)}: {_type(api, field)}{default}"
        yield f'    """{field.doc}"""'
    yield ""
    yield "    @classmethod"
    yield f"    def from_payload(cls, payload: Mapping[str, Any]) -> {name}:"
    yield '        """Reads the JSON object of a message; unknown fields are ignored.'
    yield ""
    yield "        :raises InternalError: a field is missing, or not what it has to be."
    yield '        """'
    if not fields:
        yield "        return cls()"
    else:
        yield "        return cls("
        for field in fields:
            yield f"            {snake(field.name)}={_read(api, field)},"
        yield "        )"
    yield ""
    yield ""


def _statuses(api):
    yield "class Status(IntEnum):"
    yield '    """The status of an update. Numbers are added and never change their meaning."""'
    yield ""
    for status in api.statuses:
        yield f"    {status['name']} = {status['code']}"
        yield f'    """{status["description"]}"""'
    for name, what in (
        ("description", "What it means."),
        ("cause", "Why it usually happens."),
        ("remedy", "What to do about it."),
    ):
        yield ""
        yield "    @property"
        yield f"    def {name}(self) -> str:"
        yield f'        """{what}"""'
        yield f"        return _STATUS_TEXTS[self][{('description', 'cause', 'remedy').index(name)}]"
    yield ""
    yield ""
    yield "_STATUS_TEXTS: dict[Status, tuple[str, str, str]] = {"
    for status in api.statuses:
        yield f"    Status.{status['name']}: ("
        for key in ("description", "cause", "remedy"):
            yield f"        {_text(status[key])},"
        yield "    ),"
    yield "}"
    yield ""
    yield ""


def _text(text):
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _words(name, doc, values):
    yield f"class {name}(str, Enum):"
    yield f'    """{doc}"""'
    yield ""
    for value in values:
        yield f"    {screaming(value['value'])} = {_text(value['value'])}"
        yield f'    """{value["doc"]}"""'
    yield ""
    yield "    def __str__(self) -> str:"
    yield "        return self.value"
    yield ""
    yield ""


def files(api):
    lines = [
        f'"""Tables of the interface. {NOTICE}"""',
        "",
        "from __future__ import annotations",
        "",
        "from collections.abc import Mapping",
        "from dataclasses import dataclass, field",
        "from datetime import datetime",
        "from enum import Enum, IntEnum",
        "from typing import Any, Literal",
        "",
        "from ._payload import every, needed, optional, part, text, time, truth, whole, word",
        "",
        f"ABI_VERSION = {api.abi_version}",
        '"""What nymi_abi_version() of a library that fits these tables answers."""',
        f"MAX_MESSAGE_BYTES = {api.limits['message_bytes']}",
        f"DEFAULT_DEADLINE_MS = {api.limits['default_deadline_ms']}",
        f"MAX_DEADLINE_MS = {api.limits['max_deadline_ms']}",
        "",
        "",
    ]
    lines += _statuses(api)
    for enum in api.c_enums:
        lines += [f"class {C_NAMES.get(enum['name'], enum['name'])}(IntEnum):", f'    """enum {enum["name"]} of nymi_api.h."""', ""]
        for value in c_values(enum):
            lines += [f"    {value['name']} = {value['value']}", f'    """{value["doc"]}"""']
        lines += ["", ""]
    operations = [{"value": one["name"], "doc": one["doc"]} for one in api.operations_of_applications]
    lines += _words("Operation", "What a request can ask for.", operations)
    events = [{"value": name, "doc": doc} for name, doc in api.event_names]
    lines += _words("EventName", "What an unsolicited update is about.", events)
    for name, enum in api.enums.items():
        values = [f"    {_text(value['value'])}," for value in enum["values"]]
        lines += [f"{name} = Literal[", *values, "]", f'"""{enum["doc"]}"""', ""]
    lines += [""]
    for part in api.objects:
        lines += _dataclass(api, part.name, part.doc, part.fields)
    for event in api.events:
        lines += _dataclass(api, f"{pascal(event.name)}Event", event.doc, event.fields)
    for operation in api.operations_of_applications:
        answer = api.answer(operation)
        if answer.fields:
            lines += _dataclass(api, answer.name, answer.doc, api.inherited(answer))
    while lines[-1] == "":
        lines.pop()
    return {"clients/python/src/nymi/_generated.py": "\n".join(lines) + "\n"}


# What differs between the operations of the client that waits and of that with coroutines.
ASYNC = {
    '"""The operations of a client."""': '"""The operations as coroutines. Made by clients/generate from _operations.py; do not edit."""',
    "class Operations(": "class AsyncOperations(",
    "    def ": "    async def ",
    "self._run(": "await self._run(",
}


def async_operations(_):
    folder = ROOT / "clients/python/src/nymi"
    text = (folder / "_operations.py").read_text(encoding="utf-8")
    for sync, coroutine in ASYNC.items():
        if sync not in text:
            raise SystemExit(f"_operations.py has nothing like {sync!r}")
        text = text.replace(sync, coroutine)
    return {"clients/python/src/nymi/_async_operations.py": text}
