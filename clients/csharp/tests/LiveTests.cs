using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.IO;
using System.Linq;
using System.Security.Cryptography;
using System.Text;
using System.Threading;
using System.Threading.Tasks;

namespace Nymi.Tests
{
    /// <summary>Against a live system, which NYMI_READY names.</summary>
    internal sealed class LiveTests
    {
        private static readonly TimeSpan Soon = TimeSpan.FromSeconds(20);

        [Test]
        public void A_tap_signs_a_document()
        {
            var digest = Sha256(Encoding.UTF8.GetBytes("record"));
            using (var live = new Live())
            using (var heard = new BlockingEvent<TapEvent>())
            {
                live.Client.Tap += heard.Handle;
                Live.Tap(0);
                var tap = Check.Done(live.Client.WaitTapAsync(Soon));
                Check.Equal(Live.Band(0), tap.NymiBandId);
                Check.Equal(TapMethod.Nfc, tap.Method);
                Check.Equal(tap.IntentId, heard.Wait().IntentId, "the event");
                var options = new AssertOptions { IntentId = tap.IntentId, DocumentSha256 = digest, Meaning = "approved" };
                var signed = Check.Done(live.Client.AssertIdentityAsync(tap.NymiBandId, options));
                Check.Equal(Live.User(0)["Username"], signed.Username);
                Check.True(Claims(signed.Assertion).Contains(Hex.Write(digest)), "the digest is signed");
                Check.True((DateTimeOffset.UtcNow - signed.VerifiedAt).Duration() < TimeSpan.FromMinutes(1), "the time");
            }
        }

        [Test]
        public void A_failure_has_class_status_detail_operation_and_exchange()
        {
            using (var live = new Live())
            {
                var call = new NymiCall { Exchange = "mine" };
                var why = Check.Fails<NymiBandException>(() => live.Client.AssertIdentityAsync("C0:00:00:00:00:01", null, call));
                Check.Equal(NymiStatus.BandNotPresent, why.Status);
                Check.Equal(NymiOperation.AssertIdentity, why.Operation);
                Check.Equal("mine", why.Exchange);
                Check.True(why.Detail.Length > 0 && why.Message.Contains(why.Detail), why.Message);
                Check.Fails<NymiNotFoundException>(() => live.Client.LookupAsync(new LookupQuery { Username = "nobody" }));
            }
        }

        [Test]
        public void An_application_without_certificate_is_told_the_number_of_the_error()
        {
            using (var store = new TemporaryFolder())
            using (var client = new NymiClient("RecordsCs", new NymiClientOptions { AgentUrl = Live.Text("agent"), StoreDirectory = store.Path }))
            {
                var init = new InitOptions { Grade = Grade.Bronze, L1 = Live.Text("l1") };
                var why = Check.Fails<NymiCertificateException>(() => client.InitAsync(init));
                Check.Equal(NymiStatus.Certificates, why.Status);
                Check.True(why.Nsl > 0, "nsl");
            }
        }

        [Test]
        public void Lookup_gives_rows()
        {
            using (var live = new Live())
            {
                var row = Check.Done(live.Client.LookupAsync(new LookupQuery { NymiBandId = Live.Band(0) })).Single();
                Check.Equal(Live.User(0)["Username"], row.Username);
                Check.Equal(true, row.IsActive);
                var query = new LookupQuery { Domain = (string)Live.User(0)["Domain"] };
                var rows = Check.Done(live.Client.LookupAsync(query, new[] { LookupColumn.Username }));
                Check.Equal(((List<object>)Live.Ready["users"]).Count, rows.Count);
                Check.Equal(null, rows[0].NymiBandId, "was not asked for");
            }
        }

        [Test]
        public void A_token_that_is_cancelled_ends_the_operation_at_the_agent()
        {
            using (var live = new Live())
            using (new Muted(1))
            using (var stop = new CancellationTokenSource())
            {
                var slow = new NymiCall { Exchange = "slow" };
                var asking = live.Client.FirmwareAsync(Live.Band(1), slow, stop.Token);
                Check.Done(live.Client.InfoAsync());
                Check.Equal(false, asking.IsCompleted, "it waits for the band");
                stop.Cancel();
                Check.Fails<TaskCanceledException>(() => asking);
                // The name is free again once the agent has ended it; in 15 s it would have ended by itself.
                var began = Stopwatch.StartNew();
                while (!Succeeds(live.Client.InfoAsync(slow)))
                {
                    Check.True(began.Elapsed < TimeSpan.FromSeconds(8), "the agent did not end it");
                }
            }
        }

        [Test]
        public void A_token_that_is_cancelled_at_any_moment_leaves_the_client_as_it_was()
        {
            using (var live = new Live())
            {
                var random = new Random(3);
                var outcomes = new int[2];
                for (var round = 0; round < 200; round++)
                {
                    using (var stop = new CancellationTokenSource())
                    {
                        var asking = live.Client.LookupAsync(new LookupQuery { NymiBandId = Live.Band(0) }, null, null, stop.Token);
                        Thread.SpinWait(random.Next(400000));
                        stop.Cancel();
                        Check.True(((IAsyncResult)asking).AsyncWaitHandle.WaitOne(Soon), "it ended");
                        outcomes[asking.IsCanceled ? 0 : 1]++;
                    }
                }
                Check.Done(live.Client.LookupAsync(new LookupQuery { NymiBandId = Live.Band(0) }));
                // Answers to what was given up, and to the cancelling, are nobody's updates.
                live.Client.Put("{\"operation\":\"info\",\"exchange\":\"mark\",\"payload\":{}}");
                var update = Check.Done(live.Client.WaitUpdateAsync(Soon));
                while (update.Exchange != "mark")
                {
                    Check.Equal(null, update.Exchange, $"cancelled {outcomes[0]}, answered {outcomes[1]}");
                    update = Check.Done(live.Client.WaitUpdateAsync(Soon));
                }
            }
        }

        [Test]
        public void Another_thread_cancels_a_call_by_its_name()
        {
            using (var live = new Live())
            using (new Muted(1))
            {
                var asking = live.Client.FirmwareAsync(Live.Band(1), new NymiCall { Exchange = "slow" });
                var duplicate = Check.Fails<NymiRequestException>(() => live.Client.InfoAsync(new NymiCall { Exchange = "slow" }));
                Check.Equal(NymiStatus.DuplicateExchange, duplicate.Status);
                Check.Done(live.Client.CancelAsync("slow"));
                Check.Equal(NymiStatus.Cancelled, Check.Fails<NymiCancelledException>(() => asking).Status);
                Check.Equal(NymiStatus.InvalidField, Check.Fails<NymiRequestException>(() => live.Client.CancelAsync("slow")).Status);
            }
        }

        [Test]
        public void An_operation_ends_in_time()
        {
            using (var live = new Live())
            using (new Muted(1))
            {
                var began = Stopwatch.StartNew();
                var call = new NymiCall { Timeout = TimeSpan.FromMilliseconds(500) };
                var why = Check.Fails<NymiTimeoutException>(() => live.Client.FirmwareAsync(Live.Band(1), call));
                Check.Equal(NymiStatus.TimeoutBand, why.Status);
                Check.True(began.Elapsed < TimeSpan.FromSeconds(5), $"after {began.Elapsed}");
            }
        }

        [Test]
        public void Dispose_ends_what_waits()
        {
            using (var live = new Live())
            using (new Muted(1))
            {
                var waiting = new Task[] { live.Client.FirmwareAsync(Live.Band(1)), live.Client.WaitTapAsync() };
                Check.Done(live.Client.InfoAsync());
                live.Client.Dispose();
                foreach (var one in waiting)
                {
                    Check.Fails<NymiClosedException>(() => one);
                }
            }
        }

        [Test]
        public void Many_threads_ask_at_once()
        {
            using (var live = new Live())
            {
                var names = Enumerable.Range(0, 8).Select(number => Task.Run(async () =>
                {
                    var found = new List<string>();
                    for (var times = 0; times < 10; times++)
                    {
                        var query = new LookupQuery { NymiBandId = Live.Band(number % 2) };
                        var rows = await live.Client.LookupAsync(query, new[] { LookupColumn.Username });
                        found.Add(rows[0].Username);
                    }
                    return found;
                })).ToArray();
                for (var number = 0; number < names.Length; number++)
                {
                    Check.Same(Enumerable.Repeat((string)Live.User(number % 2)["Username"], 10), Check.Done(names[number]));
                }
            }
        }

        [Test]
        public void A_handler_may_wait_for_an_operation_and_dispose_of_the_client()
        {
            using (var live = new Live())
            using (var signed = new BlockingEvent<AssertIdentityAnswer>())
            {
                live.Client.Tap += (sender, tap) =>
                {
                    var client = (NymiClient)sender;
                    signed.Handle(client, client.AssertIdentityAsync(tap.NymiBandId, new AssertOptions { IntentId = tap.IntentId }).Result);
                    client.Dispose();
                };
                Live.Tap(1);
                Check.Equal(Live.User(1)["Username"], signed.Wait().Username);
                Check.Until(() => live.Client.InfoAsync().IsFaulted, "it was disposed of");
            }
        }

        [Test]
        public void Events_come_where_the_program_wants_them()
        {
            var context = new EventTests.Collecting();
            using (var live = new Live(context))
            {
                var thread = 0;
                live.Client.Presence += (sender, what) => thread = Thread.CurrentThread.ManagedThreadId;
                live.Client.Endpoint += (sender, what) => { };
                Check.Done(live.Client.UnsubscribeAsync("127.0.0.1"));
                Check.Done(live.Client.SubscribeAsync("127.0.0.1"));
                Check.Until(
                    () =>
                    {
                        Check.Equal(0, context.RunAll().Count, "nothing is thrown");
                        return thread != 0;
                    },
                    "a presence came");
                Check.Equal(Thread.CurrentThread.ManagedThreadId, thread);
            }
        }

        [Test]
        public void A_program_may_end_without_disposing_of_anything()
        {
            // Its client still runs when this process ends, which the script sees by the exit code.
            var live = new Live();
            Check.Done(live.Client.InfoAsync());
            GC.SuppressFinalize(live.Client);
            Forgotten.Add(live.Client);
        }

        [Test]
        public void The_example_signs_and_what_it_shows_is_true()
        {
            using (var folder = new TemporaryFolder())
            {
                var file = Path.Combine(folder.Path, "record.txt");
                File.WriteAllText(file, "content");
                var shown = Example("TapToSign", file, out var code);
                Check.Equal(0, code, shown);
                Check.True(shown.Contains($@"{Live.User(0)["Domain"]}\{Live.User(0)["Username"]} approved it at "), shown);
                var verified = Programs.Run(
                    Environment.GetEnvironmentVariable("NYMI_BIN"),
                    $"assertion verify --l1 {Live.Text("l1")} --grade bronze --document {file} -",
                    File.ReadAllText(file + ".jws"),
                    out var status);
                Check.Equal(0, status, verified);
                Check.True(verified.Contains((string)Live.User(0)["Username"]), verified);
                File.WriteAllText(file, "other content");
                Programs.Run(
                    Environment.GetEnvironmentVariable("NYMI_BIN"),
                    $"assertion verify --l1 {Live.Text("l1")} --grade bronze --document {file} -",
                    File.ReadAllText(file + ".jws"),
                    out var refused);
                Check.True(refused != 0, "another document is not signed");
            }
        }

        [Test]
        public void The_example_that_listens_says_who_tapped()
        {
            var shown = Example("WhoTapped", "", out var code, ends: "tapped");
            Check.Equal(0, code, shown);
            Check.True(shown.Contains($@"{Live.User(0)["Domain"]}\{Live.User(0)["Username"]} tapped (Nfc)."), shown);
        }

        [Test]
        public void The_examples_show_why_they_failed()
        {
            foreach (var name in new[] { "TapToSign", "WhoTapped" })
            {
                var shown = Example(name, "file", out var code, "wrong");
                Check.Equal(1, code, shown);
                Check.True(shown.Contains("(status 2002)") && shown.Contains(NymiStatus.NesCredentials.Remedy()), shown);
            }
        }

        private static readonly List<NymiClient> Forgotten = new List<NymiClient>();

        /// <summary>
        /// What an example prints; the first band is tapped when it asks for a tap, and Enter is pressed after a line with what
        /// <paramref name="ends"/> it.
        /// </summary>
        private static string Example(string name, string argument, out int code, string password = null, string ends = null)
        {
            using (var store = new TemporaryFolder())
            {
                var start = Programs.Start("mono", $"{Path.Combine(AppDomain.CurrentDomain.BaseDirectory, name + ".exe")} {argument}");
                start.EnvironmentVariables["NYMI_NES_URL"] = Live.Text("nes");
                start.EnvironmentVariables["NYMI_AGENT_URL"] = Live.Text("agent");
                start.EnvironmentVariables["NYMI_L1"] = Live.Text("l1");
                start.EnvironmentVariables["NYMI_NSL_DIR"] = store.Path;
                start.EnvironmentVariables["NYMI_USER"] = Live.Account(0);
                start.EnvironmentVariables["NYMI_PASSWORD"] = password ?? (string)Live.User(0)["password"];
                using (var process = Process.Start(start))
                {
                    var printed = new StringBuilder();
                    while (process.StandardOutput.ReadLine() is string line)
                    {
                        printed.AppendLine(line);
                        if (line.StartsWith("Tap", StringComparison.Ordinal))
                        {
                            Live.Tap(0);
                        }
                        else if (ends != null && line.Contains(ends))
                        {
                            process.StandardInput.WriteLine();
                        }
                    }
                    printed.Append(process.StandardError.ReadToEnd());
                    process.WaitForExit();
                    code = process.ExitCode;
                    return printed.ToString();
                }
            }
        }

        private static bool Succeeds(Task task)
        {
            try
            {
                Check.Done(task);
                return true;
            }
            catch (NymiRequestException why) when (why.Status == NymiStatus.DuplicateExchange)
            {
                return false;
            }
        }

        private static byte[] Sha256(byte[] bytes)
        {
            using (var sha256 = SHA256.Create())
            {
                return sha256.ComputeHash(bytes);
            }
        }

        private static string Claims(string assertion)
        {
            var part = assertion.Split('.')[1].Replace('-', '+').Replace('_', '/');
            return Encoding.UTF8.GetString(Convert.FromBase64String(part.PadRight((part.Length + 3) / 4 * 4, '=')));
        }
    }

    /// <summary>A client of the live system, made known and subscribed.</summary>
    internal sealed class Live : IDisposable
    {
        internal static readonly Dictionary<string, object> Ready = Json.Object(Environment.GetEnvironmentVariable("NYMI_READY"));

        // One certificate serves all tests.
        private static readonly TemporaryFolder Store = Stored();

        internal Live(SynchronizationContext context = null)
        {
            var options = new NymiClientOptions { AgentUrl = Live.Text("agent"), StoreDirectory = Store.Path, EventContext = context };
            Client = new NymiClient("RecordsCs", options);
            var init = new InitOptions
            {
                NesUrl = Live.Text("nes"),
                L1 = Live.Text("l1"),
                Grade = Grade.Bronze,
                Username = Account(0),
                Password = (string)User(0)["password"],
            };
            Check.Equal("RecordsCs", Check.Done(Client.InitAsync(init)).NeaName);
            Check.Done(Client.SubscribeAsync("127.0.0.1"));
        }

        internal NymiClient Client { get; }

        public void Dispose()
        {
            Client.Dispose();
        }

        /// <summary>A text of that first line.</summary>
        internal static string Text(string name)
        {
            return (string)Ready[name];
        }

        internal static Dictionary<string, object> User(int index)
        {
            return (Dictionary<string, object>)((List<object>)Ready["users"])[index];
        }

        internal static string Account(int index)
        {
            return $@"{User(index)["Domain"]}\{User(index)["Username"]}";
        }

        internal static string Band(int index)
        {
            return (string)((Dictionary<string, object>)((List<object>)Ready["bands"])[index])["NymiBandID"];
        }

        internal static void Tap(int index)
        {
            Command($"tap {Band(index)} nfc");
        }

        internal static void Command(string command)
        {
            var answer = Hardware.Answer(Live.Text("nymulator"), command);
            Check.True(answer.StartsWith("ok", StringComparison.Ordinal), answer);
        }

        private static TemporaryFolder Stored()
        {
            var folder = new TemporaryFolder();
            AppDomain.CurrentDomain.ProcessExit += (sender, what) => folder.Dispose();
            return folder;
        }
    }

    /// <summary>A band that is heard but answers nothing.</summary>
    internal sealed class Muted : IDisposable
    {
        private readonly int index;

        internal Muted(int index)
        {
            this.index = index;
            Live.Command($"mute {Live.Band(index)} on");
        }

        public void Dispose()
        {
            Live.Command($"mute {Live.Band(index)} off");
        }
    }
}
