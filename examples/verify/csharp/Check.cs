using System;
using System.IO;

public static class Check
{
    public static int Main(string[] args)
    {
        var secret = Environment.GetEnvironmentVariable("WEBHOOK_SECRET") ?? "";
        var signature = Environment.GetEnvironmentVariable("WEBHOOK_SIGNATURE") ?? "";
        var id = Environment.GetEnvironmentVariable("WEBHOOK_ID") ?? "";
        var timestamp = Environment.GetEnvironmentVariable("WEBHOOK_TIMESTAMP") ?? "";
        var input = new MemoryStream();
        Console.OpenStandardInput().CopyTo(input);
        var body = input.ToArray();
        var genuine = args[0] == "hmac"
            ? Verify.Hmac(secret, signature, body)
            : Verify.Standard(secret, id, timestamp, signature, body);
        Console.WriteLine(genuine ? "genuine" : "refused");
        return genuine ? 0 : 1;
    }
}
