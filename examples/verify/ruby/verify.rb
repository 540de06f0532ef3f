require "openssl"

module Verify
  TOLERANCE_S = 300

  # Standard Webhooks: webhook-id, webhook-timestamp, webhook-signature, and the body as it came.
  def self.standard(secret:, id:, timestamp:, signature:, body:)
    key = secret.delete_prefix("whsec_").unpack1("m0")
    raise ArgumentError, "the secret is empty" if key.empty?
    return false unless timestamp.match?(/\A[0-9]{1,12}\z/)
    return false if (Time.now.to_i - timestamp.to_i).abs > TOLERANCE_S

    digest = OpenSSL::HMAC.digest("SHA256", key, "#{id}.#{timestamp}.".b + body.b)
    expected = "v1,#{[digest].pack("m0")}"
    signature.split(" ").any? { |one| OpenSSL.secure_compare(one, expected) }
  end

  # HMAC-SHA256 of the body, in hex, in a header of the provider's: X-Acme-Signature.
  def self.hmac(secret:, signature:, body:)
    raise ArgumentError, "the secret is empty" if secret.empty?

    OpenSSL.secure_compare(signature, OpenSSL::HMAC.hexdigest("SHA256", secret, body))
  end
end
