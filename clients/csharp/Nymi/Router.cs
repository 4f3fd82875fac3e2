using System;
using System.Collections.Generic;
using System.Threading.Tasks;

namespace Nymi
{
    /// <summary>Gives each answer to who waits for it, and everything else to others.</summary>
    internal sealed class Router
    {
        private readonly object gate = new object();
        private readonly Dictionary<string, TaskCompletionSource<NymiUpdate>> waiting =
            new Dictionary<string, TaskCompletionSource<NymiUpdate>>(StringComparer.Ordinal);
        private readonly Action<NymiUpdate> others;
        private long count;

        internal Router(Action<NymiUpdate> others)
        {
            this.others = others;
        }

        /// <summary>A new name for a request.</summary>
        internal string Name()
        {
            lock (gate)
            {
                return $"nymi-csharp-{++count}";
            }
        }

        /// <summary>From now on the answer to an exchange goes to the task; what waits for it does not run on the reader's thread.</summary>
        /// <exception cref="NymiRequestException">1005, that name is in use.</exception>
        internal TaskCompletionSource<NymiUpdate> Expect(string exchange)
        {
            var answer = new TaskCompletionSource<NymiUpdate>(TaskCreationOptions.RunContinuationsAsynchronously);
            lock (gate)
            {
                if (waiting.ContainsKey(exchange))
                {
                    throw NymiException.Of((uint)NymiStatus.DuplicateExchange, null, exchange, exchange: exchange);
                }
                waiting.Add(exchange, answer);
            }
            return answer;
        }

        /// <summary>Whether the answer to an exchange is still to come.</summary>
        internal bool IsWaiting(string exchange)
        {
            lock (gate)
            {
                return waiting.ContainsKey(exchange);
            }
        }

        /// <summary>No answer will come: the request was not sent.</summary>
        internal void Forget(string exchange)
        {
            lock (gate)
            {
                waiting.Remove(exchange);
            }
        }

        /// <summary>Passes an update on.</summary>
        internal void Deliver(NymiUpdate update)
        {
            TaskCompletionSource<NymiUpdate> answer = null;
            lock (gate)
            {
                if (update.Exchange != null && waiting.TryGetValue(update.Exchange, out answer))
                {
                    if (!update.IsLast)
                    {
                        return;
                    }
                    waiting.Remove(update.Exchange);
                }
            }
            if (answer == null)
            {
                others(update);
            }
            else
            {
                // Who gave up waiting has completed the task already.
                answer.TrySetResult(update);
            }
        }

        /// <summary>After the last update: whoever still waits is told that the client was closed.</summary>
        internal void End()
        {
            KeyValuePair<string, TaskCompletionSource<NymiUpdate>>[] left;
            lock (gate)
            {
                left = new KeyValuePair<string, TaskCompletionSource<NymiUpdate>>[waiting.Count];
                ((ICollection<KeyValuePair<string, TaskCompletionSource<NymiUpdate>>>)waiting).CopyTo(left, 0);
                waiting.Clear();
            }
            foreach (var one in left)
            {
                one.Value.TrySetResult(NymiUpdate.Closed(one.Key));
            }
        }
    }
}
