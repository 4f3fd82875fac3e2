"""clients/csharp/Nymi/Generated.cs and Messages.cs"""

import json

from .model import NOTICE, Fields, c_values, pascal, snake

FOLDER = "clients/csharp/Nymi"

# Of the C interface the client uses the functions with handles and messages alone.
C_ENUMS = ("NymiResult", "NapiLog")

# What a message calls by a word is an enum here; 0 is a word that this version does not know.
UNKNOWN = {"value": "unknown", "doc": "A word that this version does not know."}

# Bytes in hex are bytes, but for this, which is shown and not computed with.
SHOWN = {"serial"}

# The requests with optional fields, by the name of their class, without what the functions take otherwise.
OPTIONS = {"init": ("InitOptions", set()), "assert_identity": ("AssertOptions", {"assert_type", "device"})}


def _doc(text, indent):
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return f"{indent}/// <summary>{escaped}</summary>"


def _enum(name, doc, values, kind=" : uint", indent="    "):
    yield _doc(doc, indent)
    yield f"{indent}public enum {name}{kind}"
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
        yield f"{indent}    public const string {_name(*constant or [value])} = {json.dumps(value)};"
    yield f"{indent}}}"
    yield ""


def _name(name):
    return pascal(snake(name))


def _file(lines, *using):
    while not lines[-1]:
        lines.pop()
    head = [f"// {NOTICE}", "", *(f"using {one};" for one in using), "", "namespace Nymi", "{"]
    return "\n".join([*head, *lines, "}", ""])


def _tables(api):
    lines = [
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
    for enum in (one for one in api.c_enums if one["name"] in C_ENUMS):
        lines += _enum(enum["name"], f"enum {enum['name']} of nymi_api.h.", c_values(enum))
    operations = [(one["name"], one["doc"]) for one in api.operations_of_applications]
    lines += _constants("NymiOperation", "What a request can ask for.", operations)
    lines += _constants("NymiEventName", "What an unsolicited update is about.", api.event_names)
    fields = [(name, f"The field {name}.", constant) for name, constant in api.field_names().items()]
    lines += _constants("NymiField", "The names of fields in payloads.", fields)
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
    lines += ["    }", ""]
    return _file(lines, "System.Collections.Generic")


class _Kind:
    """How a field is written in C#: its type, and the functions of Payload and Writer that read and write it."""

    def __init__(self, api, field):
        self.words = field.type if field.type in api.enums else None
        self.object = None if self.words or field.type in api.types else field.type
        missing = field.optional or field.nullable
        if self.words:
            self.type, self.read = field.type, f"({field.type}{'?' if missing else ''})"
        elif self.object:
            self.type = field.type
        elif field.type in ("Hex", "Digest") and field.name not in SHOWN:
            self.type, self.read = "byte[]", "Bytes"
        elif field.type == "Time":
            self.type, self.read = "DateTimeOffset", "Time"
        else:
            plain = {"string": ("string", "Text"), "integer": ("int", "Number"), "boolean": ("bool", "Flag")}
            self.type, self.read = plain[api.types[field.type]["json"]]
        self.missing = missing
        self.list = field.list
        self.name = json.dumps(field.name)

    @property
    def declared(self):
        if self.list:
            return f"IReadOnlyList<{self.type}>"
        is_value = self.words or self.type in ("int", "bool", "DateTimeOffset")
        return f"{self.type}?" if is_value and self.missing else self.type

    @property
    def reading(self):
        """The expression that takes the field out of `payload`."""
        maybe = "Optional" if self.missing else ""
        if self.object:
            many = "List" if self.list else "Object"
            return f"payload.{maybe}{many}({self.name}, one => new {self.type}(one))"
        if self.words:
            return f"{self.read}payload.{maybe}Word({self.name}, Words.{self.words})"
        return f"payload.{maybe}{'Texts' if self.list else self.read}({self.name})"

    @property
    def writing(self):
        value = _name(json.loads(self.name))
        words = f", Words.{self.words}" if self.words else ""
        return f"fields.Add({self.name}, {f'(int?){value}' if self.words else value}{words});"


def _remark(field):
    nothing = (field.optional or field.nullable) and "null" not in field.doc
    return field.doc + (" Null if there is none." if nothing else "")


def _choice(field):
    return f"{field.doc} {'Null to leave it out.' if field.optional else 'Null for that of the client.'}"


def _class(api, name, part, base=""):
    yield _doc(part.doc, "    ")
    yield f"    public sealed class {name}{base}"
    yield "    {"
    yield f"        internal {name}(Payload payload)"
    yield "        {"
    fields = [(field, _Kind(api, field)) for field in part.fields]
    for field, kind in fields:
        yield f"            {_name(field.name)} = {kind.reading};"
    yield "        }"
    for field, kind in fields:
        yield ""
        yield _doc(_remark(field), "        ")
        yield f"        public {kind.declared} {_name(field.name)} {{ get; }}"
    yield "    }"
    yield ""


def _options(api, name, part):
    yield _doc(part.doc, "    ")
    yield f"    public sealed class {name}"
    yield "    {"
    fields = [(field, _Kind(api, field)) for field in part.fields]
    for field, kind in fields:
        yield _doc(_choice(field), "        ")
        yield f"        public {kind.declared} {_name(field.name)} {{ get; set; }}"
        yield ""
    yield "        internal void AddTo(Fields fields)"
    yield "        {"
    for _, kind in fields:
        yield f"            {kind.writing}"
    yield "        }"
    yield "    }"
    yield ""


def _words(api):
    for name, enum in api.enums.items():
        values = [
            {"name": one["value"], "value": number, "doc": one["doc"]} for number, one in enumerate((UNKNOWN, *enum["values"]))
        ]
        yield from _enum(name, enum["doc"], values, kind="")
    yield "    /// <summary>The words of messages, each at the place of its enum's value.</summary>"
    yield "    internal static class Words"
    yield "    {"
    for name, enum in api.enums.items():
        values = ", ".join(json.dumps(one["value"]) for one in enum["values"])
        yield f"        internal static readonly string[] {name} = {{ null, {values} }};"
    yield "    }"
    yield ""


def _messages(api):
    lines = [*_words(api)]
    queries = {"LookupQuery"}
    for part in api.objects:
        lines += _options(api, part.name, part) if part.name in queries else _class(api, part.name, part)
    for part in api.events:
        lines += _class(api, f"{pascal(part.name)}Event", part, " : NymiEvent")
    for operation in api.operations_of_applications:
        if operation["name"] in OPTIONS:
            name, otherwise = OPTIONS[operation["name"]]
            asked = api.request(operation)
            fields = tuple(field for field in asked.fields if field.name not in otherwise)
            lines += _options(api, name, Fields(name, asked.doc, fields))
        answer = api.answer(operation)
        # Of the rest each answer has at most one field, which the function returns.
        if len(answer.fields) > 1:
            lines += _class(api, answer.name, answer)
    return _file(lines, "System", "System.Collections.Generic")


def files(api):
    return {f"{FOLDER}/Generated.cs": _tables(api), f"{FOLDER}/Messages.cs": _messages(api)}
