using System;
using System.Collections.Generic;
using System.Threading;

namespace Nymi
{
    /// <summary>
    /// Runs the handlers of events, one after the other, on the thread pool or where the program wants them; never on the thread that reads,
    /// so that a handler may wait for an operation.
    /// </summary>
    internal sealed class EventPump
    {
        private readonly object gate = new object();
        private readonly Queue<NymiEvent> queue = new Queue<NymiEvent>();
        private readonly Dictionary<Type, Delegate> handlers = new Dictionary<Type, Delegate>();
        private readonly SynchronizationContext context;
        private NymiClient client;
        /// <summary>The last failure before there was a handler of failures: the agent may be missing sooner than a program can add one.</summary>
        private FailureEvent unheard;
        private bool failuresAreHeard;
        private bool isRunning;
        private bool ended;

        internal EventPump(SynchronizationContext context)
        {
            this.context = context;
        }

        /// <summary>Adds a handler. While there are any, the client is not collected. The first one of failures hears of the last before it.</summary>
        internal void Add<T>(NymiClient sender, EventHandler<T> handler)
        {
            FailureEvent missed = null;
            lock (gate)
            {
                handlers.TryGetValue(typeof(T), out var present);
                Set(typeof(T), Delegate.Combine(present, handler), sender);
                if (handlers.ContainsKey(typeof(FailureEvent)))
                {
                    missed = unheard;
                    unheard = null;
                    failuresAreHeard = true;
                }
            }
            Raise(missed);
        }

        /// <summary>Removes a handler.</summary>
        internal void Remove<T>(EventHandler<T> handler)
        {
            lock (gate)
            {
                handlers.TryGetValue(typeof(T), out var present);
                Set(typeof(T), Delegate.Remove(present, handler), client);
            }
        }

        private void Set(Type type, Delegate handler, NymiClient sender)
        {
            if (handler == null)
            {
                handlers.Remove(type);
            }
            else
            {
                handlers[type] = handler;
            }
            client = handlers.Count == 0 || ended ? null : sender;
        }

        /// <summary>Has the handlers of an event run. The oldest is dropped if too many wait for handlers that do not return.</summary>
        internal void Raise(NymiEvent what)
        {
            lock (gate)
            {
                if (ended || what == null)
                {
                    return;
                }
                if (!handlers.ContainsKey(what.GetType()))
                {
                    unheard = failuresAreHeard ? null : what as FailureEvent ?? unheard;
                    return;
                }
                queue.Enqueue(what);
                if (queue.Count > Inbox.Capacity)
                {
                    queue.Dequeue();
                }
                if (isRunning)
                {
                    return;
                }
                isRunning = true;
            }
            Schedule();
        }

        /// <summary>No handler starts any more.</summary>
        internal void End()
        {
            lock (gate)
            {
                ended = true;
                queue.Clear();
                unheard = null;
                client = null;
            }
        }

        private void Schedule()
        {
            if (context == null)
            {
                ThreadPool.QueueUserWorkItem(Work);
                return;
            }
            try
            {
                context.Post(Work, null);
            }
            catch (Exception)
            {
                // The window is gone, for instance: what waits is lost, and the next event tries again.
                lock (gate)
                {
                    queue.Clear();
                    isRunning = false;
                }
            }
        }

        /// <summary>What is posted: one event at a time where the program wants it, so that a window stays usable; else all that wait.</summary>
        private void Work(object state)
        {
            var isDone = false;
            try
            {
                do
                {
                    isDone = !RunOne();
                }
                while (!isDone && context == null);
            }
            finally
            {
                // Also if a handler threw, as any work of that thread may: the next event still comes.
                if (!isDone)
                {
                    Schedule();
                }
            }
        }

        /// <summary>Runs the handlers of one event; whether there was one.</summary>
        private bool RunOne()
        {
            NymiEvent what;
            NymiClient sender;
            Delegate handler;
            lock (gate)
            {
                if (queue.Count == 0)
                {
                    isRunning = false;
                    return false;
                }
                what = queue.Dequeue();
                sender = client;
                handlers.TryGetValue(what.GetType(), out handler);
            }
            Call(handler, sender, what);
            return true;
        }

        private static void Call(Delegate handler, NymiClient sender, NymiEvent what)
        {
            (handler as EventHandler<TapEvent>)?.Invoke(sender, what as TapEvent);
            (handler as EventHandler<PresenceEvent>)?.Invoke(sender, what as PresenceEvent);
            (handler as EventHandler<EndpointEvent>)?.Invoke(sender, what as EndpointEvent);
            (handler as EventHandler<FailureEvent>)?.Invoke(sender, what as FailureEvent);
        }
    }
}
