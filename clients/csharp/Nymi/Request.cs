using System.Collections.Generic;

namespace Nymi
{
    /// <summary>A request as the library takes it.</summary>
    internal static class Request
    {
        internal static string Text(string operation, string exchange, IReadOnlyDictionary<string, object> payload)
        {
            return JsonWriter.Write(
                new Dictionary<string, object> { { "operation", operation }, { "exchange", exchange }, { "payload", payload } });
        }
    }
}
