"""clients/csharp/Nymi/Generated.cs"""

import json

from .model import NOTICE, c_values, pascal, snake

PATH = "clients/csharp/Nymi/Generated.cs"


def _doc(text, indent):
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return f"{indent}/// <summary>{escaped}</summary>"


def _enum(name, doc, values, indent="    "):
    yield _doc(doc, indent)
    yield f"{indent}public enum {name} : uint"
    yield f"{indent}{{"
    for value in values:
        yield _doc(value["doc"], indent + "    ")
        yield f"{indent}    {pascal(value['name'])} = {value['value']},"
    yield f"{indent}}}"
    yield ""


def _constants(name, doc, values, indent="    "):
    yield _doc(doc, indent)
    yield f"{indent}public static class {name}"
    yield f"{indent}{{"
    for value, text, *constant in values:
        yield _doc(text, indent + "    ")
        yield f"{indent}    public const string {pascal(snake(*constant or [value]))} = {json.dumps(value)};"
    yield f"{indent}}}"
    yield ""


def files(api):
    lines = [
        f"// {NOTICE}",
        "",
        "using System.Collections.Generic;",
        "",
        "namespace Nymi",
        "{",
        _doc("Numbers that the library and this wrapper agree on.", "    "),
        "    public static class NymiAbi",
        "    {",
        _doc("What nymi_abi_version() of a library that fits answers.", "        "),
        f"        public const uint Version = {api.abi_version};",
        _doc("The longest message in bytes.", "        "),
        f"        public const int MaxMessageBytes = {api.limits['message_bytes']};",
        _doc("The deadline of a request that names none, in milliseconds.", "        "),
        f"        public const int DefaultDeadlineMs = {api.limits['default_deadline_ms']};",
        _doc("The longest deadline that a request may name, in milliseconds.", "        "),
        f"        public const int MaxDeadlineMs = {api.limits['max_deadline_ms']};",
        "    }",
        "",
    ]
    statuses = [{"name": one["name"], "value": one["code"], "doc": one["description"]} for one in api.statuses]
    lines += _enum("NymiStatus", "The status of an update. Numbers are added and never change their meaning.", statuses)
    for enum in api.c_enums:
        lines += _enum(enum["name"], f"enum {enum['name']} of nymi_api.h.", c_values(enum))
    lines += _constants(
        "NymiOperation", "What a request can ask for.", [(one["name"], one["doc"]) for one in api.operations_of_applications]
    )
    events = [(one.name, one.doc) for one in api.events]
    lines += _constants("NymiEvent", "What an unsolicited update is about.", [*events, ("error", "Something failed that no request caused.")])
    lines += _constants("NymiField", "The names of fields in payloads.", [(name, f"The field {name}.", constant) for name, constant in api.field_names().items()])
    for name, enum in api.enums.items():
        values = [(value["value"], value["doc"]) for value in enum["values"]]
        lines += _constants(f"Nymi{name}Value", enum["doc"], values)
    lines += [
        _doc("What each status means, why it usually happens and what to do about it.", "    "),
        "    public static class NymiStatusTexts",
        "    {",
        "        private static readonly Dictionary<uint, string[]> Texts = new Dictionary<uint, string[]>",
        "        {",
    ]
    for status in api.statuses:
        texts = ", ".join(json.dumps(status[key], ensure_ascii=False) for key in ("description", "cause", "remedy"))
        lines.append(f"            {{ {status['code']}, new[] {{ {texts} }} }},")
    lines += ["        };", ""]
    for index, (name, what, newer) in enumerate(
        (
            ("Description", "What it means.", "A status that this version does not know."),
            ("Cause", "Why it usually happens.", "The agent is newer than this program."),
            ("Remedy", "What to do about it.", "Update this program to the agent's version."),
        )
    ):
        lines += [
            _doc(what, "        "),
            f"        public static string {name}(this NymiStatus status)",
            "        {",
            f"            return Texts.TryGetValue((uint)status, out var texts) ? texts[{index}] : {json.dumps(newer)};",
            "        }",
            "",
        ]
    lines.pop()
    lines += ["    }", "}", ""]
    return {PATH: "\n".join(lines)}
