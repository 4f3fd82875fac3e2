using System;
using System.Runtime.InteropServices;
using System.Text;

namespace Nymi
{
    /// <summary>The functions of nymi_api.h that the client calls, as they are there.</summary>
    internal static class Native
    {
        internal const uint Forever = uint.MaxValue;

        private const string Library = "nymi_api";

        /// <summary>struct NymiClientConfig. Texts are UTF-8; of the callbacks none is set.</summary>
        [StructLayout(LayoutKind.Sequential)]
        internal struct Config
        {
            internal UIntPtr Size;
            internal IntPtr NeaName;
            internal IntPtr AgentUrl;
            internal IntPtr StoreDirectory;
            internal IntPtr LogDirectory;
            internal uint LogLevel;
            internal uint OnLogLevel;
            internal IntPtr OnUpdate;
            internal IntPtr OnLog;
            internal IntPtr UserData;
        }

        /// <summary>struct NymiError.</summary>
        [StructLayout(LayoutKind.Sequential)]
        internal struct Error
        {
            internal uint Code;
            internal uint Nsl;
            internal IntPtr Message;
            internal IntPtr Detail;
        }

        [DllImport(Library, EntryPoint = "nymi_abi_version", CallingConvention = CallingConvention.Cdecl)]
        internal static extern uint AbiVersion();

        [DllImport(Library, EntryPoint = "nymi_version", CallingConvention = CallingConvention.Cdecl)]
        internal static extern IntPtr Version();

        [DllImport(Library, EntryPoint = "nymi_client_new", CallingConvention = CallingConvention.Cdecl)]
        internal static extern uint ClientNew(ref Config config, out ClientHandle client, out IntPtr error);

        [DllImport(Library, EntryPoint = "nymi_client_terminate", CallingConvention = CallingConvention.Cdecl)]
        internal static extern uint ClientTerminate(ClientHandle client);

        [DllImport(Library, EntryPoint = "nymi_client_free", CallingConvention = CallingConvention.Cdecl)]
        internal static extern uint ClientFree(IntPtr client);

        [DllImport(Library, EntryPoint = "nymi_client_put", CallingConvention = CallingConvention.Cdecl)]
        internal static extern uint ClientPut(ClientHandle client, IntPtr json, out IntPtr error);

        [DllImport(Library, EntryPoint = "nymi_client_get", CallingConvention = CallingConvention.Cdecl)]
        internal static extern uint ClientGet(ClientHandle client, uint timeoutMs, out IntPtr update, out IntPtr error);

        [DllImport(Library, EntryPoint = "nymi_string_free", CallingConvention = CallingConvention.Cdecl)]
        internal static extern void StringFree(IntPtr text);

        [DllImport(Library, EntryPoint = "nymi_error_free", CallingConvention = CallingConvention.Cdecl)]
        internal static extern void ErrorFree(IntPtr error);
    }

    /// <summary>UTF-8 between .NET and the library; netstandard2.0 marshals no such texts by itself.</summary>
    internal static class Utf8
    {
        private static readonly UTF8Encoding Strict = new UTF8Encoding(false, true);

        /// <summary>The bytes of a text with a NUL behind.</summary>
        /// <exception cref="ArgumentException">It has a NUL, at which the library would stop reading, or half of a surrogate pair.</exception>
        internal static byte[] Terminated(string text, string parameter)
        {
            if (text.IndexOf('\0') >= 0)
            {
                throw new ArgumentException("a NUL character in a text for the library", parameter);
            }
            try
            {
                var bytes = new byte[Strict.GetByteCount(text) + 1];
                Strict.GetBytes(text, 0, text.Length, bytes, 0);
                return bytes;
            }
            catch (EncoderFallbackException why)
            {
                throw new ArgumentException("half of a surrogate pair in a text for the library", parameter, why);
            }
        }

        /// <summary>The text that a pointer of the library leads to; null for NULL.</summary>
        internal static unsafe string Read(IntPtr text)
        {
            if (text == IntPtr.Zero)
            {
                return null;
            }
            var first = (byte*)text;
            var length = 0;
            while (first[length] != 0)
            {
                length++;
            }
            return length == 0 ? "" : Encoding.UTF8.GetString(first, length);
        }
    }

    /// <summary>A text in memory that does not move, wiped when it is disposed of: requests hold passwords.</summary>
    internal sealed class NativeText : IDisposable
    {
        private byte[] bytes;
        private GCHandle pin;

        /// <summary>Takes a text; null is NULL.</summary>
        internal NativeText(string text, string parameter)
        {
            if (text != null)
            {
                bytes = Utf8.Terminated(text, parameter);
                pin = GCHandle.Alloc(bytes, GCHandleType.Pinned);
            }
        }

        /// <summary>Where it is.</summary>
        internal IntPtr Pointer => bytes == null ? IntPtr.Zero : pin.AddrOfPinnedObject();

        public void Dispose()
        {
            if (bytes != null)
            {
                Array.Clear(bytes, 0, bytes.Length);
                pin.Free();
                bytes = null;
            }
        }
    }
}
