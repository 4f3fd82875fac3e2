using System;
using System.Collections.Concurrent;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Threading;
using System.Threading.Tasks;

namespace Nymi.Tests
{
    /// <summary>What the client does without an agent, and with wrong arguments.</summary>
    internal sealed class ClientTests
    {
        private const string Nowhere = "ws://127.0.0.1:1";
        private const string Band = "E2:4F:B1:9A:96:7A";

        [Test]
        public void The_library_is_the_one_that_the_tables_are_of()
        {
            Check.Equal(NymiAbi.Version, Native.AbiVersion());
            Check.True(NymiLibrary.Version.Split('.').Length == 3, NymiLibrary.Version);
        }

        [Test]
        public void The_assembly_needs_nothing_that_netstandard_has_not()
        {
            // These three, by the names that .NET Framework and Mono have and later ones forward.
            var needed = typeof(NymiClient).Assembly.GetReferencedAssemblies().Select(one => one.Name).OrderBy(name => name, StringComparer.Ordinal);
            Check.Same(new[] { "System", "System.Core", "mscorlib" }, needed);
        }

        [Test]
        public void A_library_that_is_missing_is_told_with_the_places_where_it_may_be()
        {
            using (var folder = new TemporaryFolder())
            {
                foreach (var name in new[] { "Nymi.dll", "TapToSign.exe" })
                {
                    File.Copy(Path.Combine(AppDomain.CurrentDomain.BaseDirectory, name), Path.Combine(folder.Path, name));
                }
                var printed = Programs.Run("mono", $"{Path.Combine(folder.Path, "TapToSign.exe")} file", "", out var code);
                Check.True(code != 0, "it fails");
                Check.True(printed.Contains("DllNotFoundException") && printed.Contains("LD_LIBRARY_PATH"), printed);
            }
        }

        [Test]
        public void An_application_domain_with_a_client_can_be_unloaded()
        {
            var other = AppDomain.CreateDomain("other", null, AppDomain.CurrentDomain.SetupInformation);
            other.DoCallBack(KeepOne);
            Check.Done(Task.Run(() => AppDomain.Unload(other)));
            Check.Done(InfoOfAnother());
        }

        [Test]
        public void Wrong_settings_are_refused()
        {
            Check.Throws<ArgumentNullException>(() => new NymiClient(null));
            foreach (var name in new[] { "", "short", "1Records", "Records Office", "Recördsé", new string('a', 19), new string('a', 2000000) })
            {
                var why = Check.Throws<NymiLibraryException>(() => new NymiClient(name));
                Check.Equal(NymiResult.BadArgument, why.Result, name.Length > 30 ? "long" : name);
            }
            foreach (var text in new[] { "Records\0", "Rec\ud800ords" })
            {
                Check.Throws<ArgumentException>(() => new NymiClient(text));
                Check.Throws<ArgumentException>(() => new NymiClient("Records", new NymiClientOptions { AgentUrl = text }));
                Check.Throws<ArgumentException>(() => new NymiClient("Records", new NymiClientOptions { StoreDirectory = text }));
                Check.Throws<ArgumentException>(() => new NymiClient("Records", new NymiClientOptions { LogDirectory = text }));
            }
            var noFolder = new NymiClientOptions { LogDirectory = "/nowhere/at/all" };
            Check.Equal(NymiResult.LogUnusable, Check.Throws<NymiLibraryException>(() => new NymiClient("Records", noFolder)).Result);
            foreach (var seconds in new[] { 0, -1, 120.001, double.MaxValue / 1e300 })
            {
                var options = new NymiClientOptions { Timeout = TimeSpan.FromSeconds(seconds) };
                Check.Throws<ArgumentOutOfRangeException>(() => new NymiClient("Records", options));
            }
        }

        [Test]
        public void A_log_is_written_where_it_is_wanted()
        {
            using (var folder = new TemporaryFolder())
            {
                Open(new NymiClientOptions { AgentUrl = Nowhere, LogDirectory = folder.Path, LogLevel = NapiLog.Verbose }).Dispose();
                Check.True(new FileInfo(Path.Combine(folder.Path, "nymi_api.log")).Length > 0, "nymi_api.log");
            }
        }

        [Test]
        public void Wrong_arguments_of_operations_are_refused_before_anything_is_sent()
        {
            using (var client = Open())
            {
                var missing = new Func<Task>[]
                {
                    () => client.RequestAsync(null), () => client.SubscribeAsync(null), () => client.UnsubscribeAsync(null),
                    () => client.LookupAsync(null), () => client.AssertIdentityAsync(null),
                    () => client.UserStatusAsync(null, "D"), () => client.UserStatusAsync("u", null),
                    () => client.NotifyAsync(null, Notification.Positive), () => client.RandomAsync(null, 1),
                    () => client.SignAsync(null, new byte[32]), () => client.SignAsync(Band, null),
                    () => client.SymmetricKeyAsync(null, KeyAction.Get), () => client.TotpAsync(null, KeyAction.Get),
                    () => client.FirmwareAsync(null), () => client.CancelAsync(null),
                };
                foreach (var call in missing)
                {
                    Check.Fails<ArgumentNullException>(call);
                }
                Check.Throws<ArgumentNullException>(() => client.Put(null));
                Check.Throws<ArgumentException>(() => client.Put("{}\0{}"));
                Check.Fails<ArgumentOutOfRangeException>(() => client.NotifyAsync(Band, Notification.Unknown));
                Check.Fails<ArgumentOutOfRangeException>(() => client.TotpAsync(Band, (KeyAction)99));
                Check.Fails<ArgumentOutOfRangeException>(() => client.InfoAsync(new NymiCall { Timeout = TimeSpan.Zero }));
                Check.Fails<ArgumentOutOfRangeException>(() => client.InfoAsync(new NymiCall { Timeout = TimeSpan.FromMinutes(3) }));
                Check.Fails<ArgumentException>(() => client.RequestAsync("info", new Dictionary<string, object> { { "a", new object() } }));
                Check.Fails<ArgumentException>(() => client.InfoAsync(new NymiCall { Exchange = "\udc00" }));
                // A text of any other kind is sent as it is.
                var answer = Check.Done(client.InfoAsync(new NymiCall { Exchange = "\0\"\\é\U0001F600" }));
                Check.Equal(NymiLibrary.Version, answer.Version);
            }
        }

        [Test]
        public void What_the_library_refuses_is_told()
        {
            using (var client = Open())
            {
                Check.Equal(NymiResult.BadArgument, Check.Throws<NymiLibraryException>(() => client.Put("not JSON")).Result);
                var why = Check.Throws<NymiLibraryException>(() => client.Put("\"" + new string('a', NymiAbi.MaxMessageBytes) + "\""));
                Check.Equal(NymiResult.BadArgument, why.Result);
                Check.True(why.Detail.Length > 0, "the detail names the argument");
                var large = new Dictionary<string, object> { { "a", new string('a', NymiAbi.MaxMessageBytes) } };
                Check.Fails<NymiLibraryException>(() => client.RequestAsync("info", large));
                Check.Equal(NymiStatus.NotInitialised, Check.Fails<NymiRequestException>(() => client.ListEndpointsAsync()).Status);
                Check.Done(client.InfoAsync());
            }
        }

        [Test]
        public void An_agent_that_is_away_is_told_as_an_event()
        {
            using (var client = Open())
            using (var heard = new BlockingEvent<FailureEvent>())
            {
                client.Failed += heard.Handle;
                var failure = (FailureEvent)Check.Done(client.WaitEventAsync(TimeSpan.FromSeconds(20)));
                Check.Equal(NymiStatus.AgentMissing, failure.Error.Status);
                Check.Equal(null, failure.Error.Exchange);
                Check.Equal(NymiStatus.AgentMissing, heard.Wait().Error.Status);
                Check.True(ReferenceEquals(client, heard.Sender), "the sender");
            }
        }

        [Test]
        public void The_first_handler_of_failures_hears_of_the_one_before_it_and_no_other_does()
        {
            using (var client = Open())
            using (var taps = new BlockingEvent<TapEvent>())
            using (var first = new BlockingEvent<FailureEvent>())
            using (var second = new BlockingEvent<FailureEvent>())
            {
                client.Tap += taps.Handle;
                Check.Done(client.WaitEventAsync(TimeSpan.FromSeconds(20)));
                client.Failed += first.Handle;
                Check.Equal(NymiStatus.AgentMissing, first.Wait().Error.Status);
                client.Failed -= first.Handle;
                client.Failed += second.Handle;
                Check.True(second.IsEmpty(), "it was told already");
            }
        }

        [Test]
        public void Nothing_in_time_is_a_timeout_and_a_token_a_cancellation()
        {
            using (var client = Open())
            using (var stop = new CancellationTokenSource())
            {
                Check.Fails<NymiTimeoutException>(() => client.WaitTapAsync(TimeSpan.FromMilliseconds(30)));
                Check.Equal(NymiResult.Timeout, (NymiResult)Check.Fails<NymiTimeoutException>(() => client.WaitTapAsync(TimeSpan.Zero)).Status);
                var waiting = client.WaitTapAsync(cancellationToken: stop.Token);
                stop.Cancel();
                Check.True(Check.Fails<OperationCanceledException>(() => waiting).CancellationToken == stop.Token, "whose token");
                Check.Fails<OperationCanceledException>(() => client.InfoAsync(cancellationToken: stop.Token));
            }
        }

        [Test]
        public void Who_waits_for_a_tap_hears_of_what_cannot_be_read()
        {
            const string Good = "'endpoint_id':'e','NymiBandID':'b','method':'nfc','intent_id':'i'";
            var broken = new Dictionary<string, string>
            {
                { "an event tap in which at", $"{{'operation':'tap','status':0,'payload':{{{Good},'at':'hunter2'}}}}" },
                { "an update tap in which payload", "{'operation':'tap','status':0,'payload':['hunter2']}" },
                { "told by the library", "{'operation':'error','status':9000,'error':{'error_specifics':'told by the library'}}" },
            };
            foreach (var one in broken)
            {
                using (var client = Open())
                {
                    var router = Parts(client).Router;
                    router.Deliver(NymiUpdate.Of(Json.Of("{'operation':'error','status':4000}")));
                    router.Deliver(NymiUpdate.Of(Json.Of(one.Value)));
                    router.Deliver(NymiUpdate.Of(Json.Of($"{{'operation':'tap','status':0,'payload':{{{Good},'at':'2026-11-22T01:09:02Z'}}}}")));
                    var why = Check.Fails<NymiInternalException>(() => client.WaitTapAsync(TimeSpan.FromSeconds(20)));
                    Check.True(why.Detail.Contains(one.Key) && !why.ToString().Contains("hunter2"), why.Detail);
                    Check.Equal("i", Check.Done(client.WaitTapAsync(TimeSpan.FromSeconds(20))).IntentId);
                }
            }
        }

        [Test]
        public void A_wait_is_a_time_that_timers_know_or_endless()
        {
            using (var client = Open())
            {
                var tooLong = TimeSpan.FromMilliseconds((double)int.MaxValue + 1);
                foreach (var wait in new[] { TimeSpan.MaxValue, TimeSpan.MinValue, tooLong, TimeSpan.FromTicks(-1), TimeSpan.FromSeconds(-1) })
                {
                    foreach (var start in new Func<Task>[] { () => client.WaitTapAsync(wait), () => client.WaitEventAsync(wait), () => client.WaitUpdateAsync(wait) })
                    {
                        Check.Equal("wait", Check.Fails<ArgumentOutOfRangeException>(start).ParamName, wait.ToString());
                    }
                }
            }
            foreach (var wait in new TimeSpan?[] { null, Timeout.InfiniteTimeSpan, TimeSpan.FromMilliseconds(int.MaxValue) })
            {
                var client = Open();
                var waiting = client.WaitTapAsync(wait);
                Check.True(!waiting.Wait(50), "it waits");
                client.Dispose();
                Check.Fails<NymiClosedException>(() => waiting);
            }
        }

        [Test]
        public void Windows_looks_for_the_library_in_no_folder_that_others_write_to()
        {
            var found = typeof(NymiClient).Assembly.GetCustomAttribute<DefaultDllImportSearchPathsAttribute>();
            Check.Equal(DllImportSearchPath.AssemblyDirectory | DllImportSearchPath.SafeDirectories, found?.Paths);
            // One of a method or class would count more.
            Check.True(typeof(Native).GetCustomAttribute<DefaultDllImportSearchPathsAttribute>() == null, "of the class");
            foreach (var method in typeof(Native).GetMethods(BindingFlags.Static | BindingFlags.NonPublic))
            {
                Check.True(method.GetCustomAttribute<DefaultDllImportSearchPathsAttribute>() == null, method.Name);
            }
        }

        [Test]
        public void Who_blocks_a_thread_with_a_context_gets_an_answer()
        {
            var before = SynchronizationContext.Current;
            // As the thread of a window, which runs nothing while it waits.
            SynchronizationContext.SetSynchronizationContext(new EventTests.Collecting());
            try
            {
                using (var client = Open())
                {
                    Check.Equal(NymiLibrary.Version, Check.Done(client.InfoAsync()).Version);
                    Check.Fails<NymiTimeoutException>(() => client.WaitTapAsync(TimeSpan.FromMilliseconds(30)));
                }
            }
            finally
            {
                SynchronizationContext.SetSynchronizationContext(before);
            }
        }

        [Test]
        public void A_call_that_is_cancelled_before_it_was_sent_is_not_sent()
        {
            using (var client = Open())
            {
                var call = new NymiCall { Exchange = "early" };
                Check.Equal(true, client.InfoAsync(call, new CancellationToken(true)).IsCanceled, "at once");
                // It would be in use, or its answer be waiting here.
                Check.Done(client.InfoAsync(call));
                client.Put("{\"operation\":\"info\",\"exchange\":\"mark\",\"payload\":{}}");
                var update = Check.Done(client.WaitUpdateAsync());
                while (update.Exchange == null)
                {
                    update = Check.Done(client.WaitUpdateAsync());
                }
                Check.Equal("mark", update.Exchange);
            }
        }

        [Test]
        public void A_client_that_was_disposed_of_refuses_everything()
        {
            var client = Open();
            client.Dispose();
            client.Dispose();
            Check.Equal(true, Handle(client).IsClosed, "the library's part is freed, and not when it is collected");
            Terminated();
            var calls = new Func<Task>[]
            {
                () => client.RequestAsync("info"), () => client.InitAsync(), () => client.InfoAsync(),
                () => client.ListEndpointsAsync(), () => client.SubscribeAsync("e"), () => client.UnsubscribeAsync("e"),
                () => client.LookupAsync(new LookupQuery()), () => client.AssertIdentityAsync(Band), () => client.UserStatusAsync("u",
                "D"), () => client.NotifyAsync(Band, Notification.Positive),
                () => client.RandomAsync(Band, 1), () => client.SignAsync(Band, new byte[32]),
                () => client.SymmetricKeyAsync(Band, KeyAction.Create), () => client.TotpAsync(Band, KeyAction.Get),
                () => client.FirmwareAsync(Band), () => client.CancelAsync("x"),
            };
            foreach (var call in calls)
            {
                Check.Fails<ObjectDisposedException>(call);
            }
            Check.Throws<ObjectDisposedException>(() => client.Put("{}"));
            // What was queued may be read still.
            Check.Fails<NymiClosedException>(async () =>
            {
                while (true)
                {
                    await client.WaitUpdateAsync();
                }
            });
            client.Tap += (sender, tap) => { };
        }

        [Test]
        public void Many_threads_may_dispose_and_call_at_once()
        {
            for (var round = 0; round < 20; round++)
            {
                var client = Open();
                var work = Enumerable.Range(0, 8).Select(number => Task.Run(async () =>
                {
                    try
                    {
                        if (number >= 6)
                        {
                            client.Dispose();
                        }
                        for (var times = 0; times < 50; times++)
                        {
                            await client.InfoAsync();
                        }
                    }
                    catch (Exception why) when (why is ObjectDisposedException || why is NymiClosedException)
                    {
                        // As it should be.
                    }
                })).ToArray();
                Check.Done(Task.WhenAll(work));
            }
        }

        [Test]
        public void A_client_that_nobody_has_any_more_ends_by_itself()
        {
            var forgotten = Forget();
            Check.Until(() => Collected(forgotten), "the clients were collected");
            Check.Until(() => Threads() <= forgotten.Threads + 2, "their threads ended");
        }

        [Test]
        public void A_client_with_handlers_or_a_call_in_flight_is_kept()
        {
            var heard = new BlockingEvent<FailureEvent>();
            var listening = Listen(heard);
            var waiting = Ask();
            for (var round = 0; round < 5; round++)
            {
                GC.Collect();
                GC.WaitForPendingFinalizers();
            }
            Check.Equal(NymiStatus.AgentMissing, heard.Wait().Error.Status);
            Check.True(listening.TryGetTarget(out var client), "it is still there");
            client.Failed -= heard.Handle;
            client.Dispose();
            Check.Fails<NymiTimeoutException>(() => waiting);
        }

        [Test]
        public void Clients_leave_nothing_behind()
        {
            Open().Dispose();
            var before = Threads();
            for (var round = 0; round < 100; round++)
            {
                using (var client = Open())
                {
                    Check.Done(client.InfoAsync());
                }
            }
            Check.Until(() => Threads() <= before + 4, "their threads ended");
        }

        /// <summary>What a call gets that was on its way to the library when the client was disposed of: the status of who waited.</summary>
        private static void Terminated()
        {
            // No thread reads and frees this one.
            using (var handle = ClientHandle.Start("RecordsCs", new NymiClientOptions { AgentUrl = Nowhere }))
            {
                handle.Terminate();
                var why = Check.Throws<NymiClosedException>(() => handle.Put("{}"));
                Check.Equal(NymiStatus.Terminated, why.Status);
                Check.Equal(NymiStatus.Terminated.Remedy(), why.Remedy);
            }
        }

        private static NymiClient Open(NymiClientOptions options = null)
        {
            return new NymiClient("RecordsCs", options ?? new NymiClientOptions { AgentUrl = Nowhere });
        }

        private static void KeepOne()
        {
            var client = Open();
            client.Failed += (sender, failure) => { };
            Check.Done(client.InfoAsync());
        }

        private static async Task InfoOfAnother()
        {
            using (var client = Open())
            {
                await client.InfoAsync();
            }
        }

        private const BindingFlags Hidden = BindingFlags.Instance | BindingFlags.NonPublic;

        private static Connection Parts(NymiClient client)
        {
            return (Connection)typeof(NymiClient).GetField("connection", Hidden).GetValue(client);
        }

        private static ClientHandle Handle(NymiClient client)
        {
            return (ClientHandle)typeof(Connection).GetField("handle", Hidden).GetValue(Parts(client));
        }

        private static int Threads()
        {
            return Directory.GetDirectories("/proc/self/task").Count(task => Named(task).StartsWith("nymi", StringComparison.Ordinal));
        }

        private static string Named(string task)
        {
            try
            {
                return File.ReadAllText(task + "/comm");
            }
            catch (IOException)
            {
                return "";
            }
        }

        // In methods of their own, and a thread of their own: a conservative collector finds what is left on a stack.
        private static Forgotten Forget()
        {
            var made = new Forgotten { Threads = Threads() };
            var thread = new Thread(() =>
            {
                for (var number = 0; number < 20; number++)
                {
                    made.Clients.Add(Opened());
                }
            });
            thread.Start();
            thread.Join();
            return made;
        }

        [MethodImpl(MethodImplOptions.NoInlining)]
        private static WeakReference<NymiClient> Opened()
        {
            return new WeakReference<NymiClient>(Open());
        }

        private static bool Collected(Forgotten forgotten)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
            // A stack of a thread of the pool may hold on to one.
            return forgotten.Clients.Count(one => one.TryGetTarget(out var _)) <= 2;
        }

        [MethodImpl(MethodImplOptions.NoInlining)]
        private static WeakReference<NymiClient> Listen(BlockingEvent<FailureEvent> heard)
        {
            var client = Open();
            client.Failed += heard.Handle;
            return new WeakReference<NymiClient>(client);
        }

        [MethodImpl(MethodImplOptions.NoInlining)]
        private static Task<TapEvent> Ask()
        {
            return Open().WaitTapAsync(TimeSpan.FromSeconds(1));
        }

        private sealed class Forgotten
        {
            internal int Threads { get; set; }

            internal List<WeakReference<NymiClient>> Clients { get; } = new List<WeakReference<NymiClient>>();
        }
    }

    /// <summary>A handler whose event a test waits for.</summary>
    internal sealed class BlockingEvent<T> : IDisposable
    {
        private readonly BlockingCollection<T> events = new BlockingCollection<T>();

        internal object Sender { get; private set; }

        public void Dispose()
        {
            events.CompleteAdding();
        }

        internal void Handle(object sender, T what)
        {
            Sender = sender;
            if (!events.IsAddingCompleted)
            {
                events.TryAdd(what);
            }
        }

        /// <summary>Whether none came, some time later.</summary>
        internal bool IsEmpty()
        {
            return !events.TryTake(out _, TimeSpan.FromMilliseconds(200));
        }

        internal T Wait()
        {
            Check.True(events.TryTake(out var what, TimeSpan.FromSeconds(20)), $"no {typeof(T).Name} came");
            return what;
        }
    }
}
