using System;
using System.Collections.Generic;
using System.Globalization;

namespace Nymi
{
    /// <summary>Takes fields out of the JSON object of a message. What is missing or of another kind is a FormatException.</summary>
    internal struct Payload
    {
        private readonly IReadOnlyDictionary<string, object> fields;

        internal Payload(IReadOnlyDictionary<string, object> fields)
        {
            this.fields = fields;
        }

        internal IReadOnlyDictionary<string, object> All => fields;

        internal bool Has(string name)
        {
            return fields.ContainsKey(name);
        }

        internal string Text(string name)
        {
            return Needed(OptionalText(name), name);
        }

        internal string OptionalText(string name)
        {
            return Optional(name) is object value ? value as string ?? throw Fault(name, "a text") : null;
        }

        internal bool Flag(string name)
        {
            return OptionalFlag(name) ?? throw Fault(name, "there");
        }

        internal bool? OptionalFlag(string name)
        {
            return Optional(name) is object value ? value as bool? ?? throw Fault(name, "true or false") : (bool?)null;
        }

        internal int? OptionalNumber(string name)
        {
            if (!(Optional(name) is object value))
            {
                return null;
            }
            return value is long number && number >= int.MinValue && number <= int.MaxValue ? (int)number : throw Fault(name, "a whole number");
        }

        internal DateTimeOffset Time(string name)
        {
            // RFC 3339 in UTC, whatever the number of digits behind the second.
            const DateTimeStyles Utc = DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal;
            const string Form = "yyyy-MM-dd'T'HH:mm:ss.FFFFFFF'Z'";
            return DateTimeOffset.TryParseExact(Text(name), Form, CultureInfo.InvariantCulture, Utc, out var time) ? time : throw Fault(name, "a time");
        }

        internal byte[] Bytes(string name)
        {
            return Needed(OptionalBytes(name), name);
        }

        internal byte[] OptionalBytes(string name)
        {
            return OptionalText(name) is string hex ? Hex.Read(hex) ?? throw Fault(name, "hex") : null;
        }

        /// <summary>The number of a word; 0 for one that this version does not know.</summary>
        internal int Word(string name, string[] words)
        {
            return OptionalWord(name, words) ?? throw Fault(name, "there");
        }

        internal int? OptionalWord(string name, string[] words)
        {
            return OptionalText(name) is string word ? Math.Max(0, Array.IndexOf(words, word)) : (int?)null;
        }

        internal T OptionalObject<T>(string name, Func<Payload, T> read)
            where T : class
        {
            return Optional(name) is object value ? read(Object(name, value)) : null;
        }

        internal IReadOnlyList<string> Texts(string name)
        {
            return Each(name, one => one as string ?? throw Fault(name, "texts"));
        }

        internal IReadOnlyList<T> List<T>(string name, Func<Payload, T> read)
        {
            return Each(name, one => read(Object(name, one)));
        }

        private IReadOnlyList<T> Each<T>(string name, Func<object, T> read)
        {
            var list = Optional(name) as List<object> ?? throw Fault(name, "a list");
            return list.ConvertAll(one => read(one)).AsReadOnly();
        }

        private object Optional(string name)
        {
            return fields.TryGetValue(name, out var value) ? value : null;
        }

        private static Payload Object(string name, object value)
        {
            return new Payload(value as Dictionary<string, object> ?? throw Fault(name, "an object"));
        }

        private static T Needed<T>(T value, string name)
            where T : class
        {
            return value ?? throw Fault(name, "there");
        }

        private static FormatException Fault(string name, string expected)
        {
            return new FormatException($"{name} is not {expected}");
        }
    }

    /// <summary>The fields of a request; what is null is left out.</summary>
    internal sealed class Fields : Dictionary<string, object>
    {
        internal void Add(string name, string value)
        {
            AddAny(name, value);
        }

        internal void Add(string name, byte[] value)
        {
            AddAny(name, value == null ? null : Hex.Write(value));
        }

        internal void Add(string name, int? value, string[] words)
        {
            AddAny(name, value is int number ? Word(number, words) : null);
        }

        /// <summary>The word of an enum's value.</summary>
        internal static string Word(int value, string[] words)
        {
            return value > 0 && value < words.Length
                ? words[value]
                : throw new ArgumentOutOfRangeException(nameof(value), value, "there is no word for it in messages");
        }

        private void AddAny(string name, object value)
        {
            if (value != null)
            {
                base.Add(name, value);
            }
        }
    }

    /// <summary>Bytes in lower-case hex.</summary>
    internal static class Hex
    {
        internal static string Write(byte[] bytes)
        {
            const string Digits = "0123456789abcdef";
            var made = new char[bytes.Length * 2];
            for (var index = 0; index < bytes.Length; index++)
            {
                made[2 * index] = Digits[bytes[index] >> 4];
                made[2 * index + 1] = Digits[bytes[index] & 15];
            }
            return new string(made);
        }

        /// <summary>The bytes; null if it is not hex.</summary>
        internal static byte[] Read(string hex)
        {
            if (hex.Length % 2 != 0)
            {
                return null;
            }
            var made = new byte[hex.Length / 2];
            for (var index = 0; index < hex.Length; index++)
            {
                var digit = "0123456789abcdef".IndexOf(char.ToLowerInvariant(hex[index]));
                if (digit < 0)
                {
                    return null;
                }
                made[index / 2] = (byte)(made[index / 2] << 4 | digit);
            }
            return made;
        }
    }
}
