curl -X POST "https://api.tracktile.io/hooks/{id}/test" \
  -H "Authorization: Bearer api-YOUR_TOKEN_HERE"
