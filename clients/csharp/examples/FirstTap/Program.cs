using System;
using System.Threading.Tasks;
using Nymi;

static class Program {
    static void Main() => SignAsync().GetAwaiter().GetResult();

    static async Task SignAsync() {
        var user = Environment.GetEnvironmentVariable("NYMI_USER");
        var password = Environment.GetEnvironmentVariable("NYMI_PASSWORD");
        try {
            using (var nymi = new NymiClient("Records")) {
                // A real site has gold: leave the grade out.
                await nymi.InitAsync(new InitOptions { Username = user, Password = password, Grade = Grade.Bronze });
                await nymi.SubscribeAsync("127.0.0.1");
                Console.WriteLine("Tap your band.");
                var tap = await nymi.WaitTapAsync();
                var what = new AssertOptions { IntentId = tap.IntentId, Meaning = "approved" };
                var signed = await nymi.AssertIdentityAsync(tap.NymiBandId, what);
                Console.WriteLine($@"{signed.Domain}\{signed.Username}: {signed.Assertion}");
            }
        } catch (NymiException error) {
            Console.Error.WriteLine($"{error.Message}\n{error.Remedy}");
            Environment.ExitCode = 1;
        }
    }
}
