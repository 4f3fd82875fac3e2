"""clients/java/src/main/java/org/nymi: a class or an enum each."""

import json
import textwrap
from dataclasses import replace

from .model import NOTICE, c_values, pascal, screaming, snake

FOLDER = "clients/java/src/main/java/org/nymi"
C_ENUMS = {"NymiResult": "Result", "NapiLog": "LogLevel"}
# The type in Java, and the method of Payload that reads it.
PLAIN = {"string": ("String", "text"), "integer": ("int", "integer"), "boolean": ("boolean", "truth")}
BOXED = {"int": "Integer", "boolean": "Boolean"}
SPECIAL = {"Time": ("Instant", "time"), "Hex": ("byte[]", "bytes"), "Digest": ("byte[]", "bytes")}
# The client fills it in; all columns if none are named; a serial number is read by people, not computed with.
OPTIONAL = {("InitRequest", "nea_name"), ("LookupRequest", "lookup_keys")}
TEXT = {("CertificateInfo", "serial")}
IMPORTS = {
    "Instant": "java.time.Instant",
    "Duration": "java.time.Duration",
    "List": "java.util.List",
    "Map": "java.util.Map",
    "Objects": "java.util.Objects",
    "Optional": "java.util.Optional",
    "Set": "java.util.Set",
}


def _escaped(text):
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\\u", "&#92;u")


def _doc(text, *tags):
    if not tags:
        return [f"/** {_escaped(text)} */"]
    return ["/**", f" * {_escaped(text)}", " *", *(f" * @{tag}" for tag in tags), " */"]


def _lower(text):
    """A sentence as the text of a tag."""
    return _escaped(text[0].lower() + text[1:].rstrip("."))


def _file(name, lines):
    body = "\n".join(lines)
    used = sorted(path for word, path in IMPORTS.items() if _uses(body, word))
    imports = [f"import {path};" for path in used]
    return {f"{FOLDER}/{name}.java": "\n".join([f"// {NOTICE}", "", "package org.nymi;", "", *imports, *([""] if imports else []), body, ""])}


def _uses(body, word):
    code = "\n".join(line for line in body.splitlines() if not line.strip().startswith(("/**", "*")))
    return any(mark in code for mark in (f"{word}<", f"{word} ", f"{word}."))


def _indented(lines):
    return textwrap.indent("\n".join(lines), "    ").split("\n")


def _accessor(name, doc, kind="String", field=None):
    return ["", *_doc(doc, f"return {_lower(doc)}"), f"public {kind} {name}() {{", f"    return {field or name};", "}"]


def _find(name, key, doc):
    """The static method that finds a value of an enum by its number."""
    return [
        "",
        *_doc(doc, f"param {key} {_lower('A number.')}", "return the value; empty if this version has none"),
        f"public static Optional<{name}> of(int {key}) {{",
        f"    for ({name} value : values()) {{",
        f"        if (value.{key} == {key}) {{",
        "            return Optional.of(value);",
        "        }",
        "    }",
        "    return Optional.empty();",
        "}",
    ]


def _numbers(enum):
    name = C_ENUMS[enum["name"]]
    values = []
    for value in c_values(enum):
        values += [*_doc(value["doc"]), f"{value['name']}({value['value']}),"]
    values[-1] = values[-1][:-1] + ";"
    body = [*values, "", "private final int number;", "", f"{name}(int number) {{", "    this.number = number;", "}"]
    body += _accessor("number", "The number in the C interface.", "int")
    body += _find(name, "number", "The value with this number.")
    doc = f"enum {enum['name']} of nymi_api.h."
    return _file(name, [*_doc(doc), f"public enum {name} {{", *_indented(body), "}"])


def _status(api):
    names = ("description", "cause", "remedy")
    body = []
    for status in api.statuses:
        texts = ", ".join(json.dumps(status[key], ensure_ascii=False) for key in names)
        body += [*_doc(status["description"]), f"{status['name']}({status['code']}, {texts}),"]
    body[-1] = body[-1][:-1] + ";"
    body += ["", "private final int code;", *(f"private final String {name};" for name in names), ""]
    body += ["Status(int code, String description, String cause, String remedy) {", "    this.code = code;"]
    body += [*(f"    this.{name} = {name};" for name in names), "}"]
    body += _accessor("code", "The number on the wire.", "int")
    for name, what in zip(names, ("What it means.", "Why it usually happens.", "What to do about it.")):
        body += _accessor(name, what)
    body += _find("Status", "code", "The status with this code.")
    doc = "The status of an update. Numbers are added and never change their meaning."
    return _file("Status", [*_doc(doc), "public enum Status {", *_indented(body), "}"])


def _constants(name, doc, values):
    body = []
    for value, text in values:
        body += [*_doc(text), f"public static final String {screaming(value)} = {json.dumps(value)};"]
    body += ["", f"private {name}() {{}}"]
    return _file(name, [*_doc(doc), f"public final class {name} {{", *_indented(body), "}"])


def _abi(api):
    limits = api.limits
    return _file(
        "Abi",
        [
            *_doc("Numbers that the library and this package agree on."),
            "final class Abi {",
            *_indented(
                [
                    *_doc("What nymi_abi_version() of a library that fits answers."),
                    f"static final int VERSION = {api.abi_version};",
                    *_doc("The deadline of a request that names none, in milliseconds."),
                    f"static final int DEFAULT_DEADLINE_MS = {limits['default_deadline_ms']};",
                    *_doc("The longest deadline that a request may name, in milliseconds."),
                    f"static final int MAX_DEADLINE_MS = {limits['max_deadline_ms']};",
                    "",
                    "private Abi() {}",
                ]
            ),
            "}",
        ],
    )


def _words(name, enum, received):
    """An enum of words. One that messages bring has a value for the words of newer versions."""
    body = []
    for value in enum["values"]:
        body += [*_doc(value["doc"]), f"{screaming(value['value'])}({json.dumps(value['value'])}),"]
    if received:
        body += [*_doc("A word that this version does not know."), 'OTHER("");']
    else:
        body[-1] = body[-1][:-1] + ";"
    body += ["", "private final String word;", "", f"{name}(String word) {{", "    this.word = word;", "}"]
    accessor = _accessor("word", "The word in messages.")
    body += [*accessor[:-3], "@Override", *accessor[-3:]]
    if received:
        body += [
            "",
            f"static {name} of(String word) {{",
            f"    for ({name} value : values()) {{",
            "        if (value.word.equals(word)) {",
            "            return value;",
            "        }",
            "    }",
            "    return OTHER;",
            "}",
        ]
    return _file(name, [*_doc(enum["doc"]), f"public enum {name} implements Word {{", *_indented(body), "}"])


class _Member:
    """A field as a class of Java has it."""

    def __init__(self, api, owner, field):
        self.name, self.doc, self.secret = field.name, field.doc, field.secret
        made = pascal(snake(field.name))
        self.java = made[0].lower() + made[1:]
        self.is_list, self.constant = field.list, None
        self.optional = field.optional or field.nullable or (owner, field.name) in OPTIONAL
        if (owner, field.name) in TEXT:
            self.kind, self.read = "String", "text"
        elif field.type in SPECIAL:
            self.kind, self.read = SPECIAL[field.type]
        elif field.type in api.types:
            self.kind, self.read = PLAIN[api.types[field.type]["json"]]
        elif field.type in api.enums:
            self.kind, self.read = field.type, "word"
            values = api.enums[field.type]["values"]
            if len(values) == 1:
                # It needs no choosing.
                self.constant = f"{field.type}.{screaming(values[0]['value'])}"
        else:
            self.kind, self.read = field.type, "object"
        self.is_bytes = self.kind == "byte[]"
        self.given = f"List<{self.kind}>" if self.is_list else self.kind
        self.stored = BOXED.get(self.given, self.given) if self.optional else self.given
        self.returned = f"Optional<{self.stored}>" if self.optional else self.stored

    @property
    def reading(self):
        each = {"word": f", {self.kind}::of", "object": f", {self.kind}::new"}.get(self.read, "")
        how = {"word": "words", "object": "objects", "text": "texts"}[self.read] if self.is_list else self.read
        value = f'payload.{how}("{self.name}"{each})'
        return f'payload.has("{self.name}") ? {value} : null' if self.optional else value

    @property
    def checked(self):
        """What is kept of an argument: not null, and a copy of what could change."""
        if self.given in BOXED:
            return self.java
        if self.is_list:
            return f"List.copyOf({self.java})"
        return f'Objects.requireNonNull({self.java}, "{self.java}")' + (".clone()" if self.is_bytes else "")

    @property
    def shown(self):
        """What the accessor gives: a copy of what could change."""
        if self.optional:
            return f"Optional.ofNullable({self.java})" + (".map(byte[]::clone)" if self.is_bytes else "")
        return self.java + (".clone()" if self.is_bytes else "")

    @property
    def writing(self):
        """The value as a message has it."""
        return f"{'list' if self.is_list else 'value'}({self.constant or self.java})"


def _writing(members, inherits=False):
    """The methods that say what a message has."""
    body = ["", "@Override", "void write(Map<String, Object> fields) {"] + (["    super.write(fields);"] if inherits else [])
    body += [f'    fields.put("{one.name}", {one.writing});' for one in members] + ["}"]
    secrets = ", ".join(f'"{one.name}"' for one in members if one.secret)
    if secrets:
        body += ["", "@Override", "Set<String> secrets() {", f"    return Set.of({secrets});", "}"]
    return body


def _message(api, part, implements=None, extends=None):
    """A class for what messages bring."""
    name = part.name
    members = [_Member(api, name, field) for field in part.fields]
    body = [f"private final {one.stored} {one.java};" for one in members]
    body += ["", f"{name}(Payload payload) {{"] + (["    super(payload);"] if extends else [])
    body += [f"    {one.java} = {one.reading};" for one in members] + ["}"]
    for one in members:
        body += _accessor(one.java, one.doc, one.returned, one.shown)
    body += _writing(members, inherits=bool(extends))
    kind = "class" if any(api.answer(one).extends == name for one in api.operations) else "final class"
    base = f" extends {extends or 'Message'}" + (f" implements {implements}" if implements else "")
    return _file(name, [*_doc(part.doc), f"public {kind} {name}{base} {{", *_indented(body), "}"])


def _setter(owner, one):
    tags = (f"param {one.java} {_lower(one.doc)}", "return this")
    head = f"public {owner} {one.java}({one.given} {one.java}) {{"
    return ["", *_doc(one.doc, *tags), head, f"    this.{one.java} = {one.checked};", "    return this;", "}"]


def _sent(api, part, extends, more):
    """A class for what requests carry: what is needed goes into the constructor, the rest has setters."""
    name = part.name
    members = [_Member(api, name, field) for field in part.fields]
    asked = [one for one in members if not one.optional and not one.constant]
    others = [one for one in members if one.optional]
    body = [f"private final {one.given} {one.java};" for one in asked] + [f"private {one.stored} {one.java};" for one in others]
    tags = [f"param {one.java} {_lower(one.doc)}" for one in asked]
    doc = "All that there is to say."
    if others:
        doc = "What has to be said; the rest is optional." if asked else "Nothing has to be said."
    body += ([""] if body else []) + _doc(doc, *tags)
    body += [f"public {name}({', '.join(f'{one.given} {one.java}' for one in asked)}) {{"]
    body += [*(f"    this.{one.java} = {one.checked};" for one in asked), "}"]
    for one in others:
        body += _setter(name, one)
    body += more + _writing(members)
    return _file(name, [*_doc(part.doc), f"public final class {name} extends {extends} {{", *_indented(body), "}"])


def _request(api, operation):
    part, answer = api.request(operation), api.answer(operation)
    kind = answer.name if answer.fields or answer.extends else "Void"
    name = part.name
    more = []
    for method, type_, doc in (
        ("timeout", "Duration", "How long the answer may take, more than 0 and at most 120 s; else as the client says."),
        ("exchange", "String", "A name by which cancel finds this operation; no two in flight may have the same."),
    ):
        more += ["", *_doc(doc, f"param {method} {_lower(doc.split(',')[0].split(' by ')[0])}", "return this")]
        more += ["@Override", f"public {name} {method}({type_} {method}) {{", f"    super.{method}({method});", "    return this;", "}"]
    more += ["", "@Override", "String operation() {", f'    return "{operation["name"]}";', "}"]
    made = "null" if kind == "Void" else f"new {kind}(answer)"
    more += ["", "@Override", f"{kind} read(Payload answer) {{", f"    return {made};", "}"]
    return _sent(api, part, f"Request<{kind}>", more)


def _received_words(api, answers):
    parts = [*(one for one in api.objects if one.name != "LookupQuery"), *api.events, *answers]
    return {field.type for part in parts for field in part.fields if field.type in api.enums}


def files(api):
    made = {**_abi(api), **_status(api)}
    for enum in api.c_enums:
        if enum["name"] in C_ENUMS:
            made |= _numbers(enum)
    operations = api.operations_of_applications
    answers = [api.answer(one) for one in operations]
    made |= _constants("Operation", "What a request can ask for.", [(one["name"], one["doc"]) for one in operations])
    made |= _constants("EventName", "What an unsolicited update is about.", api.event_names)
    received = _received_words(api, answers)
    for name, enum in api.enums.items():
        made |= _words(name, enum, name in received)
    for part in api.objects:
        made |= _sent(api, part, "Fields", []) if part.name == "LookupQuery" else _message(api, part)
    for event in api.events:
        made |= _message(api, replace(event, name=f"{pascal(event.name)}Event"), implements="Event")
    for answer in answers:
        if answer.fields or answer.extends:
            made |= _message(api, answer, extends=answer.extends)
    for operation in operations:
        made |= _request(api, operation)
    return made
