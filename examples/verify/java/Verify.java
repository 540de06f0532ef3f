import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.time.Instant;
import java.util.Base64;
import java.util.HexFormat;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

public final class Verify {
  private static final long TOLERANCE_S = 300;

  /** Standard Webhooks: webhook-id, webhook-timestamp, webhook-signature, the body as it came. */
  public static boolean standard(
      String secret, String id, String timestamp, String signature, byte[] body)
      throws GeneralSecurityException {
    byte[] key = Base64.getDecoder().decode(secret.replaceFirst("^whsec_", ""));
    if (!timestamp.matches("[0-9]{1,12}")) return false;
    long ageS = Instant.now().getEpochSecond() - Long.parseLong(timestamp);
    if (Math.abs(ageS) > TOLERANCE_S) return false;
    byte[] digest = hmac(key, bytes(id + "." + timestamp + "."), body);
    String expected = "v1," + Base64.getEncoder().encodeToString(digest);
    boolean genuine = false;
    for (String one : signature.split(" ")) genuine |= isSame(one, expected);
    return genuine;
  }

  /** HMAC-SHA256 of the body, in hex, in a header of the provider's: X-Acme-Signature. */
  public static boolean hmac(String secret, String signature, byte[] body)
      throws GeneralSecurityException {
    return isSame(signature, HexFormat.of().formatHex(hmac(bytes(secret), new byte[0], body)));
  }

  private static byte[] hmac(byte[] key, byte[] head, byte[] body) throws GeneralSecurityException {
    Mac mac = Mac.getInstance("HmacSHA256");
    mac.init(new SecretKeySpec(key, "HmacSHA256")); // throws when the key is empty
    mac.update(head);
    return mac.doFinal(body);
  }

  private static boolean isSame(String a, String b) {
    return MessageDigest.isEqual(bytes(a), bytes(b));
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }
}
