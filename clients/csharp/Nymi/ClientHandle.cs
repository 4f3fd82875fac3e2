using System;
using System.Runtime.InteropServices;

namespace Nymi
{
    /// <summary>
    /// A client of the library. Each call keeps it alive while it runs, so it is freed after the last of them; every method may be
    /// called on any thread.
    /// </summary>
    internal sealed class ClientHandle : SafeHandle
    {
        // The runtime makes one for what nymi_client_new gives.
        private ClientHandle()
            : base(IntPtr.Zero, true)
        {
        }

        public override bool IsInvalid => handle == IntPtr.Zero;

        /// <summary>Starts a client.</summary>
        internal static ClientHandle Start(string neaName, NymiClientOptions options)
        {
            NymiLibrary.Check();
            using (var name = new NativeText(neaName, nameof(neaName)))
            using (var agent = new NativeText(options.AgentUrl, nameof(options.AgentUrl)))
            using (var store = new NativeText(options.StoreDirectory, nameof(options.StoreDirectory)))
            using (var log = new NativeText(options.LogDirectory, nameof(options.LogDirectory)))
            {
                var config = new Native.Config
                {
                    Size = (UIntPtr)Marshal.SizeOf(typeof(Native.Config)),
                    NeaName = name.Pointer,
                    AgentUrl = agent.Pointer,
                    StoreDirectory = store.Pointer,
                    LogDirectory = log.Pointer,
                    LogLevel = (uint)(options.LogDirectory == null ? NapiLog.None : options.LogLevel),
                };
                var result = Native.ClientNew(ref config, out var client, out var error);
                if (result != (uint)NymiResult.Okay)
                {
                    client?.SetHandleAsInvalid();
                    throw Taken(result, error);
                }
                return client;
            }
        }

        /// <summary>Sends a request as JSON.</summary>
        internal void Put(string request)
        {
            using (var text = new NativeText(request, nameof(request)))
            {
                var result = Native.ClientPut(this, text.Pointer, out var error);
                if (result != (uint)NymiResult.Okay)
                {
                    throw Taken(result, error);
                }
            }
        }

        /// <summary>Waits for the next update, as JSON. Null once the client was terminated and nothing is left to read.</summary>
        internal string Get()
        {
            while (true)
            {
                var result = Native.ClientGet(this, Native.Forever, out var text, out var error);
                switch ((NymiResult)result)
                {
                    case NymiResult.Okay:
                        try
                        {
                            return Utf8.Read(text);
                        }
                        finally
                        {
                            Native.StringFree(text);
                        }
                    case NymiResult.Timeout:
                    case NymiResult.Interrupted:
                        Native.ErrorFree(error);
                        break;
                    case NymiResult.Terminated:
                    case NymiResult.BadHandle:
                        Native.ErrorFree(error);
                        return null;
                    default:
                        throw Taken(result, error);
                }
            }
        }

        /// <summary>Ends the client; what is queued can still be read.</summary>
        internal void Terminate()
        {
            Native.ClientTerminate(this);
        }

        protected override bool ReleaseHandle()
        {
            return Native.ClientFree(handle) == (uint)NymiResult.Okay;
        }

        /// <summary>The exception for an error of the library, which is freed.</summary>
        private static NymiException Taken(uint result, IntPtr error)
        {
            if (result == (uint)NymiResult.BadHandle || result == (uint)NymiResult.Terminated)
            {
                // As for who waited when the client was disposed of: the number of a handle is of no use to programs.
                Native.ErrorFree(error);
                return NymiException.Of((uint)NymiStatus.Terminated, null, null);
            }
            if (error == IntPtr.Zero)
            {
                return NymiException.Of(result, null, null);
            }
            try
            {
                var said = (Native.Error)Marshal.PtrToStructure(error, typeof(Native.Error));
                return NymiException.Of(result, Utf8.Read(said.Message), Utf8.Read(said.Detail), nsl: (int)said.Nsl);
            }
            finally
            {
                Native.ErrorFree(error);
            }
        }
    }
}
