"""All mutants of a file at once: each behind a switch, so that one build serves them all.

`a + b` becomes `match (a, b) { (l, r) => if on(7) { l - r } else if on(8) { l * r } else { l + r } }`, and
`on(7)` is true in a process that was started with mutant 7. The operands appear once, so changes nest.
"""

import re
from dataclasses import dataclass, field

from rust import ASSIGNMENTS, UNARY, Source

ON = "crate::mutant::on({})"
COMPARISONS = {"==", "!=", "<", ">", "<=", ">="}


class Unswitchable(Exception):
    """This mutant has no form behind a switch; it must be built on its own."""


@dataclass
class Mutant:
    """One line of cargo-mutants' list, with its number."""

    number: int
    name: str
    file: str
    genre: str
    replacement: str
    start: tuple
    end: tuple
    function: str | None
    returns: str
    # Of the function, or of itself where there is none.
    around: tuple

    @property
    def same_alone(self):
        """Whether the compiler says of it alone what it says of it behind a switch."""
        return self.genre == "FnValue"

    @classmethod
    def of(cls, number, listed):
        def place(span, edge):
            return span[edge]["line"], span[edge]["column"]

        function = listed["function"]
        return cls(
            number,
            listed["name"],
            listed["file"],
            listed["genre"],
            listed["replacement"],
            place(listed["span"], "start"),
            place(listed["span"], "end"),
            function and function["function_name"],
            function["return_type"] if function else "",
            tuple(place((function or listed)["span"], edge) for edge in ("start", "end")),
        )


@dataclass
class Site:
    """A stretch of a file and the mutants that change it."""

    start: int
    end: int
    kind: str
    operator: int | None = None
    mutants: list = field(default_factory=list)
    inner: list = field(default_factory=list)

    @property
    def order(self):
        # What is put in before a piece of code stands before the changes of that code.
        return (self.start, self.end > self.start, -self.end)


class Switched:
    """A file, and the same with its mutants behind switches."""

    def __init__(self, text, mutants, operator_places):
        self.source = Source(text, operator_places)
        self.unswitchable = []
        self.unviable = []
        self.const_functions = {}
        sites = {}
        for mutant in mutants:
            try:
                site = self._site(mutant)
            except (Unswitchable, ValueError):
                self.unswitchable.append(mutant)
                continue
            key = (site.kind, site.start, site.end, site.operator)
            sites.setdefault(key, site).mutants.append(mutant)
        self.sites = sorted(sites.values(), key=lambda site: site.order)
        self._free_of_const()

    def drop(self, mutants, wrong=False):
        """Leaves these mutants out from now on; if they are wrong, the compiler complained of themselves."""
        gone = {mutant.number for mutant in mutants}
        for site in self.sites:
            for mutant in site.mutants:
                if mutant.number in gone:
                    (self.unviable if wrong and mutant.same_alone else self.unswitchable).append(mutant)
            site.mutants = [m for m in site.mutants if m.number not in gone]

    def keep_const(self, name):
        """Lets the functions of this name be `const` again; their mutants are left out. Whether there were any."""
        kept = [body for body, (found, _) in self.const_functions.items() if found == name]
        for opening in kept:
            _, const = self.const_functions.pop(opening)
            self.sites = [site for site in self.sites if site.start != const or site.kind != "const"]
            closing = self.source.starts[self.source.partner[opening]]
            opening = self.source.starts[opening]
            self.drop([m for s in self.sites for m in s.mutants if opening < s.start <= closing])
        return bool(kept)

    def mutants(self):
        return [mutant for site in self.sites for mutant in site.mutants]

    def _free_of_const(self):
        """No switch can be asked in a `const fn`: none is one, until a constant is found to need it."""
        source = self.source
        for token in range(len(source.tokens) - 2):
            if source.word(token) == "const" and source.word(token + 1) == "fn":
                body = token
                while source.word(body) not in {"{", ";"}:
                    body = source.partner.get(body, body) + 1
                start = source.starts[token]
                self.const_functions[body] = (source.word(token + 2), start)
                self.sites.append(Site(start, source.end(token), "const"))
        self.sites.sort(key=lambda site: site.order)

    def _site(self, mutant):
        source = self.source
        start, end = source.offset(*mutant.start), source.offset(*mutant.end)
        if mutant.function is None:
            raise Unswitchable("a constant")
        match mutant.genre:
            case "FnValue" if "impl " in mutant.returns:
                raise Unswitchable("it may return one type or another, and not both")
            case "FnValue":
                return Site(start, start, "return")
            case "BinaryOperator":
                operator = source.at(start)
                if source.word(operator + 1) == "let":
                    raise Unswitchable("a chain of conditions with `let`")
                left = source.left_operand(operator)
                right = source.right_operand(operator)
                if not left < start < right:
                    raise Unswitchable("operands not found")
                return Site(left, right, "binary", operator)
            case "UnaryOperator":
                operator = source.at(start)
                return Site(start, source.right_operand(operator, UNARY), "unary", operator)
            case "MatchArmGuard":
                return Site(start, end, "guard")
            case "MatchArm":
                return self._arm(start)
            case "StructField":
                return self._literal(source.at(start))
        raise Unswitchable(mutant.genre)

    def _arm(self, start):
        """An arm is taken away by a guard that is never true; or its own guard is made so."""
        source = self.source
        token = source.at(start)
        guard = None
        while source.word(token) != "=>":
            if source.word(token) == "if" and guard is None:
                guard = source.starts[token + 1]
            last = token = source.partner.get(token, token)
            token += 1
        if guard is None:
            arrow = source.starts[token]
            return Site(arrow, arrow, "arm")
        return Site(guard, source.end(last), "guard")

    def _literal(self, token):
        """The struct expression whose field begins here."""
        source = self.source
        while source.word(token) != "{":
            token = source.partner.get(token, token) - 1
            if token < 0:
                raise Unswitchable("no struct expression")
        end = source.end(source.partner[token])
        first = token
        while re.fullmatch(r"\w+|::", source.word(first - 1)):
            first -= 1
        return Site(source.starts[first], end, "literal", token)

    def rendered(self):
        """The text with all switches, and from where to where in it each mutant's own text is."""
        roots, open_sites = [], []
        for site in self.sites:
            site.inner = []
        for site in self.sites:
            if not site.mutants and site.kind != "const":
                continue
            while open_sites and site.start >= open_sites[-1].end:
                open_sites.pop()
            if open_sites and site.end > open_sites[-1].end:
                raise AssertionError(f"changes overlap at line {self.source.line(site.start)}: {site.mutants}")
            (open_sites[-1].inner if open_sites else roots).append(site)
            if site.end > site.start:
                open_sites.append(site)
        out = Output()
        self._render(out, 0, len(self.source.text), roots)
        return out

    def _render(self, out, start, end, sites):
        """Writes this stretch of the file with those of the sites that lie in it."""
        for site in sites:
            if start <= site.start and site.end <= end:
                out.text(self.source.text[start : site.start])
                with out.of(site.mutants):
                    getattr(self, f"_render_{site.kind}")(out, site)
                start = site.end
        out.text(self.source.text[start:end])

    def _render_const(self, out, site):
        pass

    def _render_return(self, out, site):
        for mutant in site.mutants:
            with out.of([mutant]):
                out.text(f"if {on(mutant)} {{ return {mutant.replacement}; }} ")

    def _render_arm(self, out, site):
        out.text("if " + " && ".join(f"!{on(mutant)}" for mutant in site.mutants) + " ")

    def _render_guard(self, out, site):
        out.text("(")
        for mutant in site.mutants:
            if mutant.genre == "MatchArm" or mutant.replacement == "false":
                out.text(f"!{on(mutant)} && ")
        always = [mutant for mutant in site.mutants if mutant.replacement == "true"]
        out.text("(" + "".join(f"{on(mutant)} || " for mutant in always) + "(")
        self._render(out, site.start, site.end, site.inner)
        out.text(")))")

    def _render_unary(self, out, site):
        (mutant,) = site.mutants
        operator = self.source.word(site.operator)
        operand = site.start + len(operator)
        if re.fullmatch(r"\s*\d\w*", self.source.text[operand : site.end]):
            number = self.source.text[operand : site.end]
            out.text(f"(if {on(mutant)} {{ {number} }} else {{ {operator}{number} }})")
            return
        out.text("(match (")
        self._render(out, operand, site.end, site.inner)
        out.text(f") {{ v__ => if {on(mutant)} {{ v__ }} else {{ {operator}v__ }} }})")

    def _render_binary(self, out, site):
        source = self.source
        operator = source.word(site.operator)
        left = (site.start, source.starts[site.operator])
        right = (source.end(site.operator), site.end)
        if operator in {"&&", "||"}:
            self._render_lazy(out, site, operator, left, right)
        elif operator in ASSIGNMENTS:
            out.text("match (")
            self._render(out, *right, site.inner)
            out.text(") { r__ => ")
            place = source.text[slice(*left)]
            self._alternatives(out, site, lambda word: f"{place} {word} r__", operator)
            out.text(" }")
        else:
            borrow, value = ("&", "*") if operator in COMPARISONS else ("", "")
            out.text(f"(match ({borrow}(")
            self._render(out, *left, site.inner)
            out.text(f"), {borrow}(")
            self._render(out, *right, site.inner)
            out.text(")) { (l__, r__) => ")
            self._alternatives(out, site, lambda word: f"{value}l__ {word} {value}r__", operator)
            out.text(" })")

    def _alternatives(self, out, site, expression, original):
        for mutant in site.mutants:
            out.text(f"if {on(mutant)} {{ ")
            with out.of([mutant]):
                out.text(expression(mutant.replacement))
            out.text(" } else ")
        out.text(f"{{ {expression(original)} }}")

    def _render_lazy(self, out, site, operator, left, right):
        """`&&` and `||` ask their right operand only if the left one leaves it open."""
        if len(site.mutants) != 1 or site.mutants[0].replacement not in {"&&", "||"}:
            raise AssertionError(f"unknown changes of {operator}: {site.mutants}")
        switch = on(site.mutants[0])
        decides, otherwise = ("!=", switch) if operator == "&&" else ("==", f"!{switch}")
        out.text("(if (")
        self._render(out, *left, site.inner)
        out.text(f") {decides} {switch} {{ ")
        self._render(out, *right, site.inner)
        out.text(f" }} else {{ {otherwise} }})")

    def _render_literal(self, out, site):
        source = self.source
        out.text("(")
        for mutant in site.mutants:
            start, end = _replaced(source, mutant)
            out.text(f"if {on(mutant)} {{ ")
            with out.of([mutant]):
                out.text(source.text[site.start : start] + source.text[end : site.end])
            out.text(" } else ")
        out.text("{ ")
        self._render(out, site.start, site.end, site.inner)
        out.text(" })")


class Output:
    """Text under construction, with the stretches that belong to mutants."""

    def __init__(self):
        self.parts = []
        self.length = 0
        self.owners = []

    def text(self, text):
        self.parts.append(text)
        self.length += len(text)

    def of(self, mutants):
        return _Stretch(self, mutants)

    def __str__(self):
        return "".join(self.parts)

    def owner(self, start, end):
        """The mutants of the smallest stretch that holds this one."""
        around = [s for s in self.owners if s[0] <= start and end <= s[1] and s[2]]
        return min(around, key=lambda s: s[1] - s[0])[2] if around else []

    def inside(self, start, end):
        """All mutants whose stretches lie within this one."""
        return [mutant for s in self.owners if start <= s[0] and s[1] <= end for mutant in s[2]]

    def before(self, start):
        """The mutants of the last stretch that ends before this one begins."""
        earlier = [s for s in self.owners if s[1] <= start and s[2]]
        return max(earlier, key=lambda s: s[1])[2] if earlier else []


class _Stretch:
    def __init__(self, out, mutants):
        self.out, self.mutants = out, mutants

    def __enter__(self):
        self.start = self.out.length

    def __exit__(self, *_):
        self.out.owners.append((self.start, self.out.length, self.mutants))


def on(mutant):
    return ON.format(mutant.number)


def alone(source, mutants):
    """The text with these mutants simply made, at most one in a function, and the stretch of each one's function."""
    out = Output()
    at = 0
    text = source.text
    for mutant in sorted(mutants, key=lambda mutant: mutant.start):
        first, last = (source.offset(*place) for place in mutant.around)
        out.text(text[at:first])
        with out.of([mutant]):
            start, end = _replaced(source, mutant)
            out.text(text[first:start] + mutant.replacement + text[end:last])
        at = last
    out.text(text[at:])
    return out


def _replaced(source, mutant):
    """From where to where the mutant changes the text."""
    start, end = source.offset(*mutant.start), source.offset(*mutant.end)
    if mutant.genre == "StructField":
        end += len(re.match(r"(\s*,)?", source.text[end:])[0])
    return start, end
