using System;
using System.IO;
using System.Threading.Tasks;
using Nymi;

static class Program {
    static void Main(string[] arguments) => SignAsync(arguments[0]).GetAwaiter().GetResult();

    static async Task SignAsync(string file) {
        var user = Environment.GetEnvironmentVariable("NYMI_USER");
        var password = Environment.GetEnvironmentVariable("NYMI_PASSWORD");
        try {
            using (var nymi = new NymiClient("Records")) {
                // A real site has gold: leave the grade out.
                await nymi.InitAsync(new InitOptions { Username = user, Password = password, Grade = Grade.Bronze });
                await nymi.SubscribeAsync("127.0.0.1");
                Console.WriteLine($"Tap your band to approve {file}.");
                var tap = await nymi.WaitTapAsync();
                var digest = System.Security.Cryptography.SHA256.Create().ComputeHash(File.ReadAllBytes(file));
                var what = new AssertOptions { IntentId = tap.IntentId, DocumentSha256 = digest, Meaning = "approved" };
                var signed = await nymi.AssertIdentityAsync(tap.NymiBandId, what);
                Console.WriteLine($@"{signed.Domain}\{signed.Username}: {signed.Assertion}");
            }
        } catch (NymiException error) {
            Console.Error.WriteLine($"{error.Message}\n{error.Remedy}");
            Environment.ExitCode = 1;
        }
    }
}
