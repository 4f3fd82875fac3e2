using System;
using System.Threading;
using System.Threading.Tasks;

namespace Nymi
{
    /// <summary>
    /// A client's parts without the client, and the thread that reads its updates. The thread knows these alone, so that a client that the
    /// program forgot can be collected, and ends them.
    /// </summary>
    internal sealed class Connection
    {
        private readonly ClientHandle handle;
        private readonly Thread reader;
        private readonly EventHandler leave;
        private volatile bool isClosed;

        internal Connection(string neaName, NymiClientOptions options)
        {
            Inbox = new Inbox();
            Events = new EventPump(options.EventContext);
            Router = new Router(Arrived);
            handle = ClientHandle.Start(neaName, options);
            reader = new Thread(Read) { IsBackground = true, Name = "nymi" };
            // A thread that waits in the library would keep an application domain of .NET Framework from being unloaded, and Mono from ending.
            leave = (sender, what) => Terminate();
            try
            {
                AppDomain.CurrentDomain.DomainUnload += leave;
                AppDomain.CurrentDomain.ProcessExit += leave;
                reader.Start();
            }
            catch
            {
                Unhook();
                handle.Dispose();
                throw;
            }
        }

        internal Inbox Inbox { get; }

        internal EventPump Events { get; }

        internal Router Router { get; }

        /// <summary>Whether <see cref="Terminate"/> was called.</summary>
        internal bool IsClosed => isClosed;

        /// <summary>Sends a request as JSON.</summary>
        internal void Put(string request)
        {
            handle.Put(request);
        }

        /// <summary>Ends the client within a second; its thread frees what is left.</summary>
        internal void Terminate()
        {
            isClosed = true;
            try
            {
                handle.Terminate();
            }
            catch (ObjectDisposedException)
            {
                // The thread has freed it.
            }
        }

        /// <summary>Ends the client, and returns when nothing of it is left. Again is harmless.</summary>
        internal void Close()
        {
            Terminate();
            // A context that runs handlers at once runs them on this thread.
            if (Thread.CurrentThread != reader)
            {
                reader.Join();
            }
        }

        /// <summary>Sends a request and waits for its answer, at most as long as given; who gives up has the agent give it up, too.</summary>
        internal async Task<NymiUpdate> AskAsync(
            string operation, string exchange, string request, TimeSpan patience, CancellationToken token)
        {
            var answer = Router.Expect(exchange);
            try
            {
                Put(request);
            }
            catch
            {
                Router.Forget(exchange);
                throw;
            }
            using (var late = new CancellationTokenSource(patience))
            using (late.Token.Register(() => GiveUp(exchange, answer.TrySetException(Late(operation, exchange, patience)))))
            using (token.Register(() => GiveUp(exchange, answer.TrySetCanceled(token))))
            {
                return await answer.Task.ConfigureAwait(false);
            }
        }

        private static NymiException Late(string operation, string exchange, TimeSpan patience)
        {
            return NymiException.Of((uint)NymiStatus.TimeoutNes, null, $"No answer within {patience.TotalSeconds:0.#} s.", operation, exchange);
        }

        private void GiveUp(string exchange, bool isFirst)
        {
            if (!isFirst || !Router.IsWaiting(exchange))
            {
                return;
            }
            // Nobody waits for the answer to this one.
            var name = Router.Name();
            Router.Expect(name);
            try
            {
                Put(Request.Text(NymiOperation.Cancel, name, new Fields { { NymiField.Exchange, exchange } }));
            }
            catch (Exception why) when (why is NymiException || why is ObjectDisposedException)
            {
                // The client is closed, or more waits in it than may: the deadline ends the operation then.
                Router.Forget(name);
            }
        }

        private void Unhook()
        {
            AppDomain.CurrentDomain.DomainUnload -= leave;
            AppDomain.CurrentDomain.ProcessExit -= leave;
        }

        private void Arrived(NymiUpdate update)
        {
            Inbox.Add(update);
            Events.Raise(update.Event);
        }

        private void Read()
        {
            try
            {
                while (handle.Get() is string text)
                {
                    Router.Deliver(NymiUpdate.Of(text));
                }
            }
            catch (NymiException why)
            {
                // No memory, or a fault of the library: nothing more can be read.
                Arrived(NymiUpdate.Unreadable(why.Message));
            }
            finally
            {
                isClosed = true;
                Unhook();
                handle.Dispose();
                Router.End();
                Inbox.End();
                Events.End();
            }
        }
    }
}
