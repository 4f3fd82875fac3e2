using System;
using System.Linq;

namespace Nymi.Tests
{
    internal sealed class DocumentTests
    {
        [Test]
        public void The_manual_prints_the_tested_program_and_it_is_short()
        {
            var example = Sources.Read("clients/csharp/examples/TapToSign/Program.cs");
            var page = Sources.Read("docs/manual/csharp.md");
            Check.True(page.Contains($"```csharp\n{example}```\n"), "copy examples/TapToSign/Program.cs into docs/manual/csharp.md");
            var program = example.Substring(example.IndexOf("static class", StringComparison.Ordinal));
            Check.True(program.Count(one => one == '\n') < 30, "under 30 lines");
        }
    }
}
