using System;
using System.Threading;
using System.Threading.Tasks;

namespace Nymi
{
    /// <summary>
    /// A client of the Nymi platform. It connects in the background, and again whenever the agent was away.
    /// </summary>
    /// <remarks>
    /// Every method may be called on any thread. A client has one background thread, "nymi", which reads; no code of the program runs on it.
    /// What awaits an operation continues as its own SynchronizationContext has it, handlers of events run on the thread pool or in
    /// <see cref="NymiClientOptions.EventContext"/>. A client that nobody can reach, waits in or has handlers in ends by itself;
    /// Dispose ends it in time.
    /// </remarks>
    public sealed partial class NymiClient : IDisposable
    {
        // What timers of .NET take.
        private static readonly TimeSpan LongestWait = TimeSpan.FromMilliseconds(int.MaxValue);

        private readonly string neaName;
        private readonly TimeSpan timeout;
        private readonly Connection connection;

        /// <summary>Starts a client. That the agent cannot be reached is told by <see cref="Failed"/>, not here.</summary>
        /// <param name="neaName">The application: a letter, then 5 to 17 letters, digits, '.', '_' or '-'.</param>
        /// <param name="options">How it is to be; null for what the machine has.</param>
        /// <exception cref="NymiLibraryException">The library refused: its Result says why.</exception>
        /// <exception cref="DllNotFoundException">The library is not found.</exception>
        public NymiClient(string neaName, NymiClientOptions options = null)
        {
            var used = options == null ? new NymiClientOptions() : options.Copy();
            this.neaName = Required(neaName, nameof(neaName));
            timeout = CheckedTimeout(used.Timeout);
            connection = new Connection(neaName, used);
        }

        /// <summary>Ends a client that the program forgot.</summary>
        ~NymiClient()
        {
            // A constructor that failed left nothing to end, nor does a process that ends.
            if (connection != null && !Environment.HasShutdownStarted)
            {
                connection.Terminate();
            }
        }

        /// <summary>A band was tapped at a terminal that is subscribed to.</summary>
        public event EventHandler<TapEvent> Tap
        {
            add { connection.Events.Add(this, value); }
            remove { connection.Events.Remove(value); }
        }

        /// <summary>A band came, went or changed its state.</summary>
        public event EventHandler<PresenceEvent> Presence
        {
            add { connection.Events.Add(this, value); }
            remove { connection.Events.Remove(value); }
        }

        /// <summary>A terminal's radio, reader or connection changed.</summary>
        public event EventHandler<EndpointEvent> Endpoint
        {
            add { connection.Events.Add(this, value); }
            remove { connection.Events.Remove(value); }
        }

        /// <summary>Something failed that no request caused; 4000 is the loss of the agent. The client goes on.</summary>
        public event EventHandler<FailureEvent> Failed
        {
            add { connection.Events.Add(this, value); }
            remove { connection.Events.Remove(value); }
        }

        /// <summary>
        /// Ends the client within a second, and everything that waits in it with a <see cref="NymiClosedException"/>. A handler that runs on
        /// another thread may go on. Again is harmless.
        /// </summary>
        public void Dispose()
        {
            GC.SuppressFinalize(this);
            connection.Close();
        }

        /// <summary>Sends a request as JSON, without waiting; <see cref="WaitUpdateAsync"/> gives what answers it.</summary>
        /// <exception cref="NymiLibraryException">It is not JSON, or longer than 1 MiB.</exception>
        public void Put(string request)
        {
            Required(request, nameof(request));
            CheckOpen();
            connection.Put(request);
        }

        /// <summary>
        /// The next update that answers no operation of this client: events, and answers to <see cref="Put"/>. 4096 of them wait; then the
        /// oldest is dropped.
        /// </summary>
        /// <param name="wait">How long, at most about 24 days; null and Timeout.InfiniteTimeSpan wait without end.</param>
        /// <param name="cancellationToken">Gives up waiting.</param>
        /// <exception cref="ArgumentOutOfRangeException">The time is negative or too long.</exception>
        /// <exception cref="NymiTimeoutException">None came in time.</exception>
        /// <exception cref="NymiClosedException">The client was disposed of, and nothing is left to read.</exception>
        public Task<NymiUpdate> WaitUpdateAsync(TimeSpan? wait = null, CancellationToken cancellationToken = default(CancellationToken))
        {
            return WaitAsync(update => update, wait, cancellationToken);
        }

        /// <summary>The next event of any kind, a failure included; see <see cref="WaitUpdateAsync"/>. Drops answers to <see cref="Put"/>.</summary>
        /// <param name="wait">How long, as there.</param>
        /// <param name="cancellationToken">Gives up waiting.</param>
        public Task<NymiEvent> WaitEventAsync(TimeSpan? wait = null, CancellationToken cancellationToken = default(CancellationToken))
        {
            return WaitAsync(update => update.Event, wait, cancellationToken);
        }

        /// <summary>The next tap; see <see cref="WaitUpdateAsync"/>. Drops everything else that came before it.</summary>
        /// <param name="wait">How long, as there.</param>
        /// <param name="cancellationToken">Gives up waiting.</param>
        /// <exception cref="NymiInternalException">An update could not be read, which may have been the tap; its Detail names it.</exception>
        public Task<TapEvent> WaitTapAsync(TimeSpan? wait = null, CancellationToken cancellationToken = default(CancellationToken))
        {
            return WaitAsync(TapOf, wait, cancellationToken);
        }

        /// <summary>The tap that an update is. Who waits for one that cannot be read would wait in vain.</summary>
        private static TapEvent TapOf(NymiUpdate update)
        {
            return update.Event is FailureEvent failure && failure.Error is NymiInternalException ? throw failure.Error : update.Event as TapEvent;
        }

        private async Task<T> WaitAsync<T>(Func<NymiUpdate, T> pick, TimeSpan? wait, CancellationToken cancellationToken)
            where T : class
        {
            using (var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken))
            {
                limit.CancelAfter(CheckedWait(wait));
                try
                {
                    var update = await connection.Inbox.TakeAsync(limit.Token).ConfigureAwait(false);
                    while (update != null)
                    {
                        var found = pick(update);
                        if (found != null)
                        {
                            return found;
                        }
                        update = await connection.Inbox.TakeAsync(limit.Token).ConfigureAwait(false);
                    }
                }
                catch (OperationCanceledException)
                {
                    cancellationToken.ThrowIfCancellationRequested();
                    throw NymiException.Of((uint)NymiResult.Timeout, $"Nothing came within {wait.GetValueOrDefault().TotalSeconds:0.###} s.", null);
                }
            }
            throw NymiException.Of((uint)NymiStatus.Terminated, null, null);
        }

        private void CheckOpen()
        {
            if (connection.IsClosed)
            {
                throw new ObjectDisposedException(nameof(NymiClient));
            }
        }

        private static TimeSpan CheckedTimeout(TimeSpan timeout)
        {
            var most = TimeSpan.FromMilliseconds(NymiAbi.MaxDeadlineMs);
            return timeout > TimeSpan.Zero && timeout <= most
                ? timeout
                : throw new ArgumentOutOfRangeException(nameof(timeout), timeout, $"has to be more than 0 and at most {most.TotalSeconds} s");
        }

        private static TimeSpan CheckedWait(TimeSpan? wait)
        {
            if (wait == null || wait == Timeout.InfiniteTimeSpan)
            {
                return Timeout.InfiniteTimeSpan;
            }
            return wait >= TimeSpan.Zero && wait <= LongestWait
                ? wait.Value
                : throw new ArgumentOutOfRangeException(nameof(wait), wait, "has to be 0 to 2^31 - 1 ms (24.8 days), or null or Timeout.InfiniteTimeSpan for no end");
        }

        private static T Required<T>(T value, string name)
            where T : class
        {
            return value ?? throw new ArgumentNullException(name);
        }
    }
}
