using System;
using System.Globalization;
using System.Linq;
using System.Security.Cryptography;
using System.Text;

public static class Verify
{
    private const long ToleranceS = 300;

    /// <summary>Standard Webhooks: webhook-id, webhook-timestamp, webhook-signature, the body as it came.</summary>
    public static bool Standard(string secret, string id, string timestamp, string signature, byte[] body)
    {
        var key = Convert.FromBase64String(secret.StartsWith("whsec_", StringComparison.Ordinal) ? secret.Substring(6) : secret);
        if (!long.TryParse(timestamp, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds)) return false;
        if (Math.Abs(DateTimeOffset.UtcNow.ToUnixTimeSeconds() - seconds) > ToleranceS) return false;
        var signed = Encoding.UTF8.GetBytes($"{id}.{timestamp}.").Concat(body).ToArray();
        var expected = "v1," + Convert.ToBase64String(Digest(key, signed));
        return signature.Split(' ').Any(one => IsSame(one, expected));
    }

    /// <summary>HMAC-SHA256 of the body, in hex, in a header of the provider's: X-Acme-Signature.</summary>
    public static bool Hmac(string secret, string signature, byte[] body)
    {
        var digest = Digest(Encoding.UTF8.GetBytes(secret), body);
        return IsSame(signature, BitConverter.ToString(digest).Replace("-", "").ToLowerInvariant());
    }

    private static byte[] Digest(byte[] key, byte[] message)
    {
        if (key.Length == 0) throw new ArgumentException("the secret is empty");
        using (var hmac = new HMACSHA256(key)) return hmac.ComputeHash(message);
    }

    private static bool IsSame(string a, string b) =>
        CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(a), Encoding.UTF8.GetBytes(b));
}
