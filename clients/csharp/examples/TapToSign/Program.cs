using System;
using System.IO;
using System.Security.Cryptography;
using System.Threading.Tasks;
using Nymi;

static class Program {
    static int Main(string[] arguments) {
        try { SignAsync(arguments[0]).GetAwaiter().GetResult(); return 0; }
        catch (NymiException error) { Console.Error.WriteLine($"{error.Message}\n{error.Remedy}"); return 1; }
    }

    static async Task SignAsync(string file) {
        var user = Environment.GetEnvironmentVariable("NYMI_USER");
        var password = Environment.GetEnvironmentVariable("NYMI_PASSWORD");
        using (var sha256 = SHA256.Create())
        using (var nymi = new NymiClient("Records")) {
            await nymi.InitAsync(new InitOptions { Username = user, Password = password, Grade = Grade.Bronze }); // a real site has gold: leave it out
            await nymi.SubscribeAsync("127.0.0.1");
            Console.WriteLine($"Tap your band to approve {file}.");
            var tap = await nymi.WaitTapAsync(TimeSpan.FromSeconds(60));
            var digest = sha256.ComputeHash(File.ReadAllBytes(file));
            var what = new AssertOptions { IntentId = tap.IntentId, DocumentSha256 = digest, Meaning = "approved" };
            var signed = await nymi.AssertIdentityAsync(tap.NymiBandId, what);
            File.WriteAllText(file + ".jws", signed.Assertion);
            Console.WriteLine($@"{signed.Domain}\{signed.Username} approved it at {signed.VerifiedAt:u}.");
        }
    }
}
