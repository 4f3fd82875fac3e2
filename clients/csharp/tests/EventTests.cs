using System;
using System.Collections.Concurrent;
using System.Collections.Generic;
using System.Linq;
using System.Threading;

namespace Nymi.Tests
{
    internal sealed class EventTests
    {
        [Test]
        public void Handlers_run_one_after_the_other_and_in_order()
        {
            var pump = new EventPump(null);
            var heard = new List<string>();
            var atOnce = 0;
            var most = 0;
            pump.Add<EndpointEvent>(null, (sender, what) =>
            {
                most = Math.Max(most, Interlocked.Increment(ref atOnce));
                Thread.SpinWait(200);
                heard.Add(what.EndpointId);
                Interlocked.Decrement(ref atOnce);
            });
            var raised = Enumerable.Range(0, 1000).Select(number => number.ToString()).ToList();
            raised.ForEach(id => pump.Raise(Change(id)));
            Check.Until(() => heard.Count == raised.Count, "all were heard");
            Check.Same(raised, heard);
            Check.Equal(1, most, "at once");
        }

        [Test]
        public void Who_does_not_listen_hears_nothing()
        {
            var context = new Collecting();
            var pump = new EventPump(context);
            var heard = 0;
            EventHandler<EndpointEvent> handler = (sender, what) => heard++;
            pump.Raise(Change("early"));
            pump.Raise(null);
            pump.Add(null, handler);
            pump.Add<TapEvent>(null, (sender, what) => heard += 100);
            pump.Raise(Change("one"));
            context.RunAll();
            Check.Equal(1, heard);
            pump.Remove(handler);
            pump.Raise(Change("late"));
            context.RunAll();
            Check.Equal(1, heard);
            pump.Add(null, handler);
            pump.Raise(Change("lost"));
            pump.End();
            pump.Raise(Change("after the end"));
            context.RunAll();
            Check.Equal(1, heard);
        }

        [Test]
        public void A_handler_that_throws_does_so_in_its_context_and_the_next_event_comes()
        {
            var context = new Collecting();
            var pump = new EventPump(context);
            var heard = new List<string>();
            pump.Add<EndpointEvent>(null, (sender, what) =>
            {
                heard.Add(what.EndpointId);
                throw new InvalidOperationException(what.EndpointId);
            });
            pump.Raise(Change("1"));
            pump.Raise(Change("2"));
            Check.Same(new[] { "1", "2" }, context.RunAll().Select(why => why.Message));
            Check.Same(new[] { "1", "2" }, heard);
        }

        [Test]
        public void A_context_that_is_gone_stops_nothing()
        {
            var context = new Collecting { IsGone = true };
            var pump = new EventPump(context);
            var heard = new List<string>();
            pump.Add<EndpointEvent>(null, (sender, what) => heard.Add(what.EndpointId));
            pump.Raise(Change("lost"));
            context.IsGone = false;
            pump.Raise(Change("heard"));
            context.RunAll();
            Check.Same(new[] { "heard" }, heard);
        }

        [Test]
        public void A_handler_that_does_not_return_holds_no_memory_without_end()
        {
            var context = new Collecting();
            var pump = new EventPump(context);
            var heard = new List<string>();
            pump.Add<EndpointEvent>(null, (sender, what) => heard.Add(what.EndpointId));
            for (var number = 0; number < Inbox.Capacity + 3; number++)
            {
                pump.Raise(Change(number.ToString()));
            }
            context.RunAll();
            Check.Equal(Inbox.Capacity, heard.Count);
            Check.Equal("3", heard[0], "the oldest were dropped");
        }

        private static NymiEvent Change(string id)
        {
            var payload = $"{{'endpoint_id':'{id}','event':'gone'}}";
            return NymiUpdate.Of(Json.Of($"{{'operation':'endpoint','exchange':null,'status':0,'payload':{payload},'error':{{}}}}")).Event;
        }

        /// <summary>Runs what is posted when it is told to.</summary>
        internal sealed class Collecting : SynchronizationContext
        {
            private readonly ConcurrentQueue<Action> posted = new ConcurrentQueue<Action>();

            internal bool IsGone { get; set; }

            public override void Post(SendOrPostCallback run, object state)
            {
                if (IsGone)
                {
                    throw new ObjectDisposedException("window");
                }
                posted.Enqueue(() => run(state));
            }

            /// <summary>What the handlers threw.</summary>
            internal List<Exception> RunAll()
            {
                var thrown = new List<Exception>();
                while (posted.TryDequeue(out var run))
                {
                    try
                    {
                        run();
                    }
                    catch (Exception why)
                    {
                        thrown.Add(why);
                    }
                }
                return thrown;
            }
        }
    }
}
