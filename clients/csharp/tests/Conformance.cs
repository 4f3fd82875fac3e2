using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.IO;
using System.Linq;
using System.Net.Sockets;
using System.Text.RegularExpressions;
using System.Threading;
using System.Threading.Tasks;

namespace Nymi.Tests
{
    /// <summary>Runs clients/scenarios/scenarios.json with this client: rig mono Nymi.Tests.exe conformance RESULTS.json [ID...]</summary>
    internal static class Conformance
    {
        private const string Client = "C#";

        internal static int Run(string results, string[] ids)
        {
            var rig = Json.Object(Environment.GetEnvironmentVariable("NYMI_RIG"));
            var scenarios = (List<object>)Json.Object(Sources.Read("clients/scenarios/scenarios.json"))["scenarios"];
            var found = new List<object>();
            using (var store = new TemporaryFolder())
            {
                foreach (var scenario in scenarios.Cast<Dictionary<string, object>>().Where(one => ids.Length == 0 || ids.Contains(one["id"])))
                {
                    found.Add(RunOne(scenario, rig, store.Path));
                }
            }
            var counts = new[] { "passed", "failed", "not applicable" }
                .Select(outcome => $"{found.Count(one => outcome.Equals(((Dictionary<string, object>)one)["outcome"]))} {outcome}");
            Console.WriteLine($"{Client}: {string.Join(", ", counts)}");
            var written = new Dictionary<string, object> { { "client", Client }, { "transport", "native" }, { "results", found } };
            File.WriteAllText(results, JsonWriter.Write(written) + "\n");
            return found.Any(one => "failed".Equals(((Dictionary<string, object>)one)["outcome"])) ? 1 : 0;
        }

        private static Dictionary<string, object> RunOne(Dictionary<string, object> scenario, Dictionary<string, object> rig, string store)
        {
            var began = Stopwatch.StartNew();
            var applies = ((List<object>)scenario["transports"]).Contains("native");
            var detail = applies ? Play(scenario, rig, store) : null;
            var outcome = !applies ? "not applicable" : detail == null ? "passed" : "failed";
            var result = new Dictionary<string, object> { { "id", scenario["id"] }, { "outcome", outcome }, { "ms", began.ElapsedMilliseconds } };
            if (detail != null)
            {
                result["detail"] = detail;
            }
            if (detail != null || Environment.GetEnvironmentVariable("NYMI_VERBOSE") != null)
            {
                Console.WriteLine($"{outcome} {scenario["id"]} ({began.ElapsedMilliseconds} ms) {detail}");
            }
            return result;
        }

        private static string Play(Dictionary<string, object> scenario, Dictionary<string, object> rig, string store)
        {
            string detail = null;
            var sendsInit = !(scenario.TryGetValue("init", out var init) && false.Equals(init));
            using (var run = new ScenarioRun(rig, store, sendsInit))
            {
                try
                {
                    run.Player("a");
                    var number = 0;
                    foreach (var step in (List<object>)scenario["steps"])
                    {
                        number++;
                        try
                        {
                            run.Step((Dictionary<string, object>)step);
                        }
                        catch (CheckFailed why)
                        {
                            throw new CheckFailed($"step {number}: {why.Message}");
                        }
                    }
                }
                catch (CheckFailed why)
                {
                    detail = why.Message;
                }
            }
            // Whatever happened, the next scenario finds things as they were.
            using (var tidy = new ScenarioRun(rig, store, true))
            {
                try
                {
                    foreach (var step in scenario.TryGetValue("finally", out var last) ? (List<object>)last : new List<object>())
                    {
                        tidy.Step((Dictionary<string, object>)step);
                    }
                }
                catch (CheckFailed why)
                {
                    detail = detail ?? $"finally: {why.Message}";
                }
            }
            return detail;
        }
    }

    /// <summary>One scenario, or its end.</summary>
    internal sealed class ScenarioRun : IDisposable
    {
        private static readonly TimeSpan Quiet = TimeSpan.FromMilliseconds(300);

        private readonly Dictionary<string, object> rig;
        private readonly string store;
        private readonly bool sendsInit;
        private readonly Dictionary<string, object> saved;
        private readonly Dictionary<string, Player> players = new Dictionary<string, Player>();
        private readonly Dictionary<string, Task<Dictionary<string, object>>> started = new Dictionary<string, Task<Dictionary<string, object>>>();

        internal ScenarioRun(Dictionary<string, object> rig, string store, bool sendsInit)
        {
            this.rig = rig;
            this.store = store;
            this.sendsInit = sendsInit;
            saved = new Dictionary<string, object>((Dictionary<string, object>)rig["variables"]);
            saved["init"] = InitPayload("RecordsA");
        }

        public void Dispose()
        {
            foreach (var player in players.Values)
            {
                player.Dispose();
            }
        }

        internal Player Player(string which)
        {
            if (!players.TryGetValue(which, out var player))
            {
                var name = $"Records{which.ToUpperInvariant()}";
                player = players[which] = new Player(name, (string)rig["agent"], store);
                if (sendsInit)
                {
                    var init = new Dictionary<string, object> { { "operation", "init" }, { "payload", InitPayload(name) } };
                    Expect(new Dictionary<string, object> { { "status", 0L } }, Check.Done(player.Start(init)), "init");
                }
            }
            return player;
        }

        internal void Step(Dictionary<string, object> raw)
        {
            var step = (Dictionary<string, object>)Filled(raw);
            if (step.ContainsKey("hardware") || step.ContainsKey("link"))
            {
                Control(step.TryGetValue("hardware", out var command) ? (string)command : $"link {step["link"]}");
                return;
            }
            var player = Player(step.TryGetValue("client", out var which) ? (string)which : "a");
            if (step.ContainsKey("request"))
            {
                Request(player, step);
            }
            else if (step.ContainsKey("start"))
            {
                started[(string)step["as"]] = player.Start((Dictionary<string, object>)step["start"]);
            }
            else if (step.ContainsKey("await"))
            {
                Expect((Dictionary<string, object>)step["expect"], Check.Done(started[(string)step["await"]]), (string)step["await"]);
            }
            else if (step.ContainsKey("raw"))
            {
                player.Put(((string)step["raw"]).PadRight(step.TryGetValue("pad_to", out var size) ? (int)(long)size : 0));
                foreach (var pattern in (List<object>)step["updates"])
                {
                    player.Take(update => Json.Difference(pattern, update) == null, $"the update {JsonWriter.Write(pattern)}");
                }
            }
            else if (step.ContainsKey("event"))
            {
                var what = $"{step["event"]} {JsonWriter.Write(step["where"])}";
                Keep(step, (Dictionary<string, object>)player.Take(IsEvent(step, "event"), what)["payload"]);
            }
            else if (step.ContainsKey("no_event"))
            {
                Thread.Sleep(Quiet);
                Check.True(!player.Has(IsEvent(step, "no_event")), $"{step["no_event"]} {JsonWriter.Write(step["where"])} came");
            }
            else
            {
                Connection(player, (string)step["connection"]);
            }
        }

        private void Request(Player player, Dictionary<string, object> step)
        {
            var call = (Dictionary<string, object>)step["request"];
            var patience = TimeSpan.FromMilliseconds(step.TryGetValue("retry_ms", out var retry) ? (long)retry : 0);
            var began = Stopwatch.StartNew();
            while (true)
            {
                var update = Check.Done(player.Start(call));
                try
                {
                    Expect((Dictionary<string, object>)step["expect"], update, (string)call["operation"]);
                    Keep(step, (Dictionary<string, object>)update["payload"]);
                    return;
                }
                catch (CheckFailed) when (began.Elapsed < patience)
                {
                    Thread.Sleep(Quiet);
                }
            }
        }

        private void Connection(Player player, string state)
        {
            if (state == "lost")
            {
                var lost = Json.Object("{\"operation\":\"error\",\"exchange\":null,\"status\":4000}");
                player.Take(update => Json.Difference(lost, update) == null, "the loss of the connection");
            }
            else
            {
                Request(player, Json.Object(
                    "{\"request\":{\"operation\":\"list_endpoints\",\"payload\":{}},\"expect\":{\"status\":0},\"retry_ms\":20000}"));
            }
        }

        private void Control(string command)
        {
            var answer = Hardware.Answer((string)rig["control"], command);
            Check.True(answer.StartsWith("ok", StringComparison.Ordinal), $"{command}: {answer}");
        }

        private static Func<Dictionary<string, object>, bool> IsEvent(Dictionary<string, object> step, string name)
        {
            var pattern = new Dictionary<string, object> { { "exchange", null }, { "operation", step[name] }, { "payload", step["where"] } };
            return update => Json.Difference(pattern, update) == null;
        }

        private static void Expect(Dictionary<string, object> expect, Dictionary<string, object> update, string what)
        {
            var error = (Dictionary<string, object>)update["error"];
            var specifics = error.TryGetValue("error_specifics", out var said) ? (string)said : "";
            Check.Equal(expect["status"], update["status"], $"{what}: status ({specifics})");
            if (expect.TryGetValue("specifics", out var pattern))
            {
                Check.True(Regex.IsMatch(specifics, (string)pattern), $"{what}: expected specifics {pattern}, found {specifics}");
            }
            if (expect.TryGetValue("payload", out var payload))
            {
                var fault = Json.Difference(payload, update["payload"]);
                Check.True(fault == null, $"{what}: {fault}");
            }
        }

        private void Keep(Dictionary<string, object> step, Dictionary<string, object> payload)
        {
            if (step.TryGetValue("save", out var save))
            {
                foreach (var one in (Dictionary<string, object>)save)
                {
                    saved[one.Key] = payload[(string)one.Value];
                }
            }
        }

        private Dictionary<string, object> InitPayload(string name)
        {
            var user = (Dictionary<string, object>)((List<object>)rig["users"])[0];
            return new Dictionary<string, object>
            {
                { "nea_name", name },
                { "username", $"{user["Domain"]}\\{user["Username"]}" },
                { "password", user["password"] },
                { "nes_url", rig["nes"] },
                { "l1", rig["l1"] },
                { "grade", "bronze" },
            };
        }

        private object Filled(object value)
        {
            if (value is string text)
            {
                var whole = Regex.Match(text, @"^\$\{(\w+)\}$");
                return whole.Success ? saved[whole.Groups[1].Value] : Regex.Replace(text, @"\$\{(\w+)\}", one => (string)saved[one.Groups[1].Value]);
            }
            if (value is List<object> list)
            {
                return list.ConvertAll(Filled);
            }
            return value is Dictionary<string, object> fields ? fields.ToDictionary(one => one.Key, one => Filled(one.Value)) : value;
        }
    }
}
