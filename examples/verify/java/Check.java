public final class Check {
  public static void main(String[] args) throws Exception {
    String secret = System.getenv("WEBHOOK_SECRET");
    String signature = System.getenv("WEBHOOK_SIGNATURE");
    byte[] body = System.in.readAllBytes();
    boolean genuine =
        args[0].equals("hmac")
            ? Verify.hmac(secret, signature, body)
            : Verify.standard(
                secret,
                System.getenv("WEBHOOK_ID"),
                System.getenv("WEBHOOK_TIMESTAMP"),
                signature,
                body);
    System.out.println(genuine ? "genuine" : "refused");
    System.exit(genuine ? 0 : 1);
  }
}
