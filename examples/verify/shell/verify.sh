#!/usr/bin/env bash
# verify.sh standard|hmac < body
set -euo pipefail
trap '(($? == 0)) || echo refused' EXIT

tolerance_s=300

hex() { od -An -v -tx1 | tr -d ' \n'; }

# digest <key in hex>: HMAC-SHA256 of what comes in, as bytes
digest() { openssl dgst -sha256 -mac HMAC -macopt "hexkey:${1:?the secret is empty}" -binary; }

# Standard Webhooks: webhook-id, webhook-timestamp, webhook-signature, and the body as it came
standard() {
  local key now expected one signatures
  key=$(printf '%s' "${WEBHOOK_SECRET#whsec_}" | openssl base64 -d -A | hex)
  now=$(date +%s)
  [[ $WEBHOOK_TIMESTAMP =~ ^[1-9][0-9]{0,11}$ ]]
  ((now - WEBHOOK_TIMESTAMP <= tolerance_s && WEBHOOK_TIMESTAMP - now <= tolerance_s))
  expected=$({ printf '%s.%s.' "$WEBHOOK_ID" "$WEBHOOK_TIMESTAMP" && cat; } | digest "$key" | openssl base64 -A)
  read -ra signatures <<<"$WEBHOOK_SIGNATURE"
  for one in "${signatures[@]}"; do
    if [[ $one == "v1,$expected" ]]; then return 0; fi
  done
  return 1
}

# HMAC-SHA256 of the body, in hex, in a header of the provider's: X-Acme-Signature
hmac() {
  local key expected
  key=$(printf '%s' "$WEBHOOK_SECRET" | hex)
  expected=$(digest "$key" | hex)
  [[ $WEBHOOK_SIGNATURE == "$expected" ]]
}

"$1"
echo genuine
