using System;
using System.Collections.Generic;
using System.Globalization;
using System.Text;

namespace Nymi
{
    /// <summary>
    /// Reads JSON (RFC 8259): objects as dictionaries, arrays as lists, texts, bool, long or double, and null. Of a key that comes twice the
    /// last value counts.
    /// </summary>
    internal sealed class JsonReader
    {
        /// <summary>So deep may objects and arrays be in each other; the library's own limit.</summary>
        internal const int MaxDepth = 128;

        private readonly string text;
        private int at;
        private int depth;

        private JsonReader(string text)
        {
            this.text = text;
        }

        /// <summary>The value that a text is.</summary>
        /// <exception cref="FormatException">It is not JSON, or too deep. The message holds nothing of the text.</exception>
        internal static object Read(string text)
        {
            var reader = new JsonReader(text);
            reader.SkipSpace();
            var value = reader.Value();
            reader.SkipSpace();
            return reader.at == text.Length ? value : throw reader.Fault("the end");
        }

        private object Value()
        {
            switch (Peek())
            {
                case '{': return Object();
                case '[': return Array();
                case '"': return Text();
                case 't': return Word("true", true);
                case 'f': return Word("false", false);
                case 'n': return Word("null", null);
                default: return Number();
            }
        }

        private Dictionary<string, object> Object()
        {
            var made = new Dictionary<string, object>(StringComparer.Ordinal);
            Enter();
            if (!Took('}'))
            {
                do
                {
                    SkipSpace();
                    var key = Text();
                    SkipSpace();
                    Take(':');
                    SkipSpace();
                    made[key] = Value();
                    SkipSpace();
                }
                while (Took(','));
                Take('}');
            }
            depth--;
            return made;
        }

        private List<object> Array()
        {
            var made = new List<object>();
            Enter();
            if (!Took(']'))
            {
                do
                {
                    SkipSpace();
                    made.Add(Value());
                    SkipSpace();
                }
                while (Took(','));
                Take(']');
            }
            depth--;
            return made;
        }

        private void Enter()
        {
            if (++depth > MaxDepth)
            {
                throw Fault($"at most {MaxDepth} levels");
            }
            at++;
            SkipSpace();
        }

        private string Text()
        {
            Take('"');
            var from = at;
            StringBuilder made = null;
            while (true)
            {
                var one = Peek();
                if (one == '"')
                {
                    var rest = text.Substring(from, at - from);
                    at++;
                    return made == null ? rest : made.Append(rest).ToString();
                }
                if (one < ' ')
                {
                    throw Fault("no control character");
                }
                if (one == '\\')
                {
                    made = (made ?? new StringBuilder()).Append(text, from, at - from);
                    at++;
                    made.Append(Escaped());
                    from = at;
                }
                else
                {
                    at++;
                }
            }
        }

        private char Escaped()
        {
            var one = Peek();
            at++;
            switch (one)
            {
                case '"':
                case '\\':
                case '/': return one;
                case 'b': return '\b';
                case 'f': return '\f';
                case 'n': return '\n';
                case 'r': return '\r';
                case 't': return '\t';
                case 'u':
                    if (text.Length - at < 4
                        || !ushort.TryParse(text.Substring(at, 4), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var unit))
                    {
                        throw Fault("four hex digits");
                    }
                    at += 4;
                    return (char)unit;
                default: throw Fault("an escape");
            }
        }

        private object Number()
        {
            var from = at;
            var isWhole = true;
            Took('-');
            if (!Took('0'))
            {
                Digits();
            }
            if (Took('.'))
            {
                isWhole = false;
                Digits();
            }
            if (at < text.Length && (text[at] == 'e' || text[at] == 'E'))
            {
                isWhole = false;
                at++;
                if (!Took('+'))
                {
                    Took('-');
                }
                Digits();
            }
            var number = text.Substring(from, at - from);
            if (isWhole && long.TryParse(number, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var whole))
            {
                return whole;
            }
            // Too large a number is infinite on some runtimes, and an overflow on others.
            if (!double.TryParse(number, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) || double.IsInfinity(value))
            {
                throw Fault("a smaller number");
            }
            return value;
        }

        private void Digits()
        {
            var from = at;
            while (at < text.Length && text[at] >= '0' && text[at] <= '9')
            {
                at++;
            }
            if (at == from)
            {
                throw Fault("a value");
            }
        }

        private object Word(string word, object value)
        {
            if (string.CompareOrdinal(text, at, word, 0, word.Length) != 0)
            {
                throw Fault("a value");
            }
            at += word.Length;
            return value;
        }

        private void SkipSpace()
        {
            while (at < text.Length && (text[at] == ' ' || text[at] == '\n' || text[at] == '\r' || text[at] == '\t'))
            {
                at++;
            }
        }

        private char Peek()
        {
            return at < text.Length ? text[at] : throw Fault("more");
        }

        private bool Took(char one)
        {
            if (at < text.Length && text[at] == one)
            {
                at++;
                return true;
            }
            return false;
        }

        private void Take(char one)
        {
            if (!Took(one))
            {
                throw Fault($"'{one}'");
            }
        }

        private FormatException Fault(string expected)
        {
            return new FormatException($"not JSON: expected {expected} at character {at}");
        }
    }
}
