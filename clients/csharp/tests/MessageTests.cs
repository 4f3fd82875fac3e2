using System;
using System.Collections.Generic;
using System.Linq;
using System.Reflection;
using System.Threading;
using System.Threading.Tasks;

namespace Nymi.Tests
{
    internal sealed class MessageTests
    {
        [Test]
        public void Each_enum_has_a_word_for_each_value()
        {
            var tables = typeof(Words).GetFields(BindingFlags.Static | BindingFlags.NonPublic);
            Check.True(tables.Length > 5, "tables");
            foreach (var table in tables)
            {
                var values = Enum.GetValues(typeof(Words).Assembly.GetType($"Nymi.{table.Name}", true)).Cast<int>();
                var words = (string[])table.GetValue(null);
                Check.Same(Enumerable.Range(0, words.Length), values, table.Name);
                Check.Equal(null, words[0]);
                Check.Throws<ArgumentOutOfRangeException>(() => Fields.Word(0, words));
                Check.Throws<ArgumentOutOfRangeException>(() => Fields.Word(words.Length, words));
                Check.Throws<ArgumentOutOfRangeException>(() => Fields.Word(-1, words));
            }
        }

        [Test]
        public void Events_are_read()
        {
            var tap = (TapEvent)Read("tap", "{'endpoint_id':'e','NymiBandID':'b','method':'nfc','NfcUID':'08A1','intent_id':'i','at':'2026-11-22T01:09:02.377Z'}");
            Check.Equal(TapMethod.Nfc, tap.Method);
            Check.Equal("08A1", tap.NfcUid);
            Check.Equal(new DateTimeOffset(2026, 11, 22, 1, 9, 2, 377, TimeSpan.Zero), tap.At);
            var presence = (PresenceEvent)Read(
                "presence",
                "{'endpoint_id':'e','NymiBandID':'b','before':'no','after':'surely','authenticated':true,'worn':false,'rssi':null,'proximity':null,'more':1}");
            Check.Equal(PresenceState.No, presence.Before);
            Check.Equal(PresenceState.Unknown, presence.After, "a word of a newer agent");
            Check.Equal(null, presence.Rssi);
            Check.Equal(null, presence.Proximity);
            Check.Equal(null, Read("news", "{}"), "an event of a newer agent");
        }

        [Test]
        public void Updates_from_nowhere_are_failures_and_no_more()
        {
            var texts = new[]
            {
                "", "null", "[]", "1", "{", "{}", "{'operation':1,'status':0}", "{'operation':'tap'}",
                "{'operation':'tap','status':'0'}", "{'operation':'tap','status':-1}",
                "{'operation':'tap','status':0.5}", "{'operation':'tap','status':99999999999}",
                "{'operation':'tap','status':0,'exchange':1}", "{'operation':'tap','status':0,'payload':[]}",
                "{'operation':'tap','status':0,'error':''}", Event("tap", "{}"), Event("tap", "{'endpoint_id':1}"),
                Event("presence", "{'rssi':1e99}"), Event("endpoint", "{'endpoint_id':'e','event':null}"),
                Event("tap", "{'endpoint_id':'e','NymiBandID':'b','method':'nfc','intent_id':'i','at':'yesterday'}"),
            };
            foreach (var text in texts)
            {
                var update = NymiUpdate.Of(Json.Of(text));
                var failure = (FailureEvent)update.Event;
                Check.Equal(NymiStatus.Internal, failure.Error.Status, text);
                Check.True(failure.Error.Detail.Length > 0, text);
            }
        }

        [Test]
        public void An_update_that_cannot_be_read_is_told_to_who_waits_for_it()
        {
            var wrong = new Dictionary<string, string>
            {
                { "operation", "'operation':5,'exchange':'x','status':0,'payload':{}" },
                { "status", "'operation':'sign','exchange':'x','status':'hunter2','payload':{}" },
                { "payload", "'operation':'sign','exchange':'x','status':0,'payload':['hunter2']" },
                { "error", "'operation':'sign','exchange':'x','status':0,'payload':{},'error':'hunter2'" },
            };
            foreach (var one in wrong)
            {
                var router = new Router(update => throw new CheckFailed("nobody else"));
                var answer = router.Expect("x");
                router.Deliver(NymiUpdate.Of(Json.Of($"{{{one.Value}}}")));
                var why = Check.Throws<NymiInternalException>(() => Check.Done(answer.Task).Answer("sign", payload => payload));
                Check.Equal("sign", why.Operation);
                Check.True(why.Detail.Contains(one.Key) && !why.Detail.Contains("hunter2"), why.Detail);
                Check.Equal(one.Key != "operation", why.Detail.Contains("an update sign"), why.Detail);
            }
        }

        [Test]
        public void An_answer_that_cannot_be_read_is_a_fault_of_the_platform()
        {
            var update = NymiUpdate.Of(Json.Of("{'operation':'sign','exchange':'x','status':0,'payload':{'signature':'0g','public_key':'00'},'error':{}}"));
            var why = Check.Throws<NymiInternalException>(() => update.Answer("sign", one => new SignAnswer(one)));
            Check.Equal("sign", why.Operation);
            Check.Equal("x", why.Exchange);
            Check.True(why.Detail.Contains("signature"), why.Detail);
            Check.Equal(true, update.IsLast);
            Check.Equal(false, NymiUpdate.Of(Json.Of("{'operation':'sign','exchange':'x','status':0,'payload':{'completed':false},'error':{}}")).IsLast);
        }

        [Test]
        public void A_failure_tells_everything()
        {
            var update = NymiUpdate.Of(Json.Of(
                "{'operation':'init','exchange':'x','status':8000,'payload':{},'error':{'error_description':'NEA missing certificates.',"
                + "'error_specifics':'NEA certificate chain','nsl':29}}"));
            var why = Check.Throws<NymiCertificateException>(() => update.Answer("init", one => new InitAnswer(one)));
            Check.Equal(NymiStatus.Certificates, why.Status);
            Check.Equal(29, why.Nsl);
            Check.Equal("NEA certificate chain", why.Detail);
            Check.Equal("init: NEA missing certificates. NEA certificate chain (status 8000)", why.Message);
            Check.Equal(NymiStatus.Certificates.Remedy(), why.Remedy);
            Check.Equal(NymiStatus.Certificates.Cause(), why.UsualCause);
            var unknown = NymiException.Of(3999, null, null);
            Check.Equal(null, unknown.Remedy);
            Check.Equal("(status 3999)", unknown.Message);
            Check.Equal(null, unknown.Nsl);
        }

        [Test]
        public void Each_status_has_the_class_of_its_family()
        {
            var families = new SortedDictionary<uint, Type>
            {
                { 1000, typeof(NymiRequestException) }, { 2000, typeof(NymiServerException) }, { 3000, typeof(NymiBandException) },
                { 4000, typeof(NymiAgentException) },
                { 5000, typeof(NymiEndpointException) }, { 6000, typeof(NymiPresenceException) },
                { 6010, typeof(NymiAccountException) }, { 7000, typeof(NymiPolicyException) },
                { 8000, typeof(NymiCertificateException) }, { 9000, typeof(NymiInternalException) },
            };
            foreach (var status in Enum.GetValues(typeof(NymiStatus)).Cast<uint>().Where(status => status > 0))
            {
                var made = NymiException.Of(status, null, null);
                Check.True(families.Last(family => family.Key <= status).Value.IsInstanceOfType(made), $"{status} is {made.GetType()}");
                Check.True(!string.IsNullOrEmpty(made.Remedy), $"{status} has no remedy");
            }
            Check.Equal(NymiResult.NoMemory, ((NymiLibraryException)NymiException.Of(14, null, null)).Result);
            Check.Equal(typeof(NymiTimeoutException), NymiException.Of(3, null, null).GetType());
            Check.Equal(typeof(NymiTimeoutException), NymiException.Of(3010, null, null).GetType());
            Check.Equal(typeof(NymiClosedException), NymiException.Of(5, null, null).GetType());
            Check.Equal(typeof(NymiNotFoundException), NymiException.Of(2201, null, null).GetType());
            Check.Equal(typeof(NymiCancelledException), NymiException.Of(1006, null, null).GetType());
        }

        [Test]
        public void Bytes_are_hex()
        {
            Check.Equal("00ff1a", Hex.Write(new byte[] { 0, 255, 26 }));
            Check.Same(new byte[] { 0, 255, 26 }, Hex.Read("00FF1a"));
            foreach (var text in new[] { "0", "0g", "+1", " 1", "é1" })
            {
                Check.Equal(null, Hex.Read(text), text);
            }
        }

        [Test]
        public void An_answer_goes_to_who_waits_and_the_rest_to_others()
        {
            var others = new List<NymiUpdate>();
            var router = new Router(others.Add);
            var first = router.Expect("1");
            Check.Equal(NymiStatus.DuplicateExchange, Check.Throws<NymiRequestException>(() => router.Expect("1")).Status);
            router.Deliver(NymiUpdate.Of("not JSON"));
            router.Deliver(Answer("1", "{'completed':false}"));
            Check.Equal(false, first.Task.IsCompleted, "not the last");
            router.Deliver(Answer("1", "{'completed':true}"));
            Check.Equal(true, Check.Done(first.Task).IsLast);
            router.Deliver(Answer("1", "{}"));
            router.Deliver(Answer("2", "{}"));
            Check.Equal(3, others.Count);
            Check.Equal(false, router.IsWaiting("1"));
            var last = router.Expect("3");
            router.End();
            Check.Equal(NymiStatus.Terminated, Check.Done(last.Task).Status);
        }

        [Test]
        public void Updates_wait_in_order_and_the_oldest_goes_first_when_there_are_too_many()
        {
            var inbox = new Inbox();
            for (var number = 0; number < Inbox.Capacity + 5; number++)
            {
                inbox.Add(Answer(number.ToString(), "{}"));
            }
            Check.Equal("5", Check.Done(inbox.TakeAsync(CancellationToken.None)).Exchange);
            Check.Equal("6", Check.Done(inbox.TakeAsync(new CancellationToken(true))).Exchange, "what is there is given");
            for (var left = Inbox.Capacity - 2; left > 0; left--)
            {
                Check.True(Check.Done(inbox.TakeAsync(CancellationToken.None)) != null, "all are there");
            }
            using (var stop = new CancellationTokenSource())
            {
                var given = inbox.TakeAsync(stop.Token);
                var waiting = inbox.TakeAsync(CancellationToken.None);
                stop.Cancel();
                Check.True(Check.Fails<TaskCanceledException>(() => given).CancellationToken == stop.Token, "whose token");
                inbox.Add(Answer("next", "{}"));
                Check.Equal("next", Check.Done(waiting).Exchange, "who gave up took nothing");
            }
            var last = inbox.TakeAsync(CancellationToken.None);
            inbox.End();
            Check.Equal(null, Check.Done(last));
            Check.Equal(null, Check.Done(inbox.TakeAsync(CancellationToken.None)));
        }

        private static NymiUpdate Answer(string exchange, string payload)
        {
            return NymiUpdate.Of(Json.Of($"{{'operation':'info','exchange':'{exchange}','status':0,'payload':{payload},'error':{{}}}}"));
        }

        private static NymiEvent Read(string operation, string payload)
        {
            return NymiUpdate.Of(Json.Of(Event(operation, payload))).Event;
        }

        private static string Event(string operation, string payload)
        {
            return $"{{'operation':'{operation}','exchange':null,'status':0,'payload':{payload},'error':{{}}}}";
        }
    }
}
