using System.Collections.Generic;
using System.Threading;
using System.Threading.Tasks;

namespace Nymi
{
    /// <summary>Updates that nobody took yet.</summary>
    internal sealed class Inbox
    {
        /// <summary>So many updates wait for the program; then the oldest is dropped.</summary>
        internal const int Capacity = 4096;

        private readonly object gate = new object();
        private readonly Queue<NymiUpdate> updates = new Queue<NymiUpdate>();
        private readonly LinkedList<TaskCompletionSource<NymiUpdate>> waiting = new LinkedList<TaskCompletionSource<NymiUpdate>>();
        private bool ended;

        internal void Add(NymiUpdate update)
        {
            lock (gate)
            {
                while (waiting.First is LinkedListNode<TaskCompletionSource<NymiUpdate>> first)
                {
                    waiting.RemoveFirst();
                    // One that was cancelled does not take it.
                    if (first.Value.TrySetResult(update))
                    {
                        return;
                    }
                }
                updates.Enqueue(update);
                if (updates.Count > Capacity)
                {
                    updates.Dequeue();
                }
            }
        }

        internal void End()
        {
            lock (gate)
            {
                ended = true;
                foreach (var one in waiting)
                {
                    one.TrySetResult(null);
                }
                waiting.Clear();
            }
        }

        /// <summary>The oldest update, also if the token is cancelled already; null once there is no more.</summary>
        internal async Task<NymiUpdate> TakeAsync(CancellationToken token)
        {
            LinkedListNode<TaskCompletionSource<NymiUpdate>> place;
            lock (gate)
            {
                if (updates.Count > 0)
                {
                    return updates.Dequeue();
                }
                if (ended)
                {
                    return null;
                }
                place = waiting.AddLast(new TaskCompletionSource<NymiUpdate>(TaskCreationOptions.RunContinuationsAsynchronously));
            }
            using (token.Register(() => Leave(place, token)))
            {
                return await place.Value.Task.ConfigureAwait(false);
            }
        }

        private void Leave(LinkedListNode<TaskCompletionSource<NymiUpdate>> place, CancellationToken token)
        {
            lock (gate)
            {
                if (place.Value.TrySetCanceled(token) && place.List != null)
                {
                    waiting.Remove(place);
                }
            }
        }
    }
}
