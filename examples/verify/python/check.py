import os
import sys

from verify import verify_hmac, verify_standard

secret = os.environ["WEBHOOK_SECRET"]
signature = os.environ["WEBHOOK_SIGNATURE"]
body = sys.stdin.buffer.read()
if sys.argv[1] == "hmac":
    genuine = verify_hmac(secret, signature, body)
else:
    event_id, timestamp = os.environ["WEBHOOK_ID"], os.environ["WEBHOOK_TIMESTAMP"]
    genuine = verify_standard(secret, event_id, timestamp, signature, body)
print("genuine" if genuine else "refused")
sys.exit(0 if genuine else 1)
