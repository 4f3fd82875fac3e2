"""What a piece of Rust becomes when its mutants are compiled in: `python3 -m unittest discover tests/mutants`."""

import re
import unittest

from rust import Source
from switched import Mutant, Switched, alone


def mutant(number, text, code, genre, replacement, function="f"):
    """A change of the first stretch of the text that is this code, in the function `f`."""

    def place(offset):
        line = text.count("\n", 0, offset) + 1
        return line, offset - (text.rfind("\n", 0, offset) + 1) + 1

    start = text.index(code)
    around = (place(text.index("fn f")), place(len(text)))
    return Mutant(number, "", "", genre, replacement, place(start), place(start + len(code)), function, "", around)


def switched(text, *changes):
    mutants = [mutant(number, text, *change) for number, change in enumerate(changes, 1)]
    places = [m.start for m in mutants if m.genre == "BinaryOperator"]
    return str(Switched(text, mutants, places).rendered()).replace("crate::mutant::", "")


class Operands(unittest.TestCase):
    def operands(self, text, *operators):
        """The operands of the first of these operators."""
        wanted = [re.escape(f" {operator} ") for operator in operators]
        places = [(1, found.start() + 2) for found in re.finditer("|".join(wanted), text)]
        source = Source(text, places)
        token = source.at(text.index(f" {operators[0]} ") + 1)
        return text[source.left_operand(token) : source.right_operand(token)]

    def test_a_tighter_operator_belongs_to_the_operand(self):
        self.assertEqual(self.operands("x = a * b + c * d;", "+", "*"), "a * b + c * d")
        self.assertEqual(self.operands("x = a + b * c;", "*", "+"), "b * c")

    def test_operators_of_equal_strength_group_to_the_left(self):
        self.assertEqual(self.operands("(a + b - c)", "+", "-"), "a + b")
        self.assertEqual(self.operands("(a + b - c)", "-", "+"), "a + b - c")

    def test_calls_paths_and_casts_belong_to_the_operand(self):
        text = "let x = a.b::<u8>(c, d)[1] as u64 + e.f(|g| g)?.h;"
        self.assertEqual(self.operands(text, "+"), text[8:-1])

    def test_the_block_of_a_condition_does_not(self):
        self.assertEqual(self.operands("if a < b { c }", "<"), "a < b")

    def test_a_statement_before_does_not(self):
        self.assertEqual(self.operands("{ if a { return; } b == c }", "=="), "b == c")

    def test_the_name_of_a_field_or_a_parameter_does_not(self):
        self.assertEqual(self.operands("S { a: b & c }", "&"), "b & c")
        self.assertEqual(self.operands("|a| b & c", "&"), "b & c")

    def test_text_in_strings_and_comments_is_no_code(self):
        self.assertEqual(self.operands("f('\"', r#\"(\"#, /* ) */ a == b)", "=="), "a == b")


class Switches(unittest.TestCase):
    def test_both_changes_of_an_operator_share_its_operands(self):
        text = "fn f() { a + b }"
        self.assertEqual(
            switched(text, ("+", "BinaryOperator", "-"), ("+", "BinaryOperator", "*")),
            "fn f() { (match ((a ), ( b)) { (l__, r__) => "
            "if on(1) { l__ - r__ } else if on(2) { l__ * r__ } else { l__ + r__ } }) }",
        )

    def test_comparison_does_not_move_its_operands(self):
        text = "fn f() { a == b }"
        self.assertIn("match (&(a ), &( b))", switched(text, ("==", "BinaryOperator", "!=")))

    def test_the_right_operand_of_a_lazy_operator_stays_lazy(self):
        text = "fn f() { a && b }"
        self.assertEqual(
            switched(text, ("&&", "BinaryOperator", "||")), "fn f() { (if (a ) != on(1) {  b } else { on(1) }) }"
        )
        text = "fn f() { a || b }"
        self.assertEqual(
            switched(text, ("||", "BinaryOperator", "&&")), "fn f() { (if (a ) == on(1) {  b } else { !on(1) }) }"
        )

    def test_an_operator_within_an_operand_has_its_own_switch(self):
        text = "fn f() { !(a == b) }"
        found = switched(text, ("!", "UnaryOperator", ""), ("==", "BinaryOperator", "!="))
        self.assertIn("if on(1) { v__ } else { !v__ }", found)
        self.assertIn("if on(2) { *l__ != *r__ } else { *l__ == *r__ }", found)

    def test_a_functions_value_is_returned_at_its_beginning(self):
        text = "const fn f() -> u8 { a }"
        self.assertEqual(switched(text, ("a ", "FnValue", "0")), " fn f() -> u8 { if on(1) { return 0; } a }")

    def test_an_arm_is_taken_away_by_its_guard(self):
        text = "fn f() { match a { 1 => b, _ => c } }"
        self.assertIn("1 if !on(1) => b", switched(text, ("1 => b,", "MatchArm", "")))
        text = "fn f() { match a { x if y => b, _ => c } }"
        found = switched(
            text, ("x if y => b,", "MatchArm", ""), ("y", "MatchArmGuard", "true"), ("y", "MatchArmGuard", "false")
        )
        self.assertIn("x if (!on(1) && !on(3) && (on(2) || (y))) => b", found)

    def test_a_field_is_left_out_of_a_second_expression(self):
        text = "fn f() { S { a: 1, ..b } }"
        self.assertEqual(
            switched(text, ("a: 1", "StructField", "")),
            "fn f() { (if on(1) { S {  ..b } } else { S { a: 1, ..b } }) }",
        )

    def test_what_is_dropped_is_not_written(self):
        text = "fn f() { a == b }"
        change = mutant(1, text, "==", "BinaryOperator", "!=")
        file = Switched(text, [change], [change.start])
        file.drop([change])
        self.assertEqual(str(file.rendered()), text)
        self.assertEqual(file.unswitchable, [change])

    def test_a_value_of_the_wrong_type_is_wrong_alone_too_unless_any_type_will_do(self):
        text = "fn f() -> u8 { a }"
        change = mutant(1, text, "a ", "FnValue", "()")
        file = Switched(text, [change], [])
        file.drop([change], wrong=True)
        self.assertEqual((file.unviable, file.unswitchable), ([change], []))
        change.returns = "-> impl Iterator<Item = u8>"
        file = Switched(text, [change], [])
        file.drop([change], wrong=True)
        self.assertEqual((file.unviable, file.unswitchable), ([], [change]))

    def test_a_function_that_a_constant_calls_is_const_again_without_its_mutants(self):
        text = "const fn f() -> u8 { a }"
        change = mutant(1, text, "a ", "FnValue", "0")
        file = Switched(text, [change], [])
        file.keep_const("f")
        self.assertEqual(str(file.rendered()), text)
        self.assertEqual(file.unswitchable, [change])

    def test_a_mutant_alone_replaces_its_stretch(self):
        text = "fn f() { a == b }"
        change = mutant(1, text, "==", "BinaryOperator", "!=")
        out = alone(Source(text), [change])
        self.assertEqual(str(out), "fn f() { a != b }")
        self.assertEqual(out.owner(9, 10), [change])


if __name__ == "__main__":
    unittest.main()
