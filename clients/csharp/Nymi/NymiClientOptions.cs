using System;
using System.Threading;

namespace Nymi
{
    /// <summary>How a client is to be; what is null is as the machine has it.</summary>
    public sealed class NymiClientOptions
    {
        /// <summary>
        /// The agent's channel socket, such as ws://127.0.0.1:9120; null for what NYMI_AGENT_URL or /etc/nymi/nes.toml (the registry on
        /// Windows) name, else this machine's.
        /// </summary>
        public string AgentUrl { get; set; }

        /// <summary>The folder of certificates and keys; null for NYMI_NSL_DIR, else the user's data folder.</summary>
        public string StoreDirectory { get; set; }

        /// <summary>An existing folder for nymi_api.log; null for no file.</summary>
        public string LogDirectory { get; set; }

        /// <summary>How much goes into that file.</summary>
        public NapiLog LogLevel { get; set; } = NapiLog.Normal;

        /// <summary>How long an operation may take that names no time of its own: more than 0 and at most 120 s. 15 s at first.</summary>
        public TimeSpan Timeout { get; set; } = TimeSpan.FromMilliseconds(NymiAbi.DefaultDeadlineMs);

        /// <summary>
        /// Where the handlers of events run, such as SynchronizationContext.Current of a window; null for the thread pool. Always one
        /// after the other, in the order of the events.
        /// </summary>
        public SynchronizationContext EventContext { get; set; }

        internal NymiClientOptions Copy()
        {
            return (NymiClientOptions)MemberwiseClone();
        }
    }

    /// <summary>How one operation is called.</summary>
    public sealed class NymiCall
    {
        /// <summary>How long to wait for the answer: more than 0 and at most 120 s; null for that of the client.</summary>
        public TimeSpan? Timeout { get; set; }

        /// <summary>A name by which CancelAsync finds this call; no two in flight may have the same. Null for none.</summary>
        public string Exchange { get; set; }
    }
}
