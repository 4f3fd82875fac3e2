using System;
using System.Threading.Tasks;
using Nymi;

static class Program
{
    static int Main()
    {
        try { ListenAsync().GetAwaiter().GetResult(); return 0; }
        catch (NymiException error) { Console.Error.WriteLine($"{error.Message}\n{error.Remedy}"); return 1; }
    }

    static async Task ListenAsync()
    {
        var user = Environment.GetEnvironmentVariable("NYMI_USER");
        var password = Environment.GetEnvironmentVariable("NYMI_PASSWORD");
        using (var nymi = new NymiClient("Records"))
        {
            nymi.Tap += (_, tap) => Show(nymi, tap);
            nymi.Presence += (_, band) => { if (band.Before != band.After) Console.WriteLine($"{band.NymiBandId} is here: {band.After}."); };
            nymi.Failed += (_, failure) => Console.Error.WriteLine(failure.Error.Message);
            // A real site has gold: leave the grade out.
            await nymi.InitAsync(new InitOptions { Username = user, Password = password, Grade = Grade.Bronze });
            await nymi.SubscribeAsync("127.0.0.1");
            Console.WriteLine("Tap a band, or press Enter to end.");
            Console.ReadLine();
        }
    }

    // Runs on the thread pool, and may wait for operations. What it lets through would end the program.
    static void Show(NymiClient nymi, TapEvent tap)
    {
        try
        {
            foreach (var row in nymi.LookupAsync(new LookupQuery { NymiBandId = tap.NymiBandId }).GetAwaiter().GetResult())
            {
                Console.WriteLine($@"{row.Domain}\{row.Username} tapped ({tap.Method}).");
            }
        }
        catch (NymiException error) { Console.Error.WriteLine(error.Message); }
        catch (ObjectDisposedException) { } // Enter was pressed meanwhile.
    }
}
