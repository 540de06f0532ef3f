<?php

const TOLERANCE_S = 300;

/** Standard Webhooks: webhook-id, webhook-timestamp, webhook-signature, and the body as it came. */
function verify_standard(string $secret, string $id, string $timestamp, string $signature, string $body): bool
{
    $key = base64_decode(preg_replace('/^whsec_/', '', $secret), true);
    if ($key === false || $key === '') {
        throw new InvalidArgumentException('the secret is empty, or is not base64');
    }
    if (!preg_match('/^[0-9]{1,12}$/D', $timestamp) || abs(time() - (int) $timestamp) > TOLERANCE_S) {
        return false;
    }
    $expected = 'v1,' . base64_encode(hash_hmac('sha256', "$id.$timestamp.$body", $key, true));
    foreach (explode(' ', $signature) as $one) {
        if (hash_equals($expected, $one)) {
            return true;
        }
    }
    return false;
}

/** HMAC-SHA256 of the body, in hex, in a header of the provider's: X-Acme-Signature. */
function verify_hmac(string $secret, string $signature, string $body): bool
{
    if ($secret === '') {
        throw new InvalidArgumentException('the secret is empty');
    }
    return hash_equals(hash_hmac('sha256', $body, $secret), $signature);
}
