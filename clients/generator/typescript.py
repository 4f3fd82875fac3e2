"""clients/typescript/src: generated.ts, which programs see, and shapes.ts, which the client checks messages with"""

import json
from dataclasses import replace

from .model import NOTICE, pascal

PLAIN = {"string": "string", "integer": "number", "boolean": "boolean"}


def _type(api, field):
    if field.type in api.types:
        name = PLAIN[api.types[field.type]["json"]]
    else:
        name = field.type
    if field.nullable:
        name += " | null"
    if field.list:
        return f"ReadonlyArray<{name}>"
    return name


def _doc(text, indent=""):
    return f"{indent}/** {text} */"


def _interface(api, part, more=()):
    extends = f" extends {part.extends}" if part.extends else ""
    yield _doc(part.doc)
    yield f"export interface {part.name}{extends} {{"
    for field in part.fields:
        yield _doc(field.doc, "  ")
        mark = "?" if field.optional else ""
        yield f"  readonly {field.name}{mark}: {_type(api, field)};"
    yield from more
    yield "}"
    yield ""


def _shape(api, fields):
    """The fields of an object as check.ts reads them."""
    kinds = []
    for field in fields:
        kind = api.types[field.type]["json"] if field.type in api.types else "string" if field.type in api.enums else field.type
        marks = ("[]" if field.list else "") + ("?" if field.optional or field.nullable else "")
        kinds.append(f"{field.name}: {json.dumps(kind + marks)}")
    return f"{{ {', '.join(kinds)} }}" if kinds else "{}"


def _shapes(api, served):
    """What check.ts compares messages with."""
    # Events are parts of an answer, too.
    events = [replace(one, name=f"{pascal(one.name)}Event") for one in api.events]
    answers = [(one["name"], api.inherited(api.answer(one))) for one in served]
    objects = [(one.name, one.fields) for one in (*api.objects, *events)]
    for name, doc, shapes in (
        ("answerShapes", "The fields of each operation's answer.", answers),
        ("objectShapes", "The fields of objects in messages.", objects),
    ):
        yield _doc(doc)
        yield f"export const {name}: ReadonlyMap<string, Shape> = new Map<string, Shape>(["
        for one, fields in shapes:
            yield f"  [{json.dumps(one)}, {_shape(api, fields)}],"
        yield "]);"
        yield ""
    yield _doc("The fields of each event.")
    yield "export const eventShapes: Readonly<Record<keyof EventPayloads, Shape>> = {"
    for event in api.events:
        yield f"  {event.name}: {_shape(api, event.fields)},"
    yield "};"
    yield ""


def _statuses(api):
    yield _doc("The status codes, by name. Numbers are added and never change their meaning.")
    yield "export const Status = {"
    for status in api.statuses:
        yield _doc(status["description"], "  ")
        yield f"  {status['name']}: {status['code']},"
    yield "} as const;"
    yield ""
    yield _doc("The name of a status code.")
    yield "export type StatusName = keyof typeof Status;"
    yield ""
    yield _doc("What a status code means, why it happens and what to do about it.")
    yield "export interface StatusText {"
    for name in ("name", "description", "cause", "remedy"):
        yield f"  readonly {name}: {'StatusName' if name == 'name' else 'string'};"
    yield "}"
    yield ""
    yield _doc("The texts of each status code; a newer agent may know codes that are not here.")
    yield "export const statusTexts: ReadonlyMap<number, StatusText> = new Map<number, StatusText>(["
    for status in api.statuses:
        texts = ", ".join(
            f"{key}: {json.dumps(status[key], ensure_ascii=False)}" for key in ("name", "description", "cause", "remedy")
        )
        yield f"  [{status['code']}, {{ {texts} }}],"
    yield "]);"
    yield ""


def _enums(api):
    for name, enum in api.enums.items():
        values = " | ".join(json.dumps(value["value"]) for value in enum["values"])
        yield "/**"
        yield f" * {enum['doc']}"
        for value in enum["values"]:
            yield f" * - `{value['value']}`: {value['doc']}"
        yield " */"
        yield f"export type {name} = {values};"
        yield ""


def files(api):
    lines = [f"// {NOTICE}", ""]
    lines += _statuses(api)
    lines += [
        _doc("The longest message in bytes."),
        f"export const MAX_MESSAGE_BYTES = {api.limits['message_bytes']};",
        _doc("The deadline of a request that names none, in milliseconds."),
        f"export const DEFAULT_DEADLINE_MS = {api.limits['default_deadline_ms']};",
        _doc("The longest deadline that a request may name, in milliseconds."),
        f"export const MAX_DEADLINE_MS = {api.limits['max_deadline_ms']};",
        "",
    ]
    lines += _enums(api)
    for part in api.objects:
        lines += _interface(api, part)
    for event in api.events:
        lines += [_doc(event.doc), f"export interface {pascal(event.name)}Event {{"]
        lines += list(_interface(api, event))[2:]
    served = [one for one in api.operations_of_applications if one["over"] == "both"]
    guarded = [one["name"] for one in api.operations_of_applications if one["over"] == "native"]
    for operation in served:
        lines += _interface(api, api.request(operation, webapi=True))
        lines += _interface(api, api.answer(operation))
    lines += [_doc("What each operation of the WebAPI takes and answers."), "export interface Operations {"]
    for operation in served:
        name = operation["name"]
        lines += [
            _doc(operation["doc"], "  "),
            f"  readonly {name}: {{ readonly request: {pascal(name)}Request; readonly answer: {pascal(name)}Answer }};",
        ]
    lines += ["}", "", _doc("The name of an operation."), "export type OperationName = keyof Operations;", ""]
    lines += [
        _doc("Operations with a band's keys: the native client's alone, the WebAPI refuses them with 4001."),
        f"export const nativeOperations = {json.dumps(guarded)} as const;",
        "",
        _doc("The payload of each event."),
        "export interface EventPayloads {",
    ]
    for event in api.events:
        lines += [_doc(event.doc, "  "), f"  readonly {event.name}: {pascal(event.name)}Event;"]
    lines += ["}", ""]
    imports = ['import type { Shape } from "./check.js";', 'import type { EventPayloads } from "./generated.js";', ""]
    shapes = [f"// {NOTICE}", "", *imports, *_shapes(api, served)]
    texts = {"generated": lines, "shapes": shapes}
    return {f"clients/typescript/src/{name}.ts": "\n".join(text) for name, text in texts.items()}
