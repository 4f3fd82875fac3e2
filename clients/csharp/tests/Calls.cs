using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading.Tasks;

namespace Nymi.Tests
{
    /// <summary>Requests of scenarios, made with the function that the client has for them.</summary>
    internal static class Calls
    {
        /// <summary>The answer as a message.</summary>
        internal static Dictionary<string, object> Answer(NymiClient client, string operation, Dictionary<string, object> payload)
        {
            var task = Typed(client, operation, new Taking(payload));
            if (task == null)
            {
                // What no function of the client would send, such as a request without a field that it needs.
                var raw = client.RequestAsync(operation, payload).GetAwaiter().GetResult();
                return raw.ToDictionary(one => one.Key, one => one.Value);
            }
            return (Dictionary<string, object>)Message.Of(task.GetAwaiter().GetResult());
        }

        /// <summary>The call of the function for a request, or null if there is none.</summary>
        private static Task<object> Typed(NymiClient client, string operation, Taking from)
        {
            var how = from.Call();
            switch (operation)
            {
                case NymiOperation.Init:
                    var init = new InitOptions
                    {
                        NeaName = from.Needed("nea_name"),
                        NesUrl = from.Text("nes_url"),
                        Token = from.Text("token"),
                        Username = from.Text("username"),
                        Password = from.Text("password"),
                        AgentUrl = from.Text("agent_url"),
                        Grade = (Grade?)from.Word("grade", Words.Grade),
                        L1 = from.Text("l1"),
                    };
                    return from.Then(() => client.InitAsync(init, how), one => one);
                case NymiOperation.Info:
                    return from.Then(() => client.InfoAsync(how), one => one);
                case NymiOperation.ListEndpoints:
                    return from.Then(() => client.ListEndpointsAsync(how), one => Field("endpoints", one));
                case NymiOperation.SubscribeEndpoint:
                    var endpoint = from.Needed("endpoint_id");
                    return from.Then(() => client.SubscribeAsync(endpoint, how), one => Field("endpoint_id", one));
                case NymiOperation.UnsubscribeEndpoint:
                    var left = from.Needed("endpoint_id");
                    return from.Then(() => client.UnsubscribeAsync(left, how), one => Field("endpoint_id", one));
                case NymiOperation.Lookup:
                    return Lookup(client, from, how);
                case NymiOperation.AssertIdentity:
                    var asked = from.Word("assert_type", Words.AssertType) == (int)AssertType.AssertUser;
                    var asserted = from.Needed("device");
                    var options = new AssertOptions
                    {
                        IntentId = from.Text("intent_id"),
                        DocumentSha256 = from.Bytes("document_sha256"),
                        Meaning = from.Text("meaning"),
                        Audience = from.Text("audience"),
                        Nonce = from.Text("nonce"),
                    };
                    return asked ? from.Then(() => client.AssertIdentityAsync(asserted, options, how), one => one) : null;
                case NymiOperation.UserStatus:
                    var username = from.Needed("Username");
                    var domain = from.Needed("Domain");
                    return from.Then(() => client.UserStatusAsync(username, domain, how), one => one);
                case NymiOperation.Cancel:
                    var exchange = from.Needed("exchange");
                    return from.Then(() => Nothing(client.CancelAsync(exchange)), one => one);
                default:
                    return OfBand(client, operation, from, how);
            }
        }

        private static Task<object> OfBand(NymiClient client, string operation, Taking from, NymiCall how)
        {
            if (!from.Has("device"))
            {
                return null;
            }
            var band = from.Needed("device");
            switch (operation)
            {
                case NymiOperation.Notify:
                    var notification = (Notification?)from.Word("notification", Words.Notification);
                    return notification == null ? null : from.Then(() => Nothing(client.NotifyAsync(band, notification.Value, how)), one => one);
                case NymiOperation.Random:
                    var length = from.Number("length");
                    return length == null ? null : from.Then(() => client.RandomAsync(band, length.Value, how), one => Field("random", one));
                case NymiOperation.Sign:
                    var hash = from.Bytes("hash");
                    return hash == null ? null : from.Then(() => client.SignAsync(band, hash, how), one => one);
                case NymiOperation.SymmetricKey:
                    var keyId = from.Text("key_id");
                    var action = (KeyAction?)from.Word("action", Words.KeyAction);
                    return action == null ? null : from.Then(() => client.SymmetricKeyAsync(band, action.Value, keyId, how), one => one);
                case NymiOperation.Totp:
                    var totp = (KeyAction?)from.Word("action", Words.KeyAction);
                    return totp == null ? null : from.Then(() => client.TotpAsync(band, totp.Value, how), one => one);
                case NymiOperation.Firmware:
                    return from.Then(() => client.FirmwareAsync(band, how), one => one);
                default:
                    return null;
            }
        }

        private static Task<object> Lookup(NymiClient client, Taking from, NymiCall how)
        {
            var asked = from.Object("query");
            var columns = from.WordList("lookup_keys", Words.LookupColumn);
            if (asked == null || columns == null)
            {
                return null;
            }
            var query = new LookupQuery
            {
                Username = asked.Text("Username"),
                Domain = asked.Text("Domain"),
                NymiBandId = asked.Text("NymiBandID"),
                NfcUid = asked.Text("NfcUID"),
                SerialNumber = asked.Text("SerialNumber"),
            };
            return asked.IsEmpty
                ? from.Then(
                    () => client.LookupAsync(query, columns.Cast<LookupColumn>(), how),
                    rows => rows.Count == 1 ? (object)rows[0] : Field("matches", rows))
                : null;
        }

        /// <summary>An object of a message with one field.</summary>
        private static object Field(string name, object value)
        {
            return new Dictionary<string, object> { { name, value } };
        }

        private static async Task<object> Nothing(Task task)
        {
            await task;
            return new Dictionary<string, object>();
        }
    }

    /// <summary>Takes the fields of a request one by one, and says whether functions can express it.</summary>
    internal sealed class Taking
    {
        private readonly Dictionary<string, object> left;
        private bool isBeyond;

        internal Taking(Dictionary<string, object> payload)
        {
            left = new Dictionary<string, object>(payload);
        }

        internal bool IsEmpty => left.Count == 0 && !isBeyond;

        internal bool Has(string name)
        {
            return left.ContainsKey(name);
        }

        internal NymiCall Call()
        {
            var limit = Number("deadline_ms");
            isBeyond |= limit <= 0 || limit > NymiAbi.MaxDeadlineMs;
            return limit == null ? null : new NymiCall { Timeout = TimeSpan.FromMilliseconds(limit.Value) };
        }

        internal string Text(string name)
        {
            return Take<string>(name);
        }

        internal string Needed(string name)
        {
            isBeyond |= !left.ContainsKey(name);
            return Text(name);
        }

        internal int? Number(string name)
        {
            var value = Take<object>(name);
            isBeyond |= value != null && !(value is long);
            return value is long number ? (int)number : (int?)null;
        }

        internal byte[] Bytes(string name)
        {
            var hex = Text(name);
            var bytes = hex == null ? null : Hex.Read(hex);
            isBeyond |= hex != null && bytes == null;
            return bytes;
        }

        internal int? Word(string name, string[] words)
        {
            var word = Text(name);
            var index = word == null ? -1 : Array.IndexOf(words, word);
            isBeyond |= word != null && index < 0;
            return index < 0 ? (int?)null : index;
        }

        internal int[] WordList(string name, string[] words)
        {
            var list = Take<List<object>>(name)?.ConvertAll(one => one is string word ? Array.IndexOf(words, word) : -1);
            isBeyond |= list == null || list.Contains(-1);
            return list?.ToArray();
        }

        internal Taking Object(string name)
        {
            var fields = Take<Dictionary<string, object>>(name);
            return fields == null ? null : new Taking(fields);
        }

        /// <summary>Makes the call if nothing is left that the function does not take.</summary>
        internal Task<object> Then<T>(Func<Task<T>> call, Func<T, object> message)
        {
            return IsEmpty ? Made(call, message) : null;
        }

        private static async Task<object> Made<T>(Func<Task<T>> call, Func<T, object> message)
        {
            return message(await call());
        }

        private T Take<T>(string name)
            where T : class
        {
            if (!left.TryGetValue(name, out var value))
            {
                return null;
            }
            left.Remove(name);
            isBeyond |= !(value is T);
            return value as T;
        }
    }
}
