curl -X PUT "https://api.tracktile.io/hooks/{id}" \
  -H "Authorization: Bearer api-YOUR_TOKEN_HERE" \
  -H "Content-Type: application/json" \
  -d '{
    "name": "Updated Webhook",
    "status": "paused"
  }'
