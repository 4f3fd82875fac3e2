"""As much of Rust's syntax as is needed to say where the operands of an operator begin and end.

cargo-mutants names the place of every operator, so what else looks like one (`&` of a reference, `<` of
a generic type, `|` of a closure) is known not to be. Where the rules below are wrong about a piece of
code, the changed text does not compile, and that mutant is left to be built on its own.
"""

import bisect
import re

TOKEN = re.compile(
    r"""
    (?P<space>\s+ | //[^\n]*)
  | (?P<comment>/\*)
  | (?P<raw>(?:b|c)?r(?P<hashes>\#*)")
  | (?P<string>(?:b|c)?"(?:\\.|[^"\\])*")
  | (?P<char>b?'(?:\\(?:x[0-9a-fA-F]{2}|u\{[^}]*\}|.)|[^'\\])')
  | (?P<lifetime>'\w+)
  | (?P<word>(?:r\#)?[^\W\d]\w*)
  | (?P<number>\d(?:[\w]|\.(?=\d))*)
  | (?P<mark><<=|>>=|\.\.\.|\.\.=|::|->|=>|==|!=|<=|>=|&&|\|\||\+=|-=|\*=|/=|%=|\^=|&=|\|=|<<|>>|\.\.|.)
    """,
    re.VERBOSE | re.DOTALL,
)

CLOSER = {"(": ")", "[": "]", "{": "}"}
OPENER = {closer: opener for opener, closer in CLOSER.items()}

ASSIGNMENTS = {"+=", "-=", "*=", "/=", "%=", "^=", "&=", "|=", "<<=", ">>="}
UNARY = 11
PRECEDENCE = {
    **dict.fromkeys(["*", "/", "%"], 10),
    **dict.fromkeys(["+", "-"], 9),
    **dict.fromkeys(["<<", ">>"], 8),
    "&": 7,
    "^": 6,
    "|": 5,
    **dict.fromkeys(["==", "!=", "<", ">", "<=", ">="], 4),
    "&&": 3,
    "||": 2,
    **dict.fromkeys(ASSIGNMENTS, 0),
}

# No operand of an operator reaches over one of these.
SEPARATORS = {";", ",", "=>", "=", "..", "..=", "else", *ASSIGNMENTS}
BEFORE_OPERAND = SEPARATORS | {":", "return", "break", "if", "while", "match", "in", "let", "move", "|", "||"}
# These begin an expression that holds a block.
BLOCKS = {"match", "if", "unsafe", "loop"}
PREFIXES = {"!", "-", "*", "&", "&&", "mut"}


class Source:
    """One file: its text, its tokens, and which of them are binary operators."""

    def __init__(self, text, operator_places=()):
        self.text = text
        self.lines = [0]
        for line in text.splitlines(keepends=True):
            self.lines.append(self.lines[-1] + len(line))
        self.tokens = list(_tokens(text))
        self.starts = [start for start, _ in self.tokens]
        self.partner = self._partners()
        self.operators = {self.at(self.offset(*place)) for place in operator_places}

    def offset(self, line, column):
        """The index in the text of a line and column, both counted from 1."""
        return self.lines[line - 1] + column - 1

    def line(self, offset):
        """The number of the line, counted from 1, that holds this index."""
        return bisect.bisect_right(self.lines, offset)

    def at(self, offset):
        """The token that begins at this index."""
        found = bisect.bisect_left(self.starts, offset)
        if found == len(self.starts) or self.starts[found] != offset:
            raise ValueError(f"no token at line {self.line(offset)}")
        return found

    def word(self, token):
        return self.tokens[token][1]

    def end(self, token):
        start, word = self.tokens[token]
        return start + len(word)

    def left_operand(self, operator):
        """Where the left operand of the binary operator begins."""
        precedence = PRECEDENCE[self.word(operator)]
        token = operator
        while token > 0 and not self._ends_left(token - 1, token, precedence):
            token = self.partner.get(token - 1, token - 1)
        return self.starts[token]

    def _ends_left(self, token, following, precedence):
        word = self.word(token)
        if token in self.operators:
            return PRECEDENCE[word] < precedence
        if word == "}":
            # A block before anything that begins an operand was a statement of its own.
            return following not in self.operators and self.word(following) not in {".", "?", "as"}
        return word in BEFORE_OPERAND or word in CLOSER

    def right_operand(self, operator, precedence=None):
        """Where the right operand of the operator ends."""
        if precedence is None:
            precedence = PRECEDENCE[self.word(operator)]
        token = operator + 1
        begins, block = True, False
        while token < len(self.tokens):
            word = self.word(token)
            if token in self.operators:
                if PRECEDENCE[word] <= precedence:
                    break
                begins = True
            elif word in SEPARATORS or word in OPENER or (word == "as" and precedence == UNARY):
                break
            elif word == "{" and not begins and not block:
                break
            elif begins and word in BLOCKS:
                begins, block = False, True
            elif not (begins and word in PREFIXES):
                begins, block = False, block and word != "{"
            token = self.partner.get(token, token) + 1
        return self.end(token - 1)

    def _partners(self):
        found, open_ones = {}, []
        for index, (_, word) in enumerate(self.tokens):
            if word in CLOSER:
                open_ones.append(index)
            elif word in OPENER:
                opener = open_ones.pop()
                found[opener], found[index] = index, opener
        return found


def _tokens(text):
    at = 0
    while at < len(text):
        match = TOKEN.match(text, at)
        end = match.end()
        if match["comment"]:
            at = _comment_end(text, at)
            continue
        if match["raw"]:
            closing = '"' + match["hashes"]
            end = text.index(closing, end) + len(closing)
        if not match["space"]:
            yield at, text[at:end]
        at = end


def _comment_end(text, at):
    depth = 0
    for mark in re.finditer(r"/\*|\*/", text[at:]):
        depth += 1 if mark[0] == "/*" else -1
        if depth == 0:
            return at + mark.end()
    return len(text)
