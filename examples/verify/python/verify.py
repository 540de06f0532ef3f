import base64
import hashlib
import hmac
import re
import time

TOLERANCE_S = 300


def verify_standard(secret: str, event_id: str, timestamp: str, signature: str, body: bytes) -> bool:
    """Standard Webhooks: webhook-id, webhook-timestamp, webhook-signature, the body as it came."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    if not key:
        raise ValueError("the secret is empty")
    if not re.fullmatch("[0-9]{1,12}", timestamp):
        return False
    if abs(time.time() - int(timestamp)) > TOLERANCE_S:
        return False
    digest = hmac.new(key, f"{event_id}.{timestamp}.".encode() + body, hashlib.sha256).digest()
    expected = b"v1," + base64.b64encode(digest)
    return any(hmac.compare_digest(one.encode(), expected) for one in signature.split(" "))


def verify_hmac(secret: str, signature: str, body: bytes) -> bool:
    """HMAC-SHA256 of the body, in hex, in a header of the provider's: X-Acme-Signature."""
    if not secret:
        raise ValueError("the secret is empty")
    expected = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(signature.encode(), expected.encode())
