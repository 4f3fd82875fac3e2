using System;
using System.Collections.Generic;

namespace Nymi
{
    /// <summary>A message of the library, as it came.</summary>
    public sealed class NymiUpdate
    {
        private static readonly Dictionary<string, object> Nothing = new Dictionary<string, object>();

        private NymiUpdate(
            string operation, string exchange, uint status, IReadOnlyDictionary<string, object> payload, IReadOnlyDictionary<string, object> error)
        {
            Operation = operation;
            Exchange = exchange;
            Status = (NymiStatus)status;
            Payload = payload;
            Error = error;
            Event = exchange == null ? EventOf() : null;
        }

        /// <summary>The operation or the event.</summary>
        public string Operation { get; }

        /// <summary>That of the request; null for events.</summary>
        public string Exchange { get; }

        /// <summary>Success, or what went wrong.</summary>
        public NymiStatus Status { get; }

        /// <summary>
        /// The answer, or what happened: texts, bool, long, double, null, lists (IReadOnlyList of object) and objects such as this one. May
        /// hold keys and passwords.
        /// </summary>
        public IReadOnlyDictionary<string, object> Payload { get; }

        /// <summary>What went wrong; empty for success.</summary>
        public IReadOnlyDictionary<string, object> Error { get; }

        /// <summary>The event, if it is one that this version knows; else null.</summary>
        public NymiEvent Event { get; }

        /// <summary>Whether no other update follows for the same request.</summary>
        public bool IsLast => !(Payload.TryGetValue("completed", out var completed) && completed is bool flag && !flag);

        /// <summary>
        /// Reads what the library gives. What cannot be read is a failure with status 9000: of the request that it answers, if it says which, so
        /// that nobody waits in vain; else one that no request caused.
        /// </summary>
        internal static NymiUpdate Of(string text)
        {
            string operation = null;
            string exchange = null;
            try
            {
                var fields = JsonReader.Read(text) as Dictionary<string, object> ?? throw new FormatException("the update is no object");
                var update = new Payload(fields);
                operation = fields.TryGetValue("operation", out var named) ? named as string : null;
                exchange = update.OptionalText("exchange");
                var status = fields.TryGetValue("status", out var value) && value is long number && number >= 0 && number <= uint.MaxValue
                    ? (uint)number
                    : throw new FormatException("status is not a number");
                return new NymiUpdate(update.Text("operation"), exchange, status, ObjectOf(fields, "payload"), ObjectOf(fields, "error"));
            }
            catch (FormatException why)
            {
                return Unreadable($"an update{(operation == null ? "" : " " + operation)} in which {why.Message}", exchange);
            }
        }

        /// <summary>What those get who wait for an answer that will not come.</summary>
        internal static NymiUpdate Closed(string exchange)
        {
            return new NymiUpdate("", exchange, (uint)NymiStatus.Terminated, Nothing, Nothing);
        }

        /// <summary>A failure of the library, which no request caused unless it says which.</summary>
        internal static NymiUpdate Unreadable(string detail, string exchange = null)
        {
            var error = new Dictionary<string, object> { { "error_specifics", detail } };
            return new NymiUpdate(NymiEventName.Error, exchange, (uint)NymiStatus.Internal, Nothing, error);
        }

        /// <summary>The answer.</summary>
        /// <exception cref="NymiException">It tells a failure, or cannot be read.</exception>
        internal T Answer<T>(string operation, Func<Payload, T> read)
        {
            if (Status != NymiStatus.Success)
            {
                throw Failure(operation);
            }
            try
            {
                return read(new Payload(Payload));
            }
            catch (FormatException why)
            {
                throw NymiException.Of((uint)NymiStatus.Internal, null, $"an answer in which {why.Message}", operation, Exchange);
            }
        }

        private NymiException Failure(string operation)
        {
            var nsl = Error.TryGetValue("nsl", out var value) && value is long number && number <= int.MaxValue ? (int)number : 0;
            return NymiException.Of((uint)Status, Said("error_description"), Said("error_specifics"), operation, Exchange, nsl);
        }

        private string Said(string name)
        {
            return Error.TryGetValue(name, out var value) ? value as string : null;
        }

        private NymiEvent EventOf()
        {
            var payload = new Payload(Payload);
            try
            {
                switch (Operation)
                {
                    case NymiEventName.Tap: return new TapEvent(payload);
                    case NymiEventName.Presence: return new PresenceEvent(payload);
                    case NymiEventName.Endpoint: return new EndpointEvent(payload);
                    case NymiEventName.Error: return new FailureEvent(Failure(null));
                    default: return null;
                }
            }
            catch (FormatException why)
            {
                return new FailureEvent(NymiException.Of((uint)NymiStatus.Internal, null, $"an event {Operation} in which {why.Message}"));
            }
        }

        private static IReadOnlyDictionary<string, object> ObjectOf(Dictionary<string, object> fields, string name)
        {
            if (!fields.TryGetValue(name, out var value) || value == null)
            {
                return Nothing;
            }
            return value as Dictionary<string, object> ?? throw new FormatException($"{name} is no object");
        }
    }

    /// <summary>Something that happened without being asked for: a TapEvent, PresenceEvent, EndpointEvent or FailureEvent.</summary>
    public abstract class NymiEvent
    {
        internal NymiEvent()
        {
        }
    }

    /// <summary>Something failed that no request caused, such as that the agent went away.</summary>
    public sealed class FailureEvent : NymiEvent
    {
        internal FailureEvent(NymiException error)
        {
            Error = error;
        }

        /// <summary>What failed.</summary>
        public NymiException Error { get; }
    }
}
