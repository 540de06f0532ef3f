<?php

require __DIR__ . '/verify.php';

$secret = getenv('WEBHOOK_SECRET');
$signature = getenv('WEBHOOK_SIGNATURE');
$body = file_get_contents('php://stdin');
$genuine = $argv[1] === 'hmac'
    ? verify_hmac($secret, $signature, $body)
    : verify_standard($secret, getenv('WEBHOOK_ID'), getenv('WEBHOOK_TIMESTAMP'), $signature, $body);
echo $genuine ? "genuine\n" : "refused\n";
exit($genuine ? 0 : 1);
