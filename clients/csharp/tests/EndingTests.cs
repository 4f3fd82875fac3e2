using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Threading;
using System.Threading.Tasks;

namespace Nymi.Tests
{
    /// <summary>How a program ends that has a client and does not dispose of it: this program, started with "end" and a way.</summary>
    internal sealed class EndingTests
    {
        // Much more than a program needs that ends.
        private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

        private static readonly List<NymiClient> Kept = new List<NymiClient>();

        [Test]
        public void A_program_that_returns_from_main_without_dispose_ends()
        {
            for (var round = 0; round < 5; round++)
            {
                Check.Equal(0, CodeOf("return", out var said), said);
            }
        }

        [Test]
        public void A_program_that_exits_without_dispose_ends_with_its_code()
        {
            for (var round = 0; round < 5; round++)
            {
                Check.Equal(3, CodeOf("exit", out var said), said);
            }
        }

        [Test]
        public void A_handler_that_throws_on_the_thread_pool_ends_the_program()
        {
            var code = CodeOf("throw", out var said);
            Check.True(code != 0 && said.Contains("thrown by a handler"), $"{code}: {said}");
        }

        [Test]
        public void A_handler_that_throws_in_a_context_that_catches_does_not_end_the_program()
        {
            Check.Equal(0, CodeOf("catch", out var said), said);
        }

        /// <summary>What such a program does; its client was never initialised.</summary>
        internal static int Run(string way)
        {
            var context = way == "catch" ? new Catching() : null;
            var client = new NymiClient("RecordsCs", new NymiClientOptions { AgentUrl = "ws://127.0.0.1:1", EventContext = context });
            Kept.Add(client);
            if (way == "throw" || way == "catch")
            {
                // That there is no agent is told at once.
                client.Failed += (sender, failure) => throw new InvalidOperationException("thrown by a handler");
                return context != null && context.Caught.Wait(Patience) ? 0 : Slept();
            }
            // The thread that reads waits in the library by then.
            Check.Done(client.InfoAsync());
            Thread.Sleep(50);
            if (way == "exit")
            {
                Environment.Exit(3);
            }
            return 0;
        }

        private static int Slept()
        {
            Thread.Sleep(Patience);
            return 4;
        }

        private static int CodeOf(string way, out string said)
        {
            var start = Programs.Start("mono", $"{typeof(EndingTests).Assembly.Location} end {way}");
            using (var process = Process.Start(start))
            {
                var printed = process.StandardOutput.ReadToEndAsync();
                var failures = process.StandardError.ReadToEndAsync();
                if (!process.WaitForExit((int)Patience.TotalMilliseconds))
                {
                    process.Kill();
                    throw new CheckFailed($"it did not end within {Patience.TotalSeconds} s");
                }
                said = printed.Result + failures.Result;
                return process.ExitCode;
            }
        }

        /// <summary>Runs everything on the thread pool and keeps what it throws.</summary>
        private sealed class Catching : SynchronizationContext
        {
            internal SemaphoreSlim Caught { get; } = new SemaphoreSlim(0);

            public override void Post(SendOrPostCallback run, object state)
            {
                Task.Run(() => run(state)).ContinueWith(task => task.Exception != null ? Caught.Release() : 0);
            }
        }
    }
}
