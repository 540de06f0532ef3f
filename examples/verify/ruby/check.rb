require_relative "verify"

message = {
  secret: ENV.fetch("WEBHOOK_SECRET"),
  signature: ENV.fetch("WEBHOOK_SIGNATURE"),
  body: $stdin.binmode.read
}
genuine =
  if ARGV.first == "hmac"
    Verify.hmac(**message)
  else
    id, timestamp = ENV.fetch("WEBHOOK_ID"), ENV.fetch("WEBHOOK_TIMESTAMP")
    Verify.standard(id: id, timestamp: timestamp, **message)
  end
puts genuine ? "genuine" : "refused"
exit genuine
