using System;
using System.Collections;
using System.Collections.Generic;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;

namespace Nymi.Tests
{
    /// <summary>A client, and what it was told and no step took yet.</summary>
    internal sealed class Player : IDisposable
    {
        private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

        private readonly NymiClient client;
        private readonly Thread reader;
        private readonly List<Dictionary<string, object>> updates = new List<Dictionary<string, object>>();

        internal Player(string name, string agent, string store)
        {
            client = new NymiClient(name, new NymiClientOptions { AgentUrl = agent, StoreDirectory = store });
            reader = new Thread(Read);
            reader.Start();
        }

        public void Dispose()
        {
            client.Dispose();
            reader.Join();
        }

        internal void Put(string text)
        {
            try
            {
                client.Put(text);
            }
            catch (NymiException why)
            {
                throw new CheckFailed(why.Message);
            }
        }

        /// <summary>The answer to a request, made by the client's own functions.</summary>
        internal Task<Dictionary<string, object>> Start(Dictionary<string, object> call)
        {
            return Task.Run(() =>
            {
                try
                {
                    var payload = Calls.Answer(client, (string)call["operation"], (Dictionary<string, object>)call["payload"]);
                    return Update(0, payload, new Dictionary<string, object>());
                }
                catch (NymiException why)
                {
                    var error = new Dictionary<string, object> { { "error_specifics", why.Detail } };
                    return Update((long)why.Status, new Dictionary<string, object>(), error);
                }
            });
        }

        internal bool Has(Func<Dictionary<string, object>, bool> fits)
        {
            lock (updates)
            {
                return updates.Any(fits);
            }
        }

        /// <summary>The oldest update that fits, taken out.</summary>
        internal Dictionary<string, object> Take(Func<Dictionary<string, object>, bool> fits, string what)
        {
            var until = DateTime.UtcNow + Patience;
            lock (updates)
            {
                while (true)
                {
                    var index = updates.FindIndex(one => fits(one));
                    if (index >= 0)
                    {
                        var found = updates[index];
                        updates.RemoveAt(index);
                        return found;
                    }
                    var left = until - DateTime.UtcNow;
                    if (left <= TimeSpan.Zero || !Monitor.Wait(updates, left))
                    {
                        throw new CheckFailed($"{what} did not come; there was {JsonWriter.Write(updates)}");
                    }
                }
            }
        }

        private static Dictionary<string, object> Update(long status, object payload, object error)
        {
            return new Dictionary<string, object> { { "status", status }, { "payload", payload }, { "error", error } };
        }

        private void Read()
        {
            try
            {
                while (true)
                {
                    var update = client.WaitUpdateAsync().GetAwaiter().GetResult();
                    // Of an event what programs are given, so that a field that is read wrongly is noticed.
                    var isTyped = update.Event != null && !(update.Event is FailureEvent);
                    var made = Update((long)update.Status, isTyped ? Message.Of(update.Event) : Plain(update.Payload), Plain(update.Error));
                    made["operation"] = update.Operation;
                    made["exchange"] = update.Exchange;
                    lock (updates)
                    {
                        updates.Add(made);
                        Monitor.PulseAll(updates);
                    }
                }
            }
            catch (NymiClosedException)
            {
                // The end of the scenario.
            }
        }

        private static object Plain(IReadOnlyDictionary<string, object> fields)
        {
            return fields.ToDictionary(one => one.Key, one => one.Value);
        }
    }

    /// <summary>What the client made of a message, as the message says it. A field without value is absent.</summary>
    internal static class Message
    {
        internal static object Of(object value)
        {
            if (value is string || value is bool || value is long)
            {
                return value;
            }
            if (value is int number)
            {
                return (long)number;
            }
            if (value is byte[] bytes)
            {
                return Hex.Write(bytes);
            }
            if (value is DateTimeOffset time)
            {
                return time.ToUniversalTime().ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'");
            }
            if (value is Enum)
            {
                return Word(value);
            }
            if (value is Dictionary<string, object> fields)
            {
                return fields.ToDictionary(one => one.Key, one => Of(one.Value));
            }
            if (value is IEnumerable list)
            {
                return list.Cast<object>().Select(Of).ToList();
            }
            return value.GetType().GetProperties()
                .Select(one => new KeyValuePair<string, object>(Name(value.GetType(), one.Name), one.GetValue(value)))
                .Where(one => one.Value != null)
                .ToDictionary(one => one.Key, one => Of(one.Value));
        }

        /// <summary>The name that a property has in messages: that of the constant of NymiField, which for a column may have another name.</summary>
        private static string Name(Type type, string property)
        {
            var column = typeof(NymiField).GetField(property + "Column");
            var isColumn = column != null && (type == typeof(LookupRow) || type == typeof(AssertIdentityAnswer));
            return (string)(isColumn ? column : typeof(NymiField).GetField(property)).GetRawConstantValue();
        }

        private static string Word(object value)
        {
            var flags = System.Reflection.BindingFlags.Static | System.Reflection.BindingFlags.NonPublic;
            var words = (string[])typeof(Words).GetField(value.GetType().Name, flags).GetValue(null);
            return words[(int)value];
        }
    }
}
