const crypto = require('crypto');

function verifySignature(rawBody, secret, signatureHeader) {
  const computed = crypto
    .createHmac('sha256', secret)
    .update(rawBody)
    .digest('hex');

  return crypto.timingSafeEqual(
    Buffer.from(computed),
    Buffer.from(signatureHeader)
  );
}

// In your webhook handler
app.post('/webhooks/trackelio', (req, res) => {
  const signature = req.headers['x-trackelio-signature'];
  const isValid = verifySignature(req.rawBody, process.env.WEBHOOK_SECRET, signature);

  if (!isValid) {
    return res.status(401).send('Invalid signature');
  }

  const event = req.body;
  console.log('Received event:', event.type);

  // Handle the event
  res.status(200).send('OK');
});
