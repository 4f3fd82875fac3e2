"""clients/java/src/main/java/org/nymi: an enum or a class of constants each."""

import json

from .model import NOTICE, c_values, screaming

FOLDER = "clients/java/src/main/java/org/nymi"


def _doc(text, indent=""):
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return f"{indent}/** {escaped} */"


def _file(name, lines):
    text = "\n".join([f"// {NOTICE}", "", "package org.nymi;", "", *lines, ""])
    return {f"{FOLDER}/{name}.java": text}


def _constants(name, doc, values):
    lines = [_doc(doc), f"public final class {name} {{"]
    for value, text, *constant in values:
        identifier = screaming(*constant or [value])
        lines += [_doc(text, "    "), f"    public static final String {identifier} = {json.dumps(value)};"]
    lines += ["", f"    private {name}() {{}}", "}"]
    return _file(name, lines)


def _numbers(name, doc, values):
    lines = [_doc(doc), f"public enum {name} {{"]
    for value in values:
        lines += [_doc(value["doc"], "    "), f"    {value['name']}({value['value']}),"]
    lines[-1] = lines[-1][:-1] + ";"
    lines += [
        "",
        "    private final int number;",
        "",
        f"    {name}(int number) {{",
        "        this.number = number;",
        "    }",
        "",
        _doc("The number in the C interface.", "    "),
        "    public int number() {",
        "        return number;",
        "    }",
        "",
        _doc("The value with this number, or null if this version has none.", "    "),
        f"    public static {name} of(int number) {{",
        f"        for ({name} value : values()) {{",
        "            if (value.number == number) {",
        "                return value;",
        "            }",
        "        }",
        "        return null;",
        "    }",
        "}",
    ]
    return _file(name, lines)


def _status(api):
    lines = [_doc("The status of an update. Numbers are added and never change their meaning."), "public enum Status {"]
    for status in api.statuses:
        texts = ", ".join(json.dumps(status[key], ensure_ascii=False) for key in ("description", "cause", "remedy"))
        lines += [_doc(status["description"], "    "), f"    {status['name']}({status['code']}, {texts}),"]
    lines[-1] = lines[-1][:-1] + ";"
    lines += ["", "    private final int code;"]
    names = ("description", "cause", "remedy")
    lines += [f"    private final String {name};" for name in names]
    lines += ["", "    Status(int code, String description, String cause, String remedy) {", "        this.code = code;"]
    lines += [f"        this.{name} = {name};" for name in names]
    lines += ["    }", "", _doc("The number on the wire.", "    "), "    public int code() {", "        return code;", "    }"]
    for name, what in zip(names, ("What it means.", "Why it usually happens.", "What to do about it.")):
        lines += ["", _doc(what, "    "), f"    public String {name}() {{", f"        return {name};", "    }"]
    lines += [
        "",
        _doc("The status with this code, or null if this version has none.", "    "),
        "    public static Status of(int code) {",
        "        for (Status status : values()) {",
        "            if (status.code == code) {",
        "                return status;",
        "            }",
        "        }",
        "        return null;",
        "    }",
        "}",
    ]
    return _file("Status", lines)


def files(api):
    limits = api.limits
    abi = [
        _doc("Numbers that the library and this wrapper agree on."),
        "public final class Abi {",
        _doc("What nymi_abi_version() of a library that fits answers.", "    "),
        f"    public static final int VERSION = {api.abi_version};",
        _doc("The longest message in bytes.", "    "),
        f"    public static final int MAX_MESSAGE_BYTES = {limits['message_bytes']};",
        _doc("The deadline of a request that names none, in milliseconds.", "    "),
        f"    public static final int DEFAULT_DEADLINE_MS = {limits['default_deadline_ms']};",
        _doc("The longest deadline that a request may name, in milliseconds.", "    "),
        f"    public static final int MAX_DEADLINE_MS = {limits['max_deadline_ms']};",
        "",
        "    private Abi() {}",
        "}",
    ]
    made = {**_file("Abi", abi), **_status(api)}
    for enum in api.c_enums:
        made |= _numbers(enum["name"].removeprefix("Nymi"), f"enum {enum['name']} of nymi_api.h.", c_values(enum))
    made |= _constants("Operation", "What a request can ask for.", [(one["name"], one["doc"]) for one in api.operations_of_applications])
    events = [(one.name, one.doc) for one in api.events]
    made |= _constants("EventName", "What an unsolicited update is about.", [*events, ("error", "Something failed that no request caused.")])
    made |= _constants("FieldName", "The names of fields in payloads.", [(name, f"The field {name}.", constant) for name, constant in api.field_names().items()])
    for name, enum in api.enums.items():
        made |= _constants(f"{name}Value", enum["doc"], [(value["value"], value["doc"]) for value in enum["values"]])
    return made
