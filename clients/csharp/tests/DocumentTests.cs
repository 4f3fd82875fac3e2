using System;
using System.IO;
using System.Linq;

namespace Nymi.Tests
{
    internal sealed class DocumentTests
    {
        [Test]
        public void The_manual_prints_the_tested_programs_and_the_first_is_short()
        {
            var page = Sources.Read("docs/manual/csharp.md");
            foreach (var name in new[] { "TapToSign", "WhoTapped" })
            {
                var example = Sources.Read($"clients/csharp/examples/{name}/Program.cs");
                Check.True(page.Contains($"```csharp\n{example}```\n"), $"copy examples/{name}/Program.cs into docs/manual/csharp.md");
            }
            var first = Sources.Read("clients/csharp/examples/TapToSign/Program.cs");
            Check.Equal(page.IndexOf("```csharp\n", StringComparison.Ordinal), page.IndexOf($"```csharp\n{first}", StringComparison.Ordinal), "the first");
            Check.True(first.Count(one => one == '\n') < 30, "under 30 lines");
        }

        [Test]
        public void The_readme_shows_what_compiles()
        {
            var readme = Sources.Read("clients/csharp/README.md");
            var from = readme.IndexOf("```csharp\n", StringComparison.Ordinal) + "```csharp\n".Length;
            var shown = readme.Substring(from, readme.IndexOf("```", from, StringComparison.Ordinal) - from);
            const string Using = "using System; using System.Threading.Tasks; using Nymi;";
            var program = $"{Using} static class Shown {{ static async Task Run(string password) {{ {shown} }} }}";
            using (var folder = new TemporaryFolder())
            {
                var file = Path.Combine(folder.Path, "Shown.cs");
                File.WriteAllText(file, program);
                var nymi = typeof(NymiClient).Assembly.Location;
                var said = Programs.Run("mcs", $"-target:library -langversion:7 -reference:{nymi} {file}", "", out var code);
                Check.Equal(0, code, said);
            }
        }
    }
}
