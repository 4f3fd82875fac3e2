using System;
using System.Threading;

namespace Nymi
{
    /// <summary>The C library beneath: nymi_api.dll, libnymi_api.so.</summary>
    public static class NymiLibrary
    {
        private static readonly Lazy<string> Found = new Lazy<string>(Find, LazyThreadSafetyMode.PublicationOnly);

        /// <summary>Its version, such as 0.1.0, for logs and support.</summary>
        /// <exception cref="DllNotFoundException">It is not found, or is another than this package was made for.</exception>
        public static string Version => Found.Value;

        /// <summary>Loads it.</summary>
        internal static void Check()
        {
            GC.KeepAlive(Found.Value);
        }

        private static string Find()
        {
            try
            {
                var abi = Native.AbiVersion();
                if (abi != NymiAbi.Version)
                {
                    throw new DllNotFoundException($"nymi_api has the binary interface {abi}; this package needs {NymiAbi.Version}");
                }
                return Utf8.Read(Native.Version());
            }
            catch (DllNotFoundException why) when (why.InnerException == null)
            {
                const string Where = "put nymi_api.dll or libnymi_api.so beside the program, or its folder into PATH or LD_LIBRARY_PATH";
                throw new DllNotFoundException($"{why.Message}: {Where}", why);
            }
        }
    }
}
