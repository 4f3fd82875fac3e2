using System;
using System.Collections.Generic;
using System.Linq;
using System.Text.RegularExpressions;

namespace Nymi.Tests
{
    /// <summary>JSON of the tests, read by the client's own reader, and the patterns of clients/scenarios/README.md.</summary>
    internal static class Json
    {
        /// <summary>JSON with ' for ", which reads better here.</summary>
        internal static string Of(string text)
        {
            return text.Replace('\'', '"');
        }

        internal static Dictionary<string, object> Object(string text)
        {
            return (Dictionary<string, object>)JsonReader.Read(text);
        }

        /// <summary>What of a value is not as the pattern says; null if nothing.</summary>
        internal static string Difference(object pattern, object value, string at = "payload")
        {
            var shown = $"{at}: expected {JsonWriter.Write(pattern)}, found {JsonWriter.Write(value)}";
            if (pattern is List<object> wanted)
            {
                return value is List<object> found && found.Count == wanted.Count
                    ? wanted.Zip(found, (one, other) => Difference(one, other, at)).FirstOrDefault(fault => fault != null)
                    : shown;
            }
            if (!(pattern is Dictionary<string, object> fields))
            {
                return Equals(pattern, value) ? null : shown;
            }
            if (fields.Keys.FirstOrDefault(key => key[0] == '$') is string name)
            {
                return Matches(name, fields[name], value) ? null : shown;
            }
            return value is Dictionary<string, object> present
                ? fields.Select(one => FieldDifference(one.Key, one.Value, present, at)).FirstOrDefault(fault => fault != null)
                : shown;
        }

        private static string FieldDifference(string key, object pattern, Dictionary<string, object> present, string at)
        {
            var isThere = present.TryGetValue(key, out var value);
            if (pattern is Dictionary<string, object> fields && fields.ContainsKey("$absent"))
            {
                return isThere ? $"{at}.{key} is there" : null;
            }
            return isThere ? Difference(pattern, value, $"{at}.{key}") : $"{at}.{key} is missing";
        }

        private static bool Matches(string name, object wanted, object value)
        {
            var list = value as List<object>;
            switch (name)
            {
                case "$type": return IsOfType((string)wanted, value);
                case "$match": return value is string text && Regex.IsMatch(text, (string)wanted);
                case "$length": return list != null && list.Count == (long)wanted;
                case "$contains": return list != null && list.Any(one => Difference(wanted, one) == null);
                default: throw new ArgumentException(name);
            }
        }

        private static bool IsOfType(string type, object value)
        {
            switch (type)
            {
                case "string": return value is string;
                case "boolean": return value is bool;
                case "object": return value is Dictionary<string, object>;
                case "array": return value is List<object>;
                case "number": return value is long || value is double;
                default: throw new ArgumentException(type);
            }
        }
    }
}
