using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Linq;
using System.Reflection;
using System.Threading;
using System.Threading.Tasks;

namespace Nymi.Tests
{
    /// <summary>A method that is a test.</summary>
    [AttributeUsage(AttributeTargets.Method)]
    internal sealed class TestAttribute : Attribute
    {
    }

    /// <summary>A test found something else than it expected.</summary>
    internal sealed class CheckFailed : Exception
    {
        internal CheckFailed(string message)
            : base(message)
        {
        }
    }

    internal static class Check
    {
        internal static void True(bool condition, string what)
        {
            if (!condition)
            {
                throw new CheckFailed(what);
            }
        }

        internal static void Equal(object expected, object found, string what = "")
        {
            True(Equals(expected, found), $"{what}: expected {expected ?? "null"}, found {found ?? "null"}");
        }

        internal static void Same<T>(IEnumerable<T> expected, IEnumerable<T> found, string what = "")
        {
            var both = $"expected {string.Join(", ", expected)}; found {string.Join(", ", found)}";
            True(expected.SequenceEqual(found), $"{what}: {both}");
        }

        /// <summary>The exception that an action ends with: of exactly this class, so that a test notices when another is thrown.</summary>
        internal static T Throws<T>(Action action)
            where T : Exception
        {
            try
            {
                action();
            }
            catch (T found) when (found.GetType() == typeof(T))
            {
                return found;
            }
            catch (Exception other)
            {
                throw new CheckFailed($"expected {typeof(T).Name}, found {other}");
            }
            throw new CheckFailed($"expected {typeof(T).Name}, and nothing was thrown");
        }

        internal static T Fails<T>(Func<Task> start)
            where T : Exception
        {
            return Throws<T>(() => Done(start()));
        }

        /// <summary>What a task answers; a test that hangs is a test that failed.</summary>
        internal static T Done<T>(Task<T> task)
        {
            Done((Task)task);
            return task.Result;
        }

        internal static void Done(Task task)
        {
            True(((IAsyncResult)task).AsyncWaitHandle.WaitOne(TimeSpan.FromSeconds(30)), "it did not end within 30 s");
            task.GetAwaiter().GetResult();
        }

        /// <summary>Waits until something is so.</summary>
        internal static void Until(Func<bool> condition, string what)
        {
            var began = Stopwatch.StartNew();
            while (!condition())
            {
                True(began.Elapsed < TimeSpan.FromSeconds(20), $"not within 20 s: {what}");
                Thread.Sleep(5);
            }
        }
    }

    internal static class Program
    {
        private static int Main(string[] arguments)
        {
            // Tests and scenarios wait in threads of the pool, which grows slowly by itself.
            ThreadPool.SetMinThreads(32, 32);
            if (arguments.Length >= 2 && arguments[0] == "conformance")
            {
                return Conformance.Run(arguments[1], arguments.Skip(2).ToArray());
            }
            if (arguments.Length == 2 && arguments[0] == "end")
            {
                return EndingTests.Run(arguments[1]);
            }
            if (Environment.GetEnvironmentVariable("NYMI_READY") == null)
            {
                Console.Error.WriteLine("set NYMI_READY to the first line of `nymi up --json`");
                return 2;
            }
            return RunTests(arguments);
        }

        /// <summary>Runs the tests whose names contain one of the words, or all.</summary>
        private static int RunTests(string[] words)
        {
            var tests = Assembly.GetExecutingAssembly().GetTypes()
                .SelectMany(type => type.GetMethods(BindingFlags.Instance | BindingFlags.NonPublic | BindingFlags.Public))
                .Where(method => method.GetCustomAttribute<TestAttribute>() != null)
                .Where(method => words.Length == 0 || words.Any(word => Name(method).Contains(word)))
                .OrderBy(Name, StringComparer.Ordinal)
                .ToList();
            var failed = tests.Count(test => !Passes(test));
            Console.WriteLine($"{tests.Count - failed} passed, {failed} failed");
            return failed == 0 && tests.Count > 0 ? 0 : 1;
        }

        private static bool Passes(MethodInfo test)
        {
            var began = Stopwatch.StartNew();
            try
            {
                test.Invoke(Activator.CreateInstance(test.DeclaringType, true), null);
                Console.WriteLine($"ok      {Name(test)} ({began.ElapsedMilliseconds} ms)");
                return true;
            }
            catch (TargetInvocationException why)
            {
                Console.WriteLine($"FAILED  {Name(test)}: {why.InnerException}");
                return false;
            }
        }

        private static string Name(MethodInfo test)
        {
            return $"{test.DeclaringType.Name}.{test.Name}";
        }
    }
}
