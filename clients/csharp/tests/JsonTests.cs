using System;
using System.Collections.Generic;
using System.Linq;

namespace Nymi.Tests
{
    internal sealed class JsonTests
    {
        [Test]
        public void Every_kind_of_value_is_read()
        {
            const string Values = "'whole':-12,'part':0.5e1,'yes':true,'no':false,'none':null,'list':[1,[],{}],'object':{'a':{}}";
            var read = Json.Object(Json.Of(@" { 'text' : 'a\'\\\/\b\f\n\r\t\u00e9\ud83d\ude00' , " + Values + " } "));
            Check.Equal("a\"\\/\b\f\n\r\té\U0001F600", read["text"]);
            Check.Equal(-12L, read["whole"]);
            Check.Equal(5.0, read["part"]);
            Check.Equal(true, read["yes"]);
            Check.Equal(false, read["no"]);
            Check.Equal(null, read["none"]);
            Check.Equal(3, ((List<object>)read["list"]).Count);
            Check.Equal(1, ((Dictionary<string, object>)read["object"]).Count);
            Check.Equal(2L, Json.Object("{\"a\":1,\"a\":2}")["a"], "the last of two");
            Check.Equal(long.MaxValue, JsonReader.Read("9223372036854775807"));
            Check.Equal(9223372036854775808.0, JsonReader.Read("9223372036854775808"));
        }

        [Test]
        public void What_is_not_JSON_is_refused_without_being_repeated()
        {
            var texts = new[]
            {
                "", " ", "secret", "{", "}", "[", "[1", "[1,]", "[,1]", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{a:1}", "{'a':1}", "\"a",
                "\"\\x\"", "\"\\u12\"",
                "\"\\u+123\"", "\"\\u 123\"", "\"\n\"", "01", "-", "+1", ".5", "1.", "1e", "1e+", "0x1", "1e999", "NaN", "Infinity",
                "tru", "nulll", "TRUE", "1 2", "{}{}", "\u00a01", "\ufeff{}", "[1]x", "\0",
            };
            foreach (var text in texts)
            {
                var why = Check.Throws<FormatException>(() => JsonReader.Read(text));
                Check.True(!why.Message.Contains("secret"), why.Message);
            }
        }

        [Test]
        public void Depth_is_bounded()
        {
            JsonReader.Read(new string('[', JsonReader.MaxDepth) + new string(']', JsonReader.MaxDepth));
            const int TooDeep = JsonReader.MaxDepth + 1;
            Check.Throws<FormatException>(() => JsonReader.Read(new string('[', TooDeep) + new string(']', TooDeep)));
            Check.Throws<FormatException>(() => JsonReader.Read(new string('[', 1000000)));
            var itself = new List<object>();
            itself.Add(itself);
            Check.Throws<ArgumentException>(() => JsonWriter.Write(itself));
        }

        [Test]
        public void What_is_written_is_read_again()
        {
            var random = new Random(1);
            for (var round = 0; round < 500; round++)
            {
                var text = JsonWriter.Write(Any(random, 4));
                Check.Equal(text, JsonWriter.Write(JsonReader.Read(text)));
            }
        }

        [Test]
        public void Damaged_texts_end_the_reader_with_nothing_but_a_FormatException()
        {
            var random = new Random(2);
            for (var round = 0; round < 3000; round++)
            {
                var text = JsonWriter.Write(Any(random, 4)).ToCharArray();
                for (var times = random.Next(1, 4); times > 0; times--)
                {
                    text[random.Next(text.Length)] = "{}[]\",:\\u0e-t\n\0"[random.Next(15)];
                }
                try
                {
                    JsonReader.Read(new string(text, 0, random.Next(text.Length + 1)));
                }
                catch (FormatException)
                {
                    // As it should be.
                }
            }
        }

        [Test]
        public void What_JSON_cannot_say_is_not_written()
        {
            var nested = new Dictionary<string, object> { { "a", Guid.Empty } };
            foreach (var value in new[] { new object(), double.NaN, float.PositiveInfinity, DateTime.Now, 'c', new IntPtr(1), nested })
            {
                Check.Throws<ArgumentException>(() => JsonWriter.Write(value));
            }
            var values = new object[] { 1, 2UL, 3.5m, (sbyte)-4, "\0\"é", new Dictionary<string, object> { { "a", null } } };
            Check.Equal("[1,2,3.5,-4,\"\\u0000\\\"é\",{\"a\":null}]", JsonWriter.Write(values));
        }

        private static object Any(Random random, int depth)
        {
            switch (random.Next(depth > 0 ? 8 : 6))
            {
                case 0: return null;
                case 1: return random.Next(2) == 0;
                case 2: return (long)random.Next() - random.Next();
                case 3: return random.NextDouble() * 1e9;
                case 4:
                case 5: return new string(Enumerable.Range(0, random.Next(8)).Select(_ => "a\"\\\n\té\u2028/{"[random.Next(9)]).ToArray());
                case 6: return Enumerable.Range(0, random.Next(4)).Select(_ => Any(random, depth - 1)).ToList();
                default: return Enumerable.Range(0, random.Next(4)).ToDictionary(one => "k" + one, _ => Any(random, depth - 1));
            }
        }
    }
}
