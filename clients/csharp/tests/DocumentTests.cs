using System;
using System.IO;
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
