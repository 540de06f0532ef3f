tt webhooks register \
  --name="My Webhook" \
  --on="order.status.changed" \
  --url="https://your-server.com/webhook"
