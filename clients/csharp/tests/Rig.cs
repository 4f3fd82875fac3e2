using System;
using System.Diagnostics;
using System.IO;
using System.Net.Sockets;

namespace Nymi.Tests
{
    /// <summary>Files of the repository, which NYMI_SOURCES names: tests run where the package was unpacked.</summary>
    internal static class Sources
    {
        internal static string Read(string path)
        {
            return File.ReadAllText(Path.Combine(Environment.GetEnvironmentVariable("NYMI_SOURCES") ?? ".", path));
        }
    }

    /// <summary>The virtual hardware of a system.</summary>
    internal static class Hardware
    {
        /// <summary>What it answers to a command.</summary>
        internal static string Answer(string address, string command)
        {
            var colon = address.LastIndexOf(':');
            using (var connection = new TcpClient(address.Substring(0, colon), int.Parse(address.Substring(colon + 1))))
            using (var stream = connection.GetStream())
            using (var writer = new StreamWriter(stream) { NewLine = "\n", AutoFlush = true })
            using (var reader = new StreamReader(stream))
            {
                stream.ReadTimeout = 10000;
                writer.WriteLine(command);
                return reader.ReadLine() ?? "nothing";
            }
        }
    }

    /// <summary>Other programs.</summary>
    internal static class Programs
    {
        /// <summary>What a program prints, on both ways.</summary>
        internal static string Run(string program, string arguments, string input, out int code)
        {
            using (var process = Process.Start(Start(program, arguments)))
            {
                var failures = process.StandardError.ReadToEndAsync();
                process.StandardInput.Write(input);
                process.StandardInput.Close();
                var printed = process.StandardOutput.ReadToEnd() + failures.Result;
                process.WaitForExit();
                code = process.ExitCode;
                return printed;
            }
        }

        internal static ProcessStartInfo Start(string program, string arguments)
        {
            return new ProcessStartInfo(program, arguments)
            {
                UseShellExecute = false,
                RedirectStandardInput = true,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            };
        }
    }

    /// <summary>A folder that goes when it is disposed of.</summary>
    internal sealed class TemporaryFolder : IDisposable
    {
        internal TemporaryFolder()
        {
            Path = System.IO.Path.Combine(System.IO.Path.GetTempPath(), "nymi-" + Guid.NewGuid().ToString("N"));
            Directory.CreateDirectory(Path);
        }

        internal string Path { get; }

        public void Dispose()
        {
            Directory.Delete(Path, true);
        }
    }
}
