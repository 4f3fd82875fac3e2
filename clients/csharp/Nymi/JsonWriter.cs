using System;
using System.Collections;
using System.Collections.Generic;
using System.Globalization;
using System.Text;

namespace Nymi
{
    /// <summary>Writes JSON on one line.</summary>
    internal static class JsonWriter
    {
        /// <summary>
        /// A value as JSON: null, texts, bool, whole numbers, float and double, decimal, dictionaries with texts as keys, and sequences.
        /// </summary>
        /// <exception cref="ArgumentException">It is or has a value of another kind, one that is not a number, or itself in it.</exception>
        internal static string Write(object value)
        {
            var made = new StringBuilder();
            Add(made, value, 0);
            return made.ToString();
        }

        private static void Add(StringBuilder made, object value, int depth)
        {
            if (depth > JsonReader.MaxDepth)
            {
                throw new ArgumentException($"more than {JsonReader.MaxDepth} levels in a request");
            }
            if (value == null)
            {
                made.Append("null");
            }
            else if (value is string text)
            {
                AddText(made, text);
            }
            else if (value is bool flag)
            {
                made.Append(flag ? "true" : "false");
            }
            else if (value is IEnumerable<KeyValuePair<string, object>> fields)
            {
                AddObject(made, fields, depth);
            }
            else if (value is IEnumerable list)
            {
                AddList(made, list, depth);
            }
            else if (value is double || value is float)
            {
                var number = Convert.ToDouble(value, CultureInfo.InvariantCulture);
                if (double.IsNaN(number) || double.IsInfinity(number))
                {
                    throw new ArgumentException("a request with what is not a number");
                }
                made.Append(number.ToString("R", CultureInfo.InvariantCulture));
            }
            else if (value is decimal || value.GetType().IsPrimitive && !(value is char || value is IntPtr || value is UIntPtr))
            {
                made.Append(((IFormattable)value).ToString(null, CultureInfo.InvariantCulture));
            }
            else
            {
                throw new ArgumentException($"a request with a {value.GetType()}, which is no value of JSON");
            }
        }

        private static void AddObject(StringBuilder made, IEnumerable<KeyValuePair<string, object>> fields, int depth)
        {
            var before = '{';
            foreach (var field in fields)
            {
                made.Append(before);
                AddText(made, field.Key);
                made.Append(':');
                Add(made, field.Value, depth + 1);
                before = ',';
            }
            made.Append(before == '{' ? "{}" : "}");
        }

        private static void AddList(StringBuilder made, IEnumerable list, int depth)
        {
            var before = '[';
            foreach (var one in list)
            {
                made.Append(before);
                Add(made, one, depth + 1);
                before = ',';
            }
            made.Append(before == '[' ? "[]" : "]");
        }

        private static void AddText(StringBuilder made, string text)
        {
            made.Append('"');
            foreach (var one in text)
            {
                if (one == '"' || one == '\\')
                {
                    made.Append('\\').Append(one);
                }
                else if (one < ' ')
                {
                    made.Append("\\u").Append(((int)one).ToString("x4", CultureInfo.InvariantCulture));
                }
                else
                {
                    made.Append(one);
                }
            }
            made.Append('"');
        }
    }
}
