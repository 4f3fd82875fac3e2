"""nymi-webapi/src/asyncapi.json, which the agent serves; its examples are those of the manual."""

import json

from .model import ROOT, pascal

PATH = "nymi-webapi/src/asyncapi.json"
MANUAL = "docs/manual/webapi.md"

DESCRIPTION = (
    "One JSON envelope in each WebSocket text message of at most 1 MiB; no subprotocol, no compression. Each request is "
    "answered by an update with the same exchange; unsolicited updates have exchange null. Operations with a band's keys "
    "(sign, random, symmetric_key, totp, notify) need an authenticated connection and are refused with 4001: use the native "
    "client. Pages of another origin need allowed_origins, else the handshake gets 403."
)
CHANNEL = {"$ref": "#/channels/webapi"}


def _examples():
    """The JSON blocks of the manual, by their word: request, answer or event."""
    found = {"request": {}, "answer": {}, "event": {}}
    parts = (ROOT / MANUAL).read_text(encoding="utf-8").split("```json ")[1:]
    for part in parts:
        word, rest = part.split("\n", 1)
        message = json.loads(rest.split("\n```", 1)[0])
        found[word].setdefault(message["operation"], []).append({"payload": message})
    return found


def _value(api, field):
    if field.type in api.types:
        plain = api.types[field.type]
        schema = {"type": plain["json"]}
        schema |= {key: plain[key] for key in ("pattern", "format", "minimum", "maximum") if key in plain}
    elif field.type in api.enums:
        schema = {"type": "string", "enum": [value["value"] for value in api.enums[field.type]["values"]]}
    else:
        schema = {"$ref": f"#/components/schemas/{field.type}"}
    if field.list:
        schema = {"type": "array", "items": schema}
    if field.nullable and "$ref" in schema:
        schema = {"oneOf": [schema, {"type": "null"}]}
    elif field.nullable:
        schema["type"] = [schema["type"], "null"]
        if "enum" in schema:
            schema["enum"] = [*schema["enum"], None]
    return schema if "$ref" in schema else {**schema, "description": field.doc}


def _object(api, fields, doc=None, more=None):
    schema = {"type": "object"}
    if doc:
        schema["description"] = doc
    schema["properties"] = {field.name: _value(api, field) for field in fields} | (more or {})
    required = [field.name for field in fields if not field.optional]
    if required:
        schema["required"] = required
    return schema


def _deadline(api):
    plain = api.types["Deadline"]
    limits = {key: plain[key] for key in ("minimum", "maximum")}
    return {"deadline_ms": {"type": "integer", **limits, "default": api.limits["default_deadline_ms"], "description": plain["doc"]}}


def _request(api, operation, examples):
    request = api.request(operation, webapi=True)
    payload = _object(api, request.fields, more=_deadline(api))
    envelope = {
        "type": "object",
        "properties": {
            "operation": {"const": operation["name"]},
            "exchange": {"$ref": "#/components/schemas/exchange"},
            "payload": payload,
        },
        "required": ["operation", "payload"] if "required" in payload else ["operation"],
    }
    return _message(operation["name"], operation["doc"], envelope, examples["request"])


def _update(operation, exchange, status, payload):
    return {
        "type": "object",
        "properties": {
            "operation": {"const": operation},
            "exchange": exchange,
            "status": status,
            "payload": payload,
            "error": {"$ref": "#/components/schemas/error"},
        },
        "required": ["operation", "exchange", "status", "payload", "error"],
    }


def _answer(api, operation, examples):
    answer = api.answer(operation)
    # A refusal has an empty payload.
    success = _object(api, api.inherited(answer))
    payload = {"oneOf": [success, {"$ref": "#/components/schemas/nothing"}]} if "required" in success else success
    exchange, status = {"$ref": "#/components/schemas/exchange"}, {"$ref": "#/components/schemas/status"}
    envelope = _update(operation["name"], exchange, status, payload)
    return _message(operation["name"], f"The answer to {operation['name']}.", envelope, examples["answer"])


def _event(name, doc, status, payload, examples):
    return _message(name, doc, _update(name, {"type": "null"}, status, payload), examples["event"])


def _message(name, doc, payload, examples):
    message = {"name": name, "title": name, "summary": doc, "payload": payload}
    if name in examples:
        message["examples"] = examples[name]
    return message


def _schemas(api):
    codes = [status["code"] for status in api.statuses]
    schemas = {
        "exchange": {"type": ["string", "null"], "description": "Chosen by the caller, echoed in the answer; null in events."},
        "status": {
            "type": "integer",
            "description": f"0 is success; `nymi explain CODE` tells cause and remedy of any other. Known here: {', '.join(map(str, codes))}.",
        },
        "error": {
            "type": "object",
            "description": "Empty on success.",
            "properties": {"error_description": {"type": "string"}, "error_specifics": {"type": "string"}, "nsl": {"type": "integer"}},
        },
        "nothing": {"type": "object", "maxProperties": 0, "description": "The payload of a refusal."},
    }
    for part in api.objects:
        schemas[part.name] = _object(api, part.fields, part.doc)
        if part.name == "LookupQuery":
            schemas[part.name] |= {"minProperties": 1, "additionalProperties": False}
    for event in api.events:
        schemas[f"{pascal(event.name)}Event"] = _object(api, event.fields, event.doc)
    return schemas


def files(api):
    examples = _examples()
    messages, operations = {}, {}
    for operation in api.operations_of_applications:
        name = operation["name"]
        messages[f"{name}_request"] = _request(api, operation, examples)
        messages[f"{name}_answer"] = _answer(api, operation, examples)
        operations[name] = {
            "action": "receive",
            "description": operation["doc"] + (" Refused with 4001: use the native client." if operation["over"] == "native" else ""),
            "channel": CHANNEL,
            "messages": [_ref(f"{name}_request")],
            "reply": {"channel": CHANNEL, "messages": [_ref(f"{name}_answer")]},
        }
    for event in api.events:
        payload = {"$ref": f"#/components/schemas/{pascal(event.name)}Event"}
        messages[f"{event.name}_event"] = _event(event.name, event.doc, {"const": 0}, payload, examples)
    error = "Something failed that no request caused, or a message whose operation and exchange could not be read."
    messages["error_event"] = _event(
        "error", error, {"$ref": "#/components/schemas/status"}, {"$ref": "#/components/schemas/nothing"}, examples
    )
    events = [*(event.name for event in api.events), "error"]
    for name in events:
        operations[f"{name}_event"] = {
            "action": "send",
            "description": messages[f"{name}_event"]["summary"],
            "channel": CHANNEL,
            "messages": [_ref(f"{name}_event")],
        }
    document = {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Nymi WebAPI",
            "version": "1.0.0",
            "description": DESCRIPTION,
            "license": {"name": "Apache-2.0 OR MIT"},
            "tags": [{"name": "bands", "description": "Taps and presence of bands, and who wears them."}],
        },
        "defaultContentType": "application/json",
        "servers": {
            "webapi": {"host": "127.0.0.1:8080", "protocol": "ws", "description": "The WebAPI listener."},
            "agent": {
                "host": "127.0.0.1:9120",
                "pathname": "/webapi",
                "protocol": "ws",
                "description": "The same on the agent's port, which also serves channels.",
            },
        },
        "channels": {
            "webapi": {
                "address": "/",
                "description": "Requests and their answers, and the events of the terminals subscribed to.",
                "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in messages},
            }
        },
        "operations": operations,
        "components": {"schemas": _schemas(api), "messages": messages},
    }
    return {PATH: json.dumps(document, indent=2, ensure_ascii=False) + "\n"}


def _ref(message):
    return {"$ref": f"#/channels/webapi/messages/{message}"}
